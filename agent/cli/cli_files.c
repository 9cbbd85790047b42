/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/cli_client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum berth_err write_all(int fd, const char *path, const struct berth_buf *b)
{
	for (size_t done = 0; done < b->len;) {
		ssize_t n = write(fd, b->p + done, b->len - done);

		if (n > 0)
			done += (size_t)n;
		else if (n < 0 && errno != EINTR)
			return berth_fail(BERTH_E_UNAVAILABLE, "%s: %m", path);
	}
	return fsync(fd) ? berth_fail(BERTH_E_UNAVAILABLE, "%s: %m", path) : BERTH_OK;
}

/* Beside it and renamed, so that nobody finds half of it. */
static enum berth_err replace(const char *path, const char *part, const struct berth_buf *b)
{
	int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	enum berth_err rc;

	if (fd < 0)
		return berth_fail(BERTH_E_USAGE, "%s: %m", part);
	rc = write_all(fd, path, b);
	close(fd);
	if (!rc && rename(part, path))
		rc = berth_fail(BERTH_E_USAGE, "%s: %m", path);
	if (rc)
		unlink(part);
	return rc;
}

enum berth_err berth_cli_save_bytes(const char *path, const struct berth_buf *b)
{
	struct berth_buf part = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_printf(&part, "%s.%ld.part", path, (long)getpid());
	if (!(rc = berth_buf_status(b)) && !(rc = berth_buf_status(&part)))
		rc = replace(path, berth_buf_cstr(&part), b);
	berth_buf_free(&part);
	return rc;
}

enum berth_err berth_cli_save(const char *path, const struct berth_json *v)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = berth_json_print(&text, v);

	berth_buf_u8(&text, '\n');
	if (!rc)
		rc = berth_cli_save_bytes(path, &text);
	berth_buf_free(&text);
	return rc;
}
