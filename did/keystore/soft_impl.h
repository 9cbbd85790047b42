/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEYSTORE_SOFT_IMPL_H
#define BERTH_DID_KEYSTORE_SOFT_IMPL_H

/* Private to the files of the soft store (soft*.c). */
#include "did/crypto/signer.h"
#include "did/keystore/agreed.h"
#include "did/keystore/file.h"
#include "did/keystore/keystore_impl.h"
#include "did/keystore/soft_file.h"

/* Keys that have signed since the body last changed, by their place in it. */
#define BERTH_SOFT_SIGNERS 16
struct berth_soft_ready {
	const struct berth_soft_key *key;	/* NULL: free */
	struct berth_signer *signer;
};

struct berth_soft {
	struct berth_keystore base;
	struct berth_ksfile file;
	struct berth_soft_kdf kdf;
	struct berth_secret *file_key, *body;
	struct berth_soft_ready ready[BERTH_SOFT_SIGNERS];
	struct berth_agreed agreed;
	bool seal_tpm2;
};

static inline struct berth_soft *berth_soft_of(struct berth_keystore *ks) { return (struct berth_soft *)(void *)ks; }

static inline struct berth_soft_body *berth_soft_body_of(const struct berth_keystore *ks)
{
	return berth_soft_body(((const struct berth_soft *)(const void *)ks)->body);
}

extern const struct berth_keystore_ops berth_soft_ops;

void berth_soft_close(struct berth_keystore *ks);
/* E_KEYSTORE: no key of that name. */
BERTH_MUST_USE enum berth_err
berth_soft_need(struct berth_keystore *ks, const char *name, struct berth_soft_key **out);
/* The body as it is, to the file. */
BERTH_MUST_USE enum berth_err berth_soft_save(struct berth_soft *s);

/* Before keys get other places in the body. */
void berth_soft_forget_signers(struct berth_soft *s);

/* What the keys do (struct berth_keystore_ops). */
BERTH_MUST_USE enum berth_err
berth_soft_sign(struct berth_keystore *ks, const char *name, const void *msg, size_t len, uint8_t *sig, size_t *sig_len);
BERTH_MUST_USE enum berth_err
berth_soft_sign_digest(struct berth_keystore *ks, const char *name, const uint8_t digest[32], uint8_t rs[64]);
BERTH_MUST_USE enum berth_err
berth_soft_ecdh(struct berth_keystore *ks, const char *name, const struct berth_pubkey *theirs, uint8_t *z, size_t *z_len);
BERTH_MUST_USE enum berth_err
berth_soft_ecdh_lasting(struct berth_keystore *ks, const char *name, const struct berth_pubkey *theirs, uint8_t *z,
			size_t *z_len);

#endif
