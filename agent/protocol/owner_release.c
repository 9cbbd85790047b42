/* SPDX-License-Identifier: Apache-2.0 */
/* M15 and M16 on the owner's side: a device is let go.  transfer-prepare (or retire) carries
 * what only the owner of the tip signs; when the device is ready, `release` is the last word
 * that it takes from us.  Its receipt (owner_ended.c) is the proof, and opens the next
 * epoch's chain (owner_resell.c).  Each message is said again until its answer has come. */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/owner.h"
#include "did/base/rand.h"
#include "did/url.h"

#define AGAIN_MS 60000u
#define TRIES_MAX 6		/* for the back-off: an hour is the most */

static struct berth_json *transfer_of(struct berth_instance *inst) { return berth_data_obj(inst->data, "transfer"); }

bool owner_retires(const struct berth_instance *inst)
{
	return berth_json_bool(berth_json_get(berth_json_get(inst->data, "transfer"), "retire"), false);
}

/* ---- may we? ---- */
enum berth_err owner_may_let_go(struct berth_env *env, struct berth_instance *inst, bool sells)
{
	struct berth_chain *c;
	enum berth_err rc;

	if (berth_json_get(inst->data, "delegation"))
		return berth_fail(BERTH_E_AUTHZ, "a delegate neither transfers nor retires");
	if (berth_json_get(inst->data, "next"))
		return berth_fail(BERTH_E_UNAVAILABLE, "a rotation of our DID for this device is under way");
	if ((rc = owner_chain(env, inst, &c)))
		return rc;
	if (sells && !c->oc[c->n - 1].transferable)
		rc = berth_fail(BERTH_E_AUTHZ, "its ownership is not transferable");
	else if (sells && c->n == BERTH_CHAIN_ENTRIES_MAX)
		rc = berth_fail(BERTH_E_SIZE, "the chain has %d entries and takes no more", BERTH_CHAIN_ENTRIES_MAX);
	berth_chain_free(c);
	return rc;
}

enum berth_err owner_not_now(struct berth_env *env, struct berth_instance *inst,
			     const struct berth_event *ev, struct berth_effects *fx)
{
	(void)env;
	(void)inst;
	(void)fx;
	return berth_fail(BERTH_E_UNAVAILABLE, "%s: a renewal of the device's keys is under way", ev->on + strlen("cmd/"));
}

/* ---- the credential ---- */
static enum berth_err
sign_credential(struct berth_env *env, const struct berth_instance *inst, const char *to, bool retire, bool clear_tpm,
		struct berth_buf *out)
{
	struct berth_release r = { .retire = retire, .device = berth_data_str(inst->data, "factoryDid"),
		.epoch = berth_data_int(inst->data, "epoch", 0), .wipe = { BERTH_WIPE_OWNER }, .n_wipe = 1 };
	struct berth_buf next = BERTH_BUF_INIT;
	enum berth_err rc;

	if (clear_tpm)
		r.wipe[r.n_wipe++] = BERTH_WIPE_TPM;
	if ((to && (rc = berth_did_short(&next, to))) || (rc = berth_body_get_32(inst->data, "tip", r.tip.b)))
		goto out;
	r.next_owner = to ? berth_buf_cstr(&next) : NULL;
	rc = berth_release_build(out, env->keys->keyring, owner_me(env)->sign_kid, &r);
out:
	berth_buf_free(&next);
	return rc;
}

static enum berth_err set_random(struct berth_json *o, const char *member, size_t n)
{
	uint8_t b[32];

	berth_random(b, n);
	return berth_json_set_b64url(o, member, b, n);
}

enum berth_err owner_leave_with(struct berth_instance *inst, const char *credential, const char *to, bool retire)
{
	struct berth_json *transfer = berth_json_new_object();
	enum berth_err rc;

	if ((rc = set_random(transfer, "thid", 16)) || (rc = set_random(transfer, "nonce", 32)) ||
	    (rc = berth_json_set_bool(transfer, "retire", retire)) ||
	    (rc = berth_json_set_str(transfer, "credential", credential)) ||
	    (rc = berth_json_set_int(transfer, "from", inst->state)) || (to && (rc = berth_json_set_str(transfer, "to", to)))) {
		berth_json_free(transfer);
		return rc;
	}
	return berth_json_set(inst->data, "transfer", transfer);
}

enum berth_err owner_leave(struct berth_env *env, struct berth_instance *inst, const char *to, bool retire, bool clear_tpm)
{
	struct berth_buf compact = BERTH_BUF_INIT;
	enum berth_err rc = sign_credential(env, inst, to, retire, clear_tpm, &compact);

	if (!rc)
		rc = owner_leave_with(inst, berth_buf_cstr(&compact), to, retire);
	berth_buf_free(&compact);
	return rc;
}

bool owner_may_begin_anew(const struct berth_instance *inst)
{
	return berth_data_int(berth_json_get(inst->data, "transfer"), "from", OW_ACTIVE) == OW_REVOKED;
}

/* It stays as it was, out of service if it was that. */
void owner_keep_device(struct berth_instance *inst, struct berth_effects *fx)
{
	fx->state = (int)berth_data_int(transfer_of(inst), "from", OW_ACTIVE);
	fx->timer_ms = OWNER_LOOK_MS;
	berth_json_remove(inst->data, "transfer");
}

/* ---- what is said ---- */

/* Once its credential is over by our clock the device asks with its factory DID, and hears
 * nothing with the other one; but out of service it renews nothing and waits as it was. */
static const char *device_did(struct berth_env *env, const struct berth_instance *inst)
{
	const char *did = berth_data_str(inst->data, "operationalDid");
	struct owner_credential c;

	if (did && berth_data_int(berth_json_get(inst->data, "transfer"), "from", OW_ACTIVE) != OW_ACTIVE)
		return did;
	if (!did || owner_credential_get(&c, inst->data) || (c.exp_s && c.exp_s <= env->now_s))
		return berth_data_str(inst->data, "factoryDid");
	return did;
}

/* stale: to whom an earlier message of this thread may still wait */
static enum berth_err say(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx, const char *to,
			  const char *stale, const char *name, const char *thid, struct berth_json *body)
{
	struct berth_buf peer = BERTH_BUF_INIT;
	char type[BERTH_MESSAGE_TYPE_MAX];
	enum berth_err rc;

	snprintf(type, sizeof(type), "%s%s", BERTH_PIURI_ONBOARDING, name);
	if (!(rc = berth_effects_send(env, fx, owner_us(env, inst), to, NULL, type, thid, body, NULL)) &&
	    !(rc = berth_did_short(&peer, stale)))
		rc = berth_effects_drop(fx, berth_buf_cstr(&peer), thid);
	berth_buf_free(&peer);
	return rc;
}

static enum berth_err set_common(const struct berth_instance *inst, struct berth_json *body, const char *nonce)
{
	enum berth_err rc = berth_json_set_int(body, "epoch", berth_data_int(inst->data, "epoch", 0));

	return rc ? rc : berth_json_set_str(body, "nonce", nonce);
}

/* transfer-prepare, retire */
static enum berth_err send_first(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	const struct berth_json *t = transfer_of(inst);
	const char *to = device_did(env, inst);
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc;

	if ((rc = set_common(inst, body, berth_data_str(t, "nonce"))) ||
	    (rc = berth_json_set_str(body, "credential", berth_data_str(t, "credential")))) {
		berth_json_free(body);
		return rc;
	}
	return say(env, inst, fx, to, to, owner_retires(inst) ? "retire" : "transfer-prepare", berth_data_str(t, "thid"), body);
}

/* The last word is for the factory DID, whose keys outlive the epoch. */
static enum berth_err send_release(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				   const char *stale)
{
	const struct berth_json *t = transfer_of(inst);
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc = set_common(inst, body, berth_data_str(t, "ready"));

	if (rc) {
		berth_json_free(body);
		return rc;
	}
	return say(env, inst, fx, berth_data_str(inst->data, "factoryDid"), stale, "release", berth_data_str(t, "thid"), body);
}

enum berth_err owner_let_go_again(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *t = transfer_of(inst);
	int64_t tries = berth_data_int(t, "tries", 0);
	enum berth_err rc;

	(void)ev;
	if (owner_is_carried(inst))
		return BERTH_OK;
	fx->timer_ms = (uint64_t)AGAIN_MS << (tries < TRIES_MAX ? tries : TRIES_MAX);
	if ((rc = berth_json_set_int(t, "tries", tries < TRIES_MAX ? tries + 1 : tries)) ||
	    (rc = owner_may_begin_anew(inst) ? owner_register_now(env, inst, fx) : owner_register_moved(env, inst, fx)))
		return rc;
	return berth_json_get(t, "ready") ? send_release(env, inst, fx, berth_data_str(inst->data, "factoryDid"))
					  : send_first(env, inst, fx);
}

/* ---- the operator ---- */
static enum berth_err say_state(struct berth_effects *fx, const char *state)
{
	fx->result = berth_json_new_object();
	return berth_json_set_str(fx->result, "state", state);
}

enum berth_err owner_say_leaving(const struct berth_instance *inst, struct berth_effects *fx)
{
	const struct berth_json *t = berth_json_get(inst->data, "transfer");
	enum berth_err rc = say_state(fx, owner_retires(inst) ? "RETIRING" : "TRANSFERRING");

	return rc || !owner_is_carried(inst) ? rc : berth_json_set_str(fx->result, "release", berth_data_str(t, "credential"));
}

/* args: {"to"?}, or {"release"} */
enum berth_err owner_transfer(struct berth_env *env, struct berth_instance *inst,
			      const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_owner_ref buyer;
	const char *to = NULL;
	enum berth_err rc;

	if (berth_json_get(ev->args, "release"))
		return owner_carry(env, inst, ev, fx, false);
	if ((rc = berth_json_opt_str(ev->args, "to", BERTH_OWNER_DID_MAX, &to)) || (rc = owner_may_let_go(env, inst, true)) ||
	    (to && (rc = berth_owner_ref_of(env, to, &buyer))) || (rc = owner_leave(env, inst, to, false, false)) ||
	    (rc = owner_let_go_again(env, inst, ev, fx)))
		return rc;
	fx->may_step_generation = true;
	berth_effects_audit(fx, "device %s: released%s%.80s, as soon as it hears of it", berth_data_str(inst->data, "serial"),
			    to ? " to " : "", to ? to : "");
	return owner_say_leaving(inst, fx);
}

/* Asked again while it is under way: how far it is.  args: {"to"?, "cancel"?} */
enum berth_err owner_transfer_again(struct berth_env *env, struct berth_instance *inst,
				    const struct berth_event *ev, struct berth_effects *fx)
{
	const char *to = NULL, *was = berth_data_str(transfer_of(inst), "to"), *thid = berth_data_str(transfer_of(inst), "thid");
	struct berth_buf peer = BERTH_BUF_INIT;
	bool cancel = false;
	enum berth_err rc;

	if ((rc = berth_json_opt_str(ev->args, "to", BERTH_OWNER_DID_MAX, &to)) ||
	    (rc = berth_json_opt_bool(ev->args, "cancel", &cancel)))
		return rc;
	if (to && (!was || !berth_did_same(to, was)))
		return berth_fail(BERTH_E_AUTHZ, "it is being released to %.80s", was ? was : "anybody; its sale comes afterwards");
	if (!cancel)
		return owner_say_leaving(inst, fx);
	if (owner_is_carried(inst) || berth_json_get(transfer_of(inst), "ready"))
		return berth_fail(BERTH_E_AUTHZ, "too late: the release has left");
	if (!(rc = berth_did_short(&peer, device_did(env, inst))))
		rc = berth_effects_drop(fx, berth_buf_cstr(&peer), thid);
	berth_buf_free(&peer);
	owner_keep_device(inst, fx);
	berth_effects_audit(fx, "device %s: kept after all", berth_data_str(inst->data, "serial"));
	return rc ? rc : say_state(fx, berth_owner_machine.states[fx->state]);
}

/* args: {"clearTpm"?}, or {"release"} */
enum berth_err owner_retire(struct berth_env *env, struct berth_instance *inst,
			    const struct berth_event *ev, struct berth_effects *fx)
{
	bool clear_tpm = false;
	enum berth_err rc;

	if (berth_json_get(ev->args, "release"))
		return owner_carry(env, inst, ev, fx, true);
	if ((rc = berth_json_opt_bool(ev->args, "clearTpm", &clear_tpm)) || (rc = owner_may_let_go(env, inst, false)) ||
	    (rc = owner_leave(env, inst, NULL, true, clear_tpm)) || (rc = owner_let_go_again(env, inst, ev, fx)))
		return rc;
	fx->may_step_generation = true;
	berth_effects_audit(fx, "device %s: retired, as soon as it hears of it", berth_data_str(inst->data, "serial"));
	return owner_say_leaving(inst, fx);
}

enum berth_err owner_retire_again(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	(void)env;
	(void)ev;
	return owner_say_leaving(inst, fx);
}

/* ---- the device ---- */
bool owner_is_device(const struct berth_instance *inst, const char *sender)
{
	const char *op = berth_data_str(inst->data, "operationalDid");

	return sender && ((op && berth_did_same(sender, op)) || berth_did_same(sender, berth_data_str(inst->data, "factoryDid")));
}

enum berth_err owner_check_leaving(const struct berth_instance *inst, const struct berth_event *ev)
{
	const char *thid = berth_data_str(berth_json_get(inst->data, "transfer"), "thid");
	int64_t epoch;
	enum berth_err rc;

	if (!owner_is_device(inst, ev->sender))
		return berth_fail(BERTH_E_AUTHZ, "%s from somebody else", ev->on);
	if (!thid || strcmp(thid, ev->in->msg.thid) != 0)
		return berth_fail(BERTH_E_AUTHZ, "%s of another thread", ev->on);
	if ((rc = berth_json_req_int(ev->in->msg.body, "epoch", 0, INT64_MAX, &epoch)))
		return rc;
	return epoch == berth_data_int(inst->data, "epoch", 0) ? BERTH_OK
		: berth_fail(BERTH_E_AUTHZ, "%s for epoch %lld", ev->on, (long long)epoch);
}

enum berth_err owner_on_ready(struct berth_env *env, struct berth_instance *inst,
			      const struct berth_event *ev, struct berth_effects *fx)
{
	const char *thid = berth_data_str(transfer_of(inst), "thid");
	uint8_t nonce[32];
	enum berth_err rc;

	/* to an announcement that we have cancelled, and that came after the one that counts */
	if (thid && strcmp(thid, ev->in->msg.thid) != 0)
		return owner_on_late_ready(env, inst, ev, fx);
	if ((rc = owner_check_leaving(inst, ev)) || (rc = berth_body_get_32(ev->in->msg.body, "nonce", nonce)) ||
	    (rc = berth_json_set_b64url(transfer_of(inst), "ready", nonce, 32)) ||
	    (rc = berth_json_set_int(transfer_of(inst), "tries", 0)))
		return rc;
	fx->timer_ms = AGAIN_MS;
	return send_release(env, inst, fx, ev->sender);
}

/* We have cancelled it before it was ready: it goes on.  In the reply and nowhere else: a
 * device that has not had it says so again. */
enum berth_err owner_on_late_ready(struct berth_env *env, struct berth_instance *inst,
				   const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *body;
	struct berth_send *s;
	enum berth_err rc;

	if (!owner_is_device(inst, ev->sender))
		return berth_fail(BERTH_E_AUTHZ, "%s from somebody else", ev->on);
	body = berth_json_new_object();
	if ((rc = berth_json_set_int(body, "epoch", berth_data_int(inst->data, "epoch", 0)))) {
		berth_json_free(body);
		return rc;
	}
	if (!(rc = berth_effects_send(env, fx, owner_us(env, inst), ev->sender, NULL, BERTH_PIURI_ONBOARDING "transfer-cancel",
				      ev->in->msg.thid, body, &s)))
		s->ephemeral = true;
	return rc;
}

enum berth_err owner_on_refused(struct berth_env *env, struct berth_instance *inst,
				const struct berth_event *ev, struct berth_effects *fx)
{
	const char *reason = "";
	enum berth_err rc;

	(void)env;
	if ((rc = owner_check_leaving(inst, ev)) || (rc = berth_json_opt_str(ev->in->msg.body, "reason", 256, &reason)) ||
	    (rc = berth_effects_drop(fx, ev->sender, ev->in->msg.thid)))
		return rc;
	owner_keep_device(inst, fx);
	berth_effects_audit(fx, "device %s is not let go: %s", berth_data_str(inst->data, "serial"), reason);
	return BERTH_OK;
}
