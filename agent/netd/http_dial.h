/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_NETD_HTTP_DIAL_H
#define BERTH_AGENT_NETD_HTTP_DIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/ipc/curl.h"
#include "agent/ipc/http_end.h"
#include "agent/ipc/http_uri.h"
#include "agent/ipc/limit.h"
#include "agent/netd/http_text.h"
#include "agent/netd/netd.h"

/* The dialling half of DIDComm over HTTP: http_dial.c says where and what came of it,
 * http_post.c tells curl. */

/* One SEND from the core, until its RESULT. */
struct berth_netd_sending {
	struct berth_netd_sending *next;
	struct berth_netd *n;
	CURL *easy;
	struct curl_slist *headers, *resolve;
	bool naming, told, counted, moved, forbidden, too_much;
	bool unverified;		/* whoever is there is not whom we look for */
	uint64_t id, until_ms;
	struct berth_buf frame, body;	/* what we send; what comes back */
	struct berth_frame_request f;	/* in frame */
	struct berth_http_end head;
	struct berth_netaddr addr;
	struct berth_http_uri uri;
	struct berth_lookup name;	/* its job is this one's */
	char text[BERTH_NET_URI_MAX + 1];
};

struct berth_netd_http_dial {
	struct berth_netd *n;
	const struct berth_curl *curl;
	CURLM *multi;
	int epoll;
	struct berth_netd_sending *sendings;
	size_t n_sendings;
	struct berth_limit hosts;
};

/* Makes s->easy: a POST (to ws:// and wss:// a mere connection) to s->addr, and to nowhere else, that ends after left_ms.  False:
 * no memory. */
bool berth_netd_http_post(struct berth_netd_sending *s, uint32_t left_ms);

#endif
