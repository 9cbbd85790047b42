/* SPDX-License-Identifier: Apache-2.0 */
/* How long the active credential lasts, and when it is time for the next one (M12). */
#include "agent/protocol/gateway.h"
#include "did/base/rand.h"

#define LOOK_MS (24u * 3600000u)	/* how often an operational device looks at its credential */
#define SPACE_MAX_S 3600		/* between two renewals, whatever the clock says */

enum berth_err gateway_note_life(struct berth_env *env, struct berth_json *active, const struct gateway_life *l)
{
	int64_t life = l->exp_s > l->issued_s ? l->exp_s - l->issued_s : 0, jitter;
	uint32_t r;
	enum berth_err rc;

	/* two thirds of its life, less up to a tenth: a fleet does not come at once */
	berth_random(&r, sizeof(r));
	jitter = life / 10 ? (int64_t)(r % (uint64_t)(life / 10)) : 0;
	if ((rc = berth_json_set_int(active, "issuedS", l->issued_s)) || (rc = berth_json_set_int(active, "lifeS", life)) ||
	    (rc = berth_json_set_int(active, "renewS", life / 3 * 2 - jitter)))
		return rc;
	return berth_json_set_int(active, "sinceS", env->uptime_s);
}

/* How much of its life is over: by the clock, or without one by what is certain, the
 * floor of time and the seconds that this device has been on. */
static int64_t age_s(const struct berth_env *env, const struct berth_json *active)
{
	int64_t on = env->uptime_s - berth_data_int(active, "sinceS", env->uptime_s);
	int64_t wall = (env->now_s >= 0 ? env->now_s : env->floor_s) - berth_data_int(active, "issuedS", INT64_MAX / 2);

	return on > wall ? on : wall;
}

/* How long until it has to be renewed; 0: now.  A clock that is ahead of the owner's by more
 * than a credential's life makes a new one look old: it is renewed seldom all the same. */
static int64_t left_s(const struct berth_env *env, const struct berth_json *active)
{
	int64_t left = berth_data_int(active, "renewS", 0) - age_s(env, active);
	int64_t space = berth_data_int(active, "lifeS", 0) / 12;
	int64_t rest = berth_data_int(active, "sinceS", 0) + (space < SPACE_MAX_S ? space : SPACE_MAX_S) - env->uptime_s;

	if (left < rest)
		left = rest;
	return left > 0 ? left : 0;
}

bool gateway_credential_is_over(const struct berth_env *env, const struct berth_json *active)
{
	int64_t life = berth_data_int(active, "lifeS", 0);

	return berth_json_bool(berth_json_get(active, "over"), false) || (life > 0 && age_s(env, active) >= life);
}

uint64_t gateway_look_again_ms(const struct berth_env *env, const struct berth_json *active)
{
	int64_t left = left_s(env, active);

	if (berth_data_int(active, "lifeS", 0) <= 0)
		return LOOK_MS;
	return left == 0 ? 1 : left < LOOK_MS / 1000 ? (uint64_t)left * 1000 : LOOK_MS;
}

/* Of a device that works: is it time? */
enum berth_err gateway_look(struct berth_env *env, struct berth_instance *inst,
			    const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_json *active = berth_json_get(inst->data, "active");
	uint64_t wait_ms, look_ms = gateway_look_again_ms(env, active);
	enum berth_err rc;

	(void)ev;
	if ((rc = gateway_complete_again(env, inst, fx, &wait_ms)) || (rc = gateway_hear_as_factory(env, inst, fx)))
		return rc;
	fx->timer_ms = wait_ms;
	if (berth_data_int(active, "lifeS", 0) <= 0)
		return BERTH_OK;	/* a credential without an end */
	if (left_s(env, active) == 0)
		return gateway_begin_renewal(inst, fx, "two thirds of the credential's life are over");
	if (!wait_ms || look_ms < wait_ms)
		fx->timer_ms = look_ms;
	return BERTH_OK;
}
