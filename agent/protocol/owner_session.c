/* SPDX-License-Identifier: Apache-2.0 */
/* M3 to M6 on the owner's side: answer hello with a proof, check the device.  A hello proves
 * nothing, and may be of a run that is long over: it opens one beside whatever there is
 * (data.hello).  Only prove-device, over a nonce of ours that was fresh then, puts it in the
 * place of what was. */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/attestation.h"
#include "agent/protocol/owner.h"
#include "did/base/rand.h"
#include "did/crypto/hash.h"
#include "did/url.h"

#define CERT_MAX 4096

static enum berth_err has_version(const struct berth_json *body)
{
	const struct berth_json *versions;
	enum berth_err rc = berth_json_req_arr(body, "versions", 16, &versions);

	if (rc)
		return rc;
	berth_json_each(v, versions)
		if (berth_json_is(v, BERTH_JSON_NUMBER) && berth_json_num(v) == 1)
			return BERTH_OK;
	return berth_fail(BERTH_E_AUTHZ, "no version of the protocol in common");
}

/* The hello of this device, for this epoch, from its factory DID, about our tip. */
static enum berth_err
read_hello(const struct berth_instance *inst, const struct berth_event *ev, struct berth_run *run)
{
	const struct berth_json *body = ev->in->msg.body;
	struct berth_hash tip;
	enum berth_err rc;

	if (!berth_did_same(ev->sender, berth_data_str(inst->data, "factoryDid")))
		return berth_fail(BERTH_E_HOLDER, "hello from another DID than the device's");
	*run = (struct berth_run){ .epoch = berth_data_int(inst->data, "epoch", 0) };
	int64_t epoch;

	if ((rc = has_version(body)) || (rc = berth_json_req_int(body, "epoch", 0, INT64_MAX, &epoch)) ||
	    (rc = berth_body_get_32(body, "nonceD", run->nonce_d)) ||
	    (rc = berth_body_get_32(body, "deviceHash", run->device_hash.b)) ||
	    (rc = berth_body_get_32(body, "tip", run->tip.b)) ||
	    (rc = berth_body_get_32(inst->data, "tip", tip.b)))
		return rc;
	if (epoch != run->epoch || !berth_hash_equal(&tip, &run->tip))
		return berth_fail(BERTH_E_AUTHZ, "hello for another epoch or tip than ours");
	snprintf(run->thid, sizeof(run->thid), "%s", ev->in->msg.thid);
	snprintf(run->peer, sizeof(run->peer), "%s", ev->sender);
	return berth_transcript_add(&run->said, ev->in->msg.json);
}

/* The run in that member is over: nothing waits for it, and nobody is found by it. */
static enum berth_err end_run(const struct berth_json *of, struct berth_effects *fx)
{
	struct berth_run old;
	enum berth_err rc;

	if (berth_run_load(&old, of))
		return BERTH_OK;
	rc = berth_effects_drop(fx, old.peer, old.thid);
	return rc ? rc : berth_effects_remove(fx, BERTH_NS_THREAD, old.thid);
}

enum berth_err owner_end_hello(struct berth_instance *inst, struct berth_effects *fx)
{
	enum berth_err rc = end_run(berth_json_get(inst->data, "hello"), fx);

	if (!rc)
		berth_json_remove(inst->data, "hello");
	return rc;
}

/* It has proved itself in the run that its hello began: whatever an earlier one left is over. */
static enum berth_err start_over(struct berth_instance *inst, struct berth_effects *fx, struct berth_run *run)
{
	enum berth_err rc = end_run(inst->data, fx);

	if (rc || (rc = berth_run_save(inst->data, run)))
		return rc;
	berth_json_remove(inst->data, "issued");
	berth_json_remove(inst->data, "hello");
	return BERTH_OK;
}

static const struct berth_hash *delegation(const struct berth_instance *inst, struct berth_hash *h)
{
	if (!berth_json_get(inst->data, "delegation") || berth_body_get_32(inst->data, "delegation", h->b))
		return NULL;
	return h;
}

static bool is_hardware(const char *custody) { return strcmp(custody, "hardware") == 0; }

/* ek-live = required: what only the TPM can open that has the EK and the attestation
 * key of the DeviceCredential; its answer comes with prove-device. */
static enum berth_err set_challenge(struct berth_env *env, const struct berth_instance *inst, struct berth_json *hello,
				    const struct berth_run *run, struct berth_json *body)
{
	struct berth_json *challenge = NULL;
	struct berth_device_credential dc;
	uint8_t mac[32];
	enum berth_err rc;

	if (!env->policy->ek_live)
		return BERTH_OK;
	if ((rc = owner_device_credential(env, inst, &dc)))
		return rc;
	if (!is_hardware(dc.keys.custody))
		goto out;	/* `accept` says whether such a device will do */
	if (!dc.keys.has_tpm) {
		rc = berth_fail(BERTH_E_VC, "hardware, but no endorsement key in the DeviceCredential");
		goto out;
	}
	challenge = berth_json_new_object();
	if ((rc = berth_attest_challenge(challenge, mac, dc.keys.ek_pub, dc.keys.ek_pub_len, dc.keys.ak_name, "berth-m5-ek",
					 run->nonce_o)) ||
	    (rc = berth_json_set_b64url(hello, "activated", mac, sizeof(mac))))
		goto out;
	rc = berth_json_set(body, "tpmChallenge", challenge);
	challenge = NULL;
out:
	berth_json_free(challenge);
	berth_object_free(&dc.obj);
	return rc;
}

static enum berth_err prove_owner(struct berth_env *env, struct berth_instance *inst, struct berth_run *run,
				  struct berth_json *body)
{
	struct berth_json *evidence = berth_json_new_array();
	struct berth_buf proof = BERTH_BUF_INIT;
	struct berth_hash h;
	enum berth_err rc;

	if ((rc = berth_json_set(body, "evidence", evidence)) ||
	    (rc = berth_json_set_b64url(body, "nonceO", run->nonce_o, 32)) ||
	    (rc = berth_json_set_int(body, "ownerTime", env->now_s)) ||
	    (rc = set_challenge(env, inst, berth_data_obj(inst->data, "hello"), run, body)) ||
	    (rc = berth_run_prove(env, run, BERTH_SIGN_OWNER_PROOF, owner_me(env), run->peer, env->now_s,
				  delegation(inst, &h), body, &proof)))
		goto out;
	rc = berth_json_set_str(body, "proof", berth_buf_cstr(&proof));
out:
	berth_buf_free(&proof);
	return rc;
}

enum berth_err owner_on_hello(struct berth_env *env, struct berth_instance *inst,
			      const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *body = NULL;
	size_t at = fx->n_sends;
	struct berth_run run;
	enum berth_err rc;

	if (env->now_s < 0)
		return berth_fail(BERTH_E_CLOCK, "an owner needs a clock");
	if ((rc = owner_end_hello(inst, fx)) || (rc = read_hello(inst, ev, &run)))
		return rc;
	berth_random(run.nonce_o, sizeof(run.nonce_o));
	body = berth_json_new_object();
	if ((rc = prove_owner(env, inst, &run, body))) {
		berth_json_free(body);
		return rc;
	}
	if ((rc = owner_send(env, inst, fx, &run, "prove-owner", body, false)) ||
	    (rc = berth_transcript_add(&run.said, fx->sends[at].msg.json)) ||
	    (rc = berth_run_save(berth_data_obj(inst->data, "hello"), &run)))
		return rc;
	berth_effects_audit(fx, "hello from device %s", berth_data_str(inst->data, "serial"));
	return berth_effects_put(fx, BERTH_NS_THREAD, run.thid, inst->key, strlen(inst->key));
}

/* It opened the challenge of this run, and the certificate is the one that the maker
 * saw; with roots of our own we need not take the maker's word for it. */
static enum berth_err
check_live(struct berth_env *env, const struct berth_instance *inst, const struct berth_json *body,
	   const struct berth_key_provenance *keys)
{
	const char *roots = env->policy->ek_roots_pem;
	struct berth_buf cert = BERTH_BUF_INIT;
	uint8_t mac[32], h[32];
	enum berth_err rc;

	if ((rc = berth_body_get_32(berth_json_get(inst->data, "hello"), "activated", mac)) ||
	    (rc = berth_attest_check_activated(body, mac)) ||
	    (rc = berth_body_get_b64(body, "ekCert", CERT_MAX, &cert)))
		goto out;
	berth_sha256(h, cert.p, cert.len);
	if (memcmp(h, keys->ek_cert_sha256, sizeof(h)) != 0)
		rc = berth_fail(BERTH_E_SIG, "not the endorsement certificate of the DeviceCredential");
	else if (roots)
		rc = berth_tpm_check_ek(cert.p, cert.len, roots, keys->ek_pub, keys->ek_pub_len, env->now_s);
out:
	berth_buf_free(&cert);
	return rc;
}

/* P3: the keys of the credential live in the TPM that the manufacturer examined. */
static enum berth_err
check_hardware(struct berth_env *env, struct berth_instance *inst, const struct berth_run *run,
	       const struct berth_json *body, const struct berth_device_credential *dc)
{
	struct berth_attest_claim claim = { .label = "berth-m5", .nonce = run->nonce_o, .said = &run->said,
		.keys = &dc->keys, .did = dc->factory_did, .factory = true };
	enum berth_err rc;

	if ((rc = berth_attest_verify(env, &claim, body)) ||
	    (env->policy->ek_live && (rc = check_live(env, inst, body, &dc->keys))))
		return rc;
	berth_json_remove(inst->data, "pcrValues");
	if (claim.values.mask == BERTH_ATTEST_PCRS && (rc = berth_pcr_values_set(inst->data, "pcrValues", &claim.values)))
		return rc;
	return berth_json_set_b64url(inst->data, "pcrDigest", claim.pcr_digest, sizeof(claim.pcr_digest));
}

static enum berth_err check_custody(const struct berth_policy *p, const char *custody)
{
	if (is_hardware(custody) ? p->accept_hardware : p->accept_sealed)
		return BERTH_OK;
	return berth_fail(BERTH_E_AUTHZ, "policy does not accept %s keys", custody);
}

static enum berth_err
check_device(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev, struct berth_run *run)
{
	const struct berth_json *body = ev->in->msg.body;
	struct berth_device_credential dc = { 0 };
	const char *custody, *proof;
	struct berth_hash shown;
	enum berth_err rc;

	if ((rc = berth_body_get_32(body, "deviceCredential", shown.b)) ||
	    (rc = berth_json_req_str(body, "custody", 16, &custody)) ||
	    (rc = berth_json_req_str(body, "proof", BERTH_OBJECT_MAX, &proof)) ||
	    (rc = owner_device_credential(env, inst, &dc)))
		goto out;
	if (!berth_hash_equal(&shown, &dc.obj.hash) || strcmp(custody, dc.keys.custody) != 0) {
		rc = berth_fail(BERTH_E_HOLDER, "another DeviceCredential or custody than the chain's");
		goto out;
	}
	if ((rc = check_custody(env->policy, custody)) ||
	    (rc = berth_run_check_proof(env, run, BERTH_SIGN_DEVICE_PROOF, dc.factory_did, owner_me(env)->did,
					NULL, body, "proof", proof, NULL)))
		goto out;
	if (is_hardware(custody))
		rc = check_hardware(env, inst, run, body, &dc);
out:
	berth_object_free(&dc.obj);
	return rc;
}

/* It is told that, and no more.  Its run is over; another one that is under way goes on. */
static enum berth_err refuse(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
			     struct berth_run *run, enum berth_err why)
{
	enum berth_err rc;

	if ((rc = berth_json_set_str(inst->data, "denied", berth_err_name(why))))
		return rc;
	fx->state = inst->state;
	if (inst->state == OW_SESSION) {
		fx->state = OW_PUBLISHED;
		fx->timer_ms = OWNER_REFRESH_MS;
	}
	return owner_send_denied(env, inst, fx, run, berth_err_name(why));
}

static enum berth_err begun(const struct berth_instance *inst, const struct berth_event *ev, struct berth_run *run)
{
	enum berth_err rc;

	if (!berth_json_get(inst->data, "hello"))
		return berth_fail(BERTH_E_TYPE, "%s, but no hello before it", ev->on);
	rc = berth_run_load(run, berth_json_get(inst->data, "hello"));
	return rc ? rc : berth_run_check(run, ev);
}

enum berth_err owner_check_proof(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
				 struct berth_run *run)
{
	enum berth_err rc = begun(inst, ev, run);

	return rc ? rc : check_device(env, inst, ev, run);
}

enum berth_err owner_on_prove_device(struct berth_env *env, struct berth_instance *inst,
				     const struct berth_event *ev, struct berth_effects *fx)
{
	const char *serial = berth_data_str(inst->data, "serial");
	struct berth_run run;
	enum berth_err rc;

	if ((rc = begun(inst, ev, &run)))
		return rc;
	if ((rc = check_device(env, inst, ev, &run))) {
		berth_effects_audit(fx, "device %s refused: %s: %s", serial, berth_err_name(rc), berth_err_detail());
		return rc == BERTH_E_NOMEM ? rc : refuse(env, inst, fx, &run, rc);
	}
	if ((rc = berth_transcript_add(&run.said, ev->in->msg.json)) || (rc = start_over(inst, fx, &run)) ||
	    (rc = owner_end_goodbye(inst, fx)))
		return rc;
	fx->go = true;
	berth_effects_audit(fx, "device %s proved itself (%s keys)", serial, berth_data_str(inst->data, "custody"));
	return BERTH_OK;
}
