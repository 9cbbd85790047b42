/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/nquads.h"

#include "did/base/json.h"
#include "did/base/secret.h"
#include "vc/rdf/rdfc.h"

#define FOLDER "tests/vectors/rdf-canon/"

/* ---- the W3C's suite ---- */

struct outcome {
	size_t passed, total;
};

static void load(struct berth_rdf *d, const char *file)
{
	char path[256], *text;
	size_t n;

	snprintf(path, sizeof(path), FOLDER "%s", file);
	text = test_read_file(path, &n);
	berth_rdf_init(d);
	CHECK_OK(test_nquads_parse(d, text, n));
	free(text);
}

static bool text_is(const char *file, const struct berth_buf *b)
{
	char path[256], *want;
	size_t n;
	bool same;

	snprintf(path, sizeof(path), FOLDER "%s", file);
	want = test_read_file(path, &n);
	same = n == b->len && !memcmp(want, berth_buf_cstr(b), n);
	free(want);
	return same;
}

/* {"input label":"canonical label"} of all blank nodes */
static bool map_is(const char *file, const struct berth_rdf *d, const uint32_t *ids)
{
	char path[256], want[32], *text;
	const char *got;
	struct berth_json *map;
	size_t n, found = 0;

	snprintf(path, sizeof(path), FOLDER "%s", file);
	text = test_read_file(path, &n);
	CHECK_OK(berth_json_parse_object(&map, text, n, BERTH_JSON_MAX));
	for (size_t i = 0; i < d->label_cap; i++) {
		if (!d->labels[i].text)
			continue;
		snprintf(want, sizeof(want), "c14n%u", ids[d->labels[i].blank]);
		got = berth_json_str(berth_json_get(map, d->labels[i].text));
		found += got && !strcmp(got, want);
	}
	found = found == berth_json_len(map) && found == d->n_label;
	berth_json_free(map);
	free(text);
	return found;
}

static bool is_there(const char *file)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), FOLDER "%s", file);
	if ((f = fopen(path, "r")))
		fclose(f);
	return f != NULL;
}

static bool passes(const struct berth_json *entry, const char *in, const char *result)
{
	const char *hash = berth_json_str(berth_json_get(entry, "hashAlgorithm"));
	const char *type = berth_json_str(berth_json_get(entry, "type"));
	struct berth_buf out = BERTH_BUF_INIT;
	struct berth_rdf d;
	enum berth_err rc;
	uint32_t *ids;
	bool ok;

	load(&d, in);
	ids = calloc(d.n_blank + 1, sizeof(*ids));
	rc = berth_rdfc(&out, ids, &d, hash && !strcmp(hash, "SHA384") ? BERTH_RDFC_SHA384 : BERTH_RDFC_SHA256);
	if (!result)
		ok = rc == BERTH_E_SIZE;
	else if (!strcmp(type, "rdfc:RDFC10MapTest"))
		ok = rc == BERTH_OK && map_is(result, &d, ids);
	else
		ok = rc == BERTH_OK && text_is(result, &out);
	free(ids);
	berth_rdf_free(&d);
	berth_buf_free(&out);
	return ok;
}

static void run_entry(const struct berth_json *entry, struct outcome *o)
{
	const char *in = berth_json_str(berth_json_get(entry, "action"));
	const char *result = berth_json_str(berth_json_get(entry, "result"));

	if (!is_there(in) || (result && !is_there(result)))
		return;
	o->total++;
	if (passes(entry, in, result))
		o->passed++;
	else
		printf("not passed: %s\n", berth_json_str(berth_json_get(entry, "id")));
}

static void suite(void **state)
{
	struct outcome o = { 0, 0 };
	struct berth_json *manifest;
	size_t n;
	char *text = test_read_file(FOLDER "manifest.jsonld", &n);

	(void)state;
	CHECK_OK(berth_json_parse_object(&manifest, text, n, BERTH_JSON_MAX));
	berth_json_each(entry, berth_json_get(manifest, "entries"))
		run_entry(entry, &o);
	berth_json_free(manifest);
	free(text);
	VECTORS("rdf-canon", o.passed, o.total);
	CHECK(o.passed == o.total && o.total == 61);
}

/* ---- N-Quads ---- */

static enum berth_err parse(const char *text, size_t n)
{
	char *exact = malloc(n ? n : 1);	/* the sanitizer sees a byte read too much */
	struct berth_rdf d;
	enum berth_err rc;

	memcpy(exact, text, n);
	berth_rdf_init(&d);
	rc = test_nquads_parse(&d, exact, n);
	berth_rdf_free(&d);
	free(exact);
	return rc;
}

static void strict_n_quads(void **state)
{
	static const char *const good[] = {
		"", "\n\r\n", "# comment", "<a:b> <a:b> <a:b> .", "\t<a:b><a:b><a:b>.#x\n", "_:a <a:b> _:b.c _:g .",
		"<a:b> <a:b> \"\\u00e9\\U0001F600\\\"\"@en-GB <a:g> .", "<a:b> <a:b> \"1\"^^<a:t> .", "_:1 <a:b> \"\" .\n_:1 <a:b> \"\" .",
	};
	static const char *const bad[] = {
		"<a:b>", "<a:b> <a:b> <a:b>", "<a:b> <a:b> <a:b> . x", "<a:b> _:p <a:b> .", "\"s\" <a:b> <a:b> .",
		"<a:b> <a:b> <a:b> \"g\" .", "<rel> <a:b> <a:b> .", "<a:b c> <a:b> <a:b> .", "<a:\\u0020> <a:b> <a:b> .",
		"<a:b> <a:b> \"\\ud800\" .", "<a:b> <a:b> \"\\x\" .", "<a:b> <a:b> \"\\U00110000\" .", "<a:b> <a:b> \"a\nb\" .",
		"<a:b> <a:b> \"x\"@ .", "<a:b> <a:b> \"x\"@1 .", "<a:b> <a:b> \"x\"^^_:t .", "<a:b> <a:b> \"\xff\" .", "_: <a:b> <a:b> .",
		"_:-a <a:b> <a:b> .", "<a:b> <a:b> <a:b> <a:b> <a:b> .", "<a:b> <a:b> <a\\t:b> .", "<a:b> <a:b> \"x .",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK_OK(parse(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_VC, parse(bad[i], strlen(bad[i])));
}

static void every_truncation_is_e_vc(void **state)
{
	static const char one[] = "_:a <urn:p> \"a\\u00e9\\U0001F600\xc3\xa9\\n\"^^<urn:t> <urn:g> .";

	(void)state;
	CHECK_OK(parse(one, strlen(one)));
	CHECK_OK(parse(one, 0));
	for (size_t n = 1; n < strlen(one); n++)
		CHECK_RC(BERTH_E_VC, parse(one, n));
}

/* ---- limits ---- */

/* Every one of n blank nodes knows every other: nothing tells them apart. */
static enum berth_err clique(size_t n)
{
	struct berth_buf text = BERTH_BUF_INIT, out = BERTH_BUF_INIT;
	struct berth_rdf d;
	enum berth_err rc;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			if (i != j)
				berth_buf_printf(&text, "_:n%zu <urn:p> _:n%zu .\n", i, j);
	berth_rdf_init(&d);
	CHECK_OK(test_nquads_parse(&d, berth_buf_cstr(&text), text.len));
	rc = berth_rdfc(&out, NULL, &d, BERTH_RDFC_SHA256);
	berth_rdf_free(&d);
	berth_buf_free(&text);
	berth_buf_free(&out);
	return rc;
}

static void poison_has_an_end(void **state)
{
	(void)state;
	CHECK_OK(clique(4));
	CHECK_RC(BERTH_E_SIZE, clique(10));
}

/* A circle of n like blank nodes. */
static enum berth_err circle(uint32_t n)
{
	struct berth_buf out = BERTH_BUF_INIT;
	struct berth_rdf d;
	enum berth_err rc = BERTH_OK;

	berth_rdf_init(&d);
	d.n_blank = n;
	for (uint32_t i = 0; i < n && !rc; i++) {
		const struct berth_rdf_quad q = {
			.s = { .kind = BERTH_RDF_BLANK, .blank = i }, .p = berth_rdf_iri("urn:p"),
			.o = { .kind = BERTH_RDF_BLANK, .blank = (i + 1) % n }
		};

		rc = berth_rdf_add(&d, &q);
	}
	if (!rc)
		rc = berth_rdfc(&out, NULL, &d, BERTH_RDFC_SHA256);
	berth_rdf_free(&d);
	berth_buf_free(&out);
	return rc;
}

static void depth_has_an_end(void **state)
{
	(void)state;
	CHECK_OK(circle(64));
	CHECK_RC(BERTH_E_SIZE, circle(BERTH_RDFC_ISSUED_MAX + 1));
}

static void statements_and_blank_nodes_have_an_end(void **state)
{
	const struct berth_rdf_quad q = { .s = berth_rdf_iri("urn:s"), .p = berth_rdf_iri("urn:p"), .o = berth_rdf_iri("urn:o") };
	char label[BERTH_RDF_LABEL_MAX + 2];
	struct berth_rdf_term t;
	struct berth_rdf d;

	(void)state;
	berth_rdf_init(&d);
	for (size_t i = 0; i < BERTH_RDF_QUADS_MAX; i++)
		CHECK_OK(berth_rdf_add(&d, &q));
	CHECK_RC(BERTH_E_SIZE, berth_rdf_add(&d, &q));
	for (size_t i = 0; i < BERTH_RDF_BLANKS_MAX; i++)
		CHECK_OK(berth_rdf_blank(&d, &t));
	CHECK_RC(BERTH_E_SIZE, berth_rdf_blank(&d, &t));
	memset(label, 'a', sizeof(label));
	CHECK_RC(BERTH_E_SIZE, berth_rdf_labelled(&d, &t, label, BERTH_RDF_LABEL_MAX + 1));
	berth_rdf_free(&d);
	CHECK_OK(berth_rdf_labelled(&d, &t, label, BERTH_RDF_LABEL_MAX));
	berth_rdf_free(&d);
}

/* Long text many times over: the canonical form of it ends too. */
static void text_has_an_end(void **state)
{
	struct berth_buf out = BERTH_BUF_INIT;
	struct berth_rdf d;
	size_t n = BERTH_RDFC_TEXT_MAX / 1000 + 1;
	char *iri = malloc(1001);

	(void)state;
	memset(iri, 'x', 1000);
	memcpy(iri, "urn:", 4);
	iri[1000] = 0;
	berth_rdf_init(&d);
	for (size_t i = 0; i < n; i++) {
		const struct berth_rdf_quad q = {
			.s = { .kind = BERTH_RDF_BLANK, .blank = 0 }, .p = berth_rdf_iri("urn:p"), .o = berth_rdf_iri(iri)
		};

		CHECK_OK(berth_rdf_add(&d, &q));
	}
	d.n_blank = 1;
	CHECK_RC(BERTH_E_SIZE, berth_rdfc(&out, NULL, &d, BERTH_RDFC_SHA256));
	d.n = n / 2;
	CHECK_OK(berth_rdfc(&out, NULL, &d, BERTH_RDFC_SHA256));
	berth_rdf_free(&d);
	berth_buf_free(&out);
	free(iri);
}

/* ---- sets ---- */

/* What is said twice is said once, also where blank nodes are involved. */
static void repetitions_do_not_count(void **state)
{
	static const char *const texts[] = {
		"_:a <urn:p> _:b .\n_:a <urn:p> _:c .\n_:b <urn:q> \"1\" .\n_:c <urn:q> \"1\" .\n",
		"_:a <urn:p> _:b .\n_:a <urn:p> _:c .\n_:a <urn:p> _:b .\n_:c <urn:q> \"1\" .\n_:b <urn:q> \"1\" .\n"
		"_:b <urn:q> \"1\" .\n_:a <urn:p> _:c .\n",
	};
	struct berth_buf out[2] = { BERTH_BUF_INIT, BERTH_BUF_INIT };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct berth_rdf d;

		berth_rdf_init(&d);
		CHECK_OK(test_nquads_parse(&d, texts[i], strlen(texts[i])));
		CHECK_OK(berth_rdfc(&out[i], NULL, &d, BERTH_RDFC_SHA256));
		berth_rdf_free(&d);
	}
	assert_string_equal(berth_buf_cstr(&out[0]), berth_buf_cstr(&out[1]));
	berth_buf_free(&out[0]);
	berth_buf_free(&out[1]);
}

/* More labels than the first table of them holds, each met twice. */
static void labels_are_found_again(void **state)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_rdf d;

	(void)state;
	for (int i = 0; i < 400; i++)
		berth_buf_printf(&text, "_:l%d <urn:p> _:l%d .\n", i % 200, (i + 1) % 200);
	berth_rdf_init(&d);
	CHECK_OK(test_nquads_parse(&d, berth_buf_cstr(&text), text.len));
	CHECK(d.n_blank == 200 && d.n_label == 200 && d.n == 400);
	berth_rdf_free(&d);
	berth_buf_free(&text);
}

/* ---- C015 ---- */

static enum berth_err read_and_write(void *arg)
{
	struct berth_buf out = BERTH_BUF_INIT;
	struct berth_rdf d;
	enum berth_err rc;

	berth_rdf_init(&d);
	if (!(rc = test_nquads_parse(&d, arg, strlen(arg))))
		rc = berth_rdfc(&out, NULL, &d, BERTH_RDFC_SHA384);
	berth_rdf_free(&d);
	berth_buf_free(&out);
	return rc;
}

static void c015_no_memory(void **state)
{
	char text[] = "_:a <urn:p> _:b <urn:g> .\n_:b <urn:p> _:a <urn:g> .\n_:c <urn:p> \"x\"@en .\n_:c <urn:q> \"y\" _:d .\n";

	(void)state;
	CHECK(test_every_allocation_fails(read_and_write, text) > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suite),
		cmocka_unit_test(strict_n_quads),
		cmocka_unit_test(every_truncation_is_e_vc),
		cmocka_unit_test(poison_has_an_end),
		cmocka_unit_test(depth_has_an_end),
		cmocka_unit_test(statements_and_blank_nodes_have_an_end),
		cmocka_unit_test(text_has_an_end),
		cmocka_unit_test(repetitions_do_not_count),
		cmocka_unit_test(labels_are_found_again),
		cmocka_unit_test(c015_no_memory),
	};

	berth_crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
