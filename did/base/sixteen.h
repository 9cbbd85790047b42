/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_BASE_SIXTEEN_H
#define BERTH_DID_BASE_SIXTEEN_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Sixteen characters that are looked at together, in a time that does not depend on them
 * but for the last two functions. */
typedef uint8_t sixteen __attribute__((vector_size(16)));
typedef int8_t sixteen_signed __attribute__((vector_size(16)));

static inline sixteen sixteen_at(const char *s)
{
	sixteen x;

	memcpy(&x, s, sizeof(x));
	return x;
}

/* All ones for each of the n characters that end with last: moved up to where signed numbers
 * end, which is one comparison. */
static inline sixteen sixteen_among(sixteen c, uint8_t last, uint8_t n)
{
	return (sixteen)((sixteen_signed)(c + (uint8_t)(INT8_MAX - last)) > (int8_t)(INT8_MAX - n));
}

static inline bool sixteen_all_set(sixteen x)
{
	uint64_t halves[2];

	memcpy(halves, &x, sizeof(x));
	return (halves[0] & halves[1]) == UINT64_MAX;
}

/* The first that is not all ones; 16: all are. */
static inline size_t sixteen_first_unset(sixteen x)
{
	uint64_t halves[2];

	if (sixteen_all_set(x))
		return sizeof(x);
	memcpy(halves, &x, sizeof(x));
	return ~halves[0] ? (size_t)__builtin_ctzll(~le64toh(halves[0])) / 8 : 8 + (size_t)__builtin_ctzll(~le64toh(halves[1])) / 8;
}

/* How many of the n characters at s, sixteen or more, are what fit() says until one is not. */
static inline size_t sixteen_span(const char *s, size_t n, sixteen (*fit)(sixteen))
{
	size_t at, run = sixteen_first_unset(fit(sixteen_at(s)));

	if (run < sizeof(sixteen))	/* as most are */
		return run;
	for (at = sizeof(sixteen); at + 2 * sizeof(sixteen) <= n; at += 2 * sizeof(sixteen))
		if (!sixteen_all_set(fit(sixteen_at(s + at)) & fit(sixteen_at(s + at + sizeof(sixteen)))))
			break;
	for (; at + sizeof(sixteen) < n; at += sizeof(sixteen))
		if ((run = sixteen_first_unset(fit(sixteen_at(s + at)))) < sizeof(sixteen))
			return at + run;
	return n - sizeof(sixteen) + sixteen_first_unset(fit(sixteen_at(s + n - sizeof(sixteen))));
}

#endif
