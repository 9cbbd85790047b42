/* SPDX-License-Identifier: Apache-2.0 */
/* From frames to events: unpack, who is it, seen before, whose is it. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "agent/core/metrics.h"
#include "agent/protocol/empty.h"
#include "did/base/log.h"
#include "did/url.h"
#include "didcomm/problem.h"

static const char *after(const char *type, const char *piuri)
{
	size_t n = piuri ? strlen(piuri) : 0;

	return n && strncmp(type, piuri, n) == 0 ? type + n : NULL;
}

/* The part of a type after one of the machine's protocols, NULL: another protocol. */
static const char *name_in(const struct berth_machine *m, const char *type)
{
	const char *on = after(type, m->piuri);

	return on ? on : after(type, m->piuri2);
}

static bool may_be_anonymous(const struct berth_machine *m, const char *on)
{
	for (const char *const *p = m->anonymous; p && *p; p++)
		if (strcmp(*p, on) == 0)
			return true;
	return false;
}

static bool is_somebodys(const struct berth_agent *a, const char *type)
{
	for (size_t i = 0; i < a->cfg.n_machines; i++)
		if (name_in(a->cfg.machines[i], type))
			return true;
	return false;
}

/* What m would call this message; NULL: nothing of its. */
static const char *on_of(const struct berth_agent *a, const struct berth_machine *m, const char *type)
{
	const char *on = name_in(m, type);

	if (!on && m->threads && strcmp(type, BERTH_PROBLEM_TYPE) == 0)
		return "problem-report";
	return on || !m->rest || is_somebodys(a, type) ? on : "message";
}

static enum berth_err untaken(const char *type)
{
	bool forward = strcmp(type, BERTH_TYPE_FORWARD) == 0;	/* C077 */

	return berth_fail(forward ? BERTH_E_ROUTE : BERTH_E_TYPE, "no protocol here takes %.120s", type);
}

/* Hands the message to the first machine that has a row for it and an instance. */
static enum berth_err dispatch(struct berth_agent *a, const struct berth_unpacked *in, const char *sender)
{
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; i < a->cfg.n_machines; i++) {
		const struct berth_machine *m = a->cfg.machines[i];
		const char *on = on_of(a, m, in->msg.type);
		struct berth_event ev = { .on = on, .in = in, .sender = sender };
		char *key = NULL;

		if (!on || !berth_machine_knows(m, on))
			continue;
		if (!sender && !may_be_anonymous(m, on))
			return berth_fail(BERTH_E_AUTHZ, "%s from nobody", on);
		if (a->recovering && m->everyday)
			return berth_fail(BERTH_E_STATUS, "%s, but this device is out of service", on);
		rc = m->find ? m->find(&a->env, &ev, &key) : BERTH_OK;
		if (rc == BERTH_E_NOMATCH)
			continue;
		if (!rc)
			rc = agent_deliver(a, m, key ? key : "self", &ev, NULL);
		free(key);
		return rc;
	}
	return rc ? rc : untaken(in->msg.type);
}

static enum berth_err judge_time(struct berth_agent *a, const struct berth_message *m)
{
	if (a->env.now_s >= 0 && m->expires_time && m->expires_time < a->env.now_s)
		return berth_fail(BERTH_E_EXPIRED, "the message expired at %lld", (long long)m->expires_time);
	/* nobody remembers any more whether it was here before */
	if (a->env.now_s >= 0 && m->created_time && m->created_time < a->env.now_s - BERTH_INBOX_AGE_S)
		return berth_fail(BERTH_E_EXPIRED, "the message is from %lld", (long long)m->created_time);
	return BERTH_OK;
}

/* In the step's transaction: a refused message teaches us nothing.  What a stranger
 * knows we do not keep: it gets our long form once more. */
enum berth_err agent_note_peer(struct berth_agent *a, const struct berth_unpacked *in, const char *sender)
{
	enum berth_err rc = in->msg.from ? agent_meet(a, in->msg.from) : BERTH_OK;
	char *ours;

	if (rc || !in->encrypted_to_kid || agent_is_stranger(a, sender))
		return rc;
	ours = strndup(in->encrypted_to_kid, berth_did_len(in->encrypted_to_kid));
	rc = ours ? agent_mark_known(a, ours, sender) : berth_no_memory();
	free(ours);
	return rc;
}

/* A message that no step will ever take is dealt with all the same: remembered, so
 * that its sender stops (LESSONS: a rejected message that is never acknowledged
 * fills its sender's queue). */
static enum berth_err settle(struct berth_agent *a, enum berth_err rc, const struct berth_unpacked *in,
			     const char *sender)
{
	bool seen = false;

	if (rc == BERTH_OK || agent_is_transient(rc))
		return rc;
	berth_metric_refused(BERTH_REFUSAL_MESSAGE, rc);
	berth_log(BERTH_LOG_WARN, "refused", "%.120s: %s: %s", in->msg.type, berth_err_name(rc), berth_err_detail());
	if (!sender)
		return BERTH_OK;
	if (berth_store_inbox_seen(a->cfg.store, sender, in->msg.id, &seen, (uint8_t[BERTH_ANSWER_LEN]){ 0 }) || seen)
		return BERTH_OK;
	return agent_remember(a, sender, in->msg.id, NULL);
}

/* Polls are remembered like everything else: a copy of an old one fetches nothing
 * and acknowledges nothing. */
static enum berth_err
handle(struct berth_agent *a, const struct berth_unpacked *in, struct berth_received *r, int depth)
{
	const char *sender = r->sender;
	uint8_t answer[BERTH_ANSWER_LEN];
	bool seen = false;
	enum berth_err rc;

	if (sender && ((rc = berth_store_inbox_seen(a->cfg.store, sender, in->msg.id, &seen, answer)) || seen))
		return rc;
	if ((rc = agent_take_acks(a, &in->msg, sender)))
		return rc;
	r->fresh = true;
	if (r->is_poll && !in->msg.from_prior)
		return agent_remember(a, sender, in->msg.id, NULL);
	if (!in->encrypted)	/* a signature does not say who was meant to read it */
		rc = berth_fail(BERTH_E_AUTHZ, "%.120s in the clear", in->msg.type);
	else if (!(rc = judge_time(a, &in->msg)))
		rc = agent_is_delivery(a, in, sender) ? agent_take_delivery(a, in, sender, depth) : dispatch(a, in, sender);
	return settle(a, rc, in, sender);
}

static enum berth_err receive(struct berth_agent *a, const uint8_t *packed, size_t n, struct berth_received *r, int depth);

enum berth_err agent_receive_inner(struct berth_agent *a, const struct berth_buf *packed, int depth)
{
	struct berth_received r;
	enum berth_err rc;

	if (depth > DEPTH_MAX) {
		berth_log(BERTH_LOG_INFO, "unpack", "more than %d messages in one another", DEPTH_MAX);
		return BERTH_OK;
	}
	rc = receive(a, packed->p, packed->len, &r, depth);
	agent_received_free(&r);
	return rc;
}

/* What a mediator has wrapped once more.  Whoever wrapped it is nobody, and whoever wrote
 * what is in it did not say how it should come: neither acks nor answers go with it. */
static enum berth_err take_off(struct berth_agent *a, const struct berth_unpacked *in, int depth, bool *is)
{
	struct berth_buf inner = BERTH_BUF_INIT;
	enum berth_err rc = berth_forward_take_off(in, &inner, is);

	if (!rc && *is)
		rc = agent_receive_inner(a, &inner, depth + 1);
	berth_buf_free(&inner);
	return agent_is_transient(rc) ? rc : BERTH_OK;
}

void agent_received_free(struct berth_received *r)
{
	free(r->sender);
	free(r->thread);
	*r = (struct berth_received){ 0 };
}

/* return_route: none, all, or thread with the one it names (its own, when it names none). */
static enum berth_err read_return_route(const struct berth_message *m, struct berth_received *r)
{
	const char *thread = m->thid;
	enum berth_err rc;

	r->wants_reply = m->return_route && strcmp(m->return_route, "none") != 0;
	if (!r->wants_reply || strcmp(m->return_route, "thread") != 0)
		return BERTH_OK;
	if ((rc = berth_json_opt_str(m->json, "return_route_thread", BERTH_MESSAGE_ID_MAX, &thread)))
		return rc;
	r->thread = strdup(thread);
	return r->thread ? BERTH_OK : berth_no_memory();
}

/* Who it is, when somebody proved to be, and how an answer may come. */
static enum berth_err read_sender(const struct berth_unpacked *in, struct berth_received *r)
{
	const char *who = berth_unpacked_sender(in);
	struct berth_buf shorter = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!who)
		return BERTH_OK;
	if ((rc = berth_did_short(&shorter, who))) {
		berth_buf_free(&shorter);
		return rc;
	}
	r->sender = berth_buf_take_str(&shorter);
	if ((rc = read_return_route(&in->msg, r)))
		return rc;
	r->is_poll = r->wants_reply && in->encrypted && strcmp(in->msg.type, BERTH_TYPE_EMPTY) == 0 && !in->msg.please_ack;
	return BERTH_OK;
}

struct berth_unpack agent_unpack_how(const struct berth_agent *a)
{
	return (struct berth_unpack){ .resolver = a->env.resolver, .keyring = a->cfg.keys->keyring,
		.lenient_apv = { .dids = a->cfg.policy->no_apv, .n = a->cfg.policy->n_no_apv } };
}

static enum berth_err unpack(struct berth_agent *a, struct berth_unpacked *in, const uint8_t *packed, size_t n)
{
	struct berth_unpack how = agent_unpack_how(a);
	enum berth_err rc;

	how.ahead = agent_ahead_take(a, packed, n);
	rc = berth_unpack(in, &how, (const char *)packed, n);
	berth_unpack_ahead_free(how.ahead);
	return rc;
}

static enum berth_err receive(struct berth_agent *a, const uint8_t *packed, size_t n, struct berth_received *r, int depth)
{
	struct berth_unpacked in;
	enum berth_err rc;
	bool forward;

	*r = (struct berth_received){ 0 };
	if (a->closed)
		return BERTH_OK;	/* what rides along in answers to us is for nobody */
	agent_refresh_time(a);
	if ((rc = unpack(a, &in, packed, n))) {
		if (!agent_is_transient(rc) && rc != BERTH_E_QUOTA) {	/* no time to resolve: nobody's fault */
			berth_metric_count(BERTH_METRIC_UNREADABLE);
			berth_log(BERTH_LOG_INFO, "unpack", "%s: %s", berth_err_name(rc), berth_err_detail());
			rc = BERTH_OK;	/* the same answer as to everything else */
		}
		return rc;
	}
	if ((rc = take_off(a, &in, depth, &forward)) || forward)
		goto out;
	if (!(rc = read_sender(&in, r)))
		rc = handle(a, &in, r, depth);
	else if (r->sender)
		rc = settle(a, rc, &in, r->sender);
out:
	berth_unpacked_free(&in);
	return rc;
}

enum berth_err agent_receive(struct berth_agent *a, const uint8_t *packed, size_t n, struct berth_received *r)
{
	berth_metric_count(BERTH_METRIC_RECEIVED);
	return receive(a, packed, n, r, 0);
}
