/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_UNIT_AGENT_CORE_STORE_DRAWN_H
#define BERTH_TESTS_UNIT_AGENT_CORE_STORE_DRAWN_H

#include "agent/core/store_internal.h"
#include "tests/unit/agent/core/store_lossy.h"

/* One store on that disk, for tests that draw what they do to it: the same each time. */
static struct berth_store *s;
static uint32_t rng;

static uint32_t draw(uint32_t n) { return (rng = rng * 1664525u + 1013904223u) / 65536 % n; }

static int drawn_begin(void **state)
{
	(void)state;
	lossy_begin();
	CHECK_OK(berth_store_open_vfs(&s, dir, true, "lossy"));
	return 0;
}

static int drawn_end(void **state)
{
	(void)state;
	berth_store_close(s);
	lossy_end();
	return 0;
}

/* Kept or taken back. */
static inline bool drawn_commit(uint32_t n)
{
	bool commit = draw(n) != 0;

	if (commit)
		CHECK_OK(berth_store_commit(s));
	else
		berth_store_rollback(s);
	return commit;
}

#endif
