/* SPDX-License-Identifier: Apache-2.0 */
/* How far a device's audit log had come, by its own signature.  It rides in what the device says
 * anyway, and refuses none of that: a log that was cut or begun anew is for a person to look at.
 * data:
 *
 *	audit {did, seq, head, generation, timeS?, signed}	the furthest that we have seen
 *	auditProblem	what came after it and did not go on from it
 *	auditForked	it has signed two logs, which no later word of its mends */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/owner.h"
#include "did/base/log.h"
#include "did/url.h"

#define FORKED "it has signed two audit logs"

static enum berth_err keep(struct berth_instance *inst, const struct berth_audit_seen *h, const char *jws)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(o, "did", h->did)) || (rc = berth_json_set_int(o, "seq", h->seq)) ||
	    (rc = berth_json_set_b64url(o, "head", h->hash, sizeof(h->hash))) ||
	    (rc = berth_json_set_int(o, "generation", h->generation)) ||
	    (h->time_s >= 0 && (rc = berth_json_set_int(o, "timeS", h->time_s))) || (rc = berth_json_set_str(o, "signed", jws))) {
		berth_json_free(o);
		return rc;
	}
	if (!berth_json_get(inst->data, "auditForked"))
		berth_json_remove(inst->data, "auditProblem");
	return berth_json_set(inst->data, "audit", o);
}

/* Another row of the same number, or one behind it from before the device's counters stepped. */
static bool is_fork(const struct berth_json *last, const struct berth_audit_seen *h)
{
	int64_t seq = berth_data_int(last, "seq", -1);
	uint8_t hash[32];

	if (h->seq == seq && !berth_body_get_32(last, "head", hash) && memcmp(hash, h->hash, sizeof(hash)) != 0)
		return true;
	return h->seq >= seq && h->generation < berth_data_int(last, "generation", 0);
}

/* The same key, not less than before, and nothing else in its place. */
static enum berth_err goes_on(struct berth_instance *inst, const struct berth_audit_seen *h)
{
	const struct berth_json *last = berth_json_get(inst->data, "audit");
	const char *did = berth_data_str(last, "did");
	enum berth_err rc;

	if (did && !berth_did_same(did, h->did))
		return berth_fail(BERTH_E_AUTHZ, "its audit log is signed by another key");
	if (h->seq < berth_data_int(last, "seq", 0))
		return berth_fail(BERTH_E_REPLAY, "its audit log ends at row %lld, and has been at %lld", (long long)h->seq,
				  (long long)berth_data_int(last, "seq", 0));
	if (!is_fork(last, h))
		return BERTH_OK;
	rc = berth_json_set_bool(inst->data, "auditForked", true);
	return rc ? rc : berth_fail(BERTH_E_SIG, FORKED ": the other one at row %lld",
				    (long long)berth_data_int(last, "seq", 0));
}

static enum berth_err note_problem(struct berth_instance *inst, enum berth_err why)
{
	const char *was = berth_data_str(inst->data, "auditProblem");
	bool lasts = berth_json_get(inst->data, "auditForked") && was && strstr(was, FORKED);
	char text[160];

	snprintf(text, sizeof(text), "%s: %.120s", berth_err_name(why), berth_err_detail());
	if (lasts || (was && strcmp(was, text) == 0))
		return BERTH_OK;
	berth_log(BERTH_LOG_WARN, "audit", "device %s: %s", berth_data_str(inst->data, "serial"), text);
	return berth_json_set_str(inst->data, "auditProblem", text);
}

enum berth_err owner_note_audit(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev)
{
	const char *jws = NULL;
	struct berth_audit_seen h;
	enum berth_err rc = berth_json_opt_str(ev->in->msg.body, "auditHead", BERTH_AUDIT_HEAD_MAX, &jws);

	if (!rc && (!jws || !env->audit_open))
		return BERTH_OK;
	if (!rc && !(rc = env->audit_open(env, jws, strlen(jws), &h)) && !(rc = goes_on(inst, &h)))
		return keep(inst, &h, jws);
	return rc == BERTH_E_NOMEM ? rc : note_problem(inst, rc);
}
