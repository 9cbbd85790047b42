/* SPDX-License-Identifier: Apache-2.0 */
/* TPM2_MakeCredential in software (TPM 2.0 part 1, 24 and annexes B.10.4, C.6.4):
 * a seed for the EK, from it a key that encrypts and a key that authenticates,
 * the latter over the Name of the key that the credential is for. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

#include "did/base/rand.h"
#include "did/base/secret.h"
#include "did/crypto/agree.h"
#include "did/crypto/keypair.h"
#include "did/keystore/evidence_impl.h"

#define IDENTITY "IDENTITY"
#define DIGEST_MAX 48
#define AES_BLOCK 16

struct suite {
	const char *hash;
	const EVP_MD *md;
	size_t digest, key;
};

static void suite_of(struct suite *s, const TPMT_PUBLIC *ek)
{
	bool big = ek->nameAlg == TPM2_ALG_SHA384;

	s->hash = big ? "SHA384" : "SHA256";
	s->md = big ? EVP_sha384() : EVP_sha256();
	s->digest = big ? 48 : 32;
	s->key = ek->parameters.asymDetail.symmetric.keyBits.aes / 8;
}

/* KDFa (part 1, 11.4.10.2) for one digest of output or less:
 * HMAC(key, 1 || label || 00 || context || bits). */
static enum berth_err kdfa(const struct suite *s, uint8_t *out, size_t out_len, const uint8_t *seed,
			   const char *label, const void *context, size_t context_len)
{
	struct berth_buf b = BERTH_BUF_INIT;
	uint8_t mac[DIGEST_MAX];
	size_t n = 0;
	enum berth_err rc;

	berth_buf_be32(&b, 1);
	berth_buf_put(&b, label, strlen(label) + 1);
	if (context_len)
		berth_buf_put(&b, context, context_len);
	berth_buf_be32(&b, (uint32_t)out_len * 8);
	if (!(rc = berth_buf_status(&b)) &&
	    !EVP_Q_mac(NULL, "HMAC", NULL, s->hash, NULL, seed, s->digest, b.p, b.len, mac, sizeof(mac), &n))
		rc = berth_fail(BERTH_E_INTERNAL, "HMAC");
	if (!rc)
		memcpy(out, mac, out_len);
	berth_wipe(mac, sizeof(mac));
	berth_buf_free(&b);
	return rc;
}

/* KDFe (part 1, 11.4.10.3): H(1 || Z || use || 00 || PartyU.x || PartyV.x). */
static enum berth_err kdfe(const struct suite *s, uint8_t *seed, const uint8_t *z, size_t n, const uint8_t *u,
			   const uint8_t *v)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_be32(&b, 1);
	berth_buf_put(&b, z, n);
	berth_buf_put(&b, IDENTITY, sizeof(IDENTITY));
	berth_buf_put(&b, u, n);
	berth_buf_put(&b, v, n);
	if (!(rc = berth_buf_status(&b)) && EVP_Digest(b.p, b.len, seed, NULL, s->md, NULL) != 1)
		rc = berth_fail(BERTH_E_INTERNAL, "digest");
	berth_buf_free(&b);
	return rc;
}

static EVP_PKEY *rsa_key(const TPMT_PUBLIC *ek)
{
	BIGNUM *n = BN_bin2bn(ek->unique.rsa.buffer, ek->unique.rsa.size, NULL), *e = BN_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	OSSL_PARAM *p = NULL;
	EVP_PKEY *key = NULL;

	if (n && e && ctx && b && BN_set_word(e, 65537) == 1 &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e) == 1 && (p = OSSL_PARAM_BLD_to_param(b)) &&
	    EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, p) != 1)
		key = NULL;
	OSSL_PARAM_free(p);
	OSSL_PARAM_BLD_free(b);
	EVP_PKEY_CTX_free(ctx);
	BN_free(n);
	BN_free(e);
	return key;
}

static bool oaep(const struct suite *s, EVP_PKEY *key, const uint8_t *seed, uint8_t *out, size_t *len)
{
	char label[] = IDENTITY;
	char *hash = (char *)(uintptr_t)s->hash;
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, (char[]){ "oaep" }, 0),
		OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, hash, 0),
		OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, hash, 0),
		OSSL_PARAM_construct_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, label, sizeof(label)),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	bool ok = ctx && EVP_PKEY_encrypt_init_ex(ctx, params) == 1 &&
		  EVP_PKEY_encrypt(ctx, out, len, seed, s->digest) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static enum berth_err seed_for_rsa(const struct suite *s, const TPMT_PUBLIC *ek, uint8_t *seed,
				   struct berth_buf *secret)
{
	uint8_t enc[512];
	size_t len = sizeof(enc);
	EVP_PKEY *key = rsa_key(ek);
	bool ok;

	berth_random(seed, s->digest);
	ok = key && oaep(s, key, seed, enc, &len);
	EVP_PKEY_free(key);
	if (!ok)
		return berth_fail(BERTH_E_KEY, "endorsement key: not an RSA key that encrypts");
	berth_buf_put(secret, enc, len);
	return berth_buf_status(secret);
}

static enum berth_err ecc_key(struct berth_pubkey *out, const TPMT_PUBLIC *ek)
{
	bool big = ek->parameters.eccDetail.curveID == TPM2_ECC_NIST_P384;
	size_t size = big ? 48 : 32;
	uint8_t x[48], y[48];

	if (!berth_tpm_pad(x, size, &ek->unique.ecc.x) || !berth_tpm_pad(y, size, &ek->unique.ecc.y))
		return berth_fail(BERTH_E_KEY, "endorsement key: not a point");
	return berth_pubkey_import_xy(out, big ? BERTH_KEY_P384 : BERTH_KEY_P256, x, y, size);
}

/* The secret is the ephemeral point, a TPMS_ECC_POINT. */
static enum berth_err seed_for_ecc(const struct suite *s, const TPMT_PUBLIC *ek, uint8_t *seed,
				   struct berth_buf *secret)
{
	struct berth_privkey eph;
	struct berth_pubkey theirs;
	uint8_t z[BERTH_ECDH_MAX];
	size_t n;
	enum berth_err rc;

	memset(&eph, 0, sizeof(eph));
	if ((rc = ecc_key(&theirs, ek)) || (rc = berth_keypair_generate(&eph, theirs.type)) ||
	    (rc = berth_ecdh(z, &n, &eph, &theirs)) ||
	    (rc = kdfe(s, seed, z, n, eph.pub.b + 1, theirs.b + 1)))
		goto out;
	berth_buf_vec16(secret, eph.pub.b + 1, n);
	berth_buf_vec16(secret, eph.pub.b + 1 + n, n);
	rc = berth_buf_status(secret);
out:
	berth_privkey_wipe(&eph);
	berth_wipe(z, sizeof(z));
	return rc;
}

static enum berth_err encrypt(const struct suite *s, const uint8_t *seed, const uint8_t *name,
			      const struct berth_buf *plain, struct berth_buf *out)
{
	const uint8_t iv[AES_BLOCK] = { 0 };
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t key[32], *to = berth_buf_grow(out, plain->len);
	int n = 0;
	enum berth_err rc = kdfa(s, key, s->key, seed, "STORAGE", name, BERTH_TPM_NAME_LEN);

	if (!rc && (!ctx || !to))
		rc = berth_no_memory();
	if (!rc && (EVP_EncryptInit_ex(ctx, s->key == 32 ? EVP_aes_256_cfb128() : EVP_aes_128_cfb128(), NULL, key,
				       iv) != 1 ||
		    EVP_EncryptUpdate(ctx, to, &n, plain->p, (int)plain->len) != 1))
		rc = berth_fail(BERTH_E_INTERNAL, "AES-CFB");
	EVP_CIPHER_CTX_free(ctx);
	berth_wipe(key, sizeof(key));
	return rc;
}

/* TPMS_ID_OBJECT: the HMAC over what is encrypted and the Name, then what is
 * encrypted, which is the credential with its length. */
static enum berth_err protect(const struct suite *s, const uint8_t *seed, const uint8_t *name, const uint8_t *data,
			      size_t len, struct berth_buf *blob)
{
	struct berth_buf plain = BERTH_BUF_INIT, enc = BERTH_BUF_INIT;
	uint8_t key[DIGEST_MAX], mac[DIGEST_MAX];
	size_t enc_len, n;
	enum berth_err rc;

	berth_buf_vec16(&plain, data, len);
	if ((rc = berth_buf_status(&plain)) || (rc = encrypt(s, seed, name, &plain, &enc)) ||
	    (rc = kdfa(s, key, s->digest, seed, "INTEGRITY", NULL, 0)))
		goto out;
	enc_len = enc.len;
	berth_buf_put(&enc, name, BERTH_TPM_NAME_LEN);
	if ((rc = berth_buf_status(&enc)))
		goto out;
	if (!EVP_Q_mac(NULL, "HMAC", NULL, s->hash, NULL, key, s->digest, enc.p, enc.len, mac, sizeof(mac), &n)) {
		rc = berth_fail(BERTH_E_INTERNAL, "HMAC");
		goto out;
	}
	berth_buf_vec16(blob, mac, s->digest);
	berth_buf_put(blob, enc.p, enc_len);
	rc = berth_buf_status(blob);
out:
	berth_wipe(key, sizeof(key));
	berth_buf_free(&plain);
	berth_buf_free(&enc);
	return rc;
}

enum berth_err berth_tpm_make_credential(struct berth_buf *blob, struct berth_buf *secret, const void *ek_pub,
					 size_t ek_len, const uint8_t ak_name[BERTH_TPM_NAME_LEN],
					 const uint8_t *data, size_t data_len)
{
	uint8_t seed[DIGEST_MAX];
	TPMT_PUBLIC ek;
	struct suite s;
	enum berth_err rc;

	if ((rc = berth_tpm_unmarshal_public(&ek, ek_pub, ek_len)) || (rc = berth_tpm_check_ek_public(&ek)))
		return rc;
	suite_of(&s, &ek);
	if (data_len == 0 || data_len > s.digest)
		return berth_fail(BERTH_E_SIZE, "credential: %zu bytes, at most %zu", data_len, s.digest);
	rc = ek.type == TPM2_ALG_RSA ? seed_for_rsa(&s, &ek, seed, secret) : seed_for_ecc(&s, &ek, seed, secret);
	if (!rc)
		rc = protect(&s, seed, ak_name, data, data_len, blob);
	berth_wipe(seed, sizeof(seed));
	return rc;
}
