/* SPDX-License-Identifier: Apache-2.0 */
#include "did/crypto/x509.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "did/crypto/hash.h"
#include "did/crypto/keypair.h"
#include "did/crypto/x509_impl.h"

#define ROOTS_MAX 64
#define DEPTH_MAX 6
#define FILE_MAX ((size_t)64 << 10)

static void free_cert(struct berth_x509 *c)
{
	if (!c)
		return;
	X509_free(c->x);
	berth_buf_free(&c->der);
	free(c);
}

/* ---- reading ---- */

static enum berth_err read_serial(struct berth_x509 *c)
{
	const ASN1_INTEGER *n = X509_get0_serialNumber(c->x);
	const uint8_t *b = ASN1_STRING_get0_data(n);
	int len = ASN1_STRING_length(n);

	if (ASN1_STRING_type(n) != V_ASN1_INTEGER || len < 1 || len > BERTH_X509_SERIAL_MAX)
		return berth_fail(BERTH_E_TYPE, "certificate: a serial number of %d octets, or a negative one", len);
	for (int i = 0; i < len; i++)
		snprintf(c->serial + 2 * i, 3, "%02x", b[i]);
	return BERTH_OK;
}

static enum berth_err parse(struct berth_x509 *c, const void *der, size_t len)
{
	const unsigned char *p = der;

	berth_buf_put(&c->der, der, len);
	c->x = d2i_X509(NULL, &p, (long)len);
	ERR_clear_error();
	if (!c->x || p != (const unsigned char *)der + len)
		return berth_fail(BERTH_E_TYPE, "certificate: not X.509 (%zu bytes)", len);
	/* makes libcrypto read the extensions, once and for all */
	(void)X509_check_purpose(c->x, -1, 0);
	if (X509_get_version(c->x) != X509_VERSION_3 || (X509_get_extension_flags(c->x) & EXFLAG_INVALID))
		return berth_fail(BERTH_E_TYPE, "certificate: not version 3, or its extensions are malformed");
	return read_serial(c);
}

enum berth_err berth_x509_chain_add(struct berth_x509_chain *c, const void *der, size_t len)
{
	struct berth_x509 *cert;
	enum berth_err rc;

	if (c->n == BERTH_X509_CHAIN_MAX)
		return berth_fail(BERTH_E_SIZE, "more than %d certificates", BERTH_X509_CHAIN_MAX);
	if (len > BERTH_X509_MAX)
		return berth_fail(BERTH_E_SIZE, "certificate: %zu bytes, at most %d", len, BERTH_X509_MAX);
	if (!(cert = calloc(1, sizeof(*cert))))
		return berth_no_memory();
	if ((rc = parse(cert, der, len)) || (rc = berth_buf_status(&cert->der))) {
		free_cert(cert);
		return rc;
	}
	c->at[c->n++] = cert;
	return BERTH_OK;
}

static enum berth_err read_pem(struct berth_x509_chain *c, BIO *in)
{
	enum berth_err rc = BERTH_OK;
	unsigned char *der = NULL;
	long len;

	while (!rc && PEM_bytes_read_bio(&der, &len, NULL, PEM_STRING_X509, in, NULL, NULL) == 1) {
		rc = berth_x509_chain_add(c, der, (size_t)len);
		OPENSSL_free(der);
	}
	ERR_clear_error();
	return rc || c->n ? rc : berth_fail(BERTH_E_TYPE, "no certificate in the file");
}

enum berth_err berth_x509_chain_read(struct berth_x509_chain *c, const void *p, size_t len)
{
	enum berth_err rc;
	BIO *in;

	if (len > FILE_MAX)
		return berth_fail(BERTH_E_SIZE, "certificates: %zu bytes, at most %zu", len, FILE_MAX);
	if (len && *(const uint8_t *)p == 0x30)	/* SEQUENCE: no PEM begins with a 0 */
		return berth_x509_chain_add(c, p, len);
	if (!(in = BIO_new_mem_buf(p, (int)len)))
		return berth_no_memory();
	rc = read_pem(c, in);
	BIO_free(in);
	return rc;
}

void berth_x509_chain_free(struct berth_x509_chain *c)
{
	for (size_t i = 0; i < c->n; i++)
		free_cert(c->at[i]);
	memset(c, 0, sizeof(*c));
}

/* ---- what stands in one ---- */

const uint8_t *berth_x509_der(const struct berth_x509 *c, size_t *len)
{
	*len = c->der.len;
	return c->der.p;
}

void berth_x509_sha256(uint8_t out[32], const struct berth_x509 *c)
{
	berth_sha256(out, c->der.p, c->der.len);
}

void berth_x509_serial(char out[2 * BERTH_X509_SERIAL_MAX + 1], const struct berth_x509 *c)
{
	memcpy(out, c->serial, sizeof(c->serial));
}

static enum berth_key_type curve_of(EVP_PKEY *key)
{
	static const struct {
		const char *name;
		enum berth_key_type type;
	} curves[] = {
		{ "prime256v1", BERTH_KEY_P256 }, { "secp384r1", BERTH_KEY_P384 },
		{ "secp521r1", BERTH_KEY_P521 }, { "secp256k1", BERTH_KEY_SECP256K1 },
	};
	char group[32];
	int explicit_params = 0;

	/* RFC 5480 2.1.1: "implicitCurve and specifiedCurve MUST NOT be used in PKIX" */
	if (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1 ||
	    EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit_params) != 1 ||
	    explicit_params)
		return BERTH_KEY_NONE;
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (!strcmp(group, curves[i].name))
			return curves[i].type;
	return BERTH_KEY_NONE;
}

enum berth_err berth_x509_key_of(struct berth_pubkey *out, EVP_PKEY *key)
{
	enum berth_key_type type = BERTH_KEY_NONE;
	uint8_t b[BERTH_PUBKEY_MAX];
	size_t len = sizeof(b);
	bool read = false;

	memset(out, 0, sizeof(*out));
	if (key && EVP_PKEY_is_a(key, "ED25519")) {
		type = BERTH_KEY_ED25519;
		read = EVP_PKEY_get_raw_public_key(key, b, &len) == 1;
	} else if (key && EVP_PKEY_is_a(key, "EC")) {
		type = curve_of(key);
		read = type && EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, b, sizeof(b), &len) == 1;
	}
	ERR_clear_error();
	return read ? berth_pubkey_import(out, type, b, len)
		    : berth_fail(BERTH_E_KEY, "certificate: for a key of a type that is not ours");
}

enum berth_err berth_x509_pubkey(struct berth_pubkey *out, const struct berth_x509 *c)
{
	return berth_x509_key_of(out, X509_get0_pubkey(c->x));
}

enum berth_err berth_x509_subject_serial(char out[BERTH_X509_NAME_MAX + 1], const struct berth_x509 *c)
{
	X509_NAME *name = X509_get_subject_name(c->x);
	int at = X509_NAME_get_index_by_NID(name, NID_serialNumber, -1);
	unsigned char *utf8 = NULL;
	int len;

	out[0] = '\0';
	if (at < 0 || X509_NAME_get_index_by_NID(name, NID_serialNumber, at) >= 0)
		return berth_fail(BERTH_E_KEY, "certificate: its subject has no serialNumber, or several");
	len = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	/* RFC 5280 has PrintableString for it, so there is no NUL and no control byte */
	if (len > 0 && len <= BERTH_X509_NAME_MAX && !memchr(utf8, '\0', (size_t)len)) {
		memcpy(out, utf8, (size_t)len);
		out[len] = '\0';
	}
	OPENSSL_free(utf8);
	return out[0] ? BERTH_OK : berth_fail(BERTH_E_KEY, "certificate: a serialNumber of %d bytes", len);
}

enum berth_err berth_x509_check_device(const struct berth_x509 *c)
{
	if (X509_check_ca(c->x) != 0)
		return berth_fail(BERTH_E_KEY, "certificate: a CA's, not a device's");
	if (!(X509_get_extension_flags(c->x) & EXFLAG_KUSAGE) || !(X509_get_key_usage(c->x) & KU_DIGITAL_SIGNATURE))
		return berth_fail(BERTH_E_KEY, "certificate: its key usage has no digitalSignature");
	return BERTH_OK;
}

enum berth_err berth_x509_check_ca(const struct berth_x509 *c)
{
	if (X509_check_ca(c->x) != 1 || !(X509_get_extension_flags(c->x) & EXFLAG_KUSAGE) ||
	    !(X509_get_key_usage(c->x) & KU_KEY_CERT_SIGN))
		return berth_fail(BERTH_E_KEY, "certificate: it is no CA's");
	return X509_get0_subject_key_id(c->x) ? BERTH_OK
		: berth_fail(BERTH_E_KEY, "certificate: the CA has no subjectKeyIdentifier");
}

static bool seconds(int64_t *out, const ASN1_TIME *t)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return false;
	*out = (int64_t)timegm(&tm);
	return true;
}

enum berth_err berth_x509_window(const struct berth_x509 *c, int64_t *from_s, int64_t *until_s)
{
	bool ok = seconds(from_s, X509_get0_notBefore(c->x)) && seconds(until_s, X509_get0_notAfter(c->x));

	ERR_clear_error();
	return ok ? BERTH_OK : berth_fail(BERTH_E_TYPE, "certificate: a validity that has no form");
}

/* ---- who signed for it ---- */

enum berth_err berth_x509_trust(X509_STORE *store, const char *pem)
{
	BIO *in = BIO_new_mem_buf(pem, -1);
	enum berth_err rc = BERTH_OK;
	X509 *root;
	int n = 0;

	if (!in)
		return berth_no_memory();
	while (!rc && (root = PEM_read_bio_X509(in, NULL, NULL, NULL))) {
		if (++n > ROOTS_MAX)
			rc = berth_fail(BERTH_E_SIZE, "more than %d roots", ROOTS_MAX);
		else if (X509_STORE_add_cert(store, root) != 1)
			rc = berth_no_memory();
		X509_free(root);
	}
	BIO_free(in);
	ERR_clear_error();
	return rc || n ? rc : berth_fail(BERTH_E_KEY, "there is no root to trust");
}

enum berth_err berth_x509_verify(X509_STORE_CTX *ctx, const char *what, enum berth_err late)
{
	enum berth_err rc = BERTH_OK;

	if (X509_verify_cert(ctx) != 1) {
		int e = X509_STORE_CTX_get_error(ctx);
		bool date = e == X509_V_ERR_CERT_HAS_EXPIRED || e == X509_V_ERR_CERT_NOT_YET_VALID;

		rc = berth_fail(date ? late : BERTH_E_SIG, "%s: %s", what, X509_verify_cert_error_string(e));
	}
	ERR_clear_error();
	return rc;
}

static enum berth_err verify(X509_STORE_CTX *ctx, int64_t now_s)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);

	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN | (now_s < 0 ? X509_V_FLAG_NO_CHECK_TIME : 0));
	X509_VERIFY_PARAM_set_depth(param, DEPTH_MAX);
	X509_VERIFY_PARAM_set_auth_level(param, 1);
	if (now_s >= 0)
		X509_VERIFY_PARAM_set_time(param, (time_t)now_s);
	return berth_x509_verify(ctx, "certificate", BERTH_E_EXPIRED);
}

enum berth_err berth_x509_check_store(const struct berth_x509_chain *c, X509_STORE *store, int64_t now_s)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *between = sk_X509_new_null();
	bool made = ctx && between && c->n;
	enum berth_err rc;

	for (size_t i = 1; made && i < c->n; i++)
		made = sk_X509_push(between, c->at[i]->x) > 0;	/* borrowed */
	rc = made && X509_STORE_CTX_init(ctx, store, c->at[0]->x, between) == 1 ?
		verify(ctx, now_s) : berth_no_memory();
	sk_X509_free(between);
	X509_STORE_CTX_free(ctx);
	return rc;
}

enum berth_err berth_x509_check_chain(const struct berth_x509_chain *c, const char *roots_pem, int64_t now_s)
{
	X509_STORE *store = X509_STORE_new();
	enum berth_err rc;

	if (now_s < 0)
		rc = berth_fail(BERTH_E_CLOCK, "certificate: the time is needed and not known");
	else if (!store)
		rc = berth_no_memory();
	else if (!(rc = berth_x509_trust(store, roots_pem)))
		rc = berth_x509_check_store(c, store, now_s);
	X509_STORE_free(store);
	return rc;
}
