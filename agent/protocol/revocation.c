/* SPDX-License-Identifier: Apache-2.0 */
/* revocation_notification 2.0, the holder: a credential is marked by the word of who
 * issued it in that thread, and of nobody else.  Presentations refuse it from then on;
 * verifiers go by its status. */
#include "agent/protocol/revocation.h"

#include <string.h>

#include "agent/protocol/credentials.h"
#include "agent/protocol/exchange.h"
#include "agent/protocol/onboarding.h"
#include "agent/protocol/relation.h"
#include "vc/wallet.h"

struct search {
	struct berth_env *env;
	const char *sender, *want;
	char found[BERTH_CREDENTIAL_ID_MAX + 1];
};

/* Whether it came in a thread with the sender of the message. */
static enum berth_err is_by(bool *yes, struct berth_env *env, const char *sender, const struct berth_credential *c)
{
	char key[65];
	enum berth_err rc;

	*yes = false;
	if (!c->thid || !c->thread)
		return BERTH_OK;
	if (!(rc = berth_thread_key(env, sender, c->thid, key)))
		*yes = strcmp(key, c->thread) == 0;
	return rc;
}

/* By its own id, among those of the sender. */
static enum berth_err match(void *arg, const struct berth_credential *c)
{
	struct search *s = arg;
	struct berth_wallet w = { 0 };
	const char *own;
	bool yes;
	enum berth_err rc = is_by(&yes, s->env, s->sender, c);

	if (rc || !yes || c->superseded || *s->found)
		return rc;
	if (!(rc = berth_wallet_add(&w, NULL, c->text, strlen(c->text)))) {
		own = berth_data_str(berth_wallet_credential(&w.items[0]), "id");
		if (own && strcmp(own, s->want) == 0)
			memcpy(s->found, c->id, sizeof(s->found));
	}
	berth_wallet_free(&w);
	return rc;
}

/* By our name for it, or by its own id. */
static enum berth_err find(struct search *s, struct berth_credential *out)
{
	enum berth_err rc = berth_credential_get(s->env, s->want, out);

	if (rc != BERTH_E_NOMATCH || (rc = berth_credentials_each(s->env, match, s)))
		return rc;
	if (!*s->found)
		return berth_fail(BERTH_E_NOMATCH, "no credential %.80s is held", s->want);
	return berth_credential_get(s->env, s->found, out);
}

static enum berth_err check_issuer(struct berth_env *env, const struct berth_event *ev, const struct berth_credential *c)
{
	bool yes;
	enum berth_err rc = is_by(&yes, env, ev->sender, c);

	return rc || yes ? rc : berth_fail(BERTH_E_AUTHZ, "credential %s is by somebody else, or came in no thread", c->id);
}

static enum berth_err on_revoke(struct berth_env *env, struct berth_instance *inst,
				const struct berth_event *ev, struct berth_effects *fx)
{
	const char *format, *comment = "";
	struct search s = { .env = env, .sender = ev->sender };
	struct berth_credential c = { .json = NULL };
	enum berth_err rc;

	(void)inst;
	if ((rc = berth_json_req_str(ev->in->msg.body, "revocation_format", 128, &format)) ||
	    (rc = berth_json_req_str(ev->in->msg.body, "credential_id", 512, &s.want)) ||
	    (rc = berth_json_opt_str(ev->in->msg.body, "comment", 512, &comment)) ||
	    (rc = find(&s, &c)) || (rc = check_issuer(env, ev, &c)))
		goto out;
	c.revoked = true;
	if (!(rc = berth_credential_put(env, fx, &c)))
		berth_effects_audit(fx, "credential %s was revoked by %.80s: %s", c.id, ev->sender, comment);
out:
	berth_credential_free(&c);
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
	BERTH_ROW(0, "revoke", on_revoke, BERTH_STATE_STAY, BERTH_STATE_STAY),
};

const struct berth_machine berth_revocation_machine = {
	.name = "revocation", .piuri = BERTH_PIURI_REVOCATION, .states = states, .n_states = 1,
	.table = table, .table_len = 1, .reports = true,
};
