/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/shorthash.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

static uint8_t key[crypto_shorthash_KEYBYTES];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_key(void) { randombytes_buf(key, sizeof(key)); }

uint64_t berth_shorthash(const char *text)
{
	uint64_t h;

	pthread_once(&once, make_key);
	crypto_shorthash((uint8_t *)&h, (const uint8_t *)text, strlen(text), key);
	return h;
}
