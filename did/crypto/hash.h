/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_HASH_H
#define BERTH_DID_CRYPTO_HASH_H

#include <stddef.h>
#include <stdint.h>

#define BERTH_SHA256_LEN 32
#define BERTH_SHA384_LEN 48
#define BERTH_SHA512_LEN 64

/* None of these can fail; a broken libcrypto aborts the process. */
void berth_sha256(uint8_t out[BERTH_SHA256_LEN], const void *p, size_t n);
void berth_sha384(uint8_t out[BERTH_SHA384_LEN], const void *p, size_t n);
void berth_sha512(uint8_t out[BERTH_SHA512_LEN], const void *p, size_t n);
/* The same as berth_sha256() where the hash is secret: that one leaves it in a context of its
 * thread, which makes short ones a sixth faster. */
void berth_sha256_secret(uint8_t out[BERTH_SHA256_LEN], const void *p, size_t n);
/* The same as berth_sha256(), for what an agent hashes that does nothing else: at half the
 * speed, but libcrypto stays asleep, 1.5 MiB of a process. */
void berth_sha256_light(uint8_t out[BERTH_SHA256_LEN], const void *p, size_t n);
void berth_hmac_sha256(uint8_t out[BERTH_SHA256_LEN], const void *key, size_t key_len,
		       const void *p, size_t n);

#endif
