/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_RESOLVECLIENT_H
#define BERTH_AGENT_CORE_RESOLVECLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/core/config.h"
#include "agent/core/kept.h"
#include "agent/core/lookups.h"
#include "agent/core/pins.h"
#include "berth/err.h"
#include "did/registry_answer.h"
#include "did/resolver.h"

/* The core's end of berth-resolverd: a resolver that asks the adapters and believes none
 * of them (judge.h).  BERTH_RES_AT_ONCE questions are under way at once, one for each DID
 * however many want it, and RESOLVE_QUEUE_MAX wait; what happens to the caller meanwhile
 * is said by the mode (lookups.h).  BERTH_LOOKUP_WAIT, the first one, blocks for at most
 * twice BERTH_RESOLVE_DEADLINE_MS, all such calls together for a share of the time: beyond
 * it they are E_QUOTA (C102).  BERTH_LOOKUP_LATER never blocks.
 *
 * Answers are remembered: documents for the lifetime that the method or the registry
 * gives them, within bounds, or for BERTH_RESOLVE_KEEP_MS, failures for
 * BERTH_RESOLVE_KEEP_BAD_MS.  When resolverd hangs, crashes or breaks its protocol it is
 * killed and started again after a back-off; until then E_PLUGIN.  The DID that it was
 * about is remembered as a failure, whoever else waited is only told.
 *
 * resolveclient.c     the resolver, its start and its end
 * resolve_lookup.c    one look-up
 * resolve_memory.c    what is remembered
 * resolve_kept.c      what of it counts when nobody can be asked, and over restarts
 * resolve_result.c    resolution results
 * resolve_call.c      everything else that adapters can do: publishing, related resources
 * resolve_answer.c    what an answer means
 * resolve_judging.c   answers that take long to judge
 * resolve_queue.c     questions that wait
 * resolve_process.c   the process
 * resolve_config.c    what of it the configuration says */
#define BERTH_RESOLVE_DEADLINE_MS 5000
#define BERTH_RESOLVE_CALL_MS 30000
#define BERTH_RESOLVE_KEEP_MS 60000
#define BERTH_RESOLVE_KEEP_LEAST_MS 10000	/* whatever its lifetime is */
#define BERTH_RESOLVE_MAX_AGE_MS 3600000	/* unless the configuration says */
#define BERTH_RESOLVE_STALE_TOLD_MS 900000
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
/* The adapter that was added last is asked for DIDs of this method, and of others that are
 * named so, and of no others.  E_CONFIG: not a method's name. */
BERTH_MUST_USE enum berth_err berth_resolveclient_only_method(struct berth_resolveclient *c, const char *method);
/* The adapter that was added last is believed where a method has a judge of its own. */
void berth_resolveclient_is_authoritative(struct berth_resolveclient *c);

/* All [adapter] sections, [egress], whose word counts and the clock
 * (agent/core/resolve_config.c). */
BERTH_MUST_USE enum berth_err
berth_resolveclient_add_configured(struct berth_resolveclient *c, const struct berth_config *cfg);

/* The same of a later configuration; adapters stay as they were at the start. */
BERTH_MUST_USE enum berth_err berth_resolveclient_reconfigure(struct berth_resolveclient *c, const struct berth_config *cfg);

/* What is known over restarts; borrowed.  Without it every look-up starts from nothing. */
void berth_resolveclient_set_pins(struct berth_resolveclient *c, struct berth_pins *pins);
/* Documents that were judged good, likewise; berth_resolveclient_save() writes what has
 * come since, outside of transactions. */
void berth_resolveclient_set_kept(struct berth_resolveclient *c, struct berth_kept *kept);
void berth_resolveclient_save(struct berth_resolveclient *c);

/* [resolution].  Without it nothing stands in for an answer. */
struct berth_resolve_policy {
	bool offline;			/* ask nobody: what is kept answers, however old */
	int64_t max_age_s;		/* no lifetime counts for more */
	/* For so long after its lifetime a document stands in while its registry is not
	 * available; and one of a DID that much depends on. */
	int64_t stale_s, critical_stale_s;
};
void berth_resolveclient_set_policy(struct berth_resolveclient *c, const struct berth_resolve_policy *p);
void berth_resolveclient_clock_trusted(struct berth_resolveclient *c, bool trusted);
/* DIDs that much depends on, such as whose word we take for who owns us: nobody's
 * resolution result counts for them but an authoritative adapter's (C100).  Copied. */
BERTH_MUST_USE enum berth_err berth_resolveclient_add_critical(struct berth_resolveclient *c, const char *did);

/* Starts resolverd and loads all adapters, so that a bad one is E_PLUGIN at start-up
 * and not later.  Without adapters there is no process. */
BERTH_MUST_USE enum berth_err berth_resolveclient_start(struct berth_resolveclient *c);

/* Borrowed.  E_DID: the adapter says the DID is malformed; E_RESOLVE: not found, not
 * available, deactivated, or not a valid document of that DID; E_NETPOL, E_CLOCK, E_SIZE:
 * why it was not fetched; E_PLUGIN; E_QUOTA. */
struct berth_resolver *berth_resolveclient_resolver(struct berth_resolveclient *c);

/* What is remembered beside the document of did, or of one that is deactivated:
 * didDocumentMetadata (W3C DID Resolution), JSON.  NULL: nothing.  Borrowed until anything
 * is resolved. */
const char *berth_resolveclient_metadata(struct berth_resolveclient *c, const char *did);

/* How did was resolved, when it was the last one. */
struct berth_resolve_said {
	const char *error;	/* of a failure: W3C's name for it; static; NULL: as its code says */
	char why[160];		/* and what was said of it; "": nothing */
	bool cached;		/* nobody was asked for it */
	bool stale;		/* its lifetime is over */
	int64_t age_s;		/* since it came; -1: not known */
};
void berth_resolveclient_said(const struct berth_resolveclient *c, const char *did, struct berth_resolve_said *out);

/* The whole W3C DID resolution result of did, which top has just resolved with rc to doc:
 * with that metadata, and in didResolutionMetadata "cached", "age" in seconds (where it is
 * known) and "stale" when nobody was asked, or with "problemDetails" (RFC 9457) where the
 * DID was not found or is not valid.  NULL without memory. */
struct berth_json *berth_resolveclient_result(struct berth_resolveclient *c, enum berth_err rc, struct berth_resolver *top,
					      const char *did, const struct berth_did_doc *doc);
/* A document stood in for an answer within BERTH_RESOLVE_STALE_TOLD_MS. */
bool berth_resolveclient_is_stale(const struct berth_resolveclient *c);
/* From now on nobody is asked, or somebody is again; how it was before. */
bool berth_resolveclient_offline(struct berth_resolveclient *c, bool on);

struct berth_lookups *berth_resolveclient_lookups(struct berth_resolveclient *c);	/* borrowed */

/* --- everything else an adapter can do.  All is borrowed until the call returns. */
struct berth_resolve_call {
	uint8_t op, phase;		/* BERTH_REGISTRY_CREATE ... FETCH; PROPOSE ... CHECK, or 0 */
	const char *did;		/* whose registry; NULL with a resource that is an https URL */
	const char *resource;		/* of FETCH, else NULL */
	const struct berth_registry_piece *pieces;	/* what is published */
	size_t n_pieces;
	uint32_t deadline_ms;		/* 0: BERTH_RESOLVE_CALL_MS */
	uint32_t max_bytes;		/* of the answer; 0: BERTH_DID_DOC_MAX */
};
/* Called once, from berth_resolveclient_run() or while somebody waits.  e: borrowed; NULL
 * with an error, as the resolver has them */
typedef void berth_resolve_done(void *arg, enum berth_err rc, const struct berth_registry_evidence *e);
/* E_RESOLVE: no adapter can do that for that DID; E_DID, E_SIZE, E_QUOTA, E_PLUGIN: not
 * begun, and done is not called.  done may call again, but not wait: what it wants
 * resolved is begun, as with BERTH_LOOKUP_LATER. */
BERTH_MUST_USE enum berth_err
berth_resolveclient_call(struct berth_resolveclient *c, const struct berth_resolve_call *q, berth_resolve_done *done, void *arg);
/* Calls with these two are given up: done is not called any more.  What has been published
 * by then nobody knows.  Not in a done. */
void berth_resolveclient_give_up(struct berth_resolveclient *c, berth_resolve_done *done, void *arg);
/* As berth_resolveclient_call(), and done has been called when it returns BERTH_OK. */
BERTH_MUST_USE enum berth_err
berth_resolveclient_call_wait(struct berth_resolveclient *c, const struct berth_resolve_call *q, berth_resolve_done *done,
			      void *arg);

/* For the poll loop: what to watch for reading (-1: nothing) and whether for writing, for
 * how long at most, and what to do then.  True: some DID that waited does not any more. */
int berth_resolveclient_fd(const struct berth_resolveclient *c);
bool berth_resolveclient_wants_write(const struct berth_resolveclient *c);
uint32_t berth_resolveclient_timeout_ms(const struct berth_resolveclient *c);
bool berth_resolveclient_run(struct berth_resolveclient *c, bool readable);

/* For tests.  Forgets what is remembered of did, or of all (NULL). */
void berth_resolveclient_forget(struct berth_resolveclient *c, const char *did);

/* For tests.  The process; 0: none. */
int berth_resolveclient_pid(const struct berth_resolveclient *c);
/* Another deadline, and with it another share. */
void berth_resolveclient_deadline(struct berth_resolveclient *c, int deadline_ms);

#endif
