/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_NETD_REQ_H
#define BERTH_AGENT_NETD_REQ_H

#include <stdbool.h>

#include <nng/nng.h>

/* Requests over a REQ socket of nng's.  Sending and waiting for the answer begin at the same
 * time, so that nng, each of whose callbacks is a task for another thread, calls back once.
 * What a request takes of nng (a context, two aios) stays for the next one over the same
 * socket when it was answered. */
#define BERTH_NETD_REQS_KEPT 2

typedef void berth_netd_req_fn(void *arg);

struct berth_netd_req {
	struct berth_netd_req *next;	/* of those that are kept */
	nng_ctx ctx;
	nng_aio *out, *in;
	berth_netd_req_fn *done;
	void *arg;
};

struct berth_netd_reqs {
	nng_socket sock;
	struct berth_netd_req *kept;
	unsigned n_kept;
};

/* done(arg) is called once, on a thread of nng's: answered, failed, or not answered within
 * ms.  Takes msg, unless it returns an error, which is nng's. */
int berth_netd_req_begin(struct berth_netd_req **out, struct berth_netd_reqs *rs, nng_msg *msg, nng_duration ms,
			 berth_netd_req_fn *done, void *arg);

/* Has it fail with rv, if it is still open. */
void berth_netd_req_abort(struct berth_netd_req *r, int rv);

/* After done(), once: 0 and the answer, which the caller frees, or nng's error and NULL.
 * sent: whether the request had left by then.  r is gone. */
int berth_netd_req_end(struct berth_netd_reqs *rs, struct berth_netd_req *r, nng_msg **answer, bool *sent);

/* Those that are kept; with or after their socket. */
void berth_netd_reqs_drop(struct berth_netd_reqs *rs);

#endif
