/* SPDX-License-Identifier: Apache-2.0 */
/* Which URL a did:web is (tests/vectors/did-web and what is no did:web), and which file. */
#include "registry-adapters/web/url.c"

#include "did/base/json.h"
#include "did/codec/did_text.h"
#include "tests/check.h"

static char url[WEB_URL_MAX + 1];
static const char *why;

static int document(const char *did)
{
	url[0] = '\0';
	why = NULL;
	return web_url_document(url, did, &why);
}

static void is_at(const char *did, const char *want)
{
	if (document(did))
		fail_msg("%s: %s", did, why);
	assert_string_equal(want, url);
}

static void is_invalid(const char *did)
{
	if (document(did) != BERTH_REGISTRY_INVALID)
		fail_msg("%s is taken: %s", did, url);
	CHECK(why && why[0] && !url[0]);
}

static void the_specification_s_examples(void **state)
{
	char *text = test_read_file("tests/vectors/did-web/spec-did-to-url.json", NULL);
	struct berth_json *file;
	size_t n = 0;

	(void)state;
	CHECK_OK(berth_json_parse(&file, text, strlen(text), BERTH_JSON_MAX));
	berth_json_each(v, file) {
		is_at(berth_json_str(berth_json_get(v, "did")), berth_json_str(berth_json_get(v, "url")));
		n++;
	}
	VECTORS("did-web", n, 3);
	assert_int_equal(3, n);
	berth_json_free(file);
	free(text);
}

static void hosts_are_domain_names(void **state)
{
	char did[400], label[65];

	(void)state;
	is_at("did:web:example.com", "https://example.com/.well-known/did.json");
	is_at("did:web:a.b-c.xn--p1ai", "https://a.b-c.xn--p1ai/.well-known/did.json");
	is_at("did:web:1.2.3.4.example", "https://1.2.3.4.example/.well-known/did.json");
	is_invalid("did:web:");
	is_invalid("did:web:com");
	is_invalid("did:web:example.com.");
	is_invalid("did:web:.example.com");
	is_invalid("did:web:example..com");
	is_invalid("did:web:Example.com");
	is_invalid("did:web:exam_ple.com");
	is_invalid("did:web:-a.example");
	is_invalid("did:web:a-.example");
	is_invalid("did:web:user@example.com");
	is_invalid("did:web:b%C3%BCcher.example");
	is_invalid("did:web:b\xc3\xbc" "cher.example");
	is_invalid("did:web:example.com%2Fx");
	is_invalid("did:web:example.com%2Eevil.test");
	is_invalid("did:webs:example.com");
	is_invalid("did:Web:example.com");
	is_invalid("example.com");
	is_invalid("");
	memset(label, 'a', 63);
	label[63] = '\0';
	snprintf(did, sizeof(did), "did:web:%s.test", label);
	assert_int_equal(BERTH_REGISTRY_OK, document(did));
	snprintf(did, sizeof(did), "did:web:a%s.test", label);
	is_invalid(did);
	snprintf(did, sizeof(did), "did:web:%s.%s.%s.%.61s", label, label, label, label);
	assert_int_equal(BERTH_REGISTRY_OK, document(did));	/* 253 */
	snprintf(did, sizeof(did), "did:web:%s.%s.%s.%.62s", label, label, label, label);
	is_invalid(did);
}

static void c091_addresses_and_localhost_are_no_hosts(void **state)
{
	static const char *const not_hosts[] = {
		"did:web:127.0.0.1", "did:web:localhost", "did:web:0x7f.1", "did:web:2130706433", "did:web:127.1", "did:web:[::1]",
		"did:web:a.localhost", "did:web:0177.0.0.1", "did:web:0x7f000001", "did:web:127.0.0.0x1", "did:web:1.2.3.4%3A8443",
		"did:web:localhost%3A8443", "did:web:%5B%3A%3A1%5D", "did:web:127.0.0.1.", "did:web:127%2E0%2E0%2E1", "did:web:1.2.3.256",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(not_hosts) / sizeof(*not_hosts); i++)
		is_invalid(not_hosts[i]);
}

static void c096_ports_are_ports_and_of_the_web(void **state)
{
	static const unsigned services[] = { 1, 21, 22, 25, 53, 110, 143, 389, 445, 636, 993, 1023 };
	char did[64];

	(void)state;
	is_at("did:web:example.com%3A8443", "https://example.com:8443/.well-known/did.json");
	is_at("did:web:example.com%3a8443", "https://example.com:8443/.well-known/did.json");
	is_at("did:web:example.com%3A443:a", "https://example.com:443/a/did.json");
	is_at("did:web:example.com%3A1024", "https://example.com:1024/.well-known/did.json");
	is_at("did:web:example.com%3A65535", "https://example.com:65535/.well-known/did.json");
	is_invalid("did:web:example.com%3A0");
	is_invalid("did:web:example.com%3A99999");
	is_invalid("did:web:example.com%3A65536");
	is_invalid("did:web:example.com%3A4294967739");
	is_invalid("did:web:example.com%3A18446744073709552059");
	is_invalid("did:web:example.com%3A08443");
	is_invalid("did:web:example.com%3A");
	is_invalid("did:web:example.com%3A:a");
	is_invalid("did:web:example.com%3A8443a");
	is_invalid("did:web:example.com%3A8443.test");
	is_invalid("did:web:example.com%3A8443%3A8444");
	is_invalid("did:web:example.com%3A-1");
	is_invalid("did:web:example.com%3");
	is_invalid("did:web:example.com%");
	is_at("did:web:example.com:3000", "https://example.com/3000/did.json");
	for (size_t i = 0; i < sizeof(services) / sizeof(*services); i++) {
		snprintf(did, sizeof(did), "did:web:example.com%%3A%u", services[i]);
		assert_int_equal(BERTH_REGISTRY_REFUSED, document(did));
	}
}

static void paths_are_segments(void **state)
{
	(void)state;
	is_at("did:web:example.com:a:B:c.d", "https://example.com/a/B/c.d/did.json");
	is_at("did:web:example.com:.well-known", "https://example.com/.well-known/did.json");
	is_at("did:web:example.com:...a", "https://example.com/...a/did.json");
	is_at("did:web:example.com:a%20b", "https://example.com/a%20b/did.json");
	is_at("did:web:example.com:%C3%BC", "https://example.com/%C3%BC/did.json");
	is_invalid("did:web:example.com:");
	is_invalid("did:web:example.com::a");
	is_invalid("did:web:example.com:a:");
	is_invalid("did:web:example.com:..");
	is_invalid("did:web:example.com:a:..:b");
	is_invalid("did:web:example.com:.");
	is_invalid("did:web:example.com:%2e%2e");
	is_invalid("did:web:example.com:%2E.");
	is_invalid("did:web:example.com:a%2Fb");
	is_invalid("did:web:example.com:a%5cb");
	is_invalid("did:web:example.com:a%00b");
	is_invalid("did:web:example.com:a%0D%0Ab");
	is_invalid("did:web:example.com:a%7F");
	is_invalid("did:web:example.com:a%252Fb");
	is_invalid("did:web:example.com:%41");
	is_invalid("did:web:example.com:%4");
	is_invalid("did:web:example.com:%zz");
	is_invalid("did:web:example.com:a/b");
	is_invalid("did:web:example.com:a?b=c");
	is_invalid("did:web:example.com:a#b");
	is_invalid("did:web:example.com?versionId=1");
	is_invalid("did:web:example.com#key");
	is_invalid("did:web:example.com/whois");
	is_invalid("did:web:example.com:~a");
}

static void lengths_end(void **state)
{
	char did[WEB_URL_MAX + 64];
	int n = snprintf(did, sizeof(did), "did:web:example.com:");

	(void)state;
	memset(did + n, 'a', sizeof(did) - (size_t)n);
	did[WEB_URL_MAX - 64] = '\0';
	assert_int_equal(BERTH_REGISTRY_OK, document(did));
	did[WEB_URL_MAX - 64] = 'a';
	did[WEB_URL_MAX - 63] = '\0';
	is_invalid(did);
}

/* What is taken is a DID, and cut anywhere it is another place or none, but never more
 * than was there. */
static void every_truncation(void **state)
{
	const char *did = "did:web:example.com%3A8443:user:a%20b";

	(void)state;
	for (size_t n = 0; n <= strlen(did); n++) {
		char *cut = strndup(did, n);

		if (document(cut) == BERTH_REGISTRY_OK)
			CHECK(berth_is_did(cut) && strlen(url) < n + 32);
		free(cut);
	}
}

static void resources_lie_beside_the_document(void **state)
{
	static const struct { const char *did, *resource, *url; } good[] = {
		{ "did:web:example.com", "/whois", "https://example.com/whois.vp" },
		{ "did:web:example.com:a:b", "/whois", "https://example.com/a/b/whois.vp" },
		{ "did:web:example.com%3A8443", "/status/1?x=y", "https://example.com:8443/status/1?x=y" },
		{ "did:web:example.com:a", "/b/.c/d..", "https://example.com/a/b/.c/d.." },
		{ "did:web:example.com:a", "/", "https://example.com/a/" },
		{ "did:web:example.com:a", "https://other.example/x", "https://other.example/x" },
	};
	static const char *const bad[] = { "", "whois", "//evil.test/", "/../x", "/a/../b", "/a/..", "/.", "/a//b", "/%2e%2e/x",
					   "/a\\b", "/a b", "/a#b", "/a%00", "/a%2Fb", "/a\r\nb", "ftp://x.test/", "file:///etc/passwd",
					   "javascript:1", "/a\x01" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_int_equal(BERTH_REGISTRY_OK, web_url_resource(url, good[i].did, good[i].resource, &why));
		assert_string_equal(good[i].url, url);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (web_url_resource(url, "did:web:example.com:a", bad[i], &why) != BERTH_REGISTRY_INVALID)
			fail_msg("%s is taken: %s", bad[i], url);
	assert_int_equal(BERTH_REGISTRY_INVALID, web_url_resource(url, "did:web:127.1", "/whois", &why));
}

static void resources_are_not_cut(void **state)
{
	char *long_one = malloc(WEB_URL_MAX + 2);

	(void)state;
	memset(long_one, 'a', WEB_URL_MAX + 1);
	memcpy(long_one, "https://e.test/", 15);
	long_one[WEB_URL_MAX] = '\0';
	assert_int_equal(BERTH_REGISTRY_OK, web_url_resource(url, "did:web:example.com", long_one, &why));
	long_one[WEB_URL_MAX] = 'a';
	long_one[WEB_URL_MAX + 1] = '\0';
	assert_int_equal(BERTH_REGISTRY_INVALID, web_url_resource(url, "did:web:example.com", long_one, &why));
	free(long_one);
}

static void files_stand_by_host(void **state)
{
	static const struct { const char *did, *file; } good[] = {
		{ "did:web:example.com", "example.com/.well-known/did.json" },
		{ "did:web:example.com:user:alice", "example.com/user/alice/did.json" },
		{ "did:web:example.com%3a3000:user", "example.com%3A3000/user/did.json" },
		{ "did:web:example.com:a%20b:%C3%BC", "example.com/a b/\xc3\xbc/did.json" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_int_equal(BERTH_REGISTRY_OK, web_url_file(url, good[i].did, &why));
		assert_string_equal(good[i].file, url);
	}
	assert_int_equal(BERTH_REGISTRY_INVALID, web_url_file(url, "did:web:example.com:..", &why));
	assert_int_equal(BERTH_REGISTRY_INVALID, web_url_file(url, "did:web:..", &why));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_specification_s_examples),
		cmocka_unit_test(hosts_are_domain_names),
		cmocka_unit_test(c091_addresses_and_localhost_are_no_hosts),
		cmocka_unit_test(c096_ports_are_ports_and_of_the_web),
		cmocka_unit_test(paths_are_segments),
		cmocka_unit_test(lengths_end),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(resources_lie_beside_the_document),
		cmocka_unit_test(resources_are_not_cut),
		cmocka_unit_test(files_stand_by_host),
	};

	return cmocka_run_group_tests_name("web_url", tests, NULL, NULL);
}
