/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_NQUADS_H
#define BERTH_TESTS_FAKES_NQUADS_H

#include "vc/rdf/rdf.h"

/* RDF 1.1 N-Quads, strictly: absolute IRIs, no surrogates, one statement a line.  No
 * credential comes in this form: it is what the tests of RDFC-1.0 are written in.
 * Adds to an empty dataset.  E_VC: which line; E_SIZE, E_NOMEM. */
BERTH_MUST_USE enum berth_err test_nquads_parse(struct berth_rdf *d, const char *text, size_t n);

#endif /* BERTH_TESTS_FAKES_NQUADS_H */
