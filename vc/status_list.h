/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_STATUS_LIST_H
#define BERTH_VC_STATUS_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"

/* Lists of small numbers, one for each credential of an issuer: W3C Bitstring Status
 * List 1.0, its forerunner StatusList2021, and the IETF's Token Status List. */
enum berth_status_kind {
	BERTH_STATUS_BITSTRING,		/* multibase base64url of gzip; first entry in the high bits */
	BERTH_STATUS_2021,		/* the same without multibase */
	BERTH_STATUS_TOKEN		/* base64url of zlib; first entry in the low bits */
};

#define BERTH_STATUS_BYTES_MAX ((size_t)8 << 20)	/* a list unpacked; more is never inflated */
#define BERTH_STATUS_ENTRIES_MIN 131072	/* of the W3C's, for the crowd to hide in */
#define BERTH_STATUS_FILE_MAX ((size_t)1 << 20)		/* a list as it is sent */

struct berth_status_list {
	enum berth_status_kind kind;
	unsigned bits;			/* of an entry: 1 to 8, IETF 1, 2, 4, 8 */
	uint8_t *b;			/* owned */
	size_t len;
};

/* entries zeros; rounded up to whole bytes.  E_SIZE beyond BERTH_STATUS_BYTES_MAX;
 * E_STATUS: no such width, or too few entries for the W3C's. */
BERTH_MUST_USE enum berth_err
berth_status_list_new(struct berth_status_list *l, enum berth_status_kind kind, unsigned bits, size_t entries);
void berth_status_list_free(struct berth_status_list *l);	/* fine on a zeroed one */

size_t berth_status_list_entries(const struct berth_status_list *l);

/* E_STATUS: no such entry; E_USAGE: a value that an entry cannot hold. */
BERTH_MUST_USE enum berth_err
berth_status_list_get(const struct berth_status_list *l, uint64_t index, unsigned *value);
BERTH_MUST_USE enum berth_err
berth_status_list_set(struct berth_status_list *l, uint64_t index, unsigned value);

/* The packed text.  Everything wrong with it is E_STATUS: encoding, truncation,
 * checksum, a second member, bytes behind, too long, too short. */
BERTH_MUST_USE enum berth_err
berth_status_list_decode(struct berth_status_list *l, enum berth_status_kind kind, unsigned bits,
			 const char *text, size_t n);
BERTH_MUST_USE enum berth_err berth_status_list_encode(struct berth_buf *out, const struct berth_status_list *l);

/* The width of the W3C's entries stands not in the list but in what refers to it (statusSize):
 * a list that was read has entries of one bit until this.  E_STATUS: no such width, or
 * then too few entries. */
BERTH_MUST_USE enum berth_err berth_status_list_widen(struct berth_status_list *l, unsigned bits);

/* The list in a document: a status list credential, its subject, the payload of a
 * status list token, or its status_list.  E_STATUS: none of these. */
BERTH_MUST_USE enum berth_err
berth_status_list_read(struct berth_status_list *l, const struct berth_json *document);
/* Puts a list back where berth_status_list_read() found it. */
BERTH_MUST_USE enum berth_err
berth_status_list_write(struct berth_json *document, const struct berth_status_list *l);

/* An index as the specifications write it: decimal digits, no sign, no leading zero
 * but of 0.  E_STATUS. */
BERTH_MUST_USE enum berth_err berth_status_index(const char *text, uint64_t *out);

/* ---- status_list_zip.c, where zlib lives ---- */
/* E_STATUS, or E_NOMEM.  gzip: one member, else one zlib stream; nothing behind it. */
BERTH_MUST_USE enum berth_err
berth_status_inflate(uint8_t **out, size_t *len, const uint8_t *p, size_t n, bool gzip);
BERTH_MUST_USE enum berth_err
berth_status_deflate(struct berth_buf *out, const uint8_t *p, size_t n, bool gzip);

#endif /* BERTH_VC_STATUS_LIST_H */
