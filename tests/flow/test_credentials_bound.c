/* SPDX-License-Identifier: Apache-2.0 */
/* A presentation is bound to who asked, for this purpose, now; and who is trusted to issue. */
#include "tests/flow/credentials.h"
#include "vc/policy.h"

#define REQUEST(options) "[{\"id\":\"q\",\"format\":\"dif/presentation-exchange/definitions@v1.0\",\"data\":{\"json\":{" \
			 options "\"presentation_definition\":" PEX "}}}]"

static void c129_challenge_and_domain_are_there_and_new_and_of_who_asks(void **state)
{
	static const char *const bad[] = {
		REQUEST(""), REQUEST("\"options\":{\"domain\":\"x.example\"},"), REQUEST("\"options\":{\"challenge\":\"0123456789\"},"),
		REQUEST("\"options\":{\"challenge\":\"short\",\"domain\":\"x.example\"},"),
		REQUEST("\"options\":{\"challenge\":\"0123456789\",\"domain\":\"\"},"),
		REQUEST("\"options\":{\"challenge\":\"0123456789\",\"domain\":\"did:example:somebody\"},"),
		REQUEST("\"options\":{\"challenge\":1,\"domain\":\"x.example\"},"),
	};
	struct berth_credential h;
	struct pair p;
	char key[65], args[120];

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	issue(&p, "t-1", "vc+jwt", W3C);
	h = held(p.b);
	snprintf(args, sizeof(args), "\"credentials\":[\"%s\"]", h.id);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		say(p.a, p.b, BERTH_ID_OWNER, PROOF3 "request-presentation", "p-1", "{}", bad[i]);
		key_of(p.b, p.a, "p-1", key);
		assert_string_equal(sim_state(p.b, "proof", key), "");
	}
	say(p.a, p.b, BERTH_ID_OWNER, PROOF3 "request-presentation", "p-1", "{}",
	    REQUEST("\"options\":{\"challenge\":\"0123456789\",\"domain\":\"x.example\"},"));
	is_in(p.b, p.a, "proof", "p-1", "request-received");
	CHECK_OK(command(p.b, p.a, "proof", "p-1", "cmd/accept", args));
	is_in(p.b, p.a, "proof", "p-1", "done");	/* no confirmation was promised */
	sim_off(p.b);
	sim_on(p.b);
	say(p.a, p.b, BERTH_ID_OWNER, PROOF3 "request-presentation", "p-2", "{}",
	    REQUEST("\"options\":{\"challenge\":\"0123456789\",\"domain\":\"x.example\"},"));
	key_of(p.b, p.a, "p-2", key);
	assert_string_equal(sim_state(p.b, "proof", key), "");	/* answered before, over a restart */
	assert_int_equal(pair_audit(p.b, "E_REPLAY: a challenge that was answered before"), 1);
	berth_credential_free(&h);
	pair_free(&p);
}

static void edit_challenge(struct sim_node *n, struct sim_node *peer, const char *thid, const char *member, const char *text)
{
	struct berth_json *v = instance(n, peer, "proof", thid);

	CHECK_OK(berth_json_set_str(berth_json_get_mut(v, "data"), member, text));
	put_instance(n, peer, "proof", thid, v);
}

/* What answers another challenge, or was made for another domain: refused, and the
 * challenge has served. */
static void c129_a_presentation_for_another_challenge_or_domain(void **state)
{
	static const char *const members[] = { "challenge", "domain" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct berth_credential h;
		struct berth_json *v;
		struct pair p;
		char args[120];

		pair_make(&p);
		pair_introduce(&p);
		issue(&p, "t-1", "di", W3C);
		h = held(p.b);
		snprintf(args, sizeof(args), "\"credentials\":[\"%s\"]", h.id);
		CHECK_OK(command(p.a, p.b, "proof", "p-1", "cmd/request", "\"presentationDefinition\":" PEX));
		pair_settle(&p, 10);
		edit_challenge(p.b, p.a, "p-1", members[i], "another-one");
		CHECK_OK(command(p.b, p.a, "proof", "p-1", "cmd/accept", args));
		pair_settle(&p, 10);
		is_in(p.a, p.b, "proof", "p-1", "abandoned");
		is_in(p.b, p.a, "proof", "p-1", "abandoned");
		v = instance(p.a, p.b, "proof", "p-1");
		assert_false(berth_json_bool(berth_json_get(berth_json_get(v, "data"), "verified"), true));
		berth_json_free(v);
		assert_int_equal(pair_audit(p.a, ": E_HOLDER"), 1);
		assert_int_equal(pair_audit(p.b, "reports e.p.trust"), 1);
		berth_credential_free(&h);
		pair_free(&p);
	}
}

/* From now on n's policy has one rule: that issuer, for whatever type. */
static void judge_by(struct sim_node *n, const char *issuer)
{
	static const char *issuers[1];
	static struct berth_vc_rule rule;
	static const struct berth_vc_policy policy = { &rule, 1 };
	static const struct berth_verify judging = { .policy = &policy };

	issuers[0] = issuer;
	rule = (struct berth_vc_rule){ .name = "degrees", .issuers = issuers, .n_issuers = 1 };
	n->policy.judging = &judging;
}

/* Of an issuer that the policy does not name another's credential is E_AUTHZ. */
static void c116_the_issuer_is_trusted_or_not(void **state)
{
	struct berth_credential h;
	struct berth_json *v;
	struct pair p;
	char args[120];

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	issue(&p, "t-1", "vc+jwt", W3C);
	h = held(p.b);
	snprintf(args, sizeof(args), "\"credentials\":[\"%s\"]", h.id);
	judge_by(p.a, "did:example:somebody");
	CHECK_OK(command(p.a, p.b, "proof", "p-1", "cmd/request", "\"presentationDefinition\":" PEX));
	pair_settle(&p, 10);
	CHECK_OK(command(p.b, p.a, "proof", "p-1", "cmd/accept", args));
	pair_settle(&p, 10);
	is_in(p.a, p.b, "proof", "p-1", "abandoned");
	v = instance(p.a, p.b, "proof", "p-1");
	assert_string_equal(error_of(v), "E_AUTHZ");
	berth_json_free(v);
	judge_by(p.a, did_of(p.a));	/* the twin */
	present(&p, "p-2", "");
	berth_credential_free(&h);
	pair_free(&p);
}

/* What the policy does not take of others is not taken in. */
static void c116_a_holder_has_a_policy_too(void **state)
{
	char *args = offer_args("vc+jwt", W3C);
	struct berth_credential h;
	struct pair p;

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	judge_by(p.b, "did:example:somebody");
	CHECK_OK(command(p.a, p.b, "issue", "t-1", "cmd/offer", args));
	pair_settle(&p, 10);
	CHECK_OK(command(p.b, p.a, "issue", "t-1", "cmd/accept", NULL));
	pair_settle(&p, 10);
	is_in(p.b, p.a, "issue", "t-1", "abandoned");
	h = held(p.b);
	assert_null(h.json);
	assert_int_equal(pair_audit(p.b, "E_AUTHZ: the credential: policy degrees"), 1);
	judge_by(p.b, did_of(p.a));	/* the twin */
	issue(&p, "t-2", "vc+jwt", W3C);
	free(args);
	pair_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c129_challenge_and_domain_are_there_and_new_and_of_who_asks),
		cmocka_unit_test(c129_a_presentation_for_another_challenge_or_domain),
		cmocka_unit_test(c116_the_issuer_is_trusted_or_not),
		cmocka_unit_test(c116_a_holder_has_a_policy_too),
	};

	return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
