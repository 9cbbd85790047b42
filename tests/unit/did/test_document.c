/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include "did/base/buf.h"
#include "did/base/clock.h"
#include "did/base/json.h"
#include "did/base/secret.h"
#include "did/crypto/keypair.h"
#include "did/doc_build.h"
#include "did/document.h"

#define DID "did:example:123"
#define ED "z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH"
#define X "z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc"
#define VM(id, more) "{\"id\":\"" id "\",\"type\":\"Multikey\",\"controller\":\"" DID "\",\"publicKeyMultibase\":\"" ED "\"" more "}"
#define VMX(id) "{\"id\":\"" id "\",\"type\":\"Multikey\",\"controller\":\"" DID "\",\"publicKeyMultibase\":\"" X "\"}"
#define DOC(more) "{\"id\":\"" DID "\"" more "}"

static enum berth_err parse(struct berth_did_doc **doc, const char *text)
{
	return berth_did_doc_parse(doc, text, strlen(text), NULL);
}

static enum berth_err outcome(const char *text)
{
	struct berth_did_doc *doc;
	enum berth_err rc = parse(&doc, text);

	CHECK((rc == BERTH_OK) == (doc != NULL));
	berth_did_doc_free(doc);
	return rc;
}

static void methods_relationships_services(void **state)
{
	struct berth_did_doc *doc;
	const struct berth_vm *vm;

	(void)state;
	CHECK_OK(parse(&doc, DOC(",\"verificationMethod\":[" VM("#a", "") "," VM(DID "#b", "") "],"
		"\"authentication\":[\"#a\",\"" DID "#b\"," VM("#c", "") "],"
		"\"assertionMethod\":[\"" DID "#a\"],\"keyAgreement\":[" VMX("#x") "],"
		"\"service\":[{\"id\":\"#s\",\"type\":\"DIDCommMessaging\",\"serviceEndpoint\":{\"uri\":\"nng+tcp://h:1\"}},"
		"{\"id\":\"https://elsewhere.example/\",\"type\":\"Other\",\"serviceEndpoint\":\"https://a\"}]")));
	assert_string_equal(doc->id, DID);
	CHECK(doc->n_vms == 4 && doc->n_services == 2);
	CHECK((vm = berth_did_doc_vm(doc, "#a")) && vm == berth_did_doc_vm(doc, DID "#a"));
	assert_string_equal(vm->id, DID "#a");
	CHECK(vm->rels == (BERTH_REL_AUTHENTICATION | BERTH_REL_ASSERTION));
	CHECK(vm->key.type == BERTH_KEY_ED25519);
	CHECK(berth_did_doc_vm(doc, "#b")->rels == BERTH_REL_AUTHENTICATION);
	CHECK(berth_did_doc_vm(doc, "#c")->rels == BERTH_REL_AUTHENTICATION);
	CHECK(berth_did_doc_vm(doc, "#x")->rels == BERTH_REL_KEY_AGREEMENT);
	CHECK(!berth_did_doc_vm(doc, "#d") && !berth_did_doc_vm(doc, "did:example:456#a") && !berth_did_doc_vm(doc, ""));
	CHECK(berth_did_doc_nth(doc, BERTH_REL_AUTHENTICATION, 0) == vm);
	CHECK(berth_did_doc_nth(doc, BERTH_REL_AUTHENTICATION, 2) == berth_did_doc_vm(doc, "#c"));
	CHECK(!berth_did_doc_nth(doc, BERTH_REL_AUTHENTICATION, 3) && !berth_did_doc_nth(doc, BERTH_REL_DELEGATION, 0));
	assert_string_equal(doc->services[0].id, DID "#s");
	assert_string_equal(doc->services[1].id, "https://elsewhere.example/");
	CHECK(berth_did_doc_share(doc) == doc);
	berth_did_doc_free(doc);
	assert_string_equal(doc->vms[0].id, DID "#a");
	berth_did_doc_free(doc);
}

static enum berth_err key_for(const char *text, const char *id, enum berth_rel rel)
{
	struct berth_did_doc *doc;
	const struct berth_vm *vm;
	enum berth_err rc;

	CHECK_OK(parse(&doc, text));
	rc = berth_did_doc_key(doc, id, rel, &vm);
	CHECK((rc == BERTH_OK) == (vm != NULL));
	berth_did_doc_free(doc);
	return rc;
}

/* ---- DID Core 1.1 and Controlled Identifiers 1.0 ---- */

static enum berth_err key_at(const char *more, int64_t now_s)
{
	struct berth_did_doc *doc;
	const struct berth_vm *vm;
	char text[1024];
	enum berth_err rc;

	snprintf(text, sizeof(text), "{\"id\":\"" DID "\",\"authentication\":[{\"id\":\"#a\",\"type\":\"Multikey\",\"controller\":\""
		 DID "\",\"publicKeyMultibase\":\"" ED "\"%s}]}", more);
	CHECK_OK(parse(&doc, text));
	rc = berth_did_doc_key_at(doc, DID "#a", BERTH_REL_AUTHENTICATION, now_s, &vm);
	CHECK((rc == BERTH_OK) == (vm != NULL));
	berth_did_doc_free(doc);
	return rc;
}

#define AT 1795442400	/* 2026-11-23T14:00:00Z */

static void methods_expire_and_are_revoked(void **state)
{
	static const char *const members[] = { ",\"expires\":\"2026-11-23T14:00:00Z\"", ",\"revoked\":\"2026-11-23T15:00:00+01:00\"" };

	(void)state;
	CHECK_OK(key_at("", INT64_MAX - 1));
	for (size_t i = 0; i < 2; i++) {
		CHECK_OK(key_at(members[i], AT - 1));
		CHECK_RC(BERTH_E_KEY, key_at(members[i], AT));
		CHECK_RC(BERTH_E_KEY, key_at(members[i], AT + 1));
	}
	CHECK_RC(BERTH_E_DID, outcome(DOC(",\"authentication\":[" VM("#a", ",\"expires\":\"soon\"") "]")));
	CHECK_RC(BERTH_E_DID, outcome(DOC(",\"authentication\":[" VM("#a", ",\"revoked\":true") "]")));
}

static int64_t nineteen_seventy(void)
{
	return 0;
}

/* A key that was revoked before this program was made stays so without a clock, and is
 * not offered. */
static void a_clock_that_is_not_set_revives_no_key(void **state)
{
	static const char text[] = DOC(",\"authentication\":[" VM("#a", ",\"revoked\":\"2020-01-01T00:00:00Z\"") "," VM("#b", "") "]");
	struct berth_did_doc *doc;

	(void)state;
	berth_clock_inject(nineteen_seventy, NULL);
	CHECK_RC(BERTH_E_KEY, key_for(text, DID "#a", BERTH_REL_AUTHENTICATION));
	CHECK_OK(key_for(text, DID "#b", BERTH_REL_AUTHENTICATION));
	CHECK_OK(parse(&doc, text));
	CHECK(berth_did_doc_nth(doc, BERTH_REL_AUTHENTICATION, 0) == berth_did_doc_vm(doc, "#b"));
	CHECK(!berth_did_doc_nth(doc, BERTH_REL_AUTHENTICATION, 1));
	berth_did_doc_free(doc);
	berth_clock_inject(NULL, NULL);
}

static void what_1_1_allows(void **state)
{
	static const char v11[] = "{\"@context\":[\"https://www.w3.org/ns/did/v1.1\",\"x\"],\"id\":\"" DID "\","
		"\"service\":[{\"type\":\"A\",\"serviceEndpoint\":\"https://a\"},{\"type\":\"B\",\"serviceEndpoint\":\"https://b\"}]}";
	static const char v10[] = "{\"@context\":\"https://www.w3.org/ns/did/v1\",\"id\":\"" DID "\","
		"\"service\":[{\"type\":\"A\",\"serviceEndpoint\":\"https://a\"}]}";
	struct berth_did_doc *doc;

	(void)state;
	CHECK_OK(parse(&doc, v11));
	CHECK(doc->n_services == 2 && doc->services[1].id[0] == '\0');
	assert_string_equal(berth_did_doc_media_type(doc), "application/did");
	berth_did_doc_free(doc);
	CHECK_RC(BERTH_E_DID, outcome(v10));
	CHECK_RC(BERTH_E_DID, outcome("{\"@context\":\"https://www.w3.org/ns/did/v1.1\",\"id\":\"" DID "\","
				      "\"service\":[{\"id\":\"\",\"type\":\"A\",\"serviceEndpoint\":\"https://a\"}]}"));
	CHECK_OK(parse(&doc, DOC(",\"authentication\":[{\"id\":\"#a\",\"type\":\"JsonWebKey\",\"controller\":\"" DID "\","
		"\"publicKeyJwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}}]")));
	CHECK(doc->vms[0].key.type == BERTH_KEY_ED25519);
	assert_string_equal(berth_did_doc_media_type(doc), "application/did+json");
	berth_did_doc_free(doc);
}

static void published_private_keys_are_e_key(void **state)
{
	(void)state;
	CHECK_OK(outcome(DOC(",\"authentication\":[" VM("#a", "") "]")));
	CHECK_RC(BERTH_E_KEY, outcome(DOC(",\"authentication\":[" VM("#a", ",\"secretKeyMultibase\":\"z3u2\"") "]")));
	CHECK_RC(BERTH_E_KEY, outcome(DOC(",\"authentication\":[" VM("#a", ",\"privateKeyBase58\":\"x\"") "]")));
	CHECK_RC(BERTH_E_KEY, outcome(DOC(",\"verificationMethod\":[" VM("#a", ",\"secretKeyJwk\":{}") "]")));
}

/* As did:v1 has it; anything less than word for word is a second thing of that name. */
static void a_method_may_be_embedded_in_several_relationships(void **state)
{
	struct berth_did_doc *doc;

	(void)state;
	CHECK_OK(parse(&doc, DOC(",\"authentication\":[" VM("#a", "") "],\"assertionMethod\":[" VM("#a", "") "]")));
	CHECK(doc->n_vms == 1 && doc->vms[0].rels == (BERTH_REL_AUTHENTICATION | BERTH_REL_ASSERTION));
	berth_did_doc_free(doc);
	CHECK_RC(BERTH_E_DID, outcome(DOC(",\"authentication\":[" VM("#a", "") "],\"keyAgreement\":[" VMX("#a") "]")));
	CHECK_RC(BERTH_E_DID, outcome(DOC(",\"authentication\":[" VM("#a", "") "],\"assertionMethod\":[" VM("#a", ",\"x\":1") "]")));
	CHECK_RC(BERTH_E_DID, outcome(DOC(",\"authentication\":[" VM("#a", "") "," VM("#a", "") "]")));
	CHECK_RC(BERTH_E_DID, outcome(DOC(",\"verificationMethod\":[" VM("#a", "") "],\"authentication\":[" VM("#a", "") "]")));
}

/* What is written in each suite's form is read as the same key. */
static void every_suite_is_written_and_read(void **state)
{
	static const struct { const char *type, *member; enum berth_key_type key; } suites[] = {
		{ "Multikey", "publicKeyMultibase", BERTH_KEY_ED25519 }, { "Multikey", "publicKeyMultibase", BERTH_KEY_P521 },
		{ "JsonWebKey", "publicKeyJwk", BERTH_KEY_P384 }, { "JsonWebKey2020", "publicKeyJwk", BERTH_KEY_X25519 },
		{ "Ed25519VerificationKey2018", "publicKeyBase58", BERTH_KEY_ED25519 },
		{ "Ed25519VerificationKey2020", "publicKeyMultibase", BERTH_KEY_ED25519 },
		{ "X25519KeyAgreementKey2019", "publicKeyBase58", BERTH_KEY_X25519 },
		{ "X25519KeyAgreementKey2020", "publicKeyMultibase", BERTH_KEY_X25519 },
		{ "EcdsaSecp256k1VerificationKey2019", "publicKeyJwk", BERTH_KEY_SECP256K1 },
		{ "EcdsaSecp256r1VerificationKey2019", "publicKeyMultibase", BERTH_KEY_P256 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		struct berth_json *tree = berth_doc_new(DID, BERTH_CONTEXT_MULTIKEY), *m;
		struct berth_did_doc *doc;
		struct berth_privkey k, other;

		CHECK_OK(berth_keypair_generate(&k, suites[i].key));
		CHECK((m = berth_doc_key_method("#k", suites[i].type, DID, &k.pub)) && berth_json_get(m, suites[i].member));
		CHECK(berth_json_len(m) == 4);
		CHECK_OK(berth_doc_add(tree, m, BERTH_REL_ASSERTION));
		CHECK_OK(berth_did_doc_from_json(&doc, tree, DID));
		CHECK(berth_pubkey_equal(&doc->vms[0].key, &k.pub));
		berth_did_doc_free(doc);
		if (i < 4)
			continue;
		CHECK_OK(berth_keypair_generate(&other, BERTH_KEY_P384));
		CHECK(!berth_doc_key_method("#k", suites[i].type, DID, &other.pub));
		CHECK(!berth_doc_key_method("#k", "Future2099", DID, &k.pub));
	}
}

/* Read and written again, a document says what it said: also what we know nothing of. */
static void unknown_members_are_kept(void **state)
{
	static const char text[] = "{\"@context\":[\"https://www.w3.org/ns/did/v1\",{\"@base\":\"" DID "\"}],\"id\":\"" DID "\","
		"\"x-own\":{\"a\":[1,2.5,null,true]},\"verificationMethod\":[{\"id\":\"#a\",\"type\":\"Future2099\",\"controller\":\""
		DID "\",\"publicKeyQuantum\":\"q\"}],\"assertionMethod\":[\"#a\"],\"proof\":{\"type\":\"old\"}}";
	struct berth_did_doc *doc;
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	CHECK_OK(parse(&doc, text));
	CHECK_OK(berth_json_print(&b, berth_did_doc_json(doc)));
	assert_string_equal(berth_buf_cstr(&b), text);
	CHECK(doc->n_vms == 1 && doc->vms[0].key.type == BERTH_KEY_NONE && doc->vms[0].rels == BERTH_REL_ASSERTION);
	berth_buf_free(&b);
	berth_did_doc_free(doc);
}

static void c032_a_method_of_another_controller_is_e_key(void **state)
{
	(void)state;
	CHECK_OK(key_for(DOC(",\"authentication\":[" VM("#a", "") "]"), DID "#a", BERTH_REL_AUTHENTICATION));
	CHECK_RC(BERTH_E_KEY, key_for(DOC(",\"authentication\":[{\"id\":\"#a\",\"type\":\"Multikey\",\"controller\":\"did:example:other\","
		"\"publicKeyMultibase\":\"" ED "\"}]"), DID "#a", BERTH_REL_AUTHENTICATION));
}

static void c058_a_key_outside_its_relationship_is_e_key(void **state)
{
	static const char text[] = DOC(",\"verificationMethod\":[" VMX("#x") "," VM("#a", "") "],"
		"\"authentication\":[\"#x\",\"#a\"],\"keyAgreement\":[\"#a\"]");

	(void)state;
	CHECK_OK(key_for(text, "#a", BERTH_REL_AUTHENTICATION));
	CHECK_RC(BERTH_E_KEY, key_for(text, "#x", BERTH_REL_KEY_AGREEMENT));	/* in authentication only */
	CHECK_RC(BERTH_E_KEY, key_for(text, "#a", BERTH_REL_ASSERTION));
	CHECK_RC(BERTH_E_KEY, key_for(text, "#none", BERTH_REL_AUTHENTICATION));
	/* C111: the relationship is there, but the key's type cannot do it */
	CHECK_RC(BERTH_E_KEY, key_for(text, "#x", BERTH_REL_AUTHENTICATION));
	CHECK_RC(BERTH_E_KEY, key_for(text, "#a", BERTH_REL_KEY_AGREEMENT));
}

static void the_id_must_be_the_did_asked_for(void **state)
{
	struct berth_did_doc *doc;
	static const char text[] = DOC(""), peer[] = "{\"id\":\"did:peer:4zQmA:zDoc\"}";

	(void)state;
	CHECK_OK(berth_did_doc_parse(&doc, text, strlen(text), DID));
	berth_did_doc_free(doc);
	CHECK_RC(BERTH_E_RESOLVE, berth_did_doc_parse(&doc, text, strlen(text), "did:example:1234"));
	CHECK_RC(BERTH_E_RESOLVE, berth_did_doc_parse(&doc, text, strlen(text), "did:Example:123"));
	CHECK_RC(BERTH_E_RESOLVE, berth_did_doc_parse(&doc, text, strlen(text), DID "#a"));
	CHECK_OK(berth_did_doc_parse(&doc, peer, strlen(peer), "did:peer:4zQmA"));
	berth_did_doc_free(doc);
	CHECK_RC(BERTH_E_RESOLVE, berth_did_doc_parse(&doc, peer, strlen(peer), "did:peer:4zQmB"));
}

static void structure_is_e_did(void **state)
{
	static const char *const bad[] = {
		"{}", "{\"id\":7}", "{\"id\":\"\"}", "{\"id\":\"" DID "#a\"}", "{\"id\":\"x\"}",
		DOC(",\"controller\":\"x\""), DOC(",\"controller\":[\"" DID "\",7]"), DOC(",\"controller\":{}"),
		DOC(",\"verificationMethod\":{}"), DOC(",\"verificationMethod\":[7]"), DOC(",\"verificationMethod\":[\"#a\"]"),
		DOC(",\"verificationMethod\":[{\"id\":\"#a\",\"type\":\"Multikey\"}]"),
		DOC(",\"verificationMethod\":[{\"id\":\"#a\",\"controller\":\"" DID "\"}]"),
		DOC(",\"verificationMethod\":[{\"type\":\"Multikey\",\"controller\":\"" DID "\"}]"),
		DOC(",\"verificationMethod\":[{\"id\":\"#a\",\"type\":\"Multikey\",\"controller\":\"me\"}]"),
		DOC(",\"verificationMethod\":[" VM("a", "") "]"), DOC(",\"verificationMethod\":[" VM("#", "") "]"),
		DOC(",\"verificationMethod\":[" VM("#a b", "") "]"),
		DOC(",\"authentication\":\"#a\""), DOC(",\"authentication\":[7]"), DOC(",\"authentication\":[\"a\"]"),
		DOC(",\"service\":{}"), DOC(",\"service\":[7]"),
		DOC(",\"service\":[{\"id\":\"#s\",\"type\":\"T\"}]"), DOC(",\"service\":[{\"id\":\"#s\",\"serviceEndpoint\":\"x\"}]"),
		DOC(",\"service\":[{\"type\":\"T\",\"serviceEndpoint\":\"x\"}]"),
		DOC(",\"service\":[{\"id\":\"#s\",\"type\":[],\"serviceEndpoint\":\"x\"}]"),
		DOC(",\"service\":[{\"id\":\"#s\",\"type\":[7],\"serviceEndpoint\":\"x\"}]"),
		DOC(",\"service\":[{\"id\":\"#s\",\"type\":\"T\",\"serviceEndpoint\":7}]"),
	};

	(void)state;
	CHECK_OK(outcome(DOC("")));
	CHECK_OK(outcome(DOC(",\"controller\":[\"" DID "\",\"did:example:other\"]")));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_DID, outcome(bad[i]));
	CHECK_RC(BERTH_E_TYPE, outcome("[]"));
	CHECK_RC(BERTH_E_JSON, outcome("{\"id\":\"" DID "\",\"id\":\"" DID "\"}"));
	CHECK_RC(BERTH_E_JSON, outcome(DOC("") "x"));
}

static void c099_duplicate_and_dangling_ids_are_e_did(void **state)
{
	(void)state;
	CHECK_OK(outcome(DOC(",\"verificationMethod\":[" VM("#a", "") "," VM("#b", "") "]")));
	CHECK_RC(BERTH_E_DID, outcome(DOC(",\"verificationMethod\":[" VM("#a", "") "," VM("#a", "") "]")));
	CHECK_RC(BERTH_E_DID, outcome(DOC(",\"verificationMethod\":[" VM("#a", "") "," VM(DID "#a", "") "]")));
	CHECK_RC(BERTH_E_DID, outcome(DOC(",\"verificationMethod\":[" VM("#a", "") "],\"authentication\":[" VM("#a", "") "]")));
	CHECK_RC(BERTH_E_DID, outcome(DOC(",\"verificationMethod\":[" VM("#a", "") "],"
		"\"service\":[{\"id\":\"#a\",\"type\":\"T\",\"serviceEndpoint\":\"x\"}]")));
	CHECK_RC(BERTH_E_DID, outcome(DOC(",\"verificationMethod\":[" VM("#a", "") "],\"authentication\":[\"#b\"]")));
	/* embedded in a relationship that is read later; relative paths and queries */
	CHECK_OK(outcome(DOC(",\"authentication\":[\"#a\"],\"capabilityInvocation\":[" VM("#a", "") "]")));
	CHECK_OK(outcome(DOC(",\"verificationMethod\":[" VM("/p", "") "," VM("?q", "") "],\"authentication\":[\"/p\",\"" DID "?q\"]")));
	CHECK_RC(BERTH_E_DID, outcome(DOC(",\"verificationMethod\":[" VM("/", "") "]")));
	/* into another DID's document: allowed, and no key of ours */
	CHECK_OK(outcome(DOC(",\"authentication\":[\"did:example:other#b\"]")));
	CHECK_RC(BERTH_E_KEY, key_for(DOC(",\"authentication\":[\"did:example:other#b\"]"), "did:example:other#b",
				      BERTH_REL_AUTHENTICATION));
}

/* n methods (or services) in a document. */
static enum berth_err many(const char *member, const char *format, unsigned n)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;
	char item[256];

	berth_buf_printf(&b, "{\"id\":\"" DID "\",\"%s\":[", member);
	for (unsigned i = 0; i < n; i++) {
		int len = snprintf(item, sizeof(item), "%s{\"id\":\"#k%u\",%s", i ? "," : "", i, format);

		CHECK(len > 0 && (size_t)len < sizeof(item));
		berth_buf_str(&b, item);
	}
	berth_buf_str(&b, "]}");
	rc = outcome(berth_buf_cstr(&b));
	berth_buf_free(&b);
	return rc;
}

static void c099_caps(void **state)
{
	static const char vm[] = "\"type\":\"X\",\"controller\":\"" DID "\"}";
	static const char service[] = "\"type\":\"X\",\"serviceEndpoint\":\"x\"}";
	char *text = malloc(BERTH_DID_DOC_MAX + 2);

	(void)state;
	CHECK_OK(many("verificationMethod", vm, BERTH_DID_DOC_VMS_MAX));
	CHECK_RC(BERTH_E_SIZE, many("verificationMethod", vm, BERTH_DID_DOC_VMS_MAX + 1));
	CHECK_RC(BERTH_E_SIZE, many("authentication", vm, BERTH_DID_DOC_VMS_MAX + 1));
	CHECK_OK(many("service", service, BERTH_DID_DOC_SERVICES_MAX));
	CHECK_RC(BERTH_E_SIZE, many("service", service, BERTH_DID_DOC_SERVICES_MAX + 1));
	memset(text, ' ', BERTH_DID_DOC_MAX + 1);
	text[BERTH_DID_DOC_MAX] = '\0';
	memcpy(text, DOC(""), strlen(DOC("")));
	CHECK_OK(outcome(text));
	text[BERTH_DID_DOC_MAX] = ' ';
	text[BERTH_DID_DOC_MAX + 1] = '\0';
	CHECK_RC(BERTH_E_SIZE, outcome(text));
	free(text);
}

/* ---- keys ---- */

/* The type of key that a method with these members has; rc is what parsing gave. */
static enum berth_err key(enum berth_key_type *type, const char *members)
{
	struct berth_did_doc *doc;
	char text[1024];
	enum berth_err rc;

	snprintf(text, sizeof(text), DOC(",\"verificationMethod\":[{\"id\":\"#a\",\"controller\":\"" DID "\",%s}]"), members);
	*type = BERTH_KEY_NONE;
	if ((rc = parse(&doc, text)) == BERTH_OK)
		*type = doc->vms[0].key.type;
	berth_did_doc_free(doc);
	return rc;
}

static void has_key(enum berth_key_type want, const char *members)
{
	enum berth_key_type type;

	CHECK_OK(key(&type, members));
	CHECK(type == want);
}

static void bad_key(enum berth_err want, const char *members)
{
	enum berth_key_type type;

	CHECK_RC(want, key(&type, members));
}

#define JWK_ED "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""

static void every_way_to_write_a_key(void **state)
{
	(void)state;
	has_key(BERTH_KEY_ED25519, "\"type\":\"JsonWebKey2020\",\"publicKeyJwk\":" JWK_ED "}");
	has_key(BERTH_KEY_ED25519, "\"type\":\"JsonWebKey\",\"publicKeyJwk\":" JWK_ED "}");
	has_key(BERTH_KEY_ED25519, "\"type\":\"Multikey\",\"publicKeyMultibase\":\"" ED "\"");
	has_key(BERTH_KEY_X25519, "\"type\":\"Multikey\",\"publicKeyMultibase\":\"" X "\"");
	has_key(BERTH_KEY_ED25519, "\"type\":\"Ed25519VerificationKey2020\",\"publicKeyMultibase\":\"" ED "\"");
	has_key(BERTH_KEY_X25519, "\"type\":\"X25519KeyAgreementKey2020\",\"publicKeyMultibase\":\"" X "\"");
	has_key(BERTH_KEY_ED25519, "\"type\":\"Ed25519VerificationKey2018\",\"publicKeyBase58\":\"4zvwRjXUKGfvwnParsHAS3HuSVzV5cA4McphgmoCtajS\"");
	has_key(BERTH_KEY_X25519, "\"type\":\"X25519KeyAgreementKey2019\",\"publicKeyBase58\":\"7By6kV2t2d188odEM4ExAve1UithKT6dLva4dwsDT3ak\"");
	has_key(BERTH_KEY_SECP256K1, "\"type\":\"EcdsaSecp256k1VerificationKey2019\",\"publicKeyBase58\":\"23o6Sau8NxxzXcgSc3PLcNxrzrZpbLeBn1izfv3jbKhuv\"");
}

static void unknown_types_and_curves_leave_no_key(void **state)
{
	(void)state;
	has_key(BERTH_KEY_NONE, "\"type\":\"Whatever2031\"");
	has_key(BERTH_KEY_NONE, "\"type\":\"Whatever2031\",\"publicKeyMultibase\":\"" ED "\"");
	has_key(BERTH_KEY_NONE, "\"type\":\"Whatever2031\",\"publicKeyBase58\":\"4zvwRjXUKGfvwnParsHAS3HuSVzV5cA4McphgmoCtajS\"");
	has_key(BERTH_KEY_NONE, "\"type\":\"JsonWebKey2020\",\"publicKeyJwk\":{\"kty\":\"RSA\",\"n\":\"AA\",\"e\":\"AQAB\"}");
	has_key(BERTH_KEY_NONE, "\"type\":\"JsonWebKey2020\",\"publicKeyJwk\":{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"AA\"}");
	has_key(BERTH_KEY_NONE, "\"type\":\"Multikey\",\"publicKeyMultibase\":\"zUC7K4ndUaGZgV7Cp2yJy6JtMoUHY6u7tkcSYUvPrEidqBmLCTLmi6d5WvwnUqejscAkERJ3bfjEiSYtdPkRSE8kSa11hFBr4sTgnbZ95SJj19PN2jdvJjyzpSZgxkyyxNnBNnY\"");
}

static void invalid_keys_are_e_key(void **state)
{
	(void)state;
	bad_key(BERTH_E_KEY, "\"type\":\"JsonWebKey2020\",\"publicKeyJwk\":" JWK_ED ",\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\"}");
	bad_key(BERTH_E_KEY, "\"type\":\"JsonWebKey2020\",\"publicKeyJwk\":\"x\"");
	bad_key(BERTH_E_B64, "\"type\":\"JsonWebKey2020\",\"publicKeyJwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"\"}");
	bad_key(BERTH_E_KEY, "\"type\":\"JsonWebKey2020\",\"publicKeyJwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}");
	bad_key(BERTH_E_KEY, "\"type\":\"Multikey\",\"publicKeyMultibase\":7");
	bad_key(BERTH_E_KEY, "\"type\":\"Multikey\",\"publicKeyMultibase\":\"\"");
	bad_key(BERTH_E_KEY, "\"type\":\"Multikey\",\"publicKeyMultibase\":\"m6MkpTHR8\"");
	bad_key(BERTH_E_KEY, "\"type\":\"Ed25519VerificationKey2020\",\"publicKeyMultibase\":\"" X "\"");
	bad_key(BERTH_E_KEY, "\"type\":\"X25519KeyAgreementKey2020\",\"publicKeyMultibase\":\"" ED "\"");
	bad_key(BERTH_E_KEY, "\"type\":\"Ed25519VerificationKey2018\",\"publicKeyBase58\":\"0OIl\"");
	bad_key(BERTH_E_KEY, "\"type\":\"Ed25519VerificationKey2018\",\"publicKeyBase58\":\"4zvwRjXUKGfvwnParsHAS3HuSVzV5cA4Mcphgmo\"");
	bad_key(BERTH_E_KEY, "\"type\":\"Ed25519VerificationKey2018\",\"publicKeyJwk\":{\"kty\":\"OKP\",\"crv\":\"X25519\","
		"\"x\":\"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08\"}");
	bad_key(BERTH_E_DID, "\"type\":\"Multikey\",\"publicKeyMultibase\":\"" ED "\",\"publicKeyJwk\":" JWK_ED "}");
}

/* C018, as far as a document shows it: the text of a Multikey. */
static void c018_multikey_text_is_canonical(void **state)
{
	(void)state;
	has_key(BERTH_KEY_ED25519, "\"type\":\"Multikey\",\"publicKeyMultibase\":\"z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH\"");
	bad_key(BERTH_E_KEY, "\"type\":\"Multikey\",\"publicKeyMultibase\":\"z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvkt0\"");
	bad_key(BERTH_E_KEY, "\"type\":\"Multikey\",\"publicKeyMultibase\":\"6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH\"");
	/* cut short, it is another number, with a prefix that is none of ours: no key */
	has_key(BERTH_KEY_NONE, "\"type\":\"Multikey\",\"publicKeyMultibase\":\"z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvkt\"");
}

static void endpoints_of_every_form(void **state)
{
	static const struct { const char *service, *want; } cases[] = {
		{ "\"type\":\"DIDCommMessaging\",\"serviceEndpoint\":\"https://a\"", "https://a" },
		{ "\"type\":\"DIDCommMessaging\",\"serviceEndpoint\":{\"uri\":\"https://a\",\"accept\":[\"didcomm/v2\"]}", "https://a" },
		{ "\"type\":\"DIDCommMessaging\",\"serviceEndpoint\":[{\"uri\":\"https://a\"},{\"uri\":\"https://b\"}]",
		  "https://a https://b" },
		{ "\"type\":\"DIDCommMessaging\",\"serviceEndpoint\":[{\"uri\":1},{\"uri\":\"https://a\"}]},"
		  "{\"id\":\"#t\",\"type\":\"DIDCommMessaging\",\"serviceEndpoint\":\"https://b\"", "https://a https://b" },
		{ "\"type\":\"DIDCommMessaging\",\"serviceEndpoint\":[\"https://a\"]", "https://a" },
		{ "\"type\":[\"X\",\"DIDCommMessaging\"],\"serviceEndpoint\":\"https://a\"", "https://a" },
		{ "\"type\":\"DIDCommMessaging\",\"serviceEndpoint\":{}", NULL },
		{ "\"type\":\"DIDCommMessaging\",\"serviceEndpoint\":[]", NULL },
		{ "\"type\":\"LinkedDomains\",\"serviceEndpoint\":\"https://a\"", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct berth_did_doc *doc;
		const char *got;
		char text[512], all[64];

		snprintf(text, sizeof(text), DOC(",\"service\":[{\"id\":\"#o\",\"type\":\"Other\",\"serviceEndpoint\":\"x\"},"
			"{\"id\":\"#s\",%s}]"), cases[i].service);
		CHECK_OK(parse(&doc, text));
		all[0] = '\0';
		for (size_t n = 0; (got = berth_did_doc_endpoint(doc, n)); n++)
			snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", n ? " " : "", got);
		assert_string_equal(all, cases[i].want ? cases[i].want : "");
		berth_did_doc_free(doc);
	}
}

static void c012_every_truncation_is_refused(void **state)
{
	static const char text[] = DOC(",\"verificationMethod\":[" VM("#a", "") "],\"authentication\":[\"#a\"]");
	struct berth_did_doc *doc;

	(void)state;
	CHECK_OK(outcome(text));
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		char *exact = malloc(n ? n : 1);

		memcpy(exact, text, n);
		CHECK_RC(BERTH_E_JSON, berth_did_doc_parse(&doc, exact, n, NULL));
		free(exact);
	}
}

static enum berth_err as_signed(struct berth_did_doc **doc, const char *text)
{
	struct berth_json *json;

	CHECK_OK(berth_json_parse(&json, text, strlen(text), BERTH_JSON_MAX));
	return berth_did_doc_from_signed(doc, json, DID);
}

/* What a log keeps for good: what is missing in it is missing, and the rest is as strict. */
static void what_a_subject_has_signed(void **state)
{
	static const char own[] = "{\"id\":\"#a\",\"type\":\"Multikey\",\"publicKeyMultibase\":\"" ED "\"}";
	char text[1024];
	struct berth_did_doc *doc;
	const struct berth_vm *vm;

	(void)state;
	snprintf(text, sizeof(text), DOC(",\"verificationMethod\":[%s],\"authentication\":[\"#a\",\"#gone\"]"), own);
	CHECK_RC(BERTH_E_DID, outcome(text));
	CHECK_OK(as_signed(&doc, text));
	CHECK_OK(berth_did_doc_key(doc, DID "#a", BERTH_REL_AUTHENTICATION, &vm));
	CHECK_RC(BERTH_E_KEY, berth_did_doc_key(doc, DID "#gone", BERTH_REL_AUTHENTICATION, &vm));
	berth_did_doc_free(doc);
	CHECK_RC(BERTH_E_DID, as_signed(&doc, DOC(",\"verificationMethod\":[{\"id\":\"did:example:x#a\",\"type\":\"Multikey\","
						  "\"publicKeyMultibase\":\"" ED "\"}]")));
	CHECK_RC(BERTH_E_DID, as_signed(&doc, DOC(",\"verificationMethod\":[{\"id\":\"#a\",\"type\":\"Multikey\",\"controller\":1}]")));
	CHECK_RC(BERTH_E_DID, as_signed(&doc, DOC(",\"verificationMethod\":[" VM("#a", "") "," VM("#a", "") "]")));
	CHECK_RC(BERTH_E_RESOLVE, as_signed(&doc, "{\"id\":\"did:example:x\"}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(methods_relationships_services),
		cmocka_unit_test(methods_expire_and_are_revoked),
		cmocka_unit_test(a_clock_that_is_not_set_revives_no_key),
		cmocka_unit_test(what_1_1_allows),
		cmocka_unit_test(published_private_keys_are_e_key),
		cmocka_unit_test(a_method_may_be_embedded_in_several_relationships),
		cmocka_unit_test(every_suite_is_written_and_read),
		cmocka_unit_test(unknown_members_are_kept),
		cmocka_unit_test(c032_a_method_of_another_controller_is_e_key),
		cmocka_unit_test(c058_a_key_outside_its_relationship_is_e_key),
		cmocka_unit_test(the_id_must_be_the_did_asked_for),
		cmocka_unit_test(structure_is_e_did),
		cmocka_unit_test(c099_duplicate_and_dangling_ids_are_e_did),
		cmocka_unit_test(c099_caps),
		cmocka_unit_test(every_way_to_write_a_key),
		cmocka_unit_test(unknown_types_and_curves_leave_no_key),
		cmocka_unit_test(invalid_keys_are_e_key),
		cmocka_unit_test(c018_multikey_text_is_canonical),
		cmocka_unit_test(endpoints_of_every_form),
		cmocka_unit_test(c012_every_truncation_is_refused),
		cmocka_unit_test(what_a_subject_has_signed),
	};

	berth_crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
