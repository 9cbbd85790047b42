/* SPDX-License-Identifier: Apache-2.0 */
/* The loop behind both sockets.  We accept ourselves, because only then the limits
 * of a user are known before libmicrohttpd spends anything on a connection, and hand
 * the descriptors to it; it parses HTTP, we answer. */
#include "agent/core/api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/core/api_internal.h"
#include "agent/core/api_socket.h"
#include "did/base/clock.h"
#include "did/base/log.h"

#define CONNS_MAX 232u		/* of both sockets; */
#define CONNS_ADMIN 8u		/* so many are kept for the operator */
#define FDS_RESERVE 12u		/* of the descriptors we may have: for everybody else here */
#define POOL_MAX ((size_t)16 << 10)	/* libmicrohttpd's memory of one connection */
#define PAUSE_MS 100u		/* without room, before accepting again */
#define ACCEPT_BURST 32
#define EVENTS 32

/* ---- connections */

static void cut(struct conn *c)
{
	if (!c->cut)
		shutdown(c->fd, SHUT_RDWR);
	c->cut = true;
	api_resume(c);
}

static void forget(struct conn *c)
{
	struct berth_api *a = c->api;
	struct conn **at = &a->conns;

	while (*at && *at != c)
		at = &(*at)->next;
	if (*at)
		*at = c->next;
	a->n_conns--;
	a->n_app -= c->socket == BERTH_SOCKET_APP;
	berth_limits_close(c->user);
	berth_peer_close(&c->peer);	/* leaves the epoll set with it */
	free(c);
}

static void on_connection(void *cls, struct MHD_Connection *mc, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct berth_api *a = cls;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info = MHD_get_connection_info(mc, MHD_CONNECTION_INFO_CONNECTION_FD);

		for (struct conn *c = a->conns; c && info; c = c->next)
			if (c->fd == info->connect_fd)
				*context = c;
	} else if (*context) {
		forget(*context);
		*context = NULL;
	}
}

static struct conn *new_conn(struct berth_api *a, int fd, enum berth_api_socket socket)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct conn *c = calloc(1, sizeof(*c));

	if (!c || berth_peer_of_socket(&c->peer, fd)) {
		free(c);
		close(fd);
		return NULL;
	}
	c->api = a;
	c->socket = socket;
	c->fd = fd;
	c->deadline_ms = berth_clock_mono_ms() + API_STEP_MS;
	ev.data.ptr = c;
	if (!(c->user = berth_limits_open(&a->limits, c->peer.uid, berth_clock_mono_ms(), &c->over)) ||
	    (c->peer.pidfd >= 0 && epoll_ctl(a->epoll, EPOLL_CTL_ADD, c->peer.pidfd, &ev))) {
		berth_limits_close(c->user);
		berth_peer_close(&c->peer);
		free(c);
		close(fd);
		return NULL;
	}
	return c;
}

static void take(struct berth_api *a, int fd, enum berth_api_socket socket)
{
	struct sockaddr_storage sa = { .ss_family = AF_UNIX };
	struct conn *c = new_conn(a, fd, socket);

	if (!c)
		return;
	c->next = a->conns;
	a->conns = c;
	a->n_conns++;
	a->n_app += socket == BERTH_SOCKET_APP;
	/* On failure it closes fd; that it never reported the connection shows in c
	 * being the first still. */
	if (MHD_add_connection(a->mhd, fd, (struct sockaddr *)&sa, sizeof(sa_family_t)) != MHD_YES && a->conns == c)
		forget(c);
}

static void watch(struct berth_api *a, int fd, bool on)
{
	struct epoll_event ev = { .events = on ? EPOLLIN : 0, .data.ptr = fd == a->app_fd ? &a->app_fd : &a->admin_fd };

	epoll_ctl(a->epoll, EPOLL_CTL_MOD, fd, &ev);
}

static void pause_accepting(struct berth_api *a)
{
	a->paused_until_ms = berth_clock_mono_ms() + PAUSE_MS;
	watch(a, a->app_fd, false);
	watch(a, a->admin_fd, false);
}

/* Each connection takes two descriptors, its own and its process's. */
static unsigned room(void)
{
	struct rlimit l;
	rlim_t n = CONNS_MAX;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < 2 * CONNS_MAX + FDS_RESERVE)
		n = l.rlim_cur > FDS_RESERVE + 2 ? (l.rlim_cur - FDS_RESERVE) / 2 : 1;
	return (unsigned)n;
}

static bool has_room(const struct berth_api *a, enum berth_api_socket socket)
{
	unsigned admin = a->conns_max > 2 * CONNS_ADMIN ? CONNS_ADMIN : 1;

	return a->n_conns < a->conns_max && (socket == BERTH_SOCKET_ADMIN || a->n_app + admin < a->conns_max);
}

static void accept_some(struct berth_api *a, int listener, enum berth_api_socket socket)
{
	for (int i = 0; i < ACCEPT_BURST; i++) {
		int fd;

		if (!has_room(a, socket)) {
			pause_accepting(a);
			return;
		}
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			take(a, fd, socket);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
			berth_log(BERTH_LOG_WARN, "api-accept", "%m");
			pause_accepting(a);
		}
		return;
	}
}

/* ---- the life of the API */

/* Paths stay as they were sent; berth_api_match() decodes what it takes out. */
static size_t leave_escaped(void *cls, struct MHD_Connection *mc, char *s)
{
	(void)cls, (void)mc;
	return strlen(s);
}

static enum berth_err add(struct berth_api *a, int fd, void *tag)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = tag };

	if (epoll_ctl(a->epoll, EPOLL_CTL_ADD, fd, &ev))
		return berth_fail(BERTH_E_UNAVAILABLE, "epoll: %m");
	return BERTH_OK;
}

static enum berth_err start_http(struct berth_api *a)
{
	const union MHD_DaemonInfo *info;

	a->mhd = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, api_on_request, a,
		MHD_OPTION_CONNECTION_LIMIT, CONNS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT, POOL_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, API_STEP_MS / 1000u, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, a, MHD_OPTION_NOTIFY_COMPLETED, api_on_completed, a,
		MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, a, MHD_OPTION_END);
	info = a->mhd ? MHD_get_daemon_info(a->mhd, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info)
		return berth_fail(BERTH_E_UNAVAILABLE, "libmicrohttpd does not start");
	a->mhd_epoll = info->epoll_fd;
	return BERTH_OK;
}

static enum berth_err listen_both(struct berth_api *a, const struct berth_config *cfg)
{
	const char *group = berth_config_str(cfg, "api", NULL, "group");
	gid_t gid = BERTH_GROUP_OURS;
	enum berth_err rc;

	if ((group[0] && (rc = berth_group_id(&gid, group, NULL))) || (rc = berth_api_run_dir(a->run_dir, gid)) ||
	    (rc = berth_api_listen(&a->app_fd, a->run_dir, "app.sock", 0660, gid)) ||
	    (rc = berth_api_listen(&a->admin_fd, a->run_dir, "admin.sock", 0600, BERTH_GROUP_OURS)))
		return rc;
	return BERTH_OK;
}

enum berth_err berth_api_reconfigure(struct berth_api *a, const struct berth_config *cfg)
{
	struct berth_principals p;
	enum berth_err rc;

	if ((rc = berth_principals_load(&p, cfg, NULL, NULL)))
		return rc;
	berth_principals_free(&a->principals);
	a->principals = p;
	a->quota.per_s = berth_config_int(cfg, "api", NULL, "requests-per-second");
	a->quota.conns = (unsigned)berth_config_int(cfg, "api", NULL, "requests-at-once");
	a->limits.per_s = a->quota.per_s;
	a->limits.conns = a->quota.conns;
	a->grants++;
	berth_api_wake(a);	/* streams show what may be seen now */
	return BERTH_OK;
}

enum berth_err berth_api_new(struct berth_api **out, const struct berth_config *cfg,
			     const struct berth_api_backend *backend)
{
	struct berth_api *a = calloc(1, sizeof(*a));
	enum berth_err rc;

	*out = NULL;
	if (!a)
		return berth_no_memory();
	a->backend = backend;
	a->app_fd = a->admin_fd = -1;
	a->conns_max = room();
	a->epoll = epoll_create1(EPOLL_CLOEXEC);
	a->run_dir = strdup(berth_config_str(cfg, "agent", NULL, "run-dir"));
	if (!a->run_dir || a->epoll < 0) {
		rc = berth_no_memory();
		goto out;
	}
	if ((rc = berth_api_reconfigure(a, cfg)))
		goto out;
	berth_limits_init(&a->limits, a->quota.per_s, a->quota.conns);
	if ((rc = start_http(a)) || (rc = listen_both(a, cfg)) || (rc = add(a, a->mhd_epoll, &a->mhd_epoll)) ||
	    (rc = add(a, a->app_fd, &a->app_fd)) || (rc = add(a, a->admin_fd, &a->admin_fd)))
		goto out;
	*out = a;
	a = NULL;
out:
	berth_api_free(a);
	return rc;
}

static void stop_listening(const struct berth_api *a, int fd, const char *name)
{
	char path[256];

	if (fd < 0)
		return;
	close(fd);
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", a->run_dir, name) < sizeof(path))
		unlink(path);
}

void berth_api_free(struct berth_api *a)
{
	if (!a)
		return;
	stop_listening(a, a->app_fd, "app.sock");
	stop_listening(a, a->admin_fd, "admin.sock");
	berth_api_wake(a);
	if (a->mhd)
		MHD_stop_daemon(a->mhd);	/* reports every connection closed */
	if (a->epoll >= 0)
		close(a->epoll);
	berth_principals_free(&a->principals);
	free(a->run_dir);
	free(a);
}

int berth_api_fd(const struct berth_api *a) { return a->epoll; }

void berth_api_wake(struct berth_api *a)
{
	for (struct conn *c = a->conns; c; c = c->next)
		api_resume(c);
}

uint32_t berth_api_timeout_ms(struct berth_api *a)
{
	uint64_t now = berth_clock_mono_ms(), wait = UINT32_MAX;
	MHD_UNSIGNED_LONG_LONG mhd;

	if (MHD_get_timeout(a->mhd, &mhd) == MHD_YES && mhd < wait)
		wait = mhd;
	for (const struct conn *c = a->conns; c; c = c->next) {
		uint64_t due = c->held ? c->held_until_ms : c->deadline_ms, left = due > now ? due - now : 0;

		if (!c->cut && left < wait)
			wait = left;
	}
	if (a->paused_until_ms && a->paused_until_ms < now + wait)
		wait = a->paused_until_ms > now ? a->paused_until_ms - now : 0;
	return (uint32_t)wait;
}

static void cut_the_late(struct berth_api *a)
{
	uint64_t now = berth_clock_mono_ms();

	for (struct conn *c = a->conns; c; c = c->next) {
		if (now >= c->deadline_ms)
			cut(c);
		if (c->held && now >= c->held_until_ms)
			api_resume(c);
	}
	if (a->paused_until_ms && now >= a->paused_until_ms) {
		a->paused_until_ms = 0;
		watch(a, a->app_fd, true);
		watch(a, a->admin_fd, true);
	}
}

void berth_api_run(struct berth_api *a)
{
	struct epoll_event ev[EVENTS];
	int n = epoll_wait(a->epoll, ev, EVENTS, 0);
	bool app = false, admin = false;

	for (int i = 0; i < n; i++) {
		void *tag = ev[i].data.ptr;

		if (tag == &a->app_fd)
			app = true;
		else if (tag == &a->admin_fd)
			admin = true;
		else if (tag != &a->mhd_epoll)
			cut(tag);	/* its process ended; freed only in MHD_run() below */
	}
	cut_the_late(a);
	/* The operator first. */
	if (admin)
		accept_some(a, a->admin_fd, BERTH_SOCKET_ADMIN);
	if (app)
		accept_some(a, a->app_fd, BERTH_SOCKET_APP);
	MHD_run(a->mhd);
}
