/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_ETHR_DOC_H
#define BERTH_DID_ETHR_DOC_H

#include <stdbool.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/json.h"
#include "did/ethr.h"
#include "did/ethr_history.h"

/* What the first n events of a history make of a DID. */
struct berth_ethr_state {
	struct berth_json *doc;		/* owned by the caller */
	bool deactivated;
	size_t n;			/* events that count: those behind a deactivation do not */
	uint64_t next_expiry_s;		/* the last second of the first that ends; UINT64_MAX: none does */
};

/* now_s: what ended before then is left out.  E_NOMEM. */
BERTH_MUST_USE enum berth_err
berth_ethr_document(struct berth_ethr_state *out, const char *did, const struct berth_ethr_did *id,
		    const struct berth_ethr_history *h, size_t n, int64_t now_s);

#endif
