/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/alloc.h"

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "tests/check.h"

/* Every test program is linked with --wrap for these, see tests/rules.mk. */
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t each);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t each);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);

static _Thread_local long left = -1;	/* allocations until the one that fails; < 0: none does */

static bool fails(void)
{
	return left >= 0 && left-- == 0;
}

void *__wrap_malloc(size_t n) { return fails() ? NULL : __real_malloc(n); }
void *__wrap_calloc(size_t n, size_t each) { return fails() ? NULL : __real_calloc(n, each); }
void *__wrap_realloc(void *p, size_t n) { return fails() ? NULL : __real_realloc(p, n); }
char *__wrap_strdup(const char *s) { return fails() ? NULL : __real_strdup(s); }
char *__wrap_strndup(const char *s, size_t n) { return fails() ? NULL : __real_strndup(s, n); }

static void *hook_malloc(size_t n) { return malloc(n); }
static void hook_free(void *p) { free(p); }

long test_every_allocation_fails(enum berth_err (*fn)(void *arg), void *arg)
{
	cJSON_Hooks hooks = { .malloc_fn = hook_malloc, .free_fn = hook_free };
	enum berth_err rc;
	bool failed;
	long n = 0;

	cJSON_InitHooks(&hooks);
	do {
		left = n++;
		rc = fn(arg);
		failed = left < 0;
		left = -1;
		CHECK_RC(failed ? BERTH_E_NOMEM : BERTH_OK, rc);
	} while (failed);
	cJSON_InitHooks(NULL);
	return n - 1;
}
