/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_JOSE_JWS_H
#define BERTH_DID_JOSE_JWS_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/base/key.h"

#define BERTH_KID_MAX 8192		/* did:peer long forms are long */
#define BERTH_JWS_HEADER_MAX (BERTH_KID_MAX + 4096)	/* decoded protected header */

/* A compact JWS taken apart; nothing is trusted before berth_jws_verify(). */
struct berth_jws {
	struct berth_json *header;	/* owned */
	const char *alg, *kid, *typ;	/* borrowed from header; kid, typ may be NULL */
	struct berth_buf payload;	/* decoded */
	struct berth_buf input;		/* the signing input: ASCII header '.' payload */
	uint8_t sig[BERTH_SIG_MAX];
	size_t sig_len;
};

/* Structure: E_ENV (three parts, header an object, alg a string; crit, b64,
 * jwk, jku, x5c, x5u: C023 says E_KEY for keys in headers, C025 E_ENV for crit
 * and b64), E_B64, E_JSON, E_SIZE above max bytes.  alg none or any other that is
 * not ours: E_ALG.  A signature longer than any of ours: E_SIG. */
BERTH_MUST_USE enum berth_err
berth_jws_parse(struct berth_jws *out, const char *compact, size_t n, size_t max);
void berth_jws_free(struct berth_jws *j);	/* of a zeroed or parsed one */

/* The header's checks alone, for JSON serializations (C022, C023, C025). */
BERTH_MUST_USE enum berth_err berth_jws_check_header(const struct berth_json *header);

/* kid is there and an absolute DID URL with a fragment; else E_ENV (C024a). */
BERTH_MUST_USE enum berth_err berth_jws_require_kid(const struct berth_jws *j);

/* alg must be the one that belongs to the key (else E_ALG), then the signature
 * (E_SIG). */
BERTH_MUST_USE enum berth_err
berth_jws_verify(const struct berth_jws *j, const struct berth_pubkey *key);

/* ASCII(b64url(header)) '.' b64url(payload), appended. */
BERTH_MUST_USE enum berth_err
berth_jws_signing_input(struct berth_buf *out, const struct berth_json *header,
			const void *payload, size_t len);

/* header_b64 '.' b64url(payload) '.' b64url(sig), appended. */
BERTH_MUST_USE enum berth_err
berth_jws_compact(struct berth_buf *out, const struct berth_buf *header_b64,
		  const void *payload, size_t len, const struct berth_buf *sig);

#endif
