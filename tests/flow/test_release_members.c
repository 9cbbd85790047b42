/* SPDX-License-Identifier: Apache-2.0 */
/* Each member of each message of a release and of a retirement is once left out and once of
 * another type: E_TYPE, nothing ends by it, and it comes to its end with what is said again. */
#include "tests/fakes/resale.h"

#define LIMIT_S 36000

static const struct member { const char *message, *name; bool retires, owner_says; } members[] = {
	{ "transfer-prepare", "epoch", false, false }, { "transfer-prepare", "nonce", false, false },
	{ "transfer-prepare", "credential", false, false },
	{ "transfer-ready", "epoch", false, true }, { "transfer-ready", "nonce", false, true },
	{ "transfer-ready", "deviceHash", false, true },
	{ "release", "epoch", false, false }, { "release", "nonce", false, false },
	{ "released", "epoch", false, true }, { "released", "receipt", false, true }, { "released", "deviceHash", false, true },
	{ "retire", "epoch", true, false }, { "retire", "nonce", true, false }, { "retire", "credential", true, false },
};

static const struct member *at;
static bool left_out;

static void edit(struct berth_json *m, void *arg)
{
	struct berth_json *body = berth_json_get_mut(m, "body");

	(void)arg;
	assert_non_null(berth_json_get(body, at->name));
	berth_json_remove(body, at->name);
	if (!left_out)
		CHECK_OK(berth_json_set(body, at->name, berth_json_new_object()));
}

static void go(struct story *s)
{
	berth_json_free(resale_command(s->owner, s->device, at->retires ? "cmd/retire" : "cmd/transfer", NULL, BERTH_OK));
}

/* What names no device belongs to no instance, and leaves no line. */
static void check_line(struct story *s)
{
	if (strcmp(at->name, "deviceHash") != 0 && story_audit(at->owner_says ? s->owner : s->gateway, "refused: E_TYPE") < 1)
		fail_msg("%s without a good %s is not E_TYPE", at->message, at->name);
}

static void one(void)
{
	bool (*done)(struct sim *) = at->retires ? resale_retired : resale_released;
	struct story s;

	story_begin(&s);
	resale_watch(&s);
	assert_true(sim_run(&s.w, story_settled, LIMIT_S));
	forge_edit(at->message, edit, NULL);
	go(&s);
	if (!sim_run(&s.w, done, LIMIT_S) && strcmp(story_state(&s, s.owner), "ACTIVE") == 0) {	/* it was told so */
		go(&s);
		assert_true(sim_run(&s.w, done, LIMIT_S));
	}
	assert_true(forge_edited());
	check_line(&s);
	if (!done(&s.w))
		fail_msg("%s without a good %s: no end", at->message, at->name);
	resale_check_gone(&s, 1);
	story_end(&s);
}

static void every_member(bool missing)
{
	left_out = missing;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		at = &members[i];
		one();
	}
}

static void each_member_left_out(void **state) { (void)state; every_member(true); }
static void each_member_of_another_type(void **state) { (void)state; every_member(false); }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_member_left_out),
		cmocka_unit_test(each_member_of_another_type),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
