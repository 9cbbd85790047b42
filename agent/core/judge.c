/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/judge.h"

#include <string.h>

#include "did/base/json.h"
#include "did/method_ethr.h"
#include "did/method_webvh.h"
#include "did/webvh_did.h"

typedef enum berth_err judge_fn(struct berth_registry_result *out, const struct berth_registry_evidence *e, const char *did,
				const struct berth_did_version *version, const struct berth_registry_judge *j);

static const struct method {
	const char *name;
	judge_fn *judge;	/* NULL: this build has none, and believes nothing of the method */
	size_t bytes_max;
	bool pin;
} methods[] = {
	{ "webvh", berth_webvh_judge, (size_t)6 << 20, true },
	{ "ethr", berth_ethr_judge, BERTH_ETHR_EVIDENCE_MAX, true },
};

static const struct method *method_of(const char *did)
{
	const char *name = did + strlen("did:");
	size_t n = strcspn(name, ":");

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strlen(methods[i].name) == n && memcmp(methods[i].name, name, n) == 0)
			return &methods[i];
	return NULL;
}

size_t berth_judge_bytes_max(const char *did)
{
	const struct method *m = method_of(did);

	/* a resolution result has more in it than the document */
	return m ? m->bytes_max : 2 * BERTH_DID_DOC_MAX;
}

bool berth_judge_keeps_pin(const char *did)
{
	const struct method *m = method_of(did);

	return m && m->pin;
}

size_t berth_judge_subject_len(const char *did)
{
	size_t n = strlen(BERTH_WEBVH_PREFIX);

	return strncmp(did, BERTH_WEBVH_PREFIX, n) == 0 ? n + strcspn(did + n, ":") : strlen(did);
}

/* Bytes are a document only when they parse as the one that was asked for. */
static enum berth_err parse(struct berth_did_doc **out, const char *text, size_t len, const char *did)
{
	enum berth_err rc = berth_did_doc_parse(out, text, len, did);

	if (rc && rc != BERTH_E_NOMEM && rc != BERTH_E_RESOLVE) {
		char why[128];

		memcpy(why, berth_err_detail(), sizeof(why) - 1);
		why[sizeof(why) - 1] = '\0';
		rc = berth_fail(BERTH_E_RESOLVE, "the registry's document: %s", why);
	}
	return rc;
}

static enum berth_err parse_json(struct berth_did_doc **out, const struct berth_json *v, const char *did)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc = berth_json_print(&text, v);

	if (!rc && text.len > BERTH_DID_DOC_MAX)
		rc = berth_fail(BERTH_E_SIZE, "a document of %zu bytes", text.len);
	if (!rc)
		rc = parse(out, berth_buf_cstr(&text), text.len, did);
	berth_buf_free(&text);
	return rc;
}

/* A W3C DID resolution result. */
static enum berth_err take_resolution(struct berth_registry_result *out, const struct berth_registry_piece *p, const char *did)
{
	const struct berth_json *doc, *meta;
	struct berth_json *v = NULL;
	enum berth_err rc = berth_json_parse_object(&v, (const char *)p->p, p->n, 2 * BERTH_DID_DOC_MAX);

	if (rc)
		return rc == BERTH_E_NOMEM ? rc : berth_fail(BERTH_E_RESOLVE, "the registry's resolution result is no JSON object");
	doc = berth_json_get(v, "didDocument");
	meta = berth_json_get(v, "didDocumentMetadata");
	out->deactivated = berth_json_bool(berth_json_get(meta, "deactivated"), false);
	if (berth_json_is(doc, BERTH_JSON_OBJECT))
		rc = parse_json(&out->doc, doc, did);
	else if (!out->deactivated)
		rc = berth_fail(BERTH_E_RESOLVE, "the registry's resolution result has no document");
	if (!rc && berth_json_is(meta, BERTH_JSON_OBJECT) && !(out->metadata = berth_json_clone(meta)))
		rc = berth_no_memory();
	berth_json_free(v);
	return rc;
}

static enum berth_err take_document(struct berth_registry_result *out, const struct berth_registry_piece *p, const char *did)
{
	if (p->n > BERTH_DID_DOC_MAX)
		return berth_fail(BERTH_E_SIZE, "a document of %zu bytes", p->n);
	return parse(&out->doc, (const char *)p->p, p->n, did);
}

enum berth_err berth_judge(struct berth_registry_result *out, const struct berth_registry_evidence *e, const char *did,
			   const struct berth_did_version *version, const struct berth_registry_judge *j, bool authoritative)
{
	const struct berth_registry_piece *doc = berth_registry_piece(e, "didDocument");
	const struct berth_registry_piece *resolution = berth_registry_piece(e, "didResolution");
	const struct method *m = method_of(did);
	enum berth_err rc;

	*out = (struct berth_registry_result){ 0 };
	if (resolution && (!m || authoritative))
		rc = take_resolution(out, resolution, did);
	else if (m && m->judge && !doc && !resolution)
		rc = m->judge(out, e, did, version, j);
	else if (m)
		rc = berth_fail(BERTH_E_RESOLVE, "a document of did:%s without its evidence", m->name);
	else if (doc)
		rc = take_document(out, doc, did);
	else
		rc = berth_fail(BERTH_E_RESOLVE, "the registry's answer has no document");
	if (rc) {
		const char *error = out->error;

		berth_registry_result_free(out);
		out->error = error;
	}
	return rc;
}
