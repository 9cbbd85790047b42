/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/ipc.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "did/base/clock.h"
#include "did/base/secret.h"

#define CHUNK 16384			/* one read */
#define READS_TOGETHER 16		/* before what they brought is worked on */
#define ROUNDS_MAX 4			/* of those, per wake-up, so that one talker starves nobody */
#define KEEP_MAX 65536			/* an idle buffer larger than this is given back */

void berth_ipc_init(struct berth_ipc *c, int fd)
{
	*c = (struct berth_ipc){ .fd = fd };
}

void berth_ipc_close(struct berth_ipc *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->failed = true;
	c->out_at = 0;
	berth_buf_free(&c->in);
	berth_buf_free(&c->out);
}

static enum berth_err failed(struct berth_ipc *c, enum berth_err rc)
{
	c->failed = true;
	return rc;
}

static enum berth_err usable(const struct berth_ipc *c)
{
	if (c->fd < 0 || c->failed)
		return berth_fail(BERTH_E_UNAVAILABLE, "ipc: connection has failed");
	return BERTH_OK;
}

static void clear(struct berth_buf *b)
{
	if (b->cap > KEEP_MAX)
		berth_buf_free(b);
	else
		berth_buf_reset(b);
}

/* Waits until the socket is ready; until: berth_clock_mono_ms() of the deadline.  Not in the
 * read, which would save a call: who waits there is woken, too, when the other side reads
 * what was sent (the kernel's "there is room again" of UNIX sockets wakes every reader). */
static enum berth_err wait_for(struct berth_ipc *c, short events, int deadline_ms, uint64_t until)
{
	struct pollfd p = { .fd = c->fd, .events = events };

	for (;;) {
		uint64_t now = berth_clock_mono_ms();
		int left = deadline_ms < 0 ? -1 : until > now ? (int)(until - now) : 0;
		int n = poll(&p, 1, left);

		if (n > 0)
			return BERTH_OK;
		if (n == 0)
			return failed(c, berth_fail(BERTH_E_UNAVAILABLE, "ipc: no answer in %d ms", deadline_ms));
		if (errno != EINTR)
			return failed(c, berth_fail(BERTH_E_UNAVAILABLE, "ipc: poll: errno %d", errno));
	}
}

/* Writes what the socket takes; *blocked when it takes no more. */
static enum berth_err flush(struct berth_ipc *c, bool *blocked)
{
	*blocked = false;
	while (c->out_at < c->out.len) {
		ssize_t n = send(c->fd, c->out.p + c->out_at, c->out.len - c->out_at, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0) {
			c->out_at += (size_t)n;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			*blocked = true;
			return BERTH_OK;
		} else if (errno != EINTR) {
			return failed(c, berth_fail(BERTH_E_UNAVAILABLE, "ipc: the other side is gone"));
		}
	}
	clear(&c->out);
	c->out_at = 0;
	return BERTH_OK;
}

/* Reads once; *got 0: there is nothing; less than CHUNK: there was no more. */
static enum berth_err fill(struct berth_ipc *c, size_t *got)
{
	uint8_t chunk[CHUNK] __attribute__((uninitialized));	/* to clear it costs more than to read */
	ssize_t n;

	*got = 0;
	do
		n = recv(c->fd, chunk, sizeof(chunk), MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return BERTH_OK;
	if (n <= 0)
		return failed(c, berth_fail(BERTH_E_UNAVAILABLE, "ipc: the other side is gone"));
	*got = (size_t)n;
	berth_buf_put(&c->in, chunk, *got);
	berth_wipe(chunk, *got);
	return c->in.bad ? failed(c, berth_buf_status(&c->in)) : BERTH_OK;
}

/* The frame at offset `at` of the in-buffer: *size is all of its bytes, 0 while
 * some are missing. */
static enum berth_err frame_at(const struct berth_ipc *c, size_t at, struct berth_ipc_frame *f, size_t *size)
{
	struct berth_cur cur;
	size_t len;

	*size = 0;
	if (c->in.len - at < 4)
		return BERTH_OK;
	cur = berth_cur(c->in.p + at, c->in.len - at);
	len = berth_cur_be32(&cur);
	if (len < BERTH_IPC_HEAD || len > BERTH_IPC_MAX)
		return berth_fail(BERTH_E_SIZE, "ipc: frame of %zu bytes", len);
	if (cur.n < len)
		return BERTH_OK;
	f->op = berth_cur_be16(&cur);
	f->seq = berth_cur_be32(&cur);
	f->n = len - BERTH_IPC_HEAD;
	f->p = berth_cur_bytes(&cur, f->n);
	*size = 4 + len;
	return BERTH_OK;
}

static void consume(struct berth_ipc *c, size_t n)
{
	size_t rest = c->in.len - n;

	if (rest == 0) {
		clear(&c->in);
		return;
	}
	memmove(c->in.p, c->in.p + n, rest);
	berth_wipe(c->in.p + rest, n);
	c->in.len = rest;
}

enum berth_err berth_ipc_queue(struct berth_ipc *c, uint16_t op, uint32_t seq, const void *p, size_t n)
{
	enum berth_err rc = usable(c);

	if (rc)
		return rc;
	if (n > BERTH_IPC_PAYLOAD_MAX)
		return berth_fail(BERTH_E_SIZE, "ipc: payload of %zu bytes", n);
	if (c->out.len - c->out_at + n > BERTH_IPC_QUEUE_MAX)
		return berth_fail(BERTH_E_QUOTA, "ipc: %zu bytes are waiting", c->out.len - c->out_at);
	if (c->out_at > BERTH_IPC_QUEUE_MAX / 2) {
		memmove(c->out.p, c->out.p + c->out_at, c->out.len - c->out_at);
		c->out.len -= c->out_at;
		c->out_at = 0;
	}
	berth_buf_be32(&c->out, (uint32_t)(BERTH_IPC_HEAD + n));
	berth_buf_be16(&c->out, op);
	berth_buf_be32(&c->out, seq);
	berth_buf_put(&c->out, p, n);
	return c->out.bad ? failed(c, berth_buf_status(&c->out)) : BERTH_OK;
}

bool berth_ipc_wants_write(const struct berth_ipc *c)
{
	return !c->failed && c->out_at < c->out.len;
}

enum berth_err berth_ipc_on_writable(struct berth_ipc *c)
{
	enum berth_err rc = usable(c);
	bool blocked;

	return rc ? rc : flush(c, &blocked);
}

/* Calls fn for each whole frame; *end: behind the last of them. */
static enum berth_err each(const struct berth_ipc *c, berth_ipc_frame_fn *fn, void *arg, size_t *end)
{
	struct berth_ipc_frame f;
	size_t size;
	enum berth_err rc;

	*end = 0;
	while (!(rc = frame_at(c, *end, &f, &size)) && size && !(rc = fn(arg, &f)))
		*end += size;
	return rc;
}

static enum berth_err deliver(struct berth_ipc *c, berth_ipc_frame_fn *fn, void *arg)
{
	size_t end;
	enum berth_err rc = each(c, fn, arg, &end);

	if (rc)
		return failed(c, rc);
	if (end)
		consume(c, end);
	return BERTH_OK;
}

static enum berth_err read_some(struct berth_ipc *c, bool *more)
{
	size_t got = CHUNK;
	enum berth_err rc = BERTH_OK;

	for (int i = 0; !rc && got == CHUNK && i < READS_TOGETHER; i++)
		rc = fill(c, &got);
	*more = got == CHUNK;
	return rc;
}

/* What came before the end is worked on, too.  A fault that ahead meets is deliver()'s, in its turn. */
static enum berth_err one_round(struct berth_ipc *c, berth_ipc_frame_fn *ahead, berth_ipc_frame_fn *fn, void *arg, bool *more)
{
	enum berth_err end = read_some(c, more), rc;
	size_t seen;

	if (ahead)
		(void)!each(c, ahead, arg, &seen);
	rc = deliver(c, fn, arg);
	return rc ? rc : end;
}

enum berth_err berth_ipc_on_readable_ahead(struct berth_ipc *c, berth_ipc_frame_fn *ahead, berth_ipc_frame_fn *fn, void *arg)
{
	enum berth_err rc = usable(c);
	bool more;

	return rc ? rc : one_round(c, ahead, fn, arg, &more);
}

enum berth_err berth_ipc_on_readable(struct berth_ipc *c, berth_ipc_frame_fn *fn, void *arg)
{
	enum berth_err rc = usable(c);
	bool more = true;

	for (int i = 0; !rc && more && i < ROUNDS_MAX; i++)
		rc = one_round(c, NULL, fn, arg, &more);
	return rc;
}

static enum berth_err flush_all(struct berth_ipc *c, int deadline_ms, uint64_t until)
{
	enum berth_err rc;
	bool blocked;

	while (!(rc = flush(c, &blocked)) && blocked && !(rc = wait_for(c, POLLOUT, deadline_ms, until)))
		;
	return rc;
}

enum berth_err berth_ipc_send(struct berth_ipc *c, uint16_t op, uint32_t seq, const void *p, size_t n, int deadline_ms)
{
	uint64_t until = berth_clock_mono_ms() + (uint64_t)(deadline_ms < 0 ? 0 : deadline_ms);
	enum berth_err rc = berth_ipc_queue(c, op, seq, p, n);

	return rc ? rc : flush_all(c, deadline_ms, until);
}

enum berth_err berth_ipc_flush(struct berth_ipc *c)
{
	enum berth_err rc = usable(c);

	return rc ? rc : flush_all(c, BERTH_IPC_FOREVER, 0);
}

/* What the last frame_at() gave is still at the front of the buffer until the
 * next read. */
void berth_ipc_drop(struct berth_ipc *c)
{
	if (c->last.p)
		consume(c, 4 + BERTH_IPC_HEAD + c->last.n);
	c->last = (struct berth_ipc_frame){ 0 };
}

/* Before it is waited for, what is queued leaves. */
static enum berth_err next_frame(struct berth_ipc *c, struct berth_ipc_frame *f, size_t *size, int deadline_ms, uint64_t until)
{
	enum berth_err rc = frame_at(c, 0, f, size);

	if (rc)
		return failed(c, rc);
	return *size || !berth_ipc_wants_write(c) ? BERTH_OK : flush_all(c, deadline_ms, until);
}

enum berth_err berth_ipc_recv(struct berth_ipc *c, struct berth_ipc_frame *f, int deadline_ms)
{
	uint64_t until = berth_clock_mono_ms() + (uint64_t)(deadline_ms < 0 ? 0 : deadline_ms);
	enum berth_err rc = usable(c);
	size_t size = 0, got = 0;

	berth_ipc_drop(c);
	*f = (struct berth_ipc_frame){ 0 };
	while (!rc && !(rc = next_frame(c, f, &size, deadline_ms, until)) && size == 0)
		if (got == CHUNK || !(rc = wait_for(c, POLLIN, deadline_ms, until)))
			rc = fill(c, &got);
	if (!rc)
		c->last = *f;
	return rc;
}
