/* SPDX-License-Identifier: Apache-2.0 */
/* The ids of messages that were dealt with.  Senders and ids are kept as halves of hashes:
 * whatever a peer calls its messages, a row is as long as any other, and two that are alike
 * a peer can make of its own only.  One tree, without an order of age: who is old is looked
 * for where there are too many, and many of them go at once. */
#include <stdio.h>
#include <string.h>

#include "agent/core/store_internal.h"
#include "did/crypto/hash.h"

#define PRUNE_EVERY 16
#define HASH_KEPT 16		/* octets */
#define GIVEN_BACK (1 << 20)	/* of the file, at once */

/* Who looks whether a message came before adds it next. */
static struct store_inbox_key hash_both(struct berth_store *s, const char *sender, const char *id)
{
	struct store_inbox_last *l = &s->inbox_last;
	size_t a = strlen(sender) + 1, b = strlen(id) + 1;

	if (l->n == a + b && memcmp(l->text, sender, a) == 0 && memcmp(l->text + a, id, b) == 0)
		return l->key;
	berth_sha256(l->key.sender, sender, a - 1);
	berth_sha256(l->key.id, id, b - 1);
	l->key.name = store_filter_hash(l->key.sender, HASH_KEPT, l->key.id, HASH_KEPT);
	l->n = a + b <= sizeof(l->text) ? a + b : 0;
	if (l->n) {
		memcpy(l->text, sender, a);
		memcpy(l->text + a, id, b);
	}
	return l->key;
}

enum berth_err berth_store_inbox_seen(struct berth_store *s, const char *sender, const char *id, bool *seen,
				      uint8_t answer[BERTH_ANSWER_LEN])
{
	struct store_inbox_key k;
	sqlite3_stmt *st;
	enum berth_err rc;

	*seen = false;
	memset(answer, 0, BERTH_ANSWER_LEN);
	k = hash_both(s, sender, id);
	if ((rc = store_ready(s, false)) || store_filter_lacks(s, STORE_INBOX, k.name) ||
	    (rc = store_stmt(s, &st, "SELECT answer FROM inbox WHERE sender = ?1 AND id = ?2", "bb",
			     k.sender, (size_t)HASH_KEPT, k.id, (size_t)HASH_KEPT)) ||
	    (rc = store_step(s, st, seen)) || !*seen)
		return rc;
	if (sqlite3_column_bytes(st, 0) == BERTH_ANSWER_LEN)
		memcpy(answer, sqlite3_column_blob(st, 0), BERTH_ANSWER_LEN);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return BERTH_OK;
}

/* The count follows. */
static enum berth_err forgot(struct berth_store *s, enum berth_err rc)
{
	if (!rc)
		s->total.in_msgs -= sqlite3_changes(s->db);
	return rc;
}

/* One sender's flood pushes out its own past first; looked at now and then only. */
static enum berth_err cap(struct berth_store *s, const struct store_inbox_key *k)
{
	enum berth_err rc = BERTH_OK;

	if (s->total.in_last % PRUNE_EVERY == 0 && s->total.in_msgs > BERTH_INBOX_PEER_MAX)
		rc = forgot(s, store_run(s, "DELETE FROM inbox WHERE sender = ?1 AND seq <= (SELECT seq FROM inbox"
					 " WHERE sender = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)", "bi", k->sender,
					 (size_t)HASH_KEPT, (int64_t)BERTH_INBOX_PEER_MAX));
	if (rc || s->total.in_msgs <= BERTH_INBOX_MAX)
		return rc;
	return forgot(s, store_run(s, "DELETE FROM inbox WHERE seq <= (SELECT seq FROM inbox ORDER BY seq LIMIT 1 OFFSET ?1 - 1)", "i",
				   (int64_t)BERTH_INBOX_GO));
}

#define ADD "INSERT OR IGNORE INTO inbox VALUES (?1, ?2, ?3, ?4, ?5)"

enum berth_err berth_store_inbox_add(struct berth_store *s, const char *sender, const char *id, int64_t now_s,
				     const uint8_t *answer)
{
	const char *fmt = answer ? "bbiib" : "bbiin";
	struct store_inbox_key k;
	enum berth_err rc;
	bool fresh;

	k = hash_both(s, sender, id);
	if ((rc = store_ready(s, true)) || (rc = store_totals(s)))
		return rc;
	fresh = store_filter_lacks(s, STORE_INBOX, k.name);
	store_filter_add(s, STORE_INBOX, k.name);
	if (fresh)
		rc = store_later(s, STORE_ADDED, 0, STORE_NAMELESS, ADD, fmt, k.sender, (size_t)HASH_KEPT, k.id,
				 (size_t)HASH_KEPT, s->total.in_last + 1, now_s, answer, (size_t)BERTH_ANSWER_LEN);
	else
		rc = store_run(s, ADD, fmt, k.sender, (size_t)HASH_KEPT, k.id, (size_t)HASH_KEPT, s->total.in_last + 1,
			       now_s, answer, (size_t)BERTH_ANSWER_LEN);
	if (rc)
		return rc;
	if (!fresh && sqlite3_changes(s->db) == 0)
		return berth_fail(BERTH_E_REPLAY, "message id seen before");
	s->total.in_last++;
	if (!s->total.in_msgs++)
		s->total.in_first_s = now_s;
	return cap(s, &k);
}

/* What was put off may free pages; else it matters to nobody whether it is taken back. */
static enum berth_err give_back(struct berth_store *s)
{
	enum berth_err rc = s->behind.n ? store_settle(s) : BERTH_OK;
	char sql[sizeof("PRAGMA incremental_vacuum()") + 11];

	snprintf(sql, sizeof(sql), "PRAGMA incremental_vacuum(%d)", (int)(GIVEN_BACK / s->page_len));
	return rc ? rc : store_exec(s, sql);
}

enum berth_err berth_store_inbox_prune(struct berth_store *s, int64_t now_s, int64_t *out_n)
{
	enum berth_err rc;

	*out_n = 0;
	if ((rc = store_ready(s, true)) || (rc = store_totals(s)))
		return rc;
	*out_n = s->total.in_msgs;
	if (s->total.in_msgs && s->total.in_first_s < now_s - BERTH_INBOX_AGE_S) {
		rc = forgot(s, store_run(s, "DELETE FROM inbox WHERE seen_s < ?1", "i", now_s - BERTH_INBOX_AGE_S));
		s->total.in_first_s = now_s - BERTH_INBOX_AGE_S;	/* or later */
	}
	*out_n -= s->total.in_msgs;
	return rc ? rc : give_back(s);
}
