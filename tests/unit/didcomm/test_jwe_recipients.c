/* SPDX-License-Identifier: Apache-2.0 */
/* For whom an envelope is, and the key that each of them is sent. */
#include "tests/unit/didcomm/jwe.h"
#include "did/jose/jwk.h"
#include "didcomm/jwe.h"

static char *recipients(size_t n, const char *fmt)
{
	struct berth_buf b = BERTH_BUF_INIT;

	berth_buf_u8(&b, '[');
	for (size_t i = 0; i < n; i++) {
		berth_buf_str(&b, i ? ",{\"encrypted_key\":\"AAAA\",\"header\":{\"kid\":\"" :
			      "{\"encrypted_key\":\"AAAA\",\"header\":{\"kid\":\"");
		berth_buf_printf(&b, "%s%zu\"}}", fmt, i);
	}
	berth_buf_u8(&b, ']');
	return berth_buf_take_str(&b);
}

static void c043_recipients_none_many_twice_or_of_two_dids(void **state)
{
	static const char one[] = "{\"encrypted_key\":\"AAAA\",\"header\":{\"kid\":\"did:example:bob#key-x25519-1\"}}";
	char *es = vector("C3-1"), text[512], *many;

	(void)state;
	member_case(BERTH_E_ENV, es, "recipients", "[]");
	member_case(BERTH_E_ENV, es, "recipients", "{}");
	member_case(BERTH_E_ENV, es, "recipients", NULL);
	member_case(BERTH_E_ENV, es, "recipients", "[1]");
	snprintf(text, sizeof(text), "[%s,%s]", one, one);
	reason_case(BERTH_E_ENV, "a kid stands twice", es, "recipients", text);
	snprintf(text, sizeof(text), "[%s,{\"encrypted_key\":\"AAAA\",\"header\":{\"kid\":\"did:example:carol#k\"}}]", one);
	reason_case(BERTH_E_ENV, "two DIDs", es, "recipients", text);
	many = recipients(BERTH_RECIPIENTS_MAX + 1, "did:example:bob#k");
	member_case(BERTH_E_SIZE, es, "recipients", many);
	free(many);
	many = recipients(10000, "did:example:bob#k");
	member_case(BERTH_E_SIZE, es, "recipients", many);
	free(many);
	many = recipients(BERTH_RECIPIENTS_MAX, "did:example:bob#k");
	member_case(BERTH_E_ENV, es, "recipients", many);	/* the cap holds; only apv is wrong now */
	assert_string_equal(berth_err_detail(), "jwe: apv is not the hash of the sorted kids");
	free(many);
	free(es);
}

static void c024c_recipient_kid_is_absolute(void **state)
{
	static const struct { const char *header, *why; } bad[] = {
		{ "{\"kid\":\"#key-x25519-1\"}", "absolute" }, { "{\"kid\":\"did:example:bob\"}", "absolute" },
		{ "{\"kid\":\"did:example:bob#\"}", "absolute" }, { "{\"kid\":\"key-x25519-1\"}", "absolute" },
		{ "{\"kid\":\"\"}", "absolute" }, { "{\"kid\":1}", "kid" }, { "{}", "kid" }, { "[]", "header" },
		{ "{\"kid\":\"did:example:bob#key-x25519-1\",\"alg\":\"ECDH-ES+A256KW\"}", "alg outside" },
		{ "{\"kid\":\"did:example:bob#key-x25519-1\",\"epk\":{}}", "epk outside" },
		{ "{\"kid\":\"did:example:bob#key-x25519-1\",\"apv\":\"x\"}", "apv outside" },
		{ "{\"kid\":\"did:example:bob#key-x25519-1\",\"zip\":\"DEF\"}", "zip outside" },
	};
	char *es = vector("C3-1"), text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "[{\"encrypted_key\":\"AAAA\",\"header\":%s}]", bad[i].header);
		reason_case(BERTH_E_ENV, bad[i].why, es, "recipients", text);
	}
	reason_case(BERTH_E_ENV, "encrypted_key", es, "recipients", "[{\"header\":{\"kid\":\"did:example:bob#key-x25519-1\"}}]");
	free(es);
}

static void c044_our_kid_absent_is_e_decrypt_without_a_key_operation(void **state)
{
	struct post other;
	struct berth_unpack p;
	struct berth_unpacked u;
	char *pu = vector("C3-4");

	(void)state;
	post_open(&other, "a");
	p = (struct berth_unpack){ .resolver = &other.resolver, .keyring = &other.keyring };
	CHECK_RC(BERTH_E_DECRYPT, berth_unpack(&u, &p, pu, strlen(pu)));
	assert_int_equal(other.key_ops, 0);
	assert_int_equal(other.lookups, 0);
	post_close(&other);
	free(pu);
}

static void c044_our_kid_second_after_junk_is_accepted(void **state)
{
	struct post other;
	struct berth_unpack p;
	struct berth_unpacked u;
	char *pu = vector("C3-4");

	(void)state;
	post_open(&other, "");
	post_key(&other, "did:example:bob#key-x25519-3", post_find(&other, "did:example:bob#key-x25519-3"));
	p = (struct berth_unpack){ .resolver = &other.resolver, .keyring = &other.keyring };
	CHECK_OK(berth_unpack(&u, &p, pu, strlen(pu)));
	assert_string_equal(u.encrypted_to_kid, "did:example:bob#key-x25519-3");
	assert_int_equal(berth_json_len(u.encrypted_to_kids), 3);
	assert_int_equal(other.key_ops, 1);
	berth_unpacked_free(&u);
	post_close(&other);
	free(pu);
}

static void c045_lengths_no_cipher_makes_are_e_decrypt(void **state)
{
	static const char *const names[] = { "iv", "tag", "ciphertext" };
	static const char *const values[] = { "\"\"", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"", "\"AAAA\"", "\"AAAAAAAAAAAAAAAAAAAAAA\"",
		"\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"" };
	char *es = vector("C3-1"), *pu = vector("C3-4");

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < 5; k++) {
			member_case(BERTH_E_DECRYPT, es, names[i], values[k]);
			member_case(BERTH_E_DECRYPT, pu, names[i], values[k]);
			assert_string_equal(berth_err_detail(), "jwe: cannot be decrypted");
		}
	member_case(BERTH_E_B64, pu, "iv", "\"o02OXDQ6_-sKz2PX_6oyJh\"");
	member_case(BERTH_E_B64, pu, "iv", "\"o02OXDQ6_-sKz2PX_6oyJg==\"");
	member_case(BERTH_E_B64, pu, "ciphertext", "\"a+b/\"");
	member_case(BERTH_E_B64, pu, "tag", "\"a+b/\"");
	free(es);
	free(pu);
}

static void bad_encrypted_key_is_e_decrypt(void **state)
{
	static const char *const keys[] = { "", "AAAA", "rYlafW0XkNd8kaXCqVbtGJ9GhwBC3lZ9AihHK4B6J6V2kT7vjbSYuIpr1IlAjvxYQOw08yqEJNIwrPpB0ouDzKqk98FVN7rK" };
	char *good = post_jwe(&w, ALICE_X, BOB_X, "A256CBC-HS512", PLAIN, strlen(PLAIN)), text[256];

	(void)state;
	CHECK_OK(unpack(good));
	for (size_t i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "[{\"encrypted_key\":\"%s\",\"header\":{\"kid\":\"" BOB_X "\"}}]", keys[i]);
		member_case(BERTH_E_DECRYPT, good, "recipients", text);
		assert_string_equal(berth_err_detail(), "jwe: cannot be decrypted");
	}
	member_case(BERTH_E_B64, good, "recipients", "[{\"encrypted_key\":\"a+b/\",\"header\":{\"kid\":\"" BOB_X "\"}}]");
	member_case(BERTH_E_ENV, good, "recipients", "{\"a\":{\"encrypted_key\":\"AAAA\",\"header\":{\"kid\":\"" BOB_X "\"}}}");
	assert_string_equal(berth_err_detail(), "jwe: no recipients");
	free(good);
}

/* A content key of zeros is what a failed unwrap leaves behind: whoever encrypts
 * with it must not get in. */
static void c045_a_failed_unwrap_is_not_a_key_of_zeros(void **state)
{
	char *good, *bad, *at;

	(void)state;
	w.zero_cek = true;
	good = post_raw_jwe(&w, NULL, BOB_X, "A256CBC-HS512", NULL, "", PLAIN);
	w.zero_cek = false;
	CHECK_OK(unpack(good));
	bad = strdup(good);
	at = strstr(bad, "\"encrypted_key\":\"") + strlen("\"encrypted_key\":\"");
	*at = *at == 'A' ? 'B' : 'A';
	CHECK_RC(BERTH_E_DECRYPT, unpack(bad));
	free(good);
	free(bad);
}

static void flattened_is_accepted(void **state)
{
	char *good = post_jwe(&w, ALICE_X, BOB_X, "A256CBC-HS512", PLAIN, strlen(PLAIN));
	struct berth_json *root = NULL;
	struct berth_buf key = BERTH_BUF_INIT;
	char *a, *b, *flat;

	(void)state;
	CHECK_OK(berth_json_parse(&root, good, strlen(good), BERTH_JSON_MAX));
	CHECK_OK(berth_json_print(&key, berth_json_get(berth_json_first(berth_json_get(root, "recipients")), "encrypted_key")));
	a = post_with_member(good, "recipients", NULL);
	b = post_with_member(a, "header", "{\"kid\":\"" BOB_X "\"}");
	flat = post_with_member(b, "encrypted_key", berth_buf_cstr(&key));
	CHECK_OK(unpack(flat));
	CHECK_RC(BERTH_E_ENV, unpack(b));
	berth_json_free(root);
	berth_buf_free(&key);
	free(good);
	free(a);
	free(b);
	free(flat);
}

/* A compact JWE as a flattened one for our kid. */
static char *expand(const char *compact, const char *kid)
{
	static const char *const names[] = { "protected", "encrypted_key", "iv", "ciphertext", "tag" };
	struct berth_buf b = BERTH_BUF_INIT;

	berth_buf_printf(&b, "{\"header\":{\"kid\":\"%s\"}", kid);
	for (size_t i = 0; i < 5; i++) {
		size_t len = strcspn(compact, ".");

		berth_buf_printf(&b, ",\"%s\":\"%.*s\"", names[i], (int)len, compact);
		compact += len + (compact[len] == '.');
	}
	berth_buf_u8(&b, '}');
	return berth_buf_take_str(&b);
}

/* What DIDComm asks for besides, apv, aside: it must open.  A cut tag is not ours. */
static enum berth_err open_bare(const char *flat, const struct berth_json *jwk, const char *kid)
{
	const struct berth_apv_leniency any = { .for_all = true };
	struct berth_buf pt = BERTH_BUF_INIT;
	struct berth_json *root = NULL;
	struct berth_privkey key;
	struct berth_jwe j;
	enum berth_err rc;

	CHECK_OK(berth_jwk_parse_private(&key, jwk));
	post_key(&w, kid, &key);
	CHECK_OK(berth_json_parse(&root, flat, strlen(flat), BERTH_JSON_MAX));
	CHECK_OK(berth_jwe_from_json(&j, root, &any));
	rc = berth_jwe_open(&j, &j.recipients[0], NULL, w.real, &pt);
	berth_jwe_free(&j);
	berth_buf_free(&pt);
	return rc;
}

/* The two with our content encryptions open, but have no apv, which DIDComm asks
 * for; the three others are E_ALG before any key. */
static void wycheproof_case(const struct berth_json *group, const struct berth_json *c)
{
	const char *jwe = berth_json_str(berth_json_get(c, "jwe"));
	bool ours = berth_enc_parse(berth_json_str(berth_json_get(c, "enc"))) != BERTH_ENC_NONE;
	char kid[64], *flat;

	snprintf(kid, sizeof(kid), "did:example:w#%.0f", berth_json_num(berth_json_get(c, "tcId")));
	flat = expand(jwe, kid);
	w.key_ops = 0;
	CHECK_RC(ours ? BERTH_E_ENV : BERTH_E_ALG, unpack(flat));
	CHECK_RC(BERTH_E_ENV, unpack(jwe));	/* compact */
	assert_int_equal(w.key_ops, 0);
	if (ours)
		CHECK_OK(open_bare(flat, berth_json_get(group, "private"), kid));
	free(flat);
}

static void wycheproof_json_web_encryption(void **state)
{
	size_t total = 0;
	struct berth_json *root = test_json_file("tests/vectors/wycheproof/json_web_encryption_test.json");

	(void)state;
	berth_json_each(group, berth_json_get(root, "testGroups")) {
		const char *alg = berth_json_str(berth_json_get(berth_json_get(group, "private"), "alg"));

		if (!alg || strcmp(alg, "ECDH-ES+A256KW") != 0)
			continue;
		berth_json_each(c, berth_json_get(group, "tests")) {
			wycheproof_case(group, c);
			total++;
		}
	}
	VECTORS("wycheproof/json_web_encryption_test.json (ECDH-ES+A256KW)", total, 5);
	assert_int_equal(total, 5);
	berth_json_free(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c043_recipients_none_many_twice_or_of_two_dids),
		cmocka_unit_test(c024c_recipient_kid_is_absolute),
		cmocka_unit_test(c044_our_kid_absent_is_e_decrypt_without_a_key_operation),
		cmocka_unit_test(c044_our_kid_second_after_junk_is_accepted),
		cmocka_unit_test(c045_lengths_no_cipher_makes_are_e_decrypt),
		cmocka_unit_test(bad_encrypted_key_is_e_decrypt),
		cmocka_unit_test(c045_a_failed_unwrap_is_not_a_key_of_zeros),
		cmocka_unit_test(flattened_is_accepted),
		cmocka_unit_test(wycheproof_json_web_encryption),
	};

	return cmocka_run_group_tests(tests, setup, post_teardown);
}
