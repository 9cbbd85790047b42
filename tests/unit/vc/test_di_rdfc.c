/* SPDX-License-Identifier: Apache-2.0 */
/* eddsa-rdfc-2022 and ecdsa-rdfc-2019: the specifications' own examples, and what the
 * suites with JCS are tested for. */
#include "tests/check.h"

#include "did/base/hex.h"
#include "did/base/secret.h"
#include "did/codec/multibase.h"
#include "did/crypto/hash.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/jose/multikey.h"
#include "did/proof.h"
#include "vc/jsonld/jsonld.h"
#include "vc/rdf/rdfc.h"

static struct berth_resolver resolver;

static struct berth_json *parse(const char *text)
{
	struct berth_json *j;

	CHECK_OK(berth_json_parse_exact(&j, text, strlen(text), BERTH_JSON_MAX));
	return j;
}

/* ---- examples ---- */

struct files {
	const char *folder, *suffix;
	enum berth_rdfc_hash hash;
	const char *key;
};

static char *read(const struct files *f, const char *stem, const char *ending)
{
	char path[256];

	snprintf(path, sizeof(path), "tests/vectors/%s/%s%s.%s", f->folder, stem, f->suffix, ending);
	return test_read_file(path, &(size_t){ 0 });
}

static bool text_is(const struct files *f, const char *stem, const struct berth_buf *b)
{
	char *want = read(f, stem, "txt");
	bool same = !strcmp(want, berth_buf_cstr(b));

	free(want);
	return same;
}

static bool hex_is(const struct files *f, const char *stem, const uint8_t *p, size_t n)
{
	struct berth_buf b = BERTH_BUF_INIT;
	char hex[2 * BERTH_SIG_MAX + 1];
	bool same;

	berth_hex_encode(hex, p, n);
	berth_buf_str(&b, hex);
	same = text_is(f, stem, &b);
	berth_buf_free(&b);
	return same;
}

static void canonical(struct berth_buf *out, const struct berth_jsonld_input *in, enum berth_rdfc_hash hash)
{
	struct berth_rdf d;

	berth_rdf_init(&d);
	CHECK_OK(berth_jsonld_to_rdf(&d, in));
	CHECK_OK(berth_rdfc(out, NULL, &d, hash));
	berth_rdf_free(&d);
}

/* The two canonical texts. */
static size_t check_texts(const struct files *f, const struct berth_json *doc)
{
	const struct berth_jsonld_input whole = { doc, NULL, "proof", NULL };
	const struct berth_jsonld_input config = {
		berth_json_get(doc, "proof"), berth_json_get(doc, "@context"), "proofValue", NULL
	};
	struct berth_buf b = BERTH_BUF_INIT;
	size_t passed = 0;

	canonical(&b, &whole, f->hash);
	passed += text_is(f, "canonDoc", &b);
	berth_buf_reset(&b);
	canonical(&b, &config, f->hash);
	passed += text_is(f, "proofCanon", &b);
	berth_buf_free(&b);
	return passed;
}

static size_t check_hashes(const struct files *f, const struct berth_json *doc, enum berth_key_type type)
{
	struct berth_di_hash h;
	size_t passed = 0;

	CHECK_OK(berth_di_hash(&h, doc, berth_json_get(doc, "proof"), NULL, type));
	passed += hex_is(f, "proofHash", h.b, h.len / 2);
	passed += hex_is(f, "docHash", h.b + h.len / 2, h.len / 2);
	return passed + hex_is(f, "combinedHash", h.b, h.len);
}

/* The published signature: its two spellings, and that it verifies. */
static size_t check_signature(const struct files *f, const struct berth_json *doc)
{
	struct berth_di_proof p[BERTH_DI_PROOFS_MAX];
	struct berth_buf sig = BERTH_BUF_INIT, text = BERTH_BUF_INIT;
	struct berth_pubkey key, resolved;
	size_t n, passed = 0;

	CHECK_OK(berth_multikey_parse(&key, f->key, strlen(f->key)));
	CHECK_OK(berth_di_proofs_read(p, &n, doc));
	CHECK(n == 1);
	CHECK_OK(berth_di_proof_key(&resolved, &p[0], &resolver, NULL, BERTH_REL_ASSERTION));
	CHECK(resolved.len == key.len && !memcmp(resolved.b, key.b, key.len));
	CHECK_OK(berth_multibase_decode(&sig, p[0].value, strlen(p[0].value)));
	passed += hex_is(f, "sigHex", sig.p, sig.len);
	berth_buf_str(&text, p[0].value);
	passed += text_is(f, "sigBTC58", &text);
	passed += berth_di_proof_verify(&p[0], doc, &key) == BERTH_OK;
	berth_buf_free(&sig);
	berth_buf_free(&text);
	return passed;
}

static size_t check_example(const struct files *f, enum berth_key_type type)
{
	char *text = read(f, "signed", "json");
	struct berth_json *doc = parse(text);
	size_t passed = check_texts(f, doc) + check_hashes(f, doc, type) + check_signature(f, doc);

	berth_json_free(doc);
	free(text);
	VECTORS(f->folder, passed, 8);
	return passed;
}

static void examples_of_the_specifications(void **state)
{
	static const struct files eddsa = {
		"vc-di-eddsa/eddsa-rdfc-2022", "DataInt", BERTH_RDFC_SHA256, "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
	};
	static const struct files p256 = {
		"vc-di-ecdsa/ecdsa-rdfc-2019-p256", "ECDSAP256", BERTH_RDFC_SHA256,
		"zDnaepBuvsQ8cpsWrVKw8fbpGpvPeNSjVPTWoq6cRqaYzBKVP"
	};
	static const struct files p384 = {
		"vc-di-ecdsa/ecdsa-rdfc-2019-p384", "ECDSAP384", BERTH_RDFC_SHA384,
		"z82LkuBieyGShVBhvtE2zoiD6Kma4tJGFtkAhxR5pfkp5QPw4LutoYWhvQCnGjdVn14kujQ"
	};

	(void)state;
	assert_int_equal(check_example(&eddsa, BERTH_KEY_ED25519), 8);
	assert_int_equal(check_example(&p256, BERTH_KEY_P256), 8);
	assert_int_equal(check_example(&p384, BERTH_KEY_P384), 8);
}

/* Ed25519 signatures are what they are: ours is the published one. */
static void same_signature_as_published(void **state)
{
	static const struct files f = { "vc-di-eddsa/eddsa-rdfc-2022", "DataInt", BERTH_RDFC_SHA256, NULL };
	static const char secret[] = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq";
	char *text = read(&f, "signed", "json");
	struct berth_json *doc = parse(text);
	struct berth_privkey key;
	struct berth_di_hash h;
	uint8_t sig[BERTH_SIG_MAX];
	size_t n;

	(void)state;
	CHECK_OK(berth_multikey_parse_private(&key, secret, strlen(secret)));
	CHECK_OK(berth_di_hash(&h, doc, berth_json_get(doc, "proof"), NULL, key.type));
	CHECK_OK(berth_sign(sig, &n, &key, h.b, h.len));
	CHECK(hex_is(&f, "sigHex", sig, n));
	berth_privkey_wipe(&key);
	berth_json_free(doc);
	free(text);
}

/* An older type of proof, which we do not verify: its canonical texts all the same. */
static void ed25519_signature_2020(void **state)
{
	static const struct files f = { "vc-di-eddsa/Ed25519Signature2020", "EdSig", BERTH_RDFC_SHA256, NULL };
	char *text = read(&f, "signed", "json");
	struct berth_json *doc = parse(text);
	size_t passed = check_texts(&f, doc);

	(void)state;
	VECTORS("vc-di-eddsa/Ed25519Signature2020 canonical texts", passed, 2);
	assert_int_equal(passed, 2);
	berth_json_free(doc);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_of_the_specifications),
		cmocka_unit_test(same_signature_as_published),
		cmocka_unit_test(ed25519_signature_2020),
	};

	berth_crypto_init();
	berth_resolver_builtin_init(&resolver, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
