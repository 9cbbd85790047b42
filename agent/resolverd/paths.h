/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_RESOLVERD_PATHS_H
#define BERTH_AGENT_RESOLVERD_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "berth/err.h"

/* The files and folders that configurations of adapters name: all of the file system that
 * adapters can reach, as include/berth/registry.h promises.  Absolute paths in options
 * `dir`, `file`, or ending in `-dir`, `-file` are to be read, `publish-dir` to be written. */
#define BERTH_RES_PATHS_MAX 64

struct berth_res_paths {
	struct berth_res_path {
		char *path;		/* owned */
		bool write;
		dev_t dev;		/* of a file: which it was; 0, 0 for anything else */
		ino_t ino;
	} v[BERTH_RES_PATHS_MAX];
	size_t n;
};

/* Those of one adapter's configuration, a JSON object.  E_PLUGIN: too many, or no object. */
BERTH_MUST_USE enum berth_err berth_res_paths_add(struct berth_res_paths *p, const char *config);
/* A further file to read. */
BERTH_MUST_USE enum berth_err berth_res_paths_add_file(struct berth_res_paths *p, const char *path);
void berth_res_paths_free(struct berth_res_paths *p);

/* False: one of the files is another one by now, which a confined process cannot open. */
bool berth_res_paths_are_current(const struct berth_res_paths *p);

#endif
