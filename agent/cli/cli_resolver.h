/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CLI_RESOLVER_H
#define BERTH_AGENT_CLI_RESOLVER_H

#include "agent/cli/cli.h"
#include "agent/core/resolveclient.h"
#include "did/resolver.h"

/* Self-contained methods are computed; a folder given with --did-docs answers for
 * all others, and after it the adapters of --config, where there is that option, or with
 * --offline what the daemon keeps. */
struct berth_cli_resolver {
	struct berth_resolver top;
	struct berth_resolver_dir dir;
	struct berth_config *config;
	struct berth_resolveclient *adapters;
	bool has_dir;
	struct berth_resolver kept;	/* what the daemon keeps */
	bool kept_asked;
	const struct berth_cli *cli;
	struct berth_json *kept_result;	/* owned; NULL: it was not asked */
};

/* Borrowed by nobody after close; r stays where it is in between. */
BERTH_MUST_USE enum berth_err berth_cli_resolver_open(struct berth_cli_resolver *r, const struct berth_cli *c);
/* The W3C resolution result of the DID that was resolved last; NULL without memory. */
struct berth_json *
berth_cli_resolver_result(struct berth_cli_resolver *r, enum berth_err rc, const char *did, const struct berth_did_doc *doc);
void berth_cli_resolver_close(struct berth_cli_resolver *r);	/* fine on a zeroed one */

#endif
