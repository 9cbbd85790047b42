/* SPDX-License-Identifier: Apache-2.0 */
/* M15 on the device.  transfer-prepare brings the owner's ReleaseCredential: RELEASING,
 * everything goes on, applications have their notice and the local operator a say.  Then
 * transfer-ready, with a nonce that makes the owner's next word fresh.  `release` ends the
 * epoch (gateway_end.c), and is for the factory DID: the operational keys are gone when it
 * comes again. */
#include <string.h>

#include "agent/protocol/gateway.h"
#include "did/base/rand.h"
#include "did/url.h"

#define AGAIN_MS 60000u
#define REFUSED_MAX 16
#define SAID_NO "the operator of the device said no"

static struct berth_json *release_of(struct berth_instance *inst) { return berth_data_obj(inst->data, "release"); }

/* A renewal that has only been asked for is over; the keys in use are the old ones. */
static enum berth_err end_renewal(struct berth_instance *inst, struct berth_effects *fx)
{
	const char *name = berth_data_str(berth_json_get(inst->data, "renewal"), "identity");
	enum berth_err rc = name ? berth_effects_forget(fx, name) : BERTH_OK;

	berth_json_remove(inst->data, "renewal");
	return rc;
}

static enum berth_err keep(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			   const struct berth_release *r)
{
	struct berth_json *release = berth_json_new_object();
	const char *nonce = berth_data_str(ev->in->msg.body, "nonce");
	enum berth_err rc;

	if ((rc = berth_json_set_str(release, "thid", ev->in->msg.thid)) || (rc = berth_json_set_str(release, "nonce", nonce)) ||
	    (rc = berth_json_set_str(release, "credential", r->obj.compact)) ||
	    (r->next_owner && (rc = berth_json_set_str(release, "nextOwner", r->next_owner))) ||
	    (rc = berth_json_set_bool(release, "retire", r->retire)) ||
	    (rc = berth_json_set_bool(release, "consent", !env->policy->release_consent)) ||
	    (rc = berth_json_set_int(release, "noticeS", env->uptime_s + env->policy->release_notice_s))) {
		berth_json_free(release);
		return rc;
	}
	return berth_json_set(inst->data, "release", release);
}

static enum berth_err read_body(const struct berth_instance *inst, const struct berth_event *ev, const char **compact)
{
	uint8_t nonce[32];
	int64_t epoch;
	enum berth_err rc;

	if ((rc = berth_json_req_int(ev->in->msg.body, "epoch", 0, INT64_MAX, &epoch)) ||
	    (rc = berth_body_get_32(ev->in->msg.body, "nonce", nonce)) ||
	    (rc = berth_json_req_str(ev->in->msg.body, "credential", BERTH_OBJECT_MAX, compact)))
		return rc;
	return epoch == berth_data_int(inst->data, "epoch", 0) ? BERTH_OK
		: berth_fail(BERTH_E_AUTHZ, "%s for epoch %lld", ev->on, (long long)epoch);
}

/* Said again, it changes nothing but that we say our part again. */
static bool is_same(const struct berth_instance *inst, const struct berth_event *ev)
{
	const char *thid = berth_data_str(berth_json_get(inst->data, "release"), "thid");

	return thid && strcmp(thid, ev->in->msg.thid) == 0;
}

/* We have said no to that very announcement, and the owner may know: a late copy of it changes
 * nothing any more. */
static bool was_refused(const struct berth_instance *inst, const struct berth_event *ev)
{
	berth_json_each(thid, berth_json_get(inst->data, "refused"))
		if (berth_json_str(thid) && strcmp(berth_json_str(thid), ev->in->msg.thid) == 0)
			return true;
	return false;
}

static enum berth_err note_refused(struct berth_instance *inst, const char *thid)
{
	struct berth_json *list = berth_json_get_mut(inst->data, "refused");
	enum berth_err rc = BERTH_OK;

	if (!list || berth_json_len(list) >= REFUSED_MAX)
		rc = berth_json_set_array(inst->data, "refused", &list);
	return rc ? rc : berth_json_push_str(list, thid);
}

/* The end of an epoch is announced.  What does not hold is answered: its owner waits. */
static enum berth_err begin(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			    struct berth_effects *fx, bool retire)
{
	struct berth_release r = { 0 };
	const char *compact;
	enum berth_err rc;

	if ((rc = gateway_from_owner(inst, ev)))
		return rc;
	if (was_refused(inst, ev)) {
		fx->state = inst->state;
		return gateway_say_refused(env, inst, fx, ev->in->msg.thid, SAID_NO);
	}
	if (!(rc = read_body(inst, ev, &compact)))
		rc = gateway_check_release(env, inst, retire, compact, &r);
	if (rc) {
		fx->state = inst->state;
		rc = gateway_refuse_end(env, inst, fx, ev, rc);
		goto out;
	}
	fx->timer_ms = 1;
	if (is_same(inst, ev))
		goto out;
	if ((rc = end_renewal(inst, fx)) || (rc = keep(env, inst, ev, &r)))
		goto out;
	fx->step_generation = true;
	berth_effects_audit(fx, "the owner %s this device%s%s%s", retire ? "retires" : "releases", r.next_owner ? " to " : "",
			    r.next_owner ? r.next_owner : "", env->policy->release_consent
			    ? ": waits for the operator's word" : "");
out:
	berth_object_free(&r.obj);
	return rc;
}

enum berth_err gateway_on_prepare(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	return begin(env, inst, ev, fx, false);
}

enum berth_err gateway_on_retire(struct berth_env *env, struct berth_instance *inst,
				 const struct berth_event *ev, struct berth_effects *fx)
{
	return begin(env, inst, ev, fx, true);
}

/* ---- notice and consent ---- */
bool gateway_may_end(const struct berth_env *env, const struct berth_instance *inst, uint64_t *wait_ms)
{
	const struct berth_json *release = berth_json_get(inst->data, "release");
	int64_t left = berth_data_int(release, "noticeS", 0) - env->uptime_s;

	*wait_ms = AGAIN_MS;
	if (!berth_json_bool(berth_json_get(release, "consent"), false))
		return false;
	if (left > 0 && (uint64_t)left * 1000 < AGAIN_MS)
		*wait_ms = (uint64_t)left * 1000;
	return left <= 0;
}

static enum berth_err set_ready_nonce(struct berth_json *release)
{
	uint8_t nonce[32];

	if (berth_json_get(release, "ready"))
		return BERTH_OK;
	berth_random(nonce, sizeof(nonce));
	return berth_json_set_b64url(release, "ready", nonce, sizeof(nonce));
}

static enum berth_err send_ready(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	const struct berth_json *active = berth_json_get(inst->data, "active");
	const struct berth_identity *op = env->identity(env, berth_data_str(active, "identity"));
	struct berth_json *release = release_of(inst), *body = berth_json_new_object();
	enum berth_err rc;

	if (!op) {
		berth_json_free(body);
		return berth_fail(BERTH_E_INTERNAL, "no operational identity");
	}
	if ((rc = set_ready_nonce(release)) || (rc = berth_json_set_str(body, "nonce", berth_data_str(release, "ready"))) ||
	    (rc = gateway_name_us(env, inst, body))) {
		berth_json_free(body);
		return rc;
	}
	if ((rc = gateway_say(env, inst, fx, op, "transfer-ready", berth_data_str(release, "thid"), body)))
		return rc;
	/* its next word is for the factory DID */
	return gateway_listen(inst, fx, env->identity(env, BERTH_ID_FACTORY), 0);
}

/* RELEASING, from time to time, for ever: only the owner's word or the operator's ends it. */
enum berth_err gateway_ready(struct berth_env *env, struct berth_instance *inst,
			     const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *release = release_of(inst);
	int64_t tries = berth_data_int(release, "tries", 0);
	enum berth_err rc;

	(void)ev;
	if (!gateway_may_end(env, inst, &fx->timer_ms))
		return BERTH_OK;
	fx->timer_ms = AGAIN_MS + gateway_back_off_ms(tries);
	if ((rc = berth_json_set_int(release, "tries", tries + 1)))
		return rc;
	return send_ready(env, inst, fx);
}

/* As it was, with the keys that were never gone; out of service, if it was that. */
static enum berth_err go_on(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	const struct berth_json *active = berth_json_get(inst->data, "active");
	bool out = berth_json_get(inst->data, "quarantine") != NULL;

	berth_json_remove(inst->data, "release");
	fx->state = out ? GW_QUARANTINED : GW_OPERATIONAL;
	fx->step_generation = true;
	fx->stop_timer = out;
	fx->timer_ms = out ? 0 : gateway_look_again_ms(env, active);
	return gateway_listen(inst, fx, env->identity(env, berth_data_str(active, "identity")), out ? GATEWAY_REST_S : 0);
}

/* args: {"consent"}: the local operator's word, which the policy may ask for; a no is
 * heard whatever the policy says. */
enum berth_err gateway_consent(struct berth_env *env, struct berth_instance *inst,
			       const struct berth_event *ev, struct berth_effects *fx)
{
	const char *thid = berth_data_str(release_of(inst), "thid");
	bool yes;
	enum berth_err rc = berth_json_req_bool(ev->args, "consent", &yes);

	if (rc)
		return rc;
	berth_effects_audit(fx, "the operator %s", yes ? "consents to the end of this epoch" : "does not let the device go");
	if (yes) {
		fx->timer_ms = 1;
		return berth_json_set_bool(release_of(inst), "consent", true);
	}
	if ((rc = gateway_say_refused(env, inst, fx, thid, SAID_NO)) || (rc = note_refused(inst, thid)))
		return rc;
	return go_on(env, inst, fx);
}

/* ---- the owner's second word ---- */
static enum berth_err check_thread(const struct berth_instance *inst, const struct berth_event *ev)
{
	enum berth_err rc = gateway_from_owner(inst, ev);

	if (!rc && !is_same(inst, ev))
		rc = berth_fail(BERTH_E_AUTHZ, "%s of another thread", ev->on);
	return rc;
}

enum berth_err gateway_on_cancel(struct berth_env *env, struct berth_instance *inst,
				 const struct berth_event *ev, struct berth_effects *fx)
{
	enum berth_err rc = check_thread(inst, ev);

	if (rc)
		return rc;
	berth_effects_audit(fx, "the owner keeps this device after all");
	return go_on(env, inst, fx);
}

enum berth_err gateway_on_release(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	uint8_t ready[32];
	int64_t epoch;
	enum berth_err rc;

	if ((rc = check_thread(inst, ev)) || (rc = berth_json_req_int(ev->in->msg.body, "epoch", 0, INT64_MAX, &epoch)) ||
	    (rc = berth_body_get_32(release_of(inst), "ready", ready)) ||
	    (rc = berth_body_is_32(ev->in->msg.body, "nonce", ready)))
		return rc;
	if (epoch != berth_data_int(inst->data, "epoch", 0))
		return berth_fail(BERTH_E_AUTHZ, "release of epoch %lld", (long long)epoch);
	fx->go = true;
	return gateway_end_epoch(env, inst, fx);
}

/* The owner goes on where our operator, or an older copy of its own store, has not. */
enum berth_err gateway_on_stale_release(struct berth_env *env, struct berth_instance *inst,
					const struct berth_event *ev, struct berth_effects *fx)
{
	enum berth_err rc = gateway_from_owner(inst, ev);

	if (rc || (!was_refused(inst, ev) && (rc = note_refused(inst, ev->in->msg.thid))))
		return rc;
	return gateway_say_refused(env, inst, fx, ev->in->msg.thid, "the device is not being released");
}
