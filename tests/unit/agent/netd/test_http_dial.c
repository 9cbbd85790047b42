/* SPDX-License-Identifier: Apache-2.0 */
/* Our POSTs, over sockets: where they go, what servers answer, and what that means. */
#include <fcntl.h>

#include "tests/unit/agent/netd/http.h"

/* A server of one answer; its port. */
static int server(uint16_t *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval limit = { .tv_sec = PATIENCE_MS / 1000 };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(0, bind(fd, (struct sockaddr *)&at, sizeof(at)));
	assert_int_equal(0, listen(fd, 8));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	getsockname(fd, (struct sockaddr *)&at, &len);
	*port = ntohs(at.sin_port);
	return fd;
}

/* Reads the request to the end of its 5 octets. */
static int take_post(int listener, char *text, size_t max)
{
	int fd = accept(listener, NULL, NULL);
	size_t n = 0;
	char *end;

	CHECK(fd >= 0);
	for (;;) {
		CHECK(n < max - 1 && recv(fd, text + n, 1, 0) == 1);
		text[++n] = '\0';
		if ((end = strstr(text, "\r\n\r\n")) && text + n == end + 9)
			return fd;
	}
}

static void answer_with(struct netd *n, int listener, uint16_t port, uint64_t id, const char *text)
{
	char uri[BERTH_NET_URI_MAX + 1], got[4096];
	int fd;

	snprintf(uri, sizeof(uri), "http://owner.test:%u/a/b?c=d", port);
	send_to(n, id, uri, "hello", PATIENCE_MS);
	fd = take_post(listener, got, sizeof(got));
	CHECK(strncmp(got, "POST /a/b?c=d HTTP/1.1\r\n", 24) == 0);
	say(fd, text);
	close(fd);
}

static void what_servers_answer_is_a_status_of_ours(void **state)
{
	static const struct { const char *text; enum berth_frame_status s; uint32_t retry; const char *msg; } rows[] = {
		{ "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", BERTH_FRAME_STORED, 0, NULL },
		{ "HTTP/1.1 204 No Content\r\n\r\n", BERTH_FRAME_STORED, 0, NULL },
		{ "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nok", BERTH_FRAME_STORED, 0, NULL },
		{ "HTTP/1.1 200 OK\r\n" TYPE "Content-Length: 5\r\n\r\nworld", BERTH_FRAME_STORED, 0, "world" },
		{ "HTTP/1.1 200 OK\r\n" TYPE "Transfer-Encoding: chunked\r\n\r\n5\r\nworld\r\n0\r\n\r\n", BERTH_FRAME_STORED, 0, "world" },
		{ "HTTP/1.0 200 OK\r\n" TYPE "\r\nworld", BERTH_FRAME_STORED, 0, "world" },
		{ "HTTP/1.1 200 OK\r\nContent-Type: application/didcomm-envelope-enc\r\nContent-Length: 5\r\n\r\nworld", BERTH_FRAME_STORED, 0, "world" },
		{ "HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n", BERTH_FRAME_BUSY, 120, NULL },
		{ "HTTP/1.1 503 Busy\r\nRetry-After: 999999\r\nContent-Length: 0\r\n\r\n", BERTH_FRAME_BUSY, 86400, NULL },
		{ "HTTP/1.1 429 Slow\r\nRetry-After: -4\r\nContent-Length: 0\r\n\r\n", BERTH_FRAME_BUSY, 0, NULL },
		{ "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", BERTH_FRAME_BUSY, 0, NULL },
		{ "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", BERTH_FRAME_BUSY, 0, NULL },
		{ "HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n", BERTH_FRAME_REFUSED, 0, NULL },
		{ "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", BERTH_FRAME_REFUSED, 0, NULL },
		{ "HTTP/1.1 415 No\r\n" TYPE "Content-Length: 5\r\n\r\nworld", BERTH_FRAME_REFUSED, 0, NULL },
		{ "HTTP/1.1 413 Big\r\nContent-Length: 0\r\n\r\n", BERTH_FRAME_TOO_BIG, 0, NULL },
		{ "HTTP/1.1 301 Moved\r\nLocation: http://owner.test/\r\nContent-Length: 0\r\n\r\n", BERTH_FRAME_BUSY, 0, NULL },
		{ "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", BERTH_FRAME_BUSY, 0, NULL },
	};
	struct berth_frame_reply f;
	struct berth_net_result r;
	struct netd n;
	uint16_t port;
	int fd = server(&port);

	(void)state;
	start(&n);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		answer_with(&n, fd, port, i, rows[i].text);
		result_of(&n, i, BERTH_OK, &r);
		CHECK_OK(berth_frame_reply_decode(&f, r.frame, r.frame_len));
		if (f.status != rows[i].s || f.retry_after_s != rows[i].retry || f.n_msgs != (rows[i].msg != NULL))
			fail_msg("%s -> %d, %u, %zu", rows[i].text, f.status, f.retry_after_s, f.n_msgs);
		if (rows[i].msg)
			assert_memory_equal(rows[i].msg, f.msgs[0].p, f.msgs[0].n);
	}
	close(fd);
	stop(&n);
}

/* Only a whole answer counts, also after interim ones.  What HTTP/1.0 ends by closing is
 * not told from a cut, and curl does not miss the very last octet of chunks. */
static void every_truncation_of_an_answer(void **state)
{
	static const struct { const char *whole; size_t n_msgs, spare; } rows[] = {
		{ "HTTP/1.1 200 OK\r\n" TYPE "Content-Length: 5\r\n\r\nworld", 1, 0 },
		{ "HTTP/1.1 200 OK\r\n" TYPE "Transfer-Encoding: chunked\r\n\r\n3\r\nwor\r\n2\r\nld\r\n0\r\n\r\n", 1, 1 },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer: x\r\n\r\n", 0, 1 },
		{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\nHTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", 0, 0 },
		{ "HTTP/1.1 202 Accepted\nContent-Length: 0\n\n", 0, 0 },
	};
	struct berth_frame_reply p;
	struct berth_net_result r;
	struct netd n;
	uint16_t port;
	int l = server(&port);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const size_t whole = strlen(rows[i].whole);

		start(&n);	/* each its own, for there is a rate for each host */
		for (size_t len = 0; len <= whole; len++) {
			char *cut = strndup(rows[i].whole, len);

			answer_with(&n, l, port, len, cut);
			free(cut);
			result_of(&n, len, len + rows[i].spare < whole ? BERTH_E_UNAVAILABLE : BERTH_OK, &r);
		}
		CHECK_OK(berth_frame_reply_decode(&p, r.frame, r.frame_len));
		CHECK(p.status == BERTH_FRAME_STORED && p.n_msgs == rows[i].n_msgs);
		stop(&n);
	}
	close(l);
}

/* Half an address is not gone to. */
static void every_truncation_of_a_redirection(void **state)
{
	char whole[128], got[4096];
	struct berth_net_result r;
	struct netd n;
	uint16_t port, other;
	int l = server(&port), to = server(&other), fd;
	int len = (snprintf(whole, sizeof(whole), "HTTP/1.1 307 There\r\nLocation: http://127.0.0.1:%u/x\r\nContent-Length: 0\r\n\r\n", other), 0);

	(void)state;
	start(&n);
	for (; whole[len]; len++) {
		char *cut = strndup(whole, (size_t)len);

		answer_with(&n, l, port, (uint64_t)len, cut);
		free(cut);
		result_of(&n, (uint64_t)len, BERTH_E_UNAVAILABLE, &r);
	}
	answer_with(&n, l, port, 1, whole);
	fd = take_post(to, got, sizeof(got));
	say(fd, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
	close(fd);
	result_of(&n, 1, BERTH_OK, &r);
	close(l);
	close(to);
	stop(&n);
}

static void c090_answers_that_do_not_end(void **state)
{
	char uri[BERTH_NET_URI_MAX + 1], got[4096];
	static char kib[1025];
	struct berth_net_result r;
	struct netd n;
	uint16_t port;
	int l = server(&port), fd;

	(void)state;
	memset(kib, 'a', 1024);
	start(&n);
	answer_with(&n, l, port, 1, "HTTP/1.1 200 OK\r\n" TYPE "Content-Length: 10737418240\r\n\r\nworld");	/* 10 GiB, and cut */
	result_of(&n, 1, BERTH_E_UNAVAILABLE, &r);
	answer_with(&n, l, port, 2, "HTTP/1.1 200 OK\r\n" TYPE "Content-Length: 6\r\n\r\nworld");
	result_of(&n, 2, BERTH_E_UNAVAILABLE, &r);
	answer_with(&n, l, port, 3, "nonsense\r\n\r\n");
	result_of(&n, 3, BERTH_E_UNAVAILABLE, &r);
	answer_with(&n, l, port, 4, "");
	result_of(&n, 4, BERTH_E_UNAVAILABLE, &r);

	snprintf(uri, sizeof(uri), "http://owner.test:%u/", port);
	send_to(&n, 5, uri, "hello", PATIENCE_MS);	/* a body without end */
	fd = take_post(l, got, sizeof(got));
	say(fd, "HTTP/1.1 200 OK\r\n" TYPE "\r\n");
	send_filler(fd, kib, 4096);
	result_of(&n, 5, BERTH_E_SIZE, &r);
	close(fd);
	send_to(&n, 6, uri, "hello", PATIENCE_MS);	/* a head without end */
	fd = take_post(l, got, sizeof(got));
	say(fd, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 64; i++)
		if (send(fd, "X: ", 3, MSG_NOSIGNAL) < 0 || send(fd, kib, 1024, MSG_NOSIGNAL) < 0 || send(fd, "\r\n", 2, MSG_NOSIGNAL) < 0)
			break;
	result_of(&n, 6, BERTH_E_SIZE, &r);
	close(fd);
	send_to(&n, 7, uri, "hello", 300);	/* one that never comes */
	fd = take_post(l, got, sizeof(got));
	say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nw");
	result_of(&n, 7, BERTH_E_UNAVAILABLE, &r);
	close(fd);
	answer_with(&n, l, port, 8, "HTTP/1.1 202 OK\r\nContent-Length: 0\r\n\r\n");
	result_of(&n, 8, BERTH_OK, &r);
	close(l);
	stop(&n);
}

static void c090_only_307_is_followed_once_and_judged(void **state)
{
	char uri[BERTH_NET_URI_MAX + 1], got[4096], text[512];
	struct berth_frame_reply f;
	struct berth_net_result r;
	struct netd n;
	uint16_t port, other;
	int l = server(&port), to = server(&other), fd;

	(void)state;
	start(&n);
	snprintf(uri, sizeof(uri), "http://owner.test:%u/", port);
	snprintf(text, sizeof(text), "HTTP/1.1 307 There\r\nLocation: http://127.0.0.1:%u/x\r\nContent-Length: 0\r\n\r\n", other);
	send_to(&n, 1, uri, "hello", PATIENCE_MS);
	fd = take_post(l, got, sizeof(got));
	say(fd, text);
	close(fd);
	fd = take_post(to, got, sizeof(got));	/* the message came along */
	CHECK(strncmp(got, "POST /x HTTP/1.1\r\n", 18) == 0 && strstr(got, "\r\n\r\nhello"));
	say(fd, text);		/* once is enough */
	close(fd);
	result_of(&n, 1, BERTH_OK, &r);
	CHECK_OK(berth_frame_reply_decode(&f, r.frame, r.frame_len));
	assert_int_equal(BERTH_FRAME_BUSY, f.status);

	static const char *const there[] = { "http://10.0.0.1/", "http://169.254.169.254/latest", "http://[fe80::1]/", "http://owner.test:25/" };
	for (size_t i = 0; i < sizeof(there) / sizeof(*there); i++) {
		snprintf(text, sizeof(text), "HTTP/1.1 307 There\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", there[i]);
		send_to(&n, 10 + i, uri, "hello", PATIENCE_MS);
		fd = take_post(l, got, sizeof(got));
		say(fd, text);
		close(fd);
		result_of(&n, 10 + i, BERTH_E_NETPOL, &r);
	}
	close(l);
	close(to);
	stop(&n);
}

static void c103_endpoints_that_are_not_dialled(void **state)
{
	static const char *const refused[] = {
		"http://127.0.0.1:%u/", "http://owner.test:%u/", "http://localhost:%u/", "http://0x7f.1:%u/", "http://2130706433:%u/",
		"http://127.1:%u/", "http://[::ffff:127.0.0.1]:%u/", "http://8.8.8.8@127.0.0.1:%u/", "http://8.8.8.8\\@127.0.0.1:%u/",
		"http://8.8.8.8#@127.0.0.1:%u/", "https://127.0.0.1:%u/", "http://127.0.0.1:%u /", "http://[::1%%lo]:%u/",
		"http://8.8.8.8:0/", "http://8.8.8.8:25/", "http://8.8.8.8:022/", "http:///", "http://a:/", "https://[",
	};
	char uri[BERTH_NET_URI_MAX + 1];
	struct berth_net_config cfg;
	struct berth_net_result r;
	struct netd n;
	uint16_t port;
	int l = server(&port);

	(void)state;
	fcntl(l, F_SETFL, O_NONBLOCK);
	spawn(&n);
	berth_net_config_init(&cfg);
	CHECK_OK(berth_netpol_add_host(&cfg.policy, "owner.test=127.0.0.1"));
	configure(&n, &cfg);
	berth_netpol_free(&cfg.policy);
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		char *at;

		snprintf(uri, sizeof(uri), "%s", refused[i]);
		if ((at = strstr(uri, "%u")))
			snprintf(at, sizeof(uri) - (size_t)(at - uri), "%u%s", port, strstr(refused[i], "%u") + 2);
		send_to(&n, i, uri, "x", PATIENCE_MS);
		result_of(&n, i, BERTH_E_NETPOL, &r);
	}
	CHECK(accept(l, NULL, NULL) < 0 && errno == EAGAIN);	/* 0 connects */
	local_config(&cfg);
	configure(&n, &cfg);
	berth_netpol_free(&cfg.policy);
	fcntl(l, F_SETFL, 0);
	answer_with(&n, l, port, 99, "HTTP/1.1 202 OK\r\nContent-Length: 0\r\n\r\n");	/* the twin */
	result_of(&n, 99, BERTH_OK, &r);
	close(l);
	stop(&n);
}

static void a_proxy_of_the_environment_is_ignored(void **state)
{
	struct berth_net_result r;
	struct netd n;
	uint16_t port;
	int l = server(&port);

	(void)state;
	setenv("http_proxy", "http://127.0.0.1:9/", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:9/", 1);
	start(&n);
	answer_with(&n, l, port, 1, "HTTP/1.1 202 OK\r\nContent-Length: 0\r\n\r\n");
	result_of(&n, 1, BERTH_OK, &r);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
	close(l);
	stop(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_servers_answer_is_a_status_of_ours),
		cmocka_unit_test(every_truncation_of_an_answer),
		cmocka_unit_test(every_truncation_of_a_redirection),
		cmocka_unit_test(c090_answers_that_do_not_end),
		cmocka_unit_test(c090_only_307_is_followed_once_and_judged),
		cmocka_unit_test(c103_endpoints_that_are_not_dialled),
		cmocka_unit_test(a_proxy_of_the_environment_is_ignored),
	};

	return cmocka_run_group_tests_name("http_dial", tests, NULL, NULL);
}
