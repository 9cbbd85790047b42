/* SPDX-License-Identifier: Apache-2.0 */
/* soft:PATH?seal=tpm2, the sealed file whose key a TPM keeps (C141, C142), and the
 * sealed secrets below it. */
#include <sys/stat.h>
#include <unistd.h>

#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/keystore/keystore.h"
#include "did/keystore/tpm2_seal.h"
#include "tests/check.h"
#include "tests/fakes/swtpm.h"
#include "tests/fakes/tmpdir.h"
#include "tests/unit/did/keystore/contents.h"

static struct test_swtpm tpm;
static char dir[TMPDIR_LEN], path[96], uri[128];

static enum berth_err open_as(struct berth_keystore **ks, const char *suffix, bool create)
{
	struct berth_keystore_config cfg = { .uri = uri, .tcti = tpm.tcti, .create = create,
					     .passphrase_file = test_path(dir, "pass") };

	snprintf(uri, sizeof(uri), "soft:%s%s", path, suffix);
	return berth_keystore_open(ks, &cfg);
}

static enum berth_err try_open(struct berth_keystore **ks, bool create) { return open_as(ks, "?seal=tpm2", create); }

static void make_one(void)
{
	struct berth_keystore *ks;

	unlink(path);
	CHECK_OK(try_open(&ks, true));
	CHECK_OK(berth_keystore_generate(ks, "a", BERTH_KEY_ED25519, BERTH_USAGE_SIGN, NULL));
	berth_keystore_close(ks);
}

static void nothing_is_left_in_the_device(void)
{
	assert_int_equal(test_swtpm_handles(&tpm, 0x80), 0);
	assert_int_equal(test_swtpm_handles(&tpm, 0x02), 0);
}

static int setup(void **state)
{
	(void)state;
	test_tmpdir(dir);
	snprintf(path, sizeof(path), "%s/keys", dir);
	test_write_file(test_path(dir, "pass"), "a phrase to pass\n", 17, 0600);
	test_swtpm_start(&tpm, false);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	test_swtpm_stop(&tpm);
	test_tmpdir_remove(dir);
	return 0;
}

/* ---- the file ---- */

static void keys_that_no_tpm_has_are_kept_by_one(void **state)
{
	static const enum berth_key_type types[] = { BERTH_KEY_ED25519, BERTH_KEY_SECP256K1 };
	static const char *const names[] = { "ed", "k1" };
	struct berth_key_info made[2], x, found;
	struct berth_buf key_uri = BERTH_BUF_INIT;
	struct berth_keystore *ks;
	uint8_t sig[BERTH_SIG_MAX];
	size_t n;

	(void)state;
	CHECK_OK(try_open(&ks, true));
	for (size_t i = 0; i < 2; i++)
		CHECK_OK(berth_keystore_generate(ks, names[i], types[i], BERTH_USAGE_SIGN, &made[i]));
	CHECK_OK(berth_keystore_generate(ks, "x", BERTH_KEY_X25519, BERTH_USAGE_AGREE, &x));
	assert_int_equal(x.custody, BERTH_CUSTODY_SEALED);	/* in memory while it is used */
	berth_keystore_close(ks);
	nothing_is_left_in_the_device();

	test_swtpm_restart(&tpm);
	CHECK_OK(try_open(&ks, false));
	for (size_t i = 0; i < 2; i++) {
		CHECK_OK(berth_keystore_sign(ks, names[i], "m", 1, sig, &n));
		CHECK_OK(berth_verify(&made[i].pub, "m", 1, sig, n));
	}
	CHECK_OK(berth_keystore_find(ks, "x", &found));
	CHECK(berth_pubkey_equal(&found.pub, &x.pub));
	CHECK_OK(berth_keystore_key_uri(&key_uri, ks, "x"));
	snprintf(uri, sizeof(uri), "soft:%s?seal=tpm2#x", path);
	assert_string_equal(berth_buf_cstr(&key_uri), uri);
	/* the TPM is asked once; what follows needs it no more */
	test_swtpm_kill(&tpm);
	CHECK_OK(berth_keystore_sign(ks, "ed", "m", 1, sig, &n));
	CHECK_OK(berth_keystore_generate(ks, "more", BERTH_KEY_ED25519, BERTH_USAGE_SIGN, NULL));
	berth_keystore_close(ks);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	test_swtpm_restart(&tpm);
	CHECK_OK(try_open(&ks, false));
	assert_int_equal(berth_keystore_count(ks), 4);
	berth_keystore_close(ks);
	berth_buf_free(&key_uri);
}

static void c142_every_flipped_byte_of_a_tpm_sealed_file_is_e_keystore(void **state)
{
	struct berth_keystore *ks;
	size_t n;
	char *good;

	(void)state;
	make_one();
	good = test_contents(path, &n);	/* the slots around them: test_soft.c */
	for (size_t i = 0; i < n; i++) {
		good[i] ^= 0x01;
		test_write_file(path, good, n, 0600);
		CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
		CHECK(!ks);
		good[i] ^= 0x01;
	}
	test_write_file(path, good, n, 0600);
	CHECK_OK(try_open(&ks, false));
	assert_int_equal(berth_keystore_count(ks), 1);
	berth_keystore_close(ks);
	nothing_is_left_in_the_device();
	free(good);
}

static void c142_every_truncation_of_a_tpm_sealed_file_is_e_keystore(void **state)
{
	struct berth_keystore *ks;
	size_t n;
	char *good;

	(void)state;
	make_one();
	good = test_contents(path, &n);	/* the slots around them: test_soft.c */
	for (size_t i = 0; i < n; i++) {
		test_write_file(path, good, i, 0600);
		CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	}
	good[n] = 0;	/* test_contents() ends it so */
	test_write_file(path, good, n + 1, 0600);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	free(good);
}

static void c142_a_lax_or_linked_tpm_sealed_file_is_e_keystore(void **state)
{
	char other[128];
	struct berth_keystore *ks;

	(void)state;
	make_one();
	chmod(path, 0644);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	chmod(path, 0600);
	snprintf(other, sizeof(other), "%s.real", path);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink(other, path), 0);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	unlink(path);
	assert_int_equal(rename(other, path), 0);
	CHECK_OK(try_open(&ks, false));
	berth_keystore_close(ks);
}

/* What was configured is what opens it, and a passphrase is never the way around. */
static void the_kind_of_file_is_the_one_configured(void **state)
{
	struct berth_keystore *ks;

	(void)state;
	make_one();
	CHECK_RC(BERTH_E_KEYSTORE, open_as(&ks, "", true));
	CHECK(strstr(berth_err_detail(), "?seal=tpm2"));
	unlink(path);
	CHECK_OK(open_as(&ks, "", true));
	berth_keystore_close(ks);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	CHECK(strstr(berth_err_detail(), "passphrase"));
	CHECK_RC(BERTH_E_KEY, open_as(&ks, "?seal=tpm", true));
	CHECK_RC(BERTH_E_KEY, open_as(&ks, "?seal=tpm2&x=y", true));
	CHECK_RC(BERTH_E_KEY, open_as(&ks, "?", true));
	unlink(path);
}

static void c141_another_or_cleared_tpm_leaves_the_file_as_it_is(void **state)
{
	struct berth_keystore *ks;
	struct test_swtpm ours = tpm, other;
	char *before, *after;
	size_t n, m;

	(void)state;
	make_one();
	before = test_read_file(path, &n);
	test_swtpm_start(&other, false);
	tpm = other;
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	CHECK(strstr(berth_err_detail(), "cleared or replaced"));
	tpm = ours;
	test_swtpm_stop(&other);
	CHECK_OK(try_open(&ks, false));
	berth_keystore_close(ks);
	test_swtpm_clear(&tpm);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	CHECK(strstr(berth_err_detail(), "cleared or replaced"));
	after = test_read_file(path, &m);
	CHECK(n == m && memcmp(before, after, n) == 0);
	free(before);
	free(after);
	unlink(path);
}

/* ---- sealed secrets ---- */

static void seal(struct berth_buf *blob, size_t len)
{
	uint8_t secret[BERTH_TPM2_SECRET_MAX];

	for (size_t i = 0; i < len; i++)
		secret[i] = (uint8_t)(i * 7);
	CHECK_OK(berth_tpm2_seal_blob(blob, tpm.tcti, "pin", secret, len));
}

static void secrets_of_1_to_128_bytes_come_back(void **state)
{
	static const size_t sizes[] = { 1, 6, 32, BERTH_TPM2_SECRET_MAX };
	uint8_t much[BERTH_TPM2_SECRET_MAX + 1] = { 0 };
	struct berth_buf blob = BERTH_BUF_INIT;
	struct berth_secret *s;

	(void)state;
	for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		berth_buf_reset(&blob);
		seal(&blob, sizes[k]);
		CHECK(blob.len <= BERTH_TPM2_SEALED_MAX);
		CHECK_OK(berth_tpm2_unseal_blob(&s, tpm.tcti, "pin", blob.p, blob.len));
		assert_int_equal(s->len, sizes[k]);
		for (size_t i = 0; i < s->len; i++)
			assert_int_equal(s->b[i], (uint8_t)(i * 7));
		berth_secret_free(s);
	}
	CHECK_RC(BERTH_E_SIZE, berth_tpm2_seal_blob(&blob, tpm.tcti, "pin", much, sizeof(much)));
	CHECK_RC(BERTH_E_SIZE, berth_tpm2_seal_blob(&blob, tpm.tcti, "pin", much, 0));
	berth_buf_free(&blob);
	nothing_is_left_in_the_device();
}

static void a_secret_changed_cut_or_misused_is_e_keystore(void **state)
{
	struct berth_buf blob = BERTH_BUF_INIT;
	struct berth_secret *s;

	(void)state;
	seal(&blob, 6);
	CHECK_RC(BERTH_E_KEYSTORE, berth_tpm2_unseal_blob(&s, tpm.tcti, "another", blob.p, blob.len));
	CHECK(!s);
	for (size_t i = 0; i < blob.len; i++) {
		uint8_t *exact = malloc(i ? i : 1);

		assert_non_null(exact);
		memcpy(exact, blob.p, i);
		CHECK_RC(BERTH_E_KEYSTORE, berth_tpm2_unseal_blob(&s, tpm.tcti, "pin", exact, i));
		free(exact);
		blob.p[i] ^= 0x80;
		CHECK_RC(BERTH_E_KEYSTORE, berth_tpm2_unseal_blob(&s, tpm.tcti, "pin", blob.p, blob.len));
		blob.p[i] ^= 0x80;
	}
	CHECK_OK(berth_tpm2_unseal_blob(&s, tpm.tcti, "pin", blob.p, blob.len));
	berth_secret_free(s);
	berth_buf_free(&blob);
	nothing_is_left_in_the_device();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_that_no_tpm_has_are_kept_by_one),
		cmocka_unit_test(c142_every_flipped_byte_of_a_tpm_sealed_file_is_e_keystore),
		cmocka_unit_test(c142_every_truncation_of_a_tpm_sealed_file_is_e_keystore),
		cmocka_unit_test(c142_a_lax_or_linked_tpm_sealed_file_is_e_keystore),
		cmocka_unit_test(the_kind_of_file_is_the_one_configured),
		cmocka_unit_test(secrets_of_1_to_128_bytes_come_back),
		cmocka_unit_test(a_secret_changed_cut_or_misused_is_e_keystore),
		cmocka_unit_test(c141_another_or_cleared_tpm_leaves_the_file_as_it_is),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
