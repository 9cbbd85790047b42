/* SPDX-License-Identifier: Apache-2.0 */
#include "did/crypto/key_memory.h"

#include <string.h>

#define PLACES 16	/* for each type that comes out */

/* An empty place has n 0, which no key has. */
struct memory {
	enum berth_key_type from;
	size_t n;
	uint8_t b[BERTH_PUBKEY_MAX];
	struct berth_pubkey key;
};

static _Thread_local struct memory lately[BERTH_KEY__COUNT][PLACES];

static struct memory *place(enum berth_key_type to, const uint8_t *b, size_t n)
{
	return &lately[to][b[n - 1] % PLACES];
}

bool berth_key_recall(struct berth_pubkey *out, enum berth_key_type from, enum berth_key_type to,
		      const uint8_t *b, size_t n)
{
	const struct memory *m;

	if (n == 0 || n > BERTH_PUBKEY_MAX)
		return false;
	m = place(to, b, n);
	if (m->n != n || m->from != from || memcmp(m->b, b, n) != 0)
		return false;
	*out = m->key;
	return true;
}

void berth_key_remember(const struct berth_pubkey *key, enum berth_key_type from, const uint8_t *b, size_t n)
{
	struct memory *m;

	if (n == 0 || n > BERTH_PUBKEY_MAX)
		return;
	m = place(key->type, b, n);
	m->from = from;
	m->n = n;
	memcpy(m->b, b, n);
	m->key = *key;
}
