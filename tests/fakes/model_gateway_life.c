/* SPDX-License-Identifier: Apache-2.0 */
/* What the steps of a gateway in use do, in numbers: sets of items (M10), where its owner is (M17),
 * an owner that was restored (M18), and what it runs (M14). */
#include "tests/fakes/model.h"

/* ---- sets of items ---- */
static void say_set(struct model_step *t, uint8_t seq, enum model_set_status is)
{
	model_say(t, M_SET_RESULT, t->s.active, (uint8_t)(seq << 2 | is));
}

static void conclude(struct model_step *t, uint8_t seq, enum model_set_status is)
{
	t->s.outcome = (uint8_t)(seq << 2 | is);
	say_set(t, seq, is);
}

/* Nobody's word is missing: of the owner's, that it has heard of this set on trial. */
static void confirm(struct model_step *t)
{
	uint8_t set = t->s.in_use, seq = model_set_seq(set);

	if (model_set_by(set) == BY_OWNER && t->s.o[t->s.active - 1].heard < seq)
		t->broken = "M10: a set is in use for good that its owner has not heard of";
	if (seq < model_set_seq(t->s.kept))
		t->broken = "M10: an older set is in use again";
	t->s.kept = set;
	t->s.trial = t->s.wait = 0;
	conclude(t, seq, SET_ACTIVE);
}

static void look_at_trial(struct model_step *t)
{
	if (t->s.wait & WAITS_HOOK)
		return;
	if (model_set_by(t->s.in_use) == BY_NOBODY || t->s.wait & HAS_ACK)
		confirm(t);
	else
		say_set(t, t->s.trial, SET_TRIAL);
}

static void activate(struct model_step *t, bool hook)
{
	t->s.in_use = t->s.staged;
	t->s.trial = model_set_seq(t->s.staged);
	t->s.wait = hook ? WAITS_HOOK : 0;
	t->s.staged = 0;
	look_at_trial(t);
}

static int revert(struct model_step *t)
{
	uint8_t seq = t->s.trial;

	t->s.in_use = t->s.kept;
	t->s.trial = t->s.wait = 0;
	conclude(t, seq, SET_REVERTED);
	return MODEL_STAY;
}

static int on_set_again(struct model_step *t)
{
	uint8_t seq = model_set_seq((uint8_t)t->id);

	if (t->m->faults & FAULT_SET_ONCE)
		return MODEL_REFUSED;
	if (t->s.staged)
		model_say(t, M_SET_WANTED, t->s.active, t->s.staged);
	else if (t->s.trial && !(t->s.wait & WAITS_HOOK))
		say_set(t, t->s.trial, SET_TRIAL);
	else if (!t->s.trial && t->s.outcome >> 2 == seq)
		say_set(t, seq, t->s.outcome & 3);
	return MODEL_STAY;
}

/* Another one; it may have nothing new in it. */
static int on_set(struct model_step *t)
{
	uint8_t seq = model_set_seq((uint8_t)t->id);
	bool old = seq < t->s.set_seq && !(t->m->faults & FAULT_OLD_SET);

	if (t->choice > 1 || (t->choice && (old || seq == t->s.set_seq || t->s.trial)))
		return MODEL_END;
	if (!model_from_owner(t))
		return MODEL_REFUSED;
	if (old)
		say_set(t, seq, SET_REFUSED);
	if (old || t->s.trial)
		return seq == t->s.set_seq ? on_set_again(t) : MODEL_STAY;	/* has to wait */
	if (seq == t->s.set_seq)
		return on_set_again(t);
	t->s.staged = (uint8_t)t->id;
	t->s.set_seq = seq;
	t->s.outcome = 0;	/* nobody asks for that of an earlier one again */
	if (t->choice)
		activate(t, false);
	else
		model_say(t, M_SET_WANTED, t->s.active, t->id);
	return MODEL_STAY;
}

/* The last that was missing: taken, or nothing for this device. */
static int on_set_item(struct model_step *t)
{
	if (t->choice > 2 || (t->choice == 2 && !t->m->hooks))
		return MODEL_END;
	if (!model_from_owner(t) || !t->s.staged || t->id != t->s.staged)
		return MODEL_REFUSED;
	if (t->choice == 1) {
		conclude(t, model_set_seq(t->s.staged), SET_REFUSED);
		t->s.staged = 0;
	} else {
		activate(t, t->choice == 2);
	}
	return MODEL_STAY;
}

static int on_set_noted(struct model_step *t)
{
	bool it = t->id == t->s.trial || t->m->faults & FAULT_NOTED_ANY;

	if (t->choice)
		return MODEL_END;
	if (!model_from_owner(t) || !t->s.trial || !it || t->s.wait & WAITS_HOOK || model_set_by(t->s.in_use) == BY_APPLICATION)
		return MODEL_REFUSED;
	confirm(t);
	return MODEL_STAY;
}

static int acked(struct model_step *t)
{
	if (t->choice || !t->s.trial || model_set_by(t->s.in_use) != BY_APPLICATION)
		return MODEL_END;
	t->s.wait |= HAS_ACK;
	look_at_trial(t);
	return MODEL_STAY;
}

/* Nobody has confirmed it in time. */
static int due(struct model_step *t)
{
	if (t->choice || !t->s.trial || model_set_by(t->s.in_use) == BY_NOBODY || t->m->faults & FAULT_NEVER_BACK)
		return MODEL_END;
	return revert(t);
}

/* What a hook made of an item: of the set on trial, or of the run's, which is just said. */
static int item_result(struct model_step *t)
{
	if (t->choice > 1 || !t->m->hooks || !t->s.active)
		return MODEL_END;
	if (!t->s.trial || !(t->s.wait & WAITS_HOOK)) {
		if (t->choice || !t->s.complete)
			return MODEL_END;
		model_say(t, M_ITEM_RESULT, t->s.active, t->s.op);
		return MODEL_STAY;
	}
	if (t->choice)
		return revert(t);
	t->s.wait &= (uint8_t)~WAITS_HOOK;
	look_at_trial(t);
	return MODEL_STAY;
}

/* ---- where the owner is ---- */
static bool may_look(const struct model_step *t) { return t->s.active && t->s.state != GW_RETIRED; }

static void ask_at(struct model_step *t, uint8_t address)
{
	t->s.tried |= (uint8_t)(1 << address);
	model_say(t, M_WHERE, t->s.active, (uint8_t)(t->s.op << 1 | address));
}

/* The owner does not answer.  Whoever may know names an address, the right one or another. */
static int silent(struct model_step *t)
{
	if (t->choice > 1 || !may_look(t) || t->m->faults & FAULT_NEVER_LOOKS)
		return MODEL_END;
	if (model_is_at(model_owner_now(t)->at, t->s.at))
		return MODEL_END;
	t->s.tried = 0;
	ask_at(t, (uint8_t)t->choice);
	return MODEL_STAY;
}

/* address << 1 | 1: in answer to where; at << 1: by itself */
static int on_here(struct model_step *t)
{
	uint8_t what = (uint8_t)(t->id >> 1);

	if (t->choice)
		return MODEL_END;
	if (!may_look(t) || !model_from_owner(t))
		return MODEL_REFUSED;
	if (t->id & 1 && t->s.tried & 1 << what) {
		t->s.at = what;
		t->s.tried = 0;
		return MODEL_STAY;
	}
	t->s.tried = 0;
	if (t->id & 1 || model_is_at(what, t->s.at))
		ask_at(t, t->s.at);
	else
		ask_at(t, what == AT_1);
	return MODEL_STAY;
}

/* ---- an owner that was restored: which time << 8 | the keys that it knows << 4 | and those it had issued ---- */
/* What was asked for before and has not come yet is nobody's any more. */
static int end_attempt(struct model_step *t)
{
	if (t->s.state == GW_EXPIRED)
		t->s.renewal = ++t->s.keys;
	if (t->s.state != GW_RENEWING)
		return MODEL_STAY;
	t->s.renewal = 0;
	return GW_OPERATIONAL;
}

/* Keys that the owner has no memory of: it is asked for others, unless it has just given us these. */
static int begin_again(struct model_step *t, uint8_t seq, bool news)
{
	bool under_way = t->s.state == GW_RENEWING || t->s.state == GW_EXPIRED;

	if (t->s.state == GW_QUARANTINED)
		return MODEL_REFUSED;
	if (t->s.state == GW_ROTATING && !news && !(t->m->faults & FAULT_ROTATES_TWICE))
		return MODEL_STAY;
	t->s.resync = seq;
	if (!under_way || (news && !(t->m->faults & FAULT_KEPT_REQUEST)))
		t->s.renewal = ++t->s.keys;
	return under_way ? MODEL_STAY : GW_RENEWING;
}

static int on_resync(struct model_step *t)
{
	uint8_t seq = (uint8_t)(t->id >> 8), op = t->id >> 4 & 15, next = t->id & 15;
	bool known = t->s.op && (op == t->s.op || next == t->s.op), news = seq > t->s.resynced && seq != t->s.resync;

	if (t->choice)
		return MODEL_END;
	if (!model_from_owner(t) || seq < t->s.resynced)
		return MODEL_REFUSED;
	if (!known && !(seq == t->s.resynced && t->m->faults & FAULT_ANSWERED_ONCE))
		return begin_again(t, seq, news);
	t->s.resynced = seq;
	t->s.resync = 0;
	model_say(t, M_RESYNCED, t->who, (uint16_t)(seq << 4 | t->s.op));
	return news && !(t->m->faults & FAULT_KEPT_REQUEST) ? end_attempt(t) : MODEL_STAY;
}

/* ---- what it runs ---- */
static int on_attest_request(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	if (!model_from_owner(t))
		return MODEL_REFUSED;
	model_say(t, M_EVIDENCE, t->who, t->id);
	return MODEL_STAY;
}

const struct model_binding model_gateway_life[] = {
	{ gateway_on_set, on_set }, { gateway_on_set_item, on_set_item }, { gateway_on_set_noted, on_set_noted },
	{ gateway_acked, acked }, { gateway_due, due }, { gateway_item_result, item_result },
	{ gateway_on_silent, silent }, { gateway_on_here, on_here }, { gateway_on_resync, on_resync },
	{ gateway_on_attest_request, on_attest_request }, { NULL, NULL },
};
