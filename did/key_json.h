/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEY_JSON_H
#define BERTH_DID_KEY_JSON_H

#include <stdint.h>

#include "did/base/json.h"
#include "did/keystore/keystore.h"

/* What is told of keys and keystores: by `berth key` and by berth/key.h. */

#define BERTH_KEY_NONCE_LEN 32

/* "sign", "agree", "attest"; parse: 0 if unknown. */
const char *berth_usage_name(enum berth_usage usage);
enum berth_usage berth_usage_parse(const char *name);

/* publicJwk, multikey and did (a did:key) of a key, set in o. */
BERTH_MUST_USE enum berth_err berth_key_set_public(struct berth_json *o, const struct berth_pubkey *pub);

/* Each gives the caller a new object.
 *
 * One key: keyUri, publicJwk, multikey, did, custody, use. */
BERTH_MUST_USE enum berth_err
berth_key_describe(struct berth_json **out, const struct berth_keystore *ks, const struct berth_key_info *info);

/* What the store makes: {"custody", "attestable", "import", "capabilities":
 * [{"type", "use", "alg": [...]}, ...]}; asks the device where there is one. */
BERTH_MUST_USE enum berth_err berth_keystore_describe(struct berth_json **out, struct berth_keystore *ks);

/* Evidence that a key lives in a TPM, over the verifier's nonce: what
 * berth_key_describe() gives and nonce, keyPublic, akPublic, ekPublic,
 * ekCertificate (where there is one), certify and quote (each {"attest",
 * "signature"}; PCRs 0 to 7).  Makes the store's attestation key at the first
 * call.  E_KEY: the store has no device. */
BERTH_MUST_USE enum berth_err
berth_key_attest(struct berth_json **out, struct berth_keystore *ks, const struct berth_key_info *info,
		 const uint8_t nonce[BERTH_KEY_NONCE_LEN]);

#endif
