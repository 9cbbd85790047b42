/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_HOSTILE_H
#define BERTH_TESTS_FAKES_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* tests/fakes/hostile.py, and a network that this process has to itself: nobody else's
 * ports, addresses of any kind, and a name service on 127.0.0.1. */

/* Once, before there are threads: the network has 127/8 and those addresses of IPv4, and
 * whoever asks for names asks 127.0.0.1, once, for a second.  False: the kernel has no
 * IPv6, and nobody asks for its addresses; else there is that one, too. */
bool hostile_network(const char *const *addresses, size_t n, const char *ipv6);

struct hostile {
	pid_t pid;
	char log[96];
};
/* The specs as hostile.py has them; dir is where it works and logs. */
void hostile_start(struct hostile *h, const char *dir, const char *const *specs, size_t n);
void hostile_stop(struct hostile *h);
/* Lines of its log that begin like that: "connect 10.0.0.1:443", "query a.test". */
size_t hostile_count(const struct hostile *h, const char *begin);
/* All of it begins again. */
void hostile_forget(const struct hostile *h);

#endif
