/* SPDX-License-Identifier: Apache-2.0 */
/* What only a device can do wrong: it dies, is cleared, is swapped, lies. */
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "did/crypto/agree.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/keystore/tpm2.h"
#include "tests/check.h"
#include "tests/fakes/swtpm.h"
#include "tests/fakes/tpm_proxy.h"
#include "tests/unit/did/keystore/contents.h"

#define TRANSIENT 0x80
#define PERSISTENT 0x81
#define NV 0x01
#define SESSIONS 0x02

/* tss2's own TPM2_HR_ shift a 1 into the sign of an int */
#define FIRST_TRANSIENT 0x80000000u
#define FIRST_HMAC_SESSION 0x02000000u

static struct test_swtpm tpm;
static char dir[64];

static enum berth_err try_open(struct berth_keystore **ks, const char *tcti, bool create)
{
	char uri[256];
	struct berth_keystore_config cfg = { .uri = uri, .create = create };

	snprintf(uri, sizeof(uri), "tpm2:?dir=%s&tcti=%s", dir, tcti);
	return berth_keystore_open(ks, &cfg);
}

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/berth-ks.XXXXXX");
	assert_non_null(mkdtemp(dir));
	test_swtpm_start(&tpm, false);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	test_swtpm_stop(&tpm);
	test_sh("rm -rf %s %s.old", dir, dir);
	return 0;
}

static void make(struct berth_keystore **ks, const char *tcti)
{
	CHECK_OK(try_open(ks, tcti, true));
	CHECK_OK(berth_keystore_generate(*ks, "s", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK_OK(berth_keystore_generate(*ks, "a", BERTH_KEY_P256, BERTH_USAGE_AGREE, NULL));
	CHECK_OK(berth_keystore_generate(*ks, "ak", BERTH_KEY_P256, BERTH_USAGE_ATTEST, NULL));
}

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

static enum berth_err sign(struct berth_keystore *ks)
{
	uint8_t sig[BERTH_SIG_MAX];
	size_t n;

	return berth_keystore_sign(ks, "s", "x", 1, sig, &n);
}

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

/* Each half of a wrapped key with the other's: the device itself notices. */
static void a_replaced_blob_is_e_keystore(void **state)
{
	struct berth_keystore *ks;
	struct berth_tpm2_key *s, *a;
	struct berth_tpm2_blob was;

	(void)state;
	make(&ks, tpm.tcti);
	CHECK_OK(berth_keystore_generate(ks, "s2", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	s = berth_tpm2_lookup((struct berth_tpm2 *)(void *)ks, "s");
	a = berth_tpm2_lookup((struct berth_tpm2 *)(void *)ks, "s2");
	was = s->object.priv;
	s->object.priv = a->object.priv;
	CHECK_RC(BERTH_E_KEYSTORE, sign(ks));
	s->object.priv = was;
	CHECK_OK(sign(ks));
	s->object.priv.b[was.len / 2] ^= 1;
	CHECK_RC(BERTH_E_KEYSTORE, sign(ks));
	s->object.priv = was;
	was = s->object.pub;
	s->object.pub = a->object.pub;
	CHECK_RC(BERTH_E_KEYSTORE, sign(ks));
	s->object.pub = was;
	CHECK_OK(sign(ks));
	berth_keystore_close(ks);
	CHECK(test_swtpm_handles(&tpm, TRANSIENT) == 0);
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

static void copy_dir(const char *from, const char *to)
{
	test_sh("rm -rf %s && cp -a %s %s", to, from, to);
}

/* P8: after release no copy of the disk opens what the epoch sealed. */
static void the_device_itself_refuses_an_epoch_that_is_over(void **state)
{
	struct berth_buf box = BERTH_BUF_INIT, pt = BERTH_BUF_INIT;
	struct berth_keystore *ks;
	char old[96];
	uint64_t v;
	bool p;

	(void)state;
	snprintf(old, sizeof(old), "%s.old", dir);
	make(&ks, tpm.tcti);
	CHECK_OK(berth_keystore_seal(ks, "l", 0, "of owner one", 12, &box));
	CHECK_OK(berth_tpm2_unseal_epoch_kek((struct berth_tpm2 *)(void *)ks));
	berth_keystore_close(ks);
	copy_dir(dir, old);
	CHECK_OK(try_open(&ks, tpm.tcti, false));
	CHECK_OK(berth_keystore_unseal(ks, "l", 0, box.p, box.len, &pt));
	CHECK_OK(berth_keystore_counter_step(ks, BERTH_COUNTER_EPOCH, &v));
	berth_keystore_close(ks);

	copy_dir(old, dir);
	CHECK_OK(try_open(&ks, tpm.tcti, false));
	berth_buf_reset(&pt);
	CHECK_RC(BERTH_E_DECRYPT, berth_keystore_unseal(ks, "l", 0, box.p, box.len, &pt));
	/* and not only because we ask the counter first */
	CHECK(((struct berth_tpm2 *)(void *)ks)->s.has_epoch_kek);
	CHECK_RC(BERTH_E_KEYSTORE, berth_tpm2_unseal_epoch_kek((struct berth_tpm2 *)(void *)ks));
	/* the counters did not roll back with the disk */
	CHECK_OK(berth_keystore_counter_read(ks, BERTH_COUNTER_EPOCH, &v, &p));
	CHECK(v == 1 && p);
	CHECK_OK(berth_keystore_seal(ks, "l", 1, "of owner two", 12, &box));
	berth_keystore_close(ks);
	CHECK(test_swtpm_handles(&tpm, TRANSIENT) == 0 && test_swtpm_handles(&tpm, SESSIONS) == 0);
	berth_buf_free(&box);
	berth_buf_free(&pt);
}

static enum berth_err sign_as(struct berth_keystore *ks, const char *name)
{
	uint8_t sig[BERTH_SIG_MAX];
	size_t n;

	return berth_keystore_sign(ks, name, "x", 1, sig, &n);
}

/* P8: neither do a copy's keys of that epoch do anything, whoever asks the device. */
static void a_key_of_an_epoch_ends_with_it(void **state)
{
	struct berth_tpm2_object *o;
	struct berth_keystore *ks;
	ESYS_TR h;
	char old[96];
	uint64_t v;

	(void)state;
	snprintf(old, sizeof(old), "%s.old", dir);
	make(&ks, tpm.tcti);
	CHECK_OK(berth_keystore_generate(ks, "op-0-1-sign", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK_OK(berth_keystore_generate(ks, "op-0-1-ak", BERTH_KEY_P256, BERTH_USAGE_ATTEST, NULL));
	CHECK_OK(sign_as(ks, "op-0-1-sign"));
	berth_keystore_close(ks);
	copy_dir(dir, old);
	CHECK_OK(try_open(&ks, tpm.tcti, false));	/* the twin: a copy of a living epoch */
	CHECK_OK(sign_as(ks, "op-0-1-sign"));
	CHECK_OK(berth_keystore_counter_step(ks, BERTH_COUNTER_EPOCH, &v));
	CHECK_RC(BERTH_E_KEYSTORE, sign_as(ks, "op-0-1-sign"));
	CHECK_OK(berth_keystore_delete(ks, "op-0-1-sign"));
	CHECK_OK(berth_keystore_generate(ks, "op-1-1-sign", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK_OK(sign_as(ks, "op-1-1-sign"));
	berth_keystore_close(ks);

	copy_dir(old, dir);
	CHECK_OK(try_open(&ks, tpm.tcti, false));
	CHECK_RC(BERTH_E_KEYSTORE, sign_as(ks, "op-0-1-sign"));
	CHECK_OK(sign(ks));				/* what is no epoch's is as it was */
	o = &berth_tpm2_lookup((struct berth_tpm2 *)(void *)ks, "op-0-1-sign")->object;
	CHECK_RC(BERTH_E_KEYSTORE, berth_tpm2_load((struct berth_tpm2 *)(void *)ks, "op-0-1-sign", o, &h));
	berth_keystore_close(ks);
	CHECK(test_swtpm_handles(&tpm, TRANSIENT) == 0 && test_swtpm_handles(&tpm, SESSIONS) == 0);
}

static void a_device_is_cleared_after_its_last_key(void **state)
{
	struct berth_keystore *ks;

	(void)state;
	make(&ks, tpm.tcti);
	CHECK_RC(BERTH_E_AUTHZ, berth_keystore_clear_device(ks));
	CHECK_OK(sign(ks));
	CHECK_OK(berth_keystore_delete(ks, "s"));
	CHECK_OK(berth_keystore_delete(ks, "a"));
	CHECK_OK(berth_keystore_delete(ks, "ak"));
	CHECK_OK(berth_keystore_clear_device(ks));
	CHECK(berth_keystore_state(ks) == BERTH_KEYSTORE_LOST);
	berth_keystore_close(ks);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, tpm.tcti, false));
	CHECK(test_swtpm_handles(&tpm, PERSISTENT) == 0 && test_swtpm_handles(&tpm, NV) == 0);
	CHECK(test_swtpm_handles(&tpm, TRANSIENT) == 0 && test_swtpm_handles(&tpm, SESSIONS) == 0);
}

static void put_file(const char *path, const void *p, size_t n)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	fclose(f);
}

static void c142_every_changed_byte_of_the_file_is_e_keystore(void **state)
{
	struct berth_tpm2_store s;
	struct berth_keystore *ks;
	uint8_t kek[32], seed[32];
	char path[96], *file;
	size_t n, rest;

	(void)state;
	make(&ks, tpm.tcti);
	memcpy(kek, berth_tpm2_secrets((struct berth_tpm2 *)(void *)ks)->kek, 32);
	berth_keystore_close(ks);
	snprintf(path, sizeof(path), "%s/keys", dir);
	file = test_contents(path, &n);
	for (size_t i = 0; i < 2 * n; i++) {
		size_t len = i < n ? n : i - n;	/* first every flip, then every length */
		uint8_t *exact = malloc(len ? len : 1);

		assert_non_null(exact);
		memcpy(exact, file, len);
		if (i < n)
			exact[i] ^= 1;
		enum berth_err rc = berth_tpm2_store_head(&s, seed, &rest, exact, len);

		if (rc == BERTH_OK && s.ready)
			rc = berth_tpm2_store_body(&s, kek, rest, exact, len);
		CHECK_RC(BERTH_E_KEYSTORE, rc);
		berth_tpm2_store_free(&s);
		free(exact);
	}
	/* and through the front door, with the device's own refusals */
	put_file(path, file, n);
	free(file);
	for (size_t at = 8; at < n; at += 61) {
		FILE *f = fopen(path, "r+b");
		int c;

		assert_non_null(f);
		fseek(f, (long)at, SEEK_SET);
		c = fgetc(f);
		fseek(f, (long)at, SEEK_SET);
		fputc(c ^ 0x10, f);
		fflush(f);
		CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, tpm.tcti, true));
		fseek(f, (long)at, SEEK_SET);
		fputc(c, f);
		fclose(f);
	}
	CHECK_OK(try_open(&ks, tpm.tcti, false));
	CHECK_OK(sign(ks));
	berth_keystore_close(ks);
	CHECK(test_swtpm_handles(&tpm, TRANSIENT) == 0);
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
		T(c137_a_device_that_dies_is_e_keystore_and_comes_back),
		T(c137_a_missing_device_is_named_with_our_uid),
		T(c137_lockout_ends_all_tries),
		T(c140_no_secret_goes_over_the_bus_in_clear),
		T(c140_a_tampered_answer_is_e_keystore),
		T(c141_a_cleared_tpm_is_e_keystore_and_nothing_is_made_anew),
		T(c141_lost_is_told_from_silent),
		T(c141_a_counter_that_is_gone_is_e_keystore),
		T(a_replaced_blob_is_e_keystore),
		T(c137_a_lockout_by_others_does_not_reach_us),
		T(c141_another_tpm_is_e_keystore),
		T(the_device_itself_refuses_an_epoch_that_is_over),
		T(a_key_of_an_epoch_ends_with_it),
		T(a_device_is_cleared_after_its_last_key),
		T(c142_every_changed_byte_of_the_file_is_e_keystore),
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
