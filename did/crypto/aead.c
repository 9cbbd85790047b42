/* SPDX-License-Identifier: Apache-2.0 */
#include "did/crypto/aead.h"

#include <stdbool.h>
#include <string.h>

#include <sodium.h>

#include "did/base/secret.h"
#include "did/crypto/libs.h"
#include "did/crypto/mac.h"

#define CBC_BLOCK 16
#define HALF_KEY 32	/* A256CBC-HS512: MAC_KEY || ENC_KEY */

/* One message: what is the same for both directions. */
struct box {
	const uint8_t *key, *iv;
	const void *aad;
	size_t aad_len;
};

static const struct {
	const char *name;
	size_t key, iv, tag;
} encs[] = {
	[BERTH_ENC_NONE] = { NULL, 0, 0, 0 },
	[BERTH_ENC_A256CBC_HS512] = { "A256CBC-HS512", 64, 16, 32 },
	[BERTH_ENC_XC20P] = { "XC20P", 32, 24, 16 },
	[BERTH_ENC_A256GCM] = { "A256GCM", 32, 12, 16 },
};

size_t berth_enc_key_len(enum berth_enc e) { return encs[e].key; }
size_t berth_enc_iv_len(enum berth_enc e) { return encs[e].iv; }
size_t berth_enc_tag_len(enum berth_enc e) { return encs[e].tag; }
const char *berth_enc_name(enum berth_enc e) { return encs[e].name; }

enum berth_enc berth_enc_parse(const char *name)
{
	for (unsigned e = BERTH_ENC_NONE + 1; e <= BERTH_ENC_A256GCM; e++)
		if (!strcmp(name, encs[e].name))
			return (enum berth_enc)e;
	return BERTH_ENC_NONE;
}

/* ---- A256CBC-HS512 (RFC 7518 5.2.2) ---- */

static void cbc_tag(uint8_t tag[32], const struct box *b, const void *ct, size_t ct_len)
{
	uint8_t al[8], full[BERTH_SHA512_LEN];

	for (size_t i = 0; i < 8; i++)
		al[i] = (uint8_t)((uint64_t)b->aad_len * 8 >> (56 - 8 * i));
	const struct berth_part parts[] = {
		{ b->aad, b->aad_len }, { b->iv, CBC_BLOCK }, { ct, ct_len }, { al, sizeof(al) }
	};
	berth_hmac_sha512_parts(full, b->key, HALF_KEY, parts, 4);
	memcpy(tag, full, 32);
}

/* out has room for len + CBC_BLOCK bytes. */
static bool cbc(uint8_t *out, size_t *out_len, const struct box *b, const void *in, size_t len, int dir)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, last = 0;
	bool ok = ctx &&
		EVP_CipherInit_ex2(ctx, berth_ciphers()->aes256_cbc, b->key + HALF_KEY, b->iv, dir, NULL) == 1 &&
		(len == 0 || EVP_CipherUpdate(ctx, out, &n, in, (int)len) == 1) &&
		EVP_CipherFinal_ex(ctx, out + n, &last) == 1;

	EVP_CIPHER_CTX_free(ctx);
	*out_len = ok ? (size_t)(n + last) : 0;
	return ok;
}

static bool cbc_seal(uint8_t *out, size_t *out_len, uint8_t *tag, const struct box *b, const void *pt, size_t len)
{
	if (!cbc(out, out_len, b, pt, len, 1))
		return false;
	cbc_tag(tag, b, out, *out_len);
	return true;
}

static bool cbc_open(uint8_t *out, size_t *out_len, const uint8_t *tag, const struct box *b,
		     const void *ct, size_t len)
{
	uint8_t want[32];

	if (len == 0 || len % CBC_BLOCK != 0)
		return false;
	cbc_tag(want, b, ct, len);
	return berth_equal_ct(want, tag, sizeof(want)) && cbc(out, out_len, b, ct, len, 0);
}

/* ---- A256GCM ---- */

static bool gcm_seal(uint8_t *out, size_t *out_len, uint8_t *tag, const struct box *b, const void *pt, size_t len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;
	bool ok = ctx && EVP_EncryptInit_ex2(ctx, berth_ciphers()->aes256_gcm, b->key, b->iv, NULL) == 1 &&
		(b->aad_len == 0 || EVP_EncryptUpdate(ctx, NULL, &n, b->aad, (int)b->aad_len) == 1) &&
		(len == 0 || EVP_EncryptUpdate(ctx, out, &n, pt, (int)len) == 1) &&
		EVP_EncryptFinal_ex(ctx, out + len, &n) == 1 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, tag) == 1;

	EVP_CIPHER_CTX_free(ctx);
	*out_len = ok ? len : 0;
	return ok;
}

static bool gcm_open(uint8_t *out, size_t *out_len, const uint8_t *tag, const struct box *b,
		     const void *ct, size_t len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t t[16];
	int n = 0;

	memcpy(t, tag, sizeof(t));
	/* it deciphers before it knows; the caller drops the bytes on failure */
	bool ok = ctx && EVP_DecryptInit_ex2(ctx, berth_ciphers()->aes256_gcm, b->key, b->iv, NULL) == 1 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof(t), t) == 1 &&
		(b->aad_len == 0 || EVP_DecryptUpdate(ctx, NULL, &n, b->aad, (int)b->aad_len) == 1) &&
		(len == 0 || EVP_DecryptUpdate(ctx, out, &n, ct, (int)len) == 1) &&
		EVP_DecryptFinal_ex(ctx, out + len, &n) == 1;

	EVP_CIPHER_CTX_free(ctx);
	*out_len = ok ? len : 0;
	return ok;
}

/* ---- XC20P ---- */

static bool xc20p_seal(uint8_t *out, size_t *out_len, uint8_t *tag, const struct box *b, const void *pt, size_t len)
{
	*out_len = len;
	return crypto_aead_xchacha20poly1305_ietf_encrypt_detached(out, tag, NULL, pt, len,
			b->aad, b->aad_len, NULL, b->iv, b->key) == 0;
}

static bool xc20p_open(uint8_t *out, size_t *out_len, const uint8_t *tag, const struct box *b,
		       const void *ct, size_t len)
{
	*out_len = len;
	return crypto_aead_xchacha20poly1305_ietf_decrypt_detached(out, NULL, ct, len, tag,
			b->aad, b->aad_len, b->iv, b->key) == 0;
}

/* ---- all of them ---- */

/* Gives back what of the room was not used, wiped. */
static void settle(struct berth_buf *b, uint8_t *at, size_t room, size_t used)
{
	berth_wipe(at + used, room - used);
	b->len -= room - used;
}

static bool seal(enum berth_enc e, uint8_t *out, size_t *out_len, uint8_t *tag, const struct box *b,
		 const void *pt, size_t len)
{
	switch (e) {
	case BERTH_ENC_A256CBC_HS512: return cbc_seal(out, out_len, tag, b, pt, len);
	case BERTH_ENC_A256GCM: return gcm_seal(out, out_len, tag, b, pt, len);
	case BERTH_ENC_XC20P: return xc20p_seal(out, out_len, tag, b, pt, len);
	case BERTH_ENC_NONE: break;
	}
	return false;
}

static bool open_(enum berth_enc e, uint8_t *out, size_t *out_len, const uint8_t *tag, const struct box *b,
		  const void *ct, size_t len)
{
	switch (e) {
	case BERTH_ENC_A256CBC_HS512: return cbc_open(out, out_len, tag, b, ct, len);
	case BERTH_ENC_A256GCM: return gcm_open(out, out_len, tag, b, ct, len);
	case BERTH_ENC_XC20P: return xc20p_open(out, out_len, tag, b, ct, len);
	case BERTH_ENC_NONE: break;
	}
	return false;
}

enum berth_err berth_aead_seal(enum berth_enc e, struct berth_buf *ct, uint8_t *tag, const uint8_t *key,
			       const uint8_t *iv, const void *aad, size_t aad_len,
			       const void *pt, size_t pt_len)
{
	const struct box b = { key, iv, aad, aad_len };
	size_t room = pt_len + CBC_BLOCK, used = 0;
	uint8_t *at;
	bool ok;

	if (e == BERTH_ENC_NONE)
		return berth_fail(BERTH_E_ALG, "no content encryption");
	if (aad_len > BERTH_BUF_MAX || pt_len > BERTH_BUF_MAX)
		return berth_fail(BERTH_E_SIZE, "plaintext");
	if (!(at = berth_buf_grow(ct, room)))
		return berth_no_memory();
	ok = seal(e, at, &used, tag, &b, pt, pt_len);
	settle(ct, at, room, ok ? used : 0);
	return ok ? BERTH_OK : berth_fail(BERTH_E_INTERNAL, "%s", encs[e].name);
}

enum berth_err berth_aead_open(enum berth_enc e, struct berth_buf *pt, const uint8_t *key,
			       const uint8_t *iv, size_t iv_len, const uint8_t *tag, size_t tag_len,
			       const void *aad, size_t aad_len, const void *ct, size_t ct_len)
{
	const struct box b = { key, iv, aad, aad_len };
	size_t room = ct_len + CBC_BLOCK, used = 0;
	uint8_t *at;
	bool ok;

	if (e == BERTH_ENC_NONE)
		return berth_fail(BERTH_E_ALG, "no content encryption");
	if (iv_len != encs[e].iv || tag_len != encs[e].tag || aad_len > BERTH_BUF_MAX || ct_len > BERTH_BUF_MAX)
		return berth_fail(BERTH_E_DECRYPT, "content");
	if (!(at = berth_buf_grow(pt, room)))
		return berth_no_memory();
	ok = open_(e, at, &used, tag, &b, ct, ct_len);
	settle(pt, at, room, ok ? used : 0);
	return ok ? BERTH_OK : berth_fail(BERTH_E_DECRYPT, "content");
}
