/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_WEBVH_DID_H
#define BERTH_DID_WEBVH_DID_H

#include <stdbool.h>

#include "berth/err.h"
#include "did/base/buf.h"

/* did:webvh:SCID:LOCATION, where LOCATION is HOST[%3APORT][:SEGMENT]... and says where
 * the log is: https://HOST[:PORT]/SEGMENT/.../did.jsonl. */
#define BERTH_WEBVH_PREFIX "did:webvh:"
#define BERTH_WEBVH_HASH_LEN 46		/* base58btc of a sha2-256 multihash: SCIDs, entry hashes */
#define BERTH_WEBVH_HOST_MAX 253
#define BERTH_WEBVH_PLACEHOLDER "{SCID}"

struct berth_webvh_did {
	char scid[BERTH_WEBVH_HASH_LEN + 1];
	const char *location;			/* borrowed from the DID */
	char host[BERTH_WEBVH_HOST_MAX + 1];	/* as it is asked for: decoded, lower case */
	unsigned port;				/* 0: that of https */
	const char *path;			/* in location, behind its first ':'; "" for none */
};

/* text has the form of such a hash. */
bool berth_webvh_is_hash(const char *text);

/* E_DID: no did:webvh.  All rules are applied to what percent-encoding stands for, in
 * either case of its digits: a host of at least two names that is no IP address (not
 * in any way of writing one), a port of 10 to 65535, segments that are none of "", ".",
 * ".." and have no slash, backslash, control character or blank at an end.  A host with
 * letters beyond ASCII must be written with its A-labels ("xn--"). */
BERTH_MUST_USE enum berth_err berth_webvh_did_parse(struct berth_webvh_did *out, const char *did);

/* Both are did:webvh of one SCID: the same DID before and after it has moved. */
bool berth_webvh_same(const char *a, const char *b);

/* Appends "https://HOST[:PORT]/[SEGMENT/...]" and file.  well_known: where there are no
 * segments the file is in /.well-known/, as the log is and what a DID URL's path names
 * is not. */
BERTH_MUST_USE enum berth_err
berth_webvh_url(struct berth_buf *out, const struct berth_webvh_did *d, const char *file, bool well_known);

#endif /* BERTH_DID_WEBVH_DID_H */
