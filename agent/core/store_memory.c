/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's memory.  Each statement that is run takes and gives back the same few blocks, and Debian's
 * SQLite, which has no lookaside, counts each of them under a lock and asks the C library for it.  Here
 * a small block that was given back waits in its thread for the next that is as long, and only what
 * comes from the C library or goes back there is counted. */
#include "agent/core/store_internal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "did/base/sanitized.h"

#define STEP 16			/* of lengths; with its head a block is what the C library's are, without a gap */
#define SMALL_MAX 1024
#define KEPT_MAX ((size_t)32 << 10)	/* octets of blocks that wait in one thread */

/* Before each block; SQLite aligns by 8. */
struct head {
	size_t n;		/* octets behind it, a multiple of STEP */
};

/* Blocks that wait, by n / STEP; each begins with the address of the next. */
static _Thread_local struct waiting {
	void *first[SMALL_MAX / STEP + 1];
	size_t octets;
} waiting;

static pthread_key_t ending;
static bool ours;		/* SQLite has taken these functions */
static atomic_size_t most, taken;	/* of octets, from the C library */

static struct head *head_of(void *p) { return (struct head *)p - 1; }

static int rounded(int n) { return (n + STEP - 1) & -STEP; }

static bool count(size_t n)
{
	if (atomic_fetch_add(&taken, n) + n <= atomic_load(&most))
		return true;
	atomic_fetch_sub(&taken, n);
	return false;
}

static void *take_new(size_t n)
{
	const size_t all = sizeof(struct head) + n;
	struct head *h = NULL;

	if (!count(all))
		return NULL;
	if (!(h = malloc(all))) {
		atomic_fetch_sub(&taken, all);
		return NULL;
	}
	h->n = n;
	return h + 1;
}

static void give_back(void *p)
{
	atomic_fetch_sub(&taken, sizeof(struct head) + head_of(p)->n);
	free(head_of(p));
}

/* In the thread that ends, whose blocks nobody else can find. */
static void forget(void *of)
{
	struct waiting *w = of;

	for (size_t i = 0; i <= SMALL_MAX / STEP; i++)
		for (void *p; (p = w->first[i]);) {
			memcpy(&w->first[i], p, sizeof(p));
			give_back(p);
		}
	w->octets = 0;
}

static void *take(int want)
{
	const size_t n = (size_t)rounded(want);
	void *p;

	if (n > SMALL_MAX || !(p = waiting.first[n / STEP]))
		return take_new(n);
	memcpy(&waiting.first[n / STEP], p, sizeof(p));
	waiting.octets -= n;
	return p;
}

static void give(void *p)
{
	const size_t n = head_of(p)->n;

	if (n > SMALL_MAX || waiting.octets + n > KEPT_MAX || (waiting.octets == 0 && pthread_setspecific(ending, &waiting))) {
		give_back(p);
		return;
	}
	memcpy(p, &waiting.first[n / STEP], sizeof(p));
	waiting.first[n / STEP] = p;
	waiting.octets += n;
}

static int size(void *p) { return p ? (int)head_of(p)->n : 0; }

static void *change(void *p, int want)
{
	void *q;

	if (size(p) == rounded(want))
		return p;
	if (!(q = take(want)))
		return NULL;
	memcpy(q, p, (size_t)(size(p) < want ? size(p) : want));
	give(p);
	return q;
}

static int begin(void *unused)
{
	(void)unused;
	return SQLITE_OK;
}

static void end(void *unused) { (void)unused; }

static void set(void)
{
	static const sqlite3_mem_methods methods = { .xMalloc = take, .xFree = give, .xRealloc = change, .xSize = size,
		.xRoundup = rounded, .xInit = begin, .xShutdown = end };

	/* A sanitizer is to see SQLite's own blocks; who has used it already goes on as he began. */
	ours = !BERTH_SANITIZED && !pthread_key_create(&ending, forget) &&
	       sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK &&
	       sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK;
}

void store_memory_begin(size_t octets)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	atomic_store(&most, octets);
	pthread_once(&once, set);
	if (!ours)
		sqlite3_hard_heap_limit64((sqlite3_int64)octets);
}
