/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DIDCOMM_JWE_H
#define BERTH_DIDCOMM_JWE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/base/key.h"
#include "did/crypto/aead.h"
#include "did/crypto/hash.h"
#include "did/crypto/keywrap.h"
#include "did/jose/keyring.h"

/* RFC 7516 JSON serialization as DIDComm v2.1 (encryption) profiles it: every
 * header but the recipients' kid is protected, all recipients share one epk, and
 * the algorithms are ECDH-ES+A256KW and ECDH-1PU+A256KW (draft 04). */
#define BERTH_JWE_HEADER_MAX ((size_t)32 << 10)	/* decoded; an skid may be a long did:peer:4 */
#define BERTH_JWE_RECIPIENTS_MAX 64

#define BERTH_JWE_ES "ECDH-ES+A256KW"
#define BERTH_JWE_1PU "ECDH-1PU+A256KW"

/* X25519, P-256, P-384 and P-521: what an epk may be. */
bool berth_jwe_agrees_on(enum berth_key_type type);
/* A256CBC-HS512 with both algorithms; A256GCM and XC20P with ECDH-ES alone (C037). */
bool berth_jwe_encrypts_with(enum berth_enc enc, bool authcrypt);

struct berth_jwe_recipient {
	const char *kid, *encrypted_key;	/* borrowed; encrypted_key is still base64url */
};

/* A JWE taken apart; nothing in it is proven.  Everything points into json and
 * header, or is a copy. */
struct berth_jwe {
	struct berth_json *json, *header;	/* owned */
	const char *protected_b64;		/* the additional authenticated data */
	bool authcrypt;				/* ECDH-1PU */
	enum berth_enc enc;
	struct berth_pubkey epk;		/* of a curve above, checked */
	char *skid;				/* owned; NULL for ECDH-ES (C041) */
	struct berth_buf apu;			/* decoded; empty if absent */
	uint8_t apv[BERTH_SHA256_LEN];
	size_t apv_len;				/* 0: absent, and let pass */
	struct berth_jwe_recipient recipients[BERTH_JWE_RECIPIENTS_MAX];
	size_t n_recipients;
	const char *iv, *ciphertext, *tag;	/* base64url */
};

/* DIDs of ours for whose keys an anoncrypt may lack its apv, as some agents' do.
 * They are ours because who sent an anoncrypt is not known when this is decided, and
 * is nobody's word afterwards, while to whom it is, is in the envelope. */
struct berth_apv_leniency {
	const char *const *dids;
	size_t n;
	bool for_all;	/* the command line */
};

/* Takes json over, also on failure.  All that can be said without a private key:
 * E_ENV structure, C024c, C040, C043; E_ALG C037 to C039 and curves we do not
 * have; E_KEY C034; E_B64, E_JSON, E_SIZE.  lenient NULL: apv must be there. */
BERTH_MUST_USE enum berth_err
berth_jwe_from_json(struct berth_jwe *out, struct berth_json *json, const struct berth_apv_leniency *lenient);
void berth_jwe_free(struct berth_jwe *j);	/* of a zeroed or parsed one */

/* Opens it with our key `kid`, whose recipient is r; sender: the key of skid,
 * NULL for ECDH-ES.  pt is appended to.  One private-key operation.  Whatever is
 * wrong inside is E_DECRYPT, with one text. */
BERTH_MUST_USE enum berth_err
berth_jwe_open(const struct berth_jwe *j, const struct berth_jwe_recipient *r,
	       const struct berth_pubkey *sender, struct berth_keyring *kr, struct berth_buf *pt);

/* berth_jwe_open() will be called with the same: the keyring may begin its operation. */
BERTH_MUST_USE enum berth_err
berth_jwe_open_ahead(const struct berth_jwe *j, const struct berth_jwe_recipient *r,
		     const struct berth_pubkey *sender, struct berth_keyring *kr);

/* What berth_jwe_seal() makes. */
struct berth_jwe_seal {
	enum berth_enc enc;
	const char *skid;			/* NULL: ECDH-ES */
	struct berth_keyring *keyring;		/* has skid; unused for ECDH-ES */
	const char *kids[BERTH_JWE_RECIPIENTS_MAX];
	const struct berth_pubkey *keys[BERTH_JWE_RECIPIENTS_MAX];	/* all of one curve */
	size_t n;
};

/* Appends the general JSON serialization. */
BERTH_MUST_USE enum berth_err
berth_jwe_seal(struct berth_buf *out, const struct berth_jwe_seal *s, const void *pt, size_t len);

/* The same, where the keyring may be asked for the key wrap before its answer is waited for:
 * then out is whole but for that one, for which there is room, and *hole, NULL until then, is
 * what fills it; the caller's, also on failure.  Of ECDH-ES, of more recipients than one, and
 * where the keyring has nobody to ask, nothing is ever missing. */
struct berth_jwe_hole;
BERTH_MUST_USE enum berth_err
berth_jwe_seal_ahead(struct berth_buf *out, struct berth_jwe_hole **hole, const struct berth_jwe_seal *s, const void *pt,
		     size_t len);
/* out: those octets, wherever they are now. */
BERTH_MUST_USE enum berth_err berth_jwe_fill(const struct berth_jwe_hole *h, struct berth_buf *out);
void berth_jwe_hole_free(struct berth_jwe_hole *h);	/* wipes; NULL is fine */

/* SPEC encryption: the kids sorted, joined with '.', SHA-256. */
BERTH_MUST_USE enum berth_err
berth_jwe_apv(uint8_t out[BERTH_SHA256_LEN], const char *const *kids, size_t n);

/* The uniform refusal. */
enum berth_err berth_jwe_undecryptable(void);

#endif
