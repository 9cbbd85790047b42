/* SPDX-License-Identifier: Apache-2.0 */
/* Everything resolverd and the core say to each other: first octet which. */
#include "agent/ipc/resolverd_proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	union {
		struct berth_res_load load;
		struct berth_res_loaded loaded;
		struct berth_res_resolve resolve;
		struct berth_res_answer answer;
	} m;
	enum berth_err rc = BERTH_OK;

	if (n == 0)
		return 0;
	switch (p[0]) {
	case 1: rc = berth_res_load_decode(&m.load, p + 1, n - 1); break;
	case 2: rc = berth_res_resolve_decode(&m.resolve, p + 1, n - 1); break;
	case 3: rc = berth_res_loaded_decode(&m.loaded, p + 1, n - 1); break;
	case 4: rc = berth_res_answer_decode(&m.answer, p + 1, n - 1); break;
	default: break;
	}
	(void)rc;
	return 0;
}
