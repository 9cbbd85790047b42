/* SPDX-License-Identifier: Apache-2.0 */
/* How an epoch ends on the device, by release (M15) or retirement (M16): the owner's
 * credential is judged, and then one transaction has it all: the receipt, signed and on its
 * way; the epoch one higher; the owner's records, credentials, messages and identities gone.
 * The device's counter follows the commit, and with it goes the key that the owner's items
 * are sealed under; nothing leaves before.  So a power cut before the commit leaves the old
 * epoch whole, and one after it finds the next start making the counter follow. */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/gateway.h"
#include "agent/protocol/object.h"
#include "did/url.h"

#define REMIND_S (6 * 3600)

enum berth_err gateway_from_owner(const struct berth_instance *inst, const struct berth_event *ev)
{
	const char *owner = gateway_peer(berth_json_get(inst->data, "active"));

	if (!ev->sender || !owner || !berth_did_same(ev->sender, owner))
		return berth_fail(BERTH_E_AUTHZ, "%s from somebody else than the owner", ev->on);
	return BERTH_OK;
}

/* ---- what is said ---- */
enum berth_err gateway_say_to(struct berth_env *env, struct berth_effects *fx, const struct berth_identity *from,
			   const char *to, const char *uri, const char *name, const char *thid, struct berth_json *body)
{
	struct berth_buf peer = BERTH_BUF_INIT;
	char type[BERTH_MESSAGE_TYPE_MAX];
	enum berth_err rc;

	snprintf(type, sizeof(type), "%s%s", BERTH_PIURI_ONBOARDING, name);
	if (!(rc = berth_effects_send(env, fx, from, to, uri, type, thid, body, NULL)) && !(rc = berth_did_short(&peer, to)))
		rc = berth_effects_drop(fx, berth_buf_cstr(&peer), thid);
	berth_buf_free(&peer);
	return rc;
}

enum berth_err gateway_say_refused(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx,
				   const char *thid, const char *reason)
{
	const struct berth_json *active = berth_json_get(inst->data, "active");
	const struct berth_identity *op = env->identity(env, berth_data_str(active, "identity"));
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc;

	if (!op) {
		berth_json_free(body);
		return berth_fail(BERTH_E_INTERNAL, "no operational identity");
	}
	if ((rc = gateway_name_us(env, inst, body)) || (rc = berth_json_set_str(body, "reason", reason))) {
		berth_json_free(body);
		return rc;
	}
	return gateway_say(env, inst, fx, op, "refused", thid, body);
}

enum berth_err gateway_refuse_end(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx,
				  const struct berth_event *ev, enum berth_err why)
{
	if (berth_err_exit(why) >= 4)
		return why;	/* not now */
	berth_effects_audit(fx, "%s refused: %s: %s", ev->on, berth_err_name(why), berth_err_detail());
	return gateway_say_refused(env, inst, fx, ev->in->msg.thid, berth_err_name(why));
}

/* ---- the credential ---- */

/* What it asks to be wiped: `owner` is all that is the owner's, which goes in any case;
 * `tpm` is more than an owner's, and the local policy's to grant. */
static enum berth_err check_scopes(const struct berth_env *env, const struct berth_release *r)
{
	for (size_t i = 0; i < r->n_wipe; i++) {
		bool tpm = strcmp(r->wipe[i], BERTH_WIPE_TPM) == 0;

		if (tpm && !(r->retire && env->policy->clear_tpm))
			return berth_fail(BERTH_E_AUTHZ, "clearing the TPM is not allowed here");
		if (!tpm && strcmp(r->wipe[i], BERTH_WIPE_OWNER) != 0)
			return berth_fail(BERTH_E_AUTHZ, "wipe: %.64s is nothing that we know", r->wipe[i]);
	}
	return BERTH_OK;
}

/* By the owner of the tip in person: under a delegation nobody transfers or retires. */
static enum berth_err check_issuer(const struct berth_instance *inst, const struct berth_release *r)
{
	const struct berth_json *active = berth_json_get(inst->data, "active");
	bool delegated = berth_json_get(active, "for") != NULL;
	const char *owner = berth_data_str(active, delegated ? "for" : "owner");
	const char *member = delegated ? "forJkt" : "ownerJkt";
	uint8_t jkt[32];
	enum berth_err rc;

	if (!berth_json_get(active, member))
		return berth_object_verify(&r->obj, NULL, owner, NULL);
	rc = berth_body_get_32(active, member, jkt);
	return rc ? rc : berth_object_verify(&r->obj, NULL, owner, jkt);
}

enum berth_err gateway_check_release(struct berth_env *env, const struct berth_instance *inst, bool retire,
				     const char *compact, struct berth_release *r)
{
	struct berth_hash tip;
	enum berth_err rc;

	if ((rc = berth_release_parse(r, retire, compact, strlen(compact))) || (rc = check_issuer(inst, r)) ||
	    (rc = berth_body_get_32(inst->data, "tip", tip.b)))
		return rc;
	if (!berth_did_same(r->device, env->identity(env, BERTH_ID_FACTORY)->did))
		return berth_fail(BERTH_E_HOLDER, "made for another device");
	if (r->epoch != berth_data_int(inst->data, "epoch", 0) || !berth_hash_equal(&r->tip, &tip))
		return berth_fail(BERTH_E_REPLAY, "of epoch %lld, or of another tip", (long long)r->epoch);
	return check_scopes(env, r);
}

/* ---- the receipt ---- */
static enum berth_err erasure(struct berth_env *env, enum berth_erasure *out)
{
	bool protected_ = false;
	uint64_t v;
	enum berth_err rc = env->keys->ops->counter_read(env->keys, BERTH_COUNTER_EPOCH, &v, &protected_);

	*out = protected_ ? BERTH_ERASURE_COUNTER : BERTH_ERASURE_OVERWRITTEN;
	return rc;
}

/* Signed by the key's long name, so that who has nothing but the receipt can check it. */
static enum berth_err make_receipt(struct berth_env *env, const struct berth_instance *inst,
				   const struct berth_release *rel, struct berth_buf *out)
{
	struct berth_receipt r = { .role = rel->retire ? BERTH_RECEIPT_RETIRED : BERTH_RECEIPT_RELEASED,
		.epoch = rel->epoch + 1, .tip = rel->tip, .credential = rel->obj.hash };
	struct berth_buf owner = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = erasure(env, &r.erasure)) || (rc = berth_did_short(&owner, rel->obj.issuer)) ||
	    (rc = berth_body_get_32(berth_json_get(inst->data, "release"), "nonce", r.nonce)))
		goto out;
	r.owner = berth_buf_cstr(&owner);
	rc = berth_receipt_build(out, env->keys->keyring, env->identity(env, BERTH_ID_FACTORY)->sign_kid_long, &r);
out:
	berth_buf_free(&owner);
	return rc;
}

/* What the owner is told, for as long as it may not know. */
static enum berth_err note_end(struct berth_env *env, const struct berth_instance *inst, const struct berth_release *rel,
			       const char *receipt, struct berth_json *out)
{
	const struct berth_json *active = berth_json_get(inst->data, "active");
	struct berth_hash h;
	enum berth_err rc;

	berth_object_hash(&h, receipt, strlen(receipt));
	if ((rc = gateway_name_us(env, inst, out)) ||
	    (rc = berth_json_set_str(out, "thid", berth_data_str(berth_json_get(inst->data, "release"), "thid"))) ||
	    (rc = berth_set_did_short(out, "peer", gateway_peer(active))) ||
	    (rc = berth_json_set_str(out, "uri", berth_data_str(active, "uri"))) ||
	    (rc = berth_json_set_str(out, "receipt", receipt)) || (rc = berth_json_set_b64url(out, "hash", h.b, 32)) ||
	    (rc = berth_json_set_bool(out, "retire", rel->retire)))
		return rc;
	for (size_t i = 0; i < rel->n_wipe; i++)
		if (strcmp(rel->wipe[i], BERTH_WIPE_TPM) == 0 && (rc = berth_json_set_bool(out, "clearTpm", true)))
			return rc;
	return rel->next_owner ? berth_json_set_str(out, "nextOwner", rel->next_owner) : BERTH_OK;
}

enum berth_err gateway_say_ended(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx)
{
	const struct berth_json *ended = berth_json_get(inst->data, "ended"), *v;
	bool retire = berth_json_bool(berth_json_get(ended, "retire"), false);
	struct berth_json *body = berth_json_new_object();
	static const char *const members[] = { "deviceHash", "epoch", "receipt" };
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < sizeof(members) / sizeof(members[0]); i++) {
		v = berth_json_get(ended, members[i]);
		rc = v ? berth_json_set(body, members[i], berth_json_clone(v)) : berth_fail(BERTH_E_INTERNAL, "no receipt");
	}
	if (rc) {
		berth_json_free(body);
		return rc;
	}
	return gateway_say_to(env, fx, env->identity(env, BERTH_ID_FACTORY), berth_data_str(ended, "peer"),
			   berth_data_str(ended, "uri"), retire ? "retired" : "released", berth_data_str(ended, "thid"), body);
}

/* ---- the end ---- */

/* All that the device is without an owner; the tip it remembers for ever (C.1a).  dc: of a
 * record that was not written since it is kept apart. */
static enum berth_err strip(struct berth_instance *inst, struct berth_json *ended)
{
	static const char *const stays[] = { "dc", "rootHash", "tip", "tipSeq", "dseqTip", "dseq" };
	struct berth_json *data = berth_json_new_object();
	const struct berth_json *v;
	enum berth_err rc = berth_json_set_int(data, "epoch", berth_data_int(inst->data, "epoch", 0) + 1);

	for (size_t i = 0; !rc && i < sizeof(stays) / sizeof(stays[0]); i++)
		if ((v = berth_json_get(inst->data, stays[i])))
			rc = berth_json_set(data, stays[i], berth_json_clone(v));
	if (rc) {
		berth_json_free(data);
		berth_json_free(ended);
		return rc;
	}
	if ((rc = berth_json_set(data, "ended", ended))) {
		berth_json_free(data);
		return rc;
	}
	berth_json_free(inst->data);
	inst->data = data;
	return BERTH_OK;
}

/* The time that the owner taught us ends with it (C.4). */
static enum berth_err reset_floor(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx)
{
	struct berth_device_credential dc = { 0 };
	enum berth_err rc = gateway_credential(env, inst, &dc);

	fx->floor_back = true;
	fx->floor_s = dc.issued_s;
	berth_object_free(&dc.obj);
	return rc;
}

static enum berth_err say_goodbye(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				  const struct berth_release *rel)
{
	struct berth_json *ended = berth_json_new_object();
	struct berth_buf receipt = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!(rc = make_receipt(env, inst, rel, &receipt)))
		rc = note_end(env, inst, rel, berth_buf_cstr(&receipt), ended);
	berth_buf_free(&receipt);
	if (rc) {
		berth_json_free(ended);
		return rc;
	}
	return (rc = strip(inst, ended)) ? rc : gateway_say_ended(env, inst, fx);
}

enum berth_err gateway_end_epoch(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	const char *compact = berth_data_str(berth_json_get(inst->data, "release"), "credential");
	struct berth_release rel = { 0 };
	enum berth_err rc;

	if (!compact)
		return berth_fail(BERTH_E_INTERNAL, "no credential to obey");
	/* once more, now that it counts */
	if (!(rc = gateway_check_release(env, inst, berth_json_bool(berth_json_get(berth_json_get(inst->data, "release"),
										    "retire"), false), compact, &rel)) &&
	    !(rc = say_goodbye(env, inst, fx, &rel)) && !(rc = reset_floor(env, inst, fx))) {
		fx->wipe = fx->step_epoch = fx->step_generation = true;
		berth_effects_audit(fx, "epoch %lld is over: %s, what its owner left is erased", (long long)rel.epoch,
				    rel.retire ? "retired" : "released");
	}
	berth_object_free(&rel.obj);
	return rc;
}

/* ---- until the owner knows ---- */
static bool is_ended(const struct berth_instance *inst, const char *thid)
{
	const char *ended = berth_data_str(berth_json_get(inst->data, "ended"), "thid");

	return ended && thid && strcmp(ended, thid) == 0;
}

/* It says so again, because it has not had our answer, or has lost it. */
enum berth_err gateway_on_release_again(struct berth_env *env, struct berth_instance *inst,
					const struct berth_event *ev, struct berth_effects *fx)
{
	const char *peer = berth_data_str(berth_json_get(inst->data, "ended"), "peer");

	if (!is_ended(inst, ev->in->msg.thid))
		return berth_fail(BERTH_E_TYPE, "%s, but nothing is being released", ev->on);
	if (!ev->sender || !berth_did_same(ev->sender, peer))
		return berth_fail(BERTH_E_AUTHZ, "%s from somebody else", ev->on);
	return gateway_say_ended(env, inst, fx);
}

/* The outbox has given something up.  Without the receipt nobody can own this device again. */
enum berth_err gateway_on_undelivered(struct berth_env *env, struct berth_instance *inst,
				      const struct berth_event *ev, struct berth_effects *fx)
{
	const char *thid = berth_data_str(ev->args, "thid");

	if (gateway_is_complete(inst, thid))
		return gateway_complete_later(env, inst, fx);
	if (!is_ended(inst, thid) ||
	    berth_json_bool(berth_json_get(berth_json_get(inst->data, "ended"), "over"), false))
		return BERTH_OK;
	berth_json_remove(berth_data_obj(inst->data, "ended"), "quiet");
	return gateway_say_ended(env, inst, fx);
}

/* Nobody owns us yet: it may have been taken and lost again, with a store that was restored
 * from a copy.  Without the receipt there is no next owner. */
enum berth_err gateway_remind(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	struct berth_json *ended;
	enum berth_err rc;

	if (!berth_json_get(inst->data, "ended"))
		return BERTH_OK;
	ended = berth_data_obj(inst->data, "ended");
	if (!berth_json_get(ended, "saidS"))
		return berth_json_set_int(ended, "saidS", env->uptime_s);
	if (env->uptime_s - berth_data_int(ended, "saidS", 0) < REMIND_S)
		return BERTH_OK;
	rc = berth_json_set_int(ended, "saidS", env->uptime_s);
	return rc ? rc : gateway_say_ended(env, inst, fx);
}

/* The next owner's chain had the receipt's hash: it has arrived. */
enum berth_err gateway_forget_end(struct berth_instance *inst, struct berth_effects *fx)
{
	const struct berth_json *ended = berth_json_get(inst->data, "ended");
	enum berth_err rc;

	if (!ended)
		return BERTH_OK;
	rc = berth_effects_drop(fx, berth_data_str(ended, "peer"), berth_data_str(ended, "thid"));
	berth_json_remove(inst->data, "ended");
	return rc;
}
