/* SPDX-License-Identifier: Apache-2.0 */
#include "didcomm/layers.h"

#include "did/url.h"

/* SPEC message_structure, Message Layer Addressing Consistency: from is the DID
 * of skid, to contains the DID of the recipient kid, from is the DID of the
 * signer's kid.  Strict: `to`, where present, must contain us. */

static bool addressed_to(const struct berth_json *to, const char *kid)
{
	berth_json_each(did, to)
		if (berth_did_same(berth_json_str(did), kid))
			return true;
	return false;
}

static enum berth_err check_sender(const struct berth_unpacking *s, const char *signer)
{
	const char *from = s->u->msg.from, *skid = s->u->encrypted_from_kid;

	if (!from && (skid || signer))
		return berth_fail(BERTH_E_ADDR, "addressing: somebody proved to be the sender, and there is no from");
	if (skid && !berth_did_same(from, skid))
		return berth_fail(BERTH_E_ADDR, "addressing: from is not the DID of skid");
	if (signer && !berth_did_same(from, signer))
		return berth_fail(BERTH_E_ADDR, "addressing: from is not the DID of the signer's kid");
	return BERTH_OK;
}

/* C053: without `to` inside the signature, a recipient could encrypt the signed
 * message anew for somebody else. */
static enum berth_err check_recipient(const struct berth_unpacking *s, const char *signer)
{
	const struct berth_json *to = s->u->msg.to;

	if (s->n_kids && signer && !to)
		return berth_fail(BERTH_E_ADDR, "addressing: signed, then encrypted, without to");
	for (size_t i = 0; to && i < s->n_kids; i++)
		if (!addressed_to(to, s->kids[i]))
			return berth_fail(BERTH_E_ADDR, "addressing: to lacks the DID of the recipient kid");
	return BERTH_OK;
}

/* C063: a rotation counts only where the new DID's key speaks and nobody reads. */
static enum berth_err check_rotation(const struct berth_unpacking *s, const char *signer)
{
	if (s->u->msg.from_prior && (!s->n_kids || (!s->u->encrypted_from_kid && !signer)))
		return berth_fail(BERTH_E_ROTATE, "from_prior: outside an authenticated encryption");
	return BERTH_OK;
}

enum berth_err berth_addressing_check(const struct berth_unpacking *s, const char *signer)
{
	enum berth_err rc;

	if ((rc = check_sender(s, signer)) || (rc = check_recipient(s, signer)))
		return rc;
	return check_rotation(s, signer);
}
