/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_STORE_H
#define BERTH_AGENT_CORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/core/audit_chain.h"
#include "berth/err.h"
#include "did/base/buf.h"

/* All that the core remembers: one SQLite file, berth.db, in a folder of its own.
 *
 * A state change and the messages it causes go into one transaction:
 *	begin; ... put, outbox_put, inbox_add, audit ...; commit
 * and whatever the outside world may conclude from it (the acknowledgement of the
 * message that caused it, the bytes of an outbox row) leaves only after commit
 * returned BERTH_OK.  Every write outside a transaction is E_INTERNAL.
 *
 * Group commit: between berth_store_group(s, true) and (s, false) a commit is whole but
 * not yet on disk; berth_store_sync() puts all of them there at once, and is what the
 * outside world waits for.  A cut before it, of the power or of the process, takes all of
 * them; so does an I/O error, and the sync says so, also of what a write in it met: that may
 * be written no sooner.  Groups in which nobody waits for anything
 * and one may be later (commit_later) are one until somebody waits, anything else has to be done
 * with the file, or BERTH_STORE_LATER_MS are over: pages that all of them change are written once.
 *
 * E_STORE from any call inside a transaction: roll back.  E_STORE from commit:
 * whether it is on disk is unknown, the caller throws its own state away and
 * reads it again.  After an I/O error nothing is retried on the open file: the
 * next call opens it anew and checks it (at most once a second), so a full disk
 * that was cleared, or a card that came back, is recovered from by itself.
 *
 * One process and one thread uses it; a second opener gets E_STORE. */
struct berth_store;

#define BERTH_STORE_FILE "berth.db"
#define BERTH_STORE_NS_MAX 32		/* [a-z0-9._-]+ */
#define BERTH_STORE_KEY_MAX 1024
#define BERTH_STORE_VALUE_MAX ((size_t)1 << 20)
#define BERTH_STORE_RECORDS_MAX 100000	/* all namespaces together */
#define BERTH_STORE_RECORDS_BYTES ((int64_t)64 << 20)
#define BERTH_STORE_GUESTS_MAX 1024	/* records that strangers made, all together */
#define BERTH_STORE_GUESTS_BYTES ((int64_t)2 << 20)	/* more than one value */
#define BERTH_STORE_HEAP_MAX (22 << 20)	/* of SQLite, in this process; 8 MiB of it are pages at most */
#define BERTH_STORE_BUSY_MS 1000
#define BERTH_STORE_LATER_MS 5000	/* what may be later is in memory only, so long at most */

/* Of a process in which one thread alone has stores, before it opens the first: SQLite takes
 * no locks then. */
void berth_store_one_thread(void);

/* dir is ours alone (0700), its files 0600: anything laxer is E_STORE, as is a
 * damaged or empty file, one of a newer schema, one whose -wal is missing after
 * an unclean stop, and one in use.  create: make folder and file where there is
 * none; without it a missing file is E_STORE.  Whoever may create decides by
 * other evidence (is there a key already?) that nothing was lost. */
BERTH_MUST_USE enum berth_err
berth_store_open(struct berth_store **out, const char *dir, bool create);
/* The same over a named SQLite VFS: fault injection in tests. */
BERTH_MUST_USE enum berth_err
berth_store_open_vfs(struct berth_store **out, const char *dir, bool create, const char *vfs);
void berth_store_close(struct berth_store *s);	/* rolls back what is open; NULL is fine */
bool berth_store_was_created(const struct berth_store *s);

BERTH_MUST_USE enum berth_err berth_store_begin(struct berth_store *s);	/* nested: E_INTERNAL */
/* The same for what only a store that is broken refuses: in a group it is cheaper, and taking
 * it back takes back all of the group, which the sync tells. */
BERTH_MUST_USE enum berth_err berth_store_begin_plain(struct berth_store *s);
BERTH_MUST_USE enum berth_err berth_store_commit(struct berth_store *s);
void berth_store_rollback(struct berth_store *s);	/* nothing open: nothing done */
/* On: commits wait for sync.  Off: each is on disk when it returns.  Not in a transaction. */
void berth_store_group(struct berth_store *s, bool on);
/* All that was committed and may not be lost is on disk.  E_STORE: nobody knows how much of it. */
BERTH_MUST_USE enum berth_err berth_store_sync(struct berth_store *s);
/* What was committed since the last sync never was, and the next sync fails.  Not in a transaction. */
void berth_store_group_undo(struct berth_store *s);
/* The log holds what was deleted until it is written over: with the next sync, or the next
 * commit where there are no groups, it is emptied. */
void berth_store_scrub(struct berth_store *s);
/* In a group: nobody waits for this one; a power cut takes it back, and what it says is said
 * again then, or begun again. */
BERTH_MUST_USE enum berth_err berth_store_commit_loose(struct berth_store *s);
/* The same, and an end of the process may take it back as well. */
BERTH_MUST_USE enum berth_err berth_store_commit_later(struct berth_store *s);
/* When berth_store_sync() has to be called for those, by berth_clock_mono_ms(); UINT64_MAX: there is
 * nothing in memory alone. */
uint64_t berth_store_due_ms(const struct berth_store *s);
bool berth_store_in_transaction(const struct berth_store *s);
/* One step of a group: undo takes back everything since the savepoint.  One level. */
BERTH_MUST_USE enum berth_err berth_store_savepoint(struct berth_store *s);
BERTH_MUST_USE enum berth_err berth_store_undo(struct berth_store *s);
BERTH_MUST_USE enum berth_err berth_store_keep(struct berth_store *s);

/* --- records: protocol state and everything else that is named.  Bytes; text
 * without its NUL.  E_SIZE above a cap of one record, E_UNAVAILABLE when all together
 * have no more room (nobody's fault, and it passes), E_TYPE for a bad namespace. */
BERTH_MUST_USE enum berth_err
berth_store_put(struct berth_store *s, const char *ns, const char *key, const void *p, size_t n);
BERTH_MUST_USE enum berth_err
berth_store_put_str(struct berth_store *s, const char *ns, const char *key, const char *text);
/* The same for what a stranger's message makes: such a record goes, the one whose
 * last put is the longest ago first, as soon as guests have more than their share.  It
 * takes nobody else's place, and one of ours is written but stays ours.  A plain put
 * makes a guest ours. */
BERTH_MUST_USE enum berth_err
berth_store_put_guest(struct berth_store *s, const char *ns, const char *key, const void *p, size_t n);
/* Whether there is such a record and it is no guest. */
BERTH_MUST_USE enum berth_err
berth_store_is_ours(struct berth_store *s, const char *ns, const char *key, bool *ours);
/* Appends to out; *found is false and out as it was when there is none. */
BERTH_MUST_USE enum berth_err
berth_store_get(struct berth_store *s, const char *ns, const char *key, struct berth_buf *out, bool *found);
/* Deleting what is not there is fine. */
BERTH_MUST_USE enum berth_err
berth_store_delete(struct berth_store *s, const char *ns, const char *key);
BERTH_MUST_USE enum berth_err
berth_store_count(struct berth_store *s, const char *ns, int64_t *out);

/* In the byte order of the keys.  fn may write, and delete what it is shown; a
 * code other than BERTH_OK ends the walk and is returned.  after: start behind
 * this key (paging), or NULL. */
typedef enum berth_err (*berth_store_each_fn)(void *arg, const char *key, const uint8_t *p, size_t n);
BERTH_MUST_USE enum berth_err
berth_store_each(struct berth_store *s, const char *ns, const char *after,
		 berth_store_each_fn fn, void *arg);
/* Only those whose keys begin with prefix, whatever else there is. */
BERTH_MUST_USE enum berth_err
berth_store_each_under(struct berth_store *s, const char *ns, const char *prefix, berth_store_each_fn fn, void *arg);

/* --- counters: named 64-bit numbers ("generation", "epoch", "time-floor").  A
 * counter never set is 0. */
#define BERTH_STORE_COUNTER_MAX 32
BERTH_MUST_USE enum berth_err
berth_store_counter_get(struct berth_store *s, const char *name, int64_t *out);
BERTH_MUST_USE enum berth_err
berth_store_counter_set(struct berth_store *s, const char *name, int64_t value);
/* The same where an older value does no harm: in a group, a transaction of nothing else is
 * one that nobody waits for. */
BERTH_MUST_USE enum berth_err
berth_store_counter_note(struct berth_store *s, const char *name, int64_t value);
int berth_store_schema(void);		/* the version this build reads and writes */

/* --- outbox.  A row is a packed message; it stays until the receiver has acknowledged
 * those bytes.  A peer that only polls has its rows parked.  Within a thread a peer gets
 * its rows in the order they were put: a later one is not due before the earlier one is
 * gone.  A peer that cannot be reached is silent: only its oldest row is due, at the
 * moments of one back-off for the whole peer, until one of its rows arrives. */
#define BERTH_OUTBOX_ID_MAX 128
#define BERTH_OUTBOX_DID_MAX 2048	/* use short forms */
#define BERTH_OUTBOX_BODY_MAX ((size_t)1 << 20)
#define BERTH_OUTBOX_ENDPOINTS_MAX 16384	/* with the keys of mediators */
#define BERTH_OUTBOX_PEER_MSGS 256
#define BERTH_OUTBOX_PEER_BYTES ((int64_t)4 << 20)
#define BERTH_OUTBOX_MSGS 16384
#define BERTH_OUTBOX_BYTES ((int64_t)64 << 20)
#define BERTH_OUTBOX_GUEST_MSGS 256	/* answers to strangers, all together: the oldest go */
#define BERTH_OUTBOX_ASLEEP ((int64_t)1 << 62)	/* next_s of what waits for a silent peer */
#define BERTH_OUTBOX_BEHIND ((int64_t)1 << 61)	/* and of what waits for an earlier one of its thread */
#define BERTH_OUTBOX_DEAD_MAX 256	/* the oldest go */
#define BERTH_OUTBOX_PEER_DEAD_MAX 64	/* of them for one peer */
#define BERTH_OUTBOX_ERROR_MAX 256	/* what is kept of why; longer is cut */
#define BERTH_OUTBOX_LIST_MAX 64
#define BERTH_OUTBOX_LIST_BYTES ((size_t)2 << 20)	/* of one list; but always one row */
#define BERTH_OUTBOX_EXPIRES_S (7 * 86400)	/* when the caller has no better one */
#define BERTH_ACK_LEN 16		/* the first half of the SHA-256 of the packed bytes */

struct berth_outbox_row {
	int64_t seq;		/* names the row; put ignores it */
	const char *id;		/* of the DIDComm message */
	const char *peer;	/* DID of the receiver */
	const char *from;	/* our DID, "" for an anonymous sender */
	const char *thid;	/* "" when it has none */
	const char *endpoints;	/* whatever the caller reads; "": it polls */
	const char *machine, *instance;	/* who is told when it is given up; NULL for put: nobody */
	int mode;		/* the caller's word for how to pack */
	bool parked;		/* waits until the peer asks; never due */
	bool guest;		/* for put: the peer is a stranger */
	const uint8_t *body;
	size_t body_len;
	bool anew;		/* for sent: this is not the body that was put, but as long */
	int64_t created_s, next_s, expires_s;
	int tries;		/* that came to nothing; put starts at 0 */
	int silences;		/* of the peer, tries in a row; put ignores it */
};

struct berth_outbox_list {
	struct berth_outbox_row *rows;	/* all owned by the list */
	size_t n, bytes;
};
/* Which of the due rows a caller has a use for; silences: of the peer, 0: it answers. */
struct berth_outbox_want {
	bool (*fn)(void *arg, int64_t seq, const char *peer, int silences);
	void *arg;
};
void berth_outbox_list_free(struct berth_outbox_list *l);	/* wipes the bodies */

/* Shares of one peer from now on; at the start the two constants above. */
void berth_store_outbox_quota(struct berth_store *s, int64_t msgs, int64_t bytes);
/* E_QUOTA: the peer's share in messages or bytes is used up; E_UNAVAILABLE: the whole
 * outbox is, which passes; E_SIZE; E_REPLAY: a message of that id for that peer is there. */
BERTH_MUST_USE enum berth_err
berth_store_outbox_put(struct berth_store *s, const struct berth_outbox_row *row);
int64_t berth_store_outbox_last(const struct berth_store *s);	/* seq of what was put last */
/* Another body of the same length for a row that nobody has read; one that is gone is fine. */
BERTH_MUST_USE enum berth_err
berth_store_outbox_refill(struct berth_store *s, int64_t seq, const uint8_t *body, size_t len);
/* Not parked, next_s <= now < expires_s, the first of its thread, and of a silent peer
 * the first of all at the peer's time; the longest due first. */
BERTH_MUST_USE enum berth_err
berth_store_outbox_due(struct berth_store *s, int64_t now_s, size_t limit, const struct berth_outbox_want *want,
		       struct berth_outbox_list *out);	/* want NULL: all */
/* When the next row falls due; INT64_MAX when none will. */
BERTH_MUST_USE enum berth_err
berth_store_outbox_next(struct berth_store *s, int64_t *out_s);
/* Grows with whatever may let a row go sooner or in another order, but for what is put
 * for its peer, acknowledged by it, done or dropped with its thread: whoever does that
 * knows whose it was. */
uint64_t berth_store_outbox_moved(const struct berth_store *s);
/* All that waits for a peer, parked or not, in the order it was put. */
BERTH_MUST_USE enum berth_err
berth_store_outbox_for_peer(struct berth_store *s, const char *peer, int64_t now_s, size_t limit,
			    struct berth_outbox_list *out);
/* How many there are. */
BERTH_MUST_USE enum berth_err
berth_store_outbox_count(struct berth_store *s, const char *peer, int64_t *out);
/* The row, as it was read in this batch (seq, tries, parked), is handed to the transport, and
 * what it carries has this hash.  Counts a try and sets next_s by the back-off, so that a lost
 * reply is a resend. */
BERTH_MUST_USE enum berth_err
berth_store_outbox_sent(struct berth_store *s, const struct berth_outbox_row *row, const uint8_t ack[BERTH_ACK_LEN],
			int64_t now_s);
/* Removes the rows of which there is a hash among the n that stand one behind the other in
 * acks; *gone: how many.  Those of which peer has none are late, repeated or forged: nothing
 * to do. */
BERTH_MUST_USE enum berth_err
berth_store_outbox_acks(struct berth_store *s, const char *peer, const uint8_t *acks, size_t n, size_t *gone);
/* The same with one. */
BERTH_MUST_USE enum berth_err
berth_store_outbox_ack(struct berth_store *s, const char *peer, const uint8_t ack[BERTH_ACK_LEN], bool *found);
/* Not now (busy, another address): try again later.  A row that is gone is fine. */
BERTH_MUST_USE enum berth_err
berth_store_outbox_later(struct berth_store *s, int64_t seq, int64_t now_s, int64_t at_least_s);
/* It arrived, or is not wanted any more: the row goes.  One that is not there is fine. */
BERTH_MUST_USE enum berth_err berth_store_outbox_done(struct berth_store *s, int64_t seq);
/* The peer could not be reached: it is silent from now on, or, when it was asked as a
 * silent one, for one try more; what was sent before that says nothing new.  error: words
 * for people. */
BERTH_MUST_USE enum berth_err
berth_store_peer_silent(struct berth_store *s, const char *peer, bool asked, int64_t now_s, const char *error);
/* It could, or somebody wants it tried now: what waits for it is due.  No silence is fine. */
BERTH_MUST_USE enum berth_err
berth_store_peer_awake(struct berth_store *s, const char *peer, int64_t now_s);
/* What waits for it at one URI goes to another from now on. */
BERTH_MUST_USE enum berth_err
berth_store_peer_moved(struct berth_store *s, const char *peer, const char *from, const char *to);
/* Why this row alone has to wait, to be shown; a row that is not there is fine. */
BERTH_MUST_USE enum berth_err
berth_store_outbox_note(struct berth_store *s, int64_t seq, const char *error);
/* An operator's wish, for one message by its id or for all of a peer (the other NULL);
 * how many rows.  due: tried now, also those of a silent peer.  drop: gone without a word. */
BERTH_MUST_USE enum berth_err
berth_store_outbox_hurry(struct berth_store *s, const char *id, const char *peer, int64_t now_s, int64_t *out_n);
BERTH_MUST_USE enum berth_err
berth_store_outbox_drop(struct berth_store *s, const char *id, const char *peer, int64_t *out_n);

/* What waits for one peer, for people. */
struct berth_waiting {
	const char *peer;
	int64_t msgs, bytes, parked;	/* parked: of msgs, held until the peer asks */
	int64_t oldest_s;		/* when it was put */
	int64_t next_s;			/* of the next try; INT64_MAX: none, it has to ask */
	int64_t silent_s;		/* since when it does not answer; -1: it does */
	int silences;			/* tries in a row without an answer */
	const char *error;		/* the last one; "" */
};
typedef enum berth_err (*berth_waiting_fn)(void *arg, const struct berth_waiting *w);
BERTH_MUST_USE enum berth_err
berth_store_waiting_each(struct berth_store *s, size_t limit, berth_waiting_fn fn, void *arg);
/* Rows without their bodies (body NULL, body_len set), in the order they were put; peer
 * NULL: of all.  error: the row's own. */
typedef enum berth_err (*berth_outbox_fn)(void *arg, const struct berth_outbox_row *row, const char *error);
BERTH_MUST_USE enum berth_err
berth_store_outbox_each(struct berth_store *s, const char *peer, size_t limit, berth_outbox_fn fn, void *arg);
/* The same of one row; fn is called once or never. */
BERTH_MUST_USE enum berth_err
berth_store_outbox_one(struct berth_store *s, int64_t seq, berth_outbox_fn fn, void *arg);

/* Drops every row of one sender of ours, by the name of its identity, without a word. */
BERTH_MUST_USE enum berth_err berth_store_outbox_forget(struct berth_store *s, const char *from);

/* --- dead letters.  Given up: the body goes, the rest stays to be shown and reported.
 * A row that is not there any more is fine. */
BERTH_MUST_USE enum berth_err
berth_store_outbox_dead(struct berth_store *s, int64_t seq, int64_t now_s, const char *reason);
/* One that has expired, to be given up; *seq 0: none. */
BERTH_MUST_USE enum berth_err
berth_store_outbox_expired(struct berth_store *s, int64_t now_s, int64_t *seq);
/* Drops every row of a thread without a word (the run it belongs to is over). */
BERTH_MUST_USE enum berth_err
berth_store_outbox_drop_thread(struct berth_store *s, const char *peer, const char *thid);
/* The same of every row for that peer that this instance of a machine has put there. */
BERTH_MUST_USE enum berth_err
berth_store_outbox_unsay(struct berth_store *s, const char *peer, const char *machine, const char *instance);

/* The same, but each is a dead letter for that reason (the peer has ended the thread). */
BERTH_MUST_USE enum berth_err
berth_store_outbox_dead_thread(struct berth_store *s, const char *peer, const char *thid, int64_t now_s,
			       const char *reason);

struct berth_dead {
	int64_t seq;		/* names the letter */
	const char *id, *peer, *thid, *machine, *instance, *reason;
	int64_t when_s;
	int tries;
};
typedef enum berth_err (*berth_dead_fn)(void *arg, const struct berth_dead *d);
BERTH_MUST_USE enum berth_err
berth_store_dead_each(struct berth_store *s, berth_dead_fn fn, void *arg);
/* The oldest behind after that nobody was told of: fn is called once or never. */
BERTH_MUST_USE enum berth_err
berth_store_dead_untold(struct berth_store *s, int64_t after, berth_dead_fn fn, void *arg);
BERTH_MUST_USE enum berth_err berth_store_dead_told(struct berth_store *s, int64_t seq);
/* Forgets letters, by id or by peer (the other NULL); how many. */
BERTH_MUST_USE enum berth_err
berth_store_dead_drop(struct berth_store *s, const char *id, const char *peer, int64_t *out_n);

/* Seconds to wait after the given number of tries: 1 s to 1 h, doubling, full
 * jitter drawn from rnd. */
#define BERTH_BACKOFF_MAX_S 3600
int64_t berth_backoff_s(int tries, uint32_t rnd);

/* --- inbox: which messages were dealt with, over restarts.  Kept as hashes. */
#define BERTH_INBOX_PEER_MAX 1024	/* ids remembered of one sender, or a few more */
#define BERTH_INBOX_MAX 65536		/* of all */
#define BERTH_INBOX_GO 1024		/* so many of the oldest go when there are more */
#define BERTH_INBOX_AGE_S (30 * 86400)
#define BERTH_ANSWER_LEN 32		/* whatever the caller knows its answer by */

BERTH_MUST_USE enum berth_err
berth_store_inbox_seen(struct berth_store *s, const char *sender, const char *id, bool *seen,
		       uint8_t answer[BERTH_ANSWER_LEN]);	/* zeros: no answer */
/* E_REPLAY when it is there already.  answer may be NULL.  Forgets the oldest ids
 * of the sender, and of all, beyond the caps. */
BERTH_MUST_USE enum berth_err
berth_store_inbox_add(struct berth_store *s, const char *sender, const char *id, int64_t now_s,
		      const uint8_t *answer);
/* Forgets what is too old, and gives the disk back what is not needed any more. */
BERTH_MUST_USE enum berth_err
berth_store_inbox_prune(struct berth_store *s, int64_t now_s, int64_t *out_n);

/* --- audit: an append-only chain, row n over the hash of row n - 1.  The oldest
 * rows go beyond the cap, their last hash stays as the base of the chain. */
#define BERTH_AUDIT_MAX 20000
#define BERTH_COUNTER_AUDIT "audit-signed"	/* the row of the last signature */
#define BERTH_AUDIT_TEXT_MAX 1024	/* detail; longer is cut */

BERTH_MUST_USE enum berth_err
berth_store_audit(struct berth_store *s, int64_t now_s, const char *event, const char *detail);
/* E_SIG: a row was changed, taken out or added behind our back, or its end cut off; with
 * did (may be NULL) E_SIG for signatures by another too.  c is to be freed in any case. */
BERTH_MUST_USE enum berth_err
berth_store_audit_check(struct berth_store *s, const char *did, struct berth_audit_chain *c);
BERTH_MUST_USE enum berth_err
berth_store_audit_verify(struct berth_store *s, int64_t *out_rows);
/* Behind which row the log begins: 0 and zeros, as long as nothing was taken out. */
BERTH_MUST_USE enum berth_err
berth_store_audit_base(struct berth_store *s, int64_t *seq, uint8_t hash[BERTH_AUDIT_HASH_LEN]);
/* What to sign or to show outside, so that cutting off the end is seen too. */
BERTH_MUST_USE enum berth_err
berth_store_audit_head(struct berth_store *s, int64_t *seq, uint8_t hash[BERTH_AUDIT_HASH_LEN]);
/* The last row that is a signature, as it stands there; nothing where there is none (any more). */
BERTH_MUST_USE enum berth_err berth_store_audit_signed(struct berth_store *s, struct berth_buf *jws);
typedef enum berth_err (*berth_audit_fn)(void *arg, int64_t seq, int64_t time_s, const char *event,
					 const char *detail, const uint8_t hash[BERTH_AUDIT_HASH_LEN]);
BERTH_MUST_USE enum berth_err
berth_store_audit_each(struct berth_store *s, int64_t after_seq, berth_audit_fn fn, void *arg);

/* --- a copy of this moment, for a backup: one file beside the store, 0600, over an earlier
 * one.  It says of itself that it is one, by the counter "restored".  path is appended to. */
#define BERTH_STORE_SNAPSHOT "berth.db.snapshot"
#define BERTH_COUNTER_RESTORED "restored"	/* 1: out of a backup and not started yet; 2: started, and the operator has not looked */
#define BERTH_COUNTER_RESTORED_S "restored-s"	/* when it was started, or more: a number that is higher the next time */
BERTH_MUST_USE enum berth_err berth_store_snapshot(struct berth_store *s, struct berth_buf *path);

/* --- for status */
struct berth_store_counts {
	int64_t out, out_bytes, parked, dead, inbox, records, guests, guest_bytes, audit;
};
BERTH_MUST_USE enum berth_err
berth_store_counts(struct berth_store *s, struct berth_store_counts *out);
BERTH_MUST_USE enum berth_err berth_store_bytes(struct berth_store *s, int64_t *out);	/* of its file */

#endif /* BERTH_AGENT_CORE_STORE_H */
