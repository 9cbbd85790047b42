/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "did/keystore/file.h"

/* One that cannot be made shows in what is made below it. */
static void make_parents(char *path)
{
	for (char *s = path; (s = strchr(s + 1, '/'));) {
		*s = '\0';
		(void)!mkdir(path, 0755);
		*s = '/';
	}
}

enum berth_err berth_ksfile_make_folder(const char *dir, bool parents)
{
	char *path = strdup(dir);
	int e;

	if (!path)
		return berth_no_memory();
	if (parents)
		make_parents(path);
	e = mkdir(path, 0700) && errno != EEXIST ? errno : 0;
	free(path);
	return !e ? BERTH_OK : berth_fail(BERTH_E_KEYSTORE, "%s: %s%s", dir, strerror(e),
					  parents ? "; dir= or x-dir= in the URI says another folder" : "");
}

enum berth_err berth_ksfile_open_in(struct berth_ksfile *f, const char *dir, bool create, bool parents)
{
	char *path = NULL;
	enum berth_err rc;

	if (create && (rc = berth_ksfile_make_folder(dir, parents)))
		return rc;
	if (asprintf(&path, "%s/keys", dir) < 0)
		return berth_no_memory();
	if (!(rc = berth_ksfile_open(f, path)) && f->fd < 0 && !create)
		rc = berth_fail(BERTH_E_KEYSTORE, "%s: there is no such keystore", path);
	free(path);
	return rc;
}
