/* SPDX-License-Identifier: Apache-2.0 */
/* First octet: 0 a signed policy, 1 a list of PCRs. */
#include <stdlib.h>
#include <string.h>

#include "did/base/secret.h"
#include "did/keystore/tpm2_pcr.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void policy(const char *p, size_t n)
{
	struct berth_pcr_policy out;

	if (berth_pcr_policy_parse(&out, p, n) == BERTH_OK &&
	    (out.mask == 0 || out.mask >> BERTH_PCRS || out.key.type != BERTH_KEY_P256))
		abort();
}

static void list(const char *p, size_t n)
{
	char *text = strndup(p, n);
	uint32_t mask;

	if (!text || (berth_pcr_list_parse(&mask, text) == BERTH_OK && (mask == 0 || mask >> BERTH_PCRS)))
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	berth_crypto_init();
	if (n == 0)
		return 0;
	(p[0] ? list : policy)((const char *)p + 1, n - 1);
	return 0;
}
