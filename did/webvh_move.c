/* SPDX-License-Identifier: Apache-2.0 */
/* did:webvh documents under another DID: where one moves to, and the did:web beside it. */
#include "did/webvh_make.h"

#include <string.h>

#include "did/webvh_hash.h"

#define DID_WEB "did:web:"

/* A copy in which `from` is `to`, where it is a DID or begins a DID URL. */
static enum berth_err renamed(struct berth_json **out, const struct berth_json *document, const char *from, const char *to)
{
	struct berth_buf text = BERTH_BUF_INIT, made = BERTH_BUF_INIT;
	const char *s, *found;
	enum berth_err rc = berth_json_print(&text, document);

	*out = NULL;
	for (s = berth_buf_cstr(&text); (found = strstr(s, from)); s = found + strlen(from)) {
		berth_buf_put(&made, s, (size_t)(found - s));
		berth_buf_str(&made, strchr("\"#?/", found[strlen(from)]) ? to : from);
	}
	berth_buf_str(&made, s);
	if (!rc && !(rc = berth_buf_status(&made)))
		rc = berth_json_parse_exact(out, berth_buf_cstr(&made), made.len, BERTH_WEBVH_LINE_MAX);
	berth_buf_free(&text);
	berth_buf_free(&made);
	return rc;
}

/* alsoKnownAs gets that name, and has none twice and not the document's own. */
static enum berth_err know_as(struct berth_json *document, const char *name)
{
	const char *id = berth_json_str(berth_json_get(document, "id"));
	struct berth_json *list = berth_json_new_array();
	enum berth_err rc = BERTH_OK;

	berth_json_each(v, berth_json_get(document, "alsoKnownAs")) {
		const char *s = berth_json_str(v);

		if (!rc && s && strcmp(s, id) != 0 && !berth_json_says(list, s))
			rc = berth_json_push_str(list, s);
	}
	if (!rc && !berth_json_says(list, name))
		rc = berth_json_push_str(list, name);
	return berth_json_set_made(document, "alsoKnownAs", list, rc);
}

enum berth_err berth_webvh_move(struct berth_json **out, const struct berth_json *document, const char *location)
{
	const char *old = berth_json_str(berth_json_get(document, "id"));
	struct berth_buf did = BERTH_BUF_INIT;
	struct berth_webvh_did d;
	enum berth_err rc;

	*out = NULL;
	if (!old || (rc = berth_webvh_did_parse(&d, old)))
		return berth_fail(BERTH_E_DID, "not the document of a did:webvh");
	berth_buf_printf(&did, BERTH_WEBVH_PREFIX "%s:%s", d.scid, location);
	if ((rc = berth_buf_status(&did)) || (rc = berth_webvh_did_parse(&d, berth_buf_cstr(&did))) ||
	    (rc = renamed(out, document, old, berth_buf_cstr(&did))) || (rc = know_as(*out, old))) {
		berth_json_free(*out);
		*out = NULL;
	}
	berth_buf_free(&did);
	return rc;
}

enum berth_err berth_webvh_to_web(struct berth_json **out, const struct berth_json *document)
{
	const char *old = berth_json_str(berth_json_get(document, "id"));
	struct berth_buf text = BERTH_BUF_INIT, made = BERTH_BUF_INIT, prefix = BERTH_BUF_INIT;
	struct berth_webvh_did d;
	enum berth_err rc;

	*out = NULL;
	if (!old || (rc = berth_webvh_did_parse(&d, old)))
		return berth_fail(BERTH_E_DID, "not the document of a did:webvh");
	berth_buf_printf(&prefix, BERTH_WEBVH_PREFIX "%s:", d.scid);
	if ((rc = berth_buf_status(&prefix)) || (rc = berth_json_print(&text, document)))
		goto out;
	berth_webvh_replace(&made, berth_buf_cstr(&text), berth_buf_cstr(&prefix), DID_WEB);
	if ((rc = berth_buf_status(&made)) ||
	    (rc = berth_json_parse_exact(out, berth_buf_cstr(&made), made.len, BERTH_WEBVH_LINE_MAX)))
		goto out;
	if ((rc = know_as(*out, old))) {
		berth_json_free(*out);
		*out = NULL;
	}
out:
	berth_buf_free(&text);
	berth_buf_free(&made);
	berth_buf_free(&prefix);
	return rc;
}
