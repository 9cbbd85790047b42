/* SPDX-License-Identifier: Apache-2.0 */
/* An authcrypt of which all is there but the wrapped key: the keyring has been told what it
 * will be asked for, and others can be made meanwhile. */
#include "didcomm/jwe.h"

#include <stdlib.h>
#include <string.h>

#include "did/base/secret.h"
#include "did/codec/base64url.h"
#include "didcomm/jwe_hole.h"

#define WRAPPED_LEN BERTH_WRAPPED_MAX	/* of the key of A256CBC-HS512, which authcrypt has */

struct berth_jwe_hole {
	struct berth_keyring *keyring;
	char *skid;
	struct berth_pubkey epk, peer;
	uint8_t apv[BERTH_SHA256_LEN], tag[BERTH_TAG_MAX];
	size_t tag_len, z_len, cek_len, at;
	uint8_t z[BERTH_ECDH_MAX], cek[BERTH_CEK_MAX];	/* secret */
};

/* What was lent for a while is copied; false: no memory. */
static bool keep(struct berth_jwe_hole *h, const struct berth_kek_params *p, const struct jwe_wrap *w)
{
	h->keyring = w->keyring;
	h->epk = *p->epk;
	h->peer = *p->peer;
	h->tag_len = p->cc_tag_len;
	h->z_len = w->z_len;
	h->cek_len = w->cek_len;
	memcpy(h->apv, p->apv, sizeof(h->apv));
	memcpy(h->tag, p->cc_tag, p->cc_tag_len);
	memcpy(h->z, w->z, w->z_len);
	memcpy(h->cek, w->cek, w->cek_len);
	h->skid = strdup(w->skid);
	return h->skid != NULL;
}

struct berth_jwe_hole *berth_jwe_hole_new(const struct berth_kek_params *p, const struct jwe_wrap *w)
{
	struct berth_jwe_hole *h = calloc(1, sizeof(*h));

	if (h && keep(h, p, w) && berth_keyring_wrap_1pu_ahead(w->keyring, w->skid, p, w->z, w->z_len, w->cek, w->cek_len))
		return h;
	berth_jwe_hole_free(h);
	return NULL;
}

void berth_jwe_hole_put(struct berth_jwe_hole *h, struct berth_buf *out)
{
	static const uint8_t nothing[WRAPPED_LEN];

	h->at = out->len;
	berth_b64url_encode(out, nothing, sizeof(nothing));
}

static enum berth_err wrap(const struct berth_jwe_hole *h, struct berth_buf *wrapped)
{
	const struct berth_kek_params p = {
		.alg = BERTH_JWE_1PU, .epk = &h->epk, .peer = &h->peer,
		.apu = (const uint8_t *)h->skid, .apu_len = strlen(h->skid),
		.apv = h->apv, .apv_len = sizeof(h->apv), .cc_tag = h->tag, .cc_tag_len = h->tag_len,
	};

	return h->keyring->ops->wrap_1pu(h->keyring, h->skid, &p, h->z, h->z_len, h->cek, h->cek_len, wrapped);
}

enum berth_err berth_jwe_fill(const struct berth_jwe_hole *h, struct berth_buf *out)
{
	struct berth_buf wrapped = BERTH_BUF_INIT, text = BERTH_BUF_INIT;
	enum berth_err rc = wrap(h, &wrapped);

	if (rc)
		goto out;
	if (wrapped.len != WRAPPED_LEN) {
		rc = berth_fail(BERTH_E_KEYSTORE, "jwe: a wrapped key of %zu octets", wrapped.len);
		goto out;
	}
	berth_b64url_encode(&text, wrapped.p, wrapped.len);
	if (!(rc = berth_buf_status(&text)))
		memcpy(out->p + h->at, text.p, text.len);
out:
	berth_buf_free(&wrapped);
	berth_buf_free(&text);
	return berth_jwe_bad_point(rc);
}

void berth_jwe_hole_free(struct berth_jwe_hole *h)
{
	if (!h)
		return;
	free(h->skid);
	berth_wipe(h, sizeof(*h));
	free(h);
}
