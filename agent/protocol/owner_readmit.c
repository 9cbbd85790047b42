/* SPDX-License-Identifier: Apache-2.0 */
/* What was revoked stays revoked: the device may be onboarded once more, and gets another
 * identity, credential and index.  It is told until it has come as itself, and of the
 * revocation as well, as long as it may not have heard of that.  data:
 *
 *	goodbye {status, unheard?, operationalDid, credential, renewal?, us?, next?, tries, dueS}
 *		what is left of the identity that ends: the word `onboard`, the one before it, to
 *		whom and from whom */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/ldevid.h"
#include "agent/protocol/owner.h"
#include "agent/protocol/status_lists.h"
#include "did/url.h"

/* ---- the notices ---- */
static enum berth_err say_to(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx, const char *to)
{
	static const char *const speakers[] = { "us", "next" }, *const words[] = { "unheard", "status" };
	const struct berth_json *bye = berth_json_get(inst->data, "goodbye");
	struct owner_notice n = { .about = bye, .to = to };
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < 4; i++) {
		const char *name = berth_data_str(berth_json_get(bye, speakers[i / 2]), "identity");

		n.from = name ? env->identity(env, name) : i / 2 ? NULL : owner_me(env);
		n.status = berth_json_get(bye, words[i % 2]);
		if (n.from && n.status)
			rc = owner_send_notice(env, inst, fx, &n);
	}
	return rc;
}

static enum berth_err say(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx)
{
	const struct berth_json *bye = berth_json_get(inst->data, "goodbye");
	const char *dids[2];
	enum berth_err rc = owner_drop_notices(bye, fx);

	for (size_t n = owner_dids_of(bye, dids), i = 0; !rc && i < n; i++)
		rc = say_to(env, inst, fx, dids[i]);
	return rc;
}

enum berth_err owner_goodbye_again(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	struct berth_json *bye;
	int64_t left, tries;
	enum berth_err rc;

	if (!berth_json_get(berth_json_get(inst->data, "goodbye"), "status"))
		return BERTH_OK;
	bye = berth_data_obj(inst->data, "goodbye");
	tries = berth_data_int(bye, "tries", 0);
	left = berth_data_int(bye, "dueS", 0) - env->uptime_s;
	if (left <= 0) {
		left = OWNER_NOTICE_AGAIN_S << tries;
		if ((rc = say(env, inst, fx)) || (rc = berth_json_set_int(bye, "dueS", env->uptime_s + left)) ||
		    (rc = berth_json_set_int(bye, "tries", tries < OWNER_NOTICE_DOUBLED_MAX ? tries + 1 : tries)))
			return rc;
	}
	if (!fx->timer_ms || (uint64_t)left * 1000 < fx->timer_ms)
		fx->timer_ms = (uint64_t)left * 1000;
	return BERTH_OK;
}

/* ---- the operator's word ---- */
static enum berth_err move(struct berth_json *to, struct berth_json *from, const char *member)
{
	const struct berth_json *v = berth_json_get(from, member);
	enum berth_err rc = v ? berth_json_set(to, member, berth_json_clone(v)) : BERTH_OK;

	if (!rc)
		berth_json_remove(from, member);
	return rc;
}

/* unheard: the revocation, that the device may not know of yet; NULL: it does.  Taken. */
static enum berth_err make_goodbye(struct berth_instance *inst, struct berth_json *unheard)
{
	static const char *const kept[] = { "status", "operationalDid", "credential", "renewal", "us", "next" };
	static const char *const ended[] = { "notice", "receipt", "attest", "attested", "unansweredS", "provision", "set", "issued" };
	struct berth_json *bye = berth_json_new_object();
	enum berth_err rc = unheard ? berth_json_set(bye, "unheard", unheard) : BERTH_OK;

	for (size_t i = 0; !rc && i < sizeof(kept) / sizeof(kept[0]); i++)
		rc = move(bye, inst->data, kept[i]);
	for (size_t i = 0; i < sizeof(ended) / sizeof(ended[0]); i++)
		berth_json_remove(inst->data, ended[i]);
	return berth_json_set_made(inst->data, "goodbye", bye, rc);
}

enum berth_err owner_readmit(struct berth_env *env, struct berth_instance *inst,
			     const struct berth_event *ev, struct berth_effects *fx)
{
	bool heard = !berth_json_get(inst->data, "notice");
	struct berth_json *unheard = heard ? NULL : berth_json_clone(berth_json_get(inst->data, "status"));
	enum berth_err rc;

	(void)ev;
	if ((rc = owner_check_scope(env, inst, NULL)) || (rc = owner_change_status(env, inst, fx, BERTH_STATUS_ONBOARD, NULL))) {
		berth_json_free(unheard);
		return rc;
	}
	if ((rc = make_goodbye(inst, unheard)) || (rc = owner_note_synced(env, inst, fx)) ||
	    (rc = berth_ldevid_switch(env, inst->data, NULL)) ||
	    (rc = berth_json_set_bool(inst->data, "used", true)))	/* of before that was noted at commit */
		return rc;
	fx->timer_ms = OWNER_REFRESH_MS;
	fx->go = true;
	return owner_goodbye_again(env, inst, fx);
}

/* ---- the device ---- */
static bool is_its_did(const struct berth_instance *inst, const char *sender)
{
	const char *dids[3] = { NULL };
	size_t n = owner_dids_of(berth_json_get(inst->data, "goodbye"), dids);

	dids[n++] = berth_data_str(inst->data, "factoryDid");
	for (size_t i = 0; sender && i < n; i++)
		if (dids[i] && berth_did_same(dids[i], sender))
			return true;
	return false;
}

/* The revocation is in force there; now it can begin anew. */
enum berth_err owner_on_goodbye_noted(struct berth_instance *inst, const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *bye = berth_data_obj(inst->data, "goodbye");
	int64_t seq;
	enum berth_err rc;

	if (!is_its_did(inst, ev->sender))
		return berth_fail(BERTH_E_AUTHZ, "%s from another DID than the device's", ev->on);
	if ((rc = berth_json_req_int(ev->in->msg.body, "seq", 0, INT64_MAX, &seq)))
		return rc;
	if (seq != berth_data_int(berth_json_get(bye, "unheard"), "seq", -1))
		return berth_fail(BERTH_E_REPLAY, "an answer to an earlier notice");
	berth_json_remove(bye, "unheard");
	berth_effects_audit(fx, "device %s knows that it was revoked", berth_data_str(inst->data, "serial"));
	return BERTH_OK;
}

/* It goes on as it was: it has not heard.  What it asks with may be the factory DID, which we
 * have told nothing yet. */
enum berth_err owner_on_renew_unheard(struct berth_env *env, struct berth_instance *inst,
				      const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_run run = { .epoch = berth_data_int(inst->data, "epoch", 0) };
	enum berth_err rc;

	if (!berth_json_get(berth_json_get(inst->data, "goodbye"), "status"))
		return berth_fail(BERTH_E_TYPE, "%s of a device that is not in use", ev->on);
	if (!is_its_did(inst, ev->sender))
		return berth_fail(BERTH_E_AUTHZ, "%s from another DID than the device's", ev->on);
	snprintf(run.thid, sizeof(run.thid), "%s", ev->in->msg.thid);
	snprintf(run.peer, sizeof(run.peer), "%s", ev->sender);
	berth_effects_audit(fx, "device %s: renewal refused: %s: it begins anew", berth_data_str(inst->data, "serial"),
			    berth_err_name(BERTH_E_STATUS));
	if ((rc = owner_send_denied(env, inst, fx, &run, berth_err_name(BERTH_E_STATUS))))
		return rc;
	return say_to(env, inst, fx, ev->sender);
}

/* ---- it has come ---- */
static enum berth_err forget_ours(const struct berth_json *bye, struct berth_effects *fx, const char *member)
{
	const char *name = berth_data_str(berth_json_get(bye, member), "identity");

	return name ? berth_effects_forget(fx, name) : BERTH_OK;
}

enum berth_err owner_end_goodbye(struct berth_instance *inst, struct berth_effects *fx)
{
	const struct berth_json *bye = berth_json_get(inst->data, "goodbye");
	const char *peer = berth_data_str(bye, "peer");		/* as earlier versions kept it */
	enum berth_err rc;

	if (!bye)
		return BERTH_OK;
	if ((peer && (rc = berth_effects_drop(fx, peer, berth_data_str(bye, "thid")))) ||
	    (rc = owner_drop_notices(bye, fx)) || (rc = forget_ours(bye, fx, "us")) || (rc = forget_ours(bye, fx, "next")))
		return rc;
	berth_json_remove(inst->data, "goodbye");
	return BERTH_OK;
}
