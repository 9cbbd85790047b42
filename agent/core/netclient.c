/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/netclient.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "agent/core/metrics.h"
#include "agent/core/netclient_internal.h"
#include "agent/ipc/netd_proto.h"
#include "did/base/clock.h"
#include "did/base/log.h"

#define START_MS 5000
#define STOP_GRACE_MS 100	/* it has nothing to lose */

static bool up(const struct berth_netclient *n) { return n->proc.pid != 0 && n->ipc.fd >= 0 && !n->ipc.failed; }

static enum berth_err net_send(struct berth_transport *t, uint64_t id, const char *uri, const struct berth_buf *frame)
{
	struct berth_netclient *n = (struct berth_netclient *)t;
	struct berth_net_send m = { .id = id, .frame = frame->p, .frame_len = frame->len };
	struct berth_buf b = BERTH_BUF_INIT;
	size_t len = strlen(uri);
	enum berth_err rc;

	if (!up(n) || n->n_open == NETCLIENT_OPEN_MAX)
		return berth_fail(BERTH_E_UNAVAILABLE, "netd is down or busy");
	if (len > BERTH_NET_URI_MAX)
		return berth_fail(BERTH_E_NETPOL, "a URI of %zu bytes", len);
	memcpy(m.uri, uri, len + 1);
	berth_net_send_encode(&b, &m);
	if (!(rc = berth_buf_status(&b)) && !(rc = berth_ipc_queue(&n->ipc, BERTH_NET_SEND, 0, b.p, b.len)))
		n->open[n->n_open++] = id;
	berth_buf_free(&b);
	return rc;
}

static enum berth_err net_reply(struct berth_transport *t, uint64_t request, const struct berth_buf *frame)
{
	struct berth_netclient *n = (struct berth_netclient *)t;
	struct berth_net_reply m = { .frame = frame->p, .frame_len = frame->len };
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!up(n) || request >> NETCLIENT_LIFE_SHIFT != n->life)
		return berth_fail(BERTH_E_UNAVAILABLE, "who asked is gone with netd");
	m.request = request & NETCLIENT_REQUEST_MASK;
	berth_net_reply_encode(&b, &m);
	if (!(rc = berth_buf_status(&b)))
		rc = berth_ipc_queue(&n->ipc, BERTH_NET_REPLY, 0, b.p, b.len);
	berth_buf_free(&b);
	return rc;
}

static enum berth_err net_browse(struct berth_transport *t)
{
	struct berth_netclient *n = (struct berth_netclient *)t;
	struct berth_net_browse m;
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc = berth_config_browse(n->cfg, &m);

	if (rc)
		return rc;
	if (!up(n))
		return berth_fail(BERTH_E_UNAVAILABLE, "netd is down");
	berth_net_browse_encode(&b, &m);
	if (!(rc = berth_buf_status(&b)))
		rc = berth_ipc_queue(&n->ipc, BERTH_NET_BROWSE, 0, b.p, b.len);
	berth_buf_free(&b);
	return rc;
}

static const struct berth_transport_ops ops = { .send = net_send, .reply = net_reply, .browse = net_browse };

enum berth_err berth_netclient_new(struct berth_netclient **out, const struct berth_config *cfg,
				   const char *libexec_dir)
{
	struct berth_netclient *n = calloc(1, sizeof(*n));
	enum berth_err rc;

	*out = NULL;
	if (!n)
		return berth_no_memory();
	n->transport.ops = &ops;
	n->cfg = cfg;
	n->ipc.fd = -1;
	if ((rc = berth_proc_libexec(&n->libexec, libexec_dir, "netd"))) {
		berth_netclient_free(n);
		return rc;
	}
	*out = n;
	return BERTH_OK;
}

void berth_netclient_free(struct berth_netclient *n)
{
	if (!n)
		return;
	berth_ipc_close(&n->ipc);
	berth_proc_stop(&n->proc, STOP_GRACE_MS);
	berth_buf_free(&n->libexec);
	free(n);
}

struct berth_transport *berth_netclient_transport(struct berth_netclient *n) { return &n->transport; }
void berth_netclient_set_agent(struct berth_netclient *n, struct berth_agent *agent) { n->agent = agent; }

/* One that fails is down() when its turn comes. */
void berth_netclient_push(struct berth_netclient *n)
{
	if (berth_netclient_wants_write(n))
		(void)!berth_ipc_on_writable(&n->ipc);
}

int berth_netclient_fd(const struct berth_netclient *n) { return up(n) ? n->ipc.fd : -1; }
bool berth_netclient_wants_write(const struct berth_netclient *n) { return up(n) && berth_ipc_wants_write(&n->ipc); }

static enum berth_err send_config(struct berth_netclient *n, const struct berth_config *cfg)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_net_config c;
	enum berth_err rc;

	if ((rc = berth_config_net(cfg, &c)))
		return rc;
	berth_net_config_encode(&b, &c);
	if (!(rc = berth_buf_status(&b)))
		rc = berth_ipc_queue(&n->ipc, BERTH_NET_CONFIG, 0, b.p, b.len);
	berth_buf_free(&b);
	berth_netpol_free(&c.policy);
	return rc;
}

static enum berth_err send_listen(struct berth_netclient *n)
{
	struct berth_buf b = BERTH_BUF_INIT;
	const char *uri;
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && (uri = berth_config_item(n->cfg, "listen", NULL, "uri", i)); i++) {
		berth_buf_reset(&b);
		berth_net_uri_encode(&b, uri);
		if (!(rc = berth_buf_status(&b)))
			rc = berth_ipc_queue(&n->ipc, BERTH_NET_LISTEN, 0, b.p, b.len);
	}
	berth_buf_free(&b);
	return rc;
}

static enum berth_err spawn(struct berth_netclient *n)
{
	char *argv[] = { (char *)n->libexec.p, NULL };
	int sock;
	enum berth_err rc;

	n->life = (n->life + 1) & (UINT64_MAX >> NETCLIENT_LIFE_SHIFT);
	n->listening = 0;
	n->listen_rc = BERTH_OK;
	if ((rc = berth_proc_spawn(&n->proc, &sock, berth_buf_cstr(&n->libexec), argv)))
		return rc;
	berth_ipc_init(&n->ipc, sock);
	return (rc = send_config(n, n->cfg)) ? rc : send_listen(n);
}

/* Everything that was under way has failed; the outbox knows what to do. */
static void down(struct berth_netclient *n, uint64_t lived_ms)
{
	uint32_t wait = berth_backoff_next(&n->backoff, lived_ms);
	uint64_t open[NETCLIENT_OPEN_MAX];
	size_t n_open = n->n_open;

	berth_ipc_close(&n->ipc);
	berth_proc_stop(&n->proc, 0);
	n->again_ms = berth_clock_mono_ms() + wait;
	berth_metric_count(BERTH_METRIC_NETD_ENDS);
	berth_log(BERTH_LOG_WARN, "netd", "is gone after %" PRIu64 " ms; starting again in %" PRIu32 " ms", lived_ms, wait);
	memcpy(open, n->open, sizeof(open));
	n->n_open = 0;
	if (!n->agent)
		return;
	berth_agent_batch_begin(n->agent);
	berth_agent_on_all_gone(n->agent);
	for (size_t i = 0; i < n_open; i++)
		berth_agent_on_result(n->agent, open[i], berth_fail(BERTH_E_UNAVAILABLE, "netd was started again"), NULL, 0);
	berth_agent_batch_end(n->agent);
}

static enum berth_err pump(struct berth_netclient *n, bool readable, bool writable)
{
	enum berth_err rc = BERTH_OK;

	if (writable && berth_ipc_wants_write(&n->ipc))
		rc = berth_ipc_on_writable(&n->ipc);
	if (rc || !readable)
		return rc;
	if (n->agent)
		berth_agent_batch_begin(n->agent);
	rc = berth_ipc_on_readable_ahead(&n->ipc, netclient_ahead, netclient_on_frame, n);
	if (n->agent) {
		berth_agent_batch_end(n->agent);
		berth_agent_ahead_end(n->agent);
	}
	return rc;
}

static size_t uris(const struct berth_netclient *n)
{
	size_t i = 0;

	while (berth_config_item(n->cfg, "listen", NULL, "uri", i))
		i++;
	return i;
}

enum berth_err berth_netclient_start(struct berth_netclient *n)
{
	uint64_t end = berth_clock_mono_ms() + START_MS;
	enum berth_err rc = spawn(n);

	while (!rc && (n->listening < uris(n) || berth_ipc_wants_write(&n->ipc))) {
		struct pollfd p = { .fd = n->ipc.fd, .events = POLLIN };

		if (berth_ipc_wants_write(&n->ipc))
			p.events |= POLLOUT;
		if (berth_clock_mono_ms() > end)
			return berth_fail(BERTH_E_UNAVAILABLE, "netd does not answer");
		if (poll(&p, 1, 100) > 0)
			rc = pump(n, p.revents & (POLLIN | POLLHUP), p.revents & POLLOUT);
	}
	if (!rc)
		rc = n->listen_rc;
	n->started = !rc;
	return rc;
}

static bool tls_is_used(const struct berth_net_tls *t) { return t->certificate[0] || t->ca[0] || t->clients[0]; }

/* Certificates are read where a listener or link begins, and which files netd may open
 * is settled at its start. */
static bool needs_another(const struct berth_netclient *n, const struct berth_net_config *c)
{
	struct berth_net_config old;
	bool yes;

	if (berth_config_net(n->cfg, &old))
		return true;
	yes = tls_is_used(&c->tls) || tls_is_used(&old.tls) || c->policy.n_ipc != old.policy.n_ipc ||
	      memcmp(c->policy.ipc, old.policy.ipc, sizeof(old.policy.ipc)) != 0;
	berth_netpol_free(&old.policy);
	return yes;
}

/* Once cfg has been read nothing can go wrong: a netd that does not take it is
 * replaced by one that begins with it. */
enum berth_err berth_netclient_reconfigure(struct berth_netclient *n, const struct berth_config *cfg)
{
	struct berth_net_config c;
	enum berth_err rc = berth_config_net(cfg, &c);
	bool anew = !rc && needs_another(n, &c);

	if (rc)
		return rc;
	berth_netpol_free(&c.policy);
	n->cfg = cfg;
	if (up(n) && (anew || send_config(n, cfg)))
		n->ipc.failed = true;
	return BERTH_OK;
}

/* After the first start: a port that cannot be had again is tried for again. */
static bool deaf(const struct berth_netclient *n) { return n->started && n->listen_rc; }

void berth_netclient_run(struct berth_netclient *n, bool readable, bool writable)
{
	uint64_t now = berth_clock_mono_ms(), started = n->proc.started_ms;

	if (n->proc.pid) {
		if (!up(n) || pump(n, readable, writable) || deaf(n) || berth_proc_reap(&n->proc, NULL))
			down(n, now - started);
		return;
	}
	if (now < n->again_ms)
		return;
	if (spawn(n)) {
		berth_log(BERTH_LOG_ERROR, "netd", "%s", berth_err_detail());
		down(n, 0);
	}
}

uint32_t berth_netclient_timeout_ms(const struct berth_netclient *n)
{
	uint64_t now = berth_clock_mono_ms();

	if (n->proc.pid)
		return up(n) ? UINT32_MAX : 0;
	return n->again_ms > now ? (uint32_t)(n->again_ms - now) : 0;
}
