/* SPDX-License-Identifier: Apache-2.0 */
/* A durable write of 2 KiB.  The floor is SQLite alone: WAL, synchronous=FULL, one
 * prepared upsert in a transaction.  What the disk takes is on both sides the same
 * and outside of what is measured (CPU time). */
#include "tests/bench/bench.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/core/store.h"
#include "did/base/buf.h"

#define VALUE_LEN 2048
#define STEPS 64

static char dir[] = "/tmp/berth-bench.XXXXXX";
static uint8_t value[VALUE_LEN];
static struct berth_store *s;
static sqlite3 *db;
static sqlite3_stmt *begin, *put, *commit;
static uint8_t n;

static void sql(const char *text) { need(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, text); }

static void setup(void)
{
	char path[64];

	need(mkdtemp(dir) != NULL, "mkdtemp");
	need(!berth_store_open(&s, dir, true), "store");
	snprintf(path, sizeof(path), "%s/floor.db", dir);
	need(sqlite3_open(path, &db) == SQLITE_OK, "floor");
	sql("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
	    "PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 256;"
	    "CREATE TABLE rec (ns TEXT NOT NULL, key TEXT NOT NULL, val BLOB NOT NULL, PRIMARY KEY (ns, key)) STRICT");
	need(sqlite3_prepare_v2(db, "BEGIN IMMEDIATE", -1, &begin, NULL) == SQLITE_OK &&
	     sqlite3_prepare_v2(db, "INSERT INTO rec VALUES ('ns', ?1, ?2) ON CONFLICT DO UPDATE SET val = excluded.val",
				-1, &put, NULL) == SQLITE_OK &&
	     sqlite3_prepare_v2(db, "COMMIT", -1, &commit, NULL) == SQLITE_OK, "prepare");
}

static void step(sqlite3_stmt *st)
{
	need(sqlite3_step(st) == SQLITE_DONE && sqlite3_reset(st) == SQLITE_OK, "step");
}

static void floor_puts(int times)
{
	char key[8];

	step(begin);
	for (int i = 0; i < times; i++) {
		value[0] = n++;
		snprintf(key, sizeof(key), "%d", i);
		sqlite3_bind_text(put, 1, key, -1, SQLITE_STATIC);
		sqlite3_bind_blob(put, 2, value, sizeof(value), SQLITE_STATIC);
		step(put);
	}
	step(commit);
}

static void our_puts(int times)
{
	char key[8];

	need(!berth_store_begin(s), "begin");
	for (int i = 0; i < times; i++) {
		value[0] = n++;
		snprintf(key, sizeof(key), "%d", i);
		need(!berth_store_put(s, "ns", key, value, sizeof(value)), "put");
	}
	need(!berth_store_commit(s), "commit");
}

static void f_one(void) { floor_puts(1); }
static void o_one(void) { our_puts(1); }
static void f_group(void) { floor_puts(STEPS); }
static void o_group(void) { our_puts(STEPS); }

void bench_store(int *missed)
{
	static const struct bench list[] = {
		{ "one commit", f_one, o_one, 1.3 },
		{ "64 writes in one commit", f_group, o_group, 1.3 },
	};
	char path[64];

	setup();
	*missed += bench_run("store, records of 2 KiB", list, sizeof(list) / sizeof(list[0]));
	berth_store_close(s);
	sqlite3_finalize(begin);
	sqlite3_finalize(put);
	sqlite3_finalize(commit);
	sqlite3_close(db);
	snprintf(path, sizeof(path), "%s/floor.db", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/%s", dir, BERTH_STORE_FILE);
	unlink(path);
	rmdir(dir);
}
