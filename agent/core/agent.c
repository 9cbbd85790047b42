/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/agent.h"

#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "agent/protocol/exchange.h"
#include "agent/protocol/mediate.h"
#include "did/base/clock.h"
#include "did/base/log.h"

uint64_t agent_mono_ms(void) { return berth_clock_mono_ms(); }

int64_t berth_agent_now_s(const struct berth_agent *a)
{
	return a->start_uptime_s + (int64_t)((agent_mono_ms() - a->start_ms) / 1000);
}

/* A clock that shows less than the floor is wrong, whatever the configuration says. */
void agent_refresh_time(struct berth_agent *a)
{
	int64_t now = berth_clock_now_s(), floor = 0;

	if (berth_store_counter_get(a->cfg.store, COUNTER_FLOOR, &floor) || floor < berth_clock_build_s())
		floor = berth_clock_build_s();
	a->env.floor_s = floor;
	a->env.now_s = a->cfg.clock_trusted && now >= floor ? now : -1;
	a->env.mono_ms = agent_mono_ms();
	a->env.uptime_s = berth_agent_now_s(a);
	a->env.wire_bytes = a->wire_bytes;
	a->env.closed = a->closed;
}

/* --- read access for steps --- */
static enum berth_err records_get(struct berth_records *r, const char *ns, const char *key, struct berth_buf *value)
{
	struct berth_agent *a = ((struct agent_records *)r)->a;
	bool found = false;
	enum berth_err rc = berth_store_get(a->cfg.store, ns, key, value, &found);

	if (!rc && !found)
		rc = berth_fail(BERTH_E_NOMATCH, "no record %s %.80s", ns, key);
	return rc;
}

static enum berth_err
records_each(struct berth_records *r, const char *ns,
	     enum berth_err (*fn)(void *arg, const char *key, const uint8_t *value, size_t len), void *arg)
{
	return berth_store_each(((struct agent_records *)r)->a->cfg.store, ns, NULL, fn, arg);
}

static enum berth_err
records_each_after(struct berth_records *r, const char *ns, const char *after,
		   enum berth_err (*fn)(void *arg, const char *key, const uint8_t *value, size_t len), void *arg)
{
	return berth_store_each(((struct agent_records *)r)->a->cfg.store, ns, after, fn, arg);
}

static enum berth_err
records_each_under(struct berth_records *r, const char *ns, const char *prefix,
		   enum berth_err (*fn)(void *arg, const char *key, const uint8_t *value, size_t len), void *arg)
{
	return berth_store_each_under(((struct agent_records *)r)->a->cfg.store, ns, prefix, fn, arg);
}

/* The short form of a did:peer:4 says nothing by itself: what was learned answers. */
static enum berth_err recall_peer(struct berth_resolver *r, const char *did, struct berth_buf *did_long)
{
	struct berth_agent *a = ((struct peer_resolver *)r)->a;
	bool found = false;
	enum berth_err rc;

	if (strlen(did) <= BERTH_STORE_KEY_MAX &&
	    (rc = berth_store_get(a->cfg.store, NS_PEER, did, did_long, &found)))
		return rc;
	if (found && strcmp(berth_buf_cstr(did_long), did) != 0)
		return BERTH_OK;
	berth_buf_reset(did_long);
	return berth_fail(BERTH_E_RESOLVE, "%.80s is not known here", did);
}

/* --- the tick --- */
/* What has been waiting for too long goes. */
static void housekeeping(struct berth_agent *a)
{
	int64_t now = berth_agent_now_s(a), n;

	if (agent_mono_ms() < a->housekeeping_ms || berth_store_begin(a->cfg.store))
		return;
	a->housekeeping_ms = agent_mono_ms() + HOUSEKEEPING_MS;
	if (agent_mediate_housekeeping(a, now) || berth_store_inbox_prune(a->cfg.store, now, &n) ||
	    berth_store_counter_set(a->cfg.store, COUNTER_UPTIME, now) || berth_store_commit_later(a->cfg.store))
		berth_store_rollback(a->cfg.store);
	agent_forget_sweep(a);
	agent_expire(a);
	if (agent_machine_index(a, &berth_issue_machine) < a->cfg.n_machines)
		agent_renew_sweep(a);
}

/* Before anybody writes to it: what comes for a DID that is not registered is lost. */
static void tell_mediator(struct berth_agent *a)
{
	if (!a->via_news)
		return;
	a->via_news = false;
	if (agent_machine_index(a, &berth_mediated_machine) < a->cfg.n_machines)
		agent_go(a, &berth_mediated_machine, "self");
}

/* What was lost of a machine that had promised nobody anything is begun again, as at a start. */
static void begin_again(struct berth_agent *a)
{
	const struct berth_event ev = { .on = "resume" };

	for (size_t i = 0; i < a->cfg.n_machines; i++)
		if (a->cfg.machines[i]->tentative && berth_machine_knows(a->cfg.machines[i], ev.on) &&
		    agent_deliver(a, a->cfg.machines[i], "self", &ev, NULL))
			berth_log(BERTH_LOG_DEBUG, ev.on, "%s: %s", a->cfg.machines[i]->name, berth_err_detail());
}

uint32_t berth_agent_tick(struct berth_agent *a)
{
	bool lost = a->unread;
	uint32_t in;
	uint64_t now;

	if (a->quarantined)
		return 60000;
	if (lost)
		agent_read_again(a);
	if (a->unread)
		return COUNTERS_RETRY_MS;
	if (a->counters_behind)
		agent_counters_follow(a);
	berth_agent_batch_begin(a);
	if (lost)
		begin_again(a);
	housekeeping(a);
	tell_mediator(a);
	agent_timers_fire(a);
	berth_agent_batch_end(a);
	agent_audit_tick(a);
	in = agent_outbound_tick(a);
	now = agent_mono_ms();
	return agent_sooner(agent_sooner(in, a->timer_ms, now), berth_store_due_ms(a->cfg.store), now);
}

/* --- start --- */
struct keys_of { char **keys; size_t n; };

static enum berth_err collect_key(void *arg, const char *key, const uint8_t *p, size_t n)
{
	struct keys_of *k = arg;
	char **more = realloc(k->keys, (k->n + 1) * sizeof(*more));

	(void)p;
	(void)n;
	if (!more)
		return berth_no_memory();
	k->keys = more;
	return (more[k->n] = strdup(key)) ? (k->n++, BERTH_OK) : berth_no_memory();
}

/* Events to every instance of a machine; "self" exists without a record. */
static void to_all(struct berth_agent *a, const struct berth_machine *m, const char *on)
{
	const struct berth_event ev = { .on = on };
	struct keys_of k = { 0 };

	if (!berth_machine_knows(m, on))
		return;
	if (!berth_store_each(a->cfg.store, m->name, NULL, collect_key, &k) && k.n == 0 && !m->find)
		collect_key(&k, "self", NULL, 0);
	for (size_t i = 0; i < k.n; i++)
		if (agent_deliver(a, m, k.keys[i], &ev, NULL))
			berth_log(BERTH_LOG_DEBUG, on, "%s %s: %s", m->name, k.keys[i], berth_err_detail());
	while (k.n)
		free(k.keys[--k.n]);
	free(k.keys);
}

/* To all instances of all machines; on the disk once, however many there are. */
static void to_everybody(struct berth_agent *a, const char *on)
{
	a->batch_ids = a->n_ids;
	berth_store_group(a->cfg.store, true);
	for (size_t i = 0; i < a->cfg.n_machines; i++)
		to_all(a, a->cfg.machines[i], on);
	if (agent_batch_sync(a))	/* it is read again before anything else */
		berth_log(BERTH_LOG_WARN, on, "%s", berth_err_detail());
	berth_store_group(a->cfg.store, false);
}

/* A machine with such a state has but one instance. */
static enum berth_err find_closed(struct berth_agent *a)
{
	struct berth_instance inst;
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < a->cfg.n_machines; i++) {
		if (!a->cfg.machines[i]->closed || (rc = agent_load(a, a->cfg.machines[i], "self", &inst)))
			continue;
		a->closed |= agent_is_closed(a->cfg.machines[i], &inst);
		berth_instance_free(&inst);
	}
	return rc;
}

static enum berth_err note_recovery(struct berth_agent *a)
{
	struct berth_instance inst;
	enum berth_err rc;

	for (size_t i = 0; i < a->cfg.n_machines; i++) {
		const struct berth_machine *m = a->cfg.machines[i];

		if (!m->recovery)
			continue;
		if ((rc = agent_load(a, m, "self", &inst)))
			return rc;
		a->recovering = agent_is_recovering(m, &inst);
		berth_instance_free(&inst);
	}
	return BERTH_OK;
}

static enum berth_err start(struct berth_agent *a)
{
	bool rolled_back = false;
	enum berth_err rc;

	if ((rc = berth_store_counter_get(a->cfg.store, COUNTER_UPTIME, &a->start_uptime_s)) ||
	    (rc = agent_counters_check(a, &rolled_back)) ||
	    (rc = berth_store_counter_get(a->cfg.store, BERTH_COUNTER_RESTORED_S, &a->env.restored_s)) ||
	    (rc = agent_identities_load(a)) || (rc = agent_poll_load(a)) ||
	    (rc = note_recovery(a)))
		return rc;
	agent_refresh_time(a);
	a->quarantined = rolled_back;
	a->untold = true;
	if ((rc = find_closed(a)) || (rc = agent_epoch_load(a)))
		return rc;
	agent_forget_sweep(a);
	to_everybody(a, rolled_back ? "rollback" : "resume");
	if (!rolled_back)
		to_everybody(a, "due");
	return BERTH_OK;
}

enum berth_err berth_agent_new(struct berth_agent **out, const struct berth_agent_config *cfg)
{
	struct berth_agent *a = calloc(1, sizeof(*a));
	enum berth_err rc;

	*out = NULL;
	if (!a)
		return berth_no_memory();
	a->cfg = *cfg;
	a->start_ms = agent_mono_ms();
	a->records = (struct agent_records){ .base = { .get = records_get, .each = records_each, .each_after = records_each_after,
		.each_under = records_each_under }, .a = a };
	a->peers = (struct peer_resolver){ .base = { .resolve = berth_resolve_next, .recall = recall_peer, .next = cfg->resolver }, .a = a };
	berth_resolver_builtin_init(&a->builtin, &a->peers.base);
	a->env = (struct berth_env){ .keys = cfg->keys, .resolver = &a->builtin, .records = &a->records.base,
		.policy = cfg->policy, .machines = a->cfg.machines, .n_machines = cfg->n_machines,
		.now_s = -1, .host = a };
	agent_env_identities(a);
	agent_env_new_identities(a);
	agent_env_peers(a);
	agent_env_hints(a);
	agent_env_event_log(a);
	agent_env_audit(a);
	agent_mediate_init(a);
	if ((rc = start(a))) {
		berth_agent_free(a);
		return rc;
	}
	*out = a;
	return BERTH_OK;
}

void berth_agent_free(struct berth_agent *a)
{
	if (!a)
		return;
	berth_agent_ahead_end(a);
	agent_outbound_free(a);
	agent_mediate_free(a);
	agent_identities_free(a);
	while (a->n_timers)
		free(a->timers[--a->n_timers].key);
	free(a->timers);
	free(a);
}

/* --- identities from outside a step --- */
static enum berth_err end(struct berth_agent *a, enum berth_err rc, size_t before)
{
	if (!rc && !(rc = berth_store_commit(a->cfg.store)))
		return BERTH_OK;
	berth_store_rollback(a->cfg.store);
	agent_identities_cut(a, before);
	return rc;
}

enum berth_err berth_agent_make_identity(struct berth_agent *a, const char *name, enum berth_key_type sign,
					 enum berth_key_type agree, unsigned purposes, bool is_public)
{
	const struct berth_identity *id;
	size_t n = a->n_ids;
	enum berth_err rc = berth_store_begin(a->cfg.store);

	return rc ? rc : end(a, a->env.make_identity(&a->env, name, sign, agree, purposes, is_public, &id), n);
}

enum berth_err berth_agent_make_signer(struct berth_agent *a, const char *name, enum berth_key_type type,
				       unsigned purposes)
{
	const struct berth_identity *id;
	size_t n = a->n_ids;
	enum berth_err rc = berth_store_begin(a->cfg.store);

	return rc ? rc : end(a, a->env.make_signer(&a->env, name, type, purposes, &id), n);
}

/* --- commands and looking in --- */
static const struct berth_machine *machine_named(const struct berth_agent *a, const char *name)
{
	for (size_t i = 0; i < a->cfg.n_machines; i++)
		if (strcmp(a->cfg.machines[i]->name, name) == 0)
			return a->cfg.machines[i];
	return NULL;
}

enum berth_err berth_agent_command(struct berth_agent *a, const char *machine, const char *key, const char *on,
				   const struct berth_json *args, struct berth_json **result)
{
	const struct berth_machine *m = machine_named(a, machine);
	const struct berth_event ev = { .on = on, .args = args };
	enum berth_err rc;

	if (result)
		*result = NULL;
	if (!m)
		return berth_fail(BERTH_E_USAGE, "this agent is no %s", machine);
	if (a->quarantined)
		return berth_fail(BERTH_E_STORE, "quarantined: the state folder is an older copy");
	if (a->unread)
		return berth_fail(BERTH_E_STORE, "waits until the store can be read again");
	rc = agent_deliver(a, m, key ? key : "self", &ev, result);
	agent_flush(a);
	return rc;
}

enum berth_err agent_tell(struct berth_agent *a, const char *machine, const char *on, const struct berth_json *args)
{
	const struct berth_machine *m = machine_named(a, machine);
	const struct berth_event ev = { .on = on, .args = args };

	return m ? agent_deliver(a, m, "self", &ev, NULL) : berth_fail(BERTH_E_USAGE, "this agent is no %s", machine);
}

struct berth_env *berth_agent_env(struct berth_agent *a)
{
	agent_refresh_time(a);
	return &a->env;
}

uint64_t berth_agent_changes(const struct berth_agent *a) { return a->changes; }
uint64_t berth_agent_news(const struct berth_agent *a) { return a->news; }
bool berth_agent_closed(const struct berth_agent *a) { return a->closed; }
bool berth_agent_quarantined(const struct berth_agent *a) { return a->quarantined; }
struct berth_store *berth_agent_store(struct berth_agent *a) { return a->cfg.store; }
size_t berth_agent_identity_count(const struct berth_agent *a) { return a->n_ids; }

const struct berth_identity *berth_agent_identity_at(const struct berth_agent *a, size_t i)
{
	return i < a->n_ids ? a->ids[i] : NULL;
}

uint64_t berth_agent_wire_bytes(const struct berth_agent *a) { return a->wire_bytes; }
