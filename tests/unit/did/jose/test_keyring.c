/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/base/rand.h"
#include "did/base/secret.h"
#include "did/codec/base64url.h"
#include "did/crypto/agree.h"
#include "did/crypto/keypair.h"
#include "did/crypto/keywrap.h"
#include "did/jose/jwk.h"
#include "did/jose/jws.h"
#include "did/jose/keyring.h"

#define ALICE "did:example:alice"
#define KID ALICE "#key-1"
#define AGREE ALICE "#key-x"

static struct berth_privkey ed, p256, x_alice, x_bob, x_eph;

static struct berth_keyring *ring(void)
{
	struct berth_keyring *kr;

	CHECK_OK(berth_keyring_local_new(&kr));
	CHECK_OK(berth_keyring_local_add(kr, KID, &p256));
	CHECK_OK(berth_keyring_local_add(kr, AGREE, &x_alice));
	return kr;
}

static void finds_by_kid_and_only_that(void **state)
{
	struct berth_keyring *kr = ring();
	struct berth_pubkey pub;

	(void)state;
	CHECK_OK(kr->ops->find(kr, KID, &pub));
	CHECK(berth_pubkey_equal(&pub, &p256.pub));
	CHECK_OK(kr->ops->find(kr, KID, NULL));
	CHECK_RC(BERTH_E_KEYSTORE, kr->ops->find(kr, ALICE "#key-2", &pub));
	CHECK_RC(BERTH_E_KEY, berth_keyring_local_add(kr, KID, &ed));
	berth_keyring_free(kr);
	berth_keyring_free(NULL);
}

static void either_form_of_a_peer_did_finds_the_key(void **state)
{
	struct berth_keyring *kr;

	(void)state;
	CHECK_OK(berth_keyring_local_new(&kr));
	CHECK_OK(berth_keyring_local_add(kr, "did:peer:4zQm1:zDoc#key-1", &p256));
	CHECK_OK(kr->ops->find(kr, "did:peer:4zQm1#key-1", NULL));
	CHECK_OK(kr->ops->find(kr, "did:peer:4zQm1:zDoc#key-1", NULL));
	CHECK_RC(BERTH_E_KEYSTORE, kr->ops->find(kr, "did:peer:4zQm2#key-1", NULL));
	CHECK_RC(BERTH_E_KEY, berth_keyring_local_add(kr, "did:peer:4zQm1#key-1", &p256));
	berth_keyring_free(kr);
}

static enum berth_err sign(enum berth_purpose purpose, const char *payload, struct berth_buf *out)
{
	struct berth_keyring *kr = ring();
	enum berth_err rc = berth_keyring_sign_compact(kr, KID, purpose, payload, strlen(payload), out);

	berth_keyring_free(kr);
	return rc;
}

#define VC "{\"@context\":[\"https://www.w3.org/ns/credentials/v2\"],\"type\":[\"VerifiableCredential\"],"
#define VP "{\"@context\":[\"https://www.w3.org/ns/credentials/v2\"],\"type\":\"VerifiablePresentation\","

static void each_purpose_signs_what_fits_it_under_its_typ(void **state)
{
	static const struct { enum berth_purpose purpose; const char *payload, *header; } cases[] = {
		{ BERTH_SIGN_VC, VC "\"issuer\":\"" ALICE "\"}",
		  "{\"alg\":\"ES256\",\"kid\":\"" KID "\",\"typ\":\"vc+jwt\"}" },
		{ BERTH_SIGN_VC, VC "\"issuer\":{\"id\":\"" ALICE "\"}}",
		  "{\"alg\":\"ES256\",\"kid\":\"" KID "\",\"typ\":\"vc+jwt\"}" },
		{ BERTH_SIGN_VP, VP "\"holder\":\"" ALICE "\"}",
		  "{\"alg\":\"ES256\",\"kid\":\"" KID "\",\"typ\":\"vp+jwt\"}" },
		{ BERTH_SIGN_DIDCOMM, "{\"id\":\"1\",\"type\":\"t\",\"from\":\"" ALICE "\"}",
		  "{\"alg\":\"ES256\",\"typ\":\"application/didcomm-signed+json\"}" },
		{ BERTH_SIGN_DIDCOMM, "{\"id\":\"1\",\"type\":\"t\"}",
		  "{\"alg\":\"ES256\",\"typ\":\"application/didcomm-signed+json\"}" },
		{ BERTH_SIGN_RV_BLOB, "{\"iss\":\"" ALICE "\"}",
		  "{\"alg\":\"ES256\",\"kid\":\"" KID "\",\"typ\":\"berth-rv+jwt\"}" },
		{ BERTH_SIGN_RECEIPT, "{\"iss\":\"" ALICE "\"}",
		  "{\"alg\":\"ES256\",\"kid\":\"" KID "\",\"typ\":\"berth-receipt+jwt\"}" },
		{ BERTH_SIGN_FROM_PRIOR, "{\"iss\":\"" ALICE "\",\"iat\":1}",
		  "{\"alg\":\"ES256\",\"kid\":\"" KID "\",\"typ\":\"JWT\"}" },
		{ BERTH_SIGN_FROM_PRIOR, "{\"iss\":\"" ALICE "\",\"sub\":\"did:example:new\"}",
		  "{\"alg\":\"ES256\",\"kid\":\"" KID "\",\"typ\":\"JWT\"}" },
		{ BERTH_SIGN_SD_JWT, "{\"iss\":\"" ALICE "\",\"vct\":\"t\"}",
		  "{\"alg\":\"ES256\",\"kid\":\"" KID "\",\"typ\":\"dc+sd-jwt\"}" },
		{ BERTH_SIGN_SD_JWT, VC "\"issuer\":\"" ALICE "\"}",
		  "{\"alg\":\"ES256\",\"kid\":\"" KID "\",\"typ\":\"vc+sd-jwt\"}" },
		{ BERTH_SIGN_KB, "{\"nonce\":\"n\",\"sd_hash\":\"h\"}",
		  "{\"alg\":\"ES256\",\"kid\":\"" KID "\",\"typ\":\"kb+jwt\"}" },
		{ BERTH_SIGN_STATUS, "{\"status_list\":{}}",
		  "{\"alg\":\"ES256\",\"kid\":\"" KID "\",\"typ\":\"statuslist+jwt\"}" },
		{ BERTH_SIGN_VC_JWT, "{\"iss\":\"" ALICE "\",\"vc\":{}}",
		  "{\"alg\":\"ES256\",\"kid\":\"" KID "\",\"typ\":\"JWT\"}" },
		{ BERTH_SIGN_IDEVID, "{\"iss\":\"" ALICE "\",\"certHash\":\"h\",\"idevid\":\"j\"}",
		  "{\"alg\":\"ES256\",\"kid\":\"" KID "\",\"typ\":\"berth-idevid+jwt\"}" },
		{ BERTH_SIGN_IDEVID_KEY, "{\"did\":\"did:example:bob\",\"certHash\":\"h\"}",
		  "{\"alg\":\"ES256\",\"typ\":\"berth-idevid-key+jwt\"}" },
		{ BERTH_SIGN_JWS, "any bytes", "{\"alg\":\"ES256\",\"kid\":\"" KID "\"}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct berth_buf b = BERTH_BUF_INIT, header = BERTH_BUF_INIT;
		struct berth_jws j;

		CHECK_OK(sign(cases[i].purpose, cases[i].payload, &b));
		CHECK_OK(berth_jws_parse(&j, berth_buf_cstr(&b), b.len, b.len));
		CHECK_OK(berth_jws_verify(&j, &p256.pub));
		assert_string_equal(berth_buf_cstr(&j.payload), cases[i].payload);
		CHECK_OK(berth_b64url_decode(&header, (char *)b.p, strcspn((char *)b.p, ".")));
		assert_string_equal(berth_buf_cstr(&header), cases[i].header);
		berth_jws_free(&j);
		berth_buf_free(&b);
		berth_buf_free(&header);
	}
}

static void c033_nothing_else_is_signed(void **state)
{
	static const struct { enum berth_err want; enum berth_purpose purpose; const char *payload; } cases[] = {
		{ BERTH_E_AUTHZ, BERTH_SIGN_VC, VC "\"issuer\":\"did:example:bob\"}" },
		{ BERTH_E_AUTHZ, BERTH_SIGN_VC, VC "\"issuer\":{\"id\":\"did:example:bob\"}}" },
		{ BERTH_E_AUTHZ, BERTH_SIGN_VC, VC "\"issuer\":\"" KID "\"}" },
		{ BERTH_E_TYPE, BERTH_SIGN_VC, VC "\"issuer\":{}}" },
		{ BERTH_E_TYPE, BERTH_SIGN_VC, "{\"issuer\":\"" ALICE "\"}" },
		{ BERTH_E_TYPE, BERTH_SIGN_VC, "{\"id\":\"1\",\"type\":\"t\",\"from\":\"" ALICE "\"}" },
		{ BERTH_E_TYPE, BERTH_SIGN_VP, VC "\"issuer\":\"" ALICE "\"}" },
		{ BERTH_E_AUTHZ, BERTH_SIGN_VP, VP "\"holder\":\"did:example:bob\"}" },
		{ BERTH_E_AUTHZ, BERTH_SIGN_DIDCOMM, "{\"id\":\"1\",\"type\":\"t\",\"from\":\"did:example:bob\"}" },
		{ BERTH_E_AUTHZ, BERTH_SIGN_DIDCOMM, "{\"id\":\"1\",\"type\":\"t\",\"fr\\u006fm\":\"did:example:bob\"}" },
		{ BERTH_E_JSON, BERTH_SIGN_DIDCOMM, "{\"id\":\"1\",\"type\":\"t\",\"from\":\"" ALICE "\",\"from\":\"" ALICE "\"}" },
		{ BERTH_E_JSON, BERTH_SIGN_DIDCOMM, "{\"id\":\"1\",\"type\":\"t\",\"from\":\"" ALICE "\",\"fr\\u006fm\":\"did:example:bob\"}" },
		{ BERTH_E_JSON, BERTH_SIGN_DIDCOMM, "{\"id\":\"1\",\"type\":\"t\",\"body\":{\"x\":1,\"x\":2}}" },
		{ BERTH_E_JSON, BERTH_SIGN_DIDCOMM, "{\"id\":\"1\",\"type\":\"t\",\"x\":01}" },
		{ BERTH_E_TYPE, BERTH_SIGN_DIDCOMM, "{\"id\":\"1\",\"body\":{\"type\":\"t\"}}" },
		{ BERTH_E_TYPE, BERTH_SIGN_DIDCOMM, "{\"id\":\"1\",\"type\":\"t\",\"from\":null}" },
		{ BERTH_E_TYPE, BERTH_SIGN_DIDCOMM, VC "\"issuer\":\"" ALICE "\"}" },
		{ BERTH_E_TYPE, BERTH_SIGN_RV_BLOB, "[]" },
		{ BERTH_E_JSON, BERTH_SIGN_RV_BLOB, "{\"iss\":\"" ALICE "\",\"iss\":\"" ALICE "\"}" },
		{ BERTH_E_AUTHZ, BERTH_SIGN_RECEIPT, "{\"iss\":\"did:example:bob\"}" },
		{ BERTH_E_TYPE, BERTH_SIGN_FROM_PRIOR, "{\"iss\":\"" ALICE "\"}" },
		{ BERTH_E_TYPE, BERTH_SIGN_FROM_PRIOR, "{\"iss\":\"" ALICE "\",\"iat\":\"1\"}" },
		{ BERTH_E_TYPE, BERTH_SIGN_FROM_PRIOR, "{\"iss\":\"" ALICE "\",\"iat\":1,\"vct\":\"x\"}" },
		{ BERTH_E_AUTHZ, BERTH_SIGN_OWNER_PROOF, "{\"iss\":\"" ALICE "\",\"role\":\"owner\",\"aud\":\"a\"}" },
		{ BERTH_E_AUTHZ, BERTH_SIGN_DEVICE_PROOF, "{}" },
		{ BERTH_E_AUTHZ, BERTH_SIGN_RV_PROVE, "{}" },
		{ BERTH_E_TYPE, BERTH_SIGN_FROM_PRIOR, "{\"iss\":\"" ALICE "\",\"sub\":\"x\",\"vc\":{}}" },
		{ BERTH_E_AUTHZ, BERTH_SIGN_SD_JWT, "{\"iss\":\"did:example:bob\",\"vct\":\"t\"}" },
		{ BERTH_E_TYPE, BERTH_SIGN_SD_JWT, "{\"iss\":\"" ALICE "\"}" },
		{ BERTH_E_TYPE, BERTH_SIGN_SD_JWT, VC "\"issuer\":\"" ALICE "\",\"vct\":\"t\"}" },
		{ BERTH_E_AUTHZ, BERTH_SIGN_SD_JWT, VC "\"issuer\":\"did:example:bob\"}" },
		{ BERTH_E_TYPE, BERTH_SIGN_KB, "{\"nonce\":\"n\"}" },
		{ BERTH_E_TYPE, BERTH_SIGN_STATUS, "{\"iss\":\"" ALICE "\"}" },
		{ BERTH_E_AUTHZ, BERTH_SIGN_STATUS, "{\"iss\":\"did:example:bob\",\"status_list\":{}}" },
		{ BERTH_E_TYPE, BERTH_SIGN_VC_JWT, "{\"iss\":\"" ALICE "\"}" },
		{ BERTH_E_AUTHZ, BERTH_SIGN_VC_JWT, "{\"iss\":\"did:example:bob\",\"vc\":{}}" },
		{ BERTH_E_TYPE, BERTH_SIGN_DI, VC "\"issuer\":\"" ALICE "\"}" },
		{ BERTH_E_AUTHZ, BERTH_SIGN_IDEVID, "{\"iss\":\"did:example:bob\",\"certHash\":\"h\",\"idevid\":\"j\"}" },
		{ BERTH_E_TYPE, BERTH_SIGN_IDEVID, "{\"iss\":\"" ALICE "\",\"certHash\":\"h\"}" },
		{ BERTH_E_TYPE, BERTH_SIGN_IDEVID, "{\"did\":\"" ALICE "\",\"certHash\":\"h\",\"idevid\":\"j\"}" },
		{ BERTH_E_TYPE, BERTH_SIGN_IDEVID_KEY, "{\"certHash\":\"h\"}" },
		{ BERTH_E_TYPE, BERTH_SIGN_IDEVID_KEY, "{\"did\":\"" ALICE "\"}" },
		{ BERTH_E_JSON, BERTH_SIGN_IDEVID_KEY, "any bytes" },
		{ BERTH_E_INTERNAL, BERTH_SIGN__COUNT, "{}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct berth_buf b = BERTH_BUF_INIT;

		CHECK_RC(cases[i].want, sign(cases[i].purpose, cases[i].payload, &b));
		CHECK(b.len == 0);
		berth_buf_free(&b);
	}
}

static void a_proof_is_a_compact_jws_over_its_claims(void **state)
{
	struct berth_keyring *kr = ring();
	struct berth_proof p = {
		.purpose = BERTH_SIGN_DEVICE_PROOF, .iss = ALICE, .aud = "did:example:bob", .thid = "t",
	};
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_jws j;

	(void)state;
	CHECK_OK(kr->ops->sign_proof(kr, KID, &p, &b));
	CHECK_OK(berth_jws_parse(&j, berth_buf_cstr(&b), b.len, b.len));
	CHECK_OK(berth_jws_verify(&j, &p256.pub));
	CHECK_OK(berth_proof_check(&p, j.typ, j.payload.p, j.payload.len));
	assert_string_equal(j.kid, KID);
	berth_jws_free(&j);
	berth_buf_reset(&b);
	p.iss = "did:example:bob";
	CHECK_RC(BERTH_E_AUTHZ, kr->ops->sign_proof(kr, KID, &p, &b));
	CHECK_RC(BERTH_E_KEYSTORE, kr->ops->sign_proof(kr, ALICE "#none", &p, &b));
	berth_buf_free(&b);
	berth_keyring_free(kr);
}

static void an_agreement_key_does_not_sign(void **state)
{
	struct berth_keyring *kr = ring();
	struct berth_buf h = BERTH_BUF_INIT, s = BERTH_BUF_INIT;

	(void)state;
	CHECK_RC(BERTH_E_KEY, kr->ops->sign(kr, AGREE, BERTH_SIGN_RECEIPT, "{\"iss\":\"" ALICE "\"}",
					    strlen("{\"iss\":\"" ALICE "\"}"), &h, &s));
	CHECK(h.len == 0 && s.len == 0);
	berth_buf_free(&h);
	berth_buf_free(&s);
	berth_keyring_free(kr);
}

/* ---- key wrapping: what the sender wraps the recipient unwraps ---- */

static const uint8_t tag[32] = { 7 }, apu[5] = "alice", apv[3] = "bob";

static struct berth_kek_params one_pu(const struct berth_pubkey *peer)
{
	return (struct berth_kek_params){
		.alg = "ECDH-1PU+A256KW", .epk = &x_eph.pub, .peer = peer, .apu = apu, .apv = apv, .cc_tag = tag,
		.apu_len = sizeof(apu), .apv_len = sizeof(apv), .cc_tag_len = sizeof(tag),
	};
}

/* Alice's keyring wraps cek for Bob. */
static void wrap_for_bob(struct berth_buf *wrapped, const uint8_t *cek, size_t n)
{
	struct berth_keyring *kr = ring();
	struct berth_kek_params p = one_pu(&x_bob.pub);
	uint8_t ze[BERTH_ECDH_MAX];
	size_t ze_len;

	CHECK_OK(berth_ecdh(ze, &ze_len, &x_eph, &x_bob.pub));
	CHECK_OK(kr->ops->wrap_1pu(kr, AGREE, &p, ze, ze_len, cek, n, wrapped));
	CHECK(wrapped->len == n + 8);
	berth_keyring_free(kr);
}

static void ecdh_1pu_goes_there_and_back(void **state)
{
	struct berth_buf wrapped = BERTH_BUF_INIT;
	struct berth_kek_params p = one_pu(&x_alice.pub);
	struct berth_keyring *bob;
	uint8_t cek[BERTH_CEK_MAX] = { 1, 2, 3 }, got[BERTH_CEK_MAX];
	size_t got_len;

	(void)state;
	wrap_for_bob(&wrapped, cek, 64);
	CHECK_OK(berth_keyring_local_new(&bob));
	CHECK_OK(berth_keyring_local_add(bob, "did:example:bob#k", &x_bob));
	CHECK_OK(bob->ops->unwrap(bob, "did:example:bob#k", &p, wrapped.p, wrapped.len, got, &got_len));
	CHECK(got_len == 64 && memcmp(got, cek, 64) == 0);

	p.cc_tag = (const uint8_t[32]){ 8 };	/* the tag is in the derivation */
	CHECK_RC(BERTH_E_DECRYPT, bob->ops->unwrap(bob, "did:example:bob#k", &p, wrapped.p, wrapped.len, got, &got_len));
	p = one_pu(&x_bob.pub);			/* another sender */
	CHECK_RC(BERTH_E_DECRYPT, bob->ops->unwrap(bob, "did:example:bob#k", &p, wrapped.p, wrapped.len, got, &got_len));
	p = one_pu(&x_alice.pub);
	for (size_t i = 0; i < wrapped.len; i++) {
		wrapped.p[i] ^= 1;
		CHECK_RC(BERTH_E_DECRYPT, bob->ops->unwrap(bob, "did:example:bob#k", &p, wrapped.p, wrapped.len,
							   got, &got_len));
		wrapped.p[i] ^= 1;
	}
	for (size_t n = 0; n < wrapped.len; n++)
		CHECK_RC(BERTH_E_DECRYPT, bob->ops->unwrap(bob, "did:example:bob#k", &p, wrapped.p, n, got, &got_len));
	CHECK_RC(BERTH_E_KEYSTORE, bob->ops->unwrap(bob, KID, &p, wrapped.p, wrapped.len, got, &got_len));
	berth_keyring_free(bob);
	berth_buf_free(&wrapped);
}

static void only_the_two_algorithms_and_one_curve(void **state)
{
	struct berth_keyring *kr = ring();
	struct berth_kek_params p = one_pu(&x_bob.pub);
	struct berth_buf wrapped = BERTH_BUF_INIT;
	uint8_t cek[32] = { 0 }, z[48] = { 1 }, got[BERTH_CEK_MAX];
	size_t got_len;

	(void)state;
	p.alg = "ECDH-ES+A128KW";
	CHECK_RC(BERTH_E_ALG, kr->ops->unwrap(kr, AGREE, &p, cek, 32, got, &got_len));
	CHECK_RC(BERTH_E_ALG, kr->ops->wrap_1pu(kr, AGREE, &p, z, 32, cek, 32, &wrapped));
	p = one_pu(&p256.pub);
	CHECK_RC(BERTH_E_KEY, kr->ops->unwrap(kr, AGREE, &p, cek, 32, got, &got_len));
	CHECK_RC(BERTH_E_KEY, kr->ops->wrap_1pu(kr, AGREE, &p, z, 32, cek, 32, &wrapped));
	p = one_pu(&x_bob.pub);
	CHECK_RC(BERTH_E_KEY, kr->ops->wrap_1pu(kr, AGREE, &p, z, 48, cek, 32, &wrapped));
	p.epk = &p256.pub;	/* C036 */
	CHECK_RC(BERTH_E_KEY, kr->ops->unwrap(kr, AGREE, &p, cek, 32, got, &got_len));
	CHECK(wrapped.len == 0);
	berth_keyring_free(kr);
}

/* ---- SECRETS ---- */

static enum berth_err secrets(struct berth_keyring *kr, const char *text, const char *passphrase_file)
{
	struct berth_json *v;
	enum berth_err rc;

	CHECK_OK(berth_json_parse(&v, text, strlen(text), BERTH_JSON_MAX));
	rc = berth_keyring_local_add_secrets(kr, v, passphrase_file);
	berth_json_free(v);
	return rc;
}

static enum berth_err one_secret(const char *entry)
{
	struct berth_keyring *kr;
	char text[1024];
	enum berth_err rc;

	snprintf(text, sizeof(text), "[%s]", entry);
	CHECK_OK(berth_keyring_local_new(&kr));
	rc = secrets(kr, text, NULL);
	berth_keyring_free(kr);
	return rc;
}

#define JWK "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"," \
	"\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\"}"

static void secrets_of_every_form(void **state)
{
	(void)state;
	CHECK_OK(one_secret(""));
	CHECK_OK(one_secret("{\"id\":\"" KID "\",\"type\":\"JsonWebKey2020\",\"privateKeyJwk\":" JWK "}"));
	/* W3C Controlled Identifiers, Multikey, the example of an Ed25519 secret key */
	CHECK_OK(one_secret("{\"id\":\"" KID "\",\"type\":\"Multikey\","
			    "\"privateKeyMultibase\":\"z3u2en7t5LR2WtQH5PfFqMqwVHgeXouLzo6haApm8XHqvjxq\"}"));
	CHECK_RC(BERTH_E_TYPE, one_secret("{\"id\":\"" KID "\"}"));
	CHECK_RC(BERTH_E_TYPE, one_secret("7"));
	CHECK_RC(BERTH_E_TYPE, one_secret("{\"privateKeyJwk\":" JWK "}"));
	CHECK_RC(BERTH_E_DID, one_secret("{\"id\":\"#key-1\",\"privateKeyJwk\":" JWK "}"));
	CHECK_RC(BERTH_E_DID, one_secret("{\"id\":\"" ALICE "\",\"privateKeyJwk\":" JWK "}"));
	CHECK_RC(BERTH_E_KEY, one_secret("{\"id\":\"" KID "\",\"privateKeyJwk\":{}}"));
	CHECK_RC(BERTH_E_KEY, one_secret("{\"id\":\"" KID "\",\"privateKeyMultibase\":\"z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH\"}"));
	CHECK_RC(BERTH_E_KEY, one_secret("{\"id\":\"" KID "\",\"privateKeyJwk\":" JWK "},"
					 "{\"id\":\"" KID "\",\"privateKeyJwk\":" JWK "}"));
	CHECK_RC(BERTH_E_KEY, one_secret("{\"id\":\"" KID "\",\"keyUri\":\"ftp:x\"}"));
}

static void a_key_uri_names_a_key_of_a_sealed_file(void **state)
{
	char dir[] = "/tmp/berth-keyring-XXXXXX", uri[64], pass[64], text[512];
	struct berth_keystore_config cfg = { .uri = uri, .passphrase_file = pass, .create = true };
	struct berth_key_info sign_info, agree_info;
	struct berth_keystore *ks;
	struct berth_keyring *kr;
	struct berth_pubkey pub;
	struct berth_buf b = BERTH_BUF_INIT;
	FILE *f;

	(void)state;
	CHECK(mkdtemp(dir));
	snprintf(uri, sizeof(uri), "soft:%s/keys", dir);
	snprintf(pass, sizeof(pass), "%s/pass", dir);
	CHECK((f = fopen(pass, "w")));
	fputs("correct horse\n", f);
	fclose(f);
	CHECK(chmod(pass, 0600) == 0);
	CHECK_OK(berth_keystore_open(&ks, &cfg));
	CHECK_OK(berth_keystore_generate(ks, "sign", BERTH_KEY_P256, BERTH_USAGE_SIGN, &sign_info));
	CHECK_OK(berth_keystore_generate(ks, "agree", BERTH_KEY_X25519, BERTH_USAGE_AGREE, &agree_info));
	berth_keystore_close(ks);

	snprintf(text, sizeof(text), "[{\"id\":\"" KID "\",\"keyUri\":\"%s#sign\"},{\"id\":\"" AGREE "\",\"keyUri\":\"%s#agree\"}]",
		 uri, uri);
	CHECK_OK(berth_keyring_local_new(&kr));
	CHECK_OK(secrets(kr, text, pass));
	CHECK_OK(kr->ops->find(kr, AGREE, &pub));
	CHECK(berth_pubkey_equal(&pub, &agree_info.pub));
	CHECK_OK(berth_keyring_sign_compact(kr, KID, BERTH_SIGN_JWS, "x", 1, &b));
	{
		struct berth_jws j;

		CHECK_OK(berth_jws_parse(&j, berth_buf_cstr(&b), b.len, b.len));
		CHECK_OK(berth_jws_verify(&j, &sign_info.pub));
		berth_jws_free(&j);
	}
	snprintf(text, sizeof(text), "[{\"id\":\"" ALICE "#key-3\",\"keyUri\":\"%s#none\"}]", uri);
	CHECK_RC(BERTH_E_KEYSTORE, secrets(kr, text, pass));
	berth_keyring_free(kr);
	berth_buf_free(&b);
	snprintf(text, sizeof(text), "rm -r %s", dir);
	CHECK(system(text) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_by_kid_and_only_that),
		cmocka_unit_test(either_form_of_a_peer_did_finds_the_key),
		cmocka_unit_test(each_purpose_signs_what_fits_it_under_its_typ),
		cmocka_unit_test(c033_nothing_else_is_signed),
		cmocka_unit_test(a_proof_is_a_compact_jws_over_its_claims),
		cmocka_unit_test(an_agreement_key_does_not_sign),
		cmocka_unit_test(ecdh_1pu_goes_there_and_back),
		cmocka_unit_test(only_the_two_algorithms_and_one_curve),
		cmocka_unit_test(secrets_of_every_form),
		cmocka_unit_test(a_key_uri_names_a_key_of_a_sealed_file),
	};

	berth_crypto_init();
	CHECK_OK(berth_keypair_generate(&ed, BERTH_KEY_ED25519));
	CHECK_OK(berth_keypair_generate(&p256, BERTH_KEY_P256));
	CHECK_OK(berth_keypair_generate(&x_alice, BERTH_KEY_X25519));
	CHECK_OK(berth_keypair_generate(&x_bob, BERTH_KEY_X25519));
	CHECK_OK(berth_keypair_generate(&x_eph, BERTH_KEY_X25519));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
