/* SPDX-License-Identifier: Apache-2.0 */
#include "did/ethr_sign.h"

#include <string.h>

#include "did/crypto/keccak.h"
#include "did/crypto/recover.h"
#include "did/ethr_tx.h"

static bool has_fees(const struct berth_ethr_order *o)
{
	return o->gas_limit || o->legacy || o->gas_price || o->max_fee || o->max_priority_fee || o->relayed;
}

static enum berth_err check_gas(const struct berth_ethr_order *o)
{
	if (o->gas_limit < BERTH_ETHR_GAS_MIN || o->gas_limit > BERTH_ETHR_GAS_MAX)
		return berth_fail(BERTH_E_TYPE, "a gas limit of %llu: %d to %d", (unsigned long long)o->gas_limit,
				  BERTH_ETHR_GAS_MIN, BERTH_ETHR_GAS_MAX);
	if (o->legacy ? o->max_fee || o->max_priority_fee : o->gas_price != 0)
		return berth_fail(BERTH_E_TYPE, "fees of both kinds of transaction");
	/* EIP-1559: "the max_fee_per_gas must be greater than or equal to the max_priority_fee_per_gas" */
	if (o->max_priority_fee > o->max_fee)
		return berth_fail(BERTH_E_TYPE, "a priority fee above the highest fee");
	return BERTH_OK;
}

enum berth_err berth_ethr_order_check(const struct berth_ethr_order *o)
{
	uint8_t unused[32];

	if (o->registry.chain_id == 0 || o->registry.chain_id > BERTH_ETH_CHAIN_MAX)
		return berth_fail(BERTH_E_TYPE, "no chain has the id %llu", (unsigned long long)o->registry.chain_id);
	if (o->meta ? has_fees(o) : o->relayed && o->owner.recovery > 1)
		return berth_fail(BERTH_E_TYPE, o->meta ? "a signature for another's transaction has no fees"
				  : "the owner's signature has no such recovery id");
	if (!o->meta && check_gas(o))
		return BERTH_E_TYPE;
	return berth_ethr_meta_hash(unused, &o->call, &o->registry.address, 0);	/* checks the call */
}

static enum berth_err sign_hash(struct berth_eth_sig *sig, struct berth_keystore *ks, const char *name,
				const uint8_t hash[32])
{
	struct berth_key_info key;
	enum berth_err rc;

	if ((rc = berth_keystore_find(ks, name, &key)) || (rc = berth_keystore_sign_digest(ks, name, hash, sig->rs)))
		return rc;
	return berth_k1_find_recovery(&sig->recovery, &key.pub, hash, sig->rs);
}

static enum berth_err sign_meta(struct berth_keystore *ks, const char *name, const struct berth_ethr_order *o,
				struct berth_buf *signed_, uint8_t hash[32])
{
	struct berth_eth_sig sig;
	enum berth_err rc;

	if ((rc = berth_ethr_meta_hash(hash, &o->call, &o->registry.address, o->nonce)) ||
	    (rc = sign_hash(&sig, ks, name, hash)))
		return rc;
	berth_buf_put(signed_, sig.rs, sizeof(sig.rs));
	berth_buf_u8(signed_, sig.recovery);
	return berth_buf_status(signed_);
}

static enum berth_err sign_tx(struct berth_keystore *ks, const char *name, const struct berth_ethr_order *o,
			      struct berth_buf *signed_, uint8_t hash[32])
{
	struct berth_buf data = BERTH_BUF_INIT;
	size_t before = signed_->len;
	struct berth_eth_tx tx = {
		.chain_id = o->registry.chain_id, .nonce = o->nonce, .gas_limit = o->gas_limit, .legacy = o->legacy,
		.gas_price = o->gas_price, .max_fee = o->max_fee, .max_priority_fee = o->max_priority_fee,
		.to = o->registry.address
	};
	struct berth_eth_sig sig;
	enum berth_err rc;

	if ((rc = berth_ethr_call_data(&data, &o->call, o->relayed ? &o->owner : NULL)))
		goto out;
	tx.data = data.p;
	tx.data_len = data.len;
	if ((rc = berth_eth_tx_hash(hash, &tx)) || (rc = sign_hash(&sig, ks, name, hash)))
		goto out;
	berth_eth_tx_signed(signed_, &tx, &sig);
	if (!(rc = berth_buf_status(signed_)))
		berth_keccak256(hash, signed_->p + before, signed_->len - before);
out:
	berth_buf_free(&data);
	return rc;
}

enum berth_err berth_ethr_sign(struct berth_keystore *ks, const char *name, const struct berth_ethr_order *o,
			       struct berth_buf *signed_, uint8_t hash[32])
{
	enum berth_err rc;

	memset(hash, 0, 32);
	if ((rc = berth_ethr_order_check(o)))
		return rc;
	return o->meta ? sign_meta(ks, name, o, signed_, hash) : sign_tx(ks, name, o, signed_, hash);
}
