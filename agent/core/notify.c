/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "did/base/clock.h"

void berth_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t n = path ? strlen(path) : 0;
	int fd;

	if (n == 0 || n >= sizeof(to.sun_path) || (fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0)
		return;
	memcpy(to.sun_path, path, n);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	/* nobody there to listen is no fault of ours */
	(void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	close(fd);
}

uint32_t berth_notify_watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	unsigned long long v = usec ? strtoull(usec, NULL, 10) : 0;

	return v < 2000 ? UINT32_MAX : v / 2000 > UINT32_MAX - 1 ? UINT32_MAX - 1 : (uint32_t)(v / 2000);
}

void berth_notify_alive(void)
{
	static uint64_t last;
	uint64_t now = berth_clock_mono_ms();
	uint32_t every = berth_notify_watchdog_ms();

	if (every == UINT32_MAX || now - last < every)
		return;
	last = now;
	berth_notify("WATCHDOG=1");
}
