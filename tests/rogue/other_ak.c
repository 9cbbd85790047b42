/* SPDX-License-Identifier: Apache-2.0 */
/* The keyd of a device whose TPM certifies in earnest, but with another attestation
 * key than the one in its DeviceCredential, which a maker never examined. */
#include "did/keystore/keystore.h"

#define OTHER "other-attest"

enum berth_err __real_berth_keystore_certify(struct berth_keystore *ks, const char *key, const char *ak,
					     const uint8_t nonce[32], struct berth_buf *attest, struct berth_buf *sig);
enum berth_err __wrap_berth_keystore_certify(struct berth_keystore *ks, const char *key, const char *ak,
					     const uint8_t nonce[32], struct berth_buf *attest, struct berth_buf *sig);

enum berth_err __wrap_berth_keystore_certify(struct berth_keystore *ks, const char *key, const char *ak,
					     const uint8_t nonce[32], struct berth_buf *attest, struct berth_buf *sig)
{
	struct berth_key_info info;
	enum berth_err rc;

	(void)ak;
	if (!berth_keystore_has(ks, OTHER) &&
	    (rc = berth_keystore_generate(ks, OTHER, BERTH_KEY_P256, BERTH_USAGE_ATTEST, &info)))
		return rc;
	return __real_berth_keystore_certify(ks, key, OTHER, nonce, attest, sig);
}
