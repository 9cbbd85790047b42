/* SPDX-License-Identifier: Apache-2.0 */
/* The sealed file itself: C142, and where its passphrase comes from. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "did/crypto/sign.h"
#include "did/keystore/file.h"
#include "did/keystore/keystore.h"
#include "did/keystore/soft_file.h"
#include "tests/check.h"
#include "tests/unit/did/keystore/contents.h"

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

static void every_flip_is_e_keystore(char *good, size_t n)
{
	struct berth_keystore *ks;

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
}

/* Of the file, whose slot has a hash, and of what is sealed in it. */
static void c142_every_flipped_byte_is_e_keystore(void **state)
{
	char *file, *contents;
	size_t n, m;

	(void)state;
	make_one();
	file = test_read_file(path, &n);
	contents = test_contents(path, &m);
	every_flip_is_e_keystore(file, n);
	every_flip_is_e_keystore(contents, m);
	free(file);
	free(contents);
}

static void every_other_length_is_e_keystore(char *good, size_t n)
{
	struct berth_keystore *ks;

	for (size_t i = 0; i < n; i++) {
		put(path, good, i, 0600);
		CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	}
	put(path, good, n + 1, 0600);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	put(path, "", 0, 0600);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
}

static void c142_every_truncation_and_one_byte_more_is_e_keystore(void **state)
{
	struct berth_secret *body, *key, *p = NULL;
	struct berth_soft_kdf kdf;
	char *file, *contents;
	size_t n, m;

	(void)state;
	make_one();
	file = test_read_file(path, &n);
	contents = test_contents(path, &m);
	CHECK_OK(berth_passphrase_read(&p, pass));
	for (size_t i = 0; i < m; i++) {
		uint8_t *exact = malloc(i ? i : 1);

		assert_non_null(exact);
		memcpy(exact, contents, i);
		CHECK_RC(BERTH_E_KEYSTORE, berth_soft_file_open(&body, &kdf, &key, exact, i, p));
		CHECK(!body && !key);
		free(exact);
	}
	every_other_length_is_e_keystore(file, n);
	every_other_length_is_e_keystore(contents, m);
	berth_secret_free(p);
	free(file);
	free(contents);
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
	good = test_contents(path, &n);
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

static void reopened_has(size_t keys)
{
	struct berth_keystore *ks;

	CHECK_OK(try_open(&ks, false));
	assert_int_equal(berth_keystore_count(ks), keys);
	berth_keystore_close(ks);
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
	CHECK_OK(berth_keystore_delete(ks, "a"));
	CHECK(access(tmp, F_OK) != 0);
	/* a folder in its way: the write fails, nothing has changed */
	assert_int_equal(mkdir(tmp, 0700), 0);
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_delete(ks, "b"));
	CHECK(berth_keystore_has(ks, "b"));
	rmdir(tmp);
	CHECK_OK(berth_keystore_delete(ks, "b"));
	CHECK_OK(berth_keystore_generate(ks, "c", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	berth_keystore_close(ks);
	reopened_has(1);
}

static void limit_files(rlim_t n)
{
	struct rlimit r;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
	r.rlim_cur = n ? n : r.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

/* A slot of which the disk takes a part only. */
static void a_slot_that_cannot_be_written_to_its_end_leaves_the_store_whole(void **state)
{
	struct berth_keystore *ks;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	CHECK_OK(try_open(&ks, true));
	limit_files(4096 + 4096 + 300);
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_generate(ks, "a", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK(!berth_keystore_has(ks, "a"));
	limit_files(0);
	CHECK_OK(berth_keystore_generate(ks, "a", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK_OK(berth_keystore_generate(ks, "b", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	limit_files(4096 + 4096 + 300);
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_generate(ks, "c", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	berth_keystore_close(ks);	/* which cannot write its last words either */
	limit_files(0);
	reopened_has(2);
}

/* Whether the file that was at path is now nothing but zeros. */
static bool is_zeros(int fd)
{
	uint8_t b[65536];
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
	char tmp[112];
	uint64_t v;
	int old, left;

	(void)state;
	CHECK_OK(try_open(&ks, true));
	old = open(path, O_RDONLY);
	assert_true(old >= 0);
	CHECK_OK(berth_keystore_generate(ks, "a", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK_OK(berth_keystore_delete(ks, "a"));
	assert_false(is_zeros(old));	/* the twin: other changes leave it to the file system */
	close(old);
	CHECK_OK(berth_keystore_counter_step(ks, BERTH_COUNTER_GENERATION, &v));
	old = open(path, O_RDONLY);
	/* and what a process that was killed has left */
	snprintf(tmp, sizeof(tmp), "%s/keys.new", dir);
	put(tmp, "left by a kill", 14, 0600);
	left = open(tmp, O_RDONLY);
	CHECK_OK(berth_keystore_counter_step(ks, BERTH_COUNTER_EPOCH, &v));
	assert_true(is_zeros(old) && is_zeros(left));
	close(old);
	close(left);
	CHECK(access(tmp, F_OK) != 0);
	old = open(path, O_RDONLY);
	CHECK_OK(berth_keystore_counter_step(ks, BERTH_COUNTER_GENERATION, &v));
	assert_false(is_zeros(old));
	close(old);
	berth_keystore_close(ks);
	reopened_has(0);	/* and the file in its place is whole */
}

static struct stat now_at(void)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	return st;
}

/* What is new goes into the file that is there; for what has to go there is another one,
 * in no slot of which it is. */
static void what_is_added_is_written_in_place(void **state)
{
	struct berth_keystore *ks;
	struct stat first, second;
	char tmp[112], *file;
	uint64_t v;
	size_t n;

	(void)state;
	snprintf(tmp, sizeof(tmp), "%s/keys.new", dir);
	CHECK_OK(try_open(&ks, true));
	first = now_at();
	for (int i = 0; i < 3; i++)
		CHECK_OK(berth_keystore_counter_step(ks, BERTH_COUNTER_GENERATION, &v));
	CHECK_OK(berth_keystore_generate(ks, "a", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK_OK(berth_keystore_generate(ks, "b", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	assert_int_equal(now_at().st_ino, first.st_ino);
	CHECK(now_at().st_size == first.st_size && access(tmp, F_OK) != 0);
	CHECK_OK(berth_keystore_delete(ks, "a"));
	second = now_at();
	CHECK(second.st_ino != first.st_ino && second.st_size == 3 * 4096);
	file = test_read_file(path, &n);
	for (size_t i = 2 * 4096; i < n; i++)
		assert_int_equal(file[i], 0);
	free(file);
	CHECK_OK(berth_keystore_generate(ks, "c", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	assert_int_equal(now_at().st_ino, second.st_ino);
	berth_keystore_close(ks);
	CHECK(now_at().st_ino == second.st_ino && now_at().st_size == 2 * 4096);
	reopened_has(2);
	assert_int_equal(now_at().st_size, 2 * 4096);
}

static void a_file_grows_with_its_keys(void **state)
{
	struct berth_keystore *ks;
	ino_t was;
	int files = 0;
	char name[16];

	(void)state;
	CHECK_OK(try_open(&ks, true));
	was = now_at().st_ino;
	for (int i = 0; i < 120; i++) {
		snprintf(name, sizeof(name), "k%d", i);
		CHECK_OK(berth_keystore_generate(ks, name, BERTH_KEY_X25519, BERTH_USAGE_AGREE, NULL));
		files += now_at().st_ino != was;
		was = now_at().st_ino;
	}
	CHECK(files > 0 && files < 4);
	berth_keystore_close(ks);
	reopened_has(120);
}

/* Written by the version before: Ed25519 "a", X25519 "b". */
static void a_file_of_the_version_before_is_read_and_written(void **state)
{
	static const uint8_t before[] = {
		0x42, 0x45, 0x52, 0x54, 0x48, 0x4b, 0x45, 0x59, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xc5,
		0x95, 0xe4, 0x86, 0xc2, 0x4c, 0xf5, 0xa8, 0xdd, 0xdc, 0xcf, 0x18, 0xaf, 0xba, 0x69, 0x18, 0xc8, 0x5c, 0xe4, 0xcf,
		0x75, 0x8d, 0x92, 0x61, 0x5e, 0xeb, 0xbf, 0x2e, 0xfa, 0x44, 0x63, 0x50, 0x48, 0xa8, 0x80, 0xa4, 0xff, 0xf6, 0xf7,
		0xba, 0xda, 0x0d, 0x95, 0x33, 0xc2, 0x17, 0x00, 0x6d, 0xc4, 0xed, 0x05, 0x30, 0x80, 0xe6, 0xc6, 0xc6, 0x1d, 0x7a,
		0x93, 0x7d, 0xe0, 0x18, 0xb9, 0x3d, 0x50, 0xa1, 0x70, 0xd8, 0x83, 0xc8, 0xce, 0x5d, 0x40, 0x24, 0xa8, 0x4d, 0x32,
		0x79, 0x35, 0x67, 0xed, 0x7a, 0x47, 0xb5, 0x6a, 0xdc, 0x3e, 0x23, 0x6d, 0x58, 0xf0, 0x98, 0x49, 0xa1, 0xd8, 0x0c,
		0xd6, 0xbb, 0x69, 0xb1, 0xd4, 0x20, 0xff, 0x59, 0xa5, 0x1f, 0x28, 0x7d, 0xd1, 0x0a, 0x98, 0x0d, 0x2e, 0x2f, 0xe6,
		0x0c, 0xd9, 0x64, 0x3a, 0x82, 0x02, 0xb7, 0x45, 0x14, 0x1e, 0x76, 0xf6, 0x39, 0xcd, 0x9b, 0x19, 0x1b, 0xde, 0xdf,
		0x56, 0x5a, 0x6b, 0xa0, 0x9d, 0x0f, 0xb2, 0x45, 0xda, 0x12, 0x57, 0xbf, 0x18, 0x76, 0xb6, 0x72, 0x48, 0xcf, 0x2f,
		0x70, 0xaf, 0xa8, 0xf9, 0x73, 0x8e, 0xd7, 0xc1, 0x08, 0xcf, 0xc9, 0xe6, 0xf6, 0xd6, 0x69, 0x6c, 0xe9, 0xaa, 0x3c,
		0x3e, 0xb0, 0x37, 0x2b, 0x37, 0xb9, 0x65, 0x57, 0x06, 0x03, 0x44, 0x59, 0xee, 0xbc, 0x78, 0x0c, 0x25, 0x08, 0x7d,
		0x8b, 0x2b, 0xe2, 0x42, 0xa8, 0x51, 0xba, 0xc8, 0x46, 0x86, 0x97, 0x53, 0x05, 0x72, 0x20, 0x5f, 0x51, 0xa5, 0x43,
		0x19, 0x78, 0xc0, 0x06, 0xbc, 0xc1, 0xca, 0xac,
	};
	static const uint8_t x_of_a[] = { 0x93, 0x71, 0x41, 0xe5, 0x28, 0x5f, 0xd5, 0xc1, 0x0d, 0xd2, 0xa4, 0xfb, 0x29, 0xb8, 0x84, 0xb3 };
	struct berth_key_info a;
	struct berth_keystore *ks;
	char magic[9] = "";

	(void)state;
	put(path, before, sizeof(before), 0600);
	reopened_has(2);
	assert_int_equal(now_at().st_size, sizeof(before));	/* who only reads leaves it as it is */
	CHECK_OK(try_open(&ks, false));
	CHECK_OK(berth_keystore_find(ks, "a", &a));
	assert_memory_equal(a.pub.b, x_of_a, sizeof(x_of_a));
	CHECK_OK(berth_keystore_generate(ks, "c", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	berth_keystore_close(ks);
	FILE *f = fopen(path, "rb");

	assert_true(f && fread(magic, 1, 8, f) == 8);
	fclose(f);
	assert_string_equal(magic, "BERTHTWO");
	reopened_has(3);
}

/* Nothing that was answered is lost when the process is killed in the middle of a write:
 * into a slot, of a whole file, or of the last one while closing. */
static void works_until_killed(int told)
{
	struct berth_keystore *ks;
	uint64_t v;

	for (;;) {
		if (try_open(&ks, false))
			_exit(1);
		for (int i = 0; i < 5; i++)
			if (berth_keystore_counter_step(ks, BERTH_COUNTER_GENERATION, &v) || write(told, &v, sizeof(v)) != sizeof(v))
				_exit(2);
		if (berth_keystore_generate(ks, "b", BERTH_KEY_ED25519, BERTH_USAGE_SIGN, NULL) || berth_keystore_delete(ks, "b"))
			_exit(3);
		berth_keystore_close(ks);
	}
}

static void a_process_that_is_killed_leaves_a_whole_file(void **state)
{
	struct berth_keystore *ks;
	uint64_t v, last = 0;
	bool protected_;

	(void)state;
	make_one();
	for (int i = 0; i < 40; i++) {
		int told[2], status;
		pid_t pid;

		assert_int_equal(pipe(told), 0);
		if ((pid = fork()) == 0)
			works_until_killed(told[1]);
		close(told[1]);
		for (int n = 0; n < 1 + i % 11; n++)
			assert_int_equal(read(told[0], &last, sizeof(last)), sizeof(last));
		usleep((useconds_t)(i * 37));	/* no result is waited for: it is killed somewhere */
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		CHECK(WIFSIGNALED(status));
		while (read(told[0], &v, sizeof(v)) == sizeof(v))
			last = v;
		close(told[0]);
		CHECK_OK(try_open(&ks, false));
		CHECK_OK(berth_keystore_counter_read(ks, BERTH_COUNTER_GENERATION, &v, &protected_));
		CHECK(v == last || v == last + 1);
		CHECK(berth_keystore_has(ks, "a"));
		CHECK_OK(berth_keystore_delete(ks, "b"));
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
		T(what_is_added_is_written_in_place),
		T(a_file_grows_with_its_keys),
		T(a_file_of_the_version_before_is_read_and_written),
		T(a_process_that_is_killed_leaves_a_whole_file),
		T(a_slot_that_cannot_be_written_to_its_end_leaves_the_store_whole),
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
