/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials of the VC Data Model 1.1 as JWT: issue and verify. */
#include "vc/vc_jwt1.h"

#include <stdlib.h>
#include <string.h>

#include "did/url.h"
#include "vc/judge.h"

enum berth_err berth_vc_jwt1_issue(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
				   const struct berth_json *credential)
{
	struct berth_buf payload = BERTH_BUF_INIT;
	struct berth_json *claims = NULL;
	const char *issuer;
	enum berth_err rc;

	if ((rc = berth_credential_check_v1(credential)))
		return rc;
	issuer = berth_credential_issuer(credential);
	if ((rc = berth_issuer_signs(issuer, kid)))
		return rc;
	if ((rc = berth_vc_jwt1_claims(&claims, credential)) || (rc = berth_json_print(&payload, claims)))
		goto out;
	if (payload.len > BERTH_VC_MAX / 4 * 3) {
		rc = berth_fail(BERTH_E_SIZE, "credential of %zu bytes", payload.len);
		goto out;
	}
	rc = berth_keyring_sign_compact(kr, kid, BERTH_SIGN_VC_JWT, payload.p, payload.len, out);
out:
	berth_json_free(claims);
	berth_buf_free(&payload);
	return rc;
}

/* ---- verify ---- */

/* Structure, then the signature: who fails here is not looked at any further. */
static enum berth_err authenticate(struct berth_json **vc, const struct berth_vc_token *t, const struct berth_verify *v)
{
	const char *issuer;
	enum berth_err rc;

	if ((rc = berth_vc_jwt1_credential(vc, t->payload)) || (rc = berth_credential_check_v1(*vc)) ||
	    (rc = berth_vc_check_times(t->payload)))
		return rc;
	if (v->key)
		return berth_jws_verify(&t->jws, v->key);
	issuer = berth_credential_issuer(*vc);
	if (!berth_is_did(issuer) || !berth_did_same(t->jws.kid, issuer))
		return berth_fail(BERTH_E_KEY, "kid is not a key of the issuer");
	return berth_vc_token_verify(t, v->resolver, issuer, BERTH_REL_ASSERTION);
}

/* What the credential says of its time, and what is left of the JWT's claims: iat. */
static enum berth_err judge(struct berth_report *r, const struct berth_verify *v, const struct berth_json *claims)
{
	struct berth_window w = berth_window_of(r->credential), of_jwt = berth_window_of(claims);

	r->signature = BERTH_CHECK_PASSED;
	r->holder = BERTH_CHECK_NOT_PRESENT;
	if (!(r->issuer_did = strdup(berth_credential_issuer(r->credential))))
		return berth_no_memory();
	berth_window_narrow(&w, true, of_jwt.from);
	berth_window_narrow(&w, false, of_jwt.until);
	berth_vc_judge(r, v, &w);
	return BERTH_OK;
}

enum berth_err berth_vc_jwt1_verify(struct berth_report *r, const struct berth_verify *v, const char *token, size_t n)
{
	struct berth_json *vc = NULL;
	struct berth_vc_token t;
	enum berth_err rc;

	if ((rc = berth_report_init(r, "vc-jwt")))
		return rc;
	/* "typ ... if present, it MUST be set to JWT"; the claim vc says what it is */
	if ((rc = berth_vc_token_open(&t, token, n, v->max ? v->max : BERTH_VC_MAX, berth_purpose_typ(BERTH_SIGN_VC_JWT), true,
				      v->key != NULL)))
		return berth_report_note(r, rc);
	if ((rc = authenticate(&vc, &t, v))) {
		berth_vc_mark_signature(r, rc);
		berth_json_free(vc);
	} else {
		r->credential = vc;
		berth_vc_set_alg(r, &t.jws);
		rc = judge(r, v, t.payload);
	}
	berth_report_note(r, rc);
	r->verified = r->first == BERTH_OK;
	berth_vc_token_close(&t);
	return r->first;
}
