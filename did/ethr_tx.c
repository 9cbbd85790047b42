/* SPDX-License-Identifier: Apache-2.0 */
/* EIP-155: rlp([nonce, gasPrice, gas, to, value, data, v, r, s]), signed over the same with
 * chainId, 0, 0 for the last three; v = 2 * chainId + 35 + recovery.
 * EIP-1559: 0x02 and rlp([chainId, nonce, maxPriorityFee, maxFee, gas, to, value, data,
 * accessList, recovery, r, s]), signed over the same without the last three. */
#include "did/ethr_tx.h"

#include <string.h>

#include "did/base/cur.h"
#include "did/codec/rlp.h"
#include "did/crypto/keccak.h"
#include "did/crypto/recover.h"

#define TYPE_1559 0x02
#define V_BASE 35
#define SCALAR 32

/* ---- writing ---- */

/* Everything that is signed, as far as it is written before the signature. */
static void put_fields(struct berth_buf *items, const struct berth_eth_tx *tx)
{
	if (!tx->legacy)
		berth_rlp_put_u64(items, tx->chain_id);
	berth_rlp_put_u64(items, tx->nonce);
	if (tx->legacy) {
		berth_rlp_put_u64(items, tx->gas_price);
	} else {
		berth_rlp_put_u64(items, tx->max_priority_fee);
		berth_rlp_put_u64(items, tx->max_fee);
	}
	berth_rlp_put_u64(items, tx->gas_limit);
	berth_rlp_put_bytes(items, tx->to.b, sizeof(tx->to.b));
	berth_rlp_put_u64(items, 0);	/* value */
	berth_rlp_put_bytes(items, tx->data, tx->data_len);
	if (!tx->legacy)
		berth_rlp_put_list(items, &(struct berth_buf)BERTH_BUF_INIT);	/* access list */
}

static void put_tx(struct berth_buf *out, const struct berth_eth_tx *tx, struct berth_buf *items)
{
	if (!tx->legacy)
		berth_buf_u8(out, TYPE_1559);
	berth_rlp_put_list(out, items);
	berth_buf_free(items);
}

void berth_eth_tx_unsigned(struct berth_buf *out, const struct berth_eth_tx *tx)
{
	struct berth_buf items = BERTH_BUF_INIT;

	put_fields(&items, tx);
	if (tx->legacy) {
		berth_rlp_put_u64(&items, tx->chain_id);
		berth_rlp_put_u64(&items, 0);
		berth_rlp_put_u64(&items, 0);
	}
	put_tx(out, tx, &items);
}

void berth_eth_tx_signed(struct berth_buf *out, const struct berth_eth_tx *tx, const struct berth_eth_sig *sig)
{
	struct berth_buf items = BERTH_BUF_INIT;

	put_fields(&items, tx);
	berth_rlp_put_u64(&items, (tx->legacy ? 2 * tx->chain_id + V_BASE : 0) + sig->recovery);
	berth_rlp_put_number(&items, sig->rs, SCALAR);
	berth_rlp_put_number(&items, sig->rs + SCALAR, SCALAR);
	put_tx(out, tx, &items);
}

enum berth_err berth_eth_tx_hash(uint8_t out[32], const struct berth_eth_tx *tx)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	memset(out, 0, 32);
	berth_eth_tx_unsigned(&b, tx);
	if (!(rc = berth_buf_status(&b)))
		berth_keccak256(out, b.p, b.len);
	berth_buf_free(&b);
	return rc;
}

/* ---- reading ---- */

static void get_address(struct berth_cur *c, struct berth_eth_address *out)
{
	struct berth_cur s = berth_rlp_string(c);

	berth_cur_copy(&s, out->b, sizeof(out->b));
	c->bad |= !berth_cur_done(&s);
}

/* A number of at most 32 bytes, back to its full width. */
static void get_scalar(struct berth_cur *c, uint8_t out[SCALAR])
{
	struct berth_cur s = berth_rlp_string(c);

	memset(out, 0, SCALAR);
	if (s.n > SCALAR || (s.n && s.p[0] == 0))
		c->bad = true;
	else if (s.n)
		memcpy(out + SCALAR - s.n, s.p, s.n);
}

static void get_fields(struct berth_cur *c, struct berth_eth_tx *tx)
{
	struct berth_cur data;

	if (!tx->legacy)
		tx->chain_id = berth_rlp_u64(c);
	tx->nonce = berth_rlp_u64(c);
	if (tx->legacy) {
		tx->gas_price = berth_rlp_u64(c);
	} else {
		tx->max_priority_fee = berth_rlp_u64(c);
		tx->max_fee = berth_rlp_u64(c);
	}
	tx->gas_limit = berth_rlp_u64(c);
	get_address(c, &tx->to);
	c->bad |= berth_rlp_u64(c) != 0;	/* value */
	data = berth_rlp_string(c);
	tx->data = data.p;
	tx->data_len = data.n;
	if (!tx->legacy)
		c->bad |= berth_rlp_list(c).n != 0;
}

static void get_sig(struct berth_cur *c, struct berth_eth_tx *tx, struct berth_eth_sig *sig)
{
	uint64_t v = berth_rlp_u64(c);

	if (tx->legacy) {
		c->bad |= v < V_BASE + 2;	/* EIP-155, of chain 1 or above */
		tx->chain_id = (v - V_BASE) / 2;
		v = (v - V_BASE) % 2;
	}
	c->bad |= v > 1 || tx->chain_id == 0 || tx->chain_id > BERTH_ETH_CHAIN_MAX;
	sig->recovery = (uint8_t)v;
	get_scalar(c, sig->rs);
	get_scalar(c, sig->rs + SCALAR);
}

static enum berth_err recover(struct berth_eth_address *from, const struct berth_eth_tx *tx, const struct berth_eth_sig *sig)
{
	struct berth_pubkey key;
	uint8_t hash[32];
	enum berth_err rc;

	if ((rc = berth_eth_tx_hash(hash, tx)) || (rc = berth_k1_recover(&key, hash, sig->rs, sig->recovery)))
		return rc;
	return berth_eth_address_of(from, &key);
}

enum berth_err berth_eth_tx_parse(struct berth_eth_tx *tx, struct berth_eth_address *from, const uint8_t *raw, size_t len)
{
	struct berth_cur c = berth_cur(raw, len), items;
	struct berth_eth_sig sig;
	enum berth_err rc;

	memset(tx, 0, sizeof(*tx));
	memset(from, 0, sizeof(*from));
	tx->legacy = len && raw[0] != TYPE_1559;
	if (!tx->legacy)
		(void)berth_cur_u8(&c);
	items = berth_rlp_list(&c);
	get_fields(&items, tx);
	get_sig(&items, tx, &sig);
	if (len > BERTH_ETH_TX_MAX || !berth_cur_done(&c) || !berth_cur_done(&items))
		rc = berth_fail(BERTH_E_TYPE, "no transaction of ours");
	else
		rc = recover(from, tx, &sig);
	if (rc)
		memset(tx, 0, sizeof(*tx));
	return rc;
}
