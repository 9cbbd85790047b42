/* SPDX-License-Identifier: Apache-2.0 */
/* DIDComm over HTTP where netd serves: netd to netd, and clients that misbehave.  Where it
 * dials: test_http_dial.c. */
#include <sys/resource.h>

#include "tests/unit/agent/netd/http.h"

#define POST "POST /didcomm HTTP/1.1\r\nHost: x\r\n"
#define HELLO POST TYPE "Content-Length: 5\r\n\r\nhello"

static void serve(struct netd *n)
{
	start(n);
	CHECK_OK(listen_on(n, "http://127.0.0.1:0/didcomm"));
}

/* Reads one answer with its body; the status, 0: closed without one. */
static int hear(int fd, char *body, size_t max, char *head, size_t head_max)
{
	char text[4096];
	size_t n = 0, len = 0;
	char *end = NULL, *p;

	while (n < sizeof(text) - 1 && !end) {
		if (recv(fd, text + n, 1, 0) != 1)
			return 0;
		text[++n] = '\0';
		end = strstr(text, "\r\n\r\n");
	}
	CHECK(end);
	if (head)
		snprintf(head, head_max, "%.1000s", text);
	if ((p = strcasestr(text, "content-length:")))
		len = (size_t)atol(p + 15);
	CHECK(!body || len < max);
	for (size_t i = 0; i < len; i++) {
		char c;

		if (recv(fd, &c, 1, 0) != 1)
			return 0;
		if (body)
			body[i] = c;
	}
	if (body)
		body[len] = '\0';
	return atoi(text + 9);
}

static int status(int fd) { return hear(fd, NULL, 0, NULL, 0); }

/* Says HELLO, which is stored. */
static void served_at(int fd, struct netd *n)
{
	struct berth_net_request q;
	struct berth_frame_request f;

	say(fd, HELLO);
	request_at(n, &q, &f);
	reply_to(n, q.request, BERTH_FRAME_STORED, NULL);
	assert_int_equal(202, status(fd));
}

static int status_of(const struct netd *n, const char *request)
{
	int fd = raw_connect(n, 1), code;

	say(fd, request);
	code = status(fd);
	close(fd);
	return code;
}

static void a_post_is_stored_and_may_bring_a_message(void **state)
{
	char body[64], head[1024];
	struct berth_net_request q;
	struct berth_frame_request f;
	struct netd n;
	int fd;

	(void)state;
	serve(&n);
	fd = raw_connect(&n, 1);
	say(fd, HELLO);
	request_at(&n, &q, &f);
	assert_int_equal(BERTH_NET_HTTP, q.transport);
	assert_string_equal("127.0.0.1", q.peer);
	assert_int_equal(BERTH_FRAME_ENCRYPTED, f.media);
	assert_int_equal(0, f.n_acks);
	assert_memory_equal("hello", f.msg, 5);
	reply_to(&n, q.request, BERTH_FRAME_STORED, NULL);
	assert_int_equal(202, hear(fd, body, sizeof(body), NULL, 0));
	assert_string_equal("", body);

	say(fd, HELLO);		/* on the same connection */
	request_at(&n, &q, &f);
	reply_to(&n, q.request, BERTH_FRAME_STORED, "world");
	assert_int_equal(200, hear(fd, body, sizeof(body), head, sizeof(head)));
	assert_string_equal("world", body);
	CHECK(strcasestr(head, "content-type: application/didcomm-encrypted+json\r\n"));
	told(&n, BERTH_NET_SENT, q.request);
	close(fd);
	stop(&n);
}

static void statuses_of_the_core_and_nothing_else(void **state)
{
	static const struct { enum berth_frame_status s; int code; } rows[] = {
		{ BERTH_FRAME_STORED, 202 }, { BERTH_FRAME_BUSY, 503 }, { BERTH_FRAME_REFUSED, 400 }, { BERTH_FRAME_TOO_BIG, 413 },
	};
	struct berth_net_request q;
	struct berth_frame_request f;
	struct netd n;
	char body[64];
	int fd;

	(void)state;
	serve(&n);
	fd = raw_connect(&n, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		say(fd, HELLO);
		request_at(&n, &q, &f);
		reply_to(&n, q.request, rows[i].s, NULL);
		assert_int_equal(rows[i].code, hear(fd, body, sizeof(body), NULL, 0));
		assert_string_equal("", body);
	}
	close(fd);
	stop(&n);
}

static void c060_media_types_are_those_of_didcomm(void **state)
{
	static const struct { const char *type; int code; enum berth_frame_media media; } rows[] = {
		{ "application/didcomm-encrypted+json", 202, BERTH_FRAME_ENCRYPTED },
		{ "Application/DIDComm-Encrypted+JSON; charset=utf-8", 202, BERTH_FRAME_ENCRYPTED },
		{ "didcomm-encrypted+json", 202, BERTH_FRAME_ENCRYPTED },
		{ "application/didcomm-envelope-enc", 202, BERTH_FRAME_ENCRYPTED },
		{ "application/didcomm-signed+json", 202, BERTH_FRAME_SIGNED },
		{ "application/didcomm-plain+json", 415, 0 }, { "application/json", 415, 0 },
		{ "application/didcomm-encrypted+jsonx", 415, 0 }, { "text/plain", 415, 0 }, { "", 415, 0 },
	};
	struct berth_net_request q;
	struct berth_frame_request f;
	char text[512];
	struct netd n;

	(void)state;
	serve(&n);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int fd = raw_connect(&n, 1);

		snprintf(text, sizeof(text), POST "Content-Type: %s\r\nContent-Length: 5\r\n\r\nhello", rows[i].type);
		say(fd, text);
		if (rows[i].code == 202) {
			request_at(&n, &q, &f);
			assert_int_equal(rows[i].media, f.media);
			reply_to(&n, q.request, BERTH_FRAME_STORED, NULL);
		}
		assert_int_equal(rows[i].code, status(fd));
		close(fd);
	}
	assert_int_equal(415, status_of(&n, POST "Content-Length: 5\r\n\r\nhello"));
	assert_int_equal(415, status_of(&n, POST TYPE TYPE "Content-Length: 5\r\n\r\nhello"));
	stop(&n);
}

static void c088_what_is_not_a_request_of_ours(void **state)
{
	static const struct { const char *text; int code, other; } rows[] = {
		{ "GET /didcomm HTTP/1.1\r\nHost: x\r\n\r\n", 405, 405 },
		{ "HEAD /didcomm HTTP/1.1\r\nHost: x\r\n\r\n", 405, 405 },
		{ "PUT /didcomm HTTP/1.1\r\nHost: x\r\n" TYPE "Content-Length: 5\r\n\r\nhello", 405, 405 },
		{ "POST / HTTP/1.1\r\nHost: x\r\n" TYPE "Content-Length: 5\r\n\r\nhello", 404, 404 },
		{ "POST /didcomm/ HTTP/1.1\r\nHost: x\r\n" TYPE "Content-Length: 5\r\n\r\nhello", 404, 404 },
		{ "POST /%64idcomm HTTP/1.1\r\nHost: x\r\n" TYPE "Content-Length: 5\r\n\r\nhello", 404, 404 },
		{ POST TYPE "\r\n", 411, 411 },
		{ POST TYPE "Content-Length: 0\r\n\r\n", 400, 400 },
		{ POST TYPE "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 400, 400 },
		{ POST TYPE "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400, 400 },
		{ POST TYPE "Content-Length: -5\r\n\r\nhello", 400, 413 },
		{ POST TYPE "Content-Length: 99999999999999999999\r\n\r\n", 413, 400 },
		{ POST TYPE "Content-Length: 999999999\r\n\r\n", 413, 413 },
		{ POST TYPE "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello", 400, 400 },
		{ POST TYPE "Transfer-Encoding: gzip\r\n\r\nhello", 400, 400 },
		{ POST TYPE "Berth-Acks: AA\r\nContent-Length: 5\r\n\r\nhello", 400, 400 },	/* version 0 */
		{ POST TYPE "Berth-Acks: AQE\r\nContent-Length: 5\r\n\r\nhello", 400, 400 },	/* one octet of 16 */
		{ "nonsense\r\n\r\n", 400, 0 },
	};
	struct berth_net_request q;
	struct berth_frame_request f;
	struct netd n;
	int fd;

	(void)state;
	serve(&n);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int code = status_of(&n, rows[i].text);

		if (code != rows[i].code && code != rows[i].other)
			fail_msg("%s -> %d, want %d or %d", rows[i].text, code, rows[i].code, rows[i].other);
	}
	fd = raw_connect(&n, 1);	/* the twin: chunks are fine */
	say(fd, POST TYPE "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n");
	request_at(&n, &q, &f);
	assert_int_equal(5, f.msg_len);
	reply_to(&n, q.request, BERTH_FRAME_STORED, NULL);
	assert_int_equal(202, status(fd));
	close(fd);
	stop(&n);
}

/* Cut anywhere, with and without waiting for an answer, it is no request. */
static void every_truncation_of_a_request(void **state)
{
	static const char *const whole[] = {
		HELLO, POST TYPE "Berth-Acks: AQ\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
	};
	struct berth_net_config cfg;
	struct berth_net_request q;
	struct berth_frame_request f;
	struct netd n;

	(void)state;
	serve(&n);
	local_config(&cfg);
	cfg.burst = 100000;
	configure(&n, &cfg);
	berth_netpol_free(&cfg.policy);
	for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++) {
		for (size_t len = 0; len < strlen(whole[i]); len++) {
			int fd = raw_connect(&n, 1), code;

			assert_int_equal(len, send(fd, whole[i], len, MSG_NOSIGNAL));
			shutdown(fd, SHUT_WR);
			code = status(fd);
			if (code != 0 && code != 400)
				fail_msg("%zu octets of request %zu: %d", len, i, code);
			close(fd);
		}
		int fd = raw_connect(&n, 1);	/* the twin, and the first that the core hears of */
		say(fd, whole[i]);
		request_at(&n, &q, &f);
		assert_memory_equal("hello", f.msg, 5);
		assert_int_equal(i + 1, q.request);
		reply_to(&n, q.request, BERTH_FRAME_STORED, NULL);
		assert_int_equal(202, status(fd));
		close(fd);
	}
	stop(&n);
}

static void c088_long_heads_and_bodies(void **state)
{
	static char kib[1025];
	struct netd n;
	int fd;

	(void)state;
	memset(kib, 'a', 1024);
	serve(&n);
	fd = raw_connect(&n, 1);	/* 100 KiB of headers */
	say(fd, POST TYPE "Content-Length: 5\r\n");
	for (int i = 0; i < 100; i++)
		if (send(fd, "X: ", 3, MSG_NOSIGNAL) < 0 || send(fd, kib, 1024, MSG_NOSIGNAL) < 0 || send(fd, "\r\n", 2, MSG_NOSIGNAL) < 0)
			break;
	assert_int_equal(431, status(fd));
	close(fd);

	fd = raw_connect(&n, 1);	/* 9 KiB: libmicrohttpd has room for them, we have not */
	say(fd, POST TYPE "Content-Length: 5\r\nX: ");
	send_filler(fd, kib, 9);
	say(fd, "\r\n\r\nhello");
	assert_int_equal(431, status(fd));
	close(fd);

	fd = raw_connect(&n, 1);	/* one octet above 1 MiB, announced and not */
	say(fd, POST TYPE "Content-Length: 1048577\r\n\r\n");
	send_filler(fd, kib, 1024);
	say(fd, "a");
	assert_int_equal(413, status(fd));
	close(fd);
	fd = raw_connect(&n, 1);
	say(fd, POST TYPE "Transfer-Encoding: chunked\r\n\r\n100001\r\n");
	send_filler(fd, kib, 1024);
	say(fd, "a\r\n0\r\n\r\n");
	assert_int_equal(413, status(fd));
	close(fd);
	fd = raw_connect(&n, 1);	/* nobody has that many: it is not read to its end */
	say(fd, POST TYPE "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n");
	send_filler(fd, kib, 8192);
	CHECK(is_closed(fd));
	close(fd);
	stop(&n);
}

static void a_message_of_the_full_size_goes_both_ways(void **state)
{
	char *big = malloc(BERTH_FRAME_MESSAGE_MAX + 1), uri[BERTH_NET_URI_MAX + 1];
	struct berth_net_request q;
	struct berth_frame_request f;
	struct berth_frame_reply p;
	struct berth_net_result r;
	struct netd a, b;

	(void)state;
	memset(big, 'x', BERTH_FRAME_MESSAGE_MAX);
	big[BERTH_FRAME_MESSAGE_MAX] = '\0';
	serve(&a);
	start(&b);
	snprintf(uri, sizeof(uri), "http://owner.test:%u/didcomm", port_of(&a));
	send_to(&b, 1, uri, big, PATIENCE_MS);
	request_at(&a, &q, &f);
	assert_int_equal(BERTH_NET_HTTP_ACKS, q.transport);
	assert_int_equal(BERTH_FRAME_MESSAGE_MAX, f.msg_len);
	reply_to(&a, q.request, BERTH_FRAME_STORED, big);
	result_of(&b, 1, BERTH_OK, &r);
	CHECK_OK(berth_frame_reply_decode(&p, r.frame, r.frame_len));
	assert_int_equal(BERTH_FRAME_STORED, p.status);
	assert_int_equal(1, p.n_msgs);
	assert_int_equal(BERTH_FRAME_MESSAGE_MAX, p.msgs[0].n);
	CHECK(r.sent > BERTH_FRAME_MESSAGE_MAX && r.received > BERTH_FRAME_MESSAGE_MAX);
	assert_int_equal(2, status_kb(&a, "status", "Seccomp:"));	/* C159: the filter stays */
	assert_int_equal(2, status_kb(&b, "status", "Seccomp:"));
	printf("measured: netd that serves HTTP: PSS %ld kB, that POSTs: %ld kB\n", status_kb(&a, "smaps_rollup", "Pss:"),
	       status_kb(&b, "smaps_rollup", "Pss:"));
	stop(&a);
	stop(&b);
	free(big);
}

static void acks_travel_in_a_header(void **state)
{
	static const uint8_t acks[32] = { 1, 2, 3, [16] = 0xff };
	struct berth_frame_request out = { .media = BERTH_FRAME_ENCRYPTED, .acks = acks, .n_acks = 2,
		.msg = (const uint8_t *)"hello", .msg_len = 5 };
	struct berth_buf frame = BERTH_BUF_INIT, b = BERTH_BUF_INIT;
	struct berth_net_send m = { .id = 4 };
	struct berth_net_request q;
	struct berth_frame_request f;
	struct berth_net_result r;
	struct netd s, c;

	(void)state;
	serve(&s);
	start(&c);
	CHECK_OK(berth_frame_request_encode(&frame, &out));
	snprintf(m.uri, sizeof(m.uri), "http://127.0.0.1:%u/didcomm", port_of(&s));
	m.frame = frame.p;
	m.frame_len = frame.len;
	berth_net_send_encode(&b, &m);
	tell(&c, BERTH_NET_SEND, &b);
	request_at(&s, &q, &f);
	assert_int_equal(2, f.n_acks);
	assert_memory_equal(acks, f.acks, 32);
	reply_to(&s, q.request, BERTH_FRAME_STORED, "world");	/* to be acknowledged: no SENT */
	result_of(&c, 4, BERTH_OK, &r);
	send_to(&c, 5, m.uri, "again", PATIENCE_MS);
	request_at(&s, &q, &f);			/* would have been SENT before it */
	reply_to(&s, q.request, BERTH_FRAME_STORED, NULL);
	result_of(&c, 5, BERTH_OK, &r);
	berth_buf_free(&frame);
	stop(&s);
	stop(&c);
}

static void a_message_is_not_given_to_who_has_left(void **state)
{
	struct berth_net_request q;
	struct berth_frame_request f;
	struct netd n;
	int fd;

	(void)state;
	serve(&n);
	fd = raw_connect(&n, 1);
	say(fd, HELLO);
	request_at(&n, &q, &f);
	close(fd);
	told(&n, BERTH_NET_GONE, q.request);
	reply_to(&n, q.request, BERTH_FRAME_STORED, "lost");	/* ignored */
	fd = raw_connect(&n, 1);	/* and the next one is served */
	say(fd, HELLO);
	request_at(&n, &q, &f);
	reply_to(&n, q.request, BERTH_FRAME_STORED, "kept");
	assert_int_equal(200, status(fd));
	told(&n, BERTH_NET_SENT, q.request);
	close(fd);
	stop(&n);
}

static void a_core_that_is_silent_is_busy(void **state)
{
	struct berth_net_config cfg;
	struct berth_net_request q;
	struct berth_frame_request f;
	struct netd n;
	char head[1024];
	int fd;

	(void)state;
	serve(&n);
	local_config(&cfg);
	cfg.park_ms = 300;
	configure(&n, &cfg);
	berth_netpol_free(&cfg.policy);
	fd = raw_connect(&n, 1);
	say(fd, HELLO);
	request_at(&n, &q, &f);
	assert_int_equal(503, hear(fd, NULL, 0, head, sizeof(head)));
	CHECK(strcasestr(head, "retry-after: "));
	told(&n, BERTH_NET_GONE, q.request);
	close(fd);
	stop(&n);
}

static void c089_slow_peers_cost_only_themselves(void **state)
{
	struct berth_net_config cfg;
	static char kib[1025];
	struct netd n;
	int slow[8], fd;

	(void)state;
	memset(kib, 'a', 1024);
	serve(&n);
	local_config(&cfg);
	cfg.conns_source_max = 8;
	cfg.rate_per_s = 1;
	cfg.burst = 12;
	configure(&n, &cfg);
	berth_netpol_free(&cfg.policy);
	for (size_t i = 0; i < 8; i++) {	/* 3 MiB between them, of which one address may have 2 */
		slow[i] = raw_connect(&n, 2);
		say(slow[i], POST TYPE "Content-Length: 1048576\r\n\r\n");
		send_filler(slow[i], kib, 384);
	}
	fd = raw_connect(&n, 2);
	CHECK(is_closed(fd));	/* the ninth of that address */
	close(fd);
	fd = raw_connect(&n, 3);	/* others are served */
	served_at(fd, &n);
	for (int i = 0; i < 11; i++)
		served_at(fd, &n);
	say(fd, HELLO);
	assert_int_equal(503, status(fd));	/* too fast */
	send_filler(slow[7], kib, 640);
	assert_int_equal(503, status(slow[7]));	/* its address held too much */
	for (size_t i = 0; i < 8; i++)
		close(slow[i]);
	close(fd);
#ifndef __SANITIZE_ADDRESS__
	CHECK(status_kb(&n, "status", "VmRSS:") < 32 << 10);
#endif
	stop(&n);
}

static void aborts(const struct netd *n, int times)
{
	static const struct linger reset = { .l_onoff = 1 };

	for (int i = 0; i < times; i++) {
		int fd = raw_connect(n, 1 + (unsigned)i % 8);

		(void)!send(fd, HELLO, (size_t)i % (sizeof(HELLO) - 1), MSG_NOSIGNAL);	/* it may be closed by now */
		if (i % 2)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(fd);
	}
}

static void c089_connects_and_aborts_leave_nothing(void **state)
{
	struct netd n;
	long before;
	int fd;

	(void)state;
	serve(&n);
	aborts(&n, 1000);
	before = status_kb(&n, "status", "VmRSS:");
	aborts(&n, 5000);
	fd = raw_connect(&n, 9);
	served_at(fd, &n);
	close(fd);
	printf("measured: RSS after 1000 aborted connections %ld kB, after 6000 %ld kB\n", before, status_kb(&n, "status", "VmRSS:"));
#ifndef __SANITIZE_ADDRESS__
	CHECK(status_kb(&n, "status", "VmRSS:") < before + 1024);
#endif
	stop(&n);
}

static void c089_without_descriptors_http_pauses_and_recovers(void **state)
{
	struct rlimit few = { .rlim_cur = 40, .rlim_max = 40 };
	struct netd n;
	int fds[64], fd;

	(void)state;
	serve(&n);
	assert_int_equal(0, prlimit(n.p.pid, RLIMIT_NOFILE, &few, NULL));
	for (size_t i = 0; i < 64; i++)
		fds[i] = raw_connect(&n, 2 + (unsigned)i / 16);
	for (size_t i = 0; i < 64; i++)
		close(fds[i]);
	fd = raw_connect(&n, 1);
	served_at(fd, &n);
	close(fd);
	stop(&n);
}

static void listeners_are_on_numbers_and_paths(void **state)
{
	static const char *const bad[] = {
		"https://127.0.0.1:0/", "http://localhost:0/", "http://127.0.0.1:0/a?b", "http://u@127.0.0.1:0/", "http://127.0.0.1:0/#a",
		"http://127.1:0/", "http://", "http://:1/", "http://[::1:0/", "http://127.0.0.1:65536/",
	};
	struct berth_net_request q;
	struct berth_frame_request f;
	struct berth_buf b = BERTH_BUF_INIT;
	struct netd n;
	int fd;

	(void)state;
	start(&n);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_RC(BERTH_E_CONFIG, listen_on(&n, bad[i]));
	CHECK_OK(listen_on(&n, "http://127.0.0.1:0"));	/* "/" */
	fd = raw_connect(&n, 1);
	say(fd, "POST / HTTP/1.1\r\nHost: x\r\n" TYPE "Content-Length: 5\r\n\r\nhello");
	request_at(&n, &q, &f);
	reply_to(&n, q.request, BERTH_FRAME_STORED, NULL);
	assert_int_equal(202, status(fd));
	CHECK_RC(BERTH_E_UNAVAILABLE, listen_on(&n, n.bound));	/* taken; the twin of the next */
	CHECK_OK(listen_on(&n, "http://127.0.0.1:0"));
	berth_net_uri_encode(&b, "http://127.0.0.1:0");
	tell(&n, BERTH_NET_CLOSE, &b);
	CHECK(is_closed(fd));
	close(fd);
	stop(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_post_is_stored_and_may_bring_a_message),
		cmocka_unit_test(statuses_of_the_core_and_nothing_else),
		cmocka_unit_test(c060_media_types_are_those_of_didcomm),
		cmocka_unit_test(c088_what_is_not_a_request_of_ours),
		cmocka_unit_test(every_truncation_of_a_request),
		cmocka_unit_test(c088_long_heads_and_bodies),
		cmocka_unit_test(a_message_of_the_full_size_goes_both_ways),
		cmocka_unit_test(acks_travel_in_a_header),
		cmocka_unit_test(a_message_is_not_given_to_who_has_left),
		cmocka_unit_test(a_core_that_is_silent_is_busy),
		cmocka_unit_test(c089_slow_peers_cost_only_themselves),
		cmocka_unit_test(c089_connects_and_aborts_leave_nothing),
		cmocka_unit_test(c089_without_descriptors_http_pauses_and_recovers),
		cmocka_unit_test(listeners_are_on_numbers_and_paths),
	};

	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
