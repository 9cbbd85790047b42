/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_DAEMON_H
#define BERTH_AGENT_CORE_DAEMON_H

#include "agent/core/config.h"
#include "berth/err.h"

/* berthd: the agent with its three processes, its store and its sockets. */
struct berth_daemon;

/* Starts everything; takes cfg over, also on failure.  path: of the file, for
 * SIGHUP.  libexec_dir may be NULL. */
BERTH_MUST_USE enum berth_err
berth_daemon_new(struct berth_daemon **out, struct berth_config *cfg, const char *path, const char *libexec_dir);
/* Until SIGTERM or SIGINT. */
BERTH_MUST_USE enum berth_err berth_daemon_run(struct berth_daemon *d);
void berth_daemon_free(struct berth_daemon *d);

/* [agent] log-level and log-format */
void berth_daemon_log_as(const struct berth_config *cfg);

#endif
