/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_TRANSCRIPT_H
#define BERTH_AGENT_PROTOCOL_TRANSCRIPT_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/cur.h"
#include "did/base/json.h"

/* What both sides have said in one thread, for the `th` of the proofs:
 *
 *	th = SHA-256(h_1 || ... || h_n || JCS(body without its proof))
 *
 * with h_i = SHA-256(JCS(plaintext_i)), the earlier messages of the thread in the
 * order of the protocol, sent and received alike.  Only the hashes are kept, so a
 * thread resumes after a restart. */
#define BERTH_TRANSCRIPT_MAX 32

struct berth_transcript {
	size_t n;
	uint8_t h[BERTH_TRANSCRIPT_MAX][32];
};

/* E_SIZE when it is full. */
BERTH_MUST_USE enum berth_err
berth_transcript_add(struct berth_transcript *t, const struct berth_json *plaintext);
/* without: the member of body that is left out ("proof"); NULL: none.  body NULL: E_NOMEM, an
 * object that was not made. */
BERTH_MUST_USE enum berth_err
berth_transcript_th(uint8_t th[32], const struct berth_transcript *t,
		    const struct berth_json *body, const char *without);

/* For the store: the hashes one after the other. */
void berth_transcript_encode(struct berth_buf *out, const struct berth_transcript *t);
BERTH_MUST_USE enum berth_err
berth_transcript_decode(struct berth_transcript *out, const void *p, size_t n);

#endif /* BERTH_AGENT_PROTOCOL_TRANSCRIPT_H */
