/* SPDX-License-Identifier: Apache-2.0 */
/* What a peer is owed beyond its protocol: an acknowledgement that it asked for, and a
 * word when its message was refused.  Both are messages like others, stored with the
 * step's transaction.  No acknowledgement asks for one, nothing is said about a report,
 * and a forward is not acknowledged (C080). */
#include <stdio.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "agent/protocol/empty.h"
#include "agent/protocol/problem.h"
#include "did/base/log.h"
#include "did/url.h"
#include "didcomm/routing.h"

#define SAID_MAX 40		/* reports an hour, to all together: no two agents quarrel for ever */

static const struct berth_identity *addressed(struct berth_agent *a, const struct berth_unpacked *in)
{
	return in->encrypted_to_kid ? a->env.identity_of(&a->env, in->encrypted_to_kid) : NULL;
}

static bool is_report(const struct berth_message *m)
{
	return strncmp(m->type, BERTH_PIURI_PROBLEM, strlen(BERTH_PIURI_PROBLEM)) == 0;
}

static bool is_ack(const struct berth_message *m)
{
	return m->ack && strcmp(m->type, BERTH_TYPE_EMPTY) == 0;
}

/* ---- acknowledgements ---- */
static bool asks(const struct berth_event *ev)
{
	return ev->in && ev->sender && ev->in->msg.please_ack && !is_ack(&ev->in->msg) && !is_report(&ev->in->msg) &&
	       strcmp(ev->in->msg.type, BERTH_TYPE_FORWARD) != 0;
}

/* Of the older messages that are asked for those we have had, then this one. */
static enum berth_err list_acks(struct berth_agent *a, const struct berth_event *ev, struct berth_json **out)
{
	const struct berth_message *m = &ev->in->msg;
	struct berth_json *list = berth_json_new_array();
	uint8_t answer[BERTH_ANSWER_LEN];
	enum berth_err rc = BERTH_OK;

	*out = NULL;
	berth_json_each(id, m->please_ack) {
		const char *s = berth_json_str(id);
		bool seen = false;

		if (!*s || strcmp(s, m->id) == 0)
			continue;
		if ((rc = berth_store_inbox_seen(a->cfg.store, ev->sender, s, &seen, answer)) ||
		    (seen && (rc = berth_json_push_str(list, s))))
			break;
	}
	if (rc || (rc = berth_json_push_str(list, m->id))) {
		berth_json_free(list);
		return rc;
	}
	*out = list;
	return BERTH_OK;
}

/* The reply that the step has made anyway, where there is one. */
static struct berth_send *reply_of(struct berth_effects *fx, const struct berth_event *ev)
{
	for (size_t i = 0; i < fx->n_sends; i++)
		if (berth_did_same(fx->sends[i].to, ev->sender) && strcmp(fx->sends[i].msg.thid, ev->in->msg.thid) == 0)
			return &fx->sends[i];
	return NULL;
}

enum berth_err agent_acknowledge(struct berth_agent *a, const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_identity *me = asks(ev) ? addressed(a, ev->in) : NULL;
	struct berth_send *s;
	struct berth_json *list;
	enum berth_err rc;

	if (!me)
		return BERTH_OK;
	if (!(s = reply_of(fx, ev)) &&
	    (rc = berth_effects_send(&a->env, fx, me, ev->sender, NULL, BERTH_TYPE_EMPTY, ev->in->msg.thid, NULL, &s)))
		return rc;
	return (rc = list_acks(a, ev, &list)) ? rc : berth_message_set_json(&s->msg, "ack", list);
}

/* Repeated until it is written down: who asked is told once. */
enum berth_err agent_take_acks(struct berth_agent *a, const struct berth_message *m, const char *sender)
{
	struct berth_json *args, *ids;
	enum berth_err rc;

	if (!sender || !m->ack || agent_is_stranger(a, sender))
		return BERTH_OK;
	args = berth_json_new_object();
	ids = berth_json_clone(m->ack);
	if ((rc = berth_json_set_str(args, "peer", sender)))
		berth_json_free(ids);
	else if (!(rc = berth_json_set(args, "ids", ids)))
		rc = agent_tell(a, "app", "cmd/acked", args);
	berth_json_free(args);
	return agent_is_transient(rc) ? rc : BERTH_OK;
}

/* ---- reports ---- */
static enum berth_err make_report(struct berth_agent *a, const struct berth_event *ev, struct berth_problem_words w,
				  struct berth_effects *fx)
{
	const char *const had[] = { ev->in->msg.id };
	struct berth_send *s;
	enum berth_err rc;

	if ((rc = berth_problem_send(&a->env, fx, addressed(a, ev->in), ev->sender, ev->in->msg.thid, w, &s)) ||
	    (rc = berth_message_set_list(&s->msg, "ack", had, 1)))
		return rc;
	return berth_message_set(&s->msg, "lang", "en");
}

static bool may_report(struct berth_agent *a, const struct berth_machine *m, const struct berth_event *ev,
		       enum berth_err why)
{
	if (!m->reports || !ev->in || !ev->sender || agent_is_transient(why) || is_report(&ev->in->msg) ||
	    is_ack(&ev->in->msg) || !addressed(a, ev->in) || agent_is_stranger(a, ev->sender))
		return false;
	if (agent_mono_ms() - a->reports.since_ms >= 3600000u)
		a->reports = (struct ration){ .since_ms = agent_mono_ms() };
	return a->reports.used++ < SAID_MAX;
}

/* Scope m: the message has no effect.  Scope p: the protocol is over with it.  What
 * cannot be said now is not said. */
void agent_report(struct berth_agent *a, const struct berth_machine *m, const struct berth_event *ev,
			    enum berth_err why, bool over)
{
	struct berth_problem_words w = berth_problem_of(why);
	struct berth_effects fx = { .state = BERTH_STATE_STAY };
	char code[64], was[256];
	enum berth_err rc;

	if (!may_report(a, m, ev, why))
		return;
	snprintf(was, sizeof(was), "%s", berth_err_detail());
	snprintf(code, sizeof(code), "e.%c.%s", over ? 'p' : 'm', w.code);
	w.code = code;
	if (!(rc = make_report(a, ev, w, &fx)))
		rc = agent_pack_to_outbox(a, &fx.sends[0], &(struct agent_sender){ "", "" });
	if (rc)
		berth_log(BERTH_LOG_INFO, "report", "not said: %s: %s", berth_err_name(rc), berth_err_detail());
	berth_effects_free(&fx);
	(void)berth_fail(why, "%s", was);	/* what the log is still to say */
}
