/* SPDX-License-Identifier: Apache-2.0 */
/* report-problem 2.0: we say what is wrong to who has proved who it is, and log what
 * others say; a report about a report is never sent (C080). */
#include "agent/protocol/problem.h"

#include "agent/protocol/onboarding.h"

enum berth_err berth_problem_reply(struct berth_env *env, struct berth_effects *fx, const struct berth_identity *from,
				   const struct berth_event *ev, const char *code, const char *comment)
{
	struct berth_json *body = berth_json_new_object();
	struct berth_send *s;
	enum berth_err rc;

	if ((rc = berth_json_set_str(body, "code", code)) || (rc = berth_json_set_str(body, "comment", comment))) {
		berth_json_free(body);
		return rc;
	}
	if ((rc = berth_effects_send(env, fx, from, ev->sender, NULL, BERTH_PIURI_PROBLEM "problem-report",
				     NULL, body, &s)))
		return rc;
	s->ephemeral = true;
	return berth_json_set_str(s->msg.json, "pthid", ev->in->msg.thid);
}

static enum berth_err on_report(struct berth_env *env, struct berth_instance *inst,
				const struct berth_event *ev, struct berth_effects *fx)
{
	const char *code, *comment = "";
	enum berth_err rc;

	(void)env;
	(void)inst;
	if ((rc = berth_json_req_str(ev->in->msg.body, "code", 128, &code)) ||
	    (rc = berth_json_opt_str(ev->in->msg.body, "comment", 512, &comment)))
		return rc;
	berth_effects_audit(fx, "%.80s reports %s: %s", ev->sender, code, comment);
	return BERTH_OK;
}

static const char *const states[] = { "READY" };
static const struct berth_transition table[] = {
	{ 0, "problem-report", on_report, BERTH_STATE_STAY, BERTH_STATE_STAY },
};

const struct berth_machine berth_problem_machine = {
	.name = "problem", .piuri = BERTH_PIURI_PROBLEM, .states = states, .n_states = 1,
	.table = table, .table_len = 1,
};
