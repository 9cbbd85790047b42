/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_PARTY_H
#define BERTH_TESTS_FAKES_PARTY_H

#include "did/base/buf.h"
#include "did/base/key.h"
#include "did/jose/keyring.h"

/* Somebody with a DID and a signing key, always the same for the same label. */
enum test_party_kind {
	PARTY_KEY_ED25519,	/* did:key */
	PARTY_KEY_P256,
	PARTY_JWK_P256,		/* did:jwk */
	PARTY_PEER2_P256,	/* did:peer:2, signing and agreement key */
	PARTY_PEER4_P256,	/* did:peer:4 likewise */
	PARTY_PEER4_ED25519,
	PARTY_KEY_P384		/* did:key */
};

struct test_party {
	char did[2048];		/* the short form where there is one */
	char did_long[2048];
	char kid[2112], kid_long[2112];
	struct berth_pubkey key;
	struct berth_privkey priv;
	uint8_t jkt[32];
};

/* The key goes into kr; it is found by either kid. */
void test_party_make(struct test_party *p, struct berth_keyring *kr, enum test_party_kind kind,
		     const char *label);

/* Signs what no keyring would: any header, any payload. */
char *test_party_forge(const struct test_party *p, const char *header, const char *payload);

/* The compact JWS (or JSON) in b as a string of its own; b is emptied; free(). */
char *test_take(struct berth_buf *b);

#endif
