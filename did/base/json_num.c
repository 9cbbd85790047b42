/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/json_num.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "did/base/json.h"

/* The literal as an integer, where a double keeps all of its digits. */
static bool is_short_integer(const char *literal, double *v)
{
	bool negative = *literal == '-';
	const char *p = literal + negative;
	int64_t n = 0;

	for (int i = 0; *p >= '0' && *p <= '9' && i < DBL_DIG; i++)
		n = n * 10 + (*p++ - '0');
	if (*p)
		return false;
	*v = negative ? -(double)n : (double)n;
	return true;
}

/* The C locale's object is static in the C library: nothing to free, and no
 * other thread's setlocale() can change what it says. */
double berth_json_num_parse(const char *literal)
{
	double v;
	locale_t c;

	if (is_short_integer(literal, &v))
		return v;
	c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	return c ? strtod_l(literal, NULL, c) : (double)NAN;
}

/* v is digits x 10^(exp - ndigits), no decimal point: the same in every locale. */
static double value_of(const struct berth_decimal *d)
{
	char text[BERTH_DECIMAL_DIGITS_MAX + 16];

	snprintf(text, sizeof(text), "%se%d", d->digits, d->exp - d->ndigits);
	return strtod(text, NULL);
}

/* v > 0 correctly rounded to n digits.  Whatever the locale puts between the
 * first digit and the others is skipped. */
static void round_to(struct berth_decimal *d, double v, int n)
{
	char text[BERTH_DECIMAL_DIGITS_MAX + 24];
	const char *p = text;

	snprintf(text, sizeof(text), "%.*e", n - 1, v);
	for (d->ndigits = 0; *p && *p != 'e'; p++)
		if (*p >= '0' && *p <= '9' && d->ndigits < BERTH_DECIMAL_DIGITS_MAX)
			d->digits[d->ndigits++] = *p;
	d->digits[d->ndigits] = '\0';
	d->exp = (*p ? atoi(p + 1) : 0) + 1;
}

/* The neighbour above in the last place; false when all digits are nines. */
static bool step_up(struct berth_decimal *d)
{
	int i = d->ndigits - 1;

	while (i >= 0 && d->digits[i] == '9')
		d->digits[i--] = '0';
	if (i < 0)
		return false;
	d->digits[i]++;
	return true;
}

/* Below a power of two doubles lie closer, so there the n digits nearest to v
 * may read back as another double while their upper neighbour reads back as v. */
static bool reads_back(struct berth_decimal *d, double v, int n)
{
	round_to(d, v, n);
	if (value_of(d) == v)
		return true;
	return step_up(d) && value_of(d) == v;
}

void berth_json_num_shortest(struct berth_decimal *d, double v)
{
	/* 15 digits survive the way through a normal double, so one try finds
	 * every shorter form; subnormals have fewer and are tried from one up. */
	int n = v < DBL_MIN ? 1 : DBL_DIG;

	while (n < BERTH_DECIMAL_DIGITS_MAX && !reads_back(d, v, n))
		n++;
	if (n == BERTH_DECIMAL_DIGITS_MAX)
		round_to(d, v, n);
	while (d->ndigits > 1 && d->digits[d->ndigits - 1] == '0')
		d->digits[--d->ndigits] = '\0';
}

bool berth_json_num_is_exact(const char *literal, double v)
{
	struct berth_decimal d;
	size_t len, nd;

	if (is_short_integer(literal, &v))
		return true;
	literal += *literal == '-';
	if (literal[strspn(literal, "0123456789")] || v == 0)
		return true;
	len = strlen(literal);
	berth_json_num_shortest(&d, fabs(v));
	nd = (size_t)d.ndigits;
	return len == (size_t)d.exp && nd <= len && !memcmp(literal, d.digits, nd) &&
	       literal[nd + strspn(literal + nd, "0")] == '\0';
}

static void put_zeros(struct berth_buf *out, int n)
{
	while (n-- > 0)
		berth_buf_u8(out, '0');
}

/* ECMAScript Number::toString steps 6 to 12: k digits, the point after n. */
static void put_decimal(struct berth_buf *out, const struct berth_decimal *d)
{
	int k = d->ndigits, n = d->exp;

	if (k <= n && n <= 21) {
		berth_buf_str(out, d->digits);
		put_zeros(out, n - k);
	} else if (0 < n && n <= 21) {
		berth_buf_put(out, d->digits, (size_t)n);
		berth_buf_u8(out, '.');
		berth_buf_str(out, d->digits + n);
	} else if (-6 < n && n <= 0) {
		berth_buf_str(out, "0.");
		put_zeros(out, -n);
		berth_buf_str(out, d->digits);
	} else {
		berth_buf_u8(out, (uint8_t)d->digits[0]);
		if (k > 1)
			berth_buf_u8(out, '.');
		berth_buf_str(out, d->digits + 1);
		berth_buf_printf(out, "e%c%d", n > 0 ? '+' : '-', abs(n - 1));
	}
}

static void put_integer(struct berth_buf *out, int64_t v)
{
	char text[20];
	size_t at = sizeof(text);
	uint64_t n = v < 0 ? -(uint64_t)v : (uint64_t)v;

	do
		text[--at] = (char)('0' + n % 10);
	while (n /= 10);
	if (v < 0)
		text[--at] = '-';
	berth_buf_put(out, text + at, sizeof(text) - at);
}

void berth_json_print_num(struct berth_buf *out, double v)
{
	struct berth_decimal d;

	if (!isfinite(v)) {	/* no such JSON: nothing that has been parsed or built */
		out->bad = true;
		return;
	}
	if (fabs(v) <= BERTH_JSON_INT_MAX && v == trunc(v)) {
		put_integer(out, (int64_t)v);
		return;
	}
	if (v < 0)
		berth_buf_u8(out, '-');
	berth_json_num_shortest(&d, fabs(v));
	put_decimal(out, &d);
}
