/* SPDX-License-Identifier: Apache-2.0 */
/* C138: a store that is bound to PCRs, before and after an update of the firmware. */
#include <unistd.h>

#include "did/base/hex.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/keystore/tpm2.h"
#include "tests/check.h"
#include "tests/fakes/swtpm.h"
#include "tests/fakes/tpm_proxy.h"

#define TRANSIENT 0x80
#define SESSIONS 0x02
#define MASK (1u << 7 | 1u << 16)	/* 16 can be extended and reset by anybody */

static struct test_swtpm tpm;
static char dir[64];
static struct berth_privkey maker;

static enum berth_err try_open(struct berth_keystore **ks, const char *tcti, bool create, uint32_t mask)
{
	char uri[256];
	struct berth_keystore_config cfg = { .uri = uri, .create = create, .pcr_mask = mask };

	snprintf(uri, sizeof(uri), "tpm2:?dir=%s&tcti=%s", dir, tcti);
	return berth_keystore_open(ks, &cfg);
}

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/berth-ks.XXXXXX");
	assert_non_null(mkdtemp(dir));
	test_swtpm_start(&tpm, false);
	CHECK_OK(berth_keypair_generate(&maker, BERTH_KEY_P256));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	CHECK(test_swtpm_handles(&tpm, TRANSIENT) == 0 && test_swtpm_handles(&tpm, SESSIONS) == 0);
	test_swtpm_stop(&tpm);
	test_sh("rm -rf %s", dir);
	return 0;
}

static void update_firmware(void)
{
	test_sh("TPM2TOOLS_TCTI=%s tpm2_pcrextend 16:sha256=%064d", tpm.tcti, 1);
}

/* The values as tpm2-tools reads them. */
static void pcr_values(uint8_t *out, const char *list, size_t n)
{
	char path[96], *p;
	size_t len;

	test_sh("TPM2TOOLS_TCTI=%s tpm2_pcrread -Q sha256:%s -o %s/values", tpm.tcti, list, dir);
	snprintf(path, sizeof(path), "%s/values", dir);
	p = test_read_file(path, &len);
	CHECK(len == n * 32);
	memcpy(out, p, len);
	free(p);
}

static void sign_policy(struct berth_pcr_policy *p, const struct berth_privkey *by, uint32_t mask, const char *list)
{
	uint8_t values[BERTH_PCRS * 32], message[32 + BERTH_PCR_POLICY_REF_LEN];
	size_t n;

	memset(p, 0, sizeof(*p));
	pcr_values(values, list, berth_pcr_count(mask));
	p->mask = mask;
	p->key = by->pub;
	berth_pcr_policy_digest(p->policy, mask, values);
	berth_pcr_policy_message(message, p->policy);
	CHECK_OK(berth_sign(p->sig, &n, by, message, sizeof(message)));
}

static void append(const struct berth_pcr_policy *p)
{
	struct berth_json *o = berth_pcr_policy_json(p);
	struct berth_buf b = BERTH_BUF_INIT;
	char path[96];
	FILE *f;

	CHECK_OK(berth_json_print(&b, o));
	snprintf(path, sizeof(path), "%s/policies", dir);
	f = fopen(path, "a");
	assert_non_null(f);
	fprintf(f, "%s\n", berth_buf_cstr(&b));
	fclose(f);
	berth_json_free(o);
	berth_buf_free(&b);
}

static void approve(const struct berth_privkey *by, uint32_t mask, const char *list)
{
	struct berth_pcr_policy p;

	sign_policy(&p, by, mask, list);
	append(&p);
}

static char *store_bytes(size_t *n)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/keys", dir);
	return test_read_file(path, n);
}

static void c138_an_update_closes_and_a_new_policy_opens(void **state)
{
	struct berth_buf box = BERTH_BUF_INIT, pt = BERTH_BUF_INIT;
	struct berth_keystore *ks;
	char *before, *after;
	size_t n, m;

	(void)state;
	approve(&maker, MASK, "7,16");
	CHECK_OK(try_open(&ks, tpm.tcti, true, MASK));
	CHECK_OK(berth_keystore_generate(ks, "s", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK_OK(berth_keystore_seal(ks, "l", -1, "kept", 4, &box));
	berth_keystore_close(ks);
	CHECK_OK(try_open(&ks, tpm.tcti, false, MASK));
	CHECK_OK(berth_keystore_unseal(ks, "l", -1, box.p, box.len, &pt));
	berth_keystore_close(ks);
	update_firmware();
	before = store_bytes(&n);
	for (int i = 0; i < 2; i++) {
		CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, tpm.tcti, true, MASK));
		CHECK(strstr(berth_err_detail(), "berth key policy"));
		CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, tpm.tcti, true, 0));
	}
	after = store_bytes(&m);
	CHECK(n == m && memcmp(before, after, n) == 0);	/* the record stays */
	CHECK(test_swtpm_handles(&tpm, TRANSIENT) == 0 && test_swtpm_handles(&tpm, SESSIONS) == 0);
	approve(&maker, MASK, "7,16");
	CHECK_OK(try_open(&ks, tpm.tcti, false, MASK));
	berth_buf_reset(&pt);
	CHECK_OK(berth_keystore_unseal(ks, "l", -1, box.p, box.len, &pt));
	CHECK(pt.len == 4 && memcmp(pt.p, "kept", 4) == 0);
	CHECK(berth_keystore_has(ks, "s"));
	berth_keystore_close(ks);
	free(before);
	free(after);
	berth_buf_free(&box);
	berth_buf_free(&pt);
}

static void c138_a_store_that_is_there_is_bound_when_asked_and_stays_so(void **state)
{
	struct berth_keystore *ks;

	(void)state;
	CHECK_OK(try_open(&ks, tpm.tcti, true, 0));
	CHECK(!berth_tpm2_is_bound(&((struct berth_tpm2 *)(void *)ks)->s.kek));
	berth_keystore_close(ks);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, tpm.tcti, false, MASK));	/* nobody has signed anything */
	CHECK_OK(try_open(&ks, tpm.tcti, false, 0));
	berth_keystore_close(ks);
	approve(&maker, MASK, "7,16");
	CHECK_OK(try_open(&ks, tpm.tcti, false, MASK));
	berth_keystore_close(ks);
	CHECK_OK(try_open(&ks, tpm.tcti, false, 0));
	CHECK(berth_tpm2_is_bound(&((struct berth_tpm2 *)(void *)ks)->s.kek));
	berth_keystore_close(ks);
	update_firmware();
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, tpm.tcti, false, 0));
}

static void c138_a_new_store_wants_a_policy_that_fits(void **state)
{
	struct berth_keystore *ks;

	(void)state;
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, tpm.tcti, true, MASK));
	approve(&maker, 1u << 7, "7");	/* of other PCRs than it is to be bound to */
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, tpm.tcti, true, MASK));
	approve(&maker, MASK, "7,16");
	CHECK_OK(try_open(&ks, tpm.tcti, true, MASK));
	berth_keystore_close(ks);
	CHECK_OK(try_open(&ks, tpm.tcti, true, MASK));
	berth_keystore_close(ks);
	CHECK(test_swtpm_handles(&tpm, 0x01) == 2);	/* its counters, and none of the tries before */
}

static void c138_policies_of_others_open_nothing(void **state)
{
	struct berth_keystore *ks;
	struct berth_privkey stranger;
	struct berth_pcr_policy p;

	(void)state;
	CHECK_OK(berth_keypair_generate(&stranger, BERTH_KEY_P256));
	approve(&maker, MASK, "7,16");
	CHECK_OK(try_open(&ks, tpm.tcti, true, MASK));
	berth_keystore_close(ks);
	update_firmware();
	approve(&stranger, MASK, "7,16");
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, tpm.tcti, false, MASK));
	sign_policy(&p, &stranger, MASK, "7,16");
	p.key = maker.pub;	/* the maker's key, and not its signature */
	append(&p);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, tpm.tcti, false, MASK));
	test_sh("ln -sf /etc/passwd %s/policies", dir);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, tpm.tcti, false, MASK));
	test_sh("rm %s/policies; mkfifo %s/policies", dir, dir);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, tpm.tcti, false, MASK));
	test_sh("rm %s/policies; printf '{}\\nnonsense\\n\\n' >%s/policies", dir, dir);
	approve(&maker, 1u << 16, "16");	/* the policy key may choose others */
	CHECK_OK(try_open(&ks, tpm.tcti, false, MASK));
	berth_keystore_close(ks);
	test_sh("head -c 40000 /dev/zero >>%s/policies", dir);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, tpm.tcti, false, MASK));
	berth_privkey_wipe(&stranger);
}

static TSS2_RC unseal(struct berth_tpm2 *t, ESYS_TR policy)
{
	TPM2B_SENSITIVE_DATA *d = NULL;
	ESYS_TR h;
	TSS2_RC r;

	CHECK_OK(berth_tpm2_load(t, "kek/", &t->s.kek, &h));
	r = Esys_Unseal(t->esys, h, policy, ESYS_TR_NONE, ESYS_TR_NONE, &d);
	CHECK(r || (d->size == 32 && memcmp(d->buffer, berth_tpm2_secrets(t)->kek, 32) == 0));
	Esys_Free(d);
	berth_tpm2_flush(t, &h);
	return r;
}

/* What the TPM itself says, when what we look at first is passed by. */
static void the_device_itself_refuses(void **state)
{
	struct berth_keystore *ks;
	struct berth_tpm2 *t;
	ESYS_TR policy;

	(void)state;
	approve(&maker, MASK, "7,16");
	CHECK_OK(try_open(&ks, tpm.tcti, true, MASK));
	t = (struct berth_tpm2 *)(void *)ks;
	CHECK(unseal(t, berth_tpm2_session(t, BERTH_TPM2_OUT)) == TPM2_RC_AUTH_UNAVAILABLE);
	CHECK_OK(berth_tpm2_open_bound(t, &t->s.kek, &policy));
	CHECK(unseal(t, policy) == TSS2_RC_SUCCESS);
	berth_tpm2_flush(t, &policy);
	CHECK_OK(berth_tpm2_open_bound(t, &t->s.kek, &policy));
	/* after the policy was satisfied; 16 would not count, it is for trials */
	test_sh("TPM2TOOLS_TCTI=%s tpm2_pcrextend 7:sha256=%064d", tpm.tcti, 1);
	CHECK(unseal(t, policy) == TPM2_RC_PCR_CHANGED);
	berth_tpm2_flush(t, &policy);
	berth_keystore_close(ks);
}

/* C140 for what a policy session carries. */
static void the_bus_hears_no_record_key(void **state)
{
	struct berth_keystore *ks;
	struct berth_tpm2 *t;
	struct tpm_proxy bus;
	TPM2B_AUTH auth;

	(void)state;
	approve(&maker, MASK, "7,16");
	tpm_proxy_start(&bus, tpm.dir);
	CHECK_OK(try_open(&ks, bus.tcti, true, MASK));
	berth_keystore_close(ks);
	bus.tamper_cc = TPM2_CC_Unseal;
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, bus.tcti, false, MASK));
	tpm_proxy_heal(&bus);
	CHECK_OK(try_open(&ks, bus.tcti, false, MASK));
	t = (struct berth_tpm2 *)(void *)ks;
	berth_tpm2_auth(t, "kek/", &auth);
	CHECK(tpm_proxy_heard(&bus, maker.pub.b + 1, 32));	/* the ear works */
	CHECK(!tpm_proxy_heard(&bus, berth_tpm2_secrets(t)->kek, 32));
	CHECK(!tpm_proxy_heard(&bus, auth.buffer, auth.size));
	berth_keystore_close(ks);
	tpm_proxy_stop(&bus);
}

static void hex(char *out, const uint8_t *p, size_t n) { berth_hex_encode(out, p, n); }

/* The digests, computed by tpm2-tools on the TPM. */
static void tpm2_tools_come_to_the_same_policies(void **state)
{
	static const struct { uint32_t mask; const char *list; } cases[] = {
		{ 1u << 0, "0" }, { 1u << 0 | 1u << 2 | 1u << 7, "0,2,7" }, { MASK, "7,16" }, { 1u << 23, "23" },
	};
	uint8_t values[BERTH_PCRS * 32], digest[32];
	char want[65], area[2 * 32 * 2 + 1];
	struct berth_keystore *ks;
	TPM2B_PUBLIC pub;
	size_t passed = 0;

	(void)state;
	update_firmware();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pcr_values(values, cases[i].list, berth_pcr_count(cases[i].mask));
		berth_pcr_policy_digest(digest, cases[i].mask, values);
		hex(want, digest, 32);
		test_sh("cd %s && export TPM2TOOLS_TCTI=%s && tpm2_startauthsession -S s && tpm2_policypcr -Q -S s -l sha256:%s -L d && "
			"tpm2_flushcontext s && test \"$(xxd -p -c 64 d)\" = %s", dir, tpm.tcti, cases[i].list, want);
		passed++;
	}
	approve(&maker, MASK, "7,16");
	CHECK_OK(try_open(&ks, tpm.tcti, true, MASK));
	CHECK_OK(berth_tpm2_get_public(&((struct berth_tpm2 *)(void *)ks)->s.kek.pub, &pub));
	berth_keystore_close(ks);
	hex(want, pub.publicArea.authPolicy.buffer, 32);
	hex(area, maker.pub.b + 1, 64);
	/* TPMT_PUBLIC: ECC, SHA-256, sign | userWithAuth, no policy, null, null, P-256, null, x, y */
	test_sh("cd %s && export TPM2TOOLS_TCTI=%s && X=%.64s Y=%.64s && "
		"{ printf 000b; printf '0023000b00040040000000100010000300100020%%s0020%%s' $X $Y | xxd -r -p | sha256sum | cut -c-64; } "
		"| tr -d '\\n' | xxd -r -p >name && printf 'berth pcr policy' >ref && tpm2_startauthsession -S s && "
		"tpm2_policypcr -Q -S s -l sha256:7,16 -L d && "
		"tpm2_policyauthorize -Q -S s -L p -i d -q $(xxd -p ref) -n name && tpm2_policyauthvalue -Q -S s -L p && "
		"tpm2_flushcontext s && test \"$(xxd -p -c 64 p)\" = %s", dir, tpm.tcti, area, area + 64, want);
	passed++;
	VECTORS("tpm2-tools policies", passed, sizeof(cases) / sizeof(cases[0]) + 1);
}

/* Whatever command the line breaks at while a store is bound: it opens afterwards. */
static bool interrupted_at(int k)
{
	struct berth_keystore *ks = NULL;
	struct tpm_proxy bus;
	bool done;

	CHECK_OK(try_open(&ks, tpm.tcti, true, 0));
	CHECK_OK(berth_keystore_generate(ks, "s", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	berth_keystore_close(ks);
	tpm_proxy_start(&bus, tpm.dir);
	bus.cut_at = k;
	done = try_open(&ks, bus.tcti, false, MASK) == BERTH_OK;
	if (done)
		berth_keystore_close(ks);
	tpm_proxy_heal(&bus);
	CHECK_OK(try_open(&ks, bus.tcti, false, MASK));
	CHECK(berth_tpm2_is_bound(&((struct berth_tpm2 *)(void *)ks)->s.kek) && berth_keystore_has(ks, "s"));
	berth_keystore_close(ks);
	tpm_proxy_stop(&bus);
	test_sh("rm %s/keys", dir);
	return done;
}

static void a_cut_while_it_is_bound_loses_nothing(void **state)
{
	int k = 1;

	(void)state;
	approve(&maker, MASK, "7,16");
	while (!interrupted_at(k))
		k += 2;
	CHECK(k > 10);
}

/* ---- the line ---- */
static char line[BERTH_PCR_LINE_MAX];

static void print_line(const struct berth_pcr_policy *p)
{
	struct berth_json *o = berth_pcr_policy_json(p);
	struct berth_buf b = BERTH_BUF_INIT;

	CHECK_OK(berth_json_print(&b, o));
	snprintf(line, sizeof(line), "%s", berth_buf_cstr(&b));
	berth_json_free(o);
	berth_buf_free(&b);
}

static void make_line(struct berth_pcr_policy *p)
{
	uint8_t values[3 * 32] = { 1 }, message[32 + BERTH_PCR_POLICY_REF_LEN];
	size_t n;

	memset(p, 0, sizeof(*p));
	p->mask = 0x85;
	p->key = maker.pub;
	berth_pcr_policy_digest(p->policy, p->mask, values);
	berth_pcr_policy_message(message, p->policy);
	CHECK_OK(berth_sign(p->sig, &n, &maker, message, sizeof(message)));
	print_line(p);
}

static void a_line_is_read_as_it_was_written(void **state)
{
	struct berth_pcr_policy p, got, zero = { .mask = 0 };

	(void)state;
	make_line(&p);
	CHECK_OK(berth_pcr_policy_parse(&got, line, strlen(line)));
	CHECK(got.mask == p.mask && memcmp(got.policy, p.policy, 32) == 0 && berth_pubkey_equal(&got.key, &p.key));
	for (size_t i = 0; i < strlen(line); i++) {
		char *exact = malloc(i ? i : 1);

		assert_non_null(exact);
		memcpy(exact, line, i);
		CHECK_RC(BERTH_E_JSON, berth_pcr_policy_parse(&got, exact, i));
		CHECK(memcmp(&got, &zero, sizeof(got)) == 0);
		free(exact);
	}
	p.policy[0] ^= 1;
	print_line(&p);
	CHECK_RC(BERTH_E_SIG, berth_pcr_policy_parse(&got, line, strlen(line)));
	p.policy[0] ^= 1;
	p.key.b[64] ^= 1;
	print_line(&p);
	CHECK_RC(BERTH_E_KEY, berth_pcr_policy_parse(&got, line, strlen(line)));
	make_line(&p);
	p.mask = 0;
	print_line(&p);
	CHECK_RC(BERTH_E_TYPE, berth_pcr_policy_parse(&got, line, strlen(line)));
	make_line(&p);
	memcpy(strstr(line, "sha256"), "sha384", 6);
	CHECK_RC(BERTH_E_TYPE, berth_pcr_policy_parse(&got, line, strlen(line)));
	make_line(&p);
	memcpy(strstr(line, "[0,2,7]"), "[0,2.5]", 7);
	CHECK_RC(BERTH_E_TYPE, berth_pcr_policy_parse(&got, line, strlen(line)));
	memcpy(strstr(line, "[0,2.5]"), "[0,224]", 7);
	CHECK_RC(BERTH_E_TYPE, berth_pcr_policy_parse(&got, line, strlen(line)));
	CHECK_RC(BERTH_E_SIZE, berth_pcr_policy_parse(&got, line, BERTH_PCR_LINE_MAX + 1));
}

static void lists_of_pcrs_are_strict(void **state)
{
	static const char *const bad[] = { "", ",", "0,", ",0", "24", "0,0", "7,2", "0 2", "-1", "01", "0x1", "1,2,a", "999999999999", "0,,1" };
	uint32_t mask;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_RC(BERTH_E_TYPE, berth_pcr_list_parse(&mask, bad[i]));
		CHECK(mask == 0);
	}
	CHECK_OK(berth_pcr_list_parse(&mask, "0,2,7"));
	CHECK(mask == 0x85 && berth_pcr_count(mask) == 3);
	CHECK_OK(berth_pcr_list_parse(&mask, "23"));
	CHECK(mask == 1u << 23);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(c138_an_update_closes_and_a_new_policy_opens),
		T(c138_a_store_that_is_there_is_bound_when_asked_and_stays_so),
		T(c138_a_new_store_wants_a_policy_that_fits),
		T(c138_policies_of_others_open_nothing),
		T(the_device_itself_refuses),
		T(the_bus_hears_no_record_key),
		T(tpm2_tools_come_to_the_same_policies),
		T(a_cut_while_it_is_bound_loses_nothing),
		T(a_line_is_read_as_it_was_written),
		T(lists_of_pcrs_are_strict),
	};

	berth_crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
