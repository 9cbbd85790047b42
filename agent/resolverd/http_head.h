/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_RESOLVERD_HTTP_HEAD_H
#define BERTH_AGENT_RESOLVERD_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/ipc/http_end.h"

/* The head of a reply, as far as we read it ourselves.  Starts zeroed. */
#define BERTH_RES_HEAD_MAX ((size_t)16 << 10)	/* with those of interim answers */

struct berth_res_head {
	struct berth_http_end end;
	bool encoded;			/* a coding we have not asked for (C099) */
	bool no_store;			/* or nothing that may be used again unasked */
	bool has_max_age;
	uint32_t max_age_s, age_s;
};

/* One line, its end included; a status line begins a new head.  False: too long. */
bool berth_res_head_line(struct berth_res_head *h, const char *p, size_t n);

/* How much longer it may be used by Cache-Control: max-age and Age; 0: not said.  Of
 * contradictory fields the stricter one counts. */
uint32_t berth_res_head_fresh_s(const struct berth_res_head *h);

#endif
