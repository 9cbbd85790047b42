/* SPDX-License-Identifier: Apache-2.0 */
/* did:web from the client through a confined berth-resolverd to servers, in a network of
 * the test's own. */
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "agent/core/resolve_internal.h"
#include "agent/ipc/http_policy.h"
#include "tests/check.h"
#include "tests/fakes/built.h"
#include "tests/fakes/hostile.h"
#include "tests/unit/agent/netd/certs.h"

#define MANY 1000

static struct hostile server;
static char libexec[PATH_MAX], web[PATH_MAX];
static struct berth_res_http_policy policy;

static int start(void **state)
{
	static const char *const addresses[] = { "93.184.216.34", "10.0.0.1" };
	char cert[96], https[160];
	const char *const specs[] = { "dns=127.0.0.1:53", https, "name=owner.test,93.184.216.34", "name=inside.test,10.0.0.1" };

	(void)state;
	test_built(libexec, sizeof(libexec), "libexec");
	test_built(web, sizeof(web), "lib/berth/registry/web.so");
	certs_make(&certs);
	snprintf(cert, sizeof(cert), "%s/good", certs.dir);
	snprintf(https, sizeof(https), "https=93.184.216.34:443,%s", cert);
	hostile_network(addresses, 2, "2606:4700::1");
	hostile_start(&server, certs.dir, specs, sizeof(specs) / sizeof(specs[0]));
	berth_res_http_policy_init(&policy);
	certs_file(policy.ca_file, &certs, "ca.pem");
	policy.clock_trusted = true;
	policy.rate_per_s = 100000;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	hostile_stop(&server);
	berth_res_http_policy_free(&policy);
	certs_free(&certs);
	return 0;
}

static struct berth_resolveclient *client(void)
{
	struct berth_resolveclient *c;

	CHECK_OK(berth_resolveclient_new(&c, libexec, NULL));
	CHECK_OK(berth_resolveclient_add(c, "web", web, "{}"));
	berth_res_http_policy_encode(&c->process.policy, &policy);
	berth_resolveclient_deadline(c, 120000);	/* the machine may be busy */
	CHECK_OK(berth_resolveclient_start(c));
	return c;
}

static enum berth_err resolve(struct berth_resolveclient *c, const char *did)
{
	struct berth_did_doc *doc = NULL;
	enum berth_err rc = berth_resolve(berth_resolveclient_resolver(c), did, &doc);

	CHECK((doc != NULL) == (rc == BERTH_OK));
	berth_did_doc_free(doc);
	return rc;
}

static void a_confined_resolverd_asks_the_web(void **state)
{
	struct berth_resolveclient *c = client();

	(void)state;
	CHECK_OK(resolve(c, "did:web:owner.test:did:1"));
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:web:owner.test:status:404"));
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:web:nowhere.test"));
	CHECK_RC(BERTH_E_NETPOL, resolve(c, "did:web:inside.test:did:1"));	/* C092 */
	assert_int_equal(0, hostile_count(&server, "connect 10.0.0.1"));
	assert_true(berth_resolveclient_pid(c) > 0);
	berth_resolveclient_free(c);
}

static struct berth_buf encoded(void)
{
	struct berth_buf b = BERTH_BUF_INIT;

	berth_res_http_policy_encode(&b, &policy);
	CHECK_OK(berth_buf_status(&b));
	return b;
}

static void another_policy_is_another_process(void **state)
{
	struct berth_resolveclient *c = client();
	pid_t first = berth_resolveclient_pid(c);
	struct berth_buf b = encoded();

	(void)state;
	CHECK_OK(resolve(c, "did:web:owner.test:did:new:1"));
	resolve_process_set_policy(&c->process, &b);	/* the same */
	CHECK(berth_resolveclient_pid(c) == first);
	berth_buf_free(&b);
	CHECK_OK(berth_http_names_add(&policy.names, "other.test", true));
	b = encoded();
	hostile_forget(&server);
	resolve_process_set_policy(&c->process, &b);
	CHECK(!b.len);
	CHECK_RC(BERTH_E_NETPOL, resolve(c, "did:web:owner.test:did:new:2"));
	CHECK(hostile_count(&server, "connect") == 0 && berth_resolveclient_pid(c) != first);
	CHECK_OK(berth_http_names_add(&policy.names, "owner.test", true));
	b = encoded();
	resolve_process_set_policy(&c->process, &b);
	CHECK_OK(resolve(c, "did:web:owner.test:did:new:3"));
	berth_resolveclient_free(c);
	free(policy.names.v);
	policy.names = (struct berth_http_names){ 0 };
}

/* What is under way when the policy changes ends as it began. */
static void what_was_asked_before_ends_before_it(void **state)
{
	struct berth_resolveclient *c = client();
	struct berth_lookups *l = berth_resolveclient_lookups(c);
	struct berth_buf b;

	(void)state;
	l->mode(l, BERTH_LOOKUP_LATER);
	CHECK_RC(BERTH_E_UNAVAILABLE, resolve(c, "did:web:owner.test:did:new:4"));
	CHECK(c->process.n_asked == 1);
	CHECK_OK(berth_http_names_add(&policy.names, "other.test", true));
	b = encoded();
	resolve_process_set_policy(&c->process, &b);
	CHECK_RC(BERTH_E_UNAVAILABLE, resolve(c, "did:web:owner.test:did:new:5"));
	l->mode(l, BERTH_LOOKUP_NEVER);
	while (c->process.n_queue) {
		struct pollfd p = { .fd = berth_resolveclient_fd(c), .events = POLLIN };

		(void)berth_resolveclient_run(c, poll(&p, 1, PATIENCE_MS) > 0);
	}
	CHECK_OK(resolve(c, "did:web:owner.test:did:new:4"));
	CHECK_RC(BERTH_E_NETPOL, resolve(c, "did:web:owner.test:did:new:5"));
	berth_resolveclient_free(c);
	free(policy.names.v);
	policy.names = (struct berth_http_names){ 0 };
}

static void c098_without_a_clock_no_certificate_counts(void **state)
{
	struct berth_resolveclient *c;

	(void)state;
	policy.clock_trusted = false;
	c = client();
	policy.clock_trusted = true;
	CHECK_RC(BERTH_E_CLOCK, resolve(c, "did:web:owner.test:did:1"));
	berth_resolveclient_free(c);
}

/* C102 as it is said: a thousand distinct DIDs of the web at once. */
static void c102_a_thousand_of_the_web_and_none_is_lost(void **state)
{
	struct berth_resolveclient *c = client();
	struct berth_lookups *l = berth_resolveclient_lookups(c);
	static bool got[MANY];
	size_t left = MANY;
	char did[64];

	(void)state;
	hostile_forget(&server);
	l->mode(l, BERTH_LOOKUP_LATER);
	for (int i = 0; i < MANY; i++) {
		snprintf(did, sizeof(did), "did:web:owner.test:did:%d", i);
		CHECK_RC(BERTH_E_UNAVAILABLE, resolve(c, did));
	}
	l->mode(l, BERTH_LOOKUP_NEVER);
	while (left && c->process.n_queue) {
		struct pollfd p = { .fd = berth_resolveclient_fd(c), .events = POLLIN };

		if (!berth_resolveclient_run(c, poll(&p, 1, PATIENCE_MS) > 0))
			continue;
		for (int i = 0; i < MANY; i++) {
			snprintf(did, sizeof(did), "did:web:owner.test:did:%d", i);
			if (!got[i] && resolve_recall(&c->memory, did)) {
				CHECK_OK(resolve(c, did));
				got[i] = true;
				left--;
			}
		}
	}
	assert_int_equal(left, 0);
	assert_int_equal(hostile_count(&server, "request"), MANY);
	CHECK(hostile_count(&server, "connect") <= 64);		/* connections are used again */
	berth_resolveclient_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_confined_resolverd_asks_the_web),
		cmocka_unit_test(another_policy_is_another_process),
		cmocka_unit_test(what_was_asked_before_ends_before_it),
		cmocka_unit_test(c098_without_a_clock_no_certificate_counts),
		cmocka_unit_test(c102_a_thousand_of_the_web_and_none_is_lost),
	};

	return cmocka_run_group_tests_name("resolve_web", tests, start, stop);
}
