/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CODEC_DID_TEXT_H
#define BERTH_DID_CODEC_DID_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "berth/err.h"
#include "did/base/buf.h"

/* DIDs and DID URLs as text (DID Core 3.1, 3.2): what every floor that names or
 * compares them needs, without taking them apart.  did/url.h does that. */
#define BERTH_DID_URL_MAX 8192
#define BERTH_DID_METHOD_MAX 32

/* text is a DID and nothing more. */
bool berth_is_did(const char *text);
/* text is an absolute DID URL. */
bool berth_is_did_url(const char *text);
/* text is a path, query or fragment that makes a DID URL of a DID (DID Core 3.2.2). */
bool berth_is_relative_did_url(const char *text);
/* text is an absolute DID URL with a non-empty fragment: what a kid must be. */
bool berth_is_kid(const char *text);
/* The length of the DID at the start of a DID URL (0 if there is none). */
size_t berth_did_len(const char *did_url);
/* Whether the DIDs of two DID URLs are one.  did:peer:4 compares by its short form. */
bool berth_did_same(const char *a, const char *b);
/* Whether two DID URLs are the same verification method (DIDs as above). */
bool berth_did_url_same(const char *a, const char *b);
/* How much of a DID is its short form: of the long form of a did:peer:4 the beginning, of any
 * other all.  0: it is none. */
size_t berth_did_short_len(const char *did);
/* That form.  Appends. */
BERTH_MUST_USE enum berth_err berth_did_short(struct berth_buf *out, const char *did);

#endif /* BERTH_DID_CODEC_DID_TEXT_H */
