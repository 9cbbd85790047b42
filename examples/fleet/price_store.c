/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of SQLite, durable as in the agent's store, each in the place of an older one: as many
 * together as fit into one commit under load, and one alone.  Those are in as many files as
 * there are gateways at work, one after the other, for so a fleet has them: a file that is
 * synced again within a tick of the clock has the time of its last change already, and one
 * that is not has its inode written, too. */
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "examples/fleet/price.h"
#include "tests/bench/median.h"

#define FILES 63	/* with one row at a time; each of them is synced again after some 10 ms */
#define ROWS 64		/* that go to the disk together; and places for them */
#define TIMES 32	/* a round, */
#define TIMES_LARGE 8	/* or of what is a MiB each, of which four fill the log */

struct file {
	sqlite3 *db;
	sqlite3_stmt *put, *begin, *commit;
	char path[512];
};

static void step(sqlite3_stmt *st) { price_need(sqlite3_step(st) == SQLITE_DONE && sqlite3_reset(st) == SQLITE_OK, "step"); }

static void file_open(struct file *f, const char *dir, int i)
{
	snprintf(f->path, sizeof(f->path), "%s/price%d.db", dir, i);
	price_need(sqlite3_open(f->path, &f->db) == SQLITE_OK &&
		   sqlite3_exec(f->db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
				"CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB)", NULL, NULL, NULL) == SQLITE_OK &&
		   sqlite3_prepare_v2(f->db, "REPLACE INTO t VALUES (?1, ?2)", -1, &f->put, NULL) == SQLITE_OK &&
		   sqlite3_prepare_v2(f->db, "BEGIN IMMEDIATE", -1, &f->begin, NULL) == SQLITE_OK &&
		   sqlite3_prepare_v2(f->db, "COMMIT", -1, &f->commit, NULL) == SQLITE_OK, f->path);
}

static void file_close(struct file *f)
{
	static const char *const also[] = { "", "-wal", "-shm" };
	char path[520];

	sqlite3_finalize(f->put);
	sqlite3_finalize(f->begin);
	sqlite3_finalize(f->commit);
	sqlite3_close(f->db);
	for (size_t i = 0; i < sizeof(also) / sizeof(also[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", f->path, also[i]);
		unlink(path);
	}
}

static void transaction(struct file *f, int rows, int octets)
{
	static unsigned char body[PRICE_LARGE];
	static int id;

	step(f->begin);
	for (int i = 0; i < rows; i++) {
		body[0]++;
		sqlite3_bind_int(f->put, 1, ++id % ROWS);
		sqlite3_bind_blob(f->put, 2, body, octets, SQLITE_STATIC);
		step(f->put);
	}
	step(f->commit);
}

/* Its log has its length before it is needed, as a careful owner of a file would see to: a file
 * of one row at a time is used once a round. */
static void make_room(struct file *f)
{
	for (int i = 0; i < PRICE_ROUNDS; i++)
		transaction(f, ROWS, PRICE_SMALL);
	price_need(sqlite3_wal_checkpoint_v2(f->db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL) == SQLITE_OK, "checkpoint");
}

static double price(struct file *f, int files, int rows, int octets, int times)
{
	double us[PRICE_ROUNDS];

	for (int i = 0; i < PRICE_ROUNDS; i++) {
		double from = price_thread_us();

		for (int j = 0; j < times; j++)
			transaction(&f[j % files], rows, octets);
		us[i] = (price_thread_us() - from) / times;
	}
	return median(us, PRICE_ROUNDS);
}

void price_store(const char *dir)
{
	static struct file f[1 + FILES];	/* the first is that of many rows */
	double together, large;

	for (int i = 0; i <= FILES; i++) {
		file_open(&f[i], dir, i);
		make_room(&f[i]);
	}
	together = price(f, 1, ROWS, PRICE_SMALL, TIMES);
	large = price(f, 1, ROWS, PRICE_LARGE, TIMES_LARGE);
	printf("\"store\": {\"one\": %.2f, \"together\": %.2f, \"large together\": %.2f, \"rows together\": %d}",
	       price(f + 1, FILES, 1, PRICE_SMALL, FILES), together, large, ROWS);
	for (int i = 0; i <= FILES; i++)
		file_close(&f[i]);
}
