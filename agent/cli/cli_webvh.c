/* SPDX-License-Identifier: Apache-2.0 */
/* `berth did create|update|rotate|migrate|deactivate webvh`: one entry of a log each. */
#include "agent/cli/cli_webvh.h"

#include <string.h>
#include <unistd.h>

#include "did/document.h"
#include "did/webvh_did.h"
#include "did/webvh_hash.h"

/* Nobody publishes for good what is no DID document. */
static enum berth_err check_document(const struct berth_json *state, const char *did)
{
	struct berth_did_doc *doc;
	enum berth_err rc = berth_did_doc_from_json(&doc, berth_json_clone(state), did);

	berth_did_doc_free(doc);
	return rc;
}

/* The entry of those parameters and that document, both as they are. */
static enum berth_err append(struct berth_cli_webvh *w, const struct berth_json *parameters, const struct berth_json *document)
{
	const struct berth_webvh_entry_spec spec = {
		.parameters = parameters, .document = document, .keyring = w->kr, .kid = berth_buf_cstr(&w->kid), .now_s = w->now_s
	};
	const struct berth_json *asked = berth_webvh_params_witness(&w->head.params, parameters);
	size_t at = w->log.len;
	struct berth_webvh_entry e;
	enum berth_err rc;

	berth_json_free(w->asked);
	w->asked = NULL;
	if (asked && !(w->asked = berth_json_clone(asked)))
		return berth_no_memory();

	/* somebody's last line may have no end */
	if (at > 0 && w->log.p[at - 1] != '\n') {
		berth_buf_u8(&w->log, '\n');
		at++;
	}
	if ((rc = berth_webvh_entry_make(&w->log, &w->head, &spec)) ||
	    (rc = berth_webvh_entry_parse(&e, berth_buf_cstr(&w->log) + at, w->log.len - at)))
		return rc;
	berth_json_free(w->document);
	w->document = berth_json_clone(e.state);
	berth_webvh_entry_free(&e);
	return w->document ? check_document(w->document, w->head.id) : berth_no_memory();
}

/* The entry that the options ask for, with that document, and the files. */
static enum berth_err append_and_save(struct berth_cli_webvh *w, struct berth_cli *c, const struct berth_json *document)
{
	struct berth_json *parameters = berth_json_new_object();
	enum berth_err rc;

	if (!(rc = berth_cli_webvh_parameters(parameters, c, w)) && !(rc = append(w, parameters, document)))
		rc = berth_cli_webvh_save(w, c);
	berth_json_free(parameters);
	return rc;
}

static enum berth_err need_webvh(const struct berth_cli *c)
{
	const char *method = berth_cli_arg(c, 0);

	return strcmp(method, "webvh") == 0 ? BERTH_OK : berth_fail(BERTH_E_USAGE, "%s: only webvh has a log", method);
}

/* ---- create ---- */

/* did:webvh:{SCID}:LOCATION, where LOCATION may hold {SCID} too.  What it will be is
 * checked with a hash in its place. */
static enum berth_err draft_did(struct berth_buf *did, const char *domain)
{
	static const char scid[] = "QmQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ";
	struct berth_buf filled = BERTH_BUF_INIT;
	struct berth_webvh_did d;
	enum berth_err rc;

	berth_buf_str(did, BERTH_WEBVH_PREFIX BERTH_WEBVH_PLACEHOLDER ":");
	if (!(rc = berth_cli_webvh_location(did, domain))) {
		berth_webvh_replace(&filled, berth_buf_cstr(did), BERTH_WEBVH_PLACEHOLDER, scid);
		rc = berth_buf_status(&filled);
	}
	if (!rc)
		rc = berth_webvh_did_parse(&d, berth_buf_cstr(&filled));
	berth_buf_free(&filled);
	return rc;
}

/* A log is written once, and then only grows. */
static enum berth_err check_free(const char *dir)
{
	struct berth_buf path = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_printf(&path, "%s/did.jsonl", dir);
	if (!(rc = berth_buf_status(&path)) && access(berth_buf_cstr(&path), F_OK) == 0)
		rc = berth_fail(BERTH_E_USAGE, "%s: there is a log already", berth_buf_cstr(&path));
	berth_buf_free(&path);
	return rc;
}

enum berth_err berth_cli_webvh_create(struct berth_cli *c)
{
	struct berth_cli_webvh w = { .dir = NULL };
	struct berth_buf did = BERTH_BUF_INIT;
	struct berth_json *document = NULL;
	const char *domain;
	enum berth_err rc;

	if ((rc = berth_cli_need(c, "--domain", &domain)) || (rc = draft_did(&did, domain)) ||
	    (rc = berth_cli_webvh_open(&w, c, "--out", false)) || (rc = check_free(w.dir)) ||
	    (rc = berth_cli_webvh_document(&document, c, &w, berth_buf_cstr(&did))))
		goto out;
	rc = append_and_save(&w, c, document);
out:
	berth_json_free(document);
	berth_buf_free(&did);
	berth_cli_webvh_close(&w);
	return rc;
}

/* ---- update, rotate ---- */

/* The document stays unless --document says otherwise. */
static enum berth_err update(struct berth_cli *c)
{
	struct berth_cli_webvh w = { .dir = NULL };
	struct berth_json *document = NULL;
	enum berth_err rc;

	if ((rc = need_webvh(c)) || (rc = berth_cli_webvh_open(&w, c, "--log", true)))
		goto out;
	if (berth_cli_has(c, "--document"))
		rc = berth_cli_webvh_document(&document, c, &w, w.head.id);
	if (!rc)
		rc = append_and_save(&w, c, document ? document : w.document);
out:
	berth_json_free(document);
	berth_cli_webvh_close(&w);
	return rc;
}

enum berth_err berth_cli_webvh_update(struct berth_cli *c)
{
	return update(c);
}

enum berth_err berth_cli_webvh_rotate(struct berth_cli *c)
{
	if (!berth_cli_has(c, "--update-key") && !berth_cli_has(c, "--next-key"))
		return berth_fail(BERTH_E_USAGE, "--update-key or --next-key is needed: to what the keys change");
	return update(c);
}

/* ---- migrate ---- */

enum berth_err berth_cli_webvh_migrate(struct berth_cli *c)
{
	struct berth_cli_webvh w = { .dir = NULL };
	struct berth_buf location = BERTH_BUF_INIT, filled = BERTH_BUF_INIT;
	struct berth_json *document = NULL;
	const char *domain;
	enum berth_err rc;

	if ((rc = need_webvh(c)) || (rc = berth_cli_need(c, "--domain", &domain)) ||
	    (rc = berth_cli_webvh_open(&w, c, "--log", true)) || (rc = berth_cli_webvh_location(&location, domain)))
		goto out;
	berth_webvh_replace(&filled, berth_buf_cstr(&location), BERTH_WEBVH_PLACEHOLDER, w.head.params.scid);
	if ((rc = berth_buf_status(&filled)) || (rc = berth_webvh_move(&document, w.document, berth_buf_cstr(&filled))))
		goto out;
	rc = append_and_save(&w, c, document);
out:
	berth_json_free(document);
	berth_buf_free(&location);
	berth_buf_free(&filled);
	berth_cli_webvh_close(&w);
	return rc;
}

/* ---- deactivate ---- */

/* "If the DID is using pre-rotation, two log entries are required": the first ends it. */
static enum berth_err end_prerotation(struct berth_cli_webvh *w)
{
	struct berth_json *parameters = berth_json_new_object(), *keys = berth_json_new_array();
	enum berth_err rc;

	if ((rc = berth_json_push_str(keys, strchr(berth_buf_cstr(&w->kid), '#') + 1)))
		berth_json_free(keys);
	else if (!(rc = berth_json_set(parameters, "updateKeys", keys)) &&
		 !(rc = berth_json_set(parameters, "nextKeyHashes", berth_json_new_array())))
		rc = append(w, parameters, w->document);
	berth_json_free(parameters);
	return rc;
}

enum berth_err berth_cli_webvh_deactivate(struct berth_cli *c)
{
	struct berth_cli_webvh w = { .dir = NULL };
	struct berth_json *parameters = berth_json_new_object();
	enum berth_err rc;

	if ((rc = need_webvh(c)) || (rc = berth_cli_webvh_open(&w, c, "--log", true)) ||
	    (w.head.params.next_key_hashes && (rc = end_prerotation(&w))) ||
	    (rc = berth_json_set(parameters, "updateKeys", berth_json_new_array())) ||
	    (rc = berth_json_set_bool(parameters, "deactivated", true)) || (rc = append(&w, parameters, w.document)))
		goto out;
	rc = berth_cli_webvh_save(&w, c);
out:
	berth_json_free(parameters);
	berth_cli_webvh_close(&w);
	return rc;
}

/* ---- options ---- */
