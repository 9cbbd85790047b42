/* SPDX-License-Identifier: Apache-2.0 */
/* What adapters can do besides resolving: publishing, and fetching what belongs to a DID. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/core/resolve_internal.h"
#include "berth/registry.h"

#define KEY_MAX 32
#define HTTPS "https://"

struct call {
	berth_resolve_done *done;	/* NULL: it was given up */
	void *arg;
};

static void on_answer(void *arg, struct resolve_question *q, const struct berth_res_answer *a, bool blamed)
{
	struct berth_registry_piece pieces[BERTH_RES_PARTS_MAX];
	struct berth_registry_evidence e = { 0 };
	struct call call = *(struct call *)arg;
	enum berth_err rc;

	(void)q;
	(void)blamed;
	free(arg);
	if (!a)
		rc = berth_fail(BERTH_E_PLUGIN, "resolverd hung or died");
	else if (!(rc = resolve_status(a)))
		e = resolve_evidence(a, pieces);
	if (call.done)
		call.done(call.arg, rc, rc ? NULL : &e);
}

/* A resource of the web belongs to the DID of its host. */
static enum berth_err did_of_url(struct berth_buf *out, const char *url)
{
	const char *host = url && strncmp(url, HTTPS, strlen(HTTPS)) == 0 ? url + strlen(HTTPS) : "";
	size_t n = strcspn(host, "/?#"), name = strcspn(host, ":/?#");

	if (name == 0 || memchr(host, '@', n) || memchr(host, '[', n))
		return berth_fail(BERTH_E_DID, "a resource without a DID has an https URL with a name in it");
	berth_buf_printf(out, "did:web:%.*s", (int)name, host);
	if (n > name)
		berth_buf_printf(out, "%%3A%.*s", (int)(n - name - 1), host + name + 1);
	return berth_buf_status(out);
}

static enum berth_err measure(const struct berth_resolve_call *q, const char *did)
{
	size_t bytes = 0;

	for (size_t i = 0; i < q->n_pieces; i++) {
		if (strlen(q->pieces[i].name) > BERTH_RES_NAME_MAX)
			return berth_fail(BERTH_E_SIZE, "the name of a piece is too long");
		bytes += q->pieces[i].n;
	}
	if (q->n_pieces > BERTH_RES_PARTS_MAX || bytes > BERTH_RES_BYTES_MAX || q->max_bytes > BERTH_RES_BYTES_MAX ||
	    strlen(did) > BERTH_RES_DID_MAX || (q->resource && strlen(q->resource) > BERTH_RES_RESOURCE_MAX))
		return berth_fail(BERTH_E_SIZE, "%.80s: too much for a registry: %zu bytes", did, bytes);
	return BERTH_OK;
}

static enum berth_err ask(struct berth_resolveclient *c, const struct berth_resolve_call *q, const char *did, bool urgent,
			  berth_resolve_done *done, void *arg)
{
	const struct resolve_adapter *a = resolve_adapter_of(c, did, q->op);
	struct berth_res_ask m = {
		.op = q->op, .phase = q->phase, .did = did, .version_id = "", .version_time = "",
		.resource = q->resource ? q->resource : "", .n_parts = q->n_pieces,
		.deadline_ms = q->deadline_ms ? q->deadline_ms : BERTH_RESOLVE_CALL_MS,
		.max_bytes = q->max_bytes ? q->max_bytes : BERTH_DID_DOC_MAX,
	};
	struct call *call;
	char key[KEY_MAX];
	enum berth_err rc;

	if (!a)
		return berth_fail(BERTH_E_RESOLVE, "no registry adapter can do that for %.80s", did);
	m.adapter = (uint16_t)(a - c->process.adapters);
	for (size_t i = 0; i < q->n_pieces; i++)
		m.parts[i] = (struct berth_res_part){ q->pieces[i].name, q->pieces[i].p, q->pieces[i].n };
	if (!(call = malloc(sizeof(*call))))
		return berth_no_memory();
	*call = (struct call){ done, arg };
	snprintf(key, sizeof(key), "call %llu", (unsigned long long)++c->calls);	/* no DID has a space */
	if ((rc = resolve_queue_add(&c->process, key, &m, NULL, urgent, on_answer, call)))
		free(call);
	return rc;
}

static enum berth_err call(struct berth_resolveclient *c, const struct berth_resolve_call *q, bool urgent,
			   berth_resolve_done *done, void *arg)
{
	struct berth_buf host = BERTH_BUF_INIT;
	const char *did = q->did;
	enum berth_err rc = BERTH_OK;

	if (!did && !(rc = did_of_url(&host, q->resource)))
		did = berth_buf_cstr(&host);
	if (!rc && resolve_process_rests(&c->process))
		rc = berth_fail(BERTH_E_PLUGIN, "resolverd failed and is not started again yet");
	if (!rc && !(rc = measure(q, did)))
		rc = ask(c, q, did, urgent, done, arg);
	berth_buf_free(&host);
	if (!rc)
		resolve_process_proceed(&c->process);
	return rc;
}

enum berth_err
berth_resolveclient_call(struct berth_resolveclient *c, const struct berth_resolve_call *q, berth_resolve_done *done, void *arg)
{
	return call(c, q, false, done, arg);
}

static struct resolve_question *find(const struct berth_resolveclient *c, berth_resolve_done *done, const void *arg)
{
	for (size_t i = 0; i < c->process.n_queue; i++) {
		const struct call *call = c->process.queue[i]->arg;

		if (c->process.queue[i]->done == on_answer && call->done == done && call->arg == arg)
			return c->process.queue[i];
	}
	return NULL;
}

void berth_resolveclient_give_up(struct berth_resolveclient *c, berth_resolve_done *done, void *arg)
{
	struct resolve_question *q;

	while ((q = find(c, done, arg))) {
		((struct call *)q->arg)->done = NULL;
		if (q->seq)
			resolve_process_cancel(&c->process, q);
		else
			resolve_queue_finish(&c->process, q, NULL, false);
	}
}

struct waiting { berth_resolve_done *done; void *arg; bool over; };

static void on_waited(void *arg, enum berth_err rc, const struct berth_registry_evidence *e)
{
	struct waiting *w = arg;

	w->done(w->arg, rc, e);
	w->over = true;
}

enum berth_err
berth_resolveclient_call_wait(struct berth_resolveclient *c, const struct berth_resolve_call *q, berth_resolve_done *done,
			      void *arg)
{
	struct waiting w = { done, arg, false };
	enum berth_err rc = c->process.running ? berth_fail(BERTH_E_INTERNAL, "nobody waits in a callback")
					       : call(c, q, true, on_waited, &w);

	while (!rc && !w.over)
		resolve_process_turn(&c->process);
	return rc;
}
