/* SPDX-License-Identifier: Apache-2.0 */
/* What the reader accepts prints to text that it reads as the same value, and whoever
 * reads less of it accepts the same texts. */
#include <stdint.h>
#include <stdlib.h>

#include "did/base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void compare(const char *p, size_t n, enum berth_err rc, bool object)
{
	static const char *const names[] = { "a", "id", NULL };
	struct berth_json *v;

	if (berth_json_check(p, n, BERTH_JSON_MAX) != rc ||
	    berth_json_parse_members(&v, p, n, BERTH_JSON_MAX, names) != (rc || object ? rc : BERTH_E_TYPE))
		abort();
	berth_json_free(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_buf out = BERTH_BUF_INIT;
	struct berth_json *v, *again;
	enum berth_err rc = berth_json_parse(&v, (const char *)p, n, BERTH_JSON_MAX);

	compare((const char *)p, n, rc, berth_json_is(v, BERTH_JSON_OBJECT));
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
