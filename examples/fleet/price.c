/* SPDX-License-Identifier: Apache-2.0 */
/* What an onboarding's JSON, rows and requests take with the bare libraries.
 *
 *	price TEXTS-FILE DIR PORT
 *
 * TEXTS-FILE is from count; DIR is where a database may be, PORT is free on loopback. */
#include "examples/fleet/price_links.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/median.h"

#define TEXTS_MAX 256
#define TIMES 100	/* a round, for the clock */

void price_need(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "price: %s\n", what);
	exit(1);
}

double price_thread_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* ---- JSON: the texts themselves, those of one agent that are made or read at a time ---- */
static struct text { char *line, *who, *what, *json; cJSON *tree; } texts[TEXTS_MAX];
static size_t n_texts;

static void read_texts(const char *path)
{
	FILE *f = fopen(path, "r");
	size_t room = 0;
	struct text *t = texts;

	price_need(f != NULL, path);
	for (; getline(&t->line, &room, f) > 0; t = &texts[++n_texts], room = 0) {
		char *at = t->line;

		at[strcspn(at, "\n")] = '\0';
		t->who = strsep(&at, "\t");
		t->what = strsep(&at, "\t");
		price_need(n_texts + 1 < TEXTS_MAX && at && (t->tree = cJSON_Parse(t->json = at)), "a text");
	}
	fclose(f);
}

static void make(const struct text *t)
{
	char *printed = cJSON_PrintUnformatted(t->tree);

	price_need(printed != NULL, "print");
	cJSON_free(printed);
}

static void take(const struct text *t)
{
	cJSON *tree = cJSON_Parse(t->json);

	price_need(tree != NULL, "parse");
	cJSON_Delete(tree);
}

static double all_of(const struct text *like)
{
	void (*work)(const struct text *t) = strcmp(like->what, "JSON made") == 0 ? make : take;
	double us[PRICE_ROUNDS];

	for (int round = 0; round < PRICE_ROUNDS; round++) {
		double from = price_thread_us();

		for (int i = 0; i < TIMES; i++)
			for (const struct text *t = texts; t < texts + n_texts; t++)
				if (strcmp(t->who, like->who) == 0 && strcmp(t->what, like->what) == 0)
					work(t);
		us[round] = (price_thread_us() - from) / TIMES;
	}
	return median(us, PRICE_ROUNDS);
}

static int is_first(const struct text *t)
{
	const struct text *before = texts;

	while (strcmp(before->who, t->who) != 0 || strcmp(before->what, t->what) != 0)
		before++;
	return before == t;
}

static void price_json(const char *path)
{
	const char *sep = "";

	read_texts(path);
	printf("\"json\": {");
	for (const struct text *t = texts; t < texts + n_texts; t++)
		if (is_first(t)) {
			printf("%s\"%s %s\": %.2f", sep, t->who, t->what, all_of(t));
			sep = ", ";
		}
	printf("}");
}

int main(int argc, char **argv)
{
	price_need(argc == 4, "price TEXTS-FILE DIR PORT");
	printf("{");
	price_json(argv[1]);
	printf(", ");
	price_store(argv[2]);
	printf(", ");
	price_links(&price_tcp, atoi(argv[3]));	/* first: nng makes threads, and is not for a child of such a process */
	printf(", ");
	price_links(&price_nng, atoi(argv[3]));
	printf("}\n");
	return 0;
}
