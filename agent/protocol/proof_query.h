/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_PROOF_QUERY_H
#define BERTH_AGENT_PROTOCOL_PROOF_QUERY_H

#include "vc/query.h"

/* The query languages of present-proof, by the attachment format that they come in: a DIF
 * Presentation Exchange definition or a DCQL query. */
#define BERTH_QUERY_PEX "dif/presentation-exchange/definitions@v1.0"
#define BERTH_QUERY_DCQL "urn:berth:dcql@v1.0"

/* E_TYPE, E_SIZE: berth_query_pex(), berth_query_dcql(). */
BERTH_MUST_USE enum berth_err
berth_proof_query(struct berth_query **out, const char *format, const struct berth_json *query);

/* The verifier: whether the presentation text, of which r is the report, answers the
 * query.  E_NOMATCH: it does not, and the detail says what is missing. */
BERTH_MUST_USE enum berth_err
berth_proof_answered(const char *format, const struct berth_json *query, const struct berth_report *r, const char *text,
		     size_t n);

#endif
