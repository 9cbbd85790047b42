/* SPDX-License-Identifier: Apache-2.0 */
#include "didcomm/jwe.h"

#include <string.h>

#include "did/base/rand.h"
#include "did/base/secret.h"
#include "did/codec/base64url.h"
#include "did/crypto/agree.h"
#include "did/crypto/kdf.h"
#include "did/crypto/keypair.h"
#include "did/jose/jwk.h"
#include "didcomm/jwe_hole.h"
#include "didcomm/media.h"

#define ENVELOPE_ROOM 256	/* names, tag and iv */
#define RECIPIENT_ROOM 256	/* of most: its kid, and the wrapped key */
#define HEADER_ROOM 1024	/* of most; the C library keeps blocks up to this size at hand */

struct sealing {
	const struct berth_jwe_seal *s;
	struct berth_privkey epk;
	uint8_t apv[BERTH_SHA256_LEN];
	uint8_t cek[BERTH_CEK_MAX], iv[BERTH_IV_MAX], tag[BERTH_TAG_MAX];
	struct berth_buf header;	/* base64url */
	struct berth_buf ciphertext;
	struct berth_jwe_hole **hole;	/* NULL: nothing is left for later */
};

static void put_str(struct berth_buf *b, const char *key, const char *value)
{
	berth_json_print_str(b, key);
	berth_buf_u8(b, ':');
	berth_json_print_str(b, value);
	berth_buf_u8(b, ',');
}

static void put_b64(struct berth_buf *b, const char *key, const void *p, size_t n)
{
	berth_json_print_str(b, key);
	berth_buf_str(b, ":\"");
	berth_b64url_encode(b, p, n);
	berth_buf_str(b, "\",");
}

static enum berth_err put_epk(struct berth_buf *b, const struct berth_pubkey *key)
{
	berth_buf_str(b, "\"epk\":");
	return berth_jwk_print(b, key);
}

static enum berth_err build_header(struct sealing *g)
{
	const struct berth_jwe_seal *s = g->s;
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_room(&b, HEADER_ROOM - 1);
	berth_buf_u8(&b, '{');
	put_str(&b, "typ", BERTH_MEDIA_ENCRYPTED);
	put_str(&b, "alg", s->skid ? BERTH_JWE_1PU : BERTH_JWE_ES);
	put_str(&b, "enc", berth_enc_name(s->enc));
	if (s->skid) {
		put_str(&b, "skid", s->skid);
		put_b64(&b, "apu", s->skid, strlen(s->skid));
	}
	put_b64(&b, "apv", g->apv, sizeof(g->apv));
	if ((rc = put_epk(&b, &g->epk.pub)))
		goto out;
	berth_buf_u8(&b, '}');
	if ((rc = berth_buf_status(&b)))
		goto out;
	berth_b64url_encode(&g->header, b.p, b.len);
	rc = berth_buf_status(&g->header);
out:
	berth_buf_free(&b);
	return rc;
}

static enum berth_err wrap_es(const struct sealing *g, const struct berth_kek_params *p,
			      const uint8_t *z, size_t z_len, struct berth_buf *wrapped)
{
	struct berth_kdf_info info = { .alg = p->alg, .apv = p->apv, .apv_len = p->apv_len };
	uint8_t kek[32], out[BERTH_WRAPPED_MAX];
	size_t n = 0;
	enum berth_err rc;

	if ((rc = berth_concat_kdf(kek, sizeof(kek), z, z_len, &info)) ||
	    (rc = berth_keywrap(out, &n, kek, g->cek, berth_enc_key_len(g->s->enc))))
		goto out;
	berth_buf_put(wrapped, out, n);
	rc = berth_buf_status(wrapped);
out:
	berth_wipe(kek, sizeof(kek));
	return rc;
}

static enum berth_err put_wrapped(struct berth_buf *out, struct berth_buf *wrapped, enum berth_err rc)
{
	if (!rc)
		berth_b64url_encode(out, wrapped->p, wrapped->len);
	berth_buf_free(wrapped);
	return rc;
}

/* At once, or when others are wrapped, too. */
static enum berth_err put_1pu(struct berth_buf *out, const struct sealing *g, const struct berth_kek_params *p,
			      const uint8_t *z, size_t z_len)
{
	const struct jwe_wrap w = { .keyring = g->s->keyring, .skid = g->s->skid, .z = z, .z_len = z_len,
				    .cek = g->cek, .cek_len = berth_enc_key_len(g->s->enc) };
	struct berth_buf wrapped = BERTH_BUF_INIT;

	if (g->hole && g->s->n == 1 && (*g->hole = berth_jwe_hole_new(p, &w))) {
		berth_jwe_hole_put(*g->hole, out);
		return BERTH_OK;
	}
	return put_wrapped(out, &wrapped, w.keyring->ops->wrap_1pu(w.keyring, w.skid, p, z, z_len, w.cek, w.cek_len, &wrapped));
}

static enum berth_err put_es(struct berth_buf *out, const struct sealing *g, const struct berth_kek_params *p,
			     const uint8_t *z, size_t z_len)
{
	struct berth_buf wrapped = BERTH_BUF_INIT;

	return put_wrapped(out, &wrapped, wrap_es(g, p, z, z_len, &wrapped));
}

/* The CEK for one recipient. */
static enum berth_err put_key(struct berth_buf *out, const struct sealing *g, const struct berth_pubkey *peer)
{
	const struct berth_jwe_seal *s = g->s;
	struct berth_kek_params p = {
		.alg = s->skid ? BERTH_JWE_1PU : BERTH_JWE_ES,
		.epk = &g->epk.pub, .peer = peer,
		.apu = (const uint8_t *)s->skid, .apu_len = s->skid ? strlen(s->skid) : 0,
		.apv = g->apv, .apv_len = sizeof(g->apv),
		.cc_tag = s->skid ? g->tag : NULL, .cc_tag_len = s->skid ? berth_enc_tag_len(s->enc) : 0,
	};
	uint8_t z[BERTH_ECDH_MAX];
	size_t z_len = 0;
	enum berth_err rc = berth_ecdh(z, &z_len, &g->epk, peer);

	if (!rc)
		rc = (s->skid ? put_1pu : put_es)(out, g, &p, z, z_len);
	berth_wipe(z, sizeof(z));
	return berth_jwe_bad_point(rc);
}

static enum berth_err put_recipient(struct berth_buf *out, const struct sealing *g, size_t i)
{
	enum berth_err rc;

	berth_buf_str(out, i ? ",{\"encrypted_key\":\"" : "{\"encrypted_key\":\"");
	if ((rc = put_key(out, g, g->s->keys[i])))
		return rc;
	berth_buf_str(out, "\",\"header\":{\"kid\":");
	berth_json_print_str(out, g->s->kids[i]);
	berth_buf_str(out, "}}");
	return BERTH_OK;
}

static enum berth_err put_envelope(struct berth_buf *out, const struct sealing *g)
{
	enum berth_err rc;

	berth_buf_room(out, (g->ciphertext.len + 2) / 3 * 4 + g->header.len + g->s->n * RECIPIENT_ROOM + ENVELOPE_ROOM);
	berth_buf_u8(out, '{');
	put_b64(out, "ciphertext", g->ciphertext.p, g->ciphertext.len);
	berth_buf_str(out, "\"protected\":\"");
	berth_buf_put(out, g->header.p, g->header.len);
	berth_buf_str(out, "\",\"recipients\":[");
	for (size_t i = 0; i < g->s->n; i++)
		if ((rc = put_recipient(out, g, i)))
			return rc;
	berth_buf_str(out, "],");
	put_b64(out, "tag", g->tag, berth_enc_tag_len(g->s->enc));
	berth_buf_str(out, "\"iv\":\"");
	berth_b64url_encode(out, g->iv, berth_enc_iv_len(g->s->enc));
	berth_buf_str(out, "\"}");
	return berth_buf_status(out);
}

/* draft-madden-jose-ecdh-1pu-04 2.1: the content is encrypted first, because its
 * tag goes into the derivation of the key-wrapping keys. */
enum berth_err berth_jwe_seal_ahead(struct berth_buf *out, struct berth_jwe_hole **hole, const struct berth_jwe_seal *s,
				    const void *pt, size_t len)
{
	struct sealing g = { .s = s, .hole = hole };
	enum berth_err rc;

	if (!berth_jwe_encrypts_with(s->enc, s->skid))
		return berth_fail(BERTH_E_ALG, "jwe: enc %s", s->enc ? berth_enc_name(s->enc) : "unknown");
	if ((rc = berth_jwe_apv(g.apv, s->kids, s->n)) ||
	    (rc = berth_keypair_generate(&g.epk, s->keys[0]->type)) || (rc = build_header(&g)) ||
	    (rc = berth_random_once(g.cek, sizeof(g.cek))) || (rc = berth_random_once(g.iv, sizeof(g.iv))) ||
	    (rc = berth_aead_seal(s->enc, &g.ciphertext, g.tag, g.cek, g.iv, g.header.p, g.header.len, pt, len)))
		goto out;
	rc = put_envelope(out, &g);
out:
	berth_wipe(g.cek, sizeof(g.cek));
	berth_privkey_wipe(&g.epk);
	berth_buf_free(&g.header);
	berth_buf_free(&g.ciphertext);
	return rc;
}

enum berth_err berth_jwe_seal(struct berth_buf *out, const struct berth_jwe_seal *s, const void *pt, size_t len)
{
	return berth_jwe_seal_ahead(out, NULL, s, pt, len);
}
