/* SPDX-License-Identifier: Apache-2.0 */
/* did:webvh logs that are as they should be, and what breaks their chain. */
#include "tests/unit/did/webvh_log.h"

/* ---- what is good ---- */

static void a_log_gives_the_newest_document(void **state)
{
	struct test_webvh w;

	(void)state;
	make_three(&w);
	CHECK_OK(judge(&w));
	CHECK(n_of_last() == 3 && !last.deactivated && last.ttl_s == 3600);
	assert_string_equal(meta("versionId"), w.previous);
	assert_string_equal(meta("versionTime"), "2025-01-03T00:00:00Z");
	assert_string_equal(meta("created"), "2025-01-01T00:00:00Z");
	assert_string_equal(meta("updated"), "2025-01-03T00:00:00Z");
	assert_string_equal(meta("scid"), w.scid);
	assert_string_equal(meta("ttl"), "3600");
	assert_null(meta("clock"));
	CHECK(last.doc->n_services == 2);
	assert_string_equal(berth_json_str(berth_json_get(last.doc->services[0].json, "serviceEndpoint")), "https://example.com/");
	assert_string_equal(berth_json_str(berth_json_get(last.doc->services[1].json, "serviceEndpoint")), "https://example.com/whois.vp");
	test_webvh_free(&w);
}

static void explicit_services_stay(void **state)
{
	(void)state;
	CHECK_OK(judge_first(params_of(&a, ""), "{\"id\":\"" DID "\",\"service\":[{\"id\":\"#files\",\"type\":\"relativeRef\","
		"\"serviceEndpoint\":\"https://files.example/\"},{\"id\":\"" DID "#whois\",\"type\":\"LinkedVerifiablePresentation\","
		"\"serviceEndpoint\":\"https://files.example/w\"}]}"));
	CHECK(last.doc->n_services == 2);
	assert_string_equal(berth_json_str(berth_json_get(last.doc->services[0].json, "serviceEndpoint")), "https://files.example/");
}

static enum berth_err version(const struct test_webvh *w, const char *id, const char *time, const char *number)
{
	return judge_all(w, DID, NULL, &(struct berth_did_version){ .id = id, .time = time, .number = number });
}

static void versions_are_found(void **state)
{
	struct test_webvh w;
	char second[128];

	(void)state;
	begin(&w, "");
	add(&w, "{}", STATE_N(2));
	snprintf(second, sizeof(second), "%s", w.previous);
	add(&w, "{}", STATE_N(3));
	CHECK_OK(version(&w, second, NULL, NULL));
	CHECK(n_of_last() == 2);
	assert_string_equal(meta("updated"), "2025-01-03T00:00:00Z");
	CHECK_OK(version(&w, NULL, NULL, "2"));
	CHECK(n_of_last() == 2);
	CHECK_OK(version(&w, NULL, "2025-01-02T23:59:59Z", NULL));
	CHECK(n_of_last() == 2);
	CHECK_OK(version(&w, NULL, "2025-01-03T00:00:00Z", NULL));
	CHECK(n_of_last() == 3);
	CHECK_OK(version(&w, second, "2025-01-02T00:00:00Z", "2"));
	CHECK_RC(BERTH_E_RESOLVE, version(&w, second, "2025-01-03T00:00:00Z", NULL));
	CHECK_RC(BERTH_E_RESOLVE, version(&w, NULL, "2024-12-31T23:59:59Z", NULL));
	CHECK_RC(BERTH_E_RESOLVE, version(&w, NULL, NULL, "4"));
	CHECK_RC(BERTH_E_RESOLVE, version(&w, NULL, NULL, "02"));
	CHECK_RC(BERTH_E_RESOLVE, version(&w, "2-QmX", NULL, NULL));
	CHECK_RC(BERTH_E_RESOLVE, version(&w, NULL, "yesterday", NULL));
	test_webvh_free(&w);
}

/* "return the corresponding DIDDoc version even if later entries in the log are invalid" */
static void what_is_before_an_invalid_entry_is_valid(void **state)
{
	struct test_webvh w;

	(void)state;
	make_three(&w);
	test_webvh_add(&w, &(struct test_webvh_entry){ .parameters = "{}", .state = STATE_N(4), .key = &mallory });
	CHECK_RC(BERTH_E_RESOLVE, judge(&w));
	CHECK_OK(version(&w, NULL, NULL, "3"));
	CHECK(n_of_last() == 3);
	CHECK_OK(version(&w, NULL, "2025-01-02T12:00:00Z", NULL));
	/* when the third ends nobody knows */
	CHECK_RC(BERTH_E_RESOLVE, version(&w, NULL, "2025-01-03T12:00:00Z", NULL));
	CHECK_RC(BERTH_E_RESOLVE, version(&w, NULL, NULL, "4"));
	test_webvh_free(&w);
}

/* ---- never back ---- */

static void c105_roll_back_and_fork(void **state)
{
	struct test_webvh three, fork, longer;
	char kept[256];
	size_t whole;

	(void)state;
	make_three(&three);
	CHECK_OK(judge(&three));
	snprintf(kept, sizeof(kept), "webvh1 %s %s", three.scid, three.previous);
	assert_string_equal(berth_buf_cstr(&pin), kept);
	CHECK_OK(judge(&three));	/* the same is fine */

	begin(&fork, "");
	add(&fork, "{}", STATE_N(2));
	whole = fork.log.len;
	CHECK_RC(BERTH_E_RESOLVE, judge(&fork));
	CHECK(strstr(berth_err_detail(), "roll-back"));
	add(&fork, "{}", STATE_N(30));
	CHECK_RC(BERTH_E_RESOLVE, judge(&fork));
	CHECK(strstr(berth_err_detail(), "fork"));
	CHECK_RC(BERTH_E_RESOLVE, version(&fork, NULL, NULL, "1"));
	CHECK(whole < fork.log.len);

	make_three(&longer);
	add(&longer, "{}", STATE_N(4));
	CHECK_OK(judge(&longer));
	snprintf(kept, sizeof(kept), "webvh1 %s %s", longer.scid, longer.previous);
	assert_string_equal(berth_buf_cstr(&pin), kept);
	CHECK_RC(BERTH_E_RESOLVE, judge(&three));
	assert_string_equal(berth_buf_cstr(&pin), kept);
	test_webvh_free(&three);
	test_webvh_free(&fork);
	test_webvh_free(&longer);
}

static void a_pin_that_is_none_is_e_store(void **state)
{
	static const char *const bad[] = { "x", "webvh1 ", "webvh1 Qm 1-Qm", "webvh2 %s %s", "webvh1 %s 2", "webvh1 %s %s ",
					   "webvh1 %s %s active", "webvh1 %s %s deactivated " };
	struct test_webvh w;

	(void)state;
	make_three(&w);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct berth_buf once = BERTH_BUF_INIT;

		berth_webvh_replace(&once, bad[i], " %s %s", " SCID ID");
		berth_buf_free(&pin);
		berth_webvh_replace(&pin, berth_buf_cstr(&once), "ID", w.previous);
		berth_buf_free(&once);
		CHECK_RC(BERTH_E_STORE, judge(&w));
	}
	/* of another SCID: somebody mixed up two DIDs */
	berth_buf_free(&pin);
	berth_buf_printf(&pin, "webvh1 %.45s1 %s", w.scid, w.previous);
	CHECK_RC(BERTH_E_RESOLVE, judge(&w));
	test_webvh_free(&w);
}

/* ---- the chain ---- */

static void c106_scid(void **state)
{
	struct test_webvh w = { .n = 0 };
	struct test_webvh_entry e = { .parameters = params_of(&a, ""), .state = STATE, .key = &a };
	char *first;

	(void)state;
	/* another document than the one the SCID is of */
	test_webvh_add(&w, &e);
	first = strdup(w.scid);
	w.n = 1;
	berth_buf_free(&w.log);
	snprintf(w.previous, sizeof(w.previous), "%s", first);
	e.state = STATE_N(1);
	e.number = "1-";
	test_webvh_add(&w, &e);
	CHECK_RC(BERTH_E_RESOLVE, judge(&w));
	CHECK(strstr(berth_err_detail(), "SCID"));
	free(first);
	test_webvh_free(&w);
	CHECK_OK(judge_first(params_of(&a, ""), STATE));
	/* not of the DID that is asked for, whose SCID is another */
	begin(&w, "");
	CHECK_RC(BERTH_E_RESOLVE, judge_all(&w, "did:webvh:QmWGqHMYsShoNu8Sm1R9tLPGersH8EHwnqMEhJitruJ94M:example.com", NULL, NULL));
	CHECK_RC(BERTH_E_RESOLVE, judge_all(&w, "did:webvh:{SCID}:example.org", NULL, NULL));
	CHECK_OK(judge(&w));
	test_webvh_free(&w);
}

static void c106_the_document_keeps_its_scid(void **state)
{
	static const char other[] = "{\"id\":\"did:webvh:QmWGqHMYsShoNu8Sm1R9tLPGersH8EHwnqMEhJitruJ94M:example.com\","
				    "\"alsoKnownAs\":[\"" DID "\"]}";

	(void)state;
	CHECK_RC(BERTH_E_RESOLVE, judge_with(",\"portable\":true", &(struct test_webvh_entry){
		.parameters = "{}", .state = other, .key = &a }));
	CHECK_RC(BERTH_E_RESOLVE, judge_with(",\"portable\":true", &(struct test_webvh_entry){
		.parameters = "{}", .state = "{\"alsoKnownAs\":[\"" DID "\"]}", .key = &a }));
	CHECK_OK(judge_with(",\"portable\":true", &(struct test_webvh_entry){ .parameters = "{}", .state = STATE, .key = &a }));
}

static void c106_version_ids(void **state)
{
	static const char *const numbers[] = { "3-", "1-", "2--", "-2-", "02-", "2", "+2-", "2-Q", "", "99999999999-" };
	struct test_webvh_entry e = { .parameters = "{}", .state = STATE, .key = &a };

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		e.number = numbers[i];
		CHECK_RC(BERTH_E_RESOLVE, judge_with("", &e));
	}
	e.number = "2-";
	CHECK_OK(judge_with("", &e));
}

static void c106_a_hash_in_the_middle(void **state)
{
	struct test_webvh w;
	struct test_webvh_entry e = { .parameters = "{}", .state = STATE, .key = &a };

	(void)state;
	begin(&w, "");
	e.previous = "1-QmWGqHMYsShoNu8Sm1R9tLPGersH8EHwnqMEhJitruJ94M";
	test_webvh_add(&w, &e);
	e.previous = NULL;
	test_webvh_add(&w, &e);
	CHECK_RC(BERTH_E_RESOLVE, judge(&w));
	CHECK(strstr(berth_err_detail(), "another hash"));
	test_webvh_free(&w);
}

/* ---- times ---- */

static void c107_times(void **state)
{
	static const struct { const char *time; enum berth_err want; } cases[] = {
		{ "2025-01-01T00:00:00Z", BERTH_E_RESOLVE },		/* as the first */
		{ "2024-12-31T23:59:59Z", BERTH_E_RESOLVE },
		{ "2025-01-02T00:00:00", BERTH_E_RESOLVE },
		{ "2025-01-02T00:00:00+06:00", BERTH_E_RESOLVE },
		{ "2025-01-02T00:00:00+00:00", BERTH_E_RESOLVE },
		{ "2025-01-02 00:00:00Z", BERTH_E_RESOLVE },
		{ "2025-01-02T00:00:00z", BERTH_E_RESOLVE },
		{ "2025-02-30T00:00:00Z", BERTH_E_RESOLVE },
		{ "2025-01-02T00:00:00.0000000001Z", BERTH_E_RESOLVE },
		{ "", BERTH_E_RESOLVE },
		{ "2025-01-01T00:00:00.000Z", BERTH_E_RESOLVE },
		{ "2025-01-01T00:00:00.001Z", BERTH_OK },
		{ "2025-01-01T00:00:01Z", BERTH_OK },
		{ "2025-06-15T15:11:40Z", BERTH_OK },		/* 300 s ahead */
		{ "2025-06-15T15:11:41Z", BERTH_E_RESOLVE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_RC(cases[i].want, judge_with("", &(struct test_webvh_entry){
			.parameters = "{}", .state = STATE, .time = cases[i].time, .key = &a }));
}

static void an_untrusted_clock_is_said(void **state)
{
	struct test_webvh w;

	(void)state;
	trusted = false;
	make_three(&w);
	CHECK_OK(judge(&w));
	assert_string_equal(meta("clock"), "untrusted");
	/* the floor is what counts then: it is before the last entry */
	now = INT64_C(1735776000);
	CHECK_RC(BERTH_E_RESOLVE, judge(&w));
	CHECK_OK(version(&w, NULL, NULL, "2") == BERTH_E_RESOLVE ? BERTH_OK : BERTH_E_INTERNAL);	/* the pin is further */
	berth_buf_free(&pin);
	CHECK_OK(version(&w, NULL, NULL, "2"));
	test_webvh_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_log_gives_the_newest_document, fresh),
		cmocka_unit_test_setup(explicit_services_stay, fresh),
		cmocka_unit_test_setup(versions_are_found, fresh),
		cmocka_unit_test_setup(what_is_before_an_invalid_entry_is_valid, fresh),
		cmocka_unit_test_setup(c105_roll_back_and_fork, fresh),
		cmocka_unit_test_setup(a_pin_that_is_none_is_e_store, fresh),
		cmocka_unit_test_setup(c106_scid, fresh),
		cmocka_unit_test_setup(c106_the_document_keeps_its_scid, fresh),
		cmocka_unit_test_setup(c106_version_ids, fresh),
		cmocka_unit_test_setup(c106_a_hash_in_the_middle, fresh),
		cmocka_unit_test_setup(c107_times, fresh),
		cmocka_unit_test_setup(an_untrusted_clock_is_said, fresh),
	};

	return cmocka_run_group_tests(tests, setup, gone);
}
