/* SPDX-License-Identifier: Apache-2.0 */
/* did/crypto against bare library calls with fetched algorithms, reused contexts
 * and keys that are already in the library's own form. */
#include "tests/bench/bench.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <secp256k1.h>
#include <sodium.h>

#include "did/codec/base58.h"
#include "did/crypto/aead.h"
#include "did/crypto/agree.h"
#include "did/crypto/hash.h"
#include "did/crypto/keypair.h"
#include "did/crypto/keywrap.h"
#include "did/crypto/mac.h"
#include "did/crypto/sign.h"

#define MSG_LEN 1024

static uint8_t msg[MSG_LEN], out[MSG_LEN + 64], key64[64], iv[24];
static struct berth_privkey ed, x, p256, k1, other_x, other_p256;
static uint8_t ed_sk[64], ed_sig[64], p256_sig[64], p256_der[80], k1_sig[64];
static size_t p256_der_len;
static EVP_MD *sha256;
static EVP_MAC_CTX *hmac;
static EVP_CIPHER *cbc, *gcm, *wrap;
static EVP_PKEY *p256_pkey, *p256_peer;
static EVP_PKEY_CTX *p256_signer, *p256_maker, *p256_verifier;
static secp256k1_context *k1_ctx;
static secp256k1_pubkey k1_pub;

static EVP_PKEY *pkey(const struct berth_privkey *k, int priv)
{
	uint8_t native[32];
	char group[] = "P-256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)k->pub.b, k->pub.len),
		OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end()
	};
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *p = NULL;

	for (int i = 0; i < 32; i++)
		native[i] = k->b[31 - i];
	if (priv)
		params[2] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, 32);
	EVP_PKEY_fromdata_init(c);
	EVP_PKEY_fromdata(c, &p, priv ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params);
	EVP_PKEY_CTX_free(c);
	need(p != NULL, "P-256 key");
	return p;
}

/* Ever another key, so that none was seen lately. */
#define KEYS 256
static struct berth_pubkey many[KEYS];
static struct berth_buf coded, decoded;
static uint8_t points[KEYS][33];	/* public keys of P-256, compressed */

static const uint8_t *next_key(void)
{
	static size_t i;

	return many[i++ % KEYS].b;
}

static void setup(void)
{
	char name[] = "SHA512";
	const OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string("digest", name, 0), OSSL_PARAM_construct_end() };
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	uint8_t h[32];
	size_t n;

	randombytes_buf(msg, sizeof(msg));
	randombytes_buf(key64, sizeof(key64));
	need(!berth_keypair_generate(&ed, BERTH_KEY_ED25519) && !berth_keypair_generate(&x, BERTH_KEY_X25519) &&
	     !berth_keypair_generate(&other_x, BERTH_KEY_X25519) && !berth_keypair_generate(&p256, BERTH_KEY_P256) &&
	     !berth_keypair_generate(&other_p256, BERTH_KEY_P256) && !berth_keypair_generate(&k1, BERTH_KEY_SECP256K1), "keys");
	for (size_t i = 0; i < KEYS; i++) {
		struct berth_privkey k;

		need(!berth_keypair_generate(&k, BERTH_KEY_ED25519), "keys");
		many[i] = k.pub;
		need(!berth_keypair_generate(&k, BERTH_KEY_P256), "keys");
		points[i][0] = (uint8_t)(2 + (k.pub.b[64] & 1));
		memcpy(points[i] + 1, k.pub.b + 1, 32);
	}
	memcpy(ed_sk, ed.b, 32);
	memcpy(ed_sk + 32, ed.pub.b, 32);
	need(!berth_sign(ed_sig, &n, &ed, msg, MSG_LEN) && !berth_sign(p256_sig, &n, &p256, msg, MSG_LEN) &&
	     !berth_sign(k1_sig, &n, &k1, msg, MSG_LEN), "signatures");
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	cbc = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	wrap = EVP_CIPHER_fetch(NULL, "AES-256-WRAP", NULL);
	hmac = EVP_MAC_CTX_new(mac);
	EVP_MAC_CTX_set_params(hmac, params);
	EVP_MAC_free(mac);
	p256_pkey = pkey(&p256, 1);
	p256_peer = pkey(&other_p256, 0);
	p256_signer = EVP_PKEY_CTX_new_from_pkey(NULL, p256_pkey, NULL);
	p256_verifier = EVP_PKEY_CTX_new_from_pkey(NULL, p256_pkey, NULL);
	p256_maker = EVP_PKEY_CTX_new_from_pkey(NULL, p256_pkey, NULL);
	need(EVP_PKEY_keygen_init(p256_maker) == 1, "new");
	EVP_PKEY_sign_init(p256_signer);
	EVP_PKEY_verify_init(p256_verifier);
	p256_der_len = sizeof(p256_der);
	EVP_Digest(msg, MSG_LEN, h, NULL, sha256, NULL);
	need(EVP_PKEY_sign(p256_signer, p256_der, &p256_der_len, h, 32) == 1, "P-256");
	k1_ctx = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
	need(secp256k1_ec_pubkey_parse(k1_ctx, &k1_pub, k1.pub.b, k1.pub.len), "secp256k1");
}

static void f_sha256(void) { EVP_Digest(msg, MSG_LEN, out, NULL, sha256, NULL); }
static void o_sha256(void) { berth_sha256(out, msg, MSG_LEN); }

static void f_hmac(void)
{
	size_t n;

	EVP_MAC_init(hmac, key64, 32, NULL);
	EVP_MAC_update(hmac, msg, MSG_LEN);
	EVP_MAC_final(hmac, out, &n, 64);
}
static void o_hmac(void) { berth_hmac_sha512_parts(out, key64, 32, &(struct berth_part){ msg, MSG_LEN }, 1); }

static void f_ed_sign(void) { crypto_sign_detached(out, NULL, msg, MSG_LEN, ed_sk); }
static void o_ed_sign(void) { size_t n; need(!berth_sign(out, &n, &ed, msg, MSG_LEN), "sign"); }
static void f_ed_verify(void) { need(!crypto_sign_verify_detached(ed_sig, msg, MSG_LEN, ed.pub.b), "verify"); }
static void o_ed_verify(void) { need(!berth_verify(&ed.pub, msg, MSG_LEN, ed_sig, 64), "verify"); }

static void f_ed_import(void) { need(crypto_core_ed25519_is_valid_point(next_key()), "point"); }
static void o_ed_import(void)
{
	struct berth_pubkey k;

	need(!berth_pubkey_import(&k, BERTH_KEY_ED25519, next_key(), 32), "import");
}

static const uint8_t *next_point(void)
{
	static size_t i;

	return points[i++ % KEYS];
}

static void f_point(void)
{
	static EC_GROUP *g;
	static EC_POINT *q;

	if (!q)
		q = EC_POINT_new(g = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
	need(EC_POINT_oct2point(g, q, next_point(), 33, NULL), "point");
}
static void o_point(void)
{
	struct berth_pubkey k;

	need(!berth_pubkey_import(&k, BERTH_KEY_P256, next_point(), 33), "import");
}

/* Of the document in a did:peer:4 of a device; there is no library for it. */
#define DOCUMENT 410
static void b58_made(void) { coded.len = 0; need(!berth_base58_encode(&coded, msg, DOCUMENT), "base58"); }
static void b58_read(void)
{
	decoded.len = 0;
	need(!berth_base58_decode(&decoded, (const char *)coded.p, coded.len), "base58");
}

static void f_x25519(void) { need(!crypto_scalarmult(out, x.b, other_x.pub.b), "x25519"); }
static void o_x25519(void) { size_t n; need(!berth_ecdh(out, &n, &x, &other_x.pub), "x25519"); }
static void f_x_new(void) { uint8_t sk[32]; randombytes_buf(sk, 32); crypto_scalarmult_base(out, sk); }
static void o_x_new(void) { struct berth_privkey k; need(!berth_keypair_generate(&k, BERTH_KEY_X25519), "new"); }

static void f_p256_sign(void)
{
	size_t n = sizeof(out);
	uint8_t h[32];

	EVP_Digest(msg, MSG_LEN, h, NULL, sha256, NULL);
	need(EVP_PKEY_sign(p256_signer, out, &n, h, 32) == 1, "sign");
}
static void o_p256_sign(void) { size_t n; need(!berth_sign(out, &n, &p256, msg, MSG_LEN), "sign"); }

static void f_p256_verify(void)
{
	uint8_t h[32];

	EVP_Digest(msg, MSG_LEN, h, NULL, sha256, NULL);
	need(EVP_PKEY_verify(p256_verifier, p256_der, p256_der_len, h, 32) == 1, "verify");
}
static void o_p256_verify(void) { need(!berth_verify(&p256.pub, msg, MSG_LEN, p256_sig, 64), "verify"); }

static void f_p256_ecdh(void)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, p256_pkey, NULL);
	size_t n = 32;

	EVP_PKEY_derive_init(c);
	EVP_PKEY_derive_set_peer_ex(c, p256_peer, 0);
	need(EVP_PKEY_derive(c, out, &n) == 1, "ecdh");
	EVP_PKEY_CTX_free(c);
}
static void f_p256_new(void)
{
	EVP_PKEY *k = NULL;

	need(EVP_PKEY_keygen(p256_maker, &k) == 1, "new");
	EVP_PKEY_free(k);
}
static void o_p256_new(void) { struct berth_privkey k; need(!berth_keypair_generate(&k, BERTH_KEY_P256), "new"); }
static void o_p256_ecdh(void) { size_t n; need(!berth_ecdh(out, &n, &p256, &other_p256.pub), "ecdh"); }

static void f_k1_verify(void)
{
	secp256k1_ecdsa_signature s;
	uint8_t h[32];

	EVP_Digest(msg, MSG_LEN, h, NULL, sha256, NULL);
	need(secp256k1_ecdsa_signature_parse_compact(k1_ctx, &s, k1_sig) &&
	     secp256k1_ecdsa_verify(k1_ctx, &s, h, &k1_pub), "verify");
}
static void o_k1_verify(void) { need(!berth_verify(&k1.pub, msg, MSG_LEN, k1_sig, 64), "verify"); }

static void f_cbc(void)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n;
	size_t m;

	EVP_EncryptInit_ex2(c, cbc, key64 + 32, iv, NULL);
	EVP_EncryptUpdate(c, out, &n, msg, MSG_LEN);
	EVP_EncryptFinal_ex(c, out + n, &n);
	EVP_CIPHER_CTX_free(c);
	EVP_MAC_init(hmac, key64, 32, NULL);
	EVP_MAC_update(hmac, out, MSG_LEN + 16);
	EVP_MAC_final(hmac, out + MSG_LEN, &m, 64);
}

static void seal(enum berth_enc e)
{
	static struct berth_buf b;
	uint8_t tag[BERTH_TAG_MAX];

	b.len = 0;
	need(!berth_aead_seal(e, &b, tag, key64, iv, "a", 1, msg, MSG_LEN), "seal");
}
static void o_cbc(void) { seal(BERTH_ENC_A256CBC_HS512); }

static void f_gcm(void)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n;

	EVP_EncryptInit_ex2(c, gcm, key64, iv, NULL);
	EVP_EncryptUpdate(c, NULL, &n, (const uint8_t *)"a", 1);
	EVP_EncryptUpdate(c, out, &n, msg, MSG_LEN);
	EVP_EncryptFinal_ex(c, out + n, &n);
	EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16, out + MSG_LEN);
	EVP_CIPHER_CTX_free(c);
}
static void o_gcm(void) { seal(BERTH_ENC_A256GCM); }

static void f_xc20p(void)
{
	unsigned long long n;

	crypto_aead_xchacha20poly1305_ietf_encrypt(out, &n, msg, MSG_LEN, (const uint8_t *)"a", 1, NULL, iv, key64);
}
static void o_xc20p(void) { seal(BERTH_ENC_XC20P); }

static void f_wrap(void)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n;

	EVP_CIPHER_CTX_set_flags(c, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	EVP_EncryptInit_ex2(c, wrap, key64, NULL, NULL);
	EVP_EncryptUpdate(c, out, &n, msg, 64);
	EVP_CIPHER_CTX_free(c);
}
static void o_wrap(void) { size_t n; need(!berth_keywrap(out, &n, key64, msg, 64), "wrap"); }

void bench_crypto(int *missed)
{
	static const struct bench b[] = {
		{ "SHA-256, 1 KiB", f_sha256, o_sha256, 1.2 },
		{ "HMAC-SHA-512, 1 KiB", f_hmac, o_hmac, 0 },
		{ "Ed25519 sign 1 KiB", f_ed_sign, o_ed_sign, 1.2 },
		{ "Ed25519 verify 1 KiB", f_ed_verify, o_ed_verify, 1.2 },
		{ "Ed25519 key check (floor: is_valid_point)", f_ed_import, o_ed_import, 0 },
		{ "X25519 agreement", f_x25519, o_x25519, 1.2 },
		{ "X25519 new key", f_x_new, o_x_new, 1.2 },
		{ "P-256 sign 1 KiB", f_p256_sign, o_p256_sign, 0 },
		{ "P-256 verify 1 KiB", f_p256_verify, o_p256_verify, 1.2 },
		{ "P-256 key of a document (floor: oct2point)", f_point, o_point, 1.2 },
		{ "base58 of a document, made (ours alone)", b58_made, b58_made, 0 },
		{ "base58 of a document, read (ours alone)", b58_read, b58_read, 0 },
		{ "P-256 new key", f_p256_new, o_p256_new, 1.2 },
		{ "P-256 agreement", f_p256_ecdh, o_p256_ecdh, 1.2 },
		{ "secp256k1 verify 1 KiB", f_k1_verify, o_k1_verify, 1.2 },
		{ "A256CBC-HS512 seal 1 KiB", f_cbc, o_cbc, 0 },
		{ "A256GCM seal 1 KiB", f_gcm, o_gcm, 0 },
		{ "XC20P seal 1 KiB", f_xc20p, o_xc20p, 0 },
		{ "A256KW wrap 64 B", f_wrap, o_wrap, 1.2 },
	};

	setup();
	*missed += bench_run("primitive", b, sizeof(b) / sizeof(b[0]));
}
