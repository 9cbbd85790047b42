/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DIDCOMM_UNPACK_H
#define BERTH_DIDCOMM_UNPACK_H

#include <stdbool.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/jose/keyring.h"
#include "did/resolver.h"
#include "didcomm/jwe.h"
#include "didcomm/message.h"

#define BERTH_PACKED_MAX ((size_t)1 << 20)
#define BERTH_RECIPIENTS_MAX 64
#define BERTH_NESTING_MAX 3
#define BERTH_RECIPIENT_KIDS_MAX BERTH_RECIPIENTS_MAX

/* What the envelopes proved.  Strings are owned by the struct. */
struct berth_unpacked {
	struct berth_message msg;
	bool encrypted, authenticated, non_repudiation, anonymous_sender, re_wrapped_in_forward;
	char *encrypted_from_kid;	/* skid, authcrypt only */
	char *encrypted_to_kid;		/* the recipient key that opened the inmost layer */
	struct berth_json *encrypted_to_kids;	/* array: all recipients of that layer */
	char *sign_from;		/* kid of the signature */
	const char *enc_alg_auth, *enc_alg_anon, *sign_alg;	/* static; NULL: no such layer */
	char *from_prior_issuer_kid;
	struct berth_json *from_prior;	/* verified claims */
};

/* The outermost layer of a message, taken apart before its turn. */
struct berth_unpack_ahead;

struct berth_unpack {
	struct berth_resolver *resolver;
	struct berth_keyring *keyring;
	bool allow_plaintext;	/* the command line; never from the network (C057) */
	struct berth_apv_leniency lenient_apv;	/* zero: none */
	struct berth_unpack_ahead *ahead;	/* of these very octets, for this once; NULL: none */
};

/* Of one of several messages that have come together, before the first is unpacked: all that can be said
 * of its outermost layer without a key is found out, and the keyring told what it will be
 * asked for.  What is no encrypted message to us from somebody who is known is an error,
 * and left to berth_unpack().  packed stays where it is until then. */
BERTH_MUST_USE enum berth_err
berth_unpack_ahead(struct berth_unpack_ahead **out, const struct berth_unpack *p, const char *packed, size_t n);
/* And the envelope that is in it, if there is one: the outer one is opened, so that this waits
 * for the keyring.  What fails is left to berth_unpack(). */
void berth_unpack_ahead_inside(struct berth_unpack_ahead *a, const struct berth_unpack *p);
void berth_unpack_ahead_free(struct berth_unpack_ahead *a);	/* NULL is fine */

/* Opens every layer, checks nesting (C056), addressing (C050 to C055), keys'
 * relationships, apu/apv, from_prior.  Time is not judged here.  On failure out
 * holds nothing. */
BERTH_MUST_USE enum berth_err
berth_unpack(struct berth_unpacked *out, const struct berth_unpack *p, const char *packed, size_t n);
void berth_unpacked_free(struct berth_unpacked *u);

/* The "metadata" object of INTERFACES; now_s < 0: expired is null. */
struct berth_json *berth_unpacked_metadata(const struct berth_unpacked *u, int64_t now_s);

/* The DID that authenticated the message (of skid or of the signature), NULL:
 * nobody did.  Borrowed. The only "who" that anything above may use. */
const char *berth_unpacked_sender(const struct berth_unpacked *u);

#endif
