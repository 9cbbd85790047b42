/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/json.h"
#include "tests/fakes/party.h"

#include "did/base/secret.h"
#include "did/codec/jcs.h"
#include "did/codec/multibase.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/jose/multikey.h"
#include "did/proof.h"

#define EDDSA "tests/vectors/vc-di-eddsa/eddsa-jcs-2022/"
#define ECDSA "tests/vectors/vc-di-ecdsa/ecdsa-jcs-2019-p256/"

static struct berth_keyring *kr;
static struct berth_resolver resolver;
static struct test_party ed, p256, p384;

static int setup(void **state)
{
	(void)state;
	berth_crypto_init();
	CHECK_OK(berth_keyring_local_new(&kr));
	berth_resolver_builtin_init(&resolver, NULL);
	test_party_make(&ed, kr, PARTY_KEY_ED25519, "ed");
	test_party_make(&p256, kr, PARTY_KEY_P256, "p256");
	test_party_make(&p384, kr, PARTY_KEY_P384, "p384");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	berth_keyring_free(kr);
	return 0;
}

static struct berth_json *load(const char *folder, const char *file)
{
	char path[256], *text;
	struct berth_json *j;

	snprintf(path, sizeof(path), "%s%s", folder, file);
	text = test_read_file(path, &(size_t){ 0 });
	j = test_json(text);
	free(text);
	return j;
}

/* ---- vectors ---- */

/* The hex or text of a file is that of p. */
static bool file_is(const char *folder, const char *file, const void *p, size_t n, bool hex)
{
	struct berth_buf b = BERTH_BUF_INIT;
	char path[256], *text;
	bool same;

	snprintf(path, sizeof(path), "%s%s", folder, file);
	text = test_read_file(path, &(size_t){ 0 });
	for (size_t i = 0; i < n && hex; i++)
		berth_buf_printf(&b, "%02x", ((const uint8_t *)p)[i]);
	if (!hex)
		berth_buf_put(&b, p, n);
	same = strlen(text) == b.len && !memcmp(text, b.p, b.len);
	berth_buf_free(&b);
	free(text);
	return same;
}

struct files {
	const char *folder, *signed_doc, *canon_doc, *canon_proof, *doc_hash, *proof_hash, *both;
	const char *key;
};

static size_t check_vector(const struct files *f)
{
	struct berth_json *doc = load(f->folder, f->signed_doc);
	const struct berth_jcs_edit no_proof = { "proof", NULL }, no_value = { "proofValue", NULL };
	struct berth_di_proof p[BERTH_DI_PROOFS_MAX];
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_pubkey key, resolved;
	struct berth_di_hash h;
	size_t n, passed = 0;

	CHECK_OK(berth_multikey_parse(&key, f->key, strlen(f->key)));
	CHECK_OK(berth_di_proofs_read(p, &n, doc));
	CHECK(n == 1);
	CHECK_OK(berth_di_proof_key(&resolved, &p[0], &resolver, NULL, BERTH_REL_ASSERTION));
	CHECK(resolved.len == key.len && !memcmp(resolved.b, key.b, key.len));
	CHECK_OK(berth_jcs_edited(&text, doc, &no_proof, 1));
	passed += file_is(f->folder, f->canon_doc, text.p, text.len, false);
	berth_buf_reset(&text);
	CHECK_OK(berth_jcs_edited(&text, p[0].json, &no_value, 1));
	passed += file_is(f->folder, f->canon_proof, text.p, text.len, false);
	CHECK_OK(berth_di_hash(&h, doc, p[0].json, NULL, key.type));
	passed += file_is(f->folder, f->proof_hash, h.b, h.len / 2, true);
	passed += file_is(f->folder, f->doc_hash, h.b + h.len / 2, h.len / 2, true);
	passed += file_is(f->folder, f->both, h.b, h.len, true);
	passed += berth_di_proof_verify(&p[0], doc, &key) == BERTH_OK;
	berth_buf_free(&text);
	berth_json_free(doc);
	return passed;
}

/* Ed25519 signatures are what they are: ours is the published one. */
static size_t same_signature(void)
{
	static const char secret[] = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq";
	struct berth_json *doc = load(EDDSA, "signedJCS.json"), *proof = berth_json_get_mut(doc, "proof");
	struct berth_di_hash h;
	struct berth_privkey key;
	struct berth_buf b = BERTH_BUF_INIT;
	uint8_t sig[BERTH_SIG_MAX];
	size_t n, same;

	CHECK_OK(berth_multikey_parse_private(&key, secret, strlen(secret)));
	CHECK_OK(berth_di_hash(&h, doc, proof, NULL, key.type));
	CHECK_OK(berth_sign(sig, &n, &key, h.b, h.len));
	same = file_is(EDDSA, "sigHexJCS.txt", sig, n, true);
	CHECK_OK(berth_multibase_encode(&b, 'z', sig, n));
	same += !strcmp(berth_buf_cstr(&b), berth_json_str(berth_json_get(proof, "proofValue")));
	same += file_is(EDDSA, "sigBTC58JCS.txt", b.p, b.len, false);
	berth_buf_free(&b);
	berth_privkey_wipe(&key);
	berth_json_free(doc);
	return same;
}

static void vectors_of_the_specifications(void **state)
{
	static const struct files eddsa = {
		EDDSA, "signedJCS.json", "canonDocJCS.txt", "proofCanonJCS.txt", "docHashJCS.txt", "proofHashJCS.txt",
		"combinedHashJCS.txt", "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
	};
	static const struct files ecdsa = {
		ECDSA, "signedJCSECDSAP256.json", "canonDocJCSECDSAP256.txt", "proofCanonJCSECDSAP256.txt",
		"docHashJCSECDSAP256.txt", "proofHashJCSECDSAP256.txt", "combinedHashJCSECDSAP256.txt",
		"zDnaepBuvsQ8cpsWrVKw8fbpGpvPeNSjVPTWoq6cRqaYzBKVP"
	};
	size_t n;

	(void)state;
	n = check_vector(&eddsa) + same_signature();
	VECTORS("vc-di-eddsa eddsa-jcs-2022", n, 9);
	assert_int_equal(n, 9);
	n = check_vector(&ecdsa);
	VECTORS("vc-di-ecdsa ecdsa-jcs-2019", n, 6);
	assert_int_equal(n, 6);
}

/* ---- making and verifying ---- */

/* A document of the party with one more proof by it. */
static void add(struct berth_json *doc, const struct test_party *by, const char *id, const char *const *previous,
		size_t n)
{
	const struct berth_di_options o = {
		.purpose = "assertionMethod", .id = id, .previous = previous, .n_previous = n, .created_s = 1795440600
	};

	CHECK_OK(berth_di_proof_add(doc, kr, by->kid, &o));
}

static struct berth_json *document_of(const struct test_party *p)
{
	struct berth_json *doc = test_json("{\"@context\":[\"https://a.example/1\"],\"n\":1.50,\"s\":\"\\u00e9\"}");

	CHECK_OK(berth_json_set_str(doc, "issuer", p->did));
	return doc;
}

static enum berth_err verify_all(const struct berth_json *doc)
{
	struct berth_di_proof p[BERTH_DI_PROOFS_MAX];
	struct berth_pubkey key;
	enum berth_err rc;
	size_t n;

	if ((rc = berth_di_proofs_read(p, &n, doc)))
		return rc;
	for (size_t i = 0; i < n; i++)
		if ((rc = berth_di_proof_key(&key, &p[i], &resolver, NULL, BERTH_REL_ASSERTION)) ||
		    (rc = berth_di_proof_verify(&p[i], doc, &key)))
			return rc;
	return BERTH_OK;
}

static void every_suite_there_and_back(void **state)
{
	static const struct { const struct test_party *p; const char *suite; size_t len; } cases[] = {
		{ &ed, "eddsa-jcs-2022", 64 }, { &p256, "ecdsa-jcs-2019", 64 }, { &p384, "ecdsa-jcs-2019", 96 },
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct berth_json *doc = document_of(cases[i].p);
		struct berth_buf sig = BERTH_BUF_INIT;
		const char *value;

		add(doc, cases[i].p, NULL, NULL, 0);
		CHECK(!strcmp(berth_json_str(berth_json_get(berth_json_get(doc, "proof"), "cryptosuite")), cases[i].suite));
		CHECK(!strcmp(berth_json_str(berth_json_get(berth_json_get(doc, "proof"), "created")),
			      "2026-11-23T13:30:00Z"));
		value = berth_json_str(berth_json_get(berth_json_get(doc, "proof"), "proofValue"));
		CHECK_OK(berth_multibase_decode(&sig, value, strlen(value)));
		CHECK(*value == 'z' && sig.len == cases[i].len);
		CHECK_OK(verify_all(doc));
		CHECK_OK(berth_json_set_int(doc, "n", 2));
		CHECK_RC(BERTH_E_SIG, verify_all(doc));
		berth_buf_free(&sig);
		berth_json_free(doc);
	}
}

static void the_keyring_signs_for_its_own_did_only(void **state)
{
	struct berth_json *doc = document_of(&ed);
	struct berth_di_options o = { .purpose = "assertionMethod", .created_s = -1 };
	struct berth_buf h = BERTH_BUF_INIT, s = BERTH_BUF_INIT;

	(void)state;
	CHECK_RC(BERTH_E_AUTHZ, berth_di_proof_add(doc, kr, p256.kid, &o));
	o.purpose = "authentication";	/* no holder stands there */
	CHECK_RC(BERTH_E_AUTHZ, berth_di_proof_add(doc, kr, ed.kid, &o));
	o.purpose = "capabilityInvocation";
	CHECK_RC(BERTH_E_AUTHZ, berth_di_proof_add(doc, kr, ed.kid, &o));
	o.purpose = "assertionMethod";
	o.suite = "ecdsa-jcs-2019";
	CHECK_RC(BERTH_E_KEY, berth_di_proof_add(doc, kr, ed.kid, &o));
	o.suite = "bbs-2023";
	CHECK_RC(BERTH_E_ALG, berth_di_proof_add(doc, kr, ed.kid, &o));
	o.suite = "eddsa-rdfc-2022";	/* nobody has handed in RDF here */
	CHECK_RC(BERTH_E_ALG, berth_di_proof_add(doc, kr, ed.kid, &o));
	o.suite = NULL;
	CHECK_RC(BERTH_E_KEYSTORE, berth_di_proof_add(doc, kr, "did:example:nobody#k", &o));
	CHECK(!berth_json_get(doc, "proof"));
	CHECK_OK(berth_di_proof_add(doc, kr, ed.kid, &o));
	CHECK(!berth_json_get(berth_json_get(doc, "proof"), "created"));
	/* a payload that is no {document, proof}: nothing is signed */
	CHECK_RC(BERTH_E_TYPE, kr->ops->sign(kr, ed.kid, BERTH_SIGN_DI, "{}", 2, &h, &s));
	CHECK_RC(BERTH_E_TYPE, kr->ops->sign(kr, ed.kid, BERTH_SIGN_DI, "[]", 2, &h, &s));
	CHECK_RC(BERTH_E_JSON, kr->ops->sign(kr, ed.kid, BERTH_SIGN_DI, "x", 1, &h, &s));
	CHECK(h.len == 0 && s.len == 0);
	berth_json_free(doc);
}

static void sets_and_chains(void **state)
{
	struct berth_json *doc = document_of(&ed), *cut;
	const char *both[] = { "urn:1", "urn:2" }, *last[] = { "urn:3" }, *none[] = { "urn:9" };
	struct berth_di_options o = { .purpose = "assertionMethod", .created_s = -1, .previous = none, .n_previous = 1 };

	(void)state;
	add(doc, &ed, "urn:1", NULL, 0);
	CHECK(berth_json_is(berth_json_get(doc, "proof"), BERTH_JSON_OBJECT));
	add(doc, &ed, "urn:2", NULL, 0);
	CHECK(berth_json_len(berth_json_get(doc, "proof")) == 2);
	add(doc, &ed, "urn:3", both, 2);
	add(doc, &ed, NULL, last, 1);
	CHECK_OK(verify_all(doc));
	CHECK_RC(BERTH_E_VC, berth_di_proof_add(doc, kr, ed.kid, &o));
	o.n_previous = 0;
	o.id = "urn:1";
	CHECK_RC(BERTH_E_VC, berth_di_proof_add(doc, kr, ed.kid, &o));

	/* a set may lose a member, a chain may not */
	cut = berth_json_clone(doc);
	CHECK_OK(berth_json_set(cut, "proof", berth_json_clone(berth_json_at(berth_json_get(doc, "proof"), 1))));
	CHECK_OK(verify_all(cut));
	CHECK_OK(berth_json_set(cut, "proof", berth_json_clone(berth_json_at(berth_json_get(doc, "proof"), 2))));
	CHECK_RC(BERTH_E_SIG, verify_all(cut));
	berth_json_free(cut);
	berth_json_free(doc);
}

/* A proof with members of its own, {"m":v} merged over a good one. */
static enum berth_err with(const struct berth_json *good, const char *member, const char *value)
{
	struct berth_json *doc = berth_json_clone(good), *proof = berth_json_get_mut(doc, "proof");
	enum berth_err rc;

	if (value)
		CHECK_OK(berth_json_set(proof, member, test_json(value)));
	else
		berth_json_remove(proof, member);
	rc = verify_all(doc);
	berth_json_free(doc);
	return rc;
}

static void c122_mutated_options_and_structure(void **state)
{
	struct berth_json *doc = document_of(&ed);
	char other[2200];

	(void)state;
	add(doc, &ed, "urn:1", NULL, 0);
	CHECK_OK(verify_all(doc));
	CHECK_RC(BERTH_E_SIG, with(doc, "created", "\"2026-11-23T13:30:01Z\""));
	CHECK_RC(BERTH_E_SIG, with(doc, "created", NULL));
	CHECK_RC(BERTH_E_SIG, with(doc, "id", "\"urn:2\""));
	CHECK_RC(BERTH_E_SIG, with(doc, "challenge", "\"c\""));
	CHECK_RC(BERTH_E_SIG, with(doc, "domain", "[\"d\"]"));
	CHECK_RC(BERTH_E_SIG, with(doc, "expires", "\"2036-01-01T00:00:00Z\""));
	CHECK_RC(BERTH_E_SIG, with(doc, "unknown", "1"));
	CHECK_RC(BERTH_E_SIG, with(doc, "proofPurpose", "\"authentication\""));
	CHECK_RC(BERTH_E_SIG, with(doc, "@context", "[\"https://a.example/2\"]"));
	CHECK_RC(BERTH_E_SIG, with(doc, "@context", "\"https://a.example/1\""));
	CHECK_RC(BERTH_E_SIG, with(doc, "@context", "[\"https://a.example/1\",\"https://a.example/2\"]"));
	CHECK_RC(BERTH_E_SIG, with(doc, "@context", "[]"));
	CHECK_RC(BERTH_E_SIG, with(doc, "previousProof", "\"urn:1\""));
	CHECK_RC(BERTH_E_SIG, with(doc, "proofValue", "\"z\""));
	CHECK_RC(BERTH_E_SIG, with(doc, "proofValue", "\"z0\""));
	CHECK_RC(BERTH_E_SIG, with(doc, "proofValue", "\"uAAAA\""));
	CHECK_RC(BERTH_E_SIG, with(doc, "proofValue", "\"z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpw\""));
	CHECK_RC(BERTH_E_VC, with(doc, "proofValue", "1"));
	CHECK_RC(BERTH_E_VC, with(doc, "proofValue", "\"\""));
	CHECK_RC(BERTH_E_VC, with(doc, "proofValue", NULL));
	CHECK_RC(BERTH_E_VC, with(doc, "verificationMethod", NULL));
	CHECK_RC(BERTH_E_VC, with(doc, "proofPurpose", "[\"assertionMethod\"]"));
	CHECK_RC(BERTH_E_VC, with(doc, "created", "\"2026-11-23\""));
	CHECK_RC(BERTH_E_VC, with(doc, "expires", "1"));
	CHECK_RC(BERTH_E_VC, with(doc, "domain", "[]"));
	CHECK_RC(BERTH_E_VC, with(doc, "domain", "[1]"));
	CHECK_RC(BERTH_E_VC, with(doc, "previousProof", "{}"));
	CHECK_RC(BERTH_E_VC, with(doc, "cryptosuite", NULL));
	CHECK_RC(BERTH_E_ALG, with(doc, "cryptosuite", "\"eddsa-jcs-2023\""));
	CHECK_RC(BERTH_E_ALG, with(doc, "cryptosuite", "\"ecdsa-jcs-2019\""));	/* of an Ed25519 key */
	CHECK_RC(BERTH_E_ALG, with(doc, "type", "\"Ed25519Signature2020\""));
	CHECK_RC(BERTH_E_KEY, with(doc, "verificationMethod", "\"https://a.example/key\""));
	CHECK_RC(BERTH_E_KEY, with(doc, "verificationMethod", "\"#key-1\""));
	snprintf(other, sizeof(other), "\"%s#none\"", ed.did);
	CHECK_RC(BERTH_E_KEY, with(doc, "verificationMethod", other));
	berth_json_free(doc);
}

static void a_proof_over_no_context_vouches_for_none(void **state)
{
	const struct berth_di_options o = { .purpose = "assertionMethod", .created_s = -1 };
	struct berth_json *doc = document_of(&ed);

	(void)state;
	CHECK_OK(berth_json_set(doc, "@context", test_json("[]")));
	/* signed as it stands, it would verify with any context that is added */
	CHECK_RC(BERTH_E_SIG, berth_di_proof_add(doc, kr, ed.kid, &o));
	berth_json_remove(doc, "@context");
	CHECK_OK(berth_di_proof_add(doc, kr, ed.kid, &o));
	CHECK_OK(verify_all(doc));
	CHECK_OK(berth_json_set(doc, "@context", test_json("[\"https://a.example/1\"]")));
	CHECK_RC(BERTH_E_SIG, verify_all(doc));
	berth_json_free(doc);
}

static void proofs_have_bounds(void **state)
{
	struct berth_di_proof p[BERTH_DI_PROOFS_MAX];
	struct berth_json *doc = document_of(&ed), *again;
	struct berth_di_options o = { .purpose = "assertionMethod", .created_s = -1 };
	size_t n;

	(void)state;
	CHECK_RC(BERTH_E_VC, berth_di_proofs_read(p, &n, doc));
	CHECK_OK(berth_json_set(doc, "proof", test_json("[]")));
	CHECK_RC(BERTH_E_VC, berth_di_proofs_read(p, &n, doc));
	CHECK_OK(berth_json_set(doc, "proof", test_json("[1]")));
	CHECK_RC(BERTH_E_VC, berth_di_proofs_read(p, &n, doc));
	berth_json_remove(doc, "proof");
	for (size_t i = 0; i < BERTH_DI_PROOFS_MAX; i++)
		CHECK_OK(berth_di_proof_add(doc, kr, ed.kid, &o));
	CHECK_OK(verify_all(doc));
	CHECK_RC(BERTH_E_SIZE, berth_di_proof_add(doc, kr, ed.kid, &o));
	again = berth_json_clone(berth_json_at(berth_json_get(doc, "proof"), 0));
	CHECK_OK(berth_json_push(berth_json_get_mut(doc, "proof"), again));
	CHECK_RC(BERTH_E_SIZE, verify_all(doc));
	berth_json_free(doc);

	doc = document_of(&ed);
	add(doc, &ed, "urn:1", NULL, 0);
	again = berth_json_clone(berth_json_get(doc, "proof"));
	CHECK_OK(berth_json_set(doc, "proof", test_json("[]")));
	CHECK_OK(berth_json_push(berth_json_get_mut(doc, "proof"), berth_json_clone(again)));
	CHECK_OK(verify_all(doc));
	CHECK_OK(berth_json_push(berth_json_get_mut(doc, "proof"), again));
	CHECK_RC(BERTH_E_VC, verify_all(doc));	/* one id twice */
	berth_json_free(doc);
}

/* ---- C015 ---- */

static enum berth_err make(void *arg)
{
	const struct berth_di_options o = { .purpose = "assertionMethod", .id = "urn:2", .challenge = "c", .domain = "d" };
	struct berth_json *doc = berth_json_clone(arg);
	enum berth_err rc;

	if (!doc)
		return BERTH_E_NOMEM;
	rc = berth_di_proof_add(doc, kr, ed.kid, &o);
	berth_json_free(doc);
	return rc;
}

static enum berth_err check_chain(void *arg)
{
	return verify_all(arg);
}

static void c015_every_allocation_may_fail(void **state)
{
	struct berth_json *doc = document_of(&ed);
	const char *first[] = { "urn:1" };

	(void)state;
	add(doc, &ed, "urn:1", NULL, 0);
	CHECK(test_every_allocation_fails(make, doc) > 10);
	add(doc, &ed, "urn:2", first, 1);
	CHECK(test_every_allocation_fails(check_chain, doc) > 10);
	berth_json_free(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_of_the_specifications),
		cmocka_unit_test(every_suite_there_and_back),
		cmocka_unit_test(the_keyring_signs_for_its_own_did_only),
		cmocka_unit_test(sets_and_chains),
		cmocka_unit_test(c122_mutated_options_and_structure),
		cmocka_unit_test(a_proof_over_no_context_vouches_for_none),
		cmocka_unit_test(proofs_have_bounds),
		cmocka_unit_test(c015_every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
