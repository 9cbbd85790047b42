/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FLOW_CREDENTIALS_H
#define BERTH_TESTS_FLOW_CREDENTIALS_H

/* An issuer and a holder, or a holder and a verifier, and their commands. */
#include "agent/ipc/frame.h"
#include "agent/protocol/credentials.h"
#include "agent/protocol/relation.h"
#include "tests/fakes/pair.h"

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

static inline const char *did_of(struct sim_node *n) { return pair_identity(n, BERTH_ID_OWNER)->did_long; }

/* The key of the thread with that peer. */
static inline void key_of(struct sim_node *n, struct sim_node *peer, const char *thid, char key[65])
{
	sim_as(n);
	CHECK_OK(berth_thread_key(berth_agent_env(n->agent), pair_identity(peer, BERTH_ID_OWNER)->did, thid, key));
}

static inline enum berth_err command(struct sim_node *n, struct sim_node *peer, const char *machine, const char *thid,
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

static inline struct berth_json *instance(struct sim_node *n, struct sim_node *peer, const char *machine, const char *thid)
{
	struct berth_json *v = NULL;
	char key[65];

	key_of(n, peer, thid, key);
	CHECK_OK(berth_agent_instance(n->agent, machine, key, &v));
	return v;
}

/* The thread's instance becomes this one, which is taken over. */
static inline void put_instance(struct sim_node *n, struct sim_node *peer, const char *machine, const char *thid,
				struct berth_json *v)
{
	struct berth_buf out = BERTH_BUF_INIT;
	char key[65];

	CHECK_OK(berth_json_print(&out, v));
	key_of(n, peer, thid, key);
	CHECK_OK(berth_store_begin(n->store));
	CHECK_OK(berth_store_put(n->store, machine, key, out.p, out.len));
	CHECK_OK(berth_store_commit(n->store));
	berth_json_free(v);
	berth_buf_free(&out);
}

static inline void is_in(struct sim_node *n, struct sim_node *peer, const char *machine, const char *thid, const char *state)
{
	char key[65];

	key_of(n, peer, thid, key);
	assert_string_equal(sim_state(n, machine, key), state);
}

/* The first one that is held; without any the id is "". */
static inline enum berth_err keep(void *arg, const struct berth_credential *c)
{
	char *id = arg;

	if (!*id)
		memcpy(id, c->id, sizeof(c->id));
	return BERTH_OK;
}

static inline struct berth_credential held(struct sim_node *n)
{
	struct berth_credential c = { .json = NULL };
	char id[BERTH_CREDENTIAL_ID_MAX + 1] = "";

	sim_as(n);
	CHECK_OK(berth_credentials_each(berth_agent_env(n->agent), keep, id));
	if (*id)
		CHECK_OK(berth_credential_get(berth_agent_env(n->agent), id, &c));
	return c;
}

static inline char *offer_args(const char *format, const char *credential)
{
	char *args = NULL;

	assert_true(asprintf(&args, "\"format\":\"%s\",\"credential\":%s,\"comment\":\"your degree\"", format, credential) > 0);
	return args;
}

/* a offers, b accepts. */
static inline void issue(struct pair *p, const char *thid, const char *format, const char *credential)
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
static inline void present(struct pair *p, const char *thid, const char *more)
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

static inline void say(struct sim_node *from, struct sim_node *to, const char *identity, const char *type, const char *thid,
		const char *body, const char *attachments)
{
	struct berth_env *env = berth_agent_env(from->agent);
	const char *did = did_of(to);
	const struct berth_identity *me = pair_identity(from, identity);
	const struct berth_pack how = { .mode = BERTH_PACK_AUTHCRYPT, .from = me->did_long, .to = did,
		.resolver = env->resolver, .keyring = from->keys->keyring };
	struct berth_json *b, *a;
	struct berth_message m;

	sim_as(from);
	CHECK_OK(berth_json_parse(&b, body, strlen(body), BERTH_JSON_MAX));
	CHECK_OK(berth_message_new(&m, type, me->did_long, did, thid, b));
	if (attachments) {
		CHECK_OK(berth_json_parse(&a, attachments, strlen(attachments), BERTH_JSON_MAX));
		CHECK_OK(berth_message_set_json(&m, "attachments", a));
	}
	sim_inject_message(to, &how, &m);
}

static inline const char *error_of(const struct berth_json *instance)
{
	const char *e = S(berth_json_get(instance, "data"), "error");

	return e ? e : "";
}

#endif
