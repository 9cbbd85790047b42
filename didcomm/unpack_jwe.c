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
static enum berth_err find_sender(const struct berth_unpack *p, const struct berth_jwe *j, struct berth_pubkey *out)
{
	enum berth_err rc;

	if (!j->authcrypt)
		return BERTH_OK;
	if ((rc = berth_unpack_key(p->resolver, j->skid, BERTH_REL_KEY_AGREEMENT, out)))
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
	enum berth_err rc = list ? BERTH_OK : berth_no_memory();

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
		return berth_no_memory();
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

/* Whose it is and who says to have sent it. */
static enum berth_err identify(struct berth_unpack_ahead *a, const struct berth_unpack *p)
{
	struct berth_pubkey ours;
	enum berth_err rc = find_ours(p->keyring, &a->j, &a->r, &ours);

	if (!rc && ours.type != a->j.epk.type)
		rc = berth_fail(BERTH_E_KEY, "jwe: epk and the recipient's key are of two curves");
	return rc ? rc : find_sender(p, &a->j, &a->sender);
}

static enum berth_err open_identified(struct berth_unpacking *s, struct berth_unpack_ahead *a, struct berth_buf *plain)
{
	enum berth_err rc = berth_jwe_open(&a->j, a->r, a->j.authcrypt ? &a->sender : NULL, s->p->keyring, plain);

	return rc ? rc : record(s, &a->j, a->r->kid);
}

static enum berth_err enter(struct berth_unpacking *s, const struct berth_jwe *j)
{
	return berth_layer_enter(s, j->authcrypt ? BERTH_LAYER_AUTHCRYPT : BERTH_LAYER_ANONCRYPT);
}

enum berth_err berth_unpack_jwe(struct berth_unpacking *s, struct berth_json *json, struct berth_buf *plain)
{
	struct berth_unpack_ahead a;
	enum berth_err rc;

	if ((rc = berth_jwe_from_json(&a.j, json, &s->p->lenient_apv)))
		return rc;
	if (!(rc = enter(s, &a.j)) && !(rc = identify(&a, s->p)))
		rc = open_identified(s, &a, plain);
	berth_jwe_free(&a.j);
	return rc;
}

static void shut(struct berth_unpack_ahead *a)
{
	a->opened = false;
	berth_buf_free(&a->plain);
	berth_unpack_ahead_free(a->inner);
	a->inner = NULL;
}

static enum berth_err open_known(struct berth_unpacking *s, struct berth_unpack_ahead *a, struct berth_buf *plain)
{
	struct berth_buf swap = *plain;

	if (!a->opened)
		return open_identified(s, a, plain);
	*plain = a->plain;
	a->plain = swap;
	return record(s, &a->j, a->r->kid);
}

/* The key may have gone with a message before this. */
enum berth_err berth_unpack_jwe_known(struct berth_unpacking *s, struct berth_unpack_ahead *a, struct berth_buf *plain)
{
	const struct berth_jwe_recipient *r;
	struct berth_pubkey ours;
	enum berth_err rc = enter(s, &a->j);

	if (!rc && !(rc = find_ours(s->p->keyring, &a->j, &r, &ours)) && r != a->r) {
		shut(a);
		rc = identify(a, s->p);
	}
	return rc ? rc : open_known(s, a, plain);
}

enum berth_err
berth_unpack_jwe_ahead(struct berth_unpack_ahead **out, const struct berth_unpack *p, struct berth_json *json)
{
	struct berth_unpack_ahead *a = calloc(1, sizeof(*a));
	enum berth_err rc;

	*out = NULL;
	if (!a) {
		berth_json_free(json);
		return berth_no_memory();
	}
	if ((rc = berth_jwe_from_json(&a->j, json, &p->lenient_apv)) || (rc = identify(a, p)) ||
	    (rc = berth_jwe_open_ahead(&a->j, a->r, a->j.authcrypt ? &a->sender : NULL, p->keyring))) {
		berth_unpack_ahead_free(a);
		return rc;
	}
	*out = a;
	return BERTH_OK;
}

void berth_unpack_ahead_free(struct berth_unpack_ahead *a)
{
	if (!a)
		return;
	shut(a);
	berth_jwe_free(&a->j);
	free(a);
}
