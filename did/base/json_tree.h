/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_BASE_JSON_TREE_H
#define BERTH_DID_BASE_JSON_TREE_H

#include <cjson/cJSON.h>

#include "did/base/json.h"

/* A value is a cJSON; only did/base/json*.c know.  Its name and its text stand behind it in
 * the same block where both are known when it is made: a member is one allocation then, not
 * three.  cJSON's own flags say what is not a block of its own and not to be freed:
 * cJSON_StringIsConst of the name, cJSON_IsReference of the text. */
struct berth_json {
	cJSON c;
	char behind[];
};

/* type: cJSON's.  key_room, text_room: bytes with their NULs, where name and text point to;
 * 0: there is none.  All else is zero.  NULL: no memory. */
struct berth_json *berth_json_node(int type, size_t key_room, size_t text_room);
/* The same with copies of a name and a text; NULL: there is none. */
struct berth_json *berth_json_node_of(int type, const char *key, const char *text);
/* A copy of s in a block of its own.  NULL: no memory. */
char *berth_json_dup(const char *s);
void berth_json_append(struct berth_json *parent, struct berth_json *take);
/* The child is the caller's then, and has no name. */
void berth_json_unlink(struct berth_json *parent, struct berth_json *child);
/* What v holds is overwritten and freed; it is null, under its name and in its place. */
void berth_json_clear(struct berth_json *v);

static inline int berth_json_type(const struct berth_json *v) { return v->c.type & 0xff; }
static inline struct berth_json *berth_json_child(const struct berth_json *v) { return (struct berth_json *)v->c.child; }

#endif
