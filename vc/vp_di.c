/* SPDX-License-Identifier: Apache-2.0 */
/* Presentations with Data Integrity proofs: create and verify. */
#include <stdlib.h>
#include <string.h>

#include "did/url.h"
#include "vc/data_integrity.h"
#include "vc/enveloped.h"
#include "vc/jsonld/di_rdf.h"
#include "vc/judge.h"
#include "vc/presentation.h"

static const char purpose[] = "authentication";

enum berth_err berth_vp_di_create(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
				  const struct berth_di_options *options, const char *const *vcs, size_t n)
{
	struct berth_di_options o = *options;
	struct berth_json *vp;
	char *holder;
	enum berth_err rc;

	if (!berth_is_kid(kid))
		return berth_fail(BERTH_E_KEY, "kid is not an absolute DID URL");
	holder = strndup(kid, berth_did_len(kid));
	vp = berth_json_new_object();
	o.purpose = purpose;
	berth_jsonld_for_proofs();
	if (!holder || !vp)
		rc = berth_no_memory();
	else if (!(rc = berth_vp_build(vp, holder, vcs, n)) && !(rc = berth_di_proof_add(vp, kr, kid, &o)) &&
		 !(rc = berth_json_print(out, vp)) && out->len > BERTH_VP_MAX)
		rc = berth_fail(BERTH_E_SIZE, "presentation of %zu bytes", out->len);
	berth_json_free(vp);
	free(holder);
	return rc;
}

static enum berth_err authenticate(struct berth_report *r, const struct berth_verify *v, const struct berth_json *vp,
				   struct berth_di_set *set)
{
	enum berth_err rc;

	if ((rc = berth_presentation_check(vp)) || (rc = berth_di_set_read(set, vp, purpose)))
		return rc;
	return berth_di_set_verify(r, set, vp, v->resolver, NULL, berth_presentation_holder(vp),
				   BERTH_REL_AUTHENTICATION);
}

/* Every proof is the holder's answer to this verifier and to no other. */
static enum berth_err check_holder(const struct berth_verify *v, const struct berth_json *vp,
				   const struct berth_di_set *set)
{
	const char *holder = berth_presentation_holder(vp);

	if (!holder || !berth_is_did(holder) || !berth_di_set_is_of(set, holder))
		return berth_fail(BERTH_E_HOLDER, "a proof that is not by a key of the holder");
	for (size_t i = 0; i < set->n; i++) {
		const struct berth_di_proof *p = &set->proofs[i];

		if (!v->challenge || !p->challenge || strcmp(p->challenge, v->challenge))
			return berth_fail(BERTH_E_HOLDER, "not the proof's challenge");
		if (v->domain && (!p->domain || !berth_di_domain_has(p->domain, v->domain)))
			return berth_fail(BERTH_E_HOLDER, "not the proof's domain");
	}
	return BERTH_OK;
}

static enum berth_err judge(struct berth_report *r, const struct berth_verify *v, const struct berth_di_set *set)
{
	struct berth_window w = berth_window_of(r->credential);
	enum berth_err rc = check_holder(v, r->credential, set);

	r->signature = BERTH_CHECK_PASSED;
	r->status = r->issuer = BERTH_CHECK_NOT_PRESENT;
	r->holder = rc ? BERTH_CHECK_FAILED : BERTH_CHECK_PASSED;
	berth_report_note(r, rc);
	r->rdf = berth_di_set_is_rdf(set);
	berth_di_set_narrow(set, &w);
	if ((rc = berth_di_set_trim(set, r->credential)))
		return rc;
	berth_vc_warn_contexts(r, r->credential);
	berth_vc_judge_window(r, v, &w);
	return berth_vp_verify_contents(r, v);
}

enum berth_err berth_vp_di_verify(struct berth_report *r, const struct berth_verify *v, const char *text, size_t n)
{
	struct berth_di_set set;
	struct berth_json *vp = NULL;
	enum berth_err parsed = berth_json_parse_exact(&vp, text, n, BERTH_VP_MAX), rc;

	if (berth_vp_is_enveloped(vp)) {
		rc = berth_envelope_verify(r, v, vp, true);
		goto out;
	}
	if ((rc = berth_report_init(r, "di")))
		goto out;
	r->presentation = true;
	if ((rc = parsed) || (rc = authenticate(r, v, vp, &set))) {
		berth_report_note(r, rc);
		berth_vc_mark_signature(r, r->first);
		goto out;
	}
	if (!(r->issuer_did = strndup(set.proofs[0].method, berth_did_len(set.proofs[0].method)))) {
		berth_report_note(r, berth_no_memory());
		goto out;
	}
	r->credential = vp;
	vp = NULL;
	berth_report_note(r, judge(r, v, &set));
	r->verified = r->first == BERTH_OK;
out:
	berth_json_free(vp);
	return r->first;
}
