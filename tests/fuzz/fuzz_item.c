/* SPDX-License-Identifier: Apache-2.0 */
/* A firmware reference as an owner writes it: what passes has a version that is above the
 * one that is installed. */
#include <stdlib.h>
#include <string.h>

#include "agent/protocol/item.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define SIGNER "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"

static enum berth_err none(struct berth_records *r, const char *ns, const char *key, struct berth_buf *value)
{
	(void)r;
	(void)ns;
	(void)key;
	(void)value;
	return berth_fail(BERTH_E_NOMATCH, "none");
}

static void check(const struct berth_policy *policy, const struct berth_buf *b)
{
	struct berth_records records = { .get = none };
	struct berth_firmware_version v, floor = { { 1, 4 } };
	struct berth_resolver resolver;
	struct berth_env env = { .records = &records, .policy = policy, .resolver = &resolver };
	char *version;

	berth_resolver_builtin_init(&resolver, NULL);
	if (berth_item_check(&env, BERTH_ITEM_FIRMWARE, b, &version) == BERTH_OK &&
	    (!version || berth_firmware_version_parse(&v, version) || berth_firmware_version_cmp(&v, &floor) <= 0))
		abort();
	free(version);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_policy policy = { .firmware = "1.4" };
	struct berth_buf b = BERTH_BUF_INIT;

	berth_buf_put(&b, p, n);
	check(&policy, &b);
	policy.firmware_signers[policy.n_firmware_signers++] = SIGNER;
	check(&policy, &b);
	berth_buf_free(&b);
	return 0;
}
