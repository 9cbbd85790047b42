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

#define ADAPTER_SIZE_2_0 (offsetof(struct berth_registry_adapter, cancel) + sizeof(void (*)(void)))
#define ANSWER_SIZE_2_0 (offsetof(struct berth_registry_answer, ttl_s) + sizeof(uint32_t))

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

/* Why an answer breaks the contract; NULL: it does not. */
static const char *fault_of(const struct berth_registry_query *q, const struct berth_registry_answer *a)
{
	size_t left = q->max_bytes;

	if (!a || a->size < ANSWER_SIZE_2_0)
		return "answered with too short a struct";
	if (a->status < BERTH_REGISTRY_OK || a->status > BERTH_REGISTRY_CONFLICT)
		return "answered with an unknown status";
	if (a->status != BERTH_REGISTRY_OK)
		return NULL;
	if (!a->parts || a->n_parts == 0 || a->n_parts > BERTH_RES_PARTS_MAX)
		return "answered OK without parts, or with too many";
	for (size_t i = 0; i < a->n_parts; i++) {
		const struct berth_registry_part *part = &a->parts[i];

		if (!part->name || !part->p || part->n == 0)
			return "answered with an empty part";
		if (part->n > left)
			return "answered with more bytes than it may";
		left -= part->n;
	}
	return NULL;
}

static void host_answer(struct berth_registry_query *q, const struct berth_registry_answer *a)
{
	if (!q || !pthread_equal(q->thread, pthread_self()))
		return;		/* counts as no answer */
	if (atomic_fetch_add(&q->answers, 1) > 0)
		q->fault = "answered twice";
	else
		q->fault = fault_of(q, a);
	if (q->fault)
		return;
	q->out->a.status = (uint8_t)a->status;
	if (a->message)
		copy_message(q->out->a.message, a->message);
	for (size_t i = 0; a->status == BERTH_REGISTRY_OK && i < a->n_parts; i++)
		if (strcmp(a->parts[i].name, "didDocument") == 0)
			berth_buf_put(&q->out->doc, a->parts[i].p, a->parts[i].n);
}

/* Nothing outlives ask() yet. */
static int host_http(struct berth_registry_query *q, const struct berth_registry_http *request,
		     berth_registry_http_done *done, void *arg)
{
	(void)q;
	(void)request;
	(void)done;
	(void)arg;
	return -1;
}

static int host_timer(struct berth_registry_query *q, uint32_t ms, berth_registry_timer_done *done, void *arg)
{
	(void)q;
	(void)ms;
	(void)done;
	(void)arg;
	return -1;
}

static const struct berth_registry_host host = { sizeof(host), host_log, host_answer, host_http, host_timer };

static const char *or_null(const char *s)
{
	return *s ? s : NULL;
}

enum berth_err
berth_plugin_resolve(struct berth_plugin *p, const struct berth_res_resolve *q, struct berth_plugin_answer *out)
{
	struct berth_registry_query query = { .thread = pthread_self(), .max_bytes = q->max_bytes, .out = out };
	const struct berth_registry_request request = {
		.size = sizeof(request), .op = BERTH_REGISTRY_RESOLVE, .deadline_ms = q->deadline_ms,
		.max_bytes = q->max_bytes, .did = q->did, .version_id = or_null(q->version_id),
		.version_time = or_null(q->version_time),
	};

	memset(&out->a, 0, sizeof(out->a));
	berth_buf_reset(&out->doc);
	p->adapter->ask(p->self, &request, &query);
	if (!query.fault && atomic_load(&query.answers) == 0)
		query.fault = "did not answer";
	if (!query.fault && out->a.status == BERTH_REGISTRY_OK && out->doc.len == 0)
		query.fault = "answered without a document";
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

	if (!a || a->size < ADAPTER_SIZE_2_0)
		return berth_fail(BERTH_E_PLUGIN, "%.120s: adapter of %u bytes, need %zu", path, a ? a->size : 0, ADAPTER_SIZE_2_0);
	if (a->abi_major != BERTH_REGISTRY_ABI_MAJOR)
		return berth_fail(BERTH_E_PLUGIN, "%.120s: ABI %u.%u, ours is %u.%u", path, a->abi_major, a->abi_minor,
				  BERTH_REGISTRY_ABI_MAJOR, BERTH_REGISTRY_ABI_MINOR);
	if (!a->start || !a->stop || !a->ask)
		return berth_fail(BERTH_E_PLUGIN, "%.120s: a function is missing", path);
	if (!(a->operations & 1u << BERTH_REGISTRY_RESOLVE))
		return berth_fail(BERTH_E_PLUGIN, "%.120s: does not resolve", path);
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
