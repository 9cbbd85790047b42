/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte is the op, the rest a request's payload, which is read as an answer
 * as well.  Whatever decodes must encode to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "agent/ipc/keyd_proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void same(struct berth_buf *b, const uint8_t *p, size_t n)
{
	if (b->len != n || (n && memcmp(b->p, p, n)))
		abort();
	berth_buf_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_keyd_request r;
	struct berth_keyd_reply reply;

	if (n == 0)
		return 0;
	if (berth_keyd_decode(&r, p[0], p + 1, n - 1) == BERTH_OK) {
		berth_keyd_encode(&b, &r);
		same(&b, p + 1, n - 1);
	}
	if (p[0] > 0 && p[0] < BERTH_KEYD__END &&
	    berth_keyd_reply_decode(&reply, (enum berth_keyd_op)p[0], p + 1, n - 1) == BERTH_OK) {
		berth_keyd_reply_encode(&b, (enum berth_keyd_op)p[0], &reply);
		same(&b, p + 1, n - 1);
	}
	return 0;
}
