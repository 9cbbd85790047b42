/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/json.h"

#include <string.h>

#include "did/base/utf8.h"

#define INDENT 2

/* RFC 8785 3.2.2.2: "\b \t \n \f \r", "\"" and "\\" by name, other control
 * characters as \u00xx in lower case, everything else as it is. */
static void put_escaped(struct berth_buf *out, unsigned char c)
{
	static const char from[] = "\b\t\n\f\r\"\\", to[] = "btnfr\"\\";
	const char *at = strchr(from, c);

	if (at)
		berth_buf_printf(out, "\\%c", to[at - from]);
	else
		berth_buf_printf(out, "\\u%04x", c);
}

/* What most strings are: nothing to escape.  False: it is another. */
static bool print_plain(struct berth_buf *out, const char *s, size_t n)
{
	uint8_t *at = berth_utf8_plain_run(s, s + n) == n ? berth_buf_grow(out, n + 2) : NULL;

	if (!at)
		return false;
	at[0] = at[n + 1] = '"';
	memcpy(at + 1, s, n);
	return true;
}

void berth_json_print_str(struct berth_buf *out, const char *s)
{
	const char *run = s, *end = s + strlen(s);

	if (print_plain(out, s, (size_t)(end - s)))
		return;
	berth_buf_u8(out, '"');
	while ((s += berth_utf8_plain_run(s, end)) < end) {
		if ((unsigned char)*s < 0x80) {
			berth_buf_put(out, run, (size_t)(s - run));
			put_escaped(out, (unsigned char)*s);
			run = s + 1;
		}
		s++;
	}
	berth_buf_put(out, run, (size_t)(s - run));
	berth_buf_u8(out, '"');
}

static void new_line(struct berth_buf *out, int depth)
{
	berth_buf_u8(out, '\n');
	for (int i = 0; i < depth * INDENT; i++)
		berth_buf_u8(out, ' ');
}

/* depth < 0: everything on one line without blanks. */
static void print(struct berth_buf *out, const struct berth_json *v, int depth);

static void print_children(struct berth_buf *out, const struct berth_json *v, int depth)
{
	bool object = berth_json_is(v, BERTH_JSON_OBJECT), first = true;
	int inner = depth < 0 ? depth : depth + 1;

	berth_buf_u8(out, object ? '{' : '[');
	berth_json_each(it, v) {
		if (!first)
			berth_buf_u8(out, ',');
		first = false;
		if (depth >= 0)
			new_line(out, inner);
		if (object) {
			berth_json_print_str(out, berth_json_key(it));
			berth_buf_u8(out, ':');
			if (depth >= 0)
				berth_buf_u8(out, ' ');
		}
		print(out, it, inner);
	}
	if (depth >= 0 && !first)
		new_line(out, depth);
	berth_buf_u8(out, object ? '}' : ']');
}

static void print(struct berth_buf *out, const struct berth_json *v, int depth)
{
	switch (berth_json_kind(v)) {
	case BERTH_JSON_NULL:
		berth_buf_str(out, "null");
		break;
	case BERTH_JSON_BOOL:
		berth_buf_str(out, berth_json_bool(v, false) ? "true" : "false");
		break;
	case BERTH_JSON_NUMBER:
		berth_json_print_num(out, berth_json_num(v));
		break;
	case BERTH_JSON_STRING:
		berth_json_print_str(out, berth_json_str(v));
		break;
	default:
		print_children(out, v, depth);
	}
}

enum berth_err berth_json_print(struct berth_buf *out, const struct berth_json *v)
{
	print(out, v, -1);
	return berth_buf_status(out);
}

enum berth_err berth_json_print_pretty(struct berth_buf *out, const struct berth_json *v)
{
	print(out, v, 0);
	return berth_buf_status(out);
}
