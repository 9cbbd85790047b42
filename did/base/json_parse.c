/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "did/base/buf.h"
#include "did/base/json_names.h"
#include "did/base/json_num.h"
#include "did/base/json_string.h"
#include "did/base/secret.h"

#define NUMBER_MAX 512	/* characters of one literal */

/* The reader builds the tree itself, so there is no second opinion on what the
 * bytes mean.  What is not wanted in the tree is read by the same code, with no place
 * to put it. */
struct reader {
	struct berth_json_cursor c;
	unsigned depth;
	size_t values;
	bool exact;
	const char *const *only;	/* the root's members that are wanted, NULL: all */
	struct berth_buf names;		/* of the open objects that are not built as a whole */
};

/* out NULL: only checked. */
static enum berth_err value(struct reader *r, cJSON **out);

static enum berth_err bad(const struct reader *r, const char *what) { return berth_json_bad(&r->c, what); }
static int peek(const struct reader *r) { return berth_json_peek(&r->c); }

static void skip_space(struct reader *r)
{
	while (r->c.p < r->c.end && (*r->c.p == ' ' || *r->c.p == '\t' || *r->c.p == '\n' || *r->c.p == '\r'))
		r->c.p++;
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

	if ((size_t)(r->c.end - r->c.p) < n || memcmp(r->c.p, text, n))
		return bad(r, "unknown word");
	r->c.p += n;
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
	const char *end = number_end(r->c.p, r->c.end);
	size_t n = end ? (size_t)(end - r->c.p) : 0;
	enum berth_err rc;
	double v;

	if (!n || n > NUMBER_MAX)
		return bad(r, n ? "number is too long" : "unexpected character");
	memcpy(literal, r->c.p, n);
	literal[n] = '\0';
	v = berth_json_num_parse(literal);
	if (!isfinite(v) || (v == 0 && has_nonzero_digit(literal)))
		return bad(r, "number out of range");
	if (r->exact && !berth_json_num_is_exact(literal, v))
		return bad(r, "integer that loses digits");
	rc = node(out, cJSON_Number);
	if (rc)
		return rc;
	r->c.p = end;
	if (out)
		(*out)->valuedouble = v;
	return BERTH_OK;
}

static enum berth_err string(struct reader *r, char **out)
{
	struct berth_json_string found;
	enum berth_err rc;
	char *s;

	r->c.p++;
	berth_json_string_measure(&found, &r->c);
	s = cJSON_malloc(found.room + 1);
	if (!s)
		return berth_fail(BERTH_E_NOMEM, "json string");
	rc = berth_json_string_take(&r->c, &found, s);
	if (rc) {
		berth_wipe(s, found.room + 1);
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
	r->c.p++;
	return berth_json_string_take(&r->c, NULL, NULL);
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
	r->c.p++;
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

/* What stands before each of the listed names. */
struct listed {
	uint32_t hash, len;
};

/* A member's name behind those of the same object; borrowed until the next one. */
static enum berth_err list_name(struct reader *r, const char **name)
{
	size_t at = r->names.len;
	struct berth_json_string found;
	struct listed head;
	enum berth_err rc;
	char *s;

	r->c.p++;
	berth_json_string_measure(&found, &r->c);
	if (found.room > UINT32_MAX || !(s = (char *)berth_buf_grow(&r->names, sizeof(head) + found.room + 1)))
		return berth_fail(BERTH_E_NOMEM, "json member");
	*name = s + sizeof(head);
	if ((rc = berth_json_string_take(&r->c, &found, s + sizeof(head))))
		return rc;
	head.len = (uint32_t)(found.plain ? found.room : strlen(*name));
	head.hash = berth_json_name_hash(*name, head.len);
	memcpy(s, &head, sizeof(head));
	r->names.len = at + sizeof(head) + head.len + 1;
	return BERTH_OK;
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

static enum berth_err no_duplicates(struct reader *r, const cJSON *obj, size_t listed_from)
{
	const char *p = berth_buf_cstr(&r->names), *end = p + r->names.len;
	/* 12 KiB, which the build would fill with zeros for each object */
	struct berth_json_names names __attribute__((uninitialized));
	struct listed head;

	names.n = 0;
	for (p += listed_from; p < end; p += sizeof(head) + head.len + 1) {
		memcpy(&head, p, sizeof(head));
		berth_json_names_add(&names, p + sizeof(head), head.hash);
	}
	for (const cJSON *m = names.n ? NULL : obj->child; m; m = m->next)
		berth_json_names_add(&names, m->string, berth_json_name_hash(m->string, strlen(m->string)));
	return berth_json_names_differ(&names) ? BERTH_OK : bad(r, "duplicate member in the object before");
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
	r->c.p++;
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
	r->c.p = r->c.start = p;
	r->c.end = n ? p + n : p;
	rc = value(r, out ? &root : NULL);
	if (!rc) {
		skip_space(r);
		if (r->c.p != r->c.end)
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
