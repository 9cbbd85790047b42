/* SPDX-License-Identifier: Apache-2.0 */
/* The keys in a token, and the file that says which they are: others in their place, names of
 * others, a making that was cut short. */
#include <sys/wait.h>

#include "did/keystore/pkcs11_file.h"
#include "tests/unit/did/keystore/pkcs11_token.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(another_key_in_place_of_ours_is_found_out),
		T(a_name_somebody_else_has_given_is_not_ours_to_give),
		T(without_its_key_a_store_is_lost_and_says_so),
		T(an_id_in_the_uri_must_be_the_keys),
		T(two_stores_share_a_token_and_a_process),
		T(every_truncation_and_every_flipped_bit_is_e_keystore),
		T(a_store_whose_making_was_cut_short_is_made_again),
		T(c143_a_key_nobody_got_to_know_is_deleted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
