/* SPDX-License-Identifier: Apache-2.0 */
/* Records in the order of their keys.  Some are read at a time, and read again from where we are
 * when anything has been written since: who gets them may write. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/store_internal.h"

#define AHEAD 16	/* are read at a time, */
#define AHEAD_OCTETS ((size_t)8 << 10)	/* or little more than so many octets */

/* Records that were read together: key, 0 and value of each in text. */
struct ahead {
	struct berth_buf text;
	size_t at[AHEAD + 1];	/* where they begin, and the last one ends */
	size_t n;
	bool all;		/* there are no more behind them */
	int64_t changes;	/* and what it was like then */
	uint64_t moved;
};

static const char *key_of(const struct ahead *h, size_t i) { return (const char *)h->text.p + h->at[i]; }

static enum berth_err put_ahead(struct berth_store *s, sqlite3_stmt *st, struct ahead *h)
{
	const char *key = (const char *)sqlite3_column_text(st, 0);
	size_t n = (size_t)sqlite3_column_bytes(st, 0);

	if (!key || strlen(key) != n)
		return store_contradiction(s, "keys");
	berth_buf_put(&h->text, key, n + 1);
	berth_buf_put(&h->text, sqlite3_column_blob(st, 1), (size_t)sqlite3_column_bytes(st, 1));
	h->at[++h->n] = h->text.len;
	return berth_buf_status(&h->text);
}

/* Those with that prefix, from or behind the key at; copies, so that whoever gets them may write. */
static enum berth_err
read_ahead(struct berth_store *s, const char *ns, const char *at, bool from, const char *prefix, struct ahead *h)
{
	const struct store_name name = store_name_of(ns, "");
	size_t n = strlen(prefix);
	sqlite3_stmt *st;
	enum berth_err rc;
	bool row = true;

	berth_buf_reset(&h->text);
	h->n = 0;
	h->changes = store_changes(s);
	h->moved = s->moved;
	if ((rc = store_stmt(s, &st, "SELECT key, val FROM rec WHERE ns = ?1 AND key >= ?2 || ?3 ORDER BY key",
			     store_behind_has_any(s, &name) ? "sss" : "-sss", ns, at, from ? "" : "\x01")))	/* no text is between this and that with one octet more */
		return rc;
	while (!rc && h->n < AHEAD && h->text.len < AHEAD_OCTETS && !(rc = store_step(s, st, &row)) && row)
		if ((h->all = strncmp((const char *)sqlite3_column_text(st, 0), prefix, n) != 0))
			break;
		else
			rc = put_ahead(s, st, h);
	h->all |= !row;
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);	/* they point into the caller */
	return rc;
}

/* Whether they may not be what the file has any more. */
static bool is_old(const struct berth_store *s, const struct ahead *h)
{
	return !s->db || h->changes != store_changes(s) || h->moved != s->moved;
}

/* fn gets those that are still so; *last: the one that was given last. */
static enum berth_err give(struct berth_store *s, struct ahead *h, char **last, berth_store_each_fn fn, void *arg)
{
	enum berth_err rc = BERTH_OK;
	size_t i = 0;

	for (; !rc && i < h->n && (!i || !is_old(s, h)); i++) {
		const char *key = key_of(h, i), *val = key + strlen(key) + 1;

		if (strcmp(key, i ? key_of(h, i - 1) : *last ? *last : "") <= 0 && (i || *last))
			return store_contradiction(s, "keys");	/* it would not end */
		rc = fn(arg, key, (const uint8_t *)val, h->at[i + 1] - (size_t)(val - (const char *)h->text.p));
	}
	h->all &= i == h->n;
	if (rc || h->all)
		return rc;
	free(*last);
	return (*last = strdup(key_of(h, i - 1))) ? BERTH_OK : berth_no_memory();
}

static enum berth_err walk(struct berth_store *s, const char *ns, const char *at, bool from, const char *prefix,
			   berth_store_each_fn fn, void *arg)
{
	struct ahead h = { .text = BERTH_BUF_INIT };
	char *last = NULL;
	enum berth_err rc;

	if ((rc = store_ready(s, false)) || (rc = store_check_name(ns, "")))
		return rc;
	while (!rc && !h.all && !(rc = read_ahead(s, ns, last ? last : at, from && !last, prefix, &h)))
		rc = give(s, &h, &last, fn, arg);
	free(last);
	berth_buf_free(&h.text);
	return rc;
}

/* "" sorts before all keys but is one itself. */
enum berth_err berth_store_each(struct berth_store *s, const char *ns, const char *after,
				berth_store_each_fn fn, void *arg)
{
	return walk(s, ns, after ? after : "", !after, "", fn, arg);
}

enum berth_err berth_store_each_under(struct berth_store *s, const char *ns, const char *prefix,
				      berth_store_each_fn fn, void *arg)
{
	return walk(s, ns, prefix, true, prefix, fn, arg);
}
