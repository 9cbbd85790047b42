/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/json.h"
#include "tests/fakes/post.h"

#include "did/codec/base64url.h"
#include "didcomm/unpack.h"

#define SPEC "tests/vectors/didcomm-spec/"
#define RUST "tests/vectors/didcomm-rust/"
#define BOB_X "did:example:bob#key-x25519-1"
#define ALICE_X "did:example:alice#key-x25519-1"
#define ALICE_ED "did:example:alice#key-1"
#define ALICE_P "did:example:alice#key-2"
#define ALICE_K "did:example:alice#key-3"
#define BOB_TO ",\"to\":[\"did:example:bob\"]"
#define FROM(who) ",\"from\":\"did:example:" who "\""
#define MSG(rest) "{\"id\":\"1\",\"type\":\"https://example.com/p/1.0/m\"" rest "}"
#define TYP "\"typ\":\"application/didcomm-signed+json\""
#define EDDSA "{" TYP ",\"alg\":\"EdDSA\"}"

static struct post w;

static enum berth_err unpack_into(struct berth_unpacked *u, const char *text, bool plaintext)
{
	const struct berth_unpack p = { .resolver = &w.resolver, .keyring = &w.keyring,
		.allow_plaintext = plaintext };
	enum berth_err rc = berth_unpack(u, &p, text, strlen(text));

	if (rc)
		CHECK(!u->msg.json && !u->encrypted && !u->authenticated && !u->sign_from && !u->from_prior);
	return rc;
}

static enum berth_err unpack(const char *text)
{
	struct berth_unpacked u;
	enum berth_err rc = unpack_into(&u, text, false);

	berth_unpacked_free(&u);
	return rc;
}

/* Takes text. */
static void expect(enum berth_err want, char *text, const char *what)
{
	enum berth_err rc = unpack(text);

	if (rc != want)
		fail_msg("%s: %s (%s), want %s", what, berth_err_name(rc), berth_err_detail(), berth_err_name(want));
	free(text);
}

/* The appendix's C.1 plaintext has no typ, what it encrypts and signs has one and
 * an http type; the rest is the same. */
static void check_payload(const struct berth_unpacked *u)
{
	assert_string_equal(u->msg.id, "1234567890");
	assert_string_equal(u->msg.from, "did:example:alice");
	assert_string_equal(berth_json_str(berth_json_first(u->msg.to)), "did:example:bob");
	assert_int_equal(u->msg.created_time, 1516269022);
	assert_int_equal(u->msg.expires_time, 1516385931);
	assert_string_equal(berth_json_str(berth_json_get(u->msg.body, "messagespecificattribute")), "and its value");
	CHECK(strstr(u->msg.type, "example.com/protocols/lets_do_lunch/1.0/proposal") != NULL);
}

static void same(const char *a, const char *b)
{
	if (!a != !b || (a && b && strcmp(a, b) != 0))
		fail_msg("%s is not %s", a ? a : "nothing", b ? b : "nothing");
}

static void didcomm_spec_appendix(void **state)
{
	static const struct {
		const char *name;
		enum berth_err rc;
		bool encrypted, authenticated, signed_too;
		const char *auth, *anon, *alg, *skid, *kid, *signer;
	} cases[] = {
		{ "C1-plaintext", BERTH_OK, false, false, false, NULL, NULL, NULL, NULL, NULL, NULL },
		{ "C2-1", BERTH_OK, false, true, true, NULL, NULL, "EdDSA", NULL, NULL, ALICE_ED },
		{ "C2-2", BERTH_OK, false, true, true, NULL, NULL, "ES256", NULL, NULL, ALICE_P },
		{ "C2-3", BERTH_OK, false, true, true, NULL, NULL, "ES256K", NULL, NULL, ALICE_K },
		{ "C3-1", BERTH_OK, true, false, false, NULL, "XC20P+ECDH-ES+A256KW", NULL, NULL, BOB_X, NULL },
		{ "C3-2", BERTH_OK, true, false, false, NULL, "A256CBC-HS512+ECDH-ES+A256KW", NULL, NULL,
		  "did:example:bob#key-p384-1", NULL },
		{ "C3-3", BERTH_OK, true, false, false, NULL, "A256GCM+ECDH-ES+A256KW", NULL, NULL,
		  "did:example:bob#key-p521-1", NULL },
		{ "C3-4", BERTH_OK, true, true, false, "A256CBC-HS512+ECDH-1PU+A256KW", NULL, NULL,
		  ALICE_X, BOB_X, NULL },
		{ "C3-5", BERTH_OK, true, true, true, "A256CBC-HS512+ECDH-1PU+A256KW", NULL, "EdDSA",
		  "did:example:alice#key-p256-1", "did:example:bob#key-p256-1", ALICE_ED },
		{ "C3-6", BERTH_OK, true, true, true, "A256CBC-HS512+ECDH-1PU+A256KW", "XC20P+ECDH-ES+A256KW", "EdDSA",
		  "did:example:alice#key-p521-1", "did:example:bob#key-p521-1", ALICE_ED },
	};
	const size_t n = sizeof(cases) / sizeof(cases[0]);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct berth_unpacked u;
		char path[96], *text;

		snprintf(path, sizeof(path), SPEC "%s.json", cases[i].name);
		text = test_read_file(path, NULL);
		CHECK_RC(cases[i].rc, unpack_into(&u, text, true));
		if (!cases[i].rc) {
			check_payload(&u);
			CHECK(u.encrypted == cases[i].encrypted && u.authenticated == cases[i].authenticated);
			CHECK(u.non_repudiation == cases[i].signed_too);
			CHECK(u.anonymous_sender == (cases[i].anon != NULL));
			same(u.enc_alg_auth, cases[i].auth);
			same(u.enc_alg_anon, cases[i].anon);
			same(u.sign_alg, cases[i].alg);
			same(u.encrypted_from_kid, cases[i].skid);
			same(u.encrypted_to_kid, cases[i].kid);
			same(u.sign_from, cases[i].signer);
			same(berth_unpacked_sender(&u), cases[i].authenticated ? "did:example:alice" : NULL);
		}
		berth_unpacked_free(&u);
		free(text);
	}
	VECTORS("didcomm-spec appendix C", n, n);
}

/* All that didcomm-rust accepts is accepted.  Its wrong point stands behind a padded
 * base64url. */
static enum berth_err rust_expects(const char *name)
{
	if (strcmp(name, "INVALID_ENCRYPTED_MSG_ANON_P256_EPK_WRONG_POINT") == 0)
		return BERTH_E_B64;
	return BERTH_OK;
}

static size_t rust_file(const char *file, size_t *total)
{
	char path[96], *text;
	struct berth_json *all = NULL;
	size_t n, passed = 0;

	snprintf(path, sizeof(path), RUST "%s", file);
	text = test_read_file(path, &n);
	CHECK_OK(berth_json_parse(&all, text, n, BERTH_JSON_MAX));
	berth_json_each(c, all) {
		const char *name = berth_json_str(berth_json_get(c, "name"));
		struct berth_buf b = BERTH_BUF_INIT;
		struct berth_unpacked u;
		enum berth_err rc;

		CHECK_OK(berth_json_print(&b, berth_json_get(c, "message")));
		rc = unpack_into(&u, berth_buf_cstr(&b), false);
		if (rc != rust_expects(name))
			fail_msg("%s: %s (%s)", name, berth_err_name(rc), berth_err_detail());
		if (!rc)
			check_payload(&u);
		passed++;
		berth_unpacked_free(&u);
		berth_buf_free(&b);
	}
	*total = berth_json_len(all);
	berth_json_free(all);
	free(text);
	return passed;
}

static void didcomm_rust_envelopes(void **state)
{
	size_t total, passed;

	(void)state;
	passed = rust_file("signed.json", &total);
	VECTORS("didcomm-rust/signed.json", passed, total);
	passed = rust_file("encrypted.json", &total);
	VECTORS("didcomm-rust/encrypted.json", passed, total);
}

/* The same wrong point without the padding. */
static void c034_didcomm_rust_wrong_point_is_e_key(void **state)
{
	struct berth_json *all = NULL;
	struct berth_buf b = BERTH_BUF_INIT;
	size_t n;
	char *text = test_read_file(RUST "encrypted.json", &n), *fixed;
	const char *pad;

	(void)state;
	CHECK_OK(berth_json_parse(&all, text, n, BERTH_JSON_MAX));
	CHECK_OK(berth_json_print(&b, berth_json_get(berth_json_at(all, berth_json_len(all) - 1), "message")));
	fixed = strdup(berth_buf_cstr(&b));
	pad = strstr(fixed, "==\"");
	memmove(fixed + (pad - fixed), pad + 2, strlen(pad + 2) + 1);
	w.key_ops = 0;
	expect(BERTH_E_KEY, fixed, "wrong point");
	assert_int_equal(w.key_ops, 0);
	berth_buf_free(&b);
	berth_json_free(all);
	free(text);
}

/* ---- signed messages: group C ---- */

static char *jws(const char *key, const char *header, const char *kid, const char *payload)
{
	return post_jws(&w, key, header, kid, payload);
}

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

/* ---- addressing: group E ---- */

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

/* ---- metadata ---- */

static const struct berth_json *field(const struct berth_json *o, const char *key)
{
	const struct berth_json *v = berth_json_get(o, key);

	if (!v)
		fail_msg("no %s", key);
	return v;
}

static void metadata_has_every_member(void **state)
{
	static const char *const names[] = {
		"encrypted", "authenticated", "non_repudiation", "anonymous_sender", "encrypted_from_kid",
		"encrypted_to_kids", "sign_from", "enc_alg_auth", "enc_alg_anon", "sign_alg", "from_prior",
		"from_prior_issuer_kid", "re_wrapped_in_forward", "expired",
	};
	char *text = test_read_file(SPEC "C3-5.json", NULL);
	struct berth_unpacked u;
	struct berth_json *m;

	(void)state;
	CHECK_OK(unpack_into(&u, text, false));
	m = berth_unpacked_metadata(&u, -1);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		field(m, names[i]);
	CHECK(berth_json_bool(field(m, "encrypted"), false) && berth_json_bool(field(m, "authenticated"), false));
	CHECK(berth_json_bool(field(m, "non_repudiation"), false) && !berth_json_bool(field(m, "anonymous_sender"), true));
	assert_string_equal(berth_json_str(field(m, "sign_alg")), "EdDSA");
	assert_string_equal(berth_json_str(field(m, "encrypted_from_kid")), "did:example:alice#key-p256-1");
	assert_int_equal(berth_json_len(field(m, "encrypted_to_kids")), 2);
	CHECK(berth_json_is(field(m, "enc_alg_anon"), BERTH_JSON_NULL));
	CHECK(berth_json_is(field(m, "expired"), BERTH_JSON_NULL));
	berth_json_free(m);
	m = berth_unpacked_metadata(&u, 1516385930);
	CHECK(!berth_json_bool(field(m, "expired"), true));
	berth_json_free(m);
	m = berth_unpacked_metadata(&u, 1516385931);
	CHECK(berth_json_bool(field(m, "expired"), false));
	berth_json_free(m);
	berth_unpacked_free(&u);
	free(text);
}

static int setup(void **state)
{
	*state = &w;
	post_open(&w, "ab");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(didcomm_spec_appendix),
		cmocka_unit_test(didcomm_rust_envelopes),
		cmocka_unit_test(c034_didcomm_rust_wrong_point_is_e_key),
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
		cmocka_unit_test(c050_authcrypt_without_from_or_not_to_us_is_e_addr),
		cmocka_unit_test(c003_members_are_not_case_folded),
		cmocka_unit_test(c052_anoncrypt_with_from_has_no_sender),
		cmocka_unit_test(c053_signed_then_encrypted_without_to_is_e_addr),
		cmocka_unit_test(c055_signer_is_sender),
		cmocka_unit_test(c056_accepted_nestings),
		cmocka_unit_test(c056_other_nestings_are_e_env),
		cmocka_unit_test(c057_plaintext_from_the_network_is_e_env),
		cmocka_unit_test(v1_is_refused_by_name),
		cmocka_unit_test(metadata_has_every_member),
	};

	return cmocka_run_group_tests(tests, setup, post_teardown);
}
