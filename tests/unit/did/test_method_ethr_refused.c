/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence that is not as a contract's logs are (C112). */
#include "tests/unit/did/ethr_story.h"

static void set_data_word(struct story *t, size_t log, size_t word, const char *hex)
{
	char *data = strdup(test_str(log_at(t, log), "data"));

	memcpy(data + 2 + 64 * word, hex, 64);
	CHECK_OK(berth_json_set_str(log_at(t, log), "data", data));
	free(data);
}

#define ZEROS48 "000000000000000000000000000000000000000000000000"

/* A change to good evidence, and what is then said of it. */
#define AFTER(code, change) do { \
		struct story t; \
		struct berth_registry_result r_; \
		four_events(&t); \
		CHECK_OK(judge(&r_, t.root, DID, NULL, NULL, "", NULL)); \
		berth_registry_result_free(&r_); \
		change; \
		CHECK_RC(code, judge(&r_, t.root, DID, NULL, NULL, "", NULL)); \
		CHECK(code == BERTH_OK || (!r_.doc && !r_.metadata)); \
		berth_registry_result_free(&r_); \
		berth_json_free(t.root); \
	} while (0)
#define REFUSED(change) AFTER(BERTH_E_RESOLVE, change)

static void c112_wrong_chain_registry_or_identity(void **s)
{
	(void)s;
	AFTER(BERTH_OK, SET(t.root, "chainId", "0x539"));
	REFUSED(SET(t.root, "chainId", "0x1"));
	REFUSED(SET(t.root, "chainId", "0x0"));
	REFUSED(SET(t.root, "chainId", "1337"));
	REFUSED(SET(t.root, "registry", C));
	REFUSED(SET(log_at(&t, 1), "address", C));
	REFUSED(SET(t.root, "identity", C));
	REFUSED(CHECK_OK(berth_json_replace(berth_json_next_mut(berth_json_first_mut(berth_json_get_mut(log_at(&t, 1), "topics"))),
		berth_json_new_str("0x0000000000000000000000001111111111111111111111111111111111111111"))));
	REFUSED(CHECK_OK(berth_json_replace(berth_json_next_mut(berth_json_first_mut(berth_json_get_mut(log_at(&t, 1), "topics"))),
		berth_json_new_str("0x010000000000000000000000b9c5714089478a327f09197987f16f9e5d936e8a"))));
}

static void c112_order_loops_and_blocks(void **s)
{
	(void)s;
	/* a loop, and pointing forward: previousChange of the third event is word 1 */
	REFUSED(set_data_word(&t, 2, 1, ZEROS48 "0000000000000066"));
	REFUSED(set_data_word(&t, 2, 1, ZEROS48 "0000000000000067"));
	REFUSED(set_data_word(&t, 2, 1, ZEROS48 "0000000000000064"));	/* leaves one out */
	REFUSED(set_data_word(&t, 2, 1, ZEROS48 "0000000000000000"));
	REFUSED(set_data_word(&t, 0, 3, ZEROS48 "0000000000000001"));	/* there was something before */
	REFUSED(set_data_word(&t, 2, 1, "0000000000000000000000000000000000000000000000010000000000000065"));	/* 2^64 and right below */
	AFTER(BERTH_OK, set_data_word(&t, 2, 1, ZEROS48 "0000000000000065"));
	/* order, and blocks that cannot be */
	REFUSED(SET(log_at(&t, 1), "blockNumber", "0x67"));
	REFUSED(SET(log_at(&t, 1), "blockNumber", "0x64"));
	REFUSED(SET(log_at(&t, 3), "blockNumber", "0x10000000000000000"));
	REFUSED(SET(log_at(&t, 3), "blockNumber", "0x3e9"));	/* behind the head */
	REFUSED(SET(t.root, "blockNumber", "0x66"));
	REFUSED(SET(t.root, "blockNumber", "0x10000000000000000"));
	REFUSED(SET(t.root, "blockNumber", "latest"));
	REFUSED(berth_json_drop(berth_json_get_mut(t.root, "logs"), log_at(&t, 0)));
	REFUSED(berth_json_drop(berth_json_get_mut(t.root, "logs"), log_at(&t, 1)));
	REFUSED(berth_json_drop(berth_json_get_mut(t.root, "logs"), log_at(&t, 3)));	/* the last */
	REFUSED(CHECK_OK(berth_json_push(berth_json_get_mut(t.root, "logs"), berth_json_clone(log_at(&t, 3)))));
	REFUSED(CHECK_OK(berth_json_set_bool(log_at(&t, 3), "removed", true)));
	REFUSED(SET(t.root, "changed", "0x68"));
	REFUSED(SET(t.root, "changed", "0x0"));
	REFUSED(SET(t.root, "owner", C));
	AFTER(BERTH_OK, berth_json_remove(t.root, "owner"));
	AFTER(BERTH_OK, berth_json_remove(log_at(&t, 0), "removed"));
}

static void c112_what_is_no_event(void **s)
{
	(void)s;
	REFUSED(SET(log_at(&t, 2), "data", "0x"));
	REFUSED(SET(log_at(&t, 2), "data", "0x0"));
	REFUSED(berth_json_remove(log_at(&t, 2), "data"));
	REFUSED(set_data_word(&t, 2, 0, "0100000000000000000000002222222222222222222222222222222222222222"));
	REFUSED(set_data_word(&t, 1, 1, ZEROS48 "0000000000000060"));	/* the bytes elsewhere */
	AFTER(BERTH_OK, set_data_word(&t, 1, 4, ZEROS48 "0000000000000003"));	/* one of the zeros is of the value */
	REFUSED(set_data_word(&t, 1, 4, ZEROS48 "0000000000000001"));		/* padding that is not zero */
	REFUSED(set_data_word(&t, 1, 4, ZEROS48 "0000000000000041"));
	REFUSED(set_data_word(&t, 1, 4, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"));
	REFUSED(set_data_word(&t, 1, 5, "0102000000000000000000000000000000000000000000000000000000000001"));
	REFUSED(berth_json_remove(log_at(&t, 1), "topics"));
	REFUSED(berth_json_remove(log_at(&t, 1), "blockNumber"));
	REFUSED(berth_json_remove(log_at(&t, 1), "logIndex"));
	REFUSED(berth_json_remove(t.root, "logs"));
	REFUSED(berth_json_remove(t.root, "blocks"));
	REFUSED(berth_json_remove(t.root, "blockTimestamp"));
	REFUSED(berth_json_remove(t.root, "changed"));
	REFUSED(SET(berth_json_get_mut(t.root, "blocks"), "0x65", "0x1"));	/* earlier than the one before */
	REFUSED(SET(berth_json_get_mut(t.root, "blocks"), "0x67", "0xffffffff"));	/* later than the head */
	REFUSED(SET(berth_json_get_mut(t.root, "blocks"), "0x65", "0xffffffffffffffff"));
	REFUSED(berth_json_remove(berth_json_get_mut(t.root, "blocks"), "0x65"));
	REFUSED(CHECK_OK(berth_json_push_str(berth_json_get_mut(log_at(&t, 1), "topics"), TOPIC_OWNER)));
}

/* Somebody's own event of the same contract is none of ours and hides none. */
static void other_events_are_left_out(void **s)
{
	(void)s;
	AFTER(BERTH_OK, do {
		struct berth_json *log = berth_json_clone(log_at(&t, 3));

		CHECK_OK(berth_json_replace(berth_json_first_mut(berth_json_get_mut(log, "topics")),
			berth_json_new_str("0x1111111111111111111111111111111111111111111111111111111111111111")));
		SET(log, "logIndex", "0x1");
		CHECK_OK(berth_json_push(berth_json_get_mut(t.root, "logs"), log));
	} while (0));
	/* and one of ours cannot be taken out by changing its topic */
	REFUSED(CHECK_OK(berth_json_replace(berth_json_first_mut(berth_json_get_mut(log_at(&t, 1), "topics")),
		berth_json_new_str("0x1111111111111111111111111111111111111111111111111111111111111111"))));
}

static void too_long_a_history(void **s)
{
	struct berth_registry_result r;
	struct story t;

	(void)s;
	begin(&t);
	set_quantity(t.root, "blockNumber", 5000);
	set_quantity(t.root, "blockTimestamp", BLOCK_TIME(5000));
	for (int i = 0; i < BERTH_ETHR_LOGS_MAX; i++)
		owner(&t, i % 2 ? C : D);
	CHECK_OK(judge(&r, t.root, DID, NULL, NULL, "", NULL));
	berth_registry_result_free(&r);
	owner(&t, D);
	CHECK_RC(BERTH_E_SIZE, judge(&r, t.root, DID, NULL, NULL, "", NULL));
	berth_json_free(t.root);
}

static void names_that_mean_no_chain_to_us(void **s)
{
	struct berth_registry_result r;
	struct story t;

	(void)s;
	begin(&t);
	CHECK_OK(judge(&r, t.root, "did:ethr:dev:" WHO, NULL, NULL, "", NULL));	/* the adapter's configuration says which */
	berth_registry_result_free(&r);
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, t.root, "did:ethr:" WHO, NULL, NULL, "", NULL));
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, t.root, "did:ethr:sepolia:" WHO, NULL, NULL, "", NULL));
	CHECK_RC(BERTH_E_DID, judge(&r, t.root, "did:web:a.example", NULL, NULL, "", NULL));
	CHECK_RC(BERTH_E_RESOLVE, judge_text(&r, "{}", 2, DID, NULL, NULL, "", NULL, NOW));
	CHECK_RC(BERTH_E_JSON, judge_text(&r, "{", 1, DID, NULL, NULL, "", NULL, NOW));
	CHECK_RC(BERTH_E_RESOLVE, judge_text(&r, "[]", 2, DID, NULL, NULL, "", NULL, NOW));
	berth_json_free(t.root);
}

static void versions_have_no_numbers(void **s)
{
	struct berth_did_version version = { .number = "1" };
	const struct berth_registry_judge j = { .now_s = NOW, .clock_trusted = true, .pin = "" };
	struct berth_registry_piece piece = { "ethr", NULL, 0 };
	const struct berth_registry_evidence e = { &piece, 1, 0 };
	struct berth_registry_result r;
	struct berth_buf b = BERTH_BUF_INIT;
	struct story t;

	(void)s;
	begin(&t);
	owner(&t, D);
	CHECK_OK(berth_json_print(&b, t.root));
	piece.p = b.p;
	piece.n = b.len;
	CHECK_RC(BERTH_E_RESOLVE, berth_ethr_judge(&r, &e, DID, &version, &j));
	version.number = NULL;
	CHECK_OK(berth_ethr_judge(&r, &e, DID, &version, &j));
	berth_registry_result_free(&r);
	berth_buf_free(&b);
	berth_json_free(t.root);
}

static void no_answer_at_all(void **s)
{
	const struct berth_registry_piece piece = { "didDocument", (const uint8_t *)"{}", 2 };
	const struct berth_registry_evidence e = { &piece, 1, 0 };
	const struct berth_registry_judge j = { .now_s = NOW, .clock_trusted = true, .pin = "" };
	struct berth_registry_result r;

	(void)s;
	CHECK_RC(BERTH_E_RESOLVE, berth_ethr_judge(&r, &e, DID, NULL, &j));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c112_wrong_chain_registry_or_identity),
		cmocka_unit_test(c112_order_loops_and_blocks),
		cmocka_unit_test(c112_what_is_no_event),
		cmocka_unit_test(other_events_are_left_out),
		cmocka_unit_test(too_long_a_history),
		cmocka_unit_test(names_that_mean_no_chain_to_us),
		cmocka_unit_test(versions_have_no_numbers),
		cmocka_unit_test(no_answer_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
