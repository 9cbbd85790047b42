/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/registry_host.h"

#include <dlfcn.h>

#include "tests/check.h"

#define EXCHANGES_MAX 64
#define TIMERS_MAX 64

struct exchange {
	const struct test_exchange *row;
	size_t max_bytes;
	berth_registry_http_done *done;
	void *arg;
};

struct timer {
	uint64_t due_ms;
	berth_registry_timer_done *done;
	void *arg;
};

/* The one query; its address is the handle. */
struct berth_registry_query {
	struct test_registry_answer *out;
	size_t max_bytes;
	bool answered, cancelled;
	bool publishes;			/* and may have nothing to say but that it did */
	struct exchange exchanges[EXCHANGES_MAX];	/* in the order they were begun */
	size_t n_exchanges;
	struct timer timers[TIMERS_MAX];
	size_t n_timers;
};

static struct test_registry *current;
static struct berth_registry_query query;

static void host_log(int level, const char *line)
{
	CHECK(level >= 0 && level <= 3);
	snprintf(current->logged, sizeof(current->logged), "%s", line);
}

static void take_parts(const struct berth_registry_answer *a)
{
	size_t left = query.max_bytes;

	CHECK(a->parts && a->n_parts > 0 && a->n_parts <= TEST_REGISTRY_PARTS_MAX);
	for (size_t i = 0; i < a->n_parts; i++) {
		const struct berth_registry_part *p = &a->parts[i];

		CHECK(p->name && p->p && p->n > 0);
		if (p->n > left)
			fail_msg("an answer of more than %zu bytes", query.max_bytes);
		left -= p->n;
		snprintf(query.out->name[i], sizeof(query.out->name[i]), "%s", p->name);
		berth_buf_put(&query.out->part[i], p->p, p->n);
	}
	query.out->n_parts = a->n_parts;
}

static void host_answer(struct berth_registry_query *q, const struct berth_registry_answer *a)
{
	if (q != &query || query.answered)
		fail_msg("%s", q == &query ? "a second answer" : "an answer to no query");
	CHECK(a->size == sizeof(*a));
	CHECK(a->status >= BERTH_REGISTRY_OK && a->status <= BERTH_REGISTRY_CONFLICT);
	CHECK(a->status == BERTH_REGISTRY_OK || a->message);	/* for the log */
	query.answered = true;
	query.n_exchanges = query.n_timers = 0;
	query.out->status = a->status;
	query.out->ttl_s = a->ttl_s;
	snprintf(query.out->message, sizeof(query.out->message), "%s", a->message ? a->message : "");
	if (a->status == BERTH_REGISTRY_OK && !(query.publishes && a->n_parts == 0))
		take_parts(a);
}

static bool has(const char *text, size_t n, const char *want)
{
	return !want || (text && memmem(text, n, want, strlen(want)));
}

static const struct test_exchange *find(const struct berth_registry_http *h)
{
	const char *auth = h->authorization;

	for (size_t i = 0; i < current->n_script; i++) {
		const struct test_exchange *e = &current->script[i];

		if (current->used[i] || strcmp(e->method, h->method) != 0 || strcmp(e->url, h->url) != 0 ||
		    !has((const char *)h->body, h->body_len, e->body) || !has(auth, auth ? strlen(auth) : 0, e->authorization))
			continue;
		current->used[i] = true;
		return e;
	}
	fail_msg("%s %s is not in the script: %.*s", h->method, h->url, (int)h->body_len, h->body ? (const char *)h->body : "");
	return NULL;
}

static int host_http(struct berth_registry_query *q, const struct berth_registry_http *h, berth_registry_http_done *done, void *arg)
{
	CHECK(q == &query && !query.answered && h->size == sizeof(*h) && done);
	CHECK(strcmp(h->method, "GET") == 0 || strcmp(h->method, "POST") == 0 || strcmp(h->method, "PUT") == 0 ||
	      (strcmp(h->method, "DELETE") == 0 && h->body_len == 0));
	CHECK(h->max_bytes > 0 && h->max_bytes <= query.max_bytes);
	if (query.cancelled || query.n_exchanges == EXCHANGES_MAX)
		return -1;
	query.exchanges[query.n_exchanges++] = (struct exchange){ find(h), h->max_bytes, done, arg };
	return 0;
}

static int host_timer(struct berth_registry_query *q, uint32_t ms, berth_registry_timer_done *done, void *arg)
{
	CHECK(q == &query && !query.answered && done);
	if (query.cancelled || query.n_timers == TIMERS_MAX)
		return -1;
	query.timers[query.n_timers++] = (struct timer){ current->now_ms + ms, done, arg };
	return 0;
}

static const struct berth_registry_host host = { sizeof(host), host_log, host_answer, host_http, host_timer };

/* --- running -------------------------------------------------------------------- */

static struct exchange take_exchange(void)
{
	struct exchange e = query.exchanges[0];

	memmove(&query.exchanges[0], &query.exchanges[1], --query.n_exchanges * sizeof(e));
	return e;
}

static void reply(void)
{
	struct exchange e = take_exchange();
	const struct test_exchange *row = e.row;
	const char *text = row->reply ? row->reply : "";
	size_t n = row->reply_len ? row->reply_len : strlen(text);
	uint8_t *exact = malloc(n ? n : 1);
	struct berth_registry_http_reply a = { .size = sizeof(a), .status = row->status, .content_type = "", .message = "" };

	memcpy(exact, text, n);
	if (n > e.max_bytes)
		a.status = BERTH_REGISTRY_TOO_BIG;
	if (a.status == BERTH_REGISTRY_OK) {
		a.code = row->code ? row->code : 200;
		a.content_type = row->content_type ? row->content_type : "";
		a.body = exact;
		a.body_len = n;
		a.max_age_s = row->max_age_s;
	} else {
		a.message = "as the script says";
	}
	e.done(e.arg, &a);
	free(exact);
}

static size_t earliest(void)
{
	size_t first = 0;

	for (size_t i = 1; i < query.n_timers; i++)
		if (query.timers[i].due_ms < query.timers[first].due_ms)
			first = i;
	return first;
}

static void fire(size_t i)
{
	struct timer t = query.timers[i];

	memmove(&query.timers[i], &query.timers[i + 1], (--query.n_timers - i) * sizeof(t));
	current->now_ms = t.due_ms;
	t.done(t.arg);
}

static void cancel(struct test_registry *r)
{
	const struct berth_registry_http_reply gone = {
		.size = sizeof(gone), .status = BERTH_REGISTRY_CANCELLED, .content_type = "", .message = "cancelled",
	};

	query.cancelled = true;
	query.n_timers = 0;
	while (query.n_exchanges) {
		struct exchange e = take_exchange();

		e.done(e.arg, &gone);
	}
	if (!query.answered && r->adapter->cancel)
		r->adapter->cancel(r->self, &query);
}

static void run(struct test_registry *r, uint64_t until_ms)
{
	while (!query.answered && !query.cancelled) {
		if (query.n_exchanges)
			reply();
		else if (query.n_timers && query.timers[earliest()].due_ms <= until_ms)
			fire(earliest());
		else if (query.n_timers)
			cancel(r);
		else
			break;		/* nothing will happen any more */
	}
}

static void ask(struct test_registry *r, const struct berth_registry_request *request, struct test_registry_answer *out,
		bool cancel_it)
{
	struct berth_registry_request q = *request;
	uint64_t until_ms;

	q.size = sizeof(q);
	q.deadline_ms = q.deadline_ms ? q.deadline_ms : 30000;
	q.max_bytes = q.max_bytes ? q.max_bytes : 65536;
	CHECK(r->adapter->operations & 1u << q.op);
	test_registry_answer_free(out);
	current = r;
	until_ms = r->now_ms + q.deadline_ms;
	query = (struct berth_registry_query){ .out = out, .max_bytes = q.max_bytes, .publishes = q.phase > 0 };
	r->adapter->ask(r->self, &q, &query);
	if (cancel_it && !query.answered)
		cancel(r);
	run(r, until_ms);
	if (!query.answered)
		fail_msg("no answer for %s", q.did);
}

void test_registry_ask(struct test_registry *r, const struct berth_registry_request *request, struct test_registry_answer *out)
{
	ask(r, request, out, false);
}

void test_registry_ask_and_cancel(struct test_registry *r, const struct berth_registry_request *request,
				  struct test_registry_answer *out)
{
	ask(r, request, out, true);
}

void test_registry_resolve(struct test_registry *r, const char *did, struct test_registry_answer *out)
{
	test_registry_ask(r, &(struct berth_registry_request){ .op = BERTH_REGISTRY_RESOLVE, .did = did }, out);
}

/* --- life ------------------------------------------------------------------------ */

int test_registry_start_adapter(struct test_registry *r, const struct berth_registry_adapter *a, const char *config)
{
	*r = (struct test_registry){ .adapter = a };
	current = r;
	CHECK(a && a->size >= sizeof(*a) && a->abi_major == BERTH_REGISTRY_ABI_MAJOR);
	CHECK(a->name && a->methods && a->operations && a->start && a->stop && a->ask);
	return a->start(&host, config, &r->self);
}

int test_registry_start(struct test_registry *r, const char *so, const char *config)
{
	union {
		void *sym;
		const struct berth_registry_adapter *(*fn)(void);
	} u = { NULL };
	void *handle = dlopen(so, RTLD_NOW | RTLD_LOCAL);	/* stays: there is one of each */

	if (!handle || !(u.sym = dlsym(handle, BERTH_REGISTRY_SYMBOL)))
		fail_msg("%s: %s", so, dlerror());
	return test_registry_start_adapter(r, u.fn(), config);
}

void test_registry_stop(struct test_registry *r)
{
	r->adapter->stop(r->self);
	*r = (struct test_registry){ 0 };
}

void test_registry_script(struct test_registry *r, const struct test_exchange *script, size_t n)
{
	CHECK(n <= sizeof(r->used) / sizeof(r->used[0]));
	r->script = script;
	r->n_script = n;
	memset(r->used, 0, sizeof(r->used));
}

size_t test_registry_left(const struct test_registry *r)
{
	size_t left = 0;

	for (size_t i = 0; i < r->n_script; i++)
		left += !r->used[i];
	return left;
}

const char *test_registry_part(struct test_registry_answer *a, const char *name)
{
	for (size_t i = 0; i < a->n_parts; i++)
		if (strcmp(a->name[i], name) == 0)
			return berth_buf_cstr(&a->part[i]);
	return NULL;
}

void test_registry_answer_free(struct test_registry_answer *a)
{
	for (size_t i = 0; i < TEST_REGISTRY_PARTS_MAX; i++)
		berth_buf_free(&a->part[i]);
	*a = (struct test_registry_answer){ 0 };
}
