/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/pair.h"

#include "agent/ipc/frame.h"
#include "agent/protocol/application.h"
#include "agent/protocol/exchange.h"
#include "agent/protocol/oob.h"
#include "agent/protocol/relation.h"
#include "tests/fakes/story.h"

#define MACHINES (const struct berth_machine *const[]){ &berth_ping_machine, &berth_issue_machine, &berth_proof_machine, \
	&berth_revocation_machine, &berth_app_machine, &berth_problem_machine, \
	&berth_discover_machine, &berth_empty_machine, &berth_oob_machine, &berth_relation_machine }

static void make_node(struct pair *p, struct sim_node **out, const char *name, const char *uri)
{
	struct sim_node *n = sim_add(&p->w, name, uri, MACHINES, sizeof(MACHINES) / sizeof(*MACHINES));
	unsigned purposes = BERTH_PURPOSE_BIT(BERTH_SIGN_DIDCOMM) | BERTH_PURPOSE_BIT(BERTH_SIGN_FROM_PRIOR) |
			    BERTH_PURPOSE_BIT(BERTH_SIGN_VC) | BERTH_PURPOSE_BIT(BERTH_SIGN_SD_JWT) |
			    BERTH_PURPOSE_BIT(BERTH_SIGN_VC_JWT) | BERTH_PURPOSE_BIT(BERTH_SIGN_DI) |
			    BERTH_PURPOSE_BIT(BERTH_SIGN_VP) | BERTH_PURPOSE_BIT(BERTH_SIGN_KB);

	n->policy.apps[0] = (struct berth_application){ .name = "app", .types = { BERTH_PIURI_BASIC "*", "urn:app:*" }, .n_types = 2 };
	n->policy.n_apps = 1;
	sim_on(n);
	CHECK_OK(berth_agent_make_identity(n->agent, BERTH_ID_OWNER, BERTH_KEY_ED25519, BERTH_AGREE_TYPE, purposes, true));
	*out = n;
}

void pair_make(struct pair *p)
{
	*p = (struct pair){ .a = NULL };
	sim_init(&p->w);
	make_node(p, &p->a, "a", "nng+tcp://a.test:1");
	make_node(p, &p->b, "b", "nng+tcp://b.test:1");
}

struct sim_node *pair_third(struct pair *p, const char *name)
{
	static char uri[64];
	struct sim_node *n;

	snprintf(uri, sizeof(uri), "nng+tcp://%s.test:1", name);
	make_node(p, &n, name, uri);
	return n;
}

struct sim_node *pair_mute(struct pair *p, const char *name)
{
	struct sim_node *n;

	make_node(p, &n, name, NULL);
	return n;
}

void pair_free(struct pair *p) { sim_free(&p->w); }

const struct berth_identity *pair_identity(struct sim_node *n, const char *name) { return story_identity(n, name); }

static void learn(struct sim_node *n, const char *did)
{
	sim_as(n);
	CHECK_OK(berth_store_begin(n->store));
	CHECK_OK(berth_agent_env(n->agent)->learn(berth_agent_env(n->agent), did));
	CHECK_OK(berth_store_commit(n->store));
}

void pair_introduce(struct pair *p)
{
	learn(p->a, pair_identity(p->b, BERTH_ID_OWNER)->did_long);
	learn(p->b, pair_identity(p->a, BERTH_ID_OWNER)->did_long);
}

void pair_settle(struct pair *p, int64_t seconds) { sim_wait(&p->w, seconds); }

struct box { struct sim_node *n; struct berth_json *list; };

static enum berth_err take_one(void *arg, const char *key, const uint8_t *p, size_t len)
{
	struct box *b = arg;
	struct berth_buf plain = BERTH_BUF_INIT;
	struct berth_json *v;

	CHECK_OK(b->n->keys->ops->unseal(b->n->keys, key, -1, p, len, &plain));
	CHECK_OK(berth_json_parse_object(&v, (const char *)plain.p, plain.len, BERTH_JSON_MAX));
	CHECK_OK(berth_json_push(b->list, v));
	berth_buf_free(&plain);
	return BERTH_OK;
}

struct berth_json *pair_box(struct sim_node *n)
{
	struct box b = { n, berth_json_new_array() };

	sim_as(n);
	CHECK_OK(berth_store_each(n->store, BERTH_NS_APP_BOX, NULL, take_one, &b));
	return b.list;
}

enum berth_err pair_command(struct sim_node *n, const char *machine, const char *on, const char *args,
			    struct berth_json **result)
{
	struct berth_json *v;
	enum berth_err rc;

	sim_as(n);
	CHECK_OK(berth_json_parse_object(&v, args, strlen(args), BERTH_JSON_MAX));
	rc = berth_agent_command(n->agent, machine, NULL, on, v, result);
	berth_json_free(v);
	return rc;
}

enum berth_err pair_send(struct sim_node *n, const char *to, const char *type, const char *body, const char *members,
			 struct berth_json **result)
{
	char *args = NULL;
	enum berth_err rc;

	assert_true(asprintf(&args, "{\"app\":\"app\",\"to\":\"%s\",\"type\":\"%s\",\"body\":%s%s%s}", to, type, body,
			     members ? "," : "", members ? members : "") > 0);
	rc = pair_command(n, "app", "cmd/send", args, result);
	free(args);
	return rc;
}

enum berth_err pair_ack(struct sim_node *n, int64_t up_to)
{
	char args[80];

	snprintf(args, sizeof(args), "{\"app\":\"app\",\"upTo\":%lld}", (long long)up_to);
	return pair_command(n, "app", "cmd/ack", args, NULL);
}

void pair_report(struct sim_node *from, struct sim_node *to, const char *pthid, struct berth_json *body)
{
	struct berth_env *env = berth_agent_env(from->agent);
	const char *did = pair_identity(to, BERTH_ID_OWNER)->did_long;
	const struct berth_identity *me = pair_identity(from, BERTH_ID_OWNER);
	const struct berth_pack how = { .mode = BERTH_PACK_AUTHCRYPT, .from = me->did_long, .to = did,
		.resolver = env->resolver, .keyring = from->keys->keyring };
	struct berth_message m;

	sim_as(from);
	CHECK_OK(berth_message_new(&m, "https://didcomm.org/report-problem/2.0/problem-report", me->did_long, did, NULL, body));
	CHECK_OK(berth_message_set(&m, "pthid", pthid));
	sim_inject_message(to, &how, &m);
}

int pair_audit(struct sim_node *n, const char *text) { return story_audit(n, text); }
