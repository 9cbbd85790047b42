/* SPDX-License-Identifier: Apache-2.0 */
/* What a store can say whose keys a device keeps: who it is, and that they are its own. */
#include "did/keystore/keystore_impl.h"

static enum berth_err no_device(void)
{
	return berth_fail(BERTH_E_KEY, "this keystore has no device that could vouch for its keys");
}

enum berth_err berth_keystore_ek(struct berth_keystore *ks, struct berth_buf *cert_der,
				 struct berth_buf *pub)
{
	return ks->ops->ek ? ks->ops->ek(ks, cert_der, pub) : no_device();
}

enum berth_err berth_keystore_public_area(struct berth_keystore *ks, const char *name,
					  struct berth_buf *pub)
{
	struct berth_key_info info;
	enum berth_err rc;

	if (!ks->ops->public_area)
		return no_device();
	return (rc = berth_keystore_find(ks, name, &info)) ? rc : ks->ops->public_area(ks, name, pub);
}

enum berth_err berth_keystore_activate(struct berth_keystore *ks, const char *ak, const void *blob,
				       size_t blob_len, const void *secret, size_t secret_len,
				       struct berth_buf *opened)
{
	struct berth_key_info info;
	enum berth_err rc;

	if (!ks->ops->activate)
		return no_device();
	if ((rc = berth_keystore_find_for(ks, ak, BERTH_USAGE_ATTEST, &info)))
		return rc;
	return ks->ops->activate(ks, ak, blob, blob_len, secret, secret_len, opened);
}

enum berth_err berth_keystore_clear_device(struct berth_keystore *ks)
{
	if (!ks->ops->clear_device)
		return no_device();
	if (berth_keystore_count(ks))
		return berth_fail(BERTH_E_AUTHZ, "%zu keys are left in the keystore", berth_keystore_count(ks));
	return ks->ops->clear_device(ks);
}

enum berth_err berth_keystore_certify(struct berth_keystore *ks, const char *key, const char *ak,
				      const uint8_t nonce[32], struct berth_buf *attest,
				      struct berth_buf *sig)
{
	struct berth_key_info info;
	enum berth_err rc;

	if (!ks->ops->certify)
		return no_device();
	if ((rc = berth_keystore_find_for(ks, ak, BERTH_USAGE_ATTEST, &info)) ||
	    (rc = berth_keystore_find(ks, key, &info)))
		return rc;
	return ks->ops->certify(ks, key, ak, nonce, attest, sig);
}

enum berth_err berth_keystore_quote(struct berth_keystore *ks, const char *ak, uint32_t pcr_mask,
				    const uint8_t nonce[32], struct berth_buf *attest,
				    struct berth_buf *sig)
{
	struct berth_key_info info;
	enum berth_err rc;

	if (!ks->ops->quote)
		return no_device();
	if ((rc = berth_keystore_find_for(ks, ak, BERTH_USAGE_ATTEST, &info)))
		return rc;
	return ks->ops->quote(ks, ak, pcr_mask, nonce, attest, sig);
}

enum berth_err berth_keystore_pcrs(struct berth_keystore *ks, uint32_t pcr_mask, struct berth_buf *values)
{
	return ks->ops->pcrs ? ks->ops->pcrs(ks, pcr_mask, values) : no_device();
}
