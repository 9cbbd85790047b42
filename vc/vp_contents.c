/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "did/url.h"
#include "vc/data_integrity.h"
#include "vc/enveloped.h"
#include "vc/presentation.h"

bool berth_vp_has_embedded(const struct berth_json *vp)
{
	const struct berth_json *list = berth_json_get(vp, "verifiableCredential");

	if (berth_json_is(list, BERTH_JSON_OBJECT))
		return !berth_vc_is_enveloped(list);
	berth_json_each(it, list)
		if (!berth_vc_is_enveloped(it))
			return true;
	return false;
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

static enum berth_err refuse(struct berth_report *vc, const char *why)
{
	enum berth_err rc = berth_report_init(vc, "");

	return rc ? rc : berth_report_note(vc, berth_fail(BERTH_E_VC, "%s", why));
}

/* A credential that is not enveloped carries its proofs with it. */
static enum berth_err verify_one(struct berth_report *vc, const struct berth_verify *v,
				 const struct berth_json *item, const char *holder)
{
	if (berth_vc_is_enveloped(item))
		berth_envelope_verify(vc, v, item, false);
	else if (berth_json_get(item, "proof"))
		berth_vc_di_verify_json(vc, v, berth_json_clone(item));
	else
		refuse(vc, "neither enveloped nor with a proof");
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
	r->schema = berth_check_and(r->schema, vc->schema);
	berth_json_each(rule, vc->rules)
		berth_report_rule(r, berth_json_str(rule));
	berth_json_each(check, vc->assumed)
		berth_report_assume(r, berth_json_str(check));
	if (vc->first)
		berth_report_note(r, berth_fail(vc->first, "verifiableCredential[%zu]: %s",
						berth_json_len(r->credentials), vc->detail));
	berth_json_each(w, vc->warnings)
		berth_report_warn(r, "%s", berth_json_str(w));
	return berth_json_push(r->credentials, berth_report_json(vc));
}

enum berth_err berth_vp_verify_contents(struct berth_report *r, const struct berth_verify *v)
{
	const struct berth_json *list = berth_json_get(r->credential, "verifiableCredential"), *it;
	const char *holder = berth_presentation_holder(r->credential);
	struct berth_report vc;
	enum berth_err rc = BERTH_OK;

	if (!(r->credentials = berth_json_new_array()))
		return berth_no_memory();
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
