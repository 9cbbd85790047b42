/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/limit.h"

#include "tests/check.h"

static struct berth_netaddr v4(unsigned n)
{
	struct berth_netaddr a = { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, (uint8_t)(n >> 16),
				     (uint8_t)(n >> 8), (uint8_t)n } };

	return a;
}

static void start(struct berth_limit *l)
{
	CHECK_OK(berth_limit_init(l));
	l->conns_max = 8;
	l->conns_source_max = 3;
	l->open_source_max = 4;
	l->rate_per_s = 10;
	l->burst = 5;
}

static void connections_are_capped_per_address_and_in_all(void **state)
{
	struct berth_netaddr a = v4(1), b = v4(2), c = v4(3);
	struct berth_limit l;

	(void)state;
	start(&l);
	for (int i = 0; i < 3; i++)
		CHECK_OK(berth_limit_conn(&l, &a, 0));
	CHECK_RC(BERTH_E_QUOTA, berth_limit_conn(&l, &a, 0));
	for (int i = 0; i < 3; i++)
		CHECK_OK(berth_limit_conn(&l, &b, 0));
	for (int i = 0; i < 2; i++)
		CHECK_OK(berth_limit_conn(&l, &c, 0));
	CHECK_RC(BERTH_E_QUOTA, berth_limit_conn(&l, &c, 0));	/* eight in all */
	berth_limit_conn_end(&l, &a);
	CHECK_OK(berth_limit_conn(&l, &c, 0));
	for (int i = 0; i < 9; i++)
		berth_limit_conn_end(&l, &a);	/* never below zero */
	assert_int_equal(6, l.conns);
	berth_limit_free(&l);
}

static void requests_are_capped_by_number_and_by_time(void **state)
{
	struct berth_netaddr a = v4(1), b = v4(2);
	struct berth_limit l;

	(void)state;
	start(&l);
	for (int i = 0; i < 4; i++)
		CHECK_OK(berth_limit_open(&l, &a, 1000));
	CHECK_RC(BERTH_E_QUOTA, berth_limit_open(&l, &a, 1000));	/* four are open */
	for (int i = 0; i < 4; i++)
		berth_limit_open_end(&l, &a);
	CHECK_OK(berth_limit_open(&l, &a, 1000));
	berth_limit_open_end(&l, &a);
	CHECK_RC(BERTH_E_QUOTA, berth_limit_open(&l, &a, 1000));	/* the burst of five is used */
	CHECK_OK(berth_limit_open(&l, &b, 1000));			/* others do not pay for it */
	CHECK_RC(BERTH_E_QUOTA, berth_limit_open(&l, &a, 1099));
	CHECK_OK(berth_limit_open(&l, &a, 1200));			/* one each 100 ms */
	berth_limit_open_end(&l, &a);
	CHECK_OK(berth_limit_open(&l, &a, UINT64_MAX / 2));		/* no overflow */
	berth_limit_free(&l);
}

static void ipv6_counts_by_slash_64(void **state)
{
	struct berth_netaddr a = { { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 1 } }, b = a, c = a;
	struct berth_limit l;

	(void)state;
	start(&l);
	b.b[15] = 9;
	c.b[7] = 2;
	CHECK_OK(berth_limit_conn(&l, &a, 0));
	CHECK_OK(berth_limit_conn(&l, &b, 0));
	CHECK_OK(berth_limit_conn(&l, &a, 0));
	CHECK_RC(BERTH_E_QUOTA, berth_limit_conn(&l, &b, 0));
	CHECK_OK(berth_limit_conn(&l, &c, 0));
	berth_limit_free(&l);
}

static void many_addresses_do_not_grow_the_table(void **state)
{
	struct berth_limit l;
	size_t refused = 0;

	(void)state;
	start(&l);
	for (unsigned i = 0; i < 40000; i++) {	/* all within one second */
		struct berth_netaddr a = v4(i);

		if (berth_limit_open(&l, &a, 0))
			refused++;
		else
			berth_limit_open_end(&l, &a);
	}
	CHECK(refused > 40000 - BERTH_LIMIT_SOURCES - 1);
	for (unsigned i = 0; i < 100; i++) {	/* and forgotten once they are quiet */
		struct berth_netaddr a = v4(50000 + i);

		CHECK_OK(berth_limit_open(&l, &a, 10000));
	}
	berth_limit_free(&l);
}

/* Neighbours, each in a network of its own, and IPv6. */
static struct berth_netaddr source(int kind, unsigned i)
{
	struct berth_netaddr a = { { 0x20, 1, 0xd, 0xb8, 0, 0, (uint8_t)(i >> 8), (uint8_t)i, 1 } };

	return kind == 0 ? v4(i) : kind == 1 ? v4(i << 8) : a;
}

static void four_thousand_addresses_have_a_place_each(void **state)
{
	struct berth_limit l;

	(void)state;
	for (int kind = 0; kind < 3; kind++) {
		start(&l);
		l.conns_max = 3 * 4096;
		for (unsigned i = 0; i < 4096; i++) {
			struct berth_netaddr a = source(kind, i);

			CHECK_OK(berth_limit_conn(&l, &a, 0));
			CHECK_OK(berth_limit_open(&l, &a, 0));
		}
		assert_int_equal(4096, l.conns);
		for (unsigned i = 0; i < 4096; i++) {	/* each is counted by itself */
			struct berth_netaddr a = source(kind, i);

			CHECK_OK(berth_limit_conn(&l, &a, 0));
			CHECK_OK(berth_limit_conn(&l, &a, 0));
			CHECK_RC(BERTH_E_QUOTA, berth_limit_conn(&l, &a, 0));
		}
		berth_limit_free(&l);
	}
}

static void a_thousand_of_one_address_where_that_is_wanted(void **state)
{
	struct berth_netaddr a = v4(1);
	struct berth_limit l;

	(void)state;
	start(&l);
	l.conns_max = l.conns_source_max = l.open_source_max = 1000;
	l.rate_per_s = 250;
	l.burst = 1000;
	for (int i = 0; i < 1000; i++) {
		CHECK_OK(berth_limit_conn(&l, &a, 0));
		CHECK_OK(berth_limit_open(&l, &a, 0));
	}
	CHECK_RC(BERTH_E_QUOTA, berth_limit_conn(&l, &a, 0));
	CHECK_RC(BERTH_E_QUOTA, berth_limit_open(&l, &a, 5000));
	berth_limit_open_end(&l, &a);
	CHECK_OK(berth_limit_open(&l, &a, 5000));
	berth_limit_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections_are_capped_per_address_and_in_all),
		cmocka_unit_test(requests_are_capped_by_number_and_by_time),
		cmocka_unit_test(ipv6_counts_by_slash_64),
		cmocka_unit_test(many_addresses_do_not_grow_the_table),
		cmocka_unit_test(four_thousand_addresses_have_a_place_each),
		cmocka_unit_test(a_thousand_of_one_address_where_that_is_wanted),
	};

	return cmocka_run_group_tests_name("limit", tests, NULL, NULL);
}
