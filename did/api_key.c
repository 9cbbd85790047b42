/* SPDX-License-Identifier: Apache-2.0 */
/* The installed interface to keys, berth/key.h: a store and what is in it.  What its keys do
 * is in api_key_use.c. */
#include "berth/key.h"

#include <stdlib.h>
#include <string.h>

#include "did/api_give.h"
#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/crypto/keypair.h"
#include "did/jose/jwk.h"
#include "did/jose/multikey.h"
#include "did/key_json.h"
#include "did/keychain.h"
#include "did/method_key.h"

struct berth_keychain {
	struct berth_keystore *ks;
	char name[BERTH_KEY_NAME_MAX + 1];	/* "": the URI has none */
};

/* ---- the store ---- */

enum berth_err berth_keychain_open(struct berth_keychain **out, const char *uri, const struct berth_keychain_how *how)
{
	struct berth_keychain *k = calloc(1, sizeof(*k));
	struct berth_keystore_config cfg = { .uri = uri };
	struct berth_keychain_how h;
	enum berth_err rc;

	*out = NULL;
	if (!k)
		return berth_no_memory();
	if (how) {
		berth_api_take_options(&h, sizeof(h), how, how->size);
		cfg.passphrase_file = h.passphrase_file;
		cfg.tcti = h.tcti;
		cfg.create = h.create != 0;
		cfg.module_path = h.module_path;
		cfg.pin_source = h.pin_source;
	}
	if ((rc = berth_key_uri_name(k->name, uri)) || (rc = berth_keystore_open(&k->ks, &cfg))) {
		free(k);
		return rc;
	}
	*out = k;
	return BERTH_OK;
}

void berth_keychain_close(struct berth_keychain *k)
{
	if (k)
		berth_keystore_close(k->ks);
	free(k);
}

struct berth_keystore *berth_keychain_store(struct berth_keychain *k)
{
	return k->ks;
}

enum berth_err berth_keychain_capabilities(struct berth_keychain *k, char **json)
{
	struct berth_json *o;
	enum berth_err rc;

	*json = NULL;
	return (rc = berth_keystore_describe(&o, k->ks)) ? rc : berth_api_give_json(json, o);
}

size_t berth_keychain_count(const struct berth_keychain *k)
{
	return berth_keystore_count(k->ks);
}

enum berth_err berth_keychain_name(struct berth_keychain *k, size_t i, char **name)
{
	struct berth_key_info info;
	enum berth_err rc;

	*name = NULL;
	if ((rc = berth_keystore_at(k->ks, i, &info)))
		return rc;
	*name = strdup(info.name);
	return *name ? BERTH_OK : berth_no_memory();
}

/* ---- keys ---- */

enum berth_err berth_keychain_find(struct berth_keychain *k, const char *name, struct berth_key_info *info)
{
	if (name || *k->name)
		return berth_keystore_find(k->ks, name ? name : k->name, info);
	if (berth_keystore_count(k->ks) != 1)
		return berth_fail(BERTH_E_KEYSTORE, "the store holds %zu keys, name one", berth_keystore_count(k->ks));
	return berth_keystore_at(k->ks, 0, info);
}

enum berth_err berth_keychain_generate(struct berth_keychain *k, const char *name, const char *type, const char *use)
{
	enum berth_key_type t = berth_key_type_parse(type);
	enum berth_usage usage = use ? berth_usage_parse(use)
			       : berth_key_can_sign(t) ? BERTH_USAGE_SIGN : BERTH_USAGE_AGREE;

	if (t == BERTH_KEY_NONE)
		return berth_fail(BERTH_E_KEY, "there is no key type %.20s", type);
	if (!usage)
		return berth_fail(BERTH_E_KEY, "there is no use %.20s of a key", use);
	return berth_keystore_generate(k->ks, name ? name : k->name, t, usage, NULL);
}

enum berth_err berth_keychain_delete(struct berth_keychain *k, const char *name)
{
	return berth_keystore_delete(k->ks, name ? name : "");
}

enum berth_err berth_keychain_describe(struct berth_keychain *k, const char *name, char **json)
{
	struct berth_key_info info;
	struct berth_json *o;
	enum berth_err rc;

	*json = NULL;
	if ((rc = berth_keychain_find(k, name, &info)) || (rc = berth_key_describe(&o, k->ks, &info)))
		return rc;
	return berth_api_give_json(json, o);
}

enum berth_err berth_keychain_jwk(struct berth_keychain *k, const char *name, char **jwk)
{
	struct berth_key_info info;
	enum berth_err rc;

	*jwk = NULL;
	return (rc = berth_keychain_find(k, name, &info)) ? rc : berth_api_give_json(jwk, berth_jwk_format(&info.pub));
}

static enum berth_err format_public(struct berth_keychain *k, const char *name, char **out,
				    enum berth_err (*format)(struct berth_buf *, const struct berth_pubkey *))
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_key_info info;
	enum berth_err rc;

	*out = NULL;
	if (!(rc = berth_keychain_find(k, name, &info)) && !(rc = format(&b, &info.pub)))
		rc = berth_api_give_text(out, &b);
	berth_buf_free(&b);
	return rc;
}

enum berth_err berth_keychain_multikey(struct berth_keychain *k, const char *name, char **multikey)
{
	return format_public(k, name, multikey, berth_multikey_format);
}

enum berth_err berth_keychain_did(struct berth_keychain *k, const char *name, char **did)
{
	return format_public(k, name, did, berth_did_key_create);
}
