/* SPDX-License-Identifier: Apache-2.0 */
/* issue-credential, present-proof and revocation_notification between two agents: in both
 * versions, in order and out of it. */
#include "agent/protocol/exchange.h"
#include "agent/protocol/revocation.h"
#include "did/url.h"
#include "tests/flow/credentials.h"

/* There is no presentation of a vc-jwt: neither by its id nor when one is looked for. */
static void is_not_presented(struct pair *p)
{
	struct berth_credential h = held(p->b);
	char args[120];

	CHECK_OK(command(p->a, p->b, "proof", "p-1", "cmd/request", "\"presentationDefinition\":" PEX));
	pair_settle(p, 10);
	snprintf(args, sizeof(args), "\"credentials\":[\"%s\"]", h.id);
	CHECK_RC(BERTH_E_ALG, command(p->b, p->a, "proof", "p-1", "cmd/accept", args));
	CHECK_RC(BERTH_E_NOMATCH, command(p->b, p->a, "proof", "p-1", "cmd/accept", NULL));
	is_in(p->b, p->a, "proof", "p-1", "request-received");
	berth_credential_free(&h);
}

static void offered_accepted_shown_and_revoked(void **state)
{
	static const struct { const char *format, *credential, *more; } rows[] = {
		{ "vc+jwt", W3C, "" }, { "di", W3C, "" }, { "dc+sd-jwt", SD, ",\"disclose\":[\"/degree\"]" },
		{ "vc+sd-jwt", W3C, "" }, { "vc-jwt", W3C1, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct berth_credential h;
		struct pair p;

		pair_make(&p);
		pair_introduce(&p);
		issue(&p, "t-1", rows[i].format, rows[i].credential);
		h = held(p.b);
		assert_string_equal(h.format, rows[i].format);
		assert_true(berth_did_same(h.issuer, did_of(p.a)));
		berth_credential_free(&h);
		sim_off(p.b);
		sim_on(p.b);
		if (rows[i].more)
			present(&p, "p-1", rows[i].more);
		else
			is_not_presented(&p);
		CHECK_OK(command(p.a, p.b, "issue", "t-1", "cmd/revoke", "\"comment\":\"left\""));
		pair_settle(&p, 10);
		h = held(p.b);
		assert_true(h.revoked);
		assert_int_equal(pair_audit(p.b, "was revoked by"), 1);
		berth_credential_free(&h);
		pair_free(&p);
	}
}

/* proposal, counter-offer, and a request without an offer */
static void the_holder_may_begin(void **state)
{
	char *args = offer_args("vc+jwt", W3C);
	struct pair p;

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	CHECK_OK(command(p.b, p.a, "issue", "t-1", "cmd/propose", args));
	pair_settle(&p, 10);
	is_in(p.a, p.b, "issue", "t-1", "proposal-received");
	CHECK_OK(command(p.a, p.b, "issue", "t-1", "cmd/accept", NULL));
	pair_settle(&p, 10);
	is_in(p.b, p.a, "issue", "t-1", "offer-received");
	CHECK_OK(command(p.b, p.a, "issue", "t-1", "cmd/propose", args));
	pair_settle(&p, 10);
	is_in(p.a, p.b, "issue", "t-1", "proposal-received");
	CHECK_OK(command(p.a, p.b, "issue", "t-1", "cmd/accept", NULL));
	pair_settle(&p, 10);
	CHECK_OK(command(p.b, p.a, "issue", "t-1", "cmd/accept", NULL));
	pair_settle(&p, 10);
	is_in(p.b, p.a, "issue", "t-1", "done");
	CHECK_OK(command(p.b, p.a, "issue", "t-2", "cmd/request", args));
	pair_settle(&p, 10);
	is_in(p.a, p.b, "issue", "t-2", "request-received");	/* nobody has offered that: a person decides */
	CHECK_OK(command(p.a, p.b, "issue", "t-2", "cmd/accept", NULL));
	pair_settle(&p, 10);
	is_in(p.b, p.a, "issue", "t-2", "done");
	CHECK_OK(command(p.b, p.a, "proof", "p-1", "cmd/propose", NULL));
	pair_settle(&p, 10);
	is_in(p.a, p.b, "proof", "p-1", "proposal-received");
	present(&p, "p-1", "");
	free(args);
	pair_free(&p);
}

static void either_side_may_say_no(void **state)
{
	char *args = offer_args("vc+jwt", W3C);
	struct pair p;

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	CHECK_OK(command(p.a, p.b, "issue", "t-1", "cmd/offer", args));
	pair_settle(&p, 10);
	CHECK_OK(command(p.b, p.a, "issue", "t-1", "cmd/decline", NULL));
	pair_settle(&p, 10);
	is_in(p.b, p.a, "issue", "t-1", "abandoned");
	is_in(p.a, p.b, "issue", "t-1", "abandoned");
	CHECK_RC(BERTH_E_TYPE, command(p.b, p.a, "issue", "t-1", "cmd/accept", NULL));
	CHECK_OK(command(p.a, p.b, "proof", "p-1", "cmd/request", "\"dcqlQuery\":" DCQL));
	pair_settle(&p, 10);
	CHECK_OK(command(p.a, p.b, "proof", "p-1", "cmd/decline", NULL));
	pair_settle(&p, 10);
	is_in(p.b, p.a, "proof", "p-1", "abandoned");
	p.b->policy.accept_offers = BERTH_OFFERS_PEERS;
	CHECK_OK(command(p.a, p.b, "issue", "t-2", "cmd/offer", args));
	pair_settle(&p, 10);
	is_in(p.b, p.a, "issue", "t-2", "done");	/* by policy, nobody is asked */
	free(args);
	pair_free(&p);
}

/* ---- messages that no agent of ours would send ---- */

#define DETAIL(format) "[{\"id\":\"d\",\"format\":\"" format "\",\"data\":{\"json\":{\"credential\":" W3C "}}}]"
#define DETAIL2 "[{\"id\":\"d\",\"data\":{\"json\":{\"credential\":" W3C "}}}]"
#define FORMATS2 "{\"formats\":[{\"attach_id\":\"d\",\"format\":\"aries/ld-proof-vc-detail@v1.0\"}]}"

/* 2.0 says formats in the body; it is answered in 2.0, and nobody changes versions. */
static void version_2_is_answered_in_version_2(void **state)
{
	struct berth_json *v;
	struct pair p;

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	say(p.b, p.a, BERTH_ID_OWNER, ISSUE2 "request-credential", "t-1", FORMATS2, DETAIL2);
	is_in(p.a, p.b, "issue", "t-1", "request-received");
	CHECK_OK(command(p.a, p.b, "issue", "t-1", "cmd/accept", NULL));
	v = instance(p.a, p.b, "issue", "t-1");
	assert_string_equal(S(berth_json_get(v, "data"), "version"), "2.0");
	assert_string_equal(S(berth_json_get(v, "data"), "format"), "di");
	berth_json_free(v);
	say(p.b, p.a, BERTH_ID_OWNER, ISSUE3 "ack", "t-1", "{}", NULL);
	is_in(p.a, p.b, "issue", "t-1", "credential-issued");
	say(p.b, p.a, BERTH_ID_OWNER, ISSUE2 "ack", "t-1", "{}", NULL);
	is_in(p.a, p.b, "issue", "t-1", "done");
	pair_free(&p);
}

/* Out of order, twice, by somebody else, of nothing that we have. */
static void c076_c075_steps_out_of_order_and_by_others(void **state)
{
	struct sim_node *c;
	struct pair p;
	char key[65];

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	c = pair_third(&p, "c");
	say(p.b, p.a, BERTH_ID_OWNER, ISSUE3 "issue-credential", "t-1", "{}", NULL);	/* before any request */
	key_of(p.a, p.b, "t-1", key);
	assert_string_equal(sim_state(p.a, "issue", key), "");
	say(p.b, p.a, BERTH_ID_OWNER, ISSUE3 "request-credential", "t-1", "{}", DETAIL("hlindy/cred-req@v2.0"));
	assert_string_equal(sim_state(p.a, "issue", key), "");
	say(p.b, p.a, BERTH_ID_OWNER, ISSUE3 "request-credential", "t-1", "{}", NULL);
	assert_string_equal(sim_state(p.a, "issue", key), "");
	say(p.b, p.a, BERTH_ID_OWNER, ISSUE3 "request-credential", "t-1", "{}", DETAIL("urn:berth:vc+jwt-detail@v1.0"));
	is_in(p.a, p.b, "issue", "t-1", "request-received");
	say(p.b, p.a, BERTH_ID_OWNER, ISSUE3 "request-credential", "t-1", "{}", DETAIL("urn:berth:vc+jwt-detail@v1.0"));
	say(p.b, p.a, BERTH_ID_OWNER, ISSUE3 "ack", "t-1", "{}", NULL);
	is_in(p.a, p.b, "issue", "t-1", "request-received");
	pair_settle(&p, 30);
	assert_true(pair_audit(p.a, "refused: E_TYPE") >= 4);
	assert_true(pair_audit(p.b, "reports e.m.msg") >= 3);	/* b hears of each */
	CHECK_OK(command(p.a, p.b, "issue", "t-1", "cmd/accept", NULL));
	CHECK_RC(BERTH_E_TYPE, command(p.a, p.b, "issue", "t-1", "cmd/accept", NULL));	/* issued once */
	say(c, p.a, BERTH_ID_OWNER, ISSUE3 "ack", "t-1", "{}", NULL);	/* another's thread of that name is another */
	say(c, p.a, BERTH_ID_OWNER, ISSUE3 "request-credential", "t-1", "{}", DETAIL("urn:berth:vc+jwt-detail@v1.0"));
	is_in(p.a, p.b, "issue", "t-1", "credential-issued");
	assert_int_equal(pair_audit(p.a, "E_AUTHZ: request-credential from a stranger"), 1);
	pair_free(&p);
}

/* One peer has its share of what is open, and what has ended makes room. */
static void exchanges_are_bounded(void **state)
{
	struct pair p;
	char thid[24];
	int64_t n;

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	for (int i = 0; i <= BERTH_EXCHANGES_PEER_MAX; i++) {
		snprintf(thid, sizeof(thid), "t-%d", i);
		say(p.b, p.a, BERTH_ID_OWNER, PROOF3 "propose-presentation", thid, "{}", NULL);
	}
	CHECK_OK(berth_store_count(p.a->store, "proof", &n));
	assert_int_equal(n, BERTH_EXCHANGES_PEER_MAX);
	CHECK_OK(command(p.a, p.b, "proof", "t-0", "cmd/decline", NULL));
	say(p.b, p.a, BERTH_ID_OWNER, PROOF3 "propose-presentation", "t-x", "{}", NULL);
	is_in(p.a, p.b, "proof", "t-x", "proposal-received");
	sim_as(p.a);
	for (int i = 0; i <= BERTH_EXCHANGES_MAX; i++) {	/* ours, each of them to its end */
		snprintf(thid, sizeof(thid), "u-%d", i);
		CHECK_OK(command(p.a, p.b, "proof", thid, "cmd/request", "\"presentationDefinition\":" PEX));
		CHECK_OK(command(p.a, p.b, "proof", thid, "cmd/decline", NULL));
		if (i % 32 == 0)
			pair_settle(&p, 10);
	}
	CHECK_OK(berth_store_count(p.a->store, "proof", &n));
	assert_int_equal(n, BERTH_EXCHANGES_MAX);
	is_in(p.a, p.b, "proof", "t-x", "proposal-received");
	pair_free(&p);
}

/* ---- revocation ---- */

static void only_the_issuer_revokes(void **state)
{
	struct berth_credential h;
	struct pair p;
	char body[200];

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	issue(&p, "t-1", "vc+jwt", W3C);
	h = held(p.b);
	sim_as(p.a);
	CHECK_OK(berth_agent_make_identity(p.a->agent, "other", BERTH_KEY_ED25519, BERTH_AGREE_TYPE, 0, true));
	sim_as(p.b);
	CHECK_OK(berth_store_begin(p.b->store));
	CHECK_OK(berth_agent_env(p.b->agent)->learn(berth_agent_env(p.b->agent), pair_identity(p.a, "other")->did_long));
	CHECK_OK(berth_store_commit(p.b->store));
	snprintf(body, sizeof(body), "{\"revocation_format\":\"%s\",\"credential_id\":\"%s\"}", BERTH_REVOCATION_FORMAT, h.id);
	say(p.a, p.b, "other", BERTH_PIURI_REVOCATION "revoke", NULL, body, NULL);
	say(p.a, p.b, BERTH_ID_OWNER, BERTH_PIURI_REVOCATION "revoke", NULL, "{\"credential_id\":\"x\"}", NULL);
	say(p.a, p.b, BERTH_ID_OWNER, BERTH_PIURI_REVOCATION "revoke", NULL,
	    "{\"revocation_format\":\"indy\",\"credential_id\":\"nobody-has-it\"}", NULL);
	berth_credential_free(&h);
	h = held(p.b);
	assert_false(h.revoked);
	assert_int_equal(pair_audit(p.b, "E_AUTHZ"), 1);
	assert_int_equal(pair_audit(p.b, "E_NOMATCH"), 1);
	say(p.a, p.b, BERTH_ID_OWNER, BERTH_PIURI_REVOCATION "revoke", NULL, body, NULL);
	berth_credential_free(&h);
	h = held(p.b);
	assert_true(h.revoked);
	snprintf(body, sizeof(body), "\"credentials\":[\"%s\"]", h.id);
	CHECK_OK(command(p.a, p.b, "proof", "p-1", "cmd/request", "\"presentationDefinition\":" PEX));
	pair_settle(&p, 10);
	CHECK_RC(BERTH_E_STATUS, command(p.b, p.a, "proof", "p-1", "cmd/accept", body));
	berth_credential_free(&h);
	pair_free(&p);
}

static void every_fault_ends_in_one_credential(void **state)
{
	(void)state;
	for (int f = FAULT_LOSE_REQUEST; f <= FAULT_LATE; f++)
		for (size_t at = 1; at <= 4; at++) {
			char *args = offer_args("vc+jwt", W3C);
			struct berth_credential h;
			struct pair p;

			pair_make(&p);
			pair_introduce(&p);
			p.b->policy.accept_offers = BERTH_OFFERS_PEERS;
			p.w.fault = (enum fault)f;
			p.w.fault_at = p.w.sent + at;
			CHECK_OK(command(p.a, p.b, "issue", "t-1", "cmd/offer", args));
			pair_settle(&p, 120);
			is_in(p.b, p.a, "issue", "t-1", "done");
			is_in(p.a, p.b, "issue", "t-1", "done");
			assert_int_equal(pair_audit(p.a, "issued to"), 1);
			h = held(p.b);
			assert_non_null(h.json);
			berth_credential_free(&h);
			free(args);
			pair_free(&p);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offered_accepted_shown_and_revoked),
		cmocka_unit_test(the_holder_may_begin),
		cmocka_unit_test(either_side_may_say_no),
		cmocka_unit_test(version_2_is_answered_in_version_2),
		cmocka_unit_test(c076_c075_steps_out_of_order_and_by_others),
		cmocka_unit_test(only_the_issuer_revokes),
		cmocka_unit_test(exchanges_are_bounded),
		cmocka_unit_test(every_fault_ends_in_one_credential),
	};

	return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
