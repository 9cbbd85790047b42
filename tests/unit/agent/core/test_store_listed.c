/* SPDX-License-Identifier: Apache-2.0 */
/* What is answered from the rows that are listed or kept in memory is what the file answers, and
 * what is done by them leaves the same file, whatever was put, sent, taken away, taken back or lost,
 * and however many others there are. */
#include "tests/check.h"

#include "did/base/rand.h"
#include "tests/unit/agent/core/store_drawn.h"

#define ROUNDS 1000
#define PEERS 4
#define PEER_MSGS 15
#define OTHERS (STORE_LISTED - 30)	/* with those of all four peers more than are listed */
#define THREADS 3
#define NOWS 6

static int compared, over, read_again;

static void no_chance(void *out, size_t n) { memset(out, 7, n); }

static int fresh(void **state)
{
	berth_random_inject(no_chance);		/* the same wait each time */
	drawn_begin(state);
	berth_store_outbox_quota(s, PEER_MSGS, 0);
	compared = over = read_again = 0;
	return 0;
}

static int gone(void **state)
{
	drawn_end(state);
	berth_random_inject(NULL);
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

static const struct store_rows *listed(enum store_by by) { return &s->listing.order.by[by]; }

static int64_t rows_in_file(const char *sql, int64_t more)
{
	int64_t n;

	CHECK_OK(store_int(s, &n, 0, sql, "i", more));
	return n;
}

/* ---- what there is */

static void rows_of(struct berth_buf *b)
{
	sqlite3_stmt *st;
	bool row;

	CHECK_OK(store_stmt(s, &st, "SELECT printf('%s %s %s %d %d %d %s', id, peer, thid, next_s, tries, parked, hex(ack)) FROM outbox"
			    " WHERE peer LIKE 'did:x:%' ORDER BY seq", ""));
	while (!store_step(s, st, &row) && row)
		berth_buf_printf(b, "%s\n", (const char *)sqlite3_column_text(st, 0));
	berth_buf_printf(b, "%lld\n", (long long)rows_in_file("SELECT count(*) + ?1 FROM outbox", 0));
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

static bool is_listed(const struct store_listed *l)
{
	int64_t same;

	CHECK_OK(store_int(s, &same, 0, "SELECT next_s = ?2 AND ack = ?3 AND size = ?4 AND expires_s = ?5 AND parked = ?6 AND peer = ?7"
			   " AND thid = ?8 AND id = ?9 FROM outbox WHERE seq = ?1", "iibiiisss", l->seq, l->next_s, l->ack, sizeof(l->ack),
			   l->size, l->expires_s, (int64_t)l->parked, l->peer, l->thid, l->id));
	return same != 0;
}

static bool may_be_due(const struct store_listed *l)
{
	return !l->parked && l->next_s >= 0 && l->next_s < BERTH_OUTBOX_ASLEEP;
}

/* Each row that is listed is there, as it is listed, in all orders; all of them, if that is said. */
static void check_listed(void)
{
	const struct store_rows *all = listed(STORE_BY_SEQ), *of = listed(STORE_BY_PEER), *due = listed(STORE_BY_DUE);
	size_t n_due = 0;

	for (size_t i = 0; i < all->n; i++) {
		assert_true(strncmp(all->rows[i]->peer, "did:x:", 6) || is_listed(all->rows[i]));
		assert_true(i == 0 || all->rows[i]->seq > all->rows[i - 1]->seq);
		n_due += may_be_due(all->rows[i]);
	}
	assert_true(of->n == all->n && due->n == n_due);
	for (size_t i = 0; i + 1 < of->n; i++) {
		int c = strcmp(of->rows[i]->peer, of->rows[i + 1]->peer);

		assert_true(c < 0 || (c == 0 && of->rows[i]->seq < of->rows[i + 1]->seq));
	}
	for (size_t i = 0; i < due->n; i++)
		assert_true(may_be_due(due->rows[i]) && (i == 0 || due->rows[i]->next_s >= due->rows[i - 1]->next_s));
	assert_true(!store_listed_all(s) || rows_in_file("SELECT count(*) + ?1 FROM outbox", 0) == (int64_t)all->n);
	over += s->total.out_msgs > STORE_LISTED;
}

/* ---- what is done */

struct deed { uint32_t what, peer, thread, id, flags; int64_t seq, at; uint8_t acks[3 * BERTH_ACK_LEN]; };

static struct deed any(void)
{
	struct deed d = { .what = draw(32), .peer = draw(PEERS), .thread = draw(THREADS), .id = draw(60), .flags = draw(16), .at = draw(NOWS) };

	CHECK_OK(store_int(s, &d.seq, 0, "SELECT seq FROM outbox WHERE peer LIKE 'did:x:%' ORDER BY seq LIMIT 1 OFFSET ?1", "i",
			   (int64_t)draw(PEERS * PEER_MSGS)));
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

/* And what it came to; then it is undone.  By the file: as if nothing had ever been listed. */
static void rehearse(struct berth_buf *b, const struct deed *d, bool by_list)
{
	struct store_listing hidden;

	CHECK_OK(berth_store_savepoint(s));
	hidden = s->listing;
	if (!by_list) {
		store_fresh_clear(s);
		s->listing = (struct store_listing){ .again = 0 };
	}
	berth_buf_printf(b, "%d\n", perform(d));
	if (!by_list)
		store_listed_clear(s);
	rows_of(b);
	answers_of(b);
	if (!by_list)
		s->listing = hidden;
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

/* Those that are few, and have been known to be, are all listed. */
static void begin(void)
{
	bool before = store_listed_all(s);

	CHECK_OK(berth_store_begin(s));
	assert_true(store_listed_all(s) || !s->total.known || s->total.out_msgs > STORE_LISTED - STORE_LISTED / 4);
	read_again += !before && store_listed_all(s);
}

/* So many for others. */
static void have_others(int64_t n)
{
	int64_t have = rows_in_file("SELECT count(*) + ?1 FROM outbox WHERE peer LIKE 'did:y:%'", 0), seq;
	char to[32], id[32];

	for (; have < n; have++) {
		snprintf(id, sizeof(id), "o%lld", (long long)berth_store_outbox_last(s));
		snprintf(to, sizeof(to), "did:y:%lld", (long long)(have / 10));
		CHECK_OK(berth_store_outbox_put(s, &(struct berth_outbox_row){ .id = id, .peer = to, .from = "did:x:me", .thid = "",
						.endpoints = "", .parked = have % 2, .body = (const uint8_t *)"{}", .body_len = 2,
						.next_s = 1000 + (int64_t)draw(9), .expires_s = 2000 }));
	}
	for (; have > n; have--) {
		seq = rows_in_file("SELECT seq FROM outbox WHERE peer LIKE 'did:y:%' ORDER BY seq DESC LIMIT 1 OFFSET ?1", draw(2));
		CHECK_OK(berth_store_outbox_done(s, seq ? seq : rows_in_file("SELECT seq + ?1 FROM outbox WHERE peer LIKE 'did:y:%'", 0)));
	}
}

static void crowd(void)
{
	static const int64_t others[] = { 0, 30, OTHERS / 2, OTHERS, OTHERS };

	begin();
	have_others(others[draw(5)]);
	check_listed();
	drawn_commit(4);
	check_listed();
}

static void transaction(void)
{
	begin();
	deeds(8, true);
	CHECK_OK(berth_store_savepoint(s));
	deeds(8, false);
	CHECK_OK(draw(3) ? berth_store_keep(s) : berth_store_undo(s));
	check_listed();
	deeds(4, true);
	drawn_commit(4);
	check_listed();
}

static void empty(void)
{
	int64_t n;

	begin();
	for (uint32_t i = 0; i < PEERS; i++) {
		CHECK_OK(berth_store_outbox_drop(s, NULL, peer(i), &n));
		CHECK_OK(berth_store_peer_awake(s, peer(i), 0));
	}
	CHECK_OK(berth_store_commit(s));
	assert_true(store_listed_all(s) || s->total.out_msgs > 0);
}

static void start_again(void)
{
	berth_store_close(s);
	CHECK_OK(berth_store_open_vfs(&s, dir, false, "lossy"));
	berth_store_outbox_quota(s, PEER_MSGS, 0);
	assert_true(store_listed_all(s) == (s->total.out_msgs <= STORE_LISTED));
	check_listed();
}

/* What was committed since the last sync is not there any more. */
static void lose_group(void)
{
	berth_store_group(s, true);
	transaction();
	berth_store_group_undo(s);
	CHECK_RC(BERTH_E_STORE, berth_store_sync(s));
	check_listed();
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
		if (draw(20) == 0)
			crowd();
		if (draw(40) == 0)
			start_again();
		if (draw(40) == 0)
			lose_group();
	}
	assert_true(compared > ROUNDS / 2 && over > ROUNDS / 50 && read_again > ROUNDS / 50);
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

/* The transaction has done more than is noted, if many: then the file is asked, and from the next one on the list. */
static void comes_back(uint32_t others, bool all)
{
	struct deed d = { .at = 1 };
	struct berth_outbox_list l;
	int64_t n;

	begin();
	CHECK_OK(put(&d));
	CHECK_OK(berth_store_commit(s));
	begin();
	CHECK_OK(berth_store_outbox_drop(s, NULL, NULL, &n));
	for (d.id = 1; d.id <= others; d.id++) {
		CHECK_OK(put(&d));
		CHECK_OK(berth_store_outbox_drop(s, NULL, NULL, &n));
	}
	berth_store_rollback(s);
	assert_true(store_listed_all(s) == all);
	check_listed();
	for (int i = 0; i < 2; i++) {
		CHECK_OK(berth_store_outbox_for_peer(s, peer(0), 1, 8, &l));
		assert_int_equal(l.n, 1);
		assert_string_equal(l.rows[0].id, "m0");
		berth_outbox_list_free(&l);
		begin();
		assert_true(store_listed_all(s));
		berth_store_rollback(s);
	}
	empty();
}

static void what_comes_back_is_found(void **state)
{
	(void)state;
	comes_back(100, true);
	comes_back(3 * STORE_LISTED, false);
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
		assert_int_equal(listed(STORE_BY_SEQ)->n, 2);
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
		begin();
		assert_true(store_listed_all(s));
		check_listed();
		berth_store_rollback(s);
	}
}

/* Nor is it read again and again. */
static void what_no_store_has_written_is_not_listed(void **state)
{
	(void)state;
	begin();
	CHECK_OK(put(&(struct deed){ .at = 1 }));
	CHECK_OK(berth_store_commit(s));
	CHECK_OK(store_exec(s, "UPDATE outbox SET ack = x'00'"));
	berth_store_close(s);
	CHECK_OK(berth_store_open_vfs(&s, dir, false, "lossy"));
	assert_true(s->total.out_msgs == 1 && !store_listed_all(s) && s->listing.again == 0);
	check_listed();
}

static const char *long_peer(int i)
{
	static char to[BERTH_OUTBOX_DID_MAX + 1];

	snprintf(to, sizeof(to), "did:x:%d%02000d", i, 0);
	return to;
}

static void drop_peers(int from, int to)
{
	int64_t n;

	for (int i = from; i < to; i++)
		CHECK_OK(berth_store_outbox_drop(s, NULL, long_peer(i), &n));
	CHECK_OK(berth_store_commit(s));
	assert_false(store_listed_all(s));
	CHECK_OK(berth_store_begin(s));
}

/* However long the names are.  When there would be room for all again they are not read at once. */
static void the_list_has_a_length(void **state)
{
	char id[16];
	struct berth_outbox_row row = { .id = id, .from = "did:x:me", .thid = "", .endpoints = "", .next_s = 5,
		.body = (const uint8_t *)"{}", .body_len = 2, .expires_s = 9 };

	(void)state;
	CHECK_OK(berth_store_begin(s));
	for (int i = 0; i < 300; i++) {
		row.peer = long_peer(i / PEER_MSGS);
		snprintf(id, sizeof(id), "m%d", i);
		CHECK_OK(berth_store_outbox_put(s, &row));
	}
	CHECK_OK(berth_store_commit(s));
	check_listed();
	assert_true(s->listing.bytes > 500000 && s->listing.bytes <= 512 << 10);
	CHECK_OK(berth_store_begin(s));
	drop_peers(0, 4);
	assert_false(store_listed_all(s));
	drop_peers(4, 10);
	assert_true(store_listed_all(s) && s->listing.bytes < 400000);
	check_listed();
	CHECK_OK(berth_store_commit(s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_is_listed_is_as_in_the_file, fresh, gone),
		cmocka_unit_test_setup_teardown(what_was_put_and_changed_is_read_as_it_is, fresh, gone),
		cmocka_unit_test_setup_teardown(what_comes_back_is_found, fresh, gone),
		cmocka_unit_test_setup_teardown(a_lost_group_is_not_listed, fresh, gone),
		cmocka_unit_test_setup_teardown(what_no_store_has_written_is_not_listed, fresh, gone),
		cmocka_unit_test_setup_teardown(the_list_has_a_length, fresh, gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
