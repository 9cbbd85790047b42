/* SPDX-License-Identifier: Apache-2.0 */
#include "did/doc_memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 256	/* of places whose DIDs end alike */

/* One DID: its document and that of its short form.  An empty place has neither. */
struct place {
	struct berth_did_doc *doc[2];
	size_t len;		/* of the long DID, which doc[0] has */
	uint64_t end;		/* its last bytes, which are those of few others */
	uint16_t next;		/* in its row */
	bool used;		/* since it last could have given way */
};

/* Places are counted from 1 in rows; 0 ends one. */
struct memory {
	size_t n, hand;		/* hand: who is to give way, if nobody has used it */
	uint16_t row[ROWS];
	struct place place[];
};

static size_t more_dids;	/* of a thread, than BERTH_DOC_MEMORY_DIDS */
static pthread_key_t lately;
static bool have_lately;

/* Multiplied by an odd number without a pattern, the upper bits depend on all of them. */
static uint16_t *row(struct memory *m, uint64_t end)
{
	return &m->row[end * 0x9e3779b97f4a7c15u >> 56];
}

static void clear(struct memory *m, struct place *p)
{
	const uint16_t me = (uint16_t)(p - m->place + 1);

	for (uint16_t *at = row(m, p->end); *at; at = &m->place[*at - 1].next)
		if (*at == me) {
			*at = p->next;
			break;
		}
	for (size_t i = 0; i < 2; i++)
		berth_did_doc_free(p->doc[i]);
	*p = (struct place){ .len = 0 };
}

static void forget(struct memory *m)
{
	for (size_t i = 0; m && i < m->n; i++)
		clear(m, &m->place[i]);
}

static void end_of_thread(void *memory)
{
	forget(memory);
	free(memory);
}

static void init(void)
{
	have_lately = pthread_key_create(&lately, end_of_thread) == 0;
}

void berth_doc_memory_dids(size_t dids)
{
	dids = dids > BERTH_DOC_MEMORY_DIDS_MAX ? BERTH_DOC_MEMORY_DIDS_MAX : dids;
	more_dids = dids > BERTH_DOC_MEMORY_DIDS ? dids - BERTH_DOC_MEMORY_DIDS : 0;
}

/* This thread's; NULL: it has none yet. */
static struct memory *mine(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, init);
	return have_lately ? pthread_getspecific(lately) : NULL;
}

static struct memory *mine_or_new(void)
{
	const size_t n = BERTH_DOC_MEMORY_DIDS + more_dids;
	struct memory *m = mine();

	if (m || !have_lately || !(m = calloc(1, sizeof(*m) + n * sizeof(m->place[0]))))
		return m;
	m->n = n;
	if (pthread_setspecific(lately, m)) {
		free(m);
		return NULL;
	}
	return m;
}

/* 0: no DID is so short, or it is too long. */
static size_t length(const char *did, uint64_t *end)
{
	size_t n = did ? strnlen(did, BERTH_DOC_MEMORY_TEXT_MAX + 1) : 0;

	if (n < sizeof(*end) || n > BERTH_DOC_MEMORY_TEXT_MAX)
		return 0;
	memcpy(end, did + n - sizeof(*end), sizeof(*end));
	return n;
}

static struct place *find(struct memory *m, const char *did, size_t n, uint64_t end)
{
	for (uint16_t at = *row(m, end); at; at = m->place[at - 1].next) {
		struct place *p = &m->place[at - 1];

		if (p->len == n && p->end == end && memcmp(p->doc[0]->id, did, n) == 0)
			return p;
	}
	return NULL;
}

bool berth_doc_recall(struct berth_did_doc **out, const char *long_did, bool as_short)
{
	struct memory *m = mine();
	uint64_t end;
	size_t n = m ? length(long_did, &end) : 0;
	struct place *p = n ? find(m, long_did, n, end) : NULL;

	if (!p || !p->doc[as_short])
		return false;
	p->used = true;
	*out = berth_did_doc_share(p->doc[as_short]);
	return true;
}

static struct place *give_way(struct memory *m)
{
	struct place *p;

	for (;; p->used = false) {
		p = &m->place[m->hand++ % m->n];
		if (!p->used)
			break;
	}
	clear(m, p);
	return p;
}

static struct place *place_for(struct memory *m, struct berth_did_doc *whole, size_t n, uint64_t end)
{
	struct place *p = find(m, whole->id, n, end);
	uint16_t *first = row(m, end);

	if (p)
		return p;
	p = give_way(m);
	*p = (struct place){ .doc = { berth_did_doc_share(whole) }, .len = n, .end = end, .next = *first };
	*first = (uint16_t)(p - m->place + 1);
	return p;
}

enum berth_err berth_doc_remember(struct berth_did_doc *doc)
{
	struct berth_did_doc *whole = doc->whole ? doc->whole : doc;
	uint64_t end;
	size_t n = doc->describe ? length(whole->id, &end) : 0;
	struct memory *m;
	struct place *p;

	if (n == 0)
		return BERTH_OK;
	if (!(m = mine_or_new()))
		return berth_no_memory();
	p = place_for(m, whole, n, end);
	if (!p->doc[doc != whole])
		p->doc[doc != whole] = berth_did_doc_share(doc);
	return BERTH_OK;
}

void berth_doc_forget(void)
{
	forget(mine());
}
