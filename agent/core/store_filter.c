/* SPDX-License-Identifier: Apache-2.0 */
/* Names that are surely not there, of which the file is not asked: most that an onboarding asks
 * for are new.  A Bloom filter each for the records and the inbox, with four bits in one word for
 * a name.  They are only ever set, and before the row is written: what is deleted or taken back,
 * and whatever a peer calls its messages so as to meet the bits of others, costs a question to
 * the file as it did without.  One that was filled in the middle of what is taken back holds no
 * more, as rows may come back that it never saw: which filling holds is kept with the counts, and
 * taken back with them. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/store_internal.h"

#define MIX 0x9e3779b97f4a7c15u
#define WORD_BITS 64
#define NAME_BITS 12		/* for each name when it is filled; half of it are left when it is filled anew */
#define WORDS_MIN ((size_t)64)
#define WORDS_MAX ((size_t)32768)

static uint64_t mixed(uint64_t h, const void *p, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	h = (h ^ v) * MIX;
	return h ^ h >> 32;
}

static uint64_t octets(uint64_t h, const uint8_t *p, size_t n)
{
	for (; n >= sizeof(h); p += sizeof(h), n -= sizeof(h))
		h = mixed(h, p, sizeof(h));
	return n ? mixed(h, p, n) : h;
}

uint64_t store_filter_hash(const void *a, size_t a_len, const void *b, size_t b_len)
{
	uint64_t h = octets(octets(a_len, a, a_len), b, b_len) * MIX;

	return h ^ h >> 32;
}

static uint64_t bit(uint64_t hash) { return (uint64_t)1 << hash % WORD_BITS; }

static uint64_t bits(uint64_t hash) { return bit(hash) | bit(hash >> 6) | bit(hash >> 12) | bit(hash >> 18); }

static uint64_t *word(const struct store_filter *f, uint64_t hash) { return &f->words[(hash >> 24) & (f->n_words - 1)]; }

static bool holds(const struct berth_store *s, enum store_filter_of of)
{
	return s->total.filled[of] && s->total.filled[of] == s->filter[of].filled;
}

bool store_filter_lacks(const struct berth_store *s, enum store_filter_of of, uint64_t hash)
{
	return holds(s, of) && (*word(&s->filter[of], hash) & bits(hash)) != bits(hash);
}

/* Also in one that does not hold: it may again, when something has been taken back. */
void store_filter_add(struct berth_store *s, enum store_filter_of of, uint64_t hash)
{
	struct store_filter *f = &s->filter[of];

	if (!f->words)
		return;
	*word(f, hash) |= bits(hash);
	if (++f->names > f->room)
		s->total.filled[of] = 0;
}

void store_filter_end(struct berth_store *s)
{
	for (struct store_filter *f = s->filter; f < s->filter + STORE_FILTERS; f++) {
		free(f->words);
		f->words = NULL;
	}
}

/* As many bits as those names want, and room for as many names again. */
static enum berth_err fill(struct berth_store *s, enum store_filter_of of, const struct berth_buf *hashes)
{
	const uint64_t *hash = (const uint64_t *)(const void *)hashes->p;
	size_t n = hashes->len / sizeof(*hash), n_words = WORDS_MIN;
	struct store_filter *f = &s->filter[of];
	uint64_t *words;

	while (n_words < WORDS_MAX && n_words * WORD_BITS < n * NAME_BITS)
		n_words *= 2;
	if (!(words = calloc(n_words, sizeof(*words))))
		return berth_no_memory();
	free(f->words);
	f->words = words;
	f->n_words = n_words;
	f->names = n;
	f->room = 2 * n;
	if (f->room < 2 * n_words * WORD_BITS / NAME_BITS)
		f->room = 2 * n_words * WORD_BITS / NAME_BITS;
	for (size_t i = 0; i < n; i++)
		*word(f, hash[i]) |= bits(hash[i]);
	s->total.filled[of] = ++f->filled;
	return BERTH_OK;
}

/* ---- what there is, counted on the way: by functions of SQL, for row by row it takes a third longer */

struct store_filling {
	struct berth_buf hashes;
	int64_t *out;
};

static struct store_filling *name(sqlite3_context *c, sqlite3_value **v)
{
	struct store_filling *f = ((struct berth_store *)sqlite3_user_data(c))->filling;
	const void *a = sqlite3_value_blob(v[0]), *b = sqlite3_value_blob(v[1]);
	uint64_t hash = store_filter_hash(a, (size_t)sqlite3_value_bytes(v[0]), b, (size_t)sqlite3_value_bytes(v[1]));

	berth_buf_put(&f->hashes, &hash, sizeof(hash));
	f->out[0]++;
	return f;
}

static void name_record(sqlite3_context *c, int n, sqlite3_value **v)
{
	int64_t *out = name(c, v)->out, len = sqlite3_value_int64(v[2]), guest = sqlite3_value_int64(v[3]);

	(void)n;
	out[1] += len;
	if (guest == 0)		/* NULL */
		return;
	out[2]++;
	out[3] += len;
	if (out[4] < guest)
		out[4] = guest;
}

static void name_id(sqlite3_context *c, int n, sqlite3_value **v)
{
	int64_t *out = name(c, v)->out, seq = sqlite3_value_int64(v[2]), seen_s = sqlite3_value_int64(v[3]);

	(void)n;
	if (out[1] < seq)
		out[1] = seq;
	if (out[0] == 1 || seen_s < out[2])
		out[2] = seen_s;
}

enum berth_err store_filter_watch(struct berth_store *s)
{
	int how = SQLITE_UTF8 | SQLITE_DIRECTONLY;
	int rc = sqlite3_create_function(s->db, "name_record", 4, how, s, name_record, NULL, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(s->db, "name_id", 4, how, s, name_id, NULL, NULL);
	return rc == SQLITE_OK ? BERTH_OK : store_sqlite(s, rc, "functions");
}

enum berth_err store_filter_fill(struct berth_store *s, enum store_filter_of of, int64_t out[STORE_FILTER_COUNTS])
{
	struct store_filling f = { .out = out };
	enum berth_err rc;

	memset(out, 0, STORE_FILTER_COUNTS * sizeof(*out));
	s->filling = &f;
	/* They answer NULL: there is no such row. */
	rc = store_run(s, of == STORE_RECORDS ? "SELECT 0 FROM rec WHERE name_record(ns, key, length(val), guest)"
					      : "SELECT 0 FROM inbox WHERE name_id(sender, id, seq, seen_s)", "");
	s->filling = NULL;
	if (!rc && !(rc = berth_buf_status(&f.hashes)))
		rc = fill(s, of, &f.hashes);
	berth_buf_free(&f.hashes);
	return rc;
}

enum berth_err store_filter_renew(struct berth_store *s)
{
	int64_t counts[STORE_FILTER_COUNTS];
	enum berth_err rc = BERTH_OK;

	for (enum store_filter_of of = 0; of < STORE_FILTERS && !rc; of++)
		if (!holds(s, of))
			rc = store_filter_fill(s, of, counts);
	return rc;
}
