/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_SIGNER_H
#define BERTH_DID_CRYPTO_SIGNER_H

#include <stdbool.h>

#include "berth/err.h"
#include "did/base/key.h"

/* A private key in libcrypto's own form, for one that signs more than once: to bring
 * it there costs as much as a signature.  Its scalar lies in libcrypto's guarded
 * memory (locked, not dumped, wiped when freed). */
struct berth_signer;

/* Sets that memory up, once a process; before it confines itself.  Where there is
 * none, or some other part of the program was first, that is not an error. */
void berth_signer_init(void);

/* Types of which the other form is worth keeping: P-256, P-384, P-521. */
bool berth_signer_helps(enum berth_key_type type);

/* E_KEY: not such a type.  out: berth_signer_free(). */
BERTH_MUST_USE enum berth_err berth_signer_new(struct berth_signer **out, const struct berth_privkey *key);
void berth_signer_free(struct berth_signer *s);		/* NULL is fine */

/* As berth_sign().  One thread at a time. */
BERTH_MUST_USE enum berth_err
berth_signer_sign(struct berth_signer *s, uint8_t *sig, size_t *sig_len, const void *msg, size_t len);

/* The same for a key that signs once.  It sets no guarded memory up, so that it can be
 * called from a process that has confined itself. */
BERTH_MUST_USE enum berth_err
berth_signer_once(uint8_t *sig, size_t *sig_len, const struct berth_privkey *key, const void *msg, size_t len);

#endif
