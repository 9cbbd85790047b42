/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/courier.h"

#include "tests/fakes/note.h"

#define ME "note"

void courier_begin(struct courier *c)
{
	*c = (struct courier){ .n = 0 };
	sim_init(&c->w);
}

void courier_end(struct courier *c)
{
	sim_free(&c->w);
	for (size_t i = 0; i < c->n; i++)
		free(c->did[i]);
}

static void ask_the_first(struct courier *c, struct sim_node *node)
{
	struct berth_json *args = berth_json_new_object();

	CHECK_OK(berth_json_set_str(args, "identity", ME));
	CHECK_OK(berth_json_set_str(args, "peer", c->did[0]));
	CHECK_OK(berth_json_set_str(args, "uri", c->node[0]->uri));
	CHECK_OK(berth_agent_command(node->agent, "note", NULL, "cmd/poll", args, NULL));
	berth_json_free(args);
}

void courier_add_with(struct courier *c, const char *name, const char *first, const char *uri)
{
	static const struct berth_machine *const machines[] = { &test_note_machine };
	struct sim_node *node = sim_add(&c->w, name, uri, machines, 1);
	struct berth_env *env;

	if (first) {
		node->policy.endpoints[1] = node->policy.endpoints[0];
		node->policy.endpoints[0] = first;
		node->policy.n_endpoints = 2;
	}
	sim_on(node);
	CHECK_OK(berth_agent_make_identity(node->agent, ME, BERTH_KEY_ED25519, BERTH_AGREE_TYPE, 0, true));
	env = berth_agent_env(node->agent);
	c->node[c->n] = node;
	c->did[c->n++] = strdup(env->identity(env, ME)->did_long);
	if (!uri)
		ask_the_first(c, node);
}

void courier_add(struct courier *c, const char *name, const char *uri) { courier_add_with(c, name, NULL, uri); }

enum berth_err courier_send(struct courier *c, size_t from, size_t to, int thread, int n)
{
	struct berth_json *args = berth_json_new_object();
	enum berth_err rc;

	CHECK_OK(berth_json_set_str(args, "identity", ME));
	CHECK_OK(berth_json_set_str(args, "to", c->did[to]));
	CHECK_OK(berth_json_set_int(args, "thread", thread));
	CHECK_OK(berth_json_set_int(args, "n", n));
	sim_as(c->node[from]);
	rc = berth_agent_command(c->node[from]->agent, "note", NULL, "cmd/send", args, NULL);
	berth_json_free(args);
	if (!rc)
		c->sent[from][to][thread] += n;
	return rc;
}

static struct berth_env *env_of(struct courier *c, size_t i)
{
	sim_as(c->node[i]);
	return berth_agent_env(c->node[i]->agent);
}

void courier_recount(struct courier *c, size_t from, size_t to, int thread)
{
	CHECK_OK(test_note_sent(env_of(c, from), c->did[to], thread, &c->sent[from][to][thread]));
}

struct test_note_got courier_got(struct courier *c, size_t from, size_t to, int thread)
{
	struct test_note_got got;

	CHECK_OK(test_note_got(env_of(c, to), c->did[from], thread, &got));
	return got;
}

int courier_dead(struct courier *c, size_t at)
{
	int n;

	CHECK_OK(test_note_dead(env_of(c, at), &n));
	return n;
}

bool courier_idle(struct sim *w)
{
	struct berth_store_counts k;

	for (size_t i = 0; i < w->n; i++) {
		if (!w->node[i].agent)
			continue;
		CHECK_OK(berth_store_counts(w->node[i].store, &k));
		if (k.out)
			return false;
	}
	return true;
}

int courier_check(struct courier *c)
{
	int all = 0;

	for (size_t from = 0; from < c->n; from++)
		for (size_t to = 0; to < c->n; to++)
			for (int thread = 0; thread < COURIER_THREADS_MAX; thread++) {
				int want = c->sent[from][to][thread];
				struct test_note_got got;

				if (!want)
					continue;
				got = courier_got(c, from, to, thread);
				if (got.notes != want || got.times != want || got.out_of_order)
					fail_msg("%s to %s, thread %d: %d sent, %d came, %d times in all, %d not in their turn",
						 c->node[from]->name, c->node[to]->name, thread, want, got.notes, got.times,
						 got.out_of_order);
				all += want;
			}
	return all;
}
