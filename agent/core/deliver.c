/* SPDX-License-Identifier: Apache-2.0 */
/* One event, one transaction: load the instance, run its step, store everything
 * the step asked for together with the new state, and only then act on it: when it is on
 * the disk, or at once where nothing of it has to last. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "agent/protocol/onboarding.h"
#include "agent/protocol/oob.h"
#include "agent/protocol/relation.h"
#include "did/base/clock.h"
#include "did/base/log.h"
#include "did/codec/did_text.h"

/* A code that says "not now": nothing is remembered and the sender tries again. */
bool agent_is_transient(enum berth_err rc)
{
	int status = berth_err_exit(rc);

	return rc != BERTH_OK && (status == 4 || status == 5);
}

/* What this event makes is a stranger's.  Asked after the step, which may have found out
 * that it has business here. */
static bool by_stranger(struct berth_agent *a, const struct berth_machine *m, const struct berth_event *ev)
{
	return m->strangers && ev->in && (!ev->sender || agent_is_stranger(a, ev->sender));
}

/* 11 KiB of which most is never used: what berth_effects_init() leaves, its counts say is not there. */
#define EFFECTS(x) struct berth_effects x __attribute__((uninitialized))

static enum berth_err save(struct berth_agent *a, const struct berth_machine *m, const struct berth_instance *inst,
			   const struct berth_event *ev)
{
	return agent_save(a, m, inst, m->find && by_stranger(a, m, ev));
}

static enum berth_err apply_puts(struct berth_agent *a, const struct berth_effects *fx, bool guest)
{
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < fx->n_puts; i++) {
		const struct berth_put *p = &fx->puts[i];

		if (strcmp(p->ns, BERTH_NS_POLL) == 0)
			agent_poll_written(a, p->key);
		rc = p->gone ? berth_store_delete(a->cfg.store, p->ns, p->key)
			     : agent_put(a, guest, p->ns, p->key, &p->value);
	}
	return rc;
}

/* Only forward, but where an owner's time ends with the owner. */
static enum berth_err apply_floor(struct berth_agent *a, const struct berth_effects *fx)
{
	int64_t v;
	enum berth_err rc = berth_store_counter_get(a->cfg.store, COUNTER_FLOOR, &v);

	return rc || (fx->floor_s <= v && !fx->floor_back) ? rc
		: berth_store_counter_set(a->cfg.store, COUNTER_FLOOR, fx->floor_s);
}

/* Who lets its own answers pile up is refused for good.  Whoever else would have written
 * to that peer, by a message, a timer or a command, cannot help it: not now. */
static enum berth_err apply_send(struct berth_agent *a, const struct berth_send *s, const struct berth_event *ev,
				 const struct agent_sender *by)
{
	enum berth_err rc = s->ephemeral ? agent_add_ephemeral(a, s) : agent_pack_to_outbox(a, s, by);

	if (rc == BERTH_E_QUOTA && !(ev->sender && berth_did_same(ev->sender, s->to)))
		rc = berth_fail(BERTH_E_UNAVAILABLE, "no room in the outbox for %.80s", s->to);
	return rc;
}

static enum berth_err drop_thread(struct berth_agent *a, const struct berth_drop *d, const char *why)
{
	agent_parked_look(a, d->peer);	/* for what is behind it */
	return why ? berth_store_outbox_dead_thread(a->cfg.store, d->peer, d->thid, berth_agent_now_s(a), why)
		   : berth_store_outbox_drop_thread(a->cfg.store, d->peer, d->thid);
}

/* all of it into the open transaction */
static enum berth_err
apply(struct berth_agent *a, struct berth_effects *fx, const struct berth_event *ev, const struct agent_sender *by,
      bool guest)
{
	enum berth_err rc = fx->wipe ? agent_wipe_apply(a, fx) : BERTH_OK;

	if (!rc)
		rc = apply_puts(a, fx, guest);
	for (size_t i = 0; !rc && i < fx->n_drops; i++)
		rc = fx->drops[i].ours ? berth_store_outbox_unsay(a->cfg.store, fx->drops[i].peer, by->machine, by->instance)
				       : drop_thread(a, &fx->drops[i], fx->drop_why);
	if (!rc && fx->gone_peer)
		rc = berth_store_outbox_drop(a->cfg.store, NULL, fx->gone_peer, &(int64_t){ 0 });
	if (!rc && fx->moved_peer &&
	    !(rc = berth_store_peer_moved(a->cfg.store, fx->moved_peer, fx->moved_from, fx->moved_to)))
		rc = berth_store_peer_awake(a->cfg.store, fx->moved_peer, berth_agent_now_s(a));
	for (size_t i = 0; !rc && i < fx->n_sends; i++)
		rc = apply_send(a, &fx->sends[i], ev, by);
	if (!rc && (fx->floor_s || fx->floor_back))
		rc = apply_floor(a, fx);
	if (!rc)
		rc = agent_forget_apply(a, fx);
	return rc ? rc : agent_counters_apply(a, fx);
}

/* Every refusal of somebody who proved who they are can be seen in the audit log; what
 * comes from nobody is logged and costs no write. */
static void note_refusal(const struct berth_event *ev, struct berth_effects *fx, enum berth_err rc)
{
	if (ev->in && ev->sender && !fx->audit && !agent_is_transient(rc))
		berth_effects_audit(fx, "refused: %s: %s", berth_err_name(rc), berth_err_detail());
}

/* Each judgement sees what the one before it has stored. */
static enum berth_err settle(struct berth_agent *a, enum berth_err rc, struct berth_effects *one, struct berth_effects *pre)
{
	if (!rc)
		rc = apply_puts(a, one, false);
	for (size_t i = 0; !rc && i < one->n_forget; i++)
		rc = berth_effects_forget(pre, one->forget[i]);
	if (!rc && one->audit)
		berth_effects_audit(pre, "%s", one->audit);
	pre->lasting |= one->n_puts || one->n_forget || one->audit;
	berth_effects_free(one);
	return rc;
}

/* What its sender has to be to us before any step: known, invited, not gone, and under
 * which DID. */
static enum berth_err
preface(struct berth_agent *a, const struct berth_machine *m, const struct berth_event *ev, struct berth_effects *pre)
{
	EFFECTS(one);
	bool over = false;
	enum berth_err rc;

	if (!ev->in || !ev->sender)
		return BERTH_OK;
	berth_effects_init(&one);
	if ((rc = agent_note_peer(a, ev->in, ev->sender)) ||
	    (rc = settle(a, berth_oob_admit(&a->env, ev, &one), &one, pre)) || m->rotates ||
	    (rc = settle(a, berth_relation_moved(&a->env, ev, &one, &over), &one, pre)) || over)
		return rc;
	return settle(a, berth_relation_seen(&a->env, ev, &one), &one, pre);
}

static enum berth_err
step(struct berth_agent *a, const struct berth_machine *m, struct berth_instance *inst, const struct berth_event *ev,
     struct berth_effects *fx)
{
	enum berth_err rc;

	agent_lookups_strict(a, m->strict);
	rc = berth_machine_step(m, &a->env, inst, ev, fx);
	agent_lookups_strict(a, false);
	return rc;
}

/* The step, with what was decided before it and what is owed after it. */
static enum berth_err
whole_step(struct berth_agent *a, const struct berth_machine *m, struct berth_instance *inst,
	   const struct berth_event *ev, struct berth_effects *fx)
{
	EFFECTS(pre);
	int before = inst->state;
	enum berth_err rc;

	berth_effects_init(&pre);
	if ((rc = preface(a, m, ev, &pre)) || (rc = step(a, m, inst, ev, fx)))
		goto out;
	for (size_t i = 0; !rc && i < pre.n_forget; i++)
		rc = berth_effects_forget(fx, pre.forget[i]);
	if (!fx->audit && pre.audit)
		berth_effects_audit(fx, "%s", pre.audit);
	fx->fleeting &= !pre.lasting;
	if (rc || (rc = agent_acknowledge(a, ev, fx))) {
		inst->state = before;
		berth_effects_free(fx);
	}
out:
	berth_effects_free(&pre);
	return rc;
}

/* What a step did to its data before it failed never was. */
static enum berth_err take_back(struct berth_agent *a, const struct berth_machine *m, struct berth_instance *inst)
{
	struct berth_instance was;
	enum berth_err rc = berth_store_undo(a->cfg.store);

	if (rc || (rc = agent_load(a, m, inst->key, &was)))
		return rc;
	berth_json_free(inst->data);
	inst->data = was.data;
	was.data = NULL;
	berth_instance_free(&was);
	return BERTH_OK;
}

/* Runs the step inside the transaction; on failure what it did is taken back, and
 * only its `otherwise` state, audit line and timer are left. */
static enum berth_err
run(struct berth_agent *a, const struct berth_machine *m, struct berth_instance *inst,
    const struct berth_event *ev, struct berth_effects *fx, enum berth_err *step_rc)
{
	const struct agent_sender by = { m->name, inst->key };
	int before = inst->state;
	size_t ids = a->n_ids, wraps = a->n_wraps;
	enum berth_err rc = berth_store_savepoint(a->cfg.store);

	if (rc)
		return rc;
	*step_rc = whole_step(a, m, inst, ev, fx);
	fx->may_step_generation |= m->counted && inst->state != before && !fx->fleeting;
	if (!*step_rc && (*step_rc = apply(a, fx, ev, &by, by_stranger(a, m, ev)))) {
		/* the step was fine, the host could not follow: as if it never ran */
		inst->state = before;
		berth_effects_free(fx);
	}
	if (*step_rc) {
		berth_log(ev->in ? BERTH_LOG_WARN : BERTH_LOG_DEBUG, "refused", "%s %s: %s: %s: %s (%s)", m->name,
			  inst->key, ev->on, berth_err_name(*step_rc), berth_err_detail(), berth_err_where());
		note_refusal(ev, fx, *step_rc);
		agent_identities_cut(a, ids);
		agent_wraps_cut(a, wraps);
		if ((rc = take_back(a, m, inst)))
			return rc;
		agent_report(a, m, ev, *step_rc, inst->state != before);
		return inst->state == before ? BERTH_OK : save(a, m, inst, ev);
	}
	return (rc = berth_store_keep(a->cfg.store)) ? rc : save(a, m, inst, ev);
}

/* what the message leaves behind whether it was taken or refused for good */
static enum berth_err
remember(struct berth_agent *a, const struct berth_event *ev, const struct berth_effects *fx, enum berth_err step_rc, bool moved)
{
	enum berth_err rc = BERTH_OK;

	if (step_rc && !ev->in && !fx->audit)
		return BERTH_OK;	/* a timer that could do nothing yet: no reason to wear the flash */
	if (ev->in && ev->sender)
		rc = berth_store_inbox_add(a->cfg.store, ev->sender, ev->in->msg.id, berth_agent_now_s(a), NULL);
	if (!rc && fx->audit && agent_may_audit(a, ev, step_rc != BERTH_OK, moved))
		rc = berth_store_audit(a->cfg.store, berth_clock_now_s(), ev->on, fx->audit);
	return rc ? rc : berth_store_counter_note(a->cfg.store, COUNTER_UPTIME, berth_agent_now_s(a));
}

/* Also while it is being let go from there. */
bool agent_is_recovering(const struct berth_machine *m, const struct berth_instance *inst)
{
	return inst->state == m->recovery || berth_json_get(inst->data, "quarantine");
}

bool agent_is_closed(const struct berth_machine *m, const struct berth_instance *inst)
{
	return m->closed && strcmp(m->states[inst->state], m->closed) == 0;
}

/* Keys are nobody's to take back.  A counter waits for the others of its batch. */
static bool is_final(const struct berth_agent *a, const struct berth_effects *fx)
{
	return fx->n_forget || fx->wipe || fx->clear_device || (a->counters_due && !a->batch);
}

/* What may be lost delays nothing: its messages leave at once, and an end takes it back. */
static enum berth_err commit(struct berth_agent *a, const struct berth_effects *fx)
{
	return fx->fleeting ? berth_store_commit_later(a->cfg.store) : berth_store_commit(a->cfg.store);
}

/* inst: as the step before this one left it, or empty; where another one follows, for that. */
static enum berth_err
deliver_once(struct berth_agent *a, const struct berth_machine *m, const char *key,
	     const struct berth_event *ev, struct berth_instance *inst, struct berth_json **result, const char **next)
{
	EFFECTS(fx);
	enum berth_err step_rc = BERTH_OK, rc;
	size_t ephemeral = a->n_ephemeral, ids = a->n_ids, wraps = a->n_wraps;
	int before;
	bool final = false;

	berth_effects_init(&fx);
	agent_refresh_time(a);
	if ((rc = berth_store_begin(a->cfg.store)))
		return rc;
	if (!inst->key && (rc = agent_load(a, m, key, inst)))
		goto out;
	before = inst->state;
	if ((rc = run(a, m, inst, ev, &fx, &step_rc)))
		goto out;
	/* a step may make little of one DID that it could not resolve: it will be able to */
	if (agent_lookups_missed(a)) {
		rc = berth_fail(BERTH_E_UNAVAILABLE, "%s: a DID is being looked up", ev->on);
		goto out;
	}
	if (agent_is_transient(step_rc) && ev->in) {
		rc = step_rc;	/* not remembered: the sender tries again */
		goto out;
	}
	if ((rc = remember(a, ev, &fx, step_rc, inst->state != before)) || (rc = commit(a, &fx)))
		goto out;
	agent_counters_risen(a, &fx);
	final = is_final(a, &fx);
	if (final && (rc = agent_batch_sync(a)))
		goto out;
	agent_wipe_done(a, &fx);
	agent_forget_done(a, &fx);
	if (fx.clear_device)
		agent_clear_device(a);
	a->closed |= agent_is_closed(m, inst);
	if (final)
		a->batch_ids = a->n_ids;
	a->news += m->rest && !step_rc;
	a->changes += m == &berth_gateway_machine;
	if (m->recovery)
		a->recovering = agent_is_recovering(m, inst);
	if (fx.stop_timer)
		agent_stop_timer(a, m, key);
	if (fx.timer_ms)
		agent_set_timer(a, m, key, fx.timer_ms);
	if (fx.due_ms)
		agent_set_due(a, m, key, fx.due_ms);
	*next = fx.timer_now ? "timer" : fx.go ? "go" : NULL;
	if (result && fx.result) {
		*result = fx.result;
		fx.result = NULL;
	}
	rc = step_rc;
out:
	if (berth_store_in_transaction(a->cfg.store)) {
		berth_store_rollback(a->cfg.store);
		agent_identities_cut(a, ids);
		agent_wraps_cut(a, wraps);
	}
	if (rc)
		agent_drop_ephemeral(a, ephemeral);
	berth_effects_free(&fx);
	if (rc || final || !*next)
		berth_instance_free(inst);
	return rc;
}

enum berth_err agent_deliver(struct berth_agent *a, const struct berth_machine *m, const char *key,
			     const struct berth_event *ev, struct berth_json **result)
{
	struct berth_instance inst = { 0 };
	const char *next = NULL;
	enum berth_err rc = deliver_once(a, m, key, ev, &inst, result, &next);

	for (int i = 0; !rc && next && i < GO_MAX; i++) {
		const struct berth_event after = { .on = next };

		next = NULL;
		if (agent_is_transient(deliver_once(a, m, key, &after, &inst, result, &next)))
			agent_later(a, m, key, after.on);
	}
	berth_instance_free(&inst);
	if (!rc && a->polls_stale && agent_poll_load(a))
		berth_log(BERTH_LOG_WARN, "poll", "cannot be read");
	return rc;
}

enum berth_err agent_remember(struct berth_agent *a, const char *sender, const char *id, const char *audit)
{
	enum berth_err rc = berth_store_begin(a->cfg.store);

	if (rc)
		return rc;
	if (!(rc = berth_store_inbox_add(a->cfg.store, sender, id, berth_agent_now_s(a), NULL)) && audit)
		rc = berth_store_audit(a->cfg.store, berth_clock_now_s(), "refused", audit);
	if (!rc)
		return berth_store_commit(a->cfg.store);
	berth_store_rollback(a->cfg.store);
	return rc;
}
