/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/resolveclient.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/core/judge.h"
#include "agent/core/resolve_internal.h"
#include "berth/registry.h"
#include "did/base/clock.h"
#include "did/codec/did_text.h"

#define SHARE_REFILL 4		/* one ms of waiting for each four that pass */

/* What is looked up: a DID, or one version of its document. */
struct look_up { const char *key, *did; const struct berth_did_version *version; const struct resolve_adapter *adapter; };

void berth_resolveclient_forget(struct berth_resolveclient *c, const char *did)
{
	resolve_forget(&c->memory, did);
}

/* --- one question ---------------------------------------------------------------- */

/* The version is in the question, most of it in its payload. */
static enum berth_err judge_answer(struct berth_resolveclient *c, const struct resolve_question *q,
				   const struct berth_res_answer *a, const struct berth_webvh_log *log,
				   struct resolve_document *out)
{
	struct berth_did_version version;
	struct berth_res_ask m;
	struct resolve_case k = { .from = &c->process.adapters[q->adapter], .did = q->did, .ours = q->urgent, .log = log };
	enum berth_err rc = berth_res_ask_decode(&m, q->payload.p, q->payload.len);

	if (rc)
		return rc;
	version = (struct berth_did_version){ *m.version_id ? m.version_id : NULL, *m.version_time ? m.version_time : NULL,
		q->number };
	k.version = version.id || version.time || version.number ? &version : NULL;
	return resolve_judge(c, &k, a, out);
}

/* What came of a question is remembered. */
static void conclude(struct berth_resolveclient *c, const struct resolve_question *q, enum berth_err rc,
		     struct resolve_document *d)
{
	c->finished = true;
	d->wanted = q->urgent || resolve_is_critical(c, q->did);
	if (rc != BERTH_E_NOMEM)
		resolve_remember(&c->memory, q->key, rc, d);
	resolve_document_free(d);
}

void resolve_on_read(struct berth_resolveclient *c, const struct resolve_question *q, const struct berth_res_answer *a,
		     enum berth_err rc, const struct berth_webvh_log *log)
{
	struct resolve_document d = { .error = rc == BERTH_E_RESOLVE ? "invalidDid" : "internalError" };

	if (!rc) {
		d.error = NULL;
		rc = judge_answer(c, q, a, log, &d);
	}
	conclude(c, q, rc, &d);
}

static void on_answer(void *arg, struct resolve_question *q, const struct berth_res_answer *a, bool blamed)
{
	struct resolve_document d = { .outage = !a, .error = a ? NULL : "internalError" };
	struct berth_resolveclient *c = arg;
	enum berth_err rc;

	if (a && resolve_judging_add(c, q, a))
		return;
	if (!a && !blamed) {
		c->finished = true;
		return;		/* whoever wants it asks again */
	}
	rc = a ? judge_answer(c, q, a, NULL, &d) : berth_fail(BERTH_E_PLUGIN, "resolverd hung or died");
	conclude(c, q, rc, &d);
}

/* Queues it, or finds that somebody has. */
static enum berth_err want(struct berth_resolveclient *c, const struct look_up *l, bool urgent)
{
	struct resolve_question *q = resolve_queue_find(&c->process, l->key);
	const struct berth_did_version *v = l->version;
	const struct berth_res_ask m = {
		.adapter = (uint16_t)(l->adapter - c->process.adapters), .op = BERTH_REGISTRY_RESOLVE, .did = l->did,
		.version_id = v && v->id ? v->id : "", .version_time = v && v->time ? v->time : "", .resource = "",
		.deadline_ms = (uint32_t)c->deadline_ms, .max_bytes = (uint32_t)berth_judge_bytes_max(l->did),
	};

	if (resolve_judging_has(c, l->key))
		return BERTH_OK;
	if (!q)
		return resolve_queue_add(&c->process, l->key, &m, v ? v->number : NULL, urgent, on_answer, c);
	if (urgent)
		resolve_queue_hurry(&c->process, q);
	return BERTH_OK;
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
	enum berth_err rc = want(c, l, true);

	if (rc)
		return rc;
	resolve_process_proceed(&c->process);
	while (resolve_queue_find(&c->process, l->key))
		resolve_process_turn(&c->process);
	resolve_judging_finish(c, l->key);
	c->share_ms += berth_clock_mono_ms() - start;
	return BERTH_OK;
}

static enum berth_err begin(struct berth_resolveclient *c, const struct look_up *l)
{
	if (c->mode == BERTH_LOOKUP_NEVER || want(c, l, false))
		return berth_fail(BERTH_E_UNAVAILABLE, "too many look-ups");
	resolve_process_proceed(&c->process);
	c->missed = true;
	return berth_fail(BERTH_E_UNAVAILABLE, "%.80s is being looked up", l->did);
}

static bool fits(const struct look_up *l)
{
	const struct berth_did_version *v = l->version;

	return strlen(l->did) <= BERTH_RES_DID_MAX && (!v || !v->id || strlen(v->id) <= BERTH_RES_VERSION_MAX) &&
	       (!v || !v->time || strlen(v->time) <= BERTH_RES_VERSION_MAX) &&
	       (!v || !v->number || strlen(v->number) <= BERTH_RES_VERSION_MAX);
}

static enum berth_err ask(struct berth_resolveclient *c, const struct look_up *l)
{
	bool wait = c->mode == BERTH_LOOKUP_WAIT && !c->process.running;	/* nobody waits in a callback */
	enum berth_err rc;

	if (c->offline)
		return berth_fail(BERTH_E_RESOLVE, "%.80s: nothing is kept of it, and nobody is asked ([resolution] offline)", l->did);
	if (!fits(l))
		return berth_fail(BERTH_E_DID, "DID of %zu bytes, or a version of too many", strlen(l->did));
	if (wait && (rc = may_wait(c)))
		return rc;
	if (resolve_process_rests(&c->process))
		return berth_fail(BERTH_E_PLUGIN, "resolverd failed and is not started again yet");
	return wait ? wait_here(c, l) : begin(c, l);
}

/* Says what W3C calls it, for who asks afterwards. */
static enum berth_err failed(struct berth_resolveclient *c, enum berth_err rc, const struct remembered *r)
{
	c->said = (struct berth_resolve_said){ .error = rc == BERTH_E_DID ? "invalidDid" : "internalError" };
	if (r)
		c->said.error = r->error;
	snprintf(c->said.why, sizeof(c->said.why), "%s", r ? r->why : berth_err_detail());
	return rc;
}

static enum berth_err give(struct berth_resolveclient *c, const struct look_up *l, const struct remembered *r, bool fresh,
			   struct berth_did_doc **out)
{
	if (r->hearsay && resolve_is_critical(c, l->did))
		return failed(c, berth_fail(BERTH_E_RESOLVE, "%.80s: too much depends on it to take a resolver's word", l->did), NULL);
	c->said = (struct berth_resolve_said){ .cached = !fresh, .age_s = resolve_age_s(r),
		.stale = r->until_ms <= (int64_t)berth_clock_mono_ms() };
	*out = berth_did_doc_share(r->doc);
	return BERTH_OK;
}

/* It came to nothing for a reason that says nothing about the DID.  When waiting is used up,
 * that is one only where a registry was away when it was last asked. */
static bool is_away(struct berth_resolveclient *c, const struct look_up *l, enum berth_err rc, const struct remembered *r)
{
	const struct remembered *kept = rc == BERTH_E_QUOTA ? resolve_kept(&c->memory, l->key) : NULL;

	return (kept && kept->told) || c->offline || rc == BERTH_E_PLUGIN || (!rc && (!r || r->outage));
}

/* What is remembered, here or in the store. */
static const struct remembered *known(struct berth_resolveclient *c, const struct look_up *l)
{
	const struct remembered *r = resolve_recall(&c->memory, l->key);

	if (!l->version && (!r || r->outage)) {
		resolve_restore_kept(c, l->did);
		r = resolve_recall(&c->memory, l->key);
	}
	return r;
}

static enum berth_err look_up(struct berth_resolveclient *c, const struct look_up *l, struct berth_did_doc **out)
{
	const struct remembered *r = known(c, l), *old;
	bool fresh = !r;
	enum berth_err rc = BERTH_OK;

	if (fresh) {
		rc = ask(c, l);
		r = resolve_recall(&c->memory, l->key);
	}
	if ((!r || !r->doc) && is_away(c, l, rc, r) && (old = resolve_stand_in(c, l->key, l->did)))
		return give(c, l, old, false, out);
	if (rc)
		return failed(c, rc, NULL);
	if (!r)
		return failed(c, berth_fail(BERTH_E_PLUGIN, "resolverd hung or died"), NULL);
	if (r->rc)
		return failed(c, berth_fail(r->rc, "%.80s: %s%s", l->did, fresh ? "" : "a moment ago: ", r->why), r);
	return give(c, l, r, fresh, out);
}

/* --- the resolver ------------------------------------------------------------------ */

/* The method of did is in a list with spaces between. */
static bool is_listed(const char *at, const char *did)
{
	const char *method = did + strlen("did:");
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

static bool has_method(const struct resolve_adapter *a, const char *did)
{
	return is_listed(a->is.methods, did) && (!a->only.len || is_listed((const char *)a->only.p, did));
}

const struct resolve_adapter *resolve_adapter_of(const struct berth_resolveclient *c, const char *did, uint8_t op)
{
	for (size_t i = 0; i < c->process.n && !c->offline; i++) {
		const struct resolve_adapter *a = &c->process.adapters[i];

		if (a->is.operations & 1u << op && has_method(a, did))
			return a;
	}
	return NULL;
}

static void say_nothing(struct berth_resolveclient *c, const char *did)
{
	berth_buf_reset(&c->said_of);
	berth_buf_str(&c->said_of, did);
	c->said = (struct berth_resolve_said){ .error = NULL };
}

static const char *error(struct berth_resolver *r, const char *did)
{
	struct berth_resolve_said said;

	berth_resolveclient_said((struct berth_resolveclient *)(void *)r, did, &said);
	return said.error;
}

static enum berth_err resolve(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	struct berth_resolveclient *c = (struct berth_resolveclient *)(void *)r;
	struct look_up l = { .key = did, .did = did, .adapter = resolve_adapter_of(c, did, BERTH_REGISTRY_RESOLVE) };

	*out = NULL;
	say_nothing(c, did);
	return l.adapter || c->offline ? look_up(c, &l, out) : berth_resolve_next(r, did, out);
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
	struct look_up l = { .did = did, .version = version, .adapter = resolve_adapter_of(c, did, BERTH_REGISTRY_RESOLVE) };
	struct berth_buf key = BERTH_BUF_INIT;
	enum berth_err rc;

	*out = NULL;
	say_nothing(c, did);
	if (!l.adapter && !c->offline)
		return berth_resolve_version_next(r->next, did, version, out);
	if (version->number && !berth_judge_keeps_pin(did))	/* adapters are not asked for it */
		return berth_fail(BERTH_E_RESOLVE, "%.80s has no numbered versions", did);
	if (!(rc = version_key(&key, did, version))) {
		l.key = berth_buf_cstr(&key);
		rc = look_up(c, &l, out);
	}
	berth_buf_free(&key);
	return rc;
}

const char *berth_resolveclient_metadata(struct berth_resolveclient *c, const char *did)
{
	const struct remembered *r = resolve_recall(&c->memory, did);

	if (!r || r->outage)
		r = resolve_kept(&c->memory, did);
	return r ? r->metadata : NULL;
}

void berth_resolveclient_said(const struct berth_resolveclient *c, const char *did, struct berth_resolve_said *out)
{
	bool of_it = c->said_of.len == strlen(did) && memcmp(c->said_of.p, did, c->said_of.len) == 0;

	*out = of_it ? c->said : (struct berth_resolve_said){ .error = NULL };
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

static void set_strict(struct berth_lookups *l, bool on) { of_lookups(l)->strict = on; }
static bool missed(struct berth_lookups *l) { return of_lookups(l)->missed; }

struct berth_lookups *berth_resolveclient_lookups(struct berth_resolveclient *c) { return &c->lookups; }

/* --- the loop ---------------------------------------------------------------------- */

bool berth_resolveclient_run(struct berth_resolveclient *c, bool readable)
{
	bool finished;

	resolve_process_run(&c->process, readable);
	resolve_judging_turn(c);
	finished = c->finished;
	c->finished = false;
	return finished;
}

int berth_resolveclient_fd(const struct berth_resolveclient *c)
{
	return resolve_process_fd(&c->process);
}

bool berth_resolveclient_wants_write(const struct berth_resolveclient *c)
{
	return resolve_process_wants_write(&c->process);
}

uint32_t berth_resolveclient_timeout_ms(const struct berth_resolveclient *c)
{
	/* somebody waited elsewhere, or the next turn has something to do */
	return c->finished || c->judging ? 0 : resolve_process_timeout_ms(&c->process);
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
	c->base.doubt = doubt;
	c->base.error = error;
	c->base.next = next;
	c->lookups = (struct berth_lookups){ .mode = set_mode, .strict = set_strict, .missed = missed };
	c->clock_trusted = true;
	resolve_memory_init(&c->memory);
	resolve_process_init(&c->process, libexec_dir);
	berth_resolveclient_deadline(c, BERTH_RESOLVE_DEADLINE_MS);
	*out = c;
	return BERTH_OK;
}

enum berth_err
berth_resolveclient_add(struct berth_resolveclient *c, const char *name, const char *path, const char *config)
{
	return resolve_process_add(&c->process, name, path, config);
}

enum berth_err berth_resolveclient_only_method(struct berth_resolveclient *c, const char *method)
{
	struct berth_buf *only = &c->process.adapters[c->process.n - 1].only;

	if (!*method || strlen(method) > BERTH_DID_METHOD_MAX || method[strspn(method, "abcdefghijklmnopqrstuvwxyz0123456789")])
		return berth_fail(BERTH_E_CONFIG, "%.60s is no DID method's name", method);
	berth_buf_printf(only, "%s%s", only->len ? " " : "", method);
	return berth_buf_status(only);
}

void berth_resolveclient_is_authoritative(struct berth_resolveclient *c)
{
	if (c->process.n)
		c->process.adapters[c->process.n - 1].authoritative = true;
}

enum berth_err berth_resolveclient_add_critical(struct berth_resolveclient *c, const char *did)
{
	if (c->n_critical == RESOLVE_CRITICAL_MAX)
		return berth_fail(BERTH_E_CONFIG, "more than %d DIDs that much depends on", RESOLVE_CRITICAL_MAX);
	if (!(c->critical[c->n_critical] = strdup(did)))
		return berth_fail(BERTH_E_NOMEM, "resolve client");
	c->n_critical++;
	return BERTH_OK;
}

void berth_resolveclient_set_pins(struct berth_resolveclient *c, struct berth_pins *pins)
{
	c->pins = pins;
}

void berth_resolveclient_set_kept(struct berth_resolveclient *c, struct berth_kept *kept)
{
	c->kept = kept;
}

void berth_resolveclient_set_policy(struct berth_resolveclient *c, const struct berth_resolve_policy *p)
{
	c->offline = p->offline;
	c->memory.max_age_ms = p->max_age_s * 1000;
	c->stale_ms = p->stale_s * 1000;
	c->critical_stale_ms = p->critical_stale_s * 1000;
}

bool berth_resolveclient_offline(struct berth_resolveclient *c, bool on)
{
	bool before = c->offline;

	c->offline = on;
	return before;
}

void berth_resolveclient_clock_trusted(struct berth_resolveclient *c, bool trusted)
{
	c->clock_trusted = trusted;
}

enum berth_err berth_resolveclient_start(struct berth_resolveclient *c)
{
	enum berth_err rc;

	c->share_at_ms = berth_clock_mono_ms();
	if (!c->process.n || c->process.proc.pid || c->offline)
		return BERTH_OK;
	if ((rc = resolve_process_start(&c->process)))
		return rc;
	resolve_process_proceed(&c->process);
	while (c->process.proc.pid && !resolve_process_is_ready(&c->process))
		resolve_process_turn(&c->process);
	return c->process.setup_rc;
}

int berth_resolveclient_pid(const struct berth_resolveclient *c)
{
	return (int)c->process.proc.pid;
}

void berth_resolveclient_deadline(struct berth_resolveclient *c, int deadline_ms)
{
	c->deadline_ms = deadline_ms;
	c->process.setup_ms = (uint32_t)deadline_ms;
}

void berth_resolveclient_free(struct berth_resolveclient *c)
{
	if (!c)
		return;
	resolve_process_free(&c->process);
	resolve_judging_free(c);
	resolve_forget(&c->memory, NULL);
	berth_buf_free(&c->said_of);
	while (c->n_critical)
		free(c->critical[--c->n_critical]);
	free(c);
}
