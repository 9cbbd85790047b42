/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/sandbox.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/ipc/filter.h"
#include "agent/ipc/proc.h"
#include "did/base/log.h"

#ifdef BERTH_UNCONFINED

void berth_core_sandbox(const struct berth_config *cfg, const char *config_path)
{
	(void)cfg, (void)config_path;
}

#else

#define CALL(name) BERTH_CALL(name)

static const int16_t always[] = {
	/* memory; mmap and mprotect are below */
	CALL(brk), CALL(munmap), CALL(mremap), CALL(madvise), CALL(mlock), CALL(munlock), CALL(getrandom),
	/* time */
	CALL(clock_gettime), CALL(clock_gettime64), CALL(clock_getres), CALL(clock_nanosleep), CALL(clock_nanosleep_time64),
	CALL(nanosleep), CALL(gettimeofday), CALL(time), CALL(restart_syscall),
	/* the other processes, applications, the service manager, signals; socket and ioctl are below */
	CALL(read), CALL(readv), CALL(write), CALL(writev), CALL(recv), CALL(recvfrom), CALL(recvmsg), CALL(send),
	CALL(sendto), CALL(sendmsg), CALL(connect), CALL(bind), CALL(listen), CALL(accept), CALL(accept4),
	CALL(socketpair), CALL(getsockname), CALL(getpeername), CALL(getsockopt), CALL(setsockopt), CALL(shutdown),
	CALL(poll), CALL(ppoll), CALL(ppoll_time64), CALL(select), CALL(_newselect), CALL(pselect6), CALL(pselect6_time64),
	CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_wait), CALL(epoll_pwait), CALL(eventfd2), CALL(pipe2),
	CALL(signalfd4), CALL(pidfd_open), CALL(close), CALL(dup), CALL(fcntl), CALL(fcntl64), CALL(flock),
	/* the store: SQLite's; as root it gives its files to the owner of the first one */
	CALL(open), CALL(openat), CALL(fstat), CALL(fstat64), CALL(newfstatat), CALL(fstatat64), CALL(stat), CALL(stat64),
	CALL(lstat), CALL(lstat64), CALL(statx), CALL(statfs), CALL(statfs64), CALL(fstatfs), CALL(fstatfs64), CALL(lseek),
	CALL(_llseek), CALL(pread64), CALL(pwrite64), CALL(preadv), CALL(pwritev), CALL(fsync), CALL(fdatasync),
	CALL(ftruncate), CALL(ftruncate64), CALL(fallocate), CALL(msync), CALL(access), CALL(faccessat), CALL(faccessat2),
	CALL(readlink), CALL(readlinkat), CALL(getdents64), CALL(getcwd), CALL(unlink), CALL(unlinkat), CALL(rename),
	CALL(renameat), CALL(renameat2), CALL(umask), CALL(fchmod), CALL(fchown), CALL(fchown32), CALL(utimensat),
	CALL(utimensat_time64),
	/* ourselves, and our end */
	CALL(futex), CALL(futex_time64), CALL(getpid), CALL(getppid), CALL(gettid), CALL(getuid), CALL(geteuid), CALL(getgid),
	CALL(getegid), CALL(getuid32), CALL(geteuid32), CALL(getgid32), CALL(getegid32), CALL(uname), CALL(sysinfo),
	CALL(times), CALL(getrusage), CALL(getrlimit), CALL(ugetrlimit), CALL(rt_sigaction), CALL(rt_sigprocmask),
	CALL(rt_sigreturn), CALL(sigreturn), CALL(wait4), CALL(waitid), CALL(exit), CALL(exit_group),
};

static void confine_calls(void)
{
	static const int families[] = { AF_INET, AF_INET6, AF_PACKET };

	berth_filter_start(BERTH_FILTER_NONE);
	BERTH_FILTER_ALLOW(always);
	berth_filter_kill_powers();
	berth_filter_allow_mappings(false);
	berth_filter_allow_threads();
	berth_filter_allow_abort();
	berth_filter_allow_family(AF_UNIX);
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		berth_filter_kill_when(CALL(socket), 0, UINT32_MAX, (uint64_t)families[i]);
	berth_filter_allow_ioctls();
	berth_filter_allow_when(CALL(pidfd_send_signal), 1, UINT32_MAX, SIGKILL);	/* a child that hangs */
	berth_filter_allow_when(CALL(prlimit64), 0, UINT32_MAX, 0);	/* of ourselves */
	berth_filter_load();
}

static const struct berth_proc_path always_readable[] = {
	{ .path = "/proc" }, { .path = "/etc/passwd", .maybe = true }, { .path = "/etc/group", .maybe = true },
	{ .path = "/etc/localtime", .maybe = true }, { .path = "/usr/share/zoneinfo", .maybe = true },
	{ .path = "/dev/null" }, { .path = "/dev/urandom", .maybe = true },
};
#define ALWAYS_READABLE (sizeof(always_readable) / sizeof(always_readable[0]))

/* What the core itself reads of what the configuration names. */
static const char *const named[][2] = {
	{ "trust", "ek-roots" }, { "device", "event-log" }, { "ldevid", "ca-cert" }, { "policy", "status-dir" }, { "policy", "schema-dir" }, { "policy", "delegation-dir" },
};
#define NAMED (sizeof(named) / sizeof(named[0]))

static void folder_of(char out[BERTH_PROC_PATH_MAX + 1], const char *path)
{
	char *slash;

	snprintf(out, BERTH_PROC_PATH_MAX + 1, "%s", path);
	slash = strrchr(out, '/');
	if (!slash)
		snprintf(out, BERTH_PROC_PATH_MAX + 1, ".");
	else
		slash[slash == out] = '\0';
}

static void confine_files(const struct berth_config *cfg, const char *config_path)
{
	const char *hints = berth_config_str(cfg, "rendezvous", NULL, "hints-file");
	struct berth_proc_path v[ALWAYS_READABLE + NAMED + 4];
	char folder[BERTH_PROC_PATH_MAX + 1], hints_folder[BERTH_PROC_PATH_MAX + 1];
	size_t n = ALWAYS_READABLE;
	enum berth_err rc;

	memcpy(v, always_readable, sizeof(always_readable));
	folder_of(folder, config_path);
	v[n++] = (struct berth_proc_path){ .path = folder };
	v[n++] = (struct berth_proc_path){ .path = berth_config_str(cfg, "agent", NULL, "state-dir"), .write = true };
	v[n++] = (struct berth_proc_path){ .path = berth_config_str(cfg, "agent", NULL, "run-dir"), .sockets = true };
	for (size_t i = 0; i < NAMED; i++) {
		const char *path = berth_config_str(cfg, named[i][0], NULL, named[i][1]);

		if (path[0])
			v[n++] = (struct berth_proc_path){ .path = path, .maybe = true };
	}
	folder_of(hints_folder, hints);
	if (hints[0])	/* each lease brings a new one, by rename */
		v[n++] = (struct berth_proc_path){ .path = hints_folder, .maybe = true };
	if ((rc = berth_proc_landlock(v, n))) {
		berth_log_err(BERTH_LOG_ERROR, "landlock", rc);
		abort();
	}
}

void berth_core_sandbox(const struct berth_config *cfg, const char *config_path)
{
	confine_files(cfg, config_path);
	confine_calls();
}

#endif
