/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_BASE_BUF_H
#define BERTH_DID_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"

/* A growing byte string, the writing twin of struct berth_cur.  Failure is
 * sticky: after the first failed allocation, or past BERTH_BUF_MAX, every write
 * is ignored and berth_buf_status() says why, so a writer writes straight down
 * and asks once.  There is always a NUL behind the last byte of a buf that has
 * been written to, so .p serves as a C string.  Bytes are wiped whenever they
 * are given back to the allocator, so plaintext may be built in one: all that were ever
 * counted in len, though somebody has made it less since; room that was not is left alone. */
struct berth_buf {
	uint8_t *p;	/* owned; NULL while empty */
	size_t len, cap;
	bool bad;
	uint32_t top;	/* the most that len has been since p was allocated or reset */
};

#define BERTH_BUF_INIT { 0 }
#define BERTH_BUF_MAX ((size_t)16 << 20)

void berth_buf_free(struct berth_buf *b);	/* wipes; leaves it empty and usable */
void berth_buf_reset(struct berth_buf *b);	/* empty again, memory kept and wiped */

void berth_buf_put(struct berth_buf *b, const void *p, size_t n);
void berth_buf_u8(struct berth_buf *b, uint8_t v);
void berth_buf_be16(struct berth_buf *b, uint16_t v);
void berth_buf_be32(struct berth_buf *b, uint32_t v);
void berth_buf_be64(struct berth_buf *b, uint64_t v);
void berth_buf_str(struct berth_buf *b, const char *s);	/* without its NUL */
void berth_buf_printf(struct berth_buf *b, const char *fmt, ...) BERTH_PRINTF(2, 3);

/* What berth_cur_vec16/vec32/str16 read.  Longer than the length field can say
 * makes the buf bad. */
void berth_buf_vec16(struct berth_buf *b, const void *p, size_t n);
void berth_buf_vec32(struct berth_buf *b, const void *p, size_t n);
void berth_buf_str16(struct berth_buf *b, const char *s);

/* Makes room for n more bytes, for a writer who knows that many small writes will follow. */
void berth_buf_room(struct berth_buf *b, size_t n);

/* Makes room for n more bytes and returns where they go (uninitialised, already
 * counted in len); NULL when there is none. */
uint8_t *berth_buf_grow(struct berth_buf *b, size_t n);

/* BERTH_OK, or BERTH_E_NOMEM once a write has failed. */
BERTH_MUST_USE enum berth_err berth_buf_status(const struct berth_buf *b);

/* The bytes as a NUL-terminated string that the caller frees with free();
 * the buf is empty afterwards.  NULL when the buf is bad. */
char *berth_buf_take_str(struct berth_buf *b);

static inline const char *berth_buf_cstr(const struct berth_buf *b)
{
	return b->p ? (const char *)b->p : "";
}

#endif /* BERTH_DID_BASE_BUF_H */
