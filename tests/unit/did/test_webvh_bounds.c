/* SPDX-License-Identifier: Apache-2.0 */
/* Logs that are too long, cut off or none, and no memory. */
#include "tests/unit/did/webvh_log.h"
#include "tests/fakes/alloc.h"

static void c110_caps(void **state)
{
	static const char entry[] = "{\"n\":1}\n";
	struct test_webvh w;
	struct berth_buf big = BERTH_BUF_INIT;
	size_t whole;

	(void)state;
	begin(&w, "");
	whole = w.log.len;
	/* blanks at the end of a line are JSON's own */
	while (w.log.len < BERTH_WEBVH_LOG_MAX)
		berth_buf_put(&w.log, entry, sizeof(entry) - 1);
	CHECK_RC(w.log.len > BERTH_WEBVH_LOG_MAX ? BERTH_E_SIZE : BERTH_E_RESOLVE, judge(&w));
	w.log.len = BERTH_WEBVH_LOG_MAX;
	CHECK_RC(BERTH_E_RESOLVE, judge(&w));
	w.log.len = BERTH_WEBVH_LOG_MAX + 1;
	berth_buf_put(&big, w.log.p, BERTH_WEBVH_LOG_MAX);
	berth_buf_u8(&big, '\n');
	w.log.len = whole;
	berth_buf_free(&w.log);
	w.log = big;
	CHECK_RC(BERTH_E_SIZE, judge(&w));
	w.log.len = whole;
	CHECK_OK(judge(&w));
	berth_buf_free(&pin);
	/* a line that never ends */
	while (w.log.len < whole + BERTH_WEBVH_LINE_MAX + 1)
		berth_buf_put(&w.log, "        ", 8);
	CHECK_RC(BERTH_E_SIZE, judge(&w));
	w.log.len = whole + BERTH_WEBVH_LINE_MAX;
	CHECK_RC(BERTH_E_RESOLVE, judge(&w));
	test_webvh_free(&w);
}

static void c110_too_many_entries(void **state)
{
	struct test_webvh w;

	(void)state;
	now = INT64_C(4102444800);
	begin(&w, "");
	while (w.n < BERTH_WEBVH_ENTRIES_MAX)
		add(&w, "{}", STATE);
	CHECK_OK(judge(&w));
	berth_buf_free(&pin);
	add(&w, "{}", STATE);
	CHECK_RC(BERTH_E_SIZE, judge(&w));
	test_webvh_free(&w);
}

/* Of a log that is cut off, only whole lines are one; and those are behind the pin. */
static void every_truncation(void **state)
{
	struct test_webvh w, cut;

	(void)state;
	make_three(&w);
	cut = w;
	for (size_t n = 0; n < w.log.len; n++) {
		uint8_t *exact = malloc(n ? n : 1);
		bool line = n > 0 && (w.log.p[n - 1] == '\n' || w.log.p[n] == '\n');

		assert_non_null(exact);
		memcpy(exact, w.log.p, n);
		cut.log = (struct berth_buf){ .p = exact, .len = n };
		CHECK_RC(line ? BERTH_OK : BERTH_E_RESOLVE, judge(&cut));
		berth_buf_free(&pin);
		free(exact);
	}
	CHECK_OK(judge(&w));
	cut.log = (struct berth_buf){ .p = w.log.p, .len = (size_t)((uint8_t *)strchr((char *)w.log.p, '\n') - w.log.p) + 1 };
	CHECK_RC(BERTH_E_RESOLVE, judge(&cut));
	test_webvh_free(&w);
}

static void what_is_no_log(void **state)
{
	static const char *const texts[] = { "", "\n", "{}\n", "[]\n", "null\n", "x", "{\"versionId\":\"1-x\"}\n" };
	struct test_webvh w, good;

	(void)state;
	make_three(&good);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		memset(&w, 0, sizeof(w));
		berth_buf_str(&w.log, texts[i]);
		snprintf(w.scid, sizeof(w.scid), "%s", good.scid);
		CHECK_RC(BERTH_E_RESOLVE, judge(&w));
		test_webvh_free(&w);
	}
	/* a blank line within, a sixth member, a proof that is no list or an empty one */
	berth_buf_str(&w.log, berth_buf_cstr(&good.log));
	berth_buf_str(&w.log, "\n");
	snprintf(w.scid, sizeof(w.scid), "%s", good.scid);
	CHECK_RC(BERTH_E_RESOLVE, judge(&w));
	test_webvh_free(&w);
	test_webvh_free(&good);
}

static enum berth_err judge_scarce(void *arg)
{
	const struct test_webvh *w = arg;
	struct berth_registry_piece pieces[2] = { { "did.jsonl", w->log.p, w->log.len }, { NULL, NULL, 0 } };
	struct berth_registry_evidence e = { .pieces = pieces, .n = 1 };
	struct berth_buf new_pin = BERTH_BUF_INIT, did = BERTH_BUF_INIT;
	struct berth_registry_judge j = { .now_s = NOW, .clock_trusted = true, .pin = "", .new_pin = &new_pin };
	struct berth_registry_result r;
	enum berth_err rc;

	berth_buf_printf(&did, "did:webvh:%s:example.com", w->scid);
	if ((rc = berth_buf_status(&did)) == BERTH_OK)
		rc = berth_webvh_judge(&r, &e, berth_buf_cstr(&did), NULL, &j);
	if (!rc)
		berth_registry_result_free(&r);
	berth_buf_free(&new_pin);
	berth_buf_free(&did);
	return rc;
}

static void c015_every_allocation_may_fail(void **state)
{
	struct test_webvh w;

	(void)state;
	begin(&w, ",\"watchers\":[\"https://w.example\"]");
	add(&w, "{}", STATE_N(2));
	CHECK(test_every_allocation_fails(judge_scarce, &w) > 100);
	test_webvh_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(c110_caps, fresh),
		cmocka_unit_test_setup(c110_too_many_entries, fresh),
		cmocka_unit_test_setup(every_truncation, fresh),
		cmocka_unit_test_setup(what_is_no_log, fresh),
		cmocka_unit_test_setup(c015_every_allocation_may_fail, fresh),
	};

	return cmocka_run_group_tests(tests, setup, gone);
}
