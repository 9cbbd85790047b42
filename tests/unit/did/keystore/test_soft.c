/* SPDX-License-Identifier: Apache-2.0 */
/* The sealed file itself: C142, and where its passphrase comes from. */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "did/crypto/sign.h"
#include "did/keystore/file.h"
#include "did/keystore/keystore.h"
#include "did/keystore/soft_file.h"
#include "tests/check.h"

#define KEY_HEX "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

static char dir[64], path[96], uri[128], pass[96];

static void put(const char *at, const void *p, size_t n, mode_t mode)
{
	FILE *f;

	unlink(at);
	f = fopen(at, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	fclose(f);
	assert_int_equal(chmod(at, mode), 0);
}

static enum berth_err try_open(struct berth_keystore **ks, bool create)
{
	const struct berth_keystore_config cfg = { .uri = uri, .passphrase_file = pass, .create = create };

	return berth_keystore_open(ks, &cfg);
}

static int setup(void **state)
{
	(void)state;
	berth_crypto_init();
	snprintf(dir, sizeof(dir), "/tmp/berth-soft.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/keys", dir);
	snprintf(uri, sizeof(uri), "soft:%s", path);
	snprintf(pass, sizeof(pass), "%s/pass", dir);
	put(pass, KEY_HEX "\n", 65, 0600);
	return 0;
}

static int teardown(void **state)
{
	char cmd[96];

	(void)state;
	snprintf(cmd, sizeof(cmd), "%s/keys.new", dir);
	unlink(cmd);
	unlink(path);
	unlink(pass);
	return rmdir(dir);
}

static void make_one(void)
{
	struct berth_keystore *ks;

	CHECK_OK(try_open(&ks, true));
	CHECK_OK(berth_keystore_generate(ks, "a", BERTH_KEY_ED25519, BERTH_USAGE_SIGN, NULL));
	berth_keystore_close(ks);
}

static void c142_every_flipped_byte_is_e_keystore(void **state)
{
	struct berth_keystore *ks;
	size_t n;
	char *good;

	(void)state;
	make_one();
	good = test_read_file(path, &n);
	for (size_t i = 0; i < n; i++) {
		good[i] ^= 0x01;
		put(path, good, n, 0600);
		CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
		CHECK(!ks);
		good[i] ^= 0x01;
	}
	put(path, good, n, 0600);
	CHECK_OK(try_open(&ks, false));
	CHECK(berth_keystore_count(ks) == 1);
	berth_keystore_close(ks);
	free(good);
}

static void c142_every_truncation_and_one_byte_more_is_e_keystore(void **state)
{
	struct berth_secret *body, *key, *p = NULL;
	struct berth_keystore *ks;
	struct berth_soft_kdf kdf;
	size_t n;
	char *good;

	(void)state;
	make_one();
	good = test_read_file(path, &n);
	CHECK_OK(berth_passphrase_read(&p, pass));
	for (size_t i = 0; i < n; i++) {
		uint8_t *exact = malloc(i ? i : 1);

		assert_non_null(exact);
		memcpy(exact, good, i);
		CHECK_RC(BERTH_E_KEYSTORE, berth_soft_file_open(&body, &kdf, &key, exact, i, p));
		CHECK(!body && !key);
		free(exact);
	}
	put(path, good, n + 1, 0600);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	put(path, "", 0, 0600);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	berth_secret_free(p);
	free(good);
}

static void c142_lax_mode_symlink_hard_link_fifo_are_e_keystore(void **state)
{
	static const mode_t lax[] = { 0644, 0640, 0604, 0660, 0700, 0400, 04600 };
	struct berth_keystore *ks;
	char other[112];

	(void)state;
	make_one();
	for (size_t i = 0; i < sizeof(lax) / sizeof(lax[0]); i++) {
		chmod(path, lax[i]);
		CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	}
	chmod(path, 0600);
	CHECK_OK(try_open(&ks, false));
	berth_keystore_close(ks);

	snprintf(other, sizeof(other), "%s/other", dir);
	assert_int_equal(link(path, other), 0);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	unlink(path);
	assert_int_equal(symlink(other, path), 0);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	unlink(path);
	unlink(other);
	assert_int_equal(mkfifo(path, 0600), 0);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	if (geteuid() == 0) {
		unlink(path);
		make_one();
		assert_int_equal(chown(path, 65534, 65534), 0);
		CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	}
}

static void c142_an_older_copy_put_in_place_while_open_is_e_keystore(void **state)
{
	struct berth_keystore *ks;
	char *old;
	size_t n;

	(void)state;
	make_one();
	old = test_read_file(path, &n);
	CHECK_OK(try_open(&ks, false));
	CHECK_OK(berth_keystore_generate(ks, "b", BERTH_KEY_X25519, BERTH_USAGE_AGREE, NULL));
	put(path, old, n, 0600);
	CHECK_RC(BERTH_E_KEYSTORE,
		 berth_keystore_generate(ks, "c", BERTH_KEY_X25519, BERTH_USAGE_AGREE, NULL));
	CHECK(berth_keystore_count(ks) == 2);
	berth_keystore_close(ks);
	CHECK_OK(try_open(&ks, false));	/* what lies there now is whole, if old */
	CHECK(berth_keystore_count(ks) == 1);
	berth_keystore_close(ks);
	free(old);
}

static void a_file_is_no_store_to_replace(void **state)
{
	struct berth_keystore *ks;
	char *now;
	size_t n;

	(void)state;
	put(path, "somebody's notes", 16, 0600);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	now = test_read_file(path, &n);
	assert_int_equal(n, 16);
	free(now);
}

static void a_second_opener_is_e_keystore(void **state)
{
	struct berth_keystore *ks, *other;

	(void)state;
	CHECK_OK(try_open(&ks, true));
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&other, true));
	CHECK_OK(berth_keystore_generate(ks, "a", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&other, false));	/* the new file is locked too */
	berth_keystore_close(ks);
	CHECK_OK(try_open(&other, false));
	berth_keystore_close(other);
}

static void none_there_and_not_asked_to_make_one(void **state)
{
	struct berth_keystore *ks;

	(void)state;
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, false));
	CHECK(access(path, F_OK) != 0);
}

static void wrong_and_missing_passphrases(void **state)
{
	struct berth_keystore *ks;
	struct berth_keystore_config cfg = { .uri = uri };

	(void)state;
	put(pass, "correct horse", 13, 0600);
	make_one();
	put(pass, "correct horse\n", 14, 0600);	/* the newline is not part of it */
	CHECK_OK(try_open(&ks, false));
	berth_keystore_close(ks);
	put(pass, "correct horsf", 13, 0600);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	put(pass, "\n", 1, 0600);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	put(pass, "correct horse", 13, 0640);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));

	put(pass, "correct horse", 13, 0600);
	setenv("BERTH_PASSPHRASE_FILE", pass, 1);
	CHECK_OK(berth_keystore_open(&ks, &cfg));
	berth_keystore_close(ks);
	unsetenv("BERTH_PASSPHRASE_FILE");
	unsetenv("CREDENTIALS_DIRECTORY");
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_open(&ks, &cfg));
	CHECK(strstr(berth_err_detail(), "BERTH_PASSPHRASE_FILE"));
}

static void a_systemd_credential_serves(void **state)
{
	struct berth_keystore_config cfg = { .uri = uri, .create = true };
	struct berth_keystore *ks;
	char cred[112];

	(void)state;
	snprintf(cred, sizeof(cred), "%s/berth-passphrase", dir);
	put(cred, KEY_HEX, 64, 0440);
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	CHECK_OK(berth_keystore_open(&ks, &cfg));
	berth_keystore_close(ks);
	put(cred, KEY_HEX, 64, 0444);
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_open(&ks, &cfg));
	unsetenv("CREDENTIALS_DIRECTORY");
	unlink(cred);
}

/* What costs memory before anything is authenticated is capped by itself. */
static void the_derivation_a_file_asks_for_is_capped(void **state)
{
	static const struct { size_t at; uint8_t v; } bad[] = {
		{ 8, 2 }, { 9, 0 }, { 9, 4 }, { 9, 2 }, { 10, 1 }, { 13, 0 }, { 13, 11 }, { 14, 1 }, { 15, 2 },
	};
	struct berth_secret *body, *key, *p;
	struct berth_soft_kdf kdf;
	size_t n;
	char *good;

	(void)state;
	put(pass, "correct horse", 13, 0600);
	make_one();
	good = test_read_file(path, &n);
	CHECK_OK(berth_passphrase_read(&p, pass));
	CHECK_OK(berth_soft_file_open(&body, &kdf, &key, good, n, p));
	CHECK(kdf.kdf == BERTH_SOFT_KDF_ARGON2ID && kdf.passes == 3 && kdf.mem_kib == 16384);
	berth_secret_free(body);
	berth_secret_free(key);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char was = good[bad[i].at];

		good[bad[i].at] = (char)bad[i].v;
		CHECK_RC(BERTH_E_KEYSTORE, berth_soft_file_open(&body, &kdf, &key, good, n, p));
		/* with 3 a blob of a TPM would follow, for which there may be no room */
		CHECK(strstr(berth_err_detail(), "version 2") || strstr(berth_err_detail(), "key derivation") ||
		      (bad[i].v == 3 && strstr(berth_err_detail(), "not a sealed")));
		good[bad[i].at] = was;
	}
	berth_secret_free(p);
	free(good);
}

static void machine_made_passphrases_are_told_apart(void **state)
{
	static const struct { const char *text; bool key; } cases[] = {
		{ KEY_HEX, true },
		{ "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=", true },
		{ "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg", true },
		{ "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCg==", false },
		{ "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a0", false },
		{ "correcthorsebatterystaplecorrecthorsebatter", false },
		{ "0000000000000000000000000000000000000000000000000000000000000000", false },
		{ "correct horse", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct berth_secret s = { strlen(cases[i].text), (uint8_t *)(uintptr_t)cases[i].text };

		if (berth_passphrase_is_key(&s) != cases[i].key)
			fail_msg("%s", cases[i].text);
	}
}

static void an_interrupted_write_leaves_the_store_whole(void **state)
{
	struct berth_keystore *ks;
	char tmp[112];

	(void)state;
	make_one();
	snprintf(tmp, sizeof(tmp), "%s/keys.new", dir);
	put(tmp, "half", 4, 0600);
	CHECK_OK(try_open(&ks, false));
	CHECK_OK(berth_keystore_generate(ks, "b", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK(access(tmp, F_OK) != 0);
	/* a folder in its way: the write fails, nothing has changed */
	assert_int_equal(mkdir(tmp, 0700), 0);
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_generate(ks, "c", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK(!berth_keystore_has(ks, "c") && berth_keystore_has(ks, "b"));
	rmdir(tmp);
	CHECK_OK(berth_keystore_generate(ks, "c", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	berth_keystore_close(ks);
	CHECK_OK(try_open(&ks, false));
	CHECK(berth_keystore_count(ks) == 3);
	berth_keystore_close(ks);
}

/* Whether the file that was at path is now nothing but zeros. */
static bool is_zeros(int fd)
{
	uint8_t b[4096];
	ssize_t n = pread(fd, b, sizeof(b), 0);

	assert_true(n > 0);
	for (ssize_t i = 0; i < n; i++)
		if (b[i])
			return false;
	return true;
}

/* P8 without a TPM, as far as it goes: the file that had the epoch's key is not just unlinked. */
static void the_end_of_an_epoch_overwrites_its_key(void **state)
{
	struct berth_keystore *ks;
	uint64_t v;
	int old;

	(void)state;
	CHECK_OK(try_open(&ks, true));
	old = open(path, O_RDONLY);
	assert_true(old >= 0);
	CHECK_OK(berth_keystore_counter_step(ks, BERTH_COUNTER_GENERATION, &v));
	assert_false(is_zeros(old));	/* the twin: other changes leave it to the file system */
	close(old);
	old = open(path, O_RDONLY);
	CHECK_OK(berth_keystore_counter_step(ks, BERTH_COUNTER_EPOCH, &v));
	assert_true(is_zeros(old));
	close(old);
	old = open(path, O_RDONLY);
	CHECK_OK(berth_keystore_counter_step(ks, BERTH_COUNTER_GENERATION, &v));
	assert_false(is_zeros(old));
	close(old);
	berth_keystore_close(ks);
	CHECK_OK(try_open(&ks, false));	/* and the file in its place is whole */
	berth_keystore_close(ks);
}

/* One file takes the other's place: no third is made, and what is taken away is in neither. */
static void the_file_before_is_written_over(void **state)
{
	struct berth_keystore *ks;
	struct stat st[4];
	char tmp[112];
	uint64_t v;
	int old[2];

	(void)state;
	snprintf(tmp, sizeof(tmp), "%s/keys.new", dir);
	CHECK_OK(try_open(&ks, true));
	for (int i = 0; i < 4; i++) {
		CHECK_OK(berth_keystore_counter_step(ks, BERTH_COUNTER_GENERATION, &v));
		assert_int_equal(stat(path, &st[i]), 0);
		assert_int_equal(st[i].st_mode & 07777, 0600);
	}
	CHECK(st[2].st_ino == st[0].st_ino && st[3].st_ino == st[1].st_ino && st[0].st_ino != st[1].st_ino);
	CHECK_OK(berth_keystore_generate(ks, "a", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK_OK(berth_keystore_generate(ks, "b", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	assert_int_equal(access(tmp, F_OK), 0);
	/* somebody's file under that name is not written into */
	unlink(tmp);
	put(tmp, "half", 4, 0600);
	old[0] = open(tmp, O_RDONLY);
	CHECK_OK(berth_keystore_generate(ks, "c", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	assert_int_equal(lseek(old[0], 0, SEEK_END), 4);
	close(old[0]);
	CHECK_OK(berth_keystore_counter_step(ks, BERTH_COUNTER_GENERATION, &v));
	CHECK_OK(berth_keystore_delete(ks, "a"));
	CHECK(access(tmp, F_OK) != 0);
	/* the end of an epoch: both are zeros, also when the other one is left of a process that was killed */
	CHECK_OK(berth_keystore_counter_step(ks, BERTH_COUNTER_GENERATION, &v));
	old[0] = open(path, O_RDONLY);
	old[1] = open(tmp, O_RDONLY);
	assert_true(old[0] >= 0 && old[1] >= 0);
	assert_false(is_zeros(old[0]) || is_zeros(old[1]));
	CHECK_OK(berth_keystore_counter_step(ks, BERTH_COUNTER_EPOCH, &v));
	assert_true(is_zeros(old[0]) && is_zeros(old[1]));
	close(old[0]);
	close(old[1]);
	berth_keystore_close(ks);
	CHECK(access(tmp, F_OK) != 0);
	put(tmp, "left by a kill", 14, 0600);
	old[1] = open(tmp, O_RDONLY);
	CHECK_OK(try_open(&ks, false));
	CHECK(berth_keystore_count(ks) == 2 && berth_keystore_has(ks, "b") && berth_keystore_has(ks, "c"));
	CHECK_OK(berth_keystore_counter_step(ks, BERTH_COUNTER_EPOCH, &v));
	assert_true(is_zeros(old[1]));
	close(old[1]);
	berth_keystore_close(ks);
}

/* Of either file nothing is lost when the process is killed in the middle of the other. */
static void a_process_that_is_killed_leaves_a_whole_file(void **state)
{
	struct berth_keystore *ks;
	uint64_t v, last = 0;
	bool protected_;

	(void)state;
	make_one();
	for (int i = 0; i < 20; i++) {
		int told[2], status;
		pid_t pid;

		assert_int_equal(pipe(told), 0);
		if ((pid = fork()) == 0) {
			if (try_open(&ks, false))
				_exit(1);
			for (;;)
				if (berth_keystore_counter_step(ks, BERTH_COUNTER_GENERATION, &v) ||
				    write(told[1], &v, sizeof(v)) != sizeof(v))
					_exit(2);
		}
		close(told[1]);
		for (int n = 0; n < 3 + i % 4; n++)
			assert_int_equal(read(told[0], &last, sizeof(last)), sizeof(last));
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		CHECK(WIFSIGNALED(status));
		while (read(told[0], &v, sizeof(v)) == sizeof(v))
			last = v;
		close(told[0]);
		CHECK_OK(try_open(&ks, false));
		CHECK_OK(berth_keystore_counter_read(ks, BERTH_COUNTER_GENERATION, &v, &protected_));
		CHECK(v == last || v == last + 1);
		berth_keystore_close(ks);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(c142_every_flipped_byte_is_e_keystore),
		T(c142_every_truncation_and_one_byte_more_is_e_keystore),
		T(c142_lax_mode_symlink_hard_link_fifo_are_e_keystore),
		T(c142_an_older_copy_put_in_place_while_open_is_e_keystore),
		T(a_file_is_no_store_to_replace),
		T(the_end_of_an_epoch_overwrites_its_key),
		T(the_file_before_is_written_over), T(a_process_that_is_killed_leaves_a_whole_file),
		T(a_second_opener_is_e_keystore),
		T(none_there_and_not_asked_to_make_one),
		T(wrong_and_missing_passphrases),
		T(a_systemd_credential_serves),
		T(the_derivation_a_file_asks_for_is_capped),
		T(machine_made_passphrases_are_told_apart),
		T(an_interrupted_write_leaves_the_store_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
