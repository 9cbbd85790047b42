/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DIDCOMM_PACK_H
#define BERTH_DIDCOMM_PACK_H

#include <stdbool.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/crypto/aead.h"
#include "did/jose/keyring.h"
#include "did/resolver.h"
#include "didcomm/jwe.h"
#include "didcomm/media.h"
#include "didcomm/message.h"

enum berth_pack_mode { BERTH_PACK_PLAINTEXT, BERTH_PACK_SIGNED, BERTH_PACK_ANONCRYPT, BERTH_PACK_AUTHCRYPT };

/* How to pack one message for one recipient (INTERFACES: berth didcomm pack). */
struct berth_pack {
	enum berth_pack_mode mode;
	const char *from;		/* DID or DID URL of the sender's agreement key; NULL */
	const char *to;			/* DID, or DID URL of one key */
	const char *sign_by;		/* DID URL: sign inside; NULL: do not */
	/* more signatures of the same DID, the first NULL ends them */
	const char *also_sign_by[BERTH_SIGNATURES_MAX - 1];
	enum berth_enc enc;		/* NONE: A256CBC-HS512 */
	bool protect_sender;		/* anoncrypt around authcrypt */
	struct berth_resolver *resolver;
	struct berth_keyring *keyring;
	struct berth_jwe_hole **hole;	/* NULL: out is to be whole.  Else as in berth_jwe_seal_ahead() */
};

/* Appends the packed JSON.  from/to absent in the message are filled in,
 * different: E_ADDR.  Recipients are all keyAgreement keys of `to` on one curve:
 * the first in its document that the sender also has (authcrypt) or that we
 * support (anoncrypt); no common curve: E_KEY.  authcrypt with another enc than
 * A256CBC-HS512: E_ALG.  A key that does not sign as sign_by: E_KEY. */
BERTH_MUST_USE enum berth_err
berth_pack(struct berth_buf *out, const struct berth_pack *p, const struct berth_message *msg);

#endif
