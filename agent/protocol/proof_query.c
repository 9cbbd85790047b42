/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/proof_query.h"

#include <stdio.h>
#include <string.h>

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
enum berth_err berth_proof_answered(const char *format, const struct berth_json *query, const struct berth_report *r,
				    const char *text, size_t n)
{
	struct berth_query *q = NULL;
	struct berth_wallet shown = { 0 };
	struct berth_answer answer = { 0 };
	enum berth_err rc;

	if (!(rc = berth_proof_query(&q, format, query)) && !(rc = berth_wallet_add_presented(&shown, r, text, n)) &&
	    (rc = berth_query_match(&answer, q, &shown, -1)) == BERTH_E_NOMATCH)
		rc = not_answered();
	berth_answer_free(&answer);
	berth_wallet_free(&shown);
	berth_query_free(q);
	return rc;
}
