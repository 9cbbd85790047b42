/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log's rows; what chains them is in audit_chain.c. */
#include <string.h>

#include "agent/core/store_internal.h"

/* seq and hash of the first row; zeros and *row false when there is none.  fmt: "i", and arg is the parameter, or none. */
static enum berth_err read_link(struct berth_store *s, const char *sql, const char *fmt, int64_t arg, bool *row,
				int64_t *seq, uint8_t hash[BERTH_AUDIT_HASH_LEN])
{
	sqlite3_stmt *st;
	enum berth_err rc;

	*seq = 0;
	memset(hash, 0, BERTH_AUDIT_HASH_LEN);
	if ((rc = store_stmt(s, &st, sql, fmt, arg)) || (rc = store_step(s, st, row)) || !*row)
		return rc;
	*seq = sqlite3_column_int64(st, 0);
	if (sqlite3_column_bytes(st, 1) == BERTH_AUDIT_HASH_LEN)
		memcpy(hash, sqlite3_column_blob(st, 1), BERTH_AUDIT_HASH_LEN);
	sqlite3_reset(st);
	return BERTH_OK;
}

enum berth_err berth_store_audit_base(struct berth_store *s, int64_t *seq, uint8_t hash[BERTH_AUDIT_HASH_LEN])
{
	enum berth_err rc = store_ready(s, false);
	bool row;

	return rc ? rc : read_link(s, "SELECT seq, hash FROM audit_base", "-", 0, &row, seq, hash);
}

static void keep_head(struct berth_store *s, int64_t seq, const uint8_t hash[BERTH_AUDIT_HASH_LEN])
{
	s->total.head_known = true;
	s->total.head_seq = seq;
	memcpy(s->total.head, hash, BERTH_AUDIT_HASH_LEN);
}

enum berth_err berth_store_audit_head(struct berth_store *s, int64_t *seq, uint8_t hash[BERTH_AUDIT_HASH_LEN])
{
	enum berth_err rc;
	bool row;

	if ((rc = store_ready(s, false)))
		return rc;
	if (!s->total.head_known) {	/* no row is put off then */
		if ((rc = read_link(s, "SELECT seq, hash FROM audit ORDER BY seq DESC", "-", 0, &row, seq, hash)) ||
		    (!row && (rc = berth_store_audit_base(s, seq, hash))))
			return rc;
		keep_head(s, *seq, hash);
	}
	*seq = s->total.head_seq;
	memcpy(hash, s->total.head, BERTH_AUDIT_HASH_LEN);
	return BERTH_OK;
}

enum berth_err berth_store_audit_signed(struct berth_store *s, struct berth_buf *jws)
{
	sqlite3_stmt *st;
	int64_t at;
	bool row;
	enum berth_err rc;

	if ((rc = berth_store_counter_get(s, BERTH_COUNTER_AUDIT, &at)) || !at ||
	    (rc = store_stmt(s, &st, "SELECT detail FROM audit WHERE seq = ?1 AND event = '" BERTH_AUDIT_SIGNED "'", "i", at)) ||
	    (rc = store_step(s, st, &row)) || !row)
		return rc;
	berth_buf_put(jws, sqlite3_column_text(st, 0), (size_t)sqlite3_column_bytes(st, 0));
	sqlite3_reset(st);
	return berth_buf_status(jws);
}

/* Takes out the rows up to seq; the hash of the last of them becomes the base. */
static enum berth_err cut(struct berth_store *s, int64_t upto)
{
	uint8_t hash[BERTH_AUDIT_HASH_LEN];
	enum berth_err rc;
	int64_t seq;
	bool row;

	if ((rc = read_link(s, "SELECT seq, hash FROM audit WHERE seq = ?1", "i", upto, &row, &seq, hash)) || !row)
		return rc;
	if ((rc = store_run(s, "DELETE FROM audit_base", "")) ||
	    (rc = store_run(s, "INSERT INTO audit_base VALUES (?1, ?2)", "ib", seq, hash, sizeof(hash))))
		return rc;
	return store_run(s, "DELETE FROM audit WHERE seq <= ?1", "i", seq);
}

/* How much of the text fits, not ending inside a UTF-8 sequence. */
static size_t fit(const char *text)
{
	size_t n = strnlen(text, BERTH_AUDIT_TEXT_MAX + 1);

	if (n <= BERTH_AUDIT_TEXT_MAX)
		return n;
	for (n = BERTH_AUDIT_TEXT_MAX; n > 0 && ((uint8_t)text[n] & 0xc0) == 0x80; n--)
		;
	return n;
}

enum berth_err berth_store_audit(struct berth_store *s, int64_t now_s, const char *event, const char *detail)
{
	uint8_t prev[BERTH_AUDIT_HASH_LEN], hash[BERTH_AUDIT_HASH_LEN];
	char ev[BERTH_AUDIT_TEXT_MAX + 1], de[BERTH_AUDIT_TEXT_MAX + 1];
	size_t ev_len = fit(event), de_len = fit(detail);
	enum berth_err rc;
	int64_t seq;

	memcpy(ev, event, ev_len);
	memcpy(de, detail, de_len);
	ev[ev_len] = de[de_len] = '\0';
	if ((rc = store_ready(s, true)) || (rc = berth_store_audit_head(s, &seq, prev)) ||
	    (rc = berth_audit_row_hash(hash, prev, ++seq, now_s, ev, de)) ||
	    (rc = store_later(s, STORE_ADDED, 0, STORE_NAMELESS, "INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6)", "iissbb", seq, now_s,
			    ev, de, prev, sizeof(prev), hash, sizeof(hash))))
		return rc;
	keep_head(s, seq, hash);
	return seq > BERTH_AUDIT_MAX ? cut(s, seq - BERTH_AUDIT_MAX) : BERTH_OK;
}

static bool column_is(sqlite3_stmt *st, int column, const uint8_t hash[BERTH_AUDIT_HASH_LEN])
{
	return sqlite3_column_bytes(st, column) == BERTH_AUDIT_HASH_LEN &&
	       memcmp(sqlite3_column_blob(st, column), hash, BERTH_AUDIT_HASH_LEN) == 0;
}

/* The row that the statement stands on, and what it says of its hashes. */
static enum berth_err check_row(struct berth_audit_chain *c, sqlite3_stmt *st)
{
	const char *event = (const char *)sqlite3_column_text(st, 2), *detail = (const char *)sqlite3_column_text(st, 3);
	bool prev = column_is(st, 4, c->hash);
	enum berth_err rc = event && detail ? BERTH_OK : berth_no_memory();

	if (!rc)
		rc = berth_audit_chain_row(c, sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1), event, detail);
	if (!rc && (!prev || !column_is(st, 5, c->hash)))
		rc = berth_fail(BERTH_E_SIG, "audit: the chain breaks at row %lld", (long long)c->seq);
	return rc;
}

/* The last row that we know to be a signature is there, or was taken out for its age. */
static enum berth_err check_end(struct berth_store *s, const struct berth_audit_chain *c, int64_t base)
{
	int64_t row;
	enum berth_err rc = berth_store_counter_get(s, BERTH_COUNTER_AUDIT, &row);

	if (rc || row <= base || row == c->signed_row)
		return rc;
	return berth_fail(BERTH_E_SIG, "audit: row %lld was signed, and the log ends at %lld or is another", (long long)row,
			  (long long)c->seq);
}

enum berth_err berth_store_audit_check(struct berth_store *s, const char *did, struct berth_audit_chain *c)
{
	uint8_t hash[BERTH_AUDIT_HASH_LEN];
	sqlite3_stmt *st = NULL;
	enum berth_err rc;
	int64_t seq;
	bool row;

	*c = (struct berth_audit_chain){ 0 };
	if ((rc = berth_store_audit_base(s, &seq, hash)) || (rc = berth_audit_chain_begin(c, seq, hash, did)) ||
	    (rc = store_stmt(s, &st, "SELECT seq, time_s, event, detail, prev, hash FROM audit"
			     " ORDER BY seq", "")))
		return rc;
	while (!(rc = store_step(s, st, &row)) && row && !(rc = check_row(c, st)))
		;
	sqlite3_reset(st);
	return rc ? rc : check_end(s, c, seq);
}

enum berth_err berth_store_audit_verify(struct berth_store *s, int64_t *out_rows)
{
	struct berth_audit_chain c;
	enum berth_err rc = berth_store_audit_check(s, NULL, &c);

	*out_rows = c.rows;
	berth_audit_chain_free(&c);
	return rc;
}

enum berth_err berth_store_audit_each(struct berth_store *s, int64_t after_seq, berth_audit_fn fn, void *arg)
{
	uint8_t hash[BERTH_AUDIT_HASH_LEN];
	sqlite3_stmt *st = NULL;
	enum berth_err rc;
	bool row;

	if ((rc = store_ready(s, false)) ||
	    (rc = store_stmt(s, &st, "SELECT seq, time_s, event, detail, hash FROM audit WHERE seq > ?1"
			     " ORDER BY seq", "i", after_seq)))
		return rc;
	while (!(rc = store_step(s, st, &row)) && row) {
		memset(hash, 0, sizeof(hash));
		if (sqlite3_column_bytes(st, 4) == sizeof(hash))
			memcpy(hash, sqlite3_column_blob(st, 4), sizeof(hash));
		if ((rc = fn(arg, sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1),
			     (const char *)sqlite3_column_text(st, 2), (const char *)sqlite3_column_text(st, 3), hash)))
			break;
	}
	sqlite3_reset(st);
	return rc;
}
