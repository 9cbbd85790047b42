/* SPDX-License-Identifier: Apache-2.0 */
/* Where the device finds us: what is signed of that, in an invitation and at each rendezvous,
 * where it is kept alive. */
#include <string.h>

#include "agent/protocol/owner.h"
#include "did/url.h"

#define REGISTER_REST_MS 3600000u	/* a rendezvous that never answers is asked so often */
#define REGISTER_MIN_S 30		/* and one that holds nothing for long no oftener */

enum berth_err
owner_make_blob(struct berth_env *env, struct berth_instance *inst, struct berth_buf *out)
{
	const char *tip_owner = berth_data_str(inst->data, "tipOwner");
	struct berth_buf owner = BERTH_BUF_INIT;
	struct berth_rv_blob blob = {
		.epoch = berth_data_int(inst->data, "epoch", 0), .seq = berth_data_int(inst->data, "seq", 0),
		.reg_no = berth_data_int(inst->data, "regNo", 0) + 1,
		.exp_s = env->now_s < 0 ? 0 : env->now_s + env->policy->registration_s };
	const struct berth_policy *p = env->policy;
	enum berth_err rc;

	for (size_t i = 0; i < p->n_endpoints && i < BERTH_BLOB_ENDPOINTS_MAX; i++)
		blob.endpoints[blob.n_endpoints++] = p->endpoints[i];
	if ((rc = berth_did_short(&owner, tip_owner ? tip_owner : owner_me(env)->did)) ||
	    (rc = berth_device_hash(&blob.device_hash, berth_data_str(inst->data, "factoryDid"), blob.epoch)) ||
	    (rc = berth_body_get_32(inst->data, "tip", blob.tip.b)) ||
	    (rc = berth_json_set_int(inst->data, "regNo", blob.reg_no)))
		goto out;
	blob.owner_did = berth_buf_cstr(&owner);
	rc = berth_rv_blob_build(out, env->keys->keyring, owner_me(env)->sign_kid, &blob);
out:
	berth_buf_free(&owner);
	return rc;
}

/* result: the signed invitation {blob, package} */
enum berth_err owner_invite(struct berth_env *env, struct berth_instance *inst,
			    const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_buf blob = BERTH_BUF_INIT;
	struct berth_json *package;
	enum berth_err rc;

	(void)ev;
	if ((rc = owner_make_blob(env, inst, &blob)) || (rc = owner_package(env, inst, &package)))
		goto out;
	fx->result = berth_json_new_object();
	if ((rc = berth_json_set_str(fx->result, "blob", berth_buf_cstr(&blob)))) {
		berth_json_free(package);
		goto out;
	}
	rc = berth_json_set(fx->result, "package", package);
	berth_effects_audit(fx, "an invitation was written");
out:
	berth_buf_free(&blob);
	return rc;
}

static enum berth_err
register_at(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
	    const struct berth_rendezvous *rv, const char *blob)
{
	struct berth_json *body = berth_json_new_object(), *package;
	struct berth_send *s;
	enum berth_err rc;

	if ((rc = env->learn(env, rv->did)) || (rc = berth_json_set_str(body, "blob", blob)) ||
	    (rc = owner_package(env, inst, &package)) || (rc = berth_json_set(body, "package", package))) {
		berth_json_free(body);
		return rc;
	}
	if (!(rc = berth_effects_send(env, fx, owner_me(env), rv->did, rv->uri,
				      BERTH_PIURI_RENDEZVOUS "register", NULL, body, &s)) &&
	    !(rc = berth_send_in_full(s, owner_me(env))))
		s->ephemeral = true;
	return rc;
}

/* Who has not answered is asked again after 10 s, 20 s ... an hour; everybody when half
 * the shortest of the times is over, or the agent begins. */
static uint64_t register_again_ms(const struct berth_env *env, const struct berth_instance *inst)
{
	int64_t tries = berth_data_int(inst->data, "regTries", 0), due = berth_data_int(inst->data, "refreshS", 0);
	uint64_t ms = tries < 9 ? (uint64_t)OWNER_REFRESH_MS << tries : REGISTER_REST_MS;
	uint64_t left = due > env->uptime_s ? (uint64_t)(due - env->uptime_s) * 1000 : 1000;

	if (ms > REGISTER_REST_MS)
		ms = REGISTER_REST_MS;
	return due && left < ms ? left : ms;
}

static bool has_registered(const struct berth_instance *inst, const char *did)
{
	const struct berth_json *who = berth_json_get(inst->data, "registered");

	berth_json_each(one, who)
		if (berth_did_same(berth_json_key(one), did))
			return true;
	return false;
}

static bool all_registered(const struct berth_env *env, const struct berth_instance *inst)
{
	for (size_t i = 0; i < env->policy->n_rendezvous; i++)
		if (!has_registered(inst, env->policy->rendezvous[i].did))
			return false;
	return true;
}

static enum berth_err
register_where_missing(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	const struct berth_policy *p = env->policy;
	struct berth_buf blob = BERTH_BUF_INIT;
	enum berth_err rc = owner_make_blob(env, inst, &blob);

	for (size_t i = 0; !rc && i < p->n_rendezvous; i++)
		if (!has_registered(inst, p->rendezvous[i].did))
			rc = register_at(env, inst, fx, &p->rendezvous[i], berth_buf_cstr(&blob));
	berth_buf_free(&blob);
	return rc;
}

static uint64_t until_refresh_ms(const struct berth_env *env, const struct berth_instance *inst)
{
	int64_t left = berth_data_int(inst->data, "refreshS", 0) - env->uptime_s;

	return left > 0 ? (uint64_t)left * 1000 : 1000;
}

enum berth_err owner_register_now(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	berth_json_remove(inst->data, "registered");
	berth_json_remove(inst->data, "refreshS");
	return env->policy->n_rendezvous ? register_where_missing(env, inst, fx) : BERTH_OK;
}

static enum berth_err keep_up(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			      struct berth_effects *fx)
{
	int64_t due = berth_data_int(inst->data, "refreshS", 0), tries = berth_data_int(inst->data, "regTries", 0);
	enum berth_err rc;

	if (env->policy->n_rendezvous == 0)
		return BERTH_OK;	/* devices come by invitation */
	if (strcmp(ev->on, "timer") != 0 || (due && env->uptime_s >= due)) {
		berth_json_remove(inst->data, "registered");
		berth_json_remove(inst->data, "refreshS");
		tries = 0;
	}
	fx->timer_ms = OWNER_REFRESH_MS;	/* if anything below fails */
	if (all_registered(env, inst)) {
		fx->timer_ms = until_refresh_ms(env, inst);
		return BERTH_OK;
	}
	if ((rc = berth_json_set_int(inst->data, "regTries", tries)))
		return rc;
	fx->timer_ms = register_again_ms(env, inst);
	if ((rc = berth_json_set_int(inst->data, "regTries", tries + 1)))
		return rc;
	return register_where_missing(env, inst, fx);
}

enum berth_err owner_register(struct berth_env *env, struct berth_instance *inst,
			      const struct berth_event *ev, struct berth_effects *fx)
{
	enum berth_err rc = keep_up(env, inst, ev, fx);

	if (!rc)
		rc = owner_resync_also(env, inst, fx);
	return rc ? rc : owner_goodbye_again(env, inst, fx);
}

/* For so long; the first one that runs out counts for all. */
static enum berth_err note_registered(const struct berth_env *env, struct berth_instance *inst, const char *did, int64_t seconds)
{
	int64_t due = berth_data_int(inst->data, "refreshS", 0), half = seconds / 2;
	enum berth_err rc;

	if (half < REGISTER_MIN_S)
		half = REGISTER_MIN_S;	/* nobody makes us hammer */
	if (!due || due > env->uptime_s + half)
		due = env->uptime_s + half;
	if ((rc = berth_json_set_int(inst->data, "refreshS", due)))
		return rc;
	return berth_json_set_bool(berth_data_obj(inst->data, "registered"), did, true);
}

enum berth_err owner_on_registered(struct berth_env *env, struct berth_instance *inst,
				   const struct berth_event *ev, struct berth_effects *fx)
{
	bool ours = false;
	int64_t seconds, reg_no;
	enum berth_err rc;

	for (size_t i = 0; i < env->policy->n_rendezvous; i++)
		ours |= berth_did_same(ev->sender, env->policy->rendezvous[i].did);
	if (!ours)
		return berth_fail(BERTH_E_AUTHZ, "registered by a rendezvous we did not ask");
	if ((rc = berth_json_req_int(ev->in->msg.body, "seconds", 1, 366 * 86400, &seconds)) ||
	    (rc = berth_json_req_int(ev->in->msg.body, "regNo", 1, INT64_MAX, &reg_no)))
		return rc;
	if (reg_no != berth_data_int(inst->data, "regNo", 0))
		return berth_fail(BERTH_E_REPLAY, "an answer to an earlier registration");
	if ((rc = note_registered(env, inst, ev->sender, seconds)))
		return rc;
	fx->timer_ms = all_registered(env, inst) ? until_refresh_ms(env, inst) : register_again_ms(env, inst);
	if (inst->state == OW_TRANSFERRING || inst->state == OW_RETIRING)
		fx->timer_ms = 0;	/* it has another use there */
	berth_effects_audit(fx, "registered at a rendezvous for %lld s", (long long)seconds);
	return owner_goodbye_again(env, inst, fx);
}
