/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/cur.h"

uint8_t berth_cur_u8(struct berth_cur *c)
{
	const uint8_t *p = berth_cur_bytes(c, 1);

	return p ? *p : 0;
}

static uint64_t be(struct berth_cur *c, size_t n)
{
	const uint8_t *p = berth_cur_bytes(c, n);
	uint64_t v = 0;

	for (size_t i = 0; p && i < n; i++)
		v = v << 8 | p[i];
	return v;
}

uint16_t berth_cur_be16(struct berth_cur *c) { return (uint16_t)be(c, 2); }
uint32_t berth_cur_be32(struct berth_cur *c) { return (uint32_t)be(c, 4); }
uint64_t berth_cur_be64(struct berth_cur *c) { return be(c, 8); }

uint64_t berth_cur_uvarint(struct berth_cur *c)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 63; shift += 7) {
		uint8_t b = berth_cur_u8(c);

		v |= (uint64_t)(b & 0x7f) << shift;
		if (b & 0x80)
			continue;
		if (b == 0 && shift > 0)
			break;	/* the same number has a shorter form */
		return c->bad ? 0 : v;
	}
	c->bad = true;
	return 0;
}

static struct berth_cur vec(struct berth_cur *c, size_t n, size_t max)
{
	if (n > max)
		c->bad = true;
	const uint8_t *p = berth_cur_bytes(c, n);

	return (struct berth_cur){ .p = p, .n = p ? n : 0, .bad = !p };
}

struct berth_cur berth_cur_vec16(struct berth_cur *c, size_t max)
{
	return vec(c, berth_cur_be16(c), max);
}

struct berth_cur berth_cur_vec32(struct berth_cur *c, size_t max)
{
	return vec(c, berth_cur_be32(c), max);
}

void berth_cur_str16(struct berth_cur *c, char *out, size_t max)
{
	struct berth_cur s = berth_cur_vec16(c, max);

	out[0] = '\0';
	if (s.n == 0)
		return;
	if (memchr(s.p, 0, s.n)) {
		c->bad = true;
		return;
	}
	memcpy(out, s.p, s.n);
	out[s.n] = '\0';
}
