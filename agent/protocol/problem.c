/* SPDX-License-Identifier: Apache-2.0 */
/* report-problem 2.0: we say what is wrong to who has proved who it is, and log what
 * others say; a report about a report is never sent (C080). */
#include "agent/protocol/problem.h"

#include <stdlib.h>
#include <string.h>

#include "agent/protocol/onboarding.h"

/* The descriptors and what the specification has them say: "the text MUST be statically
 * associated with code". */
struct berth_problem_words berth_problem_of(enum berth_err rc)
{
	switch (rc) {
	case BERTH_E_JSON: case BERTH_E_B64: case BERTH_E_TYPE: case BERTH_E_SIZE: case BERTH_E_ENV: case BERTH_E_SDJWT:
		return (struct berth_problem_words){ "msg", "Bad message." };
	case BERTH_E_SIG: case BERTH_E_ALG: case BERTH_E_KEY: case BERTH_E_DECRYPT:
		return (struct berth_problem_words){ "trust.crypto", "Cryptographic operation failed." };
	case BERTH_E_AUTHZ: case BERTH_E_ADDR: case BERTH_E_HOLDER: case BERTH_E_VC: case BERTH_E_STATUS:
		return (struct berth_problem_words){ "trust", "Failed to achieve required trust." };
	case BERTH_E_DID: case BERTH_E_RESOLVE:
		return (struct berth_problem_words){ "did", "DID is unusable." };
	case BERTH_E_EXPIRED: case BERTH_E_CLOCK:
		return (struct berth_problem_words){ "req.time", "Failed to satisfy timing constraints." };
	case BERTH_E_QUOTA:
		return (struct berth_problem_words){ "me.res", "A required resource is inadequate or unavailable." };
	case BERTH_E_REPLAY: case BERTH_E_ROTATE: case BERTH_E_NOMATCH: case BERTH_E_ROUTE:
		return (struct berth_problem_words){ "req", "Circumstances don't satisfy requirements." };
	default:
		return (struct berth_problem_words){ "me", "Internal error." };
	}
}

enum berth_err berth_problem_send(struct berth_env *env, struct berth_effects *fx, const struct berth_identity *from,
				  const char *to, const char *pthid, struct berth_problem_words w, struct berth_send **out)
{
	struct berth_json *body = berth_json_new_object();
	struct berth_send *s;
	enum berth_err rc;

	if ((rc = berth_json_set_str(body, "code", w.code)) || (rc = berth_json_set_str(body, "comment", w.comment))) {
		berth_json_free(body);
		return rc;
	}
	if ((rc = berth_effects_send(env, fx, from, to, NULL, BERTH_PROBLEM_TYPE, NULL, body, &s)))
		return rc;
	if (out)
		*out = s;
	return berth_message_set(&s->msg, "pthid", pthid);
}

enum berth_err berth_problem_reply(struct berth_env *env, struct berth_effects *fx, const struct berth_identity *from,
				   const struct berth_event *ev, const char *code, const char *comment)
{
	struct berth_send *s;
	enum berth_err rc = berth_problem_send(env, fx, from, ev->sender, ev->in->msg.thid,
					       (struct berth_problem_words){ code, comment }, &s);

	if (!rc)
		s->ephemeral = true;
	return rc;
}

bool berth_problem_ends(const struct berth_problem *p)
{
	return p->code[0] == 'e' && !(p->code[2] == 'm' && (p->code[3] == '.' || !p->code[3]));
}

enum berth_err berth_problem_note(struct berth_effects *fx, const struct berth_event *ev, const struct berth_problem *p)
{
	berth_effects_audit(fx, "%.80s reports %.100s: %.400s", ev->sender, p->code, p->comment ? p->comment : "");
	if (!berth_problem_ends(p))
		return BERTH_OK;
	free(fx->drop_why);
	if (!(fx->drop_why = strdup(p->code)))
		return berth_no_memory();
	return berth_effects_drop(fx, ev->sender, ev->in->msg.pthid);
}

static enum berth_err on_report(struct berth_env *env, struct berth_instance *inst,
				const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_problem p;
	enum berth_err rc = berth_problem_read(&p, &ev->in->msg);

	(void)env;
	(void)inst;
	return rc ? rc : berth_problem_note(fx, ev, &p);
}

static const char *const states[] = { "READY" };
static const struct berth_transition table[] = {
	BERTH_ROW(0, "problem-report", on_report, BERTH_STATE_STAY, BERTH_STATE_STAY),
};

const struct berth_machine berth_problem_machine = {
	.name = "problem", .piuri = BERTH_PIURI_PROBLEM, .states = states, .n_states = 1,
	.table = table, .table_len = 1,
};
