/* SPDX-License-Identifier: Apache-2.0 */
#include "didcomm/jwe.h"

#include <string.h>

#include "did/base/secret.h"
#include "did/codec/base64url.h"

#define KEYWRAP_EXTRA 8	/* RFC 3394 */

/* What is not base64url is malformed (E_B64); a length that the cipher does not
 * have is undecryptable like any other forgery (C045). */
static enum berth_err decode(uint8_t *out, size_t want, const char *b64)
{
	struct berth_buf b = BERTH_BUF_INIT;
	size_t n = strlen(b64);
	enum berth_err rc;

	if (n == (want * 4 + 2) / 3)
		return berth_b64url_decode_fixed(out, want, b64, n);
	rc = berth_b64url_decode(&b, b64, n);
	berth_buf_free(&b);
	return rc ? rc : berth_jwe_undecryptable();
}

struct parts {
	uint8_t iv[BERTH_IV_MAX], tag[BERTH_TAG_MAX], wrapped[BERTH_WRAPPED_MAX];
	size_t iv_len, tag_len, wrapped_len;
	struct berth_buf ciphertext;
};

static enum berth_err decode_short_parts(struct parts *p, const struct berth_jwe *j,
					 const struct berth_jwe_recipient *r)
{
	enum berth_err rc;

	p->iv_len = berth_enc_iv_len(j->enc);
	p->tag_len = berth_enc_tag_len(j->enc);
	p->wrapped_len = berth_enc_key_len(j->enc) + KEYWRAP_EXTRA;
	if ((rc = decode(p->iv, p->iv_len, j->iv)) || (rc = decode(p->tag, p->tag_len, j->tag)))
		return rc;
	return decode(p->wrapped, p->wrapped_len, r->encrypted_key);
}

static enum berth_err decode_parts(struct parts *p, const struct berth_jwe *j,
				   const struct berth_jwe_recipient *r)
{
	enum berth_err rc = decode_short_parts(p, j, r);

	return rc ? rc : berth_b64url_decode(&p->ciphertext, j->ciphertext, strlen(j->ciphertext));
}

static struct berth_kek_params kek_of(const struct berth_jwe *j, const struct berth_pubkey *sender, const struct parts *p)
{
	return (struct berth_kek_params){
		.alg = j->authcrypt ? BERTH_JWE_1PU : BERTH_JWE_ES,
		.epk = &j->epk, .peer = sender,
		.apu = j->apu.p, .apu_len = j->apu.len,
		.apv = j->apv, .apv_len = j->apv_len,
		.cc_tag = j->authcrypt ? p->tag : NULL, .cc_tag_len = j->authcrypt ? p->tag_len : 0,
	};
}

static enum berth_err unwrap(const struct berth_jwe *j, const struct berth_jwe_recipient *r,
			     const struct berth_pubkey *sender, struct berth_keyring *kr,
			     const struct parts *p, uint8_t cek[BERTH_CEK_MAX], size_t *cek_len)
{
	struct berth_kek_params kek = kek_of(j, sender, p);
	enum berth_err rc = kr->ops->unwrap(kr, r->kid, &kek, p->wrapped, p->wrapped_len, cek, cek_len);

	if (!rc && *cek_len != berth_enc_key_len(j->enc))
		return berth_jwe_undecryptable();
	return rc;
}

enum berth_err berth_jwe_open(const struct berth_jwe *j, const struct berth_jwe_recipient *r,
			      const struct berth_pubkey *sender, struct berth_keyring *kr, struct berth_buf *pt)
{
	struct parts p = { 0 };
	uint8_t cek[BERTH_CEK_MAX];
	size_t cek_len = 0;
	enum berth_err rc;

	if ((rc = decode_parts(&p, j, r)) || (rc = unwrap(j, r, sender, kr, &p, cek, &cek_len)))
		goto out;
	rc = berth_aead_open(j->enc, pt, cek, p.iv, p.iv_len, p.tag, p.tag_len, j->protected_b64,
			     strlen(j->protected_b64), p.ciphertext.p, p.ciphertext.len);
out:
	berth_wipe(cek, sizeof(cek));
	berth_buf_free(&p.ciphertext);
	return rc == BERTH_E_DECRYPT ? berth_jwe_undecryptable() : rc;
}

enum berth_err berth_jwe_open_ahead(const struct berth_jwe *j, const struct berth_jwe_recipient *r,
				    const struct berth_pubkey *sender, struct berth_keyring *kr)
{
	struct berth_kek_params kek;
	struct parts p = { 0 };
	enum berth_err rc = decode_short_parts(&p, j, r);

	if (rc)
		return rc;
	kek = kek_of(j, sender, &p);
	berth_keyring_unwrap_ahead(kr, r->kid, &kek, p.wrapped, p.wrapped_len);
	return BERTH_OK;
}
