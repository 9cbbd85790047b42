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
	else if (code >= 300 && code < 400)
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

/* Whether there is a use for it; if not, why is noted. */
static bool is_good(struct lookup *l, const cJSON *v, bool result)
{
	const cJSON *document = result ? cJSON_GetObjectItemCaseSensitive(v, "didDocument") : v;
	const cJSON *metadata = result ? cJSON_GetObjectItemCaseSensitive(v, "didDocumentMetadata") : NULL;
	bool gone = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(metadata, "deactivated"));

	if (result && note_error(l, v))
		return false;
	if (is_about(l, document) || (gone && !cJSON_IsObject(document)))
		return true;
	note(l, BERTH_REGISTRY_UNAVAILABLE, cJSON_IsObject(v) ? "an answer about another DID" : "an answer that is no JSON object");
	l->uni->host->log(1, l->message);
	return false;
}

static bool is_result(const cJSON *v)
{
	return cJSON_HasObjectItem(v, "didDocument") || cJSON_HasObjectItem(v, "didDocumentMetadata") ||
	       cJSON_HasObjectItem(v, "didResolutionMetadata");
}

/* A bare document goes on as a result too: by that name the agent knows that somebody
 * else resolved it, which does not do for every DID. */
static void say_result(const struct lookup *l, const struct berth_registry_http_reply *r, bool result)
{
	static const char head[] = "{\"didDocument\":", tail[] = ",\"didResolutionMetadata\":{},\"didDocumentMetadata\":{}}";
	size_t size = r->body_len + sizeof(head) + sizeof(tail);
	char *text = result ? NULL : malloc(size);
	struct berth_registry_part part = { "didResolution", r->body, r->body_len };

	if (text) {
		part.n = (size_t)snprintf(text, size, "%s%.*s%s", head, (int)r->body_len, (const char *)r->body, tail);
		part.p = (const uint8_t *)text;
	}
	if (!result && !text)
		uni_say(l->uni, l->query, BERTH_REGISTRY_UNAVAILABLE, "universal: no memory");
	else if (part.n > l->request->max_bytes)
		uni_say(l->uni, l->query, BERTH_REGISTRY_TOO_BIG, "universal: more than was asked for");
	else
		uni_say_parts(l->uni, l->query, &part, 1, r->max_age_s);
	free(text);
}

static bool hand_on(struct lookup *l, const struct berth_registry_http_reply *r)
{
	cJSON *v = uni_parse(r->body, r->body_len);
	bool result = is_result(v), good = is_good(l, v, result);

	cJSON_Delete(v);
	if (good)
		say_result(l, r, result);
	return good;
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
