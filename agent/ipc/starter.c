/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/starter.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "did/base/buf.h"
#include "did/base/clock.h"
#include "did/base/cur.h"

/* Both ways one datagram each, with at most one descriptor beside it.
 *	SPAWN	path, n, n arguments; the child's socket -> pid; its pidfd
 *	STATUS	pid	-> status as waitpid() gives it
 *	EXE	pid	-> text
 *	HOOK	place, id, type, sha256; its socket -> pid; its pidfd
 * Every answer begins with the code of an error. */
enum starter_op { SPAWN = 1, STATUS, EXE, HOOK };

static bool begun;		/* and not ended: starter is our end */
static int starter;		/* of a thread, like all that starts processes */
static pid_t starter_pid;
static char programs[BERTH_STARTER_PROGRAMS_MAX][BERTH_PROC_PATH_MAX + 1];
static size_t n_programs;
static const struct berth_hook *hooks;
static size_t n_hooks;
static pid_t hook;		/* the one that runs, or was not asked about yet; 0 */

/* ---- one datagram, and a descriptor or -1 */

union control {
	struct cmsghdr align;
	char space[CMSG_SPACE(sizeof(int))];
};

static bool say(int to, const struct berth_buf *b, int fd)
{
	struct iovec v = { b->p, b->len };
	union control c = { 0 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	ssize_t n;

	if (berth_buf_status(b))
		return false;
	if (fd >= 0) {
		m.msg_control = &c;
		m.msg_controllen = sizeof(c);
		CMSG_FIRSTHDR(&m)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&m)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&m)->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &fd, sizeof(fd));
	}
	while ((n = sendmsg(to, &m, MSG_NOSIGNAL)) < 0 && errno == EINTR)
		;
	return n == (ssize_t)b->len;
}

/* 0: nobody is there any more, or nobody answers. */
static size_t hear(int from, uint8_t *p, size_t size, int *fd)
{
	struct iovec v = { p, size };
	union control c = { 0 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c) };
	const struct cmsghdr *h;
	ssize_t n;

	*fd = -1;
	while ((n = recvmsg(from, &m, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	h = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS && h->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(h), sizeof(*fd));
	return n > 0 && !(m.msg_flags & MSG_TRUNC) ? (size_t)n : 0;
}

/* ---- the starter */

static bool is_program(const char *path)
{
	for (size_t i = 0; i < n_programs; i++)
		if (strcmp(programs[i], path) == 0)
			return true;
	return false;
}

static enum berth_err do_spawn(struct berth_cur *c, int sock, struct berth_proc *p)
{
	static char args[BERTH_STARTER_ARGS_MAX][BERTH_STARTER_REQUEST_MAX];
	char path[BERTH_PROC_PATH_MAX + 1], *argv[BERTH_STARTER_ARGS_MAX + 1] = { 0 };
	size_t n;

	berth_cur_str16(c, path, BERTH_PROC_PATH_MAX);
	n = berth_cur_u8(c);
	if (n == 0 || n > BERTH_STARTER_ARGS_MAX)
		return berth_fail(BERTH_E_TYPE, "starter: %zu arguments", n);
	for (size_t i = 0; i < n; i++) {
		berth_cur_str16(c, args[i], sizeof(args[i]) - 1);
		argv[i] = args[i];
	}
	if (!berth_cur_done(c) || sock < 0 || !is_program(path))
		return berth_fail(BERTH_E_UNAVAILABLE, "starter: not a program of ours");
	return berth_proc_exec(p, path, argv, sock);
}

static enum berth_err do_hook(struct berth_cur *c, int sock, struct berth_proc *p)
{
	struct berth_hook_item it;
	size_t which = berth_cur_u8(c);
	enum berth_err rc;

	berth_cur_str16(c, it.id, sizeof(it.id) - 1);
	berth_cur_str16(c, it.type, sizeof(it.type) - 1);
	berth_cur_str16(c, it.sha256, sizeof(it.sha256) - 1);
	if (!berth_cur_done(c) || sock < 0 || hook || which >= n_hooks)
		return berth_fail(BERTH_E_UNAVAILABLE, "starter: not a hook of ours, or not now");
	if (!(rc = berth_hook_exec(p, &hooks[which], &it, sock)))
		hook = p->pid;
	return rc;
}

/* Its process group is its own, and nothing gets out of it (berth_proc_confine_hook). */
static void end_hook(void)
{
	if (hook)
		kill(-hook, SIGKILL);
	hook = 0;
}

static void on_start(int core, enum starter_op op, struct berth_cur *c, int sock)
{
	struct berth_proc p = { .pidfd = -1 };
	struct berth_buf out = BERTH_BUF_INIT;

	berth_buf_u8(&out, (uint8_t)(op == HOOK ? do_hook(c, sock, &p) : do_spawn(c, sock, &p)));
	berth_buf_be32(&out, (uint32_t)p.pid);
	if (!say(core, &out, p.pidfd))
		_exit(1);
	if (p.pidfd >= 0)
		close(p.pidfd);
	berth_buf_free(&out);
}

static void on_status(int core, pid_t pid)
{
	struct berth_buf out = BERTH_BUF_INIT;
	int status = 0;
	bool known;

	if (pid == hook)
		end_hook();
	known = pid > 0 && waitpid(pid, &status, 0) == pid;
	berth_buf_u8(&out, known ? BERTH_OK : BERTH_E_UNAVAILABLE);
	berth_buf_be32(&out, (uint32_t)status);
	if (!say(core, &out, -1))
		_exit(1);
	berth_buf_free(&out);
}

static void on_exe(int core, pid_t pid)
{
	char link[64], text[BERTH_PROC_PATH_MAX + 1];
	struct berth_buf out = BERTH_BUF_INIT;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	n = readlink(link, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	berth_buf_u8(&out, n > 0 ? BERTH_OK : BERTH_E_UNAVAILABLE);
	berth_buf_str16(&out, text);
	if (!say(core, &out, -1))
		_exit(1);
	berth_buf_free(&out);
}

/* Whatever is wrong with a request is its end, and the core's with it. */
_Noreturn static void serve(int core)
{
	uint8_t request[BERTH_STARTER_REQUEST_MAX];
	size_t n;
	int sock;

	while ((n = hear(core, request, sizeof(request), &sock)) > 0) {
		struct berth_cur c = berth_cur(request, n);
		uint8_t op = berth_cur_u8(&c);

		if (op == SPAWN || op == HOOK)
			on_start(core, op, &c, sock);
		else if (op == STATUS)
			on_status(core, (pid_t)berth_cur_be32(&c));
		else if (op == EXE)
			on_exe(core, (pid_t)berth_cur_be32(&c));
		else
			break;
		if (sock >= 0)
			close(sock);
	}
	end_hook();
	_exit(n ? 1 : 0);
}

_Noreturn static void be_starter(int core, pid_t parent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	begun = false;
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || close(null))
		_exit(1);
	prctl(PR_SET_NAME, "berth-starter", 0, 0, 0);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) || getppid() != parent)
		_exit(1);
	signal(SIGTERM, SIG_IGN);	/* the core says when it is over */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	serve(core);
}

/* ---- the core's side */

enum berth_err berth_starter_begin(const char *const *paths, size_t n)
{
	const struct timeval wait = { .tv_sec = BERTH_STARTER_WAIT_MS / 1000 };
	pid_t parent = getpid();
	int pair[2];

	if (n > BERTH_STARTER_PROGRAMS_MAX)
		return berth_fail(BERTH_E_INTERNAL, "starter: %zu programs", n);
	for (n_programs = 0; n_programs < n; n_programs++)
		snprintf(programs[n_programs], sizeof(programs[0]), "%s", paths[n_programs]);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return berth_fail(BERTH_E_UNAVAILABLE, "starter: socketpair: errno %d", errno);
	if ((starter_pid = fork()) == 0) {
		close(pair[0]);
		be_starter(pair[1], parent);
	}
	close(pair[1]);
	if (starter_pid < 0 || setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait))) {
		close(pair[0]);
		return berth_fail(BERTH_E_UNAVAILABLE, "starter: errno %d", errno);
	}
	starter = pair[0];
	begun = true;
	return BERTH_OK;
}

void berth_starter_hooks(const struct berth_hook *v, size_t n)
{
	hooks = v;
	n_hooks = n;
}

bool berth_starter_is_there(void) { return begun; }
int berth_starter_fd(void) { return begun ? starter : -1; }

void berth_starter_end(void)
{
	if (!begun)
		return;
	close(starter);
	begun = false;
	while (waitpid(starter_pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* The answer is in a, behind its code.  Nothing tells a late answer from a wrong one, so
 * one that does not come is the last. */
static enum berth_err ask(struct berth_buf *q, int give, uint8_t a[BERTH_STARTER_REQUEST_MAX], struct berth_cur *c, int *got)
{
	size_t n = say(berth_starter_fd(), q, give) ? hear(starter, a, BERTH_STARTER_REQUEST_MAX, got) : 0;
	uint8_t code;

	*c = berth_cur(a, n);
	if (n == 0)
		shutdown(berth_starter_fd(), SHUT_RDWR);
	code = n ? berth_cur_u8(c) : BERTH_E_UNAVAILABLE;
	return code ? berth_fail(BERTH_E_UNAVAILABLE, "starter: %s", n ? "it could not" : "gone or silent") : BERTH_OK;
}

/* Asks for a program, with q; q is freed. */
static enum berth_err start(struct berth_proc *p, struct berth_buf *q, int sock)
{
	uint8_t answer[BERTH_STARTER_REQUEST_MAX];
	struct berth_cur c;
	int pidfd = -1;
	enum berth_err rc = ask(q, sock, answer, &c, &pidfd);

	berth_buf_free(q);
	*p = (struct berth_proc){ .pidfd = -1 };
	if (rc)
		return rc;
	*p = (struct berth_proc){ .pid = (pid_t)berth_cur_be32(&c), .pidfd = pidfd, .started_ms = berth_clock_mono_ms() };
	return pidfd >= 0 ? BERTH_OK : berth_fail(BERTH_E_UNAVAILABLE, "starter: no descriptor");
}

enum berth_err berth_starter_spawn(struct berth_proc *p, const char *path, char *const argv[], int sock)
{
	struct berth_buf q = BERTH_BUF_INIT;
	uint8_t n = 0;

	while (argv[n] && n < BERTH_STARTER_ARGS_MAX)
		n++;
	berth_buf_u8(&q, SPAWN);
	berth_buf_str16(&q, path);
	berth_buf_u8(&q, n);
	for (size_t i = 0; i < n; i++)
		berth_buf_str16(&q, argv[i]);
	return start(p, &q, sock);
}

enum berth_err berth_starter_hook(struct berth_proc *p, size_t which, const struct berth_hook_item *it, int sock)
{
	struct berth_buf q = BERTH_BUF_INIT;

	berth_buf_u8(&q, HOOK);
	berth_buf_u8(&q, (uint8_t)which);
	berth_buf_str16(&q, it->id);
	berth_buf_str16(&q, it->type);
	berth_buf_str16(&q, it->sha256);
	return start(p, &q, sock);
}

/* op, pid: what STATUS and EXE ask. */
static enum berth_err ask_of(enum starter_op op, pid_t pid, uint8_t a[BERTH_STARTER_REQUEST_MAX], struct berth_cur *c)
{
	struct berth_buf q = BERTH_BUF_INIT;
	enum berth_err rc;
	int fd = -1;

	berth_buf_u8(&q, (uint8_t)op);
	berth_buf_be32(&q, (uint32_t)pid);
	rc = ask(&q, -1, a, c, &fd);
	berth_buf_free(&q);
	if (fd >= 0)
		close(fd);
	return rc;
}

int berth_starter_status(pid_t pid)
{
	uint8_t answer[BERTH_STARTER_REQUEST_MAX];
	struct berth_cur c;

	return ask_of(STATUS, pid, answer, &c) ? 0 : (int)berth_cur_be32(&c);
}

size_t berth_starter_exe(pid_t pid, char *out, size_t size)
{
	uint8_t answer[BERTH_STARTER_REQUEST_MAX];
	struct berth_cur c;

	if (ask_of(EXE, pid, answer, &c))
		out[0] = '\0';
	else
		berth_cur_str16(&c, out, size - 1);
	return strlen(out);
}
