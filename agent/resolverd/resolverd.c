/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/resolverd/resolverd.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "agent/ipc/http_policy.h"
#include "agent/ipc/ipc.h"
#include "agent/resolverd/http.h"
#include "agent/resolverd/plugin.h"
#include "agent/resolverd/query.h"
#include "agent/resolverd/sandbox.h"
#include "did/base/log.h"

#define PLUGINS_MAX 16
#define WAIT_MAX_MS 60000u

struct resolverd {
	struct berth_ipc core;
	struct berth_res_pieces pieces;
	struct berth_plugin plugins[PLUGINS_MAX];
	size_t n;
	struct berth_res_paths paths;	/* that they may reach */
	bool sealed, stale;
	struct berth_res_http_policy policy;
	struct berth_res_http *http;	/* NULL: no POLICY has come */
	enum berth_err sent;		/* of answers: the core has left, or there is no memory */
};

/* --- what the core is told ----------------------------------------------------------- */

struct sending { struct resolverd *r; uint32_t seq; };

/* Waits where the core is slow: it never waits for us. */
static enum berth_err send_frame(void *arg, uint16_t op, const void *p, size_t n)
{
	struct sending *s = arg;

	return berth_ipc_send(&s->r->core, op, s->seq, p, n, BERTH_IPC_FOREVER);
}

static void on_answered(void *arg, uint32_t seq, const struct berth_buf *answer)
{
	struct resolverd *r = arg;
	struct sending s = { r, seq };
	enum berth_err rc = berth_res_in_pieces(BERTH_IPC_OK, answer, send_frame, &s);

	if (rc)
		r->sent = rc;
}

static void on_now(void *arg, uint32_t seq)
{
	struct resolverd *r = arg;
	struct sending s = { r, seq };
	enum berth_err rc = send_frame(&s, BERTH_RES_NOW, NULL, 0);

	if (rc)
		r->sent = rc;
}

/* --- what it wants ------------------------------------------------------------------- */

static enum berth_err on_policy(struct resolverd *r, const struct berth_ipc_frame *f)
{
	const struct berth_query_events events = { on_answered, on_now, r };
	struct berth_cur c = berth_cur(f->p, f->n);
	enum berth_err rc;

	if (r->http || r->n)
		return berth_fail(BERTH_E_TYPE, "resolverd: POLICY comes first, and once");
	if ((rc = berth_res_http_policy_decode(&r->policy, &c)))
		return rc;
	if (!berth_cur_done(&c))
		return berth_fail(BERTH_E_TYPE, "resolverd: malformed POLICY");
	if ((rc = berth_res_http_new(&r->http, &r->policy)))
		return rc;
	berth_query_init(&events, r->http);
	return berth_ipc_answer(&r->core, f->seq, BERTH_OK, NULL);
}

static enum berth_err load(struct resolverd *r, const struct berth_res_load *m, struct berth_buf *out)
{
	struct berth_res_loaded l;
	enum berth_err rc;

	if (r->n == PLUGINS_MAX)
		return berth_fail(BERTH_E_PLUGIN, "more than %d adapters", PLUGINS_MAX);
	if ((rc = berth_res_paths_add(&r->paths, m->config)) ||
	    (rc = berth_plugin_load(&r->plugins[r->n], m->path, m->config, &berth_query_host)))
		return rc;
	memcpy(l.name, r->plugins[r->n].name, sizeof(l.name));
	memcpy(l.methods, r->plugins[r->n].methods, sizeof(l.methods));
	l.operations = r->plugins[r->n].operations;
	r->n++;
	berth_res_loaded_encode(out, &l);
	return berth_buf_status(out);
}

static enum berth_err on_load(struct resolverd *r, const struct berth_ipc_frame *f)
{
	struct berth_buf out = BERTH_BUF_INIT;
	struct berth_res_load m;
	enum berth_err rc = berth_res_load_decode(&m, f->p, f->n), done;

	if (rc)
		return rc;
	done = load(r, &m, &out);
	rc = berth_ipc_answer(&r->core, f->seq, done, &out);
	berth_buf_free(&out);
	return rc;
}

static enum berth_err on_seal(struct resolverd *r, const struct berth_ipc_frame *f)
{
	enum berth_err rc;

	if (f->n)
		return berth_fail(BERTH_E_TYPE, "resolverd: SEAL says nothing");
	if (r->policy.ca_file[0] && (rc = berth_res_paths_add_file(&r->paths, r->policy.ca_file)))
		return rc;
	berth_resolverd_sandbox(&r->paths, &r->policy);
	r->sealed = true;
	return berth_ipc_answer(&r->core, f->seq, BERTH_OK, NULL);
}

static enum berth_err on_ask(struct resolverd *r, const struct berth_ipc_frame *f)
{
	const uint8_t *p = f->p;
	size_t n = f->n;
	enum berth_err rc;

	r->stale |= !berth_resolverd_sandbox_is_current(&r->paths);
	if (!(rc = berth_res_pieces_end(&r->pieces, f->seq, &p, &n)))
		rc = berth_query_begin(r->plugins, r->n, f->seq, p, n);
	berth_res_pieces_clear(&r->pieces);
	return rc;
}

static enum berth_err on_cancel(const struct berth_ipc_frame *f)
{
	struct berth_cur c = berth_cur(f->p, f->n);
	uint32_t seq = berth_cur_be32(&c);

	if (!berth_cur_done(&c))
		return berth_fail(BERTH_E_TYPE, "resolverd: malformed CANCEL");
	berth_query_cancel(seq);
	return BERTH_OK;
}

/* The last word of a process whose adapter cannot be trusted with another one. */
static enum berth_err check_fault(struct resolverd *r)
{
	uint32_t seq;
	const char *fault = berth_query_fault(&seq);
	enum berth_err rc, sent;

	if (r->sent || !fault)
		return r->sent;
	rc = berth_fail(BERTH_E_PLUGIN, "%s", fault);
	sent = berth_ipc_answer(&r->core, seq, rc, NULL);
	return sent ? sent : rc;
}

static enum berth_err on_frame(void *arg, const struct berth_ipc_frame *f)
{
	struct resolverd *r = arg;
	enum berth_err rc;

	switch (f->op * 2 + r->sealed) {
	case BERTH_RES_POLICY * 2: rc = on_policy(r, f); break;
	case BERTH_RES_LOAD * 2: rc = on_load(r, f); break;
	case BERTH_RES_SEAL * 2: rc = on_seal(r, f); break;
	case BERTH_RES_ASK * 2 + 1: rc = on_ask(r, f); break;
	case BERTH_RES_MORE * 2 + 1: rc = berth_res_pieces_take(&r->pieces, f->seq, f->p, f->n); break;
	case BERTH_RES_CANCEL * 2 + 1: rc = on_cancel(f); break;
	default: return berth_fail(BERTH_E_TYPE, "resolverd: op %u %s SEAL", f->op, r->sealed ? "after" : "before");
	}
	return rc ? rc : check_fault(r);
}

/* --- the loop ------------------------------------------------------------------------- */

/* -1: until something comes. */
static int wait_ms(struct resolverd *r)
{
	uint32_t in = berth_query_timeout_ms();
	int http = r->http ? berth_res_http_timeout_ms(r->http) : -1;

	if (http >= 0 && (uint32_t)http < in)
		in = (uint32_t)http;
	return in == UINT32_MAX ? -1 : (int)(in > WAIT_MAX_MS ? WAIT_MAX_MS : in);
}

static enum berth_err turn(struct resolverd *r)
{
	struct pollfd p[] = { { .fd = r->core.fd, .events = POLLIN },
			      { .fd = r->http ? berth_res_http_fd(r->http) : -1, .events = POLLIN } };
	enum berth_err rc;

	if (poll(p, 2, wait_ms(r)) < 0 && errno != EINTR)
		return berth_fail(BERTH_E_INTERNAL, "poll: errno %d", errno);
	if (p[0].revents && (rc = berth_ipc_on_readable(&r->core, on_frame, r)))
		return rc;
	if (r->http)
		berth_res_http_run(r->http);
	berth_query_run();
	return check_fault(r);
}

/* What has been asked is answered as well as it can be; then another process sees the
 * files that have been replaced. */
static bool is_over(const struct resolverd *r)
{
	return r->stale && berth_query_timeout_ms() == UINT32_MAX;
}

enum berth_err berth_resolverd_run(int fd)
{
	static struct resolverd r;
	const struct berth_query_events events = { on_answered, on_now, &r };
	enum berth_err rc;

	berth_ipc_init(&r.core, fd);
	berth_query_init(&events, NULL);
	while (!(rc = turn(&r)) && !is_over(&r))
		;
	if (!rc || rc == BERTH_E_UNAVAILABLE) {	/* the core has left, or we do */
		rc = BERTH_OK;
		berth_query_cancel_all();
		while (r.n)
			berth_plugin_unload(&r.plugins[--r.n]);
	} else {
		berth_log_err(BERTH_LOG_ERROR, "resolverd", rc);
	}
	berth_res_paths_free(&r.paths);
	berth_res_pieces_clear(&r.pieces);
	berth_ipc_close(&r.core);
	return rc;
}
