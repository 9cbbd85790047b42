/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/chars.h"

#include <stdint.h>

#define URL BERTH_CHARS_URL

static const uint8_t sets_of[256] = {
	['0' ... '9'] = BERTH_CHARS_DIGIT | URL, ['a' ... 'z'] = BERTH_CHARS_LOWER | URL, ['A' ... 'Z'] = BERTH_CHARS_UPPER | URL,
	['-'] = BERTH_CHARS_HYPHEN | URL, ['.'] = BERTH_CHARS_DOT | URL, ['_'] = BERTH_CHARS_UNDERSCORE | URL,
	['+'] = BERTH_CHARS_PLUS | URL, ['!'] = URL, ['#' ... '*'] = URL, [','] = URL, ['/'] = URL, [':' ... ';'] = URL,
	['='] = URL, ['?' ... '@'] = URL, ['['] = URL, [']'] = URL, ['~'] = URL, [0x80 ... 0xff] = URL,
};

size_t berth_chars_span(const char *s, unsigned sets)
{
	size_t n = 0;

	while (sets_of[(uint8_t)s[n]] & sets)
		n++;
	return n;
}
