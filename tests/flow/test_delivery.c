/* SPDX-License-Identifier: Apache-2.0 */
/* Plain messages between agents, whatever the network does: each has its effect once, each
 * thread comes in its order, nobody is flooded, and what cannot be delivered is reported. */
#include <sqlite3.h>
#include <time.h>

#include "tests/fakes/courier.h"
#include "tests/fakes/tap.h"
#include "tests/fakes/vfs_lossy.h"

#define LEFT 0
#define RIGHT 1
#define NAT 2
#define HOUR 3600
#define DAY 86400
#define THREADS 4

static const char right_uri[] = "nng+tcp://right.test:1", left_uri[] = "nng+tcp://left.test:1";

static enum berth_err show(void *arg, const struct berth_waiting *w)
{
	print_error("%s: %lld wait for %.24s, oldest %lld, next %lld, silent %lld (%d): %s\n", (const char *)arg, (long long)w->msgs,
		    w->peer, (long long)w->oldest_s, (long long)w->next_s, (long long)w->silent_s, w->silences, w->error);
	return BERTH_OK;
}

static void show_all(struct courier *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->node[i]->agent)
			CHECK_OK(berth_store_waiting_each(c->node[i]->store, 10, show, (void *)c->node[i]->name));
}

static uint32_t first_seed(void)
{
	const char *given = getenv("BERTH_SEED");

	return given ? (uint32_t)strtoul(given, NULL, 10) : (uint32_t)time(NULL);
}

static void two(struct courier *c)
{
	courier_begin(c);
	courier_add(c, "left", left_uri);
	courier_add(c, "right", right_uri);
}

static int dead_letters(struct courier *c, size_t at)
{
	struct berth_store_counts k;

	CHECK_OK(berth_store_counts(c->node[at]->store, &k));
	return (int)k.dead;
}

/* ---- a bad network ---- */

/* One note every five seconds, from one to another of the three. */
static void chatter(struct courier *c, int64_t for_s)
{
	static const size_t way[][2] = { { LEFT, RIGHT }, { RIGHT, LEFT }, { NAT, LEFT }, { LEFT, NAT } };
	uint32_t n = 0;

	for (int64_t s = 0; s < for_s; s += 5, n++) {
		CHECK_OK(courier_send(c, way[n % 4][0], way[n % 4][1], (int)(n / 4 % THREADS), 1));
		sim_wait(&c->w, 5);
	}
}

static void a_bad_network(uint32_t seed, int64_t for_s)
{
	struct courier c;
	int n;

	two(&c);
	courier_add(&c, "nat", NULL);
	c.w.seed = seed;
	c.w.loss_percent = 30;
	c.w.twice_percent = 10;
	c.w.late_percent = 10;
	chatter(&c, for_s);
	if (!sim_run(&c.w, courier_idle, 7 * DAY)) {
		show_all(&c);
		fail_msg("BERTH_SEED=%u: not all of it arrives", seed);
	}
	n = courier_check(&c);
	assert_int_equal(n, (for_s + 4) / 5);
	assert_int_equal(dead_letters(&c, LEFT) + dead_letters(&c, RIGHT) + dead_letters(&c, NAT), 0);
	printf("faults: seed %u, %lld s with 30 %% lost, 10 %% doubled, 10 %% late: %d sent, %d delivered, %d lost, 0 twice,"
	       " %zu frames\n", seed, (long long)for_s, n, n, 0, c.w.sent);
	courier_end(&c);
}

/* P10: an hour of it; with BERTH_SOAK ten. */
static void g5_an_hour_of_a_third_lost(void **state)
{
	uint32_t seed = first_seed();
	int rounds = getenv("BERTH_SOAK") ? 10 : 1;

	(void)state;
	for (int i = 0; i < rounds; i++)
		a_bad_network(seed + (uint32_t)i, HOUR);
}

/* The twin: on a good one each takes one request, and nothing is tried again. */
static void a_good_network_needs_one_request_each(void **state)
{
	struct courier c;

	(void)state;
	two(&c);
	for (int i = 0; i < 20; i++)
		CHECK_OK(courier_send(&c, LEFT, RIGHT, i % THREADS, 2));
	assert_true(sim_run(&c.w, courier_idle, 60));
	assert_int_equal(courier_check(&c), 40);
	assert_int_equal(c.w.sent, 40);
	courier_end(&c);
}

/* ---- order ---- */

static size_t n_order;

static void note_order(struct sim_node *from, const char *uri)
{
	(void)from;
	(void)uri;
	n_order++;
}

/* One of each thread is under way, and the next when it has arrived. */
static void a_thread_waits_for_its_first_and_others_go_on(void **state)
{
	struct courier c;

	(void)state;
	two(&c);
	c.w.on_send = note_order;
	n_order = 0;
	CHECK_OK(courier_send(&c, LEFT, RIGHT, 0, 3));
	assert_int_equal(n_order, 1);		/* under way, no other of its thread beside it */
	CHECK_OK(courier_send(&c, LEFT, RIGHT, 1, 3));
	assert_int_equal(n_order, 2);
	assert_true(sim_run(&c.w, courier_idle, 60));
	assert_int_equal(n_order, 6);
	assert_int_equal(courier_check(&c), 6);
	courier_end(&c);
}

/* Its requests hang for a minute each; what others get is with them in seconds. */
static void c083_a_peer_that_answers_nobody_costs_the_others_nothing(void **state)
{
	static const char hole[] = "nng+tcp://hole.test:1";
	struct courier c;
	uint64_t began;

	(void)state;
	two(&c);
	courier_add(&c, "hole", hole);
	c.w.hole = hole;
	for (int i = 0; i < BERTH_OUTBOX_PEER_MSGS / 16; i++)
		CHECK_OK(courier_send(&c, LEFT, 2, i % COURIER_THREADS_MAX, 16));
	CHECK_RC(BERTH_E_UNAVAILABLE, courier_send(&c, LEFT, 2, 0, 1));	/* E_QUOTA: its share is used up */
	for (int day = 0; day < 6; day++) {
		sim_wait(&c.w, DAY);
		began = c.w.mono_ms;
		CHECK_OK(courier_send(&c, LEFT, RIGHT, 0, 8));
		while (courier_got(&c, LEFT, RIGHT, 0).notes < c.sent[LEFT][RIGHT][0]) {
			sim_wait(&c.w, 1);
			assert_true(c.w.mono_ms - began < 3000);
		}
		assert_true(c.w.under_way <= 8);
	}
	c.w.hole = NULL;
	assert_true(sim_run(&c.w, courier_idle, DAY));
	assert_int_equal(courier_check(&c), BERTH_OUTBOX_PEER_MSGS + 6 * 8);
	courier_end(&c);
}

/* ---- an outage ---- */

#define TRIES_MAX 4096
static int64_t tried_s[TRIES_MAX];
static size_t n_tried;
static struct sim *sim_of_tries;

static void note_try(struct sim_node *from, const char *uri)
{
	(void)from;
	if (strcmp(uri, right_uri) == 0 && n_tried < TRIES_MAX)
		tried_s[n_tried++] = (int64_t)(sim_of_tries->mono_ms / 1000);
}

static void watch(struct courier *c)
{
	sim_of_tries = &c->w;
	n_tried = 0;
	c->w.on_send = note_try;
}

/* Gaps between the tries behind the first twenty: never more than an hour, hardly two alike. */
static void check_gaps(void)
{
	int64_t longest = 0, shortest = INT64_MAX;

	for (size_t i = 20; i + 1 < n_tried; i++) {
		int64_t gap = tried_s[i + 1] - tried_s[i];

		longest = gap > longest ? gap : longest;
		shortest = gap < shortest ? gap : shortest;
	}
	printf("outage: %zu tries, from %lld s to %lld s apart\n", n_tried, (long long)shortest, (long long)longest);
	assert_true(longest <= HOUR + 60 && longest > HOUR / 2 && shortest < HOUR / 4);
}

static void three_days_without_the_peer_then_all_of_it_in_order(void **state)
{
	struct courier c;
	size_t before;

	(void)state;
	two(&c);
	watch(&c);
	sim_off(c.node[RIGHT]);
	for (int i = 0; i < 10; i++)
		CHECK_OK(courier_send(&c, LEFT, RIGHT, i, 20));
	sim_wait(&c.w, 72 * HOUR);
	assert_true(n_tried >= 72 && n_tried <= 400);	/* of one message, not of two hundred */
	check_gaps();
	before = c.w.sent;
	c.w.most = c.w.under_way = 0;
	sim_on(c.node[RIGHT]);
	assert_true(sim_run(&c.w, courier_idle, HOUR + 120));
	assert_int_equal(courier_check(&c), 200);
	printf("drain: 200 messages with %zu requests, at most %zu at once\n", c.w.sent - before, c.w.most);
	assert_true(c.w.sent - before <= 202 && c.w.most <= 8);
	courier_end(&c);
}

/* Four that wait for the same peer do not come at the same moment. */
static void many_come_back_one_by_one(void **state)
{
	struct courier c;
	size_t same = 0;

	(void)state;
	two(&c);
	courier_add(&c, "third", "nng+tcp://third.test:1");
	courier_add(&c, "fourth", "nng+tcp://fourth.test:1");
	courier_add(&c, "fifth", "nng+tcp://fifth.test:1");
	sim_off(c.node[RIGHT]);
	for (size_t i = 0; i < 5; i++)
		if (i != RIGHT)
			CHECK_OK(courier_send(&c, i, RIGHT, 0, 1));
	sim_wait(&c.w, 20 * HOUR);
	watch(&c);
	sim_on(c.node[RIGHT]);
	assert_true(sim_run(&c.w, courier_idle, HOUR + 120));
	assert_int_equal(courier_check(&c), 4);
	assert_int_equal(n_tried, 4);
	for (size_t i = 0; i + 1 < n_tried; i++)
		same += tried_s[i + 1] == tried_s[i];
	assert_true(same <= 1);
	courier_end(&c);
}

static enum berth_err find_dead(void *arg, int64_t seq, int64_t time_s, const char *event, const char *detail,
				const uint8_t hash[BERTH_AUDIT_HASH_LEN])
{
	(void)seq;
	(void)time_s;
	(void)hash;
	*(int *)arg += strcmp(event, "dead letter") == 0 && strstr(detail, "not delivered in time") != NULL;
	return BERTH_OK;
}

static void more_than_a_week_is_a_dead_letter_with_a_report(void **state)
{
	struct courier c;
	int lines = 0;

	(void)state;
	two(&c);
	sim_off(c.node[RIGHT]);
	for (int i = 0; i < 10; i++)
		CHECK_OK(courier_send(&c, LEFT, RIGHT, i, 10));
	sim_wait(&c.w, 7 * DAY - 2 * HOUR);
	assert_int_equal(courier_dead(&c, LEFT), 0);
	sim_wait(&c.w, 3 * HOUR);
	assert_true(courier_idle(&c.w));
	assert_int_equal(courier_dead(&c, LEFT), 100);	/* each is told of */
	assert_int_equal(dead_letters(&c, LEFT), BERTH_OUTBOX_PEER_DEAD_MAX);
	CHECK_OK(berth_store_audit_each(c.node[LEFT]->store, 0, find_dead, &lines));
	assert_int_equal(lines, 60);	/* so many an hour */
	/* the peer is back: what is sent now arrives */
	sim_on(c.node[RIGHT]);
	memset(c.sent, 0, sizeof(c.sent));
	CHECK_OK(courier_send(&c, LEFT, RIGHT, 15, 1));
	assert_true(sim_run(&c.w, courier_idle, 60));
	courier_recount(&c, LEFT, RIGHT, 15);
	assert_int_equal(courier_check(&c), 1);
	courier_end(&c);
}

static void how_long_is_a_matter_of_configuration(void **state)
{
	struct courier c;

	(void)state;
	two(&c);
	c.node[LEFT]->policy.retry_for_s = 2 * HOUR;
	c.node[LEFT]->policy.peer_msgs = 3;
	sim_off(c.node[RIGHT]);
	CHECK_OK(courier_send(&c, LEFT, RIGHT, 0, 3));
	CHECK_RC(BERTH_E_UNAVAILABLE, courier_send(&c, LEFT, RIGHT, 0, 1));
	sim_wait(&c.w, HOUR);
	assert_int_equal(courier_dead(&c, LEFT), 0);
	sim_wait(&c.w, HOUR + 1200);
	assert_int_equal(courier_dead(&c, LEFT), 3);
	CHECK_OK(courier_send(&c, LEFT, RIGHT, 0, 3));
	courier_end(&c);
}

/* Told of a letter in the moment the power went: it is told of again. */
static void a_report_survives_a_restart(void **state)
{
	struct courier c;

	(void)state;
	two(&c);
	sim_off(c.node[RIGHT]);
	c.node[LEFT]->policy.retry_for_s = HOUR;
	CHECK_OK(courier_send(&c, LEFT, RIGHT, 0, 3));
	sim_wait(&c.w, 20);
	sim_off(c.node[LEFT]);
	sim_on(c.node[LEFT]);
	sim_wait(&c.w, 2 * HOUR);
	assert_int_equal(courier_dead(&c, LEFT), 3);
	courier_end(&c);
}

/* ---- what receivers remember ---- */

struct times { int64_t created, expires; };

static void set_times(void *arg, const struct berth_pack *p, const struct berth_message *msg)
{
	const struct times *t = arg;

	(void)p;
	if (t->created)
		CHECK_OK(berth_json_set_int(msg->json, "created_time", t->created));
	if (t->expires)
		CHECK_OK(berth_json_set_int(msg->json, "expires_time", t->expires));
}

/* How many of three notes with these times, in seconds from now, have an effect. */
static int taken(struct courier *c, int thread, int64_t created, int64_t expires)
{
	int64_t now = c->node[RIGHT]->now_s + (int64_t)(c->w.mono_ms / 1000);
	struct times t = { created ? now + created : 0, expires ? now + expires : 0 };

	test_tap_edit(set_times, &t);
	CHECK_OK(courier_send(c, LEFT, RIGHT, thread, 3));
	test_tap_edit(NULL, NULL);
	assert_true(sim_run(&c->w, courier_idle, 60));	/* refused or taken, they are acknowledged */
	return courier_got(c, LEFT, RIGHT, thread).notes;
}

static void c071_c072_a_message_older_than_the_memory_of_ids_is_refused(void **state)
{
	struct courier c;

	(void)state;
	two(&c);
	assert_int_equal(taken(&c, 0, -(29 * DAY), 0), 3);
	assert_int_equal(taken(&c, 1, -(31 * DAY), 0), 0);
	assert_int_equal(taken(&c, 2, -DAY, HOUR), 3);
	assert_int_equal(taken(&c, 3, -DAY, -60), 0);
	assert_int_equal(dead_letters(&c, LEFT), 0);
	/* without a clock that is believed nobody can say */
	sim_off(c.node[RIGHT]);
	c.node[RIGHT]->cfg.clock_trusted = false;
	sim_on(c.node[RIGHT]);
	assert_int_equal(taken(&c, 4, -(31 * DAY), 0), 3);
	courier_end(&c);
}

/* ---- group commit ---- */

static int effects(struct courier *c)
{
	int n = 0;

	for (int thread = 0; thread < 5; thread++)
		n += courier_got(c, LEFT, RIGHT, thread).times;
	return n;
}

/* One note in each of five threads arrives, and is not answered yet. */
static void five_in_a_batch(struct courier *c)
{
	for (int thread = 0; thread < 5; thread++)
		CHECK_OK(courier_send(c, LEFT, RIGHT, thread, 1));
	sim_as(c->node[RIGHT]);
	berth_agent_batch_begin(c->node[RIGHT]->agent);
	sim_pump(&c->w);
}

static int left_over(struct courier *c)
{
	struct berth_store_counts k;

	sim_pump(&c->w);
	CHECK_OK(berth_store_counts(c->node[LEFT]->store, &k));
	return (int)k.out;
}

static void what_is_not_on_disk_is_not_answered(void **state)
{
	struct courier c;

	(void)state;
	vfs_lossy_install();
	two(&c);
	sim_off(c.node[RIGHT]);
	vfs_lossy_reset(VFS_NONE, 0, SQLITE_IOERR_FSYNC, 0);
	c.node[RIGHT]->vfs = "lossy";
	sim_on(c.node[RIGHT]);
	five_in_a_batch(&c);
	assert_int_equal(effects(&c), 5);
	assert_int_equal(left_over(&c), 5);
	sim_as(c.node[RIGHT]);
	berth_agent_batch_end(c.node[RIGHT]->agent);
	assert_int_equal(left_over(&c), 0);
	/* the disk fails in the moment of the sync: all five hear "busy", and come again */
	five_in_a_batch(&c);
	vfs_lossy_trouble(VFS_BROKEN, 1);
	sim_as(c.node[RIGHT]);
	berth_agent_batch_end(c.node[RIGHT]->agent);
	vfs_lossy_heal();
	assert_int_equal(left_over(&c), 5);
	assert_true(sim_run(&c.w, courier_idle, HOUR));
	assert_int_equal(courier_check(&c), 10);
	courier_end(&c);
}

/* ---- several endpoints ---- */

static void several_endpoints_are_tried_in_their_order(void **state)
{
	struct courier c;

	(void)state;
	two(&c);
	courier_add_with(&c, "gone", "nng+tcp://gone.test:1", "nng+tcp://two.test:1");
	courier_add_with(&c, "private", "nng+tcp://10.0.0.1:1", "nng+tcp://three.test:1");
	CHECK_OK(courier_send(&c, LEFT, 2, 0, 3));
	CHECK_OK(courier_send(&c, LEFT, 3, 0, 3));
	assert_true(sim_run(&c.w, courier_idle, 60));
	assert_int_equal(courier_check(&c), 6);
	assert_int_equal(dead_letters(&c, LEFT), 0);
	courier_end(&c);
}

/* The twin: no other address is left. */
static void the_only_endpoint_is_refused(void **state)
{
	struct courier c;

	(void)state;
	courier_begin(&c);
	courier_add(&c, "left", left_uri);
	courier_add(&c, "private", "nng+tcp://10.0.0.1:1");
	CHECK_OK(courier_send(&c, LEFT, 1, 0, 2));
	sim_wait(&c.w, 60);
	assert_int_equal(dead_letters(&c, LEFT), 2);
	assert_int_equal(courier_dead(&c, LEFT), 2);
	courier_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_network_needs_one_request_each),
		cmocka_unit_test(g5_an_hour_of_a_third_lost),
		cmocka_unit_test(a_thread_waits_for_its_first_and_others_go_on),
		cmocka_unit_test(c083_a_peer_that_answers_nobody_costs_the_others_nothing),
		cmocka_unit_test(three_days_without_the_peer_then_all_of_it_in_order),
		cmocka_unit_test(many_come_back_one_by_one),
		cmocka_unit_test(more_than_a_week_is_a_dead_letter_with_a_report),
		cmocka_unit_test(how_long_is_a_matter_of_configuration),
		cmocka_unit_test(a_report_survives_a_restart),
		cmocka_unit_test(c071_c072_a_message_older_than_the_memory_of_ids_is_refused),
		cmocka_unit_test(what_is_not_on_disk_is_not_answered),
		cmocka_unit_test(several_endpoints_are_tried_in_their_order),
		cmocka_unit_test(the_only_endpoint_is_refused),
	};

	return cmocka_run_group_tests_name("delivery", tests, NULL, NULL);
}
