/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/tmpdir.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"

void test_tmpdir(char out[TMPDIR_LEN])
{
	const char *base = getenv("TMPDIR");

	snprintf(out, TMPDIR_LEN, "%s/berth.XXXXXX", base && strlen(base) < 40 ? base : "/tmp");
	if (!mkdtemp(out))
		fail_msg("mkdtemp %s", out);
}

void test_tmpdir_remove(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char path[512];

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (e->d_type == DT_DIR)
			test_tmpdir_remove(path);
		else
			unlink(path);
	}
	if (d)
		closedir(d);
	rmdir(dir);
}

int test_tmpdir_teardown(void **state)
{
	test_tmpdir_remove(*state);
	return 0;
}

const char *test_path(const char *dir, const char *name)
{
	static char ring[4][512];
	static unsigned next;
	char *out = ring[next++ % 4];

	snprintf(out, sizeof(ring[0]), "%s/%s", dir, name);
	return out;
}

void test_write_file(const char *path, const void *p, size_t n, unsigned mode)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(p, 1, n, f) != n || fclose(f) || chmod(path, mode))
		fail_msg("cannot write %s", path);
}
