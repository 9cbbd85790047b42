/* SPDX-License-Identifier: Apache-2.0 */
/* The store's file is encrypted under a secret that only the token can make: its
 * signature of the salt in the file, by an RSA key of its own and nothing else's.
 * PKCS #1 v1.5 gives the same signature every time, and nobody without the key can
 * make one, so a file that opens is one we wrote.  Of all that tokens may have,
 * from smart cards to TPMs, this is what they do have. */
#include <string.h>

#include "did/base/rand.h"
#include "did/crypto/hash.h"
#include "did/keystore/pkcs11.h"

#define WRAP_LABEL "berth.store"
#define WRAP_BITS 2048

static enum berth_err sign_salt(struct berth_pkcs11 *p, CK_OBJECT_HANDLE h, uint8_t out[WRAP_BITS / 8])
{
	CK_MECHANISM m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	CK_ULONG n = WRAP_BITS / 8;
	enum berth_err rc;

	if ((rc = berth_pkcs11_rc(p, p->f->C_SignInit(p->session, &m, h), "use the store's key")) ||
	    (rc = berth_pkcs11_rc(p, p->f->C_Sign(p->session, p->s.salt, sizeof(p->s.salt), out, &n),
				  "use the store's key")))
		return rc;
	return n == WRAP_BITS / 8 ? BERTH_OK : berth_pkcs11_lies(p, "a signature of another length");
}

/* A module that signs otherwise would lock us out tomorrow. */
static enum berth_err check_steady(struct berth_pkcs11 *p, CK_OBJECT_HANDLE h)
{
	uint8_t a[WRAP_BITS / 8], b[WRAP_BITS / 8];
	enum berth_err rc;

	if (!(rc = sign_salt(p, h, a)) && !(rc = sign_salt(p, h, b)) && memcmp(a, b, sizeof(a)) != 0)
		rc = berth_pkcs11_lies(p, "two signatures that must be one");
	berth_wipe(a, sizeof(a));
	berth_wipe(b, sizeof(b));
	return rc;
}

/* strict: as in pkcs11_make.c */
static CK_RV make_pair(struct berth_pkcs11 *p, bool strict, CK_OBJECT_HANDLE h[2])
{
	CK_MECHANISM m = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
	CK_ULONG bits = WRAP_BITS;
	CK_BYTE exponent[] = { 1, 0, 1 };
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE pub[] = {
		{ CKA_TOKEN, &yes, sizeof(yes) }, { CKA_PRIVATE, &no, sizeof(no) },
		{ CKA_MODULUS_BITS, &bits, sizeof(bits) }, { CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent) },
		{ CKA_VERIFY, &yes, sizeof(yes) },
		{ CKA_ID, p->s.wrap_id, sizeof(p->s.wrap_id) }, { CKA_LABEL, WRAP_LABEL, sizeof(WRAP_LABEL) - 1 },
	};
	CK_ATTRIBUTE priv[] = {
		{ CKA_TOKEN, &yes, sizeof(yes) }, { CKA_PRIVATE, &yes, sizeof(yes) },
		{ CKA_SENSITIVE, &yes, sizeof(yes) }, { CKA_EXTRACTABLE, &no, sizeof(no) },
		{ CKA_SIGN, &yes, sizeof(yes) },
		{ CKA_ID, p->s.wrap_id, sizeof(p->s.wrap_id) }, { CKA_LABEL, WRAP_LABEL, sizeof(WRAP_LABEL) - 1 },
		{ CKA_DECRYPT, &no, sizeof(no) }, { CKA_UNWRAP, &no, sizeof(no) },
	};
	CK_ULONG n_priv = sizeof(priv) / sizeof(priv[0]) - (strict ? 0 : 2);

	return p->f->C_GenerateKeyPair(p->session, &m, pub, sizeof(pub) / sizeof(pub[0]), priv, n_priv, &h[0], &h[1]);
}

enum berth_err berth_pkcs11_make_wrap(struct berth_pkcs11 *p)
{
	CK_OBJECT_HANDLE h[2] = { CK_INVALID_HANDLE, CK_INVALID_HANDLE };
	enum berth_err rc;
	CK_RV rv;

	if (!berth_pkcs11_has(p, CKM_RSA_PKCS_KEY_PAIR_GEN) || !berth_pkcs11_has(p, CKM_SHA256_RSA_PKCS))
		return berth_fail(BERTH_E_KEYSTORE, "token %s: has no RSA, which the store's file is encrypted by",
				  p->s.token);
	if ((rv = make_pair(p, true, h)) != CKR_OK && !berth_pkcs11_is_gone(rv))
		rv = make_pair(p, false, h);
	if ((rc = berth_pkcs11_rc(p, rv, "make the store's key")) || (rc = berth_pkcs11_check_guarded(p, h[1], WRAP_LABEL)))
		return rc;
	return check_steady(p, h[1]);
}

enum berth_err berth_pkcs11_derive_file_key(struct berth_pkcs11 *p)
{
	static const uint8_t what[] = "berth pkcs11 file";
	CK_OBJECT_HANDLE h;
	uint8_t secret[WRAP_BITS / 8];
	enum berth_err rc = berth_pkcs11_find_id(p, CKO_PRIVATE_KEY, p->s.wrap_id, &h);

	if (rc)
		return rc;
	if (h == CK_INVALID_HANDLE)
		return berth_fail(BERTH_E_KEYSTORE, "token %s: the key of %s is gone from it: the token was cleared or "
				  "replaced, and the keys of the store are lost with it", p->s.token, p->dir);
	if ((rc = berth_pkcs11_check_guarded(p, h, WRAP_LABEL)))
		return rc;
	if (!(rc = sign_salt(p, h, secret)))
		berth_hmac_sha256(berth_pkcs11_secrets(p)->file_key, secret, sizeof(secret), what, sizeof(what) - 1);
	berth_wipe(secret, sizeof(secret));
	return rc;
}
