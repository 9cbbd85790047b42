/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/resolveclient.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "agent/core/resolve_memory.h"
#include "agent/ipc/ipc.h"
#include "agent/ipc/proc.h"
#include "agent/ipc/resolverd_proto.h"
#include "berth/registry.h"
#include "did/base/clock.h"
#include "did/base/log.h"

#define ADAPTERS_MAX 16
#define WAITING_MAX 16		/* DIDs; one more when somebody waits for it */
#define GRACE_MS 500		/* on top of what the adapter was told */
#define SHARE_REFILL 4		/* one ms of waiting for each four that pass */

struct adapter {
	char *name, *path, *config;
	char methods[BERTH_RES_TEXT_MAX + 1];	/* "" until it has been loaded once */
};

/* What is looked up: a DID, or one version of its document. */
struct look_up { const char *key, *did; const struct berth_did_version *version; size_t adapter; };
struct waiting { char *key, *did, *version_id, *version_time; size_t adapter; };

struct berth_resolveclient {
	struct berth_resolver base;	/* first: what resolve() gets */
	struct berth_lookups lookups;
	enum berth_lookup_mode mode;
	bool missed;			/* since the mode was set */
	const char *libexec_dir;
	struct adapter adapters[ADAPTERS_MAX];
	size_t n, loaded;		/* of this process */
	struct berth_proc proc;
	struct berth_ipc ipc;
	struct berth_backoff backoff;
	uint64_t not_before_ms;
	int deadline_ms;
	uint64_t share_ms, share_at_ms;
	/* One question is under way at a time: to load the next adapter, or the DID that
	 * has waited longest. */
	enum { IDLE, LOADING, RESOLVING } doing;
	uint64_t until_ms;		/* of the question */
	enum berth_err load_rc;		/* why the last process came to nothing */
	bool finished;			/* some DID waits no more */
	struct waiting waiting[WAITING_MAX + 1];
	size_t n_waiting;
	struct resolve_memory memory;
};

void berth_resolveclient_forget(struct berth_resolveclient *c, const char *did)
{
	resolve_forget(&c->memory, did);
}

/* --- who waits ----------------------------------------------------------------- */

static bool waits(const struct berth_resolveclient *c, const char *key)
{
	for (size_t i = 0; i < c->n_waiting; i++)
		if (strcmp(c->waiting[i].key, key) == 0)
			return true;
	return false;
}

static void waiting_free(struct waiting *w)
{
	free(w->key);
	free(w->did);
	free(w->version_id);
	free(w->version_time);
}

/* At place `at` of the queue. */
static enum berth_err queue(struct berth_resolveclient *c, size_t at, const struct look_up *l)
{
	const char *id = l->version && l->version->id ? l->version->id : "";
	const char *time = l->version && l->version->time ? l->version->time : "";
	struct waiting w = { strdup(l->key), strdup(l->did), strdup(id), strdup(time), l->adapter };

	if (!w.key || !w.did || !w.version_id || !w.version_time) {
		waiting_free(&w);
		return berth_fail(BERTH_E_NOMEM, "look-up");
	}
	memmove(&c->waiting[at + 1], &c->waiting[at], (c->n_waiting - at) * sizeof(w));
	c->waiting[at] = w;
	c->n_waiting++;
	return BERTH_OK;
}

static void first_is_done(struct berth_resolveclient *c)
{
	waiting_free(&c->waiting[0]);
	memmove(&c->waiting[0], &c->waiting[1], --c->n_waiting * sizeof(c->waiting[0]));
	c->finished = true;
}

/* --- the process ------------------------------------------------------------- */

static bool resting(const struct berth_resolveclient *c)
{
	return !c->proc.pid && berth_clock_mono_ms() < c->not_before_ms;
}

/* Whoever waits hears of it; the one that was asked about is not asked about again at
 * once, whatever was wrong. */
static void down(struct berth_resolveclient *c)
{
	uint64_t now = berth_clock_mono_ms();
	uint64_t up = now > c->proc.started_ms ? now - c->proc.started_ms : 0;

	berth_ipc_close(&c->ipc);
	berth_proc_stop(&c->proc, 0);
	c->not_before_ms = now + berth_backoff_next(&c->backoff, up);
	if (c->doing == RESOLVING)
		resolve_remember(&c->memory, c->waiting[0].key, berth_fail(BERTH_E_PLUGIN, "resolverd hung or died"), NULL, 0);
	if (c->doing == LOADING)
		c->load_rc = BERTH_E_PLUGIN;
	c->doing = IDLE;
	while (c->n_waiting)
		first_is_done(c);
}

static void ask(struct berth_resolveclient *c, enum berth_res_op op, const struct berth_buf *q)
{
	c->doing = op == BERTH_RES_LOAD ? LOADING : RESOLVING;
	c->until_ms = berth_clock_mono_ms() + (uint64_t)c->deadline_ms + GRACE_MS;
	/* nothing else is under way: it goes into the socket's buffer at once */
	if (berth_buf_status(q) || berth_ipc_send(&c->ipc, (uint16_t)op, ++c->ipc.seq, q->p, q->len, GRACE_MS))
		down(c);
}

static void ask_to_load(struct berth_resolveclient *c)
{
	const struct adapter *a = &c->adapters[c->loaded];
	struct berth_res_load m = { .config = a->config };
	struct berth_buf q = BERTH_BUF_INIT;

	memcpy(m.path, a->path, strlen(a->path) + 1);
	berth_res_load_encode(&q, &m);
	ask(c, BERTH_RES_LOAD, &q);
	berth_buf_free(&q);
}

static void ask_to_resolve(struct berth_resolveclient *c)
{
	const struct waiting *w = &c->waiting[0];
	struct berth_res_resolve m = { .adapter = (uint16_t)w->adapter,
		.deadline_ms = (uint32_t)c->deadline_ms, .max_bytes = BERTH_DID_DOC_MAX };
	struct berth_buf q = BERTH_BUF_INIT;

	memcpy(m.did, w->did, strlen(w->did) + 1);	/* look_up() has measured all three */
	memcpy(m.version_id, w->version_id, strlen(w->version_id) + 1);
	memcpy(m.version_time, w->version_time, strlen(w->version_time) + 1);
	berth_res_resolve_encode(&q, &m);
	ask(c, BERTH_RES_RESOLVE, &q);
	berth_buf_free(&q);
}

static enum berth_err up(struct berth_resolveclient *c)
{
	char arg0[] = "berth-resolverd", *argv[] = { arg0, NULL };
	struct berth_buf path = BERTH_BUF_INIT;
	enum berth_err rc;
	int sock;

	if (!(rc = berth_proc_libexec(&path, c->libexec_dir, "resolverd")))
		rc = berth_proc_spawn(&c->proc, &sock, berth_buf_cstr(&path), argv);
	berth_buf_free(&path);
	if (rc)
		return rc;
	berth_ipc_init(&c->ipc, sock);
	c->loaded = 0;
	c->load_rc = BERTH_OK;
	return BERTH_OK;
}

/* Asks what is to be asked next. */
static void proceed(struct berth_resolveclient *c)
{
	if (c->doing != IDLE)
		return;
	if (!c->proc.pid && c->n_waiting && (resting(c) || (c->load_rc = up(c))))
		down(c);
	if (!c->proc.pid)
		return;
	if (c->loaded < c->n)
		ask_to_load(c);
	else if (c->n_waiting)
		ask_to_resolve(c);
}

/* --- what it answers ------------------------------------------------------------ */

static enum berth_err judge(const struct berth_res_answer *a)
{
	switch (a->status) {
	case BERTH_REGISTRY_OK:
		return BERTH_OK;
	case BERTH_REGISTRY_INVALID:
		return berth_fail(BERTH_E_DID, "the registry calls it malformed: %s", a->message);
	case BERTH_REGISTRY_NOT_FOUND:
		return berth_fail(BERTH_E_RESOLVE, "not found: %s", a->message);
	case BERTH_REGISTRY_REFUSED:
		return berth_fail(BERTH_E_NETPOL, "%s", a->message);
	case BERTH_REGISTRY_TOO_BIG:
		return berth_fail(BERTH_E_SIZE, "%s", a->message);
	case BERTH_REGISTRY_UNSUPPORTED:
		return berth_fail(BERTH_E_RESOLVE, "not supported: %s", a->message);
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

static enum berth_err on_loaded(struct berth_resolveclient *c, enum berth_err rc, const struct berth_buf *reply)
{
	struct adapter *a = &c->adapters[c->loaded];
	struct berth_res_loaded l;

	if (rc || (rc = berth_res_loaded_decode(&l, reply->p, reply->len)))
		return rc;
	memcpy(a->methods, l.methods, sizeof(a->methods));
	berth_log(BERTH_LOG_INFO, "adapter.loaded", "%s: %s for %s", a->name, l.name, l.methods);
	c->loaded++;
	return BERTH_OK;
}

/* An error from the process itself is its end: it says so and dies. */
static enum berth_err on_resolved(struct berth_resolveclient *c, enum berth_err rc, const struct berth_buf *reply)
{
	struct berth_did_doc *doc = NULL;
	struct berth_res_answer a;

	if (rc == BERTH_E_PLUGIN || (!rc && (rc = berth_res_answer_decode(&a, reply->p, reply->len))))
		return rc;
	if (rc)		/* of another kind: it lives on */
		rc = berth_fail(BERTH_E_PLUGIN, "resolverd: %s", berth_err_name(rc));
	else if (!(rc = judge(&a)))
		rc = parse(&doc, (const char *)a.doc, a.doc_len, c->waiting[0].did);
	if (rc != BERTH_E_NOMEM)
		resolve_remember(&c->memory, c->waiting[0].key, rc, rc ? NULL : a.doc, rc ? 0 : a.doc_len);
	berth_did_doc_free(doc);
	first_is_done(c);
	return BERTH_OK;
}

static enum berth_err on_frame(void *arg, const struct berth_ipc_frame *f)
{
	struct berth_resolveclient *c = arg;
	struct berth_buf reply = BERTH_BUF_INIT;
	enum berth_err rc;

	if (c->doing == IDLE)
		return berth_fail(BERTH_E_TYPE, "resolverd: an answer to nothing");
	rc = berth_ipc_take_answer(&c->ipc, f, &reply);
	if (c->ipc.failed)
		return rc;
	rc = c->doing == LOADING ? on_loaded(c, rc, &reply) : on_resolved(c, rc, &reply);
	if (!rc)
		c->doing = IDLE;
	berth_buf_free(&reply);
	return rc;
}

bool berth_resolveclient_run(struct berth_resolveclient *c, bool readable)
{
	bool finished;

	if (readable && c->proc.pid && berth_ipc_on_readable(&c->ipc, on_frame, c))
		down(c);
	if (c->doing != IDLE && berth_clock_mono_ms() >= c->until_ms)
		down(c);
	proceed(c);
	finished = c->finished;
	c->finished = false;
	return finished;
}

int berth_resolveclient_fd(const struct berth_resolveclient *c)
{
	return c->proc.pid ? c->ipc.fd : -1;
}

uint32_t berth_resolveclient_timeout_ms(const struct berth_resolveclient *c)
{
	uint64_t now = berth_clock_mono_ms();

	if (c->doing == IDLE)
		return UINT32_MAX;
	return c->until_ms > now ? (uint32_t)(c->until_ms - now) : 0;
}

/* One turn of the loop, for who waits right here. */
static void turn(struct berth_resolveclient *c)
{
	struct pollfd p = { .fd = berth_resolveclient_fd(c), .events = POLLIN };
	uint32_t in = berth_resolveclient_timeout_ms(c);
	bool told = c->finished;

	told |= berth_resolveclient_run(c, poll(&p, 1, in > 60000 ? 60000 : (int)in) > 0);
	c->finished = told;	/* the real loop has yet to hear of it */
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

static enum berth_err wait_here(struct berth_resolveclient *c, const struct look_up *l)
{
	uint64_t start = berth_clock_mono_ms();
	enum berth_err rc;

	/* next after the one that is under way */
	if (!waits(c, l->key) && (rc = queue(c, c->doing == RESOLVING ? 1 : 0, l)))
		return rc;
	proceed(c);
	while (waits(c, l->key))
		turn(c);
	c->share_ms += berth_clock_mono_ms() - start;
	return BERTH_OK;
}

static enum berth_err begin(struct berth_resolveclient *c, const struct look_up *l)
{
	bool waiting = waits(c, l->key);
	enum berth_err rc;

	if (c->mode == BERTH_LOOKUP_NEVER || (!waiting && c->n_waiting >= WAITING_MAX))
		return berth_fail(BERTH_E_UNAVAILABLE, "too many look-ups");
	if (!waiting && (rc = queue(c, c->n_waiting, l)))
		return rc;
	proceed(c);
	c->missed = true;
	return berth_fail(BERTH_E_UNAVAILABLE, "%.80s is being looked up", l->did);
}

static bool fits(const struct look_up *l)
{
	const struct berth_did_version *v = l->version;

	return strlen(l->did) <= BERTH_RES_DID_MAX && (!v || !v->id || strlen(v->id) <= BERTH_RES_VERSION_MAX) &&
	       (!v || !v->time || strlen(v->time) <= BERTH_RES_VERSION_MAX);
}

static enum berth_err look_up(struct berth_resolveclient *c, const struct look_up *l, struct berth_did_doc **out)
{
	const struct remembered *r = resolve_recall(&c->memory, l->key);
	bool fresh = !r;
	enum berth_err rc;

	if (fresh) {
		if (!fits(l))
			return berth_fail(BERTH_E_DID, "DID of %zu bytes, or a version of too many", strlen(l->did));
		if (c->mode == BERTH_LOOKUP_WAIT && (rc = may_wait(c)))
			return rc;
		if (resting(c))
			return berth_fail(BERTH_E_PLUGIN, "resolverd failed and is not started again yet");
		if ((rc = c->mode == BERTH_LOOKUP_WAIT ? wait_here(c, l) : begin(c, l)))
			return rc;
		r = resolve_recall(&c->memory, l->key);
	}
	if (!r)
		return berth_fail(BERTH_E_PLUGIN, "resolverd hung or died");
	if (r->rc)
		return berth_fail(r->rc, "%.80s: %s%s", l->did, fresh ? "" : "a moment ago: ", r->why);
	return berth_did_doc_parse(out, r->doc, r->doc_len, l->did);
}

static const struct adapter *adapter_of(const struct berth_resolveclient *c, const char *did)
{
	for (size_t i = 0; i < c->n; i++)
		if (has_method(&c->adapters[i], did))
			return &c->adapters[i];
	return NULL;
}

static enum berth_err resolve(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	struct berth_resolveclient *c = (struct berth_resolveclient *)(void *)r;
	const struct adapter *a = adapter_of(c, did);
	struct look_up l = { .key = did, .did = did };

	*out = NULL;
	if (!a)
		return berth_resolve_next(r, did, out);
	l.adapter = (size_t)(a - c->adapters);
	return look_up(c, &l, out);
}

static bool doubt(struct berth_resolver *r, const char *did)
{
	return resolve_doubt(&((struct berth_resolveclient *)(void *)r)->memory, did);
}

/* No DID has a '?' in it, so these keys are apart from those of DIDs, and the length
 * keeps them apart from each other. */
static enum berth_err version_key(struct berth_buf *key, const char *did, const struct berth_did_version *v)
{
	const char *id = v->id ? v->id : "", *time = v->time ? v->time : "", *number = v->number ? v->number : "";

	berth_buf_printf(key, "%s?%zu?%s?%zu?%s?%s", did, strlen(id), id, strlen(number), number, time);
	return berth_buf_status(key);
}

static enum berth_err resolve_version(struct berth_resolver *r, const char *did, const struct berth_did_version *version,
				      struct berth_did_doc **out)
{
	struct berth_resolveclient *c = (struct berth_resolveclient *)(void *)r;
	const struct adapter *a = adapter_of(c, did);
	struct look_up l = { .did = did, .version = version };
	struct berth_buf key = BERTH_BUF_INIT;
	enum berth_err rc;

	*out = NULL;
	if (!a)
		return berth_resolve_version_next(r->next, did, version, out);
	if (!(rc = version_key(&key, did, version))) {
		l.key = berth_buf_cstr(&key);
		l.adapter = (size_t)(a - c->adapters);
		rc = look_up(c, &l, out);
	}
	berth_buf_free(&key);
	return rc;
}

struct berth_resolver *berth_resolveclient_resolver(struct berth_resolveclient *c)
{
	return &c->base;
}

static struct berth_resolveclient *of_lookups(struct berth_lookups *l)
{
	return (struct berth_resolveclient *)(void *)((char *)l - offsetof(struct berth_resolveclient, lookups));
}

static void set_mode(struct berth_lookups *l, enum berth_lookup_mode mode)
{
	of_lookups(l)->mode = mode;
	of_lookups(l)->missed = false;
}

static bool missed(struct berth_lookups *l) { return of_lookups(l)->missed; }

struct berth_lookups *berth_resolveclient_lookups(struct berth_resolveclient *c) { return &c->lookups; }

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
	c->base.doubt = doubt;
	c->base.next = next;
	c->lookups = (struct berth_lookups){ .mode = set_mode, .missed = missed };
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
	enum berth_err rc;

	c->share_at_ms = berth_clock_mono_ms();
	if (!c->n || c->proc.pid)
		return BERTH_OK;
	if (resting(c))
		return berth_fail(BERTH_E_PLUGIN, "resolverd failed and is not started again yet");
	if ((rc = up(c)))
		return rc;
	proceed(c);
	while (c->doing == LOADING)
		turn(c);
	return c->load_rc;
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
	while (c->n_waiting)
		first_is_done(c);
	resolve_forget(&c->memory, NULL);
	free(c);
}
