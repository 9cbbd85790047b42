/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/protocol/empty.h"
#include "did/base/clock.h"
#include "did/base/hex.h"
#include "did/base/log.h"
#include "did/base/rand.h"
#include "examples/fleet/gateways.h"
#include "tests/fakes/keys_local.h"

#define COLLECT_S 30
#define RUN_S 600

static const struct berth_machine *const roles[] = { &berth_gateway_machine, &berth_ping_machine, &berth_problem_machine,
						     &berth_discover_machine };

/* Opening a store changes the process's umask for a moment. */
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;

/* A process of its own has so much; ours is thousands. */
void __real_store_memory_begin(size_t octets);
void __wrap_store_memory_begin(size_t octets);
void __wrap_store_memory_begin(size_t octets) { __real_store_memory_begin(fleet.n * octets); }

/* Who has its credential asks its owner for messages, which is no part of an onboarding: an
 * empty message that belongs to no thread.  One of the factory's identity is none of those:
 * its owner was slow, or it asks the factory. */
enum berth_err __real_berth_effects_send(struct berth_env *env, struct berth_effects *fx, const struct berth_identity *from, const char *to,
	const char *uri, const char *type, const char *thid, struct berth_json *body, struct berth_send **out);
enum berth_err __wrap_berth_effects_send(struct berth_env *env, struct berth_effects *fx, const struct berth_identity *from, const char *to,
	const char *uri, const char *type, const char *thid, struct berth_json *body, struct berth_send **out);
enum berth_err __wrap_berth_effects_send(struct berth_env *env, struct berth_effects *fx, const struct berth_identity *from, const char *to,
	const char *uri, const char *type, const char *thid, struct berth_json *body, struct berth_send **out)
{
	if (strcmp(type, BERTH_TYPE_EMPTY) == 0 && !thid && strcmp(from->name, BERTH_ID_FACTORY) != 0)
		atomic_fetch_add(&fleet.polls, 1);
	return __real_berth_effects_send(env, fx, from, to, uri, type, thid, body, out);
}

void fleet_gateway_init(struct fleet_gateway *g, size_t index)
{
	*g = (struct fleet_gateway){ .transport.ops = &fleet_wire, .index = index };
	snprintf(g->serial, sizeof(g->serial), "FLEET-%05zu", index);
	g->policy = (struct berth_policy){ .serial = g->serial, .model = "Simulated", .hardware = "", .firmware = "",
		.factory_did = fleet.factory_did, .factory_uri = fleet.factory_uri, .run_timeout_s = RUN_S,
		.collect_s = COLLECT_S, .oob_url = "https://oob.test/" };
}

/* A key that a machine made: no Argon2 at each start (docs/keystores.md). */
static void write_passphrase(const char *path)
{
	uint8_t key[32];
	char text[65];
	FILE *f;

	if (access(path, F_OK) == 0)
		return;
	berth_random(key, sizeof(key));
	berth_hex_encode(text, key, sizeof(key));
	fleet_need((f = fopen(path, "w")) && !chmod(path, 0600) && fputs(text, f) > 0 && !fclose(f), path);
}

/* It does nothing before its first tick. */
static void make_agent(struct fleet_gateway *g)
{
	struct berth_agent_config c = { .store = g->store, .keys = g->keys, .transport = &g->transport, .policy = &g->policy,
		.n_machines = sizeof(roles) / sizeof(roles[0]) };

	memcpy(c.machines, roles, sizeof(roles));
	g->seen = UINT64_MAX;
	fleet_need(!berth_agent_new(&g->agent, &c), g->serial);
}

void fleet_gateway_boot(struct fleet_gateway *g)
{
	char dir[256], path[300], uri[300], state[300];
	struct berth_keystore_config kc = { .uri = uri, .passphrase_file = path, .create = true };

	snprintf(dir, sizeof(dir), "%s/%s", fleet.dir, g->serial);
	snprintf(uri, sizeof(uri), "soft:%s/keys", dir);
	snprintf(path, sizeof(path), "%s/passphrase", dir);
	snprintf(state, sizeof(state), "%s/state", dir);
	pthread_mutex_lock(&opening);
	mkdir(dir, 0700);
	write_passphrase(path);
	fleet_need(!berth_keystore_open(&g->ks, &kc) && !berth_store_open(&g->store, state, true), dir);
	pthread_mutex_unlock(&opening);
	g->keys = test_keys_local_new(g->ks, BERTH_CUSTODY_SEALED);
	make_agent(g);
}

void fleet_gateway_begin(struct fleet_gateway *g)
{
	if (!g->agent)
		fleet_gateway_boot(g);
	fleet_gateway_tick(g);
}

void fleet_gateway_tick(struct fleet_gateway *g)
{
	uint64_t due = berth_agent_tick(g->agent) + berth_clock_mono_ms();

	g->worker->due_ms[g->place] = due;
	if (due < g->worker->soon_ms)
		g->worker->soon_ms = due;
	fleet_gateway_look(g);
}

/* What the agent keeps about itself begins with it. */
static bool is_in(struct fleet_gateway *g, const char *state)
{
	struct berth_buf text = BERTH_BUF_INIT;
	char want[64];
	bool found = false;

	snprintf(want, sizeof(want), "{\"state\":\"%s\"", state);
	if (berth_store_get(g->store, "gateway", "self", &text, &found))
		found = false;
	found = found && text.len > strlen(want) && memcmp(text.p, want, strlen(want)) == 0;
	berth_buf_free(&text);
	return found;
}

/* The store is read only after a step, of which there are few. */
static bool has_changed(struct fleet_gateway *g)
{
	uint64_t before = g->seen;

	g->seen = berth_agent_changes(g->agent);
	return g->seen != before;
}

/* Born: switched off again, and packed.  Onboarded: it stays on. */
void fleet_gateway_look(struct fleet_gateway *g)
{
	struct fleet_worker *w = g->worker;

	if (g->done || !has_changed(g) ||
	    !(fleet.onboarding ? is_in(g, "OPERATIONAL") : is_in(g, "INITIALIZED") || is_in(g, "SEEKING")))
		return;
	g->done = g->ok = true;
	w->n_done++;
	g->done_ms = berth_clock_mono_ms();
	g->took_ms = g->done_ms - g->began_ms;
	g->bytes = berth_agent_wire_bytes(g->agent);
	w->free_ms[(w->next - w->running--) % w->at_once] = g->done_ms;
	atomic_fetch_add(&fleet.n_done, 1);
	if (!fleet.onboarding)
		fleet_gateway_end(g);
	else
		fleet_links_idle(g);
}

void fleet_gateway_end(struct fleet_gateway *g)
{
	if (!g->agent)
		return;
	fleet_links_close(g);
	berth_agent_free(g->agent);
	berth_store_close(g->store);
	test_keys_local_free(g->keys);
	berth_keystore_close(g->ks);
	g->agent = NULL;
	g->store = NULL;
	g->worker->due_ms[g->place] = UINT64_MAX;
}
