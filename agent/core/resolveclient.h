/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_RESOLVECLIENT_H
#define BERTH_AGENT_CORE_RESOLVECLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/core/config.h"
#include "agent/core/lookups.h"
#include "berth/err.h"
#include "did/resolver.h"

/* The core's end of berth-resolverd: a resolver that asks the adapters and believes
 * none of them.  One DID after the other; what happens to the caller meanwhile is said
 * by the mode (lookups.h).  BERTH_LOOKUP_WAIT, the first one, blocks for at most twice
 * BERTH_RESOLVE_DEADLINE_MS, all such calls together for a share of the time: beyond it
 * they are E_QUOTA (C102).  BERTH_LOOKUP_LATER never blocks.
 *
 * Answers are remembered: documents for BERTH_RESOLVE_KEEP_MS, failures for
 * BERTH_RESOLVE_KEEP_BAD_MS.  When resolverd hangs, crashes or breaks its protocol it
 * is killed and started again after a back-off; until then E_PLUGIN. */
#define BERTH_RESOLVE_DEADLINE_MS 5000
#define BERTH_RESOLVE_KEEP_MS 60000
#define BERTH_RESOLVE_KEEP_BAD_MS 30000
#define BERTH_RESOLVE_DOUBT_MS 10000	/* sooner no document is asked for again because it lacks a key */
#define BERTH_RESOLVE_SHARE 3	/* deadlines of waiting at most, refilled at a quarter of the time */

struct berth_resolveclient;

/* libexec_dir may be NULL (found by itself); next: asked for methods that no adapter
 * has, may be NULL.  Both are borrowed. */
BERTH_MUST_USE enum berth_err
berth_resolveclient_new(struct berth_resolveclient **out, const char *libexec_dir, struct berth_resolver *next);
void berth_resolveclient_free(struct berth_resolveclient *c);	/* ends resolverd; NULL is fine */

/* Names an adapter: its [adapter NAME] path, and config as JSON.  Copied. */
BERTH_MUST_USE enum berth_err
berth_resolveclient_add(struct berth_resolveclient *c, const char *name, const char *path, const char *config);

/* All [adapter] sections (agent/core/resolve_config.c). */
BERTH_MUST_USE enum berth_err
berth_resolveclient_add_configured(struct berth_resolveclient *c, const struct berth_config *cfg);

/* Starts resolverd and loads all adapters, so that a bad one is E_PLUGIN at start-up
 * and not later.  Without adapters there is no process. */
BERTH_MUST_USE enum berth_err berth_resolveclient_start(struct berth_resolveclient *c);

/* Borrowed.  E_DID: the adapter says the DID is malformed; E_RESOLVE: not found, not
 * available, or not a valid document of that DID; E_PLUGIN; E_QUOTA. */
struct berth_resolver *berth_resolveclient_resolver(struct berth_resolveclient *c);

struct berth_lookups *berth_resolveclient_lookups(struct berth_resolveclient *c);	/* borrowed */

/* For the poll loop: what to watch for reading (-1: nothing), for how long at most, and
 * what to do then.  True: some DID that waited does not any more. */
int berth_resolveclient_fd(const struct berth_resolveclient *c);
uint32_t berth_resolveclient_timeout_ms(const struct berth_resolveclient *c);
bool berth_resolveclient_run(struct berth_resolveclient *c, bool readable);

/* Forgets what is remembered of did, or of all (NULL). */
void berth_resolveclient_forget(struct berth_resolveclient *c, const char *did);

/* The process, for tests and the health page; 0: none. */
int berth_resolveclient_pid(const struct berth_resolveclient *c);
/* Another deadline, and with it another share. */
void berth_resolveclient_deadline(struct berth_resolveclient *c, int deadline_ms);

#endif
