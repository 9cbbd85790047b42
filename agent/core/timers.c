/* SPDX-License-Identifier: Apache-2.0 */
/* Timers, kept in memory; "resume" sets them again after a start. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "did/base/log.h"
#include "did/base/shorthash.h"

#define TIMER_RETRY_MS 10000u
#define GO_RETRY_MS 2000u

static const char on_timer[] = "timer", on_due[] = "due", on_go[] = "go";

size_t agent_machine_index(const struct berth_agent *a, const struct berth_machine *m)
{
	size_t i = 0;

	while (i < a->cfg.n_machines && a->cfg.machines[i] != m)
		i++;
	return i;
}

static struct timer *
find_timer(struct berth_agent *a, const struct berth_machine *m, const char *key, const char *on)
{
	uint64_t hash = berth_shorthash(key);
	size_t machine = agent_machine_index(a, m);

	for (size_t i = 0; i < a->n_timers; i++)
		if (a->timers[i].hash == hash && a->timers[i].on == on && a->timers[i].machine == machine &&
		    strcmp(a->timers[i].key, key) == 0)
			return &a->timers[i];
	return NULL;
}

void agent_stop_timer(struct berth_agent *a, const struct berth_machine *m, const char *key)
{
	struct timer *t = find_timer(a, m, key, on_timer);

	if (!t)
		return;
	free(t->key);
	*t = a->timers[--a->n_timers];
}

static void
set_event(struct berth_agent *a, const struct berth_machine *m, const char *key, const char *on, uint64_t after_ms)
{
	struct timer *t = find_timer(a, m, key, on), *more;
	uint64_t due_ms = agent_mono_ms() + after_ms;

	if (due_ms < a->timer_ms)
		a->timer_ms = due_ms;
	if (t) {
		t->due_ms = due_ms;
		return;
	}
	more = realloc(a->timers, (a->n_timers + 1) * sizeof(*more));
	if (!more)
		return;
	a->timers = more;
	t = &more[a->n_timers];
	*t = (struct timer){ .machine = agent_machine_index(a, m), .key = strdup(key), .hash = berth_shorthash(key), .due_ms = due_ms, .on = on };
	if (t->key)
		a->n_timers++;
}

void agent_set_timer(struct berth_agent *a, const struct berth_machine *m, const char *key, uint64_t after_ms)
{
	set_event(a, m, key, on_timer, after_ms);
}

void agent_set_due(struct berth_agent *a, const struct berth_machine *m, const char *key, uint64_t after_ms)
{
	set_event(a, m, key, on_due, after_ms);
}

void agent_go(struct berth_agent *a, const struct berth_machine *m, const char *key)
{
	set_event(a, m, key, on_go, 0);
}

void agent_later(struct berth_agent *a, const struct berth_machine *m, const char *key, const char *on)
{
	set_event(a, m, key, strcmp(on, on_go) == 0 ? on_go : on_timer, GO_RETRY_MS);
}

void agent_timers_fire(struct berth_agent *a)
{
	uint64_t now = agent_mono_ms();
	enum berth_err rc;

	if (now < a->timer_ms)
		return;
	for (size_t i = a->n_timers; i-- > 0;) {
		if (i >= a->n_timers || a->timers[i].due_ms > now)
			continue;
		const struct berth_machine *m = a->cfg.machines[a->timers[i].machine];
		const struct berth_event ev = { .on = a->timers[i].on };
		char *key = a->timers[i].key;

		a->timers[i] = a->timers[--a->n_timers];
		rc = agent_deliver(a, m, key, &ev, NULL);
		if (rc)
			berth_log(BERTH_LOG_DEBUG, "timer", "%s %s: %s", m->name, key, berth_err_detail());
		if (agent_is_transient(rc) && !find_timer(a, m, key, ev.on))
			set_event(a, m, key, ev.on, TIMER_RETRY_MS);	/* a full disk is no end */
		free(key);
	}
	a->timer_ms = UINT64_MAX;
	for (size_t i = 0; i < a->n_timers; i++)
		if (a->timers[i].due_ms < a->timer_ms)
			a->timer_ms = a->timers[i].due_ms;
}
