/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_DOCUMENT_H
#define BERTH_DID_DOCUMENT_H

#include <stdatomic.h>
#include <stdbool.h>
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
#define BERTH_REL_SIGNING \
	(BERTH_REL_AUTHENTICATION | BERTH_REL_ASSERTION | BERTH_REL_INVOCATION | BERTH_REL_DELEGATION)

struct berth_vm {
	const char *id;		/* absolute DID URL; borrowed from the document */
	const char *controller;
	struct berth_pubkey key;	/* BERTH_KEY_NONE: a type or curve we do not know */
	unsigned rels;		/* enum berth_rel */
	int64_t expires_s, revoked_s;	/* not to be used from then on; BERTH_VM_NEVER */
	const struct berth_json *json;	/* the whole entry; NULL where the DID says it */
};
#define BERTH_VM_NEVER INT64_MAX

#define BERTH_SERVICE_DIDCOMM "DIDCommMessaging"
struct berth_service {
	const char *id, *type;		/* id absolute, "" for none (DID Core 1.1); of several types
					 * DIDCommMessaging, else the first */
	const struct berth_json *json;	/* the whole entry */
};

/* A parsed document, or one that its DID says (did/doc_known.h); owns all it points at. */
struct berth_did_doc {
	char *id;
	struct berth_json *_Atomic tree;	/* as it was read; ask berth_did_doc_json() */
	enum berth_err (*describe)(struct berth_json **tree, const struct berth_did_doc *doc);
	struct berth_json *service_list;	/* what is left of the JSON when tree has gone */
	struct berth_did_doc *whole;	/* of which it is another form, and whose services it has */
	struct berth_vm *vms;
	struct berth_service *services;
	size_t n_vms, n_services;
	char **strings;			/* absolute forms of relative ids */
	size_t n_strings;
	bool as_signed;			/* it was made by berth_did_doc_from_signed() */
	atomic_uint shares;		/* who else has it and frees it, maybe on other threads */
};

/* Takes json over, also on failure.  Relative ids are made absolute against id;
 * embedded and referenced methods; duplicate ids (but for one method that several
 * relationships embed word for word), a relationship to a method that
 * this document should have and has not, times that are none: E_DID.  A key that is
 * not valid for its type, or is a private one: E_KEY, or E_B64 for its encoding.  Types and curves we
 * do not know make a method without a key.  Too many methods or services: E_SIZE.
 * did: the DID that was asked for, which id must equal (E_RESOLVE; did:peer:4 in
 * either form); NULL: not checked. */
BERTH_MUST_USE enum berth_err
berth_did_doc_from_json(struct berth_did_doc **out, struct berth_json *json, const char *did);
BERTH_MUST_USE enum berth_err
berth_did_doc_parse(struct berth_did_doc **out, const char *text, size_t n, const char *did);
/* The same for a document that its subject has signed and a registry keeps for good.  A
 * relationship to a method of its own that it has not is a key less, and no fault; a
 * method of its own without a controller is its own. */
BERTH_MUST_USE enum berth_err
berth_did_doc_from_signed(struct berth_did_doc **out, struct berth_json *json, const char *did);
/* Its JSON, borrowed; unknown members are in it as they were read.  NULL without memory,
 * which only a document that its DID says can meet. */
const struct berth_json *berth_did_doc_json(const struct berth_did_doc *doc);
/* The same one once more, since nobody changes it. */
struct berth_did_doc *berth_did_doc_share(struct berth_did_doc *doc);
void berth_did_doc_free(struct berth_did_doc *doc);	/* of a shared one: the last time it counts */

/* The verification method of that DID URL (relative "#x" allowed), NULL if none.  In a
 * did:peer:2 a key is also found by its multikey, with or without the 'z': what older
 * agents call it. */
const struct berth_vm *berth_did_doc_vm(const struct berth_did_doc *doc, const char *did_url);

/* The same, and it must stand in that relationship, be controlled by the
 * document's subject, have a key that can do it, and not have expired or been revoked
 * by now_s; E_KEY else (C032, C058, C111). */
BERTH_MUST_USE enum berth_err
berth_did_doc_key_at(const struct berth_did_doc *doc, const char *did_url, enum berth_rel rel, int64_t now_s,
		     const struct berth_vm **out);
/* Now, but never earlier than this build: a clock that was not set yet revives no key. */
BERTH_MUST_USE enum berth_err
berth_did_doc_key(const struct berth_did_doc *doc, const char *did_url, enum berth_rel rel,
		  const struct berth_vm **out);

/* The i-th method in document order with the relationship that has not expired or been
 * revoked by now; NULL past the end. */
const struct berth_vm *
berth_did_doc_nth(const struct berth_did_doc *doc, enum berth_rel rel, size_t i);

/* The i-th endpoint URI of the DIDCommMessaging services, each with one or several of
 * them (object, string and array forms), in their order; NULL past the end.  Borrowed. */
const char *berth_did_doc_endpoint(const struct berth_did_doc *doc, size_t i);

/* The media type of its JSON; static.  DID Core 1.1 has one for all, 1.0 one with and
 * one without a context. */
const char *berth_did_doc_media_type(const struct berth_did_doc *doc);

/* The relationship's member in a document, NULL when rel is not just one. */
const char *berth_rel_name(enum berth_rel rel);

#endif
