/* SPDX-License-Identifier: Apache-2.0 */
/* A keyring in this process: keys in guarded memory, or named in a keystore. */
#include "did/jose/keyring.h"

#include <stdlib.h>
#include <string.h>

#include "did/base/secret.h"
#include "did/codec/did_text.h"
#include "did/crypto/agree.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/jose/jws.h"
#include "did/jose/keyring_local.h"

#define ENTRIES_MAX 4096

struct entry {
	char *kid;
	struct berth_pubkey pub;
	struct berth_secret *secret;	/* a struct berth_privkey; NULL: in ks */
	struct berth_keystore *ks;
	char name[BERTH_KEY_NAME_MAX + 1];
};

struct local {
	struct berth_keyring base;
	struct entry *entries;
	size_t n;
	struct berth_opened_store *stores;	/* opened for keyUri; ours to close */
	size_t n_stores;
};

/* Most are asked for as they were added; did:peer:4 has two spellings. */
static const struct entry *lookup(const struct local *l, const char *kid)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->entries[i].kid, kid) == 0)
			return &l->entries[i];
	for (size_t i = 0; i < l->n; i++)
		if (berth_did_url_same(l->entries[i].kid, kid))
			return &l->entries[i];
	return NULL;
}

static enum berth_err need(const struct entry **out, struct berth_keyring *kr, const char *kid)
{
	*out = lookup((const struct local *)kr, kid);
	return *out ? BERTH_OK : berth_fail(BERTH_E_KEYSTORE, "no private key for %.80s", kid);
}

/* ---- the operations ---- */

static enum berth_err local_find(struct berth_keyring *kr, const char *kid, struct berth_pubkey *pub)
{
	const struct entry *e;
	enum berth_err rc;

	if ((rc = need(&e, kr, kid)) == BERTH_OK && pub)
		*pub = e->pub;
	return rc;
}

static void borrow(struct berth_privkey *k, const struct entry *e)
{
	memcpy(k, e->secret->b, sizeof(*k));
}

static enum berth_err entry_sign(const struct entry *e, const struct berth_buf *input, uint8_t *sig, size_t *sig_len)
{
	struct berth_privkey k;
	enum berth_err rc;

	if (!e->secret)
		return berth_keystore_sign(e->ks, e->name, input->p, input->len, sig, sig_len);
	borrow(&k, e);
	rc = berth_sign(sig, sig_len, &k, input->p, input->len);
	berth_privkey_wipe(&k);
	return rc;
}

static enum berth_err entry_ecdh(void *key, const struct berth_pubkey *theirs, bool lasting, uint8_t *z, size_t *z_len)
{
	const struct entry *e = key;
	struct berth_privkey k;
	enum berth_err rc;

	if (!e->secret)
		return (lasting ? berth_keystore_ecdh_lasting : berth_keystore_ecdh)(e->ks, e->name, theirs, z, z_len);
	borrow(&k, e);
	rc = berth_ecdh(z, z_len, &k, theirs);
	berth_privkey_wipe(&k);
	return rc;
}

/* header_b64 gets the header, sig the raw signature over it and the payload.  kid
 * stands in the header as the caller spells it: the form of a did:peer:4 that the
 * receiver can resolve is the caller's choice. */
static enum berth_err sign_payload(const struct entry *e, const char *kid, enum berth_purpose purpose,
				   const void *payload, size_t len, struct berth_buf *header_b64,
				   struct berth_buf *sig)
{
	struct berth_buf input = BERTH_BUF_INIT;
	uint8_t raw[BERTH_SIG_MAX];
	size_t raw_len = 0, header_len;
	enum berth_err rc;

	if ((rc = berth_purpose_input(&input, &header_len, purpose, kid, e->pub.type, payload, len)) ||
	    (rc = entry_sign(e, &input, raw, &raw_len)))
		goto out;
	berth_buf_put(header_b64, input.p, header_len);
	berth_buf_put(sig, raw, raw_len);
	if ((rc = berth_buf_status(sig)) == BERTH_OK)
		rc = berth_buf_status(header_b64);
out:
	berth_buf_free(&input);
	return rc;
}

static bool is_proof(enum berth_purpose p)
{
	return p == BERTH_SIGN_RV_PROVE || p == BERTH_SIGN_OWNER_PROOF || p == BERTH_SIGN_DEVICE_PROOF;
}

static enum berth_err local_sign(struct berth_keyring *kr, const char *kid, enum berth_purpose purpose,
				 const void *payload, size_t len, struct berth_buf *header_b64, struct berth_buf *sig)
{
	const struct entry *e;
	enum berth_err rc;

	if (is_proof(purpose))
		return berth_fail(BERTH_E_AUTHZ, "a proof is signed by its claims only");
	if ((rc = need(&e, kr, kid)))
		return rc;
	return sign_payload(e, kid, purpose, payload, len, header_b64, sig);
}

static enum berth_err local_sign_proof(struct berth_keyring *kr, const char *kid, const struct berth_proof *proof,
				       struct berth_buf *compact)
{
	struct berth_buf payload = BERTH_BUF_INIT, header = BERTH_BUF_INIT, sig = BERTH_BUF_INIT;
	const struct entry *e;
	enum berth_err rc;

	if (!(rc = need(&e, kr, kid)) && !(rc = berth_proof_payload(&payload, proof)) &&
	    !(rc = sign_payload(e, kid, proof->purpose, payload.p, payload.len, &header, &sig)))
		rc = berth_jws_compact(compact, &header, payload.p, payload.len, &sig);
	berth_buf_free(&payload);
	berth_buf_free(&header);
	berth_buf_free(&sig);
	return rc;
}

static enum berth_err local_unwrap(struct berth_keyring *kr, const char *kid, const struct berth_kek_params *p,
				   const uint8_t *wrapped, size_t len, uint8_t cek[BERTH_CEK_MAX], size_t *cek_len)
{
	const struct entry *e;
	enum berth_err rc;

	*cek_len = 0;
	if ((rc = need(&e, kr, kid)))
		return rc;
	return berth_kek_unwrap(entry_ecdh, (void *)(uintptr_t)e, p, wrapped, len, cek, cek_len);
}

static enum berth_err local_wrap_1pu(struct berth_keyring *kr, const char *skid, const struct berth_kek_params *p,
				     const uint8_t *ze, size_t ze_len, const uint8_t *cek, size_t cek_len,
				     struct berth_buf *wrapped)
{
	const struct entry *e;
	enum berth_err rc;

	if ((rc = need(&e, kr, skid)))
		return rc;
	return berth_kek_wrap_1pu(entry_ecdh, (void *)(uintptr_t)e, p, ze, ze_len, cek, cek_len, wrapped);
}

static void local_free(struct berth_keyring *kr)
{
	struct local *l = (struct local *)kr;

	for (size_t i = 0; i < l->n; i++) {
		free(l->entries[i].kid);
		berth_secret_free(l->entries[i].secret);
	}
	for (size_t i = 0; i < l->n_stores; i++)
		berth_opened_store_close(&l->stores[i]);
	free(l->entries);
	free(l->stores);
	free(l);
}

static const struct berth_keyring_ops ops = {
	.find = local_find, .sign = local_sign, .sign_proof = local_sign_proof,
	.unwrap = local_unwrap, .wrap_1pu = local_wrap_1pu, .free = local_free,
};

/* ---- filling it ---- */

enum berth_err berth_keyring_local_new(struct berth_keyring **out)
{
	struct local *l = calloc(1, sizeof(*l));

	*out = NULL;
	if (!l)
		return berth_no_memory();
	l->base.ops = &ops;
	*out = &l->base;
	return BERTH_OK;
}

/* A new last entry with its kid; *slot is zero but for that. */
static enum berth_err append(struct entry **slot, struct local *l, const char *kid)
{
	struct entry *grown;

	if (!kid || !*kid || strlen(kid) > BERTH_DID_URL_MAX)
		return berth_fail(BERTH_E_KEY, "keyring: kid");
	if (lookup(l, kid))
		return berth_fail(BERTH_E_KEY, "keyring: two keys for %.80s", kid);
	if (l->n == ENTRIES_MAX)
		return berth_fail(BERTH_E_SIZE, "keyring: more than %d keys", ENTRIES_MAX);
	if (!(grown = realloc(l->entries, (l->n + 1) * sizeof(*grown))))
		return berth_no_memory();
	l->entries = grown;
	*slot = &grown[l->n];
	memset(*slot, 0, sizeof(**slot));
	if (!((*slot)->kid = strdup(kid)))
		return berth_no_memory();
	l->n++;
	return BERTH_OK;
}

enum berth_err berth_keyring_local_add(struct berth_keyring *kr, const char *kid, const struct berth_privkey *key)
{
	struct local *l = (struct local *)kr;
	struct berth_secret *s;
	struct entry *e;
	enum berth_err rc;

	if (key->type == BERTH_KEY_NONE)
		return berth_fail(BERTH_E_KEY, "keyring: no key for %.80s", kid);
	if (!(s = berth_secret_new(sizeof(*key))))
		return berth_no_memory();
	if ((rc = append(&e, l, kid))) {
		berth_secret_free(s);
		return rc;
	}
	memcpy(s->b, key, sizeof(*key));
	e->secret = s;
	e->pub = key->pub;
	return BERTH_OK;
}

enum berth_err berth_keyring_local_add_stored(struct berth_keyring *kr, const char *kid, struct berth_keystore *ks,
					      const char *name)
{
	struct berth_key_info info;
	struct entry *e;
	enum berth_err rc;

	if ((rc = berth_keystore_find(ks, name, &info)) || (rc = append(&e, (struct local *)kr, kid)))
		return rc;
	e->pub = info.pub;
	e->ks = ks;
	memcpy(e->name, info.name, sizeof(e->name));
	return BERTH_OK;
}

/* The store a URI of a key is in, opened once for all of its keys. */
static enum berth_err store_for(struct berth_keystore **out, struct local *l, const char *uri,
				const char *passphrase_file)
{
	struct berth_opened_store *grown, opened;
	enum berth_err rc;

	for (size_t i = 0; i < l->n_stores; i++)
		if (berth_opened_store_holds(&l->stores[i], uri)) {
			*out = l->stores[i].ks;
			return BERTH_OK;
		}
	if ((rc = berth_opened_store_open(&opened, uri, passphrase_file)))
		return rc;
	if (!(grown = realloc(l->stores, (l->n_stores + 1) * sizeof(*grown)))) {
		berth_opened_store_close(&opened);
		return berth_no_memory();
	}
	l->stores = grown;
	l->stores[l->n_stores++] = opened;
	*out = opened.ks;
	return BERTH_OK;
}

enum berth_err berth_keyring_local_add_uri(struct berth_keyring *kr, const char *kid, const char *uri,
					   const char *passphrase_file)
{
	char name[BERTH_KEY_NAME_MAX + 1];
	struct berth_keystore *ks;
	struct berth_key_info only;
	enum berth_err rc;

	if ((rc = berth_key_uri_name(name, uri)) ||
	    (rc = store_for(&ks, (struct local *)kr, uri, passphrase_file)))
		return rc;
	if (*name)
		return berth_keyring_local_add_stored(kr, kid, ks, name);
	if (berth_keystore_count(ks) != 1)
		return berth_fail(BERTH_E_KEYSTORE, "%s: holds %zu keys, name one", uri, berth_keystore_count(ks));
	return (rc = berth_keystore_at(ks, 0, &only)) ? rc : berth_keyring_local_add_stored(kr, kid, ks, only.name);
}

static enum berth_err add_secret(struct berth_keyring *kr, const struct berth_json *s, const char *passphrase_file)
{
	struct berth_privkey key;
	const char *id, *uri = NULL;
	enum berth_err rc;

	if ((rc = berth_json_req_str(s, "id", BERTH_DID_URL_MAX, &id)) ||
	    (rc = berth_json_opt_str(s, "keyUri", BERTH_KEY_URI_MAX, &uri)))
		return rc;
	if (!berth_is_kid(id))
		return berth_fail(BERTH_E_DID, "secrets: id is not a DID URL with a fragment");
	if (uri)
		return berth_keyring_local_add_uri(kr, id, uri, passphrase_file);
	if ((rc = berth_secret_key_parse(&key, s)) == BERTH_OK)
		rc = berth_keyring_local_add(kr, id, &key);
	berth_privkey_wipe(&key);
	return rc;
}

enum berth_err berth_keyring_local_add_secrets(struct berth_keyring *kr, const struct berth_json *secrets,
					       const char *passphrase_file)
{
	enum berth_err rc;

	if (!berth_json_is(secrets, BERTH_JSON_ARRAY))
		return berth_fail(BERTH_E_TYPE, "secrets: not an array");
	berth_json_each(s, secrets)
		if ((rc = add_secret(kr, s, passphrase_file)))
			return rc;
	return BERTH_OK;
}
