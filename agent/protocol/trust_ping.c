/* SPDX-License-Identifier: Apache-2.0 */
/* trust-ping 2.0: is anybody there, and is it really them? */
#include <string.h>

#include "agent/protocol/onboarding.h"
#include "did/url.h"

#define PIURI "https://didcomm.org/trust-ping/2.0/"
#define NS_PONG "pong"		/* peer -> {"thid", "monoMs"} of its last answer, asked for or not */

/* the identity that a message was encrypted to */
static const struct berth_identity *addressed(struct berth_env *env, const struct berth_unpacked *in)
{
	return in->encrypted_to_kid ? env->identity_of(env, in->encrypted_to_kid) : NULL;
}

static enum berth_err on_ping(struct berth_env *env, struct berth_instance *inst,
			      const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_identity *me = addressed(env, ev->in);
	bool wanted = true;	/* "response_requested ... default is true" */
	enum berth_err rc = berth_json_opt_bool(ev->in->msg.body, "response_requested", &wanted);

	(void)inst;
	if (rc || !wanted)
		return rc;
	if (!me)
		return berth_fail(BERTH_E_ADDR, "a ping to nobody here");
	return berth_effects_send(env, fx, me, ev->sender, NULL, PIURI "ping-response", ev->in->msg.thid, NULL, NULL);
}

static enum berth_err on_response(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *v = berth_json_new_object();
	enum berth_err rc;

	(void)inst;
	if (!(rc = berth_json_set_str(v, "thid", ev->in->msg.thid)) &&
	    !(rc = berth_json_set_int(v, "monoMs", (int64_t)env->mono_ms)))
		rc = berth_effects_put_json(fx, NS_PONG, ev->sender, v);
	berth_json_free(v);
	return rc;
}

/* args: {"identity", "peer", "uri"?}; result {"thid"}.  Whoever has no listener hears
 * the answer on the way that it asked. */
static enum berth_err on_command(struct berth_env *env, struct berth_instance *inst,
				 const struct berth_event *ev, struct berth_effects *fx)
{
	const char *name, *peer, *uri = NULL;
	const struct berth_identity *me;
	struct berth_json *body;
	struct berth_send *s;
	enum berth_err rc;

	(void)inst;
	if ((rc = berth_json_req_str(ev->args, "identity", 64, &name)) ||
	    (rc = berth_json_req_str(ev->args, "peer", 8192, &peer)) ||
	    (rc = berth_json_opt_str(ev->args, "uri", BERTH_URI_MAX, &uri)) || (rc = env->learn(env, peer)))
		return rc;
	if (!(me = env->identity(env, name)))
		return berth_fail(BERTH_E_USAGE, "no identity %s", name);
	body = berth_json_new_object();
	if ((rc = berth_json_set_bool(body, "response_requested", true))) {
		berth_json_free(body);
		return rc;
	}
	if ((rc = berth_effects_send(env, fx, me, peer, uri, PIURI "ping", NULL, body, &s)) ||
	    (rc = berth_send_in_full(s, me)) || (rc = berth_message_set(&s->msg, "return_route", "all")))
		return rc;
	fx->result = berth_json_new_object();
	return berth_json_set_str(fx->result, "thid", s->msg.id);
}

static const char *const states[] = { "READY" };
static const struct berth_transition table[] = {
	BERTH_ROW(0, "ping",          on_ping,     BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(0, "ping-response", on_response, BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(0, "cmd/ping",      on_command,  BERTH_STATE_STAY, BERTH_STATE_STAY),
};

const struct berth_machine berth_ping_machine = {
	.name = "ping", .piuri = PIURI, .states = states, .n_states = 1,
	.table = table, .table_len = sizeof(table) / sizeof(table[0]), .strangers = true,
	.everyday = true,
};
