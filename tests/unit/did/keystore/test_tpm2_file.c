/* SPDX-License-Identifier: Apache-2.0 */
/* The file beside a TPM: replaced, changed, of an epoch that is over. */
#include "tests/unit/did/keystore/tpm2_store.h"

/* Each half of a wrapped key with the other's: the device itself notices. */
static void a_replaced_blob_is_e_keystore(void **state)
{
	struct berth_keystore *ks;
	struct berth_tpm2_key *s, *a;
	struct berth_tpm2_blob was;

	(void)state;
	make(&ks, tpm.tcti);
	CHECK_OK(berth_keystore_generate(ks, "s2", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	s = berth_tpm2_lookup((struct berth_tpm2 *)(void *)ks, "s");
	a = berth_tpm2_lookup((struct berth_tpm2 *)(void *)ks, "s2");
	was = s->object.priv;
	s->object.priv = a->object.priv;
	CHECK_RC(BERTH_E_KEYSTORE, sign(ks));
	s->object.priv = was;
	CHECK_OK(sign(ks));
	s->object.priv.b[was.len / 2] ^= 1;
	CHECK_RC(BERTH_E_KEYSTORE, sign(ks));
	s->object.priv = was;
	was = s->object.pub;
	s->object.pub = a->object.pub;
	CHECK_RC(BERTH_E_KEYSTORE, sign(ks));
	s->object.pub = was;
	CHECK_OK(sign(ks));
	berth_keystore_close(ks);
	CHECK(test_swtpm_handles(&tpm, TRANSIENT) == 0);
}

static void copy_dir(const char *from, const char *to)
{
	test_sh("rm -rf %s && cp -a %s %s", to, from, to);
}

/* P8: after release no copy of the disk opens what the epoch sealed. */
static void the_device_itself_refuses_an_epoch_that_is_over(void **state)
{
	struct berth_buf box = BERTH_BUF_INIT, pt = BERTH_BUF_INIT;
	struct berth_keystore *ks;
	char old[96];
	uint64_t v;
	bool p;

	(void)state;
	snprintf(old, sizeof(old), "%s.old", dir);
	make(&ks, tpm.tcti);
	CHECK_OK(berth_keystore_seal(ks, "l", 0, "of owner one", 12, &box));
	CHECK_OK(berth_tpm2_unseal_epoch_kek((struct berth_tpm2 *)(void *)ks));
	berth_keystore_close(ks);
	copy_dir(dir, old);
	CHECK_OK(try_open(&ks, tpm.tcti, false));
	CHECK_OK(berth_keystore_unseal(ks, "l", 0, box.p, box.len, &pt));
	CHECK_OK(berth_keystore_counter_step(ks, BERTH_COUNTER_EPOCH, &v));
	berth_keystore_close(ks);

	copy_dir(old, dir);
	CHECK_OK(try_open(&ks, tpm.tcti, false));
	berth_buf_reset(&pt);
	CHECK_RC(BERTH_E_DECRYPT, berth_keystore_unseal(ks, "l", 0, box.p, box.len, &pt));
	/* and not only because we ask the counter first */
	CHECK(((struct berth_tpm2 *)(void *)ks)->s.has_epoch_kek);
	CHECK_RC(BERTH_E_KEYSTORE, berth_tpm2_unseal_epoch_kek((struct berth_tpm2 *)(void *)ks));
	/* the counters did not roll back with the disk */
	CHECK_OK(berth_keystore_counter_read(ks, BERTH_COUNTER_EPOCH, &v, &p));
	CHECK(v == 1 && p);
	CHECK_OK(berth_keystore_seal(ks, "l", 1, "of owner two", 12, &box));
	berth_keystore_close(ks);
	CHECK(test_swtpm_handles(&tpm, TRANSIENT) == 0 && test_swtpm_handles(&tpm, SESSIONS) == 0);
	berth_buf_free(&box);
	berth_buf_free(&pt);
}

static enum berth_err sign_as(struct berth_keystore *ks, const char *name)
{
	uint8_t sig[BERTH_SIG_MAX];
	size_t n;

	return berth_keystore_sign(ks, name, "x", 1, sig, &n);
}

/* P8: neither do a copy's keys of that epoch do anything, whoever asks the device. */
static void a_key_of_an_epoch_ends_with_it(void **state)
{
	struct berth_tpm2_object *o;
	struct berth_keystore *ks;
	ESYS_TR h;
	char old[96];
	uint64_t v;

	(void)state;
	snprintf(old, sizeof(old), "%s.old", dir);
	make(&ks, tpm.tcti);
	CHECK_OK(berth_keystore_generate(ks, "op-0-1-sign", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK_OK(berth_keystore_generate(ks, "op-0-1-ak", BERTH_KEY_P256, BERTH_USAGE_ATTEST, NULL));
	CHECK_OK(sign_as(ks, "op-0-1-sign"));
	berth_keystore_close(ks);
	copy_dir(dir, old);
	CHECK_OK(try_open(&ks, tpm.tcti, false));	/* the twin: a copy of a living epoch */
	CHECK_OK(sign_as(ks, "op-0-1-sign"));
	CHECK_OK(berth_keystore_counter_step(ks, BERTH_COUNTER_EPOCH, &v));
	CHECK_RC(BERTH_E_KEYSTORE, sign_as(ks, "op-0-1-sign"));
	CHECK_OK(berth_keystore_delete(ks, "op-0-1-sign"));
	CHECK_OK(berth_keystore_generate(ks, "op-1-1-sign", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK_OK(sign_as(ks, "op-1-1-sign"));
	berth_keystore_close(ks);

	copy_dir(old, dir);
	CHECK_OK(try_open(&ks, tpm.tcti, false));
	CHECK_RC(BERTH_E_KEYSTORE, sign_as(ks, "op-0-1-sign"));
	CHECK_OK(sign(ks));				/* what is no epoch's is as it was */
	o = &berth_tpm2_lookup((struct berth_tpm2 *)(void *)ks, "op-0-1-sign")->object;
	CHECK_RC(BERTH_E_KEYSTORE, berth_tpm2_load((struct berth_tpm2 *)(void *)ks, "op-0-1-sign", o, &h));
	berth_keystore_close(ks);
	CHECK(test_swtpm_handles(&tpm, TRANSIENT) == 0 && test_swtpm_handles(&tpm, SESSIONS) == 0);
}

static void a_device_is_cleared_after_its_last_key(void **state)
{
	struct berth_keystore *ks;

	(void)state;
	make(&ks, tpm.tcti);
	CHECK_RC(BERTH_E_AUTHZ, berth_keystore_clear_device(ks));
	CHECK_OK(sign(ks));
	CHECK_OK(berth_keystore_delete(ks, "s"));
	CHECK_OK(berth_keystore_delete(ks, "a"));
	CHECK_OK(berth_keystore_delete(ks, "ak"));
	CHECK_OK(berth_keystore_clear_device(ks));
	CHECK(berth_keystore_state(ks) == BERTH_KEYSTORE_LOST);
	berth_keystore_close(ks);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, tpm.tcti, false));
	CHECK(test_swtpm_handles(&tpm, PERSISTENT) == 0 && test_swtpm_handles(&tpm, NV) == 0);
	CHECK(test_swtpm_handles(&tpm, TRANSIENT) == 0 && test_swtpm_handles(&tpm, SESSIONS) == 0);
}

static void put_file(const char *path, const void *p, size_t n)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	fclose(f);
}

static void c142_every_changed_byte_of_the_file_is_e_keystore(void **state)
{
	struct berth_tpm2_store s;
	struct berth_keystore *ks;
	uint8_t kek[32], seed[32];
	char path[96], *file;
	size_t n, rest;

	(void)state;
	make(&ks, tpm.tcti);
	memcpy(kek, berth_tpm2_secrets((struct berth_tpm2 *)(void *)ks)->kek, 32);
	berth_keystore_close(ks);
	snprintf(path, sizeof(path), "%s/keys", dir);
	file = test_contents(path, &n);
	for (size_t i = 0; i < 2 * n; i++) {
		size_t len = i < n ? n : i - n;	/* first every flip, then every length */
		uint8_t *exact = malloc(len ? len : 1);

		assert_non_null(exact);
		memcpy(exact, file, len);
		if (i < n)
			exact[i] ^= 1;
		enum berth_err rc = berth_tpm2_store_head(&s, seed, &rest, exact, len);

		if (rc == BERTH_OK && s.ready)
			rc = berth_tpm2_store_body(&s, kek, rest, exact, len);
		CHECK_RC(BERTH_E_KEYSTORE, rc);
		berth_tpm2_store_free(&s);
		free(exact);
	}
	/* and through the front door, with the device's own refusals */
	put_file(path, file, n);
	free(file);
	for (size_t at = 8; at < n; at += 61) {
		FILE *f = fopen(path, "r+b");
		int c;

		assert_non_null(f);
		fseek(f, (long)at, SEEK_SET);
		c = fgetc(f);
		fseek(f, (long)at, SEEK_SET);
		fputc(c ^ 0x10, f);
		fflush(f);
		CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, tpm.tcti, true));
		fseek(f, (long)at, SEEK_SET);
		fputc(c, f);
		fclose(f);
	}
	CHECK_OK(try_open(&ks, tpm.tcti, false));
	CHECK_OK(sign(ks));
	berth_keystore_close(ks);
	CHECK(test_swtpm_handles(&tpm, TRANSIENT) == 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_replaced_blob_is_e_keystore),
		T(the_device_itself_refuses_an_epoch_that_is_over),
		T(a_key_of_an_epoch_ends_with_it),
		T(a_device_is_cleared_after_its_last_key),
		T(c142_every_changed_byte_of_the_file_is_e_keystore),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
