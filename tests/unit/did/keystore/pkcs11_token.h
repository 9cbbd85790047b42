/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_UNIT_DID_KEYSTORE_PKCS11_TOKEN_H
#define BERTH_TESTS_UNIT_DID_KEYSTORE_PKCS11_TOKEN_H

/* A token of SoftHSM behind a module that can be told to go wrong, and a store in it. */
#include <unistd.h>

#include "did/crypto/agree.h"
#include "did/crypto/keypair.h"
#include "did/keystore/keystore.h"
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

static inline int setup(void **state)
{
	char built[512];

	(void)state;
	test_token_softhsm(&token);
	test_built(built, sizeof(built), "tests/fakes/modules/hostile.so");
	snprintf(token.module, sizeof(token.module), "%s/hostile.so", token.dir);
	test_sh("cp %s %s", built, token.module);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	test_token_end(&token);
	return 0;
}

static inline void set_fault(const char *word)
{
	test_write_file(test_path(token.dir, "softhsm2.conf.fault"), word, strlen(word), 0600);
}

static inline void heal(void) { unlink(test_path(token.dir, "softhsm2.conf.fault")); }

/* How often the module was asked for what that letter means. */
static inline unsigned asked(char letter)
{
	FILE *f = fopen(test_path(token.dir, "softhsm2.conf.log"), "r");
	unsigned n = 0;

	for (int c; f && (c = fgetc(f)) != EOF;)
		n += c == letter;
	if (f)
		fclose(f);
	return n;
}

static inline enum berth_err try_open(struct berth_keystore **ks, bool create)
{
	const struct berth_keystore_config cfg = { .uri = test_token_uri(&token, NULL), .create = create };

	return berth_keystore_open(ks, &cfg);
}

static inline enum berth_err sign(struct berth_keystore *ks)
{
	uint8_t sig[BERTH_SIG_MAX];
	size_t n;

	return berth_keystore_sign(ks, "s", "x", 1, sig, &n);
}

static inline enum berth_err agree(struct berth_keystore *ks)
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

static inline void make(struct berth_keystore **ks)
{
	CHECK_OK(try_open(ks, true));
	CHECK_OK(berth_keystore_generate(*ks, "s", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK_OK(berth_keystore_generate(*ks, "a", BERTH_KEY_X25519, BERTH_USAGE_AGREE, NULL));
	CHECK_OK(sign(*ks));
	CHECK_OK(agree(*ks));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
