/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CLI_PUBLISH_H
#define BERTH_AGENT_CLI_PUBLISH_H

#include "agent/cli/cli.h"

/* `did publish` and `did fetch`, rows of cli_did.c: what registry adapters do besides
 * resolving. */
enum berth_err berth_cli_publish(struct berth_cli *c);
enum berth_err berth_cli_fetch(struct berth_cli *c);

#endif
