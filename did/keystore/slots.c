/* SPDX-License-Identifier: Apache-2.0 */
#include "did/keystore/slots.h"

#include <string.h>

#include "did/crypto/hash.h"

#define MAGIC "BERTHTWO"
#define VERSION 1
#define HEAD 4096		/* what a disk writes at once is no larger */
#define MORE (8 + 4 + BERTH_SHA256_LEN)
#define TURN_MAX (UINT64_MAX - 1)	/* nobody counts that far: after it comes a new file */
#define ROOM_MAX ((BERTH_SLOTS_FILE_MAX - HEAD) / 2)
_Static_assert((BERTH_SLOTS_CONTENTS_MAX + MORE) / 2 * 3 + HEAD <= ROOM_MAX, "the largest contents have room");

static bool is_zeros(const struct berth_cur *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->p[i])
			return false;
	return true;
}

static void put_zeros(struct berth_buf *b, size_t n)
{
	uint8_t *p = berth_buf_grow(b, n);

	if (p)
		memset(p, 0, n);
}

/* ---- writing ---- */

bool berth_slots_fit(const struct berth_slots *s, size_t len)
{
	return len + MORE <= s->room && s->turn < TURN_MAX;
}

bool berth_slots_one_page(size_t len) { return len + MORE <= HEAD; }

/* The light hash: what opens a sealed file leaves libcrypto asleep. */
static void put_slot(struct berth_buf *file, const struct berth_slots *s, const struct berth_buf *contents)
{
	uint8_t hash[BERTH_SHA256_LEN];
	size_t from = file->len;

	berth_buf_be64(file, s->turn);
	berth_buf_vec32(file, contents->p, contents->len);
	if (file->bad)
		return;
	berth_sha256_light(hash, file->p + from, file->len - from);
	berth_buf_put(file, hash, sizeof(hash));
	put_zeros(file, s->room - (contents->len + MORE));
}

enum berth_err berth_slots_new(struct berth_slots *s, struct berth_buf *file, const struct berth_buf *contents)
{
	size_t need = contents->len + MORE;

	if (contents->len > BERTH_SLOTS_CONTENTS_MAX)
		return berth_fail(BERTH_E_KEYSTORE, "keystore file: full");
	*s = (struct berth_slots){ .room = (need + need / 2 + HEAD - 1) / HEAD * HEAD, .n = 2, .turn = 1 };
	berth_buf_str(file, MAGIC);
	berth_buf_u8(file, VERSION);
	berth_buf_be32(file, (uint32_t)s->room);
	put_zeros(file, HEAD - file->len);
	put_slot(file, s, contents);
	put_zeros(file, s->room);
	return berth_buf_status(file);
}

enum berth_err berth_slots_next(struct berth_slots *s, struct berth_buf *slot, const struct berth_buf *contents)
{
	if (!berth_slots_fit(s, contents->len))
		return berth_fail(BERTH_E_KEYSTORE, "keystore file: no room");
	if (!s->loose++)
		s->at = 1 - s->at;
	s->turn++;
	put_slot(slot, s, contents);
	return berth_buf_status(slot);
}

/* ---- reading ---- */

static enum berth_err read_head(struct berth_slots *s, struct berth_cur *c)
{
	const uint8_t *p = berth_cur_bytes(c, HEAD);
	struct berth_cur head = berth_cur(p, p ? HEAD : 0);

	berth_cur_bytes(&head, sizeof(MAGIC) - 1);
	uint8_t version = berth_cur_u8(&head);

	s->room = berth_cur_be32(&head);
	if (head.bad)
		return berth_fail(BERTH_E_KEYSTORE, "keystore file: cut short");
	if (version != VERSION)
		return berth_fail(BERTH_E_KEYSTORE, "keystore file of version %u", version);
	if (s->room < HEAD || s->room > ROOM_MAX || s->room % HEAD || !is_zeros(&head))
		return berth_fail(BERTH_E_KEYSTORE, "keystore file: damaged");
	s->n = (unsigned)(c->n / s->room);
	if (c->n % s->room || s->n < 1 || s->n > 2)
		return berth_fail(BERTH_E_KEYSTORE, "keystore file: cut short, or longer than it was");
	return BERTH_OK;
}

/* 0: the slot is not whole, or never was written. */
static uint64_t read_slot(struct berth_cur *contents, const uint8_t *p, size_t room)
{
	struct berth_cur c = berth_cur(p, room);
	uint8_t hash[BERTH_SHA256_LEN];
	uint64_t turn = berth_cur_be64(&c);

	*contents = berth_cur_vec32(&c, BERTH_SLOTS_CONTENTS_MAX);
	size_t hashed = room - c.n;
	const uint8_t *want = berth_cur_bytes(&c, sizeof(hash));

	if (!want || turn > TURN_MAX || !is_zeros(&c))
		return 0;
	berth_sha256_light(hash, p, hashed);
	return memcmp(hash, want, sizeof(hash)) == 0 ? turn : 0;
}

enum berth_err berth_slots_read(struct berth_slots *s, struct berth_cur *contents, const void *file, size_t len)
{
	struct berth_cur c = berth_cur(file, len), one;
	enum berth_err rc;

	*s = (struct berth_slots){ 0 };
	*contents = c;
	if (len < sizeof(MAGIC) - 1 || memcmp(file, MAGIC, sizeof(MAGIC) - 1) != 0)
		return BERTH_OK;
	if ((rc = read_head(s, &c)))
		return rc;
	for (unsigned i = 0; i < s->n; i++) {
		uint64_t turn = read_slot(&one, c.p + i * s->room, s->room);

		if (turn <= s->turn)
			continue;
		s->turn = turn;
		s->at = i;
		*contents = one;
	}
	return s->turn ? BERTH_OK : berth_fail(BERTH_E_KEYSTORE, "keystore file: damaged");
}
