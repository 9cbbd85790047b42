/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_PROOF_H
#define BERTH_DID_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/base/key.h"
#include "did/jose/di_hash.h"
#include "did/jose/keyring.h"
#include "did/resolver.h"

/* W3C Data Integrity 1.0 proofs: what credentials and did:webvh logs share.  The
 * documents come from berth_json_parse_exact(). */
#define BERTH_DI_PROOFS_MAX 8	/* of one document */

/* One proof taken apart; all of it borrowed from json. */
struct berth_di_proof {
	const struct berth_json *json;
	const char *id, *challenge;		/* NULL: none */
	const char *method, *purpose, *value;	/* verificationMethod, proofPurpose, proofValue */
	const struct berth_json *domain, *previous;	/* text or list of texts; NULL: none */
	enum berth_di_suite suite;
	int64_t created_s, expires_s;		/* INT64_MIN, INT64_MAX: not said */
};

/* E_VC: a member missing or malformed; E_ALG: another type of proof or cryptosuite. */
BERTH_MUST_USE enum berth_err berth_di_proof_read(struct berth_di_proof *out, const struct berth_json *json);

/* The member proof of a document: one, or a list.  E_VC: none, malformed, two with one
 * id; E_SIZE: more than BERTH_DI_PROOFS_MAX; else as above. */
BERTH_MUST_USE enum berth_err
berth_di_proofs_read(struct berth_di_proof out[BERTH_DI_PROOFS_MAX], size_t *n, const struct berth_json *document);

/* text is domain, or one of its texts. */
bool berth_di_domain_has(const struct berth_json *domain, const char *text);

/* The key of verificationMethod in its DID's document, in that relationship.  party:
 * another form of the same DID, or NULL.  E_KEY, or why it does not resolve. */
BERTH_MUST_USE enum berth_err
berth_di_proof_key(struct berth_pubkey *out, const struct berth_di_proof *p, struct berth_resolver *resolver,
		   const char *party, enum berth_rel rel);

/* The signature, over document without its proofs but with those that previousProof
 * names.  E_ALG: the suite has no such keys; E_SIG: does not verify, or previousProof
 * names none of the document's. */
BERTH_MUST_USE enum berth_err
berth_di_proof_verify(const struct berth_di_proof *p, const struct berth_json *document, const struct berth_pubkey *key);

struct berth_di_options {
	const char *purpose;		/* "assertionMethod", "authentication" */
	const char *suite;		/* NULL: the key's */
	const char *id;			/* the rest may be NULL */
	const char *challenge, *domain;
	const char *const *previous;	/* ids of the document's proofs */
	size_t n_previous;
	int64_t created_s;		/* < 0: not said */
};

/* Adds a proof by kid to document (after those that are there).  E_ALG: no such
 * suite; E_KEY: the key cannot sign under it; E_VC: a previous proof is not there, or
 * the id is taken; and what the keyring says. */
BERTH_MUST_USE enum berth_err
berth_di_proof_add(struct berth_json *document, struct berth_keyring *kr, const char *kid,
		   const struct berth_di_options *o);

#endif
