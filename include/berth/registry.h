/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_REGISTRY_H
#define BERTH_REGISTRY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A registry adapter turns a DID into bytes.  It is a shared object with one
 * exported symbol, loaded into berth-resolverd, which has no keys and no store.
 * The agent checks everything an adapter returns; an adapter is no authority.
 *
 * Both structs grow only at their end: neither side reads past the other's
 * `size`.  A change to what is already there is a new major version. */
#define BERTH_REGISTRY_ABI_MAJOR 1
#define BERTH_REGISTRY_ABI_MINOR 1

/* Answers of an adapter.  Anything but OK carries a message for the log. */
#define BERTH_REGISTRY_OK 0
#define BERTH_REGISTRY_NOT_FOUND 1
#define BERTH_REGISTRY_INVALID 2	/* the DID is malformed for this method */
#define BERTH_REGISTRY_UNAVAILABLE 3	/* network, disk: worth another try */

struct berth_registry_query;	/* the host's; opaque */

struct berth_registry_host {
	uint32_t size;		/* sizeof in the agent's build */
	/* level 0 error, 1 warning, 2 info, 3 debug.  line is copied. */
	void (*log)(int level, const char *line);
	/* Finishes a query: exactly once each, from the thread that called
	 * resolve().  doc (doc_len bytes, at most max_bytes of the query, no NUL
	 * needed) is copied before this returns.  message may be NULL. */
	void (*answer)(struct berth_registry_query *query, int status,
		       const uint8_t *doc, size_t doc_len, const char *message);
};

struct berth_registry_adapter {
	uint32_t size;		/* sizeof in the adapter's build */
	uint16_t abi_major, abi_minor;
	const char *name;	/* "static"; static storage */
	const char *methods;	/* space-separated DID methods, "*" for any */

	/* config: a JSON object of the adapter's own section ("key": "value").
	 * *self is passed to the other calls.  Non-zero: refuse to start. */
	int (*start)(const struct berth_registry_host *host, const char *config, void **self);
	/* Every query has been answered before this is called. */
	void (*stop)(void *self);
	/* did: NUL-terminated, syntactically valid, of one of `methods`.  At most
	 * max_bytes of document may be answered, within deadline_ms. */
	void (*resolve)(void *self, const char *did, uint32_t deadline_ms, size_t max_bytes,
			struct berth_registry_query *query);
	/* Since 1.1; NULL, or too small a size: the adapter knows of no versions, and
	 * who asks for one is told NOT_FOUND.  As resolve(), for the document that a DID
	 * URL's versionId or versionTime (RFC 3339, UTC: the newest at that time) names;
	 * one of them may be NULL.  Both are text from anybody, without control
	 * characters; an id that cannot be one is NOT_FOUND as well. */
	void (*resolve_version)(void *self, const char *did, const char *version_id, const char *version_time,
				uint32_t deadline_ms, size_t max_bytes, struct berth_registry_query *query);
};

/* The one exported symbol. */
#define BERTH_REGISTRY_SYMBOL "berth_registry_adapter_v1"
const struct berth_registry_adapter *berth_registry_adapter_v1(void);

#ifdef __cplusplus
}
#endif
#endif /* BERTH_REGISTRY_H */
