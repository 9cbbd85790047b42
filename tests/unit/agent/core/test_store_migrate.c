/* SPDX-License-Identifier: Apache-2.0 */
/* A store of version 5, whose messages, their numbers and what has arrived move to other tables. */
#include "tests/check.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include "agent/core/store.h"
#include "did/crypto/hash.h"
#include "tests/fakes/tmpdir.h"

static char dir[TMPDIR_LEN];
static struct berth_store *s;

/* As it was released, with rows: two of a thread for one peer, the first of them sent
 * twice; one that is parked; one of a stranger. */
static const char *const version_5 =
	"PRAGMA application_id = 1113937012; PRAGMA journal_mode = WAL;"
	"CREATE TABLE meta (name TEXT PRIMARY KEY, val INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE rec (ns TEXT NOT NULL, key TEXT NOT NULL, val BLOB NOT NULL, guest INTEGER, PRIMARY KEY (ns, key)) STRICT;"
	"CREATE INDEX rec_guest ON rec (guest) WHERE guest IS NOT NULL;"
	"CREATE TABLE outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, peer TEXT NOT NULL,"
	" sender TEXT NOT NULL, thid TEXT NOT NULL, endpoints TEXT NOT NULL, mode INTEGER NOT NULL,"
	" body BLOB NOT NULL, created_s INTEGER NOT NULL, next_s INTEGER NOT NULL, expires_s INTEGER NOT NULL,"
	" tries INTEGER NOT NULL, parked INTEGER NOT NULL DEFAULT 0, guest INTEGER NOT NULL DEFAULT 0,"
	" size INTEGER NOT NULL DEFAULT 0, machine TEXT NOT NULL DEFAULT '', instance TEXT NOT NULL DEFAULT '',"
	" error TEXT NOT NULL DEFAULT '', UNIQUE (peer, id)) STRICT;"
	"CREATE INDEX outbox_due ON outbox (parked, next_s, seq, peer, thid, expires_s);"
	"CREATE INDEX outbox_peer ON outbox (peer, seq, size); CREATE INDEX outbox_expires ON outbox (expires_s);"
	"CREATE INDEX outbox_guest ON outbox (seq) WHERE guest = 1; CREATE INDEX outbox_thread ON outbox (peer, thid, seq);"
	"CREATE TABLE outbox_sent (ack BLOB NOT NULL, seq INTEGER NOT NULL REFERENCES outbox (seq) ON DELETE CASCADE,"
	" PRIMARY KEY (ack, seq)) STRICT, WITHOUT ROWID; CREATE INDEX outbox_sent_seq ON outbox_sent (seq);"
	"CREATE TABLE inbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, sender BLOB NOT NULL, id BLOB NOT NULL,"
	" seen_s INTEGER NOT NULL, answer BLOB, UNIQUE (sender, id)) STRICT;"
	"CREATE INDEX inbox_age ON inbox (seen_s); CREATE INDEX inbox_sender ON inbox (sender, seq);"
	"CREATE TABLE audit (seq INTEGER PRIMARY KEY, time_s INTEGER NOT NULL, event TEXT NOT NULL, detail TEXT NOT NULL,"
	" prev BLOB NOT NULL, hash BLOB NOT NULL) STRICT;"
	"CREATE TABLE audit_base (seq INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;"
	"CREATE TABLE dead (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, peer TEXT NOT NULL, thid TEXT NOT NULL,"
	" reason TEXT NOT NULL, when_s INTEGER NOT NULL, tries INTEGER NOT NULL, machine TEXT NOT NULL DEFAULT '',"
	" instance TEXT NOT NULL DEFAULT '', told INTEGER NOT NULL DEFAULT 1) STRICT;"
	"CREATE TABLE silent (peer TEXT PRIMARY KEY, tries INTEGER NOT NULL, since_s INTEGER NOT NULL, next_s INTEGER NOT NULL,"
	" error TEXT NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE queue (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, recipient TEXT NOT NULL,"
	" client TEXT NOT NULL, hash BLOB NOT NULL, body BLOB NOT NULL, size INTEGER NOT NULL, came_s INTEGER NOT NULL,"
	" time_s INTEGER NOT NULL, expires_s INTEGER NOT NULL, gone INTEGER NOT NULL, UNIQUE (recipient, hash)) STRICT;"
	"CREATE INDEX queue_client ON queue (gone, client, seq); CREATE INDEX queue_recipient ON queue (gone, recipient, size);"
	"CREATE INDEX queue_expires ON queue (expires_s);"
	"INSERT INTO outbox VALUES (7, 'm7', 'did:x:1', 'me', 't', '[\"nng\"]', 2, x'7b7d', 1, 2, 3000, 2, 0, 0, 2, 'owner', 'd', 'no way');"
	"INSERT INTO outbox VALUES (8, 'm8', 'did:x:1', 'me', 't', '[\"nng\"]', 2, x'7b2020207d', 1, 1 << 61, 3000, 0, 0, 0, 5, '', '', '');"
	"INSERT INTO outbox VALUES (9, 'm9', 'did:x:2', 'me', 'm9', '', 2, x'7b7d', 1, 2, 3000, 0, 1, 0, 2, '', '', '');"
	"INSERT INTO outbox VALUES (10, 'm10', 'did:x:3', 'me', 'm10', '[\"nng\"]', 2, x'7b7d', 1, 2, 3000, 0, 0, 1, 2, '', '', '');"
	"INSERT INTO outbox_sent VALUES (x'00112233445566778899aabbccddeeff', 7), (x'ff112233445566778899aabbccddeeff', 7);"
	"PRAGMA user_version = 5;";

static const uint8_t answered[BERTH_ANSWER_LEN] = { 1, 2, 3 };

/* A message that has arrived, with its answer. */
static void add_inbox(sqlite3 *db, int seq, const char *sender, const char *id)
{
	uint8_t hs[BERTH_SHA256_LEN], hi[BERTH_SHA256_LEN];
	sqlite3_stmt *st;

	berth_sha256(hs, sender, strlen(sender));
	berth_sha256(hi, id, strlen(id));
	assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO inbox VALUES (?, ?, ?, 50, ?)", -1, &st, NULL), SQLITE_OK);
	sqlite3_bind_int(st, 1, seq);
	sqlite3_bind_blob(st, 2, hs, sizeof(hs), SQLITE_STATIC);
	sqlite3_bind_blob(st, 3, hi, sizeof(hi), SQLITE_STATIC);
	sqlite3_bind_blob(st, 4, answered, sizeof(answered), SQLITE_STATIC);
	assert_int_equal(sqlite3_step(st), SQLITE_DONE);
	sqlite3_finalize(st);
}

static void make_version_5(void)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(test_path(dir, BERTH_STORE_FILE), &db), SQLITE_OK);
	if (sqlite3_exec(db, version_5, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	add_inbox(db, 40, "did:x:1", "a");
	add_inbox(db, 41, "did:x:2", "a");
	sqlite3_close(db);
	assert_int_equal(chmod(test_path(dir, BERTH_STORE_FILE), 0600), 0);
}

static int fresh(void **state)
{
	(void)state;
	test_tmpdir(dir);
	make_version_5();
	return berth_store_open(&s, dir, false) || berth_store_begin(s);
}

static int gone(void **state)
{
	(void)state;
	berth_store_close(s);
	test_tmpdir_remove(dir);
	return 0;
}

/* The ids that are due, in order, with spaces. */
static const char *due(void)
{
	static char out[64];
	struct berth_outbox_list l;
	size_t at = 0;

	CHECK_OK(berth_store_outbox_due(s, 100, 64, NULL, &l));
	out[0] = '\0';
	for (size_t i = 0; i < l.n; i++)
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s ", l.rows[i].id);
	berth_outbox_list_free(&l);
	return out;
}

static enum berth_err is_m7(void *arg, const struct berth_outbox_row *row, const char *error)
{
	CHECK(!strcmp(row->id, "m7") && row->tries == 2 && row->body_len == 2 && !strcmp(row->thid, "t"));
	assert_string_equal(error, "no way");
	*(bool *)arg = true;
	return BERTH_OK;
}

static void rows_are_what_they_were(void **state)
{
	struct berth_outbox_list l;
	bool shown = false;

	(void)state;
	assert_string_equal(due(), "m7 m10 ");
	CHECK_OK(berth_store_outbox_one(s, 7, is_m7, &shown));
	CHECK(shown);
	CHECK_OK(berth_store_outbox_for_peer(s, "did:x:1", 100, 64, &l));
	assert_int_equal(l.n, 2);
	assert_memory_equal(l.rows[1].body, "{   }", 5);
	CHECK(!strcmp(l.rows[0].machine, "owner") && !strcmp(l.rows[0].instance, "d") && l.rows[1].next_s == BERTH_OUTBOX_BEHIND);
	berth_outbox_list_free(&l);
	CHECK_OK(berth_store_outbox_for_peer(s, "did:x:2", 100, 64, &l));
	CHECK(l.n == 1 && l.rows[0].parked);
	berth_outbox_list_free(&l);
}

/* What was sent before is acknowledged after, by that peer, and the next one may go. */
static void acks_are_known(void **state)
{
	const uint8_t ack[BERTH_ACK_LEN] = { 0xff, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd,
		0xee, 0xff };
	bool found;

	(void)state;
	CHECK_OK(berth_store_outbox_ack(s, "did:x:2", ack, &found));
	CHECK(!found);
	CHECK_OK(berth_store_outbox_ack(s, "did:x:1", ack, &found));
	CHECK(found);
	assert_string_equal(due(), "m8 m10 ");
	CHECK_OK(berth_store_outbox_ack(s, "did:x:1", ack, &found));
	CHECK(!found);		/* they went with their row */
}

static void numbers_go_on(void **state)
{
	struct berth_outbox_row row = { .id = "m11", .peer = "did:x:4", .from = "me", .thid = "", .endpoints = "[\"nng\"]",
		.body = (const uint8_t *)"{}", .body_len = 2, .next_s = 3, .expires_s = 3000 };
	struct berth_outbox_list l;

	(void)state;
	CHECK_OK(berth_store_outbox_put(s, &row));
	CHECK_OK(berth_store_outbox_for_peer(s, "did:x:4", 100, 64, &l));
	CHECK(l.n == 1 && l.rows[0].seq == 11);
	berth_outbox_list_free(&l);
}

/* In one tree now, by half of each hash. */
static void what_has_arrived_is_known(void **state)
{
	uint8_t answer[BERTH_ANSWER_LEN];
	struct berth_store_counts c;
	int64_t n;
	bool seen;

	(void)state;
	CHECK_OK(berth_store_inbox_seen(s, "did:x:2", "a", &seen, answer));
	CHECK(seen && !memcmp(answer, answered, sizeof(answer)));
	CHECK_RC(BERTH_E_REPLAY, berth_store_inbox_add(s, "did:x:1", "a", 60, NULL));
	CHECK_OK(berth_store_inbox_seen(s, "did:x:1", "b", &seen, answer));
	CHECK(!seen);
	CHECK_OK(berth_store_inbox_add(s, "did:x:1", "b", 60, NULL));
	CHECK_OK(berth_store_inbox_prune(s, 55 + BERTH_INBOX_AGE_S, &n));
	CHECK_OK(berth_store_counts(s, &c));
	CHECK(n == 2 && c.inbox == 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fresh, gone)
	const struct CMUnitTest tests[] = { T(rows_are_what_they_were), T(acks_are_known), T(numbers_go_on),
		T(what_has_arrived_is_known) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
