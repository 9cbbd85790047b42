/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_WEBVH_PARAMS_H
#define BERTH_DID_WEBVH_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/json.h"
#include "did/webvh_did.h"

/* The parameters of a did:webvh log: what each entry may set, and what is in force
 * after it.  E_RESOLVE for whatever the specification does not allow. */
#define BERTH_WEBVH_METHOD "did:webvh:1.0"
#define BERTH_WEBVH_KEYS_MAX 64		/* of updateKeys and of nextKeyHashes */
#define BERTH_WEBVH_WITNESSES_MAX 64
#define BERTH_WEBVH_WATCHERS_MAX 64
#define BERTH_WEBVH_TEXT_MAX 2048	/* characters of a key, a hash, a watcher's URL */
#define BERTH_WEBVH_TTL_S 3600		/* "Defaults to 3600 (1 hour)" */

/* In force after an entry.  Zeroed: before the first.  Lists are owned; NULL is an empty
 * one.  witness is NULL where there are none, never {}. */
struct berth_webvh_params {
	char scid[BERTH_WEBVH_HASH_LEN + 1];
	struct berth_json *update_keys, *next_key_hashes, *witness, *watchers;
	bool portable, deactivated;
	uint32_t ttl_s;
};

/* What an entry may say after p.  first: it is the log's first. */
BERTH_MUST_USE enum berth_err
berth_webvh_params_check(const struct berth_webvh_params *p, const struct berth_json *said, bool first);
/* Makes it so; said has been checked. */
BERTH_MUST_USE enum berth_err
berth_webvh_params_apply(struct berth_webvh_params *p, const struct berth_json *said, bool first);
void berth_webvh_params_free(struct berth_webvh_params *p);	/* leaves it zeroed */

/* Whose keys the entry that says this is signed with: its own list where it is the first
 * or pre-rotation is active, else that of the entry before.  Borrowed; may be NULL. */
const struct berth_json *
berth_webvh_params_signers(const struct berth_webvh_params *p, const struct berth_json *said, bool first);
/* Who witnesses it: those active before it, else those it brings.  NULL: nobody must. */
const struct berth_json *
berth_webvh_params_witness(const struct berth_webvh_params *p, const struct berth_json *said);

/* The Multikey of a witness's id: of its did:key, or the id itself, for some write it
 * bare.  Borrowed; NULL: none. */
const char *berth_webvh_witness_key(const struct berth_json *witness);

/* What stands in nextKeyHashes for a key: appended. */
BERTH_MUST_USE enum berth_err berth_webvh_key_hash(struct berth_buf *out, const char *multikey);

#endif /* BERTH_DID_WEBVH_PARAMS_H */
