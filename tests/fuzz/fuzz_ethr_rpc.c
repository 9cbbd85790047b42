/* SPDX-License-Identifier: Apache-2.0 */
/* What a node answers to did:ethr's adapter: first octet how many calls, and whether as a
 * batch.  The adapter is no part of a library, so its source is here. */
#include "registry-adapters/ethr/rpc_reply.c"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct rpc_result r[CALLS_MAX];
	size_t calls;

	if (n == 0)
		return 0;
	calls = 1 + p[0] % CALLS_MAX;
	if (ethr_reply_parse(r, calls, p[0] & 0x80, (const char *)p + 1, n - 1))
		return 0;
	for (size_t i = 0; i < calls; i++)
		if (!r[i].result == !r[i].error[0])
			__builtin_trap();	/* each has the one or the other */
	ethr_results_free(r, calls);
	return 0;
}
