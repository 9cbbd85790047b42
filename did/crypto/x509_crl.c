/* SPDX-License-Identifier: Apache-2.0 */
/* The list of revoked certificates (RFC 5280 5). */
#include "did/crypto/x509_issue.h"

#include <openssl/x509v3.h>

#include "did/base/cur.h"
#include "did/crypto/x509_impl.h"

#define REASON_MAX 10

/* libcrypto has no call to have it set by who does not give it the key. */
static ASN1_BIT_STRING *bits(const ASN1_BIT_STRING *b) { return (ASN1_BIT_STRING *)(uintptr_t)b; }

static bool set_number(X509_REVOKED *r, const uint8_t serial[BERTH_X509_SERIAL_LEN])
{
	BIGNUM *n = BN_bin2bn(serial, BERTH_X509_SERIAL_LEN, NULL);
	ASN1_INTEGER *i = n ? BN_to_ASN1_INTEGER(n, NULL) : NULL;
	bool ok = i && X509_REVOKED_set_serialNumber(r, i) == 1;

	ASN1_INTEGER_free(i);
	BN_free(n);
	return ok;
}

static bool set_reason(X509_REVOKED *r, uint8_t reason)
{
	ASN1_ENUMERATED *e = ASN1_ENUMERATED_new();
	bool ok = e && ASN1_ENUMERATED_set(e, reason) == 1 && X509_REVOKED_add1_ext_i2d(r, NID_crl_reason, e, 0, 0) == 1;

	ASN1_ENUMERATED_free(e);
	return ok;
}

static bool set_date(X509_REVOKED *r, uint64_t at_s)
{
	ASN1_TIME *t = berth_x509_time(NULL, (int64_t)at_s);
	bool ok = t && X509_REVOKED_set_revocationDate(r, t) == 1;

	ASN1_TIME_free(t);
	return ok;
}

static enum berth_err add_row(X509_CRL *crl, struct berth_cur *c)
{
	uint64_t at_s = berth_cur_be64(c);
	uint8_t reason = berth_cur_u8(c);
	const uint8_t *serial = berth_cur_bytes(c, BERTH_X509_SERIAL_LEN);
	X509_REVOKED *r = X509_REVOKED_new();
	enum berth_err rc = BERTH_OK;

	if (c->bad || at_s > INT64_MAX || reason > REASON_MAX)
		rc = berth_fail(BERTH_E_TYPE, "CRL: a row that is none");
	/* unspecified is said by its absence (RFC 5280 5.3.1) */
	else if (!r || !set_number(r, serial) || !set_date(r, at_s) || (reason && !set_reason(r, reason)) ||
		 X509_CRL_add0_revoked(crl, r) != 1)
		rc = berth_no_memory();
	if (rc)
		X509_REVOKED_free(r);
	return rc;
}

static enum berth_err add_rows(X509_CRL *crl, const struct berth_x509_order *o)
{
	struct berth_cur c = berth_cur(o->data, o->len);
	enum berth_err rc = BERTH_OK;

	while (!rc && c.n)
		rc = add_row(crl, &c);
	if (!rc && X509_CRL_sort(crl) != 1)
		rc = berth_no_memory();
	return rc;
}

/* Each list has a higher number than the one before: the time will do. */
static enum berth_err set_extensions(X509_CRL *crl, X509 *ca, int64_t number)
{
	AUTHORITY_KEYID *id = AUTHORITY_KEYID_new();
	ASN1_INTEGER *n = ASN1_INTEGER_new();
	bool ok = id && n && (id->keyid = ASN1_OCTET_STRING_dup(X509_get0_subject_key_id(ca))) &&
		  ASN1_INTEGER_set_int64(n, number) == 1 &&
		  X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier, id, 0, 0) == 1 &&
		  X509_CRL_add1_ext_i2d(crl, NID_crl_number, n, 0, 0) == 1;

	AUTHORITY_KEYID_free(id);
	ASN1_INTEGER_free(n);
	return ok ? BERTH_OK : berth_no_memory();
}

static enum berth_err set_times(X509_CRL *crl, const struct berth_x509_order *o)
{
	ASN1_TIME *this = berth_x509_time(NULL, o->from_s), *next = berth_x509_time(NULL, o->until_s);
	bool ok = this && next && o->from_s >= 0 && o->until_s > o->from_s && X509_CRL_set1_lastUpdate(crl, this) == 1 &&
		  X509_CRL_set1_nextUpdate(crl, next) == 1;

	ASN1_TIME_free(this);
	ASN1_TIME_free(next);
	return ok ? BERTH_OK : berth_fail(BERTH_E_TYPE, "CRL: times that have no form");
}

static enum berth_err fill(X509_CRL *crl, const struct berth_x509_order *o, X509 *ca)
{
	enum berth_err rc;

	if (X509_CRL_set_version(crl, X509_CRL_VERSION_2) != 1 || X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca)) != 1)
		return berth_no_memory();
	if ((rc = set_times(crl, o)) || (rc = add_rows(crl, o)))
		return rc;
	return set_extensions(crl, ca, o->from_s);
}

/* ---- the signature ---- */

/* Nor one to have the algorithm named in what is signed, but for signing it: so a key of the
 * same type does, which nobody keeps, and its signature is replaced. */
static enum berth_err set_algorithm(X509_CRL *crl, enum berth_key_type type)
{
	static const char *const curve[BERTH_KEY__COUNT] = {
		[BERTH_KEY_P256] = "P-256", [BERTH_KEY_P384] = "P-384", [BERTH_KEY_P521] = "P-521",
		[BERTH_KEY_SECP256K1] = "secp256k1",
	};
	EVP_PKEY *key = type == BERTH_KEY_ED25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
		: EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve[type]);
	const EVP_MD *md = type == BERTH_KEY_ED25519 ? NULL : type == BERTH_KEY_P384 ? EVP_sha384()
		: type == BERTH_KEY_P521 ? EVP_sha512() : EVP_sha256();
	bool ok = key && X509_CRL_sign(crl, key, md) > 0;

	EVP_PKEY_free(key);
	return ok ? BERTH_OK : berth_no_memory();
}

static enum berth_err seal(struct berth_buf *out, X509_CRL *crl, const struct berth_pubkey *key, berth_x509_sign_fn *sign,
			   void *arg)
{
	const ASN1_BIT_STRING *where;
	unsigned char *der = NULL;
	int len;
	enum berth_err rc = set_algorithm(crl, key->type);

	if (rc)
		return rc;
	X509_CRL_get0_signature(crl, &where, NULL);
	len = i2d_re_X509_CRL_tbs(crl, &der);
	if ((rc = berth_x509_sign_into(bits(where), der, len, key, sign, arg)))
		return rc;
	der = NULL;
	len = i2d_X509_CRL(crl, &der);
	return berth_x509_take_der(out, der, len);
}

enum berth_err berth_x509_crl(struct berth_buf *out, const struct berth_x509_order *o, const struct berth_pubkey *key,
			      berth_x509_sign_fn *sign, void *arg)
{
	struct berth_x509_chain c = { .n = 0 };
	X509_CRL *crl = X509_CRL_new();
	enum berth_err rc = crl ? berth_x509_ca(&c, o, key) : berth_no_memory();

	if (!rc && !(rc = fill(crl, o, c.at[0]->x)))
		rc = seal(out, crl, key, sign, arg);
	X509_CRL_free(crl);
	berth_x509_chain_free(&c);
	return rc;
}
