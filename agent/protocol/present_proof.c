/* SPDX-License-Identifier: Apache-2.0 */
/* present-proof 3.0, and 2.0 in the same envelopes: prover and verifier in one table.
 * Every request has a challenge, which serves once on either side, and a domain; a
 * domain that is a DID is that of who asks, so that nobody passes on another's request. */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/exchange.h"
#include "agent/protocol/onboarding.h"
#include "agent/protocol/problem.h"
#include "agent/protocol/proof_query.h"
#include "agent/protocol/relation.h"
#include "agent/protocol/showing.h"
#include "did/base/hex.h"
#include "did/base/rand.h"
#include "did/crypto/hash.h"
#include "did/url.h"

#define PROTOCOL "present-proof"
#define NS "proof"
#define NS_ANSWERED "proof-seen"	/* hash of verifier and challenge */
#define QUERY_MAX ((size_t)64 << 10)
#define CHALLENGE_MIN 8
#define TEXT_MAX 512
#define SHOWN_MAX BERTH_VP_CREDENTIALS_MAX

enum {
	IDLE,
	REQUEST_SENT, PROPOSAL_RECEIVED,			/* verifier */
	REQUEST_RECEIVED, PROPOSAL_SENT, PRESENTATION_SENT,	/* prover */
	DONE, ABANDONED
};

static enum berth_err send(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx,
			   const char *name, struct berth_json *body, struct berth_send **out)
{
	return berth_exchange_send(env, inst, fx, PROTOCOL, name, body, out);
}

/* ---- verifier ---- */
static enum berth_err new_challenge(struct berth_json *data, const struct berth_identity *me)
{
	uint8_t nonce[16];
	enum berth_err rc;

	berth_random(nonce, sizeof(nonce));
	if ((rc = berth_json_set_b64url(data, "challenge", nonce, sizeof(nonce))))
		return rc;
	return berth_json_set_str(data, "domain", me->did);
}

static bool is_pex(const char *format) { return strcmp(format, BERTH_QUERY_PEX) == 0; }

/* {"options": {"challenge", "domain"}, "presentation_definition" or "dcql_query"} */
static enum berth_err make_query(const struct berth_json *data, struct berth_buf *out)
{
	struct berth_json *o = berth_json_new_object(), *options = berth_json_new_object();
	const char *format = berth_data_str(data, "queryFormat");
	enum berth_err rc;

	if ((rc = berth_json_set_str(options, "challenge", berth_data_str(data, "challenge"))) ||
	    (rc = berth_json_set_str(options, "domain", berth_data_str(data, "domain"))))
		berth_json_free(options);
	else
		rc = berth_json_set(o, "options", options);
	if (!rc && !(rc = berth_json_set(o, is_pex(format) ? "presentation_definition" : "dcql_query",
					 berth_json_clone(berth_json_get(data, "query")))))
		rc = berth_json_print(out, o);
	berth_json_free(o);
	return rc ? rc : berth_buf_status(out);
}

/* One that can be read, in the other's words or in ours. */
static enum berth_err set_query(struct berth_json *data, const char *format, const struct berth_json *query)
{
	struct berth_query *q;
	enum berth_err rc = berth_proof_query(&q, format, query);

	if (rc)
		return rc;
	berth_query_free(q);
	if ((rc = berth_json_set_str(data, "queryFormat", format)))
		return rc;
	return berth_json_set(data, "query", berth_json_clone(query));
}

static enum berth_err keep_query(struct berth_json *data, const struct berth_json *args)
{
	const struct berth_json *pex = NULL, *dcql = NULL;
	enum berth_err rc;

	if ((rc = berth_json_opt_obj(args, "presentationDefinition", &pex)) || (rc = berth_json_opt_obj(args, "dcqlQuery", &dcql)))
		return rc;
	if (!pex == !dcql)
		return berth_fail(BERTH_E_TYPE, "presentationDefinition or dcqlQuery: one of them");
	return set_query(data, pex ? BERTH_QUERY_PEX : BERTH_QUERY_DCQL, pex ? pex : dcql);
}

/* args: {"to", "thid", "presentationDefinition" or "dcqlQuery", "comment"?} */
static enum berth_err cmd_request(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_buf query = BERTH_BUF_INIT;
	struct berth_json *body;
	struct berth_send *s;
	enum berth_err rc;

	if ((rc = berth_exchange_open(env, inst, ev, fx, NS)) || (rc = keep_query(inst->data, ev->args)))
		return rc;
	if (!berth_exchange_me(env, inst))
		return berth_fail(BERTH_E_STORE, "exchange: no identity any more");
	if ((rc = new_challenge(inst->data, berth_exchange_me(env, inst))) || (rc = make_query(inst->data, &query)))
		goto out;
	body = berth_exchange_body(ev->args);
	if ((rc = berth_json_set_bool(body, "will_confirm", true))) {
		berth_json_free(body);
		goto out;
	}
	if (!(rc = send(env, inst, fx, "request-presentation", body, &s)))
		rc = berth_exchange_attach(&s->msg, "query-0", berth_data_str(inst->data, "queryFormat"),
					   berth_buf_cstr(&query), query.len);
out:
	berth_buf_free(&query);
	return rc;
}

static enum berth_err on_propose(struct berth_env *env, struct berth_instance *inst,
				 const struct berth_event *ev, struct berth_effects *fx)
{
	return inst->state == IDLE ? berth_exchange_begin(env, inst, ev, fx, NS) : berth_exchange_check(inst, ev);
}

static enum berth_err refuse(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
			     const struct berth_event *ev, enum berth_err why)
{
	struct berth_problem_words w = berth_problem_of(why);
	char code[64];

	snprintf(code, sizeof(code), "e.p.%s", w.code);
	w.code = code;
	fx->state = ABANDONED;
	return berth_problem_send(env, fx, berth_exchange_me(env, inst), ev->sender, berth_data_str(inst->data, "thid"), w, NULL);
}

/* Once: good or not, the challenge has served. */
static enum berth_err on_presentation(struct berth_env *env, struct berth_instance *inst,
				      const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_report r = { .first = BERTH_OK };
	enum berth_vc_format f;
	enum berth_err rc, verdict;

	if ((rc = berth_exchange_check(inst, ev)) ||
	    (rc = berth_exchange_read(&ev->in->msg, BERTH_ATTACH_PRESENTATION, &f, &text)))
		goto out;
	verdict = berth_proof_judge(env, inst->data, &r, f, &text);
	if (verdict && berth_err_exit(verdict) >= 4) {
		rc = verdict;		/* a DID that cannot be looked up now: later */
		goto out;
	}
	if ((rc = berth_proof_keep_verdict(inst->data, &r, verdict)))
		goto out;
	berth_effects_audit(fx, "presentation by %.80s: %s", ev->sender, verdict ? berth_err_name(verdict) : "good");
	rc = verdict ? refuse(env, inst, fx, ev, verdict) : berth_exchange_send_ack(env, inst, fx, PROTOCOL);
out:
	berth_report_free(&r);
	berth_buf_free(&text);
	return rc;
}

/* ---- prover ---- */
static void seen_key(char key[65], const char *peer, const char *challenge)
{
	uint8_t h[32];
	char text[2048];
	int n = snprintf(text, sizeof(text), "%.1400s %.500s", peer, challenge);

	berth_sha256(h, text, (size_t)n);
	berth_hex_encode(key, h, sizeof(h));
}

/* Challenge and domain must be there, be new, and be of who asks. */
static enum berth_err check_options(struct berth_env *env, const struct berth_event *ev, const struct berth_json *query,
				    const char **challenge, const char **domain)
{
	const struct berth_json *options = NULL;
	struct berth_buf was = BERTH_BUF_INIT;
	char key[65];
	enum berth_err rc;

	if ((rc = berth_json_req_obj(query, "options", &options)) ||
	    (rc = berth_json_req_str(options, "challenge", TEXT_MAX, challenge)) ||
	    (rc = berth_json_req_str(options, "domain", TEXT_MAX, domain)))
		return rc;
	if (strlen(*challenge) < CHALLENGE_MIN || !**domain)
		return berth_fail(BERTH_E_HOLDER, "a challenge of less than %d characters, or no domain", CHALLENGE_MIN);
	if (berth_is_did(*domain) && !berth_did_same(*domain, ev->sender) &&
	    !(ev->in->msg.from && berth_did_same(*domain, ev->in->msg.from)))
		return berth_fail(BERTH_E_HOLDER, "the domain is the DID of somebody else");
	seen_key(key, ev->sender, *challenge);
	rc = env->records->get(env->records, NS_ANSWERED, key, &was);
	berth_buf_free(&was);
	return rc == BERTH_E_NOMATCH ? BERTH_OK : rc ? rc : berth_fail(BERTH_E_REPLAY, "a challenge that was answered before");
}

static enum berth_err read_query(const struct berth_message *m, const char **format, struct berth_json **out)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	*out = NULL;
	*format = BERTH_QUERY_PEX;
	if ((rc = berth_exchange_read_format(m, *format, &text)) == BERTH_E_NOMATCH)
		rc = berth_exchange_read_format(m, *format = BERTH_QUERY_DCQL, &text);
	if (rc == BERTH_E_NOMATCH)
		rc = berth_fail(BERTH_E_TYPE, "a request in no language that we have");
	if (!rc)
		rc = berth_json_parse_object(out, berth_buf_cstr(&text), text.len, QUERY_MAX);
	berth_buf_free(&text);
	return rc;
}

static enum berth_err keep_request(struct berth_json *data, const char *format, const struct berth_json *query,
				   const char *challenge, const char *domain, bool confirm)
{
	const struct berth_json *what = NULL;
	enum berth_err rc;

	if ((rc = berth_json_req_obj(query, is_pex(format) ? "presentation_definition" : "dcql_query", &what)) ||
	    (rc = berth_json_set_str(data, "challenge", challenge)) || (rc = berth_json_set_str(data, "domain", domain)) ||
	    (rc = berth_json_set_bool(data, "confirm", confirm)))
		return rc;
	return set_query(data, format, what);
}

static enum berth_err on_request(struct berth_env *env, struct berth_instance *inst,
				 const struct berth_event *ev, struct berth_effects *fx)
{
	const char *format, *challenge, *domain;
	struct berth_json *query = NULL;
	bool confirm = false;
	enum berth_err rc = inst->state == IDLE ? berth_exchange_begin(env, inst, ev, fx, NS) : berth_exchange_check(inst, ev);

	if (!rc && !(rc = berth_json_opt_bool(ev->in->msg.body, "will_confirm", &confirm)) &&
	    !(rc = read_query(&ev->in->msg, &format, &query)) && !(rc = check_options(env, ev, query, &challenge, &domain)))
		rc = keep_request(inst->data, format, query, challenge, domain, confirm);
	berth_json_free(query);
	return rc;
}

static enum berth_err cmd_propose(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	enum berth_err rc = berth_exchange_open(env, inst, ev, fx, NS);

	return rc ? rc : send(env, inst, fx, "propose-presentation", berth_exchange_body(ev->args), NULL);
}

/* Those that the operator has chosen, or whatever is held; either way no more than the
 * query asks for. */
static enum berth_err choose(struct berth_env *env, const struct berth_instance *inst, struct berth_showing *s,
			     const struct berth_json *args)
{
	const struct berth_json *ids = NULL;
	enum berth_err rc = berth_json_opt_arr(args, "credentials", SHOWN_MAX, &ids);

	if (rc || (rc = berth_proof_query(&s->query, berth_data_str(inst->data, "queryFormat"), berth_json_get(inst->data, "query"))))
		return rc;
	if (!ids)
		return berth_showing_search(env, s, berth_exchange_me(env, inst));
	berth_json_each(id, ids) {
		if (!berth_json_str(id))
			return berth_fail(BERTH_E_TYPE, "credentials: not ids");
		if ((rc = berth_showing_add(env, s, berth_json_str(id))))
			return rc;
	}
	return berth_showing_match(env, s);
}

#define DISCLOSE_MAX 64

static enum berth_err sign(struct berth_env *env, const struct berth_instance *inst, const struct berth_showing *s,
			   const struct berth_json *args, struct berth_buf *out, enum berth_vc_format *f)
{
	struct berth_shown_to to = { .challenge = berth_data_str(inst->data, "challenge"),
				     .domain = berth_data_str(inst->data, "domain") };
	const struct berth_json *disclose = NULL;
	const char *more[DISCLOSE_MAX];
	enum berth_err rc = berth_json_opt_arr(args, "disclose", DISCLOSE_MAX, &disclose);

	if (rc)
		return rc;
	berth_json_each(p, disclose)
		if (!(more[to.n_more++] = berth_json_str(p)))
			return berth_fail(BERTH_E_TYPE, "disclose: not JSON pointers");
	to.more = more;
	return berth_showing_sign(env, s, &to, false, out, f);
}

/* args: {"credentials"?: ids, "disclose"?: JSON pointers, "comment"?} */
static enum berth_err cmd_present(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_showing s = { .query = NULL };
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_send *out;
	enum berth_vc_format f;
	char key[65];
	enum berth_err rc;

	if ((rc = choose(env, inst, &s, ev->args)) || (rc = sign(env, inst, &s, ev->args, &text, &f)) ||
	    (rc = send(env, inst, fx, "presentation", berth_exchange_body(ev->args), &out)) ||
	    (rc = berth_exchange_attach(&out->msg, "presentation-0", berth_attachment_format(f, BERTH_ATTACH_PRESENTATION),
					berth_buf_cstr(&text), text.len)))
		goto out;
	seen_key(key, berth_data_str(inst->data, "peer"), berth_data_str(inst->data, "challenge"));
	if (!berth_json_bool(berth_json_get(inst->data, "confirm"), false))
		fx->state = DONE;
	berth_effects_audit(fx, "credentials of %.64s shown to %.80s", s.holder->name, berth_data_str(inst->data, "peer"));
	rc = berth_effects_put(fx, NS_ANSWERED, key, "1", 1);
out:
	berth_showing_free(&s);
	berth_buf_free(&text);
	return rc;
}

/* ---- the table ---- */
static enum berth_err find(struct berth_env *env, const struct berth_event *ev, char **key)
{
	static const char *const starters[] = { "propose-presentation", "request-presentation", NULL };

	return berth_exchange_find(env, ev, NS, starters, key);
}

static const char *const states[] = {
	"idle", "request-sent", "proposal-received", "request-received", "proposal-sent", "presentation-sent", BERTH_EXCHANGE_DONE, BERTH_EXCHANGE_ABANDONED,
};

#define ANY BERTH_STATE_STAY
static const struct berth_transition table[] = {
	BERTH_ROW(IDLE,              "propose-presentation", on_propose,      PROPOSAL_RECEIVED, IDLE),
	BERTH_ROW(IDLE,              "request-presentation", on_request,      REQUEST_RECEIVED,  IDLE),
	BERTH_ROW(IDLE,              "cmd/request",          cmd_request,     REQUEST_SENT,      IDLE),
	BERTH_ROW(IDLE,              "cmd/propose",          cmd_propose,     PROPOSAL_SENT,     IDLE),

	BERTH_ROW(PROPOSAL_RECEIVED, "cmd/request",          cmd_request,     REQUEST_SENT,      ANY),
	BERTH_ROW(PROPOSAL_RECEIVED, "cmd/accept",           cmd_request,     REQUEST_SENT,      ANY),
	BERTH_ROW(REQUEST_SENT,      "propose-presentation", on_propose,      PROPOSAL_RECEIVED, ANY),
	BERTH_ROW(REQUEST_SENT,      "presentation",         on_presentation, DONE,              ANY),

	BERTH_ROW(PROPOSAL_SENT,     "request-presentation", on_request,      REQUEST_RECEIVED,  ANY),
	BERTH_ROW(REQUEST_RECEIVED,  "cmd/propose",          cmd_propose,     PROPOSAL_SENT,     ANY),
	BERTH_ROW(REQUEST_RECEIVED,  "cmd/accept",           cmd_present,     PRESENTATION_SENT, ANY),
	BERTH_ROW(PRESENTATION_SENT, "ack",                  berth_exchange_on_ack, DONE,        ANY),

	BERTH_ROW(REQUEST_SENT,      "cmd/decline",          berth_exchange_on_decline, ABANDONED, ANY),
	BERTH_ROW(PROPOSAL_RECEIVED, "cmd/decline",          berth_exchange_on_decline, ABANDONED, ANY),
	BERTH_ROW(REQUEST_RECEIVED,  "cmd/decline",          berth_exchange_on_decline, ABANDONED, ANY),
	BERTH_ROW(PROPOSAL_SENT,     "cmd/decline",          berth_exchange_on_decline, ABANDONED, ANY),

	BERTH_ROW(REQUEST_SENT,      "problem-report",       berth_exchange_on_problem, ABANDONED, ANY),
	BERTH_ROW(PROPOSAL_RECEIVED, "problem-report",       berth_exchange_on_problem, ABANDONED, ANY),
	BERTH_ROW(REQUEST_RECEIVED,  "problem-report",       berth_exchange_on_problem, ABANDONED, ANY),
	BERTH_ROW(PROPOSAL_SENT,     "problem-report",       berth_exchange_on_problem, ABANDONED, ANY),
	BERTH_ROW(PRESENTATION_SENT, "problem-report",       berth_exchange_on_problem, ABANDONED, ANY),
};

const struct berth_machine berth_proof_machine = {
	.name = NS, .piuri = "https://didcomm.org/" PROTOCOL "/3.0/", .piuri2 = "https://didcomm.org/" PROTOCOL "/2.0/",
	.states = states, .n_states = sizeof(states) / sizeof(states[0]),
	.table = table, .table_len = sizeof(table) / sizeof(table[0]), .find = find, .reports = true, .threads = true,
	.everyday = true,
};
