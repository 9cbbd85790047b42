/* SPDX-License-Identifier: Apache-2.0 */
/* M14: what a device is told of its status, until it has said that it knows. */
#include "agent/protocol/owner.h"
#include "did/url.h"

static enum berth_err push_hash(struct berth_json *list, const struct berth_json *of)
{
	struct owner_credential c;
	enum berth_err rc = owner_credential_get(&c, of);

	if (rc)
		return rc == BERTH_E_NOMATCH ? BERTH_OK : rc;
	return berth_json_push_b64url(list, c.hash.b, 32);
}

/* The credentials that the device may hold by now. */
enum berth_err owner_set_credentials(const struct berth_json *about, struct berth_json *body)
{
	struct berth_json *list = berth_json_new_array();
	enum berth_err rc;

	if ((rc = push_hash(list, about)) ||
	    (rc = push_hash(list, berth_json_get(about, "renewal")))) {
		berth_json_free(list);
		return rc;
	}
	return berth_json_set(body, "credentials", list);
}

static enum berth_err notice_body(struct berth_env *env, const struct berth_instance *inst, const struct owner_notice *n,
				 struct berth_json *body)
{
	const char *reason = berth_data_str(n->status, "reason");
	enum berth_err rc;

	if ((rc = berth_json_set_int(body, "epoch", berth_data_int(inst->data, "epoch", 0))) ||
	    (rc = berth_json_set_int(body, "seq", berth_data_int(n->status, "seq", 0))) ||
	    (rc = berth_json_set_str(body, "status", berth_data_str(n->status, "is"))) ||
	    (reason && (rc = berth_json_set_str(body, "reason", reason))) || (rc = owner_set_credentials(n->about, body)))
		return rc;
	return owner_set_delegation(env, inst, body);
}

enum berth_err owner_send_notice(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx,
				 const struct owner_notice *n)
{
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc;

	if ((rc = notice_body(env, inst, n, body))) {
		berth_json_free(body);
		return rc;
	}
	return berth_effects_send(env, fx, n->from, n->to, NULL, BERTH_PIURI_ONBOARDING "status-notify",
				  berth_data_str(n->status, "thid"), body, NULL);
}

enum berth_err owner_notify_at(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx,
			       const char *to)
{
	return owner_send_notice(env, inst, fx, &(struct owner_notice){ .about = inst->data, .to = to,
		.status = berth_json_get(inst->data, "status"), .from = owner_us(env, inst) });
}

enum berth_err owner_drop_notice(const struct berth_json *about, struct berth_effects *fx, const char *to)
{
	struct berth_buf peer = BERTH_BUF_INIT;
	enum berth_err rc = berth_did_short(&peer, to);

	if (!rc)
		rc = berth_effects_drop(fx, berth_buf_cstr(&peer), berth_data_str(berth_json_get(about, "status"), "thid"));
	berth_buf_free(&peer);
	return rc;
}

size_t owner_dids_of(const struct berth_json *about, const char *dids[2])
{
	const char *did = berth_data_str(about, "operationalDid");
	const char *next = berth_data_str(berth_json_get(about, "renewal"), "operationalDid");
	size_t n = 0;

	if (did)
		dids[n++] = did;
	if (next)
		dids[n++] = next;
	return n;
}

enum berth_err owner_drop_notices(const struct berth_json *about, struct berth_effects *fx)
{
	const char *dids[2];
	enum berth_err rc = BERTH_OK;

	if (!berth_json_get(berth_json_get(about, "status"), "thid"))
		return BERTH_OK;
	for (size_t n = owner_dids_of(about, dids), i = 0; !rc && i < n; i++)
		rc = owner_drop_notice(about, fx, dids[i]);
	return rc;
}

/* In place of what still waits for it.  One that has not spoken since we were restored may have
 * other keys by now. */
enum berth_err owner_notify(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx)
{
	const char *dids[3];
	size_t n = owner_dids_of(inst->data, dids);
	enum berth_err rc = owner_drop_notices(inst->data, fx);

	if (!owner_is_synced(env, inst)) {
		dids[n++] = berth_data_str(inst->data, "factoryDid");
		rc = rc ? rc : owner_drop_notice(inst->data, fx, dids[n - 1]);
	}
	for (size_t i = 0; !rc && i < n; i++)
		rc = owner_notify_at(env, inst, fx, dids[i]);
	return rc;
}

enum berth_err owner_notice_due(struct berth_env *env, struct berth_instance *inst, int64_t tries)
{
	struct berth_json *notice = berth_data_obj(inst->data, "notice");
	enum berth_err rc = berth_json_set_int(notice, "tries", tries < OWNER_NOTICE_DOUBLED_MAX ? tries + 1 : tries);

	return rc ? rc : berth_json_set_int(notice, "dueS", env->uptime_s + ((int64_t)OWNER_NOTICE_AGAIN_S << tries));
}

/* For ever, ever more seldom. */
enum berth_err owner_status_again(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_json *notice = berth_json_get(inst->data, "notice");
	int64_t tries = berth_data_int(notice, "tries", 0);
	enum berth_err rc;

	(void)ev;
	if (!notice)
		return berth_fail(BERTH_E_NOMATCH, "nothing to tell");
	if ((rc = owner_is_due(env, fx, notice)) || (rc = owner_notice_due(env, inst, tries)))
		return rc;
	fx->timer_ms = (uint64_t)(OWNER_NOTICE_AGAIN_S << tries) * 1000;
	return owner_notify(env, inst, fx);
}
