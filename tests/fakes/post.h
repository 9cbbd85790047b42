/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_POST_H
#define BERTH_TESTS_POST_H

#include "did/jose/keyring.h"
#include "did/keystore/keystore.h"
#include "did/resolver.h"

#define POST_MAX 64

/* People with keys and documents, for tests of envelopes: the two of the DIDComm
 * specification's appendix, and whoever is added.  Private-key operations and
 * look-ups are counted. */
struct post {
	struct berth_resolver resolver;		/* did:key, did:jwk, did:peer and docs[] */
	struct berth_keyring keyring;
	struct berth_resolver builtin;
	struct berth_keyring *real;
	char *dids[POST_MAX], *docs[POST_MAX];
	size_t n_docs;
	char *kids[POST_MAX];
	struct berth_privkey keys[POST_MAX];
	size_t n_keys;
	unsigned key_ops, lookups, asked_ahead;	/* key operations that were announced */
	bool may_wait;		/* key wraps may be announced, too */
	bool no_wraps;		/* and fail */
	bool zero_cek;		/* post_raw_jwe() encrypts with a key of zeros */
	bool no_apv;		/* and writes no apv */
};

/* The keys and documents of tests/vectors/didcomm-spec; whose: "a", "b" or "ab"
 * says whose private keys are in the keyring. */
void post_open(struct post *w, const char *whose);
/* Those of tests/vectors/didcomm-rust. */
void post_add_rust(struct post *w, const char *name, bool with_secrets);
void post_close(struct post *w);
int post_teardown(void **state);	/* the same of a group of tests, whose state it is */

/* Somebody with a key of every type for each use, in keyring and document: "#ed25519",
 * "#p256", "#p384", "#p521", "#secp256k1" sign; "#agree-x25519", "#agree-p256",
 * "#agree-p384", "#agree-p521" and "#agree-secp256k1" agree. */
void post_person(struct post *w, const char *did);

/* Adds or replaces a document. */
void post_doc(struct post *w, const char *did, const char *json);
void post_key(struct post *w, const char *kid, const struct berth_privkey *key);
const struct berth_privkey *post_find(const struct post *w, const char *kid);

/* A general JSON JWS over any payload, under any protected header; kid goes
 * beside it, NULL: nowhere.  free(). */
char *post_jws(const struct post *w, const char *key, const char *protected_json, const char *kid,
		const char *payload);
/* A JWE over any bytes by the real sealer; skid NULL: anoncrypt.  free(). */
char *post_jwe(struct post *w, const char *skid, const char *kid, const char *enc,
		const void *plain, size_t n);
/* A JWE made without the sealer, for headers that it would not write: extra is
 * more of the protected header (",\"skid\":...") and apu what the derivation gets.
 * skid NULL: ECDH-ES.  free(). */
char *post_raw_jwe(const struct post *w, const char *skid, const char *kid, const char *enc,
		    const char *apu, const char *extra, const char *plain);
/* A copy of a JWE or flattened JWS with one member of its protected header set
 * (json NULL: removed).  free(). */
char *post_with_header(const char *envelope, const char *name, const char *json);
/* A copy with one member at the top set or removed.  free(). */
char *post_with_member(const char *envelope, const char *name, const char *json);

#endif
