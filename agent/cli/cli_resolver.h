/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CLI_RESOLVER_H
#define BERTH_AGENT_CLI_RESOLVER_H

#include "agent/cli/cli.h"
#include "agent/core/resolveclient.h"
#include "did/resolver.h"

/* Self-contained methods are computed; a folder given with --did-docs answers for
 * all others, and after it the adapters of --config, where there is that option. */
struct berth_cli_resolver {
	struct berth_resolver top;
	struct berth_resolver_dir dir;
	struct berth_config *config;
	struct berth_resolveclient *adapters;
	bool has_dir;
};
#define BERTH_CLI_RESOLVER_OPTS \
	{ "--did-docs", BERTH_CLI_ONE, "DIR", "a folder of DID documents, one *.json each" }

/* Borrowed by nobody after close; r stays where it is in between. */
BERTH_MUST_USE enum berth_err berth_cli_resolver_open(struct berth_cli_resolver *r, const struct berth_cli *c);
/* Of a DID that was resolved last: didDocumentMetadata as JSON; NULL: none.  Borrowed. */
const char *berth_cli_resolver_metadata(const struct berth_cli_resolver *r, const char *did);
void berth_cli_resolver_close(struct berth_cli_resolver *r);	/* fine on a zeroed one */

#endif
