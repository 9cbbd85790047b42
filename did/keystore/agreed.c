/* SPDX-License-Identifier: Apache-2.0 */
#include "did/keystore/agreed.h"

#include <string.h>

#include "did/crypto/agree.h"
#include "did/crypto/hash.h"

#define SET 8		/* places that a pair may have */
#define FIRST 32	/* places, just below a page */

/* An empty place was never used. */
struct place {
	uint8_t pair[BERTH_SHA256_LEN];	/* of both public keys */
	uint8_t z[BERTH_ECDH_MAX];
	size_t n;
	uint64_t used;
};

static struct place *first(const struct berth_secret *s) { return (struct place *)(void *)s->b; }
static size_t count(const struct berth_secret *s) { return s->len / sizeof(struct place); }

/* Nobody finds two pairs of one hash; each type has keys of one length. */
static void name(uint8_t pair[BERTH_SHA256_LEN], const struct berth_pubkey *mine, const struct berth_pubkey *theirs)
{
	uint8_t both[1 + 2 * BERTH_PUBKEY_MAX] = { (uint8_t)mine->type };

	memcpy(both + 1, mine->b, mine->len);
	memcpy(both + 1 + mine->len, theirs->b, theirs->len);
	berth_sha256(pair, both, 1 + mine->len + theirs->len);
}

static bool holds(const struct place *p, const uint8_t pair[BERTH_SHA256_LEN])
{
	return p->used && memcmp(p->pair, pair, sizeof(p->pair)) == 0;
}

/* The pair's place, or else the one to give it: of its set, which the hash says. */
static struct place *find(const struct berth_secret *s, const uint8_t pair[BERTH_SHA256_LEN])
{
	struct place *p = first(s) + (pair[0] | (size_t)pair[1] << 8) % (count(s) / SET) * SET, *oldest = p;

	for (size_t i = 0; i < SET; i++) {
		if (holds(&p[i], pair))
			return &p[i];
		if (p[i].used < oldest->used)
			oldest = &p[i];
	}
	return oldest;
}

/* Twice the places: what shared a set goes into two. */
static bool grow(struct berth_agreed *a)
{
	size_t n = a->places ? count(a->places) : 0;
	struct berth_secret *s = n < BERTH_AGREED_MAX ? berth_secret_new((n ? 2 * n : FIRST) * sizeof(struct place)) : NULL;

	if (!s)
		return false;
	for (size_t i = 0; i < n; i++)
		if (first(a->places)[i].used)
			*find(s, first(a->places)[i].pair) = first(a->places)[i];
	berth_secret_free(a->places);	/* wipes */
	a->places = s;
	return true;
}

static bool recall(struct berth_agreed *a, const uint8_t pair[BERTH_SHA256_LEN], uint8_t *z, size_t *z_len)
{
	struct place *p = a->places ? find(a->places, pair) : NULL;

	if (!p || !holds(p, pair))
		return false;
	memcpy(z, p->z, *z_len = p->n);
	p->used = ++a->uses;
	return true;
}

static void remember(struct berth_agreed *a, const uint8_t pair[BERTH_SHA256_LEN], const uint8_t *z, size_t n)
{
	struct place *p = a->places ? find(a->places, pair) : NULL;

	while ((!p || p->used) && grow(a))
		p = find(a->places, pair);
	if (!p)
		return;
	*p = (struct place){ .n = n, .used = ++a->uses };
	memcpy(p->pair, pair, sizeof(p->pair));
	memcpy(p->z, z, n);
}

enum berth_err berth_agreed_ecdh(struct berth_agreed *a, uint8_t *z, size_t *z_len, const struct berth_privkey *mine,
				 const struct berth_pubkey *theirs)
{
	uint8_t pair[BERTH_SHA256_LEN];
	enum berth_err rc;

	if (mine->type != theirs->type)
		return berth_ecdh(z, z_len, mine, theirs);
	name(pair, &mine->pub, theirs);
	if (recall(a, pair, z, z_len))
		return BERTH_OK;
	if (!(rc = berth_ecdh(z, z_len, mine, theirs)))
		remember(a, pair, z, *z_len);
	return rc;
}

void berth_agreed_forget(struct berth_agreed *a)
{
	berth_secret_free(a->places);	/* wipes */
	*a = (struct berth_agreed){ .places = NULL };
}
