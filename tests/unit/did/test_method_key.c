/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/json.h"

#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/base/secret.h"
#include "did/codec/base58.h"
#include "did/codec/base64url.h"
#include "did/codec/multibase.h"
#include "did/crypto/keypair.h"
#include "did/method_key.h"

#define ED "z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH"

/* ---- did:key ---- */

/* Two documents mean the same: methods with the same ids and keys in the same
 * relationships; how they write the keys may differ. */
static bool same_meaning(const struct berth_did_doc *a, const struct berth_did_doc *b)
{
	bool same = strcmp(a->id, b->id) == 0 && a->n_vms == b->n_vms;

	for (size_t i = 0; same && i < a->n_vms; i++) {
		const struct berth_vm *vm = berth_did_doc_vm(b, a->vms[i].id);

		same = vm && vm->rels == a->vms[i].rels && strcmp(vm->controller, a->vms[i].controller) == 0 &&
		       vm->key.type != BERTH_KEY_NONE && berth_pubkey_equal(&vm->key, &a->vms[i].key);
	}
	return same;
}

/* did -> document, and the key of the document -> did. */
static bool vector(const char *did, const struct berth_json *document)
{
	struct berth_did_doc *want = NULL, *got = NULL;
	struct berth_buf again = BERTH_BUF_INIT;
	bool ok = berth_did_doc_from_json(&want, berth_json_clone(document), did) == BERTH_OK &&
		  berth_did_key_resolve(&got, did) == BERTH_OK && same_meaning(got, want) &&
		  berth_did_key_create(&again, &want->vms[0].key) == BERTH_OK && strcmp(berth_buf_cstr(&again), did) == 0;

	berth_did_doc_free(want);
	berth_did_doc_free(got);
	berth_buf_free(&again);
	return ok;
}

static void spec_vectors(const char *name)
{
	size_t passed = 0, total = 0;
	char path[128];
	struct berth_json *file;
	const struct berth_json *list;

	snprintf(path, sizeof(path), "tests/vectors/did-key-spec/%s.json", name);
	file = test_json_file(path);
	list = berth_json_get(file, "didDocument");	/* x25519.json is one level deeper */
	berth_json_each(v, list ? list : file) {
		const struct berth_json *document = list ? v : berth_json_get(v, "didDocument");

		total++;
		if (vector(berth_json_key(v), document))
			passed++;
		else
			print_message("%s: %s\n", name, berth_json_key(v));
	}
	printf("vectors: did-key-spec %s %zu/%zu\n", name, passed, total);
	CHECK(passed == total && total > 0);
	berth_json_free(file);
}

static void did_key_spec_vectors(void **state)
{
	(void)state;
	spec_vectors("ed25519-x25519");
	spec_vectors("x25519");
	spec_vectors("secp256k1");
	spec_vectors("nist-curves");
}

/* BLS12-381 and RSA are not supported: every DID is refused, as a key (RSA's is
 * longer than any Multikey of ours). */
static void did_key_spec_unsupported(void **state)
{
	static const struct { const char *name; enum berth_err want; } files[] = {
		{ "bls12381", BERTH_E_KEY }, { "rsa", BERTH_E_SIZE },
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct berth_did_doc *doc;
		struct berth_json *file;
		char path[128];

		snprintf(path, sizeof(path), "tests/vectors/did-key-spec/%s.json", files[i].name);
		file = test_json_file(path);
		berth_json_each(v, file) {
			CHECK_RC(files[i].want, berth_did_key_resolve(&doc, berth_json_key(v)));
			printf("did-key-spec %s: not supported, refused: %.40s\n", files[i].name, berth_json_key(v));
		}
		printf("vectors: did-key-spec %s (not supported, refused) 0/%zu\n", files[i].name, berth_json_len(file));
		berth_json_free(file);
	}
}

/* Seeds of the vectors give the DIDs. */
static void did_key_from_seeds(void **state)
{
	struct berth_json *file = test_json_file("tests/vectors/did-key-spec/ed25519-x25519.json");

	(void)state;
	berth_json_each(v, file) {
		struct berth_buf did = BERTH_BUF_INIT;
		struct berth_privkey k;
		uint8_t seed[32] = { 0 };
		unsigned last;

		CHECK(sscanf(test_str(v, "seed") + 62, "%2x", &last) == 1);
		seed[31] = (uint8_t)last;
		CHECK_OK(berth_keypair_from_private(&k, BERTH_KEY_ED25519, seed, 32));
		CHECK_OK(berth_did_key_create(&did, &k.pub));
		assert_string_equal(berth_buf_cstr(&did), berth_json_key(v));
		berth_buf_free(&did);
		berth_privkey_wipe(&k);
	}
	berth_json_free(file);
}

static void every_type_comes_back_from_its_did(void **state)
{
	(void)state;
	for (enum berth_key_type t = BERTH_KEY_ED25519; t < BERTH_KEY__COUNT; t++) {
		struct berth_buf did = BERTH_BUF_INIT;
		struct berth_did_doc *doc;
		struct berth_privkey k;

		CHECK_OK(berth_keypair_generate(&k, t));
		CHECK_OK(berth_did_key_create(&did, &k.pub));
		CHECK_OK(berth_did_key_resolve(&doc, berth_buf_cstr(&did)));
		CHECK(berth_pubkey_equal(&doc->vms[0].key, &k.pub));
		berth_did_doc_free(doc);
		berth_buf_reset(&did);
		CHECK_OK(berth_did_jwk_create(&did, &k.pub));
		CHECK_OK(berth_did_jwk_resolve(&doc, berth_buf_cstr(&did)));
		CHECK(doc->n_vms == 1 && berth_pubkey_equal(&doc->vms[0].key, &k.pub));
		CHECK(!!(doc->vms[0].rels & BERTH_REL_SIGNING) == berth_key_can_sign(t));
		berth_did_doc_free(doc);
		berth_buf_free(&did);
		berth_privkey_wipe(&k);
	}
}

static void refused(enum berth_err want, const char *did)
{
	struct berth_did_doc *doc;

	CHECK_RC(want, berth_did_key_resolve(&doc, did));
	CHECK(doc == NULL);
}

static void c018_keys_in_did_key(void **state)
{
	struct berth_did_doc *doc;

	(void)state;
	CHECK_OK(berth_did_key_resolve(&doc, "did:key:" ED));
	berth_did_doc_free(doc);
	refused(BERTH_E_KEY, "did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvkt0");
	refused(BERTH_E_KEY, "did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktI");
	refused(BERTH_E_KEY, "did:key:z16MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH");
	refused(BERTH_E_KEY, "did:key:m6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH");
	refused(BERTH_E_KEY, "did:key:6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH");
	refused(BERTH_E_KEY, "did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvkt");
	refused(BERTH_E_KEY, "did:key:z");
	refused(BERTH_E_DID, "did:key:");
	refused(BERTH_E_DID, "did:key");
	refused(BERTH_E_DID, "did:key:" ED "#" ED);
	refused(BERTH_E_DID, "did:jwk:" ED);
	refused(BERTH_E_DID, "DID:key:" ED);
	refused(BERTH_E_DID, "");
}

/* multibase('z', these bytes) after did:key: */
static void refused_bytes(const void *p, size_t n)
{
	struct berth_buf did = BERTH_BUF_INIT;

	berth_buf_str(&did, "did:key:");
	CHECK_OK(berth_multibase_encode(&did, 'z', p, n));
	refused(BERTH_E_KEY, berth_buf_cstr(&did));
	berth_buf_free(&did);
}

static void c111_wrong_codec_off_curve_and_lengths(void **state)
{
	uint8_t b[64] = { 0xed, 0x01 };
	struct berth_privkey k;

	(void)state;
	CHECK_OK(berth_keypair_generate(&k, BERTH_KEY_ED25519));
	memcpy(b + 2, k.pub.b, 32);
	refused_bytes(b, 33);			/* 31 bytes */
	refused_bytes(b, 35);			/* 33 */
	b[0] = 0xea;
	refused_bytes(b, 34);			/* another codec */
	memcpy(b, (uint8_t[]){ 0xed, 0x81, 0x00 }, 3);
	memcpy(b + 3, k.pub.b, 32);
	refused_bytes(b, 35);			/* the codec, not minimal */
	memcpy(b, (uint8_t[]){ 0x80, 0x24, 0x02 }, 3);
	memset(b + 3, 0xff, 32);
	refused_bytes(b, 35);			/* P-256: x above the field */
	memset(b + 3, 0, 31);
	b[34] = 1;				/* x = 1 has no y on P-256 */
	refused_bytes(b, 35);
	berth_privkey_wipe(&k);
}

static void c111_x25519_does_not_sign(void **state)
{
	struct berth_did_doc *doc;
	const struct berth_vm *vm;

	(void)state;
	CHECK_OK(berth_did_key_resolve(&doc, "did:key:z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F"));
	CHECK_OK(berth_did_doc_key(doc, doc->vms[0].id, BERTH_REL_KEY_AGREEMENT, &vm));
	CHECK_RC(BERTH_E_KEY, berth_did_doc_key(doc, doc->vms[0].id, BERTH_REL_AUTHENTICATION, &vm));
	CHECK_RC(BERTH_E_KEY, berth_did_doc_key(doc, doc->vms[0].id, BERTH_REL_ASSERTION, &vm));
	berth_did_doc_free(doc);
}

static void every_truncation_of_a_did_key(void **state)
{
	static const char did[] = "did:key:" ED;

	(void)state;
	for (size_t n = 0; n < sizeof(did) - 1; n++) {
		char *exact = strndup(did, n);

		refused(n <= strlen("did:key:") ? BERTH_E_DID : BERTH_E_KEY, exact);
		free(exact);
	}
}

/* ---- did:jwk ---- */

/* The first of the two published documents has a stray '$' in one reference,
 * which is no DID URL; it is read without it. */
static char *without_dollar(const struct berth_json *document)
{
	struct berth_buf b = BERTH_BUF_INIT;
	char *text, *at;

	CHECK_OK(berth_json_print(&b, document));
	CHECK((text = berth_buf_take_str(&b)));
	if ((at = strstr(text, "did:jwk:$")))
		memmove(at + 8, at + 9, strlen(at + 9) + 1);
	return text;
}

static void did_jwk_spec_vectors(void **state)
{
	struct berth_json *file = test_json_file("tests/vectors/did-jwk/examples.json");
	size_t passed = 0;

	(void)state;
	berth_json_each(v, file) {
		char *text = without_dollar(berth_json_get(v, "document"));
		struct berth_did_doc *got, *want;

		CHECK_OK(berth_did_jwk_resolve(&got, test_str(v, "did")));
		CHECK_OK(berth_did_doc_parse(&want, text, strlen(text), test_str(v, "did")));
		CHECK(same_meaning(got, want));
		CHECK(berth_json_equal(berth_json_get(berth_did_doc_json(got), "verificationMethod"),
				       berth_json_get(berth_did_doc_json(want), "verificationMethod")));
		passed++;
		berth_did_doc_free(got);
		berth_did_doc_free(want);
		free(text);
	}
	VECTORS("did-jwk", passed, berth_json_len(file));
	berth_json_free(file);
}

/* The did:jwk of this text. */
static enum berth_err jwk(unsigned *rels, const char *text)
{
	struct berth_buf did = BERTH_BUF_INIT;
	struct berth_did_doc *doc;
	enum berth_err rc;

	berth_buf_str(&did, "did:jwk:");
	berth_b64url_encode(&did, text, strlen(text));
	*rels = 0;
	if ((rc = berth_did_jwk_resolve(&doc, berth_buf_cstr(&did))) == BERTH_OK)
		*rels = doc->vms[0].rels;
	berth_did_doc_free(doc);
	berth_buf_free(&did);
	return rc;
}

#define EDX "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""
#define P256 "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"," \
	"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""

static void did_jwk_relationships_follow_use(void **state)
{
	unsigned rels;

	(void)state;
	CHECK_OK(jwk(&rels, "{" EDX "}"));
	CHECK(rels == BERTH_REL_SIGNING);
	CHECK_OK(jwk(&rels, "{" P256 "}"));
	CHECK(rels == (BERTH_REL_SIGNING | BERTH_REL_KEY_AGREEMENT));
	CHECK_OK(jwk(&rels, "{" P256 ",\"use\":\"sig\"}"));
	CHECK(rels == BERTH_REL_SIGNING);
	CHECK_OK(jwk(&rels, "{" P256 ",\"use\":\"enc\"}"));
	CHECK(rels == BERTH_REL_KEY_AGREEMENT);
}

static void did_jwk_refusals(void **state)
{
	struct berth_did_doc *doc;
	unsigned rels;

	(void)state;
	CHECK_RC(BERTH_E_KEY, jwk(&rels, "{" EDX ",\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\"}"));
	CHECK_RC(BERTH_E_KEY, jwk(&rels, "{\"kty\":\"oct\",\"k\":\"AAAA\"}"));
	CHECK_RC(BERTH_E_KEY, jwk(&rels, "{}"));
	CHECK_RC(BERTH_E_DID, jwk(&rels, "[]"));
	CHECK_RC(BERTH_E_DID, jwk(&rels, "{" EDX));
	CHECK_RC(BERTH_E_DID, jwk(&rels, "{" EDX "," EDX "}"));
	CHECK_RC(BERTH_E_B64, berth_did_jwk_resolve(&doc, "did:jwk:e30.e30"));
	CHECK_RC(BERTH_E_B64, berth_did_jwk_resolve(&doc, "did:jwk:e31"));
	CHECK_RC(BERTH_E_DID, berth_did_jwk_resolve(&doc, "did:jwk:"));
	CHECK_RC(BERTH_E_DID, berth_did_jwk_resolve(&doc, "did:jwk:e30#0"));
	CHECK_RC(BERTH_E_DID, berth_did_jwk_resolve(&doc, "did:key:e30"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(did_key_spec_vectors),
		cmocka_unit_test(did_key_spec_unsupported),
		cmocka_unit_test(did_key_from_seeds),
		cmocka_unit_test(every_type_comes_back_from_its_did),
		cmocka_unit_test(c018_keys_in_did_key),
		cmocka_unit_test(c111_wrong_codec_off_curve_and_lengths),
		cmocka_unit_test(c111_x25519_does_not_sign),
		cmocka_unit_test(every_truncation_of_a_did_key),
		cmocka_unit_test(did_jwk_spec_vectors),
		cmocka_unit_test(did_jwk_relationships_follow_use),
		cmocka_unit_test(did_jwk_refusals),
	};

	berth_crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
