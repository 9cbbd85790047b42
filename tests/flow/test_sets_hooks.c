/* SPDX-License-Identifier: Apache-2.0 */
/* What hooks make of provided items, and what is gone back from when they cannot. */
#include "agent/protocol/item.h"
#include "tests/flow/sets.h"

/* ---- hooks ---- */

static bool has_record(const char *id)
{
	struct berth_buf v = BERTH_BUF_INIT;
	bool found = false;

	CHECK_OK(berth_store_get(now->gateway->store, BERTH_NS_HOOK, id, &v, &found));
	berth_buf_free(&v);
	return found;
}

/* ---- the tests ---- */

static void what_a_hook_cannot_do_is_gone_back_from(void **state)
{
	struct story s;

	(void)state;
	begin_with_hook(&s, "network", "wifi", "ssid=broken");
	provide_check(now, "wifi", "ssid=broken");	/* it is in use, and the hook works on it */
	provide_check_records(now, 3);
	CHECK_OK(hook_says("wifi", "ssid=broken", "failed", NULL));
	settle();
	provide_check(now, "wifi", "ssid=plant psk=correct horse");
	provide_check_records(now, 2);
	assert_false(has_record("wifi"));	/* so the old one is configured again */
	check_set("reverted", "failed");
	check_told("wifi", "failed");

	provide("wifi", "network", "ssid=good");	/* the twin */
	on_trial();
	CHECK_OK(hook_says("wifi", "ssid=good", "ok", NULL));
	settle();
	provide_check(now, "wifi", "ssid=good");
	provide_check_records(now, 2);
	assert_true(has_record("wifi"));
	check_set("active", NULL);
	check_told("wifi", "ok");
	story_end(&s);
}

static void a_set_waits_for_all_of_its_hooks(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	with_hook("network");
	provide("wifi", "network", "ssid=a");
	provide("lan", "network", "dhcp");
	on_trial();
	CHECK_OK(hook_says("wifi", "ssid=a", "ok", NULL));
	assert_true(is_on_trial(NULL));
	provide("wifi", "network", "ssid=b");	/* one that comes meanwhile waits */
	CHECK_OK(hook_says("lan", "dhcp", "timed-out", NULL));
	on_trial();
	provide_check(now, "wifi", "ssid=b");
	CHECK_OK(hook_says("lan", "dhcp", "ok", NULL));
	CHECK_OK(hook_says("wifi", "ssid=b", "ok", NULL));
	settle();
	provide_check(now, "wifi", "ssid=b");
	provide_check(now, "lan", "dhcp");
	assert_int_equal(1, story_audit(s.gateway, "timed-out: back to the one before"));
	story_end(&s);
}

/* The operator has taken the hook away: nobody will ever say what became of it. */
static void a_hook_that_is_gone_is_not_waited_for(void **state)
{
	struct story s;

	(void)state;
	begin_with_hook(&s, "network", "wifi", "ssid=a");
	sim_off(s.gateway);
	s.gateway->policy.hooked = NULL;
	sim_on(s.gateway);
	settle();			/* the owner asks what became of it */
	check_set("active", NULL);
	with_hook("network");
	provide("wifi", "network", "ssid=b");
	on_trial();
	the_hook = "cloud";
	provide("wifi", "network", "ssid=c");	/* and the next one need not wait for that */
	settle();
	provide_check(now, "wifi", "ssid=c");
	check_set("active", NULL);
	story_end(&s);
}

/* Of two hooks the one that is there is waited for. */
static void a_hook_that_stays_is_waited_for(void **state)
{
	struct story s;

	(void)state;
	begin_with_hook(&s, "network", "wifi", "ssid=a");
	sim_off(s.gateway);
	sim_on(s.gateway);
	provide("wifi", "network", "ssid=b");
	assert_false(sim_run(&s.w, is_over, LIMIT_S));
	provide_check(now, "wifi", "ssid=a");
	CHECK_OK(hook_says("wifi", "ssid=a", "ok", NULL));
	assert_true(sim_run_steps(&s.w, is_over, LIMIT_S));
	on_trial();
	CHECK_OK(hook_says("wifi", "ssid=b", "ok", NULL));
	settle();
	provide_check(now, "wifi", "ssid=b");
	story_end(&s);
}

#define FIRMWARE(version) "{\"url\":\"https://fw.example/a\",\"sha256\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"," \
	"\"size\":5,\"version\":\"" version "\"}"

static int64_t generation(void)
{
	int64_t v;

	CHECK_OK(berth_store_counter_get(now->gateway->store, "generation", &v));
	return v;
}

/* The version and what the hook has said are one step, which steps the generation: a copy of the
 * store in which an older firmware would do is an older copy. */
static void what_was_installed_is_not_gone_back_from(void **state)
{
	struct story s;
	int64_t before;

	(void)state;
	begin_with_hook(&s, "firmware-ref", "fw", FIRMWARE("1.2"));
	before = generation();
	CHECK_OK(hook_says("fw", FIRMWARE("1.2"), "ok", "1.2"));
	assert_int_equal(before + 1, generation());
	settle();
	check_set("active", NULL);
	sim_off(s.gateway);
	sim_on(s.gateway);
	provide("fw", "firmware-ref", FIRMWARE("1.1"));
	settle();
	check_set("refused", "E_REPLAY");
	provide_check(now, "fw", FIRMWARE("1.2"));
	provide("fw", "firmware-ref", FIRMWARE("1.10"));	/* the twin */
	on_trial();
	CHECK_OK(hook_says("fw", FIRMWARE("1.10"), "failed", NULL));	/* which nothing has installed */
	settle();
	provide("fw", "firmware-ref", FIRMWARE("1.3"));
	on_trial();
	CHECK_OK(hook_says("fw", FIRMWARE("1.3"), "ok", "1.3"));
	settle();
	check_set("active", NULL);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_hook_cannot_do_is_gone_back_from),
		cmocka_unit_test(a_set_waits_for_all_of_its_hooks),
		cmocka_unit_test(a_hook_that_is_gone_is_not_waited_for), cmocka_unit_test(a_hook_that_stays_is_waited_for),
		cmocka_unit_test(what_was_installed_is_not_gone_back_from),
	};

	return cmocka_run_group_tests_name("sets", tests, NULL, NULL);
}
