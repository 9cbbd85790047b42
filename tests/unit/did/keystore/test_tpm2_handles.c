/* SPDX-License-Identifier: Apache-2.0 */
/* What is left in a TPM, after each operation and after a crash: nothing that is not meant to be. */
#include <sys/wait.h>

#include "tests/fakes/tpm_proxy.h"
#include "tests/unit/did/keystore/tpm2_store.h"

/* tss2's own TPM2_HR_ shift a 1 into the sign of an int */
#define FIRST_TRANSIENT 0x80000000u
#define FIRST_HMAC_SESSION 0x02000000u

/* Handles of one kind that the device has now, asked over the store's own line. */
static unsigned held(struct berth_tpm2 *t, uint32_t from)
{
	TPMS_CAPABILITY_DATA *d = NULL;
	TPMI_YES_NO more;
	unsigned n;

	assert_int_equal(Esys_GetCapability(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES, from,
					    64, &more, &d), 0);
	n = d->data.handles.count;
	Esys_Free(d);
	return n;
}

static void leftovers_of_a_crash_are_swept(void **state)
{
	struct berth_keystore *ks;
	(void)state;
	make(&ks, tpm.tcti);
	berth_keystore_close(ks);
	test_sh("for i in 1 2 3; do TPM2TOOLS_TCTI=%s tpm2_createprimary -Q; done", tpm.tcti);
	test_sh("cd %s && TPM2TOOLS_TCTI=%s tpm2_startauthsession -S session", tpm.dir, tpm.tcti);
	CHECK(test_swtpm_handles(&tpm, TRANSIENT) == 3);
	CHECK_OK(try_open(&ks, tpm.tcti, false));
	CHECK_OK(sign(ks));
	berth_keystore_close(ks);
	CHECK(test_swtpm_handles(&tpm, TRANSIENT) == 0 && test_swtpm_handles(&tpm, SESSIONS) == 0);
}

static void only_srk_and_first_ak_are_persistent(void **state)
{
	struct berth_buf a = BERTH_BUF_INIT, s = BERTH_BUF_INIT;
	const uint8_t nonce[32] = { 1 };
	struct berth_keystore *ks;
	(void)state;
	make(&ks, tpm.tcti);
	CHECK(test_swtpm_handles(&tpm, PERSISTENT) == 2);
	CHECK_OK(berth_keystore_generate(ks, "ak-e1", BERTH_KEY_P256, BERTH_USAGE_ATTEST, NULL));
	CHECK(test_swtpm_handles(&tpm, PERSISTENT) == 2);
	CHECK_OK(berth_keystore_certify(ks, "s", "ak-e1", nonce, &a, &s));
	/* taken away behind our back: it is put there again */
	test_sh("TPM2TOOLS_TCTI=%s tpm2_evictcontrol -Q -C o -c 0x81008000", tpm.tcti);
	CHECK_OK(berth_keystore_certify(ks, "s", "ak", nonce, &a, &s));
	CHECK(test_swtpm_handles(&tpm, PERSISTENT) == 2);
	CHECK_OK(berth_keystore_delete(ks, "ak"));
	CHECK(test_swtpm_handles(&tpm, PERSISTENT) == 1);
	CHECK_OK(berth_keystore_delete(ks, "ak-e1"));
	CHECK_OK(sign(ks));
	CHECK(test_swtpm_handles(&tpm, TRANSIENT) == 0);
	berth_keystore_close(ks);
	berth_buf_free(&a);
	berth_buf_free(&s);
}

static void another_key_where_the_ak_was_is_e_keystore(void **state)
{
	struct berth_buf a = BERTH_BUF_INIT, s = BERTH_BUF_INIT;
	const uint8_t nonce[32] = { 1 };
	struct berth_keystore *ks;
	(void)state;
	make(&ks, tpm.tcti);
	test_sh("export TPM2TOOLS_TCTI=%s; tpm2_flushcontext -l; tpm2_evictcontrol -Q -C o -c 0x81008000 && "
		 "cd %s && tpm2_createprimary -Q -C o -G rsa -c p && tpm2_evictcontrol -Q -C o -c p 0x81008000 && "
		 "tpm2_flushcontext -t", tpm.tcti, tpm.dir);
	CHECK_RC(BERTH_E_KEYSTORE, sign(ks));	/* the session went with the flush */
	CHECK_OK(sign(ks));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_certify(ks, "s", "ak", nonce, &a, &s));
	CHECK(a.len == 0 && s.len == 0);
	CHECK_OK(sign(ks));
	berth_keystore_close(ks);
	CHECK(test_swtpm_handles(&tpm, TRANSIENT) == 0);
	berth_buf_free(&a);
	berth_buf_free(&s);
}

/* What is in the device after each operation, while the store is open: its session
 * and nothing else.  Asked over a line of our own, for a swtpm has one only. */
static void no_operation_leaves_a_handle(void **state)
{
	struct berth_buf a = BERTH_BUF_INIT, b = BERTH_BUF_INIT, box = BERTH_BUF_INIT;
	const uint8_t nonce[32] = { 1 };
	struct berth_keystore *ks;
	struct berth_key_info info;
	struct berth_tpm2 *t;
	uint8_t out[BERTH_SIG_MAX];
	uint64_t v;
	size_t n;
	bool p;

	(void)state;
	make(&ks, tpm.tcti);
	t = (struct berth_tpm2 *)(void *)ks;
	CHECK_OK(berth_keystore_find(ks, "s", &info));
	for (int op = 0; op < 15; op++) {
		enum berth_err rc =
			op == 0 ? berth_keystore_generate(ks, "x", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL)
			: op == 1 ? sign(ks)
			: op == 2 ? berth_keystore_ecdh(ks, "a", &info.pub, out, &n)
			: op == 3 ? berth_keystore_seal(ks, "l", -1, "x", 1, &box)
			: op == 4 ? berth_keystore_seal(ks, "l", 0, "x", 1, &a)
			: op == 5 ? berth_keystore_counter_read(ks, BERTH_COUNTER_EPOCH, &v, &p)
			: op == 6 ? berth_keystore_counter_step(ks, BERTH_COUNTER_EPOCH, &v)
			: op == 7 ? berth_keystore_ek(ks, &a, &b)
			: op == 8 ? berth_keystore_certify(ks, "s", "ak", nonce, &a, &b)
			: op == 9 ? berth_keystore_quote(ks, "ak", 1, nonce, &a, &b)
			: op == 10 ? berth_keystore_generate(ks, "ak-0", BERTH_KEY_P256, BERTH_USAGE_ATTEST, NULL)
			: op == 11 ? berth_keystore_certify(ks, "ak-0", "ak", nonce, &a, &b)
			: op == 12 ? berth_keystore_certify(ks, "s", "ak-0", nonce, &a, &b)
			: op == 13 ? berth_keystore_delete(ks, "ak-0")
			: berth_keystore_unseal(ks, "l", -1, box.p, box.len, &a);

		CHECK_OK(rc);
		if (held(t, FIRST_TRANSIENT) != 0 || held(t, FIRST_HMAC_SESSION) != 1)
			fail_msg("operation %d left something", op);
	}
	CHECK_RC(BERTH_E_DECRYPT, berth_keystore_activate(ks, "ak", "x", 1, "y", 1, &a));
	CHECK(held(t, FIRST_TRANSIENT) == 0 && held(t, FIRST_HMAC_SESSION) == 1);
	berth_keystore_close(ks);
	CHECK(test_swtpm_handles(&tpm, TRANSIENT) == 0 && test_swtpm_handles(&tpm, SESSIONS) == 0);
	CHECK(test_swtpm_handles(&tpm, PERSISTENT) == 2);
	berth_buf_free(&a);
	berth_buf_free(&b);
	berth_buf_free(&box);
}

/* A process that signs without end is killed: whatever it held is swept. */
static void kill_9_leaves_nothing_that_lasts(void **state)
{
	struct berth_keystore *ks;
	int ready[2], status;
	char c;

	(void)state;
	make(&ks, tpm.tcti);
	berth_keystore_close(ks);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(pipe(ready), 0);
		pid_t pid = fork();

		if (pid == 0) {
			if (try_open(&ks, tpm.tcti, false))
				_exit(1);
			while (sign(ks) == BERTH_OK && write(ready[1], "x", 1) == 1)
				;
			_exit(2);
		}
		close(ready[1]);
		for (int k = 0; k <= i; k++)
			assert_int_equal(read(ready[0], &c, 1), 1);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		CHECK(WIFSIGNALED(status));
		close(ready[0]);
		CHECK_OK(try_open(&ks, tpm.tcti, false));
		CHECK_OK(sign(ks));
		CHECK(held((struct berth_tpm2 *)(void *)ks, FIRST_TRANSIENT) == 0);
		berth_keystore_close(ks);
		CHECK(test_swtpm_handles(&tpm, TRANSIENT) == 0 && test_swtpm_handles(&tpm, SESSIONS) == 0);
	}
	CHECK(test_swtpm_handles(&tpm, PERSISTENT) == 2 && test_swtpm_handles(&tpm, NV) == 2);
}

static void two_stores_share_one_tpm(void **state)
{
	struct berth_keystore *one, *two;
	char was[64], other[80];
	uint64_t v;
	bool p;

	(void)state;
	make(&one, tpm.tcti);
	CHECK_OK(berth_keystore_counter_step(one, BERTH_COUNTER_EPOCH, &v));
	berth_keystore_close(one);
	memcpy(was, dir, sizeof(was));
	snprintf(other, sizeof(other), "%.50s.old", dir);
	memcpy(dir, other, sizeof(dir));
	make(&two, tpm.tcti);
	CHECK_OK(berth_keystore_counter_read(two, BERTH_COUNTER_EPOCH, &v, &p));
	CHECK(v == 0);
	berth_keystore_close(two);
	memcpy(dir, was, sizeof(dir));
	CHECK_OK(try_open(&one, tpm.tcti, false));
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&two, tpm.tcti, false));	/* locked */
	CHECK_OK(berth_keystore_counter_read(one, BERTH_COUNTER_EPOCH, &v, &p));
	CHECK(v == 1);
	berth_keystore_close(one);
	CHECK(test_swtpm_handles(&tpm, NV) == 4 && test_swtpm_handles(&tpm, PERSISTENT) == 3);
}

/* The line breaks at the k-th command of making a store and its keys, before or
 * after the device has heard it; whatever k, opening it again ends with one whole
 * store and nothing left over in the device. */
static bool interrupted_at(int k, bool answer)
{
	struct berth_keystore *ks = NULL;
	struct tpm_proxy bus;
	enum berth_err rc;
	bool done;

	tpm_proxy_start(&bus, tpm.dir);
	bus.cut_at = k;
	bus.cut_answer = answer;
	rc = try_open(&ks, bus.tcti, true);
	if (!rc)
		rc = berth_keystore_generate(ks, "ak", BERTH_KEY_P256, BERTH_USAGE_ATTEST, NULL);
	if (!rc)
		rc = berth_keystore_delete(ks, "ak");
	done = rc == BERTH_OK;
	CHECK(done || rc == BERTH_E_KEYSTORE);
	berth_keystore_close(ks);
	tpm_proxy_heal(&bus);

	CHECK_OK(try_open(&ks, bus.tcti, true));
	CHECK_OK(berth_keystore_delete(ks, "ak"));
	CHECK_OK(berth_keystore_generate(ks, "s", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK_OK(sign(ks));
	berth_keystore_close(ks);
	if (test_swtpm_handles(&tpm, NV) != 2 || test_swtpm_handles(&tpm, PERSISTENT) != 1 ||
	    test_swtpm_handles(&tpm, TRANSIENT) != 0)
		fail_msg("command %d, answer %d: something is left in the device", k, answer);
	tpm_proxy_stop(&bus);
	test_sh("rm -rf %s", dir);
	test_swtpm_clear(&tpm);
	return done;
}

static void a_cut_at_any_command_leaves_no_orphan(void **state)
{
	int k = 1;

	(void)state;
	while (!interrupted_at(k, false))
		k++;
	CHECK(k > 20);
	for (k = 2; !interrupted_at(k, true); k += 3)
		;
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(leftovers_of_a_crash_are_swept),
		T(only_srk_and_first_ak_are_persistent),
		T(another_key_where_the_ak_was_is_e_keystore),
		T(no_operation_leaves_a_handle),
		T(kill_9_leaves_nothing_that_lasts),
		T(two_stores_share_one_tpm),
		T(a_cut_at_any_command_leaves_no_orphan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
