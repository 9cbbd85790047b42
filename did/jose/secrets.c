/* SPDX-License-Identifier: Apache-2.0 */
#include "did/jose/keyring_local.h"

#include <stdlib.h>
#include <string.h>

#include "did/base/buf.h"
#include "did/jose/jwk.h"
#include "did/jose/multikey.h"

/* ---- SECRETS entries ---- */

enum berth_err berth_secret_key_parse(struct berth_privkey *out, const struct berth_json *secret)
{
	const struct berth_json *jwk = berth_json_get(secret, "privateKeyJwk");
	const char *multibase = berth_json_str(berth_json_get(secret, "privateKeyMultibase"));

	memset(out, 0, sizeof(*out));
	if (!jwk == !multibase)
		return berth_fail(BERTH_E_TYPE, "secrets: one of privateKeyJwk, privateKeyMultibase, keyUri is needed");
	return jwk ? berth_jwk_parse_private(out, jwk) :
		     berth_multikey_parse_private(out, multibase, strlen(multibase));
}

/* ---- keystores by the URIs of their keys ---- */

/* NULL: the URI is none, or no memory. */
static char *store_uri(const char *key_uri)
{
	struct berth_buf b = BERTH_BUF_INIT;

	if (berth_key_uri_store(&b, key_uri) != BERTH_OK) {
		berth_buf_free(&b);
		return NULL;
	}
	return berth_buf_take_str(&b);
}

enum berth_err berth_opened_store_open(struct berth_opened_store *out, const char *key_uri, const char *passphrase_file)
{
	struct berth_keystore_config cfg = { .passphrase_file = passphrase_file };
	struct berth_buf uri = BERTH_BUF_INIT;
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if ((rc = berth_key_uri_store(&uri, key_uri))) {
		berth_buf_free(&uri);
		return rc;
	}
	if (!(out->uri = berth_buf_take_str(&uri)))
		return berth_no_memory();
	cfg.uri = out->uri;
	if ((rc = berth_keystore_open(&out->ks, &cfg)))
		berth_opened_store_close(out);
	return rc;
}

bool berth_opened_store_holds(const struct berth_opened_store *s, const char *key_uri)
{
	char *uri = store_uri(key_uri);
	bool same = uri && strcmp(uri, s->uri) == 0;

	free(uri);
	return same;
}

void berth_opened_store_close(struct berth_opened_store *s)
{
	berth_keystore_close(s->ks);
	free(s->uri);
	memset(s, 0, sizeof(*s));
}
