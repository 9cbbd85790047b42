/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_JSONLD_JSONLD_H
#define BERTH_VC_JSONLD_JSONLD_H

#include "did/base/json.h"
#include "vc/rdf/rdf.h"

/* JSON-LD 1.1 to RDF (expansion and the RDF algorithms of JSON-LD 1.1 API in one go),
 * for what is signed: nothing is dropped.  A member or type that no context defines, a
 * null, a relative reference is E_VC and the detail says which, for it would stand in
 * the document and not under the signature.  Contexts are the built-in ones
 * (contexts/README.md) and what the document itself defines; nothing is ever fetched.
 * Statements can be written in more ways than one, and verifiers read JSON: members and
 * types of the vocabularies of credentials, proofs and status lists must have the names
 * that the built-in contexts give them, and what is said of the document itself must
 * stand in its outermost object (else a validUntil or credentialStatus could be hidden
 * from a verifier without touching the signature); and no second credential may lead
 * back to the document (else it could stand for the document): E_VC.
 * Not supported, and E_VC: @import, @reverse, @nest, @included, @base other than null,
 * @index as a property, the containers @id and @type, containers of @json. */
#define BERTH_JSONLD_IRI_MAX 1024	/* bytes of an IRI that is put together */
#define BERTH_JSONLD_TEXT_MAX ((size_t)8 << 20)	/* bytes of all of these */
#define BERTH_JSONLD_CONTEXTS_MAX 64	/* that lie upon one another */
#define BERTH_JSONLD_TERMS_MAX 8192	/* defined while one document is read, built-in ones not counted */
#define BERTH_JSONLD_CHAIN_MAX 16	/* terms that are defined by means of one another */

/* A document as it would be with other members. */
struct berth_jsonld_input {
	const struct berth_json *object;
	const struct berth_json *context;	/* instead of its @context; NULL: its own */
	const char *edited;			/* a member; NULL: none */
	const struct berth_json *instead;	/* its value, where it is there; NULL: it is left out */
};

/* Adds the statements of the document to d, which borrows its text until it is freed.
 * E_VC, E_SIZE (a limit, here or of rdf.h), E_NOMEM. */
BERTH_MUST_USE enum berth_err berth_jsonld_to_rdf(struct berth_rdf *d, const struct berth_jsonld_input *in);

/* The URLs of the built-in contexts; NULL behind the last.  Tests hold each against the
 * digest that its specification names. */
const char *berth_jsonld_built_in(size_t i);

#endif
