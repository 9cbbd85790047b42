/* SPDX-License-Identifier: Apache-2.0 */
#include "did/method_webvh.h"

#include <string.h>

#include "did/base/clock.h"
#include "did/webvh_did.h"
#include "did/webvh_pin.h"

/* ---- the document ---- */

static bool has_service(const struct berth_json *services, const char *did, const char *fragment)
{
	berth_json_each(s, services) {
		const char *id = berth_json_str(berth_json_get(s, "id"));
		size_t n = id && strncmp(id, did, strlen(did)) == 0 ? strlen(did) : 0;

		if (id && strcmp(id + n, fragment) == 0)
			return true;
	}
	return false;
}

static enum berth_err add_service(struct berth_json *document, const char *did, const char *fragment, const char *type,
				  const char *context, const char *url)
{
	struct berth_json *list = berth_json_get_mut(document, "service"), *s;
	struct berth_buf id = BERTH_BUF_INIT;
	enum berth_err rc;

	/* what is no list is for the document's own parser to refuse */
	if (has_service(list, did, fragment) || (list && !berth_json_is(list, BERTH_JSON_ARRAY)))
		return BERTH_OK;
	if (!list && (rc = berth_json_set(document, "service", berth_json_new_array())))
		return rc;
	s = berth_json_new_object();
	berth_buf_printf(&id, "%s%s", did, fragment);
	if ((rc = berth_buf_status(&id)) || (context && (rc = berth_json_set_str(s, "@context", context))) ||
	    (rc = berth_json_set_str(s, "id", berth_buf_cstr(&id))) || (rc = berth_json_set_str(s, "type", type)) ||
	    (rc = berth_json_set_str(s, "serviceEndpoint", url)))
		berth_json_free(s);
	else
		rc = berth_json_push(berth_json_get_mut(document, "service"), s);
	berth_buf_free(&id);
	return rc;
}

enum berth_err berth_webvh_add_services(struct berth_json *document, const char *did)
{
	static const char linked_vp[] = "https://identity.foundation/linked-vp/contexts/v1";
	struct berth_buf files = BERTH_BUF_INIT, whois = BERTH_BUF_INIT;
	struct berth_webvh_did d;
	enum berth_err rc;

	if ((rc = berth_webvh_did_parse(&d, did)) || (rc = berth_webvh_url(&files, &d, "", false)) ||
	    (rc = berth_webvh_url(&whois, &d, "whois.vp", false)) ||
	    (rc = add_service(document, did, "#files", "relativeRef", NULL, berth_buf_cstr(&files))))
		goto out;
	rc = add_service(document, did, "#whois", "LinkedVerifiablePresentation", linked_vp, berth_buf_cstr(&whois));
out:
	berth_buf_free(&files);
	berth_buf_free(&whois);
	return rc;
}

/* ---- metadata ---- */

/* DID Resolution has no numbers in metadata: the method says them as text. */
static enum berth_err set_number(struct berth_json *o, const char *name, int64_t v)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_printf(&text, "%lld", (long long)v);
	rc = berth_buf_status(&text);
	if (!rc)
		rc = berth_json_set_str(o, name, berth_buf_cstr(&text));
	berth_buf_free(&text);
	return rc;
}

static enum berth_err set_witness(struct berth_json *o, const struct berth_json *witness)
{
	struct berth_json *copy = witness ? berth_json_clone(witness) : berth_json_new_object();
	int64_t threshold = 0;
	enum berth_err rc = BERTH_OK;

	if (witness && ((rc = berth_json_req_int(witness, "threshold", 1, INT32_MAX, &threshold)) ||
			(rc = set_number(copy, "threshold", threshold)))) {
		berth_json_free(copy);
		return rc;
	}
	return berth_json_set(o, "witness", copy);
}

/* "created" and "updated" are the times of the first and the last valid entry. */
static enum berth_err set_times(struct berth_json *o, const struct berth_webvh_log *log)
{
	const size_t which[] = { 0, log->n - 1 };
	static const char *const names[] = { "created", "updated" };
	struct berth_webvh_entry e;
	enum berth_err rc;

	for (size_t i = 0; i < 2; i++) {
		if ((rc = berth_webvh_log_entry(&e, log, which[i])))
			return rc;
		rc = berth_json_set_str(o, names[i], e.version_time);
		berth_webvh_entry_free(&e);
		if (rc)
			return rc;
	}
	return BERTH_OK;
}

static struct berth_json *metadata(const struct berth_webvh_log *log, const struct berth_webvh_entry *e)
{
	const struct berth_webvh_params *p = &log->head.params;
	struct berth_json *o = berth_json_new_object();

	if (berth_json_set_str(o, "versionId", e->version_id) || berth_json_set_str(o, "versionTime", e->version_time) ||
	    set_times(o, log) || berth_json_set_str(o, "scid", p->scid) ||
	    berth_json_set_bool(o, "portable", p->portable) || berth_json_set_bool(o, "deactivated", p->deactivated) ||
	    set_number(o, "ttl", p->ttl_s) || set_witness(o, p->witness) ||
	    berth_json_set(o, "watchers", p->watchers ? berth_json_clone(p->watchers) : berth_json_new_array())) {
		berth_json_free(o);
		return NULL;
	}
	return o;
}

/* ---- which version ---- */

#define INVALID "invalidDid"
#define NOT_FOUND "notFound"

/* "notFound" is what a valid log does not have; behind an entry that is not valid nothing
 * is known. */
static enum berth_err no_version(const struct berth_webvh_log *log, const char **error)
{
	*error = *log->bad ? INVALID : NOT_FOUND;
	return *log->bad ? berth_fail(BERTH_E_RESOLVE, "%s", log->bad)
			 : berth_fail(BERTH_E_RESOLVE, "did:webvh: no such version");
}

/* The last that is not later.  Of what is not valid the time is not known either, so the
 * last valid one before it is nobody's at any time. */
static enum berth_err by_time(size_t *i, const struct berth_webvh_log *log, const char *text, const char **error)
{
	struct berth_webvh_time t;
	enum berth_err rc;

	if ((rc = berth_webvh_time_parse(&t, text)))
		return rc;
	t.ns = 999999999;	/* what is asked for has no fractions: the whole second */
	*i = log->n;
	while (*i > 0 && berth_webvh_time_less(&t, &log->versions[*i - 1].time))
		(*i)--;
	if (*i == 0 || (*i == log->n && *log->bad))
		return no_version(log, error);
	(*i)--;
	return BERTH_OK;
}

static bool is_version(const struct berth_webvh_log *log, size_t i, const struct berth_did_version *v)
{
	size_t n = strcspn(log->versions[i].id, "-");

	if (v->number && (strlen(v->number) != n || strncmp(v->number, log->versions[i].id, n) != 0))
		return false;
	return !v->id || strcmp(v->id, log->versions[i].id) == 0;
}

static enum berth_err choose(size_t *i, const struct berth_webvh_log *log, const struct berth_did_version *v,
			     const char **error)
{
	enum berth_err rc;

	*i = log->n - 1;
	if (!v || (!v->id && !v->time && !v->number))
		return *log->bad ? no_version(log, error) : BERTH_OK;
	if (v->time) {
		if ((rc = by_time(i, log, v->time, error)))
			return rc;
		return is_version(log, *i, v) ? BERTH_OK : no_version(log, error);
	}
	for (*i = 0; *i < log->n; (*i)++)
		if (is_version(log, *i, v))
			return BERTH_OK;
	return no_version(log, error);
}

/* ---- the whole ---- */

/* Takes the entry's document over into one of ours. */
static enum berth_err make_document(struct berth_registry_result *out, const struct berth_webvh_entry *e)
{
	struct berth_json *document = berth_json_clone(e->state);
	enum berth_err rc = document ? berth_webvh_add_services(document, e->id) : BERTH_E_NOMEM;

	if (rc) {
		berth_json_free(document);
		return rc == BERTH_E_NOMEM ? berth_fail(rc, "did:webvh: a document") : rc;
	}
	return berth_did_doc_from_signed(&out->doc, document, e->id);
}

static enum berth_err answer(struct berth_registry_result *out, const struct berth_webvh_log *log, size_t i,
			     const struct berth_registry_judge *j)
{
	struct berth_webvh_entry e;
	enum berth_err rc;

	if ((rc = berth_webvh_log_entry(&e, log, i)))
		return rc;
	out->deactivated = log->head.params.deactivated;
	/* 0 is "should not be cached", and here "nothing was said" */
	out->ttl_s = log->head.params.ttl_s ? log->head.params.ttl_s : 1;
	if ((rc = make_document(out, &e)) == BERTH_OK &&
	    (!(out->metadata = metadata(log, &e)) ||
	     (!j->clock_trusted && berth_json_set_str(out->metadata, "clock", "untrusted"))))
		rc = berth_no_memory();
	berth_webvh_entry_free(&e);
	return rc;
}

enum berth_err berth_webvh_files_find(struct berth_webvh_files *f, const struct berth_registry_evidence *e)
{
	const struct berth_registry_piece *log = berth_registry_piece(e, "did.jsonl");
	const struct berth_registry_piece *witness = berth_registry_piece(e, "did-witness.json");

	if (!log)
		return berth_fail(BERTH_E_RESOLVE, "did:webvh: an answer without did.jsonl");
	*f = (struct berth_webvh_files){ .log = (const char *)log->p, .log_len = log->n };
	if (witness) {
		f->witness = (const char *)witness->p;
		f->witness_len = witness->n;
	}
	return BERTH_OK;
}

static enum berth_err judge(struct berth_registry_result *out, const struct berth_webvh_log *log,
			    const struct berth_did_version *version, const struct berth_registry_judge *j, const char **error)
{
	enum berth_err rc;
	size_t i = 0;

	if (!log->named)
		return berth_fail(BERTH_E_RESOLVE, "did:webvh: the log of another DID");
	if ((rc = berth_webvh_pin_check(j->pin, log)) || (rc = choose(&i, log, version, error)) ||
	    (rc = answer(out, log, i, j)))
		return rc;
	return berth_webvh_pin_move(j->new_pin, j->pin, log);
}

static enum berth_err read_and_judge(struct berth_registry_result *out, const struct berth_registry_evidence *e,
				     const char *did, const struct berth_did_version *version,
				     const struct berth_registry_judge *j, const char **error)
{
	struct berth_webvh_log log;
	struct berth_webvh_files f;
	enum berth_err rc;

	if ((rc = berth_webvh_files_find(&f, e))) {
		*error = NULL;		/* that is the adapter's fault */
		return rc;
	}
	if ((rc = berth_webvh_log_read(&log, &f, did, j->now_s)))
		return rc;
	rc = judge(out, &log, version, j, error);
	berth_webvh_log_free(&log);
	return rc;
}

enum berth_err berth_webvh_judge(struct berth_registry_result *out, const struct berth_registry_evidence *e,
				 const char *did, const struct berth_did_version *version,
				 const struct berth_registry_judge *j)
{
	const char *error = INVALID;
	struct berth_webvh_did d;
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if ((rc = berth_webvh_did_parse(&d, did)))
		return rc;
	rc = j->log ? judge(out, j->log, version, j, &error) : read_and_judge(out, e, did, version, j, &error);
	if (rc) {
		berth_registry_result_free(out);
		out->error = rc == BERTH_E_RESOLVE ? error : NULL;
	}
	return rc;
}
