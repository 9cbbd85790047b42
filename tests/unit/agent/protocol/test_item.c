/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/item.h"

#include "agent/protocol/onboarding.h"
#include "did/codec/base64url.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/jose/jws.h"
#include "did/method_key.h"
#include "tests/check.h"

#define DIGEST "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define OTHER "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define TYP "berth-firmware+jwt"

/* ---- a gateway as far as items matter ---- */
static const char *highest;	/* that was installed; NULL: none */

static enum berth_err get(struct berth_records *r, const char *ns, const char *key, struct berth_buf *value)
{
	(void)r;
	assert_string_equal(BERTH_NS_FIRMWARE, ns);
	assert_string_equal(BERTH_FIRMWARE_HIGHEST, key);
	if (!highest)
		return berth_fail(BERTH_E_NOMATCH, "none");
	berth_buf_str(value, highest);
	return berth_buf_status(value);
}

static struct berth_records records = { .get = get };
static struct berth_policy policy;
static struct berth_resolver resolver;
static struct berth_env env = { .records = &records, .policy = &policy, .resolver = &resolver };

static enum berth_err check(const char *type, const char *text)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_str(&b, text);
	rc = berth_item_check(&env, type, &b, NULL);
	berth_buf_free(&b);
	return rc;
}

/* ---- who signs ---- */
struct signer { struct berth_privkey key; char did[128], kid[256]; };
static struct signer vendor, stranger;

static void make(struct signer *s)
{
	struct berth_buf did = BERTH_BUF_INIT;

	CHECK_OK(berth_keypair_generate(&s->key, BERTH_KEY_ED25519));
	CHECK_OK(berth_did_key_create(&did, &s->key.pub));
	snprintf(s->did, sizeof(s->did), "%s", berth_buf_cstr(&did));
	snprintf(s->kid, sizeof(s->kid), "%s#%s", s->did, s->did + strlen("did:key:"));
	berth_buf_free(&did);
}

/* {"url", ..., "signature": by that one, over said}; the next call reuses it. */
static const char *signed_by(const struct signer *s, const char *typ, const char *said, const char *version)
{
	static char text[4096];
	struct berth_json *header = berth_json_new_object();
	struct berth_buf jws = BERTH_BUF_INIT;
	uint8_t sig[BERTH_SIG_MAX];
	size_t len;

	CHECK_OK(berth_json_set_str(header, "alg", "EdDSA"));
	CHECK_OK(berth_json_set_str(header, "kid", s->kid));
	CHECK_OK(berth_json_set_str(header, "typ", typ));
	CHECK_OK(berth_jws_signing_input(&jws, header, said, strlen(said)));
	CHECK_OK(berth_sign(sig, &len, &s->key, jws.p, jws.len));
	berth_buf_u8(&jws, '.');
	berth_b64url_encode(&jws, sig, len);
	snprintf(text, sizeof(text), "{\"url\":\"https://a.example/fw\",\"sha256\":\"" DIGEST "\",\"size\":5,"
		 "\"version\":\"%s\",\"signature\":\"%s\"}", version, berth_buf_cstr(&jws));
	berth_buf_free(&jws);
	berth_json_free(header);
	return text;
}

static int fresh(void **state)
{
	(void)state;
	policy = (struct berth_policy){ 0 };
	highest = NULL;
	berth_resolver_builtin_init(&resolver, NULL);
	make(&vendor);
	make(&stranger);
	return 0;
}

static const char *reference(const char *url, const char *sha, const char *size, const char *version)
{
	static char text[1024];

	snprintf(text, sizeof(text), "{\"url\":%s,\"sha256\":%s,\"size\":%s,\"version\":%s}", url, sha, size, version);
	return text;
}
#define URL "\"https://a.example/fw\""
#define SHA "\"" DIGEST "\""

static void only_types_that_are_known_are_taken(void **state)
{
	static const char *const known[] = { "network", "config", "file", "cloud", "lwm2m-security", "trust", "hook" };

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		CHECK_OK(check(known[i], "\x01 anything"));
	CHECK_RC(BERTH_E_TYPE, check("networks", "x"));
	CHECK_RC(BERTH_E_TYPE, check("net", "x"));
	CHECK_RC(BERTH_E_TYPE, check("", "x"));
	CHECK_RC(BERTH_E_TYPE, check("network config", "x"));
}

static void c158_references_are_of_one_form(void **state)
{
	(void)state;
	CHECK_OK(check("firmware-ref", reference(URL, SHA, "5", "\"1.2\"")));
	CHECK_RC(BERTH_E_JSON, check("firmware-ref", "url=https://a.example"));
	CHECK_RC(BERTH_E_JSON, check("firmware-ref", ""));
	CHECK_RC(BERTH_E_TYPE, check("firmware-ref", reference("\"http://a.example/fw\"", SHA, "5", "\"1.2\"")));
	CHECK_RC(BERTH_E_TYPE, check("firmware-ref", reference("\"file:///etc/shadow\"", SHA, "5", "\"1.2\"")));
	CHECK_RC(BERTH_E_TYPE, check("firmware-ref", reference("7", SHA, "5", "\"1.2\"")));
	CHECK_RC(BERTH_E_TYPE, check("firmware-ref", reference(URL, "7", "5", "\"1.2\"")));
	CHECK_RC(BERTH_E_SIZE, check("firmware-ref", reference(URL, "\"" DIGEST "=\"", "5", "\"1.2\"")));
	CHECK_RC(BERTH_E_B64, check("firmware-ref", reference(URL, "\"AAAA\"", "5", "\"1.2\"")));
	CHECK_RC(BERTH_E_TYPE, check("firmware-ref", reference(URL, SHA, "0", "\"1.2\"")));
	CHECK_RC(BERTH_E_TYPE, check("firmware-ref", reference(URL, SHA, "\"5\"", "\"1.2\"")));
	CHECK_RC(BERTH_E_TYPE, check("firmware-ref", reference(URL, SHA, "5", "1.2")));
	CHECK_RC(BERTH_E_TYPE, check("firmware-ref", reference(URL, SHA, "5", "\"latest\"")));
}

static void a_reference_that_was_cut_is_none(void **state)
{
	char text[1024];

	(void)state;
	snprintf(text, sizeof(text), "%s", reference(URL, SHA, "5", "\"1.2\""));
	for (size_t n = strlen(text) - 1; n < sizeof(text) && n > 0; n--) {
		text[n] = '\0';
		CHECK_RC(BERTH_E_JSON, check("firmware-ref", text));
	}
}

static int compare(const char *a, const char *b)
{
	struct berth_firmware_version x, y;

	CHECK_OK(berth_firmware_version_parse(&x, a));
	CHECK_OK(berth_firmware_version_parse(&y, b));
	return berth_firmware_version_cmp(&x, &y);
}

static void versions_are_numbers_and_not_text(void **state)
{
	static const char *const bad[] = { "", ".", "1.", ".1", "1..2", "v1", "1.2-rc1", "1 2", "-1", "1.2.3.4.5.6.7.8.9",
					   "1234567890", "1,2" };
	struct berth_firmware_version v;

	(void)state;
	assert_int_equal(-1, compare("1.9", "1.10"));
	assert_int_equal(1, compare("2", "1.999999999"));
	assert_int_equal(0, compare("1.2", "1.2.0.0"));
	assert_int_equal(0, compare("01.2", "1.02"));
	assert_int_equal(1, compare("1.2.3.4.5.6.7.9", "1.2.3.4.5.6.7.8"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_TYPE, berth_firmware_version_parse(&v, bad[i]));
}

static void c158_versions_only_go_up(void **state)
{
	(void)state;
	policy.firmware = "1.4";
	CHECK_RC(BERTH_E_REPLAY, check("firmware-ref", reference(URL, SHA, "5", "\"1.3.9\"")));
	CHECK_RC(BERTH_E_REPLAY, check("firmware-ref", reference(URL, SHA, "5", "\"1.4.0\"")));
	CHECK_OK(check("firmware-ref", reference(URL, SHA, "5", "\"1.4.1\"")));
	highest = "1.10";	/* what a hook has installed since */
	CHECK_RC(BERTH_E_REPLAY, check("firmware-ref", reference(URL, SHA, "5", "\"1.4.1\"")));
	CHECK_RC(BERTH_E_REPLAY, check("firmware-ref", reference(URL, SHA, "5", "\"1.10\"")));
	CHECK_OK(check("firmware-ref", reference(URL, SHA, "5", "\"1.10.0.1\"")));
	policy.firmware = "build of Tuesday";	/* no version: what was installed still counts */
	CHECK_RC(BERTH_E_REPLAY, check("firmware-ref", reference(URL, SHA, "5", "\"1.10\"")));
	highest = NULL;
	CHECK_OK(check("firmware-ref", reference(URL, SHA, "5", "\"1.10\"")));
}

#define SAID "{\"sha256\":\"" DIGEST "\",\"size\":5,\"version\":\"2.0\"}"

static void c158_only_a_signer_of_ours_vouches_for_firmware(void **state)
{
	char *cut, text[4096];

	(void)state;
	CHECK_OK(check("firmware-ref", signed_by(&stranger, TYP, SAID, "2.0")));	/* nobody is asked */
	policy.firmware_signers[policy.n_firmware_signers++] = vendor.did;
	CHECK_OK(check("firmware-ref", signed_by(&vendor, TYP, SAID, "2.0")));
	CHECK_RC(BERTH_E_AUTHZ, check("firmware-ref", signed_by(&stranger, TYP, SAID, "2.0")));
	CHECK_RC(BERTH_E_SIG, check("firmware-ref", reference(URL, SHA, "5", "\"2.0\"")));
	CHECK_RC(BERTH_E_ENV, check("firmware-ref", signed_by(&vendor, "vc+jwt", SAID, "2.0")));
	CHECK_RC(BERTH_E_AUTHZ, check("firmware-ref", signed_by(&vendor, TYP, SAID, "2.1")));
	CHECK_RC(BERTH_E_AUTHZ, check("firmware-ref", signed_by(&vendor, TYP, "{\"sha256\":\"" OTHER "\",\"size\":5,\"version\":\"2.0\"}", "2.0")));
	CHECK_RC(BERTH_E_AUTHZ, check("firmware-ref", signed_by(&vendor, TYP, "{\"sha256\":\"" DIGEST "\",\"size\":6,\"version\":\"2.0\"}", "2.0")));
	CHECK_RC(BERTH_E_AUTHZ, check("firmware-ref", signed_by(&vendor, TYP, "{}", "2.0")));
	CHECK_RC(BERTH_E_JSON, check("firmware-ref", signed_by(&vendor, TYP, "firmware", "2.0")));

	snprintf(text, sizeof(text), "%s", signed_by(&vendor, TYP, SAID, "2.0"));
	cut = strrchr(text, '.') + 1;
	*cut = *cut == 'A' ? 'B' : 'A';
	CHECK_RC(BERTH_E_SIG, check("firmware-ref", text));
	cut = vendor.kid + strlen(vendor.kid) - 1;
	*cut = *cut == 'x' ? 'y' : 'x';	/* a key that it does not have */
	CHECK_RC(BERTH_E_KEY, check("firmware-ref", signed_by(&vendor, TYP, SAID, "2.0")));
}

static void the_version_is_handed_out(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	char *version;

	(void)state;
	berth_buf_str(&b, reference(URL, SHA, "5", "\"1.2.3\""));
	CHECK_OK(berth_item_check(&env, "firmware-ref", &b, &version));
	assert_string_equal("1.2.3", version);
	free(version);
	CHECK_OK(berth_item_check(&env, "file", &b, &version));
	assert_null(version);
	highest = "3";
	CHECK_RC(BERTH_E_REPLAY, berth_item_check(&env, "firmware-ref", &b, &version));
	assert_null(version);
	berth_buf_free(&b);
}

#define TEST(f) cmocka_unit_test_setup(f, fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_types_that_are_known_are_taken),
		TEST(c158_references_are_of_one_form),
		TEST(a_reference_that_was_cut_is_none),
		TEST(versions_are_numbers_and_not_text),
		TEST(c158_versions_only_go_up),
		TEST(c158_only_a_signer_of_ours_vouches_for_firmware),
		TEST(the_version_is_handed_out),
	};

	return cmocka_run_group_tests_name("item", tests, NULL, NULL);
}
