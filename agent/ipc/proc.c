/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/ipc/ipc.h"
#include "agent/ipc/starter.h"
#include "did/base/clock.h"

#define ENV_MAX 16

/* Ours only: a child that had them could speak to the service manager. */
static const char *const manager_env[] = { "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", NULL };
static const char *const common_env[] = {
	"CREDENTIALS_DIRECTORY", "TSS2_LOG", "BERTH_TCTI", "BERTH_PASSPHRASE_FILE",
	/* of PKCS #11 modules, which read them in keyd */
	"SOFTHSM2_CONF", "TPM2_PKCS11_STORE", "TPM2_PKCS11_TCTI", NULL
};

/* environ-style strings of the names that are set, LANG=C first. */
struct env {
	char *v[ENV_MAX + 1];
	size_t n;
};

static void env_add(struct env *e, const char *const *names)
{
	for (; *names && e->n < ENV_MAX; names++) {
		const char *value = getenv(*names);
		struct berth_buf b = BERTH_BUF_INIT;

		if (!value)
			continue;
		berth_buf_printf(&b, "%s=%s", *names, value);
		if ((e->v[e->n] = berth_buf_take_str(&b)))
			e->n++;
	}
}

static void env_free(struct env *e)
{
	for (size_t i = 0; i < e->n; i++)
		free(e->v[i]);
	*e = (struct env){ 0 };
}

static void env_clean(void)
{
	struct env e = { 0 };

	env_add(&e, manager_env);
	env_add(&e, common_env);
	if (clearenv() || setenv("LANG", "C", 1))
		abort();
	for (size_t i = 0; i < e.n; i++) {
		char *eq = strchr(e.v[i], '=');

		*eq = '\0';
		if (setenv(e.v[i], eq + 1, 1))
			abort();
	}
	env_free(&e);
}

static bool kept(int fd, const int *keep, size_t n_keep)
{
	for (size_t i = 0; i < n_keep; i++)
		if (keep[i] == fd)
			return true;
	return fd <= STDERR_FILENO;
}

static void close_others(const int *keep, size_t n_keep)
{
	int top = STDERR_FILENO;

	for (size_t i = 0; i < n_keep; i++)
		if (keep[i] > top)
			top = keep[i];
	for (int fd = 0; fd < top; fd++)
		if (!kept(fd, keep, n_keep))
			close(fd);
	if (close_range((unsigned)top + 1, ~0u, 0))
		abort();
}

void berth_proc_undumpable(void)
{
	struct rlimit none = { 0, 0 };

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || setrlimit(RLIMIT_CORE, &none))
		abort();
}

void berth_proc_harden(const int *keep, size_t n_keep)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		abort();
	berth_proc_undumpable();
	umask(077);
	signal(SIGPIPE, SIG_IGN);
	env_clean();
	close_others(keep, n_keep);
}

void berth_proc_be_patient(void)
{
	const struct sched_param none = { 0 };

	if (sched_getscheduler(0) == SCHED_OTHER)
		(void)!sched_setscheduler(0, SCHED_BATCH, &none);
}

/* Between fork and exec only calls that are safe in a signal handler. */
__attribute__((noreturn))
static void child(const char *path, char *const argv[], char *const envp[], int sock, pid_t parent)
{
	sigset_t none;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	sigemptyset(&none);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    (sock == BERTH_IPC_FD ? fcntl(sock, F_SETFD, 0) : dup2(sock, BERTH_IPC_FD)) < 0 ||
	    close_range(BERTH_IPC_FD + 1, ~0u, 0) ||
	    sigprocmask(SIG_SETMASK, &none, NULL) ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) ||
	    getppid() != parent)	/* it went before it could be watched */
		_exit(126);
	execve(path, argv, envp);
	_exit(127);
}

enum berth_err berth_proc_forked(struct berth_proc *p, pid_t pid)
{
	if (pid < 0)
		return berth_fail(BERTH_E_UNAVAILABLE, "fork: errno %d", errno);
	*p = (struct berth_proc){ .pid = pid, .pidfd = pidfd_open(pid, 0), .started_ms = berth_clock_mono_ms() };
	if (p->pidfd >= 0)
		return BERTH_OK;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	*p = (struct berth_proc){ .pidfd = -1 };
	return berth_fail(BERTH_E_UNAVAILABLE, "pidfd_open: errno %d", errno);
}

enum berth_err berth_proc_exec(struct berth_proc *p, const char *path, char *const argv[], int sock)
{
	struct env e = { 0 };
	char *envp[ENV_MAX + 2] = { (char *)(uintptr_t)"LANG=C" };
	pid_t parent = getpid(), pid;

	env_add(&e, common_env);
	memcpy(envp + 1, e.v, sizeof(e.v));
	if ((pid = fork()) == 0)
		child(path, argv, envp, sock, parent);
	env_free(&e);
	return berth_proc_forked(p, pid);
}

static enum berth_err start(struct berth_proc *p, const char *path, char *const argv[], int sock)
{
	return berth_starter_is_there() ? berth_starter_spawn(p, path, argv, sock) : berth_proc_exec(p, path, argv, sock);
}

enum berth_err berth_proc_spawn(struct berth_proc *p, int *sock, const char *path, char *const argv[])
{
	enum berth_err rc;
	int pair[2];

	*p = (struct berth_proc){ .pidfd = -1 };
	*sock = -1;
	if (path[0] != '/' || access(path, X_OK))
		return berth_fail(BERTH_E_UNAVAILABLE, "%s: not a program we can run", path);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return berth_fail(BERTH_E_UNAVAILABLE, "socketpair: errno %d", errno);
	rc = start(p, path, argv, pair[1]);
	close(pair[1]);
	if (rc)
		close(pair[0]);
	else
		*sock = pair[0];
	return rc;
}

static void emptied(struct berth_proc *p)
{
	if (p->pidfd >= 0)
		close(p->pidfd);
	*p = (struct berth_proc){ .pidfd = -1 };
}

static bool has_ended(const struct berth_proc *p, int wait_ms)
{
	struct pollfd fd = { .fd = p->pidfd, .events = POLLIN };
	int n;

	while ((n = poll(&fd, 1, wait_ms)) < 0 && errno == EINTR && wait_ms < 0)
		;
	return n > 0;
}

/* Of one that has ended. */
static int collect(struct berth_proc *p)
{
	int status = 0;

	if (berth_starter_is_there())
		status = berth_starter_status(p->pid);
	else
		while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
			;
	emptied(p);
	return status;
}

bool berth_proc_reap(struct berth_proc *p, int *status)
{
	int st;

	if (p->pid == 0)
		return true;
	if (!has_ended(p, 0))
		return false;
	st = collect(p);
	if (status)
		*status = st;
	return true;
}

/* BERTH_COVERAGE: `make coverage`, whose counters are written by atexit() else. */
_Noreturn void berth_proc_end(int status)
{
#ifdef BERTH_COVERAGE
	extern void __gcov_dump(void);

	__gcov_dump();
#endif
	_exit(status);
}

int berth_proc_stop(struct berth_proc *p, int grace_ms)
{
	if (p->pid == 0)
		return 0;
	if (!has_ended(p, grace_ms)) {
		pidfd_send_signal(p->pidfd, SIGKILL, NULL, 0);
		has_ended(p, -1);
	}
	return collect(p);
}

uint32_t berth_backoff_next(struct berth_backoff *b, uint64_t up_ms)
{
	uint32_t wait = b->next_ms;

	if (wait < BERTH_BACKOFF_FIRST_MS || up_ms >= BERTH_BACKOFF_HEALTHY_MS)
		wait = BERTH_BACKOFF_FIRST_MS;
	b->next_ms = wait >= BERTH_BACKOFF_MAX_MS / 2 ? BERTH_BACKOFF_MAX_MS : wait * 2;
	return wait;
}

/* Appends DIR/berth-NAME when that is there. */
static bool found(struct berth_buf *path, const char *dir, const char *name)
{
	struct berth_buf b = BERTH_BUF_INIT;
	bool there;

	berth_buf_printf(&b, "%s/berth-%s", dir, name);
	there = !b.bad && access(berth_buf_cstr(&b), X_OK) == 0;
	if (there)
		berth_buf_str(path, berth_buf_cstr(&b));
	berth_buf_free(&b);
	return there;
}

enum berth_err berth_proc_libexec(struct berth_buf *path, const char *dir, const char *name)
{
	static const char *const below[] = { "libexec/berth", "libexec" };
	char self[PATH_MAX], at[PATH_MAX + 32];
	ssize_t n;

	if (dir && dir[0] != '/')
		return berth_fail(BERTH_E_CONFIG, "libexec-dir: %s is not absolute", dir);
	if (dir)
		return found(path, dir, name) ? berth_buf_status(path)
					      : berth_fail(BERTH_E_UNAVAILABLE, "no berth-%s in %s", name, dir);
	if ((n = readlink("/proc/self/exe", self, sizeof(self) - 1)) < 0)
		return berth_fail(BERTH_E_UNAVAILABLE, "/proc/self/exe: errno %d", errno);
	self[n] = '\0';
	for (int i = 0; i < 2; i++) {	/* PREFIX/bin/berthd -> PREFIX */
		char *slash = strrchr(self, '/');

		if (slash)
			*slash = '\0';
	}
	for (size_t i = 0; i < sizeof(below) / sizeof(*below); i++) {
		snprintf(at, sizeof(at), "%s/%s", self, below[i]);
		if (found(path, at, name))
			return berth_buf_status(path);
	}
	return berth_fail(BERTH_E_UNAVAILABLE, "no berth-%s near %s", name, self);
}
