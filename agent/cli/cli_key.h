/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CLI_CLI_KEY_H
#define BERTH_AGENT_CLI_CLI_KEY_H

#include "agent/cli/cli.h"

/* Commands of `berth key` that have a file of their own. */
BERTH_MUST_USE enum berth_err berth_cli_key_policy(struct berth_cli *c);

#endif
