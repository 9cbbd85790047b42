/* SPDX-License-Identifier: Apache-2.0 */
/* What a gateway does not do before its applications have said that they have switched
 * (POST /v1/ack): give operational keys of before up, keep a set of items that is on trial.
 * Their words are records; whoever looks, after a start as well, comes to the same end. */
#include "agent/core/backend_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/protocol/onboarding.h"
#include "did/base/log.h"

bool backend_has_acked(struct berth_backend *b, const char *principal, int64_t generation)
{
	struct berth_buf text = BERTH_BUF_INIT;
	bool found = false, yes;

	yes = !berth_store_get(berth_agent_store(b->agent), BACKEND_NS_ACK, principal, &text, &found) && found &&
	      strtoll(berth_buf_cstr(&text), NULL, 10) >= generation;
	berth_buf_free(&text);
	return yes;
}

/* Those that have to, and have not. */
static enum berth_err list_waiting(struct berth_backend *b, struct berth_json *list)
{
	const struct berth_policy *p = berth_agent_env(b->agent)->policy;
	int64_t since = backend_watch_event(b, "rotated");
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < p->n_confirm; i++)
		if (!backend_has_acked(b, p->confirm[i], since))
			rc = berth_json_push_str(list, p->confirm[i]);
	return rc;
}

static enum berth_err look_at_grace(struct berth_backend *b, const struct berth_json *data)
{
	struct berth_json *list;
	enum berth_err rc;

	if (!berth_json_get(data, "grace"))
		return BERTH_OK;
	list = berth_json_new_array();
	if (!(rc = list_waiting(b, list)) && !berth_json_len(list))
		rc = berth_agent_command(b->agent, "gateway", NULL, "cmd/switched", NULL, NULL);
	berth_json_free(list);
	return rc;
}

static enum berth_err look_at_trial(struct berth_backend *b, const struct berth_json *data)
{
	const struct berth_json *trial = berth_json_get(data, "trial");
	const char *by = berth_data_str(trial, "by");
	struct berth_json *args;
	enum berth_err rc;

	if (!by || berth_json_get(trial, "acked") || !backend_has_acked(b, by, backend_watch_event(b, "provisioned")))
		return BERTH_OK;
	args = berth_json_new_object();
	if (!(rc = berth_json_set_str(args, "principal", by)))
		rc = berth_agent_command(b->agent, "gateway", NULL, "cmd/acked", args, NULL);
	berth_json_free(args);
	return rc;
}

/* Only where the watch is up to date: else it will be in a moment, and looks again. */
void backend_confirm_look(struct berth_backend *b)
{
	struct berth_json *inst;
	const struct berth_json *data;
	enum berth_err rc;

	if (!b->watching || b->changes != berth_agent_changes(b->agent))
		return;
	data = berth_json_get(backend_gateway(b, &inst), "data");
	if ((rc = look_at_trial(b, data)) || (rc = look_at_grace(b, data)))
		berth_log_err(BERTH_LOG_WARN, "ack", rc);
	berth_json_free(inst);
}

/* ---- status ---- */
static int64_t left(struct berth_backend *b, const struct berth_json *what)
{
	int64_t s = berth_data_int(what, "untilS", 0) - berth_agent_now_s(b->agent);

	return s < 0 ? 0 : s;
}

static enum berth_err grace_json(struct berth_backend *b, const struct berth_json *grace, struct berth_json *o)
{
	struct berth_env *env = berth_agent_env(b->agent);
	const struct berth_identity *id = env->identity(env, berth_data_str(grace, "identity"));
	struct berth_json *list = berth_json_new_array();
	enum berth_err rc = list ? list_waiting(b, list) : BERTH_E_NOMEM;

	if (rc || (id && (rc = berth_json_set_str(o, "did", id->did))) || (rc = berth_json_set_int(o, "seconds", left(b, grace)))) {
		berth_json_free(list);
		return rc;
	}
	return berth_json_set(o, "waiting", list);
}

/* seq and status of the last set; of one on trial who has to confirm it, until when, and how
 * many hooks are still at it. */
static enum berth_err set_json(struct berth_backend *b, const struct berth_json *data, struct berth_json *o)
{
	const struct berth_json *trial = berth_json_get(data, "trial"), *outcome = berth_json_get(data, "outcome");
	enum berth_err rc;

	if (!trial) {
		if (!(rc = backend_copy(o, "seq", outcome, "seq")) && !(rc = backend_copy(o, "status", outcome, "status")))
			rc = backend_copy(o, "reason", outcome, "reason");
		return rc;
	}
	if ((rc = backend_copy(o, "seq", trial, "seq")) || (rc = berth_json_set_str(o, "status", "trial")) ||
	    (rc = berth_json_set_int(o, "hooks", (int64_t)berth_json_len(berth_json_get(trial, "wait")))) ||
	    (rc = backend_copy(o, "confirmBy", trial, "by")) || !berth_json_get(trial, "untilS"))
		return rc;
	return berth_json_set_int(o, "seconds", left(b, trial));
}

enum berth_err backend_set_waits(struct berth_backend *b, struct berth_json *o, const struct berth_json *data)
{
	const struct berth_json *grace = berth_json_get(data, "grace");
	enum berth_err rc = BERTH_OK;

	if (grace)
		rc = grace_json(b, grace, berth_data_obj(o, "grace"));
	if (!rc && (berth_json_get(data, "trial") || berth_json_get(data, "outcome")))
		rc = set_json(b, data, berth_data_obj(o, "itemSet"));
	return rc;
}

/* ---- what applications say ---- */

/* The highest counts: a word that was overtaken takes nothing back, and costs no write. */
static enum berth_err keep_ack(struct berth_backend *b, const char *principal, int64_t generation)
{
	struct berth_store *s = berth_agent_store(b->agent);
	char text[24];
	enum berth_err rc;

	if (backend_has_acked(b, principal, generation))
		return BERTH_OK;
	snprintf(text, sizeof(text), "%lld", (long long)generation);
	if ((rc = berth_store_begin(s)))
		return rc;
	if ((rc = berth_store_put_str(s, BACKEND_NS_ACK, principal, text)) || (rc = berth_store_commit(s)))
		berth_store_rollback(s);
	return rc;
}

/* An application has switched. */
static enum berth_err ack(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	int64_t generation = berth_data_int(req->body, "gen", 0), now = backend_watch_generation(b);
	enum berth_err rc;

	if (generation > now)
		return berth_fail(BERTH_E_TYPE, "generation %lld is still to come", (long long)generation);
	if ((rc = keep_ack(b, req->principal, generation)))
		return rc;
	backend_confirm_look(b);
	*out = berth_json_new_object();
	return berth_json_set_int(*out, "generation", now);
}

/* Who has acknowledged what: {principal: generation} */
static enum berth_err push_ack(void *arg, const char *key, const uint8_t *p, size_t n)
{
	struct berth_json *v = NULL;
	enum berth_err rc = berth_json_parse(&v, (const char *)p, n, 32);

	if (!rc && !(rc = berth_json_set(arg, key, v)))
		return BERTH_OK;
	berth_json_free(v);
	return rc;
}

static enum berth_err acks(void *arg, const struct berth_api_request *req, struct berth_json **out)
{
	struct berth_backend *b = arg;
	struct berth_json *list = berth_json_new_object(), *o = berth_json_new_object();
	enum berth_err rc = berth_store_each(berth_agent_store(b->agent), BACKEND_NS_ACK, NULL, push_ack, list);

	(void)req;
	if (rc || (rc = berth_json_set_int(o, "generation", backend_watch_generation(b))) ||
	    (rc = berth_json_set(o, "acks", list))) {
		berth_json_free(list);
		berth_json_free(o);
		return rc;
	}
	*out = o;
	return BERTH_OK;
}

void backend_confirm_init(struct berth_api_backend *api)
{
	api->op[BERTH_API_ACK] = ack;
	api->op[BERTH_API_ACKS] = acks;
}
