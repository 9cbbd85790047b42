/* SPDX-License-Identifier: Apache-2.0 */
/* Ten thousand strangers: each writes once and proves who it is, none has business here.
 * What they leave is bounded, and nobody with business is any the worse for it. */

#include "tests/fakes/story.h"
#include "tests/fakes/stranger.h"

#define CROWD 10000
#define FEWER 1500		/* than that, but more than are kept */
#define LIMIT_S 7200
#define PING "https://didcomm.org/trust-ping/2.0/ping"

static void ping(struct test_stranger *p, const char *from, struct sim_node *to, const char *identity, enum berth_frame_status want)
{
	assert_int_equal(test_stranger_say(p, from, to, identity, PING, NULL, NULL), want);
}

static void crowd(struct sim_node *to, const char *identity, int n)
{
	struct test_stranger p;

	for (int i = 0; i < n; i++) {
		test_stranger_appear(&p);
		ping(&p, p.did_long, to, identity, BERTH_FRAME_STORED);
		test_stranger_leave(&p);
	}
}

static struct berth_store_counts counts(struct sim_node *n)
{
	struct berth_store_counts c;

	CHECK_OK(berth_store_counts(n->store, &c));
	return c;
}

/* Their share, to the record, and everybody else's as it was. */
static void check_share(struct sim_node *n, const struct berth_store_counts *before)
{
	struct berth_store_counts c = counts(n);

	assert_int_equal(c.guests, BERTH_STORE_GUESTS_MAX);
	assert_true(c.guest_bytes <= BERTH_STORE_GUESTS_BYTES);
	assert_int_equal(c.records - c.guests, before->records - before->guests);
	assert_int_equal(c.out, before->out + BERTH_OUTBOX_GUEST_MSGS);
	assert_true(c.audit <= before->audit + 60);
	assert_int_equal(berth_agent_quarantined(n->agent), false);
}

static void restart(struct sim_node *n)
{
	sim_off(n);
	sim_on(n);
}

/* The rendezvous holds a registration, the owner has a device: both are met by the
 * crowd before the device is switched on. */
static void ten_thousand_strangers_take_nobody_elses_room(void **state)
{
	struct berth_store_counts rv, owner;
	struct story s = { 0 };

	(void)state;
	story_cast(&s);
	story_birth(&s);
	story_sale(&s);
	rv = counts(s.rendezvous);
	owner = counts(s.owner);
	/* an instance of the two machines that have one for everybody */
	crowd(s.rendezvous, BERTH_ID_RENDEZVOUS, 1);
	crowd(s.owner, BERTH_ID_OWNER, 1);
	rv.records += counts(s.rendezvous).records - rv.records - 1;
	owner.records += counts(s.owner).records - owner.records - 1;
	crowd(s.rendezvous, BERTH_ID_RENDEZVOUS, CROWD);
	crowd(s.owner, BERTH_ID_OWNER, FEWER);
	check_share(s.rendezvous, &rv);
	check_share(s.owner, &owner);
	restart(s.rendezvous);
	restart(s.owner);
	check_share(s.rendezvous, &rv);
	check_share(s.owner, &owner);

	sim_on(s.gateway);
	assert_true(sim_run(&s.w, story_operational, LIMIT_S));
	crowd(s.owner, BERTH_ID_OWNER, FEWER);		/* the device is no stranger to its owner now */
	story_check_end(&s, 1);
	story_end(&s);
}

static struct berth_json *init_body(const struct test_stranger *p)
{
	static const char *const labels[] = { "serial", "model", "hardware", "firmware" };
	struct berth_json *v = berth_json_new_object();

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		CHECK_OK(berth_json_set_str(v, labels[i], "x"));
	CHECK_OK(berth_json_set_str(v, "custody", "sealed"));
	CHECK_OK(berth_json_set_str(v, "did", p->did_long));
	return v;
}

/* Who only begins to be born is a stranger, its instance too; a device that is born
 * afterwards is not. */
static void unborn_devices_leave_the_factory_room(void **state)
{
	struct berth_store_counts c;
	struct story s = { 0 };
	struct test_stranger p;
	int64_t n;

	(void)state;
	story_cast(&s);
	for (int i = 0; i < FEWER; i++) {
		test_stranger_appear(&p);
		assert_int_equal(test_stranger_say(&p, p.did_long, s.factory, BERTH_ID_MAKER, BERTH_PIURI_ONBOARDING "factory-init",
				     NULL, init_body(&p)), BERTH_FRAME_STORED);
		test_stranger_leave(&p);
	}
	c = counts(s.factory);
	assert_int_equal(c.guests, BERTH_STORE_GUESTS_MAX);
	CHECK_OK(berth_store_count(s.factory->store, "factory", &n));
	assert_int_equal(n, BERTH_STORE_GUESTS_MAX / 2);	/* and as many long forms */
	sim_on(s.gateway);
	assert_true(story_run_to(&s, s.gateway, "INITIALIZED"));
	c = counts(s.factory);
	assert_true(c.guests <= BERTH_STORE_GUESTS_MAX && c.guests >= BERTH_STORE_GUESTS_MAX - 2);
	crowd(s.factory, BERTH_ID_MAKER, FEWER);
	CHECK_OK(berth_store_count(s.factory->store, "factory", &n));
	assert_int_equal(n, 1);				/* the one that was born */
	story_end(&s);
}

/* Whoever is pushed out comes again in its long form; whoever comes often stays. */
static void the_one_not_heard_of_for_longest_goes_first(void **state)
{
	struct story s = { 0 };
	struct test_stranger often, once;

	(void)state;
	story_cast(&s);
	test_stranger_appear(&often);
	test_stranger_appear(&once);
	ping(&often, often.did_long, s.rendezvous, BERTH_ID_RENDEZVOUS, BERTH_FRAME_STORED);
	ping(&once, once.did_long, s.rendezvous, BERTH_ID_RENDEZVOUS, BERTH_FRAME_STORED);
	ping(&once, once.did, s.rendezvous, BERTH_ID_RENDEZVOUS, BERTH_FRAME_STORED);
	crowd(s.rendezvous, BERTH_ID_RENDEZVOUS, BERTH_STORE_GUESTS_MAX / 2);
	ping(&often, often.did, s.rendezvous, BERTH_ID_RENDEZVOUS, BERTH_FRAME_STORED);
	crowd(s.rendezvous, BERTH_ID_RENDEZVOUS, BERTH_STORE_GUESTS_MAX / 2);
	ping(&often, often.did, s.rendezvous, BERTH_ID_RENDEZVOUS, BERTH_FRAME_STORED);
	ping(&once, once.did, s.rendezvous, BERTH_ID_RENDEZVOUS, BERTH_FRAME_BUSY);
	ping(&once, once.did_long, s.rendezvous, BERTH_ID_RENDEZVOUS, BERTH_FRAME_STORED);
	ping(&once, once.did, s.rendezvous, BERTH_ID_RENDEZVOUS, BERTH_FRAME_STORED);
	test_stranger_leave(&often);
	test_stranger_leave(&once);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_thousand_strangers_take_nobody_elses_room),
		cmocka_unit_test(unborn_devices_leave_the_factory_room),
		cmocka_unit_test(the_one_not_heard_of_for_longest_goes_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
