/* SPDX-License-Identifier: Apache-2.0 */
/* berth-netd without the limits of one address, for measurements where everybody is at one:
 * what is left is what the machine can do. */
#include "agent/netd/limit.h"

#define PLENTY 1000000u

enum berth_err __real_berth_limit_open(struct berth_limit *l, const struct berth_netaddr *a, uint64_t now_ms);
enum berth_err __real_berth_limit_conn(struct berth_limit *l, const struct berth_netaddr *a, uint64_t now_ms);
enum berth_err __wrap_berth_limit_open(struct berth_limit *l, const struct berth_netaddr *a, uint64_t now_ms);
enum berth_err __wrap_berth_limit_conn(struct berth_limit *l, const struct berth_netaddr *a, uint64_t now_ms);

enum berth_err __wrap_berth_limit_open(struct berth_limit *l, const struct berth_netaddr *a, uint64_t now_ms)
{
	l->rate_per_s = l->burst = l->open_source_max = PLENTY;
	return __real_berth_limit_open(l, a, now_ms);
}

enum berth_err __wrap_berth_limit_conn(struct berth_limit *l, const struct berth_netaddr *a, uint64_t now_ms)
{
	l->conns_max = l->conns_source_max = PLENTY;
	return __real_berth_limit_conn(l, a, now_ms);
}
