/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/party.h"

#include "tests/check.h"

#include "did/codec/base64url.h"
#include "did/crypto/hash.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/jose/jwk.h"
#include "did/method_key.h"
#include "did/method_peer.h"
#include "did/url.h"

static void make_key(struct berth_privkey *k, enum berth_key_type type, const char *label, const char *use)
{
	char text[128];
	uint8_t seed[BERTH_SHA384_LEN];

	snprintf(text, sizeof(text), "%s/%s", label, use);
	if (type == BERTH_KEY_P384)
		berth_sha384(seed, text, strlen(text));
	else
		berth_sha256(seed, text, strlen(text));
	CHECK_OK(berth_keypair_from_private(k, type, seed, berth_key_size(type)));
}

static enum berth_key_type type_of(enum test_party_kind kind)
{
	if (kind == PARTY_KEY_P384)
		return BERTH_KEY_P384;
	return kind == PARTY_KEY_ED25519 || kind == PARTY_PEER4_ED25519 ? BERTH_KEY_ED25519 : BERTH_KEY_P256;
}

static bool is_did_key(enum test_party_kind kind)
{
	return kind == PARTY_KEY_ED25519 || kind == PARTY_KEY_P256 || kind == PARTY_KEY_P384;
}

static void make_peer(struct berth_buf *did, int numalgo, const struct berth_privkey *sign, const char *label)
{
	struct berth_privkey agree;
	struct berth_peer_spec spec;

	memset(&spec, 0, sizeof(spec));
	make_key(&agree, sign->type == BERTH_KEY_ED25519 ? BERTH_KEY_X25519 : BERTH_KEY_P256, label, "agree");
	spec.verification[0] = sign->pub;
	spec.agreement[0] = agree.pub;
	spec.n_verification = spec.n_agreement = 1;
	CHECK_OK(berth_did_peer_create(did, numalgo, &spec));
}

/* The fragment of the first key: its own text in did:key, 0 in did:jwk, key-1. */
static void make_kids(struct test_party *p, enum test_party_kind kind)
{
	const char *fragment = kind == PARTY_JWK_P256 ? "0" : "key-1";

	if (is_did_key(kind))
		fragment = p->did + strlen("did:key:");
	snprintf(p->kid, sizeof(p->kid), "%s#%s", p->did, fragment);
	snprintf(p->kid_long, sizeof(p->kid_long), "%s#%s", p->did_long, fragment);
}

void test_party_make(struct test_party *p, struct berth_keyring *kr, enum test_party_kind kind,
		     const char *label)
{
	struct berth_buf did = BERTH_BUF_INIT, brief = BERTH_BUF_INIT;
	struct berth_privkey sign;

	memset(p, 0, sizeof(*p));
	make_key(&sign, type_of(kind), label, "sign");
	if (is_did_key(kind))
		CHECK_OK(berth_did_key_create(&did, &sign.pub));
	else if (kind == PARTY_JWK_P256)
		CHECK_OK(berth_did_jwk_create(&did, &sign.pub));
	else
		make_peer(&did, kind == PARTY_PEER2_P256 ? 2 : 4, &sign, label);
	CHECK_OK(berth_did_short(&brief, berth_buf_cstr(&did)));
	CHECK(did.len < sizeof(p->did_long) && brief.len < sizeof(p->did));
	snprintf(p->did_long, sizeof(p->did_long), "%s", berth_buf_cstr(&did));
	snprintf(p->did, sizeof(p->did), "%s", berth_buf_cstr(&brief));
	make_kids(p, kind);
	p->key = sign.pub;
	p->priv = sign;
	berth_jwk_thumbprint(p->jkt, &sign.pub);
	CHECK_OK(berth_keyring_local_add(kr, p->kid, &sign));
	berth_privkey_wipe(&sign);
	berth_buf_free(&did);
	berth_buf_free(&brief);
}

char *test_party_forge(const struct test_party *p, const char *header, const char *payload)
{
	struct berth_buf b = BERTH_BUF_INIT;
	uint8_t sig[BERTH_SIG_MAX];
	size_t n;

	berth_b64url_encode(&b, header, strlen(header));
	berth_buf_u8(&b, '.');
	berth_b64url_encode(&b, payload, strlen(payload));
	CHECK_OK(berth_buf_status(&b));
	CHECK_OK(berth_sign(sig, &n, &p->priv, b.p, b.len));
	berth_buf_u8(&b, '.');
	berth_b64url_encode(&b, sig, n);
	return test_take(&b);
}

char *test_take(struct berth_buf *b)
{
	char *s = berth_buf_take_str(b);

	CHECK(s != NULL);
	return s;
}
