/* SPDX-License-Identifier: Apache-2.0 */
/* What only a TPM can do wrong: it goes, it locks, it is another one. */
#include "did/crypto/keypair.h"
#include "tests/fakes/tpm_proxy.h"
#include "tests/unit/did/keystore/tpm2_store.h"

static void c137_a_device_that_dies_is_e_keystore_and_comes_back(void **state)
{
	struct berth_keystore *ks;

	(void)state;
	make(&ks, tpm.tcti);
	CHECK_OK(sign(ks));
	test_swtpm_kill(&tpm);
	CHECK_RC(BERTH_E_KEYSTORE, sign(ks));
	CHECK_RC(BERTH_E_KEYSTORE, sign(ks));
	CHECK(berth_keystore_count(ks) == 3);	/* nothing is forgotten meanwhile */
	test_swtpm_restart(&tpm);
	CHECK_OK(sign(ks));
	/* restarted between two calls: its answer is that it does not know us */
	test_swtpm_restart(&tpm);
	CHECK_RC(BERTH_E_KEYSTORE, sign(ks));
	CHECK_OK(sign(ks));
	berth_keystore_close(ks);
	test_swtpm_kill(&tpm);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, tpm.tcti, true));
	test_swtpm_restart(&tpm);
	CHECK_OK(try_open(&ks, tpm.tcti, false));
	CHECK_OK(sign(ks));
	berth_keystore_close(ks);
}

static void c137_a_missing_device_is_named_with_our_uid(void **state)
{
	struct berth_keystore *ks;
	char uid[32];

	(void)state;
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, "device:/dev/tpm-of-nobody", true));
	snprintf(uid, sizeof(uid), "uid %u", (unsigned)geteuid());
	CHECK(strstr(berth_err_detail(), "/dev/tpm-of-nobody") && strstr(berth_err_detail(), uid));
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, "cmd:touch /tmp/x", true));
}

static void c137_lockout_ends_all_tries(void **state)
{
	struct berth_keystore *ks;
	struct tpm_proxy bus;
	unsigned before;

	(void)state;
	tpm_proxy_start(&bus, tpm.dir);
	make(&ks, bus.tcti);
	bus.inject_cc = TPM2_CC_Sign;
	bus.inject_rc = TPM2_RC_LOCKOUT;
	CHECK_RC(BERTH_E_KEYSTORE, sign(ks));
	tpm_proxy_heal(&bus);
	before = bus.commands;
	CHECK_RC(BERTH_E_KEYSTORE, sign(ks));
	CHECK(strstr(berth_err_detail(), "locked out"));
	CHECK(bus.commands == before);
	berth_keystore_close(ks);
	CHECK_OK(try_open(&ks, bus.tcti, false));
	CHECK_OK(sign(ks));
	berth_keystore_close(ks);
	tpm_proxy_stop(&bus);
}

static void c140_no_secret_goes_over_the_bus_in_clear(void **state)
{
	struct berth_keystore *ks;
	struct berth_buf box = BERTH_BUF_INIT;
	struct berth_privkey eph;
	struct tpm_proxy bus;
	uint8_t z[BERTH_ECDH_MAX];
	uint64_t v;
	size_t n;

	(void)state;
	tpm_proxy_start(&bus, tpm.dir);
	make(&ks, bus.tcti);
	CHECK_OK(berth_keypair_generate(&eph, BERTH_KEY_P256));
	CHECK_OK(berth_keystore_ecdh(ks, "a", &eph.pub, z, &n));
	CHECK_OK(berth_keystore_seal(ks, "l", 0, "x", 1, &box));
	CHECK_OK(berth_keystore_counter_step(ks, BERTH_COUNTER_GENERATION, &v));
	berth_keystore_close(ks);
	CHECK_OK(try_open(&ks, bus.tcti, false));
	CHECK_OK(berth_keystore_unseal(ks, "l", 0, box.p, box.len, &box));

	const struct berth_tpm2 *t = (struct berth_tpm2 *)(void *)ks;
	const struct berth_tpm2_secrets *sec = berth_tpm2_secrets(t);
	static const char *const objects[] = { "s", "a", "ak", "kek/", "kek/epoch", "nv/epoch", "nv/generation" };

	CHECK(sec->have_epoch_kek);
	CHECK(tpm_proxy_heard(&bus, t->s.key[0].info.pub.b + 1, 32));	/* the ear works */
	CHECK(!tpm_proxy_heard(&bus, z, n));
	CHECK(!tpm_proxy_heard(&bus, sec->kek, 32));
	CHECK(!tpm_proxy_heard(&bus, sec->epoch_kek, 32));
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		TPM2B_AUTH auth;

		berth_tpm2_auth(t, objects[i], &auth);
		CHECK(!tpm_proxy_heard(&bus, auth.buffer, auth.size));
	}
	berth_keystore_close(ks);
	berth_privkey_wipe(&eph);
	berth_buf_free(&box);
	tpm_proxy_stop(&bus);
}

static void c140_a_tampered_answer_is_e_keystore(void **state)
{
	static const uint32_t ccs[] = { TPM2_CC_Sign, TPM2_CC_Load, TPM2_CC_NV_Read, TPM2_CC_ECDH_ZGen };
	struct berth_keystore *ks;
	struct berth_key_info info;
	struct tpm_proxy bus;
	uint8_t out[BERTH_SIG_MAX];
	uint64_t v;
	size_t n;
	bool p;

	(void)state;
	tpm_proxy_start(&bus, tpm.dir);
	make(&ks, bus.tcti);
	CHECK_OK(berth_keystore_find(ks, "s", &info));
	for (size_t i = 0; i < sizeof(ccs) / sizeof(ccs[0]); i++) {
		/* its HMAC, then the bytes before the session area */
		for (size_t at = 0; at < 60; at += 20) {
			bus.tamper_cc = ccs[i];
			bus.tamper_from_end = at;
			enum berth_err rc = ccs[i] == TPM2_CC_NV_Read
				? berth_keystore_counter_read(ks, BERTH_COUNTER_EPOCH, &v, &p)
				: ccs[i] == TPM2_CC_ECDH_ZGen ? berth_keystore_ecdh(ks, "a", &info.pub, out, &n)
				: sign(ks);

			CHECK_RC(BERTH_E_KEYSTORE, rc);
			tpm_proxy_heal(&bus);
			CHECK_OK(sign(ks));
		}
	}
	berth_keystore_close(ks);
	tpm_proxy_stop(&bus);
	CHECK(test_swtpm_handles(&tpm, TRANSIENT) == 0);
}

static void c141_a_cleared_tpm_is_e_keystore_and_nothing_is_made_anew(void **state)
{
	struct berth_keystore *ks;
	unsigned nv;

	(void)state;
	make(&ks, tpm.tcti);
	test_swtpm_clear(&tpm);
	CHECK_RC(BERTH_E_KEYSTORE, sign(ks));
	CHECK_RC(BERTH_E_KEYSTORE, sign(ks));
	CHECK(strstr(berth_err_detail(), "cleared or replaced"));
	berth_keystore_close(ks);
	nv = test_swtpm_handles(&tpm, NV);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, tpm.tcti, true));
	CHECK(strstr(berth_err_detail(), "cleared or replaced"));
	CHECK(test_swtpm_handles(&tpm, NV) == nv && test_swtpm_handles(&tpm, PERSISTENT) == 0);
}

static void c141_lost_is_told_from_silent(void **state)
{
	struct berth_keystore *ks;

	(void)state;
	make(&ks, tpm.tcti);
	CHECK(berth_keystore_state(ks) == BERTH_KEYSTORE_FINE);
	test_swtpm_kill(&tpm);
	CHECK(berth_keystore_state(ks) == BERTH_KEYSTORE_SILENT);
	test_swtpm_restart(&tpm);
	CHECK(berth_keystore_state(ks) == BERTH_KEYSTORE_FINE);
	test_swtpm_restart(&tpm);	/* behind our back */
	CHECK(berth_keystore_state(ks) == BERTH_KEYSTORE_FINE);
	/* the attestation key's handle can be made again: the keys are not lost */
	test_sh("TPM2TOOLS_TCTI=%s tpm2_evictcontrol -Q -C o -c 0x81008000", tpm.tcti);
	CHECK(berth_keystore_state(ks) == BERTH_KEYSTORE_FINE);
	test_swtpm_clear(&tpm);
	CHECK(berth_keystore_state(ks) == BERTH_KEYSTORE_LOST);
	CHECK(berth_keystore_state(ks) == BERTH_KEYSTORE_LOST);
	berth_keystore_close(ks);
}

static void c141_a_counter_that_is_gone_is_e_keystore(void **state)
{
	struct berth_keystore *ks;
	uint64_t v;
	bool p;

	(void)state;
	make(&ks, tpm.tcti);
	test_sh("TPM2TOOLS_TCTI=%s tpm2_nvundefine -Q -C o 0x01be0000; TPM2TOOLS_TCTI=%s tpm2_flushcontext -l",
		tpm.tcti, tpm.tcti);
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_counter_read(ks, BERTH_COUNTER_EPOCH, &v, &p));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_counter_read(ks, BERTH_COUNTER_EPOCH, &v, &p));
	CHECK(strstr(berth_err_detail(), "the counter at 0x01be0000 is gone"));
	CHECK(berth_keystore_state(ks) == BERTH_KEYSTORE_LOST);
	berth_keystore_close(ks);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, tpm.tcti, true));
	CHECK(test_swtpm_handles(&tpm, NV) == 1 && test_swtpm_handles(&tpm, TRANSIENT) == 0);
}

/* Ours are exempt: what others do to the dictionary attack counter does not stop us. */
static void c137_a_lockout_by_others_does_not_reach_us(void **state)
{
	struct berth_keystore *ks;

	(void)state;
	make(&ks, tpm.tcti);
	berth_keystore_close(ks);
	test_sh("cd %s && export TPM2TOOLS_TCTI=%s && tpm2_createprimary -Q -C o -c p -p secret && tpm2_flushcontext -t && "
		"for i in 1 2 3 4 5 6; do tpm2_create -Q -C p -P wrong -u u -r r 2>/dev/null; tpm2_flushcontext -t; done; "
		"tpm2_create -C p -P secret -u u -r r 2>&1 | grep -qi lockout", tpm.dir, tpm.tcti);
	CHECK_OK(try_open(&ks, tpm.tcti, false));
	CHECK_OK(sign(ks));
	berth_keystore_close(ks);
}

static void c141_another_tpm_is_e_keystore(void **state)
{
	struct test_swtpm first = tpm;
	struct berth_keystore *ks, *own;
	char own_dir[64], was[64];

	(void)state;
	make(&ks, tpm.tcti);
	berth_keystore_close(ks);
	test_swtpm_start(&tpm, false);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, tpm.tcti, true));
	/* one that has a storage key of its own, too */
	memcpy(was, dir, sizeof(was));
	snprintf(own_dir, sizeof(own_dir), "%.40s.old", dir);
	memcpy(dir, own_dir, sizeof(dir));
	CHECK_OK(try_open(&own, tpm.tcti, true));
	berth_keystore_close(own);
	memcpy(dir, was, sizeof(dir));
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, tpm.tcti, true));
	CHECK(strstr(berth_err_detail(), "cleared or replaced"));
	test_swtpm_stop(&tpm);
	tpm = first;
	CHECK_OK(try_open(&ks, tpm.tcti, false));
	CHECK_OK(sign(ks));
	berth_keystore_close(ks);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(c137_a_device_that_dies_is_e_keystore_and_comes_back),
		T(c137_a_missing_device_is_named_with_our_uid),
		T(c137_lockout_ends_all_tries),
		T(c140_no_secret_goes_over_the_bus_in_clear),
		T(c140_a_tampered_answer_is_e_keystore),
		T(c141_a_cleared_tpm_is_e_keystore_and_nothing_is_made_anew),
		T(c141_lost_is_told_from_silent),
		T(c141_a_counter_that_is_gone_is_e_keystore),
		T(c137_a_lockout_by_others_does_not_reach_us),
		T(c141_another_tpm_is_e_keystore),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
