/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is accepted is the one encoding of the values in it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/did/codec/rlp_whole.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void again(struct berth_buf *out, struct berth_cur *c)
{
	struct berth_rlp v = berth_rlp_next(c);
	struct berth_buf items = BERTH_BUF_INIT;

	if (c->bad)
		abort();
	if (!v.is_list) {
		berth_rlp_put_bytes(out, v.in.p, v.in.n);
		return;
	}
	while (v.in.n)
		again(&items, &v.in);
	berth_rlp_put_list(out, &items);
	berth_buf_free(&items);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_buf out = BERTH_BUF_INIT;
	struct berth_cur c = berth_cur(p, n);

	if (n > 1 << 16 || rlp_check(p, n))
		return 0;
	again(&out, &c);
	if (!berth_cur_done(&c) || out.len != n || memcmp(out.p, p, n))
		abort();
	berth_buf_free(&out);
	return 0;
}
