/* SPDX-License-Identifier: Apache-2.0 */
#include "did/crypto/libs.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/obj_mac.h>

#include "did/base/rand.h"
#include "did/base/secret.h"

static struct berth_digests digests;
static struct berth_ciphers ciphers;
static struct berth_libs libs;
static struct berth_edwards25519 edwards;
static struct berth_p256 field256;
static secp256k1_context *k1;

static void need(const void *p, const char *what)
{
	if (p)
		return;
	fprintf(stderr, "libcrypto or libsecp256k1 lacks %s\n", what);
	abort();
}

static EVP_MD *digest(const char *name)
{
	EVP_MD *md = EVP_MD_fetch(NULL, name, NULL);

	need(md, name);
	return md;
}

static EVP_CIPHER *cipher(const char *name)
{
	EVP_CIPHER *c = EVP_CIPHER_fetch(NULL, name, NULL);

	need(c, name);
	return c;
}

static void curve(enum berth_key_type t, int nid, char *name)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
		OSSL_PARAM_construct_end()
	};

	libs.group[t] = EC_GROUP_new_by_curve_name(nid);
	need(libs.group[t], name);
	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &libs.params[t], EVP_PKEY_KEY_PARAMETERS, params) != 1)
		need(NULL, name);
	EVP_PKEY_CTX_free(ctx);
}

static BIGNUM *number(const char *hex)
{
	BIGNUM *n = NULL;

	need(BN_hex2bn(&n, hex) ? n : NULL, "a number");
	return n;
}

static void set_digests(void)
{
	char sha256[] = "SHA256", sha384[] = "SHA384", sha512[] = "SHA512";

	digests.sha256 = digest(sha256);
	digests.sha384 = digest(sha384);
	digests.sha512 = digest(sha512);
}

const struct berth_digests *berth_digests(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, set_digests);
	return &digests;
}

static void set_ciphers(void)
{
	ciphers.aes256_cbc = cipher("AES-256-CBC");
	ciphers.aes256_gcm = cipher("AES-256-GCM");
	ciphers.aes256_ecb = cipher("AES-256-ECB");
}

const struct berth_ciphers *berth_ciphers(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, set_ciphers);
	return &ciphers;
}

static void set_libs(void)
{
	char p256[] = "P-256", p384[] = "P-384", p521[] = "P-521";

	berth_crypto_init();
	curve(BERTH_KEY_P256, NID_X9_62_prime256v1, p256);
	curve(BERTH_KEY_P384, NID_secp384r1, p384);
	curve(BERTH_KEY_P521, NID_secp521r1, p521);
}

const struct berth_libs *berth_libs(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, set_libs);
	return &libs;
}

static void set_edwards(void)
{
	berth_crypto_init();
	edwards.p = number("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed");
	edwards.d = number("52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3");
}

const struct berth_edwards25519 *berth_edwards25519(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, set_edwards);
	return &edwards;
}

static void set_p256(void)
{
	const EC_GROUP *g = berth_libs()->group[BERTH_KEY_P256];
	BN_CTX *ctx = BN_CTX_new();

	field256 = (struct berth_p256){ BN_new(), BN_new(), BN_new(), BN_MONT_CTX_new() };
	if (!ctx || !field256.p || !field256.a || !field256.b || !field256.mont || !EC_GROUP_get_curve(g, field256.p, field256.a, field256.b, ctx) ||
	    !BN_MONT_CTX_set(field256.mont, field256.p, ctx) || !BN_to_montgomery(field256.a, field256.a, field256.mont, ctx) ||
	    !BN_to_montgomery(field256.b, field256.b, field256.mont, ctx))
		need(NULL, "the field of P-256");
	BN_CTX_free(ctx);
}

const struct berth_p256 *berth_p256(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, set_p256);
	return &field256;
}

static void set_k1(void)
{
	uint8_t seed[32];

	berth_crypto_init();
	k1 = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
	need(k1, "a context");
	berth_random(seed, sizeof(seed));
	if (!secp256k1_context_randomize(k1, seed))
		need(NULL, "blinding");
	berth_wipe(seed, sizeof(seed));
}

const secp256k1_context *berth_k1(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, set_k1);
	return k1;
}

/* ---- of a thread ---- */

struct of_thread {
	BN_CTX *numbers;
	EVP_MD_CTX *sha256;
	EC_POINT *point[BERTH_KEY__COUNT];
};

static pthread_key_t key;
static bool have_key;

static void forget(void *p)
{
	struct of_thread *t = p;

	BN_CTX_free(t->numbers);
	EVP_MD_CTX_free(t->sha256);
	for (size_t i = 0; i < BERTH_KEY__COUNT; i++)
		EC_POINT_free(t->point[i]);
	free(t);
}

static void set_key(void) { have_key = pthread_key_create(&key, forget) == 0; }

static struct of_thread *of_thread(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct of_thread *t;

	pthread_once(&once, set_key);
	if (!have_key)
		return NULL;
	if ((t = pthread_getspecific(key)) || !(t = calloc(1, sizeof(*t))))
		return t;
	if (!pthread_setspecific(key, t))
		return t;
	free(t);
	return NULL;
}

BN_CTX *berth_public_numbers(void)
{
	struct of_thread *t = of_thread();

	if (t && !t->numbers)
		t->numbers = BN_CTX_new();
	return t ? t->numbers : NULL;
}

EVP_MD_CTX *berth_public_sha256(void)
{
	struct of_thread *t = of_thread();

	if (t && !t->sha256)
		t->sha256 = EVP_MD_CTX_new();
	if (!t || !t->sha256 || EVP_DigestInit_ex2(t->sha256, berth_digests()->sha256, NULL) != 1)
		return NULL;
	return t->sha256;
}

EC_POINT *berth_public_point(enum berth_key_type type)
{
	struct of_thread *t = of_thread();

	if (t && !t->point[type])
		t->point[type] = EC_POINT_new(berth_libs()->group[type]);
	return t ? t->point[type] : NULL;
}
