/* SPDX-License-Identifier: Apache-2.0 */
/* M12: a renew-request from before the last renewal, kept by the network until nobody remembers
 * its id, counts for nothing; and a device that is an older copy of itself, whose requests look
 * just so, is told where to go on. */
#include <stdlib.h>

#include "did/url.h"
#include "tests/fakes/forge.h"

#define LIMIT_S 14400
#define HOUR_S 3600

static struct story *now;
static struct berth_json *kept;		/* the body of a request */
static char *kept_thid;

static bool settled(struct sim *w)
{
	struct berth_json *data = story_data(now, now->gateway);
	bool busy = berth_json_get(data, "renewal") || berth_json_get(data, "old");

	berth_json_free(data);
	return !busy && story_settled(w);
}

static void begin(struct story *s)
{
	story_cast(s);
	s->owner->policy.credential_s = 24 * HOUR_S;
	story_start(s);
	story_settle(s);
	now = s;
}

static void rotate(struct story *s)
{
	story_rotate(s);
	assert_true(sim_run(&s->w, settled, LIMIT_S));
}

static void keep(struct berth_json *m, void *arg)
{
	(void)arg;
	kept = berth_json_clone(berth_json_get(m, "body"));
	kept_thid = strdup(berth_data_str(m, "thid"));
}

static void leave_out_number(struct berth_json *m, void *arg)
{
	keep(m, arg);
	berth_json_remove(kept, "attempt");
}

static void say_again(struct story *s, const char *identity)
{
	forge_say(&(struct forge_say){ .from = s->gateway, .identity = identity, .to = s->owner, .name = "renew-request",
		.to_did = story_identity(s->owner, BERTH_ID_OWNER)->did_long, .thid = kept_thid }, berth_json_clone(kept));
}

static void forget(void)
{
	berth_json_free(kept);
	free(kept_thid);
}

/* The owner was away for longer than a credential lasts: the device asks with its factory DID. */
static void renewed_by_the_factory_did(struct story *s, forge_edit_fn *edit)
{
	begin(s);
	sim_off(s->owner);
	forge_edit("renew-request", edit, NULL);
	sim_wait(&s->w, 30 * HOUR_S);
	sim_on(s->owner);
	assert_true(sim_run(&s->w, settled, LIMIT_S));
	assert_non_null(kept);
}

static char *operational(struct story *s)
{
	struct berth_json *data = story_data(s, s->owner);
	char *did = strdup(berth_data_str(data, "operationalDid"));

	berth_json_free(data);
	return did;
}

/* Said by the keys that asked then, and by those that the device has for ever. */
static void an_old_request_is_e_replay(void **state)
{
	static forge_edit_fn *const edits[] = { keep, leave_out_number };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct story s;
		char *before;

		renewed_by_the_factory_did(&s, edits[i]);
		rotate(&s);
		before = operational(&s);
		say_again(&s, BERTH_ID_FACTORY);
		assert_int_equal(story_audit(s.owner, i ? "renewal refused: E_REPLAY: a renewal numbered 0 after"
							 : "renewal refused: E_REPLAY: a renewal numbered "), 1);
		assert_string_equal(story_state(&s, s.owner), "ACTIVE");
		assert_true(sim_run(&s.w, settled, LIMIT_S));
		rotate(&s);		/* the twin: the next one is taken */
		char *after = operational(&s);
		assert_false(berth_did_same(before, after));
		free(before);
		free(after);
		story_check_end(&s, 1);
		story_end(&s);
		forget();
	}
}

/* ---- an older copy of the device, its keys included, which nothing shows ---- */
static void copy_folders(struct sim_node *n, const char *from, const char *to)
{
	char cmd[1024];

	snprintf(cmd, sizeof(cmd), "cd '%s' && for d in state keys; do rm -rf %s/$d && mkdir -p %s && cp -a %s/$d %s/; done",
		 n->dir, to, to, from, to);
	assert_int_equal(system(cmd), 0);
}

static void a_copy_of_the_device_is_told_where_to_go_on(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	sim_off(s.gateway);
	copy_folders(s.gateway, ".", "before");
	sim_on(s.gateway);
	for (int i = 0; i < 3; i++)
		rotate(&s);
	sim_off(s.gateway);
	copy_folders(s.gateway, "before", ".");
	sim_on(s.gateway);
	if (!sim_run(&s.w, settled, 48 * HOUR_S))
		fail_msg("gateway %s, owner %s", story_state(&s, s.gateway), story_state(&s, s.owner));
	sim_wait(&s.w, 30 * HOUR_S);	/* its credential ends, and the factory DID asks */
	assert_true(sim_run(&s.w, settled, 48 * HOUR_S));
	assert_true(story_audit(s.gateway, "the owner did not renew: E_REPLAY") >= 1);
	char *did = operational(&s);
	struct berth_json *data = story_data(&s, s.gateway);
	assert_true(berth_did_same(did, berth_data_str(berth_json_get(data, "active"), "did")));
	berth_json_free(data);
	free(did);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_old_request_is_e_replay),
		cmocka_unit_test(a_copy_of_the_device_is_told_where_to_go_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
