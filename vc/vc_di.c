/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials with Data Integrity proofs: issue and verify. */
#include <stdlib.h>
#include <string.h>

#include "did/url.h"
#include "vc/data_integrity.h"
#include "vc/enveloped.h"
#include "vc/jsonld/di_rdf.h"
#include "vc/judge.h"
#include "vc/vc_jwt1.h"

static const char purpose[] = "assertionMethod";

enum berth_err berth_vc_di_issue(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
				 const struct berth_json *credential, const struct berth_di_options *options)
{
	struct berth_di_options o = *options;
	struct berth_json *copy;
	const char *issuer;
	enum berth_err rc;

	if ((rc = berth_credential_check_any(credential)))
		return rc;
	issuer = berth_credential_issuer(credential);
	if ((rc = berth_issuer_signs(issuer, kid)))
		return rc;
	if (!(copy = berth_json_clone(credential)))
		return berth_no_memory();
	o.purpose = purpose;
	berth_jsonld_for_proofs();
	if (!(rc = berth_di_proof_add(copy, kr, kid, &o)) && !(rc = berth_json_print(out, copy)) &&
	    out->len > BERTH_VC_MAX)
		rc = berth_fail(BERTH_E_SIZE, "credential of %zu bytes", out->len);
	berth_json_free(copy);
	return rc;
}

/* The issuer must have made one of the proofs; all of them must hold (C122). */
static enum berth_err authenticate(struct berth_report *r, const struct berth_verify *v, struct berth_json *vc,
				   struct berth_di_set *set)
{
	const char *issuer = berth_credential_issuer(vc);
	enum berth_err rc;

	if ((rc = berth_credential_check_any(vc)) || (rc = berth_di_set_read(set, vc, purpose)))
		return rc;
	if (!v->key && (!berth_is_did(issuer) || !berth_di_set_has(set, issuer)))
		return berth_fail(BERTH_E_KEY, "no proof by a key of the issuer");
	if ((rc = berth_di_set_verify(r, set, vc, v->resolver, v->key, issuer, BERTH_REL_ASSERTION)))
		return rc;
	if (!v->key && !berth_di_set_is_of(set, issuer))
		berth_report_warn(r, "a proof by somebody else than the issuer");
	return BERTH_OK;
}

static enum berth_err judge(struct berth_report *r, const struct berth_verify *v, const struct berth_di_set *set)
{
	struct berth_window w = berth_window_of(r->credential);
	enum berth_err rc;

	r->signature = BERTH_CHECK_PASSED;
	r->holder = BERTH_CHECK_NOT_PRESENT;
	r->rdf = berth_di_set_is_rdf(set);
	berth_di_set_narrow(set, &w);
	if ((rc = berth_di_set_trim(set, r->credential)))
		return rc;
	if (!(r->issuer_did = strdup(berth_credential_issuer(r->credential))))
		return berth_no_memory();
	berth_vc_judge(r, v, &w);
	return BERTH_OK;
}

enum berth_err berth_vc_di_verify_json(struct berth_report *r, const struct berth_verify *v, struct berth_json *take)
{
	struct berth_di_set set;
	enum berth_err rc;

	/* what carries a token is that token's business */
	if (berth_json_str(berth_json_get(berth_json_get(take, "proof"), "jwt")))
		return berth_vc_proof_jwt_verify(r, v, take);
	if (take && berth_vc_is_enveloped(take)) {
		rc = berth_envelope_verify(r, v, take, false);
		berth_json_free(take);
		return rc;
	}
	if ((rc = berth_report_init(r, "di")) || !take) {
		berth_json_free(take);
		return rc ? rc : berth_report_note(r, berth_no_memory());
	}
	if ((rc = authenticate(r, v, take, &set))) {
		berth_report_note(r, rc);
		berth_vc_mark_signature(r, r->first);
		berth_json_free(take);
		return r->first;
	}
	r->credential = take;
	berth_report_note(r, judge(r, v, &set));
	r->verified = r->first == BERTH_OK;
	return r->first;
}

enum berth_err berth_vc_di_verify(struct berth_report *r, const struct berth_verify *v, const char *text, size_t n)
{
	struct berth_json *vc;
	enum berth_err rc = berth_json_parse_exact(&vc, text, n, v->max ? v->max : BERTH_VC_MAX), no_memory;

	if (!rc)
		return berth_vc_di_verify_json(r, v, vc);
	no_memory = berth_report_init(r, "di");
	return no_memory ? no_memory : berth_report_note(r, rc);
}
