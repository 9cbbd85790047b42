/* SPDX-License-Identifier: Apache-2.0 */
/* M18 on the device: its owner goes on from a backup, and asks whether this is still the device
 * that it knows.  Where it is, it says so; where the owner's memory ends before our credential
 * began, we ask for another one with our factory DID, which it has from the chain, and show what
 * it gave us.  So that the question reaches us, the owner is asked for messages with the factory
 * DID, too, now and then. */
#include <string.h>

#include "agent/protocol/gateway.h"
#include "did/codec/base64url.h"
#include "did/url.h"

#define CREDENTIALS_MAX 4
#define AFTER_MS 1000u

enum berth_err gateway_hear_as_factory(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx)
{
	const struct berth_json *active = berth_json_get(inst->data, "active");
	const char *uri = berth_data_str(active, "uri");
	struct berth_buf peer = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!uri || !env->identity(env, BERTH_ID_FACTORY))
		return BERTH_OK;
	if (!(rc = berth_did_short(&peer, gateway_peer(active))))
		rc = berth_effects_poll_seldom(fx, BERTH_POLL_FACTORY, BERTH_ID_FACTORY, berth_buf_cstr(&peer), uri,
					       GATEWAY_REST_FACTORY_S);
	berth_buf_free(&peer);
	return rc;
}

/* Our credential is among those that the owner knows. */
static enum berth_err is_known(const struct berth_instance *inst, const struct berth_json *body, bool *known)
{
	struct berth_buf ours = BERTH_BUF_INIT;
	const struct berth_json *list;
	struct berth_hash h;
	enum berth_err rc = berth_json_req_arr(body, "credentials", CREDENTIALS_MAX, &list);

	*known = false;
	if (rc)
		return rc;
	if ((rc = gateway_operational_hash(&h, berth_json_get(inst->data, "active"))))
		return rc == BERTH_E_NOMATCH ? berth_fail(BERTH_E_TYPE, "asked who we are, but there is no credential") : rc;
	berth_b64url_encode(&ours, h.b, sizeof(h.b));
	if (!(rc = berth_buf_status(&ours)))
		berth_json_each(one, list)
			*known |= berth_json_says(one, berth_buf_cstr(&ours));
	berth_buf_free(&ours);
	return rc;
}

static enum berth_err
say_resynced(struct berth_env *env, const struct berth_instance *inst, const struct berth_event *ev, struct berth_effects *fx,
	     int64_t seq)
{
	const char *why = berth_data_str(berth_json_get(inst->data, "quarantine"), "why");
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc;

	if ((rc = gateway_name_us(env, inst, body)) || (rc = gateway_set_audit(env, body)) || (rc = berth_json_set_int(body, "seq", seq)) ||
	    (why && (rc = berth_json_set_str(body, "status", why)))) {
		berth_json_free(body);
		return rc;
	}
	return gateway_say(env, inst, fx, gateway_operational(env, inst), "resynced", ev->in->msg.thid, body);
}

/* Keys that were to be given up for those in use: nobody but us knows of either. */
static enum berth_err drop_old(struct berth_instance *inst, struct berth_effects *fx)
{
	const char *name = berth_data_str(berth_json_get(inst->data, "old"), "identity");
	enum berth_err rc = name ? berth_effects_forget(fx, name) : BERTH_OK;

	if (!rc)
		berth_json_remove(inst->data, "old");
	return rc;
}

/* A renewal, by the factory DID.  One that is under way goes on as such; but what was asked before
 * the owner had this question may be answered by an owner that is no more. */
static enum berth_err begin(struct berth_instance *inst, struct berth_effects *fx, int64_t seq, bool news)
{
	bool under_way = inst->state == GW_RENEWING || inst->state == GW_EXPIRED;
	enum berth_err rc = berth_json_set_int(inst->data, "resync", seq);

	if (rc || (under_way && news && (rc = gateway_end_attempt(inst, fx, true))))
		return rc;
	if (inst->state == GW_EXPIRED || (under_way && !news)) {
		fx->go = inst->state == GW_RENEWING;
		fx->timer_now = inst->state == GW_EXPIRED;
		return BERTH_OK;
	}
	if (inst->state == GW_ROTATING && (rc = drop_old(inst, fx)))
		return rc;
	return gateway_begin_renewal(inst, fx, "the owner was restored, and does not know those in use");
}

static enum berth_err answer(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			     struct berth_effects *fx, int64_t seq, bool news)
{
	enum berth_err rc = berth_json_set_int(inst->data, "resynced", seq);

	berth_json_remove(inst->data, "resync");
	if (!rc && news && (inst->state == GW_RENEWING || inst->state == GW_EXPIRED)) {
		fx->timer_ms = AFTER_MS;
		rc = gateway_end_attempt(inst, fx, true);
	}
	return rc ? rc : say_resynced(env, inst, ev, fx, seq);
}

/* An older question is nobody's any more.  To a copy of this one, keys that it has led to stay as
 * they are: the owner hears from them. */
enum berth_err gateway_on_resync(struct berth_env *env, struct berth_instance *inst,
				 const struct berth_event *ev, struct berth_effects *fx)
{
	int64_t seq, last = berth_data_int(inst->data, "resynced", 0);
	bool known, news;
	enum berth_err rc;

	if ((rc = gateway_from_owner_now(inst, ev)) || (rc = berth_json_req_int(ev->in->msg.body, "seq", 1, INT64_MAX, &seq)) ||
	    (rc = is_known(inst, ev->in->msg.body, &known)))
		return rc;
	if (seq < last)
		return berth_fail(BERTH_E_REPLAY, "resync %lld after %lld", (long long)seq, (long long)last);
	news = seq > last && seq != berth_data_int(inst->data, "resync", 0);
	if (known)
		return answer(env, inst, ev, fx, seq, news);
	if (inst->state == GW_QUARANTINED)
		return berth_fail(BERTH_E_STATUS, "the owner was restored from before it took us out of service");
	return inst->state == GW_ROTATING && !news ? BERTH_OK : begin(inst, fx, seq, news);
}

enum berth_err gateway_end_resync(struct berth_instance *inst)
{
	int64_t seq = berth_data_int(inst->data, "resync", 0);

	berth_json_remove(inst->data, "resync");
	return seq ? berth_json_set_int(inst->data, "resynced", seq) : BERTH_OK;
}

/* What the owner gave us, and that we hold the keys of it: by them, over all that the request
 * says, under the factory DID's name. */
enum berth_err gateway_set_former(struct berth_env *env, const struct berth_instance *inst, const struct berth_run *run,
				  struct berth_json *body)
{
	const struct berth_json *active = berth_json_get(inst->data, "active");
	const char *receipt = berth_data_str(active, "receipt");
	const struct berth_identity *op = gateway_operational(env, inst);
	struct berth_buf proof = BERTH_BUF_INIT, credential = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!berth_json_get(inst->data, "resync") || !receipt || !op || !berth_json_get(active, "credential"))
		return BERTH_OK;
	if (!(rc = gateway_operational_text(env, active, &credential)) &&
	    !(rc = berth_json_set_str(body, "receipt", receipt)) &&
	    !(rc = berth_json_set_str(body, "operationalCredential", berth_buf_cstr(&credential))) &&
	    !(rc = berth_run_prove(env, run, BERTH_SIGN_DEVICE_PROOF, op, run->peer, 0, NULL, body, &proof)))
		rc = berth_json_set_str(body, "formerProof", berth_buf_cstr(&proof));
	berth_buf_free(&credential);
	berth_buf_free(&proof);
	return rc;
}
