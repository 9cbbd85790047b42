/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CLI_BUNDLE_CMDS_H
#define BERTH_AGENT_CLI_BUNDLE_CMDS_H

#include "agent/cli/cli.h"

/* `did export-bundle` and `did import-bundle`, rows of cli_did.c. */
enum berth_err berth_cli_export_bundle(struct berth_cli *c);
enum berth_err berth_cli_import_bundle(struct berth_cli *c);

/* Between cli_bundle.c and cli_bundle_collect.c: adds what the command line names. */
enum berth_err berth_cli_bundle_collect(const struct berth_cli *c, struct berth_json *bundle);

#endif
