/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_ADAPTER_STATIC_FOLDER_H
#define BERTH_ADAPTER_STATIC_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/registry.h"

/* One folder:
 *   NAME.json          a DID document, found by its id
 *   NAME.jsonl         the log of a did:webvh, found by each state.id that is in it, and
 *   NAME.witness.json  its witness proofs, if there are any
 *   resources.json     {"https://... or DID/path": {"file": NAME, "contentType": TYPE}, ...};
 *                      under a did:ethr itself is what a node said of it (part `ethr`)
 *   resources/NAME     those
 * Files may be added, replaced (by rename) and removed at any time; symlinks and what is
 * too large are left out. */
#define FOLDER_FILES_MAX 4096	/* DIDs, too */
#define FOLDER_DOCUMENT_MAX ((size_t)64 << 10)
#define FOLDER_FILE_MAX ((size_t)8 << 20)	/* of anything else */
#define FOLDER_TYPE_MAX 256

struct folder_entry {
	char *did, *file;
	bool log;
};

struct folder {
	const struct berth_registry_host *host;
	int fd;				/* -1: none */
	struct folder_entry *entries;
	size_t n;
};

/* Another descriptor, which the folder owns; reads what there is.  close: of one that is
 * not open, too. */
void folder_open(struct folder *f, int fd);
void folder_close(struct folder *f);
void folder_scan(struct folder *f);

/* A file of it as a whole, free(); NULL: not there, a symlink, empty, or above max.  One
 * octet behind it is NUL. */
char *folder_read(const struct folder *f, const char *name, size_t max, size_t *len);

/* What it has of a DID, if the file is still about that; free() the octets. */
struct folder_document {
	char *text, *witness;		/* witness: NULL if none */
	size_t len, witness_len;
	bool log;
};
bool folder_document(const struct folder *f, const char *did, struct folder_document *out);
/* The same of a key of resources.json; free(). */
char *folder_resource(const struct folder *f, const char *key, size_t *len, char type[FOLDER_TYPE_MAX]);

#endif
