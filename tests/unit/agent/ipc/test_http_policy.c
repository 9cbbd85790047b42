/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/http_policy.h"

#include "tests/check.h"

static void fill(struct berth_res_http_policy *p)
{
	berth_res_http_policy_init(p);
	CHECK_OK(berth_netpol_add_allow(&p->addresses, "10.0.0.0/8"));
	CHECK_OK(berth_netpol_add_host(&p->addresses, "x.test=10.0.0.1"));
	CHECK_OK(berth_http_names_add(&p->plain, "x.test", false));
	CHECK_OK(berth_http_names_add(&p->plain, "::1", false));
	CHECK_OK(berth_http_names_add(&p->names, "*.Example.org", true));
	CHECK_OK(berth_http_names_add(&p->names, "*", true));
	CHECK_OK(berth_res_http_policy_set_proxy(p, "http://[2a00::1]:3128"));
	CHECK_OK(berth_res_http_policy_add_port(p, 443));
	CHECK_OK(berth_res_http_policy_add_port(p, 65535));
	strcpy(p->ca_file, "/ca.pem");
	p->rate_per_s = 1;
	p->at_once = 2;
	p->stall_s = 3;
	p->clock_trusted = true;
}

static void it_comes_across_as_it_was(void **state)
{
	struct berth_res_http_policy p, q;
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_cur c;

	(void)state;
	fill(&p);
	berth_res_http_policy_encode(&b, &p);
	CHECK_OK(berth_buf_status(&b));
	c = berth_cur(b.p, b.len);
	CHECK_OK(berth_res_http_policy_decode(&q, &c));
	CHECK(berth_cur_done(&c));
	CHECK(q.addresses.n_allow == 1 && q.addresses.n_hosts == 1 && q.plain.n == 2 && q.names.n == 2 && q.clock_trusted);
	CHECK(q.rate_per_s == 1 && q.at_once == 2 && q.stall_s == 3 && q.proxy.port == 3128);
	CHECK(q.n_ports == 2 && q.ports[0] == 443 && q.ports[1] == 65535);
	assert_string_equal("2a00::1", q.proxy.host);
	assert_string_equal("*.example.org", q.names.v[0]);
	assert_string_equal("/ca.pem", q.ca_file);
	berth_res_http_policy_free(&p);
	berth_res_http_policy_free(&q);
	berth_buf_free(&b);
}

static void no_truncation_decodes(void **state)
{
	struct berth_res_http_policy p, q;
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	fill(&p);
	berth_res_http_policy_encode(&b, &p);
	for (size_t n = 0; n < b.len; n++) {
		uint8_t *exact = malloc(n ? n : 1);
		struct berth_cur c;

		memcpy(exact, b.p, n);
		c = berth_cur(exact, n);
		CHECK_RC(BERTH_E_TYPE, berth_res_http_policy_decode(&q, &c));
		CHECK(q.names.n == 0 && q.addresses.n_hosts == 0 && q.at_once == 32);
		free(exact);
	}
	berth_res_http_policy_free(&p);
	berth_buf_free(&b);
}

static enum berth_err across(const struct berth_res_http_policy *p)
{
	struct berth_res_http_policy q;
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_cur c;
	enum berth_err rc;

	berth_res_http_policy_encode(&b, p);
	c = berth_cur(b.p, b.len);
	rc = berth_res_http_policy_decode(&q, &c);
	berth_res_http_policy_free(&q);
	berth_buf_free(&b);
	return rc;
}

static void numbers_out_of_range_do_not_decode(void **state)
{
	struct berth_res_http_policy p;

	(void)state;
#define BAD(change) \
	berth_res_http_policy_init(&p); \
	change; \
	CHECK_RC(BERTH_E_TYPE, across(&p))
	BAD(p.rate_per_s = 0);
	BAD(p.rate_per_s = 1000001);
	BAD(p.at_once = 0);
	BAD(p.at_once = BERTH_HTTP_AT_ONCE_MAX + 1);
	BAD(p.stall_s = 0);
	BAD(p.stall_s = 601);
	BAD(strcpy(p.ca_file, "ca.pem"));
	BAD(strcpy(p.proxy.host, "p.test"));
	BAD((strcpy(p.proxy.host, "p/test"), p.proxy.port = 1));
	berth_res_http_policy_init(&p);
	strcpy(p.proxy.host, "p.test");
	p.proxy.port = 1;
	CHECK_OK(across(&p));
}

static void names_are_exact_below_or_any(void **state)
{
	struct berth_http_names l = { 0 };

	(void)state;
	CHECK(!berth_http_names_has(&l, "a.test"));
	CHECK_OK(berth_http_names_add(&l, "a.test", true));
	CHECK_OK(berth_http_names_add(&l, "*.B.test", true));
	CHECK(berth_http_names_has(&l, "A.TEST") && !berth_http_names_has(&l, "x.a.test") && !berth_http_names_has(&l, "aa.test"));
	CHECK(berth_http_names_has(&l, "x.b.test") && berth_http_names_has(&l, "y.x.b.test"));
	CHECK(!berth_http_names_has(&l, "b.test") && !berth_http_names_has(&l, ".b.test") && !berth_http_names_has(&l, "xb.test"));
	CHECK_RC(BERTH_E_CONFIG, berth_http_names_add(&l, "*", false));
	CHECK_RC(BERTH_E_CONFIG, berth_http_names_add(&l, "*.x", false));
	CHECK_RC(BERTH_E_CONFIG, berth_http_names_add(&l, "", true));
	CHECK_RC(BERTH_E_CONFIG, berth_http_names_add(&l, "**", true));
	while (l.n < BERTH_HTTP_NAMES_MAX)
		CHECK_OK(berth_http_names_add(&l, "*", true));
	CHECK_RC(BERTH_E_CONFIG, berth_http_names_add(&l, "one.more", true));
	CHECK(berth_http_names_has(&l, "anything"));
	free(l.v);
}

static void ports_are_those_that_are_named(void **state)
{
	struct berth_res_http_policy p;
	uint16_t tcp[BERTH_HTTP_PORTS_MAX + 1];

	(void)state;
	berth_res_http_policy_init(&p);
	CHECK_OK(berth_res_http_policy_check_port(&p, "x.test", 1234));
	assert_int_equal(0, berth_res_http_policy_tcp(&p, tcp));
	CHECK_RC(BERTH_E_CONFIG, berth_res_http_policy_add_port(&p, 0));
	CHECK_RC(BERTH_E_CONFIG, berth_res_http_policy_add_port(&p, 65536));
	for (int i = 0; i < BERTH_HTTP_PORTS_MAX; i++)
		CHECK_OK(berth_res_http_policy_add_port(&p, 443 + i));
	CHECK_RC(BERTH_E_CONFIG, berth_res_http_policy_add_port(&p, 443));
	CHECK_RC(BERTH_E_CONFIG, berth_res_http_policy_add_port(&p, 80));
	CHECK_OK(berth_res_http_policy_check_port(&p, "x.test", 443));
	CHECK_RC(BERTH_E_NETPOL, berth_res_http_policy_check_port(&p, "x.test", 80));
	assert_int_equal(BERTH_HTTP_PORTS_MAX + 1, berth_res_http_policy_tcp(&p, tcp));
	CHECK(tcp[0] == 443 && tcp[BERTH_HTTP_PORTS_MAX] == 53);
	CHECK_OK(berth_res_http_policy_set_proxy(&p, "http://p.test:3128"));	/* and nothing else is connected to */
	assert_int_equal(2, berth_res_http_policy_tcp(&p, tcp));
	CHECK(tcp[0] == 3128 && tcp[1] == 53);
	berth_res_http_policy_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_comes_across_as_it_was), cmocka_unit_test(ports_are_those_that_are_named),
		cmocka_unit_test(no_truncation_decodes),
		cmocka_unit_test(numbers_out_of_range_do_not_decode),
		cmocka_unit_test(names_are_exact_below_or_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
