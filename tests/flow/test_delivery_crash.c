/* SPDX-License-Identifier: Apache-2.0 */
/* The power goes at any write to the store of either side while plain messages, and the
 * acknowledgements of them, go both ways: none is lost, none has its effect twice, and the
 * threads keep their order.  With BERTH_SOAK at every write, else at some of them. */
#include <time.h>

#include "tests/fakes/courier.h"
#include "tests/fakes/vfs_lossy.h"

#define LIMIT_S 14400
#define SAMPLES 12

static long dies_at;		/* disk call of the victim; 0: never */

static bool dead(struct sim_node *n)
{
	(void)n;
	return dies_at && vfs_lossy_calls() >= dies_at;
}

/* what goes on: notes from, to, in which thread, how many */
static const struct { size_t from, to; int thread, n; } notes[] = {
	{ 0, 1, 0, 3 }, { 1, 0, 0, 3 }, { 0, 1, 1, 2 }, { 1, 0, 1, 1 }, { 0, 1, 0, 2 },
};
#define N_NOTES (sizeof(notes) / sizeof(notes[0]))

struct scene { const char *name, *second_uri; };
static const struct scene scenes[] = {
	{ "both are dialled", "nng+tcp://second.test:1" },
	{ "one asks", NULL },
};

static struct courier *now;

/* Everybody knows each other; the victim's disk is of its own kind from now on. */
static struct sim_node *prepare(struct courier *c, const struct scene *scene, size_t victim)
{
	struct sim_node *v;

	dies_at = 0;
	courier_begin(c);
	now = c;
	courier_add(c, "first", "nng+tcp://first.test:1");
	courier_add(c, "second", scene->second_uri);
	v = c->node[victim];
	sim_off(v);
	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	v->vfs = "lossy";
	sim_on(v);
	return v;
}

/* Who was interrupted asks again; what the outbox has already is counted there. */
static void speak(struct courier *c)
{
	int want[2][2] = { { 0 } };

	for (size_t i = 0; i < N_NOTES; i++) {
		int *w = &want[notes[i].from][notes[i].thread];

		if (dead(NULL))
			return;
		*w += notes[i].n;
		courier_recount(c, notes[i].from, notes[i].to, notes[i].thread);
		if (c->sent[notes[i].from][notes[i].to][notes[i].thread] >= *w)
			continue;
		if (courier_send(c, notes[i].from, notes[i].to, notes[i].thread, notes[i].n) && !dies_at)
			fail_msg("%s", berth_err_detail());
	}
}

static bool over(struct sim *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->node[i].dead && w->node[i].dead(&w->node[i]))
			return true;
	return courier_idle(w);
}

static long moments(const struct scene *scene, size_t victim)
{
	struct courier c;
	long before, n;

	prepare(&c, scene, victim);
	before = vfs_lossy_calls();
	speak(&c);
	assert_true(sim_run(&c.w, courier_idle, LIMIT_S));
	n = vfs_lossy_calls() - before;
	assert_int_equal(courier_check(&c), 11);
	courier_end(&c);
	return n;
}

static int survive(const struct scene *scene, size_t victim, long at, enum vfs_trouble how, uint32_t seed)
{
	struct courier c;
	struct sim_node *v = prepare(&c, scene, victim);
	bool hit;

	v->dead = dead;
	dies_at = vfs_lossy_calls() + at;
	vfs_lossy_trouble(how, at);
	speak(&c);
	assert_true(sim_run_steps(&c.w, over, LIMIT_S));
	hit = dead(v);
	sim_off(v);
	dies_at = 0;
	v->dead = NULL;
	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	sim_on(v);
	speak(&c);
	if (!sim_run(&c.w, courier_idle, LIMIT_S))
		fail_msg("%s: %s killed at disk %ld (%d, BERTH_SEED=%u): no end", scene->name, v->name, at, (int)how, seed);
	if (courier_check(&c) != 11)
		fail_msg("%s: %s killed at disk %ld (%d, BERTH_SEED=%u)", scene->name, v->name, at, (int)how, seed);
	courier_end(&c);
	return hit;
}

static uint32_t draw(uint32_t *seed) { return (*seed = *seed * 1664525u + 1013904223u) >> 8; }

static void kill_them(const struct scene *scene)
{
	static const enum vfs_trouble how[] = { VFS_LOSE, VFS_SHUFFLE, VFS_KEEP };
	const char *given = getenv("BERTH_SEED");
	uint32_t seed = given ? (uint32_t)strtoul(given, NULL, 10) : (uint32_t)time(NULL), start = seed;
	bool all = getenv("BERTH_SOAK") != NULL;
	int kills = 0;

	vfs_lossy_install();
	for (size_t victim = 0; victim < 2; victim++) {
		long n = moments(scene, victim), samples = all ? 3 * n : SAMPLES;

		assert_true(n >= 10);
		for (long i = 0; i < samples; i++)
			kills += survive(scene, victim, all ? 1 + i / 3 : 1 + (long)(draw(&seed) % (uint32_t)n),
					 how[all ? i % 3 : draw(&seed) % 3], start);
	}
	/* each of them ended as it must, or we would not be here */
	printf("crash: seed %u, plain messages, %s: kills %d, lost 0, duplicated 0\n", start, scene->name, kills);
	assert_true(kills >= SAMPLES);
}

static void g3_a_power_cut_at_any_write_where_both_are_dialled(void **state) { (void)state; kill_them(&scenes[0]); }
static void g3_a_power_cut_at_any_write_where_one_asks(void **state) { (void)state; kill_them(&scenes[1]); }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(g3_a_power_cut_at_any_write_where_both_are_dialled),
		cmocka_unit_test(g3_a_power_cut_at_any_write_where_one_asks),
	};

	return cmocka_run_group_tests_name("delivery_crash", tests, NULL, NULL);
}
