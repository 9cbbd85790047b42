/* SPDX-License-Identifier: Apache-2.0 */
/* revocation_notification 2.0, the holder: a credential is marked by the word of who
 * issued it in that thread, and of nobody else.  Presentations refuse it from then on;
 * verifiers go by its status. */
#include "agent/protocol/exchange.h"

#include <string.h>

#include "agent/protocol/onboarding.h"
#include "agent/protocol/relation.h"
#include "agent/protocol/revocation.h"

struct search { const char *id; struct berth_held found; };

/* By our name for it, or by its own id. */
static enum berth_err match(void *arg, const struct berth_held *h)
{
	struct search *s = arg;
	const char *own = berth_data_str(berth_json_get(h->v, "credential"), "id");

	if (s->found.v || (strcmp(h->id, s->id) != 0 && (!own || strcmp(own, s->id) != 0)))
		return BERTH_OK;
	s->found = *h;
	return (s->found.v = berth_json_clone(h->v)) ? BERTH_OK : berth_fail(BERTH_E_NOMEM, "credential");
}

static enum berth_err check_issuer(struct berth_env *env, const struct berth_event *ev, const struct berth_held *h)
{
	const char *thid = berth_data_str(h->v, "thid"), *thread = berth_data_str(h->v, "thread");
	char key[65];
	enum berth_err rc;

	if (!thid || !thread)
		return berth_fail(BERTH_E_AUTHZ, "credential %s came in no thread", h->id);
	if ((rc = berth_thread_key(env, ev->sender, thid, key)))
		return rc;
	return strcmp(key, thread) == 0 ? BERTH_OK : berth_fail(BERTH_E_AUTHZ, "credential %s is by somebody else", h->id);
}

static enum berth_err on_revoke(struct berth_env *env, struct berth_instance *inst,
				const struct berth_event *ev, struct berth_effects *fx)
{
	const char *format, *comment = "";
	struct search s = { .id = NULL };
	enum berth_err rc;

	(void)inst;
	if ((rc = berth_json_req_str(ev->in->msg.body, "revocation_format", 128, &format)) ||
	    (rc = berth_json_req_str(ev->in->msg.body, "credential_id", 512, &s.id)) ||
	    (rc = berth_json_opt_str(ev->in->msg.body, "comment", 512, &comment)) ||
	    (rc = berth_held_each(env, match, &s)))
		goto out;
	if (!s.found.v)
		rc = berth_fail(BERTH_E_NOMATCH, "no credential %.80s is held", s.id);
	else if (!(rc = check_issuer(env, ev, &s.found)) && !(rc = berth_json_set_bool(s.found.v, "revoked", true)) &&
		 !(rc = berth_held_put(env, fx, &s.found, false)))
		berth_effects_audit(fx, "credential %s was revoked by %.80s: %s", s.found.id, ev->sender, comment);
out:
	berth_held_free(&s.found);
	return rc;
}

/* ---- the issuer's word; of an exchange in which a credential was issued ---- */
enum berth_err berth_revocation_send(struct berth_env *env, struct berth_instance *inst,
				     const struct berth_event *ev, struct berth_effects *fx)
{
	const char *id = berth_data_str(inst->data, "issued");
	struct berth_json *body;
	struct berth_send *s;
	enum berth_err rc;

	if (!id || !berth_exchange_me(env, inst))
		return berth_fail(BERTH_E_NOMATCH, "no credential was issued in this exchange");
	body = berth_exchange_body(ev->args);
	if ((rc = berth_json_set_str(body, "revocation_format", BERTH_REVOCATION_FORMAT)) ||
	    (rc = berth_json_set_str(body, "credential_id", id))) {
		berth_json_free(body);
		return rc;
	}
	if ((rc = berth_effects_send(env, fx, berth_exchange_me(env, inst), berth_data_str(inst->data, "peer"), NULL,
				     BERTH_PIURI_REVOCATION "revoke", NULL, body, &s)) ||
	    (rc = berth_message_set(&s->msg, "pthid", berth_data_str(inst->data, "thid"))) ||
	    (rc = berth_json_set_bool(inst->data, "revoked", true)))
		return rc;
	berth_effects_audit(fx, "credential %s revoked; %.80s is told", id, berth_data_str(inst->data, "peer"));
	return berth_send_please_ack(s);
}

static const char *const states[] = { "READY" };
static const struct berth_transition table[] = {
	{ 0, "revoke", on_revoke, BERTH_STATE_STAY, BERTH_STATE_STAY },
};

const struct berth_machine berth_revocation_machine = {
	.name = "revocation", .piuri = BERTH_PIURI_REVOCATION, .states = states, .n_states = 1,
	.table = table, .table_len = 1, .reports = true,
};
