/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the outbox but for what is sent of them, as long as they are not too many: what each message
 * asks about those of its peer is answered from here.  Whoever changes a row in the file says so, and what
 * that was is noted until the transaction is over, to be taken back with it.  A row that is not here (it was
 * one too many) makes everybody ask the file, until those that are left are few enough to be read again. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/store_internal.h"

#define BYTES_MAX ((size_t)512 << 10)	/* of all rows with their names: twice of what those of short DIDs have */
#define CHANGES_MAX (4 * STORE_LISTED)	/* of one transaction; one with more is rare, and a log of it has an end */

/* ---- rows */

static struct store_listed *copy_of(const struct store_listed *r, size_t bytes)
{
	struct store_listed *copy = malloc(bytes);
	char *at;

	if (!copy)
		return NULL;
	at = (char *)(copy + 1);
	*copy = *r;
	copy->bytes = bytes;
	copy->peer = store_row_part(&at, r->peer, strlen(r->peer));
	copy->thid = store_row_part(&at, r->thid, strlen(r->thid));
	copy->id = store_row_part(&at, r->id, strlen(r->id));
	return copy;
}

static void forget(struct store_listing *l, struct store_listed *r)
{
	l->bytes -= r->bytes;
	free(r);
}

static void link_in(struct store_listing *l, struct store_listed *r)
{
	for (int by = 0; by < STORE_ORDERS; by++)
		store_order_put(&l->order, by, r);
}

static void link_out(struct store_listing *l, struct store_listed *r)
{
	for (int by = 0; by < STORE_ORDERS; by++)
		store_order_take(&l->order, by, r);
}

static struct store_rows *all_of(struct store_listing *l) { return &l->order.by[STORE_BY_SEQ]; }

/* Not all are here: with a quarter fewer they are read again, which is seldom however many come and go. */
static void few_enough(struct store_listing *l) { l->again = all_of(l)->n - all_of(l)->n / 4; }

/* NULL: there is no room for it. */
static struct store_listed *add(struct store_listing *l, const struct store_listed *r)
{
	size_t bytes = sizeof(*r) + strlen(r->peer) + strlen(r->thid) + strlen(r->id) + 3;
	struct store_listed *copy = NULL;

	if (all_of(l)->n < STORE_LISTED && l->bytes + bytes <= BYTES_MAX && store_order_room(&l->order))
		copy = copy_of(r, bytes);
	if (!copy) {
		few_enough(l);
		return NULL;
	}
	l->bytes += bytes;
	link_in(l, copy);
	return copy;
}

/* ---- what a transaction has changed */

static bool may_note(struct store_listing *l)
{
	size_t cap = l->changes_cap ? 2 * l->changes_cap : 16;
	struct store_change *more;

	if (l->n_changes < l->changes_cap)
		return true;
	if (cap > CHANGES_MAX || !(more = realloc(l->changes, cap * sizeof(*more))))
		return false;
	l->changes = more;
	l->changes_cap = cap;
	return true;
}

static void note(struct store_listing *l, struct store_listed *r, enum store_what what)
{
	struct store_change *c = &l->changes[l->n_changes++];

	*c = (struct store_change){ .row = r, .what = what, .next_s = r->next_s };
	memcpy(c->ack, r->ack, sizeof(c->ack));
}

/* ack NULL: as it is. */
static void set(struct store_listing *l, struct store_listed *r, int64_t next_s, const uint8_t *ack)
{
	store_order_take(&l->order, STORE_BY_DUE, r);
	r->next_s = next_s;
	store_order_put(&l->order, STORE_BY_DUE, r);
	if (ack)
		memcpy(r->ack, ack, sizeof(r->ack));
}

static void take_back(struct store_listing *l, const struct store_change *c)
{
	switch (c->what) {
	case STORE_PUT:
		link_out(l, c->row);
		forget(l, c->row);
		break;
	case STORE_GONE:	/* there is room: it was there when there were as many */
		link_in(l, c->row);
		break;
	case STORE_CHANGED:
		set(l, c->row, c->next_s, c->ack);
	}
}

void store_listed_save(struct berth_store *s) { s->listing.saved = s->listing.n_changes; }

static void undo_to(struct berth_store *s, size_t n)
{
	struct store_listing *l = &s->listing;

	while (l->n_changes > n) {
		const struct store_change *c = &l->changes[--l->n_changes];

		store_fresh_drop(s, c->row->seq);
		take_back(l, c);
	}
}

void store_listed_undo(struct berth_store *s) { undo_to(s, s->listing.saved); }

void store_listed_rollback(struct berth_store *s) { undo_to(s, 0); }

void store_listed_commit(struct berth_store *s)
{
	struct store_listing *l = &s->listing;

	while (l->n_changes > 0) {
		const struct store_change *c = &l->changes[--l->n_changes];

		if (c->what == STORE_GONE)
			forget(l, c->row);
	}
}

void store_listed_clear(struct berth_store *s)
{
	struct store_listing *l = &s->listing;

	store_fresh_clear(s);
	store_listed_commit(s);
	for (size_t i = 0; i < all_of(l)->n; i++)
		free(all_of(l)->rows[i]);
	store_order_end(&l->order);
	free(l->changes);
	*l = (struct store_listing){ .again = STORE_LISTED };
}

/* ---- what becomes of a row */

struct store_listed *store_listed_find(const struct berth_store *s, int64_t seq)
{
	const struct store_rows *all = &s->listing.order.by[STORE_BY_SEQ];
	size_t at = store_order_place(&s->listing.order, STORE_BY_SEQ, &(struct store_listed){ .seq = seq });

	return at < all->n && all->rows[at]->seq == seq ? all->rows[at] : NULL;
}

/* NULL: it is not here, or not any more. */
static struct store_listed *to_change(struct berth_store *s, int64_t seq, enum store_what what)
{
	struct store_listed *r = store_listed_find(s, seq);

	if (!r)
		return NULL;
	if (!may_note(&s->listing)) {
		store_listed_clear(s);
		return NULL;
	}
	note(&s->listing, r, what);
	return r;
}

void store_listed_put(struct berth_store *s, const struct berth_outbox_row *r, int64_t next_s)
{
	struct store_listed *l, row = { .seq = s->last_seq, .next_s = next_s, .size = (int64_t)r->body_len, .expires_s = r->expires_s,
		.parked = r->parked, .peer = r->peer, .thid = r->thid[0] ? r->thid : r->id, .id = r->id };

	if (!may_note(&s->listing) || !(l = add(&s->listing, &row)))
		return;
	note(&s->listing, l, STORE_PUT);
	store_fresh_put(s, r);
}

void store_listed_gone(struct berth_store *s, int64_t seq)
{
	struct store_listed *r = to_change(s, seq, STORE_GONE);

	store_fresh_drop(s, seq);
	if (r)
		link_out(&s->listing, r);
}

void store_listed_later(struct berth_store *s, int64_t seq, int64_t next_s, const uint8_t *ack)
{
	struct store_listed *r = to_change(s, seq, STORE_CHANGED);

	store_fresh_drop(s, seq);
	if (r)
		set(&s->listing, r, next_s, ack);
}

void store_listed_refill(struct berth_store *s, int64_t seq, const uint8_t *body, size_t len)
{
	if (to_change(s, seq, STORE_CHANGED))
		store_fresh_refill(s, seq, body, len);
}

void store_listed_turn(struct berth_store *s, int64_t seq)
{
	struct store_listed *r = to_change(s, seq, STORE_CHANGED);

	if (r && r->next_s < 0)
		set(&s->listing, r, STORE_BEHIND(r->next_s), NULL);
}

void store_listed_shift(struct berth_store *s, const char *peer, int64_t least, int64_t most, int64_t next_s)
{
	struct store_rows of = store_listed_of(s, peer);

	for (size_t i = 0; i < of.n; i++) {
		struct store_listed *r = of.rows[i];

		if (r->parked || r->next_s < least || r->next_s > most)
			continue;
		if (!to_change(s, r->seq, STORE_CHANGED))
			return;
		set(&s->listing, r, next_s, NULL);
	}
}

/* ---- asking */

bool store_listed_all(const struct berth_store *s)
{
	return s->total.known && s->total.out_msgs == (int64_t)s->listing.order.by[STORE_BY_SEQ].n;
}

struct store_rows store_listed_of(const struct berth_store *s, const char *peer)
{
	const struct store_rows *x = &s->listing.order.by[STORE_BY_PEER];
	size_t first = store_order_place(&s->listing.order, STORE_BY_PEER, &(struct store_listed){ .peer = peer }), end = first;

	while (end < x->n && strcmp(x->rows[end]->peer, peer) == 0)
		end++;
	return (struct store_rows){ first < end ? &x->rows[first] : NULL, end - first };
}

struct store_rows store_listed_due(const struct berth_store *s, int64_t now_s)
{
	const struct store_order *o = &s->listing.order;

	return (struct store_rows){ o->by[STORE_BY_DUE].rows,
		store_order_place(o, STORE_BY_DUE, &(struct store_listed){ .next_s = now_s, .seq = INT64_MAX }) };
}

int64_t store_listed_next(const struct berth_store *s)
{
	const struct store_rows *due = &s->listing.order.by[STORE_BY_DUE];

	return due->n ? due->rows[0]->next_s : INT64_MAX;
}

/* ---- those that were there before */

static bool learn_row(struct store_listing *l, sqlite3_stmt *st)
{
	struct store_listed r = { .seq = sqlite3_column_int64(st, 0), .peer = (const char *)sqlite3_column_text(st, 1),
		.thid = (const char *)sqlite3_column_text(st, 2), .id = (const char *)sqlite3_column_text(st, 3),
		.size = sqlite3_column_int64(st, 4), .expires_s = sqlite3_column_int64(st, 5),
		.parked = sqlite3_column_int(st, 6) != 0, .next_s = sqlite3_column_int64(st, 7) };

	if (!r.peer || !r.thid || !r.id || sqlite3_column_bytes(st, 8) != BERTH_ACK_LEN)
		return false;
	memcpy(r.ack, sqlite3_column_blob(st, 8), BERTH_ACK_LEN);
	return add(l, &r);
}

enum berth_err store_listed_learn(struct berth_store *s)
{
	sqlite3_stmt *st;
	enum berth_err rc;
	bool row;

	if (s->total.out_msgs == (int64_t)all_of(&s->listing)->n || s->total.out_msgs > (int64_t)s->listing.again)
		return BERTH_OK;
	store_listed_clear(s);
	if ((rc = store_stmt(s, &st, "SELECT seq, peer, thid, id, size, expires_s, parked, next_s, ack FROM outbox ORDER BY seq", "")))
		return rc;
	while (!(rc = store_step(s, st, &row)) && row)
		if (!learn_row(&s->listing, st))
			break;
	sqlite3_reset(st);
	if (s->total.out_msgs != (int64_t)all_of(&s->listing)->n)
		few_enough(&s->listing);
	return rc;
}
