/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/json.h"

#include <math.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "did/base/json_num.h"
#include "did/base/utf8.h"

static enum berth_err no_memory(void)
{
	return berth_fail(BERTH_E_NOMEM, "json value");
}

struct berth_json *berth_json_new_object(void)
{
	return (struct berth_json *)cJSON_CreateObject();
}

struct berth_json *berth_json_new_array(void)
{
	return (struct berth_json *)cJSON_CreateArray();
}

struct berth_json *berth_json_new_str(const char *s)
{
	if (!s || !berth_utf8_valid(s, strlen(s)))
		return NULL;
	return (struct berth_json *)cJSON_CreateString(s);
}

struct berth_json *berth_json_new_int(int64_t v)
{
	if (fabs((double)v) > BERTH_JSON_INT_MAX)
		return NULL;
	return (struct berth_json *)cJSON_CreateNumber((double)v);
}

struct berth_json *berth_json_new_bool(bool v)
{
	return (struct berth_json *)cJSON_CreateBool(v);
}

struct berth_json *berth_json_new_null(void)
{
	return (struct berth_json *)cJSON_CreateNull();
}

struct berth_json *berth_json_clone(const struct berth_json *v)
{
	return v ? (struct berth_json *)cJSON_Duplicate((const cJSON *)v, true) : NULL;
}

void berth_json_remove(struct berth_json *obj, const char *key)
{
	struct berth_json *old = berth_json_get_mut(obj, key);

	if (old)
		berth_json_free((struct berth_json *)cJSON_DetachItemViaPointer((cJSON *)obj, (cJSON *)old));
}

/* A member of the same name gets the new value and keeps its place; the old
 * value leaves with take. */
static void swap_values(cJSON *a, cJSON *b)
{
	cJSON old = *a;

	a->type = b->type;
	a->valuestring = b->valuestring;
	a->valueint = b->valueint;
	a->valuedouble = b->valuedouble;
	a->child = b->child;
	b->type = old.type;
	b->valuestring = old.valuestring;
	b->valueint = old.valueint;
	b->valuedouble = old.valuedouble;
	b->child = old.child;
}

enum berth_err berth_json_set(struct berth_json *obj, const char *key, struct berth_json *take)
{
	struct berth_json *old = berth_json_get_mut(obj, key);
	enum berth_err rc = BERTH_OK;

	if (!obj || !take) {
		rc = no_memory();
	} else if (old) {
		swap_values((cJSON *)old, (cJSON *)take);
	} else if (!berth_utf8_valid(key, strlen(key))) {
		rc = berth_fail(BERTH_E_JSON, "member name: bad UTF-8");
	} else if (cJSON_AddItemToObject((cJSON *)obj, key, (cJSON *)take)) {
		take = NULL;
	} else {
		rc = no_memory();
	}
	berth_json_free(take);
	return rc;
}

enum berth_err berth_json_set_str(struct berth_json *obj, const char *key, const char *s)
{
	if (s && !berth_utf8_valid(s, strlen(s)))
		return berth_fail(BERTH_E_JSON, "%s: bad UTF-8", key);
	return berth_json_set(obj, key, berth_json_new_str(s));
}

enum berth_err berth_json_set_int(struct berth_json *obj, const char *key, int64_t v)
{
	if (fabs((double)v) > BERTH_JSON_INT_MAX)
		return berth_fail(BERTH_E_TYPE, "%s: out of range", key);
	return berth_json_set(obj, key, berth_json_new_int(v));
}

enum berth_err berth_json_set_bool(struct berth_json *obj, const char *key, bool v)
{
	return berth_json_set(obj, key, berth_json_new_bool(v));
}

enum berth_err berth_json_push(struct berth_json *arr, struct berth_json *take)
{
	if (arr && take && cJSON_AddItemToArray((cJSON *)arr, (cJSON *)take))
		return BERTH_OK;
	berth_json_free(take);
	return no_memory();
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
	return v ? (struct berth_json *)((cJSON *)v)->child : NULL;
}

struct berth_json *berth_json_next_mut(struct berth_json *v)
{
	return v ? (struct berth_json *)((cJSON *)v)->next : NULL;
}

enum berth_err berth_json_replace(struct berth_json *value, struct berth_json *take)
{
	if (!value || !take) {
		berth_json_free(take);
		return no_memory();
	}
	swap_values((cJSON *)value, (cJSON *)take);
	berth_json_free(take);
	return BERTH_OK;
}

void berth_json_drop(struct berth_json *arr, struct berth_json *element)
{
	berth_json_free((struct berth_json *)cJSON_DetachItemViaPointer((cJSON *)arr, (cJSON *)element));
}
