/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEYSTORE_SLOTS_H
#define BERTH_DID_KEYSTORE_SLOTS_H

#include <stdbool.h>

#include "did/base/buf.h"
#include "did/base/cur.h"

/* What a keystore file (file.h) looks like: a head, and one slot or two.
 *
 *   head, 4096 bytes:  magic "BERTHTWO"  version u8 = 01  room u32  zeros
 *   slot, room bytes:  turn u64  contents (u32 + bytes)
 *                      SHA-256 of all that (32)  zeros
 *
 * The slots are written in turn, and what counts is the one of the later turn that is
 * whole: a write that the power cut short leaves the slot before it.  A write that is not
 * on the disk for good (loose) is followed by one to the same slot, so the other one is, at
 * all times: whatever the power leaves of those, it leaves that.  The hash finds such
 * a slot and nobody's malice; that is what the contents are sealed for.  A file that does
 * not begin so is from before there were slots, and all of it is its contents.  This
 * module does no I/O. */
#define BERTH_SLOTS_CONTENTS_MAX ((size_t)1 << 20)
#define BERTH_SLOTS_FILE_MAX (4096 + 2 * (BERTH_SLOTS_CONTENTS_MAX / 2 * 3 + 8192))

struct berth_slots {
	size_t room;	/* bytes of a slot; 0: a file without any */
	unsigned n;	/* slots that the file has */
	unsigned at;	/* the one that counts */
	uint64_t turn;	/* of that */
	unsigned loose;	/* writes to it of which none was synced; the caller's to clear */
};

/* A whole new file with two slots, the first in use; there is room for half as much again.
 * E_KEYSTORE: contents of more than BERTH_SLOTS_CONTENTS_MAX. */
BERTH_MUST_USE enum berth_err
berth_slots_new(struct berth_slots *s, struct berth_buf *file, const struct berth_buf *contents);
/* Finds the contents, which are borrowed.  E_KEYSTORE: no slot is whole, or the file is
 * anything else than what is written above, to the last octet. */
BERTH_MUST_USE enum berth_err
berth_slots_read(struct berth_slots *s, struct berth_cur *contents, const void *file, size_t len);
/* The other slot with these contents, or the same one again while it is loose: s becomes what
 * it is when that has been written, and not synced. */
bool berth_slots_fit(const struct berth_slots *s, size_t len);
BERTH_MUST_USE enum berth_err
berth_slots_next(struct berth_slots *s, struct berth_buf *slot, const struct berth_buf *contents);

/* So much is a page of the system's, which is written whole or not at all when a process is
 * killed meanwhile; the power may take any part of it. */
bool berth_slots_one_page(size_t len);

/* Where slot i begins; with n also the size of the file. */
static inline size_t berth_slots_offset(const struct berth_slots *s, unsigned i) { return 4096 + i * s->room; }

#endif
