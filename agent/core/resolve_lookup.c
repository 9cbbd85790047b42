/* SPDX-License-Identifier: Apache-2.0 */
/* One look-up: what is remembered, else a question to resolverd, and for who waits its
 * answer; a document that was kept stands in where nobody can be asked. */
#include <stdio.h>
#include <string.h>

#include "agent/core/judge.h"
#include "agent/core/resolve_internal.h"
#include "berth/registry.h"
#include "did/base/clock.h"

#define SHARE_REFILL 4		/* one ms of waiting for each four that pass */

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
static enum berth_err want(struct berth_resolveclient *c, const struct resolve_look_up *l, bool urgent)
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

static enum berth_err wait_here(struct berth_resolveclient *c, const struct resolve_look_up *l)
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

static enum berth_err begin(struct berth_resolveclient *c, const struct resolve_look_up *l)
{
	if (c->mode == BERTH_LOOKUP_NEVER || want(c, l, false))
		return berth_fail(BERTH_E_UNAVAILABLE, "too many look-ups");
	resolve_process_proceed(&c->process);
	c->missed = true;
	return berth_fail(BERTH_E_UNAVAILABLE, "%.80s is being looked up", l->did);
}

static bool fits(const struct resolve_look_up *l)
{
	const struct berth_did_version *v = l->version;

	return strlen(l->did) <= BERTH_RES_DID_MAX && (!v || !v->id || strlen(v->id) <= BERTH_RES_VERSION_MAX) &&
	       (!v || !v->time || strlen(v->time) <= BERTH_RES_VERSION_MAX) &&
	       (!v || !v->number || strlen(v->number) <= BERTH_RES_VERSION_MAX);
}

static enum berth_err ask(struct berth_resolveclient *c, const struct resolve_look_up *l)
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

static enum berth_err give(struct berth_resolveclient *c, const struct resolve_look_up *l, const struct remembered *r, bool fresh,
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
static bool is_away(struct berth_resolveclient *c, const struct resolve_look_up *l, enum berth_err rc, const struct remembered *r)
{
	const struct remembered *kept = rc == BERTH_E_QUOTA ? resolve_kept(&c->memory, l->key) : NULL;

	return (kept && kept->told) || c->offline || rc == BERTH_E_PLUGIN || (!rc && (!r || r->outage));
}

/* What is remembered, here or in the store. */
static const struct remembered *known(struct berth_resolveclient *c, const struct resolve_look_up *l)
{
	const struct remembered *r = resolve_recall(&c->memory, l->key);

	if (!l->version && (!r || r->outage)) {
		resolve_restore_kept(c, l->did);
		r = resolve_recall(&c->memory, l->key);
	}
	return r;
}

enum berth_err resolve_look_up(struct berth_resolveclient *c, const struct resolve_look_up *l, struct berth_did_doc **out)
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
