/* SPDX-License-Identifier: Apache-2.0 */
/* A registry adapter from end to end: did:example:NAME, whose document is what
 * `url = https://registry.example/dids/` has at NAME, or made up where there is no url.
 * Copy this folder anywhere and put your registry where begin() and on_reply() are.
 * docs/registry-adapters.md says what may be done when. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <berth/registry.h>

#define URL_MAX 1024
#define PREFIX "did:example:"

/* All that outlives a call hangs on self or on a query: no static state, because the same
 * file may stand in several sections of the configuration. */
struct example {
	const struct berth_registry_host *host;
	char url[URL_MAX];	/* "": none */
};

/* One exchange under way */
struct lookup {
	const struct example *ex;
	struct berth_registry_query *query;
};

/* ---- answers: exactly one for each query ---- */

static void say(const struct example *ex, struct berth_registry_query *query, int status, const char *message)
{
	const struct berth_registry_answer a = { .size = sizeof(a), .status = status, .message = message };

	ex->host->answer(query, &a);
}

static void say_document(const struct example *ex, struct berth_registry_query *query, const void *doc, size_t len, uint32_t ttl_s)
{
	const struct berth_registry_part part = { "didDocument", doc, len };
	const struct berth_registry_answer a = {
		.size = sizeof(a), .status = BERTH_REGISTRY_OK, .parts = &part, .n_parts = 1, .ttl_s = ttl_s,
	};

	ex->host->answer(query, &a);
}

/* ---- asking the registry ---- */

/* Called once for each exchange that was begun, also when it came to nothing. */
static void on_reply(void *arg, const struct berth_registry_http_reply *r)
{
	struct lookup *l = arg;

	if (r->status == BERTH_REGISTRY_CANCELLED)	/* nobody waits any more, but wants to be told */
		say(l->ex, l->query, BERTH_REGISTRY_UNAVAILABLE, "example: cancelled");
	else if (r->status != BERTH_REGISTRY_OK)	/* no reply: the host has said why */
		say(l->ex, l->query, r->status, r->message);
	else if (r->code == 404 || r->code == 410)
		say(l->ex, l->query, BERTH_REGISTRY_NOT_FOUND, "example: nobody of that name");
	else if (r->code != 200 || r->body_len == 0)
		say(l->ex, l->query, BERTH_REGISTRY_UNAVAILABLE, "example: the registry has trouble");
	else	/* as it came: the agent reads it, and checks whose it is */
		say_document(l->ex, l->query, r->body, r->body_len, r->max_age_s);
	free(l);
}

static void begin(const struct example *ex, const struct berth_registry_request *q, struct berth_registry_query *query)
{
	struct berth_registry_http http = { .size = sizeof(http), .method = "GET", .accept = "application/json", .max_bytes = q->max_bytes };
	struct lookup *l = malloc(sizeof(*l));
	char url[URL_MAX + 256];

	snprintf(url, sizeof(url), "%s%s", ex->url, q->did + strlen(PREFIX));
	http.url = url;		/* is copied, as everything here */
	if (l) {
		*l = (struct lookup){ ex, query };
		if (ex->host->http(query, &http, on_reply, l) == 0)
			return;
	}
	free(l);
	say(ex, query, BERTH_REGISTRY_UNAVAILABLE, "example: no exchange can be begun");
}

/* ---- without a registry ---- */

static void make_up(const struct example *ex, const struct berth_registry_request *q, struct berth_registry_query *query)
{
	char doc[1024];
	int n = snprintf(doc, sizeof(doc), "{\"@context\":[\"https://www.w3.org/ns/did/v1\"],\"id\":\"%s\"}", q->did);

	if (strcmp(q->did, PREFIX "nobody") == 0)
		say(ex, query, BERTH_REGISTRY_NOT_FOUND, "example: nobody of that name");
	else if ((size_t)n > q->max_bytes)
		say(ex, query, BERTH_REGISTRY_TOO_BIG, "example: more than was asked for");
	else
		say_document(ex, query, doc, (size_t)n, 0);
}

/* The text of a DID comes from anybody: what is no name in this registry is INVALID,
 * before anything is asked.  The bound keeps all that is made of it within its buffer. */
static int is_name(const char *s)
{
	return strlen(s) >= 1 && strlen(s) <= 200 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(s);
}

static void example_ask(void *self, const struct berth_registry_request *q, struct berth_registry_query *query)
{
	const struct example *ex = self;

	if (!is_name(q->did + strlen(PREFIX)))
		say(ex, query, BERTH_REGISTRY_INVALID, "example: a name has a to z, 0 to 9 and -");
	else if (q->version_id || q->version_time)
		say(ex, query, BERTH_REGISTRY_UNSUPPORTED, "example: there are no versions");
	else if (ex->url[0])
		begin(ex, q, query);
	else
		make_up(ex, q, query);
}

/* ---- start and end ---- */

/* {"url":"https://..."} or {}: a real adapter has a JSON reader. */
static int read_config(struct example *ex, const char *config)
{
	static const char head[] = "{\"url\":\"";
	size_t n;

	if (strcmp(config, "{}") == 0)
		return 0;
	if (strncmp(config, head, strlen(head)) != 0)
		return 1;
	config += strlen(head);
	n = strcspn(config, "\"\\");
	if (n >= sizeof(ex->url) || strcmp(config + n, "\"}") != 0)
		return 1;
	memcpy(ex->url, config, n);
	ex->url[n] = '\0';
	return 0;
}

static int example_start(const struct berth_registry_host *host, const char *config, void **self)
{
	struct example *ex = calloc(1, sizeof(*ex));

	if (!ex)
		return 1;
	ex->host = host;
	if (read_config(ex, config)) {
		host->log(0, "example: takes url = https://..., and nothing else");
		free(ex);
		return 1;
	}
	*self = ex;
	return 0;
}

static void example_stop(void *self)
{
	free(self);
}

static const struct berth_registry_adapter adapter = {
	.size = sizeof(adapter),
	.abi_major = BERTH_REGISTRY_ABI_MAJOR,
	.abi_minor = BERTH_REGISTRY_ABI_MINOR,
	.name = "example",
	.methods = "example",
	.operations = 1u << BERTH_REGISTRY_RESOLVE,
	.start = example_start,
	.stop = example_stop,
	.ask = example_ask,	/* without cancel: on_reply hears of it */
};

__attribute__((visibility("default")))
const struct berth_registry_adapter *berth_registry_adapter_v2(void)
{
	return &adapter;
}
