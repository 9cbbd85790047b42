/* SPDX-License-Identifier: Apache-2.0 */
/* Requests on loopback, of many who ask at the same time of one who answers: the processor
 * time of both processes, of all their threads, the kernel's work for them included. */
#include "examples/fleet/price_links.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/median.h"

#define TIMES 20	/* each asks, a round */
#define QUIET_US 20000	/* so long nobody may have worked */
#define PATIENCE 200	/* so often it is looked whether the answerer is there, */
#define LOOK_US 10000	/* after so long */

enum { LINK, SMALL, LARGE, PHASES };
static const char *const phases[PHASES] = { "link", "small", "large" };
struct ends { double asks, answers; };

static clockid_t answerer;

static double us_of(clockid_t clock)
{
	struct timespec t;

	price_need(clock_gettime(clock, &t) == 0, "clock");
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static struct ends look(void) { return (struct ends){ us_of(CLOCK_PROCESS_CPUTIME_ID), us_of(answerer) }; }

/* What is still being done for it counts, too. */
static struct ends spent(void)
{
	struct ends now = look(), before;

	do {
		before = now;
		usleep(QUIET_US);
		now = look();
	} while (now.answers - before.answers > 1);
	return now;
}

static void note(struct ends *out, struct ends *from, int times)
{
	struct ends now = spent();

	*out = (struct ends){ (now.asks - from->asks) / times, (now.answers - from->answers) / times };
	*from = now;
}

static void ask_all(const struct price_link *l, size_t n)
{
	static char body[PRICE_LARGE];

	for (int t = 0; t < TIMES; t++) {
		for (int i = 0; i < PRICE_ASKERS; i++)
			l->ask(i, body, n);
		for (int i = 0; i < PRICE_ASKERS; i++)
			l->hear(i, n);
	}
}

static void one_round(const struct price_link *l, int port, struct ends out[PHASES])
{
	struct ends from = spent();

	for (int i = 0; i < PRICE_ASKERS; i++)
		price_need(l->dial(i, port), "dial");
	note(&out[LINK], &from, PRICE_ASKERS);
	ask_all(l, PRICE_SMALL);
	note(&out[SMALL], &from, PRICE_ASKERS * TIMES);
	ask_all(l, PRICE_LARGE);
	note(&out[LARGE], &from, PRICE_ASKERS * TIMES);
	for (int i = 0; i < PRICE_ASKERS; i++)
		l->hang_up(i);
}

static void print_end(const char *name, struct ends all[PRICE_ROUNDS][PHASES], int answers)
{
	double us[PRICE_ROUNDS];

	printf("\"%s\": {", name);
	for (int p = 0; p < PHASES; p++) {
		for (int i = 0; i < PRICE_ROUNDS; i++)
			us[i] = answers ? all[i][p].answers : all[i][p].asks;
		printf("%s\"%s\": %.2f", p ? ", " : "", phases[p], median(us, PRICE_ROUNDS));
	}
	printf("}");
}

/* Both on one processor: what waking another one up costs is nothing that has to be, and
 * differs by luck. */
static void on_one_processor(void)
{
	cpu_set_t all, one;

	price_need(!sched_getaffinity(0, sizeof(all), &all), "processors");
	CPU_ZERO(&one);
	for (int i = 0; i < CPU_SETSIZE && !CPU_COUNT(&one); i++)
		if (CPU_ISSET(i, &all))
			CPU_SET(i, &one);
	price_need(!sched_setaffinity(0, sizeof(one), &one), "processors");
}

static void wait_for(const struct price_link *l, int port)
{
	for (int i = 0; !l->dial(0, port); i++) {
		price_need(i < PATIENCE, "nobody answers");
		usleep(LOOK_US);
	}
	l->hang_up(0);
}

void price_links(const struct price_link *l, int port)
{
	struct ends all[PRICE_ROUNDS][PHASES];
	pid_t pid;

	on_one_processor();
	fflush(stdout);		/* a child begins with what is not out yet */
	if ((pid = fork()) == 0) {
		l->answer(port);
		_exit(0);
	}
	price_need(pid > 0 && clock_getcpuclockid(pid, &answerer) == 0, "a process");
	wait_for(l, port);
	for (int i = 0; i < PRICE_ROUNDS; i++)
		one_round(l, port, all[i]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	printf("\"%s\": {", l->name);
	print_end("asks", all, 0);
	printf(", ");
	print_end("answers", all, 1);
	printf("}");
}
