/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_STORE_QUEUE_H
#define BERTH_AGENT_CORE_STORE_QUEUE_H

#include "agent/core/store.h"

/* The mediator's pickup queue, in the same file: packed messages that wait until the
 * client that registered their recipient has them.  A message that was received leaves
 * its hash for a day, so that a late copy of it is known.  Times are those of the outbox
 * (berth_agent_now_s); time_s is the wall clock's, for people. */
#define BERTH_QUEUE_ID_MAX 64
#define BERTH_QUEUE_BODY_MAX ((size_t)1 << 20)
#define BERTH_QUEUE_LIST_BYTES ((size_t)512 << 10)	/* of one walk; but always one message */
#define BERTH_QUEUE_LIST_MAX 64
#define BERTH_QUEUE_GONE_S 86400
#define BERTH_QUEUE_GONE_MAX 8192	/* hashes of received messages; the oldest go */

struct berth_queue_row {
	const char *id;		/* opaque to the client; put makes it */
	const char *recipient;	/* whom it is for, short form */
	const char *client;	/* who may have it, short form */
	const uint8_t *body;
	size_t body_len;
	int64_t seq, came_s, time_s, expires_s;	/* time_s 0: the time was not known */
};

struct berth_queue_limits {
	int64_t messages, bytes;	/* of one recipient */
	int64_t all_messages, all_bytes;
};

/* *there: this very message is here for that recipient, or was; nothing is done.
 * E_QUOTA: the recipient's share is used up; E_UNAVAILABLE: all of the queue is. */
BERTH_MUST_USE enum berth_err
berth_store_queue_put(struct berth_store *s, const struct berth_queue_row *row, const struct berth_queue_limits *most,
		      bool *there);
/* The client has it.  *found false: it has no message of that id. */
BERTH_MUST_USE enum berth_err
berth_store_queue_received(struct berth_store *s, const char *client, const char *id, int64_t now_s, bool *found);

struct berth_queue_totals { int64_t messages, bytes, came_s, oldest_s, newest_s, last_seq; };
/* Of one client; recipient NULL: of all it registered.  came_s: of the one that waits
 * longest; oldest_s, newest_s: wall clock, 0 when not known. */
BERTH_MUST_USE enum berth_err
berth_store_queue_totals(struct berth_store *s, const char *client, const char *recipient, int64_t now_s,
			 struct berth_queue_totals *out);

/* Of everybody; for the status. */
BERTH_MUST_USE enum berth_err berth_store_queue_all(struct berth_store *s, int64_t *messages, int64_t *bytes);

/* In the order in which they came.  fn must not write.  A code other than BERTH_OK ends
 * the walk and is returned. */
typedef enum berth_err (*berth_queue_fn)(void *arg, const struct berth_queue_row *row);
BERTH_MUST_USE enum berth_err
berth_store_queue_each(struct berth_store *s, const char *client, const char *recipient, int64_t now_s, size_t limit,
		       berth_queue_fn fn, void *arg);
/* What has waited too long goes, and hashes that nobody needs any more. */
BERTH_MUST_USE enum berth_err berth_store_queue_expire(struct berth_store *s, int64_t now_s);

#endif
