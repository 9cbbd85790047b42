/* SPDX-License-Identifier: Apache-2.0 */
/* empty 1.0: headers and nothing else.  What they ask for and say (acknowledgements,
 * return_route, a rotation) is dealt with for every message alike. */
#include "agent/protocol/empty.h"

#include "agent/protocol/onboarding.h"

static enum berth_err on_empty(struct berth_env *env, struct berth_instance *inst,
			       const struct berth_event *ev, struct berth_effects *fx)
{
	(void)env;
	(void)inst;
	(void)ev;
	(void)fx;
	return BERTH_OK;
}

static const char *const states[] = { "READY" };
static const struct berth_transition table[] = {
	BERTH_ROW(0, "empty", on_empty, BERTH_STATE_STAY, BERTH_STATE_STAY),
};

const struct berth_machine berth_empty_machine = {
	.name = "empty", .piuri = BERTH_PIURI_EMPTY, .states = states, .n_states = 1,
	.table = table, .table_len = 1, .strangers = true,
};
