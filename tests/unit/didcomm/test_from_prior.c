/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/json.h"
#include "tests/fakes/post.h"

#include "did/base/secret.h"
#include "did/codec/base64url.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/jose/jws.h"
#include "did/method_peer.h"
#include "didcomm/from_prior.h"
#include "didcomm/pack.h"
#include "didcomm/unpack.h"

#define RUST "tests/vectors/didcomm-rust/"
#define ALICE "did:example:alice"
#define BOB "did:example:bob"
#define CHARLIE "did:example:charlie"
#define HEADER(kid) "{\"typ\":\"JWT\",\"alg\":\"EdDSA\",\"kid\":\"" kid "\"}"
#define CLAIMS "{\"iss\":\"" CHARLIE "\",\"sub\":\"" ALICE "\",\"iat\":123456}"

static struct post w;

static enum berth_err verify_for(const char *jwt, const char *from)
{
	struct berth_json *claims;
	char *kid;
	enum berth_err rc = berth_from_prior_verify(&claims, &kid, jwt, from, &w.resolver);

	CHECK(!rc == (claims != NULL) && !rc == (kid != NULL));
	berth_json_free(claims);
	free(kid);
	return rc;
}

static enum berth_err verify(const char *jwt) { return verify_for(jwt, ALICE); }

/* A compact JWS with the key of that kid; free(). */
static char *jwt(const char *key, const char *header, const char *claims)
{
	struct berth_buf b = BERTH_BUF_INIT;
	uint8_t sig[BERTH_SIG_MAX];
	size_t n = 0;

	berth_b64url_encode(&b, header, strlen(header));
	berth_buf_u8(&b, '.');
	berth_b64url_encode(&b, claims, strlen(claims));
	CHECK_OK(berth_sign(sig, &n, post_find(&w, key), b.p, b.len));
	berth_buf_u8(&b, '.');
	berth_b64url_encode(&b, sig, n);
	return berth_buf_take_str(&b);
}

static void expect(enum berth_err want, char *token, const char *what)
{
	enum berth_err rc = verify(token);

	if (rc != want)
		fail_msg("%s: %s (%s), want %s", what, berth_err_name(rc), berth_err_detail(), berth_err_name(want));
	free(token);
}

/* FULL has an exp long past; that is for whoever knows the time.  The invalid
 * signature's last character has bits that no encoder sets. */
static void didcomm_rust_tokens(void **state)
{
	struct berth_json *all = test_json_file(RUST "from_prior_jwt.json");
	size_t passed = 0;

	(void)state;
	berth_json_each(c, all) {
		const char *name = berth_json_str(berth_json_get(c, "name"));
		const char *token = berth_json_str(berth_json_get(c, "message"));

		if (strcmp(name, "FROM_PRIOR_JWT_FULL") == 0)
			CHECK_OK(verify(token));
		else if (strcmp(name, "FROM_PRIOR_JWT_INVALID") == 0)
			CHECK_RC(BERTH_E_ENV, verify(token));
		else
			CHECK_RC(BERTH_E_B64, verify(token));
		passed++;
	}
	VECTORS("didcomm-rust/from_prior_jwt.json", passed, berth_json_len(all));
	berth_json_free(all);
}

static void twin_is_accepted(void **state)
{
	(void)state;
	expect(BERTH_OK, jwt(CHARLIE "#key-1", HEADER(CHARLIE "#key-1"), CLAIMS), "twin");
	expect(BERTH_OK, jwt(CHARLIE "#key-1", "{\"alg\":\"EdDSA\",\"kid\":\"" CHARLIE "#key-1\"}", CLAIMS), "no typ");
}

static void c061_claims_that_are_no_rotation(void **state)
{
	static const char *const bad[] = {
		"{\"iss\":\"" CHARLIE "\",\"sub\":\"" BOB "\",\"iat\":1}",
		"{\"iss\":\"" CHARLIE "\",\"sub\":\"" CHARLIE "\",\"iat\":1}",
		"{\"iss\":\"" CHARLIE "\",\"iat\":1}", "{\"sub\":\"" ALICE "\",\"iat\":1}",
		"{\"iss\":\"" CHARLIE "\",\"sub\":\"" ALICE "\"}", "{\"iss\":1,\"sub\":\"" ALICE "\",\"iat\":1}",
		"{\"iss\":\"" CHARLIE "\",\"sub\":\"" ALICE "\",\"iat\":\"1\"}",
		"{\"iss\":\"" CHARLIE "\",\"sub\":\"" ALICE "#key-1\",\"iat\":1}",
		"{\"iss\":\"charlie\",\"sub\":\"" ALICE "\",\"iat\":1}",
		"{\"iss\":\"" CHARLIE "?v=1\",\"sub\":\"" ALICE "\",\"iat\":1}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect(BERTH_E_ROTATE, jwt(CHARLIE "#key-1", HEADER(CHARLIE "#key-1"), bad[i]), bad[i]);
	expect(BERTH_E_ROTATE, jwt(ALICE "#key-1", HEADER(ALICE "#key-1"), "{\"iss\":\"" ALICE "\",\"sub\":\"" ALICE "\",\"iat\":1}"),
	       "from alice to alice");
}

static void c061_alg_none_and_other_algorithms(void **state)
{
	(void)state;
	expect(BERTH_E_ROTATE, jwt(CHARLIE "#key-1", "{\"alg\":\"none\",\"kid\":\"" CHARLIE "#key-1\"}", CLAIMS), "none");
	expect(BERTH_E_ROTATE, jwt(CHARLIE "#key-1", "{\"alg\":\"ES256\",\"kid\":\"" CHARLIE "#key-1\"}", CLAIMS), "ES256");
	expect(BERTH_E_ROTATE, jwt(CHARLIE "#key-1", "{\"alg\":\"ES256K\",\"kid\":\"" CHARLIE "#key-1\"}", CLAIMS), "ES256K");
}

/* alice's document has an Ed25519, a P-256 and a secp256k1 authentication key. */
static void c061_every_algorithm_of_an_authentication_key(void **state)
{
	static const struct { const char *key, *alg; enum berth_err want; } cases[] = {
		{ ALICE "#key-1", "EdDSA", BERTH_OK }, { ALICE "#key-2", "ES256", BERTH_OK },
		{ ALICE "#key-3", "ES256K", BERTH_OK }, { ALICE "#key-3", "ES256", BERTH_E_ROTATE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char header[128], *token;

		snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"kid\":\"%s\"}", cases[i].alg, cases[i].key);
		token = jwt(cases[i].key, header, "{\"iss\":\"" ALICE "\",\"sub\":\"" BOB "\",\"iat\":1}");
		CHECK_RC(cases[i].want, verify_for(token, BOB));
		CHECK_RC(BERTH_E_ROTATE, verify_for(token, NULL));
		free(token);
	}
}

static void c061_exp_and_nbf_are_judged_where_the_time_is_known(void **state)
{
	struct berth_json *c = NULL;
	const char *text = "{\"exp\":100,\"nbf\":50}";

	(void)state;
	CHECK_OK(berth_json_parse(&c, text, strlen(text), 1024));
	CHECK_OK(berth_from_prior_check_time(c, 50));
	CHECK_OK(berth_from_prior_check_time(c, 99));
	CHECK_RC(BERTH_E_ROTATE, berth_from_prior_check_time(c, 100));
	CHECK_RC(BERTH_E_ROTATE, berth_from_prior_check_time(c, 49));
	CHECK_OK(berth_json_set_str(c, "exp", "soon"));
	CHECK_RC(BERTH_E_ROTATE, berth_from_prior_check_time(c, 60));
	berth_json_remove(c, "exp");
	berth_json_remove(c, "nbf");
	CHECK_OK(berth_from_prior_check_time(c, 0));
	berth_json_free(c);
}

static void c062_signed_by_a_key_that_is_not_the_prior_dids(void **state)
{
	(void)state;
	expect(BERTH_E_ROTATE, jwt(ALICE "#key-1", HEADER(ALICE "#key-1"), CLAIMS), "the new DID's key");
	assert_string_equal(berth_err_detail(), "from_prior: not signed by iss");
	expect(BERTH_E_ROTATE, jwt(ALICE "#key-1", HEADER(CHARLIE "#key-1"), CLAIMS), "the new DID's key under the old kid");
	expect(BERTH_E_ROTATE, jwt(CHARLIE "#key-1", HEADER(CHARLIE "#key-x25519-1"), CLAIMS), "an agreement key");
	expect(BERTH_E_ROTATE, jwt(CHARLIE "#key-1", HEADER(CHARLIE "#nothing"), CLAIMS), "no key");
}

static void c024a_kid_missing_relative_or_without_fragment_is_e_env(void **state)
{
	(void)state;
	expect(BERTH_E_ENV, jwt(CHARLIE "#key-1", "{\"alg\":\"EdDSA\"}", CLAIMS), "missing");
	expect(BERTH_E_ENV, jwt(CHARLIE "#key-1", HEADER("#key-1"), CLAIMS), "relative");
	expect(BERTH_E_ENV, jwt(CHARLIE "#key-1", HEADER(CHARLIE), CLAIMS), "no fragment");
}

static void c033_other_tokens_are_e_env(void **state)
{
	static const char *const typs[] = { "vc+jwt", "kb+jwt", "berth-receipt+jwt", "application/didcomm-signed+json" };
	char header[160];

	(void)state;
	for (size_t i = 0; i < sizeof(typs) / sizeof(typs[0]); i++) {
		snprintf(header, sizeof(header), "{\"typ\":\"%s\",\"alg\":\"EdDSA\",\"kid\":\"" CHARLIE "#key-1\"}", typs[i]);
		expect(BERTH_E_ENV, jwt(CHARLIE "#key-1", header, CLAIMS), typs[i]);
	}
}

static void refuses_every_truncation_and_flip(void **state)
{
	char *good = jwt(CHARLIE "#key-1", HEADER(CHARLIE "#key-1"), CLAIMS);
	size_t n = strlen(good);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		char *cut = strndup(good, i);

		if (verify(cut) == BERTH_OK)
			fail_msg("cut at %zu", i);
		free(cut);
	}
	for (size_t bit = 0; bit < 8 * n; bit++) {
		good[bit / 8] = (char)(good[bit / 8] ^ (1 << (bit % 8)));
		if (good[bit / 8] && verify(good) == BERTH_OK)
			fail_msg("bit %zu", bit);
		good[bit / 8] = (char)(good[bit / 8] ^ (1 << (bit % 8)));
	}
	CHECK_OK(verify(good));
	free(good);
}

/* ---- in messages: C063 ---- */

static char *message(const char *token)
{
	struct berth_buf b = BERTH_BUF_INIT;

	berth_buf_printf(&b, "{\"id\":\"1\",\"type\":\"https://example.com/p/1.0/m\",\"from\":\"" ALICE "\","
			 "\"to\":[\"" BOB "\"],\"from_prior\":\"%s\"}", token);
	return berth_buf_take_str(&b);
}

static enum berth_err unpack(struct berth_unpacked *u, char *text)
{
	const struct berth_unpack p = { .resolver = &w.resolver, .keyring = &w.keyring, .allow_plaintext = true };
	enum berth_err rc = berth_unpack(u, &p, text, strlen(text));

	free(text);
	return rc;
}

static void c063_only_inside_authenticated_encryption(void **state)
{
	char *token = jwt(CHARLIE "#key-1", HEADER(CHARLIE "#key-1"), CLAIMS), *plain = message(token), *inner;
	struct berth_unpacked u;

	(void)state;
	CHECK_RC(BERTH_E_ROTATE, unpack(&u, strdup(plain)));
	inner = post_jws(&w, ALICE "#key-1", "{\"typ\":\"application/didcomm-signed+json\",\"alg\":\"EdDSA\"}",
			  ALICE "#key-1", plain);
	CHECK_RC(BERTH_E_ROTATE, unpack(&u, strdup(inner)));
	CHECK_RC(BERTH_E_ROTATE, unpack(&u, post_jwe(&w, NULL, BOB "#key-x25519-1", "XC20P", plain, strlen(plain))));
	CHECK_OK(unpack(&u, post_jwe(&w, NULL, BOB "#key-x25519-1", "XC20P", inner, strlen(inner))));
	berth_unpacked_free(&u);
	CHECK_OK(unpack(&u, post_jwe(&w, ALICE "#key-x25519-1", BOB "#key-x25519-1", "A256CBC-HS512", plain, strlen(plain))));
	assert_string_equal(u.from_prior_issuer_kid, CHARLIE "#key-1");
	assert_string_equal(berth_json_str(berth_json_get(u.from_prior, "iss")), CHARLIE);
	berth_unpacked_free(&u);
	free(inner);
	free(plain);
	free(token);
}

static void a_bad_from_prior_spoils_the_message(void **state)
{
	char *token = jwt(ALICE "#key-1", HEADER(ALICE "#key-1"), CLAIMS), *plain = message(token);
	struct berth_unpacked u;

	(void)state;
	CHECK_RC(BERTH_E_ROTATE, unpack(&u, post_jwe(&w, ALICE "#key-x25519-1", BOB "#key-x25519-1", "A256CBC-HS512",
						      plain, strlen(plain))));
	CHECK(!u.msg.json);
	free(plain);
	free(token);
}

static void makes_what_it_verifies(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *claims;
	char *kid;

	(void)state;
	CHECK_OK(berth_from_prior_create(&b, CHARLIE "#key-1", ALICE, 1700000000, &w.keyring));
	CHECK_OK(berth_from_prior_verify(&claims, &kid, berth_buf_cstr(&b), ALICE, &w.resolver));
	assert_string_equal(kid, CHARLIE "#key-1");
	assert_int_equal((int64_t)berth_json_num(berth_json_get(claims, "iat")), 1700000000);
	berth_json_free(claims);
	free(kid);
	berth_buf_free(&b);
}

/* A did:peer:4 in its long form with a service of that much text; free(). */
static char *long_peer(const struct berth_privkey *key, int pad)
{
	struct berth_peer_spec spec = { .verification = { key->pub }, .n_verification = 1 };
	struct berth_json *services = berth_json_new_array(), *service = berth_json_new_object();
	struct berth_buf did = BERTH_BUF_INIT;
	char *text = malloc((size_t)pad + 1);

	snprintf(text, (size_t)pad + 1, "%0*d", pad, 0);
	CHECK_OK(berth_json_set_str(service, "id", "#s"));
	CHECK_OK(berth_json_set_str(service, "type", "x"));
	CHECK_OK(berth_json_set_str(service, "serviceEndpoint", text));
	CHECK_OK(berth_json_push(services, service));
	spec.services = services;
	CHECK_OK(berth_did_peer_create(&did, 4, &spec));
	berth_json_free(services);
	free(text);
	return berth_buf_take_str(&did);
}

/* The kid of the longest DID still fits into a header, and both DIDs into the claims. */
static void the_longest_kids_fit(void **state)
{
	struct berth_buf kid = BERTH_BUF_INIT, token = BERTH_BUF_INIT;
	struct berth_json *claims = NULL;
	struct berth_privkey key;
	char *did = NULL, *to = NULL, *got = NULL;

	(void)state;
	CHECK_OK(berth_keypair_generate(&key, BERTH_KEY_ED25519));
	for (int pad = 5580; pad < 5660 && (!did || strlen(did) < BERTH_KID_MAX - 14); pad++) {
		free(did);
		did = long_peer(&key, pad);
	}
	to = long_peer(&key, 5000);
	berth_buf_printf(&kid, "%s#key-1", did);
	CHECK(kid.len > BERTH_KID_MAX - 20 && kid.len <= BERTH_KID_MAX);
	post_key(&w, berth_buf_cstr(&kid), &key);
	CHECK_OK(berth_from_prior_create(&token, berth_buf_cstr(&kid), to, 1, &w.keyring));
	CHECK(token.len < BERTH_FROM_PRIOR_MAX);
	CHECK_OK(berth_from_prior_verify(&claims, &got, berth_buf_cstr(&token), to, &w.resolver));
	assert_string_equal(got, berth_buf_cstr(&kid));
	berth_json_free(claims);
	berth_buf_free(&kid);
	berth_buf_free(&token);
	free(did);
	free(to);
	free(got);
}

static int setup(void **state)
{
	*state = &w;
	post_open(&w, "ab");
	post_add_rust(&w, "charlie", true);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(didcomm_rust_tokens),
		cmocka_unit_test(twin_is_accepted),
		cmocka_unit_test(c061_claims_that_are_no_rotation),
		cmocka_unit_test(c061_alg_none_and_other_algorithms),
		cmocka_unit_test(c061_every_algorithm_of_an_authentication_key),
		cmocka_unit_test(c061_exp_and_nbf_are_judged_where_the_time_is_known),
		cmocka_unit_test(c062_signed_by_a_key_that_is_not_the_prior_dids),
		cmocka_unit_test(c024a_kid_missing_relative_or_without_fragment_is_e_env),
		cmocka_unit_test(c033_other_tokens_are_e_env),
		cmocka_unit_test(refuses_every_truncation_and_flip),
		cmocka_unit_test(c063_only_inside_authenticated_encryption),
		cmocka_unit_test(a_bad_from_prior_spoils_the_message),
		cmocka_unit_test(makes_what_it_verifies),
		cmocka_unit_test(the_longest_kids_fit),
	};

	return cmocka_run_group_tests(tests, setup, post_teardown);
}
