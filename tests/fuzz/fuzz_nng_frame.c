/* SPDX-License-Identifier: Apache-2.0 */
/* Both frames of the nng transport; what decodes must encode to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "agent/ipc/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void same(struct berth_buf *b, const uint8_t *p, size_t n, size_t skip_at, size_t skip)
{
	if (b->len != n || memcmp(b->p, p, skip_at) || memcmp(b->p + skip_at + skip, p + skip_at + skip, n - skip_at - skip))
		abort();
	berth_buf_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_frame_request q;
	struct berth_frame_reply r;

	if (!berth_frame_request_decode(&q, p, n)) {
		if (berth_frame_request_encode(&b, &q))
			abort();
		same(&b, p, n, 0, 0);
	}
	if (!berth_frame_reply_decode(&r, p, n)) {
		if (berth_frame_reply_encode(&b, &r))
			abort();
		same(&b, p, n, 2, 4);	/* but for a retry-after that was cut */
	}
	return 0;
}
