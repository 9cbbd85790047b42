/* SPDX-License-Identifier: Apache-2.0 */
/* What an owner's steps do, in numbers. */
#include "tests/fakes/model.h"

#define IT (model_owner(t))

/* Let in again: of the revocation too, when it may not have heard of that. */
enum { BYE_SAID = 1, BYE_UNHEARD };

static void say_bye(struct model_step *t)
{
	if (IT->bye == BYE_UNHEARD)
		model_say(t, M_STATUS, t->who, (uint8_t)((IT->seq - 1) << 2 | IS_REVOKED));
	model_say(t, M_STATUS, t->who, (uint8_t)(IT->seq << 2 | IS_ONBOARD));
}

static int register_(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	if (IT->bye && !(t->m->faults & FAULT_BYE_ONCE))
		say_bye(t);
	if (IT->restored)
		model_ask_again(t);
	return MODEL_STAY;
}

static int nothing(struct model_step *t) { return t->choice ? MODEL_END : MODEL_STAY; }
static int refuse(struct model_step *t) { return t->choice ? MODEL_END : MODEL_REFUSED; }

/* B buys what A has let go; D has a delegation for what is A's. */
static int import(struct model_step *t)
{
	const struct model_owner *seller = &t->s.o[0];

	if (!t->choice && IT->state != OW_IMPORTED)
		return OW_CHAIN_OK;	/* the same once more */
	if (t->choice || (t->who == D && (!t->s.offline || seller->state == OW_IMPORTED)) || (t->who == B && (t->m->alone || seller->state != OW_TRANSFERRED)))
		return MODEL_END;
	if (t->who == D)
		IT->epoch = seller->epoch;
	if (t->who == B)
		IT->epoch = (uint8_t)(seller->epoch + (seller->transfers > 0));	/* or in the same one, never onboarded */
	return OW_CHAIN_OK;
}

static int on_registered(struct model_step *t) { return t->choice ? MODEL_END : IT->state == OW_CHAIN_OK ? OW_PUBLISHED : MODEL_STAY; }

/* ---- a run ---- */
static int on_hello(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	if ((t->id & 3) != IT->epoch && !(t->m->faults & FAULT_OWNER_EPOCH))
		return MODEL_REFUSED;
	IT->hello = (uint8_t)(t->id >> 2);
	model_say(t, M_PROVE_OWNER, t->who, IT->hello);
	return t->m->faults & FAULT_HELLO_COUNTS || IT->state == OW_CHAIN_OK || IT->state == OW_PUBLISHED ? OW_SESSION : MODEL_STAY;
}

static bool of_run(struct model_step *t) { return IT->run && t->id == IT->run; }

static int on_prove_device(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	if (!IT->hello || t->id != IT->hello)
		return MODEL_REFUSED;
	IT->run = IT->hello;
	IT->hello = 0;
	if (IT->bye)
		IT->bye = IT->is = 0;
	return OW_DEVICE_OK;
}

static int offer(struct model_step *t)
{
	model_say(t, M_ACCEPT_OWNERSHIP, t->who, IT->run);
	return OW_OFFERED;
}

/* by policy, or by a person */
static int decide(struct model_step *t)
{
	if (t->choice == 0)
		return offer(t);
	model_say(t, M_PENDING, t->who, IT->run);
	return t->choice == 1 ? OW_APPROVAL : MODEL_END;
}

static int approve(struct model_step *t) { return t->choice ? MODEL_END : offer(t); }

static int deny(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	model_say(t, M_DENIED, t->who, IT->run);
	return OW_PUBLISHED;
}

static int on_accept_ready(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	if (!of_run(t))
		return MODEL_REFUSED;
	model_say(t, M_ISSUE, t->who, IT->run);
	model_say(t, M_ITEM, t->who, IT->run);
	IT->is_set = MODEL_SET(0, IT->want, BY_NOBODY);
	IT->odd = 0;
	IT->changed = IT->set = IT->by = 0;
	return OW_ISSUED;
}

static int on_commit(struct model_step *t)
{
	if (t->choice > 1 || (t->choice && !(t->m->faults & FAULT_NOT_DURABLE)))
		return MODEL_END;
	if (!of_run(t))
		return MODEL_REFUSED;
	model_say(t, M_COMMITTED, t->who, IT->run);
	if (t->choice)
		return MODEL_FORGOTTEN;
	IT->op = t->s.keys + 1;		/* as accept-ready has said */
	IT->used = 1;
	return OW_COMMITTED;
}

static int on_commit_again(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	if (!of_run(t))
		return MODEL_REFUSED;
	model_say(t, M_COMMITTED, t->who, IT->run);
	return MODEL_STAY;
}

static int on_late_commit(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	if (!of_run(t) || (IT->state == OW_TRANSFERRED && t->m->faults & FAULT_SOLD_AND_SILENT))
		return MODEL_REFUSED;
	model_say(t, M_DENIED, t->who, IT->run);
	return MODEL_STAY;
}

static int on_abandoned(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	if (!of_run(t))
		return MODEL_REFUSED;
	IT->used = 0;
	return OW_PUBLISHED;
}

static int issue_timeout(struct model_step *t) { return t->choice ? MODEL_END : OW_PUBLISHED; }

/* also resynced, where that is the first that comes */
static int on_complete(struct model_step *t)
{
	bool other = t->type == M_RESYNCED;

	if (t->choice)
		return MODEL_END;
	if (other ? (t->id & 15) != IT->op : !of_run(t))
		return MODEL_REFUSED;
	IT->run = IT->hello = 0;
	if (t->m->faults & FAULT_ANY_WORD)
		model_synced(t);
	return OW_ACTIVE;
}

/* ---- renewal ---- */
/* keys << 6 | the keys it asks with << 2 | which it shows << 1 | by the factory DID */
static bool by_factory(const struct model_step *t) { return t->id & 1; }

static int denied_as_expired(struct model_step *t)
{
	model_say(t, M_RENEW_EXPIRED, t->who, t->id >> 6);
	return MODEL_STAY;
}

int model_renew_request(struct model_step *t)
{
	uint8_t keys = (uint8_t)(t->id >> 6);

	if (t->choice > 1 || (t->choice && by_factory(t)))
		return MODEL_END;
	if (keys == IT->op || (!by_factory(t) && (t->id >> 2 & 15) != IT->op))
		return MODEL_REFUSED;	/* no new keys, or asked with none of its DIDs */
	if (!(t->m->faults & FAULT_UNNUMBERED) && (keys < IT->op || keys < IT->renewal))
		return MODEL_REFUSED;
	if (t->choice)
		return denied_as_expired(t);
	IT->renewal = keys;
	model_say(t, M_RENEW_ISSUE, t->who, keys);
	return OW_RENEW_PENDING;
}

/* complete has not come; it was the first to come from these keys */
static int on_first_word(struct model_step *t)
{
	int to;

	if (t->type == M_ITEM_RESULT) {
		if (t->choice)
			return MODEL_END;
		if (t->id != IT->op)
			return MODEL_REFUSED;
		IT->run = IT->hello = 0;
		return OW_ACTIVE;
	}
	if (by_factory(t) || t->m->faults & FAULT_COMPLETE_ONCE)
		return t->choice ? MODEL_END : MODEL_REFUSED;
	to = model_renew_request(t);
	if (to == MODEL_STAY || to == OW_RENEW_PENDING)
		IT->run = IT->hello = 0;
	return to == MODEL_STAY ? OW_ACTIVE : to;
}

static int on_activated_again(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	if (t->id != IT->op)
		return MODEL_REFUSED;
	model_say(t, M_RENEWED, t->who, IT->op);
	return MODEL_STAY;
}

int model_activated(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	if (!IT->renewal || t->id != IT->renewal)
		return on_activated_again(t);
	IT->op = IT->renewal;
	IT->renewal = 0;
	if (t->m->faults & FAULT_ANY_WORD)
		model_synced(t);
	model_say(t, M_RENEWED, t->who, IT->op);
	return OW_ACTIVE;
}

static int on_activated_late(struct model_step *t)
{
	int to = model_activated(t);

	return to == OW_ACTIVE ? MODEL_STAY : to;
}

/* ---- status ---- */
static void say_status(struct model_step *t) { model_say(t, M_STATUS, t->who, (uint8_t)(IT->seq << 2 | IT->is)); }

/* To the keys that it knows; who was restored, and has not heard of the device yet, says it to the
 * factory DID as well. */
static void notify(struct model_step *t)
{
	bool known = IT->op == t->s.op || IT->renewal == t->s.op;

	if (known || !IT->restored || (!IT->synced && !(t->m->faults & FAULT_KNOWN_ONLY)))
		say_status(t);
}

int model_change(struct model_step *t, enum model_status is, int to)
{
	if (t->choice || (IT->restored ? !t->m->seq_max : IT->seq == t->m->seq_max))
		return MODEL_END;
	IT->seq = (uint8_t)((IT->restored && t->s.seq > IT->seq ? t->s.seq : IT->seq) + 1);	/* at least the time */
	IT->is = (uint8_t)is;
	IT->notice = 1;
	notify(t);
	return to;
}

/* A person's word counts, whatever was ordered before. */
static int order(struct model_step *t, enum model_status is, int to)
{
	IT->drift = 0;
	return model_change(t, is, to);
}

static int suspend(struct model_step *t) { return order(t, IS_SUSPENDED, OW_SUSPENDED); }
static int resume(struct model_step *t) { return order(t, IS_VALID, IT->renewal ? OW_RENEW_PENDING : OW_ACTIVE); }
/* for good, which a delegate cannot say */
static int revoke(struct model_step *t) { return t->who == D ? MODEL_END : order(t, IS_REVOKED, OW_REVOKED); }

/* of what was issued, and may never be in use */
static int revoke_early(struct model_step *t)
{
	if (!t->choice && !IT->op)
		return MODEL_REFUSED;
	return revoke(t);
}

static int readmit(struct model_step *t)
{
	bool unheard = IT->notice && !(t->m->faults & FAULT_BYE_ONCE);
	int to = model_change(t, IS_ONBOARD, OW_CHAIN_OK);

	if (to == MODEL_END)
		return to;
	IT->bye = unheard ? BYE_UNHEARD : BYE_SAID;
	say_bye(t);
	IT->notice = IT->renewal = IT->op = IT->hello = 0;	/* its run, for a late commit */
	IT->changed = IT->by = IT->set = IT->is_set = IT->odd = IT->asked = 0;
	return to;
}

static int notify_again(struct model_step *t)
{
	if (!IT->notice)
		return MODEL_REFUSED;
	notify(t);
	return MODEL_STAY;
}

/* whatever is due first */
static int look(struct model_step *t)
{
	static model_fn *const parts[] = { notify_again, model_ask_again, model_attest_again, model_tell, model_provide };

	if (t->choice == sizeof(parts) / sizeof(parts[0]))
		return MODEL_END;
	return parts[t->choice](t);
}

static int on_status_noted(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	if (IT->bye) {
		if (IT->bye != BYE_UNHEARD || t->id != IT->seq - 1)
			return MODEL_REFUSED;
		IT->bye = BYE_SAID;
		return MODEL_STAY;
	}
	if (!IT->notice || t->id != IT->seq)
		return MODEL_REFUSED;
	IT->notice = 0;
	return MODEL_STAY;
}

static int on_renew_refused(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	model_say(t, M_RENEW_DENIED, t->who, t->id >> 6);
	say_status(t);	/* to whom it has asked with */
	return MODEL_STAY;
}

static int on_renew_unheard(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	if (!IT->bye)
		return MODEL_REFUSED;
	model_say(t, M_RENEW_DENIED, t->who, t->id >> 6);
	say_bye(t);
	return MODEL_STAY;
}

static int on_hello_refused(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	model_say(t, M_DENIED, t->who, t->id >> 2);
	return MODEL_STAY;
}

/* ---- the end ---- */
static int let_go(struct model_step *t, int to)
{
	bool may = t->who != D || t->s.o[A - 1].signed_ == to || t->m->faults & FAULT_DELEGATE_SELLS;

	if (t->choice || !may || IT->transfers == t->m->transfers_max)
		return MODEL_END;
	IT->transfer = ++IT->transfers;
	IT->ready = 0;
	IT->from = IT->state;
	model_say(t, to == OW_RETIRING ? M_RETIRE : M_PREPARE, t->who, IT->transfer);
	return to;
}

static int transfer(struct model_step *t) { return let_go(t, OW_TRANSFERRING); }
static int retire(struct model_step *t) { return let_go(t, OW_RETIRING); }

static int keep_device(struct model_step *t)
{
	IT->transfer = IT->ready = 0;
	return IT->from;
}

static int cancel(struct model_step *t) { return t->choice || IT->ready || IT->signed_ ? MODEL_END : keep_device(t); }

static int let_go_again(struct model_step *t)
{
	if (t->choice || IT->signed_)
		return MODEL_END;
	model_say(t, IT->ready ? M_RELEASE : IT->state == OW_RETIRING ? M_RETIRE : M_PREPARE, t->who, IT->transfer);
	return MODEL_STAY;
}

static bool of_transfer(struct model_step *t) { return IT->transfer && t->id == IT->transfer; }

static int on_late_ready(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	model_say(t, M_CANCEL, t->who, t->id);
	return MODEL_STAY;
}

static int on_ready(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	if (!of_transfer(t))
		return on_late_ready(t);
	IT->ready = 1;
	model_say(t, M_RELEASE, t->who, t->id);
	return MODEL_STAY;
}

static int on_request_of_leaving(struct model_step *t)
{
	if (t->choice == 1 && !by_factory(t))
		return denied_as_expired(t);
	return t->choice ? MODEL_END : MODEL_STAY;
}

/* It was revoked, has begun anew and looks for an owner. */
static int on_hello_of_leaving(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	if (IT->from != OW_REVOKED || (t->id & 3) != IT->epoch || t->m->faults & FAULT_NEVER_ANEW)
		return MODEL_REFUSED;
	IT->hello = (uint8_t)(t->id >> 2);
	model_say(t, M_PROVE_OWNER, t->who, IT->hello);
	return MODEL_STAY;
}

static int on_proof_of_leaving(struct model_step *t)
{
	if (t->choice)
		return MODEL_END;
	if (IT->from != OW_REVOKED || !IT->hello || t->id != IT->hello)
		return MODEL_REFUSED;
	model_say(t, M_DENIED, t->who, IT->hello);
	IT->hello = 0;
	return keep_device(t);
}

static int on_refused(struct model_step *t) { return t->choice ? MODEL_END : of_transfer(t) ? keep_device(t) : MODEL_REFUSED; }

static int end(struct model_step *t)
{
	int to = IT->state == OW_RETIRING ? OW_RETIRED : OW_TRANSFERRED;

	IT->op = IT->renewal = IT->notice = IT->bye = IT->transfer = IT->ready = IT->run = IT->hello = 0;
	IT->changed = IT->by = IT->set = IT->is_set = IT->odd = IT->asked = IT->drift = IT->heard = IT->last = 0;
	return to;
}

static int on_ended(struct model_step *t) { return t->choice ? MODEL_END : of_transfer(t) ? end(t) : MODEL_REFUSED; }

/* carried by hand */
static int take_receipt(struct model_step *t)
{
	bool it = t->s.ended_by == t->who ? t->s.ended == IT->transfer : t->s.ended_by == D && IT->signed_;

	return t->choice || !t->s.ended || !it ? MODEL_END : end(t);
}

/* never switched on, as far as one knows that was not restored: in the same epoch, to B */
static int sell_on(struct model_step *t)
{
	if (t->who == A && t->s.offline)
		return model_sign(t, OW_TRANSFERRING);
	if (t->choice || t->who != A || IT->used || (IT->restored && !(t->m->faults & FAULT_SELLS_UNHEARD)))
		return MODEL_END;
	IT->hello = IT->transfers = 0;
	return OW_TRANSFERRED;
}

/* let in again and not heard, or out of a backup */
static int on_renew_unknown(struct model_step *t)
{
	if (IT->state == OW_COMMITTED && !by_factory(t))
		return on_first_word(t);
	return IT->restored && !IT->bye ? model_take_up(t) : on_renew_unheard(t);
}

const struct model_binding model_owners[] = {
	{ owner_import, import }, { owner_register, register_ }, { owner_on_registered, on_registered },
	{ owner_on_hello, on_hello }, { owner_on_prove_device, on_prove_device }, { owner_decide, decide },
	{ owner_approve, approve }, { owner_deny, deny }, { owner_on_accept_ready, on_accept_ready }, { owner_on_commit, on_commit },
	{ owner_issue_timeout, issue_timeout }, { owner_resume_issued, nothing }, { owner_on_late_commit, on_late_commit },
	{ owner_on_commit_again, on_commit_again }, { owner_on_abandoned, on_abandoned }, { owner_on_complete, on_complete },
	{ owner_on_first_word, on_first_word },
	{ owner_on_renew_request, model_renew_request }, { owner_on_activated, model_activated },
	{ owner_on_activated_again, on_activated_again }, { owner_on_activated_late, on_activated_late },
	{ owner_look, look }, { owner_status_again, look }, { owner_suspend, suspend }, { owner_resume, resume },
	{ owner_revoke, revoke }, { owner_revoke_early, revoke_early }, { owner_readmit, readmit }, { owner_on_status_noted, on_status_noted },
	{ owner_on_renew_refused, on_renew_refused }, { owner_on_renew_unknown, on_renew_unknown }, { owner_on_hello_refused, on_hello_refused },
	{ owner_sell_on, sell_on }, { owner_transfer, transfer }, { owner_transfer_again, cancel }, { owner_not_now, refuse },
	{ owner_retire, retire }, { owner_let_go_again, let_go_again }, { owner_on_ready, on_ready },
	{ owner_on_late_ready, on_late_ready }, { owner_on_request_of_leaving, on_request_of_leaving },
	{ owner_on_refused, on_refused }, { owner_on_ended, on_ended }, { owner_take_receipt, take_receipt },
	{ owner_on_hello_of_leaving, on_hello_of_leaving }, { owner_on_proof_of_leaving, on_proof_of_leaving },
	{ owner_on_ended_again, nothing }, { NULL, NULL },
};
