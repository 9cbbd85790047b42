/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_SETTINGS_H
#define BERTH_DID_CRYPTO_SETTINGS_H

/* For main() of our own programs, before the first use of cryptography: libcrypto
 * does not read the machine's openssl.cnf, so no provider or engine named there is
 * loaded beside keys; nor its own error texts, which nobody here prints, 0.5 MiB.  Not for libberth, whose user's settings
 * are its own.  Aborts when libcrypto cannot be set up. */
void berth_libcrypto_plain(void);

#endif
