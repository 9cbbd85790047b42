/* SPDX-License-Identifier: Apache-2.0 */
/* A registry adapter in seventy lines: did:example:NAME, whose document it makes up.
 * Copy this folder anywhere and put your registry where make_document() is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <berth/registry.h>

static const struct berth_registry_host *host;

/* config is your section of the configuration as JSON; this adapter needs none. */
static int example_start(const struct berth_registry_host *h, const char *config, void **self)
{
	host = h;
	*self = NULL;
	host->log(2, strcmp(config, "{}") == 0 ? "example: started" : "example: started, configuration ignored");
	return 0;
}

static void example_stop(void *self)
{
	(void)self;
}

/* Returns the length, or -1 when there is nothing of that name. */
static int make_document(char *out, size_t size, const char *did)
{
	if (strcmp(did, "did:example:nobody") == 0)
		return -1;
	return snprintf(out, size, "{\"@context\":[\"https://www.w3.org/ns/did/v1\"],\"id\":\"%s\"}", did);
}

static void answer(struct berth_registry_query *query, int status, const char *message)
{
	const struct berth_registry_answer a = { .size = sizeof(a), .status = status, .message = message };

	host->answer(query, &a);
}

static void answer_document(struct berth_registry_query *query, const char *doc, size_t len)
{
	const struct berth_registry_part part = { "didDocument", (const uint8_t *)doc, len };
	const struct berth_registry_answer a = {
		.size = sizeof(a), .status = BERTH_REGISTRY_OK, .parts = &part, .n_parts = 1,
	};

	host->answer(query, &a);
}

/* Answers exactly once, here or later from a callback of the host. */
static void example_ask(void *self, const struct berth_registry_request *q, struct berth_registry_query *query)
{
	char doc[1024];
	int n = make_document(doc, sizeof(doc), q->did);

	(void)self;
	if (q->version_id || q->version_time)
		answer(query, BERTH_REGISTRY_NOT_FOUND, "there are no versions");
	else if (n < 0)
		answer(query, BERTH_REGISTRY_NOT_FOUND, "nobody of that name");
	else if ((size_t)n >= sizeof(doc) || (size_t)n > q->max_bytes)
		answer(query, BERTH_REGISTRY_INVALID, "the name is too long");
	else
		answer_document(query, doc, (size_t)n);
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
	.ask = example_ask,
};

__attribute__((visibility("default")))
const struct berth_registry_adapter *berth_registry_adapter_v2(void)
{
	return &adapter;
}
