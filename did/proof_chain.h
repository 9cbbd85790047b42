/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_PROOF_CHAIN_H
#define BERTH_DID_PROOF_CHAIN_H

#include "berth/err.h"
#include "did/base/json.h"

/* Proof chains: the proofs of document that ids (a text or a list of texts; NULL:
 * none) name, as a list in the document's order; *out NULL where ids is.  E_SIG: an
 * id that no proof of the document has. */
BERTH_MUST_USE enum berth_err
berth_di_previous(struct berth_json **out, const struct berth_json *document, const struct berth_json *ids);

#endif
