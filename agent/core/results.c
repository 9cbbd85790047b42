/* SPDX-License-Identifier: Apache-2.0 */
/* What became of what left: answers, what they brought, and silence. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "agent/core/metrics.h"
#include "did/base/log.h"

/* acks that went out with a frame that was answered need not be repeated */
static void forget_acks(struct berth_agent *a, const struct in_flight *f)
{
	size_t left = f->n_acks, kept = 0;

	for (size_t i = 0; i < a->n_acks; i++) {
		if (left && strcmp(a->acks[i].uri, f->uri) == 0) {
			free(a->acks[i].uri);
			left--;
			continue;
		}
		a->acks[kept++] = a->acks[i];
	}
	a->n_acks = kept;
}

static void owe_ack(struct berth_agent *a, const char *uri, const uint8_t *msg, size_t n)
{
	struct pending_ack *p = &a->acks[a->n_acks];

	if (a->n_acks == ACKS_MAX || !(p->uri = strdup(uri)))
		return;		/* the sender repeats it, we say so again */
	berth_frame_ack(p->ack, msg, n);
	a->n_acks++;
}

bool agent_take_message(struct berth_agent *a, const char *uri, const uint8_t *msg, size_t n)
{
	struct berth_received got = { 0 };
	enum berth_err rc;
	bool missed;

	if (a->unread)
		return false;
	agent_lookups_begin(a, uri);
	rc = agent_receive(a, msg, n, &got);
	missed = agent_lookups_end(a);
	if (!rc && a->counters_behind)
		rc = berth_fail(BERTH_E_KEYSTORE, "the device's counter has not followed");
	if (!rc)
		owe_ack(a, uri, msg, n);
	else if (!missed || !agent_hold(a, 0, BERTH_LINK_NNG, uri, msg, n))
		berth_log_err(BERTH_LOG_WARN, "busy", rc);
	agent_received_free(&got);
	return !rc;
}

/* In their order: behind one that cannot be dealt with now none is, they come again. */
static bool take_messages(struct berth_agent *a, const char *uri, const struct berth_frame_reply *r)
{
	for (size_t i = 0; i < r->n_msgs; i++)
		if (!agent_take_message(a, uri, r->msgs[i].p, r->msgs[i].n))
			return false;
	return true;
}

/* ---- what becomes of a row */

typedef enum berth_err change_fn(struct berth_agent *a, const struct in_flight *f, const char *why, int64_t after_s);

/* What cannot be written down would be done again and again. */
static void not_noted(struct berth_agent *a, enum berth_err rc)
{
	berth_log_err(BERTH_LOG_WARN, "outbox", rc);
	a->pause_ms = agent_mono_ms() + PAUSE_MS;
}

/* In a transaction that nobody waits for: what it says is seen again after a power cut. */
static void change(struct berth_agent *a, change_fn *fn, const struct in_flight *f, const char *why, int64_t after_s)
{
	enum berth_err rc = berth_store_begin(a->cfg.store);

	agent_parked_look(a, f->peer);	/* it may fetch what it could not be sent */
	if (!rc && !(rc = fn(a, f, why, after_s)))
		rc = berth_store_commit_loose(a->cfg.store);
	berth_store_rollback(a->cfg.store);
	if (rc)
		not_noted(a, rc);
}

/* Durably with the peer; whoever asked it or sent once heard from it all the same. */
static enum berth_err one_arrived(struct berth_agent *a, const struct arrived *r)
{
	enum berth_err rc = r->seq ? berth_store_outbox_done(a->cfg.store, r->seq) : BERTH_OK;

	if (r->seq && !rc)
		berth_metric_count(BERTH_METRIC_DELIVERED);
	return rc ? rc : berth_store_peer_awake(a->cfg.store, r->peer, berth_agent_now_s(a));
}

void agent_arrivals_note(struct berth_agent *a)
{
	enum berth_err rc = a->n_arrived ? berth_store_begin_plain(a->cfg.store) : BERTH_OK;

	for (size_t i = 0; !rc && i < a->n_arrived; i++)
		rc = one_arrived(a, &a->arrived[i]);
	if (!rc && a->n_arrived)
		rc = berth_store_commit_loose(a->cfg.store);
	berth_store_rollback(a->cfg.store);
	if (rc)		/* they go once more, and are dropped there */
		not_noted(a, rc);
	while (a->n_arrived)
		free(a->arrived[--a->n_arrived].peer);
}

/* At the end of the batch, all together. */
static void arrived(struct berth_agent *a, const struct in_flight *f)
{
	struct arrived r = { f->seq, strdup(f->peer) };

	if (!r.peer)
		return;
	agent_parked_look(a, r.peer);
	a->arrived[a->n_arrived++] = r;
	if (a->n_arrived == ARRIVED_MAX)
		agent_arrivals_note(a);
}

/* The peer is there, and does not want this one now; its thread waits with it. */
static enum berth_err later(struct berth_agent *a, const struct in_flight *f, const char *why, int64_t after_s)
{
	int64_t now = berth_agent_now_s(a);
	enum berth_err rc = berth_store_peer_awake(a->cfg.store, f->peer, now);

	if (rc || (rc = berth_store_outbox_later(a->cfg.store, f->seq, now, after_s)))
		return rc;
	return berth_store_outbox_note(a->cfg.store, f->seq, why);
}

static enum berth_err silent(struct berth_agent *a, const struct in_flight *f, const char *why, int64_t after_s)
{
	(void)after_s;
	return berth_store_peer_silent(a->cfg.store, f->peer, f->silent, berth_agent_now_s(a), why);
}

/* That address is none for us, or its way too narrow.  Another one of the peer's may do. */
void agent_row_refused(struct berth_agent *a, const struct in_flight *f, const char *peer, enum berth_err rc, const char *why)
{
	const struct in_flight to = { .seq = f->seq, .peer = (char *)peer, .silent = f->silent };
	char words[BERTH_OUTBOX_ERROR_MAX];

	snprintf(words, sizeof(words), "%s: %s", berth_err_name(rc), why);	/* why is said anew below */
	if (f->others)
		change(a, silent, &to, words, 0);
	else
		agent_give_up(a, f->seq, words);
}

/* No answer, or none that can be read.  What is short on our side is not the peer's fault,
 * and one that answered others meanwhile is not silent. */
static void row_failed(struct berth_agent *a, const struct in_flight *f, enum berth_err rc, const char *detail)
{
	char why[BERTH_OUTBOX_ERROR_MAX];

	snprintf(why, sizeof(why), "%s", detail);
	if (f->poll)
		agent_poll_answered(a, f->id, false, 0);
	else if (f->seq == 0)
		;	/* sent once; whoever wanted it sent asks again */
	else if (rc == BERTH_E_NETPOL)
		agent_row_refused(a, f, f->peer, rc, why);
	else if (rc == BERTH_E_QUOTA || rc == BERTH_E_NOMEM || f->met)
		change(a, later, f, why, 0);
	else
		change(a, silent, f, why, 0);
}

static void answered(struct berth_agent *a, const struct in_flight *f, const struct berth_frame_reply *r)
{
	bool stored = r->status == BERTH_FRAME_STORED;

	for (size_t i = 0; i < a->n_flight; i++)
		a->flight[i].met |= strcmp(a->flight[i].peer, f->peer) == 0;

	/* What came back and could not be dealt with will come again when we ask again:
	 * our own message is how to ask, so it stays in the outbox. */
	if (stored)
		forget_acks(a, f);
	bool taken = stored && take_messages(a, f->uri, r);

	if (f->poll)
		agent_poll_answered(a, f->id, taken, r->n_msgs);
	if (stored && (taken || f->poll))
		arrived(a, f);
	else if (f->poll || f->seq == 0)
		;
	else if (r->status >= BERTH_FRAME_REFUSED)
		agent_give_up(a, f->seq, r->status == BERTH_FRAME_TOO_BIG ? "too big for the peer" : "refused by the peer");
	else
		change(a, later, f, stored ? "our own store is not ready" : "the peer is busy", r->retry_after_s);
}

void berth_agent_on_result(struct berth_agent *a, uint64_t id, enum berth_err rc,
			   const uint8_t *frame, size_t len)
{
	struct berth_frame_reply r = { .status = BERTH_FRAME_BUSY };
	struct in_flight f;	/* its peer and uri are ours now */

	if (!agent_flight_over(a, id, &f))
		return;
	agent_ahead_inside(a);
	berth_agent_batch_begin(a);
	a->wire_bytes += rc ? 0 : len + SP_OVERHEAD;
	if (!rc)
		rc = berth_frame_reply_decode(&r, frame, len);
	if (rc)
		berth_log(BERTH_LOG_INFO, "send", "%s: %s: %s", f.uri, berth_err_name(rc), berth_err_detail());
	if (rc)
		row_failed(a, &f, rc, berth_err_detail());
	else
		answered(a, &f, &r);
	free(f.peer);
	free(f.uri);
	berth_agent_batch_end(a);
}
