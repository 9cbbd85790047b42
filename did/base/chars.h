/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_BASE_CHARS_H
#define BERTH_DID_BASE_CHARS_H

#include <stddef.h>

/* What names may be made of: sets of ASCII characters, whatever the locale.  A table, since
 * strspn() makes one of its own each time, and names are looked at often. */
#define BERTH_CHARS_DIGIT 1
#define BERTH_CHARS_LOWER 2
#define BERTH_CHARS_UPPER 4
#define BERTH_CHARS_HYPHEN 8
#define BERTH_CHARS_DOT 16
#define BERTH_CHARS_UNDERSCORE 32
#define BERTH_CHARS_PLUS 64
/* RFC 3986: reserved, unreserved and '%'; and all bytes that are not ASCII, as in IRIs. */
#define BERTH_CHARS_URL 128

#define BERTH_CHARS_LETTER (BERTH_CHARS_LOWER | BERTH_CHARS_UPPER)
/* [a-z0-9._-] and [A-Za-z0-9._-] */
#define BERTH_CHARS_LOWER_NAME (BERTH_CHARS_LOWER | BERTH_CHARS_DIGIT | BERTH_CHARS_DOT | BERTH_CHARS_UNDERSCORE | BERTH_CHARS_HYPHEN)
#define BERTH_CHARS_NAME (BERTH_CHARS_LOWER_NAME | BERTH_CHARS_UPPER)
/* of a URI's scheme, behind its first letter */
#define BERTH_CHARS_SCHEME (BERTH_CHARS_LETTER | BERTH_CHARS_DIGIT | BERTH_CHARS_PLUS | BERTH_CHARS_DOT | BERTH_CHARS_HYPHEN)

/* How many bytes from s on are in one of the sets.  The end of s is in none. */
size_t berth_chars_span(const char *s, unsigned sets);

#endif
