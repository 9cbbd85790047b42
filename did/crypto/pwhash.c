/* SPDX-License-Identifier: Apache-2.0 */
#include "did/crypto/pwhash.h"

#include <sodium.h>

/* libsodium's BLAKE2b leaves its last block, which is the key, in its frame, where nothing may
 * overwrite it for long: as many octets of stack are more than all of it uses. */
#define FRAMES 8192

_Static_assert(BERTH_PWHASH_SALT_LEN == crypto_pwhash_argon2id_SALTBYTES, "Argon2id salt");

enum berth_err berth_argon2id(uint8_t out[BERTH_PWHASH_OUT_LEN], const void *pass, size_t len,
			      const uint8_t salt[BERTH_PWHASH_SALT_LEN], uint32_t passes,
			      uint32_t mem_kib)
{
	int failed = crypto_pwhash_argon2id(out, BERTH_PWHASH_OUT_LEN, pass, len, salt, passes, (size_t)mem_kib * 1024,
					    crypto_pwhash_argon2id_ALG_ARGON2ID13);

	sodium_stackzero(FRAMES);
	return failed ? berth_fail(BERTH_E_NOMEM, "Argon2id: %u passes over %u KiB", passes, mem_kib) : BERTH_OK;
}
