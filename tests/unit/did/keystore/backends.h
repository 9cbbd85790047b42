/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_BACKENDS_H
#define BERTH_TESTS_BACKENDS_H

/* The custodies that the contract suite runs against. */
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "did/keystore/keystore.h"
#include "tests/check.h"
#include "tests/fakes/swtpm.h"
#include "tests/fakes/token.h"

struct backend {
	const char *name;
	enum berth_custody custody;
	bool imports;		/* takes private bytes over */
	bool device;		/* evidence, and counters that no copy of the disk turns back */
	bool module;		/* runs code that is not ours */
	unsigned signs, agrees;	/* the capability table: which types of key, as bits */
	void (*begin)(void);
	enum berth_err (*open)(struct berth_keystore **ks, bool create);
	void (*end)(void);
};

static char work[64];	/* a fresh folder for every test */

static void empty_folder(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	char at[384];

	while (d && (e = readdir(d))) {
		snprintf(at, sizeof(at), "%s/%s", path, e->d_name);
		unlink(at);
	}
	if (d)
		closedir(d);
}

static void soft_begin(void)
{
	char at[96];
	FILE *f;

	snprintf(work, sizeof(work), "/tmp/berth-ks.XXXXXX");
	assert_non_null(mkdtemp(work));
	snprintf(at, sizeof(at), "%s/pass", work);
	f = fopen(at, "w");
	assert_non_null(f);
	fputs("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n", f);
	fclose(f);
	chmod(at, 0600);
}

static enum berth_err soft_open(struct berth_keystore **ks, bool create)
{
	char uri[96], pass[96];
	struct berth_keystore_config cfg = { .uri = uri, .passphrase_file = pass, .create = create };

	snprintf(uri, sizeof(uri), "soft:%s/keys", work);
	snprintf(pass, sizeof(pass), "%s/pass", work);
	return berth_keystore_open(ks, &cfg);
}

static void soft_end(void)
{
	empty_folder(work);
	rmdir(work);
}

static struct test_swtpm tpm;

static void tpm2_begin(void)
{
	snprintf(work, sizeof(work), "/tmp/berth-ks.XXXXXX");
	assert_non_null(mkdtemp(work));
	test_swtpm_start(&tpm, true);
}

static enum berth_err tpm2_open(struct berth_keystore **ks, bool create)
{
	char uri[224];
	struct berth_keystore_config cfg = { .uri = uri, .create = create };

	snprintf(uri, sizeof(uri), "tpm2:?dir=%s&tcti=%s", work, tpm.tcti);
	return berth_keystore_open(ks, &cfg);
}

/* Whatever the test did: the device holds nothing that outlives it. */
static void tpm2_end(void)
{
	CHECK(test_swtpm_handles(&tpm, 0x80) == 0);
	CHECK(test_swtpm_handles(&tpm, 0x02) == 0);
	test_swtpm_stop(&tpm);
	soft_end();
}

static struct test_token token;

static void softhsm_begin(void) { test_token_softhsm(&token); }
static void tpm2_pkcs11_begin(void) { test_token_tpm2(&token); }

static enum berth_err token_open(struct berth_keystore **ks, bool create)
{
	struct berth_keystore_config cfg = { .uri = test_token_uri(&token, NULL), .create = create };

	return berth_keystore_open(ks, &cfg);
}

/* Whatever the test did: no key that was made for a trial is left. */
static void token_end(void)
{
	char *list = test_token_tool(&token, "-O");

	CHECK(!strstr(list, "berth.probe"));
	free(list);
	test_token_end(&token);
}

#define BIT(t) (1u << BERTH_KEY_##t)
#define NIST (BIT(P256) | BIT(P384))
#define ALL_SIGN (BIT(ED25519) | NIST | BIT(P521) | BIT(SECP256K1))
#define ALL_AGREE (BIT(X25519) | NIST | BIT(P521) | BIT(SECP256K1))
static const struct backend backends[] = {
	{ "soft", BERTH_CUSTODY_SEALED, true, false, false, ALL_SIGN, ALL_AGREE, soft_begin, soft_open, soft_end },
	{ "tpm2", BERTH_CUSTODY_HARDWARE, false, true, false, NIST, NIST, tpm2_begin, tpm2_open, tpm2_end },
	{ "pkcs11 on SoftHSM", BERTH_CUSTODY_HARDWARE, false, false, true, ALL_SIGN, ALL_AGREE,
	  softhsm_begin, token_open, token_end },
	/* tpm2-pkcs11 1.9 derives nothing, and signs nothing with the P-521 keys it makes */
	{ "pkcs11 on tpm2-pkcs11", BERTH_CUSTODY_HARDWARE, false, false, true, NIST, 0,
	  tpm2_pkcs11_begin, token_open, token_end },
};
#define BACKENDS (sizeof(backends) / sizeof(backends[0]))

#endif
