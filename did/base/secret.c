/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/secret.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* sodium_malloc() locks the pages and keeps them out of core files; a forked child is
 * to find zeros in them.  p lies within one mapping, at its end. */
static void not_for_children(uint8_t *p, size_t len)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = (uintptr_t)p & ~(page - 1);
	uintptr_t end = ((uintptr_t)p + len + page - 1) & ~(page - 1);

	madvise((void *)first, end - first, MADV_WIPEONFORK);
}

struct berth_secret *berth_secret_new(size_t len)
{
	struct berth_secret *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->b = sodium_malloc(len);
	if (!s->b) {
		free(s);
		return NULL;
	}
	s->len = len;
	not_for_children(s->b, len);
	memset(s->b, 0, len);
	return s;
}

void berth_secret_free(struct berth_secret *s)
{
	if (!s)
		return;
	sodium_free(s->b);
	free(s);
}

void berth_wipe(void *p, size_t len) { explicit_bzero(p, len); }

bool berth_equal_ct(const void *a, const void *b, size_t len)
{
	return sodium_memcmp(a, b, len) == 0;
}

void berth_crypto_init(void)
{
	if (sodium_init() < 0)
		abort();
}
