/* SPDX-License-Identifier: Apache-2.0 */
/* A DCQL query over a wallet of a few credentials. */
#include "tests/fuzz/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	return fuzz_query(berth_query_dcql, p, n);
}
