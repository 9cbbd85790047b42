/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/json.h"
#include "tests/fakes/nquads.h"

#include "did/base/secret.h"
#include "vc/jsonld/jsonld.h"
#include "vc/rdf/rdfc.h"

/* ---- what other implementations make of it ---- */

static enum berth_err canonical(struct berth_buf *out, const struct berth_json *document)
{
	const struct berth_jsonld_input in = { .object = document };
	struct berth_rdf d;
	enum berth_err rc;

	berth_rdf_init(&d);
	if (!(rc = berth_jsonld_to_rdf(&d, &in)))
		rc = berth_rdfc(out, NULL, &d, BERTH_RDFC_SHA256);
	berth_rdf_free(&d);
	return rc;
}

static bool passes(const struct berth_json *entry)
{
	const char *want = berth_json_str(berth_json_get(entry, "nquads"));
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc = canonical(&b, berth_json_get(entry, "document"));
	bool ok = want ? rc == BERTH_OK && !strcmp(want, berth_buf_cstr(&b)) : rc == BERTH_E_VC;

	if (!ok)
		printf("not passed: %s: %s %s\n%s---\n%s", berth_json_str(berth_json_get(entry, "name")), berth_err_name(rc),
		       rc ? berth_err_detail() : "", berth_buf_cstr(&b), want ? want : "refused");
	berth_buf_free(&b);
	return ok;
}

static void as_jsonld_js(void **state)
{
	size_t passed = 0, total = 0;
	struct berth_json *list = test_json_file("tests/vectors/jsonld/jsonld-js.json");

	(void)state;
	berth_json_each(entry, list) {
		total++;
		passed += passes(entry);
	}
	berth_json_free(list);
	VECTORS("jsonld (jsonld.js)", passed, total);
	CHECK(passed == total && total == 137);
}

/* The W3C's own: statements that differ in their blank nodes' names are the same. */
static bool same_statements(const char *name)
{
	struct berth_buf got = BERTH_BUF_INIT, want = BERTH_BUF_INIT;
	char path[256], *in, *out;
	struct berth_json *document;
	struct berth_rdf d;
	size_t n;
	bool same;

	snprintf(path, sizeof(path), "tests/vectors/json-ld-api/%s-in.jsonld", name);
	in = test_read_file(path, &n);
	CHECK_OK(berth_json_parse_exact(&document, in, n, BERTH_JSON_MAX));
	snprintf(path, sizeof(path), "tests/vectors/json-ld-api/%s-out.nq", name);
	out = test_read_file(path, &n);
	berth_rdf_init(&d);
	CHECK_OK(test_nquads_parse(&d, out, n));
	CHECK_OK(berth_rdfc(&want, NULL, &d, BERTH_RDFC_SHA256));
	CHECK_OK(canonical(&got, document));
	same = !strcmp(berth_buf_cstr(&got), berth_buf_cstr(&want));
	berth_rdf_free(&d);
	berth_json_free(document);
	berth_buf_free(&got);
	berth_buf_free(&want);
	free(in);
	free(out);
	return same;
}

static void as_the_w3c_has_it(void **state)
{
	static const char *const names[] = { "c039", "c040", "di13", "js27" };
	size_t passed = 0;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		passed += same_statements(names[i]);
	VECTORS("json-ld-api", passed, 4);
	assert_int_equal(passed, 4);
}

/* ---- what signing asks for beyond JSON-LD ---- */

#define V "\"@vocab\":\"https://ex.example/#\""

static enum berth_err expand(const char *text)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *document;
	enum berth_err rc;

	CHECK_OK(berth_json_parse_exact(&document, text, strlen(text), BERTH_JSON_MAX));
	rc = canonical(&b, document);
	berth_json_free(document);
	berth_buf_free(&b);
	return rc;
}

struct pair {
	const char *bad, *good;
};

static void each_pair(const struct pair *pairs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CHECK_RC(BERTH_E_VC, expand(pairs[i].bad));
		CHECK_OK(expand(pairs[i].good));
	}
}

static void nothing_is_dropped(void **state)
{
	static const struct pair pairs[] = {
		{ "{\"@context\":{" V "},\"@id\":\"urn:s\",\"a\":null}", "{\"@context\":{" V "},\"@id\":\"urn:s\",\"a\":[]}" },
		{ "{\"@context\":{" V "},\"@id\":\"urn:s\",\"a\":[1,null]}", "{\"@context\":{" V "},\"@id\":\"urn:s\",\"a\":[1]}" },
		{ "{\"@context\":{" V "},\"@id\":\"urn:s\"}", "{\"@context\":{" V "},\"@id\":\"urn:s\",\"@type\":\"T\"}" },
		{ "{\"@context\":{" V ",\"g\":{\"@container\":\"@graph\"}},\"@id\":\"urn:s\",\"g\":{\"@id\":\"urn:t\"}}",
		  "{\"@context\":{" V ",\"g\":{\"@container\":\"@graph\"}},\"@id\":\"urn:s\",\"g\":{\"@id\":\"urn:t\",\"a\":1}}" },
		{ "{\"@context\":{" V ",\"g\":{\"@container\":\"@graph\"}},\"@id\":\"urn:s\",\"g\":\"text\"}",
		  "{\"@context\":{" V ",\"g\":{\"@container\":\"@set\"}},\"@id\":\"urn:s\",\"g\":\"text\"}" },
		{ "{\"@context\":{\"a\":\"_:a\"},\"@id\":\"urn:s\",\"a\":1}", "{\"@context\":{\"a\":\"urn:a\"},\"@id\":\"urn:s\",\"a\":1}" },
		{ "{\"@context\":{" V "},\"@id\":\"urn:s\",\"a\":{\"@id\":\"urn:a b\"}}",
		  "{\"@context\":{" V "},\"@id\":\"urn:s\",\"a\":{\"@id\":\"urn:a%20b\"}}" },
		{ "{\"@context\":{" V "},\"@id\":\"urn:s\",\"a\":{\"@value\":\"x\",\"@language\":\"e n\"}}",
		  "{\"@context\":{" V "},\"@id\":\"urn:s\",\"a\":{\"@value\":\"x\",\"@language\":\"en\"}}" },
	};

	(void)state;
	each_pair(pairs, sizeof(pairs) / sizeof(pairs[0]));
}

static void what_is_not_supported_is_e_vc(void **state)
{
	static const char *const bad[] = {
		"{\"@context\":{\"@import\":\"https://www.w3.org/ns/credentials/v2\"},\"@id\":\"urn:s\",\"urn:a\":1}",
		"{\"@context\":{\"@base\":\"https://ex.example/\"},\"@id\":\"s\",\"urn:a\":1}",
		"{\"@context\":{\"a\":{\"@reverse\":\"urn:a\"}},\"@id\":\"urn:s\",\"a\":{\"@id\":\"urn:t\"}}",
		"{\"@context\":{\"a\":{\"@id\":\"urn:a\",\"@nest\":\"n\"}},\"@id\":\"urn:s\",\"a\":1}",
		"{\"@context\":{\"a\":{\"@id\":\"urn:a\",\"@container\":\"@index\",\"@index\":\"urn:i\"}},\"@id\":\"urn:s\",\"a\":{\"x\":1}}",
		"{\"@context\":{\"a\":{\"@id\":\"urn:a\",\"@container\":\"@id\"}},\"@id\":\"urn:s\",\"a\":{\"urn:x\":{}}}",
		"{\"@context\":{\"a\":{\"@id\":\"urn:a\",\"@container\":\"@type\"}},\"@id\":\"urn:s\",\"a\":{\"urn:x\":{}}}",
		"{\"@context\":{\"a\":{\"@id\":\"urn:a\",\"@type\":\"@json\",\"@container\":\"@list\"}},\"@id\":\"urn:s\",\"a\":[1]}",
		/* where implementations differ */
		"{\"@id\":\"urn:s\",\"urn:a\":{\"@list\":[[\"x\"]]}}", "{\"@id\":\"urn:s\",\"urn:a\":{\"@list\":[{\"@set\":[\"x\"]}]}}",
		"{\"@context\":{\"a\":{\"@id\":\"urn:a\",\"@container\":\"@graph\"}},\"@id\":\"urn:s\",\"a\":{\"@set\":[]}}",
		"{\"@context\":{\"a\":{\"@id\":\"urn:a\",\"@context\":{\"a\":\"@id\"}}},\"@id\":\"urn:s\",\"a\":\"x\"}",
		"{\"@context\":{\"p\":\"_:p\",\"@vocab\":\"urn:v#\"},\"@id\":\"urn:s\",\"p:a\":\"x\"}",
		"{\"@id\":\"urn:s\",\"@reverse\":{\"urn:a\":{\"@id\":\"urn:t\"}}}",
		"{\"@id\":\"urn:s\",\"@nest\":{\"urn:a\":1}}", "{\"@id\":\"urn:s\",\"@included\":{\"@id\":\"urn:t\",\"urn:a\":1}}",
		"[{\"@id\":\"urn:s\",\"urn:a\":1}]", "\"text\"",
		/* what jsonld.js lets pass, and the specification does not */
		"{\"@context\":{\"@protected\":\"yes\"},\"@id\":\"urn:s\",\"urn:a\":1}",
		"{\"@context\":{\"a\":{\"@id\":\"urn:a\",\"@protected\":1}},\"@id\":\"urn:s\",\"a\":1}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_VC, expand(bad[i]));
	CHECK_OK(expand("{\"@context\":{\"@base\":null},\"@id\":\"urn:s\",\"urn:a\":1}"));
}

/* ---- limits ---- */

/* before, n times each with its number for %zu, after */
static enum berth_err repeated(const char *before, size_t n, const char *first, const char *each, const char *after)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_str(&b, before);
	for (size_t i = 0; i < n; i++) {
		const char *at = strchr(i ? each : first, '#');

		berth_buf_put(&b, i ? each : first, (size_t)(at - (i ? each : first)));
		berth_buf_printf(&b, "%zu", i);
		berth_buf_str(&b, at + 1);
	}
	berth_buf_str(&b, after);
	rc = expand(berth_buf_cstr(&b));
	berth_buf_free(&b);
	return rc;
}

static void iris_have_an_end(void **state)
{
	char prefix[BERTH_JSONLD_IRI_MAX + 1], *text;

	(void)state;
	memset(prefix, 'x', sizeof(prefix) - 1);
	memcpy(prefix, "urn:", 4);
	for (int over = 0; over < 2; over++) {
		prefix[BERTH_JSONLD_IRI_MAX - 1] = ':';
		prefix[BERTH_JSONLD_IRI_MAX] = 0;
		CHECK(asprintf(&text, "{\"@context\":{\"p\":\"%s\"},\"@id\":\"urn:s\",\"p:%s\":1}", prefix + 0, over ? "y" : "") > 0);
		CHECK_RC(over ? BERTH_E_SIZE : BERTH_OK, expand(text));
		free(text);
	}
}

/* A short name for a long IRI, many times. */
static void text_has_an_end(void **state)
{
	size_t n = BERTH_JSONLD_TEXT_MAX / 1000;
	char *before, *prefix = malloc(991);

	(void)state;
	memset(prefix, 'x', 990);
	memcpy(prefix, "urn:", 4);
	prefix[989] = ':';
	prefix[990] = 0;
	CHECK(asprintf(&before, "{\"@context\":{\"p\":\"%s\"},\"@id\":\"urn:s\",\"urn:a\":[", prefix) > 0);
	CHECK_OK(repeated(before, n / 2, "{\"@id\":\"p:#\"}", ",{\"@id\":\"p:#\"}", "]}"));
	CHECK_RC(BERTH_E_SIZE, repeated(before, n * 11 / 10, "{\"@id\":\"p:#\"}", ",{\"@id\":\"p:#\"}", "]}"));
	free(before);
	free(prefix);
}

static void contexts_and_definitions_have_an_end(void **state)
{
	size_t max = BERTH_JSONLD_CONTEXTS_MAX;

	(void)state;
	CHECK_OK(repeated("{\"@context\":[", max, "{\"a\":\"urn:#\"}", ",{\"a\":\"urn:#\"}", "],\"@id\":\"urn:s\",\"a\":1}"));
	CHECK_RC(BERTH_E_SIZE, repeated("{\"@context\":[", max + 1, "{\"a\":\"urn:#\"}", ",{\"a\":\"urn:#\"}",
					"],\"@id\":\"urn:s\",\"a\":1}"));
	/* each by means of the one behind it */
	CHECK_OK(expand("{\"@context\":{\"a\":\"b:x\",\"b\":\"c:y/\",\"c\":\"urn:z:\"},\"@id\":\"urn:s\",\"a\":1}"));
}

/* a0 is a1:x, a1 is a2:x and so on */
static enum berth_err chain_of(size_t n)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_str(&b, "{\"@context\":{");
	for (size_t i = 0; i < n - 1; i++)
		berth_buf_printf(&b, "\"a%zu\":\"a%zu:x/\",", i, i + 1);
	berth_buf_printf(&b, "\"a%zu\":\"urn:x:\"},\"@id\":\"urn:s\",\"a0\":1}", n - 1);
	rc = expand(berth_buf_cstr(&b));
	berth_buf_free(&b);
	return rc;
}

static void chains_of_definitions_have_an_end(void **state)
{
	(void)state;
	CHECK_OK(chain_of(BERTH_JSONLD_CHAIN_MAX));
	CHECK_RC(BERTH_E_SIZE, chain_of(BERTH_JSONLD_CHAIN_MAX + 1));
}

/* A scoped context is met again and again, and read once: many nodes of one type are
 * within the limit on terms. */
static void a_few_types_many_nodes(void **state)
{
	static const char before[] = "{\"@context\":{" V ",\"T\":{\"@context\":{\"b\":\"urn:b\",\"c\":\"urn:c\",\"d\":\"urn:d\"}},"
				     "\"U\":{\"@context\":{\"e\":\"urn:e\",\"f\":\"urn:f\"}}},\"@id\":\"urn:s\",\"a\":[";
	static const char node[] = "{\"@type\":[\"T\",\"U\"],\"b\":#}", next[] = ",{\"@type\":[\"T\",\"U\"],\"b\":#}";

	(void)state;
	CHECK_OK(repeated(before, BERTH_JSONLD_TERMS_MAX / 2, node, next, "]}"));
}

static void terms_have_an_end(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	size_t layers = BERTH_JSONLD_TERMS_MAX / 1000;

	(void)state;
	for (size_t more = 0; more < 2; more++) {
		berth_buf_reset(&b);
		berth_buf_str(&b, "{\"@context\":[");
		for (size_t i = 0; i < layers + more; i++) {
			berth_buf_str(&b, i ? ",{" : "{");
			for (size_t j = 0; j < 1000; j++)
				berth_buf_printf(&b, "%s\"t%zu\":\"urn:%zu\"", j ? "," : "", j, j);
			berth_buf_str(&b, "}");
		}
		berth_buf_str(&b, "],\"@id\":\"urn:s\",\"t1\":1}");
		CHECK_RC(more ? BERTH_E_SIZE : BERTH_OK, expand(berth_buf_cstr(&b)));
	}
	berth_buf_free(&b);
}

/* ---- C015 ---- */

static enum berth_err canonical_of(void *arg)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc = canonical(&b, arg);

	berth_buf_free(&b);
	return rc;
}

static void c015_no_memory(void **state)
{
	static const char text[] = "{\"@context\":[\"https://www.w3.org/ns/credentials/v2\",{" V ",\"l\":{\"@container\":\"@list\"},"
		"\"j\":{\"@type\":\"@json\"},\"T\":{\"@context\":{\"x\":\"urn:x\"}}}],\"id\":\"_:a\",\"type\":[\"VerifiableCredential\",\"T\"],"
		"\"issuer\":\"urn:i\",\"x\":[1.5,{\"@value\":\"v\",\"@language\":\"EN\",\"@direction\":\"rtl\"}],\"l\":[[1],[1],{}],"
		"\"j\":{\"b\":[1]},\"@graph\":[{\"a\":{\"id\":\"_:b\"}},{\"a\":{}}]}";
	struct berth_json *document;

	(void)state;
	CHECK_OK(berth_json_parse_exact(&document, text, strlen(text), BERTH_JSON_MAX));
	CHECK(test_every_allocation_fails(canonical_of, document) > 20);
	berth_json_free(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c015_no_memory),	/* the first, while no context has been read */
		cmocka_unit_test(as_jsonld_js),
		cmocka_unit_test(as_the_w3c_has_it),
		cmocka_unit_test(nothing_is_dropped),
		cmocka_unit_test(what_is_not_supported_is_e_vc),
		cmocka_unit_test(iris_have_an_end),
		cmocka_unit_test(text_has_an_end),
		cmocka_unit_test(contexts_and_definitions_have_an_end),
		cmocka_unit_test(chains_of_definitions_have_an_end),
		cmocka_unit_test(a_few_types_many_nodes),
		cmocka_unit_test(terms_have_an_end),
	};

	berth_crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
