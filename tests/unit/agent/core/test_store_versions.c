/* SPDX-License-Identifier: Apache-2.0 */
/* Stores of versions 1 to 3, and starts that end in the middle. */
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/agent/core/store_open.h"

static const char *const version_1 =
	"PRAGMA application_id = 1113937012; PRAGMA journal_mode = WAL;"
	"CREATE TABLE meta (name TEXT PRIMARY KEY, val INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE rec (ns TEXT NOT NULL, key TEXT NOT NULL, val BLOB NOT NULL, PRIMARY KEY (ns, key)) STRICT;"
	"CREATE TABLE outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, peer TEXT NOT NULL,"
	" sender TEXT NOT NULL, thid TEXT NOT NULL, endpoints TEXT NOT NULL, mode INTEGER NOT NULL,"
	" body BLOB NOT NULL, created_s INTEGER NOT NULL, next_s INTEGER NOT NULL, expires_s INTEGER NOT NULL,"
	" tries INTEGER NOT NULL, UNIQUE (peer, id)) STRICT;"
	"CREATE TABLE inbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, sender BLOB NOT NULL, id BLOB NOT NULL,"
	" seen_s INTEGER NOT NULL, UNIQUE (sender, id)) STRICT;"
	"CREATE INDEX inbox_age ON inbox (seen_s);"
	"CREATE TABLE audit (seq INTEGER PRIMARY KEY, time_s INTEGER NOT NULL, event TEXT NOT NULL,"
	" detail TEXT NOT NULL, prev BLOB NOT NULL, hash BLOB NOT NULL) STRICT;"
	"INSERT INTO meta VALUES ('c:generation', 41);"
	"INSERT INTO rec VALUES ('gw', 'state', CAST('OPERATIONAL' AS BLOB));"
	"INSERT INTO outbox VALUES (5, 'm5', 'did:x:1', 'did:x:me', 't', '[\"nng\"]', 2, x'7b7d', 1, 2, 3000, 4);"
	"INSERT INTO outbox VALUES (6, 'm6', 'did:x:2', 'did:x:me', 't', '', 2, x'7b7d', 1, 2, 3000, 0);"
	"INSERT INTO inbox VALUES (1, x'4a54', x'31', 7);"
	"PRAGMA user_version = 1;";

static void make_version_1(void)
{
	berth_store_close(s);
	s = NULL;
	unlink(test_path(dir, BERTH_STORE_FILE));
	unlink(test_path(dir, BERTH_STORE_FILE "-wal"));
	meddle(version_1);
	assert_int_equal(chmod(test_path(dir, BERTH_STORE_FILE), 0600), 0);
}

static void check_migrated(void)
{
	struct berth_outbox_list l;
	int64_t g;

	check_record("gw", "state", "OPERATIONAL");
	check_counts(1, 0, 0);			/* what was there is nobody's guest */
	CHECK_OK(berth_store_counter_get(s, "generation", &g));
	assert_int_equal(g, 41);
	CHECK_OK(berth_store_outbox_due(s, 100, 10, NULL, &l));
	assert_int_equal(l.n, 1);
	assert_string_equal(l.rows[0].id, "m5");
	assert_string_equal(l.rows[0].endpoints, "[\"nng\"]");
	CHECK(l.rows[0].mode == 2 && l.rows[0].tries == 4 && l.rows[0].seq == 5);
	assert_memory_equal(l.rows[0].body, "{}", 3);
	berth_outbox_list_free(&l);
	CHECK_OK(berth_store_outbox_for_peer(s, "did:x:2", 100, 10, &l));
	CHECK(l.n == 1 && l.rows[0].parked);
	berth_outbox_list_free(&l);
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_audit(s, 1, "migrated", ""));
	CHECK_OK(berth_store_inbox_add(s, "did:x:1", "1", 9, NULL));
	CHECK_OK(berth_store_commit(s));
	berth_store_close(s);
	s = NULL;
	assert_int_equal(ask("PRAGMA user_version"), berth_store_schema());
	assert_int_equal(ask("SELECT seen_s FROM inbox WHERE seq = 1"), 7);
}

static void c152_version_1_is_migrated_with_its_data(void **state)
{
	(void)state;
	make_version_1();
	CHECK_OK(berth_store_open(&s, dir, false));
	check_migrated();
}

/* Version 2 as it was released. */
static const char *const version_2 =
	"ALTER TABLE outbox ADD COLUMN parked INTEGER NOT NULL DEFAULT 0;"
	"UPDATE outbox SET parked = 1 WHERE endpoints = '';"
	"CREATE INDEX outbox_due ON outbox (parked, next_s); CREATE INDEX outbox_peer ON outbox (peer, seq);"
	"CREATE INDEX outbox_expires ON outbox (expires_s);"
	"CREATE TABLE outbox_sent (ack BLOB NOT NULL, seq INTEGER NOT NULL REFERENCES outbox (seq) ON DELETE CASCADE,"
	" PRIMARY KEY (ack, seq)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX outbox_sent_seq ON outbox_sent (seq);"
	"CREATE TABLE dead (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, peer TEXT NOT NULL,"
	" thid TEXT NOT NULL, reason TEXT NOT NULL, when_s INTEGER NOT NULL, tries INTEGER NOT NULL) STRICT;"
	"ALTER TABLE inbox ADD COLUMN answer BLOB;"
	"CREATE TABLE audit_base (seq INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;"
	"PRAGMA user_version = 2;";

/* Version 3 as it was released. */
static const char *const version_3 =
	"ALTER TABLE rec ADD COLUMN guest INTEGER; CREATE INDEX rec_guest ON rec (guest) WHERE guest IS NOT NULL;"
	"ALTER TABLE outbox ADD COLUMN guest INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX outbox_guest ON outbox (seq) WHERE guest = 1;"
	"INSERT INTO dead (id, peer, thid, reason, when_s, tries) VALUES ('d1', 'did:x:9', 't', 'expired', 7, 2);"
	"UPDATE outbox SET thid = '' WHERE seq = 5; PRAGMA user_version = 3;";

static enum berth_err told(void *arg, const struct berth_dead *d)
{
	assert_string_equal(d->id, "d1");
	++*(int *)arg;
	return BERTH_OK;
}

/* Dead letters of before are shown; nobody knows any more whom to tell of them. */
static void version_3_is_migrated_with_its_data(void **state)
{
	struct berth_outbox_list l;
	int shown = 0, untold = 0;

	(void)state;
	make_version_1();
	meddle(version_2);
	meddle(version_3);
	CHECK_OK(berth_store_open(&s, dir, false));
	CHECK_OK(berth_store_dead_each(s, told, &shown));
	CHECK_OK(berth_store_dead_untold(s, 0, told, &untold));
	CHECK(shown == 1 && untold == 0);
	CHECK_OK(berth_store_outbox_due(s, 100, 10, NULL, &l));
	CHECK(l.n == 1 && !strcmp(l.rows[0].thid, "m5") && !l.rows[0].machine[0]);
	berth_outbox_list_free(&l);
	check_migrated();
}

static void version_2_is_migrated_with_its_data(void **state)
{
	bool ours;

	(void)state;
	make_version_1();
	meddle(version_2);
	CHECK_OK(berth_store_open(&s, dir, false));
	CHECK_OK(berth_store_is_ours(s, "gw", "state", &ours));
	CHECK(ours);
	check_migrated();
}

static int statements_left;

static int on_statement(unsigned what, void *arg, void *stmt, void *sql)
{
	(void)what, (void)arg, (void)stmt, (void)sql;
	if (--statements_left == 0)
		_exit(9);
	return 0;
}

static int trace_all(sqlite3 *db, const char **msg, const struct sqlite3_api_routines *api)
{
	(void)msg, (void)api;
	return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, on_statement, NULL);
}

/* Opens in a child that dies before its n-th statement; false: it got through. */
static bool die_opening(int n)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct berth_store *t;

		statements_left = n;
		sqlite3_auto_extension((void (*)(void))trace_all);
		_exit(berth_store_open(&t, dir, true) ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status) && (WEXITSTATUS(status) == 9 || WEXITSTATUS(status) == 0));
	return WEXITSTATUS(status) == 9;
}

static void c152_a_migration_killed_at_every_statement_resumes(void **state)
{
	int n;

	(void)state;
	for (n = 1; make_version_1(), die_opening(n); n++) {
		CHECK_OK(berth_store_open(&s, dir, false));
		check_migrated();
	}
	CHECK(n > 20);
}

static void creation_killed_at_every_statement_leaves_none_or_all(void **state)
{
	int n;

	(void)state;
	for (n = 1;; n++) {
		berth_store_close(s);
		s = NULL;
		test_tmpdir_remove(dir);
		assert_int_equal(mkdir(dir, 0700), 0);
		if (!die_opening(n))
			break;
		CHECK_OK(berth_store_open(&s, dir, true));
		CHECK_OK(berth_store_begin(s));
		CHECK_OK(berth_store_put_str(s, "a", "k", "1"));
		CHECK_OK(berth_store_commit(s));
	}
	CHECK(n > 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(c152_version_1_is_migrated_with_its_data), T(version_2_is_migrated_with_its_data),
		T(version_3_is_migrated_with_its_data),
		T(c152_a_migration_killed_at_every_statement_resumes),
		T(creation_killed_at_every_statement_leaves_none_or_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
