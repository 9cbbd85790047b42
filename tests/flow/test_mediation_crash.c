/* SPDX-License-Identifier: Apache-2.0 */
/* C147 for what is relayed: the power goes at any write to the store of the sender, of
 * either mediator, or of the box, while messages are on their way.  What was not synced is
 * lost, torn or kept.  It starts again, and every message that its sender's store had
 * taken has had its effect, once. */
#include <time.h>

#include "tests/fakes/mediation.h"
#include "tests/fakes/vfs_lossy.h"

#define LIMIT_S 7200
#define SAMPLES 12
#define MESSAGES 4

static struct mediation m;
static long dies_at;		/* disk call of the victim; 0: never */
static bool sent[MESSAGES + 1];	/* its sender's store has it for certain */

enum who { ALICE, MEDIATOR, OUTER, BOX, WHO };

static struct sim_node *node_of(enum who who)
{
	return who == ALICE ? m.alice : who == MEDIATOR ? m.mediator : who == OUTER ? m.outer : m.box;
}

static bool dead(struct sim_node *n)
{
	(void)n;
	return dies_at && vfs_lossy_calls() >= dies_at;
}

static bool all_there(struct sim *w)
{
	bool all = true;

	(void)w;
	for (int i = 1; i <= MESSAGES; i++) {
		int count = mediation_count(m.box, i);

		if (count > 1)
			fail_msg("message %d had %d effects", i, count);
		all &= count == 1 || !sent[i];
	}
	return all;
}

static bool settled(struct sim *w)
{
	return all_there(w) && mediation_waiting(m.mediator) == 0 && mediation_waiting(m.outer) == 0 &&
	       mediation_outbox(m.alice) == 0;
}

static bool box_died_or_done(struct sim *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->node[i].dead && w->node[i].dead(&w->node[i]))
			return true;
	return settled(w);
}

static struct sim_node *prepare(enum who who)
{
	struct sim_node *v;

	dies_at = 0;
	memset(sent, 0, sizeof(sent));
	mediation_begin(&m, true);
	v = node_of(who);
	sim_off(v);
	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	v->vfs = "lossy";
	sim_on(v);
	return v;
}

/* Two at once, and two more while those are under way. */
static void say(struct sim_node *v)
{
	const char *to = mediation_identity(m.box, MEDIATION_APP)->did_long;

	for (int i = 1; i <= MESSAGES && !(v->dead && v->dead(v)); i++) {
		sent[i] = mediation_send(m.alice, to, i) == BERTH_OK && !(v == m.alice && v->dead && v->dead(v));
		if (i == 2)
			sim_pump(&m.w);
	}
}

/* false: the moment never came */
static bool survive(enum who who, long at, enum vfs_trouble how)
{
	struct sim_node *v = prepare(who);
	bool hit;

	v->dead = dead;
	dies_at = vfs_lossy_calls() + at;
	vfs_lossy_trouble(how, at);
	say(v);
	assert_true(sim_run_steps(&m.w, box_died_or_done, LIMIT_S));
	hit = v->dead(v);
	sim_off(v);
	dies_at = 0;
	v->dead = NULL;
	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	sim_on(v);
	if (!sim_run(&m.w, settled, LIMIT_S))
		fail_msg("%s killed at disk %ld (%d): %lld wait at the mediator, %lld at the outer one, %lld in the outbox", v->name, at,
			 (int)how, (long long)mediation_waiting(m.mediator), (long long)mediation_waiting(m.outer),
			 (long long)mediation_outbox(m.alice));
	mediation_end(&m);
	return hit;
}

static long moments(enum who who)
{
	struct sim_node *v = prepare(who);
	long before = vfs_lossy_calls(), n;

	say(v);
	assert_true(sim_run(&m.w, settled, LIMIT_S));
	n = vfs_lossy_calls() - before;
	mediation_end(&m);
	return n;
}

static uint32_t draw(uint32_t *seed)
{
	return (*seed = *seed * 1664525u + 1013904223u) >> 8;
}

static void c147_a_power_cut_at_any_write(void **state)
{
	static const enum vfs_trouble how[] = { VFS_LOSE, VFS_SHUFFLE, VFS_KEEP };
	const char *given = getenv("BERTH_SEED");
	uint32_t seed = given ? (uint32_t)strtoul(given, NULL, 10) : (uint32_t)time(NULL);
	bool all = getenv("BERTH_SOAK") != NULL;
	int kills = 0;

	(void)state;
	vfs_lossy_install();
	printf("seed %u\n", seed);
	for (enum who who = 0; who < WHO; who++) {
		long n = moments(who), samples = all ? n : SAMPLES;

		assert_true(n > 3);
		for (long i = 1; i <= samples; i++)
			kills += survive(who, all ? i : 1 + (long)(draw(&seed) % (uint32_t)n), how[draw(&seed) % 3]);
	}
	printf("crash: mediation, kills %d, lost 0, duplicated 0\n", kills);
	assert_true(kills >= SAMPLES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c147_a_power_cut_at_any_write),
	};

	return cmocka_run_group_tests_name("mediation crash", tests, NULL, NULL);
}
