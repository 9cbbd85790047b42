/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/json_home.h"

#include <stdlib.h>

#include "did/base/buf.h"
#include "did/base/sanitized.h"
#include "did/base/secret.h"

/* The address sanitizer is to see what has not been taken yet, has been left, or lies between. */
#if BERTH_SANITIZED
#include <sanitizer/asan_interface.h>
#define GAP 16
#define hide(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define show(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define GAP 0
#define hide(p, n) ((void)(p), (void)(n))
#define show(p, n) ((void)(p), (void)(n))
#endif

#define ALIGN 8u	/* for pointers and doubles */
#define ROUNDING (4 * (GAP + ALIGN))	/* of the home, and of a value with name and text */

struct part {
	struct part *before;
	size_t size, used;	/* bytes, with this head */
};

/* It lies in its own first part. */
struct berth_json_home {
	struct part *last;
	size_t values;
};

static struct part *new_part(size_t room)
{
	size_t size = room + sizeof(struct part);
	struct part *p = room <= 2 * BERTH_BUF_MAX ? malloc(size) : NULL;

	if (!p)
		return NULL;
	*p = (struct part){ .size = size, .used = sizeof(*p) };
	hide(p + 1, size - sizeof(*p));
	return p;
}

static size_t rounded(size_t n) { return (n + GAP + ALIGN - 1) / ALIGN * ALIGN; }

static void *take(struct part *p, size_t n)
{
	char *at = (char *)p + p->used;

	show(at, n);
	p->used += rounded(n);
	return at;
}

struct berth_json_home *berth_json_home_new(size_t room)
{
	struct part *first = new_part(room + sizeof(struct berth_json_home) + ROUNDING);
	struct berth_json_home *home;

	if (!first)
		return NULL;
	home = take(first, sizeof(*home));
	home->last = first;
	home->values = 0;
	return home;
}

/* Apart, so that most saves no registers for it. */
static __attribute__((noinline)) void *take_more(struct berth_json_home *home, size_t n)
{
	struct part *p = new_part(rounded(n) < BERTH_JSON_HOME_ROOM ? BERTH_JSON_HOME_ROOM : rounded(n));

	if (!p)
		return NULL;
	p->before = home->last;
	home->last = p;
	return take(p, n);
}

bool berth_json_home_has(const struct berth_json_home *home, size_t n)
{
	const struct part *p = home->last;

	return n < p->size && rounded(n) <= p->size - p->used;
}

void *berth_json_home_take(struct berth_json_home *home, size_t n)
{
	return berth_json_home_has(home, n) ? take(home->last, n) : take_more(home, n);
}

void berth_json_home_enter(struct berth_json_home *home) { home->values++; }

void berth_json_home_free(struct berth_json_home *home)
{
	struct part *before;

	for (struct part *p = home ? home->last : NULL; p; p = before) {	/* the home's own is the last */
		before = p->before;
		show(p, p->size);
		berth_wipe(p, p->used);
		free(p);
	}
}

void berth_json_home_leave(struct berth_json_home *home, void *value, size_t n)
{
	if (--home->values)
		hide(value, n);
	else
		berth_json_home_free(home);
}
