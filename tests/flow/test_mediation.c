/* SPDX-License-Identifier: Apache-2.0 */
/* Messages through mediators to a box that only dials out. */
#include "tests/fakes/mediation.h"
#include "tests/fakes/stranger.h"

static struct mediation m;

static bool one_to_three(struct sim *w)
{
	(void)w;
	return mediation_all_once(m.box, 3);
}

static bool all_twenty(struct sim *w)
{
	(void)w;
	return mediation_all_once(m.box, 20);
}

static bool settled(struct sim *w)
{
	(void)w;
	return mediation_waiting(m.mediator) == 0 && (!m.outer || mediation_waiting(m.outer) == 0) &&
	       mediation_outbox(m.alice) == 0 && mediation_outbox(m.box) == 0;
}

static void reach_it(bool two)
{
	mediation_begin(&m, two);
	for (int i = 1; i <= 3; i++)
		mediation_say(&m, i);
	assert_true(sim_run(&m.w, one_to_three, 60));
	assert_true(sim_run(&m.w, settled, 60));
}

static bool answered(struct sim *w)
{
	(void)w;
	return mediation_all_once(m.alice, 1);
}

static void through_one_mediator(void **state)
{
	(void)state;
	reach_it(false);
	CHECK_OK(mediation_send(m.box, mediation_identity(m.alice, MEDIATION_ALICE)->did_long, 1));
	assert_true(sim_run(&m.w, answered, 60));
	mediation_end(&m);
}

static void through_two_mediators(void **state)
{
	(void)state;
	reach_it(true);
	mediation_end(&m);
}

/* What leaves the mediator is a forward once more; the box takes it off. */
static void rewrapped_on_the_way(void **state)
{
	(void)state;
	mediation_cast(&m, false);
	m.mediator->policy.relay_rewrap = true;
	mediation_meet(&m);
	for (int i = 1; i <= 3; i++)
		mediation_say(&m, i);
	assert_true(sim_run(&m.w, one_to_three, 60));
	assert_true(sim_run(&m.w, settled, 60));
	mediation_end(&m);
}

/* Over links that do not wait: the mediator says no to live mode, and at each poll what
 * there is. */
static void over_http(void **state)
{
	(void)state;
	mediation_cast(&m, false);
	m.w.link = BERTH_LINK_HTTP;
	mediation_meet(&m);
	for (int i = 1; i <= 3; i++)
		mediation_say(&m, i);
	assert_true(sim_run(&m.w, one_to_three, 120));
	assert_true(sim_run(&m.w, settled, 120));
	mediation_end(&m);
}

static bool all_with_the_mediator(struct sim *w)
{
	(void)w;
	return mediation_waiting(m.mediator) == 3 && mediation_outbox(m.alice) == 0;
}

/* Days later, and the mediator was started anew in between. */
static void the_box_was_off(void **state)
{
	const char *to;
	char did[8192];

	(void)state;
	mediation_begin(&m, false);
	to = mediation_identity(m.box, MEDIATION_APP)->did_long;
	(void)mediation_waiting(m.mediator);
	snprintf(did, sizeof(did), "%s", to);
	sim_off(m.box);
	for (int i = 1; i <= 3; i++)
		CHECK_OK(mediation_send(m.alice, did, i));
	assert_true(sim_run(&m.w, all_with_the_mediator, 120));
	m.w.mono_ms += (uint64_t)3 * 86400 * 1000;
	sim_off(m.mediator);
	sim_on(m.mediator);
	sim_on(m.box);
	assert_true(sim_run(&m.w, one_to_three, 120));
	assert_true(sim_run(&m.w, settled, 60));
	mediation_end(&m);
}

/* The box is connected, and does not notice that the mediator is another process. */
static void the_mediator_forgot_live_mode(void **state)
{
	(void)state;
	mediation_begin(&m, false);
	for (int i = 1; i <= 3; i++) {
		sim_off(m.mediator);
		sim_on(m.mediator);
		mediation_say(&m, i);
	}
	assert_true(sim_run(&m.w, one_to_three, 300));
	assert_true(sim_run(&m.w, settled, 60));
	mediation_end(&m);
}

/* Each frame on the way lost, its answer lost, doubled, late. */
static void every_frame_may_go_wrong(void **state)
{
	static const enum fault faults[] = { FAULT_LOSE_REQUEST, FAULT_LOSE_REPLY, FAULT_TWICE, FAULT_LATE };
	size_t cases = 0;

	(void)state;
	for (size_t f = 0; f < sizeof(faults) / sizeof(*faults); f++)
		for (size_t at = 1; at < 100; at++) {
			size_t before, after;

			mediation_begin(&m, false);
			before = m.w.sent;
			m.w.fault = faults[f];
			m.w.fault_at = before + at;
			for (int i = 1; i <= 3; i++)
				mediation_say(&m, i);
			if (!sim_run(&m.w, one_to_three, 900) || !sim_run(&m.w, settled, 900))
				fail_msg("fault %d at frame %zu: no end", (int)faults[f], at);
			after = m.w.sent;
			mediation_end(&m);
			cases++;
			if (after < before + at)
				break;
		}
	printf("faults: mediation, %zu cases, lost 0, duplicated 0\n", cases);
	assert_true(cases > 20);
}

static void a_third_of_everything_is_lost(void **state)
{
	(void)state;
	mediation_begin(&m, true);
	m.w.loss_percent = 30;
	m.w.seed = 7;
	for (int i = 1; i <= 20; i++) {
		mediation_say(&m, i);
		sim_pump(&m.w);
	}
	assert_true(sim_run(&m.w, all_twenty, 7200));
	m.w.loss_percent = 0;
	assert_true(sim_run(&m.w, settled, 900));
	assert_true(mediation_all_once(m.box, 20));
	mediation_end(&m);
}

/* ---- registration */

static bool first_arrived(struct sim *w)
{
	(void)w;
	return mediation_all_once(m.box, 1);
}

static bool second_registered(struct sim *w)
{
	(void)w;
	return mediation_is_registered(m.mediator, mediation_identity(m.box, "app2")->did);
}

static char gone[256];

static bool first_is_gone(struct sim *w)
{
	(void)w;
	return !mediation_is_registered(m.mediator, gone);
}

/* New public DIDs name the mediator and are registered; those that ended are removed. */
static void dids_come_and_go(void **state)
{
	(void)state;
	mediation_begin(&m, false);
	mediation_make(m.box, "app2");
	assert_true(sim_run(&m.w, second_registered, 180));
	snprintf(gone, sizeof(gone), "%s", mediation_identity(m.box, MEDIATION_APP)->did);
	sim_as(m.box);
	CHECK_OK(berth_store_begin(m.box->store));
	CHECK_OK(berth_store_delete(m.box->store, "identity", MEDIATION_APP));
	CHECK_OK(berth_store_commit(m.box->store));
	sim_off(m.box);
	sim_on(m.box);
	assert_true(sim_run(&m.w, first_is_gone, 180));
	assert_true(second_registered(&m.w));
	mediation_end(&m);
}

static bool denied(struct sim *w)
{
	(void)w;
	return strcmp(sim_state(m.box, BERTH_NS_MEDIATED, NULL), "DENIED") == 0;
}

static void whoever_is_denied_asks_again(void **state)
{
	(void)state;
	mediation_cast(&m, false);
	m.mediator->policy.mediate = BERTH_MEDIATE_NOBODY;
	sim_on(m.alice);
	mediation_make(m.alice, MEDIATION_ALICE);
	sim_on(m.box);
	mediation_make(m.box, MEDIATION_APP);
	assert_true(sim_run(&m.w, denied, 60));
	mediation_say(&m, 1);
	(void)sim_run(&m.w, answered, 600);
	assert_int_equal(mediation_count(m.box, 1), 0);		/* E_ROUTE there, and nobody is told */
	assert_int_equal(mediation_outbox(m.alice), 0);
	m.mediator->policy.mediate = BERTH_MEDIATE_ANYONE;
	assert_true(sim_run(&m.w, mediation_registered, 7200));
	mediation_end(&m);
}

/* A mediator that has lost its memory, or thought us gone, is asked anew: at the next
 * start, or when it leaves some questions unanswered. */
static void a_mediator_that_forgot_us(void **state)
{
	(void)state;
	for (int restart = 0; restart < 2; restart++) {
		char key[65];

		mediation_begin(&m, false);
		sim_as(m.mediator);
		CHECK_OK(berth_mediate_key(key, mediation_identity(m.box, BERTH_ID_MEDIATED)->did));
		CHECK_OK(berth_store_begin(m.mediator->store));
		CHECK_OK(berth_store_delete(m.mediator->store, BERTH_NS_MEDIATOR, key));
		CHECK_OK(berth_mediate_key(key, mediation_identity(m.box, MEDIATION_APP)->did));
		CHECK_OK(berth_store_delete(m.mediator->store, BERTH_NS_ROUTE, key));
		CHECK_OK(berth_store_commit(m.mediator->store));
		assert_false(mediation_registered(&m.w));
		if (restart) {
			sim_off(m.box);
			sim_on(m.box);
		}
		assert_true(sim_run(&m.w, mediation_registered, restart ? 60 : 4 * 900));
		mediation_say(&m, 1);
		assert_true(sim_run(&m.w, first_arrived, 60));
		mediation_end(&m);
	}
}

/* ---- endpoints */

static bool bob_has_it(struct sim *w)
{
	return mediation_count(&w->node[w->n - 1], 1) == 1;
}

/* Two that nobody answers at, and the right one. */
static void endpoints_are_tried_in_their_order(void **state)
{
	struct sim_node *bob;

	(void)state;
	mediation_cast(&m, false);
	sim_on(m.alice);
	mediation_make(m.alice, MEDIATION_ALICE);
	bob = mediation_add(&m, "bob", "nng+tcp://bob.test:1");
	bob->policy.n_endpoints = 0;
	bob->policy.endpoints[bob->policy.n_endpoints++] = "nng+tcp://nobody.test:1";
	bob->policy.endpoints[bob->policy.n_endpoints++] = "nng+tcp://nobody.test:2";
	bob->policy.endpoints[bob->policy.n_endpoints++] = bob->uri;
	sim_on(bob);
	mediation_make(bob, MEDIATION_APP);
	CHECK_OK(mediation_send(m.alice, mediation_identity(bob, MEDIATION_APP)->did_long, 1));
	assert_true(sim_run(&m.w, bob_has_it, 120));
	mediation_end(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(through_one_mediator),
		cmocka_unit_test(through_two_mediators),
		cmocka_unit_test(rewrapped_on_the_way),
		cmocka_unit_test(over_http),
		cmocka_unit_test(the_box_was_off),
		cmocka_unit_test(the_mediator_forgot_live_mode),
		cmocka_unit_test(every_frame_may_go_wrong),
		cmocka_unit_test(a_third_of_everything_is_lost),
		cmocka_unit_test(dids_come_and_go),
		cmocka_unit_test(whoever_is_denied_asks_again),
		cmocka_unit_test(a_mediator_that_forgot_us),
		cmocka_unit_test(endpoints_are_tried_in_their_order),
	};

	return cmocka_run_group_tests_name("mediation", tests, NULL, NULL);
}
