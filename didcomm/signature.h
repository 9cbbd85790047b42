/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DIDCOMM_SIGNATURE_H
#define BERTH_DIDCOMM_SIGNATURE_H

#include <stddef.h>

#include "berth/err.h"
#include "did/base/json.h"
#include "did/base/key.h"
#include "didcomm/message.h"

/* The signatures of a JWS in JSON, general or flattened (RFC 7515 7.2): of signed
 * messages and of attachments. */

/* Nothing in it is proven.  The strings point into header and into the JWS. */
struct berth_signature {
	const char *protected_b64, *signature_b64, *kid, *alg;
	struct berth_json *header;	/* owned */
};

struct berth_signatures {
	struct berth_signature sig[BERTH_SIGNATURES_MAX];
	size_t n;	/* at least one */
};

/* E_ENV structure, C024b, C025, C026; E_KEY C023; E_ALG; E_B64, E_JSON, E_TYPE; E_SIZE.
 * out is to be freed in every case. */
BERTH_MUST_USE enum berth_err berth_signatures_read(struct berth_signatures *out, const struct berth_json *jws);
void berth_signatures_free(struct berth_signatures *s);

/* E_ALG: not the key's; E_SIG.  When it is good, alg is static. */
BERTH_MUST_USE enum berth_err
berth_signature_verify(struct berth_signature *s, const char *payload_b64, const struct berth_pubkey *key);

#endif
