/* SPDX-License-Identifier: Apache-2.0 */
/* Entries that witnesses must have approved. */
#include "tests/unit/did/webvh_log.h"
#include "did/webvh_witness.h"

static const char *witness_of(int threshold, const struct berth_privkey *const *keys, size_t n)
{
	static char text[1024];
	size_t len = (size_t)snprintf(text, sizeof(text), "\"witness\":{\"threshold\":%d,\"witnesses\":[", threshold);

	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s{\"id\":\"did:key:%s\"}", i ? "," : "",
					test_webvh_multikey(keys[i]));
	snprintf(text + len, sizeof(text) - len, "]}");
	return text;
}

static const struct berth_privkey *const trio[] = { &w1, &w2, &w3 };

/* A file of one element, the approvals of the first n of three. */
static char *file_of(const char *version_id, size_t n)
{
	struct berth_buf t = BERTH_BUF_INIT;

	berth_buf_str(&t, "[");
	test_webvh_approve(&t, version_id, trio, n);
	berth_buf_str(&t, "]");
	return berth_buf_take_str(&t);
}

static enum berth_err judge_witnessed(const struct test_webvh *w, char *file)
{
	enum berth_err rc = judge_all(w, DID, file, NULL);

	free(file);
	berth_buf_free(&pin);
	return rc;
}

static void begin_witnessed(struct test_webvh *w, int threshold)
{
	char more[1100];

	snprintf(more, sizeof(more), ",%s", witness_of(threshold, trio, 3));
	begin(w, more);
}

static void a_threshold_of_witnesses(void **state)
{
	struct test_webvh w;
	char first[128], *file;

	(void)state;
	begin_witnessed(&w, 2);
	snprintf(first, sizeof(first), "%s", w.previous);
	CHECK_RC(BERTH_E_RESOLVE, judge(&w));
	CHECK_RC(BERTH_E_RESOLVE, judge_witnessed(&w, strdup("[]")));
	CHECK_RC(BERTH_E_RESOLVE, judge_witnessed(&w, strdup("{}")));
	CHECK_RC(BERTH_E_RESOLVE, judge_witnessed(&w, strdup("[")));
	CHECK_RC(BERTH_E_RESOLVE, judge_witnessed(&w, file_of(first, 1)));
	CHECK_OK(judge_witnessed(&w, file_of(first, 2)));
	assert_string_equal(berth_json_str(berth_json_get(berth_json_get(last.metadata, "witness"), "threshold")), "2");
	/* another's version is none */
	CHECK_RC(BERTH_E_RESOLVE, judge_witnessed(&w, file_of("1-QmWGqHMYsShoNu8Sm1R9tLPGersH8EHwnqMEhJitruJ94M", 3)));
	/* a later proof counts for what is before, one of before not for what is later */
	add(&w, "{}", STATE_N(2));
	CHECK_OK(judge_witnessed(&w, file_of(w.previous, 2)));
	CHECK(n_of_last() == 2);
	CHECK_RC(BERTH_E_RESOLVE, judge_witnessed(&w, file_of(first, 3)));
	file = file_of(first, 3);
	CHECK_OK(judge_all(&w, DID, file, &(struct berth_did_version){ .number = "1" }));
	CHECK_RC(BERTH_E_RESOLVE, judge_all(&w, DID, file, &(struct berth_did_version){ .number = "2" }));
	free(file);
	test_webvh_free(&w);
}

static void proofs_that_do_not_verify_count_for_nothing(void **state)
{
	const struct berth_privkey *const twice[] = { &w1, &w1 }, *const stranger[] = { &w1, &mallory };
	struct berth_buf t = BERTH_BUF_INIT;
	struct test_webvh w;
	char *at;

	(void)state;
	begin_witnessed(&w, 2);
	berth_buf_str(&t, "[");
	test_webvh_approve(&t, w.previous, twice, 2);
	berth_buf_str(&t, "]");
	CHECK_RC(BERTH_E_RESOLVE, judge_witnessed(&w, berth_buf_take_str(&t)));
	berth_buf_str(&t, "[");
	test_webvh_approve(&t, w.previous, stranger, 2);
	berth_buf_str(&t, "]");
	CHECK_RC(BERTH_E_RESOLVE, judge_witnessed(&w, berth_buf_take_str(&t)));
	/* a signature of another's under a witness's name */
	at = file_of(w.previous, 2);
	memcpy(strstr(at, "proofValue\":\"z") + 13, "2222", 4);
	CHECK_RC(BERTH_E_RESOLVE, judge_witnessed(&w, at));
	at = file_of(w.previous, 3);
	memcpy(strstr(at, "proofValue\":\"z") + 13, "2222", 4);
	CHECK_OK(judge_witnessed(&w, at));
	test_webvh_free(&w);
}

/* New witnesses approve of what comes after them; the first ones, of what brings them. */
static void witnesses_are_replaced(void **state)
{
	const struct berth_privkey *const other[] = { &mallory };
	struct berth_buf t = BERTH_BUF_INIT;
	struct test_webvh w;
	char params[1100], second[128];

	(void)state;
	/* from none to one: at once */
	snprintf(params, sizeof(params), "{%s}", witness_of(1, trio, 1));
	begin(&w, "");
	add(&w, params, STATE);
	CHECK_RC(BERTH_E_RESOLVE, judge(&w));
	CHECK_OK(judge_witnessed(&w, file_of(w.previous, 1)));
	/* one for another: the old one approves of the change, and the new one of what follows */
	snprintf(params, sizeof(params), "{%s}", witness_of(1, other, 1));
	add(&w, params, STATE);
	snprintf(second, sizeof(second), "%s", w.previous);
	CHECK_OK(judge_witnessed(&w, file_of(second, 1)));
	add(&w, "{}", STATE_N(4));
	CHECK_RC(BERTH_E_RESOLVE, judge_witnessed(&w, file_of(w.previous, 1)));
	berth_buf_str(&t, "[");
	test_webvh_approve(&t, second, trio, 1);
	berth_buf_str(&t, ",");
	test_webvh_approve(&t, w.previous, other, 1);
	berth_buf_str(&t, "]");
	CHECK_OK(judge_witnessed(&w, berth_buf_take_str(&t)));
	test_webvh_free(&w);
	/* none any more: who was there approves of that */
	begin_witnessed(&w, 1);
	snprintf(second, sizeof(second), "%s", w.previous);
	add(&w, "{\"witness\":{}}", STATE_N(2));
	CHECK_RC(BERTH_E_RESOLVE, judge_witnessed(&w, file_of(second, 3)));
	snprintf(second, sizeof(second), "%s", w.previous);
	add(&w, "{}", STATE_N(3));
	CHECK_OK(judge_witnessed(&w, file_of(second, 1)));
	CHECK(n_of_last() == 3);
	test_webvh_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_threshold_of_witnesses, fresh),
		cmocka_unit_test_setup(proofs_that_do_not_verify_count_for_nothing, fresh),
		cmocka_unit_test_setup(witnesses_are_replaced, fresh),
	};

	return cmocka_run_group_tests(tests, setup, gone);
}
