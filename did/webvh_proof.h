/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_WEBVH_PROOF_H
#define BERTH_DID_WEBVH_PROOF_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/json.h"
#include "did/base/key.h"

/* The proofs of did:webvh 1.0, those of entries and those of witnesses: Data Integrity,
 * eddsa-jcs-2022 and nothing else, for assertionMethod, by did:key:KEY#KEY. */

/* The last key that was read: logs are signed with one key for long. */
struct berth_webvh_key {
	char text[64];
	struct berth_pubkey key;
};

/* E_RESOLVE unless it is such a proof, not expired at now_s.  *multikey is borrowed from
 * it: what the fragment of its verificationMethod says, which is its did:key. */
BERTH_MUST_USE enum berth_err
berth_webvh_proof_read(const char **multikey, const struct berth_json *proof, int64_t now_s);

/* The signature of such a proof over the canonical text of a document.  E_RESOLVE. */
BERTH_MUST_USE enum berth_err
berth_webvh_proof_verify(const struct berth_json *proof, const void *text, size_t n, struct berth_webvh_key *cache);

#endif /* BERTH_DID_WEBVH_PROOF_H */
