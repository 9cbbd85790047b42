/* SPDX-License-Identifier: Apache-2.0 */
/* What counts when nobody can be asked: documents of before, of this process and of those
 * before it, by policy, and what is said of it. */
#include <string.h>

#include "agent/core/judge.h"
#include "agent/core/resolve_internal.h"
#include "did/base/clock.h"
#include "did/base/log.h"

#define UNKNOWN_MS (INT64_MIN / 2)	/* when a document came that nobody knows the age of */

bool resolve_is_critical(const struct berth_resolveclient *c, const char *did)
{
	for (size_t i = 0; i < c->n_critical; i++)
		if (strcmp(c->critical[i], did) == 0)
			return true;
	return c->strict;
}

/* The time, where it is known.  It may have stood still while we were off. */
static bool know_time(const struct berth_resolveclient *c, int64_t *now_s)
{
	*now_s = berth_clock_now_s();
	return c->clock_trusted && *now_s >= (c->pins ? c->pins->floor_s(c->pins) : berth_clock_build_s());
}

/* --- after a restart ------------------------------------------------------------------- */

/* What a judge took for a document is one, also where the DID has moved and it is of what
 * it was then. */
static enum berth_err read_document(struct berth_did_doc **out, const struct berth_json *v, const char *did)
{
	struct berth_json *copy = berth_json_clone(v);

	*out = NULL;
	if (!copy)
		return berth_no_memory();
	return berth_judge_keeps_pin(did) ? berth_did_doc_from_signed(out, copy, NULL) : berth_did_doc_from_json(out, copy, did);
}

static enum berth_err take(struct berth_resolveclient *c, const char *did, const struct berth_kept_doc *k)
{
	struct resolve_document d = { .hearsay = k->hearsay };
	struct berth_buf text = BERTH_BUF_INIT;
	int64_t now_s, now = (int64_t)berth_clock_mono_ms(), came = UNKNOWN_MS;
	enum berth_err rc = read_document(&d.doc, k->document, did);

	if (!rc && k->metadata)
		rc = berth_json_print(&d.metadata, k->metadata);
	if (know_time(c, &now_s) && now_s >= k->came_s)
		came = now - (now_s - k->came_s) * 1000;
	if (!rc && !(rc = berth_json_print(&text, k->document))) {
		d.bytes = text.len;
		resolve_restore(&c->memory, did, &d, came, came == UNKNOWN_MS ? came : came + k->life_s * 1000);
	}
	berth_buf_free(&text);
	resolve_document_free(&d);
	return rc;
}

void resolve_restore_kept(struct berth_resolveclient *c, const char *did)
{
	struct berth_kept_doc k;
	struct berth_json *tree = NULL;
	bool found = false;
	enum berth_err rc;

	if (!c->kept || resolve_kept(&c->memory, did))
		return;
	if (!(rc = c->kept->get(c->kept, did, &k, &tree, &found)) && found)
		rc = take(c, did, &k);
	berth_json_free(tree);
	if (rc)
		berth_log_err(BERTH_LOG_WARN, "registry", rc);
}

/* --- before one ---------------------------------------------------------------------------- */

static enum berth_err save_document(struct berth_resolveclient *c, const struct remembered *r)
{
	int64_t now_s = berth_clock_now_s(), age_ms = (int64_t)berth_clock_mono_ms() - r->came_ms;
	struct berth_kept_doc k = { .document = berth_did_doc_json(r->doc), .came_s = now_s - age_ms / 1000,
		.life_s = (r->until_ms - r->came_ms) / 1000, .hearsay = r->hearsay };
	struct berth_json *metadata = NULL;
	enum berth_err rc = r->metadata ? berth_json_parse_object(&metadata, r->metadata, strlen(r->metadata), BERTH_JSON_MAX) : BERTH_OK;

	k.metadata = metadata;
	if (!rc)
		rc = c->kept->put(c->kept, r->did, &k, resolve_is_critical(c, r->did));
	berth_json_free(metadata);
	return rc;
}

/* Versions are not kept: they have a '?'. */
static void save(struct berth_resolveclient *c, struct remembered *r)
{
	enum berth_err rc = BERTH_OK;

	if (r->unsaved && !strchr(r->did, '?'))
		rc = r->doc ? save_document(c, r) : c->kept->drop(c->kept, r->did);
	r->unsaved = false;
	if (rc)
		berth_log_err(BERTH_LOG_WARN, "registry", rc);
}

void berth_resolveclient_save(struct berth_resolveclient *c)
{
	/* what is new is at the front, but a use may have brought others there */
	for (struct remembered *r = c->kept ? c->memory.docs.newest : NULL; r; r = r->older)
		save(c, r);
	for (struct remembered *r = c->kept ? c->memory.failures.newest : NULL; r; r = r->older)
		save(c, r);
}

/* --- without the registry -------------------------------------------------------------------- */

static bool may_serve(const struct berth_resolveclient *c, const struct remembered *r, const char *did)
{
	int64_t past_ms = (int64_t)berth_clock_mono_ms() - r->until_ms;

	return c->offline || past_ms < (resolve_is_critical(c, did) ? c->critical_stale_ms : c->stale_ms);
}

static void tell(struct berth_resolveclient *c, struct remembered *r, const char *did)
{
	c->stale_told_ms = berth_clock_mono_ms() + BERTH_RESOLVE_STALE_TOLD_MS;
	if (!r->told)
		berth_log(BERTH_LOG_WARN, "registry", "not available, a document of %lld s ago counts: %.120s",
			  (long long)resolve_age_s(r), did);
	r->told = true;
}

const struct remembered *resolve_stand_in(struct berth_resolveclient *c, const char *key, const char *did)
{
	struct remembered *r = resolve_kept(&c->memory, key);

	if (!r || !may_serve(c, r, did))
		return NULL;
	if (!c->offline)
		tell(c, r, did);
	return r;
}

bool berth_resolveclient_is_stale(const struct berth_resolveclient *c)
{
	return berth_clock_mono_ms() < c->stale_told_ms;
}

int64_t resolve_age_s(const struct remembered *r)
{
	return r->came_ms == UNKNOWN_MS ? -1 : ((int64_t)berth_clock_mono_ms() - r->came_ms) / 1000;
}
