/* SPDX-License-Identifier: Apache-2.0 */
/* A device has a credential from `issue` on, and is in use when it says so: one that never does
 * is revoked all the same, wherever in its run it has stopped (P14). */
#include "agent/protocol/ldevid.h"
#include "tests/fakes/ldevid.h"

#define LIMIT_S 14400
#define HOUR_S 3600

static struct story s;
static struct test_ldevid l;

static enum berth_err order(const char *on)
{
	sim_as(s.owner);
	return berth_agent_command(s.owner->agent, "owner", s.device, on, NULL, NULL);
}

static void begin(void)
{
	memset(&l, 0, sizeof(l));
	story_cast(&s);
	test_ldevid_begin(&l, s.owner, 400 * 86400);
	s.owner->policy.credential_status = true;
	story_birth(&s);
	story_sale(&s);
}

static void end(void)
{
	story_end(&s);
	test_ldevid_free(&l);
}

static bool never(struct sim *w) { (void)w; return false; }

/* Its certificate is on the list, and its index says revoked. */
static void check_revoked(void)
{
	struct berth_json *o = story_data(&s, s.owner), *v = NULL;
	struct berth_buf rows = BERTH_BUF_INIT, entry = BERTH_BUF_INIT;
	char index[32];
	bool found;

	assert_string_equal(story_state(&s, s.owner), "REVOKED");
	sim_as(s.owner);
	CHECK_OK(berth_ldevid_revoked(berth_agent_env(s.owner->agent), o, 9, &rows));
	assert_int_equal(rows.len, BERTH_X509_REVOKED_LEN);
	snprintf(index, sizeof(index), "%lld", (long long)berth_data_int(berth_json_get(o, "status"), "index", -1));
	CHECK_OK(berth_store_get(s.owner->store, "status", index, &entry, &found));
	assert_true(found);
	CHECK_OK(berth_json_parse_object(&v, berth_buf_cstr(&entry), entry.len, 1024));
	assert_string_equal(berth_data_str(v, "status"), "revoked");
	berth_json_free(v);
	berth_buf_free(&entry);
	berth_buf_free(&rows);
	berth_json_free(o);
}

static bool is_in_use(void)
{
	const char *state = story_state(&s, s.gateway);

	return strcmp(state, "OPERATIONAL") == 0 || strcmp(state, "COMMITTING") == 0;
}

static void revoked_wherever_it_has_stopped(void **state)
{
	static const struct { const char *at; bool lost; } stops[] = {
		{ "ISSUED", true }, { "ISSUED", false }, { "COMMITTED", true }, { "COMMITTED", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
		begin();
		CHECK_RC(BERTH_E_TYPE, order("cmd/revoke"));	/* it has nothing yet */
		sim_on(s.gateway);
		assert_true(story_run_to(&s, s.owner, stops[i].at));
		if (stops[i].lost)
			sim_drop(&s.w);
		CHECK_OK(order("cmd/revoke"));
		check_revoked();
		sim_run(&s.w, never, 2 * HOUR_S);
		check_revoked();
		assert_false(is_in_use());		/* nor does it wait for ever */
		CHECK_OK(order("cmd/approve"));
		CHECK_RC(BERTH_E_TYPE, order("cmd/revoke"));
		assert_true(sim_run(&s.w, story_settled, LIMIT_S));
		assert_true(test_ldevid_is_pair(&s));
		end();
	}
}

/* It proves itself again and again, and never finishes; its owner would have waited for that. */
static void nor_does_another_run_help_it(void **state)
{
	(void)state;
	begin();
	sim_on(s.gateway);
	assert_true(story_run_to(&s, s.owner, "COMMITTED"));
	sim_off(s.gateway);
	sim_drop(&s.w);
	CHECK_OK(order("cmd/revoke"));
	check_revoked();
	sim_on(s.gateway);
	sim_run(&s.w, never, 2 * HOUR_S);
	check_revoked();
	assert_false(is_in_use());
	end();
}

/* The run timed out: what was issued in it is as good as ever to whoever has it. */
static bool timed_out(struct sim *w)
{
	(void)w;
	return story_audit(s.owner, "did not commit in time") == 1;
}

static void after_the_time_of_its_run_as_well(void **state)
{
	(void)state;
	begin();
	sim_on(s.gateway);
	assert_true(story_run_to(&s, s.owner, "ISSUED"));
	sim_off(s.gateway);
	sim_drop(&s.w);
	assert_true(sim_run(&s.w, timed_out, LIMIT_S));
	assert_string_equal(story_state(&s, s.owner), "PUBLISHED");
	CHECK_OK(order("cmd/revoke"));
	check_revoked();
	CHECK_OK(order("cmd/approve"));
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, story_settled, LIMIT_S));
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(revoked_wherever_it_has_stopped), cmocka_unit_test(nor_does_another_run_help_it),
		cmocka_unit_test(after_the_time_of_its_run_as_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
