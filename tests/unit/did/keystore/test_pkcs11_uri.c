/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 7512's own examples, and what becomes of everything that is not of the form. */
#include "did/keystore/keystore_impl.h"
#include "did/keystore/pkcs11_uri.h"
#include "tests/check.h"

static struct berth_pkcs11_uri u;

static void parses_the_examples_of_rfc_7512(void **state)
{
	(void)state;
	/* section 3: the empty URI; a public key and a private one with a PIN file */
	CHECK_OK(berth_pkcs11_uri_parse(&u, ""));
	CHECK(u.token[0] == '\0' && u.object[0] == '\0' && !u.has_slot && u.id_len == 0);
	CHECK_OK(berth_pkcs11_uri_parse(&u, "object=my-key;type=private?pin-source=file:/etc/token"));
	assert_string_equal(u.object, "my-key");
	assert_string_equal(u.pin_source, "/etc/token");
	/* a module by its path */
	CHECK_OK(berth_pkcs11_uri_parse(&u, "object=my-sign-key;type=private?module-path=/mnt/libmypkcs11.so.1"));
	assert_string_equal(u.object, "my-sign-key");
	assert_string_equal(u.module_path, "/mnt/libmypkcs11.so.1");
	/* percent-encoded text; an id of octets */
	CHECK_OK(berth_pkcs11_uri_parse(&u, "token=The%20Software%20PKCS%2311%20Softtoken;"
		"manufacturer=Snake%20Oil,%20Inc.;model=1.0;object=my-certificate;"
		"id=%69%95%3E%5C%F4%BD%EC%91?pin-source=file:/etc/token_pin"));
	assert_string_equal(u.token, "The Software PKCS#11 Softtoken");
	assert_string_equal(u.manufacturer, "Snake Oil, Inc.");
	assert_string_equal(u.model, "1.0");
	CHECK(u.id_len == 8);
	assert_memory_equal(u.id, "\x69\x95\x3e\x5c\xf4\xbd\xec\x91", 8);
	/* a percent sign and a semicolon inside; letters with accents as they are in UTF-8 */
	CHECK_OK(berth_pkcs11_uri_parse(&u, "token=A%20name%20with%20a%20substring%20%25%3B"));
	assert_string_equal(u.token, "A name with a substring %;");
	CHECK_OK(berth_pkcs11_uri_parse(&u, "token=Name%20with%20a%20small%20A%20:%20%C3%A1"));
	assert_string_equal(u.token, "Name with a small A : \xc3\xa1");
}

/* The others name what is not a private key of ours, or what we do not look at. */
static void refuses_the_examples_that_mean_something_else(void **state)
{
	static const char *const other[] = {
		"object=my-pubkey;type=public",
		"object=my-certificate;type=cert;id=%69%95%3E%5C%F4%BD%EC%91;serial=?pin-source=file:/etc/token_pin",
		"object=my-sign-key;type=private?module-name=mypkcs11",
		"token=Software%20PKCS%2311%20softtoken;manufacturer=Snake%20Oil,%20Inc.?pin-value=the-pin",
		"slot-description=Sun%20Metaslot",
		"library-manufacturer=Snake%20Oil,%20Inc.;library-description=Soft%20Token%20Library;library-version=1.23",
		"token=My%20token%20created%20by%20Joe;library-version=3;id=%01%02%03%Ba%dd%Ca%fe%04%05%06",
		"token=my-token?pin-source=|/usr/lib/pinomatic",
		"token=my-token;object=my-certificate;vendor-aaa=value-a",
		"token=my-token;object=my-certificate?pin-source=file:/etc/token_pin&vendor-bbb=value-b",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		CHECK_RC(BERTH_E_KEY, berth_pkcs11_uri_parse(&u, other[i]));
		CHECK(u.token[0] == '\0' && u.object[0] == '\0');
	}
	CHECK_OK(berth_pkcs11_uri_parse(&u, "token=my-token;object=my-certificate?pin-source=file:/etc/token_pin&x-bbb=value-b"));
}

static void says_where_everything_is(void **state)
{
	(void)state;
	CHECK_OK(berth_pkcs11_uri_parse(&u, "slot-id=4294967295;serial=0a%2F;model=m"
		"?x-dir=/var/lib/x&x-module-dir=/var/lib/m&pin-source=/run/p&module-path=/usr/lib/m.so"));
	CHECK(u.has_slot && u.slot == 4294967295u);
	assert_string_equal(u.serial, "0a/");
	assert_string_equal(u.dir, "/var/lib/x");
	assert_string_equal(u.module_dir, "/var/lib/m");
	assert_string_equal(u.pin_source, "/run/p");
	assert_string_equal(u.module_path, "/usr/lib/m.so");
	CHECK_OK(berth_pkcs11_uri_parse(&u, "?pin-source=file:///run/p"));
	assert_string_equal(u.pin_source, "/run/p");
}

static void refuses_what_is_none(void **state)
{
	static const char *const none[] = {
		"?", ";", "token=x;", ";token=x", "token=x;;model=y", "token=x?", "token=x?x-dir=/d&", "token",
		"token=", "=x", "token=x;token=x", "token=x?x-dir=/d&x-dir=/d", "Token=x", "x-token=x", "unknown=x",
		"?unknown=x", "?x-=y", "?x-a=%0", "?x-a b=c", "?token=x", "x-dir=/d", "module-path=/m",
		"token=a%2", "token=a%", "token=a%zz", "token=a%00b", "token=a%0Ab", "token=a%7f", "token=a/b",
		"token=a?b", "token=a b", "token=a#b", "token=\xc3\xa1", "token=a\"b", "token=a|b",
		"slot-id=", "slot-id=-1", "slot-id=0x1", "slot-id=1a", "slot-id=12345678901",
		"object=K", "object=..", "object=a%2Fb", "id=%01", "id=;object=k", "object=k;type=", "object=k;type=secret",
		"?module-path=m.so", "?module-path=", "?module-path=file:/m.so", "?module-path=//m.so",
		"?pin-source=p", "?pin-source=file:p", "?pin-source=file://host/p", "?pin-source=|/bin/p",
		"?pin-source=file:", "?pin-source=https://h/p", "?pin-value=1234", "?pin-value=", "?module-name=m",
		"?x-dir=d", "?x-module-dir=d", "?x-module-dir=/d&x-module-dir=/e", "?x-dir=/d?x-dir=/e&x-dir=/f",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		CHECK_RC(BERTH_E_KEY, berth_pkcs11_uri_parse(&u, none[i]));
}

static void a_pin_in_a_uri_is_refused_and_not_repeated(void **state)
{
	(void)state;
	CHECK_RC(BERTH_E_KEY, berth_pkcs11_uri_parse(&u, "token=t?pin-value=8642"));
	CHECK(strstr(berth_err_detail(), "pin-source") && !strstr(berth_err_detail(), "8642"));
	CHECK_OK(berth_pkcs11_uri_parse(&u, "token=t?pin-source=/8642"));
}

/* name=aaa... with n letters in front of which stands head. */
static const char *filled(const char *head, size_t n)
{
	static char uri[2048];
	size_t at = strlen(head);

	memcpy(uri, head, at);
	memset(uri + at, 'a', n);
	uri[at + n] = '\0';
	return uri;
}

static void caps_are_exact(void **state)
{
	static const struct { const char *head; size_t max; } caps[] = {
		{ "token=", BERTH_PKCS11_LABEL_MAX }, { "manufacturer=", BERTH_PKCS11_LABEL_MAX },
		{ "model=", BERTH_PKCS11_MODEL_MAX }, { "serial=", BERTH_PKCS11_MODEL_MAX },
		{ "object=", BERTH_KEY_NAME_MAX }, { "object=k;id=", BERTH_PKCS11_ID_MAX },
		{ "?module-path=/", BERTH_PKCS11_PATH_MAX - 1 }, { "?x-dir=/", BERTH_PKCS11_PATH_MAX - 1 },
		{ "?pin-source=/", BERTH_PKCS11_PATH_MAX - 1 }, { "?x-module-dir=/", BERTH_PKCS11_PATH_MAX - 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
		CHECK_OK(berth_pkcs11_uri_parse(&u, filled(caps[i].head, caps[i].max)));
		CHECK_RC(BERTH_E_KEY, berth_pkcs11_uri_parse(&u, filled(caps[i].head, caps[i].max + 1)));
	}
}

#define LONG "token=A%20%25%3B;manufacturer=M;model=m;serial=1;slot-id=7;object=k.1" \
	"?module-path=/usr/lib/m%20m.so&pin-source=/run/pin&x-dir=/d&x-module-dir=/e%25"

static void every_prefix_is_parsed_or_e_key(void **state)
{
	char prefix[] = LONG;

	(void)state;
	for (size_t i = sizeof(LONG) - 1; i > 0; i--) {
		prefix[i] = '\0';
		enum berth_err rc = berth_pkcs11_uri_parse(&u, prefix);

		CHECK(rc == BERTH_OK || rc == BERTH_E_KEY);
		CHECK(strchr(";?&=%", prefix[i - 1]) ? rc == BERTH_E_KEY : true);
	}
}

static void what_it_writes_it_reads(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_pkcs11_uri again;

	(void)state;
	CHECK_OK(berth_pkcs11_uri_parse(&u, LONG));
	berth_pkcs11_uri_format(&b, &u, "k.1");
	assert_string_equal(berth_buf_cstr(&b), "pkcs11:" LONG);
	CHECK_OK(berth_pkcs11_uri_parse(&again, berth_buf_cstr(&b) + 7));
	assert_memory_equal(&u, &again, sizeof(u));
	berth_buf_reset(&b);
	CHECK_OK(berth_pkcs11_uri_parse(&u, "?x-dir=/d"));
	berth_pkcs11_uri_format(&b, &u, "k");
	assert_string_equal(berth_buf_cstr(&b), "pkcs11:object=k?x-dir=/d");
	berth_buf_free(&b);
}

static void is_a_key_uri_like_the_others(void **state)
{
	struct berth_key_uri k;
	char name[BERTH_KEY_NAME_MAX + 1];

	(void)state;
	CHECK_OK(berth_key_uri_parse(&k, "pkcs11:token=gw;object=k1?x-dir=/d"));
	CHECK(k.scheme == BERTH_SCHEME_PKCS11);
	assert_string_equal(k.pkcs11.token, "gw");
	CHECK_OK(berth_key_uri_name(name, "pkcs11:token=gw;object=k1"));
	assert_string_equal(name, "k1");
	CHECK_OK(berth_key_uri_name(name, "pkcs11:token=gw"));
	assert_string_equal(name, "");
	CHECK_RC(BERTH_E_KEY, berth_key_uri_parse(&k, "pkcs11:token=g\nw"));
	CHECK_RC(BERTH_E_KEY, berth_key_uri_parse(&k, "PKCS11:token=gw"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_the_examples_of_rfc_7512),
		cmocka_unit_test(refuses_the_examples_that_mean_something_else),
		cmocka_unit_test(says_where_everything_is),
		cmocka_unit_test(refuses_what_is_none),
		cmocka_unit_test(a_pin_in_a_uri_is_refused_and_not_repeated),
		cmocka_unit_test(caps_are_exact),
		cmocka_unit_test(every_prefix_is_parsed_or_e_key),
		cmocka_unit_test(what_it_writes_it_reads),
		cmocka_unit_test(is_a_key_uri_like_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
