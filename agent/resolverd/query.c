/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/resolverd/query.h"

#include <stdio.h>

#include "agent/resolverd/query_internal.h"
#include "did/base/clock.h"

#define INDEX_BITS 8

_Static_assert(BERTH_RES_AT_ONCE < 1 << INDEX_BITS, "a query's place fits its handle");

struct queries queries;

/* --- handles ---------------------------------------------------------------------- */

/* A number, not an address: one that was answered, or never was, is known for what it is. */
static struct berth_registry_query *handle_of(const struct query *q)
{
	return (struct berth_registry_query *)((uintptr_t)q->generation << INDEX_BITS | ((uintptr_t)(q - queries.v) + 1));
}

struct query *query_find(const struct berth_registry_query *handle)
{
	size_t i = ((uintptr_t)handle & ((1u << INDEX_BITS) - 1)) - 1;

	if (i >= BERTH_RES_AT_ONCE || handle_of(&queries.v[i]) != handle)
		return NULL;
	return queries.v[i].state == QUERY_ASKED || queries.v[i].state == QUERY_CANCELLED ? &queries.v[i] : NULL;
}

static struct query *by_seq(uint32_t seq)
{
	for (size_t i = 0; i < BERTH_RES_AT_ONCE; i++)
		if (queries.v[i].seq == seq && (queries.v[i].state == QUERY_ASKED || queries.v[i].state == QUERY_CANCELLED))
			return &queries.v[i];
	return NULL;
}

void query_fail(const struct query *q, const char *fault)
{
	if (queries.fault[0])
		return;
	snprintf(queries.fault, sizeof(queries.fault), "adapter %.60s %s", q ? q->plugin->name : "of some query", fault);
	queries.fault_seq = q ? q->seq : queries.told;
}

/* --- a query's life ----------------------------------------------------------------- */

static void release(struct query *q)
{
	berth_buf_free(&q->payload);
	berth_buf_free(&q->answer);
	q->state = QUERY_FREE;
}

/* Before and after code of an adapter. */
void query_enter(struct query *q)
{
	queries.running = q;
	if (queries.told != q->seq)
		queries.events.now(queries.events.arg, q->seq);
	queries.told = q->seq;
}

/* What it answered goes out, unless it broke its contract after queries. */
void query_leave(void)
{
	queries.running = NULL;
	for (size_t i = 0; i < BERTH_RES_AT_ONCE && !queries.fault[0]; i++)
		if (queries.v[i].state == QUERY_ANSWERED) {
			queries.events.answered(queries.events.arg, queries.v[i].seq, &queries.v[i].answer);
			release(&queries.v[i]);
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
		if (queries.v[i].state == QUERY_FREE) {
			*out = &queries.v[i];
			(*out)->seq = seq;
			(*out)->generation++;
			(*out)->n_timers = 0;
			(*out)->why = BERTH_OK;
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
	q->state = QUERY_ASKED;
	query_enter(q);
	q->plugin->adapter->ask(q->plugin->self, &q->request, handle_of(q));
	query_leave();
	return BERTH_OK;
}

static void cancel(struct query *q)
{
	q->state = QUERY_CANCELLED;
	q->n_timers = 0;
	query_enter(q);
	query_cancel_exchanges(q);
	if (q->state == QUERY_CANCELLED && q->plugin->adapter->cancel && !queries.fault[0])
		q->plugin->adapter->cancel(q->plugin->self, handle_of(q));
	if (q->state == QUERY_CANCELLED)
		query_fail(q, "did not answer in time, nor when it was told so");
	query_leave();
}

void berth_query_cancel(uint32_t seq)
{
	struct query *q = by_seq(seq);

	if (q && !queries.fault[0])
		cancel(q);
}

void berth_query_cancel_all(void)
{
	for (size_t i = 0; i < BERTH_RES_AT_ONCE && !queries.fault[0]; i++)
		if (queries.v[i].state == QUERY_ASKED)
			cancel(&queries.v[i]);
}

/* --- time --------------------------------------------------------------------------- */

/* The timer that is due first, of those that were there at the number `before`. */
static struct query *next_timer(uint64_t before, size_t *at)
{
	const struct query_timer *first = NULL;
	struct query *whose = NULL;

	for (size_t i = 0; i < BERTH_RES_AT_ONCE; i++)
		for (size_t k = 0; queries.v[i].state == QUERY_ASKED && k < queries.v[i].n_timers; k++) {
			const struct query_timer *t = &queries.v[i].timers[k];

			if (t->number >= before ||
			    (first && (t->due_ms > first->due_ms || (t->due_ms == first->due_ms && t->number > first->number))))
				continue;
			first = t;
			whose = &queries.v[i];
			*at = k;
		}
	return whose;
}

static void fire(struct query *q, size_t at)
{
	struct query_timer t = q->timers[at];

	q->timers[at] = q->timers[--q->n_timers];
	query_enter(q);
	t.done(t.arg);
	query_leave();
}

static struct query *next_deadline(void)
{
	struct query *first = NULL;

	for (size_t i = 0; i < BERTH_RES_AT_ONCE; i++)
		if (queries.v[i].state == QUERY_ASKED && (!first || queries.v[i].until_ms < first->until_ms))
			first = &queries.v[i];
	return first;
}

void berth_query_run(void)
{
	uint64_t now = berth_clock_mono_ms(), before = queries.timer_number;
	struct query *q;
	size_t at;

	while (!queries.fault[0] && (q = next_timer(before, &at)) && q->timers[at].due_ms <= now)
		fire(q, at);
	while (!queries.fault[0] && (q = next_deadline()) && q->until_ms <= now)
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

const char *berth_query_fault(uint32_t *seq)
{
	uintptr_t foreign = atomic_load(&queries.foreign);

	if (foreign)
		query_fail(query_find((struct berth_registry_query *)foreign), "called from a thread of its own");
	*seq = queries.fault_seq;
	return queries.fault[0] ? queries.fault : NULL;
}

void berth_query_init(const struct berth_query_events *events, struct berth_res_http *http)
{
	for (size_t i = 0; i < BERTH_RES_AT_ONCE; i++) {
		query_drop_exchanges(&queries.v[i]);
		release(&queries.v[i]);
	}
	queries.http = http;
	queries.fault[0] = '\0';
	atomic_store(&queries.foreign, 0);
	queries.running = NULL;
	queries.told = 0;
	queries.events = *events;
	queries.thread = pthread_self();
}
