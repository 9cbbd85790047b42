/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/attestation.h"

#include <stdio.h>
#include <string.h>

#include "agent/protocol/onboarding.h"
#include "did/base/rand.h"
#include "did/base/secret.h"
#include "did/crypto/hash.h"
#include "did/crypto/keypair.h"

#define LABEL_MAX 16
#define ATTEST_MAX 1024
#define QUOTES_MAX 3		/* until one is of the values beside it */
#define CREDENTIAL_MAX 640	/* of an RSA 4096 EK: 512, and a length */

void berth_identity_ak(char name[BERTH_IDENTITY_AK_MAX + 1], const char *identity)
{
	snprintf(name, BERTH_IDENTITY_AK_MAX + 1, "%s-%s", identity, BERTH_KEY_AK);
}

/* label || nonce || th, which its users hash, with a key or without. */
static size_t what_is_answered(uint8_t out[LABEL_MAX + 64], const char *label, const uint8_t nonce[32],
			       const uint8_t *th)
{
	size_t n = strnlen(label, LABEL_MAX);

	memcpy(out, label, n);
	memcpy(out + n, nonce, 32);
	n += 32;
	if (th) {
		memcpy(out + n, th, 32);
		n += 32;
	}
	return n;
}

void berth_attest_nonce(uint8_t out[32], const char *label, const uint8_t nonce[32], const uint8_t *th)
{
	uint8_t b[LABEL_MAX + 64];

	berth_sha256(out, b, what_is_answered(b, label, nonce, th));
}

/* ---- the device's half ---- */
static enum berth_err attest_one(struct berth_env *env, struct berth_json *body, const uint8_t qualifying[32],
				 const char *key, const char *ak, const char *attest_name, const char *sig_name)
{
	struct berth_buf attest = BERTH_BUF_INIT, sig = BERTH_BUF_INIT;
	enum berth_err rc = env->keys->ops->certify(env->keys, key, ak, qualifying, &attest, &sig);

	if (!rc && !(rc = berth_json_set_b64url(body, attest_name, attest.p, attest.len)))
		rc = berth_json_set_b64url(body, sig_name, sig.p, sig.len);
	berth_buf_free(&attest);
	berth_buf_free(&sig);
	return rc;
}

enum berth_err berth_body_set_public(struct berth_env *env, struct berth_json *body, const char *name, const char *key)
{
	struct berth_buf pub = BERTH_BUF_INIT;
	enum berth_err rc = env->keys->ops->public_area(env->keys, key, &pub);

	if (!rc)
		rc = berth_json_set_b64url(body, name, pub.p, pub.len);
	berth_buf_free(&pub);
	return rc;
}

enum berth_err berth_attest(struct berth_env *env, struct berth_json *body, const uint8_t qualifying[32],
			    const char *ak, const char *sign_key, const char *agree_key, bool publics)
{
	enum berth_err rc;

	if ((rc = attest_one(env, body, qualifying, sign_key, ak, "signAttest", "signSig")) ||
	    (rc = attest_one(env, body, qualifying, agree_key, ak, "agreeAttest", "agreeSig")) || !publics)
		return rc;
	if ((rc = berth_body_set_public(env, body, "signPub", sign_key)))
		return rc;
	return berth_body_set_public(env, body, "agreePub", agree_key);
}

enum berth_err berth_attest_ak(struct berth_env *env, struct berth_json *body, const uint8_t qualifying[32],
			       const char *ak)
{
	enum berth_err rc = berth_body_set_public(env, body, "akPub", ak);

	return rc ? rc : attest_one(env, body, qualifying, ak, BERTH_KEY_AK, "akAttest", "akSig");
}

/* The quote says one digest; the values beside it, read before and after, which one of
 * them has changed. */
static enum berth_err quote_and_read(struct berth_env *env, const uint8_t qualifying[32], const char *ak, uint32_t pcrs,
				     struct berth_buf *attest, struct berth_buf *sig, struct berth_buf *before)
{
	struct berth_buf after = BERTH_BUF_INIT;
	struct berth_keys *k = env->keys;
	bool same = false;
	enum berth_err rc = k->ops->pcrs(k, ak, pcrs, before);

	for (int i = 0; !rc && !same && i < QUOTES_MAX; i++) {
		berth_buf_reset(attest);
		berth_buf_reset(sig);
		berth_buf_reset(&after);
		if ((rc = k->ops->quote(k, ak, pcrs, qualifying, attest, sig)) || (rc = k->ops->pcrs(k, ak, pcrs, &after)))
			break;
		same = before->len == after.len && memcmp(before->p, after.p, after.len) == 0;
		berth_buf_reset(before);
		berth_buf_put(before, after.p, after.len);
		rc = berth_buf_status(before);
	}
	berth_buf_free(&after);
	return rc || same ? rc : berth_fail(BERTH_E_KEYSTORE, "the PCRs change while they are quoted");
}

enum berth_err berth_attest_quote(struct berth_env *env, struct berth_json *body, const uint8_t qualifying[32],
				  const char *ak, uint32_t pcrs)
{
	struct berth_buf attest = BERTH_BUF_INIT, sig = BERTH_BUF_INIT, values = BERTH_BUF_INIT;
	struct berth_json *q = berth_json_new_object();
	enum berth_err rc;

	if ((rc = quote_and_read(env, qualifying, ak, pcrs, &attest, &sig, &values)) ||
	    (rc = berth_json_set_b64url(q, "values", values.p, values.len)) ||
	    (rc = berth_json_set_b64url(q, "attest", attest.p, attest.len)) ||
	    (rc = berth_json_set_b64url(q, "sig", sig.p, sig.len)) ||
	    (rc = berth_json_set(q, "pcrs", berth_pcr_list_json(pcrs))))
		goto out;
	rc = berth_json_set(body, "quote", q);
	q = NULL;
out:
	berth_json_free(q);
	berth_buf_free(&attest);
	berth_buf_free(&sig);
	berth_buf_free(&values);
	return rc;
}

enum berth_err berth_attest_activate(struct berth_env *env, struct berth_json *body, const struct berth_json *challenge,
				     const char *label, const uint8_t nonce[32])
{
	struct berth_buf blob = BERTH_BUF_INIT, secret = BERTH_BUF_INIT, opened = BERTH_BUF_INIT;
	uint8_t text[LABEL_MAX + 64], mac[32];
	size_t n = what_is_answered(text, label, nonce, NULL);
	enum berth_err rc;

	if ((rc = berth_body_get_b64(challenge, "credentialBlob", CREDENTIAL_MAX, &blob)) ||
	    (rc = berth_body_get_b64(challenge, "secret", CREDENTIAL_MAX, &secret)) ||
	    (rc = env->keys->ops->activate(env->keys, BERTH_KEY_AK, blob.p, blob.len, secret.p, secret.len, &opened)))
		goto out;
	berth_hmac_sha256(mac, opened.p, opened.len, text, n);
	rc = berth_json_set_b64url(body, "activated", mac, sizeof(mac));
out:
	berth_buf_free(&blob);
	berth_buf_free(&secret);
	berth_buf_free(&opened);
	return rc;
}

/* ---- the verifier's half ---- */
enum berth_err berth_attest_challenge(struct berth_json *body, uint8_t mac[32], const uint8_t *ek_pub, size_t ek_len,
				      const uint8_t ak_name[BERTH_TPM_NAME_LEN], const char *label,
				      const uint8_t nonce[32])
{
	struct berth_buf blob = BERTH_BUF_INIT, secret = BERTH_BUF_INIT;
	uint8_t inside[32], text[LABEL_MAX + 64];
	size_t n = what_is_answered(text, label, nonce, NULL);
	enum berth_err rc;

	berth_random(inside, sizeof(inside));
	berth_hmac_sha256(mac, inside, sizeof(inside), text, n);
	if (!(rc = berth_tpm_make_credential(&blob, &secret, ek_pub, ek_len, ak_name, inside, sizeof(inside))) &&
	    !(rc = berth_json_set_b64url(body, "credentialBlob", blob.p, blob.len)))
		rc = berth_json_set_b64url(body, "secret", secret.p, secret.len);
	berth_wipe(inside, sizeof(inside));
	berth_buf_free(&blob);
	berth_buf_free(&secret);
	return rc;
}

enum berth_err berth_attest_check_activated(const struct berth_json *body, const uint8_t mac[32])
{
	uint8_t theirs[32];
	enum berth_err rc = berth_body_get_32(body, "activated", theirs);

	if (rc)
		return rc;
	return berth_equal_ct(theirs, mac, 32) ? BERTH_OK
		: berth_fail(BERTH_E_SIG, "the credential was not opened by this TPM");
}

static enum berth_err check_one(const struct berth_json *body, const uint8_t qualifying[32],
				const struct berth_tpm_public *ak, const struct berth_tpm_public *key,
				const char *attest_name, const char *sig_name)
{
	struct berth_buf attest = BERTH_BUF_INIT, sig = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!(rc = berth_body_get_b64(body, attest_name, ATTEST_MAX, &attest)) &&
	    !(rc = berth_body_get_b64(body, sig_name, BERTH_SIG_MAX, &sig)))
		rc = berth_tpm_check_certify(ak, key, qualifying, attest.p, attest.len, sig.p, sig.len);
	berth_buf_free(&attest);
	berth_buf_free(&sig);
	return rc;
}

enum berth_err berth_attest_check(const struct berth_json *body, const uint8_t qualifying[32],
				  const struct berth_tpm_public *ak, const struct berth_tpm_public *sign,
				  const struct berth_tpm_public *agree)
{
	enum berth_err rc = check_one(body, qualifying, ak, sign, "signAttest", "signSig");

	return rc ? rc : check_one(body, qualifying, ak, agree, "agreeAttest", "agreeSig");
}

/* A TPMT_PUBLIC that never leaves its TPM and is the very key of the DID document. */
static enum berth_err
public_of(const struct berth_json *body, const char *member, const struct berth_did_doc *doc,
	  enum berth_rel rel, struct berth_tpm_public *out)
{
	const struct berth_vm *vm = berth_did_doc_nth(doc, rel, 0);
	struct berth_buf pub = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!(rc = berth_body_get_b64(body, member, BERTH_AK_PUB_MAX, &pub)) &&
	    !(rc = berth_tpm_public_parse(out, pub.p, pub.len)) &&
	    !(rc = berth_tpm_check_resident(out, rel != BERTH_REL_KEY_AGREEMENT)) &&
	    (!vm || !berth_pubkey_equal(&vm->key, &out->pub)))
		rc = berth_fail(BERTH_E_SIG, "%s is not the key of the DID", member);
	berth_buf_free(&pub);
	return rc;
}

enum berth_err berth_attest_publics(const struct berth_json *body, const struct berth_did_doc *doc,
				    struct berth_tpm_public *sign, struct berth_tpm_public *agree)
{
	enum berth_err rc = public_of(body, "signPub", doc, BERTH_REL_AUTHENTICATION, sign);

	return rc ? rc : public_of(body, "agreePub", doc, BERTH_REL_KEY_AGREEMENT, agree);
}

/* ---- the owner's judgement ---- */
static enum berth_err credential_ak(const struct berth_key_provenance *keys, struct berth_tpm_public *ak)
{
	enum berth_err rc;

	if ((rc = berth_tpm_public_parse(ak, keys->ak_pub, keys->ak_pub_len)) || (rc = berth_tpm_check_ak(ak)))
		return rc;
	return memcmp(ak->name, keys->ak_name, sizeof(ak->name)) == 0 ? BERTH_OK
		: berth_fail(BERTH_E_SIG, "not the attestation key that the DeviceCredential certifies");
}

/* C.1: owners cannot link a device by the key that attests its operational keys. */
static enum berth_err identity_ak(const struct berth_json *a, const uint8_t qualifying[32],
			       const struct berth_tpm_public *by, struct berth_tpm_public *ak)
{
	struct berth_buf pub = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!(rc = berth_body_get_b64(a, "akPub", BERTH_AK_PUB_MAX, &pub)) &&
	    !(rc = berth_tpm_public_parse(ak, pub.p, pub.len)) && !(rc = berth_tpm_check_ak(ak)))
		rc = memcmp(ak->name, by->name, sizeof(ak->name)) != 0
			? check_one(a, qualifying, by, ak, "akAttest", "akSig")
			: berth_fail(BERTH_E_AUTHZ, "the attestation key of the identity is the DeviceCredential's");
	berth_buf_free(&pub);
	return rc;
}

static enum berth_err credential_keys(const struct berth_key_provenance *keys, const struct berth_tpm_public *sign,
				      const struct berth_tpm_public *agree)
{
	if (memcmp(sign->name, keys->sign_name, sizeof(sign->name)) != 0 ||
	    memcmp(agree->name, keys->agree_name, sizeof(agree->name)) != 0)
		return berth_fail(BERTH_E_SIG, "not the keys that the DeviceCredential certifies");
	return BERTH_OK;
}

/* The factory's key may quote more than is asked for; whose values are compared, just that. */
static bool covers(const struct berth_attest_claim *c, uint32_t quoted)
{
	return c->factory ? (quoted & BERTH_ATTEST_PCRS) == BERTH_ATTEST_PCRS : quoted == c->pcrs;
}

/* What a device says of single PCRs counts because the TPM has signed a digest over it. */
static enum berth_err check_values(struct berth_attest_claim *c, const struct berth_json *q, uint32_t quoted)
{
	uint8_t digest[32];
	enum berth_err rc = berth_pcr_values_read(&c->values, quoted, q, "values");

	if (rc || !c->values.mask)
		return rc;
	berth_pcr_values_digest(digest, &c->values);
	if (memcmp(digest, c->pcr_digest, sizeof(digest)) == 0)
		return BERTH_OK;
	c->values.mask = 0;
	return berth_fail(BERTH_E_SIG, "quote: the values are not those of its digest");
}

static enum berth_err check_quote(struct berth_attest_claim *c, const struct berth_json *a, const uint8_t qualifying[32],
				  const struct berth_tpm_public *ak)
{
	struct berth_buf attest = BERTH_BUF_INIT, sig = BERTH_BUF_INIT;
	const struct berth_json *q;
	uint32_t said, quoted;
	enum berth_err rc;

	if ((rc = berth_json_req_obj(a, "quote", &q)) || (rc = berth_pcr_list_read(&said, q)) ||
	    (rc = berth_body_get_b64(q, "attest", ATTEST_MAX, &attest)) ||
	    (rc = berth_body_get_b64(q, "sig", BERTH_SIG_MAX, &sig)) ||
	    (rc = berth_tpm_check_quote(ak, qualifying, attest.p, attest.len, sig.p, sig.len, &quoted,
					c->pcr_digest)))
		goto out;
	if (quoted != said)
		rc = berth_fail(BERTH_E_SIG, "quote: of other PCRs than it says");
	else if (!covers(c, quoted))
		rc = berth_fail(BERTH_E_AUTHZ, "quote: not of the PCRs that count");
	else
		rc = check_values(c, q, quoted);
out:
	berth_buf_free(&attest);
	berth_buf_free(&sig);
	return rc;
}

static enum berth_err verify(struct berth_attest_claim *c, const struct berth_json *a, const struct berth_did_doc *doc,
			     const uint8_t qualifying[32])
{
	struct berth_tpm_public own, fresh, sign, agree;
	const struct berth_tpm_public *by = c->factory ? &own : &fresh;
	enum berth_err rc;

	if ((rc = credential_ak(c->keys, &own)) || (rc = berth_attest_publics(a, doc, &sign, &agree)) ||
	    (rc = c->factory ? credential_keys(c->keys, &sign, &agree) : identity_ak(a, qualifying, &own, &fresh)) ||
	    (rc = berth_attest_check(a, qualifying, by, &sign, &agree)))
		return rc;
	return c->factory || c->pcrs ? check_quote(c, a, qualifying, by) : BERTH_OK;
}

enum berth_err berth_attest_verify(struct berth_env *env, struct berth_attest_claim *c, const struct berth_json *body)
{
	struct berth_json *empty = berth_json_new_object();
	struct berth_did_doc *doc = NULL;
	const struct berth_json *a;
	uint8_t th[32], qualifying[32];
	enum berth_err rc;

	if (!c->keys->has_tpm) {
		rc = berth_fail(BERTH_E_VC, "hardware, but no attestation key in the DeviceCredential");
		goto out;
	}
	if ((rc = berth_json_req_obj(body, "attestation", &a)) || (rc = berth_resolve(env->resolver, c->did, &doc)) ||
	    (rc = berth_transcript_th(th, c->said, empty, NULL)))
		goto out;
	berth_attest_nonce(qualifying, c->label, c->nonce, th);
	rc = verify(c, a, doc, qualifying);
out:
	berth_json_free(empty);
	berth_did_doc_free(doc);
	return rc;
}
