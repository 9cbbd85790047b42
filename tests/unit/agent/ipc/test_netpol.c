/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/netpol.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "tests/check.h"

static enum berth_err check(const struct berth_netpol *p, const char *host)
{
	struct berth_netaddr a;
	bool found;
	enum berth_err rc = berth_netpol_lookup(p, host, &a, &found);

	CHECK(rc || found);
	return rc;
}

static void c092_special_addresses_are_e_netpol(void **state)
{
	static const char *const refused[] = {
		"10.0.0.0", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "127.0.0.1",
		"127.255.255.255", "169.254.169.254", "100.64.0.1", "100.127.255.255", "0.0.0.0", "0.1.2.3",
		"192.0.0.8", "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.9",
		"224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.88.99.1",
		"::", "::1", "::2", "fe80::1", "febf::1", "fec0::1", "fc00::1", "fd12::1", "ff02::1",
		"::ffff:127.0.0.1", "::ffff:10.1.2.3", "::ffff:0:127.0.0.1", "::127.0.0.1",
		"64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2001::1", "2001:db8::1", "3fff::1",
		"100::1", "4000::1", "5f00::1",
	};
	static const char *const allowed[] = {
		"9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0",
		"126.255.255.255", "128.0.0.0", "169.253.1.1", "100.63.255.255", "100.128.0.0", "1.1.1.1",
		"223.255.255.255", "198.17.0.1", "198.20.0.1", "::ffff:8.8.8.8", "2606:4700::1111", "2a00::1",
		"2001:200::1", "3ffe::1",
	};
	struct berth_netpol p = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		CHECK_RC(BERTH_E_NETPOL, check(&p, refused[i]));
	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++)
		CHECK_OK(check(&p, allowed[i]));
}

static void c091_numbers_in_disguise_are_e_netpol(void **state)
{
	static const char *const odd[] = {
		"0x7f.1", "2130706433", "0177.0.0.1", "127.1", "127.0.0.1.", "0x7f000001", "1.2.3.4.5", "127.0.0.0x1",
		"", ".", "a b", "a/b", "[::1]", "host:80", "ex\303\244mple.org", "user@host",
	};
	struct berth_netpol p = { 0 };
	struct berth_netaddr a;
	char longest[BERTH_NETPOL_NAME_MAX + 2];
	bool found;

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++)
		CHECK_RC(BERTH_E_NETPOL, berth_netpol_lookup(&p, odd[i], &a, &found));
	CHECK_OK(berth_netpol_lookup(&p, "owner.example.org", &a, &found));
	CHECK(!found);
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	CHECK_RC(BERTH_E_NETPOL, berth_netpol_lookup(&p, longest, &a, &found));
	CHECK_OK(berth_netpol_lookup(&p, longest + 1, &a, &found));
}

static void allowed_blocks_open_exactly_themselves(void **state)
{
	struct berth_netpol p = { 0 };

	(void)state;
	CHECK_RC(BERTH_E_NETPOL, check(&p, "127.0.0.1"));
	CHECK_OK(berth_netpol_add_allow(&p, "127.0.0.0/8"));
	CHECK_OK(check(&p, "127.0.0.1"));
	CHECK_OK(check(&p, "::ffff:127.0.0.1"));	/* the same address */
	CHECK_RC(BERTH_E_NETPOL, check(&p, "::1"));
	CHECK_RC(BERTH_E_NETPOL, check(&p, "10.0.0.1"));
	CHECK_OK(berth_netpol_add_allow(&p, "10.1.2.3"));
	CHECK_OK(check(&p, "10.1.2.3"));
	CHECK_RC(BERTH_E_NETPOL, check(&p, "10.1.2.2"));
	CHECK_OK(berth_netpol_add_allow(&p, "fd00:1230::/29"));
	CHECK_OK(check(&p, "fd00:1237::1"));
	CHECK_RC(BERTH_E_NETPOL, check(&p, "fd00:1238::1"));
	berth_netpol_free(&p);
}

static void malformed_blocks_and_hosts_are_e_config(void **state)
{
	static const char *const blocks[] = {
		"", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/8x", "10.0.0.0/-1", "10/8",
		"fd00::/129", "fd00::1/64", "localhost", "10.0.0.0/0008",
	};
	static const char *const hosts[] = {
		"", "a", "a=", "=127.0.0.1", "a=b", "a=127.1", "a b=127.0.0.1", "a=127.0.0.1/8", "a=127.0.0.1 ",
	};
	struct berth_netpol p = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++)
		CHECK_RC(BERTH_E_CONFIG, berth_netpol_add_allow(&p, blocks[i]));
	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++)
		CHECK_RC(BERTH_E_CONFIG, berth_netpol_add_host(&p, hosts[i]));
	assert_int_equal(0, p.n_allow + p.n_hosts);
	for (int i = 0; i < BERTH_NETPOL_ALLOW_MAX; i++)
		CHECK_OK(berth_netpol_add_allow(&p, "0.0.0.0/0"));
	CHECK_RC(BERTH_E_CONFIG, berth_netpol_add_allow(&p, "0.0.0.0/0"));
	berth_netpol_free(&p);
}

static void mapped_names_are_judged_like_any_address(void **state)
{
	struct berth_netpol p = { 0 };
	struct berth_netaddr a;
	char text[BERTH_NETADDR_TEXT_MAX + 1];
	bool found;

	(void)state;
	CHECK_OK(berth_netpol_add_host(&p, "Owner.test=127.0.0.2"));
	CHECK_RC(BERTH_E_CONFIG, berth_netpol_add_host(&p, "owner.TEST=127.0.0.3"));
	CHECK_RC(BERTH_E_NETPOL, berth_netpol_lookup(&p, "owner.test", &a, &found));
	CHECK_OK(berth_netpol_add_allow(&p, "127.0.0.0/8"));
	CHECK_OK(berth_netpol_lookup(&p, "OWNER.test", &a, &found));
	CHECK(found);
	berth_netaddr_text(text, &a);
	assert_string_equal("127.0.0.2", text);
	berth_netpol_free(&p);
}

static void the_name_service_is_judged_too(void **state)
{
	struct berth_netaddr got[BERTH_NETPOL_ANSWERS_MAX], a;
	struct berth_netpol p = { 0 };
	size_t n;

	(void)state;
	CHECK_OK(berth_netpol_ask("localhost", got, &n));
	CHECK(n >= 1);
	CHECK_RC(BERTH_E_NETPOL, berth_netpol_pick(&p, got, n, &a));
	CHECK_RC(BERTH_E_NETPOL, berth_netpol_pick(&p, got, 0, &a));
	CHECK_OK(berth_netpol_add_allow(&p, "127.0.0.0/8"));
	CHECK_OK(berth_netpol_add_allow(&p, "::1"));
	CHECK_OK(berth_netpol_pick(&p, got, n, &a));
	CHECK_RC(BERTH_E_UNAVAILABLE, berth_netpol_ask("no-such-name.invalid", got, &n));
	berth_netpol_free(&p);
}

static void sockaddrs_are_read_by_family(void **state)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001) };
	struct sockaddr un = { .sa_family = AF_UNIX };
	struct berth_netaddr a;

	(void)state;
	CHECK_OK(berth_netaddr_from_sockaddr(&a, (struct sockaddr *)&v4));
	CHECK(berth_netaddr_is_v4(&a) && a.b[12] == 127 && a.b[15] == 1);
	CHECK_RC(BERTH_E_NETPOL, berth_netaddr_from_sockaddr(&a, &un));
}

static void a_policy_survives_the_wire_and_its_truncations_do_not(void **state)
{
	struct berth_netpol p = { 0 }, q = { 0 };
	struct berth_buf b = BERTH_BUF_INIT, again = BERTH_BUF_INIT;
	struct berth_cur c;

	(void)state;
	CHECK_OK(berth_netpol_add_allow(&p, "127.0.0.0/8"));
	CHECK_OK(berth_netpol_add_host(&p, "a.test=127.0.0.2"));
	CHECK_OK(berth_netpol_add_host(&p, "b.test=fd00::1"));
	CHECK_OK(berth_netpol_add_ipc(&p, "/run/peers"));
	berth_netpol_encode(&b, &p);
	c = berth_cur(b.p, b.len);
	CHECK_OK(berth_netpol_decode(&q, &c));
	CHECK(berth_cur_done(&c));
	berth_netpol_encode(&again, &q);
	assert_int_equal(b.len, again.len);
	assert_memory_equal(b.p, again.p, b.len);
	for (size_t n = 0; n < b.len; n++) {
		uint8_t *exact = malloc(n ? n : 1);

		memcpy(exact, b.p, n);
		c = berth_cur(exact, n);
		CHECK_RC(BERTH_E_TYPE, berth_netpol_decode(&q, &c));
		CHECK(q.n_allow == 0 && q.n_hosts == 0 && !q.hosts && q.n_ipc == 0);
		free(exact);
	}
	b.p[18] = 129;	/* the prefix length of the block */
	c = berth_cur(b.p, b.len);
	CHECK_RC(BERTH_E_TYPE, berth_netpol_decode(&q, &c));
	berth_netpol_free(&p);
	berth_buf_free(&b);
	berth_buf_free(&again);
}

static void c103_sockets_are_dialled_in_named_folders_only(void **state)
{
	static const char *const good[] = { "/run/peers/a.sock", "/srv/x/b" };
	static const char *const bad[] = {
		"/run/peers", "/run/peers/", "/run/peers/x/y", "/run/peers/../peers/a", "/run/peers//a", "/run/peersx/a", "/run/a",
		"run/peers/a", "", "/", "/run/peers/.", "/run/peers/..",
	};
	static const char *const folders[] = { "", "/", "run", "/run/", "//run", "/run/../x", "/.", "/run/." };
	struct berth_netpol p = { 0 };

	(void)state;
	CHECK_RC(BERTH_E_NETPOL, berth_netpol_check_ipc(&p, good[0]));
	CHECK_OK(berth_netpol_add_ipc(&p, "/run/peers"));
	CHECK_OK(berth_netpol_add_ipc(&p, "/srv/x"));
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		CHECK_OK(berth_netpol_check_ipc(&p, good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_RC(BERTH_E_NETPOL, berth_netpol_check_ipc(&p, bad[i]));
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		CHECK_RC(BERTH_E_CONFIG, berth_netpol_add_ipc(&p, folders[i]));
	while (p.n_ipc < BERTH_NETPOL_IPC_MAX)
		CHECK_OK(berth_netpol_add_ipc(&p, "/run/z"));
	CHECK_RC(BERTH_E_CONFIG, berth_netpol_add_ipc(&p, "/run/z"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c092_special_addresses_are_e_netpol),
		cmocka_unit_test(c091_numbers_in_disguise_are_e_netpol),
		cmocka_unit_test(allowed_blocks_open_exactly_themselves),
		cmocka_unit_test(malformed_blocks_and_hosts_are_e_config),
		cmocka_unit_test(c103_sockets_are_dialled_in_named_folders_only),
		cmocka_unit_test(mapped_names_are_judged_like_any_address),
		cmocka_unit_test(the_name_service_is_judged_too),
		cmocka_unit_test(sockaddrs_are_read_by_family),
		cmocka_unit_test(a_policy_survives_the_wire_and_its_truncations_do_not),
	};

	return cmocka_run_group_tests_name("netpol", tests, NULL, NULL);
}
