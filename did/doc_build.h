/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_DOC_BUILD_H
#define BERTH_DID_DOC_BUILD_H

#include <stddef.h>

#include "berth/err.h"
#include "did/base/json.h"
#include "did/base/key.h"

/* DID documents under construction.  Like the setters of json.h: NULL for doc is
 * "already failed", and nodes are taken over in every case. */

#define BERTH_CONTEXT_DID "https://www.w3.org/ns/did/v1"
#define BERTH_CONTEXT_MULTIKEY "https://w3id.org/security/multikey/v1"
#define BERTH_CONTEXT_JWS2020 "https://w3id.org/security/suites/jws-2020/v1"

/* {"@context": [did/v1, second], "id": did}; did may be NULL: no id. */
struct berth_json *berth_doc_new(const char *did, const char *second_context);

/* The array that is a member of doc, made where there is none; NULL without memory. */
struct berth_json *berth_doc_array(struct berth_json *doc, const char *name);

/* A verification method {"id","type"[,"controller"], ...}: controller may be NULL. */
struct berth_json *berth_doc_method(const char *id, const char *type, const char *controller);
/* One with publicKeyMultibase. */
struct berth_json *berth_doc_multikey(const char *id, const char *controller, const struct berth_pubkey *key);

/* One of any type that berth_vm_key() reads, with the member that its specification
 * asks for: publicKeyMultibase (Multikey, the suites of 2020), publicKeyBase58 (those of
 * 2018 and 2019 for 25519) or publicKeyJwk (JsonWebKey, JsonWebKey2020, EC suites).  NULL
 * also when the type is unknown or of another key. */
struct berth_json *berth_doc_key_method(const char *id, const char *type, const char *controller,
					const struct berth_pubkey *key);

/* Adds a method to verificationMethod, its id to each relationship of the mask. */
BERTH_MUST_USE enum berth_err
berth_doc_add(struct berth_json *doc, struct berth_json *method, unsigned rels);

#endif /* BERTH_DID_DOC_BUILD_H */
