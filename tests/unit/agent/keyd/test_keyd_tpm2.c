/* SPDX-License-Identifier: Apache-2.0 */
/* keyd in front of a TPM: what a factory asks of a gateway, through the process
 * that holds its keys. */
#include "child.h"
#include "envelopes.h"

#include "did/base/rand.h"
#include "did/codec/base64url.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/keystore/evidence.h"
#include "tests/fakes/swtpm.h"
#include "tests/fakes/tmpdir.h"

#define DID "did:example:gateway"
#define KID DID "#key-1"

static struct test_swtpm tpm;
static char dir[TMPDIR_LEN], uri[256];
static struct berth_keys *keys;

static struct berth_key_info ensure(const char *name, enum berth_usage usage, unsigned purposes)
{
	struct berth_key_info info;

	CHECK_OK(keys->ops->ensure(keys, name, BERTH_KEY_P256, usage, purposes, &info));
	return info;
}

static int setup(void **state)
{
	const struct berth_keystore_config cfg = { .uri = uri, .tcti = tpm.tcti, .create = true };

	(void)state;
	test_tmpdir(dir);
	test_swtpm_start(&tpm, true);
	snprintf(uri, sizeof(uri), "tpm2:?dir=%s", dir);
	CHECK_OK(berth_keyclient_new(&kc, &cfg));
	CHECK_OK(berth_keyclient_attach(kc, start()));
	keys = berth_keyclient_keys(kc);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	berth_keyclient_free(kc);
	CHECK_OK(ended());
	test_swtpm_stop(&tpm);
	test_tmpdir_remove(dir);
	return 0;
}

static void keys_are_made_in_the_device(void **state)
{
	struct berth_key_info k = ensure("factory-sign", BERTH_USAGE_SIGN, BERTH_PURPOSE_BIT(BERTH_SIGN_RECEIPT)), i;
	static const char payload[] = "{\"iss\":\"" DID "\"}";
	struct berth_buf input = BERTH_BUF_INIT, sig = BERTH_BUF_INIT;
	struct berth_keyring *ring = berth_keyclient_keys(kc)->keyring;

	(void)state;
	assert_int_equal(keys->custody, BERTH_CUSTODY_HARDWARE);
	assert_int_equal(k.custody, BERTH_CUSTODY_HARDWARE);
	CHECK(k.attestable);
	CHECK_OK(keys->ops->bind(keys, KID, "factory-sign"));
	CHECK_OK(ring->ops->sign(ring, KID, BERTH_SIGN_RECEIPT, payload, strlen(payload), &input, &sig));
	berth_buf_u8(&input, '.');
	berth_b64url_encode(&input, payload, strlen(payload));
	CHECK_OK(berth_verify(&k.pub, input.p, input.len, sig.p, sig.len));
	CHECK_RC(BERTH_E_AUTHZ, ring->ops->sign(ring, KID, BERTH_SIGN_VC, payload, strlen(payload), &input, &sig));
	CHECK(keys->ops->can(keys, "ed", BERTH_KEY_P256, BERTH_USAGE_SIGN));
	CHECK(!keys->ops->can(keys, "ed", BERTH_KEY_ED25519, BERTH_USAGE_SIGN));
	/* hardware never falls back to software */
	CHECK_RC(BERTH_E_KEY, keys->ops->ensure(keys, "ed", BERTH_KEY_ED25519, BERTH_USAGE_SIGN,
						BERTH_PURPOSE_BIT(BERTH_SIGN_VC), &i));
	berth_buf_free(&input);
	berth_buf_free(&sig);
}

static void factory_evidence(void **state)
{
	struct berth_buf ek_cert = BERTH_BUF_INIT, ek = BERTH_BUF_INIT, ak = BERTH_BUF_INIT, key = BERTH_BUF_INIT;
	struct berth_buf blob = BERTH_BUF_INIT, secret = BERTH_BUF_INIT, opened = BERTH_BUF_INIT;
	struct berth_buf attest = BERTH_BUF_INIT, sig = BERTH_BUF_INIT;
	struct berth_tpm_public ak_pub, key_pub;
	uint8_t nonce[32], data[32], digest[32];
	uint32_t mask;
	size_t n;
	char *roots = test_read_file(tpm.ca_pem, &n);

	(void)state;
	berth_random(nonce, 32);
	berth_random(data, 32);
	ensure("ak", BERTH_USAGE_ATTEST, 0);
	ensure("agree", BERTH_USAGE_AGREE, 0);
	CHECK_OK(keys->ops->ek(keys, &ek_cert, &ek));
	CHECK_OK(keys->ops->public_area(keys, "ak", &ak));
	CHECK_OK(keys->ops->public_area(keys, "agree", &key));
	CHECK_OK(berth_tpm_check_ek(ek_cert.p, ek_cert.len, roots, ek.p, ek.len, 0));
	CHECK_OK(berth_tpm_public_parse(&ak_pub, ak.p, ak.len));
	CHECK_OK(berth_tpm_check_ak(&ak_pub));
	CHECK_OK(berth_tpm_public_parse(&key_pub, key.p, key.len));
	CHECK_OK(berth_tpm_check_resident(&key_pub, false));

	CHECK_OK(berth_tpm_make_credential(&blob, &secret, ek.p, ek.len, ak_pub.name, data, 32));
	CHECK_OK(keys->ops->activate(keys, "ak", blob.p, blob.len, secret.p, secret.len, &opened));
	CHECK(opened.len == 32 && !memcmp(opened.p, data, 32));
	blob.p[blob.len - 1] ^= 1;
	berth_buf_reset(&opened);
	CHECK(keys->ops->activate(keys, "ak", blob.p, blob.len, secret.p, secret.len, &opened) != BERTH_OK);
	CHECK(berth_keyclient_usable(kc) && opened.len == 0);

	CHECK_OK(keys->ops->certify(keys, "agree", "ak", nonce, &attest, &sig));
	CHECK_OK(berth_tpm_check_certify(&ak_pub, &key_pub, nonce, attest.p, attest.len, sig.p, sig.len));
	berth_buf_reset(&attest);
	berth_buf_reset(&sig);
	CHECK_OK(keys->ops->quote(keys, "ak", 0x81, nonce, &attest, &sig));
	CHECK_OK(berth_tpm_check_quote(&ak_pub, nonce, attest.p, attest.len, sig.p, sig.len, &mask, digest));
	assert_int_equal(mask, 0x81);

	free(roots);
	berth_buf_free(&ek_cert);
	berth_buf_free(&ek);
	berth_buf_free(&ak);
	berth_buf_free(&key);
	berth_buf_free(&blob);
	berth_buf_free(&secret);
	berth_buf_free(&opened);
	berth_buf_free(&attest);
	berth_buf_free(&sig);
}

static void records_die_with_their_epoch(void **state)
{
	struct berth_buf box = BERTH_BUF_INIT, pt = BERTH_BUF_INIT;
	uint64_t epoch, next;
	bool prot = false;

	(void)state;
	CHECK_OK(keys->ops->counter_read(keys, BERTH_COUNTER_EPOCH, &epoch, &prot));
	CHECK(prot);
	CHECK_OK(keys->ops->seal(keys, "items", (int64_t)epoch, "wifi", 4, &box));
	CHECK_OK(keys->ops->unseal(keys, "items", (int64_t)epoch, box.p, box.len, &pt));
	assert_string_equal(berth_buf_cstr(&pt), "wifi");
	CHECK_OK(keys->ops->counter_step(keys, BERTH_COUNTER_EPOCH, &next));
	assert_int_equal(next, epoch + 1);
	berth_buf_reset(&pt);
	CHECK(keys->ops->unseal(keys, "items", (int64_t)epoch, box.p, box.len, &pt) != BERTH_OK);
	assert_int_equal(pt.len, 0);
	berth_buf_free(&box);
	berth_buf_free(&pt);
}

static void envelopes_by_keys_of_the_device(void **state)
{
	(void)state;
	envelopes_on(BERTH_KEY_P256);
	envelopes_on(BERTH_KEY_P384);
}

/* P7, C137: purposes and keys are the device's, not the process's */
static void a_new_keyd_finds_the_same_keys(void **state)
{
	struct berth_key_info a = ensure("k", BERTH_USAGE_SIGN, BERTH_PURPOSE_BIT(BERTH_SIGN_VP)), b;
	uint32_t purposes;

	(void)state;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	CHECK_RC(BERTH_E_KEYSTORE, berth_keyclient_info(kc, "k", &b, NULL));
	CHECK_OK(berth_keyclient_attach(kc, start()));
	CHECK_OK(berth_keyclient_info(kc, "k", &b, &purposes));
	CHECK(berth_pubkey_equal(&a.pub, &b.pub));
	assert_int_equal(purposes, BERTH_PURPOSE_BIT(BERTH_SIGN_VP));
	test_swtpm_kill(&tpm);
	CHECK_RC(BERTH_E_KEYSTORE, keys->ops->ensure(keys, "new", BERTH_KEY_P256, BERTH_USAGE_AGREE, 0, &b));
	CHECK(berth_keyclient_usable(kc));	/* the device is gone, keyd is not */
	test_swtpm_restart(&tpm);
	ensure("new", BERTH_USAGE_AGREE, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_made_in_the_device),
		cmocka_unit_test(factory_evidence),
		cmocka_unit_test(records_die_with_their_epoch),
		cmocka_unit_test(envelopes_by_keys_of_the_device),
		cmocka_unit_test(a_new_keyd_finds_the_same_keys),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
