/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keyd/sandbox.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* Names that this machine does not have are no rules there. */
#define CALL(name) SCMP_SYS(name)

static const int always[] = {
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
	/* ourselves, and our end */
	CALL(futex), CALL(futex_time64), CALL(getpid), CALL(gettid), CALL(getuid), CALL(geteuid), CALL(getgid),
	CALL(getegid), CALL(getuid32), CALL(geteuid32), CALL(getgid32), CALL(getegid32), CALL(rt_sigaction),
	CALL(rt_sigprocmask), CALL(rt_sigreturn), CALL(sigreturn), CALL(exit), CALL(exit_group),
};

static const int sockets[] = {
	CALL(connect), CALL(getsockopt), CALL(setsockopt), CALL(getsockname), CALL(getpeername), CALL(shutdown),
	CALL(recvmsg), CALL(sendmsg), CALL(sendmmsg), CALL(ioctl),
};

static const int threads[] = {
	CALL(set_robust_list), CALL(rseq), CALL(sched_yield), CALL(sched_getaffinity), CALL(eventfd2), CALL(pipe2),
	CALL(socketpair), CALL(prctl), CALL(sigaltstack), CALL(membarrier),
};

/* What modules do of their own: look for tokens, lock and list them, read settings. */
static const int module[] = {
	CALL(getdents), CALL(getdents64), CALL(stat), CALL(stat64), CALL(lstat), CALL(lstat64), CALL(statfs), CALL(statfs64),
	CALL(fstatfs), CALL(fstatfs64), CALL(readlink), CALL(readlinkat), CALL(mkdir), CALL(mkdirat), CALL(rmdir),
	CALL(ftruncate), CALL(ftruncate64), CALL(fdatasync), CALL(pwrite64), CALL(umask), CALL(chmod), CALL(fchmodat),
	CALL(getcwd), CALL(dup), CALL(dup2), CALL(dup3), CALL(select), CALL(_newselect), CALL(pselect6),
	CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_wait), CALL(epoll_pwait), CALL(uname), CALL(sysinfo), CALL(times),
	CALL(getrusage), CALL(getppid), CALL(getrlimit), CALL(ugetrlimit), CALL(prlimit64), CALL(mlock2),
};

static scmp_filter_ctx filter;

static void must(int rc)
{
	if (rc)
		abort();
}

static void allow(const int *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		must(seccomp_rule_add(filter, SCMP_ACT_ALLOW, v[i], 0));
}
#define ALLOW(v) allow(v, sizeof(v) / sizeof((v)[0]))

/* call(.., arg, ..) where (arg & mask) == value */
static void allow_masked(int call, unsigned arg, uint64_t mask, uint64_t value)
{
	must(seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1, SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, mask, value)));
}

/* Without a module nothing becomes code; with one nothing is code and writable. */
static void allow_mappings(bool code)
{
	static const int calls[] = { CALL(mmap), CALL(mmap2), CALL(mprotect) };

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		allow_masked(calls[i], 2, PROT_EXEC, 0);
		if (code)
			allow_masked(calls[i], 2, PROT_EXEC | PROT_WRITE, PROT_EXEC);
	}
}

static void allow_sockets(int family)
{
	ALLOW(sockets);
	must(seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(socket), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family)));
}

/* clone3 hides its flags in memory: the C library does without when it is not there. */
static void allow_threads(void)
{
	ALLOW(threads);
	allow_masked(CALL(clone), 0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM);
	must(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), CALL(clone3), 0));
}

/* SQLite, in which modules keep tokens, gives files to their folder's owner when it is
 * root, and does without when it may not. */
static void refuse_giving_away(void)
{
	static const int calls[] = { CALL(fchown), CALL(fchown32) };

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		must(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), calls[i], 0));
}

/* abort() is to end in SIGABRT; no other process is ours to signal. */
static void allow_abort(void)
{
	must(seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(tgkill), 2, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()),
			      SCMP_A2(SCMP_CMP_EQ, SIGABRT)));
}

static void confine_calls(unsigned needs)
{
	bool foreign = needs & BERTH_NEEDS_MODULE;

	if (!(filter = seccomp_init(SCMP_ACT_KILL_PROCESS)))
		abort();
	ALLOW(always);
	allow_mappings(foreign);
	allow_abort();
	if (foreign) {
		ALLOW(module);
		refuse_giving_away();
	}
	if (foreign || needs & (BERTH_NEEDS_UNIX | BERTH_NEEDS_TCP))
		allow_sockets(AF_UNIX);	/* for TCP: the resolver asks nscd */
	if (needs & BERTH_NEEDS_TCP)
		allow_sockets(AF_INET);
	if (foreign || needs & BERTH_NEEDS_THREADS)
		allow_threads();
	must(seccomp_load(filter));
	seccomp_release(filter);
	filter = NULL;
}

void keyd_fence(const struct berth_keystore_needs *needs)
{
	struct berth_proc_path v[BERTH_NEEDS_PATHS_MAX];
	enum berth_err rc;

	for (size_t i = 0; i < needs->n; i++)
		v[i] = (struct berth_proc_path){ needs->path[i].path, needs->path[i].write };
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
