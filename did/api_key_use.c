/* SPDX-License-Identifier: Apache-2.0 */
/* The installed interface to keys, berth/key.h: what they sign, unwrap, ask for and show. */
#include "berth/key.h"

#include <stdlib.h>
#include <string.h>

#include "did/api_give.h"
#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/base/secret.h"
#include "did/codec/base64url.h"
#include "did/crypto/keywrap.h"
#include "did/crypto/x509_req.h"
#include "did/jose/jwk.h"
#include "did/jose/jws.h"
#include "did/jose/keyring.h"
#include "did/key_json.h"
#include "did/keychain.h"
#include "did/keystore/csr.h"
#include "did/resolver.h"
#include "did/verify.h"

#define PAYLOAD_MAX ((size_t)8 << 20)
#define JWS_MAX (2 * PAYLOAD_MAX)	/* base64url of it, a header and a signature */
#define RESERVED "berth-"	/* typ of what an agent signs */
#define PARTY_INFO_MAX 8192	/* apu, apv: DID URLs are long */

static enum berth_err jws_header(struct berth_json *header, enum berth_key_type type, const char *kid, const char *typ)
{
	const char *alg = berth_jws_alg(type);
	enum berth_err rc;

	if (!alg)
		return berth_fail(BERTH_E_KEY, "the key cannot sign");
	if (typ && !strncmp(typ, RESERVED, strlen(RESERVED)))
		return berth_fail(BERTH_E_AUTHZ, "typ %.40s is an agent's", typ);
	if ((kid && strlen(kid) > BERTH_KID_MAX) || (typ && strlen(typ) > BERTH_KID_MAX))
		return berth_fail(BERTH_E_SIZE, "kid or typ: more than %d bytes", BERTH_KID_MAX);
	if ((rc = berth_json_set_str(header, "alg", alg)) || (kid && (rc = berth_json_set_str(header, "kid", kid))))
		return rc;
	return typ ? berth_json_set_str(header, "typ", typ) : BERTH_OK;
}

enum berth_err berth_keychain_sign_jws(struct berth_keychain *k, const char *name, const char *kid, const char *typ,
				       const void *payload, size_t len, char **compact)
{
	struct berth_json *header = berth_json_new_object();
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_key_info info;
	uint8_t sig[BERTH_SIG_MAX];
	size_t n;
	enum berth_err rc;

	*compact = NULL;
	if (len > PAYLOAD_MAX) {
		rc = berth_fail(BERTH_E_SIZE, "payload: %zu bytes, at most %zu", len, PAYLOAD_MAX);
		goto out;
	}
	if ((rc = berth_keychain_find(k, name, &info)) || (rc = jws_header(header, info.pub.type, kid, typ)) ||
	    (rc = berth_jws_signing_input(&b, header, payload, len)) ||
	    (rc = berth_keystore_sign(berth_keychain_store(k), info.name, b.p, b.len, sig, &n)))
		goto out;
	berth_buf_u8(&b, '.');
	berth_b64url_encode(&b, sig, n);
	rc = berth_api_give_text(compact, &b);
out:
	berth_json_free(header);
	berth_buf_free(&b);
	return rc;
}

/* Its JSON value as "payload", or any other bytes as "payloadB64". */
static enum berth_err set_payload(struct berth_json *o, const struct berth_buf *payload)
{
	struct berth_json *v;
	enum berth_err rc = berth_json_parse(&v, berth_buf_cstr(payload), payload->len, PAYLOAD_MAX);

	if (!rc)
		return berth_json_set(o, "payload", v);
	if (rc == BERTH_E_NOMEM)
		return rc;
	return berth_json_set_b64url(o, "payloadB64", payload->p, payload->len);
}

static enum berth_err give_verified(char **result, const struct berth_jws *j)
{
	struct berth_json *o = berth_json_new_object();
	struct berth_buf did = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_put(&did, j->kid, strcspn(j->kid, "#?/"));
	if (!(rc = berth_buf_status(&did)) && !(rc = berth_json_set_str(o, "did", berth_buf_cstr(&did))) &&
	    !(rc = berth_json_set(o, "header", berth_json_clone(j->header))) && !(rc = set_payload(o, &j->payload))) {
		rc = berth_api_give_json(result, o);
		o = NULL;
	}
	berth_json_free(o);
	berth_buf_free(&did);
	return rc;
}

static enum berth_err verify_with(const struct berth_jws *j, const char *docs_dir)
{
	struct berth_resolver_dir docs;
	struct berth_resolver builtin;
	enum berth_err rc;

	if (!docs_dir) {
		berth_resolver_builtin_init(&builtin, NULL);
		return berth_jws_verify_by_did(j, &builtin);
	}
	if ((rc = berth_resolver_dir_open(&docs, docs_dir, NULL)))
		return rc;
	berth_resolver_builtin_init(&builtin, &docs.base);
	rc = berth_jws_verify_by_did(j, &builtin);
	berth_resolver_dir_close(&docs);
	return rc;
}

enum berth_err berth_did_verify_jws(char **result, const char *compact, const char *docs_dir)
{
	struct berth_jws j;
	enum berth_err rc;

	*result = NULL;
	berth_crypto_init();
	if ((rc = berth_jws_parse(&j, compact, strlen(compact), JWS_MAX)))
		return rc;
	if (!(rc = verify_with(&j, docs_dir)))
		rc = give_verified(result, &j);
	berth_jws_free(&j);
	return rc;
}

/* A recipient in the form that the derivation wants. */
struct recipient {
	struct berth_pubkey epk, sender;
	struct berth_buf apu, apv, tag, encrypted_key;
};

static enum berth_err read_bytes(struct berth_buf *out, const char *text, size_t max)
{
	if (!text)
		return BERTH_OK;
	if (strlen(text) > max * 4 / 3 + 2)
		return berth_fail(BERTH_E_SIZE, "JWE: a member of more than %zu bytes", max);
	return berth_b64url_decode(out, text, strlen(text));
}

static enum berth_err read_recipient(struct recipient *r, const struct berth_keychain_jwe *jwe)
{
	bool sender = jwe->sender || jwe->tag;
	enum berth_err rc;

	if (!jwe->alg || !jwe->epk || !jwe->encrypted_key)
		return berth_fail(BERTH_E_TYPE, "JWE: alg, epk and encrypted_key are needed");
	if (sender != !strcmp(jwe->alg, "ECDH-1PU+A256KW") || !jwe->sender != !jwe->tag)
		return berth_fail(BERTH_E_TYPE, "JWE: sender and tag go with ECDH-1PU");
	if ((rc = berth_jwk_parse_text(&r->epk, jwe->epk)) || (sender && (rc = berth_jwk_parse_text(&r->sender, jwe->sender))) ||
	    (rc = read_bytes(&r->apu, jwe->apu, PARTY_INFO_MAX)) ||
	    (rc = read_bytes(&r->apv, jwe->apv, PARTY_INFO_MAX)) || (rc = read_bytes(&r->tag, jwe->tag, BERTH_TAG_MAX)))
		return rc;
	return read_bytes(&r->encrypted_key, jwe->encrypted_key, BERTH_WRAPPED_MAX);
}

static void free_recipient(struct recipient *r)
{
	berth_buf_free(&r->apu);
	berth_buf_free(&r->apv);
	berth_buf_free(&r->tag);
	berth_buf_free(&r->encrypted_key);
}

struct stored {
	struct berth_keystore *ks;
	struct berth_key_info info;
};

static enum berth_err stored_ecdh(void *key, const struct berth_pubkey *theirs, bool lasting, uint8_t *z, size_t *z_len)
{
	const struct stored *s = key;

	return (lasting ? berth_keystore_ecdh_lasting : berth_keystore_ecdh)(s->ks, s->info.name, theirs, z, z_len);
}

enum berth_err berth_keychain_unwrap(struct berth_keychain *k, const char *name, const struct berth_keychain_jwe *jwe,
				     uint8_t cek[BERTH_KEYCHAIN_CEK_MAX], size_t *cek_len)
{
	struct recipient r = { .epk = { .type = BERTH_KEY_NONE } };
	struct stored key = { .ks = berth_keychain_store(k) };
	struct berth_keychain_jwe j;
	enum berth_err rc;

	*cek_len = 0;
	berth_api_take_options(&j, sizeof(j), jwe, jwe->size);
	if (!(rc = berth_keychain_find(k, name, &key.info)) && !(rc = read_recipient(&r, &j))) {
		const struct berth_kek_params p = {
			.alg = j.alg, .epk = &r.epk, .peer = j.sender ? &r.sender : NULL,
			.apu = r.apu.p, .apu_len = r.apu.len, .apv = r.apv.p, .apv_len = r.apv.len,
			.cc_tag = r.tag.p, .cc_tag_len = r.tag.len,
		};

		rc = berth_kek_unwrap(stored_ecdh, &key, &p, r.encrypted_key.p, r.encrypted_key.len, cek, cek_len);
	}
	free_recipient(&r);
	return rc;
}

enum berth_err berth_keychain_csr(struct berth_keychain *k, const char *name, const char *subject,
				  const char *const *sans, size_t n_sans, char **pem)
{
	struct berth_buf der = BERTH_BUF_INIT, text = BERTH_BUF_INIT;
	struct berth_key_info info;
	enum berth_err rc;

	*pem = NULL;
	if (!(rc = berth_keychain_find(k, name, &info)) &&
	    !(rc = berth_keystore_csr(berth_keychain_store(k), info.name, subject, sans, n_sans, &der)) &&
	    !(rc = berth_pem_write(&text, "CERTIFICATE REQUEST", der.p, der.len)))
		rc = berth_api_give_text(pem, &text);
	berth_buf_free(&der);
	berth_buf_free(&text);
	return rc;
}

enum berth_err berth_keychain_attest(struct berth_keychain *k, const char *name, const uint8_t nonce[32], char **json)
{
	struct berth_key_info info;
	struct berth_json *o;
	enum berth_err rc;

	*json = NULL;
	if ((rc = berth_keychain_find(k, name, &info)) || (rc = berth_key_attest(&o, berth_keychain_store(k), &info, nonce)))
		return rc;
	return berth_api_give_json(json, o);
}
