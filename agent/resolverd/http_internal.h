/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_RESOLVERD_HTTP_INTERNAL_H
#define BERTH_AGENT_RESOLVERD_HTTP_INTERNAL_H

#include "agent/ipc/curl.h"
#include "agent/ipc/limit.h"
#include "agent/ipc/names.h"
#include "agent/ipc/ready.h"
#include "agent/resolverd/http.h"
#include "agent/resolverd/http_head.h"
#include "agent/resolverd/http_url.h"
#include "did/base/buf.h"

#define BERTH_RES_TYPE_MAX 127		/* of a reply's Content-Type that is passed on */

enum berth_res_exchange_state {
	BERTH_RES_BEGUN,		/* to be named */
	BERTH_RES_NAMING,
	BERTH_RES_NAMED,		/* waits for a place */
	BERTH_RES_RUNNING,
	BERTH_RES_ENDED,		/* to be told */
	BERTH_RES_GONE			/* only the name service still has it */
};

struct berth_res_exchange {
	struct berth_lookup name;	/* its job is this one's; host: whom we connect to */
	struct berth_res_exchange *next;
	struct berth_res_http *h;
	enum berth_res_exchange_state state;
	bool named_later;		/* the name service has it */
	bool waits;			/* had its turn, and there was no room */
	uint64_t until_ms;

	const char *method;		/* static */
	char *url;
	struct berth_http_uri uri;
	struct berth_buf lines;		/* header fields, a NUL behind each */
	struct berth_buf body;
	size_t max_bytes;
	struct berth_netaddr addr;	/* whom we connect to, and nobody else */
	size_t tried;			/* of the name's addresses */

	CURL *easy;
	struct curl_slist *headers, *connect_to;
	bool counted;			/* in h->hosts */
	bool forbidden, too_much, no_room;
	char error[CURL_ERROR_SIZE];	/* what curl says, in words of the peer's, too */

	struct berth_res_head head;
	struct berth_buf reply;
	char type[BERTH_RES_TYPE_MAX + 1];
	uint32_t code;
	int status;
	enum berth_err why;
	char message[256];

	berth_registry_http_done *done;
	void *arg;
};

/* In the order in which they came. */
struct berth_res_exchanges {
	struct berth_res_exchange *head, **tail;
};

struct berth_res_http {
	const struct berth_res_http_policy *policy;
	int epoll;
	struct berth_ready ready;
	struct berth_names *names;
	struct berth_res_exchanges live, ended;
	size_t n, n_running, n_ended;
	size_t held;			/* octets of bodies, both ways */
	enum berth_err why;
	const struct berth_curl *curl;	/* NULL: not needed so far */
	CURLM *multi;
	struct berth_limit hosts;
};

/* Of all bodies together; an exchange that would go past it is given up. */
#define BERTH_RES_HELD_MAX ((size_t)24 << 20)

/* http_begin.c.  copy: E_TYPE, E_QUOTA, E_NOMEM.  judge: everything that can be said without
 * asking anybody; x is to be named then, or has its address.  E_NETPOL, E_CLOCK. */
BERTH_MUST_USE enum berth_err berth_res_exchange_copy(struct berth_res_exchange *x, const struct berth_registry_http *q);
BERTH_MUST_USE enum berth_err berth_res_exchange_judge(struct berth_res_exchange *x);

/* http.c: the first outcome of an exchange counts. */
void berth_res_exchange_end(struct berth_res_exchange *x, int status, enum berth_err why);

/* Nobody answered at x->addr: true, it waits for a place with another one of its name's. */
bool berth_res_exchange_elsewhere(struct berth_res_exchange *x);

/* http_curl.c.  start: E_UNAVAILABLE, no libcurl.  run: to x->addr, for left_ms at most;
 * false, no memory.  stop: it is curl's no longer.  events: what epoll saw; outcomes. */
BERTH_MUST_USE enum berth_err berth_res_curl_start(struct berth_res_http *h);
bool berth_res_curl_run(struct berth_res_exchange *x, uint32_t left_ms);
void berth_res_curl_stop(struct berth_res_exchange *x);
void berth_res_curl_events(struct berth_res_http *h, int fd, uint32_t events);
void berth_res_curl_outcomes(struct berth_res_http *h);
long berth_res_curl_timeout_ms(const struct berth_res_http *h);
void berth_res_curl_free(struct berth_res_http *h);

#endif
