/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of coordinate-mediation, routing and message pickup, at the mediator and at its
 * client.  The first octet says which message it is, the rest is its JSON.  Whatever comes,
 * a step says at most what its protocol has to say, and no list grows beyond its cap. */
#include <stdlib.h>
#include <string.h>

#include "agent/protocol/mediate.h"
#include "did/base/log.h"
#include "did/base/secret.h"
#include "didcomm/routing.h"

#define DIDS 4

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct berth_identity me = { .name = (char *)BERTH_ID_MEDIATOR, .did_long = (char *)"did:key:z6MkA", .did = (char *)"did:key:z6MkA",
	.via = (char *)"did:key:z6MkM" };

static const struct berth_identity *ours(struct berth_env *env, const char *did)
{
	(void)env;
	return strcmp(did, "did:key:z6MkM") == 0 ? NULL : strstr(did, "z6MkA") ? &me : NULL;
}

static const struct berth_identity *named(struct berth_env *env, const char *name) { (void)env, (void)name; return &me; }
static const struct berth_identity *at(struct berth_env *env, size_t i) { (void)env; return i ? NULL : &me; }
static bool no(struct berth_env *env, const char *did) { (void)env, (void)did; return false; }
static enum berth_err fine(struct berth_env *env, const char *did) { (void)env, (void)did; return BERTH_OK; }

static bool known(struct berth_env *env, const struct berth_identity *mine, const char *peer)
{
	(void)env, (void)mine, (void)peer;
	return true;
}

/* Everybody is a client, and every DID registered by did:key:z6MkB. */
static enum berth_err get(struct berth_records *r, const char *ns, const char *key, struct berth_buf *value)
{
	(void)r, (void)key;
	berth_buf_str(value, strcmp(ns, BERTH_NS_ROUTE) == 0 ? "{\"client\":\"did:key:z6MkB\",\"did\":\"did:key:z6MkC\"}"
							      : "{\"state\":\"GRANTED\",\"data\":{}}");
	return berth_buf_status(value);
}

static enum berth_err none(struct berth_records *r, const char *ns,
			   enum berth_err (*fn)(void *arg, const char *key, const uint8_t *value, size_t len), void *arg)
{
	(void)r, (void)ns, (void)fn, (void)arg;
	return BERTH_OK;
}

static enum berth_err q_put(struct berth_queue *q, const char *recipient, const char *client, const struct berth_buf *packed, int64_t s)
{
	(void)q, (void)s;
	if (!recipient[0] || !client[0] || !packed->len || packed->len > BERTH_RELAY_MAX)
		abort();
	return BERTH_OK;
}

static enum berth_err q_status(struct berth_queue *q, const char *client, const char *recipient, struct berth_queue_status *out)
{
	(void)q, (void)client, (void)recipient;
	*out = (struct berth_queue_status){ .messages = 1, .bytes = 2, .waited_s = 1 };
	return BERTH_OK;
}

static enum berth_err
q_each(struct berth_queue *q, const char *client, const char *recipient, size_t limit,
       enum berth_err (*fn)(void *arg, const char *id, const uint8_t *packed, size_t len), void *arg)
{
	(void)q, (void)client, (void)recipient;
	if (limit < 1 || limit > BERTH_PICKUP_LIMIT_MAX)
		abort();
	return fn(arg, "1", (const uint8_t *)"{}", 2);
}

static enum berth_err q_received(struct berth_queue *q, const char *client, const char *id, bool *found)
{
	(void)q, (void)client, (void)id;
	*found = true;
	return BERTH_OK;
}

static bool q_live(struct berth_queue *q, const char *client) { (void)q, (void)client; return false; }
static enum berth_err q_set_live(struct berth_queue *q, const char *client, bool on) { (void)q, (void)client, (void)on; return BERTH_OK; }

static const struct { const struct berth_machine *m; const char *on, *type; int state; } messages[] = {
	{ &berth_mediator_machine, "mediate-request", BERTH_PIURI_MEDIATE "mediate-request", 0 },
	{ &berth_mediator_machine, "recipient-update", BERTH_PIURI_MEDIATE "recipient-update", 1 },
	{ &berth_mediator_machine, "recipient-query", BERTH_PIURI_MEDIATE "recipient-query", 1 },
	{ &berth_mediator_machine, "keylist-update", BERTH_PIURI_MEDIATE_2 "keylist-update", 1 },
	{ &berth_mediator_machine, "keylist-query", BERTH_PIURI_MEDIATE_2 "keylist-query", 1 },
	{ &berth_relay_machine, "forward", BERTH_TYPE_FORWARD, 0 },
	{ &berth_pickup_machine, "status-request", BERTH_PIURI_PICKUP "status-request", 0 },
	{ &berth_pickup_machine, "delivery-request", BERTH_PIURI_PICKUP "delivery-request", 0 },
	{ &berth_pickup_machine, "messages-received", BERTH_PIURI_PICKUP "messages-received", 0 },
	{ &berth_pickup_machine, "live-delivery-change", BERTH_PIURI_PICKUP "live-delivery-change", 0 },
	{ &berth_mediated_machine, "mediate-grant", BERTH_PIURI_MEDIATE "mediate-grant", 0 },
	{ &berth_mediated_machine, "recipient-update-response", BERTH_PIURI_MEDIATE "recipient-update-response", 1 },
	{ &berth_mediated_machine, "status", BERTH_PIURI_PICKUP "status", 1 },
};
#define MESSAGES (sizeof(messages) / sizeof(messages[0]))

static void step(size_t which, struct berth_message *msg)
{
	struct berth_policy policy = { .mediate = BERTH_MEDIATE_ANYONE, .relay_clients = 1, .relay_dids = DIDS, .relay_lifetime_s = 60,
		.mediator_did = "did:key:z6MkB", .mediator_uri = "nng+tcp://m.test:1" };
	struct berth_records records = { .get = get, .each = none };
	struct berth_resolver resolver;
	struct berth_queue queue = { q_put, q_status, q_each, q_received, q_live, q_set_live };
	struct berth_env env = { .identity = named, .identity_at = at, .identity_of = ours, .stranger = no, .known = known, .learn = fine,
		.records = &records, .resolver = &resolver, .queue = &queue, .policy = &policy, .held = true, .now_s = -1 };
	struct berth_unpacked in = { .encrypted_to_kid = (char *)"did:key:z6MkA#z6MkA", .msg = *msg };
	const struct berth_event ev = { .on = messages[which].on, .in = &in, .sender = "did:key:z6MkB" };
	struct berth_instance inst = { .key = (char *)"k", .state = messages[which].state, .data = berth_json_new_object() };
	struct berth_effects fx;

	berth_resolver_builtin_init(&resolver, NULL);
	in.msg.type = messages[which].type;
	if (berth_machine_step(messages[which].m, &env, &inst, &ev, &fx) == BERTH_OK &&
	    (fx.n_sends > 2 || berth_json_len(berth_json_get(inst.data, "dids")) > DIDS))
		abort();
	berth_effects_free(&fx);
	berth_json_free(inst.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_message m;

	if (n < 1)
		return 0;
	berth_crypto_init();
	berth_log_init("fuzz", BERTH_LOG_ERROR, true);
	if (berth_message_parse(&m, (const char *)p + 1, n - 1))
		return 0;
	step(p[0] % MESSAGES, &m);
	berth_message_free(&m);
	return 0;
}
