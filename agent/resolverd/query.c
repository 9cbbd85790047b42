/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/resolverd/query.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "did/base/clock.h"
#include "did/base/log.h"

#define TIMERS_MAX 16		/* of one query */
#define INDEX_BITS 8
#define ANSWER_SIZE_2_0 (offsetof(struct berth_registry_answer, ttl_s) + sizeof(uint32_t))

_Static_assert(BERTH_RES_AT_ONCE < 1 << INDEX_BITS, "a query's place fits its handle");

struct timer {
	uint64_t due_ms, number;	/* numbers go up: of two that are due the older is first */
	berth_registry_timer_done *done;
	void *arg;
};

struct query {
	enum { FREE, ASKED, CANCELLED, ANSWERED } state;
	uint32_t seq;
	uint32_t generation;		/* of this place: no two queries have the same handle */
	struct berth_plugin *plugin;
	struct berth_buf payload;	/* what the rest points into */
	struct berth_buf answer;	/* encoded; on its way as soon as the adapter has returned */
	struct berth_res_ask ask;
	struct berth_registry_part parts[BERTH_RES_PARTS_MAX];
	struct berth_registry_request request;
	uint64_t until_ms;
	struct timer timers[TIMERS_MAX];
	size_t n_timers;
};

static struct {
	struct query v[BERTH_RES_AT_ONCE];
	struct query *running;		/* whose adapter has been called */
	uint32_t told;			/* the last one that `now` was told of */
	uint64_t timer_number;
	struct berth_query_events events;
	pthread_t thread;
	char fault[BERTH_RES_TEXT_MAX + 128];	/* "": none */
	uint32_t fault_seq;
	atomic_uintptr_t foreign;	/* for which query another thread has called; 0: none has */
} all;

/* --- handles ---------------------------------------------------------------------- */

/* A number, not an address: one that was answered, or never was, is known for what it is. */
static struct berth_registry_query *handle_of(const struct query *q)
{
	return (struct berth_registry_query *)((uintptr_t)q->generation << INDEX_BITS | ((uintptr_t)(q - all.v) + 1));
}

static struct query *find(const struct berth_registry_query *handle)
{
	size_t i = ((uintptr_t)handle & ((1u << INDEX_BITS) - 1)) - 1;

	if (i >= BERTH_RES_AT_ONCE || handle_of(&all.v[i]) != handle)
		return NULL;
	return all.v[i].state == ASKED || all.v[i].state == CANCELLED ? &all.v[i] : NULL;
}

static struct query *by_seq(uint32_t seq)
{
	for (size_t i = 0; i < BERTH_RES_AT_ONCE; i++)
		if (all.v[i].seq == seq && (all.v[i].state == ASKED || all.v[i].state == CANCELLED))
			return &all.v[i];
	return NULL;
}

static void fail(const struct query *q, const char *fault)
{
	if (all.fault[0])
		return;
	snprintf(all.fault, sizeof(all.fault), "adapter %.60s %s", q ? q->plugin->name : "of some query", fault);
	all.fault_seq = q ? q->seq : all.told;
}

/* Whether a call of the host may be served: of our thread, for a query under way. */
static struct query *caller(const struct berth_registry_query *handle, const char *otherwise)
{
	struct query *q;

	if (!pthread_equal(all.thread, pthread_self())) {
		atomic_store(&all.foreign, handle ? (uintptr_t)handle : 1);
		return NULL;
	}
	if (!(q = find(handle)))
		fail(all.running, otherwise);
	return all.fault[0] ? NULL : q;
}

/* --- a query's life ----------------------------------------------------------------- */

static void release(struct query *q)
{
	berth_buf_free(&q->payload);
	berth_buf_free(&q->answer);
	q->state = FREE;
}

/* Before and after code of an adapter. */
static void enter(struct query *q)
{
	all.running = q;
	if (all.told != q->seq)
		all.events.now(all.events.arg, q->seq);
	all.told = q->seq;
}

/* What it answered goes out, unless it broke its contract after all. */
static void leave(void)
{
	all.running = NULL;
	for (size_t i = 0; i < BERTH_RES_AT_ONCE && !all.fault[0]; i++)
		if (all.v[i].state == ANSWERED) {
			all.events.answered(all.events.arg, all.v[i].seq, &all.v[i].answer);
			release(&all.v[i]);
		}
}

static const char *or_null(const char *s)
{
	return *s ? s : NULL;
}

static void make_request(struct query *q)
{
	const struct berth_res_ask *m = &q->ask;

	for (size_t i = 0; i < m->n_parts; i++)
		q->parts[i] = (struct berth_registry_part){ m->parts[i].name, m->parts[i].p, m->parts[i].n };
	q->request = (struct berth_registry_request){
		.size = sizeof(q->request), .op = m->op, .phase = m->phase, .deadline_ms = m->deadline_ms,
		.max_bytes = m->max_bytes, .did = m->did, .version_id = or_null(m->version_id),
		.version_time = or_null(m->version_time), .resource = or_null(m->resource),
		.parts = m->n_parts ? q->parts : NULL, .n_parts = m->n_parts,
	};
}

static enum berth_err take_place(struct query **out, uint32_t seq)
{
	if (by_seq(seq))
		return berth_fail(BERTH_E_TYPE, "resolverd: %u is under way", seq);
	for (size_t i = 0; i < BERTH_RES_AT_ONCE; i++)
		if (all.v[i].state == FREE) {
			*out = &all.v[i];
			(*out)->seq = seq;
			(*out)->generation++;
			(*out)->n_timers = 0;
			return BERTH_OK;
		}
	return berth_fail(BERTH_E_TYPE, "resolverd: more than %d queries", BERTH_RES_AT_ONCE);
}

static enum berth_err read_ask(struct query *q, struct berth_plugin *plugins, size_t n_plugins, const void *p, size_t n)
{
	enum berth_err rc;

	berth_buf_put(&q->payload, p, n);
	if ((rc = berth_buf_status(&q->payload)) || (rc = berth_res_ask_decode(&q->ask, q->payload.p, q->payload.len)))
		return rc;
	if (q->ask.adapter >= n_plugins)
		return berth_fail(BERTH_E_TYPE, "resolverd: no adapter %u", q->ask.adapter);
	q->plugin = &plugins[q->ask.adapter];
	if (!(q->plugin->operations & 1u << q->ask.op))
		return berth_fail(BERTH_E_TYPE, "resolverd: adapter %.60s has no operation %u", q->plugin->name, q->ask.op);
	return BERTH_OK;
}

enum berth_err berth_query_begin(struct berth_plugin *plugins, size_t n_plugins, uint32_t seq, const void *payload, size_t n)
{
	struct query *q;
	enum berth_err rc = take_place(&q, seq);

	if (rc)
		return rc;
	if ((rc = read_ask(q, plugins, n_plugins, payload, n))) {
		release(q);
		return rc;
	}
	make_request(q);
	q->until_ms = berth_clock_mono_ms() + q->ask.deadline_ms;
	q->state = ASKED;
	enter(q);
	q->plugin->adapter->ask(q->plugin->self, &q->request, handle_of(q));
	leave();
	return BERTH_OK;
}

static void cancel(struct query *q)
{
	q->state = CANCELLED;
	q->n_timers = 0;
	enter(q);
	if (q->state == CANCELLED && q->plugin->adapter->cancel && !all.fault[0])
		q->plugin->adapter->cancel(q->plugin->self, handle_of(q));
	if (q->state == CANCELLED)
		fail(q, "did not answer in time, nor when it was told so");
	leave();
}

void berth_query_cancel(uint32_t seq)
{
	struct query *q = by_seq(seq);

	if (q && !all.fault[0])
		cancel(q);
}

void berth_query_cancel_all(void)
{
	for (size_t i = 0; i < BERTH_RES_AT_ONCE && !all.fault[0]; i++)
		if (all.v[i].state == ASKED)
			cancel(&all.v[i]);
}

/* --- time --------------------------------------------------------------------------- */

/* The timer that is due first, of those that were there at the number `before`. */
static struct query *next_timer(uint64_t before, size_t *at)
{
	const struct timer *first = NULL;
	struct query *whose = NULL;

	for (size_t i = 0; i < BERTH_RES_AT_ONCE; i++)
		for (size_t k = 0; all.v[i].state == ASKED && k < all.v[i].n_timers; k++) {
			const struct timer *t = &all.v[i].timers[k];

			if (t->number >= before ||
			    (first && (t->due_ms > first->due_ms || (t->due_ms == first->due_ms && t->number > first->number))))
				continue;
			first = t;
			whose = &all.v[i];
			*at = k;
		}
	return whose;
}

static void fire(struct query *q, size_t at)
{
	struct timer t = q->timers[at];

	q->timers[at] = q->timers[--q->n_timers];
	enter(q);
	t.done(t.arg);
	leave();
}

static struct query *next_deadline(void)
{
	struct query *first = NULL;

	for (size_t i = 0; i < BERTH_RES_AT_ONCE; i++)
		if (all.v[i].state == ASKED && (!first || all.v[i].until_ms < first->until_ms))
			first = &all.v[i];
	return first;
}

void berth_query_run(void)
{
	uint64_t now = berth_clock_mono_ms(), before = all.timer_number;
	struct query *q;
	size_t at;

	while (!all.fault[0] && (q = next_timer(before, &at)) && q->timers[at].due_ms <= now)
		fire(q, at);
	while (!all.fault[0] && (q = next_deadline()) && q->until_ms <= now)
		cancel(q);
}

uint32_t berth_query_timeout_ms(void)
{
	const struct query *timer, *deadline = next_deadline();
	uint64_t now = berth_clock_mono_ms(), due;
	size_t at;

	if (!deadline)
		return UINT32_MAX;
	due = deadline->until_ms;
	if ((timer = next_timer(UINT64_MAX, &at)) && timer->timers[at].due_ms < due)
		due = timer->timers[at].due_ms;
	return due > now ? (uint32_t)(due - now) : 0;
}

/* --- what adapters call --------------------------------------------------------------- */

static void host_log(int level, const char *line)
{
	static const enum berth_log_level levels[] = { BERTH_LOG_ERROR, BERTH_LOG_WARN, BERTH_LOG_INFO, BERTH_LOG_DEBUG };

	if (line)
		berth_log(level >= 0 && level <= 3 ? levels[level] : BERTH_LOG_DEBUG, "adapter", "%.512s", line);
}

/* Goes into logs and error lines: printable ASCII, cut. */
static void copy_message(char out[BERTH_RES_TEXT_MAX + 1], const char *s)
{
	size_t i;

	for (i = 0; i < BERTH_RES_TEXT_MAX && s[i]; i++)
		out[i] = s[i] >= ' ' && s[i] <= '~' ? s[i] : '?';
	out[i] = '\0';
}

static bool is_name(const char *s)
{
	size_t n = s ? strnlen(s, BERTH_RES_NAME_MAX + 1) : 0;

	return n > 0 && n <= BERTH_RES_NAME_MAX &&
	       strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_") == n;
}

/* Why parts break the contract; NULL: they do not. */
static const char *fault_of_parts(const struct query *q, const struct berth_registry_answer *a)
{
	size_t left = q->ask.max_bytes;

	if (a->n_parts > BERTH_RES_PARTS_MAX || (a->n_parts && !a->parts))
		return "answered with too many parts";
	if (a->n_parts == 0 && q->ask.phase == 0)
		return "answered OK without saying anything";
	for (size_t i = 0; i < a->n_parts; i++) {
		const struct berth_registry_part *part = &a->parts[i];

		if (!is_name(part->name) || !part->p || part->n == 0)
			return "answered with an empty part, or one without a name";
		if (part->n > left)
			return "answered with more bytes than it may";
		left -= part->n;
	}
	return NULL;
}

static const char *fault_of(const struct query *q, const struct berth_registry_answer *a)
{
	if (!a || a->size < ANSWER_SIZE_2_0)
		return "answered with too short a struct";
	if (a->status == BERTH_REGISTRY_CANCELLED && q->state == CANCELLED)
		return NULL;	/* passed on as it was told */
	if (a->status < BERTH_REGISTRY_OK || a->status > BERTH_REGISTRY_CONFLICT)
		return "answered with an unknown status";
	return a->status == BERTH_REGISTRY_OK ? fault_of_parts(q, a) : NULL;
}

static void host_answer(struct berth_registry_query *handle, const struct berth_registry_answer *a)
{
	struct query *q = caller(handle, "answered twice, or a query that is not there");
	struct berth_res_answer m = { .n_parts = 0 };
	char message[BERTH_RES_TEXT_MAX + 1];
	const char *fault;

	if (!q)
		return;
	if ((fault = fault_of(q, a))) {
		fail(q, fault);
		return;
	}
	copy_message(message, a->message ? a->message : "");
	m.status = (uint8_t)(a->status == BERTH_REGISTRY_CANCELLED ? BERTH_REGISTRY_UNAVAILABLE : a->status);
	m.message = message;
	m.ttl_s = a->ttl_s;
	for (; a->status == BERTH_REGISTRY_OK && m.n_parts < a->n_parts; m.n_parts++)
		m.parts[m.n_parts] = (struct berth_res_part){ a->parts[m.n_parts].name, a->parts[m.n_parts].p, a->parts[m.n_parts].n };
	berth_res_answer_encode(&q->answer, &m);
	q->n_timers = 0;
	q->state = ANSWERED;
}

static int host_http(struct berth_registry_query *handle, const struct berth_registry_http *request,
		     berth_registry_http_done *done, void *arg)
{
	(void)handle;
	(void)request;
	(void)done;
	(void)arg;
	return -1;
}

static int host_timer(struct berth_registry_query *handle, uint32_t ms, berth_registry_timer_done *done, void *arg)
{
	struct query *q = caller(handle, "wants a timer for a query that is not there");

	if (!q || q->state != ASKED || !done || q->n_timers == TIMERS_MAX)
		return -1;
	q->timers[q->n_timers++] = (struct timer){ berth_clock_mono_ms() + ms, all.timer_number++, done, arg };
	return 0;
}

const struct berth_registry_host berth_query_host = { sizeof(berth_query_host), host_log, host_answer, host_http, host_timer };

const char *berth_query_fault(uint32_t *seq)
{
	uintptr_t foreign = atomic_load(&all.foreign);

	if (foreign)
		fail(find((struct berth_registry_query *)foreign), "called from a thread of its own");
	*seq = all.fault_seq;
	return all.fault[0] ? all.fault : NULL;
}

void berth_query_init(const struct berth_query_events *events)
{
	for (size_t i = 0; i < BERTH_RES_AT_ONCE; i++)
		release(&all.v[i]);
	all.fault[0] = '\0';
	atomic_store(&all.foreign, 0);
	all.running = NULL;
	all.told = 0;
	all.events = *events;
	all.thread = pthread_self();
}
