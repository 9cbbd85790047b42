/* SPDX-License-Identifier: Apache-2.0 */
/* The PIN of a token: where it comes from, and how often a wrong one is tried. */
#include <sys/stat.h>

#include "did/keystore/tpm2_seal.h"
#include "tests/unit/did/keystore/pkcs11_token.h"

/* ---- the PIN ---- */

static void write_pin(const char *pin) { test_write_file(token.pin_file, pin, strlen(pin), 0600); }

static void c143_a_wrong_pin_is_tried_once(void **state)
{
	struct berth_keystore *ks;

	(void)state;
	make(&ks);
	berth_keystore_close(ks);
	unsigned before = asked('L');

	write_pin("4321\n");
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, false));
	CHECK(strstr(berth_err_detail(), "CKR_PIN_INCORRECT") && !strstr(berth_err_detail(), "4321"));
	CHECK(asked('L') == before + 1);
	for (int i = 0; i < 5; i++) {
		CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, false));
		CHECK(strstr(berth_err_detail(), "refused before"));
	}
	/* nor is the same one from somewhere else: credentials are written anew at each start */
	write_pin("4321\n");
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, false));
	CHECK(asked('L') == before + 1);
	write_pin("1234\n");
	CHECK_OK(try_open(&ks, false));
	CHECK_OK(sign(ks));
	berth_keystore_close(ks);
	/* what is kept of it does not say it */
	test_sh("test $(stat -c %%a:%%s %s/pin-refused) = 600:48 && ! grep -q 4321 %s/pin-refused", token.store_dir,
		token.store_dir);
	write_pin("4321\n");
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, false));
	test_sh("rm %s/pin-refused", token.store_dir);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, false));
	CHECK(asked('L') == before + 3);	/* one of them right */
}

static void c143_a_pin_that_one_mistake_would_lock_is_not_tried(void **state)
{
	static const char *const faults[] = { "pin-final-try", "pin-locked" };
	struct berth_keystore *ks;

	(void)state;
	make(&ks);
	berth_keystore_close(ks);
	unsigned before = asked('L');

	for (int i = 0; i < 2; i++) {
		set_fault(faults[i]);
		CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, false));
	}
	CHECK(asked('L') == before);
	heal();
	CHECK_OK(try_open(&ks, false));
	berth_keystore_close(ks);
}

static void the_pin_is_a_file_of_ours_or_a_credential(void **state)
{
	char uri[512];
	const struct berth_keystore_config cfg = { .uri = uri, .create = true };
	struct berth_keystore *ks;

	(void)state;
	chmod(token.pin_file, 0640);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	chmod(token.pin_file, 0600);
	snprintf(uri, sizeof(uri), "pkcs11:token=gw?module-path=%s&x-dir=%s", token.module, token.store_dir);
	unsetenv("CREDENTIALS_DIRECTORY");
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_open(&ks, &cfg));
	CHECK(strstr(berth_err_detail(), "berth-pin"));
	test_write_file(test_path(token.dir, "berth-pin"), "1234", 4, 0440);
	setenv("CREDENTIALS_DIRECTORY", token.dir, 1);
	CHECK_OK(berth_keystore_open(&ks, &cfg));
	unsetenv("CREDENTIALS_DIRECTORY");
	berth_keystore_close(ks);
	CHECK_OK(try_open(&ks, false));
	berth_keystore_close(ks);
}

/* ---- somebody else's cryptography ---- */

/* A PIN that a TPM keeps: the file is worth nothing without this one. */
static void the_pin_may_be_sealed_by_a_tpm(void **state)
{
	struct berth_keystore_config cfg = { .uri = test_token_uri(&token, NULL), .create = true };
	struct berth_buf blob = BERTH_BUF_INIT;
	struct berth_keystore *ks;
	struct test_swtpm tpm, other;

	(void)state;
	test_swtpm_start(&tpm, false);
	test_swtpm_start(&other, false);
	cfg.tcti = tpm.tcti;
	/* until one ends as a line of text does: that octet belongs to it too */
	for (int i = 0; i < 2000 && (!i || blob.p[blob.len - 1] != '\n'); i++) {
		berth_buf_reset(&blob);
		CHECK_OK(berth_tpm2_seal_blob(&blob, tpm.tcti, BERTH_TPM2_LABEL_PIN, "1234", 4));
	}
	test_write_file(token.pin_file, blob.p, blob.len, 0600);
	CHECK_OK(berth_keystore_open(&ks, &cfg));
	CHECK_OK(berth_keystore_generate(ks, "s", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	berth_keystore_close(ks);
	unsigned before = asked('L');

	cfg.tcti = other.tcti;
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_open(&ks, &cfg));
	cfg.tcti = tpm.tcti;
	for (size_t n = 8; n < blob.len; n += 7) {
		test_write_file(token.pin_file, blob.p, n, 0600);
		CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_open(&ks, &cfg));
	}
	/* what was sealed for another purpose is no PIN */
	berth_buf_reset(&blob);
	CHECK_OK(berth_tpm2_seal_blob(&blob, tpm.tcti, "sealed file/", "1234", 4));
	test_write_file(token.pin_file, blob.p, blob.len, 0600);
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_open(&ks, &cfg));
	CHECK(asked('L') == before);	/* the token was not bothered */
	write_pin("1234\n");
	CHECK_OK(berth_keystore_open(&ks, &cfg));
	CHECK_OK(sign(ks));
	berth_keystore_close(ks);
	berth_buf_free(&blob);
	test_swtpm_stop(&tpm);
	test_swtpm_stop(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(c143_a_wrong_pin_is_tried_once),
		T(c143_a_pin_that_one_mistake_would_lock_is_not_tried),
		T(the_pin_is_a_file_of_ours_or_a_credential),
		T(the_pin_may_be_sealed_by_a_tpm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
