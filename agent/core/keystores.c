/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/keystores.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "agent/core/keyclient.h"
#include "agent/core/metrics.h"
#include "agent/ipc/proc.h"
#include "did/base/buf.h"
#include "did/base/clock.h"
#include "did/base/log.h"

#define STOP_GRACE_MS 3000

struct store {
	char name[BERTH_CONFIG_NAME_MAX + 1];
	struct berth_keyclient *client;
	struct berth_proc keyd;
	struct berth_backoff backoff;
	uint64_t again_ms, open_by_ms;
};

struct berth_keystores {
	struct store store[BERTH_KEYROUTER_MAX];
	size_t n;
	struct berth_buf path;	/* of berth-keyd */
	struct berth_keyrouter *router;
	bool used;		/* some store had a key */
};

/* ---- one process ---- */

static enum berth_err spawn(struct berth_keystores *ks, struct store *s, int *sock)
{
	char *argv[] = { (char *)ks->path.p, NULL };

	return berth_proc_spawn(&s->keyd, sock, berth_buf_cstr(&ks->path), argv);
}

static enum berth_err start(struct berth_keystores *ks, struct store *s)
{
	int sock;
	enum berth_err rc = spawn(ks, s, &sock);

	return rc ? rc : berth_keyclient_attach(s->client, sock);
}

/* Later on the others do not wait for a device that is slow, or gone. */
static enum berth_err start_again(struct berth_keystores *ks, struct store *s)
{
	int sock;
	enum berth_err rc = spawn(ks, s, &sock);

	s->open_by_ms = berth_clock_mono_ms() + BERTH_KEYCLIENT_OPEN_MS;
	return rc ? rc : berth_keyclient_attach_begin(s->client, sock);
}

static void down(struct store *s, uint64_t lived_ms)
{
	uint32_t wait = berth_backoff_next(&s->backoff, lived_ms);
	int status = berth_proc_stop(&s->keyd, 0), sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	s->again_ms = berth_clock_mono_ms() + wait;
	berth_metric_count(BERTH_METRIC_KEYD_ENDS);
	berth_log(BERTH_LOG_WARN, "keyd",
		  "of [keystore %s] is gone after %" PRIu64 " ms (%s %d%s); starting again in %" PRIu32 " ms", s->name,
		  lived_ms, sig ? "signal" : "status", sig ? sig : WEXITSTATUS(status),
		  sig == SIGSYS ? ": a system call that it may not make" : "", wait);
}

/* True: the store is open, or still being opened. */
static bool opens(struct store *s, bool readable, uint64_t now)
{
	enum berth_err rc = BERTH_OK;

	if (readable)
		rc = berth_keyclient_attach_end(s->client);
	else if (now >= s->open_by_ms)
		rc = berth_fail(BERTH_E_KEYSTORE, "keyd: no store open after %d ms", BERTH_KEYCLIENT_OPEN_MS);
	if (rc)
		berth_log_err(BERTH_LOG_ERROR, "keyd", rc);
	else if (readable)
		berth_log(BERTH_LOG_INFO, "keyd", "of [keystore %s] is back", s->name);
	return !rc;
}

/* readable: keyd only ever answers, so outside a call that is its end. */
static void watch(struct berth_keystores *ks, struct store *s, bool readable)
{
	uint64_t started = s->keyd.started_ms, now = berth_clock_mono_ms();
	enum berth_err rc;

	if (s->keyd.pid && berth_keyclient_opening(s->client)) {
		if (!opens(s, readable, now))
			down(s, 0);
	} else if (s->keyd.pid && (readable || !berth_keyclient_usable(s->client))) {
		down(s, now - started);
	}
	if (s->keyd.pid || now < s->again_ms)
		return;
	if ((rc = start_again(ks, s))) {
		berth_log_err(BERTH_LOG_ERROR, "keyd", rc);
		down(s, 0);
	}
}

/* After a tick, which is when a keyd that hangs is found out. */
static uint32_t wait_ms(const struct store *s)
{
	uint64_t now = berth_clock_mono_ms();

	if (s->keyd.pid && berth_keyclient_opening(s->client))
		return s->open_by_ms > now ? (uint32_t)(s->open_by_ms - now) : 0;
	if (s->keyd.pid)
		return berth_keyclient_usable(s->client) ? UINT32_MAX : 0;
	return s->again_ms > now ? (uint32_t)(s->again_ms - now) : 0;
}

/* ---- the configuration ---- */

static const char *option(const struct berth_config *cfg, const char *name, const char *key)
{
	const char *s = berth_config_str(cfg, "keystore", name, key);

	return s[0] ? s : NULL;
}

static uint32_t pcr_mask(const struct berth_config *cfg, const char *name)
{
	uint32_t mask = 0;
	const char *v;

	for (size_t i = 0; (v = berth_config_item(cfg, "keystore", name, "pcrs", i)); i++)
		mask |= 1u << strtoul(v, NULL, 10);
	return mask;
}

static enum berth_err set_module_dirs(struct berth_keystore_config *kc, const struct berth_config *cfg, const char *name)
{
	const char *dir;

	for (size_t i = 0; (dir = berth_config_item(cfg, "keystore", name, "module-dir", i)); i++) {
		if (i == BERTH_MODULE_DIRS_MAX)
			return berth_fail(BERTH_E_CONFIG, "[keystore %s] module-dir: more than %d folders", name, BERTH_MODULE_DIRS_MAX);
		kc->module_dir[i] = dir;
	}
	return BERTH_OK;
}

static enum berth_err allow_registries(struct berth_keyclient *kc, const struct berth_config *cfg, const char *name)
{
	const char *registry;
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && (registry = berth_config_item(cfg, "keystore", name, "ethr-registry", i)); i++)
		rc = berth_keyclient_allow_registry(kc, registry);
	berth_keyclient_set_fee_max(kc, (uint64_t)berth_config_int(cfg, "keystore", name, "ethr-fee-max"));
	return rc;
}

static enum berth_err new_client(struct store *s, const struct berth_config *cfg, bool create)
{
	struct berth_keystore_config kc = {
		.uri = berth_config_str(cfg, "keystore", s->name, "uri"),
		.passphrase_file = option(cfg, s->name, "passphrase-file"), .tcti = option(cfg, s->name, "tcti"),
		.module_path = option(cfg, s->name, "module-path"), .pin_source = option(cfg, s->name, "pin-source"),
		.pcr_mask = pcr_mask(cfg, s->name), .create = create
	};
	enum berth_err rc = set_module_dirs(&kc, cfg, s->name);

	if (rc || (rc = berth_keyclient_new(&s->client, &kc)) || !(rc = allow_registries(s->client, cfg, s->name)))
		return rc;
	berth_keyclient_free(s->client);
	s->client = NULL;
	return rc;
}

static enum berth_err add(struct berth_keystores *ks, const struct berth_config *cfg, const char *name, bool create)
{
	const char *words[16];
	struct store *s = &ks->store[ks->n];
	size_t n = 0;
	enum berth_err rc;

	if (ks->n == BERTH_KEYROUTER_MAX)
		return berth_fail(BERTH_E_CONFIG, "[keystore %s]: more than %d keystores", name, BERTH_KEYROUTER_MAX);
	memcpy(s->name, name, strlen(name) + 1);
	while (n < sizeof(words) / sizeof(words[0]) && (words[n] = berth_config_item(cfg, "keystore", name, "for", n)))
		n++;
	if ((rc = new_client(s, cfg, create)))
		return rc;
	ks->n++;
	return berth_keyrouter_add(ks->router, s->name, berth_keyclient_keys(s->client), words, n);
}

/* The one that is called main comes first, wherever it stands. */
static enum berth_err add_all(struct berth_keystores *ks, const struct berth_config *cfg, bool create)
{
	const char *lead = berth_config_section(cfg, "keystore", 0), *name;
	enum berth_err rc;

	if (!lead)
		return berth_fail(BERTH_E_CONFIG, "no [keystore NAME]: say where the keys are, uri = soft:PATH, "
				  "tpm2:?dir=DIR or pkcs11:token=LABEL");
	for (size_t i = 0; (name = berth_config_section(cfg, "keystore", i)); i++)
		if (strcmp(name, "main") == 0)
			lead = name;
	rc = add(ks, cfg, lead, create);
	for (size_t i = 0; !rc && (name = berth_config_section(cfg, "keystore", i)); i++)
		if (name != lead)
			rc = add(ks, cfg, name, create);
	return rc;
}

/* ---- all of them ---- */

struct inspection { struct berth_keystores *ks; size_t i; };

static enum berth_err inspect(void *arg, const struct berth_key_info *info, uint32_t purposes)
{
	struct inspection *in = arg;

	(void)purposes;
	in->ks->used = true;
	return berth_keyrouter_check(in->ks->router, in->i, info->name);
}

/* All are open before any key is looked for: who opens one only gets what it asked for. */
static enum berth_err start_all(struct berth_keystores *ks)
{
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < ks->n; i++)
		rc = start(ks, &ks->store[i]);
	for (size_t i = 0; !rc && i < ks->n; i++)
		rc = berth_keyclient_list(ks->store[i].client, inspect, &(struct inspection){ ks, i });
	return rc;
}

enum berth_err berth_keystores_open(struct berth_keystores **out, const struct berth_config *cfg,
				    const char *libexec_dir, bool create)
{
	struct berth_keystores *ks = calloc(1, sizeof(*ks));
	enum berth_err rc;

	*out = NULL;
	if (!ks)
		return berth_no_memory();
	if ((rc = berth_proc_libexec(&ks->path, libexec_dir, "keyd")) || (rc = berth_keyrouter_new(&ks->router)) ||
	    (rc = add_all(ks, cfg, create)) || (rc = start_all(ks))) {
		berth_keystores_free(ks);
		return rc;
	}
	*out = ks;
	return BERTH_OK;
}

enum berth_err berth_keystores_check(const struct berth_config *cfg)
{
	struct berth_keystores *ks = calloc(1, sizeof(*ks));
	enum berth_err rc;

	if (!ks)
		return berth_no_memory();
	if (!(rc = berth_keyrouter_new(&ks->router)) && berth_config_section(cfg, "keystore", 0))
		rc = add_all(ks, cfg, false);
	berth_keystores_free(ks);
	return rc;
}

void berth_keystores_free(struct berth_keystores *ks)
{
	if (!ks)
		return;
	for (size_t i = 0; i < ks->n; i++)
		berth_keyclient_free(ks->store[i].client);
	for (size_t i = 0; i < ks->n; i++)
		berth_proc_stop(&ks->store[i].keyd, STOP_GRACE_MS);
	berth_keyrouter_free(ks->router);
	berth_buf_free(&ks->path);
	free(ks);
}

struct berth_keys *berth_keystores_keys(struct berth_keystores *ks)
{
	return berth_keyrouter_keys(ks->router);
}

bool berth_keystores_empty(const struct berth_keystores *ks)
{
	return !ks->used;
}

size_t berth_keystores_poll(const struct berth_keystores *ks, struct pollfd *p)
{
	for (size_t i = 0; i < ks->n; i++) {
		const struct store *s = &ks->store[i];

		p[i] = (struct pollfd){ .fd = s->keyd.pid ? berth_keyclient_fd(s->client) : -1, .events = POLLIN };
	}
	return ks->n;
}

void berth_keystores_run(struct berth_keystores *ks, const struct pollfd *p)
{
	for (size_t i = 0; i < ks->n; i++)
		watch(ks, &ks->store[i], p[i].revents != 0);
}

uint32_t berth_keystores_timeout_ms(const struct berth_keystores *ks)
{
	uint32_t least = UINT32_MAX, one;

	for (size_t i = 0; i < ks->n; i++)
		if ((one = wait_ms(&ks->store[i])) < least)
			least = one;
	return least;
}
