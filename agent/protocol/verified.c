/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/verified.h"

#include <string.h>

#include "did/crypto/hash.h"

/* Empty places are zero, which is the hash of nothing that anybody knows. */
static _Thread_local struct { struct berth_hash of[BERTH_VERIFIED_MAX]; unsigned next; } lately;

/* Each part has a length of its own or one that the key's type says. */
static void name(struct berth_hash *out, const struct berth_object *o, const struct berth_pubkey *key)
{
	uint8_t b[2 + sizeof(o->hash.b) + BERTH_PUBKEY_MAX];

	b[0] = (uint8_t)o->kind;
	b[1] = (uint8_t)key->type;
	memcpy(b + 2, o->hash.b, sizeof(o->hash.b));
	memcpy(b + 2 + sizeof(o->hash.b), key->b, key->len);
	berth_sha256(out->b, b, 2 + sizeof(o->hash.b) + key->len);
}

static bool has(const struct berth_hash *h)
{
	for (size_t i = 0; i < BERTH_VERIFIED_MAX; i++)
		if (memcmp(lately.of[i].b, h->b, sizeof(h->b)) == 0)
			return true;
	return false;
}

bool berth_verified_is(const struct berth_object *o, const struct berth_pubkey *key)
{
	struct berth_hash h;

	name(&h, o, key);
	return has(&h);
}

void berth_verified_note(const struct berth_object *o, const struct berth_pubkey *key)
{
	struct berth_hash h;

	name(&h, o, key);
	if (!has(&h))
		lately.of[lately.next++ % BERTH_VERIFIED_MAX] = h;
}

void berth_verified_forget(void)
{
	memset(&lately, 0, sizeof(lately));
}
