/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/disk.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILES 8
#define SECTOR 512

struct image {
	dev_t dev;
	ino_t ino;
	uint8_t *p;
	size_t len;
};

static char watched[512];	/* "": nothing */
static struct image images[FILES], left;
static size_t turn;
static long syncs;

static void forget(struct image *im)
{
	free(im->p);
	*im = (struct image){ 0 };
}

/* Whatever it is open for elsewhere, and also when it has lost its name. */
static bool take(struct image *im, const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return false;
	}
	*im = (struct image){ .dev = st.st_dev, .ino = st.st_ino, .len = (size_t)st.st_size };
	im->p = malloc(im->len + 1);
	if (!im->p || pread(fd, im->p, im->len, 0) != (ssize_t)im->len)
		abort();
	close(fd);
	return true;
}

static struct image *find(dev_t dev, ino_t ino)
{
	for (struct image *im = images; im < images + FILES; im++)
		if (im->p && im->dev == dev && im->ino == ino)
			return im;
	return NULL;
}

static void keep(struct image *im)
{
	struct image *at = find(im->dev, im->ino);

	if (!at)
		at = &images[turn++ % FILES];
	forget(at);
	*at = *im;
}

/* The file itself, and what lies beside it and takes its name next. */
static bool is_watched(const char *link)
{
	char name[1024];
	ssize_t n = readlink(link, name, sizeof(name) - 1);

	name[n < 0 ? 0 : n] = '\0';
	return strncmp(name, watched, strlen(watched)) == 0;
}

static int synced(long number, int fd)
{
	int rc = (int)syscall(number, fd);
	struct image im;
	char link[64];

	if (rc || !watched[0])
		return rc;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (is_watched(link) && take(&im, link)) {
		syncs++;
		keep(&im);
	}
	return rc;
}

int fsync(int fd) { return synced(SYS_fsync, fd); }
int fdatasync(int fd) { return synced(SYS_fdatasync, fd); }

void disk_watch(const char *path)
{
	struct image im;

	for (size_t i = 0; i < FILES; i++)
		forget(&images[i]);
	forget(&left);
	syncs = 0;
	snprintf(watched, sizeof(watched), "%s", path);
	if (take(&im, watched))
		keep(&im);
}

long disk_syncs(void) { return syncs; }

static void mix(struct image *now, const struct image *was, uint32_t seed)
{
	for (size_t at = 0; at < now->len; at += SECTOR) {
		size_t n = now->len - at < SECTOR ? now->len - at : SECTOR, old = was->len < at ? 0 : was->len - at;

		seed = seed * 1664525u + 1013904223u;
		if (seed >> 31)
			continue;
		memset(now->p + at, 0, n);
		memcpy(now->p + at, was->p + (old ? at : 0), old < n ? old : n);
	}
}

void disk_power_off(enum vfs_trouble how, uint32_t seed)
{
	const struct image *was;

	if (!take(&left, watched) || how == VFS_KEEP || !(was = find(left.dev, left.ino)))
		return;
	if (how == VFS_SHUFFLE) {
		mix(&left, was, seed);
		return;
	}
	memcpy(left.p, was->p, was->len < left.len ? was->len : left.len);
	left.len = was->len < left.len ? was->len : left.len;
}

void disk_power_back(void)
{
	int fd;

	unlink(watched);
	fd = left.p ? open(watched, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
	if (left.p && (fd < 0 || write(fd, left.p, left.len) != (ssize_t)left.len))
		abort();
	if (fd >= 0)
		close(fd);
	watched[0] = '\0';
	for (size_t i = 0; i < FILES; i++)
		forget(&images[i]);
	forget(&left);
}
