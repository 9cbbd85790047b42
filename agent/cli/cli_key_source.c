/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/cli.h"

#include <string.h>

#include "did/crypto/keypair.h"
#include "did/jose/jwk.h"

#define JWK_MAX ((size_t)16 << 10)

enum berth_err berth_cli_store_open(const struct berth_cli *c, const char *uri, bool create,
				    struct berth_keystore **out)
{
	struct berth_keystore_config cfg = {
		.uri = uri,
		.passphrase_file = berth_cli_get(c, "--passphrase-file"),
		.create = create,
	};

	return berth_keystore_open(out, &cfg);
}

enum berth_err berth_cli_store_find(struct berth_keystore *ks, const char *uri, struct berth_key_info *info)
{
	char name[BERTH_KEY_NAME_MAX + 1];
	enum berth_err rc = berth_key_uri_name(name, uri);

	if (rc)
		return rc;
	if (*name)
		return berth_keystore_find(ks, name, info);
	if (berth_keystore_count(ks) != 1)
		return berth_fail(BERTH_E_KEYSTORE, "%s: holds %zu keys, name one", uri, berth_keystore_count(ks));
	return berth_keystore_at(ks, 0, info);
}

static enum berth_err open_jwk(const char *path, struct berth_cli_key *k, bool needs_private)
{
	struct berth_json *jwk;
	enum berth_err rc = berth_cli_read_json(&jwk, path, JWK_MAX);

	if (!rc && needs_private) {
		rc = berth_jwk_parse_private(&k->priv, jwk);
		k->pub = k->priv.pub;
	} else if (!rc) {
		rc = berth_jwk_parse(&k->pub, jwk);
	}
	berth_json_free(jwk);
	return rc;
}

enum berth_err berth_cli_key_open(const struct berth_cli *c, struct berth_cli_key *k, bool needs_private)
{
	const char *jwk = berth_cli_get(c, "--jwk"), *uri = berth_cli_get(c, "--key-uri");
	enum berth_err rc;

	memset(k, 0, sizeof(*k));
	if (!jwk == !uri)
		return berth_fail(BERTH_E_USAGE, "either --jwk or --key-uri is needed");
	if (jwk)
		return open_jwk(jwk, k, needs_private);
	if ((rc = berth_cli_store_open(c, uri, false, &k->ks)) || (rc = berth_cli_store_find(k->ks, uri, &k->info)))
		return rc;
	k->pub = k->info.pub;
	return BERTH_OK;
}

void berth_cli_key_close(struct berth_cli_key *k)
{
	berth_keystore_close(k->ks);
	berth_privkey_wipe(&k->priv);
	memset(k, 0, sizeof(*k));
}
