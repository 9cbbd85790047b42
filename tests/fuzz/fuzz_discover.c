/* SPDX-License-Identifier: Apache-2.0 */
/* A body of discover-features queries, by a stranger; what is disclosed stays small. */
#include <stdlib.h>
#include <string.h>

#include "agent/protocol/discover.h"
#include "agent/protocol/onboarding.h"
#include "did/base/log.h"
#include "tests/fuzz/agent_env.h"

#define DISCLOSED_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void step(struct berth_json *body, bool stranger)
{
	static const struct berth_machine *const machines[] = { &berth_owner_machine, &berth_ping_machine, &berth_discover_machine };
	struct berth_env env;
	struct berth_unpacked in = { .encrypted_to_kid = (char *)FUZZ_ME "#k", .msg = { .body = body, .thid = "t" } };
	const struct berth_event ev = { .on = "queries", .in = &in, .sender = FUZZ_PEER };
	struct berth_instance inst = { .key = (char *)"self", .data = berth_json_new_object() };
	struct berth_effects fx;

	fuzz_env(&env, machines, 3);
	env.host = stranger ? &env : NULL;
	if (!berth_machine_step(&berth_discover_machine, &env, &inst, &ev, &fx) &&
	    (fx.n_sends != 1 || berth_json_len(berth_json_get(fx.sends[0].msg.body, "disclosures")) > DISCLOSED_MAX))
		abort();
	berth_effects_free(&fx);
	berth_json_free(inst.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_json *body;

	berth_log_init("fuzz", BERTH_LOG_ERROR, true);
	if (berth_json_parse_object(&body, (const char *)p, n, 4096))
		return 0;
	step(body, true);
	step(body, false);
	berth_json_free(body);
	return 0;
}
