/* SPDX-License-Identifier: Apache-2.0 */
/* The verifier's half: a genuine chain of evidence from a swtpm is believed, and
 * everything that differs from it in one place is not. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <tss2/tss2_mu.h>
#include <time.h>
#include <unistd.h>

#include "did/base/cur.h"
#include "did/base/hex.h"
#include "did/base/rand.h"
#include "did/base/secret.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/keystore/evidence_impl.h"
#include "did/keystore/keystore.h"
#include "did/keystore/tpm2_pcr.h"
#include "tests/check.h"
#include "tests/fakes/swtpm.h"

#define ATTRS_AK (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN | \
		  TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT)
#define KEYS "tests/vectors/tpm/keylime/"

static struct test_swtpm tpm;
static char dir[64], *roots;
static struct berth_keystore *ks;
static struct berth_buf cert, ek, attest, sig, quote, quote_sig;
static struct berth_tpm_public ak, ak2, key;
static uint8_t nonce[32] = { 7, 7, 7 };

static void parse(struct berth_tpm_public *out, const char *name)
{
	struct berth_buf b = BERTH_BUF_INIT;

	CHECK_OK(berth_keystore_public_area(ks, name, &b));
	CHECK_OK(berth_tpm_public_parse(out, b.p, b.len));
	berth_buf_free(&b);
}

static void collect(void)
{
	CHECK_OK(berth_keystore_generate(ks, "ak", BERTH_KEY_P256, BERTH_USAGE_ATTEST, NULL));
	CHECK_OK(berth_keystore_generate(ks, "ak2", BERTH_KEY_P256, BERTH_USAGE_ATTEST, NULL));
	CHECK_OK(berth_keystore_generate(ks, "did", BERTH_KEY_P256, BERTH_USAGE_AGREE, NULL));
	CHECK_OK(berth_keystore_ek(ks, &cert, &ek));
	CHECK_OK(berth_keystore_certify(ks, "did", "ak", nonce, &attest, &sig));
	CHECK_OK(berth_keystore_quote(ks, "ak", 0x81, nonce, &quote, &quote_sig));
	parse(&ak, "ak");
	parse(&ak2, "ak2");
	parse(&key, "did");
}

static int begin(void **state)
{
	char uri[256];
	struct berth_keystore_config cfg = { .uri = uri, .create = true };

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/berth-ev.XXXXXX");
	assert_non_null(mkdtemp(dir));
	test_swtpm_start(&tpm, true);
	roots = test_read_file(tpm.ca_pem, NULL);
	snprintf(uri, sizeof(uri), "tpm2:?dir=%s&tcti=%s", dir, tpm.tcti);
	CHECK_OK(berth_keystore_open(&ks, &cfg));
	collect();
	return 0;
}

static int end(void **state)
{
	struct berth_buf *all[] = { &cert, &ek, &attest, &sig, &quote, &quote_sig };

	(void)state;
	berth_keystore_close(ks);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		berth_buf_free(all[i]);
	free(roots);
	test_swtpm_stop(&tpm);
	test_sh("rm -rf %s", dir);
	return 0;
}

static enum berth_err check(const struct berth_tpm_public *by, const struct berth_tpm_public *of)
{
	return berth_tpm_check_certify(by, of, nonce, attest.p, attest.len, sig.p, sig.len);
}

static void a_genuine_chain_is_believed(void **state)
{
	struct berth_buf blob = BERTH_BUF_INIT, secret = BERTH_BUF_INIT, opened = BERTH_BUF_INIT;
	const uint8_t data[32] = { 0x42 };
	struct berth_key_info info;
	uint8_t digest[32];
	uint32_t mask;

	(void)state;
	CHECK(cert.len > 500);
	CHECK_OK(berth_tpm_check_ek(cert.p, cert.len, roots, ek.p, ek.len, 0));
	CHECK_OK(berth_tpm_check_ek(cert.p, cert.len, roots, ek.p, ek.len, (int64_t)time(NULL) + 60));
	CHECK_OK(berth_tpm_check_ak(&ak));
	CHECK_OK(berth_tpm_check_resident(&key, false));
	CHECK_RC(BERTH_E_KEY, berth_tpm_check_resident(&key, true));
	CHECK_OK(berth_keystore_find(ks, "did", &info));
	CHECK(berth_pubkey_equal(&info.pub, &key.pub));
	CHECK_OK(check(&ak, &key));
	CHECK_OK(berth_tpm_check_quote(&ak, nonce, quote.p, quote.len, quote_sig.p, quote_sig.len, &mask, digest));
	CHECK(mask == 0x81);
	CHECK_OK(berth_tpm_make_credential(&blob, &secret, ek.p, ek.len, ak.name, data, sizeof(data)));
	CHECK_OK(berth_keystore_activate(ks, "ak", blob.p, blob.len, secret.p, secret.len, &opened));
	CHECK(opened.len == 32 && memcmp(opened.p, data, 32) == 0);
	berth_buf_free(&blob);
	berth_buf_free(&secret);
	berth_buf_free(&opened);
}

/* What single PCRs are, as tpm2-tools read them, and as the quote has them. */
static void values_are_those_of_the_quote(void **state)
{
	struct berth_buf mine = BERTH_BUF_INIT;
	struct berth_pcr_values v;
	uint8_t digest[32], quoted[32];
	uint32_t mask;
	char path[96], *theirs;
	size_t n;

	(void)state;
	snprintf(path, sizeof(path), "%s/pcrs", dir);
	test_sh("TPM2TOOLS_TCTI=%s tpm2_pcrread -Q sha256:all -o %s", tpm.tcti, path);
	theirs = test_read_file(path, &n);
	CHECK_OK(berth_keystore_pcrs(ks, 0xffffff, &mine));
	CHECK(n == 24 * 32 && mine.len == n && memcmp(mine.p, theirs, n) == 0);
	berth_buf_reset(&mine);
	CHECK_OK(berth_keystore_pcrs(ks, 0x81, &mine));
	CHECK_OK(berth_pcr_values_take(&v, 0x81, mine.p, mine.len));
	CHECK_RC(BERTH_E_TYPE, berth_pcr_values_take(&v, 0x83, mine.p, mine.len));
	CHECK(v.mask == 0);
	CHECK_OK(berth_pcr_values_take(&v, 0x81, mine.p, mine.len));
	berth_pcr_values_digest(digest, &v);
	CHECK_OK(berth_tpm_check_quote(&ak, nonce, quote.p, quote.len, quote_sig.p, quote_sig.len, &mask, quoted));
	CHECK(memcmp(digest, quoted, 32) == 0);
	v.v[0][0] ^= 1;
	berth_pcr_values_digest(digest, &v);
	CHECK(memcmp(digest, quoted, 32) != 0);
	CHECK_RC(BERTH_E_TYPE, berth_keystore_pcrs(ks, 1u << 24, &mine));
	berth_buf_free(&mine);
	free(theirs);
}

static void a_credential_opens_only_for_its_tpm_and_key(void **state)
{
	struct berth_buf blob = BERTH_BUF_INIT, secret = BERTH_BUF_INIT, opened = BERTH_BUF_INIT;
	const uint8_t data[33] = { 0x42 };

	(void)state;
	/* a self-made attestation key has another Name */
	CHECK_OK(berth_tpm_make_credential(&blob, &secret, ek.p, ek.len, ak2.name, data, 20));
	CHECK_RC(BERTH_E_DECRYPT, berth_keystore_activate(ks, "ak", blob.p, blob.len, secret.p, secret.len, &opened));
	CHECK_OK(berth_keystore_activate(ks, "ak2", blob.p, blob.len, secret.p, secret.len, &opened));
	CHECK(opened.len == 20);
	berth_buf_reset(&opened);
	for (size_t i = 0; i < blob.len; i += 9) {
		blob.p[i] ^= 1;
		CHECK_RC(BERTH_E_DECRYPT,
			 berth_keystore_activate(ks, "ak2", blob.p, blob.len, secret.p, secret.len, &opened));
		blob.p[i] ^= 1;
	}
	secret.p[100] ^= 1;
	CHECK_RC(BERTH_E_DECRYPT, berth_keystore_activate(ks, "ak2", blob.p, blob.len, secret.p, secret.len, &opened));
	secret.p[100] ^= 1;
	CHECK_RC(BERTH_E_DECRYPT, berth_keystore_activate(ks, "ak2", blob.p, 0, secret.p, secret.len, &opened));
	CHECK_RC(BERTH_E_DECRYPT, berth_keystore_activate(ks, "ak2", quote.p, 5000, secret.p, secret.len, &opened));
	CHECK(opened.len == 0);
	CHECK_OK(berth_keystore_activate(ks, "ak2", blob.p, blob.len, secret.p, secret.len, &opened));
	CHECK_RC(BERTH_E_SIZE, berth_tpm_make_credential(&blob, &secret, ek.p, ek.len, ak.name, data, 33));
	CHECK_RC(BERTH_E_SIZE, berth_tpm_make_credential(&blob, &secret, ek.p, ek.len, ak.name, data, 0));
	CHECK(test_swtpm_handles(&tpm, 0x80) == 0);
	berth_buf_free(&blob);
	berth_buf_free(&secret);
	berth_buf_free(&opened);
}

static void another_key_nonce_or_kind_is_e_sig(void **state)
{
	uint8_t other[32] = { 7, 7, 8 }, digest[32];
	uint32_t mask;

	(void)state;
	CHECK_RC(BERTH_E_SIG, check(&ak2, &key));	/* made by another attestation key */
	CHECK_RC(BERTH_E_SIG, check(&ak, &ak2));	/* of another key */
	CHECK_RC(BERTH_E_SIG, berth_tpm_check_certify(&ak, &key, other, attest.p, attest.len, sig.p, sig.len));
	CHECK_RC(BERTH_E_SIG, berth_tpm_check_certify(&ak, &key, nonce, quote.p, quote.len, quote_sig.p, quote_sig.len));
	CHECK_RC(BERTH_E_SIG, berth_tpm_check_quote(&ak, nonce, attest.p, attest.len, sig.p, sig.len, &mask, digest));
	CHECK_RC(BERTH_E_SIG, berth_tpm_check_quote(&ak, other, quote.p, quote.len, quote_sig.p, quote_sig.len, &mask, digest));
	CHECK_RC(BERTH_E_SIG, berth_tpm_check_certify(&ak, &key, nonce, attest.p, attest.len, sig.p, sig.len - 1));
	CHECK_RC(BERTH_E_SIG, berth_tpm_check_certify(&ak, &key, nonce, attest.p, attest.len, NULL, 0));
	/* a key that signs whatever it is given does not attest */
	CHECK_RC(BERTH_E_KEY, check(&key, &key));
}

static void every_changed_byte_of_an_attestation_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < attest.len; i++) {
		enum berth_err rc;
		uint8_t *exact = malloc(i ? i : 1);

		assert_non_null(exact);
		memcpy(exact, attest.p, i);
		CHECK_RC(BERTH_E_TYPE, berth_tpm_check_certify(&ak, &key, nonce, exact, i, sig.p, sig.len));
		free(exact);
		attest.p[i] ^= 1;
		rc = check(&ak, &key);
		attest.p[i] ^= 1;
		CHECK(rc == BERTH_E_SIG || rc == BERTH_E_TYPE);
	}
	for (size_t i = 0; i < sig.len; i++) {
		sig.p[i] ^= 1;
		CHECK_RC(BERTH_E_SIG, check(&ak, &key));
		sig.p[i] ^= 1;
	}
	CHECK_OK(check(&ak, &key));
}

static size_t soft_public(uint8_t out[BERTH_TPM_PUBLIC_MAX], const struct berth_privkey *k, TPMA_OBJECT attrs,
			  TPMI_ALG_HASH hash)
{
	TPMT_PUBLIC p = { .type = TPM2_ALG_ECC, .nameAlg = TPM2_ALG_SHA256, .objectAttributes = attrs };
	TPMS_ECC_PARMS *e = &p.parameters.eccDetail;
	size_t n = 0;

	e->symmetric.algorithm = e->kdf.scheme = TPM2_ALG_NULL;
	e->scheme.scheme = TPM2_ALG_ECDSA;
	e->scheme.details.ecdsa.hashAlg = hash;
	e->curveID = TPM2_ECC_NIST_P256;
	p.unique.ecc.x.size = p.unique.ecc.y.size = 32;
	memcpy(p.unique.ecc.x.buffer, k->pub.b + 1, 32);
	memcpy(p.unique.ecc.y.buffer, k->pub.b + 33, 32);
	assert_int_equal(Tss2_MU_TPMT_PUBLIC_Marshal(&p, out, BERTH_TPM_PUBLIC_MAX, &n), 0);
	return n;
}

static void soft_ak(struct berth_tpm_public *out, const struct berth_privkey *k, TPMA_OBJECT attrs, TPMI_ALG_HASH hash)
{
	uint8_t area[BERTH_TPM_PUBLIC_MAX];

	CHECK_OK(berth_tpm_public_parse(out, area, soft_public(area, k, attrs, hash)));
}

/* CVE-2024-29040: whoever holds the private half can sign a structure that looks
 * like an attestation in all but the magic. */
static void an_attestation_without_the_magic_is_e_sig(void **state)
{
	struct berth_tpm_public soft;
	struct berth_privkey k;
	uint8_t s[BERTH_SIG_MAX], forged[BERTH_TPM_ATTEST_MAX];
	size_t n;

	(void)state;
	CHECK_OK(berth_keypair_generate(&k, BERTH_KEY_P256));
	soft_ak(&soft, &k, ATTRS_AK, TPM2_ALG_SHA256);
	memcpy(forged, attest.p, attest.len);
	CHECK_OK(berth_sign(s, &n, &k, forged, attest.len));
	CHECK_OK(berth_tpm_check_certify(&soft, &key, nonce, forged, attest.len, s, n));
	CHECK_RC(BERTH_E_SIG, berth_tpm_check_certify(&ak, &key, nonce, forged, attest.len, s, n));
	forged[0] = 0;
	CHECK_OK(berth_sign(s, &n, &k, forged, attest.len));
	CHECK_RC(BERTH_E_SIG, berth_tpm_check_certify(&soft, &key, nonce, forged, attest.len, s, n));
	CHECK(strstr(berth_err_detail(), "magic"));
	berth_privkey_wipe(&k);
}

static void what_no_attestation_key_is_is_e_key(void **state)
{
	static const TPMA_OBJECT bad[] = {
		ATTRS_AK & ~TPMA_OBJECT_FIXEDTPM, ATTRS_AK & ~TPMA_OBJECT_FIXEDPARENT,
		ATTRS_AK & ~TPMA_OBJECT_SENSITIVEDATAORIGIN, ATTRS_AK & ~TPMA_OBJECT_RESTRICTED,
		ATTRS_AK & ~TPMA_OBJECT_SIGN_ENCRYPT, ATTRS_AK | TPMA_OBJECT_DECRYPT,
	};
	struct berth_tpm_public p;
	struct berth_privkey k;

	(void)state;
	CHECK_OK(berth_keypair_generate(&k, BERTH_KEY_P256));
	soft_ak(&p, &k, ATTRS_AK, TPM2_ALG_SHA256);
	CHECK_OK(berth_tpm_check_ak(&p));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		soft_ak(&p, &k, bad[i], TPM2_ALG_SHA256);
		CHECK_RC(BERTH_E_KEY, berth_tpm_check_ak(&p));
	}
	soft_ak(&p, &k, ATTRS_AK, TPM2_ALG_SHA1);
	CHECK_RC(BERTH_E_KEY, berth_tpm_check_ak(&p));
	for (unsigned i = 0; i < 3; i++) {
		soft_ak(&p, &k, bad[i] & ~TPMA_OBJECT_RESTRICTED, TPM2_ALG_SHA256);
		CHECK_RC(BERTH_E_KEY, berth_tpm_check_resident(&p, true));
	}
	CHECK_RC(BERTH_E_KEY, berth_tpm_check_resident(&ak, true));
	berth_privkey_wipe(&k);
}

static void a_public_area_is_parsed_whole_or_not_at_all(void **state)
{
	uint8_t area[BERTH_TPM_PUBLIC_MAX];
	struct berth_tpm_public p;
	struct berth_privkey k;
	size_t n;

	(void)state;
	CHECK_OK(berth_keypair_generate(&k, BERTH_KEY_P256));
	n = soft_public(area, &k, ATTRS_AK, TPM2_ALG_SHA256);
	for (size_t i = 0; i < n; i++) {
		uint8_t *exact = malloc(i ? i : 1);

		assert_non_null(exact);
		memcpy(exact, area, i);
		CHECK_RC(BERTH_E_TYPE, berth_tpm_public_parse(&p, exact, i));
		free(exact);
	}
	CHECK_RC(BERTH_E_TYPE, berth_tpm_public_parse(&p, area, n + 1));
	CHECK_OK(berth_tpm_public_parse(&p, area, n));
	area[n - 1] ^= 1;	/* not on the curve */
	CHECK_RC(BERTH_E_KEY, berth_tpm_public_parse(&p, area, n));
	CHECK(p.pub.type == BERTH_KEY_NONE && p.attributes == 0);
	area[n - 1] ^= 1;
	area[3] = TPM2_ALG_SHA384;
	CHECK_RC(BERTH_E_KEY, berth_tpm_public_parse(&p, area, n));
	CHECK_OK(berth_tpm_public_parse(&p, ek.p, ek.len));
	CHECK(p.pub.type == BERTH_KEY_NONE);	/* RSA */
	CHECK_RC(BERTH_E_KEY, berth_tpm_check_ak(&p));
	berth_privkey_wipe(&k);
}

static void an_ek_certificate_must_fit(void **state)
{
	struct berth_buf other = BERTH_BUF_INIT;
	char *ca;

	(void)state;
	ca = test_read_file(KEYS "test-cert.pem", NULL);
	CHECK_RC(BERTH_E_SIG, berth_tpm_check_ek(cert.p, cert.len, ca, ek.p, ek.len, 0));
	free(ca);
	CHECK_RC(BERTH_E_KEY, berth_tpm_check_ek(cert.p, cert.len, "", ek.p, ek.len, 0));
	CHECK_RC(BERTH_E_KEY, berth_tpm_check_ek(cert.p, cert.len, roots, ek.p, ek.len, 946684800));	/* year 2000 */
	CHECK_RC(BERTH_E_TYPE, berth_tpm_check_ek(cert.p, cert.len - 1, roots, ek.p, ek.len, 0));
	CHECK_RC(BERTH_E_TYPE, berth_tpm_check_ek(cert.p, 0, roots, ek.p, ek.len, 0));
	CHECK_RC(BERTH_E_TYPE, berth_tpm_check_ek(cert.p, cert.len, roots, ek.p, ek.len - 1, 0));
	cert.p[cert.len - 1] ^= 1;
	CHECK_RC(BERTH_E_SIG, berth_tpm_check_ek(cert.p, cert.len, roots, ek.p, ek.len, 0));
	cert.p[cert.len - 1] ^= 1;
	/* another EK: the same kind of key, other bytes */
	berth_buf_put(&other, ek.p, ek.len);
	other.p[other.len - 2] ^= 1;
	CHECK_RC(BERTH_E_KEY, berth_tpm_check_ek(cert.p, cert.len, roots, other.p, other.len, 0));
	/* an attestation key is no endorsement key */
	berth_buf_reset(&other);
	CHECK_OK(berth_keystore_public_area(ks, "ak", &other));
	CHECK_RC(BERTH_E_KEY, berth_tpm_check_ek(cert.p, cert.len, roots, other.p, other.len, 0));
	CHECK_OK(berth_tpm_check_ek(cert.p, cert.len, roots, ek.p, ek.len, 0));
	berth_buf_free(&other);
}

/* TPMT_PUBLIC by TCG's template for the key of a certificate. */
static size_t ek_of(X509 *c, uint8_t out[BERTH_TPM_PUBLIC_MAX])
{
	TPMT_PUBLIC p = { .nameAlg = TPM2_ALG_SHA256, .objectAttributes = 0x000300b2 };
	const TPMT_SYM_DEF_OBJECT aes = { .algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB };
	EVP_PKEY *k = X509_get0_pubkey(c);
	BIGNUM *a = NULL, *b = NULL;
	size_t n = 0;

	if (EVP_PKEY_is_a(k, "RSA")) {
		p.type = TPM2_ALG_RSA;
		p.parameters.rsaDetail = (TPMS_RSA_PARMS){ .symmetric = aes, .scheme.scheme = TPM2_ALG_NULL, .keyBits = 2048 };
		p.unique.rsa.size = 256;
		assert_int_equal(EVP_PKEY_get_bn_param(k, OSSL_PKEY_PARAM_RSA_N, &a), 1);
		BN_bn2binpad(a, p.unique.rsa.buffer, 256);
	} else {
		p.type = TPM2_ALG_ECC;
		p.parameters.eccDetail = (TPMS_ECC_PARMS){ .symmetric = aes, .scheme.scheme = TPM2_ALG_NULL,
			.kdf.scheme = TPM2_ALG_NULL, .curveID = TPM2_ECC_NIST_P256 };
		p.unique.ecc.x.size = p.unique.ecc.y.size = 32;
		assert_int_equal(EVP_PKEY_get_bn_param(k, OSSL_PKEY_PARAM_EC_PUB_X, &a), 1);
		assert_int_equal(EVP_PKEY_get_bn_param(k, OSSL_PKEY_PARAM_EC_PUB_Y, &b), 1);
		BN_bn2binpad(a, p.unique.ecc.x.buffer, 32);
		BN_bn2binpad(b, p.unique.ecc.y.buffer, 32);
	}
	BN_free(a);
	BN_free(b);
	assert_int_equal(Tss2_MU_TPMT_PUBLIC_Marshal(&p, out, BERTH_TPM_PUBLIC_MAX, &n), 0);
	return n;
}

/* Each stands for its own root: what is judged is the certificate itself. */
static void certificates_of_real_virtual_tpms(void **state)
{
	static const struct { const char *name; enum berth_err want; } cases[] = {
		{ "uca_tpm_ecc_enc", BERTH_OK }, { "uca_tpm_rsa_enc", BERTH_OK },
		{ "uca_tpm_ecc_sign", BERTH_E_KEY }, { "uca_tpm_rsa_sign", BERTH_E_KEY },
		/* of a private CA, which does not say that they are endorsement keys */
		{ "pca_tpm_ecc_enc", BERTH_E_KEY }, { "pca_tpm_rsa_enc", BERTH_E_KEY },
		{ "pca_tpm_ecc_sign", BERTH_E_KEY }, { "pca_tpm_rsa_sign", BERTH_E_KEY },
	};
	size_t passed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t area[BERTH_TPM_PUBLIC_MAX], *der = NULL;
		char path[128], *pem;
		size_t n;

		snprintf(path, sizeof(path), "tests/vectors/tpm/certificates/%s_cert.pem", cases[i].name);
		pem = test_read_file(path, &n);
		BIO *in = BIO_new_mem_buf(pem, (int)n);
		X509 *c = PEM_read_bio_X509(in, NULL, NULL, NULL);

		assert_non_null(c);
		int len = i2d_X509(c, &der);

		n = ek_of(c, area);
		CHECK_RC(cases[i].want, berth_tpm_check_ek(der, (size_t)len, pem, area, n, 1795000000));
		CHECK_RC(BERTH_E_SIG, berth_tpm_check_ek(der, (size_t)len, roots, area, n, 0));
		passed++;
		OPENSSL_free(der);
		X509_free(c);
		BIO_free(in);
		free(pem);
	}
	VECTORS("tpm/certificates", passed, sizeof(cases) / sizeof(cases[0]));
}

/* r<attest>:<signature>:<pcrs>, base64; signed with RSA, so only its structure
 * can be judged here. */
static void a_quote_of_keylime_is_an_attestation(void **state)
{
	uint8_t raw[512], digest[32];
	char *text = test_read_file(KEYS "test-quote.txt", NULL), *end_ = strchr(text, ':');
	TPMS_ATTEST a;
	uint32_t mask;

	(void)state;
	assert_non_null(end_);
	*end_ = '\0';
	size_t pad = end_[-1] == '=' ? 1 + (end_[-2] == '=') : 0;
	int n = EVP_DecodeBlock(raw, (const uint8_t *)text + 1, (int)strlen(text + 1));

	CHECK(n > 0);
	CHECK_OK(berth_tpm_unmarshal_attest(&a, raw, (size_t)n - pad));
	CHECK(a.magic == TPM2_GENERATED_VALUE && a.type == TPM2_ST_ATTEST_QUOTE);
	CHECK(a.extraData.size == 4 && memcmp(a.extraData.buffer, "TEST", 4) == 0);
	CHECK(a.attested.quote.pcrSelect.count == 1);
	CHECK_RC(BERTH_E_SIG, berth_tpm_check_quote(&ak, nonce, raw, (size_t)n - pad, quote_sig.p, quote_sig.len, &mask, digest));
	VECTORS("tpm/keylime", 1, 1);
	free(text);
}

static void put(const char *name, const void *p, size_t n)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	fclose(f);
}

/* With tpm2-tools as the other end: every kind of EK that a TPM comes with. */
static void credentials_open_with_tpm2_tools(void **state)
{
	static const struct { const char *alg, *auth; } kinds[] = {
		{ "rsa", "session:ses" }, { "ecc", "session:ses" }, { "ecc384", "" }, { "rsa3072", "" },
	};
	uint8_t data[32];
	size_t passed = 0;

	(void)state;
	berth_random(data, sizeof(data));
	put("secret", data, sizeof(data));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct berth_buf blob = BERTH_BUF_INIT, secret = BERTH_BUF_INIT, file = BERTH_BUF_INIT;
		char path[128], *pub, *name;
		size_t pub_len, name_len;

		test_sh("cd %s && export TPM2TOOLS_TCTI=%s && tpm2_flushcontext -l && tpm2_createek -Q -c ek.ctx -G %s -u ek.pub && tpm2_flushcontext -t && "
			"tpm2_create -Q -C 0x81000001 -g sha256 -G ecc256:ecdsa-sha256:null -u ak.pub -r ak.priv "
			"-a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign' && "
			"tpm2_load -Q -C 0x81000001 -u ak.pub -r ak.priv -c ak.ctx -n ak.name && tpm2_flushcontext -t",
			dir, tpm.tcti, kinds[i].alg);
		snprintf(path, sizeof(path), "%s/ek.pub", dir);
		pub = test_read_file(path, &pub_len);
		snprintf(path, sizeof(path), "%s/ak.name", dir);
		name = test_read_file(path, &name_len);
		CHECK(name_len == BERTH_TPM_NAME_LEN);
		CHECK_OK(berth_tpm_make_credential(&blob, &secret, pub + 2, pub_len - 2, (uint8_t *)name, data, 32));
		berth_buf_be32(&file, 0xbadcc0de);
		berth_buf_be32(&file, 1);
		berth_buf_vec16(&file, blob.p, blob.len);
		berth_buf_vec16(&file, secret.p, secret.len);
		put("cred", file.p, file.len);
		test_sh("cd %s && export TPM2TOOLS_TCTI=%s && tpm2_startauthsession --policy-session -S ses && tpm2_policysecret -Q -S ses -c e && "
			"tpm2_flushcontext -t && tpm2_activatecredential -Q -c ak.ctx -C ek.ctx -i cred -o opened -P '%s' && cmp secret opened; "
			"r=$?; tpm2_flushcontext -t; tpm2_flushcontext -l; exit $r", dir, tpm.tcti, kinds[i].auth);
		passed++;
		berth_buf_free(&blob);
		berth_buf_free(&secret);
		berth_buf_free(&file);
		free(pub);
		free(name);
	}
	VECTORS("tpm2-tools activatecredential", passed, sizeof(kinds) / sizeof(kinds[0]));
}

/* The other way round: tpm2-tools challenges, our TPM opens. */
static void a_credential_of_tpm2_tools_opens_here(void **state)
{
	struct berth_buf opened = BERTH_BUF_INIT, sized = BERTH_BUF_INIT;
	char path[128], name[2 * BERTH_TPM_NAME_LEN + 1], *cred;
	uint8_t data[32];
	size_t n;

	(void)state;
	berth_random(data, sizeof(data));
	put("secret", data, sizeof(data));
	berth_buf_vec16(&sized, ek.p, ek.len);
	put("ek.tpm2b", sized.p, sized.len);
	berth_hex_encode(name, ak.name, sizeof(ak.name));
	test_sh("cd %s && tpm2_makecredential -Q -T none -e ek.tpm2b -s secret -n %s -o cred", dir, name);
	snprintf(path, sizeof(path), "%s/cred", dir);
	cred = test_read_file(path, &n);
	struct berth_cur c = berth_cur(cred, n);

	CHECK(berth_cur_be32(&c) == 0xbadcc0de && berth_cur_be32(&c) == 1);
	struct berth_cur blob = berth_cur_vec16(&c, 512), secret = berth_cur_vec16(&c, 512);

	CHECK(berth_cur_done(&c));
	CHECK_OK(berth_keystore_activate(ks, "ak", blob.p, blob.n, secret.p, secret.n, &opened));
	CHECK(opened.len == 32 && memcmp(opened.p, data, 32) == 0);
	CHECK_RC(BERTH_E_DECRYPT, berth_keystore_activate(ks, "ak2", blob.p, blob.n, secret.p, secret.n, &opened));
	VECTORS("tpm2-tools makecredential", 1, 1);
	berth_buf_free(&opened);
	berth_buf_free(&sized);
	free(cred);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_genuine_chain_is_believed),
		cmocka_unit_test(values_are_those_of_the_quote),
		cmocka_unit_test(a_credential_opens_only_for_its_tpm_and_key),
		cmocka_unit_test(another_key_nonce_or_kind_is_e_sig),
		cmocka_unit_test(every_changed_byte_of_an_attestation_is_refused),
		cmocka_unit_test(an_attestation_without_the_magic_is_e_sig),
		cmocka_unit_test(what_no_attestation_key_is_is_e_key),
		cmocka_unit_test(a_public_area_is_parsed_whole_or_not_at_all),
		cmocka_unit_test(an_ek_certificate_must_fit),
		cmocka_unit_test(certificates_of_real_virtual_tpms),
		cmocka_unit_test(a_quote_of_keylime_is_an_attestation),
		cmocka_unit_test(a_credential_of_tpm2_tools_opens_here),
		cmocka_unit_test(credentials_open_with_tpm2_tools),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
