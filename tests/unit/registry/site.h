/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_UNIT_REGISTRY_SITE_H
#define BERTH_TESTS_UNIT_REGISTRY_SITE_H

/* The frame of the tests of the adapter for web sites: it, under a scripted host, and a folder
 * that it publishes in. */
#include <limits.h>
#include <sys/stat.h>

#include "tests/check.h"
#include "tests/fakes/built.h"
#include "tests/fakes/registry_host.h"
#include "tests/fakes/tmpdir.h"

static struct test_registry r;
static struct test_registry_answer a;
static char dir[TMPDIR_LEN];

static inline int start(const char *config)
{
	char so[PATH_MAX];

	test_built(so, sizeof(so), "lib/berth/registry/web.so");
	return test_registry_start(&r, so, config);
}

static inline void start_with_tree(void)
{
	char config[128];

	snprintf(config, sizeof(config), "{\"publish-dir\":\"%s\"}", dir);
	assert_int_equal(0, start(config));
	test_registry_script(&r, NULL, 0);
}

/* Exactly that, and for everybody to read. */
static inline bool holds(const char *path, const char *want)
{
	struct stat st;
	char *text;
	bool same;

	if (stat(test_path(dir, path), &st))
		return false;
	text = test_read_file(test_path(dir, path), NULL);
	same = strcmp(text, want) == 0 && (st.st_mode & 0777) == 0644;
	free(text);
	return same;
}

static inline int set_up(void **state)
{
	(void)state;
	test_tmpdir(dir);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	test_registry_answer_free(&a);
	test_tmpdir_remove(dir);
	return 0;
}

#endif
