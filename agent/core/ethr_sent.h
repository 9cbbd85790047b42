/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_ETHR_SENT_H
#define BERTH_AGENT_CORE_ETHR_SENT_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/ethr.h"
#include "did/ethr_tx.h"

/* A change of a did:ethr that has been signed and may have left: what is on disk before
 * it does, so that after a crash the same transaction is sent again and never a second
 * one.  As JSON:
 *
 *   {"did": "did:ethr:...", "call": "0x...", "transactions": ["0x...", ...]}
 *
 * call is what was asked for, as the registry's function without signatures.  The
 * transactions all have one nonce of one account, so that one of them at most is ever
 * taken; the last one pays the most. */
#define BERTH_ETHR_ATTEMPTS_MAX 8
#define BERTH_ETHR_SENT_MAX ((size_t)256 << 10)	/* bytes of that JSON */

struct berth_ethr_attempt {
	struct berth_buf raw;
	uint8_t hash[32];		/* by which the chain knows it */
	struct berth_eth_tx tx;		/* borrows from raw */
	struct berth_eth_address from;
};

struct berth_ethr_sent {
	struct berth_buf did, call;	/* text; bytes */
	size_t n;			/* 0: nothing is under way */
	struct berth_ethr_attempt attempt[BERTH_ETHR_ATTEMPTS_MAX];
};
void berth_ethr_sent_free(struct berth_ethr_sent *s);	/* zeroed is fine; leaves it zeroed */

/* E_JSON, E_TYPE, E_SIG: not what print() writes; E_SIZE. */
BERTH_MUST_USE enum berth_err berth_ethr_sent_parse(struct berth_ethr_sent *out, const char *text, size_t len);
BERTH_MUST_USE enum berth_err berth_ethr_sent_print(struct berth_buf *out, const struct berth_ethr_sent *s);

/* Another transaction; copied.  E_TYPE: of another account, chain or nonce than those
 * before; E_SIZE: too many. */
BERTH_MUST_USE enum berth_err berth_ethr_sent_add(struct berth_ethr_sent *s, const void *raw, size_t len);

/* "0x" and digits; appends. */
void berth_ethr_put_hex(struct berth_buf *out, const void *p, size_t n);

#endif
