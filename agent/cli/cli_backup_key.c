/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of berth backup --to and berth restore --jwk. */
#include "agent/cli/cli_backup.h"

#include <string.h>

#include "did/crypto/keypair.h"
#include "did/document.h"
#include "did/jose/jwk.h"
#include "did/resolver.h"

#define JWK_MAX ((size_t)16 << 10)

/* Of a DID that says its own keys: nobody is asked whom the backup is for. */
static enum berth_err key_of_did(struct berth_pubkey *out, const char *did)
{
	struct berth_resolver builtin;
	struct berth_did_doc *doc = NULL;
	const struct berth_vm *vm;
	enum berth_err rc;

	berth_resolver_builtin_init(&builtin, NULL);
	if ((rc = berth_resolve(&builtin, did, &doc)))
		return rc;
	if ((vm = berth_did_doc_nth(doc, BERTH_REL_KEY_AGREEMENT, 0)))
		*out = vm->key;	/* sealing says whether it will do */
	else
		rc = berth_fail(BERTH_E_KEY, "%.80s has no key to encrypt to", did);
	berth_did_doc_free(doc);
	return rc;
}

enum berth_err berth_cli_recipient(struct berth_pubkey *out, const char *to)
{
	struct berth_json *jwk;
	enum berth_err rc;

	if (strncmp(to, "did:", 4) == 0)
		return key_of_did(out, to);
	if (!(rc = berth_cli_read_json(&jwk, to, JWK_MAX)))
		rc = berth_jwk_parse(out, jwk);
	berth_json_free(jwk);
	return rc;
}

enum berth_err berth_cli_recipient_key(struct berth_privkey *out, const char *path)
{
	struct berth_json *jwk;
	enum berth_err rc = berth_cli_read_json(&jwk, path, JWK_MAX);

	if (!rc)
		rc = berth_jwk_parse_private(out, jwk);
	berth_json_free(jwk);
	return rc;
}
