/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/ipc.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/check.h"

static void pair_of(struct berth_ipc *a, struct berth_ipc *b)
{
	int fd[2];

	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd));
	berth_ipc_init(a, fd[0]);
	berth_ipc_init(b, fd[1]);
}

static void both_close(struct berth_ipc *a, struct berth_ipc *b)
{
	berth_ipc_close(a);
	berth_ipc_close(b);
	berth_ipc_close(b);	/* twice is fine */
}

static void frames_keep_their_order_and_bytes(void **state)
{
	struct berth_ipc a, b;
	struct berth_ipc_frame f;

	(void)state;
	pair_of(&a, &b);
	CHECK_OK(berth_ipc_send(&a, 7, 0x01020304, "hello", 5, 1000));
	CHECK_OK(berth_ipc_send(&a, 8, 5, NULL, 0, 1000));
	CHECK_OK(berth_ipc_send(&a, 9, 6, "x", 1, 1000));
	CHECK_OK(berth_ipc_recv(&b, &f, PATIENCE_MS));
	assert_int_equal(7, f.op);
	assert_int_equal(0x01020304, f.seq);
	assert_int_equal(5, f.n);
	assert_memory_equal("hello", f.p, 5);
	CHECK_OK(berth_ipc_recv(&b, &f, PATIENCE_MS));
	assert_int_equal(8, f.op);
	assert_int_equal(0, f.n);
	CHECK_OK(berth_ipc_recv(&b, &f, PATIENCE_MS));
	assert_int_equal(9, f.op);
	assert_int_equal('x', f.p[0]);
	both_close(&a, &b);
}

static void the_wire_is_as_the_header_says(void **state)
{
	static const uint8_t want[] = { 0, 0, 0, 8, 0x12, 0x34, 0, 0, 0, 9, 'o', 'k' };
	uint8_t got[sizeof(want) + 1];
	struct berth_ipc a, b;

	(void)state;
	pair_of(&a, &b);
	CHECK_OK(berth_ipc_send(&a, 0x1234, 9, "ok", 2, 1000));
	assert_int_equal(sizeof(want), recv(b.fd, got, sizeof(got), 0));
	assert_memory_equal(want, got, sizeof(want));
	both_close(&a, &b);
}

/* Writes raw bytes, closes, and reads one frame. */
static enum berth_err raw(const void *p, size_t n, bool *failed)
{
	struct berth_ipc a, b;
	struct berth_ipc_frame f;
	enum berth_err rc;

	pair_of(&a, &b);
	if (n)
		assert_int_equal(n, send(a.fd, p, n, 0));
	berth_ipc_close(&a);
	rc = berth_ipc_recv(&b, &f, 1000);
	*failed = b.failed;
	if (rc)
		CHECK_RC(BERTH_E_UNAVAILABLE, berth_ipc_send(&b, 1, 1, NULL, 0, 100));
	berth_ipc_close(&b);
	return rc;
}

static void every_truncation_fails_the_connection(void **state)
{
	static const uint8_t good[] = { 0, 0, 0, 8, 0, 1, 0, 0, 0, 2, 'o', 'k' };
	bool failed;

	(void)state;
	for (size_t n = 0; n < sizeof(good); n++) {
		CHECK_RC(BERTH_E_UNAVAILABLE, raw(good, n, &failed));
		CHECK(failed);
	}
	CHECK_OK(raw(good, sizeof(good), &failed));
	CHECK(!failed);
}

static void lengths_out_of_bounds_are_e_size(void **state)
{
	static const uint8_t shortest[] = { 0, 0, 0, 6, 0, 1, 0, 0, 0, 2 };
	static const uint8_t too_short[] = { 0, 0, 0, 5, 0, 1, 0, 0, 0, 2 };
	static const uint8_t zero[] = { 0, 0, 0, 0, 0, 1, 0, 0, 0, 2 };
	static const uint8_t too_long[] = { 0, 0x20, 0, 1, 0, 1, 0, 0, 0, 2 };
	static const uint8_t longest[] = { 0, 0x20, 0, 0, 0, 1, 0, 0, 0, 2 };
	static const uint8_t huge[] = { 0xff, 0xff, 0xff, 0xff, 0, 1, 0, 0, 0, 2 };
	bool failed;

	(void)state;
	CHECK_OK(raw(shortest, sizeof(shortest), &failed));
	CHECK_RC(BERTH_E_SIZE, raw(too_short, sizeof(too_short), &failed));
	CHECK(failed);
	CHECK_RC(BERTH_E_SIZE, raw(zero, sizeof(zero), &failed));
	CHECK_RC(BERTH_E_SIZE, raw(too_long, sizeof(too_long), &failed));
	CHECK_RC(BERTH_E_SIZE, raw(huge, sizeof(huge), &failed));
	CHECK_RC(BERTH_E_UNAVAILABLE, raw(longest, sizeof(longest), &failed));	/* only incomplete */
}

static enum berth_err collect(void *arg, const struct berth_ipc_frame *f)
{
	struct berth_buf *b = arg;

	berth_buf_be16(b, f->op);
	berth_buf_put(b, f->p, f->n);
	return berth_buf_status(b);
}

static void a_byte_at_a_time_is_one_frame(void **state)
{
	static const uint8_t two[] = { 0, 0, 0, 8, 0, 1, 0, 0, 0, 2, 'o', 'k', 0, 0, 0, 6, 0, 2, 0, 0, 0, 3 };
	struct berth_buf got = BERTH_BUF_INIT;
	struct berth_ipc a, b;

	(void)state;
	pair_of(&a, &b);
	for (size_t i = 0; i < sizeof(two); i++) {
		assert_int_equal(1, send(a.fd, two + i, 1, 0));
		CHECK_OK(berth_ipc_on_readable(&b, collect, &got));
		assert_int_equal(i < 11 ? 0 : i < sizeof(two) - 1 ? 4 : 6, got.len);
	}
	assert_memory_equal("\0\1ok\0\2", got.p, 6);
	berth_buf_free(&got);
	both_close(&a, &b);
}

static void a_full_queue_is_e_quota_and_survives(void **state)
{
	size_t n = BERTH_IPC_PAYLOAD_MAX, queued = 0;
	uint8_t *big = calloc(1, n + 1);
	struct berth_buf got = BERTH_BUF_INIT;
	struct berth_ipc a, b;
	enum berth_err rc;

	(void)state;
	pair_of(&a, &b);
	CHECK_RC(BERTH_E_SIZE, berth_ipc_queue(&a, 1, 1, big, n + 1));
	while (!(rc = berth_ipc_queue(&a, 1, 1, big, n)))
		queued++;
	assert_int_equal(BERTH_E_QUOTA, rc);
	assert_int_equal(3, queued);
	CHECK(berth_ipc_wants_write(&a));
	while (berth_ipc_wants_write(&a)) {
		CHECK_OK(berth_ipc_on_writable(&a));
		CHECK_OK(berth_ipc_on_readable(&b, collect, &got));
	}
	CHECK_OK(berth_ipc_on_readable(&b, collect, &got));
	assert_int_equal(queued * (n + 2), got.len);
	CHECK_OK(berth_ipc_queue(&a, 2, 2, "x", 1));
	CHECK_OK(berth_ipc_on_writable(&a));
	CHECK(!berth_ipc_wants_write(&a));
	CHECK(a.out.cap <= 65536 && b.in.cap <= 65536);	/* big buffers are given back */
	berth_buf_free(&got);
	free(big);
	both_close(&a, &b);
}

static enum berth_err refuse(void *arg, const struct berth_ipc_frame *f)
{
	(void)arg;
	(void)f;
	return berth_fail(BERTH_E_TYPE, "not this");
}

static void a_refused_frame_fails_the_connection(void **state)
{
	struct berth_ipc a, b;

	(void)state;
	pair_of(&a, &b);
	CHECK_OK(berth_ipc_send(&a, 1, 1, "x", 1, 1000));
	CHECK_RC(BERTH_E_TYPE, berth_ipc_on_readable(&b, refuse, NULL));
	CHECK(b.failed);
	CHECK_RC(BERTH_E_UNAVAILABLE, berth_ipc_on_readable(&b, refuse, NULL));
	CHECK_RC(BERTH_E_UNAVAILABLE, berth_ipc_on_writable(&b));
	CHECK_RC(BERTH_E_UNAVAILABLE, berth_ipc_queue(&b, 1, 1, NULL, 0));
	CHECK(!berth_ipc_wants_write(&b));
	both_close(&a, &b);
}

/* Both are called with the same buffer: ahead in lower case, fn in upper case. */
struct seen { struct berth_buf b; const uint8_t *p[4]; size_t n, again; };

static enum berth_err see(void *arg, const struct berth_ipc_frame *f)
{
	struct seen *s = arg;

	berth_buf_put(&s->b, f->p, f->n);
	s->p[s->n++] = f->p;
	return f->op == 9 ? berth_fail(BERTH_E_TYPE, "no further") : BERTH_OK;
}

static enum berth_err work(void *arg, const struct berth_ipc_frame *f)
{
	struct seen *s = arg;

	if (s->again < s->n)
		assert_ptr_equal(s->p[s->again], f->p);
	s->again++;
	berth_buf_printf(&s->b, "%c", f->p[0] - 'a' + 'A');
	return BERTH_OK;
}

static void what_came_together_is_seen_before_it_is_worked_on(void **state)
{
	static const char bad[4] = { 0 };
	struct seen s = { .b = BERTH_BUF_INIT };
	struct berth_ipc a, b;

	(void)state;
	pair_of(&a, &b);
	for (unsigned i = 0; i < 3; i++)
		CHECK_OK(berth_ipc_send(&a, i == 1 ? 9 : 1, i, &"abc"[i], 1, 1000));
	CHECK_OK(berth_ipc_on_readable_ahead(&b, see, work, &s));
	assert_string_equal("abABC", berth_buf_cstr(&s.b));	/* it sees none behind the one it failed at */
	berth_buf_reset(&s.b);
	s.n = s.again = 0;
	CHECK_OK(berth_ipc_send(&a, 1, 3, "d", 1, 1000));
	assert_int_equal(4, send(a.fd, bad, 4, 0));
	CHECK_RC(BERTH_E_SIZE, berth_ipc_on_readable_ahead(&b, see, work, &s));
	assert_string_equal("dD", berth_buf_cstr(&s.b));	/* what was whole before the fault counts */
	CHECK(b.failed);
	berth_buf_free(&s.b);
	both_close(&a, &b);
}

static void what_came_before_the_end_is_worked_on(void **state)
{
	static uint8_t big[16384 - 10];
	struct berth_buf got = BERTH_BUF_INIT;
	struct berth_ipc a, b;

	(void)state;
	pair_of(&a, &b);
	CHECK_OK(berth_ipc_send(&a, 1, 1, big, sizeof(big), 1000));	/* exactly one read, so the next meets the end */
	berth_ipc_close(&a);
	CHECK_RC(BERTH_E_UNAVAILABLE, berth_ipc_on_readable(&b, collect, &got));
	assert_int_equal(2 + sizeof(big), got.len);
	berth_buf_free(&got);
	both_close(&a, &b);
}

/* A server in a child process: answers as the op says. */
static void serve(struct berth_ipc *c)
{
	struct berth_ipc_frame f;
	struct berth_buf b = BERTH_BUF_INIT;

	while (!berth_ipc_recv(c, &f, BERTH_IPC_FOREVER)) {
		enum berth_err rc = BERTH_OK;

		berth_buf_reset(&b);
		berth_buf_put(&b, f.p, f.n);
		switch (f.op) {
		case 1: rc = berth_ipc_answer(c, f.seq, BERTH_OK, &b); break;
		case 2: rc = berth_ipc_answer(c, f.seq, berth_fail(BERTH_E_KEYSTORE, "no key %d%%n", 5), NULL); break;
		case 3: rc = berth_ipc_answer(c, f.seq + 1, BERTH_OK, NULL); break;
		case 4: rc = berth_ipc_send(c, BERTH_IPC_ERR, f.seq, "\0\0\0\0", 4, 100); break;
		case 5: rc = berth_ipc_send(c, BERTH_IPC_ERR, f.seq, "\0\xff\0\0", 4, 100); break;
		case 6: rc = berth_ipc_send(c, 77, f.seq, NULL, 0, 100); break;
		case 7: break;	/* silence */
		case 8: rc = poll(NULL, 0, 50) ? BERTH_E_UNAVAILABLE : berth_ipc_answer(c, f.seq, BERTH_OK, &b); break;
		default: _exit(0);
		}
		if (rc)
			break;
	}
	_exit(0);
}

static enum berth_err ask(uint16_t op, const char *text, struct berth_buf *reply, bool *failed)
{
	struct berth_buf q = BERTH_BUF_INIT;
	struct berth_ipc a, b;
	enum berth_err rc;
	pid_t pid;

	pair_of(&a, &b);
	if ((pid = fork()) == 0) {
		berth_ipc_close(&a);
		serve(&b);
	}
	berth_ipc_close(&b);
	berth_buf_str(&q, text);
	rc = berth_ipc_call(&a, op, &q, 300, reply);
	*failed = a.failed;
	if (!a.failed) {	/* still usable */
		struct berth_buf again = BERTH_BUF_INIT;

		CHECK_OK(berth_ipc_call(&a, 1, &q, 1000, &again));
		assert_int_equal(strlen(text), again.len);
		berth_buf_free(&again);
	}
	berth_ipc_close(&a);
	waitpid(pid, NULL, 0);
	berth_buf_free(&q);
	return rc;
}

static void calls_answer_with_bytes_or_a_code(void **state)
{
	struct berth_buf r = BERTH_BUF_INIT;
	bool failed;

	(void)state;
	CHECK_OK(ask(1, "ping", &r, &failed));
	assert_string_equal("ping", berth_buf_cstr(&r));
	CHECK(!failed);
	CHECK_RC(BERTH_E_KEYSTORE, ask(2, "ping", &r, &failed));
	assert_string_equal("no key 5%n", berth_err_detail());
	CHECK(!failed);
	berth_buf_free(&r);
}

static void wrong_answers_fail_the_connection(void **state)
{
	struct berth_buf r = BERTH_BUF_INIT;
	bool failed;

	(void)state;
	CHECK_RC(BERTH_E_TYPE, ask(3, "", &r, &failed));	/* another call's */
	CHECK(failed);
	CHECK_RC(BERTH_E_TYPE, ask(4, "", &r, &failed));	/* an error that says OK */
	CHECK(failed);
	CHECK_RC(BERTH_E_TYPE, ask(5, "", &r, &failed));	/* no such code */
	CHECK_RC(BERTH_E_TYPE, ask(6, "", &r, &failed));	/* no such op */
	CHECK_RC(BERTH_E_TYPE, ask(1, "x", NULL, &failed));	/* bytes where none belong */
	CHECK_RC(BERTH_E_UNAVAILABLE, ask(7, "", &r, &failed));	/* silence */
	CHECK(failed);
	CHECK_RC(BERTH_E_UNAVAILABLE, ask(99, "", &r, &failed));	/* gone */
	CHECK(failed);
	berth_buf_free(&r);
}

static void on_alarm(int sig) { (void)sig; }

static struct berth_ipc started(pid_t *pid)
{
	struct berth_ipc a, b;

	pair_of(&a, &b);
	if ((*pid = fork()) == 0) {
		berth_ipc_close(&a);
		serve(&b);
	}
	berth_ipc_close(&b);
	return a;
}

/* Their order is the only one; what was queued goes when an answer is waited for. */
static void several_calls_are_asked_before_the_first_is_answered(void **state)
{
	struct berth_buf r = BERTH_BUF_INIT, q = BERTH_BUF_INIT;
	struct berth_ipc a;
	pid_t pid;

	(void)state;
	a = started(&pid);
	berth_buf_str(&q, "third");
	CHECK_OK(berth_ipc_queue(&a, 1, ++a.seq, "first", 5));
	CHECK_OK(berth_ipc_queue(&a, 2, ++a.seq, "second", 6));
	CHECK_OK(berth_ipc_take_of(&a, 1, 1000, &r));
	assert_string_equal("first", berth_buf_cstr(&r));
	CHECK_OK(berth_ipc_ask(&a, 1, &q, 1000));
	CHECK_RC(BERTH_E_KEYSTORE, berth_ipc_take_of(&a, 2, 1000, &r));
	assert_string_equal("no key 5%n", berth_err_detail());
	berth_buf_reset(&r);
	CHECK_OK(berth_ipc_take(&a, 1000, &r));
	assert_string_equal("third", berth_buf_cstr(&r));
	CHECK_OK(berth_ipc_queue(&a, 1, ++a.seq, "x", 1));
	CHECK_OK(berth_ipc_queue(&a, 1, ++a.seq, "y", 1));
	CHECK_RC(BERTH_E_TYPE, berth_ipc_take(&a, 1000, &r));	/* out of order */
	CHECK(a.failed);
	berth_ipc_close(&a);
	waitpid(pid, NULL, 0);
	berth_buf_free(&q);
	berth_buf_free(&r);
}

/* By poll(), with what is left of the deadline after each signal. */
static void a_slow_answer_is_waited_for_to_the_deadline(void **state)
{
	const struct itimerval often = { { 0, 2000 }, { 0, 2000 } }, never = { { 0, 0 }, { 0, 0 } };
	struct berth_buf r = BERTH_BUF_INIT;
	struct berth_ipc a;
	pid_t pid;

	(void)state;
	a = started(&pid);
	CHECK_OK(berth_ipc_call(&a, 8, NULL, 20000, &r));
	CHECK_OK(berth_ipc_ask(&a, 1, NULL, 1000));
	CHECK(poll(&(struct pollfd){ .fd = a.fd, .events = POLLIN }, 1, 20000) == 1);
	CHECK_OK(berth_ipc_take(&a, 4, &r));		/* it is there */
	CHECK_OK(berth_ipc_call(&a, 8, NULL, 20000, &r));
	signal(SIGALRM, on_alarm);
	CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
	CHECK_OK(berth_ipc_call(&a, 8, NULL, 20000, &r));
	CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
	CHECK_RC(BERTH_E_UNAVAILABLE, berth_ipc_call(&a, 7, NULL, 30, &r));
	CHECK(a.failed);
	berth_ipc_close(&a);
	waitpid(pid, NULL, 0);
	berth_buf_free(&r);
}

/* Each call is one wait: that the other side reads what it is asked, and takes its time for the
 * answer, wakes nobody (ipc.c, wait_for()). */
static void nobody_is_woken_for_nothing(void **state)
{
	enum { CALLS = 6, ALSO = CALLS / 2 };	/* what else a kernel has a process wait for */
	struct berth_buf r = BERTH_BUF_INIT;
	struct rusage before, after;
	struct berth_ipc a;
	pid_t pid;

	(void)state;
	a = started(&pid);
	CHECK_OK(berth_ipc_call(&a, 8, NULL, 20000, &r));
	CHECK(getrusage(RUSAGE_SELF, &before) == 0);
	for (int i = 0; i < CALLS; i++)
		CHECK_OK(berth_ipc_call(&a, 8, NULL, 20000, &r));
	CHECK(getrusage(RUSAGE_SELF, &after) == 0);
	CHECK(after.ru_nvcsw - before.ru_nvcsw >= CALLS);
	CHECK(after.ru_nvcsw - before.ru_nvcsw <= CALLS + ALSO);
	berth_ipc_close(&a);
	waitpid(pid, NULL, 0);
	berth_buf_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_keep_their_order_and_bytes),
		cmocka_unit_test(the_wire_is_as_the_header_says),
		cmocka_unit_test(every_truncation_fails_the_connection),
		cmocka_unit_test(lengths_out_of_bounds_are_e_size),
		cmocka_unit_test(a_byte_at_a_time_is_one_frame),
		cmocka_unit_test(a_full_queue_is_e_quota_and_survives),
		cmocka_unit_test(a_refused_frame_fails_the_connection),
		cmocka_unit_test(what_came_together_is_seen_before_it_is_worked_on),
		cmocka_unit_test(what_came_before_the_end_is_worked_on),
		cmocka_unit_test(several_calls_are_asked_before_the_first_is_answered),
		cmocka_unit_test(calls_answer_with_bytes_or_a_code),
		cmocka_unit_test(wrong_answers_fail_the_connection),
		cmocka_unit_test(a_slow_answer_is_waited_for_to_the_deadline),
		cmocka_unit_test(nobody_is_woken_for_nothing),
	};

	return cmocka_run_group_tests_name("ipc", tests, NULL, NULL);
}
