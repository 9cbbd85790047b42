/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates by a CA of ours: what stands in them follows from the order's fields, and
 * nothing comes from a request. */
#include "did/crypto/x509_issue.h"

#include <string.h>

#include <openssl/x509v3.h>

#include "did/base/rand.h"
#include "did/crypto/hash.h"
#include "did/crypto/keypair.h"
#include "did/crypto/x509_impl.h"

#define KEY_ID_LEN 20	/* RFC 7093 2: the left 160 bits of SHA-256 */

enum berth_err berth_x509_ca(struct berth_x509_chain *c, const struct berth_x509_order *o, const struct berth_pubkey *key)
{
	struct berth_pubkey has;
	enum berth_err rc;

	if ((rc = berth_x509_chain_add(c, o->ca, o->ca_len)) || (rc = berth_x509_check_ca(c->at[0])) ||
	    (rc = berth_x509_pubkey(&has, c->at[0])))
		return rc;
	return berth_pubkey_equal(&has, key) ? BERTH_OK : berth_fail(BERTH_E_KEY, "the CA's certificate is for another key");
}

/* ---- what stands in it ---- */

static enum berth_err set_serial(X509 *x)
{
	uint8_t b[BERTH_X509_SERIAL_LEN];
	BIGNUM *n;
	bool ok;

	berth_random(b, sizeof(b));
	b[0] = (uint8_t)((b[0] & 0x3f) | 0x40);	/* positive, and all of its octets are there */
	n = BN_bin2bn(b, sizeof(b), NULL);
	ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return ok ? BERTH_OK : berth_no_memory();
}

static enum berth_err set_times(X509 *x, int64_t from_s, int64_t until_s)
{
	bool ok = berth_x509_time(X509_getm_notBefore(x), from_s) && berth_x509_time(X509_getm_notAfter(x), until_s);

	return ok ? BERTH_OK : berth_fail(BERTH_E_TYPE, "certificate: a time that has no form");
}

static enum berth_err set_key(X509 *x, const struct berth_pubkey *key)
{
	EVP_PKEY *pkey = berth_x509_public(key);
	bool ok = pkey && X509_set_pubkey(x, pkey) == 1;

	EVP_PKEY_free(pkey);
	return ok ? BERTH_OK : berth_fail(BERTH_E_KEY, "certificate: no such key can have one");
}

static enum berth_err add_constraints(STACK_OF(X509_EXTENSION) **exts, bool ca)
{
	BASIC_CONSTRAINTS *bc = BASIC_CONSTRAINTS_new();
	bool ok = bc;

	if (ok && ca) {
		bc->ca = 1;
		bc->pathlen = ASN1_INTEGER_new();
		ok = bc->pathlen && ASN1_INTEGER_set(bc->pathlen, 0);
	}
	ok = ok && X509V3_add1_i2d(exts, NID_basic_constraints, bc, 1, X509V3_ADD_DEFAULT) == 1;
	BASIC_CONSTRAINTS_free(bc);
	return ok ? BERTH_OK : berth_no_memory();
}

static enum berth_err add_purposes(STACK_OF(X509_EXTENSION) **exts, bool server)
{
	EXTENDED_KEY_USAGE *use = sk_ASN1_OBJECT_new_null();
	bool ok = use && sk_ASN1_OBJECT_push(use, OBJ_nid2obj(NID_client_auth)) > 0 &&
		  (!server || sk_ASN1_OBJECT_push(use, OBJ_nid2obj(NID_server_auth)) > 0) &&
		  X509V3_add1_i2d(exts, NID_ext_key_usage, use, 0, X509V3_ADD_DEFAULT) == 1;

	sk_ASN1_OBJECT_free(use);	/* the objects are libcrypto's own */
	return ok ? BERTH_OK : berth_no_memory();
}

static enum berth_err add_key_id(STACK_OF(X509_EXTENSION) **exts, const X509 *x)
{
	const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(x);
	ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
	uint8_t hash[BERTH_SHA256_LEN];
	bool ok;

	berth_sha256(hash, bits->data, (size_t)bits->length);
	ok = id && ASN1_OCTET_STRING_set(id, hash, KEY_ID_LEN) == 1 &&
	     X509V3_add1_i2d(exts, NID_subject_key_identifier, id, 0, X509V3_ADD_DEFAULT) == 1;
	ASN1_OCTET_STRING_free(id);
	return ok ? BERTH_OK : berth_no_memory();
}

static enum berth_err add_issuer_id(STACK_OF(X509_EXTENSION) **exts, X509 *ca)
{
	AUTHORITY_KEYID *id = AUTHORITY_KEYID_new();
	bool ok = id && (id->keyid = ASN1_OCTET_STRING_dup(X509_get0_subject_key_id(ca))) &&
		  X509V3_add1_i2d(exts, NID_authority_key_identifier, id, 0, X509V3_ADD_DEFAULT) == 1;

	AUTHORITY_KEYID_free(id);
	return ok ? BERTH_OK : berth_no_memory();
}

/* Where the CA's list is, if that is said. */
static enum berth_err add_list(STACK_OF(X509_EXTENSION) **exts, const struct berth_x509_order *o)
{
	struct berth_buf uri = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!o->len)
		return BERTH_OK;
	berth_buf_put(&uri, o->data, o->len);
	if (!(rc = berth_buf_status(&uri)))
		rc = berth_x509_add_crl_point(exts, berth_buf_cstr(&uri));
	berth_buf_free(&uri);
	return rc;
}

static enum berth_err add_profile(STACK_OF(X509_EXTENSION) **exts, X509 *x, const struct berth_x509_order *o, X509 *ca)
{
	unsigned usage = ca ? BERTH_X509_DIGITAL_SIGNATURE : BERTH_X509_KEY_CERT_SIGN | BERTH_X509_CRL_SIGN;
	enum berth_err rc;

	if ((rc = add_constraints(exts, !ca)) || (rc = berth_x509_add_usage(exts, usage)) || (rc = add_key_id(exts, x)) || !ca)
		return rc;
	if ((rc = add_issuer_id(exts, ca)) || (rc = add_purposes(exts, o->server)) || (rc = add_list(exts, o)))
		return rc;
	return berth_x509_add_sans(exts, o->sans, o->n_sans);
}

static enum berth_err set_extensions(X509 *x, const struct berth_x509_order *o, X509 *ca)
{
	STACK_OF(X509_EXTENSION) *exts = NULL;
	enum berth_err rc = add_profile(&exts, x, o, ca);

	for (int i = 0; !rc && i < sk_X509_EXTENSION_num(exts); i++)
		if (X509_add_ext(x, sk_X509_EXTENSION_value(exts, i), -1) != 1)
			rc = berth_no_memory();
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	return rc;
}

/* ca NULL: its own. */
static enum berth_err fill(X509 *x, const struct berth_x509_order *o, const struct berth_pubkey *key, X509 *ca)
{
	enum berth_err rc;

	if (X509_set_version(x, X509_VERSION_3) != 1)
		return berth_no_memory();
	if ((rc = set_serial(x)) || (rc = set_times(x, o->from_s, o->until_s)) || (rc = set_key(x, key)) ||
	    (rc = berth_x509_set_name(X509_get_subject_name(x), o->subject ? o->subject : "")))
		return rc;
	if (X509_set_issuer_name(x, X509_get_subject_name(ca ? ca : x)) != 1)
		return berth_no_memory();
	return set_extensions(x, o, ca);
}

/* ---- the signature ---- */

/* libcrypto has no call to have them set by who does not give it the key. */
static X509_ALGOR *algorithm(const X509_ALGOR *a) { return (X509_ALGOR *)(uintptr_t)a; }
static ASN1_BIT_STRING *bits(const ASN1_BIT_STRING *b) { return (ASN1_BIT_STRING *)(uintptr_t)b; }

static enum berth_err seal(struct berth_buf *out, X509 *x, const struct berth_pubkey *key, berth_x509_sign_fn *sign, void *arg)
{
	const ASN1_BIT_STRING *where;
	const X509_ALGOR *alg;
	unsigned char *der = NULL;
	int len;
	enum berth_err rc;

	X509_get0_signature(&where, &alg, x);
	if ((rc = berth_x509_set_algorithm(algorithm(X509_get0_tbs_sigalg(x)), key->type)) ||
	    (rc = berth_x509_set_algorithm(algorithm(alg), key->type)))
		return rc;
	len = i2d_re_X509_tbs(x, &der);
	if ((rc = berth_x509_sign_into(bits(where), der, len, key, sign, arg)))
		return rc;
	der = NULL;
	len = i2d_X509(x, &der);
	return berth_x509_take_der(out, der, len);
}

/* ---- the whole ---- */

static enum berth_err check_validity(const struct berth_x509_order *o, const struct berth_x509 *ca)
{
	int64_t from, until, most = ca ? BERTH_X509_LIFE_MAX_S : 3 * BERTH_X509_LIFE_MAX_S;
	enum berth_err rc;

	if (o->from_s < 0 || o->until_s <= o->from_s || o->until_s - o->from_s > most)
		return berth_fail(BERTH_E_TYPE, "certificate: a validity of no length, or of more than %lld days",
				  (long long)(most / 86400));
	if (!ca)
		return BERTH_OK;
	if ((rc = berth_x509_window(ca, &from, &until)))
		return rc;
	return o->from_s >= from && o->until_s <= until ? BERTH_OK
		: berth_fail(BERTH_E_EXPIRED, "certificate: beyond its CA's validity");
}

enum berth_err berth_x509_issue(struct berth_buf *out, const struct berth_x509_order *o, const struct berth_pubkey *key,
				berth_x509_sign_fn *sign, void *arg)
{
	struct berth_x509_chain c = { .n = 0 };
	bool own = o->kind == BERTH_X509_CA;
	X509 *x = X509_new();
	enum berth_err rc = x ? BERTH_OK : berth_no_memory();

	if (!rc && !own)
		rc = berth_x509_ca(&c, o, key);
	if (!rc && !(rc = check_validity(o, own ? NULL : c.at[0])) &&
	    !(rc = fill(x, o, own ? key : &o->key, own ? NULL : c.at[0]->x)))
		rc = seal(out, x, key, sign, arg);
	X509_free(x);
	berth_x509_chain_free(&c);
	return rc;
}
