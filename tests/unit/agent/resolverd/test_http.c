/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges of adapters with servers that behave, and with all the others. */
#include <sys/mount.h>
#include <unistd.h>

#include "tests/unit/agent/resolverd/exchange.h"

#define SYSTEMS_CA "/etc/ssl/certs/ca-certificates.crt"

static size_t connects(void) { return hostile_count(&server, "connect"); }

static void a_reply_is_code_type_and_body(void **state)
{
	struct told t;

	(void)state;
	replies(SITE "/ok", 200, &t);
	assert_string_equal("at 11.0.0.1:443", t.body);
	assert_string_equal("application/json", t.type);
	CHECK(t.max_age_s == 0);
	replies(SITE "/status/404", 404, &t);
	assert_string_equal("so it is", t.body);
	assert_string_equal("", t.type);
	replies(SITE "/status/503?x=1", 503, &t);
	replies(SITE "/cache", 200, &t);
	CHECK(t.max_age_s == 50);
	replies(SITE "/size/0", 200, &t);
	CHECK(t.len == 0);
	CHECK(connects() == 1);		/* kept */
}

static void what_is_sent_is_what_was_asked_for(void **state)
{
	struct berth_registry_http q = request_of(SITE "/echo?a=%2Fb");
	struct told t;

	(void)state;
	begin(&q, 0, &t);
	await(&t, 1);
	assert_string_equal("GET /echo?a=%2Fb\nHost: owner.test\nUser-Agent: berth\nAccept: */*\n\n", t.body);
	q.method = "POST";
	q.accept = "application/did";
	q.content_type = "application/json";
	q.authorization = "Bearer x";
	q.body = (const uint8_t *)"{}";
	q.body_len = 2;
	begin(&q, 0, &t);
	await(&t, 1);
	assert_string_equal("POST /echo?a=%2Fb\nHost: owner.test\nUser-Agent: berth\nAccept: application/did\n"
			    "Content-Type: application/json\nAuthorization: Bearer x\nContent-Length: 2\n\n{}", t.body);
	q = request_of(SITE "/echo");
	q.method = "PUT";
	begin(&q, 0, &t);
	await(&t, 1);
	assert_string_equal("PUT /echo\nHost: owner.test\nUser-Agent: berth\nAccept: */*\nContent-Length: 0\n\n", t.body);
	q = request_of(SITE "/echo");
	q.method = "DELETE";
	q.authorization = "Bearer x";
	begin(&q, 0, &t);
	await(&t, 1);
	assert_string_equal("DELETE /echo\nHost: owner.test\nUser-Agent: berth\nAccept: */*\nAuthorization: Bearer x\n\n", t.body);
}

static void malformed_requests_do_not_begin(void **state)
{
	static const char *const urls[] = {
		"", "owner.test", "file:///etc/passwd", "gopher://owner.test/", "ftp://owner.test/", "ws://owner.test/",
		"https://", "https:///x", "https://u@owner.test/", "https://u:p@owner.test/", "https://owner.test/#x",
		"https://owner.test\\@other.test/", "https://owner.test/a b", "https://owner.test/\n", "https://owner.test/\x7f",
		"https://owner.test:/", "https://owner.test:99999/", "https://owner.test:4x3/", "https://owner.test/%4",
		"https://owner.test/%zz", "https://owner.test/../x", "https://owner.test/a/.", "https://owner.test/%2e%2E/x",
		"https://owner.test/a/.%2e", "HTTPS://owner.test/",
	};
	static const char *const fields[] = { "", " x", "x ", "a\r\nX: y", "a\tb", "\xc3\xa4" };
	struct berth_registry_http q = request_of(NULL);
	struct berth_res_exchange *x;
	struct told t = { 0 };

	(void)state;
	CHECK_RC(BERTH_E_TYPE, berth_res_http_begin(http, &q, 0, on_done, &t, &x));
	for (size_t i = 0; i < N(urls); i++) {
		q.url = urls[i];
		CHECK_RC(BERTH_E_TYPE, berth_res_http_begin(http, &q, 0, on_done, &t, &x));
		CHECK(!x);
	}
	for (size_t i = 0; i < 3 * N(fields); i++) {
		const char *f = fields[i / 3];

		q = request_of(SITE "/");
		*(i % 3 == 0 ? &q.accept : i % 3 == 1 ? &q.content_type : &q.authorization) = f;
		CHECK_RC(BERTH_E_TYPE, berth_res_http_begin(http, &q, 0, on_done, &t, &x));
	}
	q = request_of(SITE "/");
	q.method = "PATCH";
	CHECK_RC(BERTH_E_TYPE, berth_res_http_begin(http, &q, 0, on_done, &t, &x));
	q = request_of(SITE "/");
	q.method = "DELETE";
	q.body = (const uint8_t *)"{}";
	q.body_len = 2;
	CHECK_RC(BERTH_E_TYPE, berth_res_http_begin(http, &q, 0, on_done, &t, &x));
	q = request_of(SITE "/");
	q.method = "GET";
	q.body = (const uint8_t *)"x";
	q.body_len = 1;
	CHECK_RC(BERTH_E_TYPE, berth_res_http_begin(http, &q, 0, on_done, &t, &x));
	q.method = "POST";
	q.body_len = BERTH_RES_HTTP_REQUEST_MAX + 1;
	CHECK_RC(BERTH_E_QUOTA, berth_res_http_begin(http, &q, 0, on_done, &t, &x));
	q = request_of(SITE "/");
	q.size = 8;
	CHECK_RC(BERTH_E_TYPE, berth_res_http_begin(http, &q, 0, on_done, &t, &x));
	CHECK(t.calls == 0 && connects() == 0);
}

static void c094_redirects_are_told_and_not_followed(void **state)
{
	static const char *const to[] = {
		"http://owner.test/ok", "file:///etc/passwd", "gopher://10.0.0.1/", "https://10.0.0.1/ok", "https://owner.test/ok", "/ok",
	};
	char url[128];
	struct told t;

	(void)state;
	for (size_t i = 0; i < N(to); i++) {
		snprintf(url, sizeof(url), SITE "/redirect?%s", to[i]);
		replies(url, 302, &t);
		assert_string_equal("elsewhere", t.body);
	}
	CHECK(connects() == 1 && hostile_count(&server, "request") == N(to));
}

static void c096_ports_of_other_protocols_are_refused(void **state)
{
	struct told t;

	(void)state;
	REFUSED("https://owner.test:22/ok");
	REFUSED("https://owner.test:0/ok");
	REFUSED("https://owner.test:6667/ok");
	REFUSED("https://owner.test:25/ok");
	CHECK(connects() == 0);
	replies("https://owner.test:8006/ok", 200, &t);
	replies("https://owner.test:443/ok", 200, &t);
}

static void http_is_for_hosts_that_are_named(void **state)
{
	struct told t;

	(void)state;
	REFUSED("http://owner.test/ok");
	CHECK_OK(berth_http_names_add(&policy.plain, "owner.test", false));
	CHECK_OK(berth_http_names_add(&policy.plain, "127.0.0.1", false));
	replies("http://owner.test/ok", 200, &t);
	assert_string_equal("at 11.0.0.1:80", t.body);
	REFUSED("http://127.0.0.1:8545/");	/* that takes both */
	CHECK_OK(berth_netpol_add_allow(&policy.addresses, "127.0.0.1"));
	replies("http://127.0.0.1:8545/ok", 200, &t);
	REFUSED("http://metadata.test/");
	CHECK(hostile_count(&server, "connect 169") == 0);
}

static void c098_tls_that_does_not_verify_is_refused(void **state)
{
	static const unsigned ports[] = { 8001, 8002, 8003, 8004, 8005 };
	char url[64];
	struct told t;

	(void)state;
	for (size_t i = 0; i < 2 * N(ports); i++) {	/* twice: without a memory of the first time */
		snprintf(url, sizeof(url), SITE ":%u/ok", ports[i / 2]);
		REFUSED(url);
	}
	REFUSED("https://11.0.0.1/ok");		/* the certificate is for a name */
	CHECK(hostile_count(&server, "request") == 0);
	replies(SITE ":8006/ok", 200, &t);
	ask(SITE ":8001/ok", &t);
	CHECK(strstr(t.message, "expired"));
}

static void a_connection_that_breaks_in_its_handshake_is_unavailable(void **state)
{
	(void)state;
	fails(SITE ":8007/ok", BERTH_REGISTRY_UNAVAILABLE, BERTH_E_UNAVAILABLE);
	CHECK(hostile_count(&server, "connect 11.0.0.1:8007") == 1);
	fails(SITE ":8008/ok", BERTH_REGISTRY_UNAVAILABLE, BERTH_E_UNAVAILABLE);	/* nobody there */
}

static void c098_without_a_clock_e_clock(void **state)
{
	struct told t;

	(void)state;
	policy.clock_trusted = false;
	fails(SITE "/ok", BERTH_REGISTRY_REFUSED, BERTH_E_CLOCK);
	CHECK(connects() == 0);
	CHECK_OK(berth_http_names_add(&policy.plain, "owner.test", false));
	replies("http://owner.test/ok", 200, &t);
	policy.clock_trusted = true;
	replies(SITE "/ok", 200, &t);
}

static void the_systems_authorities_are_believed_without_a_file(void **state)
{
	char ours[BERTH_HTTP_FILE_MAX + 1];
	struct told t;

	(void)state;
	memcpy(ours, policy.ca_file, sizeof(ours));
	policy.ca_file[0] = '\0';
	ask(SITE "/ok", &t);
	CHECK(t.status == BERTH_REGISTRY_REFUSED && strstr(t.message, "issuer"));
	certs_file(policy.ca_file, &certs, "none.pem");
	REFUSED(SITE ":8006/ok");
	CHECK(hostile_count(&server, "request") == 0);
	stop_http(NULL);
	start_http(NULL);		/* curl remembers what it has read of a file */
	policy.ca_file[0] = '\0';
	CHECK(mount(ours, SYSTEMS_CA, NULL, MS_BIND, NULL) == 0);
	replies(SITE "/ok", 200, &t);
	CHECK(umount(SYSTEMS_CA) == 0);
}

static void c099_codings_that_were_not_asked_for_are_refused(void **state)
{
	struct told t;

	(void)state;
	REFUSED(SITE "/gzip");
	REFUSED(SITE "/transfer-gzip");
	replies(SITE "/identity", 200, &t);
}

static void replies_end_at_the_cap(void **state)
{
	static const char *const paths[] = { "/endless", "/endless-plain", "/long", "/headers", "/interim" };
	struct berth_registry_http q = request_of(SITE "/size/1000");
	char url[64];
	struct told t;

	(void)state;
	for (size_t i = 0; i < N(paths); i++) {
		snprintf(url, sizeof(url), SITE "%s", paths[i]);
		fails(url, BERTH_REGISTRY_TOO_BIG, BERTH_E_SIZE);
	}
	fails(SITE "/header", BERTH_REGISTRY_UNAVAILABLE, BERTH_E_UNAVAILABLE);	/* curl's own cap */
	q.max_bytes = 1000;
	begin(&q, 0, &t);
	await(&t, 1);
	CHECK(t.status == BERTH_REGISTRY_OK && t.len == 1000);
	q.max_bytes = 999;
	begin(&q, 0, &t);
	await(&t, 1);
	CHECK(t.status == BERTH_REGISTRY_TOO_BIG);
	q.max_bytes = SIZE_MAX;		/* there is a cap all the same */
	q.url = SITE "/size/5242880";
	begin(&q, 0, &t);
	await(&t, 1);
	CHECK(t.status == BERTH_REGISTRY_OK && t.len == BERTH_RES_HTTP_BODY_MAX);
	q.url = SITE "/size/5242881";
	begin(&q, 0, &t);
	await(&t, 1);
	CHECK(t.status == BERTH_REGISTRY_TOO_BIG);
	q.max_bytes = 0;
	q.url = SITE "/size/1";
	begin(&q, 0, &t);
	await(&t, 1);
	CHECK(t.status == BERTH_REGISTRY_TOO_BIG);
}

static void every_truncation_of_a_reply(void **state)
{
	const size_t whole = strlen("HTTP/1.1 200 x\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\n12345678");
	char url[64];
	struct told t;

	(void)state;
	CHECK_OK(berth_http_names_add(&policy.plain, "owner.test", false));
	for (size_t n = 0; n < whole; n++) {
		snprintf(url, sizeof(url), "http://owner.test/cut/%zu", n);
		fails(url, BERTH_REGISTRY_UNAVAILABLE, BERTH_E_UNAVAILABLE);
	}
	snprintf(url, sizeof(url), "http://owner.test/cut/%zu", whole);
	replies(url, 200, &t);
	assert_string_equal("12345678", t.body);
}

static void lengths_that_lie(void **state)
{
	struct told t;

	(void)state;
	fails(SITE "/short", BERTH_REGISTRY_UNAVAILABLE, BERTH_E_UNAVAILABLE);
	fails(SITE "/close", BERTH_REGISTRY_UNAVAILABLE, BERTH_E_UNAVAILABLE);
	fails(SITE "/old", BERTH_REGISTRY_UNAVAILABLE, BERTH_E_UNAVAILABLE);
	replies(SITE "/more", 200, &t);
	assert_string_equal("01234", t.body);
	replies(SITE "/ok", 200, &t);		/* and not what was behind it */
	assert_string_equal("at 11.0.0.1:443", t.body);
	replies(SITE "/type/127", 200, &t);
	CHECK(strlen(t.type) == 127);
	replies(SITE "/type/128", 200, &t);
	assert_string_equal("", t.type);
}

static void c101_nothing_of_the_environment_counts(void **state)
{
	static const char *const names[] = {
		"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
	};
	char file[128], *text;
	struct told t;

	(void)state;
	for (size_t i = 0; i < N(names); i++)
		setenv(names[i], "http://10.0.0.1:3128", 1);
	setenv("no_proxy", "", 1);
	snprintf(file, sizeof(file), "%s/self.pem", certs.dir);
	setenv("CURL_CA_BUNDLE", file, 1);
	setenv("SSL_CERT_FILE", file, 1);
	setenv("SSL_CERT_DIR", certs.dir, 1);
	setenv("HOME", certs.dir, 1);
	setenv("NETRC", file, 1);
	snprintf(file, sizeof(file), "%s/.netrc", certs.dir);
	text = "machine owner.test login joe password secret\n";
	FILE *f = fopen(file, "we");
	CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
	snprintf(file, sizeof(file), "%s/keys.log", certs.dir);
	setenv("SSLKEYLOGFILE", file, 1);
	stop_http(NULL);
	start_http(NULL);
	replies(SITE "/echo", 200, &t);
	CHECK(!strstr(t.body, "Authorization") && !strstr(t.body, "Proxy"));
	REFUSED(SITE ":8003/ok");
	CHECK(hostile_count(&server, "connect 10.0.0.1") == 0 && access(file, F_OK) != 0);
	for (size_t i = 0; i < N(names); i++)
		unsetenv(names[i]);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start_http, stop_http)
	const struct CMUnitTest tests[] = {
		TEST(a_reply_is_code_type_and_body),
		TEST(what_is_sent_is_what_was_asked_for),
		TEST(malformed_requests_do_not_begin),
		TEST(c094_redirects_are_told_and_not_followed),
		TEST(c096_ports_of_other_protocols_are_refused),
		TEST(http_is_for_hosts_that_are_named),
		TEST(c098_tls_that_does_not_verify_is_refused),
		TEST(a_connection_that_breaks_in_its_handshake_is_unavailable),
		TEST(c098_without_a_clock_e_clock),
		TEST(the_systems_authorities_are_believed_without_a_file),
		TEST(c099_codings_that_were_not_asked_for_are_refused),
		TEST(replies_end_at_the_cap),
		TEST(every_truncation_of_a_reply),
		TEST(lengths_that_lie),
		TEST(c101_nothing_of_the_environment_counts),
	};

	return cmocka_run_group_tests(tests, start_server, stop_server);
}
