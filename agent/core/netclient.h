/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_NETCLIENT_H
#define BERTH_AGENT_CORE_NETCLIENT_H

#include "agent/core/agent.h"
#include "agent/core/config.h"
#include "berth/err.h"

/* The core's end of berth-netd: the transport of an agent.  Starts netd, starts it
 * again when it dies (what was under way fails with E_UNAVAILABLE and is tried
 * again by the outbox), and hands requests and results to the agent. */
struct berth_netclient;

/* libexec_dir may be NULL.  Not yet started. */
BERTH_MUST_USE enum berth_err
berth_netclient_new(struct berth_netclient **out, const struct berth_config *cfg, const char *libexec_dir);
void berth_netclient_free(struct berth_netclient *n);

struct berth_transport *berth_netclient_transport(struct berth_netclient *n);	/* borrowed */
/* Who gets requests and results; NULL: nobody (they are answered busy). */
void berth_netclient_set_agent(struct berth_netclient *n, struct berth_agent *agent);

/* Starts netd and waits until every [listen] uri is bound: E_CONFIG, E_NETPOL or
 * E_UNAVAILABLE name the one that is not. */
BERTH_MUST_USE enum berth_err berth_netclient_start(struct berth_netclient *n);
/* Egress policy and limits anew. */
BERTH_MUST_USE enum berth_err berth_netclient_reconfigure(struct berth_netclient *n, const struct berth_config *cfg);

/* For the poll loop: what is queued leaves before it waits, the descriptor (-1: netd is down),
 * what it waits for, and what to do when poll says so.  run also starts netd again when its
 * time has come. */
void berth_netclient_push(struct berth_netclient *n);
int berth_netclient_fd(const struct berth_netclient *n);
bool berth_netclient_wants_write(const struct berth_netclient *n);
void berth_netclient_run(struct berth_netclient *n, bool readable, bool writable);
uint32_t berth_netclient_timeout_ms(const struct berth_netclient *n);

#endif
