/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CLI_IDEVID_H
#define BERTH_AGENT_CLI_IDEVID_H

#include "agent/cli/cli.h"

/* Rows of the key group's table. */
enum berth_err berth_cli_bind_idevid(struct berth_cli *c);
enum berth_err berth_cli_verify_idevid(struct berth_cli *c);

#endif
