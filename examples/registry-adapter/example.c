/* SPDX-License-Identifier: Apache-2.0 */
/* A registry adapter in sixty lines: did:example:NAME, whose document it makes up.
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

/* Answers exactly once, before it returns, within deadline_ms. */
static void example_resolve(void *self, const char *did, uint32_t deadline_ms, size_t max_bytes,
			    struct berth_registry_query *query)
{
	char doc[1024];
	int n = make_document(doc, sizeof(doc), did);

	(void)self;
	(void)deadline_ms;
	if (n < 0)
		host->answer(query, BERTH_REGISTRY_NOT_FOUND, NULL, 0, "nobody of that name");
	else if ((size_t)n >= sizeof(doc) || (size_t)n > max_bytes)
		host->answer(query, BERTH_REGISTRY_INVALID, NULL, 0, "the name is too long");
	else
		host->answer(query, BERTH_REGISTRY_OK, (const uint8_t *)doc, (size_t)n, NULL);
}

static const struct berth_registry_adapter adapter = {
	.size = sizeof(adapter),
	.abi_major = BERTH_REGISTRY_ABI_MAJOR,
	.abi_minor = BERTH_REGISTRY_ABI_MINOR,
	.name = "example",
	.methods = "example",
	.start = example_start,
	.stop = example_stop,
	.resolve = example_resolve,
};

__attribute__((visibility("default")))
const struct berth_registry_adapter *berth_registry_adapter_v1(void)
{
	return &adapter;
}
