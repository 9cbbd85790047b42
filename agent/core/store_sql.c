/* SPDX-License-Identifier: Apache-2.0 */
/* How the store talks to SQLite: statements, their parameters, what an error means. */
#include "agent/core/store_internal.h"

#include <string.h>

enum berth_err store_sqlite(struct berth_store *s, int rc, const char *what)
{
	int base = rc & 0xff;

	s->failed = true;	/* nothing more of this transaction counts */
	/* A full disk is over when there is room again.  Of the others nobody can
	 * say what reached the disk: after a failed fsync the kernel may even have
	 * dropped the pages, and a second fsync would lie. */
	if (base == SQLITE_IOERR || base == SQLITE_CORRUPT || base == SQLITE_NOTADB || base == SQLITE_CANTOPEN)
		s->damaged = true;
	if (base == SQLITE_NOMEM)
		return berth_fail(BERTH_E_NOMEM, "store: %s", what);
	return berth_fail(BERTH_E_STORE, "store: %s: %s", what, sqlite3_errstr(rc));
}

enum berth_err store_contradiction(struct berth_store *s, const char *what)
{
	s->failed = s->damaged = true;
	return berth_fail(BERTH_E_STORE, "store: damaged: %s", what);
}

enum berth_err store_exec(struct berth_store *s, const char *sql)
{
	int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? BERTH_OK : store_sqlite(s, rc, sql);
}

static enum berth_err cached(struct berth_store *s, sqlite3_stmt **out, const char *sql)
{
	int rc;

	for (size_t i = 0; i < s->n_cache; i++)
		if (s->cache[i].sql == sql) {
			*out = s->cache[i].stmt;
			if (sqlite3_stmt_busy(*out))
				sqlite3_reset(*out);
			sqlite3_clear_bindings(*out);
			return BERTH_OK;
		}
	if (s->n_cache == STMT_CACHE)
		return berth_fail(BERTH_E_INTERNAL, "store: more statements than STMT_CACHE");
	rc = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
	if (rc != SQLITE_OK)
		return store_sqlite(s, rc, sql);
	s->cache[s->n_cache].sql = sql;
	s->cache[s->n_cache++].stmt = *out;
	return BERTH_OK;
}

void store_stmts_free(struct berth_store *s)
{
	while (s->n_cache)
		sqlite3_finalize(s->cache[--s->n_cache].stmt);
}

struct store_value store_value(char letter, va_list *ap)
{
	struct store_value v = { 0 };

	if (letter == 'i') {
		v.i = va_arg(*ap, int64_t);
	} else if (letter == 's') {
		v.p = va_arg(*ap, const char *);
		v.n = v.p ? strlen(v.p) : 0;
	} else if (letter == 'b') {
		v.p = va_arg(*ap, const void *);
		v.n = va_arg(*ap, size_t);
	}
	return v;
}

int store_bind(sqlite3_stmt *st, int place, char letter, const struct store_value *v)
{
	switch (letter) {
	case 'i':
		return sqlite3_bind_int64(st, place, v->i);
	case 's':
		return sqlite3_bind_text(st, place, v->p, (int)v->n, SQLITE_STATIC);
	case 'b':
		return sqlite3_bind_blob64(st, place, v->p ? v->p : "", v->n, SQLITE_STATIC);
	default:
		return sqlite3_bind_null(st, place);
	}
}

static int bind_all(sqlite3_stmt *st, const char *fmt, va_list args)
{
	int rc = SQLITE_OK;
	va_list ap;

	va_copy(ap, args);
	for (int i = 1; *fmt && rc == SQLITE_OK; fmt++, i++) {
		struct store_value v = store_value(*fmt, &ap);

		rc = store_bind(st, i, *fmt, &v);
	}
	va_end(ap);
	return rc;
}

/* What a statement finds, and what is behind it, is as if nothing were ever put off. */
static enum berth_err settled(struct berth_store *s, sqlite3_stmt *st)
{
	if (s->settling || (!s->behind.n && (!s->in_txn || sqlite3_stmt_readonly(st))))
		return BERTH_OK;
	return store_settle(s);
}

static enum berth_err vstmt(struct berth_store *s, sqlite3_stmt **out, const char *sql,
			    const char *fmt, va_list ap)
{
	enum berth_err rc;
	int r;

	if ((rc = cached(s, out, sql)) || (*fmt != '-' && (rc = settled(s, *out))))
		return rc;
	r = bind_all(*out, fmt + (*fmt == '-'), ap);
	return r == SQLITE_OK ? BERTH_OK : store_sqlite(s, r, sql);
}

enum berth_err store_stmt(struct berth_store *s, sqlite3_stmt **out, const char *sql, const char *fmt, ...)
{
	enum berth_err rc;
	va_list ap;

	*out = NULL;
	va_start(ap, fmt);
	rc = vstmt(s, out, sql, fmt, ap);
	va_end(ap);
	return rc;
}

enum berth_err store_step(struct berth_store *s, sqlite3_stmt *st, bool *row)
{
	int rc = sqlite3_step(st);

	*row = rc == SQLITE_ROW;
	if (rc == SQLITE_ROW)
		return BERTH_OK;
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);	/* they point into the caller */
	return rc == SQLITE_DONE ? BERTH_OK : store_sqlite(s, rc, sqlite3_sql(st));
}

bool store_is_text(sqlite3_stmt *st, int column, const char *text)
{
	const char *p = (const char *)sqlite3_column_text(st, column);

	return p && strcmp(p, text) == 0;
}

enum berth_err store_run(struct berth_store *s, const char *sql, const char *fmt, ...)
{
	sqlite3_stmt *st;
	enum berth_err rc;
	bool row = true;
	va_list ap;

	va_start(ap, fmt);
	rc = vstmt(s, &st, sql, fmt, ap);
	va_end(ap);
	while (!rc && row)
		rc = store_step(s, st, &row);
	return rc;
}

static enum berth_err one_row(struct berth_store *s, sqlite3_stmt *st, int64_t *out, int n, bool *row)
{
	enum berth_err rc = store_step(s, st, row);

	if (rc || !*row)
		return rc;
	for (int i = 0; i < n; i++)
		out[i] = sqlite3_column_int64(st, i);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return BERTH_OK;
}

enum berth_err store_ints(struct berth_store *s, int64_t *out, int n, bool *row, const char *sql, const char *fmt, ...)
{
	sqlite3_stmt *st;
	enum berth_err rc;
	va_list ap;

	*row = false;
	va_start(ap, fmt);
	rc = vstmt(s, &st, sql, fmt, ap);
	va_end(ap);
	return rc ? rc : one_row(s, st, out, n, row);
}

enum berth_err store_int(struct berth_store *s, int64_t *out, int64_t none, const char *sql,
			 const char *fmt, ...)
{
	sqlite3_stmt *st;
	enum berth_err rc;
	bool row;
	va_list ap;

	*out = none;
	va_start(ap, fmt);
	rc = vstmt(s, &st, sql, fmt, ap);
	va_end(ap);
	return rc ? rc : one_row(s, st, out, 1, &row);
}
