/* SPDX-License-Identifier: Apache-2.0 */
/* berth watch: what applications are shown, as it happens.  When the daemon goes away it is
 * asked again, from behind the last generation that was seen. */
#include "agent/cli/cli_client.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_ ((size_t)1 << 20)
#define SILENT_MS 60000		/* longer than between two heartbeats: it hangs */
#define AGAIN_MS 500
#define AGAIN_TRIES 120

/* A chunked answer, piece by piece. */
struct watcher {
	const struct berth_cli *c;
	struct berth_buf in;		/* as it came, from the next thing that is to be understood */
	struct berth_buf line;
	bool headers, once, over;
	int64_t generation;
};

static enum berth_err more(struct watcher *w, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint8_t *at = berth_buf_grow(&w->in, 4096);
	ssize_t n;

	if (!at)
		return berth_buf_status(&w->in);
	w->in.len -= 4096;
	do
		n = poll(&p, 1, SILENT_MS);
	while (n < 0 && errno == EINTR);
	n = n == 1 ? recv(fd, at, 4096, 0) : -1;
	if (n <= 0)
		return berth_fail(BERTH_E_UNAVAILABLE, "daemon: the stream has ended");
	w->in.len += (size_t)n;
	return w->in.len > LINE_MAX_ ? berth_fail(BERTH_E_SIZE, "daemon: a line of more than %zu bytes", LINE_MAX_) : BERTH_OK;
}

static void drop(struct watcher *w, size_t n)
{
	memmove(w->in.p, w->in.p + n, w->in.len - n);
	w->in.len -= n;
}

/* ---- lines ---- */

static enum berth_err say(const struct berth_json *v)
{
	const struct berth_json *state = berth_json_get(v, "state"), *device = berth_json_get(state, "device");
	struct berth_buf out = BERTH_BUF_INIT;
	int64_t generation = 0;
	enum berth_err rc = berth_json_opt_int(v, "generation", 0, INT64_MAX, &generation);

	berth_buf_printf(&out, "%6" PRId64 "  ", generation);
	berth_json_each(e, berth_json_get(v, "events")) {
		berth_cli_put_clean(&out, berth_json_str(e) ? berth_json_str(e) : "");
		berth_buf_u8(&out, ' ');
	}
	if (berth_json_str(berth_json_get(device, "state")))
		berth_cli_put_clean(&out, berth_json_str(berth_json_get(device, "state")));
	berth_json_each(id, berth_json_get(state, "identities")) {
		berth_buf_str(&out, "  ");
		berth_cli_put_clean(&out, berth_json_str(berth_json_get(id, "did")) ? berth_json_str(berth_json_get(id, "did")) : "");
	}
	berth_buf_printf(&out, "  %zu secrets\n", berth_json_len(berth_json_get(state, "secrets")));
	if (!rc)
		return berth_cli_flush(&out);
	berth_buf_free(&out);
	return rc;
}

static enum berth_err take_line(struct watcher *w)
{
	struct berth_json *v;
	enum berth_err rc = berth_json_parse_object(&v, (const char *)w->line.p, w->line.len, LINE_MAX_);

	if (!rc && (rc = berth_json_opt_int(v, "generation", 0, INT64_MAX, &w->generation)))
		goto out;
	if (rc || berth_json_get(v, "event"))
		goto out;	/* a heartbeat */
	rc = berth_cli_json_wanted(w->c) ? berth_cli_print_text((const char *)w->line.p, w->line.len) : say(v);
	w->over = w->once;
out:
	berth_json_free(v);
	berth_buf_reset(&w->line);
	return rc;
}

static enum berth_err take_bytes(struct watcher *w, const char *p, size_t n)
{
	enum berth_err rc = BERTH_OK;

	while (!rc && n && !w->over) {
		const char *eol = memchr(p, '\n', n);
		size_t len = eol ? (size_t)(eol - p) : n;

		berth_buf_put(&w->line, p, len);
		if (w->line.len > LINE_MAX_)
			return berth_fail(BERTH_E_SIZE, "daemon: a line of more than %zu bytes", LINE_MAX_);
		if (eol)
			rc = berth_buf_status(&w->line) ? berth_buf_status(&w->line) : take_line(w);
		p += len + (eol != NULL);
		n -= len + (eol != NULL);
	}
	return rc;
}

/* ---- chunks ---- */

/* true: a whole chunk was there and is done; *rc says how. */
static bool chunk(struct watcher *w, enum berth_err *rc)
{
	const char *p = (const char *)w->in.p, *eol = w->in.len ? memmem(p, w->in.len, "\r\n", 2) : NULL;
	size_t n = 0, head;

	if (!eol)
		return false;
	for (const char *at = p; at < eol; at++) {
		const char *digits = "0123456789abcdef", *d = strchr(digits, *at | 0x20);

		if (!d || n > LINE_MAX_ || at - p > 6) {
			*rc = berth_fail(BERTH_E_UNAVAILABLE, "daemon: no valid answer: chunk");
			return true;
		}
		n = n * 16 + (size_t)(d - digits);
	}
	head = (size_t)(eol - p) + 2;
	if (w->in.len < head + n + 2)
		return false;
	*rc = n ? take_bytes(w, p + head, n) : berth_fail(BERTH_E_UNAVAILABLE, "daemon: the stream has ended");
	drop(w, head + n + 2);
	return true;
}

/* The head of the answer; another status than 200 is read like any other answer. */
static enum berth_err headers(struct watcher *w, int fd)
{
	static const char good[] = "HTTP/1.1 200 ";
	const char *end;
	enum berth_err rc;

	while (!w->in.len || !(end = memmem(w->in.p, w->in.len, "\r\n\r\n", 4)))
		if ((rc = more(w, fd)))
			return rc;
	if (w->in.len < sizeof(good) || memcmp(w->in.p, good, sizeof(good) - 1) != 0)
		return berth_fail(BERTH_E_AUTHZ, "daemon: %.*s", (int)strcspn((const char *)w->in.p, "\r"), (const char *)w->in.p);
	drop(w, (size_t)(end - (const char *)w->in.p) + 4);
	return BERTH_OK;
}

static enum berth_err follow(struct watcher *w)
{
	char path[64];
	bool had = w->generation > 0;
	enum berth_err rc;
	int fd = -1;

	snprintf(path, sizeof(path), had ? "/v1/watch?since=%" PRId64 : "/v1/watch", w->generation);
	berth_buf_reset(&w->in);
	berth_buf_reset(&w->line);
	if (!(rc = berth_cli_dial(w->c, path, &fd)))
		rc = headers(w, fd);
	while (!rc && !w->over)
		if (!chunk(w, &rc))
			rc = more(w, fd);
	if (fd >= 0)
		close(fd);
	return rc;
}

static enum berth_err watch(struct berth_cli *c)
{
	static const struct timespec nap = { .tv_nsec = AGAIN_MS * 1000000L };
	struct watcher w = { .c = c, .once = berth_cli_has(c, "--once") };
	const char *since = berth_cli_get(c, "--since");
	int tries = 0;
	enum berth_err rc;

	if (since && (strspn(since, "0123456789") != strlen(since) || !*since || strlen(since) > 15))
		return berth_fail(BERTH_E_USAGE, "--since: not a number");
	for (; since && *since; since++)
		w.generation = w.generation * 10 + (*since - '0');
	do {
		int64_t before = w.generation;

		rc = follow(&w);
		tries = w.generation != before ? 0 : tries + 1;
		if (rc == BERTH_E_UNAVAILABLE && !w.once && w.generation && tries < AGAIN_TRIES)
			nanosleep(&nap, NULL);
		else
			break;
	} while (!w.over);
	berth_buf_free(&w.in);
	berth_buf_free(&w.line);
	return rc;
}

static const struct berth_cli_cmd cmds[] = {
	{ "", 0, 0, watch },
	{ .run = NULL },
};

const struct berth_cli_group berth_cli_watch = { "watch", cmds };
