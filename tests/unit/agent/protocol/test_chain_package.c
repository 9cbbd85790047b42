/* SPDX-License-Identifier: Apache-2.0 */
/* The package that a chain travels in: its structure and its caps. */
#include "tests/unit/agent/protocol/chain.h"

static enum berth_err parse_text(const char *text, size_t n)
{
	struct berth_chain *c = NULL;
	struct berth_json *json;
	enum berth_err rc = berth_json_parse(&json, text, n, 2 * BERTH_CHAIN_MAX);

	if (!rc)
		rc = berth_chain_from_json(&c, json);
	CHECK((c != NULL) == (rc == BERTH_OK));
	berth_chain_free(c);
	return rc;
}

static void print_package(struct berth_buf *out)
{
	struct berth_json *o;

	CHECK_OK(berth_chain_build_json(&o, t.dc, (const char *const *)t.entries, t.n, NULL, NULL));
	CHECK_OK(berth_json_print(out, o));
	berth_json_free(o);
}

static void structure(void **state)
{
	static const char *const bad[] = {
		"[]", "{}", "{\"deviceCredential\":7,\"entries\":[]}", "{\"entries\":[\"a.b.c\"]}",
	};
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *o, *copy;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_VC, parse_text(bad[i], strlen(bad[i])));
	CHECK_OK(berth_chain_build_json(&o, t.dc, (const char *const *)t.entries, t.n, NULL, NULL));
	CHECK_OK(berth_json_set(o, "docs", berth_json_new_array()));
	CHECK_OK(berth_json_print(&b, o));
	CHECK_RC(BERTH_E_VC, parse_text(berth_buf_cstr(&b), b.len));
	berth_json_remove(o, "docs");
	copy = berth_json_clone(o);
	CHECK_OK(berth_json_set(copy, "entries", berth_json_new_array()));
	berth_buf_reset(&b);
	CHECK_OK(berth_json_print(&b, copy));
	CHECK_RC(BERTH_E_VC, parse_text(berth_buf_cstr(&b), b.len));
	/* an entry where the DeviceCredential should be, and the other way */
	CHECK_OK(berth_json_set_str(o, "deviceCredential", t.entries[0]));
	berth_buf_reset(&b);
	CHECK_OK(berth_json_print(&b, o));
	CHECK_RC(BERTH_E_VC, parse_text(berth_buf_cstr(&b), b.len));
	berth_json_free(o);
	berth_json_free(copy);
	berth_buf_free(&b);
}

static void sixteen_entries(void **state)
{
	const char *entries[BERTH_CHAIN_ENTRIES_MAX + 1];
	struct test_chain full;
	struct berth_json *o;
	struct berth_chain *c;

	(void)state;
	start(&full);
	test_chain_sell(&w, &full, &w.root, &w.a);
	while (full.n < BERTH_CHAIN_ENTRIES_MAX)
		test_chain_sell(&w, &full, full.n % 2 ? &w.a : &w.d, full.n % 2 ? &w.d : &w.a);
	CHECK_OK(accept(&full));
	CHECK(result.seq == 15);
	memcpy(entries, full.entries, sizeof(full.entries[0]) * full.n);
	entries[full.n] = full.entries[0];
	CHECK_OK(berth_chain_build_json(&o, full.dc, entries, full.n + 1, NULL, NULL));
	CHECK_RC(BERTH_E_SIZE, berth_chain_from_json(&c, o));
	test_chain_free(&full);
}

static void size_caps(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *o;
	struct berth_chain *c;
	char *pad = malloc(BERTH_CHAIN_MAX + 1);
	size_t have;

	(void)state;
	print_package(&b);
	have = b.len;
	/* as text in a message: {"x":"..."} more */
	memset(pad, 'x', BERTH_CHAIN_MAX);
	pad[BERTH_CHAIN_MAX - have - strlen(",\"x\":\"\"") + 1] = 0;
	CHECK_OK(berth_chain_build_json(&o, t.dc, (const char *const *)t.entries, t.n, NULL, NULL));
	CHECK_OK(berth_json_set_str(o, "x", pad));
	CHECK_RC(BERTH_E_SIZE, berth_chain_from_json(&c, o));
	pad[BERTH_CHAIN_MAX - have - strlen(",\"x\":\"\"")] = 0;
	CHECK_OK(berth_chain_build_json(&o, t.dc, (const char *const *)t.entries, t.n, NULL, NULL));
	CHECK_OK(berth_json_set_str(o, "x", pad));
	CHECK_OK(berth_chain_from_json(&c, o));
	berth_chain_free(c);
	free(pad);
	berth_buf_free(&b);
}

static void every_truncation(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	print_package(&b);
	for (size_t n = 0; n < b.len; n++) {
		char *exact = malloc(n ? n : 1);

		memcpy(exact, b.p, n);
		CHECK_RC(BERTH_E_JSON, parse_text(exact, n));
		free(exact);
	}
	CHECK_OK(parse_text(berth_buf_cstr(&b), b.len));
	berth_buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(structure), T(sixteen_entries), T(size_caps), T(every_truncation),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
