/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/utf8.h"

#include <endian.h>
#include <string.h>

#include "did/base/sixteen.h"

/* Lead byte -> length, payload bits and the least code point of that length. */
static size_t lead(uint8_t b, uint32_t *bits, uint32_t *least)
{
	if (b >= 0xc2 && b <= 0xdf) {
		*bits = b & 0x1fu;
		*least = 0x80;
		return 2;
	}
	if ((b & 0xf0) == 0xe0) {
		*bits = b & 0x0fu;
		*least = 0x800;
		return 3;
	}
	if (b >= 0xf0 && b <= 0xf4) {
		*bits = b & 0x07u;
		*least = 0x10000;
		return 4;
	}
	return 0;
}

size_t berth_utf8_next(const char *p, size_t n, uint32_t *cp)
{
	uint32_t v = 0, least = 0;
	size_t len;

	if (!n)
		return 0;
	if ((uint8_t)p[0] < 0x80) {
		v = (uint8_t)p[0];
		len = 1;
	} else {
		len = lead((uint8_t)p[0], &v, &least);
		if (!len || len > n)
			return 0;
		for (size_t i = 1; i < len; i++) {
			if (((uint8_t)p[i] & 0xc0) != 0x80)
				return 0;
			v = v << 6 | ((uint8_t)p[i] & 0x3fu);
		}
		if (v < least || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
			return 0;
	}
	if (cp)
		*cp = v;
	return len;
}

/* How many bytes at p are ASCII, counted by eights. */
static size_t ascii(const char *p, size_t n)
{
	uint64_t eight;
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		memcpy(&eight, p + i, 8);
		if (eight & UINT64_C(0x8080808080808080))
			break;
	}
	return i;
}

bool berth_utf8_valid(const char *p, size_t n)
{
	size_t step = ascii(p, n);

	for (p += step, n -= step; n; p += step, n -= step) {
		step = berth_utf8_next(p, n, NULL);
		if (!step)
			return false;
	}
	return true;
}

/* All ones for each of the bytes that stands for itself.  As signed numbers, all that is not
 * ASCII is below the blank; with this bit changed '"' is the blank, and nothing else comes or goes
 * there. */
static inline sixteen plain(sixteen x)
{
	return (sixteen)((sixteen_signed)(x ^ ('"' ^ ' ')) > ' ') - (sixteen)(x == '\\');
}

/* The first of eight that does not, of which the first is the lowest; 8: all do.  Where a
 * subtraction borrows from the bytes above it, there is one below them that counts. */
static size_t plain8(uint64_t v)
{
	const uint64_t each = UINT64_C(0x0101010101010101);
	uint64_t other = v | (v - each * ' ') | ((v ^ each * '"') - each) | ((v ^ each * '\\') - each);

	other &= each << 7;
	return other ? (size_t)__builtin_ctzll(other) / 8 : 8;
}

static uint64_t load(const char *p, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	return le64toh(v);
}

/* Fewer than sixteen; what is missing is zero, which does not stand for itself. */
static size_t plain_few(const char *p, size_t n)
{
	size_t run;

	if (n >= 8)
		return (run = plain8(load(p, 8))) < 8 ? run : n - 8 + plain8(load(p + n - 8, 8));
	if (n >= 4)
		return plain8(load(p, 4) | load(p + n - 4, 4) << 8 * (n - 4));
	return n ? plain8(load(p, 1) | load(p + n / 2, 1) << 8 * (n / 2) | load(p + n - 1, 1) << 8 * (n - 1)) : 0;
}

size_t berth_utf8_plain_run(const char *p, const char *end)
{
	size_t n = (size_t)(end - p);

	return n < sizeof(sixteen) ? plain_few(p, n) : sixteen_span(p, n, plain);
}

size_t berth_utf8_put(char out[4], uint32_t cp)
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}
