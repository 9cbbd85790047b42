/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 to the daemon's UNIX socket.  "Connection: close" makes the end of the
 * answer the end of the stream, and Content-Length says whether it was all. */
#include "agent/cli/cli_client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "did/base/clock.h"

#define DEFAULT_SOCKET "/run/berth/admin.sock"
#define DEADLINE_MS 60000	/* a TPM may have much to do before an answer */
#define HEADERS_MAX 16384
#define CHUNK 16384

/* ---- the parts of an answer ---- */

static enum berth_err bad_answer(const char *what)
{
	return berth_fail(BERTH_E_UNAVAILABLE, "daemon: no valid answer: %s", what);
}

static enum berth_err parse_length(const char *value, size_t n, size_t *out)
{
	size_t v = 0, digits = 0;

	while (n && (*value == ' ' || *value == '\t'))
		value++, n--;
	for (; digits < n && value[digits] >= '0' && value[digits] <= '9' && digits < 9; digits++)
		v = v * 10 + (size_t)(value[digits] - '0');
	if (!digits || digits != n)
		return bad_answer("Content-Length");
	*out = v;
	return BERTH_OK;
}

/* The header lines in [p, end); *length stays as it was without Content-Length. */
static enum berth_err parse_headers(const char *p, const char *end, size_t *length)
{
	static const char name[] = "Content-Length:", coding[] = "Transfer-Encoding:";
	enum berth_err rc;

	while (p < end) {
		const char *eol = memmem(p, (size_t)(end - p), "\r\n", 2);
		size_t n = (size_t)((eol ? eol : end) - p);

		if (n >= sizeof(coding) - 1 && !strncasecmp(p, coding, sizeof(coding) - 1))
			return bad_answer("Transfer-Encoding");
		if (n >= sizeof(name) - 1 && !strncasecmp(p, name, sizeof(name) - 1) &&
		    (rc = parse_length(p + sizeof(name) - 1, n - (sizeof(name) - 1), length)))
			return rc;
		p += n + 2;
	}
	return BERTH_OK;
}

enum berth_err berth_cli_http_parse(const char *p, size_t n, int *status, const char **body, size_t *body_len)
{
	static const char version[] = "HTTP/1.1 ";
	const char *head = memmem(p, n < HEADERS_MAX ? n : HEADERS_MAX, "\r\n\r\n", 4), *line;
	size_t length;
	enum berth_err rc;

	*status = 0;
	*body = NULL;
	*body_len = 0;
	if (!head || (size_t)(head - p) < sizeof(version) + 2 || memcmp(p, version, sizeof(version) - 1))
		return bad_answer("status line");
	for (int i = 0; i < 3; i++) {
		char d = p[sizeof(version) - 1 + (size_t)i];

		if (d < '0' || d > '9')
			return bad_answer("status line");
		*status = *status * 10 + (d - '0');
	}
	line = memmem(p, (size_t)(head + 2 - p), "\r\n", 2);
	length = n - (size_t)(head + 4 - p);
	*body_len = length;
	if (line < head && (rc = parse_headers(line + 2, head, &length)))
		return rc;
	if (length != *body_len)
		return bad_answer("cut short");
	*body = head + 4;
	return BERTH_OK;
}

/* ---- the socket ---- */

static enum berth_err wait_for(int fd, short what, uint64_t until_ms)
{
	uint64_t now = berth_clock_mono_ms();
	struct pollfd p = { .fd = fd, .events = what };
	int n;

	do
		n = poll(&p, 1, now < until_ms ? (int)(until_ms - now) : 0);
	while (n < 0 && errno == EINTR && (now = berth_clock_mono_ms()) < until_ms);
	return n == 1 ? BERTH_OK : berth_fail(BERTH_E_UNAVAILABLE, "daemon: no answer within %d s", DEADLINE_MS / 1000);
}

static const char *socket_path(const struct berth_cli *c)
{
	const char *at = berth_cli_get(c, "--socket");

	return at || ((at = getenv("BERTH_SOCKET")) && *at) ? at : DEFAULT_SOCKET;
}

static enum berth_err dial(const char *path, int *out)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd;

	*out = -1;
	if (strlen(path) >= sizeof(at.sun_path))
		return berth_fail(BERTH_E_USAGE, "--socket: path longer than %zu", sizeof(at.sun_path) - 1);
	memcpy(at.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at))) {
		enum berth_err rc = berth_fail(BERTH_E_UNAVAILABLE, "daemon: %s: %m", path);

		if (fd >= 0)
			close(fd);
		return rc;
	}
	*out = fd;
	return BERTH_OK;
}

static enum berth_err send_all(int fd, const struct berth_buf *b, uint64_t until_ms)
{
	enum berth_err rc;

	for (size_t done = 0; done < b->len;) {
		ssize_t n = send(fd, b->p + done, b->len - done, MSG_NOSIGNAL);

		if (n > 0)
			done += (size_t)n;
		else if (n < 0 && errno == EAGAIN && (rc = wait_for(fd, POLLOUT, until_ms)))
			return rc;
		else if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			return BERTH_OK;	/* it may have answered already: too large, say */
		else if (n < 0 && errno != EAGAIN && errno != EINTR)
			return berth_fail(BERTH_E_UNAVAILABLE, "daemon: %m");
	}
	return BERTH_OK;
}

static enum berth_err receive_all(int fd, struct berth_buf *b, uint64_t until_ms)
{
	enum berth_err rc;
	ssize_t n;

	for (;;) {
		uint8_t *at = berth_buf_grow(b, CHUNK);

		if (!at)
			return berth_buf_status(b);
		n = recv(fd, at, CHUNK, 0);
		b->len -= CHUNK - (n > 0 ? (size_t)n : 0);
		if (b->len > BERTH_CLI_ANSWER_MAX + HEADERS_MAX)
			return berth_fail(BERTH_E_SIZE, "daemon: an answer of more than %zu bytes", BERTH_CLI_ANSWER_MAX);
		if (n == 0)
			return BERTH_OK;
		if (n < 0 && errno == EAGAIN) {
			if ((rc = wait_for(fd, POLLIN, until_ms)))
				return rc;
		} else if (n < 0 && errno != EINTR) {
			return berth_fail(BERTH_E_UNAVAILABLE, "daemon: %m");
		}
	}
}

/* ---- request and answer ---- */

static enum berth_err make_request(struct berth_buf *out, const char *path, const struct berth_json *body)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = body ? berth_json_print(&text, body) : BERTH_OK;

	berth_buf_printf(out, "%s %s HTTP/1.1\r\nHost: berth\r\nConnection: close\r\n", body ? "POST" : "GET", path);
	if (body)
		berth_buf_printf(out, "Content-Type: application/json\r\nContent-Length: %zu\r\n", text.len);
	berth_buf_str(out, "\r\n");
	berth_buf_put(out, text.p, text.len);
	berth_buf_free(&text);
	return rc ? rc : berth_buf_status(out);
}

/* {"error": "E_AUTHZ", "message"}: the same code, and the message as the detail. */
static enum berth_err refusal(int status, const struct berth_json *v)
{
	const char *name = berth_json_str(berth_json_get(v, "error")), *text = berth_json_str(berth_json_get(v, "message"));
	const char *missing = berth_json_str(berth_json_get(v, "missing"));

	for (int i = BERTH_OK + 1; name && i < BERTH_E__COUNT; i++)
		if (!strcmp(berth_err_name((enum berth_err)i), name))
			return berth_fail((enum berth_err)i, "%s%s%s", text ? text : "refused",
					  missing ? ": " : "", missing ? missing : "");
	return berth_fail(BERTH_E_UNAVAILABLE, "daemon: HTTP status %d", status);
}

static enum berth_err read_answer(const struct berth_buf *in, struct berth_json **out)
{
	struct berth_json *v = NULL;
	const char *body;
	int status;
	size_t n;
	enum berth_err rc;

	if ((rc = berth_cli_http_parse(berth_buf_cstr(in), in->len, &status, &body, &n)))
		return rc;
	rc = berth_json_parse(&v, body, n, BERTH_CLI_ANSWER_MAX);
	if (status != 200)
		rc = refusal(status, v);
	else if (!rc)
		*out = v;
	if (rc)
		berth_json_free(v);
	return rc;
}

enum berth_err berth_cli_dial(const struct berth_cli *c, const char *path, int *fd)
{
	struct berth_buf request = BERTH_BUF_INIT;
	enum berth_err rc = make_request(&request, path, NULL);

	*fd = -1;
	if (!rc && !(rc = dial(socket_path(c), fd)))
		rc = send_all(*fd, &request, berth_clock_mono_ms() + DEADLINE_MS);
	berth_buf_free(&request);
	return rc;
}

static enum berth_err exchange(const struct berth_cli *c, const char *path, const struct berth_json *body,
			       struct berth_buf *answer)
{
	uint64_t until_ms = berth_clock_mono_ms() + DEADLINE_MS;
	struct berth_buf request = BERTH_BUF_INIT;
	enum berth_err rc;
	int fd = -1;

	if (!(rc = make_request(&request, path, body)) && !(rc = dial(socket_path(c), &fd)) &&
	    !(rc = send_all(fd, &request, until_ms)))
		rc = receive_all(fd, answer, until_ms);
	if (fd >= 0)
		close(fd);
	berth_buf_free(&request);
	return rc;
}

enum berth_err berth_cli_call(const struct berth_cli *c, const char *path, struct berth_json *take_body,
			      struct berth_json **out)
{
	struct berth_buf answer = BERTH_BUF_INIT;
	enum berth_err rc = exchange(c, path, take_body, &answer);

	*out = NULL;
	if (!rc)
		rc = read_answer(&answer, out);
	berth_json_free(take_body);
	berth_buf_free(&answer);
	return rc;
}

enum berth_err berth_cli_call_text(const struct berth_cli *c, const char *path, struct berth_buf *out)
{
	struct berth_buf answer = BERTH_BUF_INIT;
	struct berth_json *v = NULL;
	const char *body;
	int status;
	size_t n;
	enum berth_err rc = exchange(c, path, NULL, &answer);

	if (!rc && !(rc = berth_cli_http_parse(berth_buf_cstr(&answer), answer.len, &status, &body, &n))) {
		if (status != 200)
			rc = read_answer(&answer, &v);
		else
			berth_buf_put(out, body, n);
	}
	berth_json_free(v);
	berth_buf_free(&answer);
	return rc ? rc : berth_buf_status(out);
}

enum berth_err berth_cli_call_with(const struct berth_cli *c, const char *path, const char *member, const char *text,
				   struct berth_json **out)
{
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc = berth_json_set_str(body, member, text);

	*out = NULL;
	if (!rc)
		return berth_cli_call(c, path, body, out);
	berth_json_free(body);
	return rc;
}

enum berth_err berth_cli_set_option(const struct berth_cli *c, struct berth_json *body, const char *option, const char *member)
{
	const char *text = berth_cli_get(c, option);

	return text ? berth_json_set_str(body, member, text) : BERTH_OK;
}

const struct berth_json *berth_cli_member(const struct berth_json *v, const char *name)
{
	const struct berth_json *m = berth_json_get(v, name);

	return berth_json_is(m, BERTH_JSON_OBJECT) ? m : v;
}

void berth_cli_path(struct berth_buf *out, const char *prefix, const char *segment, const char *suffix)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	berth_buf_str(out, prefix);
	for (; *segment; segment++) {
		if (strchr(plain, *segment))
			berth_buf_u8(out, (uint8_t)*segment);
		else
			berth_buf_printf(out, "%%%02X", (uint8_t)*segment);
	}
	berth_buf_str(out, suffix);
}
