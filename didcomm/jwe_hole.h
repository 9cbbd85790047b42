/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DIDCOMM_JWE_HOLE_H
#define BERTH_DIDCOMM_JWE_HOLE_H

#include "didcomm/jwe.h"

/* Between jwe_seal.c and jwe_hole.c; nobody else's. */

/* Of an ECDH-1PU key wrap what stands beside its parameters. */
struct jwe_wrap {
	struct berth_keyring *keyring;
	const char *skid;
	const uint8_t *z, *cek;
	size_t z_len, cek_len;
};

/* NULL: the keyring has nobody to ask, or there is no memory: it is wrapped at once. */
struct berth_jwe_hole *berth_jwe_hole_new(const struct berth_kek_params *p, const struct jwe_wrap *w);
/* The encrypted_key's room. */
void berth_jwe_hole_put(struct berth_jwe_hole *h, struct berth_buf *out);

/* A peer key that yields no secret (a low-order point) is the peer's bad key, not a failed
 * decryption. */
static inline enum berth_err berth_jwe_bad_point(enum berth_err rc)
{
	return rc == BERTH_E_DECRYPT ? berth_fail(BERTH_E_KEY, "jwe: a recipient's key is no usable point") : rc;
}

#endif
