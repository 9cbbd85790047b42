/* SPDX-License-Identifier: Apache-2.0 */
/* Dead letters: what is given up, who is told, and that it can be read later. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "agent/core/metrics.h"
#include "did/base/clock.h"
#include "did/base/log.h"

struct letter {
	int64_t seq, tries;
	char *id, *peer, *thid, *machine, *instance, *reason;
};

static void letter_free(struct letter *l)
{
	free(l->id);
	free(l->peer);
	free(l->thid);
	free(l->machine);
	free(l->instance);
	free(l->reason);
}

static enum berth_err copy(void *arg, const struct berth_dead *d)
{
	struct letter *l = arg;

	*l = (struct letter){ .seq = d->seq, .tries = d->tries, .id = strdup(d->id), .peer = strdup(d->peer),
		.thid = strdup(d->thid), .machine = strdup(d->machine), .instance = strdup(d->instance),
		.reason = strdup(d->reason) };
	if (l->id && l->peer && l->thid && l->machine && l->instance && l->reason)
		return BERTH_OK;
	return berth_no_memory();
}

/* ---- giving up */

struct line { char text[BERTH_AUDIT_TEXT_MAX]; const char *why; };

static enum berth_err write_line(void *arg, const struct berth_outbox_row *row, const char *error)
{
	struct line *l = arg;

	(void)error;
	snprintf(l->text, sizeof(l->text), "%s to %.512s: %s", row->id, row->peer, l->why);
	return BERTH_OK;
}

static enum berth_err bury(struct berth_agent *a, int64_t seq, const char *why)
{
	struct berth_store *s = a->cfg.store;
	struct line l = { .why = why };
	enum berth_err rc = berth_store_outbox_one(s, seq, write_line, &l);

	if (rc || !l.text[0] || (rc = berth_store_outbox_dead(s, seq, berth_agent_now_s(a), why)) ||
	    !agent_ration(&a->letter_lines, RATIONED_LINES_MAX))
		return rc;
	return berth_store_audit(s, berth_clock_now_s(), "dead letter", l.text);
}

void agent_give_up(struct berth_agent *a, int64_t seq, const char *why)
{
	enum berth_err rc = berth_store_begin(a->cfg.store);

	berth_metric_count(BERTH_METRIC_GIVEN_UP);
	berth_log(BERTH_LOG_WARN, "outbox", "given up: %s", why);
	if (rc)
		return;
	if (!(rc = bury(a, seq, why)))
		rc = berth_store_commit(a->cfg.store);
	berth_store_rollback(a->cfg.store);
	if (rc)
		berth_log_err(BERTH_LOG_WARN, "outbox", rc);
	a->untold = true;
}

void agent_expire(struct berth_agent *a)
{
	int64_t now = berth_agent_now_s(a), seq, before = 0;

	/* so many at once: they are told of before the next ones push them out */
	for (int i = 0; i < LETTERS_AT_ONCE; i++) {
		if (berth_store_outbox_expired(a->cfg.store, now, &seq) || !seq || seq == before)
			return;
		before = seq;
		agent_give_up(a, seq, "not delivered in time");
	}
	a->housekeeping_ms = 0;
}

/* ---- telling who sent it */

static const struct berth_machine *machine_of(const struct berth_agent *a, const char *name)
{
	for (size_t i = 0; i < a->cfg.n_machines; i++)
		if (strcmp(a->cfg.machines[i]->name, name) == 0)
			return a->cfg.machines[i];
	return NULL;
}

static enum berth_err tell_machine(struct berth_agent *a, const struct berth_machine *m, const struct letter *l)
{
	struct berth_json *args = berth_json_new_object();
	const struct berth_event ev = { .on = "dead", .args = args };
	enum berth_err rc;

	if (!(rc = berth_json_set_str(args, "id", l->id)) && !(rc = berth_json_set_str(args, "thid", l->thid)) &&
	    !(rc = berth_json_set_str(args, "peer", l->peer)) && !(rc = berth_json_set_str(args, "reason", l->reason)) &&
	    !(rc = berth_json_set_int(args, "tries", l->tries)))
		rc = agent_deliver(a, m, l->instance, &ev, NULL);
	berth_json_free(args);
	return rc;
}

/* A step that refuses has been told all the same. */
static enum berth_err tell(struct berth_agent *a, const struct letter *l)
{
	const struct berth_machine *m = machine_of(a, l->machine);
	enum berth_err rc = m && berth_machine_knows(m, "dead") ? tell_machine(a, m, l) : BERTH_OK;

	if (agent_is_transient(rc))
		return rc;
	if ((rc = berth_store_begin(a->cfg.store)))
		return rc;
	if (!(rc = berth_store_dead_told(a->cfg.store, l->seq)))
		rc = berth_store_commit(a->cfg.store);
	berth_store_rollback(a->cfg.store);
	return rc;
}

void agent_letters_tick(struct berth_agent *a)
{
	int64_t after = 0;

	if (!a->untold || agent_mono_ms() < a->untold_ms)
		return;
	a->untold = false;
	for (int i = 0; i < LETTERS_AT_ONCE; i++) {
		struct letter l = { 0 };
		enum berth_err rc = berth_store_dead_untold(a->cfg.store, after, copy, &l);

		if (!rc && l.seq)
			rc = tell(a, &l);
		a->untold |= rc || i == LETTERS_AT_ONCE - 1;
		after = l.seq ? l.seq : INT64_MAX;
		letter_free(&l);
		if (rc)
			a->untold_ms = agent_mono_ms() + LETTERS_RETRY_MS;
		if (rc || after == INT64_MAX)
			return;
	}
}

uint32_t agent_letters_wait(const struct berth_agent *a, uint32_t in_ms, uint64_t now_ms)
{
	return a->untold ? agent_sooner(in_ms, a->untold_ms, now_ms) : in_ms;
}
