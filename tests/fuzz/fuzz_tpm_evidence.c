/* SPDX-License-Identifier: Apache-2.0 */
/* First octet: 0 a public area (also as an EK), 1 an attestation, 2 a certificate. */
#include <stdlib.h>

#include "did/base/secret.h"
#include "did/keystore/evidence_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void public_area(const uint8_t *p, size_t n)
{
	static const uint8_t name[BERTH_TPM_NAME_LEN] = { 0, 0x0b }, data[32] = { 1 };
	struct berth_buf blob = BERTH_BUF_INIT, secret = BERTH_BUF_INIT;
	struct berth_tpm_public pub;

	if (berth_tpm_public_parse(&pub, p, n) == BERTH_OK && berth_tpm_check_ak(&pub) == BERTH_OK &&
	    pub.pub.type != BERTH_KEY_P256)
		abort();
	if (berth_tpm_make_credential(&blob, &secret, p, n, name, data, sizeof(data)) == BERTH_OK &&
	    (blob.len < 66 || secret.len < 64))
		abort();
	berth_buf_free(&blob);
	berth_buf_free(&secret);
}

static void attestation(const uint8_t *p, size_t n)
{
	static const uint8_t sig[64] = { 1 };
	struct berth_tpm_public ak = { .attributes = 0 };
	uint8_t nonce[32] = { 0 }, digest[32];
	uint32_t mask;
	TPMS_ATTEST a;

	if (berth_tpm_unmarshal_attest(&a, p, n) == BERTH_OK && n > BERTH_TPM_ATTEST_MAX)
		abort();
	if (berth_tpm_check_quote(&ak, nonce, p, n, sig, sizeof(sig), &mask, digest) == BERTH_OK)
		abort();
}

static void certificate(const uint8_t *p, size_t n)
{
	/* an EK of TCG's template with a modulus of ones */
	static uint8_t ek[26 + 256] = { 0, 1, 0, 0x0b, 0, 3, 0, 0xb2, 0, 0 };
	static const uint8_t rsa[] = { 0, 6, 0, 128, 0, 0x43, 0, 0x10, 8, 0, 0, 0, 0, 0, 1, 0 };

	for (size_t i = 0; i < 256 + sizeof(rsa); i++)
		ek[10 + i] = i < sizeof(rsa) ? rsa[i] : 0xff;
	if (berth_tpm_check_ek(p, n, "", ek, 10 + sizeof(rsa) + 256, 0) == BERTH_OK)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	berth_crypto_init();
	if (n == 0)
		return 0;
	if (p[0] == 0)
		public_area(p + 1, n - 1);
	else if (p[0] == 1)
		attestation(p + 1, n - 1);
	else
		certificate(p + 1, n - 1);
	return 0;
}
