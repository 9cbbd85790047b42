/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket: netd to netd, and peers that speak frames by hand. */
#include <poll.h>
#include <sys/wait.h>

#include "agent/netd/ws_frame.h"
#include "tests/unit/agent/netd/certs.h"
#include "tests/unit/agent/netd/child.h"

static void start_ws(struct netd *n, const char *name, const char *origins)
{
	struct berth_net_config cfg;

	spawn(n);
	local_config(&cfg);
	certs_use(&cfg.tls, &certs, name, "ca.pem", NULL);
	cfg.clock_trusted = true;
	snprintf(cfg.origins, sizeof(cfg.origins), "%s", origins);
	configure(n, &cfg);
	berth_netpol_free(&cfg.policy);
}

static void serve(struct netd *n)
{
	start_ws(n, "good", "https://good.example https://other.example");
	CHECK_OK(listen_on(n, "ws://127.0.0.1:0/ws"));
}

static void stored(struct netd *n, uint64_t id)
{
	struct berth_frame_reply r;
	struct berth_net_result m;

	result_of(n, id, BERTH_OK, &m);
	CHECK_OK(berth_frame_reply_decode(&r, m.frame, m.frame_len));
	CHECK(r.status == BERTH_FRAME_STORED && r.n_msgs == 0);
}

static void messages_go_both_ways(void **state)
{
	static const char *const listen[] = { "ws://127.0.0.1:0/ws", "wss://127.0.0.1:0/ws" };
	struct berth_net_request q, back;
	struct berth_frame_request f;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct netd a, b;
		char uri[64];

		start_ws(&a, "good", "");
		start_ws(&b, NULL, "");
		CHECK_OK(listen_on(&a, listen[i]));
		snprintf(uri, sizeof(uri), "%s://owner.test:%u/ws", i ? "wss" : "ws", port_of(&a));
		for (uint64_t id = 1; id <= 3; id++) {
			send_to(&b, id, uri, "hello", PATIENCE_MS);
			request_at(&a, &q, &f);
			assert_int_equal(BERTH_NET_WS, q.transport);
			assert_string_equal("127.0.0.1", q.peer);
			assert_memory_equal("hello", f.msg, 5);
			reply_to(&a, q.request, BERTH_FRAME_STORED, NULL);
			stored(&b, id);		/* once their core has said so */
			if (id == 1)
				continue;
			reply_to(&a, q.request, BERTH_FRAME_STORED, "world");
			request_at(&b, &back, &f);
			assert_int_equal(BERTH_NET_WS, back.transport);
			assert_memory_equal("world", f.msg, 5);
			reply_to(&b, back.request, BERTH_FRAME_STORED, NULL);
			told(&a, BERTH_NET_SENT, q.request);
		}
		/* and as long as it is open, without being asked */
		reply_to(&a, q.request, BERTH_FRAME_STORED, "news");
		request_at(&b, &back, &f);
		assert_memory_equal("news", f.msg, 4);
		reply_to(&b, back.request, BERTH_FRAME_STORED, NULL);
		told(&a, BERTH_NET_SENT, q.request);
		stop(&b);
		told(&a, BERTH_NET_GONE, q.request);
		stop(&a);
	}
}

/* As long as a message may be, and both ways at once: written and read in many pieces. */
static void long_messages_arrive_whole(void **state)
{
	static const char *const listen[] = { "ws://127.0.0.1:0/ws", "wss://127.0.0.1:0/ws" };
	char *text = malloc(BERTH_FRAME_MESSAGE_MAX + 1);
	struct berth_net_request q, back;
	struct berth_frame_request f;

	(void)state;
	for (size_t i = 0; i < BERTH_FRAME_MESSAGE_MAX; i++)
		text[i] = (char)('a' + i % 23);
	text[BERTH_FRAME_MESSAGE_MAX] = '\0';
	for (size_t i = 0; i < 2; i++) {
		struct netd a, b;
		char uri[64];

		start_ws(&a, "good", "");
		start_ws(&b, NULL, "");
		CHECK_OK(listen_on(&a, listen[i]));
		snprintf(uri, sizeof(uri), "%s://owner.test:%u/ws", i ? "wss" : "ws", port_of(&a));
		send_to(&b, 1, uri, text, PATIENCE_MS);
		request_at(&a, &q, &f);
		assert_int_equal(BERTH_FRAME_MESSAGE_MAX, f.msg_len);
		assert_memory_equal(text, f.msg, f.msg_len);
		text[BERTH_FRAME_MESSAGE_MAX - 8] = '\0';	/* a reply's frame is as long, with a length inside */
		reply_to(&a, q.request, BERTH_FRAME_STORED, NULL);
		stored(&b, 1);
		reply_to(&a, q.request, BERTH_FRAME_STORED, text);
		request_at(&b, &back, &f);
		assert_int_equal(BERTH_FRAME_MESSAGE_MAX - 8, f.msg_len);
		assert_memory_equal(text, f.msg, f.msg_len);
		text[BERTH_FRAME_MESSAGE_MAX - 8] = (char)('a' + (BERTH_FRAME_MESSAGE_MAX - 8) % 23);
		reply_to(&b, back.request, BERTH_FRAME_STORED, NULL);
		told(&a, BERTH_NET_SENT, q.request);
		for (uint64_t id = 2; id < 8; id++) {	/* more than all that may be half-read at once */
			send_to(&b, id, uri, text, PATIENCE_MS);
			request_at(&a, &q, &f);
			assert_int_equal(BERTH_FRAME_MESSAGE_MAX, f.msg_len);
			reply_to(&a, q.request, BERTH_FRAME_STORED, NULL);
			stored(&b, id);
		}
		stop(&b);
		stop(&a);
	}
	free(text);
}

/* ---- by hand */

static const char hello_head[] = "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
				 "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/* The head of an answer; its status. */
static int answer(int fd, char *text, size_t max)
{
	size_t n = 0;

	text[0] = '\0';
	while (n < max - 1 && !strstr(text, "\r\n\r\n")) {
		if (recv(fd, text + n, 1, 0) != 1)
			return 0;
		text[++n] = '\0';
	}
	return atoi(text + 9);
}

static int status_of(const struct netd *n, const char *head)
{
	char text[1024];
	int fd = raw_connect(n, 1), status;

	assert_int_equal(strlen(head), send(fd, head, strlen(head), MSG_NOSIGNAL));
	status = answer(fd, text, sizeof(text));
	close(fd);
	return status;
}

static int opened(const struct netd *n, unsigned source)
{
	char text[1024];
	int fd = raw_connect(n, source);

	assert_int_equal(sizeof(hello_head) - 1, send(fd, hello_head, sizeof(hello_head) - 1, MSG_NOSIGNAL));
	assert_int_equal(101, answer(fd, text, sizeof(text)));
	CHECK(strstr(text, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));	/* RFC 6455, 1.3 */
	return fd;
}

static void send_frame(int fd, enum berth_ws_op op, const char *p, size_t n)
{
	static const uint8_t mask[4] = { 1, 2, 3, 4 };
	struct berth_buf b = BERTH_BUF_INIT;

	berth_ws_put(&b, op, mask, p, n);
	assert_int_equal(b.len, send(fd, b.p, b.len, MSG_NOSIGNAL));
	berth_buf_free(&b);
}

/* A short frame of a server: op, and its payload; -1: closed. */
static int read_frame(int fd, char *payload, size_t *n)
{
	uint8_t head[2];

	if (recv(fd, head, 2, MSG_WAITALL) != 2)
		return -1;
	CHECK((head[0] & 0xf0) == 0x80 && head[1] <= 125);
	*n = head[1];
	if (*n && recv(fd, payload, *n, MSG_WAITALL) != (ssize_t)*n)
		return -1;
	payload[*n] = '\0';
	return head[0] & 0x0f;
}

/* The code of the close frame that comes, perhaps behind pings. */
static int close_code(int fd)
{
	char p[126];
	size_t n;
	int op;

	while ((op = read_frame(fd, p, &n)) >= 0)
		if (op == BERTH_WS_CLOSE)
			return (uint8_t)p[0] << 8 | (uint8_t)p[1];
	return 0;
}

static void replace(char *out, size_t size, const char *what, const char *with)
{
	const char *at = strstr(hello_head, what);

	CHECK(at);
	snprintf(out, size, "%.*s%s%s", (int)(at - hello_head), hello_head, with, at + strlen(what));
}

static void handshakes_are_judged(void **state)
{
	static const struct { const char *what, *with; int status; } rows[] = {
		{ "Host: x", "Host: x", 101 }, { "GET", "POST", 405 }, { "/ws ", "/wt ", 404 }, { "/ws ", "/ws/ ", 404 },
		{ "Upgrade: websocket\r\n", "", 426 }, { "Upgrade: websocket", "Upgrade: h2c", 426 },
		{ "Connection: keep-alive, Upgrade", "Connection: keep-alive", 426 },
		{ "Version: 13", "Version: 8", 426 }, { "Sec-WebSocket-Version: 13\r\n", "", 400 },
		{ "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ", 400 }, { "dGhlIHNhbXBsZSBub25jZQ==", "", 400 },
		{ "Host: x", "Host: x\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", 400 },
		{ "Host: x", "Host: x\r\nContent-Length: 5", 400 }, { "Host: x", "Host: x\r\nOrigin: https://evil.example", 403 },
		{ "Host: x", "Host: x\r\nOrigin: https://good.example", 101 },
		{ "Host: x", "Host: x\r\nOrigin: https://good.example.evil", 403 },
		{ "Host: x", "Host: x\r\nOrigin: https://good.exampl", 403 }, { "Host: x", "Host: x\r\nOrigin: ", 403 },
		{ "Host: x", "Host: x\r\nOrigin: https://good.example\r\nOrigin: https://good.example", 403 },
	};
	struct netd n;
	char head[1024];

	(void)state;
	serve(&n);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int got;

		replace(head, sizeof(head), rows[i].what, rows[i].with);
		got = status_of(&n, head);
		if (got != rows[i].status)
			fail_msg("%s -> %d, want %d", rows[i].with, got, rows[i].status);
	}
	stop(&n);
}

static void a_message_in_parts_and_pings_between(void **state)
{
	static const uint8_t parts[] = {	/* "he" ping "" "llo", masked by zeros */
		0x01, 0x82, 0, 0, 0, 0, 'h', 'e', 0x89, 0x82, 0, 0, 0, 0, 'p', 'q', 0x00, 0x80, 0, 0, 0, 0,
		0x80, 0x83, 0, 0, 0, 0, 'l', 'l', 'o',
	};
	struct berth_net_request q;
	struct berth_frame_request f;
	char p[126];
	struct netd n;
	size_t len;
	int fd;

	(void)state;
	serve(&n);
	fd = opened(&n, 1);
	for (size_t i = 0; i < sizeof(parts); i++)	/* octet by octet */
		assert_int_equal(1, send(fd, parts + i, 1, MSG_NOSIGNAL));
	assert_int_equal(BERTH_WS_PONG, read_frame(fd, p, &len));	/* nothing whole is in front of it */
	assert_string_equal("pq", p);
	request_at(&n, &q, &f);
	assert_int_equal(5, f.msg_len);
	assert_memory_equal("hello", f.msg, 5);
	/* the answer is of the kind that the peer uses; it is sent once the pong is here */
	send_frame(fd, BERTH_WS_BINARY, "again", 5);
	request_at(&n, &q, &f);
	reply_to(&n, q.request, BERTH_FRAME_STORED, NULL);
	reply_to(&n, q.request, BERTH_FRAME_STORED, "world");
	assert_int_equal(BERTH_WS_BINARY, read_frame(fd, p, &len));
	assert_string_equal("world", p);
	assert_int_equal(BERTH_WS_PING, read_frame(fd, p, &len));
	send_frame(fd, BERTH_WS_PONG, "somethin", 8);	/* not that one */
	send_frame(fd, BERTH_WS_PONG, p, len);
	told(&n, BERTH_NET_SENT, q.request);
	send_frame(fd, BERTH_WS_CLOSE, "\x03\xe8", 2);
	assert_int_equal(1001, close_code(fd));
	CHECK(is_closed(fd));
	told(&n, BERTH_NET_GONE, q.request);
	close(fd);
	stop(&n);
}

static void c086_frames_that_are_none_end_it(void **state)
{
	static const struct { const char *p; size_t n; int code; } rows[] = {
		{ "\x81\x05hello", 7, 1002 },				/* no mask */
		{ "\xc1\x80\0\0\0\0", 6, 1002 },			/* a reserved bit */
		{ "\x83\x80\0\0\0\0", 6, 1002 },			/* an opcode of nothing */
		{ "\x80\x80\0\0\0\0", 6, 1002 },			/* a continuation of nothing */
		{ "\x09\x80\0\0\0\0", 6, 1002 },			/* a ping in parts */
		{ "\x89\xfe\0\x7e\0\0\0\0", 8, 1002 },			/* of 126 octets */
		{ "\x81\xfe\0\x05\0\0\0\0hello", 13, 1002 },		/* a length that could be shorter */
		{ "\x81\xff\0\0\0\0\0\0\0\x05\0\0\0\0", 14, 1002 },
		{ "\x81\xff\x80\0\0\0\0\0\0\0\0\0\0\0", 14, 1002 },	/* 2^63 */
		{ "\x81\xff\0\0\0\0\0\x10\0\x01\0\0\0\0", 14, 1009 },	/* 1 MiB and one */
		{ "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14, 1009 },
		{ "\x01\x81\0\0\0\0x\x81\x80\0\0\0\0", 13, 1002 },	/* a message inside of another */
		{ "\x81\x80\0\0\0\0", 6, 1008 },			/* an empty message */
	};
	struct netd n;

	(void)state;
	serve(&n);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int fd = opened(&n, 1), code;

		assert_int_equal(rows[i].n, send(fd, rows[i].p, rows[i].n, MSG_NOSIGNAL));
		code = close_code(fd);
		if (code != rows[i].code)
			fail_msg("row %zu: %d, want %d", i, code, rows[i].code);
		CHECK(is_closed(fd));
		close(fd);
	}
	stop(&n);
}

/* The pong is what the peer forgets its messages for: it comes when they are stored, what
 * is behind the ping goes to the core afterwards, and what is not stored has none. */
static void a_pong_says_that_it_is_stored(void **state)
{
	struct berth_net_request q;
	struct berth_frame_request f;
	struct pollfd quiet[2];
	char p[126];
	struct netd n;
	size_t len;
	int fd;

	(void)state;
	serve(&n);
	fd = opened(&n, 1);
	send_frame(fd, BERTH_WS_TEXT, "one", 3);
	send_frame(fd, BERTH_WS_TEXT, "two", 3);
	send_frame(fd, BERTH_WS_PING, "older", 5);
	send_frame(fd, BERTH_WS_PING, "both", 4);
	send_frame(fd, BERTH_WS_TEXT, "behind", 6);
	request_at(&n, &q, &f);
	request_at(&n, &q, &f);
	assert_memory_equal("two", f.msg, 3);
	reply_to(&n, q.request, BERTH_FRAME_STORED, NULL);
	quiet[0] = (struct pollfd){ .fd = n.c.fd, .events = POLLIN };
	quiet[1] = (struct pollfd){ .fd = fd, .events = POLLIN };
	assert_int_equal(0, poll(quiet, 2, 300));
	reply_to(&n, q.request, BERTH_FRAME_STORED, NULL);
	assert_int_equal(BERTH_WS_PONG, read_frame(fd, p, &len));
	assert_string_equal("both", p);
	request_at(&n, &q, &f);
	assert_memory_equal("behind", f.msg, 6);
	send_frame(fd, BERTH_WS_PING, "never", 5);
	reply_to(&n, q.request, BERTH_FRAME_BUSY, NULL);
	assert_int_equal(BERTH_WS_CLOSE, read_frame(fd, p, &len));
	CHECK(is_closed(fd));
	close(fd);
	stop(&n);
}

static void what_the_core_has_not_stored_ends_it(void **state)
{
	static const struct { enum berth_frame_status s; int code; } rows[] = {
		{ BERTH_FRAME_BUSY, 1013 }, { BERTH_FRAME_REFUSED, 1008 }, { BERTH_FRAME_TOO_BIG, 1008 },
	};
	struct berth_net_request q;
	struct berth_frame_request f;
	struct netd n;

	(void)state;
	serve(&n);
	for (size_t i = 0; i < 3; i++) {
		int fd = opened(&n, 1);

		send_frame(fd, BERTH_WS_TEXT, "hello", 5);
		request_at(&n, &q, &f);
		reply_to(&n, q.request, rows[i].s, NULL);
		assert_int_equal(rows[i].code, close_code(fd));
		told(&n, BERTH_NET_GONE, q.request);
		close(fd);
	}
	stop(&n);
}

/* What a peer sends faster than it is answered stays with it, and nothing is lost. */
static void who_is_faster_than_the_core_waits(void **state)
{
	struct berth_net_request q;
	struct berth_frame_request f;
	struct pollfd quiet;
	struct netd n;
	int fd, other;

	(void)state;
	serve(&n);
	fd = opened(&n, 1);
	for (int i = 0; i < 10; i++)
		send_frame(fd, BERTH_WS_TEXT, (char[]){ (char)('0' + i) }, 1);
	for (int i = 0; i < 4; i++) {
		request_at(&n, &q, &f);
		assert_int_equal('0' + i, f.msg[0]);
	}
	quiet = (struct pollfd){ .fd = n.c.fd, .events = POLLIN };
	assert_int_equal(0, poll(&quiet, 1, 300));
	other = opened(&n, 2);		/* nobody else notices */
	send_frame(other, BERTH_WS_TEXT, "x", 1);
	request_at(&n, &q, &f);
	assert_int_equal('x', f.msg[0]);
	reply_to(&n, q.request, BERTH_FRAME_STORED, NULL);
	q.request--;			/* the first connection's: numbers are given in order */
	for (int i = 4; i < 10; i++) {
		reply_to(&n, q.request, BERTH_FRAME_STORED, NULL);
		request_at(&n, &q, &f);
		assert_int_equal('0' + i, f.msg[0]);
	}
	close(fd);
	close(other);
	stop(&n);
}

/* Whoever cannot wait for the answer to its handshake need not. */
static void frames_right_behind_the_handshake(void **state)
{
	char both[sizeof(hello_head) + 32], text[1024];
	struct berth_net_request q;
	struct berth_frame_request f;
	struct netd n;
	int fd;

	(void)state;
	serve(&n);
	memcpy(both, hello_head, sizeof(hello_head) - 1);
	memcpy(both + sizeof(hello_head) - 1, "\x81\x85\0\0\0\0hello\x81\x82\0\0\0\0ok", 19);
	fd = raw_connect(&n, 1);
	assert_int_equal(sizeof(hello_head) + 18, send(fd, both, sizeof(hello_head) + 18, MSG_NOSIGNAL));
	assert_int_equal(101, answer(fd, text, sizeof(text)));
	request_at(&n, &q, &f);
	assert_memory_equal("hello", f.msg, 5);
	request_at(&n, &q, &f);
	assert_memory_equal("ok", f.msg, 2);
	close(fd);
	stop(&n);
}

static void connections_of_one_address_are_capped(void **state)
{
	struct berth_net_config cfg;
	struct netd n;
	int fd[3];

	(void)state;
	spawn(&n);
	local_config(&cfg);
	cfg.conns_source_max = 2;
	configure(&n, &cfg);
	berth_netpol_free(&cfg.policy);
	CHECK_OK(listen_on(&n, "ws://127.0.0.1:0/ws"));
	fd[0] = opened(&n, 1);
	fd[1] = opened(&n, 1);
	fd[2] = raw_connect(&n, 1);
	CHECK(is_closed(fd[2]));
	close(fd[2]);
	fd[2] = opened(&n, 2);		/* another's */
	send_frame(fd[0], BERTH_WS_CLOSE, "\x03\xe8", 2);
	assert_int_equal(1001, close_code(fd[0]));
	CHECK(is_closed(fd[0]));
	close(fd[0]);
	CHECK_SOON(status_of(&n, hello_head) == 101);	/* its place is free again */
	close(fd[1]);
	close(fd[2]);
	stop(&n);
}

/* ---- when we dial */

static void endpoints_that_are_not_dialled(void **state)
{
	static const char *const refused[] = {
		"ws://10.0.0.1/", "wss://10.0.0.1:8443/", "ws://localhost:8080/", "ws://8.8.8.8:25/", "ws://u@8.8.8.8/",
		"ws://8.8.8.8#x/", "ws:///", "ws://", "WS://8.8.8.8/", "wss://[::1]:8443/",
	};
	struct berth_net_result r;
	struct netd n;

	(void)state;
	spawn(&n);
	{
		struct berth_net_config cfg;

		berth_net_config_init(&cfg);
		cfg.clock_trusted = true;
		configure(&n, &cfg);
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		send_to(&n, i, refused[i], "hello", PATIENCE_MS);
		result_of(&n, i, BERTH_E_NETPOL, &r);
	}
	stop(&n);
}

/* A server that answers our request with that, and nothing else. */
static void answered_with(const char *text, size_t len)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
	socklen_t size = sizeof(at);
	struct berth_net_result r;
	char uri[64], head[1024];
	struct netd n;

	assert_int_equal(0, bind(listener, (struct sockaddr *)&at, size));
	assert_int_equal(0, listen(listener, 1));
	assert_int_equal(0, getsockname(listener, (struct sockaddr *)&at, &size));
	start_ws(&n, NULL, "");
	snprintf(uri, sizeof(uri), "ws://owner.test:%u/ws?x=1", ntohs(at.sin_port));
	send_to(&n, 1, uri, "hello", PATIENCE_MS);
	CHECK((fd = accept(listener, NULL, NULL)) >= 0);
	(void)answer(fd, head, sizeof(head));
	assert_int_equal(0, strncmp(head, "GET /ws?x=1 HTTP/1.1\r\nHost: owner.test:", 39));
	CHECK(send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len);
	shutdown(fd, SHUT_WR);
	result_of(&n, 1, BERTH_E_UNAVAILABLE, &r);
	CHECK(recv(fd, head, 1, 0) <= 0);	/* not one frame has come */
	close(fd);
	close(listener);
	stop(&n);
}

static void servers_that_are_none(void **state)
{
	static const char *const rows[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1/\r\n\r\n", "nonsense\r\n\r\n", "",
		"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
		"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		answered_with(rows[i], strlen(rows[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_go_both_ways),
		cmocka_unit_test(long_messages_arrive_whole),
		cmocka_unit_test(handshakes_are_judged),
		cmocka_unit_test(a_message_in_parts_and_pings_between),
		cmocka_unit_test(c086_frames_that_are_none_end_it),
		cmocka_unit_test(a_pong_says_that_it_is_stored),
		cmocka_unit_test(what_the_core_has_not_stored_ends_it),
		cmocka_unit_test(who_is_faster_than_the_core_waits),
		cmocka_unit_test(frames_right_behind_the_handshake),
		cmocka_unit_test(connections_of_one_address_are_capped),
		cmocka_unit_test(endpoints_that_are_not_dialled),
		cmocka_unit_test(servers_that_are_none),
	};

	return cmocka_run_group_tests_name("ws", tests, certs_setup, certs_teardown);
}
