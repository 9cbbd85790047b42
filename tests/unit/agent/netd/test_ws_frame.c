/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 6455 without a connection: its own examples, every cut, every rule. */
#include "agent/netd/ws_frame.h"
#include "agent/netd/ws_text.h"

#include "tests/check.h"

#define MAX 70000

/* All events of some octets, given in pieces: "T5 " is a text of five octets.  The code. */
static enum berth_err events(char *out, size_t size, bool masked, const void *p, size_t n, size_t piece)
{
	struct berth_ws_in in = { .masked = masked, .message_max = MAX };
	enum berth_err rc = BERTH_OK;
	size_t at = 0, len = 0;

	out[0] = '\0';
	while (!rc && at < n) {
		size_t some = n - at < piece ? n - at : piece, used;
		uint8_t *exact = malloc(some);
		struct berth_ws_event ev;

		memcpy(exact, (const uint8_t *)p + at, some);
		rc = berth_ws_take(&in, exact, some, &used, &ev);
		if (!rc && ev.is)
			len += (size_t)snprintf(out + len, size - len, "%d:%zu:%.*s ", (int)ev.op, ev.n, ev.n < 20 ? (int)ev.n : 0,
						(const char *)ev.p);
		CHECK(rc || used == some || ev.is);
		at += used;
		free(exact);
	}
	berth_ws_in_free(&in);
	return rc;
}

/* Section 5.7. */
static void the_examples_of_the_standard(void **state)
{
	static const struct { bool masked; const char *p; size_t n; const char *want; } rows[] = {
		{ false, "\x81\x05\x48\x65\x6c\x6c\x6f", 7, "1:5:Hello " },
		{ true, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11, "1:5:Hello " },
		{ false, "\x01\x03\x48\x65\x6c\x80\x02\x6c\x6f", 9, "1:5:Hello " },
		{ false, "\x89\x05\x48\x65\x6c\x6c\x6f", 7, "9:5:Hello " },
		{ true, "\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11, "10:5:Hello " },
		{ false, "\x02\0\x89\x01p\x80\x02ok\x81\0\x88\x02\x03\xe8", 15, "9:1:p 2:2:ok 1:0: 8:2:\x03\xe8 " },
	};
	char got[200];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (size_t piece = 1; piece <= rows[i].n; piece++) {
			CHECK_OK(events(got, sizeof(got), rows[i].masked, rows[i].p, rows[i].n, piece));
			assert_string_equal(rows[i].want, got);
		}
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)	/* cut anywhere: nothing wrong, nothing whole */
		for (size_t n = 0; i < 5 && n < rows[i].n; n++) {
			CHECK_OK(events(got, sizeof(got), rows[i].masked, rows[i].p, n, n ? n : 1));
			assert_string_equal("", got);
		}
}

static void c086_every_rule_of_frames(void **state)
{
	static const struct { bool masked; const char *p; size_t n; enum berth_err rc; } rows[] = {
		{ true, "\x81\x05hello", 7, BERTH_E_ENV }, { false, "\x81\x85\0\0\0\0hello", 11, BERTH_E_ENV },
		{ false, "\xc1\x00", 2, BERTH_E_ENV }, { false, "\xa1\x00", 2, BERTH_E_ENV }, { false, "\x91\x00", 2, BERTH_E_ENV },
		{ false, "\x83\x00", 2, BERTH_E_ENV }, { false, "\x87\x00", 2, BERTH_E_ENV }, { false, "\x8b\x00", 2, BERTH_E_ENV },
		{ false, "\x8f\x00", 2, BERTH_E_ENV }, { false, "\x80\x00", 2, BERTH_E_ENV }, { false, "\x00\x00", 2, BERTH_E_ENV },
		{ false, "\x08\x00", 2, BERTH_E_ENV }, { false, "\x09\x00", 2, BERTH_E_ENV }, { false, "\x89\x7e\x00\x7e", 4, BERTH_E_ENV },
		{ false, "\x82\x7e\x00\x7d", 4, BERTH_E_ENV }, { false, "\x82\x7f\0\0\0\0\0\0\xff\xff", 10, BERTH_E_ENV },
		{ false, "\x82\x7f\x80\0\0\0\0\0\0\0", 10, BERTH_E_ENV }, { false, "\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10, BERTH_E_SIZE },
		{ false, "\x01\x01x\x81\x00", 5, BERTH_E_ENV }, { false, "\x01\x01x\x02\x00", 5, BERTH_E_ENV },
		{ false, "\x01\x01x\x80\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 13, BERTH_E_ENV },
		{ false, "\x01\x01x\x80\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 13, BERTH_E_SIZE },
		{ false, "\x01\x01x\x89\x00\x80\x00", 7, BERTH_OK },
	};
	char got[200];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (size_t piece = 1; piece <= rows[i].n; piece++) {
			enum berth_err rc = events(got, sizeof(got), rows[i].masked, rows[i].p, rows[i].n, piece);

			if (rc != rows[i].rc)
				fail_msg("row %zu: %s, want %s", i, berth_err_name(rc), berth_err_name(rows[i].rc));
		}
}

static void lengths_and_parts_are_capped(void **state)
{
	static const size_t lens[] = { 0, 1, 125, 126, 127, 65535, 65536, MAX };
	static const uint8_t mask[4] = { 9, 8, 7, 6 };
	struct berth_buf b = BERTH_BUF_INIT;
	char *text = calloc(1, MAX + 1), got[200], want[40];

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++)
		for (int masked = 0; masked < 2; masked++) {
			berth_buf_reset(&b);
			berth_ws_put(&b, BERTH_WS_BINARY, masked ? mask : NULL, text, lens[i]);
			CHECK_OK(berth_buf_status(&b));
			CHECK_OK(events(got, sizeof(got), masked, b.p, b.len, 4096));
			snprintf(want, sizeof(want), "2:%zu:", lens[i]);
			assert_int_equal(0, strncmp(want, got, strlen(want)));
		}
	berth_buf_reset(&b);
	berth_ws_put(&b, BERTH_WS_BINARY, NULL, text, MAX + 1);
	CHECK_RC(BERTH_E_SIZE, events(got, sizeof(got), false, b.p, b.len, 4096));
	for (size_t parts = BERTH_WS_PARTS_MAX; parts <= BERTH_WS_PARTS_MAX + 1; parts++) {
		berth_buf_reset(&b);
		berth_buf_put(&b, "\x01\0", 2);
		for (size_t i = 2; i < parts; i++)
			berth_buf_put(&b, "\0\0", 2);
		berth_buf_put(&b, "\x80\0", 2);
		CHECK_RC(parts > BERTH_WS_PARTS_MAX ? BERTH_E_SIZE : BERTH_OK, events(got, sizeof(got), false, b.p, b.len, 64));
	}
	berth_buf_free(&b);
	free(text);
}

static void answers_of_servers(void **state)
{
	static const char good[] = "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: keep-alive ,upgrade\r\n"
				   "Sec-WebSocket-Accept:  s3pPLMBiTxaQ9kYGzzhZRbK+xOo= \r\n\r\nframes";
	static const char *const bad[] = {
		"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 101 x\r\n\r\n", "x\r\n\r\n", "\r\n\r\n",
		"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo\r\n\r\n",
		"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
		"HTTP/1.1 101 x\r\nUpgrade: websocketx\r\nConnection: upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
		"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
		"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
		"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
	};
	static const char accept[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
	char *endless = malloc(BERTH_WS_ANSWER_MAX);
	size_t end, len = sizeof(good) - 1;
	int status;

	(void)state;
	CHECK_OK(berth_ws_answer(good, len, accept, &end, &status));
	assert_int_equal(len - 6, end);
	assert_int_equal(101, status);
	for (size_t n = 0; n < len - 6; n++) {
		char *exact = malloc(n ? n : 1);

		memcpy(exact, good, n);
		CHECK_OK(berth_ws_answer(exact, n, accept, &end, &status));
		assert_int_equal(0, end);
		free(exact);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_RC(BERTH_E_ENV, berth_ws_answer(bad[i], strlen(bad[i]), accept, &end, &status));
	memset(endless, 'x', BERTH_WS_ANSWER_MAX);
	CHECK_OK(berth_ws_answer(endless, BERTH_WS_ANSWER_MAX - 1, accept, &end, &status));
	CHECK_RC(BERTH_E_ENV, berth_ws_answer(endless, BERTH_WS_ANSWER_MAX, accept, &end, &status));
	free(endless);
}

static void keys_and_what_is_answered(void **state)
{
	/* section 1.3: SHA-1 of the sample key and the GUID */
	static const uint8_t sha1[20] = { 0xb3, 0x7a, 0x4f, 0x2c, 0xc0, 0x62, 0x4f, 0x16, 0x90, 0xf6, 0x46, 0x06, 0xcf, 0x38, 0x59, 0x45,
					  0xb2, 0xbe, 0xc4, 0xea };
	char accept[BERTH_WS_ACCEPT_LEN + 1], key[BERTH_WS_KEY_LEN + 1];

	(void)state;
	berth_ws_accept_text(accept, sha1);
	assert_string_equal("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", accept);
	berth_ws_key_text(key, (const uint8_t *)"the sample nonce");
	assert_string_equal("dGhlIHNhbXBsZSBub25jZQ==", key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_examples_of_the_standard),
		cmocka_unit_test(c086_every_rule_of_frames),
		cmocka_unit_test(lengths_and_parts_are_capped),
		cmocka_unit_test(answers_of_servers),
		cmocka_unit_test(keys_and_what_is_answered),
	};

	return cmocka_run_group_tests_name("ws_frame", tests, NULL, NULL);
}
