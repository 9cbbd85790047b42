/* SPDX-License-Identifier: Apache-2.0 */
/* gzip and zlib, for status lists only: nothing is inflated past a hard limit. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "vc/status_list.h"

#define CHUNK ((size_t)64 << 10)
#define GZIP_BITS (15 + 16)
#define ZLIB_BITS 15

/* With our own allocator a failure of it can be told and tested. */
static void *take(void *opaque, unsigned items, unsigned size)
{
	(void)opaque;
	return calloc(items, size);
}

static void give(void *opaque, void *p)
{
	(void)opaque;
	free(p);
}

static z_stream stream_of(const uint8_t *p, size_t n)
{
	z_stream z;

	memset(&z, 0, sizeof(z));
	z.zalloc = take;
	z.zfree = give;
	z.next_in = (Bytef *)(uintptr_t)p;
	z.avail_in = (uInt)n;
	return z;
}

static enum berth_err bad(const char *what)
{
	return berth_fail(BERTH_E_STATUS, "status list: %s", what);
}

/* Room for CHUNK more bytes, up to the limit and one byte over it. */
static enum berth_err grow(uint8_t **out, size_t len)
{
	uint8_t *grown;

	if (len > BERTH_STATUS_BYTES_MAX)
		return bad("inflates beyond the limit");
	if (!(grown = realloc(*out, len + CHUNK)))
		return berth_no_memory();
	*out = grown;
	return BERTH_OK;
}

static enum berth_err inflate_all(z_stream *z, uint8_t **out, size_t *len)
{
	enum berth_err rc;
	int zrc = Z_OK;

	while (zrc == Z_OK) {
		if ((rc = grow(out, *len)))
			return rc;
		z->next_out = *out + *len;
		z->avail_out = (uInt)CHUNK;
		zrc = inflate(z, Z_NO_FLUSH);
		*len += CHUNK - z->avail_out;
		if (zrc == Z_OK && z->avail_in == 0 && z->avail_out != 0)
			return bad("truncated");
	}
	if (zrc == Z_MEM_ERROR)
		return berth_no_memory();
	if (zrc != Z_STREAM_END)
		return bad("truncated or damaged");
	if (z->avail_in)
		return bad("bytes behind the stream");
	return *len <= BERTH_STATUS_BYTES_MAX ? BERTH_OK : bad("inflates beyond the limit");
}

enum berth_err berth_status_inflate(uint8_t **out, size_t *len, const uint8_t *p, size_t n, bool gzip)
{
	z_stream z = stream_of(p, n);
	enum berth_err rc;

	*out = NULL;
	*len = 0;
	if (n > BERTH_STATUS_FILE_MAX)
		return bad("too long");
	if (inflateInit2(&z, gzip ? GZIP_BITS : ZLIB_BITS) != Z_OK)
		return berth_no_memory();
	rc = inflate_all(&z, out, len);
	inflateEnd(&z);
	if (rc) {
		free(*out);
		*out = NULL;
		*len = 0;
	}
	return rc;
}

enum berth_err berth_status_deflate(struct berth_buf *out, const uint8_t *p, size_t n, bool gzip)
{
	z_stream z = stream_of(p, n);
	size_t before = out->len, room;
	uint8_t *at;
	int zrc;

	if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, gzip ? GZIP_BITS : ZLIB_BITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return berth_no_memory();
	room = deflateBound(&z, (uLong)n);
	if (!(at = berth_buf_grow(out, room))) {
		deflateEnd(&z);
		return berth_buf_status(out);
	}
	z.next_out = at;
	z.avail_out = (uInt)room;
	zrc = deflate(&z, Z_FINISH);
	out->len = before + room - z.avail_out;
	deflateEnd(&z);
	return zrc == Z_STREAM_END ? BERTH_OK : berth_fail(BERTH_E_INTERNAL, "status list");
}
