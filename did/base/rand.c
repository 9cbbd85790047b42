/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/rand.h"

#include <sodium.h>
#include <stdint.h>
#include <string.h>

#include "did/base/secret.h"

static void (*injected)(void *p, size_t n);

void berth_random(void *p, size_t n)
{
	if (injected)
		injected(p, n);
	else
		randombytes_buf(p, n);
}

/* Of what came last only a hash is kept: it may have become a key. */
enum berth_err berth_random_once(void *p, size_t n)
{
	static _Thread_local uint8_t last[16];
	static const uint8_t key[crypto_shorthash_siphashx24_KEYBYTES] = "berth: once";
	uint8_t now[16];

	berth_random(p, n);
	crypto_shorthash_siphashx24(now, p, n < 16 ? n : 16, key);
	if (memcmp(now, last, sizeof(now)) == 0) {
		berth_wipe(p, n);
		return berth_fail(BERTH_E_KEYSTORE, "the random generator is stuck");
	}
	memcpy(last, now, sizeof(last));
	return BERTH_OK;
}

void berth_random_inject(void (*fn)(void *p, size_t n)) { injected = fn; }

/* RFC 9562 section 5.4: version 4, variant 10 */
void berth_random_uuid(char out[BERTH_UUID_LEN + 1])
{
	static const char hex[] = "0123456789abcdef";
	uint8_t b[16];

	berth_random(b, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < sizeof(b); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		*out++ = hex[b[i] >> 4];
		*out++ = hex[b[i] & 15];
	}
	*out = '\0';
}
