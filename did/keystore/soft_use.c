/* SPDX-License-Identifier: Apache-2.0 */
/* What the keys of a sealed file do. */
#include "did/keystore/soft_impl.h"

#include <string.h>

#include "did/crypto/agree.h"
#include "did/crypto/recover.h"
#include "did/crypto/sign.h"

void berth_soft_forget_signers(struct berth_soft *s)
{
	for (size_t i = 0; i < BERTH_SOFT_SIGNERS; i++)
		berth_signer_free(s->ready[i].signer);
	memset(s->ready, 0, sizeof(s->ready));
}

static enum berth_err signer_of(struct berth_signer **out, struct berth_soft *s, const struct berth_soft_key *k)
{
	struct berth_soft_ready *r = &s->ready[(size_t)(k - berth_soft_body(s->body)->key) % BERTH_SOFT_SIGNERS];
	enum berth_err rc = BERTH_OK;

	if (r->key != k) {
		berth_signer_free(r->signer);
		rc = berth_signer_new(&r->signer, &k->priv);
		r->key = rc ? NULL : k;
	}
	*out = r->signer;
	return rc;
}

enum berth_err berth_soft_sign(struct berth_keystore *ks, const char *name, const void *msg,
				size_t len, uint8_t *sig, size_t *sig_len)
{
	struct berth_signer *signer;
	struct berth_soft_key *k;
	enum berth_err rc = berth_soft_need(ks, name, &k);

	if (rc)
		return rc;
	if (!berth_signer_helps(k->priv.type))
		return berth_sign(sig, sig_len, &k->priv, msg, len);
	return (rc = signer_of(&signer, berth_soft_of(ks), k)) ? rc : berth_signer_sign(signer, sig, sig_len, msg, len);
}

enum berth_err berth_soft_sign_digest(struct berth_keystore *ks, const char *name, const uint8_t digest[32],
				       uint8_t rs[64])
{
	struct berth_soft_key *k;
	enum berth_err rc = berth_soft_need(ks, name, &k);

	return rc ? rc : berth_k1_sign_digest(rs, &k->priv, digest);
}

/* Of the one form that a key of its type has; whether the point is on the curve
 * berth_ecdh() finds out before it touches the private key. */
static bool has_form(const struct berth_pubkey *theirs, const struct berth_pubkey *mine)
{
	return theirs->len == mine->len && (mine->type == BERTH_KEY_X25519 || theirs->b[0] == 4);
}

static enum berth_err need_for(struct berth_keystore *ks, const char *name, const struct berth_pubkey *theirs,
			       struct berth_soft_key **out)
{
	enum berth_err rc = berth_soft_need(ks, name, out);

	if (!rc && !has_form(theirs, &(*out)->priv.pub))
		rc = berth_fail(BERTH_E_KEY, "key agreement with %zu bytes that are no key", theirs->len);
	return rc;
}

enum berth_err berth_soft_ecdh(struct berth_keystore *ks, const char *name,
				const struct berth_pubkey *theirs, uint8_t *z, size_t *z_len)
{
	struct berth_soft_key *k;
	enum berth_err rc = need_for(ks, name, theirs, &k);

	return rc ? rc : berth_ecdh(z, z_len, &k->priv, theirs);
}

enum berth_err berth_soft_ecdh_lasting(struct berth_keystore *ks, const char *name,
					const struct berth_pubkey *theirs, uint8_t *z, size_t *z_len)
{
	struct berth_soft_key *k;
	enum berth_err rc = need_for(ks, name, theirs, &k);

	return rc ? rc : berth_agreed_ecdh(&berth_soft_of(ks)->agreed, z, z_len, &k->priv, theirs);
}
