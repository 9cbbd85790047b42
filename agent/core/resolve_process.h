/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_RESOLVE_PROCESS_H
#define BERTH_AGENT_CORE_RESOLVE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/ipc/ipc.h"
#include "agent/ipc/proc.h"
#include "agent/ipc/resolverd_proto.h"
#include "berth/err.h"
#include "did/base/buf.h"

/* Shared by agent/core/resolve*.c and by nobody else: berth-resolverd as it is started,
 * loaded, asked and killed, and the questions that wait for it.  What an answer means is
 * not known here. */
#define RESOLVE_ADAPTERS_MAX 16
#define RESOLVE_QUEUE_MAX 2048		/* questions, those under way too */
#define RESOLVE_RESERVED 4		/* of BERTH_RES_AT_ONCE, for who waits right here */
#define RESOLVE_GRACE_MS 500		/* on top of what resolverd was told */

struct resolve_adapter {
	char *name, *path, *config;
	struct berth_buf only;		/* " web webvh ": of its methods only these; empty: all */
	bool authoritative;
	struct berth_res_loaded is;	/* no methods until it has been loaded once */
};

struct resolve_question;

/* Called once for each question, and the question is freed when it returns.  a: the answer,
 * borrowed; NULL: E_PLUGIN, the process came to nothing, and this question is to blame or
 * is not.  May ask more. */
typedef void resolve_done(void *arg, struct resolve_question *q, const struct berth_res_answer *a, bool blamed);

struct resolve_question {
	char *key;			/* owned: by which it is found; never NULL */
	char *did;			/* owned */
	char *number;			/* of the version, owned; NULL: none */
	size_t adapter;
	struct berth_buf payload;	/* of ASK */
	uint32_t deadline_ms;
	bool urgent;			/* somebody waits right here */
	uint32_t seq;			/* 0: not asked yet */
	uint64_t until_ms;		/* then the process hangs */
	bool begun;			/* its adapter has run */
	unsigned tries;
	resolve_done *done;
	void *arg;
};

struct resolve_process {
	const char *libexec_dir;
	struct berth_buf policy;	/* payload of POLICY; empty: none is sent */
	bool outdated;			/* the process has another one */
	size_t n, loaded;		/* adapters; of them this process has loaded */
	enum { RESOLVE_POLICY, RESOLVE_LOADING, RESOLVE_SEALING, RESOLVE_READY } stage;
	uint32_t setup_seq;		/* the call of that stage that is under way; 0: none */
	uint64_t setup_until_ms;
	uint32_t setup_ms;		/* how long one of them may take */
	enum berth_err setup_rc;	/* why the last process came to nothing before it was ready */
	struct berth_proc proc;
	struct berth_ipc ipc;
	struct berth_res_pieces pieces;
	uint32_t seq, now_seq;		/* the last question's; the one whose adapter runs */
	struct berth_backoff backoff;
	uint64_t not_before_ms;
	bool running;			/* frames are being read: the connection stays */
	size_t n_queue, n_asked;
	struct resolve_question *queue[RESOLVE_QUEUE_MAX];
	struct resolve_adapter adapters[RESOLVE_ADAPTERS_MAX];
};

void resolve_process_init(struct resolve_process *p, const char *libexec_dir);
/* Ends it; questions that are left are told so. */
void resolve_process_free(struct resolve_process *p);

/* The next adapter; copied.  E_CONFIG: too many, or too long. */
BERTH_MUST_USE enum berth_err
resolve_process_add(struct resolve_process *p, const char *name, const char *path, const char *config);

/* Another policy, taken over: the process that has the old one ends as soon as nothing is
 * under way, and meanwhile no question is begun. */
void resolve_process_set_policy(struct resolve_process *p, struct berth_buf *policy);

/* It failed a moment ago and is not started again yet. */
bool resolve_process_rests(const struct resolve_process *p);
/* Starts it where it is not up; E_PLUGIN where it rests. */
BERTH_MUST_USE enum berth_err resolve_process_start(struct resolve_process *p);
bool resolve_process_is_ready(const struct resolve_process *p);

/* Asks what is to be asked next, and starts what is needed for it; does nothing in a
 * callback, after which it happens by itself. */
void resolve_process_proceed(struct resolve_process *p);
/* Nobody wants the answer to what has been asked: resolverd is told, and answers soon. */
void resolve_process_cancel(struct resolve_process *p, const struct resolve_question *q);
/* What to watch, for how long, and what to do then. */
int resolve_process_fd(const struct resolve_process *p);
bool resolve_process_wants_write(const struct resolve_process *p);
uint32_t resolve_process_timeout_ms(const struct resolve_process *p);
void resolve_process_run(struct resolve_process *p, bool readable);
/* One turn of that, for who waits right here. */
void resolve_process_turn(struct resolve_process *p);

/* --- resolve_queue.c --- */

/* Queues a copy of m, and what resolverd need not know: the key, and which number of a
 * version is wanted (NULL: none is).  urgent: before all that are not.  E_QUOTA:
 * RESOLVE_QUEUE_MAX, or room only for urgent ones. */
BERTH_MUST_USE enum berth_err
resolve_queue_add(struct resolve_process *p, const char *key, const struct berth_res_ask *m, const char *number, bool urgent,
		  resolve_done *done, void *arg);
struct resolve_question *resolve_queue_find(const struct resolve_process *p, const char *key);
struct resolve_question *resolve_queue_asked(const struct resolve_process *p, uint32_t seq);
/* In a done: all that q is, for longer than that; NULL without memory. */
struct resolve_question *resolve_question_take(struct resolve_question *q);
void resolve_question_free(struct resolve_question *q);	/* NULL is fine */
/* Now somebody waits for it. */
void resolve_queue_hurry(struct resolve_process *p, struct resolve_question *q);
/* The next that may be asked; NULL: none, or too many are under way. */
struct resolve_question *resolve_queue_next(const struct resolve_process *p);
/* Takes it out and tells its owner; frees it. */
void resolve_queue_finish(struct resolve_process *p, struct resolve_question *q, const struct berth_res_answer *a, bool blamed);
/* All of them, as the process ends; culprit: NULL for none. */
void resolve_queue_finish_all(struct resolve_process *p, const struct resolve_question *culprit);

#endif
