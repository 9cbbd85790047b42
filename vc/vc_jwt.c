/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials as vc+jwt (VC-JOSE-COSE 3.1): issue and verify. */
#include <stdlib.h>
#include <string.h>

#include "did/url.h"
#include "vc/judge.h"
#include "vc/vc.h"

enum berth_err berth_vc_issue(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
			      const struct berth_json *credential)
{
	struct berth_buf payload = BERTH_BUF_INIT;
	const char *issuer;
	enum berth_err rc;

	if ((rc = berth_credential_check(credential)))
		return rc;
	issuer = berth_credential_issuer(credential);
	if ((rc = berth_issuer_signs(issuer, kid)))
		return rc;
	if ((rc = berth_vc_check_claims(credential, issuer, berth_credential_subject(credential))) ||
	    (rc = berth_json_print(&payload, credential)))
		goto out;
	if (payload.len > BERTH_VC_MAX / 4 * 3) {
		rc = berth_fail(BERTH_E_SIZE, "credential of %zu bytes", payload.len);
		goto out;
	}
	rc = berth_keyring_sign_compact(kr, kid, BERTH_SIGN_VC, payload.p, payload.len, out);
out:
	berth_buf_free(&payload);
	return rc;
}

/* Structure, then the signature: who fails here is not looked at any further. */
static enum berth_err authenticate(const struct berth_vc_token *t, const struct berth_verify *v)
{
	const char *issuer;
	enum berth_err rc;

	if ((rc = berth_credential_check(t->payload)))
		return rc;
	issuer = berth_credential_issuer(t->payload);
	if ((rc = berth_vc_check_claims(t->payload, issuer, berth_credential_subject(t->payload))))
		return rc;
	if (v->key)
		return berth_jws_verify(&t->jws, v->key);
	if (!berth_is_did(issuer) || !berth_did_same(t->jws.kid, issuer))
		return berth_fail(BERTH_E_KEY, "kid is not a key of the issuer");
	return berth_vc_token_verify(t, v->resolver, issuer, BERTH_REL_ASSERTION);
}

enum berth_err berth_vc_verify(struct berth_report *r, const struct berth_verify *v,
			       const char *token, size_t n)
{
	struct berth_vc_token t;
	struct berth_window w;
	enum berth_err rc;

	if ((rc = berth_report_init(r, "vc+jwt")))
		return rc;
	if ((rc = berth_vc_token_open(&t, token, n, v->max ? v->max : BERTH_VC_MAX, "vc+jwt", v->typ_optional, v->key != NULL)))
		return berth_report_note(r, rc);
	if ((rc = authenticate(&t, v))) {
		berth_vc_mark_signature(r, rc);
		goto out;
	}
	r->signature = BERTH_CHECK_PASSED;
	r->holder = BERTH_CHECK_NOT_PRESENT;
	if (!(r->issuer_did = strdup(berth_credential_issuer(t.payload)))) {
		rc = berth_no_memory();
		goto out;
	}
	r->credential = t.payload;
	t.payload = NULL;
	w = berth_window_of(r->credential);
	berth_vc_set_alg(r, &t.jws);
	berth_vc_judge(r, v, &w);
out:
	berth_report_note(r, rc);
	r->verified = r->first == BERTH_OK;
	berth_vc_token_close(&t);
	return r->first;
}
