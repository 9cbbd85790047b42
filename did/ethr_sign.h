/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_ETHR_SIGN_H
#define BERTH_DID_ETHR_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/ethr.h"
#include "did/ethr_call.h"
#include "did/keystore/keystore.h"

/* What a key is asked to sign for did:ethr, in fields: the bytes are made here, where the
 * key is, and go to a registry and nowhere else.  Nothing of it moves value. */
struct berth_ethr_order {
	struct berth_ethr_registry registry;
	struct berth_ethr_call call;
	bool meta;			/* only the owner's signature, for another's transaction */
	uint64_t nonce;			/* of the key's account; meta: of the contract */
	/* not for meta: */
	uint64_t gas_limit;
	bool legacy;			/* EIP-155, with gas_price; else EIP-1559 with the other two */
	uint64_t gas_price, max_fee, max_priority_fee;	/* wei for one unit of gas */
	bool relayed;			/* the call is the owner's, who signed it as `owner` */
	struct berth_eth_sig owner;
};

#define BERTH_ETHR_GAS_MIN 21000	/* what any transaction takes */
#define BERTH_ETHR_GAS_MAX 1000000	/* several times what the longest value takes */

/* E_TYPE: a field that is missing, or one too many; a fee or an amount of gas that cannot be
 * meant.  What can be said without a key. */
BERTH_MUST_USE enum berth_err berth_ethr_order_check(const struct berth_ethr_order *o);

/* Signs with the secp256k1 key of that name.  signed_: appended to; the transaction to
 * send, or of meta the signature: r, s and the recovery id, 65 bytes.  hash: of the
 * transaction, by which the chain knows it; of meta what was signed.  E_KEY: another
 * type of key; E_TYPE as above. */
BERTH_MUST_USE enum berth_err
berth_ethr_sign(struct berth_keystore *ks, const char *name, const struct berth_ethr_order *o,
		struct berth_buf *signed_, uint8_t hash[32]);

#endif
