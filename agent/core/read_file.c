/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/core/agent_internal.h"

/* The kernel's own say 0 for their size: a file ends where reading does. */
static enum berth_err fill(int fd, const char *what, size_t most, struct berth_buf *out)
{
	uint8_t chunk[4096];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0 && out->len <= most)
		berth_buf_put(out, chunk, (size_t)n);
	return n < 0 ? berth_fail(BERTH_E_STORE, "%s: %m", what) : berth_buf_status(out);
}

enum berth_err agent_read_file(const char *path, const char *what, size_t most, struct berth_buf *out)
{
	int fd = path ? open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
	enum berth_err rc = BERTH_OK;
	struct stat st;

	if (fd < 0)
		return !path || errno == ENOENT ? BERTH_OK : berth_fail(BERTH_E_STORE, "%s: %m", what);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		rc = berth_fail(BERTH_E_STORE, "%s: not a regular file", what);
	else
		rc = fill(fd, what, most, out);
	close(fd);
	return rc;
}
