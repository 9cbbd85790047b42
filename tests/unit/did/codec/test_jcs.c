/* SPDX-License-Identifier: Apache-2.0 */
#include "did/codec/jcs.h"

#include <inttypes.h>

#include "tests/check.h"
#include "tests/fakes/alloc.h"

static void canonicalises(const char *text, size_t n, const char *want, size_t want_n)
{
	struct berth_buf out = BERTH_BUF_INIT;
	struct berth_json *v;

	CHECK_OK(berth_json_parse_exact(&v, text, n, BERTH_JSON_MAX));
	CHECK_OK(berth_jcs(&out, v));
	CHECK(out.len == want_n && !memcmp(out.p, want, want_n));
	berth_json_free(v);
	berth_buf_free(&out);
}

static void rfc8785_vectors(void **s)
{
	static const char *const names[] = { "arrays", "french", "structures", "unicode", "values", "weird" };
	size_t count = sizeof(names) / sizeof(names[0]), in_n, out_n;
	char path[128];

	(void)s;
	for (size_t i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "tests/vectors/jcs/input/%s.json", names[i]);
		char *in = test_read_file(path, &in_n);

		snprintf(path, sizeof(path), "tests/vectors/jcs/output/%s.json", names[i]);
		char *out = test_read_file(path, &out_n);

		canonicalises(in, in_n, out, out_n);
		canonicalises(out, out_n, out, out_n);
		free(in);
		free(out);
	}
	VECTORS("jcs", count, count);
}

static size_t numbers_of(const char *path)
{
	char *file = test_read_file(path, NULL), *save, *line, want[64];
	struct berth_buf out = BERTH_BUF_INIT;
	size_t count = 0;
	uint64_t bits;
	double v;

	for (line = strtok_r(file, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		CHECK(sscanf(line, "%" SCNx64 ",%63s", &bits, want) == 2);
		memcpy(&v, &bits, sizeof(v));
		berth_buf_reset(&out);
		berth_json_print_num(&out, v);
		assert_string_equal(berth_buf_cstr(&out), want);
		count++;
	}
	berth_buf_free(&out);
	free(file);
	return count;
}

static void ecmascript_number_vectors(void **s)
{
	size_t n = numbers_of("tests/vectors/jcs/es6-numbers-0001-1000.csv") +
		numbers_of("tests/vectors/jcs/es6-numbers-given.csv");

	(void)s;
	CHECK(n > 1000);
	VECTORS("jcs/es6-numbers", n, n);
}

static void c014_edges(void **s)
{
	static const struct { const char *in, *out; } cases[] = {
		{ "-0", "0" }, { "-0.0", "0" }, { "1e21", "1e+21" }, { "1e20", "100000000000000000000" }, { "5e-324", "5e-324" },
		{ "1e-6", "0.000001" }, { "1e-7", "1e-7" }, { "123456789012345680000", "123456789012345680000" },
		{ "0.1", "0.1" }, { "1.0", "1" }, { "-1.50", "-1.5" }, { "5.684341886080802e-14", "5.684341886080802e-14" },
		/* U+E000 and U+FFFD sort behind U+10000 and U+1F600 */
		{ "{\"\xee\x80\x80\":1,\"\xf0\x9f\x98\x80\":2,\"\xf0\x90\x80\x80\":3,\"\xef\xbf\xbd\":4,\"\xed\x9f\xbf\":5}",
		  "{\"\xed\x9f\xbf\":5,\"\xf0\x90\x80\x80\":3,\"\xf0\x9f\x98\x80\":2,\"\xee\x80\x80\":1,\"\xef\xbf\xbd\":4}" },
		{ "{\"aa\":1,\"a\":2,\"\":3,\"B\":4,\"a\\u0301\":5}", "{\"\":3,\"B\":4,\"a\":2,\"aa\":1,\"a\xcc\x81\":5}" },
		{ "{ \"b\" : [ ] , \"a\" : { } }", "{\"a\":{},\"b\":[]}" },
		{ "\"\\u001f\\u007f\\/\\u20ac\\b\"", "\"\\u001f\x7f/\xe2\x82\xac\\b\"" }, { "null", "null" },
	};

	(void)s;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		canonicalises(cases[i].in, strlen(cases[i].in), cases[i].out, strlen(cases[i].out));
}

/* However many there are, and in whatever order they come. */
static void members_are_sorted(void **s)
{
	(void)s;
	for (size_t n = 0; n <= 40; n++)
		for (size_t step = 1; step < 41; step += 2) {
			struct berth_buf in = BERTH_BUF_INIT, out = BERTH_BUF_INIT;
			size_t written = 0;

			for (size_t i = 0, k = 0; i < 41; i++, k = (k + step) % 41)	/* 41 is a prime */
				if (k < n)
					berth_buf_printf(&in, "%s\"m%02zu\":%zu", written++ ? "," : "{", k, k);
			for (size_t k = 0; k < n; k++)
				berth_buf_printf(&out, "%s\"m%02zu\":%zu", k ? "," : "{", k, k);
			berth_buf_str(&in, n ? "}" : "{}");
			berth_buf_str(&out, n ? "}" : "{}");
			assert_int_equal(written, n);
			canonicalises(berth_buf_cstr(&in), in.len, berth_buf_cstr(&out), out.len);
			berth_buf_free(&in);
			berth_buf_free(&out);
		}
}

static enum berth_err parse_and_canonicalise(void *text)
{
	struct berth_buf out = BERTH_BUF_INIT;
	struct berth_json *v;
	enum berth_err rc = berth_json_parse_exact(&v, text, strlen(text), BERTH_JSON_MAX);

	if (!rc)
		rc = berth_jcs(&out, v);
	berth_json_free(v);
	berth_buf_free(&out);
	return rc;
}

static void c015_every_allocation_may_fail(void **s)
{
	char text[] = "{\"b\":[1,{\"d\":\"x\",\"c\":[]}],\"a\":{\"longer than the first buffer\":\"12345678901234567890\"},"
		"\"many\":{\"1\":1,\"2\":2,\"3\":3,\"4\":4,\"5\":5,\"6\":6,\"7\":7,\"8\":8,\"9\":9,\"a\":10,\"b\":11,\"c\":12,\"d\":13,"
		"\"e\":14,\"f\":15,\"g\":16,\"h\":17}}";

	(void)s;
	CHECK(test_every_allocation_fails(parse_and_canonicalise, text) > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc8785_vectors),
		cmocka_unit_test(ecmascript_number_vectors),
		cmocka_unit_test(c014_edges),
		cmocka_unit_test(members_are_sorted),
		cmocka_unit_test(c015_every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
