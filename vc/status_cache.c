/* SPDX-License-Identifier: Apache-2.0 */
/* Status lists that were verified and unpacked once, and the newest of each ever seen. */
#include <stdlib.h>
#include <string.h>

#include "did/base/clock.h"
#include "vc/status.h"

struct entry {
	char *id, *issuer;		/* owned */
	uint32_t hash;			/* of both */
	bool token;
	struct berth_status_found found;	/* no list: only what was seen */
	int64_t seen_s;			/* when the newest was issued */
	uint64_t used;
};

struct named { char *file; uint32_t hash; };	/* of the id that it says to have */

struct berth_status_cache {
	struct named *index;		/* owned */
	size_t n_index;
	bool indexed;			/* it is complete */
	struct entry entries[BERTH_STATUS_CACHE_LISTS];
	size_t n, bytes;
	const struct berth_status_seen *seen;
	uint64_t uses, looked_ms;
	uint64_t stamp;			/* of the folder */
};

enum berth_err berth_status_cache_new(struct berth_status_cache **out, const struct berth_status_seen *seen)
{
	if (!(*out = calloc(1, sizeof(**out))))
		return berth_no_memory();
	(*out)->seen = seen;
	return BERTH_OK;
}

/* ---- entries ---- */

static uint32_t hash_of(const char *id, const char *issuer)
{
	uint32_t h = 2166136261u;	/* FNV-1a */

	for (const char *p = id; *p; p++)
		h = (h ^ (uint8_t)*p) * 16777619u;
	for (const char *p = issuer; *p; p++)
		h = (h ^ (uint8_t)*p) * 16777619u;
	return h;
}

static void drop_list(struct berth_status_cache *c, struct entry *e)
{
	c->bytes -= e->found.list.len;
	berth_status_found_free(&e->found);
}

static void free_entry(struct berth_status_cache *c, struct entry *e)
{
	drop_list(c, e);
	free(e->id);
	free(e->issuer);
	memset(e, 0, sizeof(*e));
}

static void drop_index(struct berth_status_cache *c)
{
	for (size_t i = 0; i < c->n_index; i++)
		free(c->index[i].file);
	free(c->index);
	c->index = NULL;
	c->n_index = 0;
	c->indexed = false;
}

void berth_status_cache_free(struct berth_status_cache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		free_entry(c, &c->entries[i]);
	drop_index(c);
	free(c);
}

static struct entry *find(struct berth_status_cache *c, const char *id, const char *issuer, bool token)
{
	uint32_t hash = hash_of(id, issuer);

	for (size_t i = 0; i < c->n; i++) {
		struct entry *e = &c->entries[i];

		if (e->hash == hash && e->token == token && !strcmp(e->id, id) && !strcmp(e->issuer, issuer)) {
			e->used = ++c->uses;
			return e;
		}
	}
	return NULL;
}

/* ---- the index of the folder ---- */

enum berth_err berth_status_cache_index(struct berth_status_cache *c, const char *file, const char *id)
{
	struct named *grown = realloc(c->index, (c->n_index + 1) * sizeof(*grown));

	if (!grown)
		return berth_no_memory();
	c->index = grown;
	grown[c->n_index] = (struct named){ strdup(file), hash_of(id, "") };
	if (!grown[c->n_index].file)
		return berth_no_memory();
	c->n_index++;
	return BERTH_OK;
}

bool berth_status_cache_begin_index(struct berth_status_cache *c)
{
	if (c->indexed)
		return false;
	drop_index(c);		/* of one that was not finished */
	return true;
}

void berth_status_cache_end_index(struct berth_status_cache *c) { c->indexed = true; }

const char *berth_status_cache_named(const struct berth_status_cache *c, const char *id, size_t *at)
{
	uint32_t hash = hash_of(id, "");

	while (*at < c->n_index) {
		const struct named *n = &c->index[(*at)++];

		if (n->hash == hash)
			return n->file;
	}
	return NULL;
}

/* ---- finding ---- */

/* Any file may have become a newer list. */
static void look(struct berth_status_cache *c, const char *dir)
{
	uint64_t now_ms = berth_clock_mono_ms(), stamp;

	if (c->looked_ms && now_ms - c->looked_ms < BERTH_STATUS_CACHE_LOOK_MS)
		return;
	c->looked_ms = now_ms ? now_ms : 1;
	if ((stamp = berth_status_dir_stamp(dir)) == c->stamp)
		return;
	c->stamp = stamp;
	drop_index(c);
	for (size_t i = 0; i < c->n; i++)
		drop_list(c, &c->entries[i]);
}

struct berth_status_found *
berth_status_cache_find(struct berth_status_cache *c, const char *dir, const char *id, const char *issuer, bool token)
{
	struct entry *e;

	look(c, dir);
	e = find(c, id, issuer, token);
	return e && e->found.list.b ? &e->found : NULL;
}

/* ---- putting ---- */

static struct entry *oldest(struct berth_status_cache *c, const struct entry *but)
{
	struct entry *old = NULL;

	for (size_t i = 0; i < c->n; i++)
		if (&c->entries[i] != but && (!old || c->entries[i].used < old->used))
			old = &c->entries[i];
	return old;
}

static enum berth_err name_entry(struct entry *e, const char *id, const char *issuer, bool token)
{
	e->id = strdup(id);
	e->issuer = strdup(issuer);
	if (!e->id || !e->issuer)
		return berth_no_memory();
	e->hash = hash_of(id, issuer);
	e->token = token;
	e->seen_s = INT64_MIN;
	return BERTH_OK;
}

static enum berth_err make(struct berth_status_cache *c, struct entry **out, const char *id, const char *issuer,
			   bool token)
{
	struct entry *e = find(c, id, issuer, token);
	enum berth_err rc;

	*out = e;
	if (e)
		return BERTH_OK;
	if (c->n < BERTH_STATUS_CACHE_LISTS)
		e = &c->entries[c->n++];
	else
		free_entry(c, e = oldest(c, NULL));
	e->used = ++c->uses;
	if (!(rc = name_entry(e, id, issuer, token)) && c->seen)
		rc = c->seen->get(c->seen->arg, id, issuer, &e->seen_s);
	if (rc) {
		free_entry(c, e);
		*e = c->entries[--c->n];
		memset(&c->entries[c->n], 0, sizeof(*e));
	}
	*out = e;
	return rc;
}

static void make_room(struct berth_status_cache *c, const struct entry *for_)
{
	for (size_t i = 0; i < c->n && c->bytes > BERTH_STATUS_CACHE_BYTES; i++) {
		struct entry *e = oldest(c, for_);

		if (!e)
			return;
		drop_list(c, e);
		e->used = c->uses;	/* it has nothing more to give */
	}
}

static enum berth_err check_newer(struct berth_status_cache *c, struct entry *e, int64_t issued_s)
{
	enum berth_err rc = BERTH_OK;

	if (issued_s < e->seen_s)
		return berth_fail(BERTH_E_STATUS, "status list: older than one seen before");
	if (issued_s > e->seen_s && c->seen)
		rc = c->seen->put(c->seen->arg, e->id, e->issuer, issued_s);
	if (!rc)
		e->seen_s = issued_s;
	return rc;
}

enum berth_err berth_status_cache_put(struct berth_status_cache *c, struct berth_status_found **out,
				      struct berth_status_found *f, const char *id, const char *issuer, bool token)
{
	struct entry *e;
	enum berth_err rc;

	*out = NULL;
	if ((rc = make(c, &e, id, issuer, token)) || (rc = check_newer(c, e, f->issued_s))) {
		berth_status_found_free(f);
		return rc;
	}
	drop_list(c, e);
	e->found = *f;
	memset(f, 0, sizeof(*f));
	c->bytes += e->found.list.len;
	make_room(c, e);
	*out = &e->found;
	return BERTH_OK;
}
