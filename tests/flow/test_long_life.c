/* SPDX-License-Identifier: Apache-2.0 */
/* What a device goes through in years, in one go: fifty renewals with kills at random and a
 * clock that jumps; and all that was ever said to anybody, said once more. */
#include "did/url.h"
#include "tests/fakes/replay.h"
#include "tests/fakes/resale.h"

#define LIMIT_S 14400
#define HOUR_S 3600
#define DAY_S 86400
#define RENEWALS 50
#define LIFE_S (2 * HOUR_S)	/* of a credential: a renewal in a bit more than an hour */

static uint32_t seed;

static uint32_t draw(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 16) % n;
}

/* ---- fifty renewals ---- */
static int renewals(const struct story *s) { return story_audit(s->gateway, "the old ones are gone"); }

/* Off and on, of whichever of the two, in the middle of something where there is anything. */
static void some_hours(struct story *s)
{
	static const char *const until[] = { "RENEWING", "ROTATING", "RENEWING", "EXPIRED" };
	struct sim_node *victim = draw(2) ? s->gateway : s->owner;

	(void)story_run_to(s, s->gateway, until[draw(4)]);
	if (draw(2))
		return;
	sim_off(victim);
	sim_on(victim);
}

static void check(struct story *s)
{
	struct berth_json *g, *o;
	int64_t doomed;

	assert_true(sim_run(&s->w, story_settled, 2 * DAY_S));
	g = story_data(s, s->gateway);
	o = story_data(s, s->owner);
	assert_true(berth_did_same(berth_data_str(berth_json_get(g, "active"), "did"), berth_data_str(o, "operationalDid")));
	story_check_credential(s);
	assert_int_equal(berth_json_len(berth_json_get(berth_json_get(g, "active"), "items")), 2);
	assert_int_equal(berth_agent_identity_count(s->gateway->agent), 2);
	CHECK_OK(berth_store_count(s->gateway->store, "doomed", &doomed));
	assert_int_equal(doomed, 0);
	berth_json_free(g);
	berth_json_free(o);
}

/* jump_s: the device trusts a clock that jumps so far ahead, back, and further back.  How many
 * were asked for with the factory DID.  No clock makes it ask without end. */
static int fifty(uint32_t from, int64_t jump_s)
{
	struct story s;
	int64_t right;
	int ended;

	seed = from;
	story_cast(&s);
	s.owner->policy.credential_s = LIFE_S;
	s.gateway->cfg.clock_trusted = jump_s != 0;
	story_start(&s);
	story_settle(&s);
	right = s.gateway->now_s;
	for (int i = 0; renewals(&s) < RENEWALS; i++) {
		if (i == 40 * RENEWALS)
			fail_msg("seed %u: %d renewals, the gateway is %s", from, renewals(&s), story_state(&s, s.gateway));
		s.gateway->now_s = right + ((int64_t)draw(3) - 1) * jump_s;
		some_hours(&s);
	}
	s.gateway->now_s = right;
	check(&s);
	assert_in_range(renewals(&s), RENEWALS, s.w.mono_ms / 1000 / (LIFE_S / 12));
	ended = story_audit(s.gateway, "asking with the factory DID");
	printf("seed %u: %d renewals, %d of them after the end, %d starts of the gateway\n", from, renewals(&s), ended,
	       (int)s.gateway->life);
	story_end(&s);
	return ended;
}

/* NTP is wrong by weeks, both ways: ahead, every credential seems to be over when it comes, and
 * the factory DID asks for the next; behind the floor of time the clock is no clock, and uptime
 * says when it is time. */
static void c074_fifty_renewals_while_the_clock_jumps_by_weeks(void **state)
{
	(void)state;
	assert_true(fifty(4, 20 * DAY_S) > 5);
}

static void fifty_renewals_with_kills_and_no_clock(void **state) { (void)state; fifty(1, 0); }
static void c074_fifty_renewals_while_the_clock_jumps_both_ways(void **state) { (void)state; fifty(2, HOUR_S); }

/* ---- all of it once more ---- */
static struct story *now;
static const char *wanted;

static bool settled_as(struct sim *w)
{
	return strcmp(story_state(now, now->owner), wanted) == 0 && story_quiet(w);
}

static void order(struct story *s, const char *on, const char *state)
{
	wanted = state;
	berth_json_free(resale_command(s->owner, s->device, on, NULL, BERTH_OK));
	assert_true(sim_run(&s->w, settled_as, 2 * HOUR_S));
}

static void rotated(struct story *s)
{
	int before = renewals(s);

	story_rotate(s);
	for (int i = 0; renewals(s) == before && i < 100; i++)
		(void)sim_run(&s->w, story_settled, 60);
	story_settle(s);
	assert_int_equal(renewals(s), before + 1);
}

/* From birth to the tombstone; everything that was ever said arrives again after each part. */
static void c069_a_whole_life_replayed_changes_nothing(void **state)
{
	struct sim_node *b;
	struct story s;

	(void)state;
	story_cast(&s);
	now = &s;
	s.w.record = true;
	story_start(&s);
	story_settle(&s);
	rotated(&s);
	test_replay(&s);		/* onboarding and renewal */
	s.w.record = true;
	order(&s, "cmd/suspend", "SUSPENDED");
	order(&s, "cmd/resume", "ACTIVE");
	assert_true(sim_run(&s.w, story_settled, 3 * HOUR_S));
	test_replay(&s);		/* out of service and back */
	s.w.record = true;
	resale_watch(&s);
	b = forge_mallory(&s, "owner-b", "nng+tcp://owner-b.test:1");
	berth_json_free(resale_command(s.owner, s.device, "cmd/transfer", story_identity(b, BERTH_ID_OWNER)->did_long, BERTH_OK));
	assert_true(sim_run(&s.w, resale_released, LIMIT_S));
	resale_take(&s, b);
	story_settle(&s);
	test_replay(&s);		/* the next owner's onboarding, and what the first one ever said */
	s.w.record = true;
	order(&s, "cmd/retire", "RETIRED");
	assert_true(sim_run(&s.w, resale_retired, LIMIT_S));
	printf("%zu frames\n", s.w.n_frames);
	test_replay(&s);
	assert_string_equal(story_state(&s, s.gateway), "RETIRED");
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c069_a_whole_life_replayed_changes_nothing),
		cmocka_unit_test(fifty_renewals_with_kills_and_no_clock),
		cmocka_unit_test(c074_fifty_renewals_while_the_clock_jumps_both_ways),
		cmocka_unit_test(c074_fifty_renewals_while_the_clock_jumps_by_weeks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
