/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_UNIT_NETD_RAW_H
#define BERTH_TESTS_UNIT_NETD_RAW_H

/* A peer that speaks SP by hand. */
#include "tests/unit/agent/netd/child.h"

static const uint8_t greeting_req[] = { 0, 'S', 'P', 0, 0, 0x30, 0, 0 };

static inline bool read_all(int fd, void *p, size_t n)
{
	return recv(fd, p, n, MSG_WAITALL) == (ssize_t)n;
}

static inline int raw_peer(const struct netd *n, unsigned source)
{
	int fd = raw_connect(n, source);
	uint8_t got[8];

	assert_int_equal(8, send(fd, greeting_req, 8, MSG_NOSIGNAL));
	CHECK(read_all(fd, got, 8));
	assert_memory_equal("\0SP\0\0\x31\0\0", got, 8);
	return fd;
}

static inline void raw_send(int fd, const void *frame, size_t n)
{
	struct berth_buf b = BERTH_BUF_INIT;

	berth_buf_be64(&b, n + 4);
	berth_buf_be32(&b, 0x80000001u);
	berth_buf_put(&b, frame, n);
	assert_int_equal(b.len, send(fd, b.p, b.len, MSG_NOSIGNAL));
	berth_buf_free(&b);
}

/* The status and retry-after of the answer. */
static inline int raw_status(int fd, uint32_t *retry)
{
	uint8_t head[12], body[8];
	struct berth_cur c = berth_cur(head, 8);
	struct berth_frame_reply r;

	CHECK(read_all(fd, head, 12));
	assert_int_equal(12, berth_cur_be64(&c));
	CHECK(read_all(fd, body, 8));
	CHECK_OK(berth_frame_reply_decode(&r, body, 8));
	if (retry)
		*retry = r.retry_after_s;
	return r.status;
}

#endif
