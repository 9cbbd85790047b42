/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials as SD-JWT: SD-JWT VC (dc+sd-jwt, once vc+sd-jwt) and the W3C's model as
 * vc+sd-jwt (VC-JOSE-COSE 3.2).  An @context tells the two apart. */
#include <stdlib.h>
#include <string.h>

#include "did/signer.h"
#include "did/url.h"
#include "vc/judge.h"
#include "vc/sd_kb.h"

static bool is_vcdm(const struct berth_json *payload)
{
	return berth_json_get(payload, "@context") != NULL;
}

/* ---- issue ---- */

static enum berth_err check_vct(const struct berth_json *claims)
{
	const char *vct = berth_json_str(berth_json_get(claims, "vct"));

	if (!vct || !*vct)
		return berth_fail(BERTH_E_VC, "vct is missing");
	return berth_vc_check_times(claims);
}

/* Structure, and in *issuer who has issued it; NULL: iss is not said. */
static enum berth_err check(const struct berth_json *payload, const char **issuer)
{
	const struct berth_json *iss = berth_json_get(payload, "iss");
	enum berth_err rc;

	if (is_vcdm(payload)) {
		*issuer = berth_credential_issuer(payload);
		if ((rc = berth_credential_check(payload)))
			return rc;
		return berth_vc_check_claims(payload, *issuer, berth_credential_subject(payload));
	}
	*issuer = berth_json_str(iss);
	if (iss && !*issuer)
		return berth_fail(BERTH_E_VC, "iss is not text");
	return check_vct(payload);
}

enum berth_err berth_vc_sd_issue(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
				 const struct berth_json *claims, bool vcdm, const char *const *pointers, size_t n, size_t decoys)
{
	const char *issuer;
	enum berth_err rc;

	if (!berth_json_is(claims, BERTH_JSON_OBJECT) || is_vcdm(claims) != vcdm)
		return berth_fail(BERTH_E_VC, vcdm ? "no @context" : "an @context: that is vc+sd-jwt");
	if ((rc = check(claims, &issuer)))
		return rc;
	if (issuer ? (rc = berth_issuer_signs(issuer, kid)) : !berth_is_kid(kid))
		return rc ? rc : berth_fail(BERTH_E_KEY, "the key's id is no DID URL");
	return berth_sd_issue(out, kr, kid, claims, pointers, n, decoys);
}

/* ---- verify ---- */

/* dc+sd-jwt is never the W3C's model. */
static enum berth_err check_typ(const struct berth_sd_jwt *sd, const struct berth_verify *v)
{
	const char *typ = sd->jws.typ;

	if (!typ && v->typ_optional)
		return BERTH_OK;
	if (typ && (!strcmp(typ, "vc+sd-jwt") || (!strcmp(typ, "dc+sd-jwt") && !is_vcdm(sd->payload))))
		return BERTH_OK;
	return berth_fail(BERTH_E_ENV, "typ is %.40s", typ ? typ : "missing");
}

/* Claims that must not be withheld are not taken from disclosures either. */
static enum berth_err check_open(const struct berth_sd_jwt *sd)
{
	for (size_t i = 0; i < sd->n; i++)
		if (berth_sd_is_open(sd->disclosures[i].path, false))
			return berth_fail(BERTH_E_SDJWT, "%.80s is a disclosure", sd->disclosures[i].path);
	return BERTH_OK;
}

static enum berth_err verify_signature(const struct berth_sd_jwt *sd, const struct berth_verify *v, const char *issuer)
{
	struct berth_did_doc *doc;
	const struct berth_vm *vm;
	enum berth_err rc;

	if (v->key)
		return berth_jws_verify(&sd->jws, v->key);
	if (issuer && (!berth_is_did(issuer) || !berth_did_same(sd->jws.kid, issuer)))
		return berth_fail(BERTH_E_KEY, "kid is not a key of the issuer");
	if (!(rc = berth_resolve_signer(v->resolver, sd->jws.kid, issuer, &doc)) &&
	    !(rc = berth_did_doc_key(doc, sd->jws.kid, BERTH_REL_ASSERTION, &vm)))
		rc = berth_jws_verify(&sd->jws, &vm->key);
	berth_did_doc_free(doc);
	return rc;
}

static enum berth_err authenticate(struct berth_sd_jwt *sd, const struct berth_verify *v, const char **issuer)
{
	enum berth_err rc;

	if ((rc = check_typ(sd, v)) || (!v->key && (rc = berth_jws_require_kid(&sd->jws))) ||
	    (rc = berth_sd_process(sd)) || (rc = check_open(sd)) || (rc = check(sd->payload, issuer)))
		return rc;
	return verify_signature(sd, v, *issuer);
}

/* A binding that comes with a credential is looked at, too, but nobody has asked for it. */
static void judge_holder(struct berth_report *r, const struct berth_verify *v, const struct berth_sd_jwt *sd,
			 bool presentation)
{
	enum berth_err rc;

	r->holder = BERTH_CHECK_NOT_PRESENT;
	if (!presentation && !sd->kb)
		return;
	rc = berth_sd_kb_verify(sd, v, presentation);
	r->holder = rc ? BERTH_CHECK_FAILED : presentation ? BERTH_CHECK_PASSED : BERTH_CHECK_NOT_CHECKED;
	berth_report_note(r, rc);
	if (!presentation && !rc)
		berth_report_warn(r, "key binding not compared with a challenge");
}

static char *name_of(const char *issuer, const struct berth_sd_jwt *sd)
{
	if (issuer || !sd->jws.kid)
		return strdup(issuer ? issuer : "");
	return strndup(sd->jws.kid, berth_did_len(sd->jws.kid));
}

static enum berth_err judge(struct berth_report *r, const struct berth_verify *v, struct berth_sd_jwt *sd,
			    const char *issuer, bool presentation)
{
	struct berth_window w = berth_window_of(sd->payload);

	r->signature = BERTH_CHECK_PASSED;
	if (!(r->issuer_did = name_of(issuer, sd)))
		return berth_no_memory();
	judge_holder(r, v, sd, presentation);
	r->credential = sd->payload;
	sd->payload = NULL;
	berth_vc_set_alg(r, &sd->jws);
	berth_vc_judge(r, v, &w);
	return BERTH_OK;
}

static enum berth_err set_format(struct berth_report *r, const char *format)
{
	free(r->format);
	r->format = strdup(format);
	return r->format ? BERTH_OK : berth_no_memory();
}

static enum berth_err verify(struct berth_report *r, const struct berth_verify *v, const char *text, size_t n,
			     bool presentation)
{
	const char *issuer = NULL;
	struct berth_sd_jwt sd;
	enum berth_err rc;

	if ((rc = berth_report_init(r, "dc+sd-jwt")))
		return rc;
	if ((rc = berth_sd_parse(&sd, text, n)))
		return berth_report_note(r, rc);
	if ((is_vcdm(sd.payload) && (rc = set_format(r, "vc+sd-jwt"))) || (rc = authenticate(&sd, v, &issuer)))
		berth_vc_mark_signature(r, rc);
	else
		rc = judge(r, v, &sd, issuer, presentation);
	berth_report_note(r, rc);
	r->verified = r->first == BERTH_OK;
	berth_sd_free(&sd);
	return r->first;
}

enum berth_err berth_vc_sd_verify(struct berth_report *r, const struct berth_verify *v, const char *text, size_t n)
{
	return verify(r, v, text, n, false);
}

enum berth_err berth_vp_sd_verify(struct berth_report *r, const struct berth_verify *v, const char *text, size_t n)
{
	return verify(r, v, text, n, true);
}
