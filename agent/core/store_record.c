/* SPDX-License-Identifier: Apache-2.0 */
/* Named records. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/store_internal.h"

#include "did/base/chars.h"

enum berth_err store_check_name(const char *ns, const char *key)
{
	size_t n = berth_chars_span(ns, BERTH_CHARS_LOWER_NAME);

	if (n == 0 || ns[n])
		return berth_fail(BERTH_E_TYPE, "store: namespace");
	if (n > BERTH_STORE_NS_MAX || strlen(key) > BERTH_STORE_KEY_MAX)
		return berth_fail(BERTH_E_SIZE, "store: key of %zu bytes in %s", strlen(key), ns);
	return BERTH_OK;
}

enum berth_err store_totals(struct berth_store *s)
{
	int64_t box[5], in[STORE_FILTER_COUNTS], rec[STORE_FILTER_COUNTS], some[4];
	enum berth_err rc;
	bool row;

	if (s->total.known)
		return store_filter_renew(s);
	if ((rc = store_ints(s, box, 5, &row, "SELECT count(*), sum(size), max(seq), sum(parked), max(next_s < 0) FROM outbox", "")) ||
	    (rc = store_filter_fill(s, STORE_INBOX, in)) || (rc = store_filter_fill(s, STORE_RECORDS, rec)) ||
	    (rc = store_ints(s, some, 4, &row, "SELECT (SELECT count(*) FROM silent), EXISTS (SELECT 1 FROM queue),"
			     " EXISTS (SELECT 1 FROM dead WHERE told = 0), (SELECT max(rowid) FROM rec)", "")))
		return rc;
	s->total.known = true;
	s->total.out_msgs = box[0];
	s->total.out_bytes = box[1];
	s->total.parked = box[3];
	s->total.behind = box[4] != 0;
	s->total.in_msgs = in[0];
	s->total.in_last = in[1];
	s->total.in_first_s = in[2];
	s->total.records = rec[0];
	s->total.rec_bytes = rec[1];
	s->total.guests = rec[2];
	s->total.guest_bytes = rec[3];
	s->total.last_guest = rec[4];
	s->total.silent = some[0];
	s->total.queued = some[1] != 0;
	s->total.untold = some[2] != 0;
	if (s->last_seq < box[2])	/* not back, whatever is undone: somebody may still hold a number */
		s->last_seq = box[2];
	if (s->last_rec < some[3])
		s->last_rec = some[3];
	return s->in_txn ? BERTH_OK : store_listed_learn(s);
}

static uint64_t hash(const char *ns, const char *key)
{
	return store_filter_hash(ns, strlen(ns), key, strlen(key));
}

/* What is there under a name; *st, if any, is to be reset when that is used no more. */
static enum berth_err
read_record(struct berth_store *s, const char *ns, const char *key, struct store_record *out, sqlite3_stmt **st)
{
	const struct store_record *known = store_recent_find(s, ns, key);
	struct store_name name;
	enum berth_err rc;

	*st = NULL;
	*out = known ? *known : (struct store_record){ 0 };
	if (known || store_filter_lacks(s, STORE_RECORDS, hash(ns, key)))
		return BERTH_OK;
	name = store_name_of(ns, key);
	if ((rc = store_stmt(s, st, "SELECT val, guest, rowid FROM rec WHERE ns = ?1 AND key = ?2",
			     store_behind_has(s, &name) ? "ss" : "-ss", ns, key)) ||
	    (rc = store_step(s, *st, &out->there)))
		return rc;
	if (out->there) {
		out->p = sqlite3_column_blob(*st, 0);
		out->n = (size_t)sqlite3_column_bytes(*st, 0);
		out->guest = sqlite3_column_type(*st, 1) != SQLITE_NULL;
		out->row = sqlite3_column_int64(*st, 2);
	}
	store_recent_note(s, ns, key, out);
	return BERTH_OK;
}

struct had {
	int64_t len;		/* -1: nothing */
	int64_t row;
	bool guest;
	bool same;		/* as what is to be put */
};

static enum berth_err look(struct berth_store *s, const char *ns, const char *key, const void *p, size_t n, struct had *out)
{
	struct store_record rec;
	sqlite3_stmt *st;
	enum berth_err rc;

	*out = (struct had){ .len = -1 };
	if ((rc = store_totals(s)) || (rc = read_record(s, ns, key, &rec, &st)))
		return rc;
	if (rec.there)
		*out = (struct had){ (int64_t)rec.n, rec.row, rec.guest, rec.n == n && (!n || memcmp(rec.p, p, n) == 0) };
	sqlite3_reset(st);
	return BERTH_OK;
}

/* n: -1: it is gone */
static void count(struct berth_store *s, const struct had *had, int64_t n, bool guest)
{
	s->total.records += (n >= 0) - (had->len >= 0);
	s->total.rec_bytes += (n > 0 ? n : 0) - (had->len > 0 ? had->len : 0);
	if (had->guest) {
		s->total.guests--;
		s->total.guest_bytes -= had->len;
	}
	if (guest && n >= 0) {
		s->total.guests++;
		s->total.guest_bytes += n;
	}
}

static enum berth_err
check_put(struct berth_store *s, const char *ns, const char *key, const void *p, size_t n, struct had *had)
{
	int64_t more;
	enum berth_err rc;

	if ((rc = store_ready(s, true)) || (rc = store_check_name(ns, key)))
		return rc;
	if (n > BERTH_STORE_VALUE_MAX)
		return berth_fail(BERTH_E_SIZE, "store: %s/%s of %zu bytes", ns, key, n);
	if ((rc = look(s, ns, key, p, n, had)))
		return rc;
	more = (int64_t)n - (had->len < 0 ? 0 : had->len);
	/* What shrinks the store is always allowed. */
	if ((had->len < 0 && s->total.records >= BERTH_STORE_RECORDS_MAX) ||
	    (more > 0 && s->total.rec_bytes + more > BERTH_STORE_RECORDS_BYTES))
		return berth_fail(BERTH_E_UNAVAILABLE, "store: full: %lld records, %lld bytes", (long long)s->total.records,
				  (long long)s->total.rec_bytes);
	return BERTH_OK;
}

/* Row had, if any, or a new one.  guest: its place in the order of their last use; 0: it is ours.
 * What is ours stays ours. */
static enum berth_err
write_record(struct berth_store *s, const char *ns, const char *key, const void *p, size_t n, int64_t guest, struct had *had)
{
	const struct store_name name = store_name_of(ns, key);

	if (had->len < 0) {
		had->row = ++s->last_rec;
		store_filter_add(s, STORE_RECORDS, name.whole);
		return store_later(s, STORE_REC_NEW, had->row, name, "INSERT INTO rec (rowid, ns, key, val, guest) VALUES (?1, ?2, ?3, ?4, ?5)",
				   guest ? "issbi" : "issbn", had->row, ns, key, p, n, guest);
	}
	if (had->guest)
		return store_later(s, STORE_REC_OTHER, had->row, name, "UPDATE rec SET val = ?2, guest = ?3 WHERE rowid = ?1",
				   guest ? "ibi" : "ibn", had->row, p, n, guest);
	return store_later(s, STORE_REC_CHANGE, had->row, name, "UPDATE rec SET val = ?2 WHERE rowid = ?1", "ib", had->row, p, n);
}

static void wrote(struct berth_store *s, const char *ns, const char *key, const void *p, size_t n, bool guest,
		  const struct had *had)
{
	count(s, had, (int64_t)n, guest);
	store_recent_note(s, ns, key, &(struct store_record){ .there = true, .guest = guest, .row = had->row, .p = p, .n = n });
}

enum berth_err berth_store_put(struct berth_store *s, const char *ns, const char *key, const void *p, size_t n)
{
	struct had had;
	enum berth_err rc;

	if ((rc = check_put(s, ns, key, p, n, &had)) || (had.same && !had.guest) || (rc = write_record(s, ns, key, p, n, 0, &had)))
		return rc;
	wrote(s, ns, key, p, n, false, &had);
	return BERTH_OK;
}

/* The guest whose last put is the longest ago. */
static enum berth_err evict_one(struct berth_store *s)
{
	struct had had = { .guest = true };
	int64_t who;
	enum berth_err rc;

	if ((rc = store_int(s, &who, -1, "SELECT min(guest) FROM rec WHERE guest IS NOT NULL", "")) ||
	    (rc = store_int(s, &had.len, -1, "SELECT length(val) FROM rec WHERE guest = ?1", "i", who)))
		return rc;
	if (had.len < 0)
		return store_contradiction(s, "guests");	/* it would not end */
	if ((rc = store_run(s, "DELETE FROM rec WHERE guest = ?1", "i", who)))
		return rc;
	store_recent_clear(s);
	count(s, &had, -1, false);
	return BERTH_OK;
}

enum berth_err berth_store_put_guest(struct berth_store *s, const char *ns, const char *key, const void *p, size_t n)
{
	struct had had;
	enum berth_err rc;

	if ((rc = check_put(s, ns, key, p, n, &had)) || (had.same && !had.guest) ||
	    (rc = write_record(s, ns, key, p, n, ++s->total.last_guest, &had)))
		return rc;
	wrote(s, ns, key, p, n, had.len < 0 || had.guest, &had);
	while (!rc && (s->total.guests > BERTH_STORE_GUESTS_MAX || s->total.guest_bytes > BERTH_STORE_GUESTS_BYTES))
		rc = evict_one(s);
	return rc;
}

enum berth_err berth_store_is_ours(struct berth_store *s, const char *ns, const char *key, bool *ours)
{
	struct had had;
	enum berth_err rc;

	*ours = false;
	if ((rc = store_ready(s, false)) || (rc = store_check_name(ns, key)) || (rc = look(s, ns, key, NULL, 0, &had)))
		return rc;
	*ours = had.len >= 0 && !had.guest;
	return BERTH_OK;
}

enum berth_err berth_store_put_str(struct berth_store *s, const char *ns, const char *key, const char *text)
{
	return berth_store_put(s, ns, key, text, strlen(text));
}

enum berth_err berth_store_get(struct berth_store *s, const char *ns, const char *key,
			       struct berth_buf *out, bool *found)
{
	struct store_record rec;
	sqlite3_stmt *st;
	enum berth_err rc;

	*found = false;
	if ((rc = store_ready(s, false)) || (rc = store_check_name(ns, key)) || (rc = read_record(s, ns, key, &rec, &st)))
		return rc;
	if ((*found = rec.there))
		berth_buf_put(out, rec.p, rec.n);
	sqlite3_reset(st);
	return berth_buf_status(out);
}

enum berth_err berth_store_delete(struct berth_store *s, const char *ns, const char *key)
{
	struct had had;
	enum berth_err rc;

	if ((rc = store_ready(s, true)) || (rc = store_check_name(ns, key)) || (rc = look(s, ns, key, NULL, 0, &had)) || had.len < 0)
		return rc;
	if ((rc = store_later(s, STORE_REC_GONE, had.row, store_name_of(ns, key), "DELETE FROM rec WHERE rowid = ?1", "i", had.row)))
		return rc;
	store_recent_note(s, ns, key, &(struct store_record){ .there = false });
	count(s, &had, -1, false);
	return BERTH_OK;
}

enum berth_err berth_store_count(struct berth_store *s, const char *ns, int64_t *out)
{
	enum berth_err rc;

	*out = 0;
	if ((rc = store_ready(s, false)) || (rc = store_check_name(ns, "")))
		return rc;
	return store_int(s, out, 0, "SELECT count(*) FROM rec WHERE ns = ?1", "s", ns);
}
