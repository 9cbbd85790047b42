/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/oob.h"

#include <stdio.h>
#include <string.h>

#include "agent/protocol/onboarding.h"
#include "agent/protocol/relation.h"
#include "did/base/hex.h"
#include "did/base/rand.h"
#include "did/crypto/hash.h"
#include "did/url.h"

#define TRUST_PING "https://didcomm.org/trust-ping/2.0/ping"
#define RECORD_MAX ((size_t)64 << 10)

/* ---- inviting ---- */
struct offer {
	const char *goal, *goal_code;
	const struct berth_json *attachments;
	int64_t uses, expires_s;
};

static enum berth_err read_offer(struct offer *o, const struct berth_json *args)
{
	enum berth_err rc;

	*o = (struct offer){ .uses = 1 };
	if ((rc = berth_json_opt_str(args, "goal", BERTH_OOB_GOAL_MAX, &o->goal)) ||
	    (rc = berth_json_opt_str(args, "goalCode", BERTH_OOB_GOAL_MAX, &o->goal_code)) ||
	    (rc = berth_json_opt_int(args, "uses", 1, BERTH_OOB_USES_MAX, &o->uses)) ||
	    (rc = berth_json_opt_int(args, "expiresIn", 1, INT32_MAX, &o->expires_s)))
		return rc;
	return berth_json_opt_arr(args, "attachments", BERTH_ATTACHMENTS_MAX, &o->attachments);
}

static enum berth_err make_body(const struct offer *o, struct berth_json **out)
{
	struct berth_json *body = berth_json_new_object(), *accept = berth_json_new_array();
	enum berth_err rc = berth_json_push_str(accept, "didcomm/v2");

	rc = berth_json_set_made(body, "accept", accept, rc);
	if (!rc && o->goal_code)
		rc = berth_json_set_str(body, "goal_code", o->goal_code);
	if (!rc && o->goal)
		rc = berth_json_set_str(body, "goal", o->goal);
	return berth_json_give(out, body, rc);
}

/* The message says when it ends where the time is known; the agent's own uptime counts
 * in any case. */
static enum berth_err make_message(struct berth_env *env, const struct offer *o, const struct berth_identity *id,
				   struct berth_message *out)
{
	struct berth_json *body;
	enum berth_err rc = make_body(o, &body);

	if (rc || (rc = berth_message_new(out, BERTH_PIURI_OOB "invitation", id->did_long, NULL, NULL, body)))
		return rc;
	if ((o->expires_s && env->now_s >= 0 &&
	     (rc = berth_message_set_json(out, "expires_time", berth_json_new_int(env->now_s + o->expires_s)))) ||
	    (o->attachments && (rc = berth_message_set_json(out, "attachments", berth_json_clone(o->attachments)))))
		berth_message_free(out);
	return rc;
}

static enum berth_err put_invitation(struct berth_env *env, struct berth_effects *fx, const struct offer *o,
				     const char *id, const char *identity)
{
	struct berth_json *v = berth_json_new_object();
	enum berth_err rc;

	if (!(rc = berth_json_set_str(v, "identity", identity)) && !(rc = berth_json_set_int(v, "uses", o->uses)) &&
	    !(rc = berth_json_set_int(v, "at", env->uptime_s)) &&
	    !(rc = berth_json_set_int(v, "expires", o->expires_s ? env->uptime_s + o->expires_s : 0)) &&
	    !(rc = berth_json_set(v, "used", berth_json_new_array())) &&
	    (!o->goal_code || !(rc = berth_json_set_str(v, "goalCode", o->goal_code))))
		rc = berth_effects_put_json(fx, BERTH_NS_OOB, id, v);
	berth_json_free(v);
	return rc;
}

/* Nobody can answer it any more. */
static bool is_over(const struct berth_env *env, const struct berth_json *inv)
{
	int64_t expires = berth_data_int(inv, "expires", 0);

	return (expires && expires <= env->uptime_s) ||
	       (int64_t)berth_json_len(berth_json_get(inv, "used")) >= berth_data_int(inv, "uses", 1);
}

/* What is over goes after a while, with its DID, some at a time. */
struct pruning { struct berth_env *env; struct berth_effects *fx; int64_t left; };

static enum berth_err prune_one(void *arg, const char *key, const uint8_t *value, size_t len)
{
	struct pruning *p = arg;
	struct berth_json *inv = NULL;
	enum berth_err rc = berth_json_parse_object(&inv, (const char *)value, len, RECORD_MAX);

	p->left++;
	if (!rc && is_over(p->env, inv) && p->env->uptime_s - berth_data_int(inv, "at", 0) > BERTH_OOB_KEEP_S &&
	    p->fx->n_forget < BERTH_EFFECTS_FORGET_MAX && berth_data_str(inv, "identity")) {
		p->left--;
		if (!(rc = berth_effects_forget(p->fx, berth_data_str(inv, "identity"))))
			rc = berth_effects_remove(p->fx, BERTH_NS_OOB, key);
	}
	berth_json_free(inv);
	return rc;
}

static enum berth_err make_room(struct berth_env *env, struct berth_effects *fx)
{
	struct pruning p = { .env = env, .fx = fx };
	enum berth_err rc = env->records->each(env->records, BERTH_NS_OOB, prune_one, &p);

	if (!rc && p.left >= BERTH_OOB_OPEN_MAX)
		rc = berth_fail(BERTH_E_QUOTA, "%d invitations are kept", BERTH_OOB_OPEN_MAX);
	return rc;
}

/* Counted, so that one that was made and never used is found again. */
static enum berth_err next_identity(struct berth_env *env, struct berth_instance *inst, const struct berth_identity **out)
{
	int64_t n = berth_data_int(inst->data, "n", 0) + 1;
	char suffix[24];
	enum berth_err rc;

	snprintf(suffix, sizeof(suffix), "%lld", (long long)n);
	if ((rc = berth_relation_make_identity(env, "oob", suffix, out)))
		return rc;
	return berth_json_set_int(inst->data, "n", n);
}

/* args: {"goal"?, "goalCode"?, "uses"?, "expiresIn"?, "attachments"?, "url"}; result
 * {"id", "did", "url", "invitation"} */
static enum berth_err on_invite(struct berth_env *env, struct berth_instance *inst,
				const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_message m = { 0 };
	struct berth_buf url = BERTH_BUF_INIT;
	const struct berth_identity *id;
	const char *base;
	struct offer o;
	enum berth_err rc;

	if ((rc = read_offer(&o, ev->args)) || (rc = berth_json_req_str(ev->args, "url", 1024, &base)))
		return rc;
	if (!env->policy->n_endpoints)
		return berth_fail(BERTH_E_UNAVAILABLE, "nobody could answer an invitation: [listen] has no uri");
	if ((rc = make_room(env, fx)) || (rc = next_identity(env, inst, &id)) || (rc = make_message(env, &o, id, &m)) ||
	    (rc = put_invitation(env, fx, &o, m.id, id->name)) || (rc = berth_oob_url(&url, base, m.json)))
		goto out;
	fx->result = berth_json_new_object();
	if ((rc = berth_json_set_str(fx->result, "id", m.id)) || (rc = berth_json_set_str(fx->result, "did", id->did)) ||
	    (rc = berth_json_set_str(fx->result, "url", berth_buf_cstr(&url))))
		goto out;
	rc = berth_json_set(fx->result, "invitation", berth_json_clone(m.json));
	berth_effects_audit(fx, "invitation %s, for %lld", m.id, (long long)o.uses);
out:
	berth_message_free(&m);
	berth_buf_free(&url);
	return rc;
}

/* ---- being answered ---- */
static enum berth_err read_invitation(struct berth_env *env, const char *id, struct berth_json **out)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = env->records->get(env->records, BERTH_NS_OOB, id, &text);

	*out = NULL;
	if (!rc)
		rc = berth_json_parse_object(out, (const char *)text.p, text.len, RECORD_MAX);
	berth_buf_free(&text);
	return rc;
}

static enum berth_err judge(const struct berth_env *env, const struct berth_json *inv, const struct berth_identity *me)
{
	int64_t expires = berth_data_int(inv, "expires", 0);
	const char *identity = berth_data_str(inv, "identity");

	if (!identity || strcmp(identity, me->name) != 0)
		return berth_fail(BERTH_E_AUTHZ, "that invitation is another DID's");
	if (expires && expires <= env->uptime_s)
		return berth_fail(BERTH_E_AUTHZ, "the invitation has expired");
	if ((int64_t)berth_json_len(berth_json_get(inv, "used")) >= berth_data_int(inv, "uses", 1))
		return berth_fail(BERTH_E_AUTHZ, "the invitation is used up");
	return BERTH_OK;
}

static enum berth_err count_use(struct berth_effects *fx, const char *id, struct berth_json *inv, const char *peer)
{
	struct berth_json *used = berth_json_get_mut(inv, "used");
	char key[65];
	enum berth_err rc;

	if ((rc = berth_peer_key(key, peer)) || (rc = berth_json_push_str(used, key)))
		return rc;
	return berth_effects_put_json(fx, BERTH_NS_OOB, id, inv);
}

/* From now on we are another to that peer: the invitation's DID is everybody's. */
static enum berth_err welcome(struct berth_env *env, const struct berth_event *ev, struct berth_effects *fx,
			      const struct berth_identity *me, const struct berth_json *inv)
{
	struct berth_json *r = NULL;
	enum berth_err rc;

	if ((rc = env->learn(env, ev->in->msg.from)) || (rc = berth_relation_new(ev->sender, me, &r)) ||
	    (rc = berth_json_set_str(r, "via", ev->in->msg.pthid)) ||
	    (berth_data_str(inv, "goalCode") && (rc = berth_json_set_str(r, "goalCode", berth_data_str(inv, "goalCode")))) ||
	    (rc = berth_relation_rotate(env, r, berth_data_int(inv, "uses", 1) == 1)))
		goto out;
	rc = berth_relation_put(fx, ev->sender, r);
out:
	berth_json_free(r);
	return rc;
}

enum berth_err berth_oob_admit(struct berth_env *env, const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_identity *me = ev->in->encrypted_to_kid ? env->identity_of(env, ev->in->encrypted_to_kid) : NULL;
	struct berth_json *inv = NULL, *known = NULL;
	enum berth_err rc;

	if (!me || strncmp(me->name, BERTH_ID_OOB, strlen(BERTH_ID_OOB)) != 0)
		return BERTH_OK;
	rc = berth_relation_get(env, ev->sender, &known);
	berth_json_free(known);
	if (rc != BERTH_E_NOMATCH)
		return rc;	/* who has answered may go on until it has heard of our new DID */
	if (!ev->in->msg.pthid)
		return berth_fail(BERTH_E_AUTHZ, "a message to an invitation's DID that names no invitation");
	if ((rc = read_invitation(env, ev->in->msg.pthid, &inv)) == BERTH_E_NOMATCH)
		rc = berth_fail(BERTH_E_AUTHZ, "no invitation %.80s", ev->in->msg.pthid);
	if (!rc && !(rc = judge(env, inv, me)) && !(rc = count_use(fx, ev->in->msg.pthid, inv, ev->sender)))
		rc = welcome(env, ev, fx, me, inv);
	berth_json_free(inv);
	return rc;
}

/* ---- answering ---- */
static enum berth_err once(struct berth_env *env, const struct berth_oob *i, char key[65])
{
	struct berth_buf was = BERTH_BUF_INIT;
	uint8_t h[32];
	enum berth_err rc;

	berth_sha256(h, i->msg.id, strlen(i->msg.id));
	berth_hex_encode(key, h, sizeof(h));
	rc = env->records->get(env->records, BERTH_NS_OOB_TAKEN, key, &was);
	berth_buf_free(&was);
	if (rc == BERTH_E_NOMATCH)
		return BERTH_OK;
	return rc ? rc : berth_fail(BERTH_E_REPLAY, "that invitation was answered before");
}

static enum berth_err put_relation(struct berth_env *env, struct berth_effects *fx, const struct berth_oob *i,
				   const struct berth_identity *me)
{
	struct berth_json *r = NULL;
	enum berth_err rc;

	if ((rc = berth_relation_new(i->msg.from, me, &r)) || (rc = berth_relation_set_uri(env, r)) ||
	    (rc = berth_json_set_str(r, "via", i->msg.id)) ||
	    (i->goal_code && (rc = berth_json_set_str(r, "goalCode", i->goal_code))) ||
	    (i->goal && (rc = berth_json_set_str(r, "goal", i->goal))))
		goto out;
	rc = berth_relation_put(fx, i->msg.from, r);
out:
	berth_json_free(r);
	return rc;
}

/* What else came with it is for people to see: nobody has signed it. */
static enum berth_err tell(struct berth_effects *fx, const struct berth_oob *i, const struct berth_send *s,
			   const struct berth_identity *me)
{
	enum berth_err rc;

	fx->result = berth_json_new_object();
	if ((rc = berth_json_set_str(fx->result, "peer", s->to)) || (rc = berth_json_set_str(fx->result, "did", me->did)) ||
	    (rc = berth_json_set_str(fx->result, "thid", s->msg.thid)) ||
	    (i->goal && (rc = berth_json_set_str(fx->result, "goal", i->goal))) ||
	    (i->goal_code && (rc = berth_json_set_str(fx->result, "goalCode", i->goal_code))))
		return rc;
	return i->msg.attachments ? berth_json_set(fx->result, "attachments", berth_json_clone(i->msg.attachments)) : BERTH_OK;
}

static enum berth_err answer(struct berth_env *env, struct berth_effects *fx, const struct berth_oob *i,
			     const char *key)
{
	const struct berth_identity *me;
	struct berth_json *body;
	struct berth_send *s;
	enum berth_err rc;

	if ((rc = env->learn(env, i->msg.from)) || (rc = berth_relation_make_identity(env, "peer", key, &me)) ||
	    (rc = put_relation(env, fx, i, me)))
		return rc;
	body = berth_json_new_object();
	if ((rc = berth_json_set_bool(body, "response_requested", true))) {
		berth_json_free(body);
		return rc;
	}
	if ((rc = berth_effects_send(env, fx, me, i->msg.from, NULL, TRUST_PING, NULL, body, &s)) ||
	    (rc = berth_message_set(&s->msg, "pthid", i->msg.id)) ||
	    (!env->policy->n_endpoints && (rc = berth_message_set(&s->msg, "return_route", "all"))))
		return rc;
	return tell(fx, i, s, me);
}

/* args: {"invitation": a URL or the message}; result {"peer", "did", "thid", "goal"?,
 * "goalCode"?, "attachments"?} */
static enum berth_err on_connect(struct berth_env *env, struct berth_instance *inst,
				 const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_oob i = { 0 };
	const char *text;
	char key[65];
	enum berth_err rc;

	(void)inst;
	if ((rc = berth_json_req_str(ev->args, "invitation", BERTH_OOB_TEXT_MAX, &text)) ||
	    (rc = berth_oob_parse(&i, text, strlen(text))))
		return rc;
	if (i.msg.expires_time && env->now_s >= 0 && i.msg.expires_time <= env->now_s)
		rc = berth_fail(BERTH_E_EXPIRED, "the invitation expired at %lld", (long long)i.msg.expires_time);
	else if (env->identity_of(env, i.msg.from))
		rc = berth_fail(BERTH_E_ADDR, "the invitation is our own");
	else if (!(rc = once(env, &i, key)) && !(rc = berth_effects_put(fx, BERTH_NS_OOB_TAKEN, key, "1", 1)) &&
		 !(rc = answer(env, fx, &i, key)))
		berth_effects_audit(fx, "invitation %.80s answered", i.msg.id);
	berth_oob_free(&i);
	return rc;
}

static const char *const states[] = { "READY" };
static const struct berth_transition table[] = {
	BERTH_ROW(0, "cmd/invite",  on_invite,  BERTH_STATE_STAY, BERTH_STATE_STAY),
	BERTH_ROW(0, "cmd/connect", on_connect, BERTH_STATE_STAY, BERTH_STATE_STAY),
};

const struct berth_machine berth_oob_machine = {
	.name = "out-of-band", .piuri = BERTH_PIURI_OOB, .states = states, .n_states = 1,
	.table = table, .table_len = sizeof(table) / sizeof(table[0]), .everyday = true,
};
