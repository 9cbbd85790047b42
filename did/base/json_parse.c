/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/json.h"

#include <math.h>
#include <string.h>

#include "did/base/buf.h"
#include "did/base/json_names.h"
#include "did/base/json_num.h"
#include "did/base/json_string.h"
#include "did/base/json_tree.h"

#define NUMBER_MAX 512	/* characters of one literal */

/* A copy of the text is part of the tree: names and texts stay where they were read. */
struct reader {
	struct berth_json_cursor c;
	struct berth_json_home *home;
	unsigned depth;
	size_t values;
	bool exact;
};

static enum berth_err value(struct reader *r, struct berth_json **out);

static enum berth_err bad(const struct reader *r, const char *what) { return berth_json_bad(&r->c, what); }
static int peek(const struct reader *r) { return berth_json_peek(&r->c); }

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/* Apart, because mostly there is none; the NUL behind the text is none either. */
static __attribute__((noinline)) void skip_blanks(struct reader *r)
{
	while (is_space(*r->c.p))
		r->c.p++;
}

static inline void skip_space(struct reader *r)
{
	if ((unsigned char)*r->c.p <= ' ')
		skip_blanks(r);
}

static bool is_digit(int c) { return c >= '0' && c <= '9'; }

static enum berth_err node(struct reader *r, int type, struct berth_json **out)
{
	*out = berth_json_value(r->home, type);
	return *out ? BERTH_OK : berth_no_memory();
}

static enum berth_err word(struct reader *r, const char *text, int type, struct berth_json **out)
{
	size_t n = strlen(text);

	if ((size_t)(r->c.end - r->c.p) < n || memcmp(r->c.p, text, n))
		return bad(r, "unknown word");
	r->c.p += n;
	return node(r, type, out);
}

static const char *skip_digits(const char *p, const char *end)
{
	while (p < end && is_digit((unsigned char)*p))
		p++;
	return p;
}

/* RFC 8259 section 6; 0 when the text at p is no number. */
static size_t number_length(const char *p, const char *end)
{
	const char *start = p, *from;

	p += p < end && *p == '-';
	from = p;
	p = skip_digits(p, end);
	if (p == from || (*from == '0' && p - from > 1))
		return 0;
	if (p < end && *p == '.') {
		from = ++p;
		p = skip_digits(p, end);
		if (p == from)
			return 0;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		p += p < end && (*p == '+' || *p == '-');
		from = p;
		p = skip_digits(p, end);
		if (p == from)
			return 0;
	}
	return (size_t)(p - start);
}

static bool has_nonzero_digit(const char *s)
{
	s += strspn(s, "-0.");
	return *s >= '1' && *s <= '9';
}

/* What stands at the cursor, with a NUL behind it. */
static enum berth_err number_value(struct reader *r, double *v)
{
	*v = berth_json_num_parse(r->c.p);
	if (!isfinite(*v) || (*v == 0 && has_nonzero_digit(r->c.p)))
		return bad(r, "number out of range");
	if (r->exact && !berth_json_num_is_exact(r->c.p, *v))
		return bad(r, "integer that loses digits");
	return BERTH_OK;
}

static enum berth_err number(struct reader *r, struct berth_json **out)
{
	char *end = r->c.p + number_length(r->c.p, r->c.end), behind = *end;
	enum berth_err rc;
	double v;

	if (end == r->c.p || end - r->c.p > NUMBER_MAX)
		return bad(r, end == r->c.p ? "unexpected character" : "number is too long");
	*end = '\0';
	rc = number_value(r, &v);
	*end = behind;
	if (rc || (rc = node(r, cJSON_Number, out)))
		return rc;
	r->c.p = end;
	(*out)->c.valuedouble = v;
	return BERTH_OK;
}

static enum berth_err string(struct reader *r, struct berth_json **out)
{
	struct berth_json_text text;
	enum berth_err rc;

	if ((rc = berth_json_string_read(&r->c, &text)) || (rc = node(r, cJSON_String, out)))
		return rc;
	berth_json_give_text(*out, &text, cJSON_IsReference);
	return BERTH_OK;
}

/* Before each element but the first: the comma; at the end: the bracket. */
static enum berth_err more(struct reader *r, bool first, char close, bool *out)
{
	skip_space(r);
	*out = false;
	if (peek(r) == close) {
		r->c.p++;
		return BERTH_OK;
	}
	if (!first) {
		if (peek(r) != ',')
			return bad(r, "expected a comma");
		r->c.p++;
		skip_space(r);
	}
	*out = true;
	return BERTH_OK;
}

static enum berth_err elements(struct reader *r, struct berth_json *arr)
{
	struct berth_json *v;
	bool go, first = true;
	enum berth_err rc;

	for (; !(rc = more(r, first, ']', &go)) && go; first = false) {
		if ((rc = value(r, &v)))
			return rc;
		berth_json_append(arr, v);
	}
	return rc;
}

static enum berth_err colon(struct reader *r)
{
	skip_space(r);
	if (peek(r) != ':')
		return bad(r, "expected a colon");
	r->c.p++;
	return BERTH_OK;
}

static enum berth_err member(struct reader *r, struct berth_json *obj)
{
	struct berth_json_text name;
	struct berth_json *v;
	enum berth_err rc;

	if (peek(r) != '"')
		return bad(r, "expected a member name");
	if ((rc = berth_json_string_read(&r->c, &name)) || (rc = colon(r)) || (rc = value(r, &v)))
		return rc;
	berth_json_give_name(v, &name, cJSON_StringIsConst);
	berth_json_append(obj, v);
	return BERTH_OK;
}

static enum berth_err members(struct reader *r, struct berth_json *obj)
{
	size_t n = 0;
	enum berth_err rc;
	bool go;

	while (!(rc = more(r, n == 0, '}', &go)) && go) {
		if (n++ == BERTH_JSON_MEMBERS_MAX)
			return bad(r, "too many members");
		if ((rc = member(r, obj)))
			return rc;
	}
	if (!rc && n > 1 && !berth_json_names_differ(obj, n))
		rc = bad(r, "duplicate member in the object before");
	return rc;
}

static enum berth_err container(struct reader *r, int type, struct berth_json **out)
{
	enum berth_err rc;

	if (r->depth == BERTH_JSON_DEPTH_MAX)
		return bad(r, "nested too deep");
	if ((rc = node(r, type, out)))
		return rc;
	r->c.p++;
	r->depth++;
	rc = type == cJSON_Object ? members(r, *out) : elements(r, *out);
	r->depth--;
	return rc;
}

static enum berth_err value(struct reader *r, struct berth_json **out)
{
	skip_space(r);
	if (r->values++ == BERTH_JSON_VALUES_MAX)
		return bad(r, "too many values");
	switch (peek(r)) {
	case '{': return container(r, cJSON_Object, out);
	case '[': return container(r, cJSON_Array, out);
	case '"': return string(r, out);
	case 't': return word(r, "true", cJSON_True, out);
	case 'f': return word(r, "false", cJSON_False, out);
	case 'n': return word(r, "null", cJSON_NULL, out);
	case -1: return bad(r, "unfinished text");
	default: return number(r, out);
	}
}

/* What a text is likely to need: a value in 32 bytes of it, but a long one has long texts. */
static size_t room_for(size_t n)
{
	size_t values = 8 + (n < 1024 ? n : 1024) / 32;

	return n + 1 + values * sizeof(struct berth_json);
}

static enum berth_err copy_text(struct reader *r, const char *p, size_t n)
{
	r->home = n <= BERTH_BUF_MAX ? berth_json_home_new(room_for(n)) : NULL;
	r->c.p = r->c.start = r->home ? berth_json_home_take(r->home, n + 1) : NULL;
	if (!r->c.p)
		return berth_fail(BERTH_E_NOMEM, "json text: %zu bytes", n);
	if (n)
		memcpy(r->c.p, p, n);
	r->c.end = r->c.p + n;
	*r->c.end = '\0';
	return BERTH_OK;
}

static enum berth_err whole(struct reader *r, struct berth_json **out)
{
	enum berth_err rc = value(r, out);

	if (rc)
		return rc;
	skip_space(r);
	return r->c.p == r->c.end ? BERTH_OK : bad(r, "text behind the value");
}

static enum berth_err parse(struct berth_json **out, const char *p, size_t n, size_t max, bool exact)
{
	struct reader r = { .exact = exact };
	enum berth_err rc;

	*out = NULL;
	if (n > max)
		return berth_fail(BERTH_E_SIZE, "json text: %zu bytes", n);
	if ((rc = copy_text(&r, p, n)) || (rc = whole(&r, out))) {
		berth_json_home_free(r.home);
		*out = NULL;
	}
	return rc;
}

enum berth_err berth_json_parse(struct berth_json **out, const char *p, size_t n, size_t max)
{
	return parse(out, p, n, max, false);
}

enum berth_err berth_json_parse_exact(struct berth_json **out, const char *p, size_t n, size_t max)
{
	return parse(out, p, n, max, true);
}

enum berth_err berth_json_parse_object(struct berth_json **out, const char *p, size_t n, size_t max)
{
	enum berth_err rc = parse(out, p, n, max, false);

	if (!rc && !berth_json_is(*out, BERTH_JSON_OBJECT)) {
		berth_json_free(*out);
		*out = NULL;
		rc = berth_fail(BERTH_E_TYPE, "json text: not an object");
	}
	return rc;
}

enum berth_err berth_json_check(const char *p, size_t n, size_t max)
{
	struct berth_json *v;
	enum berth_err rc = parse(&v, p, n, max, false);

	berth_json_free(v);
	return rc;
}
