/* SPDX-License-Identifier: Apache-2.0 */
/* What requests that came together wait for together: the keys of the messages that their
 * steps send are wrapped by berth-keyd, and who asked it for one after the other would wait
 * as often.  So a step's message is put into the outbox, in its transaction and under its
 * quotas, or kept where it goes with the answer, with room for the wrapped key; keyd is asked,
 * and the next request is worked on.  The answer to a request that made such a message waits,
 * too.  Before anything is read of those rows, and in any case before the group is committed,
 * the keys are filled in: nothing is ever committed, hashed or sent that is not whole.
 *
 * When a key does not come (keyd died meanwhile, or refuses), its step cannot be taken back
 * alone, for others were built upon it.  The group is taken back, all of it, and everybody
 * who waits for it hears "busy" and comes again, as after a sync that failed.  For a minute
 * after that each wrap is waited for at once, so that a step whose key never comes fails
 * alone, and costs nobody else another group. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "did/base/log.h"

#define AT_ONCE_MS 60000u

bool agent_wraps_may(const struct berth_agent *a)
{
	return a->answering && a->n_owed < OWED_MAX && a->n_wraps < WRAPS_MAX && agent_mono_ms() >= a->at_once_ms;
}

void agent_wraps_add(struct berth_agent *a, int64_t seq, struct berth_buf *packed, struct berth_jwe_hole *hole)
{
	a->wraps[a->n_wraps++] = (struct due_wrap){ .seq = seq, .packed = *packed, .hole = hole };
	*packed = (struct berth_buf)BERTH_BUF_INIT;
	a->n_asked++;
}

void agent_wraps_cut(struct berth_agent *a, size_t n)
{
	while (a->n_wraps > n) {
		struct due_wrap *l = &a->wraps[--a->n_wraps];

		berth_buf_free(&l->packed);
		berth_jwe_hole_free(l->hole);
	}
}

static enum berth_err fill(struct berth_jwe_hole **hole, struct berth_buf *packed)
{
	enum berth_err rc = *hole ? berth_jwe_fill(*hole, packed) : BERTH_OK;

	if (rc)
		return rc;
	berth_jwe_hole_free(*hole);
	*hole = NULL;
	return BERTH_OK;
}

static void lose_group(struct berth_agent *a, enum berth_err why)
{
	berth_log_err(BERTH_LOG_WARN, "keys", why);
	a->at_once_ms = agent_mono_ms() + AT_ONCE_MS;
	agent_drop_ephemeral(a, 0);
	agent_group_undo(a);
}

enum berth_err agent_wraps_fill(struct berth_agent *a)
{
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && i < a->n_wraps; i++)
		rc = fill(&a->wraps[i].hole, &a->wraps[i].packed);
	for (size_t i = 0; !rc && i < a->n_ephemeral; i++)
		rc = fill(&a->ephemeral[i].hole, &a->ephemeral[i].packed);
	if (rc)
		lose_group(a, rc);
	return rc;
}

static struct due_wrap *of_row(struct berth_agent *a, int64_t seq)
{
	for (size_t i = 0; i < a->n_wraps; i++)
		if (a->wraps[i].seq == seq)
			return &a->wraps[i];
	return NULL;
}

enum berth_err agent_wraps_read(struct berth_agent *a, struct berth_outbox_row *rows, size_t n)
{
	enum berth_err rc;

	for (size_t i = 0; i < n; i++) {
		struct due_wrap *l = of_row(a, rows[i].seq);

		if (!l)
			continue;
		if ((rc = agent_wraps_fill(a)))
			return rc;
		memcpy((uint8_t *)(uintptr_t)rows[i].body, l->packed.p, rows[i].body_len);	/* the list's own */
		rows[i].anew = true;
	}
	return BERTH_OK;
}

void agent_wraps_written(struct berth_agent *a, const struct berth_outbox_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct due_wrap *l = rows[i].anew ? of_row(a, rows[i].seq) : NULL;

		if (!l)
			continue;
		berth_buf_free(&l->packed);
		*l = a->wraps[--a->n_wraps];
	}
}

/* Those that nobody has fetched yet. */
static enum berth_err write_all(struct berth_agent *a)
{
	enum berth_err rc = berth_store_begin_plain(a->cfg.store);

	for (size_t i = 0; !rc && i < a->n_wraps; i++)
		rc = berth_store_outbox_refill(a->cfg.store, a->wraps[i].seq, a->wraps[i].packed.p, a->wraps[i].packed.len);
	if (!rc)
		rc = berth_store_commit(a->cfg.store);
	berth_store_rollback(a->cfg.store);
	return rc;
}

void agent_wraps_settle(struct berth_agent *a)
{
	enum berth_err rc;

	if (agent_wraps_fill(a) || !a->n_wraps)
		return;
	if ((rc = write_all(a)))
		lose_group(a, rc);
	agent_wraps_cut(a, 0);
}

/* ---- answers */

static void free_one(struct owed *o)
{
	free(o->peer);
	free(o->thread);
}

static void owe(struct berth_agent *a, const struct owed *o, struct berth_received *r)
{
	a->owed[a->n_owed++] = *o;
	if (o->peer)
		r->sender = NULL;
	r->thread = NULL;
}

/* Behind those that wait, so that they keep their order. */
void agent_answer_in_turn(struct berth_agent *a, uint64_t request, enum berth_link link, struct berth_received *r, bool asked)
{
	bool to_sender = r->wants_reply && (r->fresh || !r->is_poll);
	const struct owed o = { .request = request, .link = link, .peer = to_sender ? r->sender : NULL, .thread = r->thread,
				.is_poll = r->is_poll && r->fresh };

	if ((asked || a->n_owed) && a->n_owed < OWED_MAX)
		owe(a, &o, r);
	else
		agent_answer(a, request, link, o.peer, o.thread, o.is_poll);
}

void agent_owed_gone(struct berth_agent *a, uint64_t request)
{
	for (size_t i = a->n_owed; i-- > 0;)
		if (a->owed[i].request == request) {
			free_one(&a->owed[i]);
			memmove(&a->owed[i], &a->owed[i + 1], (--a->n_owed - i) * sizeof(a->owed[0]));
		}
}

static void give_one(struct berth_agent *a, const struct owed *o)
{
	if (a->unread || a->counters_behind) {
		agent_drop_replied(a, o->request);
		agent_reply_busy(a, o->request);
	} else {
		agent_answer(a, o->request, o->link, o->peer, o->thread, o->is_poll);
	}
}

void agent_owed_give(struct berth_agent *a)
{
	size_t n = a->n_owed;

	a->n_owed = 0;
	for (size_t i = 0; i < n; i++) {
		give_one(a, &a->owed[i]);
		free_one(&a->owed[i]);
	}
}

void agent_owed_free(struct berth_agent *a)
{
	while (a->n_owed)
		free_one(&a->owed[--a->n_owed]);
}
