/* SPDX-License-Identifier: Apache-2.0 */
/* What the reader accepts prints to text that it reads as the same value. */
#include <stdint.h>
#include <stdlib.h>

#include "did/base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_buf out = BERTH_BUF_INIT;
	struct berth_json *v, *again;
	enum berth_err rc = berth_json_parse(&v, (const char *)p, n, BERTH_JSON_MAX);

	if (berth_json_check((const char *)p, n, BERTH_JSON_MAX) != rc)
		abort();
	if (rc)
		return 0;
	if (berth_json_print(&out, v) ||
	    berth_json_parse(&again, (const char *)out.p, out.len, BERTH_BUF_MAX) || !berth_json_equal(v, again))
		abort();
	berth_json_free(again);
	berth_json_free(v);
	berth_buf_free(&out);
	return 0;
}
