/* SPDX-License-Identifier: Apache-2.0 */
#include "did/keystore/agreed.h"

#include <string.h>

#include "did/crypto/agree.h"
#include "did/crypto/hash.h"

/* An empty place was never used. */
struct place {
	uint8_t pair[BERTH_SHA256_LEN];	/* of both public keys */
	uint8_t z[BERTH_ECDH_MAX];
	size_t n;
	uint64_t used;
};

static struct place *places(struct berth_agreed *a)
{
	if (!a->places)
		a->places = berth_secret_new(BERTH_AGREED_MAX * sizeof(struct place));
	return a->places ? (struct place *)(void *)a->places->b : NULL;
}

/* Nobody finds two pairs of one hash; each type has keys of one length. */
static void name(uint8_t pair[BERTH_SHA256_LEN], const struct berth_pubkey *mine, const struct berth_pubkey *theirs)
{
	uint8_t both[1 + 2 * BERTH_PUBKEY_MAX] = { (uint8_t)mine->type };

	memcpy(both + 1, mine->b, mine->len);
	memcpy(both + 1 + mine->len, theirs->b, theirs->len);
	berth_sha256(pair, both, 1 + mine->len + theirs->len);
}

/* The pair's place, or else the one to give it. */
static struct place *find(struct place *p, const uint8_t pair[BERTH_SHA256_LEN])
{
	struct place *oldest = p;

	for (size_t i = 0; i < BERTH_AGREED_MAX; i++) {
		if (p[i].used && memcmp(p[i].pair, pair, sizeof(p[i].pair)) == 0)
			return &p[i];
		if (p[i].used < oldest->used)
			oldest = &p[i];
	}
	return oldest;
}

enum berth_err berth_agreed_ecdh(struct berth_agreed *a, uint8_t *z, size_t *z_len, const struct berth_privkey *mine,
				 const struct berth_pubkey *theirs)
{
	struct place *p = mine->type == theirs->type ? places(a) : NULL;
	uint8_t pair[BERTH_SHA256_LEN];
	enum berth_err rc;

	if (!p)
		return berth_ecdh(z, z_len, mine, theirs);
	name(pair, &mine->pub, theirs);
	p = find(p, pair);
	if (!p->used || memcmp(p->pair, pair, sizeof(pair)) != 0) {
		if ((rc = berth_ecdh(z, z_len, mine, theirs)))
			return rc;
		memcpy(p->pair, pair, sizeof(pair));
		memcpy(p->z, z, p->n = *z_len);
	}
	memcpy(z, p->z, *z_len = p->n);
	p->used = ++a->uses;
	return BERTH_OK;
}

void berth_agreed_forget(struct berth_agreed *a)
{
	berth_secret_free(a->places);	/* wipes */
	*a = (struct berth_agreed){ .places = NULL };
}
