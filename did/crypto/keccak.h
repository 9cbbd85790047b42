/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_KECCAK_H
#define BERTH_DID_CRYPTO_KECCAK_H

#include <stddef.h>
#include <stdint.h>

#define BERTH_KECCAK256_LEN 32

/* Keccak-256 as Ethereum has it: the submission's, before FIPS 202 changed the padding.
 * For public data only; cannot fail. */
void berth_keccak256(uint8_t out[BERTH_KECCAK256_LEN], const void *p, size_t n);

/* The same sponge with the padding named: with FIPS 202's it is SHA3-256, which
 * libcrypto has too, and so the one is tested by the other. */
#define BERTH_KECCAK_PAD 0x01
#define BERTH_SHA3_PAD 0x06
void berth_keccak256_padded(uint8_t out[BERTH_KECCAK256_LEN], uint8_t pad, const void *p, size_t n);

#endif
