/* SPDX-License-Identifier: Apache-2.0 */
/* Peers that speak raw SP to netd, and netd to netd. */
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/agent/netd/raw.h"

static void two_processes_exchange_messages_and_count_octets(void **state)
{
	char uri[BERTH_NET_URI_MAX + 1];
	struct berth_net_request q;
	struct berth_frame_request fr;
	struct berth_net_result r;
	struct netd a, b;

	(void)state;
	start(&a);
	start(&b);
	CHECK_OK(listen_on(&a, "nng+tcp://127.0.0.1:0"));
	snprintf(uri, sizeof(uri), "nng+tcp://owner.test:%u", port_of(&a));
	send_to(&b, 1, uri, "hello", PATIENCE_MS);
	request_at(&a, &q, &fr);
	assert_int_equal(BERTH_NET_TCP, q.transport);
	assert_string_equal("127.0.0.1", q.peer);
	reply_to(&a, q.request, BERTH_FRAME_STORED, NULL);
	result_of(&b, 1, BERTH_OK, &r);
	assert_int_equal(8 + 8 + 4 + 9, r.sent);	/* greeting, length, id, frame */
	assert_int_equal(8 + 8 + 4 + 8, r.received);
	for (uint64_t i = 2; i < 20; i++)
		exchange(&b, &a, uri, i);
	reply_to(&a, q.request, BERTH_FRAME_STORED, NULL);	/* twice: ignored */
	exchange(&b, &a, uri, 99);
	assert_int_equal(2, status_kb(&a, "status", "Seccomp:"));	/* C159: a filter */
	printf("measured: netd idle PSS %ld kB\n", status_kb(&a, "smaps_rollup", "Pss:"));
	stop(&a);
	stop(&b);
}

static void large_messages_go_both_ways(void **state)
{
	char *big = malloc(BERTH_FRAME_MESSAGE_MAX + 1);
	struct berth_net_request q;
	struct berth_frame_request fr;
	struct berth_frame_reply fp;
	struct berth_net_result r;
	struct netd a, b;

	(void)state;
	memset(big, 'x', BERTH_FRAME_MESSAGE_MAX);
	big[BERTH_FRAME_MESSAGE_MAX] = '\0';
	start(&a);
	start(&b);
	CHECK_OK(listen_on(&a, "nng+tcp://127.0.0.1:0"));
	send_to(&b, 1, a.bound, big, PATIENCE_MS);
	request_at(&a, &q, &fr);
	assert_int_equal(BERTH_FRAME_MESSAGE_MAX, fr.msg_len);
	reply_to(&a, q.request, BERTH_FRAME_STORED, big);
	result_of(&b, 1, BERTH_OK, &r);
	CHECK_OK(berth_frame_reply_decode(&fp, r.frame, r.frame_len));
	assert_int_equal(BERTH_FRAME_MESSAGE_MAX, fp.msgs[0].n);
	free(big);
	stop(&a);
	stop(&b);
}

static void ipc_sockets_are_private_and_only_dialled_when_allowed(void **state)
{
	char dir[] = "/tmp/berth-netd-XXXXXX", path[64], uri[sizeof(path) + 16], other[sizeof(path) + 16];
	struct berth_net_result r;
	struct stat st;
	struct netd a, b;

	(void)state;
	CHECK(mkdtemp(dir));
	chmod(dir, 0750);
	snprintf(path, sizeof(path), "%s/x.sock", dir);
	snprintf(uri, sizeof(uri), "nng+ipc://%s", path);
	snprintf(other, sizeof(other), "nng+ipc://%s/../x.sock", dir);
	start_ipc(&a, dir);
	start_ipc(&b, dir);
	CHECK_OK(listen_on(&a, uri));
	assert_int_equal(0, stat(path, &st));
	assert_int_equal(S_IFSOCK | 0600, st.st_mode);
	exchange(&b, &a, uri, 1);
	/* no folder of ours, another way to write it, one that others may write to */
	send_to(&b, 2, "nng+ipc:///run/berth/admin.sock", "x", 1000);
	result_of(&b, 2, BERTH_E_NETPOL, &r);
	send_to(&b, 3, other, "x", 1000);
	result_of(&b, 3, BERTH_E_NETPOL, &r);
	stop(&b);
	chmod(dir, 0777);
	start_ipc(&b, dir);
	send_to(&b, 4, uri, "x", 1000);
	result_of(&b, 4, BERTH_E_NETPOL, &r);
	stop(&b);
	chmod(dir, 0750);
	start(&b);		/* no folder at all */
	send_to(&b, 5, uri, "x", 1000);
	result_of(&b, 5, BERTH_E_NETPOL, &r);
	stop(&a);
	stop(&b);
	CHECK(access(path, F_OK) != 0);
	chmod(dir, 0777);
	start_ipc(&a, dir);
	assert_int_equal(BERTH_E_CONFIG, listen_on(&a, uri));
	chmod(dir, 0750);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(BERTH_E_CONFIG, listen_on(&a, uri));
	stop(&a);
	unlink(path);
	rmdir(dir);
}

static void c092_c103_nothing_is_dialled_that_policy_forbids(void **state)
{
	static const char *const refused[] = {
		"nng+tcp://127.0.0.1:", "nng+tcp://[::ffff:127.0.0.1]:", "nng+tcp://127.1:",
		"nng+tcp://owner.test:", "nng+tcp://localhost:", "nng+tcp://2130706433:",
		"nng+ipc:///run/x.sock", "inproc://x", "http://127.0.0.1:", "ipc:///run/x.sock", "nng+tcp://8.8.8.8:0", "",
	};
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char uri[BERTH_NET_URI_MAX + 1];
	struct berth_net_config cfg;
	struct berth_net_result r;
	struct netd n;

	(void)state;
	assert_int_equal(0, bind(fd, (struct sockaddr *)&at, sizeof(at)));
	assert_int_equal(0, listen(fd, 8));
	getsockname(fd, (struct sockaddr *)&at, &len);
	spawn(&n);
	berth_net_config_init(&cfg);
	CHECK_OK(berth_netpol_add_host(&cfg.policy, "owner.test=127.0.0.1"));
	configure(&n, &cfg);
	berth_netpol_free(&cfg.policy);
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		size_t n_uri = strlen(refused[i]);

		snprintf(uri, sizeof(uri), "%s", refused[i]);
		if (n_uri && refused[i][n_uri - 1] == ':')
			snprintf(uri + n_uri, sizeof(uri) - n_uri, "%u", ntohs(at.sin_port));
		send_to(&n, i, uri, "x", PATIENCE_MS);
		result_of(&n, i, BERTH_E_NETPOL, &r);
		assert_int_equal(0, r.sent);
	}
	CHECK(accept(fd, NULL, NULL) < 0 && errno == EAGAIN);	/* 0 connects */
	local_config(&cfg);
	configure(&n, &cfg);
	berth_netpol_free(&cfg.policy);
	snprintf(uri, sizeof(uri), "nng+tcp://owner.test:%u", ntohs(at.sin_port));
	send_to(&n, 77, uri, "x", 400);
	result_of(&n, 77, BERTH_E_UNAVAILABLE, &r);	/* nobody answers, but it was dialled */
	CHECK(accept(fd, NULL, NULL) >= 0);
	close(fd);
	stop(&n);
}

static void names_are_asked_off_the_main_thread(void **state)
{
	char uri[64];
	struct berth_net_result r;
	struct netd a, b;

	(void)state;
	start(&a);
	start(&b);
	CHECK_OK(listen_on(&a, "nng+tcp://127.0.0.1:0"));
	snprintf(uri, sizeof(uri), "nng+tcp://localhost:%u", port_of(&a));
	exchange(&b, &a, uri, 1);
	send_to(&b, 2, "nng+tcp://no-such-name.invalid:7000", "x", PATIENCE_MS);
	result_of(&b, 2, BERTH_E_UNAVAILABLE, &r);
	stop(&a);
	stop(&b);
}

static void parked_requests_are_given_back_in_time(void **state)
{
	struct berth_net_config cfg;
	struct berth_net_request q;
	struct berth_frame_request fr;
	struct berth_frame_reply fp;
	struct berth_net_result r;
	struct berth_ipc_frame f;
	struct netd a, b;
	uint64_t gone;

	(void)state;
	spawn(&a);
	local_config(&cfg);
	cfg.park_ms = 300;
	configure(&a, &cfg);
	berth_netpol_free(&cfg.policy);
	start(&b);
	CHECK_OK(listen_on(&a, "nng+tcp://127.0.0.1:0"));
	send_to(&b, 1, a.bound, "", PATIENCE_MS);
	request_at(&a, &q, &fr);
	assert_int_equal(BERTH_FRAME_POLL, fr.media);
	result_of(&b, 1, BERTH_OK, &r);
	CHECK_OK(berth_frame_reply_decode(&fp, r.frame, r.frame_len));
	CHECK(fp.status == BERTH_FRAME_STORED && fp.n_msgs == 0);
	expect(&a, BERTH_NET_GONE, &f);
	CHECK_OK(berth_net_gone_decode(&gone, f.p, f.n));
	assert_int_equal(q.request, gone);
	reply_to(&a, gone, BERTH_FRAME_STORED, "late");	/* ignored */

	send_to(&b, 2, a.bound, "message", PATIENCE_MS);
	request_at(&a, &q, &fr);
	result_of(&b, 2, BERTH_OK, &r);
	CHECK_OK(berth_frame_reply_decode(&fp, r.frame, r.frame_len));
	assert_int_equal(BERTH_FRAME_BUSY, fp.status);	/* never "stored" on its own authority */
	expect(&a, BERTH_NET_GONE, &f);
	stop(&a);
	stop(&b);
}

static void a_peer_that_dies_is_reported(void **state)
{
	struct berth_net_request q;
	struct berth_frame_request fr;
	struct berth_ipc_frame f;
	struct netd a, b;
	uint64_t gone;

	(void)state;
	start(&a);
	start(&b);
	CHECK_OK(listen_on(&a, "nng+tcp://127.0.0.1:0"));
	send_to(&b, 1, a.bound, "", 50000);
	request_at(&a, &q, &fr);
	kill_9(&b);
	expect(&a, BERTH_NET_GONE, &f);
	CHECK_OK(berth_net_gone_decode(&gone, f.p, f.n));
	assert_int_equal(q.request, gone);
	start(&b);
	exchange(&b, &a, a.bound, 2);
	stop(&a);
	stop(&b);
}

static void a_killed_listener_comes_back_and_the_request_is_repeated(void **state)
{
	char uri[BERTH_NET_URI_MAX + 1];
	struct berth_net_request q;
	struct berth_frame_request fr;
	struct berth_net_result r;
	struct netd a, b;

	(void)state;
	start(&a);
	start(&b);
	CHECK_OK(listen_on(&a, "nng+tcp://127.0.0.1:0"));
	memcpy(uri, a.bound, sizeof(uri));
	send_to(&b, 1, uri, "hello", PATIENCE_MS);
	request_at(&a, &q, &fr);
	kill_9(&a);
	start(&a);
	CHECK_OK(listen_on(&a, uri));
	request_at(&a, &q, &fr);
	assert_memory_equal("hello", fr.msg, 5);
	reply_to(&a, q.request, BERTH_FRAME_STORED, NULL);
	result_of(&b, 1, BERTH_OK, &r);
	stop(&a);
	stop(&b);
}

static void parallel_requests_up_to_a_cap(void **state)
{
	struct berth_net_request q[16];
	struct berth_frame_request fr;
	struct berth_net_result r;
	struct netd a, b;

	(void)state;
	start(&a);
	start(&b);
	CHECK_OK(listen_on(&a, "nng+tcp://127.0.0.1:0"));
	for (uint64_t i = 0; i < 16; i++)
		send_to(&b, i, a.bound, "x", PATIENCE_MS);
	for (int i = 0; i < 16; i++)
		request_at(&a, &q[i], &fr);	/* all of them are held at once */
	send_to(&b, 99, a.bound, "x", PATIENCE_MS);
	result_of(&b, 99, BERTH_E_QUOTA, &r);
	for (int i = 15; i >= 0; i--)
		reply_to(&a, q[i].request, BERTH_FRAME_STORED, NULL);
	for (int i = 0; i < 16; i++) {
		struct berth_ipc_frame f;

		expect(&b, BERTH_NET_RESULT, &f);
		CHECK_OK(berth_net_result_decode(&r, f.p, f.n));
		assert_int_equal(BERTH_OK, r.code);
	}
	exchange(&b, &a, a.bound, 100);
	stop(&a);
	stop(&b);
}

static void c084_one_host_gets_only_so_much(void **state)
{
	char uri[64];
	struct berth_net_result r;
	struct netd b;

	(void)state;
	start(&b);
	for (unsigned i = 0; i < 9; i++) {	/* nobody listens there */
		snprintf(uri, sizeof(uri), "nng+tcp://127.0.0.9:%u", 1 + i);
		send_to(&b, i, uri, "x", PATIENCE_MS);
	}
	result_of(&b, 8, BERTH_E_QUOTA, &r);
	stop(&b);	/* with eight of them open */
}

static void bad_replies_are_e_env(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
	static const uint8_t garbage[] = { 2, 0, 0, 0, 0, 0, 0, 0 };
	socklen_t len = sizeof(at);
	struct berth_buf out = BERTH_BUF_INIT;
	struct berth_net_result r;
	uint8_t in[8 + 8 + 4 + 5];
	char uri[64];
	struct netd b;

	(void)state;
	assert_int_equal(0, bind(listener, (struct sockaddr *)&at, sizeof(at)));
	assert_int_equal(0, listen(listener, 1));
	getsockname(listener, (struct sockaddr *)&at, &len);
	snprintf(uri, sizeof(uri), "nng+tcp://127.0.0.1:%u", ntohs(at.sin_port));
	start(&b);
	send_to(&b, 1, uri, "x", PATIENCE_MS);
	CHECK((fd = accept(listener, NULL, NULL)) >= 0);
	CHECK(send(fd, "\0SP\0\0\x31\0\0", 8, MSG_NOSIGNAL) == 8);
	CHECK(read_all(fd, in, sizeof(in)));
	assert_memory_equal(greeting_req, in, 8);
	berth_buf_be64(&out, 4 + sizeof(garbage));
	berth_buf_put(&out, in + 16, 4);	/* the request id */
	berth_buf_put(&out, garbage, sizeof(garbage));
	CHECK(send(fd, out.p, out.len, MSG_NOSIGNAL) == (ssize_t)out.len);
	result_of(&b, 1, BERTH_E_ENV, &r);
	assert_int_equal(0, r.frame_len);
	berth_buf_free(&out);
	close(fd);
	close(listener);
	stop(&b);
}

static void a_silent_host_is_e_unavailable_at_the_deadline(void **state)
{
	struct berth_net_result r;
	struct netd b;

	(void)state;
	start(&b);
	send_to(&b, 1, "nng+tcp://127.0.0.1:1", "x", 300);
	result_of(&b, 1, BERTH_E_UNAVAILABLE, &r);
	assert_int_equal(0, r.sent);
	stop(&b);
}

static void bad_listeners_are_named(void **state)
{
	struct netd a;
	char first[BERTH_NET_URI_MAX + 1];
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	start(&a);
	assert_int_equal(BERTH_E_CONFIG, listen_on(&a, "nng+tls://127.0.0.1:0"));
	assert_int_equal(BERTH_E_CONFIG, listen_on(&a, "nng+tcp://owner.test:0"));
	CHECK_OK(listen_on(&a, "nng+tcp://127.0.0.1:0"));
	memcpy(first, a.bound, sizeof(first));
	assert_int_equal(BERTH_E_UNAVAILABLE, listen_on(&a, first));	/* taken */
	berth_net_uri_encode(&b, "nng+tcp://127.0.0.1:0");
	tell(&a, BERTH_NET_CLOSE, &b);
	CHECK_OK(listen_on(&a, first));		/* and free again */
	stop(&a);
}

static void a_core_that_talks_nonsense_ends_it(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct netd a;
	int status;

	(void)state;
	spawn(&a);
	berth_net_uri_encode(&b, "nng+tcp://127.0.0.1:0");
	tell(&a, BERTH_NET_LISTEN, &b);	/* before CONFIG */
	CHECK_SOON(berth_proc_reap(&a.p, &status));
	CHECK(WIFEXITED(status));
	assert_int_equal(3, WEXITSTATUS(status));
	berth_ipc_close(&a.c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_processes_exchange_messages_and_count_octets),
		cmocka_unit_test(large_messages_go_both_ways),
		cmocka_unit_test(ipc_sockets_are_private_and_only_dialled_when_allowed),
		cmocka_unit_test(c092_c103_nothing_is_dialled_that_policy_forbids),
		cmocka_unit_test(names_are_asked_off_the_main_thread),
		cmocka_unit_test(parked_requests_are_given_back_in_time),
		cmocka_unit_test(a_peer_that_dies_is_reported),
		cmocka_unit_test(a_killed_listener_comes_back_and_the_request_is_repeated),
		cmocka_unit_test(parallel_requests_up_to_a_cap),
		cmocka_unit_test(c084_one_host_gets_only_so_much),
		cmocka_unit_test(bad_replies_are_e_env),
		cmocka_unit_test(a_silent_host_is_e_unavailable_at_the_deadline),
		cmocka_unit_test(bad_listeners_are_named),
		cmocka_unit_test(a_core_that_talks_nonsense_ends_it),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("netd", tests, NULL, NULL);
}
