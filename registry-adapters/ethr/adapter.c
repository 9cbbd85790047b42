/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "ethr.h"

static int ethr_start(const struct berth_registry_host *host, const char *config, void **self)
{
	struct ethr *e = calloc(1, sizeof(*e));

	if (!e)
		return 1;
	e->host = host;
	if (ethr_config(e, config) != 0) {
		free(e);
		return 1;
	}
	*self = e;
	return 0;
}

static void ethr_stop(void *self)
{
	free(self);
}

static job_step *first_step(const struct berth_registry_request *r)
{
	switch (r->op) {
	case BERTH_REGISTRY_RESOLVE:
		return ethr_resolve;
	case BERTH_REGISTRY_CREATE:	/* all of them are a call of the registry */
	case BERTH_REGISTRY_UPDATE:
	case BERTH_REGISTRY_DEACTIVATE:
		return ethr_publish;
	default:
		return NULL;
	}
}

static void refuse(struct ethr *e, struct berth_registry_query *query, int status, const char *message)
{
	struct berth_registry_answer a = { .size = sizeof(a), .status = status, .message = message };

	e->host->answer(query, &a);
}

static void ethr_ask(void *self, const struct berth_registry_request *request, struct berth_registry_query *query)
{
	struct ethr *e = self;
	const char *identity = NULL;
	const struct network *net = ethr_network_of(e, request->did, &identity);
	job_step *first = first_step(request);
	struct job *j;

	if (!first) {
		refuse(e, query, BERTH_REGISTRY_UNSUPPORTED, "did:ethr has no such operation");
		return;
	}
	if (!identity || !(j = calloc(1, sizeof(*j)))) {
		refuse(e, query, identity ? BERTH_REGISTRY_UNAVAILABLE : BERTH_REGISTRY_INVALID, "not a did:ethr");
		return;
	}
	*j = (struct job){
		.e = e, .query = query, .request = request, .net = net, .later = e->jobs, .began_ms = ethr_clock_ms(),
	};
	e->jobs = j;
	if (!ethr_address(j->identity, identity))
		ethr_fail(j, BERTH_REGISTRY_INVALID, "neither an address nor a compressed public key");
	else if (!net)
		ethr_fail(j, BERTH_REGISTRY_UNSUPPORTED, "no network of that name is configured");
	else
		first(j);
}

/* Only a job that waits for a timer is still there. */
static void ethr_cancel(void *self, struct berth_registry_query *query)
{
	struct ethr *e = self;

	for (struct job *j = e->jobs; j; j = j->later)
		if (j->query == query) {
			ethr_fail(j, BERTH_REGISTRY_UNAVAILABLE, "too late");
			return;
		}
}

static const struct berth_registry_adapter adapter = {
	.size = sizeof(adapter),
	.abi_major = BERTH_REGISTRY_ABI_MAJOR,
	.abi_minor = BERTH_REGISTRY_ABI_MINOR,
	.name = "ethr",
	.methods = "ethr",
	.operations = 1u << BERTH_REGISTRY_RESOLVE | 1u << BERTH_REGISTRY_CREATE | 1u << BERTH_REGISTRY_UPDATE |
		      1u << BERTH_REGISTRY_DEACTIVATE,
	.start = ethr_start,
	.stop = ethr_stop,
	.ask = ethr_ask,
	.cancel = ethr_cancel,
};

__attribute__((visibility("default")))
const struct berth_registry_adapter *berth_registry_adapter_v2(void)
{
	return &adapter;
}
