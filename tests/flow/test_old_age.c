/* SPDX-License-Identifier: Apache-2.0 */
/* C153: a store that has seen many messages is no bigger than one that has seen some, ids are
 * remembered over the day on which 32 bits of seconds end, and an idle agent writes next to
 * nothing. */
#include <sys/stat.h>

#include "tests/fakes/courier.h"
#include "tests/fakes/vfs_lossy.h"

#define LEFT 0
#define RIGHT 1
#define LIMIT_S 7200
#define END_OF_32_BITS INT64_C(2147483647)
#define ROUND 40			/* notes at once, as many as courier_send() takes */
#define SQLITE_PAGE 4096
#define IDLE_BYTES (64 << 10)		/* in an hour */

static void two(struct courier *c)
{
	courier_begin(c);
	courier_add(c, "left", "nng+tcp://left.test:1");
	courier_add(c, "right", "nng+tcp://right.test:1");
}

static void rounds(struct courier *c, int n)
{
	for (int i = 0; i < n; i++) {
		CHECK_OK(courier_send(c, LEFT, RIGHT, i % 4, ROUND));
		assert_true(sim_run(&c->w, courier_idle, LIMIT_S));
	}
	(void)courier_check(c);
}

static void c153_messages_go_over_the_end_of_32_bits_of_seconds(void **state)
{
	struct courier c;

	(void)state;
	two(&c);
	for (size_t i = 0; i < c.n; i++)
		c.node[i]->now_s = END_OF_32_BITS - (int64_t)(c.w.mono_ms / 1000) - 60;
	rounds(&c, 2);
	sim_wait(&c.w, 120);
	rounds(&c, 2);
	sim_off(c.node[RIGHT]);		/* and what is remembered is read again */
	sim_on(c.node[RIGHT]);
	c.w.twice_percent = 50;
	rounds(&c, 2);
	assert_int_equal(courier_dead(&c, LEFT), 0);
	courier_end(&c);
}

static int64_t size_of(struct sim_node *n)
{
	static const char *const files[] = { "state/berth.db", "state/berth.db-wal" };
	int64_t all = 0;

	for (size_t i = 0; i < 2; i++) {
		char path[192];
		struct stat st;

		snprintf(path, sizeof(path), "%s/%s", n->dir, files[i]);
		all += stat(path, &st) == 0 ? st.st_size : 0;
	}
	return all;
}

/* What a message leaves behind is the memory of its id, which is bounded (C071), and a row of
 * the log, which is too: some hundred octets each until then. */
static void c153_a_message_leaves_little_behind(void **state)
{
	int64_t before, after;
	struct courier c;

	(void)state;
	two(&c);
	rounds(&c, 10);
	before = size_of(c.node[LEFT]);
	rounds(&c, 20);
	after = size_of(c.node[LEFT]);
	printf("%lld octets, then %lld after %d more messages\n", (long long)before, (long long)after, 20 * ROUND);
	assert_true(before > 0);
	assert_true(after - before <= 20 * ROUND * 64 + 16 * SQLITE_PAGE);	/* the sender's */
	courier_end(&c);
}

/* of a page at most; a sync is none */
static long writes(void) { return vfs_lossy_calls() - vfs_lossy_syncs(); }

static void c153_an_idle_hour_writes_next_to_nothing(void **state)
{
	struct courier c;
	long before, idle;

	(void)state;
	vfs_lossy_install();
	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	two(&c);
	rounds(&c, 1);
	sim_off(c.node[LEFT]);
	c.node[LEFT]->vfs = "lossy";
	sim_on(c.node[LEFT]);
	sim_wait(&c.w, 60);		/* the start is over */
	before = writes();
	sim_wait(&c.w, 3600);
	idle = writes() - before;
	printf("%ld writes in an idle hour\n", idle);
	assert_true(idle * SQLITE_PAGE <= IDLE_BYTES);
	/* the twin: messages are written */
	rounds(&c, 1);
	assert_true(writes() - before - idle > ROUND);
	courier_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c153_messages_go_over_the_end_of_32_bits_of_seconds),
		cmocka_unit_test(c153_a_message_leaves_little_behind),
		cmocka_unit_test(c153_an_idle_hour_writes_next_to_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
