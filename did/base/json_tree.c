/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/json_tree.h"

#include <stdlib.h>

#include "did/base/secret.h"
#include "did/base/utf8.h"

bool berth_json_text(struct berth_json_text *out, const char *s)
{
	size_t n = strlen(s), run = berth_utf8_plain_run(s, s + n);

	*out = (struct berth_json_text){ (char *)(uintptr_t)s, n, run == n };
	return out->plain || berth_utf8_valid(s + run, n - run);
}

struct berth_json *berth_json_value(struct berth_json_home *home, int type)
{
	struct berth_json *v = berth_json_home_take(home, sizeof(*v));

	if (!v)
		return NULL;
	*v = (struct berth_json){ .c.type = type, .home = home };
	berth_json_home_enter(home);
	return v;
}

static bool copy_into(struct berth_json_home *home, struct berth_json_text *t)
{
	char *own;

	if (!t->s)
		return true;
	own = t->len <= BERTH_BUF_MAX ? berth_json_home_take(home, t->len + 1) : NULL;
	if (own)
		t->s = memcpy(own, t->s, t->len + 1);
	return own;
}

static struct berth_json *
value_in(struct berth_json_home *home, int type, struct berth_json_text *name, struct berth_json_text *text)
{
	struct berth_json *v;

	if (!copy_into(home, name) || !copy_into(home, text) || !(v = berth_json_value(home, type)))
		return NULL;
	if (name->s)
		berth_json_give_name(v, name, cJSON_StringIsConst);
	if (text->s)
		berth_json_give_text(v, text, cJSON_IsReference);
	return v;
}

struct berth_json *
berth_json_value_of(struct berth_json_home *home, int type, struct berth_json_text name, struct berth_json_text text)
{
	bool alone = type != cJSON_Object && type != cJSON_Array;
	size_t room = sizeof(struct berth_json) + name.len + text.len + 2;
	struct berth_json_home *own = home ? NULL : berth_json_home_new(alone ? room : BERTH_JSON_HOME_ROOM);
	struct berth_json *v = home || own ? value_in(home ? home : own, type, &name, &text) : NULL;

	if (!v)
		berth_json_home_free(own);
	return v;
}

bool berth_json_dup(struct berth_json_text *t)
{
	char *own = t->len <= BERTH_BUF_MAX ? malloc(t->len + 1) : NULL;

	if (own)
		t->s = memcpy(own, t->s, t->len + 1);
	return own;
}

bool berth_json_call(struct berth_json *v, struct berth_json_text name)
{
	bool fits = berth_json_home_has(v->home, name.len + 1);

	if (!(fits ? copy_into(v->home, &name) : berth_json_dup(&name)))
		return false;
	berth_json_give_name(v, &name, fits ? cJSON_StringIsConst : 0);
	return true;
}

/* As cJSON has them: the first knows the last. */
void berth_json_append(struct berth_json *parent, struct berth_json *take)
{
	cJSON *first = parent->c.child, *v = &take->c;

	if (first) {
		v->prev = first->prev;
		v->prev->next = first->prev = v;
	} else {
		parent->c.child = v->prev = v;
	}
}

static void free_name(struct berth_json *v)
{
	if (v->c.string && !(v->c.type & cJSON_StringIsConst)) {
		berth_wipe(v->c.string, v->name_len);
		free(v->c.string);
	}
}

static void free_text(struct berth_json *v)
{
	if (v->c.valuestring && !(v->c.type & cJSON_IsReference)) {
		berth_wipe(v->c.valuestring, v->text_len);
		free(v->c.valuestring);
	}
}

/* v and those behind it. */
static void free_all(struct berth_json *v)
{
	for (struct berth_json *next; v; v = next) {
		next = berth_json_behind(v);
		free_all(berth_json_child(v));
		free_name(v);
		free_text(v);
		berth_json_home_leave(v->home, v, sizeof(*v));
	}
}

void berth_json_free(struct berth_json *root) { free_all(root); }

/* Of v and those behind it, whose home may stay for long. */
static void overwrite(struct berth_json *v)
{
	for (; v; v = berth_json_behind(v)) {
		if (v->c.valuestring)
			berth_wipe(v->c.valuestring, v->text_len);
		if (v->c.string)
			berth_wipe(v->c.string, v->name_len);
		v->c.valuedouble = 0;
		overwrite(berth_json_child(v));
	}
}

void berth_json_free_wiped(struct berth_json *v)
{
	overwrite(v);
	berth_json_free(v);
}

void berth_json_unlink(struct berth_json *parent, struct berth_json *child)
{
	cJSON_DetachItemViaPointer(&parent->c, &child->c);
	if (child->c.string)
		berth_wipe(child->c.string, child->name_len);
	free_name(child);
	child->c.string = NULL;
	child->name_len = 0;
	child->c.type &= ~BERTH_JSON_OF_NAME;
}

void berth_json_clear(struct berth_json *v)
{
	berth_json_free_wiped(berth_json_child(v));
	if (v->c.valuestring)
		berth_wipe(v->c.valuestring, v->text_len);
	free_text(v);
	v->c.child = NULL;
	v->c.valuestring = NULL;
	v->c.valuedouble = 0;
	v->text_len = 0;
	v->c.type = cJSON_NULL | (v->c.type & BERTH_JSON_OF_NAME);
}

static struct berth_json *copy(struct berth_json_home *home, const struct berth_json *v, struct berth_json_text name);

static bool copy_children(struct berth_json *to, const struct berth_json *v)
{
	struct berth_json *child;

	berth_json_each(m, v) {
		child = copy(to->home, m, berth_json_name_of(m));
		if (!child)
			return false;
		berth_json_append(to, child);
	}
	return true;
}

static struct berth_json *copy(struct berth_json_home *home, const struct berth_json *v, struct berth_json_text name)
{
	struct berth_json *c = berth_json_value_of(home, berth_json_type(v), name, berth_json_text_of(v));

	if (!c)
		return NULL;
	c->c.valuedouble = v->c.valuedouble;
	if (copy_children(c, v))
		return c;
	berth_json_free(c);
	return NULL;
}

struct berth_json *berth_json_clone(const struct berth_json *v)
{
	return v ? copy(NULL, v, (struct berth_json_text){ 0 }) : NULL;
}
