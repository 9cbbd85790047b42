/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "did/base/hex.h"
#include "did/base/json_num.h"
#include "did/base/secret.h"
#include "did/base/utf8.h"

#define NUMBER_MAX 512	/* characters of one literal */

/* The reader builds the tree itself, so there is no second opinion on what the
 * bytes mean. */
struct reader {
	const char *p, *start, *end;
	unsigned depth;
	size_t values;
	bool exact;
};

static enum berth_err value(struct reader *r, cJSON **out);

static enum berth_err bad(const struct reader *r, const char *what)
{
	return berth_fail(BERTH_E_JSON, "%s: byte %zu", what, (size_t)(r->p - r->start));
}

static int peek(const struct reader *r)
{
	return r->p < r->end ? (unsigned char)*r->p : -1;
}

static void skip_space(struct reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
		r->p++;
}

static bool is_digit(int c) { return c >= '0' && c <= '9'; }

static enum berth_err node(cJSON **out, int type)
{
	cJSON *v = cJSON_CreateNull();

	if (!v)
		return berth_fail(BERTH_E_NOMEM, "json value");
	v->type = type;
	*out = v;
	return BERTH_OK;
}

static enum berth_err word(struct reader *r, cJSON **out, const char *text, int type)
{
	size_t n = strlen(text);

	if ((size_t)(r->end - r->p) < n || memcmp(r->p, text, n))
		return bad(r, "unknown word");
	r->p += n;
	return node(out, type);
}

static const char *skip_digits(const char *p, const char *end)
{
	while (p < end && is_digit((unsigned char)*p))
		p++;
	return p;
}

/* RFC 8259 section 6; NULL when the text at p is no number. */
static const char *number_end(const char *p, const char *end)
{
	const char *from;

	p += p < end && *p == '-';
	from = p;
	p = skip_digits(p, end);
	if (p == from || (*from == '0' && p - from > 1))
		return NULL;
	if (p < end && *p == '.') {
		from = ++p;
		p = skip_digits(p, end);
		if (p == from)
			return NULL;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		p += p < end && (*p == '+' || *p == '-');
		from = p;
		p = skip_digits(p, end);
		if (p == from)
			return NULL;
	}
	return p;
}

static bool has_nonzero_digit(const char *s)
{
	s += strspn(s, "-0.");
	return *s >= '1' && *s <= '9';
}

static enum berth_err number(struct reader *r, cJSON **out)
{
	char literal[NUMBER_MAX + 1];
	const char *end = number_end(r->p, r->end);
	size_t n = end ? (size_t)(end - r->p) : 0;
	enum berth_err rc;
	double v;

	if (!n || n > NUMBER_MAX)
		return bad(r, n ? "number is too long" : "unexpected character");
	memcpy(literal, r->p, n);
	literal[n] = '\0';
	v = berth_json_num_parse(literal);
	if (!isfinite(v) || (v == 0 && has_nonzero_digit(literal)))
		return bad(r, "number out of range");
	if (r->exact && !berth_json_num_is_exact(literal, v))
		return bad(r, "integer that loses digits");
	rc = node(out, cJSON_Number);
	if (rc)
		return rc;
	r->p = end;
	(*out)->valuedouble = v;
	return BERTH_OK;
}

static bool hex4(const struct reader *r, uint32_t *out)
{
	uint32_t v = 0;

	if (r->end - r->p < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		int digit = berth_hex_digit(r->p[i]);

		if (digit < 0)
			return false;
		v = v << 4 | (uint32_t)digit;
	}
	*out = v;
	return true;
}

/* What follows "\u", one or two escapes. */
static enum berth_err unicode_escape(struct reader *r, char **w)
{
	uint32_t hi, lo;

	if (!hex4(r, &hi))
		return bad(r, "bad \\u escape");
	if (!hi)
		return bad(r, "\\u0000");
	r->p += 4;
	if (hi >= 0xdc00 && hi <= 0xdfff)
		return bad(r, "lone surrogate");
	if (hi >= 0xd800 && hi <= 0xdbff) {
		if (r->end - r->p < 2 || r->p[0] != '\\' || r->p[1] != 'u')
			return bad(r, "lone surrogate");
		r->p += 2;
		if (!hex4(r, &lo) || lo < 0xdc00 || lo > 0xdfff)
			return bad(r, "lone surrogate");
		r->p += 4;
		hi = 0x10000 + ((hi - 0xd800) << 10) + (lo - 0xdc00);
	}
	*w += berth_utf8_put(*w, hi);
	return BERTH_OK;
}

static enum berth_err escape(struct reader *r, char **w)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at;

	r->p++;
	if (peek(r) == 'u') {
		r->p++;
		return unicode_escape(r, w);
	}
	at = peek(r) > 0 ? strchr(from, *r->p) : NULL;
	if (!at)
		return bad(r, "bad escape");
	*(*w)++ = to[at - from];
	r->p++;
	return BERTH_OK;
}

/* How many of the bytes at p stand for themselves in a string: ASCII but for
 * control characters, quotes and backslashes.  Eight at a time: in each byte of
 * the sums the top bit says that it is one of those. */
static size_t plain_run(const char *p, const char *end)
{
	const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
	const char *from = p;
	uint64_t x, quote, slash;

	for (; end - p >= 8; p += 8) {
		memcpy(&x, p, 8);
		quote = x ^ ones * '"';
		slash = x ^ ones * '\\';
		if ((x | (x - ones * 0x20) | (quote - ones) | (slash - ones)) & tops)
			break;
	}
	while (p < end && (uint8_t)*p >= 0x20 && (uint8_t)*p < 0x80 && *p != '"' && *p != '\\')
		p++;
	return (size_t)(p - from);
}

/* Decodes up to the closing quote; nothing is longer decoded than written. */
static enum berth_err decode(struct reader *r, char *w)
{
	enum berth_err rc;
	size_t n;

	for (;;) {
		n = plain_run(r->p, r->end);
		memcpy(w, r->p, n);
		w += n;
		r->p += n;
		if (peek(r) == '"')
			break;
		if (peek(r) == '\\') {
			rc = escape(r, &w);
			if (rc)
				return rc;
			continue;
		}
		if (peek(r) < 0x20)
			return bad(r, peek(r) < 0 ? "unfinished string" : "control character");
		n = berth_utf8_next(r->p, (size_t)(r->end - r->p), NULL);
		if (!n)
			return bad(r, "bad UTF-8");
		memcpy(w, r->p, n);
		w += n;
		r->p += n;
	}
	r->p++;
	*w = '\0';
	return BERTH_OK;
}

/* Bytes to the closing quote, or to the end of the input. */
static size_t raw_length(const struct reader *r)
{
	const char *p = r->p;

	for (;;) {
		p += plain_run(p, r->end);
		if (p == r->end || *p == '"')
			return (size_t)(p - r->p);
		p += *p == '\\' && p + 1 < r->end ? 2 : 1;
	}
}

static enum berth_err string(struct reader *r, char **out)
{
	enum berth_err rc;
	char *s;
	size_t cap;

	r->p++;
	cap = raw_length(r) + 1;
	s = cJSON_malloc(cap);
	if (!s)
		return berth_fail(BERTH_E_NOMEM, "json string");
	rc = decode(r, s);
	if (rc) {
		berth_wipe(s, cap);
		cJSON_free(s);
		return rc;
	}
	*out = s;
	return BERTH_OK;
}

static enum berth_err string_value(struct reader *r, cJSON **out)
{
	enum berth_err rc = node(out, cJSON_String);

	return rc ? rc : string(r, &(*out)->valuestring);
}

/* Before each element but the first: the comma; at the end: the bracket. */
static enum berth_err more(struct reader *r, const cJSON *v, char close, bool *out)
{
	skip_space(r);
	*out = false;
	if (peek(r) == close) {
		r->p++;
		return BERTH_OK;
	}
	if (v->child) {
		if (peek(r) != ',')
			return bad(r, "expected a comma");
		r->p++;
		skip_space(r);
	}
	*out = true;
	return BERTH_OK;
}

static enum berth_err elements(struct reader *r, cJSON *arr)
{
	enum berth_err rc;
	cJSON *v;
	bool go;

	while (!(rc = more(r, arr, ']', &go)) && go) {
		v = NULL;
		rc = value(r, &v);
		if (v)
			cJSON_AddItemToArray(arr, v);
		if (rc)
			break;
	}
	return rc;
}

static enum berth_err member(struct reader *r, cJSON *obj)
{
	enum berth_err rc;
	char *key = NULL;
	cJSON *v = NULL;

	if (peek(r) != '"')
		return bad(r, "expected a member name");
	rc = string(r, &key);
	if (rc)
		return rc;
	skip_space(r);
	if (peek(r) != ':') {
		rc = bad(r, "expected a colon");
		goto out;
	}
	r->p++;
	rc = value(r, &v);
	if (v) {
		v->string = key;
		key = NULL;
		cJSON_AddItemToArray(obj, v);
	}
out:
	cJSON_free(key);
	return rc;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum berth_err no_duplicates(const struct reader *r, const cJSON *obj)
{
	const char *names[BERTH_JSON_MEMBERS_MAX];
	size_t n = 0;

	for (const cJSON *m = obj->child; m; m = m->next)
		names[n++] = m->string;
	qsort(names, n, sizeof(names[0]), by_text);
	for (size_t i = 1; i < n; i++)
		if (!strcmp(names[i - 1], names[i]))
			return bad(r, "duplicate member in the object before");
	return BERTH_OK;
}

static enum berth_err members(struct reader *r, cJSON *obj)
{
	enum berth_err rc;
	size_t n = 0;
	bool go;

	while (!(rc = more(r, obj, '}', &go)) && go) {
		if (n++ == BERTH_JSON_MEMBERS_MAX)
			return bad(r, "too many members");
		rc = member(r, obj);
		if (rc)
			return rc;
	}
	return rc || n < 2 ? rc : no_duplicates(r, obj);
}

static enum berth_err container(struct reader *r, cJSON **out, int type)
{
	enum berth_err rc;

	if (r->depth == BERTH_JSON_DEPTH_MAX)
		return bad(r, "nested too deep");
	rc = node(out, type);
	if (rc)
		return rc;
	r->p++;
	r->depth++;
	rc = type == cJSON_Object ? members(r, *out) : elements(r, *out);
	r->depth--;
	return rc;
}

/* *out may be set on failure too; it is the caller's in every case. */
static enum berth_err value(struct reader *r, cJSON **out)
{
	skip_space(r);
	if (r->values++ == BERTH_JSON_VALUES_MAX)
		return bad(r, "too many values");
	switch (peek(r)) {
	case '{': return container(r, out, cJSON_Object);
	case '[': return container(r, out, cJSON_Array);
	case '"': return string_value(r, out);
	case 't': return word(r, out, "true", cJSON_True);
	case 'f': return word(r, out, "false", cJSON_False);
	case 'n': return word(r, out, "null", cJSON_NULL);
	case -1: return bad(r, "unfinished text");
	default: return number(r, out);
	}
}

static enum berth_err parse(struct berth_json **out, const char *p, size_t n, size_t max, bool exact)
{
	struct reader r = { .p = p, .start = p, .end = n ? p + n : p, .exact = exact };
	enum berth_err rc;
	cJSON *root = NULL;

	*out = NULL;
	if (n > max)
		return berth_fail(BERTH_E_SIZE, "json text: %zu bytes", n);
	rc = value(&r, &root);
	if (!rc) {
		skip_space(&r);
		if (r.p != r.end)
			rc = bad(&r, "text behind the value");
	}
	if (rc)
		berth_json_free((struct berth_json *)root);
	else
		*out = (struct berth_json *)root;
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
	enum berth_err rc = berth_json_parse(out, p, n, max);

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
	enum berth_err rc = berth_json_parse(&v, p, n, max);

	berth_json_free(v);
	return rc;
}
