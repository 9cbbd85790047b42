/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_WALLET_H
#define BERTH_VC_WALLET_H

#include "vc/formats.h"

/* Credentials that are ours to show, taken apart so that queries can look at them.  They
 * are not verified: whoever takes a credential in does that. */
#define BERTH_WALLET_MAX 256

struct berth_wallet_item {
	char *name;			/* the caller's for it; owned; may be NULL */
	char *text;			/* owned */
	size_t len;
	enum berth_vc_format format;
	const char *alg;		/* of the signature, or the proof's cryptosuite or type; "" unknown */
	bool is_di;			/* alg is a proof's */
	struct berth_json *claims;	/* what the signed text says; of an SD-JWT, disclosed */
	struct berth_json *credential;	/* of a VC-JWT 1.1, the credential in it; else NULL */
	char **withheld;		/* pointers to what can be withheld (SD-JWT); owned */
	size_t n_withheld;
	struct berth_json *header;	/* of a token; owned */
};

struct berth_wallet {
	struct berth_wallet_item *items;	/* owned */
	size_t n;
};

/* Both texts are copied.  E_VC: no credential; the codes of its format; E_SIZE: full. */
BERTH_MUST_USE enum berth_err
berth_wallet_add(struct berth_wallet *w, const char *name, const char *text, size_t n);
/* What a presentation shows, for its verifier: text, of which r is the report. */
BERTH_MUST_USE enum berth_err
berth_wallet_add_presented(struct berth_wallet *w, const struct berth_report *r, const char *text, size_t n);
void berth_wallet_free(struct berth_wallet *w);	/* wipes; fine on a zeroed one */

/* The credential as the W3C or SD-JWT VC know it: of a VC-JWT 1.1 what is in it. */
const struct berth_json *berth_wallet_credential(const struct berth_wallet_item *i);
const char *berth_wallet_issuer(const struct berth_wallet_item *i);	/* NULL: not said */
/* Who has to prove being the holder: a DID or a kid out of it; NULL: nobody can.  has_key:
 * the credential holds a bare key for that. */
const char *berth_wallet_holder(const struct berth_wallet_item *i, bool *has_key);
/* Its types (type, of an SD-JWT VC its vct), as an array of strings; owned. */
BERTH_MUST_USE enum berth_err berth_wallet_types(struct berth_json **out, const struct berth_wallet_item *i);

#endif /* BERTH_VC_WALLET_H */
