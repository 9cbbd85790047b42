/* SPDX-License-Identifier: Apache-2.0 */
/* Requests over TCP itself, each a length and its octets: what is below any library. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "examples/fleet/price_links.h"

static int askers[PRICE_ASKERS];

static struct sockaddr_in address(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static void no_delay(int fd)
{
	price_need(!setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)), "no delay");
}

/* 0: the other end is gone. */
static size_t take(int fd, char *body)
{
	uint32_t n;

	if (recv(fd, &n, sizeof(n), MSG_WAITALL) != sizeof(n))
		return 0;
	price_need(n <= PRICE_LARGE && recv(fd, body, n, MSG_WAITALL) == (ssize_t)n, "take");
	return n;
}

static void give(int fd, const char *body, size_t n)
{
	static char frame[4 + PRICE_LARGE];

	memcpy(frame, &(uint32_t){ (uint32_t)n }, 4);
	memcpy(frame + 4, body, n);
	price_need(send(fd, frame, 4 + n, 0) == (ssize_t)(4 + n), "give");
}

static void watch(int poll, int fd)
{
	price_need(!epoll_ctl(poll, EPOLL_CTL_ADD, fd, &(struct epoll_event){ .events = EPOLLIN, .data.fd = fd }), "watch");
}

static void serve_one(int poll, int fd, int listener)
{
	static char body[PRICE_LARGE];
	size_t n;

	if (fd == listener) {
		price_need((fd = accept(listener, NULL, NULL)) >= 0, "accept");
		no_delay(fd);
		watch(poll, fd);
	} else if ((n = take(fd, body)) > 0) {
		give(fd, body, n);
	} else {
		close(fd);
	}
}

static void answer(int port)
{
	struct sockaddr_in a = address(port);
	int poll = epoll_create1(0), s = socket(AF_INET, SOCK_STREAM, 0);
	struct epoll_event ev[PRICE_ASKERS];

	price_need(!setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)) && !bind(s, (struct sockaddr *)&a, sizeof(a)) &&
		   !listen(s, PRICE_ASKERS), "listen");
	watch(poll, s);
	for (;;)
		for (int i = 0, n = epoll_wait(poll, ev, PRICE_ASKERS, -1); i < n; i++)
			serve_one(poll, ev[i].data.fd, s);
}

static int dial(int i, int port)
{
	struct sockaddr_in a = address(port);

	price_need((askers[i] = socket(AF_INET, SOCK_STREAM, 0)) >= 0, "socket");
	no_delay(askers[i]);
	if (!connect(askers[i], (struct sockaddr *)&a, sizeof(a)))
		return 1;
	close(askers[i]);
	return 0;
}

static void ask(int i, const char *body, size_t n) { give(askers[i], body, n); }

static void hear(int i, size_t n)
{
	static char body[PRICE_LARGE];

	price_need(take(askers[i], body) == n, "an answer");
}

static void hang_up(int i) { close(askers[i]); }

const struct price_link price_tcp = { "tcp", answer, dial, ask, hear, hang_up };
