/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/json.h"

#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/base/secret.h"
#include "did/codec/base64url.h"
#include "did/codec/multibase.h"
#include "did/crypto/hash.h"
#include "did/crypto/keypair.h"
#include "did/jose/multikey.h"
#include "did/method_peer.h"
#include "did/peer1.h"
#include "did/url.h"

#define SPEC "tests/vectors/did-peer-spec/"
#define ED "z6Mkj3PUd1WjvaDhNZhhhXQdz5UnZXmS7ehtx8bsPpD47kKc"
#define PEER1_DID "did:peer:1zQmR7cCY5VenQbUNsGr9fLFb3xpsiaHsESjMJ556TgozsWP"
#define X "z6LSg8zQom395jKLrGiBNruB9MM6V8PWuf2FpEy4uRFiqQBR"

static struct berth_pubkey multikey(const char *text)
{
	struct berth_pubkey k;

	CHECK_OK(berth_multikey_parse(&k, text, strlen(text)));
	return k;
}

static struct berth_peer_spec two_keys(void)
{
	struct berth_peer_spec s = { .n_verification = 1, .n_agreement = 1 };

	s.verification[0] = multikey(ED);
	s.agreement[0] = multikey(X);
	return s;
}

/* ---- vectors ---- */

/* The documents are equal but for the order of members: the specification's, word
 * for word.  alsoKnownAs of numalgo 2 is optional and ours may say more. */
static bool equal_documents(const struct berth_json *got, const struct berth_json *want)
{
	berth_json_each(m, want)
		if (!berth_json_equal(m, berth_json_get(got, berth_json_key(m))))
			return false;
	return berth_json_len(got) == berth_json_len(want) + !berth_json_get(want, "alsoKnownAs");
}

static void spec_resolve(void **state)
{
	struct berth_json *file = test_json_file(SPEC "resolve.json");
	const char *long_did = NULL;
	size_t passed = 0, total = 0;

	(void)state;
	berth_json_each(v, file)
		if (strncmp(test_str(v, "did"), "did:peer:4", 10) == 0 && strchr(test_str(v, "did") + 10, ':'))
			long_did = test_str(v, "did");
	CHECK(long_did);
	berth_json_each(v, file) {
		bool is_short = strncmp(test_str(v, "did"), "did:peer:4", 10) == 0 && !strchr(test_str(v, "did") + 10, ':');
		struct berth_did_doc *doc;

		if (is_short)
			CHECK_RC(BERTH_E_RESOLVE, berth_did_peer_resolve(&doc, test_str(v, "did")));
		CHECK_OK(is_short ? berth_did_peer_resolve_short(&doc, long_did) : berth_did_peer_resolve(&doc, test_str(v, "did")));
		total++;
		if (strcmp(doc->id, test_str(v, "did")) == 0 && equal_documents(berth_did_doc_json(doc), berth_json_get(v, "document")))
			passed++;
		else
			print_message("did-peer-spec: %.60s\n", test_str(v, "did"));
		berth_did_doc_free(doc);
	}
	VECTORS("did-peer-spec resolve", passed, total);
	CHECK(passed == total);
	berth_json_free(file);
}

static void spec_numalgo3(void **state)
{
	struct berth_json *file = test_json_file(SPEC "numalgo3.json");

	(void)state;
	berth_json_each(v, file) {
		struct berth_did_doc *doc;

		CHECK_OK(berth_did_peer_resolve(&doc, test_str(v, "numalgo2")));
		assert_string_equal(berth_json_str(berth_json_at(berth_json_get(berth_did_doc_json(doc), "alsoKnownAs"), 0)),
				    test_str(v, "numalgo3"));
		berth_did_doc_free(doc);
		CHECK_RC(BERTH_E_RESOLVE, berth_did_peer_resolve(&doc, test_str(v, "numalgo3")));
		CHECK_OK(berth_did_peer_resolve_short(&doc, test_str(v, "numalgo2")));
		assert_string_equal(doc->id, test_str(v, "numalgo3"));
		berth_did_doc_free(doc);
	}
	VECTORS("did-peer-spec numalgo 2 to 3", berth_json_len(file), berth_json_len(file));
	berth_json_free(file);
}

/* Examples of numalgo 1's time: a document cannot be had for them, but the good
 * ones are peer DIDs and the bad ones are not (or, for numalgo 0, hold no key). */
static void spec_level_1(void **state)
{
	static const struct { const char *name; enum berth_err want; } files[] = {
		{ "good-did-all-caps", BERTH_E_RESOLVE }, { "good-did-all-fs", BERTH_E_RESOLVE },
		{ "good-did-all-ones", BERTH_E_RESOLVE }, { "bad-did-dot-before-hex", BERTH_E_DID },
		{ "bad-did-prefix-not-lower", BERTH_E_DID }, { "bad-did-quoted", BERTH_E_DID },
		{ "bad-did-unsupported-encalgo", BERTH_E_DID }, { "bad-did-unsupported-numalgo", BERTH_E_KEY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct berth_did_doc *doc;
		char path[128], *did;

		snprintf(path, sizeof(path), SPEC "test-data/level-1/%s.txt", files[i].name);
		did = test_read_file(path, NULL);
		CHECK_RC(files[i].want, berth_did_peer_resolve(&doc, did));
		free(did);
	}
	VECTORS("did-peer-spec level-1 (good: well-formed, bad: refused)", 8, 8);
}

/* The specification's own inputs give the specification's DID. */
static void spec_create_numalgo_2(void **state)
{
	struct berth_json *service = test_json_file(SPEC "block-04.json"), *both = berth_json_new_array(), *second = test_json(
		"{\"type\":\"DIDCommMessaging\",\"serviceEndpoint\":{\"uri\":\"http://example.com/another\","
		"\"accept\":[\"didcomm/v2\"],\"routingKeys\":[\"did:example:123456789abcdefghi#key-2\"]}}");
	char *want = test_read_file(SPEC "block-05.txt", NULL);
	struct berth_peer_spec s = two_keys();
	struct berth_buf did = BERTH_BUF_INIT;

	(void)state;
	CHECK_OK(berth_json_push(both, service));
	CHECK_OK(berth_json_push(both, second));
	s.services = both;
	CHECK_OK(berth_did_peer_create(&did, 2, &s));
	want[strcspn(want, "\n")] = '\0';
	assert_string_equal(berth_buf_cstr(&did), want);
	VECTORS("did-peer-spec create numalgo 2", 1, 1);
	berth_buf_free(&did);
	berth_json_free(both);
	free(want);
}

/* The input document of numalgo 4, encoded as the specification encodes it, is
 * what the DID of the example holds. */
static void spec_numalgo_4_hash(void **state)
{
	char *long_did = test_read_file(SPEC "block-13.txt", NULL), *short_did = test_read_file(SPEC "block-14.txt", NULL);
	struct berth_did_doc *doc;
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	long_did[strcspn(long_did, "\n")] = short_did[strcspn(short_did, "\n")] = '\0';
	CHECK_OK(berth_did_peer_resolve(&doc, long_did));
	CHECK_OK(berth_did_short(&b, long_did));
	assert_string_equal(berth_buf_cstr(&b), short_did);
	CHECK(berth_did_same(doc->id, short_did) && doc->n_vms == 2 && doc->n_services == 1);
	berth_did_doc_free(doc);
	berth_buf_free(&b);
	free(long_did);
	free(short_did);
}

/* ---- creating ---- */

static void numalgo_0_is_did_key_by_another_name(void **state)
{
	struct berth_peer_spec s = { .n_verification = 1 };
	struct berth_buf did = BERTH_BUF_INIT;
	struct berth_did_doc *doc;

	(void)state;
	s.verification[0] = multikey(ED);
	CHECK_OK(berth_did_peer_create(&did, 0, &s));
	assert_string_equal(berth_buf_cstr(&did), "did:peer:0" ED);
	CHECK_OK(berth_did_peer_resolve(&doc, berth_buf_cstr(&did)));
	assert_string_equal(doc->vms[0].id, "did:peer:0" ED "#" ED);
	CHECK(doc->n_vms == 2 && doc->vms[0].rels == BERTH_REL_SIGNING && doc->vms[1].rels == BERTH_REL_KEY_AGREEMENT);
	berth_did_doc_free(doc);
	berth_buf_free(&did);
}

static void numalgo_2_counts_keys_in_order(void **state)
{
	struct berth_peer_spec s = two_keys();
	struct berth_buf did = BERTH_BUF_INIT;
	struct berth_did_doc *doc;

	(void)state;
	CHECK_OK(berth_did_peer_create(&did, 2, &s));
	assert_string_equal(berth_buf_cstr(&did), "did:peer:2.V" ED ".E" X);
	CHECK_OK(berth_did_peer_resolve(&doc, berth_buf_cstr(&did)));
	CHECK(berth_did_doc_vm(doc, "#key-1")->rels == BERTH_REL_AUTHENTICATION);
	CHECK(berth_did_doc_vm(doc, "#key-2")->rels == BERTH_REL_KEY_AGREEMENT);
	CHECK(doc->n_vms == 2 && doc->n_services == 0);
	berth_did_doc_free(doc);
	berth_buf_free(&did);
	/* the order is that of the elements, whatever they are */
	CHECK_OK(berth_did_peer_resolve(&doc, "did:peer:2.E" X ".A" ED ".I" ED ".D" ED));
	CHECK(berth_did_doc_vm(doc, "#key-1")->rels == BERTH_REL_KEY_AGREEMENT);
	CHECK(berth_did_doc_vm(doc, "#key-2")->rels == BERTH_REL_ASSERTION);
	CHECK(berth_did_doc_vm(doc, "#key-3")->rels == BERTH_REL_INVOCATION);
	CHECK(berth_did_doc_vm(doc, "#key-4")->rels == BERTH_REL_DELEGATION);
	berth_did_doc_free(doc);
}

static void numalgo_4_long_and_short(void **state)
{
	struct berth_json *services = test_json("[{\"type\":\"DIDCommMessaging\",\"serviceEndpoint\":{\"uri\":\"nng+tcp://gw.test:7\"}},"
		"{\"id\":\"#files\",\"type\":\"X\",\"serviceEndpoint\":\"https://a\"},{\"type\":\"Y\",\"serviceEndpoint\":\"https://b\"}]");
	struct berth_peer_spec s = two_keys();
	struct berth_buf did = BERTH_BUF_INIT, brief = BERTH_BUF_INIT;
	struct berth_did_doc *doc, *same;

	(void)state;
	s.services = services;
	CHECK_OK(berth_did_peer_create(&did, 4, &s));
	CHECK_OK(berth_did_peer_resolve(&doc, berth_buf_cstr(&did)));
	assert_string_equal(doc->id, berth_buf_cstr(&did));
	CHECK(berth_did_doc_vm(doc, "#key-1")->rels == (BERTH_REL_AUTHENTICATION | BERTH_REL_ASSERTION));
	CHECK(berth_did_doc_vm(doc, "#key-2")->rels == BERTH_REL_KEY_AGREEMENT);
	assert_string_equal(berth_did_doc_endpoint(doc, 0), "nng+tcp://gw.test:7");
	CHECK(doc->n_services == 3);
	assert_string_equal(test_str(doc->services[0].json, "id"), "#service");
	assert_string_equal(test_str(doc->services[1].json, "id"), "#files");
	assert_string_equal(test_str(doc->services[2].json, "id"), "#service-1");

	CHECK_OK(berth_did_short(&brief, berth_buf_cstr(&did)));
	assert_string_equal(berth_json_str(berth_json_at(berth_json_get(berth_did_doc_json(doc), "alsoKnownAs"), 0)), berth_buf_cstr(&brief));
	CHECK_RC(BERTH_E_RESOLVE, berth_did_peer_resolve(&same, berth_buf_cstr(&brief)));
	CHECK_OK(berth_did_peer_resolve_short(&same, berth_buf_cstr(&did)));
	assert_string_equal(same->id, berth_buf_cstr(&brief));
	assert_string_equal(same->vms[0].controller, berth_buf_cstr(&brief));
	assert_string_equal(berth_json_str(berth_json_at(berth_json_get(berth_did_doc_json(same), "alsoKnownAs"), 0)), berth_buf_cstr(&did));
	CHECK(berth_did_doc_vm(same, doc->vms[0].id) == &same->vms[0]);	/* either form finds it */
	CHECK(berth_did_doc_vm(doc, same->vms[1].id) == &doc->vms[1]);
	berth_did_doc_free(doc);
	berth_did_doc_free(same);
	berth_buf_free(&did);
	berth_buf_free(&brief);
	berth_json_free(services);
}

static enum berth_err create(int numalgo, const struct berth_peer_spec *s)
{
	struct berth_buf did = BERTH_BUF_INIT;
	enum berth_err rc = berth_did_peer_create(&did, numalgo, s);

	CHECK((rc == BERTH_OK) == (did.len > 0));
	berth_buf_free(&did);
	return rc;
}

static enum berth_err create_with(int numalgo, const char *services)
{
	struct berth_peer_spec s = two_keys();
	struct berth_json *v = test_json(services);
	enum berth_err rc;

	s.services = v;
	rc = create(numalgo, &s);
	berth_json_free(v);
	return rc;
}

static void what_cannot_be_made(void **state)
{
	struct berth_peer_spec s = two_keys();

	(void)state;
	CHECK_OK(create(2, &s));
	CHECK_OK(create(4, &s));
	CHECK_RC(BERTH_E_DID, create(0, &s));
	CHECK_RC(BERTH_E_DID, create(1, &s));
	CHECK_RC(BERTH_E_DID, create(3, &s));
	CHECK_RC(BERTH_E_DID, create(-1, &s));
	s.n_verification = BERTH_PEER_KEYS_MAX + 1;
	CHECK_RC(BERTH_E_SIZE, create(4, &s));
	memset(&s, 0, sizeof(s));
	CHECK_RC(BERTH_E_DID, create(4, &s));
	s.n_verification = 1;
	s.verification[0] = multikey(X);
	CHECK_RC(BERTH_E_KEY, create(4, &s));
	s.n_verification = 0;
	s.n_agreement = 1;
	s.agreement[0] = multikey(ED);
	CHECK_RC(BERTH_E_KEY, create(2, &s));

	for (int numalgo = 2; numalgo <= 4; numalgo += 2) {
		CHECK_OK(create_with(numalgo, "[{\"id\":\"#a\",\"type\":\"T\",\"serviceEndpoint\":\"x\"}]"));
		CHECK_RC(BERTH_E_DID, create_with(numalgo, "{}"));
		CHECK_RC(BERTH_E_DID, create_with(numalgo, "[7]"));
		CHECK_RC(BERTH_E_DID, create_with(numalgo, "[{\"id\":7}]"));
		CHECK_RC(BERTH_E_DID, create_with(numalgo, "[{\"id\":\"did:example:a#s\",\"type\":\"T\",\"serviceEndpoint\":\"x\"}]"));
	}
	CHECK_RC(BERTH_E_DID, create_with(2, "[{\"type\":\"T\",\"t\":\"T\"}]"));
}

/* As many keys as fit come back. */
static void eight_keys_of_each_kind(void **state)
{
	struct berth_peer_spec s = { .n_verification = BERTH_PEER_KEYS_MAX, .n_agreement = BERTH_PEER_KEYS_MAX };

	(void)state;
	for (size_t i = 0; i < BERTH_PEER_KEYS_MAX; i++) {
		struct berth_privkey k;

		CHECK_OK(berth_keypair_generate(&k, BERTH_KEY_P256));
		s.verification[i] = k.pub;
		CHECK_OK(berth_keypair_generate(&k, BERTH_KEY_X25519));
		s.agreement[i] = k.pub;
		berth_privkey_wipe(&k);
	}
	for (int numalgo = 2; numalgo <= 4; numalgo += 2) {
		struct berth_buf did = BERTH_BUF_INIT;
		struct berth_did_doc *doc;

		CHECK_OK(berth_did_peer_create(&did, numalgo, &s));
		CHECK_OK(berth_did_peer_resolve(&doc, berth_buf_cstr(&did)));
		CHECK(doc->n_vms == 2 * BERTH_PEER_KEYS_MAX);
		for (size_t i = 0; i < BERTH_PEER_KEYS_MAX; i++) {
			CHECK(berth_pubkey_equal(&doc->vms[i].key, &s.verification[i]));
			CHECK(berth_pubkey_equal(&doc->vms[BERTH_PEER_KEYS_MAX + i].key, &s.agreement[i]));
		}
		berth_did_doc_free(doc);
		berth_buf_free(&did);
	}
}

/* ---- services of numalgo 2, also in the older encodings ---- */

/* A did:peer:2 with one service element that holds this text. */
static enum berth_err with_service(struct berth_did_doc **doc, const char *text)
{
	struct berth_buf did = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_str(&did, "did:peer:2.V" ED ".S");
	berth_b64url_encode(&did, text, strlen(text));
	rc = berth_did_peer_resolve(doc, berth_buf_cstr(&did));
	berth_buf_free(&did);
	return rc;
}

static void old_service_encodings_are_read(void **state)
{
	static const struct { const char *text, *endpoint; size_t n; } cases[] = {
		/* current */
		{ "{\"t\":\"dm\",\"s\":{\"uri\":\"https://a\",\"a\":[\"didcomm/v2\"],\"r\":[]}}", "https://a", 1 },
		/* without abbreviations */
		{ "{\"type\":\"DIDCommMessaging\",\"serviceEndpoint\":{\"uri\":\"https://a\"}}", "https://a", 1 },
		/* the endpoint a string, accept and routingKeys beside it */
		{ "{\"t\":\"dm\",\"s\":\"https://a\",\"r\":[\"did:example:m#k\"],\"a\":[\"didcomm/v2\"]}", "https://a", 1 },
		/* a list of services in one element */
		{ "[{\"t\":\"dm\",\"s\":\"https://a\"},{\"t\":\"dm\",\"s\":\"https://b\"}]", "https://a", 2 },
		/* the endpoint a list */
		{ "{\"t\":\"dm\",\"s\":[{\"uri\":\"https://a\"}]}", "https://a", 1 },
		/* not DIDComm v2 */
		{ "{\"t\":\"did-communication\",\"s\":\"https://a\"}", NULL, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct berth_did_doc *doc;
		const char *endpoint;

		CHECK_OK(with_service(&doc, cases[i].text));
		endpoint = berth_did_doc_endpoint(doc, 0);
		CHECK(!endpoint == !cases[i].endpoint && (!endpoint || strcmp(endpoint, cases[i].endpoint) == 0));
		CHECK(doc->n_services == cases[i].n);
		assert_string_equal(test_str(doc->services[0].json, "id"), "#service");
		if (cases[i].n == 2)
			assert_string_equal(test_str(doc->services[1].json, "id"), "#service-1");
		berth_did_doc_free(doc);
	}
}

/* What older agents call the keys of a did:peer:2. */
static void old_names_of_keys_are_found(void **state)
{
	static const char did[] = "did:peer:2.V" ED ".E" X;
	const struct berth_vm *vm;
	struct berth_did_doc *doc;

	(void)state;
	CHECK_OK(berth_did_peer_resolve(&doc, did));
	CHECK(berth_did_doc_vm(doc, "did:peer:2.V" ED ".E" X "#key-2") == &doc->vms[1]);
	CHECK(berth_did_doc_vm(doc, "did:peer:2.V" ED ".E" X "#" X) == &doc->vms[1]);
	CHECK(berth_did_doc_vm(doc, "did:peer:2.V" ED ".E" X "#" ED) == &doc->vms[0]);
	CHECK(berth_did_doc_vm(doc, "#6LSg8zQom395jKLrGiBNruB9MM6V8PWuf2FpEy4uRFiqQBR") == &doc->vms[1]);
	CHECK_OK(berth_did_doc_key(doc, "#6Mkj3PUd1WjvaDhNZhhhXQdz5UnZXmS7ehtx8bsPpD47kKc", BERTH_REL_AUTHENTICATION, &vm));
	CHECK_RC(BERTH_E_KEY, berth_did_doc_key(doc, "#" X, BERTH_REL_AUTHENTICATION, &vm));	/* and serve what they served */
	CHECK(!berth_did_doc_vm(doc, "#6LSg8zQom395jKLrGiBNruB9MM6V8PWuf2FpEy4uRFiqQB"));
	CHECK(!berth_did_doc_vm(doc, "#z") && !berth_did_doc_vm(doc, "#") && !berth_did_doc_vm(doc, "did:peer:2.V" ED "#" ED));
	berth_did_doc_free(doc);
	/* other methods have one name for a key */
	CHECK_OK(berth_did_peer_resolve(&doc, "did:peer:0" ED));
	CHECK(!berth_did_doc_vm(doc, "#6Mkj3PUd1WjvaDhNZhhhXQdz5UnZXmS7ehtx8bsPpD47kKc"));
	berth_did_doc_free(doc);
}

static void abbreviations_stand_for_members_and_the_type_only(void **state)
{
	struct berth_did_doc *doc;
	struct berth_json *want = test_json("{\"type\":\"DIDCommMessaging\",\"serviceEndpoint\":{\"uri\":\"dm\",\"accept\":[\"t\",\"s\"],"
		"\"x\":{\"routingKeys\":\"r\",\"type\":\"DIDCommMessaging\"}},\"id\":\"#own\"}");

	(void)state;
	CHECK_OK(with_service(&doc, "{\"t\":\"dm\",\"s\":{\"uri\":\"dm\",\"a\":[\"t\",\"s\"],\"x\":{\"r\":\"r\",\"t\":\"dm\"}},\"id\":\"#own\"}"));
	CHECK(berth_json_equal(doc->services[0].json, want));
	berth_did_doc_free(doc);
	berth_json_free(want);
}

static void bad_services_are_e_did(void **state)
{
	static const char *const bad[] = {
		"", "7", "\"x\"", "{", "[7]", "[[]]", "{\"t\":\"dm\"}", "{\"s\":\"x\"}", "{\"t\":\"dm\",\"s\":7}",
		"{\"t\":\"dm\",\"type\":\"dm\",\"s\":\"x\"}", "{\"t\":\"dm\",\"s\":\"x\",\"s\":\"x\"}",
		"{\"t\":\"dm\",\"s\":\"x\",\"id\":7}", "{\"t\":\"dm\",\"s\":\"x\",\"id\":\"\"}",
		"{\"t\":\"dm\",\"s\":\"x\",\"id\":\"#key-1\"}",
		"[{\"t\":\"dm\",\"s\":\"x\",\"id\":\"#a\"},{\"t\":\"dm\",\"s\":\"x\",\"id\":\"#a\"}]",
		"[{\"t\":\"dm\",\"s\":\"x\"},{\"t\":\"dm\",\"s\":\"x\",\"id\":\"#service\"}]",
	};
	struct berth_did_doc *doc;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_DID, with_service(&doc, bad[i]));
}

/* ---- numalgo 1 and 3 ---- */

static enum berth_err genesis(const char *text, const char *as, struct berth_did_doc **doc)
{
	struct berth_buf did = BERTH_BUF_INIT;
	enum berth_err rc = berth_peer1_create(&did, text, strlen(text));

	*doc = NULL;
	if (!rc)
		rc = berth_peer1_resolve(doc, as ? as : berth_buf_cstr(&did), text, strlen(text));
	berth_buf_free(&did);
	return rc;
}

static void numalgo_1_is_the_hash_of_a_document(void **state)
{
	static const char text[] = "{\"verificationMethod\":[{\"id\":\"#a\",\"type\":\"Multikey\",\"controller\":\"#id\","
		"\"publicKeyMultibase\":\"" ED "\"}],\"authentication\":[\"#a\"]}";
	struct berth_buf did = BERTH_BUF_INIT;
	struct berth_did_doc *doc;

	(void)state;
	/* sha256sum of the text as a multihash, by other hands than ours */
	CHECK_OK(berth_peer1_create(&did, text, strlen(text)));
	assert_string_equal(berth_buf_cstr(&did), PEER1_DID);
	CHECK_OK(genesis(text, NULL, &doc));
	assert_string_equal(doc->id, PEER1_DID);
	assert_string_equal(doc->vms[0].id, PEER1_DID "#a");
	assert_string_equal(doc->vms[0].controller, PEER1_DID);
	CHECK(berth_json_get(berth_did_doc_json(doc), "alsoKnownAs") == NULL);
	berth_did_doc_free(doc);
	CHECK_RC(BERTH_E_DID, genesis(text, "did:peer:1zQmZMygzYqNwU6Uhmewx5Xepf2VLp5S4HLSwwgf2aiKZuwa", &doc));
	CHECK(doc == NULL);
	CHECK_RC(BERTH_E_DID, genesis("{\"id\":\"did:example:a\"}", NULL, &doc));
	CHECK_RC(BERTH_E_TYPE, genesis("[]", NULL, &doc));
	CHECK_RC(BERTH_E_JSON, genesis("{", NULL, &doc));
	CHECK_RC(BERTH_E_DID, genesis("{\"verificationMethod\":7}", NULL, &doc));
	CHECK_RC(BERTH_E_DID, genesis("{\"alsoKnownAs\":7}", NULL, &doc));
	berth_buf_free(&did);
}

static void short_forms(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_did_doc *doc;

	(void)state;
	CHECK_OK(berth_did_peer_short(&b, "did:key:" ED));
	assert_string_equal(berth_buf_cstr(&b), "did:key:" ED);
	CHECK_RC(BERTH_E_DID, berth_did_peer_short(&b, "did:peer:2.V" ED "#key-1"));
	CHECK_RC(BERTH_E_DID, berth_did_peer_resolve_short(&doc, "did:peer:2.Q" ED));
	CHECK_RC(BERTH_E_KEY, berth_did_peer_resolve_short(&doc, "did:peer:2.V" X));
	CHECK_RC(BERTH_E_DID, berth_did_peer_resolve_short(&doc, "did:key:" ED));
	CHECK(doc == NULL);
	berth_buf_free(&b);
}

/* ---- C111 ---- */

static void refused(enum berth_err want, const char *did)
{
	struct berth_did_doc *doc;

	CHECK_RC(want, berth_did_peer_resolve(&doc, did));
	CHECK(doc == NULL);
}

static void c111_text_of_numalgo_2(void **state)
{
	struct berth_did_doc *doc;

	(void)state;
	CHECK_OK(berth_did_peer_resolve(&doc, "did:peer:2.V" ED));
	berth_did_doc_free(doc);
	refused(BERTH_E_DID, "did:peer:2.Q" ED);
	refused(BERTH_E_DID, "did:peer:2.v" ED);
	refused(BERTH_E_DID, "did:peer:2");
	refused(BERTH_E_DID, "did:peer:2.");
	refused(BERTH_E_DID, "did:peer:2.V");
	refused(BERTH_E_DID, "did:peer:2.V" ED ".");
	refused(BERTH_E_DID, "did:peer:2V" ED);
	refused(BERTH_E_DID, "did:peer:2.V" ED "..E" X);
	refused(BERTH_E_DID, "did:peer:2.SeyJ0IjoiZG0iLCJzIjoieCJ9");
	refused(BERTH_E_DID, "did:peer:2.V" ED ".SeyJ0IjoiZG0iLCJzIjoieCJ9!");
	refused(BERTH_E_DID, "did:peer:2.V" ED ".SeyJ0IjoiZG0iLCJzIjoieCJ9=");
	refused(BERTH_E_DID, "did:peer:5" ED);
	refused(BERTH_E_DID, "did:peer:");
	refused(BERTH_E_DID, "did:peer");
	refused(BERTH_E_DID, "did:key:" ED);
	refused(BERTH_E_KEY, "did:peer:2.V" X);		/* X25519 does not sign */
	refused(BERTH_E_KEY, "did:peer:2.E" ED);
	refused(BERTH_E_KEY, "did:peer:2.Vz6Mk");
	refused(BERTH_E_KEY, "did:peer:2.V0" ED);
	refused(BERTH_E_KEY, "did:peer:0z6Mk");
}

static void c111_a_service_of_100_kib_is_e_did(void **state)
{
	char *did = malloc(102400 + 128);

	(void)state;
	strcpy(did, "did:peer:2.V" ED ".S");
	memset(did + strlen(did), 'A', 102400);
	did[strlen("did:peer:2.V" ED ".S") + 102400] = '\0';
	refused(BERTH_E_DID, did);
	free(did);
}

/* Keys beyond the cap of a document. */
static void c111_too_many_elements(void **state)
{
	struct berth_buf did = BERTH_BUF_INIT;

	(void)state;
	berth_buf_str(&did, "did:peer:2");
	for (int i = 0; i < BERTH_DID_DOC_VMS_MAX; i++)
		berth_buf_str(&did, ".V" ED);
	CHECK(did.len < BERTH_PEER_DID_MAX);
	{
		struct berth_did_doc *doc;

		CHECK_OK(berth_did_peer_resolve(&doc, berth_buf_cstr(&did)));
		berth_did_doc_free(doc);
	}
	berth_buf_str(&did, ".V" ED);
	refused(BERTH_E_SIZE, berth_buf_cstr(&did));
	berth_buf_free(&did);
}

/* did:peer:4 of these bytes, with a hash that fits unless it is turned off. */
static char *peer4(const void *p, size_t n, bool good_hash)
{
	struct berth_buf bytes = BERTH_BUF_INIT, encoded = BERTH_BUF_INIT, did = BERTH_BUF_INIT;
	uint8_t hash[34] = { 0x12, 0x20 };

	berth_buf_put(&bytes, p, n);
	CHECK_OK(berth_multibase_encode(&encoded, 'z', bytes.p, bytes.len));
	berth_sha256(hash + 2, encoded.p, encoded.len);
	hash[33] ^= (uint8_t)!good_hash;
	berth_buf_str(&did, "did:peer:4");
	CHECK_OK(berth_multibase_encode(&did, 'z', hash, 34));
	berth_buf_u8(&did, ':');
	berth_buf_put(&did, encoded.p, encoded.len);
	berth_buf_free(&bytes);
	berth_buf_free(&encoded);
	return berth_buf_take_str(&did);
}

static enum berth_err peer4_json(const char *text, bool good_hash)
{
	struct berth_buf bytes = BERTH_BUF_INIT;
	struct berth_did_doc *doc;
	enum berth_err rc;
	char *did;

	berth_uvarint_encode(&bytes, BERTH_CODEC_JSON);
	berth_buf_str(&bytes, text);
	did = peer4(bytes.p, bytes.len, good_hash);
	rc = berth_did_peer_resolve(&doc, did);
	berth_did_doc_free(doc);
	berth_buf_free(&bytes);
	free(did);
	return rc;
}

#define INPUT "{\"verificationMethod\":[{\"id\":\"#a\",\"type\":\"Multikey\",\"publicKeyMultibase\":\"" ED "\"}],\"authentication\":[\"#a\"]"

static void c111_numalgo_4(void **state)
{
	(void)state;
	CHECK_OK(peer4_json(INPUT "}", true));
	CHECK_RC(BERTH_E_DID, peer4_json(INPUT "}", false));
	CHECK_RC(BERTH_E_DID, peer4_json(INPUT ",\"id\":\"did:example:victim\"}", true));
	CHECK_RC(BERTH_E_DID, peer4_json(INPUT ",\"authentication\":[]}", true));
	CHECK_RC(BERTH_E_DID, peer4_json("[]", true));
	CHECK_RC(BERTH_E_DID, peer4_json("", true));
	CHECK_RC(BERTH_E_DID, peer4_json(INPUT ",\"alsoKnownAs\":7}", true));
	CHECK_OK(peer4_json(INPUT ",\"alsoKnownAs\":[\"https://me.example\"]}", true));
	CHECK_RC(BERTH_E_DID, peer4_json(INPUT ",\"assertionMethod\":[\"#b\"]}", true));
	CHECK_RC(BERTH_E_DID, peer4_json("{\"verificationMethod\":7}", true));
	CHECK_RC(BERTH_E_KEY, peer4_json("{\"verificationMethod\":[{\"id\":\"#a\",\"type\":\"Multikey\",\"publicKeyMultibase\":\"z6Mk!\"}]}", true));
	/* embedded methods get their controller too */
	CHECK_OK(peer4_json("{\"authentication\":[{\"id\":\"#a\",\"type\":\"Multikey\",\"publicKeyMultibase\":\"" ED "\"}]}", true));
}

static void c111_numalgo_4_encoding(void **state)
{
	static const char input[] = INPUT "}";
	uint8_t bytes[sizeof(input) + 2];
	struct berth_did_doc *doc;
	char *did;

	(void)state;
	memcpy(bytes, (uint8_t[]){ 0x80, 0x04 }, 2);
	memcpy(bytes + 2, input, sizeof(input) - 1);
	did = peer4(bytes, sizeof(input) + 1, true);
	CHECK_OK(berth_did_peer_resolve(&doc, did));
	berth_did_doc_free(doc);
	for (size_t i = 0; did[i]; i++) {	/* one character changed anywhere */
		char was = did[i];

		did[i] = was == 'a' ? 'b' : 'a';
		CHECK(berth_did_peer_resolve(&doc, did) != BERTH_OK);
		did[i] = was;
	}
	for (size_t n = 0; n < strlen(did); n++) {	/* cut anywhere: the colon is where a short form ends */
		char *exact = strndup(did, n);
		enum berth_err rc = berth_did_peer_resolve(&doc, exact);

		CHECK(rc == BERTH_E_DID || rc == BERTH_E_RESOLVE);
		free(exact);
	}
	free(did);
	bytes[0] = 0x81;			/* another codec */
	did = peer4(bytes, sizeof(input) + 1, true);
	refused(BERTH_E_DID, did);
	free(did);
	did = peer4("", 0, true);
	refused(BERTH_E_DID, did);
	free(did);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spec_resolve),
		cmocka_unit_test(spec_numalgo3),
		cmocka_unit_test(spec_level_1),
		cmocka_unit_test(spec_create_numalgo_2),
		cmocka_unit_test(spec_numalgo_4_hash),
		cmocka_unit_test(numalgo_0_is_did_key_by_another_name),
		cmocka_unit_test(numalgo_2_counts_keys_in_order),
		cmocka_unit_test(numalgo_4_long_and_short),
		cmocka_unit_test(what_cannot_be_made),
		cmocka_unit_test(eight_keys_of_each_kind),
		cmocka_unit_test(old_service_encodings_are_read),
		cmocka_unit_test(old_names_of_keys_are_found),
		cmocka_unit_test(abbreviations_stand_for_members_and_the_type_only),
		cmocka_unit_test(bad_services_are_e_did),
		cmocka_unit_test(numalgo_1_is_the_hash_of_a_document),
		cmocka_unit_test(short_forms),
		cmocka_unit_test(c111_text_of_numalgo_2),
		cmocka_unit_test(c111_a_service_of_100_kib_is_e_did),
		cmocka_unit_test(c111_too_many_elements),
		cmocka_unit_test(c111_numalgo_4),
		cmocka_unit_test(c111_numalgo_4_encoding),
	};

	berth_crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
