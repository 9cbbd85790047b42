/* SPDX-License-Identifier: Apache-2.0 */
/* What the module of an open store is left of the file system: SoftHSM's settings as they
 * are, and as they should not be. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "did/keystore/keystore.h"
#include "tests/check.h"
#include "tests/fakes/tmpdir.h"
#include "tests/fakes/token.h"

static struct test_token token;
static char more[96], tokens[96], conf[96];

static int up(void **state)
{
	(void)state;
	test_token_softhsm(&token);
	snprintf(more, sizeof(more), "%s/more", token.dir);
	snprintf(tokens, sizeof(tokens), "%s/tokens", token.dir);
	snprintf(conf, sizeof(conf), "%s/softhsm2.conf", token.dir);
	return mkdir(more, 0700);
}

static int down(void **state)
{
	(void)state;
	unsetenv("TPM2_PKCS11_STORE");
	unsetenv("CREDENTIALS_DIRECTORY");
	test_token_end(&token);
	return 0;
}

/* 'w', 'r', or '-': path is not named. */
static char way(const struct berth_keystore_needs *needs, const char *path)
{
	char found = '-';

	for (size_t i = 0; i < needs->n; i++)
		if (strcmp(needs->path[i].path, path) == 0 && found != 'w')
			found = needs->path[i].write ? 'w' : 'r';
	return found;
}

static enum berth_err try_open(struct berth_keystore **ks, const char *uri_end, const char *dir)
{
	char uri[640];
	const struct berth_keystore_config cfg = { .uri = uri, .module_dir = { dir }, .create = true };

	snprintf(uri, sizeof(uri), "%s%s", test_token_uri(&token, NULL), uri_end);
	return berth_keystore_open(ks, &cfg);
}

static void writing_is_for_the_store_and_the_token(void **state)
{
	struct berth_keystore_needs needs;
	struct berth_keystore *ks;

	(void)state;
	CHECK_OK(try_open(&ks, "", NULL));
	berth_keystore_needs(ks, &needs);
	assert_int_equal(needs.calls, BERTH_NEEDS_MODULE);
	assert_int_equal(way(&needs, token.store_dir), 'w');
	assert_int_equal(way(&needs, tokens), 'w');
	assert_int_equal(way(&needs, "/dev/null"), 'w');
	assert_int_equal(way(&needs, token.dir), 'r');	/* of the settings */
	assert_int_equal(way(&needs, token.pin_file), 'r');
	assert_int_equal(way(&needs, "/usr"), 'r');
	assert_int_equal(way(&needs, "/etc"), 'r');
	assert_int_equal(way(&needs, "/proc"), 'r');
	assert_int_equal(way(&needs, more), '-');
	assert_int_equal(way(&needs, "/"), '-');
	assert_int_equal(way(&needs, "/var"), '-');
	assert_int_equal(way(&needs, "/var/lib"), '-');
	assert_int_equal(way(&needs, "/tmp"), '-');
	berth_keystore_close(ks);
}

static void what_the_configuration_names_is_added(void **state)
{
	struct berth_keystore_needs needs;
	struct berth_keystore *ks;
	char attr[128];

	(void)state;
	CHECK_OK(try_open(&ks, "", more));
	berth_keystore_needs(ks, &needs);
	assert_int_equal(way(&needs, more), 'w');
	berth_keystore_close(ks);
	snprintf(attr, sizeof(attr), "&x-module-dir=%s", more);
	CHECK_OK(try_open(&ks, attr, NULL));
	berth_keystore_needs(ks, &needs);
	assert_int_equal(way(&needs, more), 'w');
	berth_keystore_close(ks);
	setenv("TPM2_PKCS11_STORE", more, 1);
	CHECK_OK(try_open(&ks, "", NULL));
	berth_keystore_needs(ks, &needs);
	assert_int_equal(way(&needs, more), 'w');
	berth_keystore_close(ks);
}

static void a_folder_that_is_none_is_e_keystore(void **state)
{
	struct berth_keystore *ks;

	(void)state;
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, "", "/"));
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, "", "///"));
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, "", "more"));
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, "", token.pin_file));
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, "&x-module-dir=/nowhere", NULL));
	CHECK_OK(try_open(&ks, "", more));
	berth_keystore_close(ks);
}

/* The module believes them; we do not let them say where it may write. */
static void settings_that_others_may_write_open_nothing(void **state)
{
	struct berth_keystore_needs needs;
	struct berth_keystore *ks;

	(void)state;
	assert_int_equal(chmod(conf, 0622), 0);
	CHECK_OK(try_open(&ks, "", NULL));
	berth_keystore_needs(ks, &needs);
	assert_int_equal(way(&needs, tokens), '-');
	berth_keystore_close(ks);
	assert_int_equal(chmod(conf, 0600), 0);
	CHECK_OK(try_open(&ks, "", NULL));
	berth_keystore_needs(ks, &needs);
	assert_int_equal(way(&needs, tokens), 'w');
	berth_keystore_close(ks);
}

/* Another open store keeps the module up, which has read its settings by then. */
static void settings_are_read_as_lines(void **state)
{
	static const struct { const char *before, *behind; char want; } v[] = {
		{ "directories.tokendir = ", "\n", 'w' }, { "\t directories.tokendir=", " \t\r\n", 'w' },
		{ "directories.tokendir = ", "", 'w' }, { "#directories.tokendir = ", "\n", '-' },
		{ "directories.tokendirs = ", "\n", '-' }, { "directories.tokendir ", "\n", '-' },
		{ "directories.tokendir =\n", "\n", '-' }, { "directories.tokendir = .", "\n", '-' },
		{ "directories.tokendir = ", "/nowhere\n", '-' }, { "directories.tokendir = /\ndirectories.tokendir = ", "\n", 'w' },
		{ "", "", '-' },
	};
	struct berth_keystore_needs needs;
	struct berth_keystore *first, *ks;
	char text[256];

	(void)state;
	CHECK_OK(try_open(&first, "", NULL));
	snprintf(token.store_dir, sizeof(token.store_dir), "%s/second", token.dir);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		snprintf(text, sizeof(text), "x = y\n%s%s%s", v[i].before, more, v[i].behind);
		test_write_file(test_path(token.dir, "odd.conf"), text, strlen(text), 0600);
		setenv("SOFTHSM2_CONF", test_path(token.dir, "odd.conf"), 1);
		CHECK_OK(try_open(&ks, "", NULL));
		berth_keystore_needs(ks, &needs);
		assert_int_equal(way(&needs, more), v[i].want);
		berth_keystore_close(ks);
	}
	berth_keystore_close(first);
}

static void a_credential_is_read_where_no_file_is_named(void **state)
{
	char uri[512];
	const struct berth_keystore_config cfg = { .uri = uri, .create = true };
	struct berth_keystore_needs needs;
	struct berth_keystore *ks;

	(void)state;
	snprintf(uri, sizeof(uri), "pkcs11:token=" TEST_TOKEN_LABEL "?module-path=%s&x-dir=%s", token.module, token.store_dir);
	test_write_file(test_path(more, "berth-pin"), TEST_TOKEN_PIN, strlen(TEST_TOKEN_PIN), 0400);
	setenv("CREDENTIALS_DIRECTORY", more, 1);
	CHECK_OK(berth_keystore_open(&ks, &cfg));
	berth_keystore_needs(ks, &needs);
	assert_int_equal(way(&needs, more), 'r');
	berth_keystore_close(ks);
}

#define T(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(writing_is_for_the_store_and_the_token),
		T(what_the_configuration_names_is_added),
		T(a_folder_that_is_none_is_e_keystore),
		T(settings_that_others_may_write_open_nothing),
		T(settings_are_read_as_lines),
		T(a_credential_is_read_where_no_file_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
