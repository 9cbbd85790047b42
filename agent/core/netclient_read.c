/* SPDX-License-Identifier: Apache-2.0 */
/* What berth-netd says to the core. */
#include "agent/core/netclient_internal.h"
#include "agent/ipc/netd_proto.h"
#include "did/base/log.h"

static bool take_open(struct berth_netclient *n, uint64_t id)
{
	for (size_t i = 0; i < n->n_open; i++)
		if (n->open[i] == id) {
			n->open[i] = n->open[--n->n_open];
			return true;
		}
	return false;
}

static enum berth_err on_listening(struct berth_netclient *n, const struct berth_ipc_frame *f)
{
	struct berth_net_listening m;
	enum berth_err rc = berth_net_listening_decode(&m, f->p, f->n);

	if (rc)
		return rc;
	if (m.code) {
		n->listen_rc = berth_fail(m.code, "%s: %s", m.uri, m.detail);
		berth_log(BERTH_LOG_ERROR, "listen", "%s: %s", m.uri, m.detail);
	} else {
		berth_log(BERTH_LOG_INFO, "listen", "%s", m.bound);
	}
	n->listening++;
	return BERTH_OK;
}

/* A request that an earlier netd held is not mixed up with one of this. */
static uint64_t number(const struct berth_netclient *n, uint64_t request)
{
	return n->life << NETCLIENT_LIFE_SHIFT | (request & NETCLIENT_REQUEST_MASK);
}

static enum berth_link link_of(enum berth_net_transport t)
{
	switch (t) {
	case BERTH_NET_HTTP: return BERTH_LINK_HTTP;
	case BERTH_NET_HTTP_ACKS: return BERTH_LINK_HTTP_ACKS;
	case BERTH_NET_WS: return BERTH_LINK_WS;
	default: return BERTH_LINK_NNG;
	}
}

static enum berth_err on_request(struct berth_netclient *n, const struct berth_ipc_frame *f)
{
	struct berth_net_request m;
	enum berth_err rc = berth_net_request_decode(&m, f->p, f->n);

	if (!rc && n->agent)
		berth_agent_on_request(n->agent, number(n, m.request), link_of(m.transport), m.peer, m.frame, m.frame_len);
	return rc;
}

static enum berth_err on_result(struct berth_netclient *n, const struct berth_ipc_frame *f)
{
	struct berth_net_result m;
	enum berth_err rc = berth_net_result_decode(&m, f->p, f->n);

	if (rc || !take_open(n, m.id) || !n->agent)
		return rc;
	if (m.code && m.later) {	/* to the outbox that is a peer who cannot be reached now */
		berth_log(BERTH_LOG_WARN, "send", "%s: %s", berth_err_name(m.code), m.detail);
		m.code = BERTH_E_UNAVAILABLE;
	}
	if (m.code)
		m.code = berth_fail(m.code, "%s", m.detail);
	berth_agent_on_result(n->agent, m.id, m.code, m.frame, m.frame_len);
	return BERTH_OK;
}

static enum berth_err on_gone(struct berth_netclient *n, const struct berth_ipc_frame *f)
{
	uint64_t request;
	enum berth_err rc = berth_net_gone_decode(&request, f->p, f->n);

	if (rc || !n->agent)
		return rc;
	if (f->op == BERTH_NET_SENT)
		berth_agent_on_sent(n->agent, number(n, request));
	else
		berth_agent_on_gone(n->agent, number(n, request));
	return BERTH_OK;
}

static enum berth_err on_services(struct berth_netclient *n, const struct berth_ipc_frame *f)
{
	struct berth_net_services m;
	enum berth_err rc = berth_net_services_decode(&m, f->p, f->n);

	if (!rc && n->agent)
		berth_agent_on_services(n->agent, m.code, m.text, m.octets);
	return rc;
}

enum berth_err netclient_ahead(void *arg, const struct berth_ipc_frame *f)
{
	const struct berth_netclient *n = arg;
	struct berth_net_request q;
	struct berth_net_result r;
	enum berth_err rc = BERTH_OK;

	if (!n->agent)
		return BERTH_OK;
	if (f->op == BERTH_NET_REQUEST && !(rc = berth_net_request_decode(&q, f->p, f->n)))
		berth_agent_ahead(n->agent, q.frame, q.frame_len);
	if (f->op == BERTH_NET_RESULT && !(rc = berth_net_result_decode(&r, f->p, f->n)) && !r.code)
		berth_agent_ahead_reply(n->agent, r.frame, r.frame_len);
	return rc;
}

enum berth_err netclient_on_frame(void *arg, const struct berth_ipc_frame *f)
{
	struct berth_netclient *n = arg;

	switch (f->op) {
	case BERTH_NET_LISTENING: return on_listening(n, f);
	case BERTH_NET_REQUEST: return on_request(n, f);
	case BERTH_NET_RESULT: return on_result(n, f);
	case BERTH_NET_GONE:
	case BERTH_NET_SENT: return on_gone(n, f);
	case BERTH_NET_SERVICES: return on_services(n, f);
	default: return berth_fail(BERTH_E_TYPE, "netd says %u", f->op);
	}
}
