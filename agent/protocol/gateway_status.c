/* SPDX-License-Identifier: Apache-2.0 */
/* M14 on the device: its owner takes it out of service, for a while or for good, and back.
 * QUARANTINED hears nobody but the owner, signs nothing for applications and shows them no
 * secret; nothing is deleted before a new onboarding begins. */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/gateway_item.h"
#include "agent/protocol/gateway_set.h"
#include "agent/protocol/status_lists.h"
#include "did/url.h"

#define CREDENTIALS_MAX 4
#define REASON_MAX 256

enum berth_err gateway_from_owner_now(const struct berth_instance *inst, const struct berth_event *ev)
{
	int64_t epoch;
	enum berth_err rc = gateway_from_owner(inst, ev);

	if (rc || (rc = berth_json_req_int(ev->in->msg.body, "epoch", 0, INT64_MAX, &epoch)))
		return rc;
	return epoch == berth_data_int(inst->data, "epoch", 0) ? BERTH_OK : berth_fail(BERTH_E_AUTHZ, "%s for another epoch", ev->on);
}

enum berth_err gateway_name_us(struct berth_env *env, const struct berth_instance *inst, struct berth_json *body)
{
	int64_t epoch = berth_data_int(inst->data, "epoch", 0);
	struct berth_hash h;
	enum berth_err rc;

	if ((rc = berth_device_hash(&h, env->identity(env, BERTH_ID_FACTORY)->did, epoch)) ||
	    (rc = berth_json_set_b64url(body, "deviceHash", h.b, 32)))
		return rc;
	return berth_json_set_int(body, "epoch", epoch);
}

enum berth_err gateway_set_audit(struct berth_env *env, struct berth_json *body)
{
	struct berth_buf jws = BERTH_BUF_INIT;
	enum berth_err rc = env->audit_head ? env->audit_head(env, &jws) : BERTH_OK;

	if (!rc && jws.len)
		rc = berth_json_set_str(body, "auditHead", berth_buf_cstr(&jws));
	berth_buf_free(&jws);
	return rc;
}

/* ---- what it says ---- */
struct notice { const char *status, *reason; int64_t seq; };

/* The hashes are for whoever reads the log: the word is about the device, whichever
 * credential it holds by now. */
static enum berth_err read_credentials(const struct berth_json *body)
{
	const struct berth_json *list;
	enum berth_err rc = berth_json_req_arr(body, "credentials", CREDENTIALS_MAX, &list);

	berth_json_each(h, list)
		if (!rc && (!berth_json_str(h) || strlen(berth_json_str(h)) != 43))
			rc = berth_fail(BERTH_E_TYPE, "credentials holds something else than hashes");
	return rc;
}

static enum berth_err read_notice(struct notice *n, const struct berth_json *body)
{
	static const char *const words[] = { BERTH_STATUS_VALID, BERTH_STATUS_SUSPENDED, BERTH_STATUS_REVOKED, BERTH_STATUS_ONBOARD };
	enum berth_err rc;

	*n = (struct notice){ 0 };
	if ((rc = berth_json_req_int(body, "seq", 1, INT64_MAX, &n->seq)) ||
	    (rc = berth_json_req_str(body, "status", 16, &n->status)) ||
	    (rc = berth_json_opt_str(body, "reason", REASON_MAX, &n->reason)) || (rc = read_credentials(body)))
		return rc;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], n->status) == 0)
			return BERTH_OK;
	return berth_fail(BERTH_E_TYPE, "status %s", n->status);
}

/* What we are by the owner's last word. */
static const char *current(const struct berth_instance *inst)
{
	const char *why = berth_data_str(berth_json_get(inst->data, "quarantine"), "why");

	return why ? why : BERTH_STATUS_VALID;
}

/* P14: an older word does not undo a newer one, however it comes. */
static enum berth_err check_news(const struct berth_instance *inst, const struct notice *n, bool *known)
{
	int64_t last = berth_data_int(inst->data, "statusSeq", 0);

	*known = n->seq == last;
	if (n->seq < last || (*known && strcmp(n->status, current(inst)) != 0))
		return berth_fail(BERTH_E_REPLAY, "status %s, %lld after %lld", n->status, (long long)n->seq, (long long)last);
	if (strcmp(current(inst), BERTH_STATUS_REVOKED) == 0 && strcmp(n->status, BERTH_STATUS_REVOKED) != 0 &&
	    strcmp(n->status, BERTH_STATUS_ONBOARD) != 0)
		return berth_fail(BERTH_E_STATUS, "revoked is for good");
	if (strcmp(n->status, BERTH_STATUS_ONBOARD) == 0 && strcmp(current(inst), BERTH_STATUS_REVOKED) != 0)
		return berth_fail(BERTH_E_STATUS, "to be onboarded anew, but it was not revoked");
	return BERTH_OK;
}

/* A delegate may take us out of service and back; what is for good is the owner's. */
static enum berth_err check_right(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
				  const struct notice *n)
{
	if (!berth_json_get(berth_json_get(inst->data, "active"), "for"))
		return BERTH_OK;
	if (strcmp(n->status, BERTH_STATUS_VALID) != 0 && strcmp(n->status, BERTH_STATUS_SUSPENDED) != 0)
		return berth_fail(BERTH_E_AUTHZ, "a delegate says %s", n->status);
	return gateway_check_delegation(env, inst, ev->in->msg.body, BERTH_SCOPE_SUSPEND);
}

/* ---- out of service ---- */
const struct berth_identity *gateway_operational(struct berth_env *env, const struct berth_instance *inst)
{
	const char *name = berth_data_str(berth_json_get(inst->data, "active"), "identity");

	return name ? env->identity(env, name) : NULL;
}

/* Keys that were being made for a renewal are not wanted any more; those of one that has
 * happened are the active ones. */
static enum berth_err drop_renewal(struct berth_instance *inst, struct berth_effects *fx)
{
	const char *name = berth_data_str(berth_json_get(inst->data, "renewal"), "identity");
	enum berth_err rc = name ? berth_effects_forget(fx, name) : BERTH_OK;

	if (!rc)
		berth_json_remove(inst->data, "renewal");
	return rc;
}

static enum berth_err enter(struct berth_instance *inst, struct berth_effects *fx)
{
	static const char *const names[] = { [GW_OPERATIONAL] = "OPERATIONAL", [GW_ROTATING] = "ROTATING", [GW_EXPIRED] = "EXPIRED" };
	struct berth_json *q = berth_data_obj(inst->data, "quarantine");
	enum berth_err rc = BERTH_OK;

	if (inst->state == GW_QUARANTINED)
		return BERTH_OK;
	if (inst->state == GW_RENEWING)
		rc = drop_renewal(inst, fx);
	return rc ? rc : berth_json_set_str(q, "was", names[inst->state == GW_RENEWING ? GW_OPERATIONAL : inst->state]);
}

static enum berth_err take_out(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const struct notice *n)
{
	bool for_good = strcmp(n->status, BERTH_STATUS_REVOKED) == 0;
	struct berth_json *q;
	enum berth_err rc = enter(inst, fx);

	q = berth_data_obj(inst->data, "quarantine");
	berth_json_remove(q, "reason");
	if (rc || (rc = berth_json_set_str(q, "why", n->status)) ||
	    (n->reason && (rc = berth_json_set_str(q, "reason", n->reason))) ||
	    (rc = gateway_listen(inst, fx, gateway_operational(env, inst), for_good ? GATEWAY_REST_REVOKED_S : GATEWAY_REST_S)))
		return rc;
	fx->state = GW_QUARANTINED;
	fx->stop_timer = true;
	fx->step_generation = inst->state != GW_QUARANTINED;	/* a copy of the folder from before shows */
	return BERTH_OK;
}

/* ---- and back ---- */
static enum berth_err take_back(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	const char *was = berth_data_str(berth_json_get(inst->data, "quarantine"), "was");

	if (!was)
		return BERTH_OK;	/* it never heard that it was out */
	fx->state = strcmp(was, "ROTATING") == 0 ? GW_ROTATING : strcmp(was, "EXPIRED") == 0 ? GW_EXPIRED : GW_OPERATIONAL;
	fx->timer_ms = 1000;		/* each of them goes on from its timer */
	berth_json_remove(inst->data, "quarantine");
	return gateway_listen(inst, fx, gateway_operational(env, inst), 0);
}

/* ---- and anew ---- */
static enum berth_err forget(struct berth_instance *inst, struct berth_effects *fx, const char *member)
{
	const char *name = berth_data_str(berth_json_get(inst->data, member), "identity");
	enum berth_err rc = name ? berth_effects_forget(fx, name) : BERTH_OK;

	if (!rc)
		berth_json_remove(inst->data, member);
	return rc;
}

/* Those of a set on trial lie beside those before. */
static enum berth_err drop_items(struct berth_instance *inst, struct berth_effects *fx)
{
	const struct berth_json *active = berth_json_get(inst->data, "active"), *trial = berth_json_get(inst->data, "trial");
	const struct berth_json *const lists[] = { berth_json_get(active, "items"), berth_json_get(trial, "items") };
	enum berth_err rc = gateway_drop_staged(inst, fx);

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		berth_json_each(item, lists[i])
			if (!rc)
				rc = gateway_item_remove(fx, active, item);
	berth_json_remove(inst->data, "trial");
	return rc;
}

/* The identity that was revoked ends with all that it was given; the tip that we accepted
 * stays, so only the same owner, or one who has it from there, can take us. */
static enum berth_err begin_anew(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
				 struct berth_effects *fx)
{
	enum berth_err rc;

	if ((rc = drop_items(inst, fx)) || (rc = forget(inst, fx, "renewal")) || (rc = forget(inst, fx, "old")) || (rc = forget(inst, fx, "grace")) ||
	    (rc = forget(inst, fx, "active")) || (rc = berth_effects_poll(fx, NULL, NULL, NULL)) ||
	    (rc = berth_effects_poll_also(fx, BERTH_POLL_FACTORY, NULL, NULL, NULL)) ||
	    (rc = gateway_begin(env, inst, ev, fx)))
		return rc;
	berth_json_remove(inst->data, "complete");
	berth_json_remove(inst->data, "quarantine");
	berth_json_remove(inst->data, "seek");
	berth_json_remove(inst->data, "resync");
	fx->state = GW_SEEKING;
	fx->step_generation = true;
	berth_effects_audit(fx, "revoked, and begins anew: asking who owns this device");
	return BERTH_OK;
}

/* The operator's word at the device.  E_STATUS: it was not revoked. */
enum berth_err gateway_onboard_anew(struct berth_env *env, struct berth_instance *inst,
				    const struct berth_event *ev, struct berth_effects *fx)
{
	if (strcmp(current(inst), BERTH_STATUS_REVOKED) != 0)
		return berth_fail(BERTH_E_STATUS, "only what was revoked is onboarded anew; this device is %s", current(inst));
	return begin_anew(env, inst, ev, fx);
}

/* ---- the message ---- */
/* From the DID that it was sent to, where that is still ours to speak with. */
static const struct berth_identity *addressed(struct berth_env *env, const struct berth_instance *inst, const struct berth_event *ev)
{
	const struct berth_identity *factory = env->identity(env, BERTH_ID_FACTORY);
	const char *kid = ev->in->encrypted_to_kid;

	return kid && berth_did_same(kid, factory->did) ? factory : gateway_operational(env, inst);
}

static enum berth_err
say_noted(struct berth_env *env, const struct berth_instance *inst, const struct berth_event *ev, struct berth_effects *fx,
	  int64_t seq)
{
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc;

	if ((rc = gateway_name_us(env, inst, body)) || (rc = gateway_set_audit(env, body)) ||
	    (rc = berth_json_set_int(body, "seq", seq))) {
		berth_json_free(body);
		return rc;
	}
	return gateway_say(env, inst, fx, addressed(env, inst, ev), "status-noted", ev->in->msg.thid, body);
}

static enum berth_err
apply(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev, struct berth_effects *fx,
      const struct notice *n)
{
	enum berth_err rc;

	if ((rc = berth_json_set_int(inst->data, "statusSeq", n->seq)))
		return rc;
	if (strcmp(n->status, BERTH_STATUS_ONBOARD) == 0)
		return begin_anew(env, inst, ev, fx);
	rc = strcmp(n->status, BERTH_STATUS_VALID) == 0 ? take_back(env, inst, fx) : take_out(env, inst, fx, n);
	berth_effects_audit(fx, "the owner says: %s%s%s", n->status, n->reason ? ": " : "", n->reason ? n->reason : "");
	return rc;
}

enum berth_err gateway_on_status(struct berth_env *env, struct berth_instance *inst,
				 const struct berth_event *ev, struct berth_effects *fx)
{
	struct notice n;
	bool known;
	enum berth_err rc;

	if (!berth_json_get(inst->data, "active"))
		return berth_fail(BERTH_E_TYPE, "a notice, but there is nothing that it is about");
	if ((rc = gateway_from_owner_now(inst, ev)) || (rc = read_notice(&n, ev->in->msg.body)) ||
	    (rc = check_news(inst, &n, &known)) || (rc = check_right(env, inst, ev, &n)))
		return rc;
	if (!known && (rc = apply(env, inst, ev, fx, &n)))
		return rc;
	if (fx->state == GW_SEEKING)
		return BERTH_OK;	/* the DID that would answer has gone */
	return say_noted(env, inst, ev, fx, n.seq);
}
