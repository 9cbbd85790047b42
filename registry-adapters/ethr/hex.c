/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ethr.h"

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool ethr_quantity(uint64_t *v, const char *s)
{
	size_t n = s ? strnlen(s, 2 + 17) : 0;

	*v = 0;
	if (n < 3 || n > 2 + 16 || s[0] != '0' || s[1] != 'x' || (s[2] == '0' && n > 3))
		return false;
	for (size_t i = 2; i < n; i++) {
		if (digit(s[i]) < 0)
			return false;
		*v = *v << 4 | (uint64_t)digit(s[i]);
	}
	return true;
}

bool ethr_bytes_ok(const char *s, size_t min, size_t max)
{
	size_t n = s ? strnlen(s, 2 + 2 * max + 1) : 0;

	if (n < 2 + 2 * min || n > 2 + 2 * max || n % 2 || s[0] != '0' || s[1] != 'x')
		return false;
	for (size_t i = 2; i < n; i++)
		if (digit(s[i]) < 0)
			return false;
	return true;
}

bool ethr_word(uint64_t *v, const char *digits)
{
	*v = 0;
	for (size_t i = 0; i < 64; i++) {
		int d = digit(digits[i]);

		if (d < 0 || (i < 48 && d != 0))
			return false;
		*v = *v << 4 | (uint64_t)d;
	}
	return true;
}

bool ethr_decimal(uint64_t *v, const char *s)
{
	size_t n = s ? strnlen(s, 20) : 0;

	*v = 0;
	if (n == 0 || n > 18 || (s[0] == '0' && n > 1))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		*v = *v * 10 + (uint64_t)(s[i] - '0');
	}
	return true;
}

char *ethr_hex(const uint8_t *p, size_t n)
{
	char *s = malloc(2 * n + 3);

	if (!s)
		return NULL;
	memcpy(s, "0x", 3);
	for (size_t i = 0; i < n; i++) {
		s[2 + 2 * i] = "0123456789abcdef"[p[i] >> 4];
		s[3 + 2 * i] = "0123456789abcdef"[p[i] & 15];
	}
	s[2 + 2 * n] = '\0';
	return s;
}

uint64_t ethr_clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
