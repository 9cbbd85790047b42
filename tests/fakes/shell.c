/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/shell.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/check.h"

int test_run(const char *const argv[])
{
	int status = -1;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void test_build_adapter(const char *out, const char *source, const char *flag)
{
	const char *argv[] = { "cc", "-Iinclude", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared",
			       "-fvisibility=hidden", "-o", out, source, flag[0] ? flag : NULL, NULL };

	if (test_run(argv) != 0)
		fail_msg("cannot build %s %s", source, flag);
	chmod(out, 0755);
}

void test_fake_adapter(char out[TEST_ADAPTER_LEN], const char *dir, const char *name)
{
	char source[64];

	snprintf(out, TEST_ADAPTER_LEN, "%s/%s.so", dir, name);
	snprintf(source, sizeof(source), "tests/fakes/adapters/%s.c", name);
	test_build_adapter(out, source, "");
}
