/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/json.h"

#include <string.h>

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

void berth_json_print_str(struct berth_buf *out, const char *s)
{
	const char *run = s;

	berth_buf_u8(out, '"');
	for (; *s; s++) {
		if ((unsigned char)*s >= 0x20 && *s != '"' && *s != '\\')
			continue;
		berth_buf_put(out, run, (size_t)(s - run));
		put_escaped(out, (unsigned char)*s);
		run = s + 1;
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
			berth_buf_str(out, depth < 0 ? ":" : ": ");
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
