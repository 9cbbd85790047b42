/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/resolverd/sandbox.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "agent/ipc/filter.h"
#include "agent/ipc/names.h"
#include "agent/ipc/proc.h"
#include "did/base/log.h"

bool berth_resolverd_sandbox_is_current(const struct berth_res_paths *paths)
{
#ifdef BERTH_UNCONFINED
	(void)paths;
	return true;
#else
	return berth_names_are_current() && berth_res_paths_are_current(paths);
#endif
}

#ifdef BERTH_UNCONFINED

void berth_resolverd_sandbox(const struct berth_res_paths *paths, const struct berth_res_http_policy *policy)
{
	(void)paths;
	(void)policy;
}

#else

#define CALL(name) BERTH_CALL(name)

static const int16_t always[] = {
	/* memory; mmap and mprotect are below */
	CALL(brk), CALL(munmap), CALL(mremap), CALL(madvise), CALL(getrandom),
	/* time */
	CALL(clock_gettime), CALL(clock_gettime64), CALL(clock_getres), CALL(clock_nanosleep), CALL(clock_nanosleep_time64),
	CALL(nanosleep), CALL(gettimeofday), CALL(time), CALL(restart_syscall),
	/* the core, servers, the log, name services, which also bind; socket and ioctl are below */
	CALL(read), CALL(readv), CALL(write), CALL(writev), CALL(recv), CALL(recvfrom), CALL(recvmsg), CALL(recvmmsg),
	CALL(recvmmsg_time64), CALL(send), CALL(sendto), CALL(sendmsg), CALL(sendmmsg), CALL(connect), CALL(bind),
	CALL(getsockname), CALL(getpeername), CALL(getsockopt), CALL(setsockopt), CALL(shutdown), CALL(poll), CALL(ppoll),
	CALL(ppoll_time64), CALL(select), CALL(_newselect), CALL(pselect6), CALL(pselect6_time64), CALL(epoll_create1),
	CALL(epoll_ctl), CALL(epoll_wait), CALL(epoll_pwait), CALL(close), CALL(fcntl), CALL(fcntl64),
	/* files, to look at */
	CALL(open), CALL(openat), CALL(fstat), CALL(fstat64), CALL(newfstatat), CALL(fstatat64), CALL(stat), CALL(stat64),
	CALL(lstat), CALL(lstat64), CALL(statx), CALL(statfs), CALL(statfs64), CALL(fstatfs), CALL(fstatfs64), CALL(lseek),
	CALL(_llseek), CALL(pread64), CALL(access), CALL(faccessat), CALL(faccessat2), CALL(readlink), CALL(readlinkat),
	CALL(getdents), CALL(getdents64), CALL(getcwd), CALL(dup), CALL(fadvise64), CALL(fadvise64_64), CALL(flock),
	/* ourselves, and our end */
	CALL(futex), CALL(futex_time64), CALL(getpid), CALL(gettid), CALL(getppid), CALL(getuid), CALL(geteuid), CALL(getgid),
	CALL(getegid), CALL(getuid32), CALL(geteuid32), CALL(getgid32), CALL(getegid32), CALL(uname), CALL(sysinfo),
	CALL(times), CALL(getrusage), CALL(getrlimit), CALL(ugetrlimit), CALL(rt_sigaction), CALL(rt_sigprocmask),
	CALL(rt_sigreturn), CALL(sigreturn), CALL(exit), CALL(exit_group),
};

/* What publishing a file is: a new one beside it, on the disk, in its place. */
static const int16_t publishing[] = {
	CALL(mkdir), CALL(mkdirat), CALL(rename), CALL(renameat), CALL(renameat2), CALL(unlink), CALL(unlinkat), CALL(rmdir),
	CALL(fsync), CALL(fdatasync), CALL(ftruncate), CALL(ftruncate64), CALL(pwrite64), CALL(fchmod), CALL(umask),
	CALL(fallocate),
};

/* Libraries try these and do without. */
static const int16_t tried[] = {
	CALL(openat2), CALL(memfd_create), CALL(mlock), CALL(mlock2), CALL(close_range), CALL(epoll_pwait2),
	CALL(copy_file_range), CALL(sendfile), CALL(sendfile64), CALL(get_mempolicy), CALL(set_mempolicy), CALL(getcpu),
	CALL(sched_setscheduler), CALL(sched_getscheduler), CALL(sched_getparam), CALL(sched_setaffinity), CALL(capget),
	CALL(inotify_init1), CALL(timerfd_create),
};

static void confine_calls(bool publishes)
{
	static const int local[] = { AF_UNIX, AF_NETLINK }, far[] = { AF_INET, AF_INET6 };	/* local: getaddrinfo() */

	berth_filter_start(BERTH_FILTER_KILL);
	BERTH_FILTER_ALLOW(always);
	if (publishes)
		BERTH_FILTER_ALLOW(publishing);
	for (size_t i = 0; i < sizeof(tried) / sizeof(tried[0]); i++)
		berth_filter_refuse(tried[i], ENOSYS);
	berth_filter_allow_mappings(true);	/* libcurl and name services come late */
	berth_filter_allow_threads();
	berth_filter_allow_abort();
	for (size_t i = 0; i < 2; i++) {
		berth_filter_allow_family(local[i]);
		berth_filter_allow_protocol(far[i], 0);
		berth_filter_allow_protocol(far[i], IPPROTO_TCP);
		berth_filter_allow_protocol(far[i], IPPROTO_UDP);
	}
	berth_filter_allow_ioctls();
	berth_filter_allow_when(CALL(prlimit64), 0, UINT32_MAX, 0);	/* of ourselves */
	berth_filter_load();
}

static const char *const readable[] = {
	"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/etc/localtime",
	"/usr/share/zoneinfo", "/sys/devices/system/cpu", "/proc/sys/crypto", "/dev/urandom", "/dev/null",
	"/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/pki/tls", "/usr/share/ca-certificates",
	"/usr/local/share/ca-certificates", "/etc/gnutls", "/etc/crypto-policies",
};
#define READABLE (sizeof(readable) / sizeof(readable[0]))

static void confine_files(const struct berth_res_paths *paths)
{
	struct berth_proc_path v[READABLE + BERTH_NAMES_FILES + BERTH_RES_PATHS_MAX];
	enum berth_err rc;
	size_t n = 0;

	for (size_t i = 0; i < READABLE; i++)
		v[n++] = (struct berth_proc_path){ .path = readable[i], .maybe = true };
	berth_names_remember_files();
	for (size_t i = 0; i < BERTH_NAMES_FILES; i++)
		v[n++] = (struct berth_proc_path){ .path = berth_names_files[i], .maybe = true };
	for (size_t i = 0; i < paths->n; i++)
		v[n++] = (struct berth_proc_path){ .path = paths->v[i].path, .write = paths->v[i].write,
			.folders = paths->v[i].write, .maybe = true };
	if ((rc = berth_proc_landlock(v, n))) {
		berth_log_err(BERTH_LOG_ERROR, "landlock", rc);
		abort();
	}
}

/* An adapter's own sockets would go round the rest of the policy, but not to other ports. */
static void confine_sockets(const struct berth_res_http_policy *policy)
{
	uint16_t ports[BERTH_HTTP_PORTS_MAX + 1];
	enum berth_err rc = berth_proc_landlock_tcp(ports, berth_res_http_policy_tcp(policy, ports));

	if (rc) {
		berth_log_err(BERTH_LOG_ERROR, "landlock", rc);
		abort();
	}
}

void berth_resolverd_sandbox(const struct berth_res_paths *paths, const struct berth_res_http_policy *policy)
{
	bool publishes = false;

	for (size_t i = 0; i < paths->n; i++)
		publishes |= paths->v[i].write;
	confine_files(paths);
	confine_sockets(policy);
	confine_calls(publishes);
}

#endif
