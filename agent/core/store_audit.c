/* SPDX-License-Identifier: Apache-2.0 */
/* The audit chain: hash = SHA-256("berth-audit" prev seq time event detail). */
#include <string.h>

#include "agent/core/store_internal.h"
#include "did/base/buf.h"
#include "did/crypto/hash.h"

_Static_assert(BERTH_AUDIT_HASH_LEN == BERTH_SHA256_LEN, "one hash");

static enum berth_err row_hash(uint8_t out[BERTH_AUDIT_HASH_LEN], const uint8_t prev[BERTH_AUDIT_HASH_LEN],
			       int64_t seq, int64_t time_s, const char *event, size_t event_len,
			       const char *detail, size_t detail_len)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_str(&b, "berth-audit");
	berth_buf_put(&b, prev, BERTH_AUDIT_HASH_LEN);
	berth_buf_be64(&b, (uint64_t)seq);
	berth_buf_be64(&b, (uint64_t)time_s);
	berth_buf_vec32(&b, event, event_len);
	berth_buf_vec32(&b, detail, detail_len);
	if (!(rc = berth_buf_status(&b)))
		berth_sha256(out, b.p, b.len);
	berth_buf_free(&b);
	return rc;
}

/* seq and hash of the only row; zeros and *row false when there is none. */
static enum berth_err read_link(struct berth_store *s, const char *sql, int64_t arg, bool *row,
				int64_t *seq, uint8_t hash[BERTH_AUDIT_HASH_LEN])
{
	sqlite3_stmt *st;
	enum berth_err rc;

	*seq = 0;
	memset(hash, 0, BERTH_AUDIT_HASH_LEN);
	if ((rc = store_stmt(s, &st, sql, "i", arg)) || (rc = store_step(s, st, row)) || !*row)
		return rc;
	*seq = sqlite3_column_int64(st, 0);
	if (sqlite3_column_bytes(st, 1) == BERTH_AUDIT_HASH_LEN)
		memcpy(hash, sqlite3_column_blob(st, 1), BERTH_AUDIT_HASH_LEN);
	sqlite3_reset(st);
	return BERTH_OK;
}

static enum berth_err base(struct berth_store *s, int64_t *seq, uint8_t hash[BERTH_AUDIT_HASH_LEN])
{
	bool row;

	return read_link(s, "SELECT seq, hash FROM audit_base WHERE ?1 = 0 LIMIT 1", 0, &row, seq, hash);
}

enum berth_err berth_store_audit_head(struct berth_store *s, int64_t *seq, uint8_t hash[BERTH_AUDIT_HASH_LEN])
{
	enum berth_err rc;
	bool row;

	if ((rc = store_ready(s, false)) ||
	    (rc = read_link(s, "SELECT seq, hash FROM audit WHERE ?1 = 0 ORDER BY seq DESC LIMIT 1", 0,
			    &row, seq, hash)))
		return rc;
	return row ? BERTH_OK : base(s, seq, hash);
}

/* Takes out the rows up to seq; the hash of the last of them becomes the base. */
static enum berth_err cut(struct berth_store *s, int64_t upto)
{
	uint8_t hash[BERTH_AUDIT_HASH_LEN];
	enum berth_err rc;
	int64_t seq;
	bool row;

	if ((rc = read_link(s, "SELECT seq, hash FROM audit WHERE seq = ?1", upto, &row, &seq, hash)) || !row)
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
	    (rc = row_hash(hash, prev, ++seq, now_s, ev, ev_len, de, de_len)) ||
	    (rc = store_run(s, "INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6)", "iissbb", seq, now_s,
			    ev, de, prev, sizeof(prev), hash, sizeof(hash))))
		return rc;
	return cut(s, seq - BERTH_AUDIT_MAX);
}

enum berth_err berth_store_audit_verify(struct berth_store *s, int64_t *out_rows)
{
	uint8_t prev[BERTH_AUDIT_HASH_LEN], hash[BERTH_AUDIT_HASH_LEN];
	sqlite3_stmt *st = NULL;
	enum berth_err rc;
	int64_t seq;
	bool row;

	*out_rows = 0;
	if ((rc = store_ready(s, false)) || (rc = base(s, &seq, prev)) ||
	    (rc = store_stmt(s, &st, "SELECT seq, time_s, event, detail, prev, hash FROM audit"
			     " ORDER BY seq", "")))
		return rc;
	while (!(rc = store_step(s, st, &row)) && row) {
		rc = row_hash(hash, prev, ++seq, sqlite3_column_int64(st, 1),
			      (const char *)sqlite3_column_text(st, 2), (size_t)sqlite3_column_bytes(st, 2),
			      (const char *)sqlite3_column_text(st, 3), (size_t)sqlite3_column_bytes(st, 3));
		if (rc)
			break;
		if (sqlite3_column_int64(st, 0) != seq ||
		    sqlite3_column_bytes(st, 4) != sizeof(prev) || memcmp(sqlite3_column_blob(st, 4), prev, sizeof(prev)) ||
		    sqlite3_column_bytes(st, 5) != sizeof(hash) || memcmp(sqlite3_column_blob(st, 5), hash, sizeof(hash))) {
			rc = berth_fail(BERTH_E_SIG, "audit: the chain breaks at row %lld", (long long)seq);
			break;
		}
		memcpy(prev, hash, sizeof(prev));
		++*out_rows;
	}
	sqlite3_reset(st);
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
