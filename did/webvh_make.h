/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_WEBVH_MAKE_H
#define BERTH_DID_WEBVH_MAKE_H

#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/jose/keyring.h"
#include "did/webvh_log.h"

/* Making did:webvh logs.  Nothing here knows files or registries: an entry is made of the
 * head of a log that was read, and is a line to append to its text. */

/* The verificationMethod of an update key or a witness: did:key:KEY#KEY, appended.  E_KEY:
 * not of Ed25519, the only keys of eddsa-jcs-2022. */
BERTH_MUST_USE enum berth_err berth_webvh_kid(struct berth_buf *out, const struct berth_pubkey *key);

struct berth_webvh_entry_spec {
	/* Only what changes; of the first entry all but method and scid.  May hold the
	 * placeholder "{SCID}" there, as the document does. */
	const struct berth_json *parameters;
	const struct berth_json *document;
	struct berth_keyring *keyring;
	const char *kid;		/* of berth_webvh_kid(), in the keyring */
	int64_t now_s;			/* the entry's time, but always after that of the head */
};

/* Appends the entry that follows head (a zeroed one: the first of a log), and makes it the
 * head.  It has passed what a resolver checks but for its witnesses.  E_KEY: kid is no key
 * that may sign it; E_RESOLVE: not a valid entry, and what is wrong; E_CLOCK: the head is
 * of a time that is still to come; and what the keyring says. */
BERTH_MUST_USE enum berth_err
berth_webvh_entry_make(struct berth_buf *log, struct berth_webvh_head *head, const struct berth_webvh_entry_spec *spec);

/* Adds a witness's proof for that version to what is did-witness.json, a list; an older
 * proof of the witness's goes when it is for a version that is published: one before. */
BERTH_MUST_USE enum berth_err
berth_webvh_approve(struct berth_json *witness_file, const char *version_id, struct berth_keyring *keyring,
		    const char *kid, int64_t now_s);

/* ---- documents and parameters for the usual changes ---- */

/* The document of a DID that moves to location: each mention of the old DID becomes one of
 * the new, which says in alsoKnownAs what it was.  E_DID: no such location. */
BERTH_MUST_USE enum berth_err
berth_webvh_move(struct berth_json **out, const struct berth_json *document, const char *location);

/* The did:web document to publish beside it (did.json).  document has the implicit
 * services already. */
BERTH_MUST_USE enum berth_err berth_webvh_to_web(struct berth_json **out, const struct berth_json *document);

#endif /* BERTH_DID_WEBVH_MAKE_H */
