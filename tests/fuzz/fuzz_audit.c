/* SPDX-License-Identifier: Apache-2.0 */
/* An export of an audit log, from whoever shows one: what holds has an end that is signed. */
#include <stdlib.h>

#include "agent/core/audit_chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_audit_chain c;

	if (!berth_audit_export_check(&c, (const char *)p, n, NULL, NULL) && (!c.did || c.head.seq != c.seq))
		abort();
	berth_audit_chain_free(&c);
	return 0;
}
