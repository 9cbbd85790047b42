/* SPDX-License-Identifier: Apache-2.0 */
/* What is put off is as good as written: whatever is done, taken back, lost or asked for, a store that
 * writes everything at once has the same file and gives the same answers. */
#include "tests/check.h"

#include <stdio.h>
#include <string.h>

#include "agent/core/store_internal.h"
#include "did/base/clock.h"
#include "did/base/rand.h"
#include "tests/fakes/tmpdir.h"

#define ROUNDS 1500
#define STORES 2
enum { AT_ONCE, BEHIND };	/* of the two */

static char dirs[STORES][TMPDIR_LEN];
static struct berth_store *both[STORES];
static struct berth_buf said[STORES];
static uint32_t rng;
static uint64_t now_ms;

static uint32_t draw(uint32_t n) { return (rng = rng * 1664525u + 1013904223u) / 65536 % n; }
static void no_chance(void *out, size_t n) { memset(out, 7, n); }
static uint64_t mono(void) { return now_ms; }

static int fresh(void **state)
{
	(void)state;
	rng = 1;
	now_ms = 1000;
	berth_clock_inject(NULL, mono);
	berth_random_inject(no_chance);		/* the same wait each time */
	for (int i = 0; i < STORES; i++) {
		test_tmpdir(dirs[i]);
		CHECK_OK(berth_store_open(&both[i], dirs[i], true));
		berth_buf_reset(&said[i]);
	}
	return 0;
}

static int gone(void **state)
{
	(void)state;
	for (int i = 0; i < STORES; i++) {
		berth_store_close(both[i]);
		test_tmpdir_remove(dirs[i]);
		berth_buf_free(&said[i]);
	}
	berth_random_inject(NULL);
	berth_clock_inject(NULL, NULL);
	return 0;
}

/* ---- what is done to both: all that is drawn is drawn before */

struct deed { uint32_t what, peer, key, flags, back, len; };

static struct deed any(void)
{
	return (struct deed){ .what = draw(30), .peer = draw(3), .key = draw(7), .flags = draw(16), .back = draw(6), .len = draw(12) ? draw(5000) : 17000 + draw(3000) };
}

static const char *named(const char *what, uint32_t n)
{
	static char names[4][16];
	static int at;
	char *to = names[at++ % 4];

	snprintf(to, sizeof(names[0]), "%s%u", what, n);
	return to;
}

static uint8_t value[20000];	/* more than is remembered of a record */

static enum berth_err record(struct berth_store *st, const struct deed *d)
{
	const char *ns = d->flags & 1 ? "a" : "b", *key = named("k", d->key);

	value[0] = (uint8_t)(d->flags + d->len);
	if (d->flags < 9)
		return berth_store_put(st, ns, key, value, d->len % 3 ? d->len : d->len % 8);
	return d->flags < 12 ? berth_store_put_guest(st, ns, key, value, d->len) : berth_store_delete(st, ns, key);
}

static enum berth_err put(struct berth_store *st, const struct deed *d)
{
	value[0] = (uint8_t)d->flags;
	return berth_store_outbox_put(st, &(struct berth_outbox_row){ .id = named("m", d->len % 40), .peer = named("did:x:", d->peer),
			.from = "me", .thid = d->flags & 1 ? "t" : "", .endpoints = d->flags & 2 ? "[1]" : "", .parked = d->flags & 4,
			.guest = d->flags & 8, .body = value, .body_len = 8 + d->len % 3 * 900, .created_s = d->key, .next_s = d->back,
			.expires_s = 9 });
}

static enum berth_err sent(struct berth_store *st, const struct deed *d, int64_t seq)
{
	struct berth_outbox_list l;
	uint8_t ack[BERTH_ACK_LEN] = { (uint8_t)(1 + d->key) }, body[2000] = { (uint8_t)d->flags };
	enum berth_err rc = berth_store_outbox_for_peer(st, named("did:x:", d->peer), 0, 3, &l);

	if (!rc && d->flags == 15) {
		rc = berth_store_outbox_sent(st, &(struct berth_outbox_row){ .seq = seq + 100 }, ack, 0);
	} else if (!rc && l.n > 0) {
		l.rows[l.n - 1].anew = d->flags & 1;
		if (d->flags & 1)
			memcpy((uint8_t *)(uintptr_t)l.rows[l.n - 1].body, body, l.rows[l.n - 1].body_len);
		rc = berth_store_outbox_sent(st, &l.rows[l.n - 1], ack, d->back);
	}
	berth_outbox_list_free(&l);
	return rc;
}

static enum berth_err less(struct berth_store *st, const struct deed *d, int64_t seq)
{
	uint8_t acks[2 * BERTH_ACK_LEN] = { (uint8_t)(1 + d->key) };
	const char *peer = named("did:x:", d->peer);
	int64_t n;
	size_t gone_n;

	acks[BERTH_ACK_LEN] = (uint8_t)(1 + d->flags % 7);
	switch (d->flags) {
	case 0:
		return berth_store_outbox_drop_thread(st, peer, "t");
	case 1:
		return berth_store_outbox_dead(st, seq, 5, "why");
	case 2:
		return berth_store_outbox_drop(st, NULL, peer, &n);
	case 3:
		return berth_store_peer_silent(st, peer, false, d->back, "no");
	case 4: case 5:
		return berth_store_peer_awake(st, peer, d->back);
	case 6:
		return berth_store_outbox_later(st, seq, d->back, 1);
	case 7: case 8: case 9:
		return berth_store_outbox_done(st, seq);
	default:
		return berth_store_outbox_acks(st, peer, acks, 2, &gone_n);
	}
}

static enum berth_err other(struct berth_store *st, const struct deed *d)
{
	int64_t n;

	switch (d->flags % 8) {
	case 0: case 1:
		return berth_store_counter_set(st, named("c", d->key * 3 + d->peer), d->len % 4);
	case 2:
		return berth_store_counter_note(st, "c0", d->len % 4);
	case 3:
		return berth_store_inbox_prune(st, d->back, &n);
	case 4:
		return berth_store_audit(st, d->back, named("ev", d->key), "detail");
	default:
		return berth_store_inbox_add(st, named("did:x:", d->peer), named("i", d->len % 300), d->back, d->flags & 1 ? value : NULL);
	}
}

static enum berth_err perform(struct berth_store *st, const struct deed *d)
{
	int64_t seq = berth_store_outbox_last(st) - d->back;

	if (d->what < 10)
		return record(st, d);
	if (d->what < 16)
		return put(st, d);
	if (d->what < 20)
		return sent(st, d, seq);
	if (d->what < 22)
		return berth_store_outbox_refill(st, berth_store_outbox_last(st) - d->back % 2, value, 8 + d->len % 3 * 900);
	return d->what < 25 ? less(st, d, seq) : other(st, d);
}

/* ---- what they say */

static enum berth_err say(void *arg, const char *key, const uint8_t *p, size_t n)
{
	berth_buf_printf(arg, " %s %zu %d", key, n, n ? p[0] : -1);
	return BERTH_OK;
}

static void say_due(struct berth_store *st, const struct deed *d, struct berth_buf *b)
{
	struct berth_outbox_list l;

	CHECK_OK(berth_store_outbox_due(st, d->back, 5, NULL, &l));
	for (size_t i = 0; i < l.n; i++)
		berth_buf_printf(b, " %s/%s/%s %d/%zu %d %lld", l.rows[i].id, l.rows[i].peer, l.rows[i].thid, l.rows[i].body[0],
				 l.rows[i].body_len, l.rows[i].tries, (long long)l.rows[i].next_s);
	berth_outbox_list_free(&l);
}

static void answer(struct berth_store *st, const struct deed *d, struct berth_buf *b)
{
	struct berth_buf got = BERTH_BUF_INIT;
	struct berth_store_counts c;
	uint8_t hash[BERTH_AUDIT_HASH_LEN];
	int64_t n = 0;
	bool found = false;

	switch (d->what % 8) {
	case 0:
		CHECK_OK(berth_store_each(st, d->flags & 1 ? "a" : "b", NULL, say, b));
		break;
	case 1: case 2:
		CHECK_OK(berth_store_get(st, d->flags & 1 ? "a" : "b", named("k", d->key), &got, &found));
		berth_buf_printf(b, " %d %zu %d", found, got.len, got.len ? got.p[0] : 0);
		break;
	case 3:
		CHECK_OK(berth_store_counter_get(st, named("c", d->key * 3 + d->peer), &n));
		break;
	case 4:
		CHECK_OK(berth_store_inbox_seen(st, named("did:x:", d->peer), named("i", d->len % 300), &found, hash));
		berth_buf_printf(b, " %d", found);
		break;
	case 5:
		say_due(st, d, b);
		break;
	case 6:
		CHECK_OK(berth_store_audit_head(st, &n, hash));
		berth_buf_printf(b, " %02x", hash[0]);
		break;
	default:
		CHECK_OK(d->flags < 14 ? berth_store_outbox_next(st, &n) : berth_store_counts(st, &c));
	}
	berth_buf_printf(b, " %lld\n", (long long)n);
	berth_buf_free(&got);
}

static void dump(struct berth_store *st, struct berth_buf *b)
{
	static const char *const all[] = {
		"SELECT printf('%d %s %s %d %s %s', rowid, ns, key, length(val), hex(substr(val, 1, 1)), guest) FROM rec ORDER BY rowid",
		"SELECT printf('%d %s %s %s %s %s %d %d %d %d %d %d %d %s %s', seq, id, peer, sender, thid, endpoints, created_s, next_s,"
		" expires_s, tries, parked, guest, size, hex(ack), hex(substr(body, 1, 2))) || length(body) FROM outbox ORDER BY seq",
		"SELECT printf('%s %s %d %d %s', hex(sender), hex(id), seq, seen_s, hex(answer)) FROM inbox ORDER BY seq",
		"SELECT printf('%s %d', name, val) FROM meta ORDER BY name", "SELECT printf('%d %s', seq, hex(hash)) FROM audit ORDER BY seq",
		"SELECT printf('%s %d %d', peer, tries, next_s) FROM silent ORDER BY peer", "SELECT printf('%s %s %d', id, peer, tries) FROM dead ORDER BY seq" };
	sqlite3_stmt *q;
	bool row;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		CHECK_OK(store_stmt(st, &q, all[i], ""));
		while (!store_step(st, q, &row) && row)
			berth_buf_printf(b, "%s\n", (const char *)sqlite3_column_text(q, 0));
	}
}

/* ---- both, one after the other */

static void compare(void)
{
	assert_string_equal(berth_buf_cstr(&said[AT_ONCE]), berth_buf_cstr(&said[BEHIND]));
	for (int i = 0; i < STORES; i++)
		berth_buf_reset(&said[i]);
}

static void at_once(int i)
{
	if (i == AT_ONCE && both[i]->in_txn && both[i]->behind.n)
		CHECK_OK(store_settle(both[i]));
}

#define BOTH(what) \
	do { \
		for (int i = 0; i < STORES; i++) { \
			struct berth_store *st = both[i]; \
			berth_buf_printf(&said[i], "%d\n", (int)(what)); \
			at_once(i); \
		} \
		compare(); \
	} while (0)

static void deeds(uint32_t n)
{
	while (n-- > 0) {
		struct deed d = any(), question = any();

		BOTH(perform(st, &d));
		if (draw(3))
			continue;
		for (int i = 0; i < STORES; i++)
			answer(both[i], &question, &said[i]);
		compare();
	}
}

static enum berth_err end(struct berth_store *st, uint32_t how)
{
	if (how == 0)
		berth_store_rollback(st);
	return how == 0 ? BERTH_OK : how == 1 ? berth_store_commit_loose(st) : how < 4 ? berth_store_commit_later(st) : berth_store_commit(st);
}

static void step(void)
{
	bool keep = draw(2);

	BOTH(berth_store_savepoint(st));
	deeds(draw(6));
	BOTH(keep ? berth_store_keep(st) : berth_store_undo(st));
}

static void transaction(void)
{
	bool plain = draw(5) == 0;
	uint32_t how = draw(8);

	BOTH(plain ? berth_store_begin_plain(st) : berth_store_begin(st));
	deeds(draw(5));
	for (uint32_t n = draw(3); n > 0; n--)
		step();
	deeds(draw(5));
	BOTH(end(st, how));
}

/* A lost one tells so, and is over. */
static void between(bool *group)
{
	struct deed question = any();

	for (int i = 0; i < STORES; i++)
		answer(both[i], &question, &said[i]);
	compare();
	now_ms += draw(100);
	if (draw(4) == 0)
		BOTH(berth_store_sync(st));
	if (draw(6) == 0) {
		*group = !*group;
		BOTH((berth_store_group(st, *group), 0));
	}
	if (draw(40) == 0)
		BOTH((berth_store_group_undo(st), 0));
}

static void check_files(bool group)
{
	for (int i = 0; i < STORES; i++) {
		if (draw(2))	/* as it is in the midst of a group */
			(void)!berth_store_sync(both[i]);
		berth_store_close(both[i]);
		CHECK_OK(berth_store_open(&both[i], dirs[i], false));
		berth_store_group(both[i], group);
		dump(both[i], &said[i]);
	}
	compare();
}

static void what_is_put_off_is_as_good_as_written(void **state)
{
	bool group = false;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		transaction();
		between(&group);
		if (draw(8) == 0) {
			for (int i = 0; i < STORES; i++)
				dump(both[i], &said[i]);
			compare();
		}
		if (draw(60) == 0)
			check_files(group);
	}
	check_files(group);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_put_off_is_as_good_as_written, fresh, gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
