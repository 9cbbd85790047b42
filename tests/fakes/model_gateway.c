/* SPDX-License-Identifier: Apache-2.0 */
/* What the gateway's steps do, in numbers. */
#include <string.h>

#include "tests/fakes/model.h"

static bool of_run(const struct model_step *t)
{
	return t->s.run && t->id == t->s.run && t->who == t->s.peer;
}

bool model_from_owner(const struct model_step *t)
{
	return t->who == t->s.active || (t->m->faults & FAULT_ANYBODY && t->s.active);
}

/* ---- seeking ---- */
static int begin(struct model_step *t) { return t->choice ? MODEL_END : GW_SEEKING; }

static void say_ended(struct model_step *t)
{
	model_say(t, t->s.state == GW_RETIRED ? M_RETIRED : M_RELEASED, t->s.ended_by, t->s.ended);
}

/* asks, and reminds whom we left */
static int seek(struct model_step *t)
{
	if (t->choice || !t->s.ended || t->m->faults & FAULT_SAID_ONCE)
		return MODEL_END;
	say_ended(t);
	return MODEL_STAY;
}

static bool run_is_known(const struct model_state *s, uint8_t run)
{
	if (s->run == run || (s->synced[0] && s->synced[offsetof(struct model_state, run)] == run) || s->abandoned == run || s->complete == run)
		return true;
	/* One that an owner knows of by hello alone may be another, no proof is under way for it;
	 * and to who has sold the device only a commit matters that is. */
	for (int i = 0; i < MODEL_OWNERS; i++)
		if (s->o[i].run == run && s->o[i].state != OW_TRANSFERRED)
			return true;
	for (int i = 0; i < MODEL_FLIGHT; i++)
		if (model_run_of(s->type[i], s->id[i]) == run)
			return true;
	return false;
}

static uint8_t fresh_run(const struct model_state *s, uint8_t max)
{
	for (uint8_t run = 1; run <= max; run++)
		if (!run_is_known(s, run))
			return run;
	return 0;
}

/* Any owner that is registered, whatever it is by now: data of a rendezvous is a hint.  Its
 * chain has the tip that we accepted, and is for our epoch. */
static int choose(struct model_step *t)
{
	uint8_t who = (uint8_t)(t->choice + 1);

	if (who > MODEL_OWNERS)
		return MODEL_END;
	if (who == A && t->s.offline)
		return MODEL_REFUSED;	/* its key is offline: it is nowhere to be found */
	if (t->s.o[t->choice].state == OW_IMPORTED || model_owner_of(who) < t->s.tip)
		return MODEL_REFUSED;
	if (t->s.o[t->choice].epoch != t->s.epoch && !(t->m->faults & FAULT_GATEWAY_EPOCH))
		return MODEL_REFUSED;
	if (!(t->s.run = fresh_run(&t->s, t->m->runs)))
		return MODEL_REFUSED;
	t->s.peer = who;
	model_say(t, M_HELLO, who, (uint8_t)(t->s.run << 2 | t->s.epoch));
	return GW_CONTACTING;
}

static void run_is_over(struct model_step *t) { t->s.run = t->s.peer = t->s.item = 0; }

static int seek_again(struct model_step *t)
{
	run_is_over(t);
	t->lasting = true;
	return GW_SEEKING;
}

/* ---- the owner ---- */
static int on_prove_owner(struct model_step *t)
{
	return t->choice ? MODEL_END : of_run(t) ? GW_OWNER_PROVED : MODEL_REFUSED;
}

static int prove(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	t->s.attempt += t->m->cuts;	/* nothing else forgets one */
	model_say(t, M_PROVE_DEVICE, t->s.peer, t->s.run);
	return GW_DEVICE_PROVED;
}

static int give_up(struct model_step *t) { return t->choice ? MODEL_END : seek_again(t); }

static int ask(struct model_step *t)
{
	if (t->choice > 1 || (t->choice && strcmp(t->on, "timer") != 0))
		return MODEL_END;
	return t->choice ? seek_again(t) : GW_CONTACTING;
}

static int on_denied(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	return t->type == M_DENIED && of_run(t) ? seek_again(t) : MODEL_REFUSED;
}

static int on_pending(struct model_step *t) { return t->choice ? MODEL_END : of_run(t) ? GW_PENDING : MODEL_REFUSED; }

static int on_accept_ownership(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	if (!of_run(t))
		return MODEL_REFUSED;
	if (t->m->cuts && t->s.attempt <= t->s.shown)
		t->broken = "P9: keys that were another run's";
	t->s.shown = t->s.attempt;
	model_say(t, M_ACCEPT_READY, t->s.peer, t->s.run);
	return GW_PREPARED;
}

static int nothing(struct model_step *t) { return t->choice ? MODEL_END : MODEL_STAY; }

/* ---- items: one stands for all ---- */
static int on_issue(struct model_step *t) { return t->choice ? MODEL_END : of_run(t) ? GW_PROVISIONING : MODEL_REFUSED; }

/* Before `issue` it is refused, but known. */
static int on_item(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	if (!of_run(t))
		return MODEL_REFUSED;
	t->s.item = t->s.state == GW_PROVISIONING;
	return MODEL_STAY;
}

static int commit(struct model_step *t)
{
	if (t->choice || !t->s.item)
		return MODEL_END;
	model_say(t, M_COMMIT, t->s.peer, t->s.run);
	return GW_COMMITTING;
}

static int commit_again(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	model_say(t, M_COMMIT, t->s.peer, t->s.run);
	return MODEL_STAY;
}

static int on_committed(struct model_step *t)
{
	uint8_t *owned = &t->s.owned[t->s.epoch];

	if (t->choice)
		return MODEL_END;
	if (!of_run(t))
		return MODEL_REFUSED;
	if (*owned && *owned != model_owner_of(t->s.peer))
		t->broken = "P7: a second owner in one epoch";
	*owned = t->s.tip = model_owner_of(t->s.peer);
	t->s.active = t->s.peer;
	t->s.in_use = model_owner_now(t)->is_set;	/* what was announced with `issue` of this run */
	t->s.kept = t->s.in_use;
	t->s.outcome = 0;
	t->s.op = ++t->s.keys;
	t->s.ended = t->s.ended_by = t->s.dead = t->s.due = 0;
	t->s.complete = t->s.run;
	model_say(t, M_COMPLETE, t->s.peer, t->s.run);
	run_is_over(t);
	return GW_OPERATIONAL;
}

static int abandon(struct model_step *t)
{
	if (t->choice || !t->s.abandons)
		return MODEL_END;
	t->s.abandons--;
	t->s.abandoned = t->s.run;
	t->s.abandoned_by = t->s.peer;
	return seek_again(t);
}

static int on_late_committed(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	if (!t->s.abandoned || t->id != t->s.abandoned || t->who != t->s.abandoned_by)
		return MODEL_REFUSED;
	model_say(t, M_ABANDONED, t->who, t->id);
	return MODEL_STAY;
}

/* ---- renewal ---- */
static void complete_again(struct model_step *t)
{
	if (!t->s.due)
		return;
	t->s.due = 0;
	model_say(t, M_COMPLETE, t->s.active, t->s.complete);
}

static int rotate(struct model_step *t)
{
	if (t->choice || !t->s.renewals)
		return MODEL_END;
	t->s.renewals--;
	t->s.renewal = ++t->s.keys;
	return GW_RENEWING;
}

/* of a device that works: what is due, or that it is time for new keys */
static int look(struct model_step *t)
{
	if (t->choice == 1)
		return MODEL_END;
	complete_again(t);
	return t->s.renewals ? rotate(t) : MODEL_STAY;
}

/* The credential may be over, and then the factory DID asks. */
static int renew(struct model_step *t)
{
	bool over = t->s.state == GW_EXPIRED || t->choice, factory = over || t->s.resync;

	if (t->choice > 1 || (t->choice && t->s.state == GW_EXPIRED))
		return MODEL_END;
	complete_again(t);
	model_say(t, M_RENEW_REQUEST, t->s.active, 
		  (uint16_t)(t->s.renewal << 6 | t->s.op << 2 | (t->s.resync != 0) << 1 | factory));
	return over ? GW_EXPIRED : MODEL_STAY;
}

static int on_renew_issue(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	if (!model_from_owner(t) || t->id != t->s.renewal)
		return MODEL_REFUSED;
	t->s.op = t->s.renewal;
	t->s.renewal = t->s.complete = t->s.due = 0;
	model_say(t, M_RENEW_ACTIVATED, t->s.active, t->s.op);
	return GW_ROTATING;
}

static int activate_again(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	model_say(t, M_RENEW_ACTIVATED, t->s.active, t->s.op);
	return MODEL_STAY;
}

static int on_renewed(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	if (!model_from_owner(t) || t->id != t->s.op)
		return MODEL_REFUSED;
	if (t->s.resync)
		t->s.resynced = t->s.resync;
	t->s.resync = 0;
	return GW_OPERATIONAL;
}

static int on_renew_denied(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	if (t->type == M_DENIED || !model_from_owner(t) || t->id != t->s.renewal)
		return MODEL_REFUSED;
	if (t->type == M_RENEW_EXPIRED || t->s.state == GW_EXPIRED)
		return MODEL_STAY;
	t->s.renewal = 0;
	return GW_OPERATIONAL;
}

/* ---- status ---- */
static int begin_anew(struct model_step *t)
{
	t->s.active = t->s.op = t->s.renewal = t->s.why = t->s.was = t->s.complete = t->s.due = 0;
	t->s.staged = t->s.in_use = t->s.trial = t->s.wait = t->s.resync = t->s.tried = 0;
	return GW_SEEKING;
}

static int take_out(struct model_step *t, uint8_t is)
{
	if (t->s.state != GW_QUARANTINED) {
		t->s.was = t->s.state == GW_RENEWING ? GW_OPERATIONAL : t->s.state;
		if (t->s.state == GW_RENEWING)
			t->s.renewal = 0;
	}
	t->s.why = is;
	return GW_QUARANTINED;
}

static int take_back(struct model_step *t)
{
	uint8_t was = t->s.was;

	t->s.why = t->s.was = 0;
	return was ? was : MODEL_STAY;
}

static int on_status(struct model_step *t)
{
	uint8_t seq = (uint8_t)(t->id >> 2), is = t->id & 3;
	bool known = seq == t->s.seq;
	int to = MODEL_STAY;

	if (t->choice)
		return MODEL_END;
	if (!model_from_owner(t) || seq < t->s.seq || (known && is != t->s.why))
		return MODEL_REFUSED;
	if ((t->s.why == IS_REVOKED && is != IS_REVOKED && is != IS_ONBOARD) || (is == IS_ONBOARD && t->s.why != IS_REVOKED))
		return MODEL_REFUSED;
	t->s.seq = seq;
	if (is == IS_ONBOARD)
		return begin_anew(t);
	if (!known)
		to = is == IS_VALID ? take_back(t) : take_out(t, is);
	model_say(t, M_STATUS_NOTED, t->who, seq);
	return to;
}

static int onboard_anew(struct model_step *t) { return t->choice || t->s.why != IS_REVOKED ? MODEL_END : begin_anew(t); }

/* ---- the end of an epoch ---- */
static int on_prepare(struct model_step *t, int to)
{
	if (t->choice)
		return MODEL_END;
	if (!model_from_owner(t))
		return MODEL_REFUSED;
	if (t->who == D && !t->s.o[A - 1].signed_ && !(t->m->faults & FAULT_UNSIGNED)) {
		model_say(t, M_REFUSED, t->who, t->id);
		return MODEL_STAY;
	}
	if (t->s.refused & 1 << t->id) {
		model_say(t, M_REFUSED, t->who, t->id);
		return MODEL_STAY;
	}
	if (t->s.release != t->id)
		t->s.release_ready = 0;
	t->s.release = (uint8_t)t->id;
	t->s.renewal = 0;
	return to;
}

static int on_transfer(struct model_step *t) { return on_prepare(t, GW_RELEASING); }
static int on_retire(struct model_step *t) { return on_prepare(t, GW_RETIRING); }

static int ready(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	t->s.release_ready = 1;
	model_say(t, M_READY, t->s.active, t->s.release);
	return MODEL_STAY;
}

static int go_on(struct model_step *t)
{
	t->s.release = t->s.release_ready = 0;
	return t->s.why ? GW_QUARANTINED : GW_OPERATIONAL;
}

/* a no; a yes is what is there anyway */
static int consent(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	model_say(t, M_REFUSED, t->s.active, t->s.release);
	t->s.refused |= (uint8_t)(1 << t->s.release);
	return go_on(t);
}

static int on_cancel(struct model_step *t)
{
	return t->choice ? MODEL_END : model_from_owner(t) && t->id == t->s.release ? go_on(t) : MODEL_REFUSED;
}

static int end_epoch(struct model_step *t, int to)
{
	uint8_t who = t->s.active, release = t->s.release;

	if (who == D && !t->s.o[A - 1].signed_)
		t->broken = "P8: a delegate has let the device go";
	t->s.epoch++;
	t->s.state = (uint8_t)to;
	t->s.active = t->s.op = t->s.renewal = t->s.keys = t->s.why = t->s.was = t->s.seq = 0;
	t->s.release = t->s.release_ready = t->s.refused = 0;
	t->s.abandoned = t->s.abandoned_by = t->s.complete = t->s.due = 0;
	t->s.set_seq = t->s.staged = t->s.in_use = t->s.trial = t->s.wait = t->s.outcome = t->s.kept = 0;
	t->s.resync = t->s.resynced = t->s.at = t->s.tried = t->s.attempt = t->s.shown = 0;
	t->s.ended = release;
	t->s.ended_by = who;
	say_ended(t);
	return to;
}

static int on_release(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	if (!model_from_owner(t) || t->id != t->s.release || !t->s.release_ready)
		return MODEL_REFUSED;
	return end_epoch(t, GW_INITIALIZED);
}

static int retire(struct model_step *t) { return t->choice ? MODEL_END : end_epoch(t, GW_RETIRED); }

static int on_stale_release(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	if (!model_from_owner(t))
		return MODEL_REFUSED;
	model_say(t, M_REFUSED, t->who, t->id);
	t->s.refused |= (uint8_t)(1 << t->id);
	return MODEL_STAY;
}

static int on_release_again(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	if (!t->s.ended || t->id != t->s.ended || t->who != t->s.ended_by || t->m->faults & FAULT_SAID_ONCE)
		return MODEL_REFUSED;
	say_ended(t);
	return MODEL_STAY;
}

/* The outbox has given something up. */
static int on_undelivered(struct model_step *t)
{
	uint8_t dead = t->s.dead;

	if (t->choice || !dead)
		return MODEL_END;
	t->s.dead = 0;
	t->s.due |= dead & model_dead(M_COMPLETE) && t->s.complete && !(t->m->faults & FAULT_COMPLETE_ONCE);
	if (dead & model_dead(M_RELEASED) && t->s.ended && !(t->m->faults & FAULT_SAID_ONCE))
		say_ended(t);
	return MODEL_STAY;
}

/* Nothing waits any more: the factory keys go, and with them the last that could speak. */
static int bury(struct model_step *t)
{
	if (t->choice || !t->s.ended || t->s.dead & model_dead(M_RETIRED) || model_under_way(&t->s, M_RETIRED))
		return MODEL_END;
	t->s.ended = t->s.ended_by = 0;
	return MODEL_STAY;
}

const struct model_binding model_gateway[] = {
	{ gateway_begin, begin }, { gateway_seek, seek }, { gateway_choose, choose }, { gateway_on_invitation, choose }, { gateway_ask, ask },
	{ gateway_on_prove_owner, on_prove_owner }, { gateway_prove, prove }, { gateway_give_up, give_up },
	{ gateway_on_denied, on_denied }, { gateway_on_pending, on_pending }, { gateway_resume_run, nothing },
	{ gateway_on_accept_ownership, on_accept_ownership }, { gateway_on_issue, on_issue }, { gateway_on_item, on_item },
	{ gateway_resume_items, nothing }, { gateway_commit, commit }, { gateway_commit_again, commit_again },
	{ gateway_on_committed, on_committed }, { gateway_abandon, abandon }, { gateway_on_late_committed, on_late_committed },
	{ gateway_look, look }, { gateway_rotate, rotate }, { gateway_renew, renew }, { gateway_on_renew_issue, on_renew_issue },
	{ gateway_activate_again, activate_again }, { gateway_on_renewed, on_renewed }, { gateway_on_renew_denied, on_renew_denied },
	{ gateway_on_status, on_status }, { gateway_onboard_anew, onboard_anew },
	{ gateway_on_prepare, on_transfer }, { gateway_ready, ready }, { gateway_consent, consent }, { gateway_on_cancel, on_cancel },
	{ gateway_on_release, on_release }, { gateway_on_stale_release, on_stale_release },
	{ gateway_on_release_again, on_release_again }, { gateway_on_undelivered, on_undelivered },
	{ gateway_on_retire, on_retire }, { gateway_retire, retire }, { gateway_bury, bury }, { NULL, NULL },
};
