/* SPDX-License-Identifier: Apache-2.0 */
/* The onboarding with processes that die in every state, operators that wait, refuse
 * and lose patience, owners that take too long, and a state folder from yesterday. */
#include <unistd.h>

#include "tests/fakes/forge.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void off_and_on(struct sim_node *n)
{
	sim_off(n);
	sim_on(n);
}

static void finish(struct story *s)
{
	story_settle(s);
	story_check_end(s, story_audit(s->owner, "operational credential issued"));
	story_end(s);
}

/* ---- a process dies ---- */
static const char *const gateway_states[] = { "SEEKING", "CONTACTING", "DEVICE_PROVED", "PREPARED", "COMMITTING", "OPERATIONAL" };
static const char *const owner_states[] = { "PUBLISHED", "SESSION", "OFFERED", "ISSUED", "COMMITTED", "ACTIVE" };

static void dies_in(size_t i, struct sim_node *(*who)(struct story *s), const char *const *states, bool at_once)
{
	struct story s;
	struct sim_node *n;

	story_begin(&s);
	n = who(&s);
	assert_true(story_run_to(&s, n, states[i]));
	if (!at_once)
		sim_pump(&s.w);	/* what is under way arrives first */
	off_and_on(n);
	finish(&s);
}

static struct sim_node *the_gateway(struct story *s) { return s->gateway; }
static struct sim_node *the_owner(struct story *s) { return s->owner; }

static void p10_the_gateway_dies_in_every_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(gateway_states); i++)
		dies_in(i, the_gateway, gateway_states, true);
}

static void p10_the_owner_dies_in_every_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(owner_states); i++)
		dies_in(i, the_owner, owner_states, true);
}

static void p10_the_rendezvous_dies(void **state)
{
	struct story s;

	(void)state;
	story_begin(&s);
	off_and_on(s.rendezvous);
	finish(&s);
}

/* everything stays off for a while in the worst moment */

static void p10_the_owner_is_away_for_nine_days_after_commit(void **state)
{
	struct story s;

	(void)state;
	story_begin(&s);
	assert_true(story_run_to(&s, s.owner, "COMMITTED"));
	sim_off(s.gateway);	/* `committed` finds nobody, and expires in the owner's outbox */
	sim_wait(&s.w, 9 * 86400);
	sim_on(s.gateway);
	finish(&s);
}

/* ---- time-outs ---- */
static void a_silent_owner_is_left_and_found_again(void **state)
{
	struct story s;

	(void)state;
	story_begin(&s);
	assert_true(story_run_to(&s, s.gateway, "CONTACTING"));
	sim_off(s.owner);
	assert_true(story_run_to(&s, s.gateway, "SEEKING"));
	assert_int_equal(story_audit(s.gateway, "did not answer in time"), 1);
	sim_on(s.owner);
	finish(&s);
}

static void a_commit_after_the_offer_ran_out_is_denied(void **state)
{
	struct story s;

	(void)state;
	story_begin(&s);
	assert_true(story_run_to(&s, s.gateway, "COMMITTING"));
	sim_off(s.gateway);
	sim_drop(&s.w);		/* commit has not left */
	assert_true(story_run_to(&s, s.owner, "PUBLISHED"));
	assert_int_equal(story_audit(s.owner, "did not commit in time"), 1);
	sim_on(s.gateway);
	assert_true(story_run_to(&s, s.gateway, "SEEKING"));
	assert_int_equal(story_audit(s.gateway, "the owner refused: the offer ran out"), 1);
	assert_int_equal(story_audit(s.owner, "operational credential issued"), 1);
	finish(&s);
}

/* The registration is as old as the run: the device must find its owner once more. */
static void the_registration_outlives_a_broken_run(void **state)
{
	struct story s;

	(void)state;
	story_begin(&s);
	assert_true(story_run_to(&s, s.owner, "OFFERED"));
	sim_off(s.gateway);
	sim_wait(&s.w, 3 * 86400);
	sim_on(s.gateway);
	finish(&s);
}

/* ---- operators ---- */
static enum berth_err command(struct sim_node *n, const char *machine, const char *key, const char *on,
			      const char *member, const char *value)
{
	struct berth_json *args = berth_json_new_object();
	enum berth_err rc;

	sim_as(n);
	if (member)
		CHECK_OK(berth_json_set_str(args, member, value));
	rc = berth_agent_command(n->agent, machine, key, on, args, NULL);
	berth_json_free(args);
	return rc;
}

static void pending(struct story *s)
{
	story_begin(s);
	s->owner->policy.approve_automatically = false;
	assert_true(story_run_to(s, s->gateway, "PENDING"));
	sim_wait(&s->w, 4 * 3600);
	assert_string_equal(story_state(s, s->gateway), "PENDING");
	assert_string_equal(story_state(s, s->owner), "APPROVAL");
}

static void pending_then_approved(void **state)
{
	struct story s;

	(void)state;
	pending(&s);
	off_and_on(s.owner);
	off_and_on(s.gateway);
	CHECK_OK(command(s.owner, "owner", s.device, "cmd/approve", NULL, NULL));
	assert_true(sim_run(&s.w, story_settled, 120));
	story_check_end(&s, 1);
	story_end(&s);
}

static void pending_then_denied(void **state)
{
	struct story s;

	(void)state;
	pending(&s);
	CHECK_OK(command(s.owner, "owner", s.device, "cmd/deny", "reason", "not ordered"));
	assert_true(story_run_to(&s, s.gateway, "SEEKING"));
	assert_int_equal(story_audit(s.gateway, "the owner refused: not ordered"), 1);
	CHECK_RC(BERTH_E_TYPE, command(s.owner, "owner", s.device, "cmd/approve", NULL, NULL));
	/* it asks again, and the operator has changed his mind */
	assert_true(story_run_to(&s, s.gateway, "PENDING"));
	CHECK_OK(command(s.owner, "owner", s.device, "cmd/approve", NULL, NULL));
	finish(&s);
}

static void nobody_approves_for_two_days(void **state)
{
	struct story s;

	(void)state;
	pending(&s);
	sim_wait(&s.w, 2 * 86400);
	assert_true(story_audit(s.gateway, "did not answer in time") >= 1);
	assert_true(story_run_to(&s, s.gateway, "PENDING"));
	CHECK_OK(command(s.owner, "owner", s.device, "cmd/approve", NULL, NULL));
	finish(&s);
}

static void abandoned_before_the_owner_heard(void **state)
{
	struct story s;

	(void)state;
	story_begin(&s);
	assert_true(story_run_to(&s, s.gateway, "COMMITTING"));
	sim_off(s.owner);
	sim_drop(&s.w);
	CHECK_RC(BERTH_E_AUTHZ, command(s.gateway, "gateway", NULL, "cmd/abandon", "serial", "GW-0002"));
	CHECK_RC(BERTH_E_TYPE, command(s.gateway, "gateway", NULL, "cmd/abandon", NULL, NULL));
	assert_string_equal(story_state(&s, s.gateway), "COMMITTING");
	CHECK_OK(command(s.gateway, "gateway", NULL, "cmd/abandon", "serial", "GW-0001"));
	assert_string_equal(story_state(&s, s.gateway), "SEEKING");
	sim_on(s.owner);
	finish(&s);
}

static void abandoned_while_committed_was_on_its_way(void **state)
{
	struct story s;

	(void)state;
	story_begin(&s);
	assert_true(story_run_to(&s, s.owner, "COMMITTED"));
	CHECK_OK(command(s.gateway, "gateway", NULL, "cmd/abandon", "serial", "GW-0001"));
	assert_true(story_run_to(&s, s.owner, "PUBLISHED"));
	assert_int_equal(story_audit(s.gateway, "committed a run that was abandoned"), 1);
	assert_int_equal(story_audit(s.owner, "abandoned the run after it was committed"), 1);
	story_settle(&s);
	assert_int_equal(story_audit(s.gateway, "operational: "), 1);
	assert_int_equal(story_audit(s.owner, " committed"), 3);	/* twice, and "after it was committed" */
	story_end(&s);
}

/* ---- policy ---- */
static void p3_sealed_keys_where_the_owner_wants_hardware(void **state)
{
	struct story s;

	(void)state;
	story_begin(&s);
	s.owner->policy.accept_sealed = false;
	sim_wait(&s.w, 60);
	assert_true(story_audit(s.owner, "refused: E_AUTHZ: policy does not accept sealed keys") >= 1);
	assert_true(story_audit(s.gateway, "the owner refused: E_AUTHZ") >= 1);
	assert_string_equal(story_state(&s, s.owner), "PUBLISHED");
	s.owner->policy.accept_sealed = true;
	finish(&s);
}

static void p3_sealed_keys_where_the_factory_wants_hardware(void **state)
{
	struct story s;

	(void)state;
	story_cast(&s);
	s.factory->policy.accept_sealed = false;
	sim_on(s.gateway);
	sim_wait(&s.w, 30);
	assert_true(story_audit(s.factory, "refused at birth: E_AUTHZ") >= 1);
	assert_int_equal(story_audit(s.gateway, "the factory refused us: E_AUTHZ"), story_audit(s.factory, "refused at birth"));
	sim_off(s.gateway);
	s.factory->policy.accept_sealed = true;
	story_start(&s);
	finish(&s);
}

/* ---- yesterday's folder ---- */
static void copy_folder(struct sim_node *n, const char *what, const char *to)
{
	char cmd[640];

	snprintf(cmd, sizeof(cmd), "rm -rf '%s/%s' && cp -a '%s/%s' '%s/%s'", n->dir, to, n->dir, what, n->dir, to);
	assert_int_equal(system(cmd), 0);
}

static void operational_with_a_copy_from_before(struct story *s)
{
	story_begin(s);
	sim_off(s->gateway);
	copy_folder(s->gateway, "state", "state.old");
	copy_folder(s->gateway, "keys", "keys.old");
	sim_on(s->gateway);
	story_settle(s);
	sim_off(s->gateway);
}

static void c151_an_older_store_beside_newer_keys_is_quarantined(void **state)
{
	struct story s;

	(void)state;
	operational_with_a_copy_from_before(&s);
	copy_folder(s.gateway, "state", "state.new");
	copy_folder(s.gateway, "state.old", "state");
	sim_on(s.gateway);
	assert_true(berth_agent_quarantined(s.gateway->agent));
	assert_string_equal(story_state(&s, s.gateway), "QUARANTINED");
	assert_int_equal(story_audit(s.gateway, "an older copy: quarantined"), 1);
	CHECK_RC(BERTH_E_STORE, command(s.gateway, "gateway", NULL, "cmd/onboard", NULL, NULL));
	size_t sent = s.w.sent;

	sim_wait(&s.w, 3600);
	assert_int_equal(s.w.sent, sent);	/* it says nothing to anybody */
	/* the twin: with the newest copy all is well */
	sim_off(s.gateway);
	copy_folder(s.gateway, "state.new", "state");
	sim_on(s.gateway);
	assert_false(berth_agent_quarantined(s.gateway->agent));
	story_settle(&s);
	story_check_end(&s, 1);
	story_end(&s);
}

/* Without a TPM both roll back together and nobody can tell: we say so. */
static void c151_a_sealed_file_that_rolls_back_too_is_not_noticed_and_we_say_so(void **state)
{
	struct story s;
	bool protected_ = true;
	uint64_t v;

	(void)state;
	operational_with_a_copy_from_before(&s);
	copy_folder(s.gateway, "state.old", "state");
	copy_folder(s.gateway, "keys.old", "keys");
	sim_on(s.gateway);
	assert_false(berth_agent_quarantined(s.gateway->agent));
	CHECK_OK(s.gateway->keys->ops->counter_read(s.gateway->keys, BERTH_COUNTER_GENERATION, &v, &protected_));
	assert_false(protected_);
	story_end(&s);
}

static void c151_an_owner_that_was_rolled_back_answers_nobody(void **state)
{
	struct story s;

	(void)state;
	story_begin(&s);
	sim_off(s.owner);
	copy_folder(s.owner, "state", "state.old");
	sim_on(s.owner);
	story_settle(&s);
	sim_off(s.owner);
	copy_folder(s.owner, "state.old", "state");
	sim_on(s.owner);
	assert_true(berth_agent_quarantined(s.owner->agent));
	forge_say(&(struct forge_say){ .from = s.gateway, .identity = BERTH_ID_FACTORY, .to = s.owner,
		.to_did = story_identity(s.owner, BERTH_ID_OWNER)->did_long,
		.name = "https://didcomm.org/trust-ping/2.0/ping" }, NULL);
	assert_int_equal(forge_answers(&s), 0);
	CHECK_RC(BERTH_E_STORE, command(s.owner, "owner", s.device, "cmd/invite", NULL, NULL));
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p10_the_gateway_dies_in_every_state),
		cmocka_unit_test(p10_the_owner_dies_in_every_state),
		cmocka_unit_test(p10_the_rendezvous_dies),
		cmocka_unit_test(p10_the_owner_is_away_for_nine_days_after_commit),
		cmocka_unit_test(a_silent_owner_is_left_and_found_again),
		cmocka_unit_test(a_commit_after_the_offer_ran_out_is_denied),
		cmocka_unit_test(the_registration_outlives_a_broken_run),
		cmocka_unit_test(pending_then_approved),
		cmocka_unit_test(pending_then_denied),
		cmocka_unit_test(nobody_approves_for_two_days),
		cmocka_unit_test(abandoned_before_the_owner_heard),
		cmocka_unit_test(abandoned_while_committed_was_on_its_way),
		cmocka_unit_test(p3_sealed_keys_where_the_owner_wants_hardware),
		cmocka_unit_test(p3_sealed_keys_where_the_factory_wants_hardware),
		cmocka_unit_test(c151_an_older_store_beside_newer_keys_is_quarantined),
		cmocka_unit_test(c151_a_sealed_file_that_rolls_back_too_is_not_noticed_and_we_say_so),
		cmocka_unit_test(c151_an_owner_that_was_rolled_back_answers_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
