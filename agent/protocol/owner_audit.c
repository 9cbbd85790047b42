/* SPDX-License-Identifier: Apache-2.0 */
/* How far a device's audit log had come, by its own signature.  It rides in what the device says
 * anyway, and refuses none of that: a log that was cut or begun anew is for a person to look at.
 * data:
 *
 *	audit {did, seq, generation, timeS?, signed}	the furthest that we have seen
 *	auditProblem	what came after it and did not go on from it */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/owner.h"
#include "did/url.h"

static enum berth_err keep(struct berth_instance *inst, const struct berth_audit_seen *h, const char *jws)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(o, "did", h->did)) || (rc = berth_json_set_int(o, "seq", h->seq)) ||
	    (rc = berth_json_set_int(o, "generation", h->generation)) ||
	    (h->time_s >= 0 && (rc = berth_json_set_int(o, "timeS", h->time_s))) || (rc = berth_json_set_str(o, "signed", jws))) {
		berth_json_free(o);
		return rc;
	}
	berth_json_remove(inst->data, "auditProblem");
	return berth_json_set(inst->data, "audit", o);
}

/* The same key, and not less than before. */
static enum berth_err goes_on(const struct berth_instance *inst, const struct berth_audit_seen *h)
{
	const struct berth_json *last = berth_json_get(inst->data, "audit");
	const char *did = berth_data_str(last, "did");

	if (did && !berth_did_same(did, h->did))
		return berth_fail(BERTH_E_AUTHZ, "its audit log is signed by another key");
	if (h->seq < berth_data_int(last, "seq", 0))
		return berth_fail(BERTH_E_REPLAY, "its audit log ends at row %lld, and has been at %lld", (long long)h->seq,
				  (long long)berth_data_int(last, "seq", 0));
	return BERTH_OK;
}

enum berth_err owner_note_audit(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev)
{
	const char *jws = NULL;
	struct berth_audit_seen h;
	char why[160];
	enum berth_err rc = berth_json_opt_str(ev->in->msg.body, "auditHead", BERTH_AUDIT_HEAD_MAX, &jws);

	if (!rc && (!jws || !env->audit_open))
		return BERTH_OK;
	if (!rc && !(rc = env->audit_open(env, jws, strlen(jws), &h)) && !(rc = goes_on(inst, &h)))
		return keep(inst, &h, jws);
	if (rc == BERTH_E_NOMEM)
		return rc;
	snprintf(why, sizeof(why), "%s: %.120s", berth_err_name(rc), berth_err_detail());
	return berth_json_set_str(inst->data, "auditProblem", why);
}
