/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/resolve_memory.h"

#include <stdlib.h>
#include <string.h>

#include "agent/core/resolveclient.h"
#include "did/base/clock.h"
#include "did/base/rand.h"

void resolve_memory_init(struct resolve_memory *m)
{
	berth_random(&m->seed, sizeof(m->seed));
	m->max_age_ms = BERTH_RESOLVE_MAX_AGE_MS;
}

void resolve_document_free(struct resolve_document *d)
{
	berth_did_doc_free(d->doc);
	berth_buf_free(&d->metadata);
	*d = (struct resolve_document){ .doc = NULL };
}

/* --- lists and buckets ----------------------------------------------------------------- */

static uint32_t hash_of(const struct resolve_memory *m, const char *did)
{
	uint32_t h = m->seed;

	for (; *did; did++)
		h = ((h ^ (uint8_t)*did) * 0x01000193u) ^ (h >> 15);
	return h;
}

static struct remembered_list *list_of(struct resolve_memory *m, const struct remembered *r)
{
	return r->doc ? &m->docs : &m->failures;
}

static void unlink_one(struct remembered_list *l, struct remembered *r)
{
	*(r->newer ? &r->newer->older : &l->newest) = r->older;
	*(r->older ? &r->older->newer : &l->oldest) = r->newer;
	r->newer = r->older = NULL;
}

static void link_newest(struct remembered_list *l, struct remembered *r)
{
	r->older = l->newest;
	*(l->newest ? &l->newest->newer : &l->oldest) = r;
	l->newest = r;
}

static void entry_free(struct remembered *r)
{
	free(r->did);
	berth_did_doc_free(r->doc);
	free(r->metadata);
	free(r->why);
	free(r);
}

static void drop(struct resolve_memory *m, struct remembered *r)
{
	struct remembered **at = &m->bucket[r->hash % BERTH_RESOLVE_BUCKETS];
	struct remembered_list *l = list_of(m, r);

	while (*at != r)
		at = &(*at)->chain;
	*at = r->chain;
	unlink_one(l, r);
	l->n--;
	l->bytes -= r->bytes;
	entry_free(r);
}

static void add(struct resolve_memory *m, struct remembered *r)
{
	struct remembered **at = &m->bucket[r->hash % BERTH_RESOLVE_BUCKETS];
	struct remembered_list *l = list_of(m, r);
	size_t max = r->doc ? BERTH_RESOLVE_DOCS_MAX : BERTH_RESOLVE_FAILURES_MAX;

	while (l->n && (l->n == max || l->bytes + r->bytes > BERTH_RESOLVE_DOCS_BYTES))
		drop(m, l->oldest);
	r->chain = *at;
	*at = r;
	link_newest(l, r);
	l->n++;
	l->bytes += r->bytes;
}

static struct remembered *find(const struct resolve_memory *m, const char *did, bool doc)
{
	uint32_t hash = hash_of(m, did);
	struct remembered *r = m->bucket[hash % BERTH_RESOLVE_BUCKETS];

	while (r && (r->hash != hash || (r->doc != NULL) != doc || strcmp(r->did, did)))
		r = r->chain;
	return r;
}

/* --- what is known ----------------------------------------------------------------------- */

static struct remembered *use(struct resolve_memory *m, struct remembered *r)
{
	struct remembered_list *l;

	if (!r || r == (l = list_of(m, r))->newest)
		return r;
	unlink_one(l, r);
	link_newest(l, r);
	return r;
}

struct remembered *resolve_kept(struct resolve_memory *m, const char *did)
{
	return use(m, find(m, did, true));
}

const struct remembered *resolve_recall(struct resolve_memory *m, const char *did)
{
	int64_t now = (int64_t)berth_clock_mono_ms();
	struct remembered *r = find(m, did, true);

	if ((!r || r->until_ms <= now) && (r = find(m, did, false)) && r->until_ms <= now)
		r = NULL;
	return use(m, r);
}

void resolve_forget(struct resolve_memory *m, const char *did)
{
	struct remembered *doc = did ? find(m, did, true) : NULL, *failure = did ? find(m, did, false) : NULL;

	if (doc)
		drop(m, doc);
	if (failure)
		drop(m, failure);
	while (!did && m->docs.n)
		drop(m, m->docs.oldest);
	while (!did && m->failures.n)
		drop(m, m->failures.oldest);
}

bool resolve_doubt(struct resolve_memory *m, const char *did)
{
	int64_t now = (int64_t)berth_clock_mono_ms();
	struct remembered *r = find(m, did, true);

	if (!r || r->until_ms <= now || now - r->came_ms < BERTH_RESOLVE_DOUBT_MS)
		return false;
	r->until_ms = now;
	return true;
}

/* --- what is new ------------------------------------------------------------------------- */

/* NULL: no memory. */
static struct remembered *entry_new(const struct resolve_memory *m, const char *did, enum berth_err rc, struct resolve_document *d)
{
	struct remembered *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->hash = hash_of(m, did);
	r->did = strdup(did);
	r->why = rc ? strdup(berth_err_detail()) : NULL;
	r->metadata = d->metadata.len ? strdup(berth_buf_cstr(&d->metadata)) : NULL;
	if (!r->did || (rc && !r->why) || (d->metadata.len && !r->metadata)) {
		entry_free(r);
		return NULL;
	}
	r->bytes = strlen(did) + d->metadata.len + d->bytes;
	r->hearsay = d->hearsay;
	r->outage = d->outage;
	r->error = d->error;
	r->rc = rc;
	r->doc = d->doc;
	d->doc = NULL;
	return r;
}

/* The method's own, or the registry's, within bounds. */
static int64_t lifetime_ms(const struct resolve_memory *m, enum berth_err rc, uint32_t ttl_s)
{
	int64_t ms = ttl_s ? (int64_t)ttl_s * 1000 : BERTH_RESOLVE_KEEP_MS;

	if (rc)
		return BERTH_RESOLVE_KEEP_BAD_MS;
	ms = ms < m->max_age_ms ? ms : m->max_age_ms;
	return ms < BERTH_RESOLVE_KEEP_LEAST_MS ? BERTH_RESOLVE_KEEP_LEAST_MS : ms;
}

static bool is_its_word(enum berth_err rc, const struct resolve_document *d)
{
	return !d->outage && (rc == BERTH_OK || rc == BERTH_E_RESOLVE || rc == BERTH_E_DID || rc == BERTH_E_SIZE);
}

void resolve_remember(struct resolve_memory *m, const char *did, enum berth_err rc, struct resolve_document *d)
{
	struct remembered *r = entry_new(m, did, rc, d), *old = find(m, did, false);
	bool again = find(m, did, true) != NULL;

	if (is_its_word(rc, d))
		resolve_forget(m, did);
	else if (old)
		drop(m, old);
	if (!r)
		return;
	r->unsaved = is_its_word(rc, d) && (rc || d->wanted || again);
	r->came_ms = (int64_t)berth_clock_mono_ms();
	r->until_ms = r->came_ms + lifetime_ms(m, rc, d->ttl_s);
	add(m, r);
}

void resolve_restore(struct resolve_memory *m, const char *did, struct resolve_document *d, int64_t came_ms, int64_t until_ms)
{
	struct remembered *r = entry_new(m, did, BERTH_OK, d);

	if (!r)
		return;
	r->came_ms = came_ms;
	r->until_ms = until_ms;
	add(m, r);
}
