/* SPDX-License-Identifier: Apache-2.0 */
#include "vc/judge.h"

#include <stdio.h>
#include <string.h>

#include "did/url.h"
#include "vc/policy.h"

static bool is_same(const char *trusted, const char *issuer)
{
	return !strcmp(trusted, issuer) || (berth_is_did(trusted) && berth_did_same(trusted, issuer));
}

static void judge_issuer(struct berth_report *r, const struct berth_verify *v)
{
	r->issuer = BERTH_CHECK_NOT_CHECKED;
	if (v->n_trust == 0) {
		berth_report_warn(r, "issuer not checked: no trusted issuers given");
		return;
	}
	for (size_t i = 0; i < v->n_trust; i++) {
		if (is_same(v->trust[i], r->issuer_did)) {
			r->issuer = BERTH_CHECK_PASSED;
			return;
		}
	}
	r->issuer = BERTH_CHECK_FAILED;
	berth_report_note(r, berth_fail(BERTH_E_AUTHZ, "issuer %.120s is not trusted", r->issuer_did));
}

void berth_vc_judge(struct berth_report *r, const struct berth_verify *v, const struct berth_window *w)
{
	struct berth_verify by_rule = *v;

	berth_vc_policy_apply(&by_rule, r);
	if (berth_json_get(r->credential, "@context"))
		berth_vc_warn_contexts(r, r->credential);
	berth_vc_judge_window(r, v, w);
	berth_vc_judge_status(r, &by_rule);
	berth_vc_judge_schema(r, v);
	if (v->policy)
		berth_vc_policy_judge(r, v);
	else
		judge_issuer(r, v);
}

void berth_vc_set_alg(struct berth_report *r, const struct berth_jws *jws)
{
	snprintf(r->alg, sizeof(r->alg), "%s", jws->alg);
}

void berth_vc_mark_signature(struct berth_report *r, enum berth_err rc)
{
	if (rc == BERTH_E_SIG || rc == BERTH_E_ALG || rc == BERTH_E_KEY)
		r->signature = BERTH_CHECK_FAILED;
}
