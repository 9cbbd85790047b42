/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_IPC_KEYD_VALUE_H
#define BERTH_AGENT_IPC_KEYD_VALUE_H

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/cur.h"
#include "did/base/key.h"
#include "did/keystore/keystore.h"

/* The kinds of value in keyd's protocol.  Text is be16 length and the bytes with their NUL, so
 * that it can be borrowed; a public key is u8 type (0: none) and be16 length and the bytes;
 * enums and bools are u8, masks be32.  What cannot be read makes the cursor bad. */
void berth_keyd_put_text(struct berth_buf *b, const char *s);	/* NULL: "" */
/* "" when it is not there, so that nobody meets a NULL by surprise. */
const char *berth_keyd_get_text(struct berth_cur *c, size_t max);
const char *berth_keyd_get_optional(struct berth_cur *c, size_t max);	/* NULL for "" */

/* A small number in [min, max]. */
uint8_t berth_keyd_get_u8(struct berth_cur *c, unsigned min, unsigned max);
enum berth_key_type berth_keyd_get_type(struct berth_cur *c);
enum berth_usage berth_keyd_get_usage(struct berth_cur *c);
uint32_t berth_keyd_get_purposes(struct berth_cur *c);

void berth_keyd_put_key(struct berth_buf *b, const struct berth_pubkey *k);	/* NULL: none */
/* The point is checked here, whoever checked it before. */
BERTH_MUST_USE enum berth_err berth_keyd_get_key(struct berth_cur *c, struct berth_pubkey *out);
/* Whoever uses it checks it. */
BERTH_MUST_USE enum berth_err berth_keyd_get_key_unchecked(struct berth_cur *c, struct berth_pubkey *out);

#endif
