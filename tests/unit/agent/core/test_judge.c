/* SPDX-License-Identifier: Apache-2.0 */
/* Which evidence counts for a DID, by its method. */
#include "agent/core/judge.h"

#include "did/base/json.h"
#include "tests/check.h"
#include "tests/fakes/json.h"

#define NOW 1780000000

static enum berth_err judge(struct berth_registry_result *out, const char *did, const char *piece, const char *text,
			    struct berth_buf *pin)
{
	const struct berth_registry_piece p = { piece, (const uint8_t *)text, strlen(text) };
	const struct berth_registry_evidence e = { &p, 1, 0 };
	const struct berth_registry_judge j = { .now_s = NOW, .clock_trusted = true, .pin = "", .new_pin = pin };

	return berth_judge(out, &e, did, NULL, &j, false);
}

/* A history of did:ethr is read, and pinned; nobody's document stands in for it. */
static void ethr_is_judged_by_its_history(void **state)
{
	struct berth_buf evidence = BERTH_BUF_INIT, pin = BERTH_BUF_INIT, doc = BERTH_BUF_INIT;
	const struct berth_json *first;
	struct berth_registry_result r;
	struct berth_json *root = test_json_file("tests/vectors/ethr-did-resolver/chain.json");
	const char *did;

	(void)state;
	first = berth_json_at(root, 2);
	did = berth_json_str(berth_json_get(first, "did"));
	CHECK_OK(berth_json_print(&evidence, berth_json_get(first, "evidence")));
	CHECK(berth_judge_keeps_pin(did) && berth_judge_bytes_max(did) >= evidence.len);
	CHECK_OK(judge(&r, did, "ethr", berth_buf_cstr(&evidence), &pin));
	CHECK(r.doc && r.metadata && pin.len);
	CHECK_OK(berth_json_print(&doc, berth_did_doc_json(r.doc)));
	berth_registry_result_free(&r);
	berth_buf_reset(&pin);
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, did, "didDocument", berth_buf_cstr(&doc), &pin));
	CHECK(!r.doc && pin.len == 0);
	berth_buf_free(&evidence);
	berth_buf_free(&pin);
	berth_buf_free(&doc);
	berth_json_free(root);
}

static void of_other_methods_the_document_counts(void **state)
{
	static const char doc[] = "{\"id\":\"did:web:a.test\"}";
	struct berth_registry_result r;
	struct berth_buf pin = BERTH_BUF_INIT;

	(void)state;
	CHECK(!berth_judge_keeps_pin("did:web:a.test"));
	CHECK_OK(judge(&r, "did:web:a.test", "didDocument", doc, &pin));
	CHECK(r.doc && pin.len == 0);
	berth_registry_result_free(&r);
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, "did:web:b.test", "didDocument", doc, &pin));
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, "did:web:a.test", "ethr", doc, &pin));
	berth_buf_free(&pin);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ethr_is_judged_by_its_history),
		cmocka_unit_test(of_other_methods_the_document_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
