/* SPDX-License-Identifier: Apache-2.0 */
/* The universal adapter under a scripted host: endpoints that fail, lie or know nothing,
 * and registrars whose jobs want something. */
#include <limits.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/fakes/built.h"
#include "tests/fakes/registry_host.h"
#include "tests/fakes/tmpdir.h"

#define DID "did:x:1"
#define ONE "https://one.example/1.0/identifiers"
#define TWO "https://two.example/identifiers"
#define BOTH "{\"resolvers\":\"" ONE "/ " TWO "\"}"
#define REGISTRAR "https://reg.example/1.0"
#define DOC "{\"id\":\"" DID "\"}"
#define RESULT(doc, metadata) "{\"didDocument\":" doc ",\"didResolutionMetadata\":{},\"didDocumentMetadata\":" metadata "}"

static struct test_registry r;
static struct test_registry_answer a;

static int start(const char *config)
{
	char so[PATH_MAX];

	test_built(so, sizeof(so), "lib/berth/registry/universal.so");
	return test_registry_start(&r, so, config);
}

static int resolve(const struct test_exchange *script, size_t n)
{
	test_registry_script(&r, script, n);
	test_registry_resolve(&r, DID, &a);
	assert_int_equal(0, test_registry_left(&r));
	return a.status;
}

static const struct test_exchange good = {
	.method = "GET", .url = ONE "/" DID, .content_type = "application/did-resolution", .reply = RESULT(DOC, "{\"versionId\":\"3\"}"),
	.max_age_s = 120,
};

static void a_result_is_handed_on_as_it_came(void **state)
{
	(void)state;
	assert_int_equal(0, start(BOTH));
	assert_int_equal(BERTH_REGISTRY_OK, resolve(&good, 1));
	assert_string_equal(good.reply, test_registry_part(&a, "didResolution"));
	assert_int_equal(1, a.n_parts);
	assert_int_equal(120, a.ttl_s);
	test_registry_stop(&r);
}

/* Never as a document, which the agent would take for any DID. */
static void a_bare_document_becomes_a_result(void **state)
{
	static const struct test_exchange bare = { .method = "GET", .url = ONE "/" DID, .reply = DOC };

	(void)state;
	assert_int_equal(0, start(BOTH));
	assert_int_equal(BERTH_REGISTRY_OK, resolve(&bare, 1));
	assert_string_equal(RESULT(DOC, "{}"), test_registry_part(&a, "didResolution"));
	assert_int_equal(1, a.n_parts);
	test_registry_stop(&r);
}

static void what_does_not_fit_is_too_big(void **state)
{
	static const struct test_exchange bare = { .method = "GET", .url = ONE "/" DID, .reply = DOC };
	struct berth_registry_request q = { .op = BERTH_REGISTRY_RESOLVE, .did = DID, .max_bytes = strlen(RESULT(DOC, "{}")) };

	(void)state;
	assert_int_equal(0, start(BOTH));
	test_registry_script(&r, &bare, 1);
	test_registry_ask(&r, &q, &a);
	assert_int_equal(BERTH_REGISTRY_OK, a.status);
	q.max_bytes--;
	test_registry_script(&r, &bare, 1);
	test_registry_ask(&r, &q, &a);
	assert_int_equal(BERTH_REGISTRY_TOO_BIG, a.status);
	test_registry_stop(&r);
}

static void what_was_deactivated_may_have_no_document(void **state)
{
	static const struct test_exchange gone = { .method = "GET", .url = ONE "/" DID, .code = 410,
						   .reply = RESULT("null", "{\"deactivated\":true}") };

	(void)state;
	assert_int_equal(0, start(BOTH));
	assert_int_equal(BERTH_REGISTRY_OK, resolve(&gone, 1));
	assert_string_equal(gone.reply, test_registry_part(&a, "didResolution"));
	assert_int_equal(1, a.n_parts);
	test_registry_stop(&r);
}

/* Each of these, and then the second endpoint has it; and each alone. */
static const struct { struct test_exchange x; int status; } failures[] = {
	{ { .status = BERTH_REGISTRY_UNAVAILABLE }, BERTH_REGISTRY_UNAVAILABLE },
	{ { .status = BERTH_REGISTRY_REFUSED }, BERTH_REGISTRY_REFUSED },
	{ { .status = BERTH_REGISTRY_TOO_BIG }, BERTH_REGISTRY_TOO_BIG },
	{ { .code = 500 }, BERTH_REGISTRY_UNAVAILABLE },
	{ { .code = 404 }, BERTH_REGISTRY_NOT_FOUND },
	{ { .code = 400 }, BERTH_REGISTRY_INVALID },
	{ { .code = 501 }, BERTH_REGISTRY_UNSUPPORTED },
	{ { .code = 406 }, BERTH_REGISTRY_UNSUPPORTED },
	{ { .code = 302 }, BERTH_REGISTRY_REFUSED },
	{ { .code = 429 }, BERTH_REGISTRY_UNAVAILABLE },
	{ { .reply = "<html>" }, BERTH_REGISTRY_UNAVAILABLE },
	{ { .reply = "" }, BERTH_REGISTRY_UNAVAILABLE },
	{ { .reply = "[]" }, BERTH_REGISTRY_UNAVAILABLE },
	{ { .reply = "{}" }, BERTH_REGISTRY_UNAVAILABLE },
	{ { .reply = DOC DOC }, BERTH_REGISTRY_UNAVAILABLE },
	{ { .reply = RESULT("null", "{}") }, BERTH_REGISTRY_UNAVAILABLE },
	{ { .reply = RESULT("[]", "{}") }, BERTH_REGISTRY_UNAVAILABLE },
	{ { .reply = "{\"didResolutionMetadata\":{\"error\":\"notFound\"}}" }, BERTH_REGISTRY_NOT_FOUND },
	{ { .reply = "{\"didResolutionMetadata\":{\"error\":\"invalidDid\"}}" }, BERTH_REGISTRY_INVALID },
	{ { .reply = "{\"didResolutionMetadata\":{\"error\":{\"type\":\"https://www.w3.org/ns/did#NOT_FOUND\"}},\"didDocument\":" DOC "}" },
	  BERTH_REGISTRY_NOT_FOUND },
	{ { .reply = "{\"didResolutionMetadata\":{\"error\":\"methodNotSupported\"}}" }, BERTH_REGISTRY_UNSUPPORTED },
	{ { .reply = "{\"didResolutionMetadata\":{\"error\":7}}" }, BERTH_REGISTRY_UNAVAILABLE },
};

static struct test_exchange at(const struct test_exchange *x, const char *url)
{
	struct test_exchange out = *x;

	out.method = "GET";
	out.url = url;
	return out;
}

static void the_next_endpoint_is_asked(void **state)
{
	(void)state;
	assert_int_equal(0, start(BOTH));
	for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++) {
		const struct test_exchange script[] = { at(&failures[i].x, ONE "/" DID), at(&good, TWO "/" DID) };

		assert_int_equal(BERTH_REGISTRY_OK, resolve(script, 2));
		assert_string_equal(good.reply, test_registry_part(&a, "didResolution"));
	}
	test_registry_stop(&r);
	assert_int_equal(0, start("{\"resolvers\":\"" TWO "\"}"));
	for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++) {
		const struct test_exchange script[] = { at(&failures[i].x, TWO "/" DID) };

		if (resolve(script, 1) != failures[i].status)
			fail_msg("%zu: %d, want %d", i, a.status, failures[i].status);
		assert_int_equal(0, a.n_parts);
	}
	test_registry_stop(&r);
}

static void that_there_is_none_says_more_than_silence(void **state)
{
	static const struct test_exchange script[] = {
		{ .method = "GET", .url = ONE "/" DID, .code = 404 },
		{ .method = "GET", .url = TWO "/" DID, .code = 503 },
		{ .method = "GET", .url = ONE "/" DID, .code = 503 },
		{ .method = "GET", .url = TWO "/" DID, .code = 501 },
	};

	(void)state;
	assert_int_equal(0, start(BOTH));
	assert_int_equal(BERTH_REGISTRY_NOT_FOUND, resolve(script, 2));
	assert_int_equal(BERTH_REGISTRY_UNAVAILABLE, resolve(script + 2, 2));
	test_registry_stop(&r);
}

static void c100_an_answer_about_another_did_is_none(void **state)
{
	static const char *const others[] = {
		"{\"id\":\"did:x:2\"}", "{\"id\":\"did:X:1\"}", "{\"id\":\"did:x:1.\"}", "{\"id\":[\"did:x:1\"]}", "{\"id\":\"did:x:1#a\"}",
		RESULT("{\"id\":\"did:x:2\"}", "{}"), RESULT("{\"id\":\"did:x:2\"}", "{\"deactivated\":true}"),
		"{\"id\":\"did:x:1\",\"didDocument\":{\"id\":\"did:x:2\"}}",
	};

	(void)state;
	assert_int_equal(0, start("{\"resolvers\":\"" ONE "\"}"));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		const struct test_exchange x = { .method = "GET", .url = ONE "/" DID, .reply = others[i] };

		assert_int_equal(BERTH_REGISTRY_UNAVAILABLE, resolve(&x, 1));
		assert_string_equal("universal: an answer about another DID", r.logged);
	}
	test_registry_stop(&r);
}

static void what_is_asked_is_one_segment(void **state)
{
	static const struct { const char *did, *id, *time, *url; } asked[] = {
		{ "did:web:example.com%3A8443:a", NULL, NULL, ONE "/did:web:example.com%253A8443:a" },
		{ DID, "1&a=b", NULL, ONE "/" DID "?versionId=1%26a%3Db" },
		{ DID, NULL, "2026-01-01T00:00:00Z", ONE "/" DID "?versionTime=2026-01-01T00:00:00Z" },
		{ DID, "2", "2026-01-01T00:00:00Z", ONE "/" DID "?versionId=2&versionTime=2026-01-01T00:00:00Z" },
	};

	(void)state;
	assert_int_equal(0, start("{\"resolvers\":\"" ONE "\"}"));
	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
		const struct test_exchange x = { .method = "GET", .url = asked[i].url, .code = 404 };
		const struct berth_registry_request q = { .op = BERTH_REGISTRY_RESOLVE, .did = asked[i].did, .version_id = asked[i].id,
							  .version_time = asked[i].time };

		test_registry_script(&r, &x, 1);
		test_registry_ask(&r, &q, &a);
		assert_int_equal(BERTH_REGISTRY_NOT_FOUND, a.status);
	}
	test_registry_stop(&r);
}

static void too_long_a_did_is_not_asked_for(void **state)
{
	static char did[8193] = "did:x:";

	(void)state;
	memset(did + 6, '%', sizeof(did) - 7);
	assert_int_equal(0, start("{\"resolvers\":\"" ONE "\"}"));
	test_registry_script(&r, NULL, 0);
	test_registry_resolve(&r, did, &a);
	assert_int_equal(BERTH_REGISTRY_UNAVAILABLE, a.status);
	test_registry_stop(&r);
}

static void resources_are_fetched(void **state)
{
	static const struct test_exchange script[] = {
		{ .method = "GET", .url = ONE "/" DID "/whois", .code = 503 },
		{ .method = "GET", .url = TWO "/" DID "/whois", .content_type = "application/vp", .reply = "{}" },
		{ .method = "GET", .url = "https://lists.example/1", .reply = "x" },
		{ .method = "GET", .url = "https://lists.example/2", .code = 404 },
	};
	struct berth_registry_request q = { .op = BERTH_REGISTRY_FETCH, .did = DID, .resource = "/whois" };

	(void)state;
	assert_int_equal(0, start(BOTH));
	test_registry_script(&r, script, 4);
	test_registry_ask(&r, &q, &a);
	assert_string_equal("{}", test_registry_part(&a, "resource"));
	assert_string_equal("application/vp", test_registry_part(&a, "contentType"));
	q.resource = "https://lists.example/1";
	test_registry_ask(&r, &q, &a);
	assert_string_equal("x", test_registry_part(&a, "resource"));
	q.resource = "https://lists.example/2";
	test_registry_ask(&r, &q, &a);
	assert_int_equal(BERTH_REGISTRY_NOT_FOUND, a.status);
	assert_int_equal(0, test_registry_left(&r));
	q.resource = "file:///etc/passwd";
	test_registry_ask(&r, &q, &a);
	assert_int_equal(BERTH_REGISTRY_INVALID, a.status);
	test_registry_stop(&r);
}

static void secrets_are_configured(void **state)
{
	static const struct test_exchange x = { .method = "GET", .url = ONE "/did:ion:1", .authorization = "Bearer t", .reply = "{\"id\":\"did:ion:1\"}" };
	char dir[TMPDIR_LEN], config[256];

	(void)state;
	test_tmpdir(dir);
	test_write_file(test_path(dir, "token"), "Bearer t\n", 9, 0600);
	snprintf(config, sizeof(config), "{\"resolvers\":\"%s\",\"authorization-file\":\"%s/token\"}", ONE, dir);
	assert_int_equal(0, start(config));
	test_registry_script(&r, &x, 1);
	test_registry_resolve(&r, "did:ion:1", &a);
	assert_int_equal(BERTH_REGISTRY_OK, a.status);
	test_registry_stop(&r);
	test_tmpdir_remove(dir);
}

static void cancelled_it_answers(void **state)
{
	const struct berth_registry_request q = { .op = BERTH_REGISTRY_RESOLVE, .did = DID };

	(void)state;
	assert_int_equal(0, start(BOTH));
	test_registry_script(&r, &good, 1);
	test_registry_ask_and_cancel(&r, &q, &a);
	assert_int_equal(BERTH_REGISTRY_UNAVAILABLE, a.status);
	test_registry_stop(&r);
}

/* ---- registrars ---- */

static int publish(uint32_t op, uint32_t phase, const char *name, const char *text, const struct test_exchange *script, size_t n)
{
	const struct berth_registry_part part = { name, (const uint8_t *)text, text ? strlen(text) : 0 };
	const struct berth_registry_request q = { .op = op, .phase = phase, .did = DID, .parts = &part, .n_parts = text ? 1 : 0 };

	test_registry_script(&r, script, n);
	test_registry_ask(&r, &q, &a);
	assert_int_equal(0, test_registry_left(&r));
	return a.status;
}

#define SIGN "{\"jobId\":\"j1\",\"didState\":{\"state\":\"action\",\"action\":\"signPayload\",\"signingRequest\":{\"r1\":" \
	"{\"serializedPayload\":\"aGk=\",\"alg\":\"EdDSA\",\"kid\":\"did:x:1#k\"}}}}"
#define FINISHED "{\"jobId\":null,\"didState\":{\"state\":\"finished\",\"did\":\"" DID "\"}}"
#define SIGNED "{\"registrar\":\"" REGISTRAR "\",\"jobId\":\"j1\",\"secret\":{\"signingResponse\":{\"r1\":{\"signature\":\"c2ln\"}}}}"
#define OPTIONS "\"options\":{\"clientSecretMode\":true,\"storeSecrets\":false,\"returnSecrets\":false},\"did\":\"" DID "\""

static void a_job_from_proposal_to_receipt(void **state)
{
	static const struct test_exchange begin = { .method = "POST", .url = REGISTRAR "/create", .body = "{" OPTIONS ",\"didDocument\":" DOC "}",
						    .reply = SIGN };
	static const struct test_exchange sign = { .method = "POST", .url = REGISTRAR "/create", .reply = FINISHED, .code = 201,
		.body = "{" OPTIONS ",\"jobId\":\"j1\",\"secret\":{\"signingResponse\":{\"r1\":{\"signature\":\"c2ln\"}}}}" };
	static const struct test_exchange check = { .method = "POST", .url = REGISTRAR "/create", .body = "{" OPTIONS ",\"jobId\":\"j1\"}",
		.reply = "{\"jobId\":\"j1\",\"didState\":{\"state\":\"wait\",\"wait\":\"a block\",\"waitTime\":1000}}" };

	(void)state;
	assert_int_equal(0, start("{\"registrars\":\"" REGISTRAR "/\"}"));
	assert_int_equal(BERTH_REGISTRY_OK, publish(BERTH_REGISTRY_CREATE, BERTH_REGISTRY_PROPOSE, "didDocument", DOC, &begin, 1));
	assert_string_equal("{\"registrar\":\"" REGISTRAR "\",\"answer\":" SIGN "}", test_registry_part(&a, "proposal"));
	assert_int_equal(BERTH_REGISTRY_OK, publish(BERTH_REGISTRY_CREATE, BERTH_REGISTRY_CHECK, "transaction", SIGNED, &check, 1));
	CHECK(strstr(test_registry_part(&a, "proposal"), "\"wait\""));
	assert_int_equal(BERTH_REGISTRY_OK, publish(BERTH_REGISTRY_CREATE, BERTH_REGISTRY_SUBMIT, "transaction", SIGNED, &sign, 1));
	assert_string_equal("{\"registrar\":\"" REGISTRAR "\",\"answer\":" FINISHED "}", test_registry_part(&a, "receipt"));
	test_registry_stop(&r);
}

static void updates_and_deactivations(void **state)
{
	static const struct test_exchange update = { .method = "POST", .url = REGISTRAR "/update", .reply = FINISHED,
		.body = "{" OPTIONS ",\"didDocumentOperation\":[\"setDidDocument\"],\"didDocument\":[" DOC "]}" };
	static const struct test_exchange off = { .method = "POST", .url = REGISTRAR "/deactivate", .body = "{" OPTIONS "}", .reply = FINISHED };

	(void)state;
	assert_int_equal(0, start("{\"registrars\":\"" REGISTRAR "\"}"));
	assert_int_equal(BERTH_REGISTRY_OK, publish(BERTH_REGISTRY_UPDATE, BERTH_REGISTRY_PROPOSE, "didDocument", DOC, &update, 1));
	CHECK(test_registry_part(&a, "receipt"));
	assert_int_equal(BERTH_REGISTRY_OK, publish(BERTH_REGISTRY_DEACTIVATE, BERTH_REGISTRY_PROPOSE, "", NULL, &off, 1));
	CHECK(test_registry_part(&a, "receipt"));
	assert_int_equal(BERTH_REGISTRY_INVALID, publish(BERTH_REGISTRY_DEACTIVATE, BERTH_REGISTRY_PROPOSE, "didDocument", DOC, NULL, 0));
	test_registry_stop(&r);
}

static void what_registrars_say(void **state)
{
	static const struct { uint32_t code; const char *reply; int status; } said[] = {
		{ 200, "{\"didState\":{\"state\":\"failed\",\"reason\":\"networkUnavailable\"}}", BERTH_REGISTRY_UNAVAILABLE },
		{ 400, "{\"didState\":{\"state\":\"failed\",\"reason\":\"invalidDidDocument\"}}", BERTH_REGISTRY_INVALID },
		{ 200, "{\"didState\":{\"state\":\"finished\",\"did\":\"did:x:2\"}}", BERTH_REGISTRY_CONFLICT },
		{ 200, "{\"didState\":{\"state\":\"finished\"}}", BERTH_REGISTRY_CONFLICT },
		{ 200, "{\"didState\":{\"state\":\"action\",\"action\":\"redirect\",\"redirectUrl\":\"https://a\"}}", BERTH_REGISTRY_UNSUPPORTED },
		{ 200, "{\"didState\":{\"state\":\"action\",\"action\":\"decryptPayload\"}}", BERTH_REGISTRY_UNSUPPORTED },
		{ 200, "{\"didState\":{\"state\":\"action\",\"action\":\"getVerificationMethod\",\"verificationMethodTemplate\":[{}]}}",
		  BERTH_REGISTRY_OK },
		{ 200, "{\"didState\":{\"state\":\"tired\"}}", BERTH_REGISTRY_UNAVAILABLE },
		{ 200, "{}", BERTH_REGISTRY_UNAVAILABLE }, { 200, "<p>", BERTH_REGISTRY_UNAVAILABLE },
		{ 200, FINISHED "x", BERTH_REGISTRY_UNAVAILABLE },
		{ 400, "", BERTH_REGISTRY_INVALID }, { 409, "", BERTH_REGISTRY_CONFLICT }, { 501, "", BERTH_REGISTRY_UNSUPPORTED },
		{ 500, "", BERTH_REGISTRY_UNAVAILABLE }, { 302, "", BERTH_REGISTRY_REFUSED }, { 401, "", BERTH_REGISTRY_REFUSED },
	};

	(void)state;
	assert_int_equal(0, start("{\"registrars\":\"" REGISTRAR "\"}"));
	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++) {
		const struct test_exchange x = { .method = "POST", .url = REGISTRAR "/update", .code = said[i].code, .reply = said[i].reply };

		if (publish(BERTH_REGISTRY_UPDATE, BERTH_REGISTRY_PROPOSE, "didDocument", DOC, &x, 1) != said[i].status)
			fail_msg("%s: %d, want %d", said[i].reply, a.status, said[i].status);
	}
	test_registry_stop(&r);
}

static void keys_neither_come_nor_go(void **state)
{
	static const char *const made[] = {
		"{\"didState\":{\"state\":\"finished\",\"did\":\"" DID "\",\"secret\":{\"verificationMethod\":[{\"privateKeyJwk\":{}}]}}}",
		"{\"didState\":{\"state\":\"finished\",\"did\":\"" DID "\",\"secret\":{\"seed\":\"0\"}}}",
		"{\"didState\":{\"state\":\"finished\",\"did\":\"" DID "\",\"secret\":[[{\"kty\":\"OKP\",\"d\":\"x\"}]]}}",
	};
	static const char *const docs[] = { "{\"id\":\"" DID "\",\"verificationMethod\":[{\"privateKeyMultibase\":\"z\"}]}",
					    "{\"id\":\"" DID "\",\"verificationMethod\":[{\"publicKeyJwk\":{\"kty\":\"EC\",\"d\":\"x\"}}]}" };

	(void)state;
	assert_int_equal(0, start("{\"registrars\":\"" REGISTRAR "\"}"));
	for (size_t i = 0; i < sizeof(made) / sizeof(*made); i++) {
		const struct test_exchange x = { .method = "POST", .url = REGISTRAR "/create", .reply = made[i] };

		assert_int_equal(BERTH_REGISTRY_UNSUPPORTED, publish(BERTH_REGISTRY_CREATE, BERTH_REGISTRY_PROPOSE, "didDocument", DOC, &x, 1));
		CHECK(strstr(a.message, "internal secret mode"));
		assert_int_equal(0, a.n_parts);
	}
	for (size_t i = 0; i < sizeof(docs) / sizeof(*docs); i++)
		assert_int_equal(BERTH_REGISTRY_INVALID,
				 publish(BERTH_REGISTRY_CREATE, BERTH_REGISTRY_PROPOSE, "didDocument", docs[i], NULL, 0));
	assert_int_equal(BERTH_REGISTRY_INVALID, publish(BERTH_REGISTRY_UPDATE, BERTH_REGISTRY_SUBMIT, "transaction",
		"{\"registrar\":\"" REGISTRAR "\",\"jobId\":\"1\",\"secret\":{\"privateKeyHex\":\"00\"}}", NULL, 0));
	test_registry_stop(&r);
}

static void only_what_makes_sense_is_sent(void **state)
{
	static const char *const bad[] = { "{}", "[]", "{", "{\"jobId\":\"1\"}", "{\"jobId\":\"1\",\"registrar\":\"https://evil.example\"}",
					   "{\"jobId\":1,\"registrar\":\"" REGISTRAR "\"}" };

	(void)state;
	assert_int_equal(0, start("{\"registrars\":\"" REGISTRAR "\"}"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(BERTH_REGISTRY_INVALID, publish(BERTH_REGISTRY_UPDATE, BERTH_REGISTRY_SUBMIT, "transaction", bad[i], NULL, 0));
	assert_int_equal(BERTH_REGISTRY_INVALID, publish(BERTH_REGISTRY_UPDATE, BERTH_REGISTRY_CHECK, "", NULL, NULL, 0));
	assert_int_equal(BERTH_REGISTRY_INVALID, publish(BERTH_REGISTRY_UPDATE, BERTH_REGISTRY_PROPOSE, "", NULL, NULL, 0));
	assert_int_equal(BERTH_REGISTRY_INVALID,
			 publish(BERTH_REGISTRY_UPDATE, BERTH_REGISTRY_PROPOSE, "didDocument", "{\"id\":\"did:x:2\"}", NULL, 0));
	test_registry_resolve(&r, DID, &a);
	assert_int_equal(BERTH_REGISTRY_UNSUPPORTED, a.status);
	test_registry_stop(&r);
	assert_int_equal(0, start(BOTH));
	assert_int_equal(BERTH_REGISTRY_UNSUPPORTED, publish(BERTH_REGISTRY_UPDATE, BERTH_REGISTRY_PROPOSE, "didDocument", DOC, NULL, 0));
	test_registry_stop(&r);
}

/* Another registrar only where the first cannot have begun; never with a job. */
static void a_job_stays_where_it_is(void **state)
{
	static const struct test_exchange over[] = {
		{ .method = "POST", .url = "https://a.example/update", .code = 503 },
		{ .method = "POST", .url = REGISTRAR "/update", .reply = SIGN },
	};
	static const struct test_exchange lost = { .method = "POST", .url = "https://a.example/update", .status = BERTH_REGISTRY_UNAVAILABLE };
	static const struct test_exchange down = { .method = "POST", .url = REGISTRAR "/update", .code = 503 };

	(void)state;
	assert_int_equal(0, start("{\"registrars\":\"https://a.example " REGISTRAR "\"}"));
	assert_int_equal(BERTH_REGISTRY_OK, publish(BERTH_REGISTRY_UPDATE, BERTH_REGISTRY_PROPOSE, "didDocument", DOC, over, 2));
	CHECK(strstr(test_registry_part(&a, "proposal"), "{\"registrar\":\"" REGISTRAR "\""));
	assert_int_equal(BERTH_REGISTRY_UNAVAILABLE, publish(BERTH_REGISTRY_UPDATE, BERTH_REGISTRY_PROPOSE, "didDocument", DOC, &lost, 1));
	assert_int_equal(BERTH_REGISTRY_UNAVAILABLE, publish(BERTH_REGISTRY_UPDATE, BERTH_REGISTRY_SUBMIT, "transaction", SIGNED, &down, 1));
	test_registry_stop(&r);
}

static void configurations_that_are_refused(void **state)
{
	static const char *const bad[] = {
		"{}", "{\"methods\":\"ion\"}", "{\"resolvers\":\"\"}", "{\"resolvers\":\"ftp://a.example\"}", "{\"resolvers\":\"one.example\"}",
		"{\"resolvers\":\"https://a.example/?x=1\"}", "{\"resolvers\":\"https://a.example/#x\"}", "{\"endpoint\":\"https://a.example\"}",
		"{\"resolvers\":\"https://a https://b https://c https://d https://e https://f https://g https://h https://i\"}",
		"{\"resolvers\":\"https://a.example\",\"authorization-file\":\"x\"}", "{\"resolvers\":1}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CHECK(start(bad[i]) != 0);
		CHECK(strncmp(r.logged, "universal: ", 11) == 0);
	}
	assert_int_equal(0, start("{\"resolvers\":\"http://resolver.test:8080/1.0/identifiers\"}"));
	test_registry_stop(&r);
}

static int tear_down(void **state)
{
	(void)state;
	test_registry_answer_free(&a);
	return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_result_is_handed_on_as_it_came),
		TEST(a_bare_document_becomes_a_result),
		TEST(what_does_not_fit_is_too_big),
		TEST(what_was_deactivated_may_have_no_document),
		TEST(the_next_endpoint_is_asked),
		TEST(that_there_is_none_says_more_than_silence),
		TEST(c100_an_answer_about_another_did_is_none),
		TEST(what_is_asked_is_one_segment),
		TEST(too_long_a_did_is_not_asked_for),
		TEST(resources_are_fetched),
		TEST(secrets_are_configured),
		TEST(cancelled_it_answers),
		TEST(a_job_from_proposal_to_receipt),
		TEST(updates_and_deactivations),
		TEST(what_registrars_say),
		TEST(keys_neither_come_nor_go),
		TEST(only_what_makes_sense_is_sent),
		TEST(a_job_stays_where_it_is),
		TEST(configurations_that_are_refused),
	};

	return cmocka_run_group_tests_name("universal", tests, NULL, NULL);
}
