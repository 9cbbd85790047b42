/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/resolveclient.h"

#include <stdlib.h>
#include <string.h>

#include "agent/core/judge.h"
#include "agent/core/resolve_internal.h"
#include "berth/registry.h"
#include "did/base/chars.h"
#include "did/base/clock.h"
#include "did/codec/did_text.h"

/* --- the resolver ------------------------------------------------------------------ */

/* The method of did is in a list with spaces between. */
static bool is_listed(const char *at, const char *did)
{
	const char *method = did + strlen("did:");
	size_t len = strcspn(method, ":");

	for (;;) {
		size_t n = strcspn(at += strspn(at, " "), " ");

		if (n == 0)
			return false;
		if ((n == 1 && *at == '*') || (n == len && memcmp(at, method, n) == 0))
			return true;
		at += n;
	}
}

static bool has_method(const struct resolve_adapter *a, const char *did)
{
	return is_listed(a->is.methods, did) && (!a->only.len || is_listed((const char *)a->only.p, did));
}

const struct resolve_adapter *resolve_adapter_of(const struct berth_resolveclient *c, const char *did, uint8_t op)
{
	for (size_t i = 0; i < c->process.n && !c->offline; i++) {
		const struct resolve_adapter *a = &c->process.adapters[i];

		if (a->is.operations & 1u << op && has_method(a, did))
			return a;
	}
	return NULL;
}

static void say_nothing(struct berth_resolveclient *c, const char *did)
{
	berth_buf_reset(&c->said_of);
	berth_buf_str(&c->said_of, did);
	c->said = (struct berth_resolve_said){ .error = NULL };
}

static const char *error(struct berth_resolver *r, const char *did)
{
	struct berth_resolve_said said;

	berth_resolveclient_said((struct berth_resolveclient *)(void *)r, did, &said);
	return said.error;
}

static enum berth_err resolve(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	struct berth_resolveclient *c = (struct berth_resolveclient *)(void *)r;
	struct resolve_look_up l = { .key = did, .did = did, .adapter = resolve_adapter_of(c, did, BERTH_REGISTRY_RESOLVE) };

	*out = NULL;
	say_nothing(c, did);
	return l.adapter || c->offline ? resolve_look_up(c, &l, out) : berth_resolve_next(r, did, out);
}

static bool doubt(struct berth_resolver *r, const char *did)
{
	return resolve_doubt(&((struct berth_resolveclient *)(void *)r)->memory, did);
}

/* No DID has a '?' in it, so these keys are apart from those of DIDs, and the length
 * keeps them apart from each other. */
static enum berth_err version_key(struct berth_buf *key, const char *did, const struct berth_did_version *v)
{
	const char *id = v->id ? v->id : "", *time = v->time ? v->time : "", *number = v->number ? v->number : "";

	berth_buf_printf(key, "%s?%zu?%s?%zu?%s?%s", did, strlen(id), id, strlen(number), number, time);
	return berth_buf_status(key);
}

static enum berth_err resolve_version(struct berth_resolver *r, const char *did, const struct berth_did_version *version,
				      struct berth_did_doc **out)
{
	struct berth_resolveclient *c = (struct berth_resolveclient *)(void *)r;
	struct resolve_look_up l = { .did = did, .version = version, .adapter = resolve_adapter_of(c, did, BERTH_REGISTRY_RESOLVE) };
	struct berth_buf key = BERTH_BUF_INIT;
	enum berth_err rc;

	*out = NULL;
	say_nothing(c, did);
	if (!l.adapter && !c->offline)
		return berth_resolve_version_next(r->next, did, version, out);
	if (version->number && !berth_judge_keeps_pin(did))	/* adapters are not asked for it */
		return berth_fail(BERTH_E_RESOLVE, "%.80s has no numbered versions", did);
	if (!(rc = version_key(&key, did, version))) {
		l.key = berth_buf_cstr(&key);
		rc = resolve_look_up(c, &l, out);
	}
	berth_buf_free(&key);
	return rc;
}

void berth_resolveclient_forget(struct berth_resolveclient *c, const char *did)
{
	resolve_forget(&c->memory, did);
}

const char *berth_resolveclient_metadata(struct berth_resolveclient *c, const char *did)
{
	const struct remembered *r = resolve_recall(&c->memory, did);

	if (!r || r->outage)
		r = resolve_kept(&c->memory, did);
	return r ? r->metadata : NULL;
}

void berth_resolveclient_said(const struct berth_resolveclient *c, const char *did, struct berth_resolve_said *out)
{
	bool of_it = c->said_of.len == strlen(did) && memcmp(c->said_of.p, did, c->said_of.len) == 0;

	*out = of_it ? c->said : (struct berth_resolve_said){ .error = NULL };
}

struct berth_resolver *berth_resolveclient_resolver(struct berth_resolveclient *c)
{
	return &c->base;
}

static struct berth_resolveclient *of_lookups(struct berth_lookups *l)
{
	return (struct berth_resolveclient *)(void *)((char *)l - offsetof(struct berth_resolveclient, lookups));
}

static void set_mode(struct berth_lookups *l, enum berth_lookup_mode mode)
{
	of_lookups(l)->mode = mode;
	of_lookups(l)->missed = false;
}

static void set_strict(struct berth_lookups *l, bool on) { of_lookups(l)->strict = on; }
static bool missed(struct berth_lookups *l) { return of_lookups(l)->missed; }

struct berth_lookups *berth_resolveclient_lookups(struct berth_resolveclient *c) { return &c->lookups; }

/* --- the loop ---------------------------------------------------------------------- */

bool berth_resolveclient_run(struct berth_resolveclient *c, bool readable)
{
	bool finished;

	resolve_process_run(&c->process, readable);
	resolve_judging_turn(c);
	finished = c->finished;
	c->finished = false;
	return finished;
}

int berth_resolveclient_fd(const struct berth_resolveclient *c)
{
	return resolve_process_fd(&c->process);
}

bool berth_resolveclient_wants_write(const struct berth_resolveclient *c)
{
	return resolve_process_wants_write(&c->process);
}

uint32_t berth_resolveclient_timeout_ms(const struct berth_resolveclient *c)
{
	/* somebody waited elsewhere, or the next turn has something to do */
	return c->finished || c->judging ? 0 : resolve_process_timeout_ms(&c->process);
}

/* --- life ---------------------------------------------------------------------- */

enum berth_err
berth_resolveclient_new(struct berth_resolveclient **out, const char *libexec_dir, struct berth_resolver *next)
{
	struct berth_resolveclient *c = calloc(1, sizeof(*c));

	*out = NULL;
	if (!c)
		return berth_no_memory();
	c->base.resolve = resolve;
	c->base.resolve_version = resolve_version;
	c->base.doubt = doubt;
	c->base.error = error;
	c->base.next = next;
	c->lookups = (struct berth_lookups){ .mode = set_mode, .strict = set_strict, .missed = missed };
	c->clock_trusted = true;
	resolve_memory_init(&c->memory);
	resolve_process_init(&c->process, libexec_dir);
	berth_resolveclient_deadline(c, BERTH_RESOLVE_DEADLINE_MS);
	*out = c;
	return BERTH_OK;
}

enum berth_err
berth_resolveclient_add(struct berth_resolveclient *c, const char *name, const char *path, const char *config)
{
	return resolve_process_add(&c->process, name, path, config);
}

enum berth_err berth_resolveclient_only_method(struct berth_resolveclient *c, const char *method)
{
	struct berth_buf *only = &c->process.adapters[c->process.n - 1].only;

	if (!*method || strlen(method) > BERTH_DID_METHOD_MAX || method[berth_chars_span(method, BERTH_CHARS_LOWER | BERTH_CHARS_DIGIT)])
		return berth_fail(BERTH_E_CONFIG, "%.60s is no DID method's name", method);
	berth_buf_printf(only, "%s%s", only->len ? " " : "", method);
	return berth_buf_status(only);
}

void berth_resolveclient_is_authoritative(struct berth_resolveclient *c)
{
	if (c->process.n)
		c->process.adapters[c->process.n - 1].authoritative = true;
}

enum berth_err berth_resolveclient_add_critical(struct berth_resolveclient *c, const char *did)
{
	if (c->n_critical == RESOLVE_CRITICAL_MAX)
		return berth_fail(BERTH_E_CONFIG, "more than %d DIDs that much depends on", RESOLVE_CRITICAL_MAX);
	if (!(c->critical[c->n_critical] = strdup(did)))
		return berth_no_memory();
	c->n_critical++;
	return BERTH_OK;
}

void berth_resolveclient_set_pins(struct berth_resolveclient *c, struct berth_pins *pins)
{
	c->pins = pins;
}

void berth_resolveclient_set_kept(struct berth_resolveclient *c, struct berth_kept *kept)
{
	c->kept = kept;
}

void berth_resolveclient_set_policy(struct berth_resolveclient *c, const struct berth_resolve_policy *p)
{
	c->offline = p->offline;
	c->memory.max_age_ms = p->max_age_s * 1000;
	c->stale_ms = p->stale_s * 1000;
	c->critical_stale_ms = p->critical_stale_s * 1000;
}

bool berth_resolveclient_offline(struct berth_resolveclient *c, bool on)
{
	bool before = c->offline;

	c->offline = on;
	return before;
}

void berth_resolveclient_clock_trusted(struct berth_resolveclient *c, bool trusted)
{
	c->clock_trusted = trusted;
}

enum berth_err berth_resolveclient_start(struct berth_resolveclient *c)
{
	enum berth_err rc;

	c->share_at_ms = berth_clock_mono_ms();
	if (!c->process.n || c->process.proc.pid || c->offline)
		return BERTH_OK;
	if ((rc = resolve_process_start(&c->process)))
		return rc;
	resolve_process_proceed(&c->process);
	while (c->process.proc.pid && !resolve_process_is_ready(&c->process))
		resolve_process_turn(&c->process);
	return c->process.setup_rc;
}

int berth_resolveclient_pid(const struct berth_resolveclient *c)
{
	return (int)c->process.proc.pid;
}

void berth_resolveclient_deadline(struct berth_resolveclient *c, int deadline_ms)
{
	c->deadline_ms = deadline_ms;
	c->process.setup_ms = (uint32_t)deadline_ms;
}

void berth_resolveclient_free(struct berth_resolveclient *c)
{
	if (!c)
		return;
	resolve_process_free(&c->process);
	resolve_judging_free(c);
	resolve_forget(&c->memory, NULL);
	berth_buf_free(&c->said_of);
	while (c->n_critical)
		free(c->critical[--c->n_critical]);
	free(c);
}
