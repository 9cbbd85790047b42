/* SPDX-License-Identifier: Apache-2.0 */
/* M14 on the device: the owner asks what runs here.  The operational keys, certified once
 * more by their attestation key, and a quote by that one, all for the owner's nonce. */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/attestation.h"
#include "agent/protocol/gateway.h"
#include "did/base/log.h"
#include "did/keystore/event_log.h"

static enum berth_err evidence(struct berth_env *env, const struct berth_instance *inst, const struct berth_event *ev,
			       const struct berth_identity *op, struct berth_json *body)
{
	struct berth_run none = { .epoch = 0 };
	uint8_t nonce[32];
	uint32_t pcrs;
	enum berth_err rc;

	if ((rc = berth_body_get_32(ev->in->msg.body, "nonce", nonce)) ||
	    (rc = berth_pcr_list_read(&pcrs, ev->in->msg.body)) || (rc = gateway_name_us(env, inst, body)) ||
	    (rc = gateway_set_audit(env, body)))
		return rc;
	if (!pcrs)
		return berth_fail(BERTH_E_TYPE, "attest-request: no PCRs");
	if (berth_keys_custody(env->keys, op->name) != BERTH_CUSTODY_HARDWARE)
		return berth_fail(BERTH_E_KEY, "attest-request: nothing here can attest");
	return gateway_attest_operational(env, body, &none, "berth-m14", nonce, op, pcrs);
}

/* eventLog {size, log?}: no log where it is longer than what is sent; size 0 where there is
 * none, or it cannot be read, which is for this machine's operator to know. */
static enum berth_err set_event_log(struct berth_env *env, struct berth_json *body)
{
	struct berth_json *o = berth_json_new_object();
	struct berth_buf log = BERTH_BUF_INIT;
	enum berth_err rc = env->event_log ? env->event_log(env, &log) : BERTH_OK;

	if (rc == BERTH_E_STORE) {
		berth_log_err(BERTH_LOG_WARN, "event-log", rc);
		berth_buf_reset(&log);
		rc = BERTH_OK;
	}
	if (rc || (rc = berth_json_set_int(o, "size", (int64_t)log.len)) ||
	    (log.len && log.len <= BERTH_EVENT_LOG_MAX && (rc = berth_json_set_b64url(o, "log", log.p, log.len))))
		goto out;
	rc = berth_json_set(body, "eventLog", o);
	o = NULL;
out:
	berth_json_free(o);
	berth_buf_free(&log);
	return rc;
}

enum berth_err gateway_on_attest_request(struct berth_env *env, struct berth_instance *inst,
					 const struct berth_event *ev, struct berth_effects *fx)
{
	const char *name = berth_data_str(berth_json_get(inst->data, "active"), "identity");
	const struct berth_identity *op = name ? env->identity(env, name) : NULL;
	struct berth_json *body;
	enum berth_err rc;

	if (!op)
		return berth_fail(BERTH_E_TYPE, "attest-request, but there is nothing to attest");
	if ((rc = gateway_from_owner_now(inst, ev)) ||
	    (rc = gateway_check_delegation(env, inst, ev->in->msg.body, BERTH_SCOPE_ATTEST)))
		return rc;
	body = berth_json_new_object();
	if ((rc = evidence(env, inst, ev, op, body)) ||
	    (berth_json_bool(berth_json_get(ev->in->msg.body, "eventLog"), false) && (rc = set_event_log(env, body)))) {
		berth_json_free(body);
		return rc;
	}
	berth_effects_audit(fx, "attested to the owner");
	return gateway_say(env, inst, fx, op, "attest-evidence", ev->in->msg.thid, body);
}
