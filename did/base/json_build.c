/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/json.h"

#include <math.h>
#include <string.h>

#include "did/base/json_num.h"
#include "did/base/json_tree.h"
#include "did/base/utf8.h"

static enum berth_err no_memory(void)
{
	return berth_fail(BERTH_E_NOMEM, "json value");
}

struct berth_json *berth_json_new_object(void)
{
	return berth_json_node(cJSON_Object, 0, 0);
}

struct berth_json *berth_json_new_array(void)
{
	return berth_json_node(cJSON_Array, 0, 0);
}

struct berth_json *berth_json_new_str(const char *s)
{
	return s && berth_utf8_valid(s, strlen(s)) ? berth_json_node_of(cJSON_String, NULL, s) : NULL;
}

struct berth_json *berth_json_new_int(int64_t v)
{
	struct berth_json *n = fabs((double)v) <= BERTH_JSON_INT_MAX ? berth_json_node(cJSON_Number, 0, 0) : NULL;

	if (n)
		n->c.valuedouble = (double)v;
	return n;
}

struct berth_json *berth_json_new_bool(bool v)
{
	return berth_json_node(v ? cJSON_True : cJSON_False, 0, 0);
}

struct berth_json *berth_json_new_null(void)
{
	return berth_json_node(cJSON_NULL, 0, 0);
}

struct berth_json *berth_json_detach(struct berth_json *obj, const char *key)
{
	struct berth_json *m = berth_json_get_mut(obj, key);

	if (m)
		berth_json_unlink(obj, m);
	return m;
}

void berth_json_remove(struct berth_json *obj, const char *key)
{
	berth_json_free(berth_json_detach(obj, key));
}

/* What it held is gone; text is copied before, because it may be part of that. */
static enum berth_err become(struct berth_json *v, int type, const char *text)
{
	char *own = text ? berth_json_dup(text) : NULL;

	if (text && !own)
		return no_memory();
	berth_json_clear(v);
	v->c.type = (v->c.type & cJSON_StringIsConst) | type;
	v->c.valuestring = own;
	return BERTH_OK;
}

/* A text that stands in the block of its value cannot move along. */
static enum berth_err move_value(struct berth_json *to, struct berth_json *from)
{
	if (from->c.type & cJSON_IsReference)
		return become(to, cJSON_String, from->c.valuestring);
	berth_json_clear(to);
	to->c.type = (to->c.type & cJSON_StringIsConst) | berth_json_type(from);
	to->c.child = from->c.child;
	to->c.valuestring = from->c.valuestring;
	to->c.valuedouble = from->c.valuedouble;
	from->c.child = NULL;
	from->c.valuestring = NULL;
	return BERTH_OK;
}

/* A member of the same name gets the new value and keeps its place. */
enum berth_err berth_json_set(struct berth_json *obj, const char *key, struct berth_json *take)
{
	struct berth_json *old = berth_json_get_mut(obj, key);
	enum berth_err rc = BERTH_OK;

	if (!obj || !take) {
		rc = no_memory();
	} else if (!berth_json_is(obj, BERTH_JSON_OBJECT)) {
		rc = berth_fail(BERTH_E_TYPE, "%s: of no object", key);
	} else if (old) {
		rc = move_value(old, take);
	} else if (!berth_utf8_valid(key, strlen(key))) {
		rc = berth_fail(BERTH_E_JSON, "member name: bad UTF-8");
	} else if ((take->c.string = berth_json_dup(key))) {
		berth_json_append(obj, take);
		take = NULL;
	} else {
		rc = no_memory();
	}
	berth_json_free(take);
	return rc;
}

/* The member of that name, with that value as far as it is a text. */
static enum berth_err
member(struct berth_json *obj, const char *key, int type, const char *text, struct berth_json **out)
{
	*out = berth_json_get_mut(obj, key);
	if (*out)
		return become(*out, type, text);
	if (!obj)
		return no_memory();
	if (!berth_json_is(obj, BERTH_JSON_OBJECT))
		return berth_fail(BERTH_E_TYPE, "%s: of no object", key);
	if (!berth_utf8_valid(key, strlen(key)))
		return berth_fail(BERTH_E_JSON, "member name: bad UTF-8");
	*out = berth_json_node_of(type, key, text);
	if (!*out)
		return no_memory();
	berth_json_append(obj, *out);
	return BERTH_OK;
}

enum berth_err berth_json_set_str(struct berth_json *obj, const char *key, const char *s)
{
	struct berth_json *m;

	if (!s)
		return no_memory();
	if (!berth_utf8_valid(s, strlen(s)))
		return berth_fail(BERTH_E_JSON, "%s: bad UTF-8", key);
	return member(obj, key, cJSON_String, s, &m);
}

enum berth_err berth_json_set_int(struct berth_json *obj, const char *key, int64_t v)
{
	struct berth_json *m;
	enum berth_err rc;

	if (fabs((double)v) > BERTH_JSON_INT_MAX)
		return berth_fail(BERTH_E_TYPE, "%s: out of range", key);
	rc = member(obj, key, cJSON_Number, NULL, &m);
	if (!rc)
		m->c.valuedouble = (double)v;
	return rc;
}

enum berth_err berth_json_set_bool(struct berth_json *obj, const char *key, bool v)
{
	struct berth_json *m;

	return member(obj, key, v ? cJSON_True : cJSON_False, NULL, &m);
}

enum berth_err berth_json_push(struct berth_json *arr, struct berth_json *take)
{
	enum berth_err rc = BERTH_OK;

	if (!arr || !take)
		rc = no_memory();
	else if (!berth_json_is(arr, BERTH_JSON_ARRAY))
		rc = berth_fail(BERTH_E_TYPE, "an element of no array");
	if (rc)
		berth_json_free(take);
	else
		berth_json_append(arr, take);
	return rc;
}

enum berth_err berth_json_push_str(struct berth_json *arr, const char *s)
{
	if (s && !berth_utf8_valid(s, strlen(s)))
		return berth_fail(BERTH_E_JSON, "array element: bad UTF-8");
	return berth_json_push(arr, berth_json_new_str(s));
}

enum berth_err berth_json_give(struct berth_json **out, struct berth_json *take, enum berth_err rc)
{
	if (rc) {
		berth_json_free(take);
		take = NULL;
	}
	*out = take;
	return rc;
}

enum berth_err berth_json_set_made(struct berth_json *obj, const char *key, struct berth_json *take, enum berth_err rc)
{
	rc = berth_json_give(&take, take, rc);
	return rc ? rc : berth_json_set(obj, key, take);
}

enum berth_err berth_json_push_made(struct berth_json *arr, struct berth_json *take, enum berth_err rc)
{
	rc = berth_json_give(&take, take, rc);
	return rc ? rc : berth_json_push(arr, take);
}

struct berth_json *berth_json_first_mut(struct berth_json *v)
{
	return (struct berth_json *)berth_json_first(v);
}

struct berth_json *berth_json_next_mut(struct berth_json *v)
{
	return v ? (struct berth_json *)v->c.next : NULL;
}

enum berth_err berth_json_replace(struct berth_json *value, struct berth_json *take)
{
	enum berth_err rc = value && take ? move_value(value, take) : no_memory();

	berth_json_free(take);
	return rc;
}

void berth_json_drop(struct berth_json *arr, struct berth_json *element)
{
	if (!element)
		return;
	berth_json_unlink(arr, element);
	berth_json_free(element);
}
