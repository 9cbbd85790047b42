/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CODEC_BASE58_H
#define BERTH_DID_CODEC_BASE58_H

#include <stddef.h>

#include "berth/err.h"
#include "did/base/buf.h"

/* Bitcoin's alphabet.  The work grows with the square of the length, so both
 * ways stop at these sizes with E_SIZE: enough for a long-form did:peer:4. */
#define BERTH_BASE58_TEXT_MAX 8192
#define BERTH_BASE58_BYTES_MAX 5990

BERTH_MUST_USE enum berth_err berth_base58_encode(struct berth_buf *out, const void *p, size_t n);
/* A character outside the alphabet: E_B64. */
BERTH_MUST_USE enum berth_err berth_base58_decode(struct berth_buf *out, const char *s, size_t n);

#endif
