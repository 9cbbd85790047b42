/* SPDX-License-Identifier: Apache-2.0 */
/* [egress] as registry adapters are held to it. */
#include <unistd.h>

#include "agent/core/config.h"
#include "agent/ipc/http_policy.h"
#include "tests/check.h"

static enum berth_err policy_of(const char *text, struct berth_res_http_policy *p)
{
	struct berth_config *c;
	enum berth_err rc;

	berth_res_http_policy_init(p);
	if ((rc = berth_config_parse(&c, "t", text, strlen(text))))
		return rc;
	rc = berth_config_http(c, p);
	berth_config_free(c);
	return rc;
}

static void nothing_said_is_https_to_any_public_host(void **state)
{
	struct berth_res_http_policy p;

	(void)state;
	CHECK_OK(policy_of("", &p));
	CHECK(p.rate_per_s == 50 && p.at_once == 32 && p.stall_s == 20 && !p.clock_trusted && !p.ca_file[0] && !p.proxy.host[0]);
	CHECK_OK(berth_res_http_policy_check_host(&p, "a.test", true));
	CHECK_RC(BERTH_E_NETPOL, berth_res_http_policy_check_host(&p, "a.test", false));
	CHECK_RC(BERTH_E_NETPOL, berth_res_http_policy_check_host(&p, "localhost", false));
	berth_res_http_policy_free(&p);
}

static void what_is_said_is_kept_to(void **state)
{
	struct berth_res_http_policy p;

	(void)state;
	CHECK_OK(policy_of("[agent]\nclock-trusted = yes\n[egress]\nallow = 10.0.0.0/8\nproxy = http://Proxy.test:3128/\n"
			   "names = *.example.org x.test\nhttp-hosts = X.test 127.0.0.1\nca-file = /etc/ca.pem\nports = 443 8443\n"
			   "requests-per-second = 7\nrequests-at-once = 9\n", &p));
	CHECK(p.rate_per_s == 7 && p.at_once == 9 && p.clock_trusted && p.proxy.port == 3128 && p.addresses.n_allow == 1);
	assert_string_equal("/etc/ca.pem", p.ca_file);
	CHECK(p.n_ports == 2 && p.ports[0] == 443 && p.ports[1] == 8443);
	CHECK_OK(berth_res_http_policy_check_host(&p, "a.example.org", true));
	CHECK_OK(berth_res_http_policy_check_host(&p, "x.TEST", false));
	CHECK_RC(BERTH_E_NETPOL, berth_res_http_policy_check_host(&p, "127.0.0.1", false));	/* not in names */
	CHECK_RC(BERTH_E_NETPOL, berth_res_http_policy_check_host(&p, "example.org", true));
	berth_res_http_policy_free(&p);
}

static void what_cannot_work_is_e_config(void **state)
{
	static const char *const bad[] = {
		"proxy = http://10.0.0.1:3128\n", "names = *\nproxy = https://p.test:1\n", "names = *\nproxy = p.test:1\n",
		"names = *\nproxy = http://p.test/x\n", "names = *\nproxy = http://0x7f.1:80\n", "names = *\nproxy = http://p.test:0\n",
		"names = a/b\n", "names = *x\n", "names = *.\n", "names = 0x7f.1\n", "names = a.test:1\n", "http-hosts = *.test\n",
		"http-hosts = *\n", "http-hosts = a_b c@d\n", "ca-file = ca.pem\n", "requests-at-once = 0\n", "requests-at-once = 257\n",
		"ports = 0\n", "ports = 65536\n", "ports = https\n", "ports = -1\n", "ports = 443 443\n",
	};
	struct berth_res_http_policy p;
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "[egress]\n%s", bad[i]);
		CHECK_RC(BERTH_E_CONFIG, policy_of(text, &p));
	}
	CHECK_OK(policy_of("[egress]\nnames = *\nproxy = http://p.test:1\n", &p));
	berth_res_http_policy_free(&p);
}

static void a_file_that_is_not_there_is_said_by_check_config(void **state)
{
	static const char there[] = "[egress]\nca-file = /etc/passwd\n", gone[] = "[egress]\nca-file = /nowhere/ca.pem\n";
	struct berth_config *c;

	(void)state;
	CHECK_OK(berth_config_parse(&c, "t", there, sizeof(there) - 1));
	CHECK_OK(berth_config_http_check(c));
	berth_config_free(c);
	CHECK_OK(berth_config_parse(&c, "t", gone, sizeof(gone) - 1));
	CHECK_RC(BERTH_E_CONFIG, berth_config_http_check(c));
	berth_config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_said_is_https_to_any_public_host),
		cmocka_unit_test(what_is_said_is_kept_to),
		cmocka_unit_test(what_cannot_work_is_e_config),
		cmocka_unit_test(a_file_that_is_not_there_is_said_by_check_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
