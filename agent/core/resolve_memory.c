/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/resolve_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/core/resolveclient.h"
#include "did/base/clock.h"

static void forget(struct remembered *r)
{
	free(r->did);
	free(r->doc);
	free(r->metadata);
	*r = (struct remembered){ 0 };
}

static void forget_in(struct remembered *list, const char *did)
{
	for (size_t i = 0; i < BERTH_RESOLVE_REMEMBERED_MAX; i++)
		if (list[i].did && (!did || strcmp(list[i].did, did) == 0))
			forget(&list[i]);
}

void resolve_forget(struct resolve_memory *m, const char *did)
{
	forget_in(m->docs, did);
	forget_in(m->failures, did);
}

static const struct remembered *find(const struct remembered *list, const char *did)
{
	uint64_t now = berth_clock_mono_ms();

	for (size_t i = 0; i < BERTH_RESOLVE_REMEMBERED_MAX; i++)
		if (list[i].did && list[i].until_ms > now && strcmp(list[i].did, did) == 0)
			return &list[i];
	return NULL;
}

const struct remembered *resolve_recall(const struct resolve_memory *m, const char *did)
{
	const struct remembered *r = find(m->docs, did);

	return r ? r : find(m->failures, did);
}

bool resolve_doubt(struct resolve_memory *m, const char *did)
{
	const struct remembered *r = find(m->docs, did);

	if (!r || r->until_ms - berth_clock_mono_ms() > BERTH_RESOLVE_KEEP_MS - BERTH_RESOLVE_DOUBT_MS)
		return false;
	forget_in(m->docs, did);
	return true;
}

void resolve_document_free(struct resolve_document *d)
{
	berth_buf_free(&d->text);
	berth_buf_free(&d->metadata);
}

/* False: no memory. */
static bool fill(struct remembered *r, const char *did, enum berth_err rc, const struct resolve_document *d)
{
	*r = (struct remembered){ .did = strdup(did), .doc = rc ? NULL : strdup(berth_buf_cstr(&d->text)),
		.doc_len = rc ? 0 : d->text.len, .rc = rc, .hearsay = d->hearsay,
		.metadata = d->metadata.len ? strdup(berth_buf_cstr(&d->metadata)) : NULL };
	return r->did && (rc || r->doc) && (!d->metadata.len || r->metadata);
}

void resolve_remember(struct resolve_memory *m, const char *did, enum berth_err rc, const struct resolve_document *d)
{
	size_t *next = rc ? &m->next_failure : &m->next_doc;
	struct remembered *r = rc ? &m->failures[*next] : &m->docs[*next];
	char why[sizeof(r->why)];

	snprintf(why, sizeof(why), "%s", rc ? berth_err_detail() : "");
	resolve_forget(m, did);
	forget(r);
	if (!fill(r, did, rc, d)) {
		forget(r);
		return;
	}
	memcpy(r->why, why, sizeof(why));
	r->until_ms = berth_clock_mono_ms() + (rc ? BERTH_RESOLVE_KEEP_BAD_MS : BERTH_RESOLVE_KEEP_MS);
	*next = (*next + 1) % BERTH_RESOLVE_REMEMBERED_MAX;
}
