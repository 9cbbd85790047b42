/* SPDX-License-Identifier: Apache-2.0 */
/* What was believed before, evidence that is cut off, and no memory. */
#include "tests/unit/did/ethr_story.h"
#include "tests/fakes/alloc.h"

static void only_forward(void **s)
{
	struct berth_buf first = BERTH_BUF_INIT, second = BERTH_BUF_INIT, none = BERTH_BUF_INIT;
	struct berth_registry_result r;
	struct story t, other;

	(void)s;
	begin(&t);
	delegate(&t, "veriKey", C, FOREVER);
	CHECK_OK(judge(&r, t.root, DID, NULL, NULL, "", &first));
	CHECK(first.len > 0);
	berth_registry_result_free(&r);
	CHECK_OK(judge(&r, t.root, DID, NULL, NULL, berth_buf_cstr(&first), &none));
	CHECK(none.len == 0);		/* it stays as it was */
	berth_registry_result_free(&r);
	owner(&t, D);
	CHECK_OK(judge(&r, t.root, DID, "100", NULL, berth_buf_cstr(&first), &second));	/* also when an old one is asked for */
	CHECK(second.len > 0 && strcmp(berth_buf_cstr(&first), berth_buf_cstr(&second)) != 0);
	berth_registry_result_free(&r);

	/* an older state, whatever its head */
	begin(&other);
	delegate(&other, "veriKey", C, FOREVER);
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, other.root, DID, NULL, NULL, berth_buf_cstr(&second), &none));
	CHECK_OK(judge(&r, other.root, DID, NULL, NULL, berth_buf_cstr(&first), &none));
	berth_registry_result_free(&r);
	/* another one of the same length, or longer */
	owner(&other, C);
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, other.root, DID, NULL, NULL, berth_buf_cstr(&second), &none));
	owner(&other, D);
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, other.root, DID, NULL, NULL, berth_buf_cstr(&second), &none));
	CHECK(none.len == 0);
	/* another registry or chain */
	SET(t.root, "chainId", "0x5");
	CHECK_RC(BERTH_E_RESOLVE, judge(&r, t.root, "did:ethr:dev:" WHO, NULL, NULL, berth_buf_cstr(&second), &none));
	CHECK(none.len == 0);
	berth_json_free(other.root);
	berth_json_free(t.root);
	berth_buf_free(&first);
	berth_buf_free(&second);
	berth_buf_free(&none);
}

static void a_damaged_pin(void **s)
{
	static const char *const bad[] = { "x", "ethr", "ethr 1337", "ethr 1337 " REGISTRY " 99999 00", "ethr 1337 " REGISTRY " 1" };
	struct berth_registry_result r;
	struct story t;

	(void)s;
	four_events(&t);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_STORE, judge(&r, t.root, DID, NULL, NULL, bad[i], NULL));
	berth_json_free(t.root);
}

static void every_truncation(void **s)
{
	struct berth_registry_result r;
	struct berth_buf b = BERTH_BUF_INIT;
	struct story t;

	(void)s;
	four_events(&t);
	CHECK_OK(berth_json_print(&b, t.root));
	for (size_t n = 0; n < b.len; n++) {
		char *exact = malloc(n ? n : 1);

		memcpy(exact, b.p, n);
		CHECK_RC(BERTH_E_JSON, judge_text(&r, exact, n, DID, NULL, NULL, "", NULL, NOW));
		free(exact);
	}
	/* and of the data of each log */
	for (size_t i = 0; i < 4; i++) {
		char *whole = strdup(test_str(log_at(&t, i), "data")), *cut = strdup(whole);

		for (size_t n = 2; n < strlen(whole); n += 2) {
			cut[n] = 0;
			SET(log_at(&t, i), "data", cut);
			cut[n] = whole[n];
			CHECK_RC(BERTH_E_RESOLVE, judge(&r, t.root, DID, NULL, NULL, "", NULL));
		}
		SET(log_at(&t, i), "data", whole);
		free(whole);
		free(cut);
	}
	CHECK_OK(judge(&r, t.root, DID, NULL, NULL, "", NULL));
	berth_registry_result_free(&r);
	berth_buf_free(&b);
	berth_json_free(t.root);
}

/* C015: whatever allocation fails, nothing is believed of what could not be read. */
static enum berth_err once(void *arg)
{
	const struct berth_buf *b = arg;
	struct berth_buf pin = BERTH_BUF_INIT;
	struct berth_registry_result r;
	enum berth_err rc = judge_text(&r, berth_buf_cstr(b), b->len, DID, NULL, NULL, "", &pin, NOW);

	CHECK(rc ? !r.doc && !r.metadata : r.doc && r.doc->n_services == 2 && r.doc->n_vms == 6);
	berth_registry_result_free(&r);
	berth_buf_free(&pin);
	return rc;
}

static void c015_every_allocation_may_fail(void **s)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct story t;

	(void)s;
	begin(&t);
	delegate(&t, "veriKey", C, FOREVER);
	attribute(&t, "did/pub/Secp256k1/sigAuth", "02b97c30de767f084ce3080168ee293053ba33b235d7116a3263d29f1450936b71", FOREVER);
	attribute(&t, "did/pub/RSA/veriKey", "3000", FOREVER);
	attribute(&t, "did/pub/X/veriKey/base58", "0102", FOREVER);
	attribute(&t, "did/pub/X25519/enc", "118557777ffb078774371a52b00fed75561dcf975e61c47553e664a617661052", FOREVER);
	text_attribute(&t, "did/svc/A", "{\"uri\":\"x\"}", FOREVER);
	text_attribute(&t, "did/svc/B", "https://b.example", FOREVER);
	CHECK_OK(berth_json_print(&b, t.root));
	CHECK(test_every_allocation_fails(once, &b) > 100);
	berth_buf_free(&b);
	berth_json_free(t.root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_forward),
		cmocka_unit_test(a_damaged_pin),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(c015_every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
