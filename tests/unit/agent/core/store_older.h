/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_UNIT_AGENT_CORE_STORE_OLDER_H
#define BERTH_TESTS_UNIT_AGENT_CORE_STORE_OLDER_H

#include <sqlite3.h>

#include "tests/check.h"

#define OLDER_PAGE 4096

/* A closed store as builds made it whose pages were of 4 KiB. */
static inline void make_older(const char *path)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA journal_mode = DELETE; PRAGMA page_size = 4096; VACUUM;"
				      "PRAGMA journal_mode = WAL", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

#endif /* BERTH_TESTS_UNIT_AGENT_CORE_STORE_OLDER_H */
