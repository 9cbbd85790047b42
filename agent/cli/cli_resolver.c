/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/cli_resolver.h"

#include <fcntl.h>
#include <unistd.h>

/* A command says one line on stderr; what resolverd logs is for a daemon's log. */
static enum berth_err start_quietly(struct berth_resolveclient *adapters)
{
	int keep = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	enum berth_err rc = BERTH_E_UNAVAILABLE;

	if (keep >= 0 && null >= 0 && dup2(null, STDERR_FILENO) >= 0)
		rc = berth_resolveclient_start(adapters);
	if (keep >= 0) {
		dup2(keep, STDERR_FILENO);
		close(keep);
	}
	if (null >= 0)
		close(null);
	return rc == BERTH_E_UNAVAILABLE ? berth_fail(rc, "berth-resolverd cannot be started") : rc;
}

static enum berth_err open_adapters(struct berth_cli_resolver *r, const char *path)
{
	enum berth_err rc;

	if ((rc = berth_config_load(&r->config, path)) || (rc = berth_resolveclient_new(&r->adapters, NULL, NULL)) ||
	    (rc = berth_resolveclient_add_configured(r->adapters, r->config)))
		return rc;
	return start_quietly(r->adapters);
}

enum berth_err berth_cli_resolver_open(struct berth_cli_resolver *r, const struct berth_cli *c)
{
	const char *dir = berth_cli_get(c, "--did-docs"), *config = berth_cli_get(c, "--config");
	struct berth_resolver *next = NULL;
	enum berth_err rc;

	*r = (struct berth_cli_resolver){ .has_dir = false };
	if (config && !berth_cli_has(c, "--offline")) {
		if ((rc = open_adapters(r, config)))
			goto out;
		next = berth_resolveclient_resolver(r->adapters);
	}
	if (dir) {
		if ((rc = berth_resolver_dir_open(&r->dir, dir, next)))
			goto out;
		r->has_dir = true;
		next = &r->dir.base;
	}
	berth_resolver_builtin_init(&r->top, next);
	return BERTH_OK;
out:
	berth_cli_resolver_close(r);
	return rc;
}

const char *berth_cli_resolver_metadata(const struct berth_cli_resolver *r, const char *did)
{
	return r->adapters ? berth_resolveclient_metadata(r->adapters, did) : NULL;
}

void berth_cli_resolver_close(struct berth_cli_resolver *r)
{
	if (r->has_dir)
		berth_resolver_dir_close(&r->dir);
	berth_resolveclient_free(r->adapters);
	berth_config_free(r->config);
	*r = (struct berth_cli_resolver){ .has_dir = false };
}
