/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/json.h"

#include <math.h>
#include <string.h>

#include "did/base/json_num.h"
#include "did/base/json_tree.h"

/* --- reading --- */

/* What cJSON calls the kinds, a bit each. */
static const uint8_t types[] = {
	[BERTH_JSON_NULL] = cJSON_NULL, [BERTH_JSON_BOOL] = cJSON_False | cJSON_True, [BERTH_JSON_NUMBER] = cJSON_Number,
	[BERTH_JSON_STRING] = cJSON_String, [BERTH_JSON_ARRAY] = cJSON_Array, [BERTH_JSON_OBJECT] = cJSON_Object,
};

bool berth_json_is(const struct berth_json *v, enum berth_json_kind kind)
{
	return v && v->c.type & types[kind];
}

enum berth_json_kind berth_json_kind(const struct berth_json *v)
{
	enum berth_json_kind kind = BERTH_JSON_OBJECT;

	while (kind != BERTH_JSON_NULL && !berth_json_is(v, kind))
		kind--;
	return kind;
}

const char *berth_json_str(const struct berth_json *v)
{
	return berth_json_is(v, BERTH_JSON_STRING) ? v->c.valuestring : NULL;
}

bool berth_json_says(const struct berth_json *v, const char *text)
{
	if (berth_json_str(v))
		return !strcmp(berth_json_str(v), text);
	if (!berth_json_is(v, BERTH_JSON_ARRAY))
		return false;
	berth_json_each(it, v)
		if (berth_json_str(it) && !strcmp(berth_json_str(it), text))
			return true;
	return false;
}

bool berth_json_bool(const struct berth_json *v, bool otherwise)
{
	return berth_json_is(v, BERTH_JSON_BOOL) ? cJSON_IsTrue(&v->c) : otherwise;
}

double berth_json_num(const struct berth_json *v)
{
	return berth_json_is(v, BERTH_JSON_NUMBER) ? v->c.valuedouble : 0;
}

size_t berth_json_len(const struct berth_json *v)
{
	size_t n = 0;

	berth_json_each(it, v)
		n++;
	return n;
}

const struct berth_json *berth_json_first(const struct berth_json *v)
{
	return v ? berth_json_child(v) : NULL;
}

const struct berth_json *berth_json_next(const struct berth_json *v)
{
	return v ? berth_json_behind(v) : NULL;
}

const char *berth_json_key(const struct berth_json *v)
{
	return v ? v->c.string : NULL;
}

const struct berth_json *berth_json_get(const struct berth_json *obj, const char *key)
{
	if (!key || !obj || berth_json_type(obj) != cJSON_Object)
		return NULL;
	for (const struct berth_json *m = berth_json_child(obj); m; m = berth_json_behind(m))
		if (*m->c.string == *key && !strcmp(m->c.string, key))
			return m;
	return NULL;
}

struct berth_json *berth_json_get_mut(struct berth_json *obj, const char *key)
{
	return (struct berth_json *)berth_json_get(obj, key);
}

const struct berth_json *berth_json_at(const struct berth_json *arr, size_t i)
{
	berth_json_each(it, arr)
		if (!i--)
			return it;
	return NULL;
}

static bool equal_arrays(const struct berth_json *a, const struct berth_json *b)
{
	for (a = berth_json_first(a), b = berth_json_first(b); a && b;
	     a = berth_json_next(a), b = berth_json_next(b))
		if (!berth_json_equal(a, b))
			return false;
	return !a && !b;
}

static bool equal_objects(const struct berth_json *a, const struct berth_json *b)
{
	const struct berth_json *guess = berth_json_first(b), *other;

	if (berth_json_len(a) != berth_json_len(b))
		return false;
	berth_json_each(m, a) {	/* mostly in the same order, then no look-up is needed */
		other = guess && berth_json_named(guess, m->c.string, m->name_len) ?
			guess : berth_json_get(b, berth_json_key(m));
		if (!other || !berth_json_equal(m, other))
			return false;
		guess = berth_json_next(other);
	}
	return true;
}

bool berth_json_equal(const struct berth_json *a, const struct berth_json *b)
{
	if (!a || !b || berth_json_kind(a) != berth_json_kind(b))
		return false;
	switch (berth_json_kind(a)) {
	case BERTH_JSON_BOOL: return berth_json_bool(a, false) == berth_json_bool(b, false);
	case BERTH_JSON_NUMBER: return berth_json_num(a) == berth_json_num(b);
	case BERTH_JSON_STRING: return a->text_len == b->text_len && !memcmp(a->c.valuestring, b->c.valuestring, a->text_len);
	case BERTH_JSON_ARRAY: return equal_arrays(a, b);
	case BERTH_JSON_OBJECT: return equal_objects(a, b);
	default: return true;
	}
}

/* --- typed members --- */

static enum berth_err typed(const struct berth_json *obj, const char *key, enum berth_json_kind kind,
			    bool required, const struct berth_json **out)
{
	static const char *const names[] = { "null", "true or false", "a number", "a string", "an array", "an object" };
	const struct berth_json *v = berth_json_get(obj, key);

	*out = NULL;
	if (!v && !required && berth_json_is(obj, BERTH_JSON_OBJECT))
		return BERTH_OK;
	if (!v)
		return berth_fail(BERTH_E_TYPE, "%s: missing", key);
	if (!berth_json_is(v, kind))
		return berth_fail(BERTH_E_TYPE, "%s: not %s", key, names[kind]);
	*out = v;
	return BERTH_OK;
}

static enum berth_err get_str(const struct berth_json *obj, const char *key, size_t max, bool required, const char **out)
{
	const struct berth_json *v;
	enum berth_err rc = typed(obj, key, BERTH_JSON_STRING, required, &v);

	if (rc || !v)
		return rc;
	if (v->text_len > max)
		return berth_fail(BERTH_E_SIZE, "%s: longer than %zu bytes", key, max);
	*out = berth_json_str(v);
	return BERTH_OK;
}

static enum berth_err get_int(const struct berth_json *obj, const char *key, int64_t min, int64_t max,
			      bool required, int64_t *out)
{
	const struct berth_json *v;
	enum berth_err rc = typed(obj, key, BERTH_JSON_NUMBER, required, &v);
	double d;

	if (rc || !v)
		return rc;
	d = berth_json_num(v);
	if (d != trunc(d) || fabs(d) > BERTH_JSON_INT_MAX)
		return berth_fail(BERTH_E_TYPE, "%s: not an integer", key);
	if ((int64_t)d < min || (int64_t)d > max)
		return berth_fail(BERTH_E_TYPE, "%s: out of range", key);
	*out = (int64_t)d;
	return BERTH_OK;
}

static enum berth_err get_bool(const struct berth_json *obj, const char *key, bool required, bool *out)
{
	const struct berth_json *v;
	enum berth_err rc = typed(obj, key, BERTH_JSON_BOOL, required, &v);

	if (!rc && v)
		*out = berth_json_bool(v, false);
	return rc;
}

static enum berth_err get_node(const struct berth_json *obj, const char *key, enum berth_json_kind kind,
			       size_t max_len, bool required, const struct berth_json **out)
{
	const struct berth_json *v;
	enum berth_err rc = typed(obj, key, kind, required, &v);

	if (rc || !v)
		return rc;
	if (kind == BERTH_JSON_ARRAY && berth_json_len(v) > max_len)
		return berth_fail(BERTH_E_SIZE, "%s: more than %zu elements", key, max_len);
	*out = v;
	return BERTH_OK;
}

enum berth_err berth_json_req_str(const struct berth_json *obj, const char *key, size_t max, const char **out)
{
	*out = NULL;
	return get_str(obj, key, max, true, out);
}

enum berth_err berth_json_opt_str(const struct berth_json *obj, const char *key, size_t max, const char **out)
{
	return get_str(obj, key, max, false, out);
}

enum berth_err berth_json_req_int(const struct berth_json *obj, const char *key, int64_t min, int64_t max, int64_t *out)
{
	*out = 0;
	return get_int(obj, key, min, max, true, out);
}

enum berth_err berth_json_opt_int(const struct berth_json *obj, const char *key, int64_t min, int64_t max, int64_t *out)
{
	return get_int(obj, key, min, max, false, out);
}

enum berth_err berth_json_req_bool(const struct berth_json *obj, const char *key, bool *out)
{
	*out = false;
	return get_bool(obj, key, true, out);
}

enum berth_err berth_json_opt_bool(const struct berth_json *obj, const char *key, bool *out)
{
	return get_bool(obj, key, false, out);
}

enum berth_err berth_json_req_obj(const struct berth_json *obj, const char *key, const struct berth_json **out)
{
	*out = NULL;
	return get_node(obj, key, BERTH_JSON_OBJECT, 0, true, out);
}

enum berth_err berth_json_opt_obj(const struct berth_json *obj, const char *key, const struct berth_json **out)
{
	return get_node(obj, key, BERTH_JSON_OBJECT, 0, false, out);
}

enum berth_err berth_json_req_arr(const struct berth_json *obj, const char *key, size_t max_len, const struct berth_json **out)
{
	*out = NULL;
	return get_node(obj, key, BERTH_JSON_ARRAY, max_len, true, out);
}

enum berth_err berth_json_opt_arr(const struct berth_json *obj, const char *key, size_t max_len, const struct berth_json **out)
{
	return get_node(obj, key, BERTH_JSON_ARRAY, max_len, false, out);
}
