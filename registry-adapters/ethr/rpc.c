/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of a node: one HTTP exchange for all of a step, or one for each where the node
 * takes no batches. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ethr.h"

char *ethr_text(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return s;
}

static void forget_calls(struct job *j)
{
	for (size_t i = 0; i < j->n_calls; i++)
		free(j->calls[i].params);
	ethr_results_free(j->results, CALLS_MAX);
	j->n_calls = j->n_sent = j->n_done = 0;
}

static void job_free(struct job *j)
{
	struct job **at = &j->e->jobs;

	while (*at != j)
		at = &(*at)->later;
	*at = j->later;
	forget_calls(j);
	cJSON_Delete(j->evidence);
	free(j->data);
	free(j);
}

/* ---- the end of a query */

static void end(struct job *j, int status, const struct berth_registry_part *part, const char *message)
{
	struct berth_registry_answer a = {
		.size = sizeof(a), .status = status, .parts = part, .n_parts = part ? 1 : 0, .message = message,
	};

	j->e->host->answer(j->query, &a);
	job_free(j);
}

void ethr_answer(struct job *j, const char *name, const cJSON *value)
{
	char *text = cJSON_PrintUnformatted(value);
	struct berth_registry_part part = { name, (const uint8_t *)text, text ? strlen(text) : 0 };

	if (!text)
		end(j, BERTH_REGISTRY_UNAVAILABLE, NULL, "no memory");
	else if (part.n > j->request->max_bytes)
		end(j, BERTH_REGISTRY_TOO_BIG, NULL, "the history is larger than what was asked for");
	else
		end(j, BERTH_REGISTRY_OK, &part, NULL);
	cJSON_free(text);
}

void ethr_fail(struct job *j, int status, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	end(j, status, NULL, text);
}

void ethr_fail_call(struct job *j, size_t i)
{
	const char *error = j->results[i].error;

	ethr_fail(j, BERTH_REGISTRY_UNAVAILABLE, "%s: %s", j->calls[i].method, *error ? error : "not what it should be");
}

/* ---- asking */

void ethr_call(struct job *j, const char *method, char *params)
{
	if (j->n_done > 0 || j->n_calls == CALLS_MAX)
		forget_calls(j);
	j->calls[j->n_calls].method = method;
	j->calls[j->n_calls++].params = params;
}

/* The calls from first to last, as one body; free() it. */
static char *body_of(const struct job *j, size_t first, size_t last, bool batch)
{
	char *body = strdup(batch ? "[" : "");

	for (size_t i = first; body && i < last; i++) {
		char *longer = j->calls[i].params
			? ethr_text("%s%s{\"jsonrpc\":\"2.0\",\"id\":%zu,\"method\":\"%s\",\"params\":%s}", body,
				    i > first ? "," : "", i - first + 1, j->calls[i].method, j->calls[i].params)
			: NULL;

		free(body);
		body = longer;
	}
	if (body && batch) {
		char *longer = ethr_text("%s]", body);

		free(body);
		body = longer;
	}
	return body;
}

static void send_calls(struct job *j);

static bool is_batch(const struct job *j)
{
	return j->e->batch && j->n_calls > 1;
}

static void on_reply(void *arg, const struct berth_registry_http_reply *reply)
{
	struct job *j = arg;
	size_t n = j->n_sent - j->n_done;
	const char *wrong;

	if (reply->status != BERTH_REGISTRY_OK) {
		int status = reply->status == BERTH_REGISTRY_CANCELLED ? BERTH_REGISTRY_UNAVAILABLE : reply->status;

		ethr_fail(j, status, "%.150s", reply->message);
		return;
	}
	/* some nodes answer an error of theirs with another code and a JSON-RPC body */
	wrong = ethr_reply_parse(&j->results[j->n_done], n, is_batch(j), (const char *)reply->body, reply->body_len);
	if (wrong) {
		ethr_fail(j, BERTH_REGISTRY_UNAVAILABLE, "the node answers %u: %s", reply->code, wrong);
		return;
	}
	j->n_done += n;
	if (j->n_done < j->n_calls)
		send_calls(j);
	else
		j->next(j);
}

static void send_calls(struct job *j)
{
	size_t last = is_batch(j) ? j->n_calls : j->n_done + 1;
	char *body = body_of(j, j->n_done, last, is_batch(j));
	struct berth_registry_http h = {
		.size = sizeof(h), .method = "POST", .url = j->net->url, .accept = "application/json",
		.content_type = "application/json", .body = (const uint8_t *)body, .body_len = body ? strlen(body) : 0,
		.max_bytes = REPLY_MAX < j->request->max_bytes ? REPLY_MAX : j->request->max_bytes,
	};

	j->n_sent = last;
	if (!body || j->e->host->http(j->query, &h, on_reply, j) != 0)
		ethr_fail(j, BERTH_REGISTRY_UNAVAILABLE, "cannot ask the node");
	free(body);
}

void ethr_go(struct job *j, job_step *next)
{
	j->next = next;
	send_calls(j);
}

static void on_timer(void *arg)
{
	struct job *j = arg;

	j->next(j);
}

void ethr_wait(struct job *j, uint32_t ms, job_step *next)
{
	j->next = next;
	if (j->e->host->timer(j->query, ms, on_timer, j) != 0)
		ethr_fail(j, BERTH_REGISTRY_UNAVAILABLE, "cannot wait");
}

/* ---- reading */

const char *ethr_result_str(const struct job *j, size_t i)
{
	return cJSON_GetStringValue(j->results[i].result);
}

const cJSON *ethr_result_obj(const struct job *j, size_t i)
{
	return cJSON_IsObject(j->results[i].result) ? j->results[i].result : NULL;
}

bool ethr_result_quantity(const struct job *j, size_t i, uint64_t *v)
{
	return ethr_quantity(v, ethr_result_str(j, i));
}

const char *ethr_str(const cJSON *o, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, name));
}

bool ethr_member_quantity(const cJSON *o, const char *name, uint64_t *v)
{
	return ethr_quantity(v, ethr_str(o, name));
}

bool ethr_chain_ok(struct job *j, size_t i)
{
	uint64_t id;

	if (!ethr_result_quantity(j, i, &id)) {
		ethr_fail_call(j, i);
		return false;
	}
	if (id != j->net->chain_id) {
		ethr_fail(j, BERTH_REGISTRY_UNAVAILABLE, "the node is of chain %llu, and network %s is %llu", (unsigned long long)id,
			  j->net->name, (unsigned long long)j->net->chain_id);
		return false;
	}
	return true;
}
