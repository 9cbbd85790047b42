/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/netd/netd.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "agent/ipc/http_uri.h"
#include "agent/netd/sandbox.h"
#include "did/base/clock.h"
#include "did/base/log.h"

#define NAME_THREADS 1

enum berth_err berth_netd_tell(struct berth_netd *n, enum berth_net_op op, struct berth_buf *payload)
{
	enum berth_err rc = berth_buf_status(payload);

	if (!rc)
		rc = berth_ipc_queue(&n->core, (uint16_t)op, 0, payload->p, payload->len);
	berth_buf_free(payload);
	return rc;
}

enum berth_err berth_netd_forward(struct berth_netd *n, struct berth_net_request *m, const struct berth_frame_request *f,
				  const struct berth_netaddr *from)
{
	struct berth_buf frame = BERTH_BUF_INIT, b = BERTH_BUF_INIT;
	enum berth_err rc = berth_frame_request_encode(&frame, f);

	if (!rc) {
		m->frame = frame.p;
		m->frame_len = frame.len;
		berth_netaddr_text(m->peer, from);
		berth_net_request_encode(&b, m);
		rc = berth_netd_tell(n, BERTH_NET_REQUEST, &b);
	}
	berth_buf_free(&frame);
	return rc;
}

void berth_netd_result(struct berth_netd *n, struct berth_net_result *m)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	if (m->code) {
		snprintf(m->detail, sizeof(m->detail), "%s", berth_err_detail());
		m->frame_len = 0;
	}
	berth_net_result_encode(&b, m);
	rc = berth_netd_tell(n, BERTH_NET_RESULT, &b);
	if (rc == BERTH_E_QUOTA && !m->code) {	/* the core is behind; without the reply it fits */
		m->code = rc;
		berth_netd_result(n, m);
	}
}

uint64_t berth_netd_next_request(struct berth_netd *n) { return ++n->next_request; }

enum berth_err berth_netd_ask(struct berth_netd *n, struct berth_lookup *l)
{
	n->stale |= !berth_netd_sandbox_is_current();
	return berth_names_ask(n->names, l);
}

/* The first configuration says what we need; what has threads comes after. */
static enum berth_err begin(struct berth_netd *n)
{
	enum berth_err rc;

	berth_netd_sandbox(&n->cfg);
	if ((rc = berth_names_new(&n->names, &n->ready, NAME_THREADS)) || (rc = berth_netd_nng_start()) ||
	    (rc = berth_netd_listen_new(n)))
		return rc;
	return berth_netd_dial_new(n);
}

static enum berth_err on_config(struct berth_netd *n, const struct berth_ipc_frame *f)
{
	struct berth_net_config cfg;
	enum berth_err rc = berth_net_config_decode(&cfg, f->p, f->n);

	if (rc)
		return rc;
	berth_netpol_free(&n->cfg.policy);
	n->cfg = cfg;
	if (!n->configured && (rc = begin(n)))
		return rc;
	n->configured = true;
	berth_netd_listen_limits(n);
	berth_netd_http_limits(n);
	berth_netd_ws_limits(n);
	berth_netd_dial_limits(n);
	berth_netd_http_dial_limits(n);
	berth_netd_bound_memory(n, false);
	return BERTH_OK;
}

static enum berth_err on_listen(struct berth_netd *n, const struct berth_ipc_frame *f)
{
	struct berth_net_listening m = { .code = BERTH_OK };
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_net_uri_msg uri;
	enum berth_err rc = berth_net_uri_decode(&uri, f->p, f->n);

	if (rc)
		return rc;
	memcpy(m.uri, uri.uri, sizeof(m.uri));
	if (berth_uri_is_http(uri.uri) || berth_uri_is_ws(uri.uri))
		m.code = berth_netd_http_listen_add(n, uri.uri, m.bound);
	else
		m.code = berth_netd_listen_add(n, uri.uri, m.bound);
	if (m.code)
		snprintf(m.detail, sizeof(m.detail), "%s", berth_err_detail());
	berth_net_listening_encode(&b, &m);
	return berth_netd_tell(n, BERTH_NET_LISTENING, &b);
}

static enum berth_err on_send(struct berth_netd *n, const struct berth_ipc_frame *f)
{
	struct berth_net_send m;
	enum berth_err rc = berth_net_send_decode(&m, f->p, f->n);

	if (rc)
		return rc;
	if (berth_uri_is_ws(m.uri) && berth_netd_ws_send(n, &m))
		return BERTH_OK;
	if (berth_uri_is_http(m.uri) || berth_uri_is_ws(m.uri))
		berth_netd_http_send(n, &m);
	else
		berth_netd_dial_send(n, &m);
	return BERTH_OK;
}

static enum berth_err on_reply(struct berth_netd *n, const struct berth_ipc_frame *f)
{
	struct berth_frame_reply r;
	struct berth_net_reply m;
	enum berth_err rc = berth_net_reply_decode(&m, f->p, f->n);

	if (rc || (rc = berth_frame_reply_decode(&r, m.frame, m.frame_len)))
		return rc;
	if (!berth_netd_http_reply(n, m.request, &r) && !berth_netd_ws_reply(n, m.request, &r))
		berth_netd_listen_reply(n, &m);
	return BERTH_OK;
}

static enum berth_err on_close(struct berth_netd *n, const struct berth_ipc_frame *f)
{
	struct berth_net_uri_msg uri;
	enum berth_err rc = berth_net_uri_decode(&uri, f->p, f->n);

	if (!rc && !berth_netd_http_listen_remove(n, uri.uri) && !berth_netd_listen_remove(n, uri.uri))
		berth_netd_dial_drop(n, uri.uri);
	return rc;
}

static enum berth_err on_browse(struct berth_netd *n, const struct berth_ipc_frame *f)
{
	struct berth_net_browse m;
	enum berth_err rc = berth_net_browse_decode(&m, f->p, f->n);

	if (!rc)
		berth_netd_browse(n, &m);
	return rc;
}

static enum berth_err on_frame(void *arg, const struct berth_ipc_frame *f)
{
	struct berth_netd *n = arg;

	if (f->op != BERTH_NET_CONFIG && !n->configured)
		return berth_fail(BERTH_E_TYPE, "netd: op %u before CONFIG", f->op);
	switch (f->op) {
	case BERTH_NET_CONFIG: return on_config(n, f);
	case BERTH_NET_LISTEN: return on_listen(n, f);
	case BERTH_NET_SEND: return on_send(n, f);
	case BERTH_NET_REPLY: return on_reply(n, f);
	case BERTH_NET_CLOSE: return on_close(n, f);
	case BERTH_NET_BROWSE: return on_browse(n, f);
	default: return berth_fail(BERTH_E_TYPE, "netd: op %u", f->op);
	}
}

static int sooner(int a_ms, int b_ms)
{
	return a_ms < 0 || (b_ms >= 0 && b_ms < a_ms) ? b_ms : a_ms;
}

/* One wake-up; *wait_ms is how long it may take, and then the next one. */
static enum berth_err step(struct berth_netd *n, int *wait_ms)
{
	struct pollfd fds[] = {
		{ .fd = n->core.fd, .events = (short)(POLLIN | (berth_ipc_wants_write(&n->core) ? POLLOUT : 0)) },
		{ .fd = n->ready.fd, .events = POLLIN },
		{ .fd = berth_netd_http_fd(n), .events = POLLIN },
		{ .fd = berth_netd_http_dial_fd(n), .events = POLLIN },
		{ .fd = berth_netd_ws_fd(n), .events = POLLIN },
	};
	enum berth_err rc = BERTH_OK;
	uint64_t now;

	if (poll(fds, sizeof(fds) / sizeof(*fds), *wait_ms) < 0)
		return errno == EINTR ? BERTH_OK : berth_fail(BERTH_E_UNAVAILABLE, "poll: errno %d", errno);
	if (fds[1].revents)
		berth_ready_run(&n->ready);
	if (fds[0].revents & (POLLIN | POLLHUP | POLLERR))
		rc = berth_ipc_on_readable(&n->core, on_frame, n);
	if (!n->configured)
		return rc;
	now = berth_clock_mono_ms();
	*wait_ms = sooner(berth_netd_dial_tick(n, now), berth_netd_listen_tick(n, now));
	*wait_ms = sooner(*wait_ms, berth_netd_http_dial_tick(n, now));
	*wait_ms = sooner(*wait_ms, berth_netd_ws_tick(n, now));
	*wait_ms = sooner(*wait_ms, berth_netd_http_tick(n, now));
	if (!rc && berth_ipc_wants_write(&n->core))
		rc = berth_ipc_on_writable(&n->core);
	return rc;
}

enum berth_err berth_netd_run(int fd)
{
	static struct berth_netd n;	/* other threads may look at it to the end */
	enum berth_err rc;
	bool core_left;
	int wait_ms = -1;

	berth_ipc_init(&n.core, fd);
	berth_net_config_init(&n.cfg);
	if ((rc = berth_ready_init(&n.ready))) {
		berth_ipc_close(&n.core);
		return rc;
	}
	while (!rc && !n.stale)
		rc = step(&n, &wait_ms);
	core_left = rc == BERTH_E_UNAVAILABLE;
	if (n.stale)
		berth_log(BERTH_LOG_INFO, "netd.names", "the name service's files were replaced: beginning anew");
	else if (!core_left)
		berth_log_err(BERTH_LOG_ERROR, "netd.core", rc);
	berth_netd_listen_unlink(&n);
	berth_ipc_close(&n.core);
	return core_left ? BERTH_OK : rc;
}
