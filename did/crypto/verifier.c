/* SPDX-License-Identifier: Apache-2.0 */
#include "did/crypto/verifier.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "did/crypto/keypair.h"

#define PLACES 8	/* a few KiB each, in a thread that verifies */

/* An empty place has no ctx, and its key is of no type. */
struct place {
	struct berth_pubkey key;
	EVP_PKEY_CTX *ctx;
};

static pthread_key_t lately;
static bool have_lately;

static void forget(void *places)
{
	struct place *p = places;

	for (size_t i = 0; i < PLACES; i++)
		EVP_PKEY_CTX_free(p[i].ctx);
	free(p);
}

static void init(void)
{
	have_lately = pthread_key_create(&lately, forget) == 0;
}

/* This thread's; NULL without memory. */
static struct place *places(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct place *p;

	pthread_once(&once, init);
	if (!have_lately)
		return NULL;
	if ((p = pthread_getspecific(lately)) || !(p = calloc(PLACES, sizeof(*p))))
		return p;
	if (pthread_setspecific(lately, p)) {
		free(p);
		return NULL;
	}
	return p;
}

static EVP_PKEY_CTX *prepare(const struct berth_pubkey *key)
{
	/* three times as fast as EVP_PKEY_fromdata() */
	EVP_PKEY *pkey = EVP_PKEY_dup(berth_libs()->params[key->type]);
	EVP_PKEY_CTX *ctx = NULL;

	if (pkey && EVP_PKEY_set1_encoded_public_key(pkey, key->b, key->len) == 1 &&
	    (ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL)) && EVP_PKEY_verify_init(ctx) != 1) {
		EVP_PKEY_CTX_free(ctx);
		ctx = NULL;
	}
	EVP_PKEY_free(pkey);	/* ctx holds on to it */
	return ctx;
}

EVP_PKEY_CTX *berth_verifier(const struct berth_pubkey *key)
{
	struct place *p = is_nist(key->type) && key->len ? places() : NULL;
	EVP_PKEY_CTX *ctx;

	if (!p)
		return NULL;
	p += key->b[key->len - 1] % PLACES;
	if (p->ctx && berth_pubkey_equal(&p->key, key))
		return p->ctx;
	if (!(ctx = prepare(key)))
		return NULL;
	EVP_PKEY_CTX_free(p->ctx);
	p->ctx = ctx;
	p->key = *key;
	return ctx;
}
