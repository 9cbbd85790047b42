/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_RDF_RDFC_H
#define BERTH_VC_RDF_RDFC_H

#include "vc/rdf/rdf.h"

/* RDFC-1.0, W3C RDF Dataset Canonicalization: one text for all datasets that say the
 * same, whatever their blank nodes are called.  Telling like blank nodes apart takes
 * time that grows as fast as an attacker likes ("dataset poisoning"): the work is
 * counted and has an end. */
#define BERTH_RDFC_WORK_MAX 262144	/* statements looked at, hashes made, orders tried */
#define BERTH_RDFC_ISSUED_MAX 256	/* like blank nodes in one chain, and so the depth */

#define BERTH_RDFC_TEXT_MAX ((size_t)8 << 20)	/* bytes of canonical N-Quads */

enum berth_rdfc_hash { BERTH_RDFC_SHA256, BERTH_RDFC_SHA384 };

/* Appends the canonical N-Quads.  ids, unless NULL, has d->n_blank places and gets the
 * n of each blank node's canonical label "c14nN" (UINT32_MAX: in no statement).
 * E_SIZE: past a limit; E_NOMEM. */
BERTH_MUST_USE enum berth_err
berth_rdfc(struct berth_buf *out, uint32_t *ids, const struct berth_rdf *d, enum berth_rdfc_hash hash);

#endif
