/* SPDX-License-Identifier: Apache-2.0 */
#include "did/codec/linked_text.h"

#include <stdlib.h>
#include <zlib.h>

#define GZIP_BITS (15 + 16)

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

static enum berth_err unzip(char *text, size_t n, const uint8_t *gz, size_t len)
{
	z_stream z = { .zalloc = take, .zfree = give, .next_in = (Bytef *)(uintptr_t)gz, .avail_in = (uInt)len,
		       .next_out = (Bytef *)text, .avail_out = (uInt)n };
	int zrc;

	if (inflateInit2(&z, GZIP_BITS) != Z_OK)
		return berth_no_memory();
	zrc = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	if (zrc == Z_MEM_ERROR)
		return berth_no_memory();
	return zrc == Z_STREAM_END && !z.avail_out ? BERTH_OK : berth_fail(BERTH_E_INTERNAL, "linked text");
}

enum berth_err berth_linked_text(char **text, size_t *n, const uint8_t *gz, const uint8_t *end)
{
	enum berth_err rc;

	*n = end[-4] | (size_t)end[-3] << 8 | (size_t)end[-2] << 16 | (size_t)end[-1] << 24;
	if (!(*text = malloc(*n + 1)))
		return berth_no_memory();
	(*text)[*n] = 0;
	if ((rc = unzip(*text, *n, gz, (size_t)(end - gz)))) {
		free(*text);
		*text = NULL;
	}
	return rc;
}
