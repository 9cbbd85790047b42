/* SPDX-License-Identifier: Apache-2.0 */
/* What keyd signs, for whom, and that it verifies. */
#include "sealed.h"

#include "did/codec/base64url.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/jose/di_hash.h"
#include "did/jose/di_log.h"
#include "did/webvh_make.h"
#include "did/jose/jws.h"
#include "vc/jsonld/di_rdf.h"

#define LOG_KEY "z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG"
#define LOG_KID "did:key:" LOG_KEY "#" LOG_KEY

static const char *payload_of(enum berth_purpose p)
{
	switch (p) {
	case BERTH_SIGN_DIDCOMM: return "{\"id\":\"1\",\"type\":\"t\",\"from\":\"" DID "\",\"body\":{}}";
	case BERTH_SIGN_VC: return "{\"@context\":[\"https://www.w3.org/ns/credentials/v2\"],"
				   "\"type\":[\"VerifiableCredential\"],\"issuer\":\"" DID "\"}";
	case BERTH_SIGN_VP: return "{\"@context\":[\"https://www.w3.org/ns/credentials/v2\"],"
				   "\"type\":[\"VerifiablePresentation\"],\"holder\":\"" DID "\"}";
	case BERTH_SIGN_DI: return "{\"document\":{\"issuer\":\"" DID "\"},\"proof\":{\"cryptosuite\":\"eddsa-jcs-2022\","
				   "\"verificationMethod\":\"" KID "\",\"proofPurpose\":\"assertionMethod\"}}";
	case BERTH_SIGN_SD_JWT: return "{\"iss\":\"" DID "\",\"vct\":\"t\"}";
	case BERTH_SIGN_KB: return "{\"nonce\":\"n\",\"sd_hash\":\"h\"}";
	case BERTH_SIGN_STATUS: return "{\"iss\":\"" DID "\",\"status_list\":{}}";
	case BERTH_SIGN_VC_JWT: return "{\"iss\":\"" DID "\",\"vc\":{}}";
	case BERTH_SIGN_FROM_PRIOR: return "{\"iss\":\"" DID "\",\"sub\":\"did:example:new\"}";
	case BERTH_SIGN_IDEVID: return "{\"iss\":\"" DID "\",\"certHash\":\"h\",\"idevid\":\"j\"}";
	case BERTH_SIGN_IDEVID_KEY: return "{\"did\":\"" DID "\",\"certHash\":\"h\"}";
	case BERTH_SIGN_AUDIT: return "{\"iss\":\"" DID "\",\"head\":\"h\",\"seq\":1}";
	case BERTH_SIGN_WEBVH: return "{\"document\":{\"versionId\":\"1-Qm\"},\"proof\":{\"type\":\"DataIntegrityProof\","
				      "\"cryptosuite\":\"eddsa-jcs-2022\",\"verificationMethod\":\"" LOG_KID "\","
				      "\"proofPurpose\":\"assertionMethod\"}}";
	default: return "{\"iss\":\"" DID "\"}";
	}
}

static bool is_proof(enum berth_purpose p)
{
	return p == BERTH_SIGN_RV_PROVE || p == BERTH_SIGN_OWNER_PROOF || p == BERTH_SIGN_DEVICE_PROOF;
}

static enum berth_err sign(const char *kid, enum berth_purpose p, struct berth_buf *header, struct berth_buf *sig)
{
	berth_buf_reset(header);
	berth_buf_reset(sig);
	return ring->ops->sign(ring, kid, p, payload_of(p), strlen(payload_of(p)), header, sig);
}

static enum berth_err prove(const char *kid, enum berth_purpose p, struct berth_buf *compact)
{
	const struct berth_proof proof = {
		.purpose = p, .iss = DID, .aud = "did:example:other", .thid = "thread", .epoch = 3,
		.device_hash = { 1 }, .tip = { 2 }, .nonce_d = { 3 }, .nonce_o = { 4 }, .th = { 5 }
	};

	berth_buf_reset(compact);
	return ring->ops->sign_proof(ring, kid, &proof, compact);
}

static void check_signature(const struct berth_pubkey *pub, enum berth_purpose p,
			    const struct berth_buf *header, const struct berth_buf *sig)
{
	struct berth_buf input = BERTH_BUF_INIT;

	if (p == BERTH_SIGN_WEBVH) {
		CHECK_OK(berth_di_log_input(&input, LOG_KID, pub->type, payload_of(p), strlen(payload_of(p))));
	} else if (p == BERTH_SIGN_DI) {
		CHECK_OK(berth_di_signing_input(&input, KID, pub->type, payload_of(p), strlen(payload_of(p))));
	} else {
		berth_buf_put(&input, header->p, header->len);
		berth_buf_u8(&input, '.');
		berth_b64url_encode(&input, payload_of(p), strlen(payload_of(p)));
	}
	CHECK_OK(berth_verify(pub, input.p, input.len, sig->p, sig->len));
	berth_buf_free(&input);
}

/* Whoever holds the key makes the statements too. */
static void a_proof_over_rdf(void **state)
{
	static const char payload[] = "{\"document\":{\"@context\":[\"https://www.w3.org/ns/credentials/v2\"],"
		"\"type\":[\"VerifiableCredential\"],\"issuer\":\"" DID "\",\"credentialSubject\":{\"id\":\"did:example:s\"}},"
		"\"proof\":{\"type\":\"DataIntegrityProof\",\"cryptosuite\":\"eddsa-rdfc-2022\",\"verificationMethod\":\"" KID "\","
		"\"proofPurpose\":\"assertionMethod\"}}";
	struct berth_buf h = BERTH_BUF_INIT, s = BERTH_BUF_INIT, input = BERTH_BUF_INIT;
	struct berth_key_info k = ensure("rdf", BERTH_KEY_ED25519, BERTH_USAGE_SIGN, BERTH_PURPOSE_BIT(BERTH_SIGN_DI));
	char *unknown = strdup(payload);

	(void)state;
	berth_jsonld_for_proofs();	/* for our own hash of it below */
	CHECK_OK(keys->ops->bind(keys, KID, "rdf"));
	CHECK_OK(ring->ops->sign(ring, KID, BERTH_SIGN_DI, payload, strlen(payload), &h, &s));
	CHECK_OK(berth_di_signing_input(&input, KID, k.pub.type, payload, strlen(payload)));
	CHECK_OK(berth_verify(&k.pub, input.p, input.len, s.p, s.len));
	memcpy(strstr(unknown, "credentialSubject"), "credentialSubjecx", 17);
	CHECK_RC(BERTH_E_VC, ring->ops->sign(ring, KID, BERTH_SIGN_DI, unknown, strlen(unknown), &h, &s));
	free(unknown);
	berth_buf_free(&h);
	berth_buf_free(&s);
	berth_buf_free(&input);
}

/* A did:webvh of the daemon's own: its update key is here, and a key of another purpose
 * signs no entry. */
static void a_log_entry_is_signed(void **state)
{
	struct berth_key_info k = ensure("update", BERTH_KEY_ED25519, BERTH_USAGE_SIGN, PURPOSE(WEBVH));
	struct berth_key_info other = ensure("other", BERTH_KEY_ED25519, BERTH_USAGE_SIGN, PURPOSE(DI));
	struct berth_buf kid = BERTH_BUF_INIT, other_kid = BERTH_BUF_INIT, log = BERTH_BUF_INIT, text = BERTH_BUF_INIT;
	struct berth_json *params, *document;
	struct berth_webvh_head head = { .number = 0 };
	struct berth_webvh_entry_spec spec = { .keyring = ring, .now_s = 1780000000 };

	(void)state;
	CHECK_OK(berth_webvh_kid(&kid, &k.pub));
	CHECK_OK(berth_webvh_kid(&other_kid, &other.pub));
	CHECK_OK(keys->ops->bind(keys, berth_buf_cstr(&kid), "update"));
	CHECK_OK(keys->ops->bind(keys, berth_buf_cstr(&other_kid), "other"));
	berth_buf_printf(&text, "{\"updateKeys\":[\"%s\",\"%s\"]}", strchr(berth_buf_cstr(&kid), '#') + 1,
			 strchr(berth_buf_cstr(&other_kid), '#') + 1);
	CHECK_OK(berth_json_parse_exact(&params, berth_buf_cstr(&text), text.len, BERTH_JSON_MAX));
	CHECK_OK(berth_json_parse_exact(&document, "{\"id\":\"did:webvh:{SCID}:example.com\"}", 37, BERTH_JSON_MAX));
	spec.parameters = params;
	spec.document = document;
	spec.kid = berth_buf_cstr(&other_kid);
	CHECK_RC(BERTH_E_AUTHZ, berth_webvh_entry_make(&log, &head, &spec));
	spec.kid = berth_buf_cstr(&kid);
	CHECK_OK(berth_webvh_entry_make(&log, &head, &spec));
	CHECK(head.number == 1 && log.len > 0);
	berth_webvh_head_free(&head);
	berth_json_free(params);
	berth_json_free(document);
	berth_buf_free(&kid);
	berth_buf_free(&other_kid);
	berth_buf_free(&log);
	berth_buf_free(&text);
}

/* Every purpose against a key that has exactly one: 9 x 10 decisions. */
static void a_key_signs_for_its_purposes_only(void **state)
{
	struct berth_buf h = BERTH_BUF_INIT, s = BERTH_BUF_INIT;

	(void)state;
	for (enum berth_purpose has = BERTH_SIGN_DIDCOMM; has < BERTH_SIGN__COUNT; has++) {
		char name[32];
		struct berth_key_info k;

		if (has == BERTH_SIGN_JWS)
			continue;	/* no key of keyd's has that */
		snprintf(name, sizeof(name), "k%d", (int)has);
		k = ensure(name, BERTH_KEY_ED25519, BERTH_USAGE_SIGN, BERTH_PURPOSE_BIT(has));
		CHECK_OK(keys->ops->bind(keys, KID, name));
		CHECK_OK(keys->ops->bind(keys, LOG_KID, name));
		for (enum berth_purpose p = BERTH_SIGN_DIDCOMM; p < BERTH_SIGN__COUNT; p++) {
			bool good = p == has && !is_proof(p) && p != BERTH_SIGN_ETHR &&	/* test_keyd_ethr.c */
				    p != BERTH_SIGN_TLS && p != BERTH_SIGN_CA;	/* test_keyd_x509.c */

			CHECK_RC(good ? BERTH_OK : BERTH_E_AUTHZ, sign(p == BERTH_SIGN_WEBVH ? LOG_KID : KID, p, &h, &s));
			if (good)
				check_signature(&k.pub, p, &h, &s);
			else
				CHECK(h.len == 0 && s.len == 0);
			if (is_proof(p))
				CHECK_RC(p == has ? BERTH_OK : BERTH_E_AUTHZ, prove(KID, p, &h));
		}
	}
	berth_buf_free(&h);
	berth_buf_free(&s);
}

static void proofs_are_whole_and_verify(void **state)
{
	struct berth_key_info k = ensure("k", BERTH_KEY_P256, BERTH_USAGE_SIGN, PURPOSE(DEVICE_PROOF));
	struct berth_proof want = {
		.purpose = BERTH_SIGN_DEVICE_PROOF, .iss = DID, .aud = "did:example:other", .thid = "thread",
		.epoch = 3, .device_hash = { 1 }, .tip = { 2 }, .nonce_d = { 3 }, .nonce_o = { 4 }, .th = { 5 }
	};
	struct berth_buf compact = BERTH_BUF_INIT;
	struct berth_jws j;

	(void)state;
	CHECK_OK(keys->ops->bind(keys, KID, "k"));
	CHECK_OK(prove(KID, BERTH_SIGN_DEVICE_PROOF, &compact));
	CHECK_OK(berth_jws_parse(&j, berth_buf_cstr(&compact), compact.len, BERTH_PROOF_MAX));
	CHECK_OK(berth_jws_verify(&j, &k.pub));
	assert_string_equal(j.typ, "berth-device-proof+jwt");
	assert_string_equal(j.kid, KID);
	CHECK_OK(berth_proof_check(&want, j.typ, j.payload.p, j.payload.len));
	want.nonce_o[0]++;
	CHECK_RC(BERTH_E_AUTHZ, berth_proof_check(&want, j.typ, j.payload.p, j.payload.len));
	berth_jws_free(&j);
	berth_buf_free(&compact);
}

static void c033_payloads_must_be_of_the_keys_did(void **state)
{
	static const char other[] = "{\"iss\":\"did:example:other\"}";
	struct berth_buf h = BERTH_BUF_INIT, s = BERTH_BUF_INIT;

	(void)state;
	ensure("k", BERTH_KEY_ED25519, BERTH_USAGE_SIGN, PURPOSE(RECEIPT));
	CHECK_OK(keys->ops->bind(keys, KID, "k"));
	CHECK_RC(BERTH_E_AUTHZ, ring->ops->sign(ring, KID, BERTH_SIGN_RECEIPT, other, strlen(other), &h, &s));
	CHECK_OK(sign(KID, BERTH_SIGN_RECEIPT, &h, &s));
	berth_buf_free(&h);
	berth_buf_free(&s);
}

static void kids_are_bound_and_unbound(void **state)
{
	struct berth_key_info k = ensure("k", BERTH_KEY_P521, BERTH_USAGE_SIGN, PURPOSE(VC));
	struct berth_buf h = BERTH_BUF_INIT, s = BERTH_BUF_INIT;
	struct berth_pubkey pub;
	char kid[64];

	(void)state;
	for (int i = 0; i < 40; i++) {
		snprintf(kid, sizeof(kid), DID "#k%d", i * 7 % 40);
		CHECK_OK(keys->ops->bind(keys, kid, "k"));
		CHECK_OK(keys->ops->bind(keys, kid, "k"));
	}
	for (int i = 0; i < 40; i += 2) {
		snprintf(kid, sizeof(kid), DID "#k%d", i);
		keys->ops->unbind(keys, kid);
		keys->ops->unbind(keys, kid);
	}
	for (int i = 0; i < 40; i++) {
		snprintf(kid, sizeof(kid), DID "#k%d", i);
		CHECK_RC(i % 2 ? BERTH_OK : BERTH_E_KEYSTORE, ring->ops->find(ring, kid, &pub));
		CHECK(i % 2 == 0 || berth_pubkey_equal(&pub, &k.pub));
		CHECK_RC(i % 2 ? BERTH_OK : BERTH_E_KEYSTORE, sign(kid, BERTH_SIGN_VC, &h, &s));
	}
	berth_buf_free(&h);
	berth_buf_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_KEYD(a_proof_over_rdf),
		WITH_KEYD(a_log_entry_is_signed),
		WITH_KEYD(a_key_signs_for_its_purposes_only),
		WITH_KEYD(proofs_are_whole_and_verify),
		WITH_KEYD(c033_payloads_must_be_of_the_keys_did),
		WITH_KEYD(kids_are_bound_and_unbound),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
