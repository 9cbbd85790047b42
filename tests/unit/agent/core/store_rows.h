/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_UNIT_AGENT_CORE_STORE_ROWS_H
#define BERTH_TESTS_UNIT_AGENT_CORE_STORE_ROWS_H

/* A store of its own for each test, in a transaction, and rows for its outbox. */
#include "agent/core/store.h"
#include "did/base/rand.h"
#include "tests/check.h"
#include "tests/fakes/tmpdir.h"

static char dir[TMPDIR_LEN];
static struct berth_store *s;

static inline int fresh(void **state)
{
	(void)state;
	test_tmpdir(dir);
	return berth_store_open(&s, dir, true) || berth_store_begin(s);
}

static inline int gone(void **state)
{
	(void)state;
	berth_store_close(s);
	test_tmpdir_remove(dir);
	berth_random_inject(NULL);
	return 0;
}

static inline void restart(void)
{
	CHECK_OK(berth_store_commit(s));
	berth_store_close(s);
	CHECK_OK(berth_store_open(&s, dir, false));
	CHECK_OK(berth_store_begin(s));
}

static inline struct berth_outbox_row message(const char *id, const char *peer)
{
	return (struct berth_outbox_row){
		.id = id, .peer = peer, .from = "did:x:me", .thid = "t1", .endpoints = "[\"nng+tcp://a:1\"]",
		.mode = 3, .body = (const uint8_t *)"{\"a\":1}", .body_len = 7,
		.created_s = 100, .next_s = 100, .expires_s = 1000,
	};
}

static inline int64_t put(const char *id, const char *peer)
{
	struct berth_outbox_row row = message(id, peer);
	struct berth_outbox_list l;
	int64_t seq;

	CHECK_OK(berth_store_outbox_put(s, &row));
	CHECK_OK(berth_store_outbox_for_peer(s, peer, 100, 64, &l));
	seq = l.rows[l.n - 1].seq;
	berth_outbox_list_free(&l);
	return seq;
}

/* The ids that are due, in order, with spaces. */
static inline const char *due(int64_t now_s)
{
	static char out[256];
	struct berth_outbox_list l;
	size_t at = 0;

	CHECK_OK(berth_store_outbox_due(s, now_s, 64, NULL, &l));
	out[0] = '\0';
	for (size_t i = 0; i < l.n; i++)
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s ", l.rows[i].id);
	berth_outbox_list_free(&l);
	return out;
}

/* Handed over for the n-th time. */
static inline enum berth_err sent(int64_t seq, int n, const uint8_t ack[BERTH_ACK_LEN], int64_t now_s)
{
	return berth_store_outbox_sent(s, &(struct berth_outbox_row){ .seq = seq, .tries = n - 1 }, ack, now_s);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fresh, gone)

#endif /* BERTH_TESTS_UNIT_AGENT_CORE_STORE_ROWS_H */
