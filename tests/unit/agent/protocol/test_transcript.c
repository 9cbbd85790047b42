/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/json.h"

#include "agent/protocol/transcript.h"

static void add(struct berth_transcript *t, const char *text)
{
	struct berth_json *v = test_json(text);

	CHECK_OK(berth_transcript_add(t, v));
	berth_json_free(v);
}

static void th(char hex[65], const struct berth_transcript *t, const char *body, const char *without)
{
	struct berth_json *v = test_json(body);
	uint8_t out[32];

	CHECK_OK(berth_transcript_th(out, t, v, without));
	for (size_t i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", out[i]);
	berth_json_free(v);
}

/* Values from another SHA-256 over the texts as RFC 8785 writes them. */
static void known_values(void **state)
{
	struct berth_transcript t = { 0 };
	char hex[65];

	(void)state;
	th(hex, &t, "{}", "proof");
	CHECK(!strcmp(hex, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"));
	add(&t, "{\"b\":\"x\", \"a\":1}");
	add(&t, "{\"c\":[true,null]}");
	th(hex, &t, "{\"b\":2,\"proof\":\"x.y.z\",\"a\":\"y\"}", "proof");
	CHECK(!strcmp(hex, "d70f5f622f829a80b44cbfb4886c5351eeafdbbfec69ed330fc29de366e8e987"));
}

static void order_and_every_message_count(void **state)
{
	struct berth_transcript a = { 0 }, b = { 0 };
	char x[65], y[65];

	(void)state;
	add(&a, "{\"m\":1}");
	add(&a, "{\"m\":2}");
	add(&b, "{\"m\":2}");
	add(&b, "{\"m\":1}");
	th(x, &a, "{}", "proof");
	th(y, &b, "{}", "proof");
	CHECK(strcmp(x, y));
	th(y, &a, "{\"suite\":\"weaker\"}", "proof");
	CHECK(strcmp(x, y));
	b.n = 1;
	th(y, &b, "{}", "proof");
	CHECK(strcmp(x, y));
}

static void survives_the_store(void **state)
{
	struct berth_transcript a = { 0 }, b;
	struct berth_buf bytes = BERTH_BUF_INIT;
	char x[65], y[65];

	(void)state;
	CHECK_OK(berth_transcript_decode(&b, NULL, 0));
	CHECK(b.n == 0);
	add(&a, "{\"m\":1}");
	add(&a, "{\"m\":2}");
	berth_transcript_encode(&bytes, &a);
	CHECK(bytes.len == 64);
	CHECK_OK(berth_transcript_decode(&b, bytes.p, bytes.len));
	th(x, &a, "{}", "proof");
	th(y, &b, "{}", "proof");
	CHECK(!strcmp(x, y));
	CHECK_RC(BERTH_E_TYPE, berth_transcript_decode(&b, bytes.p, 63));
	CHECK(b.n == 0);
	berth_buf_free(&bytes);
}

static void cap(void **state)
{
	struct berth_transcript t = { 0 };
	static const uint8_t big[(BERTH_TRANSCRIPT_MAX + 1) * 32];
	struct berth_json *v = test_json("{}");

	(void)state;
	for (size_t i = 0; i < BERTH_TRANSCRIPT_MAX; i++)
		CHECK_OK(berth_transcript_add(&t, v));
	CHECK_RC(BERTH_E_SIZE, berth_transcript_add(&t, v));
	CHECK_OK(berth_transcript_decode(&t, big, sizeof(big) - 32));
	CHECK_RC(BERTH_E_SIZE, berth_transcript_decode(&t, big, sizeof(big)));
	berth_json_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_values),
		cmocka_unit_test(order_and_every_message_count),
		cmocka_unit_test(survives_the_store),
		cmocka_unit_test(cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
