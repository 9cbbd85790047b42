/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CLI_CLI_DEVICES_H
#define BERTH_AGENT_CLI_CLI_DEVICES_H

#include "agent/cli/cli_client.h"

/* GET, or POST with what is taken over, on the device in the first argument; *v is the answer. */
BERTH_MUST_USE enum berth_err
berth_cli_device_call(struct berth_cli *c, const char *suffix, struct berth_json *take, struct berth_json **v);
/* POST to the device in the first argument, and one line for people: "DEVICE done".  take:
 * the body, taken over; NULL is E_NOMEM. */
BERTH_MUST_USE enum berth_err
berth_cli_device(struct berth_cli *c, const char *suffix, const char *done, struct berth_json *take);

/* cli_devices_life.c */
BERTH_MUST_USE enum berth_err berth_cli_suspend(struct berth_cli *c);
BERTH_MUST_USE enum berth_err berth_cli_resume(struct berth_cli *c);
BERTH_MUST_USE enum berth_err berth_cli_revoke(struct berth_cli *c);
BERTH_MUST_USE enum berth_err berth_cli_attest(struct berth_cli *c);
BERTH_MUST_USE enum berth_err berth_cli_status_lists(struct berth_cli *c);
/* cli_fork.c */
BERTH_MUST_USE enum berth_err berth_cli_fork(struct berth_cli *c);

#endif
