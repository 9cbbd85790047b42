/* SPDX-License-Identifier: Apache-2.0 */
#include "did/crypto/x509_req.h"

#include <stdlib.h>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/crypto/x509_impl.h"

struct berth_x509_req {
	X509_REQ *req;
	struct berth_pubkey key;
};

static enum berth_err set_algorithm(X509_REQ *req, enum berth_key_type type)
{
	X509_ALGOR *alg = X509_ALGOR_new();
	enum berth_err rc = alg ? berth_x509_set_algorithm(alg, type) : berth_no_memory();

	if (!rc && X509_REQ_set1_signature_algo(req, alg) != 1)
		rc = berth_no_memory();
	X509_ALGOR_free(alg);
	return rc;
}

static enum berth_err set_extensions(X509_REQ *req, const char *const *sans, size_t n)
{
	STACK_OF(X509_EXTENSION) *exts = NULL;
	enum berth_err rc;

	if (!(rc = berth_x509_add_usage(&exts, BERTH_X509_DIGITAL_SIGNATURE)) && !(rc = berth_x509_add_sans(&exts, sans, n)) &&
	    X509_REQ_add_extensions(req, exts) != 1)
		rc = berth_no_memory();
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	return rc;
}

/* ---- the whole ---- */

static enum berth_err set_key(X509_REQ *req, const struct berth_pubkey *key)
{
	EVP_PKEY *pkey = berth_x509_public(key);
	bool ok = pkey && X509_REQ_set_pubkey(req, pkey) == 1;

	EVP_PKEY_free(pkey);
	return ok ? set_algorithm(req, key->type) : berth_no_memory();
}

enum berth_err berth_x509_req_new(struct berth_x509_req **out, const struct berth_pubkey *key, const char *subject,
				  const char *const *sans, size_t n_sans)
{
	struct berth_x509_req *r = calloc(1, sizeof(*r));
	enum berth_err rc;

	*out = NULL;
	if (!berth_key_can_sign(key->type)) {
		rc = berth_fail(BERTH_E_KEY, "%s keys do not sign", berth_key_type_name(key->type));
		goto out;
	}
	if (!r || !(r->req = X509_REQ_new()) || X509_REQ_set_version(r->req, X509_REQ_VERSION_1) != 1) {
		rc = berth_no_memory();
		goto out;
	}
	r->key = *key;
	if ((rc = berth_x509_set_name(X509_REQ_get_subject_name(r->req), subject)) || (rc = set_extensions(r->req, sans, n_sans)) ||
	    (rc = set_key(r->req, key)))
		goto out;
	*out = r;
	r = NULL;
out:
	berth_x509_req_free(r);
	return rc;
}

void berth_x509_req_free(struct berth_x509_req *r)
{
	if (r)
		X509_REQ_free(r->req);
	free(r);
}

enum berth_err berth_x509_req_to_sign(const struct berth_x509_req *r, struct berth_buf *tbs)
{
	unsigned char *der = NULL;
	int len = i2d_re_X509_REQ_tbs(r->req, &der);

	return berth_x509_take_der(tbs, der, len);
}

static enum berth_err set_signature(struct berth_x509_req *r, const uint8_t *sig, size_t sig_len)
{
	ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
	enum berth_err rc = bits ? berth_x509_set_signature(bits, r->key.type, sig, sig_len)
		: berth_no_memory();

	if (rc) {
		ASN1_BIT_STRING_free(bits);
		return rc;
	}
	X509_REQ_set0_signature(r->req, bits);
	return BERTH_OK;
}

enum berth_err berth_x509_req_finish(struct berth_x509_req *r, const uint8_t *sig, size_t sig_len, struct berth_buf *der)
{
	struct berth_buf tbs = BERTH_BUF_INIT;
	unsigned char *p = NULL;
	enum berth_err rc;

	if (!(rc = berth_x509_req_to_sign(r, &tbs)) && !(rc = berth_verify(&r->key, tbs.p, tbs.len, sig, sig_len)) &&
	    !(rc = set_signature(r, sig, sig_len))) {
		int len = i2d_X509_REQ(r->req, &p);

		rc = berth_x509_take_der(der, p, len);
	}
	berth_buf_free(&tbs);
	return rc;
}
