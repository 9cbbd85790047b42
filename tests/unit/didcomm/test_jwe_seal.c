/* SPDX-License-Identifier: Apache-2.0 */
/* What is sealed here. */
#include "tests/unit/didcomm/jwe.h"
#include "did/base/rand.h"
#include "didcomm/jwe.h"

static void the_sealer_makes_only_what_is_accepted(void **state)
{
	const struct berth_pubkey *key = &post_find(&w, BOB_X)->pub;
	struct berth_jwe_seal s = { .keyring = w.real, .kids = { BOB_X }, .keys = { key }, .n = 1 };
	struct berth_buf out = BERTH_BUF_INIT;
	const char *kids[BERTH_JWE_RECIPIENTS_MAX + 1] = { 0 };
	uint8_t apv[32];

	(void)state;
	CHECK_RC(BERTH_E_ALG, berth_jwe_seal(&out, &s, "x", 1));
	s.skid = ALICE_X;
	s.enc = BERTH_ENC_A256GCM;
	CHECK_RC(BERTH_E_ALG, berth_jwe_seal(&out, &s, "x", 1));
	s.enc = BERTH_ENC_XC20P;
	CHECK_RC(BERTH_E_ALG, berth_jwe_seal(&out, &s, "x", 1));
	s.skid = NULL;
	s.n = 0;
	CHECK_RC(BERTH_E_SIZE, berth_jwe_seal(&out, &s, "x", 1));
	CHECK_RC(BERTH_E_SIZE, berth_jwe_apv(apv, kids, BERTH_JWE_RECIPIENTS_MAX + 1));
	s.n = 1;
	CHECK(out.len == 0);
	CHECK_OK(berth_jwe_seal(&out, &s, "x", 1));
	berth_buf_free(&out);
}

static void c036_a_low_order_recipient_is_e_key(void **state)
{
	struct berth_pubkey zero = { .type = BERTH_KEY_X25519, .len = 32 };
	struct berth_jwe_seal s = { .enc = BERTH_ENC_XC20P, .kids = { BOB_X }, .keys = { &zero }, .n = 1 };
	struct berth_buf out = BERTH_BUF_INIT;

	(void)state;
	CHECK_RC(BERTH_E_KEY, berth_jwe_seal(&out, &s, "x", 1));
	berth_buf_free(&out);
}

static void constant(void *p, size_t n) { memset(p, 0x5a, n); }

static void c144_a_stuck_generator_seals_nothing(void **state)
{
	struct berth_jwe_seal s = { .enc = BERTH_ENC_XC20P, .keyring = w.real, .kids = { BOB_X },
		.keys = { &post_find(&w, BOB_X)->pub }, .n = 1 };
	struct berth_buf out = BERTH_BUF_INIT;
	enum berth_err rc;

	(void)state;
	berth_random_inject(constant);
	rc = berth_jwe_seal(&out, &s, "x", 1);
	berth_random_inject(NULL);
	CHECK_RC(BERTH_E_KEYSTORE, rc);
	CHECK(out.len == 0);
	CHECK_OK(berth_jwe_seal(&out, &s, "x", 1));
	berth_buf_free(&out);
}

static void c144_no_nonce_is_used_twice(void **state)
{
	char *a = two_kib(NULL, BOB_X), *b = two_kib(NULL, BOB_X);

	(void)state;
	CHECK(strcmp(a, b) != 0);
	free(a);
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sealer_makes_only_what_is_accepted),
		cmocka_unit_test(c036_a_low_order_recipient_is_e_key),
		cmocka_unit_test(c144_a_stuck_generator_seals_nothing),
		cmocka_unit_test(c144_no_nonce_is_used_twice),
	};

	return cmocka_run_group_tests(tests, setup, post_teardown);
}
