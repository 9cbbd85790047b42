/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_BENCH_MEDIAN_H
#define BERTH_TESTS_BENCH_MEDIAN_H

#include <stdlib.h>

static inline int median_order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The one in the middle of n > 0 values, which are in order afterwards; of the upper half when n
 * is even. */
static inline double median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), median_order);
	return v[n / 2];
}

#endif
