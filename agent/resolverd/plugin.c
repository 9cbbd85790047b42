/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/resolverd/plugin.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "did/base/trusted_file.h"

#define ADAPTER_SIZE_2_0 (offsetof(struct berth_registry_adapter, cancel) + sizeof(void (*)(void)))
#define OPERATIONS ((2u << BERTH_REGISTRY_FETCH) - (1u << BERTH_REGISTRY_RESOLVE))	/* that this host knows */

/* Static text of the adapter's: letters, digits and a few signs only, because it
 * ends up in logs and tables. */
static bool copy_text(char out[BERTH_RES_TEXT_MAX + 1], const char *s, const char *more)
{
	size_t n = s ? strnlen(s, BERTH_RES_TEXT_MAX + 1) : 0;

	if (n == 0 || n > BERTH_RES_TEXT_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789", s[i]) && !strchr(more, s[i]))
			return false;
	memcpy(out, s, n + 1);
	return true;
}

static enum berth_err check_abi(struct berth_plugin *p, const char *path)
{
	const struct berth_registry_adapter *a = p->adapter;

	if (!a || a->size < ADAPTER_SIZE_2_0)
		return berth_fail(BERTH_E_PLUGIN, "%.120s: adapter of %u bytes, need %zu", path, a ? a->size : 0, ADAPTER_SIZE_2_0);
	if (a->abi_major != BERTH_REGISTRY_ABI_MAJOR)
		return berth_fail(BERTH_E_PLUGIN, "%.120s: ABI %u.%u, ours is %u.%u", path, a->abi_major, a->abi_minor,
				  BERTH_REGISTRY_ABI_MAJOR, BERTH_REGISTRY_ABI_MINOR);
	if (!a->start || !a->stop || !a->ask)
		return berth_fail(BERTH_E_PLUGIN, "%.120s: a function is missing", path);
	if (!(a->operations & OPERATIONS))
		return berth_fail(BERTH_E_PLUGIN, "%.120s: has no operation", path);
	if (!copy_text(p->name, a->name, "-_.") || !copy_text(p->methods, a->methods, " *"))
		return berth_fail(BERTH_E_PLUGIN, "%.120s: name or methods", path);
	p->operations = a->operations & OPERATIONS;
	return BERTH_OK;
}

static enum berth_err find_adapter(struct berth_plugin *p, const char *path)
{
	union {		/* what dlsym() gives is a function here */
		void *sym;
		const struct berth_registry_adapter *(*fn)(void);
	} u;

	if (!(u.sym = dlsym(p->handle, BERTH_REGISTRY_SYMBOL)))
		return berth_fail(BERTH_E_PLUGIN, "%.120s does not export " BERTH_REGISTRY_SYMBOL, path);
	p->adapter = u.fn();
	return check_abi(p, path);
}

enum berth_err berth_plugin_open_file(int *fd, const char *path)
{
	return berth_trusted_open(fd, path, BERTH_PLUGIN_SIZE_MAX, BERTH_E_PLUGIN);
}

enum berth_err
berth_plugin_load(struct berth_plugin *p, const char *path, const char *config, const struct berth_registry_host *host)
{
	char by_fd[32];
	enum berth_err rc;
	int fd;

	*p = (struct berth_plugin){ 0 };
	if ((rc = berth_plugin_open_file(&fd, path)))
		return rc;
	/* The file that was checked, whatever its name means by now.  The descriptor
	 * stays open: the loader knows objects by name, and under a number that is
	 * used again it would hand out the one before. */
	snprintf(by_fd, sizeof(by_fd), "/proc/self/fd/%d", fd);
	p->handle = dlopen(by_fd, RTLD_NOW | RTLD_LOCAL);
	if (!p->handle) {
		close(fd);
		rc = berth_fail(BERTH_E_PLUGIN, "%.120s: %.120s", path, dlerror());
	}
	if (!rc && !(rc = find_adapter(p, path)) && p->adapter->start(host, config, &p->self) != 0)
		rc = berth_fail(BERTH_E_PLUGIN, "adapter %.60s refuses its configuration", p->name);
	if (rc)
		*p = (struct berth_plugin){ 0 };	/* the handle stays: its threads may run */
	return rc;
}

void berth_plugin_unload(struct berth_plugin *p)
{
	if (p->adapter)
		p->adapter->stop(p->self);
	*p = (struct berth_plugin){ 0 };
}
