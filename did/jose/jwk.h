/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_JOSE_JWK_H
#define BERTH_DID_JOSE_JWK_H

#include <stdbool.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/json.h"
#include "did/base/key.h"

/* RFC 7517, 7518, 8037, 8812 keys of our six types.  Unknown members are
 * ignored; use, key_ops and alg, where present, must fit the type.  E_KEY: not
 * such a key, off the curve, of small order, wrong length; E_B64 for encodings. */
BERTH_MUST_USE enum berth_err berth_jwk_parse(struct berth_pubkey *out, const struct berth_json *jwk);
/* The same as text, at most BERTH_JWK_MAX bytes. */
#define BERTH_JWK_MAX ((size_t)64 << 10)
BERTH_MUST_USE enum berth_err berth_jwk_parse_text(struct berth_pubkey *out, const char *jwk);
/* With "d"; its public half must match x, y.  out: berth_privkey_wipe(). */
BERTH_MUST_USE enum berth_err
berth_jwk_parse_private(struct berth_privkey *out, const struct berth_json *jwk);

/* The type that kty and crv name; NONE for those we do not have. */
enum berth_key_type berth_jwk_type(const struct berth_json *jwk);

/* What use, key_ops and alg leave a parsed key to do: at most what its type can. */
bool berth_jwk_may_sign(const struct berth_json *jwk);
bool berth_jwk_may_agree(const struct berth_json *jwk);

/* {"kty","crv","x"[,"y"]}; NULL without memory. */
struct berth_json *berth_jwk_format(const struct berth_pubkey *key);
struct berth_json *berth_jwk_format_private(const struct berth_privkey *key);
/* What berth_jwk_format() makes, printed, without a tree: each message has one. */
BERTH_MUST_USE enum berth_err berth_jwk_print(struct berth_buf *out, const struct berth_pubkey *key);

/* RFC 7638 with SHA-256. */
void berth_jwk_thumbprint(uint8_t out[32], const struct berth_pubkey *key);

/* The signature algorithm that belongs to a key type: "EdDSA", "ES256", "ES384",
 * "ES512", "ES256K"; NULL for X25519. */
const char *berth_jws_alg(enum berth_key_type type);

#endif
