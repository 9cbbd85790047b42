/* SPDX-License-Identifier: Apache-2.0 */
/* keyd in a process of its own, as in the daemon, with a sealed file: keys, agreements,
 * what is at rest.  Signatures: test_keyd_sign.c; limits: test_keyd_bounds.c. */
#include "sealed.h"

#include "agent/ipc/proc.h"
#include "did/crypto/agree.h"
#include "did/crypto/kdf.h"
#include "did/crypto/keypair.h"
#include "did/crypto/keywrap.h"

/* ---- keys ---- */

static void ensure_makes_once_and_finds_again(void **state)
{
	struct berth_key_info a = ensure("factory-sign", BERTH_KEY_ED25519, BERTH_USAGE_SIGN, PURPOSE(VC)), b;
	uint32_t purposes;

	(void)state;
	assert_string_equal(a.name, "factory-sign");
	assert_int_equal(a.usage, BERTH_USAGE_SIGN);
	assert_int_equal(a.custody, BERTH_CUSTODY_SEALED);
	assert_int_equal(keys->custody, BERTH_CUSTODY_SEALED);
	b = ensure("factory-sign", BERTH_KEY_ED25519, BERTH_USAGE_SIGN, PURPOSE(VC));
	CHECK(berth_pubkey_equal(&a.pub, &b.pub));
	CHECK_OK(berth_keyclient_info(kc, "factory-sign", &b, &purposes));
	CHECK(berth_pubkey_equal(&a.pub, &b.pub));
	assert_int_equal(purposes, PURPOSE(VC));
}

/* Some of them may be there already; what makes no sense in one of them makes none. */
static void several_keys_are_made_at_once(void **state)
{
	struct berth_key_order v[] = {
		{ "op-sign", BERTH_KEY_ED25519, BERTH_USAGE_SIGN, PURPOSE(VP) }, { "op-agree", BERTH_KEY_P256, BERTH_USAGE_AGREE, 0 },
		{ "op-agree2", BERTH_KEY_X25519, BERTH_USAGE_AGREE, 0 }, { "a", BERTH_KEY_X25519, BERTH_USAGE_AGREE, 0 },
	};
	struct berth_key_info a = ensure("op-agree", BERTH_KEY_P256, BERTH_USAGE_AGREE, 0), made[4], again[4];

	(void)state;
	v[3].name = "op-sign";
	CHECK_RC(BERTH_E_KEYSTORE, keys->ops->ensure_all(keys, v, 4, made));	/* twice, and of two kinds */
	v[3].name = "a";
	v[3].purposes = PURPOSE(VC);
	CHECK_RC(BERTH_E_KEY, keys->ops->ensure_all(keys, v, 4, made));
	v[3].purposes = 0;
	v[1].type = BERTH_KEY_X25519;
	CHECK_RC(BERTH_E_KEYSTORE, keys->ops->ensure_all(keys, v, 4, made));
	v[1].type = BERTH_KEY_P256;
	CHECK_RC(BERTH_E_KEYSTORE, berth_keyclient_info(kc, "op-sign", &made[0], NULL));
	CHECK_RC(BERTH_E_SIZE, keys->ops->ensure_all(keys, v, BERTH_KEYD_KEYS_MAX + 1, made));
	CHECK_OK(keys->ops->ensure_all(keys, v, 4, made));
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(made[i].name, v[i].name);
		CHECK(made[i].pub.type == v[i].type && made[i].usage == v[i].usage);
	}
	CHECK(berth_pubkey_equal(&a.pub, &made[1].pub));
	/* they outlast keyd */
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	CHECK_OK(berth_keyclient_attach(kc, start()));
	CHECK_OK(keys->ops->ensure_all(keys, v, 4, again));
	for (size_t i = 0; i < 4; i++)
		CHECK(berth_pubkey_equal(&made[i].pub, &again[i].pub));
}

static void what_a_store_can_make_is_told(void **state)
{
	(void)state;
	CHECK(keys->ops->can(keys, "any", BERTH_KEY_ED25519, BERTH_USAGE_SIGN));
	CHECK(keys->ops->can(keys, "any", BERTH_KEY_X25519, BERTH_USAGE_AGREE));
	CHECK(!keys->ops->can(keys, "any", BERTH_KEY_X25519, BERTH_USAGE_SIGN));
	CHECK(!keys->ops->can(keys, "any", BERTH_KEY_P256, BERTH_USAGE_ATTEST));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	CHECK(!keys->ops->can(keys, "any", BERTH_KEY_ED25519, BERTH_USAGE_SIGN));
	CHECK_OK(berth_keyclient_attach(kc, start()));
}

static void ensure_of_another_kind_is_e_keystore(void **state)
{
	struct berth_key_info i;

	(void)state;
	ensure("k", BERTH_KEY_P256, BERTH_USAGE_SIGN, PURPOSE(VC));
	CHECK_RC(BERTH_E_KEYSTORE, keys->ops->ensure(keys, "k", BERTH_KEY_P256, BERTH_USAGE_SIGN, PURPOSE(VC) | PURPOSE(VP), &i));
	CHECK_RC(BERTH_E_KEYSTORE, keys->ops->ensure(keys, "k", BERTH_KEY_ED25519, BERTH_USAGE_SIGN, PURPOSE(VC), &i));
	CHECK_RC(BERTH_E_KEYSTORE, keys->ops->ensure(keys, "k", BERTH_KEY_P256, BERTH_USAGE_AGREE, 0, &i));
	ensure("k", BERTH_KEY_P256, BERTH_USAGE_SIGN, PURPOSE(VC));
}

static void ensure_refuses_what_makes_no_sense(void **state)
{
	char longest[BERTH_KEYD_NAME_MAX + 2];
	struct berth_key_info i;

	(void)state;
	CHECK_RC(BERTH_E_KEY, keys->ops->ensure(keys, "a", BERTH_KEY_P256, BERTH_USAGE_SIGN, 0, &i));
	CHECK_RC(BERTH_E_KEY, keys->ops->ensure(keys, "a", BERTH_KEY_P256, BERTH_USAGE_AGREE, PURPOSE(VC), &i));
	CHECK_RC(BERTH_E_KEY, keys->ops->ensure(keys, "a", BERTH_KEY_X25519, BERTH_USAGE_SIGN, PURPOSE(VC), &i));
	CHECK_RC(BERTH_E_KEY, keys->ops->ensure(keys, "a", BERTH_KEY_P256, BERTH_USAGE_ATTEST, 0, &i));
	CHECK_RC(BERTH_E_AUTHZ, keys->ops->ensure(keys, "a", BERTH_KEY_P256, BERTH_USAGE_SIGN, PURPOSE(JWS), &i));
	CHECK_RC(BERTH_E_AUTHZ, keys->ops->ensure(keys, "a", BERTH_KEY_P256, BERTH_USAGE_SIGN, PURPOSE(VC) | PURPOSE(JWS), &i));
	CHECK_RC(BERTH_E_KEY, keys->ops->ensure(keys, "../a", BERTH_KEY_P256, BERTH_USAGE_AGREE, 0, &i));
	CHECK_RC(BERTH_E_KEY, keys->ops->ensure(keys, "", BERTH_KEY_P256, BERTH_USAGE_AGREE, 0, &i));
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	CHECK_RC(BERTH_E_KEY, keys->ops->ensure(keys, longest, BERTH_KEY_P256, BERTH_USAGE_AGREE, 0, &i));
	longest[BERTH_KEYD_NAME_MAX] = '\0';
	ensure(longest, BERTH_KEY_P256, BERTH_USAGE_AGREE, 0);
	CHECK_RC(BERTH_E_KEYSTORE, berth_keyclient_info(kc, "a", &i, NULL));
}

static enum berth_err count(void *arg, const struct berth_key_info *info, uint32_t purposes)
{
	size_t *n = arg;

	(*n)++;
	CHECK(!strcmp(info->name, "a") ? purposes == PURPOSE(VC) : !strcmp(info->name, "b") && purposes == 0);
	return BERTH_OK;
}

static void keys_and_purposes_outlive_the_process(void **state)
{
	struct berth_key_info a = ensure("a", BERTH_KEY_SECP256K1, BERTH_USAGE_SIGN, PURPOSE(VC)), again;
	uint8_t payload[] = "{}";
	struct berth_buf h = BERTH_BUF_INIT, s = BERTH_BUF_INIT;
	size_t n = 0;

	(void)state;
	ensure("b", BERTH_KEY_X25519, BERTH_USAGE_AGREE, 0);
	CHECK_OK(keys->ops->bind(keys, KID, "a"));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	CHECK_RC(BERTH_E_KEYSTORE, berth_keyclient_info(kc, "a", &again, NULL));
	CHECK(!berth_keyclient_usable(kc));
	CHECK_RC(BERTH_E_KEYSTORE, ring->ops->sign(ring, KID, BERTH_SIGN_VC, payload, 2, &h, &s));
	CHECK_OK(berth_keyclient_attach(kc, start()));
	CHECK(berth_keyclient_usable(kc));
	CHECK_OK(berth_keyclient_info(kc, "a", &again, NULL));
	CHECK(berth_pubkey_equal(&a.pub, &again.pub));
	CHECK_OK(berth_keyclient_list(kc, count, &n));
	assert_int_equal(n, 2);
	CHECK_RC(BERTH_E_AUTHZ, ring->ops->sign(ring, KID, BERTH_SIGN_VP, payload, 2, &h, &s));
	CHECK_RC(BERTH_E_KEYSTORE, keys->ops->ensure(keys, "a", BERTH_KEY_SECP256K1, BERTH_USAGE_SIGN, PURPOSE(VP), &again));
}

static void delete_is_final_and_repeatable(void **state)
{
	struct berth_key_info a = ensure("a", BERTH_KEY_P384, BERTH_USAGE_SIGN, PURPOSE(VC)), b;

	(void)state;
	CHECK_OK(keys->ops->remove(keys, "a"));
	CHECK_OK(keys->ops->remove(keys, "a"));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keyclient_info(kc, "a", &b, NULL));
	CHECK_RC(BERTH_E_KEYSTORE, keys->ops->bind(keys, KID, "a"));
	b = ensure("a", BERTH_KEY_P384, BERTH_USAGE_SIGN, PURPOSE(VP));
	CHECK(!berth_pubkey_equal(&a.pub, &b.pub));
}

/* keys that the command line put into the same store */
static void keys_of_others_do_not_exist(void **state)
{
	struct berth_keystore_config cfg = config();
	struct berth_keystore *ks;
	struct berth_key_info i;
	size_t n = 0;

	(void)state;
	berth_keyclient_free(kc);
	CHECK_OK(ended());
	CHECK_OK(berth_keystore_open(&ks, &cfg));
	CHECK_OK(berth_keystore_generate(ks, "mine", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK_OK(berth_keystore_generate(ks, "mine.pffffffff", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK_OK(berth_keystore_generate(ks, "mine.p00002", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK_OK(berth_keystore_generate(ks, "mine.p02", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	berth_keystore_close(ks);
	kc = NULL;
	up(NULL);
	CHECK_RC(BERTH_E_KEYSTORE, berth_keyclient_info(kc, "mine", &i, NULL));
	CHECK_OK(berth_keyclient_list(kc, count, &n));
	assert_int_equal(n, 0);
}

static void a_late_purpose_makes_the_stored_name_longer(void **state)
{
	uint32_t early = BERTH_PURPOSE_BIT(BERTH_SIGN_VC), late = early | BERTH_PURPOSE_BIT(BERTH_SIGN_IDEVID_KEY);
	char stored[BERTH_KEY_NAME_MAX + 1];
	struct keyd_name name;

	(void)state;
	keyd_name_format(stored, "op.p1", early);
	assert_string_equal(stored, "op.p1.p0002");
	CHECK(keyd_name_parse(&name, stored) && name.purposes == early);
	keyd_name_format(stored, "op.p1", late);
	assert_string_equal(stored, "op.p1.p10002");
	CHECK(keyd_name_parse(&name, stored) && name.purposes == late);
	assert_string_equal(name.name, "op.p1");
}

/* ---- agreements ---- */

static void agreement(enum berth_key_type type)
{
	static const uint8_t tag[32] = { 7 };
	struct berth_key_info me = ensure("agree", type, BERTH_USAGE_AGREE, 0);
	struct berth_privkey epk, peer;
	uint8_t z[2 * BERTH_ECDH_MAX], kek[32], cek[BERTH_CEK_MAX], back[BERTH_CEK_MAX], wrapped[BERTH_WRAPPED_MAX];
	struct berth_kek_params p = {
		.alg = "ECDH-1PU+A256KW", .apu = (const uint8_t *)"alice", .apu_len = 5,
		.apv = (const uint8_t *)"bob", .apv_len = 3, .cc_tag = tag, .cc_tag_len = sizeof(tag)
	};
	struct berth_kdf_info info = {
		.alg = p.alg, .apu = p.apu, .apu_len = 5, .apv = p.apv, .apv_len = 3, .cc_tag = tag, .cc_tag_len = 32
	};
	struct berth_buf out = BERTH_BUF_INIT;
	size_t n, m, w;

	CHECK_OK(keys->ops->bind(keys, KID, "agree"));
	CHECK_OK(berth_keypair_generate(&epk, type));
	CHECK_OK(berth_keypair_generate(&peer, type));
	berth_random(cek, sizeof(cek));

	/* a peer wraps for us */
	CHECK_OK(berth_ecdh(z, &n, &epk, &me.pub));
	CHECK_OK(berth_ecdh(z + n, &m, &peer, &me.pub));
	CHECK_OK(berth_concat_kdf(kek, 32, z, n + m, &info));
	CHECK_OK(berth_keywrap(wrapped, &w, kek, cek, sizeof(cek)));
	p.epk = &epk.pub;
	p.peer = &peer.pub;
	CHECK_OK(ring->ops->unwrap(ring, KID, &p, wrapped, w, back, &n));
	CHECK(n == sizeof(cek) && !memcmp(back, cek, n));
	wrapped[3] ^= 1;
	CHECK_RC(BERTH_E_DECRYPT, ring->ops->unwrap(ring, KID, &p, wrapped, w, back, &n));
	assert_int_equal(n, 0);
	CHECK_RC(BERTH_E_DECRYPT, ring->ops->unwrap(ring, KID, &p, wrapped, 5000, back, &n));

	/* we wrap for the peer */
	CHECK_OK(berth_ecdh(z, &n, &epk, &peer.pub));
	CHECK_OK(ring->ops->wrap_1pu(ring, KID, &p, z, n, cek, sizeof(cek), &out));
	CHECK_OK(berth_ecdh(z + n, &m, &peer, &me.pub));
	CHECK_OK(berth_concat_kdf(kek, 32, z, n + m, &info));
	CHECK_OK(berth_keyunwrap(back, &n, kek, out.p, out.len));
	CHECK(n == sizeof(cek) && !memcmp(back, cek, n));
	berth_buf_free(&out);
	CHECK_OK(keys->ops->remove(keys, "agree"));
}

static void agreements_wrap_and_unwrap(void **state)
{
	(void)state;
	agreement(BERTH_KEY_X25519);
	agreement(BERTH_KEY_P256);
	agreement(BERTH_KEY_P384);
	agreement(BERTH_KEY_P521);
	agreement(BERTH_KEY_SECP256K1);
}

static void c034_c036_bad_points_are_refused(void **state)
{
	struct berth_privkey epk, peer;
	struct berth_kek_params p = { .alg = "ECDH-ES+A256KW", .epk = &epk.pub };
	uint8_t wrapped[40] = { 0 }, cek[BERTH_CEK_MAX];
	struct berth_buf h = BERTH_BUF_INIT, s = BERTH_BUF_INIT, out = BERTH_BUF_INIT;
	size_t n;

	(void)state;
	ensure("agree", BERTH_KEY_P256, BERTH_USAGE_AGREE, 0);
	ensure("sign", BERTH_KEY_P256, BERTH_USAGE_SIGN, PURPOSE(VC));
	CHECK_OK(keys->ops->bind(keys, KID, "agree"));
	CHECK_OK(keys->ops->bind(keys, DID "#s", "sign"));
	CHECK_OK(berth_keypair_generate(&epk, BERTH_KEY_X25519));
	CHECK_RC(BERTH_E_KEY, ring->ops->unwrap(ring, KID, &p, wrapped, 40, cek, &n));
	CHECK_OK(berth_keypair_generate(&epk, BERTH_KEY_P256));
	CHECK_RC(BERTH_E_DECRYPT, ring->ops->unwrap(ring, KID, &p, wrapped, 40, cek, &n));
	/* a signing key agrees on nothing, and an agreement key signs nothing */
	CHECK_RC(BERTH_E_KEY, ring->ops->unwrap(ring, DID "#s", &p, wrapped, 40, cek, &n));
	CHECK_RC(BERTH_E_AUTHZ, ring->ops->sign(ring, KID, BERTH_SIGN_VC, "{}", 2, &h, &s));
	epk.pub.b[64] ^= 1;
	CHECK_RC(BERTH_E_KEY, ring->ops->unwrap(ring, KID, &p, wrapped, 40, cek, &n));
	epk.pub.b[64] ^= 1;
	CHECK_OK(berth_keypair_generate(&peer, BERTH_KEY_P256));
	p = (struct berth_kek_params){ .alg = "ECDH-1PU+A256KW", .epk = &epk.pub, .peer = &peer.pub, .cc_tag = wrapped, .cc_tag_len = 32 };
	CHECK_RC(BERTH_E_DECRYPT, ring->ops->unwrap(ring, KID, &p, wrapped, 40, cek, &n));
	CHECK_OK(ring->ops->wrap_1pu(ring, KID, &p, wrapped, 32, wrapped, 32, &out));
	peer.pub.b[64] ^= 1;
	CHECK_RC(BERTH_E_KEY, ring->ops->unwrap(ring, KID, &p, wrapped, 40, cek, &n));
	CHECK_RC(BERTH_E_KEY, ring->ops->wrap_1pu(ring, KID, &p, wrapped, 32, wrapped, 32, &out));
	berth_buf_free(&out);
	CHECK(berth_keyclient_usable(kc));
	ensure("x", BERTH_KEY_X25519, BERTH_USAGE_AGREE, 0);
	CHECK_OK(keys->ops->bind(keys, DID "#x", "x"));
	epk.pub = (struct berth_pubkey){ .type = BERTH_KEY_X25519, .len = 32 };
	p = (struct berth_kek_params){ .alg = "ECDH-ES+A256KW", .epk = &epk.pub };
	CHECK_RC(BERTH_E_DECRYPT, ring->ops->unwrap(ring, DID "#x", &p, wrapped, 40, cek, &n));
}

/* ---- at rest, counters, evidence ---- */

static void records_open_under_their_label_and_epoch(void **state)
{
	struct berth_buf box = BERTH_BUF_INIT, pt = BERTH_BUF_INIT;

	(void)state;
	CHECK_OK(keys->ops->seal(keys, "items", -1, "wifi", 4, &box));
	CHECK_OK(keys->ops->unseal(keys, "items", -1, box.p, box.len, &pt));
	assert_string_equal(berth_buf_cstr(&pt), "wifi");
	CHECK(keys->ops->unseal(keys, "other", -1, box.p, box.len, &pt) != BERTH_OK);
	box.p[box.len - 1] ^= 1;
	CHECK(keys->ops->unseal(keys, "items", -1, box.p, box.len, &pt) != BERTH_OK);
	berth_buf_reset(&box);
	berth_buf_reset(&pt);

	uint8_t *big = calloc(1, BERTH_KEYD_PLAIN_MAX + 1);
	assert_non_null(big);
	CHECK_RC(BERTH_E_SIZE, keys->ops->seal(keys, "items", -1, big, BERTH_KEYD_PLAIN_MAX + 1, &box));
	CHECK_OK(keys->ops->seal(keys, "items", -1, big, BERTH_KEYD_PLAIN_MAX, &box));
	CHECK_OK(keys->ops->unseal(keys, "items", -1, box.p, box.len, &pt));
	assert_int_equal(pt.len, BERTH_KEYD_PLAIN_MAX);
	free(big);
	berth_buf_free(&box);
	berth_buf_free(&pt);
}

static void counters_step(void **state)
{
	uint64_t a, b;
	bool prot = true;

	(void)state;
	for (enum berth_counter c = BERTH_COUNTER_EPOCH; c <= BERTH_COUNTER_GENERATION; c++) {
		CHECK_OK(keys->ops->counter_read(keys, c, &a, &prot));
		CHECK(!prot);
		CHECK_OK(keys->ops->counter_step(keys, c, &b));
		assert_int_equal(b, a + 1);
		CHECK_OK(keys->ops->counter_read(keys, c, &b, NULL));
		assert_int_equal(b, a + 1);
	}
}

static void a_file_has_no_evidence(void **state)
{
	struct berth_buf a = BERTH_BUF_INIT, b = BERTH_BUF_INIT;
	const uint8_t nonce[32] = { 1 };

	(void)state;
	ensure("k", BERTH_KEY_P256, BERTH_USAGE_SIGN, PURPOSE(VC));
	CHECK_RC(BERTH_E_KEY, keys->ops->ek(keys, &a, &b));
	CHECK_RC(BERTH_E_KEY, keys->ops->public_area(keys, "k", &a));
	CHECK_RC(BERTH_E_KEY, keys->ops->activate(keys, "k", "b", 1, "s", 1, &a));
	CHECK_RC(BERTH_E_KEY, keys->ops->certify(keys, "k", "k", nonce, &a, &b));
	CHECK_RC(BERTH_E_KEY, keys->ops->quote(keys, "k", 1, nonce, &a, &b));
	CHECK_RC(BERTH_E_KEYSTORE, keys->ops->certify(keys, "k", "ak", nonce, &a, &b));
	CHECK(berth_keyclient_usable(kc));
}

/* ---- the program ---- */

static void the_program_serves_and_ends_with_its_socket(void **state)
{
	char self[512], *slash;
	struct berth_proc p;
	const struct berth_keystore_config cfg = config();
	struct berth_keyclient *c;
	struct berth_key_info info;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 64);
	int sock, status = -1;

	(void)state;
	assert_true(n > 0);
	self[n] = '\0';
	for (int i = 0; i < 5; i++) {	/* tests/unit/agent/keyd/test_keyd */
		slash = strrchr(self, '/');
		assert_non_null(slash);
		*slash = '\0';
	}
	strncat(self, "/libexec/berth-keyd", 32);
	char *const argv[] = { self, NULL };
	CHECK_OK(berth_proc_spawn(&p, &sock, self, argv));
	CHECK_OK(berth_keyclient_new(&c, &cfg));
	CHECK_OK(berth_keyclient_attach(c, sock));
	struct berth_keys *k = berth_keyclient_keys(c);
	CHECK_OK(k->ops->ensure(k, "k", BERTH_KEY_P256, BERTH_USAGE_SIGN, PURPOSE(VC), &info));
	char path[128], line[256];
	snprintf(path, sizeof(path), "/proc/%d/status", (int)p.pid);
	FILE *f = fopen(path, "r");
	bool nnp = false;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		nnp |= !strcmp(line, "NoNewPrivs:\t1\n");
	fclose(f);
	CHECK(nnp);
	berth_keyclient_free(c);
	CHECK_SOON(berth_proc_reap(&p, &status));
	assert_int_equal(status, 0);
	snprintf(path, sizeof(path), "%s/keys", dir);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_KEYD(ensure_makes_once_and_finds_again),
		WITH_KEYD(several_keys_are_made_at_once),
		WITH_KEYD(what_a_store_can_make_is_told),
		WITH_KEYD(ensure_of_another_kind_is_e_keystore),
		WITH_KEYD(ensure_refuses_what_makes_no_sense),
		WITH_KEYD(keys_and_purposes_outlive_the_process),
		WITH_KEYD(delete_is_final_and_repeatable),
		WITH_KEYD(keys_of_others_do_not_exist),
		cmocka_unit_test(a_late_purpose_makes_the_stored_name_longer),
		WITH_KEYD(agreements_wrap_and_unwrap),
		WITH_KEYD(c034_c036_bad_points_are_refused),
		WITH_KEYD(records_open_under_their_label_and_epoch),
		WITH_KEYD(counters_step),
		WITH_KEYD(a_file_has_no_evidence),
		cmocka_unit_test(the_program_serves_and_ends_with_its_socket),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
