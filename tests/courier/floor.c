/* SPDX-License-Identifier: Apache-2.0 */
/* What a durable message between two processes costs without anything of ours: one writes
 * 2 KiB into an SQLite file and syncs it, sends it over nng REQ/REP on loopback, the other
 * writes and syncs it, and answers.  One at a time.
 *
 *	floor DIR PORT N
 *
 * Prints a JSON object with medians in microseconds. */
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/median.h"

#define BODY 2048

static void need(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "floor: %s\n", what);
	exit(1);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static sqlite3_stmt *open_store(const char *dir, const char *name)
{
	sqlite3_stmt *st;
	char path[512];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	need(sqlite3_open(path, &db) == SQLITE_OK, "open");
	need(sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
			  "CREATE TABLE t (id INTEGER PRIMARY KEY, b BLOB)", NULL, NULL, NULL) == SQLITE_OK, "table");
	need(sqlite3_prepare_v2(db, "INSERT INTO t (b) VALUES (zeroblob(2048))", -1, &st, NULL) == SQLITE_OK, "insert");
	return st;
}

static void commit(sqlite3_stmt *st)
{
	need(sqlite3_step(st) == SQLITE_DONE, "commit");
	sqlite3_reset(st);
}

static void serve(const char *url, sqlite3_stmt *st)
{
	nng_socket s;
	char *p;
	size_t n;

	need(!nng_rep0_open(&s) && !nng_listen(s, url, NULL, 0), "listen");
	while (nng_recv(s, &p, &n, NNG_FLAG_ALLOC) == 0) {
		if (p[0])
			commit(st);
		nng_free(p, n);
		need(nng_send(s, (char[8]){ 0 }, 8, 0) == 0, "answer");
	}
}

static void ask(nng_socket s, char durable)
{
	static char body[BODY];
	char answer[8];
	size_t n = sizeof(answer);

	body[0] = durable;
	need(!nng_send(s, body, BODY, 0) && !nng_recv(s, answer, &n, 0), "echo");
}

int main(int argc, char **argv)
{
	int n = argc == 4 ? atoi(argv[3]) : 0;
	double *us = calloc((size_t)n + 1, sizeof(*us)), echo, one, whole, t;
	nng_socket s;
	sqlite3_stmt *st;
	char url[64];
	pid_t pid;

	need(n > 0, "floor DIR PORT N");
	snprintf(url, sizeof(url), "tcp://127.0.0.1:%s", argv[2]);
	if ((pid = fork()) == 0) {
		serve(url, open_store(argv[1], "right.db"));
		return 0;
	}
	st = open_store(argv[1], "left.db");
	need(!nng_req0_open(&s), "open");
	for (int i = 0; nng_dial(s, url, NULL, 0) != 0; i++) {
		need(i < 200, "dial");
		usleep(10000);
	}
	ask(s, 0);
	for (int i = 0; i < n; i++, us[i - 1] = now_us() - t) {
		t = now_us();
		ask(s, 0);
	}
	echo = median(us, (size_t)n);
	for (int i = 0; i < n; i++, us[i - 1] = now_us() - t) {
		t = now_us();
		commit(st);
	}
	one = median(us, (size_t)n);
	for (int i = 0; i < n; i++, us[i - 1] = now_us() - t) {
		t = now_us();
		commit(st);
		ask(s, 1);
	}
	whole = median(us, (size_t)n);
	printf("{\"echo\": %.1f, \"commit\": %.1f, \"both\": %.1f, \"p99\": %.1f}\n", echo, one, whole, us[n * 99 / 100]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}
