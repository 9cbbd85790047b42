/* SPDX-License-Identifier: Apache-2.0 */
#include "did/codec/jcs.h"

#include <stdlib.h>
#include <string.h>

#include "did/base/utf8.h"

#define ROOM 1024	/* to begin with; the C library keeps blocks up to this size at hand */

#define FEW 16	/* members, as most objects have */

struct edits {
	const struct berth_jcs_edit *e;
	size_t n;
};

static enum berth_err canonical(struct berth_buf *out, const struct berth_json *v);

static const struct berth_jcs_edit *edit_of(const struct edits *edits, const struct berth_json *member)
{
	for (size_t i = 0; i < edits->n; i++)
		if (!strcmp(edits->e[i].key, berth_json_key(member)))
			return &edits->e[i];
	return NULL;
}

/* RFC 8785 3.2.3: member names compare "as arrays of UTF-16 code units".  That is
 * the order of code points, but for the surrogates of characters above U+FFFF,
 * which come before U+E000. */
static uint32_t utf16_rank(uint32_t cp)
{
	if (cp >= 0x10000)
		return 0xd800 + cp;		/* 0x1d800 and up */
	return cp < 0xd800 ? cp : cp + 0x200000;	/* above all of these */
}

static int by_utf16(const void *pa, const void *pb)
{
	const char *a = berth_json_key(*(const struct berth_json *const *)pa);
	const char *b = berth_json_key(*(const struct berth_json *const *)pb), *start = b;
	uint32_t ca = 0, cb = 0;

	while (*a && *a == *b) {
		a++;
		b++;
	}
	if (!*a || !*b || !((*a | *b) & 0x80))
		return (unsigned char)*a - (unsigned char)*b;
	/* the first byte that differs may stand inside a character, as many bytes
	 * into the one as into the other */
	while (b > start && ((*a & 0xc0) == 0x80 || (*b & 0xc0) == 0x80)) {
		a--;
		b--;
	}
	berth_utf8_next(a, strlen(a), &ca);
	berth_utf8_next(b, strlen(b), &cb);
	return utf16_rank(ca) < utf16_rank(cb) ? -1 : 1;
}

/* Few are in their places before the C library's sort has begun. */
static void sort(const struct berth_json **m, size_t n)
{
	if (n > FEW) {
		qsort(m, n, sizeof(*m), by_utf16);
		return;
	}
	for (size_t i = 1; i < n; i++) {
		const struct berth_json *v = m[i];
		size_t at = i;

		for (; at > 0 && by_utf16(&m[at - 1], &v) > 0; at--)
			m[at] = m[at - 1];
		m[at] = v;
	}
}

static enum berth_err members(struct berth_buf *out, const struct berth_json **sorted, size_t n,
			      const struct edits *edits)
{
	const struct berth_jcs_edit *e;
	enum berth_err rc = BERTH_OK;

	sort(sorted, n);
	for (size_t i = 0; i < n && !rc; i++) {
		berth_json_print_name(out, i > 0, sorted[i]);
		e = edit_of(edits, sorted[i]);
		rc = canonical(out, e ? e->value : sorted[i]);
	}
	return rc;
}

static enum berth_err object(struct berth_buf *out, const struct berth_json *v, const struct edits *edits)
{
	size_t n = berth_json_len(v), i = 0;
	const struct berth_json *few[FEW], **sorted = n <= FEW ? few : calloc(n, sizeof(*sorted));
	enum berth_err rc;

	if (!sorted)
		return berth_fail(BERTH_E_NOMEM, "jcs: %zu members", n);
	berth_json_each(m, v) {
		const struct berth_jcs_edit *e = edit_of(edits, m);

		if (!e || e->value)
			sorted[i++] = m;
	}
	berth_buf_u8(out, '{');
	rc = members(out, sorted, i, edits);
	berth_buf_u8(out, '}');
	if (sorted != few)
		free(sorted);
	return rc;
}

static enum berth_err array(struct berth_buf *out, const struct berth_json *v)
{
	enum berth_err rc = BERTH_OK;

	berth_buf_u8(out, '[');
	berth_json_each(it, v) {
		if (it != berth_json_first(v))
			berth_buf_u8(out, ',');
		rc = canonical(out, it);
		if (rc)
			return rc;
	}
	berth_buf_u8(out, ']');
	return rc;
}

static enum berth_err canonical(struct berth_buf *out, const struct berth_json *v)
{
	static const struct edits none = { NULL, 0 };

	switch (berth_json_kind(v)) {
	case BERTH_JSON_OBJECT: return object(out, v, &none);
	case BERTH_JSON_ARRAY: return array(out, v);
	default: return berth_json_print(out, v);
	}
}

enum berth_err berth_jcs(struct berth_buf *out, const struct berth_json *v)
{
	enum berth_err rc;

	if (!out->cap)
		berth_buf_room(out, ROOM - 1);
	rc = canonical(out, v);
	return rc ? rc : berth_buf_status(out);
}

enum berth_err berth_jcs_edited(struct berth_buf *out, const struct berth_json *obj,
				const struct berth_jcs_edit *edits, size_t n)
{
	const struct edits e = { edits, n };
	enum berth_err rc = object(out, obj, &e);

	return rc ? rc : berth_buf_status(out);
}
