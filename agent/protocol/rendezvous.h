/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_RENDEZVOUS_H
#define BERTH_AGENT_PROTOCOL_RENDEZVOUS_H

#include <stdint.h>

#include "agent/protocol/chain.h"

/* What an owner leaves at a rendezvous: where it can be found.  JWS of typ
 * berth-rv+jwt by the tip's owner or its delegate. */
#define BERTH_BLOB_MAX ((size_t)16 << 10)
#define BERTH_BLOB_ENDPOINTS_MAX 8
#define BERTH_URI_MAX 512

struct berth_rv_blob {
	struct berth_object obj;	/* issuer: the DID to contact, owner or delegate */
	struct berth_hash device_hash, tip;
	int64_t epoch, seq;
	const char *owner_did;
	const char *endpoints[BERTH_BLOB_ENDPOINTS_MAX];
	const char *rv[BERTH_RV_MAX];	/* DIDs */
	size_t n_endpoints, n_rv;
	int64_t reg_no;			/* rises; the highest per tip wins */
	int64_t exp_s;			/* 0: absent */
};

/* SHA-256("berth-device" || 0 || factory DID short form || 0 || decimal epoch) */
BERTH_MUST_USE enum berth_err
berth_device_hash(struct berth_hash *out, const char *factory_did, int64_t epoch);

BERTH_MUST_USE enum berth_err
berth_rv_blob_build(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
		    const struct berth_rv_blob *blob);
BERTH_MUST_USE enum berth_err
berth_rv_blob_parse(struct berth_rv_blob *out, const char *compact, size_t n);

/* Against an accepted chain: signed by its owner or delegate, the same device,
 * tip, seq and epoch (E_AUTHZ).  now_s < 0: exp is not judged (a device without
 * time), else E_EXPIRED. */
BERTH_MUST_USE enum berth_err
berth_rv_blob_verify(const struct berth_rv_blob *blob, const struct berth_chain *chain,
		     const struct berth_chain_result *accepted, int64_t now_s);

/* {"blob": JWS, "package": {...}}: a signed invitation, what an owner registers and what a
 * rendezvous answers.  dc: the DeviceCredential, where the package may leave it out; NULL:
 * it may not.  Nothing is judged.  E_TYPE: a member is missing or is something else; else
 * as the blob and the chain have it, and then there is neither. */
BERTH_MUST_USE enum berth_err
berth_invitation_read(struct berth_rv_blob *blob, struct berth_chain **chain, const struct berth_json *o, const char *dc);

#endif /* BERTH_AGENT_PROTOCOL_RENDEZVOUS_H */
