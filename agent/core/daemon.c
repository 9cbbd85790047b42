/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/daemon.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/core/agent.h"
#include "agent/core/api.h"
#include "agent/core/backend.h"
#include "agent/core/keyclient.h"
#include "agent/core/netclient.h"
#include "agent/core/notify.h"
#include "agent/core/resolveclient.h"
#include "agent/core/store.h"
#include "agent/ipc/proc.h"
#include "agent/protocol/onboarding.h"
#include "did/base/clock.h"
#include "did/base/log.h"

#define EK_ROOTS_MAX (256 << 10)
#define STOP_GRACE_MS 3000

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
	const char *path, *libexec_dir;
	struct berth_policy policy;
	char *ek_roots;
	struct berth_keyclient *keys;
	struct berth_proc keyd;
	struct berth_backoff keyd_backoff;
	uint64_t keyd_again_ms, keyd_open_by_ms;
	struct berth_buf keyd_path;
	struct berth_netclient *net;
	struct berth_resolveclient *resolve;
	struct berth_store *store;
	struct berth_agent *agent;
	struct berth_backend backend;
	struct berth_api_backend api_backend;
	struct berth_api *api;
	int signals;
	bool stop;
};

/* ---- berth-keyd ---- */
static enum berth_err keyd_spawn(struct berth_daemon *d, int *sock)
{
	char *argv[] = { (char *)d->keyd_path.p, NULL };

	return berth_proc_spawn(&d->keyd, sock, berth_buf_cstr(&d->keyd_path), argv);
}

static enum berth_err keyd_start(struct berth_daemon *d)
{
	int sock;
	enum berth_err rc = keyd_spawn(d, &sock);

	return rc ? rc : berth_keyclient_attach(d->keys, sock);
}

/* Later on the others do not wait for a device that is slow, or gone. */
static enum berth_err keyd_start_again(struct berth_daemon *d)
{
	int sock;
	enum berth_err rc = keyd_spawn(d, &sock);

	d->keyd_open_by_ms = berth_clock_mono_ms() + BERTH_KEYCLIENT_OPEN_MS;
	return rc ? rc : berth_keyclient_attach_begin(d->keys, sock);
}

static const char *keystore_option(const struct berth_daemon *d, const char *name, const char *key)
{
	const char *s = berth_config_str(d->cfg, "keystore", name, key);

	return s[0] ? s : NULL;
}

static uint32_t pcr_mask(const struct berth_config *c, const char *name)
{
	uint32_t mask = 0;
	const char *v;

	for (size_t i = 0; (v = berth_config_item(c, "keystore", name, "pcrs", i)); i++)
		mask |= 1u << strtoul(v, NULL, 10);
	return mask;
}

/* Whoever has a store had keys: then none are made anew (never a silent new identity). */
static enum berth_err keys_open(struct berth_daemon *d, bool fresh)
{
	const char *name = berth_config_section(d->cfg, "keystore", 0);
	struct berth_keystore_config kc = { .create = fresh };
	enum berth_err rc;

	if (!name)
		return berth_fail(BERTH_E_CONFIG, "no [keystore NAME]: say where the keys are, uri = soft:PATH, "
				  "tpm2:?dir=DIR or pkcs11:token=LABEL");
	/* not one of them quietly: whoever wrote the other meant something by it */
	if (berth_config_section(d->cfg, "keystore", 1))
		return berth_fail(BERTH_E_CONFIG, "[keystore %s]: an agent has one keystore",
				  berth_config_section(d->cfg, "keystore", 1));
	kc.uri = berth_config_str(d->cfg, "keystore", name, "uri");
	kc.passphrase_file = keystore_option(d, name, "passphrase-file");
	kc.tcti = keystore_option(d, name, "tcti");
	kc.module_path = keystore_option(d, name, "module-path");
	kc.pin_source = keystore_option(d, name, "pin-source");
	kc.pcr_mask = pcr_mask(d->cfg, name);
	if ((rc = berth_proc_libexec(&d->keyd_path, d->libexec_dir, "keyd")) ||
	    (rc = berth_keyclient_new(&d->keys, &kc)))
		return rc;
	return keyd_start(d);
}

static void keyd_down(struct berth_daemon *d, uint64_t lived_ms)
{
	uint32_t wait = berth_backoff_next(&d->keyd_backoff, lived_ms);
	int status = berth_proc_stop(&d->keyd, 0), sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	d->keyd_again_ms = berth_clock_mono_ms() + wait;
	berth_log(BERTH_LOG_WARN, "keyd", "is gone after %" PRIu64 " ms (%s %d%s); starting again in %" PRIu32 " ms", lived_ms,
		  sig ? "signal" : "status", sig ? sig : WEXITSTATUS(status),
		  sig == SIGSYS ? ": a system call that it may not make" : "", wait);
}

/* True: the store is open, or still being opened. */
static bool keyd_opens(struct berth_daemon *d, bool readable, uint64_t now)
{
	enum berth_err rc = BERTH_OK;

	if (readable)
		rc = berth_keyclient_attach_end(d->keys);
	else if (now >= d->keyd_open_by_ms)
		rc = berth_fail(BERTH_E_KEYSTORE, "keyd: no store open after %d ms", BERTH_KEYCLIENT_OPEN_MS);
	if (rc)
		berth_log_err(BERTH_LOG_ERROR, "keyd", rc);
	else if (readable)
		berth_log(BERTH_LOG_INFO, "keyd", "is back");
	return !rc;
}

/* readable: keyd only ever answers, so outside a call that is its end. */
static void keyd_watch(struct berth_daemon *d, bool readable)
{
	uint64_t started = d->keyd.started_ms, now = berth_clock_mono_ms();
	enum berth_err rc;

	if (d->keyd.pid && berth_keyclient_opening(d->keys)) {
		if (!keyd_opens(d, readable, now))
			keyd_down(d, 0);
	} else if (d->keyd.pid && (readable || !berth_keyclient_usable(d->keys))) {
		keyd_down(d, now - started);
	}
	if (d->keyd.pid || now < d->keyd_again_ms)
		return;
	if ((rc = keyd_start_again(d))) {
		berth_log_err(BERTH_LOG_ERROR, "keyd", rc);
		keyd_down(d, 0);
	}
}

/* ---- the store ---- */
static bool has_store(const char *dir)
{
	char path[512];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", dir, BERTH_STORE_FILE);
	return lstat(path, &st) == 0;
}

static enum berth_err not_empty(void *arg, const struct berth_key_info *info, uint32_t purposes)
{
	(void)info;
	(void)purposes;
	*(bool *)arg = true;
	return BERTH_OK;
}

/* A missing store beside keys that have lived is a loss, not a first start (C150):
 * keys are made only when there is a store already. */
static enum berth_err store_open(struct berth_daemon *d, bool fresh)
{
	const char *dir = berth_config_str(d->cfg, "agent", NULL, "state-dir");
	struct berth_keys *k = berth_keyclient_keys(d->keys);
	bool protected_, lived = false;
	uint64_t generation = 0;
	enum berth_err rc;

	if (fresh && ((rc = berth_keyclient_list(d->keys, not_empty, &lived)) ||
		      (rc = k->ops->counter_read(k, BERTH_COUNTER_GENERATION, &generation, &protected_))))
		return rc;
	if (lived || generation > 0)
		return berth_fail(BERTH_E_STORE, "%s/%s is gone, but its keys have lived: restore the folder", dir, BERTH_STORE_FILE);
	return berth_store_open(&d->store, dir, fresh);
}

/* ---- the other two ---- */
static enum berth_err resolver_start(struct berth_daemon *d)
{
	enum berth_err rc = berth_resolveclient_new(&d->resolve, d->libexec_dir, NULL);

	if (rc || (rc = berth_resolveclient_add_configured(d->resolve, d->cfg)))
		return rc;
	return berth_resolveclient_start(d->resolve);
}

static enum berth_err read_roots(const struct berth_config *cfg, char **out)
{
	const char *path = berth_config_str(cfg, "trust", NULL, "ek-roots");
	struct stat st;
	char *text = NULL;
	FILE *f;
	enum berth_err rc = BERTH_OK;

	*out = NULL;
	if (!path[0])
		return BERTH_OK;
	if (!(f = fopen(path, "re")))
		return berth_fail(BERTH_E_CONFIG, "[trust] ek-roots: %s: %s", path, strerror(errno));
	if (fstat(fileno(f), &st) || st.st_size <= 0 || st.st_size > EK_ROOTS_MAX)
		rc = berth_fail(BERTH_E_CONFIG, "[trust] ek-roots: %s is empty or larger than %d bytes", path, EK_ROOTS_MAX);
	else if (!(text = calloc(1, (size_t)st.st_size + 1)))
		rc = berth_fail(BERTH_E_NOMEM, "ek-roots");
	else if (fread(text, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
		rc = berth_fail(BERTH_E_CONFIG, "[trust] ek-roots: %s cannot be read", path);
	fclose(f);
	if (!rc) {
		*out = text;
		text = NULL;
	}
	free(text);
	return rc;
}

static const char *set_or_null(const char *s) { return s && s[0] ? s : NULL; }

/* The policy that cfg says; out borrows from cfg and owns its roots. */
static enum berth_err make_policy(const struct berth_config *cfg, struct berth_policy *out, char **roots)
{
	enum berth_err rc = read_roots(cfg, roots);

	if (rc)
		return rc;
	if ((rc = berth_config_policy(cfg, out))) {
		free(*roots);
		*roots = NULL;
		return rc;
	}
	out->serial = set_or_null(out->serial);
	out->model = set_or_null(out->model);
	out->ek_roots_pem = *roots;
	return BERTH_OK;
}

/* ---- roles ---- */
static bool role(const struct berth_daemon *d, const char *name)
{
	return berth_config_has(d->cfg, "agent", NULL, "role", name);
}

static void add_machine(struct berth_agent_config *ac, const struct berth_machine *m)
{
	ac->machines[ac->n_machines++] = m;
}

static enum berth_err agent_start(struct berth_daemon *d)
{
	struct berth_agent_config ac = { .store = d->store, .keys = berth_keyclient_keys(d->keys),
		.transport = berth_netclient_transport(d->net), .resolver = berth_resolveclient_resolver(d->resolve),
		.lookups = berth_resolveclient_lookups(d->resolve), .policy = &d->policy,
		.clock_trusted = berth_config_bool(d->cfg, "agent", NULL, "clock-trusted") };

	if (role(d, "gateway"))
		add_machine(&ac, &berth_gateway_machine);
	if (role(d, "owner"))
		add_machine(&ac, &berth_owner_machine);
	if (role(d, "factory"))
		add_machine(&ac, &berth_factory_machine);
	if (role(d, "rendezvous"))
		add_machine(&ac, &berth_rendezvous_machine);
	add_machine(&ac, &berth_ping_machine);
	add_machine(&ac, &berth_problem_machine);
	add_machine(&ac, &berth_discover_machine);
	return berth_agent_new(&d->agent, &ac);
}

/* The DIDs of the fixed roles are there from the first start, to be handed around. */
static enum berth_err make_identities(struct berth_daemon *d)
{
	struct berth_keys *k = berth_keyclient_keys(d->keys);
	enum berth_key_type sign = berth_sign_type(k), agree = BERTH_AGREE_TYPE;
	unsigned vc = BERTH_PURPOSE_BIT(BERTH_SIGN_VC), didcomm = BERTH_PURPOSE_BIT(BERTH_SIGN_DIDCOMM);
	unsigned owner = vc | BERTH_PURPOSE_BIT(BERTH_SIGN_OWNER_PROOF) | BERTH_PURPOSE_BIT(BERTH_SIGN_RV_BLOB) |
		BERTH_PURPOSE_BIT(BERTH_SIGN_FROM_PRIOR);
	enum berth_err rc = BERTH_OK;

	if (role(d, "owner"))
		rc = berth_agent_make_identity(d->agent, BERTH_ID_OWNER, sign, agree, owner, true);
	if (!rc && role(d, "rendezvous"))
		rc = berth_agent_make_identity(d->agent, BERTH_ID_RENDEZVOUS, sign, agree, didcomm, true);
	if (rc || !role(d, "factory"))
		return rc;
	if ((rc = berth_agent_make_signer(d->agent, BERTH_ID_ISSUER, sign, vc)) ||
	    (rc = berth_agent_make_signer(d->agent, BERTH_ID_ROOT, sign, vc)))
		return rc;
	return berth_agent_make_identity(d->agent, BERTH_ID_MAKER, sign, agree, didcomm, true);
}

/* ---- birth and death ---- */
static enum berth_err start(struct berth_daemon *d)
{
	bool fresh = !has_store(berth_config_str(d->cfg, "agent", NULL, "state-dir"));
	enum berth_err rc;

	if ((rc = make_policy(d->cfg, &d->policy, &d->ek_roots)) || (rc = keys_open(d, fresh)) ||
	    (rc = store_open(d, fresh)) || (rc = resolver_start(d)) ||
	    (rc = berth_netclient_new(&d->net, d->cfg, d->libexec_dir)) ||
	    (rc = berth_netclient_start(d->net)) || (rc = agent_start(d)) || (rc = make_identities(d)))
		return rc;
	berth_netclient_set_agent(d->net, d->agent);
	d->backend.agent = d->agent;
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
		return berth_fail(BERTH_E_INTERNAL, "signals: %s", strerror(errno));
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
		return berth_fail(BERTH_E_NOMEM, "daemon");
	}
	d->cfg = cfg;
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
	if (d->net)
		berth_netclient_set_agent(d->net, NULL);
	berth_agent_free(d->agent);
	berth_netclient_free(d->net);
	berth_resolveclient_free(d->resolve);
	berth_store_close(d->store);
	berth_keyclient_free(d->keys);
	berth_proc_stop(&d->keyd, STOP_GRACE_MS);
	berth_buf_free(&d->keyd_path);
	if (d->signals >= 0)
		close(d->signals);
	free(d->ek_roots);
	berth_config_free(d->cfg);
	free(d);
}

/* All of cfg or nothing: what can fail without having changed anything comes first,
 * and what borrowed from the old one is made to let go. */
static enum berth_err use(struct berth_daemon *d, struct berth_config *cfg)
{
	struct berth_policy policy;
	char *roots = NULL;
	enum berth_err rc;

	if ((rc = make_policy(cfg, &policy, &roots)))
		return rc;
	if ((rc = berth_api_reconfigure(d->api, cfg))) {
		free(roots);
		return rc;
	}
	if ((rc = berth_netclient_reconfigure(d->net, cfg))) {
		free(roots);
		/* it was good for this once already; without it nobody would be let in */
		if (berth_api_reconfigure(d->api, d->cfg))
			d->stop = true;
		return rc;
	}
	free(d->ek_roots);
	berth_config_free(d->cfg);
	d->ek_roots = roots;
	d->policy = policy;
	d->cfg = cfg;
	return BERTH_OK;
}

/* SIGHUP: a bad file keeps the old configuration.  Listeners, keystore, adapters and
 * folders stay what they were at the start. */
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

/* After the tick, which is when a keyd that hangs is found out. */
static uint32_t keyd_wait_ms(const struct berth_daemon *d)
{
	uint64_t now = berth_clock_mono_ms();

	if (d->keyd.pid && berth_keyclient_opening(d->keys))
		return d->keyd_open_by_ms > now ? (uint32_t)(d->keyd_open_by_ms - now) : 0;
	if (d->keyd.pid)
		return berth_keyclient_usable(d->keys) ? UINT32_MAX : 0;
	return d->keyd_again_ms > now ? (uint32_t)(d->keyd_again_ms - now) : 0;
}

static int wait_ms(struct berth_daemon *d)
{
	uint32_t in = berth_agent_tick(d->agent), api = berth_api_timeout_ms(d->api);
	uint32_t net = berth_netclient_timeout_ms(d->net), watchdog = berth_notify_watchdog_ms();
	uint32_t keyd = keyd_wait_ms(d), resolve = berth_resolveclient_timeout_ms(d->resolve);

	in = api < in ? api : in;
	in = net < in ? net : in;
	in = keyd < in ? keyd : in;
	in = resolve < in ? resolve : in;
	in = watchdog < in ? watchdog : in;
	return in > 60000 ? 60000 : (int)in;
}

enum { P_SIGNALS, P_API, P_NET, P_KEYD, P_RESOLVE, P__COUNT };

static enum berth_err turn(struct berth_daemon *d)
{
	int net = berth_netclient_fd(d->net), timeout = wait_ms(d);
	struct pollfd p[P__COUNT] = {
		[P_SIGNALS] = { .fd = d->signals, .events = POLLIN },
		[P_API] = { .fd = berth_api_fd(d->api), .events = POLLIN },
		[P_NET] = { .fd = net, .events = POLLIN },
		[P_KEYD] = { .fd = d->keyd.pid ? berth_keyclient_fd(d->keys) : -1, .events = POLLIN },
		[P_RESOLVE] = { .fd = berth_resolveclient_fd(d->resolve), .events = POLLIN },
	};

	if (berth_netclient_wants_write(d->net))
		p[P_NET].events |= POLLOUT;
	if (poll(p, P__COUNT, timeout) < 0 && errno != EINTR)
		return berth_fail(BERTH_E_INTERNAL, "poll: %s", strerror(errno));
	if (p[P_SIGNALS].revents)
		on_signal(d);
	keyd_watch(d, p[P_KEYD].revents != 0);
	if (berth_resolveclient_run(d->resolve, p[P_RESOLVE].revents != 0))
		berth_agent_on_lookups(d->agent);
	berth_netclient_run(d->net, net >= 0 && p[P_NET].revents & (POLLIN | POLLHUP | POLLERR),
			    net >= 0 && p[P_NET].revents & POLLOUT);
	berth_api_run(d->api);
	berth_notify_alive();
	return BERTH_OK;
}

enum berth_err berth_daemon_run(struct berth_daemon *d)
{
	enum berth_err rc = BERTH_OK;

	berth_notify("READY=1");
	berth_log(BERTH_LOG_INFO, "ready", "%s", berth_config_str(d->cfg, "agent", NULL, "name"));
	while (!rc && !d->stop)
		rc = turn(d);
	berth_notify("STOPPING=1");
	return rc;
}
