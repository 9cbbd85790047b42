/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/netd/sandbox.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/ipc/filter.h"
#include "agent/ipc/names.h"
#include "agent/ipc/proc.h"
#include "did/base/log.h"

bool berth_netd_sandbox_is_current(void)
{
#ifdef BERTH_UNCONFINED
	return true;
#endif
	return berth_names_are_current();
}

#ifdef BERTH_UNCONFINED

void berth_netd_sandbox(const struct berth_net_config *cfg)
{
	(void)cfg;
}

#else

#define CALL(name) BERTH_CALL(name)

static const int16_t always[] = {
	/* memory; mmap and mprotect are below */
	CALL(brk), CALL(munmap), CALL(mremap), CALL(madvise), CALL(getrandom),
	/* time */
	CALL(clock_gettime), CALL(clock_gettime64), CALL(clock_getres), CALL(clock_nanosleep), CALL(clock_nanosleep_time64),
	CALL(nanosleep), CALL(gettimeofday), CALL(time), CALL(restart_syscall),
	/* the core, peers, the log, name services; socket and ioctl are below */
	CALL(read), CALL(readv), CALL(write), CALL(writev), CALL(recv), CALL(recvfrom), CALL(recvmsg), CALL(recvmmsg),
	CALL(recvmmsg_time64), CALL(send), CALL(sendto), CALL(sendmsg), CALL(sendmmsg), CALL(connect), CALL(bind),
	CALL(listen), CALL(accept), CALL(accept4), CALL(getsockname), CALL(getpeername), CALL(getsockopt), CALL(setsockopt),
	CALL(shutdown), CALL(poll), CALL(ppoll), CALL(ppoll_time64), CALL(select), CALL(_newselect), CALL(pselect6),
	CALL(pselect6_time64), CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_wait), CALL(epoll_pwait), CALL(close),
	CALL(fcntl), CALL(fcntl64),
	/* files, to look at; sockets, to remove */
	CALL(open), CALL(openat), CALL(fstat), CALL(fstat64), CALL(newfstatat), CALL(fstatat64), CALL(stat), CALL(stat64),
	CALL(lstat), CALL(lstat64), CALL(statx), CALL(statfs), CALL(statfs64), CALL(fstatfs), CALL(fstatfs64), CALL(lseek),
	CALL(_llseek), CALL(pread64), CALL(access), CALL(faccessat), CALL(faccessat2), CALL(readlink), CALL(readlinkat),
	CALL(getdents64), CALL(getcwd), CALL(unlink), CALL(unlinkat), CALL(umask),
	/* ourselves, and our end */
	CALL(futex), CALL(futex_time64), CALL(getpid), CALL(gettid), CALL(getuid), CALL(geteuid), CALL(getgid), CALL(getegid),
	CALL(getuid32), CALL(geteuid32), CALL(getgid32), CALL(getegid32), CALL(uname), CALL(sysinfo), CALL(times),
	CALL(getrusage), CALL(getrlimit), CALL(ugetrlimit), CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigreturn),
	CALL(sigreturn), CALL(exit), CALL(exit_group),
};

/* Nobody who serves asks for these either. */
static const int16_t never[] = {
	CALL(pidfd_send_signal), CALL(chmod), CALL(fchmod), CALL(fchmodat),
	CALL(chown), CALL(fchown), CALL(lchown), CALL(fchownat), CALL(rename),
	CALL(renameat), CALL(renameat2),
};

static void confine_calls(void)
{
	static const int families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };	/* the last: getaddrinfo() */

	berth_filter_start(BERTH_FILTER_NONE);
	BERTH_FILTER_ALLOW(always);
	berth_filter_kill_powers();
	berth_filter_kill(never, sizeof(never) / sizeof(never[0]));
	berth_filter_allow_mappings(true);	/* libmicrohttpd, libcurl and name services come late */
	berth_filter_allow_threads();
	berth_filter_allow_abort();
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		berth_filter_allow_family(families[i]);
	berth_filter_kill_when(CALL(socket), 0, UINT32_MAX, AF_PACKET);
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
#define TLS_FILES 4

static void confine_files(const struct berth_net_config *cfg)
{
	const char *const tls[TLS_FILES] = { cfg->tls.certificate, cfg->tls.key, cfg->tls.ca, cfg->tls.clients };
	struct berth_proc_path v[READABLE + BERTH_NAMES_FILES + TLS_FILES + BERTH_NET_LISTENERS_MAX];
	enum berth_err rc;
	size_t n = 0;

	for (size_t i = 0; i < READABLE; i++)
		v[n++] = (struct berth_proc_path){ .path = readable[i], .maybe = true };
	berth_names_remember_files();
	for (size_t i = 0; i < BERTH_NAMES_FILES; i++)
		v[n++] = (struct berth_proc_path){ .path = berth_names_files[i], .maybe = true };
	for (size_t i = 0; i < TLS_FILES; i++)
		if (tls[i][0])
			v[n++] = (struct berth_proc_path){ .path = tls[i], .maybe = true };
	for (size_t i = 0; i < cfg->n_sockets; i++)
		v[n++] = (struct berth_proc_path){ .path = cfg->sockets[i], .sockets = true, .maybe = true };
	if ((rc = berth_proc_landlock(v, n))) {
		berth_log_err(BERTH_LOG_ERROR, "landlock", rc);
		abort();
	}
}

void berth_netd_sandbox(const struct berth_net_config *cfg)
{
	confine_files(cfg);
	confine_calls();
}

#endif
