/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/alloc.h"

#include "did/base/json.h"
#include "did/base/secret.h"
#include "vc/rdf/nquads.h"
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
	CHECK_OK(berth_nquads_parse(d, text, n));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suite),
	};

	berth_crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
