/* SPDX-License-Identifier: Apache-2.0 */
/* What was kept of a change of a did:ethr: what is read is written the same. */
#include <string.h>

#include "agent/core/ethr_sent.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_buf first = BERTH_BUF_INIT, second = BERTH_BUF_INIT;
	struct berth_ethr_sent s;

	if (berth_ethr_sent_parse(&s, (const char *)p, n))
		return 0;
	if (berth_ethr_sent_print(&first, &s))
		__builtin_trap();
	berth_ethr_sent_free(&s);
	if (berth_ethr_sent_parse(&s, berth_buf_cstr(&first), first.len) || berth_ethr_sent_print(&second, &s) ||
	    strcmp(berth_buf_cstr(&first), berth_buf_cstr(&second)) != 0)
		__builtin_trap();
	berth_ethr_sent_free(&s);
	berth_buf_free(&second);
	berth_buf_free(&first);
	return 0;
}
