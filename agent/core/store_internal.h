/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_STORE_INTERNAL_H
#define BERTH_AGENT_CORE_STORE_INTERNAL_H

/* Shared by agent/core/store*.c and by nobody else. */
#include <sqlite3.h>
#include <stdarg.h>

#include "agent/core/store.h"
#include "did/crypto/hash.h"

#define STMT_CACHE 128
#define COUNTERS_KEPT 8
#define STORE_RECENT_CHAINS 512
#define STORE_LISTED 1024	/* what an owner has waiting for hundreds of gateways at once: 250 KiB */
/* In the file, next_s of a row that waits for an earlier one of its thread: negative, and as long as
 * what takes its place, so that SQLite writes over it and leaves the rest of the row where it is. */
#define STORE_BEHIND(created_s) (~(int64_t)(created_s))

struct store_log {
	sqlite3_vfs vfs;
	sqlite3_vfs *under;
	char name[32];
	bool cut;		/* an emptied log leaves nothing on the disk */
};

struct store_record {
	bool there, guest;
	int64_t row;		/* SQLite's number of it */
	const void *p;
	size_t n;
};

struct store_recents {
	struct store_recent *chains[STORE_RECENT_CHAINS], *oldest, *newest;
	size_t octets;		/* of all of them */
};

/* In place of what a row is acknowledged by: as long, so that a row which is sent stays where it is. */
extern const uint8_t store_unsent[BERTH_ACK_LEN];

/* A row of the outbox, all of it but what is sent, as in the file.  Only next_s and ack ever change. */
struct store_listed {
	int64_t seq, next_s, size, expires_s;
	uint8_t ack[BERTH_ACK_LEN];	/* or store_unsent */
	bool parked;
	const char *peer, *thid, *id;	/* behind it, in the same block */
	size_t bytes;			/* of that */
};

/* store_order.c: by number; by peer, then by number; and those that may be due, by next_s, then by number. */
enum store_by { STORE_BY_SEQ, STORE_BY_PEER, STORE_BY_DUE, STORE_ORDERS };
struct store_rows { struct store_listed **rows; size_t n; };
struct store_order {
	struct store_rows by[STORE_ORDERS];
	size_t cap;		/* of each */
};

/* store_listed.c: they, and what has become of them since the transaction began. */
struct store_listing {
	struct store_order order;
	size_t bytes;		/* of all rows, with those that are gone and may come back */
	size_t again;		/* some are missing: they are read again when there are no more than that */
	struct store_change {
		struct store_listed *row;	/* ours, if it is gone */
		enum store_what { STORE_PUT, STORE_GONE, STORE_CHANGED } what;
		int64_t next_s;			/* as they were */
		uint8_t ack[BERTH_ACK_LEN];
	} *changes;
	size_t n_changes, changes_cap;
	size_t saved;		/* of those before the savepoint */
};

/* store_fresh.c */
struct store_fresh {
	struct store_fresh_row { struct berth_outbox_row row; size_t bytes; } *rows;	/* body NULL: none */
	size_t places, bytes;
	int64_t oldest;		/* or one that is not there */
};

/* store_behind.c.  A name: of a record, and of all of its namespace, or of a counter. */
#define STORE_BEHIND_BUCKETS 64
#define STORE_VALUES_MAX 18
struct store_name { uint64_t whole, space; };
#define STORE_NAMELESS ((struct store_name){ 0, 0 })
struct store_op;
struct store_behind {
	struct store_op **ops;
	size_t n, cap, octets;
	size_t last[STORE_BEHIND_BUCKETS];
	size_t begin, saved;	/* how many there were when the transaction began, and before the savepoint */
	int64_t noted;		/* ever */
	int64_t counted;	/* changes in the file that were noted before */
};

/* What is filtered, and of each the bits of its names (store_filter.c). */
enum store_filter_of { STORE_RECORDS, STORE_INBOX, STORE_FILTERS };
struct store_filter {
	uint64_t *words;	/* NULL: never filled */
	size_t n_words, names, room;	/* names: of rows and of what was added; room: for so many */
	uint64_t filled;	/* how often */
};

/* store_inbox.c: what a message is remembered by, and of which it was made last: sender and id, each with its 0. */
struct store_inbox_key { uint8_t sender[BERTH_SHA256_LEN], id[BERTH_SHA256_LEN]; uint64_t name; };
struct store_inbox_last {
	struct store_inbox_key key;
	size_t n;
	char text[192];		/* a short DID and a UUID; longer ones are hashed again */
};

struct berth_store {
	struct store_log log;
	sqlite3 *db;		/* NULL while an I/O error waits for a reopening */
	char *dir, *vfs;
	bool created;
	bool in_txn, saved;
	bool open, inner, stepped;	/* SQLite's transaction, and the savepoints of ours and of its step */
	bool settling;		/* what is put off is being written */
	bool plain;		/* it is no savepoint: what takes it back takes back the group */
	bool bare;		/* nothing had been written when it was saved: it is the whole transaction */
	bool failed;		/* in this transaction */
	bool group, relaxed;	/* commits wait for a sync; SQLite has been told so */
	bool gathered;		/* there are some: each of ours is a part of one transaction of SQLite */
	bool later;		/* one of them may wait for the next group */
	bool kept;		/* and does: nobody waits for any of it */
	uint64_t due_ms;	/* no longer than until then */
	int64_t began;		/* store_changes() when the transaction began */
	int64_t changes;	/* and with those that may be lost */
	bool owed, lost;	/* one of them that somebody waits for; and it may be gone */
	int wal_frames;		/* after the last commit */
	int64_t page_len;
	int log_pages;		/* so many of them go to the main file */
	int cache_kib;		/* SQLite's pages in memory, at most */
	bool scrub;		/* all of them do, and nothing stays in the log */
	bool damaged;		/* an I/O error: close, open, check before anything else */
	uint64_t tried_ms;	/* when reopening was last tried */
	int64_t peer_msgs, peer_bytes;	/* quotas; 0: the usual ones */
	uint64_t moved;		/* berth_store_outbox_moved() */
	struct store_filter filter[STORE_FILTERS];
	struct store_filling *filling;	/* while one is being filled */
	struct store_totals {	/* asking takes long: what is rolled back takes them along */
		bool known;	/* counted; not the counters */
		uint64_t filled[STORE_FILTERS];	/* which filling of a filter holds; 0: none */
		int64_t out_msgs, out_bytes, parked, in_msgs, records, rec_bytes, guests, guest_bytes, last_guest, silent;
		int64_t in_last;	/* the number of the one that came last */
		int64_t in_first_s;	/* when the first of the inbox came, or before that */
		bool behind;		/* false: no row of the outbox waits for another */
		bool queued;		/* false: nothing */
		bool untold;		/* false: of all dead letters somebody was told */
		struct { char name[BERTH_STORE_COUNTER_MAX + 1]; int64_t value; } counter[COUNTERS_KEPT];
		size_t n_counters;
		bool head_known;	/* of the audit log */
		int64_t head_seq;
		uint8_t head[BERTH_AUDIT_HASH_LEN];
		uint64_t noted;	/* records */
	} total, at_begin, at_savepoint;
	int64_t last_seq;	/* of an outbox row; 0: not known yet */
	int64_t last_rec;	/* the number of a record; the same */
	struct store_recents recent;
	struct store_listing listing;
	struct store_fresh fresh;
	struct store_behind behind;
	struct store_inbox_last inbox_last;
	struct {
		const char *sql;	/* a literal: compared by address */
		sqlite3_stmt *stmt;
	} cache[STMT_CACHE];
	size_t n_cache;
};

/* store_memory.c: before a file is opened.  SQLite has so many octets of memory at most, in this process. */
void store_memory_begin(size_t octets);

/* E_STORE with SQLite's words; remembers what must not be retried. */
BERTH_MUST_USE enum berth_err store_sqlite(struct berth_store *s, int rc, const char *what);

/* E_STORE: what SQLite gave us contradicts itself (an index and its table, say). */
BERTH_MUST_USE enum berth_err store_contradiction(struct berth_store *s, const char *what);

/* Usable for reading or, with write, inside a transaction; reopens after damage. */
BERTH_MUST_USE enum berth_err store_ready(struct berth_store *s, bool write);

/* A prepared statement, reset and unbound.  fmt: one letter a parameter:
 * i int64_t, s const char *, b (const void *, size_t), n NULL.  Borrowed.  A - before them: of what
 * is put off nothing is asked for; else all of it is written first. */
BERTH_MUST_USE enum berth_err
store_stmt(struct berth_store *s, sqlite3_stmt **out, const char *sql, const char *fmt, ...);
/* What stands for one letter, of the arguments, and into the statement: not copied. */
struct store_value { int64_t i; const void *p; size_t n; };
struct store_value store_value(char letter, va_list *ap);
int store_bind(sqlite3_stmt *st, int place, char letter, const struct store_value *v);
/* Steps once: *row says whether there is one.  At the end the statement is reset. */
BERTH_MUST_USE enum berth_err store_step(struct berth_store *s, sqlite3_stmt *st, bool *row);
/* Whether that column of the row is this text. */
bool store_is_text(sqlite3_stmt *st, int column, const char *text);
void store_stmts_free(struct berth_store *s);
/* store_stmt, then to the end. */
BERTH_MUST_USE enum berth_err store_run(struct berth_store *s, const char *sql, const char *fmt, ...);
/* store_stmt, then the first column of the only row; none when there is no row. */
BERTH_MUST_USE enum berth_err
store_int(struct berth_store *s, int64_t *out, int64_t none, const char *sql, const char *fmt, ...);

/* The same of the first n columns, 0 where they are NULL; *row: whether there is one. */
BERTH_MUST_USE enum berth_err
store_ints(struct berth_store *s, int64_t *out, int n, bool *row, const char *sql, const char *fmt, ...);

/* store_behind.c.  later: a write of one row that cannot fail but for a broken store, or (TURN) of none; copied.  NEW of
 * a row as store_outbox.c puts it, whose values the others change.  run: those from first to end are written, in as few
 * statements as it takes.  cut: so many are left.  has: something is to be done with that one, or any of its namespace. */
enum store_deed { STORE_REC_NEW, STORE_REC_CHANGE, STORE_REC_GONE, STORE_REC_OTHER, STORE_ADDED,
		  STORE_ROW_NEW, STORE_ROW_SENT, STORE_ROW_TURN, STORE_ROW_BODY, STORE_ROW_GONE };
enum { STORE_NEW_VAL = 3, STORE_CHANGE_VAL = 1 };	/* which parameter a record's value is */
BERTH_MUST_USE enum berth_err store_later(struct berth_store *s, enum store_deed deed, int64_t key, struct store_name name,
					  const char *sql, const char *fmt, ...);
BERTH_MUST_USE enum berth_err store_behind_run(struct berth_store *s, size_t first, size_t end);
void store_behind_cut(struct berth_store *s, size_t n);
void store_behind_end(struct berth_store *s);
struct store_name store_name_of(const char *ns, const char *key);
bool store_behind_has(const struct berth_store *s, const struct store_name *name);
bool store_behind_has_any(const struct berth_store *s, const struct store_name *name);

/* store_settle.c.  settle: all that was put off is written, and SQLite's transaction open for a write.  changes: that
 * are made in the file, or will be; ever.  control: says sql, which opens or closes what *flag is of. */
BERTH_MUST_USE enum berth_err store_settle(struct berth_store *s);
int64_t store_changes(const struct berth_store *s);
BERTH_MUST_USE enum berth_err store_control(struct berth_store *s, const char *sql, bool *flag, bool open);

/* store_txn.c.  watch: of a connection that has been opened.  sync: its log.  look: notices a
 * group that SQLite has rolled back by itself.  write: to the log, not to the disk; none: nothing.
 * gone: nothing of the group is in the file any more.  abandon: nothing of what SQLite has open. */
BERTH_MUST_USE enum berth_err store_txn_watch(struct berth_store *s);
BERTH_MUST_USE enum berth_err store_txn_sync(struct berth_store *s);
void store_group_look(struct berth_store *s);
void store_group_gone(struct berth_store *s);
void store_txn_abandon(struct berth_store *s);
BERTH_MUST_USE enum berth_err store_group_write(struct berth_store *s);

/* store_log.c.  begin: the name of the VFS to open the file with.  end: it has been closed. */
const char *store_log_begin(struct berth_store *s);
void store_log_end(struct berth_store *s);

/* store_recent.c: records as they are now, in memory.  find: borrowed until the next note;
 * NULL: ask the file.  note: after it was read or written, or (there false) is not there;
 * copied, but for what is longer than those that are kept.  back: to when total.noted was that
 * many.  clear: all of them. */
const struct store_record *store_recent_find(struct berth_store *s, const char *ns, const char *key);
void store_recent_note(struct berth_store *s, const char *ns, const char *key, const struct store_record *rec);
void store_recent_back(struct berth_store *s, uint64_t noted);
void store_recent_clear(struct berth_store *s);

/* store_record.c: E_TYPE or E_SIZE, where that cannot be the name of a record. */
BERTH_MUST_USE enum berth_err store_check_name(const char *ns, const char *key);

/* store_filter.c.  lacks: no row of that name is there, of which hash is made; false: ask the file.  add: before a row is
 * written.  fill: out of the file, which counts what there is: of records how many, their octets, guests, their octets
 * and the last one; of the inbox how many, the last one and when the first came.  renew: those that do not hold.  end:
 * their memory goes. */
#define STORE_FILTER_COUNTS 5
uint64_t store_filter_hash(const void *a, size_t a_len, const void *b, size_t b_len);
bool store_filter_lacks(const struct berth_store *s, enum store_filter_of of, uint64_t hash);
void store_filter_add(struct berth_store *s, enum store_filter_of of, uint64_t hash);
BERTH_MUST_USE enum berth_err
store_filter_fill(struct berth_store *s, enum store_filter_of of, int64_t out[STORE_FILTER_COUNTS]);
BERTH_MUST_USE enum berth_err store_filter_watch(struct berth_store *s);
BERTH_MUST_USE enum berth_err store_filter_renew(struct berth_store *s);
void store_filter_end(struct berth_store *s);

/* Counts what total has to know. */
BERTH_MUST_USE enum berth_err store_totals(struct berth_store *s);

int64_t store_backoff_now(int64_t tries);
BERTH_MUST_USE enum berth_err store_outbox_remove(struct berth_store *s, int64_t seq);
/* store_outbox_read.c.  of: what thid, seq, parked, id and size of a peer's rows are asked with, from that thread on, in order.
 * after: the next one of a thread, behind that of number after; *seq 0: none.  parked: may be NULL.
 * next_s: as in berth_outbox_row. */
BERTH_MUST_USE enum berth_err
store_outbox_of(struct berth_store *s, sqlite3_stmt **out, const char *peer, const char *thid);
int64_t store_next_s(int64_t next_s);
BERTH_MUST_USE enum berth_err
store_outbox_after(struct berth_store *s, const char *peer, const char *thid, int64_t after, int64_t *seq, bool *parked);
/* store_order.c.  place: of the first that does not stand before key, of which only what it is sorted by is looked
 * at.  put, take: where it belongs.  room: for one more, to be asked for before put; it stays until end. */
size_t store_order_place(const struct store_order *o, enum store_by by, const struct store_listed *key);
void store_order_put(struct store_order *o, enum store_by by, struct store_listed *r);
void store_order_take(struct store_order *o, enum store_by by, const struct store_listed *r);
bool store_order_room(struct store_order *o);
void store_order_end(struct store_order *o);

/* store_listed.c: what has become of rows in the file, said after it.  put is the last one; ack NULL: as it was; turn:
 * it waits no more for an earlier one; shift: what of a peer's is not parked and whose next_s is least to most.  Those
 * of store_fresh.c are told as well. */
void store_listed_put(struct berth_store *s, const struct berth_outbox_row *r, int64_t next_s);
void store_listed_gone(struct berth_store *s, int64_t seq);
void store_listed_later(struct berth_store *s, int64_t seq, int64_t next_s, const uint8_t *ack);
void store_listed_refill(struct berth_store *s, int64_t seq, const uint8_t *body, size_t len);
void store_listed_turn(struct berth_store *s, int64_t seq);
void store_listed_shift(struct berth_store *s, const char *peer, int64_t least, int64_t most, int64_t next_s);

/* And of the transaction.  clear: whatever takes back what is not known, or changes many rows; not in a transaction they
 * are read again, by learn, which does nothing as long as none is missing, or too many are there. */
void store_listed_save(struct berth_store *s);
void store_listed_undo(struct berth_store *s);
void store_listed_rollback(struct berth_store *s);
void store_listed_commit(struct berth_store *s);
void store_listed_clear(struct berth_store *s);
BERTH_MUST_USE enum berth_err store_listed_learn(struct berth_store *s);

/* Borrowed until the next change.  find: NULL: ask the file, unless all are listed. */
struct store_listed *store_listed_find(const struct berth_store *s, int64_t seq);
/* Whether all rows are listed, without which nothing of the following is so.  of: the peer's, in the order they were
 * put; due: by next_s, which has come, whoever is before them in their threads; next: of all, INT64_MAX: none will be due. */
bool store_listed_all(const struct berth_store *s);
struct store_rows store_listed_of(const struct berth_store *s, const char *peer);
struct store_rows store_listed_due(const struct berth_store *s, int64_t now_s);
int64_t store_listed_next(const struct berth_store *s);

/* store_fresh.c: as they are in the file, without next_s.  put: the last one, which is listed.  take: one that was found,
 * whose memory is the caller's.  refill: with as much.  drop: one that has changed.  clear: any of them may have. */
void store_fresh_put(struct berth_store *s, const struct berth_outbox_row *r);
const struct berth_outbox_row *store_fresh_find(struct berth_store *s, int64_t seq);
struct berth_outbox_row store_fresh_take(struct berth_store *s, int64_t seq);
void store_fresh_refill(struct berth_store *s, int64_t seq, const uint8_t *body, size_t len);
void store_fresh_drop(struct berth_store *s, int64_t seq);
void store_fresh_clear(struct berth_store *s);
/* What a row points to: in one block its body first, its texts behind it.  part: those octets at *at, which moves
 * behind them and the 0 that ends them. */
const char *store_row_part(char **at, const void *p, size_t n);
void store_row_free(struct berth_outbox_row *r);

/* Each row that sql finds, a literal that asks for the seq of one; fmt and a, b, c as of store_int(). */
BERTH_MUST_USE enum berth_err
store_outbox_remove_all(struct berth_store *s, int64_t *out_n, const char *sql, const char *fmt, const char *a,
			const char *b, const char *c);

BERTH_MUST_USE enum berth_err store_exec(struct berth_store *s, const char *sql);
/* store_migrate.c: from whatever the file has to the current schema. */
BERTH_MUST_USE enum berth_err store_migrate(struct berth_store *s);

#endif /* BERTH_AGENT_CORE_STORE_INTERNAL_H */
