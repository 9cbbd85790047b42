/* SPDX-License-Identifier: Apache-2.0 */
/* M15 and M16 on the owner's side: a device is let go.  transfer-prepare (or retire) carries
 * what only the owner of the tip signs; when the device is ready, `release` is the last word
 * that it takes from us.  Its receipt is the proof, and opens the next epoch's chain
 * (owner_resell.c).  Each message is said again until its answer has come. */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/owner.h"
#include "did/base/rand.h"
#include "did/url.h"

#define AGAIN_MS 60000u
#define TRIES_MAX 6		/* for the back-off: an hour is the most */

static struct berth_json *transfer_of(struct berth_instance *inst) { return berth_data_obj(inst->data, "transfer"); }

static bool retires(const struct berth_instance *inst)
{
	return berth_json_bool(berth_json_get(berth_json_get(inst->data, "transfer"), "retire"), false);
}

/* ---- may we? ---- */
enum berth_err owner_may_let_go(struct berth_instance *inst, bool sells)
{
	struct berth_chain *c;
	enum berth_err rc;

	if (berth_json_get(inst->data, "delegation"))
		return berth_fail(BERTH_E_AUTHZ, "a delegate neither transfers nor retires");
	if (berth_json_get(inst->data, "next"))
		return berth_fail(BERTH_E_UNAVAILABLE, "a rotation of our DID for this device is under way");
	if ((rc = owner_chain(inst, &c)))
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

static enum berth_err start(struct berth_env *env, struct berth_instance *inst, const char *to, bool retire, bool clear_tpm)
{
	struct berth_json *transfer = berth_json_new_object();
	struct berth_buf compact = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = sign_credential(env, inst, to, retire, clear_tpm, &compact)) || (rc = set_random(transfer, "thid", 16)) ||
	    (rc = set_random(transfer, "nonce", 32)) || (rc = berth_json_set_bool(transfer, "retire", retire)) ||
	    (rc = berth_json_set_str(transfer, "credential", berth_buf_cstr(&compact))) ||
	    (to && (rc = berth_json_set_str(transfer, "to", to))))
		berth_json_free(transfer);
	else
		rc = berth_json_set(inst->data, "transfer", transfer);
	berth_buf_free(&compact);
	return rc;
}

/* ---- what is said ---- */

/* Once its credential is over by our clock the device asks with its factory DID, and hears
 * nothing with the other one. */
static const char *device_did(struct berth_env *env, const struct berth_instance *inst)
{
	const char *compact = berth_data_str(inst->data, "credential"), *did = berth_data_str(inst->data, "operationalDid");
	struct berth_operational oc = { 0 };
	bool over;

	if (!did || !compact || berth_operational_parse(&oc, compact, strlen(compact)))
		return berth_data_str(inst->data, "factoryDid");
	over = oc.exp_s && oc.exp_s <= env->now_s;
	berth_object_free(&oc.obj);
	return over ? berth_data_str(inst->data, "factoryDid") : did;
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
	return say(env, inst, fx, to, to, retires(inst) ? "retire" : "transfer-prepare", berth_data_str(t, "thid"), body);
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
	fx->timer_ms = (uint64_t)AGAIN_MS << (tries < TRIES_MAX ? tries : TRIES_MAX);
	if ((rc = berth_json_set_int(t, "tries", tries < TRIES_MAX ? tries + 1 : tries)))
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

/* args: {"to"?} */
enum berth_err owner_transfer(struct berth_env *env, struct berth_instance *inst,
			      const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_owner_ref buyer;
	const char *to = NULL;
	enum berth_err rc;

	if ((rc = berth_json_opt_str(ev->args, "to", BERTH_OWNER_DID_MAX, &to)) || (rc = owner_may_let_go(inst, true)) ||
	    (to && (rc = berth_owner_ref_of(env, to, &buyer))) || (rc = start(env, inst, to, false, false)) ||
	    (rc = owner_let_go_again(env, inst, ev, fx)))
		return rc;
	fx->may_step_generation = true;
	berth_effects_audit(fx, "device %s: released%s%.80s, as soon as it hears of it", berth_data_str(inst->data, "serial"),
			    to ? " to " : "", to ? to : "");
	return say_state(fx, "TRANSFERRING");
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
		return say_state(fx, "TRANSFERRING");
	if (berth_json_get(transfer_of(inst), "ready"))
		return berth_fail(BERTH_E_AUTHZ, "too late: the release has left");
	if (!(rc = berth_did_short(&peer, device_did(env, inst))))
		rc = berth_effects_drop(fx, berth_buf_cstr(&peer), thid);
	berth_buf_free(&peer);
	berth_json_remove(inst->data, "transfer");
	fx->state = OW_ACTIVE;
	fx->stop_timer = true;
	berth_effects_audit(fx, "device %s: kept after all", berth_data_str(inst->data, "serial"));
	return rc ? rc : say_state(fx, "ACTIVE");
}

/* args: {"clearTpm"?} */
enum berth_err owner_retire(struct berth_env *env, struct berth_instance *inst,
			    const struct berth_event *ev, struct berth_effects *fx)
{
	bool clear_tpm = false;
	enum berth_err rc;

	if ((rc = berth_json_opt_bool(ev->args, "clearTpm", &clear_tpm)) || (rc = owner_may_let_go(inst, false)) ||
	    (rc = start(env, inst, NULL, true, clear_tpm)) || (rc = owner_let_go_again(env, inst, ev, fx)))
		return rc;
	fx->may_step_generation = true;
	berth_effects_audit(fx, "device %s: retired, as soon as it hears of it", berth_data_str(inst->data, "serial"));
	return say_state(fx, "RETIRING");
}

enum berth_err owner_retire_again(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	(void)env;
	(void)inst;
	(void)ev;
	return say_state(fx, "RETIRING");
}

/* ---- the device ---- */
static bool is_device(const struct berth_instance *inst, const char *sender)
{
	const char *op = berth_data_str(inst->data, "operationalDid");

	return sender && ((op && berth_did_same(sender, op)) || berth_did_same(sender, berth_data_str(inst->data, "factoryDid")));
}

/* Of this thread, by this device, about this epoch. */
static enum berth_err check(const struct berth_instance *inst, const struct berth_event *ev)
{
	const char *thid = berth_data_str(berth_json_get(inst->data, "transfer"), "thid");
	int64_t epoch;
	enum berth_err rc;

	if (!is_device(inst, ev->sender))
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
	uint8_t nonce[32];
	enum berth_err rc;

	if ((rc = check(inst, ev)) || (rc = berth_body_get_32(ev->in->msg.body, "nonce", nonce)) ||
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

	if (!is_device(inst, ev->sender))
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
	if ((rc = check(inst, ev)) || (rc = berth_json_opt_str(ev->in->msg.body, "reason", 256, &reason)) ||
	    (rc = berth_effects_drop(fx, ev->sender, ev->in->msg.thid)))
		return rc;
	berth_json_remove(inst->data, "transfer");
	fx->stop_timer = true;
	berth_effects_audit(fx, "device %s is not let go: %s", berth_data_str(inst->data, "serial"), reason);
	return BERTH_OK;
}

/* ---- its receipt ---- */
static enum berth_err judge(struct berth_env *env, const struct berth_instance *inst, const struct berth_receipt *r)
{
	const struct berth_json *t = berth_json_get(inst->data, "transfer");
	const char *factory = berth_data_str(inst->data, "factoryDid"), *compact = berth_data_str(t, "credential");
	enum berth_receipt_role role = retires(inst) ? BERTH_RECEIPT_RETIRED : BERTH_RECEIPT_RELEASED;
	struct berth_hash tip, credential;
	uint8_t nonce[32];
	enum berth_err rc;

	if ((rc = berth_body_get_32(inst->data, "tip", tip.b)) || (rc = berth_body_get_32(t, "nonce", nonce)))
		return rc;
	berth_object_hash(&credential, compact, strlen(compact));
	if (!berth_did_same(r->obj.issuer, factory))
		return berth_fail(BERTH_E_HOLDER, "a receipt of another device");
	if (r->role != role || r->epoch != berth_data_int(inst->data, "epoch", 0) + 1 || !berth_hash_equal(&r->tip, &tip) ||
	    memcmp(r->nonce, nonce, 32) != 0 || !berth_hash_equal(&r->credential, &credential) ||
	    !berth_did_same(r->owner, owner_me(env)->did))
		return berth_fail(BERTH_E_AUTHZ, "the receipt is for something else");
	return berth_object_verify(&r->obj, env->resolver, NULL, NULL);
}

static enum berth_err keep_receipt(struct berth_env *env, struct berth_instance *inst, const char *compact)
{
	struct berth_json *ended = berth_json_new_object();
	struct berth_receipt r = { 0 };
	enum berth_err rc;

	if ((rc = berth_receipt_parse(&r, compact, strlen(compact))) || (rc = judge(env, inst, &r)) ||
	    (rc = berth_json_set_str(ended, "receipt", compact)) ||
	    (rc = berth_json_set_str(ended, "erasure", berth_erasure_name(r.erasure))))
		berth_json_free(ended);
	else
		rc = berth_json_set(inst->data, "ended", ended);
	berth_object_free(&r.obj);
	return rc;
}

struct provided { struct berth_effects *fx; const char *device; };

static enum berth_err remove_item(void *arg, const char *key, const uint8_t *value, size_t len)
{
	const struct provided *p = arg;

	(void)value;
	(void)len;
	if (strncmp(key, p->device, strlen(p->device)) != 0 || p->fx->n_puts + 1 >= BERTH_EFFECTS_PUTS_MAX)
		return BERTH_OK;
	return berth_effects_remove(p->fx, BERTH_NS_PROVISION, key);
}

static enum berth_err part(struct berth_effects *fx, const char *did)
{
	struct berth_buf peer = BERTH_BUF_INIT;
	enum berth_err rc = berth_did_short(&peer, did);

	if (!rc)
		rc = berth_effects_part(fx, berth_buf_cstr(&peer));
	berth_buf_free(&peer);
	return rc;
}

/* What was this device's alone: the items provided for it, the DID that only it knew. */
static enum berth_err clear(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	const char *us = berth_data_str(berth_json_get(inst->data, "us"), "identity");
	const char *op = berth_data_str(inst->data, "operationalDid");
	struct provided p = { fx, inst->key };
	enum berth_err rc;

	if ((op && (rc = part(fx, op))) || (us && (rc = berth_effects_forget(fx, us))) ||
	    (rc = env->records->each(env->records, BERTH_NS_PROVISION, remove_item, &p)))
		return rc;
	berth_json_remove(inst->data, "us");
	berth_json_remove(inst->data, "operationalDid");
	berth_json_remove(inst->data, "credential");
	berth_json_remove(inst->data, "renewal");
	return BERTH_OK;
}

static enum berth_err take_receipt(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				   const char *compact)
{
	const char *to, *thid = berth_data_str(transfer_of(inst), "thid");
	bool retired = retires(inst);
	struct berth_buf peer = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = keep_receipt(env, inst, compact)) || (rc = berth_did_short(&peer, berth_data_str(inst->data, "factoryDid"))) ||
	    (rc = berth_effects_drop(fx, berth_buf_cstr(&peer), thid)) || (rc = clear(env, inst, fx)))
		goto out;
	if ((to = berth_data_str(transfer_of(inst), "to")) && (rc = owner_resell(env, inst, to)))
		goto out;
	berth_json_remove(inst->data, "transfer");
	fx->state = retired ? OW_RETIRED : OW_TRANSFERRED;
	fx->stop_timer = true;
	fx->may_step_generation = true;
	berth_effects_audit(fx, "device %s %s: it has signed for that", berth_data_str(inst->data, "serial"),
			    retired ? "is retired" : "was released");
out:
	berth_buf_free(&peer);
	return rc;
}

/* released, retired */
enum berth_err owner_on_ended(struct berth_env *env, struct berth_instance *inst,
			      const struct berth_event *ev, struct berth_effects *fx)
{
	const char *compact;
	enum berth_err rc;

	if ((rc = check(inst, ev)) || (rc = berth_json_req_str(ev->in->msg.body, "receipt", BERTH_OBJECT_MAX, &compact)))
		return rc;
	return take_receipt(env, inst, fx, compact);
}

/* args: {"receipt"}: carried by hand, where the device could not reach us */
enum berth_err owner_take_receipt(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	const char *compact;
	enum berth_err rc = berth_json_req_str(ev->args, "receipt", BERTH_OBJECT_MAX, &compact);

	if (rc || (rc = take_receipt(env, inst, fx, compact)))
		return rc;
	return fx->state == OW_RETIRED ? owner_show_tombstone(env, inst, ev, fx) : owner_say_sold(inst, fx);
}

/* It does not know yet that we have it. */
enum berth_err owner_on_ended_again(struct berth_env *env, struct berth_instance *inst,
				    const struct berth_event *ev, struct berth_effects *fx)
{
	(void)env;
	(void)fx;
	return is_device(inst, ev->sender) ? BERTH_OK : berth_fail(BERTH_E_AUTHZ, "%s from somebody else", ev->on);
}
