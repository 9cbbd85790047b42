/* SPDX-License-Identifier: Apache-2.0 */
/* Which rows of the outbox there are to send, and the rows themselves. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/store_internal.h"
#include "did/base/secret.h"

/* Its body stands first in one block, its texts behind it. */
void store_row_free(struct berth_outbox_row *r)
{
	if (r->body)
		berth_wipe((uint8_t *)r->body, r->body_len);
	free((uint8_t *)r->body);
}

void berth_outbox_list_free(struct berth_outbox_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		store_row_free(&l->rows[i]);
	free(l->rows);
	*l = (struct berth_outbox_list){ 0 };
}

#define BODY 8

/* What the row's columns have that are no numbers, each with a NUL behind it. */
static size_t room(sqlite3_stmt *st)
{
	static const int columns[] = { 1, 2, 3, 4, 5, BODY, 13, 14 };
	size_t n = 0;

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		n += (size_t)sqlite3_column_bytes(st, columns[i]) + 1;
	return n;
}

const char *store_row_part(char **at, const void *p, size_t n)
{
	char *to = *at;

	if (n)
		memcpy(to, p, n);
	to[n] = '\0';
	*at = to + n + 1;
	return to;
}

static const char *copy(sqlite3_stmt *st, int col, char **at)
{
	const void *p = sqlite3_column_blob(st, col);	/* NULL: none, for nothing has to be converted */

	return store_row_part(at, p, p ? (size_t)sqlite3_column_bytes(st, col) : 0);
}

static void fill(struct berth_outbox_row *r, sqlite3_stmt *st, char *block)
{
	char *at = block;

	r->body = (const uint8_t *)copy(st, BODY, &at);
	r->body_len = (size_t)(at - block) - 1;
	r->id = copy(st, 1, &at);
	r->peer = copy(st, 2, &at);
	r->from = copy(st, 3, &at);
	r->thid = copy(st, 4, &at);
	r->endpoints = copy(st, 5, &at);
	r->machine = copy(st, 13, &at);
	r->instance = copy(st, 14, &at);
}

static bool may_add(struct berth_outbox_list *out)
{
	return out->rows || (out->rows = malloc(BERTH_OUTBOX_LIST_MAX * sizeof(*out->rows)));
}

/* Whether there is none for the next one, of a body of len. */
static bool is_full(struct berth_outbox_list *out, size_t len)
{
	out->bytes += len;
	return out->n > 0 && out->bytes > BERTH_OUTBOX_LIST_BYTES;
}

static enum berth_err read_row(struct berth_outbox_list *out, sqlite3_stmt *st, int silences)
{
	char *block;

	if (!may_add(out) || !(block = malloc(room(st))))
		return berth_no_memory();
	out->rows[out->n] = (struct berth_outbox_row){
		.seq = sqlite3_column_int64(st, 0), .mode = sqlite3_column_int(st, 6), .parked = sqlite3_column_int(st, 7) != 0,
		.created_s = sqlite3_column_int64(st, 9), .next_s = store_next_s(sqlite3_column_int64(st, 10)),
		.expires_s = sqlite3_column_int64(st, 11), .tries = sqlite3_column_int(st, 12), .silences = silences,
	};
	fill(&out->rows[out->n++], st, block);
	return BERTH_OK;
}

int64_t store_next_s(int64_t next_s) { return next_s < 0 ? BERTH_OUTBOX_BEHIND : next_s; }

static size_t bounded(size_t limit)
{
	return limit < 1 ? 1 : limit < BERTH_OUTBOX_LIST_MAX ? limit : BERTH_OUTBOX_LIST_MAX;
}

static enum berth_err add_fresh(struct berth_store *s, const struct store_listed *l, size_t len, int silences,
				struct berth_outbox_list *out, bool *full)
{
	struct berth_outbox_row *r;

	if ((*full = is_full(out, len)))
		return BERTH_OK;
	if (!may_add(out))
		return berth_no_memory();
	r = &out->rows[out->n++];
	*r = store_fresh_take(s, l->seq);
	r->next_s = store_next_s(l->next_s);
	r->silences = silences;
	return BERTH_OK;
}

/* The row of that number, behind those that out has already; *full: it has no room. */
static enum berth_err add_row(struct berth_store *s, int64_t seq, int silences, struct berth_outbox_list *out, bool *full)
{
	const struct store_listed *l = store_listed_find(s, seq);
	const struct berth_outbox_row *f = l ? store_fresh_find(s, seq) : NULL;
	sqlite3_stmt *st;
	enum berth_err rc;
	bool row;

	if (f)
		return add_fresh(s, l, f->body_len, silences, out, full);
	if ((rc = store_stmt(s, &st, "SELECT seq, id, peer, sender, thid, endpoints, mode, parked, body, created_s, next_s, expires_s,"
			     " tries, machine, instance FROM outbox WHERE seq = ?1", "i", seq)) ||
	    (rc = store_step(s, st, &row)))
		return rc;
	if (!row)
		return store_contradiction(s, "outbox");
	*full = is_full(out, (size_t)sqlite3_column_bytes(st, BODY));
	if (!*full)
		rc = read_row(out, st, silences);
	sqlite3_reset(st);
	return rc;
}

enum berth_err store_outbox_of(struct berth_store *s, sqlite3_stmt **out, const char *peer, const char *thid)
{
	return store_stmt(s, out, "SELECT thid, seq, parked, id, size FROM outbox WHERE peer = ?1 AND thid >= ?2 ORDER BY thid, seq", "ss",
			  peer, thid);
}

static const struct store_listed *listed_after(const struct berth_store *s, const char *peer, const char *thid, int64_t after)
{
	const struct store_rows of = store_listed_of(s, peer);

	for (size_t i = 0; i < of.n; i++)
		if (of.rows[i]->seq > after && strcmp(of.rows[i]->thid, thid) == 0)
			return of.rows[i];
	return NULL;
}

enum berth_err store_outbox_after(struct berth_store *s, const char *peer, const char *thid, int64_t after, int64_t *seq, bool *parked)
{
	const struct store_listed *l;
	sqlite3_stmt *st;
	enum berth_err rc;
	bool row;

	*seq = 0;
	if (store_listed_all(s)) {
		if ((l = listed_after(s, peer ? peer : "", thid ? thid : "", after))) {
			*seq = l->seq;
			if (parked)
				*parked = l->parked;
		}
		return BERTH_OK;
	}
	if ((rc = store_outbox_of(s, &st, peer ? peer : "", thid ? thid : "")))
		return rc;
	while (!(rc = store_step(s, st, &row)) && row && store_is_text(st, 0, thid ? thid : ""))
		if (sqlite3_column_int64(st, 1) > after) {
			*seq = sqlite3_column_int64(st, 1);
			if (parked)
				*parked = sqlite3_column_int(st, 2) != 0;
			break;
		}
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return rc;
}

/* The row that st stands on has another of its thread before it. */
static enum berth_err waits(struct berth_store *s, sqlite3_stmt *st, bool *out)
{
	int64_t first = 0;
	enum berth_err rc = BERTH_OK;

	if (s->total.out_msgs > 1)
		rc = store_outbox_after(s, (const char *)sqlite3_column_text(st, 1), (const char *)sqlite3_column_text(st, 3), 0, &first, NULL);
	*out = first && first != sqlite3_column_int64(st, 0);
	return rc;
}

/* st: of one row after the other seq, peer, silences and, in_turn, thid: only who has nobody before it. */
static enum berth_err read_wanted(struct berth_store *s, sqlite3_stmt *st, size_t limit, bool in_turn,
				  const struct berth_outbox_want *want, struct berth_outbox_list *out)
{
	enum berth_err rc = BERTH_OK;
	bool row = true, full = false, not_yet = false;

	while (!rc && !full && out->n < limit && !(rc = store_step(s, st, &row)) && row) {
		const char *peer = (const char *)sqlite3_column_text(st, 1);
		int64_t seq = sqlite3_column_int64(st, 0);
		int silences = sqlite3_column_int(st, 2);

		if ((in_turn && (rc = waits(s, st, &not_yet))) || not_yet)
			continue;
		if (!want || want->fn(want->arg, seq, peer ? peer : "", silences))
			rc = add_row(s, seq, silences, out, &full);
	}
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	if (rc)
		berth_outbox_list_free(out);
	return rc;
}

/* The same of those that are listed. */
static enum berth_err due_of_listed(struct berth_store *s, int64_t now_s, size_t limit,
				    const struct berth_outbox_want *want, struct berth_outbox_list *out)
{
	const struct store_rows due = store_listed_due(s, now_s);
	enum berth_err rc = BERTH_OK;
	bool full = false;

	for (size_t i = 0; !rc && !full && out->n < limit && i < due.n; i++) {
		const struct store_listed *l = due.rows[i];

		if (l->expires_s > now_s && listed_after(s, l->peer, l->thid, 0) == l &&
		    (!want || want->fn(want->arg, l->seq, l->peer, 0)))
			rc = add_row(s, l->seq, 0, out, &full);
	}
	if (rc)
		berth_outbox_list_free(out);
	return rc;
}

static enum berth_err listed_for_peer(struct berth_store *s, const char *peer, int64_t now_s, size_t limit,
				      struct berth_outbox_list *out)
{
	const struct store_rows of = store_listed_of(s, peer);
	enum berth_err rc = BERTH_OK;
	bool full = false;

	for (size_t i = 0; !rc && !full && out->n < limit && i < of.n; i++)
		if (of.rows[i]->expires_s > now_s)
			rc = add_row(s, of.rows[i]->seq, 0, out, &full);
	if (rc)
		berth_outbox_list_free(out);
	return rc;
}

/* One row of each silent peer whose time has come: who still sleeps is asked once. */
static enum berth_err due_of_silent(struct berth_store *s, int64_t now_s, size_t limit,
				    const struct berth_outbox_want *want, struct berth_outbox_list *out)
{
	sqlite3_stmt *st;
	enum berth_err rc;

	if ((rc = store_stmt(s, &st, "SELECT (SELECT f.seq FROM outbox f WHERE f.peer = s.peer AND f.parked = 0 AND f.expires_s > ?1"
			     " ORDER BY f.seq LIMIT 1) AS first, s.peer, s.tries FROM silent s WHERE s.next_s <= ?1 AND first"
			     " ORDER BY s.next_s", "i", now_s)))
		return rc;
	return read_wanted(s, st, limit, false, want, out);
}

enum berth_err berth_store_outbox_due(struct berth_store *s, int64_t now_s, size_t limit,
				      const struct berth_outbox_want *want, struct berth_outbox_list *out)
{
	sqlite3_stmt *st;
	enum berth_err rc;

	*out = (struct berth_outbox_list){ 0 };
	if ((rc = store_ready(s, false)) || (rc = store_totals(s)) || s->total.out_msgs == s->total.parked ||
	    (s->total.silent && (rc = due_of_silent(s, now_s, bounded(limit), want, out))))
		return rc;
	if (store_listed_all(s))
		return due_of_listed(s, now_s, bounded(limit), want, out);
	/* from the index alone; a row itself is read when it goes */
	if ((rc = store_stmt(s, &st, "SELECT seq, peer, 0, thid FROM outbox WHERE parked = 0 AND next_s >= 0 AND next_s <= ?1 AND expires_s > ?1"
			     " ORDER BY next_s, seq", "i", now_s)))
		berth_outbox_list_free(out);
	return rc ? rc : read_wanted(s, st, bounded(limit), true, want, out);
}

enum berth_err berth_store_outbox_next(struct berth_store *s, int64_t *out_s)
{
	enum berth_err rc;
	int64_t silent = INT64_MAX;

	*out_s = INT64_MAX;
	if ((rc = store_ready(s, false)) || (rc = store_totals(s)) || s->total.out_msgs == s->total.parked ||
	    (s->total.silent && (rc = store_int(s, &silent, INT64_MAX, "SELECT next_s FROM silent ORDER BY next_s LIMIT 1", ""))))
		return rc;
	if (store_listed_all(s))
		*out_s = store_listed_next(s);
	else if ((rc = store_int(s, out_s, INT64_MAX, "SELECT next_s FROM outbox WHERE parked = 0 AND next_s >= 0 AND next_s < ?1"
				 " ORDER BY next_s LIMIT 1", "i", BERTH_OUTBOX_ASLEEP)))
		return rc;
	*out_s = silent < *out_s ? silent : *out_s;
	return BERTH_OK;
}

enum berth_err berth_store_outbox_for_peer(struct berth_store *s, const char *peer, int64_t now_s, size_t limit,
					   struct berth_outbox_list *out)
{
	sqlite3_stmt *st;
	enum berth_err rc;

	*out = (struct berth_outbox_list){ 0 };
	if ((rc = store_ready(s, false)) || (rc = store_totals(s)) || !s->total.out_msgs)
		return rc;
	if (store_listed_all(s))
		return listed_for_peer(s, peer, now_s, bounded(limit), out);
	if ((rc = store_stmt(s, &st, "SELECT seq, peer, 0 FROM outbox WHERE peer = ?1 AND expires_s > ?2 ORDER BY seq", "si", peer, now_s)))
		return rc;
	return read_wanted(s, st, bounded(limit), false, NULL, out);
}

enum berth_err berth_store_outbox_count(struct berth_store *s, const char *peer, int64_t *out)
{
	enum berth_err rc;

	*out = 0;
	return (rc = store_ready(s, false)) ? rc
		: store_int(s, out, 0, "SELECT count(*) FROM outbox WHERE peer = ?1", "s", peer);
}
