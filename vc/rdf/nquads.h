/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_RDF_NQUADS_H
#define BERTH_VC_RDF_NQUADS_H

#include "vc/rdf/rdf.h"

/* Appends one statement with its line feed in the canonical form (RDFC-1.0, "A
 * Canonical form of N-Quads").  name writes a blank node. */
typedef void berth_blank_name(struct berth_buf *out, uint32_t blank, const void *arg);
void berth_nquads_write(struct berth_buf *out, const struct berth_rdf_quad *q, berth_blank_name *name,
			const void *arg);

#endif
