/* SPDX-License-Identifier: Apache-2.0 */
/* The schema as the steps that led to it.  A new file takes all of them, an old
 * one those it lacks; each step is one transaction, so that a kill at any point
 * leaves the version before or the version after.  A step that was released is
 * never edited. */
#include "agent/core/store_internal.h"

static const char *const to_1[] = {
	"CREATE TABLE meta (name TEXT PRIMARY KEY, val INTEGER NOT NULL) STRICT, WITHOUT ROWID",
	"CREATE TABLE rec (ns TEXT NOT NULL, key TEXT NOT NULL, val BLOB NOT NULL,"
	" PRIMARY KEY (ns, key)) STRICT",
	"CREATE TABLE outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL,"
	" peer TEXT NOT NULL, sender TEXT NOT NULL, thid TEXT NOT NULL, endpoints TEXT NOT NULL,"
	" mode INTEGER NOT NULL, body BLOB NOT NULL, created_s INTEGER NOT NULL,"
	" next_s INTEGER NOT NULL, expires_s INTEGER NOT NULL, tries INTEGER NOT NULL,"
	" UNIQUE (peer, id)) STRICT",
	"CREATE TABLE inbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, sender BLOB NOT NULL,"
	" id BLOB NOT NULL, seen_s INTEGER NOT NULL, UNIQUE (sender, id)) STRICT",
	"CREATE INDEX inbox_age ON inbox (seen_s)",
	"CREATE TABLE audit (seq INTEGER PRIMARY KEY, time_s INTEGER NOT NULL, event TEXT NOT NULL,"
	" detail TEXT NOT NULL, prev BLOB NOT NULL, hash BLOB NOT NULL) STRICT",
	NULL
};

/* Acknowledgements by the hash of what was sent; peers that poll; what was given
 * up; the answer beside a remembered id; audit chains that lose their oldest rows. */
static const char *const to_2[] = {
	"ALTER TABLE outbox ADD COLUMN parked INTEGER NOT NULL DEFAULT 0",
	"UPDATE outbox SET parked = 1 WHERE endpoints = ''",
	"CREATE INDEX outbox_due ON outbox (parked, next_s)",
	"CREATE INDEX outbox_peer ON outbox (peer, seq)",
	"CREATE INDEX outbox_expires ON outbox (expires_s)",
	/* Columns in the order of the key: SQLite 3.40's quick_check reads them wrongly else. */
	"CREATE TABLE outbox_sent (ack BLOB NOT NULL,"
	" seq INTEGER NOT NULL REFERENCES outbox (seq) ON DELETE CASCADE,"
	" PRIMARY KEY (ack, seq)) STRICT, WITHOUT ROWID",
	"CREATE INDEX outbox_sent_seq ON outbox_sent (seq)",
	"CREATE TABLE dead (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, peer TEXT NOT NULL,"
	" thid TEXT NOT NULL, reason TEXT NOT NULL, when_s INTEGER NOT NULL, tries INTEGER NOT NULL) STRICT",
	"ALTER TABLE inbox ADD COLUMN answer BLOB",
	"CREATE TABLE audit_base (seq INTEGER NOT NULL, hash BLOB NOT NULL) STRICT",
	NULL
};

/* What strangers leave: records in the order of their last use, and rows.  Who was a
 * stranger before this step nobody can say any more: all that is there stays ours. */
static const char *const to_3[] = {
	"ALTER TABLE rec ADD COLUMN guest INTEGER",
	"CREATE INDEX rec_guest ON rec (guest) WHERE guest IS NOT NULL",
	"ALTER TABLE outbox ADD COLUMN guest INTEGER NOT NULL DEFAULT 0",
	"CREATE INDEX outbox_guest ON outbox (seq) WHERE guest = 1",
	NULL
};

/* A mediator's queue for its clients (agent/core/store_queue.c). */
static const char *const to_4[] = {
	"CREATE TABLE queue (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
	" recipient TEXT NOT NULL, client TEXT NOT NULL, hash BLOB NOT NULL, body BLOB NOT NULL,"
	" size INTEGER NOT NULL, came_s INTEGER NOT NULL, time_s INTEGER NOT NULL,"
	" expires_s INTEGER NOT NULL, gone INTEGER NOT NULL, UNIQUE (recipient, hash)) STRICT",
	"CREATE INDEX queue_client ON queue (gone, client, seq)",
	"CREATE INDEX queue_recipient ON queue (gone, recipient, size)",
	"CREATE INDEX queue_expires ON queue (expires_s)",
	NULL
};

/* Peers that do not answer; the order within a thread, of which a message without one is
 * the first; who is told of a dead letter (of the earlier ones nobody any more); indexes
 * that answer what is asked for every message without reading the messages. */
static const char *const to_5[] = {
	"ALTER TABLE outbox ADD COLUMN size INTEGER NOT NULL DEFAULT 0",
	"UPDATE outbox SET size = length(body)",
	"DROP INDEX outbox_peer",
	"CREATE INDEX outbox_peer ON outbox (peer, seq, size)",
	"DROP INDEX outbox_due",
	"CREATE INDEX outbox_due ON outbox (parked, next_s, seq, peer, thid, expires_s)",
	"CREATE INDEX inbox_sender ON inbox (sender, seq)",
	"UPDATE outbox SET thid = id WHERE thid = ''",
	"CREATE INDEX outbox_thread ON outbox (peer, thid, seq)",
	"ALTER TABLE outbox ADD COLUMN machine TEXT NOT NULL DEFAULT ''",
	"ALTER TABLE outbox ADD COLUMN instance TEXT NOT NULL DEFAULT ''",
	"ALTER TABLE outbox ADD COLUMN error TEXT NOT NULL DEFAULT ''",
	"CREATE TABLE silent (peer TEXT PRIMARY KEY, tries INTEGER NOT NULL, since_s INTEGER NOT NULL,"
	" next_s INTEGER NOT NULL, error TEXT NOT NULL) STRICT, WITHOUT ROWID",
	"CREATE INDEX silent_due ON silent (next_s)",
	"ALTER TABLE dead ADD COLUMN machine TEXT NOT NULL DEFAULT ''",
	"ALTER TABLE dead ADD COLUMN instance TEXT NOT NULL DEFAULT ''",
	"ALTER TABLE dead ADD COLUMN told INTEGER NOT NULL DEFAULT 1",
	"CREATE INDEX dead_peer ON dead (peer, seq)",
	"CREATE INDEX dead_untold ON dead (seq) WHERE told = 0",
	NULL
};

/* Fewer pages for each message: an index for all that is asked of a peer's rows, one for
 * what is due, and none for what is asked every ten minutes; a body behind what is asked
 * without it; the numbers of rows are the store's to give (store_outbox.c). */
static const char *const to_6[] = {
	"CREATE TABLE outbox_6 (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, peer TEXT NOT NULL, sender TEXT NOT NULL,"
	" thid TEXT NOT NULL, endpoints TEXT NOT NULL, mode INTEGER NOT NULL, created_s INTEGER NOT NULL,"
	" next_s INTEGER NOT NULL, expires_s INTEGER NOT NULL, tries INTEGER NOT NULL, parked INTEGER NOT NULL,"
	" guest INTEGER NOT NULL, size INTEGER NOT NULL, machine TEXT NOT NULL, instance TEXT NOT NULL,"
	" error TEXT NOT NULL DEFAULT '', body BLOB NOT NULL) STRICT",
	"INSERT INTO outbox_6 SELECT seq, id, peer, sender, thid, endpoints, mode, created_s, next_s, expires_s, tries, parked,"
	" guest, size, machine, instance, error, body FROM outbox",
	"CREATE TABLE outbox_sent_6 (seq INTEGER NOT NULL REFERENCES outbox_6 (seq) ON DELETE CASCADE, ack BLOB NOT NULL,"
	" PRIMARY KEY (seq, ack)) STRICT, WITHOUT ROWID",
	"INSERT INTO outbox_sent_6 SELECT seq, ack FROM outbox_sent",
	"DROP TABLE outbox_sent",	/* first, or it loses its rows with the other */
	"DROP TABLE outbox",
	"ALTER TABLE outbox_6 RENAME TO outbox",
	"ALTER TABLE outbox_sent_6 RENAME TO outbox_sent",
	"CREATE INDEX outbox_peer ON outbox (peer, thid, seq, id, size, parked, expires_s)",
	"CREATE INDEX outbox_due ON outbox (next_s, seq, peer, thid, expires_s, parked) WHERE parked = 0",
	"CREATE INDEX outbox_guest ON outbox (seq) WHERE guest = 1",
	"CREATE TABLE inbox_6 (seq INTEGER PRIMARY KEY, sender BLOB NOT NULL, id BLOB NOT NULL, seen_s INTEGER NOT NULL,"
	" answer BLOB, UNIQUE (sender, id)) STRICT",
	"INSERT INTO inbox_6 SELECT seq, sender, id, seen_s, answer FROM inbox",
	"DROP TABLE inbox",
	"ALTER TABLE inbox_6 RENAME TO inbox",
	NULL
};

/* Nothing of the tables: what machines keep apart (agent/core/instance.c) an earlier build would
 * not find.  An instance's moves when it is written. */
static const char *const to_7[] = { NULL };

/* What a row is acknowledged by stands in the row: it is the hash of the body, which never
 * changes, so that there is one of them. */
static const char *const to_8[] = {
	"CREATE TABLE outbox_8 (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, peer TEXT NOT NULL, sender TEXT NOT NULL,"
	" thid TEXT NOT NULL, endpoints TEXT NOT NULL, mode INTEGER NOT NULL, created_s INTEGER NOT NULL,"
	" next_s INTEGER NOT NULL, expires_s INTEGER NOT NULL, tries INTEGER NOT NULL, parked INTEGER NOT NULL,"
	" guest INTEGER NOT NULL, size INTEGER NOT NULL, machine TEXT NOT NULL, instance TEXT NOT NULL,"
	" error TEXT NOT NULL DEFAULT '', ack BLOB NOT NULL, body BLOB NOT NULL) STRICT",
	"INSERT INTO outbox_8 SELECT seq, id, peer, sender, thid, endpoints, mode, created_s, next_s, expires_s, tries, parked,"
	" guest, size, machine, instance, error, coalesce((SELECT max(a.ack) FROM outbox_sent a WHERE a.seq = o.seq), zeroblob(16)),"
	" body FROM outbox o",
	"DROP TABLE outbox_sent",
	"DROP TABLE outbox",
	"ALTER TABLE outbox_8 RENAME TO outbox",
	"CREATE INDEX outbox_peer ON outbox (peer, thid, seq, id, size, parked, expires_s)",
	"CREATE INDEX outbox_due ON outbox (next_s, seq, peer, thid, expires_s, parked) WHERE parked = 0",
	"CREATE INDEX outbox_guest ON outbox (seq) WHERE guest = 1",
	NULL
};

/* One tree for what has arrived, and half of each hash (store_inbox.c).  What waits for an earlier
 * one of its thread is marked by a number as long as the one that follows (STORE_BEHIND). */
static const char *const to_9[] = {
	"CREATE TABLE inbox_9 (sender BLOB NOT NULL, id BLOB NOT NULL, seq INTEGER NOT NULL, seen_s INTEGER NOT NULL, answer BLOB,"
	" PRIMARY KEY (sender, id)) STRICT, WITHOUT ROWID",
	"INSERT INTO inbox_9 SELECT substr(sender, 1, 16), substr(id, 1, 16), seq, seen_s, answer FROM inbox",
	"DROP TABLE inbox",
	"ALTER TABLE inbox_9 RENAME TO inbox",
	"UPDATE outbox SET next_s = ~created_s WHERE next_s = 1 << 61",
	NULL
};

static const char *const *const steps[] = { to_1, to_2, to_3, to_4, to_5, to_6, to_7, to_8, to_9 };
#define SCHEMA ((int)(sizeof(steps) / sizeof(steps[0])))

int berth_store_schema(void) { return SCHEMA; }

static enum berth_err one_step(struct berth_store *s, int from)
{
	static const char mark[][sizeof("PRAGMA user_version = 1")] = { "PRAGMA user_version = 1", "PRAGMA user_version = 2",
					   "PRAGMA user_version = 3", "PRAGMA user_version = 4", "PRAGMA user_version = 5",
					   "PRAGMA user_version = 6", "PRAGMA user_version = 7",
					   "PRAGMA user_version = 8", "PRAGMA user_version = 9" };
	enum berth_err rc;

	_Static_assert(sizeof(mark) / sizeof(mark[0]) == sizeof(steps) / sizeof(steps[0]), "a mark a step");
	if ((rc = store_exec(s, "BEGIN IMMEDIATE")))
		return rc;
	for (const char *const *sql = steps[from]; *sql; sql++)
		if ((rc = store_exec(s, *sql)))
			goto undo;
	if ((rc = store_exec(s, mark[from])) || (rc = store_exec(s, "COMMIT")))
		goto undo;
	return BERTH_OK;
undo:
	sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

enum berth_err store_migrate(struct berth_store *s)
{
	enum berth_err rc;
	int64_t have = 0;

	if ((rc = store_int(s, &have, 0, "PRAGMA user_version", "")))
		return rc;
	if (have < 0 || have > SCHEMA)
		return berth_fail(BERTH_E_STORE, "%s: schema %lld is newer than this build's %d",
				  BERTH_STORE_FILE, (long long)have, SCHEMA);
	for (int v = (int)have; v < SCHEMA; v++)
		if ((rc = one_step(s, v)))
			return rc;
	return BERTH_OK;
}
