/* SPDX-License-Identifier: Apache-2.0 */
/* Where a run may end. */
#include "tests/fakes/model.h"

/* A gateway takes nothing and says nothing while its counter is not level with its store. */
bool model_is_level(const struct model_state *s) { return s->device_epoch == s->epoch; }

/* Nobody has it: there is nobody who could, or who could was told not to by a person. */
static bool is_nobodys(const struct model_state *s)
{
	if (s->ended && s->o[s->ended_by - 1].state != OW_TRANSFERRED)
		return false;
	if (s->o[0].state == OW_IMPORTED)
		return true;
	for (uint8_t i = 0; i < MODEL_OWNERS; i++) {
		uint8_t is = s->o[i].state;
		bool may = s->o[i].epoch == s->epoch && model_owner_of(i + 1) >= s->tip && is != OW_IMPORTED && !(i + 1 == A && s->offline);

		if (may && is != OW_TRANSFERRED && is != OW_REVOKED && is != OW_SUSPENDED)
			return false;
	}
	return true;
}

static bool is_retired(const struct model_state *s)
{
	uint8_t who = s->owned[s->epoch - 1];

	return !s->ended && (s->o[who - 1].state == OW_RETIRED || (who == A && s->o[D - 1].state == OW_RETIRED));
}

/* What is in use is what is provided, or its owner knows that it is not; and nothing is under way. */
static bool has_its_items(const struct model_state *s, const struct model_owner *o)
{
	if (s->trial || o->set || o->changed)
		return false;
	/* what a restored owner had announced before lies beside, and does no harm */
	return o->odd ? !s->staged || o->restored : !s->staged && model_set_content(s->in_use) == o->want;
}

bool model_agreed(const void *state)
{
	const struct model_state *s = state;
	const struct model_owner *o = s->active ? &s->o[s->active - 1] : NULL;

	if (!model_is_level(s))
		return false;
	if (s->state == GW_RETIRED)
		return is_retired(s);
	if (!o)
		return (s->state == GW_INITIALIZED || s->state == GW_SEEKING) && is_nobodys(s);
	if (!model_is_at(o->at, s->at) || (o->restored && !o->synced))
		return false;
	if (s->state == GW_OPERATIONAL)
		return (o->state == OW_ACTIVE || o->state == OW_RENEW_PENDING) && o->op == s->op && o->epoch == s->epoch &&
		       has_its_items(s, o);
	return s->state == GW_QUARANTINED && s->why == o->is && (o->state == OW_SUSPENDED || o->state == OW_REVOKED) && !s->trial;
}

/* An owner that was restored from before it took the device out of service: that it did so, or that
 * the device has begun anew for that, is a person's to say again, or to take back. */
bool model_needs_person(const void *state)
{
	const struct model_state *s = state;
	bool out = s->state == GW_QUARANTINED || (!s->active && s->state != GW_RETIRED);

	return model_agreed(s) || (s->o[A - 1].restored && out && model_is_level(s));
}
