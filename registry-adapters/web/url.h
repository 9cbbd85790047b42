/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_ADAPTER_WEB_URL_H
#define BERTH_ADAPTER_WEB_URL_H

#include <stddef.h>

/* Where a did:web is: did:web:HOST[%3APORT][:SEGMENT]... as the method's specification
 * maps it.  A DID has one spelling: the host in lower case and without a dot at its end,
 * a port without zeros in front, percent-encoding only of what needs it.
 *
 * All return BERTH_REGISTRY_OK, or INVALID, or REFUSED (a port that is another
 * service's), and then *why, static text.  out: at least WEB_URL_MAX + 1. */
#define WEB_URL_MAX 2048

/* https://HOST[:PORT]/.well-known/did.json or .../SEGMENT/did.json */
int web_url_document(char *out, const char *did, const char **why);

/* What a FETCH asks for: an https or http URL as it is, whatever the DID, for the host to
 * judge; or a path behind the DID, which counts from the folder of its document (from the
 * root where that is .well-known), "/whois" being its whois.vp as in did:webvh. */
int web_url_resource(char *out, const char *did, const char *resource, const char **why);

/* The document's place in a tree of several hosts: HOST[%3APORT]/SEGMENT/did.json, with
 * the segments decoded.  Nothing in it leads out of the tree. */
int web_url_file(char *out, const char *did, const char **why);

#endif
