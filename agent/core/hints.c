/* SPDX-License-Identifier: Apache-2.0 */
/* The file of [rendezvous] hints-file. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/core/agent_internal.h"
#include "agent/protocol/hints.h"

static enum berth_err fill(int fd, struct berth_buf *text)
{
	uint8_t chunk[1024];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0 && text->len <= BERTH_HINTS_TEXT_MAX)
		berth_buf_put(text, chunk, (size_t)n);
	return n < 0 ? berth_fail(BERTH_E_STORE, "hints-file: %s", strerror(errno)) : berth_buf_status(text);
}

/* Whoever wrote it is believed nothing, so whose file it is does not matter. */
static enum berth_err hints(struct berth_env *env, struct berth_buf *text)
{
	const char *path = env->policy->hints_file;
	int fd = path ? open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
	enum berth_err rc = BERTH_OK;
	struct stat st;

	if (fd < 0)
		return !path || errno == ENOENT ? BERTH_OK : berth_fail(BERTH_E_STORE, "hints-file: %s", strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		rc = berth_fail(BERTH_E_STORE, "hints-file: not a regular file");
	else
		rc = fill(fd, text);
	close(fd);
	return rc;
}

void agent_env_hints(struct berth_agent *a) { a->env.hints = hints; }
