/* SPDX-License-Identifier: Apache-2.0 */
#include "did/webvh_proof.h"

#include <string.h>

#include "did/codec/jcs.h"
#include "did/codec/multibase.h"
#include "did/crypto/hash.h"
#include "did/crypto/sign.h"
#include "did/jose/multikey.h"
#include "did/proof.h"

#define DID_KEY "did:key:"

/* did:key:KEY#KEY, both the same: who is authorised is whose signature is checked. */
static const char *key_of(const char *method)
{
	const char *key = method + strlen(DID_KEY), *fragment;

	if (strncmp(method, DID_KEY, strlen(DID_KEY)) != 0 || !(fragment = strchr(key, '#')))
		return NULL;
	fragment++;
	if (strlen(fragment) != (size_t)(fragment - 1 - key) || strncmp(key, fragment, strlen(fragment)) != 0)
		return NULL;
	return fragment;
}

enum berth_err berth_webvh_proof_read(const char **multikey, const struct berth_json *proof, int64_t now_s)
{
	struct berth_di_proof p;
	enum berth_err rc = berth_di_proof_read(&p, proof);

	*multikey = NULL;
	if (rc || p.suite != BERTH_DI_EDDSA_JCS_2022)
		return berth_fail(BERTH_E_RESOLVE, "did:webvh: a proof that is none of eddsa-jcs-2022");
	if (strcmp(p.purpose, "assertionMethod") != 0)
		return berth_fail(BERTH_E_RESOLVE, "did:webvh: a proof for %.40s", p.purpose);
	if (p.previous || berth_json_get(proof, "@context"))
		return berth_fail(BERTH_E_RESOLVE, "did:webvh: a proof over more than its entry");
	if (p.expires_s <= now_s)
		return berth_fail(BERTH_E_RESOLVE, "did:webvh: a proof that has expired");
	if (!(*multikey = key_of(p.method)))
		return berth_fail(BERTH_E_RESOLVE, "did:webvh: a proof whose verificationMethod is no did:key");
	return BERTH_OK;
}

static enum berth_err read_key(struct berth_webvh_key *cache, const char *multikey)
{
	size_t n = strlen(multikey);
	enum berth_err rc;

	if (strcmp(cache->text, multikey) == 0)
		return BERTH_OK;
	cache->text[0] = '\0';
	rc = n < sizeof(cache->text) ? berth_multikey_parse(&cache->key, multikey, n) : BERTH_E_KEY;
	if (rc == BERTH_E_NOMEM)
		return rc;
	if (rc || cache->key.type != BERTH_KEY_ED25519)
		return berth_fail(BERTH_E_RESOLVE, "did:webvh: signed with a key that is not of Ed25519");
	memcpy(cache->text, multikey, n + 1);
	return BERTH_OK;
}

/* What eddsa-jcs-2022 signs: hash(proof without its value) || hash(document) */
static enum berth_err hash_data(uint8_t out[2 * BERTH_SHA256_LEN], const struct berth_json *proof, const void *text,
				size_t n)
{
	const struct berth_jcs_edit no_value = { "proofValue", NULL };
	struct berth_buf options = BERTH_BUF_INIT;
	enum berth_err rc = berth_jcs_edited(&options, proof, &no_value, 1);

	if (!rc) {
		berth_sha256(out, options.p, options.len);
		berth_sha256(out + BERTH_SHA256_LEN, text, n);
	}
	berth_buf_free(&options);
	return rc;
}

enum berth_err berth_webvh_proof_verify(const struct berth_json *proof, const void *text, size_t n,
					struct berth_webvh_key *cache)
{
	const char *value = berth_json_str(berth_json_get(proof, "proofValue"));
	const char *multikey = key_of(berth_json_str(berth_json_get(proof, "verificationMethod")));
	struct berth_buf sig = BERTH_BUF_INIT;
	uint8_t hashes[2 * BERTH_SHA256_LEN];
	enum berth_err rc;

	if ((rc = read_key(cache, multikey)) || (rc = hash_data(hashes, proof, text, n)))
		return rc;
	rc = value[0] == 'z' ? berth_multibase_decode(&sig, value, strlen(value)) : BERTH_E_B64;
	if (!rc)
		rc = berth_verify(&cache->key, hashes, sizeof(hashes), sig.p, sig.len);
	berth_buf_free(&sig);
	return !rc || rc == BERTH_E_NOMEM ? rc : berth_fail(BERTH_E_RESOLVE, "did:webvh: a signature does not verify");
}
