/* SPDX-License-Identifier: Apache-2.0 */
/* What came of a did:ethr over time: ids, validity, versions, the end. */
#include "tests/unit/did/ethr_story.h"
#include "did/base/clock.h"

/* The example of the specification, "id properties of entries". */
static void ids_stay_as_they_were(void **s)
{
	struct berth_registry_result r;
	struct story t;

	(void)s;
	begin(&t);
	attribute(&t, "did/pub/A/veriKey", "01", FOREVER);
	attribute(&t, "did/pub/B/veriKey", "02", FOREVER);
	delegate(&t, "veriKey", C, NOW);		/* good for one more second */
	text_attribute(&t, "did/svc/S", "https://s.example", FOREVER);
	CHECK_OK(judge(&r, t.root, DID, NULL, NULL, "", NULL));
	CHECK(method(&r, "#delegate-1") && method(&r, "#delegate-2") && method(&r, "#delegate-3") && service(&r, "#service-1"));
	CHECK(r.ttl_s == 1);
	berth_registry_result_free(&r);
	attribute(&t, "did/pub/A/veriKey", "01", 0);
	delegate(&t, "sigAuth", D, FOREVER);
	CHECK_OK(judge(&r, t.root, DID, NULL, NULL, "", NULL));
	CHECK(!method(&r, "#delegate-1") && method(&r, "#delegate-2") && method(&r, "#delegate-3"));
	CHECK(!method(&r, "#delegate-4") && method(&r, "#delegate-5"));
	CHECK(refers(&r, "authentication", "#delegate-5") && refers(&r, "assertionMethod", "#delegate-5"));
	CHECK(!refers(&r, "authentication", "#delegate-3") && refers(&r, "assertionMethod", "#delegate-3"));
	berth_registry_result_free(&r);
	delegate(&t, "veriKey", C, BLOCK_TIME(t.block + 1));	/* as the contract revokes */
	CHECK_OK(judge(&r, t.root, DID, NULL, NULL, "", NULL));
	CHECK(!method(&r, "#delegate-3") && !method(&r, "#delegate-6") && method(&r, "#delegate-5"));
	berth_registry_result_free(&r);
	berth_json_free(t.root);
}

static void validity_ends_by_the_clock(void **s)
{
	struct berth_registry_result r;
	struct story t;
	struct berth_buf b = BERTH_BUF_INIT;

	(void)s;
	begin(&t);
	delegate(&t, "veriKey", C, NOW + 100);
	CHECK_OK(berth_json_print(&b, t.root));
	for (int64_t late = 99; late <= 101; late++) {
		CHECK_OK(judge_text(&r, berth_buf_cstr(&b), b.len, DID, NULL, NULL, "", NULL, NOW + late));
		CHECK(!!method(&r, "#delegate-1") == (late <= 100));
		CHECK(r.ttl_s == (late <= 100 ? 101 - late : 0));
		berth_registry_result_free(&r);
	}
	berth_buf_free(&b);
	berth_json_free(t.root);
}

/* A clock that is not trusted is at least as late as the chain's newest block. */
static void a_clock_that_is_not_trusted(void **s)
{
	struct berth_registry_judge j = { .now_s = BLOCK_TIME(1), .clock_trusted = true, .pin = "" };
	struct berth_registry_piece piece = { "ethr", NULL, 0 };
	const struct berth_registry_evidence e = { &piece, 1, 50 };
	struct berth_registry_result r;
	struct berth_buf b = BERTH_BUF_INIT;
	struct story t;

	(void)s;
	begin(&t);
	delegate(&t, "veriKey", C, BLOCK_TIME(999));
	CHECK_OK(berth_json_print(&b, t.root));
	piece.p = b.p;
	piece.n = b.len;
	CHECK_OK(berth_ethr_judge(&r, &e, DID, NULL, &j));
	CHECK(method(&r, "#delegate-1") && r.ttl_s == 50);	/* the adapter's, which is sooner */
	berth_registry_result_free(&r);
	j.clock_trusted = false;
	CHECK_OK(berth_ethr_judge(&r, &e, DID, NULL, &j));
	CHECK(!method(&r, "#delegate-1"));
	berth_registry_result_free(&r);
	berth_buf_free(&b);
	berth_json_free(t.root);
}

static void versions(void **s)
{
	struct berth_registry_result r;
	char when[BERTH_RFC3339_LEN + 1];
	struct story t;

	(void)s;
	begin(&t);
	delegate(&t, "veriKey", C, BLOCK_TIME(105));	/* 100 */
	owner(&t, D);					/* 101 */
	delegate(&t, "veriKey", D, FOREVER);		/* 102 */
	set_quantity(berth_json_get_mut(t.root, "blocks"), "0x63", BLOCK_TIME(99));
	set_quantity(berth_json_get_mut(t.root, "blocks"), "0x69", BLOCK_TIME(105));

	CHECK_OK(judge(&r, t.root, DID, "99", NULL, "", NULL));		/* before anything */
	CHECK(!method(&r, "#delegate-1") && !test_str(r.metadata, "versionId"));
	assert_string_equal(test_str(r.metadata, "nextVersionId"), "100");
	berth_registry_result_free(&r);
	CHECK_OK(judge(&r, t.root, DID, "101", NULL, "", NULL));
	CHECK(method(&r, "#delegate-1") && !method(&r, "#delegate-2"));
	assert_string_equal(test_str(r.metadata, "versionId"), "101");
	assert_string_equal(test_str(r.metadata, "nextVersionId"), "102");
	CHECK(r.ttl_s == 0);	/* what was, does not end */
	berth_registry_result_free(&r);
	CHECK_OK(judge(&r, t.root, DID, "105", NULL, "", NULL));	/* between versions: its own time counts */
	CHECK(method(&r, "#delegate-1") && method(&r, "#delegate-2") && !test_str(r.metadata, "nextVersionId"));
	berth_registry_result_free(&r);
	CHECK_OK(judge(&r, t.root, DID, "1000", NULL, "", NULL));
	CHECK(!method(&r, "#delegate-1") && method(&r, "#delegate-2"));
	berth_registry_result_free(&r);

	berth_rfc3339_format(when, BLOCK_TIME(101) + 9);
	CHECK_OK(judge(&r, t.root, DID, NULL, when, "", NULL));
	CHECK(method(&r, "#delegate-1") && !method(&r, "#delegate-2"));
	assert_string_equal(test_str(r.metadata, "nextVersionId"), "102");
	berth_registry_result_free(&r);
	berth_rfc3339_format(when, BLOCK_TIME(102));
	CHECK_OK(judge(&r, t.root, DID, NULL, when, "", NULL));
	CHECK(method(&r, "#delegate-1") && method(&r, "#delegate-2"));
	berth_registry_result_free(&r);
	berth_rfc3339_format(when, NOW);
	CHECK_OK(judge(&r, t.root, DID, NULL, when, "", NULL));
	berth_registry_result_free(&r);

	berth_rfc3339_format(when, NOW + 1);
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, t.root, DID, NULL, when, "", NULL));
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, t.root, DID, "1001", NULL, "", NULL));
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, t.root, DID, "104", NULL, "", NULL));	/* nobody said when it was */
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, t.root, DID, "0x64", NULL, "", NULL));
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, t.root, DID, "", NULL, "", NULL));
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, t.root, DID, "0100", NULL, "", NULL));
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, t.root, DID, "18446744073709551616", NULL, "", NULL));
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, t.root, DID, "100", when, "", NULL));
	CHECK(!r.doc && !r.metadata);
	berth_json_free(t.root);
}

static void deactivation(void **s)
{
	struct berth_registry_result r;
	struct story t;

	(void)s;
	begin(&t);
	delegate(&t, "veriKey", C, FOREVER);
	owner(&t, "0x0000000000000000000000000000000000000000");
	CHECK_OK(judge(&r, t.root, DID, "100", NULL, "", NULL));
	CHECK(!r.deactivated && method(&r, "#delegate-1"));
	assert_string_equal(test_str(r.metadata, "nextVersionId"), "101");
	berth_registry_result_free(&r);
	/* the contract lets the account write again, which brings nothing back */
	for (int i = 0; i < 2; i++) {
		CHECK_OK(judge(&r, t.root, DID, NULL, NULL, "", NULL));
		CHECK(r.deactivated && r.doc && r.doc->n_vms == 0 && r.doc->n_services == 0);
		CHECK(berth_json_bool(berth_json_get(r.metadata, "deactivated"), false));
		assert_string_equal(test_str(r.metadata, "versionId"), "101");
		berth_registry_result_free(&r);
		owner(&t, D);
		delegate(&t, "veriKey", D, FOREVER);
	}
	berth_json_free(t.root);
}

static void the_key_in_the_did_is_the_owners_for_a_while(void **s)
{
	static const char did[] = "did:ethr:0x539:0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
	static const char account[] = "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf";
	struct berth_registry_result r;
	struct story t;

	(void)s;
	for (int i = 0; i < 2; i++) {
		begin(&t);
		CHECK_OK(berth_json_set_str(t.root, "identity", account));
		if (i) {
			struct berth_json *topics;

			owner(&t, C);
			topics = berth_json_get_mut(berth_json_first_mut(berth_json_get_mut(t.root, "logs")), "topics");
			CHECK_OK(berth_json_replace(berth_json_next_mut(berth_json_first_mut(topics)),
				berth_json_new_str("0x0000000000000000000000007e5f4552091a69125d5dfcb7b8c2659029395bdf")));
		}
		CHECK_OK(judge(&r, t.root, did, NULL, NULL, "", NULL));
		CHECK(r.doc->n_vms == (i ? 1 : 2));
		CHECK(i ? r.doc->vms[0].key.type == BERTH_KEY_NONE : r.doc->vms[1].key.type == BERTH_KEY_SECP256K1);
		berth_registry_result_free(&r);
		berth_json_free(t.root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_stay_as_they_were),
		cmocka_unit_test(validity_ends_by_the_clock),
		cmocka_unit_test(a_clock_that_is_not_trusted),
		cmocka_unit_test(versions),
		cmocka_unit_test(deactivation),
		cmocka_unit_test(the_key_in_the_did_is_the_owners_for_a_while),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
