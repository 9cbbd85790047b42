/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_BASE_JSON_TREE_H
#define BERTH_DID_BASE_JSON_TREE_H

#include <string.h>

#include <cjson/cJSON.h>

#include "did/base/json.h"
#include "did/base/json_home.h"

/* A value is a cJSON; only did/base/json*.c know.  It lives in a home together with others,
 * and so do its name and its text, where they were known when it was made.  cJSON's own flags
 * say that they do, and are not to be freed by themselves: cJSON_StringIsConst of the name,
 * cJSON_IsReference of the text. */
struct berth_json {
	cJSON c;
	struct berth_json_home *home;
	uint32_t name_len, text_len;
};

/* More flags in c.type, above those of cJSON: all of the name, or of the text, stands for
 * itself when it is printed. */
#define BERTH_JSON_PLAIN_NAME 0x1000
#define BERTH_JSON_PLAIN_TEXT 0x2000
#define BERTH_JSON_OF_NAME (cJSON_StringIsConst | BERTH_JSON_PLAIN_NAME)

/* A text, with a NUL behind it, and what is known of it; s NULL: there is none. */
struct berth_json_text {
	char *s;
	size_t len;
	bool plain;
};

static inline int berth_json_type(const struct berth_json *v) { return v->c.type & 0xff; }
static inline struct berth_json *berth_json_child(const struct berth_json *v) { return (struct berth_json *)v->c.child; }
static inline struct berth_json *berth_json_behind(const struct berth_json *v) { return (struct berth_json *)v->c.next; }

static inline bool berth_json_named(const struct berth_json *member, const char *name, size_t n)
{
	return member->name_len == n && *member->c.string == *name && !memcmp(member->c.string, name, n);
}

static inline struct berth_json_text berth_json_name_of(const struct berth_json *v)
{
	return (struct berth_json_text){ v->c.string, v->name_len, v->c.type & BERTH_JSON_PLAIN_NAME };
}

static inline struct berth_json_text berth_json_text_of(const struct berth_json *v)
{
	return (struct berth_json_text){ v->c.valuestring, v->text_len, v->c.type & BERTH_JSON_PLAIN_TEXT };
}

/* False: not UTF-8. */
bool berth_json_text(struct berth_json_text *out, const char *s);

/* type: cJSON's.  All else is zero.  NULL: no memory. */
struct berth_json *berth_json_value(struct berth_json_home *home, int type);

/* A name, or a text, that lives in v's home or has a block of its own, as the flag says. */
static inline void berth_json_give_name(struct berth_json *v, const struct berth_json_text *name, int flag)
{
	v->c.string = name->s;
	v->name_len = (uint32_t)name->len;
	v->c.type |= flag | (name->plain ? BERTH_JSON_PLAIN_NAME : 0);
}

static inline void berth_json_give_text(struct berth_json *v, const struct berth_json_text *text, int flag)
{
	v->c.valuestring = text->s;
	v->text_len = (uint32_t)text->len;
	v->c.type |= flag | (text->plain ? BERTH_JSON_PLAIN_TEXT : 0);
}

/* v gets a copy of the name: where v lives, if there is room.  False: no memory. */
bool berth_json_call(struct berth_json *v, struct berth_json_text name);
/* A value with copies of name and text; home NULL: in one of its own. */
struct berth_json *
berth_json_value_of(struct berth_json_home *home, int type, struct berth_json_text name, struct berth_json_text text);
/* t becomes a copy of itself in a block of its own.  False: no memory. */
bool berth_json_dup(struct berth_json_text *t);

void berth_json_append(struct berth_json *parent, struct berth_json *take);
/* The child is the caller's then, and has no name. */
void berth_json_unlink(struct berth_json *parent, struct berth_json *child);
/* What v holds is overwritten and freed; it is null, under its name and in its place. */
void berth_json_clear(struct berth_json *v);
/* v and what it holds, which have been in a tree that stays, are overwritten and freed. */
void berth_json_free_wiped(struct berth_json *v);

#endif
