/* SPDX-License-Identifier: Apache-2.0 */
/* Presentations as vp+jwt (VC-JOSE-COSE 3.1): create and verify. */
#include <stdlib.h>
#include <string.h>

#include "did/url.h"
#include "vc/judge.h"
#include "vc/presentation.h"
#include "vc/vc.h"

enum berth_err berth_vp_create(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
			       const char *challenge, const char *domain, const char *const *vcs, size_t n)
{
	struct berth_buf payload = BERTH_BUF_INIT;
	struct berth_json *vp = NULL;
	char *holder = NULL;
	enum berth_err rc;

	if (!berth_is_kid(kid))
		return berth_fail(BERTH_E_KEY, "kid is not an absolute DID URL");
	holder = strndup(kid, berth_did_len(kid));
	vp = berth_json_new_object();
	if (!holder || !vp) {
		rc = berth_no_memory();
		goto out;
	}
	if ((rc = berth_vp_build(vp, holder, vcs, n)) || (rc = berth_json_set_str(vp, "nonce", challenge)) ||
	    (domain && (rc = berth_json_set_str(vp, "aud", domain))) || (rc = berth_json_print(&payload, vp)))
		goto out;
	if (payload.len > BERTH_VP_MAX / 4 * 3) {
		rc = berth_fail(BERTH_E_SIZE, "presentation of %zu bytes", payload.len);
		goto out;
	}
	rc = berth_keyring_sign_compact(kr, kid, BERTH_SIGN_VP, payload.p, payload.len, out);
out:
	berth_buf_free(&payload);
	berth_json_free(vp);
	free(holder);
	return rc;
}

/* ---- verify ---- */

/* What carries proofs of its own is hashed as it was read, so nothing may have been
 * lost in reading it. */
static enum berth_err check_exact(const struct berth_vc_token *t)
{
	struct berth_json *again;
	enum berth_err rc;

	if (!berth_vp_has_embedded(t->payload))
		return BERTH_OK;
	rc = berth_json_parse_exact(&again, berth_buf_cstr(&t->jws.payload), t->jws.payload.len, BERTH_VP_MAX);
	berth_json_free(again);
	return rc;
}

/* Structure and signature.  That the key is the holder's is judge_holder()'s. */
static enum berth_err authenticate(const struct berth_vc_token *t, const struct berth_verify *v)
{
	const char *holder = berth_presentation_holder(t->payload);
	enum berth_err rc;

	if ((rc = check_exact(t)) || (rc = berth_presentation_check(t->payload)) ||
	    (rc = berth_vc_check_claims(t->payload, holder, NULL)))
		return rc;
	return berth_vc_token_verify(t, v->resolver, holder, BERTH_REL_AUTHENTICATION);
}

static bool is_audience(const struct berth_json *aud, const char *domain)
{
	const char *s = berth_json_str(aud);

	/* RFC 7519 4.1.3 allows a list; for one verifier a list of one is the same */
	if (berth_json_is(aud, BERTH_JSON_ARRAY) && berth_json_len(aud) == 1)
		s = berth_json_str(berth_json_first(aud));
	return s && !strcmp(s, domain);
}

static enum berth_err check_holder(const struct berth_verify *v, const struct berth_json *vp, const char *kid)
{
	const char *holder = berth_presentation_holder(vp), *nonce;

	if (!holder || !berth_is_did(holder) || !berth_did_same(kid, holder))
		return berth_fail(BERTH_E_HOLDER, "kid is not a key of the holder");
	nonce = berth_json_str(berth_json_get(vp, "nonce"));
	if (!v->challenge || !nonce || strcmp(nonce, v->challenge))
		return berth_fail(BERTH_E_HOLDER, "nonce is not the challenge");
	if (v->domain && !is_audience(berth_json_get(vp, "aud"), v->domain))
		return berth_fail(BERTH_E_HOLDER, "aud is not the domain");
	return BERTH_OK;
}

static enum berth_err judge(struct berth_report *r, const struct berth_verify *v, const char *kid)
{
	enum berth_err rc = check_holder(v, r->credential, kid);

	r->signature = BERTH_CHECK_PASSED;
	r->status = r->issuer = BERTH_CHECK_NOT_PRESENT;
	r->holder = rc ? BERTH_CHECK_FAILED : BERTH_CHECK_PASSED;
	berth_report_note(r, rc);
	berth_vc_warn_contexts(r, r->credential);
	berth_vc_judge_time(r, v, r->credential);
	return berth_vp_verify_contents(r, v);
}

enum berth_err berth_vp_verify(struct berth_report *r, const struct berth_verify *v,
			       const char *token, size_t n)
{
	struct berth_vc_token t;
	enum berth_err rc;

	if ((rc = berth_report_init(r, "vp+jwt")))
		return rc;
	if ((rc = berth_vc_token_open(&t, token, n, BERTH_VP_MAX, "vp+jwt", v->typ_optional, false)))
		return berth_report_note(r, rc);
	if ((rc = authenticate(&t, v))) {
		berth_vc_mark_signature(r, rc);
		goto out;
	}
	r->credential = t.payload;
	t.payload = NULL;
	if (!(r->issuer_did = strndup(t.jws.kid, berth_did_len(t.jws.kid)))) {
		rc = berth_no_memory();
		goto out;
	}
	rc = judge(r, v, t.jws.kid);
out:
	berth_report_note(r, rc);
	r->verified = r->first == BERTH_OK;
	berth_vc_token_close(&t);
	return r->first;
}
