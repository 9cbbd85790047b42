/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/resolverd/resolverd.h"

#include <string.h>

#include "agent/ipc/ipc.h"
#include "agent/resolverd/plugin.h"
#include "did/base/log.h"

#define PLUGINS_MAX 16

struct resolverd {
	struct berth_ipc core;
	struct berth_plugin plugins[PLUGINS_MAX];
	size_t n;
};

static enum berth_err load(struct resolverd *r, const struct berth_res_load *m, struct berth_buf *out)
{
	struct berth_res_loaded l;
	enum berth_err rc;

	if (r->n == PLUGINS_MAX)
		return berth_fail(BERTH_E_PLUGIN, "more than %d adapters", PLUGINS_MAX);
	if ((rc = berth_plugin_load(&r->plugins[r->n], m->path, m->config)))
		return rc;
	memcpy(l.name, r->plugins[r->n].name, sizeof(l.name));
	memcpy(l.methods, r->plugins[r->n].methods, sizeof(l.methods));
	r->n++;
	berth_res_loaded_encode(out, &l);
	return berth_buf_status(out);
}

static enum berth_err resolve(struct resolverd *r, const struct berth_res_resolve *m, struct berth_buf *out)
{
	struct berth_plugin_answer a = { .doc = BERTH_BUF_INIT };
	enum berth_err rc;

	if (!(rc = berth_plugin_resolve(&r->plugins[m->adapter], m, &a)))
		berth_res_answer_encode(out, &a.a);
	berth_buf_free(&a.doc);
	return rc ? rc : berth_buf_status(out);
}

/* A malformed call ends the process; *broken does after its answer is out. */
static enum berth_err handle(struct resolverd *r, const struct berth_ipc_frame *f, bool *broken)
{
	struct berth_buf out = BERTH_BUF_INIT;
	struct berth_res_resolve q;
	struct berth_res_load l;
	enum berth_err rc, done;

	if (f->op == BERTH_RES_LOAD) {
		if ((rc = berth_res_load_decode(&l, f->p, f->n)))
			return rc;
		done = load(r, &l, &out);
	} else if (f->op == BERTH_RES_RESOLVE) {
		if ((rc = berth_res_resolve_decode(&q, f->p, f->n)))
			return rc;
		if (q.adapter >= r->n)
			return berth_fail(BERTH_E_TYPE, "no adapter %u", q.adapter);
		done = resolve(r, &q, &out);
	} else {
		return berth_fail(BERTH_E_TYPE, "resolverd: op %u", f->op);
	}
	*broken = done && f->op == BERTH_RES_RESOLVE;
	rc = berth_ipc_answer(&r->core, f->seq, done, &out);
	berth_buf_free(&out);
	return rc;
}

enum berth_err berth_resolverd_run(int fd)
{
	struct resolverd r = { .n = 0 };
	struct berth_ipc_frame f;
	enum berth_err rc = BERTH_OK;
	bool broken = false;

	berth_ipc_init(&r.core, fd);
	while (!broken && !(rc = berth_ipc_recv(&r.core, &f, BERTH_IPC_FOREVER)))
		if ((rc = handle(&r, &f, &broken)))
			break;
	if (broken)
		rc = BERTH_E_PLUGIN;
	else if (rc == BERTH_E_UNAVAILABLE)
		rc = BERTH_OK;	/* the core has left */
	if (rc)
		berth_log_err(BERTH_LOG_ERROR, "resolverd", rc);
	while (r.n && !broken)
		berth_plugin_unload(&r.plugins[--r.n]);
	berth_ipc_close(&r.core);
	return rc;
}
