/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_SD_JWT_H
#define BERTH_VC_SD_JWT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "did/jose/jws.h"
#include "did/jose/keyring.h"

/* SD-JWT (RFC 9901): JWT '~' disclosure '~' ... '~' [key binding JWT]. */
#define BERTH_SD_MAX ((size_t)256 << 10)	/* all of it */
#define BERTH_SD_DISCLOSURES_MAX 256
#define BERTH_SD_POINTERS_MAX 256
#define BERTH_SD_DECOYS_MAX 64			/* in each list of digests that we make */
#define BERTH_SD_DIGEST_MAX 86			/* base64url of SHA-512 */

struct berth_sd_disclosure {
	const char *text;		/* borrowed */
	size_t len;
	char digest[BERTH_SD_DIGEST_MAX + 1];
	struct berth_json *json;	/* owned: [salt, name, value] or [salt, value] */
	char *path;			/* owned: JSON Pointer of the claim, once it has its place */
	bool used;
};

struct berth_sd_jwt {
	struct berth_jws jws;		/* the issuer's */
	struct berth_json *payload;	/* as it was signed; after berth_sd_process() as it is meant */
	const char *hash;		/* _sd_alg, one of ours */
	struct berth_sd_disclosure *disclosures;	/* owned */
	size_t n;
	const char *text;		/* borrowed: what came in */
	size_t bound_len;		/* of text: what a key binding is over */
	const char *kb;			/* borrowed: the key binding JWT; NULL: none */
	size_t kb_len;
};

/* Takes text apart; it stays borrowed.  Codes of JWS for the JWT, E_JSON for its
 * payload, E_SDJWT for disclosures that are none, E_ALG for a hash that is none of
 * ours, E_SIZE above the caps. */
BERTH_MUST_USE enum berth_err berth_sd_parse(struct berth_sd_jwt *sd, const char *text, size_t n);
void berth_sd_free(struct berth_sd_jwt *sd);	/* of a zeroed or parsed one */

/* RFC 9901 7.1: puts what is disclosed into its place and takes the digests out of
 * payload.  E_SDJWT: a disclosure that nothing refers to, a digest twice, a name that
 * is taken or not allowed, claims nested too deep. */
BERTH_MUST_USE enum berth_err berth_sd_process(struct berth_sd_jwt *sd);

/* claims as an SD-JWT by kid, those at pointers to be disclosed one by one.  decoys: so many
 * digests of nothing stand beside those of each object, so that their number says less.
 * (Of an array each element's place is seen; there are none.)  E_SDJWT: a claim that must
 * not be, or members that only an SD-JWT has; E_USAGE: a pointer to nothing. */
BERTH_MUST_USE enum berth_err
berth_sd_issue(struct berth_buf *out, struct berth_keyring *kr, const char *kid, const struct berth_json *claims,
	       const char *const *pointers, size_t n, size_t decoys);

/* text without the disclosures that no pointer asks for (a claim, what is within it
 * and what it is within), bound by kid to nonce and aud (NULL: none) at iat.
 * E_NOMATCH: a pointer to no claim. */
struct berth_sd_binding {
	const char *kid, *nonce, *aud;
	int64_t iat_s;
};
BERTH_MUST_USE enum berth_err
berth_sd_present(struct berth_buf *out, struct berth_keyring *kr, const char *text, size_t n,
		 const char *const *pointers, size_t n_pointers, const struct berth_sd_binding *b);

/* The base64url digest of a text under _sd_alg; E_NOMEM. */
BERTH_MUST_USE enum berth_err
berth_sd_digest(char out[BERTH_SD_DIGEST_MAX + 1], const char *hash, const void *p, size_t n);

/* Claims that a verifier needs whatever is disclosed, and what is within them.  vcdm: also
 * those of the W3C's model. */
bool berth_sd_is_open(const char *pointer, bool vcdm);

/* RFC 6901, and not the whole document: E_USAGE. */
BERTH_MUST_USE enum berth_err berth_sd_pointer_check(const char *pointer);
/* Appends '/' and a name, escaped. */
void berth_sd_pointer_add(struct berth_buf *out, const char *name);

#endif /* BERTH_VC_SD_JWT_H */
