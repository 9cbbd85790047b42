/* SPDX-License-Identifier: Apache-2.0 */
/* What only a token can do wrong: it goes, its module lies, its keys are others.
 * SoftHSM behind tests/fakes/modules/hostile.c, which without a fault is the twin. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "did/crypto/agree.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/keystore/pkcs11_file.h"
#include "did/keystore/tpm2_seal.h"
#include "tests/check.h"
#include "tests/fakes/built.h"
#include "tests/fakes/tmpdir.h"
#include "tests/fakes/token.h"

/* SoftHSM loses some memory of its own; what we lose still shows. */
const char *__lsan_default_suppressions(void);
const char *__asan_default_options(void);
const char *__lsan_default_suppressions(void) { return "leak:libsofthsm2"; }
const char *__asan_default_options(void) { return "fast_unwind_on_malloc=0"; }

static struct test_token token;
static char genuine[96];

static int setup(void **state)
{
	char built[512];

	(void)state;
	test_token_softhsm(&token);
	memcpy(genuine, token.module, sizeof(genuine));
	test_built(built, sizeof(built), "tests/fakes/modules/hostile.so");
	snprintf(token.module, sizeof(token.module), "%s/hostile.so", token.dir);
	test_sh("cp %s %s", built, token.module);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	test_token_end(&token);
	return 0;
}

static void set_fault(const char *word)
{
	test_write_file(test_path(token.dir, "softhsm2.conf.fault"), word, strlen(word), 0600);
}

static void heal(void) { unlink(test_path(token.dir, "softhsm2.conf.fault")); }

/* How often the module was asked for what that letter means. */
static unsigned asked(char letter)
{
	FILE *f = fopen(test_path(token.dir, "softhsm2.conf.log"), "r");
	unsigned n = 0;

	for (int c; f && (c = fgetc(f)) != EOF;)
		n += c == letter;
	if (f)
		fclose(f);
	return n;
}

static enum berth_err try_open(struct berth_keystore **ks, bool create)
{
	const struct berth_keystore_config cfg = { .uri = test_token_uri(&token, NULL), .create = create };

	return berth_keystore_open(ks, &cfg);
}

static enum berth_err sign(struct berth_keystore *ks)
{
	uint8_t sig[BERTH_SIG_MAX];
	size_t n;

	return berth_keystore_sign(ks, "s", "x", 1, sig, &n);
}

static enum berth_err agree(struct berth_keystore *ks)
{
	struct berth_privkey eph;
	uint8_t z[BERTH_ECDH_MAX];
	size_t n;
	enum berth_err rc;

	CHECK_OK(berth_keypair_generate(&eph, BERTH_KEY_X25519));
	rc = berth_keystore_ecdh(ks, "a", &eph.pub, z, &n);
	berth_privkey_wipe(&eph);
	return rc;
}

static void make(struct berth_keystore **ks)
{
	CHECK_OK(try_open(ks, true));
	CHECK_OK(berth_keystore_generate(*ks, "s", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK_OK(berth_keystore_generate(*ks, "a", BERTH_KEY_X25519, BERTH_USAGE_AGREE, NULL));
	CHECK_OK(sign(*ks));
	CHECK_OK(agree(*ks));
}

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

/* ---- the PIN ---- */

static void write_pin(const char *pin) { test_write_file(token.pin_file, pin, strlen(pin), 0600); }

static void c143_a_wrong_pin_is_tried_once(void **state)
{
	struct berth_keystore *ks;

	(void)state;
	make(&ks);
	berth_keystore_close(ks);
	unsigned before = asked('L');

	write_pin("4321\n");
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, false));
	CHECK(strstr(berth_err_detail(), "CKR_PIN_INCORRECT") && !strstr(berth_err_detail(), "4321"));
	CHECK(asked('L') == before + 1);
	for (int i = 0; i < 5; i++) {
		CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, false));
		CHECK(strstr(berth_err_detail(), "refused before"));
	}
	/* nor is the same one from somewhere else: credentials are written anew at each start */
	write_pin("4321\n");
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, false));
	CHECK(asked('L') == before + 1);
	write_pin("1234\n");
	CHECK_OK(try_open(&ks, false));
	CHECK_OK(sign(ks));
	berth_keystore_close(ks);
	/* what is kept of it does not say it */
	test_sh("test $(stat -c %%a:%%s %s/pin-refused) = 600:48 && ! grep -q 4321 %s/pin-refused", token.store_dir,
		token.store_dir);
	write_pin("4321\n");
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, false));
	test_sh("rm %s/pin-refused", token.store_dir);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, false));
	CHECK(asked('L') == before + 3);	/* one of them right */
}

static void c143_a_pin_that_one_mistake_would_lock_is_not_tried(void **state)
{
	static const char *const faults[] = { "pin-final-try", "pin-locked" };
	struct berth_keystore *ks;

	(void)state;
	make(&ks);
	berth_keystore_close(ks);
	unsigned before = asked('L');

	for (int i = 0; i < 2; i++) {
		set_fault(faults[i]);
		CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, false));
	}
	CHECK(asked('L') == before);
	heal();
	CHECK_OK(try_open(&ks, false));
	berth_keystore_close(ks);
}

static void the_pin_is_a_file_of_ours_or_a_credential(void **state)
{
	char uri[512];
	const struct berth_keystore_config cfg = { .uri = uri, .create = true };
	struct berth_keystore *ks;

	(void)state;
	chmod(token.pin_file, 0640);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	chmod(token.pin_file, 0600);
	snprintf(uri, sizeof(uri), "pkcs11:token=gw?module-path=%s&x-dir=%s", token.module, token.store_dir);
	unsetenv("CREDENTIALS_DIRECTORY");
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_open(&ks, &cfg));
	CHECK(strstr(berth_err_detail(), "berth-pin"));
	test_write_file(test_path(token.dir, "berth-pin"), "1234", 4, 0440);
	setenv("CREDENTIALS_DIRECTORY", token.dir, 1);
	CHECK_OK(berth_keystore_open(&ks, &cfg));
	unsetenv("CREDENTIALS_DIRECTORY");
	berth_keystore_close(ks);
	CHECK_OK(try_open(&ks, false));
	berth_keystore_close(ks);
}

/* ---- the keys ---- */

static void id_of(char hex[65], const char *label)
{
	char line[96];
	char *list = test_token_tool(&token, "-O --type privkey");

	snprintf(line, sizeof(line), "label:      %s\n", label);
	const char *at = strstr(list, line);

	assert_non_null(at);
	at = strstr(at, "ID:         ");

	assert_non_null(at);
	assert_int_equal(sscanf(at, "ID: %64s", hex), 1);
	free(list);
}

static void tool(const char *fmt, ...) BERTH_PRINTF(1, 2);
static void tool(const char *fmt, ...)
{
	char options[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(options, sizeof(options), fmt, ap);
	va_end(ap);
	free(test_token_tool(&token, options));
}

static void another_key_in_place_of_ours_is_found_out(void **state)
{
	uint8_t out[BERTH_SIG_MAX];
	struct berth_keystore *ks;
	struct berth_key_info p;
	char s[65], a[65];
	size_t n;

	(void)state;
	make(&ks);
	CHECK_OK(berth_keystore_generate(ks, "p", BERTH_KEY_P256, BERTH_USAGE_AGREE, &p));
	CHECK_OK(berth_keystore_generate(ks, "other", BERTH_KEY_ED25519, BERTH_USAGE_SIGN, NULL));
	berth_keystore_close(ks);
	id_of(s, "s");
	id_of(a, "p");
	tool("--delete-object --type privkey --id %s", s);
	CHECK_OK(try_open(&ks, false));
	CHECK_RC(BERTH_E_KEYSTORE, sign(ks));
	CHECK(strstr(berth_err_detail(), "is gone from it"));
	berth_keystore_close(ks);
	tool("--keypairgen --key-type EC:prime256v1 --usage-sign --sensitive --label s --id %s", s);
	tool("--delete-object --type privkey --id %s", a);
	tool("--keypairgen --key-type EC:prime256v1 --usage-derive --sensitive --label p --id %s", a);
	CHECK_OK(try_open(&ks, false));
	CHECK_RC(BERTH_E_KEYSTORE, sign(ks));
	CHECK(strstr(berth_err_detail(), "another key, or a faulty module"));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_ecdh(ks, "p", &p.pub, out, &n));
	CHECK(strstr(berth_err_detail(), "another key, or a faulty module"));
	CHECK_OK(berth_keystore_sign(ks, "other", "x", 1, out, &n));
	CHECK_OK(agree(ks));
	berth_keystore_close(ks);
}

static void a_name_somebody_else_has_given_is_not_ours_to_give(void **state)
{
	struct berth_keystore *ks;

	(void)state;
	make(&ks);
	tool("--keypairgen --key-type EC:prime256v1 --label theirs --id 01");
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_generate(ks, "theirs", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK(!berth_keystore_has(ks, "theirs"));
	CHECK_OK(berth_keystore_delete(ks, "theirs"));
	char *list = test_token_tool(&token, "-O --type privkey");

	CHECK(strstr(list, "label:      theirs\n"));
	free(list);
	CHECK_OK(berth_keystore_generate(ks, "ours", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	berth_keystore_close(ks);
}

static void without_its_key_a_store_is_lost_and_says_so(void **state)
{
	struct berth_keystore *ks;
	char id[65];

	(void)state;
	make(&ks);
	berth_keystore_close(ks);
	id_of(id, "berth.store");
	tool("--delete-object --type privkey --id %s", id);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	CHECK(strstr(berth_err_detail(), "cleared or replaced"));
	/* one made by somebody else under the same id opens nothing */
	tool("--keypairgen --key-type rsa:2048 --usage-sign --sensitive --label berth.store --id %s", id);
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	CHECK(strstr(berth_err_detail(), "damaged"));
}

static void an_id_in_the_uri_must_be_the_keys(void **state)
{
	char uri[512], id[65];
	const struct berth_keystore_config cfg = { .uri = uri };
	struct berth_keystore *ks;

	(void)state;
	make(&ks);
	berth_keystore_close(ks);
	id_of(id, "s");
	for (int flip = 0; flip < 2; flip++) {
		size_t at = (size_t)snprintf(uri, sizeof(uri), "pkcs11:token=gw;object=s;id=");

		for (size_t i = 0; i < strlen(id); i += 2)
			at += (size_t)snprintf(uri + at, sizeof(uri) - at, "%%%.2s", id + i);
		snprintf(uri + at, sizeof(uri) - at, "?module-path=%s&pin-source=%s&x-dir=%s", token.module,
			 token.pin_file, token.store_dir);
		CHECK_RC(flip ? BERTH_E_KEYSTORE : BERTH_OK, berth_keystore_open(&ks, &cfg));
		if (!flip)
			berth_keystore_close(ks);
		id[0] = id[0] == '0' ? '1' : '0';
	}
}

static void two_stores_share_a_token_and_a_process(void **state)
{
	char second[sizeof(token.store_dir)];
	struct berth_keystore *a, *b;
	struct berth_key_info info;

	(void)state;
	make(&a);
	memcpy(second, token.store_dir, sizeof(second));
	snprintf(token.store_dir, sizeof(token.store_dir), "%s/second", token.dir);
	CHECK_OK(try_open(&b, true));
	CHECK(berth_keystore_count(b) == 0);
	/* a name is taken in the token, whoever has it */
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_generate(b, "s", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK_OK(berth_keystore_generate(b, "s2", BERTH_KEY_P256, BERTH_USAGE_SIGN, &info));
	CHECK(asked('I') == 1);
	set_fault("removed");
	CHECK_RC(BERTH_E_KEYSTORE, sign(a));	/* its session is made anew, the other's stays */
	heal();
	CHECK_OK(sign(a));
	berth_keystore_close(b);
	CHECK(asked('F') == 0);
	CHECK_OK(sign(a));
	CHECK_OK(agree(a));
	berth_keystore_close(a);
	CHECK(asked('F') == 1 && asked('O') == asked('C'));
	memcpy(token.store_dir, second, sizeof(second));
}

/* ---- the file ---- */

static struct berth_pkcs11_secrets secrets = { .file_key = { 1 }, .kek = { 2 }, .epoch_kek = { 3 } };

static enum berth_err read_file(const uint8_t *p, size_t n)
{
	struct berth_pkcs11_secrets out = { .file_key = { 1 } };
	struct berth_pkcs11_store s;
	size_t rest;
	enum berth_err rc = berth_pkcs11_store_head(&s, &rest, p, n);

	if (!rc && s.ready)
		rc = berth_pkcs11_store_body(&s, &out, rest, p, n);
	if (!rc && s.ready) {
		assert_memory_equal(&out, &secrets, sizeof(out));
		CHECK(s.n == 1 && s.counter[1] == 7 && !strcmp(s.key[0].info.name, "k"));
	}
	berth_pkcs11_store_free(&s);
	return rc;
}

static void every_truncation_and_every_flipped_bit_is_e_keystore(void **state)
{
	struct berth_pkcs11_key k = { .info = { .name = "k", .usage = BERTH_USAGE_SIGN }, .id = { 5 } };
	struct berth_pkcs11_store s = { .ready = true, .token = "gw", .serial = "00ff", .counter = { 0, 7 }, .n = 1, .key = &k };
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_privkey priv;

	(void)state;
	CHECK_OK(berth_keypair_generate(&priv, BERTH_KEY_P256));
	k.info.pub = priv.pub;
	berth_privkey_wipe(&priv);
	CHECK_OK(berth_pkcs11_store_format(&b, &s, &secrets));
	CHECK_OK(read_file(b.p, b.len));
	for (size_t i = 0; i < b.len; i++) {
		uint8_t *cut = malloc(i ? i : 1);

		assert_non_null(cut);
		memcpy(cut, b.p, i);
		CHECK_RC(BERTH_E_KEYSTORE, read_file(cut, i));
		free(cut);
		b.p[i] ^= 1;
		CHECK_RC(BERTH_E_KEYSTORE, read_file(b.p, b.len));
		b.p[i] ^= 1;
	}
	berth_buf_u8(&b, 0);
	CHECK_RC(BERTH_E_KEYSTORE, read_file(b.p, b.len));
	berth_buf_free(&b);
}

static void a_store_whose_making_was_cut_short_is_made_again(void **state)
{
	struct berth_keystore *ks;
	char *list;

	(void)state;
	set_fault("signature-short");	/* the key is made, and then nothing works */
	CHECK_RC(BERTH_E_KEYSTORE, try_open(&ks, true));
	heal();
	make(&ks);
	berth_keystore_close(ks);
	list = test_token_tool(&token, "-O --type privkey");
	const char *first = strstr(list, "label:      berth.store\n");

	CHECK(first && !strstr(first + 1, "label:      berth.store\n"));
	free(list);
}

static void c143_a_key_nobody_got_to_know_is_deleted(void **state)
{
	struct berth_keystore *ks;
	int status;
	char *list;

	(void)state;
	make(&ks);
	berth_keystore_close(ks);
	set_fault("pair-crash");	/* made in the token, and then the process dies */
	pid_t pid = fork();

	if (pid == 0) {
		if (try_open(&ks, false) == BERTH_OK)
			(void)!berth_keystore_generate(ks, "n", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 9);
	heal();
	list = test_token_tool(&token, "-O --type privkey");
	CHECK(strstr(list, "label:      n\n"));
	free(list);
	CHECK_OK(try_open(&ks, false));
	list = test_token_tool(&token, "-O --type privkey");
	CHECK(!strstr(list, "label:      n\n"));
	free(list);
	CHECK_OK(sign(ks));
	CHECK_OK(berth_keystore_generate(ks, "n", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	berth_keystore_close(ks);
}

/* ---- somebody else's cryptography ---- */

static EVP_PKEY *openssl_public(const char *group, const struct berth_pubkey *pub)
{
	OSSL_PARAM p[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)pub->b, pub->len),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *k = NULL;

	assert_int_equal(EVP_PKEY_fromdata_init(c), 1);
	assert_int_equal(EVP_PKEY_fromdata(c, &k, EVP_PKEY_PUBLIC_KEY, p), 1);
	EVP_PKEY_CTX_free(c);
	return k;
}

static int openssl_verify(EVP_PKEY *k, const EVP_MD *md, const void *msg, size_t len, const uint8_t *sig, size_t n)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	int ok;

	assert_int_equal(EVP_DigestVerifyInit(c, NULL, md, NULL, k), 1);
	ok = EVP_DigestVerify(c, sig, n, msg, len);
	EVP_MD_CTX_free(c);
	return ok;
}

static size_t to_der(uint8_t *out, const uint8_t *sig, size_t each)
{
	ECDSA_SIG *s = ECDSA_SIG_new();
	uint8_t *at = out;

	ECDSA_SIG_set0(s, BN_bin2bn(sig, (int)each, NULL), BN_bin2bn(sig + each, (int)each, NULL));
	int n = i2d_ECDSA_SIG(s, &at);

	ECDSA_SIG_free(s);
	return (size_t)n;
}

static void openssl_verifies_what_a_token_signs(void **state)
{
	static const struct { enum berth_key_type type; const char *group, *md; } kinds[] = {
		{ BERTH_KEY_P256, "P-256", "SHA256" }, { BERTH_KEY_P384, "P-384", "SHA384" },
		{ BERTH_KEY_P521, "P-521", "SHA512" }, { BERTH_KEY_SECP256K1, "secp256k1", "SHA256" },
	};
	static const uint8_t msg[] = "signed in a token";
	struct berth_keystore *ks;
	struct berth_key_info info;
	uint8_t sig[BERTH_SIG_MAX], der[BERTH_SIG_MAX + 16];
	size_t n;
	EVP_PKEY *k;

	(void)state;
	CHECK_OK(try_open(&ks, true));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		CHECK_OK(berth_keystore_generate(ks, berth_key_type_name(kinds[i].type), kinds[i].type, BERTH_USAGE_SIGN, &info));
		CHECK_OK(berth_keystore_sign(ks, info.name, msg, sizeof(msg), sig, &n));
		k = openssl_public(kinds[i].group, &info.pub);
		const EVP_MD *md = EVP_get_digestbyname(kinds[i].md);
		size_t m = to_der(der, sig, n / 2);

		CHECK(openssl_verify(k, md, msg, sizeof(msg), der, m) == 1);
		CHECK(openssl_verify(k, md, msg, sizeof(msg) - 1, der, m) == 0);
		EVP_PKEY_free(k);
	}
	CHECK_OK(berth_keystore_generate(ks, "ed", BERTH_KEY_ED25519, BERTH_USAGE_SIGN, &info));
	CHECK_OK(berth_keystore_sign(ks, "ed", msg, sizeof(msg), sig, &n));
	k = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, info.pub.b, info.pub.len);
	CHECK(openssl_verify(k, NULL, msg, sizeof(msg), sig, n) == 1);
	CHECK(openssl_verify(k, NULL, msg, sizeof(msg) - 1, sig, n) != 1);
	EVP_PKEY_free(k);
	berth_keystore_close(ks);
}

static size_t openssl_agree(uint8_t *z, EVP_PKEY *mine, EVP_PKEY *theirs)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(mine, NULL);
	size_t n = BERTH_ECDH_MAX;

	assert_int_equal(EVP_PKEY_derive_init(c), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(c, theirs), 1);
	assert_int_equal(EVP_PKEY_derive(c, z, &n), 1);
	EVP_PKEY_CTX_free(c);
	return n;
}

static void openssl_agrees_with_a_token(void **state)
{
	static const struct { enum berth_key_type type; const char *group; } kinds[] = {
		{ BERTH_KEY_P256, "P-256" }, { BERTH_KEY_P384, "P-384" }, { BERTH_KEY_P521, "P-521" },
		{ BERTH_KEY_SECP256K1, "secp256k1" }, { BERTH_KEY_X25519, NULL },
	};
	struct berth_keystore *ks;

	(void)state;
	CHECK_OK(try_open(&ks, true));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		uint8_t ours[BERTH_ECDH_MAX], theirs[BERTH_ECDH_MAX], raw[BERTH_PUBKEY_MAX];
		struct berth_key_info info;
		struct berth_pubkey pub;
		size_t n, m = sizeof(raw);
		const char *group = kinds[i].group;

		CHECK_OK(berth_keystore_generate(ks, berth_key_type_name(kinds[i].type), kinds[i].type, BERTH_USAGE_AGREE, &info));
		EVP_PKEY *mine = group ? EVP_EC_gen(group) : EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
		EVP_PKEY *token_key = group ? openssl_public(group, &info.pub)
			: EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, info.pub.b, info.pub.len);

		assert_int_equal(EVP_PKEY_get_octet_string_param(mine, OSSL_PKEY_PARAM_PUB_KEY, raw, sizeof(raw), &m), 1);
		CHECK_OK(berth_pubkey_import(&pub, kinds[i].type, raw, m));
		CHECK_OK(berth_keystore_ecdh(ks, info.name, &pub, ours, &n));
		CHECK(openssl_agree(theirs, mine, token_key) == n);
		assert_memory_equal(ours, theirs, n);
		EVP_PKEY_free(mine);
		EVP_PKEY_free(token_key);
	}
	berth_keystore_close(ks);
}

static void a_point_of_low_order_is_e_decrypt(void **state)
{
	struct berth_keystore *ks;
	struct berth_pubkey zero = { .type = BERTH_KEY_X25519, .len = 32 };
	uint8_t z[BERTH_ECDH_MAX];
	size_t n = 7;

	(void)state;
	make(&ks);
	CHECK_RC(BERTH_E_DECRYPT, berth_keystore_ecdh(ks, "a", &zero, z, &n));
	zero.b[0] = 1;
	CHECK_RC(BERTH_E_DECRYPT, berth_keystore_ecdh(ks, "a", &zero, z, &n));
	CHECK(n == 0);
	CHECK_OK(agree(ks));
	berth_keystore_close(ks);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
/* A PIN that a TPM keeps: the file is worth nothing without this one. */
static void the_pin_may_be_sealed_by_a_tpm(void **state)
{
	struct berth_keystore_config cfg = { .uri = test_token_uri(&token, NULL), .create = true };
	struct berth_buf blob = BERTH_BUF_INIT;
	struct berth_keystore *ks;
	struct test_swtpm tpm, other;

	(void)state;
	test_swtpm_start(&tpm, false);
	test_swtpm_start(&other, false);
	cfg.tcti = tpm.tcti;
	/* until one ends as a line of text does: that octet belongs to it too */
	for (int i = 0; i < 2000 && (!i || blob.p[blob.len - 1] != '\n'); i++) {
		berth_buf_reset(&blob);
		CHECK_OK(berth_tpm2_seal_blob(&blob, tpm.tcti, BERTH_TPM2_LABEL_PIN, "1234", 4));
	}
	test_write_file(token.pin_file, blob.p, blob.len, 0600);
	CHECK_OK(berth_keystore_open(&ks, &cfg));
	CHECK_OK(berth_keystore_generate(ks, "s", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	berth_keystore_close(ks);
	unsigned before = asked('L');

	cfg.tcti = other.tcti;
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_open(&ks, &cfg));
	cfg.tcti = tpm.tcti;
	for (size_t n = 8; n < blob.len; n += 7) {
		test_write_file(token.pin_file, blob.p, n, 0600);
		CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_open(&ks, &cfg));
	}
	/* what was sealed for another purpose is no PIN */
	berth_buf_reset(&blob);
	CHECK_OK(berth_tpm2_seal_blob(&blob, tpm.tcti, "sealed file/", "1234", 4));
	test_write_file(token.pin_file, blob.p, blob.len, 0600);
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_open(&ks, &cfg));
	CHECK(asked('L') == before);	/* the token was not bothered */
	write_pin("1234\n");
	CHECK_OK(berth_keystore_open(&ks, &cfg));
	CHECK_OK(sign(ks));
	berth_keystore_close(ks);
	berth_buf_free(&blob);
	test_swtpm_stop(&tpm);
	test_swtpm_stop(&other);
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
		T(c143_a_wrong_pin_is_tried_once),
		T(c143_a_pin_that_one_mistake_would_lock_is_not_tried),
		T(the_pin_is_a_file_of_ours_or_a_credential),
		T(the_pin_may_be_sealed_by_a_tpm),
		T(another_key_in_place_of_ours_is_found_out),
		T(a_name_somebody_else_has_given_is_not_ours_to_give),
		T(without_its_key_a_store_is_lost_and_says_so),
		T(an_id_in_the_uri_must_be_the_keys),
		T(two_stores_share_a_token_and_a_process),
		T(every_truncation_and_every_flipped_bit_is_e_keystore),
		T(a_store_whose_making_was_cut_short_is_made_again),
		T(c143_a_key_nobody_got_to_know_is_deleted),
		T(openssl_verifies_what_a_token_signs),
		T(openssl_agrees_with_a_token),
		T(a_point_of_low_order_is_e_decrypt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
