/* SPDX-License-Identifier: Apache-2.0 */
/* Group commit: what arrives together is committed step by step, goes to the disk once,
 * and only then is answered. */
#include <stdlib.h>

#include "agent/core/agent_internal.h"
#include "did/base/log.h"

void berth_agent_batch_begin(struct berth_agent *a)
{
	if (a->batch++)
		return;
	a->batch_ids = a->n_ids;
	berth_store_group(a->cfg.store, true);
}

static void send_reply(struct berth_agent *a, uint64_t request, const struct berth_buf *frame)
{
	if (a->cfg.transport->ops->reply(a->cfg.transport, request, frame))
		berth_log(BERTH_LOG_INFO, "reply", "%s", berth_err_detail());
	else
		a->wire_bytes += frame->len + SP_OVERHEAD;
}

static void send_busy(struct berth_agent *a, uint64_t request)
{
	const struct berth_frame_reply r = { .status = BERTH_FRAME_BUSY, .retry_after_s = BUSY_RETRY_S };
	struct berth_buf frame = BERTH_BUF_INIT;

	if (!berth_frame_reply_encode(&frame, &r))
		send_reply(a, request, &frame);
	berth_buf_free(&frame);
}

/* Nobody knows what reached the disk: memory follows what will be read there. */
static void forget_group(struct berth_agent *a)
{
	agent_identities_cut(a, a->batch_ids);
	a->counters_due = 0;
	a->unread = true;
}

void agent_group_undo(struct berth_agent *a)
{
	agent_wraps_cut(a, 0);
	berth_store_group_undo(a->cfg.store);
	forget_group(a);
}

void agent_read_again(struct berth_agent *a)
{
	enum berth_err rc = agent_identities_load(a);

	a->polls_others = false;
	if (!rc)
		rc = agent_poll_load(a);
	a->unread = rc != BERTH_OK;
	if (rc)
		berth_log_err(BERTH_LOG_WARN, "store", rc);
}

enum berth_err agent_batch_sync(struct berth_agent *a)
{
	enum berth_err rc;
	bool behind = false;

	agent_wraps_settle(a);
	if ((rc = berth_store_sync(a->cfg.store))) {
		berth_log_err(BERTH_LOG_WARN, "store", rc);
		forget_group(a);
	} else {
		behind = agent_counters_step(a) != BERTH_OK;	/* it is stored, but nobody may know yet */
	}
	for (size_t i = 0; i < a->n_replies; i++) {
		if (rc || behind)
			send_busy(a, a->replies[i].request);
		else
			send_reply(a, a->replies[i].request, &a->replies[i].frame);
		berth_buf_free(&a->replies[i].frame);
	}
	a->n_replies = 0;
	a->reply_bytes = 0;
	a->batch_ids = a->n_ids;
	return rc;
}

void agent_reply_later(struct berth_agent *a, uint64_t request, struct berth_buf *frame)
{
	a->replies[a->n_replies++] = (struct reply){ .request = request, .frame = *frame };
	a->reply_bytes += frame->len;
	*frame = (struct berth_buf)BERTH_BUF_INIT;
	if ((a->n_replies == REPLIES_MAX || a->reply_bytes > REPLIES_BYTES_MAX) && agent_batch_sync(a))
		berth_log(BERTH_LOG_INFO, "reply", "%s", berth_err_detail());
}

/* What a step has asked for that was taken back, or failed before it called for it. */
static void end_asking(struct berth_agent *a)
{
	berth_keyring_ahead_end(a->cfg.keys->keyring);
	a->n_asked = 0;
}

void berth_agent_batch_end(struct berth_agent *a)
{
	enum berth_err rc;

	if (a->batch > 1) {
		a->batch--;
		return;
	}
	agent_arrivals_note(a);
	agent_owed_give(a);
	if (!a->quarantined && !a->counters_behind && !a->unread)
		agent_answer_parked(a);
	rc = agent_batch_sync(a);
	end_asking(a);
	berth_store_group(a->cfg.store, false);
	a->batch = 0;
	if (rc)
		agent_drop_ephemeral(a, 0);
	else
		agent_send_waiting(a);
}

void agent_flush(struct berth_agent *a)
{
	berth_agent_batch_begin(a);
	berth_agent_batch_end(a);
}

void agent_replies_free(struct berth_agent *a)
{
	while (a->n_replies)
		berth_buf_free(&a->replies[--a->n_replies].frame);
	while (a->n_arrived)
		free(a->arrived[--a->n_arrived].peer);
}
