/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/json.h"

#include <string.h>

#include "did/base/json_tree.h"
#include "did/base/utf8.h"

#define INDENT 2
#define ROOM 1024	/* to begin with; the C library keeps blocks up to this size at hand */

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

/* Apart, so that it does not slow down what most texts are. */
__attribute__((noinline)) static void
print_escaped(struct berth_buf *out, bool comma, const char *s, size_t n, bool colon)
{
	const char *run = s, *end = s + n;

	berth_buf_str(out, comma ? ",\"" : "\"");
	while ((s += berth_utf8_plain_run(s, end)) < end) {
		if ((unsigned char)*s < 0x80) {
			berth_buf_put(out, run, (size_t)(s - run));
			put_escaped(out, (unsigned char)*s);
			run = s + 1;
		}
		s++;
	}
	berth_buf_put(out, run, (size_t)(s - run));
	berth_buf_str(out, colon ? "\":" : "\"");
}

/* With a comma before it, or a colon behind it; mostly there is nothing to escape. */
static void print_text(struct berth_buf *out, bool comma, struct berth_json_text t, bool colon)
{
	uint8_t *at = t.plain ? berth_buf_grow(out, comma + t.len + 2 + colon) : NULL;

	if (!at) {
		print_escaped(out, comma, t.s, t.len, colon);
		return;
	}
	if (comma)
		*at++ = ',';
	at[0] = at[t.len + 1] = '"';
	memcpy(at + 1, t.s, t.len);
	if (colon)
		at[t.len + 2] = ':';
}

void berth_json_print_str(struct berth_buf *out, const char *s)
{
	size_t n = strlen(s);
	bool plain = berth_utf8_plain_run(s, s + n) == n;

	print_text(out, false, (struct berth_json_text){ (char *)(uintptr_t)s, n, plain }, false);
}

void berth_json_print_name(struct berth_buf *out, bool comma, const struct berth_json *member)
{
	print_text(out, comma, berth_json_name_of(member), true);
}

static void new_line(struct berth_buf *out, int depth)
{
	berth_buf_u8(out, '\n');
	for (int i = 0; i < depth * INDENT; i++)
		berth_buf_u8(out, ' ');
}

/* depth < 0: everything on one line without blanks. */
static void print(struct berth_buf *out, const struct berth_json *v, int depth);

/* What stands between the ones inside; true: the name of the next has a comma before it. */
static bool print_between(struct berth_buf *out, bool first, bool object, int inner)
{
	if (inner < 0 && object)
		return !first;
	if (!first)
		berth_buf_u8(out, ',');
	if (inner >= 0)
		new_line(out, inner);
	return false;
}

static void print_children(struct berth_buf *out, const struct berth_json *v, int depth)
{
	bool object = berth_json_type(v) == cJSON_Object, comma;
	const struct berth_json *first = berth_json_child(v);
	int inner = depth < 0 ? depth : depth + 1;

	berth_buf_u8(out, object ? '{' : '[');
	berth_json_each(it, v) {
		comma = print_between(out, it == first, object, inner);
		if (object)
			berth_json_print_name(out, comma, it);
		if (object && depth >= 0)
			berth_buf_u8(out, ' ');
		print(out, it, inner);
	}
	if (depth >= 0 && first)
		new_line(out, depth);
	berth_buf_u8(out, object ? '}' : ']');
}

static void print(struct berth_buf *out, const struct berth_json *v, int depth)
{
	switch (v ? berth_json_type(v) : cJSON_NULL) {
	case cJSON_String:
		print_text(out, false, berth_json_text_of(v), false);
		break;
	case cJSON_Array:
	case cJSON_Object:
		print_children(out, v, depth);
		break;
	case cJSON_Number:
		berth_json_print_num(out, v->c.valuedouble);
		break;
	case cJSON_True:
		berth_buf_str(out, "true");
		break;
	case cJSON_False:
		berth_buf_str(out, "false");
		break;
	default:
		berth_buf_str(out, "null");
	}
}

enum berth_err berth_json_print(struct berth_buf *out, const struct berth_json *v)
{
	if (!out->cap && berth_json_first(v))
		berth_buf_room(out, ROOM - 1);
	print(out, v, -1);
	return berth_buf_status(out);
}

enum berth_err berth_json_print_pretty(struct berth_buf *out, const struct berth_json *v)
{
	print(out, v, 0);
	return berth_buf_status(out);
}
