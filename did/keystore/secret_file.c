/* SPDX-License-Identifier: Apache-2.0 */
#include "did/keystore/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum berth_err sys(const struct berth_secret_file *f, const char *path)
{
	int e = errno;

	return berth_fail(BERTH_E_KEYSTORE, "%s %s: %s (uid %u)", f->what, path, strerror(e), (unsigned)geteuid());
}

/* systemd writes credentials 0400 and lets the service's user in by an access
 * list, which shows in the group bits; everywhere else the group gets nothing. */
static enum berth_err check_mode(const struct berth_secret_file *f, const char *path, const struct stat *st,
				 bool credential)
{
	if (!S_ISREG(st->st_mode))
		return berth_fail(BERTH_E_KEYSTORE, "%s %s: not a regular file", f->what, path);
	if (st->st_uid != geteuid() && !(credential && st->st_uid == 0))
		return berth_fail(BERTH_E_KEYSTORE, "%s %s: belongs to uid %u, this is uid %u", f->what, path,
				  (unsigned)st->st_uid, (unsigned)geteuid());
	if (st->st_mode & (credential ? 0007 : 0077))
		return berth_fail(BERTH_E_KEYSTORE, "%s %s: mode is %04o, must be 0600", f->what, path,
				  (unsigned)(st->st_mode & 07777));
	return BERTH_OK;
}

static size_t trimmed(const uint8_t *p, size_t n)
{
	if (n > 0 && p[n - 1] == '\n')
		n--;
	if (n > 0 && p[n - 1] == '\r')
		n--;
	return n;
}

bool berth_secret_file_is_blob(const struct berth_secret_file *f, const struct berth_secret *s)
{
	size_t n = f->blob ? strlen(f->blob) : 0;

	return n && s->len >= n && memcmp(s->b, f->blob, n) == 0;
}

/* How much of the n bytes at the begin of raw is the secret; 0: it is none. */
static size_t secret_len(const struct berth_secret_file *f, const struct berth_secret *raw, size_t n)
{
	if (berth_secret_file_is_blob(f, raw))
		return n > f->blob_max ? 0 : n;
	return n > f->max ? 0 : trimmed(raw->b, n);
}

static enum berth_err slurp(struct berth_secret **out, const struct berth_secret_file *f, const char *path, int fd)
{
	struct berth_secret *raw = berth_secret_new((f->max > f->blob_max ? f->max : f->blob_max) + 1), *text = NULL;
	enum berth_err rc = BERTH_OK;
	size_t n = 0;
	ssize_t got = 1;

	if (!raw)
		return berth_no_memory();
	while (got > 0 && n < raw->len)
		if ((got = read(fd, raw->b + n, raw->len - n)) > 0)
			n += (size_t)got;
	if (got < 0)
		rc = sys(f, path);
	else if ((n = secret_len(f, raw, n)) == 0)
		rc = berth_fail(BERTH_E_KEYSTORE, "%s %s: holds none, or more than %zu bytes", f->what, path, f->max);
	else if (!(text = berth_secret_new(n)))
		rc = berth_no_memory();
	else
		memcpy(text->b, raw->b, n);
	berth_secret_free(raw);
	*out = text;
	return rc;
}

static enum berth_err read_file(struct berth_secret **out, const struct berth_secret_file *f, const char *path,
				bool credential)
{
	struct stat st;
	enum berth_err rc;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return sys(f, path);
	rc = fstat(fd, &st) ? sys(f, path) : check_mode(f, path, &st, credential);
	if (!rc)
		rc = slurp(out, f, path, fd);
	close(fd);
	return rc;
}

enum berth_err berth_secret_file_read(struct berth_secret **out, const struct berth_secret_file *f,
				      const char *path)
{
	*out = NULL;
	return read_file(out, f, path, false);
}

enum berth_err berth_secret_file_credential(struct berth_secret **out, const struct berth_secret_file *f,
					    const char *name, bool *there)
{
	const char *dir = secure_getenv("CREDENTIALS_DIRECTORY");
	char *path = NULL;
	enum berth_err rc;

	*out = NULL;
	*there = dir && dir[0];
	if (!*there)
		return BERTH_OK;
	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return berth_no_memory();
	rc = read_file(out, f, path, true);
	free(path);
	return rc;
}
