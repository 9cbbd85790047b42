/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/did.h"

#include <stdlib.h>
#include <string.h>

#include "did/api_give.h"
#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/base/secret.h"
#include "did/dereference.h"
#include "did/jose/jwk.h"
#include "did/method_key.h"
#include "did/method_peer.h"
#include "did/resolver.h"
#include "did/url.h"

#define SERVICES_MAX ((size_t)64 << 10)

void berth_string_free(char *s)
{
	free(s);
}

/* Self-contained methods, then the folder, if there is one. */
struct chain {
	struct berth_resolver builtin;
	struct berth_resolver_dir docs;
};

static enum berth_err chain_open(struct chain *c, const char *docs_dir)
{
	enum berth_err rc = BERTH_OK;

	berth_crypto_init();
	memset(c, 0, sizeof(*c));
	if (docs_dir)
		rc = berth_resolver_dir_open(&c->docs, docs_dir, NULL);
	berth_resolver_builtin_init(&c->builtin, docs_dir ? &c->docs.base : NULL);
	return rc;
}

enum berth_err berth_did_resolve_json(char **result, const char *did, const char *docs_dir)
{
	struct berth_did_doc *doc = NULL;
	struct chain c;
	enum berth_err rc, given;

	*result = NULL;
	if ((rc = chain_open(&c, docs_dir)) == BERTH_OK)
		rc = berth_resolve(&c.builtin, did, &doc);
	given = berth_api_give_json(result, berth_resolution_result(rc, NULL, did, doc));
	berth_did_doc_free(doc);
	berth_resolver_dir_close(&c.docs);
	return given ? given : rc;
}

enum berth_err
berth_did_dereference_json(char **result, const char *did_url, const char *accept, const char *docs_dir)
{
	struct berth_dereferenced d = { .error = "internalError" };
	struct chain c;
	enum berth_err rc, given;

	*result = NULL;
	if ((rc = chain_open(&c, docs_dir)) == BERTH_OK)
		rc = berth_dereference(&d, &c.builtin, did_url, accept);
	given = berth_api_give_json(result, berth_dereferencing_result(&d));
	berth_dereferenced_free(&d);
	berth_resolver_dir_close(&c.docs);
	return given ? given : rc;
}

enum berth_err berth_did_from_jwk(char **did, const char *method, const char *jwk)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_pubkey key;
	enum berth_err rc;

	*did = NULL;
	berth_crypto_init();
	if ((rc = berth_jwk_parse_text(&key, jwk)))
		return rc;
	if (strcmp(method, "key") == 0)
		rc = berth_did_key_create(&b, &key);
	else if (strcmp(method, "jwk") == 0)
		rc = berth_did_jwk_create(&b, &key);
	else
		rc = berth_fail(BERTH_E_DID, "method %.20s is not key or jwk", method);
	if (rc) {
		berth_buf_free(&b);
		return rc;
	}
	return berth_api_give_text(did, &b);
}

static enum berth_err public_keys(struct berth_pubkey *keys, const char *const *jwks, size_t n)
{
	enum berth_err rc;

	if (n > BERTH_PEER_KEYS_MAX)
		return berth_fail(BERTH_E_SIZE, "more than %d keys of a kind", BERTH_PEER_KEYS_MAX);
	for (size_t i = 0; i < n; i++)
		if ((rc = berth_jwk_parse_text(&keys[i], jwks[i])))
			return rc;
	return BERTH_OK;
}

enum berth_err berth_did_peer_from_jwks(char **did, int numalgo, const char *const *verification,
					size_t n_verification, const char *const *agreement, size_t n_agreement,
					const char *services)
{
	struct berth_peer_spec spec = { .n_verification = n_verification, .n_agreement = n_agreement };
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *v = NULL;
	enum berth_err rc;

	*did = NULL;
	berth_crypto_init();
	if ((rc = public_keys(spec.verification, verification, n_verification)) ||
	    (rc = public_keys(spec.agreement, agreement, n_agreement)) ||
	    (services && (rc = berth_json_parse(&v, services, strlen(services), SERVICES_MAX))))
		return rc;
	spec.services = v;
	rc = berth_did_peer_create(&b, numalgo, &spec);
	berth_json_free(v);
	if (rc) {
		berth_buf_free(&b);
		return rc;
	}
	return berth_api_give_text(did, &b);
}

enum berth_err berth_did_canonical(char **out, const char *did)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	*out = NULL;
	if ((rc = berth_did_short(&b, did))) {
		berth_buf_free(&b);
		return rc;
	}
	return berth_api_give_text(out, &b);
}
