/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_BASE_JSON_NUM_H
#define BERTH_DID_BASE_JSON_NUM_H

#include <stdbool.h>

/* The arithmetic of JSON numbers, for did/base/json*.c alone.  Nothing here
 * depends on the locale. */

#define BERTH_JSON_INT_MAX 9007199254740991.0	/* 2^53 - 1 */
#define BERTH_DECIMAL_DIGITS_MAX 17		/* tell any two doubles apart */

/* 0.d1d2d3... x 10^exp */
struct berth_decimal {
	char digits[BERTH_DECIMAL_DIGITS_MAX + 1];
	int ndigits;
	int exp;
};

/* A literal that matches RFC 8259 `number`; +-infinity when it overflows. */
double berth_json_num_parse(const char *literal);

/* The fewest digits that read back as v (v > 0), the nearest of these. */
void berth_json_num_shortest(struct berth_decimal *d, double v);

/* False for an integer literal that is not the number v will print as. */
bool berth_json_num_is_exact(const char *literal, double v);

#endif
