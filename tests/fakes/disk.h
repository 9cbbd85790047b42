/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_DISK_H
#define BERTH_TESTS_FAKES_DISK_H

#include <stdint.h>

#include "tests/fakes/vfs_lossy.h"

/* What vfs_lossy.h is to the store, for one file that is written without SQLite, such as that
 * of the keys: every fsync() and fdatasync() of the program comes by here. */
void disk_watch(const char *path);	/* what it is now is on the disk */
long disk_syncs(void);			/* of it, or of one that took its name, since then */
/* The power goes now: VFS_LOSE, VFS_SHUFFLE (each sector that was not synced is as it was, or
 * as it is) or VFS_KEEP.  What the program does after that is lost too: _back puts what the
 * disk had into the file's place, and ends the watch. */
void disk_power_off(enum vfs_trouble how, uint32_t seed);
void disk_power_back(void);

#endif
