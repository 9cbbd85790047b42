/* SPDX-License-Identifier: Apache-2.0 */
/* berthd: the agent's core.  Stays in the foreground, logs to stderr. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/core/config.h"
#include "agent/core/daemon.h"
#include "agent/core/keystores.h"
#include "agent/core/policy_files.h"
#include "agent/core/store.h"
#include "agent/ipc/hook.h"
#include "agent/ipc/proc.h"
#include "agent/ipc/starter.h"
#include "did/base/log.h"
#include "did/base/secret.h"
#include "did/crypto/settings.h"

static const char usage[] =
	"usage: berthd --config FILE [--libexec-dir DIR]\n"
	"       berthd --check-config FILE\n"
	"       berthd --version | --help\n"
	"\n"
	"Runs the agent in the foreground: a gateway, an owner, a factory or a rendezvous,\n"
	"as [agent] role says. Logs go to stderr, as text on a terminal and as JSON lines\n"
	"otherwise. SIGHUP reads FILE again (a bad file keeps the old configuration),\n"
	"SIGTERM stops cleanly. The options of FILE are in berth.conf(5).\n"
	"\n"
	"examples:\n"
	"  berthd --check-config /etc/berth/berth.conf\n"
	"  berthd --config /etc/berth/berth.conf\n";

static int fail(enum berth_err rc)
{
	fprintf(stderr, "berthd: %s: %s\n", berth_err_name(rc), berth_err_detail());
	return berth_err_exit(rc);
}

static int check(const char *path)
{
	struct berth_hook hooks[BERTH_HOOKS_MAX];
	size_t n_hooks;
	struct berth_policy_files files;
	struct berth_config *cfg = NULL;
	enum berth_err rc = berth_config_load(&cfg, path);

	if (!rc)
		rc = berth_keystores_check(cfg);
	if (!rc)
		rc = berth_config_net_check(cfg);
	if (!rc)
		rc = berth_config_http_check(cfg);
	if (!rc)
		rc = berth_config_hooks(cfg, hooks, &n_hooks);
	if (!rc && !(rc = berth_policy_files_read(&files, cfg)))
		berth_policy_files_free(&files);
	berth_config_free(cfg);
	if (rc)
		return fail(rc);
	printf("%s: no fault found\n", path);
	return 0;
}

/* What starts the other programs, while there is nothing in memory yet but what the
 * configuration says. */
static enum berth_err start_starter(const struct berth_config *cfg, const char *libexec_dir)
{
	static struct berth_hook hooks[BERTH_HOOKS_MAX];	/* borrows from cfg, in the starter's memory */
	static const char *const names[] = { "keyd", "netd", "resolverd" };
	struct berth_buf path[3] = { BERTH_BUF_INIT, BERTH_BUF_INIT, BERTH_BUF_INIT };
	const char *paths[3];
	size_t n_hooks;
	enum berth_err rc = berth_config_hooks(cfg, hooks, &n_hooks);

	for (size_t i = 0; !rc && i < 3; i++) {
		rc = berth_proc_libexec(&path[i], libexec_dir, names[i]);
		paths[i] = berth_buf_cstr(&path[i]);
	}
	if (!rc) {
		berth_starter_hooks(hooks, n_hooks);
		rc = berth_starter_begin(paths, 3);
	}
	for (size_t i = 0; i < 3; i++)
		berth_buf_free(&path[i]);
	return rc;
}

static int run(const char *path, const char *libexec_dir)
{
	struct berth_daemon *d = NULL;
	struct berth_config *cfg = NULL;
	enum berth_err rc;

	if ((rc = berth_config_load(&cfg, path)))
		return fail(rc);
	berth_daemon_log_as(cfg);
	berth_proc_be_patient();
	if ((rc = start_starter(cfg, libexec_dir))) {
		berth_config_free(cfg);
		return fail(rc);
	}
	if (!(rc = berth_daemon_new(&d, cfg, path, libexec_dir)))
		rc = berth_daemon_run(d);
	if (rc)
		fail(rc);	/* before the rest of it has words of its own */
	berth_daemon_free(d);
	berth_starter_end();
	return berth_err_exit(rc);
}

int main(int argc, char **argv)
{
	const char *libexec_dir = NULL, *config = NULL;

	berth_proc_harden(NULL, 0);
	berth_libcrypto_plain();
	berth_crypto_init();
	berth_store_one_thread();
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(argv[i], "--help") == 0)
			return fputs(usage, stdout) < 0;
		if (strcmp(argv[i], "--version") == 0)
			return printf("berthd %s\n", BERTH_VERSION) < 0;
		if (strcmp(argv[i], "--check-config") == 0 && value && argc == 3)
			return check(value);
		if (strcmp(argv[i], "--config") == 0 && value)
			config = argv[++i];
		else if (strcmp(argv[i], "--libexec-dir") == 0 && value)
			libexec_dir = argv[++i];
		else
			return fail(berth_fail(BERTH_E_USAGE, "%s: try berthd --help", argv[i]));
	}
	return config ? run(config, libexec_dir) : fail(berth_fail(BERTH_E_USAGE, "which --config FILE?"));
}
