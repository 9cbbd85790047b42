/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_UNIT_DIDCOMM_JWE_H
#define BERTH_TESTS_UNIT_DIDCOMM_JWE_H

/* The envelopes of the specification's appendix C, and how each is altered and opened. */
#include "didcomm/unpack.h"
#include "tests/check.h"
#include "tests/fakes/json.h"
#include "tests/fakes/post.h"

#define SPEC "tests/vectors/didcomm-spec/"
#define BOB_X "did:example:bob#key-x25519-1"
#define BOB_P "did:example:bob#key-p256-1"
#define ALICE_X "did:example:alice#key-x25519-1"
#define ALICE_P "did:example:alice#key-p256-1"
#define PLAIN "{\"id\":\"1\",\"type\":\"https://example.com/p/1.0/m\",\"from\":\"did:example:alice\"," \
	"\"to\":[\"did:example:bob\"],\"body\":{}}"

static struct post w;

static inline enum berth_err unpack_n(const char *text, size_t n)
{
	const struct berth_unpack p = { .resolver = &w.resolver, .keyring = &w.keyring, .allow_plaintext = true };
	struct berth_unpacked u;
	enum berth_err rc = berth_unpack(&u, &p, text, n);

	if (rc)
		CHECK(!u.msg.json && !u.encrypted && !u.encrypted_to_kid);
	berth_unpacked_free(&u);
	return rc;
}

static inline enum berth_err unpack(const char *text) { return unpack_n(text, strlen(text)); }

static inline char *vector(const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), SPEC "%s.json", name);
	return test_read_file(path, NULL);
}

/* The envelope with one protected member set must yield want, without any
 * private-key operation. */
static inline void header_case(enum berth_err want, const char *envelope, const char *name, const char *json)
{
	char *bad = post_with_header(envelope, name, json);
	enum berth_err rc;

	w.key_ops = 0;
	rc = unpack(bad);
	if (rc != want || w.key_ops)
		fail_msg("%s=%s: %s (%s), %u key operations", name, json ? json : "-", berth_err_name(rc),
			 berth_err_detail(), w.key_ops);
	free(bad);
}

static inline void member_case(enum berth_err want, const char *envelope, const char *name, const char *json)
{
	char *bad = post_with_member(envelope, name, json);
	enum berth_err rc;

	w.key_ops = 0;
	rc = unpack(bad);
	if (rc != want)
		fail_msg("%s=%.60s: %s (%s)", name, json ? json : "-", berth_err_name(rc), berth_err_detail());
	free(bad);
}

/* The same, and for that reason: later checks would refuse it too. */
static inline void reason_case(enum berth_err want, const char *why, const char *envelope, const char *name, const char *json)
{
	member_case(want, envelope, name, json);
	if (!strstr(berth_err_detail(), why))
		fail_msg("%s=%.60s: %s, not %s", name, json ? json : "-", berth_err_detail(), why);
}

static inline char *two_kib(const char *skid, const char *kid)
{
	char plain[1024];
	int n = snprintf(plain, sizeof(plain), "{\"id\":\"1\",\"type\":\"https://example.com/p/1.0/m\","
			 "\"from\":\"did:example:alice\",\"to\":[\"did:example:bob\"],\"body\":{\"pad\":\"%0*d\"}}", 640, 7);

	return post_jwe(&w, skid, kid, "A256CBC-HS512", plain, (size_t)n);
}

static inline int setup(void **state)
{
	*state = &w;
	post_open(&w, "ab");
	post_person(&w, "did:example:carol");
	return 0;
}

#endif /* BERTH_TESTS_UNIT_DIDCOMM_JWE_H */
