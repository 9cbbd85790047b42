/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_DATA_INTEGRITY_H
#define BERTH_VC_DATA_INTEGRITY_H

#include "did/proof.h"
#include "vc/token.h"

/* The proofs of a credential or presentation. */
struct berth_di_set {
	struct berth_di_proof proofs[BERTH_DI_PROOFS_MAX];
	size_t n;
};

/* E_VC, E_ALG: as berth_di_proofs_read(); E_VC: a proof for another purpose. */
BERTH_MUST_USE enum berth_err
berth_di_set_read(struct berth_di_set *s, const struct berth_json *document, const char *purpose);

/* Every proof must hold: notes E_ALG, E_KEY, E_SIG of each, returns r->first.  key:
 * used for all of them; NULL: theirs are resolved.  party: see berth_di_proof_key(). */
BERTH_MUST_USE enum berth_err
berth_di_set_verify(struct berth_report *r, const struct berth_di_set *s, const struct berth_json *document,
		    struct berth_resolver *resolver, const struct berth_pubkey *key, const char *party,
		    enum berth_rel rel);

/* Whether one of them is by a key of did; whether all are. */
bool berth_di_set_has(const struct berth_di_set *s, const char *did);
bool berth_di_set_is_of(const struct berth_di_set *s, const char *did);

/* Whether one of them is over RDF, and so all contexts are known. */
bool berth_di_set_is_rdf(const struct berth_di_set *s);

/* Contexts behind those that a proof is over are not signed: they are taken out. */
BERTH_MUST_USE enum berth_err berth_di_set_trim(const struct berth_di_set *s, struct berth_json *document);

/* What the proofs leave of a window (expires). */
void berth_di_set_narrow(const struct berth_di_set *s, struct berth_window *w);

/* berth_vc_di_verify() of what berth_json_parse_exact() read; takes it over.  NULL:
 * E_NOMEM. */
enum berth_err
berth_vc_di_verify_json(struct berth_report *r, const struct berth_verify *v, struct berth_json *take);

#endif /* BERTH_VC_DATA_INTEGRITY_H */
