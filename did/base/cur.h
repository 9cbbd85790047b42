/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_BASE_CUR_H
#define BERTH_DID_BASE_CUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A read position over bytes somebody else wrote.  Failure is sticky: after
 * the first short read every read yields zero or NULL, so a parser reads
 * straight down and asks once, at the end, through berth_cur_done().  In a
 * loop whose count comes from the input, test !c.bad in the condition. */
struct berth_cur {
	const uint8_t *p;
	size_t n;
	bool bad;
};

static inline struct berth_cur berth_cur(const void *p, size_t n)
{
	return (struct berth_cur){ .p = p, .n = n };
}

/* Borrows the next n bytes; NULL when they are not there. */
static inline const uint8_t *berth_cur_bytes(struct berth_cur *c, size_t n)
{
	const uint8_t *p = c->p;

	if (c->bad || n > c->n) {
		c->bad = true;
		return NULL;
	}
	c->p += n;
	c->n -= n;
	return p;
}

/* Copies exactly n bytes into out; out is zeroed when they are not there. */
static inline void berth_cur_copy(struct berth_cur *c, void *out, size_t n)
{
	const uint8_t *p = berth_cur_bytes(c, n);

	if (p && n)
		memcpy(out, p, n);
	else if (n)
		memset(out, 0, n);
}

uint8_t berth_cur_u8(struct berth_cur *c);
uint16_t berth_cur_be16(struct berth_cur *c);
uint32_t berth_cur_be32(struct berth_cur *c);
uint64_t berth_cur_be64(struct berth_cur *c);

/* multiformats unsigned-varint: minimal encoding, at most 9 bytes. */
uint64_t berth_cur_uvarint(struct berth_cur *c);

/* A be16 or be32 length, then that many bytes, at most max; borrowed. */
struct berth_cur berth_cur_vec16(struct berth_cur *c, size_t max);
struct berth_cur berth_cur_vec32(struct berth_cur *c, size_t max);

/* A be16 length, then text without NUL, at most max bytes without the final
 * NUL.  Copied to out (max + 1 bytes); "" when it is not there. */
void berth_cur_str16(struct berth_cur *c, char *out, size_t max);

/* True when nothing failed and nothing is left over. */
static inline bool berth_cur_done(const struct berth_cur *c)
{
	return !c->bad && c->n == 0;
}

#endif /* BERTH_DID_BASE_CUR_H */
