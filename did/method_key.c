/* SPDX-License-Identifier: Apache-2.0 */
#include "did/method_key.h"

#include <string.h>

#include "did/codec/base64url.h"
#include "did/crypto/keypair.h"
#include "did/doc_build.h"
#include "did/doc_known.h"
#include "did/doc_memory.h"
#include "did/jose/jwk.h"
#include "did/jose/multikey.h"
#include "did/url.h"

#define DID_KEY "did:key:"
#define DID_JWK "did:jwk:"
#define JWK_MAX 2048	/* bytes of JSON in a did:jwk */

/* ---- did:key ---- */

enum berth_err berth_did_key_create(struct berth_buf *did, const struct berth_pubkey *key)
{
	berth_buf_str(did, DID_KEY);
	return berth_multikey_format(did, key);
}

static unsigned rels_of(const struct berth_pubkey *key)
{
	switch (key->type) {
	case BERTH_KEY_X25519:
		return BERTH_REL_KEY_AGREEMENT;
	case BERTH_KEY_ED25519:
		return BERTH_REL_SIGNING;
	default:
		return BERTH_REL_SIGNING | BERTH_REL_KEY_AGREEMENT;
	}
}

static enum berth_err describe(struct berth_json **out, const struct berth_did_doc *doc)
{
	struct berth_json *tree = berth_doc_new(doc->id, BERTH_CONTEXT_MULTIKEY);
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; i < doc->n_vms && !rc; i++)
		rc = berth_doc_add(tree, berth_doc_multikey(doc->vms[i].id, doc->id, &doc->vms[i].key), doc->vms[i].rels);
	return berth_json_give(out, tree, rc);
}

/* The X25519 key that did:key derives from an Ed25519 one. */
static enum berth_err add_twin(struct berth_did_doc *doc, const struct berth_pubkey *ed)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_pubkey x;
	enum berth_err rc;

	if (!(rc = berth_pubkey_ed25519_to_x25519(&x, ed)) && !(rc = berth_multikey_format(&text, &x)))
		rc = berth_did_doc_known_add(doc, berth_buf_cstr(&text), text.len, &x, BERTH_REL_KEY_AGREEMENT);
	berth_buf_free(&text);
	return rc;
}

enum berth_err berth_did_multikey_document(struct berth_did_doc **out, const char *did, const char *multikey)
{
	size_t n = strlen(multikey);
	struct berth_pubkey key;
	enum berth_err rc;

	*out = NULL;
	if (!berth_is_did(did))
		return berth_fail(BERTH_E_DID, "not a DID");
	/* a key has one multikey, so this text is its name as well */
	if ((rc = berth_multikey_parse(&key, multikey, n)) || (rc = berth_did_doc_known_new(out, did, 2, describe)))
		return rc;
	if ((rc = berth_did_doc_known_add(*out, multikey, n, &key, rels_of(&key))) == BERTH_OK &&
	    key.type == BERTH_KEY_ED25519)
		rc = add_twin(*out, &key);
	if (rc) {
		berth_did_doc_free(*out);
		*out = NULL;
	}
	return rc;
}

enum berth_err berth_did_key_resolve(struct berth_did_doc **out, const char *did)
{
	enum berth_err rc;

	*out = NULL;
	if (berth_doc_recall(out, did, false))
		return BERTH_OK;
	if (!berth_is_did(did) || strncmp(did, DID_KEY, strlen(DID_KEY)) != 0)
		return berth_fail(BERTH_E_DID, "not a did:key");
	if ((rc = berth_did_multikey_document(out, did, did + strlen(DID_KEY))) || !(rc = berth_doc_remember(*out)))
		return rc;
	berth_did_doc_free(*out);
	*out = NULL;
	return rc;
}

/* ---- did:jwk ---- */

enum berth_err berth_did_jwk_create(struct berth_buf *did, const struct berth_pubkey *key)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_json *jwk = NULL;
	enum berth_err rc;

	if (key->type == BERTH_KEY_NONE)
		return berth_fail(BERTH_E_KEY, "did:jwk of no key");
	if (!(jwk = berth_jwk_format(key)))
		return berth_no_memory();
	if ((rc = berth_json_print(&text, jwk)) == BERTH_OK) {
		berth_buf_str(did, DID_JWK);
		berth_b64url_encode(did, text.p, text.len);
		rc = berth_buf_status(did);
	}
	berth_json_free(jwk);
	berth_buf_free(&text);
	return rc;
}

static enum berth_err decode_jwk(struct berth_json **out, struct berth_pubkey *key, const char *b64)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = berth_b64url_decode(&text, b64, strlen(b64))))
		goto out;
	if ((rc = berth_json_parse_object(out, berth_buf_cstr(&text), text.len, JWK_MAX))) {
		if (rc != BERTH_E_NOMEM)
			rc = berth_fail(BERTH_E_DID, "did:jwk: not a JSON object");
		goto out;
	}
	/* did:jwk, Security: "a JWK for a private key must never be used and must be
	 * rejected by all implementations when encountered" */
	if (berth_json_get(*out, "d") || berth_json_get(*out, "k"))
		rc = berth_fail(BERTH_E_KEY, "did:jwk: a private key");
	else
		rc = berth_jwk_parse(key, *out);
out:
	berth_buf_free(&text);
	return rc;
}

/* did:jwk, Read: with "use" the key serves that alone; else whatever it can. */
static unsigned jwk_rels(const struct berth_json *jwk)
{
	return (berth_jwk_may_sign(jwk) ? BERTH_REL_SIGNING : 0) |
	       (berth_jwk_may_agree(jwk) ? BERTH_REL_KEY_AGREEMENT : 0);
}

enum berth_err berth_did_jwk_resolve(struct berth_did_doc **out, const char *did)
{
	struct berth_json *jwk = NULL, *doc = NULL, *m = NULL;
	struct berth_buf id = BERTH_BUF_INIT;
	struct berth_pubkey key;
	unsigned rels;
	enum berth_err rc;

	*out = NULL;
	if (!berth_is_did(did) || strncmp(did, DID_JWK, strlen(DID_JWK)) != 0)
		return berth_fail(BERTH_E_DID, "not a did:jwk");
	if ((rc = decode_jwk(&jwk, &key, did + strlen(DID_JWK))))
		goto out;
	rels = jwk_rels(jwk);
	berth_buf_str(&id, did);
	berth_buf_str(&id, "#0");
	if ((rc = berth_buf_status(&id)))
		goto out;
	m = berth_doc_method(berth_buf_cstr(&id), "JsonWebKey2020", did);
	rc = berth_json_set(m, "publicKeyJwk", jwk);
	jwk = NULL;
	if (rc) {
		berth_json_free(m);
		goto out;
	}
	doc = berth_doc_new(did, BERTH_CONTEXT_JWS2020);
	if ((rc = berth_doc_add(doc, m, rels))) {
		berth_json_free(doc);
		goto out;
	}
	rc = berth_did_doc_from_json(out, doc, did);
out:
	berth_json_free(jwk);
	berth_buf_free(&id);
	return rc;
}
