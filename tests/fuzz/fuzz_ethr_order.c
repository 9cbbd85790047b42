/* SPDX-License-Identifier: Apache-2.0 */
/* What a did:ethr key is asked to sign over admin.sock: what is read and makes sense is
 * written and read the same. */
#include "agent/core/ethr_order.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_json *in, *out = NULL, *again = NULL;
	struct berth_ethr_order_json o, second = { .value = BERTH_BUF_INIT };

	if (berth_json_parse_object(&in, (const char *)p, n, BERTH_JSON_MAX))
		return 0;
	if (!berth_ethr_order_read(&o, in) && !berth_ethr_order_check(&o.order)) {
		if (berth_ethr_order_write(&out, &o.order) || berth_ethr_order_read(&second, out) ||
		    berth_ethr_order_write(&again, &second.order) || !berth_json_equal(out, again))
			__builtin_trap();
		berth_ethr_order_json_free(&second);
	}
	berth_ethr_order_json_free(&o);
	berth_json_free(again);
	berth_json_free(out);
	berth_json_free(in);
	return 0;
}
