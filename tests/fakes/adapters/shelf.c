/* SPDX-License-Identifier: Apache-2.0 */
/* An adapter whose answers lie in a folder, each part a file of its name: config
 * {"dir": "/...", "ms": "20"}, of which dir is read anew for each query and the answer
 * comes after so many ms.  Without a file for any part it is not found; then a document is
 * made up if the DID has ":made:" in it.  Files "status" and "ttl" have the numbers that
 * an answer says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "berth/registry.h"

#define PART_MAX (6 << 20)

static const struct berth_registry_host *host;
static char dir[256];
static unsigned ms;

struct asked {
	struct berth_registry_query *q;
	char did[512];
};

static void copy_option(char *out, size_t size, const char *config, const char *key)
{
	const char *at = strstr(config, key);

	out[0] = '\0';
	if (at)
		snprintf(out, size, "%.*s", (int)strcspn(at + strlen(key), "\""), at + strlen(key));
}

static int s_start(const struct berth_registry_host *h, const char *config, void **self)
{
	char number[16];

	host = h;
	*self = NULL;
	copy_option(dir, sizeof(dir), config, "\"dir\":\"");
	copy_option(number, sizeof(number), config, "\"ms\":\"");
	ms = (unsigned)strtoul(number, NULL, 10);
	return 0;
}

static void s_stop(void *self)
{
	(void)self;
}

static void read_part(struct berth_registry_answer *a, struct berth_registry_part *parts, const char *name)
{
	char path[320];
	uint8_t *p = malloc(PART_MAX);
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (p && (f = fopen(path, "r"))) {
		n = fread(p, 1, PART_MAX, f);
		fclose(f);
	}
	if (n)
		parts[a->n_parts++] = (struct berth_registry_part){ name, p, n };
	else
		free(p);
}

static void make_up(struct berth_registry_answer *a, struct berth_registry_part *parts, const char *did)
{
	char *text = malloc(600);
	int n = snprintf(text, 600, "{\"id\":\"%s\"}", did);

	parts[a->n_parts++] = (struct berth_registry_part){ "didDocument", (uint8_t *)text, (size_t)n };
}

static unsigned number(const char *name)
{
	char path[320];
	unsigned n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if ((f = fopen(path, "r"))) {
		if (fscanf(f, "%u", &n) != 1)
			n = 0;
		fclose(f);
	}
	return n;
}

static void answer(void *arg)
{
	static const char *const names[] = { "didDocument", "did.jsonl", "did-witness.json", "didResolution", "resource" };
	struct berth_registry_part parts[8];
	struct berth_registry_answer a = { .size = sizeof(a), .parts = parts, .message = "nothing lies there", .ttl_s = number("ttl") };
	struct asked *q = arg;
	size_t n;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		read_part(&a, parts, names[i]);
	if (a.n_parts == 0 && strstr(q->did, ":made:"))
		make_up(&a, parts, q->did);
	if (a.n_parts == 0)
		a.status = BERTH_REGISTRY_NOT_FOUND;
	else
		read_part(&a, parts, "bundle");
	n = a.n_parts;
	if (number("status")) {
		a.status = (int)number("status");
		a.n_parts = 0;
	}
	host->answer(q->q, &a);
	for (size_t i = 0; i < n; i++)
		free((void *)(uintptr_t)parts[i].p);
	free(q);
}

static void s_ask(void *self, const struct berth_registry_request *r, struct berth_registry_query *q)
{
	struct asked *a = malloc(sizeof(*a));

	(void)self;
	a->q = q;
	snprintf(a->did, sizeof(a->did), "%s", r->did);
	if (!ms || host->timer(q, ms, answer, a) != 0)
		answer(a);
}

static const struct berth_registry_adapter adapter = {
	.size = sizeof(adapter),
	.abi_major = BERTH_REGISTRY_ABI_MAJOR,
	.abi_minor = BERTH_REGISTRY_ABI_MINOR,
	.name = "shelf",
	.methods = "*",
	.operations = 1u << BERTH_REGISTRY_RESOLVE | 1u << BERTH_REGISTRY_CREATE | 1u << BERTH_REGISTRY_FETCH,
	.start = s_start,
	.stop = s_stop,
	.ask = s_ask,
};

__attribute__((visibility("default")))
const struct berth_registry_adapter *berth_registry_adapter_v2(void)
{
	return &adapter;
}
