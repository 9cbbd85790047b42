/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "did/base/secret.h"

static void wipe(struct berth_buf *b)
{
	if (b->top)
		berth_wipe(b->p, b->top);
	b->top = 0;
}

void berth_buf_free(struct berth_buf *b)
{
	wipe(b);
	free(b->p);
	*b = (struct berth_buf)BERTH_BUF_INIT;
}

void berth_buf_reset(struct berth_buf *b)
{
	wipe(b);
	if (b->p)
		b->p[0] = '\0';
	b->len = 0;
	b->bad = false;
}

/* realloc() would leave the old bytes behind */
static bool move(struct berth_buf *b, size_t cap)
{
	uint8_t *p = malloc(cap);

	if (!p)
		return false;
	if (b->len)
		memcpy(p, b->p, b->len);
	wipe(b);
	free(b->p);
	b->p = p;
	b->cap = cap;
	b->top = (uint32_t)b->len;
	return true;
}

#define CAP_MIN 64u		/* all are powers of two */

static bool make_room(struct berth_buf *b, size_t n)
{
	size_t len = b->len + n, cap;

	if (b->bad || n > BERTH_BUF_MAX || len > BERTH_BUF_MAX) {
		b->bad = true;
		return false;
	}
	cap = (size_t)2 << (63 - __builtin_clzll(len | CAP_MIN / 2));	/* what comes above it */
	if (cap > b->cap && !move(b, cap))
		b->bad = true;
	return !b->bad;
}

/* one byte more than asked for, for the NUL */
static inline bool has_room(const struct berth_buf *b, size_t n) { return !b->bad && n < b->cap - b->len; }
static inline bool reserve(struct berth_buf *b, size_t n) { return has_room(b, n) || make_room(b, n); }

void berth_buf_room(struct berth_buf *b, size_t n) { reserve(b, n); }

_Static_assert(2 * BERTH_BUF_MAX <= UINT32_MAX, "cap, and so len, fits top");

/* There is room for them. */
static inline void count(struct berth_buf *b, size_t n)
{
	b->len += n;
	if (b->top < b->len)
		b->top = (uint32_t)b->len;
}

static uint8_t *take(struct berth_buf *b, size_t n)
{
	uint8_t *at = b->p + b->len;

	count(b, n);
	b->p[b->len] = '\0';
	return at;
}

/* Apart, so that most saves no registers for it. */
static __attribute__((noinline)) uint8_t *grow_more(struct berth_buf *b, size_t n)
{
	return make_room(b, n) ? take(b, n) : NULL;
}

uint8_t *berth_buf_grow(struct berth_buf *b, size_t n)
{
	return has_room(b, n) ? take(b, n) : grow_more(b, n);
}

void berth_buf_put(struct berth_buf *b, const void *p, size_t n)
{
	uint8_t *at = berth_buf_grow(b, n);

	if (at && n)
		memcpy(at, p, n);
}

static void be(struct berth_buf *b, uint64_t v, size_t n)
{
	uint8_t *at = berth_buf_grow(b, n);

	for (size_t i = 0; at && i < n; i++)
		at[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

void berth_buf_u8(struct berth_buf *b, uint8_t v)
{
	uint8_t *at = berth_buf_grow(b, 1);

	if (at)
		*at = v;
}

void berth_buf_be16(struct berth_buf *b, uint16_t v) { be(b, v, 2); }
void berth_buf_be32(struct berth_buf *b, uint32_t v) { be(b, v, 4); }
void berth_buf_be64(struct berth_buf *b, uint64_t v) { be(b, v, 8); }
void berth_buf_str(struct berth_buf *b, const char *s) { berth_buf_put(b, s, strlen(s)); }

void berth_buf_printf(struct berth_buf *b, const char *fmt, ...)
{
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);

	if (n < 0)
		b->bad = true;
	else if (reserve(b, (size_t)n)) {
		vsnprintf((char *)b->p + b->len, (size_t)n + 1, fmt, again);
		count(b, (size_t)n);
	}
	va_end(again);
	va_end(ap);
}

static void vec(struct berth_buf *b, const void *p, size_t n, size_t len_size)
{
	if (n >> (8 * len_size)) {
		b->bad = true;
		return;
	}
	be(b, n, len_size);
	berth_buf_put(b, p, n);
}

void berth_buf_vec16(struct berth_buf *b, const void *p, size_t n) { vec(b, p, n, 2); }
void berth_buf_vec32(struct berth_buf *b, const void *p, size_t n) { vec(b, p, n, 4); }
void berth_buf_str16(struct berth_buf *b, const char *s) { vec(b, s, strlen(s), 2); }

enum berth_err berth_buf_status(const struct berth_buf *b)
{
	return b->bad ? berth_no_memory() : BERTH_OK;
}

char *berth_buf_take_str(struct berth_buf *b)
{
	char *s;

	if (!b->p)
		reserve(b, 0);
	if (b->bad) {
		berth_buf_free(b);
		return NULL;
	}
	b->p[b->len] = '\0';
	s = (char *)b->p;
	*b = (struct berth_buf)BERTH_BUF_INIT;
	return s;
}
