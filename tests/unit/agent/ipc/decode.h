/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_UNIT_IPC_DECODE_H
#define BERTH_TESTS_UNIT_IPC_DECODE_H

/* What decoders of messages between our processes have in common. */
#include "did/base/buf.h"
#include "tests/check.h"

typedef enum berth_err decode_fn(const void *p, size_t n);

/* d_NAME, of berth_PREFIX_NAME_decode(). */
#define DECODER(prefix, name) \
	static enum berth_err d_##name(const void *p, size_t n) \
	{ \
		struct berth_##prefix##_##name m; \
		return berth_##prefix##_##name##_decode(&m, p, n); \
	}

/* The whole decodes; no truncation and no extra byte does.  Frees b. */
static inline void only_whole(struct berth_buf *b, decode_fn *decode)
{
	CHECK_OK(berth_buf_status(b));
	CHECK_OK(decode(b->p, b->len));
	for (size_t n = 0; n < b->len; n++) {
		uint8_t *exact = malloc(n ? n : 1);

		memcpy(exact, b->p, n);
		CHECK_RC(BERTH_E_TYPE, decode(exact, n));
		free(exact);
	}
	berth_buf_u8(b, 0);
	CHECK_RC(BERTH_E_TYPE, decode(b->p, b->len));
	berth_buf_free(b);
}

#endif
