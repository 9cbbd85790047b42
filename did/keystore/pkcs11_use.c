/* SPDX-License-Identifier: Apache-2.0 */
/* What keys do.  A token's answer is checked against the public key of the store's
 * file, so that neither a faulty module nor another key in place of ours is believed. */
#include <string.h>

#include "did/base/rand.h"
#include "did/crypto/agree.h"
#include "did/crypto/hash.h"
#include "did/crypto/keypair.h"
#include "did/crypto/recover.h"
#include "did/crypto/sign.h"
#include "did/keystore/pkcs11.h"

#define DER_OCTET_STRING 0x04

static enum berth_err not_the_key(struct berth_pkcs11 *p, const struct berth_pkcs11_key *k)
{
	p->lost = true;
	return berth_fail(BERTH_E_KEYSTORE, "token %s: what it does with %s is not what that key would do: another key, "
			  "or a faulty module", p->s.token, k->info.name);
}

/* The private key in this session. */
static enum berth_err attach(struct berth_pkcs11 *p, struct berth_pkcs11_key *k)
{
	CK_OBJECT_HANDLE h;
	enum berth_err rc;

	if (k->handle != CK_INVALID_HANDLE)
		return BERTH_OK;
	if ((rc = berth_pkcs11_find_id(p, CKO_PRIVATE_KEY, k->id, &h)))
		return rc;
	if (h == CK_INVALID_HANDLE)
		return berth_fail(BERTH_E_KEYSTORE, "token %s: key %s of %s is gone from it", p->s.token, k->info.name,
				  p->dir);
	if ((rc = berth_pkcs11_check_guarded(p, h, k->info.name)))
		return rc;
	k->handle = h;
	return BERTH_OK;
}

/* ---- signatures ---- */

static enum berth_err raw_sign(struct berth_pkcs11 *p, struct berth_pkcs11_key *k, CK_MECHANISM_TYPE how,
			       const void *in, size_t len, uint8_t out[BERTH_SIG_MAX])
{
	CK_MECHANISM m = { how, NULL, 0 };
	CK_ULONG n = BERTH_SIG_MAX;
	enum berth_err rc;

	if ((rc = berth_pkcs11_rc(p, p->f->C_SignInit(p->session, &m, k->handle), "sign")) ||
	    (rc = berth_pkcs11_rc(p, p->f->C_Sign(p->session, (CK_BYTE_PTR)(uintptr_t)in, len, out, &n), "sign")))
		return rc;
	return n == 2 * berth_key_size(k->info.pub.type) ? BERTH_OK : berth_pkcs11_lies(p, "a signature of another length");
}

static enum berth_err sign_as(struct berth_pkcs11 *p, struct berth_pkcs11_key *k, const void *msg, size_t len,
			      uint8_t *sig, size_t *sig_len)
{
	enum berth_key_type type = k->info.pub.type;
	size_t each = berth_key_size(type);
	uint8_t d[BERTH_SHA512_LEN], raw[BERTH_SIG_MAX];
	enum berth_err rc;

	if (type == BERTH_KEY_ED25519) {
		*sig_len = 2 * each;
		return raw_sign(p, k, CKM_EDDSA, msg, len, sig);
	}
	size_t n = berth_sign_digest(d, type, msg, len);	/* the token's own hashing would be one more thing to differ */

	if ((rc = raw_sign(p, k, CKM_ECDSA, d, n, raw)))
		return rc;
	return berth_ecdsa_from_rs(sig, sig_len, type, raw, each, raw + each, each);
}

static enum berth_err sign(struct berth_pkcs11 *p, struct berth_pkcs11_key *k, const void *msg, size_t len,
			   uint8_t *sig, size_t *sig_len)
{
	uint8_t s[BERTH_SIG_MAX];
	size_t n = 0;
	enum berth_err rc = attach(p, k);

	if (rc || (rc = sign_as(p, k, msg, len, s, &n)))
		return rc == BERTH_E_SIG ? not_the_key(p, k) : rc;
	if (berth_verify(&k->info.pub, msg, len, s, n) != BERTH_OK)
		return not_the_key(p, k);
	memcpy(sig, s, n);
	*sig_len = n;
	return BERTH_OK;
}

/* The same for a digest that is not of the curve's own hash; the key that it can be
 * recovered to must be the right one. */
static enum berth_err sign_digest(struct berth_pkcs11 *p, struct berth_pkcs11_key *k, const uint8_t digest[32],
				  uint8_t rs[64])
{
	uint8_t raw[BERTH_SIG_MAX], low[BERTH_SIG_MAX], recovery;
	size_t n;
	enum berth_err rc = attach(p, k);

	if (rc || (rc = raw_sign(p, k, CKM_ECDSA, digest, 32, raw)))
		return rc;
	if (berth_ecdsa_from_rs(low, &n, BERTH_KEY_SECP256K1, raw, 32, raw + 32, 32) ||
	    berth_k1_find_recovery(&recovery, &k->info.pub, digest, low))
		return not_the_key(p, k);
	memcpy(rs, low, 64);
	return BERTH_OK;
}

/* ---- agreements ---- */

static CK_RV derive(struct berth_pkcs11 *p, const struct berth_pkcs11_key *k, const uint8_t *point, size_t len,
		    CK_OBJECT_HANDLE *out)
{
	CK_ECDH1_DERIVE_PARAMS ecdh = { .kdf = CKD_NULL, .public_data_len = len,
					.public_data = (unsigned char *)(uintptr_t)point };
	CK_MECHANISM m = { CKM_ECDH1_DERIVE, &ecdh, sizeof(ecdh) };
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_ULONG z_len = berth_key_size(k->info.pub.type);
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE template[] = {
		{ CKA_CLASS, &class, sizeof(class) }, { CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_VALUE_LEN, &z_len, sizeof(z_len) }, { CKA_TOKEN, &no, sizeof(no) },
		{ CKA_SENSITIVE, &no, sizeof(no) }, { CKA_EXTRACTABLE, &yes, sizeof(yes) },
	};

	*out = CK_INVALID_HANDLE;
	return p->f->C_DeriveKey(p->session, &m, k->handle, template, sizeof(template) / sizeof(template[0]), out);
}

/* The peer's point plain, as the standard wants it taken; a module that refuses
 * that gets it as DER. */
static CK_RV derive_either_way(struct berth_pkcs11 *p, const struct berth_pkcs11_key *k,
			       const struct berth_pubkey *theirs, CK_OBJECT_HANDLE *out)
{
	uint8_t der[BERTH_PUBKEY_MAX + 3] = { DER_OCTET_STRING };
	size_t at = 1;
	CK_RV rv = derive(p, k, theirs->b, theirs->len, out);

	if (rv != CKR_MECHANISM_PARAM_INVALID && rv != CKR_ARGUMENTS_BAD)
		return rv;
	if (theirs->len > 0x7f)
		der[at++] = 0x81;
	der[at++] = (uint8_t)theirs->len;
	memcpy(der + at, theirs->b, theirs->len);
	return derive(p, k, der, at + theirs->len, out);
}

static bool is_zero(const uint8_t *p, size_t n)
{
	uint8_t all = 0;

	for (size_t i = 0; i < n; i++)
		all |= p[i];
	return all == 0;
}

/* theirs has been checked.  The secret is an object of this session until it is read. */
static enum berth_err agree(struct berth_pkcs11 *p, struct berth_pkcs11_key *k, const struct berth_pubkey *theirs,
			    uint8_t *z, size_t *z_len)
{
	size_t size = berth_key_size(k->info.pub.type), n = 0;
	uint8_t value[BERTH_ECDH_MAX];
	CK_OBJECT_HANDLE h;
	enum berth_err rc, rc2;

	if ((rc = attach(p, k)) || (rc = berth_pkcs11_rc(p, derive_either_way(p, k, theirs, &h), "agree on a key")))
		return rc;
	rc = berth_pkcs11_read_attr(p, h, CKA_VALUE, value, sizeof(value), &n, "read an agreement");
	rc2 = berth_pkcs11_rc(p, p->f->C_DestroyObject(p->session, h), "forget an agreement");
	if (!rc && !(rc = rc2) && n != size)
		rc = berth_pkcs11_lies(p, "an agreement of another length");
	if (!rc && is_zero(value, n))
		rc = berth_fail(BERTH_E_DECRYPT, "the agreement is zero");
	if (!rc) {
		memcpy(z, value, n);
		*z_len = n;
	}
	berth_wipe(value, sizeof(value));
	return rc;
}

/* An agreement proves nothing by itself, so once a session one is made whose result
 * we know. */
static enum berth_err prove_agreement(struct berth_pkcs11 *p, struct berth_pkcs11_key *k)
{
	uint8_t ours[BERTH_ECDH_MAX], theirs[BERTH_ECDH_MAX];
	struct berth_privkey eph;
	size_t n = 0, m = 0;
	enum berth_err rc;

	if ((rc = berth_keypair_generate(&eph, k->info.pub.type)) ||
	    (rc = berth_ecdh(ours, &n, &eph, &k->info.pub)) || (rc = agree(p, k, &eph.pub, theirs, &m)))
		goto out;
	if (n != m || !berth_equal_ct(ours, theirs, n))
		rc = not_the_key(p, k);
	k->proved = !rc;
out:
	berth_privkey_wipe(&eph);
	berth_wipe(ours, sizeof(ours));
	berth_wipe(theirs, sizeof(theirs));
	return rc;
}

/* A point that gives zero is the peer's doing and not the token's, whatever the token
 * would say of it: E_DECRYPT, as in software. */
static enum berth_err check_order(const struct berth_pubkey *theirs)
{
	uint8_t z[BERTH_ECDH_MAX];
	struct berth_privkey any;
	size_t n;
	enum berth_err rc;

	if (theirs->type != BERTH_KEY_X25519)
		return BERTH_OK;
	if (!(rc = berth_keypair_generate(&any, theirs->type)))
		rc = berth_ecdh(z, &n, &any, theirs);
	berth_privkey_wipe(&any);
	berth_wipe(z, sizeof(z));
	return rc;
}

/* ---- what the store calls ---- */

enum berth_err berth_pkcs11_prove(struct berth_pkcs11 *p, struct berth_pkcs11_key *k)
{
	uint8_t nonce[32], sig[BERTH_SIG_MAX];
	size_t n;

	if (k->info.usage == BERTH_USAGE_AGREE)
		return prove_agreement(p, k);
	berth_random(nonce, sizeof(nonce));
	return sign(p, k, nonce, sizeof(nonce), sig, &n);
}

static enum berth_err need(struct berth_pkcs11 *p, const char *name, struct berth_pkcs11_key **k)
{
	if (!(*k = berth_pkcs11_lookup(p, name)))
		return berth_fail(BERTH_E_KEYSTORE, "%s: no key %s", p->dir, name);
	return berth_pkcs11_begin(p);
}

enum berth_err berth_pkcs11_sign(struct berth_keystore *ks, const char *name, const void *msg, size_t len,
				 uint8_t *sig, size_t *sig_len)
{
	struct berth_pkcs11 *p = (struct berth_pkcs11 *)(void *)ks;
	struct berth_pkcs11_key *k;
	enum berth_err rc = need(p, name, &k);

	return rc ? rc : sign(p, k, msg, len, sig, sig_len);
}

enum berth_err berth_pkcs11_sign_digest(struct berth_keystore *ks, const char *name, const uint8_t digest[32],
					uint8_t rs[64])
{
	struct berth_pkcs11 *p = (struct berth_pkcs11 *)(void *)ks;
	struct berth_pkcs11_key *k;
	enum berth_err rc = need(p, name, &k);

	return rc ? rc : sign_digest(p, k, digest, rs);
}

enum berth_err berth_pkcs11_ecdh(struct berth_keystore *ks, const char *name, const struct berth_pubkey *theirs,
				 uint8_t *z, size_t *z_len)
{
	struct berth_pkcs11 *p = (struct berth_pkcs11 *)(void *)ks;
	struct berth_pkcs11_key *k;
	struct berth_pubkey checked;
	enum berth_err rc;

	/* a point that is none never reaches the token */
	if ((rc = berth_pubkey_import(&checked, theirs->type, theirs->b, theirs->len)) ||
	    (rc = check_order(&checked)) || (rc = need(p, name, &k)) ||
	    (!k->proved && (rc = prove_agreement(p, k))))
		return rc;
	return agree(p, k, &checked, z, z_len);
}
