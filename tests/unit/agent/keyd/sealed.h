/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_KEYD_SEALED_H
#define BERTH_TESTS_KEYD_SEALED_H

/* keyd in a process of its own with a sealed file, and the core's end of it. */
#include "child.h"

#include <stdio.h>
#include <sys/stat.h>

#include "did/base/rand.h"
#include "did/base/secret.h"

#define DID "did:example:gateway"
#define KID DID "#key-1"
#define PURPOSE(p) BERTH_PURPOSE_BIT(BERTH_SIGN_##p)

static char dir[64], uri[128], pass[96];
static struct berth_keys *keys;
static struct berth_keyring *ring;

static inline struct berth_keystore_config config(void)
{
	return (struct berth_keystore_config){ .uri = uri, .passphrase_file = pass, .create = true };
}

/* A registry of did:ethr is one that keyd may sign for, "CHAIN:ADDRESS"; NULL: none. */
static inline int up_with(const char *registry, const char *other)
{
	const struct berth_keystore_config cfg = config();

	CHECK_OK(berth_keyclient_new(&kc, &cfg));
	if (registry)
		CHECK_OK(berth_keyclient_allow_registry(kc, registry));
	if (other)
		CHECK_OK(berth_keyclient_allow_registry(kc, other));
	CHECK_OK(berth_keyclient_attach(kc, start()));
	keys = berth_keyclient_keys(kc);
	ring = berth_keyclient_keys(kc)->keyring;
	return 0;
}

static inline int up(void **state)
{
	(void)state;
	return up_with(NULL, NULL);
}

static inline int down(void **state)
{
	char path[128];

	(void)state;
	berth_keyclient_free(kc);
	kc = NULL;
	CHECK_OK(ended());
	snprintf(path, sizeof(path), "%s/keys", dir);
	unlink(path);
	return 0;
}

static inline int setup(void **state)
{
	FILE *f;

	(void)state;
	berth_crypto_init();
	snprintf(dir, sizeof(dir), "/tmp/berth-keyd.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(uri, sizeof(uri), "soft:%s/keys", dir);
	snprintf(pass, sizeof(pass), "%s/pass", dir);
	f = fopen(pass, "w");
	assert_non_null(f);
	fprintf(f, "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n");
	fclose(f);
	return chmod(pass, 0600);
}

static inline int teardown(void **state)
{
	(void)state;
	unlink(pass);
	unlink(uri + strlen("soft:"));	/* of tests without a keyd */
	return rmdir(dir);
}

static inline struct berth_key_info ensure(const char *name, enum berth_key_type type, enum berth_usage usage, unsigned purposes)
{
	struct berth_key_info info;

	CHECK_OK(keys->ops->ensure(keys, name, type, usage, purposes, &info));
	return info;
}

#define WITH_KEYD(t) cmocka_unit_test_setup_teardown(t, up, down)

#endif
