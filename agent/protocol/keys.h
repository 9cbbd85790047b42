/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_KEYS_H
#define BERTH_AGENT_PROTOCOL_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/crypto/x509_order.h"
#include "did/ethr_sign.h"
#include "did/jose/keyring.h"
#include "did/keystore/keystore.h"

/* The agent's own keys as the protocols see them: named, made on demand, used
 * through typed operations.  The daemon's implementation asks berth-keyd; the
 * flow tests' uses a keystore in their own process.  The keyring half signs and
 * decrypts by kid once bind() has said which key a kid is. */
struct berth_keys;

struct berth_keys_ops {
	/* Makes the key, or finds it when it is there already: safe to repeat
	 * after a crash.  purposes: mask of BERTH_PURPOSE_BIT. */
	enum berth_err (*ensure)(struct berth_keys *k, const char *name, enum berth_key_type type,
				 enum berth_usage usage, unsigned purposes, struct berth_key_info *info);
	/* The same of several keys of one identity: in one write where the store is a file. */
	enum berth_err (*ensure_all)(struct berth_keys *k, const struct berth_key_order *v, size_t n,
				     struct berth_key_info *info);
	/* Whether the store that would hold it can make such a key; false also where it
	 * does not answer. */
	bool (*can)(struct berth_keys *k, const char *name, enum berth_key_type type, enum berth_usage usage);
	enum berth_err (*remove)(struct berth_keys *k, const char *name);
	enum berth_err (*bind)(struct berth_keys *k, const char *kid, const char *name);
	void (*unbind)(struct berth_keys *k, const char *kid);

	/* At rest: see berth_keystore_seal().  epoch -1: for the agent's whole life. */
	enum berth_err (*seal)(struct berth_keys *k, const char *label, int64_t epoch,
			       const void *pt, size_t len, struct berth_buf *box);
	enum berth_err (*unseal)(struct berth_keys *k, const char *label, int64_t epoch,
				 const void *box, size_t len, struct berth_buf *pt);
	/* unseal() will be called for it in this batch: a keyring's ahead_end() ends that, too.
	 * NULL: nothing can be asked ahead. */
	void (*unseal_ahead)(struct berth_keys *k, const char *label, int64_t epoch, const void *box, size_t len);
	enum berth_err (*counter_read)(struct berth_keys *k, enum berth_counter c, uint64_t *value,
				       bool *protected_);
	enum berth_err (*counter_step)(struct berth_keys *k, enum berth_counter c, uint64_t *value);
	enum berth_keystore_state (*state)(struct berth_keys *k);	/* of several: the worst */

	/* The device's end; E_AUTHZ while it has keys (berth_keystore_clear_device()). */
	enum berth_err (*clear_device)(struct berth_keys *k);

	/* Of several stores: the one that holds the keys of that name, and the i-th, NULL
	 * behind the last.  Both NULL: there is but this one. */
	struct berth_keys *(*home)(struct berth_keys *k, const char *name);
	struct berth_keys *(*at)(struct berth_keys *k, size_t i);

	/* TPM evidence; E_KEY where the custody has no device.  Certificate and key are
	 * those of the device that has the key BERTH_KEY_AK. */
	enum berth_err (*ek)(struct berth_keys *k, struct berth_buf *cert_der, struct berth_buf *pub);
	enum berth_err (*public_area)(struct berth_keys *k, const char *name, struct berth_buf *pub);
	enum berth_err (*activate)(struct berth_keys *k, const char *ak, const void *blob, size_t blob_len,
				   const void *secret, size_t secret_len, struct berth_buf *opened);
	enum berth_err (*certify)(struct berth_keys *k, const char *key, const char *ak,
				  const uint8_t nonce[32], struct berth_buf *attest, struct berth_buf *sig);
	enum berth_err (*quote)(struct berth_keys *k, const char *ak, uint32_t pcr_mask, const uint8_t nonce[32],
				struct berth_buf *attest, struct berth_buf *sig);
	/* berth_keystore_pcrs() of the device that has the key ak. */
	enum berth_err (*pcrs)(struct berth_keys *k, const char *ak, uint32_t pcr_mask, struct berth_buf *values);

	/* A transaction of did:ethr, or the owner's signature for another's: see
	 * berth_ethr_sign(); hash is appended to.  E_AUTHZ: a registry that the store's
	 * ethr-registry does not name, or a key without the purpose BERTH_SIGN_ETHR. */
	enum berth_err (*sign_ethr)(struct berth_keys *k, const char *name, const struct berth_ethr_order *order,
				    struct berth_buf *signed_, struct berth_buf *hash);

	/* A request, a certificate, a list of revoked ones, or a signature for TLS: see
	 * berth_x509_make().  E_AUTHZ: a key without the purpose BERTH_SIGN_CA, or
	 * BERTH_SIGN_TLS. */
	enum berth_err (*sign_x509)(struct berth_keys *k, const char *name, const struct berth_x509_order *order,
				    struct berth_buf *out);
};

struct berth_keys {	/* first member of each implementation */
	const struct berth_keys_ops *ops;
	struct berth_keyring *keyring;	/* of the bound kids */
	enum berth_custody custody;	/* of the keys that ensure() makes; of several stores, the first's */
	const char *name;		/* of the store in the configuration; NULL: it has none */
};

/* What the store says that holds the keys of an identity, or a key of that name:
 * whoever tells others of a key's custody asks here. */
enum berth_custody berth_keys_custody(struct berth_keys *k, const char *name);

#endif
