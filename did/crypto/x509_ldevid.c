/* SPDX-License-Identifier: Apache-2.0 */
#include "did/crypto/x509_ldevid.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "did/crypto/keypair.h"
#include "did/crypto/x509_impl.h"

/* ---- a request ---- */

/* The proof of possession; with the algorithm that we would have used, so that a weak hash
 * is none. */
static enum berth_err verify(struct berth_pubkey *key, X509_REQ *req)
{
	EVP_PKEY *pkey = X509_REQ_get0_pubkey(req);
	enum berth_err rc = berth_x509_key_of(key, pkey);

	if (rc)
		return rc;
	if (X509_REQ_get_signature_nid(req) != berth_x509_algorithm(key->type))
		return berth_fail(BERTH_E_ALG, "certification request: signed with another algorithm than its key's");
	return X509_REQ_verify(req, pkey) == 1 ? BERTH_OK : berth_fail(BERTH_E_SIG, "certification request");
}

enum berth_err berth_x509_req_read(struct berth_pubkey *key, const void *der, size_t len)
{
	const unsigned char *p = der;
	X509_REQ *req;
	enum berth_err rc;

	memset(key, 0, sizeof(*key));
	if (len > BERTH_X509_REQ_MAX)
		return berth_fail(BERTH_E_SIZE, "certification request: %zu bytes, at most %d", len, BERTH_X509_REQ_MAX);
	req = d2i_X509_REQ(NULL, &p, (long)len);
	if (!req || p != (const unsigned char *)der + len || X509_REQ_get_version(req) != X509_REQ_VERSION_1)
		rc = berth_fail(BERTH_E_TYPE, "not a certification request (%zu bytes)", len);
	else
		rc = verify(key, req);
	if (rc)
		memset(key, 0, sizeof(*key));
	ERR_clear_error();
	X509_REQ_free(req);
	return rc;
}

/* ---- a chain ---- */

static bool is_uri(const GENERAL_NAME *name, const char *uri)
{
	return name->type == GEN_URI && ASN1_STRING_length(name->d.uniformResourceIdentifier) == (int)strlen(uri) &&
	       memcmp(ASN1_STRING_get0_data(name->d.uniformResourceIdentifier), uri, strlen(uri)) == 0;
}

static enum berth_err check_name(const struct berth_x509 *c, const char *uri)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(c->x, NID_subject_alt_name, NULL, NULL);
	bool there = false;

	for (int i = 0; i < sk_GENERAL_NAME_num(all); i++)
		there |= is_uri(sk_GENERAL_NAME_value(all, i), uri);
	GENERAL_NAMES_free(all);
	ERR_clear_error();
	return there ? BERTH_OK : berth_fail(BERTH_E_AUTHZ, "certificate: it does not name %.80s", uri);
}

/* The last one is who gave it to us: it is believed as its owner is. */
static enum berth_err check_signatures(const struct berth_x509_chain *c)
{
	X509_STORE *store = X509_STORE_new();
	enum berth_err rc = store && X509_STORE_add_cert(store, c->at[c->n - 1]->x) == 1
		? berth_x509_check_store(c, store, -1) : berth_no_memory();

	X509_STORE_free(store);
	return rc;
}

enum berth_err berth_x509_check_own(const struct berth_x509_chain *c, const struct berth_pubkey *key, const char *uri)
{
	struct berth_pubkey certified;
	enum berth_err rc;

	if (c->n < 2)
		return berth_fail(BERTH_E_TYPE, "certificate: without its CA's");
	if ((rc = berth_x509_pubkey(&certified, c->at[0])) || (rc = berth_x509_check_device(c->at[0])) ||
	    (rc = check_name(c->at[0], uri)))
		return rc;
	if (!berth_pubkey_equal(&certified, key))
		return berth_fail(BERTH_E_KEY, "certificate: for another key than ours");
	return check_signatures(c);
}
