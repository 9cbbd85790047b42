/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_TOKEN_H
#define BERTH_TESTS_FAKES_TOKEN_H

#include <stdbool.h>

#include "tests/fakes/swtpm.h"

/* PKCS #11 tokens of one's own, labelled "gw", with the PIN 1234 in a file: SoftHSM,
 * or tpm2-pkcs11 on a swtpm.  Their modules take their settings from the
 * environment, which is set for this process; one token of a kind at a time. */
struct test_token {
	char dir[64];
	char module[96];
	char pin_file[96];
	char store_dir[96];	/* for x-dir= */
	bool is_tpm;
	struct test_swtpm tpm;
};

#define TEST_TOKEN_LABEL "gw"
#define TEST_TOKEN_PIN "1234"

void test_token_softhsm(struct test_token *t);
void test_token_tpm2(struct test_token *t);
void test_token_end(struct test_token *t);

/* "pkcs11:token=gw?module-path=...&pin-source=...&x-dir=..." in a static buffer;
 * object: NULL: without. */
const char *test_token_uri(const struct test_token *t, const char *object);
/* The output of pkcs11-tool with these options, logged in; the caller frees it. */
char *test_token_tool(const struct test_token *t, const char *options);

#endif
