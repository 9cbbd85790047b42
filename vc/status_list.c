/* SPDX-License-Identifier: Apache-2.0 */
#include "vc/status_list.h"

#include <stdlib.h>
#include <string.h>

#include "did/codec/base64url.h"

static enum berth_err bad(const char *what)
{
	return berth_fail(BERTH_E_STATUS, "status list: %s", what);
}

static bool is_width(enum berth_status_kind kind, unsigned bits)
{
	if (kind == BERTH_STATUS_TOKEN)
		return bits == 1 || bits == 2 || bits == 4 || bits == 8;
	return bits >= 1 && bits <= 8 && (kind == BERTH_STATUS_BITSTRING || bits == 1);
}

static enum berth_err check_length(const struct berth_status_list *l)
{
	if (l->kind != BERTH_STATUS_TOKEN && berth_status_list_entries(l) < BERTH_STATUS_ENTRIES_MIN)
		return bad("fewer than 131,072 entries");
	return BERTH_OK;
}

enum berth_err berth_status_list_new(struct berth_status_list *l, enum berth_status_kind kind, unsigned bits,
				     size_t entries)
{
	enum berth_err rc;

	memset(l, 0, sizeof(*l));
	if (!is_width(kind, bits))
		return bad("entries of no such width");
	if (entries == 0 || entries > BERTH_STATUS_BYTES_MAX * 8 / bits)
		return berth_fail(BERTH_E_SIZE, "status list of %zu entries", entries);
	l->kind = kind;
	l->bits = bits;
	l->len = (entries * bits + 7) / 8;
	if ((rc = check_length(l)))
		return rc;
	if (!(l->b = calloc(1, l->len)))
		return berth_no_memory();
	return BERTH_OK;
}

void berth_status_list_free(struct berth_status_list *l)
{
	free(l->b);
	memset(l, 0, sizeof(*l));
}

size_t berth_status_list_entries(const struct berth_status_list *l)
{
	return l->bits ? l->len * 8 / l->bits : 0;
}

enum berth_err berth_status_list_widen(struct berth_status_list *l, unsigned bits)
{
	if (l->kind == BERTH_STATUS_TOKEN ? bits != l->bits : !is_width(l->kind, bits))
		return bad("entries of another width");
	l->bits = bits;
	return check_length(l);
}

/* Where bit i of an entry (0: its highest) stands.  The W3C counts bits from the
 * highest of the first byte; the IETF fills bytes from their lowest bits on, and its
 * entries never cross a byte. */
static void place(const struct berth_status_list *l, uint64_t index, unsigned i, size_t *byte, unsigned *shift)
{
	uint64_t bit = index * l->bits + i;

	if (l->kind == BERTH_STATUS_TOKEN) {
		*byte = (size_t)(index * l->bits / 8);
		*shift = (unsigned)(index * l->bits % 8) + l->bits - 1 - i;
	} else {
		*byte = (size_t)(bit / 8);
		*shift = 7 - (unsigned)(bit % 8);
	}
}

enum berth_err berth_status_list_get(const struct berth_status_list *l, uint64_t index, unsigned *value)
{
	unsigned shift;
	size_t byte;

	*value = 0;
	if (index >= berth_status_list_entries(l))
		return bad("no such entry");
	for (unsigned i = 0; i < l->bits; i++) {
		place(l, index, i, &byte, &shift);
		*value = *value << 1 | (l->b[byte] >> shift & 1);
	}
	return BERTH_OK;
}

enum berth_err berth_status_list_set(struct berth_status_list *l, uint64_t index, unsigned value)
{
	unsigned shift;
	size_t byte;

	if (index >= berth_status_list_entries(l))
		return bad("no such entry");
	if (value >> l->bits)
		return berth_fail(BERTH_E_USAGE, "%u does not fit an entry of %u bits", value, l->bits);
	for (unsigned i = 0; i < l->bits; i++) {
		place(l, index, i, &byte, &shift);
		l->b[byte] = (uint8_t)((l->b[byte] & ~(1u << shift)) | (value >> (l->bits - 1 - i) & 1) << shift);
	}
	return BERTH_OK;
}

enum berth_err berth_status_list_decode(struct berth_status_list *l, enum berth_status_kind kind, unsigned bits,
					const char *text, size_t n)
{
	bool multibase = kind == BERTH_STATUS_BITSTRING;
	struct berth_buf raw = BERTH_BUF_INIT;
	enum berth_err rc;

	memset(l, 0, sizeof(*l));
	if (!is_width(kind, bits))
		return bad("entries of no such width");
	if (multibase && (n == 0 || *text != 'u'))
		return bad("not multibase base64url");
	if ((rc = berth_b64url_decode(&raw, text + multibase, n - multibase))) {
		rc = rc == BERTH_E_NOMEM ? rc : bad("not base64url");
		goto out;
	}
	l->kind = kind;
	l->bits = bits;
	if ((rc = berth_status_inflate(&l->b, &l->len, raw.p, raw.len, kind != BERTH_STATUS_TOKEN)) ||
	    (rc = check_length(l)))
		berth_status_list_free(l);
out:
	berth_buf_free(&raw);
	return rc;
}

enum berth_err berth_status_list_encode(struct berth_buf *out, const struct berth_status_list *l)
{
	struct berth_buf raw = BERTH_BUF_INIT;
	enum berth_err rc = berth_status_deflate(&raw, l->b, l->len, l->kind != BERTH_STATUS_TOKEN);

	if (!rc) {
		if (l->kind == BERTH_STATUS_BITSTRING)
			berth_buf_u8(out, 'u');
		berth_b64url_encode(out, raw.p, raw.len);
		rc = berth_buf_status(out);
	}
	berth_buf_free(&raw);
	return rc;
}

enum berth_err berth_status_index(const char *text, uint64_t *out)
{
	size_t n = text ? strspn(text, "0123456789") : 0;

	*out = 0;
	if (n == 0 || text[n] || n > 18 || (n > 1 && *text == '0'))
		return bad("an index is a decimal number");
	for (size_t i = 0; i < n; i++)
		*out = *out * 10 + (uint64_t)(text[i] - '0');
	return BERTH_OK;
}
