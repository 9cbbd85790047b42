/* SPDX-License-Identifier: Apache-2.0 */
/* Presentations that answer a query: the credentials that the caller may see and that
 * belong to the identity, and of them no more than is asked for. */
#include "agent/core/backend_internal.h"

#include <stdlib.h>
#include <string.h>

#include "agent/core/api_principal.h"
#include "agent/protocol/onboarding.h"
#include "did/base/rand.h"
#include "did/codec/did_text.h"
#include "vc/query.h"
#include "vc/sd_jwt.h"

struct presenting {
	struct berth_backend *b;
	const struct berth_api_request *req;
	const struct berth_identity *id;
	const char *nonce, *audience;
	struct berth_wallet wallet;
	struct berth_query *query;
	struct berth_answer answer;
};

/* ---- the wallet ---- */

static bool may_see(const struct presenting *p, const char *credential)
{
	return !p->req->who || berth_principal_may(p->req->who, "credential:", credential);
}

/* Whether the identity can prove to be the holder. */
static bool is_holders(const struct presenting *p, const struct berth_credential *c)
{
	return c->holder && !strcmp(c->holder, p->id->name);
}

static enum berth_err add(void *arg, const struct berth_credential *c)
{
	struct presenting *p = arg;

	/* there is no presentation of the W3C model's first version as a token here */
	if (c->revoked || !is_holders(p, c) || !may_see(p, c->id) || !strcmp(c->format, "vc-jwt"))
		return BERTH_OK;
	return berth_wallet_add(&p->wallet, c->id, c->text, strlen(c->text));
}

/* Who may present an identity may show its own credential. */
static enum berth_err fill(struct presenting *p)
{
	struct berth_credential own;
	struct berth_json *inst;
	enum berth_err rc = BERTH_OK;

	if (backend_own_credential(p->b, &own, &inst) && is_holders(p, &own))
		rc = berth_wallet_add(&p->wallet, own.id, own.text, strlen(own.text));
	berth_json_free(inst);
	return rc ? rc : berth_credentials_each(berth_agent_env(p->b->agent), add, p);
}

/* {"dcql": {}} or {"pex": {}} */
static enum berth_err read_query(struct presenting *p)
{
	const struct berth_json *o = berth_json_get(p->req->body, "query");
	const struct berth_json *pex = berth_json_get(o, "pex"), *dcql = berth_json_get(o, "dcql");

	if (!pex == !dcql || berth_json_len(o) != 1)
		return berth_fail(BERTH_E_TYPE, "query: one of pex and dcql");
	return pex ? berth_query_pex(&p->query, pex) : berth_query_dcql(&p->query, dcql);
}

/* ---- signing ---- */

static struct berth_keyring *keyring(const struct presenting *p)
{
	return berth_agent_env(p->b->agent)->keys->keyring;
}

static bool is_sd(const struct berth_wallet_item *i)
{
	return i->format == BERTH_FORMAT_DC_SD_JWT || i->format == BERTH_FORMAT_VC_SD_JWT;
}

static enum berth_err sign_sd(const struct presenting *p, const struct berth_answer_credential *c, struct berth_buf *out)
{
	const struct berth_wallet_item *i = &p->wallet.items[c->index];
	const struct berth_sd_binding bind = { .kid = p->id->sign_kid_long, .nonce = p->nonce, .aud = p->audience,
					       .iat_s = berth_agent_env(p->b->agent)->now_s };

	if (bind.iat_s < 0)
		return berth_fail(BERTH_E_CLOCK, "a key binding says when it was made, and the time is not known");
	return berth_sd_present(out, keyring(p), i->text, i->len, (const char *const *)c->claims, c->n_claims, &bind);
}

/* Credentials with proofs of their own are shown under such a proof, all others in a token,
 * which may hold either. */
static enum berth_err sign_vp(const struct presenting *p, const char *const *vcs, size_t n, bool di, struct berth_buf *out)
{
	const struct berth_di_options o = { .challenge = p->nonce, .domain = p->audience,
					    .created_s = berth_agent_env(p->b->agent)->now_s };

	if (di)
		return berth_vp_di_create(out, keyring(p), p->id->sign_kid_long, &o, vcs, n);
	return berth_vp_create(out, keyring(p), p->id->sign_kid_long, p->nonce, p->audience, vcs, n);
}

static enum berth_err set_presentation(struct berth_json *o, const char *format, const struct berth_buf *text)
{
	enum berth_err rc = berth_json_set_str(o, "format", format);

	return rc ? rc : berth_json_set_str(o, "presentation", berth_buf_cstr(text));
}

/* ---- PEX: one presentation, and a submission that says what is where in it ---- */

static enum berth_err present_pex(const struct presenting *p, struct berth_json *o)
{
	const char *vcs[BERTH_VP_CREDENTIALS_MAX];
	const struct berth_answer_credential *sd = NULL;
	struct berth_json *submission = NULL;
	struct berth_buf out = BERTH_BUF_INIT;
	char id[BERTH_UUID_LEN + 1];
	size_t n = 0;
	bool di = true;
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; i < p->answer.n && !rc; i++) {
		const struct berth_answer_credential *c = &p->answer.items[i].credentials[0];

		if (p->answer.items[i].optional)
			continue;
		if (n == BERTH_VP_CREDENTIALS_MAX)
			rc = berth_fail(BERTH_E_SIZE, "more than %d credentials", BERTH_VP_CREDENTIALS_MAX);
		else
			vcs[n++] = p->wallet.items[c->index].text;
		if (is_sd(&p->wallet.items[c->index]))
			sd = c;
		di = di && p->wallet.items[c->index].is_di;
	}
	if (!rc && sd && n > 1)
		rc = berth_fail(BERTH_E_NOMATCH, "an SD-JWT and other credentials are not presented together");
	berth_random_uuid(id);
	if (!rc && !(rc = sd ? sign_sd(p, sd, &out) : sign_vp(p, vcs, n, di, &out)) &&
	    !(rc = set_presentation(o, sd ? berth_vc_format_name(p->wallet.items[sd->index].format, true) :
				       di ? "di" : "vp+jwt", &out)) &&
	    !(rc = berth_query_submission(&submission, p->query, &p->answer, &p->wallet, id)))
		rc = berth_json_set(o, "submission", submission);
	berth_buf_free(&out);
	return rc;
}

/* ---- DCQL: {"vpToken": {id: [presentation, ...]}} ---- */

static enum berth_err push_one(const struct presenting *p, const struct berth_answer_credential *c, struct berth_json *list)
{
	const struct berth_wallet_item *i = &p->wallet.items[c->index];
	const char *text = i->text;
	struct berth_buf out = BERTH_BUF_INIT;
	enum berth_err rc = is_sd(i) ? sign_sd(p, c, &out) : sign_vp(p, &text, 1, i->is_di, &out);

	if (!rc)
		rc = berth_json_push_str(list, berth_buf_cstr(&out));
	berth_buf_free(&out);
	return rc;
}

static enum berth_err present_dcql(const struct presenting *p, struct berth_json *o)
{
	struct berth_json *token = berth_json_new_object();
	enum berth_err rc = token ? BERTH_OK : berth_fail(BERTH_E_NOMEM, "presentation");

	for (size_t i = 0; i < p->answer.n && !rc; i++) {
		const struct berth_answer_item *a = &p->answer.items[i];
		struct berth_json *list = a->optional ? NULL : berth_json_new_array();

		for (size_t k = 0; list && k < (a->multiple ? a->n : 1) && !rc; k++)
			rc = push_one(p, &a->credentials[k], list);
		if (rc)
			berth_json_free(list);
		else if (!a->optional)
			rc = berth_json_set(token, a->id, list);
	}
	if (!rc)
		return berth_json_set(o, "vpToken", token);
	berth_json_free(token);
	return rc;
}

enum berth_err backend_present(struct berth_backend *b, const struct berth_api_request *req,
			       const struct berth_identity *id, struct berth_json **out)
{
	struct presenting p = { .b = b, .req = req, .id = id, .nonce = berth_data_str(req->body, "nonce"),
				.audience = berth_data_str(req->body, "audience") };
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if ((rc = o ? BERTH_OK : berth_fail(BERTH_E_NOMEM, "presentation")) || (rc = read_query(&p)) || (rc = fill(&p)) ||
	    (rc = berth_query_match(&p.answer, p.query, &p.wallet, berth_agent_env(b->agent)->now_s)) ||
	    (rc = berth_query_is_pex(p.query) ? present_pex(&p, o) : present_dcql(&p, o)))
		goto out;
	*out = o;
	o = NULL;
out:
	berth_json_free(o);
	berth_answer_free(&p.answer);
	berth_query_free(p.query);
	berth_wallet_free(&p.wallet);
	return rc;
}
