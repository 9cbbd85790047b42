/* SPDX-License-Identifier: Apache-2.0 */
/* authcrypt, anoncrypt and signed messages over curve25519, and authcrypt over two of the
 * NIST curves.  The floor has correct
 * sizes and primitives and opens what it makes, but writes its JSON with printf,
 * finds members with strstr and knows its peer's key: no resolving, no checks.  It
 * is a cost, not an implementation. */
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <sodium.h>

#include "did/base/buf.h"
#include "did/codec/base64url.h"
#include "did/crypto/keypair.h"
#include "did/jose/keyring.h"
#include "did/jose/multikey.h"
#include "did/resolver.h"
#include "didcomm/message.h"
#include "didcomm/pack.h"
#include "didcomm/unpack.h"

#define ALICE "did:example:alice"
#define BOB "did:example:bob"
#define LARGE 10240
#define PACKED_MAX (4 * LARGE)

static struct berth_privkey alice, bob, alice_sign;
static struct berth_keyring *alice_ring, *bob_ring;
static struct berth_did_doc *docs[2];
static struct berth_message small, large, *msg;
static uint8_t alice_sk[64];
static EVP_MD *sha256;
static EVP_MAC_CTX *hmac;
static EVP_CIPHER *cbc, *kw;

/* ---- the floor ---- */

static struct berth_buf plain_small, plain_large, *plain;
static struct berth_buf f_packed, o_packed;

static void kek(uint8_t out[32], const uint8_t *z, size_t z_len, const uint8_t tag[32])
{
	uint8_t b[320] = { 0, 0, 0, 1 };
	size_t n = 4;

	memcpy(b + n, z, z_len);
	n += z_len;
	memcpy(b + n, "\0\0\0\x0f" "ECDH-1PU+A256KW" "\0\0\0\x17" ALICE "#key-1" "\0\0\0\x20", 4 + 15 + 4 + 23 + 4);
	n += 4 + 15 + 4 + 23 + 4;
	memset(b + n, 7, 32);
	n += 32;
	memcpy(b + n, "\0\0\1\0\0\0\0\x20", 8);
	memcpy(b + n + 8, tag, 32);
	EVP_Digest(b, n + 40, out, NULL, sha256, NULL);
}

static void wrap64(uint8_t *out, const uint8_t key[32], const uint8_t *in, int n, int dir)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int m;

	EVP_CIPHER_CTX_set_flags(c, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	EVP_CipherInit_ex2(c, kw, key, NULL, dir, NULL);
	need(EVP_CipherUpdate(c, out, &m, in, n) == 1, "wrap");
	EVP_CIPHER_CTX_free(c);
}

static int crypt(uint8_t *out, const uint8_t *cek, const uint8_t *iv, const uint8_t *in, size_t n, int dir)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int a, b;

	EVP_CipherInit_ex2(c, cbc, cek + 32, iv, dir, NULL);
	EVP_CipherUpdate(c, out, &a, in, (int)n);
	need(EVP_CipherFinal_ex(c, out + a, &b) == 1, "cbc");
	EVP_CIPHER_CTX_free(c);
	return a + b;
}

static void mac(uint8_t out[64], const uint8_t *cek, const uint8_t *iv, const char *aad, size_t aad_len,
		const uint8_t *ct, size_t n)
{
	uint8_t al[8] = { 0, 0, 0, 0, 0, 0, (uint8_t)(aad_len * 8 >> 8), (uint8_t)(aad_len * 8) };
	size_t m;

	EVP_MAC_init(hmac, cek, 32, NULL);
	EVP_MAC_update(hmac, (const uint8_t *)aad, aad_len);
	EVP_MAC_update(hmac, iv, 16);
	EVP_MAC_update(hmac, ct, n);
	EVP_MAC_update(hmac, al, 8);
	EVP_MAC_final(hmac, out, &m, 64);
}

/* What differs by curve: both agreements of a packer, with the JWK of its ephemeral key,
 * and of an unpacker, who finds that in the header.  They return the length of z. */
struct floor_curve {
	size_t (*pack)(uint8_t z[2 * BERTH_ECDH_MAX], struct berth_buf *header, int auth);
	size_t (*unpack)(uint8_t z[2 * BERTH_ECDH_MAX], const char *header, int auth);
};
static const struct floor_curve *curve;

static size_t x25519_pack(uint8_t *z, struct berth_buf *header, int auth)
{
	uint8_t esk[32], epk[32];

	randombytes_buf(esk, 32);
	crypto_scalarmult_base(epk, esk);
	need(!crypto_scalarmult(z, esk, bob.pub.b), "Ze");
	if (auth)
		need(!crypto_scalarmult(z + 32, alice.b, bob.pub.b), "Zs");
	berth_buf_str(header, "{\"epk\":{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"");
	berth_b64url_encode(header, epk, 32);
	berth_buf_str(header, "\"}");
	return auth ? 64 : 32;
}

static void floor_pack(int auth)
{
	static uint8_t ct[PACKED_MAX];
	static struct berth_buf header;
	uint8_t z[2 * BERTH_ECDH_MAX], cek[64], iv[16], tag[64], k[32], ek[72];
	struct berth_buf *b = &f_packed;
	size_t at, n, z_len;

	b->len = header.len = 0;
	z_len = curve->pack(z, &header, auth);
	berth_buf_str(&header, ",\"apv\":\"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc\",\"skid\":\"" ALICE "#key-1\",\"apu\":\"");
	berth_b64url_encode(&header, ALICE "#key-1", 23);
	berth_buf_str(&header, "\",\"typ\":\"application/didcomm-encrypted+json\",\"enc\":\"A256CBC-HS512\",\"alg\":\"ECDH-1PU+A256KW\"}");
	berth_buf_str(b, "{\"protected\":\"");
	at = b->len;
	berth_b64url_encode(b, header.p, header.len);
	randombytes_buf(cek, 64);
	randombytes_buf(iv, 16);
	n = (size_t)crypt(ct, cek, iv, plain->p, plain->len, 1);
	mac(tag, cek, iv, (const char *)b->p + at, b->len - at, ct, n);
	kek(k, z, z_len, tag);
	wrap64(ek, k, cek, 64, 1);
	berth_buf_str(b, "\",\"recipients\":[{\"header\":{\"kid\":\"" BOB "#key-1\"},\"encrypted_key\":\"");
	berth_b64url_encode(b, ek, 72);
	berth_buf_str(b, "\"}],\"iv\":\"");
	berth_b64url_encode(b, iv, 16);
	berth_buf_str(b, "\",\"ciphertext\":\"");
	berth_b64url_encode(b, ct, n);
	berth_buf_str(b, "\",\"tag\":\"");
	berth_b64url_encode(b, tag, 32);
	berth_buf_str(b, "\"}");
}

/* The member's text, up to its quote. */
static const char *member(const char *json, const char *name, size_t *n)
{
	const char *p = strstr(json, name);

	need(p != NULL, name);
	p += strlen(name) + 3;
	*n = strcspn(p, "\"");
	return p;
}

static size_t x25519_unpack(uint8_t *z, const char *header, int auth)
{
	uint8_t epk[32];
	size_t m;
	const char *x = member(header, "\"x", &m);

	need(!berth_b64url_decode_fixed(epk, 32, x, m), "epk");
	need(!crypto_scalarmult(z, bob.b, epk), "Ze");
	if (auth)
		need(!crypto_scalarmult(z + 32, bob.b, alice.pub.b), "Zs");
	return auth ? 64 : 32;
}
static const struct floor_curve x25519 = { x25519_pack, x25519_unpack };

static void floor_unpack(int auth)
{
	static uint8_t pt[PACKED_MAX];
	static struct berth_buf header, ct;
	const char *json = berth_buf_cstr(&f_packed), *p, *s;
	uint8_t z[2 * BERTH_ECDH_MAX], cek[64], iv[16], tag[32], want[64], k[32], ek[72];
	size_t n, m, z_len;

	header.len = ct.len = 0;
	p = member(json, "protected", &n);
	need(!berth_b64url_decode(&header, p, n), "header");
	s = member(json, "encrypted_key", &m);
	need(!berth_b64url_decode_fixed(ek, 72, s, m), "key");
	s = member(json, "\"iv", &m);
	need(!berth_b64url_decode_fixed(iv, 16, s, m), "iv");
	s = member(json, "ciphertext", &m);
	need(!berth_b64url_decode(&ct, s, m), "ciphertext");
	s = member(json, "\"tag", &m);
	need(!berth_b64url_decode_fixed(tag, 32, s, m), "tag");
	z_len = curve->unpack(z, berth_buf_cstr(&header), auth);
	kek(k, z, z_len, tag);
	wrap64(cek, k, ek, 72, 0);
	mac(want, cek, iv, p, n, ct.p, ct.len);
	need(!sodium_memcmp(want, tag, 32), "tag");
	cJSON *v = cJSON_ParseWithLength((const char *)pt, (size_t)crypt(pt, cek, iv, ct.p, ct.len, 0));
	need(v != NULL, "plaintext");
	cJSON_Delete(v);
}

/* ---- the floor on the NIST curves: EVP, with its keys in EVP's own form ---- */

static EVP_PKEY *params, *bob_pkey, *alice_pkey;
static EVP_PKEY_CTX *maker;
static size_t size;	/* of a coordinate */

static EVP_PKEY *public_pkey(const uint8_t *point, size_t n)
{
	EVP_PKEY *k = EVP_PKEY_dup(params);

	need(k && EVP_PKEY_set1_encoded_public_key(k, point, n) == 1, "point");
	return k;
}

static void derive(uint8_t *z, EVP_PKEY *mine, EVP_PKEY *theirs)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, mine, NULL);
	size_t n = size;

	need(c && EVP_PKEY_derive_init(c) == 1 && EVP_PKEY_derive_set_peer_ex(c, theirs, 0) == 1 &&
	     EVP_PKEY_derive(c, z, &n) == 1, "derive");
	EVP_PKEY_CTX_free(c);
}

static size_t nist_pack(uint8_t *z, struct berth_buf *header, int auth)
{
	EVP_PKEY *e = NULL;
	uint8_t *point = NULL;

	need(EVP_PKEY_keygen(maker, &e) == 1, "keygen");
	derive(z, e, bob_pkey);
	if (auth)
		derive(z + size, alice_pkey, bob_pkey);
	need(EVP_PKEY_get1_encoded_public_key(e, &point) == 1 + 2 * size, "point");
	berth_buf_str(header, "{\"epk\":{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"");
	berth_b64url_encode(header, point + 1, size);
	berth_buf_str(header, "\",\"y\":\"");
	berth_b64url_encode(header, point + 1 + size, size);
	berth_buf_str(header, "\"}");
	OPENSSL_free(point);
	EVP_PKEY_free(e);
	return auth ? 2 * size : size;
}

static size_t nist_unpack(uint8_t *z, const char *header, int auth)
{
	uint8_t point[1 + 2 * BERTH_ECDH_MAX] = { 4 };
	EVP_PKEY *e;
	size_t m;
	const char *x = member(header, "\"x", &m);

	need(!berth_b64url_decode_fixed(point + 1, size, x, m), "x");
	x = member(header, "\"y", &m);
	need(!berth_b64url_decode_fixed(point + 1 + size, size, x, m), "y");
	e = public_pkey(point, 1 + 2 * size);
	derive(z, bob_pkey, e);
	if (auth)
		derive(z + size, bob_pkey, alice_pkey);
	EVP_PKEY_free(e);
	return auth ? 2 * size : size;
}
static const struct floor_curve nist = { nist_pack, nist_unpack };

static void f_auth_pack(void) { floor_pack(1); }
static void f_auth_unpack(void) { floor_unpack(1); }
static void f_anon_pack(void) { floor_pack(0); }
static void f_anon_unpack(void) { floor_unpack(0); }

static void f_sign(void)
{
	static struct berth_buf input;
	struct berth_buf *b = &f_packed;
	uint8_t sig[64];

	b->len = input.len = 0;
	berth_b64url_encode(&input, "{\"alg\":\"EdDSA\",\"typ\":\"application/didcomm-signed+json\"}", 54);
	berth_buf_u8(&input, '.');
	berth_b64url_encode(&input, plain->p, plain->len);
	crypto_sign_detached(sig, NULL, input.p, input.len, alice_sk);
	berth_buf_str(b, "{\"payload\":\"");
	berth_buf_put(b, input.p + 73, input.len - 73);
	berth_buf_str(b, "\",\"signatures\":[{\"protected\":\"");
	berth_buf_put(b, input.p, 72);
	berth_buf_str(b, "\",\"signature\":\"");
	berth_b64url_encode(b, sig, 64);
	berth_buf_str(b, "\",\"header\":{\"kid\":\"" ALICE "#key-2\"}}]}");
}

static void f_sign_open(void)
{
	static struct berth_buf input, pt;
	const char *json = berth_buf_cstr(&f_packed), *p, *h;
	uint8_t sig[64];
	size_t n, h_len;

	input.len = pt.len = 0;
	p = member(json, "payload", &n);
	h = member(json, "protected", &h_len);
	berth_buf_put(&input, h, h_len);
	berth_buf_u8(&input, '.');
	berth_buf_put(&input, p, n);
	h = strstr(json, "\"signature\":\"");
	need(h && !berth_b64url_decode_fixed(sig, 64, h + 13, 86), "signature");
	need(!berth_b64url_decode(&pt, p, n), "payload");
	need(!crypto_sign_verify_detached(sig, input.p, input.len, alice_sign.pub.b), "verify");
	cJSON *v = cJSON_ParseWithLength((const char *)pt.p, pt.len);
	need(v != NULL, "plaintext");
	cJSON_Delete(v);
}

/* ---- ours ---- */

/* Two documents in memory: what a daemon's cache does. */
static enum berth_err resolve(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	(void)r;
	*out = berth_did_doc_share(docs[!strcmp(did, BOB)]);
	return BERTH_OK;
}
static struct berth_resolver resolver = { .resolve = resolve };

static void pack(enum berth_pack_mode mode)
{
	const struct berth_pack p = {
		.mode = mode, .from = mode == BERTH_PACK_AUTHCRYPT ? ALICE : NULL, .to = mode == BERTH_PACK_SIGNED ? NULL : BOB,
		.sign_by = mode == BERTH_PACK_SIGNED ? ALICE "#key-2" : NULL, .resolver = &resolver, .keyring = alice_ring
	};

	o_packed.len = 0;
	need(!berth_pack(&o_packed, &p, msg), "pack");
}

static void o_unpack(void)
{
	const struct berth_unpack p = { .resolver = &resolver, .keyring = bob_ring };
	struct berth_unpacked u;

	need(!berth_unpack(&u, &p, berth_buf_cstr(&o_packed), o_packed.len), "unpack");
	berth_unpacked_free(&u);
}

static void o_auth_pack(void) { pack(BERTH_PACK_AUTHCRYPT); }
static void o_anon_pack(void) { pack(BERTH_PACK_ANONCRYPT); }
static void o_sign(void) { pack(BERTH_PACK_SIGNED); }

/* ---- the data ---- */

static struct berth_did_doc *document(const char *did, const struct berth_pubkey *agree, const struct berth_pubkey *sign)
{
	struct berth_buf a = BERTH_BUF_INIT, s = BERTH_BUF_INIT, json = BERTH_BUF_INIT;
	struct berth_did_doc *doc;

	need(!berth_multikey_format(&a, agree) && !berth_multikey_format(&s, sign), "multikey");
	berth_buf_printf(&json, "{\"id\":\"%s\",\"verificationMethod\":["
		"{\"id\":\"%s#key-1\",\"type\":\"Multikey\",\"controller\":\"%s\",\"publicKeyMultibase\":\"%s\"},"
		"{\"id\":\"%s#key-2\",\"type\":\"Multikey\",\"controller\":\"%s\",\"publicKeyMultibase\":\"%s\"}],"
		"\"keyAgreement\":[\"%s#key-1\"],\"authentication\":[\"%s#key-2\"]}",
		did, did, did, berth_buf_cstr(&a), did, did, berth_buf_cstr(&s), did, did);
	need(!berth_did_doc_parse(&doc, berth_buf_cstr(&json), json.len, did), "document");
	berth_buf_free(&a);
	berth_buf_free(&s);
	berth_buf_free(&json);
	return doc;
}

/* A message whose plaintext has about want bytes, many short members. */
static void make(struct berth_message *m, struct berth_buf *text, size_t want)
{
	size_t rows = want < 400 ? 2 : want / 53;
	struct berth_json *body = berth_json_new_object();
	char key[32];

	for (size_t i = 0; i < rows; i++) {
		snprintf(key, sizeof(key), "reading-%04zu", i);
		need(!berth_json_set_str(body, key, "a value of thirty characters.."), "body");
	}
	need(!berth_message_new(m, "https://example.org/readings/1.0/report", ALICE, BOB, NULL, body), "message");
	need(!berth_json_print(text, m->json), "plaintext");
}

static void libraries(void)
{
	char name[] = "SHA512";
	const OSSL_PARAM p[] = { OSSL_PARAM_construct_utf8_string("digest", name, 0), OSSL_PARAM_construct_end() };
	EVP_MAC *m = EVP_MAC_fetch(NULL, "HMAC", NULL);

	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	cbc = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	kw = EVP_CIPHER_fetch(NULL, "AES-256-WRAP", NULL);
	hmac = EVP_MAC_CTX_new(m);
	EVP_MAC_CTX_set_params(hmac, p);
	EVP_MAC_free(m);
}

/* Two people with an agreement key of that type and an Ed25519 key. */
static void people(enum berth_key_type type)
{
	struct berth_privkey bob_sign;

	berth_keyring_free(alice_ring);
	berth_keyring_free(bob_ring);
	berth_did_doc_free(docs[0]);
	berth_did_doc_free(docs[1]);
	need(!berth_keypair_generate(&alice, type) && !berth_keypair_generate(&bob, type) &&
	     !berth_keypair_generate(&alice_sign, BERTH_KEY_ED25519) &&
	     !berth_keypair_generate(&bob_sign, BERTH_KEY_ED25519), "keys");
	memcpy(alice_sk, alice_sign.b, 32);
	memcpy(alice_sk + 32, alice_sign.pub.b, 32);
	need(!berth_keyring_local_new(&alice_ring) && !berth_keyring_local_new(&bob_ring) &&
	     !berth_keyring_local_add(alice_ring, ALICE "#key-1", &alice) &&
	     !berth_keyring_local_add(alice_ring, ALICE "#key-2", &alice_sign) &&
	     !berth_keyring_local_add(bob_ring, BOB "#key-1", &bob), "keyrings");
	docs[0] = document(ALICE, &alice.pub, &alice_sign.pub);
	docs[1] = document(BOB, &bob.pub, &bob_sign.pub);
}

static EVP_PKEY *private_pkey(const char *group, const struct berth_privkey *k)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	BIGNUM *d = BN_bin2bn(k->b, (int)k->len, NULL);
	EVP_PKEY *out = NULL;
	OSSL_PARAM *p;

	need(OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) &&
	     OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, k->pub.b, k->pub.len) &&
	     OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_PRIV_KEY, d), "private key");
	p = OSSL_PARAM_BLD_to_param(b);
	need(EVP_PKEY_fromdata_init(c) == 1 && EVP_PKEY_fromdata(c, &out, EVP_PKEY_KEYPAIR, p) == 1, "private key");
	OSSL_PARAM_free(p);
	OSSL_PARAM_BLD_free(b);
	BN_free(d);
	EVP_PKEY_CTX_free(c);
	return out;
}

/* The people that people() has just made, for the floor. */
static void people_of_evp(const char *group)
{
	const OSSL_PARAM p[] = { OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)group, 0),
				 OSSL_PARAM_construct_end() };
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);

	need(EVP_PKEY_fromdata_init(c) == 1 && EVP_PKEY_fromdata(c, &params, EVP_PKEY_KEY_PARAMETERS, (OSSL_PARAM *)(uintptr_t)p) == 1, "group");
	EVP_PKEY_CTX_free(c);
	maker = EVP_PKEY_CTX_new_from_pkey(NULL, params, NULL);
	need(maker && EVP_PKEY_keygen_init(maker) == 1, "keygen");
	alice_pkey = private_pkey(group, &alice);
	bob_pkey = private_pkey(group, &bob);
	size = alice.len;
}

static void bench_nist(enum berth_key_type type, const char *group, int *missed)
{
	const struct bench b[] = {
		{ "authcrypt pack", f_auth_pack, o_auth_pack, 1.3 },
		{ "authcrypt unpack", f_auth_unpack, o_unpack, 1.3 },
	};
	char title[64];

	people(type);
	people_of_evp(group);
	curve = &nist;
	msg = &small;
	plain = &plain_small;
	snprintf(title, sizeof(title), "DIDComm on %s, plaintext of %zu bytes", group, plain->len);
	*missed += bench_run(title, b, sizeof(b) / sizeof(b[0]));
}

void bench_didcomm(int *missed)
{
	char title[64];

	libraries();
	people(BERTH_KEY_X25519);
	make(&small, &plain_small, 300);
	make(&large, &plain_large, LARGE);
	curve = &x25519;
	for (int i = 0; i < 2; i++) {
		double pack_goal = i ? 1.4 : 1.3, unpack_goal = i ? 1.5 : 1.3;
		/* each pair leaves the envelope that the next one opens */
		const struct bench b[] = {
			{ "authcrypt pack", f_auth_pack, o_auth_pack, pack_goal },
			{ "authcrypt unpack", f_auth_unpack, o_unpack, unpack_goal },
			{ "anoncrypt pack", f_anon_pack, o_anon_pack, 1.3 },
			{ "anoncrypt unpack", f_anon_unpack, o_unpack, 1.3 },
			{ "signed pack", f_sign, o_sign, pack_goal },
			{ "signed unpack", f_sign_open, o_unpack, 1.3 },
		};

		msg = i ? &large : &small;
		plain = i ? &plain_large : &plain_small;
		snprintf(title, sizeof(title), "DIDComm, plaintext of %zu bytes", plain->len);
		*missed += bench_run(title, b, sizeof(b) / sizeof(b[0]));
	}
	bench_nist(BERTH_KEY_P256, "P-256", missed);
	bench_nist(BERTH_KEY_P384, "P-384", missed);
	bench_nist(BERTH_KEY_P521, "P-521", missed);
}
