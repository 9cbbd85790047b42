/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/event_log.h"

#include <stdlib.h>
#include <string.h>

#define SHA1 4
#define SHA256 0x0b
#define NO_ACTION 3

static void le(struct berth_buf *b, uint32_t v, int octets)
{
	for (; octets-- > 0; v >>= 8)
		berth_buf_u8(b, (uint8_t)v);
}

static void put_banks(struct berth_buf *b, unsigned banks)
{
	le(b, (banks & TEST_LOG_SHA1 ? 1 : 0) + (banks & TEST_LOG_SHA256 ? 1 : 0), 4);
	if (banks & TEST_LOG_SHA1) {
		le(b, SHA1, 2);
		le(b, 20, 2);
	}
	if (banks & TEST_LOG_SHA256) {
		le(b, SHA256, 2);
		le(b, 32, 2);
	}
}

void test_event_log_begin(struct berth_buf *b, unsigned banks)
{
	static const uint8_t zero[20], version[4] = { 0, 2, 0, 2 };
	struct berth_buf spec = BERTH_BUF_INIT;

	berth_buf_put(&spec, "Spec ID Event03", 16);
	le(&spec, 0, 4);
	berth_buf_put(&spec, version, sizeof(version));
	put_banks(&spec, banks);
	berth_buf_u8(&spec, 0);
	le(b, 0, 4);
	le(b, NO_ACTION, 4);
	berth_buf_put(b, zero, sizeof(zero));
	le(b, (uint32_t)spec.len, 4);
	berth_buf_put(b, spec.p, spec.len);
	berth_buf_free(&spec);
}

static void put_digest(struct berth_buf *b, uint16_t alg, uint8_t fill, size_t n)
{
	uint8_t digest[32];

	memset(digest, fill, sizeof(digest));
	le(b, alg, 2);
	berth_buf_put(b, digest, n);
}

static void put_event(struct berth_buf *b, unsigned banks, uint32_t pcr, uint32_t type, uint8_t fill, const void *data, size_t n)
{
	le(b, pcr, 4);
	le(b, type, 4);
	le(b, (banks & TEST_LOG_SHA1 ? 1 : 0) + (banks & TEST_LOG_SHA256 ? 1 : 0), 4);
	if (banks & TEST_LOG_SHA1)
		put_digest(b, SHA1, fill, 20);
	if (banks & TEST_LOG_SHA256)
		put_digest(b, SHA256, fill, 32);
	le(b, (uint32_t)n, 4);
	berth_buf_put(b, data, n);
}

void test_event_log_add(struct berth_buf *b, unsigned banks, uint32_t pcr, uint32_t type, uint8_t fill)
{
	put_event(b, banks, pcr, type, fill, "boot", 5);
}

void test_event_log_idle(struct berth_buf *b, unsigned banks, size_t octets)
{
	uint8_t *data = calloc(1, octets);

	put_event(b, banks, 0, NO_ACTION, 0, data, octets);
	free(data);
}

void test_event_log_locality(struct berth_buf *b, unsigned banks, uint8_t locality)
{
	uint8_t data[17] = "StartupLocality";

	data[16] = locality;
	put_event(b, banks, 0, NO_ACTION, 0, data, sizeof(data));
}
