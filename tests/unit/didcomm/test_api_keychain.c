/* SPDX-License-Identifier: Apache-2.0 */
/* berth/didcomm.h with keys of a keychain: authcrypt and signature of a DID whose
 * keys lie in a TPM. */
#include "tests/check.h"
#include "tests/fakes/swtpm.h"
#include "tests/fakes/tmpdir.h"

#include "berth/did.h"
#include "berth/didcomm.h"

static void keys_of_a_tpm_pack_and_unpack(void **state)
{
	struct berth_keychain_how how = { .size = sizeof(how), .create = 1 };
	struct berth_didcomm_how pack = { .size = sizeof(pack) };
	char dir[TMPDIR_LEN], uri[256], sign_kid[2048], agree_kid[2048], msg[2048];
	char *sign, *agree, *did, *packed, *result;
	struct berth_keychain *k;
	struct berth_didcomm *d;
	struct test_swtpm tpm;

	(void)state;
	test_tmpdir(dir);
	test_swtpm_start(&tpm, false);
	snprintf(uri, sizeof(uri), "tpm2:?dir=%s&tcti=%s", dir, tpm.tcti);
	CHECK_OK(berth_keychain_open(&k, uri, &how));
	CHECK_OK(berth_keychain_generate(k, "s", "p256", "sign"));
	CHECK_OK(berth_keychain_generate(k, "a", "p256", "agree"));
	CHECK_OK(berth_keychain_jwk(k, "s", &sign));
	CHECK_OK(berth_keychain_jwk(k, "a", &agree));
	CHECK_OK(berth_did_peer_from_jwks(&did, 2, (const char *const[]){ sign }, 1, (const char *const[]){ agree }, 1, NULL));
	snprintf(sign_kid, sizeof(sign_kid), "%s#key-1", did);
	snprintf(agree_kid, sizeof(agree_kid), "%s#key-2", did);
	snprintf(msg, sizeof(msg), "{\"id\":\"1\",\"type\":\"https://example.org/a/1.0/b\",\"body\":{\"x\":1},"
		 "\"from\":\"%s\",\"to\":[\"%s\"]}", did, did);

	CHECK_OK(berth_didcomm_new(&d));
	CHECK_RC(BERTH_E_DID, berth_didcomm_add_key(d, "#key-1", k, "s"));
	CHECK_RC(BERTH_E_KEYSTORE, berth_didcomm_add_key(d, sign_kid, k, "none"));
	CHECK_OK(berth_didcomm_add_key(d, sign_kid, k, "s"));
	CHECK_RC(BERTH_E_KEY, berth_didcomm_add_key(d, sign_kid, k, "a"));
	pack.from = pack.to = did;
	pack.sign_by = sign_kid;
	CHECK_RC(BERTH_E_KEY, berth_didcomm_pack(d, &pack, msg, strlen(msg), &packed));
	CHECK_OK(berth_didcomm_add_key(d, agree_kid, k, "a"));
	CHECK_OK(berth_didcomm_pack(d, &pack, msg, strlen(msg), &packed));
	CHECK_OK(berth_didcomm_unpack(d, packed, strlen(packed), -1, &result));
	CHECK(strstr(result, "\"authenticated\":true") && strstr(result, "\"non_repudiation\":true"));
	CHECK(strstr(result, "\"body\":{\"x\":1}"));

	berth_didcomm_string_free(packed);
	berth_didcomm_string_free(result);
	berth_didcomm_free(d);
	berth_keychain_close(k);
	berth_string_free(sign);
	berth_string_free(agree);
	berth_string_free(did);
	test_swtpm_stop(&tpm);
	test_tmpdir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(keys_of_a_tpm_pack_and_unpack) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
