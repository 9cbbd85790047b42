/* SPDX-License-Identifier: Apache-2.0 */
/* M11 on the owner's side, and before it what the device says of single items.
 * COMMITTED is stored before `committed` leaves. */
#include <string.h>

#include "agent/protocol/ldevid.h"
#include "agent/protocol/owner_items.h"

static bool was_issued(const struct berth_instance *inst, const char *id)
{
	berth_json_each(item, berth_json_get(berth_json_get(inst->data, "issued"), "items"))
		if (strcmp(berth_data_str(item, "id"), id) == 0)
			return true;
	return false;
}

/* Only refusals: what was stored is named by commit. */
enum berth_err owner_on_result(struct berth_env *env, struct berth_instance *inst,
			       const struct berth_event *ev, struct berth_effects *fx)
{
	const char *id, *status, *reason = "";
	struct berth_run run;
	enum berth_err rc;

	(void)env;
	if ((rc = owner_run(&run, inst, ev)) || (rc = berth_json_req_str(ev->in->msg.body, "id", 63, &id)) ||
	    (rc = berth_json_req_str(ev->in->msg.body, "status", 15, &status)) ||
	    (rc = berth_json_opt_str(ev->in->msg.body, "reason", 64, &reason)))
		return rc;
	if (!was_issued(inst, id))
		return berth_fail(BERTH_E_AUTHZ, "a result for an item that was not sent");
	berth_effects_audit(fx, "device %s: item %s %s %s", berth_data_str(inst->data, "serial"), id, status, reason);
	return berth_json_set_str(berth_data_obj(inst->data, "results"), id, status);
}

/* The device names exactly what was issued. */
static enum berth_err check_commit(const struct berth_json *issued, const struct berth_json *body)
{
	const struct berth_json *want = berth_json_get(issued, "items"), *have;
	struct owner_credential ours;
	struct berth_hash theirs;
	enum berth_err rc = owner_credential_get(&ours, issued);

	if (rc)
		return rc == BERTH_E_NOMATCH ? berth_fail(BERTH_E_TYPE, "commit before issue") : rc;
	if ((rc = berth_body_get_32(body, "credential", theirs.b)) ||
	    (rc = berth_json_req_arr(body, "items", BERTH_ITEMS_MAX, &have)))
		return rc;
	if (!berth_hash_equal(&ours.hash, &theirs) || berth_json_len(want) != berth_json_len(have))
		return berth_fail(BERTH_E_AUTHZ, "commit of something else than was issued");
	for (size_t i = 0; i < berth_json_len(want); i++) {
		const struct berth_json *w = berth_json_at(want, i), *h = berth_json_at(have, i);

		if (!berth_json_equal(berth_json_get(w, "id"), berth_json_get(h, "id")) ||
		    !berth_json_equal(berth_json_get(w, "sha256"), berth_json_get(h, "sha256")))
			return berth_fail(BERTH_E_AUTHZ, "commit names another item");
	}
	return BERTH_OK;
}

static enum berth_err
send_committed(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, struct berth_run *run,
	       const struct berth_event *ev)
{
	struct berth_json *body = berth_json_new_object();
	uint8_t h[32];
	enum berth_err rc;

	if ((rc = berth_body_get_32(ev->in->msg.body, "credential", h)) ||
	    (rc = berth_json_set_b64url(body, "credential", h, 32)) ||
	    (rc = berth_json_set_int(body, "epoch", run->epoch))) {
		berth_json_free(body);
		return rc;
	}
	return owner_send(env, inst, fx, run, "committed", body, false);
}

/* Items that came whole, and that the device does not take: it says why. */
static enum berth_err note_refused(struct berth_instance *inst, const struct berth_json *body, struct berth_buf *line)
{
	const char *status, *reason;
	enum berth_err rc;

	berth_json_each(item, berth_json_get(body, "items")) {
		status = reason = "";
		if ((rc = berth_json_opt_str(item, "status", 15, &status)) ||
		    (rc = berth_json_opt_str(item, "reason", 64, &reason)))
			return rc;
		if (!status[0])
			continue;
		berth_buf_printf(line, ", item %s %s %s", berth_data_str(item, "id"), status, reason);
		if ((rc = berth_json_set_str(berth_data_obj(inst->data, "results"), berth_data_str(item, "id"), status)))
			return rc;
	}
	return berth_buf_status(line);
}

enum berth_err owner_on_commit(struct berth_env *env, struct berth_instance *inst,
			       const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_json *issued = berth_json_get(inst->data, "issued");
	struct berth_buf line = BERTH_BUF_INIT;
	struct berth_run run;
	enum berth_err rc;

	if ((rc = owner_run(&run, inst, ev)) || (rc = check_commit(issued, ev->in->msg.body)) ||
	    (rc = note_refused(inst, ev->in->msg.body, &line)) ||
	    (rc = berth_json_set_str(inst->data, "operationalDid", berth_data_str(issued, "operationalDid"))) ||
	    (rc = owner_credential_take(inst->data, issued)) ||
	    (rc = berth_ldevid_switch(env, inst->data, issued)) ||
	    (rc = owner_note_attempt(inst, berth_data_int(issued, "attempt", 0))) ||
	    (rc = berth_json_set_bool(inst->data, "used", true)) || (rc = owner_forget_taken(inst, fx)))
		goto out;
	fx->timer_ms = OWNER_REFRESH_MS;
	fx->may_step_generation = true;	/* a fleet's owner must not wear its TPM out */
	berth_effects_audit(fx, "device %s committed%s", berth_data_str(inst->data, "serial"), berth_buf_cstr(&line));
	rc = send_committed(env, inst, fx, &run, ev);
out:
	berth_buf_free(&line);
	return rc;
}

/* The device asks again: it has not had our answer. */
enum berth_err owner_on_commit_again(struct berth_env *env, struct berth_instance *inst,
				     const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_run run;
	enum berth_err rc;

	if ((rc = owner_run(&run, inst, ev)) ||
	    (rc = check_commit(berth_json_get(inst->data, "issued"), ev->in->msg.body)) ||
	    (rc = berth_effects_drop(fx, run.peer, run.thid)))
		return rc;
	return send_committed(env, inst, fx, &run, ev);
}

/* The device's operator ended the run after we had committed: nothing of it is in
 * use there. */
enum berth_err owner_on_abandoned(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_run run;
	enum berth_err rc;

	if ((rc = owner_run(&run, inst, ev)) || (rc = berth_ldevid_switch(env, inst->data, NULL)))
		return rc;
	berth_json_remove(inst->data, "issued");
	berth_json_remove(inst->data, "credential");
	berth_json_remove(inst->data, "operationalDid");
	berth_json_remove(inst->data, "receipt");
	berth_json_remove(inst->data, "used");
	fx->timer_ms = OWNER_REFRESH_MS;
	berth_effects_audit(fx, "device %s abandoned the run after it was committed", berth_data_str(inst->data, "serial"));
	return berth_effects_drop(fx, run.peer, run.thid);
}

enum berth_err owner_on_late_commit(struct berth_env *env, struct berth_instance *inst,
				    const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_run run;
	enum berth_err rc;

	if (!berth_json_get(inst->data, "run"))
		return berth_fail(BERTH_E_TYPE, "%s, but nothing was offered", ev->on);
	rc = owner_run(&run, inst, ev);
	return rc ? rc : owner_send_denied(env, inst, fx, &run, "the offer ran out; start again");
}

enum berth_err owner_issue_timeout(struct berth_env *env, struct berth_instance *inst,
				   const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_run run;
	enum berth_err rc = berth_run_load(&run, inst->data);

	(void)env;
	(void)ev;
	fx->timer_ms = OWNER_REFRESH_MS;
	berth_json_remove(inst->data, "issued");
	berth_effects_audit(fx, "device %s did not commit in time", berth_data_str(inst->data, "serial"));
	return rc ? rc : berth_effects_drop(fx, run.peer, run.thid);
}

enum berth_err owner_resume_issued(struct berth_env *env, struct berth_instance *inst,
				   const struct berth_event *ev, struct berth_effects *fx)
{
	(void)inst;
	(void)ev;
	fx->timer_ms = (uint64_t)env->policy->issue_timeout_s * 1000;
	return BERTH_OK;
}
