/* SPDX-License-Identifier: Apache-2.0 */
#include "did/key_json.h"

#include <string.h>

#include "did/codec/base64url.h"
#include "did/crypto/keypair.h"
#include "did/jose/jwk.h"
#include "did/jose/multikey.h"
#include "did/method_key.h"

#define PCRS 0xffu	/* 0 to 7: firmware, boot loader and their configuration */

static const struct {
	const char *name;
	enum berth_usage usage;
} usages[] = {
	{ "sign", BERTH_USAGE_SIGN }, { "agree", BERTH_USAGE_AGREE }, { "attest", BERTH_USAGE_ATTEST },
};
#define USAGES (sizeof(usages) / sizeof(usages[0]))

const char *berth_usage_name(enum berth_usage usage)
{
	for (size_t i = 0; i < USAGES; i++)
		if (usages[i].usage == usage)
			return usages[i].name;
	return "none";
}

enum berth_usage berth_usage_parse(const char *name)
{
	for (size_t i = 0; i < USAGES; i++)
		if (!strcmp(usages[i].name, name))
			return usages[i].usage;
	return (enum berth_usage)0;
}

/* Takes o over: *out when rc is BERTH_OK, gone otherwise. */
static enum berth_err give(struct berth_json **out, struct berth_json *o, enum berth_err rc)
{
	*out = rc ? NULL : o;
	if (rc)
		berth_json_free(o);
	return rc;
}

/* ---- a key ---- */

enum berth_err berth_key_set_public(struct berth_json *o, const struct berth_pubkey *pub)
{
	struct berth_buf multikey = BERTH_BUF_INIT, did = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = berth_json_set(o, "publicJwk", berth_jwk_format(pub))) ||
	    (rc = berth_multikey_format(&multikey, pub)) || (rc = berth_did_key_create(&did, pub)) ||
	    (rc = berth_json_set_str(o, "multikey", berth_buf_cstr(&multikey))))
		goto out;
	rc = berth_json_set_str(o, "did", berth_buf_cstr(&did));
out:
	berth_buf_free(&multikey);
	berth_buf_free(&did);
	return rc;
}

static enum berth_err set_uri(struct berth_json *o, const struct berth_keystore *ks, const char *name)
{
	struct berth_buf uri = BERTH_BUF_INIT;
	enum berth_err rc = berth_keystore_key_uri(&uri, ks, name);

	if (!rc)
		rc = berth_json_set_str(o, "keyUri", berth_buf_cstr(&uri));
	berth_buf_free(&uri);
	return rc;
}

static enum berth_err set_info(struct berth_json *o, const struct berth_keystore *ks, const struct berth_key_info *info)
{
	enum berth_err rc;

	if ((rc = set_uri(o, ks, info->name)) || (rc = berth_key_set_public(o, &info->pub)) ||
	    (rc = berth_json_set_str(o, "custody", berth_custody_name(info->custody))))
		return rc;
	return berth_json_set_str(o, "use", berth_usage_name(info->usage));
}

enum berth_err berth_key_describe(struct berth_json **out, const struct berth_keystore *ks,
				  const struct berth_key_info *info)
{
	struct berth_json *o = berth_json_new_object();

	return give(out, o, set_info(o, ks, info));
}

/* ---- a store ---- */

/* The algorithms in which a key of this type and usage takes part. */
static enum berth_err push_algs(struct berth_json *algs, enum berth_key_type type, enum berth_usage usage)
{
	enum berth_err rc;

	switch (usage) {
	case BERTH_USAGE_SIGN:
		return berth_json_push_str(algs, berth_jws_alg(type));
	case BERTH_USAGE_AGREE:
		rc = berth_json_push_str(algs, "ECDH-ES+A256KW");
		return rc ? rc : berth_json_push_str(algs, "ECDH-1PU+A256KW");
	case BERTH_USAGE_ATTEST:
		rc = berth_json_push_str(algs, "TPM2_Certify");
		return rc ? rc : berth_json_push_str(algs, "TPM2_Quote");
	}
	return BERTH_OK;
}

static enum berth_err push_capability(struct berth_json *all, enum berth_key_type type, enum berth_usage usage)
{
	struct berth_json *o = berth_json_new_object(), *algs = berth_json_new_array();
	enum berth_err rc;

	if ((rc = push_algs(algs, type, usage)) || (rc = berth_json_set_str(o, "type", berth_key_type_name(type))) ||
	    (rc = berth_json_set_str(o, "use", berth_usage_name(usage)))) {
		berth_json_free(algs);
		berth_json_free(o);
		return rc;
	}
	rc = berth_json_set(o, "alg", algs);
	return berth_json_push_made(all, o, rc);
}

static enum berth_err push_capabilities(struct berth_json *all, struct berth_keystore *ks)
{
	enum berth_err rc;

	for (unsigned t = BERTH_KEY_NONE + 1; t < BERTH_KEY__COUNT; t++)
		for (size_t i = 0; i < USAGES; i++)
			if (berth_keystore_can(ks, (enum berth_key_type)t, usages[i].usage) &&
			    (rc = push_capability(all, (enum berth_key_type)t, usages[i].usage)))
				return rc;
	return BERTH_OK;
}

enum berth_err berth_keystore_describe(struct berth_json **out, struct berth_keystore *ks)
{
	struct berth_json *o = berth_json_new_object(), *all = berth_json_new_array();
	struct berth_keystore_kind kind = berth_keystore_kind(ks);
	enum berth_err rc;

	if ((rc = berth_json_set_str(o, "custody", berth_custody_name(kind.custody))) ||
	    (rc = berth_json_set_bool(o, "attestable", kind.attestable)) ||
	    (rc = berth_json_set_bool(o, "import", kind.imports)) || (rc = push_capabilities(all, ks))) {
		berth_json_free(all);
		return give(out, o, rc);
	}
	return give(out, o, berth_json_set(o, "capabilities", all));
}

/* ---- evidence ---- */

/* The store's attestation key, made at the first call. */
static enum berth_err attestation_key(struct berth_keystore *ks, struct berth_key_info *ak)
{
	enum berth_err rc;

	for (size_t i = 0; i < berth_keystore_count(ks); i++)
		if ((rc = berth_keystore_at(ks, i, ak)) || ak->usage == BERTH_USAGE_ATTEST)
			return rc;
	return berth_keystore_generate(ks, "ak", BERTH_KEY_P256, BERTH_USAGE_ATTEST, ak);
}

static enum berth_err set_area(struct berth_json *o, const char *key, struct berth_keystore *ks, const char *name)
{
	struct berth_buf area = BERTH_BUF_INIT;
	enum berth_err rc = berth_keystore_public_area(ks, name, &area);

	if (!rc)
		rc = berth_json_set_b64url(o, key, area.p, area.len);
	berth_buf_free(&area);
	return rc;
}

static enum berth_err set_ek(struct berth_json *o, struct berth_keystore *ks)
{
	struct berth_buf cert = BERTH_BUF_INIT, pub = BERTH_BUF_INIT;
	enum berth_err rc = berth_keystore_ek(ks, &cert, &pub);

	if (!rc)
		rc = berth_json_set_b64url(o, "ekPublic", pub.p, pub.len);
	if (!rc && cert.len)
		rc = berth_json_set_b64url(o, "ekCertificate", cert.p, cert.len);
	berth_buf_free(&cert);
	berth_buf_free(&pub);
	return rc;
}

/* Takes the evidence {"attest", "signature"} of one kind. */
static enum berth_err set_evidence(struct berth_json *o, const char *key, const struct berth_buf *attest,
				   const struct berth_buf *sig)
{
	struct berth_json *e = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_b64url(e, "attest", attest->p, attest->len)) || (rc = berth_json_set_b64url(e, "signature", sig->p, sig->len))) {
		berth_json_free(e);
		return rc;
	}
	return berth_json_set(o, key, e);
}

static enum berth_err set_proofs(struct berth_json *o, struct berth_keystore *ks, const char *name, const char *ak,
				 const uint8_t nonce[BERTH_KEY_NONCE_LEN])
{
	struct berth_buf attest = BERTH_BUF_INIT, sig = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = berth_keystore_certify(ks, name, ak, nonce, &attest, &sig)) ||
	    (rc = set_evidence(o, "certify", &attest, &sig)))
		goto out;
	berth_buf_reset(&attest);
	berth_buf_reset(&sig);
	if (!(rc = berth_keystore_quote(ks, ak, PCRS, nonce, &attest, &sig)))
		rc = set_evidence(o, "quote", &attest, &sig);
out:
	berth_buf_free(&attest);
	berth_buf_free(&sig);
	return rc;
}

static enum berth_err set_all(struct berth_json *o, struct berth_keystore *ks, const struct berth_key_info *info,
			      const uint8_t nonce[BERTH_KEY_NONCE_LEN])
{
	struct berth_key_info ak;
	enum berth_err rc;

	if ((rc = set_info(o, ks, info)) || (rc = set_ek(o, ks)) || (rc = attestation_key(ks, &ak)) ||
	    (rc = berth_json_set_b64url(o, "nonce", nonce, BERTH_KEY_NONCE_LEN)) ||
	    (rc = set_area(o, "keyPublic", ks, info->name)) || (rc = set_area(o, "akPublic", ks, ak.name)))
		return rc;
	return set_proofs(o, ks, info->name, ak.name, nonce);
}

enum berth_err berth_key_attest(struct berth_json **out, struct berth_keystore *ks, const struct berth_key_info *info,
				const uint8_t nonce[BERTH_KEY_NONCE_LEN])
{
	struct berth_json *o = berth_json_new_object();

	return give(out, o, set_all(o, ks, info, nonce));
}
