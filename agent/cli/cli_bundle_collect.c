/* SPDX-License-Identifier: Apache-2.0 */
/* What goes into a bundle: documents with what proves them, logs, status lists, files. */
#include <string.h>

#include "agent/cli/bundle.h"
#include "agent/cli/cli_bundle.h"
#include "agent/cli/cli_resolver.h"
#include "agent/core/judge.h"
#include "berth/registry.h"
#include "did/codec/did_text.h"
#include "did/jose/jws.h"

#define LOG_MAX ((uint32_t)6 << 20)	/* and what witnesses say of it */

struct evidence_of {
	struct berth_json *bundle;
	const char *did;
	enum berth_err rc;
};

/* The pieces of it that judges read. */
static void on_evidence(void *arg, enum berth_err rc, const struct berth_registry_evidence *e)
{
	static const enum berth_bundle_kind kinds[] = { BERTH_BUNDLE_LOG, BERTH_BUNDLE_WITNESS, BERTH_BUNDLE_ETHR };
	struct evidence_of *l = arg;
	size_t n = 0;

	for (size_t i = 0; !rc && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct berth_registry_piece *p = berth_registry_piece(e, berth_bundle_kind_name(kinds[i]));

		n += p != NULL;
		if (p)
			rc = berth_bundle_add(l->bundle, kinds[i], l->did, NULL, p->p, p->n);
	}
	if (!rc && n == 0)
		rc = berth_fail(BERTH_E_RESOLVE, "%.100s: the registry's answer has no evidence", l->did);
	l->rc = rc;
}

/* What the document was made of, once more and as it came. */
static enum berth_err add_evidence_of(struct berth_json *b, struct berth_cli_resolver *r, const char *did)
{
	const struct berth_resolve_call q = { .op = BERTH_REGISTRY_RESOLVE, .did = did, .max_bytes = LOG_MAX };
	struct evidence_of l = { b, did, BERTH_OK };
	enum berth_err rc;

	rc = berth_resolveclient_call_wait(r->adapters, &q, on_evidence, &l);
	return rc ? rc : l.rc;
}

static enum berth_err add_document(struct berth_json *b, struct berth_cli_resolver *r, const char *did)
{
	bool judged = berth_judge_keeps_pin(did);
	struct berth_did_doc *doc = NULL;
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	if (judged && !r->adapters)
		return berth_fail(BERTH_E_USAGE, "%.100s: what proves it is bundled, with --config (or --log)", did);
	if ((rc = berth_resolve(&r->top, did, &doc)))
		return rc;
	if (judged)
		rc = add_evidence_of(b, r, did);
	else if (!(rc = berth_json_print(&text, berth_did_doc_json(doc))))
		rc = berth_bundle_add(b, BERTH_BUNDLE_DOCUMENT, did, NULL, text.p, text.len);
	berth_did_doc_free(doc);
	berth_buf_free(&text);
	return rc;
}

static enum berth_err add_documents(const struct berth_cli *c, struct berth_json *b)
{
	struct berth_cli_resolver r = { .has_dir = false };
	enum berth_err rc = berth_cli_resolver_open(&r, c);
	const char *did;

	for (size_t i = 0; !rc && (did = berth_cli_arg(c, i)); i++)
		rc = add_document(b, &r, did);
	berth_cli_resolver_close(&r);
	return rc;
}

/* state.id of the last line */
static enum berth_err did_of_log(const struct berth_buf *log, const char *path, struct berth_buf *did)
{
	const char *text = berth_buf_cstr(log), *line = text, *id;
	size_t n = log->len;
	struct berth_json *v = NULL;
	const struct berth_json *state;
	enum berth_err rc;

	while (n > 0 && text[n - 1] == '\n')
		n--;
	if (memrchr(text, '\n', n))
		line = (const char *)memrchr(text, '\n', n) + 1;
	if (!(rc = berth_json_parse_object(&v, line, n - (size_t)(line - text), BERTH_JSON_MAX)) &&
	    !(rc = berth_json_req_obj(v, "state", &state)) && !(rc = berth_json_req_str(state, "id", BERTH_DID_URL_MAX, &id))) {
		berth_buf_str(did, id);
		rc = berth_buf_status(did);
	}
	berth_json_free(v);
	return rc == BERTH_E_JSON || rc == BERTH_E_TYPE ? berth_fail(rc, "%.100s is no did:webvh log", path) : rc;
}

/* did.jsonl[,did-witness.json] */
static enum berth_err add_log(struct berth_json *b, const char *value)
{
	struct berth_buf path = BERTH_BUF_INIT, log = BERTH_BUF_INIT, witness = BERTH_BUF_INIT, did = BERTH_BUF_INIT;
	const char *comma = strchr(value, ',');
	enum berth_err rc;

	berth_buf_put(&path, value, strcspn(value, ","));
	if ((rc = berth_buf_status(&path)) || (rc = berth_cli_read(&log, berth_buf_cstr(&path), BERTH_BUNDLE_MAX)) ||
	    (rc = did_of_log(&log, berth_buf_cstr(&path), &did)) ||
	    (rc = berth_bundle_add(b, BERTH_BUNDLE_LOG, berth_buf_cstr(&did), NULL, log.p, log.len)))
		goto out;
	if (comma && !(rc = berth_cli_read(&witness, comma + 1, BERTH_BUNDLE_MAX)))
		rc = berth_bundle_add(b, BERTH_BUNDLE_WITNESS, berth_buf_cstr(&did), NULL, witness.p, witness.len);
out:
	berth_buf_free(&path);
	berth_buf_free(&log);
	berth_buf_free(&witness);
	berth_buf_free(&did);
	return rc;
}

static enum berth_err add_logs(const struct berth_cli *c, struct berth_json *b)
{
	enum berth_err rc = BERTH_OK;
	const char *value;

	for (size_t i = 0; !rc && (value = berth_cli_nth(c, "--log", i)); i++)
		rc = add_log(b, value);
	return rc;
}

/* The URL of a status list: a credential's id, a token's sub. */
static enum berth_err url_of_list(const struct berth_json *v, const char *path, const char **url)
{
	const struct berth_json *id = berth_json_get(v, "id");

	if (!id)
		id = berth_json_get(berth_json_get(v, "vc"), "id");
	if (!id)
		id = berth_json_get(v, "sub");
	*url = berth_json_str(id);
	return *url ? BERTH_OK : berth_fail(BERTH_E_TYPE, "%.100s: a status list without id or sub", path);
}

static enum berth_err add_token(struct berth_json *b, const struct berth_buf *text, const char *path)
{
	struct berth_jws j = { .header = NULL };
	struct berth_json *v = NULL;
	struct berth_buf type = BERTH_BUF_INIT;
	size_t n = text->len;
	const char *url;
	enum berth_err rc;

	while (n > 0 && strchr("\r\n \t", text->p[n - 1]))
		n--;
	if ((rc = berth_jws_parse(&j, berth_buf_cstr(text), n, BERTH_BUNDLE_MAX)) ||
	    (rc = berth_json_parse_object(&v, berth_buf_cstr(&j.payload), j.payload.len, BERTH_BUNDLE_MAX)) ||
	    (rc = url_of_list(v, path, &url)))
		goto out;
	berth_buf_printf(&type, "application/%s", j.typ ? j.typ : "jwt");
	if (!(rc = berth_buf_status(&type)))
		rc = berth_bundle_add(b, BERTH_BUNDLE_RESOURCE, url, berth_buf_cstr(&type), text->p, n);
out:
	berth_jws_free(&j);
	berth_json_free(v);
	berth_buf_free(&type);
	return rc;
}

static enum berth_err add_status_list(struct berth_json *b, const char *path)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_json *v = NULL;
	const char *url;
	enum berth_err rc = berth_cli_read(&text, path, BERTH_BUNDLE_MAX);

	if (!rc && text.len && text.p[0] != '{')
		rc = add_token(b, &text, path);
	else if (!rc && !(rc = berth_json_parse_object(&v, berth_buf_cstr(&text), text.len, BERTH_BUNDLE_MAX)) &&
		 !(rc = url_of_list(v, path, &url)))
		rc = berth_bundle_add(b, BERTH_BUNDLE_RESOURCE, url, "application/vc", text.p, text.len);
	berth_json_free(v);
	berth_buf_free(&text);
	return rc;
}

/* URL=FILE, the URL without "=" */
static enum berth_err add_resource(struct berth_json *b, const char *value)
{
	struct berth_buf url = BERTH_BUF_INIT, text = BERTH_BUF_INIT;
	const char *file = strchr(value, '=');
	enum berth_err rc;

	if (!file)
		return berth_fail(BERTH_E_USAGE, "--resource: URL=FILE");
	berth_buf_put(&url, value, (size_t)(file - value));
	if (!(rc = berth_buf_status(&url)) && !(rc = berth_cli_read(&text, file + 1, BERTH_BUNDLE_MAX)))
		rc = berth_bundle_add(b, BERTH_BUNDLE_RESOURCE, berth_buf_cstr(&url), NULL, text.p, text.len);
	berth_buf_free(&url);
	berth_buf_free(&text);
	return rc;
}

static enum berth_err add_resources(const struct berth_cli *c, struct berth_json *b)
{
	enum berth_err rc = BERTH_OK;
	const char *value;

	for (size_t i = 0; !rc && (value = berth_cli_nth(c, "--status-list", i)); i++)
		rc = add_status_list(b, value);
	for (size_t i = 0; !rc && (value = berth_cli_nth(c, "--resource", i)); i++)
		rc = add_resource(b, value);
	return rc;
}

enum berth_err berth_cli_bundle_collect(const struct berth_cli *c, struct berth_json *bundle)
{
	enum berth_err rc;

	if ((rc = add_documents(c, bundle)) || (rc = add_logs(c, bundle)))
		return rc;
	return add_resources(c, bundle);
}
