/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_UNIT_NETD_HTTP_H
#define BERTH_TESTS_UNIT_NETD_HTTP_H

/* What both ends of DIDComm over HTTP are told by hand. */
#include "tests/unit/agent/netd/child.h"

#define TYPE "Content-Type: application/didcomm-encrypted+json\r\n"

static inline void say(int fd, const char *text)
{
	assert_int_equal(strlen(text), send(fd, text, strlen(text), MSG_NOSIGNAL));
}

static inline void send_filler(int fd, const char *unit, size_t times)
{
	for (size_t i = 0; i < times; i++)
		if (send(fd, unit, strlen(unit), MSG_NOSIGNAL) < 0)
			return;
}

#endif
