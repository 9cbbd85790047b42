/* SPDX-License-Identifier: Apache-2.0 */
#include "did/ethr_vm.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "did/base/buf.h"
#include "did/base/hex.h"
#include "did/codec/base58.h"
#include "did/codec/base64url.h"
#include "did/crypto/keypair.h"
#include "did/doc_build.h"
#include "did/vm_key.h"

#define RECOVERY "EcdsaSecp256k1RecoveryMethod2020"
#define SECP256K1 "EcdsaSecp256k1VerificationKey2019"
#define URL_MAX 256		/* such a DID takes 142 */
#define PEM_LINE 64

enum {
	CTX_SECURITY = 1, CTX_ED25519 = 2, CTX_X25519 = 4, CTX_MULTIKEY = 8,	/* in their order */
	TERM_HEX = 16, TERM_JWK = 32, TERM_BASE58 = 64, TERM_PEM = 128, TERM_BASE64 = 256
};

/* ---- contexts ---- */

static const struct {
	unsigned bit;
	const char *url;
} contexts[] = {
	{ CTX_SECURITY, "https://w3id.org/security/v2" },
	{ CTX_ED25519, "https://w3id.org/security/suites/ed25519-2020/v1" },
	{ CTX_X25519, "https://w3id.org/security/suites/x25519-2020/v1" },
	{ CTX_MULTIKEY, BERTH_CONTEXT_MULTIKEY },
};

/* Terms that none of them has. */
static const struct {
	unsigned bit;
	const char *term;
} terms[] = {
	{ TERM_HEX, "publicKeyHex" }, { TERM_BASE58, "publicKeyBase58" },
	{ TERM_PEM, "publicKeyPem" }, { TERM_BASE64, "publicKeyBase64" },
};

static enum berth_err add_jwk_term(struct berth_json *own)
{
	struct berth_json *jwk = berth_json_new_object();
	enum berth_err rc;

	if (!(rc = berth_json_set_str(jwk, "@id", "https://w3id.org/security#publicKeyJwk")) &&
	    !(rc = berth_json_set_str(jwk, "@type", "@json")))
		return berth_json_set(own, "publicKeyJwk", jwk);
	berth_json_free(jwk);
	return rc;
}

static enum berth_err add_terms(struct berth_json *own, unsigned mask)
{
	char iri[64];
	enum berth_err rc = BERTH_OK;

	if (mask & CTX_SECURITY)	/* has these two */
		mask &= ~(unsigned)(TERM_BASE58 | TERM_PEM);
	for (size_t i = 0; !rc && i < sizeof(terms) / sizeof(terms[0]); i++)
		if (mask & terms[i].bit) {
			snprintf(iri, sizeof(iri), "https://w3id.org/security#%s", terms[i].term);
			rc = berth_json_set_str(own, terms[i].term, iri);
		}
	return !rc && mask & TERM_JWK ? add_jwk_term(own) : rc;
}

enum berth_err berth_ethr_vms_contexts(const struct berth_ethr_vms *v)
{
	struct berth_json *list = berth_doc_array(v->doc, "@context"), *own = berth_json_new_object();
	enum berth_err rc = own ? BERTH_OK : berth_no_memory();

	for (size_t i = 0; !rc && i < sizeof(contexts) / sizeof(contexts[0]); i++)
		if (v->contexts & contexts[i].bit)
			rc = berth_json_push_str(list, contexts[i].url);
	if (!rc && !(rc = add_terms(own, v->contexts)) && berth_json_len(own))
		return berth_json_push(list, own);
	berth_json_free(own);
	return rc;
}

/* ---- accounts and the owner's key ---- */

static void url_of(char out[URL_MAX], const struct berth_ethr_vms *v, const char *fragment)
{
	snprintf(out, URL_MAX, "%s%s", v->did, fragment);
}

enum berth_err berth_ethr_vms_account(struct berth_ethr_vms *v, const char *fragment, const struct berth_eth_address *who,
				      unsigned rels)
{
	char id[URL_MAX], address[BERTH_ETH_ADDRESS_LEN + 1], text[32 + sizeof(address)];
	struct berth_json *vm;
	enum berth_err rc;

	url_of(id, v, fragment);
	berth_eth_address_format(address, who);
	snprintf(text, sizeof(text), "eip155:%" PRIu64 ":%s", v->chain_id, address);
	vm = berth_doc_method(id, RECOVERY, v->did);
	if (!(rc = berth_json_set_str(vm, "blockchainAccountId", text)))
		return berth_doc_add(v->doc, vm, rels);
	berth_json_free(vm);
	return rc;
}

static enum berth_err add_key(struct berth_ethr_vms *v, const char *fragment, const char *type,
			      const struct berth_pubkey *key, unsigned rels)
{
	char id[URL_MAX];

	url_of(id, v, fragment);
	return berth_doc_add(v->doc, berth_doc_key_method(id, type, v->did, key), rels);
}

enum berth_err berth_ethr_vms_owner_key(struct berth_ethr_vms *v, const char *fragment, const struct berth_pubkey *key,
					unsigned rels)
{
	v->contexts |= CTX_SECURITY | TERM_JWK;
	return add_key(v, fragment, SECP256K1, key, rels);
}

/* ---- attributes ---- */

/* RFC 4648 4: the other alphabet, and padding. */
static void put_base64(struct berth_buf *out, const uint8_t *p, size_t n)
{
	size_t from = out->len;

	berth_b64url_encode(out, p, n);
	for (size_t i = from; !out->bad && i < out->len; i++)
		out->p[i] = out->p[i] == '-' ? '+' : out->p[i] == '_' ? '/' : out->p[i];
	berth_buf_str(out, (const char *const[]){ "", "==", "=" }[n % 3]);
}

static void put_pem(struct berth_buf *out, const uint8_t *p, size_t n)
{
	struct berth_buf text = BERTH_BUF_INIT;

	put_base64(&text, p, n);
	berth_buf_str(out, "-----BEGIN PUBLIC KEY-----\n");
	for (size_t i = 0; i < text.len; i += PEM_LINE) {
		berth_buf_put(out, text.p + i, text.len - i < PEM_LINE ? text.len - i : PEM_LINE);
		berth_buf_u8(out, '\n');
	}
	berth_buf_str(out, "-----END PUBLIC KEY-----");
	out->bad |= text.bad;
	berth_buf_free(&text);
}

static void put_hex(struct berth_buf *out, const uint8_t *p, size_t n)
{
	uint8_t *room = berth_buf_grow(out, 2 * n + 1);

	if (room) {
		berth_hex_encode((char *)room, p, n);
		out->len--;	/* its NUL */
	}
}

static enum berth_err put_base58(struct berth_buf *out, const uint8_t *p, size_t n)
{
	return berth_base58_encode(out, p, n);
}

static enum berth_err put_multibase(struct berth_buf *out, const uint8_t *p, size_t n)
{
	berth_buf_u8(out, 'z');
	return berth_base58_encode(out, p, n);
}

/* How material is written: as one algorithm's type asks, or, where the specification has
 * no type for the algorithm, as the attribute's name does. */
struct form {
	const char *word, *member;
	unsigned contexts;
	void (*put)(struct berth_buf *out, const uint8_t *p, size_t n);
	enum berth_err (*try)(struct berth_buf *out, const uint8_t *p, size_t n);
};

static const struct form of_algorithm[] = {
	{ "RSA", "publicKeyPem", CTX_SECURITY, put_pem, NULL },
	{ "Multikey", "publicKeyMultibase", CTX_MULTIKEY, NULL, put_multibase },	/* the multicodec is in it */
};
static const struct form of_encoding[] = {
	{ "", "publicKeyHex", TERM_HEX, put_hex, NULL },
	{ "hex", "publicKeyHex", TERM_HEX, put_hex, NULL },
	{ "base64", "publicKeyBase64", TERM_BASE64, put_base64, NULL },
	{ "base58", "publicKeyBase58", TERM_BASE58, NULL, put_base58 },
	{ "pem", "publicKeyPem", TERM_PEM, put_pem, NULL },
};
static const struct form other_form = { "", "value", 0, put_hex, NULL };

static const struct form *find_form(const char *algorithm, const char *encoding)
{
	for (size_t i = 0; i < sizeof(of_algorithm) / sizeof(of_algorithm[0]); i++)
		if (strcmp(of_algorithm[i].word, algorithm) == 0)
			return &of_algorithm[i];
	for (size_t i = 0; i < sizeof(of_encoding) / sizeof(of_encoding[0]); i++)
		if (strcmp(of_encoding[i].word, encoding) == 0)
			return &of_encoding[i];
	return &other_form;
}

/* False for a method that would make the whole document invalid: of a type that we know,
 * and no key of it. */
static bool is_fine(const struct berth_json *vm, enum berth_err *rc)
{
	struct berth_pubkey key;
	enum berth_err why = berth_vm_key(&key, vm, berth_json_str(berth_json_get(vm, "type")));

	*rc = why == BERTH_E_NOMEM ? why : BERTH_OK;
	return !why;
}

/* A key that we may know nothing of, under the type that it calls itself. */
static enum berth_err add_material(struct berth_ethr_vms *v, const char *fragment, const char *algorithm, const char *encoding,
				   const uint8_t *p, size_t n, unsigned rels)
{
	const struct form *form = find_form(algorithm, encoding);
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_json *vm;
	char id[URL_MAX];
	enum berth_err rc = BERTH_OK;

	url_of(id, v, fragment);
	vm = berth_doc_method(id, strcmp(algorithm, "RSA") == 0 ? "RsaVerificationKey2018" : algorithm, v->did);
	if (form->put)
		form->put(&text, p, n);
	else
		rc = form->try(&text, p, n);
	if (!rc && !(rc = berth_buf_status(&text)))
		rc = berth_json_set_str(vm, form->member, berth_buf_cstr(&text));
	berth_buf_free(&text);
	if (rc || !is_fine(vm, &rc)) {
		berth_json_free(vm);
		return rc == BERTH_E_SIZE ? BERTH_OK : rc;	/* too long for base58: no key is */
	}
	v->contexts |= form->contexts;
	return berth_doc_add(v->doc, vm, rels);
}

enum berth_err berth_ethr_vms_attribute(struct berth_ethr_vms *v, const char *fragment, const char *algorithm,
					const char *encoding, const uint8_t *p, size_t n, unsigned rels)
{
	static const struct { const char *algorithm, *type; enum berth_key_type key; unsigned contexts; } types[] = {
		{ "Secp256k1", SECP256K1, BERTH_KEY_SECP256K1, CTX_SECURITY | TERM_JWK },
		{ "Ed25519", "Ed25519VerificationKey2020", BERTH_KEY_ED25519, CTX_ED25519 },
		{ "X25519", "X25519KeyAgreementKey2020", BERTH_KEY_X25519, CTX_X25519 },
	};
	struct berth_pubkey key;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].algorithm, algorithm) != 0)
			continue;
		if (berth_pubkey_import(&key, types[i].key, p, n))
			return BERTH_OK;
		v->contexts |= types[i].contexts;
		return add_key(v, fragment, types[i].type, &key, rels);
	}
	return add_material(v, fragment, algorithm, encoding, p, n, rels);
}
