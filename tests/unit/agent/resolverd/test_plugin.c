/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/resolverd/plugin.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/resolverd/query.h"
#include "tests/check.h"
#include "tests/fakes/shell.h"
#include "tests/fakes/tmpdir.h"

#define FAULTY "tests/fakes/adapters/faulty.c"

static char dir[] = "/tmp/berth-plugin-XXXXXX", good[64], file[128];

static const char *at(const char *name)
{
	snprintf(file, sizeof(file), "%s/%s", dir, name);
	return file;
}

static int make_folder(void **state)
{
	*state = dir;
	CHECK(mkdtemp(dir));
	chmod(dir, 0755);
	snprintf(good, sizeof(good), "%s/good.so", dir);
	test_build_adapter(good, FAULTY, "");
	return 0;
}

static enum berth_err open_it(const char *path)
{
	enum berth_err rc;
	int fd;

	rc = berth_plugin_open_file(&fd, path);
	CHECK((fd >= 0) == (rc == BERTH_OK));
	if (fd >= 0)
		close(fd);
	return rc;
}

static void c154_paths_are_absolute_and_plain(void **state)
{
	char path[160];

	(void)state;
	CHECK_OK(open_it(good));
	CHECK_RC(BERTH_E_PLUGIN, open_it(""));
	CHECK_RC(BERTH_E_PLUGIN, open_it("good.so"));
	CHECK_RC(BERTH_E_PLUGIN, open_it("./good.so"));
	CHECK_RC(BERTH_E_PLUGIN, open_it("/"));
	CHECK_RC(BERTH_E_PLUGIN, open_it(dir));		/* a folder */
	CHECK_RC(BERTH_E_PLUGIN, open_it("/dev/null"));
	CHECK_RC(BERTH_E_PLUGIN, open_it(at("none.so")));
	snprintf(path, sizeof(path), "%s/", good);
	CHECK_RC(BERTH_E_PLUGIN, open_it(path));
	snprintf(path, sizeof(path), "%s//good.so", dir);
	CHECK_RC(BERTH_E_PLUGIN, open_it(path));
	snprintf(path, sizeof(path), "%s/./good.so", dir);
	CHECK_RC(BERTH_E_PLUGIN, open_it(path));
	snprintf(path, sizeof(path), "%s/../%s", dir, good + 5);
	CHECK_RC(BERTH_E_PLUGIN, open_it(path));
}

static void c154_symlinks_are_refused_anywhere(void **state)
{
	char link[128], path[160];

	(void)state;
	snprintf(link, sizeof(link), "%s", at("link.so"));
	assert_int_equal(0, symlink(good, link));
	CHECK_RC(BERTH_E_PLUGIN, open_it(link));
	snprintf(link, sizeof(link), "%s", at("folder"));
	assert_int_equal(0, symlink(dir, link));
	snprintf(path, sizeof(path), "%s/good.so", link);
	CHECK_RC(BERTH_E_PLUGIN, open_it(path));
}

static void c154_writable_by_others_is_refused(void **state)
{
	char inner[128], path[160];

	(void)state;
	chmod(good, 0775);
	CHECK_RC(BERTH_E_PLUGIN, open_it(good));
	chmod(good, 0757);
	CHECK_RC(BERTH_E_PLUGIN, open_it(good));
	chmod(good, 0755);
	CHECK_OK(open_it(good));
	chmod(dir, 0775);
	CHECK_RC(BERTH_E_PLUGIN, open_it(good));
	chmod(dir, 01777);	/* sticky helps a folder above, not the file's own */
	CHECK_RC(BERTH_E_PLUGIN, open_it(good));
	snprintf(inner, sizeof(inner), "%s", at("inner"));
	mkdir(inner, 0755);
	snprintf(path, sizeof(path), "%s/good.so", inner);
	assert_int_equal(0, link(good, path));
	CHECK_OK(open_it(path));
	chmod(dir, 0777);
	CHECK_RC(BERTH_E_PLUGIN, open_it(path));
	chmod(dir, 0755);
	CHECK_OK(open_it(path));
}

static void c154_wrong_owners_are_refused(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();		/* only root can give files away */
	CHECK_OK(open_it(good));
	assert_int_equal(0, chown(good, 65534, 65534));
	CHECK_RC(BERTH_E_PLUGIN, open_it(good));
	assert_int_equal(0, chown(good, 0, 0));
	assert_int_equal(0, chown(dir, 65534, 0));
	CHECK_RC(BERTH_E_PLUGIN, open_it(good));
	assert_int_equal(0, chown(dir, 0, 0));
	CHECK_OK(open_it(good));
}

static void sizes_are_bounded(void **state)
{
	char path[128];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s", at("size.so"));
	CHECK((fd = open(path, O_CREAT | O_RDWR, 0644)) >= 0);
	CHECK_RC(BERTH_E_PLUGIN, open_it(path));
	assert_int_equal(0, ftruncate(fd, (off_t)BERTH_PLUGIN_SIZE_MAX));
	CHECK_OK(open_it(path));
	assert_int_equal(0, ftruncate(fd, (off_t)BERTH_PLUGIN_SIZE_MAX + 1));
	CHECK_RC(BERTH_E_PLUGIN, open_it(path));
	close(fd);
}

static enum berth_err load(const char *name, const char *flag, const char *config)
{
	struct berth_plugin p;
	char path[128];
	enum berth_err rc;

	snprintf(path, sizeof(path), "%s", at(name));
	test_build_adapter(path, FAULTY, flag);
	rc = berth_plugin_load(&p, path, config, &berth_query_host);
	CHECK((p.adapter != NULL) == (rc == BERTH_OK));
	if (!rc)
		berth_plugin_unload(&p);
	return rc;
}

static void c155_another_abi_is_refused(void **state)
{
	struct berth_plugin p;

	(void)state;
	CHECK_OK(load("a1.so", "", "{}"));
	CHECK_RC(BERTH_E_PLUGIN, load("a2.so", "-DMAJOR=3", "{}"));
	CHECK_RC(BERTH_E_PLUGIN, load("a3.so", "-DMAJOR=1", "{}"));
	CHECK_RC(BERTH_E_PLUGIN, load("a4.so", "-DSIZE=63", "{}"));	/* 64: ABI 2.0 */
	CHECK_OK(load("a0.so", "-DSIZE=64", "{}"));
	CHECK_OK(load("a5.so", "-DSIZE=sizeof(struct berth_registry_adapter)+64", "{}"));	/* a later minor one */
	CHECK_RC(BERTH_E_PLUGIN, load("a6.so", "-DSIZE=0", "{}"));
	CHECK_RC(BERTH_E_PLUGIN, load("a7.so", "-DNO_ASK", "{}"));
	CHECK_RC(BERTH_E_PLUGIN, load("a8.so", "-DNO_ADAPTER", "{}"));
	CHECK_RC(BERTH_E_PLUGIN, load("a9.so", "-DSYMBOL=another_name", "{}"));
	CHECK_RC(BERTH_E_PLUGIN, load("b0.so", "-DOPERATIONS=0", "{}"));
	CHECK_RC(BERTH_E_PLUGIN, load("b1.so", "-DNAME=NULL", "{}"));
	CHECK_RC(BERTH_E_PLUGIN, load("b2.so", "-DNAME=\"a\\nb\"", "{}"));
	CHECK_RC(BERTH_E_PLUGIN, load("b3.so", "-DMETHODS=\"\"", "{}"));
	CHECK_RC(BERTH_E_PLUGIN, load("b4.so", "-DMETHODS=\"WEB\"", "{}"));
	CHECK_RC(BERTH_E_PLUGIN, load("b5.so", "", "{\"refuse\":\"\"}"));
	CHECK_RC(BERTH_E_PLUGIN, berth_plugin_load(&p, "/proc/self/exe", "{}", &berth_query_host));
	CHECK_RC(BERTH_E_PLUGIN, berth_plugin_load(&p, at("size.so"), "{}", &berth_query_host));	/* not ELF */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c154_paths_are_absolute_and_plain),
		cmocka_unit_test(c154_symlinks_are_refused_anywhere),
		cmocka_unit_test(c154_writable_by_others_is_refused),
		cmocka_unit_test(c154_wrong_owners_are_refused),
		cmocka_unit_test(sizes_are_bounded),
		cmocka_unit_test(c155_another_abi_is_refused),
	};

	return cmocka_run_group_tests_name("plugin", tests, make_folder, test_tmpdir_teardown);
}
