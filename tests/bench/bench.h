/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_BENCH_H
#define BERTH_TESTS_BENCH_H

#include <stddef.h>

/* One comparison: ours against the floor, the same work composed of nothing but
 * library calls.  Each function does the work once and ends the program when it
 * fails. */
struct bench {
	const char *name;
	void (*floor)(void);
	void (*ours)(void);
	double goal;		/* ours / floor at most; 0: no goal */
};

/* Runs all of them: in each round every floor and its twin take turns, so that
 * what else the machine does hits both.  Prints the medians and the ratio of a
 * pair; returns how many goals were missed. */
int bench_run(const char *title, const struct bench *b, size_t n);
/* The same, with goals in microseconds for ours alone.  They are for a machine that
 * does nothing else. */
int bench_run_us(const char *title, const struct bench *b, size_t n);
/* The same by the clock on the wall, where another process works for us. */
int bench_run_wall(const char *title, const struct bench *b, size_t n);

/* Ends the program with the text unless the condition holds. */
void need(int ok, const char *what);

void bench_crypto(int *missed);
void bench_did(int *missed);
void bench_resolve(int *missed);
void bench_keys(int *missed);
void bench_vc(int *missed);
void bench_vc_formats(int *missed);
void bench_vc_sizes(int *missed);
void bench_didcomm(int *missed);
void bench_store(int *missed);
void bench_octets(int *missed);
void bench_webvh(int *missed);

#endif
