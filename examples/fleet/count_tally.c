/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/fleet/count.h"

#include <stdio.h>
#include <string.h>

#include "did/crypto/hash.h"

#define KINDS_MAX 32
#define SEEN_MAX 512
#define ASKED_MAX 64

struct count { char what[40]; unsigned n; size_t octets; };
struct kinds { struct count of[KINDS_MAX]; size_t n; };
static struct tally {
	struct kinds calls, list, poll;
	uint8_t seen[SEEN_MAX][BERTH_SHA256_LEN];
	size_t n_seen;
	uint64_t asked[ASKED_MAX];	/* for documents */
	size_t n_asked;
	bool moved, stepped;	/* in this turn: such a message; what makes it durable */
} tallies[NODES_MAX];

static struct sim *world;
static struct tally *now;	/* who is at work */
static enum { NOTHING, ONBOARDING, POLL } counting;
static bool new_agent;		/* its life begins, which no call was counted of ever */
static FILE *texts;

void count_world(struct sim *w) { world = w; }

/* An agent is another one after each restart; its node is the same. */
static struct tally *tally_of(const struct berth_agent *a)
{
	for (size_t i = 0; world && i < world->n; i++)
		if (world->node[i].agent == a)
			return &tallies[i];
	return NULL;
}

void count_birth(const struct berth_agent_config *cfg)
{
	now = NULL;
	new_agent = true;
	for (size_t i = 0; i < world->n; i++)
		if (&world->node[i].cfg == cfg)
			now = &tallies[i];
}

bool count_turns(const struct berth_agent *a) { return tally_of(a) != now; }

void count_turn(const struct berth_agent *a, bool request)
{
	now = tally_of(a);
	new_agent = false;
	if (now && request)
		now->moved = now->stepped = false;
}

void count_start(const char *path)
{
	for (size_t i = 0; i < world->n; i++) {
		struct tally *t = &tallies[i];

		t->calls.n = t->list.n = 0;
		t->moved = t->stepped = false;
	}
	now = NULL;
	counting = ONBOARDING;
	if (path)
		assert_non_null(texts = fopen(path, "w"));
}

void count_poll(void) { counting = POLL; }

bool count_polled(struct sim *w)
{
	for (size_t i = 0; i < w->n; i++)
		for (size_t k = 0; k < tallies[i].poll.n; k++)
			if (strcmp(tallies[i].poll.of[k].what, "opened") == 0)
				return true;
	return false;
}

static void add(struct kinds *k, const char *what, size_t octets)
{
	size_t i = 0;

	while (i < k->n && strcmp(k->of[i].what, what) != 0)
		i++;
	assert_true(i < KINDS_MAX);
	if (i == k->n) {
		k->of[k->n++] = (struct count){ .n = 0 };
		snprintf(k->of[i].what, sizeof(k->of[i].what), "%s", what);
	}
	k->of[i].n++;
	k->of[i].octets += octets;
}

void count_call(const char *type, const char *what)
{
	char name[40];

	if (!now || counting != ONBOARDING || new_agent)
		return;
	snprintf(name, sizeof(name), "%s%s%s", type, type[0] ? " " : "", what);
	add(&now->calls, name, 0);
}

void count_octets(const char *what, size_t n)
{
	if (now && counting)
		add(counting == POLL ? &now->poll : &now->list, what, n);
}

bool count_is_new(const void *p, size_t n)
{
	uint8_t h[BERTH_SHA256_LEN];

	if (!now)
		return false;
	berth_sha256(h, p, n);
	for (size_t i = 0; i < now->n_seen; i++)
		if (memcmp(now->seen[i], h, sizeof(h)) == 0)
			return false;
	assert_true(now->n_seen < SEEN_MAX);
	memcpy(now->seen[now->n_seen++], h, sizeof(h));
	return true;
}

/* By the last characters, which no two of these DIDs have in common: a hash of all of them
 * would be seen in a profile. */
bool count_knows(const char *did, bool as_short)
{
	size_t n = did ? strlen(did) : 0;
	uint64_t end;

	if (!now || n < sizeof(end))
		return true;
	memcpy(&end, did + n - sizeof(end), sizeof(end));
	end ^= as_short;
	for (size_t i = 0; i < now->n_asked; i++)
		if (now->asked[i] == end)
			return true;
	assert_true(now->n_asked < ASKED_MAX);
	now->asked[now->n_asked++] = end;
	return false;
}

void count_text(const char *what, const char *text, size_t n)
{
	if (!now || !counting)
		return;
	count_octets(what, n);
	if (texts)
		fprintf(texts, "%s%s\t%s\t%.*s\n", world->node[now - tallies].name, counting == POLL ? " poll" : "", what, (int)n, text);
}

void count_moved(void)
{
	if (now)
		now->moved = true;
}

void count_transaction(void)
{
	if (!now || !now->moved || now->stepped)
		return;
	now->stepped = true;
	count_octets("durable step", 0);
}

void count_frame(size_t n) { count_octets("frame", n); }

/* One for each who dials and each that is dialled, whatever goes over it. */
void count_link(struct sim_node *from, const char *uri)
{
	struct tally *was = now;

	for (size_t i = 0; i < world->n; i++) {
		const struct sim_node *to = &world->node[i];
		char pair[256];

		if (!to->uri || strcmp(to->uri, uri) != 0)
			continue;
		snprintf(pair, sizeof(pair), "%s %s", from->name, to->name);
		now = &tallies[from - world->node];
		if (count_is_new(pair, strlen(pair))) {
			count_octets("link dialled", 0);
			now = &tallies[i];
			count_octets("link taken", 0);
		}
	}
	now = was;
}

/* ---- printing ---- */
static void print_calls(const struct kinds *k)
{
	printf("\"calls\": {");
	for (size_t i = 0; i < k->n; i++)
		printf("%s\"%s\": %u", i ? ", " : "", k->of[i].what, k->of[i].n);
	printf("}");
}

static void print_list(const char *name, const struct kinds *k)
{
	printf(", \"%s\": {", name);
	for (size_t i = 0; i < k->n; i++)
		printf("%s\"%s\": [%u, %zu]", i ? ", " : "", k->of[i].what, k->of[i].n, k->of[i].octets);
	printf("}");
}

void count_print(void)
{
	const char *sep = "{";

	for (size_t i = 0; i < world->n; i++) {
		if (!tallies[i].calls.n)
			continue;	/* the factory has no part in it */
		printf("%s\"%s\": {", sep, world->node[i].name);
		print_calls(&tallies[i].calls);
		print_list("list", &tallies[i].list);
		print_list("poll", &tallies[i].poll);
		printf("}");
		sep = ", ";
	}
	printf("}\n");
}

void count_end(void)
{
	if (texts)
		assert_int_equal(fclose(texts), 0);
	texts = NULL;
}
