/* SPDX-License-Identifier: Apache-2.0 */
/* keyd with a core that misbehaves, a core with such a keyd, and how often keyd works a key. */
#include "sealed.h"

#include "did/base/clock.h"

/* ---- misbehaviour ---- */

/* What keyd does with one raw frame: the code with which it stopped, or BERTH_OK
 * when it answered. */
static enum berth_err after(bool hello, uint16_t op, const void *p, size_t n)
{
	const struct berth_keystore_config cfg = config();
	const struct berth_keyd_request h = {
		.op = BERTH_KEYD_HELLO, .uri = cfg.uri, .passphrase_file = cfg.passphrase_file, .create = true
	};
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_ipc_frame f;
	struct berth_ipc ipc;
	enum berth_err rc;

	berth_ipc_init(&ipc, start());
	if (hello) {
		struct berth_buf reply = BERTH_BUF_INIT;

		berth_keyd_encode(&b, &h);
		CHECK_OK(berth_ipc_call(&ipc, BERTH_KEYD_HELLO, &b, 5000, &reply));
		berth_buf_free(&reply);
	}
	berth_buf_free(&b);
	CHECK_OK(berth_ipc_send(&ipc, op, 99, p, n, PATIENCE_MS));
	rc = berth_ipc_recv(&ipc, &f, PATIENCE_MS);
	CHECK(rc == BERTH_OK || rc == BERTH_E_UNAVAILABLE);
	berth_ipc_close(&ipc);
	enum berth_err why = ended();
	CHECK((rc == BERTH_OK) == (why == BERTH_OK));
	return why;
}

static void malformed_requests_end_the_connection(void **state)
{
	static const uint8_t name[] = { 0, 2, 'k', 0 };

	(void)state;
	CHECK_RC(BERTH_OK, after(true, BERTH_KEYD_INFO, name, sizeof(name)));
	for (size_t n = 0; n < sizeof(name); n++)
		CHECK_RC(BERTH_E_TYPE, after(true, BERTH_KEYD_INFO, name, n));
	CHECK_RC(BERTH_E_TYPE, after(true, 0, NULL, 0));
	CHECK_RC(BERTH_E_TYPE, after(true, BERTH_KEYD__END, NULL, 0));
	CHECK_RC(BERTH_E_TYPE, after(true, BERTH_IPC_ERR, NULL, 0));
	CHECK_RC(BERTH_E_TYPE, after(true, BERTH_KEYD_LIST, name, 1));
	CHECK_RC(BERTH_OK, after(true, BERTH_KEYD_LIST, NULL, 0));
	/* before HELLO, and a second one */
	CHECK_RC(BERTH_E_TYPE, after(false, BERTH_KEYD_LIST, NULL, 0));
	struct berth_buf b = BERTH_BUF_INIT;
	const struct berth_keyd_request h = { .op = BERTH_KEYD_HELLO, .uri = uri };
	berth_keyd_encode(&b, &h);
	CHECK_RC(BERTH_E_TYPE, after(true, BERTH_KEYD_HELLO, b.p, b.len));
	CHECK_RC(BERTH_OK, after(false, BERTH_KEYD_HELLO, b.p, b.len));	/* answered, with an error or not */
	berth_buf_free(&b);
}

static void a_store_that_does_not_open_is_e_keystore(void **state)
{
	struct berth_keystore_config cfg = config();
	struct berth_keyclient *other;

	(void)state;
	cfg.create = false;
	CHECK_OK(berth_keyclient_new(&other, &cfg));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keyclient_attach(other, start()));
	CHECK(!berth_keyclient_usable(other));
	CHECK_OK(ended());
	berth_keyclient_free(other);
	cfg.uri = "nfc:somewhere";
	CHECK_OK(berth_keyclient_new(&other, &cfg));
	CHECK_RC(BERTH_E_KEY, berth_keyclient_attach(other, start()));
	CHECK_OK(ended());
	berth_keyclient_free(other);
}

/* A keyd that has gone wrong must not be believed. */
static void answers_of_a_bad_keyd_are_e_keystore(void **state)
{
	const struct berth_keystore_config cfg = config();
	struct berth_keyclient *other;
	int sv[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	fflush(stdout);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct berth_ipc ipc;
		struct berth_ipc_frame f;
		struct berth_buf b = BERTH_BUF_INIT;

		close(sv[0]);
		berth_ipc_init(&ipc, sv[1]);
		berth_buf_u8(&b, 77);	/* no custody */
		_exit(berth_ipc_recv(&ipc, &f, PATIENCE_MS) || berth_ipc_answer(&ipc, f.seq, BERTH_OK, &b));
	}
	close(sv[1]);
	CHECK_OK(berth_keyclient_new(&other, &cfg));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keyclient_attach(other, sv[0]));
	CHECK(!berth_keyclient_usable(other));
	berth_keyclient_free(other);
	CHECK_OK(ended());
}

/* C137: a store that is slow to open holds nobody up, and calls have their answer. */
static void c137_calls_fail_at_once_while_a_store_is_being_opened(void **state)
{
	const struct berth_keystore_config cfg = config();
	struct berth_keyclient *other;
	struct berth_key_info info;
	int sv[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	CHECK_OK(berth_keyclient_new(&other, &cfg));
	CHECK(!berth_keyclient_opening(other));
	CHECK_OK(berth_keyclient_attach_begin(other, sv[0]));	/* nobody answers there yet */
	CHECK(berth_keyclient_opening(other) && berth_keyclient_usable(other));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keyclient_info(other, "k", &info, NULL));
	CHECK(strstr(berth_err_detail(), "opening"));
	CHECK(berth_keyclient_opening(other) && berth_keyclient_usable(other));

	CHECK_OK(berth_keyclient_attach_begin(other, start()));	/* the silent one is given up */
	close(sv[1]);
	CHECK_OK(berth_keyclient_attach_end(other));
	CHECK(!berth_keyclient_opening(other) && berth_keyclient_usable(other));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keyclient_info(other, "k", &info, NULL));
	CHECK(strstr(berth_err_detail(), "no key"));
	berth_keyclient_free(other);
	CHECK_OK(ended());
}

/* ---- the rate, in this process ---- */

static uint64_t clock_ms = 1000;

static uint64_t hand_wound(void) { return clock_ms; }

/* keyd's loop for one request after the other, under a clock that we wind. */
static enum berth_err ask(struct keyd *k, const struct berth_keyd_request *r)
{
	struct berth_buf b = BERTH_BUF_INIT, reply = BERTH_BUF_INIT;
	struct berth_ipc ours, theirs;
	enum berth_err rc;
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	berth_ipc_init(&ours, sv[0]);
	berth_ipc_init(&theirs, sv[1]);
	berth_keyd_encode(&b, r);
	CHECK_OK(berth_ipc_ask(&ours, (uint16_t)r->op, &b, 5000));
	shutdown(sv[0], SHUT_WR);	/* answered, keyd sees the end */
	CHECK_OK(keyd_serve(k, &theirs));
	rc = berth_ipc_take(&ours, 5000, &reply);
	berth_buf_free(&b);
	berth_buf_free(&reply);
	berth_ipc_close(&ours);
	berth_ipc_close(&theirs);
	return rc;
}

static const struct berth_pubkey nine = { .type = BERTH_KEY_X25519, .len = 32, .b = { 9 } };

/* One request of each class, and what it yields when it is let through. */
static const struct { enum keyd_class c; struct berth_keyd_request r; enum berth_err rc; } one_of_each[] = {
	{ KEYD_SIGN, { .op = BERTH_KEYD_SIGN, .name = "k", .kid = KID }, BERTH_E_KEYSTORE },
	{ KEYD_AGREE, { .op = BERTH_KEYD_UNWRAP, .name = "k", .kek = { .alg = "ECDH-ES+A256KW", .epk = &nine } },
	  BERTH_E_KEYSTORE },
	{ KEYD_SEAL, { .op = BERTH_KEYD_SEAL, .label = "l", .epoch = -1 }, BERTH_OK },
	{ KEYD_ATTEST, { .op = BERTH_KEYD_QUOTE, .name = "k" }, BERTH_E_KEYSTORE },
	{ KEYD_CHANGE, { .op = BERTH_KEYD_DELETE, .name = "k" }, BERTH_OK },
	{ KEYD_CHAIN, { .op = BERTH_KEYD_SIGN_ETHR, .name = "k", .ethr = { .call = { .function = BERTH_ETHR_CHANGE_OWNER } } },
	  BERTH_E_KEYSTORE },
};

static void each_class_has_a_rate_of_its_own(void **state)
{
	const struct berth_keyd_request list = { .op = BERTH_KEYD_LIST };
	const struct berth_keystore_config cfg = config();
	struct keyd k;

	(void)state;
	berth_clock_inject(NULL, hand_wound);
	keyd_init(&k);
	CHECK_OK(berth_keystore_open(&k.ks, &cfg));
	for (size_t i = 0; i < KEYD_CLASSES; i++) {
		assert_int_equal(one_of_each[i].c, i);
		k.bucket[i].credit = 1000;
		CHECK_RC(one_of_each[i].rc, ask(&k, &one_of_each[i].r));
		CHECK_RC(BERTH_E_QUOTA, ask(&k, &one_of_each[i].r));
		for (size_t j = i + 1; j < KEYD_CLASSES; j++)	/* those not yet exhausted */
			CHECK_RC(one_of_each[j].rc, ask(&k, &one_of_each[j].r));
		CHECK_OK(ask(&k, &list));	/* costs nothing */
	}
	keyd_free(&k);
	berth_clock_inject(NULL, NULL);
}

static void keys_made_together_are_paid_for_each(void **state)
{
	const struct berth_keyd_request three = { .op = BERTH_KEYD_ENSURE_ALL, .n_keys = 3, .keys = {
		{ "x", BERTH_KEY_X25519, BERTH_USAGE_AGREE, 0 }, { "y", BERTH_KEY_X25519, BERTH_USAGE_AGREE, 0 },
		{ "z", BERTH_KEY_X25519, BERTH_USAGE_AGREE, 0 } } };
	const struct berth_keystore_config cfg = config();
	struct keyd k;

	(void)state;
	berth_clock_inject(NULL, hand_wound);
	keyd_init(&k);
	CHECK_OK(berth_keystore_open(&k.ks, &cfg));
	k.bucket[KEYD_CHANGE].credit = 2999;
	CHECK_RC(BERTH_E_QUOTA, ask(&k, &three));
	assert_int_equal(berth_keystore_count(k.ks), 0);
	k.bucket[KEYD_CHANGE].credit = 3000;
	CHECK_OK(ask(&k, &three));
	assert_int_equal(k.bucket[KEYD_CHANGE].credit, 0);
	keyd_free(&k);
	berth_clock_inject(NULL, NULL);
	unlink(uri + strlen("soft:"));
}

static void a_bucket_fills_with_time_up_to_its_burst(void **state)
{
	const struct berth_keystore_config cfg = config();
	struct keyd k;

	(void)state;
	berth_clock_inject(NULL, hand_wound);
	keyd_init(&k);
	CHECK_OK(berth_keystore_open(&k.ks, &cfg));
	for (size_t i = 0; i < KEYD_CLASSES; i++) {
		uint32_t wait_ms = (1000 + keyd_rates[i].per_s - 1) / keyd_rates[i].per_s;

		k.bucket[i].credit = 0;
		k.bucket[i].at_ms = clock_ms;
		CHECK_RC(BERTH_E_QUOTA, ask(&k, &one_of_each[i].r));
		clock_ms += wait_ms - 1;
		CHECK_RC(BERTH_E_QUOTA, ask(&k, &one_of_each[i].r));
		clock_ms += 1;
		CHECK_RC(one_of_each[i].rc, ask(&k, &one_of_each[i].r));
		clock_ms += UINT32_MAX;	/* however long nothing was asked */
		CHECK_RC(one_of_each[i].rc, ask(&k, &one_of_each[i].r));
		CHECK(k.bucket[i].credit == (uint64_t)(keyd_rates[i].burst - 1) * 1000);
	}
	keyd_free(&k);
	berth_clock_inject(NULL, NULL);
}

/* Every operation that is not here was thought about and costs nothing. */
static void what_costs_nothing_works_no_key(void **state)
{
	static const enum berth_keyd_op gratis[] = { BERTH_KEYD_HELLO, BERTH_KEYD_INFO, BERTH_KEYD_LIST,
						     BERTH_KEYD_COUNTER_READ, BERTH_KEYD_PUBLIC_AREA, BERTH_KEYD_STATE };
	size_t n = 0;

	(void)state;
	for (enum berth_keyd_op op = BERTH_KEYD_HELLO; op < BERTH_KEYD__END; op++)
		n += keyd_class_of(op) == KEYD_FREE;
	assert_int_equal(n, sizeof(gratis) / sizeof(gratis[0]));
	for (size_t i = 0; i < n; i++)
		assert_int_equal(keyd_class_of(gratis[i]), KEYD_FREE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_store_that_does_not_open_is_e_keystore),
		cmocka_unit_test(answers_of_a_bad_keyd_are_e_keystore),
		cmocka_unit_test(c137_calls_fail_at_once_while_a_store_is_being_opened),
		cmocka_unit_test(malformed_requests_end_the_connection),
		cmocka_unit_test(keys_made_together_are_paid_for_each),
		cmocka_unit_test(each_class_has_a_rate_of_its_own),
		cmocka_unit_test(a_bucket_fills_with_time_up_to_its_burst),
		cmocka_unit_test(what_costs_nothing_works_no_key),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
