/* SPDX-License-Identifier: Apache-2.0 */
/* The rows that were put last, but for when they are due: most are read once, in the same moment, to
 * be sent.  One that is changed is not here any more and read from the file, even if that is taken
 * back; nor is one that has been read. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/store_internal.h"

#define LEN_MAX ((size_t)16 << 10)	/* of one */

static void forget(struct berth_outbox_row *f)
{
	store_row_free(f);
	*f = (struct berth_outbox_row){ 0 };
}

void store_fresh_put(struct berth_store *s, const struct berth_outbox_row *r)
{
	struct berth_outbox_row *f = &s->fresh[s->fresh_next++ % STORE_FRESH];
	const char *texts[] = { r->id, r->peer, r->from, r->thid[0] ? r->thid : r->id, r->endpoints, r->machine ? r->machine : "",
				r->instance ? r->instance : "" };
	const char **to[] = { &f->id, &f->peer, &f->from, &f->thid, &f->endpoints, &f->machine, &f->instance };
	size_t lens[sizeof(texts) / sizeof(texts[0])], n = r->body_len + 1;
	char *at;

	forget(f);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		n += (lens[i] = strlen(texts[i])) + 1;
	if (n > LEN_MAX || !(at = malloc(n)))
		return;
	*f = (struct berth_outbox_row){ .seq = s->last_seq, .mode = r->mode, .parked = r->parked,
		.created_s = r->created_s, .expires_s = r->expires_s, .body_len = r->body_len };
	f->body = (const uint8_t *)store_row_part(&at, r->body, r->body_len);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*to[i] = store_row_part(&at, texts[i], lens[i]);
}

struct berth_outbox_row *store_fresh_find(struct berth_store *s, int64_t seq)
{
	for (struct berth_outbox_row *f = s->fresh; f < s->fresh + STORE_FRESH; f++)
		if (f->body && f->seq == seq)
			return f;
	return NULL;
}

void store_fresh_drop(struct berth_store *s, int64_t seq)
{
	struct berth_outbox_row *f = store_fresh_find(s, seq);

	if (f)
		forget(f);
}

void store_fresh_clear(struct berth_store *s)
{
	for (size_t i = 0; i < STORE_FRESH; i++)
		forget(&s->fresh[i]);
}
