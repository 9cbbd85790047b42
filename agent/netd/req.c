/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/netd/req.h"

#include <stdlib.h>

static void on_answer(void *arg)
{
	struct berth_netd_req *r = arg;

	r->done(r->arg);
}

static void free_aios(struct berth_netd_req *r)
{
	nng_aio_free(r->out);
	nng_aio_free(r->in);
	free(r);
}

static void drop(struct berth_netd_req *r)
{
	nng_ctx_close(r->ctx);
	free_aios(r);
}

static int make(struct berth_netd_req **out, nng_socket sock)
{
	struct berth_netd_req *r = calloc(1, sizeof(*r));
	int rv = NNG_ENOMEM;

	if (!r || (rv = nng_ctx_open(&r->ctx, sock))) {
		free(r);
		return rv;
	}
	if ((rv = nng_aio_alloc(&r->out, NULL, NULL)) || (rv = nng_aio_alloc(&r->in, on_answer, r))) {
		drop(r);
		return rv;
	}
	*out = r;
	return 0;
}

static int take(struct berth_netd_req **out, struct berth_netd_reqs *rs)
{
	if (!(*out = rs->kept))
		return make(out, rs->sock);
	rs->kept = (*out)->next;
	rs->n_kept--;
	return 0;
}

int berth_netd_req_begin(struct berth_netd_req **out, struct berth_netd_reqs *rs, nng_msg *msg, nng_duration ms,
			 berth_netd_req_fn *done, void *arg)
{
	struct berth_netd_req *r;
	int rv = take(&r, rs);

	if (rv)
		return rv;
	r->done = done;
	r->arg = arg;
	*out = r;
	nng_aio_set_msg(r->out, msg);
	/* only `in` has a deadline: nng 1.5.2 stops the process when a request is given up
	 * before it is sent and somebody waits for its answer */
	nng_aio_set_timeout(r->out, NNG_DURATION_INFINITE);
	nng_aio_set_timeout(r->in, ms);
	nng_ctx_send(r->ctx, r->out);
	nng_ctx_recv(r->ctx, r->in);
	return 0;
}

void berth_netd_req_abort(struct berth_netd_req *r, int rv) { nng_aio_abort(r->in, rv); }

/* The request was answered: its context is as new. */
static void keep(struct berth_netd_reqs *rs, struct berth_netd_req *r)
{
	if (rs->n_kept == BERTH_NETD_REQS_KEPT) {
		drop(r);
		return;
	}
	r->next = rs->kept;
	rs->kept = r;
	rs->n_kept++;
}

/* What became of the request itself; one that could not be sent is still ours. */
static int end_out(struct berth_netd_req *r)
{
	int rv;

	nng_aio_wait(r->out);	/* it is over, or will be in a moment */
	if ((rv = nng_aio_result(r->out)))
		nng_msg_free(nng_aio_get_msg(r->out));
	return rv;
}

/* The context is closed first: it lets go of `out`, which nng 1.5.2 does not do when it gives
 * `in` up. */
static int end_failed(struct berth_netd_req *r, int rv, bool *sent)
{
	int rv_out;

	nng_ctx_close(r->ctx);
	rv_out = end_out(r);
	*sent = !rv_out;
	free_aios(r);
	return rv == NNG_ESTATE && rv_out ? rv_out : rv;	/* it waited for what never began */
}

int berth_netd_req_end(struct berth_netd_reqs *rs, struct berth_netd_req *r, nng_msg **answer, bool *sent)
{
	int rv = nng_aio_result(r->in);

	*answer = NULL;
	if (rv)
		return end_failed(r, rv, sent);
	*answer = nng_aio_get_msg(r->in);
	nng_aio_set_msg(r->in, NULL);
	*sent = !end_out(r);
	keep(rs, r);
	return 0;
}

void berth_netd_reqs_drop(struct berth_netd_reqs *rs)
{
	struct berth_netd_req *r;

	while ((r = rs->kept)) {
		rs->kept = r->next;
		drop(r);
	}
	rs->n_kept = 0;
}
