/* SPDX-License-Identifier: Apache-2.0 */
/* First octet even: the rest is a keystore file, the end of which are zeros.  Odd: the rest
 * is what two slots of 4096 hold, a half each, with their hashes, so that what lies behind
 * those is reached. */
#include <stdlib.h>
#include <string.h>

#include "did/base/secret.h"
#include "did/crypto/hash.h"
#include "did/keystore/slots.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define PAGE 4096
#define MORE 44		/* of a slot, without its contents */

static uint8_t file[3 * PAGE];

static void zero_extended(const uint8_t *p, size_t n)
{
	memset(file, 0, sizeof(file));
	memcpy(file, p, n < sizeof(file) ? n : sizeof(file));
}

static void put_slot(uint8_t *slot, const uint8_t *p, size_t n)
{
	n = n > PAGE - MORE ? PAGE - MORE : n;
	memcpy(slot, p, n < 8 ? n : 8);
	slot[10] = (uint8_t)(n >> 8);
	slot[11] = (uint8_t)n;
	memcpy(slot + 12, p, n);
	berth_sha256(slot + 12 + n, slot, 12 + n);
}

static void two_slots(const uint8_t *p, size_t n)
{
	static const uint8_t head[] = "BERTHTWO\x01\0\0\x10";

	zero_extended(head, sizeof(head));
	put_slot(file + PAGE, p, n / 2);
	put_slot(file + 2 * PAGE, p + n / 2, n - n / 2);
}

/* What is written next is what is read then. */
static void write_next(struct berth_slots *s)
{
	struct berth_buf slot = BERTH_BUF_INIT, more = BERTH_BUF_INIT;
	uint64_t turn = s->turn;
	struct berth_slots again;
	struct berth_cur c;

	berth_buf_str(&more, "what is new");
	if (s->room != PAGE || s->n != 2 || !berth_slots_fit(s, more.len))
		goto out;
	if (berth_slots_next(s, &slot, &more) || slot.len != s->room)
		abort();
	memcpy(file + berth_slots_offset(s, s->at), slot.p, slot.len);
	if (berth_slots_read(&again, &c, file, sizeof(file)) || again.at != s->at || again.turn != turn + 1 ||
	    c.n != more.len || memcmp(c.p, more.p, c.n) != 0)
		abort();
out:
	berth_buf_free(&slot);
	berth_buf_free(&more);
}

static void read_it(const uint8_t *p, size_t n)
{
	struct berth_slots s;
	struct berth_cur c;

	if (berth_slots_read(&s, &c, p, n) != BERTH_OK)
		return;
	if (c.n > n || (c.n && (c.p < p || c.p + c.n > p + n)) || (s.room && (s.at >= s.n || !s.turn)))
		abort();
	if (p == file && s.room)
		write_next(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	berth_crypto_init();
	if (n == 0)
		return 0;
	if (p[0] & 1) {
		two_slots(p + 1, n - 1);
	} else {
		read_it(p + 1, n - 1);
		zero_extended(p + 1, n - 1);
	}
	read_it(file, sizeof(file));
	return 0;
}
