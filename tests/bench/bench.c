/* SPDX-License-Identifier: Apache-2.0 */
/* The thread's own CPU time, not the clock on the wall: other processes cost us
 * cache and frequency, but not their share of the processor.  Only where another
 * process works for us is it the clock on the wall. */
#include "tests/bench/bench.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "berth/err.h"
#include "did/base/secret.h"
#include "tests/bench/median.h"

#define ROUNDS 15
#define SLICE_US 20000.0	/* how long one side works in one round, */
#define QUICK_US 1000.0		/* or when somebody waits for it */

void need(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench: %s: %s\n", what, berth_err_detail());
	exit(1);
}

static double slice_us = SLICE_US;
static clockid_t timer = CLOCK_THREAD_CPUTIME_ID;

static double now_us(void)
{
	struct timespec t;

	clock_gettime(timer, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double slice(void (*fn)(void), size_t times)
{
	double from = now_us();

	for (size_t i = 0; i < times; i++)
		fn();
	return (now_us() - from) / (double)times;
}

static size_t calibrate(void (*fn)(void))
{
	double us = slice(fn, 8);	/* warms up as well */

	return us >= slice_us ? 1 : (size_t)(slice_us / us) + 1;
}

static int one(const struct bench *b, bool in_us)
{
	double floor_us[ROUNDS], ours_us[ROUNDS], ratio[ROUNDS], r, got;
	size_t nf = calibrate(b->floor), no = calibrate(b->ours);

	for (int i = 0; i < ROUNDS; i++) {
		floor_us[i] = slice(b->floor, nf);
		ours_us[i] = slice(b->ours, no);
		ratio[i] = ours_us[i] / floor_us[i];
	}
	r = median(ratio, ROUNDS);
	got = in_us ? median(ours_us, ROUNDS) : r;
	printf("| %-44s | %8.2f | %8.2f | %5.2f |", b->name, median(floor_us, ROUNDS), median(ours_us, ROUNDS), r);
	if (b->goal > 0)
		printf(" %.2f%s %s |\n", b->goal, in_us ? " us" : "", got <= b->goal ? "met" : "MISSED");
	else
		printf(" |\n");
	return b->goal > 0 && got > b->goal;
}

static int run(const char *title, const struct bench *b, size_t n, bool in_us)
{
	int missed = 0;

	printf("\n| %-44s | floor us | ours us | ratio | goal |\n|---|---|---|---|---|\n", title);
	for (size_t i = 0; i < n; i++)
		missed += one(&b[i], in_us);
	fflush(stdout);
	return missed;
}

int bench_run(const char *title, const struct bench *b, size_t n)
{
	return run(title, b, n, false);
}

int bench_run_us(const char *title, const struct bench *b, size_t n)
{
	return run(title, b, n, true);
}

int bench_run_wall(const char *title, const struct bench *b, size_t n)
{
	int missed;

	timer = CLOCK_MONOTONIC;
	missed = bench_run(title, b, n);
	timer = CLOCK_THREAD_CPUTIME_ID;
	return missed;
}

int main(int argc, char **argv)
{
	static const struct { const char *name; void (*run)(int *missed); } groups[] = {
		{ "crypto", bench_crypto }, { "did", bench_did }, { "resolve", bench_resolve }, { "keys", bench_keys }, { "vc", bench_vc }, { "formats", bench_vc_formats },
		{ "sizes", bench_vc_sizes }, { "didcomm", bench_didcomm },
		{ "store", bench_store }, { "octets", bench_octets }, { "webvh", bench_webvh },
	};
	int missed = 0;

	if (argc > 2 && strcmp(argv[2], "quick") == 0)
		slice_us = QUICK_US;
	berth_crypto_init();
	printf("Medians of %d interleaved rounds, CPU time of one thread.\n", ROUNDS);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (argc < 2 || strcmp(argv[1], groups[i].name) == 0)
			groups[i].run(&missed);
	printf("\n%d goals missed\n", missed);
	return 0;	/* a shared machine proves no regression; people read the ratios */
}
