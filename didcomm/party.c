/* SPDX-License-Identifier: Apache-2.0 */
#include "didcomm/party.h"

#include <stdlib.h>
#include <string.h>

#include "did/url.h"

static enum berth_err copy_did(char **out, const char *did_url)
{
	size_t n = berth_did_len(did_url);

	if (!n)
		return berth_fail(BERTH_E_DID, "pack: not a DID");
	*out = strndup(did_url, n);
	return *out ? BERTH_OK : berth_no_memory();
}

/* The sender is whom the request names, else whom the message names. */
static enum berth_err find_from(struct berth_pack_parties *who, const struct berth_pack *p,
				const struct berth_message *msg)
{
	const char *named = p->from ? p->from : p->sign_by ? p->sign_by : msg->from;
	enum berth_err rc;

	if (named && (rc = copy_did(&who->from, named)))
		return rc;
	if (p->sign_by && !berth_did_same(who->from, p->sign_by))
		return berth_fail(BERTH_E_ADDR, "pack: sender and signer are two DIDs");
	if (msg->from && who->from && !berth_did_same(who->from, msg->from))
		return berth_fail(BERTH_E_ADDR, "pack: from is somebody else");
	if (p->mode == BERTH_PACK_AUTHCRYPT && !who->from)
		return berth_fail(BERTH_E_ADDR, "pack: authcrypt from whom");
	return BERTH_OK;
}

static enum berth_err find_to(struct berth_pack_parties *who, const struct berth_pack *p,
			      const struct berth_message *msg)
{
	bool encrypts = p->mode == BERTH_PACK_ANONCRYPT || p->mode == BERTH_PACK_AUTHCRYPT;
	const char *named = p->to;
	bool listed = !msg->to;
	enum berth_err rc;

	if (!named && encrypts && berth_json_len(msg->to) == 1)
		named = berth_json_str(berth_json_first(msg->to));
	if (!named)
		return encrypts ? berth_fail(BERTH_E_ADDR, "pack: encrypted to whom") : BERTH_OK;
	if ((rc = copy_did(&who->to, named)))
		return rc;
	berth_json_each(did, msg->to)
		listed = listed || berth_did_same(berth_json_str(did), named);
	return listed ? BERTH_OK : berth_fail(BERTH_E_ADDR, "pack: to is somebody else");
}

_Static_assert(BERTH_DID_DOC_VMS_MAX <= BERTH_JWE_RECIPIENTS_MAX, "a document has no more keys");

/* The sender's key of that curve: the one the request names, or the first in the
 * sender's document that the keyring holds.  E_KEY: there is none. */
static enum berth_err find_skid(char **skid, const struct berth_pack *p, const struct berth_did_doc *own,
				enum berth_key_type type)
{
	struct berth_keyring *kr = p->keyring;
	const struct berth_vm *vm;
	struct berth_pubkey pub;
	enum berth_err rc;

	if (!own) {
		if ((rc = kr->ops->find(kr, p->from, &pub)))
			return rc;
		if (pub.type != type)
			return berth_fail(BERTH_E_KEY, "pack: the sender's key is on another curve");
		*skid = strdup(p->from);
		return *skid ? BERTH_OK : berth_no_memory();
	}
	for (size_t i = 0; (vm = berth_did_doc_nth(own, BERTH_REL_KEY_AGREEMENT, i)); i++) {
		if (vm->key.type != type)
			continue;
		rc = kr->ops->find(kr, vm->id, &pub);
		if (rc == BERTH_E_KEYSTORE || (!rc && pub.type != type))
			continue;
		if (rc)
			return rc;
		*skid = strdup(vm->id);
		return *skid ? BERTH_OK : berth_no_memory();
	}
	return berth_fail(BERTH_E_KEY, "pack: the sender has no key on that curve");
}

/* The curve of the first agreement key of the recipient that both sides have. */
static enum berth_err choose_curve(struct berth_pack_parties *who, const struct berth_pack *p,
				   const struct berth_did_doc *own, enum berth_key_type *type)
{
	const struct berth_vm *vm;
	enum berth_err rc;

	for (size_t i = 0; (vm = berth_did_doc_nth(who->doc, BERTH_REL_KEY_AGREEMENT, i)); i++) {
		*type = vm->key.type;
		if (!berth_jwe_agrees_on(*type))
			continue;
		if (p->mode == BERTH_PACK_ANONCRYPT)
			return BERTH_OK;
		rc = find_skid(&who->skid, p, own, *type);
		if (rc != BERTH_E_KEY)
			return rc;
	}
	return berth_fail(BERTH_E_KEY, "pack: no key agreement key on a common curve");
}

/* SPEC encryption: "the default recipients of the envelope MUST include all the
 * KeyAgreement entries", as far as one epk can serve them. */
static enum berth_err take_all(struct berth_pack_parties *who, const struct berth_pack *p,
			       const struct berth_did_doc *own)
{
	enum berth_key_type type = BERTH_KEY_NONE;
	const struct berth_vm *vm;
	enum berth_err rc = choose_curve(who, p, own, &type);

	for (size_t i = 0; !rc && (vm = berth_did_doc_nth(who->doc, BERTH_REL_KEY_AGREEMENT, i)); i++) {
		if (vm->key.type == type)
			who->keys[who->n++] = vm;
	}
	return rc;
}

/* --to DID-URL: that key only. */
static enum berth_err take_one(struct berth_pack_parties *who, const struct berth_pack *p,
			       const struct berth_did_doc *own)
{
	enum berth_err rc = berth_did_doc_key(who->doc, p->to, BERTH_REL_KEY_AGREEMENT, &who->keys[0]);

	if (rc)
		return rc;
	who->n = 1;
	if (!berth_jwe_agrees_on(who->keys[0]->key.type))
		return berth_fail(BERTH_E_KEY, "pack: that key is on a curve we do not have");
	if (p->mode == BERTH_PACK_ANONCRYPT)
		return BERTH_OK;
	return find_skid(&who->skid, p, own, who->keys[0]->key.type);
}

static enum berth_err find_keys(struct berth_pack_parties *who, const struct berth_pack *p)
{
	struct berth_did_doc *own = NULL;
	enum berth_err rc;

	if ((rc = berth_resolve(p->resolver, who->to, &who->doc)))
		return rc;
	if (p->mode == BERTH_PACK_AUTHCRYPT && !(p->from && strchr(p->from, '#')) &&
	    (rc = berth_resolve(p->resolver, who->from, &own)))
		return rc;
	rc = p->to && strchr(p->to, '#') ? take_one(who, p, own) : take_all(who, p, own);
	berth_did_doc_free(own);
	return rc;
}

enum berth_err berth_pack_parties_find(struct berth_pack_parties *who, const struct berth_pack *p,
				       const struct berth_message *msg)
{
	enum berth_err rc;

	if ((rc = find_from(who, p, msg)) || (rc = find_to(who, p, msg)))
		return rc;
	if (p->mode == BERTH_PACK_PLAINTEXT || p->mode == BERTH_PACK_SIGNED)
		return BERTH_OK;
	return find_keys(who, p);
}

void berth_pack_parties_free(struct berth_pack_parties *who)
{
	free(who->from);
	free(who->to);
	free(who->skid);
	berth_did_doc_free(who->doc);
	memset(who, 0, sizeof(*who));
}

void berth_pack_recipients(struct berth_jwe_seal *s, const struct berth_pack_parties *who)
{
	s->n = who->n;
	for (size_t i = 0; i < who->n; i++) {
		s->kids[i] = who->keys[i]->id;
		s->keys[i] = &who->keys[i]->key;
	}
}
