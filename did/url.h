/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_URL_H
#define BERTH_DID_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "berth/err.h"
#include "did/codec/did_text.h"

/* berth_is_did, berth_is_kid, berth_did_same and others come from did_text.h.
 *
 * DID Core 3.1, 3.2.  Parts point into text, which the struct owns a copy of;
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

#endif
