/* SPDX-License-Identifier: Apache-2.0 */
/* A device that is in use has one timer, and several things that may be due: a notice or
 * an owner's rotation or question that it has not answered, an attestation, where its owner is
 * now, other items.  Each says in dueS, in seconds of uptime, when; nothing under way costs no
 * write, whatever the fleet. */
#include "agent/protocol/owner.h"

enum berth_err owner_is_due(const struct berth_env *env, struct berth_effects *fx, const struct berth_json *what)
{
	int64_t left = berth_data_int(what, "dueS", 0) - env->uptime_s;

	if (left <= 0)
		return BERTH_OK;
	fx->timer_ms = (uint64_t)left * 1000;
	return berth_fail(BERTH_E_NOMATCH, "not yet");
}

/* Whichever is due first; the others in a moment. */
enum berth_err owner_look(struct berth_env *env, struct berth_instance *inst,
			  const struct berth_event *ev, struct berth_effects *fx)
{
	static berth_step_fn *const parts[] = { owner_status_again, owner_resync_again, owner_rotate_again, owner_attest_overdue,
		owner_attest_again, owner_tell_again, owner_provision_again };
	uint64_t next_ms = 0;
	enum berth_err rc;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		fx->timer_ms = 0;
		if (inst->state == OW_REVOKED && parts[i] == owner_attest_again)
			continue;	/* what it runs is nobody's business any more */
		if ((rc = parts[i](env, inst, ev, fx)) != BERTH_E_NOMATCH) {
			fx->timer_ms = OWNER_LOOK_MS;
			return rc;
		}
		if (fx->timer_ms && (!next_ms || fx->timer_ms < next_ms))
			next_ms = fx->timer_ms;
	}
	fx->timer_ms = next_ms;
	return berth_fail(BERTH_E_NOMATCH, "nothing is due");
}
