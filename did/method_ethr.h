/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_METHOD_ETHR_H
#define BERTH_DID_METHOD_ETHR_H

#include "berth/err.h"
#include "did/registry_answer.h"

/* did:ethr (ERC-1056).  The evidence is one piece, "ethr": what a node of the chain said
 * of the identity, as one JSON object with values as JSON-RPC spells them (quantities
 * and data are text, "0x..."):
 *
 *   {"chainId": "0x1",			eth_chainId
 *    "registry": "0xdca7...",		the contract that was asked
 *    "identity": "0xb9c5...",		the account that the DID is of
 *    "blockNumber": "0x1123",		the block as of which all the rest was asked
 *    "blockTimestamp": "0x65...",	its time
 *    "changed": "0x1100",		changed(identity) in that block; "0x0": nothing yet
 *    "owner": "0xb9c5...",		identityOwner(identity) in that block; may be missing
 *    "logs": [ ... ],			every log of the registry with the identity as its second
 *					topic, oldest first, as eth_getLogs gave them: address, topics,
 *					data, blockNumber, logIndex, removed; other members are ignored
 *    "blocks": {"0x1100": "0x65..."}}	the time of each block that has one of the logs; of the
 *					block that versionId names too, where one was asked for
 *
 * Blocks that may still be replaced do not belong in it: once a log was believed, an
 * answer without it is a roll-back.  So the adapter asks as of a block that is some
 * confirmations old.
 *
 * What the logs mean is decided here.  E_RESOLVE: they are not what a node says of this
 * identity on this chain, or not the whole history (each names the block of the one before
 * it), out of order or taken back, or go back behind what was believed before; or there is
 * no such version.  E_JSON, E_SIZE: the piece is no JSON, or larger than the caps; E_DID;
 * E_STORE: the pin is not one of ours.
 *
 * version: id is a block number in decimal digits, time RFC 3339; the document is as of
 * then.  Otherwise it is as of j->now_s, or of the block's time where the clock is
 * not trusted and behind it; ttl_s ends with the first thing in it that expires. */
#define BERTH_ETHR_EVIDENCE_MAX ((size_t)1 << 20)
#define BERTH_ETHR_LOGS_MAX 1000	/* and their blocks are members of one object */

BERTH_MUST_USE enum berth_err
berth_ethr_judge(struct berth_registry_result *out, const struct berth_registry_evidence *e, const char *did,
		 const struct berth_did_version *version, const struct berth_registry_judge *j);

#endif
