/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/ipc/proc.h"
#include "did/base/log.h"

/* Since ABI 3 and 5; headers may be older than the kernel. */
#define TRUNCATE (1ull << 14)
#define IOCTL_DEV (1ull << 15)

#define READ_FILE LANDLOCK_ACCESS_FS_READ_FILE
#define READ (READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_FILE (LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE)
#define SOCKETS (LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE)
#define WRITE (WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)
#define FOLDERS (LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR)

/* What a kernel of this ABI can forbid: all of it, each version more. */
static uint64_t known(long abi)
{
	uint64_t all = LANDLOCK_ACCESS_FS_MAKE_SYM | (LANDLOCK_ACCESS_FS_MAKE_SYM - 1);

	if (abi >= 2)
		all |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		all |= TRUNCATE;
	if (abi >= 5)
		all |= IOCTL_DEV;
	return all;
}

static enum berth_err failed(const char *what, const char *path)
{
	return berth_fail(BERTH_E_INTERNAL, "landlock: %s%s: %m", what, path);
}

static uint64_t access_to(const struct berth_proc_path *p, bool dir)
{
	uint64_t run = p->run ? LANDLOCK_ACCESS_FS_EXECUTE : 0;

	if (!dir)
		return run | READ_FILE | (p->write ? WRITE_FILE : 0);
	return run | READ | (p->write ? WRITE : 0) | (p->sockets ? SOCKETS : 0) | (p->folders ? FOLDERS : 0);
}

static enum berth_err add_path(int rules, uint64_t mask, const struct berth_proc_path *p)
{
	struct landlock_path_beneath_attr rule = { .parent_fd = open(p->path, O_PATH | O_CLOEXEC) };
	enum berth_err rc = BERTH_OK;
	struct stat st;

	if (rule.parent_fd < 0)
		return p->maybe ? BERTH_OK : failed("open ", p->path);
	if (fstat(rule.parent_fd, &st)) {
		rc = failed("stat ", p->path);
	} else {
		rule.allowed_access = mask & access_to(p, S_ISDIR(st.st_mode));
		if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0))
			rc = failed("allow ", p->path);
	}
	close(rule.parent_fd);
	return rc;
}

static enum berth_err restrict_self(int rules, uint64_t mask, const struct berth_proc_path *v, size_t n)
{
	enum berth_err rc;

	for (size_t i = 0; i < n; i++)
		if ((rc = add_path(rules, mask, &v[i])))
			return rc;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_landlock_restrict_self, rules, 0))
		return failed("restrict", "");
	return BERTH_OK;
}

static long version(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

bool berth_proc_can_landlock(void) { return version() >= 1; }

enum berth_err berth_proc_landlock(const struct berth_proc_path *v, size_t n)
{
	long abi = version();
	struct landlock_ruleset_attr attr = { .handled_access_fs = known(abi) };
	enum berth_err rc;
	int rules;

	if (abi < 1) {
		berth_log(BERTH_LOG_INFO, "landlock", "not to be had here (%m): files are guarded by their modes alone");
		return BERTH_OK;
	}
	/* the oldest layout of the structure, which every ABI takes */
	if ((rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr.handled_access_fs), 0)) < 0)
		return failed("rules", "");
	rc = restrict_self(rules, attr.handled_access_fs, v, n);
	close(rules);
	return rc;
}
