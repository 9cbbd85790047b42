/* SPDX-License-Identifier: Apache-2.0 */
/* Signed messages, and whose keys are believed (group C). */
#include "did/codec/base64url.h"
#include "tests/unit/didcomm/unpack.h"

static void signed_twins_are_accepted(void **state)
{
	(void)state;
	expect(BERTH_OK, jws(ALICE_ED, EDDSA, ALICE_ED, MSG(FROM("alice"))), "kid in header");
	expect(BERTH_OK, jws(ALICE_ED, "{" TYP ",\"alg\":\"EdDSA\",\"kid\":\"" ALICE_ED "\"}", NULL, MSG(FROM("alice"))),
	       "kid in protected");
	expect(BERTH_OK, jws(ALICE_P, "{" TYP ",\"alg\":\"ES256\"}", ALICE_P, MSG(FROM("alice"))), "ES256");
	expect(BERTH_OK, jws(ALICE_K, "{" TYP ",\"alg\":\"ES256K\"}", ALICE_K, MSG(FROM("alice"))), "ES256K");
	expect(BERTH_OK, jws(ALICE_ED, "{\"typ\":\"JWM\",\"alg\":\"EdDSA\"}", ALICE_ED, MSG(FROM("alice"))), "JWM");
	expect(BERTH_OK, jws(ALICE_ED, "{\"typ\":\"didcomm-signed+json\",\"alg\":\"EdDSA\"}", ALICE_ED,
			     MSG(FROM("alice"))), "short typ");
}

static void c022_alg_of_another_key_type_is_e_alg(void **state)
{
	(void)state;
	expect(BERTH_E_ALG, jws(ALICE_ED, "{" TYP ",\"alg\":\"ES256\"}", ALICE_ED, MSG(FROM("alice"))), "ES256, Ed25519");
	expect(BERTH_E_ALG, jws(ALICE_P, EDDSA, ALICE_P, MSG(FROM("alice"))), "EdDSA, P-256");
	expect(BERTH_E_ALG, jws(ALICE_P, "{" TYP ",\"alg\":\"ES256K\"}", ALICE_P, MSG(FROM("alice"))), "ES256K, P-256");
	expect(BERTH_E_ALG, jws(ALICE_K, "{" TYP ",\"alg\":\"ES256\"}", ALICE_K, MSG(FROM("alice"))), "ES256, secp256k1");
	expect(BERTH_E_ALG, jws(ALICE_P, "{" TYP ",\"alg\":\"ES384\"}", ALICE_P, MSG(FROM("alice"))), "ES384, P-256");
	expect(BERTH_E_ALG, jws(ALICE_P, "{" TYP ",\"alg\":\"ES256 \"}", ALICE_P, MSG(FROM("alice"))), "not a name");
	expect(BERTH_E_ALG, jws(ALICE_P, "{" TYP ",\"alg\":\"RS256\"}", ALICE_P, MSG(FROM("alice"))), "RS256");
	expect(BERTH_E_ALG, jws(ALICE_ED, "{" TYP ",\"alg\":\"none\"}", ALICE_ED, MSG(FROM("alice"))), "none");
	expect(BERTH_E_ALG, jws(ALICE_ED, "{" TYP ",\"alg\":\"HS256\"}", ALICE_ED, MSG(FROM("alice"))), "HS256");
	expect(BERTH_E_ENV, jws(ALICE_ED, "{" TYP "}", ALICE_ED, MSG(FROM("alice"))), "no alg");
}

/* ES384 and ES512 are none of DIDComm's three, and read all the same. */
static void every_alg_of_jose_that_we_have_is_read(void **state)
{
	static const struct { const char *key, *alg; } cases[] = {
		{ "ed25519", "EdDSA" }, { "p256", "ES256" }, { "p384", "ES384" }, { "p521", "ES512" },
		{ "secp256k1", "ES256K" },
	};

	(void)state;
	post_person(&w, "did:example:carol");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char kid[64], header[128], *text;
		struct berth_unpacked u;

		snprintf(kid, sizeof(kid), "did:example:carol#%s", cases[i].key);
		snprintf(header, sizeof(header), "{" TYP ",\"alg\":\"%s\"}", cases[i].alg);
		text = jws(kid, header, kid, MSG(FROM("carol")));
		CHECK_OK(unpack_into(&u, text, false));
		assert_string_equal(u.sign_alg, cases[i].alg);
		assert_string_equal(u.sign_from, kid);
		berth_unpacked_free(&u);
		free(text);
		snprintf(header, sizeof(header), "{" TYP ",\"alg\":\"%s\"}", cases[(i + 1) % 5].alg);
		expect(BERTH_E_ALG, jws(kid, header, kid, MSG(FROM("carol"))), "the next one's");
	}
}

static void c023_a_key_in_the_header_is_e_key_without_a_fetch(void **state)
{
	static const char *const names[] = { "jwk", "jku", "x5c", "x5u" };
	char text[160];

	(void)state;
	w.lookups = 0;
	for (size_t i = 0; i < 4; i++) {
		snprintf(text, sizeof(text), "{" TYP ",\"alg\":\"EdDSA\",\"%s\":\"https://evil.example\"}", names[i]);
		expect(BERTH_E_KEY, jws(ALICE_ED, text, ALICE_ED, MSG(FROM("alice"))), names[i]);
	}
	expect(BERTH_E_KEY, jws(ALICE_ED, EDDSA, ALICE_ED "\",\"jwk\":\"x", MSG(FROM("alice"))), "unprotected jwk");
	assert_int_equal(w.lookups, 0);
}

static void c024b_kid_of_a_signature(void **state)
{
	(void)state;
	w.lookups = 0;
	expect(BERTH_E_ENV, jws(ALICE_ED, EDDSA, NULL, MSG(FROM("alice"))), "neither");
	expect(BERTH_E_ENV, jws(ALICE_ED, "{" TYP ",\"alg\":\"EdDSA\",\"kid\":\"" ALICE_ED "\"}", ALICE_ED,
				MSG(FROM("alice"))), "both");
	expect(BERTH_E_ENV, jws(ALICE_ED, EDDSA, "#key-1", MSG(FROM("alice"))), "relative");
	expect(BERTH_E_ENV, jws(ALICE_ED, EDDSA, "did:example:alice", MSG(FROM("alice"))), "no fragment");
	expect(BERTH_E_ENV, jws(ALICE_ED, EDDSA, "did:example:alice#", MSG(FROM("alice"))), "empty fragment");
	expect(BERTH_E_ENV, jws(ALICE_ED, EDDSA, "", MSG(FROM("alice"))), "empty");
	expect(BERTH_E_ADDR, jws(ALICE_ED, EDDSA, "did:web:evil.example#key-1", MSG(FROM("alice"))), "another DID");
	expect(BERTH_E_ADDR, jws(ALICE_ED, EDDSA, ALICE_ED, MSG("")), "no from");
	assert_int_equal(w.lookups, 0);
}

static void c025_crit_and_b64_are_e_env(void **state)
{
	(void)state;
	expect(BERTH_E_ENV, jws(ALICE_ED, "{" TYP ",\"alg\":\"EdDSA\",\"crit\":[\"exp\"]}", ALICE_ED, MSG(FROM("alice"))), "crit");
	expect(BERTH_E_ENV, jws(ALICE_ED, "{" TYP ",\"alg\":\"EdDSA\",\"crit\":[]}", ALICE_ED, MSG(FROM("alice"))), "empty crit");
	expect(BERTH_E_ENV, jws(ALICE_ED, "{" TYP ",\"alg\":\"EdDSA\",\"b64\":false}", ALICE_ED, MSG(FROM("alice"))), "b64");
	expect(BERTH_E_ENV, jws(ALICE_ED, EDDSA, ALICE_ED "\",\"crit\":\"x", MSG(FROM("alice"))), "unprotected crit");
	expect(BERTH_E_ENV, jws(ALICE_ED, EDDSA, ALICE_ED "\",\"alg\":\"x", MSG(FROM("alice"))), "unprotected alg");
}

/* The signatures of one and the same payload by two keys, in one message. */
static char *two(const char *key1, const char *header1, const char *kid1, const char *key2, const char *header2,
		 const char *kid2, bool spoil)
{
	const char *payload = MSG(FROM("alice"));
	char *a = jws(key1, header1, kid1, payload), *b = jws(key2, header2, kid2, payload);
	struct berth_json *ja = NULL, *jb = NULL;
	struct berth_buf list = BERTH_BUF_INIT;
	char *out;

	if (spoil) {
		char *at = strstr(b, "\"signature\":\"") + strlen("\"signature\":\"");

		*at = *at == 'A' ? 'B' : 'A';
	}
	CHECK_OK(berth_json_parse(&ja, a, strlen(a), BERTH_JSON_MAX));
	CHECK_OK(berth_json_parse(&jb, b, strlen(b), BERTH_JSON_MAX));
	berth_buf_u8(&list, '[');
	CHECK_OK(berth_json_print(&list, berth_json_first(berth_json_get(ja, "signatures"))));
	berth_buf_u8(&list, ',');
	CHECK_OK(berth_json_print(&list, berth_json_first(berth_json_get(jb, "signatures"))));
	berth_buf_u8(&list, ']');
	out = post_with_member(a, "signatures", berth_buf_cstr(&list));
	berth_buf_free(&list);
	berth_json_free(ja);
	berth_json_free(jb);
	free(a);
	free(b);
	return out;
}

/* A flattened or compact spelling of a one-signature message; free(). */
static char *respell(char *general, bool compact)
{
	struct berth_json *root = NULL;
	const struct berth_json *sig;
	struct berth_buf b = BERTH_BUF_INIT;
	const char *payload, *prot, *value;

	CHECK_OK(berth_json_parse(&root, general, strlen(general), BERTH_JSON_MAX));
	sig = berth_json_first(berth_json_get(root, "signatures"));
	payload = berth_json_str(berth_json_get(root, "payload"));
	prot = berth_json_str(berth_json_get(sig, "protected"));
	value = berth_json_str(berth_json_get(sig, "signature"));
	if (compact) {
		berth_buf_printf(&b, "%s.%s.%s", prot, payload, value);
	} else {
		berth_buf_printf(&b, "{\"payload\":\"%s\",\"protected\":\"%s\",\"signature\":\"%s\"",
				 payload, prot, value);
		if (berth_json_get(sig, "header")) {
			berth_buf_str(&b, ",\"header\":");
			CHECK_OK(berth_json_print(&b, berth_json_get(sig, "header")));
		}
		berth_buf_u8(&b, '}');
	}
	berth_json_free(root);
	free(general);
	return berth_buf_take_str(&b);
}

static void c026_several_signatures(void **state)
{
	static const char es[] = "{" TYP ",\"alg\":\"ES256\"}";
	char *one = jws(ALICE_ED, EDDSA, ALICE_ED, MSG(FROM("alice")));

	(void)state;
	expect(BERTH_OK, two(ALICE_ED, EDDSA, ALICE_ED, ALICE_P, es, ALICE_P, false), "two good");
	expect(BERTH_E_SIG, two(ALICE_ED, EDDSA, ALICE_ED, ALICE_P, es, ALICE_P, true), "good and bad");
	expect(BERTH_E_ENV, two(ALICE_ED, EDDSA, ALICE_ED, ALICE_P, es, "did:example:bob#key-2", false), "two DIDs");
	expect(BERTH_E_ENV, two(ALICE_ED, EDDSA, ALICE_ED, ALICE_ED, EDDSA, ALICE_ED, false), "one kid twice");
	expect(BERTH_E_ENV, post_with_member(one, "signatures", "[]"), "none");
	expect(BERTH_E_ENV, post_with_member(one, "signatures", "{}"), "not a list");
	expect(BERTH_E_ENV, post_with_member(one, "signatures", "[1]"), "not an object");
	expect(BERTH_E_ENV, post_with_member(one, "signature", "\"AAAA\""), "signature and signatures");
	expect(BERTH_E_ENV, post_with_member(one, "payload", "1"), "payload");
	expect(BERTH_E_B64, post_with_member(one, "payload", "\"a+b/\""), "payload's encoding");
	expect(BERTH_E_SIZE, post_with_member(one, "signatures", "[1,1,1,1,1]"), "five");
	expect(BERTH_E_JSON, post_with_member(one, "payload", "\"AAAA\""), "payload is no JSON");
	expect(BERTH_E_TYPE, post_with_member(one, "payload", "\"W10\""), "payload is no object");
	expect(BERTH_E_ENV, post_with_member(one, "payload", NULL), "no payload");
	free(one);
	one = respell(jws(ALICE_ED, "{" TYP ",\"alg\":\"EdDSA\",\"kid\":\"" ALICE_ED "\"}", NULL, MSG(FROM("alice"))), false);
	expect(BERTH_E_ENV, post_with_member(one, "signatures", "[]"), "flattened and signatures");
	expect(BERTH_E_ENV, post_with_member(one, "header", "5"), "header is no object");
	expect(BERTH_E_B64, post_with_member(one, "signature", "\"a+b/\""), "signature's encoding");
	expect(BERTH_E_ENV, post_with_member(one, "signature", NULL), "no signature");
	expect(BERTH_E_B64, post_with_member(one, "protected", "\"a+b/\""), "header's encoding");
	expect(BERTH_E_JSON, post_with_member(one, "protected", "\"AAAA\""), "header is no JSON");
	expect(BERTH_E_TYPE, post_with_member(one, "protected", "\"W10\""), "protected header is no object");
	expect(BERTH_OK, one, "kid in protected, flattened");
}

static void flattened_and_compact_are_accepted(void **state)
{
	static const char with_kid[] = "{" TYP ",\"alg\":\"EdDSA\",\"kid\":\"" ALICE_ED "\"}";
	char *compact = respell(jws(ALICE_ED, with_kid, NULL, MSG(FROM("alice"))), true);

	(void)state;
	expect(BERTH_OK, respell(jws(ALICE_ED, EDDSA, ALICE_ED, MSG(FROM("alice"))), false), "flattened");
	expect(BERTH_E_ENV, respell(jws(ALICE_ED, EDDSA, NULL, MSG(FROM("alice"))), true), "compact without kid");
	for (size_t i = 1; i < strlen(compact); i++) {
		char *cut = strndup(compact, i);

		if (unpack(cut) == BERTH_OK)
			fail_msg("cut at %zu", i);
		free(cut);
	}
	expect(BERTH_OK, compact, "compact");
	expect(BERTH_E_ENV, strdup("eyJ9.x"), "two parts");
	expect(BERTH_E_ENV, strdup("eyJ9.x.y.z.a"), "five parts");
}

/* Bytes behind a NUL would be signed by nobody and seen by others. */
static void a_nul_in_a_compact_message_is_e_env(void **state)
{
	static const char with_kid[] = "{" TYP ",\"alg\":\"EdDSA\",\"kid\":\"" ALICE_ED "\"}";
	const struct berth_unpack p = { .resolver = &w.resolver, .keyring = &w.keyring };
	char *good = respell(jws(ALICE_ED, with_kid, NULL, MSG(FROM("alice"))), true), bad[2048];
	size_t n = strlen(good);

	(void)state;
	for (size_t at = 1; at <= n; at++) {
		struct berth_unpacked u;

		if (at < n && good[at] != '.')
			continue;
		memcpy(bad, good, at);
		memcpy(bad + at, "\0xx", 3);
		memcpy(bad + at + 3, good + at, n - at);
		CHECK_RC(BERTH_E_ENV, berth_unpack(&u, &p, bad, n + 3));
	}
	expect(BERTH_OK, good, "twin");
}

static void c027_malformed_signatures_are_e_sig(void **state)
{
	static const char es[] = "{" TYP ",\"alg\":\"ES256\"}";
	char *good = respell(jws(ALICE_P, es, ALICE_P, MSG(FROM("alice"))), false), text[256];
	static const size_t lengths[] = { 0, 1, 63, 64, 65, 72, 132, 133, 150 };

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		uint8_t zero[150] = { 0 };
		struct berth_buf b = BERTH_BUF_INIT;

		berth_b64url_encode(&b, zero, lengths[i]);
		snprintf(text, sizeof(text), "\"%s\"", berth_buf_cstr(&b));
		expect(BERTH_E_SIG, post_with_member(good, "signature", text), text);
		berth_buf_free(&b);
	}
	expect(BERTH_E_ENV, post_with_member(good, "signature", "1"), "number");
	expect(BERTH_OK, good, "twin");
}

static void c033_tokens_for_another_use_are_e_env(void **state)
{
	static const char *const typs[] = {
		"\"typ\":\"vc+jwt\",", "\"typ\":\"vp+jwt\",", "\"typ\":\"JWT\",", "\"typ\":\"kb+jwt\",", "",
		"\"typ\":\"berth-owner-proof+jwt\",", "\"typ\":\"application/didcomm-plain+json\",",
		"\"typ\":\"application/didcomm-encrypted+json\",",
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(typs) / sizeof(typs[0]); i++) {
		snprintf(text, sizeof(text), "{%s\"alg\":\"EdDSA\"}", typs[i]);
		expect(BERTH_E_ENV, jws(ALICE_ED, text, ALICE_ED, MSG(FROM("alice"))), typs[i]);
	}
}

static void c058_c032_keys_of_the_wrong_relationship_or_controller_are_e_key(void **state)
{
	(void)state;
	/* an agreement key signs: alice's P-256 agreement key */
	expect(BERTH_E_KEY, jws("did:example:alice#key-p256-1", "{" TYP ",\"alg\":\"ES256\"}",
				"did:example:alice#key-p256-1", MSG(FROM("alice"))), "agreement key signs");
	expect(BERTH_E_KEY, jws(ALICE_ED, EDDSA, "did:example:alice#key-9", MSG(FROM("alice"))), "no such key");
	expect(BERTH_OK, jws(ALICE_ED, EDDSA, ALICE_ED, MSG(FROM("alice"))), "twin");
}

/* dave's one key, in a relationship and under a controller of the case. */
static void dave(const char *relationship, const char *controller)
{
	struct berth_buf b = BERTH_BUF_INIT;

	berth_buf_printf(&b, "{\"id\":\"did:example:dave\",\"verificationMethod\":[{\"id\":\"did:example:dave#k\","
		"\"type\":\"JsonWebKey2020\",\"controller\":\"%s\",\"publicKeyJwk\":{\"kty\":\"OKP\",\"crv\":\"X25519\","
		"\"x\":\"GDTrI66K0pFfO54tlCSvfjjNapIs44dzpneBgyx0S3E\"}}],\"%s\":[\"did:example:dave#k\"]}",
		controller, relationship);
	post_doc(&w, "did:example:dave", berth_buf_cstr(&b));
	berth_buf_free(&b);
}

static void c058_skid_only_in_authentication_is_e_key(void **state)
{
	const char *plain = MSG(FROM("dave") BOB_TO);
	struct berth_privkey key = *post_find(&w, BOB_X);
	char *good;

	(void)state;
	post_key(&w, "did:example:dave#k", &key);
	good = post_jwe(&w, "did:example:dave#k", "did:example:bob#key-x25519-2", "A256CBC-HS512", plain, strlen(plain));
	dave("keyAgreement", "did:example:dave");
	CHECK_OK(unpack(good));
	w.key_ops = 0;
	dave("authentication", "did:example:dave");
	CHECK_RC(BERTH_E_KEY, unpack(good));
	dave("keyAgreement", "did:example:mallory");
	CHECK_RC(BERTH_E_KEY, unpack(good));
	assert_int_equal(w.key_ops, 0);
	free(good);
}

/* What a resolver that remembers does: it gives the older document until it is doubted. */
static struct { struct berth_resolver base; const char *relationship; unsigned asked, doubted; bool yields; } memory;

static enum berth_err remembered(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	memory.asked++;
	dave(memory.relationship, "did:example:dave");
	return w.resolver.resolve(r->next, did, out);
}

static bool doubted(struct berth_resolver *r, const char *did)
{
	(void)r;
	assert_string_equal(did, "did:example:dave");
	memory.doubted++;
	memory.relationship = "keyAgreement";
	return memory.yields;
}

static void c059_a_key_that_a_remembered_document_lacks_is_looked_up_once_more(void **state)
{
	const char *plain = MSG(FROM("dave") BOB_TO);
	struct berth_unpack p = { .resolver = &memory.base, .keyring = &w.keyring };
	char *good = post_jwe(&w, "did:example:dave#k", "did:example:bob#key-x25519-2", "A256CBC-HS512", plain, strlen(plain));
	struct berth_unpacked u;

	(void)state;
	memory.base = (struct berth_resolver){ .resolve = remembered, .next = &w.resolver, .doubt = doubted };
	memory.relationship = "authentication";
	memory.yields = true;
	CHECK_OK(berth_unpack(&u, &p, good, strlen(good)));
	berth_unpacked_free(&u);
	assert_int_equal(memory.asked, 2);
	assert_int_equal(memory.doubted, 1);
	memory.relationship = "authentication";
	memory.yields = false;		/* it has been doubted a moment ago */
	memory.asked = memory.doubted = 0;
	CHECK_RC(BERTH_E_KEY, berth_unpack(&u, &p, good, strlen(good)));
	assert_int_equal(memory.asked, 1);
	assert_int_equal(memory.doubted, 1);
	CHECK_OK(berth_unpack(&u, &p, good, strlen(good)));	/* nobody doubts what serves */
	berth_unpacked_free(&u);
	assert_int_equal(memory.doubted, 1);
	free(good);
}

static void an_unknown_sender_is_e_resolve(void **state)
{
	const char *plain = MSG(FROM("erin") BOB_TO);
	struct berth_privkey key = *post_find(&w, BOB_X);

	(void)state;
	post_key(&w, "did:example:erin#k", &key);
	w.key_ops = 0;
	expect(BERTH_E_DID, post_jwe(&w, "did:example:erin#k", BOB_X, "A256CBC-HS512", plain, strlen(plain)), "erin");
	assert_int_equal(w.key_ops, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signed_twins_are_accepted),
		cmocka_unit_test(c022_alg_of_another_key_type_is_e_alg),
		cmocka_unit_test(every_alg_of_jose_that_we_have_is_read),
		cmocka_unit_test(c023_a_key_in_the_header_is_e_key_without_a_fetch),
		cmocka_unit_test(c024b_kid_of_a_signature),
		cmocka_unit_test(c025_crit_and_b64_are_e_env),
		cmocka_unit_test(c026_several_signatures),
		cmocka_unit_test(flattened_and_compact_are_accepted),
		cmocka_unit_test(a_nul_in_a_compact_message_is_e_env),
		cmocka_unit_test(c027_malformed_signatures_are_e_sig),
		cmocka_unit_test(c033_tokens_for_another_use_are_e_env),
		cmocka_unit_test(c058_c032_keys_of_the_wrong_relationship_or_controller_are_e_key),
		cmocka_unit_test(c058_skid_only_in_authentication_is_e_key),
		cmocka_unit_test(c059_a_key_that_a_remembered_document_lacks_is_looked_up_once_more),
		cmocka_unit_test(an_unknown_sender_is_e_resolve),
	};

	return cmocka_run_group_tests(tests, setup, post_teardown);
}
