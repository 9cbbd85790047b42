/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of a library by the call and by the octet, at two sizes: what lies between
 * them is on the line.  The floors have their contexts and keys ready. */
#include "tests/bench/bench.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <sodium.h>

#include "did/base/buf.h"
#include "did/codec/base64url.h"
#include "did/crypto/aead.h"
#include "did/crypto/hash.h"
#include "did/crypto/keypair.h"
#include "did/crypto/mac.h"
#include "did/crypto/sign.h"

#define SMALL 256
#define LARGE 16384
#define TAG 32

static uint8_t msg[LARGE], ct[LARGE + 64], key64[64], iv[16], aad[1], tag[64];
static struct berth_buf out, sealed[2], coded[2];	/* of SMALL, of LARGE octets */
static uint8_t tags[2][TAG], sigs[2][64], ed_sk[64];
static struct berth_privkey ed;
static EVP_CIPHER_CTX *enc, *dec;
static EVP_MAC_CTX *hmac;
static EVP_MD_CTX *md;
static EVP_MD *sha256;

/* Each at both sizes. */
#define TWICE(name) \
	static void name##_small(void) { name(SMALL); } \
	static void name##_large(void) { name(LARGE); }
#define AT(n) ((n) == LARGE)

static void mac(const uint8_t *p, size_t n)
{
	size_t len;

	EVP_MAC_init(hmac, key64, 32, NULL);
	EVP_MAC_update(hmac, p, n);
	EVP_MAC_final(hmac, tag, &len, sizeof(tag));
}

static void f_seal(int n)
{
	int len, end;

	EVP_EncryptInit_ex2(enc, NULL, key64 + 32, iv, NULL);
	EVP_EncryptUpdate(enc, ct, &len, msg, n);
	need(EVP_EncryptFinal_ex(enc, ct + len, &end) == 1, "seal");
	mac(ct, (size_t)(len + end));
}

static void f_open(int n)
{
	const struct berth_buf *s = &sealed[AT(n)];
	int len, end;

	mac(s->p, s->len);
	EVP_DecryptInit_ex2(dec, NULL, key64 + 32, iv, NULL);
	EVP_DecryptUpdate(dec, ct, &len, s->p, (int)s->len);
	need(EVP_DecryptFinal_ex(dec, ct + len, &end) == 1 && len + end == n, "open");
}

static void o_seal(int n)
{
	out.len = 0;
	need(!berth_aead_seal(BERTH_ENC_A256CBC_HS512, &out, tag, key64, iv, aad, 0, msg, (size_t)n), "seal");
}

static void o_open(int n)
{
	const struct berth_buf *s = &sealed[AT(n)];

	out.len = 0;
	need(!berth_aead_open(BERTH_ENC_A256CBC_HS512, &out, key64, iv, sizeof(iv), tags[AT(n)], TAG, aad, 0, s->p, s->len), "open");
}

static void f_mac(int n) { mac(msg, (size_t)n); }
static void o_mac(int n) { berth_hmac_sha512_parts(tag, key64, 32, &(struct berth_part){ msg, (size_t)n }, 1); }

static void f_sha(int n)
{
	EVP_DigestInit_ex2(md, sha256, NULL);
	EVP_DigestUpdate(md, msg, (size_t)n);
	EVP_DigestFinal_ex(md, tag, NULL);
}
static void o_sha(int n) { berth_sha256(tag, msg, (size_t)n); }

static void f_sign(int n) { crypto_sign_detached(tag, NULL, msg, (unsigned long long)n, ed_sk); }
static void o_sign(int n) { size_t len; need(!berth_sign(tag, &len, &ed, msg, (size_t)n), "sign"); }

static void f_verify(int n)
{
	need(!crypto_sign_verify_detached(sigs[AT(n)], msg, (unsigned long long)n, ed.pub.b), "verify");
}
static void o_verify(int n) { need(!berth_verify(&ed.pub, msg, (size_t)n, sigs[AT(n)], 64), "verify"); }

/* n octets of base64url; libcrypto has only the other alphabet */
static void f_encode(int n) { EVP_EncodeBlock(ct, msg, n / 4 * 3); }
static void o_encode(int n) { out.len = 0; berth_b64url_encode(&out, msg, (size_t)n / 4 * 3); }
static void f_decode(int n) { need(EVP_DecodeBlock(ct, coded[AT(n)].p, n) > 0, "decode"); }
static void o_decode(int n) { out.len = 0; need(!berth_b64url_decode(&out, (const char *)coded[AT(n)].p, (size_t)n), "decode"); }

TWICE(f_seal) TWICE(o_seal) TWICE(f_open) TWICE(o_open) TWICE(f_mac) TWICE(o_mac) TWICE(f_sha) TWICE(o_sha)
TWICE(f_sign) TWICE(o_sign) TWICE(f_verify) TWICE(o_verify) TWICE(f_encode) TWICE(o_encode) TWICE(f_decode) TWICE(o_decode)

static void fetch(void)
{
	char name[] = "SHA512";
	const OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string("digest", name, 0), OSSL_PARAM_construct_end() };
	EVP_CIPHER *cbc = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	EVP_MAC *m = EVP_MAC_fetch(NULL, "HMAC", NULL);

	enc = EVP_CIPHER_CTX_new();
	dec = EVP_CIPHER_CTX_new();
	md = EVP_MD_CTX_new();
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	hmac = EVP_MAC_CTX_new(m);
	need(EVP_MAC_CTX_set_params(hmac, params) == 1 && EVP_EncryptInit_ex2(enc, cbc, key64, iv, NULL) == 1 &&
	     EVP_DecryptInit_ex2(dec, cbc, key64, iv, NULL) == 1, "libcrypto");
	EVP_CIPHER_free(cbc);
	EVP_MAC_free(m);
}

static void setup(void)
{
	const int sizes[] = { SMALL, LARGE };
	size_t len;

	for (size_t i = 0; i < LARGE / 4 * 3; i++)	/* no '+' or '/' in its base64 */
		msg[i] = (uint8_t)('0' + i % 10);
	randombytes_buf(key64, sizeof(key64));
	need(!berth_keypair_generate(&ed, BERTH_KEY_ED25519), "key");
	crypto_sign_seed_keypair(ed.pub.b, ed_sk, ed.b);
	for (size_t i = 0; i < 2; i++) {
		size_t n = (size_t)sizes[i];

		need(!berth_aead_seal(BERTH_ENC_A256CBC_HS512, &sealed[i], tags[i], key64, iv, aad, 0, msg, n) &&
		     !berth_sign(sigs[i], &len, &ed, msg, n), "setup");
		berth_b64url_encode(&coded[i], msg, n / 4 * 3);
	}
	fetch();
}

static void end(void)
{
	berth_buf_free(&out);
	for (size_t i = 0; i < 2; i++) {
		berth_buf_free(&sealed[i]);
		berth_buf_free(&coded[i]);
	}
	EVP_CIPHER_CTX_free(enc);
	EVP_CIPHER_CTX_free(dec);
	EVP_MAC_CTX_free(hmac);
	EVP_MD_CTX_free(md);
	EVP_MD_free(sha256);
}

#define ROWS(name, what) \
	{ name ", 256 octets", f_##what##_small, o_##what##_small, 0 }, { name ", 16 KiB", f_##what##_large, o_##what##_large, 0 }

void bench_octets(int *missed)
{
	static const struct bench b[] = {
		ROWS("A256CBC-HS512 seal", seal), ROWS("A256CBC-HS512 open", open), ROWS("HMAC-SHA-512", mac), ROWS("SHA-256", sha),
		ROWS("Ed25519 sign", sign), ROWS("Ed25519 verify", verify), ROWS("base64url encode", encode), ROWS("base64url decode", decode),
	};

	setup();
	*missed += bench_run("by the octet", b, sizeof(b) / sizeof(b[0]));
	end();
}
