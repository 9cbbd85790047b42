/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_STATUS_H
#define BERTH_VC_STATUS_H

#include "vc/report.h"
#include "vc/status_list.h"

/* Where the lists are that a credential's status refers to. */
#define BERTH_STATUS_DIR_MAX 1024	/* files */
#define BERTH_STATUS_CACHE_LISTS 64
#define BERTH_STATUS_CACHE_BYTES ((size_t)4 << 20)	/* unpacked, all together */
#define BERTH_STATUS_CACHE_LOOK_MS 1000		/* how often the folder is looked at for changes */

/* A list that was found and is authentic. */
struct berth_status_found {
	struct berth_status_list list;
	struct berth_json *purposes;	/* owned: statusPurpose of a W3C list; else NULL */
	int64_t issued_s;		/* INT64_MIN: not said */
	int64_t from_s, stale_s;	/* its own validity, ttl included; INT64_MIN, INT64_MAX: not said */
};
void berth_status_found_free(struct berth_status_found *f);

/* Whether the list may be believed now.  *stale_for: how many seconds it has been past its
 * validity, 0: it is not.  E_STATUS: it says until when, and the time is not known, or it
 * is of the future. */
BERTH_MUST_USE enum berth_err
berth_status_age(const struct berth_status_found *f, const struct berth_verify *v, int64_t *stale_for);

/* The newest list called id in v->status_dir that is signed by issuer.  token: an IETF
 * token, found by its sub; else a credential.  E_STATUS: none such; the detail says what
 * was wrong with the one that there was.  With v->status_cache the list is the cache's,
 * and borrowed until its next use; else it is kept in *own, which is to be freed in every
 * case. */
BERTH_MUST_USE enum berth_err
berth_status_find(struct berth_status_found **out, struct berth_status_found *own, const struct berth_verify *v,
		  const char *id, const char *issuer, bool token);

/* One document of text: E_STATUS for what is wrong with it. */
BERTH_MUST_USE enum berth_err
berth_status_open(struct berth_status_found *out, const struct berth_verify *v, const char *text, size_t n,
		  const char *id, const char *issuer, bool token);

/* Calls each() with every file of the folder, until it fails. */
typedef enum berth_err berth_status_file(void *arg, const char *name, const char *text, size_t n);
BERTH_MUST_USE enum berth_err berth_status_dir(const char *path, berth_status_file *each, void *arg);
/* The same with one of them. */
BERTH_MUST_USE enum berth_err
berth_status_dir_file(const char *path, const char *name, berth_status_file *each, void *arg);
/* Another number when files have come, gone or changed. */
uint64_t berth_status_dir_stamp(const char *path);

/* ---- status_cache.c: lists that were found, for whoever verifies more than once ---- */

/* What is remembered for good of the lists seen: when the newest of each was issued, of
 * each issuer by itself.  An older one does not count any more (E_STATUS).  get: *issued_s
 * stays as it was where nothing is known. */
struct berth_status_seen {
	void *arg;
	enum berth_err (*get)(void *arg, const char *id, const char *issuer, int64_t *issued_s);
	enum berth_err (*put)(void *arg, const char *id, const char *issuer, int64_t issued_s);
};

/* One thread's.  seen may be NULL: then it is remembered as long as the cache lives;
 * borrowed. */
BERTH_MUST_USE enum berth_err
berth_status_cache_new(struct berth_status_cache **out, const struct berth_status_seen *seen);
void berth_status_cache_free(struct berth_status_cache *c);	/* NULL is fine */
/* The list, or NULL.  When anything in the folder has changed, all are read anew. */
struct berth_status_found *
berth_status_cache_find(struct berth_status_cache *c, const char *dir, const char *id, const char *issuer, bool token);
/* Which files say that they hold a list of some name; forgotten when the folder changes.
 * begin: false where that is known; else index() each file, and end when all went well.
 * named: the next file from *at on, NULL behind the last; also some of other names. */
bool berth_status_cache_begin_index(struct berth_status_cache *c);
BERTH_MUST_USE enum berth_err berth_status_cache_index(struct berth_status_cache *c, const char *file, const char *id);
void berth_status_cache_end_index(struct berth_status_cache *c);
const char *berth_status_cache_named(const struct berth_status_cache *c, const char *id, size_t *at);

/* Takes *f over, also on failure; *out is the cache's.  E_STATUS: older than one seen. */
BERTH_MUST_USE enum berth_err
berth_status_cache_put(struct berth_status_cache *c, struct berth_status_found **out, struct berth_status_found *f,
		       const char *id, const char *issuer, bool token);

#endif /* BERTH_VC_STATUS_H */
