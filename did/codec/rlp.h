/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CODEC_RLP_H
#define BERTH_DID_CODEC_RLP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/cur.h"

/* Recursive Length Prefix (Ethereum): a value is a byte string or a list of values.
 *
 * Writing appends and fails as struct berth_buf does. */
void berth_rlp_put_bytes(struct berth_buf *out, const void *p, size_t n);
/* A number is its big-endian bytes without zeros in front; 0 is the empty string. */
void berth_rlp_put_number(struct berth_buf *out, const void *be, size_t n);
void berth_rlp_put_u64(struct berth_buf *out, uint64_t v);
/* A list whose values have been written to items. */
void berth_rlp_put_list(struct berth_buf *out, const struct berth_buf *items);

struct berth_rlp {
	bool is_list;
	struct berth_cur in;	/* the string, or the list's values; borrowed */
};

/* The next value, with the one header that its length may have: another, or one of
 * more bytes than there are, makes the cursor bad and the value an empty string. */
struct berth_rlp berth_rlp_next(struct berth_cur *c);
/* The same, and it must be a string or a list. */
struct berth_cur berth_rlp_string(struct berth_cur *c);
struct berth_cur berth_rlp_list(struct berth_cur *c);
/* A string that is a number below 2^64. */
uint64_t berth_rlp_u64(struct berth_cur *c);

#endif
