/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/cli_resolver.h"

enum berth_err berth_cli_resolver_open(struct berth_cli_resolver *r, const struct berth_cli *c)
{
	const char *dir = berth_cli_get(c, "--did-docs");
	enum berth_err rc;

	r->has_dir = false;
	if (dir && (rc = berth_resolver_dir_open(&r->dir, dir, NULL)))
		return rc;
	r->has_dir = dir != NULL;
	berth_resolver_builtin_init(&r->top, r->has_dir ? &r->dir.base : NULL);
	return BERTH_OK;
}

void berth_cli_resolver_close(struct berth_cli_resolver *r)
{
	if (r->has_dir)
		berth_resolver_dir_close(&r->dir);
	r->has_dir = false;
}
