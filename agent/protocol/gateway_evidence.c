/* SPDX-License-Identifier: Apache-2.0 */
/* What a gateway with a TPM shows of its keys in M5, M8, M12 and M14. */
#include "agent/protocol/attestation.h"
#include "agent/protocol/gateway.h"

/* What the TPM says to this message of the run goes into its member `attestation`. */
static enum berth_err qualify(uint8_t out[32], const struct berth_run *run, const char *label, const uint8_t nonce[32])
{
	struct berth_json *empty = berth_json_new_object();
	uint8_t th[32];
	enum berth_err rc = berth_transcript_th(th, &run->said, empty, NULL);

	berth_json_free(empty);
	if (!rc)
		berth_attest_nonce(out, label, nonce, th);
	return rc;
}

/* M5: the factory keys and the PCRs, by the attestation key of the DeviceCredential. */
static enum berth_err
attest_factory(struct berth_env *env, struct berth_json *body, const struct berth_run *run, const struct berth_identity *id)
{
	struct berth_json *a = berth_json_new_object();
	uint8_t qualifying[32];
	enum berth_err rc;

	if ((rc = qualify(qualifying, run, "berth-m5", run->nonce_o)) ||
	    (rc = berth_attest(env, a, qualifying, BERTH_KEY_AK, id->sign_key, id->agree_key, true)) ||
	    (rc = berth_attest_quote(env, a, qualifying, BERTH_KEY_AK, BERTH_ATTEST_PCRS))) {
		berth_json_free(a);
		return rc;
	}
	return berth_json_set(body, "attestation", a);
}

/* M8, M12, M14: the operational keys by an attestation key of their own, which the one of the
 * DeviceCredential vouches for: to the owner, and to nobody whom it tells. */
enum berth_err gateway_attest_operational(struct berth_env *env, struct berth_json *body, const struct berth_run *run,
					  const char *label, const uint8_t nonce[32], const struct berth_identity *op,
					  uint32_t pcrs)
{
	struct berth_json *a = berth_json_new_object();
	char ak[BERTH_IDENTITY_AK_MAX + 1];
	uint8_t qualifying[32];
	enum berth_err rc;

	berth_identity_ak(ak, op->name);
	if ((rc = env->keys->ops->ensure(env->keys, ak, BERTH_KEY_P256, BERTH_USAGE_ATTEST, 0, NULL)) ||
	    (rc = qualify(qualifying, run, label, nonce)) || (rc = berth_attest_ak(env, a, qualifying, ak)) ||
	    (rc = berth_attest(env, a, qualifying, ak, op->sign_key, op->agree_key, true)) ||
	    (pcrs && (rc = berth_attest_quote(env, a, qualifying, ak, pcrs)))) {
		berth_json_free(a);
		return rc;
	}
	return berth_json_set(body, "attestation", a);
}

/* ek-live: the certificate too, for an owner that has the TPM makers' roots. */
static enum berth_err
answer_challenge(struct berth_env *env, struct berth_json *body, const struct berth_json *challenge,
		 const struct berth_run *run)
{
	struct berth_buf cert = BERTH_BUF_INIT, ek = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!(rc = berth_attest_activate(env, body, challenge, "berth-m5-ek", run->nonce_o)) &&
	    !(rc = env->keys->ops->ek(env->keys, &cert, &ek)))
		rc = berth_json_set_b64url(body, "ekCert", cert.p, cert.len);
	berth_buf_free(&cert);
	berth_buf_free(&ek);
	return rc;
}

enum berth_err gateway_set_evidence(struct berth_env *env, const struct berth_instance *inst, struct berth_json *body,
				    const struct berth_run *run)
{
	const struct berth_json *challenge = berth_json_get(berth_json_get(inst->data, "owner"), "tpmChallenge");
	enum berth_err rc;

	if (berth_keys_custody(env->keys, BERTH_ID_FACTORY) != BERTH_CUSTODY_HARDWARE)
		return BERTH_OK;
	if (challenge && (rc = answer_challenge(env, body, challenge, run)))
		return rc;
	return attest_factory(env, body, run, env->identity(env, BERTH_ID_FACTORY));
}
