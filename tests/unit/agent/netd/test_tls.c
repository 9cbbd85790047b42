/* SPDX-License-Identifier: Apache-2.0 */
/* nng and HTTP over TLS: netd to netd, and openssl and curl at the other end. */
#include <poll.h>
#include <sys/wait.h>

#include "did/base/rand.h"
#include "tests/unit/agent/netd/certs.h"
#include "tests/unit/agent/netd/child.h"

static void start_tls(struct netd *n, const struct berth_net_tls *tls, bool clock)
{
	struct berth_net_config cfg;

	spawn(n);
	local_config(&cfg);
	cfg.tls = *tls;
	cfg.clock_trusted = clock;
	configure(n, &cfg);
	berth_netpol_free(&cfg.policy);
}

static void start_as(struct netd *n, const char *name, const char *ca, const char *clients)
{
	struct berth_net_tls tls;

	certs_use(&tls, &certs, name, ca, clients);
	start_tls(n, &tls, true);
}

/* The two that have TLS. */
static const struct kind {
	const char *listen, *dial, *path;
} nng = { "nng+tls://127.0.0.1:0", "nng+tls://owner.test", "" }, https = { "https://127.0.0.1:0/d", "https://owner.test", "/d" };
static const struct kind *const kinds[] = { &nng, &https };
#define KINDS 2

static void serve(struct netd *n, const struct kind *k, const char *name, const char *clients)
{
	start_as(n, name, NULL, clients);
	CHECK_OK(listen_on(n, k->listen));
}

static void uri_with(char uri[64], const struct kind *k, unsigned port)
{
	snprintf(uri, 64, "%s:%u%s", k->dial, port, k->path);
}

static void uri_of(char uri[64], const struct netd *n, const struct kind *k) { uri_with(uri, k, port_of(n)); }

static void serve_as(struct netd *n, const char *name, const char *clients) { serve(n, &nng, name, clients); }
static void uri_at(char uri[64], const struct netd *n) { uri_of(uri, n, &nng); }

static void messages_go_both_ways_over_tls(void **state)
{
	char uri[64];

	(void)state;
	for (size_t k = 0; k < KINDS; k++) {
		struct netd a, b;

		serve(&a, kinds[k], "good", NULL);
		start_as(&b, NULL, "ca.pem", NULL);
		uri_of(uri, &a, kinds[k]);
		for (uint64_t i = 1; i <= 3; i++)
			exchange(&b, &a, uri, i);
		stop(&a);
		stop(&b);
	}
}

/* A certificate that is its own authority is a pin. */
static void a_single_certificate_may_be_pinned(void **state)
{
	struct netd a, b;
	char uri[64];

	(void)state;
	serve_as(&a, "self", NULL);
	start_as(&b, NULL, "self.pem", NULL);
	uri_at(uri, &a);
	exchange(&b, &a, uri, 1);
	stop(&a);
	stop(&b);
}

static void c098_who_is_not_whom_we_look_for_is_e_netpol(void **state)
{
	static const char *const wrong[] = { "other", "expired", "self" };
	struct berth_net_result r;
	char uri[64];

	(void)state;
	for (size_t i = 0; i < KINDS * sizeof(wrong) / sizeof(*wrong); i++) {
		struct netd a, b;

		serve(&a, kinds[i % KINDS], wrong[i / KINDS], NULL);
		start_as(&b, NULL, "ca.pem", NULL);
		uri_of(uri, &a, kinds[i % KINDS]);
		for (uint64_t id = 1; id <= 2; id++) {	/* again, without a memory of the first time */
			send_to(&b, id, uri, "hello", PATIENCE_MS);
			result_of(&b, id, BERTH_E_NETPOL, &r);
			CHECK(r.later);
		}
		stop(&a);
		stop(&b);
	}
}

static void c098_without_a_clock_e_clock(void **state)
{
	struct berth_net_tls tls;
	struct berth_net_result r;
	struct netd b;

	(void)state;
	certs_use(&tls, &certs, NULL, "ca.pem", NULL);
	start_tls(&b, &tls, false);
	for (size_t k = 0; k < KINDS; k++) {
		char uri[64];

		uri_with(uri, kinds[k], 8443);
		send_to(&b, k, uri, "hello", PATIENCE_MS);
		result_of(&b, k, BERTH_E_CLOCK, &r);
	}
	stop(&b);
}

static void without_an_authority_nobody_is_believed(void **state)
{
	struct berth_net_result r;
	struct netd n;

	(void)state;
	start_as(&n, NULL, NULL, NULL);
	send_to(&n, 1, "nng+tls://owner.test:7000", "hello", PATIENCE_MS);
	result_of(&n, 1, BERTH_E_NETPOL, &r);
	CHECK(!r.later);
	stop(&n);
}

/* Whether a server says why it closes is up to it and to chance; the message waits. */
static void is_not_let_in(struct netd *n, const char *uri)
{
	struct berth_frame_reply reply;
	struct berth_ipc_frame f;
	struct berth_net_result r;

	send_to(n, 1, uri, "hello", PATIENCE_MS);
	expect(n, BERTH_NET_RESULT, &f);
	CHECK_OK(berth_net_result_decode(&r, f.p, f.n));
	if (!r.code) {		/* HTTP has words for it: 403 */
		CHECK_OK(berth_frame_reply_decode(&reply, r.frame, r.frame_len));
		assert_int_equal(BERTH_FRAME_BUSY, reply.status);
		return;
	}
	CHECK(r.code == BERTH_E_UNAVAILABLE || (r.code == BERTH_E_NETPOL && r.later));
}

static void clients_may_be_asked_for_certificates(void **state)
{
	char uri[64];

	(void)state;
	for (size_t k = 0; k < KINDS; k++) {
		struct netd a, b;

		serve(&a, kinds[k], "good", "ca.pem");
		uri_of(uri, &a, kinds[k]);
		start_as(&b, NULL, "ca.pem", NULL);
		is_not_let_in(&b, uri);
		stop(&b);
		start_as(&b, "self", "ca.pem", NULL);
		is_not_let_in(&b, uri);
		stop(&b);
		start_as(&b, "client", "ca.pem", NULL);
		exchange(&b, &a, uri, 1);
		stop(&b);
		stop(&a);
	}
}

/* ---- openssl at the other end */

static int s_client(const struct netd *n, const char *version)
{
	char line[512];

	snprintf(line, sizeof(line), "openssl s_client -connect 127.0.0.1:%u %s -cipher DEFAULT@SECLEVEL=0 -CAfile %s/ca.pem "
		 "-servername owner.test -verify_hostname owner.test -verify_return_error </dev/null >/dev/null 2>&1",
		 port_of(n), version, certs.dir);
	return system(line);
}

static void c098_versions_before_1_2_are_not_spoken_to_us(void **state)
{
	(void)state;
	for (size_t k = 0; k < KINDS; k++) {
		struct netd n;

		serve(&n, kinds[k], "good", NULL);
		CHECK(s_client(&n, "-tls1") != 0);
		CHECK(s_client(&n, "-tls1_1") != 0);
		assert_int_equal(0, s_client(&n, "-tls1_2"));
		if (kinds[k] == &https)
			assert_int_equal(0, s_client(&n, "-tls1_3"));
		stop(&n);
	}
}

/* curl posts, and hears what the core says. */
static void curl_is_served(void **state)
{
	struct berth_net_request q;
	struct berth_frame_request f;
	char line[512], heard[64] = "";
	struct netd n;
	FILE *curl;

	(void)state;
	serve(&n, &https, "good", NULL);
	snprintf(line, sizeof(line), "curl -s --cacert %s/ca.pem --resolve owner.test:%u:127.0.0.1 -d hello -w ' %%{http_code}' "
		 "-H 'Content-Type: application/didcomm-encrypted+json' https://owner.test:%u/d", certs.dir, port_of(&n),
		 port_of(&n));
	CHECK((curl = popen(line, "r")));
	request_at(&n, &q, &f);
	assert_int_equal(BERTH_NET_HTTP, q.transport);
	assert_memory_equal("hello", f.msg, 5);
	reply_to(&n, q.request, BERTH_FRAME_STORED, "world");
	CHECK(fgets(heard, sizeof(heard), curl));
	assert_string_equal("world 200", heard);
	assert_int_equal(0, pclose(curl));
	stop(&n);
}

/* SP by hand, through openssl: what is said after the greeting, in octal; the octets that
 * come before they close, or max. */
static size_t sp(struct netd *n, const char *octal, uint8_t *got, size_t max, bool answered)
{
	char line[1024];
	struct berth_net_request q;
	struct berth_frame_request f;
	size_t len;
	FILE *p;

	snprintf(line, sizeof(line), "printf '\\000SP\\000\\000\\060\\000\\000%s' | timeout 30 openssl s_client -quiet -connect 127.0.0.1:%u "
		 "-CAfile %s/ca.pem 2>/dev/null", octal, port_of(n), certs.dir);
	CHECK((p = popen(line, "r")));
	if (answered) {
		request_at(n, &q, &f);
		reply_to(n, q.request, BERTH_FRAME_STORED, NULL);
	}
	len = fread(got, 1, max, p);
	pclose(p);
	return len;
}

static void c086_lengths_are_bounded_inside_of_tls_too(void **state)
{
	static const char *const bad[] = {
		"\\200\\000\\000\\000\\000\\000\\000\\000", "\\177\\377\\377\\377\\377\\377\\377\\377",
		"\\000\\000\\000\\000\\000\\040\\000\\000",	/* 2 MiB */
	};
	uint8_t got[64];
	struct netd n;

	(void)state;
	serve_as(&n, "good", NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(8, sp(&n, bad[i], got, sizeof(got), false));	/* a greeting, and no more */
		assert_memory_equal("\0SP\0\0\x31\0\0", got, 8);
	}
	assert_int_equal(28, sp(&n, "\\000\\000\\000\\000\\000\\000\\000\\010\\200\\000\\000\\001\\001\\000\\000\\000", got, 28, true));
	assert_memory_equal("\x80\0\0\x01\x01\0", got + 16, 6);
	stop(&n);
}

static bool listens(const struct sockaddr_in *at)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool up = connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0;

	close(fd);
	return up;
}

/* openssl s_server, once it listens. */
static pid_t s_server(uint16_t *port, const char *version)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	char accept_at[32], cert[128], key[128];
	pid_t pid;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	do {	/* none that the kernel gives to who dials, for nobody has it for a moment */
		berth_random(port, sizeof(*port));
		*port = (uint16_t)(10240 + *port % 20000);
		at.sin_port = htons(*port);
	} while (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0);
	close(fd);
	snprintf(accept_at, sizeof(accept_at), "127.0.0.1:%u", *port);
	snprintf(cert, sizeof(cert), "%s/good.pem", certs.dir);
	snprintf(key, sizeof(key), "%s/good.key", certs.dir);
	if ((pid = fork()) == 0) {
		CHECK(freopen("/dev/null", "w", stdout) && freopen("/dev/null", "w", stderr));
		execlp("openssl", "openssl", "s_server", "-accept", accept_at, "-cert", cert, "-key", key, version, "-cipher",
		       "DEFAULT@SECLEVEL=0", "-quiet", (char *)NULL);
		_exit(127);
	}
	CHECK_SOON(listens(&at));
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void c098_servers_of_versions_before_1_2_are_e_netpol(void **state)
{
	static const struct { const struct kind *kind; const char *version; enum berth_err code; } rows[] = {
		{ &nng, "-tls1", BERTH_E_NETPOL }, { &nng, "-tls1_1", BERTH_E_NETPOL },
		{ &https, "-tls1", BERTH_E_NETPOL }, { &https, "-tls1_1", BERTH_E_NETPOL },
		/* TLS is well, and then they speak neither SP nor HTTP */
		{ &nng, "-tls1_2", BERTH_E_UNAVAILABLE }, { &https, "-tls1_2", BERTH_E_UNAVAILABLE },
	};
	struct berth_net_result r;
	char uri[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct netd n;
		uint16_t port;
		pid_t server = s_server(&port, rows[i].version);

		start_as(&n, NULL, "ca.pem", NULL);
		uri_with(uri, rows[i].kind, port);
		send_to(&n, 1, uri, "hello", rows[i].code == BERTH_E_NETPOL ? PATIENCE_MS : 2500);
		result_of(&n, 1, rows[i].code, &r);
		stop(&n);
		end(server);
	}
}

/* ---- files, and what is no TLS */

static void listeners_need_files_that_are_right(void **state)
{
	static const struct { mode_t mode; enum berth_err code; } modes[] = {
		{ 0644, BERTH_E_CONFIG }, { 0660, BERTH_E_CONFIG }, { 0604, BERTH_E_CONFIG }, { 0640, BERTH_OK }, { 0600, BERTH_OK },
	};
	struct netd n;
	struct berth_net_tls tls;
	char key[BERTH_NET_FILE_MAX + 1];

	(void)state;
	certs_file(key, &certs, "good.key");
	start_as(&n, NULL, NULL, NULL);
	for (size_t k = 0; k < KINDS; k++)
		assert_int_equal(BERTH_E_CONFIG, listen_on(&n, kinds[k]->listen));
	CHECK_OK(listen_on(&n, "nng+tcp://127.0.0.1:0"));
	stop(&n);
	for (size_t k = 0; k < KINDS; k++) {
		for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
			chmod(key, modes[i].mode);
			start_as(&n, "good", NULL, NULL);
			assert_int_equal(modes[i].code, listen_on(&n, kinds[k]->listen));
			stop(&n);
		}
		certs_use(&tls, &certs, "good", NULL, NULL);
		certs_file(tls.certificate, &certs, "nowhere.pem");
		start_tls(&n, &tls, true);
		assert_int_equal(BERTH_E_CONFIG, listen_on(&n, kinds[k]->listen));
		stop(&n);
		certs_use(&tls, &certs, "good", NULL, "log");	/* a file, but no certificates */
		start_tls(&n, &tls, true);
		assert_int_equal(BERTH_E_CONFIG, listen_on(&n, kinds[k]->listen));
		stop(&n);
	}
}

#define STUCK 20
static void what_is_no_tls_is_closed_and_others_are_served(void **state)
{
	static const char *const garbage[] = { "\0SP\0\0\x30\0\0", "GET / HTTP/1.0\r\n\r\n", "\x16\x03\x01\xff\xff" };
	static const size_t len[] = { 8, 18, 5 };
	char uri[64];

	(void)state;
	for (size_t k = 0; k < KINDS; k++) {
		struct netd a, b;
		int fd[STUCK];

		serve(&a, kinds[k], "good", NULL);
		start_as(&b, NULL, "ca.pem", NULL);
		uri_of(uri, &a, kinds[k]);
		printf("measured: netd idle with %s, PSS %ld kB\n", kinds[k]->listen, status_kb(&a, "smaps_rollup", "Pss:"));
		for (size_t i = 0; i < STUCK; i++) {	/* the last kind never comes to an end */
			size_t what = i < 3 ? i : 2;

			fd[i] = raw_connect(&a, 2);
			assert_int_equal(len[what], send(fd[i], garbage[what], len[what], MSG_NOSIGNAL));
		}
		exchange(&b, &a, uri, 1);
		CHECK(is_closed(fd[0]) && is_closed(fd[1]));
		for (size_t i = 0; i < STUCK; i++)
			close(fd[i]);
		exchange(&b, &a, uri, 2);
		stop(&a);
		stop(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_go_both_ways_over_tls),
		cmocka_unit_test(a_single_certificate_may_be_pinned),
		cmocka_unit_test(c098_who_is_not_whom_we_look_for_is_e_netpol),
		cmocka_unit_test(c098_without_a_clock_e_clock),
		cmocka_unit_test(without_an_authority_nobody_is_believed),
		cmocka_unit_test(clients_may_be_asked_for_certificates),
		cmocka_unit_test(c098_versions_before_1_2_are_not_spoken_to_us),
		cmocka_unit_test(c086_lengths_are_bounded_inside_of_tls_too),
		cmocka_unit_test(curl_is_served),
		cmocka_unit_test(c098_servers_of_versions_before_1_2_are_e_netpol),
		cmocka_unit_test(listeners_need_files_that_are_right),
		cmocka_unit_test(what_is_no_tls_is_closed_and_others_are_served),
	};

	return cmocka_run_group_tests_name("tls", tests, certs_setup, certs_teardown);
}
