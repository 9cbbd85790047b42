/* SPDX-License-Identifier: Apache-2.0 */
/* The client of a mediator: asks to be one, registers the DIDs that name the mediator for
 * an endpoint, and fetches what waits.  Everything is sent once, with the timer behind it;
 * asked again, a mediator says what is true then.  What is in a delivery was taken by the
 * host before on_delivery() hears of it (agent/core/fetch.c). */
#include <string.h>

#include "agent/protocol/mediate.h"
#include "agent/protocol/mediated.h"
#include "agent/protocol/onboarding.h"
#include "did/url.h"

#define ASK_AGAIN_MS 30000u
#define ASK_AGAIN_MAX_MS 3600000u
#define DENIED_MS 3600000u
#define UNANSWERED_MAX 2
#define COUNT_MAX (INT64_MAX >> 11)
#define LOOK_MS 60000u		/* for DIDs that are new or gone */

enum state { ASKING, GRANTED, DENIED };
static const char *const states[] = { "ASKING", "GRANTED", "DENIED" };

static bool is_mediator(const struct berth_env *env, const struct berth_event *ev)
{
	return env->policy->mediator_did && berth_did_same(env->policy->mediator_did, ev->sender);
}

enum berth_err berth_mediated_check_sender(const struct berth_env *env, const struct berth_event *ev)
{
	return is_mediator(env, ev) ? BERTH_OK : berth_fail(BERTH_E_AUTHZ, "%.80s is not our mediator", ev->sender);
}

enum berth_err berth_mediated_ask(struct berth_env *env, struct berth_effects *fx, const char *type, struct berth_json *body)
{
	const struct berth_identity *me = env->identity(env, BERTH_ID_MEDIATED);
	struct berth_send *s;
	enum berth_err rc;

	/* both were there at the start; the configuration may have been read again */
	if (!me || !env->policy->mediator_did) {
		berth_json_free(body);
		return berth_fail(BERTH_E_CONFIG, "no mediator is configured");
	}
	if ((rc = berth_effects_send(env, fx, me, env->policy->mediator_did, env->policy->mediator_uri, type, NULL, body, &s)))
		return rc;
	s->ephemeral = !env->closed;	/* the last word of a device that is no more is kept until it arrives */
	return BERTH_OK;
}

/* A device has been retired: its DIDs are taken off the mediator, which keeps no mail for
 * them then, and that is all that it says to anybody.  The answer is heard by nobody. */
static enum berth_err leave(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	enum berth_err rc = BERTH_OK;

	fx->stop_timer = true;
	if (berth_json_bool(berth_json_get(inst->data, "left"), false))
		return BERTH_OK;
	if (env->identity(env, BERTH_ID_MEDIATED))
		rc = berth_mediated_update(env, inst, fx);
	if ((rc && rc != BERTH_E_NOMATCH) || (rc = berth_effects_remove(fx, BERTH_NS_POLL, BERTH_POLL_MEDIATOR)) ||
	    (rc = berth_effects_forget(fx, BERTH_ID_MEDIATED)))
		return rc;
	if (berth_json_get(inst->data, "registered"))
		berth_effects_audit(fx, "our mediator is told that none of our DIDs is used any more");
	return berth_json_set_bool(inst->data, "left", true);
}

/* ---- asking to be a client */

static enum berth_err request(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	int64_t tries = berth_data_int(inst->data, "tries", 0);
	uint64_t wait = ASK_AGAIN_MS;

	for (int64_t i = 0; i < tries && wait < ASK_AGAIN_MAX_MS; i++)
		wait *= 2;
	fx->timer_ms = wait < ASK_AGAIN_MAX_MS ? wait : ASK_AGAIN_MAX_MS;
	fx->state = ASKING;
	if (tries < 16 && berth_json_set_int(inst->data, "tries", tries + 1))
		return berth_no_memory();
	return berth_mediated_ask(env, fx, BERTH_PIURI_MEDIATE "mediate-request", NULL);
}

/* The identity and what we know of the mediator; a keystore may have been away before. */
static enum berth_err prepare(struct berth_env *env)
{
	const struct berth_identity *me;
	enum berth_err rc = env->make_identity(env, BERTH_ID_MEDIATED, berth_sign_type(env->keys, BERTH_ID_MEDIATED),
					       BERTH_AGREE_TYPE, BERTH_PURPOSE_BIT(BERTH_SIGN_DIDCOMM), false, &me);

	return rc ? rc : env->learn(env, env->policy->mediator_did);
}

/* A new process: maybe another mediator than the last one's, and maybe one that has
 * forgotten us.  Whatever it knows it is told once more. */
static enum berth_err on_resume(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
				struct berth_effects *fx)
{
	enum berth_err rc;

	(void)ev;
	if (env->closed)
		return leave(env, inst, fx);
	fx->timer_ms = ASK_AGAIN_MS;
	if ((rc = prepare(env)))
		return rc;
	berth_json_remove(inst->data, "tries");
	return request(env, inst, fx);
}

static enum berth_err on_ask_timer(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
				   struct berth_effects *fx)
{
	enum berth_err rc;

	(void)ev;
	if (env->closed)
		return leave(env, inst, fx);
	fx->timer_ms = ASK_AGAIN_MS;
	return (rc = prepare(env)) ? rc : request(env, inst, fx);
}

/* 3.0 says a list, 2.0 one; the first is as good as any. */
static enum berth_err routing_did(const struct berth_json *body, const char **out)
{
	const struct berth_json *v = berth_json_get(body, "routing_did");

	*out = berth_json_str(berth_json_is(v, BERTH_JSON_ARRAY) ? berth_json_first(v) : v);
	if (!*out || !berth_is_did(*out) || strlen(*out) > BERTH_DID_URL_MAX)
		return berth_fail(BERTH_E_TYPE, "mediate-grant: no routing_did");
	return BERTH_OK;
}

static enum berth_err keep_polling(struct berth_env *env, struct berth_effects *fx)
{
	struct berth_json *v = berth_json_new_object();
	struct berth_buf peer = BERTH_BUF_INIT;
	enum berth_err rc = berth_did_short(&peer, env->policy->mediator_did);

	if (!rc && !(rc = berth_json_set_str(v, "identity", BERTH_ID_MEDIATED)) &&
	    !(rc = berth_json_set_str(v, "peer", berth_buf_cstr(&peer))) &&
	    !(rc = berth_json_set_str(v, "uri", env->policy->mediator_uri)))
		rc = berth_effects_put_json(fx, BERTH_NS_POLL, BERTH_POLL_MEDIATOR, v);
	berth_buf_free(&peer);
	berth_json_free(v);
	return rc;
}

static enum berth_err on_grant(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			       struct berth_effects *fx)
{
	const char *did;
	enum berth_err rc;

	if ((rc = berth_mediated_check_sender(env, ev)) || (rc = routing_did(ev->in->msg.body, &did)) ||
	    (rc = berth_effects_put(fx, BERTH_NS_ROUTING, "self", did, strlen(did))) ||
	    (rc = keep_polling(env, fx)))
		return rc;
	berth_json_remove(inst->data, "tries");
	berth_json_remove(inst->data, "unanswered");
	berth_mediated_forget(env, inst);
	if (!berth_data_str(inst->data, "mediator") || !berth_did_same(berth_data_str(inst->data, "mediator"), ev->sender))
		berth_effects_audit(fx, "mediation granted by %.80s", ev->sender);
	fx->go = true;
	return berth_json_set_str(inst->data, "mediator", ev->sender);
}

static enum berth_err on_deny(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			      struct berth_effects *fx)
{
	enum berth_err rc = berth_mediated_check_sender(env, ev);

	if (rc)
		return rc;
	berth_effects_audit(fx, "mediation denied by %.80s", ev->sender);
	berth_json_remove(inst->data, "mediator");
	fx->timer_ms = DENIED_MS;
	return berth_effects_remove(fx, BERTH_NS_POLL, BERTH_POLL_MEDIATOR);
}

/* ---- fetching */

static enum berth_err ask_live(struct berth_env *env, struct berth_effects *fx)
{
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc = berth_json_set_bool(body, "live_delivery", true);

	if (rc) {
		berth_json_free(body);
		return rc;
	}
	return berth_mediated_ask(env, fx, BERTH_PIURI_PICKUP "live-delivery-change", body);
}

/* HTTP carries no live mode: there a poll is told that something waits. */
static bool is_held(const struct berth_env *env)
{
	return env->policy->mediator_uri && strncmp(env->policy->mediator_uri, "http", 4) != 0;
}

/* The answer to either says how much waits. */
static enum berth_err ask_what_waits(struct berth_env *env, struct berth_effects *fx)
{
	if (is_held(env))
		return ask_live(env, fx);
	return berth_mediated_ask(env, fx, BERTH_PIURI_PICKUP "status-request", NULL);
}

static enum berth_err ask_delivery(struct berth_env *env, struct berth_effects *fx)
{
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc = berth_json_set_int(body, "limit", BERTH_PICKUP_LIMIT_MAX);

	if (rc) {
		berth_json_free(body);
		return rc;
	}
	return berth_mediated_ask(env, fx, BERTH_PIURI_PICKUP "delivery-request", body);
}

/* Once it is granted, and at each start. */
static enum berth_err on_go(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			    struct berth_effects *fx)
{
	enum berth_err rc;

	(void)ev;
	fx->timer_ms = LOOK_MS;
	if ((rc = ask_what_waits(env, fx)) || (rc = berth_json_set_int(inst->data, "askedS", env->uptime_s)))
		return rc;
	rc = berth_mediated_update(env, inst, fx);
	return rc == BERTH_E_NOMATCH ? BERTH_OK : rc;
}

/* Who is no client any more is not answered: after some questions it asks to be one. */
static enum berth_err ask_again(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	int64_t unanswered = berth_data_int(inst->data, "unanswered", 0);
	enum berth_err rc;

	if ((rc = berth_json_set_int(inst->data, "askedS", env->uptime_s)))
		return rc;
	if (unanswered >= UNANSWERED_MAX)
		return request(env, inst, fx);
	return (rc = ask_what_waits(env, fx)) ? rc : berth_json_set_int(inst->data, "unanswered", unanswered + 1);
}

/* Nothing to do is a failure, so that it is not written down. */
static enum berth_err on_look(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			      struct berth_effects *fx)
{
	bool late = env->uptime_s - berth_data_int(inst->data, "askedS", 0) >= env->policy->mediator_interval_s;
	enum berth_err rc;

	(void)ev;
	if (env->closed)
		return leave(env, inst, fx);
	rc = berth_mediated_update(env, inst, fx);
	fx->timer_ms = LOOK_MS;
	if ((rc && rc != BERTH_E_NOMATCH) || !late)
		return rc;
	return ask_again(env, inst, fx);
}

/* One that answers nothing is a mediator's that has been started anew: it has forgotten
 * that we are in live mode. */
static enum berth_err on_status(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
				struct berth_effects *fx)
{
	const struct berth_json *body = ev->in->msg.body;
	bool live = true, unasked = strcmp(ev->in->msg.thid, ev->in->msg.id) == 0;
	int64_t n;
	enum berth_err rc;

	if ((rc = berth_mediated_check_sender(env, ev)) ||
	    (rc = berth_json_req_int(body, "message_count", 0, COUNT_MAX, &n)) ||
	    (rc = berth_json_opt_bool(body, "live_delivery", &live)))
		return rc;
	berth_json_remove(inst->data, "unanswered");
	if (n && (rc = ask_delivery(env, fx)))
		return rc;
	return unasked && !live && is_held(env) ? ask_live(env, fx) : BERTH_OK;
}

/* The host has taken what args names, durably or for good: the mediator need not keep it. */
static enum berth_err on_delivery(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
				  struct berth_effects *fx)
{
	const struct berth_json *ids = berth_json_get(ev->args, "ids");
	struct berth_json *body;
	enum berth_err rc;

	(void)inst;
	if ((rc = berth_mediated_check_sender(env, ev)) || berth_json_len(ids) == 0)
		return rc;
	body = berth_json_new_object();
	if ((rc = berth_json_set(body, "message_id_list", berth_json_clone(ids)))) {
		berth_json_free(body);
		return rc;
	}
	return berth_mediated_ask(env, fx, BERTH_PIURI_PICKUP "messages-received", body);
}

static const struct berth_transition table[] = {
	BERTH_ROW(BERTH_STATE_STAY, "resume",        on_resume,    BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(ASKING,           "timer",         on_ask_timer, BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(DENIED,           "timer",         on_ask_timer, BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(BERTH_STATE_STAY, "mediate-grant", on_grant,     GRANTED,          BERTH_STATE_STAY),
	BERTH_ROW(BERTH_STATE_STAY, "mediate-deny",  on_deny,      DENIED,           BERTH_STATE_STAY),
	BERTH_ROW(GRANTED,          "go",            on_go,        BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(GRANTED,          "timer",         on_look,      BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(GRANTED, "recipient-update-response", berth_mediated_on_updated, BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(BERTH_STATE_STAY, "status",        on_status,    BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(BERTH_STATE_STAY, "delivery",      on_delivery,  BERTH_STATE_STAY, BERTH_STATE_STAY),
};

const struct berth_machine berth_mediated_machine = {
	.name = BERTH_NS_MEDIATED, .piuri = BERTH_PIURI_MEDIATE, .piuri2 = BERTH_PIURI_PICKUP,
	.states = states, .n_states = 3, .table = table, .table_len = sizeof(table) / sizeof(table[0]),
	.role = "recipient",
};
