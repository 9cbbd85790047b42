/* SPDX-License-Identifier: Apache-2.0 */
/* The rows that were put last, but for when they are due: most are read once, in the same moment or when
 * the answers to a batch go, to be sent.  One that is changed is not here any more and read from the file,
 * even if that is taken back; nor is one that has been read.  Each has its place by its number, which goes
 * up by one: there are as many places as were ever needed at once. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/store_internal.h"

#define LEN_MAX ((size_t)16 << 10)	/* of one */
#define BYTES_MAX ((size_t)256 << 10)	/* of all: a batch of a hundred messages, each of two KiB */
#define PLACES_MIN 4
#define PLACES_MAX 128			/* times two, and no more */

static struct store_fresh_row *place_of(const struct store_fresh *f, int64_t seq)
{
	return &f->rows[(size_t)seq % f->places];
}

static void forget(struct store_fresh *f, struct store_fresh_row *r)
{
	store_row_free(&r->row);
	f->bytes -= r->bytes;
	*r = (struct store_fresh_row){ 0 };
}

/* Two of different places have different ones among more, too. */
static bool widen(struct store_fresh *f)
{
	struct store_fresh wider = { .places = f->places ? 2 * f->places : PLACES_MIN, .bytes = f->bytes, .oldest = f->oldest };

	if (f->places == PLACES_MAX || !(wider.rows = calloc(wider.places, sizeof(*wider.rows))))
		return false;
	for (size_t i = 0; i < f->places; i++)
		if (f->rows[i].row.body)
			*place_of(&wider, f->rows[i].row.seq) = f->rows[i];
	free(f->rows);
	*f = wider;
	return true;
}

/* The place of the next one, which has n octets; NULL: there is none.  Who was put the longest ago has to go. */
static struct store_fresh_row *room(struct store_fresh *f, int64_t seq, size_t n)
{
	while (!f->places || place_of(f, seq)->row.body)
		if (!widen(f))
			break;
	if (!f->places)
		return NULL;
	forget(f, place_of(f, seq));
	if (f->oldest <= seq - (int64_t)f->places)
		f->oldest = seq - (int64_t)f->places + 1;
	while (f->bytes + n > BYTES_MAX)
		forget(f, place_of(f, f->oldest++));
	return place_of(f, seq);
}

void store_fresh_put(struct berth_store *s, const struct berth_outbox_row *r)
{
	struct berth_outbox_row f = { .seq = s->last_seq, .mode = r->mode, .parked = r->parked,
		.created_s = r->created_s, .expires_s = r->expires_s, .body_len = r->body_len };
	const char *texts[] = { r->id, r->peer, r->from, r->thid[0] ? r->thid : r->id, r->endpoints, r->machine ? r->machine : "",
				r->instance ? r->instance : "" };
	const char **to[] = { &f.id, &f.peer, &f.from, &f.thid, &f.endpoints, &f.machine, &f.instance };
	size_t lens[sizeof(texts) / sizeof(texts[0])], n = r->body_len + 1;
	struct store_fresh_row *place;
	char *at;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		n += (lens[i] = strlen(texts[i])) + 1;
	if (n > LEN_MAX || !(place = room(&s->fresh, f.seq, n)) || !(at = malloc(n)))
		return;
	f.body = (const uint8_t *)store_row_part(&at, r->body, r->body_len);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*to[i] = store_row_part(&at, texts[i], lens[i]);
	*place = (struct store_fresh_row){ .row = f, .bytes = n };
	s->fresh.bytes += n;
}

static struct store_fresh_row *find(struct store_fresh *f, int64_t seq)
{
	struct store_fresh_row *r = f->places ? place_of(f, seq) : NULL;

	return r && r->row.body && r->row.seq == seq ? r : NULL;
}

const struct berth_outbox_row *store_fresh_find(struct berth_store *s, int64_t seq)
{
	const struct store_fresh_row *r = find(&s->fresh, seq);

	return r ? &r->row : NULL;
}

struct berth_outbox_row store_fresh_take(struct berth_store *s, int64_t seq)
{
	struct store_fresh_row *r = place_of(&s->fresh, seq);
	struct berth_outbox_row row = r->row;

	s->fresh.bytes -= r->bytes;
	*r = (struct store_fresh_row){ 0 };
	return row;
}

void store_fresh_refill(struct berth_store *s, int64_t seq, const uint8_t *body, size_t len)
{
	struct store_fresh_row *r = find(&s->fresh, seq);

	if (r && r->row.body_len == len)
		memcpy((uint8_t *)(uintptr_t)r->row.body, body, len);
	else if (r)
		forget(&s->fresh, r);
}

void store_fresh_drop(struct berth_store *s, int64_t seq)
{
	struct store_fresh_row *r = find(&s->fresh, seq);

	if (r)
		forget(&s->fresh, r);
}

void store_fresh_clear(struct berth_store *s)
{
	for (size_t i = 0; i < s->fresh.places; i++)
		forget(&s->fresh, &s->fresh.rows[i]);
	free(s->fresh.rows);
	s->fresh = (struct store_fresh){ 0 };
}
