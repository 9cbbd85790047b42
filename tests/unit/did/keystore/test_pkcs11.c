/* SPDX-License-Identifier: Apache-2.0 */
/* What only a token can do wrong: it goes, its module lies.
 * SoftHSM behind tests/fakes/modules/hostile.c, which without a fault is the twin. */
#include "tests/unit/did/keystore/pkcs11_token.h"

/* ---- the device ---- */

static void c137_a_token_that_is_gone_is_e_keystore_and_comes_back(void **state)
{
	static const char *const faults[] = { "removed", "session" };
	struct berth_keystore *ks;

	(void)state;
	make(&ks);
	for (size_t i = 0; i < 2; i++) {
		set_fault(faults[i]);
		CHECK_RC(BERTH_E_KEYSTORE, sign(ks));
		CHECK_RC(BERTH_E_KEYSTORE, sign(ks));
		CHECK(berth_keystore_count(ks) == 2);	/* nothing is forgotten meanwhile */
		heal();
		CHECK_OK(sign(ks));
		CHECK_OK(agree(ks));
	}
	set_fault("absent");
	CHECK_OK(sign(ks));	/* the session lives */
	set_fault("removed");
	CHECK_RC(BERTH_E_KEYSTORE, sign(ks));
	set_fault("absent");
	CHECK_RC(BERTH_E_KEYSTORE, sign(ks));
	heal();
	CHECK_OK(sign(ks));
	CHECK(asked('O') == asked('C') + 1);	/* one session at a time, none lost */
	berth_keystore_close(ks);
	CHECK(asked('O') == asked('C') && asked('I') == asked('F'));
}

static void a_token_is_the_same_one_for_the_life_of_a_store(void **state)
{
	struct berth_keystore *ks;

	(void)state;
	make(&ks);
	berth_keystore_close(ks);
	/* another token of the same label beside it: ours is known by its serial number */
	test_sh("softhsm2-util --init-token --free --label gw --pin 1234 --so-pin 56785678 >/dev/null");
	CHECK_OK(try_open(&ks, false));
	CHECK_OK(sign(ks));
	berth_keystore_close(ks);
	/* a new store cannot tell which one is meant */
	test_sh("mv %s %s.old", token.store_dir, token.store_dir);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	CHECK(strstr(berth_err_detail(), "2 of "));
	/* ours made anew: everything in it is gone, and said to be */
	test_sh("rm -rf %s && mv %s.old %s", token.store_dir, token.store_dir, token.store_dir);
	test_sh("rm -rf %s/tokens/*", token.dir);
	test_sh("softhsm2-util --init-token --free --label gw --pin 1234 --so-pin 56785678 >/dev/null");
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	CHECK(strstr(berth_err_detail(), "0 of "));
}

static void a_token_without_rsa_holds_no_store(void **state)
{
	struct berth_keystore *ks;

	(void)state;
	set_fault("no-rsa");
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	CHECK(strstr(berth_err_detail(), "has no RSA"));
	heal();
	CHECK_OK(try_open(&ks, true));
	berth_keystore_close(ks);
}

/* ---- the module ---- */

static void c143_answers_that_cannot_be_are_e_keystore(void **state)
{
	static const char *const of_sign[] = {
		"signature", "signature-zero", "signature-short", "signature-long", "removed", "session",
	};
	static const char *const of_session[] = { "slots", "mechanisms", "objects", "two-objects", "attribute-long",
		"extractable", "once-extractable", "not-sensitive", "imported", "initialize", "attribute-removed" };
	struct berth_keystore *ks, *other;

	(void)state;
	make(&ks);
	for (size_t i = 0; i < sizeof(of_sign) / sizeof(of_sign[0]); i++) {
		set_fault(of_sign[i]);
		CHECK_RC(BERTH_E_KEYSTORE, sign(ks));
		heal();
		CHECK_OK(sign(ks));
	}
	berth_keystore_close(ks);
	for (size_t i = 0; i < sizeof(of_session) / sizeof(of_session[0]); i++) {
		set_fault(of_session[i]);
		CHECK_RC(BERTH_E_KEYSTORE, try_open(&other, false));
		heal();
		CHECK_OK(try_open(&ks, false));
		CHECK_OK(sign(ks));
		berth_keystore_close(ks);
	}
}

static void c143_an_agreement_that_is_none_is_e_keystore(void **state)
{
	struct berth_keystore *ks;

	(void)state;
	make(&ks);
	/* proved in this session already: only the length shows, and who cannot
	 * decrypt finds out */
	set_fault("agreement-short");
	CHECK_RC(BERTH_E_KEYSTORE, agree(ks));
	/* a new session proves the key first */
	set_fault("agreement");
	CHECK_RC(BERTH_E_KEYSTORE, agree(ks));
	CHECK(strstr(berth_err_detail(), "another key, or a faulty module"));
	heal();
	CHECK_OK(agree(ks));
	berth_keystore_close(ks);
}

static void c143_a_new_key_that_is_not_sound_is_not_taken(void **state)
{
	static const char *const faults[] = { "point", "point-length", "extractable", "imported", "signature", "no-pair",
		"removed", "attribute-removed" };
	struct berth_keystore *ks;
	unsigned made;

	(void)state;
	make(&ks);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		set_fault(faults[i]);
		CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_generate(ks, "new", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
		CHECK(!berth_keystore_has(ks, "new"));
		heal();
		CHECK_OK(sign(ks));
	}
	made = asked('G');
	CHECK_OK(berth_keystore_generate(ks, "new", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK(asked('G') == made + 1);
	CHECK_OK(berth_keystore_delete(ks, "new"));
	berth_keystore_close(ks);
	/* of all that was made there are left: the store's key, s and a */
	char *list = test_token_tool(&token, "-O --type privkey");
	unsigned n = 0;

	for (const char *at = list; (at = strstr(at, "Private Key Object")); at++)
		n++;
	CHECK(n == 3);
	free(list);
}

static void what_could_not_be_deleted_is_deleted_later(void **state)
{
	struct berth_keystore *ks;
	char *list;

	(void)state;
	make(&ks);
	set_fault("destroy");
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_delete(ks, "s"));
	CHECK(!berth_keystore_has(ks, "s"));
	list = test_token_tool(&token, "-O --type privkey");
	CHECK(strstr(list, "label:      s"));
	free(list);
	heal();
	berth_keystore_close(ks);
	CHECK_OK(try_open(&ks, false));
	list = test_token_tool(&token, "-O --type privkey");
	CHECK(!strstr(list, "label:      s") && strstr(list, "label:      a"));
	free(list);
	CHECK_OK(berth_keystore_generate(ks, "s", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK_OK(sign(ks));
	berth_keystore_close(ks);
}

static enum berth_err open_module(const char *path)
{
	struct berth_keystore *ks = NULL;
	const struct berth_keystore_config cfg = { .uri = test_token_uri(&token, NULL), .module_path = path, .create = true };
	enum berth_err rc = berth_keystore_open(&ks, &cfg);

	berth_keystore_close(ks);
	return rc;
}

static void c143_only_a_module_that_is_ours_or_roots_is_loaded(void **state)
{
	char lax[96], text[96], link[96];

	(void)state;
	snprintf(lax, sizeof(lax), "%s/lax.so", token.dir);
	snprintf(text, sizeof(text), "%s/text.so", token.dir);
	snprintf(link, sizeof(link), "%s/link.so", token.dir);
	test_sh("cp %s %s && chmod 0757 %s", token.module, lax, lax);
	CHECK_RC(BERTH_E_KEYSTORE, open_module(lax));
	CHECK(strstr(berth_err_detail(), "writable by others"));
	test_write_file(text, "no module", 9, 0700);
	CHECK_RC(BERTH_E_KEYSTORE, open_module(text));
	CHECK_RC(BERTH_E_KEYSTORE, open_module("/nowhere/m.so"));
	CHECK_RC(BERTH_E_KEYSTORE, open_module("hostile.so"));
	CHECK_RC(BERTH_E_KEYSTORE, open_module(token.dir));
	CHECK_RC(BERTH_E_KEYSTORE, open_module("/dev/null"));
	test_sh("cp $(ls /lib/*/libz.so.1 | head -n 1) %s/z.so", token.dir);
	CHECK_RC(BERTH_E_KEYSTORE, open_module(test_path(token.dir, "z.so")));
	CHECK(strstr(berth_err_detail(), "C_GetFunctionList"));
	test_sh("ln -s %s %s", lax, link);
	CHECK_RC(BERTH_E_KEYSTORE, open_module(link));
	test_sh("ln -sf %s %s", token.module, link);
	CHECK_OK(open_module(link));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(c137_a_token_that_is_gone_is_e_keystore_and_comes_back),
		T(a_token_is_the_same_one_for_the_life_of_a_store),
		T(a_token_without_rsa_holds_no_store),
		T(c143_answers_that_cannot_be_are_e_keystore),
		T(c143_an_agreement_that_is_none_is_e_keystore),
		T(c143_a_new_key_that_is_not_sound_is_not_taken),
		T(what_could_not_be_deleted_is_deleted_later),
		T(c143_only_a_module_that_is_ours_or_roots_is_loaded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
