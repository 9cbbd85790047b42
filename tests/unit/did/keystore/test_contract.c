/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for every custody, run against each. */
#include <unistd.h>

#include "did/base/rand.h"
#include "did/base/secret.h"
#include "did/crypto/agree.h"
#include "did/crypto/keypair.h"
#include "did/crypto/recover.h"
#include "did/crypto/sign.h"
#include "did/crypto/x509_ldevid.h"
#include "did/keystore/x509_sign.h"
#include "tests/check.h"
#include "tests/unit/did/keystore/backends.h"

/* PKCS #11 modules lose some memory of their own, and too much is allocated here to
 * tell by whom: what our side loses shows in test_pkcs11.c. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

static struct berth_keystore *ks;

static int setup(void **state)
{
	const struct backend *b = *state;

	ks = NULL;
	b->begin();
	CHECK_OK(b->open(&ks, true));
	return 0;
}

static int teardown(void **state)
{
	const struct backend *b = *state;

	berth_keystore_close(ks);
	b->end();
	return 0;
}

static void reopen(const struct backend *b)
{
	berth_keystore_close(ks);
	ks = NULL;
	CHECK_OK(b->open(&ks, false));
}

static void make(const char *name, enum berth_usage usage, struct berth_key_info *info)
{
	CHECK_OK(berth_keystore_generate(ks, name, BERTH_KEY_P256, usage, info));
}

static void a_store_says_what_kind_it_is(void **state)
{
	const struct backend *b = *state;
	struct berth_keystore_kind kind = berth_keystore_kind(ks);

	CHECK(kind.custody == b->custody);
	CHECK(kind.attestable == b->device);
	CHECK(kind.imports == b->imports);
}

/* A P-256 key that agrees; false: by the table there is none, and it was refused. */
static bool make_agreeing(const struct backend *b, const char *name, struct berth_key_info *info)
{
	bool can = b->agrees & BIT(P256);

	CHECK_RC(can ? BERTH_OK : BERTH_E_KEY, berth_keystore_generate(ks, name, BERTH_KEY_P256, BERTH_USAGE_AGREE, info));
	return can;
}

/* A file has all of them or none; which of them a store can make is checked before. */
static void keys_are_made_together(void **state)
{
	const struct backend *b = *state;
	struct berth_key_order v[] = { { "a", BERTH_KEY_P256, BERTH_USAGE_SIGN, 0 }, { "b", BERTH_KEY_P256, BERTH_USAGE_SIGN, 0 },
				       { "c", BERTH_KEY_X25519, BERTH_USAGE_SIGN, 0 } };
	struct berth_key_info first, second;

	CHECK_RC(BERTH_E_KEY, berth_keystore_generate_all(ks, v, 3));
	v[2] = (struct berth_key_order){ "a", BERTH_KEY_P256, BERTH_USAGE_SIGN, 0 };
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_generate_all(ks, v, 3));
	CHECK(berth_keystore_count(ks) == 0);
	CHECK_OK(berth_keystore_generate_all(ks, v, 2));
	reopen(b);
	CHECK(berth_keystore_count(ks) == 2);
	CHECK_OK(berth_keystore_find(ks, "a", &first));
	CHECK_OK(berth_keystore_find(ks, "b", &second));
	CHECK(!berth_pubkey_equal(&first.pub, &second.pub));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_generate_all(ks, v + 1, 1));
}

static void an_empty_store_holds_nothing(void **state)
{
	struct berth_key_info info;

	(void)state;
	CHECK(berth_keystore_count(ks) == 0);
	CHECK(!berth_keystore_has(ks, "a"));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_find(ks, "a", &info));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_at(ks, 0, &info));
	CHECK_OK(berth_keystore_delete(ks, "a"));
}

static void a_new_key_is_what_was_asked_for(void **state)
{
	const struct backend *b = *state;
	struct berth_key_info info, again;

	make("f.sign-1_a", BERTH_USAGE_SIGN, &info);
	assert_string_equal(info.name, "f.sign-1_a");
	CHECK(info.usage == BERTH_USAGE_SIGN);
	CHECK(info.custody == b->custody);
	CHECK(info.attestable == b->device);
	CHECK(info.pub.type == BERTH_KEY_P256 && info.pub.len == 65 && info.pub.b[0] == 4);
	CHECK_OK(berth_keystore_find(ks, "f.sign-1_a", &again));
	assert_memory_equal(&info, &again, sizeof(info));
	CHECK_OK(berth_keystore_at(ks, 0, &again));
	assert_memory_equal(&info, &again, sizeof(info));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_at(ks, 1, &again));
}

static void names_are_checked(void **state)
{
	static const char *const bad[] = { "", ".", "..", "A", "a/b", "a b", "a#", "a\n",
		"0123456789012345678901234567890123456789012345678901234567890123" };
	struct berth_key_info info;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_RC(BERTH_E_KEY, berth_keystore_generate(ks, bad[i], BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
		CHECK_RC(BERTH_E_KEY, berth_keystore_find(ks, bad[i], &info));
		CHECK_RC(BERTH_E_KEY, berth_keystore_delete(ks, bad[i]));
	}
	CHECK(berth_keystore_count(ks) == 0);
	make("012345678901234567890123456789012345678901234567890123456789012", BERTH_USAGE_SIGN, NULL);
}

static void a_taken_name_is_e_keystore(void **state)
{
	struct berth_key_info info, after;

	(void)state;
	make("a", BERTH_USAGE_SIGN, &info);
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_generate(ks, "a", BERTH_KEY_P384, BERTH_USAGE_SIGN, &after));
	CHECK_OK(berth_keystore_find(ks, "a", &after));
	assert_memory_equal(&info, &after, sizeof(info));
}

static void a_key_type_that_cannot_do_it_is_e_key(void **state)
{
	const struct backend *b = *state;

	CHECK_RC(BERTH_E_KEY, berth_keystore_generate(ks, "a", BERTH_KEY_X25519, BERTH_USAGE_SIGN, NULL));
	CHECK_RC(BERTH_E_KEY, berth_keystore_generate(ks, "a", BERTH_KEY_ED25519, BERTH_USAGE_AGREE, NULL));
	CHECK_RC(BERTH_E_KEY, berth_keystore_generate(ks, "a", BERTH_KEY_NONE, BERTH_USAGE_SIGN, NULL));
	CHECK_RC(BERTH_E_KEY, berth_keystore_generate(ks, "a", BERTH_KEY_P256, (enum berth_usage)3, NULL));
	CHECK_RC(b->device ? BERTH_OK : BERTH_E_KEY,
		 berth_keystore_generate(ks, "ak", BERTH_KEY_P256, BERTH_USAGE_ATTEST, NULL));
}

static void it_makes_what_it_says_and_nothing_else(void **state)
{
	static const enum berth_usage usages[] = { BERTH_USAGE_SIGN, BERTH_USAGE_AGREE, BERTH_USAGE_ATTEST };
	const struct backend *b = *state;
	const unsigned table[] = { b->signs, b->agrees, b->device ? BIT(P256) : 0 };
	char name[BERTH_KEY_NAME_MAX + 1];

	for (unsigned t = BERTH_KEY_NONE; t < BERTH_KEY__COUNT; t++)
		for (size_t u = 0; u < 3; u++) {
			bool can = table[u] & 1u << t;

			snprintf(name, sizeof(name), "k.%u.%zu", t, u);
			CHECK(berth_keystore_can(ks, t, usages[u]) == can);
			CHECK_RC(can ? BERTH_OK : BERTH_E_KEY, berth_keystore_generate(ks, name, t, usages[u], NULL));
		}
	CHECK(!berth_keystore_can(ks, BERTH_KEY_P256, (enum berth_usage)3));
}

static void every_type_it_signs_with_works(void **state)
{
	const struct backend *b = *state;
	static const uint8_t msg[] = "hello";

	for (unsigned t = BERTH_KEY_ED25519; t < BERTH_KEY__COUNT; t++) {
		uint8_t sig[BERTH_SIG_MAX];
		struct berth_key_info info;
		size_t n;

		if (!(b->signs & 1u << t))
			continue;
		CHECK_OK(berth_keystore_generate(ks, berth_key_type_name(t), t, BERTH_USAGE_SIGN, &info));
		CHECK_OK(berth_keystore_sign(ks, info.name, msg, sizeof(msg), sig, &n));
		CHECK_OK(berth_verify(&info.pub, msg, sizeof(msg), sig, n));
		sig[n / 2] ^= 1;
		CHECK_RC(BERTH_E_SIG, berth_verify(&info.pub, msg, sizeof(msg), sig, n));
	}
}

static void every_type_it_agrees_with_works(void **state)
{
	const struct backend *b = *state;

	for (unsigned t = BERTH_KEY_ED25519; t < BERTH_KEY__COUNT; t++) {
		uint8_t ours[BERTH_ECDH_MAX], theirs[BERTH_ECDH_MAX];
		struct berth_key_info info;
		struct berth_privkey eph;
		size_t n, m;

		if (!(b->agrees & 1u << t))
			continue;
		CHECK_OK(berth_keystore_generate(ks, berth_key_type_name(t), t, BERTH_USAGE_AGREE, &info));
		CHECK_OK(berth_keypair_generate(&eph, t));
		CHECK_OK(berth_keystore_ecdh(ks, info.name, &eph.pub, ours, &n));
		CHECK_OK(berth_ecdh(theirs, &m, &eph, &info.pub));
		CHECK(n == m && n == berth_key_size(t));
		assert_memory_equal(ours, theirs, n);
		berth_privkey_wipe(&eph);
	}
}

static void a_signature_verifies_and_has_the_low_s(void **state)
{
	/* (n - 1) / 2 of P-256 */
	static const uint8_t half[32] = {
		0x7f, 0xff, 0xff, 0xff, 0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xde, 0x73, 0x7d, 0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8 };
	struct berth_key_info info;
	uint8_t sig[BERTH_SIG_MAX];
	size_t n;

	(void)state;
	make("a", BERTH_USAGE_SIGN, &info);
	for (unsigned i = 0; i < 24; i++) {
		CHECK_OK(berth_keystore_sign(ks, "a", &i, sizeof(i), sig, &n));
		CHECK(n == 64);
		CHECK_OK(berth_verify(&info.pub, &i, sizeof(i), sig, n));
		CHECK(memcmp(sig + 32, half, 32) <= 0);
	}
	CHECK_OK(berth_keystore_sign(ks, "a", "", 0, sig, &n));
	CHECK_OK(berth_verify(&info.pub, "", 0, sig, n));
}

/* A digest of another hash than the curve's own: secp256k1 only, the key comes back from
 * what it signed. */
static void only_secp256k1_signs_a_digest(void **state)
{
	/* (n - 1) / 2 */
	static const uint8_t half[32] = {
		0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0 };
	const struct backend *b = *state;
	struct berth_key_info info;
	struct berth_pubkey found;
	uint8_t digest[32] = { 0 }, rs[64], recovery;

	make("p256", BERTH_USAGE_SIGN, &info);
	CHECK_RC(BERTH_E_KEY, berth_keystore_sign_digest(ks, "p256", digest, rs));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_sign_digest(ks, "k1", digest, rs));
	if (!(b->signs & BIT(SECP256K1)))
		return;
	CHECK_OK(berth_keystore_generate(ks, "k1", BERTH_KEY_SECP256K1, BERTH_USAGE_SIGN, &info));
	for (unsigned i = 0; i < 16; i++) {
		digest[0] = (uint8_t)i;
		CHECK_OK(berth_keystore_sign_digest(ks, "k1", digest, rs));
		CHECK(memcmp(rs + 32, half, 32) <= 0);
		CHECK_OK(berth_k1_find_recovery(&recovery, &info.pub, digest, rs));
		CHECK_OK(berth_k1_recover(&found, digest, rs, recovery));
		CHECK(berth_pubkey_equal(&found, &info.pub));
	}
	if (!(b->agrees & BIT(SECP256K1)))
		return;
	CHECK_OK(berth_keystore_generate(ks, "a1", BERTH_KEY_SECP256K1, BERTH_USAGE_AGREE, &info));
	CHECK_RC(BERTH_E_KEY, berth_keystore_sign_digest(ks, "a1", digest, rs));
}

/* A CA's key and a device's in a store of any kind: what they sign is X.509. */
static void keys_of_every_custody_are_certified(void **state)
{
	struct berth_x509_order ca = { .kind = BERTH_X509_CA, .subject = "/CN=ca", .from_s = 1790000000, .until_s = 1799000000 },
		issue = { .kind = BERTH_X509_ISSUE, .subject = "/CN=gw", .sans = { "did:x" }, .n_sans = 1, .from_s = 1790000000,
			  .until_s = 1790000001 };
	const struct berth_x509_order request = { .kind = BERTH_X509_REQUEST, .subject = "/CN=gw" };
	struct berth_buf above = BERTH_BUF_INIT, der = BERTH_BUF_INIT;
	struct berth_x509_chain c = { .n = 0 };
	struct berth_key_info info;
	struct berth_pubkey asked;

	(void)state;
	make("ca", BERTH_USAGE_SIGN, &info);
	CHECK_OK(berth_keystore_x509(ks, "ca", &ca, &above));
	make("gw", BERTH_USAGE_SIGN, &info);
	CHECK_OK(berth_keystore_x509(ks, "gw", &request, &der));
	CHECK_OK(berth_x509_req_read(&asked, der.p, der.len));
	CHECK(berth_pubkey_equal(&asked, &info.pub));
	berth_buf_reset(&der);
	issue.key = asked;
	issue.ca = above.p;
	issue.ca_len = above.len;
	CHECK_RC(BERTH_E_KEY, berth_keystore_x509(ks, "gw", &issue, &der));
	CHECK_OK(berth_keystore_x509(ks, "ca", &issue, &der));
	CHECK_OK(berth_x509_chain_add(&c, der.p, der.len));
	CHECK_OK(berth_x509_chain_add(&c, above.p, above.len));
	CHECK_OK(berth_x509_check_own(&c, &info.pub, "did:x"));
	berth_x509_chain_free(&c);
	berth_buf_free(&above);
	berth_buf_free(&der);
}

static void an_agreement_is_what_software_gets(void **state)
{
	struct berth_key_info info;
	struct berth_privkey eph;
	uint8_t ours[BERTH_ECDH_MAX], theirs[BERTH_ECDH_MAX];
	size_t n, m;

	if (!make_agreeing(*state, "a", &info))
		return;
	for (int i = 0; i < 16; i++) {
		CHECK_OK(berth_keypair_generate(&eph, BERTH_KEY_P256));
		CHECK_OK(berth_keystore_ecdh(ks, "a", &eph.pub, ours, &n));
		CHECK_OK(berth_ecdh(theirs, &m, &eph, &info.pub));
		CHECK(n == 32 && m == 32);
		assert_memory_equal(ours, theirs, 32);
	}
	berth_privkey_wipe(&eph);
}

static void every_curve_agrees_as_software_does(void **state)
{
	const struct backend *b = *state;
	uint8_t ours[BERTH_ECDH_MAX], theirs[BERTH_ECDH_MAX];

	for (unsigned t = BERTH_KEY_ED25519; t < BERTH_KEY__COUNT; t++) {
		struct berth_key_info info;
		struct berth_privkey eph;
		size_t n, m;

		if (!(b->agrees & 1u << t))
			continue;
		CHECK_OK(berth_keystore_generate(ks, berth_key_type_name(t), t, BERTH_USAGE_AGREE, &info));
		for (int i = 0; i < 8; i++) {
			CHECK_OK(berth_keypair_generate(&eph, t));
			CHECK_OK(berth_keystore_ecdh(ks, info.name, &eph.pub, ours, &n));
			CHECK_OK(berth_ecdh(theirs, &m, &eph, &info.pub));
			CHECK(n == m && memcmp(ours, theirs, n) == 0);
		}
		berth_privkey_wipe(&eph);
	}
}

static void a_foreign_point_is_checked_first(void **state)
{
	struct berth_key_info info;
	struct berth_privkey other;
	struct berth_pubkey bad;
	uint8_t z[BERTH_ECDH_MAX];
	size_t n = 7;

	if (!make_agreeing(*state, "a", &info))
		return;
	bad = info.pub;
	bad.b[64] ^= 1;		/* not on the curve */
	CHECK_RC(BERTH_E_KEY, berth_keystore_ecdh(ks, "a", &bad, z, &n));
	CHECK(n == 0);
	bad.len = 64;
	CHECK_RC(BERTH_E_KEY, berth_keystore_ecdh(ks, "a", &bad, z, &n));
	bad.len = 1;
	bad.b[0] = 0;		/* infinity */
	CHECK_RC(BERTH_E_KEY, berth_keystore_ecdh(ks, "a", &bad, z, &n));
	bad.len = 65;
	CHECK_RC(BERTH_E_KEY, berth_keystore_ecdh(ks, "a", &bad, z, &n));
	CHECK_OK(berth_keypair_generate(&other, BERTH_KEY_X25519));
	CHECK_RC(BERTH_E_KEY, berth_keystore_ecdh(ks, "a", &other.pub, z, &n));
	CHECK_OK(berth_keystore_ecdh(ks, "a", &info.pub, z, &n));
}

static void a_key_signs_or_agrees_never_both(void **state)
{
	struct berth_key_info s, a;
	uint8_t out[BERTH_SIG_MAX];
	size_t n;

	make("s", BERTH_USAGE_SIGN, &s);
	CHECK_RC(BERTH_E_KEY, berth_keystore_ecdh(ks, "s", &s.pub, out, &n));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_sign(ks, "x", "x", 1, out, &n));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_ecdh(ks, "x", &s.pub, out, &n));
	CHECK_OK(berth_keystore_sign(ks, "s", "x", 1, out, &n));
	if (!make_agreeing(*state, "a", &a))
		return;
	CHECK_RC(BERTH_E_KEY, berth_keystore_sign(ks, "a", "x", 1, out, &n));
	CHECK_OK(berth_keystore_ecdh(ks, "a", &s.pub, out, &n));
}

/* More keys than any store keeps ready, each of which signs again after the others
 * have, and after one has gone. */
static void many_keys_sign_in_turn(void **state)
{
	const struct backend *b = *state;
	size_t n_keys = b->custody == BERTH_CUSTODY_HARDWARE ? 5 : 20, n;
	struct berth_key_info info[20];
	uint8_t sig[BERTH_SIG_MAX];
	char name[8];

	for (size_t i = 0; i < n_keys; i++) {
		snprintf(name, sizeof(name), "k%zu", i);
		make(name, BERTH_USAGE_SIGN, &info[i]);
	}
	for (size_t i = 0; i < 3 * n_keys; i++) {
		size_t k = i % n_keys;

		if (i == 2 * n_keys)
			CHECK_OK(berth_keystore_delete(ks, "k0"));
		CHECK_RC(i == 2 * n_keys ? BERTH_E_KEYSTORE : BERTH_OK, berth_keystore_sign(ks, info[k].name, "x", 1, sig, &n));
		CHECK_RC(n ? BERTH_OK : BERTH_E_SIG, berth_verify(&info[k].pub, "x", 1, sig, n));
	}
}

static void import_is_for_software_only(void **state)
{
	const struct backend *b = *state;
	struct berth_key_info info;
	struct berth_privkey key;

	CHECK_OK(berth_keypair_generate(&key, BERTH_KEY_P256));
	CHECK_RC(b->imports ? BERTH_OK : BERTH_E_KEY, berth_keystore_import(ks, "i", &key, BERTH_USAGE_SIGN));
	CHECK(berth_keystore_has(ks, "i") == b->imports);
	if (b->imports) {
		CHECK_OK(berth_keystore_find(ks, "i", &info));
		CHECK(info.custody == BERTH_CUSTODY_SOFTWARE);
		assert_memory_equal(&info.pub, &key.pub, sizeof(key.pub));
		CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_import(ks, "i", &key, BERTH_USAGE_SIGN));
	}
	berth_privkey_wipe(&key);
}

static void keys_survive_a_restart(void **state)
{
	const struct backend *b = *state;
	struct berth_key_info s, a, again;
	uint8_t sig[BERTH_SIG_MAX], z1[BERTH_ECDH_MAX], z2[BERTH_ECDH_MAX];
	size_t n, n2;

	make("s", BERTH_USAGE_SIGN, &s);
	bool agrees = make_agreeing(b, "a", &a);

	if (agrees)
		CHECK_OK(berth_keystore_ecdh(ks, "a", &s.pub, z1, &n));
	reopen(b);
	CHECK(berth_keystore_count(ks) == (agrees ? 2 : 1));
	CHECK_OK(berth_keystore_find(ks, "s", &again));
	assert_memory_equal(&s, &again, sizeof(s));
	CHECK_OK(berth_keystore_sign(ks, "s", "x", 1, sig, &n2));
	CHECK_OK(berth_verify(&s.pub, "x", 1, sig, n2));
	if (!agrees)
		return;
	CHECK_OK(berth_keystore_ecdh(ks, "a", &s.pub, z2, &n2));
	CHECK(n == n2 && memcmp(z1, z2, n) == 0);
}

static void a_deleted_key_is_gone(void **state)
{
	const struct backend *b = *state;
	struct berth_key_info info, second;
	uint8_t sig[BERTH_SIG_MAX];
	size_t n;

	make("a", BERTH_USAGE_SIGN, &info);
	make("b", BERTH_USAGE_SIGN, &second);
	CHECK_OK(berth_keystore_delete(ks, "a"));
	CHECK_OK(berth_keystore_delete(ks, "a"));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_sign(ks, "a", "x", 1, sig, &n));
	reopen(b);
	CHECK(berth_keystore_count(ks) == 1 && !berth_keystore_has(ks, "a"));
	CHECK_OK(berth_keystore_sign(ks, "b", "x", 1, sig, &n));
	CHECK_OK(berth_verify(&second.pub, "x", 1, sig, n));
	make("a", BERTH_USAGE_SIGN, &second);
	CHECK(!berth_pubkey_equal(&info.pub, &second.pub));
}

static void records_open_only_as_they_were_sealed(void **state)
{
	const struct backend *b = *state;
	struct berth_buf box = BERTH_BUF_INIT, again = BERTH_BUF_INIT, pt = BERTH_BUF_INIT;

	CHECK_OK(berth_keystore_seal(ks, "item/wifi", -1, "secret", 6, &box));
	CHECK_OK(berth_keystore_seal(ks, "item/wifi", -1, "secret", 6, &again));
	CHECK(box.len == again.len && memcmp(box.p, again.p, box.len) != 0);
	reopen(b);
	CHECK_OK(berth_keystore_unseal(ks, "item/wifi", -1, box.p, box.len, &pt));
	CHECK(pt.len == 6 && memcmp(pt.p, "secret", 6) == 0);
	berth_buf_reset(&pt);
	CHECK_RC(BERTH_E_DECRYPT, berth_keystore_unseal(ks, "item/wifj", -1, box.p, box.len, &pt));
	CHECK_RC(BERTH_E_DECRYPT, berth_keystore_unseal(ks, "item/wifi", 0, box.p, box.len, &pt));
	for (size_t i = 0; i < box.len; i++) {
		box.p[i] ^= 1;
		CHECK_RC(BERTH_E_DECRYPT, berth_keystore_unseal(ks, "item/wifi", -1, box.p, box.len, &pt));
		box.p[i] ^= 1;
		CHECK_RC(BERTH_E_DECRYPT, berth_keystore_unseal(ks, "item/wifi", -1, box.p, i, &pt));
	}
	CHECK(pt.len == 0);
	CHECK_RC(BERTH_E_SIZE, berth_keystore_seal(ks, "", -1, "x", 1, &again));
	berth_buf_reset(&again);
	CHECK_OK(berth_keystore_seal(ks, "empty", -1, "", 0, &again));
	CHECK_OK(berth_keystore_unseal(ks, "empty", -1, again.p, again.len, &pt));
	CHECK(pt.len == 0);
	berth_buf_free(&box);
	berth_buf_free(&again);
	berth_buf_free(&pt);
}

static void constant(void *p, size_t n) { memset(p, 0x5a, n); }

static void c144_no_record_is_sealed_with_a_nonce_twice(void **state)
{
	struct berth_buf box = BERTH_BUF_INIT;
	enum berth_err first, second;

	(void)state;
	berth_random_inject(constant);
	first = berth_keystore_seal(ks, "item/wifi", -1, "one", 3, &box);
	berth_buf_reset(&box);
	second = berth_keystore_seal(ks, "item/wifi", -1, "two", 3, &box);
	berth_random_inject(NULL);
	CHECK(first == BERTH_OK || first == BERTH_E_KEYSTORE);	/* the test before may have seen it */
	CHECK_RC(BERTH_E_KEYSTORE, second);
	berth_buf_reset(&box);
	CHECK_OK(berth_keystore_seal(ks, "item/wifi", -1, "two", 3, &box));
	berth_buf_free(&box);
}

static void an_epoch_that_is_over_opens_no_more(void **state)
{
	const struct backend *b = *state;
	struct berth_buf old = BERTH_BUF_INIT, kept = BERTH_BUF_INIT, box = BERTH_BUF_INIT, pt = BERTH_BUF_INIT;
	uint64_t e;

	CHECK_OK(berth_keystore_seal(ks, "l", 0, "owner one", 9, &old));
	CHECK_OK(berth_keystore_seal(ks, "l", -1, "device", 6, &kept));
	CHECK_OK(berth_keystore_unseal(ks, "l", 0, old.p, old.len, &pt));
	CHECK(pt.len == 9);
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_seal(ks, "l", 1, "x", 1, &box));
	CHECK_OK(berth_keystore_counter_step(ks, BERTH_COUNTER_EPOCH, &e));
	CHECK(e == 1);
	berth_buf_reset(&pt);
	CHECK_RC(BERTH_E_DECRYPT, berth_keystore_unseal(ks, "l", 0, old.p, old.len, &pt));
	CHECK_RC(BERTH_E_DECRYPT, berth_keystore_unseal(ks, "l", 1, old.p, old.len, &pt));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_seal(ks, "l", 0, "x", 1, &box));
	CHECK_OK(berth_keystore_unseal(ks, "l", -1, kept.p, kept.len, &pt));
	berth_buf_reset(&box);
	CHECK_OK(berth_keystore_seal(ks, "l", 1, "owner two", 9, &box));
	reopen(b);
	berth_buf_reset(&pt);
	CHECK_RC(BERTH_E_DECRYPT, berth_keystore_unseal(ks, "l", 0, old.p, old.len, &pt));
	CHECK_OK(berth_keystore_unseal(ks, "l", 1, box.p, box.len, &pt));
	CHECK(pt.len == 9 && memcmp(pt.p, "owner two", 9) == 0);
	berth_buf_free(&old);
	berth_buf_free(&kept);
	berth_buf_free(&box);
	berth_buf_free(&pt);
}

static void counters_rise_by_one_and_stay(void **state)
{
	const struct backend *b = *state;
	uint64_t v;
	bool hard;

	for (uint64_t want = 0; want < 4; want++) {
		CHECK_OK(berth_keystore_counter_read(ks, BERTH_COUNTER_GENERATION, &v, &hard));
		CHECK(v == want && hard == b->device);
		CHECK_OK(berth_keystore_counter_step(ks, BERTH_COUNTER_GENERATION, &v));
		CHECK(v == want + 1);
		reopen(b);
	}
	CHECK_OK(berth_keystore_counter_read(ks, BERTH_COUNTER_EPOCH, &v, &hard));
	CHECK(v == 0 && hard == b->device);
	CHECK_OK(berth_keystore_counter_read(ks, BERTH_COUNTER_GENERATION, &v, &hard));
	CHECK(v == 4);
}

static void a_key_uri_leads_back_to_its_key(void **state)
{
	struct berth_buf uri = BERTH_BUF_INIT;
	char name[BERTH_KEY_NAME_MAX + 1];

	(void)state;
	CHECK_OK(berth_keystore_key_uri(&uri, ks, "a.b"));
	CHECK_OK(berth_key_uri_name(name, berth_buf_cstr(&uri)));
	assert_string_equal(name, "a.b");
	CHECK_RC(BERTH_E_KEY, berth_keystore_key_uri(&uri, ks, "A"));
	berth_buf_free(&uri);
}

static void only_a_device_gives_evidence(void **state)
{
	const struct backend *b = *state;
	struct berth_buf x = BERTH_BUF_INIT, y = BERTH_BUF_INIT;
	uint8_t nonce[32] = { 1 };

	make("s", BERTH_USAGE_SIGN, NULL);
	CHECK_RC(b->device ? BERTH_OK : BERTH_E_KEY, berth_keystore_public_area(ks, "s", &x));
	berth_buf_reset(&x);
	CHECK_RC(b->device ? BERTH_OK : BERTH_E_KEY, berth_keystore_ek(ks, &x, &y));
	/* a key that is not restricted vouches for nobody */
	CHECK_RC(BERTH_E_KEY, berth_keystore_certify(ks, "s", "s", nonce, &x, &y));
	CHECK_RC(BERTH_E_KEY, berth_keystore_quote(ks, "s", 1, nonce, &x, &y));
	CHECK_RC(BERTH_E_KEY, berth_keystore_activate(ks, "s", "x", 1, "y", 1, &x));
	berth_buf_free(&x);
	berth_buf_free(&y);
}

#define T(f) { #f, f, setup, teardown, NULL }
static const struct CMUnitTest contract[] = {
	T(an_empty_store_holds_nothing),
	T(keys_are_made_together),
	T(a_store_says_what_kind_it_is),
	T(a_new_key_is_what_was_asked_for),
	T(names_are_checked),
	T(a_taken_name_is_e_keystore),
	T(a_key_type_that_cannot_do_it_is_e_key),
	T(it_makes_what_it_says_and_nothing_else),
	T(every_type_it_signs_with_works),
	T(every_type_it_agrees_with_works),
	T(a_signature_verifies_and_has_the_low_s),
	T(only_secp256k1_signs_a_digest),
	T(keys_of_every_custody_are_certified),
	T(an_agreement_is_what_software_gets),
	T(every_curve_agrees_as_software_does),
	T(a_foreign_point_is_checked_first),
	T(a_key_signs_or_agrees_never_both),
	T(many_keys_sign_in_turn),
	T(import_is_for_software_only),
	T(keys_survive_a_restart),
	T(a_deleted_key_is_gone),
	T(records_open_only_as_they_were_sealed),
	T(c144_no_record_is_sealed_with_a_nonce_twice),
	T(an_epoch_that_is_over_opens_no_more),
	T(counters_rise_by_one_and_stay),
	T(a_key_uri_leads_back_to_its_key),
	T(only_a_device_gives_evidence),
};
#define N (sizeof(contract) / sizeof(contract[0]))

static int run(const struct backend *b)
{
	static struct CMUnitTest tests[N];

	memcpy(tests, contract, sizeof(contract));
	for (size_t i = 0; i < N; i++)
		tests[i].initial_state = (void *)(uintptr_t)b;
	return _cmocka_run_group_tests(b->name, tests, N, NULL, NULL);
}

int main(void)
{
	int failed = 0;

	for (size_t i = 0; i < BACKENDS; i++) {
		if (backends[i].module && __lsan_disable)
			__lsan_disable();
		failed += run(&backends[i]);
		if (backends[i].module && __lsan_enable)
			__lsan_enable();
	}
	return failed;
}
