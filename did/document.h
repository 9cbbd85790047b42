/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_DOCUMENT_H
#define BERTH_DID_DOCUMENT_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/base/key.h"

#define BERTH_DID_DOC_MAX ((size_t)64 << 10)
#define BERTH_DID_DOC_VMS_MAX 64
#define BERTH_DID_DOC_SERVICES_MAX 32

/* DID Core 5.3 verification relationships, as a mask */
enum berth_rel {
	BERTH_REL_AUTHENTICATION = 1,
	BERTH_REL_ASSERTION = 2,
	BERTH_REL_KEY_AGREEMENT = 4,
	BERTH_REL_INVOCATION = 8,
	BERTH_REL_DELEGATION = 16
};

struct berth_vm {
	const char *id;		/* absolute DID URL; borrowed from the document */
	const char *controller;
	struct berth_pubkey key;	/* BERTH_KEY_NONE: a type or curve we do not know */
	unsigned rels;		/* enum berth_rel */
};

struct berth_service {
	const char *id, *type;
	const struct berth_json *json;	/* the whole entry */
};

/* A parsed document; owns all it points at. */
struct berth_did_doc {
	char *id;
	struct berth_json *json;	/* as it was read */
	struct berth_vm *vms;
	struct berth_service *services;
	size_t n_vms, n_services;
	char **strings;			/* absolute forms of relative ids */
	size_t n_strings;
};

/* Takes json over, also on failure.  Relative ids are made absolute against id;
 * embedded and referenced methods; duplicate ids, a key that is not valid, a
 * relationship to nothing: E_DID (E_KEY for the key).  did: the DID that was
 * asked for, which id must equal (E_RESOLVE); NULL: not checked. */
BERTH_MUST_USE enum berth_err
berth_did_doc_from_json(struct berth_did_doc **out, struct berth_json *json, const char *did);
BERTH_MUST_USE enum berth_err
berth_did_doc_parse(struct berth_did_doc **out, const char *text, size_t n, const char *did);
void berth_did_doc_free(struct berth_did_doc *doc);

/* The verification method of that DID URL (relative "#x" allowed), NULL if none. */
const struct berth_vm *berth_did_doc_vm(const struct berth_did_doc *doc, const char *did_url);

/* The same, and it must stand in that relationship and be controlled by the
 * document's subject; E_KEY else (C032, C058). */
BERTH_MUST_USE enum berth_err
berth_did_doc_key(const struct berth_did_doc *doc, const char *did_url, enum berth_rel rel,
		  const struct berth_vm **out);

/* The i-th method in document order with the relationship; NULL past the end. */
const struct berth_vm *
berth_did_doc_nth(const struct berth_did_doc *doc, enum berth_rel rel, size_t i);

/* The endpoint URI of the i-th DIDCommMessaging service (object, string and
 * array forms), NULL past the end.  Borrowed. */
const char *berth_did_doc_endpoint(const struct berth_did_doc *doc, size_t i);

#endif
