/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/soft_tpm.h"

#include <tss2/tss2_mu.h>

#include "did/crypto/hash.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "tests/check.h"

void soft_key_make(struct soft_key *out, enum berth_key_type type, TPMA_OBJECT attributes, const uint8_t *seed)
{
	TPMS_ECC_PARMS *e = &out->area.parameters.eccDetail;
	size_t n = berth_key_size(type);

	memset(out, 0, sizeof(*out));
	if (seed)
		CHECK_OK(berth_keypair_from_private(&out->k, type, seed, n));
	else
		CHECK_OK(berth_keypair_generate(&out->k, type));
	out->area.type = TPM2_ALG_ECC;
	out->area.nameAlg = TPM2_ALG_SHA256;
	out->area.objectAttributes = attributes;
	e->symmetric.algorithm = e->kdf.scheme = e->scheme.scheme = TPM2_ALG_NULL;
	if (attributes & TPMA_OBJECT_SIGN_ENCRYPT) {
		e->scheme.scheme = TPM2_ALG_ECDSA;
		e->scheme.details.ecdsa.hashAlg = type == BERTH_KEY_P384 ? TPM2_ALG_SHA384 : TPM2_ALG_SHA256;
	}
	e->curveID = type == BERTH_KEY_P384 ? TPM2_ECC_NIST_P384 : TPM2_ECC_NIST_P256;
	out->area.unique.ecc.x.size = out->area.unique.ecc.y.size = (uint16_t)n;
	memcpy(out->area.unique.ecc.x.buffer, out->k.pub.b + 1, n);
	memcpy(out->area.unique.ecc.y.buffer, out->k.pub.b + 1 + n, n);
}

void soft_key_public(struct berth_buf *out, const struct soft_key *k)
{
	uint8_t b[1024];
	size_t n = 0;

	assert_int_equal(Tss2_MU_TPMT_PUBLIC_Marshal(&k->area, b, sizeof(b), &n), 0);
	berth_buf_put(out, b, n);
}

void soft_key_name(uint8_t name[34], const struct soft_key *k)
{
	struct berth_buf b = BERTH_BUF_INIT;

	soft_key_public(&b, k);
	name[0] = TPM2_ALG_SHA256 >> 8;
	name[1] = TPM2_ALG_SHA256 & 0xff;
	berth_sha256(name + 2, b.p, b.len);
	berth_buf_free(&b);
}

static void begin(TPMS_ATTEST *out, TPM2_ST type, const uint8_t nonce[32])
{
	memset(out, 0, sizeof(*out));
	out->magic = TPM2_GENERATED_VALUE;
	out->type = type;
	out->extraData.size = 32;
	memcpy(out->extraData.buffer, nonce, 32);
	out->clockInfo.safe = 1;
}

void soft_certify(TPMS_ATTEST *out, const struct soft_key *of, const uint8_t nonce[32])
{
	begin(out, TPM2_ST_ATTEST_CERTIFY, nonce);
	out->attested.certify.name.size = 34;
	soft_key_name(out->attested.certify.name.name, of);
}

void soft_quote(TPMS_ATTEST *out, uint32_t pcr_mask, const uint8_t nonce[32])
{
	TPMS_QUOTE_INFO *q = &out->attested.quote;

	begin(out, TPM2_ST_ATTEST_QUOTE, nonce);
	q->pcrSelect.count = 1;
	q->pcrSelect.pcrSelections[0] = (TPMS_PCR_SELECTION){ .hash = TPM2_ALG_SHA256, .sizeofSelect = 3,
		.pcrSelect = { pcr_mask & 0xff, pcr_mask >> 8 & 0xff, pcr_mask >> 16 & 0xff } };
	q->pcrDigest.size = 32;
	memset(q->pcrDigest.buffer, 0xd1, 32);
}

void soft_attest(struct berth_buf *attest, struct berth_buf *sig, const TPMS_ATTEST *a, const struct soft_key *by)
{
	uint8_t b[2048], rs[BERTH_SIG_MAX];
	size_t n = 0, m;

	assert_int_equal(Tss2_MU_TPMS_ATTEST_Marshal(a, b, sizeof(b), &n), 0);
	CHECK_OK(berth_sign(rs, &m, &by->k, b, n));
	berth_buf_put(attest, b, n);
	berth_buf_put(sig, rs, m);
}
