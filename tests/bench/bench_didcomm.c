/* SPDX-License-Identifier: Apache-2.0 */
/* authcrypt, anoncrypt and signed messages over curve25519.  The floor has correct
 * sizes and primitives and opens what it makes, but writes its JSON with printf,
 * finds members with strstr and knows its peer's key: no resolving, no checks.  It
 * is a cost, not an implementation. */
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <openssl/evp.h>
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

static void kek(uint8_t out[32], const uint8_t z[64], size_t z_len, const uint8_t tag[32])
{
	uint8_t b[256] = { 0, 0, 0, 1 };
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

static void floor_pack(int auth)
{
	static uint8_t ct[PACKED_MAX];
	static struct berth_buf header;
	uint8_t esk[32], epk[32], z[64], cek[64], iv[16], tag[64], k[32], ek[72];
	struct berth_buf *b = &f_packed;
	size_t at, n, z_len = 32;

	b->len = header.len = 0;
	randombytes_buf(esk, 32);
	crypto_scalarmult_base(epk, esk);
	need(!crypto_scalarmult(z, esk, bob.pub.b), "Ze");
	if (auth) {
		need(!crypto_scalarmult(z + 32, alice.b, bob.pub.b), "Zs");
		z_len = 64;
	}
	berth_buf_str(&header, "{\"epk\":{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"");
	berth_b64url_encode(&header, epk, 32);
	berth_buf_str(&header, "\"},\"apv\":\"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc\",\"skid\":\"" ALICE "#key-1\",\"apu\":\"");
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

static void floor_unpack(int auth)
{
	static uint8_t pt[PACKED_MAX];
	static struct berth_buf header, ct;
	const char *json = berth_buf_cstr(&f_packed), *p, *s;
	uint8_t epk[32], z[64], cek[64], iv[16], tag[32], want[64], k[32], ek[72];
	size_t n, m, z_len = 32;

	header.len = ct.len = 0;
	p = member(json, "protected", &n);
	need(!berth_b64url_decode(&header, p, n), "header");
	s = member(berth_buf_cstr(&header), "\"x", &m);
	need(!berth_b64url_decode_fixed(epk, 32, s, m), "epk");
	s = member(json, "encrypted_key", &m);
	need(!berth_b64url_decode_fixed(ek, 72, s, m), "key");
	s = member(json, "\"iv", &m);
	need(!berth_b64url_decode_fixed(iv, 16, s, m), "iv");
	s = member(json, "ciphertext", &m);
	need(!berth_b64url_decode(&ct, s, m), "ciphertext");
	s = member(json, "\"tag", &m);
	need(!berth_b64url_decode_fixed(tag, 32, s, m), "tag");
	need(!crypto_scalarmult(z, bob.b, epk), "Ze");
	if (auth) {
		need(!crypto_scalarmult(z + 32, bob.b, alice.pub.b), "Zs");
		z_len = 64;
	}
	kek(k, z, z_len, tag);
	wrap64(cek, k, ek, 72, 0);
	mac(want, cek, iv, p, n, ct.p, ct.len);
	need(!sodium_memcmp(want, tag, 32), "tag");
	cJSON *v = cJSON_ParseWithLength((const char *)pt, (size_t)crypt(pt, cek, iv, ct.p, ct.len, 0));
	need(v != NULL, "plaintext");
	cJSON_Delete(v);
}

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
	return berth_did_doc_clone(out, docs[!strcmp(did, BOB)]);
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

static void setup(void)
{
	char name[] = "SHA512";
	const OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string("digest", name, 0), OSSL_PARAM_construct_end() };
	EVP_MAC *m = EVP_MAC_fetch(NULL, "HMAC", NULL);
	struct berth_privkey bob_sign;

	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	cbc = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	kw = EVP_CIPHER_fetch(NULL, "AES-256-WRAP", NULL);
	hmac = EVP_MAC_CTX_new(m);
	EVP_MAC_CTX_set_params(hmac, params);
	EVP_MAC_free(m);
	need(!berth_keypair_generate(&alice, BERTH_KEY_X25519) && !berth_keypair_generate(&bob, BERTH_KEY_X25519) &&
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
	make(&small, &plain_small, 300);
	make(&large, &plain_large, LARGE);
}

void bench_didcomm(int *missed)
{
	char title[64];

	setup();
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
}
