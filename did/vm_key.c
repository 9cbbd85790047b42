/* SPDX-License-Identifier: Apache-2.0 */
#include "did/vm_key.h"

#include <stdbool.h>
#include <string.h>

#include "did/base/buf.h"
#include "did/base/cur.h"
#include "did/codec/base58.h"
#include "did/codec/multibase.h"
#include "did/crypto/keypair.h"
#include "did/jose/jwk.h"
#include "did/jose/multikey.h"

/* Verification method types with one kind of key, and how we write it; the older ones
 * have it as base58 without a multicodec prefix.  All forms are read. */
static const struct {
	const char *name;
	enum berth_key_type key;
	enum berth_vm_material written;
} suites[] = {
	{ "Ed25519VerificationKey2018",		BERTH_KEY_ED25519,   BERTH_VM_BASE58 },
	{ "Ed25519VerificationKey2020",		BERTH_KEY_ED25519,   BERTH_VM_MULTIBASE },
	{ "X25519KeyAgreementKey2019",		BERTH_KEY_X25519,    BERTH_VM_BASE58 },
	{ "X25519KeyAgreementKey2020",		BERTH_KEY_X25519,    BERTH_VM_MULTIBASE },
	{ "EcdsaSecp256k1VerificationKey2019",	BERTH_KEY_SECP256K1, BERTH_VM_JWK },
	{ "EcdsaSecp256r1VerificationKey2019",	BERTH_KEY_P256,      BERTH_VM_MULTIBASE },
	{ "P256Key2021",			BERTH_KEY_P256,      BERTH_VM_MULTIBASE },
	{ "P384Key2021",			BERTH_KEY_P384,      BERTH_VM_MULTIBASE },
	{ "P521Key2021",			BERTH_KEY_P521,      BERTH_VM_MULTIBASE },
};

enum berth_vm_material berth_vm_material(const char *type, enum berth_key_type key)
{
	if (key == BERTH_KEY_NONE)
		return BERTH_VM_NO_MATERIAL;
	if (strcmp(type, "Multikey") == 0)
		return BERTH_VM_MULTIBASE;
	if (strcmp(type, "JsonWebKey") == 0 || strcmp(type, "JsonWebKey2020") == 0)
		return BERTH_VM_JWK;
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		if (strcmp(suites[i].name, type) == 0 && suites[i].key == key)
			return suites[i].written;
	return BERTH_VM_NO_MATERIAL;
}

static enum berth_key_type suite_key(const char *type)
{
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		if (strcmp(suites[i].name, type) == 0)
			return suites[i].key;
	return BERTH_KEY_NONE;
}

static bool is_known_codec(uint64_t code)
{
	return code == BERTH_CODEC_ED25519_PUB || code == BERTH_CODEC_X25519_PUB ||
	       code == BERTH_CODEC_SECP256K1_PUB || code == BERTH_CODEC_P256_PUB ||
	       code == BERTH_CODEC_P384_PUB || code == BERTH_CODEC_P521_PUB;
}

/* Text that decodes to some other multicodec is a key of a kind we do not have;
 * everything else that is wrong is wrong, and said by berth_multikey_parse(). */
static enum berth_err parse_multikey(struct berth_pubkey *out, const char *s)
{
	struct berth_buf raw = BERTH_BUF_INIT;
	struct berth_cur c;
	uint64_t code;
	bool foreign;
	enum berth_err rc = berth_multibase_decode(&raw, s, strlen(s));

	c = berth_cur(raw.p, raw.len);
	code = berth_cur_uvarint(&c);
	foreign = !rc && !c.bad && c.n > 0 && !is_known_codec(code);
	berth_buf_free(&raw);
	if (rc == BERTH_E_NOMEM || foreign)
		return rc;
	return berth_multikey_parse(out, s, strlen(s));
}

static enum berth_err from_multibase(struct berth_pubkey *out, const struct berth_json *v, const char *type)
{
	const char *s = berth_json_str(v);

	if (!s)
		return berth_fail(BERTH_E_KEY, "publicKeyMultibase is not a string");
	if (strcmp(type, "Multikey") != 0 && suite_key(type) == BERTH_KEY_NONE)
		return BERTH_OK;
	return parse_multikey(out, s);
}

static enum berth_err from_base58(struct berth_pubkey *out, const struct berth_json *v, const char *type)
{
	const char *s = berth_json_str(v);
	struct berth_buf raw = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!s)
		return berth_fail(BERTH_E_KEY, "publicKeyBase58 is not a string");
	if (suite_key(type) == BERTH_KEY_NONE)
		return BERTH_OK;
	if ((rc = berth_base58_decode(&raw, s, strlen(s))) == BERTH_OK)
		rc = berth_pubkey_import(out, suite_key(type), raw.p, raw.len);
	else if (rc != BERTH_E_NOMEM)
		rc = berth_fail(BERTH_E_KEY, "publicKeyBase58 is not base58");
	berth_buf_free(&raw);
	return rc;
}

static enum berth_err from_jwk(struct berth_pubkey *out, const struct berth_json *jwk)
{
	if (!berth_json_is(jwk, BERTH_JSON_OBJECT))
		return berth_fail(BERTH_E_KEY, "publicKeyJwk is not an object");
	/* DID Core 5.2.1: "MUST NOT contain "d", or any other members of the private
	 * information class" */
	if (berth_json_get(jwk, "d"))
		return berth_fail(BERTH_E_KEY, "publicKeyJwk is a private key");
	return berth_jwk_type(jwk) == BERTH_KEY_NONE ? BERTH_OK : berth_jwk_parse(out, jwk);
}

/* Whoever publishes one has no secret any more. */
static bool has_secret(const struct berth_json *vm)
{
	static const char *const members[] = {
		"secretKeyJwk", "secretKeyMultibase", "privateKeyJwk", "privateKeyMultibase", "privateKeyBase58",
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (berth_json_get(vm, members[i]))
			return true;
	return false;
}

enum berth_err berth_vm_key(struct berth_pubkey *out, const struct berth_json *vm, const char *type)
{
	const struct berth_json *jwk = berth_json_get(vm, "publicKeyJwk");
	const struct berth_json *multibase = berth_json_get(vm, "publicKeyMultibase");
	const struct berth_json *base58 = berth_json_get(vm, "publicKeyBase58");
	enum berth_err rc = BERTH_OK;

	memset(out, 0, sizeof(*out));
	if (has_secret(vm))
		return berth_fail(BERTH_E_KEY, "a verification method holds a private key");
	if (!!jwk + !!multibase + !!base58 > 1)
		return berth_fail(BERTH_E_DID, "a verification method gives its key twice");
	if (jwk)
		rc = from_jwk(out, jwk);
	else if (multibase)
		rc = from_multibase(out, multibase, type);
	else if (base58)
		rc = from_base58(out, base58, type);
	if (rc)
		return rc;
	if (out->type != BERTH_KEY_NONE && suite_key(type) != BERTH_KEY_NONE && out->type != suite_key(type)) {
		memset(out, 0, sizeof(*out));
		return berth_fail(BERTH_E_KEY, "a %s holds another type of key", type);
	}
	return BERTH_OK;
}
