/* SPDX-License-Identifier: Apache-2.0 */
/* A message of each protocol, as its step sees it: the first byte says which step in
 * which state, the others are the plaintext message, or the text of an invitation. */
#include <stdlib.h>

#include "agent/protocol/application.h"
#include "agent/protocol/exchange.h"
#include "agent/protocol/onboarding.h"
#include "agent/protocol/oob.h"
#include "agent/protocol/relation.h"
#include "did/base/log.h"
#include "tests/fuzz/agent_env.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define VERSION3 "\"peer\":\"" FUZZ_PEER "\",\"me\":\"owner\",\"thid\":\"t\",\"version\":\"3.0\""
#define ASKED "{" VERSION3 ",\"format\":\"di\",\"credential\":{\"type\":[\"VerifiableCredential\"]}}"
#define CHALLENGED "{" VERSION3 ",\"queryFormat\":\"urn:berth:dcql@v1.0\",\"query\":{" \
	"\"credentials\":[{\"id\":\"c\",\"format\":\"dc+sd-jwt\",\"meta\":{\"vct_values\":[\"v\"]}}]}," \
	"\"challenge\":\"0123456789\",\"domain\":\"x\"}"

static const struct berth_machine *const machines[] = { &berth_ping_machine, &berth_issue_machine, &berth_proof_machine,
	&berth_revocation_machine, &berth_app_machine, &berth_problem_machine, &berth_discover_machine, &berth_empty_machine,
	&berth_oob_machine, &berth_relation_machine };

static const struct { const struct berth_machine *m; const char *state, *on, *data; } steps[] = {
	{ &berth_app_machine, "READY", "message", NULL },
	{ &berth_problem_machine, "READY", "problem-report", NULL },
	{ &berth_ping_machine, "READY", "ping", NULL },
	{ &berth_discover_machine, "READY", "queries", NULL },
	{ &berth_discover_machine, "READY", "disclose", NULL },
	{ &berth_issue_machine, "idle", "offer-credential", NULL },
	{ &berth_issue_machine, "idle", "request-credential", NULL },
	{ &berth_issue_machine, "idle", "propose-credential", NULL },
	{ &berth_issue_machine, "request-sent", "issue-credential", ASKED },
	{ &berth_issue_machine, "offer-sent", "problem-report", ASKED },
	{ &berth_proof_machine, "idle", "request-presentation", NULL },
	{ &berth_proof_machine, "request-sent", "presentation", CHALLENGED },
	{ &berth_revocation_machine, "READY", "revoke", NULL },
};
#define STEPS (sizeof(steps) / sizeof(steps[0]))

static void invitation(const char *text, size_t n)
{
	struct berth_oob i;
	struct berth_buf url = BERTH_BUF_INIT;

	if (!berth_oob_parse(&i, text, n)) {
		if (!i.msg.from || berth_oob_url(&url, "https://x.test/", i.msg.json))
			abort();
		berth_oob_free(&i);
	}
	berth_buf_free(&url);
}

/* What comes before every step; claims as if they had been verified. */
static void preface(struct berth_env *env, const struct berth_event *ev)
{
	struct berth_effects fx = { .state = BERTH_STATE_STAY };
	bool over;

	if (berth_relation_moved(env, ev, &fx, &over) == BERTH_OK && over)
		berth_effects_free(&fx);
	else if (berth_relation_seen(env, ev, &fx) || berth_oob_admit(env, ev, &fx))
		berth_effects_free(&fx);
	berth_effects_free(&fx);
}

static void step(size_t i, const char *text, size_t n, bool stranger)
{
	struct berth_instance inst = { .key = (char *)"self", .state = berth_machine_state(steps[i].m, steps[i].state) };
	struct berth_unpacked in = { .encrypted_to_kid = (char *)FUZZ_ME "#k", .encrypted = true, .authenticated = true };
	const struct berth_event ev = { .on = steps[i].on, .in = &in, .sender = FUZZ_PEER };
	struct berth_effects fx;
	struct berth_env env;
	char *key = NULL;

	if (berth_message_parse(&in.msg, text, n))
		return;
	fuzz_env(&env, machines, sizeof(machines) / sizeof(machines[0]));
	env.host = stranger ? &env : NULL;
	in.from_prior = (struct berth_json *)berth_json_get(in.msg.json, "claims");
	preface(&env, &ev);
	if (steps[i].data)
		if (berth_json_parse_object(&inst.data, steps[i].data, strlen(steps[i].data), BERTH_JSON_MAX))
			abort();
	if (!inst.data)
		inst.data = berth_json_new_object();
	if (steps[i].m->find && steps[i].m->find(&env, &ev, &key) == BERTH_OK)
		free(key);
	/* a stranger begins no exchange and reaches no application */
	if (!berth_machine_step(steps[i].m, &env, &inst, &ev, &fx) && stranger && !steps[i].data &&
	    (steps[i].m == &berth_app_machine || steps[i].m == &berth_issue_machine || steps[i].m == &berth_proof_machine))
		abort();
	berth_effects_free(&fx);
	berth_json_free(inst.data);
	berth_message_free(&in.msg);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	berth_log_init("fuzz", BERTH_LOG_ERROR, true);
	if (!n)
		return 0;
	if (p[0] % (STEPS + 1) == STEPS) {
		invitation((const char *)p + 1, n - 1);
		return 0;
	}
	step(p[0] % (STEPS + 1), (const char *)p + 1, n - 1, false);
	step(p[0] % (STEPS + 1), (const char *)p + 1, n - 1, true);
	return 0;
}
