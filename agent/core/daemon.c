/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/daemon.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/core/agent.h"
#include "agent/core/api.h"
#include "agent/core/backend.h"
#include "agent/core/hooks.h"
#include "agent/core/keystores.h"
#include "agent/core/netclient.h"
#include "agent/core/notify.h"
#include "agent/core/policy_files.h"
#include "agent/core/resolveclient.h"
#include "agent/core/roles.h"
#include "agent/core/sandbox.h"
#include "agent/core/store.h"
#include "agent/ipc/starter.h"
#include "did/base/clock.h"
#include "did/base/log.h"
#include "did/doc_memory.h"

void berth_daemon_log_as(const struct berth_config *cfg)
{
	static const char *const levels[] = { "error", "warn", "info", "debug" };
	const char *level = berth_config_str(cfg, "agent", NULL, "log-level");
	const char *format = berth_config_str(cfg, "agent", NULL, "log-format");
	enum berth_log_level most = BERTH_LOG_INFO;

	for (int i = 0; i < 4; i++)
		if (strcmp(levels[i], level) == 0)
			most = (enum berth_log_level)i;
	berth_log_init("berthd", most, strcmp(format, "auto") ? !strcmp(format, "json") : !isatty(STDERR_FILENO));
}

struct berth_daemon {
	struct berth_config *cfg;
	struct berth_config *first;	/* what it started with: that of the hooks; may be cfg */
	const char *path, *libexec_dir;
	struct berth_keystores *keys;
	struct berth_netclient *net;
	struct berth_pins *pins;
	struct berth_kept *kept;
	struct berth_resolveclient *resolve;
	struct berth_store *store;
	struct berth_agent *agent;
	struct berth_api *api;
	struct berth_hooks *hooks;
	int signals;
	uint64_t news;		/* of which applications that wait have heard */
	bool stop;
	struct berth_backend backend;
	struct berth_api_backend api_backend;
	struct berth_policy policy;
	struct berth_policy_files files;
};

/* ---- the store ---- */
static bool has_store(const char *dir)
{
	char path[512];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", dir, BERTH_STORE_FILE);
	return lstat(path, &st) == 0;
}

/* A missing store beside keys that have lived is a loss, not a first start (C150):
 * keys are made only when there is a store already. */
static enum berth_err store_open(struct berth_daemon *d, bool fresh)
{
	const char *dir = berth_config_str(d->cfg, "agent", NULL, "state-dir");
	struct berth_keys *k = berth_keystores_keys(d->keys);
	bool protected_, lived = fresh && !berth_keystores_empty(d->keys);
	uint64_t generation = 0;
	enum berth_err rc;

	if (fresh && (rc = k->ops->counter_read(k, BERTH_COUNTER_GENERATION, &generation, &protected_)))
		return rc;
	if (lived || generation > 0)
		return berth_fail(BERTH_E_STORE, "%s/%s is gone, but its keys have lived: restore the folder", dir, BERTH_STORE_FILE);
	return berth_store_open(&d->store, dir, fresh);
}

/* ---- the other two ---- */

/* Whoever listens may be talked to by so many at a time, who have two DIDs each while they
 * are onboarded; a gateway that only dials talks to few. */
static void remember_peers(const struct berth_config *cfg)
{
	if (berth_config_item(cfg, "listen", NULL, "uri", 0))
		berth_doc_memory_dids(2 * (size_t)berth_config_int(cfg, "listen", NULL, "requests-at-once"));
}

static enum berth_err resolver_start(struct berth_daemon *d)
{
	enum berth_err rc = berth_resolveclient_new(&d->resolve, d->libexec_dir, NULL);

	remember_peers(d->cfg);
	if (rc || (rc = berth_store_pins_new(&d->pins, d->store)) || (rc = berth_store_kept_new(&d->kept, d->store)) ||
	    (rc = berth_resolveclient_add_configured(d->resolve, d->cfg)))
		return rc;
	berth_resolveclient_set_pins(d->resolve, d->pins);
	berth_resolveclient_set_kept(d->resolve, d->kept);
	return berth_resolveclient_start(d->resolve);
}

static const char *set_or_null(const char *s) { return s && s[0] ? s : NULL; }

/* The policy that cfg says; out borrows from cfg and f. */
static enum berth_err make_policy(const struct berth_config *cfg, struct berth_policy *out, struct berth_policy_files *f)
{
	enum berth_err rc = berth_policy_files_read(f, cfg);

	if (rc)
		return rc;
	if ((rc = berth_config_policy(cfg, out))) {
		berth_policy_files_free(f);
		return rc;
	}
	out->serial = set_or_null(out->serial);
	out->model = set_or_null(out->model);
	berth_policy_files_use(out, f);
	return BERTH_OK;
}

static enum berth_err agent_start(struct berth_daemon *d)
{
	struct berth_agent_config ac = { .store = d->store, .keys = berth_keystores_keys(d->keys),
		.transport = berth_netclient_transport(d->net), .resolver = berth_resolveclient_resolver(d->resolve),
		.lookups = berth_resolveclient_lookups(d->resolve), .policy = &d->policy,
		.clock_trusted = berth_config_bool(d->cfg, "agent", NULL, "clock-trusted") };

	berth_roles_machines(d->cfg, &ac);
	return berth_agent_new(&d->agent, &ac);
}

/* ---- birth and death ---- */
static enum berth_err start(struct berth_daemon *d)
{
	bool fresh = !has_store(berth_config_str(d->cfg, "agent", NULL, "state-dir"));
	enum berth_err rc;

	if ((rc = make_policy(d->cfg, &d->policy, &d->files)))
		return rc;
	d->policy.judging = &d->backend.judging;
	if ((rc = berth_keystores_open(&d->keys, d->cfg, d->libexec_dir, fresh)) ||
	    (rc = store_open(d, fresh)) || (rc = resolver_start(d)) ||
	    (rc = berth_netclient_new(&d->net, d->cfg, d->libexec_dir)) ||
	    (rc = berth_netclient_start(d->net)) || (rc = agent_start(d)) || (rc = berth_roles_identities(d->cfg, d->agent)))
		return rc;
	berth_netclient_set_agent(d->net, d->agent);
	d->backend.agent = d->agent;
	d->backend.resolve = d->resolve;
	if ((rc = berth_backend_open(&d->backend, d->cfg)) || (rc = berth_hooks_new(&d->hooks, d->cfg, &d->backend)))
		return rc;
	berth_backend_init(&d->backend, &d->api_backend);
	return berth_api_new(&d->api, d->cfg, &d->api_backend);
}

static enum berth_err signals_open(struct berth_daemon *d)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) || (d->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
		return berth_fail(BERTH_E_INTERNAL, "signals: %m");
	return BERTH_OK;
}

enum berth_err berth_daemon_new(struct berth_daemon **out, struct berth_config *cfg, const char *path,
				const char *libexec_dir)
{
	struct berth_daemon *d = calloc(1, sizeof(*d));
	enum berth_err rc;

	*out = NULL;
	if (!d) {
		berth_config_free(cfg);
		return berth_no_memory();
	}
	d->cfg = d->first = cfg;
	d->path = path;
	d->libexec_dir = libexec_dir;
	d->signals = -1;
	if ((rc = signals_open(d)) || (rc = start(d))) {
		berth_daemon_free(d);
		return rc;
	}
	*out = d;
	return BERTH_OK;
}

void berth_daemon_free(struct berth_daemon *d)
{
	if (!d)
		return;
	berth_api_free(d->api);
	berth_hooks_free(d->hooks);
	berth_backend_close(&d->backend);
	if (d->net)
		berth_netclient_set_agent(d->net, NULL);
	berth_agent_free(d->agent);
	berth_netclient_free(d->net);
	berth_resolveclient_free(d->resolve);
	berth_store_pins_free(d->pins);
	berth_store_kept_free(d->kept);
	berth_store_close(d->store);
	berth_keystores_free(d->keys);
	if (d->signals >= 0)
		close(d->signals);
	berth_policy_files_free(&d->files);
	if (d->cfg != d->first)
		berth_config_free(d->cfg);
	berth_config_free(d->first);
	free(d);
}

/* All of cfg or nothing: what can fail without having changed anything comes first,
 * and what borrowed from the old one is made to let go. */
static enum berth_err use(struct berth_daemon *d, struct berth_config *cfg)
{
	struct berth_vc_policy *rules = NULL;
	struct berth_policy policy;
	struct berth_policy_files files;
	enum berth_err rc;

	if ((rc = make_policy(cfg, &policy, &files)))
		return rc;
	if ((rc = berth_config_credentials(cfg, &rules)) || (rc = berth_api_reconfigure(d->api, cfg))) {
		berth_config_credentials_free(rules);
		berth_policy_files_free(&files);
		return rc;
	}
	if ((rc = berth_resolveclient_reconfigure(d->resolve, cfg)) || (rc = berth_netclient_reconfigure(d->net, cfg))) {
		berth_config_credentials_free(rules);
		berth_policy_files_free(&files);
		/* it was good for these once already; without it nobody would be let in */
		if (berth_api_reconfigure(d->api, d->cfg) || berth_resolveclient_reconfigure(d->resolve, d->cfg))
			d->stop = true;
		return rc;
	}
	berth_backend_take(&d->backend, cfg, rules);
	berth_policy_files_free(&d->files);
	if (d->cfg != d->first)
		berth_config_free(d->cfg);
	d->files = files;
	d->policy = policy;
	d->policy.judging = &d->backend.judging;
	d->policy.hooked_by = d->first;		/* as the hooks themselves */
	d->cfg = cfg;
	return BERTH_OK;
}

/* SIGHUP: a bad file keeps the old configuration.  Listeners, keystores, adapters, hooks,
 * folders and whether we have a mediator stay what they were at the start. */
static void reload(struct berth_daemon *d)
{
	struct berth_config *cfg = NULL;
	enum berth_err rc = berth_config_load(&cfg, d->path);

	if (!rc)
		rc = use(d, cfg);
	if (rc) {
		berth_log_err(BERTH_LOG_ERROR, "reload", rc);
		berth_config_free(cfg);
		return;
	}
	berth_daemon_log_as(d->cfg);
	berth_log(BERTH_LOG_INFO, "reload", "%s", d->path);
}

static void on_signal(struct berth_daemon *d)
{
	struct signalfd_siginfo s;

	while (read(d->signals, &s, sizeof(s)) == (ssize_t)sizeof(s)) {
		if (s.ssi_signo == SIGHUP)
			reload(d);
		else
			d->stop = true;
	}
}

/* What was queued in this turn, and what is due, leaves in one write. */
static uint32_t tick(struct berth_daemon *d)
{
	uint32_t in = berth_agent_tick(d->agent);

	berth_netclient_push(d->net);
	return in;
}

static int wait_ms(struct berth_daemon *d)
{
	uint32_t in = tick(d), api = berth_api_timeout_ms(d->api);
	uint32_t net = berth_netclient_timeout_ms(d->net), watchdog = berth_notify_watchdog_ms();
	uint32_t keyd = berth_keystores_timeout_ms(d->keys), resolve = berth_resolveclient_timeout_ms(d->resolve);
	uint32_t hooks = berth_hooks_run(d->hooks);

	in = hooks < in ? hooks : in;
	in = api < in ? api : in;
	in = net < in ? net : in;
	in = keyd < in ? keyd : in;
	in = resolve < in ? resolve : in;
	in = watchdog < in ? watchdog : in;
	return in > 60000 ? 60000 : (int)in;
}

/* Requests that wait for messages are looked at again. */
static bool tell_news(struct berth_daemon *d)
{
	uint64_t news = berth_agent_news(d->agent);
	bool any = news != d->news;

	any |= berth_backend_watch_look(&d->backend);
	if (any)
		berth_api_wake(d->api);
	d->news = news;
	return any;
}

enum { P_SIGNALS, P_STARTER, P_API, P_NET, P_RESOLVE, P_HOOK, P_KEYDS = P_HOOK + 2 };	/* the keyds come last, however many */

static enum berth_err turn(struct berth_daemon *d)
{
	int timeout = wait_ms(d), net = berth_netclient_fd(d->net);
	struct pollfd p[P_KEYDS + BERTH_KEYROUTER_MAX] = {
		[P_SIGNALS] = { .fd = d->signals, .events = POLLIN },
		[P_STARTER] = { .fd = berth_starter_fd(), .events = POLLIN },
		[P_API] = { .fd = berth_api_fd(d->api), .events = POLLIN },
		[P_NET] = { .fd = net, .events = POLLIN },
		[P_RESOLVE] = { .fd = berth_resolveclient_fd(d->resolve), .events = POLLIN },
		[P_HOOK] = { .fd = -1 }, [P_HOOK + 1] = { .fd = -1 },
	};
	nfds_t n = P_KEYDS + berth_keystores_poll(d->keys, &p[P_KEYDS]);

	berth_hooks_poll(d->hooks, &p[P_HOOK]);
	if (berth_netclient_wants_write(d->net))
		p[P_NET].events |= POLLOUT;
	if (berth_resolveclient_wants_write(d->resolve))
		p[P_RESOLVE].events |= POLLOUT;
	if (tell_news(d))
		timeout = 0;
	if (poll(p, n, timeout) < 0 && errno != EINTR)
		return berth_fail(BERTH_E_INTERNAL, "poll: %m");
	if (p[P_STARTER].revents)	/* and with it all that it started */
		return berth_fail(BERTH_E_UNAVAILABLE, "the process that starts the others is gone");
	if (p[P_SIGNALS].revents)
		on_signal(d);
	berth_keystores_run(d->keys, &p[P_KEYDS]);
	if (berth_resolveclient_run(d->resolve, p[P_RESOLVE].revents & ~POLLOUT)) {
		berth_store_pins_flush(d->pins);
		berth_resolveclient_save(d->resolve);
		berth_agent_on_lookups(d->agent);
	}
	berth_netclient_run(d->net, net >= 0 && p[P_NET].revents & (POLLIN | POLLHUP | POLLERR),
			    net >= 0 && p[P_NET].revents & POLLOUT);
	tell_news(d);
	berth_api_run(d->api);
	berth_notify_alive();
	return BERTH_OK;
}

enum berth_err berth_daemon_run(struct berth_daemon *d)
{
	enum berth_err rc = BERTH_OK;

	berth_core_sandbox(d->cfg, d->path);
	berth_notify("READY=1");
	berth_log(BERTH_LOG_INFO, "ready", "%s", berth_config_str(d->cfg, "agent", NULL, "name"));
	while (!rc && !d->stop)
		rc = turn(d);
	berth_notify("STOPPING=1");
	berth_agent_audit_close(d->agent);
	return rc;
}
