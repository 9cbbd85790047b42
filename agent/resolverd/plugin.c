/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/resolverd/plugin.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "did/base/log.h"
#include "did/base/trusted_file.h"

#define ADAPTER_SIZE_1_0 (offsetof(struct berth_registry_adapter, resolve) + sizeof(void (*)(void)))

struct berth_registry_query {
	pthread_t thread;
	size_t max_bytes;
	atomic_uint answers;
	const char *fault;		/* static text; NULL: none */
	struct berth_plugin_answer *out;
};

static void host_log(int level, const char *line)
{
	static const enum berth_log_level levels[] = { BERTH_LOG_ERROR, BERTH_LOG_WARN, BERTH_LOG_INFO, BERTH_LOG_DEBUG };

	if (line)
		berth_log(level >= 0 && level <= 3 ? levels[level] : BERTH_LOG_DEBUG, "adapter", "%.512s", line);
}

/* Goes into logs and error lines: printable ASCII, cut. */
static void copy_message(char out[BERTH_RES_TEXT_MAX + 1], const char *s)
{
	size_t i;

	for (i = 0; i < BERTH_RES_TEXT_MAX && s[i]; i++)
		out[i] = s[i] >= ' ' && s[i] <= '~' ? s[i] : '?';
	out[i] = '\0';
}

static void host_answer(struct berth_registry_query *q, int status, const uint8_t *doc, size_t doc_len, const char *message)
{
	if (!q || !pthread_equal(q->thread, pthread_self()))
		return;		/* counts as no answer */
	if (atomic_fetch_add(&q->answers, 1) > 0) {
		q->fault = "answered twice";
		return;
	}
	if (status < BERTH_REGISTRY_OK || status > BERTH_REGISTRY_UNAVAILABLE)
		q->fault = "answered with an unknown status";
	else if (status == BERTH_REGISTRY_OK && (!doc || doc_len == 0))
		q->fault = "answered OK without a document";
	else if (doc_len > q->max_bytes)
		q->fault = "answered with too long a document";
	if (q->fault)
		return;
	q->out->a.status = (uint8_t)status;
	if (message)
		copy_message(q->out->a.message, message);
	if (status == BERTH_REGISTRY_OK)
		berth_buf_put(&q->out->doc, doc, doc_len);
}

static const struct berth_registry_host host = { sizeof(host), host_log, host_answer };

#define HAS(a, member) ((a)->size >= offsetof(struct berth_registry_adapter, member) + sizeof((a)->member) && (a)->member)

static const char *or_null(const char *s)
{
	return *s ? s : NULL;
}

static void ask(struct berth_plugin *p, const struct berth_res_resolve *q, struct berth_registry_query *query)
{
	if (!*q->version_id && !*q->version_time)
		p->adapter->resolve(p->self, q->did, q->deadline_ms, q->max_bytes, query);
	else if (HAS(p->adapter, resolve_version))
		p->adapter->resolve_version(p->self, q->did, or_null(q->version_id), or_null(q->version_time), q->deadline_ms,
					    q->max_bytes, query);
	else
		host_answer(query, BERTH_REGISTRY_NOT_FOUND, NULL, 0, "the adapter knows of no versions");
}

enum berth_err
berth_plugin_resolve(struct berth_plugin *p, const struct berth_res_resolve *q, struct berth_plugin_answer *out)
{
	struct berth_registry_query query = { .thread = pthread_self(), .max_bytes = q->max_bytes, .out = out };

	memset(&out->a, 0, sizeof(out->a));
	berth_buf_reset(&out->doc);
	ask(p, q, &query);
	if (!query.fault && atomic_load(&query.answers) == 0)
		query.fault = "did not answer";
	if (query.fault)
		return berth_fail(BERTH_E_PLUGIN, "adapter %.60s %s", p->name, query.fault);
	out->a.doc = out->doc.p;
	out->a.doc_len = out->doc.len;
	return berth_buf_status(&out->doc);
}

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

	if (!a || a->size < ADAPTER_SIZE_1_0)
		return berth_fail(BERTH_E_PLUGIN, "%.120s: adapter of %u bytes, need %zu", path, a ? a->size : 0, ADAPTER_SIZE_1_0);
	if (a->abi_major != BERTH_REGISTRY_ABI_MAJOR)
		return berth_fail(BERTH_E_PLUGIN, "%.120s: ABI %u.%u, ours is %u.%u", path, a->abi_major, a->abi_minor,
				  BERTH_REGISTRY_ABI_MAJOR, BERTH_REGISTRY_ABI_MINOR);
	if (!a->start || !a->stop || !a->resolve)
		return berth_fail(BERTH_E_PLUGIN, "%.120s: a function is missing", path);
	if (!copy_text(p->name, a->name, "-_.") || !copy_text(p->methods, a->methods, " *"))
		return berth_fail(BERTH_E_PLUGIN, "%.120s: name or methods", path);
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

enum berth_err berth_plugin_load(struct berth_plugin *p, const char *path, const char *config)
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
	if (!rc && !(rc = find_adapter(p, path)) && p->adapter->start(&host, config, &p->self) != 0)
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
