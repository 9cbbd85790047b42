/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/rand.h"

#include <sodium.h>
#include <stdint.h>
#include <stdio.h>

static void (*injected)(void *p, size_t n);

void berth_random(void *p, size_t n)
{
	if (injected)
		injected(p, n);
	else
		randombytes_buf(p, n);
}

void berth_random_inject(void (*fn)(void *p, size_t n)) { injected = fn; }

/* RFC 9562 section 5.4: version 4, variant 10 */
void berth_random_uuid(char out[BERTH_UUID_LEN + 1])
{
	uint8_t b[16];

	berth_random(b, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	for (size_t i = 0, at = 0; i < sizeof(b); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[at++] = '-';
		snprintf(out + at, 3, "%02x", b[i]);
		at += 2;
	}
}
