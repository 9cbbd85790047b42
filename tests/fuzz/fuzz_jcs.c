/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical text canonicalises to itself. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "did/codec/jcs.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_buf once = BERTH_BUF_INIT, twice = BERTH_BUF_INIT;
	struct berth_json *v, *again;

	if (berth_json_parse_exact(&v, (const char *)p, n, BERTH_JSON_MAX))
		return 0;
	if (berth_jcs(&once, v) ||
	    berth_json_parse_exact(&again, (const char *)once.p, once.len, BERTH_BUF_MAX) ||
	    berth_jcs(&twice, again) || once.len != twice.len || memcmp(once.p, twice.p, once.len))
		abort();
	berth_json_free(again);
	berth_json_free(v);
	berth_buf_free(&once);
	berth_buf_free(&twice);
	return 0;
}
