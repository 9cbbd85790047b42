/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/json.h"

#include <math.h>
#include <string.h>

#include "did/base/buf.h"
#include "did/base/json_names.h"
#include "did/base/json_num.h"
#include "did/base/json_string.h"
#include "did/base/json_tree.h"
#include "did/base/secret.h"

#define NUMBER_MAX 512	/* characters of one literal */

/* What is not wanted in the tree is read by the same code, with no place to put it. */
struct reader {
	struct berth_json_cursor c;
	unsigned depth;
	size_t values;
	bool exact;
	const char *const *only;	/* the root's members that are wanted, NULL: all */
	struct berth_buf names;		/* of the open objects that are not built as a whole */
};

/* Where a value is to be.  A member's name is copied when its value is known, into the same
 * block; until then it is where it was read. */
struct place {
	struct berth_json *v;		/* what was read; also, as far as it goes, on failure */
	bool named;
	struct berth_json_cursor name_at;
	struct berth_json_string name;
};

/* to NULL: only checked. */
static enum berth_err value(struct reader *r, struct place *to);

static enum berth_err bad(const struct reader *r, const char *what) { return berth_json_bad(&r->c, what); }
static int peek(const struct reader *r) { return berth_json_peek(&r->c); }

static void skip_space(struct reader *r)
{
	while (r->c.p < r->c.end && (*r->c.p == ' ' || *r->c.p == '\t' || *r->c.p == '\n' || *r->c.p == '\r'))
		r->c.p++;
}

static bool is_digit(int c) { return c >= '0' && c <= '9'; }

static enum berth_err node(struct place *to, int type, size_t text_room)
{
	struct berth_json_cursor name_at;

	if (!to)
		return BERTH_OK;
	to->v = berth_json_node(type, to->named ? to->name.room + 1 : 0, text_room);
	if (!to->v)
		return berth_fail(BERTH_E_NOMEM, "json value");
	if (!to->named)
		return BERTH_OK;
	name_at = to->name_at;
	return berth_json_string_take(&name_at, &to->name, to->v->c.string);
}

static enum berth_err word(struct reader *r, struct place *to, const char *text, int type)
{
	size_t n = strlen(text);

	if ((size_t)(r->c.end - r->c.p) < n || memcmp(r->c.p, text, n))
		return bad(r, "unknown word");
	r->c.p += n;
	return node(to, type, 0);
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

static enum berth_err number(struct reader *r, struct place *to)
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
	rc = node(to, cJSON_Number, 0);
	if (rc)
		return rc;
	r->c.p = end;
	if (to)
		to->v->c.valuedouble = v;
	return BERTH_OK;
}

static enum berth_err string(struct reader *r, struct place *to)
{
	struct berth_json_string found;
	enum berth_err rc;

	r->c.p++;
	if (!to)
		return berth_json_string_take(&r->c, NULL, NULL);
	berth_json_string_measure(&found, &r->c);
	if ((rc = node(to, cJSON_String, found.room + 1)))
		return rc;
	if ((rc = berth_json_string_take(&r->c, &found, to->v->c.valuestring)))
		berth_wipe(to->v->c.valuestring, found.room + 1);	/* it has no end */
	return rc;
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
	bool go, first = true;
	enum berth_err rc;

	for (; !(rc = more(r, first, ']', &go)) && go; first = false) {
		struct place to = { 0 };

		rc = value(r, arr ? &to : NULL);
		if (to.v)
			berth_json_append(arr, to.v);
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

static enum berth_err member(struct reader *r, struct berth_json *obj)
{
	struct place to = { .named = true };
	enum berth_err rc;

	r->c.p++;
	to.name_at = r->c;
	berth_json_string_measure(&to.name, &r->c);
	if (!(rc = berth_json_string_take(&r->c, &to.name, NULL)) && !(rc = colon(r)))
		rc = value(r, &to);
	if (to.v)
		berth_json_append(obj, to.v);
	return rc;
}

/* What stands before each of the listed names. */
struct listed {
	uint32_t hash, len;
};

/* A member's name behind those of the same object; borrowed until the next one. */
static enum berth_err list_name(struct reader *r, struct place *to, const char **name)
{
	size_t at = r->names.len;
	struct listed head;
	enum berth_err rc;
	char *s;

	r->c.p++;
	to->name_at = r->c;
	berth_json_string_measure(&to->name, &r->c);
	if (to->name.room > UINT32_MAX || !(s = (char *)berth_buf_grow(&r->names, sizeof(head) + to->name.room + 1)))
		return berth_fail(BERTH_E_NOMEM, "json member");
	*name = s + sizeof(head);
	if ((rc = berth_json_string_take(&r->c, &to->name, s + sizeof(head))))
		return rc;
	head.len = (uint32_t)(to->name.plain ? to->name.room : strlen(*name));
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
static enum berth_err listed_member(struct reader *r, struct berth_json *obj)
{
	struct place to = { .named = true };
	const char *name;
	enum berth_err rc = list_name(r, &to, &name);

	if (rc || (rc = colon(r)))
		return rc;
	rc = value(r, obj && is_wanted(r, name) ? &to : NULL);
	if (to.v)
		berth_json_append(obj, to.v);
	return rc;
}

static enum berth_err no_duplicates(struct reader *r, const struct berth_json *obj, size_t listed_from)
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
	for (const cJSON *m = names.n ? NULL : obj->c.child; m; m = m->next)
		berth_json_names_add(&names, m->string, berth_json_name_hash(m->string, strlen(m->string)));
	return berth_json_names_differ(&names) ? BERTH_OK : bad(r, "duplicate member in the object before");
}

static enum berth_err members(struct reader *r, struct berth_json *obj)
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

static enum berth_err container(struct reader *r, struct place *to, int type)
{
	enum berth_err rc;

	if (r->depth == BERTH_JSON_DEPTH_MAX)
		return bad(r, "nested too deep");
	rc = node(to, type, 0);
	if (rc)
		return rc;
	r->c.p++;
	r->depth++;
	rc = type == cJSON_Object ? members(r, to ? to->v : NULL) : elements(r, to ? to->v : NULL);
	r->depth--;
	return rc;
}

static enum berth_err value(struct reader *r, struct place *to)
{
	skip_space(r);
	if (r->values++ == BERTH_JSON_VALUES_MAX)
		return bad(r, "too many values");
	switch (peek(r)) {
	case '{': return container(r, to, cJSON_Object);
	case '[': return container(r, to, cJSON_Array);
	case '"': return string(r, to);
	case 't': return word(r, to, "true", cJSON_True);
	case 'f': return word(r, to, "false", cJSON_False);
	case 'n': return word(r, to, "null", cJSON_NULL);
	case -1: return bad(r, "unfinished text");
	default: return number(r, to);
	}
}

/* out NULL: only checks. */
static enum berth_err parse(struct berth_json **out, struct reader *r, const char *p, size_t n, size_t max)
{
	struct place root = { 0 };
	enum berth_err rc;

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
		berth_json_free(root.v);
	else if (out)
		*out = root.v;
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
