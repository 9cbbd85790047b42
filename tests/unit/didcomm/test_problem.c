/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include "did/base/secret.h"
#include "didcomm/problem.h"

static enum berth_err read_with(const char *head, const char *body)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_problem p;
	struct berth_message m;
	enum berth_err rc;

	berth_buf_printf(&b, "{\"id\":\"1\",%s,\"body\":%s}", head, body);
	CHECK_OK(berth_message_parse(&m, berth_buf_cstr(&b), b.len));
	rc = berth_problem_read(&p, &m);
	berth_message_free(&m);
	berth_buf_free(&b);
	return rc;
}

#define HEAD "\"type\":\"" BERTH_PROBLEM_TYPE "\",\"pthid\":\"t\""

/* The example of the specification's problems section. */
static void reads_the_specifications_example(void **state)
{
	struct berth_problem p;
	struct berth_message m;
	size_t n;
	char *text = test_read_file("tests/vectors/didcomm-spec/examples/problems-03.json", &n);

	(void)state;
	CHECK_OK(berth_message_parse(&m, text, n));
	CHECK_OK(berth_problem_read(&p, &m));
	assert_string_equal(p.code, "e.p.xfer.cant-use-endpoint");
	assert_string_equal(p.comment, "Unable to use the {1} endpoint for {2}.");
	assert_string_equal(p.escalate_to, "mailto:admin@foo.org");
	assert_int_equal(berth_json_len(p.args), 2);
	assert_string_equal(m.pthid, "1e513ad4-48c9-444e-9e7e-5b8b45c5e325");
	berth_message_free(&m);
	free(text);
}

static void refuses_what_is_no_report(void **state)
{
	static const char *const bad[] = {
		"{}", "{\"code\":1}", "{\"code\":\"\"}", "{\"code\":\"e\"}", "{\"code\":\"e.\"}", "{\"code\":\"x.p.msg\"}",
		"{\"code\":\"e.p..msg\"}", "{\"code\":\"e.p.\"}", "{\"code\":\"e.P.msg\"}", "{\"code\":\"e p\"}", "{\"code\":\"ep.msg\"}",
		"{\"code\":\"e.p.msg\",\"escalate_to\":1}",
		"{\"code\":\"e.p.msg\",\"args\":[1]}", "{\"code\":\"e.p.msg\",\"args\":{}}",
		"{\"code\":\"e.p.msg\",\"comment\":1}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_TYPE, read_with(HEAD, bad[i]));
	CHECK_OK(read_with(HEAD, "{\"code\":\"e.p.msg\",\"args\":[null,\"x\"]}"));
	CHECK_OK(read_with(HEAD, "{\"code\":\"w.get-pay-details.payment-failed\"}"));
	CHECK_RC(BERTH_E_TYPE, read_with("\"type\":\"" BERTH_PROBLEM_TYPE "\"", "{\"code\":\"e.p.msg\"}"));
	CHECK_RC(BERTH_E_TYPE, read_with("\"type\":\"https://example.com/p/1.0/m\",\"pthid\":\"t\"",
					 "{\"code\":\"e.p.msg\"}"));
}

static int setup(void **state)
{
	(void)state;
	berth_crypto_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_specifications_example),
		cmocka_unit_test(refuses_what_is_no_report),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
