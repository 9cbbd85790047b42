/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/resolveclient.h"

#include <stdlib.h>
#include <string.h>

#include "agent/ipc/ipc.h"
#include "agent/ipc/proc.h"
#include "agent/ipc/resolverd_proto.h"
#include "berth/registry.h"
#include "did/base/clock.h"
#include "did/base/log.h"

#define ADAPTERS_MAX 16
#define REMEMBERED_MAX 64
#define GRACE_MS 500		/* on top of what the adapter was told */
#define SHARE_REFILL 4		/* one ms of waiting for each four that pass */

struct adapter {
	char *name, *path, *config;
	char methods[BERTH_RES_TEXT_MAX + 1];	/* "" until it has been loaded once */
};

struct remembered {
	char *did;
	char *doc;		/* NULL: a failure */
	size_t doc_len;
	enum berth_err rc;
	uint64_t until_ms;
};

struct berth_resolveclient {
	struct berth_resolver base;	/* first: what resolve() gets */
	const char *libexec_dir;
	struct adapter adapters[ADAPTERS_MAX];
	size_t n;
	struct berth_proc proc;
	struct berth_ipc ipc;
	struct berth_backoff backoff;
	uint64_t not_before_ms;
	int deadline_ms;
	uint64_t share_ms, share_at_ms;
	struct remembered memory[REMEMBERED_MAX];
	size_t oldest;
};

/* --- what is remembered ----------------------------------------------------- */

static void forget(struct remembered *m)
{
	free(m->did);
	free(m->doc);
	*m = (struct remembered){ 0 };
}

void berth_resolveclient_forget(struct berth_resolveclient *c, const char *did)
{
	for (size_t i = 0; i < REMEMBERED_MAX; i++)
		if (c->memory[i].did && (!did || strcmp(c->memory[i].did, did) == 0))
			forget(&c->memory[i]);
}

static struct remembered *recall(struct berth_resolveclient *c, const char *did)
{
	uint64_t now = berth_clock_mono_ms();

	for (size_t i = 0; i < REMEMBERED_MAX; i++)
		if (c->memory[i].did && c->memory[i].until_ms > now && strcmp(c->memory[i].did, did) == 0)
			return &c->memory[i];
	return NULL;
}

/* Without memory nothing is remembered, and nothing else happens. */
static void remember(struct berth_resolveclient *c, const char *did, enum berth_err rc, const uint8_t *doc, size_t len)
{
	struct remembered *m = &c->memory[c->oldest];

	berth_resolveclient_forget(c, did);
	forget(m);
	m->did = strdup(did);
	m->doc = rc ? NULL : malloc(len);
	if (!m->did || (!rc && !m->doc)) {
		forget(m);
		return;
	}
	if (m->doc)
		memcpy(m->doc, doc, len);
	m->doc_len = rc ? 0 : len;
	m->rc = rc;
	m->until_ms = berth_clock_mono_ms() + (rc ? BERTH_RESOLVE_KEEP_BAD_MS : BERTH_RESOLVE_KEEP_MS);
	c->oldest = (c->oldest + 1) % REMEMBERED_MAX;
}

/* --- the process ------------------------------------------------------------- */

static void down(struct berth_resolveclient *c)
{
	uint64_t now = berth_clock_mono_ms();
	uint64_t up = now > c->proc.started_ms ? now - c->proc.started_ms : 0;

	berth_ipc_close(&c->ipc);
	berth_proc_stop(&c->proc, 0);
	c->not_before_ms = now + berth_backoff_next(&c->backoff, up);
}

/* A call; when the process fails in it, it is killed. */
static enum berth_err call(struct berth_resolveclient *c, enum berth_res_op op, const struct berth_buf *q,
			   struct berth_buf *reply)
{
	enum berth_err rc = berth_buf_status(q);

	if (rc)
		return rc;
	rc = berth_ipc_call(&c->ipc, (uint16_t)op, q, c->deadline_ms + GRACE_MS, reply);
	if (c->ipc.failed) {
		down(c);
		return berth_fail(BERTH_E_PLUGIN, "resolverd hung or died");
	}
	if (rc == BERTH_E_PLUGIN && op == BERTH_RES_RESOLVE)
		down(c);	/* it says so and ends */
	return rc && rc != BERTH_E_PLUGIN ? berth_fail(BERTH_E_PLUGIN, "resolverd: %s", berth_err_name(rc)) : rc;
}

static enum berth_err load(struct berth_resolveclient *c, struct adapter *a)
{
	struct berth_buf q = BERTH_BUF_INIT, reply = BERTH_BUF_INIT;
	struct berth_res_load m = { .config = a->config };
	struct berth_res_loaded l;
	enum berth_err rc;

	memcpy(m.path, a->path, strlen(a->path) + 1);
	berth_res_load_encode(&q, &m);
	if (!(rc = call(c, BERTH_RES_LOAD, &q, &reply)) && !(rc = berth_res_loaded_decode(&l, reply.p, reply.len))) {
		memcpy(a->methods, l.methods, sizeof(a->methods));
		berth_log(BERTH_LOG_INFO, "adapter.loaded", "%s: %s for %s", a->name, l.name, l.methods);
	}
	berth_buf_free(&q);
	berth_buf_free(&reply);
	return rc;
}

static enum berth_err up(struct berth_resolveclient *c)
{
	char arg0[] = "berth-resolverd", *argv[] = { arg0, NULL };
	struct berth_buf path = BERTH_BUF_INIT;
	enum berth_err rc;
	int sock;

	if (c->proc.pid)
		return BERTH_OK;
	if (berth_clock_mono_ms() < c->not_before_ms)
		return berth_fail(BERTH_E_PLUGIN, "resolverd failed and is not started again yet");
	if (!(rc = berth_proc_libexec(&path, c->libexec_dir, "resolverd")))
		rc = berth_proc_spawn(&c->proc, &sock, berth_buf_cstr(&path), argv);
	berth_buf_free(&path);
	if (rc)
		return rc;
	berth_ipc_init(&c->ipc, sock);
	for (size_t i = 0; i < c->n && !rc; i++)
		rc = load(c, &c->adapters[i]);
	if (rc && c->proc.pid)
		down(c);
	return rc;
}

/* --- resolving --------------------------------------------------------------- */

static bool has_method(const struct adapter *a, const char *did)
{
	const char *method = did + strlen("did:"), *at = a->methods;
	size_t len = strcspn(method, ":");

	for (;;) {
		size_t n = strcspn(at += strspn(at, " "), " ");

		if (n == 0)
			return false;
		if ((n == 1 && *at == '*') || (n == len && memcmp(at, method, n) == 0))
			return true;
		at += n;
	}
}

/* Peers choose what we look up, so waiting for it is rationed. */
static enum berth_err may_wait(struct berth_resolveclient *c)
{
	uint64_t now = berth_clock_mono_ms();
	uint64_t earned = now > c->share_at_ms ? (now - c->share_at_ms) / SHARE_REFILL : 0;

	c->share_ms = c->share_ms > earned ? c->share_ms - earned : 0;
	c->share_at_ms = now;
	if (c->share_ms >= (uint64_t)c->deadline_ms * BERTH_RESOLVE_SHARE)
		return berth_fail(BERTH_E_QUOTA, "resolving takes too much time");
	return BERTH_OK;
}

static enum berth_err judge(const struct berth_res_answer *a)
{
	switch (a->status) {
	case BERTH_REGISTRY_OK:
		return BERTH_OK;
	case BERTH_REGISTRY_INVALID:
		return berth_fail(BERTH_E_DID, "the registry calls it malformed: %s", a->message);
	case BERTH_REGISTRY_NOT_FOUND:
		return berth_fail(BERTH_E_RESOLVE, "not found: %s", a->message);
	default:
		return berth_fail(BERTH_E_RESOLVE, "registry not available: %s", a->message);
	}
}

/* Bytes are a document only when they parse as the one that was asked for. */
static enum berth_err parse(struct berth_did_doc **out, const char *text, size_t len, const char *did)
{
	enum berth_err rc = berth_did_doc_parse(out, text, len, did);

	if (rc && rc != BERTH_E_NOMEM && rc != BERTH_E_RESOLVE) {
		char why[128];

		memcpy(why, berth_err_detail(), sizeof(why) - 1);
		why[sizeof(why) - 1] = '\0';
		rc = berth_fail(BERTH_E_RESOLVE, "the registry's document: %s", why);
	}
	return rc;
}

/* The adapter's answer, judged; its document lives in reply. */
static enum berth_err ask_adapter(struct berth_resolveclient *c, const struct berth_res_resolve *m, struct berth_buf *reply,
				  struct berth_res_answer *a)
{
	struct berth_buf q = BERTH_BUF_INIT;
	uint64_t start = berth_clock_mono_ms();
	enum berth_err rc;

	berth_res_resolve_encode(&q, m);
	if (!(rc = call(c, BERTH_RES_RESOLVE, &q, reply)) && (rc = berth_res_answer_decode(a, reply->p, reply->len))) {
		down(c);
		rc = berth_fail(BERTH_E_PLUGIN, "resolverd: malformed answer");
	}
	c->share_ms += berth_clock_mono_ms() - start;
	berth_buf_free(&q);
	return rc ? rc : judge(a);
}

static enum berth_err fetch(struct berth_resolveclient *c, size_t i, const char *did, struct berth_did_doc **out)
{
	struct berth_buf reply = BERTH_BUF_INIT;
	struct berth_res_resolve m = {
		.adapter = (uint16_t)i, .deadline_ms = (uint32_t)c->deadline_ms, .max_bytes = BERTH_DID_DOC_MAX
	};
	struct berth_res_answer a = { .doc = NULL };
	enum berth_err rc;

	memcpy(m.did, did, strlen(did) + 1);
	if (!(rc = ask_adapter(c, &m, &reply, &a)))
		rc = parse(out, (const char *)a.doc, a.doc_len, did);
	if (rc != BERTH_E_NOMEM)
		remember(c, did, rc, a.doc, a.doc_len);
	berth_buf_free(&reply);
	return rc;
}

static bool copy_version(char out[BERTH_RES_VERSION_MAX + 1], const char *s)
{
	size_t n = s ? strlen(s) : 0;

	if (n > BERTH_RES_VERSION_MAX)
		return false;
	memcpy(out, s ? s : "", n + 1);
	return true;
}

/* Old versions are asked for rarely, so nothing of them is remembered. */
static enum berth_err fetch_version(struct berth_resolveclient *c, size_t i, const char *did,
				    const struct berth_did_version *version, struct berth_did_doc **out)
{
	struct berth_buf reply = BERTH_BUF_INIT;
	struct berth_res_resolve m = {
		.adapter = (uint16_t)i, .deadline_ms = (uint32_t)c->deadline_ms, .max_bytes = BERTH_DID_DOC_MAX
	};
	struct berth_res_answer a = { .doc = NULL };
	enum berth_err rc;

	if (strlen(did) > BERTH_RES_DID_MAX || !copy_version(m.version_id, version->id) ||
	    !copy_version(m.version_time, version->time))
		return berth_fail(BERTH_E_DID, "DID or version of too many bytes");
	if ((rc = may_wait(c)) || (rc = up(c)))
		return rc;
	memcpy(m.did, did, strlen(did) + 1);
	if (!(rc = ask_adapter(c, &m, &reply, &a)))
		rc = parse(out, (const char *)a.doc, a.doc_len, did);
	berth_buf_free(&reply);
	return rc;
}

static enum berth_err ask(struct berth_resolveclient *c, size_t i, const char *did, struct berth_did_doc **out)
{
	const struct remembered *m = recall(c, did);
	enum berth_err rc;

	if (m && m->rc)
		return berth_fail(m->rc, "%.80s: failed a moment ago", did);
	if (m)
		return berth_did_doc_parse(out, m->doc, m->doc_len, did);
	if (strlen(did) > BERTH_RES_DID_MAX)
		return berth_fail(BERTH_E_DID, "DID of %zu bytes", strlen(did));
	if ((rc = may_wait(c)) || (rc = up(c)))
		return rc;
	return fetch(c, i, did, out);
}

static enum berth_err resolve(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	struct berth_resolveclient *c = (struct berth_resolveclient *)(void *)r;

	*out = NULL;
	for (size_t i = 0; i < c->n; i++)
		if (has_method(&c->adapters[i], did))
			return ask(c, i, did, out);
	return berth_resolve_next(r, did, out);
}

static enum berth_err resolve_version(struct berth_resolver *r, const char *did, const struct berth_did_version *version,
				      struct berth_did_doc **out)
{
	struct berth_resolveclient *c = (struct berth_resolveclient *)(void *)r;

	*out = NULL;
	for (size_t i = 0; i < c->n; i++)
		if (has_method(&c->adapters[i], did))
			return fetch_version(c, i, did, version, out);
	return berth_resolve_version_next(r->next, did, version, out);
}

struct berth_resolver *berth_resolveclient_resolver(struct berth_resolveclient *c)
{
	return &c->base;
}

/* --- life ---------------------------------------------------------------------- */

enum berth_err
berth_resolveclient_new(struct berth_resolveclient **out, const char *libexec_dir, struct berth_resolver *next)
{
	struct berth_resolveclient *c = calloc(1, sizeof(*c));

	*out = NULL;
	if (!c)
		return berth_fail(BERTH_E_NOMEM, "resolve client");
	c->base.resolve = resolve;
	c->base.resolve_version = resolve_version;
	c->base.next = next;
	c->libexec_dir = libexec_dir;
	c->deadline_ms = BERTH_RESOLVE_DEADLINE_MS;
	c->proc.pidfd = -1;
	berth_ipc_init(&c->ipc, -1);
	*out = c;
	return BERTH_OK;
}

enum berth_err
berth_resolveclient_add(struct berth_resolveclient *c, const char *name, const char *path, const char *config)
{
	struct adapter *a = &c->adapters[c->n];

	if (c->n == ADAPTERS_MAX || strlen(path) > BERTH_RES_PATH_MAX || strlen(config) > BERTH_RES_CONFIG_MAX)
		return berth_fail(BERTH_E_CONFIG, "adapter %.60s: too many, or too long", name);
	*a = (struct adapter){ .name = strdup(name), .path = strdup(path), .config = strdup(config) };
	c->n++;
	return a->name && a->path && a->config ? BERTH_OK : berth_fail(BERTH_E_NOMEM, "adapter");
}

enum berth_err berth_resolveclient_start(struct berth_resolveclient *c)
{
	c->share_at_ms = berth_clock_mono_ms();
	return c->n ? up(c) : BERTH_OK;
}

int berth_resolveclient_pid(const struct berth_resolveclient *c)
{
	return (int)c->proc.pid;
}

void berth_resolveclient_deadline(struct berth_resolveclient *c, int deadline_ms)
{
	c->deadline_ms = deadline_ms;
}

void berth_resolveclient_free(struct berth_resolveclient *c)
{
	if (!c)
		return;
	berth_ipc_close(&c->ipc);
	berth_proc_stop(&c->proc, GRACE_MS);
	for (size_t i = 0; i < c->n; i++) {
		free(c->adapters[i].name);
		free(c->adapters[i].path);
		free(c->adapters[i].config);
	}
	berth_resolveclient_forget(c, NULL);
	free(c);
}
