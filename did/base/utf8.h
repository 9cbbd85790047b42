/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_BASE_UTF8_H
#define BERTH_DID_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many of the n bytes at p are one well-formed UTF-8 character (RFC 3629:
 * no overlong form, no surrogate, nothing above U+10FFFF); 0 when they are none.
 * cp, unless NULL, gets the code point. */
size_t berth_utf8_next(const char *p, size_t n, uint32_t *cp);

bool berth_utf8_valid(const char *p, size_t n);

/* Writes cp (a scalar value) to out; returns how many bytes, 1 to 4. */
size_t berth_utf8_put(char out[4], uint32_t cp);

/* How many of the bytes at p stand for themselves in a JSON string: ASCII but for
 * control characters, quotes and backslashes. */
size_t berth_utf8_plain_run(const char *p, const char *end);

#endif
