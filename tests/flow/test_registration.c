/* SPDX-License-Identifier: Apache-2.0 */
/* An owner's registration: kept alive at every rendezvous, at half its life. */
#include "tests/fakes/story.h"

#define DAY_S 86400

static size_t to_first, to_second;

static void count(struct sim_node *from, const char *uri)
{
	if (strcmp(from->name, "owner") != 0)
		return;
	to_first += strcmp(uri, "nng+tcp://rv.test:1") == 0;
	to_second += strcmp(uri, "nng+tcp://rv-two.test:1") == 0;
}

static void counted(struct story *s)
{
	s->w.on_send = count;
	to_first = to_second = 0;
}

static struct sim_node *second_rendezvous(struct story *s)
{
	static const struct berth_machine *const role[] = { &berth_rendezvous_machine, &berth_ping_machine, &berth_problem_machine };
	static char *did;	/* the owner's policy has it until the story ends */
	struct sim_node *n = sim_add(&s->w, "rendezvous-2", "nng+tcp://rv-two.test:1", role, 3);
	struct berth_rendezvous rv = { .uri = n->uri };

	sim_on(n);
	CHECK_OK(berth_agent_make_identity(n->agent, BERTH_ID_RENDEZVOUS, BERTH_KEY_ED25519, BERTH_AGREE_TYPE, 0, true));
	free(did);
	rv.did = did = strdup(story_identity(n, BERTH_ID_RENDEZVOUS)->did_long);
	s->owner->policy.rendezvous[s->owner->policy.n_rendezvous++] = rv;
	return n;
}

static void refreshed_at_half_its_life(void **state)
{
	struct story s;

	(void)state;
	story_cast(&s);
	story_birth(&s);
	story_sale(&s);			/* the rendezvous holds it for a day */
	counted(&s);
	sim_wait(&s.w, 10 * DAY_S);
	assert_in_range(to_first, 19, 20);
	assert_string_equal(story_state(&s, s.owner), "PUBLISHED");
	sim_on(s.gateway);		/* and it is there when the device asks at last */
	assert_true(sim_run(&s.w, story_settled, 60));
	story_check_end(&s, 1);
	story_end(&s);
}

/* Of two the one that holds it for a shorter time counts, whoever answers last. */
static void the_shortest_time_counts(void **state)
{
	struct sim_node *second;
	struct story s;

	(void)state;
	story_cast(&s);
	second = second_rendezvous(&s);
	second->policy.registration_s = 4 * 3600;
	story_birth(&s);
	story_sale(&s);
	counted(&s);
	sim_wait(&s.w, DAY_S);
	assert_in_range(to_second, 11, 13);
	assert_in_range(to_first, 11, 13);
	story_end(&s);
}

/* The one that is away is asked again, ever more seldom, the other is left in peace. */
static void who_is_away_is_asked_again_until_it_is_back(void **state)
{
	struct sim_node *second;
	struct story s;

	(void)state;
	story_cast(&s);
	second = second_rendezvous(&s);
	sim_off(second);
	counted(&s);
	story_birth(&s);
	story_sale(&s);
	sim_wait(&s.w, DAY_S / 4);
	assert_int_equal(to_first, 1);
	assert_in_range(to_second, 8, 20);
	sim_on(second);
	sim_wait(&s.w, 2 * 3600);
	assert_true(story_audit(second, "registered") + story_audit(second, "registration") >= 1);
	story_end(&s);
}

/* A rendezvous that says it forgets at once does not make its owner hammer. */
static void who_forgets_at_once_is_not_hammered(void **state)
{
	struct story s;

	(void)state;
	story_cast(&s);
	s.rendezvous->policy.registration_s = 1;
	story_birth(&s);
	story_sale(&s);
	counted(&s);
	sim_wait(&s.w, 3600);
	assert_in_range(to_first, 60, 125);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refreshed_at_half_its_life),
		cmocka_unit_test(the_shortest_time_counts),
		cmocka_unit_test(who_is_away_is_asked_again_until_it_is_back),
		cmocka_unit_test(who_forgets_at_once_is_not_hammered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
