/* SPDX-License-Identifier: Apache-2.0 */
/* What a verifier says of a presentation. */
#include "agent/protocol/proof_query.h"

#include <stdio.h>
#include <string.h>

#include "agent/protocol/exchange.h"
#include "agent/protocol/onboarding.h"

enum berth_err berth_proof_query(struct berth_query **out, const char *format, const struct berth_json *query)
{
	return strcmp(format, BERTH_QUERY_PEX) == 0 ? berth_query_pex(out, query) : berth_query_dcql(out, query);
}

static enum berth_err not_answered(void)
{
	char why[200];

	snprintf(why, sizeof(why), "%s", berth_err_detail());
	return berth_fail(BERTH_E_NOMATCH, "what was shown does not answer the request: %s", why);
}

/* Validity was judged with the presentation. */
static enum berth_err match(const struct berth_query *q, const struct berth_report *r, const struct berth_buf *text)
{
	struct berth_wallet shown = { 0 };
	struct berth_answer answer = { 0 };
	enum berth_err rc = berth_wallet_add_presented(&shown, r, berth_buf_cstr(text), text->len);

	if (!rc && (rc = berth_query_match(&answer, q, &shown, -1)) == BERTH_E_NOMATCH)
		rc = not_answered();
	berth_answer_free(&answer);
	berth_wallet_free(&shown);
	return rc;
}

enum berth_err berth_proof_judge(struct berth_env *env, const struct berth_json *data, struct berth_report *r,
				 enum berth_vc_format f, const struct berth_buf *text)
{
	struct berth_verify v = berth_exchange_verify(env);
	struct berth_query *q;
	enum berth_err rc;

	v.challenge = berth_data_str(data, "challenge");
	v.domain = berth_data_str(data, "domain");
	if ((rc = berth_verify_presentation(r, &v, f, berth_buf_cstr(text), text->len)))
		return berth_fail(rc, "%s", r->detail);
	if ((rc = berth_proof_query(&q, berth_data_str(data, "queryFormat"), berth_json_get(data, "query"))))
		return rc;
	rc = match(q, r, text);
	berth_query_free(q);
	return rc;
}

enum berth_err berth_proof_keep_verdict(struct berth_json *data, const struct berth_report *r, enum berth_err verdict)
{
	char detail[sizeof(r->detail)];
	struct berth_json *report;
	enum berth_err rc;

	snprintf(detail, sizeof(detail), "%s", berth_err_detail());
	report = berth_report_json(r);
	if ((rc = report ? berth_json_set(data, "report", report) : berth_no_memory()) ||
	    (rc = berth_json_set_bool(data, "verified", !verdict)) || !verdict ||
	    (rc = berth_json_set_str(data, "error", berth_err_name(verdict))))
		return rc;
	return berth_json_set_str(data, "detail", detail);
}
