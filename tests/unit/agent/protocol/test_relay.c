/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a forward, by its exact code; flow/test_mediator_forward.c has that nobody hears it. */
#include "agent/protocol/mediate.h"
#include "tests/check.h"
#include "tests/fuzz/agent_env.h"

#define CLIENT "did:example:client"
#define HERS "did:example:hers"
#define PAYLOAD "{\"data\":{\"json\":{\"ciphertext\":\"AA\",\"protected\":\"AA\"}}}"
#define ONE ",\"attachments\":[" PAYLOAD "]"

static size_t queued;
static bool registered;

static const struct berth_identity *only_me(struct berth_env *env, const char *did)
{
	(void)env;
	return strncmp(did, FUZZ_ME, strlen(FUZZ_ME)) == 0 ? &fuzz_me : NULL;
}

static enum berth_err get(struct berth_records *r, const char *ns, const char *key, struct berth_buf *value)
{
	(void)r, (void)key;
	if (!registered)
		return berth_fail(BERTH_E_NOMATCH, "no record");
	berth_buf_str(value, strcmp(ns, BERTH_NS_ROUTE) == 0 ? "{\"client\":\"" CLIENT "\",\"did\":\"" HERS "\"}"
							      : "{\"state\":\"GRANTED\",\"data\":{}}");
	return berth_buf_status(value);
}

static enum berth_err put(struct berth_queue *q, const char *recipient, const char *client, const struct berth_buf *packed, int64_t s)
{
	(void)q, (void)s;
	assert_string_equal(HERS, recipient);
	assert_string_equal(CLIENT, client);
	assert_true(packed->len > 0);
	queued++;
	return BERTH_OK;
}

static enum berth_err forward(const char *next, const char *members)
{
	static const struct berth_policy policy = { .mediate = BERTH_MEDIATE_ANYONE, .relay_clients = 1, .relay_lifetime_s = 60 };
	const struct berth_machine *machines[] = { &berth_relay_machine };
	struct berth_records records = { .get = get };
	struct berth_queue queue = { .put = put };
	struct berth_instance inst = { .key = (char *)"self" };
	struct berth_unpacked in = { .encrypted_to_kid = (char *)FUZZ_ME "#k", .encrypted = true };
	const struct berth_event ev = { .on = "forward", .in = &in };
	struct berth_effects fx;
	struct berth_env env;
	char text[2048];
	enum berth_err rc;

	snprintf(text, sizeof(text), "{\"id\":\"1\",\"type\":\"https://didcomm.org/routing/2.0/forward\",\"body\":{%s%s%s}%s}",
		 next ? "\"next\":\"" : "", next ? next : "", next ? "\"" : "", members);
	fuzz_env(&env, machines, 1);
	env.identity_of = only_me;
	env.records = &records;
	env.queue = &queue;
	env.policy = &policy;
	queued = 0;
	if ((rc = berth_message_parse(&in.msg, text, strlen(text))))
		return rc;
	assert_non_null(inst.data = berth_json_new_object());
	rc = berth_machine_step(&berth_relay_machine, &env, &inst, &ev, &fx);
	assert_int_equal(0, fx.n_sends);	/* whatever it asked for */
	berth_effects_free(&fx);
	berth_json_free(inst.data);
	berth_message_free(&in.msg);
	return rc;
}

static void c077_who_is_registered_and_nobody_else(void **state)
{
	(void)state;
	registered = false;
	CHECK_RC(BERTH_E_ROUTE, forward(HERS, ONE));
	registered = true;
	CHECK_RC(BERTH_E_ROUTE, forward(FUZZ_ME, ONE));
	assert_int_equal(0, queued);
	CHECK_OK(forward(HERS, ONE));
	assert_int_equal(1, queued);
	CHECK_OK(forward(HERS, ",\"attachments\":[" PAYLOAD "," PAYLOAD "],\"please_ack\":[\"\"]"));
	assert_int_equal(2, queued);
}

static void c077_what_is_no_forward(void **state)
{
	(void)state;
	registered = true;
	CHECK_RC(BERTH_E_TYPE, forward(NULL, ONE));
	CHECK_RC(BERTH_E_TYPE, forward(HERS, ""));
	CHECK_RC(BERTH_E_NETPOL, forward(HERS, ",\"attachments\":[{\"data\":{\"links\":[\"https://x.test\"],\"hash\":\"zQ\"}}]"));
	CHECK_RC(BERTH_E_ENV, forward(HERS, ",\"attachments\":[{\"data\":{\"json\":{\"id\":\"1\",\"type\":\"x\"}}}]"));
	assert_int_equal(0, queued);
}

static void c079_delays(void **state)
{
	(void)state;
	registered = true;
	CHECK_RC(BERTH_E_TYPE, forward(HERS, ONE ",\"delay_milli\":9007199254740992"));
	CHECK_RC(BERTH_E_TYPE, forward(HERS, ONE ",\"delay_milli\":\"5\""));
	assert_int_equal(0, queued);
	CHECK_OK(forward(HERS, ONE ",\"delay_milli\":-5"));
	assert_int_equal(1, queued);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c077_who_is_registered_and_nobody_else),
		cmocka_unit_test(c077_what_is_no_forward),
		cmocka_unit_test(c079_delays),
	};

	return cmocka_run_group_tests_name("relay", tests, NULL, NULL);
}
