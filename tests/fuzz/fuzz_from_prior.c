/* SPDX-License-Identifier: Apache-2.0 */
/* A from_prior token against self-contained DIDs: none of them can be ours, so a
 * token that verifies must name two DIDs. */
#include <stdlib.h>
#include <string.h>

#include "did/base/secret.h"
#include "did/url.h"
#include "didcomm/from_prior.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_resolver r;
	struct berth_json *claims;
	char *kid, *jwt = strndup((const char *)p, n);

	berth_crypto_init();
	berth_resolver_builtin_init(&r, NULL);
	if (jwt && berth_from_prior_verify(&claims, &kid, jwt, "did:example:alice", &r) == BERTH_OK) {
		const char *iss = berth_json_str(berth_json_get(claims, "iss"));

		if (!berth_did_same(iss, kid) || berth_did_same(iss, "did:example:alice"))
			__builtin_trap();
		if (berth_from_prior_check_time(claims, 1) > BERTH_E__COUNT)
			__builtin_trap();
		berth_json_free(claims);
		free(kid);
	}
	free(jwt);
	return 0;
}
