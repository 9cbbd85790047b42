/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_URL_H
#define BERTH_DID_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "berth/err.h"

#define BERTH_DID_URL_MAX 8192
#define BERTH_DID_METHOD_MAX 32

/* DID Core 3.1, 3.2.  Parts point into text, which the struct owns a copy of;
 * absent ones are NULL.  did is the text up to path, query or fragment. */
struct berth_did_url {
	char *text;		/* owned, the whole URL */
	char *did;		/* owned */
	char method[BERTH_DID_METHOD_MAX + 1];
	const char *id;		/* method-specific id, in did */
	char *path, *query, *fragment;	/* owned, without '/', '?', '#' but path keeps '/' */
};

/* Absolute DID URLs only.  E_DID, E_SIZE. */
BERTH_MUST_USE enum berth_err berth_did_url_parse(struct berth_did_url *out, const char *text);
void berth_did_url_free(struct berth_did_url *u);

/* text is a DID and nothing more. */
bool berth_is_did(const char *text);
/* text is an absolute DID URL with a non-empty fragment: what a kid must be. */
bool berth_is_kid(const char *text);
/* The length of the DID at the start of a DID URL (0 if there is none). */
size_t berth_did_len(const char *did_url);
/* Whether the DIDs of two DID URLs are one.  did:peer:4 compares by its short form. */
bool berth_did_same(const char *a, const char *b);
/* Whether two DID URLs are the same verification method (DIDs as above). */
bool berth_did_url_same(const char *a, const char *b);
/* did:peer:4 long form -> its short form; any other DID unchanged.  Appends. */
struct berth_buf;
BERTH_MUST_USE enum berth_err berth_did_short(struct berth_buf *out, const char *did);

#endif
