/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/mediation.h"

#include "agent/core/store_queue.h"
#include "did/url.h"

static struct mediation *now;

/* ---- counted messages: as little idempotent as can be */

#define PIURI "https://example.com/count/1.0/"
#define NS_GOT "got"

static enum berth_err on_one(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			     struct berth_effects *fx)
{
	struct berth_buf text = BERTH_BUF_INIT;
	char key[16], value[16];
	int64_t n;
	enum berth_err rc;

	(void)inst;
	if ((rc = berth_json_req_int(ev->in->msg.body, "n", 1, 1000000, &n)))
		return rc;
	snprintf(key, sizeof(key), "%lld", (long long)n);
	rc = env->records->get(env->records, NS_GOT, key, &text);
	snprintf(value, sizeof(value), "%d", (rc ? 0 : atoi(berth_buf_cstr(&text))) + 1);
	berth_buf_free(&text);
	return berth_effects_put(fx, NS_GOT, key, value, strlen(value));
}

static enum berth_err on_send(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			      struct berth_effects *fx)
{
	struct berth_json *body = berth_json_new_object();
	const char *name, *peer;
	int64_t n;

	(void)inst;
	CHECK_OK(berth_json_req_str(ev->args, "identity", 64, &name));
	CHECK_OK(berth_json_req_str(ev->args, "peer", 8192, &peer));
	CHECK_OK(berth_json_req_int(ev->args, "n", 1, 1000000, &n));
	CHECK_OK(berth_json_set_int(body, "n", n));
	return berth_effects_send(env, fx, env->identity(env, name), peer, NULL, PIURI "one", NULL, body, NULL);
}

static const char *const states[] = { "READY" };
static const struct berth_transition table[] = {
	BERTH_ROW(0, "one", on_one, BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(0, "cmd/send", on_send, BERTH_STATE_STAY, BERTH_STATE_STAY),
};
static const struct berth_machine counted = {
	.name = "count", .piuri = PIURI, .states = states, .n_states = 1, .table = table, .table_len = 2,
};

/* ---- the cast */

#define MACHINES(...) (const struct berth_machine *const[]){ __VA_ARGS__ }, \
	sizeof((const struct berth_machine *const[]){ __VA_ARGS__ }) / sizeof(struct berth_machine *)
#define RELAY &berth_mediator_machine, &berth_relay_machine, &berth_pickup_machine, &berth_ping_machine, \
	&berth_problem_machine, &berth_discover_machine

static void allow(struct berth_policy *p)
{
	p->mediate = BERTH_MEDIATE_ANYONE;
	p->relay_clients = 8;
	p->relay_dids = 8;
	p->relay_messages = 64;
	p->relay_bytes = 1 << 20;
	p->relay_all_messages = 128;
	p->relay_all_bytes = 2 << 20;
	p->relay_lifetime_s = 7 * 86400;
	p->relay_idle_s = 90 * 86400;
}

static void use(struct sim_node *n, struct sim_node *mediator)
{
	n->policy.mediator_did = strdup(mediation_identity(mediator, BERTH_ID_MEDIATOR)->did_long);
	n->policy.mediator_uri = mediator->uri;
	n->policy.mediator_interval_s = 900;
}

void mediation_make(struct sim_node *n, const char *name)
{
	sim_as(n);
	CHECK_OK(berth_agent_make_identity(n->agent, name, BERTH_KEY_ED25519, BERTH_AGREE_TYPE, 0, true));
}

void mediation_cast(struct mediation *m, bool two)
{
	struct sim *w = &m->w;

	now = m;
	*m = (struct mediation){ .outer = NULL };
	sim_init(w);
	m->alice = sim_add(w, "alice", "nng+tcp://alice.test:1", MACHINES(&counted, &berth_ping_machine, &berth_problem_machine));
	if (two) {
		m->outer = sim_add(w, "outer", "nng+tcp://outer.test:1", MACHINES(RELAY));
		allow(&m->outer->policy);
		sim_on(m->outer);
		mediation_make(m->outer, BERTH_ID_MEDIATOR);
	}
	m->mediator = sim_add(w, "mediator", "nng+tcp://mediator.test:1", MACHINES(RELAY, &berth_mediated_machine));
	allow(&m->mediator->policy);
	if (two) {	/* others reach it only through outer */
		use(m->mediator, m->outer);
		m->mediator->policy.n_endpoints = 0;
	} else {
		m->mediator->cfg.n_machines--;
	}
	sim_on(m->mediator);
	mediation_make(m->mediator, BERTH_ID_MEDIATOR);
	m->box = sim_add(w, "box", NULL, MACHINES(&counted, &berth_mediated_machine, &berth_ping_machine, &berth_problem_machine));
	use(m->box, m->mediator);
}

struct sim_node *mediation_add(struct mediation *m, const char *name, const char *uri)
{
	return sim_add(&m->w, name, uri, MACHINES(&counted));
}

void mediation_begin(struct mediation *m, bool two)
{
	mediation_cast(m, two);
	mediation_meet(m);
}

void mediation_meet(struct mediation *m)
{
	sim_on(m->alice);
	mediation_make(m->alice, MEDIATION_ALICE);
	sim_on(m->box);
	mediation_make(m->box, MEDIATION_APP);
	assert_true(sim_run(&m->w, mediation_registered, 600));
}

void mediation_end(struct mediation *m)
{
	const char *at_box = m->box->policy.mediator_did, *at_mediator = m->mediator->policy.mediator_did;

	sim_free(&m->w);
	free((char *)at_box);
	free((char *)at_mediator);
}

const struct berth_identity *mediation_identity(struct sim_node *n, const char *name)
{
	struct berth_env *env = berth_agent_env(n->agent);
	const struct berth_identity *id = env->identity(env, name);

	assert_non_null(id);
	return id;
}

/* ---- what they do, and what became of it */

enum berth_err mediation_send(struct sim_node *from, const char *to_did, int n)
{
	struct berth_json *args = berth_json_new_object();
	enum berth_err rc;

	sim_as(from);
	CHECK_OK(berth_json_set_str(args, "identity", from == now->box ? MEDIATION_APP : MEDIATION_ALICE));
	CHECK_OK(berth_json_set_str(args, "peer", to_did));
	CHECK_OK(berth_json_set_int(args, "n", n));
	rc = berth_agent_command(from->agent, "count", NULL, "cmd/send", args, NULL);
	berth_json_free(args);
	return rc;
}

void mediation_say(struct mediation *m, int n)
{
	CHECK_OK(mediation_send(m->alice, mediation_identity(m->box, MEDIATION_APP)->did_long, n));
}

int mediation_count(struct sim_node *n, int number)
{
	struct berth_buf text = BERTH_BUF_INIT;
	bool found = false;
	char key[16];
	int count;

	snprintf(key, sizeof(key), "%d", number);
	sim_as(n);
	CHECK_OK(berth_store_get(n->store, NS_GOT, key, &text, &found));
	count = found ? atoi(berth_buf_cstr(&text)) : 0;
	berth_buf_free(&text);
	return count;
}

bool mediation_all_once(struct sim_node *node, int n)
{
	bool all = true;

	for (int i = 1; i <= n; i++) {
		int count = mediation_count(node, i);

		if (count > 1)
			fail_msg("message %d had %d effects", i, count);
		all &= count == 1;
	}
	return all;
}

bool mediation_is_registered(struct sim_node *mediator, const char *did)
{
	struct berth_buf client = BERTH_BUF_INIT, as = BERTH_BUF_INIT;
	enum berth_err rc;

	sim_as(mediator);
	rc = berth_mediate_route(berth_agent_env(mediator->agent), did, &client, &as);
	berth_buf_free(&client);
	berth_buf_free(&as);
	return rc == BERTH_OK;
}

bool mediation_registered(struct sim *w)
{
	(void)w;
	return mediation_is_registered(now->mediator, mediation_identity(now->box, MEDIATION_APP)->did) &&
	       (!now->outer || mediation_is_registered(now->outer, mediation_identity(now->mediator, BERTH_ID_MEDIATOR)->did));
}

int64_t mediation_waiting(struct sim_node *mediator)
{
	struct sim_node *client = mediator == now->outer ? now->mediator : now->box;
	static char did[2][256];	/* a client that is switched off is asked no more */
	char *of = did[client == now->box];
	struct berth_queue_totals t;

	if (client->agent)
		snprintf(of, sizeof(did[0]), "%s", mediation_identity(client, BERTH_ID_MEDIATED)->did);
	sim_as(mediator);
	CHECK_OK(berth_store_queue_totals(mediator->store, of, NULL,
					  berth_agent_now_s(mediator->agent), &t));
	return t.messages;
}

int64_t mediation_outbox(struct sim_node *n)
{
	struct berth_store_counts c;

	sim_as(n);
	CHECK_OK(berth_store_counts(n->store, &c));
	return c.out;
}
