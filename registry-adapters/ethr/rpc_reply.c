/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON-RPC 2.0 answers of a node: a stranger's bytes.  What is good JSON is cJSON's
 * business, which is lenient; the agent reads strictly what becomes evidence.  Here
 * nothing may be deep, doubled or answered twice. */
#include <stdio.h>
#include <string.h>

#include "ethr.h"

/* Brackets nest no deeper than DEPTH_MAX, and no byte is a NUL. */
static bool shape_ok(const char *p, size_t n)
{
	bool in_string = false;
	size_t depth = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\0')
			return false;
		if (in_string && p[i] == '\\' && i + 1 < n && p[i + 1] != '\0')
			i++;
		else if (p[i] == '"')
			in_string = !in_string;
		else if (!in_string && (p[i] == '[' || p[i] == '{') && ++depth > DEPTH_MAX)
			return false;
		else if (!in_string && (p[i] == ']' || p[i] == '}') && depth-- == 0)
			return false;
	}
	return depth == 0 && !in_string;
}

static bool only_space(const char *p, const char *end)
{
	while (p < end && strchr(" \t\r\n", *p))
		p++;
	return p == end;
}

/* No name stands twice in an object, however deep. */
static bool names_ok(const cJSON *v)
{
	const cJSON *m;

	cJSON_ArrayForEach(m, v) {
		if (cJSON_IsObject(v) && cJSON_GetObjectItemCaseSensitive(v, m->string) != m)
			return false;
		if (!names_ok(m))
			return false;
	}
	return true;
}

static cJSON *parse(const char *body, size_t len)
{
	const char *end = NULL;
	cJSON *v;

	if (len == 0 || len > REPLY_MAX || !shape_ok(body, len))
		return NULL;
	v = cJSON_ParseWithLengthOpts(body, len, &end, 0);
	if (v && (!only_space(end, body + len) || !names_ok(v))) {
		cJSON_Delete(v);
		return NULL;
	}
	return v;
}

static void keep_error(struct rpc_result *r, const cJSON *error)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(error, "message"));
	double code = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(error, "code"));
	size_t i;

	r->code = code >= -1e9 && code <= 1e9 ? (int64_t)code : 0;
	if (!text || !*text)
		text = "an error without a message";
	for (i = 0; i < sizeof(r->error) - 1 && text[i]; i++)
		r->error[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	r->error[i] = '\0';
}

static bool taken(const struct rpc_result *r)
{
	return r->result || r->error[0];
}

/* One answer into its place. */
static const char *take(struct rpc_result *out, size_t n, cJSON *answer)
{
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(answer, "id");
	const cJSON *error = cJSON_GetObjectItemCaseSensitive(answer, "error");
	const char *version = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, "jsonrpc"));
	cJSON *result = cJSON_DetachItemFromObjectCaseSensitive(answer, "result");
	const char *wrong = NULL;

	if (cJSON_IsNull(error))
		error = NULL;
	if (!version || strcmp(version, "2.0") != 0)
		wrong = "not JSON-RPC 2.0";
	else if (!cJSON_IsNumber(id) || !(id->valuedouble >= 1 && id->valuedouble <= (double)n) ||
		 id->valuedouble != (double)(size_t)id->valuedouble)
		wrong = "an answer to no call of ours";
	else if (taken(&out[(size_t)id->valuedouble - 1]))
		wrong = "two answers to one call";
	else if (error ? !cJSON_IsObject(error) || (result && !cJSON_IsNull(result)) : !result)
		wrong = "neither a result nor an error";
	if (wrong || error)
		cJSON_Delete(result);
	if (!wrong && error)
		keep_error(&out[(size_t)id->valuedouble - 1], error);
	else if (!wrong)
		out[(size_t)id->valuedouble - 1].result = result;
	return wrong;
}

static const char *take_all(struct rpc_result *out, size_t n, bool batch, cJSON *body)
{
	const char *wrong = NULL;
	size_t answers = 0;
	cJSON *a;

	/* of a batch that a node cannot take at all, it says so in one answer */
	if (!batch || cJSON_IsObject(body))
		return n > 1 ? "one answer to a batch" : take(out, n, body);
	if (!cJSON_IsArray(body))
		return "neither an object nor an array";
	cJSON_ArrayForEach(a, body) {
		answers++;
		if ((wrong = take(out, n, a)))
			return wrong;
	}
	return answers == n ? NULL : "a call without an answer";
}

const char *ethr_reply_parse(struct rpc_result *out, size_t n, bool batch, const char *body, size_t len)
{
	cJSON *v = parse(body, len);
	const char *wrong;

	memset(out, 0, n * sizeof(*out));
	wrong = v ? take_all(out, n, batch, v) : "not JSON, or too deep";
	cJSON_Delete(v);
	if (wrong)
		ethr_results_free(out, n);
	return wrong;
}

void ethr_results_free(struct rpc_result *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		cJSON_Delete(r[i].result);
	memset(r, 0, n * sizeof(*r));
}
