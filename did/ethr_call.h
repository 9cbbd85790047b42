/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_ETHR_CALL_H
#define BERTH_DID_ETHR_CALL_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/ethr.h"

/* What is asked of a registry of identities (ERC-1056), as the contract takes it. */

enum berth_ethr_function {
	BERTH_ETHR_CHANGE_OWNER = 1,	/* party; the null address deactivates the DID */
	BERTH_ETHR_ADD_DELEGATE,	/* name, party, validity */
	BERTH_ETHR_REVOKE_DELEGATE,	/* name, party */
	BERTH_ETHR_SET_ATTRIBUTE,	/* name, value, validity */
	BERTH_ETHR_REVOKE_ATTRIBUTE,	/* name, value */
	BERTH_ETHR__END
};
/* "changeOwner" and so on, as the contract names it; static. */
const char *berth_ethr_function_name(enum berth_ethr_function f);
/* BERTH_ETHR__END: none of that name. */
enum berth_ethr_function berth_ethr_function_parse(const char *name);

#define BERTH_ETHR_NAME_MAX 32
#define BERTH_ETHR_VALUE_MAX 4096	/* each byte costs its writer gas */

/* The members that a function's line above names; the others are zero. */
struct berth_ethr_call {
	enum berth_ethr_function function;
	struct berth_eth_address identity, party;	/* party: new owner, delegate */
	const char *name;		/* delegate type ("veriKey") or attribute ("did/svc/Hub"); at
					 * most BERTH_ETHR_NAME_MAX bytes, not "" */
	const uint8_t *value;
	size_t value_len;
	uint64_t validity_s;		/* from the block's time on */
};

/* r || s with the low s, and which of the curve's points r was: 0 to 3. */
struct berth_eth_sig {
	uint8_t rs[64];
	uint8_t recovery;
};

/* Calldata.  owner: NULL for a transaction that the owner sends; else what the owner
 * signed, and anybody sends it (the ...Signed functions).  Appends.  E_TYPE: a member
 * is missing, too many are there, or is too long. */
BERTH_MUST_USE enum berth_err
berth_ethr_call_data(struct berth_buf *out, const struct berth_ethr_call *call, const struct berth_eth_sig *owner);

/* What the owner signs for somebody else to send: Keccak-256 over 0x19 0x00, registry,
 * nonce, identity, the function's name and its arguments, packed.  nonce is the contract's
 * own count, of the owner; in the registries that were deployed before 2019 (mainnet's)
 * of the identity where an attribute is set or revoked.  It says nothing of the chain: what
 * is signed for one is good on each where that registry has that address. */
BERTH_MUST_USE enum berth_err
berth_ethr_meta_hash(uint8_t out[32], const struct berth_ethr_call *call,
		     const struct berth_eth_address *registry, uint64_t nonce);

#endif
