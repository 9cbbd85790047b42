/* SPDX-License-Identifier: Apache-2.0 */
#include "did/signer.h"

#include <string.h>

#include "did/url.h"

/* Of two forms of one did:peer:4 the long one resolves by itself. */
enum berth_err berth_resolve_signer(struct berth_resolver *resolver, const char *kid, const char *party,
				    struct berth_did_doc **doc)
{
	char did[BERTH_DID_URL_MAX + 1];
	size_t n = berth_did_len(kid);

	*doc = NULL;
	if (!resolver || n == 0 || n >= sizeof(did))
		return berth_fail(resolver ? BERTH_E_ENV : BERTH_E_RESOLVE, "kid cannot be resolved");
	if (party && berth_is_did(party) && berth_did_same(kid, party) && strlen(party) > n)
		return berth_resolve(resolver, party, doc);
	memcpy(did, kid, n);
	did[n] = 0;
	return berth_resolve(resolver, did, doc);
}
