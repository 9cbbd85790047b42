/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_RESOLVERD_PLUGIN_H
#define BERTH_AGENT_RESOLVERD_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#include "agent/ipc/resolverd_proto.h"
#include "berth/err.h"
#include "berth/registry.h"

/* Other people's code in our address space: which files we load, what we require
 * of them, and how an answer comes back.  All faults are E_PLUGIN. */
#define BERTH_PLUGIN_SIZE_MAX ((size_t)16 << 20)

struct berth_plugin {
	void *handle;
	const struct berth_registry_adapter *adapter;
	void *self;
	char name[BERTH_RES_TEXT_MAX + 1], methods[BERTH_RES_TEXT_MAX + 1];
};

/* A file that may be loaded: as berth_trusted_open() has it. */
BERTH_MUST_USE enum berth_err berth_plugin_open_file(int *fd, const char *path);

/* dlopen, symbol, ABI, start().  p is zeroed on failure. */
BERTH_MUST_USE enum berth_err berth_plugin_load(struct berth_plugin *p, const char *path, const char *config);
void berth_plugin_unload(struct berth_plugin *p);	/* stop(); the code stays mapped */

/* One answer into out: the copy of the document is its doc.  E_PLUGIN when the
 * adapter broke its contract: no answer, two, too long, from another thread. */
struct berth_plugin_answer {
	struct berth_res_answer a;
	struct berth_buf doc;
};
BERTH_MUST_USE enum berth_err
berth_plugin_resolve(struct berth_plugin *p, const struct berth_res_resolve *q, struct berth_plugin_answer *out);

#endif
