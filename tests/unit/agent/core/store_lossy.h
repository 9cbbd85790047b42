/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_UNIT_AGENT_CORE_STORE_LOSSY_H
#define BERTH_TESTS_UNIT_AGENT_CORE_STORE_LOSSY_H

#include "tests/check.h"

#include "did/base/clock.h"
#include "tests/fakes/tmpdir.h"
#include "tests/fakes/vfs_lossy.h"

/* A folder for a store, on a disk that fails when it is told to, with a clock that stands. */
static char dir[TMPDIR_LEN];
static uint64_t now_ms;

static uint64_t mono(void) { return now_ms; }

static void lossy_begin(void)
{
	vfs_lossy_install();
	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	now_ms = 1000;
	berth_clock_inject(NULL, mono);
	test_tmpdir(dir);
}

static void lossy_end(void)
{
	berth_clock_inject(NULL, NULL);
	test_tmpdir_remove(dir);
}

#endif
