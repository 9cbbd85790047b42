/* SPDX-License-Identifier: Apache-2.0 */
#include "vc/token.h"

#include <string.h>

#include "did/base/clock.h"
#include "did/signer.h"
#include "did/url.h"

enum berth_err berth_vc_token_open(struct berth_vc_token *t, const char *token, size_t n, size_t max,
				   const char *typ, bool typ_optional, bool kid_optional)
{
	enum berth_err rc;

	memset(t, 0, sizeof(*t));
	if ((rc = berth_jws_parse(&t->jws, token, n, max)))
		goto out;
	if (t->jws.typ ? strcmp(t->jws.typ, typ) != 0 : !typ_optional) {
		rc = berth_fail(BERTH_E_ENV, "typ is %.40s, not %s", t->jws.typ ? t->jws.typ : "missing", typ);
		goto out;
	}
	if (!kid_optional && (rc = berth_jws_require_kid(&t->jws)))
		goto out;
	rc = berth_json_parse_object(&t->payload, berth_buf_cstr(&t->jws.payload), t->jws.payload.len, max);
out:
	if (rc)
		berth_vc_token_close(t);
	return rc;
}

void berth_vc_token_close(struct berth_vc_token *t)
{
	berth_jws_free(&t->jws);
	berth_json_free(t->payload);
	memset(t, 0, sizeof(*t));
}

enum berth_err berth_vc_token_verify(const struct berth_vc_token *t, struct berth_resolver *resolver,
				     const char *party, enum berth_rel rel)
{
	struct berth_did_doc *doc;
	const struct berth_vm *vm;
	enum berth_err rc;

	if ((rc = berth_resolve_signer(resolver, t->jws.kid, party, &doc)) == BERTH_OK &&
	    (rc = berth_did_doc_key(doc, t->jws.kid, rel, &vm)) == BERTH_OK)
		rc = berth_jws_verify(&t->jws, &vm->key);
	berth_did_doc_free(doc);
	return rc;
}

/* The claim, when present, is text that names the same as the payload's member. */
static enum berth_err check_same(const struct berth_json *payload, const char *claim, const char *value)
{
	const struct berth_json *v = berth_json_get(payload, claim);
	const char *s = berth_json_str(v);

	if (!v)
		return BERTH_OK;
	if (!s || !value || (strcmp(s, value) != 0 && !(berth_is_did(s) && berth_did_same(s, value))))
		return berth_fail(BERTH_E_VC, "claim %s differs from the payload", claim);
	return BERTH_OK;
}

static enum berth_err check_time(const struct berth_json *payload, const char *claim)
{
	const struct berth_json *v = berth_json_get(payload, claim);
	double t = berth_json_num(v);

	/* RFC 7519 NumericDate: a number of seconds, fractions allowed */
	if (v && (!berth_json_is(v, BERTH_JSON_NUMBER) || !(t >= 0 && t < 9007199254740992.0)))
		return berth_fail(BERTH_E_VC, "claim %s is not a time", claim);
	return BERTH_OK;
}

enum berth_err berth_vc_check_times(const struct berth_json *payload)
{
	enum berth_err rc;

	if ((rc = check_time(payload, "exp")) || (rc = check_time(payload, "nbf")))
		return rc;
	return check_time(payload, "iat");
}

enum berth_err berth_vc_check_claims(const struct berth_json *payload, const char *party, const char *subject)
{
	enum berth_err rc;

	/* "The JWT Claim Names vc and vp MUST NOT be present." */
	if (berth_json_get(payload, "vc") || berth_json_get(payload, "vp"))
		return berth_fail(BERTH_E_VC, "a vc or vp claim: that is VC 1.1");
	if ((rc = check_same(payload, "iss", party)) || (rc = check_same(payload, "sub", subject)) ||
	    (rc = check_same(payload, "jti", berth_json_str(berth_json_get(payload, "id")))))
		return rc;
	return berth_vc_check_times(payload);
}

void berth_window_narrow(struct berth_window *w, bool start, int64_t t)
{
	w->any = true;
	if (start && t > w->from)
		w->from = t;
	if (!start && t < w->until)
		w->until = t;
}

struct berth_window berth_window_of(const struct berth_json *payload)
{
	static const char *const v2[] = { "validUntil", "validFrom" };
	static const char *const v1[] = { "expirationDate", "issuanceDate" };
	const char *const *dates = berth_credential_is_v1(payload) ? v1 : v2;
	static const char *const claims[] = { "exp", "nbf" };
	struct berth_window w = { false, INT64_MIN, INT64_MAX };
	const struct berth_json *v;
	const char *s;
	int64_t t;

	for (size_t i = 0; i < 2; i++) {
		if ((s = berth_json_str(berth_json_get(payload, dates[i]))) && !berth_rfc3339_parse(&t, s))
			berth_window_narrow(&w, i == 1, t);
		if ((v = berth_json_get(payload, claims[i])))
			berth_window_narrow(&w, i == 1, (int64_t)berth_json_num(v));
	}
	if ((v = berth_json_get(payload, "iat")))
		berth_window_narrow(&w, true, (int64_t)berth_json_num(v) - BERTH_VC_IAT_SKEW_S);
	return w;
}

enum berth_err berth_window_place(const struct berth_window *w, const struct berth_verify *v, int *place)
{
	bool known = v->now_s >= 0;
	int64_t at_least = known ? v->now_s : v->floor_s;

	*place = 1;
	if (at_least >= w->until)
		return BERTH_OK;
	if (!known && (at_least < w->from || w->until != INT64_MAX))
		return berth_fail(BERTH_E_CLOCK, "a date to judge, and the time is not known");
	*place = at_least < w->from ? -1 : 0;
	return BERTH_OK;
}

void berth_vc_judge_window(struct berth_report *r, const struct berth_verify *v, const struct berth_window *w)
{
	enum berth_err rc;
	int place;

	r->validity = BERTH_CHECK_NOT_CHECKED;
	if (!w->any) {
		r->validity = BERTH_CHECK_NOT_PRESENT;
	} else if (v->no_time) {
		berth_report_warn(r, "validity not judged: no time");
	} else if ((rc = berth_window_place(w, v, &place))) {
		berth_report_note(r, rc);
	} else if (place) {
		r->validity = BERTH_CHECK_FAILED;
		berth_report_note(r, berth_fail(BERTH_E_EXPIRED, place < 0 ? "not yet valid" : "expired"));
	} else {
		r->validity = BERTH_CHECK_PASSED;
	}
}

void berth_vc_judge_time(struct berth_report *r, const struct berth_verify *v,
			 const struct berth_json *payload)
{
	struct berth_window w = berth_window_of(payload);

	berth_vc_judge_window(r, v, &w);
}

void berth_vc_warn_contexts(struct berth_report *r, const struct berth_json *payload)
{
	const struct berth_json *ctx = berth_json_get(payload, "@context");

	if (!berth_json_is(ctx, BERTH_JSON_ARRAY))
		return;
	for (const struct berth_json *it = berth_json_next(berth_json_first(ctx)); it; it = berth_json_next(it)) {
		const char *s = berth_json_str(it);

		if (!r->rdf)
			berth_report_warn(r, "context not processed: %.160s", s ? s : "(inline)");
		else if (!s)
			berth_report_warn(r, "a context of its own says what names mean");
	}
}
