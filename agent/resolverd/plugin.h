/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_RESOLVERD_PLUGIN_H
#define BERTH_AGENT_RESOLVERD_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#include "agent/ipc/resolverd_proto.h"
#include "berth/err.h"
#include "berth/registry.h"

/* Other people's code in our address space: which files we load, and what we require of
 * them.  All faults are E_PLUGIN. */
#define BERTH_PLUGIN_SIZE_MAX ((size_t)16 << 20)

struct berth_plugin {
	void *handle;
	const struct berth_registry_adapter *adapter;
	void *self;
	char name[BERTH_RES_TEXT_MAX + 1], methods[BERTH_RES_TEXT_MAX + 1];
	uint32_t operations;
};

/* A file that may be loaded: as berth_trusted_open() has it. */
BERTH_MUST_USE enum berth_err berth_plugin_open_file(int *fd, const char *path);

/* dlopen, symbol, ABI, start() with this host.  p is zeroed on failure. */
BERTH_MUST_USE enum berth_err
berth_plugin_load(struct berth_plugin *p, const char *path, const char *config, const struct berth_registry_host *host);
void berth_plugin_unload(struct berth_plugin *p);	/* stop(); the code stays mapped */

#endif
