/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/cli_ethr.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "agent/cli/cli_client.h"

/* The file itself is replaced and removed, so the lock is beside it and stays. */
static enum berth_err take_lock(struct berth_cli_ethr_state *s)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s.lock", s->path);

	if (n < 0 || (size_t)n >= sizeof(path))
		return berth_fail(BERTH_E_USAGE, "--state: too long a path");
	s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock < 0)
		return berth_fail(BERTH_E_USAGE, "%s: %m", path);
	if (flock(s->lock, LOCK_EX | LOCK_NB))
		return berth_fail(BERTH_E_UNAVAILABLE, "%s: another command is at it", s->path);
	return BERTH_OK;
}

enum berth_err berth_cli_ethr_state_open(struct berth_cli_ethr_state *s, const char *path, struct berth_ethr_sent *sent)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	*s = (struct berth_cli_ethr_state){ .path = path, .lock = -1 };
	memset(sent, 0, sizeof(*sent));
	if ((rc = take_lock(s)))
		return rc;
	if (access(path, F_OK) && errno == ENOENT)
		return BERTH_OK;
	if (!(rc = berth_cli_read(&text, path, BERTH_ETHR_SENT_MAX)))
		rc = berth_ethr_sent_parse(sent, berth_buf_cstr(&text), text.len);
	berth_buf_free(&text);
	return rc;
}

/* A name is on disk when its folder is. */
static enum berth_err sync_folder(const char *path)
{
	char copy[PATH_MAX];
	int fd, bad;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bad = fd < 0 || fsync(fd);
	if (fd >= 0)
		close(fd);
	return bad ? berth_fail(BERTH_E_UNAVAILABLE, "%s: cannot be made durable", path) : BERTH_OK;
}

enum berth_err berth_cli_ethr_state_keep(const struct berth_cli_ethr_state *s, const struct berth_ethr_sent *sent)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!(rc = berth_ethr_sent_print(&text, sent)) && !(rc = berth_cli_save_bytes(s->path, &text)))
		rc = sync_folder(s->path);
	berth_buf_free(&text);
	return rc;
}

enum berth_err berth_cli_ethr_state_forget(const struct berth_cli_ethr_state *s)
{
	if (unlink(s->path) && errno != ENOENT)
		return berth_fail(BERTH_E_UNAVAILABLE, "%s: %m", s->path);
	return sync_folder(s->path);
}

void berth_cli_ethr_state_close(struct berth_cli_ethr_state *s)
{
	if (s->lock >= 0)
		close(s->lock);
	s->lock = -1;
}
