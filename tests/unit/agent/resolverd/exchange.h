/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_UNIT_RESOLVERD_EXCHANGE_H
#define BERTH_TESTS_UNIT_RESOLVERD_EXCHANGE_H

/* HTTP exchanges with tests/fakes/hostile.py, in a network of the test's own: two public
 * addresses, others of the kinds that nobody may name, and names for them. */
#include <poll.h>

#include "agent/resolverd/http.h"
#include "did/base/clock.h"
#include "tests/check.h"
#include "tests/fakes/hostile.h"
#include "tests/unit/agent/netd/certs.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define SITE "https://owner.test"

static struct hostile server;
static bool has_ipv6;
static struct berth_res_http_policy policy;
static struct berth_res_http *http;

/* What came of an exchange; body is cut. */
struct told {
	unsigned calls;
	int status;
	uint32_t code, max_age_s;
	enum berth_err why;
	size_t len;
	char body[4096], type[256], message[256];
};

static void on_done(void *arg, const struct berth_registry_http_reply *r)
{
	struct told *t = arg;

	t->calls++;
	t->status = r->status;
	t->code = r->code;
	t->max_age_s = r->max_age_s;
	t->why = berth_res_http_why(http);
	t->len = r->body_len;
	snprintf(t->body, sizeof(t->body), "%.*s", (int)(r->body_len < 4095 ? r->body_len : 4095), (const char *)r->body);
	snprintf(t->type, sizeof(t->type), "%s", r->content_type);
	snprintf(t->message, sizeof(t->message), "%s", r->message);
}

static void pump(void)
{
	struct pollfd p = { .fd = berth_res_http_fd(http), .events = POLLIN };

	poll(&p, 1, berth_res_http_timeout_ms(http));
	berth_res_http_run(http);
}

static void await(const struct told *t, size_t n)
{
	uint64_t until = berth_clock_mono_ms() + PATIENCE_MS;

	for (size_t i = 0; i < n; i++)
		while (t[i].calls == 0) {
			if (berth_clock_mono_ms() >= until)
				fail_msg("no outcome of %zu", i);
			pump();
		}
}

static struct berth_registry_http request_of(const char *url)
{
	return (struct berth_registry_http){
		.size = sizeof(struct berth_registry_http), .method = "GET", .url = url, .max_bytes = 1 << 20
	};
}

static struct berth_res_exchange *begin(const struct berth_registry_http *q, uint32_t deadline_ms, struct told *t)
{
	struct berth_res_exchange *x;

	memset(t, 0, sizeof(*t));
	CHECK_OK(berth_res_http_begin(http, q, deadline_ms, on_done, t, &x));
	CHECK(x && t->calls == 0);
	return x;
}

static void ask(const char *url, struct told *t)
{
	struct berth_registry_http q = request_of(url);

	begin(&q, 60000, t);
	await(t, 1);
	CHECK(t->calls == 1);
}

/* A reply with that code, or what it is instead. */
static void replies(const char *url, uint32_t code, struct told *t)
{
	ask(url, t);
	if (t->status != BERTH_REGISTRY_OK || t->code != code)
		fail_msg("%s: status %d, code %u, %s", url, t->status, t->code, t->message);
	CHECK(t->why == BERTH_OK && t->message[0] == '\0');
}

static void fails(const char *url, int status, enum berth_err why)
{
	struct told t;

	ask(url, &t);
	if (t.status != status || t.why != why)
		fail_msg("%s: status %d, %s, %s; want %d, %s", url, t.status, berth_err_name(t.why), t.message, status,
			 berth_err_name(why));
	CHECK(t.message[0] && t.len == 0 && t.code == 0 && t.max_age_s == 0);
}
#define REFUSED(url) fails(url, BERTH_REGISTRY_REFUSED, BERTH_E_NETPOL)

/* https alone, to public addresses, with certificates of the test's authority. */
static int start_http(void **state)
{
	(void)state;
	hostile_forget(&server);
	berth_res_http_policy_init(&policy);
	certs_file(policy.ca_file, &certs, "ca.pem");
	policy.clock_trusted = true;
	policy.rate_per_s = 100000;
	CHECK_OK(berth_res_http_new(&http, &policy));
	return 0;
}

static int stop_http(void **state)
{
	(void)state;
	berth_res_http_free(http);
	berth_res_http_policy_free(&policy);
	return 0;
}

static int start_server(void **state)
{
	static const char *const addresses[] = {
		"11.0.0.1", "11.0.0.2", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1",
	};
	static const char *const specs[] = {
		"https=11.0.0.1:443,good", "https=11.0.0.2:443,good", "http=11.0.0.2:80", "https=11.0.0.1:8001,expired", "https=11.0.0.1:8002,other",
		"https=11.0.0.1:8003,self", "https=11.0.0.1:8004,good,1.0", "https=11.0.0.1:8005,good,1.1",
		"https=11.0.0.1:8006,good,1.2", "mute=11.0.0.1:8007", "http=11.0.0.1:80", "http=127.0.0.1:8545", "https=127.0.0.1:443,good",
		"https=10.0.0.1:443,good", "https=172.16.0.1:443,good", "https=192.168.0.1:443,good", "https=169.254.169.254:443,good",
		"https=100.64.0.1:443,good", "http=169.254.169.254:80", "https=11.0.0.1:22,good", "https=11.0.0.1:6667,good",
		"proxy=10.0.0.1:3128", "https=10.0.0.1:8443,good", "http=10.0.0.1:8545", "dns=127.0.0.1:53",
		"name=owner.test,11.0.0.1", "name=private.test,10.0.0.1", "name=loopback.test,127.0.0.1", "name=ten.test,172.16.0.1",
		"name=home.test,192.168.0.1", "name=metadata.test,169.254.169.254", "name=shared.test,100.64.0.1",
		"name=zero.test,0.0.0.0", "name=six.test,::1", "name=mapped.test,::ffff:127.0.0.1", "name=both.test,10.0.0.1+11.0.0.1",
		"http=11.0.0.1:8080",
		"name=first.test,11.0.0.2+11.0.0.1", "name=second.test,11.0.0.1+11.0.0.2", "name=neither.test,11.0.0.2+10.0.0.1",
		"name=turns.test,11.0.0.1|10.0.0.1", "name=moves.test,11.0.0.1|11.0.0.2", "name=loop.test,loop", "name=slow.test,slow",
		"name=local.test,fe80::1", "name=unique.test,fc00::1", "name=alias.test,=private.test", "name=proxy.test,10.0.0.1",
	};

	(void)state;
	certs_make(&certs);
	has_ipv6 = hostile_network(addresses, N(addresses), "2a00::1");
	hostile_start(&server, certs.dir, specs, N(specs));
	return 0;
}

static int stop_server(void **state)
{
	(void)state;
	hostile_stop(&server);
	certs_free(&certs);
	return 0;
}

#endif
