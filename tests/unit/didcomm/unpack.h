/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_UNIT_DIDCOMM_UNPACK_H
#define BERTH_TESTS_UNIT_DIDCOMM_UNPACK_H

/* Messages of several kinds, and what unpacking them yields. */
#include "didcomm/unpack.h"
#include "tests/check.h"
#include "tests/fakes/json.h"
#include "tests/fakes/post.h"

#define SPEC "tests/vectors/didcomm-spec/"
#define RUST "tests/vectors/didcomm-rust/"
#define BOB_X "did:example:bob#key-x25519-1"
#define ALICE_X "did:example:alice#key-x25519-1"
#define ALICE_ED "did:example:alice#key-1"
#define ALICE_P "did:example:alice#key-2"
#define ALICE_K "did:example:alice#key-3"
#define BOB_TO ",\"to\":[\"did:example:bob\"]"
#define FROM(who) ",\"from\":\"did:example:" who "\""
#define MSG(rest) "{\"id\":\"1\",\"type\":\"https://example.com/p/1.0/m\"" rest "}"
#define TYP "\"typ\":\"application/didcomm-signed+json\""
#define EDDSA "{" TYP ",\"alg\":\"EdDSA\"}"

static struct post w;

static inline enum berth_err unpack_into(struct berth_unpacked *u, const char *text, bool plaintext)
{
	const struct berth_unpack p = { .resolver = &w.resolver, .keyring = &w.keyring,
		.allow_plaintext = plaintext };
	enum berth_err rc = berth_unpack(u, &p, text, strlen(text));

	if (rc)
		CHECK(!u->msg.json && !u->encrypted && !u->authenticated && !u->sign_from && !u->from_prior);
	return rc;
}

static inline enum berth_err unpack(const char *text)
{
	struct berth_unpacked u;
	enum berth_err rc = unpack_into(&u, text, false);

	berth_unpacked_free(&u);
	return rc;
}

/* Takes text. */
static inline void expect(enum berth_err want, char *text, const char *what)
{
	enum berth_err rc = unpack(text);

	if (rc != want)
		fail_msg("%s: %s (%s), want %s", what, berth_err_name(rc), berth_err_detail(), berth_err_name(want));
	free(text);
}

static inline char *jws(const char *key, const char *header, const char *kid, const char *payload)
{
	return post_jws(&w, key, header, kid, payload);
}

static inline int setup(void **state)
{
	*state = &w;
	post_open(&w, "ab");
	return 0;
}

#endif /* BERTH_TESTS_UNIT_DIDCOMM_UNPACK_H */
