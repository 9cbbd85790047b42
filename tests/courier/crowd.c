/* SPDX-License-Identifier: Apache-2.0 */
/* Many gateways in one process, as cheap as can be: each is a DID of its own and a TCP
 * connection that speaks SP, and asks one agent for messages over and over.
 *
 *	crowd PORT N INTERVAL_S DID-FILE
 *
 * Prints "connected N" when all have been answered or wait, and a line for each answer
 * that brought something.  Ends with stdin. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/ipc/frame.h"
#include "agent/protocol/empty.h"
#include "did/base/log.h"
#include "did/base/secret.h"
#include "didcomm/pack.h"
#include "tests/fakes/stranger.h"

#define GREETING 8
#define BUF_MAX 65536

struct gateway {
	struct test_stranger self;
	int fd;
	uint8_t in[64];		/* the beginning of an answer: no more is looked at */
	size_t n_in, skip;
	time_t next;		/* when to ask again; 0: an answer is awaited */
	unsigned answers;
};

static const char *peer_long;

/* How an agent that nobody knows asks: an empty message in its long form. */
static void ask(struct gateway *g, uint32_t id)
{
	struct berth_buf packed = BERTH_BUF_INIT, frame = BERTH_BUF_INIT, sp = BERTH_BUF_INIT;
	struct berth_frame_request rq = { .media = BERTH_FRAME_ENCRYPTED };
	struct berth_message m = { 0 };
	struct berth_pack p = { .mode = BERTH_PACK_AUTHCRYPT, .to = peer_long, .from = g->self.did_long,
		.resolver = &g->self.resolver, .keyring = g->self.keys };

	CHECK_OK(berth_message_new(&m, BERTH_TYPE_EMPTY, g->self.did_long, peer_long, NULL, NULL));
	CHECK_OK(berth_message_set(&m, "return_route", "all"));
	CHECK_OK(berth_pack(&packed, &p, &m));
	rq.msg = packed.p;
	rq.msg_len = packed.len;
	CHECK_OK(berth_frame_request_encode(&frame, &rq));
	berth_buf_be32(&sp, 0);
	berth_buf_be32(&sp, (uint32_t)frame.len + 4);
	berth_buf_be32(&sp, id | 0x80000000u);
	berth_buf_put(&sp, frame.p, frame.len);
	if (send(g->fd, sp.p, sp.len, MSG_NOSIGNAL) != (ssize_t)sp.len)
		printf("not sent: %s\n", strerror(errno));
	g->next = 0;
	berth_message_free(&m);
	berth_buf_free(&packed);
	berth_buf_free(&frame);
	berth_buf_free(&sp);
}

static void dial(struct gateway *g, size_t i, uint16_t port)
{
	static const uint8_t hello[GREETING] = { 0, 'S', 'P', 0, 0, 0x30, 0, 0 };
	struct sockaddr_in me = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f010001u + (uint32_t)i) };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	g->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (g->fd < 0 || bind(g->fd, (struct sockaddr *)&me, sizeof(me)) || connect(g->fd, (struct sockaddr *)&to, sizeof(to)) ||
	    send(g->fd, hello, sizeof(hello), MSG_NOSIGNAL) != sizeof(hello)) {
		printf("gateway %zu: %s\n", i, strerror(errno));
		exit(1);
	}
	g->skip = GREETING;
}

/* Answers are counted by their lengths. */
static bool take(struct gateway *g)
{
	static uint8_t buf[BUF_MAX];
	ssize_t n = recv(g->fd, buf, sizeof(buf), MSG_DONTWAIT);
	bool answered = false;

	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		printf("gone\n");
		close(g->fd);
		g->fd = -1;
	}
	for (ssize_t i = 0; i < n; i++) {
		if (g->skip) {
			g->skip--;
			continue;
		}
		g->in[g->n_in++] = buf[i];
		if (g->n_in < 8)
			continue;
		g->n_in = 0;
		g->skip = (size_t)buf[i] | (size_t)(i > 0 ? buf[i - 1] : 0) << 8;
		answered = true;
		g->answers++;
	}
	return answered;
}

int main(int argc, char **argv)
{
	size_t n = argc == 5 ? (size_t)atoi(argv[2]) : 0, asked = 0;
	struct gateway *g = calloc(n + 1, sizeof(*g));
	struct pollfd *p = calloc(n + 1, sizeof(*p));
	uint32_t id = 1;
	size_t len;

	if (!n || !g || !p) {
		fprintf(stderr, "crowd PORT N INTERVAL_S DID-FILE\n");
		return 2;
	}
	berth_crypto_init();
	setvbuf(stdout, NULL, _IOLBF, 0);
	peer_long = test_read_file(argv[4], &len);
	for (size_t i = 0; i < n; i++) {
		test_stranger_appear(&g[i].self);
		dial(&g[i], i, (uint16_t)atoi(argv[1]));
	}
	printf("dialled %zu\n", n);
	for (;;) {
		time_t now = time(NULL);

		for (size_t i = 0; i < n; i++)
			p[i] = (struct pollfd){ .fd = g[i].fd, .events = POLLIN };
		p[n] = (struct pollfd){ .fd = 0, .events = POLLIN };
		if (asked < n)
			ask(&g[asked++], id++);
		else if (asked++ == n)
			printf("connected %zu\n", n);
		poll(p, n + 1, asked < n ? 2 : 200);
		if (p[n].revents)
			return 0;
		for (size_t i = 0; i < n; i++)
			if (g[i].fd >= 0 && p[i].revents && take(&g[i]))
				g[i].next = now + atoi(argv[3]) + (time_t)(i % 10);
		for (size_t i = 0; i < n && asked > n; i++)
			if (g[i].fd >= 0 && g[i].next && g[i].next <= now)
				ask(&g[i], id++);
	}
}
