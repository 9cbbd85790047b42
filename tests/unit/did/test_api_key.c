/* SPDX-License-Identifier: Apache-2.0 */
/* The installed facade: berth/key.h.  What keys do in each custody is the contract
 * suite's; here it is what the facade makes of it. */
#include "tests/check.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/json.h"
#include "tests/fakes/swtpm.h"
#include "tests/fakes/tmpdir.h"
#include "tests/fakes/token.h"

#include "berth/did.h"
#include "berth/key.h"
#include "did/base/json.h"
#include "did/codec/base64url.h"
#include "did/crypto/aead.h"
#include "did/crypto/keypair.h"
#include "did/jose/jwk.h"
#include "did/jose/jws.h"
#include "did/keychain.h"

/* SoftHSM loses some memory of its own; what we lose still shows. */
const char *__lsan_default_suppressions(void);
const char *__asan_default_options(void);
const char *__lsan_default_suppressions(void) { return "leak:libsofthsm2"; }
const char *__asan_default_options(void) { return "fast_unwind_on_malloc=0"; }

#define SPEC "tests/vectors/didcomm-spec/"
#define PASS "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n"

static char dir[TMPDIR_LEN];
static struct berth_keychain *k;

static struct berth_keychain *soft(const char *fragment, int create)
{
	const struct berth_keychain_how how = {
		.size = sizeof(how), .passphrase_file = test_path(dir, "pass"), .create = create };
	struct berth_keychain *out;
	char uri[128];

	snprintf(uri, sizeof(uri), "soft:%s/keys%s", dir, fragment);
	CHECK_OK(berth_keychain_open(&out, uri, &how));
	return out;
}

static int setup(void **state)
{
	(void)state;
	test_tmpdir(dir);
	test_write_file(test_path(dir, "pass"), PASS, strlen(PASS), 0600);
	k = soft("", 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	berth_keychain_close(k);
	test_tmpdir_remove(dir);
	return 0;
}

static struct berth_pubkey public_key(const char *name)
{
	struct berth_pubkey pub;
	struct berth_json *v;
	char *jwk;

	CHECK_OK(berth_keychain_jwk(k, name, &jwk));
	CHECK_OK(berth_json_parse_object(&v, jwk, strlen(jwk), 4096));
	CHECK_OK(berth_jwk_parse(&pub, v));
	CHECK(!berth_json_get(v, "d"));
	berth_json_free(v);
	berth_string_free(jwk);
	return pub;
}

static void a_key_is_made_shown_and_deleted(void **state)
{
	char *did, *did2, *jwk, *multikey, *json, *name;

	(void)state;
	CHECK_OK(berth_keychain_generate(k, "a", "p256", NULL));
	CHECK_OK(berth_keychain_did(k, "a", &did));
	CHECK_OK(berth_keychain_jwk(k, "a", &jwk));
	CHECK_OK(berth_did_from_jwk(&did2, "key", jwk));
	assert_string_equal(did, did2);
	CHECK_OK(berth_keychain_multikey(k, "a", &multikey));
	assert_string_equal(multikey, did + strlen("did:key:"));
	CHECK_OK(berth_keychain_describe(k, NULL, &json));	/* the only one */
	CHECK(strstr(json, did) && strstr(json, jwk) && strstr(json, "\"custody\":\"sealed\",\"use\":\"sign\""));
	CHECK(berth_keychain_count(k) == 1);
	CHECK_OK(berth_keychain_name(k, 0, &name));
	assert_string_equal(name, "a");
	berth_string_free(name);
	CHECK_RC(BERTH_E_KEYSTORE, berth_keychain_name(k, 1, &name));
	CHECK(!name);
	CHECK_OK(berth_keychain_delete(k, "a"));
	CHECK_OK(berth_keychain_delete(k, "a"));
	CHECK_RC(BERTH_E_KEY, berth_keychain_delete(k, NULL));
	CHECK(berth_keychain_count(k) == 0);
	berth_string_free(did);
	berth_string_free(did2);
	berth_string_free(jwk);
	berth_string_free(multikey);
	berth_string_free(json);
}

static void the_uri_may_name_the_key(void **state)
{
	char *did, *again;

	(void)state;
	berth_keychain_close(k);
	k = soft("#mine", 0);
	CHECK_RC(BERTH_E_KEYSTORE, berth_keychain_did(k, NULL, &did));
	CHECK_OK(berth_keychain_generate(k, NULL, "ed25519", "sign"));
	CHECK_OK(berth_keychain_generate(k, "other", "x25519", NULL));
	CHECK_OK(berth_keychain_did(k, NULL, &did));
	CHECK_OK(berth_keychain_did(k, "mine", &again));
	assert_string_equal(did, again);
	berth_string_free(did);
	berth_string_free(again);
	berth_keychain_close(k);
	k = soft("", 0);
	CHECK_RC(BERTH_E_KEYSTORE, berth_keychain_did(k, NULL, &did));	/* which of the two? */
	CHECK(!did);
}

static void what_cannot_be_made_is_e_key(void **state)
{
	(void)state;
	CHECK_RC(BERTH_E_KEY, berth_keychain_generate(k, "a", "rsa", NULL));
	CHECK_RC(BERTH_E_KEY, berth_keychain_generate(k, "a", "p256", "both"));
	CHECK_RC(BERTH_E_KEY, berth_keychain_generate(k, "a", "x25519", "sign"));
	CHECK_RC(BERTH_E_KEY, berth_keychain_generate(k, "a", "p256", "attest"));
	CHECK_RC(BERTH_E_KEY, berth_keychain_generate(k, "A", "p256", NULL));
	CHECK_RC(BERTH_E_KEY, berth_keychain_generate(k, NULL, "p256", NULL));
	CHECK(berth_keychain_count(k) == 0);
	CHECK_OK(berth_keychain_generate(k, "a", "p256", "agree"));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keychain_generate(k, "a", "p256", "agree"));
}

static void opening_refuses(void **state)
{
	struct berth_keychain *x = k;
	char missing[128];

	(void)state;
	CHECK_RC(BERTH_E_KEY, berth_keychain_open(&x, "file:x", NULL));
	CHECK(!x);
	snprintf(missing, sizeof(missing), "soft:%s/none", dir);
	CHECK_RC(BERTH_E_KEYSTORE, berth_keychain_open(&x, missing, NULL));
	CHECK(!x);
	berth_keychain_close(NULL);
}

/* A caller built when the struct ended at passphrase_file. */
static void an_earlier_and_a_later_struct_open_too(void **state)
{
	struct {
		struct berth_keychain_how how;
		char later[64];
	} h = { .how = { .size = sizeof(h), .passphrase_file = test_path(dir, "pass"), .create = 1 } };
	struct berth_keychain *x;
	char uri[128];

	(void)state;
	memset(h.later, 0xff, sizeof(h.later));
	snprintf(uri, sizeof(uri), "soft:%s/second", dir);
	CHECK_OK(berth_keychain_open(&x, uri, &h.how));
	berth_keychain_close(x);
	h.how.size = offsetof(struct berth_keychain_how, tcti);
	h.how.tcti = (const char *)1;
	CHECK_OK(berth_keychain_open(&x, uri, &h.how));
	berth_keychain_close(x);
	snprintf(uri, sizeof(uri), "soft:%s/third", dir);
	CHECK_RC(BERTH_E_KEYSTORE, berth_keychain_open(&x, uri, &h.how));
}

/* Module and PIN by the URI, by the options, and by options of a time without them. */
static void a_token_opens(void **state)
{
	struct berth_keychain_how how = { .size = sizeof(how), .create = 1 };
	struct test_token token;
	struct berth_keychain *t;
	char uri[256], *json, *compact;

	(void)state;
	test_token_softhsm(&token);
	CHECK_OK(berth_keychain_open(&t, test_token_uri(&token, "dev"), &how));
	CHECK_OK(berth_keychain_generate(t, NULL, "ed25519", NULL));
	CHECK_OK(berth_keychain_sign_jws(t, NULL, NULL, NULL, "{}", 2, &compact));
	berth_string_free(compact);
	CHECK_OK(berth_keychain_capabilities(t, &json));
	CHECK(strstr(json, "\"custody\":\"hardware\",\"attestable\":false,\"import\":false"));
	berth_string_free(json);
	berth_keychain_close(t);
	snprintf(uri, sizeof(uri), "pkcs11:token=" TEST_TOKEN_LABEL "?x-dir=%s", token.store_dir);
	how.module_path = token.module;
	how.pin_source = token.pin_file;
	CHECK_OK(berth_keychain_open(&t, uri, &how));
	assert_int_equal(berth_keychain_count(t), 1);
	berth_keychain_close(t);
	how.size = offsetof(struct berth_keychain_how, module_path);
	how.module_path = how.pin_source = (const char *)1;
	CHECK_RC(BERTH_E_KEYSTORE, berth_keychain_open(&t, uri, &how));
	CHECK_OK(berth_keychain_open(&t, test_token_uri(&token, NULL), &how));
	berth_keychain_close(t);
	test_token_end(&token);
}

static void a_jws_verifies(void **state)
{
	static const char *const types[] = { "ed25519", "p256", "p384", "p521", "secp256k1" };

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct berth_pubkey pub;
		struct berth_jws j;
		char *t;

		CHECK_OK(berth_keychain_generate(k, types[i], types[i], NULL));
		pub = public_key(types[i]);
		CHECK_OK(berth_keychain_sign_jws(k, types[i], "did:example:a#\"k\"", "JWT", "a\0b", 3, &t));
		CHECK_OK(berth_jws_parse(&j, t, strlen(t), 4096));
		CHECK_OK(berth_jws_verify(&j, &pub));
		assert_string_equal(j.kid, "did:example:a#\"k\"");
		assert_string_equal(j.typ, "JWT");
		CHECK(j.payload.len == 3 && !memcmp(j.payload.p, "a\0b", 3));
		berth_jws_free(&j);
		berth_string_free(t);
		CHECK_OK(berth_keychain_sign_jws(k, types[i], NULL, NULL, "", 0, &t));
		CHECK_OK(berth_jws_parse(&j, t, strlen(t), 4096));
		CHECK_OK(berth_jws_verify(&j, &pub));
		CHECK(!j.kid && !j.typ && j.payload.len == 0);
		berth_jws_free(&j);
		berth_string_free(t);
	}
}

static char *signed_by_its_did(const char *name, const char *payload, size_t n)
{
	char *did, *t, kid[1024];

	CHECK_OK(berth_keychain_did(k, name, &did));
	snprintf(kid, sizeof(kid), "%s#%s", did, did + strlen("did:key:"));
	CHECK_OK(berth_keychain_sign_jws(k, name, kid, "x+jwt", payload, n, &t));
	berth_string_free(did);
	return t;
}

static void a_jws_verifies_by_its_did(void **state)
{
	char *t, *result, *did;

	(void)state;
	CHECK_OK(berth_keychain_generate(k, "s", "p384", NULL));
	CHECK_OK(berth_keychain_did(k, "s", &did));
	t = signed_by_its_did("s", "{\"a\":1}", 7);
	CHECK_OK(berth_did_verify_jws(&result, t, NULL));
	CHECK(strstr(result, "{\"did\":\"did:key:z82L") == result && strstr(result, did));
	CHECK(strstr(result, "\"typ\":\"x+jwt\"},\"payload\":{\"a\":1}}"));
	berth_string_free(result);
	CHECK_OK(berth_did_verify_jws(&result, t, dir));
	berth_string_free(result);
	t[strlen(t) - 3] = t[strlen(t) - 3] == 'A' ? 'B' : 'A';	/* base64url still */
	CHECK_RC(BERTH_E_SIG, berth_did_verify_jws(&result, t, NULL));
	CHECK(!result);
	berth_string_free(t);
	t = signed_by_its_did("s", "a\0b", 3);
	CHECK_OK(berth_did_verify_jws(&result, t, NULL));
	CHECK(strstr(result, "\"payloadB64\":\"YQBi\"}"));
	berth_string_free(result);
	berth_string_free(t);
	CHECK_OK(berth_keychain_sign_jws(k, "s", NULL, NULL, "{}", 2, &t));
	CHECK_RC(BERTH_E_ENV, berth_did_verify_jws(&result, t, NULL));
	berth_string_free(t);
	CHECK_OK(berth_keychain_sign_jws(k, "s", "did:web:a.example#k", NULL, "{}", 2, &t));
	CHECK_RC(BERTH_E_DID, berth_did_verify_jws(&result, t, NULL));
	CHECK_RC(BERTH_E_RESOLVE, berth_did_verify_jws(&result, t, dir));
	CHECK_RC(BERTH_E_RESOLVE, berth_did_verify_jws(&result, t, "/nonexistent/berth"));
	CHECK_RC(BERTH_E_ENV, berth_did_verify_jws(&result, "a.b", NULL));
	CHECK(!result);
	berth_string_free(t);
	berth_string_free(did);
}

static void what_cannot_be_signed(void **state)
{
	static char big[((size_t)8 << 20) + 1], long_kid[BERTH_KID_MAX + 2];
	char *t = big;

	(void)state;
	CHECK_OK(berth_keychain_generate(k, "s", "ed25519", NULL));
	CHECK_OK(berth_keychain_generate(k, "x", "x25519", NULL));
	CHECK_OK(berth_keychain_generate(k, "p", "p256", "agree"));
	CHECK_RC(BERTH_E_KEY, berth_keychain_sign_jws(k, "x", NULL, NULL, "a", 1, &t));
	CHECK_RC(BERTH_E_KEY, berth_keychain_sign_jws(k, "p", NULL, NULL, "a", 1, &t));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keychain_sign_jws(k, "none", NULL, NULL, "a", 1, &t));
	CHECK_RC(BERTH_E_AUTHZ, berth_keychain_sign_jws(k, "s", NULL, "berth-owner-proof+jwt", "{}", 2, &t));
	CHECK_RC(BERTH_E_SIZE, berth_keychain_sign_jws(k, "s", NULL, NULL, big, sizeof(big), &t));
	CHECK(!t);
	CHECK_OK(berth_keychain_sign_jws(k, "s", NULL, "vc+jwt", big, sizeof(big) - 1, &t));
	berth_string_free(t);
	memset(long_kid, 'a', sizeof(long_kid) - 1);
	CHECK_RC(BERTH_E_SIZE, berth_keychain_sign_jws(k, "s", long_kid, NULL, "a", 1, &t));
	long_kid[BERTH_KID_MAX] = '\0';
	CHECK_OK(berth_keychain_sign_jws(k, "s", long_kid, NULL, "a", 1, &t));
	berth_string_free(t);
}

/* ---- unwrapping, against the messages of the DIDComm specification ---- */

/* The secret of that kid; Bob's member is spelt "kid ". */
static const struct berth_json *secret(const struct berth_json *all, const char *kid)
{
	berth_json_each(s, all)
		if (!strcmp(test_str(s, test_str(s, "kid") ? "kid" : "kid "), kid))
			return s;
	fail_msg("no secret %s", kid);
	return NULL;
}

static void import(const char *name, const struct berth_json *jwk)
{
	struct berth_privkey key;

	CHECK_OK(berth_jwk_parse_private(&key, jwk));
	CHECK_OK(berth_keystore_import(berth_keychain_store(k), name, &key, BERTH_USAGE_AGREE));
	berth_privkey_wipe(&key);
}

static char *print(const struct berth_json *v)
{
	struct berth_buf b = BERTH_BUF_INIT;

	CHECK_OK(berth_json_print(&b, v));
	return berth_buf_take_str(&b);
}

static void decode(struct berth_buf *out, const char *text)
{
	CHECK_OK(berth_b64url_decode(out, text, strlen(text)));
}

static void opens(const struct berth_json *jwe, enum berth_enc enc, const uint8_t *cek)
{
	struct berth_buf iv = BERTH_BUF_INIT, tag = BERTH_BUF_INIT, ct = BERTH_BUF_INIT, pt = BERTH_BUF_INIT;
	const char *aad = test_str(jwe, "protected");

	decode(&iv, test_str(jwe, "iv"));
	decode(&tag, test_str(jwe, "tag"));
	decode(&ct, test_str(jwe, "ciphertext"));
	CHECK_OK(berth_aead_open(enc, &pt, cek, iv.p, iv.len, tag.p, tag.len, aad, strlen(aad), ct.p, ct.len));
	CHECK(pt.len && pt.p[0] == '{');
	berth_buf_free(&iv);
	berth_buf_free(&tag);
	berth_buf_free(&ct);
	berth_buf_free(&pt);
}

/* Everything a recipient says, unwrapped once as it is and once with each member changed. */
static void one_recipient(const struct berth_json *jwe, const struct berth_json *header, const char *encrypted_key,
			  const char *sender)
{
	char *epk = print(berth_json_get(header, "epk")), *altered = strdup(encrypted_key);
	const struct berth_keychain_jwe good = {
		.size = sizeof(good), .alg = test_str(header, "alg"), .epk = epk, .apu = test_str(header, "apu"),
		.apv = test_str(header, "apv"), .encrypted_key = encrypted_key, .sender = sender,
		.tag = sender ? test_str(jwe, "tag") : NULL,
	};
	enum berth_enc enc = berth_enc_parse(test_str(header, "enc"));
	struct berth_keychain_jwe bad;
	uint8_t cek[BERTH_KEYCHAIN_CEK_MAX];
	size_t n;

	CHECK_OK(berth_keychain_unwrap(k, NULL, &good, cek, &n));
	CHECK(n == berth_enc_key_len(enc));
	opens(jwe, enc, cek);

	bad = good;
	altered[2] = altered[2] == 'A' ? 'B' : 'A';
	bad.encrypted_key = altered;
	CHECK_RC(BERTH_E_DECRYPT, berth_keychain_unwrap(k, NULL, &bad, cek, &n));
	CHECK(n == 0);
	bad = good;
	bad.apv = "AAAA";
	CHECK_RC(BERTH_E_DECRYPT, berth_keychain_unwrap(k, NULL, &bad, cek, &n));
	bad = good;
	bad.alg = sender ? "ECDH-ES+A256KW" : "ECDH-1PU+A256KW";
	CHECK_RC(BERTH_E_TYPE, berth_keychain_unwrap(k, NULL, &bad, cek, &n));
	if (sender) {
		bad = good;
		bad.tag = NULL;
		CHECK_RC(BERTH_E_TYPE, berth_keychain_unwrap(k, NULL, &bad, cek, &n));
		bad.tag = "AAAA";
		CHECK_RC(BERTH_E_DECRYPT, berth_keychain_unwrap(k, NULL, &bad, cek, &n));
	} else {
		bad = good;
		bad.alg = "ECDH-ES+A128KW";
		CHECK_RC(BERTH_E_ALG, berth_keychain_unwrap(k, NULL, &bad, cek, &n));
	}
	free(epk);
	free(altered);
}

static size_t one_message(const char *path, const struct berth_json *alice, const struct berth_json *bob)
{
	struct berth_json *jwe = test_json_file(path), *header;
	struct berth_buf text = BERTH_BUF_INIT;
	char *sender = NULL;
	size_t n = 0;

	decode(&text, test_str(jwe, "protected"));
	CHECK_OK(berth_json_parse(&header, berth_buf_cstr(&text), text.len, 8192));
	if (test_str(header, "skid"))
		sender = print(secret(alice, test_str(header, "skid")));
	berth_json_each(r, berth_json_get(jwe, "recipients")) {
		import("bob", secret(bob, test_str(berth_json_get(r, "header"), "kid")));
		one_recipient(jwe, header, test_str(r, "encrypted_key"), sender);
		CHECK_OK(berth_keychain_delete(k, "bob"));
		n++;
	}
	free(sender);
	berth_buf_free(&text);
	berth_json_free(header);
	berth_json_free(jwe);
	return n;
}

static void the_content_keys_of_the_specifications_messages(void **state)
{
	struct berth_json *alice = test_json_file(SPEC "A1-sender-secrets.json"), *bob = test_json_file(SPEC "A2-recipient-secrets.json");
	char path[64];
	size_t n = 0;

	(void)state;
	for (int i = 1; i <= 6; i++) {
		snprintf(path, sizeof(path), SPEC "C3-%d.json", i);
		n += one_message(path, alice, bob);
	}
	CHECK(n == 14);
	berth_json_free(alice);
	berth_json_free(bob);
}

static void what_cannot_be_unwrapped(void **state)
{
	struct berth_keychain_jwe jwe = { .size = sizeof(jwe), .alg = "ECDH-ES+A256KW", .encrypted_key = "AAAA",
		.epk = "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"JHjsmIRZAaB0zRG_wNXLV2rPggF00hdHbW5rj8g0I24\"}" };
	uint8_t cek[BERTH_KEYCHAIN_CEK_MAX];
	char big[BERTH_KEYCHAIN_CEK_MAX * 2];
	size_t n;

	(void)state;
	CHECK_OK(berth_keychain_generate(k, "x", "x25519", NULL));
	CHECK_OK(berth_keychain_generate(k, "p", "p256", "agree"));
	CHECK_OK(berth_keychain_generate(k, "s", "p256", "sign"));
	CHECK_RC(BERTH_E_DECRYPT, berth_keychain_unwrap(k, "x", &jwe, cek, &n));
	CHECK_RC(BERTH_E_KEY, berth_keychain_unwrap(k, "p", &jwe, cek, &n));
	CHECK_RC(BERTH_E_KEY, berth_keychain_unwrap(k, "s", &jwe, cek, &n));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keychain_unwrap(k, "none", &jwe, cek, &n));
	jwe.encrypted_key = "AAA=";
	CHECK_RC(BERTH_E_B64, berth_keychain_unwrap(k, "x", &jwe, cek, &n));
	memset(big, 'A', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	jwe.encrypted_key = big;
	CHECK_RC(BERTH_E_SIZE, berth_keychain_unwrap(k, "x", &jwe, cek, &n));
	jwe.encrypted_key = NULL;
	CHECK_RC(BERTH_E_TYPE, berth_keychain_unwrap(k, "x", &jwe, cek, &n));
	jwe.encrypted_key = "AAAA";
	jwe.epk = "{";
	CHECK_RC(BERTH_E_JSON, berth_keychain_unwrap(k, "x", &jwe, cek, &n));
	jwe.epk = "{}";
	CHECK_RC(BERTH_E_KEY, berth_keychain_unwrap(k, "x", &jwe, cek, &n));
}

static void a_request_for_a_certificate(void **state)
{
	const char *san = "gw1.example";
	char *pem;

	(void)state;
	CHECK_OK(berth_keychain_generate(k, "s", "p256", NULL));
	CHECK_OK(berth_keychain_csr(k, "s", "/CN=gw1", &san, 1, &pem));
	CHECK(!strncmp(pem, "-----BEGIN CERTIFICATE REQUEST-----\n", 36));
	berth_string_free(pem);
	CHECK_RC(BERTH_E_TYPE, berth_keychain_csr(k, "s", "gw1", NULL, 0, &pem));
	CHECK(!pem);
	CHECK_RC(BERTH_E_KEYSTORE, berth_keychain_csr(k, "none", "/CN=gw1", NULL, 0, &pem));
}

static void only_a_device_attests(void **state)
{
	const uint8_t nonce[32] = { 1 };
	struct test_swtpm tpm;
	struct berth_keychain *t;
	struct berth_keychain_how how = { .size = sizeof(how), .create = 1 };
	char uri[256], at[TMPDIR_LEN], *json;

	(void)state;
	test_tmpdir(at);
	CHECK_OK(berth_keychain_generate(k, "s", "p256", NULL));
	CHECK_RC(BERTH_E_KEY, berth_keychain_attest(k, "s", nonce, &json));
	CHECK(!json);
	CHECK_OK(berth_keychain_capabilities(k, &json));
	CHECK(strstr(json, "\"custody\":\"sealed\",\"attestable\":false,\"import\":true"));
	berth_string_free(json);
	test_swtpm_start(&tpm, false);
	snprintf(uri, sizeof(uri), "tpm2:dev?dir=%s&tcti=%s", at, tpm.tcti);
	CHECK_OK(berth_keychain_open(&t, uri, &how));
	CHECK_OK(berth_keychain_generate(t, NULL, "p256", NULL));
	CHECK_OK(berth_keychain_attest(t, NULL, nonce, &json));
	CHECK(strstr(json, "\"certify\":{\"attest\":") && strstr(json, "\"nonce\":\"AQAAAA"));
	berth_string_free(json);
	CHECK_OK(berth_keychain_capabilities(t, &json));
	CHECK(strstr(json, "\"custody\":\"hardware\",\"attestable\":true,\"import\":false"));
	berth_string_free(json);
	berth_keychain_close(t);
	test_swtpm_stop(&tpm);
	test_tmpdir_remove(at);
}

static enum berth_err all_of_it(void *arg)
{
	char *json = NULL, *did = NULL, *t = NULL, *pem = NULL;
	enum berth_err rc;

	(void)arg;
	(void)((rc = berth_keychain_describe(k, "s", &json)) || (rc = berth_keychain_did(k, "s", &did)) ||
	       (rc = berth_keychain_sign_jws(k, "s", "kid", "JWT", "{}", 2, &t)) ||
	       (rc = berth_keychain_csr(k, "s", "/CN=a", NULL, 0, &pem)));
	berth_string_free(json);
	berth_string_free(did);
	berth_string_free(t);
	berth_string_free(pem);
	return rc;
}

static void c015_every_allocation_may_fail(void **state)
{
	(void)state;
	CHECK_OK(berth_keychain_generate(k, "s", "p256", NULL));
	CHECK(test_every_allocation_fails(all_of_it, NULL) > 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_key_is_made_shown_and_deleted),
		T(the_uri_may_name_the_key),
		T(what_cannot_be_made_is_e_key),
		T(opening_refuses),
		T(an_earlier_and_a_later_struct_open_too),
		T(a_token_opens),
		T(a_jws_verifies),
		T(a_jws_verifies_by_its_did),
		T(what_cannot_be_signed),
		T(the_content_keys_of_the_specifications_messages),
		T(what_cannot_be_unwrapped),
		T(a_request_for_a_certificate),
		T(only_a_device_attests),
		T(c015_every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
