/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_RDF_NQUADS_H
#define BERTH_VC_RDF_NQUADS_H

#include "vc/rdf/rdf.h"

/* RDF 1.1 N-Quads, strictly: absolute IRIs, no surrogates, one statement a line.
 * Adds to an empty dataset.  E_VC: which line; E_SIZE, E_NOMEM. */
BERTH_MUST_USE enum berth_err berth_nquads_parse(struct berth_rdf *d, const char *text, size_t n);

/* Appends one statement with its line feed in the canonical form (RDFC-1.0, "A
 * Canonical form of N-Quads").  name writes a blank node. */
typedef void berth_blank_name(struct berth_buf *out, uint32_t blank, const void *arg);
void berth_nquads_write(struct berth_buf *out, const struct berth_rdf_quad *q, berth_blank_name *name,
			const void *arg);

#endif
