/* SPDX-License-Identifier: Apache-2.0 */
/* What seeking may cost in a day.  A device may be on a line that is paid by the octet, in
 * the hands of nobody who would notice; neither a network that breaks off every run nor
 * sources that lie make it spend more than its policy says. */
#include "agent/protocol/gateway.h"

#define DAY_S 86400

/* Octets since the last look, of this run of the agent. */
static int64_t spent_since(const struct berth_env *env, int64_t last)
{
	int64_t now = (int64_t)env->wire_bytes;

	return last <= now ? now - last : now;	/* the count starts over with the agent */
}

enum berth_err gateway_budget_note(const struct berth_env *env, struct berth_instance *inst)
{
	struct berth_json *day = berth_data_obj(inst->data, "seekDay");
	int64_t spent = berth_data_int(day, "bytes", 0) + spent_since(env, berth_data_int(day, "wire", 0));
	int64_t start = berth_data_int(day, "startS", 0);
	enum berth_err rc;

	if (!berth_json_get(day, "startS") || env->uptime_s - start >= DAY_S)
		start = env->uptime_s, spent = 0;
	if ((rc = berth_json_set_int(day, "startS", start)) || (rc = berth_json_set_int(day, "bytes", spent)))
		return rc;
	return berth_json_set_int(day, "wire", (int64_t)env->wire_bytes);
}

int64_t gateway_budget_rest_s(const struct berth_env *env, const struct berth_instance *inst)
{
	const struct berth_json *day = berth_json_get(inst->data, "seekDay");

	if (!env->policy->seek_day_bytes || berth_data_int(day, "bytes", 0) < env->policy->seek_day_bytes)
		return 0;
	return berth_data_int(day, "startS", 0) + DAY_S - env->uptime_s;
}
