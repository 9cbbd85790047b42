/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_DID_PARAMS_H
#define BERTH_DID_DID_PARAMS_H

#include <stdbool.h>

#include "berth/err.h"

/* The DID parameters of a DID URL's query (DID Resolution, 3), percent-decoded;
 * NULL for those that are not there.  Owned. */
struct berth_did_params {
	char *service, *service_type, *relative_ref, *version_id, *version_time, *version_number;
	bool others;	/* there are parameters that nobody here knows */
};

/* query: as berth_did_url_parse() gives it; NULL has none.  E_DID: a parameter twice or
 * without a value, one that decodes to control characters or no UTF-8, a versionTime
 * that is not like 2026-11-23T13:50:00Z, a relativeRef that leaves the endpoint. */
BERTH_MUST_USE enum berth_err berth_did_params_parse(struct berth_did_params *out, const char *query);
void berth_did_params_free(struct berth_did_params *p);

#endif /* BERTH_DID_DID_PARAMS_H */
