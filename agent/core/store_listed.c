/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the outbox in the order they were put, as long as they are few: what each message
 * asks about those of its peer is answered from here.  What changes of a row is a part of s->total,
 * and taken back with it; what does not is kept by the row's number, which no other row gets.  One
 * that is not here (it was there at the start, or one too many) makes everybody ask the file. */
#include <string.h>

#include "agent/core/store_internal.h"

/* ---- what never changes of a row */

const struct store_read *store_outbox_known(const struct berth_store *s, int64_t seq)
{
	for (const struct store_read *k = s->read; k < s->read + STORE_READ; k++)
		if (k->seq == seq)
			return k;
	return NULL;
}

static struct store_listed *find(struct berth_store *s, int64_t seq)
{
	for (size_t i = 0; i < s->total.n_listed; i++)
		if (s->total.listed[i].seq == seq)
			return &s->total.listed[i];
	return NULL;
}

/* One of no row that is listed, of no more than are needed: who has few rows needs little memory. */
static struct store_read *room(struct berth_store *s)
{
	struct store_read *k;

	do
		k = &s->read[s->read_next++ % (s->total.n_listed + STORE_READ_MORE)];
	while (find(s, k->seq));
	return k;
}

static struct store_read *note(struct berth_store *s, int64_t seq, const struct berth_outbox_row *r)
{
	struct store_read *k = room(s);
	const char *thid = r->thid[0] ? r->thid : r->id;

	berth_buf_reset(&k->names);
	berth_buf_put(&k->names, r->peer, strlen(r->peer) + 1);
	k->thid = k->names.len;
	berth_buf_put(&k->names, thid, strlen(thid) + 1);
	k->id = k->names.len;
	berth_buf_put(&k->names, r->id, strlen(r->id) + 1);
	k->size = (int64_t)r->body_len;
	k->expires_s = r->expires_s;
	k->parked = r->parked;
	k->seq = berth_buf_status(&k->names) ? 0 : seq;
	return k->seq ? k : NULL;
}

void store_outbox_note(struct berth_store *s, const struct berth_outbox_row *r)
{
	if (!store_outbox_known(s, r->seq))
		note(s, r->seq, r);
}

/* ---- what does */

void store_listed_put(struct berth_store *s, const struct berth_outbox_row *r, int64_t next_s)
{
	const struct store_read *k;

	store_fresh_put(s, r);
	if (s->total.n_listed < STORE_LISTED && (k = note(s, s->last_seq, r)))
		s->total.listed[s->total.n_listed++] = (struct store_listed){ .seq = k->seq, .next_s = next_s, .at = (size_t)(k - s->read) };
}

void store_listed_gone(struct berth_store *s, int64_t seq)
{
	struct store_listed *l = find(s, seq), *end = s->total.listed + s->total.n_listed;

	store_fresh_drop(s, seq);
	if (!l)
		return;
	memmove(l, l + 1, (size_t)(end - l - 1) * sizeof(*l));
	s->total.n_listed--;
}

void store_listed_later(struct berth_store *s, int64_t seq, int64_t next_s, const uint8_t *ack)
{
	struct store_listed *l = find(s, seq);

	store_fresh_drop(s, seq);
	if (!l)
		return;
	l->next_s = next_s;
	if (ack)
		memcpy(l->ack, ack, sizeof(l->ack));
}

void store_listed_turn(struct berth_store *s, int64_t seq)
{
	struct store_listed *l = find(s, seq);

	if (l && l->next_s < 0)
		l->next_s = STORE_BEHIND(l->next_s);
}

void store_listed_forget(struct berth_store *s) { s->total.n_listed = 0; }

/* ---- asking */

bool store_listed_when(struct berth_store *s, int64_t seq, int64_t *next_s)
{
	const struct store_listed *l = find(s, seq);

	if (l)
		*next_s = store_next_s(l->next_s);
	return l != NULL;
}

bool store_listed_all(const struct berth_store *s)
{
	if (!s->total.known || s->total.out_msgs != (int64_t)s->total.n_listed)
		return false;
	for (size_t i = 0; i < s->total.n_listed; i++)	/* what was taken back may have come back without its names */
		if (s->read[s->total.listed[i].at].seq != s->total.listed[i].seq)
			return false;
	return true;
}

const struct store_listed *store_listed_of(const struct berth_store *s, const char *peer, const struct store_listed *last)
{
	const struct store_listed *l = last ? last + 1 : s->total.listed;

	for (; l < s->total.listed + s->total.n_listed; l++)
		if (strcmp(store_read_peer(&s->read[l->at]), peer) == 0)
			return l;
	return NULL;
}

/* Whether a falls due before b. */
static bool sooner(const struct store_listed *a, const struct store_listed *b)
{
	return a->next_s < b->next_s || (a->next_s == b->next_s && a->seq < b->seq);
}

const struct store_listed *store_listed_due(const struct berth_store *s, int64_t now_s, const struct store_listed *last)
{
	const struct store_listed *first = NULL;

	for (const struct store_listed *l = s->total.listed; l < s->total.listed + s->total.n_listed; l++)
		if (!s->read[l->at].parked && l->next_s >= 0 && l->next_s <= now_s && s->read[l->at].expires_s > now_s &&
		    (!last || sooner(last, l)) && (!first || sooner(l, first)))
			first = l;
	return first;
}

int64_t store_listed_next(const struct berth_store *s)
{
	int64_t next_s = INT64_MAX;

	for (const struct store_listed *l = s->total.listed; l < s->total.listed + s->total.n_listed; l++)
		if (!s->read[l->at].parked && l->next_s >= 0 && l->next_s < BERTH_OUTBOX_ASLEEP && l->next_s < next_s)
			next_s = l->next_s;
	return next_s;
}
