/* SPDX-License-Identifier: Apache-2.0 */
/* What local applications send.  The message is in the outbox with the step's
 * transaction; its thread is remembered for a while, so that the application hears when
 * the peer acknowledges or ends it. */
#include "agent/protocol/application_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/protocol/onboarding.h"
#include "agent/protocol/relation.h"
#include "did/url.h"

struct order {
	const char *app, *to, *type, *thid, *pthid, *lang;
	const struct berth_json *body, *attachments, *accept_lang;
	bool please_ack;
	int64_t expires_s;
};

static enum berth_err read_order(struct order *o, const struct berth_json *args)
{
	enum berth_err rc;

	*o = (struct order){ 0 };
	if ((rc = berth_json_req_str(args, "app", 63, &o->app)) ||
	    (rc = berth_json_req_str(args, "to", BERTH_DID_URL_MAX, &o->to)) ||
	    (rc = berth_json_req_str(args, "type", BERTH_MESSAGE_TYPE_MAX, &o->type)) ||
	    (rc = berth_json_opt_str(args, "thid", BERTH_MESSAGE_ID_MAX, &o->thid)) ||
	    (rc = berth_json_opt_str(args, "pthid", BERTH_MESSAGE_ID_MAX, &o->pthid)) ||
	    (rc = berth_json_opt_str(args, "lang", 64, &o->lang)) ||
	    (rc = berth_json_opt_arr(args, "acceptLang", BERTH_MESSAGE_LANGS_MAX, &o->accept_lang)) ||
	    (rc = berth_json_opt_obj(args, "body", &o->body)) ||
	    (rc = berth_json_opt_arr(args, "attachments", BERTH_ATTACHMENTS_MAX, &o->attachments)) ||
	    (rc = berth_json_opt_bool(args, "pleaseAck", &o->please_ack)) ||
	    (rc = berth_json_opt_int(args, "expiresIn", 1, INT32_MAX, &o->expires_s)))
		return rc;
	if (!o->type[0])
		return berth_fail(BERTH_E_TYPE, "type is empty");
	return BERTH_OK;
}

/* Nobody writes to anybody in the agent's own name. */
static enum berth_err may_send(struct berth_env *env, const struct order *o, const struct berth_way *way)
{
	const char *content;

	if (berth_type_is_reserved(env, o->type))
		return berth_fail(BERTH_E_AUTHZ, "%.120s is the agent's own business", o->type);
	if (env->waiting(env, way->peer) >= BERTH_APP_OUT_MSGS)
		return berth_fail(BERTH_E_QUOTA, "%d messages wait for %.80s already", BERTH_APP_OUT_MSGS, way->peer);
	if (strcmp(o->type, BERTH_PIURI_BASIC "message") == 0)
		return berth_json_req_str(o->body, "content", BERTH_APP_MESSAGE_MAX, &content);
	return BERTH_OK;
}

static enum berth_err set_times(struct berth_env *env, struct berth_message *m, int64_t expires_s)
{
	enum berth_err rc;

	if (env->now_s < 0)
		return expires_s ? berth_fail(BERTH_E_CLOCK, "expiresIn without a trusted clock") : BERTH_OK;
	if ((rc = berth_message_set_time(m, "created_time", env->now_s)) || !expires_s)
		return rc;
	return berth_message_set_time(m, "expires_time", env->now_s + expires_s);
}

/* Whom nobody can dial asks for answers on the same link. */
static enum berth_err set_headers(struct berth_env *env, const struct order *o, struct berth_send *s)
{
	struct berth_message *m = &s->msg;
	enum berth_err rc;

	if ((rc = set_times(env, m, o->expires_s)) || (o->please_ack && (rc = berth_send_please_ack(s))) ||
	    (o->pthid && (rc = berth_message_set(m, "pthid", o->pthid))) ||
	    (o->lang && (rc = berth_message_set(m, "lang", o->lang))) ||
	    (o->accept_lang && (rc = berth_message_set_json(m, "accept-lang", berth_json_clone(o->accept_lang)))) ||
	    (!env->policy->n_endpoints && (rc = berth_message_set(m, "return_route", "all"))))
		return rc;
	return o->attachments ? berth_message_set_json(m, "attachments", berth_json_clone(o->attachments)) : BERTH_OK;
}

/* ---- threads ---- */
static enum berth_err put_thread(struct berth_effects *fx, const struct order *o, const char *key)
{
	struct berth_json *v = berth_json_new_object();
	enum berth_err rc;

	if (!(rc = berth_json_set_str(v, "app", o->app)) && !(rc = berth_json_set_str(v, "for", o->type)) &&
	    (!o->please_ack || !(rc = berth_json_set_bool(v, "asked", true))))
		rc = berth_effects_put_json(fx, NS_APP_THREAD, key, v);
	berth_json_free(v);
	return rc;
}

/* Its slot's last thread is forgotten. */
static enum berth_err remember(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
			       const struct order *o, const char *key)
{
	struct berth_json *app = app_state(inst, o->app);
	int64_t sent = berth_data_int(app, "sent", 0);
	struct berth_buf old = BERTH_BUF_INIT;
	char slot[BERTH_APP_KEY_MAX];
	enum berth_err rc;

	snprintf(slot, sizeof(slot), "%.63s/%02d", o->app, (int)(sent % BERTH_APP_THREADS));
	rc = env->records->get(env->records, NS_APP_RING, slot, &old);
	if (!rc && strcmp(berth_buf_cstr(&old), key) != 0)
		rc = berth_effects_remove(fx, NS_APP_THREAD, berth_buf_cstr(&old));
	if ((rc && rc != BERTH_E_NOMATCH) || (rc = berth_effects_put(fx, NS_APP_RING, slot, key, strlen(key))) ||
	    (rc = put_thread(fx, o, key)))
		goto out;
	rc = berth_json_set_int(app, "sent", sent + 1);
out:
	berth_buf_free(&old);
	return rc;
}

/* An acknowledgement names the message, a report its thread. */
static enum berth_err remember_both(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				    const struct order *o, const char *peer, const struct berth_message *m)
{
	char by_thid[65], by_id[65];
	enum berth_err rc;

	if ((rc = berth_thread_key(env, peer, m->thid, by_thid)) || (rc = berth_thread_key(env, peer, m->id, by_id)) ||
	    (rc = remember(env, inst, fx, o, by_id)))
		return rc;
	return strcmp(by_thid, by_id) == 0 ? BERTH_OK : remember(env, inst, fx, o, by_thid);
}

static enum berth_err
send(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const struct order *o,
     const struct berth_way *way)
{
	bool owner = strcmp(o->to, BERTH_TO_OWNER) == 0;
	struct berth_json *body = o->body ? berth_json_clone(o->body) : NULL;
	struct berth_send *s;
	enum berth_err rc;

	if (o->body && !body)
		return berth_no_memory();
	if ((rc = berth_effects_send(env, fx, way->me, owner ? way->peer : o->to, way->uri, o->type, o->thid, body, &s)) ||
	    (rc = set_headers(env, o, s)) || (rc = remember_both(env, inst, fx, o, way->peer, &s->msg)))
		return rc;
	fx->result = berth_json_new_object();
	if ((rc = berth_json_set_str(fx->result, "id", s->msg.id)))
		return rc;
	return berth_json_set_str(fx->result, "thid", s->msg.thid);
}

/* args: {"app", "to", "type", "body"?, "attachments"?, "thid"?, "pthid"?, "lang"?,
 * "pleaseAck"?, "expiresIn"?}; result {"id", "thid"} */
enum berth_err app_on_send(struct berth_env *env, struct berth_instance *inst,
			   const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_way way = { 0 };
	struct order o;
	enum berth_err rc;

	if ((rc = read_order(&o, ev->args)) || (rc = berth_way_to(env, o.to, &way)))
		return rc;
	if (!(rc = may_send(env, &o, &way)) && (strcmp(o.to, BERTH_TO_OWNER) == 0 || !(rc = env->learn(env, o.to))))
		rc = send(env, inst, fx, &o, &way);
	berth_way_free(&way);
	return rc;
}
