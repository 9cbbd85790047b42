/* SPDX-License-Identifier: Apache-2.0 */
/* Operational keys of before stay until the applications that have to confirm have said that
 * they switched, or until the time for that is over; never less than until the owner has used
 * the next ones (P10). */
#include "agent/core/backend.h"
#include "agent/core/api.h"
#include "tests/fakes/forge.h"

#define LIMIT_S 14400
#define GRACE_S 86400

static struct story *now;
static struct berth_backend backend;
static struct berth_api_backend api;

static void watch_on(void)
{
	sim_as(now->gateway);
	backend = (struct berth_backend){ .agent = now->gateway->agent };
	berth_backend_init(&backend, &api);
	berth_backend_watch_look(&backend);
}

static void watch_off(void)
{
	berth_json_free(backend.watched);
	backend.watched = NULL;
}

static void look(void)
{
	sim_as(now->gateway);
	while (berth_backend_watch_look(&backend))
		;
}

static enum berth_err ack(const char *who, int64_t behind)
{
	struct berth_json *body = berth_json_new_object(), *out = NULL;
	struct berth_api_request req = { .principal = who, .param = "", .body = body };
	enum berth_err rc;

	look();
	CHECK_OK(berth_json_set_int(body, "gen", api.generation(&backend) - behind));
	rc = api.op[BERTH_API_ACK](api.arg, &req, &out);
	berth_json_free(out);
	berth_json_free(body);
	return rc;
}

static void begin(struct story *s, size_t confirmers)
{
	static const char *const names[] = { "modem", "broker" };

	now = s;
	story_begin(s);
	s->gateway->policy.grace_s = GRACE_S;
	for (size_t i = 0; i < confirmers; i++)
		s->gateway->policy.confirm[s->gateway->policy.n_confirm++] = names[i];
	story_settle(s);
	watch_on();
	CHECK_OK(ack("modem", 0));
	CHECK_OK(ack("broker", 0));
}

static void end(struct story *s)
{
	watch_off();
	story_end(s);
}

static char *before;

static bool rotated(struct sim *w) { (void)w; return story_rotated(now, before); }

static void rotate(void)
{
	free(before);
	before = strdup(story_operational_did(now));
	story_rotate(now);
	assert_true(sim_run(&now->w, rotated, LIMIT_S));
	look();
}

/* The factory's, the active one, and as many of before. */
static void check_kept(size_t n)
{
	struct berth_env *env = berth_agent_env(now->gateway->agent);

	assert_int_equal(2 + n, berth_agent_identity_count(now->gateway->agent));
	assert_true((env->identity_of(env, before) != NULL) == (n > 0));
}

static void wait(int64_t s) { sim_wait(&now->w, s); }

static void until_all_have_switched(void **state)
{
	struct story s;

	(void)state;
	begin(&s, 2);
	rotate();
	check_kept(1);
	CHECK_OK(ack("modem", 0));
	CHECK_OK(ack("other", 0));	/* whom nobody waits for */
	check_kept(1);
	CHECK_OK(ack("broker", 1));	/* of the generation before */
	check_kept(1);
	CHECK_OK(ack("broker", 0));
	check_kept(0);
	assert_int_equal(1, story_audit(s.gateway, "applications have switched: "));
	end(&s);
}

/* Two threads of an application, or one that says its words again. */
static void a_late_word_takes_nothing_back(void **state)
{
	struct story s;

	(void)state;
	begin(&s, 2);
	rotate();
	CHECK_OK(ack("modem", 0));
	CHECK_OK(ack("modem", 1));
	check_kept(1);
	CHECK_OK(ack("broker", 0));
	check_kept(0);
	end(&s);
}

static void or_until_the_time_is_over(void **state)
{
	struct story s;

	(void)state;
	begin(&s, 2);
	rotate();
	CHECK_OK(ack("modem", 0));
	wait(GRACE_S - 600);
	check_kept(1);
	watch_off();
	sim_off(s.gateway);	/* it counts on */
	sim_on(s.gateway);
	watch_on();
	check_kept(1);
	wait(1200);
	check_kept(0);
	assert_int_equal(1, story_audit(s.gateway, "the time for that is over"));
	end(&s);
}

/* A word that was kept and not heeded any more is found at the next start. */
static void a_word_before_a_power_cut_counts(void **state)
{
	struct story s;

	(void)state;
	begin(&s, 1);
	rotate();
	CHECK_OK(berth_store_begin(s.gateway->store));
	CHECK_OK(berth_store_put_str(s.gateway->store, "watch-ack", "modem", "1000"));
	CHECK_OK(berth_store_commit(s.gateway->store));
	check_kept(1);
	watch_off();
	sim_off(s.gateway);
	sim_on(s.gateway);
	watch_on();
	check_kept(0);
	end(&s);
}

static void with_nobody_to_wait_for_they_go_at_once(void **state)
{
	struct story s;

	(void)state;
	begin(&s, 0);
	rotate();
	check_kept(0);
	end(&s);
}

static void only_one_of_before_is_kept(void **state)
{
	char *first;
	struct story s;

	(void)state;
	begin(&s, 1);
	rotate();
	first = strdup(before);
	rotate();
	check_kept(1);
	struct berth_env *env = berth_agent_env(s.gateway->agent);
	assert_null(env->identity_of(env, first));
	free(first);
	end(&s);
}

static bool is_rotating(struct sim *w) { (void)w; return strcmp(story_state(now, now->gateway), "ROTATING") == 0; }

/* What applications say ends nothing before the owner has used the next keys. */
static void p10_the_owners_word_comes_first(void **state)
{
	struct story s;

	(void)state;
	begin(&s, 1);
	free(before);
	before = strdup(story_operational_did(now));
	story_rotate(&s);
	assert_true(sim_run_steps(&s.w, is_rotating, LIMIT_S));
	sim_off(s.owner);
	sim_drop(&s.w);
	CHECK_OK(ack("modem", 0));
	wait(2 * GRACE_S);
	check_kept(1);
	sim_on(s.owner);
	assert_true(sim_run(&s.w, rotated, LIMIT_S));
	look();
	check_kept(0);		/* it has said so already */
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(until_all_have_switched), cmocka_unit_test(a_late_word_takes_nothing_back),
		cmocka_unit_test(or_until_the_time_is_over),
		cmocka_unit_test(a_word_before_a_power_cut_counts),
		cmocka_unit_test(with_nobody_to_wait_for_they_go_at_once),
		cmocka_unit_test(only_one_of_before_is_kept),
		cmocka_unit_test(p10_the_owners_word_comes_first),
	};
	int rc = cmocka_run_group_tests_name("grace", tests, NULL, NULL);

	free(before);
	return rc;
}
