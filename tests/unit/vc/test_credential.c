/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <dirent.h>

#include "vc/jsonld/jsonld.h"
#include "vc/vc.h"

#define FOLDER "tests/vectors/vc-data-model-2.0"

static struct berth_json *parse(const char *text, size_t n)
{
	struct berth_json *v = NULL;

	CHECK_OK(berth_json_parse_object(&v, text, n, BERTH_VC_MAX));
	return v;
}

/* The suite's files are what an issuer is asked to sign: the issuer fills its own
 * id in, and so does this test. */
static void fill_issuer(struct berth_json *vc)
{
	struct berth_json *issuer = berth_json_get_mut(vc, "issuer");

	if (!issuer)
		CHECK_OK(berth_json_set_str(vc, "issuer", "did:example:issuer"));
	else if (berth_json_is(issuer, BERTH_JSON_OBJECT) && !berth_json_get(issuer, "id"))
		CHECK_OK(berth_json_set_str(issuer, "id", "did:example:issuer"));
}

/* Needs JSON-LD term processing, which jose does not do (C121): a context that
 * redefines a protected term. */
static const char *const not_for_us[] = { "credential-redef-type2-fail.json" };

static bool is_for_us(const char *name)
{
	for (size_t i = 0; i < sizeof(not_for_us) / sizeof(not_for_us[0]); i++)
		if (!strcmp(name, not_for_us[i]))
			return false;
	return true;
}

static enum berth_err run(const char *path, const char *name)
{
	size_t n;
	char *text = test_read_file(path, &n);
	struct berth_json *v = parse(text, n);
	enum berth_err rc;

	if (!strncmp(name, "presentation-", 13)) {
		rc = berth_presentation_check(v);
	} else {
		fill_issuer(v);
		rc = berth_credential_check(v);
	}
	berth_json_free(v);
	free(text);
	return rc;
}

static void run_folder(const char *folder, size_t *passed, size_t *total)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	char path[512];

	CHECK(d != NULL);
	while ((e = readdir(d))) {
		const char *name = e->d_name;
		enum berth_err want;

		if (!strstr(name, ".json"))
			continue;
		/* the -fail-or-inject one has no context: refused; validVc is VC 1.1 */
		want = strstr(name, "-fail") || !strcmp(name, "validVc.json") ? BERTH_E_VC : BERTH_OK;
		snprintf(path, sizeof(path), "%s/%s", folder, name);
		(*total)++;
		if (run(path, name) == want)
			(*passed)++;
		else if (is_for_us(name))
			fail_msg("%s: %s", name, berth_err_detail());
		else
			printf("vectors: %s not passed: %s (JSON-LD term processing)\n", FOLDER, name);
	}
	closedir(d);
}

static void data_model_suite(void **state)
{
	size_t passed = 0, total = 0;

	(void)state;
	run_folder(FOLDER, &passed, &total);
	run_folder(FOLDER "/names-and-descriptions", &passed, &total);
	CHECK(total > 70 && passed == total - 1);
	VECTORS("vc-data-model-2.0", passed, total);
}

/* ---- the same for a proof over RDF, which processes terms ---- */

static enum berth_err run_rdf(const char *path, const char *name)
{
	size_t n;
	char *text = test_read_file(path, &n);
	struct berth_json *v = parse(text, n);
	const struct berth_jsonld_input in = { .object = v, .edited = "proof" };
	struct berth_rdf d;
	enum berth_err rc;

	berth_rdf_init(&d);
	if (strncmp(name, "presentation-", 13))
		fill_issuer(v);
	if (!(rc = strncmp(name, "presentation-", 13) ? berth_credential_check_any(v) : berth_presentation_check(v)))
		rc = berth_jsonld_to_rdf(&d, &in);
	berth_rdf_free(&d);
	berth_json_free(v);
	free(text);
	return rc;
}

static void run_folder_rdf(const char *folder, size_t *passed, size_t *total)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	char path[512];

	CHECK(d != NULL);
	while ((e = readdir(d))) {
		enum berth_err want, rc;

		if (!strstr(e->d_name, ".json"))
			continue;
		/* validVc is VC 1.1, but for its date */
		want = strstr(e->d_name, "-fail") || !strcmp(e->d_name, "validVc.json") ? BERTH_E_VC : BERTH_OK;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		(*total)++;
		rc = run_rdf(path, e->d_name);
		*passed += rc == want;
		if (rc != want)
			printf("vectors: %s not passed with RDF: %s (%s)\n", FOLDER, e->d_name, rc ? berth_err_detail() : "accepted");
	}
	closedir(d);
}

static void data_model_suite_over_rdf(void **state)
{
	size_t passed = 0, total = 0;

	(void)state;
	run_folder_rdf(FOLDER, &passed, &total);
	run_folder_rdf(FOLDER "/names-and-descriptions", &passed, &total);
	VECTORS("vc-data-model-2.0 over RDF", passed, total);
	CHECK(total > 70 && passed == total);
}

#define GOOD "{\"@context\":[\"" BERTH_VC_CONTEXT "\"],\"type\":[\"VerifiableCredential\"]," \
	"\"issuer\":\"did:example:i\",\"credentialSubject\":{\"id\":\"did:example:s\"}%s}"

static enum berth_err check_with(const char *more)
{
	char text[1024];
	struct berth_json *v;
	enum berth_err rc;

	v = parse(text, (size_t)snprintf(text, sizeof(text), GOOD, more));
	rc = berth_credential_check(v);
	berth_json_free(v);
	return rc;
}

static void c117_malformed_dates_are_e_vc(void **state)
{
	static const char *const bad[] = {
		",\"validUntil\":\"2026-11-23T10:00:00\"", ",\"validUntil\":\"2026-11-23\"",
		",\"validFrom\":\"2016-12-31T23:59:60Z\"", ",\"validFrom\":\"2026-02-30T00:00:00Z\"",
		",\"validFrom\":1764000000", ",\"validFrom\":\"\"",
		",\"validFrom\":\"2026-11-23T10:00:00Z\",\"validUntil\":\"2026-11-23T09:00:00Z\"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_VC, check_with(bad[i]));
	CHECK_OK(check_with(",\"validFrom\":\"2026-11-23T10:00:00.5+02:00\",\"validUntil\":\"2026-11-23T09:00:00Z\""));
	CHECK_OK(check_with(""));
}

static void members(void **state)
{
	(void)state;
	CHECK_RC(BERTH_E_VC, check_with(",\"relatedResource\":{\"id\":\"https://a.example/\"}"));
	CHECK_OK(check_with(",\"relatedResource\":{\"id\":\"https://a.example/\",\"digestSRI\":\"sha256-AA\"}"));
	CHECK_RC(BERTH_E_VC, check_with(",\"evidence\":[]"));
	CHECK_RC(BERTH_E_VC, check_with(",\"evidence\":\"text\""));
	CHECK_RC(BERTH_E_VC, check_with(",\"name\":7"));
	CHECK_RC(BERTH_E_VC, check_with(",\"id\":\"not a url\""));
	CHECK_OK(check_with(",\"id\":\"urn:uuid:9c9a36f8-518f-4976-a934-6649502d0008\""));
}

static void c119_the_subject_is_one_with_an_id(void **state)
{
	static const struct { const char *text, *want; } cases[] = {
		{ "{\"credentialSubject\":{\"id\":\"did:example:s\"}}", "did:example:s" },
		{ "{\"credentialSubject\":[{\"id\":\"did:example:s\"}]}", "did:example:s" },
		{ "{\"credentialSubject\":[{\"id\":\"did:example:s\"},{\"id\":\"did:example:t\"}]}", NULL },
		{ "{\"credentialSubject\":{\"name\":\"x\"}}", NULL },
		{ "{}", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct berth_json *v = parse(cases[i].text, strlen(cases[i].text));
		const char *got = berth_credential_subject(v);

		CHECK(cases[i].want ? got && !strcmp(got, cases[i].want) : !got);
		berth_json_free(v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_model_suite),
		cmocka_unit_test(data_model_suite_over_rdf),
		cmocka_unit_test(c117_malformed_dates_are_e_vc),
		cmocka_unit_test(members),
		cmocka_unit_test(c119_the_subject_is_one_with_an_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
