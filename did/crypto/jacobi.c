/* SPDX-License-Identifier: Apache-2.0 */
#include "did/crypto/jacobi.h"

#include <stdbool.h>

struct number { uint64_t w[BERTH_JACOBI_WORDS]; };

/* r = a - b, true when that is below zero. */
static inline bool subtract(struct number *r, const struct number *a, const struct number *b)
{
	uint64_t borrow = 0;

	for (int i = 0; i < BERTH_JACOBI_WORDS; i++) {
		uint64_t d = a->w[i] - b->w[i], under = a->w[i] < b->w[i];

		r->w[i] = d - borrow;
		borrow = under | (d < borrow);
	}
	return borrow;
}

static inline bool is(const struct number *a, uint64_t small)
{
	return a->w[0] == small && !(a->w[1] | a->w[2] | a->w[3]);
}

/* Divides a, which is not 0, by 2 until it is odd; how often, but for multiples of 64. */
static inline unsigned make_odd(struct number *a)
{
	unsigned k;

	while (!a->w[0])
		*a = (struct number){ { a->w[1], a->w[2], a->w[3], 0 } };
	k = (unsigned)__builtin_ctzll(a->w[0]);
	for (int i = 0; k && i < BERTH_JACOBI_WORDS; i++)
		a->w[i] = a->w[i] >> k | (i + 1 < BERTH_JACOBI_WORDS ? a->w[i + 1] << (64 - k) : 0);
	return k;
}

/* (2/n) = -1 for n = 3 or 5 mod 8; (a/n) = -(n/a) for a and n both 3 mod 4, else (n/a);
 * (a/n) = (a - n/n).  Each turn takes a bit off the larger of the two at least. */
int berth_jacobi(const uint64_t a_[BERTH_JACOBI_WORDS], const uint64_t n_[BERTH_JACOBI_WORDS])
{
	struct number a = { { a_[0], a_[1], a_[2], a_[3] } }, n = { { n_[0], n_[1], n_[2], n_[3] } }, d;
	uint64_t minus = 0;	/* bit 1: how often the sign has changed */

	while (!is(&a, 0)) {
		uint64_t odd_twos = make_odd(&a) & 1;

		minus ^= (n.w[0] ^ n.w[0] >> 1) & odd_twos << 1;
		if (subtract(&d, &a, &n)) {
			minus ^= a.w[0] & n.w[0];
			(void)subtract(&d, &n, &a);
			n = a;
		}
		a = d;
	}
	return !is(&n, 1) ? 0 : minus & 2 ? -1 : 1;
}
