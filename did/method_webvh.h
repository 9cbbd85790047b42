/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_METHOD_WEBVH_H
#define BERTH_DID_METHOD_WEBVH_H

#include "berth/err.h"
#include "did/base/json.h"
#include "did/registry_answer.h"
#include "did/webvh_log.h"

/* did:webvh 1.0: the evidence is the pieces "did.jsonl" and, where the DID has witnesses,
 * "did-witness.json".  The whole log is verified, and it never goes back behind what was
 * verified before: the pin is the last versionId of each SCID, which a DID keeps when it moves.
 *
 * E_DID: no did:webvh (an IP address for a host); E_SIZE: above a cap; E_STORE: a pin that
 * is none; E_RESOLVE: all else, as a log that is not valid, a shorter one than before
 * (roll-back) or another one (fork), no such version.  Without a version the whole log must
 * be valid; with one, all up to there and, by time, up to the one after it.  With E_RESOLVE
 * the result's error is "invalidDid", or "notFound" for a version that a valid log lacks.
 *
 * The document has the services #files and #whois also where it does not say so.  After
 * the DID has moved, the document of the DID it was is that of the DID it is.  The metadata
 * are those of the method, and "clock": "untrusted" where j says that. */
BERTH_MUST_USE enum berth_err
berth_webvh_judge(struct berth_registry_result *out, const struct berth_registry_evidence *e, const char *did,
		  const struct berth_did_version *version, const struct berth_registry_judge *j);

/* The pieces of an answer that are the log's.  E_RESOLVE: there is no log among them. */
BERTH_MUST_USE enum berth_err berth_webvh_files_find(struct berth_webvh_files *f, const struct berth_registry_evidence *e);

/* Adds the implicit services to a document of that DID. */
BERTH_MUST_USE enum berth_err berth_webvh_add_services(struct berth_json *document, const char *did);

#endif /* BERTH_DID_METHOD_WEBVH_H */
