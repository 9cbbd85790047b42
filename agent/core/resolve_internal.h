/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_RESOLVE_INTERNAL_H
#define BERTH_AGENT_CORE_RESOLVE_INTERNAL_H

/* Shared by agent/core/resolve*.c and by nobody else. */
#include "agent/core/kept.h"
#include "agent/core/resolve_memory.h"
#include "agent/core/resolve_process.h"
#include "agent/core/resolveclient.h"

#define RESOLVE_CRITICAL_MAX 256

struct resolve_judging;

struct berth_resolveclient {
	struct berth_resolver base;	/* first: what resolve() gets */
	struct berth_lookups lookups;
	enum berth_lookup_mode mode;
	bool missed;			/* since the mode was set */
	bool strict;			/* nobody's word counts */
	bool finished;			/* some DID waits no more */
	int deadline_ms;
	uint64_t share_ms, share_at_ms;
	struct berth_pins *pins;
	struct berth_kept *kept;
	bool offline;			/* nobody is asked */
	int64_t stale_ms, critical_stale_ms;	/* for so long after its lifetime a document may stand in */
	uint64_t stale_told_ms;		/* until then it is said that one does */
	struct berth_resolve_said said;
	struct berth_buf said_of;	/* the DID that it is about */
	bool clock_trusted;
	char *critical[RESOLVE_CRITICAL_MAX];
	size_t n_critical;
	uint64_t calls;			/* numbers them */
	struct resolve_process process;
	struct resolve_memory memory;
	struct resolve_judging *judging;	/* the oldest first */
	size_t judging_bytes;
};

/* The first adapter that has that operation for did; NULL: none. */
const struct resolve_adapter *resolve_adapter_of(const struct berth_resolveclient *c, const char *did, uint8_t op);

/* The code of an answer that is not OK, with its message. */
BERTH_MUST_USE enum berth_err resolve_status(const struct berth_res_answer *a);
/* The parts of one that is, as evidence; pieces has room for BERTH_RES_PARTS_MAX. */
struct berth_registry_evidence
resolve_evidence(const struct berth_res_answer *a, struct berth_registry_piece pieces[BERTH_RES_PARTS_MAX]);

/* The later of the clock and the floor of time. */
int64_t resolve_now_s(const struct berth_resolveclient *c);

/* Whose answer it is, and about what. */
struct resolve_case {
	const struct resolve_adapter *from;
	const char *did;
	const struct berth_did_version *version;	/* NULL: the newest */
	bool ours;
	const struct berth_webvh_log *log;	/* it has been read; NULL: not yet */
};
/* From an answer of an adapter to the document that is to be believed.  With an error
 * there may be metadata: it is deactivated. */
BERTH_MUST_USE enum berth_err
resolve_judge(struct berth_resolveclient *c, const struct resolve_case *k, const struct berth_res_answer *a,
	      struct resolve_document *out);

/* --- resolve_lookup.c --- */

/* What is looked up, under which key: a DID, or one version of its document. */
struct resolve_look_up { const char *key, *did; const struct berth_did_version *version; const struct resolve_adapter *adapter; };
BERTH_MUST_USE enum berth_err
resolve_look_up(struct berth_resolveclient *c, const struct resolve_look_up *l, struct berth_did_doc **out);
/* An answer whose log was read, with rc, is judged, and remembered under its question. */
void resolve_on_read(struct berth_resolveclient *c, const struct resolve_question *q, const struct berth_res_answer *a,
		     enum berth_err rc, const struct berth_webvh_log *log);

/* --- resolve_judging.c --- */

/* An answer that takes long to judge is kept, with its question, and judged a little in
 * each turn.  false: this one does not, and neither was touched. */
bool resolve_judging_add(struct berth_resolveclient *c, struct resolve_question *q, const struct berth_res_answer *a);
bool resolve_judging_has(const struct berth_resolveclient *c, const char *key);
void resolve_judging_turn(struct berth_resolveclient *c);
/* Somebody waits for it right here. */
void resolve_judging_finish(struct berth_resolveclient *c, const char *key);
void resolve_judging_free(struct berth_resolveclient *c);

/* --- resolve_kept.c --- */

/* Much depends on it, or on any DID just now. */
bool resolve_is_critical(const struct berth_resolveclient *c, const char *did);
/* What the store has of it comes to be remembered, with its age, unless something is. */
void resolve_restore_kept(struct berth_resolveclient *c, const char *did);
/* The document that counts where nobody could be asked; NULL: none may. */
const struct remembered *resolve_stand_in(struct berth_resolveclient *c, const char *key, const char *did);
int64_t resolve_age_s(const struct remembered *r);	/* -1: not known */

#endif
