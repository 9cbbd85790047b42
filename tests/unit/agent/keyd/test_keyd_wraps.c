/* SPDX-License-Identifier: Apache-2.0 */
/* Key wraps that are asked for before they are waited for (agent/core/keyclient_ahead.c), of a
 * keyd in a process of its own, and of one that dies, is late or lies in between. */
#include "sealed.h"

#include "agent/core/keyclient_internal.h"
#include "did/crypto/keypair.h"
#include "did/crypto/keywrap.h"

#define N (KEYCLIENT_AHEAD_MAX + 6)

/* What one envelope wants. */
struct wrap {
	struct berth_privkey epk, peer;
	struct berth_kek_params p;
	uint8_t ze[32], cek[BERTH_CEK_MAX], tag[32];
	struct berth_buf alone;		/* what an ordinary call says to it */
};

static struct wrap v[N];

static enum berth_err wrap(struct wrap *w, struct berth_buf *out)
{
	return ring->ops->wrap_1pu(ring, KID, &w->p, w->ze, sizeof(w->ze), w->cek, sizeof(w->cek), out);
}

static bool ahead(const struct wrap *w)
{
	return berth_keyring_wrap_1pu_ahead(ring, KID, &w->p, w->ze, sizeof(w->ze), w->cek, sizeof(w->cek));
}

static void prepare(size_t n)
{
	ensure("agree", BERTH_KEY_P256, BERTH_USAGE_AGREE, 0);
	CHECK_OK(keys->ops->bind(keys, KID, "agree"));
	for (size_t i = 0; i < n; i++) {
		struct wrap *w = &v[i];

		CHECK_OK(berth_keypair_generate(&w->epk, BERTH_KEY_P256));
		CHECK_OK(berth_keypair_generate(&w->peer, BERTH_KEY_P256));
		berth_random(w->ze, sizeof(w->ze));
		berth_random(w->cek, sizeof(w->cek));
		berth_random(w->tag, sizeof(w->tag));
		w->p = (struct berth_kek_params){ .alg = "ECDH-1PU+A256KW", .epk = &w->epk.pub, .peer = &w->peer.pub,
			.apu = (const uint8_t *)KID, .apu_len = strlen(KID), .apv = (const uint8_t *)"you", .apv_len = 3,
			.cc_tag = w->tag, .cc_tag_len = sizeof(w->tag) };
		berth_buf_free(&w->alone);
		CHECK_OK(wrap(w, &w->alone));
	}
}

static int clean(void **state)
{
	for (size_t i = 0; i < N; i++)
		berth_buf_free(&v[i].alone);
	return down(state);
}

static void check(struct wrap *w)
{
	struct berth_buf out = BERTH_BUF_INIT;

	CHECK_OK(wrap(w, &out));
	CHECK(out.len == BERTH_WRAPPED_MAX && out.len == w->alone.len && memcmp(out.p, w->alone.p, out.len) == 0);
	berth_buf_free(&out);
}

static void check_fails(struct wrap *w)
{
	struct berth_buf out = BERTH_BUF_INIT;

	CHECK_RC(BERTH_E_KEYSTORE, wrap(w, &out));
	CHECK(out.len == 0);
	berth_buf_free(&out);
}

/* In whatever order, with other calls in between; those beyond the cap are asked in their turn,
 * and what has been taken makes room. */
static void each_answer_finds_its_question(void **state)
{
	struct berth_buf box = BERTH_BUF_INIT;

	(void)state;
	prepare(N);
	for (size_t i = 0; i < N; i++)
		CHECK(ahead(&v[i]) == (i < KEYCLIENT_AHEAD_MAX));
	CHECK_OK(keys->ops->seal(keys, "items", -1, "wifi", 4, &box));
	for (size_t i = N; i-- > 6;)
		check(&v[i]);
	for (size_t i = 6; i < N; i++)
		CHECK(ahead(&v[i]) == (i < KEYCLIENT_AHEAD_MAX));	/* the first six are still there */
	for (size_t i = 0; i < N; i++)
		check(&v[i]);
	CHECK(ahead(&v[0]));
	berth_keyring_ahead_end(ring);
	check(&v[0]);
	berth_buf_free(&box);
}

/* What keyd would not read, or nobody here has, is not asked for. */
static void what_cannot_be_asked_is_said_at_once(void **state)
{
	struct wrap *w = &v[0];
	uint8_t z[BERTH_ECDH_MAX + 1] = { 0 };

	(void)state;
	prepare(1);
	CHECK(!berth_keyring_wrap_1pu_ahead(ring, KID, &w->p, z, sizeof(z), w->cek, sizeof(w->cek)));
	CHECK(!berth_keyring_wrap_1pu_ahead(ring, KID, &w->p, z, 32, w->cek, BERTH_CEK_MAX + 1));
	w->p.cc_tag_len = BERTH_TAG_MAX + 1;
	CHECK(!ahead(w));
	w->p.cc_tag_len = sizeof(w->tag);
	CHECK(ahead(w));
	keys->ops->unbind(keys, KID);
	CHECK(!ahead(w));
	check_fails(w);
	berth_keyring_ahead_end(ring);
}

/* Those that are left fail as an ordinary call would; what was had is had.  Nothing is asked of
 * one that is gone, and a new one is asked anew. */
static void a_keyd_that_dies_in_between(void **state)
{
	(void)state;
	prepare(3);
	for (size_t i = 0; i < 3; i++)
		CHECK(ahead(&v[i]));
	check(&v[0]);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	CHECK_OK(berth_keyclient_attach(kc, start()));
	for (size_t i = 0; i < 3; i++)
		CHECK(ahead(&v[i]));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	check_fails(&v[0]);
	check_fails(&v[1]);
	CHECK(!ahead(&v[2]));
	CHECK_OK(berth_keyclient_attach(kc, start()));
	check(&v[2]);
	CHECK(ahead(&v[1]));
	check(&v[1]);
}

static void a_keyd_that_is_late(void **state)
{
	pid_t other;

	(void)state;
	prepare(3);
	for (size_t i = 0; i < 3; i++)
		CHECK(ahead(&v[i]));
	kill(child, SIGSTOP);
	fflush(stdout);
	if ((other = fork()) == 0) {
		usleep(50000);
		kill(child, SIGCONT);
		_exit(0);
	}
	for (size_t i = 3; i-- > 0;)
		check(&v[i]);
	waitpid(other, NULL, 0);
	CHECK(berth_keyclient_usable(kc));
}

/* HELLO as it should be; then so many true answers, and one that is none. */
enum lie { LIE_NUMBER, LIE_SHORT, LIE_ERROR };

static void lie(int fd, enum lie how)
{
	const struct berth_keyd_reply hello = { .custody = BERTH_CUSTODY_SEALED };
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_ipc_frame f;
	struct berth_ipc ipc;

	berth_ipc_init(&ipc, fd);
	berth_keyd_reply_encode(&b, BERTH_KEYD_HELLO, &hello);
	if (berth_ipc_recv(&ipc, &f, 5000) || berth_ipc_answer(&ipc, f.seq, BERTH_OK, &b))
		_exit(1);
	if (berth_ipc_recv(&ipc, &f, 5000))
		_exit(1);
	berth_buf_reset(&b);
	berth_buf_vec32(&b, "twelve bytes", how == LIE_SHORT ? 0 : 12);
	if (how == LIE_SHORT)
		b.len -= 1;
	if (berth_ipc_send(&ipc, how == LIE_ERROR ? BERTH_IPC_ERR : BERTH_IPC_OK, f.seq + (how == LIE_NUMBER), b.p, b.len, 5000))
		_exit(1);
	while (!berth_ipc_recv(&ipc, &f, 5000))
		;
	_exit(0);
}

static void attach_liar(enum lie how)
{
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	fflush(stdout);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(sv[0]);
		close(berth_keyclient_fd(kc));
		lie(sv[1], how);
	}
	close(sv[1]);
	CHECK_OK(berth_keyclient_attach(kc, sv[0]));
}

static void a_keyd_that_lies_is_not_asked_again(void **state)
{
	(void)state;
	prepare(2);
	for (enum lie how = LIE_NUMBER; how <= LIE_ERROR; how++) {
		attach_liar(how);
		CHECK(ahead(&v[0]) && ahead(&v[1]));
		check_fails(&v[0]);
		CHECK(!berth_keyclient_usable(kc) && !ahead(&v[1]));
		check_fails(&v[1]);
		CHECK_OK(berth_keyclient_attach(kc, start()));
		check(&v[0]);
		check(&v[1]);
	}
}

#define WRAPS(f) cmocka_unit_test_setup_teardown(f, up, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WRAPS(each_answer_finds_its_question),
		WRAPS(what_cannot_be_asked_is_said_at_once),
		WRAPS(a_keyd_that_dies_in_between),
		WRAPS(a_keyd_that_is_late),
		WRAPS(a_keyd_that_lies_is_not_asked_again),
	};

	return cmocka_run_group_tests_name("keyd, wraps asked ahead", tests, setup, teardown);
}
