/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_RESOLVERD_HTTP_H
#define BERTH_AGENT_RESOLVERD_HTTP_H

#include <stdint.h>

#include "agent/ipc/http_policy.h"
#include "berth/err.h"
#include "berth/registry.h"

/* All HTTP of registry adapters: exchanges begin, wait for an address, for a place and for
 * the rate of that address, run, and end with one call.  Nothing here blocks: the loop
 * waits on the descriptor for as long as timeout_ms() says, and then run()s.  Everything
 * is on one thread but getaddrinfo(), which has its own.
 *
 * http.c        exchanges, from their beginning to their end
 * http_begin.c  the request, and what the policy says of it
 * http_curl.c   what libcurl is told, and what it tells; loaded with the first exchange
 * http_url.c    which URLs there are
 * http_head.c   what we read in the head of a reply */
#define BERTH_RES_HTTP_MAX 2048			/* exchanges, waiting ones too */
#define BERTH_RES_HTTP_DEADLINE_MAX_MS 300000u
#define BERTH_RES_HTTP_BODY_MAX ((size_t)5 << 20)	/* of a reply, whatever is asked for */
#define BERTH_RES_HTTP_REQUEST_MAX ((size_t)1 << 20)	/* of a request's body */

struct berth_res_http;
struct berth_res_exchange;	/* of an exchange until its call returns */

/* The policy is borrowed until free(). */
BERTH_MUST_USE enum berth_err berth_res_http_new(struct berth_res_http **out, const struct berth_res_http_policy *p);
/* Exchanges end without a call.  May wait for the name service; a process that ends has
 * no need of it. */
void berth_res_http_free(struct berth_res_http *h);

/* done is called once, from run(); what the policy refuses is told that way, too.
 * E_TYPE: malformed; E_QUOTA: too many, or too much to send; then it is not called. */
BERTH_MUST_USE enum berth_err
berth_res_http_begin(struct berth_res_http *h, const struct berth_registry_http *req, uint32_t deadline_ms,
		     berth_registry_http_done *done, void *arg, struct berth_res_exchange **out);
/* Ends it without a call; also in a done of another. */
void berth_res_http_drop(struct berth_res_http *h, struct berth_res_exchange *x);

int berth_res_http_fd(const struct berth_res_http *h);	/* readable: run() */
int berth_res_http_timeout_ms(struct berth_res_http *h);	/* -1: whenever fd says so */
void berth_res_http_run(struct berth_res_http *h);

/* In a done: why the exchange did not come to a reply, more exactly than its status:
 * E_NETPOL, E_CLOCK, E_SIZE, E_NOMEM, E_UNAVAILABLE; BERTH_OK after one. */
enum berth_err berth_res_http_why(const struct berth_res_http *h);

#endif
