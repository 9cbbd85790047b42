/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_NOTIFY_H
#define BERTH_AGENT_CORE_NOTIFY_H

#include <stdint.h>

/* sd_notify(3) without its library: a datagram to $NOTIFY_SOCKET.  Without systemd
 * nothing happens. */
void berth_notify(const char *state);
/* Half of $WATCHDOG_USEC; UINT32_MAX without one. */
uint32_t berth_notify_watchdog_ms(void);
/* Says WATCHDOG=1 when half of the time has passed. */
void berth_notify_alive(void);

#endif
