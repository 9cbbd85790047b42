/* SPDX-License-Identifier: Apache-2.0 */
/* What adapters call. */
#include <string.h>

#include "agent/resolverd/http.h"
#include "agent/resolverd/query_internal.h"
#include "did/base/clock.h"
#include "did/base/log.h"

#define ANSWER_SIZE_2_0 (offsetof(struct berth_registry_answer, ttl_s) + sizeof(uint32_t))
#define HTTP_SIZE_2_0 (offsetof(struct berth_registry_http, max_bytes) + sizeof(size_t))

/* Whether a call of the host may be served: of our thread, for a query under way. */
static struct query *caller(const struct berth_registry_query *handle, const char *otherwise)
{
	struct query *q;

	if (!pthread_equal(queries.thread, pthread_self())) {
		atomic_store(&queries.foreign, handle ? (uintptr_t)handle : 1);
		return NULL;
	}
	if (!(q = query_find(handle)))
		query_fail(queries.running, otherwise);
	return queries.fault[0] ? NULL : q;
}

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
	if (a->status == BERTH_REGISTRY_CANCELLED && q->state == QUERY_CANCELLED)
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
		query_fail(q, fault);
		return;
	}
	copy_message(message, a->message ? a->message : "");
	m.status = (uint8_t)(a->status == BERTH_REGISTRY_CANCELLED ? BERTH_REGISTRY_UNAVAILABLE : a->status);
	m.message = message;
	m.ttl_s = a->ttl_s;
	for (; a->status == BERTH_REGISTRY_OK && m.n_parts < a->n_parts; m.n_parts++)
		m.parts[m.n_parts] = (struct berth_res_part){ a->parts[m.n_parts].name, a->parts[m.n_parts].p, a->parts[m.n_parts].n };
	m.why = (uint16_t)q->why;
	berth_res_answer_encode(&q->answer, &m);
	query_drop_exchanges(q);
	q->n_timers = 0;
	q->state = QUERY_ANSWERED;
}

/* --- exchanges ---------------------------------------------------------------------- */

static struct query_exchange take(struct query_exchange *place)
{
	struct query_exchange e = *place;

	place->x = NULL;
	return e;
}

void query_drop_exchanges(struct query *q)
{
	for (size_t i = 0; i < QUERY_EXCHANGES_MAX; i++)
		if (q->exchanges[i].x)
			berth_res_http_drop(queries.http, take(&q->exchanges[i]).x);
}

void query_cancel_exchanges(struct query *q)
{
	static const struct berth_registry_http_reply gone = {
		.size = sizeof(gone), .status = BERTH_REGISTRY_CANCELLED, .content_type = "", .message = "cancelled",
	};

	for (size_t i = 0; i < QUERY_EXCHANGES_MAX && q->state == QUERY_CANCELLED && !queries.fault[0]; i++)
		if (q->exchanges[i].x) {
			struct query_exchange e = take(&q->exchanges[i]);

			berth_res_http_drop(queries.http, e.x);
			e.done(e.arg, &gone);
		}
}

static void on_reply(void *arg, const struct berth_registry_http_reply *reply)
{
	struct query_exchange e = take(arg);

	if (queries.fault[0])
		return;
	e.q->why = berth_res_http_why(queries.http);
	query_enter(e.q);
	e.done(e.arg, reply);
	query_leave();
}

static int host_http(struct berth_registry_query *handle, const struct berth_registry_http *request,
		     berth_registry_http_done *done, void *arg)
{
	struct query *q = caller(handle, "wants an exchange for a query that is not there");
	uint64_t now = berth_clock_mono_ms();
	struct query_exchange *e;

	if (!q || q->state != QUERY_ASKED || !queries.http || !done || !request || request->size < HTTP_SIZE_2_0 ||
	    request->max_bytes > q->ask.max_bytes || now >= q->until_ms)
		return -1;
	for (e = q->exchanges; e < q->exchanges + QUERY_EXCHANGES_MAX && e->x; e++)
		;
	if (e == q->exchanges + QUERY_EXCHANGES_MAX)
		return -1;
	*e = (struct query_exchange){ q, NULL, done, arg };
	if (!berth_res_http_begin(queries.http, request, (uint32_t)(q->until_ms - now), on_reply, e, &e->x))
		return 0;
	e->x = NULL;
	return -1;
}

static int host_timer(struct berth_registry_query *handle, uint32_t ms, berth_registry_timer_done *done, void *arg)
{
	struct query *q = caller(handle, "wants a timer for a query that is not there");

	if (!q || q->state != QUERY_ASKED || !done || q->n_timers == QUERY_TIMERS_MAX)
		return -1;
	q->timers[q->n_timers++] = (struct query_timer){ berth_clock_mono_ms() + ms, queries.timer_number++, done, arg };
	return 0;
}

const struct berth_registry_host berth_query_host = { sizeof(berth_query_host), host_log, host_answer, host_http, host_timer };
