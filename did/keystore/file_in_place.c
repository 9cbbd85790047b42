/* SPDX-License-Identifier: Apache-2.0 */
/* Contents in one of two slots of the file that is there (slots.h). */
#include "did/keystore/file_impl.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "did/keystore/keystore.h"

static enum berth_err read_all(struct berth_ksfile *f, struct berth_buf *out)
{
	struct stat st;
	size_t at = 0;

	if (fstat(f->fd, &st) != 0)
		return berth_ksfile_sys(f, "fstat");
	if ((uintmax_t)st.st_size > BERTH_SLOTS_FILE_MAX)
		return berth_fail(BERTH_E_KEYSTORE, "%s: %jd bytes, at most %zu", f->path,
				  (intmax_t)st.st_size, BERTH_SLOTS_FILE_MAX);
	uint8_t *p = berth_buf_grow(out, (size_t)st.st_size);

	if (!p)
		return berth_no_memory();
	while (at < (size_t)st.st_size) {
		ssize_t n = pread(f->fd, p + at, (size_t)st.st_size - at, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? berth_ksfile_sys(f, "read") : berth_fail(BERTH_E_KEYSTORE, "%s: cut short", f->path);
		at += (size_t)n;
	}
	return BERTH_OK;
}

static enum berth_err read_slots(struct berth_ksfile *f, struct berth_buf *contents)
{
	struct berth_buf file = BERTH_BUF_INIT;
	struct berth_cur found;
	enum berth_err rc;

	if (!(rc = read_all(f, &file)) && !(rc = berth_slots_read(&f->slots, &found, file.p, file.len))) {
		berth_buf_put(contents, found.p, found.n);
		rc = berth_buf_status(contents);
	}
	berth_buf_free(&file);
	return rc;
}

static enum berth_err sync_slots(struct berth_ksfile *f)
{
	if (fdatasync(f->fd) != 0)
		return berth_ksfile_break(f, "fdatasync");
	f->slots.loose = 0;
	return BERTH_OK;
}

/* Two slots are those of a process that was killed, maybe before it had synced the later one. */
enum berth_err berth_ksfile_read(struct berth_ksfile *f, struct berth_buf *contents)
{
	enum berth_err rc = read_slots(f, contents);

	return rc || f->slots.n < 2 || !f->writable ? rc : sync_slots(f);
}

/* The second slot, where closing has taken it away: all of it or nothing, so that there is
 * no file whose size is none of ours. */
static enum berth_err make_room(struct berth_ksfile *f)
{
	if (f->slots.n == 2)
		return BERTH_OK;
	if (ftruncate(f->fd, (off_t)berth_slots_offset(&f->slots, 2)) != 0)
		return berth_ksfile_sys(f, "ftruncate");
	f->slots.n = 2;
	return BERTH_OK;
}

/* What the power may take is written over by what is one page, so that a kill takes nothing:
 * anything larger waits until it is on the disk, and goes to the other slot. */
static enum berth_err make_ready(struct berth_ksfile *f, size_t len)
{
	enum berth_err rc = berth_ksfile_check_current(f);

	if (!rc && f->slots.loose && !berth_slots_one_page(len))
		rc = sync_slots(f);
	return rc ? rc : make_room(f);
}

/* What was not written to its end has not been, and the next write goes there again.  What the
 * power might have taken has gone where that was: the other slot counts, which is on the disk. */
static void not_written(struct berth_slots *s)
{
	if (s->loose)
		s->at = 1 - s->at;
	s->turn -= s->loose;
	s->loose = 0;
}

static enum berth_err put(struct berth_ksfile *f, const struct berth_slots *next, const struct berth_buf *slot)
{
	enum berth_err rc = berth_ksfile_write_at(f, f->fd, slot, berth_slots_offset(next, next->at));

	if (rc) {
		not_written(&f->slots);
		return rc;
	}
	f->slots = *next;
	return f->later && next->loose < BERTH_COUNTER_LAG ? BERTH_OK : sync_slots(f);
}

enum berth_err berth_ksfile_write_slot(struct berth_ksfile *f, const struct berth_buf *b)
{
	struct berth_buf slot = BERTH_BUF_INIT;
	struct berth_slots next;
	enum berth_err rc;

	if ((rc = make_ready(f, b->len)))
		return rc;
	next = f->slots;
	if (!(rc = berth_slots_next(&next, &slot, b)))
		rc = put(f, &next, &slot);
	berth_buf_free(&slot);
	return rc;
}

void berth_ksfile_drop_second_slot(struct berth_ksfile *f)
{
	struct berth_buf contents = BERTH_BUF_INIT;

	if ((f->slots.loose && sync_slots(f)) || (f->slots.at == 1 && (read_slots(f, &contents) || berth_ksfile_write_slot(f, &contents))))
		goto out;
	if (ftruncate(f->fd, (off_t)berth_slots_offset(&f->slots, 1)) == 0)
		f->slots.n = 1;
out:
	berth_buf_free(&contents);
}
