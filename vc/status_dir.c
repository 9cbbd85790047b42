/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vc/status.h"

static enum berth_err read_all(struct berth_buf *out, int fd, const char *name, size_t size)
{
	uint8_t *at = berth_buf_grow(out, size);

	if (size && !at)
		return berth_buf_status(out);
	for (size_t done = 0; done < size;) {
		ssize_t n = read(fd, at + done, size - done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			return berth_fail(BERTH_E_STATUS, "%s cannot be read", name);
	}
	while (out->len && strchr(" \t\r\n", out->p[out->len - 1]) && out->p[out->len - 1])
		out->len--;
	return BERTH_OK;
}

/* Plain files only: a FIFO would wait for ever. */
static enum berth_err one_file(int dir, const char *name, berth_status_file *each, void *arg)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = BERTH_OK;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    (size_t)st.st_size > BERTH_STATUS_FILE_MAX)
		goto out;
	if (!(rc = read_all(&text, fd, name, (size_t)st.st_size)))
		rc = each(arg, name, berth_buf_cstr(&text), text.len);
out:
	if (fd >= 0)
		close(fd);
	berth_buf_free(&text);
	return rc;
}

enum berth_err berth_status_dir_file(const char *path, const char *name, berth_status_file *each, void *arg)
{
	int dir = open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	enum berth_err rc;

	if (dir < 0)
		return berth_fail(BERTH_E_STATUS, "%.120s: %m", path);
	rc = one_file(dir, name, each, arg);
	close(dir);
	return rc;
}

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ ((const uint8_t *)p)[i]) * UINT64_C(1099511628211);	/* FNV-1a */
	return h;
}

/* In whatever order the folder is read. */
static uint64_t stamp_of(int dir, const char *name)
{
	uint64_t h = mix(UINT64_C(14695981039346656037), name, strlen(name));
	struct stat st;

	if (fstatat(dir, name, &st, 0))
		return h;
	h = mix(h, &st.st_mtim.tv_sec, sizeof(st.st_mtim.tv_sec));
	h = mix(h, &st.st_mtim.tv_nsec, sizeof(st.st_mtim.tv_nsec));
	h = mix(h, &st.st_size, sizeof(st.st_size));
	return mix(h, &st.st_ino, sizeof(st.st_ino));
}

uint64_t berth_status_dir_stamp(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	uint64_t sum = 0;

	for (size_t n = 0; d && n <= BERTH_STATUS_DIR_MAX && (e = readdir(d)); n++)
		if (*e->d_name != '.')
			sum += stamp_of(dirfd(d), e->d_name);
	if (d)
		closedir(d);
	return sum;
}

enum berth_err berth_status_dir(const char *path, berth_status_file *each, void *arg)
{
	DIR *d = opendir(path);
	enum berth_err rc = BERTH_OK;
	struct dirent *e;
	size_t n = 0;

	if (!d)
		return berth_fail(BERTH_E_STATUS, "%.120s: %m", path);
	while (!rc && (e = readdir(d))) {
		if (*e->d_name == '.')
			continue;
		if (++n > BERTH_STATUS_DIR_MAX)
			rc = berth_fail(BERTH_E_STATUS, "%.120s: more than %d files", path, BERTH_STATUS_DIR_MAX);
		else
			rc = one_file(dirfd(d), e->d_name, each, arg);
	}
	closedir(d);
	return rc;
}
