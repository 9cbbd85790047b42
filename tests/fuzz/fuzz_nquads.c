/* SPDX-License-Identifier: Apache-2.0 */
/* N-Quads and RDFC-1.0: what is canonical stays as it is when it is read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fakes/nquads.h"
#include "vc/rdf/rdfc.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static enum berth_err canonical(struct berth_buf *out, const char *text, size_t n)
{
	struct berth_rdf d;
	enum berth_err rc;

	berth_rdf_init(&d);
	if (!(rc = test_nquads_parse(&d, text, n)))
		rc = berth_rdfc(out, NULL, &d, BERTH_RDFC_SHA256);
	berth_rdf_free(&d);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_buf once = BERTH_BUF_INIT, twice = BERTH_BUF_INIT;
	enum berth_err rc = canonical(&once, (const char *)p, n);

	if (rc && rc != BERTH_E_VC && rc != BERTH_E_SIZE)
		abort();
	if (!rc && (canonical(&twice, berth_buf_cstr(&once), once.len) || once.len != twice.len ||
		    (once.len && memcmp(once.p, twice.p, once.len))))
		abort();
	berth_buf_free(&once);
	berth_buf_free(&twice);
	return 0;
}
