/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DIDCOMM_LAYERS_H
#define BERTH_DIDCOMM_LAYERS_H

#include <stdbool.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/document.h"
#include "didcomm/jwe.h"
#include "didcomm/unpack.h"

/* How unpacking goes on inside (unpack*.c, addressing.c); nobody else's. */

/* From the outside in; each layer must have a higher rank than the one around
 * it.  That is the whole nesting table of C056: what may be accepted is exactly
 * anoncrypt, authcrypt and signature, each at most once and in this order. */
enum berth_layer {
	BERTH_LAYER_NONE, BERTH_LAYER_ANONCRYPT, BERTH_LAYER_AUTHCRYPT, BERTH_LAYER_SIGNED,
	BERTH_LAYER_PLAINTEXT
};

struct berth_unpacking {
	const struct berth_unpack *p;
	struct berth_unpacked *u;
	enum berth_layer last;
	char *kids[2];		/* owned: our keys that opened a layer, from the outside in */
	size_t n_kids;
};

/* E_ENV unless the layer may stand where it does; then it is the last one. */
BERTH_MUST_USE enum berth_err berth_layer_enter(struct berth_unpacking *s, enum berth_layer layer);

/* Takes json over.  plain: what was inside. */
BERTH_MUST_USE enum berth_err
berth_unpack_jwe(struct berth_unpacking *s, struct berth_json *json, struct berth_buf *plain);

/* The layer that was taken apart before. */
BERTH_MUST_USE enum berth_err berth_unpack_jwe_known(struct berth_unpacking *s, struct berth_unpack_ahead *a, struct berth_buf *plain);

struct berth_unpack_ahead {
	struct berth_jwe j;
	const struct berth_jwe_recipient *r;	/* we */
	struct berth_pubkey sender;		/* of authcrypt */
	bool opened;				/* it was, and plain is what was in it */
	struct berth_buf plain;
	struct berth_unpack_ahead *inner;	/* the envelope in plain; NULL: in its turn */
};
/* Takes json over. */
BERTH_MUST_USE enum berth_err
berth_unpack_jwe_ahead(struct berth_unpack_ahead **out, const struct berth_unpack *p, struct berth_json *json);

/* Takes json over.  Fills u->msg: a signature is always the inmost layer. */
BERTH_MUST_USE enum berth_err berth_unpack_jws(struct berth_unpacking *s, struct berth_json *json);
/* A compact JWS as the JSON that says the same. */
BERTH_MUST_USE enum berth_err
berth_unpack_expand_compact(struct berth_json **out, const char *text, size_t n);

/* The key of that DID URL, which must stand in that relationship (C058, C032). */
BERTH_MUST_USE enum berth_err
berth_unpack_key(struct berth_resolver *resolver, const char *kid, enum berth_rel rel, struct berth_pubkey *out);

/* Message layer addressing consistency over u->msg and what the envelopes said;
 * signer: kid of the signature or NULL.  Runs before the signer's key is looked
 * up (C024b).  C050, C053, C055, C063. */
BERTH_MUST_USE enum berth_err berth_addressing_check(const struct berth_unpacking *s, const char *signer);

enum berth_layer berth_envelope_kind(const struct berth_json *json);

#endif
