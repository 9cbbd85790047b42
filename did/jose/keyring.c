/* SPDX-License-Identifier: Apache-2.0 */
#include "did/jose/keyring.h"

#include <string.h>

#include "did/base/secret.h"
#include "did/codec/base64url.h"
#include "did/codec/did_text.h"
#include "did/crypto/kdf.h"
#include "did/crypto/keywrap.h"
#include "did/jose/di_hash.h"
#include "did/jose/di_log.h"
#include "did/jose/jwk.h"
#include "did/jose/jws.h"

#define KEK_LEN 32

/* ---- key-wrapping keys ---- */

static bool is_1pu(const char *alg)
{
	return strcmp(alg, "ECDH-1PU+A256KW") == 0;
}

static enum berth_err check_params(const struct berth_kek_params *p)
{
	if (!is_1pu(p->alg) && strcmp(p->alg, "ECDH-ES+A256KW") != 0)
		return berth_fail(BERTH_E_ALG, "key agreement %.40s", p->alg);
	if (is_1pu(p->alg) && (!p->peer || !p->cc_tag || p->cc_tag_len == 0))
		return berth_fail(BERTH_E_INTERNAL, "ECDH-1PU without the other side's key or the tag");
	return BERTH_OK;
}

static enum berth_err derive(uint8_t kek[KEK_LEN], const struct berth_kek_params *p,
			     const uint8_t *z, size_t z_len)
{
	struct berth_kdf_info info = {
		.alg = p->alg, .apu = p->apu, .apv = p->apv, .apu_len = p->apu_len, .apv_len = p->apv_len,
	};

	if (is_1pu(p->alg)) {
		info.cc_tag = p->cc_tag;
		info.cc_tag_len = p->cc_tag_len;
	}
	return berth_concat_kdf(kek, KEK_LEN, z, z_len, &info);
}

enum berth_err berth_kek_unwrap(berth_ecdh_fn *ecdh, void *key, const struct berth_kek_params *p,
				const uint8_t *wrapped, size_t len, uint8_t cek[BERTH_CEK_MAX], size_t *cek_len)
{
	uint8_t z[2 * BERTH_ECDH_MAX], kek[KEK_LEN];
	size_t ze_len = 0, zs_len = 0;
	enum berth_err rc;

	*cek_len = 0;
	/* Z = Ze for ECDH-ES, Ze || Zs for ECDH-1PU (draft-madden-jose-ecdh-1pu-04 2.3) */
	if ((rc = check_params(p)) || (rc = ecdh(key, p->epk, false, z, &ze_len)) ||
	    (is_1pu(p->alg) && (rc = ecdh(key, p->peer, true, z + ze_len, &zs_len))) ||
	    (rc = derive(kek, p, z, ze_len + zs_len)))
		goto out;
	if (len > BERTH_WRAPPED_MAX)
		rc = berth_fail(BERTH_E_DECRYPT, "decryption");
	else
		rc = berth_keyunwrap(cek, cek_len, kek, wrapped, len);
out:
	berth_wipe(z, sizeof(z));
	berth_wipe(kek, sizeof(kek));
	return rc;
}

enum berth_err berth_kek_wrap_1pu(berth_ecdh_fn *ecdh, void *key, const struct berth_kek_params *p,
				  const uint8_t *ze, size_t ze_len, const uint8_t *cek, size_t cek_len,
				  struct berth_buf *wrapped)
{
	uint8_t z[2 * BERTH_ECDH_MAX], kek[KEK_LEN], out[BERTH_WRAPPED_MAX];
	size_t zs_len = 0, out_len = 0;
	enum berth_err rc;

	if ((rc = check_params(p)))
		return rc;
	if (!is_1pu(p->alg) || ze_len > BERTH_ECDH_MAX || cek_len > BERTH_CEK_MAX)
		return berth_fail(BERTH_E_INTERNAL, "wrapping with %.40s", p->alg);
	memcpy(z, ze, ze_len);
	if ((rc = ecdh(key, p->peer, true, z + ze_len, &zs_len)))
		goto out;
	/* an ephemeral key of another curve than the static ones */
	if (zs_len != ze_len) {
		rc = berth_fail(BERTH_E_KEY, "ECDH-1PU over two curves");
		goto out;
	}
	if ((rc = derive(kek, p, z, ze_len + zs_len)) || (rc = berth_keywrap(out, &out_len, kek, cek, cek_len)))
		goto out;
	berth_buf_put(wrapped, out, out_len);
	rc = berth_buf_status(wrapped);
out:
	berth_wipe(z, sizeof(z));
	berth_wipe(kek, sizeof(kek));
	return rc;
}

/* ---- purposes ---- */

/* What a payload must look like for its purpose: which member names the signer,
 * whether that member may be an object with an id, and what else is there.  They
 * exclude each other, so that bytes signed for one purpose parse for no other. */
static const struct rule {
	const char *who;		/* NULL: nobody; with no `also` either: any bytes */
	bool may_be_object, may_be_absent;
	const char *also[2];		/* members that must be there, of this kind */
	enum berth_json_kind kind;
	const char *never;		/* a member that another purpose has */
} rules[BERTH_SIGN__COUNT] = {
	[BERTH_SIGN_DIDCOMM]	  = { "from", false, true, { "id", "type" }, BERTH_JSON_STRING, NULL },
	[BERTH_SIGN_VC]		  = { "issuer", true, false, { "@context" }, BERTH_JSON_ARRAY, NULL },
	[BERTH_SIGN_VP]		  = { "holder", true, false, { "@context" }, BERTH_JSON_ARRAY, NULL },
	[BERTH_SIGN_RV_PROVE]	  = { "iss", false, false, { "role", "aud" }, BERTH_JSON_STRING, NULL },
	[BERTH_SIGN_OWNER_PROOF]  = { "iss", false, false, { "role", "aud" }, BERTH_JSON_STRING, NULL },
	[BERTH_SIGN_DEVICE_PROOF] = { "iss", false, false, { "role", "aud" }, BERTH_JSON_STRING, NULL },
	[BERTH_SIGN_RV_BLOB]	  = { "iss", false, false, { NULL }, BERTH_JSON_NULL, NULL },
	[BERTH_SIGN_RECEIPT]	  = { "iss", false, false, { NULL }, BERTH_JSON_NULL, NULL },
	[BERTH_SIGN_FROM_PRIOR]	  = { "iss", false, false, { "sub" }, BERTH_JSON_STRING, "vc" },
	[BERTH_SIGN_SD_JWT]	  = { "iss", false, true, { "vct" }, BERTH_JSON_STRING, "@context" },
	[BERTH_SIGN_KB]		  = { "iss", false, true, { "nonce", "sd_hash" }, BERTH_JSON_STRING, NULL },
	[BERTH_SIGN_STATUS]	  = { "iss", false, true, { "status_list" }, BERTH_JSON_OBJECT, NULL },
	[BERTH_SIGN_VC_JWT]	  = { "iss", false, false, { "vc" }, BERTH_JSON_OBJECT, NULL },
	[BERTH_SIGN_IDEVID]	  = { "iss", false, false, { "certHash", "idevid" }, BERTH_JSON_STRING, NULL },
	[BERTH_SIGN_IDEVID_KEY]	  = { NULL, false, false, { "certHash", "did" }, BERTH_JSON_STRING, NULL },
	[BERTH_SIGN_AUDIT]	  = { "iss", false, false, { "head" }, BERTH_JSON_STRING, NULL },
};

/* the end of a relationship: from_prior without sub, and nothing else in it */
static const struct rule rule_ending = { "iss", false, false, { "iat" }, BERTH_JSON_NUMBER, NULL };
#define ENDING_MEMBERS 2

static const char vc_sd_jwt[] = "vc+sd-jwt";
/* a credential of the W3C model as SD-JWT */
static const struct rule rule_vc_sd_jwt = { "issuer", true, false, { "@context" }, BERTH_JSON_ARRAY, "vct" };

/* A DIDComm signature has its kid in the unprotected header, and the key of a
 * certificate has none. */
static bool has_kid(enum berth_purpose p)
{
	return p != BERTH_SIGN_DIDCOMM && p != BERTH_SIGN_IDEVID_KEY;
}

static enum berth_err check_signer(const struct rule *r, const struct berth_json *payload, const char *kid)
{
	const struct berth_json *who = berth_json_get(payload, r->who);
	const char *did = berth_json_str(who);

	if (!who && r->may_be_absent)
		return BERTH_OK;
	if (r->may_be_object && berth_json_is(who, BERTH_JSON_OBJECT))
		did = berth_json_str(berth_json_get(who, "id"));
	if (!did)
		return berth_fail(BERTH_E_TYPE, "to be signed: no %s", r->who);
	if (!berth_is_did(did) || !berth_did_same(did, kid))
		return berth_fail(BERTH_E_AUTHZ, "to be signed: %s is not the DID of the key", r->who);
	return BERTH_OK;
}

/* *typ: in, the purpose's; out, the payload's where a purpose has two. */
static enum berth_err check_payload(enum berth_purpose purpose, const char *kid, const void *p, size_t len,
				    const char **typ)
{
	const struct rule *r = &rules[purpose];
	struct berth_json *o = NULL;
	enum berth_err rc;

	if (!r->who && !r->also[0])
		return BERTH_OK;
	if (r->who && (!kid || !berth_is_kid(kid)))
		return berth_fail(BERTH_E_ENV, "kid is not an absolute DID URL with a fragment");
	if ((rc = berth_json_parse_object(&o, p, len, BERTH_JSON_MAX)))
		goto out;
	if (purpose == BERTH_SIGN_SD_JWT && berth_json_get(o, "@context")) {
		r = &rule_vc_sd_jwt;
		*typ = vc_sd_jwt;
	}
	if (purpose == BERTH_SIGN_FROM_PRIOR && !berth_json_get(o, "sub") && berth_json_len(o) == ENDING_MEMBERS)
		r = &rule_ending;
	if (r->who && (rc = check_signer(r, o, kid)))
		goto out;
	if (r->never && berth_json_get(o, r->never))
		rc = berth_fail(BERTH_E_TYPE, "to be signed: %s belongs to another purpose", r->never);
	for (size_t i = 0; i < 2 && r->also[i]; i++)
		if (!berth_json_is(berth_json_get(o, r->also[i]), r->kind))
			rc = berth_fail(BERTH_E_TYPE, "to be signed: no %s", r->also[i]);
out:
	berth_json_free(o);
	return rc;
}

static enum berth_err put_header(struct berth_buf *out, enum berth_purpose purpose, const char *alg, const char *kid,
				 const char *typ)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_printf(&text, "{\"alg\":\"%s\"", alg);
	if (kid && has_kid(purpose)) {
		berth_buf_str(&text, ",\"kid\":");
		berth_json_print_str(&text, kid);
	}
	if (typ) {
		berth_buf_str(&text, ",\"typ\":");
		berth_json_print_str(&text, typ);
	}
	berth_buf_u8(&text, '}');
	if ((rc = berth_buf_status(&text)) == BERTH_OK) {
		berth_b64url_encode(out, text.p, text.len);
		rc = berth_buf_status(out);
	}
	berth_buf_free(&text);
	return rc;
}

/* The protected header a purpose gets, base64url; alg from the key's type. */
static enum berth_err header_of(struct berth_buf *out, enum berth_purpose purpose, const char *kid,
				enum berth_key_type type, const void *payload, size_t len)
{
	const char *alg = berth_jws_alg(type), *typ = berth_purpose_typ(purpose);
	enum berth_err rc;

	if ((unsigned)purpose >= BERTH_SIGN__COUNT)
		return berth_fail(BERTH_E_INTERNAL, "purpose %d", (int)purpose);
	if (!alg)
		return berth_fail(BERTH_E_KEY, "key of a type that does not sign");
	if (purpose == BERTH_SIGN_DI || purpose == BERTH_SIGN_WEBVH)
		return berth_fail(BERTH_E_INTERNAL, "a Data Integrity proof has no header");
	/* they have no payload either: no bytes from outside */
	if (purpose == BERTH_SIGN_ETHR || purpose == BERTH_SIGN_TLS || purpose == BERTH_SIGN_CA)
		return berth_fail(BERTH_E_INTERNAL, "a transaction or X.509 is no JWS");
	rc = check_payload(purpose, kid, payload, len, &typ);
	return rc ? rc : put_header(out, purpose, alg, kid, typ);
}

enum berth_err berth_purpose_input(struct berth_buf *input, size_t *header_len, enum berth_purpose purpose,
				   const char *kid, enum berth_key_type type, const void *payload, size_t len)
{
	enum berth_err rc;

	*header_len = 0;
	if (purpose == BERTH_SIGN_DI)
		return berth_di_signing_input(input, kid, type, payload, len);
	if (purpose == BERTH_SIGN_WEBVH)
		return berth_di_log_input(input, kid, type, payload, len);
	if ((rc = header_of(input, purpose, kid, type, payload, len)))
		return rc;
	*header_len = input->len;
	berth_buf_u8(input, '.');
	berth_b64url_encode(input, payload, len);
	return berth_buf_status(input);
}

/* ---- any keyring ---- */

enum berth_err berth_keyring_sign_compact(struct berth_keyring *kr, const char *kid, enum berth_purpose purpose,
					  const void *payload, size_t len, struct berth_buf *compact)
{
	struct berth_buf header = BERTH_BUF_INIT, sig = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!(rc = kr->ops->sign(kr, kid, purpose, payload, len, &header, &sig)))
		rc = berth_jws_compact(compact, &header, payload, len, &sig);
	berth_buf_free(&header);
	berth_buf_free(&sig);
	return rc;
}

void berth_keyring_free(struct berth_keyring *kr)
{
	if (kr)
		kr->ops->free(kr);
}
