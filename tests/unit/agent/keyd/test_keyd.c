/* SPDX-License-Identifier: Apache-2.0 */
/* keyd in a process of its own, as in the daemon, with a sealed file. */
#include "child.h"

#include <sys/stat.h>

#include "agent/ipc/keyd_proto.h"
#include "agent/ipc/proc.h"
#include "did/base/clock.h"
#include "did/base/rand.h"
#include "did/base/secret.h"
#include "did/codec/base64url.h"
#include "did/crypto/agree.h"
#include "did/crypto/kdf.h"
#include "did/crypto/keypair.h"
#include "did/crypto/keywrap.h"
#include "did/crypto/sign.h"
#include "did/jose/di_hash.h"
#include "did/jose/di_log.h"
#include "did/webvh_make.h"
#include "did/jose/jws.h"
#include "vc/jsonld/di_rdf.h"

#define DID "did:example:gateway"
#define KID DID "#key-1"
#define LOG_KEY "z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG"
#define LOG_KID "did:key:" LOG_KEY "#" LOG_KEY
#define PURPOSE(p) BERTH_PURPOSE_BIT(BERTH_SIGN_##p)

static char dir[64], uri[128], pass[96];
static struct berth_keys *keys;
static struct berth_keyring *ring;

/* ---- the process ---- */

static struct berth_keystore_config config(void)
{
	return (struct berth_keystore_config){ .uri = uri, .passphrase_file = pass, .create = true };
}

static int up(void **state)
{
	const struct berth_keystore_config cfg = config();

	(void)state;
	CHECK_OK(berth_keyclient_new(&kc, &cfg));
	CHECK_OK(berth_keyclient_attach(kc, start()));
	keys = berth_keyclient_keys(kc);
	ring = berth_keyclient_keyring(kc);
	return 0;
}

static int down(void **state)
{
	char path[128];

	(void)state;
	berth_keyclient_free(kc);
	kc = NULL;
	CHECK_OK(ended());
	snprintf(path, sizeof(path), "%s/keys", dir);
	unlink(path);
	return 0;
}

static int setup(void **state)
{
	FILE *f;

	(void)state;
	berth_crypto_init();
	snprintf(dir, sizeof(dir), "/tmp/berth-keyd.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(uri, sizeof(uri), "soft:%s/keys", dir);
	snprintf(pass, sizeof(pass), "%s/pass", dir);
	f = fopen(pass, "w");
	assert_non_null(f);
	fprintf(f, "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n");
	fclose(f);
	return chmod(pass, 0600);
}

static int teardown(void **state)
{
	(void)state;
	unlink(pass);
	return rmdir(dir);
}

static struct berth_key_info ensure(const char *name, enum berth_key_type type, enum berth_usage usage, unsigned purposes)
{
	struct berth_key_info info;

	CHECK_OK(keys->ops->ensure(keys, name, type, usage, purposes, &info));
	return info;
}

/* ---- keys ---- */

static void ensure_makes_once_and_finds_again(void **state)
{
	struct berth_key_info a = ensure("factory-sign", BERTH_KEY_ED25519, BERTH_USAGE_SIGN, PURPOSE(VC)), b;
	uint32_t purposes;

	(void)state;
	assert_string_equal(a.name, "factory-sign");
	assert_int_equal(a.usage, BERTH_USAGE_SIGN);
	assert_int_equal(a.custody, BERTH_CUSTODY_SEALED);
	assert_int_equal(keys->custody, BERTH_CUSTODY_SEALED);
	b = ensure("factory-sign", BERTH_KEY_ED25519, BERTH_USAGE_SIGN, PURPOSE(VC));
	CHECK(berth_pubkey_equal(&a.pub, &b.pub));
	CHECK_OK(berth_keyclient_info(kc, "factory-sign", &b, &purposes));
	CHECK(berth_pubkey_equal(&a.pub, &b.pub));
	assert_int_equal(purposes, PURPOSE(VC));
}

static void what_a_store_can_make_is_told(void **state)
{
	(void)state;
	CHECK(keys->ops->can(keys, "any", BERTH_KEY_ED25519, BERTH_USAGE_SIGN));
	CHECK(keys->ops->can(keys, "any", BERTH_KEY_X25519, BERTH_USAGE_AGREE));
	CHECK(!keys->ops->can(keys, "any", BERTH_KEY_X25519, BERTH_USAGE_SIGN));
	CHECK(!keys->ops->can(keys, "any", BERTH_KEY_P256, BERTH_USAGE_ATTEST));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	CHECK(!keys->ops->can(keys, "any", BERTH_KEY_ED25519, BERTH_USAGE_SIGN));
	CHECK_OK(berth_keyclient_attach(kc, start()));
}

static void ensure_of_another_kind_is_e_keystore(void **state)
{
	struct berth_key_info i;

	(void)state;
	ensure("k", BERTH_KEY_P256, BERTH_USAGE_SIGN, PURPOSE(VC));
	CHECK_RC(BERTH_E_KEYSTORE, keys->ops->ensure(keys, "k", BERTH_KEY_P256, BERTH_USAGE_SIGN, PURPOSE(VC) | PURPOSE(VP), &i));
	CHECK_RC(BERTH_E_KEYSTORE, keys->ops->ensure(keys, "k", BERTH_KEY_ED25519, BERTH_USAGE_SIGN, PURPOSE(VC), &i));
	CHECK_RC(BERTH_E_KEYSTORE, keys->ops->ensure(keys, "k", BERTH_KEY_P256, BERTH_USAGE_AGREE, 0, &i));
	ensure("k", BERTH_KEY_P256, BERTH_USAGE_SIGN, PURPOSE(VC));
}

static void ensure_refuses_what_makes_no_sense(void **state)
{
	char longest[BERTH_KEYD_NAME_MAX + 2];
	struct berth_key_info i;

	(void)state;
	CHECK_RC(BERTH_E_KEY, keys->ops->ensure(keys, "a", BERTH_KEY_P256, BERTH_USAGE_SIGN, 0, &i));
	CHECK_RC(BERTH_E_KEY, keys->ops->ensure(keys, "a", BERTH_KEY_P256, BERTH_USAGE_AGREE, PURPOSE(VC), &i));
	CHECK_RC(BERTH_E_KEY, keys->ops->ensure(keys, "a", BERTH_KEY_X25519, BERTH_USAGE_SIGN, PURPOSE(VC), &i));
	CHECK_RC(BERTH_E_KEY, keys->ops->ensure(keys, "a", BERTH_KEY_P256, BERTH_USAGE_ATTEST, 0, &i));
	CHECK_RC(BERTH_E_AUTHZ, keys->ops->ensure(keys, "a", BERTH_KEY_P256, BERTH_USAGE_SIGN, PURPOSE(JWS), &i));
	CHECK_RC(BERTH_E_AUTHZ, keys->ops->ensure(keys, "a", BERTH_KEY_P256, BERTH_USAGE_SIGN, PURPOSE(VC) | PURPOSE(JWS), &i));
	CHECK_RC(BERTH_E_KEY, keys->ops->ensure(keys, "../a", BERTH_KEY_P256, BERTH_USAGE_AGREE, 0, &i));
	CHECK_RC(BERTH_E_KEY, keys->ops->ensure(keys, "", BERTH_KEY_P256, BERTH_USAGE_AGREE, 0, &i));
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	CHECK_RC(BERTH_E_KEY, keys->ops->ensure(keys, longest, BERTH_KEY_P256, BERTH_USAGE_AGREE, 0, &i));
	longest[BERTH_KEYD_NAME_MAX] = '\0';
	ensure(longest, BERTH_KEY_P256, BERTH_USAGE_AGREE, 0);
	CHECK_RC(BERTH_E_KEYSTORE, berth_keyclient_info(kc, "a", &i, NULL));
}

static enum berth_err count(void *arg, const struct berth_key_info *info, uint32_t purposes)
{
	size_t *n = arg;

	(*n)++;
	CHECK(!strcmp(info->name, "a") ? purposes == PURPOSE(VC) : !strcmp(info->name, "b") && purposes == 0);
	return BERTH_OK;
}

static void keys_and_purposes_outlive_the_process(void **state)
{
	struct berth_key_info a = ensure("a", BERTH_KEY_SECP256K1, BERTH_USAGE_SIGN, PURPOSE(VC)), again;
	uint8_t payload[] = "{}";
	struct berth_buf h = BERTH_BUF_INIT, s = BERTH_BUF_INIT;
	size_t n = 0;

	(void)state;
	ensure("b", BERTH_KEY_X25519, BERTH_USAGE_AGREE, 0);
	CHECK_OK(keys->ops->bind(keys, KID, "a"));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	CHECK_RC(BERTH_E_KEYSTORE, berth_keyclient_info(kc, "a", &again, NULL));
	CHECK(!berth_keyclient_usable(kc));
	CHECK_RC(BERTH_E_KEYSTORE, ring->ops->sign(ring, KID, BERTH_SIGN_VC, payload, 2, &h, &s));
	CHECK_OK(berth_keyclient_attach(kc, start()));
	CHECK(berth_keyclient_usable(kc));
	CHECK_OK(berth_keyclient_info(kc, "a", &again, NULL));
	CHECK(berth_pubkey_equal(&a.pub, &again.pub));
	CHECK_OK(berth_keyclient_list(kc, count, &n));
	assert_int_equal(n, 2);
	CHECK_RC(BERTH_E_AUTHZ, ring->ops->sign(ring, KID, BERTH_SIGN_VP, payload, 2, &h, &s));
	CHECK_RC(BERTH_E_KEYSTORE, keys->ops->ensure(keys, "a", BERTH_KEY_SECP256K1, BERTH_USAGE_SIGN, PURPOSE(VP), &again));
}

static void delete_is_final_and_repeatable(void **state)
{
	struct berth_key_info a = ensure("a", BERTH_KEY_P384, BERTH_USAGE_SIGN, PURPOSE(VC)), b;

	(void)state;
	CHECK_OK(keys->ops->remove(keys, "a"));
	CHECK_OK(keys->ops->remove(keys, "a"));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keyclient_info(kc, "a", &b, NULL));
	CHECK_RC(BERTH_E_KEYSTORE, keys->ops->bind(keys, KID, "a"));
	b = ensure("a", BERTH_KEY_P384, BERTH_USAGE_SIGN, PURPOSE(VP));
	CHECK(!berth_pubkey_equal(&a.pub, &b.pub));
}

/* keys that the command line put into the same store */
static void keys_of_others_do_not_exist(void **state)
{
	struct berth_keystore_config cfg = config();
	struct berth_keystore *ks;
	struct berth_key_info i;
	size_t n = 0;

	(void)state;
	berth_keyclient_free(kc);
	CHECK_OK(ended());
	CHECK_OK(berth_keystore_open(&ks, &cfg));
	CHECK_OK(berth_keystore_generate(ks, "mine", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK_OK(berth_keystore_generate(ks, "mine.pffffffff", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK_OK(berth_keystore_generate(ks, "mine.p00002", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK_OK(berth_keystore_generate(ks, "mine.p02", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	berth_keystore_close(ks);
	kc = NULL;
	up(NULL);
	CHECK_RC(BERTH_E_KEYSTORE, berth_keyclient_info(kc, "mine", &i, NULL));
	CHECK_OK(berth_keyclient_list(kc, count, &n));
	assert_int_equal(n, 0);
}

static void a_late_purpose_makes_the_stored_name_longer(void **state)
{
	uint32_t early = BERTH_PURPOSE_BIT(BERTH_SIGN_VC), late = early | BERTH_PURPOSE_BIT(BERTH_SIGN_IDEVID_KEY);
	char stored[BERTH_KEY_NAME_MAX + 1];
	struct keyd_name name;

	(void)state;
	keyd_name_format(stored, "op.p1", early);
	assert_string_equal(stored, "op.p1.p0002");
	CHECK(keyd_name_parse(&name, stored) && name.purposes == early);
	keyd_name_format(stored, "op.p1", late);
	assert_string_equal(stored, "op.p1.p10002");
	CHECK(keyd_name_parse(&name, stored) && name.purposes == late);
	assert_string_equal(name.name, "op.p1");
}

/* ---- signatures ---- */

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

/* ---- agreements ---- */

static void agreement(enum berth_key_type type)
{
	static const uint8_t tag[32] = { 7 };
	struct berth_key_info me = ensure("agree", type, BERTH_USAGE_AGREE, 0);
	struct berth_privkey epk, peer;
	uint8_t z[2 * BERTH_ECDH_MAX], kek[32], cek[BERTH_CEK_MAX], back[BERTH_CEK_MAX], wrapped[BERTH_WRAPPED_MAX];
	struct berth_kek_params p = {
		.alg = "ECDH-1PU+A256KW", .apu = (const uint8_t *)"alice", .apu_len = 5,
		.apv = (const uint8_t *)"bob", .apv_len = 3, .cc_tag = tag, .cc_tag_len = sizeof(tag)
	};
	struct berth_kdf_info info = {
		.alg = p.alg, .apu = p.apu, .apu_len = 5, .apv = p.apv, .apv_len = 3, .cc_tag = tag, .cc_tag_len = 32
	};
	struct berth_buf out = BERTH_BUF_INIT;
	size_t n, m, w;

	CHECK_OK(keys->ops->bind(keys, KID, "agree"));
	CHECK_OK(berth_keypair_generate(&epk, type));
	CHECK_OK(berth_keypair_generate(&peer, type));
	berth_random(cek, sizeof(cek));

	/* a peer wraps for us */
	CHECK_OK(berth_ecdh(z, &n, &epk, &me.pub));
	CHECK_OK(berth_ecdh(z + n, &m, &peer, &me.pub));
	CHECK_OK(berth_concat_kdf(kek, 32, z, n + m, &info));
	CHECK_OK(berth_keywrap(wrapped, &w, kek, cek, sizeof(cek)));
	p.epk = &epk.pub;
	p.peer = &peer.pub;
	CHECK_OK(ring->ops->unwrap(ring, KID, &p, wrapped, w, back, &n));
	CHECK(n == sizeof(cek) && !memcmp(back, cek, n));
	wrapped[3] ^= 1;
	CHECK_RC(BERTH_E_DECRYPT, ring->ops->unwrap(ring, KID, &p, wrapped, w, back, &n));
	assert_int_equal(n, 0);
	CHECK_RC(BERTH_E_DECRYPT, ring->ops->unwrap(ring, KID, &p, wrapped, 5000, back, &n));

	/* we wrap for the peer */
	CHECK_OK(berth_ecdh(z, &n, &epk, &peer.pub));
	CHECK_OK(ring->ops->wrap_1pu(ring, KID, &p, z, n, cek, sizeof(cek), &out));
	CHECK_OK(berth_ecdh(z + n, &m, &peer, &me.pub));
	CHECK_OK(berth_concat_kdf(kek, 32, z, n + m, &info));
	CHECK_OK(berth_keyunwrap(back, &n, kek, out.p, out.len));
	CHECK(n == sizeof(cek) && !memcmp(back, cek, n));
	berth_buf_free(&out);
	CHECK_OK(keys->ops->remove(keys, "agree"));
}

static void agreements_wrap_and_unwrap(void **state)
{
	(void)state;
	agreement(BERTH_KEY_X25519);
	agreement(BERTH_KEY_P256);
	agreement(BERTH_KEY_P384);
	agreement(BERTH_KEY_P521);
	agreement(BERTH_KEY_SECP256K1);
}

static void c034_c036_bad_points_are_refused(void **state)
{
	struct berth_privkey epk;
	struct berth_kek_params p = { .alg = "ECDH-ES+A256KW", .epk = &epk.pub };
	uint8_t wrapped[40] = { 0 }, cek[BERTH_CEK_MAX];
	struct berth_buf h = BERTH_BUF_INIT, s = BERTH_BUF_INIT;
	size_t n;

	(void)state;
	ensure("agree", BERTH_KEY_P256, BERTH_USAGE_AGREE, 0);
	ensure("sign", BERTH_KEY_P256, BERTH_USAGE_SIGN, PURPOSE(VC));
	CHECK_OK(keys->ops->bind(keys, KID, "agree"));
	CHECK_OK(keys->ops->bind(keys, DID "#s", "sign"));
	CHECK_OK(berth_keypair_generate(&epk, BERTH_KEY_X25519));
	CHECK_RC(BERTH_E_KEY, ring->ops->unwrap(ring, KID, &p, wrapped, 40, cek, &n));
	CHECK_OK(berth_keypair_generate(&epk, BERTH_KEY_P256));
	CHECK_RC(BERTH_E_DECRYPT, ring->ops->unwrap(ring, KID, &p, wrapped, 40, cek, &n));
	/* a signing key agrees on nothing, and an agreement key signs nothing */
	CHECK_RC(BERTH_E_KEY, ring->ops->unwrap(ring, DID "#s", &p, wrapped, 40, cek, &n));
	CHECK_RC(BERTH_E_AUTHZ, sign(KID, BERTH_SIGN_VC, &h, &s));
	epk.pub.b[64] ^= 1;
	CHECK_RC(BERTH_E_KEY, ring->ops->unwrap(ring, KID, &p, wrapped, 40, cek, &n));
	CHECK(berth_keyclient_usable(kc));
	ensure("x", BERTH_KEY_X25519, BERTH_USAGE_AGREE, 0);
	CHECK_OK(keys->ops->bind(keys, DID "#x", "x"));
	epk.pub = (struct berth_pubkey){ .type = BERTH_KEY_X25519, .len = 32 };
	CHECK_RC(BERTH_E_DECRYPT, ring->ops->unwrap(ring, DID "#x", &p, wrapped, 40, cek, &n));
}

/* ---- at rest, counters, evidence ---- */

static void records_open_under_their_label_and_epoch(void **state)
{
	struct berth_buf box = BERTH_BUF_INIT, pt = BERTH_BUF_INIT;

	(void)state;
	CHECK_OK(keys->ops->seal(keys, "items", -1, "wifi", 4, &box));
	CHECK_OK(keys->ops->unseal(keys, "items", -1, box.p, box.len, &pt));
	assert_string_equal(berth_buf_cstr(&pt), "wifi");
	CHECK(keys->ops->unseal(keys, "other", -1, box.p, box.len, &pt) != BERTH_OK);
	box.p[box.len - 1] ^= 1;
	CHECK(keys->ops->unseal(keys, "items", -1, box.p, box.len, &pt) != BERTH_OK);
	berth_buf_reset(&box);
	berth_buf_reset(&pt);

	uint8_t *big = calloc(1, BERTH_KEYD_PLAIN_MAX + 1);
	assert_non_null(big);
	CHECK_RC(BERTH_E_SIZE, keys->ops->seal(keys, "items", -1, big, BERTH_KEYD_PLAIN_MAX + 1, &box));
	CHECK_OK(keys->ops->seal(keys, "items", -1, big, BERTH_KEYD_PLAIN_MAX, &box));
	CHECK_OK(keys->ops->unseal(keys, "items", -1, box.p, box.len, &pt));
	assert_int_equal(pt.len, BERTH_KEYD_PLAIN_MAX);
	free(big);
	berth_buf_free(&box);
	berth_buf_free(&pt);
}

static void counters_step(void **state)
{
	uint64_t a, b;
	bool prot = true;

	(void)state;
	for (enum berth_counter c = BERTH_COUNTER_EPOCH; c <= BERTH_COUNTER_GENERATION; c++) {
		CHECK_OK(keys->ops->counter_read(keys, c, &a, &prot));
		CHECK(!prot);
		CHECK_OK(keys->ops->counter_step(keys, c, &b));
		assert_int_equal(b, a + 1);
		CHECK_OK(keys->ops->counter_read(keys, c, &b, NULL));
		assert_int_equal(b, a + 1);
	}
}

static void a_file_has_no_evidence(void **state)
{
	struct berth_buf a = BERTH_BUF_INIT, b = BERTH_BUF_INIT;
	const uint8_t nonce[32] = { 1 };

	(void)state;
	ensure("k", BERTH_KEY_P256, BERTH_USAGE_SIGN, PURPOSE(VC));
	CHECK_RC(BERTH_E_KEY, keys->ops->ek(keys, &a, &b));
	CHECK_RC(BERTH_E_KEY, keys->ops->public_area(keys, "k", &a));
	CHECK_RC(BERTH_E_KEY, keys->ops->activate(keys, "k", "b", 1, "s", 1, &a));
	CHECK_RC(BERTH_E_KEY, keys->ops->certify(keys, "k", "k", nonce, &a, &b));
	CHECK_RC(BERTH_E_KEY, berth_keyclient_quote(kc, "k", 1, nonce, &a, &b));
	CHECK_RC(BERTH_E_KEYSTORE, keys->ops->certify(keys, "k", "ak", nonce, &a, &b));
	CHECK(berth_keyclient_usable(kc));
}

/* ---- misbehaviour ---- */

/* What keyd does with one raw frame: the code with which it stopped, or BERTH_OK
 * when it answered. */
static enum berth_err after(bool hello, uint16_t op, const void *p, size_t n)
{
	const struct berth_keystore_config cfg = config();
	const struct berth_keyd_request h = {
		.op = BERTH_KEYD_HELLO, .uri = cfg.uri, .passphrase_file = cfg.passphrase_file, .create = true
	};
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_ipc_frame f;
	struct berth_ipc ipc;
	enum berth_err rc;

	berth_ipc_init(&ipc, start());
	if (hello) {
		struct berth_buf reply = BERTH_BUF_INIT;

		berth_keyd_encode(&b, &h);
		CHECK_OK(berth_ipc_call(&ipc, BERTH_KEYD_HELLO, &b, 5000, &reply));
		berth_buf_free(&reply);
	}
	berth_buf_free(&b);
	CHECK_OK(berth_ipc_send(&ipc, op, 99, p, n, 5000));
	rc = berth_ipc_recv(&ipc, &f, PATIENCE_MS);
	CHECK(rc == BERTH_OK || rc == BERTH_E_UNAVAILABLE);
	berth_ipc_close(&ipc);
	enum berth_err why = ended();
	CHECK((rc == BERTH_OK) == (why == BERTH_OK));
	return why;
}

static void malformed_requests_end_the_connection(void **state)
{
	static const uint8_t name[] = { 0, 2, 'k', 0 };

	(void)state;
	CHECK_RC(BERTH_OK, after(true, BERTH_KEYD_INFO, name, sizeof(name)));
	for (size_t n = 0; n < sizeof(name); n++)
		CHECK_RC(BERTH_E_TYPE, after(true, BERTH_KEYD_INFO, name, n));
	CHECK_RC(BERTH_E_TYPE, after(true, 0, NULL, 0));
	CHECK_RC(BERTH_E_TYPE, after(true, BERTH_KEYD__END, NULL, 0));
	CHECK_RC(BERTH_E_TYPE, after(true, BERTH_IPC_ERR, NULL, 0));
	CHECK_RC(BERTH_E_TYPE, after(true, BERTH_KEYD_LIST, name, 1));
	CHECK_RC(BERTH_OK, after(true, BERTH_KEYD_LIST, NULL, 0));
	/* before HELLO, and a second one */
	CHECK_RC(BERTH_E_TYPE, after(false, BERTH_KEYD_LIST, NULL, 0));
	struct berth_buf b = BERTH_BUF_INIT;
	const struct berth_keyd_request h = { .op = BERTH_KEYD_HELLO, .uri = uri };
	berth_keyd_encode(&b, &h);
	CHECK_RC(BERTH_E_TYPE, after(true, BERTH_KEYD_HELLO, b.p, b.len));
	CHECK_RC(BERTH_OK, after(false, BERTH_KEYD_HELLO, b.p, b.len));	/* answered, with an error or not */
	berth_buf_free(&b);
}

static void a_store_that_does_not_open_is_e_keystore(void **state)
{
	struct berth_keystore_config cfg = config();
	struct berth_keyclient *other;

	(void)state;
	cfg.create = false;
	CHECK_OK(berth_keyclient_new(&other, &cfg));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keyclient_attach(other, start()));
	CHECK(!berth_keyclient_usable(other));
	CHECK_OK(ended());
	berth_keyclient_free(other);
	cfg.uri = "nfc:somewhere";
	CHECK_OK(berth_keyclient_new(&other, &cfg));
	CHECK_RC(BERTH_E_KEY, berth_keyclient_attach(other, start()));
	CHECK_OK(ended());
	berth_keyclient_free(other);
}

/* A keyd that has gone wrong must not be believed. */
static void answers_of_a_bad_keyd_are_e_keystore(void **state)
{
	const struct berth_keystore_config cfg = config();
	struct berth_keyclient *other;
	int sv[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	fflush(stdout);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct berth_ipc ipc;
		struct berth_ipc_frame f;
		struct berth_buf b = BERTH_BUF_INIT;

		close(sv[0]);
		berth_ipc_init(&ipc, sv[1]);
		berth_buf_u8(&b, 77);	/* no custody */
		_exit(berth_ipc_recv(&ipc, &f, PATIENCE_MS) || berth_ipc_answer(&ipc, f.seq, BERTH_OK, &b));
	}
	close(sv[1]);
	CHECK_OK(berth_keyclient_new(&other, &cfg));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keyclient_attach(other, sv[0]));
	CHECK(!berth_keyclient_usable(other));
	berth_keyclient_free(other);
	CHECK_OK(ended());
}

/* C137: a store that is slow to open holds nobody up, and calls have their answer. */
static void c137_calls_fail_at_once_while_a_store_is_being_opened(void **state)
{
	const struct berth_keystore_config cfg = config();
	struct berth_keyclient *other;
	struct berth_key_info info;
	int sv[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	CHECK_OK(berth_keyclient_new(&other, &cfg));
	CHECK(!berth_keyclient_opening(other));
	CHECK_OK(berth_keyclient_attach_begin(other, sv[0]));	/* nobody answers there yet */
	CHECK(berth_keyclient_opening(other) && berth_keyclient_usable(other));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keyclient_info(other, "k", &info, NULL));
	CHECK(strstr(berth_err_detail(), "opening"));
	CHECK(berth_keyclient_opening(other) && berth_keyclient_usable(other));

	CHECK_OK(berth_keyclient_attach_begin(other, start()));	/* the silent one is given up */
	close(sv[1]);
	CHECK_OK(berth_keyclient_attach_end(other));
	CHECK(!berth_keyclient_opening(other) && berth_keyclient_usable(other));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keyclient_info(other, "k", &info, NULL));
	CHECK(strstr(berth_err_detail(), "no key"));
	berth_keyclient_free(other);
	CHECK_OK(ended());
}

/* ---- the rate, in this process ---- */

static uint64_t clock_ms = 1000;

static uint64_t hand_wound(void) { return clock_ms; }

/* keyd's loop for one request after the other, under a clock that we wind. */
static enum berth_err ask(struct keyd *k, const struct berth_keyd_request *r)
{
	struct berth_buf b = BERTH_BUF_INIT, reply = BERTH_BUF_INIT;
	struct berth_ipc ours, theirs;
	enum berth_err rc;
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	berth_ipc_init(&ours, sv[0]);
	berth_ipc_init(&theirs, sv[1]);
	berth_keyd_encode(&b, r);
	CHECK_OK(berth_ipc_ask(&ours, (uint16_t)r->op, &b, 5000));
	shutdown(sv[0], SHUT_WR);	/* answered, keyd sees the end */
	CHECK_OK(keyd_serve(k, &theirs));
	rc = berth_ipc_take(&ours, 5000, &reply);
	berth_buf_free(&b);
	berth_buf_free(&reply);
	berth_ipc_close(&ours);
	berth_ipc_close(&theirs);
	return rc;
}

static const struct berth_pubkey nine = { .type = BERTH_KEY_X25519, .len = 32, .b = { 9 } };

/* One request of each class, and what it yields when it is let through. */
static const struct { enum keyd_class c; struct berth_keyd_request r; enum berth_err rc; } one_of_each[] = {
	{ KEYD_SIGN, { .op = BERTH_KEYD_SIGN, .name = "k", .kid = KID }, BERTH_E_KEYSTORE },
	{ KEYD_AGREE, { .op = BERTH_KEYD_UNWRAP, .name = "k", .kek = { .alg = "ECDH-ES+A256KW", .epk = &nine } },
	  BERTH_E_KEYSTORE },
	{ KEYD_SEAL, { .op = BERTH_KEYD_SEAL, .label = "l", .epoch = -1 }, BERTH_OK },
	{ KEYD_ATTEST, { .op = BERTH_KEYD_QUOTE, .name = "k" }, BERTH_E_KEYSTORE },
	{ KEYD_CHANGE, { .op = BERTH_KEYD_DELETE, .name = "k" }, BERTH_OK },
	{ KEYD_CHAIN, { .op = BERTH_KEYD_SIGN_ETHR, .name = "k", .ethr = { .call = { .function = BERTH_ETHR_CHANGE_OWNER } } },
	  BERTH_E_KEYSTORE },
};

static void each_class_has_a_rate_of_its_own(void **state)
{
	const struct berth_keyd_request list = { .op = BERTH_KEYD_LIST };
	const struct berth_keystore_config cfg = config();
	struct keyd k;

	(void)state;
	berth_clock_inject(NULL, hand_wound);
	keyd_init(&k);
	CHECK_OK(berth_keystore_open(&k.ks, &cfg));
	for (size_t i = 0; i < KEYD_CLASSES; i++) {
		assert_int_equal(one_of_each[i].c, i);
		k.bucket[i].credit = 1000;
		CHECK_RC(one_of_each[i].rc, ask(&k, &one_of_each[i].r));
		CHECK_RC(BERTH_E_QUOTA, ask(&k, &one_of_each[i].r));
		for (size_t j = i + 1; j < KEYD_CLASSES; j++)	/* those not yet exhausted */
			CHECK_RC(one_of_each[j].rc, ask(&k, &one_of_each[j].r));
		CHECK_OK(ask(&k, &list));	/* costs nothing */
	}
	keyd_free(&k);
	berth_clock_inject(NULL, NULL);
}

static void a_bucket_fills_with_time_up_to_its_burst(void **state)
{
	const struct berth_keystore_config cfg = config();
	struct keyd k;

	(void)state;
	berth_clock_inject(NULL, hand_wound);
	keyd_init(&k);
	CHECK_OK(berth_keystore_open(&k.ks, &cfg));
	for (size_t i = 0; i < KEYD_CLASSES; i++) {
		uint32_t wait_ms = (1000 + keyd_rates[i].per_s - 1) / keyd_rates[i].per_s;

		k.bucket[i].credit = 0;
		k.bucket[i].at_ms = clock_ms;
		CHECK_RC(BERTH_E_QUOTA, ask(&k, &one_of_each[i].r));
		clock_ms += wait_ms - 1;
		CHECK_RC(BERTH_E_QUOTA, ask(&k, &one_of_each[i].r));
		clock_ms += 1;
		CHECK_RC(one_of_each[i].rc, ask(&k, &one_of_each[i].r));
		clock_ms += UINT32_MAX;	/* however long nothing was asked */
		CHECK_RC(one_of_each[i].rc, ask(&k, &one_of_each[i].r));
		CHECK(k.bucket[i].credit == (uint64_t)(keyd_rates[i].burst - 1) * 1000);
	}
	keyd_free(&k);
	berth_clock_inject(NULL, NULL);
}

/* Every operation that is not here was thought about and costs nothing. */
static void what_costs_nothing_works_no_key(void **state)
{
	static const enum berth_keyd_op gratis[] = { BERTH_KEYD_HELLO, BERTH_KEYD_INFO, BERTH_KEYD_LIST,
						     BERTH_KEYD_COUNTER_READ, BERTH_KEYD_PUBLIC_AREA, BERTH_KEYD_STATE };
	size_t n = 0;

	(void)state;
	for (enum berth_keyd_op op = BERTH_KEYD_HELLO; op < BERTH_KEYD__END; op++)
		n += keyd_class_of(op) == KEYD_FREE;
	assert_int_equal(n, sizeof(gratis) / sizeof(gratis[0]));
	for (size_t i = 0; i < n; i++)
		assert_int_equal(keyd_class_of(gratis[i]), KEYD_FREE);
}

/* ---- the program ---- */

static void the_program_serves_and_ends_with_its_socket(void **state)
{
	char self[512], *slash;
	struct berth_proc p;
	const struct berth_keystore_config cfg = config();
	struct berth_keyclient *c;
	struct berth_key_info info;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 64);
	int sock, status = -1;

	(void)state;
	assert_true(n > 0);
	self[n] = '\0';
	for (int i = 0; i < 5; i++) {	/* tests/unit/agent/keyd/test_keyd */
		slash = strrchr(self, '/');
		assert_non_null(slash);
		*slash = '\0';
	}
	strncat(self, "/libexec/berth-keyd", 32);
	char *const argv[] = { self, NULL };
	CHECK_OK(berth_proc_spawn(&p, &sock, self, argv));
	CHECK_OK(berth_keyclient_new(&c, &cfg));
	CHECK_OK(berth_keyclient_attach(c, sock));
	struct berth_keys *k = berth_keyclient_keys(c);
	CHECK_OK(k->ops->ensure(k, "k", BERTH_KEY_P256, BERTH_USAGE_SIGN, PURPOSE(VC), &info));
	char path[128], line[256];
	snprintf(path, sizeof(path), "/proc/%d/status", (int)p.pid);
	FILE *f = fopen(path, "r");
	bool nnp = false;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		nnp |= !strcmp(line, "NoNewPrivs:\t1\n");
	fclose(f);
	CHECK(nnp);
	berth_keyclient_free(c);
	CHECK_SOON(berth_proc_reap(&p, &status));
	assert_int_equal(status, 0);
	snprintf(path, sizeof(path), "%s/keys", dir);
	unlink(path);
}

#define WITH_KEYD(t) cmocka_unit_test_setup_teardown(t, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_KEYD(ensure_makes_once_and_finds_again),
		WITH_KEYD(what_a_store_can_make_is_told),
		WITH_KEYD(ensure_of_another_kind_is_e_keystore),
		WITH_KEYD(ensure_refuses_what_makes_no_sense),
		WITH_KEYD(keys_and_purposes_outlive_the_process),
		WITH_KEYD(delete_is_final_and_repeatable),
		WITH_KEYD(keys_of_others_do_not_exist),
		cmocka_unit_test(a_late_purpose_makes_the_stored_name_longer),
		WITH_KEYD(a_proof_over_rdf),
		WITH_KEYD(a_log_entry_is_signed),
		WITH_KEYD(a_key_signs_for_its_purposes_only),
		WITH_KEYD(proofs_are_whole_and_verify),
		WITH_KEYD(c033_payloads_must_be_of_the_keys_did),
		WITH_KEYD(kids_are_bound_and_unbound),
		WITH_KEYD(agreements_wrap_and_unwrap),
		WITH_KEYD(c034_c036_bad_points_are_refused),
		WITH_KEYD(records_open_under_their_label_and_epoch),
		WITH_KEYD(counters_step),
		WITH_KEYD(a_file_has_no_evidence),
		cmocka_unit_test(a_store_that_does_not_open_is_e_keystore),
		cmocka_unit_test(answers_of_a_bad_keyd_are_e_keystore),
		cmocka_unit_test(c137_calls_fail_at_once_while_a_store_is_being_opened),
		cmocka_unit_test(malformed_requests_end_the_connection),
		cmocka_unit_test(each_class_has_a_rate_of_its_own),
		cmocka_unit_test(a_bucket_fills_with_time_up_to_its_burst),
		cmocka_unit_test(what_costs_nothing_works_no_key),
		cmocka_unit_test(the_program_serves_and_ends_with_its_socket),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
