/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_ETHR_H
#define BERTH_DID_ETHR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/key.h"

/* What everything about did:ethr names: accounts, chains, and the DIDs of them. */

struct berth_eth_address {
	uint8_t b[20];
};
#define BERTH_ETH_ADDRESS_LEN 42	/* "0x" and 40 digits */

/* EIP-55: the case of the letters is a checksum. */
void berth_eth_address_format(char out[BERTH_ETH_ADDRESS_LEN + 1], const struct berth_eth_address *a);
/* E_TYPE: not "0x" and 40 digits, or letters of both cases that are not EIP-55's. */
BERTH_MUST_USE enum berth_err berth_eth_address_parse(struct berth_eth_address *out, const char *text);
/* The account of a secp256k1 key; E_KEY: of another. */
BERTH_MUST_USE enum berth_err
berth_eth_address_of(struct berth_eth_address *out, const struct berth_pubkey *key);
bool berth_eth_address_equal(const struct berth_eth_address *a, const struct berth_eth_address *b);

/* JSON-RPC's numbers and bytes: "0x" and hex digits.  A quantity has no zeros in front
 * and is below 2^64; data has two digits a byte.  E_TYPE else; E_SIZE above max bytes.
 * Data is appended. */
BERTH_MUST_USE enum berth_err berth_eth_quantity_parse(uint64_t *out, const char *text);
BERTH_MUST_USE enum berth_err berth_eth_data_parse(struct berth_buf *out, const char *text, size_t max);
/* Exactly n bytes; E_TYPE. */
BERTH_MUST_USE enum berth_err berth_eth_data_fixed(void *out, size_t n, const char *text);

/* EIP-2294's bound: 2 * id + 36 is still a number of 64 bits. */
#define BERTH_ETH_CHAIN_MAX (UINT64_MAX / 2 - 36)
#define BERTH_ETHR_NETWORK_MAX 64

/* did:ethr:[NETWORK:]0xADDRESS or 0xPUBLICKEY, the key compressed.  NETWORK is a chain id
 * as "0x" and hex digits, or a name; without one it is mainnet.  Digits of either case. */
struct berth_ethr_did {
	char network[BERTH_ETHR_NETWORK_MAX + 1];	/* as written; "" for none */
	uint64_t chain_id;		/* 0: a name that means nothing to us */
	struct berth_eth_address identity;
	struct berth_pubkey key;	/* BERTH_KEY_NONE: the DID is an address */
};
/* E_DID; E_KEY: the key is no point of the curve. */
BERTH_MUST_USE enum berth_err berth_ethr_did_parse(struct berth_ethr_did *out, const char *did);
/* The DID of an account on a network (NULL: mainnet).  Appends. */
void berth_ethr_did_format(struct berth_buf *out, const char *network, const struct berth_eth_address *identity);

/* A contract that holds identities, and the one chain that it is on. */
struct berth_ethr_registry {
	uint64_t chain_id;
	struct berth_eth_address address;
};
/* "1:0xdCa7EF03e98e0DC2B855bE647C39ABe984fcF21B"; E_CONFIG. */
BERTH_MUST_USE enum berth_err berth_ethr_registry_parse(struct berth_ethr_registry *out, const char *text);

#endif
