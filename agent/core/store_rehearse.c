/* SPDX-License-Identifier: Apache-2.0 */
/* What a message asks of the store, done once and taken back when the store is opened: SQLite
 * then has the statements ready, and the pages, before anybody waits for an answer.  A gateway
 * has its store for years and is onboarded once: that first time, too, nothing is made ready
 * which could have been before. */
#include "agent/core/store_internal.h"

#define NAME "rehearsal"		/* of all that is not there before, and not there after */

static enum berth_err nothing(void *arg, const char *key, const uint8_t *p, size_t n)
{
	(void)arg, (void)key, (void)p, (void)n;
	return BERTH_OK;
}

/* A message that comes: was it there before, what is known, and what has changed. */
static enum berth_err take(struct berth_store *s)
{
	struct berth_buf val = BERTH_BUF_INIT;
	uint8_t answer[BERTH_ANSWER_LEN];
	int64_t n;
	bool is;
	enum berth_err rc;

	if (!(rc = berth_store_inbox_seen(s, NAME, "", &is, answer)) && !(rc = berth_store_get(s, NAME, "", &val, &is)) &&
	    !(rc = berth_store_each(s, NAME, NULL, nothing, NULL)) && !(rc = berth_store_put_str(s, NAME, "", "")) &&
	    !(rc = berth_store_counter_get(s, NAME, &n)) && !(rc = berth_store_counter_set(s, NAME, 1)) &&
	    !(rc = berth_store_inbox_add(s, NAME, "", 0, NULL)))
		rc = berth_store_audit(s, 0, NAME, "");
	berth_buf_free(&val);
	return rc;
}

/* Two of a thread that go: the first arrives, of the other nobody wants to know any more. */
static enum berth_err send(struct berth_store *s)
{
	struct berth_outbox_row row = { .id = "1", .peer = NAME, .from = "", .thid = NAME, .endpoints = "",
		.body = (const uint8_t *)"", .expires_s = INT64_MAX };
	struct berth_outbox_list due = { 0 };
	enum berth_err rc = berth_store_outbox_put(s, &row);

	row.id = "2";
	if (!rc && !(rc = berth_store_outbox_put(s, &row)) && !(rc = berth_store_outbox_due(s, 0, 1, NULL, &due)) && due.n &&
	    !(rc = berth_store_outbox_done(s, due.rows[0].seq)))
		rc = berth_store_outbox_drop_thread(s, NAME, NAME);
	berth_outbox_list_free(&due);
	return rc;
}

/* What goes wrong here goes wrong again, where somebody asks for it. */
void store_rehearse(struct berth_store *s)
{
	int64_t last;

	if (store_totals(s))
		return;
	last = s->last_seq;
	if (!berth_store_begin(s) && !take(s))
		(void)send(s);
	berth_store_rollback(s);
	s->last_seq = last;	/* nobody has seen another */
}
