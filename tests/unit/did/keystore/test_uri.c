/* SPDX-License-Identifier: Apache-2.0 */
#include "did/keystore/keystore_impl.h"
#include "tests/check.h"

static void parses_every_form(void **state)
{
	static const struct { const char *uri; struct { enum berth_key_scheme scheme; const char *name, *path, *tcti; } want; } cases[] = {
		{ "soft:/var/lib/berth/keys", { BERTH_SCHEME_SOFT, "", "/var/lib/berth/keys", "" } },
		{ "soft:keys#factory-sign", { BERTH_SCHEME_SOFT, "factory-sign", "keys", "" } },
		{ "soft:a?b=c", { BERTH_SCHEME_SOFT, "", "a?b=c", "" } },
		{ "tpm2:", { BERTH_SCHEME_TPM2, "", "", "" } },
		{ "tpm2:k1", { BERTH_SCHEME_TPM2, "k1", "", "" } },
		{ "tpm2:?dir=/d", { BERTH_SCHEME_TPM2, "", "/d", "" } },
		{ "tpm2:k.1?tcti=swtpm:path=/x/s", { BERTH_SCHEME_TPM2, "k.1", "", "swtpm:path=/x/s" } },
		{ "tpm2:k?dir=/d&tcti=swtpm:host=h,port=1",
		  { BERTH_SCHEME_TPM2, "k", "/d", "swtpm:host=h,port=1" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct berth_key_uri u;
		char name[BERTH_KEY_NAME_MAX + 1];

		CHECK_OK(berth_key_uri_parse(&u, cases[i].uri));
		CHECK(u.scheme == cases[i].want.scheme);
		assert_string_equal(u.name, cases[i].want.name);
		assert_string_equal(u.path, cases[i].want.path);
		assert_string_equal(u.tcti, cases[i].want.tcti);
		CHECK_OK(berth_key_uri_name(name, cases[i].uri));
		assert_string_equal(name, cases[i].want.name);
	}
}

static void refuses_what_is_none(void **state)
{
	static const char *const bad[] = {
		"", "soft", "soft:", "soft:#k", "soft:/d/", "soft:a#", "soft:a#K", "soft:a#b#c", "soft:a\n",
		"soft:a#..", "Soft:a", "pkcs12:token=x", "tpm2", "tpm2:A", "tpm2:a/b", "tpm2:?", "tpm2:?dir=",
		"tpm2:?tcti=", "tpm2:?dir=a&dir=b", "tpm2:?tcti=a&tcti=b", "tpm2:?dir=a&", "tpm2:?x=y",
		"tpm2:.",
		"tpm2:0123456789012345678901234567890123456789012345678901234567890123",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct berth_key_uri u;

		CHECK_RC(BERTH_E_KEY, berth_key_uri_parse(&u, bad[i]));
	}
}

static void caps_are_exact(void **state)
{
	char uri[BERTH_KEY_URI_PATH_MAX + 16] = "soft:", name[BERTH_KEY_NAME_MAX + 16] = "tpm2:";
	struct berth_key_uri u;

	(void)state;
	memset(uri + 5, 'a', BERTH_KEY_URI_PATH_MAX);
	CHECK_OK(berth_key_uri_parse(&u, uri));
	uri[5 + BERTH_KEY_URI_PATH_MAX] = 'a';
	CHECK_RC(BERTH_E_KEY, berth_key_uri_parse(&u, uri));
	memset(name + 5, 'a', BERTH_KEY_NAME_MAX);
	CHECK_OK(berth_key_uri_parse(&u, name));
	name[5 + BERTH_KEY_NAME_MAX] = 'a';
	CHECK_RC(BERTH_E_KEY, berth_key_uri_parse(&u, name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_every_form),
		cmocka_unit_test(refuses_what_is_none),
		cmocka_unit_test(caps_are_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
