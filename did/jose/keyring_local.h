/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_JOSE_KEYRING_LOCAL_H
#define BERTH_DID_JOSE_KEYRING_LOCAL_H

#include <stdbool.h>

#include "berth/err.h"
#include "did/base/json.h"
#include "did/base/key.h"
#include "did/keystore/keystore.h"

/* What keyring_local reads its keys from; the keyring itself is in keyring.h. */

#define BERTH_KEY_URI_MAX 4096

/* A private key of a SECRETS entry: privateKeyJwk, or privateKeyMultibase as
 * Multikey writes it.  E_TYPE: neither, or both; E_KEY, E_B64: not a key.  out:
 * berth_privkey_wipe(). */
BERTH_MUST_USE enum berth_err
berth_secret_key_parse(struct berth_privkey *out, const struct berth_json *secret);

/* A keystore and the part of a key's URI that names it. */
struct berth_opened_store {
	char *uri;
	struct berth_keystore *ks;
};

BERTH_MUST_USE enum berth_err
berth_opened_store_open(struct berth_opened_store *out, const char *key_uri, const char *passphrase_file);
bool berth_opened_store_holds(const struct berth_opened_store *s, const char *key_uri);
void berth_opened_store_close(struct berth_opened_store *s);

#endif /* BERTH_DID_JOSE_KEYRING_LOCAL_H */
