/* SPDX-License-Identifier: Apache-2.0 */
#include "did/keystore/keystore_impl.h"
#include "tests/check.h"

static void parses_every_form(void **state)
{
	static const struct { const char *uri; struct { enum berth_key_scheme scheme; const char *name, *path, *tcti; bool seal; } want; } cases[] = {
		{ "soft:/var/lib/berth/keys", { BERTH_SCHEME_SOFT, "", "/var/lib/berth/keys", "", false } },
		{ "soft:keys#factory-sign", { BERTH_SCHEME_SOFT, "factory-sign", "keys", "", false } },
		{ "soft:/k?seal=tpm2", { BERTH_SCHEME_SOFT, "", "/k", "", true } },
		{ "soft:k?seal=tpm2#a", { BERTH_SCHEME_SOFT, "a", "k", "", true } },
		{ "tpm2:", { BERTH_SCHEME_TPM2, "", "", "", false } },
		{ "tpm2:k1", { BERTH_SCHEME_TPM2, "k1", "", "", false } },
		{ "tpm2:?dir=/d", { BERTH_SCHEME_TPM2, "", "/d", "", false } },
		{ "tpm2:k.1?tcti=swtpm:path=/x/s", { BERTH_SCHEME_TPM2, "k.1", "", "swtpm:path=/x/s", false } },
		{ "tpm2:k?dir=/d&tcti=swtpm:host=h,port=1",
		  { BERTH_SCHEME_TPM2, "k", "/d", "swtpm:host=h,port=1", false } },
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
		CHECK(u.seal_tpm2 == cases[i].want.seal);
		CHECK_OK(berth_key_uri_name(name, cases[i].uri));
		assert_string_equal(name, cases[i].want.name);
	}
}

static void refuses_what_is_none(void **state)
{
	static const char *const bad[] = {
		"", "soft", "soft:", "soft:#k", "soft:/d/", "soft:a#", "soft:a#K", "soft:a#b#c", "soft:a\n",
		"soft:a?b=c", "soft:a?", "soft:a?#k", "soft:?seal=tpm2", "soft:a?seal=tpm", "soft:a?seal=tpm2&x=y",
		"soft:a?seal=tpm2?seal=tpm2", "soft:a#k?seal=tpm2",
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

static void a_key_is_in_the_store_without_its_name(void **state)
{
	static const struct { const char *key, *store; } cases[] = {
		{ "soft:a?seal=tpm2#k", "soft:a?seal=tpm2" }, { "soft:a", "soft:a" },
		{ "tpm2:k?dir=/d&tcti=x", "tpm2:?dir=/d&tcti=x" }, { "tpm2:k", "tpm2:" },
		{ "pkcs11:type=private;object=k;token=a%20b;id=%01?x-dir=/d", "pkcs11:token=a%20b?x-dir=/d" },
		{ "pkcs11:object=k", "pkcs11:" },
	};
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK_OK(berth_key_uri_store(&b, cases[i].key));
		assert_string_equal(berth_buf_cstr(&b), cases[i].store);
		berth_buf_reset(&b);
	}
	CHECK_RC(BERTH_E_KEY, berth_key_uri_store(&b, "pkcs11:object=K"));
	CHECK(b.len == 0);
	berth_buf_free(&b);
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
		cmocka_unit_test(a_key_is_in_the_store_without_its_name),
		cmocka_unit_test(caps_are_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
