/* SPDX-License-Identifier: Apache-2.0 */
/* Key pairs.  What a token can make only trying shows: the list of mechanisms names
 * no curves, and modules differ in how they want them named. */
#include <string.h>

#include "did/crypto/keypair.h"
#include "did/keystore/pkcs11.h"

#define WAYS_MAX 4

struct params { uint8_t n; uint8_t b[15]; };

/* Curves as OIDs; for the two of RFC 8410 also by the names of PKCS #11 3.0, as
 * PrintableString, which some older modules take alone. */
#define OID_P256 { 10, { 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7 } }
#define OID_P384 { 7, { 6, 5, 0x2b, 0x81, 4, 0, 0x22 } }
#define OID_P521 { 7, { 6, 5, 0x2b, 0x81, 4, 0, 0x23 } }
#define OID_SECP256K1 { 7, { 6, 5, 0x2b, 0x81, 4, 0, 0x0a } }
#define OID_ED25519 { 5, { 6, 3, 0x2b, 0x65, 0x70 } }
#define OID_X25519 { 5, { 6, 3, 0x2b, 0x65, 0x6e } }
#define NAME_ED25519 { 14, { 0x13, 12, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9' } }
#define NAME_X25519 { 12, { 0x13, 10, 'c', 'u', 'r', 'v', 'e', '2', '5', '5', '1', '9' } }

static const struct kind {
	CK_MECHANISM_TYPE use;	/* what the key is for */
	CK_KEY_TYPE key_type;
	struct { CK_MECHANISM_TYPE make; struct params params; } ways[WAYS_MAX];	/* make 0: no more */
} kinds[BERTH_KEY__COUNT] = {
	[BERTH_KEY_ED25519] = { CKM_EDDSA, CKK_EC_EDWARDS, {
		{ CKM_EC_EDWARDS_KEY_PAIR_GEN, OID_ED25519 }, { CKM_EC_EDWARDS_KEY_PAIR_GEN, NAME_ED25519 } } },
	[BERTH_KEY_X25519] = { CKM_ECDH1_DERIVE, CKK_EC_MONTGOMERY, {
		{ CKM_EC_MONTGOMERY_KEY_PAIR_GEN, OID_X25519 }, { CKM_EC_MONTGOMERY_KEY_PAIR_GEN, NAME_X25519 },
		/* SoftHSM 2.6 */
		{ CKM_EC_EDWARDS_KEY_PAIR_GEN, OID_X25519 }, { CKM_EC_EDWARDS_KEY_PAIR_GEN, NAME_X25519 } } },
	[BERTH_KEY_P256] = { CKM_ECDSA, CKK_EC, { { CKM_EC_KEY_PAIR_GEN, OID_P256 } } },
	[BERTH_KEY_P384] = { CKM_ECDSA, CKK_EC, { { CKM_EC_KEY_PAIR_GEN, OID_P384 } } },
	[BERTH_KEY_P521] = { CKM_ECDSA, CKK_EC, { { CKM_EC_KEY_PAIR_GEN, OID_P521 } } },
	[BERTH_KEY_SECP256K1] = { CKM_ECDSA, CKK_EC, { { CKM_EC_KEY_PAIR_GEN, OID_SECP256K1 } } },
};

static enum berth_err cannot(const struct berth_pkcs11 *p, enum berth_key_type type, CK_RV rv)
{
	return berth_fail(BERTH_E_KEY, "token %s makes no key of type %s for this usage %s", p->s.token,
			  berth_key_type_name(type), berth_pkcs11_rv_name(rv));
}

/* Answers to "make such a key" that mean no, and not that the token is in trouble. */
static bool is_no(CK_RV rv)
{
	switch (rv) {
	case CKR_MECHANISM_INVALID:
	case CKR_MECHANISM_PARAM_INVALID:
	case CKR_CURVE_NOT_SUPPORTED:
	case CKR_DOMAIN_PARAMS_INVALID:
	case CKR_ATTRIBUTE_VALUE_INVALID:
	case CKR_ATTRIBUTE_TYPE_INVALID:
	case CKR_TEMPLATE_INCONSISTENT:
	case CKR_TEMPLATE_INCOMPLETE:
	case CKR_KEY_SIZE_RANGE:
	case CKR_FUNCTION_NOT_SUPPORTED:
	case CKR_ARGUMENTS_BAD:
	case CKR_GENERAL_ERROR:		/* SoftHSM, tpm2-pkcs11: a curve they do not know */
	case CKR_FUNCTION_FAILED:
		return true;
	default:
		return false;
	}
}

/* strict: also say that the key neither decrypts nor unwraps, which by default some
 * tokens let it (SoftHSM), and which others refuse to be told (tpm2-pkcs11). */
static CK_RV make(struct berth_pkcs11 *p, CK_MECHANISM_TYPE how, const struct params *curve, const char *name,
		  const uint8_t *id, enum berth_usage usage, bool strict, CK_OBJECT_HANDLE h[2])
{
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_BBOOL signs = usage == BERTH_USAGE_SIGN, agrees = usage == BERTH_USAGE_AGREE;
	CK_MECHANISM m = { how, NULL, 0 };
	CK_ATTRIBUTE pub[] = {
		{ CKA_TOKEN, &yes, sizeof(yes) }, { CKA_PRIVATE, &no, sizeof(no) },
		{ CKA_EC_PARAMS, (void *)(uintptr_t)curve->b, curve->n }, { CKA_VERIFY, &signs, sizeof(signs) },
		{ CKA_ID, (void *)(uintptr_t)id, BERTH_PKCS11_OBJECT_ID_LEN },
		{ CKA_LABEL, (void *)(uintptr_t)name, strlen(name) },
	};
	CK_ATTRIBUTE priv[] = {
		{ CKA_TOKEN, &yes, sizeof(yes) }, { CKA_PRIVATE, &yes, sizeof(yes) },
		{ CKA_SENSITIVE, &yes, sizeof(yes) }, { CKA_EXTRACTABLE, &no, sizeof(no) },
		{ CKA_SIGN, &signs, sizeof(signs) }, { CKA_DERIVE, &agrees, sizeof(agrees) },
		{ CKA_ID, (void *)(uintptr_t)id, BERTH_PKCS11_OBJECT_ID_LEN },
		{ CKA_LABEL, (void *)(uintptr_t)name, strlen(name) },
		{ CKA_DECRYPT, &no, sizeof(no) }, { CKA_UNWRAP, &no, sizeof(no) },
	};
	CK_ULONG n_priv = sizeof(priv) / sizeof(priv[0]) - (strict ? 0 : 2);

	h[0] = h[1] = CK_INVALID_HANDLE;
	return p->f->C_GenerateKeyPair(p->session, &m, pub, sizeof(pub) / sizeof(pub[0]), priv, n_priv, &h[0], &h[1]);
}

enum berth_err berth_pkcs11_make_pair(struct berth_pkcs11 *p, const char *name,
				      const uint8_t id[BERTH_PKCS11_OBJECT_ID_LEN], enum berth_key_type type,
				      enum berth_usage usage, CK_OBJECT_HANDLE *pub, CK_OBJECT_HANDLE *priv)
{
	const struct kind *k = &kinds[type];
	CK_OBJECT_HANDLE h[2];
	CK_RV rv = CKR_MECHANISM_INVALID;

	if (!berth_pkcs11_has(p, usage == BERTH_USAGE_AGREE ? CKM_ECDH1_DERIVE : k->use))
		return cannot(p, type, rv);
	for (size_t i = 0; i < WAYS_MAX && k->ways[i].make; i++) {
		if (!berth_pkcs11_has(p, k->ways[i].make))
			continue;
		rv = make(p, k->ways[i].make, &k->ways[i].params, name, id, usage, true, h);
		if (is_no(rv))
			rv = make(p, k->ways[i].make, &k->ways[i].params, name, id, usage, false, h);
		if (rv == CKR_OK || !is_no(rv))
			break;
	}
	if (rv != CKR_OK)
		return is_no(rv) ? cannot(p, type, rv) : berth_pkcs11_rc(p, rv, "make a key");
	if (h[0] == CK_INVALID_HANDLE || h[1] == CK_INVALID_HANDLE)
		return berth_pkcs11_lies(p, "a new key");
	*pub = h[0];
	*priv = h[1];
	return BERTH_OK;
}
