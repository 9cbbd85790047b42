/* SPDX-License-Identifier: Apache-2.0 */
/* One request: what is judged by its head, its body, the core's answer.  Whoever is
 * refused hears a bare status, and nothing in it depends on what a message says: the
 * core's answer to a message that it cannot read is that to one that it has stored. */
#include "agent/netd/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "did/base/clock.h"
#include "did/base/log.h"

#define BODIES_MAX ((size_t)4 << 20)		/* half-read ones, of all connections */
#define BODIES_SOURCE_MAX ((size_t)2 << 20)	/* of one address */
#define DISCARD_MAX ((size_t)4 << 20)		/* read and thrown away before a refusal is said */
#define OUT_HIGH ((size_t)4 << 20)		/* above it the core is behind: no new requests */
#define BUSY_RETRY_S 5
#define FLOOD_RETRY_S 2

static struct berth_netd_http_conn *conn_of(struct berth_netd_http *h, struct MHD_Connection *mc)
{
	const union MHD_ConnectionInfo *info = h->mhd->get_connection_info(mc, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static void refuse(struct berth_netd_http_request *r, int status, uint32_t retry_after_s)
{
	if (r->status)
		return;
	r->status = status;
	r->retry_after_s = retry_after_s;
	berth_buf_free(&r->body);
}

/* ---- answers */

static void free_body(void *p)
{
	berth_buf_free(p);
	free(p);
}

static struct MHD_Response *response(struct berth_netd_http *h, struct berth_buf *body)
{
	struct berth_buf *kept = malloc(sizeof(*kept));
	struct MHD_Response *r;

	if (!kept)
		return NULL;
	*kept = *body;
	*body = (struct berth_buf)BERTH_BUF_INIT;
	r = h->mhd->create_response_from_buffer_with_free_callback_cls(kept->len, kept->p ? kept->p : (void *)"",
									free_body, kept);
	if (!r)
		free_body(kept);
	return r;
}

/* last: the connection ends with it. */
static enum MHD_Result say(struct berth_netd_http_conn *c, struct berth_netd_http_request *r, bool last)
{
	const struct berth_mhd *mhd = c->h->mhd;
	struct MHD_Response *res = response(c->h, &r->answer);
	enum MHD_Result ok = MHD_NO;
	char seconds[16];

	if (!res)
		return MHD_NO;
	snprintf(seconds, sizeof(seconds), "%u", r->retry_after_s);
	if ((!r->gives || mhd->add_response_header(res, "Content-Type", berth_http_type_of(BERTH_FRAME_ENCRYPTED)) == MHD_YES) &&
	    (r->status != 405 || mhd->add_response_header(res, "Allow", c->at->ws ? "GET" : "POST") == MHD_YES) &&
	    (r->status != 426 || mhd->add_response_header(res, "Sec-WebSocket-Version", "13") == MHD_YES) &&
	    (!r->retry_after_s || mhd->add_response_header(res, "Retry-After", seconds) == MHD_YES) &&
	    (!last || mhd->add_response_header(res, "Connection", "close") == MHD_YES))
		ok = mhd->queue_response(r->mc, (unsigned)r->status, res);
	mhd->destroy_response(res);
	c->deadline_ms = berth_clock_mono_ms() + BERTH_NETD_HTTP_STEP_MS;
	return ok;
}

/* ---- reading */

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	berth_http_head_add(cls, name, value);
	return MHD_YES;
}

/* What is known before the body comes.  False: nothing of it may be read. */
static bool judge(struct berth_netd_http_conn *c, struct berth_netd_http_request *r, const char *method, const char *url)
{
	struct berth_netd_http *h = c->h;
	int status;

	if (!c->at->ws)
		h->mhd->get_connection_values(r->mc, MHD_HEADER_KIND, on_header, &r->head);
	if (!berth_netd_http_tls_is_let_in(c, r->mc)) {
		refuse(r, 403, 0);
		return false;
	}
	if (berth_limit_open(&h->limit, &c->addr, berth_clock_mono_ms()))
		refuse(r, 503, FLOOD_RETRY_S);
	else
		r->counted = true;
	if (c->at->ws) {
		if ((status = berth_netd_ws_judge(c, r->mc, method, url)) != 101)
			refuse(r, status, 0);
		return !r->status;
	}
	if ((status = berth_http_judge(&r->head, method, url, c->at->path, h->n->cfg.message_max)))
		refuse(r, status, 0);
	if (status == 415 && r->head.v1)
		berth_log(BERTH_LOG_INFO, "netd.http", "E_ENV: the peer speaks DIDComm v1");
	return !berth_http_head_is_ambiguous(&r->head) && !(r->head.lengths && r->head.length > DISCARD_MAX);
}

/* Whoever sends all but the last octet holds our memory meanwhile. */
static bool room_for(const struct berth_netd_http_conn *c, size_t n)
{
	size_t all = n, source = n;

	for (const struct berth_netd_http_conn *o = c->h->conns; o; o = o->next) {
		if (!o->rq)
			continue;
		all += o->rq->body.len;
		if (memcmp(&o->addr, &c->addr, sizeof(c->addr)) == 0)
			source += o->rq->body.len;
	}
	return all <= BODIES_MAX && source <= BODIES_SOURCE_MAX;
}

static enum MHD_Result take_body(struct berth_netd_http_conn *c, struct berth_netd_http_request *r, const char *data,
				 size_t *n)
{
	r->seen += *n;
	if (r->seen > c->h->n->cfg.message_max)
		refuse(r, 413, 0);
	else if (!r->status && !room_for(c, *n))
		refuse(r, 503, BUSY_RETRY_S);
	if (!r->status)
		berth_buf_put(&r->body, data, *n);
	*n = 0;
	return r->seen <= DISCARD_MAX && !r->body.bad ? MHD_YES : MHD_NO;
}

/* ---- to the core and back */

static enum berth_err forward(struct berth_netd_http_conn *c, struct berth_netd_http_request *r)
{
	struct berth_netd *n = c->h->n;
	struct berth_frame_request f = { .media = r->head.media, .acks = r->head.acks, .n_acks = r->head.n_acks,
		.msg = r->body.p, .msg_len = r->body.len };
	struct berth_net_request m = { .request = berth_netd_next_request(n), .conn = c->id,
		.transport = r->head.acks_fields ? BERTH_NET_HTTP_ACKS : BERTH_NET_HTTP };
	enum berth_err rc = berth_netd_forward(n, &m, &f, &c->addr);

	r->id = m.request;
	berth_buf_free(&r->body);
	return rc;
}

static enum MHD_Result upgrade(struct berth_netd_http_conn *c, struct berth_netd_http_request *r)
{
	if (r->counted)
		berth_limit_open_end(&c->h->limit, &c->addr);
	r->counted = false;
	return berth_netd_ws_upgrade(c, r->mc);
}

static enum MHD_Result read_all(struct berth_netd_http_conn *c, struct berth_netd_http_request *r)
{
	if (!r->status && c->at->ws)
		return upgrade(c, r);
	if (!r->status && r->body.len == 0)
		refuse(r, 400, 0);
	if (!r->status && (c->h->n->core.out.len >= OUT_HIGH || forward(c, r)))
		refuse(r, 503, BUSY_RETRY_S);
	if (r->status)
		return say(c, r, false);
	r->state = HELD;
	r->until_ms = berth_clock_mono_ms() + c->h->n->cfg.park_ms;
	c->h->n_held++;
	c->h->mhd->suspend_connection(r->mc);
	return MHD_YES;
}

enum MHD_Result berth_netd_http_on_request(void *cls, struct MHD_Connection *mc, const char *url, const char *method,
					   const char *version, const char *data, size_t *data_n, void **state)
{
	struct berth_netd_http_conn *c = conn_of(cls, mc);
	struct berth_netd_http_request *r = *state;

	(void)version;
	if (!c)
		return MHD_NO;
	if (!r) {
		if (!(*state = c->rq = r = calloc(1, sizeof(*r))))
			return MHD_NO;
		r->mc = mc;
		c->deadline_ms = berth_clock_mono_ms() + BERTH_NETD_HTTP_STEP_MS;
		return judge(c, r, method, url) ? MHD_YES : say(c, r, true);
	}
	if (*data_n)
		return take_body(c, r, data, data_n);
	switch (r->state) {
	case READING: return read_all(c, r);
	case ANSWERED: return say(c, r, false);
	default: return MHD_NO;
	}
}

/* Out of the core's hands; libmicrohttpd asks again what to say. */
static void unhold(struct berth_netd_http_conn *c, int state)
{
	c->rq->state = state;
	c->h->n_held--;
	c->deadline_ms = berth_clock_mono_ms() + BERTH_NETD_HTTP_STEP_MS;
	c->h->mhd->resume_connection(c->rq->mc);
}

static void tell(struct berth_netd *n, enum berth_net_op op, uint64_t request)
{
	struct berth_buf b = BERTH_BUF_INIT;

	berth_net_gone_encode(&b, request);
	if (berth_netd_tell(n, op, &b))
		berth_log_err(BERTH_LOG_WARN, "netd.gone", BERTH_E_QUOTA);
}

bool berth_netd_http_reply(struct berth_netd *n, uint64_t request, const struct berth_frame_reply *f)
{
	struct berth_netd_http_conn *c = n->http ? n->http->conns : NULL;
	struct berth_netd_http_request *r;

	while (c && !(c->rq && c->rq->state == HELD && c->rq->id == request))
		c = c->next;
	if (!c)
		return false;
	r = c->rq;
	r->status = berth_http_status_of(f);
	r->retry_after_s = f->retry_after_s;
	if (r->status == 200) {
		berth_buf_put(&r->answer, f->msgs[0].p, f->msgs[0].n);
		r->gives = true;
	}
	unhold(c, r->answer.bad ? GONE : ANSWERED);
	return true;
}

bool berth_netd_http_left(struct berth_netd_http_conn *c)
{
	if (!c->rq || c->rq->state != HELD)
		return false;
	tell(c->h->n, BERTH_NET_GONE, c->rq->id);
	unhold(c, GONE);
	return true;
}

/* Nothing may be called stored that the core did not say it stored. */
void berth_netd_http_late(struct berth_netd_http_conn *c)
{
	tell(c->h->n, BERTH_NET_GONE, c->rq->id);
	c->rq->status = 503;
	c->rq->retry_after_s = BUSY_RETRY_S;
	unhold(c, ANSWERED);
}

void berth_netd_http_on_completed(void *cls, struct MHD_Connection *mc, void **state,
				  enum MHD_RequestTerminationCode code)
{
	struct berth_netd_http *h = cls;
	struct berth_netd_http_conn *c = conn_of(h, mc);
	struct berth_netd_http_request *r = *state;

	*state = NULL;
	if (!r || !c)
		return;
	/* the row that it came from goes, or stays for another time */
	if (r->gives && r->head.acks_fields == 0)
		tell(h->n, code == MHD_REQUEST_TERMINATED_COMPLETED_OK ? BERTH_NET_SENT : BERTH_NET_GONE, r->id);
	if (r->counted)
		berth_limit_open_end(&h->limit, &c->addr);
	berth_buf_free(&r->body);
	berth_buf_free(&r->answer);
	free(r);
	c->rq = NULL;
	c->idle_ms = berth_clock_mono_ms();
	c->deadline_ms = c->idle_ms + BERTH_NETD_HTTP_IDLE_MS;
}
