/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_REGISTRY_HOST_H
#define BERTH_TESTS_FAKES_REGISTRY_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/registry.h"
#include "did/base/buf.h"

/* What berth-resolverd is to an adapter, without a network: one adapter, one query at a
 * time, exchanges from a script.  Time is made up and stands still but for timers, which
 * fire in order as soon as no exchange is under way.  Everything that the interface
 * forbids the adapter fails the test: an exchange that the script does not have, two
 * answers, none, or one of more than max_bytes, an unknown status. */

/* An exchange that may happen once. */
struct test_exchange {
	const char *method, *url;
	const char *body;		/* must be in the body of the request; NULL: whatever it is */
	const char *authorization;	/* the same of the authorization */
	int status;			/* BERTH_REGISTRY_OK: an HTTP answer; else what the host says instead */
	uint32_t code;			/* 0: 200 */
	const char *content_type;	/* NULL: "" */
	const char *reply;		/* NULL: "" */
	size_t reply_len;		/* 0: strlen(reply) */
	uint32_t max_age_s;
};

#define TEST_REGISTRY_PARTS_MAX 8
struct test_registry_answer {
	int status;
	uint32_t ttl_s;
	char message[256];
	size_t n_parts;
	char name[TEST_REGISTRY_PARTS_MAX][64];
	struct berth_buf part[TEST_REGISTRY_PARTS_MAX];
};

struct test_registry {
	const struct berth_registry_adapter *adapter;
	void *self;
	const struct test_exchange *script;
	size_t n_script;
	bool used[256];			/* of the script */
	uint64_t now_ms;		/* time that timers have taken */
	char logged[1024];		/* the last line of the adapter */
};

/* Loads the adapter and starts it with a JSON object; what its start() returned.  There
 * is one at a time. */
int test_registry_start(struct test_registry *r, const char *so, const char *config);
/* The same of an adapter that is linked in. */
int test_registry_start_adapter(struct test_registry *r, const struct berth_registry_adapter *a, const char *config);
void test_registry_stop(struct test_registry *r);

/* From now on; borrowed.  n at most 256. */
void test_registry_script(struct test_registry *r, const struct test_exchange *script, size_t n);
/* How many of the script have not happened. */
size_t test_registry_left(const struct test_registry *r);

/* Asks and sees it through.  Size is filled in; a deadline and max_bytes of 0 are 30 s
 * and 64 KiB.  At the deadline (of timers: exchanges take no time) the query is cancelled
 * as the host does.  The answer is the caller's to free, which may also be reused. */
void test_registry_ask(struct test_registry *r, const struct berth_registry_request *request,
		       struct test_registry_answer *out);
/* The same, and the query is cancelled while its first exchange is under way. */
void test_registry_ask_and_cancel(struct test_registry *r, const struct berth_registry_request *request,
				  struct test_registry_answer *out);
/* The short way to a resolution. */
void test_registry_resolve(struct test_registry *r, const char *did, struct test_registry_answer *out);

/* A part of that name as text, NUL-terminated; NULL: there is none. */
const char *test_registry_part(struct test_registry_answer *a, const char *name);
void test_registry_answer_free(struct test_registry_answer *a);

#endif
