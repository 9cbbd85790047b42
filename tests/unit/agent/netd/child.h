/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_UNIT_NETD_CHILD_H
#define BERTH_TESTS_UNIT_NETD_CHILD_H

/* Whole netd processes, with the core's part played here, and sockets to them. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/ipc/ipc.h"
#include "agent/ipc/netd_proto.h"
#include "agent/ipc/proc.h"
#include "tests/check.h"
#include "tests/fakes/built.h"

struct netd {
	struct berth_proc p;
	struct berth_ipc c;
	char bound[BERTH_NET_URI_MAX + 1];
};

static inline void tell(struct netd *n, enum berth_net_op op, struct berth_buf *b)
{
	CHECK_OK(berth_buf_status(b));
	CHECK_OK(berth_ipc_send(&n->c, (uint16_t)op, 0, b->p, b->len, PATIENCE_MS));
	berth_buf_free(b);
}

static inline void expect(struct netd *n, enum berth_net_op op, struct berth_ipc_frame *f)
{
	CHECK_OK(berth_ipc_recv(&n->c, f, PATIENCE_MS));
	assert_int_equal(op, f->op);
}

static inline void spawn(struct netd *n)
{
	char path[4096], name[] = "berth-netd", *argv[] = { name, NULL };
	int sock;

	test_built(path, sizeof(path), "libexec/berth-netd");
	CHECK_OK(berth_proc_spawn(&n->p, &sock, path, argv));
	berth_ipc_init(&n->c, sock);
}

static inline void configure(struct netd *n, struct berth_net_config *cfg)
{
	struct berth_buf b = BERTH_BUF_INIT;

	berth_net_config_encode(&b, cfg);
	tell(n, BERTH_NET_CONFIG, &b);
}

static inline void local_config(struct berth_net_config *cfg)
{
	berth_net_config_init(cfg);
	CHECK_OK(berth_netpol_add_allow(&cfg->policy, "127.0.0.0/8"));
	CHECK_OK(berth_netpol_add_host(&cfg->policy, "owner.test=127.0.0.1"));
}

static inline void start(struct netd *n)
{
	struct berth_net_config cfg;

	spawn(n);
	local_config(&cfg);
	configure(n, &cfg);
	berth_netpol_free(&cfg.policy);
}

/* With a folder of sockets, to listen and to dial. */
static inline void start_ipc(struct netd *n, const char *dir)
{
	struct berth_net_config cfg;

	spawn(n);
	local_config(&cfg);
	CHECK_OK(berth_netpol_add_ipc(&cfg.policy, dir));
	snprintf(cfg.sockets[cfg.n_sockets++], sizeof(cfg.sockets[0]), "%s", dir);
	configure(n, &cfg);
	berth_netpol_free(&cfg.policy);
}

static inline enum berth_err listen_on(struct netd *n, const char *uri)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_net_listening m;
	struct berth_ipc_frame f;

	berth_net_uri_encode(&b, uri);
	tell(n, BERTH_NET_LISTEN, &b);
	expect(n, BERTH_NET_LISTENING, &f);
	CHECK_OK(berth_net_listening_decode(&m, f.p, f.n));
	assert_string_equal(uri, m.uri);
	memcpy(n->bound, m.bound, sizeof(n->bound));
	return m.code;
}

/* Ends as it should when its socket is closed. */
static inline void stop(struct netd *n)
{
	int status = -1;

	berth_ipc_close(&n->c);
	CHECK_SOON(berth_proc_reap(&n->p, &status));
	if (status != 0)
		fail_msg("netd %d ends with %x", (int)n->p.pid, (unsigned)status);
}

static inline void kill_9(struct netd *n)
{
	kill(n->p.pid, SIGKILL);
	berth_ipc_close(&n->c);
	berth_proc_stop(&n->p, 1000);
}

static inline void send_to(struct netd *n, uint64_t id, const char *uri, const char *msg, uint32_t deadline_ms)
{
	struct berth_frame_request r = { .media = *msg ? BERTH_FRAME_ENCRYPTED : BERTH_FRAME_POLL,
					 .msg = (const uint8_t *)msg, .msg_len = strlen(msg) };
	struct berth_net_send m = { .id = id, .deadline_ms = deadline_ms };
	struct berth_buf frame = BERTH_BUF_INIT, b = BERTH_BUF_INIT;

	CHECK_OK(berth_frame_request_encode(&frame, &r));
	snprintf(m.uri, sizeof(m.uri), "%s", uri);
	m.frame = frame.p;
	m.frame_len = frame.len;
	berth_net_send_encode(&b, &m);
	tell(n, BERTH_NET_SEND, &b);
	berth_buf_free(&frame);
}

/* The frame's pointers live until the next read. */
static inline void result_of(struct netd *n, uint64_t id, enum berth_err code, struct berth_net_result *m)
{
	struct berth_ipc_frame f;

	expect(n, BERTH_NET_RESULT, &f);
	CHECK_OK(berth_net_result_decode(m, f.p, f.n));
	assert_int_equal(id, m->id);
	if (code != m->code)
		fail_msg("result %s (%s), want %s", berth_err_name(m->code), m->detail, berth_err_name(code));
}

static inline void request_at(struct netd *n, struct berth_net_request *m, struct berth_frame_request *r)
{
	struct berth_ipc_frame f;

	expect(n, BERTH_NET_REQUEST, &f);
	CHECK_OK(berth_net_request_decode(m, f.p, f.n));
	CHECK_OK(berth_frame_request_decode(r, m->frame, m->frame_len));
}

static inline void reply_to(struct netd *n, uint64_t request, enum berth_frame_status status, const char *msg)
{
	struct berth_frame_reply r = { .status = status, .n_msgs = msg != NULL };
	struct berth_buf frame = BERTH_BUF_INIT, b = BERTH_BUF_INIT;
	struct berth_net_reply m = { .request = request };

	r.msgs[0].p = (const uint8_t *)msg;
	r.msgs[0].n = msg ? strlen(msg) : 0;
	CHECK_OK(berth_frame_reply_encode(&frame, &r));
	m.frame = frame.p;
	m.frame_len = frame.len;
	berth_net_reply_encode(&b, &m);
	tell(n, BERTH_NET_REPLY, &b);
	berth_buf_free(&frame);
}

/* One exchange between two of them, checked at both ends. */
static inline void exchange(struct netd *from, struct netd *to, const char *uri, uint64_t id)
{
	struct berth_net_request q;
	struct berth_frame_request fr;
	struct berth_frame_reply fp;
	struct berth_net_result r;

	send_to(from, id, uri, "hello", PATIENCE_MS);
	request_at(to, &q, &fr);
	assert_int_equal(5, fr.msg_len);
	assert_memory_equal("hello", fr.msg, 5);
	reply_to(to, q.request, BERTH_FRAME_STORED, "world");
	result_of(from, id, BERTH_OK, &r);
	CHECK_OK(berth_frame_reply_decode(&fp, r.frame, r.frame_len));
	assert_int_equal(1, fp.n_msgs);
	assert_memory_equal("world", fp.msgs[0].p, 5);
}

/* SENT or GONE, of that request. */
static inline void told(struct netd *n, enum berth_net_op op, uint64_t request)
{
	struct berth_ipc_frame f;
	uint64_t got;

	expect(n, op, &f);
	CHECK_OK(berth_net_gone_decode(&got, f.p, f.n));
	assert_int_equal(request, got);
}

static inline uint16_t port_of(const struct netd *n)
{
	return (uint16_t)atoi(strrchr(n->bound, ':') + 1);
}

static inline int raw_connect(const struct netd *n, unsigned source)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port_of(n)),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000000u + source) };
	struct timeval limit = { .tv_sec = PATIENCE_MS / 1000 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	assert_int_equal(0, bind(fd, (struct sockaddr *)&from, sizeof(from)));
	assert_int_equal(0, connect(fd, (struct sockaddr *)&to, sizeof(to)));
	return fd;
}

static inline bool is_closed(int fd)
{
	uint8_t b[64];
	ssize_t n;

	while ((n = recv(fd, b, sizeof(b), 0)) > 0)
		;
	return n == 0 || errno == ECONNRESET;
}

static inline long status_kb(const struct netd *n, const char *file, const char *field)
{
	char path[64], line[256];
	long kb = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)n->p.pid, file);
	CHECK((f = fopen(path, "r")));
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, field, strlen(field)) == 0)
			kb = strtol(line + strlen(field) + 1, NULL, 10);
	fclose(f);
	return kb;
}

#endif
