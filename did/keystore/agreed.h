/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEYSTORE_AGREED_H
#define BERTH_DID_KEYSTORE_AGREED_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/key.h"
#include "did/base/secret.h"

/* What software keys agreed on with the keys that peers keep: half of the agreements of
 * ECDH-1PU are between the same two keys from message to message.  It is as secret as the
 * private key that it comes of and lives no longer: in guarded memory, wiped when a key is
 * deleted and when the store is closed.  There is more room the more peers there are, up to
 * BERTH_AGREED_MAX pairs (120 KiB), and then what was used the longest ago gives way. */
#define BERTH_AGREED_MAX 1024

struct berth_agreed {	/* all zero: empty */
	struct berth_secret *places;
	uint64_t uses;
};

/* As berth_ecdh(), from memory or else remembered; without memory it just agrees. */
BERTH_MUST_USE enum berth_err
berth_agreed_ecdh(struct berth_agreed *a, uint8_t *z, size_t *z_len, const struct berth_privkey *mine,
		  const struct berth_pubkey *theirs);
void berth_agreed_forget(struct berth_agreed *a);

#endif /* BERTH_DID_KEYSTORE_AGREED_H */
