/* SPDX-License-Identifier: Apache-2.0 */
/* An adapter that does what its DID says, and whose build flags break its frame. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

#include "berth/registry.h"

#ifndef MAJOR
#define MAJOR BERTH_REGISTRY_ABI_MAJOR
#endif
#ifndef SIZE
#define SIZE sizeof(struct berth_registry_adapter)
#endif
#ifndef NAME
#define NAME "faulty"
#endif
#ifndef METHODS
#define METHODS "fault other"
#endif
#ifndef OPERATIONS
#define OPERATIONS (1u << BERTH_REGISTRY_RESOLVE | 1u << BERTH_REGISTRY_UPDATE | 1u << BERTH_REGISTRY_FETCH)
#endif
#ifndef SYMBOL
#define SYMBOL berth_registry_adapter_v2
#endif

static const struct berth_registry_host *host;

static int f_start(const struct berth_registry_host *h, const char *config, void **self)
{
	host = h;
	*self = NULL;
	if (strstr(config, "loop"))
		for (;;)
			pause();
	if (strstr(config, "exit"))
		exit(0);
	if (strstr(config, "segv"))
		*(volatile int *)self = *(volatile int *)8;
	return strstr(config, "refuse") != NULL;
}

static void f_stop(void *self)
{
	(void)self;
}

static void say(struct berth_registry_query *q, int status, const char *message)
{
	const struct berth_registry_answer a = { .size = sizeof(a), .status = status, .message = message };

	host->answer(q, &a);
}

static void ok(struct berth_registry_query *q, const char *text, size_t len)
{
	const struct berth_registry_part part = { "didDocument", (const uint8_t *)text, len };
	const struct berth_registry_answer a = { .size = sizeof(a), .parts = &part, .n_parts = 1 };

	host->answer(q, &a);
}

static void part(struct berth_registry_query *q, const char *name, const char *text)
{
	const struct berth_registry_part part = { name, (const uint8_t *)text, strlen(text) };
	const struct berth_registry_answer a = { .size = sizeof(a), .parts = &part, .n_parts = 1 };

	host->answer(q, &a);
}

static void many_parts(struct berth_registry_query *q)
{
	struct berth_registry_part parts[100];
	const struct berth_registry_answer a = { .size = sizeof(a), .parts = parts, .n_parts = 100 };

	for (int i = 0; i < 100; i++)
		parts[i] = (struct berth_registry_part){ "p", (const uint8_t *)"x", 1 };
	host->answer(q, &a);
}

static void short_struct(struct berth_registry_query *q)
{
	const struct berth_registry_answer a = { .size = 8 };

	host->answer(q, &a);
}

/* --- what comes later --- */

static struct later {
	struct berth_registry_query *q;
	char did[128];
} waiting[256];

static struct later *keep(struct berth_registry_query *q, const char *did)
{
	for (int i = 0; i < 256; i++)
		if (!waiting[i].q) {
			waiting[i].q = q;
			snprintf(waiting[i].did, sizeof(waiting[i].did), "%s", did);
			return &waiting[i];
		}
	return NULL;
}

static void on_time(void *arg)
{
	struct later *l = arg;
	struct berth_registry_query *q = l->q;
	char doc[512];
	int n = snprintf(doc, sizeof(doc), "{\"id\":\"%s\"}", l->did);

	l->q = NULL;
	if (strstr(l->did, "crash"))
		abort();
	ok(q, doc, (size_t)n);
}

static void on_spin(void *arg)
{
	struct later *l = arg;

	host->timer(l->q, 0, on_spin, l);
}

/* did:fault:MS:later, or :crash */
static void later(struct berth_registry_query *q, const char *did)
{
	struct later *l = keep(q, did);
	const char *ms = strchr(did + 4, ':') + 1;

	if (!l || host->timer(q, (uint32_t)strtoul(ms, NULL, 10), on_time, l) != 0)
		abort();
}

static void f_cancel(void *self, struct berth_registry_query *q)
{
	(void)self;
	for (int i = 0; i < 256; i++)
		if (waiting[i].q == q) {
			waiting[i].q = NULL;
			say(q, strstr(waiting[i].did, ":word:") ? BERTH_REGISTRY_CANCELLED : BERTH_REGISTRY_UNAVAILABLE, "cancelled");
			return;
		}
}

static void *other_thread(void *q)
{
	ok(q, "{}", 2);
	return NULL;
}

static void huge(struct berth_registry_query *q)
{
	size_t gib = (size_t)1 << 30;
	char *p = mmap(NULL, gib, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	ok(q, p == MAP_FAILED ? "x" : p, gib);
}

/* A valid document of exactly n bytes. */
static void padded(struct berth_registry_query *q, const char *did, size_t n)
{
	char *p = malloc(n + 1);
	int len = snprintf(p, n + 1, "{\"id\":\"%s\"}", did);

	memset(p + len, ' ', n - (size_t)len);
	ok(q, p, n);
	free(p);
}

static void resolution(struct berth_registry_query *q, const char *did)
{
	char text[1024];

	snprintf(text, sizeof(text), "{\"didResolutionMetadata\":{},\"didDocument\":{\"id\":\"%s\"},"
		 "\"didDocumentMetadata\":{\"deactivated\":%s}}", did, strstr(did, ":off:") ? "true" : "false");
	part(q, "didResolution", text);
}

static void resolve(const char *did, size_t max_bytes, struct berth_registry_query *q)
{
	const char *what = strrchr(did, ':') + 1;
	char doc[512];
	pthread_t t;
	int n = snprintf(doc, sizeof(doc), "{\"id\":\"%s\"}", did);

	if (strcmp(what, "segv") == 0)
		n = *(volatile int *)8;
	if (strcmp(what, "loop") == 0)
		for (;;)
			n = getpid();
	if (strcmp(what, "exit") == 0)
		exit(0);
	if (strcmp(what, "exec") == 0)
		execl("/bin/true", "true", (char *)NULL);
	if (strcmp(what, "ptrace") == 0)
		ptrace(PTRACE_ATTACH, getppid(), 0, 0);
	if (strcmp(what, "packet") == 0)
		socket(AF_PACKET, SOCK_RAW, 0);
	if (strcmp(what, "passwd") == 0 && !fopen("/etc/passwd", "r")) {
		say(q, BERTH_REGISTRY_NOT_FOUND, "cannot be read");
		return;
	}
	if (strcmp(what, "abort") == 0)
		abort();
	if (strcmp(what, "none") == 0)
		return;
	if (strcmp(what, "gib") == 0)
		huge(q);
	else if (strcmp(what, "lie") == 0)
		ok(q, doc, (size_t)1 << 30);
	else if (strcmp(what, "endless") == 0)
		ok(q, doc, (size_t)-1);
	else if (strcmp(what, "null") == 0)
		ok(q, NULL, 5);
	else if (strcmp(what, "empty") == 0)
		ok(q, doc, 0);
	else if (strcmp(what, "max") == 0)
		padded(q, did, max_bytes < 65536 ? max_bytes : 65536);
	else if (strcmp(what, "over") == 0)
		padded(q, did, max_bytes + 1);
	else if (strcmp(what, "wrongid") == 0)
		ok(q, "{\"id\":\"did:fault:else\"}", 23);
	else if (strcmp(what, "garbage") == 0)
		ok(q, "\0\xff{", 3);
	else if (strcmp(what, "status") == 0)
		say(q, 77, NULL);
	else if (strcmp(what, "notfound") == 0)
		say(q, BERTH_REGISTRY_NOT_FOUND, "no\x1b[31m %s%n\n");
	else if (strcmp(what, "parts") == 0)
		many_parts(q);
	else if (strcmp(what, "short") == 0)
		short_struct(q);
	else if (strcmp(what, "name") == 0)
		part(q, "a\nb", "x");
	else if (strcmp(what, "cancelled") == 0)
		say(q, BERTH_REGISTRY_CANCELLED, "");
	else if (strcmp(what, "timer-of-nobody") == 0)
		host->timer((struct berth_registry_query *)&host, 0, on_time, NULL);
	else if (strcmp(what, "later") == 0 || strcmp(what, "crash") == 0)
		later(q, did);
	else if (strcmp(what, "spin") == 0)
		host->timer(q, 0, on_spin, keep(q, did));
	else if (strcmp(what, "never") == 0)
		keep(q, did);
	else if (strcmp(what, "resolution") == 0)
		resolution(q, did);
	else if (strcmp(what, "evidence") == 0)
		part(q, "did.jsonl", "{}\n");
	else if (strcmp(what, "refused") == 0)
		say(q, BERTH_REGISTRY_REFUSED, "by policy");
	else if (strcmp(what, "toobig") == 0)
		say(q, BERTH_REGISTRY_TOO_BIG, "so much");
	else if (strcmp(what, "invalid") == 0)
		say(q, BERTH_REGISTRY_INVALID, NULL);
	else if (strcmp(what, "away") == 0)
		say(q, BERTH_REGISTRY_UNAVAILABLE, "offline");
	else if (strcmp(what, "thread") == 0 && pthread_create(&t, NULL, other_thread, q) == 0)
		pthread_join(t, NULL);
	else
		ok(q, doc, (size_t)n);
	if (strcmp(what, "twice") == 0)
		ok(q, doc, (size_t)n);
	if (strcmp(what, "unknown") == 0)
		ok((struct berth_registry_query *)(uintptr_t)0x12345601, doc, (size_t)n);
}

/* The version comes back in the document. */
static void resolve_version(const struct berth_registry_request *r, struct berth_registry_query *q)
{
	const char *id = r->version_id, *time = r->version_time;
	char doc[512];
	int n = snprintf(doc, sizeof(doc), "{\"id\":\"%s\",\"version\":\"%s %s\"}", r->did, id ? id : "-", time ? time : "-");

	if (id && strcmp(id, "none") == 0)
		return;
	if (id && strcmp(id, "0") == 0)
		say(q, BERTH_REGISTRY_NOT_FOUND, "no such version");
	else
		ok(q, doc, (size_t)n);
}

/* The message says what came. */
static void publish(const struct berth_registry_request *r, struct berth_registry_query *q)
{
	char line[128];

	snprintf(line, sizeof(line), "%u %u %s %zu", r->phase, 1 + (unsigned)r->n_parts, r->n_parts ? r->parts[0].name : "-",
		 r->n_parts ? r->parts[0].n : 0);
	say(q, BERTH_REGISTRY_OK, line);
}

static void f_ask(void *self, const struct berth_registry_request *r, struct berth_registry_query *q)
{
	(void)self;
	if (r->op == BERTH_REGISTRY_FETCH && strstr(r->did, ":later"))
		later(q, r->did);
	else if (r->op == BERTH_REGISTRY_FETCH)
		part(q, "resource", r->resource);
	else if (r->op != BERTH_REGISTRY_RESOLVE)
		publish(r, q);
	else if (r->version_id || r->version_time)
		resolve_version(r, q);
	else
		resolve(r->did, r->max_bytes, q);
}

static const struct berth_registry_adapter adapter = {
	.size = SIZE,
	.abi_major = MAJOR,
	.abi_minor = BERTH_REGISTRY_ABI_MINOR + 7,	/* a later minor one is fine */
	.name = NAME,
	.methods = METHODS,
	.operations = OPERATIONS,
	.start = f_start,
	.stop = f_stop,
#ifndef NO_ASK
	.ask = f_ask,
#endif
	.cancel = f_cancel,
};

const struct berth_registry_adapter *SYMBOL(void);
__attribute__((visibility("default")))
const struct berth_registry_adapter *SYMBOL(void)
{
	static void (*const used)(void *, const struct berth_registry_request *, struct berth_registry_query *) = f_ask;

#ifdef NO_ADAPTER
	return used ? NULL : &adapter;
#else
	return used ? &adapter : NULL;
#endif
}
