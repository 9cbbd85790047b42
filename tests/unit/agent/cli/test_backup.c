/* SPDX-License-Identifier: Apache-2.0 */
/* A backup opens with its passphrase and whole, or not at all; and what is inside is read
 * with care, although we wrote it. */
#include <string.h>

#include "agent/cli/backup.h"
#include "did/base/secret.h"
#include "did/crypto/keypair.h"
#include "tests/check.h"

static struct berth_secret *secret(const char *text)
{
	struct berth_secret *s = berth_secret_new(strlen(text));

	assert_non_null(s);
	memcpy(s->b, text, strlen(text));
	return s;
}

static void make(struct berth_buf *out, struct berth_secret *pass)
{
	struct berth_buf plain = BERTH_BUF_INIT;

	berth_backup_add(&plain, "store", "bytes", 5);
	berth_backup_add(&plain, "keystore/main", "", 0);
	CHECK_OK(berth_backup_seal(out, &plain, pass));
	berth_buf_free(&plain);
}

static enum berth_err open_(const void *p, size_t n, struct berth_secret *pass)
{
	struct berth_buf plain = BERTH_BUF_INIT;
	enum berth_err rc = berth_backup_open(&plain, p, n, pass);

	if (rc)
		assert_int_equal(plain.len, 0);
	berth_buf_free(&plain);
	return rc;
}

static void what_was_put_in_comes_out(void **state)
{
	struct berth_secret *pass = secret("correct horse"), *other = secret("correct hors");
	struct berth_buf file = BERTH_BUF_INIT, plain = BERTH_BUF_INIT;
	struct berth_backup_file f[BERTH_BACKUP_FILES_MAX];
	size_t n;

	(void)state;
	make(&file, pass);
	CHECK_OK(berth_backup_open(&plain, file.p, file.len, pass));
	CHECK_OK(berth_backup_files(f, &n, &plain));
	assert_int_equal(n, 2);
	assert_string_equal(f[0].name, "store");
	assert_int_equal(f[0].n, 5);
	assert_memory_equal(f[0].p, "bytes", 5);
	assert_string_equal(f[1].name, "keystore/main");
	assert_int_equal(f[1].n, 0);
	CHECK_RC(BERTH_E_DECRYPT, open_(file.p, file.len, other));
	berth_buf_free(&file);
	berth_buf_free(&plain);
	berth_secret_free(pass);
	berth_secret_free(other);
}

/* One pass over 8 KiB, so that each byte can be tried. */
static void cheap(struct berth_buf *file)
{
	memcpy(file->p + 9, (uint8_t[]){ 0, 0, 0, 1, 0, 0, 0, 8 }, 8);
}

static void no_byte_can_be_changed_and_no_end_cut_off(void **state)
{
	struct berth_secret *pass = secret("correct horse");
	struct berth_buf file = BERTH_BUF_INIT;

	(void)state;
	make(&file, pass);
	CHECK_OK(open_(file.p, file.len, pass));
	cheap(&file);
	CHECK_RC(BERTH_E_DECRYPT, open_(file.p, file.len, pass));	/* the cost is authenticated, too */
	for (size_t n = 0; n < file.len; n++)
		CHECK_RC(n < 73 ? BERTH_E_ENV : BERTH_E_DECRYPT, open_(file.p, n, pass));
	for (size_t i = 0; i < file.len; i++) {
		if (i >= 9 && i < 17)
			continue;	/* the cost: below */
		file.p[i] ^= 1;
		CHECK_RC(i < 9 ? BERTH_E_ENV : BERTH_E_DECRYPT, open_(file.p, file.len, pass));
		file.p[i] ^= 1;
	}
	berth_buf_free(&file);
	berth_secret_free(pass);
}

static void a_cost_that_starves_the_machine_is_not_paid(void **state)
{
	static const uint8_t costs[][8] = {
		{ 0, 0, 0, 0, 0, 0, 0, 8 }, { 0, 0, 0, 17, 0, 0, 0, 8 }, { 0, 0, 0, 1, 0, 0, 0, 7 }, { 0, 0, 0, 1, 0, 4, 0, 1 },
		{ 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 8 }, { 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff },
	};
	struct berth_secret *pass = secret("correct horse");
	struct berth_buf file = BERTH_BUF_INIT;

	(void)state;
	make(&file, pass);
	for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
		memcpy(file.p + 9, costs[i], 8);
		CHECK_RC(BERTH_E_ENV, open_(file.p, file.len, pass));
	}
	berth_buf_free(&file);
	berth_secret_free(pass);
}

static void every_truncation_of_the_inside_is_refused(void **state)
{
	struct berth_backup_file f[BERTH_BACKUP_FILES_MAX];
	struct berth_buf plain = BERTH_BUF_INIT;
	size_t n, whole;

	(void)state;
	berth_backup_add(&plain, "store", "bytes", 5);
	whole = plain.len;
	for (size_t len = 1; len < whole; len++) {
		const struct berth_buf cut = { .p = plain.p, .len = len };

		CHECK_RC(BERTH_E_ENV, berth_backup_files(f, &n, &cut));
	}
	CHECK_OK(berth_backup_files(f, &n, &plain));
	for (int i = 0; i < BERTH_BACKUP_FILES_MAX - 1; i++)
		berth_backup_add(&plain, "k", "", 0);
	CHECK_OK(berth_backup_files(f, &n, &plain));
	berth_backup_add(&plain, "k", "", 0);
	CHECK_RC(BERTH_E_ENV, berth_backup_files(f, &n, &plain));
	berth_buf_free(&plain);
}

/* ---- for a public key ---- */
static void make_to(struct berth_buf *out, const struct berth_pubkey *to)
{
	struct berth_buf plain = BERTH_BUF_INIT;

	berth_backup_add(&plain, "store", "bytes", 5);
	CHECK_OK(berth_backup_seal_to(out, &plain, to));
	berth_buf_free(&plain);
}

static enum berth_err open_with(const void *p, size_t n, const struct berth_privkey *mine)
{
	struct berth_buf plain = BERTH_BUF_INIT;
	enum berth_err rc = berth_backup_open_with(&plain, p, n, mine);

	assert_int_equal(plain.len, rc ? 0 : 2 + 5 + 8 + 5);
	berth_buf_free(&plain);
	return rc;
}

static void a_backup_for_a_key_is_for_that_key(void **state)
{
	static const enum berth_key_type types[] = { BERTH_KEY_X25519, BERTH_KEY_P256, BERTH_KEY_P384, BERTH_KEY_P521 };
	struct berth_privkey mine, other, signs;
	struct berth_secret *pass = secret("correct horse");
	struct berth_buf file = BERTH_BUF_INIT, under = BERTH_BUF_INIT, plain = BERTH_BUF_INIT;

	(void)state;
	make(&under, pass);
	CHECK_OK(berth_keypair_generate(&signs, BERTH_KEY_ED25519));
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		CHECK_OK(berth_keypair_generate(&mine, types[i]));
		CHECK_OK(berth_keypair_generate(&other, types[i]));
		berth_buf_reset(&file);
		make_to(&file, &mine.pub);
		CHECK_OK(open_with(file.p, file.len, &mine));
		CHECK_RC(BERTH_E_DECRYPT, open_with(file.p, file.len, &other));
		CHECK_RC(BERTH_E_DECRYPT, open_with(file.p, file.len, &signs));
		CHECK_RC(BERTH_E_ENV, open_(file.p, file.len, pass));		/* not under a passphrase, */
		CHECK_RC(BERTH_E_ENV, open_with(under.p, under.len, &mine));	/* and the other way round */
	}
	CHECK_RC(BERTH_E_KEY, berth_backup_seal_to(&plain, &under, &signs.pub));
	berth_buf_free(&plain);
	berth_buf_free(&under);
	berth_buf_free(&file);
	berth_secret_free(pass);
}

static void no_byte_of_it_can_be_changed_and_no_end_cut_off(void **state)
{
	struct berth_buf file = BERTH_BUF_INIT;
	struct berth_privkey mine;

	(void)state;
	CHECK_OK(berth_keypair_generate(&mine, BERTH_KEY_X25519));
	make_to(&file, &mine.pub);
	for (size_t n = 0; n < file.len; n++)
		CHECK_RC(n < 10 + 32 + 24 + 16 ? BERTH_E_ENV : BERTH_E_DECRYPT, open_with(file.p, n, &mine));
	for (size_t i = 0; i < file.len; i++) {
		file.p[i] ^= 1;
		CHECK_RC(i < 9 ? BERTH_E_ENV : BERTH_E_DECRYPT, open_with(file.p, file.len, &mine));
		file.p[i] ^= 1;
	}
	memset(file.p + 10, 0, 32);	/* a point that agrees with everybody on nothing */
	CHECK_RC(BERTH_E_DECRYPT, open_with(file.p, file.len, &mine));
	file.p[9] = 255;
	CHECK_RC(BERTH_E_ENV, open_with(file.p, file.len, &mine));
	berth_buf_free(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_put_in_comes_out),
		cmocka_unit_test(no_byte_can_be_changed_and_no_end_cut_off),
		cmocka_unit_test(a_cost_that_starves_the_machine_is_not_paid),
		cmocka_unit_test(every_truncation_of_the_inside_is_refused),
		cmocka_unit_test(a_backup_for_a_key_is_for_that_key),
		cmocka_unit_test(no_byte_of_it_can_be_changed_and_no_end_cut_off),
	};

	berth_crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
