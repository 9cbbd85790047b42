/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CODEC_SIXTEEN_H
#define BERTH_DID_CODEC_SIXTEEN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Sixteen characters that are looked at together, in a time that does not depend on them. */
typedef uint8_t sixteen __attribute__((vector_size(16)));
typedef int8_t sixteen_signed __attribute__((vector_size(16)));

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

#endif
