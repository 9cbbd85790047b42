/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_PROOF_QUERY_H
#define BERTH_AGENT_PROTOCOL_PROOF_QUERY_H

#include "berth/err.h"
#include "did/base/json.h"

/* Where a query language comes in: a DIF Presentation Exchange definition or a DCQL
 * query, by the attachment format that it came in. */
#define BERTH_QUERY_PEX "dif/presentation-exchange/definitions@v1.0"
#define BERTH_QUERY_DCQL "urn:berth:dcql@v1.0"

/* Whether what was shown (the payloads of credentials, an array) answers the query.
 * E_NOMATCH: it does not; *judged false: nothing here can tell. */
BERTH_MUST_USE enum berth_err
berth_query_answered(const char *format, const struct berth_json *query, const struct berth_json *credentials, bool *judged);

#endif
