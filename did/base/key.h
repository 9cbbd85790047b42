/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_BASE_KEY_H
#define BERTH_DID_BASE_KEY_H

#include <stddef.h>
#include <stdint.h>

/* What every floor calls a key.  Operations on them are in did/crypto. */
enum berth_key_type {
	BERTH_KEY_NONE,
	BERTH_KEY_ED25519,
	BERTH_KEY_X25519,
	BERTH_KEY_P256,
	BERTH_KEY_P384,
	BERTH_KEY_P521,
	BERTH_KEY_SECP256K1,
	BERTH_KEY__COUNT
};

#define BERTH_PUBKEY_MAX 133	/* P-521: 04 x y */
#define BERTH_PRIVKEY_MAX 66	/* P-521 scalar */
#define BERTH_SIG_MAX 132	/* P-521: r s */
#define BERTH_ECDH_MAX 66

/* Ed25519, X25519: the 32 bytes of RFC 8032 and RFC 7748.  The others:
 * uncompressed SEC 1, 04 || x || y.  A struct of type BERTH_KEY_NONE holds no
 * key.  Made only by functions that check the point. */
struct berth_pubkey {
	enum berth_key_type type;
	size_t len;
	uint8_t b[BERTH_PUBKEY_MAX];
};

/* Ed25519: the seed; X25519: the scalar as given; the others: the big-endian
 * scalar, as long as the field.  Lives on the stack only for the length of one
 * call and is wiped at its end; longer lives belong in a keystore. */
struct berth_privkey {
	enum berth_key_type type;
	size_t len;
	uint8_t b[BERTH_PRIVKEY_MAX];
	struct berth_pubkey pub;
};

#endif /* BERTH_DID_BASE_KEY_H */
