/* SPDX-License-Identifier: Apache-2.0 */
/* A device that a delegate has onboarded is let go all the same: its owner signs, the
 * delegate carries that to it, and the receipt is carried back. */
#include "tests/fakes/resale.h"

#define LIMIT_S 36000

static struct sim_node *a, *agent, *b;

static const char *did_of(struct sim_node *n) { return story_identity(n, BERTH_ID_OWNER)->did_long; }

static const char *state_of(struct story *s, struct sim_node *n) { return sim_state(n, "owner", s->device); }

/* A command with one argument; the result, owned. */
static struct berth_json *with(struct story *s, struct sim_node *n, const char *on, const char *name, const char *value,
			       enum berth_err want)
{
	struct berth_json *args = berth_json_new_object(), *out = NULL;

	sim_as(n);
	CHECK_OK(berth_json_set_str(args, name, value));
	CHECK_RC(want, berth_agent_command(n->agent, "owner", s->device, on, args, &out));
	berth_json_free(args);
	return out;
}

static char *taken(struct berth_json *v, const char *name)
{
	char *text = strdup(berth_data_str(v, name));

	berth_json_free(v);
	return text;
}

static void begin(struct story *s)
{
	a = resale_by_delegate(s, &agent);
	b = forge_mallory(s, "owner-b", "nng+tcp://owner-b.test:1");
	assert_true(sim_run(&s->w, story_settled, LIMIT_S));
}

static char *signed_by(struct story *s, struct sim_node *by, int64_t epoch, const char *device)
{
	struct berth_json *data = story_data(s, s->gateway);
	struct berth_release r = { .device = device, .epoch = epoch };
	struct berth_buf out = BERTH_BUF_INIT;

	CHECK_OK(berth_body_get_32(data, "tip", r.tip.b));
	CHECK_OK(berth_release_build(&out, by->keys->keyring, story_identity(by, BERTH_ID_OWNER)->sign_kid, &r));
	berth_json_free(data);
	return berth_buf_take_str(&out);
}

/* What is not its owner's word for this device and this epoch is not even carried. */
static void check_refused(struct story *s, const char *release)
{
	const char *device = story_identity(s->gateway, BERTH_ID_FACTORY)->did;
	const struct { struct sim_node *by; int64_t epoch; const char *device; enum berth_err rc; } bad[] = {
		{ agent, 0, device, BERTH_E_AUTHZ }, { b, 0, device, BERTH_E_AUTHZ }, { a, 1, device, BERTH_E_REPLAY },
		{ a, 0, story_identity(b, BERTH_ID_OWNER)->did, BERTH_E_HOLDER },
	};
	struct berth_json *args = berth_json_new_object();
	char *other;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		other = signed_by(s, bad[i].by, bad[i].epoch, bad[i].device);
		berth_json_free(with(s, agent, "cmd/transfer", "release", other, bad[i].rc));
		free(other);
	}
	other = strdup(release);
	other[strlen(other) - 5] = other[strlen(other) - 5] == 'A' ? 'B' : 'A';
	berth_json_free(with(s, agent, "cmd/transfer", "release", other, BERTH_E_SIG));
	free(other);
	berth_json_free(with(s, agent, "cmd/retire", "release", release, BERTH_E_VC));	/* no retirement */
	CHECK_OK(berth_json_set_str(args, "release", release));
	CHECK_OK(berth_json_set_str(args, "to", did_of(b)));
	CHECK_RC(BERTH_E_AUTHZ, berth_agent_command(agent->agent, "owner", s->device, "cmd/transfer", args, NULL));
	berth_json_free(args);
	assert_string_equal(story_state(s, agent), "ACTIVE");
	assert_string_equal(story_state(s, s->gateway), "OPERATIONAL");
}

static void what_the_owner_signs_its_delegate_carries(void **state)
{
	struct berth_json *v;
	struct story s;
	char *release, *receipt;

	(void)state;
	begin(&s);
	release = taken(with(&s, a, "cmd/transfer", "to", did_of(b), BERTH_OK), "release");
	assert_string_equal(state_of(&s, a), "TRANSFERRING");
	check_refused(&s, release);
	sim_off(a);
	sim_on(a);
	v = resale_command(a, s.device, "cmd/transfer", NULL, BERTH_OK);	/* the same once more */
	assert_string_equal(berth_data_str(v, "release"), release);
	berth_json_free(v);
	berth_json_free(resale_command(a, s.device, "cmd/transfer", did_of(agent), BERTH_E_AUTHZ));

	berth_json_free(with(&s, agent, "cmd/transfer", "release", release, BERTH_OK));
	assert_true(sim_run(&s.w, resale_released, LIMIT_S));
	resale_check_gone(&s, 1);
	resale_check_receipt(agent, s.device, "TRANSFERRED");
	berth_json_free(resale_command(agent, s.device, "cmd/transfer", did_of(b), BERTH_E_AUTHZ));	/* sells nothing */
	receipt = taken(resale_command(agent, s.device, "cmd/transfer", NULL, BERTH_OK), "receipt");

	assert_string_equal(state_of(&s, a), "TRANSFERRING");	/* nobody has told it */
	berth_json_free(with(&s, a, "cmd/receipt", "receipt", receipt, BERTH_OK));
	resale_check_receipt(a, s.device, "TRANSFERRED");
	s.owner = a;
	resale_take(&s, b);
	assert_true(sim_run(&s.w, story_settled, LIMIT_S));
	assert_string_equal(state_of(&s, b), "ACTIVE");
	free(release);
	free(receipt);
	story_end(&s);
}

static void what_is_signed_is_not_called_back(void **state)
{
	struct berth_json *args = berth_json_new_object();
	struct story s;

	(void)state;
	begin(&s);
	berth_json_free(resale_command(a, s.device, "cmd/transfer", NULL, BERTH_OK));
	sim_as(a);
	CHECK_OK(berth_json_set_bool(args, "cancel", true));
	CHECK_RC(BERTH_E_AUTHZ, berth_agent_command(a->agent, "owner", s.device, "cmd/transfer", args, NULL));
	assert_string_equal(state_of(&s, a), "TRANSFERRING");
	berth_json_free(args);
	story_end(&s);
}

static void retired_by_the_same_hand(void **state)
{
	struct berth_json *v;
	struct story s;
	char *release, *receipt;

	(void)state;
	begin(&s);
	release = taken(resale_command(a, s.device, "cmd/retire", NULL, BERTH_OK), "release");
	berth_json_free(with(&s, agent, "cmd/transfer", "release", release, BERTH_E_VC));
	berth_json_free(with(&s, agent, "cmd/retire", "release", release, BERTH_OK));
	assert_true(sim_run(&s.w, resale_retired, LIMIT_S));
	receipt = taken(resale_command(agent, s.device, "cmd/retire", NULL, BERTH_OK), "receipt");
	v = with(&s, a, "cmd/receipt", "receipt", receipt, BERTH_OK);
	assert_string_equal(berth_data_str(v, "receipt"), receipt);
	assert_non_null(berth_json_get(v, "deviceCredential"));
	assert_string_equal(state_of(&s, a), "RETIRED");
	berth_json_free(v);
	free(release);
	free(receipt);
	story_end(&s);
}

/* Nobody has onboarded it: there is nobody who would hear. */
static void before_anybody_has_onboarded_it_nothing_is_retired(void **state)
{
	struct story s;

	(void)state;
	story_cast(&s);
	story_birth(&s);
	story_sale(&s);
	berth_json_free(resale_command(s.owner, s.device, "cmd/retire", NULL, BERTH_E_UNAVAILABLE));
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_owner_signs_its_delegate_carries),
		cmocka_unit_test(what_is_signed_is_not_called_back),
		cmocka_unit_test(retired_by_the_same_hand),
		cmocka_unit_test(before_anybody_has_onboarded_it_nothing_is_retired),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
