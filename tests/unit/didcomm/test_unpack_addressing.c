/* SPDX-License-Identifier: Apache-2.0 */
/* From whom, to whom, and what is in what (group E). */
#include "tests/unit/didcomm/unpack.h"

static char *auth(const char *plain) { return post_jwe(&w, ALICE_X, BOB_X, "A256CBC-HS512", plain, strlen(plain)); }
static char *anon(const char *plain) { return post_jwe(&w, NULL, BOB_X, "XC20P", plain, strlen(plain)); }

/* f(inner), and inner is freed. */
static char *around(char *(*f)(const char *), char *inner)
{
	char *out = f(inner);

	free(inner);
	return out;
}

static char *signed_by_alice(const char *payload) { return jws(ALICE_ED, EDDSA, ALICE_ED, payload); }

static void c050_authcrypt_without_from_or_not_to_us_is_e_addr(void **state)
{
	(void)state;
	expect(BERTH_OK, auth(MSG(FROM("alice") BOB_TO)), "twin");
	expect(BERTH_OK, auth(MSG(FROM("alice"))), "no to");
	expect(BERTH_OK, auth(MSG(FROM("alice") ",\"to\":[\"did:example:carol\",\"did:example:bob\"]")), "second in to");
	expect(BERTH_E_ADDR, auth(MSG(BOB_TO)), "no from");
	expect(BERTH_E_ADDR, auth(MSG(FROM("alice") ",\"to\":[]")), "empty to");
	expect(BERTH_E_ADDR, auth(MSG(FROM("alice") ",\"to\":[\"did:example:carol\"]")), "not to us");
	expect(BERTH_E_ADDR, auth(MSG(FROM("mallory") BOB_TO)), "from is not skid's");
	expect(BERTH_E_ADDR, anon(MSG(",\"to\":[\"did:example:carol\"]")), "anoncrypt not to us");
	expect(BERTH_OK, anon(MSG("")), "anoncrypt to nobody");
}

static void c003_members_are_not_case_folded(void **state)
{
	(void)state;
	expect(BERTH_E_ADDR, auth(MSG(",\"From\":\"did:example:alice\"" BOB_TO)), "From");
	expect(BERTH_E_ADDR, auth(MSG(",\"FROM\":\"did:example:alice\"" BOB_TO)), "FROM");
	expect(BERTH_E_JSON, auth(MSG(FROM("alice") FROM("alice") BOB_TO)), "C001: from twice");
}

static void c052_anoncrypt_with_from_has_no_sender(void **state)
{
	struct berth_unpacked u;
	char *text = anon(MSG(FROM("alice") BOB_TO));

	(void)state;
	CHECK_OK(unpack_into(&u, text, false));
	CHECK(!u.authenticated && !u.non_repudiation && u.encrypted && u.anonymous_sender);
	CHECK(!berth_unpacked_sender(&u));
	assert_string_equal(u.msg.from, "did:example:alice");
	berth_unpacked_free(&u);
	free(text);
}

static void c053_signed_then_encrypted_without_to_is_e_addr(void **state)
{
	(void)state;
	expect(BERTH_E_ADDR, around(auth, signed_by_alice(MSG(FROM("alice")))), "authcrypt(sign)");
	expect(BERTH_E_ADDR, around(anon, signed_by_alice(MSG(FROM("alice")))), "anoncrypt(sign)");
	expect(BERTH_E_ADDR, around(anon, signed_by_alice(MSG(FROM("alice") ",\"to\":[\"did:example:carol\"]"))), "to another");
	expect(BERTH_OK, around(auth, signed_by_alice(MSG(FROM("alice") BOB_TO))), "twin");
	expect(BERTH_OK, around(anon, signed_by_alice(MSG(FROM("alice") BOB_TO))), "twin");
}

static void c055_signer_is_sender(void **state)
{
	const char *plain = MSG(FROM("alice") BOB_TO), *other = MSG(FROM("bob") BOB_TO);
	char *inner;

	(void)state;
	inner = signed_by_alice(plain);
	expect(BERTH_E_ADDR, post_jwe(&w, "did:example:bob#key-x25519-2", BOB_X, "A256CBC-HS512", inner, strlen(inner)),
	       "authcrypt by bob of what alice signed");
	free(inner);
	expect(BERTH_E_ADDR, signed_by_alice(other), "signed by alice, from bob");
	expect(BERTH_E_ADDR, around(auth, signed_by_alice(other)), "both");
	expect(BERTH_OK, around(auth, signed_by_alice(plain)), "twin");
}

static void c056_accepted_nestings(void **state)
{
	const char *plain = MSG(FROM("alice") BOB_TO);

	(void)state;
	expect(BERTH_OK, signed_by_alice(plain), "signed");
	expect(BERTH_OK, anon(plain), "anoncrypt");
	expect(BERTH_OK, auth(plain), "authcrypt");
	expect(BERTH_OK, around(anon, signed_by_alice(plain)), "anoncrypt(sign)");
	expect(BERTH_OK, around(anon, auth(plain)), "anoncrypt(authcrypt)");
	expect(BERTH_OK, around(auth, signed_by_alice(plain)), "authcrypt(sign)");
	w.key_ops = 0;
	expect(BERTH_OK, around(anon, around(auth, signed_by_alice(plain))), "anoncrypt(authcrypt(sign))");
	assert_int_equal(w.key_ops, 2);
}

static void c056_other_nestings_are_e_env(void **state)
{
	const char *plain = MSG(FROM("alice") BOB_TO);
	char *text;

	(void)state;
	expect(BERTH_E_ENV, around(signed_by_alice, signed_by_alice(plain)), "sign(sign)");
	expect(BERTH_E_ENV, around(signed_by_alice, auth(plain)), "sign(authcrypt)");
	expect(BERTH_E_ENV, around(signed_by_alice, anon(plain)), "sign(anoncrypt)");
	expect(BERTH_E_ENV, around(auth, auth(plain)), "authcrypt(authcrypt)");
	expect(BERTH_E_ENV, around(anon, anon(plain)), "anoncrypt(anoncrypt)");
	expect(BERTH_E_ENV, around(auth, anon(plain)), "authcrypt(anoncrypt)");
	expect(BERTH_E_ENV, around(anon, around(signed_by_alice, signed_by_alice(plain))), "anoncrypt(sign(sign))");
	expect(BERTH_E_ENV, around(anon, around(auth, around(auth, signed_by_alice(plain)))), "four");
	text = anon(plain);
	for (int i = 0; i < 5; i++)
		text = around(anon, text);
	w.key_ops = 0;
	expect(BERTH_E_ENV, text, "six");
	CHECK(w.key_ops <= BERTH_NESTING_MAX);
}

/* The peer's mistake is told from a forger's, whatever its base64url looks like. */
static void v1_is_refused_by_name(void **state)
{
	static const char v1[] = "the peer speaks DIDComm v1";
	struct berth_json *all = test_json_file("tests/vectors/didcomm-v1/envelopes.json");
	struct berth_unpacked u;
	size_t passed = 0;

	(void)state;
	w.key_ops = w.lookups = 0;
	berth_json_each(c, all) {
		struct berth_buf b = BERTH_BUF_INIT;

		CHECK_OK(berth_json_print(&b, berth_json_get(c, "message")));
		CHECK_RC(BERTH_E_ENV, unpack(berth_buf_cstr(&b)));
		assert_string_equal(berth_err_detail(), v1);
		berth_buf_free(&b);
		passed++;
	}
	CHECK_RC(BERTH_E_ENV, unpack("{\"@type\":\"https://didcomm.org/trust_ping/1.0/ping\",\"@id\":\"1\"}"));
	assert_string_equal(berth_err_detail(), v1);
	CHECK_RC(BERTH_E_ENV, unpack_into(&u, "{\"@type\":\"https://didcomm.org/trust_ping/1.0/ping\",\"@id\":\"1\"}", true));
	CHECK_RC(BERTH_E_ALG, unpack("{\"protected\":\"eyJhbGciOiJkaXIifQ\",\"ciphertext\":\"\"}"));	/* {"alg":"dir"} */
	CHECK_RC(BERTH_E_B64, unpack("{\"protected\":\"====\",\"ciphertext\":\"\"}"));
	CHECK(w.key_ops == 0 && w.lookups == 0);
	VECTORS("didcomm-v1 (refused by name)", passed, 4);
	assert_int_equal(passed, 4);
	berth_json_free(all);
}

static void c057_plaintext_from_the_network_is_e_env(void **state)
{
	struct berth_unpacked u;

	(void)state;
	CHECK_RC(BERTH_E_ENV, unpack(MSG(FROM("alice") BOB_TO)));
	CHECK_OK(unpack_into(&u, MSG(FROM("alice") BOB_TO), true));
	CHECK(!u.encrypted && !u.authenticated && !u.anonymous_sender && !berth_unpacked_sender(&u));
	berth_unpacked_free(&u);
	CHECK_RC(BERTH_E_TYPE, unpack_into(&u, "{}", true));
	CHECK_RC(BERTH_E_TYPE, unpack_into(&u, "[]", true));
	CHECK_RC(BERTH_E_TYPE, unpack_into(&u, "\"aaaa\"", true));
	CHECK_RC(BERTH_E_JSON, unpack_into(&u, "", true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c050_authcrypt_without_from_or_not_to_us_is_e_addr),
		cmocka_unit_test(c003_members_are_not_case_folded),
		cmocka_unit_test(c052_anoncrypt_with_from_has_no_sender),
		cmocka_unit_test(c053_signed_then_encrypted_without_to_is_e_addr),
		cmocka_unit_test(c055_signer_is_sender),
		cmocka_unit_test(c056_accepted_nestings),
		cmocka_unit_test(c056_other_nestings_are_e_env),
		cmocka_unit_test(c057_plaintext_from_the_network_is_e_env),
		cmocka_unit_test(v1_is_refused_by_name),
	};

	return cmocka_run_group_tests(tests, setup, post_teardown);
}
