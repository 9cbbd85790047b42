/* SPDX-License-Identifier: Apache-2.0 */
/* A secret sealed by a TPM, up to where the TPM is asked. */
#include <stdlib.h>

#include "did/keystore/tpm2_seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_tpm2_sealed s;

	if (berth_tpm2_sealed_parse(&s, p, n) == BERTH_OK &&
	    8 + 1 + 32 + 4 + 6 + s.srk_pub.len + s.object.pub.len + s.object.priv.len != n)
		abort();	/* something in it was not read */
	return 0;
}
