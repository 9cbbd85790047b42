/* SPDX-License-Identifier: Apache-2.0 */
/* routing 2.0, the mediator: a forward is taken for who is registered here and for nobody
 * else.  Nothing is answered, whoever it came from (C077, C080): the transport's "stored"
 * follows the commit, and is said of what is refused too.  Its delay is not honoured. */
#include <string.h>

#include "agent/protocol/mediate.h"
#include "did/url.h"
#include "didcomm/routing.h"

struct leg {
	struct berth_buf client, did, recipient;	/* did: as it was registered; recipient: its short form */
	int64_t lives_s;
};

static void leg_free(struct leg *l)
{
	berth_buf_free(&l->client);
	berth_buf_free(&l->did);
	berth_buf_free(&l->recipient);
}

/* A forward for ourselves is none: what is in it would be for us in the open. */
static enum berth_err find_leg(struct berth_env *env, const struct berth_event *ev, const char *next, struct leg *l)
{
	enum berth_err rc;

	if (env->identity_of(env, next))
		return berth_fail(BERTH_E_ROUTE, "a forward to ourselves");
	berth_buf_put(&l->did, next, berth_did_len(next));
	if ((rc = berth_buf_status(&l->did)) || (rc = berth_did_short(&l->recipient, berth_buf_cstr(&l->did))))
		return rc;
	berth_buf_reset(&l->did);
	if ((rc = berth_mediate_route(env, berth_buf_cstr(&l->recipient), &l->client, &l->did)))
		return rc;
	if ((rc = berth_mediate_check_client(env, berth_buf_cstr(&l->client))))
		return rc == BERTH_E_AUTHZ ? berth_fail(BERTH_E_ROUTE, "its client is none any more") : rc;
	l->lives_s = env->policy->relay_lifetime_s;
	if (ev->in->msg.expires_time && env->now_s >= 0 && ev->in->msg.expires_time - env->now_s < l->lives_s)
		l->lives_s = ev->in->msg.expires_time - env->now_s;
	return BERTH_OK;
}

static enum berth_err relay_one(struct berth_env *env, const struct leg *l, const struct berth_json *payload)
{
	struct berth_buf packed = BERTH_BUF_INIT, outer = BERTH_BUF_INIT;
	enum berth_err rc = berth_forward_payload(payload, &packed);

	if (!rc && env->policy->relay_rewrap)
		rc = berth_forward_rewrap(&outer, env->resolver, berth_buf_cstr(&l->did), packed.p, packed.len);
	if (!rc && (packed.len > BERTH_RELAY_MAX || outer.len > BERTH_RELAY_MAX))
		rc = berth_fail(BERTH_E_SIZE, "relay: %zu bytes", packed.len);
	if (!rc)
		rc = env->queue->put(env->queue, berth_buf_cstr(&l->recipient), berth_buf_cstr(&l->client),
				     outer.len ? &outer : &packed, l->lives_s);
	berth_buf_free(&packed);
	berth_buf_free(&outer);
	return rc;
}

static enum berth_err on_forward(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
				 struct berth_effects *fx)
{
	struct leg l = { .lives_s = 0 };
	struct berth_forward f;
	enum berth_err rc;

	(void)inst;
	(void)fx;
	if (!(rc = berth_forward_read(&f, &ev->in->msg)) && !(rc = find_leg(env, ev, f.next, &l)))
		berth_json_each(p, f.payloads)
			if ((rc = relay_one(env, &l, p)))
				break;
	leg_free(&l);
	return rc;
}

static const char *const anonymous[] = { "forward", NULL };
static const char *const states[] = { "READY" };
static const struct berth_transition table[] = {
	BERTH_ROW(0, "forward", on_forward, BERTH_STATE_STAY, BERTH_STATE_STAY),
};

const struct berth_machine berth_relay_machine = {
	.name = "relay", .piuri = BERTH_PIURI_ROUTING, .states = states, .n_states = 1,
	.table = table, .table_len = 1, .role = "mediator", .anonymous = anonymous, .strangers = true,
};
