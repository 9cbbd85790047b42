/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include "did/base/secret.h"
#include "did/dereference.h"

#define ED "z6Mkj3PUd1WjvaDhNZhhhXQdz5UnZXmS7ehtx8bsPpD47kKc"
#define A "did:example:a"
#define KEY1 "{\"id\":\"#key-1\",\"type\":\"Multikey\",\"controller\":\"" A "\",\"publicKeyMultibase\":\"" ED "\"}"
#define FILES "{\"id\":\"" A "#files\",\"type\":\"Files\",\"serviceEndpoint\":\"https://a.example/store/\"}"
#define TWO "{\"id\":\"#two\",\"type\":[\"T\",\"Files\"],\"serviceEndpoint\":[\"https://b.example\",{\"uri\":\"x\"},\"https://c.example/c\"]}"
#define MAP "{\"id\":\"#map\",\"type\":\"DIDCommMessaging\",\"serviceEndpoint\":{\"uri\":\"https://m.example\"}}"
#define FRAG "{\"id\":\"urn:x:f#frag\",\"type\":\"F\",\"serviceEndpoint\":\"https://f.example/#there\"}"
#define SERVICES(list) "\"service\":[" list "]"
#define DOC(more) "{\"id\":\"" A "\",\"authentication\":[" KEY1 "]," more "}"

static const char document[] = DOC(SERVICES(FILES "," TWO "," MAP "," FRAG));

#define V "did:webvh:QmWGqHMYsShoNu8Sm1R9tLPGersH8EHwnqMEhJitruJ94M:example.com"
static const char log_document[] = "{\"id\":\"" V "\"," SERVICES(
	"{\"id\":\"#files\",\"type\":\"relativeRef\",\"serviceEndpoint\":\"https://example.com/dids/\"},"
	"{\"id\":\"" V "#whois\",\"type\":\"LinkedVerifiablePresentation\",\"serviceEndpoint\":\"https://example.com/dids/whois.vp\"},"
	"{\"id\":\"" V "/named\",\"type\":\"x\",\"serviceEndpoint\":\"https://example.com/\"}") "}";

static struct berth_did_version asked;
static char asked_id[64], asked_time[64];

static enum berth_err get(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	*out = NULL;
	if (strcmp(did, V) == 0)
		return berth_did_doc_parse(out, log_document, sizeof(log_document) - 1, did);
	if (strcmp(did, A) != 0)
		return berth_resolve_next(r, did, out);
	return berth_did_doc_parse(out, document, sizeof(document) - 1, did);
}

static enum berth_err get_version(struct berth_resolver *r, const char *did, const struct berth_did_version *v,
				  struct berth_did_doc **out)
{
	asked = *v;
	strcpy(asked_id, v->id ? v->id : "-");
	strcpy(asked_time, v->time ? v->time : "-");
	return get(r, did, out);
}

static struct berth_resolver source = { .resolve = get, .resolve_version = get_version }, top;

static struct berth_dereferenced result;

static enum berth_err deref(const char *url, const char *accept)
{
	enum berth_err rc;

	berth_dereferenced_free(&result);
	rc = berth_dereference(&result, &top, url, accept);
	CHECK((rc == BERTH_OK) == (result.content != NULL) && (rc == BERTH_OK) == (result.type != NULL) &&
	      (rc == BERTH_OK) == (result.error == NULL));
	return rc;
}

static void gives(const char *want, const char *type, const char *url, const char *accept)
{
	struct berth_buf b = BERTH_BUF_INIT;

	CHECK_OK(deref(url, accept));
	CHECK_OK(berth_json_print(&b, result.content));
	assert_string_equal(berth_buf_cstr(&b), want);
	assert_string_equal(result.type, type);
	berth_buf_free(&b);
}

static void refused(enum berth_err rc, const char *error, const char *url, const char *accept)
{
	CHECK_RC(rc, deref(url, accept));
	assert_string_equal(result.error, error);
}

#define JSON "application/did+json"
#define LIST "text/uri-list"

static void documents_and_what_is_in_them(void **state)
{
	(void)state;
	gives(document, JSON, A, NULL);
	gives(document, JSON, A, "application/did");
	gives(KEY1, JSON, A "#key-1", NULL);
	gives(FILES, JSON, A "#files", NULL);
	gives(TWO, JSON, A "#two", "application/did+ld+json");
	refused(BERTH_E_RESOLVE, "notFound", A "#key-2", NULL);
	refused(BERTH_E_RESOLVE, "notFound", A "#", NULL);
	refused(BERTH_E_RESOLVE, "notFound", A "#frag", NULL);	/* of another base */
	refused(BERTH_E_RESOLVE, "notFound", A "/key-1", NULL);
	refused(BERTH_E_RESOLVE, "notFound", A "?hl=z", NULL);
	refused(BERTH_E_DID, "methodNotSupported", "did:example:b#key-1", NULL);
	refused(BERTH_E_KEY, "invalidDid", "did:key:zAAA#zAAA", NULL);
	refused(BERTH_E_DID, "invalidDidUrl", "did:example:a b", NULL);
	refused(BERTH_E_DID, "invalidDidUrl", A "#a#b", NULL);
	refused(BERTH_E_DID, "invalidDidUrl", "#key-1", NULL);
	refused(BERTH_E_DID, "invalidDidUrl", "", NULL);
	CHECK_OK(deref("did:key:" ED "#" ED, NULL));
	assert_string_equal(result.type, "application/did+ld+json");
}

static void services_and_references(void **state)
{
	(void)state;
	gives("\"https://a.example/store/\"", LIST, A "?service=files", NULL);
	gives("\"https://a.example/store/\"", LIST, A "?service=%23files", NULL);
	gives("\"https://a.example/store/\"", LIST, A "?service=did:example:a%23files", LIST);
	gives("\"https://a.example/store/x/y?v=1\"", LIST, A "?service=files&relativeRef=x%2Fy%3Fv%3D1", NULL);
	gives("\"https://a.example/x\"", LIST, A "?relativeRef=/x&service=files", NULL);
	gives("\"https://a.example/store/x#intro\"", LIST, A "?service=files&relativeRef=x#intro", NULL);
	gives("\"https://b.example/x\\r\\nhttps://c.example/x\"", LIST, A "?service=two&relativeRef=x", NULL);
	gives("\"https://a.example/store/\\r\\nhttps://b.example\\r\\nhttps://c.example/c\"", LIST, A "?serviceType=Files", NULL);
	gives("\"https://b.example\\r\\nhttps://c.example/c\"", LIST, A "?serviceType=Files&service=two", NULL);
	gives("\"https://f.example/#there\"", LIST, A "?service=frag", NULL);
	gives("\"https://f.example/#there\"", LIST, A "?service=urn:x:f%23frag", NULL);
	refused(BERTH_E_RESOLVE, "notFound", A "?service=frag#more", NULL);
	refused(BERTH_E_RESOLVE, "notFound", A "?service=files&relativeRef=x%23y#z", NULL);
	refused(BERTH_E_RESOLVE, "notFound", A "?service=map", NULL);
	refused(BERTH_E_RESOLVE, "notFound", A "?service=nothing", NULL);
	refused(BERTH_E_RESOLVE, "notFound", A "?service=two&serviceType=F", NULL);
	refused(BERTH_E_RESOLVE, "notFound", A "?service=key-1", NULL);
	refused(BERTH_E_RESOLVE, "notFound", A "?Service=files", NULL);
	/* what would send the reader elsewhere */
	refused(BERTH_E_DID, "invalidDidUrl", A "?service=files&relativeRef=//evil.example", NULL);
	refused(BERTH_E_DID, "invalidDidUrl", A "?service=files&relativeRef=https:%2F%2Fevil.example", NULL);
	refused(BERTH_E_DID, "invalidDidUrl", A "?service=files&relativeRef=%5C%5Cevil.example", NULL);
}

static void documents_with_the_selected_services(void **state)
{
	(void)state;
	gives(DOC(SERVICES(FILES)), JSON, A "?service=files", "application/did");
	gives(DOC(SERVICES(FILES "," TWO)), JSON, A "?serviceType=Files", JSON);
	gives(DOC(SERVICES()), JSON, A "?service=nothing", JSON);
	gives(KEY1, JSON, A "?service=files#key-1", JSON);
	refused(BERTH_E_RESOLVE, "notFound", A "?service=files#two", JSON);
}

static void media_types(void **state)
{
	(void)state;
	refused(BERTH_E_TYPE, "representationNotSupported", A, "text/html");
	refused(BERTH_E_TYPE, "representationNotSupported", A, LIST);
	refused(BERTH_E_TYPE, "representationNotSupported", A "#key-1", LIST);
	refused(BERTH_E_DID, "invalidDidUrl", "", "text/html");
}

static void versions_go_to_the_resolver(void **state)
{
	(void)state;
	gives(document, JSON, A "?versionId=1%2Da", NULL);
	assert_string_equal(asked_id, "1-a");
	assert_string_equal(asked_time, "-");
	gives(KEY1, JSON, A "?versionTime=2026-11-23T13:50:00Z#key-1", NULL);
	assert_string_equal(asked_id, "-");
	assert_string_equal(asked_time, "2026-11-23T13:50:00Z");
	gives("\"https://a.example/store/\"", LIST, A "?versionId=7&service=files", NULL);
	assert_string_equal(asked_id, "7");
	refused(BERTH_E_RESOLVE, "notFound", "did:key:" ED "?versionId=1", NULL);
	refused(BERTH_E_DID, "invalidDidUrl", A "?versionTime=2026-11-23T13:50:00%2B01:00", NULL);
	refused(BERTH_E_DID, "invalidDidUrl", A "?versionTime=2026-11-23T13:50:00.5Z", NULL);
	refused(BERTH_E_DID, "invalidDidUrl", A "?versionTime=2026-13-23T13:50:00Z", NULL);
	refused(BERTH_E_DID, "invalidDidUrl", A "?versionTime=yesterday", NULL);
}

/* "a duplicate occurrence of any of these parameters represents an ambiguous input" */
static void parameters_are_strict(void **state)
{
	(void)state;
	gives("\"https://a.example/store/\"", LIST, A "?service=files", NULL);
	refused(BERTH_E_DID, "invalidDidUrl", A "?service=files&service=files", NULL);
	refused(BERTH_E_DID, "invalidDidUrl", A "?versionId=1&versionId=2", NULL);
	refused(BERTH_E_DID, "invalidDidUrl", A "?service=", NULL);
	refused(BERTH_E_DID, "invalidDidUrl", A "?service", NULL);
	refused(BERTH_E_DID, "invalidDidUrl", A "?service=files%00", NULL);
	refused(BERTH_E_DID, "invalidDidUrl", A "?service=files%0A", NULL);
	refused(BERTH_E_DID, "invalidDidUrl", A "?service=%FF", NULL);
	refused(BERTH_E_DID, "invalidDidUrl", A "?service=%F", NULL);
	gives(document, JSON, A "?", NULL);
}

static void results(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *v;

	(void)state;
	CHECK_OK(deref(A "?service=files", NULL));
	CHECK((v = berth_dereferencing_result(&result)));
	CHECK_OK(berth_json_print(&b, v));
	assert_string_equal(berth_buf_cstr(&b), "{\"content\":\"https://a.example/store/\","
			    "\"dereferencingMetadata\":{\"contentType\":\"text/uri-list\"},\"contentMetadata\":{}}");
	berth_json_free(v);
	berth_buf_reset(&b);
	CHECK_RC(BERTH_E_RESOLVE, deref(A "#no", NULL));
	CHECK((v = berth_dereferencing_result(&result)));
	CHECK_OK(berth_json_print(&b, v));
	assert_string_equal(berth_buf_cstr(&b), "{\"content\":null,\"dereferencingMetadata\":{\"error\":\"notFound\"},\"contentMetadata\":{}}");
	berth_json_free(v);
	berth_buf_free(&b);
}

static int done(void **state)
{
	(void)state;
	berth_dereferenced_free(&result);
	return 0;
}

static void paths_of_did_webvh(void **state)
{
	static const char *const bad[] = { "/..", "/.", "/a/../b", "/%2e%2E/b", "/a/%2e", "/.%2e/x" };

	(void)state;
	gives("\"https://example.com/dids/governance/issuers.json\"", LIST, V "/governance/issuers.json", NULL);
	gives("\"https://example.com/dids/a/...\"", LIST, V "/a/...", NULL);
	gives("\"https://example.com/dids/a#b\"", LIST, V "/a?versionNumber=1#b", NULL);
	gives("\"https://example.com/dids/whois.vp\"", LIST, V "/whois", NULL);
	CHECK_OK(deref(V "/named", NULL));
	CHECK(berth_json_get(result.content, "type"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char url[256];

		snprintf(url, sizeof(url), V "%s", bad[i]);
		refused(BERTH_E_DID, "invalidDidUrl", url, NULL);
	}
	refused(BERTH_E_RESOLVE, "notFound", V "/a?x=1", NULL);
	refused(BERTH_E_RESOLVE, "notFound", A "/a", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_and_what_is_in_them),
		cmocka_unit_test(services_and_references),
		cmocka_unit_test(documents_with_the_selected_services),
		cmocka_unit_test(media_types),
		cmocka_unit_test(versions_go_to_the_resolver),
		cmocka_unit_test(parameters_are_strict),
		cmocka_unit_test(results),
		cmocka_unit_test(paths_of_did_webvh),
	};

	berth_crypto_init();
	berth_resolver_builtin_init(&top, &source);
	return cmocka_run_group_tests(tests, NULL, done);
}
