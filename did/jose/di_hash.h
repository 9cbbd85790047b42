/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_JOSE_DI_HASH_H
#define BERTH_DID_JOSE_DI_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/base/key.h"

/* What a Data Integrity proof signs: hash(proof options) || hash(document), both
 * canonicalised with JCS or, as JSON-LD, with RDFC-1.0.  It stands this low because
 * whoever holds the key makes the hashes: nobody hands a keystore a digest to sign. */
enum berth_di_suite {
	BERTH_DI_NONE,
	BERTH_DI_EDDSA_JCS_2022,	/* Ed25519, SHA-256 */
	BERTH_DI_ECDSA_JCS_2019,	/* P-256 with SHA-256, P-384 with SHA-384 */
	BERTH_DI_EDDSA_RDFC_2022,	/* the same with RDFC-1.0 and that hash */
	BERTH_DI_ECDSA_RDFC_2019,
	BERTH_DI_ED25519_2020		/* a type of proof before there were suites: verified only */
};

const char *berth_di_suite_name(enum berth_di_suite suite);
/* NONE for a name that we do not have; NULL is fine. */
enum berth_di_suite berth_di_suite_find(const char *name);
/* Of a proof's object: by its cryptosuite, or by its type where that is all it has. */
enum berth_di_suite berth_di_suite_of(const struct berth_json *proof);
/* Whether it canonicalises RDF, and so needs contexts that we know. */
bool berth_di_suite_is_rdfc(enum berth_di_suite suite);
/* The suite that signs with such a key (one with JCS); NONE: none does. */
enum berth_di_suite berth_di_suite_for(enum berth_key_type type);
/* Whether a key of that type signs under that suite. */
bool berth_di_suite_takes(enum berth_di_suite suite, enum berth_key_type type);

#define BERTH_DI_HASH_MAX 96
struct berth_di_hash {
	size_t len;
	uint8_t b[BERTH_DI_HASH_MAX];
};

/* JSON-LD and RDF stand above this floor.  Who has them (vc/jsonld/di_rdf.h) hands them
 * in before the first proof, and may again; without them the suites over RDF are E_ALG.
 * Appends object as canonical N-Quads, for a key of that type: with context instead of
 * its own unless NULL, and of its member edited, if it is there, instead (NULL: none). */
typedef enum berth_err berth_di_rdf(struct berth_buf *out, const struct berth_json *object,
				    const struct berth_json *context, const char *edited,
				    const struct berth_json *instead, enum berth_key_type type);
void berth_di_set_rdf(berth_di_rdf *rdf);

/* document: the secured document; its member proof does not count, or counts as
 * `previous` where that is not NULL (proof chains).  proof: the proof's object, with
 * or without proofValue; its cryptosuite says how, type with which hash.  Where the
 * proof has an @context: JCS takes it instead of the document's, which must begin with
 * it; RDFC wants both to be the same; else E_SIG.  E_VC, E_SIZE: what JSON-LD or RDFC
 * cannot take (vc/jsonld/jsonld.h). */
BERTH_MUST_USE enum berth_err
berth_di_hash(struct berth_di_hash *out, const struct berth_json *document, const struct berth_json *proof,
	      const struct berth_json *previous, enum berth_key_type type);

/* For whoever holds the key: payload is {"document","proof"} with a proof that has no
 * proofValue.  Appends the hash data.  E_KEY: the suite has no such keys; E_TYPE: not
 * of that form; E_AUTHZ: the proof is not for kid, or kid's DID is not the issuer of
 * what it asserts, or the holder of what it presents. */
BERTH_MUST_USE enum berth_err
berth_di_signing_input(struct berth_buf *out, const char *kid, enum berth_key_type type,
		       const void *payload, size_t len);

#endif
