/* SPDX-License-Identifier: Apache-2.0 */
/* POST REGISTRAR/create, update, deactivate, in client-managed secret mode and no other:
 * a key that somebody else made or keeps is not the agent's.
 *   PROPOSE  begins a job.  What the agent has to do next is the proposal
 *            {"registrar": URL, "answer": what the registrar said}: to sign the payloads of
 *            answer.didState.signingRequest, to name a public key, or to wait.
 *   SUBMIT   {"registrar": URL, "jobId": ..., "secret": {"signingResponse": ...}}, the
 *            transaction, goes to that registrar; a proposal again, or the receipt.
 *   CHECK    the same without a secret.
 * A job that is finished is a receipt: {"registrar": URL, "answer": ...}. */
#include "universal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

struct order {
	const struct uni *uni;
	const struct berth_registry_request *request;
	struct berth_registry_query *query;
	size_t at;		/* of the registrars */
	char *body;		/* owned */
};

static void end(struct order *o, int status, const char *message)
{
	if (message)
		uni_say(o->uni, o->query, status, message);
	free(o->body);
	free(o);
}

static const struct berth_registry_part *part_of(const struct berth_registry_request *r, const char *name)
{
	for (size_t i = 0; i < r->n_parts; i++)
		if (strcmp(r->parts[i].name, name) == 0)
			return &r->parts[i];
	return NULL;
}

/* ---- what a registrar says ---- */

static void hand_on(struct order *o, const char *name, const struct berth_registry_http_reply *r)
{
	size_t head = strlen(o->uni->registrars.url[o->at]) + 32, max = o->request->max_bytes;
	char *text = malloc(head + r->body_len + 2);
	struct berth_registry_part part = { name, (uint8_t *)text, 0 };

	if (text)
		part.n = (size_t)snprintf(text, head + r->body_len + 2, "{\"registrar\":\"%s\",\"answer\":%.*s}",
					  o->uni->registrars.url[o->at], (int)r->body_len, (const char *)r->body);
	if (!text)
		uni_say(o->uni, o->query, BERTH_REGISTRY_UNAVAILABLE, "universal: no memory");
	else if (part.n > max)
		uni_say(o->uni, o->query, BERTH_REGISTRY_TOO_BIG, "universal: too long an answer");
	else
		uni_say_parts(o->uni, o->query, &part, 1, 0);
	free(text);
	end(o, 0, NULL);
}

static const char *string_of(const cJSON *object, const char *name)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

	return s ? s : "";
}

static bool is_for_us(const struct order *o, const cJSON *state)
{
	const char *did = string_of(state, "did");

	return strcmp(did, o->request->did) == 0;
}

static void say_failed(struct order *o, const cJSON *state)
{
	const char *reason = string_of(state, "reason");
	char message[UNI_MESSAGE_MAX];

	snprintf(message, sizeof(message), "universal: the registrar failed: %.150s", reason);
	end(o, strcmp(reason, "networkUnavailable") == 0 ? BERTH_REGISTRY_UNAVAILABLE : BERTH_REGISTRY_INVALID, message);
}

/* What a machine that keeps its keys can do for a registrar. */
static bool can_do(const cJSON *state)
{
	const char *action = string_of(state, "action");

	return strcmp(action, "signPayload") == 0 || strcmp(action, "getVerificationMethod") == 0;
}

static void judge(struct order *o, const cJSON *v, const struct berth_registry_http_reply *r)
{
	const cJSON *state = cJSON_GetObjectItemCaseSensitive(v, "didState");
	const char *word = string_of(state, "state");
	char message[UNI_MESSAGE_MAX];

	if (uni_has_private_key(v)) {
		end(o, BERTH_REGISTRY_UNSUPPORTED, "universal: the registrar has made private keys (internal secret mode): they are not used");
	} else if (strcmp(word, "failed") == 0) {
		say_failed(o, state);
	} else if (strcmp(word, "finished") == 0 && !is_for_us(o, state)) {
		end(o, BERTH_REGISTRY_CONFLICT, "universal: the registrar has registered another DID");
	} else if (strcmp(word, "finished") == 0) {
		hand_on(o, "receipt", r);
	} else if (strcmp(word, "wait") == 0 || (strcmp(word, "action") == 0 && can_do(state))) {
		hand_on(o, "proposal", r);
	} else if (strcmp(word, "action") == 0) {
		snprintf(message, sizeof(message), "universal: the registrar wants \"%.60s\", which is nothing for an agent",
			 string_of(state, "action"));
		end(o, BERTH_REGISTRY_UNSUPPORTED, message);
	} else {
		end(o, BERTH_REGISTRY_UNAVAILABLE, "universal: the registrar's answer says no state");
	}
}

static int status_of(uint32_t code)
{
	if (code == 400)
		return BERTH_REGISTRY_INVALID;
	if (code == 409)
		return BERTH_REGISTRY_CONFLICT;
	if (code == 501)
		return BERTH_REGISTRY_UNSUPPORTED;
	return (code >= 300 && code < 400) || code == 401 || code == 403 ? BERTH_REGISTRY_REFUSED : BERTH_REGISTRY_UNAVAILABLE;
}

static void begin(struct order *o);

/* Another registrar is asked only when this one cannot have begun anything. */
static bool may_ask_another(const struct order *o, const struct berth_registry_http_reply *r)
{
	return o->request->phase == BERTH_REGISTRY_PROPOSE && o->at + 1 < o->uni->registrars.n &&
	       (r->status == BERTH_REGISTRY_REFUSED || (r->status == BERTH_REGISTRY_OK && (r->code == 501 || r->code == 503)));
}

static void on_reply(void *arg, const struct berth_registry_http_reply *r)
{
	struct order *o = arg;
	char message[UNI_MESSAGE_MAX];
	cJSON *v = NULL;

	if (may_ask_another(o, r)) {
		o->at++;
		begin(o);
		return;
	}
	if (r->status != BERTH_REGISTRY_OK) {
		end(o, r->status == BERTH_REGISTRY_CANCELLED ? BERTH_REGISTRY_UNAVAILABLE : r->status, r->message);
		return;
	}
	v = uni_parse(r->body, r->body_len);
	if (r->code == 200 || r->code == 201 || cJSON_GetObjectItemCaseSensitive(v, "didState")) {
		judge(o, v, r);
	} else {
		snprintf(message, sizeof(message), "universal: the registrar says HTTP %u", r->code);
		end(o, status_of(r->code), message);
	}
	cJSON_Delete(v);
}

/* ---- what it is told ---- */

static void begin(struct order *o)
{
	static const char *const ops[] = { [BERTH_REGISTRY_CREATE] = "create", [BERTH_REGISTRY_UPDATE] = "update",
					   [BERTH_REGISTRY_DEACTIVATE] = "deactivate" };
	char url[UNI_ENDPOINT_MAX + 16], *authorization = uni_authorization(o->uni);
	struct berth_registry_http http = { .size = sizeof(http), .method = "POST", .url = url, .accept = "application/json",
					    .content_type = "application/json", .body = (const uint8_t *)o->body,
					    .max_bytes = o->request->max_bytes };
	int bad = !authorization;

	snprintf(url, sizeof(url), "%.*s/%s", UNI_ENDPOINT_MAX, o->uni->registrars.url[o->at], ops[o->request->op]);
	http.body_len = strlen(o->body);
	http.authorization = authorization && authorization[0] ? authorization : NULL;
	bad = bad || o->uni->host->http(o->query, &http, on_reply, o);
	free(authorization);
	if (bad)
		end(o, BERTH_REGISTRY_UNAVAILABLE, "universal: no exchange can be begun");
}

/* The members that every request has: no secrets are to be made, kept or sent. */
static cJSON *new_body(const struct berth_registry_request *r)
{
	cJSON *body = cJSON_CreateObject(), *options = cJSON_AddObjectToObject(body, "options");

	cJSON_AddStringToObject(body, "did", r->did);
	cJSON_AddBoolToObject(options, "clientSecretMode", 1);
	cJSON_AddBoolToObject(options, "storeSecrets", 0);
	cJSON_AddBoolToObject(options, "returnSecrets", 0);
	return body;
}

static const char *add_document(cJSON *body, const struct berth_registry_request *r)
{
	const struct berth_registry_part *p = part_of(r, "didDocument");
	cJSON *doc = p ? uni_parse(p->p, p->n) : NULL, *list;
	const char *bad = NULL;

	if (r->op == BERTH_REGISTRY_DEACTIVATE) {
		bad = p ? "universal: to deactivate takes no document" : NULL;
	} else if (!doc || strcmp(string_of(doc, "id"), r->did) != 0) {
		bad = "universal: no document with that id is given";
	} else if (uni_has_private_key(doc)) {
		bad = "universal: a private key is in the document";
	} else if (r->op == BERTH_REGISTRY_CREATE) {
		cJSON_AddItemToObject(body, "didDocument", doc);
		doc = NULL;
	} else {
		cJSON_AddItemToArray(cJSON_AddArrayToObject(body, "didDocumentOperation"), cJSON_CreateString("setDidDocument"));
		list = cJSON_AddArrayToObject(body, "didDocument");
		cJSON_AddItemToArray(list, doc);
		doc = NULL;
	}
	cJSON_Delete(doc);
	return bad;
}

/* Whose job it is; only one that is configured is spoken to. */
static const char *find_registrar(struct order *o, const cJSON *t)
{
	for (o->at = 0; o->at < o->uni->registrars.n; o->at++)
		if (strcmp(string_of(t, "registrar"), o->uni->registrars.url[o->at]) == 0)
			return NULL;
	return "universal: the transaction names no registrar that is configured";
}

static const char *add_transaction(struct order *o, cJSON *body)
{
	const struct berth_registry_part *p = part_of(o->request, "transaction");
	cJSON *t = p ? uni_parse(p->p, p->n) : NULL, *secret;
	const char *bad = NULL, *job = string_of(t, "jobId");

	if (!cJSON_IsObject(t) || !job[0])
		bad = "universal: a transaction with jobId is needed";
	else if (uni_has_private_key(t))
		bad = "universal: a private key is in the transaction";
	else
		bad = find_registrar(o, t);
	if (!bad) {
		cJSON_AddStringToObject(body, "jobId", job);
		secret = cJSON_DetachItemFromObjectCaseSensitive(t, "secret");
		if (secret && o->request->phase == BERTH_REGISTRY_SUBMIT)
			cJSON_AddItemToObject(body, "secret", secret);
		else
			cJSON_Delete(secret);
	}
	cJSON_Delete(t);
	return bad;
}

void uni_register(const struct uni *u, const struct berth_registry_request *r, struct berth_registry_query *q)
{
	struct order *o = u->registrars.n ? calloc(1, sizeof(*o)) : NULL;
	const char *bad;
	cJSON *body;

	if (!o) {
		uni_say(u, q, u->registrars.n ? BERTH_REGISTRY_UNAVAILABLE : BERTH_REGISTRY_UNSUPPORTED,
			u->registrars.n ? "universal: no memory" : "universal: no registrars are configured");
		return;
	}
	*o = (struct order){ .uni = u, .request = r, .query = q };
	body = new_body(r);
	bad = r->phase == BERTH_REGISTRY_PROPOSE ? add_document(body, r) : add_transaction(o, body);
	o->body = bad ? NULL : cJSON_PrintUnformatted(body);
	cJSON_Delete(body);
	if (bad)
		end(o, BERTH_REGISTRY_INVALID, bad);
	else if (!o->body)
		end(o, BERTH_REGISTRY_UNAVAILABLE, "universal: no memory");
	else
		begin(o);
}
