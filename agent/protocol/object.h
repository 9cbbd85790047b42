/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_OBJECT_H
#define BERTH_AGENT_PROTOCOL_OBJECT_H

#include "agent/protocol/objects.h"
#include "did/codec/base64url.h"	/* berth_json_set_b64url */

/* What the builders and readers of the objects share. */

/* Envelope, type, context, kid and dates of a credential; *subject is its one
 * credentialSubject.  o is freed on failure. */
BERTH_MUST_USE enum berth_err
berth_object_open(struct berth_object *o, enum berth_object_kind kind, const char *compact, size_t n,
		  const struct berth_json **subject);

/* The same for receipt and blob: a typed JWS whose payload has v and iss. */
BERTH_MUST_USE enum berth_err
berth_object_open_jws(struct berth_object *o, enum berth_object_kind kind, const char *compact, size_t n);

/* The end of every reader: on failure o is freed and, in a credential, a member
 * that is missing or malformed is E_VC. */
BERTH_MUST_USE enum berth_err berth_object_opened(struct berth_object *o, enum berth_err rc);

/* Signs {context, type, issuer, dates, credentialSubject, credentialStatus}.
 * subject is taken over in every case, NULL is E_NOMEM; status is borrowed. */
BERTH_MUST_USE enum berth_err
berth_object_issue(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
		   enum berth_object_kind kind, struct berth_json *subject,
		   int64_t issued_s, int64_t exp_s, const struct berth_json *status);

/* Signs a payload of our own; {"v": 1, "iss": DID of kid} are added.  payload is
 * taken over in every case. */
BERTH_MUST_USE enum berth_err
berth_object_issue_jws(struct berth_buf *out, struct berth_keyring *kr, const char *kid,
		       enum berth_purpose purpose, struct berth_json *payload);

/* Members.  Bytes are base64url; a DID is a DID and nothing more. */
BERTH_MUST_USE enum berth_err
berth_req_bytes(const struct berth_json *o, const char *key, void *out, size_t n);
BERTH_MUST_USE enum berth_err
berth_req_blob(const struct berth_json *o, const char *key, uint8_t *out, size_t max, size_t *n);
BERTH_MUST_USE enum berth_err
berth_req_did(const struct berth_json *o, const char *key, const char **out);
BERTH_MUST_USE enum berth_err
berth_set_did_short(struct berth_json *o, const char *key, const char *did);
BERTH_MUST_USE enum berth_err
berth_set_owner(struct berth_json *o, const char *key, const struct berth_owner_ref *ref);
BERTH_MUST_USE enum berth_err
berth_req_owner(const struct berth_json *o, const char *key, struct berth_owner_ref *out);
BERTH_MUST_USE enum berth_err
berth_set_strings(struct berth_json *o, const char *key, const char *const *s, size_t n);
/* At most max texts of at most len bytes each; a missing member is an empty list. */
BERTH_MUST_USE enum berth_err
berth_opt_strings(const struct berth_json *o, const char *key, size_t max, size_t len,
		  const char **out, size_t *n);

/* A key with that thumbprint stands in assertionMethod of the DID's own document:
 * E_DID when the DID is not self-certifying, E_AUTHZ when there is no such key. */
BERTH_MUST_USE enum berth_err berth_owner_check(const struct berth_owner_ref *ref);

bool berth_key_has_thumbprint(const struct berth_pubkey *key, const uint8_t jkt[32]);

/* "hardware", "sealed" or "software". */
BERTH_MUST_USE enum berth_err berth_req_custody(const struct berth_json *o, const char **out);

#define BERTH_COUNT_MAX INT64_C(9007199254740991)	/* what JSON carries exactly */

#endif /* BERTH_AGENT_PROTOCOL_OBJECT_H */
