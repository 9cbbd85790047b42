/* SPDX-License-Identifier: Apache-2.0 */
#include "didcomm/layers.h"

#include <stdlib.h>
#include <string.h>

#include "did/keystore/keystore.h"
#include "didcomm/jwe.h"

/* The first recipient that is us.  None is E_DECRYPT, before any key is used and
 * before anything is looked up (C044). */
static enum berth_err find_ours(struct berth_keyring *kr, const struct berth_jwe *j,
				const struct berth_jwe_recipient **out, struct berth_pubkey *pub)
{
	*out = NULL;
	for (size_t i = 0; i < j->n_recipients; i++) {
		enum berth_err rc = kr->ops->find(kr, j->recipients[i].kid, pub);

		if (rc == BERTH_E_KEYSTORE)
			continue;
		if (!rc)
			*out = &j->recipients[i];
		return rc;
	}
	return berth_jwe_undecryptable();
}

/* SPEC encryption: epk "MUST be of the same type and curve as all recipient keys
 * since kdf with the sender key must be on the same curve". */
static enum berth_err find_sender(struct berth_unpacking *s, const struct berth_jwe *j, struct berth_pubkey *out)
{
	enum berth_err rc;

	if (!j->authcrypt)
		return BERTH_OK;
	if ((rc = berth_unpack_key(s->p->resolver, j->skid, BERTH_REL_KEY_AGREEMENT, out)))
		return rc;
	if (out->type != j->epk.type)
		return berth_fail(BERTH_E_KEY, "jwe: epk and the sender's key are of two curves");
	return BERTH_OK;
}

static const char *name_of(const struct berth_jwe *j)
{
	if (j->authcrypt)
		return "A256CBC-HS512+" BERTH_JWE_1PU;
	if (j->enc == BERTH_ENC_A256GCM)
		return "A256GCM+" BERTH_JWE_ES;
	return j->enc == BERTH_ENC_XC20P ? "XC20P+" BERTH_JWE_ES : "A256CBC-HS512+" BERTH_JWE_ES;
}

static enum berth_err list_kids(const struct berth_jwe *j, struct berth_json **out)
{
	struct berth_json *list = berth_json_new_array();
	enum berth_err rc = list ? BERTH_OK : berth_fail(BERTH_E_NOMEM, "unpack: kids");

	for (size_t i = 0; !rc && i < j->n_recipients; i++)
		rc = berth_json_push_str(list, j->recipients[i].kid);
	return berth_json_give(out, list, rc);
}

/* The layer was opened: what it proved.  An inner layer overwrites the kids. */
static enum berth_err record(struct berth_unpacking *s, struct berth_jwe *j, const char *kid)
{
	struct berth_unpacked *u = s->u;
	struct berth_json *kids = NULL;
	char *ours = strdup(kid), *again = strdup(kid);
	enum berth_err rc;

	if (!ours || !again) {
		free(ours);
		free(again);
		return berth_fail(BERTH_E_NOMEM, "unpack: kid");
	}
	s->kids[s->n_kids++] = ours;
	free(u->encrypted_to_kid);
	u->encrypted_to_kid = again;
	if ((rc = list_kids(j, &kids)))
		return rc;
	berth_json_free(u->encrypted_to_kids);
	u->encrypted_to_kids = kids;
	u->encrypted = true;
	if (j->authcrypt) {
		u->authenticated = true;
		u->enc_alg_auth = name_of(j);
		u->encrypted_from_kid = j->skid;
		j->skid = NULL;
	} else {
		u->anonymous_sender = true;
		u->enc_alg_anon = name_of(j);
	}
	return BERTH_OK;
}

enum berth_err berth_unpack_jwe(struct berth_unpacking *s, struct berth_json *json, struct berth_buf *plain)
{
	struct berth_keyring *kr = s->p->keyring;
	const struct berth_jwe_recipient *r = NULL;
	struct berth_pubkey ours, sender;
	struct berth_jwe j;
	enum berth_err rc;

	if ((rc = berth_jwe_from_json(&j, json, &s->p->lenient_apv)))
		return rc;
	if ((rc = berth_layer_enter(s, j.authcrypt ? BERTH_LAYER_AUTHCRYPT : BERTH_LAYER_ANONCRYPT)) ||
	    (rc = find_ours(kr, &j, &r, &ours)))
		goto out;
	if (ours.type != j.epk.type) {
		rc = berth_fail(BERTH_E_KEY, "jwe: epk and the recipient's key are of two curves");
		goto out;
	}
	if ((rc = find_sender(s, &j, &sender)) ||
	    (rc = berth_jwe_open(&j, r, j.authcrypt ? &sender : NULL, kr, plain)))
		goto out;
	rc = record(s, &j, r->kid);
out:
	berth_jwe_free(&j);
	return rc;
}
