/* SPDX-License-Identifier: Apache-2.0 */
/* M13 on the owner's side: to a device that is ACTIVE it speaks from another DID from now
 * on, one that only this device knows.  from_prior, signed with the DID before, says so;
 * that one is kept until the device has written to the new one.  The chain's DID stays
 * what it is: it owns the device and issues its credentials. */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/owner.h"
#include "did/base/rand.h"
#include "did/url.h"
#include "didcomm/from_prior.h"

#define AGAIN_S 60
#define TRIES_MAX 10		/* for the back-off: an hour is the most */

const struct berth_identity *owner_us(struct berth_env *env, const struct berth_instance *inst)
{
	const char *name = berth_data_str(berth_json_get(inst->data, "us"), "identity");
	const struct berth_identity *id = name ? env->identity(env, name) : NULL;

	return id ? id : owner_me(env);
}

const struct berth_identity *owner_addressed(struct berth_env *env, const struct berth_event *ev)
{
	const char *kid = ev->in->encrypted_to_kid;
	char did[1024];

	if (!kid || berth_did_len(kid) >= sizeof(did))
		return NULL;
	snprintf(did, sizeof(did), "%.*s", (int)berth_did_len(kid), kid);
	return env->identity_of(env, did);
}

/* What is needed is stored one step before the keys are made. */
static enum berth_err name_next(struct berth_env *env, struct berth_instance *inst)
{
	struct berth_json *next = berth_data_obj(inst->data, "next");
	int64_t n = berth_data_int(inst->data, "rotations", 0) + 1, last = berth_data_int(inst->data, "rotatedIat", 0);
	uint8_t thid[16];
	char name[64];
	enum berth_err rc;

	berth_random(thid, sizeof(thid));
	snprintf(name, sizeof(name), "to-%.16s-%lld", inst->key, (long long)n);
	if ((rc = berth_json_set_str(next, "identity", name)) || (rc = berth_json_set_b64url(next, "thid", thid, sizeof(thid))) ||
	    (rc = berth_json_set_int(next, "iat", env->now_s > last ? env->now_s : last + 1)))
		return rc;
	return berth_json_set_int(inst->data, "rotations", n);
}

/* The operator's word; once more while it is under way: the same rotation again.
 * args: {"afterMs"?}, so that a fleet's keys are not all made in one go */
enum berth_err owner_rotate(struct berth_env *env, struct berth_instance *inst,
			    const struct berth_event *ev, struct berth_effects *fx)
{
	enum berth_err rc;

	if (env->now_s < 0)
		return berth_fail(BERTH_E_CLOCK, "an owner needs a clock");
	fx->timer_ms = (uint64_t)berth_data_int(ev->args, "afterMs", 1);
	if (!berth_json_get(inst->data, "next")) {
		berth_effects_audit(fx, "device %s: another DID for it, asked for by the operator", berth_data_str(inst->data, "serial"));
		if ((rc = name_next(env, inst)))
			return rc;
	}
	return berth_json_set_int(berth_data_obj(inst->data, "next"), "dueS", env->uptime_s + (int64_t)(fx->timer_ms / 1000));
}

static enum berth_err set_from_prior(struct berth_env *env, const struct berth_instance *inst, struct berth_send *s,
				     const struct berth_identity *id)
{
	int64_t iat = berth_data_int(berth_json_get(inst->data, "next"), "iat", 0);
	struct berth_buf jwt = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!(rc = berth_from_prior_create(&jwt, owner_us(env, inst)->sign_kid, id->did, iat, env->keys->keyring)))
		rc = berth_json_set_str(s->msg.json, "from_prior", berth_buf_cstr(&jwt));
	berth_buf_free(&jwt);
	return rc;
}

static enum berth_err send_rotate(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx)
{
	const struct berth_json *next = berth_json_get(inst->data, "next");
	const char *device = berth_data_str(inst->data, "operationalDid"), *thid = berth_data_str(next, "thid");
	const char *name = berth_data_str(next, "identity");
	struct berth_json *body = berth_json_new_object();
	struct berth_buf peer = BERTH_BUF_INIT;
	const struct berth_identity *id;
	struct berth_send *s;
	enum berth_err rc;

	if ((rc = berth_json_set_int(body, "epoch", berth_data_int(inst->data, "epoch", 0))) ||
	    (rc = berth_did_short(&peer, device)) ||
	    (rc = env->make_identity(env, name, berth_sign_type(env->keys, name), BERTH_AGREE_TYPE,
				     BERTH_PURPOSE_BIT(BERTH_SIGN_DIDCOMM) | BERTH_PURPOSE_BIT(BERTH_SIGN_FROM_PRIOR),
				     true, &id)))
		goto out;
	rc = berth_effects_send(env, fx, id, device, NULL, BERTH_PIURI_ONBOARDING "rotate", thid, body, &s);
	body = NULL;
	if (!rc && !(rc = set_from_prior(env, inst, s, id)))
		rc = berth_effects_drop(fx, berth_buf_cstr(&peer), thid);	/* what is older than this one */
out:
	berth_json_free(body);
	berth_buf_free(&peer);
	return rc;
}

/* Until the device has answered. */
enum berth_err owner_rotate_again(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *next;
	int64_t tries;
	enum berth_err rc;

	(void)ev;
	if (!berth_json_get(inst->data, "next"))
		return berth_fail(BERTH_E_NOMATCH, "no rotation is under way");
	next = berth_data_obj(inst->data, "next");
	if ((rc = owner_is_due(env, fx, next)))
		return rc;
	tries = berth_data_int(next, "tries", 0);
	if ((rc = berth_json_set_int(next, "dueS", env->uptime_s + ((int64_t)AGAIN_S << (tries < 6 ? tries : 6)))) ||
	    (rc = berth_json_set_int(next, "tries", tries < TRIES_MAX ? tries + 1 : tries)))
		return rc;
	return send_rotate(env, inst, fx);
}

/* The first word to the new DID. */
enum berth_err owner_on_rotated(struct berth_env *env, struct berth_instance *inst,
				const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_json *next = berth_json_get(inst->data, "next");
	const char *device = berth_data_str(inst->data, "operationalDid"), *name = berth_data_str(next, "identity");
	const char *old = berth_data_str(berth_json_get(inst->data, "us"), "identity");
	const struct berth_identity *to = owner_addressed(env, ev);
	struct berth_json *us;
	enum berth_err rc;

	if (!device || !ev->sender || !berth_did_same(ev->sender, device))
		return berth_fail(BERTH_E_AUTHZ, "rotated by somebody else");
	if (!name || !to || strcmp(to->name, name) != 0)
		return berth_fail(BERTH_E_ADDR, "rotated, but not to the next DID");
	if ((rc = berth_effects_drop(fx, ev->sender, berth_data_str(next, "thid"))) ||
	    (old && (rc = berth_effects_forget(fx, old))) ||
	    (rc = berth_json_set_int(inst->data, "rotatedIat", berth_data_int(next, "iat", 0))))
		return rc;
	us = berth_json_new_object();
	if ((rc = berth_json_set_str(us, "identity", name))) {
		berth_json_free(us);
		return rc;
	}
	berth_effects_audit(fx, "device %s uses our new DID %s", berth_data_str(inst->data, "serial"), to->did);
	fx->timer_ms = OWNER_LOOK_MS;
	fx->may_step_generation = true;
	berth_json_remove(inst->data, "next");
	return berth_json_set(inst->data, "us", us);
}
