/* SPDX-License-Identifier: Apache-2.0 */
/* Requests over nng's REQ sockets, against nng's REP sockets. */
#include "agent/netd/req.h"

#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/check.h"

#define LONG_MS 20000
#define SHORT_MS 200

/* One who answers when the test does it, and one who asks. */
struct link {
	nng_socket rep;
	struct berth_netd_reqs reqs;
	sem_t done;
};

static void on_done(void *arg) { sem_post(arg); }

static void wait_done(struct link *l)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += LONG_MS / 1000;
	assert_int_equal(0, sem_timedwait(&l->done, &t));
}

/* To nobody: requests wait for a connection, as while it is dialled. */
static void open_to_nobody(struct link *l)
{
	memset(l, 0, sizeof(*l));
	assert_int_equal(0, sem_init(&l->done, 0, 0));
	assert_int_equal(0, nng_rep0_open(&l->rep));
	assert_int_equal(0, nng_req0_open(&l->reqs.sock));
}

static void open_link(struct link *l)
{
	nng_listener id;
	char url[64];
	int port;

	open_to_nobody(l);
	assert_int_equal(0, nng_listen(l->rep, "tcp://127.0.0.1:0", &id, 0));
	assert_int_equal(0, nng_listener_get_int(id, NNG_OPT_TCP_BOUND_PORT, &port));
	snprintf(url, sizeof(url), "tcp://127.0.0.1:%d", port);
	assert_int_equal(0, nng_dial(l->reqs.sock, url, NULL, 0));
}

static void close_link(struct link *l)
{
	berth_netd_reqs_drop(&l->reqs);
	assert_int_equal(0, l->reqs.n_kept);
	nng_close(l->reqs.sock);
	nng_close(l->rep);
	sem_destroy(&l->done);
}

static struct berth_netd_req *ask(struct link *l, const char *text, nng_duration ms)
{
	struct berth_netd_req *r;
	nng_msg *msg;

	assert_int_equal(0, nng_msg_alloc(&msg, 0));
	assert_int_equal(0, nng_msg_append(msg, text, strlen(text)));
	assert_int_equal(0, berth_netd_req_begin(&r, &l->reqs, msg, ms, on_done, &l->done));
	return r;
}

static void end_with(struct link *l, struct berth_netd_req *r, int want, bool want_sent, const char *text)
{
	nng_msg *answer;
	bool sent;

	assert_int_equal(want, berth_netd_req_end(&l->reqs, r, &answer, &sent));
	assert_int_equal(want_sent, sent);
	if (text) {
		assert_int_equal(strlen(text), nng_msg_len(answer));
		assert_memory_equal(text, nng_msg_body(answer), strlen(text));
	} else {
		assert_null(answer);
	}
	nng_msg_free(answer);
}

/* What it is asked it says again. */
static void answer(struct link *l)
{
	nng_msg *msg;

	assert_int_equal(0, nng_recvmsg(l->rep, &msg, 0));
	assert_int_equal(0, nng_sendmsg(l->rep, msg, 0));
}

static void requests_follow_one_another_in_the_same_context(void **state)
{
	struct berth_netd_req *first = NULL, *r;
	struct link l;

	(void)state;
	open_link(&l);
	for (int i = 0; i < 50; i++) {
		char text[24];

		snprintf(text, sizeof(text), "request %d", i);
		r = ask(&l, text, LONG_MS);
		first = first ? first : r;
		CHECK(r == first && l.reqs.n_kept == 0);
		answer(&l);
		wait_done(&l);
		end_with(&l, r, 0, true, text);
		assert_int_equal(1, l.reqs.n_kept);
	}
	close_link(&l);
}

static void several_are_open_and_two_stay(void **state)
{
	struct berth_netd_req *r[5];
	struct link l;

	(void)state;
	open_link(&l);
	for (int i = 0; i < 5; i++) {
		r[i] = ask(&l, "x", LONG_MS);
		answer(&l);
	}
	for (int i = 0; i < 5; i++)
		wait_done(&l);
	for (int i = 0; i < 5; i++)
		end_with(&l, r[i], 0, true, "x");
	assert_int_equal(BERTH_NETD_REQS_KEPT, l.reqs.n_kept);
	close_link(&l);
}

/* Given up before it is sent, and nng has it all this time. */
static void nobody_is_there_until_the_deadline(void **state)
{
	struct berth_netd_req *r[3];
	struct link l;

	(void)state;
	open_to_nobody(&l);
	for (int i = 0; i < 3; i++)
		r[i] = ask(&l, "x", SHORT_MS);
	for (int i = 0; i < 3; i++)
		wait_done(&l);
	for (int i = 0; i < 3; i++)
		end_with(&l, r[i], NNG_ETIMEDOUT, false, NULL);
	assert_int_equal(0, l.reqs.n_kept);
	close_link(&l);
}

static void one_that_is_silent_does_not_spoil_the_next(void **state)
{
	struct berth_netd_req *r;
	nng_msg *late;
	struct link l;

	(void)state;
	open_link(&l);
	r = ask(&l, "late", SHORT_MS);
	assert_int_equal(0, nng_recvmsg(l.rep, &late, 0));
	wait_done(&l);
	end_with(&l, r, NNG_ETIMEDOUT, true, NULL);
	assert_int_equal(0, l.reqs.n_kept);
	assert_int_equal(0, nng_sendmsg(l.rep, late, 0));	/* to whom it may concern */
	r = ask(&l, "next", LONG_MS);
	answer(&l);
	wait_done(&l);
	end_with(&l, r, 0, true, "next");
	close_link(&l);
}

static void aborted_ones_say_why(void **state)
{
	struct berth_netd_req *r;
	struct link l;

	(void)state;
	open_to_nobody(&l);
	r = ask(&l, "x", LONG_MS);
	berth_netd_req_abort(r, NNG_EPEERAUTH);
	wait_done(&l);
	end_with(&l, r, NNG_EPEERAUTH, false, NULL);
	close_link(&l);
}

static void a_closed_socket_ends_what_is_open(void **state)
{
	struct berth_netd_req *r[2];
	nng_msg *msg;
	struct link l;

	(void)state;
	open_link(&l);
	for (int i = 0; i < 2; i++) {
		r[i] = ask(&l, "x", LONG_MS);
		answer(&l);
		wait_done(&l);
	}
	for (int i = 0; i < 2; i++)
		end_with(&l, r[i], 0, true, "x");
	r[0] = ask(&l, "y", LONG_MS);
	assert_int_equal(1, l.reqs.n_kept);	/* and stays until after its socket */
	assert_int_equal(0, nng_recvmsg(l.rep, &msg, 0));
	nng_msg_free(msg);
	nng_close(l.reqs.sock);
	wait_done(&l);
	end_with(&l, r[0], NNG_ECLOSED, true, NULL);
	close_link(&l);
	assert_int_equal(0, nng_msg_alloc(&msg, 0));
	assert_int_equal(NNG_ECLOSED, berth_netd_req_begin(&r[0], &l.reqs, msg, LONG_MS, on_done, &l.done));
	nng_msg_free(msg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_follow_one_another_in_the_same_context),
		cmocka_unit_test(several_are_open_and_two_stay),
		cmocka_unit_test(nobody_is_there_until_the_deadline),
		cmocka_unit_test(one_that_is_silent_does_not_spoil_the_next),
		cmocka_unit_test(aborted_ones_say_why),
		cmocka_unit_test(a_closed_socket_ends_what_is_open),
	};

	return cmocka_run_group_tests_name("req", tests, NULL, NULL);
}
