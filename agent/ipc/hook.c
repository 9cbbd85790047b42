/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/hook.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "did/base/chars.h"
#include "did/base/clock.h"
#include "did/base/log.h"
#include "did/base/trusted_file.h"

/* What programs need to run at all.  Whose files are whose is up to their modes. */
static const struct berth_proc_path system_paths[] = {
	{ .path = "/usr", .run = true, .maybe = true }, { .path = "/bin", .run = true, .maybe = true },
	{ .path = "/sbin", .run = true, .maybe = true }, { .path = "/lib", .run = true, .maybe = true },
	{ .path = "/lib64", .run = true, .maybe = true },
	{ .path = "/dev/null", .write = true }, { .path = "/dev/zero", .maybe = true },
	{ .path = "/dev/urandom", .maybe = true },
};
#define SYSTEM_PATHS (sizeof(system_paths) / sizeof(system_paths[0]))

/* Of /etc, by who is us and whom the modes of our own files there do not keep out: passphrases,
 * PINs, the configuration. */
static const char *const etc_of_ours[] = {
	"/etc/ld.so.cache", "/etc/localtime", "/etc/alternatives", "/etc/passwd", "/etc/group", "/etc/services",
	"/etc/protocols", "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf",
	"/etc/ssl/certs", "/etc/ssl/openssl.cnf",
};
#define ETC_PATHS (sizeof(etc_of_ours) / sizeof(etc_of_ours[0]))

static enum berth_err check_program(const struct berth_hook *h)
{
	struct stat st;
	int fd;
	enum berth_err rc = berth_trusted_open(&fd, h->program, BERTH_HOOK_PROGRAM_MAX, BERTH_E_CONFIG);

	if (rc)
		return rc;
	if (fstat(fd, &st) || st.st_uid != 0)
		rc = berth_fail(BERTH_E_CONFIG, "[hook %s] program: %.120s is not root's", h->name, h->program);
	else if (!(st.st_mode & S_IXUSR))
		rc = berth_fail(BERTH_E_CONFIG, "[hook %s] program: %.120s cannot be run", h->name, h->program);
	close(fd);
	return rc;
}

enum berth_err berth_hook_check(const struct berth_hook *h)
{
	if (h->uid == 0 || h->gid == 0)
		return berth_fail(BERTH_E_CONFIG, "[hook %s] uid: needs a user, who is not root", h->name);
	if (geteuid() != 0 && (h->uid != geteuid() || h->gid != getegid()))
		return berth_fail(BERTH_E_CONFIG, "[hook %s] uid: only root can run it as user %u, group %u", h->name,
				  (unsigned)h->uid, (unsigned)h->gid);
	/* of what is ours its user keeps it out of nothing */
	if (geteuid() != 0 && !berth_proc_can_landlock())
		return berth_fail(BERTH_E_CONFIG, "[hook %s] uid: the daemon's own needs a kernel with landlock", h->name);
	return check_program(h);
}

enum berth_err berth_hook_id_check(const char *id)
{
	size_t n = berth_chars_span(id, BERTH_CHARS_NAME);

	if (id[n] || n == 0 || n > BERTH_HOOK_ID_MAX || id[0] == '.' || id[0] == '-')
		return berth_fail(BERTH_E_TYPE, "the name of the item is none for a hook");
	return BERTH_OK;
}

static size_t add_etc(struct berth_proc_path *v, size_t n, bool ours)
{
	if (!ours)
		v[n++] = (struct berth_proc_path){ .path = "/etc", .maybe = true };
	for (size_t i = 0; ours && i < ETC_PATHS; i++)
		v[n++] = (struct berth_proc_path){ .path = etc_of_ours[i], .maybe = true };
	return n;
}

/* The folder that the program stands in may have more of it; one of ours has other things, too. */
static enum berth_err confine_files(const struct berth_hook *h)
{
	struct berth_proc_path v[SYSTEM_PATHS + ETC_PATHS + 1 + BERTH_HOOK_WRITE_MAX];
	char folder[BERTH_PROC_PATH_MAX + 1], *slash;
	bool ours = h->uid == geteuid();
	size_t n = add_etc(v, SYSTEM_PATHS, ours);

	memcpy(v, system_paths, sizeof(system_paths));
	snprintf(folder, sizeof(folder), "%s", h->program);
	slash = strrchr(folder, '/');
	if (!ours || strncmp(folder, "/etc/", 5) != 0)
		slash[slash == folder] = '\0';
	v[n++] = (struct berth_proc_path){ .path = folder, .run = true };
	for (size_t i = 0; i < h->n_write; i++)
		v[n++] = (struct berth_proc_path){ .path = h->write[i], .write = true, .folders = true };
	return berth_proc_landlock(v, n);
}

static bool limit(void)
{
	static const struct { __rlimit_resource_t what; rlim_t most; } limits[] = {
		{ RLIMIT_NOFILE, BERTH_HOOK_FILES }, { RLIMIT_NPROC, BERTH_HOOK_PROCESSES },
		{ RLIMIT_FSIZE, BERTH_HOOK_FILE_MAX }, { RLIMIT_CORE, 0 },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct rlimit r = { limits[i].most, limits[i].most };

		if (setrlimit(limits[i].what, &r))
			return false;
	}
	return true;
}

static bool become(const struct berth_hook *h)
{
	if (geteuid() != 0)	/* it is who we are already */
		return true;
	return !setgroups(0, NULL) && !setresgid(h->gid, h->gid, h->gid) && !setresuid(h->uid, h->uid, h->uid);
}

static void signals_as_ever(void)
{
	static const int ignored[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE };
	sigset_t none;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A change of user takes the signal for the parent's end away: it is asked for after that. */
_Noreturn static void child(const struct berth_hook *h, char *const envp[], int sock, pid_t parent)
{
	char *argv[] = { (char *)h->program, NULL };
	uid_t ours = geteuid();
	enum berth_err rc = confine_files(h);

	signals_as_ever();
	if (rc)
		berth_log_err(BERTH_LOG_WARN, h->name, rc);
	if (rc || setsid() < 0 || chdir("/") || dup2(sock, STDIN_FILENO) < 0 ||
	    dup2(sock, STDOUT_FILENO) < 0 || dup2(sock, STDERR_FILENO) < 0 || close_range(STDERR_FILENO + 1, ~0u, 0) ||
	    !limit() || !become(h) || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) || getppid() != parent)
		_exit(126);
	berth_proc_confine_hook(h->uid != ours);	/* who is us may do on admin.sock what we may */
	execve(h->program, argv, envp);
	_exit(127);
}

enum berth_err
berth_hook_exec(struct berth_proc *p, const struct berth_hook *h, const struct berth_hook_item *it, int sock)
{
	static const char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", lang[] = "LANG=C";
	char id[32 + BERTH_HOOK_ID_MAX], type[32 + BERTH_HOOK_TYPE_MAX], sha[32 + 64];
	char *const envp[] = { (char *)(uintptr_t)path, (char *)(uintptr_t)lang, id, type, sha, NULL };
	enum berth_err rc = berth_hook_check(h);
	pid_t parent = getpid(), pid;

	if (rc || (rc = berth_hook_id_check(it->id)))
		return rc;
	snprintf(id, sizeof(id), "BERTH_ITEM_ID=%s", it->id);
	snprintf(type, sizeof(type), "BERTH_ITEM_TYPE=%s", it->type);
	snprintf(sha, sizeof(sha), "BERTH_ITEM_SHA256=%s", it->sha256);
	if ((pid = fork()) == 0)
		child(h, envp, sock, parent);
	return berth_proc_forked(p, pid);
}
