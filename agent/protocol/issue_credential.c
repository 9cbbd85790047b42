/* SPDX-License-Identifier: Apache-2.0 */
/* issue-credential 3.0, and 2.0 in the same envelopes: both roles in one table, which is
 * the state table of the protocol's page.  Who gets a credential is who has proved to be
 * the sender of the request, never who a message names: its subject is put in by us. */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/credentials.h"
#include "agent/protocol/exchange.h"
#include "agent/protocol/issuing.h"
#include "agent/protocol/onboarding.h"
#include "agent/protocol/relation.h"
#include "agent/protocol/renewal.h"
#include "agent/protocol/revocation.h"
#include "did/url.h"
#include "vc/wallet.h"

#define PROTOCOL "issue-credential"
#define NS "issue"
#define DETAIL_ID "detail-0"
#define CREDENTIAL_ID "credential-0"
#define FORMAT_DEFAULT "vc+jwt"

enum {
	IDLE,
	PROPOSAL_RECEIVED, OFFER_SENT, REQUEST_RECEIVED, CREDENTIAL_ISSUED,	/* issuer */
	PROPOSAL_SENT, OFFER_RECEIVED, REQUEST_SENT,				/* holder */
	DONE, ABANDONED
};

static enum berth_err send(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx,
			   const char *name, struct berth_json *body, struct berth_send **out)
{
	return berth_exchange_send(env, inst, fx, PROTOCOL, name, body, out);
}

/* ---- what is talked about: {"credential", "options": {"format"}} ---- */

static enum berth_vc_format format_of(const struct berth_json *data)
{
	const char *name = berth_data_str(data, "format");

	return berth_vc_format_find(name ? name : FORMAT_DEFAULT);
}

/* Of a message, or of the operator's words; the latest counts. */
static enum berth_err keep(struct berth_json *data, enum berth_vc_format f, const struct berth_json *credential)
{
	enum berth_err rc;

	if (f == BERTH_FORMAT_NONE)
		return berth_fail(BERTH_E_ALG, "not a format that we have");
	if ((rc = berth_json_set_str(data, "format", berth_vc_format_name(f, false))))
		return rc;
	return credential ? berth_json_set(data, "credential", berth_json_clone(credential)) : BERTH_OK;
}

static enum berth_err keep_args(struct berth_json *data, const struct berth_json *args)
{
	const struct berth_json *credential = NULL;
	const char *format = berth_data_str(data, "format") ? berth_data_str(data, "format") : FORMAT_DEFAULT;
	enum berth_err rc;

	if ((rc = berth_json_opt_obj(args, "credential", &credential)) || (rc = berth_json_opt_str(args, "format", 32, &format)))
		return rc;
	return keep(data, berth_vc_format_find(format), credential);
}

static enum berth_err keep_detail(struct berth_json *data, const struct berth_message *m)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_json *detail = NULL;
	const struct berth_json *credential = NULL;
	enum berth_vc_format f;
	enum berth_err rc;

	if ((rc = berth_exchange_read(m, BERTH_ATTACH_DETAIL, &f, &text)) ||
	    (rc = berth_json_parse_object(&detail, berth_buf_cstr(&text), text.len, BERTH_VC_MAX)) ||
	    (rc = berth_json_req_obj(detail, "credential", &credential)))
		goto out;
	rc = keep(data, f, credential);
out:
	berth_json_free(detail);
	berth_buf_free(&text);
	return rc;
}

static enum berth_err make_detail(const struct berth_json *data, struct berth_buf *out)
{
	struct berth_json *o = berth_json_new_object(), *options = berth_json_new_object();
	enum berth_err rc = berth_json_set_str(options, "format", berth_data_str(data, "format"));

	rc = berth_json_set_made(o, "options", options, rc);
	if (!rc && !(rc = berth_json_set(o, "credential", berth_json_clone(berth_json_get(data, "credential")))))
		rc = berth_json_print(out, o);
	berth_json_free(o);
	return rc ? rc : berth_buf_status(out);
}

/* A message that says which credential: a proposal, an offer, a request. */
static enum berth_err say(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			  struct berth_effects *fx, const char *name)
{
	const char *earlier = berth_data_str(inst->data, "earlier");
	struct berth_buf detail = BERTH_BUF_INIT;
	struct berth_send *s;
	enum berth_err rc;

	if (!berth_json_get(inst->data, "credential"))
		return berth_fail(BERTH_E_TYPE, "which credential?");
	if (!(rc = make_detail(inst->data, &detail)) && !(rc = send(env, inst, fx, name, berth_exchange_body(ev->args), &s)))
		rc = berth_exchange_attach(&s->msg, DETAIL_ID, berth_attachment_format(format_of(inst->data), BERTH_ATTACH_DETAIL),
					   berth_buf_cstr(&detail), detail.len);
	if (!rc && earlier)
		rc = berth_message_set(&s->msg, "pthid", earlier);
	berth_buf_free(&detail);
	return rc;
}

/* ---- issuer ---- */

/* Kept by its hash: what revoking it will say, and to whom. */
static enum berth_err issue(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			    struct berth_effects *fx)
{
	struct berth_buf text = BERTH_BUF_INIT;
	char id[BERTH_CREDENTIAL_ID_MAX + 1];
	struct berth_send *s;
	enum berth_err rc;

	if ((rc = berth_issuing_sign(env, inst, format_of(inst->data), &text)) ||
	    (rc = send(env, inst, fx, "issue-credential", berth_exchange_body(ev->args), &s)) ||
	    (rc = berth_exchange_attach(&s->msg, CREDENTIAL_ID,
					berth_attachment_format(format_of(inst->data), BERTH_ATTACH_CREDENTIAL),
					berth_buf_cstr(&text), text.len)) ||
	    (rc = berth_credential_id_of(id, berth_buf_cstr(&text), text.len)) || (rc = berth_send_please_ack(s)))
		goto out;
	if (!(rc = berth_json_set_str(inst->data, "issued", id)))
		rc = berth_renewal_note(env, inst->data);
	berth_effects_audit(fx, "credential %s (%s) issued to %.80s", id, berth_data_str(inst->data, "format"),
			    berth_data_str(inst->data, "peer"));
out:
	berth_buf_free(&text);
	return rc;
}

static enum berth_err on_propose(struct berth_env *env, struct berth_instance *inst,
				 const struct berth_event *ev, struct berth_effects *fx)
{
	enum berth_err rc = inst->state == IDLE ? berth_exchange_begin(env, inst, ev, fx, NS) : berth_exchange_check(inst, ev);

	return rc ? rc : keep_detail(inst->data, &ev->in->msg);
}

static enum berth_err cmd_offer(struct berth_env *env, struct berth_instance *inst,
				const struct berth_event *ev, struct berth_effects *fx)
{
	enum berth_err rc;

	if ((rc = berth_exchange_open(env, inst, ev, fx, NS)) || (rc = keep_args(inst->data, ev->args)))
		return rc;
	return say(env, inst, ev, fx, "offer-credential");
}

/* Without an offer nobody has agreed to anything: the operator is asked, unless it is what
 * the sender has already and the policy says that it gets it again. */
static enum berth_err on_request(struct berth_env *env, struct berth_instance *inst,
				 const struct berth_event *ev, struct berth_effects *fx)
{
	enum berth_err rc;
	bool again;

	if (inst->state == OFFER_SENT)
		return (rc = berth_exchange_check(inst, ev)) ? rc : issue(env, inst, ev, fx);
	if ((rc = berth_exchange_begin(env, inst, ev, fx, NS)) || (rc = keep_detail(inst->data, &ev->in->msg)) ||
	    (rc = berth_renewal_answer(env, inst, ev, NS, &again)) || !again)
		return rc;
	fx->state = CREDENTIAL_ISSUED;
	return issue(env, inst, ev, fx);
}

static enum berth_err cmd_issue(struct berth_env *env, struct berth_instance *inst,
				const struct berth_event *ev, struct berth_effects *fx)
{
	enum berth_err rc = keep_args(inst->data, ev->args);

	return rc ? rc : issue(env, inst, ev, fx);
}

/* ---- holder ---- */
static enum berth_err cmd_propose(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	enum berth_err rc;

	if ((rc = berth_exchange_open(env, inst, ev, fx, NS)) || (rc = keep_args(inst->data, ev->args)))
		return rc;
	return say(env, inst, ev, fx, "propose-credential");
}

static enum berth_err cmd_request(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	enum berth_err rc;

	if ((rc = berth_exchange_open(env, inst, ev, fx, NS)) || (rc = keep_args(inst->data, ev->args)))
		return rc;
	return say(env, inst, ev, fx, "request-credential");
}

/* The host's: another of what is held, before it ends. */
static enum berth_err cmd_renew(struct berth_env *env, struct berth_instance *inst,
				const struct berth_event *ev, struct berth_effects *fx)
{
	enum berth_err rc;

	if ((rc = berth_exchange_open(env, inst, ev, fx, NS)) || (rc = berth_renewal_begin(env, inst, ev, fx, NS)))
		return rc;
	return say(env, inst, ev, fx, "request-credential");
}

/* By policy at once, else when a person has said so. */
static bool accepts(struct berth_env *env, const char *peer)
{
	struct berth_way w = { 0 };
	bool yes = env->policy->accept_offers == BERTH_OFFERS_PEERS;

	if (env->policy->accept_offers == BERTH_OFFERS_OWNER && !berth_way_to(env, BERTH_TO_OWNER, &w))
		yes = berth_did_same(w.peer, peer);
	berth_way_free(&w);
	return yes;
}

static enum berth_err on_offer(struct berth_env *env, struct berth_instance *inst,
			       const struct berth_event *ev, struct berth_effects *fx)
{
	enum berth_err rc = inst->state == IDLE ? berth_exchange_begin(env, inst, ev, fx, NS) : berth_exchange_check(inst, ev);

	if (rc || (rc = keep_detail(inst->data, &ev->in->msg)) || !accepts(env, ev->sender))
		return rc;
	fx->state = REQUEST_SENT;
	return say(env, inst, ev, fx, "request-credential");
}

/* By the policy: what is not believed of others is not taken in.  Without a clock only it
 * can say whether a validity that cannot be judged will do; without a policy all will. */
static enum berth_err verify(struct berth_env *env, struct berth_report *r, enum berth_vc_format f, const struct berth_buf *text)
{
	struct berth_verify v = berth_exchange_verify(env);
	enum berth_err rc;

	v.no_time = env->now_s < 0;
	v.no_status = !v.policy;
	rc = berth_verify_credential(r, &v, f, berth_buf_cstr(text), text->len);
	return rc ? berth_fail(rc, "the credential: %s", r->detail) : BERTH_OK;
}

static const char *subject_of(const struct berth_json *credential)
{
	const struct berth_json *vc = berth_json_get(credential, "vc");
	const char *s = berth_credential_subject(vc ? vc : credential);

	return s ? s : berth_data_str(credential, "sub");
}

static enum berth_err store(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
			    const struct berth_report *r, enum berth_vc_format f, const struct berth_buf *text)
{
	struct berth_credential c = {
		.format = berth_vc_format_name(f, false), .text = berth_buf_cstr(text), .issuer = r->issuer_did,
		.holder = berth_data_str(inst->data, "me"), .from = berth_data_str(inst->data, "peer"),
		.thid = berth_data_str(inst->data, "thid"), .thread = inst->key, .received_s = env->now_s,
	};
	struct berth_wallet w = { 0 };
	struct berth_json *types = NULL;
	enum berth_err rc;

	if (!(rc = berth_credential_id_of(c.id, c.text, text->len)) && !(rc = berth_wallet_add(&w, NULL, c.text, text->len)) &&
	    !(rc = berth_wallet_types(&types, &w.items[0]))) {
		c.types = types;
		if (!(rc = berth_credential_put(env, fx, &c)) && !(rc = berth_json_set_str(inst->data, "held", c.id)))
			berth_effects_audit(fx, "credential %s (%s) by %.80s", c.id, c.format, c.issuer);
	}
	berth_json_free(types);
	berth_wallet_free(&w);
	return rc;
}

static bool has_all(const struct berth_json *have, const struct berth_json *asked, const char *but)
{
	berth_json_each(m, asked)
		if (strcmp(berth_json_key(m), but) != 0 && !berth_json_equal(berth_json_get(have, berth_json_key(m)), m))
			return false;
	return true;
}

/* What was agreed on: the type, and what is said of the subject. */
static enum berth_err check_agreed(const struct berth_json *data, enum berth_vc_format f, const struct berth_json *credential)
{
	const struct berth_json *asked = berth_json_get(data, "credential"), *vc = berth_json_get(credential, "vc");
	const struct berth_json *have = vc ? vc : credential;
	bool same;

	if (f == BERTH_FORMAT_DC_SD_JWT)
		same = berth_json_equal(berth_json_get(have, "vct"), berth_json_get(asked, "vct"));
	else
		same = berth_json_equal(berth_json_get(have, "type"), berth_json_get(asked, "type")) &&
		       has_all(berth_json_get(have, "credentialSubject"), berth_json_get(asked, "credentialSubject"), "id");
	return same ? BERTH_OK : berth_fail(BERTH_E_VC, "another credential than was agreed on");
}

/* Of the format that was asked for, good, and ours: for the DID that asked. */
static enum berth_err on_issue(struct berth_env *env, struct berth_instance *inst,
			       const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_identity *me = berth_exchange_me(env, inst);
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_report r = { .first = BERTH_OK };
	enum berth_vc_format f;
	const char *subject;
	enum berth_err rc;

	if ((rc = berth_exchange_check(inst, ev)) ||
	    (rc = berth_exchange_read(&ev->in->msg, BERTH_ATTACH_CREDENTIAL, &f, &text)))
		goto out;
	if (f != format_of(inst->data)) {
		rc = berth_fail(BERTH_E_TYPE, "a credential of another format than was asked for");
		goto out;
	}
	if ((rc = verify(env, &r, f, &text)) || (rc = check_agreed(inst->data, f, r.credential)))
		goto out;
	subject = subject_of(r.credential);
	if (!me || !subject || !berth_did_same(subject, me->did))
		rc = berth_fail(BERTH_E_HOLDER, "a credential for somebody else");
	else if (!(rc = store(env, inst, fx, &r, f, &text)) && !(rc = berth_renewal_end(env, inst, fx, &r)))
		rc = berth_exchange_send_ack(env, inst, fx, PROTOCOL);
out:
	berth_report_free(&r);
	berth_buf_free(&text);
	return rc;
}

/* ---- the table ---- */
static enum berth_err find(struct berth_env *env, const struct berth_event *ev, char **key)
{
	static const char *const starters[] = { "propose-credential", "offer-credential", "request-credential", NULL };

	return berth_exchange_find(env, ev, NS, starters, key);
}

static const char *const states[] = {
	"idle", "proposal-received", "offer-sent", "request-received", "credential-issued",
	"proposal-sent", "offer-received", "request-sent", BERTH_EXCHANGE_DONE, BERTH_EXCHANGE_ABANDONED,
};

#define ANY BERTH_STATE_STAY
static const struct berth_transition table[] = {
	BERTH_ROW(IDLE,              "propose-credential", on_propose,  PROPOSAL_RECEIVED, IDLE),
	BERTH_ROW(IDLE,              "offer-credential",   on_offer,    OFFER_RECEIVED,    IDLE),
	BERTH_ROW(IDLE,              "request-credential", on_request,  REQUEST_RECEIVED,  IDLE),
	BERTH_ROW(IDLE,              "cmd/offer",          cmd_offer,   OFFER_SENT,        IDLE),
	BERTH_ROW(IDLE,              "cmd/propose",        cmd_propose, PROPOSAL_SENT,     IDLE),
	BERTH_ROW(IDLE,              "cmd/request",        cmd_request, REQUEST_SENT,      IDLE),
	BERTH_ROW(IDLE,              "cmd/renew",          cmd_renew,   REQUEST_SENT,      IDLE),

	BERTH_ROW(PROPOSAL_RECEIVED, "propose-credential", on_propose,  ANY,               ANY),
	BERTH_ROW(PROPOSAL_RECEIVED, "cmd/accept",         cmd_offer,   OFFER_SENT,        ANY),
	BERTH_ROW(OFFER_SENT,        "propose-credential", on_propose,  PROPOSAL_RECEIVED, ANY),
	BERTH_ROW(OFFER_SENT,        "request-credential", on_request,  CREDENTIAL_ISSUED, ANY),
	BERTH_ROW(REQUEST_RECEIVED,  "cmd/accept",         cmd_issue,   CREDENTIAL_ISSUED, ANY),
	BERTH_ROW(CREDENTIAL_ISSUED, "ack",                berth_exchange_on_ack, DONE,    ANY),
	BERTH_ROW(CREDENTIAL_ISSUED, "cmd/revoke",         berth_revocation_send, ANY,     ANY),
	BERTH_ROW(DONE,              "cmd/revoke",         berth_revocation_send, ANY,     ANY),

	BERTH_ROW(PROPOSAL_SENT,     "offer-credential",   on_offer,    OFFER_RECEIVED,    ANY),
	BERTH_ROW(OFFER_RECEIVED,    "offer-credential",   on_offer,    ANY,               ANY),
	BERTH_ROW(OFFER_RECEIVED,    "cmd/propose",        cmd_propose, PROPOSAL_SENT,     ANY),
	BERTH_ROW(OFFER_RECEIVED,    "cmd/accept",         cmd_request, REQUEST_SENT,      ANY),
	BERTH_ROW(REQUEST_SENT,      "issue-credential",   on_issue,    DONE,              ABANDONED),

	BERTH_ROW(PROPOSAL_RECEIVED, "cmd/decline",        berth_exchange_on_decline, ABANDONED, ANY),
	BERTH_ROW(OFFER_SENT,        "cmd/decline",        berth_exchange_on_decline, ABANDONED, ANY),
	BERTH_ROW(REQUEST_RECEIVED,  "cmd/decline",        berth_exchange_on_decline, ABANDONED, ANY),
	BERTH_ROW(PROPOSAL_SENT,     "cmd/decline",        berth_exchange_on_decline, ABANDONED, ANY),
	BERTH_ROW(OFFER_RECEIVED,    "cmd/decline",        berth_exchange_on_decline, ABANDONED, ANY),
	BERTH_ROW(REQUEST_SENT,      "cmd/decline",        berth_exchange_on_decline, ABANDONED, ANY),

	BERTH_ROW(PROPOSAL_RECEIVED, "problem-report",     berth_exchange_on_problem, ABANDONED, ANY),
	BERTH_ROW(OFFER_SENT,        "problem-report",     berth_exchange_on_problem, ABANDONED, ANY),
	BERTH_ROW(REQUEST_RECEIVED,  "problem-report",     berth_exchange_on_problem, ABANDONED, ANY),
	BERTH_ROW(CREDENTIAL_ISSUED, "problem-report",     berth_exchange_on_problem, ABANDONED, ANY),
	BERTH_ROW(PROPOSAL_SENT,     "problem-report",     berth_exchange_on_problem, ABANDONED, ANY),
	BERTH_ROW(OFFER_RECEIVED,    "problem-report",     berth_exchange_on_problem, ABANDONED, ANY),
	BERTH_ROW(REQUEST_SENT,      "problem-report",     berth_exchange_on_problem, ABANDONED, ANY),
};

const struct berth_machine berth_issue_machine = {
	.name = NS, .piuri = "https://didcomm.org/" PROTOCOL "/3.0/", .piuri2 = "https://didcomm.org/" PROTOCOL "/2.0/",
	.states = states, .n_states = sizeof(states) / sizeof(states[0]),
	.table = table, .table_len = sizeof(table) / sizeof(table[0]), .find = find, .reports = true, .threads = true,
	.everyday = true,
};
