/* SPDX-License-Identifier: Apache-2.0 */
/* What is written when SQLite's transaction ends, or before the file is asked for it: in an onboarding
 * a state is written in each of its steps, and a message is put, sent and gone within one group.  Of
 * each record and each row of the outbox the last word counts; what came and went is never written;
 * and what is taken back before it was needs no savepoint.  In the order in which it was said, but for
 * what changes one that is here already: that becomes a part of it.
 *
 * Only what memory knows will succeed may stand here: a write that fails later fails for the whole
 * group, as its commit does. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/store_internal.h"
#include "did/base/secret.h"

#define OPS_MAX 512
#define OCTETS_MAX ((size_t)256 << 10)

struct store_op {
	enum store_deed deed;
	int64_t key;		/* of a record or a row of the outbox: its number */
	struct store_name name;
	const char *sql, *fmt;
	size_t before;		/* one more than the place of the last one with such a key; 0: none */
	size_t octets;		/* of all of it */
	bool gone;		/* it is a part of another one, or of no use */
	struct store_value v[];	/* what they point to is behind them */
};

/* ---- noting */

static size_t *bucket(struct store_behind *b, const struct store_op *op)
{
	return &b->last[((size_t)op->key * 2 + (op->deed >= STORE_ROW_NEW)) % STORE_BEHIND_BUCKETS];
}

static void free_op(struct store_op *op)
{
	berth_wipe(op, op->octets);
	free(op);
}

static struct store_op *new_op(const char *fmt, const struct store_value *v)
{
	size_t n = strlen(fmt), octets = sizeof(struct store_op) + n * sizeof(*v);
	struct store_op *op;
	char *at;

	for (size_t i = 0; i < n; i++)
		octets += v[i].n + 1;
	if (!(op = malloc(octets)))
		return NULL;
	*op = (struct store_op){ .fmt = fmt, .octets = octets };
	at = (char *)(op->v + n);
	for (size_t i = 0; i < n; i++)
		op->v[i] = (struct store_value){ v[i].i, v[i].p || v[i].n ? store_row_part(&at, v[i].p, v[i].n) : "", v[i].n };
	return op;
}

static bool room(struct store_behind *b)
{
	size_t cap = b->cap ? 2 * b->cap : 16;
	struct store_op **more;

	if (b->n < b->cap)
		return true;
	if (!(more = realloc(b->ops, cap * sizeof(struct store_op *))))
		return false;
	b->ops = more;
	b->cap = cap;
	return true;
}

static void append(struct store_behind *b, struct store_op *op)
{
	op->before = *bucket(b, op);
	b->ops[b->n++] = op;
	*bucket(b, op) = b->n;
	b->octets += op->octets;
	b->noted++;
}

enum berth_err store_later(struct berth_store *s, enum store_deed deed, int64_t key, struct store_name name, const char *sql,
			   const char *fmt, ...)
{
	struct store_value v[STORE_VALUES_MAX];
	struct store_behind *b = &s->behind;
	struct store_op *op;
	va_list ap;

	va_start(ap, fmt);
	for (size_t i = 0; fmt[i]; i++)
		v[i] = store_value(fmt[i], &ap);
	va_end(ap);
	if (!room(b) || !(op = new_op(fmt, v))) {
		s->failed = true;
		return berth_no_memory();
	}
	op->deed = deed;
	op->key = key;
	op->name = name;
	op->sql = sql;
	append(b, op);
	return b->n >= OPS_MAX || b->octets >= OCTETS_MAX ? store_settle(s) : BERTH_OK;
}

void store_behind_cut(struct berth_store *s, size_t n)
{
	struct store_behind *b = &s->behind;

	while (b->n > n) {
		struct store_op *op = b->ops[--b->n];

		*bucket(b, op) = op->before;
		b->octets -= op->octets;
		free_op(op);
	}
}

void store_behind_end(struct berth_store *s)
{
	store_behind_cut(s, 0);
	free(s->behind.ops);
	s->behind = (struct store_behind){ .noted = s->behind.noted };
}

/* ---- asking */

struct store_name store_name_of(const char *ns, const char *key)
{
	size_t n = strlen(ns);

	return (struct store_name){ store_filter_hash(ns, n, key, strlen(key)), store_filter_hash(ns, n, "", 0) };
}

bool store_behind_has(const struct berth_store *s, const struct store_name *name)
{
	for (size_t i = 0; i < s->behind.n; i++)
		if (s->behind.ops[i]->name.whole == name->whole)
			return true;
	return false;
}

bool store_behind_has_any(const struct berth_store *s, const struct store_name *name)
{
	for (size_t i = 0; i < s->behind.n; i++)
		if (s->behind.ops[i]->name.space == name->space)
			return true;
	return false;
}

/* ---- making one of many */

/* The one before op, from place first on, that is still to be done and of the same. */
static struct store_op *earlier(struct store_behind *b, const struct store_op *op, size_t first)
{
	for (size_t at = op->before; at > first; at = b->ops[at - 1]->before) {
		struct store_op *e = b->ops[at - 1];

		if (!e->gone && e->key == op->key && (e->deed >= STORE_ROW_NEW) == (op->deed >= STORE_ROW_NEW))
			return e;
	}
	return NULL;
}

/* As what stands in store_outbox.c has them. */
enum { NEW_CREATED = 7, NEW_NEXT = 8, NEW_TRIES = 10, NEW_ACK = 16, NEW_BODY = 17, SENT_NEXT = 1, SENT_ACK, SENT_BODY };

static void into_row(struct store_op *row, const struct store_op *op)
{
	struct store_value *v = row->v;

	if (op->deed == STORE_ROW_BODY) {
		v[NEW_BODY] = op->v[1];
	} else if (op->deed == STORE_ROW_TURN && v[NEW_NEXT].i < 0) {
		v[NEW_NEXT].i = v[NEW_CREATED].i;
	} else if (op->deed == STORE_ROW_SENT) {
		v[NEW_TRIES].i++;
		v[NEW_NEXT].i = op->v[SENT_NEXT].i;
		v[NEW_ACK] = op->v[SENT_ACK];
		if (op->fmt[SENT_BODY])
			v[NEW_BODY] = op->v[SENT_BODY];
	}
}

/* Whether op is done with e, the last one before it. */
static bool into(struct store_op *e, const struct store_op *op)
{
	if (e->deed == STORE_ROW_NEW) {
		into_row(e, op);
		return true;
	}
	if (op->deed != STORE_REC_CHANGE || (e->deed != STORE_REC_NEW && e->deed != STORE_REC_CHANGE))
		return false;
	e->v[e->deed == STORE_REC_NEW ? STORE_NEW_VAL : STORE_CHANGE_VAL] = op->v[STORE_CHANGE_VAL];
	return true;
}

/* What became of it before counts no more; op itself does if it was there before. */
static void drop(struct store_behind *b, struct store_op *op, size_t first)
{
	struct store_op *e;

	while (!op->gone && (e = earlier(b, op, first))) {
		e->gone = true;
		op->gone = e->deed == STORE_REC_NEW || e->deed == STORE_ROW_NEW;
	}
}

static void fold(struct store_behind *b, struct store_op *op, size_t first)
{
	struct store_op *e;

	if (op->deed == STORE_REC_GONE || op->deed == STORE_ROW_GONE)
		drop(b, op, first);
	else if (op->key && (e = earlier(b, op, first)))
		op->gone = into(e, op);
}

/* ---- writing */

static enum berth_err run(struct berth_store *s, const struct store_op *op)
{
	sqlite3_stmt *st;
	enum berth_err rc = store_stmt(s, &st, op->sql, "");
	int r = SQLITE_OK;
	bool row;

	for (int i = 0; !rc && r == SQLITE_OK && op->fmt[i]; i++)
		r = store_bind(st, i + 1, op->fmt[i], &op->v[i]);
	if (rc || r != SQLITE_OK)
		return rc ? rc : store_sqlite(s, r, op->sql);
	if ((rc = store_step(s, st, &row)))
		return rc;
	return op->deed == STORE_ROW_TURN || sqlite3_changes(s->db) == 1 ? BERTH_OK : store_contradiction(s, "what was put off");
}

enum berth_err store_behind_run(struct berth_store *s, size_t first, size_t end)
{
	struct store_behind *b = &s->behind;
	sqlite3_int64 before = sqlite3_total_changes64(s->db);
	enum berth_err rc = BERTH_OK;

	for (size_t i = first; i < end; i++)
		fold(b, b->ops[i], first);
	for (size_t i = first; !rc && i < end; i++)
		if (!b->ops[i]->gone)
			rc = run(s, b->ops[i]);
	b->counted += sqlite3_total_changes64(s->db) - before;
	return rc;
}
