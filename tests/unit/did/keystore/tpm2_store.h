/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_UNIT_DID_KEYSTORE_TPM2_STORE_H
#define BERTH_TESTS_UNIT_DID_KEYSTORE_TPM2_STORE_H

/* A store in a swtpm of its own. */
#include "did/keystore/tpm2.h"
#include "tests/fakes/swtpm.h"
#include "tests/unit/did/keystore/contents.h"

#define TRANSIENT 0x80
#define PERSISTENT 0x81
#define NV 0x01
#define SESSIONS 0x02

static struct test_swtpm tpm;
static char dir[64];

static inline enum berth_err try_open(struct berth_keystore **ks, const char *tcti, bool create)
{
	char uri[256];
	struct berth_keystore_config cfg = { .uri = uri, .create = create };

	snprintf(uri, sizeof(uri), "tpm2:?dir=%s&tcti=%s", dir, tcti);
	return berth_keystore_open(ks, &cfg);
}

static inline int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/berth-ks.XXXXXX");
	assert_non_null(mkdtemp(dir));
	test_swtpm_start(&tpm, false);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	test_swtpm_stop(&tpm);
	test_sh("rm -rf %s %s.old", dir, dir);
	return 0;
}

static inline void make(struct berth_keystore **ks, const char *tcti)
{
	CHECK_OK(try_open(ks, tcti, true));
	CHECK_OK(berth_keystore_generate(*ks, "s", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	CHECK_OK(berth_keystore_generate(*ks, "a", BERTH_KEY_P256, BERTH_USAGE_AGREE, NULL));
	CHECK_OK(berth_keystore_generate(*ks, "ak", BERTH_KEY_P256, BERTH_USAGE_ATTEST, NULL));
}

static inline enum berth_err sign(struct berth_keystore *ks)
{
	uint8_t sig[BERTH_SIG_MAX];
	size_t n;

	return berth_keystore_sign(ks, "s", "x", 1, sig, &n);
}

#endif
