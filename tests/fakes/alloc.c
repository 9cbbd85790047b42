/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/alloc.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "did/base/json_home.h"
#include "tests/check.h"

/* Every test program is linked with --wrap for these, see tests/rules.mk. */
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t each);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void __real_free(void *p);
void *__real_berth_json_home_take(struct berth_json_home *home, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t each);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);
void __wrap_free(void *p);
void *__wrap_berth_json_home_take(struct berth_json_home *home, size_t n);

static _Thread_local long left = -1;	/* allocations until the one that fails; < 0: none does */

static bool fails(void)
{
	return left >= 0 && left-- == 0;
}

static _Thread_local size_t too_large = SIZE_MAX, refused;

void test_refuse_blocks(size_t n)
{
	too_large = n;
	refused = 0;
}

size_t test_refused_blocks(void) { return refused; }

void *__wrap_malloc(size_t n)
{
	if (n >= too_large) {
		refused++;
		return NULL;
	}
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t each) { return fails() ? NULL : __real_calloc(n, each); }
void *__wrap_realloc(void *p, size_t n) { return fails() ? NULL : __real_realloc(p, n); }
char *__wrap_strdup(const char *s) { return fails() ? NULL : __real_strdup(s); }
char *__wrap_strndup(const char *s, size_t n) { return fails() ? NULL : __real_strndup(s, n); }

/* Few of these ask the C library, but any of them may be the one. */
void *__wrap_berth_json_home_take(struct berth_json_home *home, size_t n)
{
	return fails() ? NULL : __real_berth_json_home_take(home, n);
}

static _Thread_local const char *watched;
static _Thread_local size_t seen;

void __wrap_free(void *p)
{
	if (p && watched && memmem(p, malloc_usable_size(p), watched, strlen(watched)))
		seen++;
	__real_free(p);
}

void test_watch_frees(const char *text)
{
	watched = text;
	seen = 0;
}

size_t test_freed_with_it(void) { return seen; }

long test_every_allocation_fails(enum berth_err (*fn)(void *arg), void *arg)
{
	enum berth_err rc;
	bool failed;
	long n = 0;

	do {
		left = n++;
		rc = fn(arg);
		failed = left < 0;
		left = -1;
		CHECK_RC(failed ? BERTH_E_NOMEM : BERTH_OK, rc);
	} while (failed);
	return n - 1;
}
