/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_ADAPTER_WEB_PUBLISH_H
#define BERTH_ADAPTER_WEB_PUBLISH_H

#include <stddef.h>

/* Writing into a folder that a web server shows, or that something carries there.  The
 * new document is there as a whole or not at all, whatever happens in between.  Folders
 * are made as needed; a symlink on the way is never followed.
 *
 * tree: a folder; path: below it, from web_url_file().  BERTH_REGISTRY_OK; CONFLICT: create
 * and it is there already; NOT_FOUND: replace or remove and it is not; UNAVAILABLE: the
 * disk, and then *why has static text. */
enum web_publish { WEB_CREATE, WEB_REPLACE };
int web_publish_write(int tree, const char *path, enum web_publish how, const void *p, size_t n, const char **why);
int web_publish_remove(int tree, const char *path, const char **why);

#endif
