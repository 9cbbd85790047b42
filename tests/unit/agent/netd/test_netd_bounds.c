/* SPDX-License-Identifier: Apache-2.0 */
/* netd and peers that misbehave, or are too many. */
#include <dirent.h>
#include <poll.h>
#include <sys/resource.h>

#include "tests/unit/agent/netd/raw.h"

static void c086_sp_garbage_is_closed(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		bool greet;
	} bad[] = {
		{ "GET / HTTP/1.1\r\n\r\n", 18, false },
		{ "\0SX\0\0\x30\0\0", 8, false },	/* not SP */
		{ "\0SP\1\0\x30\0\0", 8, false },	/* another version */
		{ "\0SP\0\0\x31\0\0", 8, false },	/* REP to a REP */
		{ "\0SP\0\0\x30\1\0", 8, false },	/* reserved bits */
		{ "\x80\0\0\0\0\0\0\0", 8, true },	/* 2^63 */
		{ "\xff\xff\xff\xff\xff\xff\xff\xff", 8, true },
		{ "\0\0\0\0\x40\0\0\0", 8, true },	/* 1 GiB */
		{ "\0\0\0\0\0\0\0\0", 8, true },	/* no request id */
		{ "\0\0\0\0\0\0\0\3abc", 11, true },
	};
	struct netd a, b;

	(void)state;
	start(&a);
	start(&b);
	CHECK_OK(listen_on(&a, "nng+tcp://127.0.0.1:0"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		int fd = bad[i].greet ? raw_peer(&a, 1) : raw_connect(&a, 1);

		assert_int_equal(bad[i].n, send(fd, bad[i].bytes, bad[i].n, MSG_NOSIGNAL));
		if (!is_closed(fd))
			fail_msg("case %zu stays open", i);
		close(fd);
	}
	for (size_t n = 0; n < 8; n++) {	/* short, then FIN */
		int fd = raw_connect(&a, 1);

		assert_int_equal(n, send(fd, greeting_req, n, MSG_NOSIGNAL));
		shutdown(fd, SHUT_WR);
		CHECK(is_closed(fd));
		close(fd);
	}
	exchange(&b, &a, a.bound, 1);
	stop(&a);
	stop(&b);
}

static void malformed_frames_get_one_octet_each(void **state)
{
	static const uint8_t version_2[] = { 2, 1, 0, 0, '{', '}' }, media_3[] = { 1, 3, 0, 0, '{', '}' };
	uint8_t many_acks[4 + 65 * 16 + 1] = { 1, 1, 0, 65 }, big[4 + 1001] = { 1, 1, 0, 0 };
	struct berth_net_config cfg;
	struct berth_net_request q;
	struct berth_frame_request fr;
	struct netd a;
	uint32_t retry;
	int fd;

	(void)state;
	spawn(&a);
	local_config(&cfg);
	cfg.message_max = 1000;
	configure(&a, &cfg);
	berth_netpol_free(&cfg.policy);
	CHECK_OK(listen_on(&a, "nng+tcp://127.0.0.1:0"));
	fd = raw_peer(&a, 1);
	raw_send(fd, "", 0);
	assert_int_equal(BERTH_FRAME_REFUSED, raw_status(fd, &retry));
	assert_int_equal(0, retry);
	raw_send(fd, version_2, sizeof(version_2));
	assert_int_equal(BERTH_FRAME_REFUSED, raw_status(fd, NULL));
	raw_send(fd, media_3, sizeof(media_3));
	assert_int_equal(BERTH_FRAME_REFUSED, raw_status(fd, NULL));
	raw_send(fd, many_acks, sizeof(many_acks));
	assert_int_equal(BERTH_FRAME_TOO_BIG, raw_status(fd, NULL));
	raw_send(fd, big, sizeof(big));
	assert_int_equal(BERTH_FRAME_TOO_BIG, raw_status(fd, NULL));
	raw_send(fd, big, sizeof(big) - 1);
	request_at(&a, &q, &fr);
	assert_int_equal(1000, fr.msg_len);
	reply_to(&a, q.request, BERTH_FRAME_REFUSED, NULL);
	assert_int_equal(BERTH_FRAME_REFUSED, raw_status(fd, NULL));
	close(fd);
	stop(&a);
}

static void c086_memory_stays_bounded(void **state)
{
	static uint8_t chunk[65536];
	struct netd a, b;
	long before, after;
	int fd[120];

	(void)state;
	start(&a);
	start(&b);
	CHECK_OK(listen_on(&a, "nng+tcp://127.0.0.1:0"));
	exchange(&b, &a, a.bound, 1);
	before = status_kb(&a, "status", "VmRSS:");
	for (unsigned i = 0; i < 120; i++) {	/* nearly all of a message of 1 MiB each, from six addresses */
		struct timeval limit = { .tv_usec = 20000 };
		struct berth_buf b8 = BERTH_BUF_INIT;

		fd[i] = raw_connect(&a, 10 + i / 20);
		setsockopt(fd[i], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		berth_buf_put(&b8, greeting_req, 8);
		berth_buf_be64(&b8, BERTH_FRAME_REQUEST_MAX + 4);
		send(fd[i], b8.p, b8.len, MSG_NOSIGNAL);
		berth_buf_free(&b8);
		for (int k = 0; k < 15; k++)
			if (send(fd[i], chunk, sizeof(chunk), MSG_NOSIGNAL) < 0)
				break;
	}
	usleep(300000);
	after = status_kb(&a, "status", "VmHWM:");
	printf("measured: netd RSS %ld kB, %ld kB at most under 120 stuck connections\n", before, after);
#ifndef __SANITIZE_ADDRESS__
	CHECK(after < 40 << 10);
#endif
	for (unsigned i = 0; i < 120; i++)
		close(fd[i]);
	usleep(300000);
	exchange(&b, &a, a.bound, 2);	/* and it serves on */
	stop(&a);
	stop(&b);
}

static rlim_t open_fds(const struct netd *n)
{
	char path[64];
	rlim_t count = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)n->p.pid);
	CHECK((d = opendir(path)));
	for (struct dirent *e; (e = readdir(d));)
		count += e->d_name[0] != '.';
	closedir(d);
	return count;
}

/* user and system time, in ticks of a hundredth of a second */
static long cpu_ticks(const struct netd *n)
{
	char path[64], text[1024], *at;
	long user = 0, system_ = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)n->p.pid);
	CHECK((f = fopen(path, "r")));
	CHECK(fgets(text, sizeof(text), f));
	fclose(f);
	CHECK((at = strrchr(text, ')')));
	CHECK(sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user, &system_) == 2);
	return user + system_;
}

static void c089_without_descriptors_accepting_pauses_and_recovers(void **state)
{
	struct netd a, b;
	struct rlimit few;
	int fd[60];
	long ticks;

	(void)state;
	start(&a);
	start(&b);
	CHECK_OK(listen_on(&a, "nng+tcp://127.0.0.1:0"));
	exchange(&b, &a, a.bound, 1);
	few.rlim_cur = few.rlim_max = open_fds(&a) + 5;
	assert_int_equal(0, prlimit(a.p.pid, RLIMIT_NOFILE, &few, NULL));
	for (unsigned i = 0; i < 60; i++)
		fd[i] = raw_connect(&a, 10 + i / 6);
	usleep(500000);
	CHECK(open_fds(&a) <= few.rlim_cur);
	ticks = cpu_ticks(&a);
	usleep(1000000);
	CHECK(cpu_ticks(&a) - ticks < 30);	/* it waits, it does not spin */
	for (unsigned i = 0; i < 60; i++)
		close(fd[i]);
	usleep(500000);
	exchange(&b, &a, a.bound, 2);
	stop(&a);
	stop(&b);
}

static void a_flooding_address_is_told_to_wait_and_others_are_served(void **state)
{
	static const uint8_t bad[] = { 9 };
	struct berth_net_config cfg;
	uint32_t retry = 0;
	struct pollfd peers[4];
	struct netd a, b;
	int fd, busy = 0;

	(void)state;
	spawn(&a);
	local_config(&cfg);
	cfg.rate_per_s = 5;
	cfg.burst = 10;
	cfg.conns_source_max = 3;
	configure(&a, &cfg);
	berth_netpol_free(&cfg.policy);
	start(&b);
	CHECK_OK(listen_on(&a, "nng+tcp://127.0.0.1:0"));
	fd = raw_peer(&a, 9);
	for (int i = 0; busy < 20; i++) {	/* of 40, unless we are slow */
		CHECK(i < 10000);
		raw_send(fd, bad, 1);
		busy += raw_status(fd, &retry) == BERTH_FRAME_BUSY;
	}
	assert_int_equal(2, retry);
	exchange(&b, &a, a.bound, 1);
	for (int i = 1; i < 4; i++)
		peers[i] = (struct pollfd){ .fd = raw_peer(&a, 9), .events = POLLRDHUP };
	peers[0] = (struct pollfd){ .fd = fd, .events = POLLRDHUP };
	assert_int_equal(1, poll(peers, 4, PATIENCE_MS));	/* four of this address: one has to go */
	usleep(100000);
	assert_int_equal(1, poll(peers, 4, 0));		/* and the others stay */
	exchange(&b, &a, a.bound, 2);
	stop(&a);
	stop(&b);
}

static void a_peer_that_stalls_delays_nobody(void **state)
{
	struct netd a, b;
	int fd[8];

	(void)state;
	start(&a);
	start(&b);
	CHECK_OK(listen_on(&a, "nng+tcp://127.0.0.1:0"));
	for (int i = 0; i < 8; i++) {
		fd[i] = i % 2 ? raw_connect(&a, 2) : raw_peer(&a, 2);
		CHECK(send(fd[i], "\0\0\0\0\0\0\x40", 7, MSG_NOSIGNAL) == 7);
	}
	for (uint64_t i = 0; i < 5; i++)
		exchange(&b, &a, a.bound, i);
	for (int i = 0; i < 8; i++)
		close(fd[i]);
	stop(&a);
	stop(&b);
}

/* Sixty-four links in all, of which the one that was not used for longest goes when it
 * can; when all are in use there is no more. */
static void links_are_capped_and_the_oldest_idle_one_goes(void **state)
{
	struct berth_net_result r;
	struct netd a[10], b, c;	/* one listener takes few links from one address */
	char uri[64];

	(void)state;
	start(&b);
	start(&c);
	for (unsigned i = 0; i < 10; i++) {
		start(&a[i]);
		CHECK_OK(listen_on(&a[i], "nng+tcp://0.0.0.0:0"));
	}
	for (unsigned i = 0; i < 70; i++) {
		snprintf(uri, sizeof(uri), "nng+tcp://127.0.0.%u:%u", 1 + i, port_of(&a[i % 10]));
		exchange(&b, &a[i % 10], uri, i);
	}
	snprintf(uri, sizeof(uri), "nng+tcp://127.0.0.1:%u", port_of(&a[0]));
	exchange(&b, &a[0], uri, 100);		/* whose link was closed long ago */
	for (unsigned i = 1; i <= 65; i++) {	/* nobody listens there */
		snprintf(uri, sizeof(uri), "nng+tcp://127.0.1.%u:1", i);
		send_to(&c, i, uri, "x", PATIENCE_MS);
	}
	result_of(&c, 65, BERTH_E_QUOTA, &r);
	stop(&b);
	stop(&c);
	for (unsigned i = 0; i < 10; i++)
		stop(&a[i]);
}

static int threads_named(const struct netd *n, const char *want)
{
	char path[280], name[32];
	struct dirent *e;
	int found = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)n->p.pid);
	CHECK((d = opendir(path)) != NULL);
	while ((e = readdir(d))) {
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/task/%.16s/comm", (int)n->p.pid, e->d_name);
		if (!(f = fopen(path, "r")))
			continue;
		found += fgets(name, sizeof(name), f) && strcmp(name, want) == 0;
		fclose(f);
	}
	closedir(d);
	return found;
}

/* They name themselves when they first run. */
static void nng_has_few_threads_on_whatever_machine(void **state)
{
	struct netd a;

	(void)state;
	start(&a);
	CHECK_OK(listen_on(&a, "nng+tcp://127.0.0.1:0"));
	for (int i = 0; i < 1000 && (threads_named(&a, "nng:task\n") < 2 || threads_named(&a, "nng:aio:expire\n") < 1); i++)
		poll(NULL, 0, 20);
	assert_int_equal(2, threads_named(&a, "nng:task\n"));
	assert_int_equal(1, threads_named(&a, "nng:aio:expire\n"));
	stop(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c086_sp_garbage_is_closed),
		cmocka_unit_test(malformed_frames_get_one_octet_each),
		cmocka_unit_test(c086_memory_stays_bounded),
		cmocka_unit_test(c089_without_descriptors_accepting_pauses_and_recovers),
		cmocka_unit_test(a_flooding_address_is_told_to_wait_and_others_are_served),
		cmocka_unit_test(a_peer_that_stalls_delays_nobody),
		cmocka_unit_test(links_are_capped_and_the_oldest_idle_one_goes),
		cmocka_unit_test(nng_has_few_threads_on_whatever_machine),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("netd_bounds", tests, NULL, NULL);
}
