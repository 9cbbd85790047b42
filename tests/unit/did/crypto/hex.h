/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_CRYPTO_HEX_H
#define BERTH_TESTS_CRYPTO_HEX_H

#include <sodium.h>

#include "tests/check.h"

/* Decodes hex text; the bytes are the caller's, in a block of exactly their
 * length, so that a sanitizer sees a read behind them. */
static inline uint8_t *unhex(const char *hex, size_t *len)
{
	size_t n = strlen(hex) / 2;
	uint8_t *p = malloc(n ? n : 1);

	assert_non_null(p);
	if (sodium_hex2bin(p, n, hex, 2 * n, NULL, len, NULL) != 0 || *len != n)
		fail_msg("not hex: %s", hex);
	return p;
}

static inline void unhex_to(uint8_t *out, size_t n, const char *hex)
{
	size_t len = 0;
	uint8_t *p = unhex(hex, &len);

	assert_int_equal(len, n);
	memcpy(out, p, n);
	free(p);
}

#endif
