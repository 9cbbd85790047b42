/* SPDX-License-Identifier: Apache-2.0 */
/* A device that was revoked, and begins anew where it stands (berth onboard), while its owner
 * lets it go: it has no owner any more who could end an epoch, and what we say is for an
 * identity that is gone.  It looks for us as for anybody, so we are registered, and hear its
 * hello.  That may be an old one; but once it has proved itself, over a nonce that was fresh,
 * nothing of the release is or will be obeyed there: the release ends, and it is what it was,
 * a device that was revoked and waits for its owner's word. */
#include "agent/protocol/owner.h"
#include "did/url.h"

enum berth_err owner_on_hello_of_leaving(struct berth_env *env, struct berth_instance *inst,
					 const struct berth_event *ev, struct berth_effects *fx)
{
	if (!owner_may_begin_anew(inst))
		return berth_fail(BERTH_E_STATUS, "%s of a device that is being let go", ev->on);
	return owner_on_hello(env, inst, ev, fx);
}

static enum berth_err drop(struct berth_effects *fx, const char *did, const char *thid)
{
	struct berth_buf peer = BERTH_BUF_INIT;
	enum berth_err rc = did ? berth_did_short(&peer, did) : BERTH_OK;

	if (!rc && did)
		rc = berth_effects_drop(fx, berth_buf_cstr(&peer), thid);
	berth_buf_free(&peer);
	return rc;
}

enum berth_err owner_on_proof_of_leaving(struct berth_env *env, struct berth_instance *inst,
					 const struct berth_event *ev, struct berth_effects *fx)
{
	const char *serial = berth_data_str(inst->data, "serial");
	const char *thid = berth_data_str(berth_json_get(inst->data, "transfer"), "thid");
	struct berth_run run;
	enum berth_err rc;

	if (!owner_may_begin_anew(inst))
		return berth_fail(BERTH_E_STATUS, "%s of a device that is being let go", ev->on);
	if ((rc = owner_check_proof(env, inst, ev, &run)) ||
	    (rc = drop(fx, berth_data_str(inst->data, "factoryDid"), thid)) ||
	    (rc = drop(fx, berth_data_str(inst->data, "operationalDid"), thid)) || (rc = owner_end_hello(inst, fx)))
		return rc;
	owner_keep_device(inst, fx);
	berth_effects_audit(fx, "device %s began anew, and is not let go: approve it, or leave it as it is", serial);
	return owner_send_denied(env, inst, fx, &run, berth_err_name(BERTH_E_STATUS));
}
