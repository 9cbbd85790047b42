/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of an envelope: algorithms, apv, apu and skid. */
#include <time.h>

#include "tests/unit/didcomm/jwe.h"

static void twins_are_accepted(void **state)
{
	char *es = vector("C3-1"), *pu = vector("C3-4");

	(void)state;
	w.key_ops = 0;
	CHECK_OK(unpack(es));
	assert_int_equal(w.key_ops, 1);
	CHECK_OK(unpack(pu));
	assert_int_equal(w.key_ops, 2);
	free(es);
	free(pu);
}

static void c037_1pu_with_another_enc_is_e_alg(void **state)
{
	char *pu = vector("C3-4"), *es = vector("C3-1");

	(void)state;
	header_case(BERTH_E_ALG, pu, "enc", "\"A256GCM\"");
	header_case(BERTH_E_ALG, pu, "enc", "\"XC20P\"");
	header_case(BERTH_E_ALG, pu, "enc", "\"A128CBC-HS256\"");
	header_case(BERTH_E_ALG, es, "enc", "\"A128GCM\"");
	header_case(BERTH_E_ALG, es, "enc", "\"A192GCM\"");
	header_case(BERTH_E_ALG, es, "enc", "\"a256gcm\"");
	header_case(BERTH_E_ALG, es, "enc", "\"nonsense\"");
	header_case(BERTH_E_DECRYPT, es, "enc", "\"A256GCM\"");	/* ours, but not how it was encrypted */
	header_case(BERTH_E_ENV, es, "enc", "7");
	free(pu);
	free(es);
}

static void c038_other_key_management_is_e_alg(void **state)
{
	static const char *const algs[] = {
		"\"dir\"", "\"RSA1_5\"", "\"RSA-OAEP\"", "\"A256KW\"", "\"PBES2-HS512+A256KW\"", "\"ECDH-ES\"",
		"\"ECDH-1PU\"", "\"ECDH-ES+A128KW\"", "\"ecdh-es+a256kw\"", "\"none\"", "\"\"",
	};
	char *es = vector("C3-1"), *p2c, *bad;
	clock_t start = clock();

	(void)state;
	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
		header_case(BERTH_E_ALG, es, "alg", algs[i]);
	p2c = post_with_header(es, "p2c", "2147483647");
	bad = post_with_header(p2c, "alg", "\"PBES2-HS512+A256KW\"");
	CHECK_RC(BERTH_E_ALG, unpack(bad));
	CHECK(clock() - start < CLOCKS_PER_SEC);
	header_case(BERTH_E_ENV, es, "alg", NULL);
	header_case(BERTH_E_ENV, es, "alg", "[]");
	free(es);
	free(p2c);
	free(bad);
}

static void c039_zip_is_e_alg(void **state)
{
	char *es = vector("C3-1"), *pu = vector("C3-4");

	(void)state;
	header_case(BERTH_E_ALG, es, "zip", "\"DEF\"");
	header_case(BERTH_E_ALG, pu, "zip", "\"DEF\"");
	free(es);
	free(pu);
}

static void crit_typ_and_headers_outside_protected_are_e_env(void **state)
{
	char *es = vector("C3-1");

	(void)state;
	header_case(BERTH_E_ENV, es, "crit", "[\"exp\"]");
	header_case(BERTH_E_ENV, es, "crit", "[]");
	header_case(BERTH_E_ENV, es, "typ", "\"application/didcomm-signed+json\"");
	header_case(BERTH_E_ENV, es, "typ", "\"JWT\"");
	header_case(BERTH_E_ENV, es, "typ", "1");
	header_case(BERTH_E_ENV, es, "kid", "\"did:example:bob#key-x25519-1\"");
	member_case(BERTH_E_ENV, es, "unprotected", "{\"alg\":\"ECDH-ES+A256KW\"}");
	member_case(BERTH_E_ENV, es, "aad", "\"AAAA\"");
	member_case(BERTH_E_ENV, es, "payload", "\"AAAA\"");
	member_case(BERTH_E_ENV, es, "signatures", "[]");
	reason_case(BERTH_E_ENV, "both general and flattened", es, "encrypted_key", "\"AAAA\"");
	reason_case(BERTH_E_ENV, "both general and flattened", es, "header", "{}");
	CHECK_RC(BERTH_E_ENV, unpack("{\"protected\":\"e30\",\"encrypted_key\":\"AAAA\"}"));
	CHECK_RC(BERTH_E_ENV, unpack("{\"protected\":\"e30\",\"recipients\":[]}"));
	member_case(BERTH_E_ENV, es, "iv", NULL);
	member_case(BERTH_E_ENV, es, "tag", "1");
	member_case(BERTH_E_ENV, es, "protected", NULL);
	member_case(BERTH_E_ENV, es, "ciphertext", NULL);
	member_case(BERTH_E_JSON, es, "protected", "\"AAAA\"");
	member_case(BERTH_E_TYPE, es, "protected", "\"W10\"");
	free(es);
}

static void c040_apv_and_apu_are_checked(void **state)
{
	char *es = vector("C3-1"), *pu = vector("C3-4"), *both;

	(void)state;
	header_case(BERTH_E_ENV, es, "apv", NULL);
	header_case(BERTH_E_ENV, pu, "apv", NULL);
	header_case(BERTH_E_ENV, es, "apv", "\"NcsuAnrRfPK69A-rkZ0L9XWUG4jMvNC3Zg74BPz53PE\"");
	header_case(BERTH_E_ENV, es, "apv", "\"NcsuAnrRfPK69A-rkZ0L9XWUG4jMvNC3Zg74BPz53PA=\"");
	header_case(BERTH_E_ENV, pu, "apv", "\"z-LqpvVXDb_sGYn3mjQLpuu2CQLewYuZoTWOIXPH3FM\"");
	header_case(BERTH_E_ENV, pu, "apv", "[]");
	header_case(BERTH_E_ENV, pu, "apu", "\"ZGlkOmV4YW1wbGU6YWxpY2Uja2V5LXgyNTUxOS0y\"");
	header_case(BERTH_E_ENV, pu, "apu", NULL);
	header_case(BERTH_E_ENV, pu, "apu", "null");
	header_case(BERTH_E_ENV, pu, "skid", "\"did:example:alice#key-x25519-2\"");
	header_case(BERTH_E_ENV, pu, "skid", "1");
	/* the kid, NUL, and more */
	header_case(BERTH_E_ENV, pu, "apu", "\"ZGlkOmV4YW1wbGU6YWxpY2Uja2V5LXgyNTUxOS0xAHg\"");
	header_case(BERTH_E_ENV, es, "apu", "\"!\"");
	header_case(BERTH_E_ENV, es, "apu", "1");
	both = post_with_header(pu, "skid", NULL);
	header_case(BERTH_E_ENV, both, "apu", NULL);
	header_case(BERTH_E_ENV, both, "apu", "\"YWxpY2U\"");
	header_case(BERTH_E_ENV, both, "apu", "\"!\"");
	free(es);
	free(pu);
	free(both);
}

#define APU_ALICE "ZGlkOmV4YW1wbGU6YWxpY2Uja2V5LXgyNTUxOS0x"

static void raw_case(enum berth_err want, const char *skid, const char *enc, const char *apu, const char *extra)
{
	char *text = post_raw_jwe(&w, skid, BOB_X, enc, apu, extra, PLAIN);
	enum berth_err rc = unpack(text);

	if (rc != want)
		fail_msg("%s %s: %s (%s)", enc, extra, berth_err_name(rc), berth_err_detail());
	free(text);
}

static void c040_skid_missing_and_apu_good_is_accepted(void **state)
{
	(void)state;
	raw_case(BERTH_OK, ALICE_X, "A256CBC-HS512", ALICE_X, ",\"skid\":\"" ALICE_X "\",\"apu\":\"" APU_ALICE "\"");
	raw_case(BERTH_OK, ALICE_X, "A256CBC-HS512", ALICE_X, ",\"apu\":\"" APU_ALICE "\"");
	raw_case(BERTH_E_ENV, ALICE_X, "A256CBC-HS512", NULL, ",\"skid\":\"" ALICE_X "\"");
	raw_case(BERTH_E_ENV, ALICE_X, "A256CBC-HS512", NULL, "");
	raw_case(BERTH_E_ALG, ALICE_X, "XC20P", ALICE_X, ",\"skid\":\"" ALICE_X "\",\"apu\":\"" APU_ALICE "\"");
	raw_case(BERTH_E_ALG, ALICE_X, "A256GCM", ALICE_X, ",\"skid\":\"" ALICE_X "\",\"apu\":\"" APU_ALICE "\"");
}

static enum berth_err unpack_leniently(const char *text, const struct berth_apv_leniency *lenient)
{
	const struct berth_unpack p = { .resolver = &w.resolver, .keyring = &w.keyring, .lenient_apv = *lenient };
	struct berth_unpacked u;
	enum berth_err rc;

	w.key_ops = 0;
	rc = berth_unpack(&u, &p, text, strlen(text));
	berth_unpacked_free(&u);
	return rc;
}

/* [interop] allow-missing-apv: for our DIDs that are named, and for anoncrypt alone. */
static void c040_missing_apv_may_be_let_pass(void **state)
{
	static const char *const bob[] = { "did:example:nobody", "did:example:bob" }, *const others[] = { "did:example:alice" };
	static const char skid[] = ",\"skid\":\"" ALICE_X "\",\"apu\":\"" APU_ALICE "\"";
	const struct berth_apv_leniency none = { 0 }, all = { .for_all = true }, named = { .dids = bob, .n = 2 },
		unnamed = { .dids = others, .n = 1 };
	char *es, *pu, *inner, *bad;

	(void)state;
	w.no_apv = true;
	es = post_raw_jwe(&w, NULL, BOB_X, "XC20P", NULL, "", PLAIN);
	pu = post_raw_jwe(&w, ALICE_X, BOB_X, "A256CBC-HS512", ALICE_X, skid, PLAIN);
	inner = post_raw_jwe(&w, NULL, BOB_X, "A256CBC-HS512", NULL, "", pu);
	w.no_apv = false;
	CHECK_RC(BERTH_E_ENV, unpack_leniently(es, &none));
	CHECK_RC(BERTH_E_ENV, unpack_leniently(es, &unnamed));
	assert_int_equal(w.key_ops, 0);
	CHECK_OK(unpack_leniently(es, &named));
	CHECK_OK(unpack_leniently(es, &all));
	CHECK_RC(BERTH_E_ENV, unpack_leniently(pu, &named));
	CHECK_RC(BERTH_E_ENV, unpack_leniently(pu, &all));
	assert_int_equal(w.key_ops, 0);
	CHECK_RC(BERTH_E_ENV, unpack_leniently(inner, &all));
	assert_string_equal(berth_err_detail(), "jwe: apv is missing or not a string");
	free(inner);
	inner = post_jwe(&w, ALICE_X, BOB_X, "A256CBC-HS512", PLAIN, strlen(PLAIN));
	w.no_apv = true;
	bad = post_raw_jwe(&w, NULL, BOB_X, "A256CBC-HS512", NULL, "", inner);
	w.no_apv = false;
	CHECK_OK(unpack_leniently(bad, &named));	/* the sender is protected, and known */
	CHECK_RC(BERTH_E_ENV, unpack_leniently(bad, &none));
	free(bad);
	/* absent is not another one, and it was derived from, where it was there */
	bad = post_with_header(es, "apv", "null");
	CHECK_RC(BERTH_E_ENV, unpack_leniently(bad, &all));
	free(bad);
	bad = post_with_header(es, "apv", "\"\"");
	CHECK_RC(BERTH_E_ENV, unpack_leniently(bad, &all));
	free(bad);
	bad = post_with_header(es, "apv", "\"AAAA\"");
	CHECK_RC(BERTH_E_ENV, unpack_leniently(bad, &all));
	free(bad);
	free(es);
	es = vector("C3-1");
	bad = post_with_header(es, "apv", NULL);
	CHECK_RC(BERTH_E_DECRYPT, unpack_leniently(bad, &all));
	free(bad);
	free(es);
	free(pu);
	free(inner);
}

static void c041_skid_on_ecdh_es_is_nobody(void **state)
{
	const struct berth_unpack p = { .resolver = &w.resolver, .keyring = &w.keyring };
	struct berth_unpacked u;
	char *text = post_raw_jwe(&w, NULL, BOB_X, "XC20P", ALICE_X,
				   ",\"skid\":\"" ALICE_X "\",\"apu\":\"" APU_ALICE "\"", PLAIN);

	(void)state;
	w.lookups = 0;
	CHECK_OK(berth_unpack(&u, &p, text, strlen(text)));
	assert_int_equal(w.lookups, 0);
	CHECK(!u.encrypted_from_kid && !u.authenticated && u.anonymous_sender);
	CHECK(!berth_unpacked_sender(&u));
	berth_unpacked_free(&u);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twins_are_accepted),
		cmocka_unit_test(c037_1pu_with_another_enc_is_e_alg),
		cmocka_unit_test(c038_other_key_management_is_e_alg),
		cmocka_unit_test(c039_zip_is_e_alg),
		cmocka_unit_test(crit_typ_and_headers_outside_protected_are_e_env),
		cmocka_unit_test(c040_apv_and_apu_are_checked),
		cmocka_unit_test(c040_skid_missing_and_apu_good_is_accepted),
		cmocka_unit_test(c040_missing_apv_may_be_let_pass),
		cmocka_unit_test(c041_skid_on_ecdh_es_is_nobody),
	};

	return cmocka_run_group_tests(tests, setup, post_teardown);
}
