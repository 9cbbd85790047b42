/* SPDX-License-Identifier: Apache-2.0 */
/* The records that were read or written last: what one message does asks for the same few again
 * and again, and so do the messages of one device, which come between those of a hundred others.
 * Nothing is here that the file does not say at this moment: whoever writes a record notes it, and
 * what was noted since goes where something is taken back. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/store_internal.h"
#include "did/base/secret.h"
#include "did/base/shorthash.h"

#define LEN_MAX ((size_t)16 << 10)	/* of a value */
/* Of all: an eighth of what all records are, so that an owner has those of the devices it talks to;
 * a small device has few, and nearly all of them. */
#define PART 8
#define OCTETS_MIN ((size_t)48 << 10)
#define OCTETS_MAX ((size_t)2 << 20)

/* In the order they were noted, and each in a chain of those whose hashes end alike: of the key,
 * which is what names mostly differ in. */
struct store_recent {
	struct store_recent *next;
	struct store_recent *older, *newer;
	uint64_t hash, noted;
	bool asked;		/* since it was noted */
	size_t n;		/* octets of all of it */
	struct store_record rec;	/* p is in text */
	size_t ns;		/* where that is in text, behind the key */
	char text[];
};

static size_t octets_max(const struct berth_store *s)
{
	size_t n = s->total.known && s->total.rec_bytes > 0 ? (size_t)s->total.rec_bytes / PART : 0;

	return n < OCTETS_MIN ? OCTETS_MIN : n > OCTETS_MAX ? OCTETS_MAX : n;
}

static struct store_recent **chain(struct store_recents *all, uint64_t h) { return &all->chains[h % STORE_RECENT_CHAINS]; }

static struct store_recent *find(struct store_recents *all, uint64_t h, const char *ns, const char *key)
{
	struct store_recent *r = *chain(all, h);

	while (r && (r->hash != h || strcmp(r->text, key) != 0 || strcmp(r->text + r->ns, ns) != 0))
		r = r->next;
	return r;
}

const struct store_record *store_recent_find(struct berth_store *s, const char *ns, const char *key)
{
	struct store_recent *r = find(&s->recent, berth_shorthash(key), ns, key);

	if (!r)
		return NULL;
	r->asked = true;
	return &r->rec;
}

/* ---- order */
static void unlink_from_order(struct store_recents *all, struct store_recent *r)
{
	*(r->older ? &r->older->newer : &all->oldest) = r->newer;
	*(r->newer ? &r->newer->older : &all->newest) = r->older;
}

static void put_in_order(struct berth_store *s, struct store_recent *r)
{
	struct store_recents *all = &s->recent;

	r->noted = ++s->total.noted;
	r->asked = false;
	r->older = all->newest;
	r->newer = NULL;
	*(all->newest ? &all->newest->newer : &all->oldest) = r;
	all->newest = r;
}

static void forget(struct store_recents *all, struct store_recent *r)
{
	struct store_recent **at = chain(all, r->hash);

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	unlink_from_order(all, r);
	all->octets -= r->n;
	berth_wipe(r, r->n);
	free(r);
}

/* The oldest go, but for those that were asked for: they count as noted just now. */
static void make_room(struct berth_store *s, size_t n)
{
	struct store_recents *all = &s->recent;
	size_t most = octets_max(s);

	while (all->oldest && all->octets + n > most) {
		struct store_recent *r = all->oldest;

		if (!r->asked) {
			forget(all, r);
			continue;
		}
		unlink_from_order(all, r);
		put_in_order(s, r);
	}
}

/* ---- noting */
static void add(struct berth_store *s, uint64_t h, const char *ns, const char *key, const struct store_record *rec)
{
	size_t n_key = strlen(key) + 1, n_ns = strlen(ns) + 1, n = sizeof(struct store_recent) + n_key + n_ns + rec->n;
	struct store_recent *r;

	make_room(s, n);
	if (!(r = malloc(n)))
		return;		/* the file knows it */
	*r = (struct store_recent){ .next = *chain(&s->recent, h), .hash = h, .n = n, .rec = *rec, .ns = n_key };
	memcpy(r->text, key, n_key);
	memcpy(r->text + n_key, ns, n_ns);
	if (rec->n)
		memcpy(r->text + n_key + n_ns, rec->p, rec->n);
	r->rec.p = r->text + n_key + n_ns;
	*chain(&s->recent, h) = r;
	s->recent.octets += n;
	put_in_order(s, r);
}

void store_recent_note(struct berth_store *s, const char *ns, const char *key, const struct store_record *rec)
{
	uint64_t h = berth_shorthash(key);
	struct store_recent *r = find(&s->recent, h, ns, key);

	if (r)
		forget(&s->recent, r);
	if (rec->n <= LEN_MAX)
		add(s, h, ns, key, rec);
}

/* ---- forgetting */
void store_recent_back(struct berth_store *s, uint64_t noted)
{
	while (s->recent.newest && s->recent.newest->noted > noted)
		forget(&s->recent, s->recent.newest);
}

void store_recent_clear(struct berth_store *s)
{
	while (s->recent.newest)
		forget(&s->recent, s->recent.newest);
}
