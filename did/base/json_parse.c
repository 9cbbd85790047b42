/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "did/base/buf.h"
#include "did/base/hex.h"
#include "did/base/json_num.h"
#include "did/base/secret.h"
#include "did/base/utf8.h"

#define NUMBER_MAX 512	/* characters of one literal */

/* The reader builds the tree itself, so there is no second opinion on what the
 * bytes mean.  What is not wanted in the tree is read by the same code, with no place
 * to put it. */
struct reader {
	const char *p, *start, *end;
	unsigned depth;
	size_t values;
	bool exact;
	const char *const *only;	/* the root's members that are wanted, NULL: all */
	struct berth_buf names;		/* of the open objects that are not built as a whole */
};

/* out NULL: only checked. */
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
	cJSON *v = out ? cJSON_CreateNull() : NULL;

	if (!out)
		return BERTH_OK;
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
	if (out)
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

static void keep(char **w, const char *p, size_t n)
{
	if (!*w)
		return;
	memcpy(*w, p, n);
	*w += n;
}

/* What follows "\u", one or two escapes. */
static enum berth_err unicode_escape(struct reader *r, char **w)
{
	uint32_t hi, lo;
	char utf8[4];

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
	keep(w, utf8, berth_utf8_put(utf8, hi));
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
	keep(w, to + (at - from), 1);
	r->p++;
	return BERTH_OK;
}

/* Decodes up to the closing quote; nothing is longer decoded than written.  w NULL:
 * only checks. */
static enum berth_err decode(struct reader *r, char *w)
{
	enum berth_err rc;
	size_t n;

	for (;;) {
		n = berth_utf8_plain_run(r->p, r->end);
		keep(&w, r->p, n);
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
		keep(&w, r->p, n);
		r->p += n;
	}
	r->p++;
	if (w)
		*w = '\0';
	return BERTH_OK;
}

/* Bytes to the closing quote, or to the end of the input. */
static size_t raw_length(const struct reader *r)
{
	const char *p = r->p;

	for (;;) {
		p += berth_utf8_plain_run(p, r->end);
		if (p == r->end || *p == '"')
			return (size_t)(p - r->p);
		p += *p == '\\' && p + 1 < r->end ? 2 : 1;
	}
}

/* How long the string is at which the reader stands, where nothing in it has to be
 * decoded, as in most; SIZE_MAX: something has. */
static size_t plain_length(const struct reader *r)
{
	size_t n = berth_utf8_plain_run(r->p, r->end);

	return r->p + n < r->end && r->p[n] == '"' ? n : SIZE_MAX;
}

/* Copies the string of that plain length, and goes behind its quote. */
static void take_plain(struct reader *r, char *out, size_t n)
{
	memcpy(out, r->p, n);
	out[n] = '\0';
	r->p += n + 1;
}

static enum berth_err string(struct reader *r, char **out)
{
	size_t plain, cap;
	enum berth_err rc = BERTH_OK;
	char *s;

	r->p++;
	plain = plain_length(r);
	cap = (plain == SIZE_MAX ? raw_length(r) : plain) + 1;
	s = cJSON_malloc(cap);
	if (!s)
		return berth_fail(BERTH_E_NOMEM, "json string");
	if (plain == SIZE_MAX)
		rc = decode(r, s);
	else
		take_plain(r, s, plain);
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

	if (out)
		return rc ? rc : string(r, &(*out)->valuestring);
	r->p++;
	return decode(r, NULL);
}

/* Before each element but the first: the comma; at the end: the bracket. */
static enum berth_err more(struct reader *r, bool first, char close, bool *out)
{
	skip_space(r);
	*out = false;
	if (peek(r) == close) {
		r->p++;
		return BERTH_OK;
	}
	if (!first) {
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
	bool go, first = true;
	enum berth_err rc;
	cJSON *v;

	for (; !(rc = more(r, first, ']', &go)) && go; first = false) {
		v = NULL;
		rc = value(r, arr ? &v : NULL);
		if (v)
			cJSON_AddItemToArray(arr, v);
		if (rc)
			break;
	}
	return rc;
}

static enum berth_err colon(struct reader *r)
{
	skip_space(r);
	if (peek(r) != ':')
		return bad(r, "expected a colon");
	r->p++;
	return BERTH_OK;
}

static enum berth_err member(struct reader *r, cJSON *obj)
{
	enum berth_err rc;
	char *key = NULL;
	cJSON *v = NULL;

	rc = string(r, &key);
	if (rc)
		return rc;
	if (!(rc = colon(r)))
		rc = value(r, &v);
	if (v) {
		v->string = key;
		key = NULL;
		cJSON_AddItemToArray(obj, v);
	}
	cJSON_free(key);
	return rc;
}

/* Spreads well enough; eight bytes at a time, the last of which may overlap. */
static uint32_t hash(const char *s, size_t n)
{
	const uint64_t odd = 0x9e3779b97f4a7c15;
	uint64_t h = n, eight = 0;
	size_t at = 0;

	for (; at + sizeof(eight) < n; at += sizeof(eight)) {
		memcpy(&eight, s + at, sizeof(eight));
		h = (h ^ eight) * odd;
		h ^= h >> 32;
	}
	if (n >= sizeof(eight))
		memcpy(&eight, s + n - sizeof(eight), sizeof(eight));
	else
		for (eight = 0; at < n; at++)
			eight = eight << 8 | (uint8_t)s[at];
	h = (h ^ eight) * odd;
	return (uint32_t)((h ^ h >> 32) * odd >> 32);
}

/* What stands before each of the listed names. */
struct listed {
	uint32_t hash, len;
};

/* A member's name behind those of the same object; borrowed until the next one. */
static enum berth_err list_name(struct reader *r, const char **name)
{
	size_t at = r->names.len, plain, raw;
	struct listed head = { 0 };
	enum berth_err rc = BERTH_OK;
	char *s;

	r->p++;
	plain = plain_length(r);
	raw = plain == SIZE_MAX ? raw_length(r) : plain;
	if (raw > UINT32_MAX || !(s = (char *)berth_buf_grow(&r->names, sizeof(head) + raw + 1)))
		return berth_fail(BERTH_E_NOMEM, "json member");
	s += sizeof(head);
	*name = s;
	if (plain == SIZE_MAX)
		rc = decode(r, s);
	else
		take_plain(r, s, plain);
	head.len = (uint32_t)(plain == SIZE_MAX && !rc ? strlen(s) : raw);
	head.hash = hash(s, head.len);
	memcpy(s - sizeof(head), &head, sizeof(head));
	r->names.len = at + sizeof(head) + head.len + 1;
	return rc;
}

static bool is_wanted(const struct reader *r, const char *name)
{
	for (const char *const *only = r->only; only && *only; only++)
		if (!strcmp(*only, name))
			return true;
	return false;
}

/* A member of the root, of which not everything is wanted, or of what is not built. */
static enum berth_err listed_member(struct reader *r, cJSON *obj)
{
	size_t at = r->names.len + sizeof(struct listed);
	const char *name;
	enum berth_err rc = list_name(r, &name);
	cJSON *v = NULL;

	if (rc || (rc = colon(r)))
		return rc;
	if (!obj || !is_wanted(r, name))
		return value(r, NULL);
	rc = value(r, &v);
	if (v && !cJSON_AddItemToObject(obj, (const char *)r->names.p + at, v)) {
		berth_json_free((struct berth_json *)v);
		rc = berth_fail(BERTH_E_NOMEM, "json member");
	}
	return rc;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool differ_sorted(const char **names, size_t n)
{
	qsort(names, n, sizeof(names[0]), by_text);
	for (size_t i = 1; i < n; i++)
		if (!strcmp(names[i - 1], names[i]))
			return false;
	return true;
}

/* Names that meet in the table more often than chance lets them were chosen to: then
 * they are sorted, which takes the same time for all. */
#define SLOTS_MAX (2 * BERTH_JSON_MEMBERS_MAX)
#define MEETINGS 4

struct names {
	const char *text[BERTH_JSON_MEMBERS_MAX];
	uint32_t hash[BERTH_JSON_MEMBERS_MAX];
	size_t n;
};

static bool differ(struct names *names)
{
	uint16_t slots[SLOTS_MAX];	/* one more than an index, 0: free */
	size_t size = 8, met = 0, at;

	while (size < 2 * names->n)
		size *= 2;
	memset(slots, 0, size * sizeof(slots[0]));
	for (size_t i = 0; i < names->n; i++) {
		for (at = names->hash[i] % size; slots[at]; at = (at + 1) % size) {
			size_t other = slots[at] - 1u;

			if (names->hash[other] == names->hash[i] && !strcmp(names->text[other], names->text[i]))
				return false;
			if (met++ == MEETINGS * names->n)
				return differ_sorted(names->text, names->n);
		}
		slots[at] = (uint16_t)(i + 1);
	}
	return true;
}
_Static_assert((SLOTS_MAX & (SLOTS_MAX - 1)) == 0 && BERTH_JSON_MEMBERS_MAX < UINT16_MAX, "the table of names");

static void add_name(struct names *names, const char *text, uint32_t h)
{
	names->text[names->n] = text;
	names->hash[names->n++] = h;
}

static enum berth_err no_duplicates(struct reader *r, const cJSON *obj, size_t listed_from)
{
	const char *p = berth_buf_cstr(&r->names), *end = p + r->names.len;
	struct names names;
	struct listed head;

	names.n = 0;
	for (p += listed_from; p < end; p += sizeof(head) + head.len + 1) {
		memcpy(&head, p, sizeof(head));
		add_name(&names, p + sizeof(head), head.hash);
	}
	for (const cJSON *m = names.n ? NULL : obj->child; m; m = m->next)
		add_name(&names, m->string, hash(m->string, strlen(m->string)));
	return differ(&names) ? BERTH_OK : bad(r, "duplicate member in the object before");
}

static enum berth_err members(struct reader *r, cJSON *obj)
{
	bool listed = !obj || (r->only && r->depth == 1), go;
	size_t n = 0, from = r->names.len;
	enum berth_err rc;

	while (!(rc = more(r, n == 0, '}', &go)) && go) {
		if (n++ == BERTH_JSON_MEMBERS_MAX)
			return bad(r, "too many members");
		if (peek(r) != '"')
			return bad(r, "expected a member name");
		rc = listed ? listed_member(r, obj) : member(r, obj);
		if (rc)
			return rc;
	}
	if (!rc && n > 1)
		rc = no_duplicates(r, obj, from);
	r->names.len = from;
	return rc;
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
	rc = type == cJSON_Object ? members(r, out ? *out : NULL) : elements(r, out ? *out : NULL);
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

/* out NULL: only checks. */
static enum berth_err parse(struct berth_json **out, struct reader *r, const char *p, size_t n, size_t max)
{
	enum berth_err rc;
	cJSON *root = NULL;

	if (out)
		*out = NULL;
	if (n > max)
		return berth_fail(BERTH_E_SIZE, "json text: %zu bytes", n);
	r->p = r->start = p;
	r->end = n ? p + n : p;
	rc = value(r, out ? &root : NULL);
	if (!rc) {
		skip_space(r);
		if (r->p != r->end)
			rc = bad(r, "text behind the value");
	}
	berth_buf_free(&r->names);
	if (rc)
		berth_json_free((struct berth_json *)root);
	else if (out)
		*out = (struct berth_json *)root;
	return rc;
}

enum berth_err berth_json_parse(struct berth_json **out, const char *p, size_t n, size_t max)
{
	struct reader r = { .exact = false };

	return parse(out, &r, p, n, max);
}

enum berth_err berth_json_parse_exact(struct berth_json **out, const char *p, size_t n, size_t max)
{
	struct reader r = { .exact = true };

	return parse(out, &r, p, n, max);
}

static enum berth_err parse_object(struct berth_json **out, struct reader *r, const char *p, size_t n, size_t max)
{
	enum berth_err rc = parse(out, r, p, n, max);

	if (!rc && !berth_json_is(*out, BERTH_JSON_OBJECT)) {
		berth_json_free(*out);
		*out = NULL;
		rc = berth_fail(BERTH_E_TYPE, "json text: not an object");
	}
	return rc;
}

enum berth_err berth_json_parse_object(struct berth_json **out, const char *p, size_t n, size_t max)
{
	struct reader r = { .exact = false };

	return parse_object(out, &r, p, n, max);
}

enum berth_err berth_json_parse_members(struct berth_json **out, const char *p, size_t n, size_t max,
					const char *const *names)
{
	struct reader r = { .only = names };

	return parse_object(out, &r, p, n, max);
}

enum berth_err berth_json_check(const char *p, size_t n, size_t max)
{
	struct reader r = { .exact = false };

	return parse(NULL, &r, p, n, max);
}
