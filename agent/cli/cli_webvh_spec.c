/* SPDX-License-Identifier: Apache-2.0 */
/* Options of `berth did` as parameters and documents of did:webvh. */
#include "agent/cli/cli_webvh.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "did/doc_build.h"
#include "did/document.h"
#include "did/jose/jwk.h"
#include "did/jose/multikey.h"

#define JWK_MAX ((size_t)16 << 10)
#define SERVICE_MAX ((size_t)16 << 10)
#define SIGNS (BERTH_REL_AUTHENTICATION | BERTH_REL_ASSERTION | BERTH_REL_INVOCATION | BERTH_REL_DELEGATION)

enum berth_err berth_cli_webvh_location(struct berth_buf *out, const char *domain)
{
	size_t host = strcspn(domain, "/");
	const char *end = domain + strlen(domain);

	while (end > domain + host && end[-1] == '/')
		end--;
	for (const char *s = domain; s < end; s++) {
		if (*s == ':' && s < domain + host)
			berth_buf_str(out, "%3A");
		else if (*s == ':')
			return berth_fail(BERTH_E_USAGE, "--domain: HOST[:PORT][/PATH]");
		else
			berth_buf_u8(out, *s == '/' ? ':' : (uint8_t)*s);
	}
	return berth_buf_status(out);
}

/* ---- keys ---- */

/* A JWK file, or the text of a Multikey; appended as that. */
static enum berth_err put_multikey(struct berth_buf *out, const char *what)
{
	struct berth_json *jwk = NULL;
	struct berth_pubkey key;
	enum berth_err rc;

	if (what[0] == 'z' && access(what, F_OK) != 0)
		rc = berth_multikey_parse(&key, what, strlen(what));
	else if (!(rc = berth_cli_read_json(&jwk, what, JWK_MAX)))
		rc = berth_jwk_parse(&key, jwk);
	berth_json_free(jwk);
	if (rc)
		return rc;
	if (key.type != BERTH_KEY_ED25519)
		return berth_fail(BERTH_E_KEY, "%s: did:webvh 1.0 has update keys of Ed25519 only", what);
	return berth_multikey_format(out, &key);
}

static enum berth_err push_key(struct berth_json *list, const char *what, bool hashed)
{
	struct berth_buf key = BERTH_BUF_INIT, hash = BERTH_BUF_INIT;
	enum berth_err rc;

	if (hashed && berth_webvh_is_hash(what))
		return berth_json_push_str(list, what);
	if (!(rc = put_multikey(&key, what)) && hashed)
		rc = berth_webvh_key_hash(&hash, berth_buf_cstr(&key));
	if (!rc)
		rc = berth_json_push_str(list, berth_buf_cstr(hashed ? &hash : &key));
	berth_buf_free(&key);
	berth_buf_free(&hash);
	return rc;
}

static enum berth_err set_keys(struct berth_json *out, const char *name, const struct berth_cli *c, const char *option,
			       bool hashed)
{
	struct berth_json *list = berth_json_new_array();
	const char *what;
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && (what = berth_cli_nth(c, option, i)); i++)
		rc = push_key(list, what, hashed);
	return berth_json_set_made(out, name, list, rc);
}

/* The key that signs, where nothing else is said: of the first entry, and of one while
 * pre-rotation is active. */
static enum berth_err set_own_key(struct berth_json *out, const struct berth_cli_webvh *w)
{
	struct berth_json *list = berth_json_new_array();
	enum berth_err rc = berth_json_push_str(list, strchr(berth_buf_cstr(&w->kid), '#') + 1);

	return berth_json_set_made(out, "updateKeys", list, rc);
}

static enum berth_err update_keys(struct berth_json *out, const struct berth_cli *c, const struct berth_cli_webvh *w)
{
	bool promised = w->head.params.next_key_hashes != NULL;
	enum berth_err rc;

	if (berth_cli_has(c, "--update-key"))
		rc = set_keys(out, "updateKeys", c, "--update-key", false);
	else
		rc = !w->head.number || promised ? set_own_key(out, w) : BERTH_OK;
	if (rc)
		return rc;
	if (berth_cli_has(c, "--next-key"))
		return set_keys(out, "nextKeyHashes", c, "--next-key", true);
	if (berth_cli_has(c, "--no-next-key"))
		return berth_json_set(out, "nextKeyHashes", berth_json_new_array());
	if (promised)
		return berth_fail(BERTH_E_USAGE, "pre-rotation is active: --next-key, or --no-next-key to end it");
	return BERTH_OK;
}

/* ---- the other parameters ---- */

static enum berth_err read_number(const struct berth_cli *c, const char *option, int64_t max, int64_t *out)
{
	const char *text = berth_cli_get(c, option);
	char *end;

	*out = text ? strtoll(text, &end, 10) : -1;
	if (text && (!*text || *end || *out < 0 || *out > max))
		return berth_fail(BERTH_E_USAGE, "%s: not a number up to %lld", option, (long long)max);
	return BERTH_OK;
}

static enum berth_err set_witness(struct berth_json *out, const struct berth_cli *c)
{
	struct berth_json *o = berth_json_new_object(), *list = berth_json_new_array();
	int64_t threshold, n = 0;
	const char *did;
	enum berth_err rc = read_number(c, "--threshold", BERTH_WEBVH_WITNESSES_MAX, &threshold);

	for (; !rc && (did = berth_cli_nth(c, "--witness", (size_t)n)); n++) {
		struct berth_json *w = berth_json_new_object();

		rc = berth_json_set_str(w, "id", did);
		rc = berth_json_push_made(list, w, rc);
	}
	if (!rc)
		rc = berth_json_set_int(o, "threshold", threshold < 0 ? n : threshold);
	if (rc) {
		berth_json_free(list);
		berth_json_free(o);
		return rc;
	}
	rc = berth_json_set(o, "witnesses", list);
	return berth_json_set_made(out, "witness", o, rc);
}

static enum berth_err set_watchers(struct berth_json *out, const struct berth_cli *c)
{
	struct berth_json *list = berth_json_new_array();
	const char *url;
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; !rc && (url = berth_cli_nth(c, "--watcher", i)); i++)
		rc = berth_json_push_str(list, url);
	return berth_json_set_made(out, "watchers", list, rc);
}

enum berth_err berth_cli_webvh_parameters(struct berth_json *out, const struct berth_cli *c, const struct berth_cli_webvh *w)
{
	int64_t ttl;
	enum berth_err rc;

	if (berth_cli_has(c, "--threshold") && !berth_cli_has(c, "--witness"))
		return berth_fail(BERTH_E_USAGE, "--threshold is of --witness");
	if ((rc = update_keys(out, c, w)) || (rc = read_number(c, "--ttl", INT64_C(1) << 31, &ttl)) ||
	    (ttl >= 0 && (rc = berth_json_set_int(out, "ttl", ttl))) ||
	    (berth_cli_has(c, "--portable") && (rc = berth_json_set_bool(out, "portable", true))) ||
	    (berth_cli_has(c, "--not-portable") && (rc = berth_json_set_bool(out, "portable", false))) ||
	    (berth_cli_has(c, "--witness") && (rc = set_witness(out, c))) ||
	    (berth_cli_has(c, "--no-witness") && (rc = berth_json_set(out, "witness", berth_json_new_object()))))
		return rc;
	return berth_cli_has(c, "--watcher") ? set_watchers(out, c) : BERTH_OK;
}

/* ---- documents ---- */

static enum berth_err add_key(struct berth_json *doc, const char *did, unsigned number, const struct berth_pubkey *key,
			      unsigned rels)
{
	struct berth_buf id = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_printf(&id, "%s#key-%u", did, number);
	rc = berth_buf_status(&id);
	if (!rc)
		rc = berth_doc_add(doc, berth_doc_multikey(berth_buf_cstr(&id), did, key), rels);
	berth_buf_free(&id);
	return rc;
}

static enum berth_err add_keys(struct berth_json *doc, const struct berth_cli *c, const char *option, const char *did,
			       unsigned *number, unsigned rels)
{
	struct berth_pubkey key;
	struct berth_json *jwk;
	const char *path;
	enum berth_err rc;

	for (size_t i = 0; (path = berth_cli_nth(c, option, i)); i++) {
		rc = berth_cli_read_json(&jwk, path, JWK_MAX);
		if (!rc)
			rc = berth_jwk_parse(&key, jwk);
		berth_json_free(jwk);
		if (rc || (rc = add_key(doc, did, ++*number, &key, rels)))
			return rc;
	}
	return BERTH_OK;
}

static enum berth_err add_services(struct berth_json *doc, const struct berth_cli *c)
{
	struct berth_json *s;
	const char *text;
	enum berth_err rc;

	for (size_t i = 0; (text = berth_cli_nth(c, "--service", i)); i++)
		if ((rc = berth_json_parse_object(&s, text, strlen(text), SERVICE_MAX)) ||
		    (rc = berth_json_push(berth_doc_array(doc, "service"), s)))
			return rc;
	return BERTH_OK;
}

/* Without --verification the update key speaks for the DID itself too. */
static enum berth_err make(struct berth_json *doc, const struct berth_cli *c, const struct berth_cli_webvh *w, const char *did)
{
	unsigned number = 0;
	enum berth_err rc;

	if ((rc = add_keys(doc, c, "--verification", did, &number, SIGNS)) ||
	    (number == 0 && (rc = add_key(doc, did, ++number, &w->key.pub, SIGNS))) ||
	    (rc = add_keys(doc, c, "--agreement", did, &number, BERTH_REL_KEY_AGREEMENT)))
		return rc;
	return add_services(doc, c);
}

enum berth_err berth_cli_webvh_document(struct berth_json **out, const struct berth_cli *c, const struct berth_cli_webvh *w,
					const char *did)
{
	const char *path = berth_cli_get(c, "--document");
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	*out = NULL;
	if (path) {
		if (!(rc = berth_cli_read(&text, path, BERTH_DID_DOC_MAX)) &&
		    !(rc = berth_json_parse_exact(out, berth_buf_cstr(&text), text.len, BERTH_DID_DOC_MAX)) &&
		    !berth_json_says(berth_json_get(*out, "id"), did))
			rc = berth_fail(BERTH_E_DID, "%s: its id is not %s", path, did);
		berth_buf_free(&text);
	} else {
		*out = berth_doc_new(did, BERTH_CONTEXT_MULTIKEY);
		rc = make(*out, c, w, did);
	}
	if (rc) {
		berth_json_free(*out);
		*out = NULL;
	}
	return rc;
}
