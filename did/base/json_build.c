/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/json.h"

#include <math.h>
#include <string.h>

#include "did/base/json_num.h"
#include "did/base/json_tree.h"

static const struct berth_json_text no_text;

static struct berth_json *new_value(int type)
{
	return berth_json_value_of(NULL, type, no_text, no_text);
}

struct berth_json *berth_json_new_object(void) { return new_value(cJSON_Object); }
struct berth_json *berth_json_new_array(void) { return new_value(cJSON_Array); }
struct berth_json *berth_json_new_bool(bool v) { return new_value(v ? cJSON_True : cJSON_False); }
struct berth_json *berth_json_new_null(void) { return new_value(cJSON_NULL); }

struct berth_json *berth_json_new_str(const char *s)
{
	struct berth_json_text text;

	return s && berth_json_text(&text, s) ? berth_json_value_of(NULL, cJSON_String, no_text, text) : NULL;
}

struct berth_json *berth_json_new_int(int64_t v)
{
	struct berth_json *n = fabs((double)v) <= BERTH_JSON_INT_MAX ? new_value(cJSON_Number) : NULL;

	if (n)
		n->c.valuedouble = (double)v;
	return n;
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
	berth_json_free_wiped(berth_json_detach(obj, key));
}

/* What it held is gone; text is copied before, because it may be part of that. */
static enum berth_err become(struct berth_json *v, int type, struct berth_json_text text)
{
	if (text.s && !berth_json_dup(&text))
		return berth_no_memory();
	berth_json_clear(v);
	v->c.type = (v->c.type & BERTH_JSON_OF_NAME) | type;
	if (text.s)
		berth_json_give_text(v, &text, 0);
	return BERTH_OK;
}

/* A text that lives with its value cannot move along. */
static enum berth_err move_value(struct berth_json *to, struct berth_json *from)
{
	if (from->c.type & cJSON_IsReference)
		return become(to, cJSON_String, berth_json_text_of(from));
	berth_json_clear(to);
	to->c.type = (to->c.type & BERTH_JSON_OF_NAME) | (from->c.type & ~BERTH_JSON_OF_NAME);
	to->c.child = from->c.child;
	to->c.valuestring = from->c.valuestring;
	to->c.valuedouble = from->c.valuedouble;
	to->text_len = from->text_len;
	from->c.child = NULL;
	from->c.valuestring = NULL;
	return BERTH_OK;
}

/* A member of the same name gets the new value and keeps its place. */
enum berth_err berth_json_set(struct berth_json *obj, const char *key, struct berth_json *take)
{
	struct berth_json *old = berth_json_get_mut(obj, key);
	struct berth_json_text name;
	enum berth_err rc = BERTH_OK;

	if (!obj || !take) {
		rc = berth_no_memory();
	} else if (!berth_json_is(obj, BERTH_JSON_OBJECT)) {
		rc = berth_fail(BERTH_E_TYPE, "%s: of no object", key);
	} else if (old) {
		rc = move_value(old, take);
	} else if (!berth_json_text(&name, key)) {
		rc = berth_fail(BERTH_E_JSON, "member name: bad UTF-8");
	} else if (berth_json_call(take, name)) {
		berth_json_append(obj, take);
		take = NULL;
	} else {
		rc = berth_no_memory();
	}
	berth_json_free(take);
	return rc;
}

/* The member of that name, with that value as far as it is a text. */
static enum berth_err
member(struct berth_json *obj, const char *key, int type, struct berth_json_text text, struct berth_json **out)
{
	struct berth_json_text name;

	*out = berth_json_get_mut(obj, key);
	if (*out)
		return become(*out, type, text);
	if (!obj)
		return berth_no_memory();
	if (!berth_json_is(obj, BERTH_JSON_OBJECT))
		return berth_fail(BERTH_E_TYPE, "%s: of no object", key);
	if (!berth_json_text(&name, key))
		return berth_fail(BERTH_E_JSON, "member name: bad UTF-8");
	*out = berth_json_value_of(obj->home, type, name, text);
	if (!*out)
		return berth_no_memory();
	berth_json_append(obj, *out);
	return BERTH_OK;
}

enum berth_err berth_json_set_str(struct berth_json *obj, const char *key, const char *s)
{
	struct berth_json_text text;
	struct berth_json *m;

	if (!s)
		return berth_no_memory();
	if (!berth_json_text(&text, s))
		return berth_fail(BERTH_E_JSON, "%s: bad UTF-8", key);
	return member(obj, key, cJSON_String, text, &m);
}

enum berth_err berth_json_set_int(struct berth_json *obj, const char *key, int64_t v)
{
	struct berth_json *m;
	enum berth_err rc;

	if (fabs((double)v) > BERTH_JSON_INT_MAX)
		return berth_fail(BERTH_E_TYPE, "%s: out of range", key);
	rc = member(obj, key, cJSON_Number, no_text, &m);
	if (!rc)
		m->c.valuedouble = (double)v;
	return rc;
}

enum berth_err berth_json_set_bool(struct berth_json *obj, const char *key, bool v)
{
	struct berth_json *m;

	return member(obj, key, v ? cJSON_True : cJSON_False, no_text, &m);
}

enum berth_err berth_json_set_array(struct berth_json *obj, const char *key, struct berth_json **out)
{
	return member(obj, key, cJSON_Array, no_text, out);
}

static enum berth_err takes_elements(const struct berth_json *arr)
{
	if (!arr)
		return berth_no_memory();
	return berth_json_is(arr, BERTH_JSON_ARRAY) ? BERTH_OK : berth_fail(BERTH_E_TYPE, "an element of no array");
}

enum berth_err berth_json_push(struct berth_json *arr, struct berth_json *take)
{
	enum berth_err rc = take ? takes_elements(arr) : berth_no_memory();

	if (rc)
		berth_json_free(take);
	else
		berth_json_append(arr, take);
	return rc;
}

enum berth_err berth_json_push_str(struct berth_json *arr, const char *s)
{
	struct berth_json_text text;
	struct berth_json *v;
	enum berth_err rc;

	if (s && !berth_json_text(&text, s))
		return berth_fail(BERTH_E_JSON, "array element: bad UTF-8");
	if ((rc = s ? takes_elements(arr) : berth_no_memory()))
		return rc;
	v = berth_json_value_of(arr->home, cJSON_String, no_text, text);
	return berth_json_push(arr, v);
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
	return v ? berth_json_behind(v) : NULL;
}

enum berth_err berth_json_replace(struct berth_json *value, struct berth_json *take)
{
	enum berth_err rc = value && take ? move_value(value, take) : berth_no_memory();

	berth_json_free(take);
	return rc;
}

void berth_json_drop(struct berth_json *arr, struct berth_json *element)
{
	if (!element)
		return;
	berth_json_unlink(arr, element);
	berth_json_free_wiped(element);
}
