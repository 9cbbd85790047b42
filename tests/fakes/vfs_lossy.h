/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_VFS_LOSSY_H
#define BERTH_TESTS_FAKES_VFS_LOSSY_H

#include <stdint.h>

/* An SQLite VFS, "lossy", over the default one.  It knows what has been synced.
 * Calls that change the disk (opening a new file, write, truncate, sync) are counted
 * from the last reset; at the n-th one of these happens: */
enum vfs_trouble {
	VFS_NONE,
	VFS_LOSE,	/* power off: nothing since the last sync of each file survives */
	VFS_SHUFFLE,	/* power off: any subset of it survives, some writes in part */
	VFS_KEEP,	/* power off, but all of it survived */
	VFS_ERROR,	/* this call fails with err, the later ones work */
	VFS_BROKEN	/* this call and all later ones fail with err, until healed */
};

void vfs_lossy_install(void);
void vfs_lossy_reset(enum vfs_trouble what, long at, int err, uint32_t seed);
void vfs_lossy_trouble(enum vfs_trouble what, long in_calls);	/* from now; files stay known */
void vfs_lossy_heal(void);	/* no trouble from now on; the count goes on */
long vfs_lossy_calls(void);
long vfs_lossy_syncs(void);	/* of them, so many synced a file */

#endif
