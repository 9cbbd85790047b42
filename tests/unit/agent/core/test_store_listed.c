/* SPDX-License-Identifier: Apache-2.0 */
/* What is answered from the rows that are listed or kept in memory is what the file answers, and
 * what is done by them leaves the same file, whatever was put, sent, taken away, taken back or lost. */
#include "tests/check.h"

#include "agent/core/store_internal.h"
#include "did/base/rand.h"
#include "tests/unit/agent/core/store_lossy.h"

#define ROUNDS 1000
#define PEERS 4
#define PEER_MSGS 15		/* all of them have more than are listed */
#define THREADS 3
#define NOWS 6

static struct berth_store *s;
static uint32_t rng;
static int compared, full;

static uint32_t draw(uint32_t n) { return (rng = rng * 1664525u + 1013904223u) / 65536 % n; }

static void no_chance(void *out, size_t n) { memset(out, 7, n); }

static int fresh(void **state)
{
	(void)state;
	lossy_begin();
	berth_random_inject(no_chance);		/* the same wait each time */
	CHECK_OK(berth_store_open_vfs(&s, dir, true, "lossy"));
	berth_store_outbox_quota(s, PEER_MSGS, 0);
	compared = full = 0;
	return 0;
}

static int gone(void **state)
{
	(void)state;
	berth_store_close(s);
	berth_random_inject(NULL);
	lossy_end();
	return 0;
}

static const char *peer(uint32_t n)
{
	static const char *const peers[PEERS] = { "did:x:1", "did:x:2", "did:x:22", "did:x:3" };

	return peers[n % PEERS];
}

static const char *thread(uint32_t n)
{
	static const char *const threads[THREADS] = { "t1", "t2", "" };

	return threads[n % THREADS];
}

/* ---- what there is */

static void rows_of(struct berth_buf *b)
{
	sqlite3_stmt *st;
	bool row;

	CHECK_OK(store_stmt(s, &st, "SELECT printf('%s %s %s %d %d %d %s', id, peer, thid, next_s, tries, parked, hex(ack)) FROM outbox"
			    " ORDER BY seq", ""));
	while (!store_step(s, st, &row) && row)
		berth_buf_printf(b, "%s\n", (const char *)sqlite3_column_text(st, 0));
}

static void list_of(struct berth_buf *b, struct berth_outbox_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct berth_outbox_row *r = &l->rows[i];

		berth_buf_printf(b, " %s/%s/%s/%s/%s/%s/%s/%s/%zu %d %d %d %d %lld %lld %lld", r->id, r->peer, r->from, r->thid, r->endpoints,
				 r->machine, r->instance, (const char *)r->body, r->body_len, r->mode, r->parked, r->tries, r->silences,
				 (long long)r->created_s, (long long)r->next_s, (long long)r->expires_s);
	}
	berth_buf_printf(b, " %zu\n", l->bytes);
	berth_outbox_list_free(l);
}

static bool not_the_second(void *arg, int64_t seq, const char *to, int silences)
{
	(void)arg;
	(void)seq;
	return silences || strcmp(to, peer(1)) != 0;
}

static void answers_of(struct berth_buf *b)
{
	static const struct berth_outbox_want want = { not_the_second, NULL };
	struct berth_outbox_list l;
	int64_t next_s;

	CHECK_OK(berth_store_outbox_next(s, &next_s));
	berth_buf_printf(b, "next %lld\n", (long long)next_s);
	for (int now_s = 0; now_s < NOWS; now_s++) {
		CHECK_OK(berth_store_outbox_due(s, now_s, now_s + 2, now_s % 2 ? &want : NULL, &l));
		list_of(b, &l);
	}
	for (uint32_t i = 0; i < PEERS; i++) {
		CHECK_OK(berth_store_outbox_for_peer(s, peer(i), (int64_t)i, 4 + i, &l));
		list_of(b, &l);
	}
}

/* Each row that is listed is there, as it is listed; all of them, if that is said. */
static void check_listed(void)
{
	int64_t n, same;

	for (size_t i = 0; i < s->total.n_listed; i++) {
		const struct store_listed *l = &s->total.listed[i];

		CHECK_OK(store_int(s, &same, 0, "SELECT next_s = ?2 AND ack = ?3 FROM outbox WHERE seq = ?1", "iib", l->seq,
				   l->next_s, l->ack, sizeof(l->ack)));
		assert_true(same && (i == 0 || l->seq > l[-1].seq));
	}
	CHECK_OK(store_int(s, &n, 0, "SELECT count(*) FROM outbox", ""));
	assert_true(!store_listed_all(s) || n == (int64_t)s->total.n_listed);
	full += s->total.n_listed == STORE_LISTED;
}

/* ---- what is done */

struct deed { uint32_t what, peer, thread, id, flags; int64_t seq, at; uint8_t acks[3 * BERTH_ACK_LEN]; };

static struct deed any(void)
{
	struct deed d = { .what = draw(32), .peer = draw(PEERS), .thread = draw(THREADS), .id = draw(60), .flags = draw(16), .at = draw(NOWS) };

	CHECK_OK(store_int(s, &d.seq, 0, "SELECT seq FROM outbox ORDER BY seq LIMIT 1 OFFSET ?1", "i", (int64_t)draw(PEERS * PEER_MSGS)));
	for (int i = 0; i < 3; i++)
		d.acks[i * BERTH_ACK_LEN] = (uint8_t)draw(9);	/* 0: none was sent with it */
	return d;
}

static enum berth_err put(const struct deed *d)
{
	char id[8];
	const struct berth_outbox_row row = { .id = id, .peer = peer(d->peer), .from = "did:x:me", .thid = thread(d->thread),
		.endpoints = d->flags & 4 ? "[1]" : "", .machine = d->flags & 8 ? "m" : NULL, .mode = (int)d->id,
		.parked = d->flags & 1, .guest = d->flags & 2, .body = (const uint8_t *)"{}", .body_len = 2,
		.created_s = d->at, .next_s = d->at + (d->flags >> 2), .expires_s = d->at + 4 };

	snprintf(id, sizeof(id), "m%u", d->id);
	return berth_store_outbox_put(s, &row);
}

static enum berth_err seldom(const struct deed *d)
{
	int64_t n;

	switch (d->flags % 4) {
	case 0:
		return berth_store_peer_silent(s, peer(d->peer), false, d->at, "no");
	case 1:
		return berth_store_outbox_hurry(s, NULL, peer(d->peer), d->at, &n);
	case 2:
		return berth_store_outbox_dead_thread(s, peer(d->peer), thread(d->thread), d->at, "why");
	default:
		return berth_store_outbox_drop(s, NULL, peer(d->peer), &n);
	}
}

static enum berth_err perform(const struct deed *d)
{
	size_t n;

	switch (d->what) {
	case 0: case 1: case 2: case 3:
		return berth_store_outbox_sent(s, &(struct berth_outbox_row){ .seq = d->seq, .anew = d->flags & 1,
						  .body = (const uint8_t *)"()", .body_len = 2 }, d->acks, d->at);
	case 4: case 5:
		return berth_store_outbox_acks(s, peer(d->peer), d->acks, 3, &n);
	case 6:
		return d->flags < 8 ? berth_store_outbox_later(s, d->seq, d->at, d->at)
				    : berth_store_outbox_refill(s, d->seq, (const uint8_t *)"[]", 2);
	case 7:
		return berth_store_outbox_done(s, d->seq);
	case 8:
		return berth_store_outbox_drop_thread(s, peer(d->peer), thread(d->thread));
	case 9:
		return d->flags < 8 ? berth_store_peer_awake(s, peer(d->peer), d->at) : berth_store_peer_moved(s, peer(d->peer), "[1]", "[2]");
	case 10:
		return d->flags < 8 ? seldom(d) : put(d);
	default:
		return put(d);
	}
}

/* And what it came to; then it is undone. */
static void rehearse(struct berth_buf *b, const struct deed *d, bool listed)
{
	CHECK_OK(berth_store_savepoint(s));
	if (!listed)
		store_listed_forget(s);
	berth_buf_printf(b, "%d\n", perform(d));
	if (!listed)
		store_listed_forget(s);
	rows_of(b);
	answers_of(b);
	CHECK_OK(berth_store_undo(s));
	check_listed();
}

static void compare(const struct deed *d)
{
	struct berth_buf a = BERTH_BUF_INIT, b = BERTH_BUF_INIT;

	compared += store_listed_all(s) && s->total.out_msgs > 2;
	rehearse(&a, d, true);
	rehearse(&b, d, false);
	assert_string_equal(berth_buf_cstr(&a), berth_buf_cstr(&b));
	berth_buf_free(&a);
	berth_buf_free(&b);
}

static void deeds(uint32_t n, bool rehearsed)
{
	for (uint32_t i = draw(n); i > 0; i--) {
		struct deed d = any();

		if (rehearsed)
			compare(&d);
		(void)!perform(&d);
		check_listed();
	}
}

static void transaction(void)
{
	CHECK_OK(berth_store_begin(s));
	deeds(8, true);
	CHECK_OK(berth_store_savepoint(s));
	deeds(8, false);
	CHECK_OK(draw(3) ? berth_store_keep(s) : berth_store_undo(s));
	check_listed();
	deeds(4, true);
	if (draw(4))
		CHECK_OK(berth_store_commit(s));
	else
		berth_store_rollback(s);
	check_listed();
}

static void empty(void)
{
	int64_t n;

	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_outbox_drop(s, NULL, NULL, &n));
	for (uint32_t i = 0; i < PEERS; i++)
		CHECK_OK(berth_store_peer_awake(s, peer(i), 0));
	CHECK_OK(berth_store_commit(s));
	assert_true(store_listed_all(s));
}

static void who_is_listed_is_as_in_the_file(void **state)
{
	(void)state;
	rng = 5;
	for (int i = 0; i < ROUNDS; i++) {
		berth_store_group(s, draw(4) != 0);
		transaction();
		if (draw(5) == 0)
			CHECK_OK(berth_store_sync(s));
		if (draw(3) == 0)
			empty();
		if (draw(40))
			continue;
		berth_store_close(s);
		CHECK_OK(berth_store_open_vfs(&s, dir, false, "lossy"));
		berth_store_outbox_quota(s, PEER_MSGS, 0);
		assert_int_equal(s->total.n_listed, 0);
	}
	assert_true(compared > ROUNDS / 2 && full > ROUNDS / 50);
}

/* Nor is it read as it was put when the change has been taken back. */
static void what_was_put_and_changed_is_read_as_it_is(void **state)
{
	struct deed d = { .at = 1 };
	struct berth_outbox_list l;

	(void)state;
	for (int kept = 1; kept >= 0; kept--) {
		d.id = (uint32_t)kept;
		CHECK_OK(berth_store_begin(s));
		CHECK_OK(put(&d));
		CHECK_OK(berth_store_savepoint(s));
		CHECK_OK(berth_store_outbox_refill(s, berth_store_outbox_last(s), (const uint8_t *)"[]", 2));
		CHECK_OK(kept ? berth_store_keep(s) : berth_store_undo(s));
		CHECK_OK(berth_store_outbox_for_peer(s, peer(0), 1, 8, &l));
		assert_string_equal(l.rows[l.n - 1].body, kept ? "[]" : "{}");
		berth_outbox_list_free(&l);
		CHECK_OK(berth_store_commit(s));
	}
}

/* Who had to be forgotten for others is asked of the file until all are gone. */
static void what_comes_back_without_its_names_is_found(void **state)
{
	struct deed d = { .at = 1 };
	struct berth_outbox_list l;
	int64_t n;

	(void)state;
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(put(&d));
	CHECK_OK(berth_store_commit(s));
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_outbox_drop(s, NULL, NULL, &n));
	for (d.id = 1; d.id <= 2 * STORE_READ; d.id++) {
		CHECK_OK(put(&d));
		CHECK_OK(berth_store_outbox_drop(s, NULL, NULL, &n));
	}
	berth_store_rollback(s);
	assert_true(s->total.n_listed == 1 && !store_listed_all(s));
	CHECK_OK(berth_store_outbox_for_peer(s, peer(0), 1, 8, &l));
	assert_int_equal(l.n, 1);
	assert_string_equal(l.rows[0].id, "m0");
	berth_outbox_list_free(&l);
	empty();
}

/* The disk loses a group: nothing of it is listed, and what was there before is found. */
static void a_lost_group_is_not_listed(void **state)
{
	struct deed d = { .at = 1 };
	struct berth_outbox_list l;

	(void)state;
	for (int round = 0; round < 2; round++) {
		berth_store_close(s);	/* a disk that is broken, or full: after that it is not opened anew */
		vfs_lossy_reset(VFS_NONE, 0, round ? SQLITE_FULL : SQLITE_IOERR_WRITE, 0);
		CHECK_OK(berth_store_open_vfs(&s, dir, false, "lossy"));
		d.id = 0;
		berth_store_group(s, false);
		empty();
		CHECK_OK(berth_store_begin(s));
		CHECK_OK(put(&d));
		CHECK_OK(berth_store_commit(s));
		berth_store_group(s, true);
		CHECK_OK(berth_store_begin(s));
		d.id = 1;
		CHECK_OK(put(&d));
		CHECK_OK(berth_store_commit(s));
		assert_int_equal(s->total.n_listed, 2);
		vfs_lossy_trouble(VFS_ERROR, 1);
		CHECK_RC(BERTH_E_STORE, berth_store_sync(s));
		vfs_lossy_heal();
		now_ms += 2000;
		CHECK_OK(berth_store_begin(s));
		CHECK_OK(berth_store_outbox_drop_thread(s, peer(0), thread(0)));	/* before anything is counted */
		CHECK_OK(berth_store_outbox_for_peer(s, peer(0), 1, 8, &l));
		assert_int_equal(l.n, 0);
		berth_store_rollback(s);
		CHECK_OK(berth_store_outbox_for_peer(s, peer(0), 1, 8, &l));
		assert_int_equal(l.n, 1);
		assert_string_equal(l.rows[0].id, "m0");
		berth_outbox_list_free(&l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_is_listed_is_as_in_the_file, fresh, gone),
		cmocka_unit_test_setup_teardown(what_was_put_and_changed_is_read_as_it_is, fresh, gone),
		cmocka_unit_test_setup_teardown(what_comes_back_without_its_names_is_found, fresh, gone),
		cmocka_unit_test_setup_teardown(a_lost_group_is_not_listed, fresh, gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
