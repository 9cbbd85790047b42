/* SPDX-License-Identifier: Apache-2.0 */
#include "did/peer_memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* An empty place has no did, and was never used. */
struct place {
	char *did;
	size_t len;
	uint64_t end;		/* the last bytes of did, which are those of few others */
	uint64_t used;
	bool as_short;
	struct berth_did_doc *doc;
};

struct memory {
	size_t n;
	uint64_t uses;
	struct place place[];
};

static size_t more_docs;	/* of a thread, than BERTH_PEER_MEMORY_DOCS */
static pthread_key_t lately;
static bool have_lately;

static void clear(struct place *p)
{
	free(p->did);
	berth_did_doc_free(p->doc);
	*p = (struct place){ .did = NULL };
}

static void forget(struct memory *m)
{
	for (size_t i = 0; m && i < m->n; i++)
		clear(&m->place[i]);
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

void berth_peer_memory_docs(size_t docs)
{
	docs = docs > BERTH_PEER_MEMORY_DOCS_MAX ? BERTH_PEER_MEMORY_DOCS_MAX : docs;
	more_docs = docs > BERTH_PEER_MEMORY_DOCS ? docs - BERTH_PEER_MEMORY_DOCS : 0;
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
	const size_t n = BERTH_PEER_MEMORY_DOCS + more_docs;
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
	size_t n = did ? strnlen(did, BERTH_PEER_MEMORY_DID_MAX + 1) : 0;

	if (n < sizeof(*end) || n > BERTH_PEER_MEMORY_DID_MAX)
		return 0;
	memcpy(end, did + n - sizeof(*end), sizeof(*end));
	return n;
}

bool berth_peer_recall(struct berth_did_doc **out, const char *long_did, bool as_short)
{
	struct memory *m = mine();
	uint64_t end;
	size_t n = m ? length(long_did, &end) : 0;

	for (size_t i = 0; n && i < m->n; i++) {
		struct place *p = &m->place[i];

		if (p->len != n || p->end != end || p->as_short != as_short || memcmp(p->did, long_did, n) != 0)
			continue;
		p->used = ++m->uses;
		*out = berth_did_doc_share(p->doc);
		return true;
	}
	return false;
}

static struct place *oldest(struct memory *m)
{
	struct place *p = m->place;

	for (size_t i = 1; i < m->n; i++)
		if (m->place[i].used < p->used)
			p = &m->place[i];
	return p;
}

enum berth_err berth_peer_remember(struct berth_did_doc *doc, const char *long_did, bool as_short)
{
	uint64_t end;
	size_t n = length(long_did, &end);
	struct memory *m;
	struct place *p;
	char *did;

	if (n == 0)
		return BERTH_OK;
	if (!(m = mine_or_new()) || !(did = strdup(long_did)))
		return berth_fail(BERTH_E_NOMEM, "did:peer");
	clear(p = oldest(m));
	*p = (struct place){ .did = did, .len = n, .end = end, .used = ++m->uses, .as_short = as_short,
			     .doc = berth_did_doc_share(doc) };
	return BERTH_OK;
}

void berth_peer_forget(void)
{
	forget(mine());
}
