/* SPDX-License-Identifier: Apache-2.0 */
/* What the steps of an owner do for a device in use, in numbers: sets of items (M10), where it is
 * (M17), that it was restored (M18), what the device runs (M14), and what its delegate carries. */
#include "tests/fakes/model.h"

#define IT (model_owner(t))

static bool is_in_use(const struct model_owner *o) { return o->state == OW_ACTIVE || o->state == OW_RENEW_PENDING; }
static bool is_ours(const struct model_owner *o) { return o->state != OW_TRANSFERRED && o->state != OW_RETIRED; }

static bool has_items(const struct model_step *t, const struct model_owner *o)
{
	if (o->state == OW_TRANSFERRING || o->state == OW_RETIRING)
		return !(t->m->faults & FAULT_UNNOTED);
	return o->state == OW_ISSUED || o->state == OW_COMMITTED || is_in_use(o) || o->state == OW_SUSPENDED;
}

/* ---- what is provided ---- */
static int provision(struct model_step *t)
{
	if (t->choice > BY_APPLICATION || !t->s.sets || !is_ours(IT))
		return MODEL_END;
	t->s.sets--;
	IT->want ^= 1;
	if (has_items(t, IT)) {
		IT->changed = 1;
		IT->by = t->choice ? (uint8_t)t->choice : IT->by;
	}
	return MODEL_STAY;
}

/* as it was: of a model's items, say, that are none of this device's */
static int reprovision(struct model_step *t)
{
	if (t->choice || !t->s.sets || !has_items(t, IT))
		return MODEL_END;
	t->s.sets--;
	IT->changed = 1;
	return MODEL_STAY;
}

/* At least the time: above all that the device has, also out of a backup. */
static uint8_t next_seq(const struct model_step *t, const struct model_owner *o)
{
	return (uint8_t)((o->last > t->s.set_seq ? o->last : t->s.set_seq) + 1);
}

static bool is_active_there(const struct model_step *t, const struct model_owner *o)
{
	return !o->odd && model_set_content(o->is_set) == o->want && (!o->set || t->m->faults & FAULT_SAME_UNSAID);
}

int model_provide(struct model_step *t)
{
	if (!is_in_use(IT) || (!IT->changed && !IT->set))
		return MODEL_REFUSED;
	if (IT->changed && is_active_there(t, IT)) {
		IT->changed = IT->set = IT->by = 0;
		return MODEL_STAY;
	}
	if (IT->changed) {
		IT->last = next_seq(t, IT);
		IT->set = MODEL_SET(IT->last, IT->want, IT->by);
		IT->changed = 0;
	}
	model_say(t, M_SET, t->who, IT->set);
	return MODEL_STAY;
}

static int on_set_wanted(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	if (!IT->set || t->id != IT->set)
		return MODEL_REFUSED;
	model_say(t, M_SET_ITEM, t->who, IT->set);
	return MODEL_STAY;
}

static void conclude(struct model_owner *o, enum model_set_status is)
{
	o->is_set = MODEL_SET(0, model_set_content(o->set), BY_NOBODY);
	o->odd = is != SET_ACTIVE;
	o->set = 0;
	o->by = o->changed ? o->by : 0;
}

static int on_set_result(struct model_step *t)
{
	uint8_t seq = (uint8_t)(t->id >> 2), is = t->id & 3;

	if (t->choice)
		return MODEL_END;
	if (is == SET_TRIAL && seq > IT->heard)
		IT->heard = seq;
	else if (is != SET_TRIAL && IT->set && seq == model_set_seq(IT->set))
		conclude(IT, is);
	model_say(t, M_SET_NOTED, t->who, seq);
	return MODEL_STAY;
}

/* of the run's items: for the log */
static int on_item_result(struct model_step *t) { return t->choice ? MODEL_END : MODEL_STAY; }

/* ---- where it is ---- */
int model_tell(struct model_step *t)
{
	if (IT->told == IT->at || !IT->op)
		return MODEL_REFUSED;
	model_say(t, M_HERE, t->who, (uint8_t)(IT->at << 1));
	return MODEL_STAY;
}

/* keys << 1 | the address that it came to */
static int on_where(struct model_step *t)
{
	uint8_t op = (uint8_t)(t->id >> 1), address = t->id & 1;

	if (t->choice)
		return MODEL_END;
	if (!op || (op != IT->op && op != IT->renewal))
		return MODEL_REFUSED;
	IT->told = IT->at;
	model_say(t, M_HERE, t->who, (uint8_t)(address << 1 | 1));
	return MODEL_STAY;
}

/* ---- it was restored ---- */
static bool is_synced(const struct model_owner *o) { return !o->restored || o->synced; }

/* What it has of items need not be what we know: it keeps that until something is provided again. */
void model_synced(struct model_step *t)
{
	if (is_synced(IT))
		return;
	IT->synced = 1;
	if (t->m->items && !(t->m->faults & FAULT_ITEMS_KEPT))
		IT->odd = 1;
}

int model_ask_again(struct model_step *t)
{
	if (is_synced(IT) || IT->state == OW_REVOKED || t->m->faults & FAULT_NEVER_ASKS)
		return MODEL_REFUSED;
	model_say(t, M_RESYNC, t->who, (uint16_t)(IT->restored << 8 | IT->op << 4 | IT->renewal));
	return MODEL_STAY;
}

/* which time << 4 | keys */
static int on_resynced(struct model_step *t)
{
	uint8_t op = t->id & 15;

	if (t->choice)
		return MODEL_END;
	if (!op || (op != IT->op && op != IT->renewal) || t->id >> 4 != IT->restored || is_synced(IT))
		return MODEL_REFUSED;
	model_synced(t);
	if (op != IT->renewal)
		return MODEL_STAY;
	t->id = op;
	return IT->state == OW_RENEW_PENDING ? model_activated(t) : (model_activated(t), MODEL_STAY);
}

/* What took the device out of service may be what is forgotten. */
static int resume_unheard(struct model_step *t)
{
	if (is_synced(IT) || IT->bye || IT->state == OW_IMPORTED || IT->state > OW_RENEW_PENDING || t->m->faults & FAULT_KNOWN_ONLY)
		return MODEL_END;
	return model_change(t, IS_VALID, MODEL_STAY);
}

/* The factory DID asks, and shows what it was given and that it holds the keys of it. */
int model_take_up(struct model_step *t)
{
	uint8_t op = t->id >> 2 & 15;
	int to;

	if (t->choice)
		return MODEL_END;
	if (!(t->id & 1) || !(t->id & 2))
		return MODEL_REFUSED;
	IT->op = op;
	IT->used = 1;
	IT->run = IT->hello = 0;
	to = model_renew_request(t);
	return to == MODEL_REFUSED ? MODEL_STAY : to;	/* known, but it was not renewed */
}

/* ---- what the device runs ---- */
static int attest(struct model_step *t)
{
	if (t->choice || !t->s.attests)
		return MODEL_END;
	t->s.attests--;
	IT->asked = t->s.attests + 1;
	return model_attest_again(t);
}

int model_attest_again(struct model_step *t)
{
	if (!IT->asked)
		return MODEL_REFUSED;
	model_say(t, M_ATTEST, t->who, IT->asked);
	return MODEL_STAY;
}

/* As it should be, or not.  What we have ordered for that, and nobody else, may end by it. */
static int on_evidence(struct model_step *t)
{
	bool bad = t->choice, out = IT->state == OW_SUSPENDED;

	if (t->choice > 1)
		return MODEL_END;
	if (!IT->asked || t->id != IT->asked)
		return MODEL_REFUSED;
	IT->asked = 0;
	t->choice = 0;
	if (bad == out || IT->seq == t->m->seq_max || (out && (!t->m->lifts || (!IT->drift && !(t->m->faults & FAULT_LIFTS)))))
		return MODEL_STAY;
	if (out && !IT->drift)
		t->broken = "M14: what a person has ordered is lifted by a machine";
	IT->drift = bad;
	if (bad)
		return model_change(t, IS_SUSPENDED, OW_SUSPENDED);
	return model_change(t, IS_VALID, IT->renewal ? OW_RENEW_PENDING : OW_ACTIVE);
}

/* ---- what its delegate carries ---- */
/* The device may be in use by D: what we sign is for D to take there, and not called back. */
int model_sign(struct model_step *t, int to)
{
	if (t->choice || IT->transfers == t->m->transfers_max)
		return MODEL_END;
	IT->transfer = ++IT->transfers;
	IT->signed_ = (uint8_t)to;
	IT->from = IT->state;
	return to;
}

static int retire_by_delegate(struct model_step *t)
{
	return t->who != A || !t->s.offline ? MODEL_END : model_sign(t, OW_RETIRING);
}

/* Another one, for D.  What it says of scope and time is not here. */
static int import_delegation(struct model_step *t) { return t->choice ? MODEL_END : MODEL_STAY; }

const struct model_binding model_owners_life[] = {
	{ owner_provision, provision }, { owner_withdraw, provision }, { owner_reprovision, reprovision },
	{ owner_on_set_wanted, on_set_wanted }, { owner_on_set_result, on_set_result }, { owner_on_item_result, on_item_result }, { owner_on_where, on_where },
	{ owner_on_resynced, on_resynced }, { owner_resume_unheard, resume_unheard }, { owner_attest, attest }, { owner_on_evidence, on_evidence },
	{ owner_retire_by_delegate, retire_by_delegate }, { owner_import_delegation, import_delegation }, { NULL, NULL },
};
