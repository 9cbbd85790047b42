/* SPDX-License-Identifier: Apache-2.0 */
#include "did/crypto/signer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include "did/base/cur.h"
#include "did/base/secret.h"
#include "did/crypto/keypair.h"
#include "did/crypto/libs.h"
#include "did/crypto/sign.h"

#define HEAP ((size_t)256 << 10)	/* a power of two; pages count once they are used */
#define HEAP_MIN 32
#define DER_MAX 144			/* SEQUENCE { INTEGER, INTEGER } of 521 bits each */
#define FIELD_MAX 66

struct berth_signer {
	enum berth_key_type type;
	EVP_PKEY *pkey;
	EVP_PKEY_CTX *ctx;
	uint8_t order[FIELD_MAX], half[FIELD_MAX];	/* n, (n - 1) / 2 */
};

/* The first piece stays taken: an empty heap is one block, which each number in it would have
 * split thirteen times and put together again as often. */
static void heap(void)
{
	if (!CRYPTO_secure_malloc_initialized() && CRYPTO_secure_malloc_init(HEAP, HEAP_MIN) == 1)
		(void)OPENSSL_secure_malloc(HEAP_MIN);
}

void berth_signer_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, heap);
}

bool berth_signer_helps(enum berth_key_type type)
{
	return is_nist(type);
}

/* ---- the key ---- */

static EVP_PKEY *private_key(const struct berth_privkey *key)
{
	const char *group = OBJ_nid2sn(EC_GROUP_get_curve_name(berth_libs()->group[key->type]));
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	BIGNUM *d = BN_secure_new();
	uint8_t native[BERTH_PRIVKEY_MAX];	/* OSSL_PARAM wants the machine's byte order */
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)key->pub.b, key->pub.len),
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, key->len),
		OSSL_PARAM_construct_end()
	};

	if (ctx && d && BN_bin2bn(key->b, (int)key->len, d) &&
	    BN_bn2nativepad(d, native, (int)key->len) > 0 && EVP_PKEY_fromdata_init(ctx) == 1)
		(void)EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params);
	berth_wipe(native, sizeof(native));
	BN_clear_free(d);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static bool set_order(struct berth_signer *s)
{
	const BIGNUM *n = EC_GROUP_get0_order(berth_libs()->group[s->type]);
	int size = (int)berth_key_size(s->type);
	BIGNUM *half = BN_new();
	bool ok = half && BN_rshift1(half, n) && BN_bn2binpad(n, s->order, size) == size &&
		  BN_bn2binpad(half, s->half, size) == size;

	BN_free(half);
	return ok;
}

/* s is all zero before; close_key() afterwards, also on failure. */
static enum berth_err open_key(struct berth_signer *s, const struct berth_privkey *key)
{
	s->type = key->type;
	if (!set_order(s) || !(s->pkey = private_key(key)) ||
	    !(s->ctx = EVP_PKEY_CTX_new_from_pkey(NULL, s->pkey, NULL)) || EVP_PKEY_sign_init(s->ctx) != 1)
		return berth_fail(BERTH_E_KEY, "%s signing key", berth_key_type_name(key->type));
	return BERTH_OK;
}

static void close_key(struct berth_signer *s)
{
	EVP_PKEY_CTX_free(s->ctx);
	EVP_PKEY_free(s->pkey);		/* wipes the scalar */
}

enum berth_err berth_signer_new(struct berth_signer **out, const struct berth_privkey *key)
{
	struct berth_signer *s;
	enum berth_err rc;

	*out = NULL;
	if (!berth_signer_helps(key->type))
		return berth_fail(BERTH_E_KEY, "%s keys sign as they are", berth_key_type_name(key->type));
	berth_signer_init();
	if (!(s = calloc(1, sizeof(*s))))
		return berth_no_memory();
	if ((rc = open_key(s, key))) {
		berth_signer_free(s);
		return rc;
	}
	*out = s;
	return BERTH_OK;
}

void berth_signer_free(struct berth_signer *s)
{
	if (!s)
		return;
	close_key(s);
	free(s);
}

/* ---- signing ---- */

/* One INTEGER of 1..2^(8n) - 1 into n bytes. */
static bool take_integer(struct berth_cur *c, uint8_t *out, size_t n)
{
	bool integer = berth_cur_u8(c) == 0x02;
	size_t len = berth_cur_u8(c);
	const uint8_t *b = berth_cur_bytes(c, len);

	if (!integer || !b || len == 0 || len > n + 1 || (len == n + 1 && b[0] != 0))
		return false;
	if (len == n + 1) {
		b++;
		len--;
	}
	memset(out, 0, n - len);
	memcpy(out + n - len, b, len);
	return true;
}

/* s := n - s where that is lower; signatures are public, so time does not matter. */
static void lower_s(const struct berth_signer *sn, uint8_t *s, size_t n)
{
	int borrow = 0;

	if (memcmp(s, sn->half, n) <= 0)
		return;
	for (size_t i = n; i-- > 0;) {
		int v = sn->order[i] - s[i] - borrow;

		borrow = v < 0;
		s[i] = (uint8_t)(v + 256 * borrow);
	}
}

/* 1..n-1 */
static bool is_scalar(const struct berth_signer *sn, const uint8_t *b, size_t n)
{
	static const uint8_t zero[FIELD_MAX];

	return memcmp(b, zero, n) != 0 && memcmp(b, sn->order, n) < 0;
}

/* libcrypto's SEQUENCE { r, s } to r || s. */
static bool from_der(const struct berth_signer *sn, uint8_t *sig, const uint8_t *der, size_t len)
{
	struct berth_cur c = berth_cur(der, len);
	size_t n = berth_key_size(sn->type);
	bool sequence = berth_cur_u8(&c) == 0x30;
	uint8_t body = berth_cur_u8(&c);

	if (body == 0x81)	/* 128 bytes and more */
		body = berth_cur_u8(&c);
	if (!sequence || body != c.n || !take_integer(&c, sig, n) || !take_integer(&c, sig + n, n) || !berth_cur_done(&c) ||
	    !is_scalar(sn, sig, n) || !is_scalar(sn, sig + n, n))
		return false;
	lower_s(sn, sig + n, n);
	return true;
}

enum berth_err berth_signer_sign(struct berth_signer *s, uint8_t *sig, size_t *sig_len, const void *msg, size_t len)
{
	uint8_t h[BERTH_SHA512_LEN], der[DER_MAX];
	size_t h_len = berth_sign_digest(h, s->type, msg, len), der_len = sizeof(der);

	*sig_len = 0;
	if (EVP_PKEY_sign(s->ctx, der, &der_len, h, h_len) != 1 || !from_der(s, sig, der, der_len))
		return berth_fail(BERTH_E_INTERNAL, "%s signature", berth_key_type_name(s->type));
	*sig_len = 2 * berth_key_size(s->type);
	return BERTH_OK;
}

enum berth_err berth_signer_once(uint8_t *sig, size_t *sig_len, const struct berth_privkey *key, const void *msg, size_t len)
{
	struct berth_signer s = { .pkey = NULL };
	enum berth_err rc;

	*sig_len = 0;
	if (!berth_signer_helps(key->type))
		return berth_fail(BERTH_E_KEY, "%s keys sign as they are", berth_key_type_name(key->type));
	if (!(rc = open_key(&s, key)))
		rc = berth_signer_sign(&s, sig, sig_len, msg, len);
	close_key(&s);
	return rc;
}
