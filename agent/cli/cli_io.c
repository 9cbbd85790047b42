/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 16384

static enum berth_err read_all(struct berth_buf *out, int fd, const char *path, size_t max)
{
	uint8_t *at;
	ssize_t n;

	do {
		at = berth_buf_grow(out, CHUNK);
		if (!at)
			return berth_buf_status(out);
		do
			n = read(fd, at, CHUNK);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return berth_fail(BERTH_E_USAGE, "%s: %m", path);
		out->len -= CHUNK - (size_t)n;
		if (out->len > max)
			return berth_fail(BERTH_E_SIZE, "%s: more than %zu bytes", path, max);
	} while (n);
	out->p[out->len] = '\0';
	return BERTH_OK;
}

enum berth_err berth_cli_read(struct berth_buf *out, const char *path, size_t max)
{
	enum berth_err rc;
	int fd;

	if (!path || !strcmp(path, "-"))
		return read_all(out, STDIN_FILENO, "stdin", max);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return berth_fail(BERTH_E_USAGE, "%s: %m", path);
	rc = read_all(out, fd, path, max);
	close(fd);
	return rc;
}

enum berth_err berth_cli_read_plain(struct berth_buf *out, const char *path, size_t max)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	enum berth_err rc;

	if (fd < 0)
		return berth_fail(BERTH_E_STORE, "%s: %m", path);
	rc = fstat(fd, &st) || !S_ISREG(st.st_mode) ? berth_fail(BERTH_E_STORE, "%s: not a regular file", path)
						    : read_all(out, fd, path, max);
	close(fd);
	return rc;
}

enum berth_err berth_cli_read_token(struct berth_buf *out, const char *path, size_t max)
{
	enum berth_err rc = berth_cli_read(out, path, max);

	while (!rc && out->len && strchr(" \t\r\n", out->p[out->len - 1]) && out->p[out->len - 1])
		out->p[--out->len] = '\0';
	return rc;
}

enum berth_err berth_cli_read_json(struct berth_json **out, const char *path, size_t max)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = berth_cli_read(&text, path, max);

	*out = NULL;
	if (!rc)
		rc = berth_json_parse(out, berth_buf_cstr(&text), text.len, max);
	berth_buf_free(&text);
	return rc;
}

enum berth_err berth_cli_write(const void *p, size_t n)
{
	const char *at = p;
	ssize_t w;

	for (; n; at += w, n -= (size_t)w) {
		do
			w = write(STDOUT_FILENO, at, n);
		while (w < 0 && errno == EINTR);
		if (w < 0)
			return berth_fail(BERTH_E_UNAVAILABLE, "stdout: %m");
	}
	return BERTH_OK;
}

enum berth_err berth_cli_print_text(const char *p, size_t n)
{
	enum berth_err rc = berth_cli_write(p, n);

	return rc ? rc : berth_cli_write("\n", 1);
}

enum berth_err berth_cli_print(const struct berth_cli *c, struct berth_json *take)
{
	struct berth_buf out = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!take)
		return berth_no_memory();
	rc = berth_cli_has(c, "--pretty") ? berth_json_print_pretty(&out, take) : berth_json_print(&out, take);
	if (!rc)
		rc = berth_cli_print_text(berth_buf_cstr(&out), out.len);
	berth_buf_free(&out);
	berth_json_free(take);
	return rc;
}
