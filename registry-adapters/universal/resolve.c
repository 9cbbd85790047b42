/* SPDX-License-Identifier: Apache-2.0 */
/* GET ENDPOINT/DID, of one endpoint after the other: the next is asked when one has
 * nothing, or has not answered within its share of the time.  The first answer about the
 * right DID is it. */
#include "universal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#define ACCEPT_RESULT "application/did-resolution, application/ld+json;profile=\"https://w3id.org/did-resolution\""

struct lookup;
struct turn {
	struct lookup *lookup;
	size_t at;		/* of the endpoints */
};

/* Lives until the query is answered; none of its calls comes later than that. */
struct lookup {
	const struct uni *uni;
	const struct berth_registry_request *request;
	struct berth_registry_query *query;
	size_t next, pending;	/* endpoints: not asked yet, asked and silent */
	struct turn turns[UNI_ENDPOINTS_MAX];
	int status;		/* the most telling failure so far; OK: none */
	char message[UNI_MESSAGE_MAX];
};

static void put_encoded(char *out, size_t *n, const char *s, const char *plain)
{
	for (; *s && *n < UNI_URL_MAX - 4; s++) {
		bool as_is = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') || strchr(plain, *s);

		*n += (size_t)(as_is ? snprintf(out + *n, 2, "%c", *s) : snprintf(out + *n, 4, "%%%02X", (unsigned char)*s));
	}
}

static void put_option(char *out, size_t *n, char sign, const char *name, const char *value)
{
	*n += (size_t)snprintf(out + *n, UNI_URL_MAX - *n, "%c%s=", sign, name);
	put_encoded(out, n, value, "-._~:");
}

/* The DID is one segment of the path, so its "%" is encoded once more.  NULL: too long. */
static char *make_url(const char *endpoint, const struct berth_registry_request *r)
{
	char *out = malloc(UNI_URL_MAX + 1);
	size_t n = 0;

	if (!out)
		return NULL;
	n = (size_t)snprintf(out, UNI_URL_MAX, "%s/", endpoint);
	put_encoded(out, &n, r->did, "-._:");
	if (r->op == BERTH_REGISTRY_FETCH)
		put_encoded(out, &n, r->resource, "-._~:/");
	if (n < UNI_URL_MAX - 32 && r->version_id)
		put_option(out, &n, '?', "versionId", r->version_id);
	if (n < UNI_URL_MAX - 32 && r->version_time)
		put_option(out, &n, r->version_id ? '&' : '?', "versionTime", r->version_time);
	if (n < UNI_URL_MAX - 32)
		return out;
	free(out);
	return NULL;
}

/* That there is no such DID says more than that somebody did not answer. */
static void note(struct lookup *l, int status, const char *message)
{
	if (l->status == BERTH_REGISTRY_NOT_FOUND || (l->status && status == BERTH_REGISTRY_UNSUPPORTED))
		return;
	l->status = status;
	snprintf(l->message, sizeof(l->message), "universal: %s", message);
}

static void note_code(struct lookup *l, uint32_t code)
{
	char text[64];
	int status = BERTH_REGISTRY_UNAVAILABLE;

	if (code == 404)
		status = BERTH_REGISTRY_NOT_FOUND;
	else if (code == 400)
		status = BERTH_REGISTRY_INVALID;
	else if (code == 406 || code == 501)
		status = BERTH_REGISTRY_UNSUPPORTED;
	else if (code >= 300 && code < 500 && code != 408 && code != 429)
		status = BERTH_REGISTRY_REFUSED;
	snprintf(text, sizeof(text), "HTTP %u", code);
	note(l, status, text);
}

/* didResolutionMetadata.error: a word, or since 2025 an object with a URL of one for its
 * type.  true: there is one, and it is noted. */
static bool note_error(struct lookup *l, const cJSON *result)
{
	const cJSON *error = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(result, "didResolutionMetadata"), "error");
	const char *word = cJSON_IsObject(error) ? cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(error, "type"))
						 : cJSON_GetStringValue(error);
	const char *hash = word ? strrchr(word, '#') : NULL;

	if (!error || cJSON_IsNull(error))
		return false;
	word = hash ? hash + 1 : word ? word : "";
	if (strcmp(word, "notFound") == 0 || strcmp(word, "NOT_FOUND") == 0)
		note(l, BERTH_REGISTRY_NOT_FOUND, "notFound");
	else if (strcmp(word, "invalidDid") == 0 || strcmp(word, "INVALID_DID") == 0)
		note(l, BERTH_REGISTRY_INVALID, "invalidDid");
	else if (strcmp(word, "methodNotSupported") == 0 || strcmp(word, "METHOD_NOT_SUPPORTED") == 0)
		note(l, BERTH_REGISTRY_UNSUPPORTED, "methodNotSupported");
	else
		note(l, BERTH_REGISTRY_UNAVAILABLE, "an error of the resolver");
	return true;
}

static bool is_about(const struct lookup *l, const cJSON *document)
{
	const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(document, "id"));

	return id && strcmp(id, l->request->did) == 0;
}

/* What is handed on of it, at most two parts; 0: it is of no use, and why is noted. */
static size_t parts_of(struct lookup *l, const cJSON *v, const char *body, size_t n, struct berth_registry_part parts[2])
{
	const cJSON *document = cJSON_GetObjectItemCaseSensitive(v, "didDocument");
	const cJSON *metadata = cJSON_GetObjectItemCaseSensitive(v, "didDocumentMetadata");
	bool result = document || metadata || cJSON_GetObjectItemCaseSensitive(v, "didResolutionMetadata");
	bool gone = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(metadata, "deactivated"));
	const char *raw;
	size_t len;

	if (result && note_error(l, v))
		return 0;
	if (!is_about(l, result ? document : v) && !(gone && !cJSON_IsObject(document))) {
		note(l, BERTH_REGISTRY_REFUSED, cJSON_IsObject(v) ? "an answer about another DID" : "an answer that is no JSON object");
		l->uni->host->log(1, l->message);
		return 0;
	}
	parts[0] = (struct berth_registry_part){ result ? "didResolution" : "didDocument", (const uint8_t *)body, n };
	raw = result && cJSON_IsObject(document) ? uni_member(body, n, "didDocument", &len) : NULL;
	if (!raw)
		return 1;
	parts[1] = (struct berth_registry_part){ "didDocument", (const uint8_t *)raw, len };
	if (len <= l->request->max_bytes - n)
		return 2;
	parts[0] = parts[1];
	return 1;
}

static bool hand_on(struct lookup *l, const struct berth_registry_http_reply *r)
{
	struct berth_registry_part parts[2];
	cJSON *v = uni_parse(r->body, r->body_len);
	size_t n = parts_of(l, v, (const char *)r->body, r->body_len, parts);

	cJSON_Delete(v);
	if (n > 0)
		uni_say_parts(l->uni, l->query, parts, n, r->max_age_s);
	return n > 0;
}

static bool hand_on_resource(const struct lookup *l, const struct berth_registry_http_reply *r)
{
	size_t type_len = strlen(r->content_type);
	const struct berth_registry_part parts[] = {
		{ "resource", r->body, r->body_len },
		{ "contentType", (const uint8_t *)r->content_type, type_len },
	};

	if (r->body_len == 0)
		return false;
	uni_say_parts(l->uni, l->query, parts, type_len && type_len <= l->request->max_bytes - r->body_len ? 2 : 1, r->max_age_s);
	return true;
}

static bool answered_by(struct lookup *l, const struct berth_registry_http_reply *r)
{
	bool fetch = l->request->op == BERTH_REGISTRY_FETCH;

	if (r->status != BERTH_REGISTRY_OK)
		note(l, r->status == BERTH_REGISTRY_CANCELLED ? BERTH_REGISTRY_UNAVAILABLE : r->status, r->message);
	else if (r->code == 200 || (r->code == 410 && !fetch))
		return fetch ? hand_on_resource(l, r) : hand_on(l, r);
	else
		note_code(l, r->code);
	return false;
}

static void ask_next(struct lookup *l);

static void give_up(struct lookup *l)
{
	if (!l->status)
		note(l, BERTH_REGISTRY_UNAVAILABLE, "no exchange can be begun");
	uni_say(l->uni, l->query, l->status, l->message);
	free(l);
}

static void on_reply(void *arg, const struct berth_registry_http_reply *r)
{
	struct turn *t = arg;
	struct lookup *l = t->lookup;

	l->pending--;
	if (answered_by(l, r))
		free(l);
	else if (r->status == BERTH_REGISTRY_CANCELLED)
		give_up(l);
	else if (l->next == t->at + 1 || l->pending == 0)
		ask_next(l);
}

static void on_silence(void *arg)
{
	struct turn *t = arg;

	if (t->lookup->next == t->at + 1 && t->lookup->next < t->lookup->uni->resolvers.n)
		ask_next(t->lookup);
}

/* The exchange with one endpoint; false: it was not begun. */
static bool ask_at(struct lookup *l, size_t at)
{
	const struct berth_registry_request *q = l->request;
	bool fetch = q->op == BERTH_REGISTRY_FETCH;
	char *url = fetch && q->resource[0] != '/' ? strdup(q->resource) : make_url(l->uni->resolvers.url[at], q);
	char *authorization = url && url[0] ? uni_authorization(l->uni) : NULL;
	const struct berth_registry_http http = {
		.size = sizeof(http), .method = "GET", .url = url, .accept = fetch ? NULL : ACCEPT_RESULT, .max_bytes = q->max_bytes,
		.authorization = authorization && authorization[0] && (!fetch || q->resource[0] == '/') ? authorization : NULL,
	};
	bool begun = authorization && l->uni->host->http(l->query, &http, on_reply, &l->turns[at]) == 0;

	free(authorization);
	free(url);
	return begun;
}

/* Begins with the next endpoint that can be; nothing left and nothing pending is the end. */
static void ask_next(struct lookup *l)
{
	size_t n = l->uni->resolvers.n;

	while (l->next < n) {
		size_t at = l->next++;

		l->turns[at] = (struct turn){ l, at };
		if (!ask_at(l, at))
			continue;
		l->pending++;
		if (l->next < n)
			(void)l->uni->host->timer(l->query, l->request->deadline_ms / (uint32_t)n, on_silence, &l->turns[at]);
		return;
	}
	if (l->pending == 0)
		give_up(l);
}

void uni_resolve(const struct uni *u, const struct berth_registry_request *r, struct berth_registry_query *q)
{
	struct lookup *l;

	if (u->resolvers.n == 0) {
		uni_say(u, q, BERTH_REGISTRY_UNSUPPORTED, "universal: no resolvers are configured");
	} else if (r->op == BERTH_REGISTRY_FETCH && (!r->resource || (r->resource[0] != '/' && strncmp(r->resource, "http", 4) != 0))) {
		uni_say(u, q, BERTH_REGISTRY_INVALID, "universal: no path and no https URL");
	} else if (!(l = calloc(1, sizeof(*l)))) {
		uni_say(u, q, BERTH_REGISTRY_UNAVAILABLE, "universal: no memory");
	} else {
		l->uni = u;
		l->request = r;
		l->query = q;
		l->next = r->op == BERTH_REGISTRY_FETCH && r->resource[0] != '/' ? u->resolvers.n - 1 : 0;	/* no resolver is needed */
		ask_next(l);
	}
}
