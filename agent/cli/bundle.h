/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CLI_BUNDLE_H
#define BERTH_AGENT_CLI_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "did/base/buf.h"
#include "did/base/json.h"

/* DID documents, did:webvh logs and resources for a site without a network, as the payload
 * of a JWS whose typ is BERTH_BUNDLE_TYP:
 *   {"serial": 7, "issued": "2026-11-28T21:00:00Z", "files": [{"kind", "id", "contentType",
 *    "sha256", "content"}, ...]}
 * sha256 and content are base64url.  kind and id: didDocument, did.jsonl, did-witness.json
 * (behind the log it belongs to), ethr (what a node said, did/method_ethr.h) of a DID;
 * resource of an https URL or of DID/path, which alone may have a contentType.  No kind
 * and id twice. */
#define BERTH_BUNDLE_TYP "berth-did-bundle+jws"
#define BERTH_BUNDLE_MAX ((size_t)8 << 20)	/* of the payload */
#define BERTH_BUNDLE_FILES_MAX 1024
#define BERTH_BUNDLE_ID_MAX 8192
#define BERTH_BUNDLE_TYPE_MAX 255

enum berth_bundle_kind {
	BERTH_BUNDLE_DOCUMENT,
	BERTH_BUNDLE_LOG,
	BERTH_BUNDLE_WITNESS,
	BERTH_BUNDLE_RESOURCE,
	BERTH_BUNDLE_ETHR,
};
#define BERTH_BUNDLE_KINDS 5

struct berth_bundle_file {
	enum berth_bundle_kind kind;
	const char *id, *content_type;	/* borrowed; content_type "" for none */
	uint8_t sha256[32];
	struct berth_buf content;
};

struct berth_bundle {
	int64_t serial, issued_s;
	const char *issued;		/* borrowed */
	struct berth_bundle_file *files;
	size_t n;
	struct berth_json *tree;	/* owned */
};

/* An empty one, NULL without memory; a file more (E_SIZE: too many of them). */
struct berth_json *berth_bundle_new(int64_t serial, int64_t issued_s);
BERTH_MUST_USE enum berth_err
berth_bundle_add(struct berth_json *b, enum berth_bundle_kind kind, const char *id, const char *content_type, const void *p,
		 size_t n);

/* A payload whose signature was verified.  E_JSON, E_SIZE, E_TYPE (structure, a hash that
 * is not its content's, something twice), E_B64; of documents whatever is wrong with one:
 * each is a valid document of its DID.  Logs and histories are judged when they are used. */
BERTH_MUST_USE enum berth_err berth_bundle_parse(struct berth_bundle *out, const void *p, size_t n);
void berth_bundle_free(struct berth_bundle *b);		/* zeroed is fine */

const char *berth_bundle_kind_name(enum berth_bundle_kind kind);

/* Puts the files of a bundle into dir, where the static adapter looks: as a whole or not
 * at all, synced, and what was there of an older bundle goes.  `signer` and payload_hash
 * are noted with it.  *unchanged: that bundle is there already.  E_REPLAY: a newer one is
 * there, or another of that serial; E_STORE: the disk, or no such folder. */
BERTH_MUST_USE enum berth_err
berth_bundle_install(const struct berth_bundle *b, const char *dir, const char *signer, const uint8_t payload_hash[32],
		     bool *unchanged);

#endif
