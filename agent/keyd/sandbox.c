/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keyd/sandbox.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "agent/ipc/filter.h"
#include "agent/ipc/proc.h"
#include "did/base/log.h"

#ifdef BERTH_UNCONFINED

void keyd_sandbox_first(void)
{
}

void keyd_sandbox(const struct berth_keystore_needs *needs)
{
	(void)needs;
}

void keyd_fence(const struct berth_keystore_needs *needs)
{
	(void)needs;
}

#else

#define CALL(name) BERTH_CALL(name)

static const int16_t always[] = {
	/* memory; mmap and mprotect are below */
	CALL(brk), CALL(munmap), CALL(mremap), CALL(madvise), CALL(mlock), CALL(munlock), CALL(getrandom),
	/* time */
	CALL(clock_gettime), CALL(clock_gettime64), CALL(clock_nanosleep), CALL(clock_nanosleep_time64),
	CALL(nanosleep), CALL(gettimeofday), CALL(time), CALL(restart_syscall),
	/* the core, the log, a TPM */
	CALL(read), CALL(readv), CALL(write), CALL(writev), CALL(recv), CALL(recvfrom), CALL(send), CALL(sendto),
	CALL(poll), CALL(ppoll), CALL(ppoll_time64), CALL(close),
	/* the store's file */
	CALL(open), CALL(openat), CALL(fstat), CALL(fstat64), CALL(newfstatat), CALL(fstatat64), CALL(statx), CALL(lseek),
	CALL(_llseek), CALL(pread64), CALL(flock), CALL(fcntl), CALL(fcntl64), CALL(fsync), CALL(fchmod), CALL(rename),
	CALL(renameat), CALL(renameat2), CALL(unlink), CALL(unlinkat), CALL(access), CALL(faccessat), CALL(faccessat2),
	CALL(pwrite64), CALL(ftruncate), CALL(ftruncate64), CALL(fdatasync),
	/* ourselves, and our end */
	CALL(futex), CALL(futex_time64), CALL(getpid), CALL(gettid), CALL(getuid), CALL(geteuid), CALL(getgid),
	CALL(getegid), CALL(getuid32), CALL(geteuid32), CALL(getgid32), CALL(getegid32), CALL(rt_sigaction),
	CALL(rt_sigprocmask), CALL(rt_sigreturn), CALL(sigreturn), CALL(exit), CALL(exit_group),
};

static const int16_t sockets[] = {
	CALL(connect), CALL(getsockopt), CALL(setsockopt), CALL(getsockname), CALL(getpeername), CALL(shutdown),
	CALL(recvmsg), CALL(sendmsg), CALL(sendmmsg), CALL(ioctl),
};

/* What modules do of their own: look for tokens, lock and list them, read settings. */
static const int16_t module[] = {
	CALL(getdents), CALL(getdents64), CALL(stat), CALL(stat64), CALL(lstat), CALL(lstat64), CALL(statfs), CALL(statfs64),
	CALL(fstatfs), CALL(fstatfs64), CALL(readlink), CALL(readlinkat), CALL(mkdir), CALL(mkdirat), CALL(rmdir),
	CALL(umask), CALL(chmod), CALL(fchmodat),
	CALL(getcwd), CALL(dup), CALL(dup2), CALL(dup3), CALL(select), CALL(_newselect), CALL(pselect6),
	CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_wait), CALL(epoll_pwait), CALL(uname), CALL(sysinfo), CALL(times),
	CALL(getrusage), CALL(getppid), CALL(getrlimit), CALL(ugetrlimit), CALL(prlimit64), CALL(mlock2),
};

static void allow_sockets(int family)
{
	BERTH_FILTER_ALLOW(sockets);
	berth_filter_allow_family(family);
}

static void confine_calls(unsigned needs)
{
	bool foreign = needs & BERTH_NEEDS_MODULE;

	berth_filter_start(BERTH_FILTER_KILL);
	BERTH_FILTER_ALLOW(always);
	berth_filter_allow_mappings(foreign);	/* without a module nothing becomes code */
	berth_filter_allow_abort();
	if (foreign) {
		BERTH_FILTER_ALLOW(module);
		/* SQLite, in which modules keep tokens, gives files to their folder's owner
		 * when it is root, and does without when it may not */
		berth_filter_refuse(CALL(fchown), EPERM);
		berth_filter_refuse(CALL(fchown32), EPERM);
	}
	if (foreign || needs & (BERTH_NEEDS_UNIX | BERTH_NEEDS_TCP))
		allow_sockets(AF_UNIX);	/* for TCP: the resolver asks nscd */
	if (needs & BERTH_NEEDS_TCP)
		allow_sockets(AF_INET);
	if (foreign || needs & BERTH_NEEDS_THREADS)
		berth_filter_allow_threads();
	berth_filter_load();
}

void keyd_fence(const struct berth_keystore_needs *needs)
{
	struct berth_proc_path v[BERTH_NEEDS_PATHS_MAX];
	enum berth_err rc;

	for (size_t i = 0; i < needs->n; i++)
		v[i] = (struct berth_proc_path){ .path = needs->path[i].path, .write = needs->path[i].write };
	if ((rc = berth_proc_landlock(v, needs->n))) {
		berth_log_err(BERTH_LOG_ERROR, "landlock", rc);
		abort();
	}
}

void keyd_sandbox_first(void)
{
	berth_proc_confine();
}

void keyd_sandbox(const struct berth_keystore_needs *needs)
{
	keyd_fence(needs);
	confine_calls(needs->calls);
}

#endif
