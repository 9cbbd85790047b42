/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/json.h"

#include <string.h>

#include "did/base/json_tree.h"
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

static void print_escaped(struct berth_buf *out, const char *s, size_t n)
{
	const char *run = s, *end = s + n;

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

/* Most have nothing to escape. */
static void print_text(struct berth_buf *out, struct berth_json_text t, bool name)
{
	uint8_t *at = t.plain ? berth_buf_grow(out, t.len + 2 + name) : NULL;

	if (at) {
		at[0] = at[t.len + 1] = '"';
		memcpy(at + 1, t.s, t.len);
		if (name)
			at[t.len + 2] = ':';
		return;
	}
	print_escaped(out, t.s, t.len);
	if (name)
		berth_buf_u8(out, ':');
}

void berth_json_print_str(struct berth_buf *out, const char *s)
{
	size_t n = strlen(s);

	print_text(out, (struct berth_json_text){ (char *)(uintptr_t)s, n, berth_utf8_plain_run(s, s + n) == n }, false);
}

void berth_json_print_name(struct berth_buf *out, const struct berth_json *member)
{
	print_text(out, berth_json_name_of(member), true);
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
			berth_json_print_name(out, it);
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
		print_text(out, berth_json_text_of(v), false);
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
