/* SPDX-License-Identifier: Apache-2.0 */
/* M14 on the owner's side: a device is suspended, taken back, or revoked.  The status lists
 * are signed anew in the same transaction, and the device is told until it has said that it
 * knows.  data:
 *
 *	status {index, thid, seq, is, reason?, notedS?, driftOf?}	what we last said of it; driftOf: for
 *			what was quoted of these PCRs, and by nobody's order
 *	notice {tries, dueS}	while the device has not answered to that
 *
 * How it is told: owner_notice.c; what becomes of one that was revoked and is let in again:
 * owner_readmit.c. */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/owner.h"
#include "agent/protocol/status_lists.h"
#include "did/base/rand.h"
#include "did/url.h"

#define REASON_MAX 200

/* ---- may we ---- */
/* A delegate can take a device out of service, as far as its delegation goes, and never
 * for good. */
enum berth_err owner_check_scope(struct berth_env *env, const struct berth_instance *inst, const char *scope)
{
	struct berth_delegation d = { 0 };
	struct berth_json *package = NULL;
	const char *compact;
	enum berth_err rc;

	if (!berth_json_get(inst->data, "tipOwner"))
		return BERTH_OK;
	if (scope && (rc = owner_package(env, inst, &package)))
		return rc;
	if (!(compact = berth_data_str(package, "delegation")))
		rc = berth_fail(BERTH_E_AUTHZ, "a delegate cannot do that");
	else if (!(rc = berth_delegation_parse(&d, compact, strlen(compact))) && !berth_delegation_has_scope(&d, scope))
		rc = berth_fail(BERTH_E_AUTHZ, "the delegation is not for %s", scope);
	berth_object_free(&d.obj);
	berth_json_free(package);
	return rc;
}

enum berth_err owner_set_delegation(struct berth_env *env, const struct berth_instance *inst, struct berth_json *body)
{
	struct berth_json *package;
	const char *compact;
	enum berth_err rc;

	if (!berth_json_get(inst->data, "delegation"))
		return BERTH_OK;
	if ((rc = owner_package(env, inst, &package)))
		return rc;
	if ((compact = berth_data_str(package, "delegation")))
		rc = berth_json_set_str(body, "delegation", compact);
	berth_json_free(package);
	return rc;
}

/* ---- the operator's words ---- */
static enum berth_err set_thid(struct berth_json *status)
{
	uint8_t thid[16];

	if (berth_json_get(status, "thid"))
		return BERTH_OK;
	berth_random(thid, sizeof(thid));
	return berth_json_set_b64url(status, "thid", thid, sizeof(thid));
}

enum berth_err owner_change_status(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				   const char *is, const char *reason)
{
	struct berth_json *status = berth_data_obj(inst->data, "status");
	int64_t index = berth_data_int(status, "index", -1), seq = 0;
	const char *in_list = strcmp(is, BERTH_STATUS_ONBOARD) == 0 ? BERTH_STATUS_REVOKED : is;
	enum berth_err rc;

	/* of before there were lists */
	if ((index < 0 && (rc = berth_status_assign(env, fx, inst->key, &index))) ||
	    (rc = berth_status_change(env, fx, inst->key, index, in_list, &seq)) || (rc = set_thid(status)) ||
	    (rc = berth_json_set_int(status, "index", index)) || (rc = berth_json_set_int(status, "seq", seq)) ||
	    (rc = berth_json_set_str(status, "is", is)))
		return rc;
	berth_json_remove(status, "reason");
	berth_json_remove(status, "driftOf");
	berth_json_remove(status, "notedS");
	if ((reason && (rc = berth_json_set_str(status, "reason", reason))) || (rc = owner_notice_due(env, inst, 0)))
		return rc;
	fx->timer_ms = OWNER_NOTICE_AGAIN_S * 1000;
	fx->may_step_generation = true;
	berth_effects_audit(fx, "device %s: %s%s%s", berth_data_str(inst->data, "serial"), is, reason ? ": " : "",
			    reason ? reason : "");
	return BERTH_OK;
}

static enum berth_err
change(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const char *is, const char *reason)
{
	enum berth_err rc = owner_change_status(env, inst, fx, is, reason);

	return rc ? rc : owner_notify(env, inst, fx);
}

static enum berth_err reason_of(const struct berth_event *ev, const char **reason)
{
	*reason = NULL;
	return ev->args ? berth_json_opt_str(ev->args, "reason", REASON_MAX, reason) : BERTH_OK;
}

enum berth_err owner_take_out(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const char *reason)
{
	enum berth_err rc = change(env, inst, fx, BERTH_STATUS_SUSPENDED, reason);

	if (!rc)
		fx->state = OW_SUSPENDED;
	return rc;
}

/* args: {"reason"?} */
enum berth_err owner_suspend(struct berth_env *env, struct berth_instance *inst,
			     const struct berth_event *ev, struct berth_effects *fx)
{
	const char *reason;
	enum berth_err rc;

	if ((rc = owner_check_scope(env, inst, BERTH_SCOPE_SUSPEND)) || (rc = reason_of(ev, &reason)))
		return rc;
	return owner_take_out(env, inst, fx, reason);
}

/* A renewal that was under way goes on. */
enum berth_err owner_take_back(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const char *reason)
{
	enum berth_err rc = change(env, inst, fx, BERTH_STATUS_VALID, reason);

	if (rc || (berth_json_get(inst->data, "unansweredS") &&	/* it has all its time again */
		   (rc = berth_json_set_int(inst->data, "unansweredS", env->uptime_s))))
		return rc;
	fx->state = berth_json_get(inst->data, "renewal") ? OW_RENEW_PENDING : OW_ACTIVE;
	if (berth_json_get(inst->data, "provision"))
		fx->timer_ms = OWNER_LOOK_MS;	/* what was provided meanwhile */
	return BERTH_OK;
}

enum berth_err owner_resume(struct berth_env *env, struct berth_instance *inst,
			    const struct berth_event *ev, struct berth_effects *fx)
{
	enum berth_err rc = owner_check_scope(env, inst, BERTH_SCOPE_SUSPEND);

	(void)ev;
	return rc ? rc : owner_take_back(env, inst, fx, NULL);
}

/* An owner that was restored need not know that the device is out of service, nor its DID: it says so
 * to the factory's. */
enum berth_err owner_resume_unheard(struct berth_env *env, struct berth_instance *inst,
				    const struct berth_event *ev, struct berth_effects *fx)
{
	enum berth_err rc;

	if (owner_is_synced(env, inst) || berth_json_get(inst->data, "goodbye") || inst->state == OW_IMPORTED || inst->state > OW_RENEW_PENDING)
		return berth_fail(BERTH_E_TYPE, "%s of a device that is %s", ev->on + strlen("cmd/"),
				  berth_owner_machine.states[inst->state]);
	if ((rc = owner_check_scope(env, inst, BERTH_SCOPE_SUSPEND)))
		return rc;
	return change(env, inst, fx, BERTH_STATUS_VALID, NULL);
}

/* For good: args: {"reason"?} */
enum berth_err owner_revoke(struct berth_env *env, struct berth_instance *inst,
			    const struct berth_event *ev, struct berth_effects *fx)
{
	const char *reason;
	enum berth_err rc;

	if ((rc = owner_check_scope(env, inst, NULL)) || (rc = reason_of(ev, &reason)))
		return rc;
	rc = owner_mark_attested(inst, fx, NULL);
	return rc ? rc : change(env, inst, fx, BERTH_STATUS_REVOKED, reason);
}

/* A credential is one from the moment that it was issued, whatever has become of the run. */
static bool was_given(const struct berth_json *data)
{
	return berth_json_get(data, "credential") || berth_json_get(data, "issued") ||
	       berth_data_int(berth_json_get(data, "status"), "index", -1) >= 0;
}

/* Of a device that has not said yet that it is in use, and may never do so.  Nothing more of the
 * run leaves; who still waits for our word is denied it. */
enum berth_err owner_revoke_early(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_run run;
	enum berth_err rc = owner_check_scope(env, inst, NULL);

	if (!rc && !was_given(inst->data))
		rc = berth_fail(BERTH_E_TYPE, "nothing has been issued that could be revoked");
	if (!rc && !berth_run_load(&run, inst->data))
		rc = berth_effects_drop(fx, run.peer, run.thid);
	if (rc || (rc = owner_note_told(env, inst)))	/* and not where we are, either */
		return rc;
	return owner_revoke(env, inst, ev, fx);
}

enum berth_err owner_end_status(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	int64_t index = berth_data_int(berth_json_get(inst->data, "status"), "index", -1), seq;
	enum berth_err rc = owner_drop_notices(inst->data, fx);

	if (rc || index < 0)
		return rc;
	berth_json_remove(inst->data, "notice");
	return berth_status_change(env, fx, inst->key, index, BERTH_STATUS_REVOKED, &seq);
}

/* ---- what the device says ---- */
static bool is_the_device(const struct berth_instance *inst, const char *sender)
{
	const char *const dids[] = { berth_data_str(inst->data, "operationalDid"), berth_data_str(inst->data, "factoryDid"),
		berth_data_str(berth_json_get(inst->data, "renewal"), "operationalDid") };

	for (size_t i = 0; sender && i < sizeof(dids) / sizeof(dids[0]); i++)
		if (dids[i] && berth_did_same(sender, dids[i]))
			return true;
	return false;
}

enum berth_err owner_check_device(const struct berth_instance *inst, const struct berth_event *ev)
{
	int64_t epoch;
	enum berth_err rc;

	if (!is_the_device(inst, ev->sender))
		return berth_fail(BERTH_E_AUTHZ, "%s from another DID than the device's", ev->on);
	if ((rc = berth_json_req_int(ev->in->msg.body, "epoch", 0, INT64_MAX, &epoch)))
		return rc;
	return epoch == berth_data_int(inst->data, "epoch", 0) ? BERTH_OK : berth_fail(BERTH_E_AUTHZ, "%s for another epoch", ev->on);
}

/* It is in force there. */
enum berth_err owner_on_status_noted(struct berth_env *env, struct berth_instance *inst,
				     const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *status;
	int64_t seq;
	enum berth_err rc;

	if (berth_json_get(inst->data, "goodbye"))
		return owner_on_goodbye_noted(inst, ev, fx);
	status = berth_data_obj(inst->data, "status");
	if ((rc = owner_check_device(inst, ev)) || (rc = berth_json_req_int(ev->in->msg.body, "seq", 0, INT64_MAX, &seq)))
		return rc;
	if (!berth_json_get(inst->data, "notice") || seq != berth_data_int(status, "seq", -1))
		return berth_fail(BERTH_E_REPLAY, "an answer to an earlier notice");
	berth_json_remove(inst->data, "notice");
	if ((rc = owner_note_audit(env, inst, ev)) ||
	    (rc = berth_json_set_int(status, "notedS", env->now_s < 0 ? 0 : env->now_s)) ||
	    (rc = owner_drop_notice(inst->data, fx, ev->sender)) || (rc = owner_drop_notices(inst->data, fx)))
		return rc;
	fx->timer_ms = OWNER_LOOK_MS;
	berth_effects_audit(fx, "device %s knows that it is %s", berth_data_str(inst->data, "serial"), berth_data_str(status, "is"));
	return BERTH_OK;
}

/* Of a device that is out of service: no new credential, and the notice once more, to the
 * DID that it asked with, which need not be the one that we know. */
enum berth_err owner_on_renew_refused(struct berth_env *env, struct berth_instance *inst,
				      const struct berth_event *ev, struct berth_effects *fx)
{
	const char *serial = berth_data_str(inst->data, "serial");
	struct berth_run run = { .epoch = berth_data_int(inst->data, "epoch", 0) };
	enum berth_err rc;

	if ((rc = owner_check_device(inst, ev)))
		return rc;
	snprintf(run.thid, sizeof(run.thid), "%s", ev->in->msg.thid);
	snprintf(run.peer, sizeof(run.peer), "%s", ev->sender);
	berth_effects_audit(fx, "device %s: renewal refused: %s: it is %s", serial, berth_err_name(BERTH_E_STATUS),
			    berth_data_str(berth_json_get(inst->data, "status"), "is"));
	if ((rc = owner_send_denied(env, inst, fx, &run, berth_err_name(BERTH_E_STATUS))))
		return rc;
	return owner_notify_at(env, inst, fx, ev->sender);
}

/* It starts anew, and has not been let in again. */
enum berth_err owner_on_hello_refused(struct berth_env *env, struct berth_instance *inst,
				      const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_run run = { .epoch = berth_data_int(inst->data, "epoch", 0) };

	if (!ev->sender || !berth_did_same(ev->sender, berth_data_str(inst->data, "factoryDid")))
		return berth_fail(BERTH_E_HOLDER, "hello from another DID than the device's");
	snprintf(run.thid, sizeof(run.thid), "%s", ev->in->msg.thid);
	snprintf(run.peer, sizeof(run.peer), "%s", ev->sender);
	berth_effects_audit(fx, "hello from device %s, which is %s: denied", berth_data_str(inst->data, "serial"),
			    berth_data_str(berth_json_get(inst->data, "status"), "is"));
	return owner_send_denied(env, inst, fx, &run, berth_err_name(BERTH_E_STATUS));
}
