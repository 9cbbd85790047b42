/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_BASE_JSON_H
#define BERTH_DID_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"

/* The only way JSON gets in: a strict RFC 8259 + RFC 7493 (I-JSON) reader that
 * builds the cJSON tree itself, so that there is one opinion on what the bytes
 * mean; cJSON's own parser would accept duplicate members, NUL, bad UTF-8 and
 * more.  Numbers that a double cannot hold (1e400, 1e-400) are refused; integers
 * above 2^53 parse, but berth_json_*_int() refuses them. */
struct berth_json;	/* a node; a tree is owned by its root */

#define BERTH_JSON_MAX ((size_t)1 << 20)	/* bytes of one message */
#define BERTH_JSON_DEPTH_MAX 32
#define BERTH_JSON_MEMBERS_MAX 1024		/* of one object */
#define BERTH_JSON_VALUES_MAX 65536		/* of one text, so that its tree is a few MB at most */

enum berth_json_kind {
	BERTH_JSON_NULL, BERTH_JSON_BOOL, BERTH_JSON_NUMBER,
	BERTH_JSON_STRING, BERTH_JSON_ARRAY, BERTH_JSON_OBJECT
};

/* Only checks.  E_SIZE above max bytes, else E_JSON (or E_NOMEM). */
BERTH_MUST_USE enum berth_err berth_json_check(const char *p, size_t n, size_t max);

/* out: owned by the caller, berth_json_free().  E_JSON, E_SIZE, E_NOMEM. */
BERTH_MUST_USE enum berth_err
berth_json_parse(struct berth_json **out, const char *p, size_t n, size_t max);

/* The same, and the root must be an object (else E_TYPE). */
BERTH_MUST_USE enum berth_err
berth_json_parse_object(struct berth_json **out, const char *p, size_t n, size_t max);

/* The same as berth_json_parse, for what is going to be signed or hashed: an
 * integer literal whose double prints as another number is E_JSON, so that
 * nothing is canonicalised lossily. */
BERTH_MUST_USE enum berth_err
berth_json_parse_exact(struct berth_json **out, const char *p, size_t n, size_t max);

/* NULL is fine.  Names, texts and numbers are overwritten before their memory is given back,
 * and at once where a value is removed from a tree or replaced.  The memory of a tree is given
 * back as a whole: what was detached from it keeps it until that has been freed, too. */
void berth_json_free(struct berth_json *root);

/* Reading.  All getters borrow; what they give lives as long as the root. */
enum berth_json_kind berth_json_kind(const struct berth_json *v);
bool berth_json_is(const struct berth_json *v, enum berth_json_kind kind);	/* false for NULL */
const char *berth_json_str(const struct berth_json *v);		/* NULL unless a string */
bool berth_json_says(const struct berth_json *v, const char *text);	/* is that string, or an array with it */
bool berth_json_bool(const struct berth_json *v, bool otherwise);
double berth_json_num(const struct berth_json *v);		/* 0 unless a number */
size_t berth_json_len(const struct berth_json *v);		/* children; 0 for NULL */
const struct berth_json *berth_json_first(const struct berth_json *v);
const struct berth_json *berth_json_next(const struct berth_json *v);
const char *berth_json_key(const struct berth_json *v);		/* of a member; else NULL */
/* The member of that name, case-sensitive; NULL: none, or obj is no object. */
const struct berth_json *berth_json_get(const struct berth_json *obj, const char *key);
const struct berth_json *berth_json_at(const struct berth_json *arr, size_t i);
bool berth_json_equal(const struct berth_json *a, const struct berth_json *b);

#define berth_json_each(it, v) \
	for (const struct berth_json *it = berth_json_first(v); it; it = berth_json_next(it))

/* Typed members.  req_: E_TYPE when missing or of another type; opt_: the same
 * but for a missing member, which leaves *out as it was.  Strings longer than
 * max bytes are E_SIZE.  Integers: no fraction, within +-(2^53 - 1) and [min, max]. */
BERTH_MUST_USE enum berth_err
berth_json_req_str(const struct berth_json *obj, const char *key, size_t max, const char **out);
BERTH_MUST_USE enum berth_err
berth_json_opt_str(const struct berth_json *obj, const char *key, size_t max, const char **out);
BERTH_MUST_USE enum berth_err
berth_json_req_int(const struct berth_json *obj, const char *key, int64_t min, int64_t max, int64_t *out);
BERTH_MUST_USE enum berth_err
berth_json_opt_int(const struct berth_json *obj, const char *key, int64_t min, int64_t max, int64_t *out);
BERTH_MUST_USE enum berth_err
berth_json_req_bool(const struct berth_json *obj, const char *key, bool *out);
BERTH_MUST_USE enum berth_err
berth_json_opt_bool(const struct berth_json *obj, const char *key, bool *out);
BERTH_MUST_USE enum berth_err
berth_json_req_obj(const struct berth_json *obj, const char *key, const struct berth_json **out);
BERTH_MUST_USE enum berth_err
berth_json_opt_obj(const struct berth_json *obj, const char *key, const struct berth_json **out);
BERTH_MUST_USE enum berth_err
berth_json_req_arr(const struct berth_json *obj, const char *key, size_t max_len, const struct berth_json **out);
BERTH_MUST_USE enum berth_err
berth_json_opt_arr(const struct berth_json *obj, const char *key, size_t max_len, const struct berth_json **out);

/* Building.  Constructors return NULL without memory.  Setters take NULL for
 * obj as "already failed" and return E_NOMEM, so a builder is one chain of ||;
 * they add, and replace a member of the same name.  Values given as nodes are
 * taken over in every case, also when the call fails.  Members of what is no object and
 * elements of what is no array are E_TYPE.  Text that is not UTF-8
 * is E_JSON and integers beyond +-(2^53 - 1) E_TYPE; their constructors yield
 * NULL. */
struct berth_json *berth_json_new_object(void);
struct berth_json *berth_json_new_array(void);
struct berth_json *berth_json_new_str(const char *s);
struct berth_json *berth_json_new_int(int64_t v);
struct berth_json *berth_json_new_bool(bool v);
struct berth_json *berth_json_new_null(void);
struct berth_json *berth_json_clone(const struct berth_json *v);
BERTH_MUST_USE enum berth_err berth_json_set(struct berth_json *obj, const char *key, struct berth_json *take);
BERTH_MUST_USE enum berth_err berth_json_set_str(struct berth_json *obj, const char *key, const char *s);
BERTH_MUST_USE enum berth_err berth_json_set_int(struct berth_json *obj, const char *key, int64_t v);
BERTH_MUST_USE enum berth_err berth_json_set_bool(struct berth_json *obj, const char *key, bool v);
/* An empty one, made where obj is: *out is borrowed. */
BERTH_MUST_USE enum berth_err berth_json_set_array(struct berth_json *obj, const char *key, struct berth_json **out);
BERTH_MUST_USE enum berth_err berth_json_push(struct berth_json *arr, struct berth_json *take);
BERTH_MUST_USE enum berth_err berth_json_push_str(struct berth_json *arr, const char *s);
/* What was made, or not: rc says how that went.  Where it failed, take is freed, rc is
 * returned, and *out is NULL. */
BERTH_MUST_USE enum berth_err
berth_json_set_made(struct berth_json *obj, const char *key, struct berth_json *take, enum berth_err rc);
BERTH_MUST_USE enum berth_err berth_json_push_made(struct berth_json *arr, struct berth_json *take, enum berth_err rc);
BERTH_MUST_USE enum berth_err berth_json_give(struct berth_json **out, struct berth_json *take, enum berth_err rc);
void berth_json_remove(struct berth_json *obj, const char *key);
/* The member's value is the caller's then; NULL: there is none. */
struct berth_json *berth_json_detach(struct berth_json *obj, const char *key);
/* The mutable twin of berth_json_get for trees under construction. */
struct berth_json *berth_json_get_mut(struct berth_json *obj, const char *key);
struct berth_json *berth_json_first_mut(struct berth_json *v);
struct berth_json *berth_json_next_mut(struct berth_json *v);
/* A value in place, in its object or array and under its name, becomes take's. */
BERTH_MUST_USE enum berth_err berth_json_replace(struct berth_json *value, struct berth_json *take);
/* Takes an element out of its array and frees it. */
void berth_json_drop(struct berth_json *arr, struct berth_json *element);

/* Printing, members in their order; numbers as JCS writes them.  Appends. */
BERTH_MUST_USE enum berth_err berth_json_print(struct berth_buf *out, const struct berth_json *v);
BERTH_MUST_USE enum berth_err berth_json_print_pretty(struct berth_buf *out, const struct berth_json *v);

/* One string as a JSON string literal with quotes, escaped as RFC 8785 3.2.2.2
 * says.  For JCS and for writers that need no tree. */
void berth_json_print_str(struct berth_buf *out, const char *s);
/* The name of a member in the same way, with a colon, and a comma before it if asked for. */
void berth_json_print_name(struct berth_buf *out, bool comma, const struct berth_json *member);
/* ECMAScript Number::toString, as RFC 8785 3.2.2.3 asks. */
void berth_json_print_num(struct berth_buf *out, double v);

#endif /* BERTH_DID_BASE_JSON_H */
