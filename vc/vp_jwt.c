/* SPDX-License-Identifier: Apache-2.0 */
/* Presentations as vp+jwt around vc+jwt (VC-JOSE-COSE 3.1): create and verify. */
#include <stdlib.h>
#include <string.h>

#include "did/url.h"
#include "vc/token.h"
#include "vc/vc.h"

static const char data_url[] = "data:application/vc+jwt,";

/* ---- create ---- */

static struct berth_json *envelope(const char *token)
{
	struct berth_json *e = berth_json_new_object();
	struct berth_buf id = BERTH_BUF_INIT;

	berth_buf_str(&id, data_url);
	berth_buf_str(&id, token);
	if (berth_buf_status(&id) || berth_json_set_str(e, "@context", BERTH_VC_CONTEXT) ||
	    berth_json_set_str(e, "id", berth_buf_cstr(&id)) ||
	    berth_json_set_str(e, "type", "EnvelopedVerifiableCredential")) {
		berth_json_free(e);
		e = NULL;
	}
	berth_buf_free(&id);
	return e;
}

/* Only what a verifier could read back goes in. */
static enum berth_err push_token(struct berth_json *list, const char *token)
{
	struct berth_vc_token t;
	enum berth_err rc = berth_vc_token_open(&t, token, strlen(token), BERTH_VC_MAX, "vc+jwt", true, true);

	if (rc)
		return rc;
	rc = berth_credential_check(t.payload);
	berth_vc_token_close(&t);
	return rc ? rc : berth_json_push(list, envelope(token));
}

static enum berth_err set_list(struct berth_json *vp, const char *const *vcs, size_t n)
{
	struct berth_json *list;
	enum berth_err rc = BERTH_OK;

	if (n > BERTH_VP_CREDENTIALS_MAX)
		return berth_fail(BERTH_E_SIZE, "presentation of %zu credentials", n);
	if (n == 0)
		return BERTH_OK;
	list = berth_json_new_array();
	for (size_t i = 0; i < n && !rc; i++)
		rc = push_token(list, vcs[i]);
	if (rc) {
		berth_json_free(list);
		return rc;
	}
	return berth_json_set(vp, "verifiableCredential", list);
}

/* ["text"]; NULL without memory. */
static struct berth_json *list_of(const char *text)
{
	struct berth_json *list = berth_json_new_array();

	if (berth_json_push_str(list, text)) {
		berth_json_free(list);
		return NULL;
	}
	return list;
}

static enum berth_err fill(struct berth_json *vp, const char *holder, const char *challenge,
			   const char *domain)
{
	enum berth_err rc;

	if ((rc = berth_json_set(vp, "@context", list_of(BERTH_VC_CONTEXT))) ||
	    (rc = berth_json_set(vp, "type", list_of("VerifiablePresentation"))) ||
	    (rc = berth_json_set_str(vp, "holder", holder)) ||
	    (rc = berth_json_set_str(vp, "nonce", challenge)))
		return rc;
	return domain ? berth_json_set_str(vp, "aud", domain) : BERTH_OK;
}

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
		rc = berth_fail(BERTH_E_NOMEM, "presentation");
		goto out;
	}
	if ((rc = fill(vp, holder, challenge, domain)) || (rc = set_list(vp, vcs, n)) ||
	    (rc = berth_json_print(&payload, vp)))
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

/* Structure and signature.  That the key is the holder's is judge_holder()'s. */
static enum berth_err authenticate(const struct berth_vc_token *t, const struct berth_verify *v)
{
	const char *holder = berth_presentation_holder(t->payload);
	enum berth_err rc;

	if ((rc = berth_presentation_check(t->payload)) ||
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

/* The subject of a credential must be the holder: exactly one, with an id (C119). */
static void bind_subject(struct berth_report *vc, const char *holder)
{
	const char *subject = berth_credential_subject(vc->credential);

	if (!vc->credential)
		return;
	vc->holder = BERTH_CHECK_PASSED;
	if (!holder || !subject || !berth_is_did(subject) || !berth_did_same(subject, holder)) {
		vc->holder = BERTH_CHECK_FAILED;
		berth_report_note(vc, berth_fail(BERTH_E_HOLDER, "credential of another subject"));
		vc->verified = false;
	}
}

/* A credential that is not enveloped carries no proof we verify. */
static enum berth_err verify_one(struct berth_report *vc, const struct berth_verify *v,
				 const struct berth_json *item, const char *holder)
{
	const char *id = berth_json_str(berth_json_get(item, "id"));
	size_t skip = sizeof(data_url) - 1;

	if (!berth_vc_is_enveloped(item) || !id || strncmp(id, data_url, skip)) {
		enum berth_err rc = berth_report_init(vc, "");

		return rc ? rc : berth_report_note(vc, berth_fail(BERTH_E_VC, "not an enveloped vc+jwt"));
	}
	berth_vc_verify(vc, v, id + skip, strlen(id + skip));
	bind_subject(vc, holder);
	return vc->first;
}

/* The conjunction: checks are merged, the failure of a credential is ours. */
static enum berth_err merge(struct berth_report *r, const struct berth_report *vc)
{
	r->signature = berth_check_and(r->signature, vc->signature);
	r->validity = berth_check_and(r->validity, vc->validity);
	r->status = berth_check_and(r->status, vc->status);
	r->issuer = berth_check_and(r->issuer, vc->issuer);
	r->holder = berth_check_and(r->holder, vc->holder);
	if (vc->first)
		berth_report_note(r, berth_fail(vc->first, "verifiableCredential[%zu]: %s",
						berth_json_len(r->credentials), vc->detail));
	berth_json_each(w, vc->warnings)
		berth_report_warn(r, "%s", berth_json_str(w));
	return berth_json_push(r->credentials, berth_report_json(vc));
}

static enum berth_err verify_credentials(struct berth_report *r, const struct berth_verify *v)
{
	const struct berth_json *list = berth_json_get(r->credential, "verifiableCredential"), *it;
	const char *holder = berth_presentation_holder(r->credential);
	struct berth_report vc;
	enum berth_err rc = BERTH_OK;

	if (!(r->credentials = berth_json_new_array()))
		return berth_fail(BERTH_E_NOMEM, "report");
	if (!list)
		berth_report_warn(r, "presentation without credentials");
	if (berth_json_is(list, BERTH_JSON_ARRAY) && berth_json_len(list) > BERTH_VP_CREDENTIALS_MAX)
		return berth_fail(BERTH_E_SIZE, "presentation of %zu credentials", berth_json_len(list));
	it = berth_json_is(list, BERTH_JSON_OBJECT) ? list : berth_json_first(list);
	for (; it && !rc; it = it == list ? NULL : berth_json_next(it)) {
		verify_one(&vc, v, it, holder);
		rc = merge(r, &vc);
		berth_report_free(&vc);
	}
	return rc;
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
	return verify_credentials(r, v);
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
		if (rc == BERTH_E_SIG || rc == BERTH_E_ALG || rc == BERTH_E_KEY)
			r->signature = BERTH_CHECK_FAILED;
		goto out;
	}
	r->credential = t.payload;
	t.payload = NULL;
	if (!(r->issuer_did = strndup(t.jws.kid, berth_did_len(t.jws.kid)))) {
		rc = berth_fail(BERTH_E_NOMEM, "report");
		goto out;
	}
	rc = judge(r, v, t.jws.kid);
out:
	berth_report_note(r, rc);
	r->verified = r->first == BERTH_OK;
	berth_vc_token_close(&t);
	return r->first;
}
