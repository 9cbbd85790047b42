/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_ETHR_TX_H
#define BERTH_DID_ETHR_TX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/ethr.h"
#include "did/ethr_call.h"

/* A transaction that moves no value: there is no member for it.  No access list either. */
struct berth_eth_tx {
	uint64_t chain_id;		/* 1 to BERTH_ETH_CHAIN_MAX */
	uint64_t nonce, gas_limit;
	bool legacy;			/* EIP-155, with gas_price; else EIP-1559 with the other two */
	uint64_t gas_price, max_fee, max_priority_fee;	/* wei for one unit of gas */
	struct berth_eth_address to;
	const uint8_t *data;
	size_t data_len;
};
#define BERTH_ETH_TX_MAX 8192

/* What is hashed and signed, and what is sent.  Appends. */
void berth_eth_tx_unsigned(struct berth_buf *out, const struct berth_eth_tx *tx);
void berth_eth_tx_signed(struct berth_buf *out, const struct berth_eth_tx *tx, const struct berth_eth_sig *sig);
BERTH_MUST_USE enum berth_err berth_eth_tx_hash(uint8_t out[32], const struct berth_eth_tx *tx);

/* A transaction of ours read back: strictly what berth_eth_tx_signed() writes, and
 * `from` recovered from its signature.  data is borrowed from raw.  E_TYPE: something
 * else, any value among it; E_SIG. */
BERTH_MUST_USE enum berth_err
berth_eth_tx_parse(struct berth_eth_tx *tx, struct berth_eth_address *from, const uint8_t *raw, size_t len);

#endif
