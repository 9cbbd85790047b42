/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_PROOF_QUERY_H
#define BERTH_AGENT_PROTOCOL_PROOF_QUERY_H

#include "agent/protocol/protocol.h"
#include "vc/query.h"

/* The query languages of present-proof, by the attachment format that they come in: a DIF
 * Presentation Exchange definition or a DCQL query. */
#define BERTH_QUERY_PEX "dif/presentation-exchange/definitions@v1.0"
#define BERTH_QUERY_DCQL "urn:berth:dcql@v1.0"

/* E_TYPE, E_SIZE: berth_query_pex(), berth_query_dcql(). */
BERTH_MUST_USE enum berth_err
berth_proof_query(struct berth_query **out, const char *format, const struct berth_json *query);

/* The verdict on a presentation: by the policy, and by our own query; data is the
 * exchange's.  r is filled in every case.  E_NOMATCH: it is good and does not answer the query,
 * and the detail says what is missing. */
BERTH_MUST_USE enum berth_err
berth_proof_judge(struct berth_env *env, const struct berth_json *data, struct berth_report *r, enum berth_vc_format f,
		  const struct berth_buf *text);
/* Right behind it: {"verified", "report"}, and where it is not {"error", "detail"}. */
BERTH_MUST_USE enum berth_err
berth_proof_keep_verdict(struct berth_json *data, const struct berth_report *r, enum berth_err verdict);

#endif
