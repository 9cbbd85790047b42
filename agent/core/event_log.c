/* SPDX-License-Identifier: Apache-2.0 */
/* The file of [device] event-log: what firmware measured at boot, as the kernel has it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/core/agent_internal.h"
#include "did/keystore/event_log.h"

/* securityfs says 0 for its size: it ends where reading does. */
static enum berth_err fill(int fd, struct berth_buf *log)
{
	uint8_t chunk[4096];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0 && log->len <= BERTH_EVENT_LOG_MAX)
		berth_buf_put(log, chunk, (size_t)n);
	return n < 0 ? berth_fail(BERTH_E_STORE, "event-log: %s", strerror(errno)) : berth_buf_status(log);
}

static enum berth_err event_log(struct berth_env *env, struct berth_buf *log)
{
	const char *path = env->policy->event_log;
	int fd = path ? open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
	enum berth_err rc = BERTH_OK;
	struct stat st;

	if (fd < 0)
		return !path || errno == ENOENT ? BERTH_OK : berth_fail(BERTH_E_STORE, "event-log: %s", strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		rc = berth_fail(BERTH_E_STORE, "event-log: not a regular file");
	else
		rc = fill(fd, log);
	close(fd);
	return rc;
}

void agent_env_event_log(struct berth_agent *a) { a->env.event_log = event_log; }
