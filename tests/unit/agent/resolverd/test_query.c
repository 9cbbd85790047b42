/* SPDX-License-Identifier: Apache-2.0 */
/* Queries of an adapter that does what its DID says, and everything that it must not. */
#include "agent/resolverd/query.h"

#include <sys/stat.h>
#include <unistd.h>

#include "did/base/clock.h"
#include "tests/check.h"
#include "tests/fakes/shell.h"

static char dir[] = "/tmp/berth-query-XXXXXX";
static struct berth_plugin faulty;
static uint64_t now_ms = 1000;

static struct {
	size_t n;
	uint32_t seq[256];
	uint8_t status[256];
	size_t len;			/* of the last one's first part */
	char text[512], message[256];	/* of the last one */
	uint32_t now;
} said;

static uint64_t clock_ms(void) { return now_ms; }

static void on_answered(void *arg, uint32_t seq, const struct berth_buf *answer)
{
	struct berth_res_answer a;

	(void)arg;
	CHECK_OK(berth_res_answer_decode(&a, answer->p, answer->len));	/* the core can read whatever passes */
	said.seq[said.n] = seq;
	said.status[said.n++] = a.status;
	said.len = a.n_parts ? a.parts[0].n : 0;
	snprintf(said.text, sizeof(said.text), "%.*s", (int)(said.len < 500 ? said.len : 500), a.n_parts ? (const char *)a.parts[0].p : "");
	snprintf(said.message, sizeof(said.message), "%s", a.message);
}

static void on_now(void *arg, uint32_t seq)
{
	(void)arg;
	said.now = seq;
}

static void again(void)
{
	const struct berth_query_events events = { on_answered, on_now, NULL };

	berth_query_init(&events, NULL);
	memset(&said, 0, sizeof(said));
}

static enum berth_err begin_with(uint32_t seq, struct berth_res_ask m)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_res_ask_encode(&b, &m);
	rc = berth_query_begin(&faulty, 1, seq, b.p, b.len);
	berth_buf_free(&b);
	return rc;
}

static struct berth_res_ask asking(const char *did)
{
	return (struct berth_res_ask){ .op = BERTH_REGISTRY_RESOLVE, .did = did, .version_id = "", .version_time = "",
		.resource = "", .deadline_ms = 1000, .max_bytes = 65536 };
}

static enum berth_err begin(uint32_t seq, const char *did) { return begin_with(seq, asking(did)); }

static const char *fault(void)
{
	uint32_t seq;

	return berth_query_fault(&seq);
}

static int start(void **state)
{
	char so[TEST_ADAPTER_LEN];

	(void)state;
	CHECK(mkdtemp(dir));
	chmod(dir, 0755);
	test_fake_adapter(so, dir, "faulty");
	CHECK_OK(berth_plugin_load(&faulty, so, "{}", &berth_query_host));
	assert_string_equal("faulty", faulty.name);
	assert_string_equal("fault other", faulty.methods);
	berth_clock_inject(NULL, clock_ms);
	return 0;
}

static int stop(void **state)
{
	const char *argv[] = { "rm", "-rf", dir, NULL };

	(void)state;
	berth_plugin_unload(&faulty);
	return test_run(argv);
}

static void answers_come_at_once(void **state)
{
	(void)state;
	again();
	CHECK_OK(begin(1, "did:fault:x"));
	assert_string_equal("{\"id\":\"did:fault:x\"}", said.text);
	CHECK_OK(begin(2, "did:fault:max"));
	assert_int_equal(65536, said.len);
	CHECK_OK(begin(3, "did:fault:notfound"));
	assert_int_equal(BERTH_REGISTRY_NOT_FOUND, said.status[2]);
	assert_string_equal("no?[31m %s%n?", said.message);
	assert_int_equal(3, said.n);
	assert_int_equal(3, said.now);
	assert_int_equal(UINT32_MAX, berth_query_timeout_ms());
	assert_null(fault());
}

static void c155_broken_contracts_are_the_process_s_fault(void **state)
{
	static const char *const broken[] = {
		"gib", "lie", "endless", "null", "empty", "over", "status", "thread", "twice", "parts", "short", "name",
		"cancelled", "unknown", "timer-of-nobody",
	};
	char did[64];
	uint32_t seq;

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		again();
		snprintf(did, sizeof(did), "did:fault:%s", broken[i]);
		CHECK_OK(begin(7, did));
		if (!berth_query_fault(&seq))
			fail_msg("%s is no fault", did);
		CHECK(strstr(berth_query_fault(&seq), "adapter faulty "));
		assert_int_equal(7, seq);
		assert_int_equal(0, said.n);		/* not even what was good of it */
	}
	again();	/* the same without the breach */
	CHECK_OK(begin(7, "did:fault:x"));
	assert_null(berth_query_fault(&seq));
}

static void answers_come_later_in_any_order(void **state)
{
	(void)state;
	again();
	CHECK_OK(begin(1, "did:fault:300:later"));	/* in so many ms */
	CHECK_OK(begin(2, "did:fault:100:later"));
	CHECK_OK(begin(3, "did:fault:100:later"));
	CHECK_OK(begin(4, "did:fault:x"));
	assert_int_equal(1, said.n);
	assert_int_equal(100, berth_query_timeout_ms());
	berth_query_run();
	assert_int_equal(1, said.n);
	now_ms += 100;
	assert_int_equal(0, berth_query_timeout_ms());
	berth_query_run();
	assert_int_equal(3, said.n);
	assert_int_equal(2, said.seq[1]);		/* of two that are due the older is first */
	assert_int_equal(3, said.seq[2]);
	now_ms += 200;
	berth_query_run();
	assert_int_equal(4, said.n);
	assert_int_equal(1, said.seq[3]);
	assert_string_equal("{\"id\":\"did:fault:300:later\"}", said.text);
	assert_int_equal(1, said.now);
	assert_null(fault());
}

/* A timer of 0 ms in its own callback is no endless loop here. */
static void timers_take_turns_with_the_rest(void **state)
{
	(void)state;
	again();
	CHECK_OK(begin(1, "did:fault:spin"));
	for (int i = 0; i < 10; i++) {
		assert_int_equal(0, berth_query_timeout_ms());
		berth_query_run();
	}
	assert_int_equal(0, said.n);
	now_ms += 1000;
	berth_query_run();
	assert_int_equal(1, said.n);
	assert_null(fault());
}

static void at_the_deadline_a_query_is_cancelled(void **state)
{
	(void)state;
	again();
	CHECK_OK(begin(1, "did:fault:5000:later"));
	CHECK_OK(begin(2, "did:fault:900:later"));
	now_ms += 900;
	berth_query_run();
	assert_int_equal(1, said.n);
	assert_int_equal(2, said.seq[0]);
	now_ms += 99;
	berth_query_run();
	assert_int_equal(1, said.n);
	assert_int_equal(1, berth_query_timeout_ms());
	now_ms += 1;
	berth_query_run();
	assert_int_equal(2, said.n);
	assert_int_equal(BERTH_REGISTRY_UNAVAILABLE, said.status[1]);
	assert_string_equal("cancelled", said.message);
	now_ms += 10000;
	berth_query_run();				/* its timer has gone with it */
	assert_int_equal(2, said.n);
	assert_null(fault());
}

static void the_core_may_cancel_as_well(void **state)
{
	(void)state;
	again();
	CHECK_OK(begin(1, "did:fault:500:later"));
	berth_query_cancel(2);				/* nobody's */
	assert_int_equal(0, said.n);
	berth_query_cancel(1);
	assert_int_equal(1, said.n);
	berth_query_cancel(1);				/* not any more */
	assert_int_equal(1, said.n);
	CHECK_OK(begin(1, "did:fault:500:later"));
	CHECK_OK(begin(2, "did:fault:500:later"));
	berth_query_cancel_all();
	assert_int_equal(3, said.n);
	assert_null(fault());
}

/* The host's own word for it may be passed on then, and only then. */
static void cancelled_is_an_answer_to_a_cancel(void **state)
{
	(void)state;
	again();
	CHECK_OK(begin(1, "did:fault:word:never"));
	berth_query_cancel(1);
	assert_int_equal(1, said.n);
	assert_int_equal(BERTH_REGISTRY_UNAVAILABLE, said.status[0]);
	assert_null(fault());
}

static void c155_no_answer_at_the_end_is_a_fault(void **state)
{
	(void)state;
	again();
	CHECK_OK(begin(1, "did:fault:none"));
	assert_null(fault());			/* it still may */
	now_ms += 1000;
	berth_query_run();
	assert_non_null(strstr(fault(), "did not answer in time"));
	assert_int_equal(0, said.n);
	again();
	CHECK_OK(begin(1, "did:fault:none"));
	berth_query_cancel(1);
	assert_non_null(fault());
	CHECK_OK(begin(2, "did:fault:x"));	/* nobody is served any more */
	assert_int_equal(0, said.n);
}

static void the_pool_has_an_end(void **state)
{
	(void)state;
	again();
	for (uint32_t i = 1; i <= BERTH_RES_AT_ONCE; i++)
		CHECK_OK(begin(i, "did:fault:10:later"));
	CHECK_RC(BERTH_E_TYPE, begin(1000, "did:fault:x"));
	CHECK_RC(BERTH_E_TYPE, begin(1, "did:fault:x"));	/* its number is taken, too */
	now_ms += 10;
	berth_query_run();
	assert_int_equal(BERTH_RES_AT_ONCE, said.n);
	for (uint32_t i = 0; i < BERTH_RES_AT_ONCE; i++)
		assert_int_equal(i + 1, said.seq[i]);
	CHECK_OK(begin(1, "did:fault:x"));
	assert_null(fault());
}

static void what_the_core_asks_is_read_strictly(void **state)
{
	struct berth_res_ask m = asking("did:fault:x");

	(void)state;
	again();
	m.adapter = 1;
	CHECK_RC(BERTH_E_TYPE, begin_with(1, m));
	m = asking("did:fault:x");
	m.op = BERTH_REGISTRY_DEACTIVATE;	/* which it has not */
	m.phase = BERTH_REGISTRY_SUBMIT;
	CHECK_RC(BERTH_E_TYPE, begin_with(1, m));
	CHECK_RC(BERTH_E_TYPE, berth_query_begin(&faulty, 1, 1, "x", 1));
	assert_int_equal(0, said.n);
	CHECK_OK(begin(1, "did:fault:x"));
}

static void publishing_reaches_the_adapter_with_its_parts(void **state)
{
	struct berth_res_ask m = asking("did:fault:x");

	(void)state;
	again();
	m.op = BERTH_REGISTRY_UPDATE;
	m.phase = BERTH_REGISTRY_SUBMIT;
	m.parts[m.n_parts++] = (struct berth_res_part){ "did.jsonl", (const uint8_t *)"{}\n", 3 };
	CHECK_OK(begin_with(1, m));
	assert_string_equal("2 2 did.jsonl 3", said.message);
	assert_int_equal(BERTH_REGISTRY_OK, said.status[0]);
	assert_int_equal(0, said.len);		/* there is nothing else to say */
	m = asking("did:fault:x");
	m.op = BERTH_REGISTRY_FETCH;
	m.resource = "/whois";
	CHECK_OK(begin_with(2, m));
	assert_string_equal("/whois", said.text);
	assert_null(fault());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_come_at_once),
		cmocka_unit_test(c155_broken_contracts_are_the_process_s_fault),
		cmocka_unit_test(answers_come_later_in_any_order),
		cmocka_unit_test(timers_take_turns_with_the_rest),
		cmocka_unit_test(at_the_deadline_a_query_is_cancelled),
		cmocka_unit_test(the_core_may_cancel_as_well),
		cmocka_unit_test(cancelled_is_an_answer_to_a_cancel),
		cmocka_unit_test(c155_no_answer_at_the_end_is_a_fault),
		cmocka_unit_test(the_pool_has_an_end),
		cmocka_unit_test(what_the_core_asks_is_read_strictly),
		cmocka_unit_test(publishing_reaches_the_adapter_with_its_parts),
	};

	return cmocka_run_group_tests_name("query", tests, start, stop);
}
