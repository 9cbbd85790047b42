/* SPDX-License-Identifier: Apache-2.0 */
/* eddsa-rdfc-2022 and ecdsa-rdfc-2019: the specifications' own examples, and what the
 * suites with JCS are tested for. */
#include "tests/check.h"
#include "tests/fakes/alloc.h"
#include "tests/unit/vc/di.h"

#include "did/base/hex.h"
#include "did/base/secret.h"
#include "did/codec/multibase.h"
#include "did/crypto/hash.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/jose/multikey.h"
#include "did/proof.h"
#include "vc/jsonld/di_rdf.h"
#include "vc/jsonld/jsonld.h"
#include "vc/rdf/rdfc.h"
#include "vc/vc.h"

/* ---- examples ---- */

struct files {
	const char *folder, *suffix;
	enum berth_rdfc_hash hash;
	const char *key;
};

static char *read_text(const struct files *f, const char *stem, const char *ending)
{
	char path[256];

	snprintf(path, sizeof(path), "tests/vectors/%s/%s%s.%s", f->folder, stem, f->suffix, ending);
	return test_read_file(path, &(size_t){ 0 });
}

static bool text_is(const struct files *f, const char *stem, const struct berth_buf *b)
{
	char *want = read_text(f, stem, "txt");
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
	char *text = read_text(f, "signed", "json");
	struct berth_json *doc = test_json(text);
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
	char *text = read_text(&f, "signed", "json");
	struct berth_json *doc = test_json(text);
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

/* An older type of proof: we verify it, and make none. */
static void ed25519_signature_2020(void **state)
{
	static const struct files f = {
		"vc-di-eddsa/Ed25519Signature2020", "EdSig", BERTH_RDFC_SHA256, "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
	};
	char *text = read_text(&f, "signed", "json");
	struct berth_json *doc = test_json(text), *proof = berth_json_get_mut(doc, "proof");
	struct berth_di_proof p;

	(void)state;
	assert_int_equal(check_example(&f, BERTH_KEY_ED25519), 8);
	CHECK_OK(berth_di_proof_read(&p, proof));
	CHECK_OK(berth_json_set_str(proof, "cryptosuite", "eddsa-rdfc-2022"));
	CHECK_RC(BERTH_E_ALG, berth_di_proof_read(&p, proof));
	CHECK_OK(berth_json_set_str(proof, "type", "DataIntegrityProof"));
	CHECK_OK(berth_di_proof_read(&p, proof));
	CHECK_OK(berth_json_set_str(proof, "cryptosuite", "Ed25519Signature2020"));
	CHECK_RC(BERTH_E_ALG, berth_di_proof_read(&p, proof));
	berth_json_free(doc);
	free(text);
}

/* ---- making and verifying ---- */

#define CONTEXTS "[\"" BERTH_VC_CONTEXT "\",\"https://www.w3.org/ns/credentials/examples/v2\"]"

static struct test_party p256, p384;

static const char *suite_of(const struct test_party *p)
{
	return p->key.type == BERTH_KEY_ED25519 ? "eddsa-rdfc-2022" : "ecdsa-rdfc-2019";
}

/* more: further members, with a comma in front. */
static struct berth_json *credential_of(const struct test_party *by, const char *more)
{
	struct berth_json *vc;
	char *s;

	CHECK(asprintf(&s, "{\"@context\":" CONTEXTS ",\"id\":\"urn:uuid:7\",\"type\":[\"VerifiableCredential\",\"Alumni\"],"
			   "\"issuer\":\"%s\",\"credentialSubject\":{\"id\":\"%s\",\"n\":[1,2.5,\"x\"],"
			   "\"deep\":{\"a\":{\"b\":\"c\"}}}%s}", by->did, holder.did, more) > 0);
	vc = test_json(s);
	free(s);
	return vc;
}

static char *issue_by(const struct test_party *by, const char *more, const struct berth_di_options *o)
{
	struct berth_json *vc = credential_of(by, more);
	struct berth_di_options options = *o;
	struct berth_buf b = BERTH_BUF_INIT;

	options.suite = suite_of(by);
	CHECK_OK(berth_vc_di_issue(&b, kr, by->kid_long, vc, &options));
	berth_json_free(vc);
	return test_take(&b);
}

static char *issued(const char *more)
{
	return issue_by(&issuer, more, &(struct berth_di_options){ .created_s = NOW });
}

static void every_key_there_and_back(void **state)
{
	const struct test_party *const parties[] = { &issuer, &p256, &p384, &holder };
	struct berth_report r;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		char *text = issue_by(parties[i], "", &(struct berth_di_options){ .created_s = -1 });
		const struct berth_json *proof;

		CHECK_OK(berth_vc_di_verify(&r, &v, text, strlen(text)));
		proof = berth_json_get(r.credential, "proof");
		CHECK(!strcmp(berth_json_str(berth_json_get(proof, "cryptosuite")), suite_of(parties[i])));
		CHECK(!berth_json_get(proof, "@context"));
		CHECK(berth_json_len(r.warnings) == 1);	/* no --trust; the contexts are known */
		berth_report_free(&r);
		expect(BERTH_E_SIG, changed(text, "credentialSubject n", "[1,2.5]"));
		free(text);
	}
}

static void keys_and_suites(void **state)
{
	struct berth_di_options o = { .suite = "ecdsa-rdfc-2019", .created_s = -1 };
	struct berth_json *vc = credential_of(&issuer, "");
	struct berth_buf b = BERTH_BUF_INIT;
	char *text = issued("");

	(void)state;
	CHECK_RC(BERTH_E_KEY, berth_vc_di_issue(&b, kr, issuer.kid, vc, &o));
	o.suite = "Ed25519Signature2020";
	CHECK_RC(BERTH_E_ALG, berth_vc_di_issue(&b, kr, issuer.kid, vc, &o));
	expect(BERTH_E_ALG, changed(text, "proof cryptosuite", "\"ecdsa-rdfc-2019\""));
	expect(BERTH_E_SIG, changed(text, "proof cryptosuite", "\"eddsa-jcs-2022\""));
	expect(BERTH_OK, text);
	berth_json_free(vc);
}

/* The same statements in another spelling are the same credential. */
static void spelling_does_not_count(void **state)
{
	static const char *const same[][2] = {
		{ "credentialSubject n", "[\"x\",2.5,1,1]" }, { "type", "[\"Alumni\",\"VerifiableCredential\"]" },
		{ "credentialSubject deep", "[{\"a\":[{\"b\":\"c\"}]}]" },
		{ "credentialSubject none", "[]" },
		{ "proof @context", CONTEXTS },
	};
	char *text = issued("");

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		expect(BERTH_OK, changed(text, same[i][0], same[i][1]));
	free(text);
}

static void c114_altered_content_is_e_sig(void **state)
{
	static const char *const altered[][2] = {
		{ "credentialSubject n", "[1,2.5,\"y\"]" }, { "credentialSubject n", NULL }, { "id", NULL },
		{ "credentialSubject id", "\"did:example:other\"" }, { "type", "[\"VerifiableCredential\",\"X\"]" },
		{ "credentialSubject deep", "{\"a\":{\"b\":\"c\",\"d\":1}}" },
		{ "validFrom", "\"2026-01-01T00:00:00Z\"" }, { "proof created", "\"2026-11-23T13:30:01Z\"" },
		{ "proof created", NULL }, { "proof nonce", "\"n\"" }, { "proof challenge", "\"c\"" },
		{ "proof any", "\"x\"" },	/* the example vocabulary defines everything */
		{ "proof expires", "\"2027-01-01T00:00:00Z\"" },
		{ "proof @context", "[\"" BERTH_VC_CONTEXT "\"]" },
		/* other names for the same: another vocabulary */
		{ "@context", "[\"" BERTH_VC_CONTEXT "\",\"https://www.w3.org/ns/credentials/undefined-terms/v2\"]" },
	};
	char *text = issued("");

	(void)state;
	for (size_t i = 0; i < sizeof(altered) / sizeof(altered[0]); i++)
		expect(BERTH_E_SIG, changed(text, altered[i][0], altered[i][1]));
	expect(BERTH_OK, text);
}

static void c121_what_no_context_defines_is_e_vc(void **state)
{
	static const char *const refused[][2] = {
		{ "@context", "[\"" BERTH_VC_CONTEXT "\"]" },	/* n, deep, Alumni */
		{ "@context", "[\"" BERTH_VC_CONTEXT "\",\"https://a.example/1\"]" },
		{ "@context", "[\"" BERTH_VC_CONTEXT "\",{\"VerifiableCredential\":\"urn:x\",\"@vocab\":\"urn:v#\"}]" },
		{ "credentialSubject gone", "null" },
		{ "credentialSubject @nest", "{\"a\":1}" }, { "@included", "[{\"id\":\"urn:x\",\"a\":1}]" },
		{ "credentialSubject deep", "{\"@reverse\":{\"a\":{\"id\":\"urn:x\"}}}" },
		{ "credentialSubject id", "\"relative\"" },
	};
	char *text = issued("");

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		expect(BERTH_E_VC, changed(text, refused[i][0], refused[i][1]));
	expect(BERTH_OK, text);
}

/* Statements that verifiers look for cannot be hidden under other names, or in other
 * places: the signature would still hold. */
static void c121_nothing_is_hidden_from_who_reads_json(void **state)
{
#define UNTIL "\"2026-11-23T13:30:00Z\""
#define DATE "\"http://www.w3.org/2001/XMLSchema#dateTime\""
#define CRED "https://www.w3.org/2018/credentials#"
	char *text = issued(",\"validUntil\":" UNTIL), *bare = changed(text, "validUntil", NULL), *aliased;

	(void)state;
	expect(BERTH_E_EXPIRED, strdup(text));
	expect(BERTH_E_VC, changed(bare, CRED "validUntil", "{\"@type\":" DATE ",\"@value\":" UNTIL "}"));
	aliased = changed(bare, "vu", UNTIL);
	expect(BERTH_E_VC, changed(aliased, "@context", "[\"" BERTH_VC_CONTEXT "\",\"https://www.w3.org/ns/credentials/examples/v2\","
						  "{\"vu\":{\"@id\":\"" CRED "validUntil\",\"@type\":" DATE "}}]"));
	free(aliased);
	aliased = changed(bare, "c:validUntil", "{\"@type\":" DATE ",\"@value\":" UNTIL "}");
	expect(BERTH_E_VC, changed(aliased, "@context", "[\"" BERTH_VC_CONTEXT "\",\"https://www.w3.org/ns/credentials/examples/v2\","
						  "{\"c\":\"" CRED "\"}]"));
	free(aliased);
	/* beside its own identifier somewhere else */
	expect(BERTH_E_VC, changed(bare, "credentialSubject deep", "{\"a\":{\"b\":\"c\"},\"of\":{\"id\":\"urn:uuid:7\","
				   "\"type\":\"VerifiableCredential\",\"validUntil\":" UNTIL "}}"));
	expect(BERTH_E_VC, changed(bare, "type", "[\"VerifiableCredential\",\"" CRED "VerifiableCredential\"]"));
	expect(BERTH_E_SIG, bare);
	free(text);
}

/* Which node is the document is not signed: another credential within it could be. */
static void c121_a_document_has_one_beginning(void **state)
{
	static const char inner[] = "{\"id\":\"urn:uuid:8\",\"type\":\"VerifiableCredential\",\"issuer\":\"did:example:i\",\"credentialSubject\":{%s}}";
	struct berth_di_options o = { .suite = "eddsa-rdfc-2022", .created_s = -1 };
	char within[256], with[512];
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *vc;

	(void)state;
	for (int back = 0; back < 2; back++) {
		snprintf(within, sizeof(within), inner, back ? "\"of\":{\"id\":\"urn:uuid:7\"}" : "\"of\":{\"id\":\"urn:uuid:9\"}");
		snprintf(with, sizeof(with), ",\"evidence\":%s", within);
		vc = credential_of(&issuer, with);
		CHECK_RC(back ? BERTH_E_VC : BERTH_OK, berth_vc_di_issue(&b, kr, issuer.kid, vc, &o));
		berth_buf_free(&b);
		berth_json_free(vc);
	}
	expect(BERTH_OK, issued(",\"evidence\":{\"type\":\"Other\",\"of\":{\"id\":\"urn:uuid:7\"}}"));
}

/* The same of a proof: it has a term whose IRI ends otherwise. */
static void c121_the_end_of_a_proof_is_not_hidden(void **state)
{
	static const struct berth_di_options o = { .suite = "eddsa-rdfc-2022", .purpose = "assertionMethod", .created_s = NOW };
	struct berth_json *vc = credential_of(&issuer, "");
	struct berth_buf b = BERTH_BUF_INIT;
	char *text, *aliased;

	(void)state;
	CHECK_OK(berth_di_proof_add(vc, kr, issuer.kid, &o));
	CHECK_OK(berth_json_print(&b, vc));
	text = test_take(&b);
	aliased = changed(text, "proof expiration", UNTIL);
	expect(BERTH_E_VC, changed(aliased, "@context", "[\"" BERTH_VC_CONTEXT "\",\"https://www.w3.org/ns/credentials/examples/v2\","
				   "{\"expiration\":{\"@id\":\"https://w3id.org/security#expiration\",\"@type\":" DATE "}}]"));
	expect(BERTH_E_SIG, changed(text, "proof expires", UNTIL));
	expect(BERTH_OK, text);
	free(aliased);
	berth_json_free(vc);
}

static void a_context_of_its_own_is_told(void **state)
{
	struct berth_json *vc = credential_of(&issuer, "");
	struct berth_di_options o = { .suite = "eddsa-rdfc-2022", .created_s = -1 };
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_report r;
	char *text;

	(void)state;
	CHECK_OK(berth_json_set(vc, "@context", test_json("[\"" BERTH_VC_CONTEXT "\",{\"@vocab\":\"https://own.example/#\"}]")));
	CHECK_OK(berth_vc_di_issue(&b, kr, issuer.kid, vc, &o));
	text = test_take(&b);
	CHECK_OK(berth_vc_di_verify(&r, &v, text, strlen(text)));
	CHECK(berth_json_len(r.warnings) == 2);
	CHECK(strstr(berth_json_str(berth_json_at(r.warnings, 0)), "context of its own") != NULL);
	berth_report_free(&r);
	free(text);
	berth_json_free(vc);
}

static void what_cannot_be_signed_is_not_issued(void **state)
{
	struct berth_di_options o = { .suite = "eddsa-rdfc-2022", .created_s = -1 };
	struct berth_json *vc = credential_of(&issuer, "");
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	CHECK_OK(berth_json_set(vc, "@context", test_json("[\"" BERTH_VC_CONTEXT "\",\"https://a.example/1\"]")));
	CHECK_RC(BERTH_E_VC, berth_vc_di_issue(&b, kr, issuer.kid, vc, &o));
	o.suite = "eddsa-jcs-2022";	/* which takes them as text */
	CHECK_OK(berth_vc_di_issue(&b, kr, issuer.kid, vc, &o));
	berth_buf_free(&b);
	berth_json_free(vc);
}

static void version_1_1(void **state)
{
	static const char members[] = "\"type\":[\"VerifiableCredential\"],\"issuanceDate\":\"2026-01-01T00:00:00Z\","
				      "\"credentialSubject\":{\"id\":\"did:example:s\"},\"issuer\":";
	struct berth_di_options o = { .suite = "eddsa-rdfc-2022", .created_s = NOW };
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *vc;
	char *s;

	(void)state;
	CHECK(asprintf(&s, "{\"@context\":[\"" BERTH_VC_CONTEXT_V1 "\",\"https://w3id.org/security/data-integrity/v2\"],%s\"%s\"}",
		       members, issuer.did) > 0);
	vc = test_json(s);
	CHECK_OK(berth_vc_di_issue(&b, kr, issuer.kid, vc, &o));
	expect(BERTH_OK, test_take(&b));
	/* the first context alone knows no proofs of this type */
	CHECK_OK(berth_json_set(vc, "@context", test_json("[\"" BERTH_VC_CONTEXT_V1 "\"]")));
	CHECK_RC(BERTH_E_VC, berth_vc_di_issue(&b, kr, issuer.kid, vc, &o));
	berth_buf_free(&b);
	berth_json_free(vc);
	free(s);
}

static void sets_and_chains(void **state)
{
	static const char *const first[] = { "urn:proof:1" };
	struct berth_di_options o = { .id = "urn:proof:1", .created_s = NOW };
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *vc;
	char *text = issue_by(&issuer, "", &o), *chain;

	(void)state;
	vc = test_json(text);
	o = (struct berth_di_options){ .suite = "eddsa-rdfc-2022", .id = "urn:proof:2", .previous = first,
				       .n_previous = 1, .created_s = NOW };
	CHECK_OK(berth_vc_di_issue(&b, kr, issuer.kid, vc, &o));
	berth_json_free(vc);
	free(text);
	vc = test_json(berth_buf_cstr(&b));
	berth_buf_free(&b);
	o = (struct berth_di_options){ .suite = "eddsa-jcs-2022", .created_s = NOW };	/* and one of another suite */
	CHECK_OK(berth_vc_di_issue(&b, kr, issuer.kid, vc, &o));
	chain = test_take(&b);
	expect(BERTH_OK, strdup(chain));
	berth_json_free(vc);
	vc = test_json(chain);
	berth_json_drop(berth_json_get_mut(vc, "proof"), berth_json_first_mut(berth_json_get_mut(vc, "proof")));
	CHECK_OK(berth_json_print(&b, vc));
	expect(BERTH_E_SIG, test_take(&b));	/* the first is gone */
	berth_json_free(vc);
	free(chain);
}

/* ---- presentations ---- */

static char *present(const struct test_party *by, const char *const *vcs, size_t n)
{
	const struct berth_di_options o = {
		.suite = suite_of(by), .challenge = CHALLENGE, .domain = DOMAIN, .created_s = NOW
	};
	struct berth_buf b = BERTH_BUF_INIT;

	CHECK_OK(berth_vp_di_create(&b, kr, by->kid_long, &o, vcs, n));
	return test_take(&b);
}

static void presentations(void **state)
{
	struct berth_json *vc = credential_of(&issuer, "");
	struct berth_buf b = BERTH_BUF_INIT;
	char *di = issued(""), *jcs, *jwt, *text;

	(void)state;
	CHECK_OK(berth_vc_issue(&b, kr, issuer.kid, vc));
	jwt = test_take(&b);
	CHECK_OK(berth_vc_di_issue(&b, kr, issuer.kid, vc, &(struct berth_di_options){ .created_s = NOW }));
	jcs = test_take(&b);
	text = present(&holder, (const char *const[]){ di, jwt, jcs }, 3);
	expect_vp(BERTH_OK, strdup(text));
	v.challenge = "another";
	expect_vp(BERTH_E_HOLDER, strdup(text));
	v.challenge = CHALLENGE;
	v.domain = "https://other.example";
	expect_vp(BERTH_E_HOLDER, strdup(text));
	v.domain = DOMAIN;
	expect_vp(BERTH_E_SIG, changed(text, "proof challenge", "\"another\""));
	expect_vp(BERTH_E_SIG, changed(text, "proof domain", "\"another\""));
	expect_vp(BERTH_E_SIG, changed(text, "verifiableCredential", NULL));
	expect_vp(BERTH_E_VC, changed(text, "proof proofPurpose", "\"assertionMethod\""));
	free(text);
	free(di);
	free(jcs);
	free(jwt);
	berth_json_free(vc);
}

static void c117_expiry_of_the_proof(void **state)
{
	char *text = issued(",\"validUntil\":\"2026-11-23T13:30:01Z\"");

	(void)state;
	expect(BERTH_OK, strdup(text));
	v.now_s++;
	expect(BERTH_E_EXPIRED, text);
}

static void every_truncation_is_e_json(void **state)
{
	char *text = issued("");

	(void)state;
	for (size_t n = 0; n < strlen(text); n++)
		expect(BERTH_E_JSON, strndup(text, n));
	free(text);
}

/* ---- C015 ---- */

static enum berth_err verify(void *arg)
{
	struct berth_report r;
	enum berth_err rc = berth_vc_di_verify(&r, &v, arg, strlen(arg));

	berth_report_free(&r);
	return rc;
}

static enum berth_err make(void *arg)
{
	const struct berth_di_options o = { .suite = "eddsa-rdfc-2022", .created_s = NOW };
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc = berth_vc_di_issue(&b, kr, issuer.kid, arg, &o);

	berth_buf_free(&b);
	return rc;
}

static void c015_no_memory(void **state)
{
	struct berth_json *vc = credential_of(&issuer, "");
	char *text = issued("");

	(void)state;
	CHECK(test_every_allocation_fails(verify, text) > 20);
	CHECK(test_every_allocation_fails(make, vc) > 20);
	berth_json_free(vc);
	free(text);
}

static int setup(void **state)
{
	(void)state;
	test_verifier_make(PARTY_PEER4_P256, PARTY_KEY_P256);
	test_party_make(&p256, kr, PARTY_KEY_P256, "p256");
	test_party_make(&p384, kr, PARTY_KEY_P384, "p384");
	berth_jsonld_for_proofs();
	return 0;
}

#define TEST(f) cmocka_unit_test_setup(f, test_verifier_asks)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(examples_of_the_specifications),
		TEST(same_signature_as_published),
		TEST(ed25519_signature_2020),
		TEST(every_key_there_and_back),
		TEST(keys_and_suites),
		TEST(spelling_does_not_count),
		TEST(c114_altered_content_is_e_sig),
		TEST(c121_what_no_context_defines_is_e_vc),
		TEST(c121_nothing_is_hidden_from_who_reads_json),
		TEST(c121_a_document_has_one_beginning),
		TEST(c121_the_end_of_a_proof_is_not_hidden),
		TEST(a_context_of_its_own_is_told),
		TEST(what_cannot_be_signed_is_not_issued),
		TEST(version_1_1),
		TEST(sets_and_chains),
		TEST(presentations),
		TEST(c117_expiry_of_the_proof),
		TEST(every_truncation_is_e_json),
		TEST(c015_no_memory),
	};

	return cmocka_run_group_tests(tests, setup, test_verifier_end);
}
