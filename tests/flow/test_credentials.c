/* SPDX-License-Identifier: Apache-2.0 */
/* issue-credential, present-proof and revocation_notification between two agents. */
#include "agent/protocol/credentials.h"
#include "agent/protocol/exchange.h"
#include "agent/protocol/problem.h"
#include "agent/protocol/relation.h"
#include "agent/protocol/revocation.h"
#include "did/url.h"
#include "didcomm/pack.h"
#include "tests/fakes/pair.h"
#include "vc/policy.h"
#include "agent/ipc/frame.h"

#define ISSUE3 "https://didcomm.org/issue-credential/3.0/"
#define ISSUE2 "https://didcomm.org/issue-credential/2.0/"
#define PROOF3 "https://didcomm.org/present-proof/3.0/"
#define W3C "{\"@context\":[\"https://www.w3.org/ns/credentials/v2\"],\"type\":[\"VerifiableCredential\"]," \
	    "\"credentialSubject\":{\"degree\":\"BSc\"}}"
#define W3C1 "{\"@context\":[\"https://www.w3.org/2018/credentials/v1\"],\"type\":[\"VerifiableCredential\"]," \
	     "\"issuanceDate\":\"2020-01-01T00:00:00Z\",\"credentialSubject\":{\"degree\":\"BSc\"}}"
#define SD "{\"vct\":\"urn:example:degree\",\"degree\":\"BSc\",\"grade\":1}"
#define FIELD(path) "{\"id\":\"q\",\"input_descriptors\":[{\"id\":\"d\",\"constraints\":{\"fields\":[{\"path\":[" path "]}]}}]}"
#define PEX FIELD("\"$.credentialSubject.degree\",\"$.degree\"")
#define DCQL "{\"credentials\":[{\"id\":\"c\",\"format\":\"dc+sd-jwt\",\"meta\":{\"vct_values\":[\"urn:example:degree\"]}," \
	     "\"claims\":[{\"path\":[\"degree\"]}]}]}"
#define S(v, key) berth_json_str(berth_json_get(v, key))

static const char *did_of(struct sim_node *n) { return pair_identity(n, BERTH_ID_OWNER)->did_long; }

/* The key of the thread with that peer. */
static void key_of(struct sim_node *n, struct sim_node *peer, const char *thid, char key[65])
{
	sim_as(n);
	CHECK_OK(berth_thread_key(berth_agent_env(n->agent), pair_identity(peer, BERTH_ID_OWNER)->did, thid, key));
}

static enum berth_err command(struct sim_node *n, struct sim_node *peer, const char *machine, const char *thid,
			      const char *on, const char *members)
{
	struct berth_json *v;
	char key[65], *args = NULL;
	enum berth_err rc;

	key_of(n, peer, thid, key);
	assert_true(asprintf(&args, "{\"to\":\"%s\",\"thid\":\"%s\"%s%s}", did_of(peer), thid, members ? "," : "",
			     members ? members : "") > 0);
	CHECK_OK(berth_json_parse_object(&v, args, strlen(args), BERTH_JSON_MAX));
	rc = berth_agent_command(n->agent, machine, key, on, v, NULL);
	berth_json_free(v);
	free(args);
	return rc;
}

static struct berth_json *instance(struct sim_node *n, struct sim_node *peer, const char *machine, const char *thid)
{
	struct berth_json *v = NULL;
	char key[65];

	key_of(n, peer, thid, key);
	CHECK_OK(berth_agent_instance(n->agent, machine, key, &v));
	return v;
}

static void is_in(struct sim_node *n, struct sim_node *peer, const char *machine, const char *thid, const char *state)
{
	char key[65];

	key_of(n, peer, thid, key);
	assert_string_equal(sim_state(n, machine, key), state);
}

/* The first one that is held; without any the id is "". */
static enum berth_err keep(void *arg, const struct berth_credential *c)
{
	char *id = arg;

	if (!*id)
		memcpy(id, c->id, sizeof(c->id));
	return BERTH_OK;
}

static struct berth_credential held(struct sim_node *n)
{
	struct berth_credential c = { .json = NULL };
	char id[BERTH_CREDENTIAL_ID_MAX + 1] = "";

	sim_as(n);
	CHECK_OK(berth_credentials_each(berth_agent_env(n->agent), keep, id));
	if (*id)
		CHECK_OK(berth_credential_get(berth_agent_env(n->agent), id, &c));
	return c;
}

static char *offer_args(const char *format, const char *credential)
{
	char *args = NULL;

	assert_true(asprintf(&args, "\"format\":\"%s\",\"credential\":%s,\"comment\":\"your degree\"", format, credential) > 0);
	return args;
}

/* a offers, b accepts. */
static void issue(struct pair *p, const char *thid, const char *format, const char *credential)
{
	char *args = offer_args(format, credential);

	CHECK_OK(command(p->a, p->b, "issue", thid, "cmd/offer", args));
	pair_settle(p, 10);
	is_in(p->a, p->b, "issue", thid, "offer-sent");
	is_in(p->b, p->a, "issue", thid, "offer-received");
	CHECK_OK(command(p->b, p->a, "issue", thid, "cmd/accept", NULL));
	pair_settle(p, 10);
	is_in(p->b, p->a, "issue", thid, "done");
	is_in(p->a, p->b, "issue", thid, "done");
	free(args);
}

/* a asks, b shows what it holds. */
static void present(struct pair *p, const char *thid, const char *more)
{
	struct berth_credential h = held(p->b);
	struct berth_json *v;
	char args[300];

	CHECK_OK(command(p->a, p->b, "proof", thid, "cmd/request", "\"presentationDefinition\":" PEX));
	pair_settle(p, 10);
	is_in(p->b, p->a, "proof", thid, "request-received");
	snprintf(args, sizeof(args), "\"credentials\":[\"%s\"]%s", h.id, more);
	CHECK_OK(command(p->b, p->a, "proof", thid, "cmd/accept", args));
	pair_settle(p, 10);
	is_in(p->b, p->a, "proof", thid, "done");
	is_in(p->a, p->b, "proof", thid, "done");
	v = instance(p->a, p->b, "proof", thid);
	assert_true(berth_json_bool(berth_json_get(berth_json_get(v, "data"), "verified"), false));
	berth_json_free(v);
	berth_credential_free(&h);
}

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
static void say(struct sim_node *from, struct sim_node *to, const char *identity, const char *type, const char *thid,
		const char *body, const char *attachments)
{
	struct berth_env *env = berth_agent_env(from->agent);
	const char *did = did_of(to);
	const struct berth_identity *me = pair_identity(from, identity);
	const struct berth_pack how = { .mode = BERTH_PACK_AUTHCRYPT, .from = me->did_long, .to = did,
		.resolver = env->resolver, .keyring = from->keys->keyring };
	struct berth_buf packed = BERTH_BUF_INIT, frame = BERTH_BUF_INIT;
	struct berth_frame_request q = { .media = BERTH_FRAME_ENCRYPTED };
	struct berth_json *b, *a;
	struct berth_message m;

	sim_as(from);
	CHECK_OK(berth_json_parse(&b, body, strlen(body), BERTH_JSON_MAX));
	CHECK_OK(berth_message_new(&m, type, me->did_long, did, thid, b));
	if (attachments) {
		CHECK_OK(berth_json_parse(&a, attachments, strlen(attachments), BERTH_JSON_MAX));
		CHECK_OK(berth_message_set_json(&m, "attachments", a));
	}
	CHECK_OK(berth_pack(&packed, &how, &m));
	q.msg = packed.p;
	q.msg_len = packed.len;
	CHECK_OK(berth_frame_request_encode(&frame, &q));
	sim_inject(to, frame.p, frame.len);
	berth_message_free(&m);
	berth_buf_free(&packed);
	berth_buf_free(&frame);
}

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

/* ---- holder binding ---- */
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
	struct berth_buf out = BERTH_BUF_INIT;
	char key[65];

	CHECK_OK(berth_json_set_str(berth_json_get_mut(v, "data"), member, text));
	CHECK_OK(berth_json_print(&out, v));
	key_of(n, peer, thid, key);
	CHECK_OK(berth_store_begin(n->store));
	CHECK_OK(berth_store_put(n->store, "proof", key, out.p, out.len));
	CHECK_OK(berth_store_commit(n->store));
	berth_json_free(v);
	berth_buf_free(&out);
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

static const char *error_of(const struct berth_json *instance)
{
	const char *e = S(berth_json_get(instance, "data"), "error");

	return e ? e : "";
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

/* ---- queries ---- */

/* Nobody chooses: what answers the query is found, and no more of it is shown. */
static void answered_from_what_is_held(void **state)
{
	const struct berth_json *shown;
	struct berth_json *v;
	struct pair p;

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	issue(&p, "t-1", "vc+jwt", W3C);
	CHECK_OK(command(p.a, p.b, "proof", "p-1", "cmd/request", "\"dcqlQuery\":" DCQL));
	pair_settle(&p, 10);
	CHECK_RC(BERTH_E_NOMATCH, command(p.b, p.a, "proof", "p-1", "cmd/accept", NULL));
	is_in(p.b, p.a, "proof", "p-1", "request-received");
	issue(&p, "t-2", "dc+sd-jwt", SD);
	CHECK_OK(command(p.b, p.a, "proof", "p-1", "cmd/accept", NULL));	/* the twin */
	pair_settle(&p, 10);
	is_in(p.a, p.b, "proof", "p-1", "done");
	v = instance(p.a, p.b, "proof", "p-1");
	shown = berth_json_get(berth_json_get(berth_json_get(v, "data"), "report"), "credential");
	assert_string_equal(S(shown, "degree"), "BSc");
	assert_null(berth_json_get(shown, "grade"));
	berth_json_free(v);
	CHECK_OK(command(p.a, p.b, "proof", "p-2", "cmd/request", "\"presentationDefinition\":" FIELD("\"$.credentialSubject.degree\"")));
	pair_settle(&p, 10);
	CHECK_OK(command(p.b, p.a, "proof", "p-2", "cmd/accept", NULL));
	pair_settle(&p, 10);
	is_in(p.a, p.b, "proof", "p-2", "done");
	pair_free(&p);
}

/* The query of an instance becomes another. */
static void edit_query(struct sim_node *n, struct sim_node *peer, const char *thid, const char *query)
{
	struct berth_json *v = instance(n, peer, "proof", thid), *q;
	struct berth_buf out = BERTH_BUF_INIT;
	char key[65];

	CHECK_OK(berth_json_parse_object(&q, query, strlen(query), BERTH_JSON_MAX));
	CHECK_OK(berth_json_set(berth_json_get_mut(v, "data"), "query", q));
	CHECK_OK(berth_json_print(&out, v));
	key_of(n, peer, thid, key);
	CHECK_OK(berth_store_begin(n->store));
	CHECK_OK(berth_store_put(n->store, "proof", key, out.p, out.len));
	CHECK_OK(berth_store_commit(n->store));
	berth_json_free(v);
	berth_buf_free(&out);
}

/* A holder who shows something else, or less, than was asked for: everything that was
 * shown is good, and the verdict is no all the same. */
static void what_does_not_answer_is_no_proof(void **state)
{
	static const char *const others[] = { FIELD("\"$.grade\""), FIELD("\"$.vct\"") };
	struct pair p;

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	issue(&p, "t-1", "dc+sd-jwt", SD);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct berth_json *v;
		char thid[8];

		snprintf(thid, sizeof(thid), "p-%zu", i);
		CHECK_OK(command(p.a, p.b, "proof", thid, "cmd/request", "\"presentationDefinition\":" PEX));
		pair_settle(&p, 10);
		edit_query(p.b, p.a, thid, others[i]);
		CHECK_OK(command(p.b, p.a, "proof", thid, "cmd/accept", NULL));
		pair_settle(&p, 10);
		is_in(p.a, p.b, "proof", thid, "abandoned");
		is_in(p.b, p.a, "proof", thid, "abandoned");
		v = instance(p.a, p.b, "proof", thid);
		assert_false(berth_json_bool(berth_json_get(berth_json_get(v, "data"), "verified"), true));
		assert_string_equal(error_of(v), "E_NOMATCH");
		berth_json_free(v);
	}
	present(&p, "p-9", "");		/* the twin */
	pair_free(&p);
}

/* Queries that cannot be read are refused where they are: ours, and a peer's. */
static void queries_that_are_none(void **state)
{
	static const char bad[] = "[{\"id\":\"q\",\"format\":\"urn:berth:dcql@v1.0\",\"data\":{\"json\":{\"options\":{"
				  "\"challenge\":\"0123456789\",\"domain\":\"x.example\"},\"dcql_query\":{\"credentials\":[]}}}}]";
	struct pair p;
	char key[65];

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	CHECK_RC(BERTH_E_TYPE, command(p.a, p.b, "proof", "p-1", "cmd/request", "\"dcqlQuery\":{\"credentials\":[]}"));
	CHECK_RC(BERTH_E_TYPE, command(p.a, p.b, "proof", "p-1", "cmd/request",
				       "\"presentationDefinition\":{\"id\":\"q\",\"input_descriptors\":[]}"));
	CHECK_RC(BERTH_E_TYPE, command(p.a, p.b, "proof", "p-1", "cmd/request", NULL));
	say(p.a, p.b, BERTH_ID_OWNER, PROOF3 "request-presentation", "p-2", "{}", bad);
	key_of(p.b, p.a, "p-2", key);
	assert_string_equal(sim_state(p.b, "proof", key), "");
	assert_int_equal(pair_audit(p.b, "E_TYPE: query"), 1);
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
		cmocka_unit_test(c129_challenge_and_domain_are_there_and_new_and_of_who_asks),
		cmocka_unit_test(c129_a_presentation_for_another_challenge_or_domain),
		cmocka_unit_test(c116_the_issuer_is_trusted_or_not),
		cmocka_unit_test(c116_a_holder_has_a_policy_too),
		cmocka_unit_test(answered_from_what_is_held),
		cmocka_unit_test(what_does_not_answer_is_no_proof),
		cmocka_unit_test(queries_that_are_none),
		cmocka_unit_test(only_the_issuer_revokes),
		cmocka_unit_test(exchanges_are_bounded),
		cmocka_unit_test(every_fault_ends_in_one_credential),
	};

	return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
