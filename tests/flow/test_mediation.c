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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(through_one_mediator),
		cmocka_unit_test(through_two_mediators),
	};

	return cmocka_run_group_tests_name("mediation", tests, NULL, NULL);
}
