/* SPDX-License-Identifier: Apache-2.0 */
/* The endorsement certificate: whose TPM it is. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "did/crypto/keypair.h"
#include "did/crypto/x509_impl.h"
#include "did/keystore/evidence_impl.h"

#define CERT_MAX 8192
#define CHAIN_MAX 6
#define RSA_EXPONENT 65537u	/* what 0 stands for in a TPMT_PUBLIC */
#define EK_USAGE "2.23.133.8.1"	/* tcg-kp-EKCertificate */

static enum berth_err check_ek_type(const TPMT_PUBLIC *ek)
{
	if (ek->type == TPM2_ALG_RSA && ek->unique.rsa.size >= 256 && ek->unique.rsa.size <= 512 &&
	    ek->unique.rsa.size * 8 == ek->parameters.rsaDetail.keyBits &&
	    (ek->parameters.rsaDetail.exponent == 0 || ek->parameters.rsaDetail.exponent == RSA_EXPONENT))
		return BERTH_OK;
	if (ek->type == TPM2_ALG_ECC && (ek->parameters.eccDetail.curveID == TPM2_ECC_NIST_P256 ||
					 ek->parameters.eccDetail.curveID == TPM2_ECC_NIST_P384))
		return BERTH_OK;
	return berth_fail(BERTH_E_KEY, "endorsement key: of a kind that no TPM has");
}

enum berth_err berth_tpm_check_ek_public(const TPMT_PUBLIC *ek)
{
	const TPMA_OBJECT need = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
				 TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
	enum berth_err rc = check_ek_type(ek);

	if (rc)
		return rc;
	/* in both kinds the symmetric algorithm comes first */
	const TPMT_SYM_DEF_OBJECT *sym = &ek->parameters.asymDetail.symmetric;

	if ((ek->objectAttributes & need) != need || (ek->objectAttributes & TPMA_OBJECT_SIGN_ENCRYPT))
		return berth_fail(BERTH_E_KEY, "endorsement key: attributes 0x%08x", ek->objectAttributes);
	if (sym->algorithm != TPM2_ALG_AES || sym->mode.aes != TPM2_ALG_CFB ||
	    (sym->keyBits.aes != 128 && sym->keyBits.aes != 256))
		return berth_fail(BERTH_E_KEY, "endorsement key: not with AES in CFB mode");
	if (ek->nameAlg != TPM2_ALG_SHA256 && ek->nameAlg != TPM2_ALG_SHA384)
		return berth_fail(BERTH_E_KEY, "endorsement key: its Name is made with algorithm 0x%x", ek->nameAlg);
	return BERTH_OK;
}

static bool is_rsa_key(const TPMT_PUBLIC *ek, EVP_PKEY *key)
{
	uint8_t n[512];
	BIGNUM *have_n = NULL, *have_e = NULL;
	bool same = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &have_n) == 1 &&
		    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &have_e) == 1 &&
		    BN_is_word(have_e, RSA_EXPONENT) &&
		    BN_bn2binpad(have_n, n, ek->unique.rsa.size) == ek->unique.rsa.size &&
		    memcmp(n, ek->unique.rsa.buffer, ek->unique.rsa.size) == 0;

	BN_free(have_n);
	BN_free(have_e);
	return same;
}

static bool is_number(EVP_PKEY *key, const char *param, const TPM2B_ECC_PARAMETER *want)
{
	BIGNUM *have = NULL, *w = BN_bin2bn(want->buffer, want->size, NULL);
	bool same = w && EVP_PKEY_get_bn_param(key, param, &have) == 1 && BN_cmp(have, w) == 0;

	BN_free(have);
	BN_free(w);
	return same;
}

static bool is_ecc_key(const TPMT_PUBLIC *ek, EVP_PKEY *key)
{
	const char *curve = ek->parameters.eccDetail.curveID == TPM2_ECC_NIST_P256 ? "prime256v1" : "secp384r1";
	char group[32] = "";

	return EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 && strcmp(group, curve) == 0 &&
	       is_number(key, OSSL_PKEY_PARAM_EC_PUB_X, &ek->unique.ecc.x) &&
	       is_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, &ek->unique.ecc.y);
}

static enum berth_err check_key(X509 *cert, const TPMT_PUBLIC *ek)
{
	EVP_PKEY *key = X509_get0_pubkey(cert);
	bool rsa = ek->type == TPM2_ALG_RSA;

	if (!key || EVP_PKEY_is_a(key, rsa ? "RSA" : "EC") != 1 ||
	    !(rsa ? is_rsa_key(ek, key) : is_ecc_key(ek, key)))
		return berth_fail(BERTH_E_KEY, "the endorsement certificate is for another key");
	return BERTH_OK;
}

static bool has_ek_usage(X509 *cert)
{
	EXTENDED_KEY_USAGE *eku = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
	char oid[32];
	bool found = false;

	for (int i = 0; eku && i < sk_ASN1_OBJECT_num(eku); i++)
		if (OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(eku, i), 1) > 0)
			found |= strcmp(oid, EK_USAGE) == 0;
	EXTENDED_KEY_USAGE_free(eku);
	return found;
}

/* A web server's certificate of the same CA names a key that software holds: only
 * one that says it is a TPM's endorsement key counts. */
static enum berth_err check_purpose(X509 *cert, const TPMT_PUBLIC *ek)
{
	uint32_t want = ek->type == TPM2_ALG_RSA ? KU_KEY_ENCIPHERMENT : KU_KEY_AGREEMENT;

	if (X509_check_ca(cert) != 0)
		return berth_fail(BERTH_E_KEY, "the endorsement certificate is a CA's");
	if ((X509_get_extension_flags(cert) & EXFLAG_KUSAGE) == 0 || (X509_get_key_usage(cert) & want) == 0)
		return berth_fail(BERTH_E_KEY, "the endorsement certificate's key usage is not an endorsement key's");
	if (!has_ek_usage(cert))
		return berth_fail(BERTH_E_KEY, "the endorsement certificate lacks the usage " EK_USAGE);
	return BERTH_OK;
}

/* Whatever stands in roots is trusted as it stands, intermediates too.  Critical
 * extensions that OpenSSL does not know are refused; the critical subjectAltName
 * with the TPM's model (TCG EK Credential Profile) is one that it knows. */
static enum berth_err check_chain(X509 *cert, const char *roots_pem, int64_t now_s)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	enum berth_err rc;

	if (!store || !ctx) {
		rc = berth_no_memory();
		goto out;
	}
	if ((rc = berth_x509_trust(store, roots_pem)))
		goto out;
	if (X509_STORE_CTX_init(ctx, store, cert, NULL) != 1) {
		rc = berth_no_memory();
		goto out;
	}
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);

	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN | (now_s ? 0 : X509_V_FLAG_NO_CHECK_TIME));
	X509_VERIFY_PARAM_set_depth(param, CHAIN_MAX);
	X509_VERIFY_PARAM_set_auth_level(param, 1);
	if (now_s)
		X509_VERIFY_PARAM_set_time(param, (time_t)now_s);
	rc = berth_x509_verify(ctx, "the endorsement certificate", BERTH_E_KEY);
out:
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return rc;
}

static enum berth_err parse_cert(X509 **out, const void *der, size_t len)
{
	const unsigned char *p = der;

	*out = len && len <= CERT_MAX ? d2i_X509(NULL, &p, (long)len) : NULL;
	if (*out && p == (const unsigned char *)der + len)
		return BERTH_OK;
	X509_free(*out);
	*out = NULL;
	return berth_fail(BERTH_E_TYPE, "endorsement certificate: not X.509 (%zu bytes)", len);
}

enum berth_err berth_tpm_check_ek(const void *cert_der, size_t cert_len, const char *roots_pem,
				  const void *ek_pub, size_t ek_len, int64_t now_s)
{
	TPMT_PUBLIC ek;
	X509 *cert = NULL;
	enum berth_err rc;

	if ((rc = berth_tpm_unmarshal_public(&ek, ek_pub, ek_len)) || (rc = berth_tpm_check_ek_public(&ek)) ||
	    (rc = parse_cert(&cert, cert_der, cert_len)) || (rc = check_chain(cert, roots_pem, now_s)) ||
	    (rc = check_key(cert, &ek)))
		goto out;
	rc = check_purpose(cert, &ek);
out:
	X509_free(cert);
	return rc;
}
