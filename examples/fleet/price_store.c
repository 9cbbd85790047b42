/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of SQLite, durable as in the agent's store, each in the place of an older one: one
 * alone, and as many together as fit into one commit under load. */
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "examples/fleet/price.h"

#define ROWS 64		/* that go to the disk together; and places for them */
#define TIMES 32	/* a round, */
#define TIMES_LARGE 8	/* or of what is a MiB each, of which four fill the log */

static sqlite3 *db;
static sqlite3_stmt *put, *begin, *commit;

static void step(sqlite3_stmt *st) { price_need(sqlite3_step(st) == SQLITE_DONE && sqlite3_reset(st) == SQLITE_OK, "step"); }

static void open_db(const char *path)
{
	price_need(sqlite3_open(path, &db) == SQLITE_OK &&
		   sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
				"CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB)", NULL, NULL, NULL) == SQLITE_OK &&
		   sqlite3_prepare_v2(db, "REPLACE INTO t VALUES (?1, ?2)", -1, &put, NULL) == SQLITE_OK &&
		   sqlite3_prepare_v2(db, "BEGIN IMMEDIATE", -1, &begin, NULL) == SQLITE_OK &&
		   sqlite3_prepare_v2(db, "COMMIT", -1, &commit, NULL) == SQLITE_OK, path);
}

static void transaction(int rows, int octets)
{
	static unsigned char body[PRICE_LARGE];
	static int id;

	step(begin);
	for (int i = 0; i < rows; i++) {
		body[0]++;
		sqlite3_bind_int(put, 1, ++id % ROWS);
		sqlite3_bind_blob(put, 2, body, octets, SQLITE_STATIC);
		step(put);
	}
	step(commit);
}

static double price(int rows, int octets, int times)
{
	double us[PRICE_ROUNDS];

	transaction(ROWS, octets);
	for (int i = 0; i < PRICE_ROUNDS; i++) {
		double from = price_thread_us();

		for (int j = 0; j < times; j++)
			transaction(rows, octets);
		us[i] = (price_thread_us() - from) / times;
	}
	return price_least(us);
}

void price_store(const char *dir)
{
	static const char *const files[] = { "", "-wal", "-shm" };
	char path[512];

	snprintf(path, sizeof(path), "%s/price.db", dir);
	open_db(path);
	printf("\"store\": {\"one\": %.2f, \"together\": %.2f, \"large together\": %.2f, \"rows together\": %d}", price(1, PRICE_SMALL, TIMES),
	       price(ROWS, PRICE_SMALL, TIMES), price(ROWS, PRICE_LARGE, TIMES_LARGE), ROWS);
	sqlite3_finalize(put);
	sqlite3_finalize(begin);
	sqlite3_finalize(commit);
	sqlite3_close(db);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/price.db%s", dir, files[i]);
		unlink(path);
	}
}
