/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/json_tree.h"

#include <string.h>

#include "did/base/secret.h"

struct berth_json *berth_json_node(int type, size_t key_room, size_t text_room)
{
	size_t room = key_room + text_room;
	struct berth_json *v = room <= BERTH_BUF_MAX ? cJSON_malloc(sizeof(*v) + room) : NULL;

	if (!v)
		return NULL;
	v->c = (cJSON){ .type = type };
	if (key_room) {
		v->c.string = v->behind;
		v->c.type |= cJSON_StringIsConst;
	}
	if (text_room) {
		v->c.valuestring = v->behind + key_room;
		v->c.type |= cJSON_IsReference;
	}
	return v;
}

struct berth_json *berth_json_node_of(int type, const char *key, const char *text)
{
	size_t key_room = key ? strlen(key) + 1 : 0, text_room = text ? strlen(text) + 1 : 0;
	struct berth_json *v = berth_json_node(type, key_room, text_room);

	if (v && key)
		memcpy(v->c.string, key, key_room);
	if (v && text)
		memcpy(v->c.valuestring, text, text_room);
	return v;
}

char *berth_json_dup(const char *s)
{
	size_t n = strlen(s) + 1;
	char *own = cJSON_malloc(n);

	return own ? memcpy(own, s, n) : NULL;
}

void berth_json_append(struct berth_json *parent, struct berth_json *take)
{
	cJSON_AddItemToArray(&parent->c, &take->c);
}

static void wipe_text(char *s)
{
	if (s)
		berth_wipe(s, strlen(s));
}

static void wipe(cJSON *v)
{
	for (; v; v = v->next) {
		wipe_text(v->valuestring);
		wipe_text(v->string);
		v->valuedouble = 0;
		wipe(v->child);
	}
}

void berth_json_free(struct berth_json *root)
{
	if (!root)
		return;
	wipe(&root->c);
	cJSON_Delete(&root->c);
}

static void drop_key(cJSON *v)
{
	wipe_text(v->string);
	if (!(v->type & cJSON_StringIsConst))
		cJSON_free(v->string);
	v->string = NULL;
	v->type &= ~cJSON_StringIsConst;
}

void berth_json_unlink(struct berth_json *parent, struct berth_json *child)
{
	cJSON_DetachItemViaPointer(&parent->c, &child->c);
	drop_key(&child->c);
}

void berth_json_clear(struct berth_json *v)
{
	wipe(v->c.child);
	cJSON_Delete(v->c.child);
	v->c.child = NULL;
	wipe_text(v->c.valuestring);
	if (!(v->c.type & cJSON_IsReference))
		cJSON_free(v->c.valuestring);
	v->c.valuestring = NULL;
	v->c.valuedouble = 0;
	v->c.type = cJSON_NULL | (v->c.type & cJSON_StringIsConst);
}

static struct berth_json *copy(const struct berth_json *v, const char *key);

static bool copy_children(struct berth_json *to, const struct berth_json *v)
{
	struct berth_json *child;

	berth_json_each(m, v) {
		child = copy(m, m->c.string);
		if (!child)
			return false;
		berth_json_append(to, child);
	}
	return true;
}

/* cJSON_Duplicate() would take a name that is in another block for one that stays. */
static struct berth_json *copy(const struct berth_json *v, const char *key)
{
	struct berth_json *c = berth_json_node_of(berth_json_type(v), key, berth_json_str(v));

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
	return v ? copy(v, NULL) : NULL;
}
