/* SPDX-License-Identifier: Apache-2.0 */
/* What requests, certificates and lists of revoked ones are made of. */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "did/base/utf8.h"
#include "did/crypto/sign.h"
#include "did/crypto/x509_impl.h"
#include "did/crypto/x509_issue.h"

#define ATTRIBUTE_MAX 256	/* bytes of one value; X.520 has a lower bound for most */
#define DAY_S 86400
#define LAST_S INT64_C(253402300799)	/* of the year 9999 */

/* By days: a time_t of 32 bits, as the C library of a small machine may have it, ends in 2038. */
ASN1_TIME *berth_x509_time(ASN1_TIME *to, int64_t at_s)
{
	if (at_s < -LAST_S || at_s > LAST_S)
		return NULL;
	return ASN1_TIME_adj(to, 0, (int)(at_s / DAY_S), (long)(at_s % DAY_S));
}

/* ---- keys and algorithms ---- */

static EVP_PKEY *ec_public(const struct berth_pubkey *key, const char *group)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)key->b, key->len),
		OSSL_PARAM_construct_end()
	};

	if (ctx && EVP_PKEY_fromdata_init(ctx) == 1)
		(void)EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

EVP_PKEY *berth_x509_public(const struct berth_pubkey *key)
{
	static const char *const group[BERTH_KEY__COUNT] = {
		[BERTH_KEY_P256] = "P-256", [BERTH_KEY_P384] = "P-384", [BERTH_KEY_P521] = "P-521",
		[BERTH_KEY_SECP256K1] = "secp256k1",
	};

	if (key->type == BERTH_KEY_ED25519)
		return EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, key->b, key->len);
	return group[key->type] ? ec_public(key, group[key->type]) : NULL;
}

/* The hashes are those of berth_sign(). */
int berth_x509_algorithm(enum berth_key_type type)
{
	static const int nid[BERTH_KEY__COUNT] = {
		[BERTH_KEY_ED25519] = NID_ED25519, [BERTH_KEY_P256] = NID_ecdsa_with_SHA256,
		[BERTH_KEY_P384] = NID_ecdsa_with_SHA384, [BERTH_KEY_P521] = NID_ecdsa_with_SHA512,
		[BERTH_KEY_SECP256K1] = NID_ecdsa_with_SHA256,
	};

	return nid[type];
}

enum berth_err berth_x509_set_algorithm(X509_ALGOR *alg, enum berth_key_type type)
{
	int nid = berth_x509_algorithm(type);

	return X509_ALGOR_set0(alg, OBJ_nid2obj(nid), V_ASN1_UNDEF, NULL) == 1 ? BERTH_OK
		: berth_no_memory();
}

/* ---- the subject ---- */

static bool is_attribute(const char *name)
{
	static const char *const names[] = { "C", "CN", "L", "O", "OU", "ST", "serialNumber" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* Up to the next '/' or the end, without the backslashes; *p moves there. */
static enum berth_err take_value(const char **p, char value[ATTRIBUTE_MAX + 1])
{
	size_t n = 0;

	for (; **p && **p != '/'; (*p)++) {
		if (**p == '\\' && (*p)[1] != '/' && (*p)[1] != '\\')
			return berth_fail(BERTH_E_TYPE, "subject: a backslash stands before / or \\ only");
		if (**p == '\\')
			(*p)++;
		if (n == ATTRIBUTE_MAX)
			return berth_fail(BERTH_E_SIZE, "subject: a value of more than %d bytes", ATTRIBUTE_MAX);
		if ((unsigned char)**p < 0x20 || **p == 0x7f)
			return berth_fail(BERTH_E_TYPE, "subject: a control character");
		value[n++] = **p;
	}
	value[n] = '\0';
	if (n == 0 || !berth_utf8_valid(value, n))
		return berth_fail(BERTH_E_TYPE, "subject: a value is empty or not UTF-8");
	return BERTH_OK;
}

static enum berth_err take_attribute(const char **p, X509_NAME *name)
{
	size_t n = strcspn(*p, "=/");
	char type[16], value[ATTRIBUTE_MAX + 1];
	enum berth_err rc;

	if ((*p)[n] != '=' || n >= sizeof(type))
		return berth_fail(BERTH_E_TYPE, "subject: /NAME=VALUE is needed");
	memcpy(type, *p, n);
	type[n] = '\0';
	if (!is_attribute(type))
		return berth_fail(BERTH_E_TYPE, "subject: %s is none of C, CN, L, O, OU, ST, serialNumber", type);
	*p += n + 1;
	if ((rc = take_value(p, value)))
		return rc;
	/* libcrypto knows how long each attribute may be, and which are ASCII */
	if (X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0) != 1)
		return berth_fail(BERTH_E_TYPE, "subject: %s cannot have this value", type);
	return BERTH_OK;
}

enum berth_err berth_x509_set_name(X509_NAME *name, const char *subject)
{
	enum berth_err rc = BERTH_OK;

	if (strlen(subject) > BERTH_X509_SUBJECT_MAX)
		return berth_fail(BERTH_E_SIZE, "subject: more than %d bytes", BERTH_X509_SUBJECT_MAX);
	if (*subject != '/')
		return berth_fail(BERTH_E_TYPE, "subject: begins with /");
	while (!rc && *subject == '/') {
		subject++;
		rc = take_attribute(&subject, name);
	}
	return rc;
}

/* ---- extensions ---- */

#define HW_PREFIX "hw:"		/* no scheme of a URI */

static bool is_dns_name(const char *s, size_t n)
{
	return n <= 253 && s[0] != '.' && s[n - 1] != '.' && !strstr(s, "..") &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-*") == n;
}

/* An absolute URI in its ASCII form, as far as a certificate cares. */
static bool is_uri(const char *s)
{
	if (*s == ':' || strchr("0123456789+-.", *s))
		return false;
	for (const char *p = s; *p; p++)
		if (*p <= 0x20 || *p >= 0x7f || strchr("\"<>\\^`{|}", *p))
			return false;
	return true;
}

/* HardwareModuleName { hwType OBJECT IDENTIFIER, hwSerialNum OCTET STRING }, RFC 4108 5, by hand:
 * libcrypto has none.  Appends its DER. */
static enum berth_err module_name(struct berth_buf *out, const char *type, const char *serial)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(type, 1);
	int len = oid ? i2d_ASN1_OBJECT(oid, NULL) : -1;
	size_t n = strlen(serial);
	unsigned char der[64], *p = der;

	if (len > 0 && len <= (int)sizeof(der))
		len = i2d_ASN1_OBJECT(oid, &p);
	ASN1_OBJECT_free(oid);
	if (len <= 0 || len > (int)sizeof(der) || !n || n > 60)
		return berth_fail(BERTH_E_TYPE, "alternative name: hw:OID;SERIAL, of 1 to 60 octets");
	berth_buf_u8(out, V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED);
	berth_buf_u8(out, (uint8_t)((size_t)len + 2 + n));	/* below 128 */
	berth_buf_put(out, der, (size_t)len);
	berth_buf_u8(out, V_ASN1_OCTET_STRING);
	berth_buf_u8(out, (uint8_t)n);
	berth_buf_put(out, serial, n);
	return berth_buf_status(out);
}

static enum berth_err push_module(GENERAL_NAMES *all, const struct berth_buf *der)
{
	ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.5.5.7.8.4", 1);		/* id-on-hardwareModuleName */
	const unsigned char *p = der->p;
	ASN1_TYPE *value = d2i_ASN1_TYPE(NULL, &p, (long)der->len);
	GENERAL_NAME *name = GENERAL_NAME_new();

	if (oid && value && name && GENERAL_NAME_set0_othername(name, oid, value) == 1) {
		oid = NULL;	/* name has both */
		value = NULL;
		if (sk_GENERAL_NAME_push(all, name))
			return BERTH_OK;
	}
	ASN1_OBJECT_free(oid);
	ASN1_TYPE_free(value);
	GENERAL_NAME_free(name);
	return berth_no_memory();
}

static enum berth_err add_module(GENERAL_NAMES *all, const char *text)
{
	const char *serial = strchr(text, ';');
	struct berth_buf type = BERTH_BUF_INIT, der = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_put(&type, text, serial ? (size_t)(serial - text) : 0);
	if (!(rc = berth_buf_status(&type)) && !(rc = module_name(&der, berth_buf_cstr(&type), serial ? serial + 1 : "")))
		rc = push_module(all, &der);
	berth_buf_free(&type);
	berth_buf_free(&der);
	return rc;
}

static enum berth_err add_san(GENERAL_NAMES *all, const char *san)
{
	size_t n = strlen(san);
	bool uri = strchr(san, ':');
	GENERAL_NAME *name = NULL;
	ASN1_IA5STRING *text = NULL;

	if (n == 0 || n > BERTH_X509_SAN_MAX)
		return berth_fail(BERTH_E_SIZE, "alternative name: 1 to %d bytes", BERTH_X509_SAN_MAX);
	if (strncmp(san, HW_PREFIX, strlen(HW_PREFIX)) == 0)
		return add_module(all, san + strlen(HW_PREFIX));
	if (uri ? !is_uri(san) : !is_dns_name(san, n))
		return berth_fail(BERTH_E_TYPE, "alternative name: %.80s is neither a URI nor a DNS name", san);
	if (!(name = GENERAL_NAME_new()) || !(text = ASN1_IA5STRING_new()) || !ASN1_STRING_set(text, san, (int)n))
		goto no_memory;
	GENERAL_NAME_set0_value(name, uri ? GEN_URI : GEN_DNS, text);
	text = NULL;	/* name has it */
	if (!sk_GENERAL_NAME_push(all, name))
		goto no_memory;
	return BERTH_OK;
no_memory:
	ASN1_IA5STRING_free(text);
	GENERAL_NAME_free(name);
	return berth_no_memory();
}

enum berth_err berth_x509_add_sans(STACK_OF(X509_EXTENSION) **exts, const char *const *sans, size_t n)
{
	GENERAL_NAMES *all = sk_GENERAL_NAME_new_null();
	enum berth_err rc = all ? BERTH_OK : berth_no_memory();

	if (n > BERTH_X509_SANS_MAX)
		rc = berth_fail(BERTH_E_SIZE, "more than %d alternative names", BERTH_X509_SANS_MAX);
	for (size_t i = 0; i < n && !rc; i++)
		rc = add_san(all, sans[i]);
	if (!rc && n && X509V3_add1_i2d(exts, NID_subject_alt_name, all, 0, X509V3_ADD_DEFAULT) != 1)
		rc = berth_no_memory();
	GENERAL_NAMES_free(all);
	return rc;
}

static enum berth_err fill_point(DIST_POINT *point, const char *uri)
{
	if (!point || !(point->distpoint = DIST_POINT_NAME_new()) || !(point->distpoint->name.fullname = GENERAL_NAMES_new()))
		return berth_no_memory();
	point->distpoint->type = 0;	/* fullName */
	return strchr(uri, ':') ? add_san(point->distpoint->name.fullname, uri)
				: berth_fail(BERTH_E_TYPE, "CRL distribution point: %.80s is no URI", uri);
}

enum berth_err berth_x509_add_crl_point(STACK_OF(X509_EXTENSION) **exts, const char *uri)
{
	CRL_DIST_POINTS *all = sk_DIST_POINT_new_null();
	DIST_POINT *point = DIST_POINT_new();
	enum berth_err rc = fill_point(point, uri);

	if (!rc && (!all || !sk_DIST_POINT_push(all, point)))
		rc = berth_no_memory();
	if (!rc)
		point = NULL;	/* all has it */
	if (!rc && X509V3_add1_i2d(exts, NID_crl_distribution_points, all, 0, X509V3_ADD_DEFAULT) != 1)
		rc = berth_no_memory();
	DIST_POINT_free(point);
	CRL_DIST_POINTS_free(all);
	return rc;
}

enum berth_err berth_x509_add_usage(STACK_OF(X509_EXTENSION) **exts, unsigned usage)
{
	ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
	bool ok = bits;

	for (int i = 0; ok && i < 32; i++)
		if (usage & 1u << i)
			ok = ASN1_BIT_STRING_set_bit(bits, i, 1) == 1;
	ok = ok && X509V3_add1_i2d(exts, NID_key_usage, bits, 1, X509V3_ADD_DEFAULT) == 1;
	ASN1_BIT_STRING_free(bits);
	return ok ? BERTH_OK : berth_no_memory();
}

/* ---- signatures ---- */

/* Appends what libcrypto encoded, and frees it. */
enum berth_err berth_x509_take_der(struct berth_buf *out, unsigned char *der, int len)
{
	if (len <= 0)
		return berth_no_memory();
	berth_buf_put(out, der, (size_t)len);
	OPENSSL_free(der);
	return berth_buf_status(out);
}

/* X.509 writes ECDSA signatures as SEQUENCE { r, s }. */
static enum berth_err to_der(struct berth_buf *out, const uint8_t *sig, size_t n)
{
	BIGNUM *r = BN_bin2bn(sig, (int)n, NULL), *s = BN_bin2bn(sig + n, (int)n, NULL);
	ECDSA_SIG *rs = ECDSA_SIG_new();
	unsigned char *der = NULL;
	enum berth_err rc;
	int len = 0;

	if (rs && r && s && ECDSA_SIG_set0(rs, r, s) == 1) {
		r = s = NULL;	/* rs has them */
		len = i2d_ECDSA_SIG(rs, &der);
	}
	rc = berth_x509_take_der(out, der, len);
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(rs);
	return rc;
}

enum berth_err berth_x509_encode(struct berth_buf *out, enum berth_key_type type, const uint8_t *sig, size_t n)
{
	if (type != BERTH_KEY_ED25519)
		return to_der(out, sig, n / 2);
	berth_buf_put(out, sig, n);
	return berth_buf_status(out);
}

enum berth_err berth_x509_sign(const struct berth_pubkey *key, berth_x509_sign_fn *sign, void *arg, const void *msg, size_t len,
			       uint8_t sig[BERTH_SIG_MAX], size_t *n)
{
	enum berth_err rc = sign(arg, msg, len, sig, n);

	return rc ? rc : berth_verify(key, msg, len, sig, *n);
}

enum berth_err berth_x509_sign_into(ASN1_BIT_STRING *bits, unsigned char *tbs, int len, const struct berth_pubkey *key,
				    berth_x509_sign_fn *sign, void *arg)
{
	uint8_t sig[BERTH_SIG_MAX];
	size_t n;
	enum berth_err rc = len > 0 ? berth_x509_sign(key, sign, arg, tbs, (size_t)len, sig, &n)
		: berth_no_memory();

	OPENSSL_free(tbs);
	return rc ? rc : berth_x509_set_signature(bits, key->type, sig, n);
}

enum berth_err berth_x509_set_signature(ASN1_BIT_STRING *bits, enum berth_key_type type, const uint8_t *sig, size_t n)
{
	struct berth_buf encoded = BERTH_BUF_INIT;
	enum berth_err rc = berth_x509_encode(&encoded, type, sig, n);

	if (!rc && ASN1_BIT_STRING_set(bits, encoded.p, (int)encoded.len) != 1)
		rc = berth_no_memory();
	berth_buf_free(&encoded);
	bits->flags &= ~0x07;
	bits->flags |= ASN1_STRING_FLAG_BITS_LEFT;	/* all bits of the last octet count */
	return rc;
}

enum berth_err berth_pem_write(struct berth_buf *out, const char *label, const void *der, size_t len)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long n;
	enum berth_err rc;

	if (bio && PEM_write_bio(bio, label, "", der, (long)len) > 0 && (n = BIO_get_mem_data(bio, &text)) > 0) {
		berth_buf_put(out, text, (size_t)n);
		rc = berth_buf_status(out);
	} else {
		rc = berth_no_memory();
	}
	BIO_free(bio);
	return rc;
}
