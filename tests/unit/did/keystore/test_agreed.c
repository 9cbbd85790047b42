/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>
#include <unistd.h>

#include "did/crypto/agree.h"
#include "did/crypto/keypair.h"
#include "did/keystore/agreed.h"
#include "did/keystore/keystore.h"
#include "tests/check.h"

#define N (BERTH_AGREED_MAX + 3)

static char dir[64], uri[128], pass[96];
static struct berth_keystore *ks;

static int setup(void **state)
{
	const struct berth_keystore_config cfg = { .uri = uri, .passphrase_file = pass, .create = true };
	FILE *f;

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/berth-agreed.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(uri, sizeof(uri), "soft:%s/keys", dir);
	snprintf(pass, sizeof(pass), "%s/pass", dir);
	assert_non_null(f = fopen(pass, "w"));
	fputs("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n", f);
	fclose(f);
	assert_int_equal(chmod(pass, 0600), 0);
	return berth_keystore_open(&ks, &cfg) != BERTH_OK;
}

static int teardown(void **state)
{
	char path[96];

	(void)state;
	berth_keystore_close(ks);
	unlink(pass);
	snprintf(path, sizeof(path), "%s/keys", dir);
	unlink(path);
	return rmdir(dir);
}

/* What the store agrees on with the peer, and the peer with the store. */
static void check(const char *name, const struct berth_privkey *peer)
{
	uint8_t ours[BERTH_ECDH_MAX], theirs[BERTH_ECDH_MAX];
	struct berth_key_info info;
	size_t n, m;

	CHECK_OK(berth_keystore_find(ks, name, &info));
	CHECK_OK(berth_keystore_ecdh_lasting(ks, name, &peer->pub, ours, &n));
	CHECK_OK(berth_ecdh(theirs, &m, peer, &info.pub));
	CHECK(n == m && n == berth_key_size(info.pub.type));
	assert_memory_equal(ours, theirs, n);
}

static void every_curve(void **state)
{
	(void)state;
	for (enum berth_key_type t = BERTH_KEY_NONE + 1; t < BERTH_KEY__COUNT; t++) {
		struct berth_privkey a, b;

		if (!berth_key_can_agree(t))
			continue;
		CHECK_OK(berth_keystore_generate(ks, berth_key_type_name(t), t, BERTH_USAGE_AGREE, NULL));
		CHECK_OK(berth_keypair_generate(&a, t));
		CHECK_OK(berth_keypair_generate(&b, t));
		for (int i = 0; i < 3; i++) {
			check(berth_key_type_name(t), &a);
			check(berth_key_type_name(t), &b);
		}
		berth_privkey_wipe(&a);
		berth_privkey_wipe(&b);
	}
}

/* More pairs than it has places for, over two keys of ours and the same peers. */
static void many_peers(void **state)
{
	static struct berth_privkey peer[N];

	(void)state;
	CHECK_OK(berth_keystore_generate(ks, "a", BERTH_KEY_X25519, BERTH_USAGE_AGREE, NULL));
	CHECK_OK(berth_keystore_generate(ks, "b", BERTH_KEY_X25519, BERTH_USAGE_AGREE, NULL));
	for (size_t i = 0; i < N; i++) {
		CHECK_OK(berth_keypair_generate(&peer[i], BERTH_KEY_X25519));
		check("a", &peer[i]);
		check("b", &peer[i]);
	}
	for (size_t i = N; i-- > 0;) {
		check("b", &peer[i]);
		check("a", &peer[i]);
		berth_privkey_wipe(&peer[i]);
	}
}

/* The next key of that name has agreed on nothing yet. */
static void a_deleted_key_is_forgotten(void **state)
{
	struct berth_privkey peer;

	(void)state;
	CHECK_OK(berth_keypair_generate(&peer, BERTH_KEY_P256));
	for (int i = 0; i < 3; i++) {
		CHECK_OK(berth_keystore_generate(ks, "a", BERTH_KEY_P256, BERTH_USAGE_AGREE, NULL));
		check("a", &peer);
		check("a", &peer);
		CHECK_OK(berth_keystore_delete(ks, "a"));
		CHECK_RC(BERTH_E_KEYSTORE, berth_keystore_ecdh_lasting(ks, "a", &peer.pub, (uint8_t[BERTH_ECDH_MAX]){ 0 }, &(size_t){ 0 }));
	}
	berth_privkey_wipe(&peer);
}

static void refuse(enum berth_err want, const char *name, const struct berth_pubkey *theirs)
{
	uint8_t z[BERTH_ECDH_MAX] = { 0 }, zero[BERTH_ECDH_MAX] = { 0 };
	size_t n = 1;

	CHECK_RC(want, berth_keystore_ecdh_lasting(ks, name, theirs, z, &n));
	CHECK(n == 0);
	assert_memory_equal(z, zero, sizeof(z));
}

/* Also when its good twin is remembered; and each time. */
static void what_is_no_key_is_refused(void **state)
{
	struct berth_pubkey low = { .type = BERTH_KEY_X25519, .len = 32 }, off;
	struct berth_privkey peer;

	(void)state;
	CHECK_OK(berth_keystore_generate(ks, "p", BERTH_KEY_P256, BERTH_USAGE_AGREE, NULL));
	CHECK_OK(berth_keystore_generate(ks, "x", BERTH_KEY_X25519, BERTH_USAGE_AGREE, NULL));
	CHECK_OK(berth_keystore_generate(ks, "s", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK_OK(berth_keypair_generate(&peer, BERTH_KEY_P256));
	check("p", &peer);
	for (int i = 0; i < 2; i++) {
		off = peer.pub;
		off.b[off.len - 1] ^= 1;
		refuse(BERTH_E_KEY, "p", &off);
		off = peer.pub;
		off.len--;
		refuse(BERTH_E_KEY, "p", &off);
		refuse(BERTH_E_KEY, "x", &peer.pub);
		refuse(BERTH_E_KEY, "s", &peer.pub);
		refuse(BERTH_E_DECRYPT, "x", &low);
		check("p", &peer);
	}
	berth_privkey_wipe(&peer);
}

static void nothing_is_left_when_forgotten(void **state)
{
	struct berth_agreed a = { .places = NULL };
	struct berth_privkey mine, peer;
	uint8_t z[BERTH_ECDH_MAX], again[BERTH_ECDH_MAX];
	size_t n;

	(void)state;
	CHECK_OK(berth_keypair_generate(&mine, BERTH_KEY_P256));
	CHECK_OK(berth_keypair_generate(&peer, BERTH_KEY_P256));
	berth_agreed_forget(&a);
	CHECK_OK(berth_agreed_ecdh(&a, z, &n, &mine, &peer.pub));
	CHECK(a.places && a.uses == 1);
	mine.b[31] ^= 1;	/* found by the public keys: the private one is not asked */
	CHECK_OK(berth_agreed_ecdh(&a, again, &n, &mine, &peer.pub));
	assert_memory_equal(z, again, n);
	berth_agreed_forget(&a);
	CHECK(!a.places && a.uses == 0);
	CHECK_OK(berth_agreed_ecdh(&a, again, &n, &mine, &peer.pub));
	CHECK(memcmp(z, again, n) != 0);
	berth_agreed_forget(&a);
	berth_privkey_wipe(&mine);
	berth_privkey_wipe(&peer);
}

/* Twice as many as there is room for at first, and none of them gave way. */
static void room_grows_with_the_peers(void **state)
{
	static uint8_t z[64][BERTH_ECDH_MAX];
	static struct berth_privkey peer[64];
	struct berth_agreed a = { .places = NULL };
	uint8_t again[BERTH_ECDH_MAX];
	struct berth_privkey mine;
	size_t n, had = 0;

	(void)state;
	CHECK_OK(berth_keypair_generate(&mine, BERTH_KEY_X25519));
	for (size_t i = 0; i < 64; i++) {
		CHECK_OK(berth_keypair_generate(&peer[i], BERTH_KEY_X25519));
		CHECK_OK(berth_agreed_ecdh(&a, z[i], &n, &mine, &peer[i].pub));
		had = had ? had : a.places->len;
	}
	CHECK(a.places->len >= 2 * had);
	mine.b[20] ^= 1;	/* not asked any more */
	for (size_t i = 0; i < 64; i++) {
		CHECK_OK(berth_agreed_ecdh(&a, again, &n, &mine, &peer[i].pub));
		assert_memory_equal(z[i], again, n);
	}
	berth_agreed_forget(&a);
	berth_privkey_wipe(&mine);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_curve), T(many_peers), T(a_deleted_key_is_forgotten), T(what_is_no_key_is_refused),
		cmocka_unit_test(nothing_is_left_when_forgotten), cmocka_unit_test(room_grows_with_the_peers),
	};

	berth_crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
