/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of the generation counter in a sealed file: not one of them is synced by itself. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "did/base/secret.h"
#include "did/keystore/keystore.h"
#include "tests/check.h"
#include "tests/fakes/disk.h"
#include "tests/fakes/tmpdir.h"

#define LAG BERTH_COUNTER_LAG

static char dir[TMPDIR_LEN], path[96], uri[128], pass[96];

static enum berth_err try_open(struct berth_keystore **ks, bool create)
{
	const struct berth_keystore_config cfg = { .uri = uri, .passphrase_file = pass, .create = create };

	return berth_keystore_open(ks, &cfg);
}

static int setup(void **state)
{
	static const char key[] = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n";

	(void)state;
	berth_crypto_init();
	test_tmpdir(dir);
	snprintf(path, sizeof(path), "%s/keys", dir);
	snprintf(uri, sizeof(uri), "soft:%s", path);
	snprintf(pass, sizeof(pass), "%s/pass", dir);
	test_write_file(pass, key, strlen(key), 0600);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	unlink(pass);
	return rmdir(dir);	/* nothing else was left there */
}

static void make_one(void)
{
	struct berth_keystore *ks;

	CHECK_OK(try_open(&ks, true));
	CHECK_OK(berth_keystore_generate(ks, "a", BERTH_KEY_ED25519, BERTH_USAGE_SIGN, NULL));
	berth_keystore_close(ks);
}

static void limit_files(rlim_t n)
{
	struct rlimit r;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
	r.rlim_cur = n ? n : r.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

static uint64_t generation(struct berth_keystore *ks)
{
	uint64_t v;
	bool protected_;

	CHECK_OK(berth_keystore_counter_read(ks, BERTH_COUNTER_GENERATION, &v, &protected_));
	assert_false(protected_);
	return v;
}

static uint64_t step(struct berth_keystore *ks, enum berth_counter c)
{
	uint64_t v;

	CHECK_OK(berth_keystore_counter_step(ks, c, &v));
	return v;
}

static void what_is_not_synced_goes_with_what_is(void **state)
{
	struct berth_keystore *ks;

	(void)state;
	make_one();
	disk_watch(path);
	CHECK_OK(try_open(&ks, false));
	for (int i = 1; i < LAG; i++)
		step(ks, BERTH_COUNTER_GENERATION);
	assert_int_equal(disk_syncs(), 0);
	step(ks, BERTH_COUNTER_GENERATION);	/* that many are together */
	assert_int_equal(disk_syncs(), 1);
	for (int i = 1; i < LAG; i++)
		step(ks, BERTH_COUNTER_GENERATION);
	assert_int_equal(disk_syncs(), 1);
	CHECK_OK(berth_keystore_generate(ks, "b", BERTH_KEY_X25519, BERTH_USAGE_AGREE, NULL));
	assert_int_equal(disk_syncs(), 2);	/* theirs as well: it begins anew */
	for (int i = 1; i < LAG; i++)
		step(ks, BERTH_COUNTER_GENERATION);
	assert_int_equal(disk_syncs(), 2);
	step(ks, BERTH_COUNTER_EPOCH);		/* the new file, and the old one that is overwritten */
	assert_int_equal(disk_syncs(), 4);
	step(ks, BERTH_COUNTER_GENERATION);
	berth_keystore_close(ks);
	assert_int_equal(disk_syncs(), 6);	/* the second slot, and the first with the same */
	CHECK_OK(try_open(&ks, false));
	assert_int_equal(generation(ks), 3 * LAG - 1);
	berth_keystore_close(ks);
	assert_int_equal(disk_syncs(), 6);
	disk_power_off(VFS_KEEP, 0);
	disk_power_back();
}

/* The power goes after so many steps: after the first `keys` of them a key was made. */
static void cut_after(int steps, int keys, enum vfs_trouble how, uint32_t seed)
{
	struct berth_keystore *ks;
	uint64_t before, durable, told = 0, found;

	CHECK_OK(try_open(&ks, false));
	durable = before = generation(ks);
	disk_watch(path);
	for (int i = 1; i <= steps; i++) {
		told = step(ks, BERTH_COUNTER_GENERATION);
		if (i == keys)
			CHECK_OK(berth_keystore_generate(ks, "b", BERTH_KEY_X25519, BERTH_USAGE_AGREE, NULL));
		if (i == keys || (i - (i > keys ? keys : 0)) % LAG == 0)
			durable = told;
	}
	assert_int_equal(told, before + (uint64_t)steps);
	disk_power_off(how, seed);
	berth_keystore_close(ks);
	disk_power_back();
	CHECK_OK(try_open(&ks, false));
	found = generation(ks);
	assert_in_range(found, durable, told);
	CHECK(how != VFS_LOSE || found == durable);
	CHECK(how != VFS_KEEP || found == told);
	CHECK(told - found < LAG);
	CHECK(berth_keystore_has(ks, "a") && berth_keystore_has(ks, "b") == (keys > 0));
	CHECK_OK(berth_keystore_delete(ks, "b"));
	berth_keystore_close(ks);
}

static void a_power_cut_takes_steps_alone_and_fewer_than_the_lag(void **state)
{
	static const enum vfs_trouble how[] = { VFS_LOSE, VFS_KEEP, VFS_SHUFFLE, VFS_SHUFFLE, VFS_SHUFFLE };
	uint32_t seed = 1;

	(void)state;
	make_one();
	for (int steps = 1; steps <= 2 * LAG + 1; steps++)
		for (int keys = 0; keys <= steps; keys++)
			for (size_t i = 0; i < sizeof(how) / sizeof(how[0]); i++)
				cut_after(steps, keys, how[i], seed++);
}

/* Killed, opened again, and only then does the power go: what was answered before counts by then. */
static void what_a_killed_process_has_left_is_synced_first(void **state)
{
	struct berth_keystore *ks;
	int told[2], status;
	uint64_t v = 0;
	pid_t pid;

	(void)state;
	make_one();
	disk_watch(path);
	assert_int_equal(pipe(told), 0);
	if ((pid = fork()) == 0) {
		if (try_open(&ks, false))
			_exit(1);
		for (int i = 1; i < LAG; i++)
			v = step(ks, BERTH_COUNTER_GENERATION);
		_exit(write(told[1], &v, sizeof(v)) != sizeof(v));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(read(told[0], &v, sizeof(v)), sizeof(v));
	close(told[0]);
	close(told[1]);
	assert_int_equal(v, LAG - 1);
	assert_int_equal(disk_syncs(), 0);
	CHECK_OK(try_open(&ks, false));
	assert_int_equal(disk_syncs(), 1);
	assert_int_equal(generation(ks), v);
	step(ks, BERTH_COUNTER_GENERATION);
	disk_power_off(VFS_LOSE, 0);
	berth_keystore_close(ks);
	disk_power_back();
	CHECK_OK(try_open(&ks, false));
	assert_int_equal(generation(ks), v);
	berth_keystore_close(ks);
}

/* More than a page is not written in one piece: what was answered is on the disk before it. */
static void a_large_file_is_synced_before_it_is_written_over(void **state)
{
	struct berth_keystore *ks;
	char name[16];

	(void)state;
	CHECK_OK(try_open(&ks, true));
	for (int i = 0; i < 120; i++) {
		snprintf(name, sizeof(name), "k%d", i);
		CHECK_OK(berth_keystore_generate(ks, name, BERTH_KEY_X25519, BERTH_USAGE_AGREE, NULL));
	}
	disk_watch(path);
	for (int i = 0; i < 5; i++) {
		step(ks, BERTH_COUNTER_GENERATION);
		assert_int_equal(disk_syncs(), i);
	}
	disk_power_off(VFS_LOSE, 0);
	berth_keystore_close(ks);
	disk_power_back();
	CHECK_OK(try_open(&ks, false));
	CHECK(generation(ks) == 4 && berth_keystore_count(ks) == 120);
	berth_keystore_close(ks);
}

/* The disk takes a part of what goes over steps that it does not have yet: memory still has
 * them, and the next write brings them. */
static void steps_that_were_written_over_in_part_are_written_again(void **state)
{
	struct berth_keystore *ks;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	make_one();
	for (int at = 0; at < 2; at++) {
		CHECK_OK(try_open(&ks, false));
		if (at)
			CHECK_OK(berth_keystore_generate(ks, "b", BERTH_KEY_X25519, BERTH_USAGE_AGREE, NULL));
		for (int i = 0; i < 3; i++)
			step(ks, BERTH_COUNTER_GENERATION);
		limit_files(4096 + (at ? 0 : 4096) + 300);	/* in the slot whose turn it is */
		CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_generate(ks, "c", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
		limit_files(0);
		assert_int_equal(generation(ks), 4 * at + 3);
		disk_watch(path);
		step(ks, BERTH_COUNTER_GENERATION);
		disk_power_off(VFS_KEEP, 0);
		berth_keystore_close(ks);
		disk_power_back();
		CHECK_OK(try_open(&ks, false));
		assert_int_equal(generation(ks), 4 * at + 4);
		CHECK(berth_keystore_has(ks, "a") && berth_keystore_has(ks, "b") == at && !berth_keystore_has(ks, "c"));
		berth_keystore_close(ks);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(what_is_not_synced_goes_with_what_is),
		T(a_power_cut_takes_steps_alone_and_fewer_than_the_lag),
		T(what_a_killed_process_has_left_is_synced_first),
		T(a_large_file_is_synced_before_it_is_written_over),
		T(steps_that_were_written_over_in_part_are_written_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
