/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/base/secret.h"
#include "did/codec/multibase.h"
#include "did/jose/multikey.h"
#include "did/method_peer.h"
#include "did/peer1.h"
#include "did/resolver.h"
#include "did/url.h"

#define ED "z6Mkj3PUd1WjvaDhNZhhhXQdz5UnZXmS7ehtx8bsPpD47kKc"
#define OTHER "z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH"
#define DOC(did, key) "{\"id\":\"" did "\",\"authentication\":[{\"id\":\"#key-1\",\"type\":\"Multikey\"," \
	"\"controller\":\"" did "\",\"publicKeyMultibase\":\"" key "\"}]}"

static char dir[64];

static void put(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	CHECK((f = fopen(path, "w")));
	CHECK(fputs(text, f) >= 0 && fclose(f) == 0);
}

static int fresh(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/berth-docs-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int gone(void **state)
{
	char cmd[96];

	(void)state;
	snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	return system(cmd);
}

/* What the chain built-in -> folder (if any) says. */
static enum berth_err resolve(bool folder, const char *did, struct berth_did_doc **out)
{
	struct berth_resolver_dir docs;
	struct berth_resolver builtin;
	enum berth_err rc;

	if (folder)
		CHECK_OK(berth_resolver_dir_open(&docs, dir, NULL));
	berth_resolver_builtin_init(&builtin, folder ? &docs.base : NULL);
	rc = berth_resolve(&builtin, did, out);
	CHECK((rc == BERTH_OK) == (*out != NULL));
	if (folder)
		berth_resolver_dir_close(&docs);
	return rc;
}

static enum berth_err outcome(bool folder, const char *did)
{
	struct berth_did_doc *doc;
	enum berth_err rc = resolve(folder, did, &doc);

	berth_did_doc_free(doc);
	return rc;
}

static void built_in_methods(void **state)
{
	(void)state;
	CHECK_OK(outcome(false, "did:key:" ED));
	CHECK_OK(outcome(false, "did:peer:0" ED));
	CHECK_OK(outcome(false, "did:peer:2.V" ED));
	CHECK_OK(outcome(false, "did:jwk:eyJjcnYiOiJQLTI1NiIsImt0eSI6IkVDIiwieCI6ImFjYklRaXVNczNpOF91c3pFakoydHBUdFJNNEVV"
				"M3l6OTFQSDZDZEgyVjAiLCJ5IjoiX0tjeUxqOXZXTXB0bm1LdG00NkdxRHo4d2Y3NEk1TEtncmwyR3pIM25TRSJ9"));
	CHECK_RC(BERTH_E_DID, outcome(false, "did:web:example.com"));
	CHECK_RC(BERTH_E_DID, outcome(false, "did:key:" ED "#" ED));
	CHECK_RC(BERTH_E_DID, outcome(false, "nonsense"));
	CHECK_RC(BERTH_E_DID, outcome(false, ""));
	CHECK_RC(BERTH_E_KEY, outcome(false, "did:key:zAAA"));
	CHECK_RC(BERTH_E_RESOLVE, outcome(false, "did:peer:4zQmd8CpeFPci817KDsbSAKWcXAE2mjvCQSasRewvbSF54Bd"));
}

static void a_folder_of_documents(void **state)
{
	struct berth_did_doc *doc;

	(void)state;
	put("a.json", DOC("did:web:example.com", ED));
	put("b.json", DOC("did:example:b", OTHER));
	put("notes.txt", DOC("did:example:c", ED));
	put(".hidden.json", DOC("did:example:c", ED));
	CHECK_OK(resolve(true, "did:web:example.com", &doc));
	assert_string_equal(doc->vms[0].id, "did:web:example.com#key-1");
	berth_did_doc_free(doc);
	CHECK_OK(outcome(true, "did:example:b"));
	CHECK_RC(BERTH_E_RESOLVE, outcome(true, "did:example:c"));
	CHECK_RC(BERTH_E_RESOLVE, outcome(true, "did:web:example.com:user"));
	CHECK_RC(BERTH_E_RESOLVE, outcome(true, "did:web:Example.com"));
}

static void a_folder_does_not_override_what_a_did_says_itself(void **state)
{
	struct berth_did_doc *doc;

	(void)state;
	put("a.json", DOC("did:key:" ED, OTHER));
	CHECK_OK(resolve(true, "did:key:" ED, &doc));
	assert_string_equal(doc->vms[0].id, "did:key:" ED "#" ED);
	berth_did_doc_free(doc);
}

/* A bad document is the concern of who asks for it; a bad file is left out. */
static void documents_are_judged_when_asked_for(void **state)
{
	char *big = malloc(BERTH_DID_DOC_MAX + 2);

	(void)state;
	memset(big, ' ', BERTH_DID_DOC_MAX + 1);
	memcpy(big, "{\"id\":\"did:example:big\"}", 24);
	big[BERTH_DID_DOC_MAX + 1] = '\0';
	put("big.json", big);
	put("good.json", DOC("did:example:good", ED));
	put("key.json", DOC("did:example:key", "z6Mk!"));
	put("dup.json", "{\"id\":\"did:example:dup\",\"verificationMethod\":7}");
	put("json.json", "{\"id\":");
	put("other.json", "[]");
	put("noid.json", "{\"id\":\"x\"}");
	put("empty.json", "");
	CHECK_OK(outcome(true, "did:example:good"));
	CHECK_RC(BERTH_E_KEY, outcome(true, "did:example:key"));
	CHECK_RC(BERTH_E_DID, outcome(true, "did:example:dup"));
	CHECK_RC(BERTH_E_RESOLVE, outcome(true, "did:example:big"));
	CHECK(strstr(berth_err_detail(), "left out"));
	free(big);
}

static void two_documents_for_one_did_are_e_did(void **state)
{
	struct berth_resolver_dir docs;

	(void)state;
	put("a.json", DOC("did:example:a", ED));
	put("b.json", DOC("did:example:a", OTHER));
	CHECK_RC(BERTH_E_DID, berth_resolver_dir_open(&docs, dir, NULL));
	CHECK(docs.n == 0 && docs.docs == NULL);
	CHECK_RC(BERTH_E_RESOLVE, berth_resolver_dir_open(&docs, "/nonexistent/berth", NULL));
	berth_resolver_dir_close(&docs);
}

/* ---- did:peer:4's short form ---- */

static void peer4(struct berth_buf *long_did, struct berth_buf *short_did)
{
	struct berth_peer_spec s = { .n_verification = 1 };

	CHECK_OK(berth_multikey_parse(&s.verification[0], ED, strlen(ED)));
	CHECK_OK(berth_did_peer_create(long_did, 4, &s));
	CHECK_OK(berth_did_short(short_did, berth_buf_cstr(long_did)));
}

static void a_short_form_is_found_by_its_long_one(void **state)
{
	struct berth_buf l = BERTH_BUF_INIT, s = BERTH_BUF_INIT, text = BERTH_BUF_INIT;
	struct berth_did_doc *doc;

	(void)state;
	peer4(&l, &s);
	CHECK_OK(berth_did_peer_resolve(&doc, berth_buf_cstr(&l)));
	CHECK_OK(berth_json_print(&text, berth_did_doc_json(doc)));
	berth_did_doc_free(doc);
	put("long.json", berth_buf_cstr(&text));
	CHECK_OK(resolve(true, berth_buf_cstr(&s), &doc));
	assert_string_equal(doc->id, berth_buf_cstr(&s));
	assert_string_equal(doc->vms[0].controller, berth_buf_cstr(&s));
	berth_did_doc_free(doc);
	CHECK_OK(outcome(true, berth_buf_cstr(&l)));

	/* the document of the short form names the long one in alsoKnownAs */
	CHECK_OK(berth_did_peer_resolve_short(&doc, berth_buf_cstr(&l)));
	berth_buf_reset(&text);
	CHECK_OK(berth_json_print(&text, berth_did_doc_json(doc)));
	berth_did_doc_free(doc);
	put("long.json", berth_buf_cstr(&text));
	CHECK_OK(outcome(true, berth_buf_cstr(&s)));
	berth_buf_free(&l);
	berth_buf_free(&s);
	berth_buf_free(&text);
}

static void a_document_that_the_hash_does_not_bear_out_is_refused(void **state)
{
	struct berth_buf l = BERTH_BUF_INIT, s = BERTH_BUF_INIT, text = BERTH_BUF_INIT;

	(void)state;
	peer4(&l, &s);
	/* another key under the short form, without the long form */
	berth_buf_printf(&text, "{\"id\":\"%s\",\"authentication\":[{\"id\":\"#key-1\",\"type\":\"Multikey\","
			 "\"controller\":\"%s\",\"publicKeyMultibase\":\"" OTHER "\"}]}", berth_buf_cstr(&s), berth_buf_cstr(&s));
	put("a.json", berth_buf_cstr(&text));
	CHECK_RC(BERTH_E_RESOLVE, outcome(true, berth_buf_cstr(&s)));
	/* and with one that is not its own */
	berth_buf_reset(&text);
	berth_buf_printf(&text, "{\"id\":\"%s\",\"alsoKnownAs\":[\"%s:zAAAA\"]}", berth_buf_cstr(&s), berth_buf_cstr(&s));
	put("a.json", berth_buf_cstr(&text));
	CHECK_RC(BERTH_E_DID, outcome(true, berth_buf_cstr(&s)));
	berth_buf_free(&l);
	berth_buf_free(&s);
	berth_buf_free(&text);
}

/* ---- did:peer:1 and did:peer:3, of which only what was seen tells ---- */

#define GENESIS "{\"verificationMethod\":[{\"id\":\"#a\",\"type\":\"Multikey\",\"controller\":\"#id\"," \
	"\"publicKeyMultibase\":\"" ED "\"}],\n \"authentication\":[\"#a\"]}"

static void a_did_peer_1_is_found_by_its_genesis_document(void **state)
{
	struct berth_buf did = BERTH_BUF_INIT;
	struct berth_did_doc *doc;

	(void)state;
	CHECK_OK(berth_peer1_create(&did, GENESIS, strlen(GENESIS)));
	CHECK_RC(BERTH_E_RESOLVE, outcome(false, berth_buf_cstr(&did)));
	CHECK_RC(BERTH_E_RESOLVE, outcome(true, berth_buf_cstr(&did)));
	put("genesis.json", GENESIS);
	CHECK_OK(resolve(true, berth_buf_cstr(&did), &doc));
	assert_string_equal(doc->id, berth_buf_cstr(&did));
	assert_string_equal(doc->vms[0].controller, berth_buf_cstr(&did));
	CHECK(doc->vms[0].rels == BERTH_REL_AUTHENTICATION);
	berth_did_doc_free(doc);
	put("genesis.json", GENESIS "\n");		/* the hash is of every octet */
	CHECK_RC(BERTH_E_RESOLVE, outcome(true, berth_buf_cstr(&did)));
	CHECK(strstr(berth_err_detail(), "left out"));
	berth_buf_free(&did);
}

static void a_did_peer_3_is_found_by_its_did_peer_2(void **state)
{
	static const char did2[] = "did:peer:2.V" ED;
	struct berth_buf did3 = BERTH_BUF_INIT, text = BERTH_BUF_INIT;
	struct berth_did_doc *doc;

	(void)state;
	CHECK_OK(berth_did_peer_short(&did3, did2));
	CHECK_RC(BERTH_E_RESOLVE, outcome(false, berth_buf_cstr(&did3)));
	put("two.json", DOC("did:peer:2.V" OTHER, OTHER));
	CHECK_RC(BERTH_E_RESOLVE, outcome(true, berth_buf_cstr(&did3)));
	put("two.json", DOC("did:peer:2.V" ED, OTHER));	/* what the document says is not asked */
	CHECK_OK(resolve(true, berth_buf_cstr(&did3), &doc));
	assert_string_equal(doc->id, berth_buf_cstr(&did3));
	assert_string_equal(doc->vms[0].controller, berth_buf_cstr(&did3));
	assert_string_equal(berth_json_str(berth_json_at(berth_json_get(berth_did_doc_json(doc), "alsoKnownAs"), 0)), did2);
	CHECK(doc->n_vms == 1 && doc->vms[0].rels == BERTH_REL_AUTHENTICATION);
	CHECK_OK(berth_json_print(&text, berth_did_doc_json(doc)));
	berth_did_doc_free(doc);
	put("two.json", berth_buf_cstr(&text));		/* its own document names the other in alsoKnownAs */
	CHECK_OK(outcome(true, berth_buf_cstr(&did3)));
	berth_buf_free(&did3);
	berth_buf_free(&text);
}

static enum berth_err tells_lies(struct berth_resolver *r, const char *did, struct berth_buf *kept)
{
	(void)r;
	berth_buf_str(kept, strncmp(did, "did:peer:1", 10) == 0 ? GENESIS : "did:peer:2.V" OTHER);
	return BERTH_OK;
}

static void what_is_recalled_counts_only_with_the_right_hash(void **state)
{
	struct berth_resolver next = { .recall = tells_lies }, r;
	struct berth_buf did = BERTH_BUF_INIT;
	struct berth_did_doc *doc;

	(void)state;
	berth_resolver_builtin_init(&r, &next);
	CHECK_OK(berth_peer1_create(&did, GENESIS, strlen(GENESIS)));
	CHECK_OK(berth_resolve(&r, berth_buf_cstr(&did), &doc));
	berth_did_doc_free(doc);
	did.p[20] ^= 1;
	CHECK(berth_resolve(&r, berth_buf_cstr(&did), &doc) != BERTH_OK);
	berth_buf_reset(&did);
	CHECK_OK(berth_did_peer_short(&did, "did:peer:2.V" OTHER));
	CHECK_OK(berth_resolve(&r, berth_buf_cstr(&did), &doc));
	berth_did_doc_free(doc);
	berth_buf_reset(&did);
	CHECK_OK(berth_did_peer_short(&did, "did:peer:2.V" ED));
	CHECK_RC(BERTH_E_RESOLVE, berth_resolve(&r, berth_buf_cstr(&did), &doc));
	CHECK(doc == NULL);
	berth_buf_free(&did);
}

static const char *long_form;

static enum berth_err keeps_one(struct berth_resolver *r, const char *did, struct berth_buf *kept)
{
	(void)r;
	(void)did;
	berth_buf_str(kept, long_form);
	return BERTH_OK;
}

static enum berth_err keeps_nothing(struct berth_resolver *r, const char *did, struct berth_buf *kept)
{
	(void)r;
	(void)kept;
	return berth_fail(BERTH_E_RESOLVE, "nothing of %s", did);
}

/* Whoever keeps long forms is believed as far as the hash goes, and asked in turn. */
static void a_long_form_that_is_recalled(void **state)
{
	struct berth_resolver second = { .recall = keeps_one }, first = { .recall = keeps_nothing, .next = &second,
		.resolve = berth_resolve_next }, r;
	struct berth_buf l = BERTH_BUF_INIT, s = BERTH_BUF_INIT, other = BERTH_BUF_INIT;
	struct berth_did_doc *doc;

	(void)state;
	berth_resolver_builtin_init(&r, &first);
	peer4(&l, &s);
	berth_buf_str(&other, "did:peer:4zQmd8CpeFPci817KDsbSAKWcXAE2mjvCQSasRewvbSF54Bd");	/* the specification's */
	long_form = berth_buf_cstr(&l);
	CHECK_OK(berth_resolve(&r, berth_buf_cstr(&s), &doc));
	assert_string_equal(doc->id, berth_buf_cstr(&s));
	assert_string_equal(doc->whole->id, berth_buf_cstr(&l));
	berth_did_doc_free(doc);
	CHECK_RC(BERTH_E_RESOLVE, berth_resolve(&r, berth_buf_cstr(&other), &doc));
	CHECK(doc == NULL);
	CHECK_RC(BERTH_E_RESOLVE, r.resolve(&r, berth_buf_cstr(&other), &doc));	/* it asks nobody to check that */
	CHECK(doc == NULL);
	long_form = berth_buf_cstr(&s);
	CHECK_RC(BERTH_E_RESOLVE, berth_resolve(&r, berth_buf_cstr(&s), &doc));
	l.p[l.len - 1] ^= 1;
	long_form = berth_buf_cstr(&l);
	CHECK_RC(BERTH_E_DID, berth_resolve(&r, berth_buf_cstr(&s), &doc));
	second.recall = NULL;
	second.resolve = berth_resolve_next;
	CHECK_RC(BERTH_E_RESOLVE, berth_resolve(&r, berth_buf_cstr(&s), &doc));
	berth_buf_free(&l);
	berth_buf_free(&s);
	berth_buf_free(&other);
}

/* ---- versions ---- */

static const struct berth_did_version *asked;

static enum berth_err versioned(struct berth_resolver *r, const char *did, const struct berth_did_version *v,
				struct berth_did_doc **out)
{
	static const char text[] = DOC("did:example:v", ED);

	(void)r;
	(void)did;
	asked = v;
	return berth_did_doc_parse(out, text, sizeof(text) - 1, NULL);
}

static void versions_are_asked_of_who_has_them(void **state)
{
	struct berth_resolver last = { .resolve = NULL, .resolve_version = versioned }, r, alone;
	struct berth_did_version v = { .id = "3" };
	struct berth_did_doc *doc;

	(void)state;
	berth_resolver_builtin_init(&r, &last);
	berth_resolver_builtin_init(&alone, NULL);
	CHECK_OK(berth_resolve_version(&r, "did:example:v", &v, &doc));
	CHECK(asked == &v);
	berth_did_doc_free(doc);
	CHECK_RC(BERTH_E_RESOLVE, berth_resolve_version(&r, "did:example:w", &v, &doc));	/* C097 */
	CHECK_RC(BERTH_E_RESOLVE, berth_resolve_version(&alone, "did:example:v", &v, &doc));
	CHECK_RC(BERTH_E_RESOLVE, berth_resolve_version(&r, "did:key:" ED, &v, &doc));
	CHECK_RC(BERTH_E_DID, berth_resolve_version(&r, "did:example:v#a", &v, &doc));
	v.id = NULL;
	CHECK_OK(berth_resolve_version(&r, "did:key:" ED, &v, &doc));	/* asks for none */
	berth_did_doc_free(doc);
}

/* ---- a resolver that lies ---- */

static enum berth_err liar(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	static const char text[] = DOC("did:example:someone", ED);

	(void)r;
	(void)did;
	return berth_did_doc_parse(out, text, sizeof(text) - 1, NULL);
}

static void c097_a_document_of_another_did_is_e_resolve(void **state)
{
	struct berth_resolver next = { .resolve = liar }, r;
	struct berth_did_doc *doc;

	(void)state;
	berth_resolver_builtin_init(&r, &next);
	CHECK_OK(berth_resolve(&r, "did:example:someone", &doc));
	berth_did_doc_free(doc);
	CHECK_RC(BERTH_E_RESOLVE, berth_resolve(&r, "did:example:someone.", &doc));
	CHECK_RC(BERTH_E_RESOLVE, berth_resolve(&r, "did:example:Someone", &doc));
	CHECK_RC(BERTH_E_RESOLVE, berth_resolve(&r, "did:peer:4zQmd8CpeFPci817KDsbSAKWcXAE2mjvCQSasRewvbSF54Bd", &doc));
	CHECK(doc == NULL);
}

/* ---- results ---- */

static void result_is(const char *want, enum berth_err rc, const char *did, const struct berth_did_doc *doc)
{
	struct berth_json *v = berth_resolution_result(rc, NULL, did, doc);
	struct berth_buf b = BERTH_BUF_INIT;

	CHECK(v);
	CHECK_OK(berth_json_print(&b, v));
	assert_string_equal(berth_buf_cstr(&b), want);
	berth_buf_free(&b);
	berth_json_free(v);
}

#define FAILED(e) "{\"didDocument\":null,\"didResolutionMetadata\":{\"error\":\"" e "\"},\"didDocumentMetadata\":{}}"

static void resolution_results(void **state)
{
	static const char plain[] = "{\"id\":\"did:example:a\"}", ld[] = "{\"@context\":\"x\",\"id\":\"did:example:a\"}";
	struct berth_did_doc *doc;

	(void)state;
	CHECK_OK(berth_did_doc_parse(&doc, plain, strlen(plain), NULL));
	result_is("{\"didDocument\":{\"id\":\"did:example:a\"},\"didResolutionMetadata\":{\"contentType\":\"application/did+json\"},"
		  "\"didDocumentMetadata\":{}}", BERTH_OK, "did:example:a", doc);
	berth_did_doc_free(doc);
	CHECK_OK(berth_did_doc_parse(&doc, ld, strlen(ld), NULL));
	result_is("{\"didDocument\":{\"@context\":\"x\",\"id\":\"did:example:a\"},"
		  "\"didResolutionMetadata\":{\"contentType\":\"application/did+ld+json\"},\"didDocumentMetadata\":{}}",
		  BERTH_OK, "did:example:a", doc);
	berth_did_doc_free(doc);
	result_is(FAILED("invalidDid"), BERTH_E_DID, "did:key:", NULL);
	result_is(FAILED("invalidDid"), BERTH_E_DID, "did:peer:2.Q", NULL);
	result_is(FAILED("invalidDid"), BERTH_E_KEY, "did:key:zAAA", NULL);
	result_is(FAILED("methodNotSupported"), BERTH_E_DID, "did:web:example.com", NULL);
	result_is(FAILED("notFound"), BERTH_E_RESOLVE, "did:web:example.com", NULL);
	result_is(FAILED("internalError"), BERTH_E_NOMEM, "did:web:example.com", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(built_in_methods),
		cmocka_unit_test_setup_teardown(a_folder_of_documents, fresh, gone),
		cmocka_unit_test_setup_teardown(a_folder_does_not_override_what_a_did_says_itself, fresh, gone),
		cmocka_unit_test_setup_teardown(documents_are_judged_when_asked_for, fresh, gone),
		cmocka_unit_test_setup_teardown(two_documents_for_one_did_are_e_did, fresh, gone),
		cmocka_unit_test_setup_teardown(a_short_form_is_found_by_its_long_one, fresh, gone),
		cmocka_unit_test_setup_teardown(a_document_that_the_hash_does_not_bear_out_is_refused, fresh, gone),
		cmocka_unit_test_setup_teardown(a_did_peer_1_is_found_by_its_genesis_document, fresh, gone),
		cmocka_unit_test_setup_teardown(a_did_peer_3_is_found_by_its_did_peer_2, fresh, gone),
		cmocka_unit_test(what_is_recalled_counts_only_with_the_right_hash),
		cmocka_unit_test(a_long_form_that_is_recalled),
		cmocka_unit_test(versions_are_asked_of_who_has_them),
		cmocka_unit_test(c097_a_document_of_another_did_is_e_resolve),
		cmocka_unit_test(resolution_results),
	};

	berth_crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
