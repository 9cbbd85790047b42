/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_ETHR_VM_H
#define BERTH_DID_ETHR_VM_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/json.h"
#include "did/base/key.h"
#include "did/ethr.h"

/* Verification methods as the did:ethr method specification has them.
 *
 * A method that says only an account cannot be verified with here: its key is not known
 * before there is a signature.  It stands in the document all the same. */
struct berth_ethr_vms {
	const char *did;
	uint64_t chain_id;
	struct berth_json *doc;		/* what they are added to */
	unsigned contexts;		/* what those that were added ask for; 0 at first */
};

/* Each is added with id DID#fragment and its relationships (enum berth_rel). */
BERTH_MUST_USE enum berth_err
berth_ethr_vms_account(struct berth_ethr_vms *v, const char *fragment, const struct berth_eth_address *who, unsigned rels);
BERTH_MUST_USE enum berth_err
berth_ethr_vms_owner_key(struct berth_ethr_vms *v, const char *fragment, const struct berth_pubkey *key, unsigned rels);

/* What an attribute did/pub/ALGORITHM/PURPOSE/ENCODING holds.  The encoding counts only for
 * an algorithm that the specification does not name.  Nothing is added for what is no key
 * of its algorithm: nobody could use it. */
BERTH_MUST_USE enum berth_err
berth_ethr_vms_attribute(struct berth_ethr_vms *v, const char *fragment, const char *algorithm, const char *encoding,
			 const uint8_t *p, size_t n, unsigned rels);

/* The contexts, once all are there. */
BERTH_MUST_USE enum berth_err berth_ethr_vms_contexts(const struct berth_ethr_vms *v);

#endif
